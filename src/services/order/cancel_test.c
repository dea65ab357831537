/*
 * order.cancel: while the checkout captures, when the provider is silent or would not, lost, killed, and asked for twice.
 */
#include "services/order/desk_test.h"

/* --- what must hold in the end --- */

static void assert_cancelled(struct desk *desk)
{
    const struct desk_books *books = &desk->counter->books;
    assert_int_equal(desk_order(desk)->status, ORDER_IS(CANCELLED));
    assert_int_equal(books->allocated, 0);
    assert_int_equal(books->coupons, 0);
    assert_int_equal(books->captured, books->refunded);
    assert_true(books->captured > 0 || books->voids == 1);
    assert_int_equal(desk_order(desk)->payments[0]->captured->amount, books->captured);
    assert_int_equal(desk_order(desk)->payments[0]->refunded->amount, books->refunded);
}

/* --- the plain cases --- */

static void a_promise_is_let_go(void **state)
{
    (void)state;
    struct desk *desk = desk_open(1);
    assert_int_equal(desk_cancel(desk), RESULT_OK);
    assert_cancelled(desk);
    assert_string_equal(desk_order(desk)->payments[0]->status, "voided");
    assert_string_equal(desk_order(desk)->cancel_reason, "changed their mind");
    desk_close(desk);
}

static void money_that_was_taken_goes_back(void **state)
{
    (void)state;
    struct desk *desk = desk_open_captured(2);
    assert_int_equal(desk_cancel(desk), RESULT_OK);
    assert_cancelled(desk);
    assert_int_equal(desk_order(desk)->n_refunds, 1);
    assert_int_equal(desk_order(desk)->refunds[0]->amount->amount, DESK_TOTAL);
    desk_close(desk);
}

static void two_at_once_give_it_back_once(void **state)
{
    (void)state;
    struct desk *desk = desk_open_captured(3);
    struct asked *one = desk_begin_cancel(desk), *other = desk_begin_cancel(desk);
    assert_int_equal(desk_wait(one), RESULT_OK);
    assert_int_equal(desk_wait(other), RESULT_OK);
    assert_cancelled(desk);
    assert_int_equal(desk_order(desk)->n_refunds, 1);
    desk_close(desk);
}

static void what_was_given_back_before_is_not_given_back_again(void **state)
{
    (void)state;
    struct desk *desk = desk_open_captured(4);
    Order__CreateRefundRequest request = ORDER__CREATE_REFUND_REQUEST__INIT;
    request.id = ORDER_ID;
    request.amount = desk_money(desk->arena, 970);
    assert_int_equal(desk_call(desk, ORDER_METHOD(create_refund), &request.base), RESULT_OK);
    assert_int_equal(desk_cancel(desk), RESULT_OK);
    assert_cancelled(desk);
    assert_int_equal(desk_order(desk)->n_refunds, 2);
    assert_int_equal(desk_order(desk)->refunds[1]->amount->amount, DESK_TOTAL - 970);
    desk_close(desk);
}

/* --- who may --- */

/* Sagas call as the system, who may do everything: whoever began one may not. */
static enum result cancel_as_anybody(struct desk *desk, const char *token)
{
    Order__CancelOrderRequest request = ORDER__CANCEL_ORDER_REQUEST__INIT;
    request.id = ORDER_ID;
    request.order_token = token;
    struct asked *asked = ask(&desk->stall);
    asked->call->actor = (struct actor){.kind = ACTOR_ANONYMOUS, .id = ""};
    asked_send(asked, ORDER_METHOD(cancel_order), &request.base);
    return desk_wait(asked);
}

static void nobody_cancels_without_the_token(void **state)
{
    (void)state;
    struct desk *desk = desk_open_captured(5);
    assert_int_equal(cancel_as_anybody(desk, ""), RESULT_NOT_FOUND);
    assert_int_equal(cancel_as_anybody(desk, "c0ffee"), RESULT_NOT_FOUND);
    assert_int_equal(desk_order(desk)->status, ORDER_IS(PLACED));
    assert_int_equal(desk->counter->books.refunded, 0);
    assert_int_equal(cancel_as_anybody(desk, DESK_TOKEN), RESULT_OK);
    assert_cancelled(desk);
    desk_close(desk);
}

/* --- while the checkout captures --- */

/* The order knows of no capture yet; there is one under way that comes to that. */
static struct desk *capturing(uint64_t seed, Payment__PaymentStatus comes_to)
{
    struct desk *desk = desk_open(seed);
    desk->counter->books.status = PAID(CAPTURING);
    desk->counter->books.capture_comes_to = comes_to;
    return desk;
}

static void a_capture_under_way_is_found_out_and_given_back(void **state)
{
    (void)state;
    struct desk *desk = capturing(10, PAID(CAPTURED));
    assert_int_equal(desk_cancel(desk), RESULT_OK);
    assert_cancelled(desk);
    assert_int_equal(desk->counter->books.captures, 1);
    assert_int_equal(desk->counter->books.refunded, DESK_TOTAL);
    desk_close(desk);
}

static void a_capture_that_failed_leaves_a_promise_to_let_go(void **state)
{
    (void)state;
    struct desk *desk = capturing(11, PAID(AUTHORIZED));
    assert_int_equal(desk_cancel(desk), RESULT_OK);
    assert_cancelled(desk);
    assert_int_equal(desk->counter->books.captures, 0);
    assert_string_equal(desk_order(desk)->payments[0]->status, "voided");
    desk_close(desk);
}

static void a_capture_that_the_order_does_not_know_of_is_given_back(void **state)
{
    (void)state;
    struct desk *desk = desk_open(12);
    desk_take(&desk->counter->books);
    assert_int_equal(desk_cancel(desk), RESULT_OK);
    assert_cancelled(desk);
    desk_close(desk);
}

static unsigned calls_of(const struct desk *desk)
{
    unsigned calls = 0;
    for (unsigned i = 0; i < STAND_METHODS_MAX; i++)
        calls += desk->counter->payment.calls[i];
    return calls;
}

/* An order that is being cancelled, and an open saga: both can be seen. Less and less is asked. */
static void a_silent_provider_is_waited_for_ever_more_patiently(void **state)
{
    (void)state;
    struct desk *desk = capturing(13, PAID(CAPTURING));
    struct asked *asked = desk_begin_cancel(desk);
    world_run_for(desk->stall.world, 600 * SECOND_US);
    assert_true(asked->answered);
    assert_int_equal(asked->call->problem.result, RESULT_DEADLINE_EXCEEDED); /* it goes on without them */
    asked_free(asked);
    assert_int_equal(desk_order(desk)->status, ORDER_IS(CANCELLING));
    assert_int_equal(host_counts(desk->order).sagas_open, 1);
    unsigned calls = calls_of(desk);
    world_run_for(desk->stall.world, 600 * SECOND_US);
    assert_true(calls_of(desk) - calls < 300);

    desk->counter->books.capture_comes_to = PAID(CAPTURED);
    world_run_for(desk->stall.world, 120 * SECOND_US);
    assert_cancelled(desk);
    assert_int_equal(host_counts(desk->order).sagas_open, 0);
    desk_close(desk);
}

static const char *open_saga(struct desk *desk)
{
    char error[512];
    struct store *store = store_open(desk->stall.env, desk->stall.url, "order", error);
    assert_non_null(store);
    struct connection *connection = connection_open(store, CONNECTION_READER, error);
    assert_non_null(connection);
    struct tx *tx = tx_begin(connection);
    tx->arena = desk->arena;
    const char *id = SQL_STRING(tx, "SELECT id FROM souk_saga WHERE status < 2");
    tx_rollback(tx);
    connection_close(connection);
    store_close(store);
    assert_non_null(id);
    return id;
}

/* It is neither taken nor let go, for whatever reason: no state that is waited for in a hurry. */
static void what_can_neither_be_taken_nor_let_go_is_asked_for_once_a_minute(void **state)
{
    (void)state;
    struct desk *desk = desk_open(14);
    stand_is(&desk->counter->payment, PAYMENT_METHOD(void_authorization), STAND_REFUSES, 0);
    struct asked *asked = desk_begin_cancel(desk);
    world_run_for(desk->stall.world, 600 * SECOND_US);
    asked_free(asked);
    assert_int_equal(desk_order(desk)->status, ORDER_IS(CANCELLING));
    unsigned calls = calls_of(desk);
    world_run_for(desk->stall.world, 600 * SECOND_US);
    assert_in_range(calls_of(desk) - calls, 10, 30); /* look, try */

    stand_is(&desk->counter->payment, PAYMENT_METHOD(void_authorization), STAND_OPEN, 0);
    assert_true(saga_retry(desk->order, open_saga(desk))); /* staff need not wait */
    world_run_for(desk->stall.world, SECOND_US);
    assert_cancelled(desk);
    desk_close(desk);
}

static void a_refund_that_the_provider_would_not_make_can_be_made_later(void **state)
{
    (void)state;
    struct desk *desk = desk_open_captured(15);
    desk->counter->books.refunds_fail = true;
    assert_int_equal(desk_cancel(desk), RESULT_OK);
    assert_int_equal(desk_order(desk)->status, ORDER_IS(CANCELLED));
    assert_int_equal(desk_order(desk)->payments[0]->refunded->amount, 0); /* and staff see it */

    desk->counter->books.refunds_fail = false;
    Order__CreateRefundRequest request = ORDER__CREATE_REFUND_REQUEST__INIT;
    request.id = ORDER_ID;
    assert_int_equal(desk_call(desk, ORDER_METHOD(create_refund), &request.base), RESULT_OK);
    assert_cancelled(desk);
    desk_close(desk);
}

/* --- what has begun to ship --- */

static void a_parcel_and_a_cancellation_at_once(void **state)
{
    (void)state;
    bool shipped_first = false, cancelled_first = false;
    for (uint64_t seed = 100; seed < 140; seed++) {
        struct desk *desk = desk_open_captured(seed);
        Order__CreateFulfilmentRequest request = ORDER__CREATE_FULFILMENT_REQUEST__INIT;
        request.id = ORDER_ID;
        struct asked *parcel = desk_ask(desk, ORDER_METHOD(create_fulfilment), &request.base);
        for (uint64_t turn = seed % 20; turn > 0; turn--)
            world_turn(desk->stall.world);
        struct asked *cancel = desk_begin_cancel(desk);
        enum result shipped = desk_wait(parcel), cancelled = desk_wait(cancel);
        assert_true((shipped == RESULT_OK) != (cancelled == RESULT_OK));
        if (cancelled == RESULT_OK)
            assert_cancelled(desk);
        else
            assert_int_equal(desk->counter->books.shipped, DESK_SHIRTS);
        shipped_first = shipped_first || shipped == RESULT_OK;
        cancelled_first = cancelled_first || cancelled == RESULT_OK;
        desk_close(desk);
    }
    assert_true(shipped_first && cancelled_first);
}

/* --- lost and killed --- */

static void each_answer_lost_is_asked_for_again(void **state)
{
    (void)state;
    for (int of_stock = 0; of_stock < 2; of_stock++) {
        struct desk *desk = desk_open_captured(20 + (uint64_t)of_stock);
        if (of_stock)
            stand_is(&desk->counter->inventory, INVENTORY_METHOD(deallocate), STAND_LOSES_ANSWERS, 3);
        else
            stand_is(&desk->counter->payment, PAYMENT_METHOD(refund), STAND_LOSES_ANSWERS, 3);
        assert_int_equal(desk_cancel(desk), RESULT_OK);
        assert_cancelled(desk);
        assert_int_equal(desk_order(desk)->n_refunds, 1);
        desk_close(desk);
    }
}

static void killed_at_any_moment_it_goes_on(void **state)
{
    (void)state;
    bool was_answered = false;
    for (unsigned turns = 0; !was_answered; turns += 2) {
        struct desk *desk = desk_open_captured(1000 + turns);
        struct asked *asked = desk_begin_cancel(desk);
        for (unsigned turn = 0; turn < turns; turn++)
            world_turn(desk->stall.world);
        was_answered = asked->answered;
        struct desk *next = desk_crash(desk, 2000 + turns);
        asked_free(asked);
        world_run_for(next->stall.world, 60 * SECOND_US);
        assert_int_equal(desk_cancel(next), RESULT_OK);
        assert_cancelled(next);
        assert_int_equal(desk_order(next)->n_refunds, 1);
        desk_close(next);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_promise_is_let_go),
        cmocka_unit_test(money_that_was_taken_goes_back),
        cmocka_unit_test(two_at_once_give_it_back_once),
        cmocka_unit_test(what_was_given_back_before_is_not_given_back_again),
        cmocka_unit_test(nobody_cancels_without_the_token),
        cmocka_unit_test(a_capture_under_way_is_found_out_and_given_back),
        cmocka_unit_test(a_capture_that_failed_leaves_a_promise_to_let_go),
        cmocka_unit_test(a_capture_that_the_order_does_not_know_of_is_given_back),
        cmocka_unit_test(a_silent_provider_is_waited_for_ever_more_patiently),
        cmocka_unit_test(what_can_neither_be_taken_nor_let_go_is_asked_for_once_a_minute),
        cmocka_unit_test(a_refund_that_the_provider_would_not_make_can_be_made_later),
        cmocka_unit_test(a_parcel_and_a_cancellation_at_once),
        cmocka_unit_test(each_answer_lost_is_asked_for_again),
        cmocka_unit_test(killed_at_any_moment_it_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
