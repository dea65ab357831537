/*
 * The end of a cart that nobody has touched for a month: a timer, moved by whatever happens to the cart (apply.c).
 */
#include "services/cart/cart_internal.h"

enum result cart_abandon(struct context *context, const char *cart_id)
{
    Cart__StoredCart cart;
    Cart__CartClosed closed = CART__CART_CLOSED__INIT;
    int64_t due_us = SQL_INT(context->tx, 0, "SELECT abandon_us FROM cart WHERE id = ?1", sql_string(cart_id));

    if (!stored_cart_find(context->tx, cart_id, &cart) || due_us > context->now_us)
        return RESULT_OK;
    if (stored_cart_changeable(&cart) != RESULT_OK)
        return RESULT_OK; /* what the checkout does with it sets the timer anew */

    closed.reason = CART__CART_CLOSE_REASON__CART_CLOSE_REASON_ABANDONED;
    cart_emit_cart_closed(context, cart_id, &closed);
    return RESULT_OK;
}
