#include "base/money.h"
#include "base/assert_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void currencies_are_those_of_iso_4217(void **state)
{
    (void)state;
    static const struct {
        const char *code;
        int exponent;
    } rows[] = {
        {"EUR", 2}, {"USD", 2}, {"AED", 2}, {"ZWG", 2}, {"JPY", 0}, {"BIF", 0}, {"XPF", 0},  {"BHD", 3}, {"TND", 3}, {"KWD", 3},
        {"eur", -1}, {"EU", -1}, {"EURO", -1}, {"", -1}, {"XXX", -1}, {"XTS", -1}, {"AAA", -1}, {"ZZZ", -1}, {"EUX", -1},
        {"DEM", -1}, {"UR ", -1}, {"R U", -1}, {"CLF", -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(currency_exponent(text_of(rows[i].code)), rows[i].exponent);

    /* Every code is found, so the lists are in order; 155 is the count of list one without what nobody pays with. */
    int found = 0;
    for (char a = 'A'; a <= 'Z'; a++)
        for (char b = 'A'; b <= 'Z'; b++)
            for (char c = 'A'; c <= 'Z'; c++)
                found += currency_exponent((struct text){(char[]){a, b, c}, 3}) >= 0;
    assert_int_equal(found, 155);
}

static void sums_are_checked(void **state)
{
    (void)state;
    int64_t out = 77;
    assert_true(money_add(INT64_MAX - 1, 1, &out));
    assert_int_equal(out, INT64_MAX);
    assert_false(money_add(INT64_MAX, 1, &out));
    assert_false(money_add(INT64_MIN, -1, &out));
    assert_int_equal(out, INT64_MAX); /* untouched */
    assert_true(money_subtract(-1, INT64_MAX, &out));
    assert_int_equal(out, INT64_MIN);
    assert_false(money_subtract(0, INT64_MIN, &out));
    assert_false(money_subtract(INT64_MIN, 1, &out));
    assert_int_equal(out, INT64_MIN);
    assert_true(money_multiply(INT64_MAX, -1, &out));
    assert_int_equal(out, -INT64_MAX);
    assert_false(money_multiply(INT64_MIN, -1, &out));
    assert_false(money_multiply(INT64_MAX / 2 + 1, 2, &out));
    assert_int_equal(out, -INT64_MAX);
}

static void scaling_rounds_half_away_from_zero(void **state)
{
    (void)state;
    static const struct {
        int64_t amount, numerator, denominator, scaled;
    } rows[] = {
        {100, 19, 100, 19},
        {5, 1, 10, 1},        /* 0.5 */
        {-5, 1, 10, -1},
        {5, -1, 10, -1},
        {-5, -1, 10, 1},
        {4, 1, 10, 0},
        {-4, 1, 10, 0},
        {15, 1, 10, 2},
        {1, 1, 3, 0},
        {2, 1, 3, 1},
        {0, INT64_MAX, 1, 0},
        {INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX},
        {INT64_MIN, INT64_MAX, INT64_MAX, INT64_MIN},
        {INT64_MIN, 1, 1, INT64_MIN},
        {INT64_MAX, 1, INT64_MAX, 1},
        {INT64_MAX / 2, 1, INT64_MAX, 0},     /* just below one half */
        {INT64_MAX / 2 + 1, 1, INT64_MAX, 1}, /* just above */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t scaled;
        assert_true(money_scale(rows[i].amount, rows[i].numerator, rows[i].denominator, &scaled));
        assert_int_equal(scaled, rows[i].scaled);
    }
    int64_t untouched = 77;
    assert_false(money_scale(INT64_MAX, 2, 1, &untouched));
    assert_false(money_scale(INT64_MIN, -1, 1, &untouched));
    assert_false(money_scale(INT64_MIN, INT64_MIN, 1, &untouched));
    assert_false(money_scale(INT64_MAX, 3, 2, &untouched));
    assert_int_equal(untouched, 77);
}

static void shares_go_to_the_largest_remainder(void **state)
{
    (void)state;
    static const struct {
        int64_t total, weights[4];
        size_t count;
        int64_t parts[4];
    } rows[] = {
        {100, {1, 1, 1}, 3, {34, 33, 33}},     /* ties to the earlier part */
        {-100, {1, 1, 1}, 3, {-34, -33, -33}},
        {10, {1, 2, 3}, 3, {2, 3, 5}},         /* 1.67, 3.33, 5 */
        {5, {0, 0, 0, 0}, 4, {2, 1, 1, 1}},
        {7, {0, 5, 0}, 3, {0, 7, 0}},
        {0, {1, 2}, 2, {0, 0}},
        {1, {1, 1, 2}, 3, {0, 0, 1}},
        {INT64_MIN, {1}, 1, {INT64_MIN}},
        {INT64_MIN, {0, 9}, 2, {0, INT64_MIN}},
        {INT64_MAX, {INT64_MAX, INT64_MAX}, 2, {INT64_MAX / 2 + 1, INT64_MAX / 2}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t parts[4];
        money_allocate(rows[i].total, rows[i].weights, rows[i].count, parts);
        for (size_t part = 0; part < rows[i].count; part++)
            assert_int_equal(parts[part], rows[i].parts[part]);
    }
}

/* A generator of our own, so that every machine draws the same. */
static uint64_t seed = 20261122;
static uint64_t draw(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}
/* Small, large and zero numbers alike, never negative. */
static int64_t draw_any_size(void)
{
    return (int64_t)((draw() >> 1) >> (draw() % 64));
}

static void parts_always_add_up(void **state)
{
    (void)state;
    for (int round = 0; round < 20000; round++) {
        int64_t weights[20], parts[20];
        size_t count = 1 + draw() % 20;
        int64_t total = draw_any_size() * (draw() % 2 ? 1 : -1);
        __int128 weight_sum = 0, part_sum = 0;
        for (size_t i = 0; i < count; i++) {
            weights[i] = draw_any_size();
            weight_sum += weights[i];
        }
        money_allocate(total, weights, count, parts);
        for (size_t i = 0; i < count; i++) {
            part_sum += parts[i];
            /* No part is further than one unit from its exact share: |part * sum - total * weight| < sum. */
            if (weight_sum > 0 && weight_sum < INT64_MAX) {
                __int128 difference = (__int128)parts[i] * weight_sum - (__int128)total * weights[i];
                assert_true(difference < weight_sum && -difference < weight_sum);
            }
        }
        assert_true(part_sum == total);
    }
}

static void decimals_are_read_exactly(void **state)
{
    (void)state;
    static const struct {
        const char *decimal;
        int exponent;
        bool valid;
        int64_t amount;
    } rows[] = {
        {"19.90", 2, true, 1990},
        {"19.9", 2, true, 1990},
        {"19", 2, true, 1900},
        {"19.90000", 2, true, 1990},
        {"0.05", 2, true, 5},
        {"-0.05", 2, true, -5},
        {"-0", 2, true, 0},
        {"007", 0, true, 7},
        {"7.00", 0, true, 7},
        {"1.234", 3, true, 1234},
        {"92233720368547758.07", 2, true, INT64_MAX},
        {"-92233720368547758.08", 2, true, INT64_MIN},
        {"92233720368547758.08", 2, false, 0},
        {"-92233720368547758.09", 2, false, 0},
        {"99999999999999999999999999999999999999999999999", 2, false, 0},
        {"19.901", 2, false, 0},
        {"7.5", 0, false, 0},
        {"", 2, false, 0},
        {"-", 2, false, 0},
        {".5", 2, false, 0},
        {"5.", 2, false, 0},
        {"+5", 2, false, 0},
        {"--5", 2, false, 0},
        {" 5", 2, false, 0},
        {"5 ", 2, false, 0},
        {"1,000.00", 2, false, 0},
        {"1e3", 2, false, 0},
        {"1.2.3", 2, false, 0},
        {"0x10", 2, false, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t amount = 77;
        assert_int_equal(money_parse(text_of(rows[i].decimal), rows[i].exponent, &amount), rows[i].valid);
        assert_int_equal(amount, rows[i].valid ? rows[i].amount : 77);
    }
}

static void amounts_are_written_with_all_digits(void **state)
{
    (void)state;
    static const struct {
        int64_t amount;
        int exponent;
        const char *decimal;
    } rows[] = {
        {1990, 2, "19.90"}, {5, 2, "0.05"}, {-5, 2, "-0.05"}, {0, 2, "0.00"}, {7, 0, "7"}, {-7, 0, "-7"}, {1234, 3, "1.234"},
        {INT64_MIN, 2, "-92233720368547758.08"}, {INT64_MAX, 0, "9223372036854775807"}, {INT64_MIN, 18, "-9.223372036854775808"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char decimal[32];
        int64_t amount;
        money_format(rows[i].amount, rows[i].exponent, decimal);
        assert_string_equal(decimal, rows[i].decimal);
        assert_true(money_parse(text_of(decimal), rows[i].exponent, &amount));
        assert_int_equal(amount, rows[i].amount);
    }
}

static void divide_by_zero(void)
{
    int64_t scaled;
    money_scale(1, 1, 0, &scaled);
}

static void share_among_nobody(void)
{
    money_allocate(1, NULL, 0, NULL);
}

static void share_by_a_negative_weight(void)
{
    int64_t parts[2];
    money_allocate(1, (const int64_t[]){2, -1}, 2, parts);
}

static void wrong_use_is_asserted(void **state)
{
    (void)state;
    assert_true(ends_in_assertion(divide_by_zero));
    assert_true(ends_in_assertion(share_among_nobody));
    assert_true(ends_in_assertion(share_by_a_negative_weight));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(currencies_are_those_of_iso_4217),
        cmocka_unit_test(sums_are_checked),
        cmocka_unit_test(scaling_rounds_half_away_from_zero),
        cmocka_unit_test(shares_go_to_the_largest_remainder),
        cmocka_unit_test(parts_always_add_up),
        cmocka_unit_test(decimals_are_read_exactly),
        cmocka_unit_test(amounts_are_written_with_all_digits),
        cmocka_unit_test(wrong_use_is_asserted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
