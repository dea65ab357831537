/*
 * The small world: lists of workers, tasks and timers, and a random number that picks among those that can run.
 */
#include "toys/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct world_worker {
    struct worker worker;
    struct world *world;
    bool (*step)(void *data);
    void *data;
    bool woken;
    struct world_worker *next;
};

struct world_timer {
    struct timer *timer;
    struct world_loop *loop;
    int64_t due_us;
    struct world_timer *next;
};

struct world_loop {
    struct loop loop;
    struct world *world;
    struct task *first, **end;
    struct world_loop *next;
};

struct world {
    struct env env;
    uint64_t chance;
    int64_t now_us;
    struct world_worker *workers;
    struct world_loop *loops;
    struct world_timer *timers; /* by time */
    bool forgotten;
    struct world *next_forgotten;
};

static struct world *forgotten; /* reachable, so no leak */

static void *allocate(size_t bytes)
{
    void *memory = calloc(1, bytes);
    if (memory == NULL)
        abort();
    return memory;
}

/* SplitMix64. */
static uint64_t next_chance(struct world *world)
{
    uint64_t z = (world->chance += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

/* --- the environment --------------------------------------------------------------------------------------------- */

static int64_t now_us(struct env *env)
{
    return ((struct world *)env)->now_us;
}

static int64_t monotonic_us(struct env *env)
{
    return ((struct world *)env)->now_us - 1000000000;
}

static void fill_random(struct env *env, void *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        ((uint8_t *)bytes)[i] = (uint8_t)next_chance((struct world *)env);
}

static struct worker *start_worker(struct env *env, const char *name, bool (*step)(void *data), void *data)
{
    (void)name;
    struct world *world = (struct world *)env;
    struct world_worker *worker = allocate(sizeof *worker);
    *worker = (struct world_worker){{env}, world, step, data, true, world->workers};
    world->workers = worker;
    return &worker->worker;
}

static void wake_worker(struct worker *worker)
{
    ((struct world_worker *)worker)->woken = true;
}

static void stop_worker(struct worker *of_any_env)
{
    struct world_worker *worker = (struct world_worker *)of_any_env;
    while (worker->step(worker->data))
        continue;
    struct world_worker **at = &worker->world->workers;
    while (*at != worker)
        at = &(*at)->next;
    *at = worker->next;
    free(worker);
}

static void post(struct loop *of_any_env, struct task *task)
{
    struct world_loop *loop = (struct world_loop *)of_any_env;
    task->next = NULL;
    *loop->end = task;
    loop->end = &task->next;
}

static void stop_timer(struct loop *loop, struct timer *timer)
{
    struct world *world = ((struct world_loop *)loop)->world;
    if (timer->inside == NULL)
        return;
    struct world_timer **at = &world->timers;
    while (*at != timer->inside)
        at = &(*at)->next;
    struct world_timer *stopped = *at;
    *at = stopped->next;
    timer->inside = NULL;
    free(stopped);
}

static void start_timer(struct loop *loop, struct timer *timer, int64_t after_us)
{
    struct world *world = ((struct world_loop *)loop)->world;
    stop_timer(loop, timer);
    struct world_timer *started = allocate(sizeof *started);
    *started = (struct world_timer){timer, (struct world_loop *)loop, world->now_us + (after_us > 0 ? after_us : 0), NULL};
    timer->inside = started;
    struct world_timer **at = &world->timers;
    while (*at != NULL && (*at)->due_us <= started->due_us)
        at = &(*at)->next;
    started->next = *at;
    *at = started;
}

/* --- turns ------------------------------------------------------------------------------------------------------- */

static void run_task(struct world_loop *loop)
{
    struct task *task = loop->first;
    loop->first = task->next;
    if (loop->first == NULL)
        loop->end = &loop->first;
    task->run(task);
}

static void run_timer(struct world *world)
{
    struct timer *timer = world->timers->timer;
    if (world->timers->due_us > world->now_us)
        world->now_us = world->timers->due_us;
    stop_timer(&world->timers->loop->loop, timer);
    timer->run(timer);
}

static bool has_due_timer(const struct world *world)
{
    return world->timers != NULL && world->timers->due_us <= world->now_us;
}

static uint64_t count_runnable(const struct world *world)
{
    uint64_t runnable = has_due_timer(world);
    for (const struct world_worker *worker = world->workers; worker != NULL; worker = worker->next)
        runnable += worker->woken;
    for (const struct world_loop *loop = world->loops; loop != NULL; loop = loop->next)
        runnable += loop->first != NULL;
    return runnable;
}

static void run_runnable(struct world *world, uint64_t chosen)
{
    if (has_due_timer(world) && chosen-- == 0) {
        run_timer(world);
        return;
    }
    for (struct world_worker *worker = world->workers; worker != NULL; worker = worker->next) {
        if (worker->woken && chosen-- == 0) {
            worker->woken = false;
            worker->woken |= worker->step(worker->data);
            return;
        }
    }
    for (struct world_loop *loop = world->loops; loop != NULL; loop = loop->next) {
        if (loop->first != NULL && chosen-- == 0) {
            run_task(loop);
            return;
        }
    }
}

bool world_turn(struct world *world)
{
    world->now_us += 1 + (int64_t)(next_chance(world) % 20);
    uint64_t runnable = count_runnable(world);
    if (runnable > 0)
        run_runnable(world, next_chance(world) % runnable);
    else if (world->timers != NULL)
        run_timer(world);
    else
        return false;
    return true;
}

bool world_run_until(struct world *world, const bool *flag, int64_t limit_us)
{
    int64_t until_us = world->now_us + limit_us;
    while (!*flag && world->now_us < until_us && world_turn(world))
        continue;
    return *flag;
}

void world_run_for(struct world *world, int64_t time_us)
{
    int64_t until_us = world->now_us + time_us;
    while (count_runnable(world) > 0 || (world->timers != NULL && world->timers->due_us < until_us))
        if (world->now_us >= until_us || !world_turn(world))
            break;
    if (world->now_us < until_us)
        world->now_us = until_us;
}

/* --- begin and end ----------------------------------------------------------------------------------------------- */

struct world *world_new(uint64_t seed)
{
    static const struct env_operations operations = {
        .now_us = now_us,
        .monotonic_us = monotonic_us,
        .random = fill_random,
        .worker_start = start_worker,
        .worker_wake = wake_worker,
        .worker_stop = stop_worker,
        .loop_post = post,
        .timer_start = start_timer,
        .timer_stop = stop_timer,
    };
    struct world *world = allocate(sizeof *world);
    world->env.operations = &operations;
    world->chance = seed;
    world->now_us = INT64_C(1700000000000000);
    return world;
}

struct env *world_env(struct world *world)
{
    return &world->env;
}

struct loop *world_loop_new(struct world *world)
{
    struct world_loop *loop = allocate(sizeof *loop);
    loop->loop.env = &world->env;
    loop->world = world;
    loop->end = &loop->first;
    loop->next = world->loops;
    world->loops = loop;
    return &loop->loop;
}

void world_free(struct world *world)
{
    if (world->forgotten)
        return;
    if (world->workers != NULL || world->timers != NULL)
        abort();
    while (world->loops != NULL) {
        struct world_loop *loop = world->loops;
        world->loops = loop->next;
        if (loop->first != NULL)
            abort();
        free(loop);
    }
    free(world);
}

void world_forget(struct world *world)
{
    world->forgotten = true;
    world->next_forgotten = forgotten;
    forgotten = world;
}

/* --- files ------------------------------------------------------------------------------------------------------- */

static void run_command(const char *command)
{
    if (system(command) != 0)
        abort();
}

void folder_new(char out[64], const char *from)
{
    strcpy(out, "/tmp/souk-test-XXXXXX");
    if (mkdtemp(out) == NULL)
        abort();
    if (from == NULL)
        return;
    char command[256];
    snprintf(command, sizeof command, "cp %s/* %s/", from, out);
    run_command(command);
}

void folder_remove(const char *folder)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    run_command(command);
}
