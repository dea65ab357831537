/*
 * The terms of a quote, from the store.
 */
#include "services/pricing/pricing_internal.h"

#include <string.h>

static enum result check_lines(struct context *context, const Pricing__QuoteCartRequest *cart)
{
    enum result result = RESULT_OK;
    for (size_t i = 0; i < cart->n_lines; i++) {
        if (cart->lines[i]->quantity < 1)
            result = call_violation(context->call, arena_printf(context->arena, "/lines/%zu/quantity", i), "too_small",
                                    "A line has one piece at least.");
        if (cart->lines[i]->weight_grams < 0)
            result = call_violation(context->call, arena_printf(context->arena, "/lines/%zu/weightGrams", i), "too_small",
                                    "A weight is not negative.");
    }
    return result;
}

static Pricing__Prices **prices_of_lines(struct tx *tx, const Pricing__QuoteCartRequest *cart)
{
    Pricing__Prices **prices = ARENA_ARRAY(tx->arena, Pricing__Prices *, cart->n_lines);
    for (size_t i = 0; i < cart->n_lines; i++)
        prices[i] = prices_load(tx, cart->lines[i]->sku);
    return prices;
}

static bool is_among(Pricing__Promotion *const *promotions, size_t count, const Pricing__Promotion *promotion)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(promotions[i]->id, promotion->id) == 0)
            return true;
    }
    return false;
}

/* What everyone gets, and what the cart has a code of. */
static void load_promotions(struct tx *tx, const Pricing__QuoteCartRequest *cart, struct rules for_all, struct quote_terms *terms)
{
    Pricing__Promotion **promotions = ARENA_ARRAY(tx->arena, Pricing__Promotion *, for_all.count + cart->n_coupons);
    size_t count = 0;
    for (size_t i = 0; i < for_all.count; i++)
        promotions[count++] = (Pricing__Promotion *)for_all.items[i];
    for (size_t i = 0; i < cart->n_coupons; i++) {
        Pricing__Promotion *promotion = promotion_find(tx, cart->coupons[i]);
        if (promotion == NULL || is_among(promotions, count, promotion))
            continue;
        if (*cart->checkout_id != '\0' && promotion_is_redeemed(tx, promotion->id, cart->checkout_id))
            promotion->used -= 1; /* its own use does not count against it */
        promotions[count++] = promotion;
    }
    terms->promotions = promotions;
    terms->promotion_count = count;
}

enum result terms_load(struct context *context, const Pricing__QuoteCartRequest *cart, struct quote_terms *terms)
{
    struct tx *tx = context->tx;
    enum result result = check_lines(context, cart);
    if (result != RESULT_OK)
        return result;

    /* All are asked for before any is read. */
    struct sql_rows asked_lists = rules_ask(tx, &price_list_kind, "");
    struct sql_rows asked_methods = rules_ask(tx, &shipping_method_kind, "");
    struct sql_rows asked_promotions = rules_ask(tx, &promotion_kind, "");
    struct sql_rows asked_rates = {0};
    if (cart->shipping_address != NULL)
        asked_rates = rules_ask(tx, &tax_rate_kind, cart->shipping_address->country);
    const struct rules lists = rules_read(asked_lists, &price_list_kind);
    const struct rules methods = rules_read(asked_methods, &shipping_method_kind);
    const struct rules promotions = rules_read(asked_promotions, &promotion_kind);
    const struct rules rates = rules_read(asked_rates, &tax_rate_kind);
    *terms = (struct quote_terms){
        .cart = cart,
        .prices = prices_of_lines(tx, cart),
        .price_lists = (Pricing__PriceList **)lists.items,
        .price_list_count = lists.count,
        .tax_rates = (Pricing__TaxRate **)rates.items,
        .tax_rate_count = rates.count,
        .shipping_methods = (Pricing__ShippingMethod **)methods.items,
        .shipping_method_count = methods.count,
        .now_us = context->now_us,
    };
    load_promotions(tx, cart, promotions, terms);
    return RESULT_OK;
}
