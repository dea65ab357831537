/*
 * For tests of what stands on the store: an environment with a clock that the test moves, and a folder of its own that is gone afterwards.
 */
#ifndef SOUK_PLATFORM_STORE_WORLD_TEST_H
#define SOUK_PLATFORM_STORE_WORLD_TEST_H

#include "platform/env/env.h"

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

#endif
