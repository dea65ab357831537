/*
 * The host of one service: its start, its drain, its stop.
 *
 *     host_start --> serving --host_drain--> draining --nothing open--> drained --host_stop--> gone
 *
 * `open` counts everything that a loop will still hear of: calls, jobs, sagas, the clock. Draining closes the gate, parks the
 * sagas and stops the clock; when nothing is open any more, no loop will hear from this host again.
 */
#include "base/assert.h"
#include "base/limits.h"
#include "base/log.h"
#include "platform/service/host_internal.h"

#include <stdio.h>
#include <stdlib.h>

/* --- what is open ------------------------------------------------------------------------------------------------ */

void host_open(struct host *host)
{
    atomic_fetch_add(&host->open, 1);
}

/* The clock is open until the drain stops it, so the last one closes while we drain. */
void host_close(struct host *host)
{
    if (atomic_fetch_sub(&host->open, 1) == 1 && !atomic_exchange(&host->drained, true))
        loop_post(host->drained_loop, host->drained_task);
}

void host_drain(struct host *host, struct loop *loop, struct task *drained)
{
    ASSERT(!atomic_load(&host->draining));
    host->drained_loop = loop;
    host->drained_task = drained;
    atomic_store(&host->draining, true);

    LOG_INFO("draining", log_text("service", host->declaration->name),
             log_int("open", (int64_t)atomic_load(&host->open) - 1));
    sagas_drain(host);
    loop_post(host->options.loop, &host->stop_clock);
}

/* --- start ------------------------------------------------------------------------------------------------------- */

static struct host *host_new(const struct service *service, const struct host_options *options)
{
    struct host *host = calloc(1, sizeof *host);
    ASSERT(host != NULL);
    host->service = service;
    host->declaration = service->declaration;
    host->options = *options;
    host->env = options->env;
    host->feeds_again_us = host->sought.again_us = INT64_MAX;
    host->streams = stream_versions_new();
    host_open(host); /* the clock */
    pthread_mutex_init(&host->lock, NULL);
    writer_init(host);
    clock_init(host);
    transport_init(&host->transport, host);
    return host;
}

static void host_free(struct host *host)
{
    sought_free(host);
    free(host->consumers);
    stream_versions_free(host->streams);
    if (host->connection != NULL)
        connection_close(host->connection);
    if (host->store != NULL)
        store_close(host->store);
    pthread_mutex_destroy(&host->queue_lock);
    pthread_mutex_destroy(&host->lock);
    free(host);
}

static bool open_store(struct host *host, char error[512])
{
    const struct service *service = host->service;
    host->store = store_open(host->env, host->options.store_url, host->declaration->name, error);
    if (host->store == NULL)
        return false;
    host->connection = connection_open_writer(host->store, host->options.writer_wait_ms, error);
    return host->connection != NULL &&
           event_log_migrate(host->connection, service->migrations, service->migration_count, error);
}

void host_read_head(struct host *host, struct tx *tx)
{
    event_log_head(tx, &host->head);
    host->head.streams = host->streams;
    stream_versions_forget(host->streams);
}

/* Take up what the store says: the end of the log, the inboxes, the timers, the open sagas. */
static bool take_up(struct host *host, char error[512])
{
    struct tx *tx = tx_begin(host->connection);
    struct arena *arena = arena_new(LIMIT_BULK_ARENA);
    tx->arena = arena;
    host_read_head(host, tx);
    host->head_is_known = true;
    atomic_store(&host->last_event, host->head.number);
    host->timer_due_us = timers_earliest(tx);
    consumers_init(host, tx);
    instances_begin(host, tx);
    if (!connection_is_shared(host->connection))
        sagas_resume(host, tx); /* elsewhere the leader looks whose they are */
    bool taken = !tx->failed;
    if (taken)
        taken = tx_commit(tx);
    else
        tx_rollback(tx);
    if (!taken)
        snprintf(error, 512, "The store of %s can't be read or written.", host->declaration->name);
    arena_free(arena);
    return taken;
}

struct host *host_start(const struct service *service, const struct host_options *options, char error[512])
{
    struct host *host = host_new(service, options);
    if (!open_store(host, error) || !take_up(host, error)) {
        sagas_discard(host);
        host_free(host);
        return NULL;
    }
    host->worker = worker_start(host->env, host->declaration->name, writer_step, host);
    bulk_start(host);
    consumers_listen(host);
    instances_start(host);
    atomic_store(&host->started, true);
    worker_wake(host->worker);

    feed_start(host);
    directory_add(options->directory, host->declaration->name, &host->transport.base);
    sagas_start(host);
    LOG_INFO("started", log_text("service", host->declaration->name), log_int("events", host->head.number),
             log_int("sagas", (int64_t)atomic_load(&host->sagas_open)));
    return host;
}

/* --- stop -------------------------------------------------------------------------------------------------------- */

void host_stop(struct host *host)
{
    ASSERT(atomic_load(&host->drained));
    pthread_mutex_lock(&host->lock);
    host->deaf = true; /* from here on the bus wakes nobody */
    pthread_mutex_unlock(&host->lock);

    bulk_stop(host);
    worker_stop(host->worker);
    instances_stop(host);
    consumers_unlisten(host);
    feed_stop(host);
    LOG_INFO("stopped", log_text("service", host->declaration->name),
             log_int("events", (int64_t)host_last_event(host)));
    host_free(host);
}

/* --- what others ask --------------------------------------------------------------------------------------------- */

const struct service *host_service(const struct host *host)
{
    return host->service;
}

int64_t host_last_event(const struct host *host)
{
    return atomic_load(&host->last_event);
}

struct host_counts host_counts(const struct host *host)
{
    return (struct host_counts){
        .queries = atomic_load(&host->queries),
        .commands = atomic_load(&host->commands),
        .commits = atomic_load(&host->commits),
        .events = atomic_load(&host->events),
        .refused = atomic_load(&host->refused),
        .shed = {[URGENCY_REPORT] = atomic_load(&host->shed[URGENCY_REPORT]),
                 [URGENCY_BROWSE] = atomic_load(&host->shed[URGENCY_BROWSE]),
                 [URGENCY_CART] = atomic_load(&host->shed[URGENCY_CART]),
                 [URGENCY_PAY] = atomic_load(&host->shed[URGENCY_PAY])},
        .reactions_refused = atomic_load(&host->reactions_refused),
        .timers_refused = atomic_load(&host->timers_refused),
        .writer_queue = atomic_load(&host->queued),
        .reader_queue = atomic_load(&host->reading),
        .sagas_open = atomic_load(&host->sagas_open),
        .behind = consumers_behind(host),
        .under_way = atomic_load(&host->under_way) + atomic_load(&host->parts_done),
        .expected = atomic_load(&host->expected) + atomic_load(&host->parts_expected),
        .store_fails = atomic_load(&host->store_fails),
        .instances = 1 + (host->watch != NULL ? store_watch_others(host->watch) : 0),
        .leads = host_leads(host),
        .redone = atomic_load(&host->redone),
    };
}
