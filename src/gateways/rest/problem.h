/*
 * Problems as the world sees them: RFC 9457, application/problem+json.
 *
 *     {"type": "/docs/problems#out_of_stock", "title": "Not enough in stock", "status": 409, "detail": "…", "instance": "/v1/carts/…",
 *      "code": "out_of_stock", "available": 3, "errors": [{"pointer": "/quantity", "code": "too_large", "detail": "…"}]}
 */
#ifndef SOUK_REST_PROBLEM_H
#define SOUK_REST_PROBLEM_H

#include "platform/rpc/call.h"

/* `instance` is the request's path; without text it is left out. */
void problem_write(const struct problem *problem, struct text instance, struct buffer *out);
/* For what the framing of HTTP refused, where there is a status and no call. */
void problem_write_status(int status, const char *detail, struct buffer *out);

#endif
