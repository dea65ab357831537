/*
 * Temporal queries (temporal.h). The scratch database hangs on the live connection, keeps its tables, indices and prepared
 * statements from one query to the next, and is emptied by rolling back: making tables costs more than most replays.
 */
#include "platform/service/temporal.h"

#include "base/assert.h"
#include "base/limits.h"
#include "base/plants.h"
#include "platform/rpc/message.h"
#include "platform/service/replay.h"

static struct connection *scratch_of(const struct service *service, struct connection *live)
{
    char error[512];
    bool fresh;
    struct connection *scratch = connection_scratch(live, &fresh, error);
    if (!scratch)
        return NULL;
    if (fresh && !event_log_migrate(scratch, service->migrations, service->migration_count, error))
        ASSERT(!"the migrations that made the live store make the scratch store");
    return scratch;
}

struct temporal temporal_open(const struct service *service, struct tx *live, const char *const *streams, size_t count,
                              int64_t until_us, struct arena *arena)
{
    struct temporal temporal = {.result = RESULT_STORAGE_UNAVAILABLE};
    struct connection *scratch = scratch_of(service, live->connection);
    if (!scratch)
        return temporal;

    struct replay replay;
    temporal.tx = tx_begin(scratch);
    replay_init(&replay, service, temporal.tx);
    bool fits = event_log_read_streams(live, streams, count, until_us, replay_event, &replay);
    replay_release(&replay);
    if (!fits)
        temporal.result = RESULT_OVERLOADED;
    else if (replay.unknown)
        temporal.result = RESULT_UNAVAILABLE; /* a newer version beside this one has written it, and can answer */
    else if (!live->failed && !temporal.tx->failed)
        temporal.result = RESULT_OK;

    if (temporal.result == RESULT_OK)
        temporal.tx->arena = arena;
    else
        temporal_close(&temporal);
    return temporal;
}

/* --- what others said --- */

struct copying {
    const struct service *service;
    const char *producer;
    struct tx *tx;
};

static const struct subscription *projection_of(const struct copying *copying, const char *event_name)
{
    const struct service *service = copying->service;
    for (size_t i = 0; i < service->subscription_count; i++) {
        const struct subscription *subscription = &service->subscriptions[i];
        if (subscription->project && strcmp(subscription->producer, copying->producer) == 0 &&
            strcmp(subscription->event->descriptor->name, event_name) == 0)
            return subscription;
    }
    return NULL;
}

static bool project_newest(void *data, const struct event *event)
{
    const struct copying *copying = data;
    const struct subscription *projection = projection_of(copying, event->name);
    const ProtobufCMessage *message = message_unpack(copying->tx->arena, projection->event->descriptor, event->data);
    ASSERT(projection->whole && message != NULL);
    copying->tx->may_write = true;
    projection->project(copying->tx, event, message);
    copying->tx->may_write = false;
    return !copying->tx->failed;
}

bool temporal_project(struct temporal *temporal, const struct service *service, struct bus *bus, const char *producer,
                      const char *const *streams, size_t count, int64_t until_us)
{
    struct copying copying = {service, producer, temporal->tx};
    struct past past = {.streams = streams, .stream_count = count, .until_us = PLANTED(COPIES_OF_TODAY) ? INT64_MAX : until_us};
    const char **names = ARENA_ARRAY(temporal->tx->arena, const char *, service->subscription_count);
    for (size_t i = 0; i < service->subscription_count; i++) {
        const char *name = service->subscriptions[i].event->descriptor->name;
        if (projection_of(&copying, name) == &service->subscriptions[i])
            names[past.name_count++] = name;
    }
    past.names = names;
    return count == 0 || bus_read_past(bus, producer, &past, project_newest, &copying);
}

void temporal_close(struct temporal *temporal)
{
    if (temporal->tx)
        tx_rollback(temporal->tx);
    temporal->tx = NULL;
}
