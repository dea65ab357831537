/*
 * A visit: one exchange on its way through the GraphQL gateway. What its files share.
 *
 *     graphql.c      the way in: who asks, for what, by which document, and whether they can pay
 *     cached.c       answers that everyone gets: the cache, and flights
 *     subscribe.c    streams of answers
 *     page.c         GraphiQL, for browsers
 *     answer.c       the way out: the body, its status and what its headers say
 */
#ifndef SOUK_GRAPHQL_VISIT_H
#define SOUK_GRAPHQL_VISIT_H

#include "gateways/graphql/accept.h"
#include "gateways/graphql/documents.h"
#include "gateways/graphql/execute/execute.h"
#include "gateways/graphql/graphql.h"
#include "gateways/graphql/parameters.h"
#include "platform/cache/cache.h"

#include <pthread.h>

/* Sets of scopes that tokens have. */
#define SCHEMAS_MAX 64

struct graphql {
    struct graphql_options options;
    struct resource_table *resources;
    struct documents *documents;
    struct cache *cache;    /* NULL: none */
    pthread_mutex_t lock; /* for adding schemas */
    struct scoped_schema {
        unsigned scopes;
        struct graphql_schema *schema;
    } schemas[SCHEMAS_MAX];
    size_t schema_count;
};

#define ANSWER_HEADERS_MAX 24

struct graphql_visit {
    struct graphql *graphql;
    struct http_exchange *exchange;
    struct arena *arena; /* the exchange's; the call's too */
    struct call *call;
    enum graphql_media media;
    bool is_get; /* or HEAD */

    struct graphql_parameters parameters;
    const struct graphql_schema *schema;
    const struct document *document;
    const struct document_operation *operation;
    struct execution *execution;

    struct cache_flight *flight; /* others may wait for this answer; NULL: nobody does */
    struct cache_waiter waiter;  /* while this one waits for another's, … */
    void (*go_on)(struct graphql_visit *visit); /* … and when nothing came of that */

    struct shared_lookup lookup; /* while it is looked for in the second layer */

    struct budget_client client;
    struct budget_payment payment;
    void (*on_paid)(struct graphql_visit *visit);
    struct budget_state budget;

    struct http_header headers[ANSWER_HEADERS_MAX];
    size_t header_count;
};

/* A buffer that lives as long as the exchange. */
struct buffer *answer_buffer(struct graphql_visit *visit);
/* Headers of an answer that is streamed. */
void answer_begin_stream(struct graphql_visit *visit);
/* "extensions": what it might have cost, what it did, and how the client stands. */
void answer_write_cost(struct json_writer *json, int64_t requested, int64_t actual, const struct budget_state *budget);
/* Who pays: visit->client. */
void visit_find_client(struct graphql_visit *visit);
/* What is executed, on behalf of visit->call. */
struct execution_options visit_execution_options(const struct graphql_visit *visit);
void visit_add_header(struct graphql_visit *visit, const char *name, struct text value);
/* The request can't be read, or may not be: its own status, with call->problem. */
void visit_refuse_request(struct graphql_visit *visit);
/* The document can't be executed: 400 for those who see statuses, 200 for the others. */
void visit_refuse_document(struct graphql_visit *visit, const struct graphql_error *errors);
/* It would cost more than is left. */
void visit_throttle(struct graphql_visit *visit);
/* It has been executed. */
void visit_answer_executed(struct graphql_visit *visit);
/* 204, and what there is. */
void visit_answer_options(struct graphql_visit *visit);

#endif
