/*
 * What every answer says to browsers: take the type as given, run and frame nothing, tell nobody where you came from.
 */
#ifndef SOUK_GUARD_SECURITY_HEADERS_H
#define SOUK_GUARD_SECURITY_HEADERS_H

#include "platform/http/http.h"

/* For answers that are data. Pages for people bring a Content-Security-Policy of their own. */
#define SECURITY_POLICY_OF_DATA "default-src 'none'; frame-ancestors 'none'"

static const struct http_header security_headers[] = {
    {{"X-Content-Type-Options", 22}, {"nosniff", 7}},
    {{"Referrer-Policy", 15}, {"no-referrer", 11}},
};
#define SECURITY_HEADER_COUNT (sizeof security_headers / sizeof security_headers[0])

#endif
