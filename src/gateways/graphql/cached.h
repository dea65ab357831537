/*
 * Answers that everyone gets: those of GETs of queries, to clients that are nobody, whose operations may all be kept.
 *
 * They are kept under the address as it was sent and the media type, and told to shared caches with the shortest lifetime of what they
 * are made of. A change of that purges them by its tag, as in REST. Answers from here cost nothing, and say so: the budget in them
 * is a full one, as nobody's own may stand in what everybody gets.
 */
#ifndef SOUK_GRAPHQL_CACHED_H
#define SOUK_GRAPHQL_CACHED_H

#include "gateways/graphql/visit.h"

/* Answer from the cache before anything is parsed. False when there is no such answer, or the request is not one for it. */
bool cached_answer(struct graphql_visit *visit);
/* True when the visit is answered, or will be when another's flight ends, by `go_on` if nothing comes of that; false when it has to execute
 * for itself. */
bool cached_take(struct graphql_visit *visit, void (*go_on)(struct graphql_visit *visit));
/* Whether the executed answer is one that everyone may have. */
bool cached_is_shared(const struct graphql_visit *visit);
/* Keep the body and tell shared caches of it. The entity tag is in the headers afterwards. True when the client has it already: 304. */
bool cached_fill(struct graphql_visit *visit, struct text body);
/* End the visit's flight, if it leads one, without. */
void cached_give_up(struct graphql_visit *visit);

#endif
