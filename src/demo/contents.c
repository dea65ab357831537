/*
 * Products come from products.csv, in the form that `souk import` reads; the rest is in the tables below.
 */
#include "demo/contents.h"

#include "souk/catalog/v1/catalog.souk.h"
#include "souk/inventory/v1/inventory.souk.h"
#include "souk/pricing/v1/pricing.souk.h"

/* The file, as it is in the source tree. */
__asm__(".section .rodata\n"
        ".global demo_products\n"
        ".global demo_products_end\n"
        "demo_products:\n"
        ".incbin \"src/demo/products.csv\"\n"
        "demo_products_end:\n"
        ".byte 0\n"
        ".previous\n");
extern const char demo_products[], demo_products_end[];

/* --- tables -------------------------------------------------------------------------------------------------------- */

/* Included in the price in Europe, added to it in the United States. */
static const struct {
    const char *name, *country, *region, *category;
    int64_t rate_ppm;
    bool included;
} tax_rates[] = {
    {"USt. 19 %", "DE", "", "", 190000, true},       {"USt. 7 %", "DE", "", "books", 70000, true},
    {"USt. 7 %", "DE", "", "food", 70000, true},     {"USt. 20 %", "AT", "", "", 200000, true},
    {"USt. 10 %", "AT", "", "books", 100000, true},  {"USt. 10 %", "AT", "", "food", 100000, true},
    {"TVA 20 %", "FR", "", "", 200000, true},        {"TVA 5,5 %", "FR", "", "books", 55000, true},
    {"TVA 5,5 %", "FR", "", "food", 55000, true},    {"IVA 22 %", "IT", "", "", 220000, true},
    {"IVA 4 %", "IT", "", "books", 40000, true},     {"IVA 21 %", "ES", "", "", 210000, true},
    {"IVA 4 %", "ES", "", "books", 40000, true},     {"Btw 21 %", "NL", "", "", 210000, true},
    {"Btw 9 %", "NL", "", "food", 90000, true},      {"TVA 21 %", "BE", "", "", 210000, true},
    {"VAT 23 %", "IE", "", "", 230000, true},        {"VAT 0 %", "IE", "", "books", 0, true},
    {"VAT 23 %", "PL", "", "", 230000, true},        {"Moms 25 %", "DK", "", "", 250000, true},
    {"Moms 25 %", "SE", "", "", 250000, true},       {"Sales tax 7.25 %", "US", "CA", "", 72500, false},
    {"Sales tax 4 %", "US", "NY", "", 40000, false}, {"Sales tax 6.25 %", "US", "TX", "", 62500, false},
    {"Sales tax 6.5 %", "US", "WA", "", 65000, false}, {"Sales tax 6 %", "US", "FL", "", 60000, false},
};

static const char *const europe[] = {"AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU",
                                     "IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK"};
static const char *const america[] = {"US", "CA"};
static const char *const germany[] = {"DE"};

/* A rate is in both currencies, at the same number of minor units. */
struct rate {
    int64_t amount, max_weight_grams, free_from_amount;
};
struct zone {
    const char *const *countries;
    size_t country_count; /* 0: everywhere else */
    struct rate rates[2];
    size_t rate_count;
};
#define COUNTRIES(list) list, sizeof list / sizeof *list
static const struct {
    const char *name;
    struct zone zones[3];
    size_t zone_count;
} shipping_methods[] = {
    {"Standard, 3 to 5 days",
     {{COUNTRIES(europe), {{490, 2000, 8000}, {890, 0, 12000}}, 2},
      {COUNTRIES(america), {{990, 2000, 15000}, {1990, 0, 0}}, 2},
      {NULL, 0, {{1490, 2000, 0}, {2990, 0, 0}}, 2}},
     3},
    {"Express, next working day", {{COUNTRIES(europe), {{1290, 5000, 0}, {2490, 0, 0}}, 2}, {COUNTRIES(america), {{2990, 5000, 0}}, 1}}, 2},
    {"Collect it from the workshop", {{COUNTRIES(germany), {{0, 0, 0}}, 1}}, 1},
};

static const struct {
    const char *name, *code;
    Pricing__PromotionKind kind;
    int64_t percent_ppm, amount, minimum_subtotal;
} promotions[] = {
    {"Ten per cent off your first order", "WELCOME10", PRICING__PROMOTION_KIND__PROMOTION_KIND_PERCENT, 100000, 0, 0},
    {"Five off from forty", "FIVER", PRICING__PROMOTION_KIND__PROMOTION_KIND_AMOUNT, 0, 500, 4000},
    {"Free shipping", "SHIPIT", PRICING__PROMOTION_KIND__PROMOTION_KIND_FREE_SHIPPING, 0, 0, 2500},
};

/* What is not said here is optimistic. Few and dear: held from the cart on. Seasonal: held once it gets scarce. */
static const struct {
    const char *sku;
    Inventory__StockStrategy strategy;
    int64_t safety_stock, oversell_limit, reorder_point;
} stock_rules[] = {
#define HELD INVENTORY__STOCK_STRATEGY__STOCK_STRATEGY_PESSIMISTIC
#define SEASONAL INVENTORY__STOCK_STRATEGY__STOCK_STRATEGY_ADAPTIVE
#define PLENTY INVENTORY__STOCK_STRATEGY__STOCK_STRATEGY_OPTIMISTIC
    {"FLARUG-BRI-7014", HELD, 0, 0, 2},   {"FLARUG-BRI-1402", HELD, 0, 0, 2},  {"FLARUG-SLA-7014", HELD, 0, 0, 2},
    {"FLARUG-SLA-1402", HELD, 0, 0, 2},   {"REALAM-MUS", HELD, 0, 0, 3},       {"REALAM-SAG", HELD, 0, 0, 3},
    {"REALAM-CHA", HELD, 0, 0, 3},        {"SLACHA-WAL", HELD, 1, 0, 2},       {"SLACHA-SAG", HELD, 1, 0, 2},
    {"FISSWE-NAV-M", SEASONAL, 0, 0, 5},  {"FISSWE-NAV-L", SEASONAL, 0, 0, 5}, {"FISSWE-CRE-M", SEASONAL, 0, 0, 5},
    {"FISSWE-CRE-L", SEASONAL, 0, 0, 5},  {"CHOJAC-COB-M", SEASONAL, 0, 0, 5}, {"CHOJAC-COB-L", SEASONAL, 0, 0, 5},
    {"OATSOA", PLENTY, 0, 200, 40},       {"SEASOA", PLENTY, 0, 200, 40},      {"MORMUG-CLA", PLENTY, 2, 50, 20},
};

/* --- as requests --------------------------------------------------------------------------------------------------- */

static const char *const currencies[] = {"EUR", "USD"};
#define CURRENCY_COUNT (sizeof currencies / sizeof *currencies)

struct contents {
    struct arena *arena;
    struct demo_request *requests;
    size_t count;
};

static void add(struct contents *contents, const struct method_declaration *method, const ProtobufCMessage *message)
{
    ARENA_ROOM(contents->arena, contents->requests, contents->count);
    contents->requests[contents->count++] = (struct demo_request){method, message};
}

static void add_tax_rate(struct contents *contents, size_t index)
{
    Pricing__CreateTaxRateRequest *request = ARENA_NEW(contents->arena, Pricing__CreateTaxRateRequest);
    Pricing__TaxRate *rate = ARENA_NEW(contents->arena, Pricing__TaxRate);
    pricing__create_tax_rate_request__init(request);
    pricing__tax_rate__init(rate);
    rate->name = tax_rates[index].name;
    rate->country = tax_rates[index].country;
    rate->region = tax_rates[index].region;
    rate->tax_category = tax_rates[index].category;
    rate->rate_ppm = tax_rates[index].rate_ppm;
    rate->included = tax_rates[index].included;
    rate->on_shipping = tax_rates[index].included;
    request->tax_rate = rate;
    add(contents, &pricing__pricing_service__create_tax_rate__method, &request->base);
}

static Pricing__ShippingZone *zone_of(struct arena *arena, const struct zone *zone)
{
    Pricing__ShippingZone *made = ARENA_NEW(arena, Pricing__ShippingZone);
    pricing__shipping_zone__init(made);
    made->n_countries = zone->country_count;
    made->countries = ARENA_ARRAY(arena, const char *, zone->country_count);
    for (size_t i = 0; i < zone->country_count; i++)
        made->countries[i] = zone->countries[i];
    made->rates = ARENA_ARRAY(arena, Pricing__ShippingRate *, zone->rate_count * CURRENCY_COUNT);
    for (size_t i = 0; i < zone->rate_count * CURRENCY_COUNT; i++) {
        const struct rate *from = &zone->rates[i / CURRENCY_COUNT];
        Pricing__ShippingRate *rate = made->rates[made->n_rates++] = ARENA_NEW(arena, Pricing__ShippingRate);
        pricing__shipping_rate__init(rate);
        rate->amount = from->amount;
        rate->currency = currencies[i % CURRENCY_COUNT];
        rate->max_weight_grams = from->max_weight_grams;
        rate->free_from_amount = from->free_from_amount;
    }
    return made;
}

static void add_shipping_method(struct contents *contents, size_t index)
{
    struct arena *arena = contents->arena;
    Pricing__CreateShippingMethodRequest *request = ARENA_NEW(arena, Pricing__CreateShippingMethodRequest);
    Pricing__ShippingMethod *method = ARENA_NEW(arena, Pricing__ShippingMethod);
    pricing__create_shipping_method_request__init(request);
    pricing__shipping_method__init(method);
    method->name = shipping_methods[index].name;
    method->zones = ARENA_ARRAY(arena, Pricing__ShippingZone *, shipping_methods[index].zone_count);
    for (size_t i = 0; i < shipping_methods[index].zone_count; i++)
        method->zones[method->n_zones++] = zone_of(arena, &shipping_methods[index].zones[i]);
    request->shipping_method = method;
    add(contents, &pricing__pricing_service__create_shipping_method__method, &request->base);
}

/* The same number of minor units in each currency; none for 0. */
static Common__Money **in_each_currency(struct arena *arena, int64_t amount, size_t *count)
{
    Common__Money **moneys = ARENA_ARRAY(arena, Common__Money *, CURRENCY_COUNT);
    for (*count = 0; amount > 0 && *count < CURRENCY_COUNT; (*count)++) {
        Common__Money *money = moneys[*count] = ARENA_NEW(arena, Common__Money);
        common__money__init(money);
        money->amount = amount;
        money->currency = currencies[*count];
    }
    return moneys;
}

static void add_promotion(struct contents *contents, size_t index)
{
    struct arena *arena = contents->arena;
    Pricing__CreatePromotionRequest *request = ARENA_NEW(arena, Pricing__CreatePromotionRequest);
    Pricing__Promotion *promotion = ARENA_NEW(arena, Pricing__Promotion);
    pricing__create_promotion_request__init(request);
    pricing__promotion__init(promotion);
    promotion->name = promotions[index].name;
    promotion->code = promotions[index].code;
    promotion->kind = promotions[index].kind;
    promotion->percent_ppm = promotions[index].percent_ppm;
    promotion->amounts = in_each_currency(arena, promotions[index].amount, &promotion->n_amounts);
    promotion->minimum_subtotals =
        in_each_currency(arena, promotions[index].minimum_subtotal, &promotion->n_minimum_subtotals);
    request->promotion = promotion;
    add(contents, &pricing__pricing_service__create_promotion__method, &request->base);
}

static void add_products(struct contents *contents)
{
    size_t length = (size_t)(demo_products_end - demo_products);
    Catalog__ImportProductsRequest *request = ARENA_NEW(contents->arena, Catalog__ImportProductsRequest);
    catalog__import_products_request__init(request);
    request->file.data = (uint8_t *)arena_strndup(contents->arena, demo_products, length);
    request->file.len = length;
    request->currency = "EUR";
    add(contents, &catalog__catalog_service__import_products__method, &request->base);
}

static void add_stock_rule(struct contents *contents, size_t index)
{
    struct arena *arena = contents->arena;
    static const char *const fields[] = {"strategy", "safety_stock", "oversell_limit", "reorder_point"};
    Inventory__UpdateStockRequest *request = ARENA_NEW(arena, Inventory__UpdateStockRequest);
    Inventory__Stock *stock = ARENA_NEW(arena, Inventory__Stock);
    Google__Protobuf__FieldMask *mask = ARENA_NEW(arena, Google__Protobuf__FieldMask);
    inventory__update_stock_request__init(request);
    inventory__stock__init(stock);
    google__protobuf__field_mask__init(mask);
    stock->strategy = stock_rules[index].strategy;
    stock->safety_stock = stock_rules[index].safety_stock;
    stock->oversell_limit = stock_rules[index].oversell_limit;
    stock->reorder_point = stock_rules[index].reorder_point;
    mask->n_paths = sizeof fields / sizeof *fields;
    mask->paths = ARENA_ARRAY(arena, char *, mask->n_paths);
    for (size_t i = 0; i < mask->n_paths; i++)
        mask->paths[i] = arena_strdup(arena, fields[i]);
    request->sku = stock_rules[index].sku;
    request->stock = stock;
    request->update_mask = mask;
    add(contents, &inventory__inventory_service__update_stock__method, &request->base);
}

struct demo_request *demo_contents(struct arena *arena, size_t *count)
{
    struct contents contents = {.arena = arena};
    for (size_t i = 0; i < sizeof tax_rates / sizeof *tax_rates; i++)
        add_tax_rate(&contents, i);
    for (size_t i = 0; i < sizeof shipping_methods / sizeof *shipping_methods; i++)
        add_shipping_method(&contents, i);
    for (size_t i = 0; i < sizeof promotions / sizeof *promotions; i++)
        add_promotion(&contents, i);
    add_products(&contents);
    for (size_t i = 0; i < sizeof stock_rules / sizeof *stock_rules; i++)
        add_stock_rule(&contents, i);
    *count = contents.count;
    return contents.requests;
}
