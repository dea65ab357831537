/*
 * checkout.place_order: the saga from cart to order.
 *
 *     lock cart --> agree on price --> redeem coupons --> reserve stock --> authorise payment --+
 *         |                                  |                  |                  |            |
 *       unlock                            return          give back to            void          | the pivot: from here on
 *                                                         the cart                              | only forward
 *     +-----------------------------------------------------------------------------------------+
 *     |
 *     +--> place order --> allocate stock --> capture payment --> close cart --> the order
 *                               |
 *                               +--> not to be had after all: the order is cancelled, and the buyer's money let go
 *
 * Before the pivot a refusal undoes everything, last first, and the cart is the shopper's again, with what it held. After it there is an order,
 * and no refusal: stock is held longer than a checkout lasts (LIMIT_CHECKOUT_HOLD_SECONDS), the money is promised, and what goes wrong all the
 * same leaves the order in a state that it has a name for (stock.c, pay.c).
 *
 * The price is noted before anything is paid: it is what the buyer's bank is asked for, however often we begin anew.
 *
 * Everything bears an id made from the saga's (identity.c). So a step that is done again after a crash is the same call, and an undo finds what
 * is to be undone whether or not it was noted.
 */
#include "services/checkout/checkout_internal.h"

#include "base/assert.h"
#include "base/plants.h"
#include "souk/cart/v1/cart.client.h"

Checkout__CheckoutState *checkout_state(const struct saga_run *run)
{
    ASSERT(run->state->descriptor == &checkout__checkout_state__descriptor);
    return (Checkout__CheckoutState *)run->state;
}

const Checkout__PlaceOrderRequest *checkout_request(const struct saga_run *run)
{
    return (const Checkout__PlaceOrderRequest *)run->request;
}

/* --- the cart --------------------------------------------------------------------------------------------------------- */

static void on_locked(struct saga_run *run, const Cart__StoredCart *cart)
{
    Checkout__CheckoutState *state = checkout_state(run);

    state->cart = ARENA_NEW(run->arena, Cart__StoredCart);
    *state->cart = *cart;
    saga_next(run);
}

static void lock_cart(struct saga_run *run)
{
    Cart__LockCartRequest request = CART__LOCK_CART_REQUEST__INIT;

    request.cart = checkout_request(run)->cart;
    request.checkout_id = run->id;
    call_cart_lock(run, &request, on_locked);
}

static void on_cart_done(struct saga_run *run, const Google__Protobuf__Empty *answer)
{
    (void)answer;
    saga_next(run);
}

static void unlock_cart(struct saga_run *run)
{
    Cart__UnlockCartRequest request = CART__UNLOCK_CART_REQUEST__INIT;

    request.cart = checkout_request(run)->cart;
    request.checkout_id = run->id;
    request.hold = checkout_state(run)->hold;
    call_cart_unlock(run, &request, on_cart_done);
}

static void close_cart(struct saga_run *run)
{
    Cart__CloseCartRequest request = CART__CLOSE_CART_REQUEST__INIT;

    request.cart = checkout_request(run)->cart;
    request.order_id = checkout_state(run)->order->id;
    request.checkout_id = run->id;
    call_cart_close(run, &request, on_cart_done);
}

/* --- the saga ---------------------------------------------------------------------------------------------------------- */

static void answer(struct saga_run *run)
{
    Order__Order *order = (Order__Order *)run->answer;

    *order = *checkout_state(run)->order;
    order->order_token = checkout_order_token(run->arena, run->id);
}

static const char *location(struct saga_run *run)
{
    return checkout_location(run->arena, run->id);
}

enum step { LOCK, AGREE, REDEEM, RESERVE, AUTHORISE, PLACE, ALLOCATE, CAPTURE, CLOSE };
static const struct saga_step steps[] = {
    [LOCK] = {"lock the cart", lock_cart, unlock_cart},
    [AGREE] = {"agree on the price", checkout_agree_on_price, NULL},
    [REDEEM] = {"redeem the coupons", checkout_redeem_coupons, checkout_return_coupons},
    [RESERVE] = {"reserve the stock", checkout_reserve_stock, checkout_release_stock},
    [AUTHORISE] = {"authorise the payment", checkout_authorise_payment, checkout_void_payment},
    [PLACE] = {"place the order", checkout_record_order, NULL},
    [ALLOCATE] = {"allocate the stock", checkout_allocate_stock, NULL},
    [CAPTURE] = {"capture the payment", checkout_capture_payment, NULL},
    [CLOSE] = {"close the cart", close_cart, NULL},
};

const struct saga checkout_place_order = {
    SAGA_STEPS(steps),
    .state = &checkout__checkout_state__descriptor,
    .durable = true,
    .pivot = PLANTED(NO_WAY_FORWARD_ONLY) ? 0 : PLACE,
    .noted = 1 << AUTHORISE,
    .answer = answer,
    .location = location,
};
