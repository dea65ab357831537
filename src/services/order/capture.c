/*
 * order.capture: take the money that was authorised, where that has not happened at checkout. Asking twice is fine.
 */
#include "services/order/payment_saga.h"

#include "platform/saga/saga.h"
#include "souk/payment/v1/payment.client.h"

static const char *order_id(const struct saga_run *run)
{
    return ((const Order__CaptureOrderRequest *)run->request)->id;
}

static void found(struct saga_run *run, const Order__Order *order)
{
    if (!order->n_payments) {
        saga_refuse(run, RESULT_STATE_FORBIDS, "The order has no payment that could be captured.");
        return;
    }
    payment_saga_state(run)->payment_id = order->payments[0]->id;
    saga_next(run);
}

static void find_payment(struct saga_run *run)
{
    payment_saga_find_order(run, order_id(run), found);
}

static void captured(struct saga_run *run, const Payment__Payment *payment)
{
    payment_saga_state(run)->payment = order_payment(run->arena, payment);
    saga_next(run);
}

static void capture(struct saga_run *run)
{
    Payment__CaptureRequest *request = ARENA_NEW(run->arena, Payment__CaptureRequest);

    payment__capture_request__init(request);
    request->id = payment_saga_state(run)->payment_id;
    call_payment_capture(run, request, captured);
}

static void note(struct saga_run *run)
{
    Order__RecordPaymentRequest *request = ARENA_NEW(run->arena, Order__RecordPaymentRequest);

    order__record_payment_request__init(request);
    request->id = order_id(run);
    request->payment = payment_saga_state(run)->payment;
    call_order_record_payment(run, request, payment_saga_noted);
}

static const struct saga_step steps[] = {
    {"find the payment", find_payment, NULL},
    {"capture", capture, NULL},
    {"note it", note, NULL},
};

const struct saga order_capture = {
    SAGA_STEPS(steps),
    .state = &order__refund_state__descriptor,
    .durable = true,
    .pivot = 2,
    .patient = true, /* the provider may have done what it did not answer */
    .noted = 1 << 1,
    .answer = payment_saga_answer,
};
