/*
 * cart.delete_coupon: use a coupon no longer; without a code, none. One that is not there is fine.
 */
#include "services/cart/cart_internal.h"

#include "souk/cart/v1/cart.client.h"

static const Cart__DeleteCouponRequest *request_of(const struct saga_run *run)
{
    return (const Cart__DeleteCouponRequest *)run->request;
}

static void on_changed(struct saga_run *run, const Cart__StoredCart *cart)
{
    work_begin(run, cart);
    work_quote(run, work_quoted);
}

static void change_coupons(struct saga_run *run)
{
    Cart__ChangeCouponsRequest request = CART__CHANGE_COUPONS_REQUEST__INIT;

    request.cart = request_of(run)->cart;
    request.remove = request_of(run)->code;
    request.remove_all = !*request_of(run)->code;
    request.if_version = work_if_version(run);
    call_cart_change_coupons(run, &request, on_changed);
}

static const struct saga_step steps[] = {
    {"take the coupon out", change_coupons, NULL},
};
const struct saga cart_delete_coupon = CART_SAGA(steps);
