/*
 * What all sagas of the cart do: load it, work out how it would be, ask what that costs, have a command change it, and show what came of it.
 *
 * The quote is asked for before the change, of the cart as it will be: so a cart is never left with something that can't be shown, and most
 * sagas are one commit. Should somebody else have changed the cart in between (another tab), the command has still been right, as it
 * looks at the cart as it is; only the quote is old then, and is made again.
 *
 * None of these sagas is durable: what they may leave behind when the machine stops is a reservation, which ends by itself.
 */
#include "services/cart/cart_internal.h"

#include "base/assert.h"
#include "souk/cart/v1/cart.client.h"
#include "souk/catalog/v1/catalog.client.h"
#include "souk/pricing/v1/pricing.client.h"

#include <string.h>

Cart__CartWork *work_of(const struct saga_run *run)
{
    ASSERT(run->state->descriptor == &cart__cart_work__descriptor);
    return (Cart__CartWork *)run->state;
}

/* --- the cart --------------------------------------------------------------------------------------------------------- */

void work_load(struct saga_run *run, const char *cart_id,
               void (*then)(struct saga_run *run, const Cart__StoredCart *cart))
{
    Cart__GetCartRequest request = CART__GET_CART_REQUEST__INIT;

    request.cart = cart_id;
    call_cart_load(run, &request, then);
}

/* The message itself, so that who changes what one of them points to first changes the pointer. */
static Cart__StoredCart *copy_of(struct saga_run *run, const Cart__StoredCart *cart)
{
    Cart__StoredCart *copy = ARENA_NEW(run->arena, Cart__StoredCart);

    *copy = *cart;
    return copy;
}

void work_begin(struct saga_run *run, const Cart__StoredCart *cart)
{
    work_of(run)->before = copy_of(run, cart);
    work_of(run)->after = copy_of(run, cart);
}

int64_t work_if_version(const struct saga_run *run)
{
    return run->call->if_version > 0 ? run->call->if_version : 0;
}

bool work_begin_change(struct saga_run *run, const Cart__StoredCart *cart)
{
    enum result result = stored_cart_changeable(cart);

    if (result) {
        saga_refuse(run, result, NULL);
        return false;
    }
    if (work_if_version(run) && work_if_version(run) != cart->version) {
        saga_refuse(run, RESULT_VERSION_MISMATCH, "The cart is at version %lld now. Read it again and decide anew.",
                    (long long)cart->version);
        return false;
    }
    work_begin(run, cart);
    return true;
}

bool work_was_alone(const struct saga_run *run)
{
    const Cart__CartWork *work = work_of(run);

    return work->after->version <= work->before->version + 1; /* a command emits one event, or none */
}

/* --- what is not sold any more ------------------------------------------------------------------------------------------- */

static bool is_sold(const Catalog__BatchGetVariantsResponse *variants, const char *sku)
{
    for (size_t i = 0; i < variants->n_items; i++)
        if (strcmp(variants->items[i]->sku, sku) == 0)
            return true;
    return false;
}

/* What is put in anew has just been found. */
static bool is_found(const Cart__CartWork *work, const char *sku)
{
    return work->put && work->put->add && strcmp(work->put->line->sku, sku) == 0;
}

static void on_variants(struct saga_run *run, const Catalog__BatchGetVariantsResponse *variants)
{
    Cart__CartWork *work = work_of(run);
    const Cart__StoredCart *cart = work->after;

    work->withdrawn_skus = ARENA_ARRAY(run->arena, const char *, cart->n_lines);
    for (size_t i = 0; i < cart->n_lines; i++)
        if (!is_found(work, cart->lines[i]->sku) && !is_sold(variants, cart->lines[i]->sku))
            work->withdrawn_skus[work->n_withdrawn_skus++] = cart->lines[i]->sku;
    saga_next(run);
}

/* A cart is shown without the catalogue, too: what was sold lately is taken to be sold still, as by the checkout. */
static void on_catalog_away(struct saga_run *run)
{
    saga_next(run);
}

/* Only of a cart that can be bought: neither one that is closed, nor one as it was at another time. */
static void look_what_is_withdrawn(struct saga_run *run)
{
    Cart__CartWork *work = work_of(run);
    const Cart__StoredCart *cart = work->after;
    Catalog__BatchGetVariantsRequest request = CATALOG__BATCH_GET_VARIANTS_REQUEST__INIT;

    work->n_withdrawn_skus = 0;
    request.skus = ARENA_ARRAY(run->arena, const char *, cart->n_lines);
    for (size_t i = 0; i < cart->n_lines; i++)
        if (!is_found(work, cart->lines[i]->sku))
            request.skus[request.n_skus++] = cart->lines[i]->sku;
    if (request.n_skus == 0 || run->call->as_of_us || stored_cart_changeable(cart) != RESULT_OK) {
        saga_next(run);
        return;
    }
    request.only_sku = true;
    saga_if_away(run, on_catalog_away);
    call_catalog_batch_get_variants(run, &request, on_variants);
}

/* --- the quote --------------------------------------------------------------------------------------------------------- */

static Pricing__QuoteLine **quote_lines(struct arena *arena, const Cart__StoredCart *cart)
{
    Pricing__QuoteLine **lines = ARENA_ARRAY(arena, Pricing__QuoteLine *, cart->n_lines);

    for (size_t i = 0; i < cart->n_lines; i++) {
        lines[i] = ARENA_NEW(arena, Pricing__QuoteLine);
        pricing__quote_line__init(lines[i]);
        lines[i]->id = cart->lines[i]->id;
        lines[i]->sku = cart->lines[i]->sku;
        lines[i]->quantity = cart->lines[i]->quantity;
        lines[i]->weight_grams = cart->lines[i]->weight_grams;
        lines[i]->digital = cart->lines[i]->digital;
        lines[i]->tax_category = cart->lines[i]->tax_category;
    }
    return lines;
}

Pricing__QuoteCartRequest work_quote_request(struct saga_run *run)
{
    const Cart__StoredCart *cart = work_of(run)->after;
    Pricing__QuoteCartRequest request = PRICING__QUOTE_CART_REQUEST__INIT;

    request.currency = cart->currency;
    request.channel = cart->channel;
    request.n_lines = cart->n_lines;
    request.lines = quote_lines(run->arena, cart);
    request.shipping_address = cart->shipping_address;
    request.shipping_method = cart->shipping_method;
    request.n_coupons = cart->n_coupons;
    request.coupons = cart->coupons;
    return request;
}

void work_quote(struct saga_run *run, void (*then)(struct saga_run *run, const Pricing__Quote *quote))
{
    Pricing__QuoteCartRequest request = work_quote_request(run);

    if (request.n_lines == 0)
        then(run, NULL);
    else
        call_pricing_quote_cart(run, &request, then);
}

Pricing__Quote *work_keep_quote(struct saga_run *run, const Pricing__Quote *quote)
{
    Pricing__Quote *kept = NULL;

    if (quote) {
        kept = ARENA_NEW(run->arena, Pricing__Quote);
        *kept = *quote;
    }
    return kept;
}

void work_quoted(struct saga_run *run, const Pricing__Quote *quote)
{
    work_of(run)->quote = work_keep_quote(run, quote);
    look_what_is_withdrawn(run);
}

/* --- the change -------------------------------------------------------------------------------------------------------- */

void work_changed(struct saga_run *run, const Cart__StoredCart *cart)
{
    work_of(run)->after = copy_of(run, cart);
    if (work_was_alone(run))
        saga_next(run);
    else
        work_quote(run, work_quoted);
}

void work_show(struct saga_run *run)
{
    const Cart__CartWork *work = work_of(run);
    int64_t now_us = run->call->as_of_us ? run->call->as_of_us : run->now_us;

    cart_show(run->arena, work, now_us, (Cart__Cart *)run->answer);
}
