/*
 * What the pricing service's own files share.
 */
#ifndef SOUK_SERVICES_PRICING_INTERNAL_H
#define SOUK_SERVICES_PRICING_INTERNAL_H

#include "platform/service/service.h"
#include "services/pricing/quote.h"
#include "services/pricing/rule.h"
#include "souk/pricing/v1/events.souk.h"
#include "souk/pricing/v1/pricing.souk.h"

/* --- prices (price_store.c) --- */

/* All prices of a SKU, with its version; NULL when it never had any. In tx->arena. */
Pricing__Prices *prices_load(struct tx *tx, const char *sku);
/* All price lists. */
struct rules price_lists_load(struct tx *tx);

/* The kind of the timer for the next moment at which a price list begins or ceases to hold, and what it does then. */
#define PRICE_LIST_TURNS "price-list-turns"
enum result pricing_turn_price_list(struct context *context, const char *id);

/* --- promotions --- */

/* The promotion with this code, whatever its letter case; NULL when there is none. */
Pricing__Promotion *promotion_find(struct tx *tx, const char *code);
/* Whether the checkout uses it already. */
bool promotion_is_redeemed(struct tx *tx, const char *promotion, const char *checkout);

/* --- quotes (terms.c) --- */

/* Everything that a quote of this cart is made from. Refuses lines that no cart can have. */
enum result terms_load(struct context *context, const Pricing__QuoteCartRequest *cart, struct quote_terms *terms);

/* --- what the catalogue says (first_prices.c) --- */

enum result pricing_take_first_prices_of_created(struct context *context, const struct event *event, const ProtobufCMessage *data);
enum result pricing_take_prices_of_updated(struct context *context, const struct event *event, const ProtobufCMessage *data);
enum result pricing_drop_prices_of_deleted(struct context *context, const struct event *event, const ProtobufCMessage *data);

/* --- what strangers get no answer about (withheld.c) --- */

void pricing_project_product_created(struct tx *tx, const struct event *event, const ProtobufCMessage *data);
void pricing_project_product_updated(struct tx *tx, const struct event *event, const ProtobufCMessage *data);
void pricing_project_product_deleted(struct tx *tx, const struct event *event, const ProtobufCMessage *data);

#endif
