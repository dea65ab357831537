#include "platform/rpc/retry_budget.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static unsigned spend_all(struct retry_budget *budget)
{
    unsigned count = 0;
    while (retry_budget_spend(budget))
        count++;
    return count;
}

static void a_tenth_of_the_calls_may_be_repeated(void **state)
{
    (void)state;
    struct retry_budget budget;
    retry_budget_init(&budget);
    assert_int_equal(spend_all(&budget), RETRY_BUDGET_RETRIES);
    for (int i = 0; i < 39; i++)
        retry_budget_earn(&budget);
    assert_int_equal(spend_all(&budget), 3);
    retry_budget_earn(&budget); /* what was left over counts */
    assert_int_equal(spend_all(&budget), 1);
}

static void no_more_is_saved_up_than_it_holds(void **state)
{
    (void)state;
    struct retry_budget budget;
    retry_budget_init(&budget);
    for (int i = 0; i < 10000; i++)
        retry_budget_earn(&budget);
    assert_int_equal(spend_all(&budget), RETRY_BUDGET_RETRIES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tenth_of_the_calls_may_be_repeated),
        cmocka_unit_test(no_more_is_saved_up_than_it_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
