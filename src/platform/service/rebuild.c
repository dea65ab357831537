/*
 * Tables computed again from the events (service_rebuild), and a store looked over (service_verify).
 *
 * Replacing happens in one transaction on the live store: the tables go, the migrations make them again, the events fill them. A crash
 * leaves the old ones. Comparing happens beside a running host: one read transaction sees the live tables, the events and the
 * inbox of one moment, however long it takes, and a scratch store takes the tables that these events make. (While it lasts, the live
 * journal can't be begun anew and grows with what is written meanwhile.)
 *
 * First the service's own events, then those it projects, producer by producer, as far as its inbox says. The order between them is
 * recorded nowhere; so a table is written by the service's own events or by the projections of one producer, never by both.
 */
#include "base/assert.h"
#include "base/limits.h"
#include "platform/rpc/message.h"
#include "platform/service/replay.h"

#include <stdio.h>
#include <string.h>

struct rebuild {
    const struct service *const *services;
    size_t service_count;
    const struct service *service;
    struct env *env;
    const char *store_url;
    struct tx *live;   /* where the events are */
    struct tx *target; /* where the tables are made; may be the same */
    struct arena *arena;
    char *error; /* 512 bytes */
};

/* --- a store of its own --- */

struct opened {
    struct store *store;
    struct connection *connection;
};

static bool opened_init(struct opened *opened, struct env *env, const char *url, const char *service,
                        enum connection_kind kind, char error[512])
{
    *opened = (struct opened){.store = store_open(env, url, service, error)};
    if (opened->store)
        opened->connection = connection_open(opened->store, kind, error);
    return opened->connection;
}

static void opened_release(struct opened *opened)
{
    if (opened->connection)
        connection_close(opened->connection);
    if (opened->store)
        store_close(opened->store);
    *opened = (struct opened){0};
}

/* --- the service's own events --- */

static bool replay_own(struct rebuild *rebuild)
{
    struct replay replay;
    replay_init(&replay, rebuild->service, rebuild->target);
    event_log_read(rebuild->live, NULL, 0, 0, INT64_MAX, replay_event, &replay);
    replay_release(&replay);
    if (replay.unknown) {
        snprintf(rebuild->error, 512, "Event %lld of %s is of a kind that this version does not know: a newer one wrote it, and can do this.",
                 (long long)replay.unknown, rebuild->service->declaration->name);
        return false;
    }
    return !rebuild->live->failed && !rebuild->target->failed;
}

/* --- projections of other services' events --- */

struct projection {
    struct replay replay; /* the service that projects */
    const struct service *producer;
};

static const struct event_declaration *declaration_of(const struct service *producer, const char *name)
{
    for (size_t i = 0; i < producer->declaration->event_count; i++)
        if (strcmp(producer->declaration->events[i]->name, name) == 0)
            return producer->declaration->events[i];
    return NULL;
}

static const ProtobufCMessage *unpack(const struct service *producer, struct arena *arena, const struct event *event)
{
    const struct event_declaration *declaration = declaration_of(producer, event->name);
    ASSERT(declaration);
    bool is_old = event->schema_version < declaration->version && producer->upcast;
    const ProtobufCMessage *data =
        is_old ? producer->upcast(arena, event)
               : message_unpack(arena, declaration->message->descriptor, event->data);
    ASSERT(data);
    return data;
}

static bool project_event(void *data, const struct event *event)
{
    struct projection *projection = data;
    const struct service *service = projection->replay.service;
    struct tx *tx = projection->replay.tx;
    for (size_t i = 0; i < service->subscription_count; i++) {
        const struct subscription *subscription = &service->subscriptions[i];
        if (!subscription->project || strcmp(subscription->producer, projection->producer->declaration->name) != 0 ||
            strcmp(subscription->event->descriptor->name, event->name) != 0)
            continue;
        struct arena *arena = replay_arena(&projection->replay);
        tx->may_write = true;
        subscription->project(tx, event, unpack(projection->producer, arena, event));
        tx->may_write = false;
    }
    return !tx->failed;
}

static const struct service *service_named(const struct rebuild *rebuild, const char *name)
{
    for (size_t i = 0; i < rebuild->service_count; i++)
        if (strcmp(rebuild->services[i]->declaration->name, name) == 0)
            return rebuild->services[i];
    return NULL;
}

/* What has been handled is committed, and numbers are dense: the first `position` events are those up to it. */
static bool replay_producer(struct rebuild *rebuild, const char *name)
{
    struct opened opened = {0};
    struct projection projection = {.producer = service_named(rebuild, name)};
    int64_t position = inbox_position(rebuild->live, name);
    bool done = false;
    if (position == 0)
        return true;
    if (!projection.producer) {
        snprintf(rebuild->error, 512, "%s needs the events of %s, which is not part of this program.",
                 rebuild->service->declaration->name, name);
        return false;
    }
    if (!opened_init(&opened, rebuild->env, rebuild->store_url, name, CONNECTION_READER, rebuild->error))
        goto out;
    replay_init(&projection.replay, rebuild->service, rebuild->target);
    struct tx *feed = tx_begin(opened.connection);
    int64_t last = event_log_read(feed, NULL, 0, 0, position, project_event, &projection);
    done = !feed->failed && !rebuild->target->failed;
    tx_rollback(feed);
    replay_release(&projection.replay);
    if (done && last != position) {
        snprintf(rebuild->error, 512, "%s has handled event %lld of %s, whose log ends with %lld: one of both stores is an older copy.",
                 rebuild->service->declaration->name, (long long)position, name, (long long)last);
        done = false;
    }
out:
    opened_release(&opened);
    return done;
}

/* Each producer whose events the service projects, once: where it is first named. */
static bool is_first_projection(const struct service *service, size_t index)
{
    const struct subscription *subscriptions = service->subscriptions;
    if (!subscriptions[index].project)
        return false;
    for (size_t i = 0; i < index; i++)
        if (subscriptions[i].project && strcmp(subscriptions[i].producer, subscriptions[index].producer) == 0)
            return false;
    return true;
}

static bool replay_all(struct rebuild *rebuild)
{
    const struct service *service = rebuild->service;
    snprintf(rebuild->error, 512, "The store of %s can't be read or written; the log says why.", service->declaration->name);
    if (!replay_own(rebuild))
        return false;
    for (size_t i = 0; i < service->subscription_count; i++)
        if (is_first_projection(service, i) && !replay_producer(rebuild, service->subscriptions[i].producer))
            return false;
    return true;
}

/* --- replacing --- */

static bool replace_tables(struct rebuild *rebuild)
{
    const struct service *service = rebuild->service;
    struct opened opened = {0};
    bool done = false;
    if (!opened_init(&opened, rebuild->env, rebuild->store_url, service->declaration->name, CONNECTION_WRITER, rebuild->error) ||
        !event_log_migrate(opened.connection, service->migrations, service->migration_count, rebuild->error))
        goto out;

    struct tx *tx = tx_begin(opened.connection);
    tx->arena = rebuild->arena;
    rebuild->live = rebuild->target = tx;
    done = event_log_is_current(tx, service->migrations, service->migration_count, rebuild->error) && /* not newer, either */
           event_log_reset(tx, service->migrations, service->migration_count, rebuild->error) && replay_all(rebuild);
    if (done)
        done = tx_commit(tx);
    else
        tx_rollback(tx);
out:
    opened_release(&opened);
    return done;
}

/* --- comparing --- */

/* Timers are computed until they are due; then the host takes them out, and an event says so only if its handler emitted one. */
struct pending_timer {
    const char *kind, *key;
    int64_t due_us;
};
struct pending_timers {
    struct sql_rows rows;
    struct pending_timer next;
    bool more;
};

static void timers_next(struct pending_timers *timers)
{
    timers->more = sql_next(&timers->rows);
    if (timers->more)
        timers->next = (struct pending_timer){.kind = sql_get_string(&timers->rows, 0),
                                              .key = sql_get_string(&timers->rows, 1),
                                              .due_us = sql_get_int(&timers->rows, 2)};
}

static struct pending_timers timers_open(struct tx *tx)
{
    struct pending_timers timers = {.rows = SQL_SELECT(tx, "SELECT kind, key, due_us FROM souk_timer ORDER BY kind, key")};
    timers_next(&timers);
    return timers;
}

static int timers_order(const struct pending_timers *a, const struct pending_timers *b)
{
    if (!a->more || !b->more)
        return a->more ? -1 : 1;
    int kinds = strcmp(a->next.kind, b->next.kind);
    return kinds ? kinds : strcmp(a->next.key, b->next.key);
}

/* Every live timer is one that the events set, for the same time unless that has come; and every one they set for the future is there. */
static bool same_timers(struct rebuild *rebuild)
{
    int64_t now_us = env_now_us(rebuild->env);
    struct pending_timers live = timers_open(rebuild->live);
    struct pending_timers rebuilt = timers_open(rebuild->target);
    bool same = true;
    while (same && (live.more || rebuilt.more)) {
        int order = timers_order(&live, &rebuilt);
        const struct pending_timer *timer = order <= 0 ? &live.next : &rebuilt.next;
        bool is_past = order >= 0 && rebuilt.next.due_us <= now_us;
        same = is_past || (order == 0 && live.next.due_us == rebuilt.next.due_us);
        if (!same)
            snprintf(rebuild->error, 512, "%s: the timer %.100s of %.200s is not what the events say.",
                     rebuild->service->declaration->name, timer->kind, timer->key);
        if (order <= 0)
            timers_next(&live);
        if (order >= 0)
            timers_next(&rebuilt);
    }
    sql_stop(&live.rows);
    sql_stop(&rebuilt.rows);
    return same;
}

static bool same_table(struct rebuild *rebuild, const struct table *live, const struct table *rebuilt)
{
    if (strcmp(live->name, "souk_timer") == 0 || strcmp(live->digest, rebuilt->digest) == 0)
        return true;
    snprintf(rebuild->error, 512,
             "%s: the table %.100s is not what the events say (%lld rows, rebuilt %lld). `souk rebuild %s` makes it anew.",
             rebuild->service->declaration->name, live->name, (long long)live->row_count, (long long)rebuilt->row_count,
             rebuild->service->declaration->name);
    return false;
}

static bool same_tables(struct rebuild *rebuild)
{
    struct table *live;
    struct table *rebuilt;
    rebuild->target->arena = rebuild->arena;
    size_t live_count = store_tables(rebuild->live, true, &live);
    size_t rebuilt_count = store_tables(rebuild->target, true, &rebuilt);
    if (rebuild->live->failed || rebuild->target->failed)
        return false;
    bool same = live_count == rebuilt_count;
    for (size_t i = 0; same && i < live_count; i++)
        same = strcmp(live[i].name, rebuilt[i].name) == 0;
    if (!same) {
        snprintf(rebuild->error, 512, "%s: the store does not have the tables that its migrations make.",
                 rebuild->service->declaration->name);
        return false;
    }
    for (size_t i = 0; same && i < live_count; i++)
        same = same_table(rebuild, &live[i], &rebuilt[i]);
    return same && same_timers(rebuild);
}

static bool compare_tables(struct rebuild *rebuild)
{
    const struct service *service = rebuild->service;
    struct opened opened = {0};
    struct opened scratch = {0};
    bool same = false;
    if (!opened_init(&opened, rebuild->env, rebuild->store_url, service->declaration->name, CONNECTION_READER, rebuild->error) ||
        !opened_init(&scratch, rebuild->env, "sqlite::temporary:", service->declaration->name, CONNECTION_WRITER, rebuild->error) ||
        !event_log_migrate(scratch.connection, service->migrations, service->migration_count, rebuild->error))
        goto out;

    rebuild->live = tx_begin(opened.connection);
    rebuild->live->arena = rebuild->arena;
    rebuild->target = tx_begin(scratch.connection);
    same = event_log_is_current(rebuild->live, service->migrations, service->migration_count, rebuild->error) &&
           replay_all(rebuild) && same_tables(rebuild);
    tx_rollback(rebuild->target);
    tx_rollback(rebuild->live);
out:
    opened_release(&scratch);
    opened_release(&opened);
    return same;
}

bool service_rebuild(const struct service *const *services, size_t service_count, const struct service *service,
                     struct env *env, const char *store_url, bool replace, char error[512])
{
    struct rebuild rebuild = {
        .services = services,
        .service_count = service_count,
        .service = service,
        .env = env,
        .store_url = store_url,
        .arena = arena_new(LIMIT_BULK_ARENA),
        .error = error,
    };
    bool done = replace ? replace_tables(&rebuild) : compare_tables(&rebuild);
    arena_free(rebuild.arena);
    return done;
}

/* --- verifying --- */

static bool verify(const struct service *service, struct tx *tx, char error[512])
{
    snprintf(error, 512, "The store of %s can't be read; the log says why.", service->declaration->name);
    return event_log_is_current(tx, service->migrations, service->migration_count, error) && event_log_verify(tx, error) == 0 &&
           !tx->failed && (!service->check || service->check(tx, error)) && !tx->failed;
}

bool service_verify(const struct service *service, struct env *env, const char *store_url, char error[512])
{
    struct opened opened = {0};
    bool right = false;
    if (opened_init(&opened, env, store_url, service->declaration->name, CONNECTION_READER, error)) {
        struct tx *tx = tx_begin(opened.connection);
        tx->arena = arena_new(LIMIT_BULK_ARENA);
        struct arena *arena = tx->arena;
        right = verify(service, tx, error);
        tx_rollback(tx);
        arena_free(arena);
    }
    opened_release(&opened);
    return right;
}
