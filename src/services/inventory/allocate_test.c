#include "services/inventory/shop_test.h"

static void an_order_gets_what_was_held(void **state)
{
    (void)state;
    product("shirt", 3);
    assert_int_equal(reserve("checkout", LINES({"shirt", 2})), RESULT_OK);
    int64_t before = handler_world_events(world);
    const Inventory__Allocation *allocation;
    assert_int_equal(allocate_for("order", "checkout", LINES({"shirt", 2}), &allocation), RESULT_OK);
    assert_int_equal(handler_world_events(world), before + 1); /* one event, and no moment at which they were free */
    assert_int_equal(allocation->n_lines, 1);
    assert_string_equal(allocation->lines[0]->location, "default");
    assert_int_equal(allocation->lines[0]->quantity, 2);
    assert_stock("shirt", 3, 0, 2, 1);
    before = handler_world_events(world);
    handler_world_advance(world, SECONDS(1000));
    assert_int_equal(handler_world_events(world), before); /* its timer went with it */
}

static void the_same_order_again_gets_nothing_more(void **state)
{
    (void)state;
    product("shirt", 5);
    assert_int_equal(allocate("order", "checkout", LINES({"shirt", 2})), RESULT_OK);
    const Inventory__Allocation *allocation;
    assert_int_equal(allocate_for("order", "checkout", LINES({"shirt", 2}), &allocation), RESULT_OK);
    assert_int_equal(allocation->lines[0]->quantity, 2);
    assert_stock("shirt", 5, 0, 2, 3);
    assert_int_equal(ship("order", NO_LINES), RESULT_OK);
    assert_int_equal(allocate_for("order", "checkout", LINES({"shirt", 2}), &allocation), RESULT_OK);
    assert_int_equal(allocation->lines[0]->quantity, 2); /* also when all of it has shipped */
    assert_stock("shirt", 3, 0, 0, 3);
}

static void what_expired_is_taken_again(void **state)
{
    (void)state;
    product("shirt", 2);
    assert_int_equal(reserve("checkout", LINES({"shirt", 2})), RESULT_OK);
    handler_world_advance(world, SECONDS(900));
    assert_stock("shirt", 2, 0, 0, 2);
    assert_int_equal(allocate("order", "checkout", LINES({"shirt", 2})), RESULT_OK);
    assert_stock("shirt", 2, 0, 2, 0);
}

static void what_expired_and_went_is_refused(void **state)
{
    (void)state;
    product("shirt", 2);
    product("cap", 1);
    assert_int_equal(reserve("ann", LINES({"cap", 1}, {"shirt", 2})), RESULT_OK);
    handler_world_advance(world, SECONDS(900));
    assert_int_equal(reserve("bob", LINES({"shirt", 1})), RESULT_OK);
    assert_int_equal(allocate("order", "ann", LINES({"cap", 1}, {"shirt", 2})), RESULT_OUT_OF_STOCK);
    assert_int_equal(problem_number("available"), 1);
    assert_stock("shirt", 2, 1, 0, 1);
    assert_stock("cap", 1, 0, 0, 1);
}

static void some_held_and_some_taken(void **state)
{
    (void)state;
    product("shirt", 3);
    assert_int_equal(reserve("checkout", LINES({"shirt", 2})), RESULT_OK);
    assert_int_equal(allocate("order", "checkout", LINES({"shirt", 4})), RESULT_OUT_OF_STOCK);
    assert_stock("shirt", 3, 2, 0, 1);
    assert_int_equal(allocate("order", "checkout", LINES({"shirt", 3})), RESULT_OK);
    assert_stock("shirt", 3, 0, 3, 0);
}

static void what_the_order_does_not_need_is_free(void **state)
{
    (void)state;
    product("shirt", 3);
    product("cap", 3);
    assert_int_equal(reserve("checkout", LINES({"shirt", 3}, {"cap", 2})), RESULT_OK);
    assert_int_equal(allocate("order", "checkout", LINES({"shirt", 1})), RESULT_OK);
    assert_stock("shirt", 3, 0, 1, 2);
    assert_stock("cap", 3, 0, 0, 3);
}

static void what_broke_while_held_is_still_promised(void **state)
{
    (void)state;
    product("vase", 2);
    assert_int_equal(reserve("checkout", LINES({"vase", 2})), RESULT_OK);
    assert_int_equal(adjust("vase", -2), RESULT_OK);
    assert_int_equal(allocate("order", "checkout", LINES({"vase", 2})), RESULT_OK);
    assert_stock("vase", 0, 0, 2, -2);
    assert_int_equal(ship("order", NO_LINES), RESULT_OUT_OF_STOCK);
    assert_int_equal(adjust("vase", 2), RESULT_OK);
    assert_int_equal(ship("order", NO_LINES), RESULT_OK);
    assert_stock("vase", 0, 0, 0, 0);
}

/* --- locations -------------------------------------------------------------------------------------------------------- */

static const char *berlin, *hamburg;

static void two_places(void)
{
    berlin = location_created("Berlin", 10);
    hamburg = location_created("Hamburg", 5);
    product("shirt", 0);
    assert_int_equal(adjust_at("shirt", hamburg, 3), RESULT_OK);
    assert_int_equal(adjust_at("shirt", berlin, 2), RESULT_OK);
}

static void orders_come_from_the_first_that_has_enough(void **state)
{
    (void)state;
    two_places();
    assert_int_equal(allocate("one", "", LINES({"shirt", 3})), RESULT_OK);
    assert_int_equal(allocated_at("shirt", hamburg), 3);
    assert_int_equal(allocate("two", "", LINES({"shirt", 1})), RESULT_OK);
    assert_int_equal(allocated_at("shirt", berlin), 1);
}

static void orders_are_split_when_none_has_enough(void **state)
{
    (void)state;
    two_places();
    assert_int_equal(reserve("checkout", LINES({"shirt", 4})), RESULT_OK);
    assert_int_equal(allocate("order", "checkout", LINES({"shirt", 4})), RESULT_OK);
    assert_int_equal(allocated_at("shirt", berlin), 2);
    assert_int_equal(allocated_at("shirt", hamburg), 2);
    assert_stock("shirt", 5, 0, 4, 1);
    assert_int_equal(ship("order", LINES({"shirt", 3})), RESULT_OK);
    assert_int_equal(allocated_at("shirt", berlin), 0);
    assert_int_equal(allocated_at("shirt", hamburg), 1);
    assert_stock("shirt", 2, 0, 1, 1);
}

static void back_orders_wait_at_the_default_location(void **state)
{
    (void)state;
    two_places();
    SET_RULE("shirt", oversell_limit, 5);
    assert_int_equal(allocate("order", "", LINES({"shirt", 7})), RESULT_OK);
    assert_int_equal(allocated_at("shirt", "default"), 2);
    assert_stock("shirt", 5, 0, 7, -2);
    assert_int_equal(deallocate("order", LINES({"shirt", 3})), RESULT_OK);
    assert_int_equal(allocated_at("shirt", "default"), 0); /* back orders are given back first */
    assert_int_equal(allocated_at("shirt", hamburg), 2);
    assert_int_equal(allocated_at("shirt", berlin), 2);
}

static void back_orders_ship_from_where_units_came_in(void **state)
{
    (void)state;
    two_places();
    SET_RULE("shirt", oversell_limit, 5);
    assert_int_equal(allocate("first", "", LINES({"shirt", 5})), RESULT_OK);
    assert_int_equal(allocate("late", "", LINES({"shirt", 2})), RESULT_OK);
    assert_int_equal(ship("late", NO_LINES), RESULT_OUT_OF_STOCK); /* what is there is promised to the first */
    assert_int_equal(problem_number("available"), 0);
    assert_int_equal(adjust_at("shirt", hamburg, 1), RESULT_OK);
    assert_int_equal(ship("late", NO_LINES), RESULT_OUT_OF_STOCK); /* all of it or nothing */
    assert_int_equal(problem_number("available"), 1);
    assert_int_equal(ship("late", LINES({"shirt", 1})), RESULT_OK);
    assert_int_equal(adjust_at("shirt", berlin, 2), RESULT_OK);
    assert_int_equal(ship("late", NO_LINES), RESULT_OK);
    assert_stock("shirt", 6, 0, 5, 1);
    assert_int_equal(ship("first", NO_LINES), RESULT_OK);
    assert_stock("shirt", 1, 0, 0, 1);
}

static void back_orders_ship_while_more_is_promised_than_there_is(void **state)
{
    (void)state;
    const char *berlin_only = location_created("Berlin", 1);
    product("vase", 2);
    assert_int_equal(allocate("first", "", LINES({"vase", 1})), RESULT_OK);
    assert_int_equal(allocate("second", "", LINES({"vase", 1})), RESULT_OK);
    assert_int_equal(adjust("vase", -2), RESULT_OK);
    assert_int_equal(adjust_at("vase", berlin_only, 1), RESULT_OK);
    assert_stock("vase", 1, 0, 2, -1);
    assert_int_equal(ship("second", NO_LINES), RESULT_OK);
    assert_stock("vase", 0, 0, 1, -1);
    assert_int_equal(allocated_at("vase", "default"), 1);
    assert_int_equal(ship("first", NO_LINES), RESULT_OUT_OF_STOCK);
}

static void a_shipment_can_be_asked_for_before(void **state)
{
    (void)state;
    product("shirt", 1);
    SET_RULE("shirt", oversell_limit, 1);
    assert_int_equal(allocate("order", "", LINES({"shirt", 2})), RESULT_OK);
    struct lines *one = LINES({"shirt", 1});
    Inventory__ShipRequest request = INVENTORY__SHIP_REQUEST__INIT;
    request.order_id = "order";
    assert_int_equal(handler_world_call(world, METHOD(check_shipment), &request.base, NULL), RESULT_OUT_OF_STOCK);
    request.lines = one->list;
    request.n_lines = one->count;
    assert_int_equal(handler_world_call(world, METHOD(check_shipment), &request.base, NULL), RESULT_OK);
    request.order_id = "unknown";
    assert_int_equal(handler_world_call(world, METHOD(check_shipment), &request.base, NULL), RESULT_STATE_FORBIDS);
    assert_stock("shirt", 1, 0, 2, -1); /* nothing moved */
}

/* --- cancelling and shipping ------------------------------------------------------------------------------------------ */

static void a_cancelled_order_gives_back_what_has_not_shipped(void **state)
{
    (void)state;
    product("shirt", 5);
    product("cap", 5);
    assert_int_equal(allocate("order", "", LINES({"shirt", 3}, {"cap", 2})), RESULT_OK);
    assert_int_equal(ship("order", LINES({"shirt", 1})), RESULT_OK);
    assert_stock("shirt", 4, 0, 2, 2);
    assert_int_equal(deallocate("order", NO_LINES), RESULT_OK);
    assert_stock("shirt", 4, 0, 0, 4);
    assert_stock("cap", 5, 0, 0, 5);
    assert_int_equal(deallocate("order", NO_LINES), RESULT_OK); /* again is fine */
    assert_int_equal(deallocate("unknown", NO_LINES), RESULT_OK);
    assert_int_equal(deallocate("order", LINES({"shirt", 9}, {"unknown", 1})), RESULT_OK);
    assert_stock("shirt", 4, 0, 0, 4);
}

static void more_than_is_left_does_not_ship(void **state)
{
    (void)state;
    product("shirt", 9);
    assert_int_equal(allocate("order", "", LINES({"shirt", 3})), RESULT_OK);
    assert_int_equal(ship("order", LINES({"shirt", 4})), RESULT_STATE_FORBIDS);
    assert_int_equal(ship("order", LINES({"shirt", 2}, {"shirt", 2})), RESULT_STATE_FORBIDS);
    assert_int_equal(ship("order", LINES({"cap", 1})), RESULT_STATE_FORBIDS);
    assert_int_equal(ship("order", LINES({"shirt", 3})), RESULT_OK);
    assert_int_equal(ship("order", LINES({"shirt", 1})), RESULT_STATE_FORBIDS);
    assert_stock("shirt", 6, 0, 0, 6);
}

/* --- bundles ---------------------------------------------------------------------------------------------------------- */

static void bundles_ship_as_they_were_bought(void **state)
{
    (void)state;
    product("shirt", 5);
    product("cap", 5);
    product_created("set", (struct part[]){{"shirt", 1}, {"cap", 2}, {0}});
    assert_int_equal(reserve("checkout", LINES({"set", 2}, {"cap", 1})), RESULT_OK);
    assert_int_equal(allocate("order", "checkout", LINES({"set", 2}, {"cap", 1})), RESULT_OK);
    assert_stock("shirt", 5, 0, 2, 3);
    assert_stock("cap", 5, 0, 5, 0);

    product_updated("set", product_of("set", (struct part[]){{"shirt", 3}, {0}})); /* another bundle from now on */
    assert_int_equal(ship("order", LINES({"set", 1})), RESULT_OK);
    assert_stock("shirt", 4, 0, 1, 3);
    assert_stock("cap", 3, 0, 3, 0);
    assert_int_equal(deallocate("order", LINES({"set", 1})), RESULT_OK);
    assert_stock("shirt", 4, 0, 0, 4);
    assert_stock("cap", 3, 0, 1, 2);
    assert_int_equal(ship("order", NO_LINES), RESULT_OK);
    assert_stock("cap", 2, 0, 0, 2);
    assert_stock("set", 1, 0, 0, 1);
}

static void lines_share_what_locations_have(void **state)
{
    (void)state;
    two_places();
    product("cap", 9);
    product_created("set", (struct part[]){{"shirt", 1}, {"cap", 1}, {0}});
    assert_int_equal(allocate("order", "", LINES({"set", 2}, {"shirt", 2})), RESULT_OK);
    assert_int_equal(allocated_at("shirt", berlin), 2);
    assert_int_equal(allocated_at("shirt", hamburg), 2);
    assert_stock("shirt", 5, 0, 4, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        shop_test(an_order_gets_what_was_held),
        shop_test(the_same_order_again_gets_nothing_more),
        shop_test(what_expired_is_taken_again),
        shop_test(what_expired_and_went_is_refused),
        shop_test(some_held_and_some_taken),
        shop_test(what_the_order_does_not_need_is_free),
        shop_test(what_broke_while_held_is_still_promised),
        shop_test(orders_come_from_the_first_that_has_enough),
        shop_test(orders_are_split_when_none_has_enough),
        shop_test(back_orders_wait_at_the_default_location),
        shop_test(back_orders_ship_from_where_units_came_in),
        shop_test(back_orders_ship_while_more_is_promised_than_there_is),
        shop_test(a_shipment_can_be_asked_for_before),
        shop_test(a_cancelled_order_gives_back_what_has_not_shipped),
        shop_test(more_than_is_left_does_not_ship),
        shop_test(bundles_ship_as_they_were_bought),
        shop_test(lines_share_what_locations_have),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
