/*
 * payment.authorize, .capture, .void_authorization, .refund: the same three steps.
 *
 *     note the attempt - ask the provider - note what it said
 *
 * The provider is asked under a key made of the payment and the operation, so it can't do the same twice. When its answer does not
 * come in time, it is asked what it knows, again and again until the call's deadline; then the operation stays under way, and
 * the next call for it goes on from there.
 */
#include "services/payment/payment.h"

#include "services/payment/payment_internal.h"

#include "base/assert.h"
#include "base/limits.h"
#include "base/plants.h"
#include "platform/rpc/merge.h"

#include <stdlib.h>
#include <string.h>

#define STATUS(name) PAYMENT__PAYMENT_STATUS__PAYMENT_STATUS_##name
#define OPERATION(name) PAYMENT__PAYMENT_OPERATION__PAYMENT_OPERATION_##name

static struct payment_provider *provider_in_use;

void payment_use_provider(struct payment_provider *provider)
{
    provider_in_use = provider;
}

struct payment_provider *payment_provider_in_use(void)
{
    return provider_in_use ? provider_in_use : provider_builtin();
}

static Payment__OperationState *state_of(struct saga_run *run)
{
    return (Payment__OperationState *)run->state;
}

/* --- note the attempt --- */

static void fill_attempt(const struct saga_run *run, Payment__RecordAttemptRequest *attempt)
{
    if (run->method == &payment__payment_service__authorize__method) {
        const Payment__AuthorizeRequest *request = (const Payment__AuthorizeRequest *)run->request;

        attempt->operation = OPERATION(AUTHORIZE);
        attempt->id = request->id;
        attempt->order_id = request->order_id;
        attempt->payment_token = request->payment_token;
        attempt->amount = request->amount;
    } else if (run->method == &payment__payment_service__capture__method) {
        attempt->operation = OPERATION(CAPTURE);
        attempt->id = ((const Payment__CaptureRequest *)run->request)->id;
    } else if (run->method == &payment__payment_service__void_authorization__method) {
        attempt->operation = OPERATION(VOID);
        attempt->id = ((const Payment__VoidAuthorizationRequest *)run->request)->id;
    } else {
        const Payment__RefundRequest *request = (const Payment__RefundRequest *)run->request;

        attempt->operation = OPERATION(REFUND);
        attempt->id = request->id;
        attempt->refund_id = request->refund_id;
        attempt->amount = request->amount;
    }
}

static void attempt_noted(struct saga_run *run, const Payment__AttemptRecorded *recorded)
{
    state_of(run)->recorded = ARENA_NEW(run->arena, Payment__AttemptRecorded);
    *state_of(run)->recorded = *recorded;
    saga_next(run);
}

static void note_attempt(struct saga_run *run)
{
    Payment__RecordAttemptRequest *attempt = ARENA_NEW(run->arena, Payment__RecordAttemptRequest);

    payment__record_attempt_request__init(attempt);
    fill_attempt(run, attempt);
    call_payment_record_attempt(run, attempt, attempt_noted);
}

/* --- ask the provider --- */

/* One question, and how long we wait for its answer. Not in the saga's arena: the provider may hold it while the saga goes on. */
struct asking {
    struct provider_question question;
    struct timer patience;
    struct saga_run *run;
    bool finding;
};

static void outcome_known(struct saga_run *run, const struct provider_answer *answer)
{
    static const Payment__PaymentOutcome outcomes[] = {
        [PROVIDER_DONE] = PAYMENT__PAYMENT_OUTCOME__PAYMENT_OUTCOME_DONE,
        [PROVIDER_DECLINED] = PAYMENT__PAYMENT_OUTCOME__PAYMENT_OUTCOME_DECLINED,
        [PROVIDER_FAILED] = PAYMENT__PAYMENT_OUTCOME__PAYMENT_OUTCOME_FAILED,
        [PROVIDER_REQUIRES_ACTION] = PAYMENT__PAYMENT_OUTCOME__PAYMENT_OUTCOME_REQUIRES_ACTION,
    };
    const Payment__RecordAttemptRequest *attempt = state_of(run)->recorded->attempt;
    Payment__RecordOutcomeRequest *outcome = ARENA_NEW(run->arena, Payment__RecordOutcomeRequest);

    payment__record_outcome_request__init(outcome);
    outcome->id = attempt->id;
    outcome->operation = attempt->operation;
    outcome->refund_id = attempt->refund_id;
    outcome->outcome = outcomes[answer->outcome];
    outcome->provider_reference = arena_strdup(run->arena, answer->reference);
    outcome->decline_reason = arena_strdup(run->arena, answer->decline_reason);
    outcome->next_action_url = arena_strdup(run->arena, answer->next_action_url);
    state_of(run)->outcome = outcome;
    saga_next(run);
}

/* Not known, and maybe done: find out, after a moment; leave it under way when the caller's time is over. */
static void ask_later(struct saga_run *run)
{
    if (env_monotonic_us(run->call->home->env) + LIMIT_PROVIDER_RETRY_MS * 1000 > run->call->deadline_us)
        saga_refuse(run, RESULT_PAYMENT_UNAVAILABLE, "The payment provider does not answer; what it did is not known yet.");
    else
        saga_again(run, LIMIT_PROVIDER_RETRY_MS * 1000);
}

static void on_answer(struct provider_question *question, const struct provider_answer *answer)
{
    struct asking *asking = question->data;
    struct saga_run *run = asking->run;
    struct provider_answer copy = *answer;
    bool finding = asking->finding;

    timer_stop(question->loop, &asking->patience);
    free(asking);
    if (copy.outcome != PROVIDER_NOT_KNOWN) {
        outcome_known(run, &copy);
        return;
    }
    ASSERT(finding);
    /* Nothing has arrived there: now it may be asked. */
    state_of(run)->recorded->asked_before = false;
    state_of(run)->asked = false;
    saga_again(run, 0);
}

static void on_impatience(struct timer *timer)
{
    struct asking *asking = (struct asking *)(void *)((char *)timer - offsetof(struct asking, patience));
    struct saga_run *run = asking->run;

    payment_provider_in_use()->cancel(payment_provider_in_use(), &asking->question);
    free(asking);
    if (PLANTED(SILENCE_TAKEN_FOR_NO))
        outcome_known(run, &(struct provider_answer){.outcome = PROVIDER_FAILED});
    else
        ask_later(run);
}

static enum provider_operation provider_operation(Payment__PaymentOperation operation)
{
    switch (operation) {
    case OPERATION(AUTHORIZE):
        return PROVIDER_AUTHORIZE;
    case OPERATION(CAPTURE):
        return PROVIDER_CAPTURE;
    case OPERATION(VOID):
        return PROVIDER_VOID;
    default:
        return PROVIDER_REFUND;
    }
}

static const char *provider_key(const struct saga_run *run, const Payment__RecordAttemptRequest *attempt)
{
    static const char *const names[] = {
        [PROVIDER_AUTHORIZE] = "authorize", [PROVIDER_CAPTURE] = "capture", [PROVIDER_VOID] = "void", [PROVIDER_REFUND] = "refund"};
    const char *key = arena_printf(run->arena, "%s/%s/%s", attempt->id, names[provider_operation(attempt->operation)],
                                   PLANTED(REFUND_WITHOUT_KEY) ? "" : attempt->refund_id);

    return PLANTED(NEW_KEY_ON_RETRY) ? arena_printf(run->arena, "%s/%s/%lld", key, run->id, (long long)run->now_us) : key;
}

static void ask_provider(struct saga_run *run)
{
    Payment__OperationState *state = state_of(run);
    const Payment__RecordAttemptRequest *attempt = state->recorded->attempt;
    struct payment_provider *provider = payment_provider_in_use();
    struct provider_request request;
    struct asking *asking;

    if (!state->recorded->ask) {
        saga_next(run);
        return;
    }
    request = (struct provider_request){
        .operation = provider_operation(attempt->operation),
        .key = provider_key(run, attempt),
        .payment_id = attempt->id,
        .token = attempt->payment_token,
        .amount = attempt->amount->amount,
        .currency = attempt->amount->currency,
    };
    asking = calloc(1, sizeof *asking);
    ASSERT(asking);
    *asking = (struct asking){
        .question = {.loop = run->call->home, .done = on_answer, .data = asking},
        .patience = {.run = on_impatience},
        .run = run,
        .finding = state->asked || state->recorded->asked_before,
    };
    timer_start(run->call->home, &asking->patience, LIMIT_PROVIDER_MS * 1000);
    state->asked = true;
    (asking->finding ? provider->find : provider->ask)(provider, &request, &asking->question);
}

/* --- note what it said --- */

static void answer_with(struct saga_run *run, const Payment__Payment *payment)
{
    static const char *const texts[] = {"The bank declined the payment", "The payment failed, and nothing was charged"};

    if (run->method != &payment__payment_service__authorize__method ||
        (payment->status != STATUS(DECLINED) && payment->status != STATUS(FAILED) && payment->status != STATUS(VOIDED))) {
        *(Payment__Payment *)run->answer = *payment;
        saga_next(run);
    } else if (strcmp(payment->decline_reason, "payment_method_invalid") == 0)
        saga_refuse(run, RESULT_PAYMENT_METHOD_INVALID, NULL);
    else
        saga_refuse(run, RESULT_PAYMENT_DECLINED, "%s%s%s.", texts[payment->status != STATUS(DECLINED)],
                    *payment->decline_reason ? ": " : "", payment->decline_reason);
}

static void note_outcome(struct saga_run *run)
{
    if (state_of(run)->outcome)
        call_payment_record_outcome(run, state_of(run)->outcome, answer_with);
    else
        answer_with(run, state_of(run)->recorded->payment);
}

static const struct saga_step steps[] = {
    {"note the attempt", note_attempt, NULL},
    {"ask the provider", ask_provider, NULL},
    {"note what it said", note_outcome, NULL},
};

const struct saga payment_authorize = {SAGA_STEPS(steps), .state = &payment__operation_state__descriptor};
const struct saga payment_capture = {SAGA_STEPS(steps), .state = &payment__operation_state__descriptor};
const struct saga payment_void_authorization = {SAGA_STEPS(steps), .state = &payment__operation_state__descriptor};
const struct saga payment_refund = {SAGA_STEPS(steps), .state = &payment__operation_state__descriptor};
