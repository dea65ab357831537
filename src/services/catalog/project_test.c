/*
 * What pricing and inventory say, by product: the same, however it came to be.
 */
#include "platform/service/handler_world_test.h"
#include "services/catalog/catalog.h"
#include "services/catalog/catalog_internal.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <string.h>

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

/* --- what others say ------------------------------------------------------------------------------------------------ */

static void create_with(const char *const *skus, size_t count)
{
    Catalog__CreateProductRequest request = CATALOG__CREATE_PRODUCT_REQUEST__INIT;
    Catalog__Product product = CATALOG__PRODUCT__INIT;
    product.title = "Shirt";
    product.status = CATALOG__PRODUCT_STATUS__PRODUCT_STATUS_PUBLISHED;
    product.options = ARENA_NEW(world->arena, Catalog__ProductOption *);
    product.options[0] = ARENA_NEW(world->arena, Catalog__ProductOption);
    catalog__product_option__init(product.options[0]);
    product.options[0]->name = "Size";
    product.n_options = 1;
    product.variants = ARENA_ARRAY(world->arena, Catalog__Variant *, count);
    product.n_variants = count;
    for (size_t i = 0; i < count; i++) {
        Catalog__Variant *variant = product.variants[i] = ARENA_NEW(world->arena, Catalog__Variant);
        catalog__variant__init(variant);
        variant->sku = skus[i];
        variant->options = ARENA_NEW(world->arena, Catalog__Variant__OptionsEntry *);
        variant->options[0] = ARENA_NEW(world->arena, Catalog__Variant__OptionsEntry);
        catalog__variant__options_entry__init(variant->options[0]);
        variant->options[0]->key = "Size";
        variant->options[0]->value = skus[i];
        variant->n_options = 1;
    }
    request.product = &product;
    assert_int_equal(handler_world_call(world, &catalog__catalog_service__create_product__method, &request.base, NULL), RESULT_OK);
}

static void project(void (*with)(struct tx *, const struct event *, const ProtobufCMessage *), const char *sku,
                    const ProtobufCMessage *data)
{
    struct event event = {.number = 1, .stream = "x/x", .key = sku, .stream_version = 1};
    struct batch batch;
    handler_world_begin(world, &batch);
    batch.tx->may_write = true;
    with(batch.tx, &event, data);
    batch.tx->may_write = false;
    handler_world_commit(&batch);
}

static void prices_are(const char *sku, int64_t euro, int64_t dollar)
{
    Pricing__Price prices[] = {PRICING__PRICE__INIT, PRICING__PRICE__INIT}, *set_prices[] = {&prices[0], &prices[1]};
    Pricing__PricesSet set = PRICING__PRICES_SET__INIT;
    prices[0].currency = "USD"; /* the shelf has them by currency, whatever came first */
    prices[0].amount = dollar;
    prices[0].compare_at_amount = 2 * dollar;
    prices[1].currency = "EUR";
    prices[1].amount = euro;
    set.prices = set_prices;
    set.n_prices = 2;
    project(catalog_project_prices_set, sku, &set.base);
}

/* 0: none. */
static void price_is(const char *sku, int64_t amount)
{
    Pricing__Price price = PRICING__PRICE__INIT, *prices[] = {&price};
    Pricing__PricesSet set = PRICING__PRICES_SET__INIT;
    price.amount = amount;
    price.currency = "EUR";
    set.prices = prices;
    set.n_prices = amount > 0;
    project(catalog_project_prices_set, sku, &set.base);
}

static void available_is(const char *sku, int64_t available)
{
    Inventory__Level level = INVENTORY__LEVEL__INIT;
    Inventory__StockAdjusted adjusted = INVENTORY__STOCK_ADJUSTED__INIT;
    level.available = available;
    adjusted.level = &level;
    project(catalog_project_level, sku, &adjusted.base);
}

static void assert_number(const char *sql, int64_t expected)
{
    struct batch batch;
    handler_world_begin(world, &batch);
    assert_int_equal(sql_select_int(batch.tx, -1, sql, NULL, 0), expected);
    handler_world_commit(&batch);
}

static void assert_prices(int64_t lowest, int64_t highest)
{
    assert_number("SELECT lowest FROM product_price", lowest);
    assert_number("SELECT highest FROM product_price", highest);
}

static void assert_shelf(const char *prices, const char *stock)
{
    struct batch batch;
    handler_world_begin(world, &batch);
    struct sql_rows rows = SQL_SELECT(batch.tx, "SELECT prices, stock FROM product_shelf");
    assert_true(sql_next(&rows));
    assert_string_equal(sql_get_string(&rows, 0), prices);
    assert_string_equal(sql_get_string(&rows, 1), stock);
    assert_false(sql_next(&rows));
    handler_world_commit(&batch);
}

static void compute_shelf(void)
{
    struct batch batch;
    handler_world_begin(world, &batch);
    const char *product_id = SQL_STRING(batch.tx, "SELECT product_id FROM product_shelf");
    batch.tx->may_write = true;
    product_shelf_compute(batch.tx, product_id);
    batch.tx->may_write = false;
    handler_world_commit(&batch);
}

/* What was exchanged in it is what would be computed. */
static void assert_shelf_either_way(const char *prices, const char *stock)
{
    assert_shelf(prices, stock);
    compute_shelf();
    assert_shelf(prices, stock);
}

/* --- tests ---------------------------------------------------------------------------------------------------------- */

static const char *const skus[] = {"A", "B", "C"};

static void a_product_spans_the_prices_of_its_variants(void **state)
{
    (void)state;
    create_with(skus, 3);
    price_is("B", 20);
    assert_prices(20, 20);
    price_is("A", 10); /* first prices widen */
    price_is("C", 30);
    assert_prices(10, 30);
    price_is("C", 15); /* later ones may narrow */
    assert_prices(10, 20);
    price_is("A", 0);
    assert_prices(15, 20);
    price_is("A", 40);
    assert_prices(15, 40);
    price_is("nobody's", 1);
    assert_prices(15, 40);
    price_is("A", 0);
    price_is("B", 0);
    price_is("C", 0);
    assert_prices(-1, -1);
}

static void a_price_may_come_before_its_product(void **state)
{
    (void)state;
    price_is("A", 10);
    price_is("B", 30);
    create_with(skus, 3);
    assert_prices(10, 30);
    price_is("C", 40);
    assert_prices(10, 40);
}

static void a_product_is_in_stock_while_any_variant_is(void **state)
{
    (void)state;
    static const char in_stock[] = "SELECT in_stock FROM product_stock";
    available_is("C", 0);
    create_with(skus, 3);
    assert_number(in_stock, 0);
    available_is("A", 0);
    assert_number(in_stock, 0);
    available_is("A", 5);
    available_is("B", 1);
    assert_number(in_stock, 1);
    available_is("A", 4);
    available_is("A", 0);
    assert_number(in_stock, 1);
    available_is("B", 0);
    assert_number(in_stock, 0);
    available_is("B", -2); /* more was promised than there is */
    assert_number(in_stock, 0);
    available_is("C", 1);
    assert_number(in_stock, 1);
}

static void stock_may_come_before_its_product(void **state)
{
    (void)state;
    available_is("B", 3);
    create_with(skus, 3);
    assert_number("SELECT in_stock FROM product_stock", 1);
}

static void the_shelf_has_what_others_said_last(void **state)
{
    (void)state;
    static const char *const similar[] = {"A 1", "A", "1"}; /* one within another, and out of order */
    create_with(similar, 3);
    assert_shelf_either_way("\n1/\nA/\nA 1/\n", "\n1/0\nA/0\nA 1/0\n");
    prices_are("A", 10, 11);
    price_is("1", 5);
    available_is("A", 1);
    available_is("1", 10);
    assert_shelf_either_way("\n1/EUR 5 0 \nA/EUR 10 0 USD 11 22 \nA 1/\n", "\n1/10\nA/1\nA 1/0\n");
    available_is("1", -3); /* on back order */
    available_is("A", 1);
    price_is("A", 0);
    prices_are("A 1", 7, 8);
    price_is("nobody's", 1);
    available_is("nobody's", 1);
    assert_shelf_either_way("\n1/EUR 5 0 \nA/\nA 1/EUR 7 0 USD 8 16 \n", "\n1/-3\nA/1\nA 1/0\n");
}

static void what_was_said_before_a_product_came_is_on_its_shelf(void **state)
{
    (void)state;
    price_is("B", 30);
    available_is("C", 4);
    create_with(skus, 3);
    assert_shelf_either_way("\nA/\nB/EUR 30 0 \nC/\n", "\nA/0\nB/0\nC/4\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        shop_test(a_product_spans_the_prices_of_its_variants),
        shop_test(a_price_may_come_before_its_product),
        shop_test(a_product_is_in_stock_while_any_variant_is),
        shop_test(stock_may_come_before_its_product),
        shop_test(the_shelf_has_what_others_said_last),
        shop_test(what_was_said_before_a_product_came_is_on_its_shelf),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
