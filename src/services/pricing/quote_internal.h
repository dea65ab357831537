/*
 * The parts of a quote, in the order of the computation. Each works on one `struct quoting` and gives false on overflow.
 */
#ifndef SOUK_SERVICES_PRICING_QUOTE_INTERNAL_H
#define SOUK_SERVICES_PRICING_QUOTE_INTERNAL_H

#include "services/pricing/quote.h"

#include <stdbool.h>

/* A quote under way. */
struct quoting {
    struct arena *arena;
    const struct quote_terms *terms;
    const Pricing__QuoteCartRequest *cart;
    Pricing__Quote *quote; /* grows with every part */
    size_t line_count;
    int64_t *left;    /* by line: its total without its discounts so far */
    int64_t *weights; /* by line: for whoever shares something out just now */
    int64_t *shares;  /* by line: what came of it */
    Pricing__Promotion **promotions; /* those that everyone gets or the cart has the code of, in the order of the computation */
    size_t promotion_count;
};

/* --- discount.c --- */

/* Put the promotions in order and answer for the coupons that are none. */
void discount_begin(struct quoting *quoting);
/* Percents, then amounts. */
bool discount_lines(struct quoting *quoting);
/* Promotions that take off the shipping, which has its price by now. */
bool discount_shipping(struct quoting *quoting);
/* Whether one of them would. */
bool discount_makes_shipping_free(struct quoting *quoting);

/* --- shipping.c --- */

/* Whether something has to be shipped, in a shop that ships. */
bool shipping_is_needed(const struct quoting *quoting);
/* The price of the chosen method, if it goes there. */
bool shipping_price(struct quoting *quoting);
/* All that go there. */
bool shipping_options(struct quoting *quoting, Pricing__QuoteShippingResponse *answer);

/* --- tax.c --- */

bool tax_lines_and_shipping(struct quoting *quoting);

/* --- for all of them --- */

/* Add up numbers of the lines; false on overflow. */
bool quoting_sum(const struct quoting *quoting, const int64_t *numbers, int64_t *sum);
/* Share `total` among the lines by quoting->weights into quoting->shares. The weights add up to a number that fits. */
void quoting_share(struct quoting *quoting, int64_t total);

#endif
