/*
 * cart.get: a cart, with what it costs now, or cost then.
 */
#include "services/cart/cart_internal.h"

static void on_loaded(struct saga_run *run, const Cart__StoredCart *cart)
{
    work_begin(run, cart);
    work_quote(run, work_quoted);
}

static void look(struct saga_run *run)
{
    work_load(run, ((const Cart__GetCartRequest *)run->request)->cart, on_loaded);
}

static const struct saga_step steps[] = {
    {"look what it costs", look, NULL},
};
const struct saga cart_get = CART_SAGA(steps);
