/*
 * Traces: W3C Trace Context, the same for every gateway.
 */
#ifndef SOUK_GATEWAYS_TRACE_H
#define SOUK_GATEWAYS_TRACE_H

#include "platform/http/http.h"

/* The trace that the request belongs to by its `traceparent`, or a new one; with a span of our own, for call->trace_parent. In the
 * exchange's arena. */
const char *trace_begin(const struct http_exchange *exchange);

#endif
