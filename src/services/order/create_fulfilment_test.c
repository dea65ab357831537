/*
 * order.create_fulfilment: in parts, while stock is missing, lost and killed.
 */
#include "services/order/desk_test.h"

static struct asked *begin(struct desk *desk, int64_t shirts)
{
    Order__CreateFulfilmentRequest request = ORDER__CREATE_FULFILMENT_REQUEST__INIT;
    Order__FulfilledLine line = ORDER__FULFILLED_LINE__INIT, *lines[] = {&line};
    line.line_id = "shirts";
    line.quantity = shirts;
    request.id = ORDER_ID;
    request.lines = lines;
    request.n_lines = shirts > 0 ? 1 : 0; /* 0: all that is left */
    return desk_ask(desk, ORDER_METHOD(create_fulfilment), &request.base);
}

static enum result ship(struct desk *desk, int64_t shirts)
{
    return desk_wait(begin(desk, shirts));
}

static void assert_shipped(struct desk *desk, int64_t shirts, Order__OrderStatus status)
{
    assert_int_equal(desk->counter->books.shipped, shirts);
    assert_int_equal(desk->counter->books.allocated, DESK_SHIRTS - shirts);
    assert_int_equal(desk_order(desk)->lines[0]->fulfilled, shirts);
    assert_int_equal(desk_order(desk)->status, status);
}

static void in_two_parcels(void **state)
{
    (void)state;
    struct desk *desk = desk_open_captured(1);
    assert_int_equal(ship(desk, 1), RESULT_OK);
    assert_shipped(desk, 1, ORDER_IS(PARTIALLY_FULFILLED));
    assert_int_equal(ship(desk, 3), RESULT_VALIDATION_FAILED); /* two are left */
    assert_int_equal(ship(desk, 0), RESULT_OK);
    assert_shipped(desk, 3, ORDER_IS(FULFILLED));
    assert_int_equal(ship(desk, 0), RESULT_STATE_FORBIDS);
    assert_int_equal(desk_cancel(desk), RESULT_STATE_FORBIDS);
    desk_close(desk);
}

static void two_parcels_at_once_are_no_more_than_was_ordered(void **state)
{
    (void)state;
    for (uint64_t seed = 10; seed < 30; seed++) {
        struct desk *desk = desk_open_captured(seed);
        struct asked *one = begin(desk, 2), *other = begin(desk, 2);
        enum result first = desk_wait(one), second = desk_wait(other);
        assert_true((first == RESULT_OK) != (second == RESULT_OK));
        assert_shipped(desk, 2, ORDER_IS(PARTIALLY_FULFILLED));
        desk_close(desk);
    }
}

static void what_is_not_there_is_refused_before_anything_is_noted(void **state)
{
    (void)state;
    struct desk *desk = desk_open_captured(2);
    desk->counter->books.on_hand = 1;
    assert_int_equal(ship(desk, 0), RESULT_OUT_OF_STOCK);
    assert_shipped(desk, 0, ORDER_IS(PLACED));
    assert_int_equal(ship(desk, 1), RESULT_OK);
    assert_shipped(desk, 1, ORDER_IS(PARTIALLY_FULFILLED));
    assert_int_equal(desk_order(desk)->n_fulfilments, 1);
    desk_close(desk);
}

/* Looked at, noted, and then the last units have left with somebody else's parcel. */
static void the_last_units_leave_in_between(void **state)
{
    (void)state;
    struct desk *desk = desk_open_captured(3);
    stand_is(&desk->counter->inventory, INVENTORY_METHOD(ship), STAND_IS_AWAY, 1);
    struct asked *asked = begin(desk, 0);
    while (desk->counter->inventory.calls[INVENTORY_METHOD(ship)] == 0)
        world_turn(desk->stall.world);
    desk->counter->books.on_hand = 0;
    world_run_for(desk->stall.world, 60 * SECOND_US);
    asked_free(asked);
    assert_int_equal(desk_order(desk)->status, ORDER_IS(FULFILLED)); /* the merchant has said so */
    assert_int_equal(desk->counter->books.shipped, 0);
    assert_int_equal(host_counts(desk->order).sagas_open, 1);

    desk->counter->books.on_hand = 5;
    world_run_for(desk->stall.world, 10 * SECOND_US);
    assert_shipped(desk, 3, ORDER_IS(FULFILLED));
    assert_int_equal(desk->counter->books.on_hand, 2);
    assert_int_equal(host_counts(desk->order).sagas_open, 0);
    desk_close(desk);
}

static void an_answer_that_is_lost_ships_once(void **state)
{
    (void)state;
    struct desk *desk = desk_open_captured(4);
    stand_is(&desk->counter->inventory, INVENTORY_METHOD(ship), STAND_LOSES_ANSWERS, 3);
    assert_int_equal(ship(desk, 2), RESULT_OK);
    assert_shipped(desk, 2, ORDER_IS(PARTIALLY_FULFILLED));
    desk_close(desk);
}

static void killed_at_any_moment_it_ships_once(void **state)
{
    (void)state;
    bool was_answered = false;
    for (unsigned turns = 0; !was_answered; turns += 2) {
        struct desk *desk = desk_open_captured(1000 + turns);
        struct asked *asked = begin(desk, 0);
        for (unsigned turn = 0; turn < turns; turn++)
            world_turn(desk->stall.world);
        was_answered = asked->answered;
        struct desk *next = desk_crash(desk, 2000 + turns);
        asked_free(asked);
        world_run_for(next->stall.world, 60 * SECOND_US);
        if (desk_order(next)->n_fulfilments == 0) /* killed before it was written down */
            assert_int_equal(ship(next, 0), RESULT_OK);
        assert_shipped(next, 3, ORDER_IS(FULFILLED));
        assert_int_equal(desk_order(next)->n_fulfilments, 1);
        desk_close(next);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_two_parcels),
        cmocka_unit_test(two_parcels_at_once_are_no_more_than_was_ordered),
        cmocka_unit_test(what_is_not_there_is_refused_before_anything_is_noted),
        cmocka_unit_test(the_last_units_leave_in_between),
        cmocka_unit_test(an_answer_that_is_lost_ships_once),
        cmocka_unit_test(killed_at_any_moment_it_ships_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
