/*
 * Choosing a price: see price.h for the rule.
 */
#include "services/pricing/price.h"

#include "base/money.h"

#include <string.h>

#define US_PER_SECOND 1000000

bool period_is_before(int64_t now_us, const Google__Protobuf__Timestamp *moment)
{
    if (moment == NULL)
        return false;
    /* Compared by part: a moment that somebody made up may lie past what fits into microseconds. */
    int64_t now_s = now_us / US_PER_SECOND, rest_us = now_us % US_PER_SECOND;
    if (rest_us < 0) {
        now_s -= 1;
        rest_us += US_PER_SECOND;
    }
    return now_s != moment->seconds ? now_s < moment->seconds : rest_us * 1000 < moment->nanos;
}

int64_t moment_us(const Google__Protobuf__Timestamp *moment)
{
    int64_t us;
    if (!money_multiply(moment->seconds, US_PER_SECOND, &us) || !money_add(us, moment->nanos / 1000, &us))
        return moment->seconds < 0 ? INT64_MIN : INT64_MAX;
    return us;
}

bool period_holds(const Google__Protobuf__Timestamp *starts, const Google__Protobuf__Timestamp *ends, int64_t now_us)
{
    return !period_is_before(now_us, starts) && (ends == NULL || period_is_before(now_us, ends));
}

int64_t price_min_quantity(const Pricing__Price *price)
{
    return price->min_quantity > 0 ? price->min_quantity : 1;
}

static bool is_ordinary(const Pricing__Price *price)
{
    return *price->price_list == '\0';
}

static bool list_holds(const Pricing__PriceList *list, const struct price_question *question)
{
    return !list->disabled && period_holds(list->starts_at, list->ends_at, question->now_us) &&
           (*list->channel == '\0' || strcmp(list->channel, question->channel) == 0) &&
           (*list->currency == '\0' || strcmp(list->currency, question->currency) == 0);
}

static const Pricing__PriceList *list_of(const Pricing__Price *price, const struct price_question *question)
{
    for (size_t i = 0; i < question->list_count; i++) {
        if (strcmp(question->lists[i]->id, price->price_list) == 0)
            return question->lists[i];
    }
    return NULL;
}

static bool fits(const Pricing__Price *price, const struct price_question *question)
{
    return strcmp(price->currency, question->currency) == 0 && price_min_quantity(price) <= question->quantity;
}

/* The same list has a price for a quantity nearer to the one asked for. */
static bool is_superseded(const Pricing__Price *price, const Pricing__Prices *prices, const struct price_question *question)
{
    for (size_t i = 0; i < prices->n_prices; i++) {
        const Pricing__Price *other = prices->prices[i];
        if (price_min_quantity(other) > price_min_quantity(price) && fits(other, question) &&
            strcmp(other->price_list, price->price_list) == 0)
            return true;
    }
    return false;
}

/* Ordinary prices come below every list, whatever its priority. */
struct candidate {
    const Pricing__Price *price;
    bool listed;
    int32_t priority;
};

static bool is_better(const struct candidate *one, const struct candidate *other)
{
    if (one->listed != other->listed)
        return one->listed;
    if (one->priority != other->priority)
        return one->priority > other->priority;
    return one->price->amount < other->price->amount;
}

const Pricing__Price *price_choose(const Pricing__Prices *prices, const struct price_question *question)
{
    struct candidate best = {0};
    for (size_t i = 0; prices != NULL && i < prices->n_prices; i++) {
        struct candidate candidate = {.price = prices->prices[i]};
        if (!fits(candidate.price, question))
            continue;
        if (!is_ordinary(candidate.price)) {
            const Pricing__PriceList *list = list_of(candidate.price, question);
            if (list == NULL || !list_holds(list, question))
                continue;
            candidate.listed = true;
            candidate.priority = list->priority;
        }
        if (is_superseded(candidate.price, prices, question))
            continue;
        if (best.price == NULL || is_better(&candidate, &best))
            best = candidate;
    }
    return best.price;
}
