#include "platform/rpc/breaker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define SECOND_US INT64_C(1000000)

static struct breaker breaker;
static int64_t now_us;

static int begin(void **state)
{
    (void)state;
    breaker = (struct breaker){.state = BREAKER_CLOSED};
    now_us = 1000 * SECOND_US;
    return 0;
}

static void calls(unsigned count, enum breaker_outcome outcome)
{
    while (count-- > 0) {
        enum breaker_admission admission = breaker_admit(&breaker, now_us);
        assert_int_not_equal(admission, BREAKER_REFUSES);
        breaker_note(&breaker, admission, outcome, now_us);
    }
}

static void half_of_them_failing_opens_it(void **state)
{
    (void)state;
    calls(10, BREAKER_SUCCEEDED);
    calls(9, BREAKER_FAILED);
    assert_int_equal(breaker.state, BREAKER_CLOSED);
    calls(1, BREAKER_FAILED);
    assert_int_equal(breaker.state, BREAKER_OPEN);
    assert_int_equal(breaker_admit(&breaker, now_us), BREAKER_REFUSES);
}

static void a_few_failures_say_little(void **state)
{
    (void)state;
    calls(BREAKER_CALLS_MIN - 1, BREAKER_FAILED);
    assert_int_equal(breaker.state, BREAKER_CLOSED);
    calls(1, BREAKER_FAILED);
    assert_int_equal(breaker.state, BREAKER_OPEN);
}

static void what_is_long_ago_is_forgotten(void **state)
{
    (void)state;
    calls(BREAKER_CALLS_MIN - 1, BREAKER_FAILED);
    now_us += BREAKER_WINDOW_SECONDS * SECOND_US;
    calls(1, BREAKER_FAILED);
    assert_int_equal(breaker.state, BREAKER_CLOSED);

    begin(NULL);
    calls(100, BREAKER_SUCCEEDED);
    now_us += BREAKER_WINDOW_SECONDS * SECOND_US;
    calls(BREAKER_CALLS_MIN, BREAKER_FAILED); /* a hundred successes of then don't hide that */
    assert_int_equal(breaker.state, BREAKER_OPEN);
}

static void callers_who_give_up_say_nothing(void **state)
{
    (void)state;
    calls(100, BREAKER_SILENT);
    assert_int_equal(breaker.state, BREAKER_CLOSED);
}

static void after_a_rest_one_probe_goes(void **state)
{
    (void)state;
    calls(BREAKER_CALLS_MIN, BREAKER_FAILED);
    now_us += BREAKER_REST_US - 1;
    assert_int_equal(breaker_admit(&breaker, now_us), BREAKER_REFUSES);
    now_us += 1;
    assert_int_equal(breaker_admit(&breaker, now_us), BREAKER_PROBES);
    assert_int_equal(breaker_admit(&breaker, now_us), BREAKER_REFUSES);

    breaker_note(&breaker, BREAKER_PROBES, BREAKER_FAILED, now_us);
    assert_int_equal(breaker_admit(&breaker, now_us), BREAKER_REFUSES);
    now_us += BREAKER_REST_US;
    assert_int_equal(breaker_admit(&breaker, now_us), BREAKER_PROBES);
    breaker_note(&breaker, BREAKER_PROBES, BREAKER_SUCCEEDED, now_us);
    assert_int_equal(breaker.state, BREAKER_CLOSED);
    calls(1, BREAKER_FAILED); /* those of before are forgotten */
    assert_int_equal(breaker.state, BREAKER_CLOSED);
}

static void a_probe_that_says_nothing_makes_room_for_another(void **state)
{
    (void)state;
    calls(BREAKER_CALLS_MIN, BREAKER_FAILED);
    now_us += BREAKER_REST_US;
    assert_int_equal(breaker_admit(&breaker, now_us), BREAKER_PROBES);
    breaker_note(&breaker, BREAKER_PROBES, BREAKER_SILENT, now_us);
    assert_int_equal(breaker_admit(&breaker, now_us), BREAKER_PROBES);
}

static void late_answers_change_nothing(void **state)
{
    (void)state;
    assert_int_equal(breaker_admit(&breaker, now_us), BREAKER_ADMITS);
    calls(BREAKER_CALLS_MIN, BREAKER_FAILED);
    breaker_note(&breaker, BREAKER_ADMITS, BREAKER_SUCCEEDED, now_us);
    assert_int_equal(breaker.state, BREAKER_OPEN);
}

static void a_sign_of_life_ends_the_rest(void **state)
{
    (void)state;
    breaker_hope(&breaker);
    assert_int_equal(breaker.state, BREAKER_CLOSED);
    calls(BREAKER_CALLS_MIN, BREAKER_FAILED);
    breaker_hope(&breaker);
    assert_int_equal(breaker_admit(&breaker, now_us), BREAKER_PROBES);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, begin)
    const struct CMUnitTest tests[] = {
        TEST(half_of_them_failing_opens_it),
        TEST(a_few_failures_say_little),
        TEST(what_is_long_ago_is_forgotten),
        TEST(callers_who_give_up_say_nothing),
        TEST(after_a_rest_one_probe_goes),
        TEST(a_probe_that_says_nothing_makes_room_for_another),
        TEST(late_answers_change_nothing),
        TEST(a_sign_of_life_ends_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
