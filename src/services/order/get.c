/*
 * order.get: one order, for who may see it.
 */
#include "services/order/order_internal.h"

enum result order_get(struct context *context, const Order__GetOrderRequest *request, Order__Order *answer)
{
    Order__Order *order;
    enum result result = order_open(context, request->id, request->order_token, &order);

    if (result)
        return result;
    *answer = *order;
    return RESULT_OK;
}
