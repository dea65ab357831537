/*
 * order.begin_cancel: from now on nothing ships. Asking twice is fine.
 */
#include "services/order/order_internal.h"

enum result order_begin_cancel(struct context *context, const Order__BeginCancelRequest *request,
                               Order__Order *answer)
{
    const Order__CancelOrderRequest *cancel = request->cancel;
    Order__OrderCancelBegun event = ORDER__ORDER_CANCEL_BEGUN__INIT;
    Order__Order *order;
    enum result result = request->by_buyer ? order_open_with(context, cancel->id, cancel->order_token, &order)
                                           : order_open(context, cancel->id, cancel->order_token, &order);

    if (result)
        return result;
    if (order->status == ORDER__ORDER_STATUS__ORDER_STATUS_FULFILLED ||
        order->status == ORDER__ORDER_STATUS__ORDER_STATUS_PARTIALLY_FULFILLED)
        return call_refuse(context->call, RESULT_STATE_FORBIDS, "Some of the order has shipped: ask for a return instead.");

    if (order->status == ORDER__ORDER_STATUS__ORDER_STATUS_PLACED) {
        event.reason = cancel->reason;
        order_emit_order_cancel_begun(context, cancel->id, &event);
    }
    order_show(context, cancel->id, answer);
    return RESULT_OK;
}
