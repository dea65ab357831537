/*
 * The feed: this service's events, for whoever listens to it.
 *
 * Several writers may read it at once, each on its own thread; a connection serves one at a time. So connections are lent,
 * and as many are made as were ever needed together.
 */
#include "base/assert.h"
#include "base/limits.h"
#include "base/log.h"
#include "platform/rpc/message.h"
#include "platform/service/host_internal.h"

#include <stdlib.h>

struct feed_connection {
    struct connection *connection;
    struct feed_connection *next;
};

static struct feed_connection *lend(struct host *host)
{
    pthread_mutex_lock(&host->lock);
    struct feed_connection *lent = host->feed_connections;
    if (lent != NULL)
        host->feed_connections = lent->next;
    pthread_mutex_unlock(&host->lock);
    if (lent != NULL)
        return lent;

    char error[512];
    struct connection *connection = connection_open(host->store, CONNECTION_READER, error);
    if (connection == NULL) {
        LOG_ERROR("a feed can't be read", log_text("service", host->declaration->name), log_text("why", error));
        return NULL;
    }
    lent = calloc(1, sizeof *lent);
    ASSERT(lent != NULL);
    lent->connection = connection;
    return lent;
}

static void give_back(struct host *host, struct feed_connection *lent)
{
    pthread_mutex_lock(&host->lock);
    lent->next = host->feed_connections;
    host->feed_connections = lent;
    pthread_mutex_unlock(&host->lock);
}

struct reading {
    const struct host *host;
    struct arena *arena; /* for upcasts; NULL until there is one */
    bool begun;          /* one was given on */
    bool (*each)(void *data, const struct event *event);
    void *each_data;
};

/* Listeners see present versions only. */
static bool on_event(void *data, const struct event *event)
{
    struct reading *reading = data;
    reading->begun = true;
    const struct service *service = reading->host->service;
    const struct event_declaration *declaration = event_declaration_find(service, event->name);
    bool is_old = declaration != NULL && service->upcast != NULL && event->schema_version < declaration->version;
    if (!is_old)
        return reading->each(reading->each_data, event);

    if (reading->arena == NULL)
        reading->arena = arena_new(LIMIT_BULK_ARENA);
    struct event present = *event;
    present.data = message_pack(reading->arena, service->upcast(reading->arena, event));
    present.schema_version = declaration->version;
    return reading->each(reading->each_data, &present);
}

static int64_t feed_read(void *data, int64_t after, int64_t limit, bool (*each)(void *data, const struct event *event),
                         void *each_data)
{
    struct host *host = data;
    struct feed_connection *lent = lend(host);
    if (lent == NULL)
        return -1;

    struct reading reading = {.host = host, .each = each, .each_data = each_data};
    struct tx *tx = tx_begin(lent->connection);
    int64_t last = event_log_read(tx, NULL, after, 0, limit, on_event, &reading);
    if (tx->failed && tx->may_pass && !reading.begun) { /* a session that was lost: there is another one to be had */
        tx_rollback(tx);
        tx = tx_begin(lent->connection);
        last = event_log_read(tx, NULL, after, 0, limit, on_event, &reading);
    }
    bool failed = tx->failed;
    tx_rollback(tx);
    arena_free(reading.arena);
    give_back(host, lent);
    return failed ? -1 : last;
}

static bool feed_read_past(void *data, const struct past *past, bool (*each)(void *data, const struct event *event),
                           void *each_data)
{
    struct host *host = data;
    struct feed_connection *lent = lend(host);
    if (lent == NULL)
        return false;

    struct reading reading = {.host = host, .each = each, .each_data = each_data};
    struct tx *tx = tx_begin(lent->connection);
    for (size_t i = 0; i < past->stream_count; i++)
        event_log_read_newest(tx, past->streams[i], past->names, past->name_count, past->until_us, on_event, &reading);
    bool failed = tx->failed;
    tx_rollback(tx);
    arena_free(reading.arena);
    give_back(host, lent);
    return !failed;
}

void feed_start(struct host *host)
{
    const struct feed feed = {.read = feed_read, .read_past = feed_read_past, .data = host};
    bus_add_producer(host->options.bus, host->declaration->name, &feed);
    bus_publish(host->options.bus, host->declaration->name, host_last_event(host));
}

void feed_stop(struct host *host)
{
    bus_remove_producer(host->options.bus, host->declaration->name);
    while (host->feed_connections != NULL) {
        struct feed_connection *lent = host->feed_connections;
        host->feed_connections = lent->next;
        connection_close(lent->connection);
        free(lent);
    }
}
