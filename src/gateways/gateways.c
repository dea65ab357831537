#include "gateways/gateways.h"

#include "base/assert.h"
#include "gateways/graphql/graphql.h"
#include "gateways/rest/rest.h"
#include "gateways/watch.h"

#include <stdlib.h>

/* Parsed documents that GraphQL keeps: a storefront has some fifty, of 50 KB each. */
#define GRAPHQL_DOCUMENTS_BYTES (8 << 20)

struct gateways {
    struct watches *watches;
    struct rest *rest;
    struct graphql *graphql;
};

struct gateways *gateways_new(const struct gateways_options *options)
{
    struct gateways *gateways = calloc(1, sizeof *gateways);
    ASSERT(gateways != NULL);
    gateways->watches = watches_new();
    gateways->rest = rest_new(&(struct rest_options){
        .services = options->services,
        .service_count = options->service_count,
        .directory = options->directory,
        .admin_token = options->admin_token,
        .version = options->version,
        .cache_bytes = options->cache_bytes,
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
        .watches = gateways->watches,
        .budget = options->budget,
        .trusted = options->trusted_documents,
        .no_introspection = options->no_introspection,
        .has_page = options->graphiql,
    });
    return gateways;
}

void gateways_free(struct gateways *gateways)
{
    if (gateways == NULL)
        return;
    graphql_free(gateways->graphql);
    rest_free(gateways->rest);
    watches_free(gateways->watches);
    free(gateways);
}

void gateways_handle(void *data, struct http_exchange *exchange)
{
    struct gateways *gateways = data;
    if (graphql_is_at(exchange->request.path))
        graphql_handle(gateways->graphql, exchange);
    else
        rest_handle(gateways->rest, exchange);
}

void gateways_touched(void *data, const char *resource, const char *key)
{
    struct gateways *gateways = data;
    rest_touched(gateways->rest, resource, key);
    graphql_touched(gateways->graphql, resource, key);
    watches_touched(gateways->watches, resource, key); /* after the caches: who is told must not read what was kept before */
}

void gateways_stop(struct gateways *gateways)
{
    watches_end(gateways->watches);
}

static size_t body_maximum(void *data, const struct http_request *request)
{
    struct gateways *gateways = data;
    struct http_handler rest = rest_handler(gateways->rest);
    return rest.body_maximum(rest.data, request);
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
        .handle = gateways_handle,
        .refuse = refuse_framing,
        .data = gateways,
    };
}
