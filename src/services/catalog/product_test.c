/*
 * Products and categories: created, changed, found, listed, and taken out.
 */
#include "platform/service/handler_world_test.h"
#include "services/catalog/catalog.h"
#include "services/catalog/catalog_internal.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <string.h>

#define METHOD(name) (&catalog__catalog_service__##name##__method)
#define PUBLISHED CATALOG__PRODUCT_STATUS__PRODUCT_STATUS_PUBLISHED

static struct handler_world *world;

static int shop_open(void **state)
{
    (void)state;
    world = handler_world_new(&catalog_service);
    return 0;
}
static int shop_close(void **state)
{
    (void)state;
    handler_world_check(world);
    handler_world_free(world);
    return 0;
}
#define shop_test(function) cmocka_unit_test_setup_teardown(function, shop_open, shop_close)

/* --- operations in short --- */

static Catalog__Product *a_product(const char *title, const char *sku)
{
    Catalog__Product *product = ARENA_NEW(world->arena, Catalog__Product);
    Catalog__Variant *variant = ARENA_NEW(world->arena, Catalog__Variant);

    catalog__product__init(product);
    catalog__variant__init(variant);
    variant->sku = sku;
    product->title = title;
    product->status = PUBLISHED;
    product->n_variants = 1;
    product->variants = ARENA_NEW(world->arena, Catalog__Variant *);
    product->variants[0] = variant;
    return product;
}

/* NULL when it was refused: see world->problem. */
static const Catalog__Product *create(Catalog__Product *product)
{
    Catalog__CreateProductRequest request = CATALOG__CREATE_PRODUCT_REQUEST__INIT;
    const ProtobufCMessage *answer;

    request.product = product;
    handler_world_call(world, METHOD(create_product), &request.base, &answer);
    return (const Catalog__Product *)answer;
}

static const Catalog__Product *get(const char *id_or_slug)
{
    Catalog__GetProductRequest request = CATALOG__GET_PRODUCT_REQUEST__INIT;
    const ProtobufCMessage *answer;

    request.product = id_or_slug;
    handler_world_call(world, METHOD(get_product), &request.base, &answer);
    return (const Catalog__Product *)answer;
}

static const Catalog__Product *update(const char *id, Catalog__Product *product, const char *field)
{
    Catalog__UpdateProductRequest request = CATALOG__UPDATE_PRODUCT_REQUEST__INIT;
    Google__Protobuf__FieldMask mask = GOOGLE__PROTOBUF__FIELD_MASK__INIT;
    char *paths[] = {arena_strdup(world->arena, field)};
    const ProtobufCMessage *answer;

    mask.n_paths = 1;
    mask.paths = paths;
    request.id = id;
    request.product = product;
    request.update_mask = &mask;
    handler_world_call(world, METHOD(update_product), &request.base, &answer);
    return (const Catalog__Product *)answer;
}

static const Catalog__Category *create_category(const char *name, const char *parent_id)
{
    Catalog__CreateCategoryRequest request = CATALOG__CREATE_CATEGORY_REQUEST__INIT;
    Catalog__Category category = CATALOG__CATEGORY__INIT;
    const ProtobufCMessage *answer;

    category.name = name;
    category.parent_id = parent_id;
    request.category = &category;
    handler_world_call(world, METHOD(create_category), &request.base, &answer);
    return (const Catalog__Category *)answer;
}

static void put_into(Catalog__Product *product, const char *category_slug)
{
    Catalog__CategoryReference *reference = ARENA_NEW(world->arena, Catalog__CategoryReference);

    catalog__category_reference__init(reference);
    reference->slug = category_slug;
    product->n_categories = 1;
    product->categories = ARENA_NEW(world->arena, Catalog__CategoryReference *);
    product->categories[0] = reference;
}

/* The titles of a list, a space between them. */
static const char *titles(Catalog__ListProductsRequest *request)
{
    const ProtobufCMessage *answer;
    const Catalog__ListProductsResponse *list;
    const char *all = "";

    assert_int_equal(handler_world_call(world, METHOD(list_products), &request->base, &answer), RESULT_OK);
    list = (const Catalog__ListProductsResponse *)answer;
    for (size_t i = 0; i < list->n_items; i++)
        all = arena_printf(world->arena, "%s%s%s", all, i ? " " : "", list->items[i]->title);
    request->cursor = list->next_cursor;
    return all;
}

static void price_is(const char *sku, int64_t amount)
{
    Pricing__Price price = PRICING__PRICE__INIT, *prices[] = {&price};
    Pricing__PricesSet set = PRICING__PRICES_SET__INIT;
    struct event event = {.number = 1, .stream = "price/x", .key = sku, .stream_version = 1};
    struct batch batch;

    price.amount = amount;
    price.currency = "EUR";
    set.prices = prices;
    set.n_prices = 1;
    handler_world_begin(world, &batch);
    batch.tx->may_write = true;
    catalog_project_prices_set(batch.tx, &event, &set.base);
    batch.tx->may_write = false;
    handler_world_commit(&batch);
}

/* --- creating --- */

static void a_title_and_a_sku_are_enough(void **state)
{
    const Catalog__Product *product = create(a_product("Linen Shirt", "S-1"));

    (void)state;
    assert_string_equal(product->slug, "linen-shirt");
    assert_int_equal(product->version, 1);
    assert_string_equal(product->variants[0]->title, "Linen Shirt");
    assert_string_equal(get("linen-shirt")->id, product->id);
    assert_string_equal(get(product->id)->slug, "linen-shirt");
}

static void the_same_title_gets_another_slug(void **state)
{
    (void)state;
    create(a_product("Shirt", "S-1"));
    assert_string_equal(create(a_product("Shirt", "S-2"))->slug, "shirt-2");
}

static void a_sku_is_of_one_product(void **state)
{
    (void)state;
    create(a_product("Shirt", "S-1"));
    assert_null(create(a_product("Hat", "S-1")));
    assert_int_equal(world->problem.result, RESULT_ALREADY_EXISTS);
    assert_string_equal(world->problem.violations->pointer, "/variants/0/sku");
}

static void a_category_must_be_there(void **state)
{
    Catalog__Product *product = a_product("Shirt", "S-1");

    (void)state;
    put_into(product, "nowhere");
    assert_null(create(product));
    assert_string_equal(world->problem.violations->pointer, "/categories/0/slug");
}

/* --- changing --- */

static void a_patch_changes_what_it_names(void **state)
{
    const Catalog__Product *product = create(a_product("Shirt", "S-1"));
    Catalog__Product *change = a_product("Blouse", "other");
    const Catalog__Product *changed = update(product->id, change, "title");

    (void)state;
    assert_string_equal(changed->title, "Blouse");
    assert_string_equal(changed->slug, "shirt");
    assert_string_equal(changed->variants[0]->sku, "S-1");
    assert_string_equal(changed->variants[0]->id, product->variants[0]->id);
    assert_int_equal(changed->version, 2);
}

static void saying_the_same_changes_nothing(void **state)
{
    const Catalog__Product *product = create(a_product("Shirt", "S-1"));

    (void)state;
    assert_int_equal(update(product->id, a_product("Shirt", "x"), "title")->version, 1);
}

static void first_prices_are_for_new_variants(void **state)
{
    const Catalog__Product *product = create(a_product("Shirt", "S-1"));
    Catalog__Product *change = a_product("Shirt", "S-1");
    Catalog__InitialPrice price = CATALOG__INITIAL_PRICE__INIT, *prices[] = {&price};

    (void)state;
    change->variants[0]->n_prices = 1;
    change->variants[0]->prices = prices;
    assert_null(update(product->id, change, "variants"));
    assert_string_equal(world->problem.violations->pointer, "/variants/0/prices");
}

static void first_prices_are_one_in_each_currency(void **state)
{
    Catalog__Product *product = a_product("Shirt", "S-1");
    Catalog__InitialPrice euros = CATALOG__INITIAL_PRICE__INIT, dollars = euros, *prices[] = {&euros, &dollars};

    (void)state;
    euros.currency = dollars.currency = "EUR";
    euros.amount = 1990;
    dollars.amount = 2190;
    product->variants[0]->n_prices = 2;
    product->variants[0]->prices = prices;
    assert_null(create(product));
    assert_string_equal(world->problem.violations->pointer, "/variants/0/prices/1");
    dollars.currency = "USD";
    assert_non_null(create(product));
}

static void deleting_takes_it_out_and_asking_twice_is_fine(void **state)
{
    const Catalog__Product *product = create(a_product("Shirt", "S-1"));
    Catalog__DeleteProductRequest request = CATALOG__DELETE_PRODUCT_REQUEST__INIT;
    Catalog__ListProductsRequest all = CATALOG__LIST_PRODUCTS_REQUEST__INIT;

    (void)state;
    request.id = product->id;
    for (int i = 0; i < 2; i++)
        assert_int_equal(handler_world_call(world, METHOD(delete_product), &request.base, NULL), RESULT_OK);
    assert_null(get("shirt"));
    assert_string_equal(titles(&all), "");
    assert_non_null(create(a_product("Hat", "S-1")));
}

/* --- listing --- */

static int64_t count_listed(const char *category, const char *q, Catalog__ProductSort sort)
{
    Catalog__ListProductsRequest request = CATALOG__LIST_PRODUCTS_REQUEST__INIT;
    const ProtobufCMessage *answer;
    int64_t count = 0;

    request.category = category;
    request.q = q;
    request.sort = sort;
    request.limit = 100;
    do {
        assert_int_equal(handler_world_call(world, METHOD(list_products), &request.base, &answer), RESULT_OK);
        count += (int64_t)((const Catalog__ListProductsResponse *)answer)->n_items;
        request.cursor = ((const Catalog__ListProductsResponse *)answer)->next_cursor;
    } while (*request.cursor);
    return count;
}

/* A filter that leaves a thousand or more is not what drives the list; what is found is the same. */
static void what_many_fit_is_found_as_what_few_fit(void **state)
{
    (void)state;
    create_category("Shirts", "");
    create_category("Caps", "");
    for (int i = 0; i < 1050; i++) {
        const char *number = arena_printf(world->arena, "%d", i);
        Catalog__Product *product = a_product(arena_printf(world->arena, "Red thing %s", number), arena_printf(world->arena, "S%s", number));

        put_into(product, i % 50 == 0 ? "caps" : "shirts");
        assert_non_null(create(product));
    }
    for (int sort = CATALOG__PRODUCT_SORT__PRODUCT_SORT_NEWEST; sort <= CATALOG__PRODUCT_SORT__PRODUCT_SORT_TITLE; sort++) {
        assert_int_equal(count_listed("shirts", "", sort), 1029);
        assert_int_equal(count_listed("caps", "", sort), 21);
        assert_int_equal(count_listed("", "red", sort), 1050);
        assert_int_equal(count_listed("caps", "red", sort), 21);
        assert_int_equal(count_listed("shirts", "thing 1049", sort), 1);
    }
}

static void lists_come_in_every_order(void **state)
{
    static const struct {
        Catalog__ProductSort sort;
        const char *titles;
    } orders[] = {
        {CATALOG__PRODUCT_SORT__PRODUCT_SORT_UNSPECIFIED, "C A B"},
        {CATALOG__PRODUCT_SORT__PRODUCT_SORT_NEWEST, "C A B"},
        {CATALOG__PRODUCT_SORT__PRODUCT_SORT_TITLE, "A B C"},
        {CATALOG__PRODUCT_SORT__PRODUCT_SORT_PRICE_ASC, "A C B"},
        {CATALOG__PRODUCT_SORT__PRODUCT_SORT_PRICE_DESC, "B C A"},
    };

    (void)state;
    create(a_product("B", "b"));
    handler_world_advance(world, 1000);
    create(a_product("A", "a"));
    handler_world_advance(world, 1000);
    create(a_product("C", "c"));
    price_is("a", 100);
    price_is("b", 300);
    price_is("c", 200);
    for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
        Catalog__ListProductsRequest request = CATALOG__LIST_PRODUCTS_REQUEST__INIT;

        request.sort = orders[i].sort;
        assert_string_equal(titles(&request), orders[i].titles);
    }
}

static void pages_follow_each_other(void **state)
{
    (void)state;
    for (char name[] = "A"; *name <= 'E'; ++*name) {
        create(a_product(arena_strdup(world->arena, name), arena_strdup(world->arena, name)));
        price_is(name, 100 + *name % 2);
        handler_world_advance(world, 1000);
    }
    for (int sort = 1; sort <= 4; sort++) {
        Catalog__ListProductsRequest request = CATALOG__LIST_PRODUCTS_REQUEST__INIT;
        size_t seen = 0;

        request.sort = (Catalog__ProductSort)sort;
        request.limit = 2;
        do
            seen += (strlen(titles(&request)) + 1) / 2;
        while (*request.cursor);
        assert_int_equal(seen, 5);
    }
}

static void filters_hold_together(void **state)
{
    Catalog__Product *shirt = a_product("Red shirt", "S-1"), *hat = a_product("Red hat", "H-1");
    Catalog__ListProductsRequest words = CATALOG__LIST_PRODUCTS_REQUEST__INIT;
    Catalog__ListProductsRequest above = CATALOG__LIST_PRODUCTS_REQUEST__INIT;
    Catalog__ListProductsRequest cheap = CATALOG__LIST_PRODUCTS_REQUEST__INIT;
    const Catalog__Category *clothes = create_category("Clothes", "");

    (void)state;
    create_category("Shirts", clothes->id);
    put_into(shirt, "shirts");
    create(shirt);
    create(hat);
    price_is("S-1", 1990);
    price_is("H-1", 990);

    words.q = "RED shi";
    assert_string_equal(titles(&words), "Red shirt");
    above.category = "clothes";
    assert_string_equal(titles(&above), "Red shirt");
    cheap.max_price = 1000;
    assert_string_equal(titles(&cheap), "Red hat");
    cheap.q = "shirt";
    assert_string_equal(titles(&cheap), "");
}

static void drafts_are_not_for_shoppers(void **state)
{
    Catalog__ListProductsRequest all = CATALOG__LIST_PRODUCTS_REQUEST__INIT;
    Catalog__Product *draft = a_product("Draft", "D-1");

    (void)state;
    draft->status = CATALOG__PRODUCT_STATUS__PRODUCT_STATUS_DRAFT;
    create(draft);
    world->actor = (struct actor){.kind = ACTOR_ANONYMOUS, .id = ""};
    assert_null(get("draft"));
    assert_string_equal(titles(&all), "");
}

/* --- categories --- */

static void a_category_can_not_be_below_itself(void **state)
{
    const Catalog__Category *top = create_category("Top", "");
    const Catalog__Category *below = create_category("Below", top->id);
    Catalog__UpdateCategoryRequest request = CATALOG__UPDATE_CATEGORY_REQUEST__INIT;
    Catalog__Category change = CATALOG__CATEGORY__INIT;

    (void)state;
    change.parent_id = below->id;
    request.id = top->id;
    request.category = &change;
    assert_int_equal(handler_world_call(world, METHOD(update_category), &request.base, NULL), RESULT_VALIDATION_FAILED);
    assert_string_equal(world->problem.violations->code, "circular");
}

static void products_move_with_their_category(void **state)
{
    Catalog__Product *shirt = a_product("Shirt", "S-1");
    const Catalog__Category *men = create_category("Men", ""), *women = create_category("Women", "");
    const Catalog__Category *shirts = create_category("Shirts", men->id);
    Catalog__UpdateCategoryRequest move = CATALOG__UPDATE_CATEGORY_REQUEST__INIT;
    Catalog__DeleteCategoryRequest gone = CATALOG__DELETE_CATEGORY_REQUEST__INIT;
    Catalog__Category change = CATALOG__CATEGORY__INIT;
    Catalog__ListProductsRequest in_men = CATALOG__LIST_PRODUCTS_REQUEST__INIT, in_women = in_men;

    (void)state;
    put_into(shirt, "shirts");
    create(shirt);
    in_men.category = "men";
    in_women.category = "women";
    assert_string_equal(titles(&in_men), "Shirt");

    change.parent_id = women->id;
    move.id = shirts->id;
    move.category = &change;
    assert_int_equal(handler_world_call(world, METHOD(update_category), &move.base, NULL), RESULT_OK);
    assert_string_equal(titles(&in_men), "");
    assert_string_equal(titles(&in_women), "Shirt");

    gone.id = shirts->id;
    assert_int_equal(handler_world_call(world, METHOD(delete_category), &gone.base, NULL), RESULT_OK);
    assert_string_equal(titles(&in_women), "");
    assert_int_equal(get("shirt")->n_categories, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        shop_test(a_title_and_a_sku_are_enough),
        shop_test(the_same_title_gets_another_slug),
        shop_test(a_sku_is_of_one_product),
        shop_test(a_category_must_be_there),
        shop_test(a_patch_changes_what_it_names),
        shop_test(saying_the_same_changes_nothing),
        shop_test(first_prices_are_for_new_variants),
        shop_test(first_prices_are_one_in_each_currency),
        shop_test(deleting_takes_it_out_and_asking_twice_is_fine),
        shop_test(lists_come_in_every_order),
        shop_test(what_many_fit_is_found_as_what_few_fit),
        shop_test(pages_follow_each_other),
        shop_test(filters_hold_together),
        shop_test(drafts_are_not_for_shoppers),
        shop_test(a_category_can_not_be_below_itself),
        shop_test(products_move_with_their_category),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
