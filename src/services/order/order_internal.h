/*
 * What the order service's own files share.
 */
#ifndef SOUK_SERVICES_ORDER_INTERNAL_H
#define SOUK_SERVICES_ORDER_INTERNAL_H

#include "platform/rpc/common_types.h"
#include "platform/saga/saga.h"
#include "platform/service/service.h"
#include "souk/order/v1/events.souk.h"
#include "souk/order/v1/order.client.h"
#include "souk/order/v1/order.souk.h"
#include "souk/payment/v1/payment.pb-c.h"


/* The order as it stands, in tx->arena; NULL when there is none. */
Order__Order *order_stored(struct tx *tx, const char *id);
/* Answer with the order as it stands. It must exist. */
void order_show(struct context *context, const char *id, Order__Order *answer);
/* The order, for a caller who may see it: a scope, the system, or the right order token. NOT_FOUND otherwise, so that nobody learns which
 * orders exist. */
enum result order_open(struct context *context, const char *id, const char *order_token, Order__Order **order);
/* Who sees every order. A saga calls as the system, whoever began it: what it does for a buyer asks this of the saga's own caller, and opens
 * the order with the token. */
bool order_opens_to(const struct actor *actor);
/* The order, for whoever has the right token; NULL: for one who needs none. */
enum result order_open_with(struct context *context, const char *id, const char *order_token, Order__Order **order);
/* SHA-256 of an order token in hexadecimal: the token itself is kept nowhere. */
const char *order_token_hash(struct arena *arena, const char *order_token);

Order__OrderLine *order_line(const Order__Order *order, const char *line_id);
/* Lines with nothing left to ship. */
bool order_is_fulfilled(const Order__Order *order);
/* Everything that has not shipped, as lines to ship. */
size_t order_unfulfilled(struct arena *arena, const Order__Order *order, Order__FulfilledLine ***lines);
/* A payment as an order shows it. */
Order__OrderPayment *order_payment(struct arena *arena, const Payment__Payment *payment);
/* Whether the order does not know that yet. What is noted about a payment may come late, or twice; but money that was taken or given back
 * stays so, and so does a promise that was let go: that tells what is older. */
bool order_payment_is_news(const Order__Order *order, const Order__OrderPayment *payment);
/* The refund of that id, given back; NULL when the payment has none, or the provider would not. */
const Payment__PaymentRefund *order_refund_done(const Payment__Payment *payment, const char *refund_id);
/* What of a payment was taken and not given back. */
Common__Money *order_refundable(struct arena *arena, const Order__OrderPayment *payment);

#endif
