/*
 * order.create_refund: give money back.
 *
 *     find the payment - give back - note it
 */
#include "services/order/payment_saga.h"

#include "platform/saga/saga.h"
#include "souk/payment/v1/payment.client.h"

#include <string.h>

static const Order__CreateRefundRequest *request_of(const struct saga_run *run)
{
    return (const Order__CreateRefundRequest *)run->request;
}

/* --- find the payment --- */

/* Nothing, or less: what is left has nothing to do with it. */
static void refuse_amount(struct saga_run *run)
{
    struct violation violation = {.pointer = "/amount/amount",
                                  .code = "too_small",
                                  .detail = "This must be at least 1. Leave the amount out to give back all that is left."};
    const struct problem problem = {.result = RESULT_VALIDATION_FAILED, .violations = &violation};

    saga_refuse_as(run, &problem);
}

static void found(struct saga_run *run, const Order__Order *order)
{
    Common__Money *amount = request_of(run)->amount;

    if (!order->n_payments) {
        saga_refuse(run, RESULT_STATE_FORBIDS, "The order was not paid, so there is nothing to give back.");
        return;
    }
    if (amount && strcmp(amount->currency, order->currency) != 0) {
        saga_refuse(run, RESULT_CURRENCY_MISMATCH, "The order is in %s.", order->currency);
        return;
    }
    if (amount && amount->amount <= 0) {
        refuse_amount(run);
        return;
    }
    payment_saga_state(run)->amount = amount ? amount : order_refundable(run->arena, order->payments[0]);
    payment_saga_state(run)->payment_id = order->payments[0]->id;
    saga_next(run);
}

static void find_payment(struct saga_run *run)
{
    payment_saga_find_order(run, request_of(run)->id, found);
}

/* --- give back --- */

static void given_back(struct saga_run *run, const Payment__Payment *payment)
{
    if (!order_refund_done(payment, run->id)) {
        saga_refuse(run, RESULT_STATE_FORBIDS, "The payment provider would not give the money back.");
        return;
    }
    payment_saga_state(run)->payment = order_payment(run->arena, payment);
    saga_next(run);
}

static void give_back(struct saga_run *run)
{
    Payment__RefundRequest *request = ARENA_NEW(run->arena, Payment__RefundRequest);

    payment__refund_request__init(request);
    request->id = payment_saga_state(run)->payment_id;
    request->refund_id = run->id;
    request->amount = payment_saga_state(run)->amount;
    call_payment_refund(run, request, given_back);
}

/* --- note it --- */

static void note(struct saga_run *run)
{
    Order__RecordRefundRequest *request = ARENA_NEW(run->arena, Order__RecordRefundRequest);

    order__record_refund_request__init(request);
    request->id = request_of(run)->id;
    request->refund_id = run->id;
    request->amount = payment_saga_state(run)->amount;
    request->reason = request_of(run)->reason;
    request->payment = payment_saga_state(run)->payment;
    call_order_record_refund(run, request, payment_saga_noted);
}

static const struct saga_step steps[] = {
    {"find the payment", find_payment, NULL},
    {"give back", give_back, NULL},
    {"note it", note, NULL},
};

const struct saga order_create_refund = {
    SAGA_STEPS(steps),
    .state = &order__refund_state__descriptor,
    .durable = true,
    .pivot = 2,
    .patient = true, /* the provider may have done what it did not answer */
    .noted = 1 << 1,
    .answer = payment_saga_answer,
};
