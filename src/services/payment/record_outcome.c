/*
 * payment.record_outcome: note what the provider said.
 *
 * Only an operation that is under way can be settled: an answer that comes twice, or after the payment was let go, changes
 * nothing.
 */
#include "services/payment/payment_internal.h"

#include "base/assert.h"

#define STATUS(name) PAYMENT__PAYMENT_STATUS__PAYMENT_STATUS_##name
#define OPERATION(name) PAYMENT__PAYMENT_OPERATION__PAYMENT_OPERATION_##name

static bool is_under_way(struct context *context, const struct payment *payment,
                         const Payment__RecordOutcomeRequest *request)
{
    int64_t amount, outcome;

    switch (request->operation) {
    case OPERATION(AUTHORIZE):
        return payment->status == STATUS(AUTHORIZING) || payment->status == STATUS(REQUIRES_ACTION);
    case OPERATION(CAPTURE):
        return payment->status == STATUS(CAPTURING);
    case OPERATION(VOID):
        return payment->status == STATUS(VOIDING);
    default:
        return refund_load(context->tx, payment->id, request->refund_id, &amount, &outcome) && !outcome;
    }
}

/* The provider says once more that the buyer has not been at the bank's page yet. */
static bool says_nothing_new(const struct payment *payment, const Payment__RecordOutcomeRequest *request)
{
    return payment->status == STATUS(REQUIRES_ACTION) &&
           request->outcome == PAYMENT__PAYMENT_OUTCOME__PAYMENT_OUTCOME_REQUIRES_ACTION;
}

enum result payment_record_outcome(struct context *context, const Payment__RecordOutcomeRequest *request,
                                   Payment__Payment *answer)
{
    struct payment payment;

    if (!payment_load(context->tx, request->id, &payment))
        return call_refuse(context->call, RESULT_NOT_FOUND, "There is no payment `%s`.", request->id);
    if (is_under_way(context, &payment, request) && !says_nothing_new(&payment, request)) {
        Payment__PaymentSettled settled = PAYMENT__PAYMENT_SETTLED__INIT;
        Payment__RecordOutcomeRequest outcome = *request;

        settled.outcome = &outcome;
        payment_emit_payment_settled(context, request->id, &settled);
        ASSERT(payment_load(context->tx, request->id, &payment) || context->tx->failed);
    }
    payment_show(context->tx, &payment, answer);
    return RESULT_OK;
}
