/*
 * For tests of what stands on the store: an environment with a clock that the test moves, a folder of its own that is gone afterwards, and
 * a store in it with the platform's tables.
 */
#ifndef SOUK_PLATFORM_STORE_WORLD_TEST_H
#define SOUK_PLATFORM_STORE_WORLD_TEST_H

#include "base/limits.h"
#include "platform/env/env.h"
#include "platform/store/event_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct test_world {
    struct env env;
    int64_t now_us;
    char folder[64];
    char url[80]; /* "sqlite:" and the folder */
};

static inline int64_t test_world_now(struct env *env) { return ((struct test_world *)env)->now_us; }

static inline struct test_world *test_world_new(void)
{
    static const struct env_operations operations = {.now_us = test_world_now, .monotonic_us = test_world_now};
    struct test_world *world = calloc(1, sizeof *world);
    if (!world)
        abort();
    world->env.operations = &operations;
    world->now_us = 1000000;
    snprintf(world->folder, sizeof world->folder, "/tmp/souk-test-XXXXXX");
    if (!mkdtemp(world->folder))
        abort();
    snprintf(world->url, sizeof world->url, "sqlite:%s", world->folder);
    return world;
}

static inline void test_world_free(struct test_world *world)
{
    char command[96];
    snprintf(command, sizeof command, "rm -rf %s", world->folder);
    if (system(command) != 0)
        abort();
    free(world);
}

struct test_store {
    struct test_world *world;
    struct arena *arena;
    struct store *store;
    struct connection *writer;
    struct event_log_head head;
};

static inline struct test_store *test_store_new(const char *service, const struct migration *migrations, size_t count)
{
    struct test_store *test = calloc(1, sizeof *test);
    char error[512] = "";
    if (!test)
        abort();
    test->world = test_world_new();
    test->arena = arena_new(LIMIT_CALL_ARENA);
    test->store = store_open(&test->world->env, test->world->url, service, error);
    test->writer = test->store ? connection_open(test->store, CONNECTION_WRITER, error) : NULL;
    if (!test->writer || !event_log_migrate(test->writer, migrations, count, error)) {
        fprintf(stderr, "%s\n", error);
        abort();
    }
    return test;
}

static inline void test_store_free(struct test_store *test)
{
    connection_close(test->writer);
    store_close(test->store);
    arena_free(test->arena);
    test_world_free(test->world);
    free(test);
}

static inline struct tx *test_store_begin(struct test_store *test)
{
    struct tx *tx = tx_begin(test->writer);
    tx->arena = test->arena;
    return tx;
}

/* Append an event at the world's time, to be found again by its data. */
static inline struct event test_store_append(struct test_store *test, struct tx *tx, const char *stream, const char *name,
                                             struct text data)
{
    struct event event = {
        .stream = stream,
        .name = name,
        .schema_version = 1,
        .at_us = test->world->now_us,
        .actor = "staff:admin",
        .request_id = "request-1",
        .cause = "call",
        .data = data,
    };
    event_log_append(tx, &test->head, &event);
    return event;
}

#endif
