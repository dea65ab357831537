/*
 * First prices: what the catalogue says of new variants becomes PricesSet, and SKUs of deleted products go out of sale.
 *
 * After that PUT /v1/prices/{sku} is the one way to change a price by hand: a SKU that has prices keeps them, whatever a product says. An import, or
 * its undo, changes prices by saying so: `price_changes`. They replace the one price of each currency that a product page shows, and leave
 * quantity prices and price lists alone.
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

static bool is_shown(const Pricing__Price *price, const char *currency)
{
    return price->min_quantity <= 1 && *price->price_list == '\0' && strcmp(price->currency, currency) == 0;
}

static bool is_changed(const Pricing__Prices *before, const Catalog__PriceChange *change)
{
    for (size_t i = 0; before != NULL && i < before->n_prices; i++) {
        const Pricing__Price *price = before->prices[i];
        if (is_shown(price, change->currency))
            return change->after == NULL || price->amount != change->after->amount ||
                   price->compare_at_amount != change->after->compare_at_amount;
    }
    return change->after != NULL;
}

static void take_price_change(struct context *context, const Catalog__PriceChange *change)
{
    const Pricing__Prices *before = prices_load(context->tx, change->sku);
    size_t before_count = before != NULL ? before->n_prices : 0;
    Pricing__PricesSet set = PRICING__PRICES_SET__INIT;
    if (!is_changed(before, change))
        return;
    set.prices = ARENA_ARRAY(context->arena, Pricing__Price *, before_count + 1);
    if (change->after != NULL)
        set.prices[set.n_prices++] = price_of(context->arena, change->after);
    for (size_t i = 0; i < before_count; i++) {
        if (!is_shown(before->prices[i], change->currency))
            set.prices[set.n_prices++] = before->prices[i];
    }
    pricing_emit_prices_set(context, change->sku, &set);
}

enum result pricing_take_prices_of_updated(struct context *context, const struct event *event, const ProtobufCMessage *data)
{
    const Catalog__ProductUpdated *updated = (const Catalog__ProductUpdated *)data;
    (void)event;
    for (size_t i = 0; i < updated->n_price_changes; i++)
        take_price_change(context, updated->price_changes[i]);
    return take_first_prices(context, updated->product);
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
