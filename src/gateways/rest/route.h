/*
 * Routes: from a verb and a path to what answers.
 *
 * The tree is made once, at start, from the `http` declarations of every service in the directory, and never changes afterwards: any
 * thread may look things up. A segment is tried as a literal before it is taken for a variable, so "/v1/sessions/current" wins over
 * "/v1/sessions/{id}".
 */
#ifndef SOUK_REST_ROUTE_H
#define SOUK_REST_ROUTE_H

#include "base/arena.h"
#include "base/limits.h"
#include "base/text.h"
#include "gateways/rest/metrics.h"
#include "platform/rpc/call.h"
#include "platform/rpc/reflect.h"

struct visit;

enum verb { VERB_GET, VERB_POST, VERB_PUT, VERB_PATCH, VERB_DELETE, VERB_COUNT };
/* VERB_COUNT for any other. */
enum verb verb_named(struct text name);
const char *verb_name(enum verb verb);

struct route {
    const struct route *next; /* in the order they were added */
    enum verb verb;
    const char *path; /* "/v1/products/{product}" */

    /* Either a page of the gateway's own… */
    void (*page)(struct visit *visit);
    const char *page_type;    /* its media type */
    const char *page_comment; /* a sentence for the reference */

    /* …or an operation. */
    const struct method_declaration *method;
    const struct http_declaration *http; /* NULL for a nested link */
    ProtobufCService *service;
    struct field variables[LIMIT_ROUTE_VARIABLES]; /* fields of the request (of the parent's, for a nested link) */
    size_t variable_count;
    struct field body;  /* the field that the body fills; without descriptor: none, or the whole request */
    bool body_is_whole; /* the body is the request but for what the path says */
    struct field mask;  /* the request's google.protobuf.FieldMask, if any */
    struct field items; /* the list of an answer that is a list */
    struct field next_cursor;

    /* A nested link, "/v1/products/{product}/price": load the parent through `parent`, bind, call `method`. */
    const struct link_declaration *link;
    const struct route *parent;

    struct metrics_route *metrics;
};

struct route_table;
/* Each route counts in `metrics`, which must live as long. */
struct route_table *route_table_new(struct metrics *metrics);
void route_table_free(struct route_table *table);

/* Add every operation of the service that has a way in from REST. */
void route_add_service(struct route_table *table, const struct service_declaration *declaration, ProtobufCService *service);
/* Add the nested routes of links whose operation has none of its own; after all services. `directory` finds the services. */
void route_add_links(struct route_table *table, const struct directory *directory);
void route_add_page(struct route_table *table, const char *path, void (*page)(struct visit *visit), const char *type,
                    const char *comment);
/* All of them, in the order they were added. */
const struct route *route_first(const struct route_table *table);
/* The GET route of an operation; NULL when it has none. */
const struct route *route_of(const struct route_table *table, const struct method_declaration *method);

enum route_result {
    ROUTE_FOUND,
    ROUTE_NOT_FOUND,
    ROUTE_OTHER_VERBS, /* the path is right, the verb is not: `allowed` */
    ROUTE_BAD_PATH,    /* not well-formed percent-encoding or UTF-8 */
};
struct route_match {
    const struct route *route;
    const char *variables[LIMIT_ROUTE_VARIABLES]; /* decoded, in the arena */
    unsigned allowed;                             /* 1 << enum verb, or-ed */
};
/* The path is as sent, without query. */
enum route_result route_find(const struct route_table *table, enum verb verb, struct text path, struct arena *arena,
                             struct route_match *match);
/* "GET, HEAD, POST, OPTIONS" */
const char *route_allow_header(unsigned allowed, struct arena *arena);

/* Undo percent-encoding; with `form`, '+' is a blank. NULL for what is not well-formed, is not UTF-8 or has a NUL. */
const char *percent_decode(struct text text, bool form, struct arena *arena);

#endif
