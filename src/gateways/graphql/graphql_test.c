/*
 * The gateway as its clients see it: documents in, answers out, before services that are one function. The contracts are the real ones.
 */
#include "gateways/graphql/graphql.h"
#include "gateways/graphql/documents.h"
#include "gateways/rest/rest_test.h"

#include "souk/cart/v1/cart.souk.h"
#include "souk/catalog/v1/catalog.souk.h"
#include "souk/inventory/v1/inventory.souk.h"
#include "souk/order/v1/order.souk.h"
#include "souk/pricing/v1/pricing.souk.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>
/* cmocka needs what is above it. */
#include <cmocka.h>

#define ADMIN_TOKEN "0123456789abcdef0123456789abcdef"
#define AS_ADMIN "authorization: Bearer " ADMIN_TOKEN "\n"
#define AS_JSON "content-type: application/json\n"
#define WITH_STATUS "accept: application/graphql-response+json\n"

/* --- a shop with 24 products of two variants each -------------------------------------------------------------------------- */

#define PRODUCTS 24

static struct {
    Catalog__Product product;
    Catalog__Variant variants[2], *variant_list[2];
    char id[32], slug[32], skus[2][32];
} stock[PRODUCTS];
static Catalog__Product *products[PRODUCTS];

static void stock_the_shop(void)
{
    for (int i = 0; i < PRODUCTS; i++) {
        snprintf(stock[i].id, sizeof stock[i].id, "p%d", i);
        snprintf(stock[i].slug, sizeof stock[i].slug, "product-%d", i);
        stock[i].product = (Catalog__Product)CATALOG__PRODUCT__INIT;
        stock[i].product.id = stock[i].id;
        stock[i].product.slug = stock[i].slug;
        stock[i].product.title = "A \"shirt\"";
        stock[i].product.version = 7;
        stock[i].product.status = CATALOG__PRODUCT_STATUS__PRODUCT_STATUS_PUBLISHED;
        for (int j = 0; j < 2; j++) {
            snprintf(stock[i].skus[j], sizeof stock[i].skus[j], "SKU-%d-%d", i, j);
            stock[i].variants[j] = (Catalog__Variant)CATALOG__VARIANT__INIT;
            stock[i].variants[j].sku = stock[i].skus[j];
            stock[i].variant_list[j] = &stock[i].variants[j];
        }
        stock[i].product.n_variants = 2;
        stock[i].product.variants = stock[i].variant_list;
        products[i] = &stock[i].product;
    }
}

/* --- services ---------------------------------------------------------------------------------------------------------------- */

#define KEPT_MAX 16

static struct {
    int calls;
    char methods[1024];  /* in the order they were called: "ListProducts BatchGetPrices " */
    char first_key[64];  /* the idempotency key of the first */
    enum result refusal; /* of every call whose method is `refused`, or of all */
    const char *refused;
    bool later; /* keep the calls, for answer_later() */
    struct kept {
        ProtobufCService *service;
        unsigned index;
        const ProtobufCMessage *request;
        struct call *call;
    } kept[KEPT_MAX];
    int kept_count;
} asked;

static void answer_products(const Catalog__ListProductsRequest *request, struct call *call)
{
    Catalog__ListProductsResponse *answer = ARENA_NEW(call->arena, Catalog__ListProductsResponse);
    catalog__list_products_response__init(answer);
    int from = request->cursor[0] == 'c' ? atoi(request->cursor + 1) : 0;
    int limit = request->limit > 0 ? request->limit : 24, count = PRODUCTS - from < limit ? PRODUCTS - from : limit;
    answer->n_items = (size_t)(count > 0 ? count : 0);
    answer->items = products + from;
    if (from + count < PRODUCTS)
        answer->next_cursor = arena_printf(call->arena, "c%d", from + count);
    call_answer(call, &answer->base);
}

static void answer_product(const Catalog__GetProductRequest *request, struct call *call)
{
    for (int i = 0; i < PRODUCTS; i++) {
        if (strcmp(request->product, stock[i].id) == 0 || strcmp(request->product, stock[i].slug) == 0) {
            call_answer(call, &stock[i].product.base);
            return;
        }
    }
    call_refuse(call, RESULT_NOT_FOUND, "There is no product `%s`.", request->product);
    call_answer(call, NULL);
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
        answer->items[answer->n_items++] = item;
    }
    call_answer(call, &answer->base);
}

static void answer_prices(const Pricing__BatchGetPricesRequest *request, struct call *call)
{
    Pricing__BatchGetPricesResponse *answer = ARENA_NEW(call->arena, Pricing__BatchGetPricesResponse);
    pricing__batch_get_prices_response__init(answer);
    answer->items = ARENA_ARRAY(call->arena, __typeof__(*answer->items), request->n_skus);
    for (size_t i = 0; i < request->n_skus; i++) {
        answer->items[i] = arena_alloc(call->arena, sizeof **answer->items);
        protobuf_c_message_init(pricing__batch_get_prices_response__descriptor.fields[0].descriptor, answer->items[i]);
        answer->items[i]->sku = request->skus[i];
        answer->n_items++;
    }
    call_answer(call, &answer->base);
}

static void answer(ProtobufCService *service, unsigned index, const ProtobufCMessage *request, struct call *call)
{
    const char *method = service->descriptor->methods[index].name;
    static Cart__Cart cart = CART__CART__INIT;
    cart.id = "01jd4w3h8s4v6x2y0z1a2b3c4d";
    cart.version = 1;
    if (asked.refusal != RESULT_OK && (asked.refused == NULL || strcmp(asked.refused, method) == 0)) {
        call_refuse(call, asked.refusal, NULL);
        call_answer(call, NULL);
    } else if (strcmp(method, "ListProducts") == 0)
        answer_products((const void *)request, call);
    else if (strcmp(method, "GetProduct") == 0)
        answer_product((const void *)request, call);
    else if (strcmp(method, "BatchGetAvailability") == 0)
        answer_availability((const void *)request, call);
    else if (strcmp(method, "BatchGetPrices") == 0)
        answer_prices((const void *)request, call);
    else if (service->descriptor->methods[index].output == &cart__cart__descriptor)
        call_answer(call, &cart.base);
    else {
        call_refuse(call, RESULT_NOT_FOUND, NULL);
        call_answer(call, NULL);
    }
}

static void serve(ProtobufCService *service, unsigned index, const ProtobufCMessage *request, ProtobufCClosure closure, void *data)
{
    (void)closure;
    struct call *call = data;
    if (asked.calls++ == 0)
        snprintf(asked.first_key, sizeof asked.first_key, "%s", call->idempotency_key);
    strncat(asked.methods, service->descriptor->methods[index].name, sizeof asked.methods - strlen(asked.methods) - 2);
    strcat(asked.methods, " ");
    if (!asked.later) {
        answer(service, index, request, call);
        return;
    }
    assert_true(asked.kept_count < KEPT_MAX);
    asked.kept[asked.kept_count++] = (struct kept){service, index, request, call};
}

/* The last of the calls that wait. False when there is none. */
static bool answer_later(void)
{
    if (asked.kept_count == 0)
        return false;
    struct kept kept = asked.kept[--asked.kept_count];
    answer(kept.service, kept.index, kept.request, kept.call);
    return true;
}

/* --- asking ------------------------------------------------------------------------------------------------------------------- */

static struct graphql *graphql;
static struct graphql_options options;

static const struct service_declaration *const declarations[] = {
    &catalog_declaration, &cart_declaration, &inventory_declaration, &order_declaration, &pricing_declaration,
};
#define SERVICES (sizeof declarations / sizeof declarations[0])
static ProtobufCService services[SERVICES];

static int open_the_gateway(void **state)
{
    (void)state;
    stock_the_shop();
    struct directory *directory = directory_new();
    for (size_t i = 0; i < SERVICES; i++) {
        services[i] = (ProtobufCService){.descriptor = declarations[i]->descriptor, .invoke = serve};
        directory_add(directory, declarations[i]->name, &services[i]);
    }
    options = (struct graphql_options){
        .services = declarations,
        .service_count = SERVICES,
        .directory = directory,
        .admin_token = ADMIN_TOKEN,
        .documents_bytes = 1 << 20,
        .cache_bytes = 1 << 20,
        .watches = watches_new(),
        .budget = budget_new(&fake_env, (struct budget_rate){10000, 1000}, (struct budget_rate){10000, 1000}),
    };
    graphql = graphql_new(&options);
    return 0;
}

static int close_the_gateway(void **state)
{
    (void)state;
    graphql_free(graphql);
    budget_free(options.budget);
    watches_free(options.watches);
    directory_free((struct directory *)(uintptr_t)options.directory);
    return 0;
}

static int forget_asked(void **state)
{
    (void)state;
    memset(&asked, 0, sizeof asked);
    return 0;
}

static struct fake_exchange *exchange_at(const char *method, const char *target, const char *headers, const char *body)
{
    struct fake_exchange *exchange = fake_exchange_new(method, target, headers, text_of(body));
    graphql_handle(graphql, &exchange->base);
    return exchange;
}

static char *body_of(const char *query, const char *variables)
{
    json_t *json = json_pack("{ss}", "query", query);
    if (variables != NULL)
        json_object_set_new(json, "variables", json_loads(variables, 0, NULL));
    char *body = json_dumps(json, 0);
    json_decref(json);
    return body;
}

/* Ask, and see that the answer (its data and errors) is this. */
static void assert_answer_at(const char *path, const char *headers, const char *query, const char *variables, const char *wanted)
{
    char *body = body_of(query, variables);
    struct fake_exchange *exchange = exchange_at("POST", path, headers, body);
    while (answer_later()) {
    }
    assert_int_equal(exchange->status, 200);
    json_t *answer = json_loads(exchange->body, 0, NULL), *expected = json_loads(wanted, 0, NULL);
    assert_non_null(answer);
    assert_non_null(expected);
    assert_non_null(json_object_get(json_object_get(answer, "extensions"), "cost"));
    json_object_del(answer, "extensions");
    if (!json_equal(answer, expected))
        fail_msg("answered %s\nwanted   %s", exchange->body, wanted);
    json_decref(answer);
    json_decref(expected);
    fake_exchange_free(exchange);
    free(body);
}

static void assert_answer(const char *query, const char *wanted)
{
    assert_answer_at("/graphql", AS_JSON, query, NULL, wanted);
}

/* Ask, and see the status and something of the body. */
static void assert_status(const char *method, const char *target, const char *headers, const char *body, int status, const char *part)
{
    struct fake_exchange *exchange = exchange_at(method, target, headers, body);
    while (answer_later()) {
    }
    if (exchange->status != status || (part != NULL && strstr(exchange->body, part) == NULL && strstr(exchange->head, part) == NULL))
        fail_msg("%s %s %s: %d %s%s\nwanted %d %s", method, target, body, exchange->status, exchange->head, exchange->body, status, part);
    fake_exchange_free(exchange);
}

/* --- selections ---------------------------------------------------------------------------------------------------------------- */

static void fields_come_in_the_order_of_the_document(void **state)
{
    (void)state;
    char *body = body_of("{ b: product(id: \"p1\") { slug id kind: __typename title } __typename a: product(slug: \"product-2\") { id } }", NULL);
    struct fake_exchange *exchange = exchange_at("POST", "/graphql", AS_JSON, body);
    const char *wanted = "{\"data\":{\"b\":{\"slug\":\"product-1\",\"id\":\"p1\",\"kind\":\"Product\",\"title\":\"A \\\"shirt\\\"\"},"
                         "\"__typename\":\"Query\",\"a\":{\"id\":\"p2\"}},\"extensions\":";
    assert_true(strncmp(exchange->body, wanted, strlen(wanted)) == 0);
    fake_exchange_free(exchange);
    free(body);
}

static void fragments_and_directives_choose_fields(void **state)
{
    (void)state;
    assert_answer_at("/graphql", AS_JSON,
                     "query($yes: Boolean!, $no: Boolean = false) { product(id: \"p1\") { ...F ... on Node { id } "
                     "... @include(if: $no) { title } version @skip(if: $yes) slug @include(if: $yes) } } "
                     "fragment F on Product { id status variants { sku } variants { sku title } }",
                     "{\"yes\": true}",
                     "{\"data\": {\"product\": {\"id\": \"p1\", \"status\": \"PUBLISHED\", \"slug\": \"product-1\", \"variants\": "
                     "[{\"sku\": \"SKU-1-0\", \"title\": \"\"}, {\"sku\": \"SKU-1-1\", \"title\": \"\"}]}}}");
}

/* --- calls ---------------------------------------------------------------------------------------------------------------------- */

#define LIST "{ products(first: 24) { nodes { id inventory { sku available } price { sku } } } }"

static void lists_load_what_belongs_to_them_at_once(void **state)
{
    (void)state;
    for (int later = 0; later < 2; later++) {
        memset(&asked, 0, sizeof asked);
        asked.later = later == 1;
        char *body = body_of(LIST, NULL);
        struct fake_exchange *exchange = exchange_at("POST", "/graphql", AS_JSON, body);
        while (answer_later()) {
        }
        assert_int_equal(exchange->status, 200);
        assert_string_equal(asked.methods, "ListProducts BatchGetAvailability BatchGetPrices ");
        json_t *answer = json_loads(exchange->body, 0, NULL);
        json_t *nodes = json_object_get(json_object_get(json_object_get(answer, "data"), "products"), "nodes");
        assert_int_equal(json_array_size(nodes), PRODUCTS);
        for (size_t i = 0; i < PRODUCTS; i++) {
            const json_t *inventory = json_object_get(json_array_get(nodes, i), "inventory");
            assert_int_equal(json_array_size(inventory), 2);
            assert_string_equal(json_string_value(json_object_get(json_array_get(inventory, 0), "sku")), stock[i].skus[0]);
            assert_int_equal(json_array_size(json_object_get(json_array_get(nodes, i), "price")), 2);
        }
        json_decref(answer);
        fake_exchange_free(exchange);
        free(body);
    }
}

/* An operation takes 5,000 SKUs at once; and of the same SKU only one is asked for. */
static void what_is_too_much_for_one_call_is_asked_in_parts(void **state)
{
    (void)state;
    enum { MANY = 6000, SAME = 10 };
    static Catalog__Variant variants[MANY], *list[MANY];
    static char skus[MANY][32];
    for (int i = 0; i < MANY; i++) {
        snprintf(skus[i], sizeof skus[i], "MANY-%d", i < SAME ? 0 : i);
        variants[i] = (Catalog__Variant)CATALOG__VARIANT__INIT;
        variants[i].sku = skus[i];
        list[i] = &variants[i];
    }
    stock[0].product.n_variants = MANY;
    stock[0].product.variants = list;
    struct fake_exchange *exchange =
        exchange_at("POST", "/graphql", AS_JSON, "{\"query\": \"{ product(id: \\\"p0\\\") { inventory { sku } } }\"}");
    assert_string_equal(asked.methods, "GetProduct BatchGetAvailability BatchGetAvailability ");
    json_t *answer = json_loads(exchange->body, 0, NULL);
    const json_t *product = json_object_get(json_object_get(answer, "data"), "product");
    assert_int_equal(json_array_size(json_object_get(product, "inventory")), MANY - SAME + 1);
    json_decref(answer);
    fake_exchange_free(exchange);
    stock[0].product.n_variants = 2;
    stock[0].product.variants = stock[0].variant_list;
}

static void the_same_field_twice_is_one_call(void **state)
{
    (void)state;
    assert_answer("{ product(id: \"p1\") { id } product(id: \"p1\") { slug } }",
                  "{\"data\": {\"product\": {\"id\": \"p1\", \"slug\": \"product-1\"}}}");
    assert_string_equal(asked.methods, "GetProduct ");
}

static void mutations_come_one_after_the_other(void **state)
{
    (void)state;
    asked.later = true;
    char *body = body_of("mutation { a: createCart(input: {}) { cart { id } } b: createCart(input: {}) { cart { version } } }", NULL);
    struct fake_exchange *exchange = exchange_at("POST", "/graphql", AS_JSON, body);
    assert_int_equal(asked.calls, 1);
    assert_true(answer_later());
    assert_int_equal(asked.calls, 2);
    assert_int_equal(exchange->status, 0);
    assert_true(answer_later());
    assert_int_equal(exchange->status, 200);
    fake_exchange_free(exchange);
    free(body);
}

/* --- pages ----------------------------------------------------------------------------------------------------------------------- */

static void pages_follow_each_other_from_any_item(void **state)
{
    (void)state;
    assert_answer("{ products(first: 2) { edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage endCursor } } }",
                  "{\"data\": {\"products\": {\"edges\": [{\"cursor\": \".1\", \"node\": {\"id\": \"p0\"}}, "
                  "{\"cursor\": \"c2.0\", \"node\": {\"id\": \"p1\"}}], "
                  "\"pageInfo\": {\"hasNextPage\": true, \"hasPreviousPage\": false, \"endCursor\": \"c2.0\"}}}}");
    assert_answer("{ products(first: 1, after: \".1\") { nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor } } }",
                  "{\"data\": {\"products\": {\"nodes\": [{\"id\": \"p1\"}], "
                  "\"pageInfo\": {\"hasNextPage\": true, \"hasPreviousPage\": true, \"startCursor\": \"c2.0\"}}}}");
    assert_answer("{ products(first: 24, after: \"c22.0\") { nodes { id } pageInfo { hasNextPage } } }",
                  "{\"data\": {\"products\": {\"nodes\": [{\"id\": \"p22\"}, {\"id\": \"p23\"}], \"pageInfo\": {\"hasNextPage\": false}}}}");
    assert_answer("{ products(first: 1, after: \"c1.x\") { nodes { id } } }",
                  "{\"data\": {\"products\": null}, \"errors\": [{\"message\": \"That cursor is not one of ours\", \"locations\": "
                  "[{\"line\": 1, \"column\": 3}], \"path\": [\"products\"], \"extensions\": {\"code\": \"cursor_invalid\"}}]}");
}

/* --- errors ---------------------------------------------------------------------------------------------------------------------- */

static void a_field_that_fails_is_null_and_the_rest_answers(void **state)
{
    (void)state;
    asked.refusal = RESULT_UNAVAILABLE;
    asked.refused = "BatchGetAvailability";
    assert_answer("{ product(id: \"p1\") { id stock: inventory { sku } } other: product(id: \"p2\") { id } }",
                  "{\"data\": {\"product\": {\"id\": \"p1\", \"stock\": null}, \"other\": {\"id\": \"p2\"}}, \"errors\": [{\"message\": "
                  "\"Not available at the moment\", \"locations\": [{\"line\": 1, \"column\": 26}], \"path\": [\"product\", \"stock\"], "
                  "\"extensions\": {\"code\": \"unavailable\"}}]}");
}

static void what_is_not_there_is_told_with_its_path(void **state)
{
    (void)state;
    assert_answer("{ product(id: \"nope\") { id } }",
                  "{\"data\": {\"product\": null}, \"errors\": [{\"message\": \"There is no product `nope`.\", \"locations\": [{\"line\": 1, "
                  "\"column\": 3}], \"path\": [\"product\"], \"extensions\": {\"code\": \"not_found\"}}]}");
}

static void mutations_tell_clients_what_to_mend(void **state)
{
    (void)state;
    assert_answer("mutation { createCart(input: {currency: \"eur\"}) { cart { id } userErrors { field code } } }",
                  "{\"data\": {\"createCart\": {\"cart\": null, \"userErrors\": [{\"field\": [\"input\", \"currency\"], \"code\": "
                  "\"format\"}]}}}");
    assert_int_equal(asked.calls, 0);
    asked.refusal = RESULT_CONFLICT;
    assert_answer("mutation { createCart(input: {}) { cart { id } userErrors { field code message } } }",
                  "{\"data\": {\"createCart\": {\"cart\": null, \"userErrors\": [{\"field\": null, \"code\": \"conflict\", \"message\": "
                  "\"Somebody else was first\"}]}}}");
    asked.refusal = RESULT_OVERLOADED;
    char *body = body_of("mutation { createCart(input: {}) { cart { id } } }", NULL);
    assert_status("POST", "/graphql", AS_JSON, body, 200, "\"path\":[\"createCart\"],\"extensions\":{\"code\":\"overloaded\"");
    free(body);
}

static void idempotency_keys_come_with_the_input(void **state)
{
    (void)state;
    assert_answer("mutation { createCart(input: {idempotencyKey: \"k1\"}) { userErrors { code } } }",
                  "{\"data\": {\"createCart\": {\"userErrors\": []}}}");
    assert_string_equal(asked.first_key, "k1");
}

static void variables_are_coerced(void **state)
{
    (void)state;
    assert_answer_at("/graphql", AS_JSON, "query($id: ID!) { product(id: $id) { id } }", "{\"id\": \"p3\"}",
                     "{\"data\": {\"product\": {\"id\": \"p3\"}}}");
    static const char *const wrong[] = {"{}", "{\"id\": null}", "{\"id\": true}", "{\"id\": [\"p1\"]}", "{\"id\": {}}"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char *body = body_of("query($id: ID!) { product(id: $id) { id } }", wrong[i]);
        assert_status("POST", "/graphql", AS_JSON WITH_STATUS, body, 400, "The variable $id");
        assert_status("POST", "/graphql", AS_JSON, body, 200, "The variable $id");
        free(body);
    }
}

/* --- introspection --------------------------------------------------------------------------------------------------------------- */

static void the_schema_tells_of_itself(void **state)
{
    (void)state;
    assert_answer("{ __type(name: \"PageInfo\") { kind name fields { name type { kind ofType { name } } } } none: __type(name: \"X\") { name } }",
                  "{\"data\": {\"__type\": {\"kind\": \"OBJECT\", \"name\": \"PageInfo\", \"fields\": ["
                  "{\"name\": \"hasNextPage\", \"type\": {\"kind\": \"NON_NULL\", \"ofType\": {\"name\": \"Boolean\"}}},"
                  "{\"name\": \"hasPreviousPage\", \"type\": {\"kind\": \"NON_NULL\", \"ofType\": {\"name\": \"Boolean\"}}},"
                  "{\"name\": \"startCursor\", \"type\": {\"kind\": \"SCALAR\", \"ofType\": null}},"
                  "{\"name\": \"endCursor\", \"type\": {\"kind\": \"SCALAR\", \"ofType\": null}}]}, \"none\": null}}");
}

/* Each round of types that are nodes and nodes that are types has as many again of them. */
static void the_schema_does_not_tell_of_itself_for_ever(void **state)
{
    (void)state;
    char query[1024] = "{\"query\": \"{ __type(name: \\\"Node\\\") { ";
    for (int i = 0; i < 14; i++)
        strcat(query, "possibleTypes { interfaces { ");
    strcat(query, "name ");
    for (int i = 0; i < 14; i++)
        strcat(query, "} } ");
    strcat(query, "} }\"}");
    assert_status("POST", "/graphql", AS_JSON WITH_STATUS, query, 400, "\"code\":\"graphql_limit\"");
    assert_status("POST", "/admin/graphql", AS_JSON AS_ADMIN, query, 200, "more of the schema");
}

static void nodes_are_found_by_their_ids(void **state)
{
    (void)state;
    assert_answer("{ node(id: \"p5\") { id __typename ... on Product { slug } ... on Cart { currency } } nope: node(id: \"x\") { id } }",
                  "{\"data\": {\"node\": {\"id\": \"p5\", \"__typename\": \"Product\", \"slug\": \"product-5\"}, \"nope\": null}}");
}

/* --- HTTP -------------------------------------------------------------------------------------------------------------------------- */

static void statuses_are_those_of_graphql_over_http(void **state)
{
    (void)state;
    static const struct {
        const char *method, *target, *headers, *body;
        int status;
        const char *part;
    } rows[] = {
        {"POST", "/graphql", AS_JSON, "{\"query\": \"{ __typename }\"}", 200, "Content-Type: application/json; charset=utf-8"},
        {"POST", "/graphql", AS_JSON "accept: */*\n", "{\"query\": \"{ __typename }\"}", 200, "Content-Type: application/json"},
        {"POST", "/graphql", AS_JSON WITH_STATUS, "{\"query\": \"{ __typename }\"}", 200, "Content-Type: application/graphql-response+json"},
        {"POST", "/graphql", AS_JSON "accept: application/json;q=0.5, application/graphql-response+json;q=0.4\n",
         "{\"query\": \"{ __typename }\"}", 200, "Content-Type: application/json"},
        {"POST", "/graphql", AS_JSON "accept: text/plain\n", "{\"query\": \"{ __typename }\"}", 406, "not_acceptable"},
        {"POST", "/graphql", AS_JSON "accept: application/json; charset=latin1\n", "{\"query\": \"{ __typename }\"}", 406, "not_acceptable"},
        {"POST", "/graphql", "", "{\"query\": \"{ __typename }\"}", 415, "unsupported_media_type"},
        {"POST", "/graphql", "content-type: text/plain\n", "{\"query\": \"{ __typename }\"}", 415, "unsupported_media_type"},
        {"POST", "/graphql", "content-type: application/x-www-form-urlencoded\n", "query={__typename}", 415, "unsupported_media_type"},
        {"POST", "/graphql", AS_JSON, "", 400, "invalid_json"},
        {"POST", "/graphql", AS_JSON, "{ \"not a JSON", 400, "invalid_json"},
        {"POST", "/graphql", AS_JSON, "[{\"query\": \"{ __typename }\"}]", 400, "Several requests in one body"},
        {"POST", "/graphql", AS_JSON, "\"{ __typename }\"", 400, "invalid_json"},
        {"POST", "/graphql", AS_JSON, "{\"query\": \"{ __typename }\", \"variables\": {\"s\": \"a\\u0000b\"}}", 400, "no U+0000"},
        {"POST", "/graphql", AS_JSON, "{\"query\": \"{ __typename }\", \"variables\": {\"n\": 99999999999999999999}}", 400, "/variables/n: "},
        {"POST", "/graphql", AS_JSON WITH_STATUS, "{\"query\": \"query($b: Boolean = true) { __typename @skip(if: $b) }\", \"variables\": {\"b\": null}}", 400, "can't be null"},
        {"POST", "/graphql", AS_JSON, "{}", 400, "There is no `query`."},
        {"POST", "/graphql", AS_JSON, "{\"query\": 1}", 400, "`query` must be a string."},
        {"POST", "/graphql", AS_JSON, "{\"query\": \"{ __typename }\", \"variables\": []}", 400, "`variables` must be an object."},
        {"POST", "/graphql", AS_JSON, "{\"query\": \"{ __typename }\", \"variables\": null}", 200, "Query"},
        {"POST", "/graphql", AS_JSON, "{\"query\": \"{\"}", 200, "graphql_syntax"},
        {"POST", "/graphql", AS_JSON WITH_STATUS, "{\"query\": \"{\"}", 400, "graphql_syntax"},
        {"POST", "/graphql", AS_JSON, "{\"query\": \"query A { __typename }\", \"operationName\": \"B\"}", 200, "no operation called"},
        {"GET", "/graphql?query=%7B__typename%7D", "", "", 200, "Query"},
        {"GET", "/graphql?query=mutation%7B__typename%7D", "", "", 405, "Allow: POST"},
        {"GET", "/graphql?query=%FF", "", "", 400, "bad_request"},
        {"GET", "/graphql", "", "", 400, "There is no `query`."},
        {"GET", "/graphql?query=%7B__typename%7D&variables=%5B%5D", "", "", 400, "`variables` must be an object."},
        {"PUT", "/graphql", AS_JSON, "{}", 405, "Allow: GET, HEAD, POST, OPTIONS"},
        {"OPTIONS", "/graphql", "", "", 204, "Allow: GET, HEAD, POST, OPTIONS"},
        {"POST", "/graphql", AS_JSON "authorization: Bearer nonsense\n", "{\"query\": \"{ __typename }\"}", 401, "WWW-Authenticate: Bearer"},
        {"POST", "/admin/graphql", AS_JSON, "{\"query\": \"{ __typename }\"}", 401, "unauthenticated"},
        {"POST", "/admin/graphql", AS_JSON AS_ADMIN, "{\"query\": \"{ __typename }\"}", 200, "Query"},
        {"POST", "/graphql", AS_JSON, "{\"query\": \"subscription { product(id: 1) { id } }\"}", 406, "text/event-stream"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_status(rows[i].method, rows[i].target, rows[i].headers, rows[i].body, rows[i].status, rows[i].part);
}

static void persisted_queries_are_remembered(void **state)
{
    (void)state;
    char hash[DOCUMENT_HASH_LENGTH + 1], body[512];
    const char *query = "{ product(id: 1) { id } }";
    document_hash(text_of(query), hash);
    snprintf(body, sizeof body, "{\"extensions\": {\"persistedQuery\": {\"version\": 1, \"sha256Hash\": \"%s\"}}}", hash);
    assert_status("POST", "/graphql", AS_JSON, body, 200, "\"message\":\"PersistedQueryNotFound\",\"extensions\":{\"code\":\"PERSISTED_QUERY_NOT_FOUND\"");
    char sent[512];
    snprintf(sent, sizeof sent, "{\"query\": \"%s\", \"extensions\": {\"persistedQuery\": {\"version\": 1, \"sha256Hash\": \"%s\"}}}", query, hash);
    assert_status("POST", "/graphql", AS_JSON, sent, 200, "not_found");
    assert_status("POST", "/graphql", AS_JSON, body, 200, "not_found");
    sent[strlen(sent) - 5] = 'x';
    assert_status("POST", "/graphql", AS_JSON, sent, 200, "is not that of the query");
}

static void only_trusted_documents_are_executed_where_there_are_some(void **state)
{
    (void)state;
    char file[] = "/tmp/souk-trusted-XXXXXX", error[512], body[512], hash[DOCUMENT_HASH_LENGTH + 1];
    int descriptor = mkstemp(file);
    assert_true(descriptor >= 0);
    assert_int_equal(write(descriptor, "{\"Kind\": \"{ __typename }\"}", 26), 26);
    close(descriptor);
    struct graphql *all = graphql;
    struct graphql_options trusting = options;
    struct trusted *trusted = trusted_load(file, error);
    assert_non_null(trusted);
    trusting.trusted = trusted;
    graphql = graphql_new(&trusting);
    assert_status("POST", "/graphql", AS_JSON, "{\"query\": \"{ __typename }\"}", 200, "\"Query\"");
    assert_status("POST", "/graphql", AS_JSON, "{\"query\": \"{ a: __typename }\"}", 200, "permission_denied");
    document_hash(TEXT("{ __typename }"), hash);
    snprintf(body, sizeof body, "{\"extensions\": {\"persistedQuery\": {\"version\": 1, \"sha256Hash\": \"%s\"}}}", hash);
    assert_status("POST", "/graphql", AS_JSON, body, 200, "\"Query\"");
    assert_status("POST", "/graphql", AS_JSON, "{\"extensions\": {\"persistedQuery\": {\"version\": 1, \"sha256Hash\": \"Kind\"}}}", 200,
                  "\"Query\"");
    assert_status("POST", "/graphql", AS_JSON, "{\"extensions\": {\"persistedQuery\": {\"version\": 1, \"sha256Hash\": \"no\"}}}", 200,
                  "PersistedQueryNotFound");
    graphql_free(graphql);
    trusted_free(trusted);
    graphql = all;
    unlink(file);
    assert_null(trusted_load(file, error));
}

static void introspection_can_be_turned_off(void **state)
{
    (void)state;
    struct graphql *all = graphql;
    struct graphql_options silent = options;
    silent.no_introspection = true;
    graphql = graphql_new(&silent);
    assert_status("POST", "/graphql", AS_JSON, "{\"query\": \"{ ...F } fragment F on Query { __schema { description } }\"}", 200,
                  "Introspection is turned off.");
    assert_status("POST", "/graphql", AS_JSON, "{\"query\": \"{ __typename }\"}", 200, "\"Query\"");
    assert_status("GET", "/graphql/schema.graphql", "", "", 403, "Introspection is turned off.");
    graphql_free(graphql);
    graphql = all;
    assert_status("GET", "/graphql/schema.graphql", "", "", 200, "\ntype Query {\n");
}

static void browsers_get_a_page_if_there_is_one(void **state)
{
    (void)state;
    struct graphql *all = graphql;
    struct graphql_options shown = options;
    shown.has_page = true;
    graphql = graphql_new(&shown);
    assert_status("GET", "/graphql", "accept: text/html,application/xml;q=0.9,*/*;q=0.8\n", "", 200, "Content-Type: text/html");
    assert_status("GET", "/graphql?query=%7B__typename%7D", "accept: text/html,*/*;q=0.8\n", "", 200, "application/json");
    assert_status("GET", "/graphql/graphiql.js", "", "", 200, "script-src 'self'");
    graphql_free(graphql);
    graphql = all;
    assert_status("GET", "/graphql", "accept: text/html\n", "", 406, NULL);
}

/* --- the cache ---------------------------------------------------------------------------------------------------------------------- */

static void answers_to_everybody_are_kept_until_something_in_them_changes(void **state)
{
    (void)state;
    const char *target = "/graphql?query=%7Bproduct(id:%22p7%22)%7Bid%7D%7D";
    assert_status("GET", target, "", "", 200, "Surrogate-Key: ");
    assert_int_equal(asked.calls, 1);
    assert_status("GET", target, "", "", 200, "\"p7\"");
    assert_int_equal(asked.calls, 1);
    assert_status("GET", target, WITH_STATUS, "", 200, "application/graphql-response+json"); /* other bytes */
    assert_int_equal(asked.calls, 2);
    assert_status("GET", target, AS_ADMIN, "", 200, "Cache-Control: private, no-store");
    assert_int_equal(asked.calls, 3);
    graphql_touched(graphql, "product", "p7");
    assert_status("GET", target, "if-none-match: *\n", "", 304, NULL);
    assert_int_equal(asked.calls, 4);
    assert_status("GET", target, "if-none-match: *\n", "", 304, NULL);
    assert_int_equal(asked.calls, 4);
    /* With an error nothing is kept. */
    assert_status("GET", "/graphql?query=%7Bproduct(id:%22no%22)%7Bid%7D%7D", "", "", 200, "Cache-Control: private, no-store");
}

/* --- budgets ------------------------------------------------------------------------------------------------------------------------ */

static void who_asks_for_too_much_is_throttled(void **state)
{
    (void)state;
    struct graphql *all = graphql;
    struct graphql_options poor = options;
    poor.budget = budget_new(&fake_env, (struct budget_rate){100, 10}, (struct budget_rate){100, 10});
    graphql = graphql_new(&poor);
    assert_status("POST", "/graphql", AS_JSON, "{\"query\": \"{ products(first: 100) { nodes { id variants { sku } } } }\"}", 200,
                  "\"code\":\"THROTTLED\"");
    assert_int_equal(asked.calls, 0);
    /* What was asked for and not used is given back: 24 of them fit again and again. */
    for (int i = 0; i < 10; i++)
        assert_status("POST", "/graphql", AS_JSON, "{\"query\": \"{ products(first: 24, after: \\\"c22\\\") { nodes { id } } }\"}", 200,
                      i == 0 ? "\"requestedQueryCost\":25,\"actualQueryCost\":3,\"throttleStatus\":{\"maximumAvailable\":100,"
                               "\"currentlyAvailable\":97,\"restoreRate\":10}"
                             : "\"p23\"");
    graphql_free(graphql);
    budget_free(poor.budget);
    graphql = all;
}

static void assert_cost(const char *query, const char *cost)
{
    char *body = body_of(query, NULL);
    assert_status("POST", "/graphql", AS_JSON, body, 200, cost);
    free(body);
}

static void what_is_looked_for_in_vain_costs_as_much_as_what_is_found(void **state)
{
    (void)state;
    assert_cost("{ product(id: \"p5\") { id } }", "\"requestedQueryCost\":1,\"actualQueryCost\":1,");
    assert_cost("{ product(id: \"no\") { id } }", "\"requestedQueryCost\":1,\"actualQueryCost\":1,");
    assert_cost("{ a: order(id: \"x\", orderToken: \"guess\") { id } b: order(id: \"x\", orderToken: \"guest\") { id } }",
                "\"requestedQueryCost\":2,\"actualQueryCost\":2,");
    /* Four types of this shop have ids, and each is asked. */
    assert_cost("{ node(id: \"p5\") { id } }", "\"requestedQueryCost\":4,\"actualQueryCost\":4,");
    assert_cost("{ node(id: \"no\") { id } }", "\"requestedQueryCost\":4,\"actualQueryCost\":4,");
    /* Lists by keys cost as many as there are keys. */
    assert_cost("{ availability(skus: [\"a\", \"b\", \"c\"]) { sku } }", "\"requestedQueryCost\":3,\"actualQueryCost\":3,");
    asked.refusal = RESULT_NOT_FOUND;
    assert_cost("{ availability(skus: [\"a\", \"b\", \"c\"]) { sku } }", "\"requestedQueryCost\":3,\"actualQueryCost\":1,");
    asked.refusal = RESULT_PERMISSION_DENIED;
    assert_cost("mutation { createCart(input: {}) { cart { id } } }", "\"actualQueryCost\":10,");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(fields_come_in_the_order_of_the_document, forget_asked),
        cmocka_unit_test_setup(fragments_and_directives_choose_fields, forget_asked),
        cmocka_unit_test_setup(lists_load_what_belongs_to_them_at_once, forget_asked),
        cmocka_unit_test_setup(what_is_too_much_for_one_call_is_asked_in_parts, forget_asked),
        cmocka_unit_test_setup(the_same_field_twice_is_one_call, forget_asked),
        cmocka_unit_test_setup(mutations_come_one_after_the_other, forget_asked),
        cmocka_unit_test_setup(pages_follow_each_other_from_any_item, forget_asked),
        cmocka_unit_test_setup(a_field_that_fails_is_null_and_the_rest_answers, forget_asked),
        cmocka_unit_test_setup(what_is_not_there_is_told_with_its_path, forget_asked),
        cmocka_unit_test_setup(mutations_tell_clients_what_to_mend, forget_asked),
        cmocka_unit_test_setup(idempotency_keys_come_with_the_input, forget_asked),
        cmocka_unit_test_setup(variables_are_coerced, forget_asked),
        cmocka_unit_test_setup(the_schema_tells_of_itself, forget_asked),
        cmocka_unit_test_setup(the_schema_does_not_tell_of_itself_for_ever, forget_asked),
        cmocka_unit_test_setup(nodes_are_found_by_their_ids, forget_asked),
        cmocka_unit_test_setup(statuses_are_those_of_graphql_over_http, forget_asked),
        cmocka_unit_test_setup(persisted_queries_are_remembered, forget_asked),
        cmocka_unit_test_setup(only_trusted_documents_are_executed_where_there_are_some, forget_asked),
        cmocka_unit_test_setup(introspection_can_be_turned_off, forget_asked),
        cmocka_unit_test_setup(browsers_get_a_page_if_there_is_one, forget_asked),
        cmocka_unit_test_setup(answers_to_everybody_are_kept_until_something_in_them_changes, forget_asked),
        cmocka_unit_test_setup(who_asks_for_too_much_is_throttled, forget_asked),
        cmocka_unit_test_setup(what_is_looked_for_in_vain_costs_as_much_as_what_is_found, forget_asked),
    };
    return cmocka_run_group_tests(tests, open_the_gateway, close_the_gateway);
}
