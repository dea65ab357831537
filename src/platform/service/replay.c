#include "platform/service/replay.h"

#include "base/limits.h"

/* An arena is begun anew after so many events: often enough to stay small, seldom enough to cost nothing. */
#define EVENTS_PER_ARENA 256

void replay_init(struct replay *replay, const struct service *service, struct tx *tx)
{
    *replay = (struct replay){.service = service, .tx = tx};
}

void replay_release(struct replay *replay)
{
    arena_free(replay->arena);
    replay->tx->arena = NULL;
}

struct arena *replay_arena(struct replay *replay)
{
    if (replay->count++ % EVENTS_PER_ARENA == 0) {
        arena_free(replay->arena);
        replay->arena = arena_new(LIMIT_BULK_ARENA);
        replay->tx->arena = replay->arena;
    }
    return replay->arena;
}

bool replay_event(void *data, const struct event *event)
{
    struct replay *replay = data;
    if (!service_knows_event(replay->service, event->name)) {
        replay->unknown = event->number;
        return false;
    }
    service_apply(replay->service, replay->tx, replay_arena(replay), event);
    return !replay->tx->failed;
}
