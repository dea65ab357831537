#include "services/pricing/price.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define NOW_S 1800000000

static Pricing__Price *prices_of[16];
static Pricing__Price storage[16];
static Pricing__Prices prices;
static Pricing__PriceList summer, club, *lists[2];
static struct price_question question;

static void add(int64_t amount, const char *currency, int64_t min_quantity, const char *list)
{
    Pricing__Price *price = &storage[prices.n_prices];
    pricing__price__init(price);
    price->amount = amount;
    price->currency = currency;
    price->min_quantity = min_quantity;
    price->price_list = list;
    prices_of[prices.n_prices++] = price;
}

/* Two lists that hold everywhere and always. */
static int begin(void **state)
{
    (void)state;
    pricing__prices__init(&prices);
    prices.prices = prices_of;
    pricing__price_list__init(&summer);
    pricing__price_list__init(&club);
    summer.id = "summer";
    club.id = "club";
    lists[0] = &summer;
    lists[1] = &club;
    question = (struct price_question){
        .currency = "EUR", .channel = "", .quantity = 1, .now_us = NOW_S * INT64_C(1000000), .lists = lists, .list_count = 2};
    return 0;
}

/* 0: there is none. */
static int64_t chosen(void)
{
    const Pricing__Price *price = price_choose(&prices, &question);
    return price ? price->amount : 0;
}

static void there_may_be_none(void **state)
{
    (void)state;
    assert_null(price_choose(NULL, &question));
    assert_null(price_choose(&prices, &question));
    add(100, "USD", 0, "");
    add(100, "EUR", 2, "");
    add(100, "EUR", 0, "gone");
    assert_null(price_choose(&prices, &question));
}

static void the_nearest_tier_counts_whatever_the_order(void **state)
{
    (void)state;
    add(80, "EUR", 100, "");
    add(100, "EUR", 0, "");
    add(95, "EUR", 10, ""); /* dearer than the next one: what the merchant says counts */
    add(90, "EUR", 5, "");
    static const int64_t rows[][2] = {{1, 100}, {4, 100}, {5, 90}, {9, 90}, {10, 95}, {99, 95}, {100, 80}, {1000000, 80}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        question.quantity = rows[i][0];
        assert_int_equal(chosen(), rows[i][1]);
    }
}

static void a_list_wins_over_ordinary_prices(void **state)
{
    (void)state;
    add(100, "EUR", 0, "");
    add(120, "EUR", 0, "summer");
    summer.priority = -5;
    assert_int_equal(chosen(), 120);
}

static void the_higher_priority_wins_then_the_lower_price(void **state)
{
    (void)state;
    add(90, "EUR", 0, "summer");
    add(95, "EUR", 0, "club");
    assert_int_equal(chosen(), 90);
    club.priority = 1;
    assert_int_equal(chosen(), 95);
}

static void lists_of_one_priority_are_compared_by_their_nearest_tier(void **state)
{
    (void)state;
    add(50, "EUR", 1, "summer"); /* cheaper, but not the price for ten */
    add(70, "EUR", 1, "club");
    add(80, "EUR", 10, "summer");
    question.quantity = 10;
    assert_int_equal(chosen(), 70);
}

static void a_list_without_a_price_for_the_quantity_is_not_asked(void **state)
{
    (void)state;
    add(100, "EUR", 0, "");
    add(80, "EUR", 10, "summer");
    assert_int_equal(chosen(), 100);
}

static void lists_hold_where_and_when_they_say(void **state)
{
    (void)state;
    add(100, "EUR", 0, "");
    add(80, "EUR", 0, "summer");
    assert_int_equal(chosen(), 80);
    summer.disabled = true;
    assert_int_equal(chosen(), 100);
    summer.disabled = false;
    summer.currency = "USD";
    assert_int_equal(chosen(), 100);
    summer.currency = "EUR";
    summer.channel = "outlet";
    assert_int_equal(chosen(), 100);
    question.channel = "outlet";
    assert_int_equal(chosen(), 80);

    Google__Protobuf__Timestamp from, until;
    google__protobuf__timestamp__init(&from);
    google__protobuf__timestamp__init(&until);
    summer.starts_at = &from;
    summer.ends_at = &until;
    from.seconds = NOW_S;
    until.seconds = NOW_S + 1;
    assert_int_equal(chosen(), 80); /* the first moment is in */
    question.now_us += 999999;
    assert_int_equal(chosen(), 80);
    question.now_us += 1;
    assert_int_equal(chosen(), 100); /* the last one is not */
    question.now_us -= 1000001;
    assert_int_equal(chosen(), 100);
}

static void periods_compare_fractions_and_times_before_1970(void **state)
{
    (void)state;
    Google__Protobuf__Timestamp moment;
    google__protobuf__timestamp__init(&moment);
    assert_false(period_is_before(0, NULL));
    assert_true(period_holds(NULL, NULL, 0));
    moment.nanos = 1000;
    assert_true(period_is_before(0, &moment));
    assert_false(period_is_before(1, &moment));
    moment.seconds = -1;
    moment.nanos = 999999000;
    assert_false(period_is_before(-1, &moment)); /* the very moment */
    assert_true(period_is_before(-2, &moment));
    moment.seconds = INT64_MAX;
    assert_true(period_is_before(INT64_MAX, &moment));
    assert_true(moment_us(&moment) == INT64_MAX);
    moment.seconds = INT64_MIN;
    assert_false(period_is_before(INT64_MIN, &moment));
    assert_true(moment_us(&moment) == INT64_MIN);
    moment.seconds = 2;
    moment.nanos = 345678999;
    assert_int_equal(moment_us(&moment), 2345678);
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(there_may_be_none),
        TEST(the_nearest_tier_counts_whatever_the_order),
        TEST(a_list_wins_over_ordinary_prices),
        TEST(the_higher_priority_wins_then_the_lower_price),
        TEST(lists_of_one_priority_are_compared_by_their_nearest_tier),
        TEST(a_list_without_a_price_for_the_quantity_is_not_asked),
        TEST(lists_hold_where_and_when_they_say),
        TEST(periods_compare_fractions_and_times_before_1970),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
