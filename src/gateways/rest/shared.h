/*
 * Answers that everyone gets: those of GETs without scope whose operation has cache_seconds, to clients that are nobody.
 *
 * The hot path is the first thing that happens to a request: the target, as it was sent, is looked up in the cache, and a hit is sent as
 * it is, before anything is parsed. Entries are kept under the normal form of their address (percent-encoding as short as can be,
 * parameters sorted by name); who writes it otherwise is served from the same entry, after routing.
 */
#ifndef SOUK_REST_SHARED_H
#define SOUK_REST_SHARED_H

#include "gateways/rest/visit.h"

/* Answer from the cache by the target as sent. False when it has no such answer, or the request is not one for it. */
bool shared_answer(struct rest *rest, struct http_exchange *exchange);
/* The same by the target's normal form. True when the visit is answered, or will be when another's flight ends; false when it has to
 * ask for itself, as the leader of a flight or alone. */
bool shared_take(struct visit *visit);
/* What shared caches are told of the answer. */
void shared_headers(struct visit *visit, const struct tags *tags);
/* End the visit's flight, if it leads one, with its answer of 200. */
void shared_fill(struct visit *visit, struct text body, struct text etag, const struct tags *tags);
/* End it without, if it has not ended. */
void shared_give_up(struct visit *visit);

#endif
