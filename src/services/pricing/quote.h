/*
 * Quotes: what a cart costs, line by line, with everything. Pure: the same terms give the same quote.
 *
 * The order of the computation (the README draws it):
 *
 *   1 prices     unit price by list and tier; the quantity of a SKU is that of all its lines
 *   2 percents   off the lines they count for
 *   3 amounts    off the lines they count for, never more than is left of them
 *   4 shipping   the chosen method's rate for the country and weight, nothing from `free_from_amount` on
 *   5 free shipping promotions
 *   6 tax        per rate on the sum of what it is on, lines and shipping
 *
 * Within 2, 3 and 5 what everyone gets comes before coupons, the older promotion before the newer. Whatever is computed on a sum
 * (a discount, a tax) is rounded once, half away from zero, and shared among the lines by the largest remainder: so the parts add up.
 *
 *     subtotal - discount + shipping + added_tax = total            sum of lines: total = subtotal
 *     sum of lines: discount + shipping_discount = discount         sum of lines: tax + shipping_tax = tax
 *
 * All arithmetic is checked: what does not fit into 64 bits, or comes to more than MONEY_MAX, is RESULT_OVERFLOW, never a wrong number.
 */
#ifndef SOUK_SERVICES_PRICING_QUOTE_H
#define SOUK_SERVICES_PRICING_QUOTE_H

#include "base/arena.h"
#include "platform/rpc/result.h"
#include "souk/pricing/v1/pricing.pb-c.h"

/* What a quote is made from. Whoever fills this may leave out what can't matter: promotions whose code the cart does not have, rates of
 * other countries. `used` of a promotion leaves out the use by the cart's own checkout. */
struct quote_terms {
    const Pricing__QuoteCartRequest *cart; /* quantities are at least 1, weights at least 0 */
    Pricing__Prices *const *prices;        /* one for each line of the cart; NULL where the SKU has none */
    Pricing__PriceList *const *price_lists;
    size_t price_list_count;
    Pricing__Promotion *const *promotions;
    size_t promotion_count;
    Pricing__TaxRate *const *tax_rates;
    size_t tax_rate_count;
    Pricing__ShippingMethod *const *shipping_methods; /* disabled ones, too: they say that the shop ships */
    size_t shipping_method_count;
    int64_t now_us;
};

/* Fill an initialised quote, in the arena. RESULT_OK, or RESULT_OVERFLOW. */
enum result quote_cart(struct arena *arena, const struct quote_terms *terms, Pricing__Quote *quote);

/* How the cart could be shipped and what the buyer would pay for that, cheapest first; what costs the same in the order of the methods.
 * Nothing when nothing needs shipping or no address is known. */
enum result quote_shipping(struct arena *arena, const struct quote_terms *terms, Pricing__QuoteShippingResponse *answer);

#endif
