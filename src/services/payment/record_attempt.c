/*
 * payment.record_attempt: note that a provider is about to be asked; or that it need not be, since the operation is done already or has
 * nothing to do.
 *
 * An attempt that is under way and not answered is not an obstacle: it is noted no second time, and whoever asked is told to
 * find out first what the provider knows.
 */
#include "services/payment/payment_internal.h"

#include "base/assert.h"

#define STATUS(name) PAYMENT__PAYMENT_STATUS__PAYMENT_STATUS_##name
#define OPERATION(name) PAYMENT__PAYMENT_OPERATION__PAYMENT_OPERATION_##name

enum verdict {
    VERDICT_ASK,       /* new: note it, and ask */
    VERDICT_ASK_AGAIN, /* under way: find out, then ask */
    VERDICT_DONE,      /* nothing to ask */
    VERDICT_NOTE_ONLY, /* nothing to ask, but to remember */
    VERDICT_REFUSE,
};

static enum verdict decide_authorize(const struct payment *payment)
{
    if (!payment)
        return VERDICT_ASK;
    return payment->status == STATUS(AUTHORIZING) || payment->status == STATUS(REQUIRES_ACTION) ? VERDICT_ASK_AGAIN
                                                                                                  : VERDICT_DONE;
}

static enum verdict decide_capture(const struct payment *payment)
{
    switch (payment ? payment->status : STATUS(UNSPECIFIED)) {
    case STATUS(AUTHORIZED):
        return VERDICT_ASK;
    case STATUS(CAPTURING):
        return VERDICT_ASK_AGAIN;
    case STATUS(CAPTURED):
    case STATUS(PARTIALLY_REFUNDED):
    case STATUS(REFUNDED):
    case STATUS(REFUNDING):
        return VERDICT_DONE;
    default:
        return VERDICT_REFUSE;
    }
}

/* A payment that was never attempted is noted as let go, so that an authorisation that comes late finds it closed. */
static enum verdict decide_void(const struct payment *payment)
{
    if (!payment)
        return VERDICT_NOTE_ONLY;
    switch (payment->status) {
    case STATUS(AUTHORIZING):
    case STATUS(REQUIRES_ACTION):
    case STATUS(AUTHORIZED):
        return VERDICT_ASK;
    case STATUS(VOIDING):
        return VERDICT_ASK_AGAIN;
    case STATUS(VOIDED):
    case STATUS(DECLINED):
    case STATUS(FAILED):
        return VERDICT_DONE;
    default:
        return VERDICT_REFUSE;
    }
}

static enum verdict decide_refund(struct context *context, const struct payment *payment,
                                  const Payment__RecordAttemptRequest *request, int64_t *amount)
{
    int64_t outcome, left;

    if (!payment)
        return VERDICT_REFUSE;
    if (refund_load(context->tx, payment->id, request->refund_id, amount, &outcome))
        return outcome ? VERDICT_DONE : VERDICT_ASK_AGAIN;
    left = payment->captured - payment->refunded - refund_pending(context->tx, payment->id);
    *amount = request->amount ? request->amount->amount : left;
    return *amount > 0 && *amount <= left ? VERDICT_ASK : VERDICT_REFUSE;
}

static enum result refuse(struct context *context, const struct payment *payment,
                          const Payment__RecordAttemptRequest *request)
{
    if (!payment)
        return call_refuse(context->call, RESULT_NOT_FOUND, "There is no payment `%s`.", request->id);
    if (request->operation == OPERATION(REFUND)) {
        call_problem_number(context->call, "left",
                            payment->captured - payment->refunded - refund_pending(context->tx, payment->id));
        return call_refuse(context->call, RESULT_AMOUNT_TOO_LARGE, "There is not so much left to give back.");
    }
    return call_refuse(context->call, RESULT_STATE_FORBIDS,
                       request->operation == OPERATION(VOID) ? "The money is taken already: give it back instead."
                                                             : "Nothing is authorised that could be taken.");
}

static enum verdict decide(struct context *context, const struct payment *payment,
                           const Payment__RecordAttemptRequest *request, int64_t *amount)
{
    *amount = request->amount ? request->amount->amount : payment ? payment->requested : 0;
    switch (request->operation) {
    case OPERATION(AUTHORIZE):
        return decide_authorize(payment);
    case OPERATION(CAPTURE):
        return decide_capture(payment);
    case OPERATION(VOID):
        return decide_void(payment);
    case OPERATION(REFUND):
        return decide_refund(context, payment, request, amount);
    default:
        ASSERT(!"an operation that is none");
        return VERDICT_REFUSE;
    }
}

/* The request with everything that the payment knows already, for the provider and for the event. */
static Payment__RecordAttemptRequest *complete(struct arena *arena, const Payment__RecordAttemptRequest *request,
                                               const struct payment *payment, int64_t amount)
{
    Payment__RecordAttemptRequest *attempt = ARENA_NEW(arena, Payment__RecordAttemptRequest);

    *attempt = *request;
    if (payment) {
        attempt->order_id = payment->order_id;
        attempt->payment_token = payment->payment_token;
    }
    attempt->amount = ARENA_NEW(arena, Common__Money);
    common__money__init(attempt->amount);
    attempt->amount->amount = amount;
    attempt->amount->currency = payment ? payment->currency : request->amount ? request->amount->currency : "";
    return attempt;
}

enum result payment_record_attempt(struct context *context, const Payment__RecordAttemptRequest *request,
                                   Payment__AttemptRecorded *answer)
{
    struct payment stored, *payment = payment_load(context->tx, request->id, &stored) ? &stored : NULL;
    int64_t amount;
    enum verdict verdict = decide(context, payment, request, &amount);

    if (verdict == VERDICT_REFUSE)
        return refuse(context, payment, request);

    answer->attempt = complete(context->arena, request, payment, amount);
    answer->ask = verdict == VERDICT_ASK || verdict == VERDICT_ASK_AGAIN;
    answer->asked_before = verdict == VERDICT_ASK_AGAIN;
    if (verdict == VERDICT_ASK || verdict == VERDICT_NOTE_ONLY) {
        Payment__PaymentAttempted attempted = PAYMENT__PAYMENT_ATTEMPTED__INIT;

        attempted.attempt = answer->attempt;
        attempted.provider = payment_provider_in_use()->name;
        payment_emit_payment_attempted(context, request->id, &attempted);
        payment = payment_load(context->tx, request->id, &stored) ? &stored : NULL;
    }
    answer->payment = ARENA_NEW(context->arena, Payment__Payment);
    payment__payment__init(answer->payment);
    if (payment)
        payment_show(context->tx, payment, answer->payment);
    return RESULT_OK;
}
