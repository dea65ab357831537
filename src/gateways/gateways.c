#include "gateways/gateways.h"

#include "base/assert.h"
#include "gateways/graphql/graphql.h"
#include "gateways/grpc/grpc.h"
#include "gateways/rest/rest.h"
#include "gateways/rest/tags.h"
#include "gateways/watch.h"

#include <stdio.h>
#include <stdlib.h>

/* Parsed documents that GraphQL keeps: a storefront has some fifty, of 50 KB each. */
#define GRAPHQL_DOCUMENTS_BYTES (8 << 20)

struct gateways {
    struct shared_cache *shared_cache; /* NULL: none */
    struct watches *watches;
    struct rest *rest;
    struct graphql *graphql;
    struct grpc *grpc;
};

struct gateways *gateways_new(const struct gateways_options *options)
{
    struct gateways *gateways = calloc(1, sizeof *gateways);
    ASSERT(gateways != NULL);
    gateways->shared_cache = options->shared_cache;
    gateways->watches = watches_new();
    gateways->rest = rest_new(&(struct rest_options){
        .services = options->services,
        .service_count = options->service_count,
        .directory = options->directory,
        .admin_token = options->admin_token,
        .version = options->version,
        .cache_bytes = options->cache_bytes,
        .shared_cache = options->shared_cache,
        .budget = options->budget,
        .watches = gateways->watches,
        .ready = options->ready,
        .metrics = options->metrics,
        .data = options->data,
    });
    gateways->graphql = graphql_new(&(struct graphql_options){
        .services = options->services,
        .service_count = options->service_count,
        .directory = options->directory,
        .admin_token = options->admin_token,
        .documents_bytes = GRAPHQL_DOCUMENTS_BYTES,
        .cache_bytes = options->cache_bytes,
        .shared_cache = options->shared_cache,
        .watches = gateways->watches,
        .budget = options->budget,
        .trusted = options->trusted_documents,
        .no_introspection = options->no_introspection,
        .has_page = options->graphiql,
    });
    gateways->grpc = grpc_new(&(struct grpc_options){
        .services = options->services,
        .service_count = options->service_count,
        .directory = options->directory,
        .admin_token = options->admin_token,
        .budget = options->budget,
        .watches = gateways->watches,
        .serving = options->serving,
        .data = options->data,
    });
    return gateways;
}

void gateways_free(struct gateways *gateways)
{
    if (gateways == NULL)
        return;
    graphql_free(gateways->graphql);
    grpc_free(gateways->grpc);
    rest_free(gateways->rest);
    watches_free(gateways->watches);
    free(gateways);
}

void gateways_handle(void *data, struct http_exchange *exchange)
{
    struct gateways *gateways = data;
    if (grpc_is_for(&exchange->request))
        grpc_handle(gateways->grpc, exchange);
    else if (graphql_is_at(exchange->request.path))
        graphql_handle(gateways->graphql, exchange);
    else
        rest_handle(gateways->rest, exchange);
}

static void touch_shared(struct gateways *gateways, const char *resource, const char *key)
{
    char tag[TAG_BYTES_MAX];
    if (gateways->shared_cache == NULL)
        return;
    int length = snprintf(tag, sizeof tag, "%s/%s", resource, key);
    if (length > 0 && (size_t)length < sizeof tag) /* a longer one no answer bears */
        shared_cache_purge(gateways->shared_cache, (struct text){tag, (size_t)length});
    shared_cache_purge(gateways->shared_cache, text_of(resource));
}

void gateways_touched(void *data, const char *resource, const char *key)
{
    struct gateways *gateways = data;
    touch_shared(gateways, resource, key); /* before the caches: from now on they believe nothing old that is in it */
    rest_touched(gateways->rest, resource, key);
    graphql_touched(gateways->graphql, resource, key);
    watches_touched(gateways->watches, resource, key); /* after the caches: who is told must not read what was kept before */
}

void gateways_everything_touched(struct gateways *gateways)
{
    if (gateways->shared_cache != NULL)
        shared_cache_purge_all(gateways->shared_cache);
    rest_everything_touched(gateways->rest);
    graphql_everything_touched(gateways->graphql);
}

void gateways_stop(struct gateways *gateways)
{
    watches_end(gateways->watches);
    grpc_stop(gateways->grpc);
}

static size_t body_maximum(void *data, const struct http_request *request)
{
    struct gateways *gateways = data;
    struct http_handler handler = grpc_is_for(request) ? grpc_handler(gateways->grpc) : rest_handler(gateways->rest);
    return handler.body_maximum(handler.data, request);
}

static bool streams_body(void *data, const struct http_request *request)
{
    struct gateways *gateways = data;
    struct http_handler grpc = grpc_handler(gateways->grpc);
    return grpc_is_for(request) && grpc.streams_body(grpc.data, request);
}

static void refuse_framing(void *data, int status, const char *detail, struct buffer *body)
{
    struct gateways *gateways = data;
    struct http_handler rest = rest_handler(gateways->rest);
    rest.refuse(rest.data, status, detail, body);
}

struct http_handler gateways_handler(struct gateways *gateways)
{
    return (struct http_handler){
        .body_maximum = body_maximum,
        .streams_body = streams_body,
        .handle = gateways_handle,
        .refuse = refuse_framing,
        .data = gateways,
    };
}
