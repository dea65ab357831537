/*
 * SetPrices: replace all prices of one SKU.
 */
#include "platform/rpc/merge.h"
#include "services/pricing/price.h"
#include "services/pricing/pricing_internal.h"

#include <string.h>

static enum result refuse(struct context *context, size_t index, const char *member, const char *code, const char *detail)
{
    const char *pointer = arena_printf(context->arena, "/prices/%zu%s", index, member);
    return call_violation(context->call, pointer, code, "%s", detail);
}

static enum result check_list(struct context *context, const struct rules *lists, const Pricing__Price *price, size_t index)
{
    if (*price->price_list == '\0')
        return RESULT_OK;
    for (size_t i = 0; i < lists->count; i++) {
        const Pricing__PriceList *list = (const Pricing__PriceList *)lists->items[i];
        if (strcmp(list->id, price->price_list) != 0)
            continue;
        if (*list->currency == '\0' || strcmp(list->currency, price->currency) == 0)
            return RESULT_OK;
        return refuse(context, index, "/currency", "currency_mismatch",
                      arena_printf(context->arena, "The price list holds in %s only.", list->currency));
    }
    return refuse(context, index, "/priceList", "unknown_price_list", "There is no such price list.");
}

static enum result check_differs(struct context *context, const Pricing__SetPricesRequest *request, size_t index)
{
    const Pricing__Price *price = request->prices[index];
    for (size_t i = 0; i < index; i++) {
        const Pricing__Price *before = request->prices[i];
        if (strcmp(before->currency, price->currency) == 0 && strcmp(before->price_list, price->price_list) == 0 &&
            price_min_quantity(before) == price_min_quantity(price))
            return refuse(context, index, "", "duplicate",
                          arena_printf(context->arena, "Price %zu has the same currency, list and quantity.", i));
    }
    return RESULT_OK;
}

enum result pricing_set_prices(struct context *context, const Pricing__SetPricesRequest *request, Pricing__Prices *answer)
{
    const Pricing__Prices *stored = prices_load(context->tx, request->sku);
    enum result result = context_check_version(context, stored ? stored->version : 0);
    if (result != RESULT_OK)
        return result;
    const struct rules lists = price_lists_load(context->tx);
    for (size_t i = 0; i < request->n_prices; i++) {
        check_list(context, &lists, request->prices[i], i);
        check_differs(context, request, i);
    }
    if (context->call->problem.result != RESULT_OK)
        return context->call->problem.result;

    Pricing__PricesSet set = PRICING__PRICES_SET__INIT;
    Pricing__PricesSet was = PRICING__PRICES_SET__INIT;
    set.prices = request->prices;
    set.n_prices = request->n_prices;
    was.prices = stored ? stored->prices : NULL;
    was.n_prices = stored ? stored->n_prices : 0;
    if (stored == NULL || !message_equal(context->arena, &was.base, &set.base))
        pricing_emit_prices_set(context, request->sku, &set);
    stored = prices_load(context->tx, request->sku);
    if (stored != NULL) /* always, but for a store that has failed */
        *answer = *stored;
    return RESULT_OK;
}
