/*
 * Budgets of two processes that share them in Redis, which tests/with-redis starts and names in SOUK_TEST_REDIS.
 */
#include "guard/budget_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* One point a second comes back: so slowly that no test sees more than some. */
#define SLACK 20
static const struct actor ann = {.kind = ACTOR_CUSTOMER, .id = "ann"}, ben = {.kind = ACTOR_CUSTOMER, .id = "ben"};
static const struct text nothing = {NULL, 0};

static struct loop *loop;
static struct redis *redis[2];
static struct budget *budgets[2];
static bool (*wanted)(void);
static struct timer ticking;

static void on_tick(struct timer *timer)
{
    if (wanted())
        machine_loop_stop(loop);
    else
        timer_start(loop, timer, 1000);
}

static void run_until(bool (*condition)(void))
{
    wanted = condition;
    ticking.run = on_tick;
    timer_start(loop, &ticking, 0);
    machine_loop_run(loop);
}

static bool both_are_ready(void)
{
    return redis_is_ready(redis[0]) && redis_is_ready(redis[1]);
}
static bool none_is_ready(void)
{
    return !redis_is_ready(redis[0]) && !redis_is_ready(redis[1]);
}

static void control(const char *words)
{
    char command[512];
    snprintf(command, sizeof command, "%s %s >/dev/null", getenv("SOUK_TEST_REDIS_CONTROL"), words);
    assert_int_equal(system(command), 0);
}

static int begin(void **state)
{
    struct redis_address address;
    char error[512], name[40];
    static int number;
    (void)state;
    if (getenv("SOUK_TEST_REDIS") == NULL)
        return 0;
    assert_true(redis_address_read(&address, getenv("SOUK_TEST_REDIS"), error));
    address.wait_us = INT64_C(30000000); /* this is not about how fast it is */
    snprintf(name, sizeof name, "{souk}:test:%d:%d", (int)getpid(), ++number);
    loop = machine_loop_new(env_machine());
    for (size_t i = 0; i < 2; i++) {
        redis[i] = redis_new(env_machine(), &address, &loop, 1);
        budgets[i] = budget_new(env_machine(), (struct budget_rate){1000, 1}, (struct budget_rate){5000, 1});
        budget_share(budgets[i], redis[i], name);
        redis_start(redis[i]);
    }
    run_until(both_are_ready);
    return 0;
}

static int end(void **state)
{
    (void)state;
    if (loop == NULL)
        return 0;
    for (size_t i = 0; i < 2; i++) {
        redis_close(redis[i], loop);
        budget_free(budgets[i]);
        redis_free(redis[i]);
    }
    machine_loop_free(loop);
    loop = NULL;
    return 0;
}

#define NEEDS_REDIS()                            \
    do {                                         \
        (void)state;                             \
        if (getenv("SOUK_TEST_REDIS") == NULL)   \
            skip();                              \
    } while (0)

static struct budget_client client_of(size_t process, const struct actor *actor)
{
    struct budget_client client = budget_client_of(budgets[process], actor, TEXT("203.0.113.7"), nothing);
    client.loop = loop;
    return client;
}

static bool decided;
static void on_done(struct budget_payment *payment)
{
    (void)payment;
    decided = true;
}
static bool is_decided(void)
{
    return decided;
}

static bool pay(size_t process, const struct actor *actor, int64_t cost, struct budget_state *budget)
{
    struct budget_payment payment = {.client = client_of(process, actor), .cost = cost, .done = on_done};
    decided = budget_pay(budgets[process], &payment);
    if (!decided)
        run_until(is_decided);
    *budget = payment.state;
    return payment.paid;
}

static void assert_left(const struct budget_state *budget, int64_t left)
{
    assert_in_range(budget->available, left, left + SLACK);
}

static void one_budget_serves_both(void **state)
{
    struct budget_state now;
    NEEDS_REDIS();
    assert_true(pay(0, &ann, 600, &now));
    assert_left(&now, 400);
    assert_true(pay(1, &ann, 300, &now));
    assert_left(&now, 100);
    assert_int_equal(now.maximum, 1000);
    assert_in_range(now.full_us, (900 - SLACK) * BUDGET_MILLION, 900 * BUDGET_MILLION);
    assert_false(pay(0, &ann, 300, &now));
    assert_left(&now, 100);
    assert_in_range(now.wait_us, (200 - SLACK) * BUDGET_MILLION, 200 * BUDGET_MILLION);
    assert_true(pay(1, &ben, 300, &now)); /* another client */
    assert_left(&now, 700);
    assert_int_equal(budget_counts(budgets[0]).shared + budget_counts(budgets[1]).shared, 4);
}

static void what_never_can_be_paid_is_told(void **state)
{
    struct budget_state now;
    NEEDS_REDIS();
    assert_false(pay(0, &ann, 1001, &now));
    assert_int_equal(now.wait_us, -1);
}

static void what_was_not_used_comes_back_for_both(void **state)
{
    struct budget_state now;
    NEEDS_REDIS();
    assert_true(pay(0, &ann, 900, &now));
    budget_give_back(budgets[0], client_of(0, &ann), 500, &now);
    assert_left(&now, 600);
    assert_true(pay(0, &ann, 0, &now)); /* after that on the same connection */
    assert_true(pay(1, &ann, 550, &now));
    assert_left(&now, 50);
    budget_give_back(budgets[1], client_of(1, &ann), 1000, &now);
    assert_true(pay(1, &ann, 0, &now));
    assert_int_equal(now.available, 1000); /* and no more */
}

static void what_was_taken_here_is_told(void **state)
{
    struct budget_state now;
    NEEDS_REDIS();
    assert_true(budget_take(budgets[0], client_of(0, &ann), 700, &now));
    assert_true(pay(0, &ann, 0, &now));
    assert_true(pay(1, &ann, 0, &now));
    assert_left(&now, 300);
}

static void each_goes_on_alone(void **state)
{
    struct budget_state now;
    NEEDS_REDIS();
    assert_true(pay(0, &ann, 600, &now));
    assert_true(pay(1, &ann, 100, &now));
    control("stop");
    run_until(none_is_ready);
    assert_false(pay(0, &ann, 400 + SLACK, &now)); /* from where it stood when it last asked */
    assert_true(pay(0, &ann, 400, &now));
    assert_false(pay(1, &ann, 300 + SLACK, &now));
    assert_true(budget_counts(budgets[0]).alone == 2 && budget_counts(budgets[1]).alone == 1);
    control("start");
    run_until(both_are_ready);
    assert_true(pay(0, &ann, 600, &now)); /* it has forgotten */
    assert_false(pay(1, &ann, 600, &now));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_budget_serves_both, begin, end),
        cmocka_unit_test_setup_teardown(what_never_can_be_paid_is_told, begin, end),
        cmocka_unit_test_setup_teardown(what_was_not_used_comes_back_for_both, begin, end),
        cmocka_unit_test_setup_teardown(what_was_taken_here_is_told, begin, end),
        cmocka_unit_test_setup_teardown(each_goes_on_alone, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
