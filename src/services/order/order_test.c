/*
 * Orders: placed, shown to who may see them, shipped, sent back, refunded, cancelled, and written about.
 */
#include "platform/service/handler_world_test.h"
#include "services/order/order.h"
#include "services/order/order_internal.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <string.h>

#define METHOD(name) (&order__order_service__##name##__method)
#define STATUS(name) ORDER__ORDER_STATUS__ORDER_STATUS_##name

#define ORDER "01jdorder00000000000000000"
#define PAYMENT_ID "01jdpayment000000000000000"
#define TOKEN "c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00"
#define TOTAL 5970
#define SHIRTS 3

static struct handler_world *world;

static const Order__Order *place(const char *id, const char *checkout_id);

static int shop_open(void **state)
{
    (void)state;
    world = handler_world_new(&order_service);
    assert_non_null(place(ORDER, "checkout-1"));
    return 0;
}
static int shop_close(void **state)
{
    (void)state;
    handler_world_verify(world);
    handler_world_free(world);
    return 0;
}
#define shop_test(function) cmocka_unit_test_setup_teardown(function, shop_open, shop_close)

/* --- operations in short --- */

/* NULL when it was refused: see world->problem. */
static const Order__Order *ask(const struct method_declaration *method, const ProtobufCMessage *request)
{
    const ProtobufCMessage *answer;

    handler_world_call(world, method, request, &answer);
    return (const Order__Order *)answer;
}

static enum result refusal(const Order__Order *order)
{
    assert_null(order);
    return world->problem.result;
}

static Common__Money *money(int64_t amount)
{
    Common__Money *money = ARENA_NEW(world->arena, Common__Money);

    common__money__init(money);
    money->amount = amount;
    money->currency = "EUR";
    return money;
}

static const Order__Order *place(const char *id, const char *checkout_id)
{
    Order__RecordOrderRequest request = ORDER__RECORD_ORDER_REQUEST__INIT;
    Order__OrderLine shirts = ORDER__ORDER_LINE__INIT, *lines[] = {&shirts};
    Order__Order order = ORDER__ORDER__INIT;

    shirts.id = "shirts";
    shirts.sku = "SHIRT-M";
    shirts.quantity = SHIRTS;
    order.id = id;
    order.order_token = TOKEN;
    order.currency = "EUR";
    order.email = "buyer@example.com";
    order.total = money(TOTAL);
    order.n_lines = 1;
    order.lines = lines;
    request.order = &order;
    request.checkout_id = checkout_id;
    return ask(METHOD(record_order), &request.base);
}

static const Order__Order *get(const char *token)
{
    Order__GetOrderRequest request = ORDER__GET_ORDER_REQUEST__INIT;

    request.id = ORDER;
    request.order_token = token;
    return ask(METHOD(get_order), &request.base);
}

static Order__OrderPayment *payment(const char *status, int64_t captured, int64_t refunded)
{
    Order__OrderPayment *payment = ARENA_NEW(world->arena, Order__OrderPayment);

    order__order_payment__init(payment);
    payment->id = PAYMENT_ID;
    payment->provider = "test";
    payment->status = status;
    payment->authorized = money(TOTAL);
    payment->captured = money(captured);
    payment->refunded = money(refunded);
    return payment;
}

static const Order__Order *pay(const char *status, int64_t captured, int64_t refunded)
{
    Order__RecordPaymentRequest request = ORDER__RECORD_PAYMENT_REQUEST__INIT;

    request.id = ORDER;
    request.payment = payment(status, captured, refunded);
    return ask(METHOD(record_payment), &request.base);
}

static const Order__Order *give_back(const char *refund_id, int64_t amount, int64_t refunded)
{
    Order__RecordRefundRequest request = ORDER__RECORD_REFUND_REQUEST__INIT;

    request.id = ORDER;
    request.refund_id = refund_id;
    request.amount = money(amount);
    request.reason = "too small";
    request.payment = payment("partially_refunded", TOTAL, refunded);
    return ask(METHOD(record_refund), &request.base);
}

static Order__FulfilledLine **line(const char *line_id, int64_t quantity)
{
    Order__FulfilledLine **lines = ARENA_NEW(world->arena, Order__FulfilledLine *);

    *lines = ARENA_NEW(world->arena, Order__FulfilledLine);
    order__fulfilled_line__init(*lines);
    (*lines)->line_id = line_id;
    (*lines)->quantity = quantity;
    return lines;
}

static const Order__Order *ship_line(const char *parcel, const char *line_id, int64_t quantity)
{
    Order__RecordFulfilmentRequest request = ORDER__RECORD_FULFILMENT_REQUEST__INIT;
    Order__OrderFulfilment fulfilment = ORDER__ORDER_FULFILMENT__INIT;

    fulfilment.id = parcel;
    fulfilment.n_lines = 1;
    fulfilment.lines = line(line_id, quantity);
    request.id = ORDER;
    request.fulfilment = &fulfilment;
    return ask(METHOD(record_fulfilment), &request.base);
}

static const Order__Order *ship(const char *parcel, int64_t quantity)
{
    return ship_line(parcel, "shirts", quantity);
}

static const Order__Order *send_back(const char *line_id, int64_t quantity, const char *token)
{
    Order__CreateReturnRequest request = ORDER__CREATE_RETURN_REQUEST__INIT;

    request.id = ORDER;
    request.n_lines = 1;
    request.lines = line(line_id, quantity);
    request.reason = "too small";
    request.order_token = token;
    return ask(METHOD(create_return), &request.base);
}

static Order__CancelOrderRequest cancellation(const char *token)
{
    Order__CancelOrderRequest request = ORDER__CANCEL_ORDER_REQUEST__INIT;

    request.id = ORDER;
    request.reason = "changed my mind";
    request.order_token = token;
    return request;
}

static const Order__Order *begin_cancel(const char *token, bool by_buyer)
{
    Order__CancelOrderRequest cancel = cancellation(token);
    Order__BeginCancelRequest request = ORDER__BEGIN_CANCEL_REQUEST__INIT;

    request.cancel = &cancel;
    request.by_buyer = by_buyer;
    return ask(METHOD(begin_cancel), &request.base);
}

static const Order__Order *end_cancel(const char *token)
{
    Order__CancelOrderRequest request = cancellation(token);

    return ask(METHOD(end_cancel), &request.base);
}

static const Order__Order *write_note(const char *id, const char *text)
{
    Order__CreateNoteRequest request = ORDER__CREATE_NOTE_REQUEST__INIT;

    request.id = id;
    request.text = text;
    return ask(METHOD(create_note), &request.base);
}

static void as_anybody(void)
{
    world->actor = (struct actor){.kind = ACTOR_ANONYMOUS, .id = ""};
}

/* --- placed --- */

static void an_order_is_placed(void **state)
{
    const Order__Order *order = get("");

    (void)state;
    assert_string_equal(order->number, "1001");
    assert_int_equal(order->status, STATUS(PLACED));
    assert_int_equal(order->version, 1);
    assert_int_equal(order->placed_at->seconds, world->now_us / 1000000);
    assert_string_equal(order->order_token, "");
}

static void one_order_for_each_checkout(void **state)
{
    const Order__Order *again;

    (void)state;
    again = place("01jdother00000000000000000", "checkout-1");
    assert_string_equal(again->id, ORDER);
    assert_string_equal(again->order_token, TOKEN);
    assert_int_equal(handler_world_events(world), 1);
    assert_string_equal(place("01jdother00000000000000000", "checkout-2")->number, "1002");
}

/* --- shown --- */

static void who_may_not_see_it_learns_nothing(void **state)
{
    (void)state;
    as_anybody();
    assert_string_equal(get(TOKEN)->id, ORDER);
    assert_int_equal(refusal(get("")), RESULT_NOT_FOUND);
    assert_int_equal(refusal(get("c0ffee")), RESULT_NOT_FOUND);
    assert_int_equal(refusal(send_back("shirts", 1, "c0ffee")), RESULT_NOT_FOUND);
    assert_int_equal(refusal(begin_cancel("c0ffee", false)), RESULT_NOT_FOUND);
    assert_int_equal(handler_world_events(world), 1);
}

static void a_token_opens_its_own_order_only(void **state)
{
    Order__GetOrderRequest request = ORDER__GET_ORDER_REQUEST__INIT;

    (void)state;
    as_anybody();
    request.id = "01jdnone000000000000000000";
    request.order_token = TOKEN;
    assert_int_equal(refusal(ask(METHOD(get_order), &request.base)), RESULT_NOT_FOUND);
}

static void lists_are_of_a_status_or_a_buyer(void **state)
{
    Order__ListOrdersRequest request = ORDER__LIST_ORDERS_REQUEST__INIT;
    const Order__ListOrdersResponse *list;

    (void)state;
    place("01jdother00000000000000000", "checkout-2");
    ship("parcel-1", SHIRTS);

    request.limit = 1;
    list = (const Order__ListOrdersResponse *)ask(METHOD(list_orders), &request.base);
    assert_int_equal(list->n_items, 1);
    assert_string_equal(list->items[0]->number, "1002");
    request.cursor = list->next_cursor;
    list = (const Order__ListOrdersResponse *)ask(METHOD(list_orders), &request.base);
    assert_string_equal(list->items[0]->number, "1001");
    assert_string_equal(list->next_cursor, "");

    request.cursor = "";
    request.status = STATUS(FULFILLED);
    list = (const Order__ListOrdersResponse *)ask(METHOD(list_orders), &request.base);
    assert_int_equal(list->n_items, 1);
    assert_string_equal(list->items[0]->id, ORDER);
    request.email = "nobody@example.com";
    assert_int_equal(((const Order__ListOrdersResponse *)ask(METHOD(list_orders), &request.base))->n_items, 0);
}

/* --- paid, and given back --- */

static void a_payment_is_noted_once(void **state)
{
    (void)state;
    assert_string_equal(pay("authorized", 0, 0)->payments[0]->status, "authorized");
    assert_string_equal(pay("captured", TOTAL, 0)->payments[0]->status, "captured");
    assert_int_equal(pay("captured", TOTAL, 0)->n_payments, 1);
    assert_int_equal(handler_world_events(world), 3);
}

/* A checkout may say that it has captured after the order was refunded already. */
static void a_late_word_takes_nothing_back(void **state)
{
    (void)state;
    pay("captured", TOTAL, 0);
    give_back("refund-1", 1000, 1000);
    assert_int_equal(pay("captured", TOTAL, 0)->payments[0]->refunded->amount, 1000);
    assert_int_equal(pay("authorized", 0, 0)->payments[0]->captured->amount, TOTAL);
    give_back("refund-3", 500, 2500);
    assert_int_equal(give_back("refund-2", 1000, 2000)->payments[0]->refunded->amount, 2500);
    assert_int_equal(get("")->n_refunds, 3);
}

static void a_refund_is_noted_once(void **state)
{
    const Order__Order *order;

    (void)state;
    pay("captured", TOTAL, 0);
    give_back("refund-1", 1000, 1000);
    give_back("refund-2", 500, 1500);
    order = give_back("refund-1", 1000, 1000);
    assert_int_equal(order->n_refunds, 2);
    assert_string_equal(order->refunds[0]->reason, "too small");
    assert_int_equal(order->payments[0]->refunded->amount, 1500);
}

/* --- shipped --- */

static void parcels_add_up(void **state)
{
    const Order__Order *order;

    (void)state;
    order = ship("parcel-1", 1);
    assert_int_equal(order->status, STATUS(PARTIALLY_FULFILLED));
    assert_int_equal(order->lines[0]->fulfilled, 1);
    order = ship("parcel-2", SHIRTS - 1);
    assert_int_equal(order->status, STATUS(FULFILLED));
    assert_int_equal(order->n_fulfilments, 2);
}

static void a_parcel_leaves_once(void **state)
{
    (void)state;
    ship("parcel-1", 1);
    assert_int_equal(ship("parcel-1", 1)->lines[0]->fulfilled, 1);
    assert_int_equal(handler_world_events(world), 2);
}

static void no_more_ships_than_was_ordered(void **state)
{
    Order__RecordFulfilmentRequest twice = ORDER__RECORD_FULFILMENT_REQUEST__INIT;
    Order__OrderFulfilment fulfilment = ORDER__ORDER_FULFILMENT__INIT;
    Order__FulfilledLine *lines[] = {*line("shirts", 2), *line("shirts", 2)};

    (void)state;
    assert_int_equal(refusal(ship("parcel-1", SHIRTS + 1)), RESULT_VALIDATION_FAILED);
    assert_string_equal(world->problem.violations->pointer, "/lines/0/quantity");
    assert_int_equal(refusal(ship_line("parcel-1", "hats", 1)), RESULT_VALIDATION_FAILED);
    assert_string_equal(world->problem.violations->code, "not_found");

    fulfilment.id = "parcel-1";
    fulfilment.n_lines = 2;
    fulfilment.lines = lines;
    twice.id = ORDER;
    twice.fulfilment = &fulfilment;
    assert_int_equal(refusal(ask(METHOD(record_fulfilment), &twice.base)), RESULT_VALIDATION_FAILED);
    assert_string_equal(world->problem.violations->pointer, "/lines/1/quantity");
    assert_int_equal(get("")->lines[0]->fulfilled, 0);
}

/* --- sent back --- */

static void what_has_shipped_may_come_back(void **state)
{
    (void)state;
    assert_int_equal(refusal(send_back("shirts", 1, "")), RESULT_VALIDATION_FAILED);
    ship("parcel-1", 2);
    as_anybody();
    assert_int_equal(send_back("shirts", 1, TOKEN)->n_returns, 1);
    assert_int_equal(refusal(send_back("shirts", 2, TOKEN)), RESULT_VALIDATION_FAILED);
    assert_string_equal(world->problem.violations->code, "too_many");
    assert_int_equal(refusal(send_back("hats", 1, TOKEN)), RESULT_VALIDATION_FAILED);
    assert_int_equal(send_back("shirts", 1, TOKEN)->n_returns, 2);
}

static void a_return_names_a_line_once(void **state)
{
    Order__CreateReturnRequest request = ORDER__CREATE_RETURN_REQUEST__INIT;
    Order__FulfilledLine *lines[] = {*line("shirts", 1), *line("shirts", 1)};

    (void)state;
    ship("parcel-1", SHIRTS);
    request.id = ORDER;
    request.n_lines = 2;
    request.lines = lines;
    assert_int_equal(refusal(ask(METHOD(create_return), &request.base)), RESULT_VALIDATION_FAILED);
    assert_string_equal(world->problem.violations->code, "duplicate");
}

/* --- cancelled --- */

static void cancelling_has_a_beginning_and_an_end(void **state)
{
    const Order__Order *order;

    (void)state;
    assert_int_equal(end_cancel("")->status, STATUS(PLACED)); /* nothing has begun */
    as_anybody();
    order = begin_cancel(TOKEN, false);
    assert_int_equal(order->status, STATUS(CANCELLING));
    assert_string_equal(order->cancel_reason, "changed my mind");
    assert_int_equal(begin_cancel(TOKEN, false)->version, order->version);
    assert_int_equal(refusal(ship("parcel-1", 1)), RESULT_STATE_FORBIDS);

    assert_int_equal(end_cancel(TOKEN)->status, STATUS(CANCELLED));
    assert_int_equal(end_cancel(TOKEN)->status, STATUS(CANCELLED));
    assert_int_equal(begin_cancel(TOKEN, false)->status, STATUS(CANCELLED));
    assert_int_equal(handler_world_events(world), 3);
}

static void what_has_shipped_is_not_cancelled(void **state)
{
    (void)state;
    ship("parcel-1", 1);
    assert_int_equal(refusal(begin_cancel("", false)), RESULT_STATE_FORBIDS);
    ship("parcel-2", SHIRTS - 1);
    assert_int_equal(refusal(begin_cancel("", false)), RESULT_STATE_FORBIDS);
}

/* --- written about --- */

static void notes_say_who_and_when(void **state)
{
    const Order__Order *order;

    (void)state;
    write_note(ORDER, "Called: wants it wrapped.");
    handler_world_advance(world, INT64_C(60) * 1000000);
    order = write_note(ORDER, "Wrapped.");
    assert_int_equal(order->n_notes, 2);
    assert_string_equal(order->notes[0]->text, "Called: wants it wrapped.");
    assert_string_equal(order->notes[1]->author, "test");
    assert_int_equal(order->notes[1]->created_at->seconds, world->now_us / 1000000);
    assert_string_not_equal(order->notes[0]->id, order->notes[1]->id);
    assert_int_equal(order->version, 3);
}

static void notes_are_about_an_order_and_have_an_end(void **state)
{
    (void)state;
    assert_int_equal(refusal(write_note("01jdnone000000000000000000", "Hello")), RESULT_NOT_FOUND);
    for (int i = 0; i < 100; i++)
        assert_non_null(write_note(ORDER, "Once more"));
    assert_int_equal(refusal(write_note(ORDER, "One too many")), RESULT_STATE_FORBIDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        shop_test(an_order_is_placed),
        shop_test(one_order_for_each_checkout),
        shop_test(who_may_not_see_it_learns_nothing),
        shop_test(a_token_opens_its_own_order_only),
        shop_test(lists_are_of_a_status_or_a_buyer),
        shop_test(a_payment_is_noted_once),
        shop_test(a_late_word_takes_nothing_back),
        shop_test(a_refund_is_noted_once),
        shop_test(parcels_add_up),
        shop_test(a_parcel_leaves_once),
        shop_test(no_more_ships_than_was_ordered),
        shop_test(what_has_shipped_may_come_back),
        shop_test(a_return_names_a_line_once),
        shop_test(cancelling_has_a_beginning_and_an_end),
        shop_test(what_has_shipped_is_not_cancelled),
        shop_test(notes_say_who_and_when),
        shop_test(notes_are_about_an_order_and_have_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
