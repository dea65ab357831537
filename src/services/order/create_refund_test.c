/*
 * order.create_refund and order.capture: the sagas that move an order's money.
 */
#include "services/order/desk_test.h"

static struct asked *begin_refund(struct desk *desk, int64_t amount)
{
    Order__CreateRefundRequest request = ORDER__CREATE_REFUND_REQUEST__INIT;
    request.id = ORDER_ID;
    request.reason = "damaged";
    request.amount = amount > 0 ? desk_money(desk->arena, amount) : NULL; /* NULL: all that is left */
    return desk_ask(desk, ORDER_METHOD(create_refund), &request.base);
}

static enum result refund(struct desk *desk, int64_t amount)
{
    return desk_wait(begin_refund(desk, amount));
}

static struct asked *begin_capture(struct desk *desk)
{
    Order__CaptureOrderRequest request = ORDER__CAPTURE_ORDER_REQUEST__INIT;
    request.id = ORDER_ID;
    return desk_ask(desk, ORDER_METHOD(capture_order), &request.base);
}

static void assert_refunded(struct desk *desk, int64_t amount)
{
    const Order__Order *order = desk_order(desk);
    int64_t listed = 0;
    for (size_t i = 0; i < order->n_refunds; i++)
        listed += order->refunds[i]->amount->amount;
    assert_int_equal(desk->counter->books.refunded, amount);
    assert_int_equal(order->payments[0]->refunded->amount, amount);
    assert_int_equal(listed, amount);
}

static void a_part_and_then_the_rest(void **state)
{
    (void)state;
    struct desk *desk = desk_open_captured(1);
    assert_int_equal(refund(desk, 970), RESULT_OK);
    assert_refunded(desk, 970);
    assert_int_equal(refund(desk, DESK_TOTAL), RESULT_AMOUNT_TOO_LARGE);
    assert_int_equal(refund(desk, 0), RESULT_OK);
    assert_refunded(desk, DESK_TOTAL);
    assert_int_equal(refund(desk, 0), RESULT_AMOUNT_TOO_LARGE);
    desk_close(desk);
}

static void two_at_once_are_no_more_than_was_taken(void **state)
{
    (void)state;
    for (uint64_t seed = 10; seed < 20; seed++) {
        struct desk *desk = desk_open_captured(seed);
        struct asked *one = begin_refund(desk, 4000), *other = begin_refund(desk, 4000);
        enum result first = desk_wait(one), second = desk_wait(other);
        assert_true((first == RESULT_OK) != (second == RESULT_OK));
        assert_refunded(desk, 4000);
        desk_close(desk);
    }
}

/* It gives back only what the refund has left, whichever comes first. */
static void a_refund_and_a_cancellation_at_once(void **state)
{
    (void)state;
    for (uint64_t seed = 20; seed < 40; seed++) {
        struct desk *desk = desk_open_captured(seed);
        struct asked *some = begin_refund(desk, 970), *cancel = desk_begin_cancel(desk);
        enum result result = desk_wait(some);
        assert_true(result == RESULT_OK || result == RESULT_AMOUNT_TOO_LARGE);
        assert_int_equal(desk_wait(cancel), RESULT_OK);
        assert_refunded(desk, DESK_TOTAL);
        assert_int_equal(desk_order(desk)->status, ORDER_IS(CANCELLED));
        desk_close(desk);
    }
}

static void what_the_provider_would_not_give_back_is_said(void **state)
{
    (void)state;
    struct desk *desk = desk_open_captured(2);
    desk->counter->books.refunds_fail = true;
    assert_int_equal(refund(desk, 970), RESULT_STATE_FORBIDS);
    assert_refunded(desk, 0);
    desk->counter->books.refunds_fail = false;
    assert_int_equal(refund(desk, 970), RESULT_OK);
    assert_refunded(desk, 970);
    desk_close(desk);
}

static void an_answer_that_is_lost_is_one_refund(void **state)
{
    (void)state;
    struct desk *desk = desk_open_captured(3);
    stand_is(&desk->counter->payment, PAYMENT_METHOD(refund), STAND_LOSES_ANSWERS, 20);
    struct asked *asked = begin_refund(desk, 970);
    world_run_for(desk->stall.world, 120 * SECOND_US);
    asked_free(asked);
    assert_refunded(desk, 970);
    assert_int_equal(desk->counter->books.refund_count, 1);
    desk_close(desk);
}

static void killed_at_any_moment_it_is_one_refund(void **state)
{
    (void)state;
    bool was_answered = false;
    for (unsigned turns = 0; !was_answered; turns += 2) {
        struct desk *desk = desk_open_captured(1000 + turns);
        struct asked *asked = begin_refund(desk, 970);
        for (unsigned turn = 0; turn < turns; turn++)
            world_turn(desk->stall.world);
        was_answered = asked->answered;
        struct desk *next = desk_crash(desk, 2000 + turns);
        asked_free(asked);
        world_run_for(next->stall.world, 60 * SECOND_US);
        if (next->counter->books.refund_count == 0) /* killed before it was written down */
            assert_int_equal(refund(next, 970), RESULT_OK);
        assert_refunded(next, 970);
        desk_close(next);
    }
}

static void two_captures_take_the_money_once(void **state)
{
    (void)state;
    struct desk *desk = desk_open(4);
    struct asked *one = begin_capture(desk), *other = begin_capture(desk);
    assert_int_equal(desk_wait(one), RESULT_OK);
    assert_int_equal(desk_wait(other), RESULT_OK);
    assert_int_equal(desk->counter->books.captures, 1);
    assert_int_equal(desk_order(desk)->payments[0]->captured->amount, DESK_TOTAL);
    desk_close(desk);
}

/* Either it was taken and goes back, or it was let go; never taken and kept. */
static void a_capture_and_a_cancellation_at_once(void **state)
{
    (void)state;
    for (uint64_t seed = 40; seed < 80; seed++) {
        struct desk *desk = desk_open(seed);
        struct asked *capture = begin_capture(desk);
        for (uint64_t turn = seed % 16; turn > 0; turn--)
            world_turn(desk->stall.world);
        assert_int_equal(desk_cancel(desk), RESULT_OK);
        enum result captured = desk_wait(capture);
        assert_true(captured == RESULT_OK || captured == RESULT_STATE_FORBIDS);
        assert_int_equal(desk->counter->books.captured, desk->counter->books.refunded);
        assert_refunded(desk, desk->counter->books.captured);
        assert_int_equal(desk_order(desk)->status, ORDER_IS(CANCELLED));
        desk_close(desk);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_part_and_then_the_rest),
        cmocka_unit_test(two_at_once_are_no_more_than_was_taken),
        cmocka_unit_test(a_refund_and_a_cancellation_at_once),
        cmocka_unit_test(what_the_provider_would_not_give_back_is_said),
        cmocka_unit_test(an_answer_that_is_lost_is_one_refund),
        cmocka_unit_test(killed_at_any_moment_it_is_one_refund),
        cmocka_unit_test(two_captures_take_the_money_once),
        cmocka_unit_test(a_capture_and_a_cancellation_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
