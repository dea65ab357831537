#include "services/inventory/stock.h"

#include "base/assert_test.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <string.h>

#define OPTIMISTIC INVENTORY__STOCK_STRATEGY__STOCK_STRATEGY_OPTIMISTIC
#define PESSIMISTIC INVENTORY__STOCK_STRATEGY__STOCK_STRATEGY_PESSIMISTIC
#define ADAPTIVE INVENTORY__STOCK_STRATEGY__STOCK_STRATEGY_ADAPTIVE

/* --- rows: before, what is asked for, and what comes of it ------------------------------------------------------------ */

struct promise_row {
    const char *what;
    struct stock_numbers before;
    int64_t held, wanted;
    enum result result;
    int64_t reserved, allocated; /* afterwards, when the result is OK */
};

static void reserving(void **state)
{
    (void)state;
    static const struct promise_row rows[] = {
        /*                              hand res all safe over   held want  result               res all */
        {"the last one",               {1,   0,  0,  0,   0},    0,   1,    RESULT_OK,            1,  0},
        {"one more than there is",     {1,   0,  0,  0,   0},    0,   2,    RESULT_OUT_OF_STOCK,  0,  0},
        {"nothing, of nothing",        {0,   0,  0,  0,   0},    0,   0,    RESULT_OK,            0,  0},
        {"what another holds",         {1,   1,  0,  0,   0},    0,   1,    RESULT_OUT_OF_STOCK,  0,  0},
        {"what is promised",           {1,   0,  1,  0,   0},    0,   1,    RESULT_OUT_OF_STOCK,  0,  0},
        {"the safety stock",           {5,   0,  0,  5,   0},    0,   1,    RESULT_OUT_OF_STOCK,  0,  0},
        {"beside the safety stock",    {5,   0,  0,  4,   0},    0,   1,    RESULT_OK,            1,  0},
        {"a back order",               {0,   0,  0,  0,   2},    0,   2,    RESULT_OK,            2,  0},
        {"one back order too many",    {0,   0,  0,  0,   2},    0,   3,    RESULT_OUT_OF_STOCK,  0,  0},
        {"more, with its own",         {5,   3,  0,  0,   0},    3,   5,    RESULT_OK,            5,  0},
        {"more than its own and free", {5,   3,  0,  0,   0},    3,   6,    RESULT_OUT_OF_STOCK,  0,  0},
        {"its own beside another's",   {5,   4,  0,  0,   0},    3,   5,    RESULT_OUT_OF_STOCK,  0,  0},
        {"the same again",             {5,   5,  0,  0,   0},    5,   5,    RESULT_OK,            5,  0},
        {"fewer",                      {5,   5,  0,  0,   0},    5,   2,    RESULT_OK,            2,  0},
        {"the same, though it broke",  {0,   2,  0,  0,   0},    2,   2,    RESULT_OK,            2,  0},
        {"fewer, though it broke",     {0,   2,  0,  0,   0},    2,   1,    RESULT_OK,            1,  0},
        {"more, though it broke",      {1,   2,  0,  0,   0},    2,   3,    RESULT_OUT_OF_STOCK,  0,  0},
        {"beyond all numbers",         {5,   0,  0,  0,   5},    0,   INT64_MAX, RESULT_OUT_OF_STOCK, 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct promise_row *row = &rows[i];
        struct stock_numbers after = row->before;
        print_message("%s\n", row->what);
        assert_int_equal(stock_reserve(&after, row->held, row->wanted), row->result);
        if (row->result == RESULT_OK)
            assert_int_equal(after.reserved, row->reserved);
        else
            assert_memory_equal(&after, &row->before, sizeof after);
    }
}

static void allocating(void **state)
{
    (void)state;
    static const struct promise_row rows[] = {
        /*                              hand res all safe over   held want  result               res all */
        {"what is held",               {2,   2,  0,  0,   0},    2,   2,    RESULT_OK,            0,  2},
        {"less than is held",          {2,   2,  0,  0,   0},    2,   1,    RESULT_OK,            0,  1},
        {"without a reservation",      {2,   0,  0,  0,   0},    0,   2,    RESULT_OK,            0,  2},
        {"some held, some free",       {3,   2,  0,  0,   0},    2,   3,    RESULT_OK,            0,  3},
        {"what another took since",    {1,   1,  0,  0,   0},    0,   1,    RESULT_OUT_OF_STOCK,  0,  0},
        {"held, though it broke",      {0,   2,  0,  0,   0},    2,   2,    RESULT_OK,            0,  2},
        {"a back order",               {0,   1,  3,  0,   4},    1,   1,    RESULT_OK,            0,  4},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct promise_row *row = &rows[i];
        struct stock_numbers after = row->before;
        print_message("%s\n", row->what);
        assert_int_equal(stock_allocate(&after, row->held, row->wanted), row->result);
        if (row->result == RESULT_OK) {
            assert_int_equal(after.reserved, row->reserved);
            assert_int_equal(after.allocated, row->allocated);
        } else {
            assert_memory_equal(&after, &row->before, sizeof after);
        }
    }
}

static void adjusting(void **state)
{
    (void)state;
    static const struct {
        int64_t on_hand, delta;
        enum result result;
    } rows[] = {
        {0, 5, RESULT_OK},
        {5, -5, RESULT_OK},
        {5, 0, RESULT_OK},
        {5, -6, RESULT_OUT_OF_STOCK},
        {0, INT64_MIN, RESULT_OUT_OF_STOCK},
        {STOCK_UNITS_MAX - 1, 1, RESULT_OK},
        {STOCK_UNITS_MAX, 1, RESULT_OVERFLOW},
        {1, INT64_MAX, RESULT_OVERFLOW},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct stock_numbers stock = {.on_hand = rows[i].on_hand, .reserved = 3};
        assert_int_equal(stock_adjust(&stock, rows[i].delta), rows[i].result);
        assert_int_equal(stock.on_hand, rows[i].on_hand + (rows[i].result == RESULT_OK ? rows[i].delta : 0));
        assert_int_equal(stock.reserved, 3); /* what is promised stays so, whatever broke */
    }
}

static void strategies(void **state)
{
    (void)state;
    static const struct {
        Inventory__StockStrategy strategy;
        int64_t available, held;
        bool held_in_cart;
    } rows[] = {
        {OPTIMISTIC, 1, 0, false},  {PESSIMISTIC, 1000, 0, true}, {ADAPTIVE, 9, 0, true},
        {ADAPTIVE, 10, 0, false},   {ADAPTIVE, 10, 1, true},      {ADAPTIVE, -1, 0, true},
        {OPTIMISTIC, 1, 1, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct stock_rules rules = {.strategy = rows[i].strategy, .scarce_below = 10};
        assert_int_equal(stock_is_held_in_cart(&rules, rows[i].available, rows[i].held), rows[i].held_in_cart);
    }
}

static void running_low(void **state)
{
    (void)state;
    assert_true(stock_is_low(&(struct stock_rules){.reorder_point = 3}, 3));
    assert_false(stock_is_low(&(struct stock_rules){.reorder_point = 3}, 4));
    assert_false(stock_is_low(&(struct stock_rules){.reorder_point = 0}, 0)); /* 0 is never */
}

static void bundles_are_rounded_down(void **state)
{
    (void)state;
    assert_int_equal(stock_bundles(7, 2), 3);
    assert_int_equal(stock_bundles(6, 2), 3);
    assert_int_equal(stock_bundles(1, 2), 0);
    assert_int_equal(stock_bundles(-1, 2), -1);
    assert_int_equal(stock_bundles(-2, 2), -1);
    assert_int_equal(stock_bundles(-3, 2), -2);
}

static void choosing_locations(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        struct location_stock locations[3]; /* the last takes back orders */
        int64_t quantity, picks[3];
    } rows[] = {
        {"the first that has enough", {{"a", 5, 0}, {"b", 9, 0}, {"c", 9, 0}}, 5, {5, 0, 0}},
        {"one that has enough before two", {{"a", 4, 0}, {"b", 9, 0}, {"c", 9, 0}}, 5, {0, 5, 0}},
        {"what is promised there is not free", {{"a", 5, 1}, {"b", 5, 0}, {"c", 0, 0}}, 5, {0, 5, 0}},
        {"split, by priority", {{"a", 2, 0}, {"b", 2, 0}, {"c", 2, 0}}, 5, {2, 2, 1}},
        {"the rest on back order", {{"a", 2, 0}, {"b", 1, 0}, {"c", 0, 0}}, 5, {2, 1, 2}},
        {"back orders there already", {{"a", 1, 0}, {"b", 0, 3}, {"c", 0, 4}}, 2, {1, 0, 1}},
        {"nothing", {{"a", 1, 0}, {"b", 0, 0}, {"c", 0, 0}}, 0, {0, 0, 0}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t picks[3];
        print_message("%s\n", rows[i].what);
        stock_choose_locations(rows[i].locations, 3, 2, rows[i].quantity, picks);
        assert_memory_equal(picks, rows[i].picks, sizeof picks);
    }
}

static void ship_what_was_never_promised(void)
{
    stock_ship(&(struct stock_numbers){.on_hand = 5, .allocated = 1}, 2);
}
static void ship_what_is_not_there(void)
{
    stock_ship(&(struct stock_numbers){.on_hand = 1, .allocated = 2}, 2);
}
static void reserve_with_units_nobody_holds(void)
{
    stock_reserve(&(struct stock_numbers){.on_hand = 5, .reserved = 1}, 2, 2);
}

static void our_own_mistakes_end_the_process(void **state)
{
    (void)state;
    assert_true(ends_in_assertion(ship_what_was_never_promised));
    assert_true(ends_in_assertion(ship_what_is_not_there));
    assert_true(ends_in_assertion(reserve_with_units_nobody_holds));
}

/* --- random operations against a model that counts single promises ---------------------------------------------------- */

#define BUYERS 5

/* Nothing clever: who was promised what. Totals are added up anew each time. */
struct model {
    int64_t on_hand, safety_stock, oversell_limit;
    int64_t held[BUYERS], ordered[BUYERS];
};

static int64_t model_promised(const struct model *model)
{
    int64_t promised = 0;
    for (int i = 0; i < BUYERS; i++)
        promised += model->held[i] + model->ordered[i];
    return promised;
}

/* Whether the buyer may have `more` new units. */
static bool model_allows(const struct model *model, int64_t more)
{
    return more <= 0 || model_promised(model) + more <= model->on_hand - model->safety_stock + model->oversell_limit;
}

static uint64_t random_number(uint64_t *seed) /* xorshift64* */
{
    *seed ^= *seed >> 12;
    *seed ^= *seed << 25;
    *seed ^= *seed >> 27;
    return *seed * UINT64_C(2685821657736338717);
}

static int64_t random_below(uint64_t *seed, int64_t end)
{
    return (int64_t)(random_number(seed) % (uint64_t)end);
}

static void assert_agree(const struct stock_numbers *stock, const struct model *model)
{
    int64_t held = 0, ordered = 0;
    for (int i = 0; i < BUYERS; i++) {
        held += model->held[i];
        ordered += model->ordered[i];
    }
    assert_int_equal(stock->on_hand, model->on_hand);
    assert_int_equal(stock->reserved, held);
    assert_int_equal(stock->allocated, ordered);
    assert_int_equal(stock->on_hand, stock_available(stock) + stock->reserved + stock->allocated + stock->safety_stock);
}

static void step(struct stock_numbers *stock, struct model *model, uint64_t *seed)
{
    size_t buyer = (size_t)random_below(seed, BUYERS);
    int64_t quantity = random_below(seed, 8), held = model->held[buyer];
    switch (random_below(seed, 8)) {
    case 0:
    case 1:
    case 2: {
        bool allowed = model_allows(model, quantity - held);
        int64_t sellable = stock_sellable(stock);
        assert_int_equal(stock_reserve(stock, held, quantity), allowed ? RESULT_OK : RESULT_OUT_OF_STOCK);
        if (allowed)
            model->held[buyer] = quantity;
        if (allowed && quantity > held)
            assert_true(sellable >= quantity - held && stock_sellable(stock) >= 0); /* never oversold */
        break;
    }
    case 3: {
        bool allowed = model_allows(model, quantity - held);
        assert_int_equal(stock_allocate(stock, held, quantity), allowed ? RESULT_OK : RESULT_OUT_OF_STOCK);
        if (allowed) {
            model->held[buyer] = 0;
            model->ordered[buyer] += quantity;
        }
        break;
    }
    case 4:
        if (quantity <= model->ordered[buyer]) {
            stock_deallocate(stock, quantity);
            model->ordered[buyer] -= quantity;
        }
        break;
    case 5:
        if (quantity <= model->ordered[buyer] && quantity <= model->on_hand) {
            stock_ship(stock, quantity);
            model->ordered[buyer] -= quantity;
            model->on_hand -= quantity;
        }
        break;
    case 6: {
        int64_t delta = random_below(seed, 21) - 8;
        bool allowed = model->on_hand + delta >= 0;
        assert_int_equal(stock_adjust(stock, delta), allowed ? RESULT_OK : RESULT_OUT_OF_STOCK);
        model->on_hand += allowed ? delta : 0;
        break;
    }
    case 7:
        stock->safety_stock = model->safety_stock = random_below(seed, 4);
        stock->oversell_limit = model->oversell_limit = random_below(seed, 3) * random_below(seed, 3);
        break;
    }
}

static void random_operations_agree_with_the_model(void **state)
{
    (void)state;
    for (uint64_t first = 1; first <= 300; first++) {
        uint64_t seed = first;
        struct stock_numbers stock = {0};
        struct model model = {0};
        for (int i = 0; i < 200; i++) {
            step(&stock, &model, &seed);
            assert_agree(&stock, &model);
        }
    }
}

static void random_picks_add_up(void **state)
{
    (void)state;
    uint64_t seed = 7;
    for (int round = 0; round < 5000; round++) {
        struct location_stock locations[4];
        size_t count = (size_t)random_below(&seed, 4) + 1, back_order = (size_t)random_below(&seed, (int64_t)count);
        int64_t quantity = random_below(&seed, 12), picks[4], picked = 0, free_units = 0;
        for (size_t i = 0; i < count; i++)
            locations[i] = (struct location_stock){"x", random_below(&seed, 8), random_below(&seed, 8)};

        stock_choose_locations(locations, count, back_order, quantity, picks);
        for (size_t i = 0; i < count; i++) {
            int64_t here = locations[i].on_hand - locations[i].allocated;
            free_units += here > 0 ? here : 0;
            picked += picks[i];
            assert_true(picks[i] >= 0);
            if (i != back_order)
                assert_true(picks[i] <= (here > 0 ? here : 0)); /* only one place takes back orders */
        }
        assert_int_equal(picked, quantity);
        int64_t here = locations[back_order].on_hand - locations[back_order].allocated;
        if (free_units >= quantity)
            assert_true(picks[back_order] <= (here > 0 ? here : 0)); /* and only when nobody has any */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reserving),
        cmocka_unit_test(allocating),
        cmocka_unit_test(adjusting),
        cmocka_unit_test(strategies),
        cmocka_unit_test(running_low),
        cmocka_unit_test(bundles_are_rounded_down),
        cmocka_unit_test(choosing_locations),
        cmocka_unit_test(our_own_mistakes_end_the_process),
        cmocka_unit_test(random_operations_agree_with_the_model),
        cmocka_unit_test(random_picks_add_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
