/*
 * What the cart costs, and whether it can be bought as it is.
 *
 * The refusals are those that the cart shows as its obstacles (cart/show.c), by the same codes and in the same order; then comes what only the
 * buyer can say: that this is the price they agreed to. Who says so by `acceptedTotal` is taken at their word. Who does not has seen the cart with
 * its coupons, as a coupon that takes nothing off is not let in (cart/add_coupon.c): when one of them takes nothing off any more, they would be
 * charged more than they expect, and are asked first.
 */
#include "services/checkout/checkout_internal.h"

#include "base/plants.h"

#include "souk/catalog/v1/catalog.client.h"
#include "souk/pricing/v1/pricing.client.h"

#include <string.h>

/* --- the quote --------------------------------------------------------------------------------------------------------- */

static const char *line_not_priced(const Cart__StoredCart *cart, const Pricing__Quote *quote)
{
    for (size_t i = 0; i < quote->n_lines && i < cart->n_lines; i++)
        if (quote->lines[i]->not_priced)
            return cart->lines[i]->sku;
    return NULL;
}

static void refuse_price(struct saga_run *run, const Common__Money *accepted, const Pricing__Quote *quote)
{
    struct problem_number number = {.name = "total", .value = quote->total};
    struct problem problem = {.result = RESULT_PRICE_CHANGED, .numbers = &number};

    problem.detail = arena_printf(run->arena, "The total is %lld now, not %lld (minor units of %s). Show it, and ask again.",
                                  (long long)quote->total, (long long)accepted->amount, quote->currency);
    saga_refuse_as(run, &problem);
}

static const Pricing__QuotedCoupon *coupon_not_applied(const Pricing__Quote *quote)
{
    for (size_t i = 0; i < quote->n_coupons; i++)
        if (!quote->coupons[i]->applied)
            return quote->coupons[i];
    return NULL;
}

static void refuse_coupon(struct saga_run *run, const Pricing__QuotedCoupon *coupon, const Pricing__Quote *quote)
{
    struct problem_number number = {.name = "total", .value = quote->total};
    struct problem problem = {.result = RESULT_COUPON_NOT_APPLICABLE, .numbers = &number};

    problem.detail = arena_printf(run->arena, "%s: %s The total is %lld without it (minor units of %s). Take the coupon out of the cart, or"
                                              " send this total as acceptedTotal.",
                                  coupon->code, coupon->reason, (long long)quote->total, quote->currency);
    saga_refuse_as(run, &problem);
}

/* Refuse what can't be bought as it is: false. */
static bool check(struct saga_run *run, const Cart__StoredCart *cart, const Pricing__Quote *quote)
{
    const Common__Money *accepted = checkout_request(run)->accepted_total;
    const char *sku = line_not_priced(cart, quote);

    if (sku)
        saga_refuse(run, RESULT_NOT_PRICED, "`%s` has no price in %s.", sku, cart->currency);
    else if (quote->needs_shipping && !cart->shipping_address)
        saga_refuse(run, RESULT_ADDRESS_REQUIRED, NULL);
    else if (quote->needs_shipping && !*cart->shipping_method)
        saga_refuse(run, RESULT_SHIPPING_METHOD_REQUIRED, "Choose one of the cart's shipping methods.");
    else if (quote->needs_shipping && !*quote->shipping_method_name)
        saga_refuse(run, RESULT_SHIPPING_METHOD_UNAVAILABLE, "Choose another of the cart's shipping methods.");
    else if (accepted && strcmp(accepted->currency, quote->currency) != 0)
        saga_refuse(run, RESULT_CURRENCY_MISMATCH, "The cart is in %s.", quote->currency);
    else if (accepted && accepted->amount != quote->total)
        refuse_price(run, accepted, quote);
    else if (!accepted && coupon_not_applied(quote) && !PLANTED(COUPON_DROPPED_IN_SILENCE))
        refuse_coupon(run, coupon_not_applied(quote), quote);
    else
        return true;
    return false;
}

static void on_quoted(struct saga_run *run, const Pricing__Quote *quote)
{
    Checkout__CheckoutState *state = checkout_state(run);

    if (!check(run, state->cart, quote))
        return;
    state->quote = ARENA_NEW(run->arena, Pricing__Quote);
    *state->quote = *quote;
    saga_next(run);
}

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

static void ask_price(struct saga_run *run)
{
    const Cart__StoredCart *cart = checkout_state(run)->cart;
    Pricing__QuoteCartRequest request = PRICING__QUOTE_CART_REQUEST__INIT;

    request.currency = cart->currency;
    request.channel = cart->channel;
    request.n_lines = cart->n_lines;
    request.lines = quote_lines(run->arena, cart);
    request.shipping_address = cart->shipping_address;
    request.shipping_method = cart->shipping_method;
    request.n_coupons = cart->n_coupons;
    request.coupons = cart->coupons;
    request.checkout_id = run->id;
    call_pricing_quote_cart(run, &request, on_quoted);
}

/* --- what is not sold any more ------------------------------------------------------------------------------------------- */

static bool is_sold(const Catalog__BatchGetVariantsResponse *variants, const char *sku)
{
    for (size_t i = 0; i < variants->n_items; i++)
        if (strcmp(variants->items[i]->sku, sku) == 0)
            return true;
    return false;
}

static void on_variants(struct saga_run *run, const Catalog__BatchGetVariantsResponse *variants)
{
    const Cart__StoredCart *cart = checkout_state(run)->cart;

    for (size_t i = 0; i < cart->n_lines; i++)
        if (!is_sold(variants, cart->lines[i]->sku)) {
            saga_refuse(run, RESULT_NOT_FOR_SALE, "`%s` is not sold any more. Take it out of the cart.", cart->lines[i]->sku);
            return;
        }
    ask_price(run);
}

/* While the catalogue is away, what it sold when it was put into the cart is taken to be sold still: selling goes on without it. */
void checkout_agree_on_price(struct saga_run *run)
{
    const Cart__StoredCart *cart = checkout_state(run)->cart;
    Catalog__BatchGetVariantsRequest request = CATALOG__BATCH_GET_VARIANTS_REQUEST__INIT;

    if (cart->n_lines == 0) {
        saga_refuse(run, RESULT_CART_EMPTY, NULL);
        return;
    }
    request.n_skus = cart->n_lines;
    request.skus = ARENA_ARRAY(run->arena, const char *, cart->n_lines);
    for (size_t i = 0; i < cart->n_lines; i++)
        request.skus[i] = cart->lines[i]->sku;
    request.only_sku = true;
    saga_if_away(run, ask_price);
    call_catalog_batch_get_variants(run, &request, on_variants);
}

/* --- coupons ----------------------------------------------------------------------------------------------------------- */

static void on_coupons_done(struct saga_run *run, const Google__Protobuf__Empty *answer)
{
    (void)answer;
    saga_next(run);
}

/* A coupon that takes nothing off is not used up. */
void checkout_redeem_coupons(struct saga_run *run)
{
    const Pricing__Quote *quote = checkout_state(run)->quote;
    Pricing__RedeemCouponsRequest request = PRICING__REDEEM_COUPONS_REQUEST__INIT;

    request.checkout_id = run->id;
    request.coupons = ARENA_ARRAY(run->arena, const char *, quote->n_coupons);
    for (size_t i = 0; i < quote->n_coupons; i++)
        if (quote->coupons[i]->applied)
            request.coupons[request.n_coupons++] = quote->coupons[i]->code;
    if (request.n_coupons == 0)
        saga_next(run);
    else
        call_pricing_redeem_coupons(run, &request, on_coupons_done);
}

void checkout_return_coupons(struct saga_run *run)
{
    const Pricing__Quote *quote = checkout_state(run)->quote;
    Pricing__ReturnCouponsRequest request = PRICING__RETURN_COUPONS_REQUEST__INIT;

    if (quote->n_coupons == 0) {
        saga_next(run);
        return;
    }
    request.checkout_id = run->id;
    call_pricing_return_coupons(run, &request, on_coupons_done);
}
