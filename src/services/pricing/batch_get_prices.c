/*
 * BatchGetPrices: what SKUs cost a shopper.
 *
 * One point read a SKU: as fast as one statement for all of them, which would need a text for every number of SKUs.
 */
#include "platform/rpc/common_types.h"
#include "services/pricing/price.h"
#include "services/pricing/pricing_internal.h"
#include "services/shop_defaults.h"
#include "services/withheld.h"

static Pricing__UnitPrice *unit_price(struct arena *arena, const char *sku, const Pricing__Price *price)
{
    Pricing__UnitPrice *unit = ARENA_NEW(arena, Pricing__UnitPrice);
    pricing__unit_price__init(unit);
    unit->sku = sku;
    unit->price = money_message(arena, price->amount, price->currency);
    unit->min_quantity = price_min_quantity(price);
    /* Feeds bring "before" prices below the present one; nobody calls that a sale. */
    if (price->compare_at_amount > price->amount)
        unit->compare_at_price = money_message(arena, price->compare_at_amount, price->currency);
    return unit;
}

enum result pricing_batch_get_prices(struct context *context, const Pricing__BatchGetPricesRequest *request,
                                     Pricing__BatchGetPricesResponse *answer)
{
    const struct rules lists = price_lists_load(context->tx);
    const struct price_question question = {
        .currency = *request->currency ? request->currency : SHOP_DEFAULT_CURRENCY,
        .channel = request->channel,
        .quantity = request->quantity > 0 ? request->quantity : 1,
        .now_us = context->now_us,
        .lists = (Pricing__PriceList **)lists.items,
        .list_count = lists.count,
    };
    answer->items = ARENA_ARRAY(context->arena, Pricing__UnitPrice *, request->n_skus);
    for (size_t i = 0; i < request->n_skus; i++) {
        if (sku_is_withheld(context, request->skus[i], SCOPE_PRICING | SCOPE_CATALOG))
            continue;
        const Pricing__Price *price = price_choose(prices_load(context->tx, request->skus[i]), &question);
        if (price != NULL)
            answer->items[answer->n_items++] = unit_price(context->arena, request->skus[i], price);
    }
    return RESULT_OK;
}
