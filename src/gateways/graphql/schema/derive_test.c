/*
 * The schema of our contracts: that every part of it can be answered, and what a caller sees of it.
 */
#include "gateways/graphql/schema/binding.h"
#include "gateways/graphql/schema/derive.h"
#include "gateways/graphql/schema/sdl.h"

#include "base/limits.h"
#include "gateways/graphql/language/parser.h"
#include "gateways/graphql/schema/build.h"
#include "platform/rpc/call.h"
#include "souk/all.souk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct graphql_schema *schema;

static int setup(void **state)
{
    schema = graphql_schema_derive(every_service_declaration, every_service_count, *(const unsigned *)*state);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    graphql_schema_free(schema);
    return 0;
}

static const struct graphql_type *type(const char *name)
{
    const struct graphql_type *found = graphql_schema_type(schema, text_of(name));
    if (found == NULL)
        fail_msg("there is no type %s", name);
    return found;
}

static const struct graphql_field *field(const char *type_name, const char *name)
{
    const struct graphql_field *found = graphql_type_field(schema, type(type_name), text_of(name));
    if (found == NULL)
        fail_msg("%s has no field %s", type_name, name);
    return found;
}

static bool has(const char *type_name, const char *name)
{
    return graphql_type_field(schema, type(type_name), text_of(name)) != NULL;
}

static void assert_type(const struct graphql_type *of, const char *written)
{
    assert_string_equal(graphql_type_text(of, schema->arena), written);
}

/* "(id: ID, slug: String): Product" */
static void assert_signature(const char *type_name, const char *name, const char *written)
{
    const struct graphql_field *of = field(type_name, name);
    const char *signature = "(";
    for (size_t i = 0; i < of->argument_count; i++)
        signature = arena_printf(schema->arena, "%s%s%s: %s", signature, i > 0 ? ", " : "", of->arguments[i].name,
                                 graphql_type_text(of->arguments[i].type, schema->arena));
    assert_string_equal(arena_printf(schema->arena, "%s): %s", signature, graphql_type_text(of->type, schema->arena)), written);
}

/* --- every caller -------------------------------------------------------------------------------------------------------------- */

static bool is_message_field(enum graphql_resolver resolver)
{
    return resolver == GRAPHQL_FROM_FIELD || resolver == GRAPHQL_FROM_PAYLOAD_FIELD ||
           resolver == GRAPHQL_FROM_PAYLOAD_REQUEST || resolver == GRAPHQL_TO_FIELD || resolver == GRAPHQL_TO_PATCH ||
           resolver == GRAPHQL_TO_FIRST || resolver == GRAPHQL_TO_AFTER;
}

static void check_binding(const struct graphql_binding *binding)
{
    assert_non_null(binding);
    if (is_message_field(binding->resolver))
        assert_non_null(binding->field.descriptor);
    if (binding->resolver == GRAPHQL_FROM_OPERATION || binding->resolver == GRAPHQL_FROM_LINK ||
        binding->resolver == GRAPHQL_FROM_PAYLOAD_PROGRESS)
        assert_non_null(binding->method);
    assert_int_equal(binding->resolver == GRAPHQL_FROM_LINK, binding->link != NULL);
}

static void check_inputs(const struct graphql_input *inputs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_true(graphql_type_is_input(inputs[i].type));
        for (size_t other = 0; other < i; other++)
            assert_string_not_equal(inputs[other].name, inputs[i].name);
        if (inputs[i].binding == NULL)
            fail_msg("%s leads nowhere", inputs[i].name);
        check_binding(inputs[i].binding);
    }
}

static void everything_is_bound(void **state)
{
    (void)state;
    for (size_t t = 0; t < schema->type_count; t++) {
        const struct graphql_type *each = schema->types[t];
        bool is_abstract = each->kind == GRAPHQL_INTERFACE;
        bool is_ours = strncmp(each->name, "__", 2) != 0;
        for (size_t f = 0; f < each->field_count; f++) {
            if (is_abstract)
                continue;
            check_binding(each->fields[f].binding);
            assert_ptr_equal(graphql_type_field(schema, each, text_of(each->fields[f].name)), &each->fields[f]);
            if (is_ours)
                check_inputs(each->fields[f].arguments, each->fields[f].argument_count);
        }
        check_inputs(each->inputs, each->input_count);
    }
}

static void what_is_sorted_is_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < schema->type_count; i++) {
        assert_ptr_equal(graphql_schema_type(schema, text_of(schema->types[i]->name)), schema->types[i]);
        assert_int_equal(schema->types[i]->index, i);
    }
}

static void nodes_have_ids(void **state)
{
    (void)state;
    const struct graphql_type *node = type("Node");
    assert_true(node->possible_count >= 5);
    for (size_t i = 0; i < node->possible_count; i++) {
        assert_type(field(node->possible[i]->name, "id")->type, "ID!");
        assert_non_null(graphql_node_key(node->possible[i]).descriptor);
    }
}

/* Our own SDL is read by our own parser, and is the same again. */
static void sdl_is_a_schema(void **state)
{
    (void)state;
    struct arena *arena = arena_new(LIMIT_CALL_ARENA);
    struct buffer first, second;
    buffer_init(&first, 1 << 20);
    buffer_init(&second, 1 << 20);
    graphql_schema_print(schema, &first);
    struct document *document;
    struct graphql_error error;
    assert_true(graphql_parse(arena, buffer_text(&first), &graphql_limits_trusted, &document, &error));
    struct graphql_schema *again = graphql_schema_from_document(document, arena, &error);
    assert_non_null(again);
    graphql_schema_print(again, &second);
    assert_true(text_equal(buffer_text(&first), buffer_text(&second)));
    graphql_schema_free(again);
    buffer_release(&first);
    buffer_release(&second);
    arena_free(arena);
}

/* --- the shop ------------------------------------------------------------------------------------------------------------------- */

static void the_shop_shows_what_needs_no_scope(void **state)
{
    (void)state;
    assert_true(has("Query", "product"));
    assert_false(has("Query", "stock"));
    assert_false(has("Query", "prices"));
    assert_false(has("Mutation", "createProduct"));
    assert_false(has("Order", "notes"));
    assert_false(has("Variant", "allPrices"));
    assert_null(graphql_field_argument(field("Query", "product"), TEXT("asOf")));
    assert_null(graphql_schema_type(schema, TEXT("Payment")));
}

static void internal_operations_and_files_are_left_out(void **state)
{
    (void)state;
    assert_false(has("Mutation", "reserve"));
    assert_false(has("Query", "loadCart"));
    assert_false(has("Mutation", "importProducts"));
    assert_null(graphql_schema_type(schema, TEXT("StoredCart")));
}

static void queries_are_called_by_what_they_answer(void **state)
{
    (void)state;
    assert_signature("Query", "product", "(id: ID, slug: String, currency: String): Product");
    assert_signature("Query", "cart", "(id: ID!): Cart");
    assert_signature("Query", "categories", "(first: Int, after: String): CategoryConnection");
    assert_signature("Query", "availability", "(skus: [String!]!): [Availability!]");
    assert_signature("Query", "node", "(id: ID!): Node");
    assert_signature("Subscription", "order", "(id: ID!, orderToken: String): Order");
    assert_false(has("Subscription", "products"));
}

static void links_are_fields(void **state)
{
    (void)state;
    assert_signature("Product", "price", "(currency: String, quantity: Long, channel: String): [UnitPrice!]");
    assert_signature("Product", "inventory", "(): [Availability!]");
    assert_type(field("Product", "variants")->type, "[Variant!]!"); /* its own, not the link of that name */
    assert_signature("Cart", "shippingMethods", "(): [ShippingOption!]");
    assert_signature("CheckoutProgress", "order", "(): Order");
    assert_false(has("Cart", "checkout")); /* an action */
    assert_null(graphql_field_argument(field("Category", "products"), TEXT("category"))); /* the link says which */
    assert_non_null(graphql_field_argument(field("Category", "products"), TEXT("first")));
}

static void answers_say_what_is_always_there(void **state)
{
    (void)state;
    assert_type(field("Product", "title")->type, "String!");
    assert_type(field("Product", "status")->type, "ProductStatus"); /* 0 has no name */
    assert_type(field("Product", "createdAt")->type, "DateTime");
    assert_type(field("Product", "attributes")->type, "[NameValue!]!");
    assert_type(field("Variant", "available")->type, "Long!");
    assert_type(field("Variant", "barcode")->type, "String");
    assert_type(field("Variant", "digital")->type, "Boolean!");
    assert_type(field("Money", "amount")->type, "Long!");
    assert_false(has("Variant", "initialStock")); /* for requests only */
}

static void lists_come_in_pages(void **state)
{
    (void)state;
    assert_type(field("ProductConnection", "edges")->type, "[ProductEdge!]!");
    assert_type(field("ProductConnection", "nodes")->type, "[Product!]!");
    assert_type(field("ProductConnection", "facets")->type, "[Facet!]!"); /* what the answer has beside its items */
    assert_false(has("ProductConnection", "nextCursor"));
    const struct graphql_field *products = field("Query", "products");
    assert_string_equal(products->size_argument->name, "first");
    assert_int_equal(products->size_assumed, LIMIT_PAGE_DEFAULT);
    assert_int_equal(field("ProductConnection", "nodes")->size_assumed, GRAPHQL_SIZE_OF_CONNECTION);
    assert_int_equal(field("Product", "title")->cost, 0);
    assert_int_equal(field("Mutation", "addLine")->cost, 10);
}

static const struct graphql_input *input(const char *type_name, const char *name)
{
    const struct graphql_input *found = graphql_type_input(type(type_name), text_of(name));
    if (found == NULL)
        fail_msg("%s has no field %s", type_name, name);
    return found;
}

static void mutations_take_one_input(void **state)
{
    (void)state;
    assert_signature("Mutation", "addLine", "(input: AddLineInput!): AddLinePayload");
    assert_type(input("AddLineInput", "cart")->type, "ID!");
    assert_type(input("AddLineInput", "quantity")->type, "Long!");
    assert_type(input("AddLineInput", "idempotencyKey")->type, "String");
    assert_null(graphql_type_input(type("AddLineInput"), TEXT("ifVersion"))); /* nothing that is there is changed */
    assert_type(input("PlaceOrderInput", "idempotencyKey")->type, "String!");
    assert_type(input("UpdateCartInput", "ifVersion")->type, "Long");
    assert_type(input("DeleteCartInput", "ifVersion")->type, "Long"); /* answers nothing, but what it removes has a version */
    assert_type(field("AddLinePayload", "cart")->type, "Cart");
    assert_type(field("AddLinePayload", "userErrors")->type, "[UserError!]!");
    assert_type(field("DeleteCartPayload", "deletedId")->type, "ID");
    assert_type(field("PlaceOrderPayload", "checkout")->type, "CheckoutProgress");
    assert_string_equal(field("PlaceOrderPayload", "checkout")->binding->method->name, "GetCheckout");
    assert_type(field("ConfirmPaymentPayload", "status")->type, "PaymentStatus"); /* of an answer that is no resource */
}

static void patches_leave_out_what_stays(void **state)
{
    (void)state;
    const struct graphql_input *cart = input("UpdateCartInput", "cart");
    assert_type(cart->type, "CartPatchInput!");
    assert_int_equal(cart->binding->resolver, GRAPHQL_TO_PATCH);
    assert_true(field_is_mask(cart->binding->mask));
    assert_null(graphql_type_input(type("UpdateCartInput"), TEXT("updateMask")));
    assert_null(graphql_type_input(type("CartPatchInput"), TEXT("id"))); /* ours to say */
    assert_type(input("CartPatchInput", "shippingAddress")->type, "AddressPatchInput"); /* a city alone may change */
    assert_type(input("AddressPatchInput", "name")->type, "String");
}

/* --- staff ------------------------------------------------------------------------------------------------------------------------- */

static void scopes_open_what_needs_them(void **state)
{
    (void)state;
    assert_true(has("Query", "orders"));
    assert_true(has("Mutation", "createRefund"));
    assert_true(has("Order", "notes"));
    assert_false(has("Query", "stock"));
    assert_false(has("Variant", "allPrices"));
    assert_null(graphql_field_argument(field("Query", "order"), TEXT("asOf")));
}

static void two_of_one_name_are_told_apart(void **state)
{
    (void)state;
    assert_signature("Query", "stock", "(sku: String!, asOf: DateTime): Stock");
    assert_signature("Query", "stockList", "(low: Boolean, first: Int, after: String): StockConnection");
    assert_type(field("Query", "prices")->type, "Prices");
    assert_signature("Query", "events",
                     "(service: String, stream: String, afterEvent: String, first: Int, after: String): EventConnection");
    assert_null(graphql_type_input(type("DropDeadLetterInput"), TEXT("ifVersion"))); /* a dead letter has no version */
    assert_type(field("Query", "pricesBySkus")->type, "[UnitPrice!]");
    assert_type(input("CreateProductInput", "product")->type, "ProductInput!");
    assert_type(input("ProductInput", "variants")->type, "[VariantInput!]!");
    assert_type(input("ProductPatchInput", "variants")->type, "[VariantInput!]"); /* lists are replaced whole … */
    assert_type(input("ProductPatchInput", "attributes")->type, "[NameValuePatchInput!]"); /* … but for names and values */
    assert_type(input("NameValuePatchInput", "value")->type, "String");
    assert_type(input("ProductInput", "attributes")->type, "[NameValueInput!]");
    assert_type(input("VariantInput", "initialStock")->type, "Long");
    assert_type(field("Promotion", "kind")->type, "PromotionKind!");
}

#define FOR(scopes, test) {#test " " #scopes, test, setup, teardown, (void *)(uintptr_t)&(scopes)}

int main(void)
{
    static const unsigned shop = 0, orders = SCOPE_ORDERS, every = SCOPE_EVERY;
    const struct CMUnitTest tests[] = {
        FOR(shop, everything_is_bound),
        FOR(every, everything_is_bound),
        FOR(every, what_is_sorted_is_found),
        FOR(shop, nodes_have_ids),
        FOR(every, nodes_have_ids),
        FOR(shop, sdl_is_a_schema),
        FOR(every, sdl_is_a_schema),
        FOR(shop, the_shop_shows_what_needs_no_scope),
        FOR(every, internal_operations_and_files_are_left_out),
        FOR(shop, queries_are_called_by_what_they_answer),
        FOR(shop, links_are_fields),
        FOR(shop, answers_say_what_is_always_there),
        FOR(shop, lists_come_in_pages),
        FOR(shop, mutations_take_one_input),
        FOR(shop, patches_leave_out_what_stays),
        FOR(orders, scopes_open_what_needs_them),
        FOR(every, two_of_one_name_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
