/*
 * Spans: what took how long on behalf of whom, for those traces that are sampled, while somebody collects them (otlp.h).
 *
 *     struct span span;
 *     if (span_begin(&span, SPAN_CLIENT, "souk.cart.v1.Carts.GetCart", own, call->trace_parent, now_us)) { …
 *         span_number(&span, "souk.tries", 2);
 *         span_end(&span, now_us); }
 *
 * Like the log they belong to the process: whoever has something to tell tells it. Nobody collecting costs a look at a variable.
 */
#ifndef SOUK_PLATFORM_SPAN_H
#define SOUK_PLATFORM_SPAN_H

#include "platform/trace/trace_context.h"

/* As OTLP numbers them. */
enum span_kind { SPAN_INTERNAL = 1, SPAN_SERVER, SPAN_CLIENT, SPAN_PRODUCER, SPAN_CONSUMER };

#define SPAN_NAME_BYTES 96
#define SPAN_TEXT_BYTES 64
#define SPAN_ATTRIBUTES_MAX 5

struct span_attribute {
    const char *key; /* a constant */
    bool is_text;
    int64_t number;
    char text[SPAN_TEXT_BYTES];
};
struct span {
    char own[TRACE_PARENT_BYTES]; /* trace and id; "" when it is not recorded */
    char parent_id[SPAN_ID_LENGTH + 1]; /* "" of a trace's first */
    enum span_kind kind;
    bool failed;
    int64_t start_us, end_us; /* wall clock */
    char name[SPAN_NAME_BYTES];
    struct span_attribute attributes[SPAN_ATTRIBUTES_MAX];
    unsigned attribute_count;
};

/* Whether a span with this traceparent will be taken by anybody. Any thread. */
bool span_is_wanted(const char *own);

/* Begin the span that `own` names, below that of the traceparent `parent` ("": it is a trace's first). False when nobody wants it: then the other functions do
 * nothing with it. */
bool span_begin(struct span *span, enum span_kind kind, const char *name, const char *own, const char *parent, int64_t start_us);
void span_number(struct span *span, const char *key, int64_t number);
void span_text(struct span *span, const char *key, struct text text); /* cut where it is too long */
void span_rename(struct span *span, const char *name);
/* Hand it over. Never waits; any thread. */
void span_end(struct span *span, int64_t end_us);

/* Who takes them, from any thread, or NULL: nobody does. otlp.c's. */
void span_collect(void (*take)(void *data, const struct span *span), void *data);

#endif
