/*
 * Stock: held while the buyer pays, then promised to the order.
 *
 * The reservation bears the checkout's id and takes over what the cart held, so that nobody comes in between. Undoing hands it back the same
 * way: after a declined card the shopper still has what was in the cart.
 *
 * Allocating can be refused only when the reservation has run out meanwhile and the units are sold: a checkout that could not go on for an
 * hour after its payment was authorised. The order exists by then. So it is cancelled, with its reason, which lets the buyer's money go; the
 * answer is the cancelled order. Nothing is sold that is not there, nobody pays for it, and nobody has to notice it first.
 */
#include "services/checkout/checkout_internal.h"

#include "base/limits.h"
#include "souk/inventory/v1/inventory.client.h"
#include "souk/order/v1/order.client.h"

/* --- reserving ------------------------------------------------------------------------------------------------------------- */

static Inventory__StockLine *stock_line(struct arena *arena, const char *sku, int64_t quantity)
{
    Inventory__StockLine *line = ARENA_NEW(arena, Inventory__StockLine);

    inventory__stock_line__init(line);
    line->sku = sku;
    line->quantity = quantity;
    return line;
}

static Inventory__StockLine **stock_lines_of_cart(struct arena *arena, const Cart__StoredCart *cart)
{
    Inventory__StockLine **lines = ARENA_ARRAY(arena, Inventory__StockLine *, cart->n_lines);

    for (size_t i = 0; i < cart->n_lines; i++)
        lines[i] = stock_line(arena, cart->lines[i]->sku, cart->lines[i]->quantity);
    return lines;
}

static void on_reserved(struct saga_run *run, const Inventory__Reservation *reservation)
{
    (void)reservation;
    saga_next(run);
}

void checkout_reserve_stock(struct saga_run *run)
{
    const Cart__StoredCart *cart = checkout_state(run)->cart;
    Inventory__ReserveRequest request = INVENTORY__RESERVE_REQUEST__INIT;

    request.reservation_id = run->id;
    request.takes_over = cart->id;
    request.n_lines = cart->n_lines;
    request.lines = stock_lines_of_cart(run->arena, cart);
    request.hold_seconds_min = LIMIT_CHECKOUT_HOLD_SECONDS;
    call_inventory_reserve(run, &request, on_reserved);
}

/* --- giving back ------------------------------------------------------------------------------------------------------------ */

static void note_hold(struct saga_run *run, const Inventory__Reservation *reservation)
{
    Checkout__CheckoutState *state = checkout_state(run);

    state->hold = ARENA_NEW(run->arena, Cart__CartHold);
    cart__cart_hold__init(state->hold);
    if (!reservation || !reservation->expires_at)
        return;
    state->hold->until = reservation->expires_at;
    state->hold->skus = ARENA_ARRAY(run->arena, const char *, reservation->n_lines);
    for (size_t i = 0; i < reservation->n_lines; i++)
        state->hold->skus[state->hold->n_skus++] = reservation->lines[i]->sku;
}

static void on_released(struct saga_run *run, const Google__Protobuf__Empty *answer)
{
    (void)answer;
    note_hold(run, NULL);
    saga_next(run);
}

static void release(struct saga_run *run)
{
    Inventory__ReleaseRequest request = INVENTORY__RELEASE_REQUEST__INIT;

    request.reservation_id = run->id;
    call_inventory_release(run, &request, on_released);
}

static void on_given_back(struct saga_run *run, const Inventory__Reservation *reservation)
{
    note_hold(run, reservation);
    saga_next(run);
}

static void on_not_given_back(struct saga_run *run, const struct problem *problem)
{
    (void)problem; /* what was held has run out, and is gone */
    release(run);
}

void checkout_release_stock(struct saga_run *run)
{
    const Cart__StoredCart *cart = checkout_state(run)->cart;
    Inventory__ReserveRequest request = INVENTORY__RESERVE_REQUEST__INIT;

    if (!cart->reserved_until) {
        release(run);
        return;
    }
    request.reservation_id = cart->id;
    request.takes_over = run->id;
    request.n_lines = cart->n_lines;
    request.lines = stock_lines_of_cart(run->arena, cart);
    request.only_pessimistic = true;
    saga_otherwise(run, on_not_given_back);
    call_inventory_reserve(run, &request, on_given_back);
}

/* --- promising ---------------------------------------------------------------------------------------------------------------- */

static void on_allocated(struct saga_run *run, const Inventory__Allocation *allocation)
{
    (void)allocation;
    saga_next(run);
}

static void on_cancelled(struct saga_run *run, const Order__Order *order)
{
    checkout_note_order(run, order);
    saga_next(run);
}

static void on_not_allocated(struct saga_run *run, const struct problem *problem)
{
    Order__CancelOrderRequest request = ORDER__CANCEL_ORDER_REQUEST__INIT;

    request.id = checkout_state(run)->order->id;
    request.reason = result_row(problem->result)->wire;
    request.order_token = checkout_order_token(run->arena, run->id);
    call_order_cancel(run, &request, on_cancelled);
}

void checkout_allocate_stock(struct saga_run *run)
{
    const Order__Order *order = checkout_state(run)->order;
    Inventory__AllocateRequest request = INVENTORY__ALLOCATE_REQUEST__INIT;

    if (order->status != ORDER__ORDER_STATUS__ORDER_STATUS_PLACED) {
        saga_next(run); /* we begin anew after a crash, and staff have cancelled it meanwhile */
        return;
    }
    request.reservation_id = run->id;
    request.order_id = order->id;
    request.n_lines = order->n_lines;
    request.lines = ARENA_ARRAY(run->arena, Inventory__StockLine *, order->n_lines);
    for (size_t i = 0; i < order->n_lines; i++)
        request.lines[i] = stock_line(run->arena, order->lines[i]->sku, order->lines[i]->quantity);
    saga_otherwise(run, on_not_allocated);
    call_inventory_allocate(run, &request, on_allocated);
}
