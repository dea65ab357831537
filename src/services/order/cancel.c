/*
 * order.cancel: call an order off while nothing has shipped.
 *
 *     begin - give the money back - give the stock back - give the coupons back - end
 *
 * From the moment it has begun nothing ships, so there is no way back: each step is repeated until it succeeds. Where the
 * provider does not answer, the order stays `cancelling`.
 */
#include "services/order/order_internal.h"

#include "base/limits.h"
#include "souk/inventory/v1/inventory.client.h"
#include "souk/payment/v1/payment.client.h"
#include "souk/pricing/v1/pricing.client.h"

#define LONGEST_BACK_OFF_US INT64_C(60000000)

static Order__CancelState *state_of(struct saga_run *run)
{
    return (Order__CancelState *)run->state;
}

static const char *order_id(const struct saga_run *run)
{
    return ((const Order__CancelOrderRequest *)run->request)->id;
}

/* --- begin --- */

static void begun(struct saga_run *run, const Order__Order *order)
{
    state_of(run)->order = ARENA_NEW(run->arena, Order__Order);
    *state_of(run)->order = *order;
    saga_next(run);
}

static void begin(struct saga_run *run)
{
    Order__CancelOrderRequest cancel = *(const Order__CancelOrderRequest *)run->request;
    Order__BeginCancelRequest request = ORDER__BEGIN_CANCEL_REQUEST__INIT;

    request.cancel = &cancel;
    request.by_buyer = !order_opens_to(&run->call->actor);
    call_order_begin_cancel(run, &request, begun);
}

/* --- the money: captured money goes back, a promise is let go --- */

static void payment_noted(struct saga_run *run, const Order__Order *order)
{
    (void)order;
    saga_next(run);
}

static void note_payment(struct saga_run *run, const Payment__Payment *payment)
{
    Order__RecordPaymentRequest *request = ARENA_NEW(run->arena, Order__RecordPaymentRequest);

    order__record_payment_request__init(request);
    request->id = order_id(run);
    request->payment = order_payment(run->arena, payment);
    call_order_record_payment(run, request, payment_noted);
}

/* What went back is what the payment says, not what the order had when this began: staff may have given some back meanwhile. Where the
 * provider would not, the order is cancelled all the same, and shows that its payment was not given back. */
static void refunded(struct saga_run *run, const Payment__Payment *payment)
{
    const Payment__PaymentRefund *done = order_refund_done(payment, run->id);
    Order__RecordRefundRequest *request;

    if (!done) {
        note_payment(run, payment);
        return;
    }
    request = ARENA_NEW(run->arena, Order__RecordRefundRequest);
    order__record_refund_request__init(request);
    request->id = order_id(run);
    request->refund_id = run->id;
    request->amount = done->amount;
    request->reason = "cancelled";
    request->payment = order_payment(run->arena, payment);
    call_order_record_refund(run, request, payment_noted);
}

/* Nothing is left to give back: staff did it meanwhile. */
static void refund_refused(struct saga_run *run, const struct problem *problem)
{
    if (problem->result == RESULT_AMOUNT_TOO_LARGE)
        saga_next(run);
    else
        saga_refuse_as(run, problem);
}

static void refund(struct saga_run *run, const char *payment_id)
{
    Payment__RefundRequest *request = ARENA_NEW(run->arena, Payment__RefundRequest);

    payment__refund_request__init(request);
    request->id = payment_id;
    request->refund_id = run->id;
    saga_otherwise(run, refund_refused);
    call_payment_refund(run, request, refunded);
}

/* --- not a promise any more: the checkout has captured, or is capturing, and the order does not know yet --- */

/* 0.3 s, 0.6 s … a minute. Until then the order is `cancelling` and its saga open, which staff see and can have tried again. */
static int64_t back_off_us(const struct saga_run *run)
{
    unsigned doublings = run->attempt < 8 ? run->attempt : 8;
    int64_t time_us = (INT64_C(1000) * LIMIT_PROVIDER_RETRY_MS) << doublings;

    return time_us < LONGEST_BACK_OFF_US ? time_us : LONGEST_BACK_OFF_US;
}

static void look_again(struct saga_run *run)
{
    saga_again_anew(run, back_off_us(run));
}

static void not_settled(struct saga_run *run, const struct problem *problem)
{
    (void)problem; /* it was let go, or never taken, meanwhile */
    look_again(run);
}

/* Taken: give it back. Not to be taken: then it can be let go. */
static void settled(struct saga_run *run, const Payment__Payment *payment)
{
    if (payment->captured->amount > 0)
        refund(run, payment->id);
    else
        look_again(run);
}

/* Whoever began the capture may never come back to it. Asking once more takes nothing twice, and finds out what became of it. */
static void settle(struct saga_run *run, const char *payment_id)
{
    Payment__CaptureRequest *request = ARENA_NEW(run->arena, Payment__CaptureRequest);

    payment__capture_request__init(request);
    request->id = payment_id;
    saga_otherwise(run, not_settled);
    call_payment_capture(run, request, settled);
}

static void looked(struct saga_run *run, const Payment__Payment *payment)
{
    if (payment->captured->amount > 0)
        refund(run, payment->id);
    else if (payment->status == PAYMENT__PAYMENT_STATUS__PAYMENT_STATUS_CAPTURING)
        settle(run, payment->id);
    else
        look_again(run);
}

static void not_voided(struct saga_run *run, const struct problem *problem)
{
    Payment__GetPaymentRequest *request = ARENA_NEW(run->arena, Payment__GetPaymentRequest);

    (void)problem;
    payment__get_payment_request__init(request);
    request->id = state_of(run)->order->payments[0]->id;
    call_payment_get(run, request, looked);
}

static void void_authorization(struct saga_run *run, const char *payment_id)
{
    Payment__VoidAuthorizationRequest *request = ARENA_NEW(run->arena, Payment__VoidAuthorizationRequest);

    payment__void_authorization_request__init(request);
    request->id = payment_id;
    saga_otherwise(run, not_voided);
    call_payment_void_authorization(run, request, note_payment);
}

static void give_money_back(struct saga_run *run)
{
    const Order__Order *order = state_of(run)->order;
    const Order__OrderPayment *payment = order->n_payments ? order->payments[0] : NULL;

    if (!payment || payment->captured->amount == payment->refunded->amount)
        payment && payment->captured->amount == 0 ? void_authorization(run, payment->id) : saga_next(run);
    else
        refund(run, payment->id);
}

/* --- the stock --- */

static void stock_back(struct saga_run *run, const Google__Protobuf__Empty *nothing)
{
    (void)nothing;
    saga_next(run);
}

static void give_stock_back(struct saga_run *run)
{
    Inventory__DeallocateRequest *request = ARENA_NEW(run->arena, Inventory__DeallocateRequest);

    inventory__deallocate_request__init(request);
    request->order_id = order_id(run);
    call_inventory_deallocate(run, request, stock_back);
}

/* --- the coupons: others may use what this order used up --- */

static void coupons_back(struct saga_run *run, const Google__Protobuf__Empty *nothing)
{
    (void)nothing;
    saga_next(run);
}

/* They are used in the name of the checkout. One that began with an older version, and does not know which, gives none back. */
static void give_coupons_back(struct saga_run *run)
{
    const Order__Order *order = state_of(run)->order;
    Pricing__ReturnCouponsRequest request = PRICING__RETURN_COUPONS_REQUEST__INIT;

    if (order->n_coupons == 0 || *order->checkout_id == '\0') {
        saga_next(run);
        return;
    }
    request.checkout_id = order->checkout_id;
    call_pricing_return_coupons(run, &request, coupons_back);
}

/* --- end --- */

static void ended(struct saga_run *run, const Order__Order *order)
{
    begun(run, order);
}

static void end(struct saga_run *run)
{
    call_order_end_cancel(run, (const Order__CancelOrderRequest *)run->request, ended);
}

static void answer(struct saga_run *run)
{
    *(Order__Order *)run->answer = *state_of(run)->order;
}

static const struct saga_step steps[] = {
    {"begin", begin, NULL},
    {"give the money back", give_money_back, NULL},
    {"give the stock back", give_stock_back, NULL},
    {"give the coupons back", give_coupons_back, NULL},
    {"end", end, NULL},
};

const struct saga order_cancel = {
    SAGA_STEPS(steps), .state = &order__cancel_state__descriptor, .durable = true, .pivot = 1, .answer = answer};
