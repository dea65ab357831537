/*
 * The scheduler: everything that could run now is in one list, and chance takes one.
 *
 * The list is made anew for each piece from the machine's loops and workers, in the order they were made; there are about twenty of them.
 * Timers hang on the world, by time.
 */
#include "sim/world.h"

#include "base/assert.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef __SANITIZE_ADDRESS__
/* Crashed machines leave their memory behind on purpose (world.h): nobody is to look for leaks in a program with a world in it. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "detect_leaks=0";
}
#endif

/* 2026-01-01, and a little, so that nothing is round. */
#define WORLD_BEGINS_US INT64_C(1767225612345678)
#define THREADS_MAX 4096

/* A loop or a worker. */
struct thread {
    union {
        struct loop loop;
        struct worker worker;
    };
    struct machine *machine;
    const char *name;
    unsigned number;
    int64_t resumes_us; /* held up until then */
    /* a loop's */
    struct task *first, **end;
    /* a worker's */
    bool (*step)(void *data);
    void *data;
    bool awake;
};

struct pending_timer {
    struct timer *timer;
    struct thread *thread;
    int64_t due_us;
    struct pending_timer *next;
};

struct machine {
    struct env env;
    struct world *world;
    const char *name;
    int64_t clock_off_us;
    bool dead;
};

struct world {
    struct random random;
    struct world_temper temper;
    int64_t elapsed_us;
    uint64_t steps;
    uint64_t trace;
    bool tells;
    struct thread *threads[THREADS_MAX];
    unsigned thread_count;
    unsigned threads_made;
    struct pending_timer *timers; /* by due_us */
};

/* --- the trace --- */

void world_note_number(struct world *world, uint64_t number)
{
    world->trace = random_mix(world->trace ^ number);
}

void world_note(struct world *world, const char *format, ...)
{
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    for (const char *at = line; *at; at++)
        world_note_number(world, (uint8_t)*at);
    if (world->tells)
        printf("%8" PRIu64 " %12.6f  %s\n", world->steps, (double)world->elapsed_us / 1e6, line);
}

void world_tell(struct world *world)
{
    world->tells = true;
}

uint64_t world_trace(const struct world *world)
{
    return world->trace;
}

/* --- the environment --- */

static struct machine *machine_of(struct env *env)
{
    return (struct machine *)env;
}

static int64_t now_us(struct env *env)
{
    return WORLD_BEGINS_US + machine_of(env)->clock_off_us + machine_of(env)->world->elapsed_us;
}

static int64_t monotonic_us(struct env *env)
{
    return machine_of(env)->world->elapsed_us;
}

static void fill_random(struct env *env, void *bytes, size_t count)
{
    uint8_t *at = bytes;
    for (size_t i = 0; i < count; i++)
        at[i] = (uint8_t)random_next(&machine_of(env)->world->random);
}

static struct thread *thread_new(struct machine *machine, const char *name)
{
    struct world *world = machine->world;
    struct thread *thread = calloc(1, sizeof *thread);
    ASSERT(thread && world->thread_count < THREADS_MAX);
    thread->machine = machine;
    thread->name = name;
    thread->number = world->threads_made++;
    thread->end = &thread->first;
    world->threads[world->thread_count++] = thread;
    return thread;
}

static void thread_end(struct thread *thread)
{
    struct world *world = thread->machine->world;
    unsigned kept = 0;
    for (unsigned i = 0; i < world->thread_count; i++)
        if (world->threads[i] != thread)
            world->threads[kept++] = world->threads[i];
    world->thread_count = kept;
    free(thread);
}

static struct worker *start_worker(struct env *env, const char *name, bool (*step)(void *data), void *data)
{
    struct thread *thread = thread_new(machine_of(env), name);
    thread->worker.env = env;
    thread->step = step;
    thread->data = data;
    thread->awake = true;
    return &thread->worker;
}

static void wake_worker(struct worker *worker)
{
    ((struct thread *)worker)->awake = true;
}

static void stop_worker(struct worker *worker)
{
    struct thread *thread = (struct thread *)worker;
    while (thread->step(thread->data))
        continue;
    thread_end(thread);
}

static void post(struct loop *loop, struct task *task)
{
    struct thread *thread = (struct thread *)loop;
    task->next = NULL;
    *thread->end = task;
    thread->end = &task->next;
}

static void stop_timer(struct loop *loop, struct timer *timer)
{
    struct world *world = ((struct thread *)loop)->machine->world;
    struct pending_timer *pending = timer->inside;
    if (!pending)
        return;
    struct pending_timer **at = &world->timers;
    while (*at != pending)
        at = &(*at)->next;
    *at = pending->next;
    timer->inside = NULL;
    free(pending);
}

static void start_timer(struct loop *loop, struct timer *timer, int64_t after_us)
{
    struct thread *thread = (struct thread *)loop;
    struct world *world = thread->machine->world;
    stop_timer(loop, timer);
    struct pending_timer *pending = calloc(1, sizeof *pending);
    ASSERT(pending);
    *pending = (struct pending_timer){
        .timer = timer,
        .thread = thread,
        .due_us = world->elapsed_us + (after_us > 0 ? after_us : 0),
    };
    struct pending_timer **at = &world->timers;
    while (*at && (*at)->due_us <= pending->due_us)
        at = &(*at)->next;
    pending->next = *at;
    *at = pending;
    timer->inside = pending;
}

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

/* --- machines --- */

struct machine *machine_new(struct world *world, const char *name, const char *vfs)
{
    struct machine *machine = calloc(1, sizeof *machine);
    ASSERT(machine);
    machine->env = (struct env){.operations = &operations, .vfs = vfs};
    machine->world = world;
    machine->name = name;
    /* Clocks are set while a machine is off, mostly by little, and also back. */
    if (random_chance(&world->random, 500000))
        machine->clock_off_us = random_between(&world->random, -2000000, 2000000);
    return machine;
}

struct env *machine_env(struct machine *machine)
{
    return &machine->env;
}

struct loop *machine_add_loop(struct machine *machine, const char *name)
{
    struct thread *thread = thread_new(machine, name);
    thread->loop.env = &machine->env;
    return &thread->loop;
}

static void drop_timers(struct world *world, const struct machine *machine)
{
    struct pending_timer **at = &world->timers;
    while (*at) {
        struct pending_timer *pending = *at;
        if (pending->thread->machine != machine) {
            at = &pending->next;
            continue;
        }
        *at = pending->next;
        pending->timer->inside = NULL;
        free(pending);
    }
}

void machine_crash(struct machine *machine)
{
    machine->dead = true;
}

bool machine_is_dead(const struct machine *machine)
{
    return machine->dead;
}

struct machine *machine_of_loop(struct loop *loop)
{
    return ((struct thread *)loop)->machine;
}

/* The piece that ran when its machine crashed is over. */
static void bury(struct world *world)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < world->thread_count; i++) {
        struct thread *thread = world->threads[i];
        if (thread->machine->dead)
            drop_timers(world, thread->machine);
        else
            world->threads[kept++] = thread;
    }
    world->thread_count = kept;
}

/* --- running --- */

static bool has_due_timer(const struct world *world, const struct thread *thread)
{
    for (const struct pending_timer *at = world->timers; at && at->due_us <= world->elapsed_us; at = at->next)
        if (at->thread == thread)
            return true;
    return false;
}

static bool could_run(const struct world *world, const struct thread *thread)
{
    if (thread->step)
        return thread->awake;
    return thread->first || has_due_timer(world, thread);
}

bool machine_is_idle(const struct machine *machine)
{
    const struct world *world = machine->world;
    for (unsigned i = 0; i < world->thread_count; i++)
        if (world->threads[i]->machine == machine && could_run(world, world->threads[i]))
            return false;
    return true;
}

/* Of those that could run now, one; NULL when none could. */
static struct thread *choose(struct world *world)
{
    struct thread *ready[THREADS_MAX];
    unsigned count = 0;
    for (unsigned i = 0; i < world->thread_count; i++)
        if (world->threads[i]->resumes_us <= world->elapsed_us && could_run(world, world->threads[i]))
            ready[count++] = world->threads[i];
    return count ? ready[random_below(&world->random, count)] : NULL;
}

/* Everybody sleeps or is held up: go on to the next moment at which somebody wakes. */
static bool skip(struct world *world)
{
    int64_t next_us = INT64_MAX;
    for (const struct pending_timer *at = world->timers; at && next_us == INT64_MAX; at = at->next)
        if (at->due_us > world->elapsed_us)
            next_us = at->due_us;
    for (unsigned i = 0; i < world->thread_count; i++) {
        int64_t resumes_us = world->threads[i]->resumes_us;
        if (resumes_us > world->elapsed_us && resumes_us < next_us)
            next_us = resumes_us;
    }
    if (next_us == INT64_MAX)
        return false;
    world->elapsed_us = next_us;
    return true;
}

static void run_task(struct thread *thread)
{
    struct task *task = thread->first;
    thread->first = task->next;
    if (!thread->first)
        thread->end = &thread->first;
    task->run(task);
}

static void run_timer(struct world *world, const struct thread *thread)
{
    struct pending_timer **at = &world->timers;
    while ((*at)->thread != thread)
        at = &(*at)->next;
    struct pending_timer *pending = *at;
    *at = pending->next;
    struct timer *timer = pending->timer;
    timer->inside = NULL;
    free(pending);
    timer->run(timer);
}

static void run_piece(struct world *world, struct thread *thread)
{
    if (thread->step) {
        thread->awake = false;
        if (thread->step(thread->data))
            thread->awake = true;
        return;
    }
    bool due = has_due_timer(world, thread);
    if (due && (!thread->first || random_chance(&world->random, 500000)))
        run_timer(world, thread);
    else
        run_task(thread);
}

bool world_step(struct world *world)
{
    bury(world);
    struct thread *thread = choose(world);
    if (!thread)
        return skip(world);
    if (random_chance(&world->random, world->temper.stall_per_million)) {
        thread->resumes_us = world->elapsed_us + 1 + random_skewed(&world->random, world->temper.stall_us_max);
        return true;
    }
    world->steps++;
    world->elapsed_us += random_between(&world->random, 1, world->temper.piece_us_max);
    world_note_number(world, (uint64_t)world->elapsed_us);
    world_note_number(world, thread->number);
    run_piece(world, thread);
    return true;
}

uint64_t world_steps(const struct world *world)
{
    return world->steps;
}

/* --- the rest --- */

struct world *world_new(uint64_t seed)
{
    struct world *world = calloc(1, sizeof *world);
    ASSERT(world);
    random_init(&world->random, seed);
    world->temper.piece_us_max = 10;
    return world;
}

void world_free(struct world *world)
{
    while (world->timers) {
        struct pending_timer *pending = world->timers;
        world->timers = pending->next;
        free(pending);
    }
    for (unsigned i = 0; i < world->thread_count; i++)
        free(world->threads[i]);
    free(world);
}

struct random *world_random(struct world *world)
{
    return &world->random;
}

int64_t world_elapsed_us(const struct world *world)
{
    return world->elapsed_us;
}

void world_pass(struct world *world, int64_t time_us)
{
    world->elapsed_us += time_us;
}

void world_be(struct world *world, const struct world_temper *temper)
{
    world->temper = *temper;
}

struct after {
    struct timer timer;
    void (*run)(void *data);
    void *data;
};

static void on_after(struct timer *timer)
{
    struct after *after = (struct after *)timer;
    void (*run)(void *data) = after->run;
    void *data = after->data;
    free(after);
    run(data);
}

void world_after(struct loop *loop, int64_t time_us, void (*run)(void *data), void *data)
{
    struct after *after = calloc(1, sizeof *after);
    ASSERT(after);
    *after = (struct after){.timer.run = on_after, .run = run, .data = data};
    timer_start(loop, &after->timer, time_us);
}
