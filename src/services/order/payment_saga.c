/*
 * What the sagas about an order's payment share.
 */
#include "services/order/payment_saga.h"

void payment_saga_find_order(struct saga_run *run, const char *order_id,
                             void (*found)(struct saga_run *run, const Order__Order *order))
{
    Order__GetOrderRequest *request = ARENA_NEW(run->arena, Order__GetOrderRequest);

    order__get_order_request__init(request);
    request->id = order_id;
    call_order_get(run, request, found);
}

void payment_saga_noted(struct saga_run *run, const Order__Order *order)
{
    payment_saga_state(run)->order = ARENA_NEW(run->arena, Order__Order);
    *payment_saga_state(run)->order = *order;
    saga_next(run);
}

void payment_saga_answer(struct saga_run *run)
{
    *(Order__Order *)run->answer = *payment_saga_state(run)->order;
}
