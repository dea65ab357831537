/*
 * For tests of the sagas about an order: the order service is real, in a small world (tests/toys); inventory, payment and pricing are stands with
 * books that a test reads and writes.
 *
 *     struct desk *desk = desk_open(1);             one order of three shirts for 59.70 EUR, authorised and allocated
 *     enum result result = desk_cancel(desk);       and wait
 *     struct asked *asked = desk_begin_cancel(desk); or not
 *     desk_close(desk);                             the chain holds, and the tables are what the events say
 */
#ifndef SOUK_ORDER_DESK_TEST_H
#define SOUK_ORDER_DESK_TEST_H

#include "toys/stall.h"
#include "toys/stand.h"

#include "base/assert.h"
#include "base/limits.h"
#include "base/log.h"
#include "platform/rpc/message.h"
#include "services/order/order.h"
#include "services/order/order_internal.h"
#include "souk/inventory/v1/inventory.souk.h"
#include "souk/payment/v1/payment.souk.h"
#include "souk/pricing/v1/pricing.souk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ORDER_ID "01jdorder00000000000000000"
#define PAYMENT_ID "01jdpayment000000000000000"
#define DESK_TOKEN "c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00"
#define DESK_TOTAL 5970
#define DESK_SHIRTS 3
#define SECOND_US INT64_C(1000000)
#define PAID(name) PAYMENT__PAYMENT_STATUS__PAYMENT_STATUS_##name
#define ORDER_IS(name) ORDER__ORDER_STATUS__ORDER_STATUS_##name
#define ORDER_METHOD(name) (&order__order_service__##name##__method)
#define PAYMENT_METHOD(name) (payment__payment_service__##name##__method.index)
#define DESK_CHECKOUT "checkout-1"
#define INVENTORY_METHOD(name) (inventory__inventory_service__##name##__method.index)

#define DESK_REFUNDS_MAX 16

/* What the stands know. */
struct desk_books {
    Payment__PaymentStatus status;
    int64_t captured, refunded;
    unsigned captures, voids;                /* that had an effect */
    Payment__PaymentStatus capture_comes_to; /* what is found out about a capture under way: CAPTURING, not yet */
    bool refunds_fail;                       /* the provider would not give it back */
    struct {
        char id[40];
        int64_t amount;
        bool failed;
    } refunds[DESK_REFUNDS_MAX];
    unsigned refund_count;
    int64_t allocated, shipped, on_hand;
    unsigned coupons; /* that the checkout uses */
};

/* What outlives crashes. */
struct desk_counter {
    struct stand inventory, payment, pricing;
    struct desk_books books;
};

struct desk {
    struct stall stall; /* its world, loop and directory, for ask() */
    struct host *order;
    struct arena *arena;
    struct desk_counter *counter;
    unsigned requests; /* each with a key of its own */
};

/* --- the stands --- */

static inline Common__Money *desk_money(struct arena *arena, int64_t amount)
{
    Common__Money *money = ARENA_NEW(arena, Common__Money);
    common__money__init(money);
    money->amount = amount;
    money->currency = "EUR";
    return money;
}

static inline void desk_show_payment(const struct desk_books *books, struct arena *arena, Payment__Payment *answer)
{
    answer->id = PAYMENT_ID;
    answer->provider = "stand";
    answer->status = books->status;
    answer->authorized = desk_money(arena, DESK_TOTAL);
    answer->captured = desk_money(arena, books->captured);
    answer->refunded = desk_money(arena, books->refunded);
    answer->refunds = ARENA_ARRAY(arena, Payment__PaymentRefund *, books->refund_count + 1);
    for (unsigned i = 0; i < books->refund_count; i++) {
        Payment__PaymentRefund *refund = ARENA_NEW(arena, Payment__PaymentRefund);
        payment__payment_refund__init(refund);
        refund->id = arena_strdup(arena, books->refunds[i].id);
        refund->amount = desk_money(arena, books->refunds[i].amount);
        refund->status = books->refunds[i].failed ? PAYMENT__PAYMENT_REFUND_STATUS__PAYMENT_REFUND_STATUS_FAILED
                                                  : PAYMENT__PAYMENT_REFUND_STATUS__PAYMENT_REFUND_STATUS_DONE;
        answer->refunds[answer->n_refunds++] = refund;
    }
}

static inline enum result desk_void(struct desk_books *books, struct call *call)
{
    if (books->status == PAID(VOIDED))
        return RESULT_OK;
    if (books->status != PAID(AUTHORIZED))
        return call_refuse(call, RESULT_STATE_FORBIDS, "The money is taken already: give it back instead.");
    books->status = PAID(VOIDED);
    books->voids++;
    return RESULT_OK;
}

static inline void desk_take(struct desk_books *books)
{
    books->status = PAID(CAPTURED);
    books->captured = DESK_TOTAL;
    books->captures++;
}

static inline enum result desk_capture(struct desk_books *books, struct call *call)
{
    if (books->status == PAID(CAPTURING) && books->capture_comes_to == PAID(CAPTURING))
        return call_refuse(call, RESULT_PAYMENT_UNAVAILABLE, "The payment provider does not answer.");
    if (books->status == PAID(CAPTURING) && books->capture_comes_to == PAID(AUTHORIZED)) {
        books->status = PAID(AUTHORIZED);
        return RESULT_OK;
    }
    if (books->status == PAID(VOIDED))
        return call_refuse(call, RESULT_STATE_FORBIDS, "Nothing is authorised that could be taken.");
    if (books->captured == 0)
        desk_take(books);
    return RESULT_OK;
}

static inline enum result desk_give_back(struct desk_books *books, struct call *call, const Payment__RefundRequest *request)
{
    int64_t left = books->captured - books->refunded;
    int64_t amount = request->amount ? request->amount->amount : left;
    for (unsigned i = 0; i < books->refund_count; i++)
        if (strcmp(books->refunds[i].id, request->refund_id) == 0)
            return RESULT_OK;
    if (amount <= 0 || amount > left)
        return call_refuse(call, RESULT_AMOUNT_TOO_LARGE, "There is not so much left to give back.");
    ASSERT(books->refund_count < DESK_REFUNDS_MAX);
    snprintf(books->refunds[books->refund_count].id, sizeof books->refunds[0].id, "%s", request->refund_id);
    books->refunds[books->refund_count].amount = amount;
    books->refunds[books->refund_count++].failed = books->refunds_fail;
    books->refunded += books->refunds_fail ? 0 : amount;
    return RESULT_OK;
}

static inline enum result desk_serve_payment(struct stand *stand, unsigned method, struct call *call,
                                             const ProtobufCMessage *request, ProtobufCMessage *answer)
{
    struct desk_books *books = &((struct desk_counter *)stand->data)->books;
    enum result result = RESULT_OK;
    if (method == PAYMENT_METHOD(capture))
        result = desk_capture(books, call);
    else if (method == PAYMENT_METHOD(void_authorization))
        result = desk_void(books, call);
    else if (method == PAYMENT_METHOD(refund))
        result = desk_give_back(books, call, (const Payment__RefundRequest *)request);
    else
        ASSERT(method == PAYMENT_METHOD(get_payment));
    if (result == RESULT_OK)
        desk_show_payment(books, call->arena, (Payment__Payment *)answer);
    return result;
}

static inline enum result desk_ship(struct desk_books *books, struct call *call, const Inventory__ShipRequest *request, bool really)
{
    int64_t wanted = 0;
    for (size_t i = 0; i < request->n_lines; i++)
        wanted += request->lines[i]->quantity;
    if (wanted > books->on_hand)
        return call_refuse(call, RESULT_OUT_OF_STOCK, NULL);
    if (wanted > books->allocated)
        return call_refuse(call, RESULT_STATE_FORBIDS, "The order is not waiting for so much.");
    if (!really)
        return RESULT_OK;
    books->on_hand -= wanted;
    books->allocated -= wanted;
    books->shipped += wanted;
    return RESULT_OK;
}

static inline enum result desk_serve_inventory(struct stand *stand, unsigned method, struct call *call,
                                               const ProtobufCMessage *request, ProtobufCMessage *answer)
{
    struct desk_books *books = &((struct desk_counter *)stand->data)->books;
    (void)answer;
    if (method == INVENTORY_METHOD(check_shipment))
        return desk_ship(books, call, (const Inventory__ShipRequest *)request, false);
    if (method == INVENTORY_METHOD(ship))
        return desk_ship(books, call, (const Inventory__ShipRequest *)request, true);
    ASSERT(method == INVENTORY_METHOD(deallocate));
    books->allocated = 0;
    return RESULT_OK;
}

static inline enum result desk_serve_pricing(struct stand *stand, unsigned method, struct call *call,
                                             const ProtobufCMessage *request, ProtobufCMessage *answer)
{
    struct desk_books *books = &((struct desk_counter *)stand->data)->books;
    (void)call;
    (void)answer;
    ASSERT(method == pricing__pricing_service__return_coupons__method.index);
    if (strcmp(((const Pricing__ReturnCouponsRequest *)request)->checkout_id, DESK_CHECKOUT) == 0)
        books->coupons = 0;
    return RESULT_OK;
}

/* --- calling --- */

static inline struct asked *desk_ask(struct desk *desk, const struct method_declaration *method, const ProtobufCMessage *request)
{
    struct asked *asked = ask(&desk->stall);
    asked->call->actor = (struct actor){.kind = ACTOR_STAFF, .id = "test", .scopes = SCOPE_EVERY};
    if (method->kind != METHOD_QUERY)
        asked->call->idempotency_key = arena_printf(asked->call->arena, "request-%u", ++desk->requests);
    asked_send(asked, method, request);
    return asked;
}

static inline enum result desk_wait(struct asked *asked)
{
    assert_true(world_run_until(asked->stall->world, &asked->answered, 7200 * SECOND_US));
    enum result result = asked->call->problem.result;
    asked_free(asked);
    return result;
}

static inline enum result desk_call(struct desk *desk, const struct method_declaration *method, const ProtobufCMessage *request)
{
    return desk_wait(desk_ask(desk, method, request));
}

/* The order as it stands. Lives as long as the desk. */
static inline const Order__Order *desk_order(struct desk *desk)
{
    Order__GetOrderRequest request = ORDER__GET_ORDER_REQUEST__INIT;
    request.id = ORDER_ID;
    struct asked *asked = desk_ask(desk, ORDER_METHOD(get_order), &request.base);
    assert_true(world_run_until(desk->stall.world, &asked->answered, 60 * SECOND_US));
    assert_non_null(asked->answer);
    const Order__Order *order = (const Order__Order *)message_unpack(
        desk->arena, asked->answer->descriptor, message_pack(desk->arena, asked->answer));
    asked_free(asked);
    return order;
}

static inline struct asked *desk_begin_cancel(struct desk *desk)
{
    Order__CancelOrderRequest request = ORDER__CANCEL_ORDER_REQUEST__INIT;
    request.id = ORDER_ID;
    request.reason = "changed their mind";
    return desk_ask(desk, ORDER_METHOD(cancel_order), &request.base);
}

static inline enum result desk_cancel(struct desk *desk)
{
    return desk_wait(desk_begin_cancel(desk));
}

/* --- opening and closing --- */

static inline void desk_put_up(struct desk *desk)
{
    struct stall *stall = &desk->stall;
    char error[512];
    log_setup(LOG_LEVEL_ERROR + 1, 1); /* the stuck sagas of these tests are on purpose */
    snprintf(stall->url, sizeof stall->url, "sqlite:%s", stall->folder);
    stall->bus = bus_embedded_new(stall->env);
    stall->directory = directory_new();
    stall->readers = readers_start(stall->env, 2);
    directory_add(stall->directory, "inventory", &desk->counter->inventory.base);
    directory_add(stall->directory, "payment", &desk->counter->payment.base);
    directory_add(stall->directory, "pricing", &desk->counter->pricing.base);
    const struct host_options options = {
        .env = stall->env,
        .store_url = stall->url,
        .directory = stall->directory,
        .bus = stall->bus,
        .loop = stall->loop,
        .readers = stall->readers,
    };
    desk->order = host_start(&order_service, &options, error);
    ASSERT(desk->order != NULL);
}

static inline struct desk *desk_new(uint64_t seed, struct desk_counter *counter)
{
    struct desk *desk = calloc(1, sizeof *desk);
    ASSERT(desk != NULL);
    desk->counter = counter;
    desk->arena = arena_new(LIMIT_CALL_ARENA);
    desk->stall.world = world_new(seed);
    desk->stall.env = world_env(desk->stall.world);
    desk->stall.loop = world_loop_new(desk->stall.world);
    return desk;
}

static inline void desk_place(struct desk *desk)
{
    Order__RecordOrderRequest request = ORDER__RECORD_ORDER_REQUEST__INIT;
    Order__Order order = ORDER__ORDER__INIT;
    Order__OrderLine shirts = ORDER__ORDER_LINE__INIT, *lines[] = {&shirts};
    Order__OrderPayment payment = ORDER__ORDER_PAYMENT__INIT, *payments[] = {&payment};
    const char *coupons[] = {"TENTH"};
    shirts.id = "shirts";
    shirts.sku = "SHIRT-M";
    shirts.quantity = DESK_SHIRTS;
    payment.id = PAYMENT_ID;
    payment.provider = "stand";
    payment.status = "authorized";
    payment.authorized = desk_money(desk->arena, DESK_TOTAL);
    payment.captured = payment.refunded = desk_money(desk->arena, 0);
    order.id = ORDER_ID;
    order.currency = "EUR";
    order.total = desk_money(desk->arena, DESK_TOTAL);
    order.n_lines = 1;
    order.lines = lines;
    order.n_payments = 1;
    order.payments = payments;
    order.n_coupons = 1;
    order.coupons = coupons;
    order.order_token = DESK_TOKEN;
    request.order = &order;
    request.checkout_id = DESK_CHECKOUT;
    assert_int_equal(desk_call(desk, ORDER_METHOD(record_order), &request.base), RESULT_OK);
}

static inline struct desk *desk_open(uint64_t seed)
{
    struct desk_counter *counter = calloc(1, sizeof *counter);
    ASSERT(counter != NULL);
    stand_init(&counter->inventory, &inventory__inventory_service__descriptor, desk_serve_inventory, counter);
    stand_init(&counter->payment, &payment__payment_service__descriptor, desk_serve_payment, counter);
    stand_init(&counter->pricing, &pricing__pricing_service__descriptor, desk_serve_pricing, counter);
    counter->books = (struct desk_books){
        .status = PAID(AUTHORIZED),
        .capture_comes_to = PAID(CAPTURED),
        .allocated = DESK_SHIRTS,
        .on_hand = 10,
        .coupons = 1,
    };
    struct desk *desk = desk_new(seed, counter);
    folder_new(desk->stall.folder, NULL);
    desk_put_up(desk);
    desk_place(desk);
    return desk;
}

/* As the checkout leaves it: the money is taken, and the order knows. */
static inline struct desk *desk_open_captured(uint64_t seed)
{
    struct desk *desk = desk_open(seed);
    Order__CaptureOrderRequest request = ORDER__CAPTURE_ORDER_REQUEST__INIT;
    request.id = ORDER_ID;
    assert_int_equal(desk_call(desk, ORDER_METHOD(capture_order), &request.base), RESULT_OK);
    return desk;
}

struct desk_drained {
    struct task task;
    bool done;
};

static inline void desk_on_drained(struct task *task)
{
    ((struct desk_drained *)task)->done = true;
}

static inline void desk_take_down(struct desk *desk)
{
    struct desk_drained drained = {.task = {.run = desk_on_drained}};
    host_drain(desk->order, desk->stall.loop, &drained.task);
    ASSERT(world_run_until(desk->stall.world, &drained.done, 3600 * SECOND_US));
    readers_stop(desk->stall.readers);
    host_stop(desk->order);
    readers_free(desk->stall.readers);
    directory_free(desk->stall.directory);
    bus_free(desk->stall.bus);
}

static inline void desk_close(struct desk *desk)
{
    static const struct service *const services[] = {&order_service};
    char error[512] = "";
    desk_take_down(desk);
    desk_put_up(desk);
    if (!service_verify(&order_service, desk->stall.env, desk->stall.url, error) ||
        !service_rebuild(services, 1, &order_service, desk->stall.env, desk->stall.url, false, error))
        fail_msg("%s", error);
    desk_take_down(desk);
    folder_remove(desk->stall.folder);
    world_free(desk->stall.world);
    stand_release(&desk->counter->inventory);
    stand_release(&desk->counter->payment);
    stand_release(&desk->counter->pricing);
    free(desk->counter);
    arena_free(desk->arena);
    free(desk);
}

/* Die now, and open again on the files as they are. */
static inline struct desk *desk_crash(struct desk *desk, uint64_t seed)
{
    static struct desk *crashed[4096]; /* reachable, so no leak */
    static size_t crashed_count;
    ASSERT(crashed_count < sizeof crashed / sizeof *crashed);
    crashed[crashed_count++] = desk;

    struct desk *next = desk_new(seed, desk->counter);
    next->requests = desk->requests;
    folder_new(next->stall.folder, desk->stall.folder);
    folder_remove(desk->stall.folder);
    world_forget(desk->stall.world);
    /* The clock goes on from where it was. */
    world_run_for(next->stall.world, env_now_us(desk->stall.env) - env_now_us(next->stall.env) + 1000);
    desk_put_up(next);
    return next;
}

#endif
