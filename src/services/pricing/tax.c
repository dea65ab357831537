/*
 * Tax: per rate on the sum of what it is on, rounded once, and shared among the lines by the largest remainder.
 *
 * Which rates a line has: those of its tax category, or the standard ones where its category has none; of these, those of the address's
 * region, or those of the whole country where the region has none. They add up. So every line belongs to one class of rates (category
 * and place), and a rate to one class only.
 *
 * Shipping has the rates of the goods it carries: its price is shared among the lines that are shipped, in proportion to what they cost,
 * and each class taxes its part with those of its rates that are `on_shipping`.
 *
 * Included rates are taken out of the price: with the rates r1, r2 … in a price p, r1's tax is p * r1 / (1 + r1 + r2 + …). Added rates
 * are on the price without the included ones. Without an address there is no tax; where the country has no rate there is none either,
 * and an included tax that does not apply does not make the price lower.
 */
#include "services/pricing/quote_internal.h"

#include "base/money.h"

#include <string.h>

#define MILLION 1000000

struct tax_class {
    const char *category;
    bool regional;
};

/* What the rates of one class are on. */
struct taxed {
    int64_t *lines;   /* by line: 0 for those of other classes */
    int64_t shipping; /* the class's part of it */
};

/* The tax of one rate on it, in the same parts. */
struct levied {
    int64_t goods; /* of all lines, to be shared among them */
    int64_t shipping;
};

/* --- which rates --- */

static bool is_in(const struct quoting *quoting, const Pricing__TaxRate *rate, const struct tax_class *class)
{
    const Common__Address *address = quoting->cart->shipping_address;
    if (strcmp(rate->country, address->country) != 0 || strcmp(rate->tax_category, class->category) != 0)
        return false;
    if (!class->regional)
        return *rate->region == '\0';
    return *rate->region != '\0' && text_equal_ignoring_case(text_of(rate->region), text_of(address->region));
}

static bool has_rates(const struct quoting *quoting, const struct tax_class *class)
{
    for (size_t i = 0; i < quoting->terms->tax_rate_count; i++) {
        if (is_in(quoting, quoting->terms->tax_rates[i], class))
            return true;
    }
    return false;
}

/* False when nothing taxes the line. */
static bool class_of(const struct quoting *quoting, const Pricing__QuoteLine *line, struct tax_class *class)
{
    const struct tax_class candidates[] = {
        {line->tax_category, true}, {line->tax_category, false}, {"", true}, {"", false},
    };
    for (size_t i = 0; i < sizeof candidates / sizeof *candidates; i++) {
        *class = candidates[i];
        if (has_rates(quoting, class))
            return true;
    }
    return false;
}

static bool same_class(const struct tax_class *a, const struct tax_class *b)
{
    return a->regional == b->regional && strcmp(a->category, b->category) == 0;
}

/* 1 + the included rates of a class, in parts of a million; on shipping not all of them may count. */
static int64_t divisor_of(const struct quoting *quoting, const struct tax_class *class, bool shipping)
{
    int64_t divisor = MILLION;
    for (size_t i = 0; i < quoting->terms->tax_rate_count; i++) {
        const Pricing__TaxRate *rate = quoting->terms->tax_rates[i];
        if (rate->included && (rate->on_shipping || !shipping) && is_in(quoting, rate, class))
            divisor += rate->rate_ppm;
    }
    return divisor;
}

/* --- how much --- */

/* One rate on goods and shipping that have the same divisor: one sum, rounded once, then parted. */
static bool levy_together(int64_t goods, int64_t shipping, int64_t rate_ppm, int64_t divisor, struct levied *levied)
{
    int64_t sum, tax, parts[2];
    if (!money_add(goods, shipping, &sum) || !money_scale(sum, rate_ppm, divisor, &tax))
        return false;
    money_allocate(tax, (int64_t[]){goods, shipping}, 2, parts);
    *levied = (struct levied){.goods = parts[0], .shipping = parts[1]};
    return true;
}

static bool levy(const struct quoting *quoting, const struct tax_class *class, const Pricing__TaxRate *rate, int64_t goods,
                 int64_t shipping, struct levied *levied)
{
    int64_t taxed_shipping = rate->on_shipping ? shipping : 0;
    if (!rate->included)
        return levy_together(goods, taxed_shipping, rate->rate_ppm, MILLION, levied);

    int64_t divisor = divisor_of(quoting, class, false), shipping_divisor = divisor_of(quoting, class, true);
    if (taxed_shipping == 0 || divisor == shipping_divisor)
        return levy_together(goods, taxed_shipping, rate->rate_ppm, divisor, levied);
    /* Another included rate of the class is not on shipping: two prices that include different taxes have no common sum. */
    return money_scale(goods, rate->rate_ppm, divisor, &levied->goods) &&
           money_scale(taxed_shipping, rate->rate_ppm, shipping_divisor, &levied->shipping);
}

static int64_t not_below_zero(int64_t number)
{
    return number > 0 ? number : 0;
}

/* Write the tax of one rate down; what is included leaves `net`, which added rates are on. Tax on a sum that fits, fits, too, but for
 * added rates on amounts close to the end of 64 bits. */
static bool record(struct quoting *quoting, const Pricing__TaxRate *rate, const struct taxed *taxed, struct taxed *net,
                   const struct levied *levied)
{
    Pricing__Quote *quote = quoting->quote;
    memcpy(quoting->weights, taxed->lines, quoting->line_count * sizeof *taxed->lines);
    quoting_share(quoting, levied->goods);
    for (size_t i = 0; i < quoting->line_count; i++) {
        if (!money_add(quote->lines[i]->tax, quoting->shares[i], &quote->lines[i]->tax))
            return false;
        /* Where several rates round up on a few cents they may come to more than the cents: nothing is left then. */
        if (rate->included)
            net->lines[i] = not_below_zero(net->lines[i] - quoting->shares[i]);
    }
    if (rate->included)
        net->shipping = not_below_zero(net->shipping - levied->shipping);

    Pricing__QuotedTax *tax = ARENA_NEW(quoting->arena, Pricing__QuotedTax);
    pricing__quoted_tax__init(tax);
    tax->name = rate->name;
    tax->rate_ppm = rate->rate_ppm;
    tax->included = rate->included;
    quote->taxes[quote->n_taxes++] = tax;
    return money_add(levied->goods, levied->shipping, &tax->amount) && money_add(quote->tax, tax->amount, &quote->tax) &&
           money_add(quote->shipping_tax, levied->shipping, &quote->shipping_tax) &&
           (rate->included || money_add(quote->added_tax, tax->amount, &quote->added_tax));
}

/* The included rates of a class, or its added ones. */
static bool tax_rates(struct quoting *quoting, const struct tax_class *class, bool included, const struct taxed *taxed,
                      struct taxed *net)
{
    int64_t goods;
    if (!quoting_sum(quoting, taxed->lines, &goods))
        return false;
    for (size_t i = 0; i < quoting->terms->tax_rate_count; i++) {
        const Pricing__TaxRate *rate = quoting->terms->tax_rates[i];
        struct levied levied = {0};
        if (rate->included != included || !is_in(quoting, rate, class))
            continue;
        if (!levy(quoting, class, rate, goods, taxed->shipping, &levied) || !record(quoting, rate, taxed, net, &levied))
            return false;
    }
    return true;
}

static bool tax_class(struct quoting *quoting, const struct tax_class *class, const struct taxed *taxed)
{
    struct taxed net = {.lines = ARENA_ARRAY(quoting->arena, int64_t, quoting->line_count), .shipping = taxed->shipping};
    memcpy(net.lines, taxed->lines, quoting->line_count * sizeof *net.lines);
    return tax_rates(quoting, class, true, taxed, &net) && tax_rates(quoting, class, false, &net, &net);
}

/* --- what is taxed --- */

/* Each line's part of the shipping, its discount taken off. */
static int64_t *share_shipping(struct quoting *quoting)
{
    const Pricing__Quote *quote = quoting->quote;
    int64_t weight_sum = 0; /* part of the subtotal: fits */
    for (size_t i = 0; i < quoting->line_count; i++) {
        quoting->weights[i] = quoting->cart->lines[i]->digital ? 0 : quoting->left[i];
        weight_sum += quoting->weights[i];
    }
    for (size_t i = 0; weight_sum == 0 && i < quoting->line_count; i++)
        quoting->weights[i] = !quoting->cart->lines[i]->digital; /* all of it is free: to equal parts */
    quoting_share(quoting, quote->shipping - quote->shipping_discount);

    int64_t *shares = ARENA_ARRAY(quoting->arena, int64_t, quoting->line_count);
    memcpy(shares, quoting->shares, quoting->line_count * sizeof *shares);
    return shares;
}

struct line_class {
    struct tax_class class;
    bool taxable;
};

static bool is_first_of_class(const struct line_class *classes, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (classes[i].taxable && same_class(&classes[i].class, &classes[index].class))
            return false;
    }
    return classes[index].taxable;
}

bool tax_lines_and_shipping(struct quoting *quoting)
{
    size_t line_count = quoting->line_count;
    if (quoting->cart->shipping_address == NULL || quoting->terms->tax_rate_count == 0)
        return true;
    quoting->quote->taxes = ARENA_ARRAY(quoting->arena, Pricing__QuotedTax *, quoting->terms->tax_rate_count);
    struct line_class *classes = ARENA_ARRAY(quoting->arena, struct line_class, line_count);
    for (size_t i = 0; i < line_count; i++)
        classes[i].taxable = class_of(quoting, quoting->cart->lines[i], &classes[i].class);

    const int64_t *shipping = share_shipping(quoting);
    for (size_t first = 0; first < line_count; first++) {
        if (!is_first_of_class(classes, first))
            continue;
        struct taxed taxed = {.lines = ARENA_ARRAY(quoting->arena, int64_t, line_count)};
        for (size_t i = 0; i < line_count; i++) {
            if (!classes[i].taxable || !same_class(&classes[i].class, &classes[first].class))
                continue;
            taxed.lines[i] = quoting->left[i];
            taxed.shipping += shipping[i];
        }
        if (!tax_class(quoting, &classes[first].class, &taxed))
            return false;
    }
    return true;
}
