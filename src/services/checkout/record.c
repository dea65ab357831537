/*
 * The order: the locked cart, what it cost, and how it is paid, as one message.
 */
#include "services/checkout/checkout_internal.h"

#include "platform/rpc/common_types.h"

#include "souk/order/v1/order.client.h"

/* --- its parts ------------------------------------------------------------------------------------------------------------- */

static Order__OrderLine *order_line(struct arena *arena, const Cart__StoredLine *stored, const Pricing__QuotedLine *quoted,
                                    const char *currency)
{
    Order__OrderLine *line = ARENA_NEW(arena, Order__OrderLine);

    order__order_line__init(line);
    line->id = stored->id;
    line->sku = stored->sku;
    line->product_id = stored->product_id;
    line->title = stored->title;
    line->quantity = stored->quantity;
    line->unit_price = money_message(arena, quoted->unit_price, currency);
    line->total = money_message(arena, quoted->total, currency);
    line->discount = money_message(arena, quoted->discount, currency);
    line->tax = money_message(arena, quoted->tax, currency);
    return line;
}

static Order__OrderTax *order_tax(struct arena *arena, const Pricing__QuotedTax *quoted, const char *currency)
{
    Order__OrderTax *tax = ARENA_NEW(arena, Order__OrderTax);

    order__order_tax__init(tax);
    tax->name = quoted->name;
    tax->rate_ppm = quoted->rate_ppm;
    tax->amount = money_message(arena, quoted->amount, currency);
    tax->included = quoted->included;
    return tax;
}

static const char *payment_status(Payment__PaymentStatus status)
{
    switch (status) {
    case PAYMENT__PAYMENT_STATUS__PAYMENT_STATUS_CAPTURING:
    case PAYMENT__PAYMENT_STATUS__PAYMENT_STATUS_AUTHORIZED:
        return "authorized";
    case PAYMENT__PAYMENT_STATUS__PAYMENT_STATUS_CAPTURED:
        return "captured";
    case PAYMENT__PAYMENT_STATUS__PAYMENT_STATUS_VOIDED:
        return "voided";
    case PAYMENT__PAYMENT_STATUS__PAYMENT_STATUS_PARTIALLY_REFUNDED:
        return "partially_refunded";
    case PAYMENT__PAYMENT_STATUS__PAYMENT_STATUS_REFUNDED:
        return "refunded";
    default:
        return "failed";
    }
}

Order__OrderPayment *checkout_order_payment(struct arena *arena, const Payment__Payment *payment)
{
    Order__OrderPayment *record = ARENA_NEW(arena, Order__OrderPayment);

    order__order_payment__init(record);
    record->id = payment->id;
    record->provider = payment->provider;
    record->status = payment_status(payment->status);
    record->authorized = payment->authorized;
    record->captured = payment->captured;
    record->refunded = payment->refunded;
    return record;
}

/* --- the whole ------------------------------------------------------------------------------------------------------------- */

static void take_cart(struct arena *arena, const Cart__StoredCart *cart, const Pricing__Quote *quote, Order__Order *order)
{
    order->currency = cart->currency;
    order->email = cart->email;
    order->shipping_address = cart->shipping_address;
    order->billing_address = cart->billing_address;
    order->cart_id = cart->id;
    order->lines = ARENA_ARRAY(arena, Order__OrderLine *, cart->n_lines);
    for (size_t i = 0; i < cart->n_lines; i++)
        order->lines[order->n_lines++] = order_line(arena, cart->lines[i], quote->lines[i], cart->currency);
}

static void take_quote(struct arena *arena, const Pricing__Quote *quote, Order__Order *order)
{
    order->subtotal = money_message(arena, quote->subtotal, quote->currency);
    order->discount = money_message(arena, quote->discount, quote->currency);
    order->shipping = money_message(arena, quote->shipping, quote->currency);
    order->tax = money_message(arena, quote->tax, quote->currency);
    order->total = money_message(arena, quote->total, quote->currency);
    order->shipping_method = quote->shipping_method_name;
    order->taxes = ARENA_ARRAY(arena, Order__OrderTax *, quote->n_taxes);
    for (size_t i = 0; i < quote->n_taxes; i++)
        order->taxes[order->n_taxes++] = order_tax(arena, quote->taxes[i], quote->currency);
    order->coupons = ARENA_ARRAY(arena, const char *, quote->n_coupons);
    for (size_t i = 0; i < quote->n_coupons; i++)
        if (quote->coupons[i]->applied)
            order->coupons[order->n_coupons++] = quote->coupons[i]->code;
}

static Order__Order *order_of(struct saga_run *run)
{
    const Checkout__CheckoutState *state = checkout_state(run);
    Order__Order *order = ARENA_NEW(run->arena, Order__Order);

    order__order__init(order);
    order->id = checkout_order_id(run->arena, run->id);
    order->order_token = checkout_order_token(run->arena, run->id);
    take_cart(run->arena, state->cart, state->quote, order);
    take_quote(run->arena, state->quote, order);
    if (state->payment) {
        order->payments = ARENA_ARRAY(run->arena, Order__OrderPayment *, 1);
        order->payments[order->n_payments++] = checkout_order_payment(run->arena, state->payment);
    }
    return order;
}

void checkout_note_order(struct saga_run *run, const Order__Order *order)
{
    Checkout__CheckoutState *state = checkout_state(run);

    state->order = ARENA_NEW(run->arena, Order__Order);
    *state->order = *order;
}

/* From here on the order says it all, and the state is smaller without its sources. */
static void on_placed(struct saga_run *run, const Order__Order *order)
{
    checkout_note_order(run, order);
    checkout_state(run)->cart = NULL;
    checkout_state(run)->quote = NULL;
    checkout_state(run)->payment = NULL;
    saga_next(run);
}

void checkout_record_order(struct saga_run *run)
{
    Order__RecordOrderRequest request = ORDER__RECORD_ORDER_REQUEST__INIT;

    request.order = order_of(run);
    request.checkout_id = run->id;
    call_order_record(run, &request, on_placed);
}
