/*
 * The payment: promised by the buyer's bank before there is an order, taken when there is one.
 *
 *     authorise --> authorised                                    the next step
 *        |  ^-----> authorising, requires action                  asked again, up to half an hour
 *        +--------> declined, failed                              the saga is refused: payment_declined
 *
 *     capture ----> captured, or left authorised                  the next step
 *           ^-----> capturing                                     asked again, until it is known
 *
 * A provider that never answered may have charged. So an outcome that is not known is asked for, never guessed and never paid a second time;
 * that is the payment service's art, ours is only to ask again. A capture that is refused leaves an order with an authorised payment, which
 * staff can capture later: the goods are promised, the money is promised, and both show.
 */
#include "services/checkout/checkout_internal.h"

#include "base/limits.h"
#include "souk/inventory/v1/inventory.client.h"
#include "souk/order/v1/order.client.h"
#include "souk/payment/v1/payment.client.h"

#define SECOND_US INT64_C(1000000)
/* How often to ask: soon at first, as most buyers are back within a minute; then less often. */
#define ASK_SOON_US (1 * SECOND_US)
#define ASK_LATER_US (5 * SECOND_US)
#define ASK_SOON_ATTEMPTS 60

static int64_t until_next_question(const struct saga_run *run)
{
    return run->attempt < ASK_SOON_ATTEMPTS ? ASK_SOON_US : ASK_LATER_US;
}

static void note_payment(struct saga_run *run, const Payment__Payment *payment)
{
    Checkout__CheckoutState *state = checkout_state(run);

    state->next_action_url = "";
    state->payment = ARENA_NEW(run->arena, Payment__Payment);
    *state->payment = *payment;
}

/* --- authorising ----------------------------------------------------------------------------------------------------------- */

/* How long the buyer, or a bank that is silent, still has. */
static int64_t seconds_left(const struct saga_run *run)
{
    return checkout_state(run)->waiting_since->seconds + LIMIT_CHECKOUT_PAYMENT_MS / 1000 - run->now_us / SECOND_US;
}

/* Whether there is time left to wait in; the first question starts the clock. */
static bool may_wait(struct saga_run *run)
{
    Checkout__CheckoutState *state = checkout_state(run);

    if (!state->waiting_since) {
        state->waiting_since = ARENA_NEW(run->arena, Google__Protobuf__Timestamp);
        google__protobuf__timestamp__init(state->waiting_since);
        state->waiting_since->seconds = run->now_us / SECOND_US;
    }
    return seconds_left(run) > 0;
}

static void wait_for_outcome(struct saga_run *run)
{
    if (may_wait(run))
        saga_again_anew(run, until_next_question(run));
    else
        saga_refuse(run, RESULT_PAYMENT_DECLINED, "The payment was not confirmed in time. Nothing was charged.");
}

static void wait_for_buyer(struct saga_run *run, const Payment__Payment *payment)
{
    checkout_state(run)->next_action_url = payment->next_action_url;
    saga_accept(run, checkout_location(run->arena, run->id), payment->next_action_url);
    wait_for_outcome(run);
}

static void refuse_declined(struct saga_run *run, const Payment__Payment *payment)
{
    if (*payment->decline_reason)
        saga_refuse(run, RESULT_PAYMENT_DECLINED, "%s. Nothing was charged; the cart can be paid in another way.",
                    payment->decline_reason);
    else
        saga_refuse(run, RESULT_PAYMENT_DECLINED, "Nothing was charged; the cart can be paid in another way.");
}

static void on_authorised(struct saga_run *run, const Payment__Payment *payment)
{
    switch (payment->status) {
    case PAYMENT__PAYMENT_STATUS__PAYMENT_STATUS_AUTHORIZED:
    case PAYMENT__PAYMENT_STATUS__PAYMENT_STATUS_CAPTURED:
        note_payment(run, payment);
        saga_next(run);
        break;
    case PAYMENT__PAYMENT_STATUS__PAYMENT_STATUS_AUTHORIZING:
        wait_for_outcome(run);
        break;
    case PAYMENT__PAYMENT_STATUS__PAYMENT_STATUS_REQUIRES_ACTION:
        wait_for_buyer(run, payment);
        break;
    default:
        refuse_declined(run, payment);
        break;
    }
}

void checkout_authorise_payment(struct saga_run *run)
{
    const Checkout__CheckoutState *state = checkout_state(run);
    Payment__AuthorizeRequest request = PAYMENT__AUTHORIZE_REQUEST__INIT;
    Common__Money amount = COMMON__MONEY__INIT;

    if (state->quote->total == 0) {
        saga_next(run); /* nothing to pay */
        return;
    }
    /* Whoever asked for the order has been told 202: a bank that is silent for a moment must not end it while the buyer is at its page. */
    if (state->waiting_since && seconds_left(run) > 0)
        saga_grant(run, seconds_left(run) * SECOND_US);
    amount.amount = state->quote->total;
    amount.currency = state->quote->currency;
    request.id = checkout_payment_id(run->arena, run->id);
    request.order_id = checkout_order_id(run->arena, run->id);
    request.amount = &amount;
    request.payment_token = checkout_request(run)->payment_token;
    request.email = state->cart->email;
    call_payment_authorize(run, &request, on_authorised);
}

/* --- letting go ------------------------------------------------------------------------------------------------------------- */

static void on_voided(struct saga_run *run, const Payment__Payment *payment)
{
    if (payment->status == PAYMENT__PAYMENT_STATUS__PAYMENT_STATUS_VOIDING ||
        payment->status == PAYMENT__PAYMENT_STATUS__PAYMENT_STATUS_AUTHORIZING)
        saga_again_anew(run, until_next_question(run));
    else
        saga_next(run);
}

void checkout_void_payment(struct saga_run *run)
{
    const Checkout__CheckoutState *state = checkout_state(run);
    Payment__VoidAuthorizationRequest request = PAYMENT__VOID_AUTHORIZATION_REQUEST__INIT;

    if (state->quote->total == 0) {
        saga_next(run);
        return;
    }
    request.id = checkout_payment_id(run->arena, run->id);
    call_payment_void_authorization(run, &request, on_voided);
}

/* --- capturing --------------------------------------------------------------------------------------------------------------- */

static void on_recorded(struct saga_run *run, const Order__Order *order)
{
    checkout_note_order(run, order);
    saga_next(run);
}

static void on_captured(struct saga_run *run, const Payment__Payment *payment)
{
    Order__RecordPaymentRequest request = ORDER__RECORD_PAYMENT_REQUEST__INIT;

    if (payment->status == PAYMENT__PAYMENT_STATUS__PAYMENT_STATUS_CAPTURING) {
        saga_again_anew(run, until_next_question(run));
        return;
    }
    request.id = checkout_state(run)->order->id;
    request.payment = checkout_order_payment(run->arena, payment);
    call_order_record_payment(run, &request, on_recorded);
}

static void on_deallocated(struct saga_run *run, const Google__Protobuf__Empty *answer)
{
    (void)answer;
    saga_next(run);
}

/* Staff may have cancelled the order between our placing it and our allocating to it: then what we have allocated since is given back. */
static void on_looked(struct saga_run *run, const Order__Order *order)
{
    Inventory__DeallocateRequest request = INVENTORY__DEALLOCATE_REQUEST__INIT;

    checkout_note_order(run, order);
    if (order->status != ORDER__ORDER_STATUS__ORDER_STATUS_CANCELLING &&
        order->status != ORDER__ORDER_STATUS__ORDER_STATUS_CANCELLED) {
        saga_next(run);
        return;
    }
    request.order_id = order->id;
    call_inventory_deallocate(run, &request, on_deallocated);
}

static void look_at_order(struct saga_run *run)
{
    Order__GetOrderRequest request = ORDER__GET_ORDER_REQUEST__INIT;

    request.id = checkout_state(run)->order->id;
    request.order_token = checkout_order_token(run->arena, run->id);
    call_order_get(run, &request, on_looked);
}

static void on_not_captured(struct saga_run *run, const struct problem *problem)
{
    (void)problem; /* the order shows what its payment is */
    look_at_order(run);
}

void checkout_capture_payment(struct saga_run *run)
{
    const Order__Order *order = checkout_state(run)->order;
    Payment__CaptureRequest request = PAYMENT__CAPTURE_REQUEST__INIT;

    if (order->status != ORDER__ORDER_STATUS__ORDER_STATUS_PLACED) {
        saga_next(run); /* cancelled already */
        return;
    }
    if (order->n_payments == 0) {
        look_at_order(run); /* nothing to pay, and no payment to tell us that it was cancelled */
        return;
    }
    request.id = order->payments[0]->id;
    saga_otherwise(run, on_not_captured);
    call_payment_capture(run, &request, on_captured);
}
