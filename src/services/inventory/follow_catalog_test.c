#include "services/inventory/shop_test.h"

/* One product with the variants of two. */
static Catalog__Product *both(Catalog__Product *a, Catalog__Product *b)
{
    Catalog__Variant **variants = ARENA_ARRAY(world->arena, Catalog__Variant *, 2);
    variants[0] = a->variants[0];
    variants[1] = b->variants[0];
    a->variants = variants;
    a->n_variants = 2;
    return a;
}

static void what_has_not_changed_is_no_event(void **state)
{
    (void)state;
    product("shirt", 5);
    product_created("set", (struct part[]){{"shirt", 1}, {"shirt", 1}, {0}});
    int64_t before = handler_world_events(world);
    product_updated("shirt", product_of("shirt", NULL));
    product_updated("set", product_of("set", (struct part[]){{"shirt", 2}, {0}})); /* parts of one SKU are added up */
    product_created("shirt", NULL);                                                /* told twice */
    assert_int_equal(handler_world_events(world), before);
}

static void skus_appear_and_vanish(void **state)
{
    (void)state;
    product_updated("p", both(product_of("small", NULL), product_of("large", NULL)));
    assert_int_equal(adjust("small", 3), RESULT_OK);
    assert_non_null(stock_of("large"));
    product_updated("p", product_of("large", NULL));
    assert_stock("small", 3, 0, 0, 3); /* seen while there is some */
    assert_int_equal(adjust("small", -3), RESULT_OK);
    assert_null(stock_of("small"));
    product_deleted("p");
    assert_null(stock_of("large"));
}

static void what_comes_back_is_as_it_was(void **state)
{
    (void)state;
    product("shirt", 5);
    SET_RULE("shirt", safety_stock, 2);
    assert_int_equal(reserve("ann", LINES({"shirt", 1})), RESULT_OK);
    product_deleted("shirt");
    product_created("shirt", NULL);
    assert_stock("shirt", 5, 1, 0, 2);
    assert_int_equal(stock_of("shirt")->safety_stock, 2);
    assert_int_equal(reserve("bob", LINES({"shirt", 2})), RESULT_OK);
}

static void a_sku_may_move_to_another_product(void **state)
{
    (void)state;
    product_updated("one", product_of("shirt", NULL));
    assert_int_equal(adjust("shirt", 3), RESULT_OK);
    product_updated("two", product_of("shirt", NULL));
    product_deleted("one"); /* it is the other's now */
    assert_int_equal(reserve("ann", LINES({"shirt", 1})), RESULT_OK);
}

static void a_bundle_may_become_a_thing_of_its_own(void **state)
{
    (void)state;
    product("shirt", 5);
    product_created("set", (struct part[]){{"shirt", 2}, {0}});
    assert_stock("set", 2, 0, 0, 2);
    product_updated("set", product_of("set", NULL));
    assert_stock("set", 0, 0, 0, 0);
    assert_int_equal(adjust("set", 1), RESULT_OK);
    assert_stock("set", 1, 0, 0, 1);
}

static void new_skus_may_come_with_units(void **state)
{
    (void)state;
    Catalog__Product *shirt = product_of("shirt", NULL);
    shirt->variants[0]->initial_stock = 5;
    product_updated("shirt", shirt);
    assert_stock("shirt", 5, 0, 0, 5);
    assert_int_equal(adjust("shirt", -1), RESULT_OK);
    product_updated("shirt", shirt); /* it is not new any more, */
    product_deleted("shirt");
    product_updated("shirt", shirt); /* and not when it comes back */
    assert_stock("shirt", 4, 0, 0, 4);

    Catalog__Product *set = product_of("set", (struct part[]){{"shirt", 2}, {0}});
    set->variants[0]->initial_stock = 9;
    product_updated("set", set);
    assert_stock("set", 2, 0, 0, 2); /* a bundle has none of its own */
}

static void an_empty_update_needs_nothing(void **state)
{
    (void)state;
    product_deleted("never-seen");
    assert_int_equal(handler_world_events(world), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        shop_test(what_has_not_changed_is_no_event),
        shop_test(skus_appear_and_vanish),
        shop_test(what_comes_back_is_as_it_was),
        shop_test(a_sku_may_move_to_another_product),
        shop_test(a_bundle_may_become_a_thing_of_its_own),
        shop_test(new_skus_may_come_with_units),
        shop_test(an_empty_update_needs_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
