/*
 * Spans to a collector, by OTLP over HTTP with protobuf (https://opentelemetry.io/docs/specs/otlp/#otlphttp).
 *
 *     span_end() --> queue --a worker, each second or when there are many--> POST http://host:4318/v1/traces
 *
 * The queue has an end: what comes when it is full is dropped and counted, as is what the collector does not take. Nobody ever waits for it.
 */
#ifndef SOUK_PLATFORM_OTLP_H
#define SOUK_PLATFORM_OTLP_H

#include "platform/env/env.h"

struct otlp_options {
    struct env *env;
    struct loop *loop;   /* has the clock that says when to send */
    const char *address; /* "http://host:4318", or https: */
    const char *service; /* what this process is called there */
    const char *version;
};

struct otlp;
/* From now on spans are collected. NULL with a sentence when the address can't be one. */
struct otlp *otlp_start(const struct otlp_options *options, char error[256]);
bool otlp_address_is_valid(const char *address);
/* On the loop, or when it does not run any more: no further spans; what is queued is sent, if the collector takes it. NULL is fine. */
void otlp_stop(struct otlp *otlp);

struct otlp_counts {
    uint64_t exported, dropped, refused; /* sent; not queued; not taken by the collector */
};
/* Any thread. */
struct otlp_counts otlp_counts(const struct otlp *otlp);

#endif
