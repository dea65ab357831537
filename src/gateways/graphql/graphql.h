/*
 * The GraphQL gateway: /graphql for the shop, /admin/graphql for who runs it, by the declarations alone.
 *
 *     exchange ─ cache ─ who asks ─ parameters ─ document (known, or parsed and validated) ─ plan, cost ─ calls ─ answer
 *
 * One gateway serves all loops. It needs no sockets: whoever has an http_exchange can hand it over.
 */
#ifndef SOUK_GRAPHQL_H
#define SOUK_GRAPHQL_H

#include "gateways/graphql/trusted.h"
#include "gateways/watch.h"
#include "guard/budget.h"
#include "platform/http/http.h"
#include "platform/cache/shared_cache.h"
#include "platform/rpc/call.h"
#include "platform/rpc/declaration.h"

struct graphql;

struct graphql_options {
    /* Every service there is. All must outlive the gateway. */
    const struct service_declaration *const *services;
    size_t service_count;
    const struct directory *directory;
    const char *admin_token; /* NULL: nobody is the administrator */
    size_t documents_bytes;  /* for documents that are known */
    size_t cache_bytes;      /* for answers that everyone gets; 0: none */
    struct watches *watches; /* for subscriptions */
    struct shared_cache *shared_cache; /* behind ours, for several processes; NULL: none */
    struct budget *budget;   /* what each client may ask; NULL: as much as they like */
    const struct trusted *trusted; /* the only documents that are executed; NULL: all are */
    bool has_page;                 /* browsers get GraphiQL */
    bool no_introspection;         /* __schema and __type are refused */
};

struct graphql *graphql_new(const struct graphql_options *options);
/* When no exchange is open any more. NULL is fine. */
void graphql_free(struct graphql *graphql);

/* Whether a request is for this gateway. */
bool graphql_is_at(struct text path);
/* Answer, now or later, on the exchange's loop. */
void graphql_handle(struct graphql *graphql, struct http_exchange *exchange);

/* A resource has changed: answers made of it are old. From any thread; as `touched` of struct host_options. */
void graphql_touched(struct graphql *graphql, const char *resource, const char *key);
/* Any may have: nobody knows which. */
void graphql_everything_touched(struct graphql *graphql);

#endif
