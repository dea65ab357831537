/*
 * order.record_payment: note what became of a payment. What the order knows already changes nothing.
 */
#include "services/order/order_internal.h"

enum result order_record_payment(struct context *context, const Order__RecordPaymentRequest *request,
                                 Order__Order *answer)
{
    Order__OrderPaymentRecorded event = ORDER__ORDER_PAYMENT_RECORDED__INIT;
    const Order__Order *order = order_stored(context->tx, request->id);

    if (!order)
        return call_refuse(context->call, RESULT_NOT_FOUND, "There is no order `%s`.", request->id);
    if (order_payment_is_news(order, request->payment)) {
        event.payment = request->payment;
        order_emit_order_payment_recorded(context, request->id, &event);
    }
    order_show(context, request->id, answer);
    return RESULT_OK;
}
