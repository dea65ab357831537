/*
 * A visit: one exchange on its way through the gateway. What its files share.
 *
 *     rest.c        the way in: cache, route, who asks, what the headers say
 *     operation.c   from the request to the operation's answer; nested links
 *     event_stream.c  lists that go on, as server-sent events
 *     shared.c      answers that everyone gets: the cache, and flights
 *     embed.c       ?embed=: further calls, and what of their answers belongs to which resource
 *     answer.c      the way out: JSON, status, headers
 *     page.c        the gateway's own pages: /, /docs, /healthz, /metrics …
 *     openapi.c     the reference for programs, with schema.c; docs.c: for people
 */
#ifndef SOUK_REST_VISIT_H
#define SOUK_REST_VISIT_H

#include "gateways/rest/fields.h"
#include "gateways/rest/form.h"
#include "gateways/rest/links.h"
#include "gateways/rest/metrics.h"
#include "gateways/rest/query.h"
#include "gateways/rest/rest.h"
#include "gateways/rest/route.h"
#include "gateways/rest/tags.h"
#include "platform/cache/cache.h"

struct rest {
    struct rest_options options;
    struct metrics *metrics;
    struct metrics_route *unrouted; /* counts what found no route */
    struct route_table *routes;
    struct resource_table *resources;
    struct form_table *forms;
    struct cache *cache; /* NULL: none */
    struct buffer openapi, docs, docs_problems; /* the reference, as it is sent */
};

#define VISIT_HEADERS_MAX 24

struct embedding;

struct visit {
    struct rest *rest;
    struct http_exchange *exchange;
    struct arena *arena; /* the exchange's; the call's too */
    struct call *call;

    struct route_match match;
    const struct route *route; /* NULL when there is none */
    struct query query;

    /* What is asked for. */
    const struct field_choice *fields; /* of the answer, or of its items */
    struct embedding *embeddings;
    size_t embedding_count;
    size_t embeddings_open; /* calls without answer yet */
    bool timed;             /* wants Server-Timing, and may have it */

    /* What came of it. */
    ProtobufCMessage *request;
    ProtobufCMessage *parent_request; /* of a nested link: for the resource whose link it is, */
    const ProtobufCMessage *parent;   /* and that resource */
    const ProtobufCMessage *answer;
    int cache_seconds; /* how long shared caches may keep the answer; 0: private */
    struct cache_flight *flight; /* others may wait for this answer; NULL: nobody does */
    struct cache_waiter waiter;  /* while this one waits for another's */
    struct shared_lookup lookup; /* while it is looked for in the second layer */
    int64_t called_us, answered_us;
    bool is_known; /* who asks */
    struct budget_payment payment;
    struct budget_state budget; /* after this request was paid for; `maximum` 0: nobody asked for money */

    struct http_header headers[VISIT_HEADERS_MAX];
    size_t header_count;
};

/* --- rest.c --- */

void visit_header(struct visit *visit, const char *name, struct text value);
/* Answer with call->problem. */
void visit_refuse(struct visit *visit);
/* A buffer that lives as long as the exchange. */
struct buffer *visit_buffer(struct visit *visit);

/* --- operation.c --- */

/* Read what is asked for, call what the route leads to, and answer. */
void visit_operate(struct visit *visit);
/* The calling alone, when the request is made. */
void visit_call(struct visit *visit);
/* The type of what the operation answers; of a list, of its items. */
const struct message_declaration *visit_item_type(const struct visit *visit);
void visit_invoke(struct call *call, ProtobufCService *service, const struct method_declaration *method,
                  const ProtobufCMessage *request, void (*done)(struct call *call, const ProtobufCMessage *answer));

/* --- answer.c --- */

/* The operation and everything embedded is there: answer. */
void visit_answer(struct visit *visit);
/* Say so when the answer, or the problem, was given before under the same key. */
void visit_tell_replayed(struct visit *visit);
/* Send a body of the given type (NULL: no body), with everything that each answer has. */
void visit_send(struct visit *visit, int status, const char *content_type, struct text body);
/* Begin an answer that goes on: 200, with what visit_send() would say. */
void visit_stream_begin(struct visit *visit, const char *content_type);
/* The address of this request in its one normal form, but without the query parameter `without`. */
void visit_write_target(const struct visit *visit, const char *without, struct buffer *out);

#endif
