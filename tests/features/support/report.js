// One line for each text, what failed in full, and how many at the end.
import { Formatter, formatterHelpers, Status } from '@cucumber/cucumber';
import path from 'node:path';

export default class Report extends Formatter {
  passed = 0;
  failed = 0;
  texts = new Map();

  constructor(options) {
    super(options);
    options.eventBroadcaster.on('envelope', (envelope) => {
      if (envelope.testCaseFinished) this.onScenario(envelope.testCaseFinished);
      if (envelope.testRunFinished) this.onEnd(envelope.testRunFinished);
    });
  }

  onScenario(finished) {
    if (finished.willBeRetried) return;
    const attempt = this.eventDataCollector.getTestCaseAttempt(finished.testCaseStartedId);
    const name = path.relative(path.resolve('../..'), path.resolve(attempt.pickle.uri));
    const text = this.texts.get(name) ?? { passed: 0, failed: 0 };
    this.texts.set(name, text);
    if (attempt.worstTestStepResult.status === Status.PASSED) {
      this.passed++;
      text.passed++;
      return;
    }
    this.failed++;
    text.failed++;
    this.log(formatterHelpers.formatIssue({
      colorFns: this.colorFns, number: this.failed, snippetBuilder: this.snippetBuilder, supportCodeLibrary: this.supportCodeLibrary,
      testCaseAttempt: attempt, printAttachments: true,
    }));
  }

  onEnd({ success }) {
    for (const [name, { passed, failed }] of this.texts) {
      this.log(`${failed ? 'FAILED  ' : 'ok      '}${name}: ${passed} of ${passed + failed} scenarios\n`);
    }
    if (!success && !this.failed) this.log('FAILED  before or after the scenarios; see above\n');
    this.log(`${this.passed} passed, ${this.failed} failed\n`);
  }
}
