/*
 * The machine: clocks, OpenSSL's randomness, a thread a worker, and loops on libuv.
 *
 * Tasks. A loop has two queues. Its own thread posts to `ours`, without a lock; every other thread posts to `theirs`, under the
 * lock, and wakes the loop when it was empty: many tasks, one wakeup. Woken, the loop moves `theirs` behind `ours`.
 *
 *     other threads --post--> theirs --on_wakeup--> ours --on_idle--> run
 *     own thread --------------------post------------^
 *
 * Tasks run in libuv's idle phase, before it looks for sockets: an active idle handle keeps it from sleeping. What is posted
 * while they run waits for the next round, so that tasks that post tasks starve neither sockets nor timers.
 *
 * Timers. A uv_timer_t is asked back only through uv_close(), later, while a `struct timer` may go at any moment. So the
 * loop owns the uv_timer_t's, lends one while a timer runs, and keeps it for the next.
 *
 * Workers sleep on a semaphore. `woken` is set before it is posted and cleared before a step looks for
 * work, so no wakeup falls between; setting it twice costs one atomic exchange. A loop posts only when it is about to look for
 * sockets again: it hands over everything that came in one round at once, and a writer commits it together.
 *
 * Nobody is woken by who holds a lock that the woken one takes first: where both share a core, that one would run at once, wait for the lock, and
 * be woken again.
 */
#include "base/assert.h"
#include "platform/env/env_machine_internal.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <uv.h>

static void *allocate(size_t bytes)
{
    void *memory = calloc(1, bytes);
    ASSERT(memory != NULL);
    return memory;
}

/* --- clocks ------------------------------------------------------------------------------------------------------ */

static int64_t read_clock(clockid_t clock)
{
    struct timespec time;
    ASSERT(clock_gettime(clock, &time) == 0);
    return time.tv_sec * INT64_C(1000000) + time.tv_nsec / 1000;
}

static int64_t now_us(struct env *env)
{
    (void)env;
    /* The wall clock may be set back; records may not. */
    static _Atomic int64_t latest;
    int64_t now = read_clock(CLOCK_REALTIME);
    int64_t seen = atomic_load(&latest);
    while (seen < now)
        if (atomic_compare_exchange_weak(&latest, &seen, now))
            return now;
    return seen;
}

static int64_t monotonic_us(struct env *env)
{
    (void)env;
    return read_clock(CLOCK_MONOTONIC);
}

/* --- randomness -------------------------------------------------------------------------------------------------- */

/* One call of RAND_bytes costs about as much for 10 bytes as for these. */
#define RANDOM_STOCK_BYTES 512

static void machine_random(struct env *env, void *bytes, size_t count)
{
    static __thread unsigned char stock[RANDOM_STOCK_BYTES];
    static __thread size_t left;

    (void)env;
    if (count > sizeof stock) {
        ASSERT(count <= INT32_MAX && RAND_bytes(bytes, (int)count) == 1);
        return;
    }
    if (left < count) {
        ASSERT(RAND_bytes(stock, sizeof stock) == 1);
        left = sizeof stock;
    }
    left -= count;
    memcpy(bytes, stock + left, count);
    OPENSSL_cleanse(stock + left, count); /* what was handed out may be a secret now */
}

/* --- workers ----------------------------------------------------------------------------------------------------- */

struct machine_worker {
    struct worker worker;
    bool (*step)(void *data);
    void *data;
    pthread_t thread;
    sem_t wakeups; /* posted once for each time that `woken` becomes true */
    atomic_bool woken;
    atomic_bool stopping;
    atomic_uint holders; /* whoever started it, and the loops that are about to post to it */
};

static void wait_until_woken(struct machine_worker *worker)
{
    while (sem_wait(&worker->wakeups) != 0)
        ASSERT(errno == EINTR);
}

static void *worker_main(void *data)
{
    struct machine_worker *worker = data;
    bool stopping = false;
    while (!stopping) {
        wait_until_woken(worker);
        atomic_exchange(&worker->woken, false); /* an exchange sees what was written before the wakeup */
        stopping = atomic_load(&worker->stopping);
        while (worker->step(worker->data))
            continue;
    }
    return NULL;
}

static struct worker *machine_worker_start(struct env *env, const char *name, bool (*step)(void *data), void *data)
{
    struct machine_worker *worker = allocate(sizeof *worker);
    worker->worker.env = env;
    worker->step = step;
    worker->data = data;
    atomic_init(&worker->woken, true); /* it begins with a step */
    atomic_init(&worker->holders, 1);
    ASSERT(sem_init(&worker->wakeups, 0, 1) == 0);

    /* Signals are for the main thread: a new thread inherits what its maker blocks. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    ASSERT(pthread_create(&worker->thread, NULL, worker_main, worker) == 0);
    pthread_sigmask(SIG_SETMASK, &before, NULL);

    char short_name[16]; /* all that the kernel keeps */
    strncpy(short_name, name, sizeof short_name - 1);
    short_name[sizeof short_name - 1] = '\0';
    pthread_setname_np(worker->thread, short_name);
    return &worker->worker;
}

static void drop(struct machine_worker *worker)
{
    if (atomic_fetch_sub(&worker->holders, 1) > 1)
        return;
    sem_destroy(&worker->wakeups);
    free(worker);
}

static void machine_worker_stop(struct worker *of_any_env)
{
    struct machine_worker *worker = (struct machine_worker *)of_any_env;
    ASSERT(!pthread_equal(worker->thread, pthread_self()));
    atomic_store(&worker->stopping, true);
    atomic_store(&worker->woken, true);
    sem_post(&worker->wakeups);
    pthread_join(worker->thread, NULL);
    drop(worker);
}

/* --- loops ------------------------------------------------------------------------------------------------------- */

struct task_queue {
    struct task *first;
    struct task **end; /* where the next one is hung */
};

struct lent_timer {
    uv_timer_t uv;
    struct machine_loop *loop;
    struct timer *timer;           /* whom it is lent to */
    struct lent_timer *next_spare; /* while it is not lent */
    struct lent_timer *next;       /* in the list of all */
};

/* More workers than a loop is likely to wake in one round. */
#define WOKEN_MAX 32

struct machine_loop {
    struct loop loop;
    uv_loop_t uv;
    uv_async_t wakeup;
    uv_idle_t idle; /* active while `ours` holds something */
    uv_prepare_t before_poll;
    struct task_queue ours;
    struct machine_worker *woken[WOKEN_MAX]; /* to be posted to before it sleeps; one may be there twice */
    unsigned woken_count;
    struct lent_timer *timers; /* all of them */
    struct lent_timer *spare_timers;
    atomic_bool stopping;
    atomic_uint callers; /* threads inside machine_loop_post() or machine_loop_stop(), for whom the end waits */

    pthread_mutex_t lock;
    struct task_queue theirs; /* under the lock */
};

/* The loop that runs on this thread. */
static __thread struct machine_loop *running;

static void queue_init(struct task_queue *queue)
{
    queue->first = NULL;
    queue->end = &queue->first;
}

static void queue_add(struct task_queue *queue, struct task *task)
{
    task->next = NULL;
    *queue->end = task;
    queue->end = &task->next;
}

/* Move everything behind what `queue` holds. */
static void queue_move(struct task_queue *queue, struct task_queue *from)
{
    if (from->first == NULL)
        return;
    *queue->end = from->first;
    queue->end = from->end;
    queue_init(from);
}

static void machine_worker_wake(struct worker *of_any_env)
{
    struct machine_worker *worker = (struct machine_worker *)of_any_env;
    if (atomic_exchange(&worker->woken, true))
        return;
    if (running == NULL || running->woken_count == WOKEN_MAX) {
        sem_post(&worker->wakeups);
        return;
    }
    atomic_fetch_add(&worker->holders, 1);
    running->woken[running->woken_count++] = worker;
}

static void post_to_woken(struct machine_loop *loop)
{
    for (unsigned i = 0; i < loop->woken_count; i++) {
        sem_post(&loop->woken[i]->wakeups);
        drop(loop->woken[i]);
    }
    loop->woken_count = 0;
}

static void on_before_poll(uv_prepare_t *before_poll)
{
    post_to_woken(before_poll->data);
}

static void run_one_round(struct machine_loop *loop)
{
    struct task *task = loop->ours.first;
    queue_init(&loop->ours);
    while (task != NULL) {
        struct task *next = task->next; /* running it may end its memory */
        task->run(task);
        task = next;
    }
}

static void on_idle(uv_idle_t *idle)
{
    struct machine_loop *loop = idle->data;
    run_one_round(loop);
    if (loop->ours.first == NULL)
        uv_idle_stop(idle);
}

static void take_theirs(struct machine_loop *loop)
{
    pthread_mutex_lock(&loop->lock);
    queue_move(&loop->ours, &loop->theirs);
    pthread_mutex_unlock(&loop->lock);
    if (loop->ours.first != NULL)
        uv_idle_start(&loop->idle, on_idle);
}

static void on_wakeup(uv_async_t *wakeup)
{
    struct machine_loop *loop = wakeup->data;
    take_theirs(loop);
    if (atomic_load(&loop->stopping))
        uv_stop(&loop->uv);
}

static void machine_loop_post(struct loop *of_any_env, struct task *task)
{
    struct machine_loop *loop = (struct machine_loop *)of_any_env;
    if (loop == running) {
        if (loop->ours.first == NULL)
            uv_idle_start(&loop->idle, on_idle);
        queue_add(&loop->ours, task);
        return;
    }
    atomic_fetch_add(&loop->callers, 1); /* the loop may be freed by whoever sees the task run */
    pthread_mutex_lock(&loop->lock);
    bool was_empty = loop->theirs.first == NULL;
    queue_add(&loop->theirs, task);
    pthread_mutex_unlock(&loop->lock);
    /* Outside of the lock, which the loop wants as soon as it wakes. */
    if (was_empty)
        uv_async_send(&loop->wakeup);
    atomic_fetch_sub(&loop->callers, 1);
}

struct loop *machine_loop_new(struct env *env)
{
    struct machine_loop *loop = allocate(sizeof *loop);
    loop->loop.env = env;
    queue_init(&loop->ours);
    queue_init(&loop->theirs);
    pthread_mutex_init(&loop->lock, NULL);
    ASSERT(uv_loop_init(&loop->uv) == 0);
    ASSERT(uv_async_init(&loop->uv, &loop->wakeup, on_wakeup) == 0);
    uv_idle_init(&loop->uv, &loop->idle);
    uv_prepare_init(&loop->uv, &loop->before_poll);
    uv_prepare_start(&loop->before_poll, on_before_poll);
    loop->before_poll.data = loop;
    loop->wakeup.data = loop;
    loop->idle.data = loop;
    return &loop->loop;
}

void machine_loop_run(struct loop *of_any_env)
{
    struct machine_loop *loop = (struct machine_loop *)of_any_env;
    ASSERT(running == NULL);
    running = loop;
    take_theirs(loop); /* what was posted before the start comes before what is posted now */
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    run_one_round(loop); /* what was posted before the stop */
    post_to_woken(loop);
    atomic_store(&loop->stopping, false);
    running = NULL;
}

void machine_loop_stop(struct loop *of_any_env)
{
    struct machine_loop *loop = (struct machine_loop *)of_any_env;
    atomic_fetch_add(&loop->callers, 1); /* for the same reason as in machine_loop_post() */
    atomic_store(&loop->stopping, true);
    uv_async_send(&loop->wakeup);
    atomic_fetch_sub(&loop->callers, 1);
}

static void free_timer(uv_handle_t *uv)
{
    free(uv->data);
}

void machine_loop_free(struct loop *of_any_env)
{
    if (of_any_env == NULL)
        return;
    struct machine_loop *loop = (struct machine_loop *)of_any_env;
    ASSERT(loop != running);
    while (atomic_load(&loop->callers) > 0)
        sched_yield();

    for (struct lent_timer *timer = loop->timers; timer != NULL; timer = timer->next)
        uv_close((uv_handle_t *)&timer->uv, free_timer);
    uv_close((uv_handle_t *)&loop->wakeup, NULL);
    uv_close((uv_handle_t *)&loop->idle, NULL);
    uv_close((uv_handle_t *)&loop->before_poll, NULL);
    uv_run(&loop->uv, UV_RUN_NOWAIT);
    ASSERT(uv_loop_close(&loop->uv) == 0); /* sockets are closed by those who opened them */
    pthread_mutex_destroy(&loop->lock);
    free(loop);
}

void *machine_loop_uv(struct loop *of_any_env)
{
    return &((struct machine_loop *)of_any_env)->uv;
}

/* --- timers ------------------------------------------------------------------------------------------------------ */

static struct lent_timer *lend(struct machine_loop *loop, struct timer *timer)
{
    struct lent_timer *lent = loop->spare_timers;
    if (lent != NULL) {
        loop->spare_timers = lent->next_spare;
    } else {
        lent = allocate(sizeof *lent);
        uv_timer_init(&loop->uv, &lent->uv);
        lent->uv.data = lent;
        lent->loop = loop;
        lent->next = loop->timers;
        loop->timers = lent;
    }
    lent->timer = timer;
    timer->inside = lent;
    return lent;
}

static void give_back(struct machine_loop *loop, struct timer *timer)
{
    struct lent_timer *lent = timer->inside;
    timer->inside = NULL;
    lent->timer = NULL;
    lent->next_spare = loop->spare_timers;
    loop->spare_timers = lent;
}

static void on_timer(uv_timer_t *uv)
{
    struct lent_timer *lent = uv->data;
    struct timer *timer = lent->timer;
    give_back(lent->loop, timer);
    timer->run(timer);
}

static void machine_timer_start(struct loop *of_any_env, struct timer *timer, int64_t after_us)
{
    struct machine_loop *loop = (struct machine_loop *)of_any_env;
    struct lent_timer *lent = timer->inside != NULL ? timer->inside : lend(loop, timer);

    /* libuv counts from the loop's own, older, time and in milliseconds: count from now and round up, so that no timer
     * is early by env_monotonic_us(). */
    int64_t due_us = monotonic_us(NULL) + (after_us > 0 ? after_us : 0);
    int64_t due_ms = due_us / 1000 + (due_us % 1000 != 0 && after_us > 0);
    int64_t after_ms = due_ms - (int64_t)uv_now(&loop->uv);
    uv_timer_start(&lent->uv, on_timer, after_ms > 0 ? (uint64_t)after_ms : 0, 0);
}

static void machine_timer_stop(struct loop *of_any_env, struct timer *timer)
{
    if (timer->inside == NULL)
        return;
    struct lent_timer *lent = timer->inside;
    uv_timer_stop(&lent->uv);
    give_back((struct machine_loop *)of_any_env, timer);
}

/* --- the environment --------------------------------------------------------------------------------------------- */

struct env *env_machine(void)
{
    static const struct env_operations operations = {
        .now_us = now_us,
        .monotonic_us = monotonic_us,
        .random = machine_random,
        .worker_start = machine_worker_start,
        .worker_wake = machine_worker_wake,
        .worker_stop = machine_worker_stop,
        .loop_post = machine_loop_post,
        .timer_start = machine_timer_start,
        .timer_stop = machine_timer_stop,
        .socket_open = machine_socket_open,
        .socket_send = machine_socket_send,
        .socket_close = machine_socket_close,
    };
    static struct env machine = {.operations = &operations};
    return &machine;
}
