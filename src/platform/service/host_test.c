/*
 * One service in the small world: commands, queries, keys, refusals, deadlines, timers, restarts and crashes.
 */
#include "toys/stall.h"

#include "base/limits.h"
#include "platform/rpc/message.h"
#include "platform/service/host_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

static Till__PutCoinsRequest request_to_put(const char *jar, int64_t coins)
{
    Till__PutCoinsRequest request = TILL__PUT_COINS_REQUEST__INIT;
    request.jar = jar;
    request.coins = coins;
    return request;
}

static void end(struct stall *stall)
{
    stall_close(stall);
    stall_free(stall);
}

static void assert_chain_holds(struct stall *stall)
{
    char error[512];
    struct store *store = store_open(stall->env, stall->url, "till", error);
    struct connection *connection = connection_open(store, CONNECTION_READER, error);
    struct tx *tx = tx_begin(connection);
    assert_int_equal(event_log_verify(tx, error), 0);
    tx_rollback(tx);
    connection_close(connection);
    store_close(store);
}

/* --- commands and queries ---------------------------------------------------------------------------------------- */

static void a_command_writes_and_a_query_reads(void **state)
{
    (void)state;
    struct stall *stall = stall_open(1, false);
    assert_int_equal(coins_in(stall, "blue"), -1);
    assert_int_equal(put_coins(stall, "blue", 3, NULL), RESULT_OK);
    assert_int_equal(put_coins(stall, "blue", 4, NULL), RESULT_OK);
    assert_int_equal(coins_in(stall, "blue"), 7);
    assert_int_equal(host_last_event(stall->till), 2);
    assert_int_equal(stall->touches, 2);

    struct host_counts counts = host_counts(stall->till);
    assert_int_equal(counts.commands, 2);
    assert_int_equal(counts.queries, 2);
    assert_int_equal(counts.events, 2);
    assert_int_equal(counts.refused, 1);
    end(stall);
}

static void a_refusal_leaves_nothing(void **state)
{
    (void)state;
    struct stall *stall = stall_open(2, false);
    put_coins(stall, "blue", 3, NULL);

    Till__PutCoinsRequest request = request_to_put("blue", 1001);
    struct asked *asked = ask(stall);
    assert_int_equal(asked_wait(asked, &till__till__put_coins__method, &request.base), RESULT_STATE_FORBIDS);
    assert_null(asked->answer);
    assert_string_equal(asked->call->problem.detail, "A jar takes 1000 coins at once.");
    assert_int_equal(asked->call->problem.numbers->value, 1000);
    asked_free(asked);

    assert_int_equal(coins_in(stall, "blue"), 3);
    assert_int_equal(host_last_event(stall->till), 1);
    assert_int_equal(stall->touches, 1);

    put_coins(stall, "blue", 1, NULL); /* the log goes on without a gap */
    assert_int_equal(host_last_event(stall->till), 2);
    stall_close(stall);
    assert_chain_holds(stall);
    stall_free(stall);
}

static void many_commands_share_a_commit(void **state)
{
    (void)state;
    enum { CALLS = 64 };
    struct stall *stall = stall_open(3, false);
    world_run_for(stall->world, 1000000);
    uint64_t before = host_counts(stall->till).commits;

    struct asked *asked[CALLS];
    Till__PutCoinsRequest good = request_to_put("blue", 1), bad = request_to_put("blue", 5000);
    for (int i = 0; i < CALLS; i++) {
        asked[i] = ask(stall);
        asked_send(asked[i], &till__till__put_coins__method, i % 4 == 3 ? &bad.base : &good.base);
        assert_false(asked[i]->answered); /* never before the invocation has returned */
    }
    assert_true(world_run_until(stall->world, &asked[CALLS - 1]->answered, 1000000));
    for (int i = 0; i < CALLS; i++) {
        assert_true(asked[i]->answered);
        assert_int_equal(asked[i]->call->problem.result, i % 4 == 3 ? RESULT_STATE_FORBIDS : RESULT_OK);
        asked_free(asked[i]);
    }
    assert_int_equal(host_counts(stall->till).commits - before, 1);
    assert_int_equal(coins_in(stall, "blue"), 48);
    end(stall);
}

static void a_version_that_does_not_fit_is_refused(void **state)
{
    (void)state;
    struct stall *stall = stall_open(4, false);
    put_coins(stall, "blue", 1, NULL);
    Till__PutCoinsRequest request = request_to_put("blue", 1);
    struct asked *asked = ask(stall);
    asked->call->if_version = 7;
    assert_int_equal(asked_wait(asked, &till__till__put_coins__method, &request.base), RESULT_VERSION_MISMATCH);
    asked_free(asked);
    asked = ask(stall);
    asked->call->if_version = 1;
    assert_int_equal(asked_wait(asked, &till__till__put_coins__method, &request.base), RESULT_OK);
    asked_free(asked);
    end(stall);
}

static int64_t coins_as_of(struct stall *stall, int64_t as_of_us, enum result *result)
{
    Till__GetJarRequest request = TILL__GET_JAR_REQUEST__INIT;
    request.jar = "blue";
    struct asked *asked = ask(stall);
    asked->call->as_of_us = as_of_us;
    *result = asked_wait(asked, &till__till__get_jar__method, &request.base);
    int64_t coins = *result == RESULT_OK ? ((const Till__Jar *)asked->answer)->coins : -1;
    asked_free(asked);
    return coins;
}

static void a_query_can_be_asked_as_of_a_time(void **state)
{
    (void)state;
    struct stall *stall = stall_open(15, false);
    enum result result;
    int64_t times[4];
    for (int i = 0; i < 4; i++) {
        world_run_for(stall->world, 1000000);
        times[i] = env_now_us(stall->env);
        world_run_for(stall->world, 1000000);
        put_coins(stall, "blue", 10, NULL);
        put_coins(stall, "red", 1, NULL);
    }
    assert_int_equal(coins_as_of(stall, times[0], &result), -1);
    assert_int_equal(result, RESULT_NOT_FOUND);
    for (int i = 1; i < 4; i++)
        assert_int_equal(coins_as_of(stall, times[i], &result), 10 * i);
    assert_int_equal(coins_as_of(stall, env_now_us(stall->env), &result), 40);
    coins_as_of(stall, env_now_us(stall->env) + 10000000, &result);
    assert_int_equal(result, RESULT_VALIDATION_FAILED);

    Till__CountJarsRequest request = TILL__COUNT_JARS_REQUEST__INIT;
    struct asked *asked = ask(stall);
    asked->call->as_of_us = times[1];
    assert_int_equal(asked_wait(asked, &till__till__count_jars__method, &request.base), RESULT_VALIDATION_FAILED);
    assert_string_equal(asked->call->problem.violations->pointer, "?asOf");
    asked_free(asked);
    end(stall);
}

/* --- the gate ---------------------------------------------------------------------------------------------------- */

static enum result empty_jar_as(struct stall *stall, int kind, unsigned scopes, const char *key)
{
    Till__GetJarRequest request = TILL__GET_JAR_REQUEST__INIT;
    request.jar = "blue";
    struct asked *asked = ask(stall);
    asked->call->actor.kind = kind;
    asked->call->actor.id = "somebody";
    asked->call->actor.scopes = scopes;
    asked->call->idempotency_key = key;
    enum result result = asked_wait(asked, &till__till__empty_jar__method, &request.base);
    asked_free(asked);
    return result;
}

static void scopes_and_keys_are_asked_for(void **state)
{
    (void)state;
    struct stall *stall = stall_open(5, false);
    put_coins(stall, "blue", 1, NULL);
    assert_int_equal(empty_jar_as(stall, ACTOR_ANONYMOUS, 0, "k1"), RESULT_UNAUTHENTICATED);
    assert_int_equal(empty_jar_as(stall, ACTOR_STAFF, SCOPE_CATALOG, "k1"), RESULT_PERMISSION_DENIED);
    assert_int_equal(empty_jar_as(stall, ACTOR_STAFF, SCOPE_INVENTORY, ""), RESULT_IDEMPOTENCY_KEY_REQUIRED);
    assert_int_equal(coins_in(stall, "blue"), 1);
    assert_int_equal(empty_jar_as(stall, ACTOR_STAFF, SCOPE_INVENTORY, "k1"), RESULT_OK);
    assert_int_equal(coins_in(stall, "blue"), 0);
    assert_int_equal(empty_jar_as(stall, ACTOR_SYSTEM, 0, "k2"), RESULT_OK);
    end(stall);
}

static void what_waited_too_long_does_not_run(void **state)
{
    (void)state;
    struct stall *stall = stall_open(6, false);
    Till__PutCoinsRequest put = request_to_put("blue", 1);
    Till__GetJarRequest get = TILL__GET_JAR_REQUEST__INIT;
    get.jar = "blue";
    struct asked *command = ask(stall), *query = ask(stall);
    command->call->deadline_us = query->call->deadline_us = env_monotonic_us(stall->env) - 1;
    assert_int_equal(asked_wait(command, &till__till__put_coins__method, &put.base), RESULT_DEADLINE_EXCEEDED);
    assert_int_equal(asked_wait(query, &till__till__get_jar__method, &get.base), RESULT_DEADLINE_EXCEEDED);
    asked_free(command);
    asked_free(query);
    assert_int_equal(coins_in(stall, "blue"), -1);
    end(stall);
}

static void a_full_queue_refuses(void **state)
{
    (void)state;
    enum { CALLS = LIMIT_WRITER_QUEUE + 10 };
    struct stall *stall = stall_open(7, false);
    Till__PutCoinsRequest put = request_to_put("blue", 1);
    struct asked **asked = calloc(CALLS, sizeof(struct asked *));
    for (int i = 0; i < CALLS; i++) {
        asked[i] = ask(stall);
        asked[i]->call->deadline_us = i < LIMIT_WRITER_QUEUE - 100 ? 0 : INT64_MAX; /* most of them cost nothing */
        asked_send(asked[i], &till__till__put_coins__method, &put.base);
    }
    int overloaded = 0, done = 0;
    for (int i = 0; i < CALLS; i++) {
        assert_true(world_run_until(stall->world, &asked[i]->answered, 100000000));
        overloaded += asked[i]->call->problem.result == RESULT_OVERLOADED;
        done += asked[i]->call->problem.result == RESULT_OK;
        asked_free(asked[i]);
    }
    free(asked);
    assert_int_equal(overloaded, 10);
    assert_int_equal(done, 100);
    end(stall);
}

static void when_the_queue_is_old_what_is_urgent_goes_first(void **state)
{
    (void)state;
    struct stall *stall = stall_open(9, false);
    Till__PutCoinsRequest put = request_to_put("blue", 1);
    struct env *env = world_env(stall->world);
    queue_age_set(&stall->till->queue_age, LIMIT_SHED_QUEUE, env_monotonic_us(env) - INT64_C(1000) * LIMIT_SHED_CART_MS - 1);

    struct asked *shopper = ask(stall), *saga = ask(stall);
    assert_int_equal(asked_wait(shopper, &till__till__put_coins__method, &put.base), RESULT_OVERLOADED);
    saga->call->actor.kind = ACTOR_SYSTEM;
    assert_int_equal(asked_wait(saga, &till__till__put_coins__method, &put.base), RESULT_OK);
    asked_free(shopper);
    asked_free(saga);
    assert_int_equal(host_counts(stall->till).shed[URGENCY_CART], 1);

    shopper = ask(stall); /* the queue is short again */
    assert_int_equal(asked_wait(shopper, &till__till__put_coins__method, &put.base), RESULT_OK);
    asked_free(shopper);
    assert_int_equal(coins_in(stall, "blue"), 2);
    end(stall);
}

static void draining_answers_what_is_queued_and_refuses_the_rest(void **state)
{
    (void)state;
    struct stall *stall = stall_open(8, false);
    Till__PutCoinsRequest put = request_to_put("blue", 1);
    struct asked *before = ask(stall), *after = ask(stall);
    asked_send(before, &till__till__put_coins__method, &put.base);
    stall_close(stall); /* runs the world only until the host is drained */
    assert_true(before->answered);
    assert_int_equal(before->call->problem.result, RESULT_OK);
    asked_free(before);
    asked_free(after);
    stall_free(stall);
}

/* --- idempotency ------------------------------------------------------------------------------------------------- */

/* Of the system's own calls, too: a saga that goes on must not take the answer to something else for its own. */
static void a_key_is_for_one_request(void **state)
{
    (void)state;
    struct stall *stall = stall_open(9, false);
    for (int alone = 0; alone < 2; alone++)
        for (int64_t coins = 3; coins <= 4; coins++) {
            Till__PutCoinsRequest request = request_to_put("blue", coins);
            struct asked *asked = ask(stall);
            bool other = coins == 4 && !alone;
            asked->call->actor = (struct actor){.kind = ACTOR_SYSTEM, .id = "toys/1", .scopes = SCOPE_EVERY};
            asked->call->idempotency_key = alone ? "whatever is said" : "just this";
            asked->call->key_alone = alone;
            assert_int_equal(asked_wait(asked, &till__till__put_coins__method, &request.base),
                             other ? RESULT_IDEMPOTENCY_KEY_REUSED : RESULT_OK);
            assert_int_equal(asked->call->replayed, coins == 4 && alone);
            asked_free(asked);
        }
    assert_int_equal(coins_in(stall, "blue"), 6);
    end(stall);
}

static void a_key_gives_the_same_answer_again(void **state)
{
    (void)state;
    struct stall *stall = stall_open(9, false);
    assert_int_equal(put_coins(stall, "blue", 3, "k"), RESULT_OK);
    for (int time = 0; time < 2; time++) {
        Till__PutCoinsRequest request = request_to_put("blue", 3);
        struct asked *asked = ask(stall);
        asked->call->idempotency_key = "k";
        assert_int_equal(asked_wait(asked, &till__till__put_coins__method, &request.base), RESULT_OK);
        assert_true(asked->call->replayed);
        assert_int_equal(((const Till__Jar *)asked->answer)->coins, 3);
        asked_free(asked);
        assert_int_equal(coins_in(stall, "blue"), 3);
        stall = stall_reopen(stall, false); /* a restart changes nothing */
    }
    assert_int_equal(put_coins(stall, "blue", 4, "k"), RESULT_IDEMPOTENCY_KEY_REUSED);
    assert_int_equal(put_coins(stall, "red", 3, "k"), RESULT_OK); /* another resource, another key */
    assert_int_equal(coins_in(stall, "blue"), 3);
    end(stall);
}

static void a_refusal_is_remembered_too(void **state)
{
    (void)state;
    struct stall *stall = stall_open(10, false);
    assert_int_equal(put_coins(stall, "blue", 1001, "k"), RESULT_STATE_FORBIDS);
    Till__PutCoinsRequest request = request_to_put("blue", 1001);
    struct asked *asked = ask(stall);
    asked->call->idempotency_key = "k";
    assert_int_equal(asked_wait(asked, &till__till__put_coins__method, &request.base), RESULT_STATE_FORBIDS);
    assert_true(asked->call->replayed);
    assert_string_equal(asked->call->problem.detail, "A jar takes 1000 coins at once.");
    assert_int_equal(asked->call->problem.numbers->value, 1000);
    asked_free(asked);
    assert_int_equal(coins_in(stall, "blue"), -1);
    end(stall);
}

static void the_same_key_twice_at_once_acts_once(void **state)
{
    (void)state;
    struct stall *stall = stall_open(11, false);
    Till__PutCoinsRequest request = request_to_put("blue", 3);
    struct asked *asked[5];
    for (int i = 0; i < 5; i++) {
        asked[i] = ask(stall);
        asked[i]->call->idempotency_key = "k";
        asked_send(asked[i], &till__till__put_coins__method, &request.base);
    }
    int replayed = 0;
    for (int i = 0; i < 5; i++) {
        assert_true(world_run_until(stall->world, &asked[i]->answered, 1000000));
        assert_int_equal(asked[i]->call->problem.result, RESULT_OK);
        assert_int_equal(((const Till__Jar *)asked[i]->answer)->coins, 3);
        replayed += asked[i]->call->replayed;
        asked_free(asked[i]);
    }
    assert_int_equal(replayed, 4);
    assert_int_equal(coins_in(stall, "blue"), 3);
    end(stall);
}

/* --- timers ------------------------------------------------------------------------------------------------------ */

static void wind(struct stall *stall, int64_t after_ms)
{
    Till__WindJarRequest request = TILL__WIND_JAR_REQUEST__INIT;
    request.jar = "blue";
    request.after_ms = after_ms;
    struct asked *asked = ask(stall);
    assert_int_equal(asked_wait(asked, &till__till__wind_jar__method, &request.base), RESULT_OK);
    asked_free(asked);
}

static void a_timer_comes_when_it_is_due(void **state)
{
    (void)state;
    struct stall *stall = stall_open(12, false);
    wind(stall, 5000);
    world_run_for(stall->world, 4900000);
    assert_int_equal(coins_in(stall, "blue"), -1);
    world_run_for(stall->world, 105000);
    assert_int_equal(coins_in(stall, "blue"), 1);

    /* The one that is refused leaves nothing, and comes again each minute. */
    world_run_for(stall->world, 20000);
    assert_int_equal(host_counts(stall->till).timers_refused, 1);
    world_run_for(stall->world, 60000000);
    assert_int_equal(host_counts(stall->till).timers_refused, 2);
    assert_int_equal(coins_in(stall, "blue"), 1);
    end(stall);
}

static void a_timer_survives(void **state)
{
    (void)state;
    for (int crash = 0; crash < 2; crash++) {
        struct stall *stall = stall_open(13, false);
        wind(stall, 5000);
        wind(stall, 200000); /* moved */
        world_run_for(stall->world, 10000000);
        assert_int_equal(coins_in(stall, "blue"), -1);
        stall = crash ? stall_crash(stall, 14, false) : stall_reopen(stall, false);
        world_run_for(stall->world, 180000000);
        assert_int_equal(coins_in(stall, "blue"), -1);
        world_run_for(stall->world, 20000000);
        assert_int_equal(coins_in(stall, "blue"), 1);
        world_run_for(stall->world, 200000000);
        assert_int_equal(coins_in(stall, "blue"), 1);
        end(stall);
    }
}

/* --- crashes ----------------------------------------------------------------------------------------------------- */

/* Whatever was acknowledged is there after a crash at any turn. */
static void what_was_acknowledged_stays(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct stall *stall = stall_open(seed, false);
        Till__PutCoinsRequest request = request_to_put("blue", 1);
        struct asked *asked[20];
        for (int i = 0; i < 20; i++)
            asked[i] = ask(stall);
        for (int i = 0; i < 20; i++) {
            asked_send(asked[i], &till__till__put_coins__method, &request.base);
            if (i % 5 == 4)
                for (uint64_t turn = 0; turn < seed % 9; turn++)
                    world_turn(stall->world);
        }
        int acknowledged = 0;
        for (int i = 0; i < 20; i++)
            acknowledged += asked[i]->answered && asked[i]->answer != NULL;
        stall = stall_crash(stall, seed, false);
        int64_t coins = coins_in(stall, "blue");
        assert_in_range(coins < 0 ? 0 : coins, (uintmax_t)acknowledged, 20);
        for (int i = 0; i < 20; i++)
            asked_free(asked[i]);
        end(stall);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_writes_and_a_query_reads),
        cmocka_unit_test(a_refusal_leaves_nothing),
        cmocka_unit_test(many_commands_share_a_commit),
        cmocka_unit_test(a_version_that_does_not_fit_is_refused),
        cmocka_unit_test(a_query_can_be_asked_as_of_a_time),
        cmocka_unit_test(scopes_and_keys_are_asked_for),
        cmocka_unit_test(what_waited_too_long_does_not_run),
        cmocka_unit_test(a_full_queue_refuses),
        cmocka_unit_test(when_the_queue_is_old_what_is_urgent_goes_first),
        cmocka_unit_test(draining_answers_what_is_queued_and_refuses_the_rest),
        cmocka_unit_test(a_key_gives_the_same_answer_again),
        cmocka_unit_test(a_key_is_for_one_request),
        cmocka_unit_test(a_refusal_is_remembered_too),
        cmocka_unit_test(the_same_key_twice_at_once_acts_once),
        cmocka_unit_test(a_timer_comes_when_it_is_due),
        cmocka_unit_test(a_timer_survives),
        cmocka_unit_test(what_was_acknowledged_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
