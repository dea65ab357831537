// Our parser and validation beside those of graphql-js: on the documents of validate_documents.mjs, and on documents made at random from
// a seed (SEED=1, DOCUMENTS=1000). What both say is the same: whether it parses; which rules it breaks, how often, and where.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { buildSchema, parse, print, specifiedRules, validate, visit } from 'graphql';
import { ahead, documents, texts } from './validate_documents.mjs';
import { randomDocument } from './validate_random.mjs';

const program = process.env.GRAPHQL_VALIDATE ?? new URL('../../build/release/graphql_validate', import.meta.url).pathname;
const sdl = new URL('validate.graphql', import.meta.url).pathname;
const schema = buildSchema(readFileSync(sdl, 'utf8'));

// What our engine says of each document.
function ours(all) {
  const input = all.map((text) => JSON.stringify(text) + '\n').join('');
  const run = spawnSync(program, [sdl], { input, encoding: 'utf8', maxBuffer: 1 << 30 });
  assert.equal(run.status, 0, run.stderr || `it ended by ${run.signal}`);
  return run.stdout.trim().split('\n').map((line) => JSON.parse(line));
}

const byPlace = (a, b) => a[0] - b[0] || a[1] - b[1];

// Errors as {rule: [[place, …], …]}, sorted.
function table(errors) {
  const rules = {};
  for (const { rule, locations } of errors) (rules[rule] ??= []).push([...locations].sort(byPlace));
  for (const places of Object.values(rules)) places.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  return rules;
}

function theirErrors(document) {
  return specifiedRules.flatMap((rule) =>
    validate(schema, document, [rule], { maxErrors: 1000 }).map((error) => ({
      rule: rule.name.replace(/Rule$/, '').replace(/OnDirectives$/, ''),
      locations: error.locations.map(({ line, column }) => [line, column]),
    })),
  );
}

// Of fields that don't merge, graphql-js names every pair with all fields above them; we name each field with the first of its group.
function comparePlacesOfMerging(mine, theirs, text) {
  const known = new Set(theirs.flat().map(String));
  for (const place of mine.flat()) assert.ok(known.has(String(place)), `OverlappingFieldsCanBeMerged at ${place}: ${text}`);
}

function compare(text, answer, placesOfMerging = false) {
  let document;
  try {
    document = parse(text);
  } catch (error) {
    assert.ok(answer.syntax, `we parse, they don't (${error.message}): ${text}`);
    return;
  }
  assert.ok(!answer.syntax, `they parse, we don't (${answer.syntax?.message}): ${text}`);
  const { OverlappingFieldsCanBeMerged: mine = [], NoFragmentCycles: ourCycles = [], ...ourTable } = table(answer.errors);
  const { OverlappingFieldsCanBeMerged: theirs = [], NoFragmentCycles: theirCycles = [], ...theirTable } = table(theirErrors(document));
  assert.deepEqual(ourTable, theirTable, text);
  assert.equal(mine.length > 0, theirs.length > 0, `OverlappingFieldsCanBeMerged: ${text}`);
  if (placesOfMerging) comparePlacesOfMerging(mine, theirs, text);
  // The order of the search decides where a way round begins, and which of several are told.
  assert.equal(ourCycles.length > 0, theirCycles.length > 0, text);
}

// What a document says, however its strings are written, and the places of its directives ordered.
function meaning(text) {
  const document = parse(text, { noLocation: true });
  const byValue = (a, b) => (a.value < b.value ? -1 : 1);
  return print(visit(document, {
    StringValue: (node) => (node.block ? { ...node, block: false } : undefined),
    DirectiveDefinition: { leave: (node) => ({ ...node, locations: [...node.locations].sort(byValue) }) },
  }));
}

for (const [rule, list] of Object.entries(documents))
  test(`documents about ${rule}`, () => {
    const answers = ours(list);
    list.forEach((text, index) => compare(text, answers[index], true));
  });

test('every rule is broken by a document about it', () => {
  for (const [rule, list] of Object.entries(documents))
    if (rule !== 'everything') assert.ok(ours(list).some(({ errors }) => errors?.some((error) => error.rule === rule)), rule);
});

test('where the specification says more than graphql-js', () => {
  const answers = ours(ahead.map(([text]) => text));
  ahead.forEach(([text, expected], index) => assert.deepEqual(table(answers[index].errors), expected, text));
});

test('what parses and what does not', () => {
  const answers = ours(texts);
  texts.forEach((text, index) => {
    let message;
    try {
      parse(text);
    } catch (error) {
      message = error.message;
    }
    assert.equal(answers[index].syntax?.message !== undefined, message !== undefined, `${JSON.stringify(text)}: ${message ?? answers[index].syntax?.message}`);
  });
});

test('printed documents say what was parsed', () => {
  const all = [...texts, ...Object.values(documents).flat()];
  ours(all).forEach((answer, index) => {
    if (!answer.syntax) assert.equal(meaning(answer.printed), meaning(all[index]), all[index]);
  });
});

test('documents made at random', () => {
  const seed = Number(process.env.SEED ?? 1);
  const count = Number(process.env.DOCUMENTS ?? 1000);
  const all = Array.from({ length: count }, (_, index) => randomDocument(schema, seed * 1_000_000 + index));
  const answers = ours(all);
  const valid = answers.filter(({ errors }) => errors?.length === 0).length;
  all.forEach((text, index) => compare(text, answers[index]));
  assert.ok(valid > count / 20 && valid < count / 2, `${valid} of ${count} are valid`);
});
