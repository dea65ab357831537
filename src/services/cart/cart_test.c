/*
 * Carts, through the front door: the real service in a small world, the others as stands (tests/toys/shop.h).
 */
#include "toys/shop.h"

#include "base/limits.h"
#include "services/cart/cart.h"
#include "souk/inventory/v1/inventory.souk.h"
#include "souk/pricing/v1/pricing.souk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

static Cart__Cart get(struct shop *shop, const char *cart_id)
{
    Cart__Cart cart = CART__CART__INIT;
    assert_int_equal(shop_get(shop, cart_id, &cart), RESULT_OK);
    return cart;
}

static enum result change_quantity(struct shop *shop, const Cart__Cart *cart, size_t line, int64_t quantity, Cart__Cart *answer)
{
    Cart__UpdateLineRequest request = CART__UPDATE_LINE_REQUEST__INIT;
    request.cart = cart->id;
    request.line = cart->lines[line]->id;
    request.quantity = quantity;
    return shop_call(shop, &cart__cart_service__update_line__method, &request.base, NULL, &answer->base);
}

static enum result take_out(struct shop *shop, const char *cart_id, const char *line, Cart__Cart *answer)
{
    Cart__DeleteLineRequest request = CART__DELETE_LINE_REQUEST__INIT;
    request.cart = cart_id;
    request.line = line;
    return shop_call(shop, &cart__cart_service__delete_line__method, &request.base, NULL, &answer->base);
}

static enum result throw_away(struct shop *shop, const char *cart_id)
{
    Cart__DeleteCartRequest request = CART__DELETE_CART_REQUEST__INIT;
    request.id = cart_id;
    return shop_call(shop, &cart__cart_service__delete_cart__method, &request.base, NULL, NULL);
}

static enum result use_coupon(struct shop *shop, const char *cart_id, const char *code, Cart__Cart *answer)
{
    Cart__AddCouponRequest request = CART__ADD_COUPON_REQUEST__INIT;
    request.cart = cart_id;
    request.code = code;
    return shop_call(shop, &cart__cart_service__add_coupon__method, &request.base, NULL, &answer->base);
}

static enum result lock(struct shop *shop, const char *cart_id, const char *checkout_id)
{
    Cart__LockCartRequest request = CART__LOCK_CART_REQUEST__INIT;
    request.cart = cart_id;
    request.checkout_id = checkout_id;
    return shop_call(shop, &cart__cart_service__lock_cart__method, &request.base, NULL, NULL);
}

static enum result unlock(struct shop *shop, const char *cart_id, const char *checkout_id)
{
    Cart__UnlockCartRequest request = CART__UNLOCK_CART_REQUEST__INIT;
    request.cart = cart_id;
    request.checkout_id = checkout_id;
    return shop_call(shop, &cart__cart_service__unlock_cart__method, &request.base, NULL, NULL);
}

static enum result become_order(struct shop *shop, const char *cart_id, const char *checkout_id, const char *order_id)
{
    Cart__CloseCartRequest request = CART__CLOSE_CART_REQUEST__INIT;
    request.cart = cart_id;
    request.checkout_id = checkout_id;
    request.order_id = order_id;
    return shop_call(shop, &cart__cart_service__close_cart__method, &request.base, NULL, NULL);
}

/* The service's own rules hold, the hash chain too, and its tables are what its events say. */
static void end(struct shop *shop)
{
    static const struct service *const services[] = {&cart_service};
    char error[512] = "";
    shop_reopen(shop);
    if (!service_verify(&cart_service, shop->stall.env, shop->stall.url, error) ||
        !service_rebuild(services, 1, &cart_service, shop->stall.env, shop->stall.url, false, error))
        fail_msg("%s", error);
    shop_close(shop);
}

/* --- lines ---------------------------------------------------------------------------------------------------------- */

static void a_new_cart_is_empty(void **state)
{
    (void)state;
    struct shop *shop = shop_open(1);
    Cart__Cart cart = get(shop, shop_cart(shop));
    assert_int_equal(cart.status, CART__CART_STATUS__CART_STATUS_OPEN);
    assert_int_equal(cart.version, 1);
    assert_string_equal(cart.currency, "EUR");
    assert_int_equal(cart.n_lines, 0);
    assert_int_equal(cart.total->amount, 0);
    assert_int_equal(cart.n_obstacles, 1);
    assert_string_equal(cart.obstacles[0], "cart_empty");
    end(shop);
}

static void lines_add_up(void **state)
{
    (void)state;
    struct shop *shop = shop_open(2);
    const char *id = shop_cart(shop);
    Cart__Cart cart = CART__CART__INIT;
    assert_int_equal(shop_add(shop, id, "shirt", 2, &cart), RESULT_OK);
    assert_int_equal(cart.n_lines, 1);
    assert_int_equal(cart.lines[0]->unit_price->amount, 2000);
    assert_int_equal(cart.lines[0]->total->amount, 4000);
    assert_null(cart.lines[0]->reservation);
    assert_int_equal(cart.total->amount, 4000);
    assert_int_equal(cart.n_obstacles, 0);

    assert_int_equal(shop_add(shop, id, "e-book", 1, &cart), RESULT_OK);
    assert_int_equal(shop_add(shop, id, "shirt", 3, &cart), RESULT_OK);
    assert_int_equal(cart.n_lines, 2); /* more of the same is no line of its own */
    assert_string_equal(cart.lines[0]->sku, "shirt");
    assert_int_equal(cart.lines[0]->quantity, 5);
    assert_int_equal(cart.total->amount, 10800);

    assert_int_equal(change_quantity(shop, &cart, 0, 1, &cart), RESULT_OK);
    assert_int_equal(cart.total->amount, 2800);
    const char *shirt = cart.lines[0]->id;
    assert_int_equal(change_quantity(shop, &cart, 0, 0, &cart), RESULT_OK);
    assert_int_equal(cart.n_lines, 1);
    assert_int_equal(take_out(shop, id, shirt, &cart), RESULT_OK); /* it is out already */
    assert_int_equal(cart.n_lines, 1);
    assert_int_equal(take_out(shop, id, cart.lines[0]->id, &cart), RESULT_OK);
    assert_int_equal(cart.n_lines, 0);
    end(shop);
}

static void adding_is_one_commit(void **state)
{
    (void)state;
    struct shop *shop = shop_open(3);
    const char *id = shop_cart(shop);
    uint64_t before = host_counts(shop->cart).commits;
    assert_int_equal(shop_add(shop, id, "shirt", 1, NULL), RESULT_OK);
    assert_int_equal(host_counts(shop->cart).commits - before, 1);
    assert_int_equal(shop->counter->inventory.calls[inventory__inventory_service__reserve__method.index], 0);
    assert_int_equal(shop->counter->pricing.calls[pricing__pricing_service__quote_cart__method.index], 1);
    end(shop);
}

static void what_can_not_be_had_is_refused(void **state)
{
    (void)state;
    struct shop *shop = shop_open(4);
    const char *id = shop_cart(shop);
    Cart__Cart cart = CART__CART__INIT;
    assert_int_equal(shop_add(shop, id, "sofa", 1, NULL), RESULT_NOT_FOUND);
    assert_int_equal(shop_add(shop, id, "shirt", 11, NULL), RESULT_OUT_OF_STOCK);
    assert_int_equal(shop_add(shop, id, "shirt", 10, &cart), RESULT_OK);
    assert_int_equal(shop_add(shop, id, "shirt", 1, NULL), RESULT_OUT_OF_STOCK);
    shop->counter->books.stock[SHIRT] = 3;
    assert_int_equal(change_quantity(shop, &cart, 0, 5, &cart), RESULT_OK); /* less is always fine; the checkout will see */
    shop->counter->books.prices[EBOOK] = 0;
    assert_int_equal(shop_add(shop, id, "e-book", 1, NULL), RESULT_NOT_PRICED);
    assert_int_equal(shop_add(shop, id, "e-book", LIMIT_LINE_QUANTITY + 1, NULL), RESULT_VALIDATION_FAILED);
    assert_int_equal(shop_add(shop, "01jdxxxxxxxxxxxxxxxxxxxxxx", "shirt", 1, NULL), RESULT_NOT_FOUND);
    assert_int_equal(get(shop, id).n_lines, 1);
    end(shop);
}

static void a_line_that_lost_its_price_is_in_the_way(void **state)
{
    (void)state;
    struct shop *shop = shop_open(5);
    const char *id = shop_cart(shop);
    shop_add(shop, id, "shirt", 1, NULL);
    shop->counter->books.prices[SHIRT] = 0;
    Cart__Cart cart = get(shop, id);
    assert_null(cart.lines[0]->total);
    assert_int_equal(cart.n_obstacles, 1);
    assert_string_equal(cart.obstacles[0], "not_priced");
    assert_int_equal(take_out(shop, id, cart.lines[0]->id, &cart), RESULT_OK);
    end(shop);
}

static void a_line_that_is_withdrawn_is_in_the_way(void **state)
{
    (void)state;
    struct shop *shop = shop_open(5);
    const char *id = shop_cart(shop);
    shop_add(shop, id, "shirt", 1, NULL);
    shop->counter->books.withdrawn[SHIRT] = true;
    Cart__Cart cart = get(shop, id);
    assert_int_equal(cart.n_obstacles, 1);
    assert_string_equal(cart.obstacles[0], "not_for_sale");
    assert_int_equal(shop_add(shop, id, "watch", 1, &cart), RESULT_OK);
    assert_int_equal(cart.n_obstacles, 1);
    assert_string_equal(cart.obstacles[0], "not_for_sale");
    assert_int_equal(take_out(shop, id, cart.lines[0]->id, &cart), RESULT_OK);
    assert_int_equal(cart.n_obstacles, 0);
    end(shop);
}

/* --- at once -------------------------------------------------------------------------------------------------------- */

static struct asked *begin_to_add(struct shop *shop, const char *cart_id, const char *sku, int64_t quantity)
{
    Cart__AddLineRequest *request = ARENA_NEW(shop->arena, Cart__AddLineRequest);
    cart__add_line_request__init(request);
    request->cart = cart_id;
    request->sku = sku;
    request->quantity = quantity;
    struct asked *asked = ask(&shop->stall);
    asked_send(asked, &cart__cart_service__add_line__method, &request->base);
    return asked;
}

static enum result finish(struct asked *asked)
{
    assert_true(world_run_until(asked->stall->world, &asked->answered, 60000000));
    enum result result = asked->call->problem.result;
    asked_free(asked);
    return result;
}

static struct asked *begin_to_add_under_a_key(struct shop *shop, const char *cart_id)
{
    Cart__AddLineRequest *request = ARENA_NEW(shop->arena, Cart__AddLineRequest);
    cart__add_line_request__init(request);
    request->cart = cart_id;
    request->sku = "watch";
    request->quantity = 1;
    struct asked *asked = ask(&shop->stall);
    asked->call->idempotency_key = "k";
    asked_send(asked, &cart__cart_service__add_line__method, &request->base);
    return asked;
}

/* The line is held, the cart is locked before it is put, what was held is let go, and the machine dies. Who asks again must not be given the answer
 * of a reservation that is no more. */
static void killed_while_it_undoes_it_holds_anew(void **state)
{
    (void)state;
    const unsigned reserve = inventory__inventory_service__reserve__method.index;
    const unsigned release = inventory__inventory_service__release__method.index;
    struct shop *shop = shop_open(77);
    const char *id = shop_cart(shop);
    stand_is(&shop->counter->inventory, reserve, STAND_LOSES_ANSWERS, 1);
    struct asked *asked = begin_to_add_under_a_key(shop, id);
    while (shop->counter->inventory.calls[reserve] == 0)
        world_turn(shop->stall.world);
    assert_int_equal(lock(shop, id, "another tab's"), RESULT_OK);
    while (shop->counter->inventory.calls[release] == 0)
        world_turn(shop->stall.world);
    assert_int_equal(shop_held_by(shop, id, WATCH), 0);
    struct shop *next = shop_crash(shop, 78);
    asked_free(asked);

    Cart__UnlockCartRequest unlock = CART__UNLOCK_CART_REQUEST__INIT;
    unlock.cart = id;
    unlock.checkout_id = "another tab's";
    assert_int_equal(shop_call(next, &cart__cart_service__unlock_cart__method, &unlock.base, NULL, NULL), RESULT_OK);
    assert_int_equal(finish(begin_to_add_under_a_key(next, id)), RESULT_OK);
    Cart__Cart cart = get(next, id);
    assert_int_equal(cart.n_lines, 1);
    assert_non_null(cart.lines[0]->reservation);
    assert_int_equal(shop_held_by(next, id, WATCH), 1);
    shop_close(next);
}

/* Whatever the order of turns, both count, and what the cart says is held is held. */
static void two_tabs_add_at_once(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct shop *shop = shop_open(seed);
        const char *id = shop_cart(shop);
        struct asked *a = begin_to_add(shop, id, "watch", 1), *b = begin_to_add(shop, id, "shirt", 2);
        struct asked *c = begin_to_add(shop, id, "watch", 1), *d = begin_to_add(shop, id, "shirt", 1);
        assert_int_equal(finish(a), RESULT_OK);
        assert_int_equal(finish(b), RESULT_OK);
        assert_int_equal(finish(c), RESULT_OK);
        assert_int_equal(finish(d), RESULT_OK);
        Cart__Cart cart = get(shop, id);
        assert_int_equal(cart.n_lines, 2);
        assert_int_equal(cart.total->amount, 56000);
        assert_int_equal(shop_held_by(shop, id, WATCH), 2);
        end(shop);
    }
}

/* --- reservations ---------------------------------------------------------------------------------------------------- */

static void pessimistic_units_are_held(void **state)
{
    (void)state;
    struct shop *shop = shop_open(6);
    const char *ann = shop_cart(shop), *bob = shop_cart(shop);
    Cart__Cart cart = CART__CART__INIT;
    assert_int_equal(shop_add(shop, ann, "shirt", 1, NULL), RESULT_OK);
    assert_int_equal(shop_add(shop, ann, "watch", 2, &cart), RESULT_OK);
    assert_null(cart.lines[0]->reservation);
    assert_non_null(cart.lines[1]->reservation);
    assert_int_equal(shop_held_by(shop, ann, WATCH), 2);
    assert_int_equal(shop_held_by(shop, ann, SHIRT), 0);
    assert_int_equal(shop_add(shop, bob, "watch", 1, NULL), RESULT_OUT_OF_STOCK);
    assert_int_equal(get(shop, bob).n_lines, 0);

    assert_int_equal(change_quantity(shop, &cart, 1, 1, &cart), RESULT_OK);
    assert_int_equal(shop_held_by(shop, ann, WATCH), 1);
    assert_int_equal(shop_add(shop, bob, "watch", 1, NULL), RESULT_OK);
    assert_int_equal(take_out(shop, ann, cart.lines[1]->id, &cart), RESULT_OK);
    assert_int_equal(shop_held_by(shop, ann, WATCH), 0);
    assert_int_equal(throw_away(shop, bob), RESULT_OK);
    assert_int_equal(shop_reserved(shop, WATCH), 0);
    end(shop);
}

static void a_reservation_that_ran_out_is_not_shown(void **state)
{
    (void)state;
    struct shop *shop = shop_open(7);
    const char *id = shop_cart(shop);
    shop_add(shop, id, "watch", 1, NULL);
    assert_non_null(get(shop, id).lines[0]->reservation);
    world_run_for(shop->stall.world, INT64_C(901000000));
    assert_null(get(shop, id).lines[0]->reservation);
    end(shop);
}

/* A checkout comes in between our reserving and our putting: what we had reserved is given back. */
static void what_could_not_be_put_is_not_held(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct shop *shop = shop_open(seed);
        const char *id = shop_cart(shop);
        struct asked *asked = begin_to_add(shop, id, "watch", 1);
        for (uint64_t turn = 0; turn < seed; turn++)
            world_turn(shop->stall.world);
        assert_int_equal(lock(shop, id, "a checkout"), RESULT_OK);
        enum result result = finish(asked);
        Cart__Cart cart = get(shop, id);
        if (result == RESULT_OK) {
            assert_int_equal(cart.n_lines, 1);
        } else {
            assert_int_equal(result, RESULT_CART_LOCKED);
            assert_int_equal(cart.n_lines, 0);
        }
        assert_int_equal(shop_held_by(shop, id, WATCH), cart.n_lines);
        end(shop);
    }
}

/* --- coupons, addresses ------------------------------------------------------------------------------------------------ */

static void coupons_come_and_go(void **state)
{
    (void)state;
    struct shop *shop = shop_open(8);
    const char *id = shop_cart(shop);
    Cart__Cart cart = CART__CART__INIT;
    assert_int_equal(use_coupon(shop, id, "TEN", &cart), RESULT_COUPON_NOT_APPLICABLE); /* the cart is empty */
    shop_add(shop, id, "shirt", 1, NULL);
    assert_int_equal(use_coupon(shop, id, "NOSUCH", &cart), RESULT_COUPON_NOT_APPLICABLE);
    assert_int_equal(use_coupon(shop, id, "TEN", &cart), RESULT_OK);
    assert_int_equal(cart.total->amount, 1000);
    assert_int_equal(cart.discount->amount, 1000);
    int64_t version = cart.version;
    assert_int_equal(use_coupon(shop, id, "ten", &cart), RESULT_OK); /* the same one */
    assert_int_equal(cart.n_coupons, 1);
    assert_int_equal(cart.version, version);

    Cart__DeleteCouponRequest request = CART__DELETE_COUPON_REQUEST__INIT;
    request.cart = id;
    request.code = "Ten";
    assert_int_equal(shop_call(shop, &cart__cart_service__delete_coupon__method, &request.base, NULL, &cart.base), RESULT_OK);
    assert_int_equal(cart.n_coupons, 0);
    assert_int_equal(cart.total->amount, 2000);
    end(shop);
}

static enum result update(struct shop *shop, const char *cart_id, const Cart__Cart *values, const char *field,
                          Cart__Cart *answer)
{
    Google__Protobuf__FieldMask mask = GOOGLE__PROTOBUF__FIELD_MASK__INIT;
    char *paths[] = {(char *)(uintptr_t)field};
    mask.paths = paths;
    mask.n_paths = 1;
    Cart__UpdateCartRequest request = CART__UPDATE_CART_REQUEST__INIT;
    Cart__Cart copy = *values;
    request.id = cart_id;
    request.cart = &copy;
    request.update_mask = &mask;
    return shop_call(shop, &cart__cart_service__update_cart__method, &request.base, NULL, &answer->base);
}

static void obstacles_go_one_by_one(void **state)
{
    (void)state;
    struct shop *shop = shop_open(9);
    shop->counter->books.ships = true;
    const char *id = shop_cart(shop);
    Cart__Cart cart = CART__CART__INIT, values = CART__CART__INIT;
    Common__Address address = COMMON__ADDRESS__INIT;
    address.name = "Ann";
    address.country = "DE";
    values.shipping_address = &address;
    values.email = "ann@example.org";
    values.shipping_method = "balloon";

    shop_add(shop, id, "shirt", 1, &cart);
    assert_int_equal(cart.n_obstacles, 2);
    assert_string_equal(cart.obstacles[0], "address_required");
    assert_int_equal(update(shop, id, &values, "email", &cart), RESULT_OK);
    assert_string_equal(cart.email, "ann@example.org");
    assert_int_equal(update(shop, id, &values, "shipping_address", &cart), RESULT_OK);
    assert_string_equal(cart.shipping_address->country, "DE");
    assert_int_equal(cart.n_obstacles, 1);
    assert_string_equal(cart.obstacles[0], "shipping_method_required");
    assert_int_equal(update(shop, id, &values, "shipping_method", &cart), RESULT_SHIPPING_METHOD_UNAVAILABLE);
    values.shipping_method = "catapult";
    assert_int_equal(update(shop, id, &values, "shipping_method", &cart), RESULT_VALIDATION_FAILED);
    values.shipping_method = "standard";
    assert_int_equal(update(shop, id, &values, "shipping_method", &cart), RESULT_OK);
    assert_int_equal(cart.n_obstacles, 0);
    assert_int_equal(cart.total->amount, 2500);

    address.country = "CH";
    assert_int_equal(update(shop, id, &values, "shipping_address", &cart), RESULT_OK);
    assert_int_equal(cart.n_obstacles, 1);
    assert_string_equal(cart.obstacles[0], "shipping_method_unavailable");
    values.shipping_address = NULL;
    assert_int_equal(update(shop, id, &values, "shipping_address", &cart), RESULT_OK); /* null takes it back */
    assert_null(cart.shipping_address);
    end(shop);
}

static void an_old_version_is_refused(void **state)
{
    (void)state;
    struct shop *shop = shop_open(10);
    const char *id = shop_cart(shop);
    shop_add(shop, id, "shirt", 1, NULL);
    Cart__AddLineRequest request = CART__ADD_LINE_REQUEST__INIT;
    request.cart = id;
    request.sku = "shirt";
    request.quantity = 1;
    struct asked *old = ask(&shop->stall), *young = ask(&shop->stall);
    old->call->if_version = 1;
    young->call->if_version = 2;
    assert_int_equal(asked_wait(old, &cart__cart_service__add_line__method, &request.base), RESULT_VERSION_MISMATCH);
    assert_int_equal(asked_wait(young, &cart__cart_service__add_line__method, &request.base), RESULT_OK);
    asked_free(old);
    asked_free(young);
    assert_int_equal(get(shop, id).lines[0]->quantity, 2);
    end(shop);
}

/* --- states ------------------------------------------------------------------------------------------------------------ */

static void a_locked_cart_is_its_checkouts(void **state)
{
    (void)state;
    struct shop *shop = shop_open(11);
    const char *id = shop_cart(shop);
    Cart__Cart cart = CART__CART__INIT;
    shop_add(shop, id, "shirt", 1, &cart);
    assert_int_equal(lock(shop, id, "first"), RESULT_OK);
    assert_int_equal(lock(shop, id, "first"), RESULT_OK);
    assert_int_equal(lock(shop, id, "second"), RESULT_CART_LOCKED);
    assert_int_equal(shop_add(shop, id, "shirt", 1, NULL), RESULT_CART_LOCKED);
    assert_int_equal(take_out(shop, id, cart.lines[0]->id, &cart), RESULT_CART_LOCKED);
    assert_int_equal(use_coupon(shop, id, "TEN", &cart), RESULT_CART_LOCKED);
    assert_int_equal(throw_away(shop, id), RESULT_CART_LOCKED);
    assert_int_equal(get(shop, id).status, CART__CART_STATUS__CART_STATUS_LOCKED);

    assert_int_equal(unlock(shop, id, "second"), RESULT_OK); /* not his: nothing happens */
    assert_int_equal(lock(shop, id, "second"), RESULT_CART_LOCKED);
    assert_int_equal(unlock(shop, id, "first"), RESULT_OK);
    assert_int_equal(lock(shop, id, "second"), RESULT_OK);

    assert_int_equal(become_order(shop, id, "first", "order"), RESULT_STATE_FORBIDS);
    assert_int_equal(become_order(shop, id, "second", "order"), RESULT_OK);
    assert_int_equal(become_order(shop, id, "second", "order"), RESULT_OK);
    assert_int_equal(lock(shop, id, "third"), RESULT_CART_CLOSED);
    assert_int_equal(shop_add(shop, id, "shirt", 1, NULL), RESULT_CART_CLOSED);
    assert_int_equal(unlock(shop, id, "second"), RESULT_OK);
    cart = get(shop, id);
    assert_int_equal(cart.status, CART__CART_STATUS__CART_STATUS_ORDERED);
    assert_string_equal(cart.order_id, "order");
    assert_int_equal(cart.n_lines, 1);
    end(shop);
}

static void a_cart_thrown_away_is_gone(void **state)
{
    (void)state;
    struct shop *shop = shop_open(12);
    const char *id = shop_cart(shop);
    shop_add(shop, id, "shirt", 1, NULL);
    assert_int_equal(throw_away(shop, id), RESULT_OK);
    assert_int_equal(throw_away(shop, id), RESULT_OK);
    assert_int_equal(shop_get(shop, id, NULL), RESULT_NOT_FOUND);
    assert_int_equal(shop_add(shop, id, "shirt", 1, NULL), RESULT_NOT_FOUND);
    assert_int_equal(lock(shop, id, "a checkout"), RESULT_NOT_FOUND);
    end(shop);
}

#define DAY_US INT64_C(86400000000)

static void abandoned_carts_go(void **state)
{
    (void)state;
    struct shop *shop = shop_open(13);
    const char *forgotten = shop_cart(shop), *used = shop_cart(shop), *bought = shop_cart(shop);
    lock(shop, bought, "checkout");
    become_order(shop, bought, "checkout", "order");
    world_run_for(shop->stall.world, 20 * DAY_US);
    shop_add(shop, used, "shirt", 1, NULL);
    world_run_for(shop->stall.world, (LIMIT_CART_IDLE_DAYS - 20) * DAY_US - 1000000);
    assert_int_equal(shop_get(shop, forgotten, NULL), RESULT_OK);
    world_run_for(shop->stall.world, 2 * DAY_US);
    assert_int_equal(shop_get(shop, forgotten, NULL), RESULT_NOT_FOUND);
    assert_int_equal(shop_get(shop, used, NULL), RESULT_OK);
    assert_int_equal(shop_get(shop, bought, NULL), RESULT_OK);
    world_run_for(shop->stall.world, 20 * DAY_US);
    assert_int_equal(shop_get(shop, used, NULL), RESULT_NOT_FOUND);
    assert_int_equal(shop_get(shop, bought, NULL), RESULT_OK);
    end(shop);
}

static void the_past_can_be_asked_for(void **state)
{
    (void)state;
    struct shop *shop = shop_open(14);
    const char *id = shop_cart(shop);
    shop_add(shop, id, "shirt", 1, NULL);
    world_run_for(shop->stall.world, 1000000);
    int64_t before_us = env_now_us(shop->stall.env);
    world_run_for(shop->stall.world, 1000000);
    shop_add(shop, id, "e-book", 1, NULL);

    Cart__GetCartRequest request = CART__GET_CART_REQUEST__INIT;
    request.cart = id;
    struct asked *asked = ask(&shop->stall);
    asked->call->as_of_us = before_us;
    assert_int_equal(asked_wait(asked, &cart__cart_service__get_cart__method, &request.base), RESULT_OK);
    assert_int_equal(((const Cart__Cart *)asked->answer)->n_lines, 1);
    asked_free(asked);
    assert_int_equal(get(shop, id).n_lines, 2);
    end(shop);
}

/* --- faults -------------------------------------------------------------------------------------------------------------- */

static void answers_get_lost(void **state)
{
    (void)state;
    struct shop *shop = shop_open(15);
    const char *id = shop_cart(shop);
    stand_is(&shop->counter->inventory, inventory__inventory_service__reserve__method.index, STAND_LOSES_ANSWERS, 2);
    stand_is(&shop->counter->pricing, pricing__pricing_service__quote_cart__method.index, STAND_IS_AWAY, 2);
    assert_int_equal(shop_add(shop, id, "watch", 1, NULL), RESULT_OK);
    assert_int_equal(shop_held_by(shop, id, WATCH), 1);
    assert_int_equal(get(shop, id).n_lines, 1);
    end(shop);
}

static void nobody_answers(void **state)
{
    (void)state;
    struct shop *shop = shop_open(16);
    const char *id = shop_cart(shop);
    stand_is(&shop->counter->pricing, pricing__pricing_service__quote_cart__method.index, STAND_IS_AWAY, 0);
    assert_int_equal(shop_add(shop, id, "watch", 1, NULL), RESULT_UNAVAILABLE);
    stand_is(&shop->counter->pricing, pricing__pricing_service__quote_cart__method.index, STAND_OPEN, 0);
    assert_int_equal(get(shop, id).n_lines, 0);
    assert_int_equal(shop_reserved(shop, WATCH), 0);
    end(shop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_cart_is_empty),
        cmocka_unit_test(lines_add_up),
        cmocka_unit_test(adding_is_one_commit),
        cmocka_unit_test(what_can_not_be_had_is_refused),
        cmocka_unit_test(a_line_that_lost_its_price_is_in_the_way),
        cmocka_unit_test(a_line_that_is_withdrawn_is_in_the_way),
        cmocka_unit_test(two_tabs_add_at_once),
        cmocka_unit_test(pessimistic_units_are_held),
        cmocka_unit_test(a_reservation_that_ran_out_is_not_shown),
        cmocka_unit_test(what_could_not_be_put_is_not_held),
        cmocka_unit_test(coupons_come_and_go),
        cmocka_unit_test(obstacles_go_one_by_one),
        cmocka_unit_test(an_old_version_is_refused),
        cmocka_unit_test(a_locked_cart_is_its_checkouts),
        cmocka_unit_test(a_cart_thrown_away_is_gone),
        cmocka_unit_test(killed_while_it_undoes_it_holds_anew),
        cmocka_unit_test(abandoned_carts_go),
        cmocka_unit_test(the_past_can_be_asked_for),
        cmocka_unit_test(answers_get_lost),
        cmocka_unit_test(nobody_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
