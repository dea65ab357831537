/*
 * Shipping: what a method costs for a country and a weight.
 *
 * A method has zones. The first that names the country counts; if none does, the first that names no country ("everywhere else").
 * In the zone, the first rate counts that is in the cart's currency and carries the weight. No rate: the method does not go there.
 */
#include "services/pricing/quote_internal.h"

#include "base/money.h"
#include "platform/rpc/common_types.h"

#include <stdlib.h>
#include <string.h>

bool shipping_is_needed(const struct quoting *quoting)
{
    bool physical = false;
    for (size_t i = 0; i < quoting->line_count; i++)
        physical = physical || !quoting->cart->lines[i]->digital;
    return physical && quoting->terms->shipping_method_count > 0;
}

static bool names(const Pricing__ShippingZone *zone, const char *country)
{
    for (size_t i = 0; i < zone->n_countries; i++) {
        if (strcmp(zone->countries[i], country) == 0)
            return true;
    }
    return false;
}

static const Pricing__ShippingZone *zone_of(const Pricing__ShippingMethod *method, const char *country)
{
    const Pricing__ShippingZone *elsewhere = NULL;
    for (size_t i = 0; i < method->n_zones; i++) {
        const Pricing__ShippingZone *zone = method->zones[i];
        if (names(zone, country))
            return zone;
        if (zone->n_countries == 0 && elsewhere == NULL)
            elsewhere = zone;
    }
    return elsewhere;
}

/* NULL when the method does not go there. */
static const Pricing__ShippingRate *rate_of(const struct quoting *quoting, const Pricing__ShippingMethod *method,
                                            int64_t weight_grams)
{
    const Common__Address *address = quoting->cart->shipping_address;
    const Pricing__ShippingZone *zone = method->disabled || address == NULL ? NULL : zone_of(method, address->country);
    for (size_t i = 0; zone != NULL && i < zone->n_rates; i++) {
        const Pricing__ShippingRate *rate = zone->rates[i];
        if (strcmp(rate->currency, quoting->cart->currency) == 0 &&
            (rate->max_weight_grams == 0 || weight_grams <= rate->max_weight_grams))
            return rate;
    }
    return NULL;
}

static bool weight_of(const Pricing__QuoteCartRequest *cart, int64_t *weight_grams)
{
    *weight_grams = 0;
    for (size_t i = 0; i < cart->n_lines; i++) {
        const Pricing__QuoteLine *line = cart->lines[i];
        int64_t of_line = 0;
        if (!line->digital && !(money_multiply(line->weight_grams, line->quantity, &of_line) &&
                                money_add(*weight_grams, of_line, weight_grams)))
            return false;
    }
    return true;
}

/* What a rate costs for goods of this much, their discounts taken off. */
static int64_t price_of(const Pricing__ShippingRate *rate, int64_t goods)
{
    return rate->free_from_amount > 0 && goods >= rate->free_from_amount ? 0 : rate->amount;
}

bool shipping_price(struct quoting *quoting)
{
    const struct quote_terms *terms = quoting->terms;
    int64_t weight_grams, goods;
    if (!weight_of(quoting->cart, &weight_grams) || !quoting_sum(quoting, quoting->left, &goods))
        return false;
    for (size_t i = 0; quoting->quote->needs_shipping && i < terms->shipping_method_count; i++) {
        const Pricing__ShippingMethod *method = terms->shipping_methods[i];
        if (strcmp(method->id, quoting->cart->shipping_method) != 0)
            continue;
        const Pricing__ShippingRate *rate = rate_of(quoting, method, weight_grams);
        if (rate == NULL)
            return true;
        quoting->quote->shipping_method_name = method->name;
        quoting->quote->shipping = price_of(rate, goods);
    }
    return true;
}

static int compare_options(const void *a, const void *b)
{
    const Pricing__ShippingOption *one = *(Pricing__ShippingOption *const *)a;
    const Pricing__ShippingOption *other = *(Pricing__ShippingOption *const *)b;
    if (one->price->amount != other->price->amount)
        return one->price->amount < other->price->amount ? -1 : 1;
    return strcmp(one->id, other->id);
}

static Pricing__ShippingOption *option_new(const struct quoting *quoting, const Pricing__ShippingMethod *method, int64_t amount)
{
    Pricing__ShippingOption *option = ARENA_NEW(quoting->arena, Pricing__ShippingOption);
    pricing__shipping_option__init(option);
    option->id = method->id;
    option->name = method->name;
    option->price = money_message(quoting->arena, amount, quoting->cart->currency);
    return option;
}

bool shipping_options(struct quoting *quoting, Pricing__QuoteShippingResponse *answer)
{
    const struct quote_terms *terms = quoting->terms;
    int64_t weight_grams, goods;
    if (!weight_of(quoting->cart, &weight_grams) || !quoting_sum(quoting, quoting->left, &goods))
        return false;
    bool free_for_all = discount_makes_shipping_free(quoting);
    answer->items = ARENA_ARRAY(quoting->arena, Pricing__ShippingOption *, terms->shipping_method_count);
    for (size_t i = 0; quoting->quote->needs_shipping && i < terms->shipping_method_count; i++) {
        const Pricing__ShippingRate *rate = rate_of(quoting, terms->shipping_methods[i], weight_grams);
        if (rate == NULL)
            continue;
        int64_t amount = free_for_all ? 0 : price_of(rate, goods);
        answer->items[answer->n_items++] = option_new(quoting, terms->shipping_methods[i], amount);
    }
    qsort(answer->items, answer->n_items, sizeof *answer->items, compare_options);
    return true;
}
