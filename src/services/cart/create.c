/*
 * cart.create: open a cart. It is empty, so there is nothing to quote: one commit.
 */
#include "services/cart/cart_internal.h"

#include "souk/cart/v1/cart.client.h"

static void on_opened(struct saga_run *run, const Cart__StoredCart *cart)
{
    work_begin(run, cart);
    saga_next(run);
}

static void open_cart(struct saga_run *run)
{
    const Cart__CreateCartRequest *request = (const Cart__CreateCartRequest *)run->request;
    Cart__OpenCartRequest open = CART__OPEN_CART_REQUEST__INIT;

    open.currency = request->currency;
    open.channel = request->channel;
    call_cart_open(run, &open, on_opened);
}

static const struct saga_step steps[] = {
    {"open the cart", open_cart, NULL},
};
const struct saga cart_create = CART_SAGA(steps);
