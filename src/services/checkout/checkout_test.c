/*
 * The checkout, step by step: refused, unanswered, lost and killed at each of them. Checkout and cart are real, in a small world; the others are
 * stands with books (tests/toys/shop.h).
 */
#include "toys/shop.h"

#include "base/limits.h"
#include "services/checkout/checkout.h"
#include "souk/inventory/v1/inventory.souk.h"
#include "souk/order/v1/order.souk.h"
#include "souk/payment/v1/payment.souk.h"
#include "souk/pricing/v1/pricing.souk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#define PAID(name) PAYMENT__PAYMENT_STATUS__PAYMENT_STATUS_##name
#define CART(name) CART__CART_STATUS__CART_STATUS_##name
#define CHECKOUT(name) CHECKOUT__CHECKOUT_STATUS__CHECKOUT_STATUS_##name

#define SECOND_US INT64_C(1000000)
#define SHIRTS 2
#define WATCHES 1
#define TOTAL (SHIRTS * 2000 + WATCHES * 25000 - 1000)

/* --- a cart with all there can be in it -------------------------------------------------------------------------------- */

static const char *full_cart(struct shop *shop)
{
    const char *id = shop_cart(shop);
    assert_int_equal(shop_add(shop, id, "shirt", SHIRTS, NULL), RESULT_OK);
    assert_int_equal(shop_add(shop, id, "watch", WATCHES, NULL), RESULT_OK);
    Cart__AddCouponRequest request = CART__ADD_COUPON_REQUEST__INIT;
    request.cart = id;
    request.code = "TEN";
    assert_int_equal(shop_call(shop, &cart__cart_service__add_coupon__method, &request.base, NULL, NULL), RESULT_OK);
    return id;
}

static enum result wait_for(struct asked *asked)
{
    assert_true(world_run_until(asked->stall->world, &asked->answered, 7200 * SECOND_US));
    return asked->call->problem.result;
}

static enum result check_out(struct shop *shop, const char *cart_id, const char *key)
{
    struct asked *asked = shop_check_out(shop, cart_id, key);
    enum result result = wait_for(asked);
    asked_free(asked);
    return result;
}

static Cart__Cart cart_now(struct shop *shop, const char *cart_id)
{
    Cart__Cart cart = CART__CART__INIT;
    assert_int_equal(shop_get(shop, cart_id, &cart), RESULT_OK);
    return cart;
}

/* --- what must hold in the end ------------------------------------------------------------------------------------------ */

static void assert_sold(struct shop *shop, const char *cart_id)
{
    const struct books *books = &shop->counter->books;
    unsigned captured = 0;
    for (unsigned i = 0; i < books->payment_count; i++) {
        const struct paid *paid = &books->payments[i];
        captured += paid->captured;
        assert_int_equal(paid->authorised, paid->voided + paid->captured);
        if (paid->captured > 0)
            assert_int_equal(paid->amount, TOTAL);
    }
    assert_int_equal(captured, 1);
    assert_int_equal(books->order_count, 1);
    assert_int_equal(books->redeemed - books->returned, 1);
    assert_int_equal(shop_allocated(shop, SHIRT), SHIRTS);
    assert_int_equal(shop_allocated(shop, WATCH), WATCHES);
    assert_int_equal(shop_reserved(shop, SHIRT), 0);
    assert_int_equal(shop_reserved(shop, WATCH), 0);
    Cart__Cart cart = cart_now(shop, cart_id);
    assert_int_equal(cart.status, CART(ORDERED));
    assert_string_equal(cart.order_id, books->orders[0].id);
}

/* As before the checkout: what was held in the cart is still held there, and nowhere else. */
static void assert_undone(struct shop *shop, const char *cart_id)
{
    const struct books *books = &shop->counter->books;
    for (unsigned i = 0; i < books->payment_count; i++) {
        assert_int_equal(books->payments[i].authorised, books->payments[i].voided);
        assert_int_equal(books->payments[i].captured, 0);
    }
    assert_int_equal(books->order_count, 0);
    assert_int_equal(books->redeemed, books->returned);
    assert_int_equal(shop_allocated(shop, SHIRT), 0);
    assert_int_equal(shop_allocated(shop, WATCH), 0);
    assert_int_equal(shop_reserved(shop, SHIRT), 0);
    assert_int_equal(shop_reserved(shop, WATCH), WATCHES);
    assert_int_equal(shop_held_by(shop, cart_id, WATCH), WATCHES);
    Cart__Cart cart = cart_now(shop, cart_id);
    assert_int_equal(cart.status, CART(OPEN));
    assert_int_equal(cart.n_lines, 2);
    assert_non_null(cart.lines[1]->reservation);
}

/* The hash chain holds, and the record of the sagas is what the events say. */
static void end(struct shop *shop)
{
    static const struct service *const services[] = {&checkout_service};
    char error[512] = "";
    shop_reopen(shop);
    if (!service_verify(&checkout_service, shop->stall.env, shop->stall.url, error) ||
        !service_rebuild(services, 1, &checkout_service, shop->stall.env, shop->stall.url, false, error))
        fail_msg("%s", error);
    shop_close(shop);
}

/* --- selling ------------------------------------------------------------------------------------------------------------- */

static void a_sale(void **state)
{
    (void)state;
    struct shop *shop = shop_open(1);
    const char *id = full_cart(shop);
    struct asked *asked = shop_check_out(shop, id, "k");
    assert_int_equal(wait_for(asked), RESULT_OK);
    const Order__Order *order = (const Order__Order *)asked->answer;
    assert_string_equal(order->id, shop->counter->books.orders[0].id);
    assert_int_equal(strlen(order->order_token), 64);
    assert_string_equal(order->cart_id, id);
    assert_int_equal(order->total->amount, TOTAL);
    assert_int_equal(order->discount->amount, 1000);
    assert_int_equal(order->n_lines, 2);
    assert_string_equal(order->lines[0]->title, "Shirt");
    assert_int_equal(order->lines[0]->unit_price->amount, 2000);
    assert_int_equal(order->n_coupons, 1);
    assert_int_equal(order->n_payments, 1);
    assert_string_equal(order->payments[0]->status, "captured");
    assert_int_equal(order->payments[0]->captured->amount, TOTAL);
    asked_free(asked);
    assert_sold(shop, id);
    end(shop);
}

static void nothing_to_pay(void **state)
{
    (void)state;
    struct shop *shop = shop_open(2);
    const char *id = full_cart(shop);
    shop->counter->books.prices[SHIRT] = 500;
    shop->counter->books.prices[WATCH] = 0;
    assert_int_equal(check_out(shop, id, "k1"), RESULT_NOT_PRICED);
    Cart__Cart cart = cart_now(shop, id);
    Cart__DeleteLineRequest request = CART__DELETE_LINE_REQUEST__INIT;
    request.cart = id;
    request.line = cart.lines[1]->id;
    assert_int_equal(shop_call(shop, &cart__cart_service__delete_line__method, &request.base, NULL, NULL), RESULT_OK);
    assert_int_equal(check_out(shop, id, "k2"), RESULT_OK);
    assert_int_equal(shop->counter->books.order_count, 1);
    assert_int_equal(shop->counter->books.payment_count, 0);
    end(shop);
}

/* With nothing to pay no payment says that the order was cancelled between our placing it and our promising stock to it. */
static void an_order_for_nothing_is_cancelled_meanwhile(void **state)
{
    (void)state;
    struct shop *shop = shop_open(10);
    const char *id = shop_cart(shop);
    assert_int_equal(shop_add(shop, id, "shirt", SHIRTS, NULL), RESULT_OK);
    shop->counter->books.prices[SHIRT] = 500;
    Cart__AddCouponRequest coupon = CART__ADD_COUPON_REQUEST__INIT;
    coupon.cart = id;
    coupon.code = "TEN";
    assert_int_equal(shop_call(shop, &cart__cart_service__add_coupon__method, &coupon.base, NULL, NULL), RESULT_OK);
    stand_is(&shop->counter->inventory, inventory__inventory_service__allocate__method.index, STAND_IS_AWAY, 0);
    struct asked *asked = shop_check_out(shop, id, "k");
    world_run_for(shop->stall.world, SECOND_US);
    Order__CancelOrderRequest cancel = ORDER__CANCEL_ORDER_REQUEST__INIT;
    cancel.id = shop->counter->books.orders[0].id;
    assert_int_equal(shop_call(shop, &order__order_service__cancel_order__method, &cancel.base, NULL, NULL), RESULT_OK);
    stand_is(&shop->counter->inventory, inventory__inventory_service__allocate__method.index, STAND_OPEN, 0);
    assert_int_equal(wait_for(asked), RESULT_OK);
    asked_free(asked);
    assert_int_equal(shop_allocated(shop, SHIRT), 0);
    assert_int_equal(shop_reserved(shop, SHIRT), 0);
    end(shop);
}

/* --- what is in the way ---------------------------------------------------------------------------------------------------- */

static enum result check_out_expecting(struct shop *shop, const char *cart_id, int64_t total, const char *currency,
                                       int64_t *told)
{
    Checkout__PlaceOrderRequest request = CHECKOUT__PLACE_ORDER_REQUEST__INIT;
    Common__Money accepted = COMMON__MONEY__INIT;
    accepted.amount = total;
    accepted.currency = currency;
    request.cart = cart_id;
    request.payment_token = "pm_card_visa";
    request.accepted_total = &accepted;
    struct asked *asked = ask(&shop->stall);
    asked->call->idempotency_key = arena_printf(shop->arena, "%lld %s", (long long)total, currency);
    enum result result = asked_wait(asked, &checkout__checkout_service__place_order__method, &request.base);
    if (told != NULL)
        *told = asked->call->problem.numbers != NULL ? asked->call->problem.numbers->value : -1;
    asked_free(asked);
    return result;
}

static void the_price_must_be_the_one_shown(void **state)
{
    (void)state;
    struct shop *shop = shop_open(3);
    const char *id = full_cart(shop);
    int64_t told = 0;
    assert_int_equal(check_out_expecting(shop, id, TOTAL - 1, "EUR", &told), RESULT_PRICE_CHANGED);
    assert_int_equal(told, TOTAL);
    assert_int_equal(check_out_expecting(shop, id, TOTAL, "USD", NULL), RESULT_CURRENCY_MISMATCH);
    assert_undone(shop, id);
    assert_int_equal(check_out_expecting(shop, id, TOTAL, "EUR", NULL), RESULT_OK);
    assert_sold(shop, id);
    end(shop);
}

/* The buyer saw a total with the coupon: they are asked before they pay one without it. */
static void a_coupon_that_takes_nothing_off_any_more(void **state)
{
    (void)state;
    struct shop *shop = shop_open(9);
    const char *id = full_cart(shop);
    int64_t told = 0;
    shop->counter->books.coupons_used_up = true;
    assert_int_equal(check_out(shop, id, "k1"), RESULT_COUPON_NOT_APPLICABLE);
    assert_undone(shop, id);
    assert_int_equal(check_out_expecting(shop, id, TOTAL, "EUR", &told), RESULT_PRICE_CHANGED);
    assert_int_equal(told, TOTAL + 1000);
    assert_int_equal(check_out_expecting(shop, id, told, "EUR", NULL), RESULT_OK); /* they know */
    assert_int_equal(shop->counter->books.redeemed, 0);
    assert_int_equal(shop->counter->books.payments[0].amount, told);
    end(shop);
}

static void what_is_in_the_way_is_said(void **state)
{
    (void)state;
    struct shop *shop = shop_open(4);
    const char *empty = shop_cart(shop), *id = full_cart(shop);
    assert_int_equal(check_out(shop, empty, "k0"), RESULT_CART_EMPTY);
    assert_int_equal(check_out(shop, "01jdxxxxxxxxxxxxxxxxxxxxxx", "k1"), RESULT_NOT_FOUND);
    shop->counter->books.ships = true;
    assert_int_equal(check_out(shop, id, "k2"), RESULT_ADDRESS_REQUIRED);

    Cart__ChangeCartRequest request = CART__CHANGE_CART_REQUEST__INIT;
    Cart__CartChange change = CART__CART_CHANGE__INIT;
    Common__Address address = COMMON__ADDRESS__INIT;
    const char *fields[] = {"shipping_address", "shipping_method"};
    address.country = "DE";
    change.fields = fields;
    change.n_fields = 2;
    change.shipping_address = &address;
    request.cart = id;
    request.change = &change;
    assert_int_equal(shop_call(shop, &cart__cart_service__change_cart__method, &request.base, NULL, NULL), RESULT_OK);
    assert_int_equal(check_out(shop, id, "k3"), RESULT_SHIPPING_METHOD_REQUIRED);
    change.shipping_method = "balloon";
    assert_int_equal(shop_call(shop, &cart__cart_service__change_cart__method, &request.base, NULL, NULL), RESULT_OK);
    assert_int_equal(check_out(shop, id, "k4"), RESULT_SHIPPING_METHOD_UNAVAILABLE);
    assert_undone(shop, id);
    end(shop);
}

static void what_is_withdrawn_is_not_sold(void **state)
{
    (void)state;
    struct shop *shop = shop_open(11);
    const char *id = full_cart(shop);
    shop->counter->books.withdrawn[SHIRT] = true;
    assert_int_equal(check_out(shop, id, "k1"), RESULT_NOT_FOR_SALE);
    assert_undone(shop, id);
    assert_int_equal(shop->counter->books.payment_count, 0);
    shop->counter->books.withdrawn[SHIRT] = false;
    assert_int_equal(check_out(shop, id, "k2"), RESULT_OK);
    assert_sold(shop, id);
    end(shop);
}

static void somebody_was_faster(void **state)
{
    (void)state;
    struct shop *shop = shop_open(5);
    const char *id = full_cart(shop);
    shop->counter->books.stock[SHIRT] = 1;
    struct asked *asked = shop_check_out(shop, id, "k");
    assert_int_equal(wait_for(asked), RESULT_OUT_OF_STOCK);
    assert_int_equal(asked->call->problem.numbers->value, 1);
    asked_free(asked);
    assert_undone(shop, id);
    end(shop);
}

/* --- each call going wrong ------------------------------------------------------------------------------------------------- */

/* Everything that a checkout calls and that is not the cart's, in its order. */
static const struct called {
    const struct method_declaration *method;
    bool before_the_pivot;
} calls[] = {
    {&pricing__pricing_service__quote_cart__method, true},
    {&pricing__pricing_service__redeem_coupons__method, true},
    {&inventory__inventory_service__reserve__method, true},
    {&payment__payment_service__authorize__method, true},
    {&order__order_service__record_order__method, false},
    {&inventory__inventory_service__allocate__method, false},
    {&payment__payment_service__capture__method, false},
    {&order__order_service__record_payment__method, false},
};
#define CALL_COUNT (sizeof calls / sizeof *calls)

static struct stand *stand_of(struct shop *shop, const struct method_declaration *method)
{
    struct counter *counter = shop->counter;
    if (strcmp(method->service, "pricing") == 0)
        return &counter->pricing;
    if (strcmp(method->service, "inventory") == 0)
        return &counter->inventory;
    if (strcmp(method->service, "payment") == 0)
        return &counter->payment;
    return &counter->order;
}

static void find(struct shop *shop, const struct called *called, enum stand_mood mood, unsigned times)
{
    stand_is(stand_of(shop, called->method), called->method->index, mood, times);
}

static void each_call_refused_undoes_what_was_done(void **state)
{
    (void)state;
    for (size_t i = 0; i < CALL_COUNT && calls[i].before_the_pivot; i++) {
        struct shop *shop = shop_open(100 + i);
        const char *id = full_cart(shop);
        find(shop, &calls[i], STAND_REFUSES, 1);
        assert_int_equal(check_out(shop, id, "k1"), RESULT_STATE_FORBIDS);
        assert_undone(shop, id);
        assert_int_equal(check_out(shop, id, "k2"), RESULT_OK);
        assert_sold(shop, id);
        end(shop);
    }
}

static void each_answer_lost_is_asked_for_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < CALL_COUNT; i++) {
        struct shop *shop = shop_open(200 + i);
        const char *id = full_cart(shop);
        find(shop, &calls[i], STAND_LOSES_ANSWERS, 3);
        assert_int_equal(check_out(shop, id, "k"), RESULT_OK);
        assert_sold(shop, id);
        end(shop);
    }
}

/* Before the pivot a service that stays away for longer than the caller's time fails the checkout; what may have been done is undone when it is
 * back. After it, it is waited for. */
static void each_service_away_for_a_while(void **state)
{
    (void)state;
    for (size_t i = 0; i < CALL_COUNT; i++) {
        for (int loses = 0; loses < 2; loses++) {
            struct shop *shop = shop_open(300 + 2 * i + loses);
            const char *id = full_cart(shop);
            find(shop, &calls[i], loses ? STAND_LOSES_ANSWERS : STAND_IS_AWAY, 0);
            struct asked *asked = shop_check_out(shop, id, "k1");
            world_run_for(shop->stall.world, 60 * SECOND_US);
            find(shop, &calls[i], STAND_OPEN, 0);
            world_run_for(shop->stall.world, 60 * SECOND_US);
            assert_true(asked->answered);
            assert_non_null(asked->call->accepted_location); /* it took over 5 s */
            asked_free(asked);
            if (calls[i].before_the_pivot)
                assert_undone(shop, id);
            else
                assert_sold(shop, id);
            end(shop);
        }
    }
}

static void after_the_pivot_a_refusal_is_waited_out(void **state)
{
    (void)state;
    struct shop *shop = shop_open(6);
    const char *id = full_cart(shop);
    stand_is(&shop->counter->order, order__order_service__record_order__method.index, STAND_REFUSES, 4);
    assert_int_equal(check_out(shop, id, "k"), RESULT_OK);
    assert_sold(shop, id);
    end(shop);
}

/* --- crashes ----------------------------------------------------------------------------------------------------------------- */

/* Turns that a whole checkout takes, with room. */
#define TURNS_MAX 400

static enum result check_out_again(struct shop *shop, const char *cart_id)
{
    enum result result;
    do {
        result = check_out(shop, cart_id, "k");
        world_run_for(shop->stall.world, SECOND_US);
    } while (result == RESULT_REQUEST_IN_PROGRESS);
    return result;
}

static void killed_at_any_moment_it_goes_on(void **state)
{
    (void)state;
    bool was_answered = false;
    for (unsigned turns = 0; !was_answered; turns += 3) {
        assert_true(turns < TURNS_MAX);
        struct shop *shop = shop_open(1000 + turns);
        const char *id = full_cart(shop);
        struct asked *asked = shop_check_out(shop, id, "k");
        for (unsigned turn = 0; turn < turns; turn++)
            world_turn(shop->stall.world);
        was_answered = asked->answered;
        struct shop *next = shop_crash(shop, 2000 + turns);
        asked_free(asked);
        assert_int_equal(check_out_again(next, id), RESULT_OK);
        assert_sold(next, id);
        end(next);
    }
}

static void killed_while_it_undoes_it_goes_on(void **state)
{
    (void)state;
    bool was_answered = false;
    for (unsigned turns = 0; !was_answered; turns += 5) {
        assert_true(turns < TURNS_MAX);
        struct shop *shop = shop_open(3000 + turns);
        const char *id = full_cart(shop);
        shop->counter->books.next_status = PAID(DECLINED);
        struct asked *asked = shop_check_out(shop, id, "k");
        for (unsigned turn = 0; turn < turns; turn++)
            world_turn(shop->stall.world);
        was_answered = asked->answered;
        struct shop *next = shop_crash(shop, 4000 + turns);
        asked_free(asked);
        assert_int_equal(check_out_again(next, id), RESULT_PAYMENT_DECLINED);
        assert_undone(next, id);
        end(next);
    }
}

static void a_stop_in_the_middle_goes_on_at_the_next_start(void **state)
{
    (void)state;
    for (unsigned turns = 5; turns < 150; turns += 12) {
        struct shop *shop = shop_open(5000 + turns);
        const char *id = full_cart(shop);
        struct asked *asked = shop_check_out(shop, id, "k");
        for (unsigned turn = 0; turn < turns; turn++)
            world_turn(shop->stall.world);
        shop_reopen(shop);
        assert_true(asked->answered);
        asked_free(asked);
        world_run_for(shop->stall.world, 60 * SECOND_US);
        assert_int_equal(check_out_again(shop, id), RESULT_OK);
        assert_sold(shop, id);
        end(shop);
    }
}

/* --- paying -------------------------------------------------------------------------------------------------------------------- */

static void a_declined_card_and_another_one(void **state)
{
    (void)state;
    struct shop *shop = shop_open(7);
    const char *id = full_cart(shop);
    shop->counter->books.next_status = PAID(DECLINED);
    assert_int_equal(check_out(shop, id, "k1"), RESULT_PAYMENT_DECLINED);
    assert_undone(shop, id);
    shop->counter->books.next_status = PAID(AUTHORIZED);
    assert_int_equal(check_out(shop, id, "k1"), RESULT_PAYMENT_DECLINED); /* the same click again */
    assert_undone(shop, id);
    assert_int_equal(check_out(shop, id, "k2"), RESULT_OK);
    assert_sold(shop, id);
    end(shop);
}

static Checkout__CheckoutProgress progress(struct shop *shop, const char *location)
{
    Checkout__GetCheckoutRequest request = CHECKOUT__GET_CHECKOUT_REQUEST__INIT;
    Checkout__CheckoutProgress answer = CHECKOUT__CHECKOUT_PROGRESS__INIT;
    request.id = strrchr(location, '/') + 1;
    assert_int_equal(shop_call(shop, &checkout__checkout_service__get_checkout__method, &request.base, NULL, &answer.base),
                     RESULT_OK);
    return answer;
}

/* Begin a checkout that the caller need not wait for: where to look. */
static const char *begin(struct shop *shop, const char *cart_id)
{
    struct asked *asked = shop_check_out(shop, cart_id, "k");
    assert_int_equal(wait_for(asked), RESULT_OK);
    assert_non_null(asked->call->accepted_location);
    const char *location = arena_strdup(shop->arena, asked->call->accepted_location);
    if (shop->counter->books.next_status == PAID(REQUIRES_ACTION)) { /* that, and how it goes, say so from the first moment */
        assert_string_equal(asked->call->accepted_action, "https://bank.example/");
        assert_int_equal(progress(shop, location).status, CHECKOUT(REQUIRES_ACTION));
    }
    asked_free(asked);
    world_run_for(shop->stall.world, SECOND_US);
    return location;
}

/* Longer than a call may take, and then the buyer is back. */
static void the_bank_is_silent_while_the_buyer_is_at_its_page(void **state)
{
    (void)state;
    struct shop *shop = shop_open(11);
    const char *id = full_cart(shop);
    shop->counter->books.next_status = PAID(REQUIRES_ACTION);
    begin(shop, id);
    world_run_for(shop->stall.world, 120 * SECOND_US);
    stand_is(&shop->counter->payment, payment__payment_service__authorize__method.index, STAND_IS_AWAY, 0);
    world_run_for(shop->stall.world, 120 * SECOND_US);
    assert_int_equal(shop->counter->books.payments[0].voided, 0);
    shop->counter->books.next_status = PAID(AUTHORIZED);
    stand_is(&shop->counter->payment, payment__payment_service__authorize__method.index, STAND_OPEN, 0);
    world_run_for(shop->stall.world, 120 * SECOND_US);
    assert_sold(shop, id);
    end(shop);
}

static void the_bank_wants_to_see_the_buyer(void **state)
{
    (void)state;
    struct shop *shop = shop_open(8);
    const char *id = full_cart(shop);
    shop->counter->books.next_status = PAID(REQUIRES_ACTION);
    const char *location = begin(shop, id);
    Checkout__CheckoutProgress now = progress(shop, location);
    assert_int_equal(now.status, CHECKOUT(REQUIRES_ACTION));
    assert_string_equal(now.next_action_url, "https://bank.example/");
    assert_string_equal(now.order_id, "");
    assert_int_equal(check_out(shop, id, "another"), RESULT_CART_LOCKED);

    int64_t events = host_last_event(shop->checkout);
    world_run_for(shop->stall.world, 600 * SECOND_US);
    assert_int_equal(host_last_event(shop->checkout), events); /* waiting is no news */
    shop = shop_crash(shop, 9); /* a restart meanwhile changes nothing */
    world_run_for(shop->stall.world, 60 * SECOND_US);
    assert_int_equal(host_last_event(shop->checkout), events);
    assert_int_equal(progress(shop, location).status, CHECKOUT(REQUIRES_ACTION));

    shop->counter->books.next_status = PAID(AUTHORIZED);
    world_run_for(shop->stall.world, 10 * SECOND_US);
    now = progress(shop, location);
    assert_int_equal(now.status, CHECKOUT(DONE));
    assert_string_equal(now.order_id, shop->counter->books.orders[0].id);
    assert_int_equal(strlen(now.order_token), 64);
    assert_string_equal(now.next_action_url, "");
    assert_sold(shop, id);

    /* Who asks again with the key gets the order, with the same token. */
    struct asked *asked = shop_check_out(shop, id, "k");
    assert_int_equal(wait_for(asked), RESULT_OK);
    assert_true(asked->call->replayed);
    assert_string_equal(((const Order__Order *)asked->answer)->order_token, now.order_token);
    asked_free(asked);
    end(shop);
}

static void the_buyer_turns_it_down(void **state)
{
    (void)state;
    struct shop *shop = shop_open(10);
    const char *id = full_cart(shop);
    shop->counter->books.next_status = PAID(REQUIRES_ACTION);
    const char *location = begin(shop, id);
    shop->counter->books.next_status = PAID(DECLINED);
    world_run_for(shop->stall.world, 10 * SECOND_US);
    Checkout__CheckoutProgress now = progress(shop, location);
    assert_int_equal(now.status, CHECKOUT(FAILED));
    assert_string_equal(now.problem->code, "payment_declined");
    assert_undone(shop, id);
    end(shop);
}

static void the_buyer_never_comes_back(void **state)
{
    (void)state;
    struct shop *shop = shop_open(11);
    const char *id = full_cart(shop);
    shop->counter->books.next_status = PAID(REQUIRES_ACTION);
    const char *location = begin(shop, id);
    world_run_for(shop->stall.world, LIMIT_CHECKOUT_PAYMENT_MS * INT64_C(1000) - 60 * SECOND_US);
    assert_int_equal(progress(shop, location).status, CHECKOUT(REQUIRES_ACTION));
    world_run_for(shop->stall.world, 120 * SECOND_US);
    assert_int_equal(progress(shop, location).status, CHECKOUT(FAILED));
    assert_int_equal(shop->counter->books.payments[0].status, PAID(VOIDED));
    assert_int_equal(cart_now(shop, id).status, CART(OPEN));
    assert_int_equal(shop_reserved(shop, SHIRT), 0);
    end(shop);
}

static void an_outcome_that_nobody_knows_is_asked_for(void **state)
{
    (void)state;
    struct shop *shop = shop_open(12);
    const char *id = full_cart(shop);
    shop->counter->books.next_status = PAID(AUTHORIZING);
    const char *location = begin(shop, id);
    assert_int_equal(progress(shop, location).status, CHECKOUT(RUNNING));
    struct paid *paid = &shop->counter->books.payments[0];
    paid->status = PAID(AUTHORIZED);
    paid->authorised = 1;
    world_run_for(shop->stall.world, 10 * SECOND_US);
    assert_int_equal(progress(shop, location).status, CHECKOUT(DONE));
    assert_sold(shop, id);
    end(shop);
}

/* --- after the pivot ------------------------------------------------------------------------------------------------------------ */

static void the_stock_is_gone_after_all(void **state)
{
    (void)state;
    struct shop *shop = shop_open(13);
    const char *id = full_cart(shop);
    stand_is(&shop->counter->inventory, inventory__inventory_service__allocate__method.index, STAND_REFUSES, 0);
    struct asked *asked = shop_check_out(shop, id, "k");
    assert_int_equal(wait_for(asked), RESULT_OK);
    assert_int_equal(((const Order__Order *)asked->answer)->status, ORDER__ORDER_STATUS__ORDER_STATUS_CANCELLED);
    asked_free(asked);
    assert_int_equal(shop->counter->books.payments[0].status, PAID(VOIDED));
    assert_int_equal(shop->counter->books.payments[0].captured, 0);
    assert_int_equal(shop_allocated(shop, SHIRT), 0);
    assert_int_equal(cart_now(shop, id).status, CART(ORDERED));
    end(shop);
}

static void a_capture_that_is_refused_leaves_the_promise(void **state)
{
    (void)state;
    struct shop *shop = shop_open(14);
    const char *id = full_cart(shop);
    stand_is(&shop->counter->payment, payment__payment_service__capture__method.index, STAND_REFUSES, 0);
    struct asked *asked = shop_check_out(shop, id, "k");
    assert_int_equal(wait_for(asked), RESULT_OK);
    assert_string_equal(((const Order__Order *)asked->answer)->payments[0]->status, "authorized");
    asked_free(asked);
    assert_int_equal(shop->counter->books.payments[0].status, PAID(AUTHORIZED));
    assert_int_equal(shop_allocated(shop, SHIRT), SHIRTS);
    end(shop);
}

/* Staff cancels the order as soon as it is there, before anything is allocated to it. */
static void an_order_cancelled_at_once_keeps_nothing(void **state)
{
    (void)state;
    struct shop *shop = shop_open(15);
    const char *id = full_cart(shop);
    struct asked *asked = shop_check_out(shop, id, "k");
    while (shop->counter->books.order_count == 0)
        world_turn(shop->stall.world);
    Order__CancelOrderRequest request = ORDER__CANCEL_ORDER_REQUEST__INIT;
    request.id = shop->counter->books.orders[0].id;
    struct asked *cancel = ask(&shop->stall);
    asked_send(cancel, &order__order_service__cancel_order__method, &request.base);
    assert_int_equal(wait_for(asked), RESULT_OK);
    assert_int_equal(((const Order__Order *)asked->answer)->status, ORDER__ORDER_STATUS__ORDER_STATUS_CANCELLED);
    asked_free(asked);
    asked_free(cancel);
    assert_int_equal(shop_allocated(shop, SHIRT), 0);
    assert_int_equal(shop_reserved(shop, SHIRT), 0);
    assert_int_equal(shop->counter->books.payments[0].captured, 0);
    end(shop);
}

/* --- twice ------------------------------------------------------------------------------------------------------------------------ */

static void the_same_click_at_once(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct shop *shop = shop_open(seed);
        const char *id = full_cart(shop);
        struct asked *one = shop_check_out(shop, id, "k"), *other = shop_check_out(shop, id, "k");
        enum result first = wait_for(one), second = wait_for(other);
        assert_true(first == RESULT_OK || second == RESULT_OK);
        assert_true(first == RESULT_OK || first == RESULT_REQUEST_IN_PROGRESS);
        assert_true(second == RESULT_OK || second == RESULT_REQUEST_IN_PROGRESS);
        asked_free(one);
        asked_free(other);
        assert_sold(shop, id);
        end(shop);
    }
}

static void two_tabs_at_once(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct shop *shop = shop_open(seed);
        const char *id = full_cart(shop);
        struct asked *one = shop_check_out(shop, id, "k1"), *other = shop_check_out(shop, id, "k2");
        enum result first = wait_for(one), second = wait_for(other);
        enum result loser = first == RESULT_OK ? second : first;
        assert_true(first == RESULT_OK || second == RESULT_OK);
        assert_true(loser == RESULT_CART_LOCKED || loser == RESULT_CART_CLOSED);
        asked_free(one);
        asked_free(other);
        assert_sold(shop, id);
        assert_int_equal(check_out(shop, id, "k3"), RESULT_CART_CLOSED);
        end(shop);
    }
}

static void a_checkout_that_there_never_was(void **state)
{
    (void)state;
    struct shop *shop = shop_open(16);
    Checkout__GetCheckoutRequest request = CHECKOUT__GET_CHECKOUT_REQUEST__INIT;
    request.id = "01jdxxxxxxxxxxxxxxxxxxxxxx";
    assert_int_equal(shop_call(shop, &checkout__checkout_service__get_checkout__method, &request.base, NULL, NULL),
                     RESULT_NOT_FOUND);
    end(shop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sale),
        cmocka_unit_test(nothing_to_pay),
        cmocka_unit_test(an_order_for_nothing_is_cancelled_meanwhile),
        cmocka_unit_test(the_price_must_be_the_one_shown),
        cmocka_unit_test(a_coupon_that_takes_nothing_off_any_more),
        cmocka_unit_test(what_is_in_the_way_is_said),
        cmocka_unit_test(what_is_withdrawn_is_not_sold),
        cmocka_unit_test(somebody_was_faster),
        cmocka_unit_test(each_call_refused_undoes_what_was_done),
        cmocka_unit_test(each_answer_lost_is_asked_for_again),
        cmocka_unit_test(each_service_away_for_a_while),
        cmocka_unit_test(after_the_pivot_a_refusal_is_waited_out),
        cmocka_unit_test(killed_at_any_moment_it_goes_on),
        cmocka_unit_test(killed_while_it_undoes_it_goes_on),
        cmocka_unit_test(a_stop_in_the_middle_goes_on_at_the_next_start),
        cmocka_unit_test(a_declined_card_and_another_one),
        cmocka_unit_test(the_bank_is_silent_while_the_buyer_is_at_its_page),
        cmocka_unit_test(the_bank_wants_to_see_the_buyer),
        cmocka_unit_test(the_buyer_turns_it_down),
        cmocka_unit_test(the_buyer_never_comes_back),
        cmocka_unit_test(an_outcome_that_nobody_knows_is_asked_for),
        cmocka_unit_test(the_stock_is_gone_after_all),
        cmocka_unit_test(a_capture_that_is_refused_leaves_the_promise),
        cmocka_unit_test(an_order_cancelled_at_once_keeps_nothing),
        cmocka_unit_test(the_same_click_at_once),
        cmocka_unit_test(two_tabs_at_once),
        cmocka_unit_test(a_checkout_that_there_never_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
