/*
 * For tests of handlers: one service on a store of its own, in one thread, with a clock that the test moves.
 *
 *     struct handler_world *world = handler_world_new(&inventory_service);
 *     enum result result = handler_world_call(world, &inventory__inventory_service__reserve__method, &request.base, &answer);
 *     handler_world_advance(world, INT64_C(900) * 1000000);   the timers that are due by then have run
 *     handler_world_free(world);
 *
 * Commands run as the writer runs them: in a savepoint, with events, apply and commit; queries read what is committed. Answers and problems live
 * as long as the world. Calls by hand, so no queue, no idempotency and no field limits, which are tested with the host and the gateways.
 */
#ifndef SOUK_PLATFORM_HANDLER_WORLD_TEST_H
#define SOUK_PLATFORM_HANDLER_WORLD_TEST_H

#include "base/assert.h"
#include "base/limits.h"
#include "platform/rpc/message.h"
#include "platform/service/host_internal.h"
#include "platform/service/temporal.h"

#include <stdio.h>
#include <stdlib.h>

struct handler_world {
    struct env env;
    int64_t now_us;
    uint64_t random;
    char folder[64];
    char url[80];
    struct loop loop;
    struct host host;
    struct arena *arena;
    struct actor actor;     /* who calls; the staff with every scope, until a test says otherwise */
    int64_t if_version;     /* of the next call; -1 any */
    struct problem problem; /* of the last call */
};

static inline int64_t handler_world_now(struct env *env) { return ((struct handler_world *)env)->now_us; }
static inline void handler_world_random(struct env *env, void *bytes, size_t count)
{
    struct handler_world *world = (struct handler_world *)env;
    for (size_t i = 0; i < count; i++) {
        world->random = world->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        ((uint8_t *)bytes)[i] = (uint8_t)(world->random >> 56);
    }
}

static inline struct handler_world *handler_world_new(const struct service *service)
{
    static const struct env_operations operations = {
        .now_us = handler_world_now,
        .monotonic_us = handler_world_now,
        .random = handler_world_random,
    };
    struct handler_world *world = calloc(1, sizeof *world);
    ASSERT(world != NULL);
    world->env.operations = &operations;
    world->now_us = INT64_C(1795000000000000);
    world->actor = (struct actor){.kind = ACTOR_STAFF, .id = "test", .scopes = SCOPE_EVERY};
    world->if_version = -1;
    world->arena = arena_new(LIMIT_BULK_ARENA);
    world->loop.env = &world->env;
    snprintf(world->folder, sizeof world->folder, "/tmp/souk-test-XXXXXX");
    ASSERT(mkdtemp(world->folder) != NULL);
    snprintf(world->url, sizeof world->url, "sqlite:%s", world->folder);

    char error[512];
    struct host *host = &world->host;
    host->service = service;
    host->declaration = service->declaration;
    host->env = &world->env;
    host->forget_us = INT64_MAX;
    host->store = store_open(&world->env, world->url, service->declaration->name, error);
    ASSERT(host->store != NULL);
    host->connection = connection_open(host->store, CONNECTION_WRITER, error);
    ASSERT(host->connection != NULL);
    if (!event_log_migrate(host->connection, service->migrations, service->migration_count, error)) {
        fprintf(stderr, "%s\n", error);
        abort();
    }
    return world;
}

static inline void handler_world_free(struct handler_world *world)
{
    connection_close(world->host.connection);
    store_close(world->host.store);
    arena_free(world->arena);
    char command[96];
    snprintf(command, sizeof command, "rm -rf %s", world->folder);
    ASSERT(system(command) == 0);
    free(world);
}

/* --- the writer, by hand --- */

static inline void handler_world_begin(struct handler_world *world, struct batch *batch)
{
    *batch = (struct batch){
        .host = &world->host,
        .tx = tx_begin(world->host.connection),
        .arena = world->arena,
        .touched = {.arena = world->arena},
        .now_us = world->now_us,
        .savepoints = true, /* nobody runs it again without */
    };
    batch->tx->arena = world->arena;
    batch->tx->touched = &batch->touched;
    event_log_head(batch->tx, &world->host.head);
}

static inline void handler_world_commit(struct batch *batch)
{
    batch->tx->touched = NULL;
    ASSERT(!batch->tx->failed);
    ASSERT(tx_commit(batch->tx));
}

static inline struct call *handler_world_call_new(struct handler_world *world)
{
    struct call *call = call_new(world->arena, &world->loop);
    call->actor = world->actor;
    call->if_version = world->if_version;
    world->if_version = -1;
    return call;
}

/* --- calls --- */

struct handler_world_call {
    const struct method_declaration *method;
    const ProtobufCMessage *request;
    ProtobufCMessage *answer;
};

static inline enum result handler_world_run(struct context *context, void *data)
{
    const struct handler_world_call *call = data;
    method_handler handler = context->host->declaration->handlers[call->method->index];
    return (enum result)handler(context, call->request, call->answer);
}

/* A bulk command: prepared as a query is, and done in parts. A test may do other things in between. */
struct handler_world_bulk {
    struct call *call;
    struct handler_world_call data;
    struct parts parts;
};

static inline enum result handler_world_take(struct context *context, void *data)
{
    struct parts *parts = data;
    context->parts = parts;
    parts->began_us = env_monotonic_us(context->host->env);
    parts->more = false;
    return parts->take(context, parts->work, &parts->more);
}

static inline enum result handler_world_prepare(struct handler_world *world, struct handler_world_bulk *bulk)
{
    struct batch batch;
    handler_world_begin(world, &batch);
    struct context context = {
        .call = bulk->call,
        .tx = batch.tx,
        .arena = world->arena,
        .now_us = world->now_us,
        .host = &world->host,
        .parts = &bulk->parts,
    };
    enum result result = handler_world_run(&context, &bulk->data);
    tx_rollback(batch.tx);
    return result;
}

static inline enum result handler_world_take_part(struct handler_world *world, struct handler_world_bulk *bulk)
{
    struct batch batch;
    handler_world_begin(world, &batch);
    enum result result = batch_run(&batch, bulk->call, "call", handler_world_take, &bulk->parts);
    handler_world_commit(&batch);
    bulk->parts.number += result == RESULT_OK;
    return result;
}

static inline enum result handler_world_bulk(struct handler_world *world, struct call *call, const struct handler_world_call *data)
{
    struct handler_world_bulk bulk = {.call = call, .data = *data};
    enum result result = handler_world_prepare(world, &bulk);
    bulk.parts.more = bulk.parts.take != NULL;
    while (result == RESULT_OK && bulk.parts.more)
        result = handler_world_take_part(world, &bulk);
    return result;
}

/* Ask for an operation; `answer`, unless NULL, gets what it answers. */
static inline enum result handler_world_call(struct handler_world *world, const struct method_declaration *method,
                                             const ProtobufCMessage *request, const ProtobufCMessage **answer)
{
    struct handler_world_call data = {method, request, message_new(world->arena, method->output->descriptor)};
    struct call *call = handler_world_call_new(world);
    struct batch batch;
    handler_world_begin(world, &batch);
    enum result result;
    if (is_bulk_command(method)) {
        tx_rollback(batch.tx);
        result = handler_world_bulk(world, call, &data);
    } else if (method->kind == METHOD_COMMAND) {
        result = batch_run(&batch, call, "call", handler_world_run, &data);
        handler_world_commit(&batch);
    } else {
        struct context context = {
            .call = call,
            .tx = batch.tx,
            .arena = world->arena,
            .now_us = world->now_us,
            .host = &world->host,
        };
        result = handler_world_run(&context, &data);
        tx_rollback(batch.tx);
    }
    world->problem = call->problem;
    if (answer != NULL)
        *answer = result == RESULT_OK ? data.answer : NULL;
    return result;
}

/* The same query as of a time, from these streams alone. */
static inline enum result handler_world_ask_past(struct handler_world *world, const struct method_declaration *method,
                                                 const ProtobufCMessage *request, const char *const *streams, size_t count,
                                                 int64_t until_us, const ProtobufCMessage **answer)
{
    struct handler_world_call data = {method, request, message_new(world->arena, method->output->descriptor)};
    struct tx *live = tx_begin(world->host.connection);
    live->arena = world->arena;
    struct temporal temporal =
        temporal_open(world->host.service, live, streams, count, until_us, world->arena);
    ASSERT(temporal.result == RESULT_OK);
    struct context context = {
        .call = handler_world_call_new(world),
        .tx = temporal.tx,
        .arena = world->arena,
        .now_us = until_us,
        .host = &world->host,
    };
    enum result result = handler_world_run(&context, &data);
    temporal_close(&temporal);
    tx_rollback(live);
    *answer = result == RESULT_OK ? data.answer : NULL;
    return result;
}

/* --- other services' events --- */

struct handler_world_reaction {
    const struct subscription *subscription;
    const struct event *event;
    const ProtobufCMessage *data;
};

static inline enum result handler_world_reacts(struct context *context, void *data)
{
    const struct handler_world_reaction *reaction = data;
    return reaction->subscription->react(context, reaction->event, reaction->data);
}

/* An event of another service, "product" and "01jd…". */
static inline enum result handler_world_react(struct handler_world *world, const ProtobufCMessage *data, const char *kind,
                                              const char *key)
{
    const struct service *service = world->host.service;
    for (size_t i = 0; i < service->subscription_count; i++) {
        const struct subscription *subscription = &service->subscriptions[i];
        if (subscription->event->descriptor != data->descriptor)
            continue;
        struct event event = {
            .number = 1,
            .stream = arena_printf(world->arena, "%s/%s", kind, key),
            .key = key,
            .stream_version = 1,
            .name = data->descriptor->name,
            .schema_version = 1,
            .at_us = world->now_us,
        };
        struct handler_world_reaction reaction = {subscription, &event, data};
        struct batch batch;
        handler_world_begin(world, &batch);
        enum result result =
            batch_run(&batch, handler_world_call_new(world), "test/1", handler_world_reacts, &reaction);
        handler_world_commit(&batch);
        return result;
    }
    ASSERT(!"a subscription to that event");
}

/* --- time --- */

static inline void handler_world_advance(struct handler_world *world, int64_t by_us)
{
    world->now_us += by_us;
    struct batch batch;
    handler_world_begin(world, &batch);
    world->host.timer_due_us = timers_earliest(batch.tx);
    timers_run(&batch);
    handler_world_commit(&batch);
}

/* --- what must hold --- */

/* The service's own check, the hash chain, and tables that come out the same when they are computed again. */
static inline void handler_world_verify(struct handler_world *world)
{
    char error[512];
    const struct service *services[] = {world->host.service};
    if (!service_verify(services[0], &world->env, world->url, error) ||
        !service_rebuild(services, 1, services[0], &world->env, world->url, false, error)) {
        fprintf(stderr, "%s\n", error);
        abort();
    }
}
/* The service's own check alone; cheap enough for every step. */
static inline void handler_world_check(struct handler_world *world)
{
    char error[512];
    struct tx *tx = tx_begin(world->host.connection);
    tx->arena = world->arena;
    bool holds = world->host.service->check == NULL || world->host.service->check(tx, error);
    tx_rollback(tx);
    if (!holds) {
        fprintf(stderr, "%s\n", error);
        abort();
    }
}
/* How many events it has stored. */
static inline int64_t handler_world_events(struct handler_world *world)
{
    struct tx *tx = tx_begin(world->host.connection);
    struct event_log_head head;
    event_log_head(tx, &head);
    tx_rollback(tx);
    return head.number;
}

#endif
