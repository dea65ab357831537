/*
 * The stall.
 */
#include "toys/stall.h"

#include "base/assert.h"
#include "base/limits.h"
#include "base/log.h"
#include "platform/operations/operations.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- putting up -------------------------------------------------------------------------------------------------- */

static void on_touched(void *data, const char *resource, const char *key)
{
    (void)key;
    if (strcmp(resource, "events") == 0)
        return; /* that there are new ones, not which resource they changed */
    __atomic_fetch_add(&((struct stall *)data)->touches, 1, __ATOMIC_RELAXED);
}

static struct host *start(struct stall *stall, const struct service *service)
{
    const struct host_options options = {
        .env = stall->env,
        .store_url = stall->url,
        .directory = stall->directory,
        .bus = stall->bus,
        .loop = stall->loop,
        .readers = stall->readers,
        .event_is_known = stall->event_is_known,
        .touched = on_touched,
        .touched_data = stall,
    };
    char error[512];
    struct host *host = host_start(service, &options, error);
    if (host == NULL)
        fprintf(stderr, "%s\n", error);
    ASSERT(host != NULL);
    return host;
}

struct stall *stall_put_up(struct stall *stall, bool with_tally)
{
    log_setup(LOG_LEVEL_ERROR, 1);
    snprintf(stall->url, sizeof stall->url, "sqlite:%s", stall->folder);
    stall->bus = bus_embedded_new(stall->env);
    stall->directory = directory_new();
    stall->readers = readers_start(stall->env, 2);
    if (stall->bank == NULL) {
        stall->bank = calloc(1, sizeof *stall->bank);
        ASSERT(stall->bank != NULL);
        bank_init(stall->bank, stall->env);
    }
    directory_add(stall->directory, "bank", &stall->bank->base);
    stall->till = start(stall, &till);
    stall->tally = with_tally ? start(stall, &tally) : NULL;
    stall->operations = operations_new();
    operations_add(stall->operations, stall->till);
    if (with_tally)
        operations_add(stall->operations, stall->tally);
    directory_add(stall->directory, "operations", operations_service(stall->operations));
    return stall;
}

const char *stall_vfs;

static struct stall *stall_new(struct world *world)
{
    struct stall *stall = calloc(1, sizeof *stall);
    ASSERT(stall != NULL);
    stall->world = world;
    stall->env = world != NULL ? world_env(world) : env_machine();
    if (world != NULL)
        stall->env->vfs = stall_vfs;
    stall->loop = world != NULL ? world_loop_new(world) : machine_loop_new(stall->env);
    return stall;
}

struct stall *stall_open(uint64_t seed, bool with_tally)
{
    struct stall *stall = stall_new(world_new(seed));
    folder_new(stall->folder, NULL);
    return stall_put_up(stall, with_tally);
}

struct stall *stall_open_on_machine(void)
{
    struct stall *stall = stall_new(NULL);
    folder_new(stall->folder, NULL);
    return stall_put_up(stall, true);
}

/* --- taking down ------------------------------------------------------------------------------------------------- */

struct drained {
    struct task task;
    struct stall *stall;
    bool done;
};

static void stop_loop(struct stall *stall)
{
    if (stall->world == NULL)
        machine_loop_stop(stall->loop);
}

static void run_until(struct stall *stall, const bool *flag)
{
    if (stall->world != NULL)
        world_run_until(stall->world, flag, INT64_C(3600000000));
    else
        machine_loop_run(stall->loop);
    ASSERT(*flag);
}

static void on_drained(struct task *task)
{
    struct drained *drained = (struct drained *)task;
    drained->done = true;
    stop_loop(drained->stall);
}

static void drain(struct stall *stall, struct host *host)
{
    struct drained drained = {.task = {.run = on_drained}, .stall = stall};
    host_drain(host, stall->loop, &drained.task);
    run_until(stall, &drained.done);
}

void stall_close(struct stall *stall)
{
    if (stall->tally != NULL)
        drain(stall, stall->tally);
    drain(stall, stall->till);
    readers_stop(stall->readers);
    if (stall->tally != NULL)
        host_stop(stall->tally);
    host_stop(stall->till);
    readers_free(stall->readers);
    directory_free(stall->directory);
    operations_free(stall->operations);
    bus_free(stall->bus);
    stall->till = stall->tally = NULL;
}

void stall_free(struct stall *stall)
{
    folder_remove(stall->folder);
    if (stall->world != NULL)
        world_free(stall->world);
    else
        machine_loop_free(stall->loop);
    free(stall->bank);
    free(stall);
}

struct stall *stall_reopen(struct stall *stall, bool with_tally)
{
    stall_close(stall);
    return stall_put_up(stall, with_tally);
}

struct stall *stall_crash(struct stall *stall, uint64_t seed, bool with_tally)
{
    struct stall *next = stall_new(world_new(seed));
    folder_new(next->folder, stall->folder);
    next->bank = stall->bank;
    next->bank->env = next->env;
    folder_remove(stall->folder);
    world_forget(stall->world);

    static struct stall *crashed[4096]; /* reachable, so no leak */
    static size_t crashed_count;
    ASSERT(crashed_count < sizeof crashed / sizeof *crashed);
    crashed[crashed_count++] = stall;

    /* The clock goes on from where it was. */
    world_run_for(next->world, env_now_us(stall->env) - env_now_us(next->env) + 1000);
    return stall_put_up(next, with_tally);
}

/* --- calling ----------------------------------------------------------------------------------------------------- */

struct asked *ask(struct stall *stall)
{
    struct arena *arena = arena_new(LIMIT_CALL_ARENA);
    struct asked *asked = calloc(1, sizeof *asked);
    ASSERT(asked != NULL);
    asked->stall = stall;
    asked->call = call_new(arena, stall->loop);
    return asked;
}

static void on_answer(struct call *call, const ProtobufCMessage *answer)
{
    struct asked *asked = call->data;
    asked->answered = true;
    asked->answer = answer;
    if (asked->waiting != NULL && --*asked->waiting == 0)
        stop_loop(asked->stall);
}

void asked_send(struct asked *asked, const struct method_declaration *method, const ProtobufCMessage *request)
{
    ProtobufCService *service = directory_find(asked->stall->directory, method->service);
    asked->sent = true;
    asked->call->done = on_answer;
    asked->call->data = asked;
    service->invoke(service, method->index, request, call_closure, asked->call);
}

struct sending {
    struct task task;
    struct asked *asked;
    const struct method_declaration *method;
    const ProtobufCMessage *request;
};

static void on_sending(struct task *task)
{
    struct sending *sending = (struct sending *)task;
    asked_send(sending->asked, sending->method, sending->request);
}

enum result asked_wait(struct asked *asked, const struct method_declaration *method, const ProtobufCMessage *request)
{
    unsigned waiting = 1;
    asked->waiting = &waiting;
    struct sending sending = {{.run = on_sending}, asked, method, request};
    loop_post(asked->stall->loop, &sending.task);
    run_until(asked->stall, &asked->answered);
    asked->waiting = NULL;
    return asked->call->problem.result;
}

void asked_free(struct asked *asked)
{
    static struct asked *lost; /* reachable, so no leak: the dead still hold them */
    if (asked->sent && !asked->answered) {
        asked->next_lost = lost;
        lost = asked;
        return;
    }
    arena_free(asked->call->arena);
    free(asked);
}

/* --- shorthands -------------------------------------------------------------------------------------------------- */

enum result put_coins(struct stall *stall, const char *jar, int64_t coins, const char *key)
{
    Till__PutCoinsRequest request = TILL__PUT_COINS_REQUEST__INIT;
    request.jar = jar;
    request.coins = coins;
    struct asked *asked = ask(stall);
    if (key != NULL)
        asked->call->idempotency_key = key;
    enum result result = asked_wait(asked, &till__till__put_coins__method, &request.base);
    asked_free(asked);
    return result;
}

int64_t coins_in(struct stall *stall, const char *jar)
{
    Till__GetJarRequest request = TILL__GET_JAR_REQUEST__INIT;
    request.jar = jar;
    struct asked *asked = ask(stall);
    enum result result = asked_wait(asked, &till__till__get_jar__method, &request.base);
    int64_t coins = result == RESULT_OK ? ((const Till__Jar *)asked->answer)->coins : -1;
    asked_free(asked);
    return coins;
}

Tally__GetTallyResponse tally_now(struct stall *stall)
{
    Tally__GetTallyRequest request = TALLY__GET_TALLY_REQUEST__INIT;
    struct asked *asked = ask(stall);
    ASSERT(asked_wait(asked, &tally__tally__get_tally__method, &request.base) == RESULT_OK);
    Tally__GetTallyResponse answer = *(const Tally__GetTallyResponse *)asked->answer;
    asked_free(asked);
    return answer;
}
