/*
 * cart.close: the checkout that holds it became an order, or the shopper throws it away.
 */
#include "services/cart/cart_internal.h"

/* The checkout that holds a cart closes it, whatever happens; asking twice is fine. */
static enum result close_ordered(struct context *context, const Cart__CloseCartRequest *request)
{
    Cart__StoredCart cart;
    Cart__CartClosed closed = CART__CART_CLOSED__INIT;
    enum result result = stored_cart_read(context, request->cart, &cart);

    if (result)
        return result;
    if (strcmp(cart.order_id, request->order_id) == 0)
        return RESULT_OK;
    if (strcmp(cart.checkout_id, request->checkout_id) != 0)
        return call_refuse(context->call, RESULT_STATE_FORBIDS, "The checkout `%s` does not hold the cart.", request->checkout_id);

    closed.reason = CART__CART_CLOSE_REASON__CART_CLOSE_REASON_ORDERED;
    closed.order_id = request->order_id;
    cart_emit_cart_closed(context, request->cart, &closed);
    return RESULT_OK;
}

static enum result close_discarded(struct context *context, const Cart__CloseCartRequest *request)
{
    Cart__StoredCart cart;
    Cart__CartClosed closed = CART__CART_CLOSED__INIT;
    enum result result = stored_cart_read_open(context, request->cart, request->if_version, &cart);

    if (result == RESULT_NOT_FOUND)
        return RESULT_OK; /* gone already */
    if (result)
        return result;

    closed.reason = CART__CART_CLOSE_REASON__CART_CLOSE_REASON_DISCARDED;
    cart_emit_cart_closed(context, request->cart, &closed);
    return RESULT_OK;
}

enum result cart_close(struct context *context, const Cart__CloseCartRequest *request, Google__Protobuf__Empty *answer)
{
    (void)answer;
    return *request->order_id ? close_ordered(context, request) : close_discarded(context, request);
}
