/*
 * payment.get: one payment.
 */
#include "services/payment/payment_internal.h"

enum result payment_get(struct context *context, const Payment__GetPaymentRequest *request, Payment__Payment *answer)
{
    struct payment payment;

    if (!payment_load(context->tx, request->id, &payment))
        return call_refuse(context->call, RESULT_NOT_FOUND, "There is no payment `%s`.", request->id);
    payment_show(context->tx, &payment, answer);
    return RESULT_OK;
}
