/*
 * order.end_cancel: stock and money are back.
 */
#include "services/order/order_internal.h"

enum result order_end_cancel(struct context *context, const Order__CancelOrderRequest *request, Order__Order *answer)
{
    Order__OrderCancelled event = ORDER__ORDER_CANCELLED__INIT;
    Order__Order *order = order_stored(context->tx, request->id);

    if (!order)
        return call_refuse(context->call, RESULT_NOT_FOUND, "There is no order `%s`.", request->id);
    if (order->status == ORDER__ORDER_STATUS__ORDER_STATUS_CANCELLING)
        order_emit_order_cancelled(context, request->id, &event);
    order_show(context, request->id, answer);
    return RESULT_OK;
}
