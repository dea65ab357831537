/*
 * cart.delete_line: take a line out. One that is out already is fine: the answer is the cart as it is.
 */
#include "services/cart/cart_internal.h"

static const Cart__DeleteLineRequest *request_of(const struct saga_run *run)
{
    return (const Cart__DeleteLineRequest *)run->request;
}

static void on_loaded(struct saga_run *run, const Cart__StoredCart *cart)
{
    const Cart__StoredLine *there = stored_cart_line(cart, request_of(run)->line);
    Cart__StoredLine line;

    if (!work_begin_change(run, cart))
        return;
    if (!there) {
        work_quote(run, work_quoted);
        return;
    }
    line = *there;
    line.quantity = 0;
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
const struct saga cart_delete_line = CART_SAGA(steps);
