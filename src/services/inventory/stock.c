/*
 * The arithmetic of one SKU's stock.
 */
#include "services/inventory/stock.h"

#include "base/assert.h"
#include "base/plants.h"

const struct stock_rules stock_rules_default = {
    .strategy = INVENTORY__STOCK_STRATEGY__STOCK_STRATEGY_OPTIMISTIC,
    .reservation_ttl = 900, /* a quarter of an hour: long enough for a bank's page, short enough for a forgotten tab */
    .scarce_below = 10,
};

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t not_below_zero(int64_t number)
{
    return number > 0 ? number : 0;
}

static void assert_sound(const struct stock_numbers *stock)
{
    ASSERT(stock->on_hand >= 0 && stock->on_hand <= STOCK_UNITS_MAX);
    ASSERT(stock->reserved >= 0 && stock->allocated >= 0);
    ASSERT(stock->safety_stock >= 0 && stock->oversell_limit >= 0);
}

/* --- reading the numbers ---------------------------------------------------------------------------------------------- */

int64_t stock_available(const struct stock_numbers *stock)
{
    return stock->on_hand - stock->reserved - stock->allocated - stock->safety_stock;
}

int64_t stock_sellable(const struct stock_numbers *stock)
{
    return stock_available(stock) + stock->oversell_limit;
}

int64_t stock_obtainable(const struct stock_numbers *stock, int64_t held)
{
    if (PLANTED(UNGUARDED_DECREMENT))
        return STOCK_UNITS_MAX;
    return held + not_below_zero(stock_sellable(stock));
}

bool stock_is_held_in_cart(const struct stock_rules *rules, int64_t available, int64_t held)
{
    switch (rules->strategy) {
    case INVENTORY__STOCK_STRATEGY__STOCK_STRATEGY_PESSIMISTIC:
        return true;
    case INVENTORY__STOCK_STRATEGY__STOCK_STRATEGY_ADAPTIVE:
        return held > 0 || available < rules->scarce_below;
    default:
        return false;
    }
}

bool stock_is_low(const struct stock_rules *rules, int64_t available)
{
    return rules->reorder_point > 0 && available <= rules->reorder_point;
}

int64_t stock_bundles(int64_t units, int64_t units_each)
{
    ASSERT(units_each > 0);
    int64_t whole = units / units_each;
    return units % units_each < 0 ? whole - 1 : whole;
}

/* --- promising -------------------------------------------------------------------------------------------------------- */

enum result stock_reserve(struct stock_numbers *stock, int64_t held, int64_t wanted)
{
    assert_sound(stock);
    ASSERT(held >= 0 && held <= stock->reserved && wanted >= 0);
    if (wanted > stock_obtainable(stock, held))
        return RESULT_OUT_OF_STOCK;

    stock->reserved += wanted - held;
    return RESULT_OK;
}

enum result stock_allocate(struct stock_numbers *stock, int64_t held, int64_t wanted)
{
    enum result result = stock_reserve(stock, held, wanted);
    if (result != RESULT_OK)
        return result;

    stock->reserved -= wanted;
    stock->allocated += wanted;
    return RESULT_OK;
}

void stock_deallocate(struct stock_numbers *stock, int64_t quantity)
{
    assert_sound(stock);
    ASSERT(quantity >= 0 && quantity <= stock->allocated);
    stock->allocated -= quantity;
}

/* --- moving units ----------------------------------------------------------------------------------------------------- */

enum result stock_adjust(struct stock_numbers *stock, int64_t delta)
{
    assert_sound(stock);
    if (delta < -stock->on_hand)
        return RESULT_OUT_OF_STOCK;
    if (delta > STOCK_UNITS_MAX - stock->on_hand)
        return RESULT_OVERFLOW;

    stock->on_hand += delta;
    return RESULT_OK;
}

void stock_ship(struct stock_numbers *stock, int64_t quantity)
{
    stock_deallocate(stock, quantity);
    ASSERT(quantity <= stock->on_hand);
    stock->on_hand -= quantity;
}

/* --- locations -------------------------------------------------------------------------------------------------------- */

static int64_t location_free(const struct location_stock *location)
{
    return not_below_zero(location->on_hand - location->allocated);
}

void stock_choose_locations(const struct location_stock *locations, size_t count, size_t back_order, int64_t quantity,
                            int64_t *picks)
{
    ASSERT(back_order < count && quantity >= 0);
    for (size_t i = 0; i < count; i++)
        picks[i] = 0;

    for (size_t i = 0; i < count; i++)
        if (location_free(&locations[i]) >= quantity) {
            picks[i] = quantity;
            return;
        }

    int64_t missing = quantity;
    for (size_t i = 0; i < count && missing > 0; i++) {
        picks[i] = smaller(location_free(&locations[i]), missing);
        missing -= picks[i];
    }
    picks[back_order] += missing;
}
