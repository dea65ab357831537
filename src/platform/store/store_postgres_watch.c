/*
 * Watches on PostgreSQL: a session that listens, and a thread that waits for it.
 *
 *     connect ── LISTEN, lock the instance, say hello ──> tick ─> send ─> hear ─> wait for the socket, a line to send, or the next second
 *        ^                                                  │                        │
 *        └───────────────── after 100 ms ───────────────────┴── the session broke <──┘
 *
 * Nothing here has to be durable, so the session does not wait for the disk: a notification then holds the lock that all committing
 * notifiers of a server share for some microseconds only. In the writer's transaction it would hold it through the sync, and the commits of all
 * databases would come one after the other.
 */
#include "platform/store/store_watch.h"

#include "base/assert.h"
#include "base/log.h"
#include "platform/store/store_postgres_internal.h"

#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define TICK_US INT64_C(1000000)
#define AGAIN_US INT64_C(100000)
/* What PostgreSQL takes in one notification, less some. */
#define PAYLOAD_BYTES 7900
/* Waiting to be said; beyond that the others are told that they have missed something. */
#define OUTBOX_BYTES 65536

struct store_watch {
    struct postgres_store *store;
    struct store_watch_options options;
    pthread_t thread;
    int wake;
    atomic_bool stopping;
    atomic_int_fast64_t instance;
    atomic_uint others;
    atomic_int_fast64_t sure_us; /* monotonic: when the last tick that succeeded began */

    pthread_mutex_t lock; /* of the outbox */
    char outbox[OUTBOX_BYTES];
    size_t outbox_length;
    bool outbox_overflowed;

    /* the thread's */
    PGconn *server;
    int64_t tick_us;
    bool fresh;
    bool holds_lead;
    int64_t locked; /* the instance whose lock the session holds; 0 none */
    unsigned missing; /* instances without a session, at the last tick */
    bool told;
};

static struct env *env_of(const struct store_watch *watch)
{
    return watch->store->store.env;
}

static void wake(struct store_watch *watch)
{
    uint64_t one = 1;
    ASSERT(write(watch->wake, &one, sizeof one) == sizeof one);
}

/* --- saying ------------------------------------------------------------------------------------------------------ */

static void add_line(struct store_watch *watch, const char *line, size_t length)
{
    pthread_mutex_lock(&watch->lock);
    bool fits = watch->outbox_length + length + 1 <= OUTBOX_BYTES;
    if (fits) {
        memcpy(watch->outbox + watch->outbox_length, line, length);
        watch->outbox[watch->outbox_length + length] = '\n';
        watch->outbox_length += length + 1;
    }
    watch->outbox_overflowed |= !fits;
    pthread_mutex_unlock(&watch->lock);
    wake(watch);
}

void store_watch_say(struct store_watch *watch, const char *format, ...)
{
    char line[STORE_WATCH_LINE_BYTES];
    if (atomic_load(&watch->others) == 0)
        return;
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (length < (int)sizeof line)
        add_line(watch, line, (size_t)length);
    else
        add_line(watch, STORE_WATCH_MISSED, strlen(STORE_WATCH_MISSED));
}

static bool notify(struct store_watch *watch, const char *payload)
{
    PGresult *result = PQexecParams(watch->server, "SELECT pg_notify('souk', $1)", 1, NULL, &payload, NULL, NULL, 0);
    bool done = PQresultStatus(result) == PGRES_TUPLES_OK;
    PQclear(result);
    return done;
}

/* What waits, as whole lines that fit one notification, in `payload`. */
static bool take_payload(struct store_watch *watch, char payload[PAYLOAD_BYTES + 1])
{
    pthread_mutex_lock(&watch->lock);
    size_t length = watch->outbox_length < PAYLOAD_BYTES ? watch->outbox_length : PAYLOAD_BYTES;
    while (length > 0 && watch->outbox[length - 1] != '\n')
        length--;
    memcpy(payload, watch->outbox, length);
    payload[length] = '\0';
    watch->outbox_length -= length;
    memmove(watch->outbox, watch->outbox + length, watch->outbox_length);
    if (length == 0 && watch->outbox_overflowed) {
        length = (size_t)sprintf(payload, STORE_WATCH_MISSED "\n");
        watch->outbox_overflowed = false;
    }
    pthread_mutex_unlock(&watch->lock);
    return length > 0;
}

static bool send_outbox(struct store_watch *watch)
{
    char payload[PAYLOAD_BYTES + 1];
    while (take_payload(watch, payload))
        if (!notify(watch, payload))
            return false; /* the next session begins by saying that something was missed */
    return true;
}

/* --- hearing ----------------------------------------------------------------------------------------------------- */

static void hear_lines(struct store_watch *watch, char *lines)
{
    char *rest = NULL;
    for (char *line = strtok_r(lines, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        if (strcmp(line, STORE_WATCH_HELLO) == 0)
            watch->tick_us = 0; /* count them now */
        watch->options.heard(watch->options.data, line);
    }
}

static bool hear(struct store_watch *watch)
{
    if (!PQconsumeInput(watch->server))
        return false;
    for (PGnotify *notification = PQnotifies(watch->server); notification; notification = PQnotifies(watch->server)) {
        if (notification->be_pid != PQbackendPID(watch->server)) {
            unsigned nobody = 0;
            atomic_compare_exchange_strong(&watch->others, &nobody, 1);
            hear_lines(watch, notification->extra);
        }
        PQfreemem(notification);
    }
    return true;
}

/* --- ticking ----------------------------------------------------------------------------------------------------- */

/* Whoever has been silent for too long is stopped, or cut off: its locks are to go to others. */
static void end_silent_sessions(struct store_watch *watch)
{
    static const char sql[] =
        "SELECT pg_terminate_backend(a.pid) FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid"
        " WHERE l.locktype = 'advisory' AND l.classid = " STORE_INSTANCE_LOCKS " AND l.objsubid = 2 AND l.granted AND a.pid <> pg_backend_pid()"
        " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        " AND a.state = 'idle' AND a.state_change < clock_timestamp() - INTERVAL '" STORE_WATCH_GONE_S " seconds'";
    PGresult *result = PQexec(watch->server, sql);
    if (PQntuples(result) > 0)
        LOG_WARNING("another process has been silent for too long: its session was ended", log_text("store", watch->store->store.path));
    PQclear(result);
}

/* The old lock goes when the new one is there: there is no moment without. */
static bool lock_instance(struct store_watch *watch)
{
    int64_t number = atomic_load(&watch->instance);
    char sql[200];
    if (watch->locked == number)
        return true;
    snprintf(sql, sizeof sql, "SELECT pg_try_advisory_lock(" STORE_INSTANCE_LOCKS ", %" PRId64 ")", number);
    PGresult *result = PQexec(watch->server, sql);
    bool done = PQresultStatus(result) == PGRES_TUPLES_OK;
    bool locked = done && *PQgetvalue(result, 0, 0) == 't'; /* or an old session of ours still has it */
    PQclear(result);
    if (locked && watch->locked) {
        snprintf(sql, sizeof sql, "SELECT pg_advisory_unlock(" STORE_INSTANCE_LOCKS ", %" PRId64 ")", watch->locked);
        PQclear(PQexec(watch->server, sql));
    }
    if (locked)
        watch->locked = number;
    return done;
}

/* Instances are missed only when two ticks have, and the server has been up for long enough for all to be back. */
static void read_tick(struct store_watch *watch, const PGresult *result, struct store_tick *tick)
{
    unsigned missing = (unsigned)strtoul(PQgetvalue(result, 0, 4), NULL, 10);
    bool others_could_be_back = *PQgetvalue(result, 0, 5) == 't';
    unsigned living = (unsigned)strtoul(PQgetvalue(result, 0, 1), NULL, 10);
    watch->holds_lead |= *PQgetvalue(result, 0, 0) == 't';
    tick->connected = true;
    tick->fresh = watch->fresh;
    tick->holds_lead = watch->holds_lead;
    tick->others = living > 0 && watch->locked ? living - 1 : living;
    tick->head = strtoll(PQgetvalue(result, 0, 2), NULL, 10);
    tick->gone = (unsigned)strtoul(PQgetvalue(result, 0, 3), NULL, 10);
    if (watch->missing > 0 && missing > 0 && others_could_be_back)
        tick->gone += missing;
    tick->inbox = PQgetvalue(result, 0, 6);
    watch->missing = missing;
}

static bool tick(struct store_watch *watch)
{
    static const char sql[] =
        "SELECT CASE WHEN $2 = 1 THEN TRUE ELSE pg_try_advisory_lock(" LEADER_LOCK ") END,"
        " (SELECT COUNT(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = " STORE_INSTANCE_LOCKS " AND objsubid = 2 AND granted"
        "  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())),"
        " (SELECT COALESCE(MAX(number), 0) FROM souk_event),"
        " (SELECT COUNT(*) FROM souk_instance WHERE heir = 0),"
        " (SELECT COUNT(*) FROM souk_instance WHERE heir IS NULL AND number <> $1 AND NOT " STORE_INSTANCE_LIVES("number") "),"
        " clock_timestamp() - pg_postmaster_start_time() > INTERVAL '" STORE_WATCH_GONE_S " seconds',"
        " (SELECT COALESCE(string_agg(producer || ' ' || number, ' '), '') FROM souk_inbox)";
    static const Oid types[] = {20, 23}; /* int8, int4 */
    char number[24];
    const char *values[] = {number, watch->holds_lead ? "1" : "0"};
    int64_t began_us = env_monotonic_us(env_of(watch));
    snprintf(number, sizeof number, "%" PRId64, (int64_t)atomic_load(&watch->instance));
    if (!lock_instance(watch))
        return false;
    PGresult *result = PQexecParams(watch->server, sql, 2, types, values, NULL, NULL, 0);
    struct store_tick tick = {0};
    bool done = PQresultStatus(result) == PGRES_TUPLES_OK;
    if (done) {
        read_tick(watch, result, &tick);
        atomic_store(&watch->others, tick.others);
        if (watch->locked)
            atomic_store(&watch->sure_us, began_us);
        watch->options.ticked(watch->options.data, &tick);
        watch->fresh = false;
        watch->tick_us = began_us + TICK_US;
    }
    PQclear(result);
    if (done && tick.others > 0)
        end_silent_sessions(watch);
    return done;
}

/* --- the session ------------------------------------------------------------------------------------------------- */

static void close_session(struct store_watch *watch)
{
    PQfinish(watch->server);
    watch->server = NULL;
    watch->holds_lead = false;
    watch->locked = 0;
}

static bool open_session(struct store_watch *watch)
{
    char error[512];
    watch->server = postgres_session(watch->store, error);
    if (!watch->server)
        return false;
    PGresult *result = PQexec(watch->server, "SET synchronous_commit = off; SET application_name = 'souk watch'; LISTEN souk");
    bool done = PQresultStatus(result) == PGRES_COMMAND_OK;
    PQclear(result);
    watch->fresh = true;
    watch->missing = 0;
    watch->tick_us = 0;
    return done && lock_instance(watch) && notify(watch, STORE_WATCH_HELLO "\n" STORE_WATCH_MISSED "\n");
}

static void lose_session(struct store_watch *watch)
{
    if (!watch->told)
        LOG_WARNING("what other processes do is not heard for now", log_text("store", watch->store->store.path));
    watch->told = true;
    close_session(watch);
    watch->options.ticked(watch->options.data, &(struct store_tick){.connected = false});
}

/* One round: false when the session broke. */
static bool step(struct store_watch *watch)
{
    if (!watch->server && !open_session(watch))
        return false;
    if (env_monotonic_us(env_of(watch)) >= watch->tick_us && !tick(watch))
        return false;
    watch->told = false;
    return send_outbox(watch) && hear(watch);
}

static void wait_for_something(struct store_watch *watch, bool fine)
{
    int64_t left_us = fine ? watch->tick_us - env_monotonic_us(env_of(watch)) : AGAIN_US;
    struct pollfd fds[] = {{.fd = watch->wake, .events = POLLIN}, {.fd = fine ? PQsocket(watch->server) : -1, .events = POLLIN}};
    if (left_us > 0)
        poll(fds, 2, (int)(left_us / 1000) + 1);
    uint64_t wakes;
    if (fds[0].revents)
        ASSERT(read(watch->wake, &wakes, sizeof wakes) == sizeof wakes);
}

static void *run(void *data)
{
    struct store_watch *watch = data;
    while (!atomic_load(&watch->stopping)) {
        bool fine = step(watch);
        if (!fine)
            lose_session(watch);
        if (!atomic_load(&watch->stopping))
            wait_for_something(watch, fine);
    }
    if (watch->server)
        send_outbox(watch);
    close_session(watch);
    return NULL;
}

/* --- beginning and end ------------------------------------------------------------------------------------------- */

struct store_watch *store_watch_start(struct store *store, const struct store_watch_options *options)
{
    ASSERT(store->back == &store_back_postgres);
    struct store_watch *watch = calloc(1, sizeof *watch);
    ASSERT(watch);
    watch->store = (struct postgres_store *)store;
    watch->options = *options;
    watch->wake = eventfd(0, EFD_CLOEXEC);
    ASSERT(watch->wake >= 0);
    atomic_store(&watch->instance, options->instance);
    atomic_store(&watch->sure_us, env_monotonic_us(env_of(watch)));
    pthread_mutex_init(&watch->lock, NULL);
    if (!step(watch))
        lose_session(watch);
    ASSERT(pthread_create(&watch->thread, NULL, run, watch) == 0);
    return watch;
}

void store_watch_renumber(struct store_watch *watch, int64_t instance)
{
    atomic_store(&watch->instance, instance);
    wake(watch);
}

bool store_watch_is_sure(const struct store_watch *watch)
{
    return env_monotonic_us(watch->store->store.env) < atomic_load(&watch->sure_us) + STORE_WATCH_SURE_US;
}

unsigned store_watch_others(const struct store_watch *watch)
{
    return atomic_load(&watch->others);
}

void store_watch_stop(struct store_watch *watch)
{
    atomic_store(&watch->stopping, true);
    wake(watch);
    ASSERT(pthread_join(watch->thread, NULL) == 0);
    close(watch->wake);
    pthread_mutex_destroy(&watch->lock);
    free(watch);
}
