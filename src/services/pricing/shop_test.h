/*
 * For the tests of pricing: its operations in short, in a world of their own.
 */
#ifndef SOUK_SERVICES_PRICING_SHOP_TEST_H
#define SOUK_SERVICES_PRICING_SHOP_TEST_H

#include "platform/service/handler_world_test.h"
#include "services/pricing/pricing.h"
#include "services/pricing/pricing_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#define METHOD(name) (&pricing__pricing_service__##name##__method)
#define PERCENT PRICING__PROMOTION_KIND__PROMOTION_KIND_PERCENT
#define AMOUNT PRICING__PROMOTION_KIND__PROMOTION_KIND_AMOUNT
#define FREE_SHIPPING PRICING__PROMOTION_KIND__PROMOTION_KIND_FREE_SHIPPING

/* The test's world, made and verified around each test: check, hash chain, and tables that come out the same when computed again. */
static struct handler_world *world;

static inline int shop_open(void **state)
{
    (void)state;
    world = handler_world_new(&pricing_service);
    return 0;
}
static inline int shop_close(void **state)
{
    (void)state;
    handler_world_verify(world);
    handler_world_free(world);
    return 0;
}
#define shop_test(function) cmocka_unit_test_setup_teardown(function, shop_open, shop_close)

#define SHOP_NEW(type, init)                                                                             \
    __extension__({                                                                                      \
        type *made_ = ARENA_NEW(world->arena, type);                                                     \
        init(made_);                                                                                     \
        made_;                                                                                           \
    })

/* The last call was refused, with this violation at its head. */
static inline void assert_violation(const char *pointer, const char *code)
{
    assert_non_null(world->problem.violations);
    assert_string_equal(world->problem.violations->pointer, pointer);
    assert_string_equal(world->problem.violations->code, code);
}

/* --- prices --- */

struct price_row {
    int64_t amount;
    const char *currency;
    int64_t min_quantity;
    const char *list;
};
static inline enum result set_prices_of(const char *sku, const struct price_row *rows, size_t count)
{
    Pricing__SetPricesRequest request = PRICING__SET_PRICES_REQUEST__INIT;
    request.sku = sku;
    request.prices = ARENA_ARRAY(world->arena, Pricing__Price *, count);
    for (size_t i = 0; i < count; i++) {
        Pricing__Price *price = request.prices[request.n_prices++] = SHOP_NEW(Pricing__Price, pricing__price__init);
        price->amount = rows[i].amount;
        price->currency = rows[i].currency;
        price->min_quantity = rows[i].min_quantity;
        price->price_list = rows[i].list ? rows[i].list : "";
    }
    return handler_world_call(world, METHOD(set_prices), &request.base, NULL);
}
#define SET_PRICES(sku, ...)                                                                             \
    set_prices_of((sku), (const struct price_row[]){__VA_ARGS__},                                        \
                  sizeof((const struct price_row[]){__VA_ARGS__}) / sizeof(struct price_row))

/* NULL when they are refused. */
static inline const Pricing__Prices *prices_of(const char *sku)
{
    Pricing__GetPricesRequest request = PRICING__GET_PRICES_REQUEST__INIT;
    request.sku = sku;
    const ProtobufCMessage *answer;
    handler_world_call(world, METHOD(get_prices), &request.base, &answer);
    return (const Pricing__Prices *)answer;
}

/* --- promotions --- */

static inline Common__Money *money_of(int64_t amount, const char *currency)
{
    Common__Money *money = SHOP_NEW(Common__Money, common__money__init);
    money->amount = amount;
    money->currency = currency;
    return money;
}

static inline Pricing__Promotion *ten_percent(const char *code)
{
    Pricing__Promotion *promotion = SHOP_NEW(Pricing__Promotion, pricing__promotion__init);
    promotion->name = "Ten percent";
    promotion->code = code;
    promotion->kind = PERCENT;
    promotion->percent_ppm = 100000;
    return promotion;
}

static inline enum result create_promotion(Pricing__Promotion *promotion, const Pricing__Promotion **created)
{
    Pricing__CreatePromotionRequest request = PRICING__CREATE_PROMOTION_REQUEST__INIT;
    request.promotion = promotion;
    const ProtobufCMessage *answer;
    enum result result = handler_world_call(world, METHOD(create_promotion), &request.base, &answer);
    if (created != NULL)
        *created = (const Pricing__Promotion *)answer;
    return result;
}

static inline const Pricing__Promotion *promotion_of(const char *id)
{
    Pricing__GetPromotionRequest request = PRICING__GET_PROMOTION_REQUEST__INIT;
    request.id = id;
    const ProtobufCMessage *answer;
    handler_world_call(world, METHOD(get_promotion), &request.base, &answer);
    return (const Pricing__Promotion *)answer;
}

/* Change the one field that `path` names, or all with "*". */
static inline enum result update_promotion(const char *id, Pricing__Promotion *promotion, char *path)
{
    Google__Protobuf__FieldMask mask = GOOGLE__PROTOBUF__FIELD_MASK__INIT;
    mask.paths = &path;
    mask.n_paths = 1;
    Pricing__UpdatePromotionRequest request = PRICING__UPDATE_PROMOTION_REQUEST__INIT;
    request.id = id;
    request.promotion = promotion;
    request.update_mask = &mask;
    return handler_world_call(world, METHOD(update_promotion), &request.base, NULL);
}

static inline enum result delete_promotion(const char *id)
{
    Pricing__DeletePromotionRequest request = PRICING__DELETE_PROMOTION_REQUEST__INIT;
    request.id = id;
    return handler_world_call(world, METHOD(delete_promotion), &request.base, NULL);
}

static inline enum result redeem(const char *checkout, const char *code)
{
    Pricing__RedeemCouponsRequest request = PRICING__REDEEM_COUPONS_REQUEST__INIT;
    request.checkout_id = checkout;
    request.coupons = &code;
    request.n_coupons = 1;
    return handler_world_call(world, METHOD(redeem_coupons), &request.base, NULL);
}

static inline enum result give_back(const char *checkout)
{
    Pricing__ReturnCouponsRequest request = PRICING__RETURN_COUPONS_REQUEST__INIT;
    request.checkout_id = checkout;
    return handler_world_call(world, METHOD(return_coupons), &request.base, NULL);
}

/* --- price lists, tax rates, shipping methods --- */

/* Its id. */
static inline const char *price_list(const char *name, const char *channel)
{
    Pricing__PriceList *list = SHOP_NEW(Pricing__PriceList, pricing__price_list__init);
    list->name = name;
    list->channel = channel;
    Pricing__CreatePriceListRequest request = PRICING__CREATE_PRICE_LIST_REQUEST__INIT;
    request.price_list = list;
    const ProtobufCMessage *answer;
    assert_int_equal(handler_world_call(world, METHOD(create_price_list), &request.base, &answer), RESULT_OK);
    return ((const Pricing__PriceList *)answer)->id;
}

static inline const char *tax_rate(const char *country, int64_t rate_ppm, bool included)
{
    Pricing__TaxRate *rate = SHOP_NEW(Pricing__TaxRate, pricing__tax_rate__init);
    rate->name = "VAT";
    rate->country = country;
    rate->rate_ppm = rate_ppm;
    rate->included = included;
    rate->on_shipping = true;
    Pricing__CreateTaxRateRequest request = PRICING__CREATE_TAX_RATE_REQUEST__INIT;
    request.tax_rate = rate;
    const ProtobufCMessage *answer;
    assert_int_equal(handler_world_call(world, METHOD(create_tax_rate), &request.base, &answer), RESULT_OK);
    return ((const Pricing__TaxRate *)answer)->id;
}

/* A method of one zone; without a country for everywhere. */
static inline Pricing__ShippingMethod *flat_method(const char *name, const char *country, int64_t amount)
{
    Pricing__ShippingRate *rate = SHOP_NEW(Pricing__ShippingRate, pricing__shipping_rate__init);
    rate->amount = amount;
    rate->currency = "EUR";
    Pricing__ShippingZone *zone = SHOP_NEW(Pricing__ShippingZone, pricing__shipping_zone__init);
    zone->rates = ARENA_ARRAY(world->arena, Pricing__ShippingRate *, 1);
    zone->rates[zone->n_rates++] = rate;
    zone->countries = ARENA_ARRAY(world->arena, const char *, 1);
    if (country != NULL)
        zone->countries[zone->n_countries++] = country;
    Pricing__ShippingMethod *method = SHOP_NEW(Pricing__ShippingMethod, pricing__shipping_method__init);
    method->name = name;
    method->zones = ARENA_ARRAY(world->arena, Pricing__ShippingZone *, 2);
    method->zones[method->n_zones++] = zone;
    return method;
}

/* Its id; NULL when it is refused. */
static inline const char *create_method(Pricing__ShippingMethod *method)
{
    Pricing__CreateShippingMethodRequest request = PRICING__CREATE_SHIPPING_METHOD_REQUEST__INIT;
    request.shipping_method = method;
    const ProtobufCMessage *answer;
    handler_world_call(world, METHOD(create_shipping_method), &request.base, &answer);
    return answer ? ((const Pricing__ShippingMethod *)answer)->id : NULL;
}

/* --- quotes --- */

static inline Pricing__QuoteCartRequest *cart_of(const char *sku, int64_t quantity)
{
    Pricing__QuoteLine *line = SHOP_NEW(Pricing__QuoteLine, pricing__quote_line__init);
    line->id = "line";
    line->sku = sku;
    line->quantity = quantity;
    Pricing__QuoteCartRequest *cart = SHOP_NEW(Pricing__QuoteCartRequest, pricing__quote_cart_request__init);
    cart->currency = "EUR";
    cart->lines = ARENA_ARRAY(world->arena, Pricing__QuoteLine *, 1);
    cart->lines[cart->n_lines++] = line;
    cart->coupons = ARENA_ARRAY(world->arena, const char *, 4);
    cart->shipping_address = SHOP_NEW(Common__Address, common__address__init);
    cart->shipping_address->country = "DE";
    return cart;
}

static inline const Pricing__Quote *quote_of(const Pricing__QuoteCartRequest *cart)
{
    const ProtobufCMessage *answer;
    handler_world_call(world, METHOD(quote_cart), &cart->base, &answer);
    return (const Pricing__Quote *)answer;
}

#endif
