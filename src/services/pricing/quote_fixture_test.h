/*
 * For tests of quotes: terms that are built line by line.
 */
#ifndef SOUK_SERVICES_PRICING_QUOTE_FIXTURE_TEST_H
#define SOUK_SERVICES_PRICING_QUOTE_FIXTURE_TEST_H

#include "base/assert.h"
#include "base/money.h"
#include "services/pricing/quote.h"

#include <stdbool.h>
#include <string.h>

#define FIXTURE_MAX 64
#define FIXTURE_NOW_US 1800000000000000 /* some time in 2027 */

struct fixture {
    struct arena *arena;
    Pricing__QuoteCartRequest cart;
    Common__Address address;
    Pricing__QuoteLine *lines[FIXTURE_MAX];
    Pricing__Prices *prices[FIXTURE_MAX];
    const char *coupons[FIXTURE_MAX];
    Pricing__PriceList *price_lists[FIXTURE_MAX];
    Pricing__Promotion *promotions[FIXTURE_MAX];
    Pricing__TaxRate *tax_rates[FIXTURE_MAX];
    Pricing__ShippingMethod *methods[FIXTURE_MAX];
    struct quote_terms terms;
};

#define FIXTURE_NEW(fixture, type, init)                                                                 \
    __extension__({                                                                                      \
        type *made_ = ARENA_NEW((fixture)->arena, type);                                                 \
        init(made_);                                                                                     \
        made_;                                                                                           \
    })

static inline void fixture_init(struct fixture *fixture, struct arena *arena, const char *currency)
{
    *fixture = (struct fixture){.arena = arena};
    pricing__quote_cart_request__init(&fixture->cart);
    common__address__init(&fixture->address);
    fixture->cart.currency = currency;
    fixture->cart.lines = fixture->lines;
    fixture->cart.coupons = fixture->coupons;
    fixture->terms = (struct quote_terms){
        .cart = &fixture->cart,
        .prices = fixture->prices,
        .price_lists = fixture->price_lists,
        .promotions = fixture->promotions,
        .tax_rates = fixture->tax_rates,
        .shipping_methods = fixture->methods,
        .now_us = FIXTURE_NOW_US,
    };
}

static inline void fixture_ship_to(struct fixture *fixture, const char *country, const char *region)
{
    fixture->address.country = country;
    fixture->address.region = region;
    fixture->cart.shipping_address = &fixture->address;
}

static inline Pricing__Price *fixture_price(struct fixture *fixture, const char *sku, int64_t amount, int64_t min_quantity,
                                            const char *list)
{
    Pricing__Price *price = FIXTURE_NEW(fixture, Pricing__Price, pricing__price__init);
    price->amount = amount;
    price->currency = fixture->cart.currency;
    price->min_quantity = min_quantity;
    price->price_list = list;
    for (size_t i = 0; i < fixture->cart.n_lines; i++) {
        Pricing__Prices *prices = fixture->prices[i];
        if (strcmp(fixture->lines[i]->sku, sku) != 0)
            continue;
        if (prices == NULL) {
            prices = fixture->prices[i] = FIXTURE_NEW(fixture, Pricing__Prices, pricing__prices__init);
            prices->sku = sku;
            prices->prices = ARENA_ARRAY(fixture->arena, Pricing__Price *, FIXTURE_MAX);
        }
        ASSERT(prices->n_prices < FIXTURE_MAX);
        prices->prices[prices->n_prices++] = price;
    }
    return price;
}

/* A line of one SKU; a negative amount leaves it without a price. */
static inline Pricing__QuoteLine *fixture_line(struct fixture *fixture, const char *sku, int64_t quantity, int64_t amount)
{
    Pricing__QuoteLine *line = FIXTURE_NEW(fixture, Pricing__QuoteLine, pricing__quote_line__init);
    ASSERT(fixture->cart.n_lines < FIXTURE_MAX);
    line->id = sku;
    line->sku = sku;
    line->quantity = quantity;
    fixture->lines[fixture->cart.n_lines++] = line;
    if (amount >= 0)
        fixture_price(fixture, sku, amount, 0, "");
    return line;
}

static inline Common__Money *fixture_money(struct fixture *fixture, int64_t amount, const char *currency)
{
    Common__Money *money = FIXTURE_NEW(fixture, Common__Money, common__money__init);
    money->amount = amount;
    money->currency = currency;
    return money;
}

/* `worth` is a part of a million, or an amount in the cart's currency. */
static inline Pricing__Promotion *fixture_promotion(struct fixture *fixture, Pricing__PromotionKind kind, int64_t worth,
                                                    const char *code)
{
    Pricing__Promotion *promotion = FIXTURE_NEW(fixture, Pricing__Promotion, pricing__promotion__init);
    size_t number = fixture->terms.promotion_count;
    ASSERT(number < FIXTURE_MAX);
    promotion->id = arena_printf(fixture->arena, "promotion-%02zu", number);
    promotion->name = "Less";
    promotion->code = code;
    promotion->kind = kind;
    if (kind == PRICING__PROMOTION_KIND__PROMOTION_KIND_PERCENT) {
        promotion->percent_ppm = worth;
    } else if (kind == PRICING__PROMOTION_KIND__PROMOTION_KIND_AMOUNT) {
        promotion->amounts = ARENA_ARRAY(fixture->arena, Common__Money *, 1);
        promotion->amounts[0] = fixture_money(fixture, worth, fixture->cart.currency);
        promotion->n_amounts = 1;
    }
    fixture->promotions[fixture->terms.promotion_count++] = promotion;
    return promotion;
}

static inline void fixture_minimum(struct fixture *fixture, Pricing__Promotion *promotion, int64_t amount, const char *currency)
{
    promotion->minimum_subtotals = ARENA_ARRAY(fixture->arena, Common__Money *, 1);
    promotion->minimum_subtotals[0] = fixture_money(fixture, amount, currency);
    promotion->n_minimum_subtotals = 1;
}

static inline void fixture_only_sku(struct fixture *fixture, Pricing__Promotion *promotion, const char *sku)
{
    promotion->skus = ARENA_ARRAY(fixture->arena, const char *, 1);
    promotion->skus[0] = sku;
    promotion->n_skus = 1;
}

static inline void fixture_coupon(struct fixture *fixture, const char *code)
{
    fixture->coupons[fixture->cart.n_coupons++] = code;
}

static inline Pricing__TaxRate *fixture_tax(struct fixture *fixture, const char *country, const char *region,
                                            const char *category, int64_t rate_ppm, bool included)
{
    Pricing__TaxRate *rate = FIXTURE_NEW(fixture, Pricing__TaxRate, pricing__tax_rate__init);
    ASSERT(fixture->terms.tax_rate_count < FIXTURE_MAX);
    rate->name = arena_printf(fixture->arena, "%s%s%s %lld", country, region, category, (long long)rate_ppm);
    rate->country = country;
    rate->region = region;
    rate->tax_category = category;
    rate->rate_ppm = rate_ppm;
    rate->included = included;
    rate->on_shipping = true;
    fixture->tax_rates[fixture->terms.tax_rate_count++] = rate;
    return rate;
}

static inline Pricing__ShippingMethod *fixture_method(struct fixture *fixture, const char *id)
{
    Pricing__ShippingMethod *method = FIXTURE_NEW(fixture, Pricing__ShippingMethod, pricing__shipping_method__init);
    method->id = id;
    method->name = arena_printf(fixture->arena, "By %s", id);
    method->zones = ARENA_ARRAY(fixture->arena, Pricing__ShippingZone *, 8);
    fixture->methods[fixture->terms.shipping_method_count++] = method;
    return method;
}

/* A zone of one country, or of all others with NULL. */
static inline Pricing__ShippingZone *fixture_zone(struct fixture *fixture, Pricing__ShippingMethod *method, const char *country)
{
    Pricing__ShippingZone *zone = FIXTURE_NEW(fixture, Pricing__ShippingZone, pricing__shipping_zone__init);
    if (country != NULL) {
        zone->countries = ARENA_ARRAY(fixture->arena, const char *, 1);
        zone->countries[0] = country;
        zone->n_countries = 1;
    }
    zone->rates = ARENA_ARRAY(fixture->arena, Pricing__ShippingRate *, 8);
    ASSERT(method->n_zones < 8);
    method->zones[method->n_zones++] = zone;
    return zone;
}

static inline Pricing__ShippingRate *fixture_rate(struct fixture *fixture, Pricing__ShippingZone *zone, int64_t amount,
                                                  int64_t max_weight_grams, int64_t free_from)
{
    Pricing__ShippingRate *rate = FIXTURE_NEW(fixture, Pricing__ShippingRate, pricing__shipping_rate__init);
    rate->amount = amount;
    rate->currency = fixture->cart.currency;
    rate->max_weight_grams = max_weight_grams;
    rate->free_from_amount = free_from;
    ASSERT(zone->n_rates < 8);
    zone->rates[zone->n_rates++] = rate;
    return rate;
}

/* The one method, for everywhere, chosen. */
static inline void fixture_flat_shipping(struct fixture *fixture, int64_t amount)
{
    fixture_rate(fixture, fixture_zone(fixture, fixture_method(fixture, "post"), NULL), amount, 0, 0);
    fixture->cart.shipping_method = "post";
}

#endif
