/*
 * First prices: what the catalogue says of new variants becomes PricesSet, and SKUs of deleted products go out of sale.
 *
 * After that PUT /v1/prices/{sku} is the one way to change a price: a SKU that has prices keeps them, whatever a product says.
 */
#include "services/pricing/pricing_internal.h"
#include "souk/catalog/v1/events.souk.h"

#include <string.h>

static bool has_prices(struct tx *tx, const char *sku)
{
    const Pricing__Prices *prices = prices_load(tx, sku);
    return prices != NULL && prices->n_prices > 0;
}

static bool has_currency(const Pricing__PricesSet *set, const char *currency)
{
    for (size_t i = 0; i < set->n_prices; i++) {
        if (strcmp(set->prices[i]->currency, currency) == 0)
            return true;
    }
    return false;
}

static Pricing__Price *price_of(struct arena *arena, const Catalog__InitialPrice *initial)
{
    Pricing__Price *price = ARENA_NEW(arena, Pricing__Price);
    pricing__price__init(price);
    price->amount = initial->amount;
    price->currency = initial->currency;
    price->compare_at_amount = initial->compare_at_amount;
    return price;
}

static void take_first_prices_of(struct context *context, const Catalog__Variant *variant)
{
    if (variant->n_prices == 0 || has_prices(context->tx, variant->sku))
        return;
    Pricing__PricesSet set = PRICING__PRICES_SET__INIT;
    set.prices = ARENA_ARRAY(context->arena, Pricing__Price *, variant->n_prices);
    for (size_t i = 0; i < variant->n_prices; i++) {
        const Catalog__InitialPrice *initial = variant->prices[i];
        if (!has_currency(&set, initial->currency)) /* nobody is there to refuse a second one: the first counts */
            set.prices[set.n_prices++] = price_of(context->arena, initial);
    }
    pricing_emit_prices_set(context, variant->sku, &set);
}

static enum result take_first_prices(struct context *context, const Catalog__Product *product)
{
    for (size_t i = 0; product != NULL && i < product->n_variants; i++)
        take_first_prices_of(context, product->variants[i]);
    return RESULT_OK;
}

enum result pricing_take_first_prices_of_created(struct context *context, const struct event *event, const ProtobufCMessage *data)
{
    (void)event;
    return take_first_prices(context, ((const Catalog__ProductCreated *)data)->product);
}

enum result pricing_take_first_prices_of_updated(struct context *context, const struct event *event, const ProtobufCMessage *data)
{
    (void)event;
    return take_first_prices(context, ((const Catalog__ProductUpdated *)data)->product);
}

enum result pricing_drop_prices_of_deleted(struct context *context, const struct event *event, const ProtobufCMessage *data)
{
    const Catalog__ProductDeleted *deleted = (const Catalog__ProductDeleted *)data;
    const Pricing__PricesSet none = PRICING__PRICES_SET__INIT;
    (void)event;
    for (size_t i = 0; i < deleted->n_skus; i++) {
        if (has_prices(context->tx, deleted->skus[i]))
            pricing_emit_prices_set(context, deleted->skus[i], &none);
    }
    return RESULT_OK;
}
