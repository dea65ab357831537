/*
 * Discounts: what promotions take off, one after the other, each from what those before left.
 *
 * A promotion that does not hold for this cart says why in a sentence, for the buyer who typed its code.
 */
#include "services/pricing/quote_internal.h"

#include "base/assert.h"
#include "base/money.h"
#include "services/pricing/price.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MILLION 1000000

static bool has_code(const Pricing__Promotion *promotion)
{
    return *promotion->code != '\0';
}

/* --- the order --- */

static int compare_promotions(const void *a, const void *b)
{
    const Pricing__Promotion *one = *(Pricing__Promotion *const *)a, *other = *(Pricing__Promotion *const *)b;
    if (one->kind != other->kind)
        return one->kind < other->kind ? -1 : 1; /* percent, amount, free shipping: as they are numbered */
    if (has_code(one) != has_code(other))
        return has_code(one) ? 1 : -1;
    return strcmp(one->id, other->id); /* ids sort by time */
}

static const Pricing__Promotion *promotion_with_code(const struct quoting *quoting, const char *code)
{
    for (size_t i = 0; i < quoting->terms->promotion_count; i++) {
        const Pricing__Promotion *promotion = quoting->terms->promotions[i];
        if (has_code(promotion) && strcasecmp(promotion->code, code) == 0)
            return promotion;
    }
    return NULL;
}

/* The coupon as the cart has it; the first one where it was typed twice. */
static Pricing__QuotedCoupon *coupon_of(const struct quoting *quoting, const Pricing__Promotion *promotion)
{
    for (size_t i = 0; i < quoting->quote->n_coupons; i++) {
        if (strcasecmp(quoting->quote->coupons[i]->code, promotion->code) == 0)
            return quoting->quote->coupons[i];
    }
    return NULL;
}

static Pricing__QuotedCoupon *coupon_begin(const struct quoting *quoting, const char *typed)
{
    const Pricing__Promotion *promotion = promotion_with_code(quoting, typed);
    Pricing__QuotedCoupon *coupon = ARENA_NEW(quoting->arena, Pricing__QuotedCoupon);
    pricing__quoted_coupon__init(coupon);
    coupon->code = promotion ? promotion->code : typed;
    if (promotion == NULL)
        coupon->reason = "There is no such coupon.";
    else if (coupon_of(quoting, promotion) != NULL)
        coupon->reason = "It is in the cart already.";
    return coupon;
}

void discount_begin(struct quoting *quoting)
{
    const struct quote_terms *terms = quoting->terms;
    Pricing__Quote *quote = quoting->quote;
    quote->coupons = ARENA_ARRAY(quoting->arena, Pricing__QuotedCoupon *, quoting->cart->n_coupons);
    for (size_t i = 0; i < quoting->cart->n_coupons; i++) {
        Pricing__QuotedCoupon *coupon = coupon_begin(quoting, quoting->cart->coupons[i]);
        quote->coupons[quote->n_coupons++] = coupon;
    }

    quoting->promotions = ARENA_ARRAY(quoting->arena, Pricing__Promotion *, terms->promotion_count);
    for (size_t i = 0; i < terms->promotion_count; i++) {
        if (!has_code(terms->promotions[i]) || coupon_of(quoting, terms->promotions[i]) != NULL)
            quoting->promotions[quoting->promotion_count++] = terms->promotions[i];
    }
    qsort(quoting->promotions, quoting->promotion_count, sizeof *quoting->promotions, compare_promotions);
    quote->discounts = ARENA_ARRAY(quoting->arena, Pricing__QuotedDiscount *, quoting->promotion_count);
}

/* --- whether one holds --- */

static bool counts_for(const Pricing__Promotion *promotion, const Pricing__QuoteLine *line)
{
    for (size_t i = 0; i < promotion->n_skus; i++) {
        if (strcmp(promotion->skus[i], line->sku) == 0)
            return true;
    }
    return promotion->n_skus == 0;
}

/* The one in the cart's currency, or NULL. */
static const Common__Money *money_for(const struct quoting *quoting, Common__Money *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(list[i]->currency, quoting->cart->currency) == 0)
            return list[i];
    }
    return NULL;
}

/* The lines it counts for before discounts. They fit: they are part of the subtotal. */
static int64_t goods_of(const struct quoting *quoting, const Pricing__Promotion *promotion, bool *any)
{
    int64_t goods = 0;
    *any = false;
    for (size_t i = 0; i < quoting->line_count; i++) {
        if (!counts_for(promotion, quoting->cart->lines[i]))
            continue;
        *any = true;
        goods += quoting->quote->lines[i]->total;
    }
    return goods;
}

static const char *money_words(struct arena *arena, const Common__Money *money)
{
    int exponent = currency_exponent(text_of(money->currency));
    char digits[32];
    money_format(money->amount, exponent < 0 ? 0 : exponent, digits);
    return arena_printf(arena, "%s %s", digits, money->currency);
}

/* Why it does not hold for this cart: a sentence; NULL when it does. */
static const char *refusal(const struct quoting *quoting, const Pricing__Promotion *promotion)
{
    int64_t now_us = quoting->terms->now_us;
    if (promotion->disabled)
        return "It is not valid at the moment.";
    if (period_is_before(now_us, promotion->starts_at))
        return "It is not valid yet.";
    if (!period_holds(NULL, promotion->ends_at, now_us))
        return "It is not valid any more.";
    if (promotion->usage_limit > 0 && promotion->used >= promotion->usage_limit)
        return "It has been used up.";

    const Common__Money *minimum = money_for(quoting, promotion->minimum_subtotals, promotion->n_minimum_subtotals);
    bool other_amounts = promotion->kind == PRICING__PROMOTION_KIND__PROMOTION_KIND_AMOUNT &&
                         money_for(quoting, promotion->amounts, promotion->n_amounts) == NULL;
    if (other_amounts || (minimum == NULL && promotion->n_minimum_subtotals > 0))
        return arena_printf(quoting->arena, "It does not hold in %s.", quoting->cart->currency);

    bool any;
    int64_t goods = goods_of(quoting, promotion, &any);
    if (!any)
        return "It does not hold for anything in this cart.";
    if (minimum != NULL && goods < minimum->amount)
        return arena_printf(quoting->arena, "It needs goods for at least %s.", money_words(quoting->arena, minimum));
    return NULL;
}

/* --- taking off --- */

/* Write down what became of a promotion; `reason` says why it takes nothing off. */
static void report(struct quoting *quoting, const Pricing__Promotion *promotion, int64_t amount, const char *reason)
{
    Pricing__Quote *quote = quoting->quote;
    Pricing__QuotedCoupon *coupon = has_code(promotion) ? coupon_of(quoting, promotion) : NULL;
    if (coupon != NULL) {
        coupon->applied = reason == NULL;
        coupon->reason = reason ? reason : "";
        coupon->discount = amount;
    }
    if (amount == 0)
        return;
    Pricing__QuotedDiscount *discount = ARENA_NEW(quoting->arena, Pricing__QuotedDiscount);
    pricing__quoted_discount__init(discount);
    discount->promotion = promotion->id;
    discount->name = promotion->name;
    discount->code = promotion->code;
    discount->amount = amount;
    quote->discounts[quote->n_discounts++] = discount;
}

/* What a percentage or an amount comes to, for lines of which so much is left. */
static bool amount_off(const struct quoting *quoting, const Pricing__Promotion *promotion, int64_t left, int64_t *off)
{
    if (promotion->kind == PRICING__PROMOTION_KIND__PROMOTION_KIND_PERCENT)
        return money_scale(left, promotion->percent_ppm, MILLION, off);
    int64_t amount = money_for(quoting, promotion->amounts, promotion->n_amounts)->amount;
    *off = amount < left ? amount : left;
    return true;
}

static bool take_off_lines(struct quoting *quoting, const Pricing__Promotion *promotion, int64_t *off)
{
    int64_t left;
    for (size_t i = 0; i < quoting->line_count; i++)
        quoting->weights[i] = counts_for(promotion, quoting->cart->lines[i]) ? quoting->left[i] : 0;
    if (!quoting_sum(quoting, quoting->weights, &left) || !amount_off(quoting, promotion, left, off))
        return false;
    if (*off == 0)
        return true;

    quoting_share(quoting, *off);
    for (size_t i = 0; i < quoting->line_count; i++) {
        /* A share of no more than the sum of the weights is no more than its weight. */
        ASSERT(quoting->shares[i] <= quoting->left[i]);
        quoting->left[i] -= quoting->shares[i];
        quoting->quote->lines[i]->discount += quoting->shares[i];
    }
    return money_add(quoting->quote->discount, *off, &quoting->quote->discount);
}

static bool is_for_shipping(const Pricing__Promotion *promotion)
{
    return promotion->kind == PRICING__PROMOTION_KIND__PROMOTION_KIND_FREE_SHIPPING;
}

bool discount_lines(struct quoting *quoting)
{
    for (size_t i = 0; i < quoting->promotion_count; i++) {
        const Pricing__Promotion *promotion = quoting->promotions[i];
        if (is_for_shipping(promotion))
            continue;
        int64_t off = 0;
        const char *reason = refusal(quoting, promotion);
        if (reason == NULL && !take_off_lines(quoting, promotion, &off))
            return false;
        if (reason == NULL && off == 0)
            reason = "There is nothing left to take it off.";
        report(quoting, promotion, off, reason);
    }
    return true;
}

static const char *refusal_for_shipping(const struct quoting *quoting, const Pricing__Promotion *promotion)
{
    const char *reason = refusal(quoting, promotion);
    if (reason == NULL && !quoting->quote->needs_shipping)
        reason = "Nothing in this cart is shipped.";
    return reason;
}

bool discount_shipping(struct quoting *quoting)
{
    Pricing__Quote *quote = quoting->quote;
    bool chosen = *quote->shipping_method_name != '\0';
    for (size_t i = 0; i < quoting->promotion_count; i++) {
        const Pricing__Promotion *promotion = quoting->promotions[i];
        if (!is_for_shipping(promotion))
            continue;
        const char *reason = refusal_for_shipping(quoting, promotion);
        int64_t off = reason == NULL ? quote->shipping - quote->shipping_discount : 0;
        /* Before a method is chosen it holds, and takes off what comes. */
        if (reason == NULL && off == 0 && chosen)
            reason = "Shipping is free already.";
        quote->shipping_discount += off;
        if (!money_add(quote->discount, off, &quote->discount))
            return false;
        report(quoting, promotion, off, reason);
    }
    return true;
}

bool discount_makes_shipping_free(struct quoting *quoting)
{
    for (size_t i = 0; i < quoting->promotion_count; i++) {
        const Pricing__Promotion *promotion = quoting->promotions[i];
        if (is_for_shipping(promotion) && refusal_for_shipping(quoting, promotion) == NULL)
            return true;
    }
    return false;
}
