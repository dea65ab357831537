/*
 * The gateways together: which of them a request is for.
 *
 * One set of them serves all loops. A change of a resource is told to each that keeps answers.
 */
#ifndef SOUK_GATEWAYS_H
#define SOUK_GATEWAYS_H

#include "base/json_write.h"
#include "gateways/graphql/trusted.h"
#include "guard/budget.h"
#include "platform/cache/shared_cache.h"
#include "platform/http/http.h"
#include "platform/rpc/call.h"
#include "platform/rpc/declaration.h"

struct gateways;

struct gateways_options {
    /* Every service there is; what the directory does not have is not shown. All must outlive the gateways. */
    const struct service_declaration *const *services;
    size_t service_count;
    const struct directory *directory;
    const char *admin_token; /* NULL: nobody is the administrator */
    const char *version;     /* of the program, for the references */
    size_t cache_bytes;      /* of each gateway that keeps answers, for those that everyone gets; 0: none */
    const struct trusted *trusted_documents; /* of GraphQL: nothing else is executed; NULL: everything is */
    bool no_introspection;                   /* of GraphQL schemas */
    bool graphiql;                           /* browsers get a page for asking in GraphQL */
    struct shared_cache *shared_cache; /* behind theirs, for several processes; NULL: none */
    struct budget *budget;   /* what each client may ask; NULL: as much as they like */
    /* Write one member per dependency, a boolean, into an open object; false when not ready. NULL: always ready. Any thread. */
    bool (*ready)(void *data, struct json_writer *checks);
    /* Whether the service of that name takes calls now; NULL asks for all of them. NULL: always. Any thread. */
    bool (*serving)(void *data, const char *service);
    /* Add what others count, in Prometheus's text format. NULL: nothing. Any thread. */
    void (*metrics)(void *data, struct buffer *out);
    void *data;
};

struct gateways *gateways_new(const struct gateways_options *options);
/* When no exchange is open any more. NULL is fine. */
void gateways_free(struct gateways *gateways);

/* For http_server_start(). */
struct http_handler gateways_handler(struct gateways *gateways);
/* Answer, now or later, on the exchange's loop. `gateways` is a struct gateways. */
void gateways_handle(void *gateways, struct http_exchange *exchange);
/* A resource has changed: answers made of it are old. From any thread; as `touched` of struct host_options. */
void gateways_touched(void *gateways, const char *resource, const char *key);
/* Any may have: what another process changed was not heard for a while. */
void gateways_everything_touched(struct gateways *gateways);

/* The server stops: streams end by themselves, each after what it is sending. From any thread. */
void gateways_stop(struct gateways *gateways);

#endif
