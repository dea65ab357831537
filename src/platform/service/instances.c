/*
 * Instances: several processes that run the same service on one database.
 *
 * Any of them takes commands and answers queries; their writers take turns, a batch each (store_postgres.c). With the turn comes the end
 * of the log as it is now: what this process remembers of it counts only when nobody else has written since.
 *
 * What must be done once is done by the one that leads: timers, other services' events, forgetting, the relay to NATS, and the sagas of
 * those that have gone.
 *
 *     FOLLOWS --the lock is free--> WINS --epoch + 1, in a turn--> LEADS
 *        ^                                                          |
 *        +---- the session of the lock is lost, or another epoch ---+
 *
 * Leading is fenced: the epoch is a row, read with every turn, and nothing is done as the leader in a transaction that finds another
 * one there. So one that was stopped, and replaced meanwhile, can do no harm when it wakes.
 *
 * The life of an instance is a row, too. When its session is gone, the leader takes over (`heir`): from then on the old one's sagas are the
 * leader's, and their records by the old one are refused. It finds out with its next turn, drops them, and begins a new life under another
 * number. Before a saga calls anybody, its process must be sure that nobody has taken it for gone (store_watch.h): calls bear keys, so what
 * two make at the same moment is one call.
 *
 * What others committed is heard from them (NOTIFY), line by line:
 *
 *     t KIND KEY      a resource has changed           e NUMBER            events up to there
 *     d TIME          a timer is due then              h PRODUCER NUMBER   its events are handled up to there
 *
 * What was not heard shows within two seconds by the tick: then all caches are emptied.
 */
#include "platform/service/instances.h"

#include "base/assert.h"
#include "base/log.h"
#include "platform/service/host_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* --- what is asked ----------------------------------------------------------------------------------------------- */

bool host_leads(const struct host *host)
{
    return host->watch == NULL || atomic_load(&host->epoch) > 0;
}

bool host_is_sure(const struct host *host)
{
    return host->watch == NULL || store_watch_is_sure(host->watch);
}

static int64_t new_number(struct host *host)
{
    uint32_t chance;
    env_random(host->env, &chance, sizeof chance);
    return 1 + (int64_t)(chance % INT32_MAX);
}

/* --- lives ------------------------------------------------------------------------------------------------------- */

static void begin_life(struct host *host, struct tx *tx)
{
    int64_t number = new_number(host);
    bool may_write = tx->may_write;
    tx->may_write = true;
    SQL_DO(tx, "INSERT INTO souk_instance (number, heir) VALUES (?1, NULL)", sql_int(number));
    tx->may_write = may_write;
    atomic_store(&host->instance, number);
}

/* Whoever leads may take over at once what this one leaves. */
static void end_life(struct host *host)
{
    struct tx *tx = tx_begin(host->connection);
    tx->may_write = true;
    SQL_DO(tx, "UPDATE souk_instance SET heir = 0 WHERE number = ?1 AND heir IS NULL", sql_int(atomic_load(&host->instance)));
    (void)tx_commit(tx); /* or they will notice */
}

/* --- turns ------------------------------------------------------------------------------------------------------- */

struct turn turn_ask(struct host *host, struct tx *tx)
{
    return (struct turn){
        .asked = true,
        .head = event_log_ask_head(tx),
        .standing = SQL_ASK(tx, "SELECT i.number, i.heir, l.epoch FROM souk_leader l LEFT JOIN souk_instance i ON i.number = ?1",
                            sql_int(atomic_load(&host->instance))),
    };
}

static void take_head(struct host *host, struct turn *turn)
{
    struct event_log_head now;
    event_log_read_head(&turn->head, &now);
    if (turn->head.tx->failed)
        return;
    bool is_known = host->head_is_known && now.number == host->head.number && memcmp(now.hash, host->head.hash, EVENT_HASH_BYTES) == 0;
    if (is_known)
        return;
    stream_versions_forget(host->streams);
    now.streams = host->streams;
    host->head = now;
    host->head_is_known = true;
}

static void step_down(struct host *host)
{
    if (atomic_exchange(&host->epoch, 0) > 0)
        LOG_WARNING("another instance leads now", log_text("service", host->declaration->name));
}

/* Whether this transaction is the leader's. */
static bool take_standing(struct host *host, struct turn *turn)
{
    bool found = sql_next(&turn->standing);
    bool lives = found && !sql_is_null(&turn->standing, 0) && sql_is_null(&turn->standing, 1);
    int64_t epoch = found ? sql_get_int(&turn->standing, 2) : 0;
    sql_stop(&turn->standing);
    if (turn->standing.tx->failed)
        return false;
    if (!lives) {
        LOG_WARNING("this instance was taken for gone: others go on with its sagas", log_text("service", host->declaration->name));
        begin_life(host, turn->standing.tx);
        store_watch_renumber(host->watch, atomic_load(&host->instance));
    }
    int64_t own = atomic_load(&host->epoch);
    if (own > 0 && own != epoch)
        step_down(host);
    return own > 0 && own == epoch;
}

bool turn_take(struct host *host, struct turn *turn)
{
    ASSERT(turn->asked);
    turn->asked = false;
    take_head(host, turn);
    return take_standing(host, turn);
}

/* --- telling ----------------------------------------------------------------------------------------------------- */

void instances_tell_touched(struct host *host, const char *resource, const char *key)
{
    if (host->watch != NULL)
        store_watch_say(host->watch, "t %s %s", resource, key);
}

void instances_tell_commit(const struct batch *batch)
{
    struct host *host = batch->host;
    if (host->watch == NULL)
        return;
    if (batch->touched.timers && batch->timer_due_us < INT64_MAX)
        store_watch_say(host->watch, "d %" PRId64, batch->timer_due_us);
    if (batch->events > 0)
        store_watch_say(host->watch, "e %" PRId64, host->head.number);
}

void instances_tell_handled(struct host *host, const char *producer, int64_t number)
{
    if (host->watch != NULL && host_leads(host))
        store_watch_say(host->watch, "h %s %" PRId64, producer, number);
}

/* --- hearing; on the watch's thread ------------------------------------------------------------------------------ */

static void wake_writer(struct host *host)
{
    pthread_mutex_lock(&host->lock);
    if (!host->deaf)
        worker_wake(host->worker);
    pthread_mutex_unlock(&host->lock);
}

/* The greater of both stays. */
static bool raise(atomic_int_fast64_t *at, int64_t number)
{
    int_fast64_t before = atomic_load(at);
    while (before < number)
        if (atomic_compare_exchange_weak(at, &before, number))
            return true;
    return false;
}

static void hear_events(struct host *host, int64_t number)
{
    const struct host_options *options = &host->options;
    if (!raise(&host->last_event, number))
        return;
    if (options->touched != NULL)
        options->touched(options->touched_data, "events", host->declaration->name);
    bus_publish(options->bus, host->declaration->name, number);
}

static void hear_touched(struct host *host, char *rest)
{
    const struct host_options *options = &host->options;
    char *key = strchr(rest, ' ');
    if (key == NULL || options->touched == NULL)
        return;
    *key++ = '\0';
    options->touched(options->touched_data, rest, key);
}

static void hear_timer(struct host *host, int64_t due_us)
{
    int_fast64_t before = atomic_load(&host->heard_due_us);
    while (due_us < before)
        if (atomic_compare_exchange_weak(&host->heard_due_us, &before, due_us))
            break;
    if (host_leads(host))
        wake_writer(host);
}

static void hear_handled(struct host *host, char *rest)
{
    char *number = strchr(rest, ' ');
    if (number == NULL || host_leads(host))
        return;
    *number++ = '\0';
    consumers_hear(host, rest, strtoll(number, NULL, 10));
}

static void hear_missed(struct host *host)
{
    const struct host_options *options = &host->options;
    if (options->everything_touched != NULL)
        options->everything_touched(options->touched_data);
}

static void on_heard(void *data, const char *line)
{
    struct host *host = data;
    char copy[STORE_WATCH_LINE_BYTES];
    snprintf(copy, sizeof copy, "%s", line);
    switch (copy[0]) {
    case 't':
        hear_touched(host, copy + 2);
        break;
    case 'e':
        hear_events(host, strtoll(copy + 2, NULL, 10));
        break;
    case 'd':
        hear_timer(host, strtoll(copy + 2, NULL, 10));
        break;
    case 'h':
        hear_handled(host, copy + 2);
        break;
    case '*': /* STORE_WATCH_MISSED */
        hear_missed(host);
        break;
    case '?': /* STORE_WATCH_HELLO */
        if (host_leads(host))
            consumers_tell(host);
        break;
    default:
        break; /* of a newer version */
    }
}

/* "catalog 17 pricing 4" */
static void hear_inbox(struct host *host, const char *inbox)
{
    char producer[64];
    int64_t number;
    int read;
    while (sscanf(inbox, "%63s %" SCNd64 "%n", producer, &number, &read) == 2) {
        if (consumers_hear(host, producer, number))
            hear_missed(host); /* what it projected was not heard */
        inbox += read;
    }
}

/* A second ago this number was there already, and nobody has told us of it. */
static bool has_missed(struct host *host, const struct store_tick *tick)
{
    bool missed = host->ticked_head > host_last_event(host);
    host->ticked_head = tick->head;
    return missed || tick->fresh;
}

static void on_tick(void *data, const struct store_tick *tick)
{
    struct host *host = data;
    bool holds_lead = tick->connected && tick->holds_lead;
    atomic_store(&host->holds_lead, holds_lead);
    if (!holds_lead)
        step_down(host);
    if (!tick->connected)
        return;
    if (has_missed(host, tick)) {
        hear_missed(host);
        hear_events(host, tick->head);
    }
    if (!holds_lead)
        hear_inbox(host, tick->inbox);
    if (holds_lead && tick->gone > 0)
        atomic_store(&host->some_are_gone, true);
    if (leader_has_work(host))
        wake_writer(host);
}

/* --- leading; on the writer -------------------------------------------------------------------------------------- */

bool leader_has_work(const struct host *host)
{
    return host->watch != NULL && atomic_load(&host->holds_lead) &&
           (atomic_load(&host->epoch) == 0 || atomic_load(&host->some_are_gone));
}

/* Those without a session are gone, and so are those of whom nothing is known. Who inherits from one that inherited has it all. */
static void inherit(struct tx *tx, int64_t own)
{
    SQL_DO(tx, "INSERT INTO souk_instance (number, heir) SELECT DISTINCT instance, CAST(?1 AS BIGINT) FROM souk_saga WHERE status < 2"
               " ON CONFLICT (number) DO NOTHING", sql_int(own));
    SQL_DO(tx, "INSERT INTO souk_instance (number, heir) SELECT DISTINCT instance, CAST(?1 AS BIGINT) FROM souk_idempotency WHERE result IS NULL"
               " ON CONFLICT (number) DO NOTHING", sql_int(own));
    SQL_DO(tx, "UPDATE souk_instance SET heir = ?1 WHERE heir = 0 OR"
               " (heir IS NULL AND number <> ?1 AND NOT " STORE_INSTANCE_LIVES("souk_instance.number") ")", sql_int(own));
    SQL_DO(tx, "UPDATE souk_instance SET heir = ?1 WHERE heir IN (SELECT number FROM souk_instance WHERE heir = ?1)", sql_int(own));
    SQL_DO(tx, "UPDATE souk_idempotency SET left_behind = 1 WHERE result IS NULL AND left_behind = 0"
               " AND instance IN (SELECT number FROM souk_instance WHERE heir = ?1)", sql_int(own));
}

/* Those that nothing is left of. */
static void forget_lives(struct tx *tx, int64_t own)
{
    SQL_DO(tx, "DELETE FROM souk_instance WHERE heir = ?1"
               " AND number NOT IN (SELECT instance FROM souk_saga WHERE status < 2)"
               " AND number NOT IN (SELECT instance FROM souk_idempotency WHERE result IS NULL)", sql_int(own));
}

static int64_t next_epoch(struct tx *tx)
{
    SQL_DO(tx, "UPDATE souk_leader SET epoch = epoch + 1");
    return SQL_INT(tx, 0, "SELECT epoch FROM souk_leader");
}

/* Whether it leads when this is committed, and since when. */
static int64_t lead(struct host *host, struct tx *tx, struct turn *turn)
{
    bool leads = turn_take(host, turn);
    int64_t epoch = atomic_load(&host->epoch);
    if (!leads && !atomic_load(&host->holds_lead))
        return 0;
    if (!leads)
        epoch = next_epoch(tx);
    inherit(tx, atomic_load(&host->instance));
    return epoch;
}

/* What was done by others meanwhile. */
static void take_up(struct host *host, struct tx *tx)
{
    consumers_take_up(host, tx);
    host->timer_due_us = timers_earliest(tx);
    atomic_store(&host->heard_due_us, INT64_MAX);
}

void leader_step(struct host *host, struct arena *arena)
{
    atomic_store(&host->some_are_gone, false);
    struct tx *tx = tx_begin(host->connection);
    struct turn turn = turn_ask(host, tx);
    tx->arena = arena;
    tx->may_write = true;
    int64_t epoch = lead(host, tx, &turn), before = atomic_load(&host->epoch);
    struct saga_adopted *sagas = epoch > 0 ? sagas_adopt(host, tx, arena) : NULL;
    if (epoch > 0)
        forget_lives(tx, atomic_load(&host->instance));
    if (epoch > 0 && before != epoch)
        take_up(host, tx);
    if (!tx_commit(tx)) {
        host->head_is_known = false;
        return; /* the next tick tries again */
    }
    if (epoch == 0)
        return;
    atomic_store(&host->epoch, epoch);
    if (before != epoch) {
        LOG_INFO("leads", log_text("service", host->declaration->name), log_int("epoch", epoch));
        consumers_look(host);
    }
    sagas_adopted(host, sagas);
}

/* --- beginning and end ------------------------------------------------------------------------------------------- */

void instances_begin(struct host *host, struct tx *tx)
{
    if (connection_is_shared(host->connection))
        begin_life(host, tx);
}

void instances_start(struct host *host)
{
    if (!connection_is_shared(host->connection))
        return;
    atomic_store(&host->heard_due_us, INT64_MAX);
    struct store_watch_options options = {
        .instance = atomic_load(&host->instance), .heard = on_heard, .ticked = on_tick, .data = host};
    host->watch = store_watch_start(host->store, &options);
}

void instances_stop(struct host *host)
{
    if (host->watch == NULL)
        return;
    end_life(host);
    store_watch_stop(host->watch);
    host->watch = NULL;
}
