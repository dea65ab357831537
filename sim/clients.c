/*
 * An intent is what somebody wants done: one request under one key, sent until it is known what became of it. Everything a client remembers
 * lives in one arena for the whole run.
 */
#include "sim/clients_internal.h"

#include "souk/catalog/v1/catalog.souk.h"
#include "souk/inventory/v1/inventory.souk.h"
#include "souk/order/v1/order.souk.h"
#include "souk/pricing/v1/pricing.souk.h"

const char *const clients_skus[] = {"MUG", "TEE", "CAP", "EBOOK", "SET", ""};
const char *const clients_coupons[COUPON_COUNT] = {"WELCOME", "SPRING", "FRIENDS", "SORRY", "GIFT"};

/* What somebody wants done. */
struct intent {
    struct clients *clients;
    const struct method_declaration *method;
    const ProtobufCMessage *message;
    const char *key;
    bool staff, by_http;
    unsigned tries_left; /* 0 at the start: until it is known */
    bool forever;
    void (*done)(void *data, const struct reply *reply); /* once; not arrived: given up */
    void *data;
    bool over;
};

/* --- the same key, the same answer --- */

struct memory {
    const struct method_declaration *method;
    const char *key;
    bool by_http; /* where it is the same octets */
    enum result result;
    struct text packed;
    struct memory *next;
};

/* It is known what became of it. */
static bool is_final(const struct reply *reply)
{
    if (!reply->arrived || reply->location || reply->result == RESULT_REQUEST_IN_PROGRESS)
        return false;
    return result_row(reply->result)->http_status < 499;
}

/* What is remembered under a key: success, and refusals that speak of the state of things. */
static bool is_kept(const struct reply *reply)
{
    return is_final(reply) && result_row(reply->result)->http_status != 400;
}

static bool says_the_same(const struct memory *memory, const struct reply *reply)
{
    return memory->result == reply->result && memory->packed.length == reply->packed.length &&
           memcmp(memory->packed.at, reply->packed.at, reply->packed.length) == 0;
}

static void remember(const struct intent *intent, const struct reply *reply)
{
    struct clients *clients = intent->clients;
    const struct method_declaration *method = intent->method;
    const char *key = intent->key;
    struct memory *memory = clients->memories;
    while (memory && !(memory->method == method && memory->by_http == intent->by_http && strcmp(memory->key, key) == 0))
        memory = memory->next;
    if (memory) {
        if (!says_the_same(memory, reply))
            verdict_broken(clients->verdict, "the same key, the same answer: %s with key \"%s\" said %s, now %s%s", method->name,
                           key, result_row(memory->result)->wire, result_row(reply->result)->wire,
                           memory->result == reply->result ? ", with another content" : "");
        return;
    }
    memory = ARENA_NEW(clients->arena, struct memory);
    *memory = (struct memory){
        .method = method,
        .key = key,
        .by_http = intent->by_http,
        .result = reply->result,
        .packed = {arena_strndup(clients->arena, reply->packed.at, reply->packed.length), reply->packed.length},
        .next = clients->memories,
    };
    clients->memories = memory;
}

/* --- intents --- */

static void intent_send(void *data);

static void on_reply(void *data, const struct reply *reply)
{
    struct intent *intent = data;
    struct clients *clients = intent->clients;
    bool final = is_final(reply);
    if (is_kept(reply) && *intent->key)
        remember(intent, reply);
    if (intent->over)
        return; /* the twin's answer */
    if (final || (reply->arrived && reply->location) || (!intent->forever && --intent->tries_left == 0)) {
        intent->over = true;
        clients->waiting--;
        intent->done(intent->data, reply);
        return;
    }
    world_after(clients->loop, random_between(chance(clients), 10000, 2000000), intent_send, intent);
}

static void intent_send(void *data)
{
    struct intent *intent = data;
    struct clients *clients = intent->clients;
    struct request request = {
        .method = intent->method,
        .message = intent->message,
        .key = intent->key,
        .staff = intent->staff,
        .by_http = intent->by_http,
        .patience_us = random_between(chance(clients), 200000, 12000000),
        .done = on_reply,
        .data = intent,
    };
    network_send(clients->network, &request);
}

void want(struct clients *clients, const struct method_declaration *method, const ProtobufCMessage *message, const char *key, bool staff,
          unsigned tries, void (*done)(void *data, const struct reply *reply), void *data)
{
    struct intent *intent = ARENA_NEW(clients->arena, struct intent);
    bool by_http = method->http_count > 0 && random_chance(chance(clients), clients->temper.by_http_per_million);
    if (by_http && strcmp(method->http->verb, "GET") == 0)
        key = ""; /* what changes nothing needs none */
    *intent = (struct intent){
        .clients = clients,
        .method = method,
        .message = message_unpack(clients->arena, message->descriptor, message_pack(clients->arena, message)),
        .key = key,
        .staff = staff,
        .by_http = by_http,
        .tries_left = tries,
        .forever = tries == 0,
        .done = done,
        .data = data,
    };
    clients->waiting++;
    intent_send(intent);
    if (*key && random_chance(chance(clients), clients->temper.twice_per_million))
        intent_send(intent);
}

/* --- stock that comes and goes --- */

struct adjustment {
    struct clients *clients;
    unsigned sku;
    int64_t delta;
    void (*done)(void *data, const struct reply *reply);
    void *data;
};

static void on_adjusted(void *data, const struct reply *reply)
{
    struct adjustment *adjustment = data;
    if (reply->result == RESULT_OK)
        adjustment->clients->delivered[adjustment->sku] += adjustment->delta;
    adjustment->done(adjustment->data, reply);
}

void clients_adjust_stock(struct clients *clients, unsigned sku, int64_t delta, void (*done)(void *data, const struct reply *reply),
                          void *data)
{
    Inventory__AdjustStockRequest request = INVENTORY__ADJUST_STOCK_REQUEST__INIT;
    struct adjustment *adjustment = ARENA_NEW(clients->arena, struct adjustment);
    *adjustment = (struct adjustment){clients, sku, delta, done, data};
    request.sku = clients_skus[sku];
    request.delta = delta;
    request.reason = delta < 0 ? "count" : "delivery";
    want(clients, &inventory__inventory_service__adjust_stock__method, &request.base, new_key(clients), true, 0, on_adjusted, adjustment);
}

int64_t clients_delivered(const struct clients *clients, unsigned sku)
{
    return clients->delivered[sku];
}

/* --- orders that somebody has seen --- */

static struct known_order *known_order_find(const struct clients *clients, const char *id)
{
    struct known_order *known = clients->orders;
    while (known && strcmp(known->order->id, id) != 0)
        known = known->next;
    return known;
}

void clients_learn(struct clients *clients, const Order__Order *order)
{
    struct known_order *known = known_order_find(clients, order->id);
    if (known && known->order->version >= order->version)
        return;
    if (!known) {
        known = ARENA_NEW(clients->arena, struct known_order);
        known->next = clients->orders;
        clients->orders = known;
        clients->known_count++;
    }
    known->order = (const Order__Order *)message_unpack(clients->arena, &order__order__descriptor,
                                                        message_pack(clients->arena, &order->base));
}

/* --- prices, and when they were known to be set --- */

struct set_price *clients_price_begin(struct clients *clients, unsigned sku, int64_t amount)
{
    struct set_price *price = ARENA_NEW(clients->arena, struct set_price);
    *price = (struct set_price){
        .amount = amount,
        .asked_us = world_elapsed_us(clients->world),
        .known_us = INT64_MAX,
        .next = clients->prices[sku],
    };
    return clients->prices[sku] = price;
}

/* Whether this price could be on a page that was asked for then: nobody knew of a later one by that time. */
static bool could_be_shown(const struct clients *clients, unsigned sku, const struct set_price *price, int64_t asked_us)
{
    for (const struct set_price *later = clients->prices[sku]; later; later = later->next)
        if (later->asked_us > price->known_us && later->known_us < asked_us)
            return false;
    return true;
}

void clients_price_seen(struct clients *clients, unsigned sku, int64_t amount, int64_t asked_us)
{
    if (!clients->temper.punctual)
        return;
    for (const struct set_price *price = clients->prices[sku]; price; price = price->next)
        if (price->amount == amount && could_be_shown(clients, sku, price, asked_us))
            return;
    verdict_broken(clients->verdict, "a page shows %s at %lld; that price is old", clients_skus[sku], (long long)amount);
}

/* --- furnishing the shop --- */

static void furnish(struct clients *clients);

static void on_furnished(void *data, const struct reply *reply)
{
    struct clients *clients = data;
    ASSERT(reply->arrived);
    if (reply->result != RESULT_OK && reply->result != RESULT_ALREADY_EXISTS)
        verdict_broken(clients->verdict, "furnishing step %u: %s: %.*s", clients->furnishing, result_row(reply->result)->wire,
                       (int)reply->packed.length, reply->packed.at);
    if (reply->answer && reply->answer->descriptor == &pricing__shipping_method__descriptor)
        clients->shipping_method = arena_strdup(clients->arena, ((const Pricing__ShippingMethod *)reply->answer)->id);
    clients->furnishing++;
    furnish(clients);
}

static void furnish_with(struct clients *clients, const struct method_declaration *method, const ProtobufCMessage *message)
{
    want(clients, method, message, new_key(clients), true, 0, on_furnished, clients);
}

static void furnish_product(struct clients *clients, unsigned index)
{
    Catalog__CreateProductRequest request = CATALOG__CREATE_PRODUCT_REQUEST__INIT;
    Catalog__Product product = CATALOG__PRODUCT__INIT;
    Catalog__Variant variant = CATALOG__VARIANT__INIT, *variants = &variant;
    Catalog__InitialPrice price = CATALOG__INITIAL_PRICE__INIT, *prices = &price;
    Catalog__BundleComponent mug = CATALOG__BUNDLE_COMPONENT__INIT, tee = CATALOG__BUNDLE_COMPONENT__INIT;
    Catalog__BundleComponent *components[] = {&mug, &tee};
    mug.sku = "MUG";
    mug.quantity = 1;
    tee.sku = "TEE";
    tee.quantity = 2;
    price.amount = 1000 + 333 * index;
    clients_price_begin(clients, index, price.amount)->known_us = world_elapsed_us(clients->world);
    price.currency = "EUR";
    variant.sku = clients_skus[index];
    variant.n_prices = 1;
    variant.prices = &prices;
    variant.weight_grams = 100;
    variant.digital = index == 3;
    if (strcmp(variant.sku, "SET") == 0) {
        variant.n_components = 2;
        variant.components = components;
    }
    product.title = clients_skus[index];
    product.status = CATALOG__PRODUCT_STATUS__PRODUCT_STATUS_PUBLISHED;
    product.n_variants = 1;
    product.variants = &variants;
    request.product = &product;
    furnish_with(clients, &catalog__catalog_service__create_product__method, &request.base);
}

static void furnish_stock(struct clients *clients, unsigned index)
{
    static const int64_t units[] = {4, 7, 3, 1000};
    clients_adjust_stock(clients, index, units[index], on_furnished, clients);
}

static void furnish_rules(struct clients *clients, unsigned index)
{
    Inventory__UpdateStockRequest request = INVENTORY__UPDATE_STOCK_REQUEST__INIT;
    Inventory__Stock stock = INVENTORY__STOCK__INIT;
    Google__Protobuf__FieldMask mask = GOOGLE__PROTOBUF__FIELD_MASK__INIT;
    const char *paths[] = {"strategy", "reservation_ttl", "scarce_below"};
    stock.strategy = (Inventory__StockStrategy)(index + 1);
    stock.reservation_ttl = 60;
    stock.scarce_below = 3;
    mask.n_paths = 3;
    mask.paths = (void *)paths;
    request.sku = clients_skus[index];
    request.stock = &stock;
    request.update_mask = &mask;
    furnish_with(clients, &inventory__inventory_service__update_stock__method, &request.base);
}

static void furnish_tax(struct clients *clients)
{
    Pricing__CreateTaxRateRequest request = PRICING__CREATE_TAX_RATE_REQUEST__INIT;
    Pricing__TaxRate rate = PRICING__TAX_RATE__INIT;
    rate.name = "VAT";
    rate.country = "DE";
    rate.rate_ppm = 190000;
    rate.included = percent(clients, 50);
    request.tax_rate = &rate;
    furnish_with(clients, &pricing__pricing_service__create_tax_rate__method, &request.base);
}

static void furnish_shipping(struct clients *clients)
{
    Pricing__CreateShippingMethodRequest request = PRICING__CREATE_SHIPPING_METHOD_REQUEST__INIT;
    Pricing__ShippingMethod method = PRICING__SHIPPING_METHOD__INIT;
    Pricing__ShippingZone zone = PRICING__SHIPPING_ZONE__INIT, *zones = &zone;
    Pricing__ShippingRate rate = PRICING__SHIPPING_RATE__INIT, *rates = &rate;
    rate.amount = 490;
    rate.currency = "EUR";
    zone.n_rates = 1;
    zone.rates = &rates;
    method.name = "Parcel";
    method.n_zones = 1;
    method.zones = &zones;
    request.shipping_method = &method;
    furnish_with(clients, &pricing__pricing_service__create_shipping_method__method, &request.base);
}

static void furnish_coupon(struct clients *clients, unsigned index)
{
    Pricing__CreatePromotionRequest request = PRICING__CREATE_PROMOTION_REQUEST__INIT;
    Pricing__Promotion promotion = PRICING__PROMOTION__INIT;
    promotion.name = "Welcome";
    promotion.code = clients_coupons[index];
    promotion.kind = PRICING__PROMOTION_KIND__PROMOTION_KIND_PERCENT;
    promotion.percent_ppm = index == COUPON_COUNT - 1 ? 1000000 : 100000; /* the last one pays for all of it */
    promotion.usage_limit = CLIENTS_COUPON_LIMIT;
    request.promotion = &promotion;
    furnish_with(clients, &pricing__pricing_service__create_promotion__method, &request.base);
}

/* One after the other, each when the one before is done. */
static void furnish(struct clients *clients)
{
    unsigned step = clients->furnishing;
    if (step < 5)
        furnish_product(clients, step);
    else if (step < 9)
        furnish_stock(clients, step - 5);
    else if (step < 12)
        furnish_rules(clients, step - 9);
    else if (step == 12)
        furnish_tax(clients);
    else if (step == 13)
        furnish_shipping(clients);
    else if (step < 14 + COUPON_COUNT)
        furnish_coupon(clients, step - 14);
    else
        clients->furnished = true;
}

void clients_furnish(struct clients *clients)
{
    furnish(clients);
}

bool clients_furnished(const struct clients *clients)
{
    return clients->furnished;
}

/* --- all --- */

struct clients *clients_new(struct world *world, struct network *network, struct loop *loop, struct verdict *verdict)
{
    struct clients *clients = calloc(1, sizeof *clients);
    ASSERT(clients);
    *clients = (struct clients){.world = world, .network = network, .loop = loop, .verdict = verdict, .arena = arena_new(LIMIT_BULK_ARENA)};
    return clients;
}

void clients_begin(struct clients *clients, const struct clients_temper *temper)
{
    clients->temper = *temper;
    for (unsigned i = 1; i <= temper->buyers; i++)
        buyer_begin(clients, i);
    clients->staff_left = temper->staff_actions;
    clients->lists_left = 2 * temper->staff_actions;
    /* Two of them, so that they get into each other's way. */
    staff_begin(clients);
    staff_begin(clients);
}

static void on_delivered(void *data, const struct reply *reply)
{
    (void)data, (void)reply;
}

void clients_hurry(struct clients *clients)
{
    clients->hurry = true;
    /* What was sold on back order comes in, so that parcels that wait for it can leave. */
    for (unsigned i = 0; i < 4; i++)
        clients_adjust_stock(clients, i, 1000, on_delivered, NULL);
}

bool clients_done(const struct clients *clients)
{
    return clients->buyers_left == 0 && clients->staff_left == 0 && clients->waiting == 0;
}

const struct checkout *clients_checkouts(const struct clients *clients)
{
    return clients->checkouts;
}
