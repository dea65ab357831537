#include "services/inventory/shop_test.h"

static void the_last_unit_is_held_once(void **state)
{
    (void)state;
    product("shirt", 1);
    assert_int_equal(reserve("ann", LINES({"shirt", 1})), RESULT_OK);
    assert_int_equal(reserve("bob", LINES({"shirt", 1})), RESULT_OUT_OF_STOCK);
    assert_int_equal(problem_number("available"), 0);
    assert_stock("shirt", 1, 1, 0, 0);
}

static void a_refusal_says_which_line_and_how_many(void **state)
{
    (void)state;
    product("shirt", 5);
    product("cap", 3);
    assert_int_equal(reserve("ann", LINES({"shirt", 1}, {"cap", 4})), RESULT_OUT_OF_STOCK);
    assert_int_equal(problem_number("available"), 3);
    assert_string_equal(world->problem.violations->pointer, "/lines/1/quantity");
    assert_string_equal(world->problem.violations->code, "out_of_stock");
    assert_non_null(strstr(world->problem.detail, "cap"));
    assert_null(world->problem.violations->next);
    assert_stock("shirt", 5, 0, 0, 5); /* all lines or none */
}

static void every_short_line_is_named(void **state)
{
    (void)state;
    product("shirt", 0);
    product("cap", 3);
    assert_int_equal(reserve("ann", LINES({"shirt", 1}, {"cap", 4})), RESULT_OUT_OF_STOCK);
    assert_string_equal(world->problem.violations->pointer, "/lines/0/quantity");
    assert_string_equal(world->problem.violations->next->pointer, "/lines/1/quantity");
    assert_int_equal(problem_number("available"), 0); /* of the first */
}

static void available_is_never_told_below_0(void **state)
{
    (void)state;
    product("shirt", 2);
    assert_int_equal(reserve("ann", LINES({"shirt", 2})), RESULT_OK);
    assert_int_equal(adjust("shirt", -2), RESULT_OK);
    assert_int_equal(reserve("bob", LINES({"shirt", 1})), RESULT_OUT_OF_STOCK);
    assert_int_equal(problem_number("available"), 0);
    assert_stock("shirt", 0, 2, 0, -2);
}

static void lines_of_one_sku_are_added_up(void **state)
{
    (void)state;
    product("shirt", 5);
    assert_int_equal(reserve("ann", LINES({"shirt", 3}, {"shirt", 3})), RESULT_OUT_OF_STOCK);
    assert_int_equal(problem_number("available"), 5);
    assert_int_equal(reserve("ann", LINES({"shirt", 3}, {"shirt", 2})), RESULT_OK);
    assert_stock("shirt", 5, 5, 0, 0);
    assert_int_equal(reserve("bob", LINES({"shirt", INT64_MAX}, {"shirt", INT64_MAX})), RESULT_OUT_OF_STOCK);
}

static void lines_replace_what_was_held(void **state)
{
    (void)state;
    product("shirt", 5);
    product("cap", 5);
    assert_int_equal(reserve("ann", LINES({"shirt", 3})), RESULT_OK);
    assert_int_equal(reserve("ann", LINES({"shirt", 5}, {"cap", 1})), RESULT_OK);
    assert_stock("shirt", 5, 5, 0, 0);
    assert_int_equal(reserve("ann", LINES({"cap", 2})), RESULT_OK);
    assert_stock("shirt", 5, 0, 0, 5);
    assert_stock("cap", 5, 2, 0, 3);
    assert_int_equal(reserve("ann", NO_LINES), RESULT_OK);
    assert_stock("cap", 5, 0, 0, 5);
}

static void the_same_again_only_moves_the_end(void **state)
{
    (void)state;
    product("shirt", 5);
    product("cap", 5);
    assert_int_equal(reserve("ann", LINES({"shirt", 3}, {"cap", 1})), RESULT_OK);
    int64_t before = handler_world_events(world);
    handler_world_advance(world, SECONDS(600));
    assert_int_equal(reserve("ann", LINES({"shirt", 3}, {"cap", 1})), RESULT_OK);
    assert_int_equal(handler_world_events(world), before + 1); /* one event moves it for all */
    handler_world_advance(world, SECONDS(600));
    assert_stock("shirt", 5, 3, 0, 2);
    assert_stock("cap", 5, 1, 0, 4);
    handler_world_advance(world, SECONDS(300));
    assert_stock("shirt", 5, 0, 0, 5);
    assert_stock("cap", 5, 0, 0, 5);
}

static void one_sku_costs_one_event(void **state)
{
    (void)state;
    product("shirt", 5);
    int64_t before = handler_world_events(world);
    assert_int_equal(reserve("ann", LINES({"shirt", 1})), RESULT_OK);
    assert_int_equal(handler_world_events(world), before + 1);
}

static void a_reservation_ends_with_its_earliest_line(void **state)
{
    (void)state;
    product("shirt", 5);
    product("ticket", 5);
    SET_RULE("ticket", reservation_ttl, 60);
    Inventory__ReserveRequest request = INVENTORY__RESERVE_REQUEST__INIT;
    const Inventory__Reservation *reservation;
    assert_int_equal(reserve_as(&request, "ann", LINES({"shirt", 1}, {"ticket", 1}), &reservation), RESULT_OK);
    assert_int_equal(reservation->expires_at->seconds, world->now_us / SECONDS(1) + 60);
    assert_int_equal(reservation->n_lines, 2);

    handler_world_advance(world, SECONDS(59));
    assert_stock("shirt", 5, 1, 0, 4);
    handler_world_advance(world, SECONDS(1));
    assert_stock("shirt", 5, 0, 0, 5);
    assert_stock("ticket", 5, 0, 0, 5);
    assert_int_equal(events_named("souk.inventory.v1.StockReserved"), 4);
}

static void a_caller_may_need_longer(void **state)
{
    (void)state;
    product("ticket", 1);
    SET_RULE("ticket", reservation_ttl, 5);
    Inventory__ReserveRequest request = INVENTORY__RESERVE_REQUEST__INIT;
    request.hold_seconds_min = 3600;
    assert_int_equal(reserve_as(&request, "checkout", LINES({"ticket", 1}), NULL), RESULT_OK);
    handler_world_advance(world, SECONDS(3599));
    assert_stock("ticket", 1, 1, 0, 0);
    handler_world_advance(world, SECONDS(1));
    assert_stock("ticket", 1, 0, 0, 1);
}

static void a_timer_of_what_was_given_back_finds_nothing(void **state)
{
    (void)state;
    product("shirt", 1);
    assert_int_equal(reserve("ann", LINES({"shirt", 1})), RESULT_OK);
    assert_int_equal(release("ann"), RESULT_OK);
    assert_int_equal(release("ann"), RESULT_OK); /* gone is fine */
    assert_stock("shirt", 1, 0, 0, 1);
    int64_t before = handler_world_events(world);
    handler_world_advance(world, SECONDS(1000));
    assert_int_equal(handler_world_events(world), before);
}

/* --- strategies ------------------------------------------------------------------------------------------------------- */

static void carts_hold_what_is_pessimistic(void **state)
{
    (void)state;
    product("shirt", 5);
    product("watch", 1);
    SET_RULE("watch", strategy, PESSIMISTIC);
    const Inventory__Reservation *cart = put_into_cart("ann", LINES({"shirt", 2}, {"watch", 1}));
    assert_int_equal(cart->n_lines, 1);
    assert_string_equal(cart->lines[0]->sku, "watch");
    assert_non_null(cart->expires_at);
    assert_stock("shirt", 5, 0, 0, 5);
    assert_stock("watch", 1, 1, 0, 0);
    assert_null(put_into_cart("bob", LINES({"watch", 1})));
    assert_int_equal(world->problem.result, RESULT_OUT_OF_STOCK);
}

static void carts_hold_nothing_that_is_optimistic(void **state)
{
    (void)state;
    product("shirt", 1);
    int64_t before = handler_world_events(world);
    const Inventory__Reservation *cart = put_into_cart("ann", LINES({"shirt", 100}, {"no-such-sku", 1}));
    assert_int_equal(cart->n_lines, 0);
    assert_null(cart->expires_at);
    assert_int_equal(handler_world_events(world), before); /* and cost nothing */
}

static void carts_hold_what_is_scarce(void **state)
{
    (void)state;
    product("ticket", 12);
    SET_RULE("ticket", strategy, ADAPTIVE);
    assert_int_equal(put_into_cart("ann", LINES({"ticket", 2}))->n_lines, 0);
    assert_int_equal(adjust("ticket", -3), RESULT_OK);
    assert_int_equal(put_into_cart("ann", LINES({"ticket", 2}))->n_lines, 1);
    assert_stock("ticket", 9, 2, 0, 7);
    assert_int_equal(adjust("ticket", 100), RESULT_OK); /* scarce no longer: who holds some keeps them */
    assert_int_equal(put_into_cart("ann", LINES({"ticket", 2}))->n_lines, 1);
    assert_int_equal(put_into_cart("bob", LINES({"ticket", 2}))->n_lines, 0);
    assert_stock("ticket", 109, 2, 0, 107);
}

/* --- taking over ------------------------------------------------------------------------------------------------------ */

static Inventory__ReserveRequest checkout_of(const char *cart)
{
    Inventory__ReserveRequest request = INVENTORY__RESERVE_REQUEST__INIT;
    request.takes_over = cart;
    return request;
}

static void a_checkout_takes_its_cart_over(void **state)
{
    (void)state;
    product("watch", 2);
    assert_int_equal(reserve("cart", LINES({"watch", 1})), RESULT_OK);
    assert_int_equal(reserve("other", LINES({"watch", 1})), RESULT_OK);
    int64_t before = handler_world_events(world);
    Inventory__ReserveRequest request = checkout_of("cart");
    assert_int_equal(reserve_as(&request, "checkout", LINES({"watch", 1}), NULL), RESULT_OK);
    assert_int_equal(handler_world_events(world), before + 1);
    assert_stock("watch", 2, 2, 0, 0);

    assert_int_equal(reserve_as(&request, "checkout", LINES({"watch", 1}), NULL), RESULT_OK); /* again: the cart is empty */
    assert_int_equal(release("cart"), RESULT_OK);
    assert_stock("watch", 2, 2, 0, 0);
    assert_int_equal(release("checkout"), RESULT_OK);
    assert_stock("watch", 2, 1, 0, 1);
}

static void what_a_checkout_does_not_need_is_given_back(void **state)
{
    (void)state;
    product("watch", 5);
    product("cap", 5);
    assert_int_equal(reserve("cart", LINES({"watch", 3}, {"cap", 2})), RESULT_OK);
    Inventory__ReserveRequest request = checkout_of("cart");
    assert_int_equal(reserve_as(&request, "checkout", LINES({"watch", 1}), NULL), RESULT_OK);
    assert_stock("watch", 5, 1, 0, 4);
    assert_stock("cap", 5, 0, 0, 5);
    handler_world_advance(world, SECONDS(900));
    assert_stock("watch", 5, 0, 0, 5);
}

static void a_refused_checkout_leaves_the_cart_its_units(void **state)
{
    (void)state;
    product("watch", 5);
    assert_int_equal(reserve("cart", LINES({"watch", 3})), RESULT_OK);
    Inventory__ReserveRequest request = checkout_of("cart");
    assert_int_equal(reserve_as(&request, "checkout", LINES({"watch", 6}), NULL), RESULT_OUT_OF_STOCK);
    assert_int_equal(problem_number("available"), 5); /* its own count as available */
    assert_stock("watch", 5, 3, 0, 2);
}

static void a_checkout_takes_over_what_has_broken_since(void **state)
{
    (void)state;
    product("vase", 2);
    assert_int_equal(reserve("cart", LINES({"vase", 2})), RESULT_OK);
    assert_int_equal(adjust("vase", -1), RESULT_OK);
    Inventory__ReserveRequest request = checkout_of("cart");
    assert_int_equal(reserve_as(&request, "checkout", LINES({"vase", 2}), NULL), RESULT_OK);
    assert_stock("vase", 1, 2, 0, -1);
    assert_int_equal(reserve_as(&request, "checkout", LINES({"vase", 3}), NULL), RESULT_OUT_OF_STOCK);
}

/* --- bundles ---------------------------------------------------------------------------------------------------------- */

static void sets(void)
{
    product("shirt", 2);
    product("cap", 5);
    product_created("summer", (struct part[]){{"shirt", 1}, {"cap", 2}, {0}});
    product_created("gift", (struct part[]){{"shirt", 1}, {"cap", 1}, {0}});
}

static void bundles_hold_their_parts(void **state)
{
    (void)state;
    sets();
    Inventory__ReserveRequest request = INVENTORY__RESERVE_REQUEST__INIT;
    const Inventory__Reservation *reservation;
    assert_int_equal(reserve_as(&request, "ann", LINES({"summer", 2}), &reservation), RESULT_OK);
    assert_string_equal(reservation->lines[0]->sku, "summer"); /* as it was asked for */
    assert_stock("shirt", 2, 2, 0, 0);
    assert_stock("cap", 5, 4, 0, 1);
    assert_stock("summer", 2, 2, 0, 0);
    assert_stock("gift", 2, 2, 0, 0);
}

static void bundles_compete_for_a_part(void **state)
{
    (void)state;
    sets();
    assert_int_equal(reserve("ann", LINES({"summer", 2}, {"gift", 1})), RESULT_OUT_OF_STOCK);
    assert_string_equal(world->problem.violations->pointer, "/lines/1/quantity");
    assert_int_equal(problem_number("available"), 0);
    assert_int_equal(reserve("ann", LINES({"summer", 1}, {"shirt", 2})), RESULT_OUT_OF_STOCK);
    assert_int_equal(problem_number("available"), 1);
    assert_int_equal(reserve("ann", LINES({"summer", 1}, {"shirt", 1}, {"cap", 3})), RESULT_OK);
    assert_stock("shirt", 2, 2, 0, 0);
    assert_stock("cap", 5, 5, 0, 0);
}

static void bundles_are_held_in_carts_when_a_part_is(void **state)
{
    (void)state;
    sets();
    assert_int_equal(put_into_cart("ann", LINES({"summer", 1}))->n_lines, 0);
    SET_RULE("cap", strategy, PESSIMISTIC);
    assert_int_equal(put_into_cart("ann", LINES({"summer", 1}))->n_lines, 1);
    assert_stock("shirt", 2, 1, 0, 1);
    assert_stock("cap", 5, 2, 0, 3);
}

static void what_the_catalogue_no_longer_has_is_not_sold(void **state)
{
    (void)state;
    product("shirt", 5);
    assert_int_equal(reserve("ann", LINES({"shirt", 1})), RESULT_OK);
    product_deleted("shirt");
    assert_int_equal(reserve("bob", LINES({"shirt", 1})), RESULT_OUT_OF_STOCK);
    assert_int_equal(reserve("ann", LINES({"shirt", 2})), RESULT_OUT_OF_STOCK);
    assert_int_equal(reserve("ann", LINES({"shirt", 1})), RESULT_OK); /* but what is held is promised */
    assert_int_equal(reserve("bob", LINES({"unknown", 1})), RESULT_OUT_OF_STOCK);
    assert_stock("shirt", 5, 1, 0, 4);
}

static void running_low_is_told_once(void **state)
{
    (void)state;
    product("shirt", 5);
    SET_RULE("shirt", reorder_point, 3);
    assert_int_equal(reserve("ann", LINES({"shirt", 1})), RESULT_OK);
    assert_int_equal(events_named("souk.inventory.v1.StockRanLow"), 0);
    assert_int_equal(reserve("ann", LINES({"shirt", 2})), RESULT_OK);
    assert_int_equal(events_named("souk.inventory.v1.StockRanLow"), 1);
    assert_int_equal(reserve("ann", LINES({"shirt", 3})), RESULT_OK); /* lower still */
    assert_int_equal(events_named("souk.inventory.v1.StockRanLow"), 1);
    assert_int_equal(release("ann"), RESULT_OK);
    assert_int_equal(reserve("bob", LINES({"shirt", 2})), RESULT_OK); /* and low again */
    assert_int_equal(events_named("souk.inventory.v1.StockRanLow"), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        shop_test(the_last_unit_is_held_once),
        shop_test(a_refusal_says_which_line_and_how_many),
        shop_test(every_short_line_is_named),
        shop_test(available_is_never_told_below_0),
        shop_test(lines_of_one_sku_are_added_up),
        shop_test(lines_replace_what_was_held),
        shop_test(the_same_again_only_moves_the_end),
        shop_test(one_sku_costs_one_event),
        shop_test(a_reservation_ends_with_its_earliest_line),
        shop_test(a_caller_may_need_longer),
        shop_test(a_timer_of_what_was_given_back_finds_nothing),
        shop_test(carts_hold_what_is_pessimistic),
        shop_test(carts_hold_nothing_that_is_optimistic),
        shop_test(carts_hold_what_is_scarce),
        shop_test(a_checkout_takes_its_cart_over),
        shop_test(what_a_checkout_does_not_need_is_given_back),
        shop_test(a_refused_checkout_leaves_the_cart_its_units),
        shop_test(a_checkout_takes_over_what_has_broken_since),
        shop_test(bundles_hold_their_parts),
        shop_test(bundles_compete_for_a_part),
        shop_test(bundles_are_held_in_carts_when_a_part_is),
        shop_test(what_the_catalogue_no_longer_has_is_not_sold),
        shop_test(running_low_is_told_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
