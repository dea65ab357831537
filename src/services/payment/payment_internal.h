/*
 * What the payment service's own files share.
 */
#ifndef SOUK_SERVICES_PAYMENT_INTERNAL_H
#define SOUK_SERVICES_PAYMENT_INTERNAL_H

#include "platform/saga/saga.h"
#include "platform/service/service.h"
#include "services/payment/provider.h"
#include "souk/payment/v1/events.souk.h"
#include "souk/payment/v1/payment.client.h"
#include "souk/payment/v1/payment.souk.h"

/* A payment as it is kept. */
struct payment {
    const char *id;
    int64_t version;
    Payment__PaymentStatus status;
    const char *provider;
    const char *order_id;
    const char *payment_token;
    const char *currency;
    int64_t requested, authorized, captured, refunded;
    const char *provider_reference;
    const char *decline_reason;
    const char *next_action_url;
    int64_t created_us;
};

/* In tx->arena; false when there is none. */
bool payment_load(struct tx *tx, const char *id, struct payment *payment);
/* As the outside sees it. */
void payment_show(struct tx *tx, const struct payment *payment, Payment__Payment *answer);

/* The amount of a refund that was asked for, and what became of it (0 while it is not known); false when there is no such refund. */
bool refund_load(struct tx *tx, const char *payment_id, const char *refund_id, int64_t *amount, int64_t *outcome);
/* What refunds under way may still take. */
int64_t refund_pending(struct tx *tx, const char *payment_id);

/* Who takes the money. */
struct payment_provider *payment_provider_in_use(void);

#endif
