/*
 * What a request asks for, out of its query (GET) or its body (POST), by GraphQL over HTTP.
 */
#ifndef SOUK_GRAPHQL_PARAMETERS_H
#define SOUK_GRAPHQL_PARAMETERS_H

#include "platform/http/http.h"
#include "platform/rpc/call.h"

#include <jansson.h>

/* Lives as long as the call's arena. */
struct graphql_parameters {
    struct text query;          /* at NULL: not given; then `extensions` may name a document that we know */
    const char *operation_name; /* NULL: not given */
    const json_t *variables;    /* an object, or NULL */
    const json_t *extensions;   /* an object, or NULL */
};

/* False with call->problem: the request can't be read. What is wrong with a document shows later. */
bool graphql_parameters_read(struct graphql_parameters *parameters, struct call *call, const struct http_request *request);

#endif
