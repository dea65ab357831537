/*
 * order.record_refund: note a refund. The same refund again changes nothing.
 */
#include "services/order/order_internal.h"

#include <string.h>

static bool has_refund(const Order__Order *order, const char *refund_id)
{
    for (size_t i = 0; i < order->n_refunds; i++)
        if (strcmp(order->refunds[i]->id, refund_id) == 0)
            return true;
    return false;
}

enum result order_record_refund(struct context *context, const Order__RecordRefundRequest *request,
                                Order__Order *answer)
{
    Order__Order *order = order_stored(context->tx, request->id);
    Order__OrderRefunded event = ORDER__ORDER_REFUNDED__INIT;
    Order__OrderRefund refund = ORDER__ORDER_REFUND__INIT;

    if (!order)
        return call_refuse(context->call, RESULT_NOT_FOUND, "There is no order `%s`.", request->id);
    if (!has_refund(order, request->refund_id)) {
        refund.id = request->refund_id;
        refund.amount = request->amount;
        refund.reason = request->reason;
        refund.created_at = timestamp_message(context->arena, context->now_us);
        event.refund = &refund;
        event.payment = request->payment;
        order_emit_order_refunded(context, request->id, &event);
    }
    order_show(context, request->id, answer);
    return RESULT_OK;
}
