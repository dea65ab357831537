/*
 * Temporal queries (temporal.h). The scratch database hangs on the live connection, keeps its tables, indices and prepared
 * statements from one query to the next, and is emptied by rolling back: making tables costs more than most replays.
 */
#include "platform/service/temporal.h"

#include "base/assert.h"
#include "base/limits.h"
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
    else if (!live->failed && !temporal.tx->failed)
        temporal.result = RESULT_OK;

    if (temporal.result == RESULT_OK)
        temporal.tx->arena = arena;
    else
        temporal_close(&temporal);
    return temporal;
}

void temporal_close(struct temporal *temporal)
{
    if (temporal->tx)
        tx_rollback(temporal->tx);
    temporal->tx = NULL;
}
