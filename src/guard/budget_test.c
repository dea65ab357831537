/*
 * Budgets under a clock of the test's own.
 */
#include "guard/budget.c"

#include <setjmp.h>
#include <stdatomic.h>
#include <stdarg.h>
/* cmocka needs what is above it. */
#include <cmocka.h>

static int64_t clock_us;
static int64_t test_monotonic(struct env *env)
{
    (void)env;
    return clock_us;
}
static void test_random(struct env *env, void *bytes, size_t count)
{
    (void)env;
    memset(bytes, 7, count);
}
static const struct env_operations test_operations = {.monotonic_us = test_monotonic, .random = test_random};
static struct env test_env = {.operations = &test_operations};

static const struct actor nobody = {.kind = ACTOR_ANONYMOUS, .id = ""}, admin = {.kind = ACTOR_STAFF, .id = "admin"},
                          ann = {.kind = ACTOR_CUSTOMER, .id = "ann"};
static const struct text nothing = {NULL, 0};

static int begin(void **state)
{
    clock_us = 1000 * MILLION;
    *state = budget_new(&test_env, (struct budget_rate){100, 10}, (struct budget_rate){1000, 500});
    return 0;
}
static int end(void **state)
{
    budget_free(*state);
    return 0;
}

static struct budget_client at(const struct budget *budget, const char *peer, const char *forwarded_for)
{
    return budget_client_of(budget, &nobody, text_of(peer), text_of(forwarded_for));
}

static void a_bucket_empties_and_refills(void **state)
{
    struct budget *budget = *state;
    struct budget_client client = at(budget, "203.0.113.7", NULL);
    struct budget_state now;

    assert_true(budget_take(budget, client, 90, &now));
    assert_int_equal(now.available, 10);
    assert_int_equal(now.maximum, 100);
    assert_int_equal(now.full_us, 9 * MILLION);

    assert_false(budget_take(budget, client, 15, &now));
    assert_int_equal(now.available, 10); /* nothing was taken */
    assert_int_equal(now.wait_us, MILLION / 2);
    assert_int_equal(budget_retry_seconds(&now), 1);

    clock_us += MILLION / 2 - 1;
    assert_false(budget_take(budget, client, 15, &now));
    clock_us += 1;
    assert_true(budget_take(budget, client, 15, &now));
    assert_int_equal(now.available, 0);

    clock_us += 1000 * MILLION;
    assert_true(budget_take(budget, client, 0, &now));
    assert_int_equal(now.available, 100); /* and not more */
    assert_int_equal(now.full_us, 0);
}

static void small_steps_of_time_add_up(void **state)
{
    struct budget *budget = *state;
    struct budget_client client = at(budget, "203.0.113.7", NULL);
    struct budget_state now;
    assert_true(budget_take(budget, client, 100, &now));
    for (int i = 0; i < 100000; i++) {
        clock_us += 1;
        assert_false(budget_take(budget, client, 100, &now));
    }
    assert_int_equal(now.available, 1); /* a tenth of a second at ten a second */
}

static void what_can_never_be_paid_is_told(void **state)
{
    struct budget *budget = *state;
    struct budget_state now;
    assert_false(budget_take(budget, at(budget, "203.0.113.7", NULL), 101, &now));
    assert_int_equal(now.wait_us, -1);
    assert_int_equal(now.available, 100);
    assert_false(budget_take(budget, at(budget, "203.0.113.7", NULL), INT64_MAX, &now));
    assert_int_equal(now.wait_us, -1);
}

static void what_was_not_used_comes_back(void **state)
{
    struct budget *budget = *state;
    struct budget_client client = at(budget, "203.0.113.7", NULL);
    struct budget_state now;
    assert_true(budget_take(budget, client, 60, &now));
    budget_give_back(budget, client, 20, &now);
    assert_int_equal(now.available, 60);
    budget_give_back(budget, client, 100, &now);
    assert_int_equal(now.available, 100);
}

static void clients_are_accounts_and_addresses(void **state)
{
    const struct budget *budget = *state;
    assert_int_not_equal(at(budget, "203.0.113.7", NULL).id, at(budget, "203.0.113.8", NULL).id);
    /* A household has a whole /64. */
    assert_true(at(budget, "2001:db8:1:2::1", NULL).id == at(budget, "2001:db8:1:2:ffff::2", NULL).id);
    assert_true(at(budget, "2001:db8:1:2::1", NULL).id != at(budget, "2001:db8:1:3::1", NULL).id);
    assert_true(at(budget, "::ffff:203.0.113.7", NULL).id == at(budget, "203.0.113.7", NULL).id);

    struct budget_client customer = budget_client_of(budget, &ann, TEXT("203.0.113.7"), nothing);
    assert_true(customer.id == budget_client_of(budget, &ann, TEXT("198.51.100.1"), nothing).id);
    assert_false(customer.staff);
    assert_true(budget_client_of(budget, &admin, TEXT("203.0.113.7"), nothing).staff);
}

static void only_this_machine_may_speak_for_others(void **state)
{
    const struct budget *budget = *state;
    uint64_t seven = at(budget, "203.0.113.7", NULL).id;
    assert_true(at(budget, "127.0.0.1", NULL).staff);
    assert_true(at(budget, "::1", NULL).staff);
    assert_true(at(budget, "127.0.0.1", "203.0.113.7").id == seven);
    assert_false(at(budget, "127.0.0.1", "203.0.113.7").staff);
    assert_true(at(budget, "::1", "198.51.100.1, 203.0.113.7").id == seven); /* only the last one is the proxy's own word */
    assert_true(at(budget, "::1", "[2001:db8::1]").id == at(budget, "2001:db8::1", NULL).id);
    assert_true(at(budget, "127.0.0.1", "unknown").staff);
    assert_true(at(budget, "203.0.113.7", "127.0.0.1").id == seven); /* a stranger's word is not taken */
    assert_false(at(budget, "203.0.113.7", "127.0.0.1").staff);
}

static void rates_are_read(void **state)
{
    (void)state;
    struct budget_rate rate;
    assert_true(budget_rate_read(&rate, TEXT("10000:1000")));
    assert_int_equal(rate.maximum, 10000);
    assert_int_equal(rate.restore_per_second, 1000);
    const char *wrong[] = {"", "1000", "1000:", ":10", "99:10", "1000:0", "1000:2000", "1000:10:1", "-1000:10", "2000000000:10"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_false(budget_rate_read(&rate, text_of(wrong[i])));
}

static void fields_are_structured(void **state)
{
    struct budget *budget = *state;
    struct budget_state now;
    char field[BUDGET_FIELD_BYTES];
    assert_true(budget_take(budget, at(budget, "203.0.113.7", NULL), 45, &now));
    budget_write_policy(&now, field);
    assert_string_equal(field, "\"client\";q=100;w=10");
    budget_write_left(&now, field);
    assert_string_equal(field, "\"client\";r=55;t=5");
}

/* More clients than there is room for: the table stays as it is, and of a set the emptiest buckets stay. */
static void a_flood_of_addresses_forgets_the_fullest(void **state)
{
    struct budget *budget = *state;
    struct budget_client poor = {.id = SETS + 5};
    struct budget_state now;
    assert_true(budget_take(budget, poor, 100, &now));
    for (uint64_t i = 2; i < 1000; i++) {
        struct budget_client other = {.id = i * SETS + 5};
        assert_true(budget_take(budget, other, 1, &now));
    }
    assert_false(budget_take(budget, poor, 1, &now));
}

/* For the thread sanitizer, and: no point is given twice. */
static atomic_int_fast64_t taken_together;
static void *take_many(void *data)
{
    struct budget *budget = data;
    struct budget_state now;
    for (int i = 0; i < 1000; i++)
        if (budget_take(budget, at(budget, "203.0.113.7", NULL), 1, &now))
            atomic_fetch_add(&taken_together, 1);
    return NULL;
}
static void threads_share_it(void **state)
{
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, take_many, *state);
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(taken_together, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_bucket_empties_and_refills, begin, end),
        cmocka_unit_test_setup_teardown(small_steps_of_time_add_up, begin, end),
        cmocka_unit_test_setup_teardown(what_can_never_be_paid_is_told, begin, end),
        cmocka_unit_test_setup_teardown(what_was_not_used_comes_back, begin, end),
        cmocka_unit_test_setup_teardown(clients_are_accounts_and_addresses, begin, end),
        cmocka_unit_test_setup_teardown(only_this_machine_may_speak_for_others, begin, end),
        cmocka_unit_test(rates_are_read),
        cmocka_unit_test_setup_teardown(fields_are_structured, begin, end),
        cmocka_unit_test_setup_teardown(a_flood_of_addresses_forgets_the_fullest, begin, end),
        cmocka_unit_test_setup_teardown(threads_share_it, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
