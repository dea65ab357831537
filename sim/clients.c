/*
 * An intent is what somebody wants done: one request under one key, sent until it is known what became of it. Everything a client remembers
 * lives in one arena for the whole run.
 */
#include "sim/clients.h"

#include "base/assert.h"
#include "base/limits.h"
#include "platform/rpc/message.h"

#include "souk/cart/v1/cart.souk.h"
#include "souk/catalog/v1/catalog.souk.h"
#include "souk/checkout/v1/checkout.souk.h"
#include "souk/inventory/v1/inventory.souk.h"
#include "souk/order/v1/order.souk.h"
#include "souk/payment/v1/payment.souk.h"
#include "souk/pricing/v1/pricing.souk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const clients_skus[] = {"MUG", "TEE", "CAP", "EBOOK", "SET", ""};
#define SKU_COUNT 5
static const char *const coupons[] = {"WELCOME", "SPRING", "FRIENDS", "SORRY"};
#define COUPON_COUNT 4

struct buyer;

struct clients {
    struct world *world;
    struct network *network;
    struct loop *loop;
    struct verdict *verdict;
    struct arena *arena;
    struct clients_temper temper;
    bool hurry;
    unsigned furnishing; /* the next thing to do */
    bool furnished;
    const char *shipping_method;
    unsigned buyers_left, staff_left;
    unsigned waiting; /* intents with a key that are not known yet */
    uint64_t keys;
    struct checkout *checkouts;
    int64_t order_count; /* of which somebody was told */
    struct memory *memories;
};

static struct random *chance(const struct clients *clients)
{
    return world_random(clients->world);
}

static int64_t below(const struct clients *clients, int64_t end)
{
    return (int64_t)random_below(chance(clients), (uint64_t)end);
}

static bool percent(const struct clients *clients, unsigned of)
{
    return random_chance(chance(clients), of * 10000);
}

static const char *new_key(struct clients *clients)
{
    return arena_printf(clients->arena, "key-%lu", (unsigned long)++clients->keys);
}

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

/* What is remembered under a key: success, and refusals that speak of the state of things. */
static bool is_final(const struct reply *reply)
{
    if (!reply->arrived || reply->location || reply->result == RESULT_REQUEST_IN_PROGRESS)
        return false;
    return result_row(reply->result)->http_status < 499;
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
    if (final && *intent->key)
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

/* `tries` 0: until it is known. The message is the arena's. */
static void want(struct clients *clients, const struct method_declaration *method, const ProtobufCMessage *message,
                 const char *key, bool staff, unsigned tries, void (*done)(void *data, const struct reply *reply), void *data)
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
    Inventory__AdjustStockRequest request = INVENTORY__ADJUST_STOCK_REQUEST__INIT;
    request.sku = clients_skus[index];
    request.delta = units[index];
    request.reason = "delivery";
    furnish_with(clients, &inventory__inventory_service__adjust_stock__method, &request.base);
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
    promotion.code = coupons[index];
    promotion.kind = PRICING__PROMOTION_KIND__PROMOTION_KIND_PERCENT;
    promotion.percent_ppm = 100000;
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

/* --- buyers --- */

struct buyer {
    struct clients *clients;
    unsigned number;
    const char *email;
    const char *cart_id;
    unsigned actions_left, payments_left;
    bool addressed, looked_for_coupon;
    int64_t total; /* as last shown; -1 not known */
    const char *line_id;
    unsigned checkouts_open;
    bool bought;
};

static void buyer_go_on(void *data);

static void think(struct buyer *buyer)
{
    struct clients *clients = buyer->clients;
    int64_t time_us = clients->hurry ? 1000 : random_between(chance(clients), 1000, clients->temper.think_us_max);
    world_after(clients->loop, time_us, buyer_go_on, buyer);
}

static void see_cart(struct buyer *buyer, const struct reply *reply)
{
    if (!reply->arrived || reply->result != RESULT_OK || reply->answer->descriptor != &cart__cart__descriptor)
        return;
    const Cart__Cart *cart = (const Cart__Cart *)reply->answer;
    buyer->cart_id = arena_strdup(buyer->clients->arena, cart->id);
    buyer->total = cart->total ? cart->total->amount : -1;
    if (cart->n_lines > 0)
        buyer->line_id = arena_strdup(buyer->clients->arena, cart->lines[below(buyer->clients, (int64_t)cart->n_lines)]->id);
    if (*cart->shipping_method)
        buyer->addressed = true;
}

static void on_cart(void *data, const struct reply *reply)
{
    struct buyer *buyer = data;
    see_cart(buyer, reply);
    think(buyer);
}

static void want_cart(struct buyer *buyer, const struct method_declaration *method, const ProtobufCMessage *message, unsigned tries)
{
    struct clients *clients = buyer->clients;
    want(clients, method, message, percent(clients, 70) ? new_key(clients) : "", false, tries, on_cart, buyer);
}

static void create_cart(struct buyer *buyer)
{
    Cart__CreateCartRequest request = CART__CREATE_CART_REQUEST__INIT;
    request.currency = "EUR";
    want_cart(buyer, &cart__cart_service__create_cart__method, &request.base, 3);
}

static void add_line(struct buyer *buyer)
{
    Cart__AddLineRequest request = CART__ADD_LINE_REQUEST__INIT;
    request.cart = buyer->cart_id;
    request.sku = clients_skus[below(buyer->clients, SKU_COUNT)];
    request.quantity = 1 + below(buyer->clients, 3);
    want_cart(buyer, &cart__cart_service__add_line__method, &request.base, 3);
}

static void change_line(struct buyer *buyer)
{
    Cart__UpdateLineRequest request = CART__UPDATE_LINE_REQUEST__INIT;
    request.cart = buyer->cart_id;
    request.line = buyer->line_id;
    request.quantity = below(buyer->clients, 4);
    want_cart(buyer, &cart__cart_service__update_line__method, &request.base, 3);
}

static void delete_line(struct buyer *buyer)
{
    Cart__DeleteLineRequest request = CART__DELETE_LINE_REQUEST__INIT;
    request.cart = buyer->cart_id;
    request.line = buyer->line_id;
    want_cart(buyer, &cart__cart_service__delete_line__method, &request.base, 3);
}

static void add_coupon(struct buyer *buyer)
{
    Cart__AddCouponRequest request = CART__ADD_COUPON_REQUEST__INIT;
    request.cart = buyer->cart_id;
    request.code = coupons[below(buyer->clients, COUPON_COUNT)];
    want_cart(buyer, &cart__cart_service__add_coupon__method, &request.base, 3);
}

static void look(struct buyer *buyer)
{
    Cart__GetCartRequest request = CART__GET_CART_REQUEST__INIT;
    request.cart = buyer->cart_id;
    want_cart(buyer, &cart__cart_service__get_cart__method, &request.base, 2);
}

static void address(struct buyer *buyer)
{
    Cart__UpdateCartRequest request = CART__UPDATE_CART_REQUEST__INIT;
    Cart__Cart cart = CART__CART__INIT;
    Common__Address home = COMMON__ADDRESS__INIT;
    Google__Protobuf__FieldMask mask = GOOGLE__PROTOBUF__FIELD_MASK__INIT;
    const char *paths[] = {"email", "shipping_address", "shipping_method"};
    home.name = "A Buyer";
    home.line1 = "1 Street";
    home.city = "Town";
    home.postal_code = "12345";
    home.country = "DE";
    cart.email = buyer->email;
    cart.shipping_address = &home;
    cart.shipping_method = buyer->clients->shipping_method;
    mask.n_paths = 3;
    mask.paths = (void *)paths;
    request.id = buyer->cart_id;
    request.cart = &cart;
    request.update_mask = &mask;
    want_cart(buyer, &cart__cart_service__update_cart__method, &request.base, 5);
}

static void fill_cart(struct buyer *buyer)
{
    buyer->actions_left--;
    if (!buyer->line_id || percent(buyer->clients, 50))
        add_line(buyer);
    else
        switch (below(buyer->clients, 5)) {
        case 0:
            change_line(buyer);
            break;
        case 1:
            delete_line(buyer);
            break;
        case 2:
        case 3:
            add_coupon(buyer);
            break;
        default:
            look(buyer);
        }
}

/* --- paying --- */

struct payment_attempt {
    struct buyer *buyer;
    struct checkout *checkout;
    Checkout__PlaceOrderRequest *request;
    bool confirmed;
};

static void ask_for_order(struct payment_attempt *attempt);

static void note_order(struct clients *clients, struct checkout *checkout, const struct reply *reply)
{
    const Order__Order *order = (const Order__Order *)reply->answer;
    clients->order_count++;
    checkout->order_id = arena_strdup(clients->arena, order->id);
    checkout->order_token = arena_strdup(clients->arena, order->order_token);
    checkout->total = order->total ? order->total->amount : 0;
    checkout->line_count = order->n_lines;
    checkout->packed = message_pack(clients->arena, reply->answer);
}

/* --- at the bank's page --- */

static void on_confirmed(void *data, const struct reply *reply)
{
    (void)reply;
    ask_for_order(data);
}

static void confirm(struct payment_attempt *attempt, const char *url)
{
    struct clients *clients = attempt->buyer->clients;
    Payment__ConfirmPaymentRequest request = PAYMENT__CONFIRM_PAYMENT_REQUEST__INIT;
    const char *id = strstr(url, "payments/");
    const char *secret = strstr(url, "secret=");
    if (!id || !secret || strlen(id) < 9 + 26) {
        ask_for_order(attempt);
        return;
    }
    attempt->confirmed = true;
    request.id = arena_strndup(clients->arena, id + 9, 26);
    request.secret = arena_strdup(clients->arena, secret + 7);
    request.refuse = percent(clients, 30);
    want(clients, &payment__payment_service__confirm_payment__method, &request.base, "", false, 2, on_confirmed, attempt);
}

static void on_progress(void *data, const struct reply *reply)
{
    struct payment_attempt *attempt = data;
    const Checkout__CheckoutProgress *progress = (const Checkout__CheckoutProgress *)reply->answer;
    if (reply->arrived && reply->result == RESULT_OK &&
        progress->status == CHECKOUT__CHECKOUT_STATUS__CHECKOUT_STATUS_REQUIRES_ACTION && !attempt->confirmed &&
        percent(attempt->buyer->clients, 70))
        confirm(attempt, progress->next_action_url);
    else
        ask_for_order(attempt);
}

static void look_how_it_goes(struct payment_attempt *attempt, const char *location)
{
    struct clients *clients = attempt->buyer->clients;
    Checkout__GetCheckoutRequest request = CHECKOUT__GET_CHECKOUT_REQUEST__INIT;
    request.id = arena_strdup(clients->arena, strrchr(location, '/') + 1);
    want(clients, &checkout__checkout_service__get_checkout__method, &request.base, "", false, 2, on_progress, attempt);
}

static void on_ordered(void *data, const struct reply *reply)
{
    struct payment_attempt *attempt = data;
    struct buyer *buyer = attempt->buyer;
    struct checkout *checkout = attempt->checkout;
    if (reply->location) {
        look_how_it_goes(attempt, reply->location);
        return;
    }
    ASSERT(reply->arrived);
    checkout->known = true;
    checkout->result = reply->result;
    if (reply->result == RESULT_OK) {
        note_order(buyer->clients, checkout, reply);
        buyer->bought = true;
    }
    if (--buyer->checkouts_open == 0)
        think(buyer);
}

static void ask_for_order(struct payment_attempt *attempt)
{
    want(attempt->buyer->clients, &checkout__checkout_service__place_order__method, &attempt->request->base,
         attempt->checkout->key, false, 0, on_ordered, attempt);
}

static const char *pick_token(struct clients *clients)
{
    static const char *const tokens[] = {"pm_good", "pm_good", "pm_good", "pm_good", "pm_declined", "pm_error", "pm_secure"};
    return tokens[below(clients, 7)];
}

static void pay(struct buyer *buyer)
{
    struct clients *clients = buyer->clients;
    struct payment_attempt *attempt = ARENA_NEW(clients->arena, struct payment_attempt);
    attempt->buyer = buyer;
    attempt->checkout = ARENA_NEW(clients->arena, struct checkout);
    *attempt->checkout = (struct checkout){
        .key = new_key(clients),
        .cart_id = buyer->cart_id,
        .email = buyer->email,
        .token = pick_token(clients),
        .next = clients->checkouts,
    };
    clients->checkouts = attempt->checkout;
    attempt->request = ARENA_NEW(clients->arena, Checkout__PlaceOrderRequest);
    checkout__place_order_request__init(attempt->request);
    attempt->request->cart = buyer->cart_id;
    attempt->request->payment_token = attempt->checkout->token;
    if (buyer->total >= 0 && percent(clients, 50)) {
        attempt->request->accepted_total = ARENA_NEW(clients->arena, Common__Money);
        common__money__init(attempt->request->accepted_total);
        attempt->request->accepted_total->amount = buyer->total;
        attempt->request->accepted_total->currency = "EUR";
    }
    buyer->checkouts_open++;
    ask_for_order(attempt);
}

static void buyer_go_on(void *data)
{
    struct buyer *buyer = data;
    struct clients *clients = buyer->clients;
    bool leaves = clients->hurry || buyer->bought || buyer->payments_left == 0 || percent(clients, 1);
    if (leaves) {
        clients->buyers_left--;
    } else if (!buyer->cart_id) {
        create_cart(buyer);
    } else if (buyer->actions_left > 0) {
        fill_cart(buyer);
    } else if (!buyer->addressed) {
        buyer->actions_left += percent(clients, 20);
        address(buyer);
    } else if (!buyer->looked_for_coupon) {
        buyer->looked_for_coupon = true;
        if (percent(clients, 60))
            add_coupon(buyer);
        else
            look(buyer);
    } else {
        buyer->payments_left--;
        buyer->actions_left = (unsigned)below(clients, 2);
        pay(buyer);
        if (percent(clients, 15))
            pay(buyer); /* in another tab */
    }
}

static void buyer_begin(struct clients *clients, unsigned number)
{
    struct buyer *buyer = ARENA_NEW(clients->arena, struct buyer);
    *buyer = (struct buyer){
        .clients = clients,
        .number = number,
        .email = arena_printf(clients->arena, "buyer-%u@example.com", number),
        .actions_left = 1 + (unsigned)below(clients, 5),
        .payments_left = 1 + (unsigned)below(clients, 3),
        .total = -1,
    };
    clients->buyers_left++;
    think(buyer);
}

/* --- staff --- */

static void staff_go_on(void *data);

static void on_staff_done(void *data, const struct reply *reply)
{
    struct clients *clients = data;
    (void)reply;
    world_after(clients->loop, clients->hurry ? 1000 : random_between(chance(clients), 1000, 2 * clients->temper.think_us_max),
                staff_go_on, clients);
}

static void staff_want(struct clients *clients, const struct method_declaration *method, const ProtobufCMessage *message)
{
    want(clients, method, message, new_key(clients), true, 0, on_staff_done, clients);
}

static void adjust_stock(struct clients *clients)
{
    Inventory__AdjustStockRequest request = INVENTORY__ADJUST_STOCK_REQUEST__INIT;
    request.sku = clients_skus[below(clients, 4)];
    request.delta = percent(clients, 40) ? -1 - below(clients, 3) : 1 + below(clients, 4);
    request.reason = "count";
    staff_want(clients, &inventory__inventory_service__adjust_stock__method, &request.base);
}

static void change_rules(struct clients *clients)
{
    Inventory__UpdateStockRequest request = INVENTORY__UPDATE_STOCK_REQUEST__INIT;
    Inventory__Stock stock = INVENTORY__STOCK__INIT;
    Google__Protobuf__FieldMask mask = GOOGLE__PROTOBUF__FIELD_MASK__INIT;
    const char *paths[] = {(const char *[]){"strategy", "safety_stock", "oversell_limit"}[below(clients, 3)]};
    stock.strategy = (Inventory__StockStrategy)(1 + below(clients, 3));
    stock.safety_stock = below(clients, 3);
    stock.oversell_limit = below(clients, 3);
    mask.n_paths = 1;
    mask.paths = (void *)paths;
    request.sku = clients_skus[below(clients, 4)];
    request.stock = &stock;
    request.update_mask = &mask;
    staff_want(clients, &inventory__inventory_service__update_stock__method, &request.base);
}

static void set_price(struct clients *clients)
{
    Pricing__SetPricesRequest request = PRICING__SET_PRICES_REQUEST__INIT;
    Pricing__Price price = PRICING__PRICE__INIT, *prices = &price;
    price.amount = 100 + below(clients, 3000);
    price.currency = "EUR";
    request.sku = clients_skus[below(clients, SKU_COUNT)];
    request.n_prices = 1;
    request.prices = &prices;
    staff_want(clients, &pricing__pricing_service__set_prices__method, &request.base);
}

/* An order that a buyer knows of, or NULL. */
static const struct checkout *some_order(struct clients *clients)
{
    const struct checkout *at = clients->checkouts;
    if (clients->order_count == 0)
        return NULL;
    for (int64_t skip = below(clients, clients->order_count); skip > 0 || !at->order_id; at = at->next)
        skip -= at->order_id != NULL;
    return at;
}

static void cancel(struct clients *clients, const struct checkout *checkout)
{
    Order__CancelOrderRequest request = ORDER__CANCEL_ORDER_REQUEST__INIT;
    request.id = checkout->order_id;
    request.reason = "changed their mind";
    staff_want(clients, &order__order_service__cancel_order__method, &request.base);
}

static void refund(struct clients *clients, const struct checkout *checkout)
{
    Order__CreateRefundRequest request = ORDER__CREATE_REFUND_REQUEST__INIT;
    Common__Money amount = COMMON__MONEY__INIT;
    amount.amount = 1 + below(clients, checkout->total + 1);
    amount.currency = "EUR";
    request.id = checkout->order_id;
    request.reason = "damaged";
    if (percent(clients, 70))
        request.amount = &amount;
    staff_want(clients, &order__order_service__create_refund__method, &request.base);
}

static void fulfil(struct clients *clients, const struct checkout *checkout)
{
    Order__CreateFulfilmentRequest request = ORDER__CREATE_FULFILMENT_REQUEST__INIT;
    request.id = checkout->order_id;
    staff_want(clients, &order__order_service__create_fulfilment__method, &request.base);
}

static void capture(struct clients *clients, const struct checkout *checkout)
{
    Order__CaptureOrderRequest request = ORDER__CAPTURE_ORDER_REQUEST__INIT;
    request.id = checkout->order_id;
    staff_want(clients, &order__order_service__capture_order__method, &request.base);
}

static void look_after_order(struct clients *clients, const struct checkout *checkout)
{
    switch (below(clients, 4)) {
    case 0:
        cancel(clients, checkout);
        break;
    case 1:
        refund(clients, checkout);
        break;
    case 2:
        fulfil(clients, checkout);
        break;
    default:
        capture(clients, checkout);
    }
}

static void staff_go_on(void *data)
{
    struct clients *clients = data;
    if (clients->staff_left == 0 || clients->hurry) {
        clients->staff_left = 0;
        return;
    }
    const struct checkout *checkout = some_order(clients);
    if (!checkout && clients->buyers_left > 0 && percent(clients, 80)) {
        on_staff_done(clients, NULL); /* mostly it is orders that make work */
        return;
    }
    clients->staff_left--;
    if (checkout && percent(clients, 70))
        look_after_order(clients, checkout);
    else if (percent(clients, 50))
        adjust_stock(clients);
    else if (percent(clients, 50))
        change_rules(clients);
    else
        set_price(clients);
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
    /* Two of them, so that they get into each other's way. */
    world_after(clients->loop, 1000, staff_go_on, clients);
    world_after(clients->loop, 2000, staff_go_on, clients);
}

static void on_delivered(void *data, const struct reply *reply)
{
    (void)data, (void)reply;
}

void clients_hurry(struct clients *clients)
{
    clients->hurry = true;
    /* What was sold on back order comes in, so that parcels that wait for it can leave. */
    for (unsigned i = 0; i < 4; i++) {
        Inventory__AdjustStockRequest request = INVENTORY__ADJUST_STOCK_REQUEST__INIT;
        request.sku = clients_skus[i];
        request.delta = 1000;
        request.reason = "delivery";
        want(clients, &inventory__inventory_service__adjust_stock__method, &request.base, new_key(clients), true, 0, on_delivered,
             NULL);
    }
}

bool clients_done(const struct clients *clients)
{
    return clients->buyers_left == 0 && clients->staff_left == 0 && clients->waiting == 0;
}

const struct checkout *clients_checkouts(const struct clients *clients)
{
    return clients->checkouts;
}
