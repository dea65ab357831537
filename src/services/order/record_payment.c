/*
 * order.record_payment: note what became of a payment.
 */
#include "services/order/order_internal.h"

enum result order_record_payment(struct context *context, const Order__RecordPaymentRequest *request,
                                 Order__Order *answer)
{
    Order__OrderPaymentRecorded event = ORDER__ORDER_PAYMENT_RECORDED__INIT;

    if (!order_stored(context->tx, request->id))
        return call_refuse(context->call, RESULT_NOT_FOUND, "There is no order `%s`.", request->id);
    event.payment = request->payment;
    order_emit_order_payment_recorded(context, request->id, &event);
    order_show(context, request->id, answer);
    return RESULT_OK;
}
