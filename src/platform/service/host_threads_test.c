/*
 * The host on the machine, with real threads: several loops call two services at once. For ThreadSanitizer above all.
 */
#include "toys/stall.h"

#include "base/assert.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { CALLERS = 3, ROUNDS = 60, AT_ONCE = 8 };

/* Somebody on a loop of his own who makes several calls, waits for all, and does so again. */
struct caller {
    struct stall *stall;
    struct loop *loop;
    pthread_t thread;
    struct task begin;
    unsigned number, round, waiting;
    unsigned done, refused;
    char key[32];
};

static void begin_round(struct caller *caller);

static void on_answer(struct call *call, const ProtobufCMessage *answer)
{
    struct caller *caller = call->data;
    if (answer != NULL)
        caller->done++;
    else
        caller->refused++;
    arena_free(call->arena);
    if (--caller->waiting > 0)
        return;
    if (++caller->round < ROUNDS)
        begin_round(caller);
    else
        machine_loop_stop(caller->loop);
}

static void send(struct caller *caller, const struct method_declaration *method, const ProtobufCMessage *request,
                 const char *key)
{
    struct call *call = call_new(arena_new(1 << 20), caller->loop);
    call->done = on_answer;
    call->data = caller;
    call->idempotency_key = arena_strdup(call->arena, key);
    ProtobufCMessage *copy = arena_alloc(call->arena, request->descriptor->sizeof_message);
    memcpy(copy, request, request->descriptor->sizeof_message);
    ProtobufCService *service = directory_find(caller->stall->directory, method->service);
    service->invoke(service, method->index, copy, call_closure, call);
}

static void begin_round(struct caller *caller)
{
    Till__PutCoinsRequest put = TILL__PUT_COINS_REQUEST__INIT, too_many = TILL__PUT_COINS_REQUEST__INIT;
    Till__GetJarRequest get = TILL__GET_JAR_REQUEST__INIT;
    Till__WindJarRequest wind = TILL__WIND_JAR_REQUEST__INIT;
    Till__SpreadCoinsRequest spread = TILL__SPREAD_COINS_REQUEST__INIT;
    Tally__GetTallyRequest tally_request = TALLY__GET_TALLY_REQUEST__INIT;
    put.jar = too_many.jar = get.jar = wind.jar = "blue";
    put.coins = 1;
    too_many.coins = 2000;
    spread.from = "red";
    snprintf(caller->key, sizeof caller->key, "%u/%u", caller->number, caller->round);

    caller->waiting = AT_ONCE;
    send(caller, &till__till__put_coins__method, &put.base, "");
    send(caller, &till__till__put_coins__method, &put.base, caller->key);
    send(caller, &till__till__put_coins__method, &put.base, caller->key); /* twice the same */
    send(caller, &till__till__put_coins_settled__method, &put.base, "");
    send(caller, &till__till__put_coins__method, &too_many.base, "");
    send(caller, &till__till__get_jar__method, &get.base, "");
    send(caller, &tally__tally__get_tally__method, &tally_request.base, "");
    if (caller->round % 20 == 0 && caller->number == 0) /* the bank is of one thread */
        send(caller, &till__till__spread_coins__method, &spread.base, "");
    else
        send(caller, &till__till__get_jar__method, &get.base, "");
}

static void on_begin(struct task *task)
{
    begin_round((struct caller *)((char *)task - offsetof(struct caller, begin)));
}

static void *caller_main(void *data)
{
    struct caller *caller = data;
    caller->begin.run = on_begin;
    loop_post(caller->loop, &caller->begin);
    machine_loop_run(caller->loop);
    return NULL;
}

static void many_threads_at_once(void **state)
{
    (void)state;
    struct stall *stall = stall_open_on_machine();
    assert_int_equal(put_coins(stall, "blue", 1, NULL), RESULT_OK);

    struct caller callers[CALLERS] = {0};
    for (unsigned i = 0; i < CALLERS; i++) {
        callers[i].stall = stall;
        callers[i].number = i;
        callers[i].loop = machine_loop_new(stall->env);
        ASSERT(pthread_create(&callers[i].thread, NULL, caller_main, &callers[i]) == 0);
    }
    for (unsigned i = 0; i < CALLERS; i++) {
        pthread_join(callers[i].thread, NULL);
        assert_int_equal(callers[i].done, ROUNDS * (AT_ONCE - 1));
        assert_int_equal(callers[i].refused, ROUNDS);
    }
    assert_int_equal(coins_in(stall, "blue"), 1 + 3 * CALLERS * ROUNDS);
    int64_t until_us = env_monotonic_us(stall->env) + 5000000;
    while (tally_now(stall).coins != 1 + 3 * CALLERS * ROUNDS) /* the last ones were not settled */
        assert_true(env_monotonic_us(stall->env) < until_us);

    struct host_counts counts = host_counts(stall->till);
    assert_true(counts.commits < counts.commands);
    stall_close(stall);
    for (unsigned i = 0; i < CALLERS; i++)
        machine_loop_free(callers[i].loop);
    stall_free(stall);
}

static void a_timer_comes_on_the_machine(void **state)
{
    (void)state;
    struct stall *stall = stall_open_on_machine();
    Till__WindJarRequest wind = TILL__WIND_JAR_REQUEST__INIT;
    wind.jar = "blue";
    wind.after_ms = 20;
    struct asked *asked = ask(stall);
    assert_int_equal(asked_wait(asked, &till__till__wind_jar__method, &wind.base), RESULT_OK);
    asked_free(asked);
    int64_t until_us = env_monotonic_us(stall->env) + 5000000;
    while (coins_in(stall, "blue") != 1)
        assert_true(env_monotonic_us(stall->env) < until_us);
    stall_close(stall);
    stall_free(stall);
}

static void start_and_stop_again_and_again(void **state)
{
    (void)state;
    struct stall *stall = stall_open_on_machine();
    for (int i = 0; i < 5; i++) {
        assert_int_equal(put_coins(stall, "blue", 1, NULL), RESULT_OK);
        stall = stall_reopen(stall, true);
    }
    assert_int_equal(coins_in(stall, "blue"), 5);
    stall_close(stall);
    stall_free(stall);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_threads_at_once),
        cmocka_unit_test(a_timer_comes_on_the_machine),
        cmocka_unit_test(start_and_stop_again_and_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
