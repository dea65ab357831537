/*
 * cart.lock: a checkout begins, and from now on nothing else changes the cart. So of two tabs that check out, one gets it; the same checkout
 * asking again is fine.
 */
#include "services/cart/cart_internal.h"

#include "base/plants.h"

enum result cart_lock(struct context *context, const Cart__LockCartRequest *request, Cart__StoredCart *answer)
{
    Cart__CartLocked locked = CART__CART_LOCKED__INIT;
    enum result result = stored_cart_read(context, request->cart, answer);

    if (result)
        return result;
    if (strcmp(answer->checkout_id, request->checkout_id) == 0)
        return RESULT_OK;
    result = stored_cart_changeable(answer);
    if (result && !PLANTED(LOCK_WITHOUT_LOOKING))
        return call_refuse(context->call, result, NULL);

    locked.checkout_id = request->checkout_id;
    cart_emit_cart_locked(context, request->cart, &locked);
    stored_cart_find(context->tx, request->cart, answer);
    return RESULT_OK;
}
