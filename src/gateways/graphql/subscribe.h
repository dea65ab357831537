/*
 * Subscriptions: server-sent events, each connection one operation (the "distinct connections mode" of GraphQL over SSE).
 *
 *     event: next        data: {"data": …}      at once, and whenever the answer has become another
 *     event: complete    data:                  the operation is over: a query, or this server stops
 *
 * A subscription is executed like a query. What its answer is made of, by the same tags that purge cached answers, is watched, and when
 * something of it is touched the operation is executed again. Each time is paid for.
 */
#ifndef SOUK_GRAPHQL_SUBSCRIBE_H
#define SOUK_GRAPHQL_SUBSCRIBE_H

#include "gateways/graphql/visit.h"

/* Begin the stream; visit->execution has been planned, for its cost and to know that it can be. */
void subscribe(struct graphql_visit *visit);

#endif
