#include "services/pricing/shop_test.h"
#include "souk/catalog/v1/events.souk.h"

struct first_price {
    int64_t amount;
    const char *currency;
};

/* A product of one variant with these prices, up to an amount of 0. */
static Catalog__Product *product_of(const char *sku, const struct first_price *rows)
{
    Catalog__Variant *variant = SHOP_NEW(Catalog__Variant, catalog__variant__init);
    variant->sku = sku;
    for (; rows->amount != 0; rows++) {
        Catalog__InitialPrice *price = SHOP_NEW(Catalog__InitialPrice, catalog__initial_price__init);
        price->amount = rows->amount;
        price->currency = rows->currency;
        price->compare_at_amount = 2 * rows->amount;
        ARENA_ROOM(world->arena, variant->prices, variant->n_prices);
        variant->prices[variant->n_prices++] = price;
    }
    Catalog__Product *product = SHOP_NEW(Catalog__Product, catalog__product__init);
    product->variants = ARENA_ARRAY(world->arena, Catalog__Variant *, 1);
    product->variants[product->n_variants++] = variant;
    return product;
}

static void created(const char *sku, const struct first_price *rows)
{
    Catalog__ProductCreated event = CATALOG__PRODUCT_CREATED__INIT;
    event.product = product_of(sku, rows);
    assert_int_equal(handler_world_react(world, &event.base, "product", "p"), RESULT_OK);
}

static void updated(const char *sku, const struct first_price *rows)
{
    Catalog__ProductUpdated event = CATALOG__PRODUCT_UPDATED__INIT;
    event.product = product_of(sku, rows);
    assert_int_equal(handler_world_react(world, &event.base, "product", "p"), RESULT_OK);
}

static void deleted(const char *sku)
{
    Catalog__ProductDeleted event = CATALOG__PRODUCT_DELETED__INIT;
    event.skus = &sku;
    event.n_skus = 1;
    assert_int_equal(handler_world_react(world, &event.base, "product", "p"), RESULT_OK);
}

#define PRICES(...) ((const struct first_price[]){__VA_ARGS__, {0}})
#define NONE ((const struct first_price[]){{0}})

static void a_new_product_brings_its_prices(void **state)
{
    (void)state;
    created("shirt", PRICES({1990, "EUR"}, {2100, "USD"}, {1, "EUR"}));
    const Pricing__Prices *prices = prices_of("shirt");
    assert_int_equal(prices->n_prices, 2); /* of two in one currency the first */
    assert_int_equal(prices->prices[0]->amount, 1990);
    assert_int_equal(prices->prices[0]->compare_at_amount, 3980);
    assert_string_equal(prices->prices[1]->currency, "USD");
    created("free", NONE);
    assert_null(prices_of("free"));
}

static void prices_that_are_there_stay(void **state)
{
    (void)state;
    assert_int_equal(SET_PRICES("shirt", {1500, "EUR", 0, NULL}), RESULT_OK);
    created("shirt", PRICES({1990, "EUR"}));
    updated("shirt", PRICES({1990, "EUR"}));
    assert_int_equal(prices_of("shirt")->prices[0]->amount, 1500);
    assert_int_equal(handler_world_events(world), 1);
    updated("trousers", PRICES({4990, "EUR"})); /* a new variant */
    assert_int_equal(prices_of("trousers")->prices[0]->amount, 4990);
}

static void a_deleted_product_has_no_prices_until_it_comes_back(void **state)
{
    (void)state;
    created("shirt", PRICES({1990, "EUR"}));
    deleted("shirt");
    assert_int_equal(prices_of("shirt")->n_prices, 0);
    deleted("shirt");
    deleted("never seen");
    assert_int_equal(handler_world_events(world), 2);
    created("shirt", PRICES({1790, "EUR"}));
    assert_int_equal(prices_of("shirt")->prices[0]->amount, 1790);
}

/* An import, or its undo, says another price; 0 is none. */
static void price_changed(const char *sku, const char *currency, int64_t amount)
{
    Catalog__ProductUpdated event = CATALOG__PRODUCT_UPDATED__INIT;
    Catalog__PriceChange *change = SHOP_NEW(Catalog__PriceChange, catalog__price_change__init);
    Catalog__InitialPrice *after = SHOP_NEW(Catalog__InitialPrice, catalog__initial_price__init);
    after->amount = amount;
    after->currency = currency;
    change->sku = sku;
    change->currency = currency;
    change->after = amount > 0 ? after : NULL;
    event.product = product_of(sku, NONE);
    event.price_changes = &change;
    event.n_price_changes = 1;
    assert_int_equal(handler_world_react(world, &event.base, "product", "p"), RESULT_OK);
}

static void an_import_changes_the_price_that_is_shown(void **state)
{
    (void)state;
    assert_int_equal(SET_PRICES("shirt", {1990, "EUR", 0, NULL}, {1500, "EUR", 10, NULL}, {2100, "USD", 0, NULL}), RESULT_OK);
    price_changed("shirt", "EUR", 1790);
    const Pricing__Prices *prices = prices_of("shirt");
    assert_int_equal(prices->n_prices, 3);
    assert_int_equal(prices->prices[0]->amount, 1790);
    assert_int_equal(prices->prices[1]->amount, 1500); /* from ten on */
    assert_string_equal(prices->prices[2]->currency, "USD");

    price_changed("shirt", "EUR", 1790); /* it is that already */
    assert_int_equal(handler_world_events(world), 2);
    price_changed("shirt", "USD", 0);
    assert_int_equal(prices_of("shirt")->n_prices, 2);
    price_changed("shirt", "USD", 0);
    price_changed("shirt", "GBP", 1600); /* the first in that currency */
    assert_int_equal(prices_of("shirt")->n_prices, 3);
    price_changed("never seen", "EUR", 100);
    assert_int_equal(prices_of("never seen")->n_prices, 1);
    assert_int_equal(handler_world_events(world), 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        shop_test(a_new_product_brings_its_prices),
        shop_test(prices_that_are_there_stay),
        shop_test(a_deleted_product_has_no_prices_until_it_comes_back),
        shop_test(an_import_changes_the_price_that_is_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
