/*
 * The past: some streams as they were at a time, in tables of their own, for the same query handlers.
 *
 *     struct temporal temporal = temporal_open(service, tx, (const char *const[]){"product/01jd…"}, 1, until_us, arena);
 *     if (temporal.result == RESULT_OK)
 *         … run the handler with temporal.tx …
 *     temporal_close(&temporal);
 *
 * The streams' events up to that time are applied to a scratch database in memory, with the functions that wrote the live tables. So
 * no feature has code for its history. What follows from it:
 *
 *   - A handler sees those streams and nothing else: the method's `history` option must name every stream that it reads.
 *   - An apply function can't count on rows that other streams make: an update that finds no row is fine.
 *   - What a service knows from others' events (its projections) is there only where temporal_project() brings it: the method's `copies` option
 *     names the streams. It is there as soon as it was said, while the live copy is a moment behind.
 *   - The event log of the scratch database is empty.
 */
#ifndef SOUK_PLATFORM_TEMPORAL_H
#define SOUK_PLATFORM_TEMPORAL_H

#include "platform/service/service.h"

struct temporal {
    struct tx *tx;      /* reads the past; its arena is that given to temporal_open() */
    enum result result; /* OK; STORAGE_UNAVAILABLE; OVERLOADED: more than LIMIT_TEMPORAL_EVENTS. Unless OK, tx is NULL */
};

/* Replay. A stream is one ("product/01jd…") or all of a kind (a star for the key). One at a time per connection, on the connection's thread;
 * `live` stays in use by nobody else meanwhile. */
struct temporal temporal_open(const struct service *service, struct tx *live, const char *const *streams, size_t count,
                              int64_t until_us, struct arena *arena);
/* Beside that, what `producer` had said last, until then, in these streams: its newest event in each that `service` projects. (Such projections
 * must be `whole`.) False when the producer can't be reached. */
bool temporal_project(struct temporal *temporal, const struct service *service, struct bus *bus, const char *producer,
                      const char *const *streams, size_t count, int64_t until_us);
/* Also after a failure. */
void temporal_close(struct temporal *temporal);

#endif
