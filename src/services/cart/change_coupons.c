/*
 * cart.change_coupons: put a coupon in, or take one or all out. Whether it takes something off is pricing's to say.
 */
#include "services/cart/cart_internal.h"

#include "base/limits.h"

/* The cart's coupons without those to remove, and the new one behind them. */
static void coupons_after(struct arena *arena, const Cart__StoredCart *cart, const Cart__ChangeCouponsRequest *request,
                          Cart__CouponsChanged *changed)
{
    size_t removed = *request->remove ? stored_cart_coupon(cart, request->remove) : cart->n_coupons;

    changed->coupons = ARENA_ARRAY(arena, const char *, cart->n_coupons + 1);
    for (size_t i = 0; i < cart->n_coupons; i++)
        if (!request->remove_all && i != removed)
            changed->coupons[changed->n_coupons++] = cart->coupons[i];
    if (*request->add && stored_cart_coupon(cart, request->add) == cart->n_coupons)
        changed->coupons[changed->n_coupons++] = request->add;
}

enum result cart_change_coupons(struct context *context, const Cart__ChangeCouponsRequest *request, Cart__StoredCart *answer)
{
    Cart__CouponsChanged changed = CART__COUPONS_CHANGED__INIT;
    enum result result = stored_cart_read_open(context, request->cart, request->if_version, answer);

    if (result)
        return result;
    coupons_after(context->arena, answer, request, &changed);
    if (changed.n_coupons > LIMIT_CART_COUPONS)
        return call_violation(context->call, "/code", "too_many", "A cart takes at most %d coupons.", LIMIT_CART_COUPONS);
    if (changed.n_coupons == answer->n_coupons)
        return RESULT_OK; /* nothing to add that is not there, nothing to remove that is */

    cart_emit_coupons_changed(context, request->cart, &changed);
    stored_cart_find(context->tx, request->cart, answer);
    return RESULT_OK;
}
