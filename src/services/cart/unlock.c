/*
 * cart.unlock: the checkout failed, and the cart is the shopper's again. A cart that this checkout does not hold stays as it is.
 */
#include "services/cart/cart_internal.h"

#include "base/plants.h"

enum result cart_unlock(struct context *context, const Cart__UnlockCartRequest *request, Google__Protobuf__Empty *answer)
{
    Cart__StoredCart cart;
    Cart__CartUnlocked unlocked = CART__CART_UNLOCKED__INIT;

    (void)answer;
    if (!stored_cart_find(context->tx, request->cart, &cart) ||
        (strcmp(cart.checkout_id, request->checkout_id) != 0 && !PLANTED(UNLOCK_WITHOUT_OWNERSHIP)))
        return RESULT_OK;

    unlocked.hold = request->hold;
    cart_emit_cart_unlocked(context, request->cart, &unlocked);
    return RESULT_OK;
}
