/*
 * Traces: W3C Trace Context, the same for every gateway. Where the trace is sampled and collected, a span from the head of the request until its answer has
 * left.
 */
#ifndef SOUK_GATEWAYS_TRACE_H
#define SOUK_GATEWAYS_TRACE_H

#include "platform/http/http.h"
#include "platform/rpc/call.h"
#include "platform/trace/span.h"

/* The trace that the request belongs to by its `traceparent`, or a new one, with a span of our own; and its `tracestate`: in the call, for as long as the
 * exchange's arena. */
void trace_begin(struct call *call, const struct http_exchange *exchange);
/* The same of a request that makes no call: the traceparent. */
const char *trace_begin_alone(const struct http_exchange *exchange, const char *operation, int status);
/* What it turned out to be, and how it ended. */
void trace_name(const struct call *call, const char *operation);
void trace_status(const struct call *call, const char *attribute, int status, bool failed);

#endif
