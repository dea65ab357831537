/*
 * cart.change: change what is neither lines nor coupons.
 */
#include "services/cart/cart_internal.h"

enum result cart_change(struct context *context, const Cart__ChangeCartRequest *request, Cart__StoredCart *answer)
{
    Cart__CartChanged changed = CART__CART_CHANGED__INIT;
    enum result result = stored_cart_read_open(context, request->cart, request->if_version, answer);

    if (result)
        return result;
    if (!request->change || request->change->n_fields == 0)
        return RESULT_OK;

    changed.change = request->change;
    cart_emit_cart_changed(context, request->cart, &changed);
    stored_cart_find(context->tx, request->cart, answer);
    return RESULT_OK;
}
