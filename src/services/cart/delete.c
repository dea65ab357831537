/*
 * cart.delete: throw a cart away, and give back what it holds. One that is gone already is fine.
 */
#include "services/cart/cart_internal.h"

#include "souk/cart/v1/cart.client.h"
#include "souk/inventory/v1/inventory.client.h"

static const char *cart_of(const struct saga_run *run)
{
    return ((const Cart__DeleteCartRequest *)run->request)->id;
}

static void on_missing(struct saga_run *run, const struct problem *problem)
{
    if (problem->result == RESULT_NOT_FOUND)
        saga_next(run);
    else
        saga_refuse_as(run, problem);
}

static void on_closed(struct saga_run *run, const Google__Protobuf__Empty *answer)
{
    (void)answer;
    saga_next(run);
}

static void on_loaded(struct saga_run *run, const Cart__StoredCart *cart)
{
    Cart__CloseCartRequest request = CART__CLOSE_CART_REQUEST__INIT;

    if (!work_begin_change(run, cart))
        return;
    request.cart = cart_of(run);
    request.if_version = work_if_version(run);
    call_cart_close(run, &request, on_closed);
}

static void close_cart(struct saga_run *run)
{
    saga_otherwise(run, on_missing);
    work_load(run, cart_of(run), on_loaded);
}

static void on_released(struct saga_run *run, const Google__Protobuf__Empty *answer)
{
    (void)answer;
    saga_next(run);
}

static void release(struct saga_run *run)
{
    Inventory__ReleaseRequest request = INVENTORY__RELEASE_REQUEST__INIT;

    if (!work_of(run)->before || !work_of(run)->before->reserved_until) {
        saga_next(run);
        return;
    }
    request.reservation_id = cart_of(run);
    call_inventory_release(run, &request, on_released);
}

static const struct saga_step steps[] = {
    {"close the cart", close_cart, NULL},
    {"give back what it holds", release, NULL},
};
const struct saga cart_delete = {SAGA_STEPS(steps), .state = &cart__cart_work__descriptor};
