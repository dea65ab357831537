/*
 * Replays: stored events applied one after the other, in memory that does not grow with their number.
 */
#ifndef SOUK_PLATFORM_REPLAY_H
#define SOUK_PLATFORM_REPLAY_H

#include "platform/service/service.h"

struct replay {
    const struct service *service;
    struct tx *tx;       /* where the tables are */
    struct arena *arena; /* of the last few events; tx->arena points to it */
    int64_t count;
    int64_t unknown; /* the number of an event that this version has no name for: the replay ended before it; 0 none */
};

void replay_init(struct replay *replay, const struct service *service, struct tx *tx);
/* Leaves tx->arena NULL. */
void replay_release(struct replay *replay);
/* Memory for one more event. */
struct arena *replay_arena(struct replay *replay);
/* For event_log_read(): apply it (service_apply). Stops when the transaction has failed, and at what only a newer version knows. */
bool replay_event(void *replay, const struct event *event);

#endif
