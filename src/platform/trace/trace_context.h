/*
 * W3C Trace Context (https://www.w3.org/TR/trace-context/): the texts that say to which trace something belongs.
 *
 *     traceparent  00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01     version, trace, span, flags (1: sampled)
 *     tracestate   what others have to say about it; passed on as it came
 *
 * A traceparent of ours is always of version 00, and a C string; "" is none.
 */
#ifndef SOUK_PLATFORM_TRACE_CONTEXT_H
#define SOUK_PLATFORM_TRACE_CONTEXT_H

#include "base/arena.h"
#include "base/text.h"
#include "platform/env/env.h"

#define TRACE_PARENT_LENGTH 55
#define TRACE_PARENT_BYTES (TRACE_PARENT_LENGTH + 1)
#define TRACE_ID_LENGTH 32
#define SPAN_ID_LENGTH 16

/* Of any version, as somebody has sent it. */
bool trace_parent_is_valid(struct text text);
/* A span of our own in the trace of `parent`, sampled as that is; no valid one: in a new trace, sampled as trace_sample() has it. */
void trace_parent_begin(struct env *env, struct text parent, char own[TRACE_PARENT_BYTES]);
/* The same of one of ours, in the arena; "" of "". */
const char *trace_parent_child(struct arena *arena, struct env *env, const char *parent);

static inline struct text trace_id_of(const char *parent) { return (struct text){parent + 3, TRACE_ID_LENGTH}; }
static inline struct text span_id_of(const char *parent) { return (struct text){parent + 36, SPAN_ID_LENGTH}; }
static inline bool trace_is_sampled(const char *parent)
{
    return *parent != '\0' && parent[TRACE_PARENT_LENGTH - 1] == '1';
}

/* The share of new traces that is sampled, in millionths; 0 at first. Before there are threads. */
void trace_sample(int64_t millionths);

/* At most 32 members, 512 characters, keys and values of their alphabets: otherwise it is not passed on. */
bool trace_state_is_valid(struct text text);

/* Events bear the trace of what led to them at the end of their cause: "catalog/17 00-4bf9…-01". */
const char *trace_add_to_cause(struct arena *arena, const char *cause, const char *parent);
/* "" when there is none. It lives as long as the cause. */
const char *trace_of_cause(const char *cause);

#endif
