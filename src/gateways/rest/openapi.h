/*
 * The reference for programs: OpenAPI 3.1, written once, at start, from the same tables that answer the requests.
 */
#ifndef SOUK_REST_OPENAPI_H
#define SOUK_REST_OPENAPI_H

#include "gateways/rest/visit.h"

void openapi_write(const struct rest *rest, struct buffer *out);

/* --- what docs.c tells people with the same words --- */

/* The first sentence of a comment. */
struct text comment_summary(const char *comment);
/* What a route does: its operation's comment, its link's, or its page's. */
const char *route_comment(const struct route *route);
/* The name of a route, unique among all: "listProducts", "getProductPrice". */
const char *route_operation_id(const struct route *route, struct arena *arena);
/* Whether a request's field is a query parameter of this route; whether it is in the body. */
bool route_has_parameter(const struct route *route, struct field field);
uint64_t route_body_fields(const struct route *route);

#endif
