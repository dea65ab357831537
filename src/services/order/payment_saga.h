/*
 * What the sagas about an order's payment share: refund and capture find it, do something with it, and note what came of that.
 */
#ifndef SOUK_SERVICES_ORDER_PAYMENT_SAGA_H
#define SOUK_SERVICES_ORDER_PAYMENT_SAGA_H

#include "services/order/order_internal.h"

static inline Order__RefundState *payment_saga_state(struct saga_run *run)
{
    return (Order__RefundState *)run->state;
}

/* Ask for the order; `found` takes it from there. */
void payment_saga_find_order(struct saga_run *run, const char *order_id,
                             void (*found)(struct saga_run *run, const Order__Order *order));
/* The order as it is after the last step: keep it for the answer. */
void payment_saga_noted(struct saga_run *run, const Order__Order *order);
void payment_saga_answer(struct saga_run *run);

#endif
