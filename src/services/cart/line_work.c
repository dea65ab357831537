/*
 * What the sagas that change a line have in common.
 *
 *     decide   is there enough of it? what will the cart cost?
 *     hold     reserve, under the cart's id, the units of all lines as they will be          (undo: of the lines as they are)
 *     put      the line, with what is held
 *
 * Only pessimistic SKUs (and scarce adaptive ones) are held in a cart. Most carts hold nothing, and then inventory is asked, not told: one
 * commit in all. Reserving replaces what was held, so a second tab that puts something in between can have its units let go by us; then
 * we look again afterwards, and make the reservation fit what the cart says.
 *
 * While inventory is away, a SKU that it has lately said to need no holding is taken without asking: the checkout will see whether there is
 * enough. Anything else has to wait for it.
 */
#include "services/cart/cart_internal.h"

#include "base/limits.h"
#include "souk/cart/v1/cart.client.h"
#include "souk/inventory/v1/inventory.client.h"

#include <string.h>

/* --- the line ---------------------------------------------------------------------------------------------------------- */

static void refuse_field(struct saga_run *run, const char *pointer, const char *code, const char *detail)
{
    struct violation violation = {.pointer = pointer, .code = code, .detail = detail};
    struct problem problem = {.result = RESULT_VALIDATION_FAILED, .violations = &violation};

    saga_refuse_as(run, &problem);
}

bool line_work_add(struct saga_run *run, const Cart__StoredLine *there, int64_t quantity, int64_t *sum)
{
    *sum = quantity + (there ? there->quantity : 0);
    if (!there && work_of(run)->before->n_lines >= LIMIT_CART_LINES) {
        refuse_field(run, "/sku", "too_many", arena_printf(run->arena, "A cart takes at most %d lines.", LIMIT_CART_LINES));
        return false;
    }
    if (*sum > LIMIT_LINE_QUANTITY) {
        refuse_field(run, "/quantity", "too_large", arena_printf(run->arena, "A line takes at most %d.", LIMIT_LINE_QUANTITY));
        return false;
    }
    return true;
}

/* The lines with `line` among them: in the place of the one with its SKU, or last; none when its quantity is 0. */
static void put_among(struct arena *arena, Cart__StoredCart *cart, Cart__StoredLine *line)
{
    Cart__StoredLine **lines = ARENA_ARRAY(arena, Cart__StoredLine *, cart->n_lines + 1);
    bool is_there = false;
    size_t count = 0;

    for (size_t i = 0; i < cart->n_lines; i++) {
        bool is_it = strcmp(cart->lines[i]->sku, line->sku) == 0;

        is_there = is_there || is_it;
        if (!is_it)
            lines[count++] = cart->lines[i];
        else if (line->quantity > 0)
            lines[count++] = line;
    }
    if (!is_there && line->quantity > 0)
        lines[count++] = line;
    cart->lines = lines;
    cart->n_lines = count;
}

void line_work_begin(struct saga_run *run, const Cart__StoredLine *line)
{
    Cart__CartWork *work = work_of(run);
    Cart__StoredLine *copy = ARENA_NEW(run->arena, Cart__StoredLine);

    *copy = *line;
    work->put = ARENA_NEW(run->arena, Cart__PutLineRequest);
    cart__put_line_request__init(work->put);
    work->put->cart = work->before->id;
    work->put->line = copy;
    work->put->if_version = work_if_version(run);
    put_among(run->arena, work->after, copy);
}

/* --- is there enough? what will it cost? ------------------------------------------------------------------------------- */

static void on_quoted(struct saga_run *run, const Pricing__Quote *quote)
{
    const Cart__CartWork *work = work_of(run);
    bool is_new = !stored_cart_line_of_sku(work->before, work->put->line->sku);

    for (size_t i = 0; is_new && quote && i < quote->n_lines; i++)
        if (quote->lines[i]->not_priced && strcmp(quote->lines[i]->id, work->put->line->id) == 0) {
            saga_refuse(run, RESULT_NOT_PRICED, "`%s` has no price in %s.", work->put->line->sku, work->before->currency);
            return;
        }
    work_quoted(run, quote);
}

static void refuse_out_of_stock(struct saga_run *run, const char *sku, int64_t available)
{
    struct problem_number number = {.name = "available", .value = available};
    struct problem problem = {.result = RESULT_OUT_OF_STOCK, .numbers = &number};

    problem.detail = available > 0
                         ? arena_printf(run->arena, "There are only %lld of `%s`.", (long long)available, sku)
                         : arena_printf(run->arena, "`%s` is sold out.", sku);
    saga_refuse_as(run, &problem);
}

/* Of what is held in carts, inventory says whether there is enough when it is told to hold it; of the rest this is the moment to say so. */
static void on_availability(struct saga_run *run, const Inventory__BatchGetAvailabilityResponse *answer)
{
    Cart__CartWork *work = work_of(run);
    const Cart__StoredLine *line = work->put->line;
    const Cart__StoredLine *there = stored_cart_line_of_sku(work->before, line->sku);
    const Inventory__Availability *item = answer->n_items ? answer->items[0] : NULL;
    bool is_held = (item && item->reserves_in_cart) || (there && there->reserved);

    work->holds = work->holds || is_held;
    optimistic_note(line->sku, item && !item->reserves_in_cart);
    if (!is_held && (!item || item->sellable < line->quantity))
        refuse_out_of_stock(run, line->sku, item ? item->sellable : 0);
    else
        work_quote(run, on_quoted);
}

static void on_inventory_away(struct saga_run *run)
{
    const Cart__CartWork *work = work_of(run);

    if (work->holds || !optimistic_is_known(work->put->line->sku))
        saga_refuse(run, RESULT_INVENTORY_UNAVAILABLE, "Whether there is enough of `%s` can't be said now.", work->put->line->sku);
    else
        work_quote(run, on_quoted);
}

void line_work_decide(struct saga_run *run)
{
    Cart__CartWork *work = work_of(run);
    const Cart__StoredLine *there = stored_cart_line_of_sku(work->before, work->put->line->sku);
    Inventory__BatchGetAvailabilityRequest request = INVENTORY__BATCH_GET_AVAILABILITY_REQUEST__INIT;

    work->holds = work->before->reserved_until != NULL;
    if (there && work->put->line->quantity <= there->quantity) {
        work_quote(run, on_quoted); /* less is always there */
        return;
    }
    request.n_skus = 1;
    request.skus = &work->put->line->sku;
    saga_if_away(run, on_inventory_away);
    call_inventory_batch_get_availability(run, &request, on_availability);
}

/* --- holding --------------------------------------------------------------------------------------------------------------- */

static Inventory__ReserveRequest reserve_request(struct saga_run *run, const Cart__StoredCart *cart)
{
    Inventory__ReserveRequest request = INVENTORY__RESERVE_REQUEST__INIT;

    request.reservation_id = cart->id;
    request.only_pessimistic = true;
    request.n_lines = cart->n_lines;
    request.lines = ARENA_ARRAY(run->arena, Inventory__StockLine *, cart->n_lines);
    for (size_t i = 0; i < cart->n_lines; i++) {
        request.lines[i] = ARENA_NEW(run->arena, Inventory__StockLine);
        inventory__stock_line__init(request.lines[i]);
        request.lines[i]->sku = cart->lines[i]->sku;
        request.lines[i]->quantity = cart->lines[i]->quantity;
    }
    return request;
}

/* What the cart notes of a reservation; NULL is one that holds nothing. */
static Cart__CartHold *hold_of(struct saga_run *run, const Inventory__Reservation *reservation)
{
    Cart__CartHold *hold = ARENA_NEW(run->arena, Cart__CartHold);

    cart__cart_hold__init(hold);
    if (!reservation || !reservation->expires_at)
        return hold;
    hold->until = reservation->expires_at;
    hold->skus = ARENA_ARRAY(run->arena, const char *, reservation->n_lines);
    for (size_t i = 0; i < reservation->n_lines; i++)
        hold->skus[hold->n_skus++] = reservation->lines[i]->sku;
    return hold;
}

static void on_held(struct saga_run *run, const Inventory__Reservation *reservation)
{
    work_of(run)->put->hold = hold_of(run, reservation);
    saga_next(run);
}

/* Where the line is among those that are held. */
static size_t own_index(const Cart__CartWork *work)
{
    size_t i = 0;

    while (i < work->after->n_lines && strcmp(work->after->lines[i]->sku, work->put->line->sku) != 0)
        i++;
    return i;
}

/* Inventory speaks of the lines that it was asked to hold; who asked us has said one quantity. */
static void on_not_held(struct saga_run *run, const struct problem *problem)
{
    const Cart__CartWork *work = work_of(run);
    struct problem own = *problem;
    struct violation *violation = own.violations;

    while (violation && strcmp(violation->pointer, arena_printf(run->arena, "/lines/%zu/quantity", own_index(work))) != 0)
        violation = violation->next;
    own.violations = NULL;
    if (violation) {
        own.violations = ARENA_NEW(run->arena, struct violation);
        *own.violations = (struct violation){.pointer = "/quantity", .code = violation->code, .detail = violation->detail};
    }
    saga_refuse_as(run, &own);
}

void line_work_hold(struct saga_run *run)
{
    const Cart__CartWork *work = work_of(run);
    Inventory__ReserveRequest request;

    if (!work->holds) {
        saga_next(run);
        return;
    }
    request = reserve_request(run, work->after);
    saga_otherwise(run, on_not_held);
    call_inventory_reserve(run, &request, on_held);
}

/* --- making the reservation fit what the cart says -------------------------------------------------------------------------- */

static void on_noted(struct saga_run *run, const Cart__StoredCart *cart)
{
    Cart__CartWork *work = work_of(run);

    if (work->after->version != cart->version) {
        work->after = ARENA_NEW(run->arena, Cart__StoredCart);
        *work->after = *cart;
    }
    saga_next(run);
}

static void on_nothing_to_note(struct saga_run *run, const struct problem *problem)
{
    (void)problem; /* the cart was thrown away meanwhile */
    saga_next(run);
}

static void note(struct saga_run *run, Cart__CartHold *hold)
{
    Cart__NoteReservationRequest request = CART__NOTE_RESERVATION_REQUEST__INIT;

    request.cart = work_of(run)->before->id;
    request.hold = hold;
    saga_otherwise(run, on_nothing_to_note);
    call_cart_note_reservation(run, &request, on_noted);
}

static void on_released(struct saga_run *run, const Google__Protobuf__Empty *answer)
{
    (void)answer;
    note(run, hold_of(run, NULL));
}

static void release(struct saga_run *run)
{
    Inventory__ReleaseRequest request = INVENTORY__RELEASE_REQUEST__INIT;

    request.reservation_id = work_of(run)->before->id;
    call_inventory_release(run, &request, on_released);
}

static void on_fitted(struct saga_run *run, const Inventory__Reservation *reservation)
{
    note(run, hold_of(run, reservation));
}

/* Not all of it can be had any more: then none of it is held, and the checkout will see. */
static void on_not_fitted(struct saga_run *run, const struct problem *problem)
{
    (void)problem;
    release(run);
}

/* What a checkout has taken over is not to be held twice. */
static void on_looked(struct saga_run *run, const Cart__StoredCart *cart)
{
    Inventory__ReserveRequest request;

    if (stored_cart_changeable(cart) != RESULT_OK) {
        release(run);
        return;
    }
    request = reserve_request(run, cart);
    saga_otherwise(run, on_not_fitted);
    call_inventory_reserve(run, &request, on_fitted);
}

static void on_gone(struct saga_run *run, const struct problem *problem)
{
    (void)problem;
    release(run);
}

static void fit_reservation(struct saga_run *run)
{
    saga_otherwise(run, on_gone);
    work_load(run, work_of(run)->before->id, on_looked);
}

void line_work_give_back(struct saga_run *run)
{
    if (work_of(run)->holds)
        fit_reservation(run);
    else
        saga_next(run);
}

/* --- putting --------------------------------------------------------------------------------------------------------------- */

static void on_quoted_again(struct saga_run *run, const Pricing__Quote *quote)
{
    Cart__CartWork *work = work_of(run);

    if (!work->holds) {
        work_quoted(run, quote);
        return;
    }
    work->quote = NULL;
    if (quote) {
        work->quote = ARENA_NEW(run->arena, Pricing__Quote);
        *work->quote = *quote;
    }
    fit_reservation(run);
}

static void on_put(struct saga_run *run, const Cart__StoredCart *cart)
{
    Cart__CartWork *work = work_of(run);

    work->after = ARENA_NEW(run->arena, Cart__StoredCart);
    *work->after = *cart;
    if (work_was_alone(run))
        saga_next(run);
    else
        work_quote(run, on_quoted_again);
}

/* What is added is said as a difference, so that of two tabs that add the same, both count. */
void line_work_put(struct saga_run *run)
{
    const Cart__CartWork *work = work_of(run);
    Cart__PutLineRequest request;
    Cart__StoredLine line;
    const Cart__StoredLine *there;

    if (!work->put) {
        saga_next(run);
        return;
    }
    request = *work->put;
    line = *work->put->line;
    there = stored_cart_line_of_sku(work->before, line.sku);
    if (request.add && there)
        line.quantity -= there->quantity;
    request.line = &line;
    call_cart_put_line(run, &request, on_put);
}
