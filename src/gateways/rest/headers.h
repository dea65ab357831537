/*
 * What header fields say: conditions and keys.
 */
#ifndef SOUK_REST_HEADERS_H
#define SOUK_REST_HEADERS_H

#include "gateways/rest/visit.h"

/* Read Idempotency-Key, If-Match and Server-Timing into the call. False with call->problem. */
bool headers_read(struct visit *visit);

/* "\"7-0f3a…\"": the version of a resource and the hash of what is shown of it; without version the hash alone. */
const char *etag_make(struct arena *arena, bool has_version, int64_t version, struct text body);
/* Whether If-None-Match names that tag: weakly, as RFC 9110 (13.1.2) says. */
bool etag_matches(struct text if_none_match, struct text etag);

#endif
