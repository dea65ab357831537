/*
 * order.begin_cancel: from now on nothing ships. Asking twice is fine.
 */
#include "services/order/order_internal.h"

enum result order_begin_cancel(struct context *context, const Order__CancelOrderRequest *request,
                               Order__Order *answer)
{
    Order__OrderCancelBegun event = ORDER__ORDER_CANCEL_BEGUN__INIT;
    Order__Order *order;
    enum result result = order_open(context, request->id, request->order_token, &order);

    if (result)
        return result;
    if (order->status == ORDER__ORDER_STATUS__ORDER_STATUS_FULFILLED ||
        order->status == ORDER__ORDER_STATUS__ORDER_STATUS_PARTIALLY_FULFILLED)
        return call_refuse(context->call, RESULT_STATE_FORBIDS, "Some of the order has shipped: ask for a return instead.");

    if (order->status == ORDER__ORDER_STATUS__ORDER_STATUS_PLACED) {
        event.reason = request->reason;
        order_emit_order_cancel_begun(context, request->id, &event);
    }
    order_show(context, request->id, answer);
    return RESULT_OK;
}
