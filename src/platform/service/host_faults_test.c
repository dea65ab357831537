/*
 * A disk that fails, at each write and sync in turn, for a while: nobody is told that something is done which is not, and when the
 * disk works again everything goes on, timers, listeners and sagas too.
 */
#include "toys/stall.h"

#include "platform/saga/saga.h"
#include "platform/store/faulty_vfs_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { CALLS = 6 };

struct scene {
    struct stall *stall;
    bool wound;
    struct asked *puts[CALLS], *spread;
};

static void begin_scene(struct scene *scene)
{
    static Till__PutCoinsRequest put = TILL__PUT_COINS_REQUEST__INIT;
    static Till__SpreadCoinsRequest spread = TILL__SPREAD_COINS_REQUEST__INIT;
    static Till__WindJarRequest wind = TILL__WIND_JAR_REQUEST__INIT;
    put.jar = wind.jar = "blue";
    put.coins = 200;
    wind.after_ms = 100;

    struct asked *winding = ask(scene->stall);
    scene->wound = asked_wait(winding, &till__till__wind_jar__method, &wind.base) == RESULT_OK;
    asked_free(winding);
    for (int i = 0; i < CALLS; i++) {
        scene->puts[i] = ask(scene->stall);
        asked_send(scene->puts[i], &till__till__put_coins__method, &put.base);
        world_run_for(scene->stall->world, 20);
    }
    scene->spread = ask(scene->stall);
    scene->spread->call->idempotency_key = "k";
    asked_send(scene->spread, &till__till__spread_coins__method, &spread.base);
    world_run_for(scene->stall->world, 5000000);
}

/* The disk fails at change number `first`, and is mended 5 seconds later. False when nothing failed. */
static bool play(long first, uint64_t seed)
{
    faulty_countdown = -1;
    struct scene scene = {.stall = stall_open(seed, true)};
    struct stall *stall = scene.stall;
    world_run_for(stall->world, 10000);
    faulty_countdown = first;
    begin_scene(&scene);
    bool failed = faulty_countdown == 0;
    faulty_countdown = -1;
    world_run_for(stall->world, 30000000);

    int done = 0;
    for (int i = 0; i < CALLS; i++) {
        assert_true(scene.puts[i]->answered);
        enum result result = scene.puts[i]->call->problem.result;
        assert_true(result == RESULT_OK || result == RESULT_STORAGE_UNAVAILABLE);
        done += result == RESULT_OK;
        asked_free(scene.puts[i]);
    }
    int64_t coins = 200 * done + scene.wound; /* the coin of the timer */
    assert_int_equal(coins_in(stall, "blue"), coins > 0 ? coins : -1);
    assert_int_equal(tally_now(stall).coins, coins);
    assert_int_equal(tally_now(stall).big, done);

    assert_true(scene.spread->answered);
    if (scene.spread->call->problem.result == RESULT_OK) {
        assert_int_equal(bank_deposits(stall->bank, "first"), 1);
        assert_int_equal(bank_deposits(stall->bank, "fourth"), 1);
    } else {
        assert_int_equal(scene.spread->call->problem.result, RESULT_STORAGE_UNAVAILABLE);
        assert_int_equal(stall->bank->deed_count, 0); /* it could not begin */
    }
    asked_free(scene.spread);
    assert_int_equal(host_counts(stall->till).sagas_open, 0);

    stall_close(stall);
    char error[512];
    assert_true(service_verify(&till, stall->env, stall->url, error));
    assert_true(service_verify(&tally, stall->env, stall->url, error));
    static const struct service *const services[] = {&till, &tally};
    assert_true(service_rebuild(services, 2, &till, stall->env, stall->url, false, error)); /* what is there is what the events say */
    assert_true(service_rebuild(services, 2, &tally, stall->env, stall->url, false, error));
    stall_free(stall);
    return failed;
}

static void each_change_fails_in_turn(void **state)
{
    (void)state;
    stall_vfs = faulty_vfs();
    unsigned played = 0;
    for (long first = 0; play(first, 7) && played < 400; first += 1 + first / 16)
        played++;
    assert_in_range(played, 20, 400);
}

static void queries_go_on_while_nothing_can_be_written(void **state)
{
    (void)state;
    stall_vfs = faulty_vfs();
    faulty_countdown = -1;
    struct stall *stall = stall_open(8, false);
    assert_int_equal(put_coins(stall, "blue", 1, NULL), RESULT_OK);
    faulty_countdown = 0;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(put_coins(stall, "blue", 1, "k"), RESULT_STORAGE_UNAVAILABLE);
        assert_int_equal(coins_in(stall, "blue"), 1);
        assert_true(host_counts(stall->till).store_fails);
    }
    world_run_for(stall->world, 5000000);
    assert_true(host_counts(stall->till).store_fails);
    faulty_countdown = -1;
    world_run_for(stall->world, 2000000); /* it finds out by itself */
    assert_false(host_counts(stall->till).store_fails);
    assert_int_equal(put_coins(stall, "blue", 1, "k"), RESULT_OK);
    assert_int_equal(coins_in(stall, "blue"), 2);
    stall_close(stall);
    stall_free(stall);
}

/* Nothing else happens that would remind the listener. */
static void a_listener_tries_again_by_itself(void **state)
{
    (void)state;
    stall_vfs = faulty_vfs();
    faulty_countdown = -1;
    struct stall *stall = stall_open(9, true);
    world_run_for(stall->world, 1000000);
    Till__PutCoinsRequest put = TILL__PUT_COINS_REQUEST__INIT;
    put.jar = "blue";
    put.coins = 200;
    struct asked *asked = ask(stall);
    asked_send(asked, &till__till__put_coins__method, &put.base);
    while (host_counts(stall->till).events == 0)
        world_turn(stall->world);
    assert_int_equal(host_counts(stall->tally).events, 0);
    faulty_countdown = 0;
    world_run_for(stall->world, 3000000);
    assert_int_equal(tally_now(stall).seen, 0);
    faulty_countdown = -1;
    world_run_for(stall->world, 3000000);
    assert_int_equal(tally_now(stall).seen, 1);
    assert_int_equal(tally_now(stall).big, 1);
    asked_free(asked);
    stall_close(stall);
    stall_free(stall);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(queries_go_on_while_nothing_can_be_written),
        cmocka_unit_test(a_listener_tries_again_by_itself),
        cmocka_unit_test(each_change_fails_in_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
