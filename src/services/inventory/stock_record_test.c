/* What the merchant sees and does: stock, its rules, its past. */
#include "services/inventory/shop_test.h"

#include "platform/rpc/merge.h"

static void new_skus_have_stock_0(void **state)
{
    (void)state;
    assert_null(stock_of("shirt"));
    assert_int_equal(world->problem.result, RESULT_NOT_FOUND);
    product_created("shirt", NULL);
    const Inventory__Stock *stock = stock_of("shirt");
    assert_int_equal(stock->on_hand, 0);
    assert_int_equal(stock->strategy, OPTIMISTIC);
    assert_int_equal(stock->reservation_ttl, 900);
    assert_int_equal(stock->scarce_below, 10);
    assert_int_equal(stock->version, 1);
    assert_int_equal(stock->n_locations, 0);
}

static void adjusting(void **state)
{
    (void)state;
    const char *berlin = location_created("Berlin", 1);
    product("shirt", 5);
    assert_int_equal(adjust_at("shirt", berlin, 2), RESULT_OK);
    assert_stock("shirt", 7, 0, 0, 7);
    const Inventory__Stock *stock = stock_of("shirt");
    assert_int_equal(stock->version, 3);
    assert_int_equal(stock->n_locations, 2);

    assert_int_equal(adjust("shirt", -6), RESULT_OUT_OF_STOCK); /* 7 on hand, but not there */
    assert_int_equal(problem_number("onHand"), 5);
    assert_string_equal(world->problem.violations->pointer, "/delta");
    assert_int_equal(adjust("shirt", -5), RESULT_OK);
    assert_int_equal(adjust("shirt", 0), RESULT_OK); /* a count that was right */
    assert_int_equal(adjust_at("shirt", "nowhere", 1), RESULT_VALIDATION_FAILED);
    assert_string_equal(world->problem.violations->pointer, "/location");
    assert_int_equal(adjust("cap", 1), RESULT_NOT_FOUND);
    assert_int_equal(adjust("shirt", STOCK_UNITS_MAX), RESULT_OVERFLOW);
    assert_stock("shirt", 2, 0, 0, 2);
}

static void changes_need_the_version_that_was_read(void **state)
{
    (void)state;
    product("shirt", 5);
    world->if_version = 1;
    assert_int_equal(adjust("shirt", 1), RESULT_VERSION_MISMATCH);
    world->if_version = 2;
    assert_int_equal(adjust("shirt", 1), RESULT_OK);
    world->if_version = 2;
    Inventory__Stock rules = INVENTORY__STOCK__INIT;
    char path[] = "safety_stock";
    rules.safety_stock = 1;
    assert_int_equal(update("shirt", rules, path), RESULT_VERSION_MISMATCH);
}

static void rules_change_what_the_mask_names(void **state)
{
    (void)state;
    product("shirt", 5);
    SET_RULE("shirt", safety_stock, 2);
    SET_RULE("shirt", strategy, PESSIMISTIC);
    SET_RULE("shirt", reservation_ttl, 60);
    SET_RULE("shirt", oversell_limit, 3);
    SET_RULE("shirt", reorder_quantity, 50);
    SET_RULE("shirt", scarce_below, 0);
    const Inventory__Stock *stock = stock_of("shirt");
    assert_int_equal(stock->safety_stock, 2);
    assert_int_equal(stock->strategy, PESSIMISTIC);
    assert_int_equal(stock->reservation_ttl, 60);
    assert_int_equal(stock->oversell_limit, 3);
    assert_int_equal(stock->reorder_quantity, 50);
    assert_int_equal(stock->scarce_below, 0);
    assert_int_equal(stock->on_hand, 5);
    assert_stock("shirt", 5, 0, 0, 3);

    int64_t before = handler_world_events(world);
    SET_RULE("shirt", safety_stock, 2); /* nothing new */
    assert_int_equal(handler_world_events(world), before);
    SET_RULE("shirt", reservation_ttl, 0); /* null */
    SET_RULE("shirt", strategy, 0);
    assert_int_equal(stock_of("shirt")->reservation_ttl, 900);
    assert_int_equal(stock_of("shirt")->strategy, OPTIMISTIC);

    Inventory__Stock numbers = INVENTORY__STOCK__INIT;
    char path[] = "on_hand";
    numbers.on_hand = 100;
    assert_int_equal(update("shirt", numbers, path), RESULT_OK); /* the gateway refuses it; here it moves nothing */
    assert_stock("shirt", 5, 0, 0, 3);
}

static void a_rule_may_leave_less_than_is_promised(void **state)
{
    (void)state;
    product("shirt", 5);
    assert_int_equal(reserve("ann", LINES({"shirt", 4})), RESULT_OK);
    SET_RULE("shirt", safety_stock, 3);
    assert_stock("shirt", 5, 4, 0, -2);
    assert_int_equal(reserve("bob", LINES({"shirt", 1})), RESULT_OUT_OF_STOCK);
    assert_int_equal(reserve("ann", LINES({"shirt", 4})), RESULT_OK);
    assert_int_equal(release("ann"), RESULT_OK);
    assert_stock("shirt", 5, 0, 0, 2);
    assert_int_equal(reserve("bob", LINES({"shirt", 3})), RESULT_OUT_OF_STOCK);
}

static void rules_may_make_it_low(void **state)
{
    (void)state;
    product("shirt", 5);
    SET_RULE("shirt", reorder_point, 5);
    assert_int_equal(events_named("souk.inventory.v1.StockRanLow"), 1);
    SET_RULE("shirt", reorder_quantity, 10);
    assert_int_equal(adjust("shirt", -1), RESULT_OK);
    assert_int_equal(events_named("souk.inventory.v1.StockRanLow"), 1);
}

/* --- lists ------------------------------------------------------------------------------------------------------------ */

static const Inventory__ListStockResponse *list(bool low, int32_t limit, const char *cursor)
{
    Inventory__ListStockRequest request = INVENTORY__LIST_STOCK_REQUEST__INIT;
    request.low = low;
    request.limit = limit;
    request.cursor = cursor;
    const ProtobufCMessage *answer;
    return handler_world_call(world, METHOD(list_stock), &request.base, &answer) == RESULT_OK
               ? (const Inventory__ListStockResponse *)answer
               : NULL;
}

static void pages_hold_every_sku_once(void **state)
{
    (void)state;
    static const char *const skus[] = {"a", "b", "c", "d", "e"};
    for (int i = 4; i >= 0; i--)
        product(skus[i], i + 1);
    const char *cursor = "";
    for (int i = 0; i < 5; i += 2) {
        const Inventory__ListStockResponse *page = list(false, 2, cursor);
        assert_int_equal(page->n_items, i == 4 ? 1 : 2);
        for (size_t j = 0; j < page->n_items; j++) {
            assert_string_equal(page->items[j]->sku, skus[(size_t)i + j]);
            assert_int_equal(page->items[j]->on_hand, (size_t)i + j + 1);
            assert_int_equal(page->items[j]->n_locations, 1);
        }
        cursor = page->next_cursor;
    }
    assert_string_equal(cursor, "");
    assert_null(list(false, 2, "x"));
    assert_int_equal(world->problem.result, RESULT_CURSOR_INVALID);
}

static void what_has_run_low_is_a_list(void **state)
{
    (void)state;
    product("a", 1);
    product("b", 1);
    product("c", 9);
    SET_RULE("b", reorder_point, 2);
    SET_RULE("c", reorder_point, 2);
    const Inventory__ListStockResponse *page = list(true, 0, "");
    assert_int_equal(page->n_items, 1);
    assert_string_equal(page->items[0]->sku, "b");
}

static const Inventory__BatchGetAvailabilityResponse *availability_of(const char **skus, size_t count)
{
    Inventory__BatchGetAvailabilityRequest request = INVENTORY__BATCH_GET_AVAILABILITY_REQUEST__INIT;
    request.skus = skus;
    request.n_skus = count;
    const ProtobufCMessage *answer;
    assert_int_equal(handler_world_call(world, METHOD(batch_get_availability), &request.base, &answer), RESULT_OK);
    return (const Inventory__BatchGetAvailabilityResponse *)answer;
}

static void product_pages_show_what_can_be_bought(void **state)
{
    (void)state;
    product("shirt", 3);
    product("book", 0);
    product("watch", 2);
    product_created("set", (struct part[]){{"shirt", 1}, {"watch", 1}, {0}});
    SET_RULE("book", oversell_limit, 2);
    SET_RULE("watch", strategy, PESSIMISTIC);
    assert_int_equal(allocate("order", "", LINES({"book", 1})), RESULT_OK);

    const char *skus[] = {"shirt", "unknown", "book", "watch", "set"};
    const Inventory__BatchGetAvailabilityResponse *answer = availability_of(skus, 5);
    assert_int_equal(answer->n_items, 4);
    static const struct {
        const char *sku;
        int64_t available, sellable;
        bool in_stock, held;
    } rows[] = {
        {"shirt", 3, 3, true, false}, {"book", 0, 1, true, false}, {"watch", 2, 2, true, true}, {"set", 2, 2, true, true}};
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(answer->items[i]->sku, rows[i].sku);
        assert_int_equal(answer->items[i]->available, rows[i].available);
        assert_int_equal(answer->items[i]->sellable, rows[i].sellable);
        assert_int_equal(answer->items[i]->in_stock, rows[i].in_stock);
        assert_int_equal(answer->items[i]->reserves_in_cart, rows[i].held);
    }
    product_deleted("shirt");
    answer = availability_of(skus, 5);
    assert_int_equal(answer->n_items, 3);
    assert_false(answer->items[2]->in_stock); /* a bundle without one of its parts */
}

/* --- bundles ---------------------------------------------------------------------------------------------------------- */

static void bundles_show_what_their_parts_make(void **state)
{
    (void)state;
    product("shirt", 5);
    product("cap", 9);
    product_created("set", (struct part[]){{"shirt", 1}, {"cap", 2}, {0}});
    assert_stock("set", 4, 0, 0, 4);
    assert_int_equal(stock_of("set")->n_components, 2);
    assert_int_equal(reserve("ann", LINES({"cap", 4})), RESULT_OK);
    assert_stock("set", 4, 2, 0, 2);
    SET_RULE("cap", oversell_limit, 4);
    assert_int_equal(stock_of("set")->oversell_limit, 2);
    assert_int_equal(adjust("set", 1), RESULT_STATE_FORBIDS);
    Inventory__Stock rules = INVENTORY__STOCK__INIT;
    char path[] = "safety_stock";
    assert_int_equal(update("set", rules, path), RESULT_STATE_FORBIDS);
}

/* --- the past --------------------------------------------------------------------------------------------------------- */

static void the_past_is_replayed_from_the_skus_own_stream(void **state)
{
    (void)state;
    const char *berlin = location_created("Berlin", 1);
    product("shirt", 0);
    product("cap", 9);
    assert_int_equal(adjust_at("shirt", berlin, 5), RESULT_OK);
    assert_int_equal(reserve("ann", LINES({"shirt", 2}, {"cap", 1})), RESULT_OK);
    int64_t then = world->now_us;
    handler_world_advance(world, SECONDS(1));
    assert_int_equal(allocate("order", "ann", LINES({"shirt", 2}, {"cap", 1})), RESULT_OK);
    assert_int_equal(ship("order", NO_LINES), RESULT_OK);
    SET_RULE("shirt", safety_stock, 1);
    handler_world_advance(world, SECONDS(1));

    Inventory__GetStockRequest request = INVENTORY__GET_STOCK_REQUEST__INIT;
    request.sku = "shirt";
    static const char *const streams[] = {"stock/shirt", "location/*"};
    const ProtobufCMessage *answer;
    assert_int_equal(handler_world_ask_past(world, METHOD(get_stock), &request.base, streams, 2, then, &answer), RESULT_OK);
    const Inventory__Stock *past = (const Inventory__Stock *)answer;
    assert_int_equal(past->on_hand, 5);
    assert_int_equal(past->reserved, 2);
    assert_int_equal(past->allocated, 0);
    assert_int_equal(past->available, 3);
    assert_int_equal(past->safety_stock, 0);
    assert_string_equal(past->locations[0]->location, berlin);

    /* And as of now, it is what it is. */
    assert_int_equal(handler_world_ask_past(world, METHOD(get_stock), &request.base, streams, 2, world->now_us, &answer), RESULT_OK);
    assert_true(message_equal(world->arena, answer, &stock_of("shirt")->base));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        shop_test(new_skus_have_stock_0),
        shop_test(adjusting),
        shop_test(changes_need_the_version_that_was_read),
        shop_test(rules_change_what_the_mask_names),
        shop_test(a_rule_may_leave_less_than_is_promised),
        shop_test(rules_may_make_it_low),
        shop_test(pages_hold_every_sku_once),
        shop_test(what_has_run_low_is_a_list),
        shop_test(product_pages_show_what_can_be_bought),
        shop_test(bundles_show_what_their_parts_make),
        shop_test(the_past_is_replayed_from_the_skus_own_stream),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
