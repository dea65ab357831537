/*
 * The gateway as its clients see it: requests in, answers out, before services that are one function. The contracts are the real ones.
 */
#include "gateways/rest/rest_test.h"
#include "gateways/rest/visit.h"

#include "souk/cart/v1/cart.souk.h"
#include "souk/catalog/v1/catalog.souk.h"
#include "souk/checkout/v1/checkout.souk.h"
#include "souk/inventory/v1/inventory.souk.h"
#include "souk/order/v1/order.souk.h"
#include "souk/pricing/v1/pricing.souk.h"

#include "google/protobuf/empty.pb-c.h"
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
/* cmocka needs what is above it. */
#include <cmocka.h>

#define ADMIN_TOKEN "0123456789abcdef0123456789abcdef"
#define AS_ADMIN "authorization: Bearer " ADMIN_TOKEN "\n"
#define AS_JSON "content-type: application/json\n"
#define AS_PATCH "content-type: application/merge-patch+json\n"
#define CART "01jd4w3h8s4v6x2y0z1a2b3c4d"

/* --- a shop with one product --------------------------------------------------------------------------------------------- */

static Catalog__Variant shirt_red = CATALOG__VARIANT__INIT, shirt_blue = CATALOG__VARIANT__INIT;
static Catalog__Variant *shirt_variants[] = {&shirt_red, &shirt_blue};
static Catalog__Variant__OptionsEntry red = CATALOG__VARIANT__OPTIONS_ENTRY__INIT;
static Catalog__Variant__OptionsEntry *red_options[] = {&red};
static Common__Money shirt_price = COMMON__MONEY__INIT;
static Google__Protobuf__Timestamp created = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
static Catalog__Product shirt = CATALOG__PRODUCT__INIT, mug = CATALOG__PRODUCT__INIT;
static Catalog__Variant mug_only = CATALOG__VARIANT__INIT;
static Catalog__Variant *mug_variants[] = {&mug_only};

static void stock_the_shop(void)
{
    red.key = "Color";
    red.value = "Red";
    shirt_price.amount = 1990;
    shirt_price.currency = "EUR";
    shirt_red.id = "v1";
    shirt_red.sku = "SHIRT-RED";
    shirt_red.n_options = 1;
    shirt_red.options = red_options;
    shirt_red.price = &shirt_price;
    shirt_red.available = 3;
    shirt_blue.id = "v2";
    shirt_blue.sku = "SHIRT-BLUE";
    created.seconds = 1795370344;
    created.nanos = 123000000;
    shirt.id = "p1";
    shirt.version = 7;
    shirt.slug = "shirt";
    shirt.title = "A \"shirt\"";
    shirt.status = CATALOG__PRODUCT_STATUS__PRODUCT_STATUS_PUBLISHED;
    shirt.n_variants = 2;
    shirt.variants = shirt_variants;
    shirt.created_at = &created;
    mug_only.id = "v3";
    mug_only.sku = "MUG";
    mug.id = "p2";
    mug.version = 1;
    mug.title = "Mug";
    mug.n_variants = 1;
    mug.variants = mug_variants;
}

/* What the services were asked last, and how they answer. */
static struct {
    int calls;
    char method[64];
    ProtobufCMessage *request; /* unpacked from what came, so that it may be looked at later */
    struct call call;
    char key[256];
    enum result refusal; /* of every call */
    const char *accepted;
    bool replayed;
    bool later; /* keep the call, for answer_later() */
    struct call *kept;
} asked;

static void forget_asked(void)
{
    if (asked.request != NULL)
        protobuf_c_message_free_unpacked(asked.request, NULL);
    memset(&asked, 0, sizeof asked);
}

static void remember(const ProtobufCServiceDescriptor *service, unsigned index, const ProtobufCMessage *request,
                     const struct call *call)
{
    if (asked.request != NULL)
        protobuf_c_message_free_unpacked(asked.request, NULL);
    size_t size = protobuf_c_message_get_packed_size(request);
    uint8_t *bytes = malloc(size + 1);
    protobuf_c_message_pack(request, bytes);
    asked.calls++;
    asked.request = protobuf_c_message_unpack(request->descriptor, NULL, size, bytes);
    free(bytes);
    asked.call = *call;
    snprintf(asked.method, sizeof asked.method, "%s", service->methods[index].name);
    snprintf(asked.key, sizeof asked.key, "%s", call->idempotency_key);
}

static void answer_availability(const Inventory__BatchGetAvailabilityRequest *request, struct call *call)
{
    Inventory__BatchGetAvailabilityResponse *answer = ARENA_NEW(call->arena, Inventory__BatchGetAvailabilityResponse);
    inventory__batch_get_availability_response__init(answer);
    answer->items = ARENA_ARRAY(call->arena, Inventory__Availability *, request->n_skus);
    for (size_t i = request->n_skus; i-- > 0;) { /* not in the order of the question */
        Inventory__Availability *item = ARENA_NEW(call->arena, Inventory__Availability);
        inventory__availability__init(item);
        item->sku = request->skus[i];
        item->available = (int64_t)strlen(request->skus[i]);
        item->in_stock = 1;
        answer->items[answer->n_items++] = item;
    }
    call_answer(call, &answer->base);
}

static void answer_products(const Catalog__ListProductsRequest *request, struct call *call)
{
    static Catalog__Product *products[] = {&shirt, &mug};
    static Catalog__ListProductsResponse answer;
    answer = (Catalog__ListProductsResponse)CATALOG__LIST_PRODUCTS_RESPONSE__INIT;
    answer.n_items = request->limit == 1 ? 1 : 2;
    answer.items = products;
    if (request->limit == 1)
        answer.next_cursor = "c/1";
    call_answer(call, &answer.base);
}

static Order__Order order = ORDER__ORDER__INIT;
static Cart__Cart cart = CART__CART__INIT;
static Catalog__Import import = CATALOG__IMPORT__INIT;
static Pricing__Prices prices = PRICING__PRICES__INIT;
static Google__Protobuf__Empty nothing = GOOGLE__PROTOBUF__EMPTY__INIT;

static const ProtobufCMessage *answer_of(const ProtobufCMethodDescriptor *method)
{
    order.id = "o1";
    order.status = ORDER__ORDER_STATUS__ORDER_STATUS_PLACED;
    order.order_token = "secret token";
    cart.id = CART;
    cart.version = 2;
    cart.status = CART__CART_STATUS__CART_STATUS_OPEN;
    import.id = "i1";
    import.status = CATALOG__IMPORT_STATUS__IMPORT_STATUS_DONE;
    prices.sku = "A B";
    static Pricing__BatchGetPricesResponse no_prices = PRICING__BATCH_GET_PRICES_RESPONSE__INIT;
    if (method->output == &pricing__batch_get_prices_response__descriptor)
        return &no_prices.base;
    if (method->output == &catalog__product__descriptor)
        return &shirt.base;
    if (method->output == &order__order__descriptor)
        return &order.base;
    if (method->output == &cart__cart__descriptor)
        return &cart.base;
    if (method->output == &catalog__import__descriptor)
        return &import.base;
    if (method->output == &pricing__prices__descriptor)
        return &prices.base;
    return &nothing.base;
}

static void serve(ProtobufCService *service, unsigned index, const ProtobufCMessage *request, ProtobufCClosure closure,
                  void *data)
{
    (void)closure;
    struct call *call = data;
    remember(service->descriptor, index, request, call);
    const ProtobufCMethodDescriptor *method = &service->descriptor->methods[index];
    call->replayed = asked.replayed;
    call->accepted_location = asked.accepted;
    if (asked.later) {
        asked.kept = call;
    } else if (asked.refusal != RESULT_OK) {
        call_refuse(call, asked.refusal, "Not today.");
        if (asked.refusal == RESULT_OUT_OF_STOCK)
            call_problem_number(call, "available", 2);
        call_answer(call, NULL);
    } else if (method->input == &catalog__list_products_request__descriptor) {
        answer_products((const void *)request, call);
    } else if (method->input == &inventory__batch_get_availability_request__descriptor) {
        answer_availability((const void *)request, call);
    } else {
        call_answer(call, answer_of(method));
    }
}

static const struct method_declaration *const catalog_methods[] = {
    &catalog__catalog_service__list_products__method,  &catalog__catalog_service__get_product__method,
    &catalog__catalog_service__create_product__method, &catalog__catalog_service__update_product__method,
    &catalog__catalog_service__delete_product__method, &catalog__catalog_service__import_products__method,
    &catalog__catalog_service__get_import__method,     &catalog__catalog_service__undo_import__method,
    &catalog__catalog_service__batch_get_variants__method,
};
static const struct method_declaration *const inventory_methods[] = {
    &inventory__inventory_service__batch_get_availability__method,
    &inventory__inventory_service__get_stock__method,
};
static const struct method_declaration *const cart_methods[] = {
    &cart__cart_service__create_cart__method, &cart__cart_service__get_cart__method,
    &cart__cart_service__update_cart__method, &cart__cart_service__add_line__method,
    &cart__cart_service__update_line__method, &cart__cart_service__delete_coupon__method,
};
static const struct method_declaration *const checkout_methods[] = {&checkout__checkout_service__place_order__method};
static const struct method_declaration *const order_methods[] = {&order__order_service__get_order__method,
                                                                 &order__order_service__cancel_order__method};
static const struct method_declaration *const pricing_methods[] = {
    &pricing__pricing_service__set_prices__method, &pricing__pricing_service__get_prices__method,
    &pricing__pricing_service__create_promotion__method};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define SERVICE(name_, descriptor_) \
    {.name = #name_, .descriptor = &descriptor_, .methods = name_##_methods, .method_count = COUNT(name_##_methods)}
static const struct service_declaration declarations[] = {
    SERVICE(catalog, catalog__catalog_service__descriptor),    SERVICE(inventory, inventory__inventory_service__descriptor),
    SERVICE(cart, cart__cart_service__descriptor),             SERVICE(checkout, checkout__checkout_service__descriptor),
    SERVICE(order, order__order_service__descriptor),          SERVICE(pricing, pricing__pricing_service__descriptor),
};

static struct directory *directory;
static struct rest *rest, *plain_rest, *caching_rest; /* the one that is asked is `rest` */
static bool shop_is_ready = true;

static bool tell_ready(void *data, struct json_writer *checks)
{
    (void)data;
    json_write_key(checks, "catalog");
    json_write_bool(checks, shop_is_ready);
    return shop_is_ready;
}

static int open_shop(void **state)
{
    (void)state;
    static ProtobufCService services[COUNT(declarations)];
    static const struct service_declaration *all[COUNT(declarations)];
    stock_the_shop();
    directory = directory_new();
    for (size_t i = 0; i < COUNT(declarations); i++) {
        all[i] = &declarations[i];
        services[i] = (ProtobufCService){.descriptor = declarations[i].descriptor, .invoke = serve};
        directory_add(directory, declarations[i].name, &services[i]);
    }
    struct rest_options options = {
        .services = all,
        .service_count = COUNT(declarations),
        .directory = directory,
        .admin_token = ADMIN_TOKEN,
        .version = "0.1",
        .ready = tell_ready,
    };
    plain_rest = rest = rest_new(&options);
    options.cache_bytes = 16 << 20;
    caching_rest = rest_new(&options);
    return 0;
}

static int close_shop(void **state)
{
    (void)state;
    forget_asked();
    rest_free(plain_rest);
    rest_free(caching_rest);
    directory_free(directory);
    return 0;
}

/* --- asking -------------------------------------------------------------------------------------------------------------- */

static struct fake_exchange *last;

static int let_go(void **state)
{
    (void)state;
    if (last != NULL)
        fake_exchange_free(last);
    last = NULL;
    forget_asked();
    rest = plain_rest;
    return 0;
}

/* The status; the rest is in `last`. */
static int ask(const char *method, const char *target, const char *headers, const char *body)
{
    if (last != NULL)
        fake_exchange_free(last);
    last = fake_request(rest, method, target, headers, text_of(body));
    assert_int_not_equal(last->status, 0);
    return last->status;
}

static void assert_head(const char *part)
{
    if (strstr(last->head, part) == NULL)
        fail_msg("no \"%s\" in:\n%s", part, last->head);
}

static void assert_body(const char *part)
{
    if (strstr(last->body, part) == NULL)
        fail_msg("no \"%s\" in:\n%s", part, last->body);
}

static void assert_no_body(const char *part)
{
    if (strstr(last->body, part) != NULL)
        fail_msg("there is \"%s\" in:\n%s", part, last->body);
}

/* Every body that is JSON must be well-formed. */
static void assert_json(void)
{
    json_error_t error;
    json_t *json = json_loads(last->body, JSON_REJECT_DUPLICATES, &error);
    if (json == NULL)
        fail_msg("not JSON (%s): %s", error.text, last->body);
    json_decref(json);
}

/* --- reading ------------------------------------------------------------------------------------------------------------- */

static void shows_a_product(void **state)
{
    (void)state;
    assert_int_equal(ask("GET", "/v1/products/shirt", "", ""), 200);
    assert_string_equal(
        last->body,
        "{\"id\":\"p1\",\"version\":7,\"slug\":\"shirt\",\"title\":\"A \\\"shirt\\\"\",\"description\":\"\","
        "\"status\":\"published\",\"categories\":[],\"options\":[],\"images\":[],\"attributes\":{},\"variants\":["
        "{\"id\":\"v1\",\"sku\":\"SHIRT-RED\",\"title\":\"\",\"options\":{\"Color\":\"Red\"},"
        "\"price\":{\"amount\":1990,\"currency\":\"EUR\"},\"available\":3,\"weightGrams\":0},"
        "{\"id\":\"v2\",\"sku\":\"SHIRT-BLUE\",\"title\":\"\",\"options\":{},\"available\":0,\"weightGrams\":0}],"
        "\"createdAt\":\"2026-11-22T17:59:04.123Z\",\"_links\":{\"self\":{\"href\":\"/v1/products/p1\"},"
        "\"inventory\":{\"href\":\"/v1/products/p1/inventory\"},\"price\":{\"href\":\"/v1/products/p1/price\"},"
        "\"variants\":{\"href\":\"/v1/products/p1/variants\"}}}");
    assert_head("Content-Type: application/json\n");
    assert_head("Cache-Control: public, max-age=0, s-maxage=60, stale-while-revalidate=60\n");
    assert_head("Surrogate-Key: product/p1 category\n");
    assert_head("ETag: \"7-");
    assert_head("X-Content-Type-Options: nosniff\n");
    assert_head("traceparent: 00-");
    assert_string_equal(((Catalog__GetProductRequest *)asked.request)->product, "shirt");
}

static void shows_actions_to_those_who_may(void **state)
{
    (void)state;
    assert_int_equal(ask("GET", "/v1/products/shirt", AS_ADMIN, ""), 200);
    assert_body("\"update\":{\"href\":\"/v1/products/p1\",\"method\":\"PATCH\"},"
                "\"delete\":{\"href\":\"/v1/products/p1\",\"method\":\"DELETE\"}");
    assert_head("Cache-Control: private, no-store\n");
    assert_int_equal(asked.call.actor.scopes, SCOPE_EVERY);
}

static void shows_actions_while_the_state_allows(void **state)
{
    (void)state;
    assert_int_equal(ask("GET", "/v1/carts/" CART, "", ""), 200);
    assert_body("\"checkout\":{\"href\":\"/v1/carts/" CART "/checkout\",\"method\":\"POST\"}");
    assert_body("\"shippingMethods\":{\"href\":\"/v1/carts/" CART "/shipping-methods\"}"); /* only reads */
    assert_int_equal(ask("GET", "/v1/imports/i1", AS_ADMIN, ""), 200);
    assert_body("\"undo\":{\"href\":\"/v1/imports/i1/undo\",\"method\":\"POST\"}");
}

static void shows_no_checkout_of_what_has_obstacles(void **state)
{
    (void)state;
    static const char *obstacles[] = {"address_required", "shipping_method_required"};
    cart.obstacles = obstacles;
    cart.n_obstacles = 2;
    assert_int_equal(ask("GET", "/v1/carts/" CART, "", ""), 200);
    assert_body("\"lines\":{\"href\"");
    assert_no_body("\"checkout\":{");
    cart.n_obstacles = 0;
}

static void shows_what_an_order_has_money_for(void **state)
{
    (void)state;
    static const struct {
        const char *payment;
        bool can_capture, can_refund;
    } rows[] = {{"authorized", true, false}, {"captured", false, true},  {"partially_refunded", false, true},
                {"refunded", false, false},  {"voided", false, false},   {"pending", false, false}};
    static Order__OrderPayment payment = ORDER__ORDER_PAYMENT__INIT, *payments[] = {&payment};
    order.payments = payments;
    for (size_t i = 0; i < COUNT(rows); i++) {
        payment.status = rows[i].payment;
        order.n_payments = 1;
        assert_int_equal(ask("GET", "/v1/orders/o1", AS_ADMIN, ""), 200);
        assert_int_equal(strstr(last->body, "\"capture\":{\"href\"") != NULL, rows[i].can_capture);
        assert_int_equal(strstr(last->body, "\"refunds\":{\"href\"") != NULL, rows[i].can_refund);
    }
    order.n_payments = 0;
    assert_int_equal(ask("GET", "/v1/orders/o1", AS_ADMIN, ""), 200);
    assert_no_body("\"capture\":{\"href\"");
    assert_no_body("\"refunds\":{\"href\"");
}

static void carries_an_order_token_in_links(void **state)
{
    (void)state;
    assert_int_equal(ask("GET", "/v1/orders/o1?orderToken=x", "", ""), 200);
    assert_body("\"self\":{\"href\":\"/v1/orders/o1?orderToken=secret%20token\"}");
    assert_body("\"cancel\":{\"href\":\"/v1/orders/o1/cancel?orderToken=secret%20token\",\"method\":\"POST\"}");
    assert_string_equal(((Order__GetOrderRequest *)asked.request)->order_token, "x");
}

static void lists_page_by_page(void **state)
{
    (void)state;
    assert_int_equal(ask("GET", "/v1/products?q=a%26b&limit=1&option.Color=Red&option.Size=L&inStock=true&sort=title", "", ""), 200);
    const Catalog__ListProductsRequest *request = (const void *)asked.request;
    assert_string_equal(request->q, "a&b");
    assert_int_equal(request->limit, 1);
    assert_int_equal(request->n_option, 2);
    assert_string_equal(request->option[1]->key, "Size");
    assert_string_equal(request->option[1]->value, "L");
    assert_true(request->in_stock);
    assert_int_equal(request->sort, CATALOG__PRODUCT_SORT__PRODUCT_SORT_TITLE);
    assert_json();
    assert_body("\"_links\":{\"self\":{\"href\":\"/v1/products?inStock=true&limit=1&option.Color=Red&option.Size=L&q=a%26b"
                "&sort=title\"},\"next\":{\"href\":\"/v1/products?inStock=true&limit=1&option.Color=Red&option.Size=L&q=a%26b"
                "&sort=title&cursor=c%2F1\"}}");
    assert_head("Link: </v1/products?inStock=true&limit=1&option.Color=Red&option.Size=L&q=a%26b&sort=title&cursor=c%2F1>; "
                "rel=\"next\"\n");
    assert_no_body("nextCursor");
    assert_head("Surrogate-Key: product/p1 products category\n");
}

static void takes_the_category_from_either_path(void **state)
{
    (void)state;
    assert_int_equal(ask("GET", "/v1/categories/shoes/products", "", ""), 200);
    assert_string_equal(((Catalog__ListProductsRequest *)asked.request)->category, "shoes");
}

static void shows_only_the_fields_asked_for(void **state)
{
    (void)state;
    assert_int_equal(ask("GET", "/v1/products/shirt?fields=title,variants.sku,variants.price.amount", "", ""), 200);
    assert_body("{\"title\":\"A \\\"shirt\\\"\",\"variants\":[{\"sku\":\"SHIRT-RED\",\"price\":{\"amount\":1990}},"
                "{\"sku\":\"SHIRT-BLUE\"}],\"_links\"");
    assert_int_equal(ask("GET", "/v1/products?fields=slug", "", ""), 200);
    assert_body("{\"items\":[{\"slug\":\"shirt\",\"_links\"");
    assert_int_equal(ask("GET", "/v1/products/shirt?fields=title,colour,title.x", "", ""), 400);
    assert_body("\"errors\":[{\"pointer\":\"?fields\",\"code\":\"unknown\",\"detail\":\"There is no field colour.\"},"
                "{\"pointer\":\"?fields\",\"code\":\"unknown\",\"detail\":\"There is no field title.x.\"}]");
}

static void follows_a_nested_link(void **state)
{
    (void)state;
    assert_int_equal(ask("GET", "/v1/products/shirt/inventory", "", ""), 200);
    assert_string_equal(last->body, "{\"items\":[{\"sku\":\"SHIRT-BLUE\",\"available\":10,\"inStock\":true,\"reservesInCart\":false,\"sellable\":0},"
                                    "{\"sku\":\"SHIRT-RED\",\"available\":9,\"inStock\":true,\"reservesInCart\":false,\"sellable\":0}],"
                                    "\"_links\":{\"self\":{\"href\":\"/v1/products/shirt/inventory\"}}}");
    assert_head("s-maxage=1,");
    assert_head("Surrogate-Key: stock/SHIRT-RED stock/SHIRT-BLUE location product/p1 category\n");
    assert_int_equal(ask("GET", "/v1/products/shirt/inventory?skus=MUG", "", ""), 400);
    asked.refusal = RESULT_NOT_FOUND;
    assert_int_equal(ask("GET", "/v1/products/shirt/inventory", "", ""), 404);
}

static void embeds_in_one(void **state)
{
    (void)state;
    assert_int_equal(ask("GET", "/v1/products/shirt?embed=inventory", "", ""), 200);
    assert_json();
    assert_body("\"_embedded\":{\"inventory\":[{\"sku\":\"SHIRT-BLUE\",");
    assert_head("s-maxage=1,");
}

static void passes_on_what_was_asked(void **state)
{
    (void)state;
    assert_int_equal(ask("GET", "/v1/products/shirt?embed=price&currency=CHF", "", ""), 200);
    const Pricing__BatchGetPricesRequest *request = (const void *)asked.request;
    assert_string_equal(request->currency, "CHF");
    assert_int_equal(request->n_skus, 2);
    assert_body("\"_embedded\":{\"price\":[]}");
}

static void embeds_in_lists_with_one_call(void **state)
{
    (void)state;
    assert_int_equal(ask("GET", "/v1/products?embed=inventory&fields=id", "", ""), 200);
    assert_int_equal(asked.calls, 2);
    assert_int_equal(((Inventory__BatchGetAvailabilityRequest *)asked.request)->n_skus, 3);
    assert_json();
    const char *mug_at = strstr(last->body, "{\"id\":\"p2\"");
    assert_non_null(mug_at);
    assert_non_null(strstr(mug_at, "\"_embedded\":{\"inventory\":[{\"sku\":\"MUG\",\"available\":3,"));
    assert_null(strstr(mug_at, "SHIRT"));
    assert_body("\"_embedded\":{\"inventory\":[{\"sku\":\"SHIRT-RED\",\"available\":9,\"inStock\":true,\"reservesInCart\":false,\"sellable\":0},"
                "{\"sku\":\"SHIRT-BLUE\",");
}

static void refuses_to_embed_what_is_not_there(void **state)
{
    (void)state;
    assert_int_equal(ask("GET", "/v1/products?embed=reviews", "", ""), 400);
    assert_body("{\"pointer\":\"?embed\",\"code\":\"unknown\"");
    assert_int_equal(ask("GET", "/v1/products?embed=variants", "", ""), 400);
    assert_int_equal(ask("GET", "/v1/products/shirt?embed=delete", "", ""), 400);
    assert_int_equal(asked.calls, 0);
}

static void answers_conditionally(void **state)
{
    (void)state;
    assert_int_equal(ask("GET", "/v1/products/shirt", "", ""), 200);
    char etag[128];
    const char *found = strcasestr(last->head, "etag: ");
    snprintf(etag, sizeof etag, "if-none-match: W/%.*s, \"other\"\n", (int)strcspn(found + 6, "\n"), found + 6);
    assert_int_equal(ask("GET", "/v1/products/shirt", etag, ""), 304);
    assert_string_equal(last->body, "");
    assert_int_equal(ask("GET", "/v1/products/shirt", "if-none-match: \"7-0000000000000000\"\n", ""), 200);
    assert_int_equal(ask("HEAD", "/v1/products/shirt", "", ""), 200);
}

static void looks_at_the_past_for_auditors(void **state)
{
    (void)state;
    assert_int_equal(ask("GET", "/v1/products/shirt?asOf=2026-01-01T00:00:00Z", "", ""), 401);
    assert_int_equal(ask("GET", "/v1/products/shirt?asOf=2026-01-01T00:00:00Z", AS_ADMIN, ""), 200);
    assert_true(asked.call.as_of_us == INT64_C(1767225600000999)); /* all of that millisecond */
    assert_int_equal(ask("GET", "/v1/products/shirt?asOf=yesterday", AS_ADMIN, ""), 400);
    assert_int_equal(ask("GET", "/v1/products/shirt?asOf=2027-01-01T00:00:00Z", AS_ADMIN, ""), 400);
    assert_int_equal(ask("GET", "/v1/products?asOf=2026-01-01T00:00:00Z", AS_ADMIN, ""), 400);
    assert_body("\"pointer\":\"?asOf\"");
}

/* --- writing ------------------------------------------------------------------------------------------------------------- */

static void creates_a_product(void **state)
{
    (void)state;
    assert_int_equal(ask("POST", "/v1/products", AS_ADMIN AS_JSON "idempotency-key: k-1\n",
                         "{\"title\":\"Shirt\",\"status\":\"draft\",\"attributes\":{\"vendor\":\"A/~B\",\"x\":null},"
                         "\"variants\":[{\"sku\":\"S\",\"prices\":[{\"amount\":1990,\"currency\":\"EUR\"}]}]}"),
                     201);
    const Catalog__Product *product = ((Catalog__CreateProductRequest *)asked.request)->product;
    assert_string_equal(product->title, "Shirt");
    assert_int_equal(product->status, CATALOG__PRODUCT_STATUS__PRODUCT_STATUS_DRAFT);
    assert_int_equal(product->n_attributes, 1);
    assert_string_equal(product->attributes[0]->value, "A/~B");
    assert_int_equal(product->variants[0]->prices[0]->amount, 1990);
    assert_string_equal(asked.key, "k-1");
    assert_head("Location: /v1/products/p1\n");
}

static void patches_what_is_there(void **state)
{
    (void)state;
    assert_int_equal(ask("PATCH", "/v1/products/p1", AS_ADMIN AS_PATCH "if-match: \"7-0123\"\n",
                         "{\"title\":\"T\",\"description\":null}"),
                     200);
    const Catalog__UpdateProductRequest *request = (const void *)asked.request;
    assert_string_equal(request->id, "p1");
    assert_int_equal(request->update_mask->n_paths, 2);
    assert_string_equal(request->update_mask->paths[0], "title");
    assert_string_equal(request->update_mask->paths[1], "description");
    assert_string_equal(request->product->description, "");
    assert_int_equal(asked.call.if_version, 7);

    assert_int_equal(ask("PATCH", "/v1/products/p1", AS_ADMIN AS_JSON, "{\"title\":null}"), 400);
    assert_body("{\"pointer\":\"/title\",\"code\":\"required\"");
    assert_int_equal(ask("PATCH", "/v1/carts/" CART, AS_JSON,
                         "{\"shippingMethod\":\"m\",\"shippingAddress\":{\"name\":\"Ann\",\"line1\":\"Way 1\",\"city\":\"Bern\","
                         "\"postalCode\":\"3000\",\"country\":\"CH\"}}"),
                     200);
    assert_string_equal(((Cart__UpdateCartRequest *)asked.request)->update_mask->paths[0], "shipping_method");
    assert_string_equal(((Cart__UpdateCartRequest *)asked.request)->update_mask->paths[1], "shipping_address.name");
}

static void patches_what_is_inside(void **state)
{
    (void)state;
    assert_int_equal(ask("PATCH", "/v1/carts/" CART, AS_JSON, "{\"shippingAddress\":{\"city\":\"Thun\",\"line2\":null}}"), 200);
    const Cart__UpdateCartRequest *cart_request = (const void *)asked.request;
    assert_int_equal(cart_request->update_mask->n_paths, 2);
    assert_string_equal(cart_request->update_mask->paths[0], "shipping_address.city");
    assert_string_equal(cart_request->update_mask->paths[1], "shipping_address.line2");
    assert_string_equal(cart_request->cart->shipping_address->city, "Thun");
    assert_int_equal(ask("PATCH", "/v1/carts/" CART, AS_JSON, "{\"shippingAddress\":{\"city\":null}}"), 400);
    assert_body("{\"pointer\":\"/shippingAddress/city\",\"code\":\"required\"");
    assert_int_equal(ask("PATCH", "/v1/carts/" CART, AS_JSON, "{\"shippingAddress\":{\"town\":\"Thun\"}}"), 400);
    assert_int_equal(ask("PATCH", "/v1/carts/" CART, AS_JSON, "{\"shippingAddress\":null}"), 200);
    assert_string_equal(((Cart__UpdateCartRequest *)asked.request)->update_mask->paths[0], "shipping_address");

    assert_int_equal(ask("PATCH", "/v1/products/p1", AS_ADMIN AS_PATCH, "{\"attributes\":{\"a.b\":\"1\",\"c\":null},\"options\":[]}"), 200);
    const Catalog__UpdateProductRequest *request = (const void *)asked.request;
    assert_int_equal(request->update_mask->n_paths, 3);
    assert_string_equal(request->update_mask->paths[0], "attributes.`a.b`");
    assert_string_equal(request->update_mask->paths[1], "attributes.`c`");
    assert_string_equal(request->update_mask->paths[2], "options");
    assert_int_equal(request->product->n_attributes, 1);
}

static void puts_everything(void **state)
{
    (void)state;
    assert_int_equal(ask("PUT", "/v1/products/p1", AS_ADMIN AS_JSON, "{\"title\":\"T\",\"variants\":[{\"sku\":\"S\"}]}"), 200);
    const Catalog__UpdateProductRequest *request = (const void *)asked.request;
    assert_int_equal(request->update_mask->n_paths, 1);
    assert_string_equal(request->update_mask->paths[0], "*");
    assert_int_equal(ask("PUT", "/v1/prices/A%20B", AS_ADMIN AS_JSON, "{\"prices\":[{\"amount\":0,\"currency\":\"EUR\"}]}"), 200);
    assert_string_equal(((Pricing__SetPricesRequest *)asked.request)->sku, "A B");
    assert_body("\"self\":{\"href\":\"/v1/prices/A%20B\"}");
}

static void takes_a_quantity_of_none(void **state)
{
    (void)state;
    assert_int_equal(ask("PATCH", "/v1/carts/" CART "/lines/l1", AS_JSON, "{\"quantity\":0}"), 200);
    assert_int_equal(ask("PATCH", "/v1/carts/" CART "/lines/l1", AS_JSON, "{}"), 400);
    assert_body("{\"pointer\":\"/quantity\",\"code\":\"required\"");
    assert_int_equal(ask("POST", "/v1/carts/" CART "/lines", AS_JSON, "{\"sku\":\"S\",\"quantity\":0}"), 400);
    assert_body("{\"pointer\":\"/quantity\",\"code\":\"too_small\"");
    assert_int_equal(ask("POST", "/v1/carts/" CART "/lines", AS_JSON, "{\"cart\":\"x\",\"sku\":\"S\",\"quantity\":1}"), 400);
    assert_body("{\"pointer\":\"/cart\",\"code\":\"given_twice\"");
}

static void takes_no_body_where_nothing_is_needed(void **state)
{
    (void)state;
    assert_int_equal(ask("POST", "/v1/carts", "", ""), 201);
    assert_int_equal(ask("POST", "/v1/orders/o1/cancel?orderToken=t", "", ""), 200);
    assert_string_equal(((Order__CancelOrderRequest *)asked.request)->order_token, "t");
    assert_int_equal(ask("POST", "/v1/products", AS_ADMIN AS_JSON, ""), 400);
    assert_body("\"code\":\"invalid_json\"");
}

static void takes_a_file_as_it_is(void **state)
{
    (void)state;
    assert_int_equal(ask("POST", "/v1/imports?dryRun=true", AS_ADMIN "content-type: text/csv; charset=utf-8\n", "a,b\n1,2\n"), 201);
    const Catalog__ImportProductsRequest *request = (const void *)asked.request;
    assert_int_equal(request->file.len, 8);
    assert_true(request->dry_run);
    assert_int_equal(ask("POST", "/v1/imports", AS_ADMIN AS_JSON, "{\"slug\":\"shirt\"}"), 201);
    assert_int_equal(ask("POST", "/v1/imports", AS_ADMIN "content-type: application/x-ndjson\n", "{}\n{}\n"), 201);
    assert_int_equal(ask("POST", "/v1/imports", AS_ADMIN "content-type: text/html\n", "{}"), 415);
    assert_body("Send it as Content-Type: text/csv, application/json, application/x-ndjson.");
    assert_int_equal(ask("POST", "/v1/imports", AS_ADMIN "content-type: text/csv\n", ""), 400);

    struct http_handler handler = rest_handler(rest);
    struct http_header token = {TEXT("authorization"), TEXT("Bearer " ADMIN_TOKEN)};
    struct http_request file = {.method = TEXT("POST"), .path = TEXT("/v1/imports"), .headers = &token, .header_count = 1};
    assert_int_equal(handler.body_maximum(rest, &file), LIMIT_HTTP_IMPORT_BODY);
    file.header_count = 0;
    assert_int_equal(handler.body_maximum(rest, &file), LIMIT_HTTP_BODY);
}

static void deletes(void **state)
{
    (void)state;
    assert_int_equal(ask("DELETE", "/v1/products/p1", AS_ADMIN "if-match: *\n", ""), 204);
    assert_int_equal(asked.call.if_version, -1);
    assert_int_equal(ask("DELETE", "/v1/carts/" CART "/coupons", "", ""), 200);
    assert_int_equal(ask("DELETE", "/v1/carts/" CART "/coupons/TEN%25", "", ""), 200);
    assert_string_equal(((Cart__DeleteCouponRequest *)asked.request)->code, "TEN%");
}

static void needs_a_key_where_money_moves(void **state)
{
    (void)state;
    const char *pay = "{\"paymentToken\":\"pm_card_visa\",\"acceptedTotal\":{\"amount\":1990,\"currency\":\"EUR\"}}";
    assert_int_equal(ask("POST", "/v1/carts/" CART "/checkout", AS_JSON, pay), 400);
    assert_body("\"code\":\"idempotency_key_required\"");
    asked.replayed = true;
    assert_int_equal(ask("POST", "/v1/carts/" CART "/checkout", AS_JSON "idempotency-key: a\n", pay), 201);
    assert_head("Idempotent-Replayed: true\n");
    assert_head("Location: /v1/orders/o1?orderToken=secret%20token\n");
    assert_int_equal(ask("POST", "/v1/carts/" CART "/checkout", AS_JSON "idempotency-key: a b\n", pay), 400);
    asked.accepted = "/v1/checkouts/c1";
    assert_int_equal(ask("POST", "/v1/carts/" CART "/checkout", AS_JSON "idempotency-key: b\n", pay), 202);
    assert_head("Location: /v1/checkouts/c1\n");
    assert_head("Idempotent-Replayed: true\n");
    assert_string_equal(last->body, "{\"status\":\"accepted\",\"_links\":{\"progress\":{\"href\":\"/v1/checkouts/c1\"}}}");
}

/* --- refusing ------------------------------------------------------------------------------------------------------------ */

/* {"currency":"EUR"} is a mistake, and not 0.00 EUR. */
static void takes_no_money_without_an_amount(void **state)
{
    (void)state;
    assert_int_equal(ask("POST", "/v1/carts/" CART "/checkout", AS_JSON "idempotency-key: a\n",
                         "{\"paymentToken\":\"pm_card_visa\",\"acceptedTotal\":{\"currency\":\"EUR\"}}"),
                     400);
    assert_body("{\"pointer\":\"/acceptedTotal/amount\",\"code\":\"required\"");
    assert_int_equal(ask("POST", "/v1/carts/" CART "/checkout", AS_JSON "idempotency-key: a\n",
                         "{\"paymentToken\":\"pm_card_visa\",\"acceptedTotal\":{\"amount\":0,\"currency\":\"EUR\"}}"),
                     201);
}

static void says_what_is_wrong_everywhere_at_once(void **state)
{
    (void)state;
    assert_int_equal(ask("POST", "/v1/products?x=1", AS_ADMIN AS_JSON,
                         "{\"id\":\"mine\",\"title\":\"\",\"status\":\"sold\",\"a/b~c\":1,\"images\":[{\"url\":\"javascript:x\","
                         "\"width\":1.5,\"height\":-1}],\"attributes\":{\"a/b\":7},\"createdAt\":\"x\",\"variants\":["
                         "{\"sku\":\"a/b\",\"weightGrams\":12345678901,\"digital\":\"yes\",\"prices\":{}},7]}"),
                     400);
    assert_json();
    static const char *const violations[] = {
        "{\"pointer\":\"?x\",\"code\":\"unknown\"",
        "{\"pointer\":\"/id\",\"code\":\"read_only\"",
        "{\"pointer\":\"/title\",\"code\":\"required\"",
        "{\"pointer\":\"/status\",\"code\":\"unknown_value\",\"detail\":\"This must be one of draft, published, archived.\"",
        "{\"pointer\":\"/a~1b~0c\",\"code\":\"unknown\"",
        "{\"pointer\":\"/images/0/url\",\"code\":\"format\"",
        "{\"pointer\":\"/images/0/width\",\"code\":\"type\"",
        "{\"pointer\":\"/images/0/height\",\"code\":\"too_small\"",
        "{\"pointer\":\"/attributes/a~1b\",\"code\":\"type\"",
        "{\"pointer\":\"/createdAt\",\"code\":\"read_only\"",
        "{\"pointer\":\"/variants/0/sku\",\"code\":\"format\"",
        "{\"pointer\":\"/variants/0/weightGrams\",\"code\":\"too_large\"",
        "{\"pointer\":\"/variants/0/digital\",\"code\":\"type\"",
        "{\"pointer\":\"/variants/0/prices\",\"code\":\"type\"",
        "{\"pointer\":\"/variants/1\",\"code\":\"type\"",
    };
    for (size_t i = 0; i < COUNT(violations); i++)
        assert_body(violations[i]);
    assert_body("\"type\":\"/docs/problems#validation_failed\",\"title\":\"Some fields are not right\",\"status\":400");
    assert_head("Content-Type: application/problem+json\n");
    assert_int_equal(asked.calls, 0);
}

static void stops_at_so_many_violations(void **state)
{
    (void)state;
    char body[4096] = "{\"title\":\"T\",\"variants\":[0";
    for (int i = 1; i < 100; i++)
        strcat(body, ",0");
    strcat(body, "]}");
    assert_int_equal(ask("POST", "/v1/products", AS_ADMIN AS_JSON, body), 400);
    assert_body("/variants/19\"");
    assert_no_body("/variants/20\"");
}

static void tells_problems_of_services(void **state)
{
    (void)state;
    asked.refusal = RESULT_OUT_OF_STOCK;
    assert_int_equal(ask("POST", "/v1/carts/" CART "/lines", AS_JSON, "{\"sku\":\"S\",\"quantity\":1}"), 409);
    assert_string_equal(last->body, "{\"type\":\"/docs/problems#out_of_stock\",\"title\":\"Not enough in stock\",\"status\":409,"
                                    "\"code\":\"out_of_stock\",\"detail\":\"Not today.\",\"instance\":\"/v1/carts/" CART "/lines\","
                                    "\"available\":2}");
    asked.refusal = RESULT_OVERLOADED;
    assert_int_equal(ask("GET", "/v1/products/shirt", "", ""), 503);
    assert_head("Retry-After: 1\n");
    assert_head("Cache-Control: private, no-store\n");
}

struct request_row {
    const char *method, *target, *headers, *body;
    int status;
    const char *code;
};

static void run_rows(const struct request_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct request_row *row = &rows[i];
        int status = ask(row->method, row->target, row->headers, row->body);
        if (status != row->status)
            fail_msg("%s %s %s: %d instead of %d: %s", row->method, row->target, row->body, status, row->status, last->body);
        if (row->code != NULL && strstr(last->body, row->code) == NULL)
            fail_msg("%s %s %s: no %s in %s", row->method, row->target, row->body, row->code, last->body);
        if (last->body[0] == '{')
            assert_json();
    }
}

static void routes(void **state)
{
    (void)state;
    static const struct request_row rows[] = {
        {"GET", "/v1/nothing", "", "", 404, "\"not_found\""},
        {"GET", "/v1/products/", "", "", 404, NULL},
        {"GET", "/v1//products", "", "", 404, NULL},
        {"GET", "/v1/products/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r", "", "", 404, NULL},
        {"GET", "/v1/products/a%2Fb", "", "", 400, "\"bad_request\""},
        {"GET", "/v1/products/a%00b", "", "", 400, "\"bad_request\""},
        {"GET", "/v1/products/a%F0b", "", "", 400, "\"bad_request\""},
        {"GET", "/v1/products/a%zz", "", "", 400, "\"bad_request\""},
        {"GET", "/v1/products/a%2", "", "", 400, "\"bad_request\""},
        {"GET", "/v1/%70roducts/a", "", "", 200, NULL},
        {"GET", "/v1/products/%C3%A4", "", "", 200, NULL},
        {"GET", "/v1/carts/what!is.this", "", "", 404, "\"not_found\""},
        {"GET", "/v1/products?q=%", "", "", 400, "\"bad_request\""},
        {"GET", "/v1/products?limit=0", "", "", 400, "\"pointer\":\"?limit\",\"code\":\"too_small\""},
        {"GET", "/v1/products?limit=101", "", "", 400, "\"too_large\""},
        {"GET", "/v1/products?limit=", "", "", 400, "\"type\""},
        {"GET", "/v1/products?limit=1e1", "", "", 400, "\"type\""},
        {"GET", "/v1/products?limit=99999999999", "", "", 400, "\"out_of_range\""},
        {"GET", "/v1/products?limit=1&limit=2", "", "", 400, "\"given_twice\""},
        {"GET", "/v1/products?sort=best", "", "", 400, "\"unknown_value\""},
        {"GET", "/v1/products?sort=unspecified", "", "", 400, "\"unknown_value\""},
        {"GET", "/v1/products?colour=red", "", "", 400, "\"pointer\":\"?colour\",\"code\":\"unknown\""},
        {"GET", "/v1/products?option=Red", "", "", 400, "\"unknown\""},
        {"GET", "/v1/products?currency=eur", "", "", 400, "\"format\""},
        {"GET", "/v1/products/a?product=b", "", "", 400, "\"unknown\""},
        {"GET", "/v1/products?", "", "", 200, NULL},
        {"GET", "/v1/products?&q=a&", "", "", 200, NULL},
        {"PUT", "/v1/products", "", "", 405, "\"method_not_allowed\""},
        {"BREW", "/v1/products", "", "", 405, NULL},
        {"POST", "/v1/products", AS_JSON, "{}", 401, "\"unauthenticated\""},
        {"GET", "/v1/products", "authorization: Bearer wrong\n", "", 401, "\"unauthenticated\""},
        {"GET", "/v1/products", "authorization: Basic x\n", "", 401, "\"unauthenticated\""},
        {"GET", "/v1/products", "authorization: bearer  " ADMIN_TOKEN "\n", "", 200, NULL},
        {"GET", "/v1/inventory/A", "", "", 401, NULL},
        {"PATCH", "/v1/products/p1", AS_ADMIN AS_PATCH "if-match: W/\"7\"\n", "{}", 400, NULL},
        {"PATCH", "/v1/products/p1", AS_ADMIN AS_PATCH "if-match: \"7\", \"8\"\n", "{}", 400, NULL},
        {"PATCH", "/v1/products/p1", AS_ADMIN AS_PATCH "if-match: 7\n", "{}", 400, NULL},
        {"PATCH", "/v1/products/p1", AS_ADMIN "content-type: text/plain\n", "{}", 415, "\"unsupported_media_type\""},
        {"PATCH", "/v1/products/p1", AS_ADMIN, "{}", 415, NULL},
        {"PATCH", "/v1/products/p1", AS_ADMIN "content-type: Application/JSON;charset=utf-8\n", "{}", 200, NULL},
        {"PATCH", "/v1/products/p1", AS_ADMIN "content-type: application/json; charset=\"UTF-8\"\n", "{}", 200, NULL},
        {"PATCH", "/v1/products/p1", AS_ADMIN "content-type: application/json; v=1; Charset=latin1\n", "{}", 415, "in UTF-8"},
        {"PATCH", "/v1/products/p1", AS_ADMIN AS_JSON "content-encoding: identity\n", "{}", 200, NULL},
        {"PATCH", "/v1/products/p1", AS_ADMIN AS_JSON "content-encoding: gzip\n", "{}", 415, "without Content-Encoding"},
        {"POST", "/v1/products", AS_ADMIN AS_JSON, "{\"title\":\"  \"}", 400, "\"/title\",\"code\":\"required\""},
        {"PATCH", "/v1/products/p1", AS_ADMIN AS_JSON, "{\"title\":\" \\t\"}", 400, "\"/title\",\"code\":\"required\""},
        {"POST", "/v1/promotions", AS_ADMIN AS_JSON, "{\"name\":\"n\",\"kind\":\"percent\",\"code\":\"a b\"}", 400, "\"pattern\""},
        {"POST", "/v1/promotions", AS_ADMIN AS_JSON, "{\"name\":\"n\",\"kind\":\"percent\",\"startsAt\":\"2026-02-30T00:00:00Z\"}", 400,
         "\"/startsAt\",\"code\":\"type\""},
    };
    run_rows(rows, COUNT(rows));
}

static void names_what_an_address_takes(void **state)
{
    (void)state;
    assert_int_equal(ask("POST", "/v1/carts", AS_JSON "content-encoding: br\n", "{}"), 415);
    assert_head("Accept-Encoding: identity\n");
    assert_int_equal(ask("PUT", "/v1/products", "", ""), 405);
    assert_head("Allow: GET, HEAD, POST, OPTIONS\n");
    assert_int_equal(ask("OPTIONS", "/v1/products/x", "", ""), 204);
    assert_head("Allow: GET, HEAD, PUT, PATCH, DELETE, OPTIONS\n");
    assert_int_equal(ask("GET", "/v1/products", "authorization: Bearer x\n", ""), 401);
    assert_head("WWW-Authenticate: Bearer realm=\"souk\", error=\"invalid_token\"\n");
}

/* RFC 8259 at its edges. */
static void reads_strict_json(void **state)
{
    (void)state;
#define PATCH_TITLE(body, status) {"PATCH", "/v1/products/p1", AS_ADMIN AS_PATCH, body, status, NULL}
    static const struct request_row rows[] = {
        PATCH_TITLE("{\"title\":\"a\"}", 200),
        PATCH_TITLE(" \t\r\n{ \"title\" : \"a\" } \n", 200),
        PATCH_TITLE("{\"title\":\"\\u00e4\\ud83d\\ude00\\/\"}", 200),
        PATCH_TITLE("{\"title\":\"\xC3\xA4\"}", 200),
        PATCH_TITLE("", 400),
        PATCH_TITLE("[]", 400),
        PATCH_TITLE("null", 400),
        PATCH_TITLE("\"a\"", 400),
        PATCH_TITLE("{", 400),
        PATCH_TITLE("{}}", 400),
        PATCH_TITLE("{} {}", 400),
        PATCH_TITLE("{}//", 400),
        PATCH_TITLE("{,}", 400),
        PATCH_TITLE("{\"title\":\"a\",}", 400),
        PATCH_TITLE("{\"title\" \"a\"}", 400),
        PATCH_TITLE("{title:\"a\"}", 400),
        PATCH_TITLE("{'title':\"a\"}", 400),
        PATCH_TITLE("{\"title\":'a'}", 400),
        PATCH_TITLE("{\"title\":\"a\",\"title\":\"b\"}", 400),
        PATCH_TITLE("{\"title\":\"a\",\"t\\u0069tle\":\"b\"}", 400),
        PATCH_TITLE("{\"title\":\"\t\"}", 400),
        PATCH_TITLE("{\"title\":\"\\x41\"}", 400),
        PATCH_TITLE("{\"title\":\"\\u00g0\"}", 400),
        PATCH_TITLE("{\"title\":\"\\u0000\"}", 400),
        PATCH_TITLE("{\"title\":\"\\ud83d\"}", 400),
        PATCH_TITLE("{\"title\":\"\\ude00\\ud83d\"}", 400),
        PATCH_TITLE("{\"title\":\"\xFF\"}", 400),
        PATCH_TITLE("{\"title\":\"\xC0\x80\"}", 400),
        PATCH_TITLE("{\"title\":\"\xED\xA0\x80\"}", 400),
        PATCH_TITLE("\xEF\xBB\xBF{}", 400),
        PATCH_TITLE("{\"title\":True}", 400),
        PATCH_TITLE("{\"title\":NaN}", 400),
        PATCH_TITLE("{\"title\":1}", 400),
        PATCH_TITLE("{\"title\":{}}", 400),
        PATCH_TITLE("{\"title\":[]}", 400),
    };
    run_rows(rows, COUNT(rows));
#define ADD_QUANTITY(number, status) \
    {"POST", "/v1/carts/" CART "/lines", AS_JSON, "{\"sku\":\"S\",\"quantity\":" number "}", status, NULL}
    static const struct request_row numbers[] = {
        ADD_QUANTITY("1", 201),     ADD_QUANTITY("100000", 201), ADD_QUANTITY("01", 400),  ADD_QUANTITY("+1", 400),
        ADD_QUANTITY("1.0", 400),   ADD_QUANTITY("1e0", 400),    ADD_QUANTITY("-1", 400),  ADD_QUANTITY("- 1", 400),
        ADD_QUANTITY("1.", 400),    ADD_QUANTITY(".1", 400),     ADD_QUANTITY("0x1", 400), ADD_QUANTITY("\"1\"", 400),
        ADD_QUANTITY("-0", 400),    ADD_QUANTITY("1 ", 201),     ADD_QUANTITY("true", 400), ADD_QUANTITY("null", 400),
        ADD_QUANTITY("9223372036854775807", 400), ADD_QUANTITY("9223372036854775808", 400), ADD_QUANTITY("Infinity", 400),
    };
    run_rows(numbers, COUNT(numbers));
}

static void refuses_json_that_is_too_deep(void **state)
{
    (void)state;
    char body[512] = "{\"title\":";
    for (int i = 0; i < LIMIT_JSON_DEPTH; i++)
        strcat(body, "[");
    assert_int_equal(ask("PATCH", "/v1/products/p1", AS_ADMIN AS_PATCH, body), 400);
    assert_body("nested more than 32 levels deep");
}

/* --- pages --------------------------------------------------------------------------------------------------------------- */

static void shows_where_to_begin(void **state)
{
    (void)state;
    assert_int_equal(ask("GET", "/v1", "", ""), 200);
    assert_json();
    assert_body("\"products\":{\"href\":\"/v1/products\"}");
    assert_body("\"createCart\":{\"href\":\"/v1/carts\",\"method\":\"POST\"}");
    assert_body("\"graphql\":{\"href\":\"/graphql\"}");
    assert_no_body("createProduct");
    assert_int_equal(ask("GET", "/v1", AS_ADMIN, ""), 200);
    assert_json();
    assert_body("\"createProduct\":{\"href\":\"/v1/products\",\"method\":\"POST\"}");
    assert_int_equal(ask("GET", "/", "", ""), 200);
}

static void documents_itself(void **state)
{
    (void)state;
    assert_int_equal(ask("GET", "/openapi.json", "", ""), 200);
    assert_json();
    assert_body("\"openapi\":\"3.1.0\"");
    assert_body("\"/v1/products/{product}/inventory\":{\"get\":{");
    assert_body("\"operationId\":\"getProductInventory\"");
    assert_body("\"ProductPatch\":{");
    assert_no_body("/v1/products/{id}");
    assert_no_body("batchGetVariants");
    assert_no_body("\"prices\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/components/schemas/InitialPrice\"}"); /* input only */
    assert_int_equal(ask("GET", "/docs", "", ""), 200);
    assert_body("<code>/v1/products/{product}</code>");
    assert_head("Content-Security-Policy: default-src 'none'; style-src");
    assert_int_equal(ask("GET", "/docs/problems", "", ""), 200);
    assert_body("<tr id=\"out_of_stock\">");
}

static void tells_how_it_is(void **state)
{
    (void)state;
    assert_int_equal(ask("GET", "/healthz", "", ""), 200);
    assert_int_equal(ask("GET", "/readyz", "", ""), 200);
    assert_string_equal(last->body, "{\"status\":\"ready\",\"checks\":{\"catalog\":true}}");
    shop_is_ready = false;
    assert_int_equal(ask("GET", "/readyz", "", ""), 503);
    shop_is_ready = true;
    ask("GET", "/v1/products/x", "", "");
    assert_int_equal(ask("GET", "/metrics", "", ""), 200);
    assert_body("souk_http_requests_total{method=\"GET\",route=\"/v1/products/{product}\",status=\"200\"} ");
    assert_body("souk_http_request_seconds_bucket{method=\"GET\",route=\"/v1/products/{product}\",le=\"0.001\"} ");
}

static void keeps_the_trace(void **state)
{
    (void)state;
    assert_int_equal(ask("GET", "/v1/products/x", "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\n", ""), 200);
    assert_head("traceparent: 00-0af7651916cd43dd8448eb211c80319c-");
    assert_null(strstr(last->head, "b7ad6b7169203331"));
    ask("GET", "/v1/products/x", "traceparent: 00-00000000000000000000000000000000-b7ad6b7169203331-01\n", "");
    assert_null(strstr(last->head, "traceparent: 00-00000000000000000000000000000000"));
}

static void tells_administrators_where_time_goes(void **state)
{
    (void)state;
    ask("GET", "/v1/products/x", "server-timing: 1\n", "");
    assert_null(strstr(last->head, "Server-Timing"));
    ask("GET", "/v1/products/x", AS_ADMIN "server-timing: 1\n", "");
    assert_head("Server-Timing: in;dur=1.000, operation;dur=0.000, out;dur=0.000\n");
}

/* --- the cache ------------------------------------------------------------------------------------------------------------ */

static int open_cache(void **state)
{
    (void)state;
    rest = caching_rest;
    rest_touched(rest, "product", "p1");
    return 0;
}

static void answers_from_the_cache(void **state)
{
    (void)state;
    assert_int_equal(ask("GET", "/v1/products/shirt", "", ""), 200);
    char *body = strdup(last->body);
    assert_int_equal(ask("GET", "/v1/products/shirt", "", ""), 200);
    assert_int_equal(asked.calls, 1);
    assert_string_equal(last->body, body);
    assert_int_equal(strncmp(last->head, "HTTP/1.1 200 OK\r\n", 17), 0);
    assert_head("\r\ncache-control: public, max-age=0, s-maxage=60, stale-while-revalidate=60\r\n");
    assert_head("\r\nx-content-type-options: nosniff\r\n");
    assert_null(strstr(last->head, "X-Request-Id"));
    char length[64];
    snprintf(length, sizeof length, "\r\ncontent-length: %zu", strlen(body));
    assert_head(length);
    free(body);

    assert_int_equal(ask("GET", "/v1/products/%73hirt?", "", ""), 200); /* the same in other words */
    assert_int_equal(asked.calls, 1);
    assert_int_equal(ask("GET", "/v1/products/shirt", AS_ADMIN, ""), 200);
    assert_int_equal(asked.calls, 2);
    assert_head("private, no-store");
    ask("HEAD", "/v1/products/shirt", "", "");
    assert_int_equal(asked.calls, 3);
}

/* An answer that is everybody's bears a trace of the request's own, and an id for who traces. */
static void traces_what_comes_from_the_cache(void **state)
{
    (void)state;
    const char *traced = "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\n";
    assert_int_equal(ask("GET", "/v1/products/shirt", "", ""), 200);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(ask("GET", "/v1/products/shirt", "", ""), 200);
        assert_head("traceparent: 00-");
        assert_null(strstr(last->head, "x-request-id"));
        assert_int_equal(ask("GET", "/v1/products/shirt", traced, ""), 200);
        assert_head("traceparent: 00-0af7651916cd43dd8448eb211c80319c-");
        assert_head("x-request-id: 0");
    }
    assert_int_equal(asked.calls, 1);
}

static void tells_from_the_cache_that_nothing_changed(void **state)
{
    (void)state;
    char condition[128];
    ask("GET", "/v1/products?q=x&inStock=true", "", "");
    const char *etag = strcasestr(last->head, "etag: ") + 6;
    snprintf(condition, sizeof condition, "if-none-match: %.*s\n", (int)strcspn(etag, "\n"), etag);
    assert_int_equal(ask("GET", "/v1/products?q=x&inStock=true", condition, ""), 304);
    assert_int_equal(ask("GET", "/v1/products?inStock=true&q=x", condition, ""), 304);
    assert_head("ETag: \"");
    assert_int_equal(asked.calls, 1);
}

static void forgets_what_has_changed(void **state)
{
    (void)state;
    ask("GET", "/v1/products/shirt", "", "");
    ask("GET", "/v1/products", "", "");
    rest_touched(rest, "product", "p9");
    ask("GET", "/v1/products/shirt", "", "");
    ask("GET", "/v1/products", "", "");
    assert_int_equal(asked.calls, 2);
    rest_touched(rest, "product", "p2"); /* the list shows it */
    ask("GET", "/v1/products/shirt", "", "");
    ask("GET", "/v1/products", "", "");
    assert_int_equal(asked.calls, 3);
    rest_touched(rest, "category", "c1"); /* a product shows its categories, and so does a list */
    ask("GET", "/v1/products/shirt", "", "");
    ask("GET", "/v1/products", "", "");
    assert_int_equal(asked.calls, 5);
}

static void forgets_the_lists_that_something_comes_into(void **state)
{
    (void)state;
    ask("GET", "/v1/products?category=shoes", "", "");
    ask("GET", "/v1/products", "", "");
    rest_touched(rest, "products", "hats");
    ask("GET", "/v1/products?category=shoes", "", "");
    assert_int_equal(asked.calls, 2);
    ask("GET", "/v1/products", "", "");
    assert_int_equal(asked.calls, 3);
    rest_touched(rest, "products", "shoes");
    ask("GET", "/v1/products?category=shoes", "", "");
    assert_int_equal(asked.calls, 4);
}

static void never_keeps_a_refusal(void **state)
{
    (void)state;
    asked.refusal = RESULT_UNAVAILABLE;
    assert_int_equal(ask("GET", "/v1/products/shirt", "", ""), 503);
    asked.refusal = RESULT_OK;
    assert_int_equal(ask("GET", "/v1/products/shirt", "", ""), 200);
}

static void asks_once_for_many(void **state)
{
    (void)state;
    struct fake_exchange *many[4];
    asked.later = true;
    for (size_t i = 0; i < COUNT(many); i++)
        many[i] = fake_request(rest, "GET", "/v1/products/shirt", "", TEXT(""));
    assert_int_equal(asked.calls, 1);
    call_answer(asked.kept, &shirt.base);
    fake_loop_run();
    for (size_t i = 0; i < COUNT(many); i++) {
        assert_int_equal(many[i]->status, 200);
        fake_exchange_free(many[i]);
    }
    assert_int_equal(asked.calls, 1);
}

/* What was read before a change must not be shown after it, neither from the cache nor to who waited. */
static void shows_nothing_old_after_a_change(void **state)
{
    (void)state;
    asked.later = true;
    struct fake_exchange *before = fake_request(rest, "GET", "/v1/products/shirt", "", TEXT(""));
    struct call *first = asked.kept;
    rest_touched(rest, "product", "p1");
    struct fake_exchange *after = fake_request(rest, "GET", "/v1/products/shirt", "", TEXT(""));
    assert_int_equal(asked.calls, 1);
    call_answer(first, &shirt.base);
    fake_loop_run();
    assert_int_equal(before->status, 200);
    assert_int_equal(after->status, 0); /* asks for itself */
    assert_int_equal(asked.calls, 2);
    call_answer(asked.kept, &shirt.base);
    assert_int_equal(after->status, 200);
    fake_exchange_free(before);
    fake_exchange_free(after);
    asked.later = false;
    ask("GET", "/v1/products/shirt", "", "");
    assert_int_equal(asked.calls, 3);
}

#define CACHE_TEST(function) cmocka_unit_test_setup_teardown(function, open_cache, let_go)
#define TEST(function) cmocka_unit_test_teardown(function, let_go)

/* --- budgets ------------------------------------------------------------------------------------------------------------- */

static void asks_for_points(void **state)
{
    (void)state;
    struct rest_options options = caching_rest->options;
    options.budget = budget_new(&fake_env, (struct budget_rate){100, 10}, (struct budget_rate){1000, 10});
    struct rest *counting = rest = rest_new(&options);

    assert_int_equal(ask("GET", "/v1/carts/" CART, "", ""), 200);
    assert_head("RateLimit-Policy: \"client\";q=100;w=10\n");
    assert_head("RateLimit: \"client\";r=99;t=1\n");
    for (int i = 0; i < 9; i++)
        assert_int_equal(ask("POST", "/v1/carts", AS_JSON, "{\"currency\":\"EUR\"}"), 201);
    int calls = asked.calls;
    assert_int_equal(ask("POST", "/v1/carts", AS_JSON, "{\"currency\":\"EUR\"}"), 429);
    assert_head("RateLimit: \"client\";r=9;t=10\n");
    assert_head("Retry-After: 1\n");
    assert_body("\"code\":\"too_many_requests\"");
    assert_body("\"retryAfter\":1");
    assert_json();
    assert_int_equal(asked.calls, calls); /* nobody was bothered */
    assert_int_equal(ask("GET", "/v1/carts/" CART, "authorization: Bearer wrong\n", ""), 429); /* guessing costs as a change does */
    assert_int_equal(ask("GET", "/healthz", "", ""), 200);

    /* What shared caches keep says nothing of one client's budget, neither from the service nor from the cache. */
    for (int i = 0; i < 20; i++) {
        assert_int_equal(ask("GET", "/v1/products/p1", "", ""), 200);
        assert_null(strstr(last->head, "RateLimit"));
    }
    assert_int_equal(ask("POST", "/v1/products", AS_ADMIN AS_JSON, "{\"title\":\"Mug\",\"variants\":[{\"sku\":\"M\"}]}"), 201);
    assert_head("RateLimit: \"staff\";r=990;t=1\n");

    fake_exchange_free(last);
    last = NULL;
    rest = plain_rest;
    rest_free(counting);
    budget_free(options.budget);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(shows_a_product),
        TEST(asks_for_points),
        TEST(shows_actions_to_those_who_may),
        TEST(shows_actions_while_the_state_allows),
        TEST(shows_no_checkout_of_what_has_obstacles),
        TEST(shows_what_an_order_has_money_for),
        TEST(carries_an_order_token_in_links),
        TEST(lists_page_by_page),
        TEST(takes_the_category_from_either_path),
        TEST(shows_only_the_fields_asked_for),
        TEST(follows_a_nested_link),
        TEST(embeds_in_one),
        TEST(passes_on_what_was_asked),
        TEST(embeds_in_lists_with_one_call),
        TEST(refuses_to_embed_what_is_not_there),
        TEST(answers_conditionally),
        TEST(looks_at_the_past_for_auditors),
        TEST(creates_a_product),
        TEST(patches_what_is_there),
        TEST(patches_what_is_inside),
        TEST(puts_everything),
        TEST(takes_a_quantity_of_none),
        TEST(takes_no_body_where_nothing_is_needed),
        TEST(takes_a_file_as_it_is),
        TEST(deletes),
        TEST(needs_a_key_where_money_moves),
        TEST(takes_no_money_without_an_amount),
        TEST(says_what_is_wrong_everywhere_at_once),
        TEST(stops_at_so_many_violations),
        TEST(tells_problems_of_services),
        TEST(routes),
        TEST(names_what_an_address_takes),
        TEST(reads_strict_json),
        TEST(refuses_json_that_is_too_deep),
        TEST(shows_where_to_begin),
        TEST(documents_itself),
        TEST(tells_how_it_is),
        TEST(keeps_the_trace),
        TEST(tells_administrators_where_time_goes),
        CACHE_TEST(answers_from_the_cache),
        CACHE_TEST(tells_from_the_cache_that_nothing_changed),
        CACHE_TEST(forgets_what_has_changed),
        CACHE_TEST(forgets_the_lists_that_something_comes_into),
        CACHE_TEST(traces_what_comes_from_the_cache),
        CACHE_TEST(never_keeps_a_refusal),
        CACHE_TEST(asks_once_for_many),
        CACHE_TEST(shows_nothing_old_after_a_change),
    };
    return cmocka_run_group_tests(tests, open_shop, close_shop);
}
