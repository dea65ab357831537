/*
 * Which of a SKU's prices holds: for a currency, a quantity, a channel and a moment.
 *
 * A price belongs to a price list, or is an ordinary one. Per list, the price with the highest min_quantity that the quantity reaches
 * counts. Among lists that hold (turned on, in time, in the channel, in the currency) the one with the highest priority wins, the lower
 * price where priorities are equal; any list wins over ordinary prices. A list without a price for the quantity is not asked.
 */
#ifndef SOUK_SERVICES_PRICING_PRICE_H
#define SOUK_SERVICES_PRICING_PRICE_H

#include "souk/pricing/v1/pricing.pb-c.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct price_question {
    const char *currency;
    const char *channel; /* "" for none */
    int64_t quantity;
    int64_t now_us;
    Pricing__PriceList *const *lists; /* all of them */
    size_t list_count;
};

/* The price that holds, one of `prices`; NULL when the SKU has none in this currency. `prices` may be NULL: none. */
const Pricing__Price *price_choose(const Pricing__Prices *prices, const struct price_question *question);

/* From how many pieces on a price holds: 1 unless it says more. */
int64_t price_min_quantity(const Pricing__Price *price);

/* In microseconds; what lies past that is its end. */
int64_t moment_us(const Google__Protobuf__Timestamp *moment);
/* Whether now is in [starts, ends); NULL on either side is open. */
bool period_holds(const Google__Protobuf__Timestamp *starts, const Google__Protobuf__Timestamp *ends, int64_t now_us);
/* Whether now is before `moment`; false when there is none. */
bool period_is_before(int64_t now_us, const Google__Protobuf__Timestamp *moment);

#endif
