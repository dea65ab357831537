/*
 * The environment: all time, randomness, disk, network and threads that Souk sees.
 *
 * In production it is the machine (env_machine.c): loop threads on libuv, one thread a worker. In souk-sim it is a world
 * made from a seed: one thread, virtual time, and a scheduler that picks what runs next. Whatever stands on these
 * four ideas runs in both:
 *
 *   loop     a thread of callbacks that never block: sockets, timers, sagas, gateways
 *   worker   a thread that does one step of blocking work at a time: a service's writer, a reader
 *   task     a callback handed from anywhere to a loop
 *   socket   a connection to another process: bytes both ways, on a loop
 */
#ifndef SOUK_PLATFORM_ENV_H
#define SOUK_PLATFORM_ENV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct env;
struct loop;
struct worker;
struct socket;

/* What a socket tells, on its loop. `closed` comes once and last, whether it was ever open or not; `why` is a sentence. */
struct socket_events {
    void (*opened)(void *data);
    void (*received)(void *data, const void *bytes, size_t count);
    void (*closed)(void *data, const char *why);
};

/* A callback on its way to a loop. The memory is the poster's and must live until it ran; embed it. */
struct task {
    void (*run)(struct task *task);
    struct task *next; /* the loop's */
};

/* A callback after a time, on the loop it was started on. Embed it; all zero is a stopped timer. */
struct timer {
    void (*run)(struct timer *timer);
    void *inside; /* the loop's own */
};

struct env {
    const struct env_operations *operations;
    const char *vfs; /* the SQLite VFS that stores open their files with; NULL is the machine's */
};

struct env_operations {
    int64_t (*now_us)(struct env *env);
    int64_t (*monotonic_us)(struct env *env);
    void (*random)(struct env *env, void *bytes, size_t count);
    struct worker *(*worker_start)(struct env *env, const char *name, bool (*step)(void *data), void *data);
    void (*worker_wake)(struct worker *worker);
    void (*worker_stop)(struct worker *worker);
    void (*loop_post)(struct loop *loop, struct task *task);
    void (*timer_start)(struct loop *loop, struct timer *timer, int64_t after_us);
    void (*timer_stop)(struct loop *loop, struct timer *timer);
    struct socket *(*socket_open)(struct loop *loop, const char *address, const struct socket_events *events, void *data);
    void (*socket_send)(struct socket *socket, const void *bytes, size_t count);
    void (*socket_close)(struct socket *socket);
};

/* Every loop, of whatever environment, starts with this. */
struct loop {
    struct env *env;
};
/* Every worker starts with this. */
struct worker {
    struct env *env;
};
/* Every socket starts with this. */
struct socket {
    struct loop *loop;
};

/* Wall-clock time in microseconds since 1970: for records. Never goes back within one environment. */
static inline int64_t env_now_us(struct env *env) { return env->operations->now_us(env); }
/* Time that only goes forward: for deadlines and durations. */
static inline int64_t env_monotonic_us(struct env *env) { return env->operations->monotonic_us(env); }
/* Unguessable bytes. Any thread. */
static inline void env_random(struct env *env, void *bytes, size_t count)
{
    env->operations->random(env, bytes, count);
}

/* A worker calls `step(data)` again and again while it returns true, and sleeps until worker_wake() when it returns false. A
 * wake during a step is not lost: one more step follows. */
static inline struct worker *worker_start(struct env *env, const char *name, bool (*step)(void *data),
                                          void *data)
{
    return env->operations->worker_start(env, name, step, data);
}
/* From any thread. */
static inline void worker_wake(struct worker *worker) { worker->env->operations->worker_wake(worker); }
/* Steps until `step` returns false once more, then ends the thread and frees the worker. Not from the worker itself. */
static inline void worker_stop(struct worker *worker) { worker->env->operations->worker_stop(worker); }

/* Run the task on the loop's thread, after whatever runs now. From any thread; tasks of one poster keep their order. */
static inline void loop_post(struct loop *loop, struct task *task)
{
    loop->env->operations->loop_post(loop, task);
}
/* Only on the loop's own thread. Starting a started timer moves it. */
static inline void timer_start(struct loop *loop, struct timer *timer, int64_t after_us)
{
    loop->env->operations->timer_start(loop, timer, after_us);
}
static inline void timer_stop(struct loop *loop, struct timer *timer)
{
    loop->env->operations->timer_stop(loop, timer);
}

/* Connect to "host:port" ("[::1]:7001" for addresses of IPv6). Never NULL: what goes wrong is told, later, by `closed`. Sockets belong to their
 * loop: everything about them happens on its thread. */
static inline struct socket *socket_open(struct loop *loop, const char *address, const struct socket_events *events, void *data)
{
    return loop->env->operations->socket_open(loop, address, events, data);
}
/* The bytes are copied, and go out in order. Once it is closed this does nothing. */
static inline void socket_send(struct socket *socket, const void *bytes, size_t count)
{
    socket->loop->env->operations->socket_send(socket, bytes, count);
}
/* The end of it: frees it, also after `closed`, and nothing is told any more. What was sent may be lost. */
static inline void socket_close(struct socket *socket)
{
    socket->loop->env->operations->socket_close(socket);
}

/* A fresh id (base/id.h) of this moment. */
void env_new_id(struct env *env, char out[27]);

/* --- the machine (env_machine.c) --- */

/* The one environment that is the machine. */
struct env *env_machine(void);

/* A libuv loop. machine_loop_run() blocks until machine_loop_stop(), which any thread may call. */
struct loop *machine_loop_new(struct env *env);
void machine_loop_run(struct loop *loop);
void machine_loop_stop(struct loop *loop);
void machine_loop_free(struct loop *loop);
/* The uv_loop_t, for sockets and processes. */
void *machine_loop_uv(struct loop *loop);

#endif
