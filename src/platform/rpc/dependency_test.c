#include "platform/rpc/dependency.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define NOW_US INT64_C(1000000000)
#define ROOM 3

static struct dependency dependency;
static enum breaker_admission admission;

static int begin(void **state)
{
    (void)state;
    dependency_init(&dependency, "inventory", ROOM);
    return 0;
}

static int end(void **state)
{
    (void)state;
    dependency_release(&dependency);
    return 0;
}

static void over_the_bulkhead_is_overloaded_at_once(void **state)
{
    (void)state;
    for (int i = 0; i < ROOM; i++)
        assert_int_equal(dependency_enter(&dependency, NOW_US, &admission), RESULT_OK);
    assert_int_equal(dependency_enter(&dependency, NOW_US, &admission), RESULT_OVERLOADED);
    assert_int_equal(dependency_counts(&dependency).refused_full, 1);
    assert_int_equal(dependency_counts(&dependency).under_way, ROOM);

    dependency_leave(&dependency, BREAKER_ADMITS, BREAKER_SUCCEEDED, NOW_US);
    assert_int_equal(dependency_enter(&dependency, NOW_US, &admission), RESULT_OK);
}

static void an_open_breaker_says_who_is_away(void **state)
{
    (void)state;
    for (int i = 0; i < BREAKER_CALLS_MIN; i++) {
        assert_int_equal(dependency_enter(&dependency, NOW_US, &admission), RESULT_OK);
        dependency_leave(&dependency, admission, BREAKER_FAILED, NOW_US);
    }
    assert_int_equal(dependency_enter(&dependency, NOW_US, &admission), RESULT_INVENTORY_UNAVAILABLE);
    assert_int_equal(dependency_counts(&dependency).refused_open, 1);
    assert_int_equal(dependency_counts(&dependency).under_way, 0);
    assert_int_equal(dependency_counts(&dependency).failed, BREAKER_CALLS_MIN);
    assert_int_equal(dependency_state(&dependency), BREAKER_OPEN);

    dependency_hope(&dependency);
    assert_int_equal(dependency_enter(&dependency, NOW_US, &admission), RESULT_OK);
    assert_int_equal(admission, BREAKER_PROBES);
    dependency_leave(&dependency, admission, BREAKER_SUCCEEDED, NOW_US);
    assert_int_equal(dependency_state(&dependency), BREAKER_CLOSED);
}

static void retries_are_paid_for(void **state)
{
    (void)state;
    for (int i = 0; i < RETRY_BUDGET_RETRIES; i++)
        assert_true(dependency_may_retry(&dependency));
    assert_false(dependency_may_retry(&dependency));
    assert_int_equal(dependency_counts(&dependency).retried, RETRY_BUDGET_RETRIES);
}

static void a_service_without_a_word_of_its_own_is_unavailable(void **state)
{
    (void)state;
    struct dependency other;
    dependency_init(&other, "weather", ROOM);
    assert_int_equal(other.away, RESULT_UNAVAILABLE);
    dependency_release(&other);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(over_the_bulkhead_is_overloaded_at_once),
        TEST(an_open_breaker_says_who_is_away),
        TEST(retries_are_paid_for),
        TEST(a_service_without_a_word_of_its_own_is_unavailable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
