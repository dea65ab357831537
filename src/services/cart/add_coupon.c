/*
 * cart.add_coupon: use a coupon. One that takes nothing off is refused, so that a buyer learns at once and not at the till.
 */
#include "services/cart/cart_internal.h"

#include "souk/cart/v1/cart.client.h"

static const Cart__AddCouponRequest *request_of(const struct saga_run *run)
{
    return (const Cart__AddCouponRequest *)run->request;
}

/* --- look ------------------------------------------------------------------------------------------------------------ */

static void on_quoted(struct saga_run *run, const Pricing__Quote *quote)
{
    size_t position = stored_cart_coupon(work_of(run)->after, request_of(run)->code);

    if (!quote)
        saga_refuse(run, RESULT_COUPON_NOT_APPLICABLE, "There is nothing in the cart.");
    else if (position < quote->n_coupons && !quote->coupons[position]->applied)
        saga_refuse(run, RESULT_COUPON_NOT_APPLICABLE, "%s", quote->coupons[position]->reason);
    else
        work_quoted(run, quote);
}

static void on_loaded(struct saga_run *run, const Cart__StoredCart *cart)
{
    const char **coupons;
    Cart__StoredCart *after;

    if (!work_begin_change(run, cart))
        return;
    after = work_of(run)->after;
    if (stored_cart_coupon(cart, request_of(run)->code) == cart->n_coupons) {
        coupons = ARENA_ARRAY(run->arena, const char *, cart->n_coupons + 1);
        for (size_t i = 0; i < cart->n_coupons; i++)
            coupons[i] = cart->coupons[i];
        coupons[cart->n_coupons] = request_of(run)->code;
        after->coupons = coupons;
        after->n_coupons++;
    }
    work_quote(run, on_quoted);
}

static void look(struct saga_run *run)
{
    work_load(run, request_of(run)->cart, on_loaded);
}

/* --- change ---------------------------------------------------------------------------------------------------------- */

static void change_coupons(struct saga_run *run)
{
    Cart__ChangeCouponsRequest request = CART__CHANGE_COUPONS_REQUEST__INIT;

    request.cart = request_of(run)->cart;
    request.add = request_of(run)->code;
    request.if_version = work_if_version(run);
    call_cart_change_coupons(run, &request, work_changed);
}

static const struct saga_step steps[] = {
    {"look what it takes off", look, NULL},
    {"put the coupon in", change_coupons, NULL},
};
const struct saga cart_add_coupon = CART_SAGA(steps);
