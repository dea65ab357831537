/* The check finds what it is there for; and random operations, whatever their order, leave it nothing to find. */
#include "services/inventory/shop_test.h"

/* --- planted damage --------------------------------------------------------------------------------------------------- */

static void assert_found(const char *damage, const char *sentence)
{
    char error[512] = "";
    struct tx *tx = tx_begin(world->host.connection);
    tx->arena = world->arena;
    assert_true(inventory_check(tx, error));
    tx->may_write = true;
    sql_script(tx, damage);
    tx->may_write = false;
    assert_false(inventory_check(tx, error));
    if (strstr(error, sentence) == NULL)
        fail_msg("%s: %s", damage, error);
    tx_rollback(tx);
}

static void damage_is_found(void **state)
{
    (void)state;
    product("shirt", 5);
    assert_int_equal(reserve("ann", LINES({"shirt", 2})), RESULT_OK);
    assert_int_equal(allocate("order", "", LINES({"shirt", 1})), RESULT_OK);
    assert_found("UPDATE stock SET available = available + 1", "on hand = available");
    assert_found("UPDATE stock SET on_hand = on_hand + 1, available = available + 1", "locations add up");
    assert_found("UPDATE stock SET reserved = reserved + 1, available = available - 1", "reservations hold");
    assert_found("UPDATE stock SET allocated = 0, available = available + 1", "orders wait for");
    assert_found("UPDATE stock SET safety_stock = -1, available = available + 1", "nothing is below 0");
    assert_found("UPDATE stock_location SET location = 'elsewhere'", "from there");
    assert_found("DELETE FROM reservation_line", "reservations hold");
    assert_found("DELETE FROM souk_timer", "has an end");
    assert_found("INSERT INTO reservation_line (reservation_id, sku, quantity) VALUES ('x', 'cap', 1)", "an end");
    assert_found("INSERT INTO allocation (order_id, ordered_sku, sku, location, units_each, open_units, shipped_units)"
                 " VALUES ('x', 'cap', 'cap', 'default', 1, 1, 0)",
                 "not known");
    /* One more sold than there was, with everything else in order: the unguarded decrement. */
    assert_found("UPDATE stock SET reserved = 6, available = -2; UPDATE reservation_line SET quantity = 6",
                 "beyond what was sellable");
}

static void the_merchants_own_doing_is_no_damage(void **state)
{
    (void)state;
    product("shirt", 5);
    assert_int_equal(reserve("ann", LINES({"shirt", 5})), RESULT_OK);
    assert_int_equal(adjust("shirt", -3), RESULT_OK);
    assert_stock("shirt", 2, 5, 0, -3);
    assert_int_equal(reserve("ann", LINES({"shirt", 4})), RESULT_OK); /* the shortfall shrinks, and can't grow again by sales */
    assert_found("UPDATE stock SET reserved = 5, available = -3; UPDATE reservation_line SET quantity = 5",
                 "beyond what was sellable");
}

/* A decision that forgot to look would write such an event. */
static void an_oversold_event_is_found(void **state)
{
    (void)state;
    product("shirt", 1);
    Inventory__Level level = INVENTORY__LEVEL__INIT;
    level.on_hand = 1;
    level.reserved = 2;
    level.available = -1;
    Google__Protobuf__Timestamp end = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    Inventory__StockReserved reserved = INVENTORY__STOCK_RESERVED__INIT;
    reserved.reservation_id = "ann";
    reserved.delta = reserved.held = 2;
    reserved.expires_at = &end;
    reserved.level = &level;

    char error[512] = "";
    struct tx *tx = tx_begin(world->host.connection);
    tx->arena = world->arena;
    tx->may_write = true;
    inventory_apply_stock_reserved(tx, &(struct event){.stream = "stock/shirt", .key = "shirt", .stream_version = 3}, &reserved);
    tx->may_write = false;
    assert_false(inventory_check(tx, error));
    assert_non_null(strstr(error, "beyond what was sellable"));
    tx_rollback(tx);
}

/* --- random operations ------------------------------------------------------------------------------------------------ */

static uint64_t seed;

static int64_t below(int64_t end)
{
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return (int64_t)((seed * UINT64_C(2685821657736338717)) >> 33) % end;
}

static const char *const skus[] = {"shirt", "cap", "summer", "gift"};
static const char *const buyers[] = {"ann", "bob", "cleo", "dora"};

static struct lines *some_lines(void)
{
    return LINES({skus[below(4)], below(4)}, {skus[below(4)], below(3)});
}

static void random_rule(const char *sku)
{
    switch (below(4)) {
    case 0:
        SET_RULE(sku, safety_stock, below(3));
        break;
    case 1:
        SET_RULE(sku, oversell_limit, below(3));
        break;
    case 2:
        SET_RULE(sku, strategy, 1 + (Inventory__StockStrategy)below(3));
        break;
    case 3:
        SET_RULE(sku, reorder_point, below(4));
        break;
    }
}

static void random_step(const char *place)
{
    const char *buyer = buyers[below(4)], *sku = skus[below(2)];
    const char *order = arena_printf(world->arena, "order-%d", (int)below(12));
    Inventory__ReserveRequest request = INVENTORY__RESERVE_REQUEST__INIT;
    switch (below(12)) {
    case 0:
    case 1:
        reserve(buyer, some_lines());
        break;
    case 2:
        put_into_cart(buyer, some_lines());
        break;
    case 3:
        request.takes_over = buyers[below(4)];
        reserve_as(&request, buyer, some_lines(), NULL);
        break;
    case 4:
        release(buyer);
        break;
    case 5:
    case 6:
        allocate(order, buyer, some_lines());
        break;
    case 7:
        deallocate(order, below(2) ? NO_LINES : some_lines());
        break;
    case 8:
        ship(order, below(2) ? NO_LINES : some_lines());
        break;
    case 9:
        adjust_at(sku, below(2) ? place : "", below(9) - 3);
        break;
    case 10:
        random_rule(sku);
        break;
    case 11:
        handler_world_advance(world, SECONDS(below(400)));
        break;
    }
}

static void random_operations_keep_everything_in_order(void **state)
{
    (void)state;
    const char *place = location_created("Berlin", 1);
    product("shirt", 5);
    product("cap", 5);
    product_created("summer", (struct part[]){{"shirt", 1}, {"cap", 2}, {0}});
    product_created("gift", (struct part[]){{"shirt", 1}, {"cap", 1}, {0}});
    for (int i = 0; i < 1500; i++) {
        random_step(place);
        handler_world_check(world);
    }
    assert_true(events_named("souk.inventory.v1.StockShipped") > 20); /* it went somewhere */
    assert_true(events_named("souk.inventory.v1.StockReserved") > 100);
    for (size_t i = 0; i < 4; i++)
        assert_non_null(stock_of(skus[i]));
}

static int seed_1(void **state)
{
    seed = 1;
    return shop_open(state);
}
static int seed_2(void **state)
{
    seed = 20261122;
    return shop_open(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        shop_test(damage_is_found),
        shop_test(the_merchants_own_doing_is_no_damage),
        shop_test(an_oversold_event_is_found),
        cmocka_unit_test_setup_teardown(random_operations_keep_everything_in_order, seed_1, shop_close),
        cmocka_unit_test_setup_teardown(random_operations_keep_everything_in_order, seed_2, shop_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
