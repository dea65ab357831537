/*
 * cart.update_line: change how many of a line; 0 takes it out.
 */
#include "services/cart/cart_internal.h"

static const Cart__UpdateLineRequest *request_of(const struct saga_run *run)
{
    return (const Cart__UpdateLineRequest *)run->request;
}

static void on_loaded(struct saga_run *run, const Cart__StoredCart *cart)
{
    const Cart__StoredLine *there = stored_cart_line(cart, request_of(run)->line);
    Cart__StoredLine line;

    if (!work_begin_change(run, cart))
        return;
    if (!there) {
        saga_refuse(run, RESULT_NOT_FOUND, "The cart has no line `%s`.", request_of(run)->line);
        return;
    }
    line = *there;
    line.quantity = request_of(run)->quantity;
    line_work_begin(run, &line);
    line_work_decide(run);
}

static void decide(struct saga_run *run)
{
    work_load(run, request_of(run)->cart, on_loaded);
}

static const struct saga_step steps[] = {
    {"look it up", decide, NULL},
    LINE_WORK_STEPS,
};
const struct saga cart_update_line = CART_SAGA(steps);
