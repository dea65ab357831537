/*
 * The quote: its parts in their order, and the sums.
 */
#include "services/pricing/quote_internal.h"

#include "base/assert.h"
#include "base/money.h"
#include "services/pricing/price.h"

#include <string.h>

bool quoting_sum(const struct quoting *quoting, const int64_t *numbers, int64_t *sum)
{
    *sum = 0;
    for (size_t i = 0; i < quoting->line_count; i++) {
        if (!money_add(*sum, numbers[i], sum))
            return false;
    }
    return true;
}

void quoting_share(struct quoting *quoting, int64_t total)
{
    if (quoting->line_count > 0)
        money_allocate(total, quoting->weights, quoting->line_count, quoting->shares);
}

/* All lines of a SKU together: who splits a line pays the same. */
static bool quantity_of_sku(const Pricing__QuoteCartRequest *cart, const char *sku, int64_t *quantity)
{
    *quantity = 0;
    for (size_t i = 0; i < cart->n_lines; i++) {
        if (strcmp(cart->lines[i]->sku, sku) == 0 && !money_add(*quantity, cart->lines[i]->quantity, quantity))
            return false;
    }
    return true;
}

static bool price_line(struct quoting *quoting, size_t index)
{
    const struct quote_terms *terms = quoting->terms;
    const Pricing__QuoteLine *line = quoting->cart->lines[index];
    Pricing__QuotedLine *quoted = ARENA_NEW(quoting->arena, Pricing__QuotedLine);
    pricing__quoted_line__init(quoted);
    quoting->quote->lines[index] = quoted;
    quoted->id = line->id;
    ASSERT(line->quantity > 0 && line->weight_grams >= 0);

    struct price_question question = {
        .currency = quoting->cart->currency,
        .channel = quoting->cart->channel,
        .now_us = terms->now_us,
        .lists = terms->price_lists,
        .list_count = terms->price_list_count,
    };
    if (!quantity_of_sku(quoting->cart, line->sku, &question.quantity))
        return false;
    const Pricing__Price *price = price_choose(terms->prices[index], &question);
    if (price == NULL) {
        quoted->not_priced = true;
        return true;
    }
    quoted->unit_price = price->amount;
    if (!money_multiply(price->amount, line->quantity, &quoted->total))
        return false;
    quoting->left[index] = quoted->total;
    return true;
}

static bool price_lines(struct quoting *quoting)
{
    for (size_t i = 0; i < quoting->line_count; i++) {
        if (!price_line(quoting, i))
            return false;
    }
    return quoting_sum(quoting, quoting->left, &quoting->quote->subtotal);
}

static struct quoting quoting_begin(struct arena *arena, const struct quote_terms *terms, Pricing__Quote *quote)
{
    size_t line_count = terms->cart->n_lines;
    quote->currency = terms->cart->currency;
    quote->n_lines = line_count;
    quote->lines = ARENA_ARRAY(arena, Pricing__QuotedLine *, line_count);
    struct quoting quoting = {
        .arena = arena,
        .terms = terms,
        .cart = terms->cart,
        .quote = quote,
        .line_count = line_count,
        .left = ARENA_ARRAY(arena, int64_t, line_count),
        .weights = ARENA_ARRAY(arena, int64_t, line_count),
        .shares = ARENA_ARRAY(arena, int64_t, line_count),
    };
    discount_begin(&quoting);
    quote->needs_shipping = shipping_is_needed(&quoting);
    return quoting;
}

static bool total_up(Pricing__Quote *quote)
{
    return money_subtract(quote->subtotal, quote->discount, &quote->total) &&
           money_add(quote->total, quote->shipping, &quote->total) &&
           money_add(quote->total, quote->added_tax, &quote->total);
}

/* Nothing in it is below 0, and each of its other amounts is a part of one of these. */
static bool can_be_shown(const Pricing__Quote *quote)
{
    return quote->subtotal <= MONEY_MAX && quote->shipping <= MONEY_MAX && quote->discount <= MONEY_MAX && quote->tax <= MONEY_MAX &&
           quote->total <= MONEY_MAX;
}

enum result quote_cart(struct arena *arena, const struct quote_terms *terms, Pricing__Quote *quote)
{
    struct quoting quoting = quoting_begin(arena, terms, quote);
    bool fits = price_lines(&quoting) && discount_lines(&quoting) && shipping_price(&quoting) &&
                discount_shipping(&quoting) && tax_lines_and_shipping(&quoting) && total_up(quote) && can_be_shown(quote);
    return fits ? RESULT_OK : RESULT_OVERFLOW;
}

enum result quote_shipping(struct arena *arena, const struct quote_terms *terms, Pricing__QuoteShippingResponse *answer)
{
    Pricing__Quote quote = PRICING__QUOTE__INIT;
    struct quoting quoting = quoting_begin(arena, terms, &quote);
    bool fits = price_lines(&quoting) && discount_lines(&quoting) && shipping_options(&quoting, answer);
    return fits ? RESULT_OK : RESULT_OVERFLOW;
}
