/*
 * The queue is a ring under a lock that is held for as long as a span is copied. The worker takes up to a batch at a time, and sends it with
 * libcurl, which may take its time: the ring is there for that.
 */
#include "platform/trace/otlp.h"

#include "base/assert.h"
#include "base/log.h"
#include "base/text.h"
#include "platform/rpc/message.h"
#include "platform/trace/span.h"
#include "souk/platform/v1/otlp.pb-c.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define QUEUE_SPANS 8192 /* about five megabytes, and a second of two thousand purchases at one in ten */
#define BATCH_SPANS 512
#define SEND_EACH_US INT64_C(1000000)
#define CONNECT_MS 1000L
#define SEND_MS 5000L

struct otlp {
    struct env *env;
    struct loop *loop;
    struct worker *worker;
    struct timer clock;
    char url[300];
    char service[64], version[32], instance[32];
    CURL *curl; /* the worker's, as is what follows up to the blank line */
    struct curl_slist *headers;
    bool is_away; /* as the log has it */

    pthread_mutex_t lock; /* of the ring */
    struct span *ring;
    size_t first, count;

    atomic_bool stopping;
    atomic_uint_fast64_t exported, dropped, refused;
};

/* --- the queue ----------------------------------------------------------------------------------------------------- */

static void take(void *data, const struct span *span)
{
    struct otlp *otlp = data;
    pthread_mutex_lock(&otlp->lock);
    bool fits = otlp->count < QUEUE_SPANS;
    if (fits)
        otlp->ring[(otlp->first + otlp->count++) % QUEUE_SPANS] = *span;
    bool many = otlp->count == BATCH_SPANS;
    pthread_mutex_unlock(&otlp->lock);
    if (!fits)
        atomic_fetch_add(&otlp->dropped, 1);
    if (many)
        worker_wake(otlp->worker);
}

static size_t take_batch(struct otlp *otlp, struct span batch[BATCH_SPANS])
{
    pthread_mutex_lock(&otlp->lock);
    size_t count = otlp->count < BATCH_SPANS ? otlp->count : BATCH_SPANS;
    for (size_t i = 0; i < count; i++)
        batch[i] = otlp->ring[(otlp->first + i) % QUEUE_SPANS];
    otlp->first = (otlp->first + count) % QUEUE_SPANS;
    otlp->count -= count;
    pthread_mutex_unlock(&otlp->lock);
    return count;
}

/* --- messages ------------------------------------------------------------------------------------------------------ */

static uint8_t digit(char hex)
{
    return (uint8_t)(hex <= '9' ? hex - '0' : hex - 'a' + 10);
}

static ProtobufCBinaryData bytes_of(struct arena *arena, struct text hex)
{
    ProtobufCBinaryData bytes = {.len = hex.length / 2, .data = arena_alloc(arena, hex.length / 2 + 1)};
    for (size_t i = 0; i < bytes.len; i++)
        bytes.data[i] = (uint8_t)(digit(hex.at[2 * i]) << 4 | digit(hex.at[2 * i + 1]));
    return bytes;
}

static Otlp__KeyValue *key_value(struct arena *arena, const char *key)
{
    Otlp__KeyValue *pair = ARENA_NEW(arena, Otlp__KeyValue);
    otlp__key_value__init(pair);
    pair->key = key;
    pair->value = ARENA_NEW(arena, Otlp__AnyValue);
    otlp__any_value__init(pair->value);
    return pair;
}

static Otlp__KeyValue *text_value(struct arena *arena, const char *key, const char *text)
{
    Otlp__KeyValue *pair = key_value(arena, key);
    pair->value->value_case = OTLP__ANY_VALUE__VALUE_STRING_VALUE;
    pair->value->string_value = text;
    return pair;
}

static Otlp__KeyValue *attribute_message(struct arena *arena, const struct span_attribute *attribute)
{
    if (attribute->is_text)
        return text_value(arena, attribute->key, attribute->text);
    Otlp__KeyValue *pair = key_value(arena, attribute->key);
    pair->value->value_case = OTLP__ANY_VALUE__VALUE_INT_VALUE;
    pair->value->int_value = attribute->number;
    return pair;
}

static Otlp__Span *span_message(struct arena *arena, const struct span *span)
{
    Otlp__Span *message = ARENA_NEW(arena, Otlp__Span);
    otlp__span__init(message);
    message->trace_id = bytes_of(arena, trace_id_of(span->own));
    message->span_id = bytes_of(arena, span_id_of(span->own));
    message->parent_span_id = bytes_of(arena, text_of(span->parent_id));
    message->name = span->name;
    message->kind = (int32_t)span->kind;
    message->start_time_unix_nano = (uint64_t)span->start_us * 1000;
    message->end_time_unix_nano = (uint64_t)span->end_us * 1000;
    message->flags = 1;
    message->n_attributes = span->attribute_count;
    message->attributes = ARENA_ARRAY(arena, Otlp__KeyValue *, span->attribute_count + 1);
    for (unsigned i = 0; i < span->attribute_count; i++)
        message->attributes[i] = attribute_message(arena, &span->attributes[i]);
    if (span->failed) {
        message->status = ARENA_NEW(arena, Otlp__SpanStatus);
        otlp__span_status__init(message->status);
        message->status->code = 2;
    }
    return message;
}

static struct text batch_message(const struct otlp *otlp, struct arena *arena, const struct span *spans, size_t count)
{
    Otlp__InstrumentationScope instrument = OTLP__INSTRUMENTATION_SCOPE__INIT;
    instrument.name = "souk";
    instrument.version = otlp->version;
    Otlp__ScopeSpans scope = OTLP__SCOPE_SPANS__INIT;
    scope.scope = &instrument;
    scope.n_spans = count;
    scope.spans = ARENA_ARRAY(arena, Otlp__Span *, count);
    for (size_t i = 0; i < count; i++)
        scope.spans[i] = span_message(arena, &spans[i]);
    Otlp__KeyValue *whose[] = {text_value(arena, "service.name", otlp->service), text_value(arena, "service.version", otlp->version),
                               text_value(arena, "service.instance.id", otlp->instance)};
    Otlp__Resource resource = OTLP__RESOURCE__INIT;
    resource.n_attributes = 3;
    resource.attributes = whose;
    Otlp__ScopeSpans *scopes[] = {&scope};
    Otlp__ResourceSpans process = OTLP__RESOURCE_SPANS__INIT;
    process.resource = &resource;
    process.n_scope_spans = 1;
    process.scope_spans = scopes;
    Otlp__ResourceSpans *processes[] = {&process};
    Otlp__ExportTraceServiceRequest request = OTLP__EXPORT_TRACE_SERVICE_REQUEST__INIT;
    request.n_resource_spans = 1;
    request.resource_spans = processes;
    return message_pack(arena, &request.base);
}

/* --- sending ------------------------------------------------------------------------------------------------------- */

static size_t ignore(char *bytes, size_t size, size_t count, void *data)
{
    (void)bytes, (void)data;
    return size * count;
}

static bool post(struct otlp *otlp, struct text body, char why[256])
{
    long status = 0;
    curl_easy_setopt(otlp->curl, CURLOPT_POSTFIELDS, body.at);
    curl_easy_setopt(otlp->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.length);
    CURLcode result = curl_easy_perform(otlp->curl);
    curl_easy_getinfo(otlp->curl, CURLINFO_RESPONSE_CODE, &status);
    if (result != CURLE_OK)
        snprintf(why, 256, "%s", curl_easy_strerror(result));
    else if (status != 200)
        snprintf(why, 256, "It answers with %ld.", status);
    return result == CURLE_OK && status == 200;
}

static void send_batch(struct otlp *otlp, const struct span *spans, size_t count)
{
    struct arena *arena = arena_new(8 << 20);
    char why[256];
    if (post(otlp, batch_message(otlp, arena, spans, count), why)) {
        atomic_fetch_add(&otlp->exported, count);
        if (otlp->is_away)
            LOG_INFO("the collector takes traces again", log_text("url", otlp->url));
        otlp->is_away = false;
    } else {
        atomic_fetch_add(&otlp->refused, count);
        if (!otlp->is_away)
            LOG_WARNING("the collector does not take traces; they are dropped", log_text("url", otlp->url), log_text("why", why));
        otlp->is_away = true;
    }
    arena_free(arena);
}

/* Nobody waits at the end for a collector that is away. */
static bool step(void *data)
{
    struct otlp *otlp = data;
    struct span *batch = malloc(BATCH_SPANS * sizeof *batch);
    ASSERT(batch != NULL);
    size_t count = take_batch(otlp, batch);
    bool given_up = otlp->is_away && atomic_load(&otlp->stopping);
    if (count > 0 && !given_up)
        send_batch(otlp, batch, count);
    free(batch);
    return count > 0;
}

static void on_clock(struct timer *clock)
{
    struct otlp *otlp = (struct otlp *)((char *)clock - offsetof(struct otlp, clock));
    worker_wake(otlp->worker);
    timer_start(otlp->loop, &otlp->clock, SEND_EACH_US);
}

/* --- beginning and end --------------------------------------------------------------------------------------------- */

bool otlp_address_is_valid(const char *address)
{
    struct text text = text_of(address);
    size_t scheme = text_starts_with(text, "http://") ? 7 : text_starts_with(text, "https://") ? 8 : 0;
    return scheme > 0 && text.length > scheme && text.length < 256 && strpbrk(address, " \t\r\n?#") == NULL;
}

static void set_up_curl(struct otlp *otlp)
{
    otlp->curl = curl_easy_init();
    otlp->headers = curl_slist_append(NULL, "Content-Type: application/x-protobuf");
    otlp->headers = curl_slist_append(otlp->headers, "Expect:");
    ASSERT(otlp->curl != NULL && otlp->headers != NULL);
    curl_easy_setopt(otlp->curl, CURLOPT_URL, otlp->url);
    curl_easy_setopt(otlp->curl, CURLOPT_HTTPHEADER, otlp->headers);
    curl_easy_setopt(otlp->curl, CURLOPT_WRITEFUNCTION, ignore);
    curl_easy_setopt(otlp->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(otlp->curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
    curl_easy_setopt(otlp->curl, CURLOPT_TIMEOUT_MS, SEND_MS);
    curl_easy_setopt(otlp->curl, CURLOPT_PROTOCOLS_STR, "http,https");
}

struct otlp *otlp_start(const struct otlp_options *options, char error[256])
{
    if (!otlp_address_is_valid(options->address)) {
        snprintf(error, 256, "`%.100s` is no address of a collector; write it as http://host:4318", options->address);
        return NULL;
    }
    struct otlp *otlp = calloc(1, sizeof *otlp);
    ASSERT(otlp != NULL);
    size_t length = strlen(options->address);
    bool ends_with_slash = options->address[length - 1] == '/';
    snprintf(otlp->url, sizeof otlp->url, "%s%sv1/traces", options->address, ends_with_slash ? "" : "/");
    snprintf(otlp->service, sizeof otlp->service, "%s", options->service);
    snprintf(otlp->version, sizeof otlp->version, "%s", options->version);
    env_new_id(options->env, otlp->instance);
    otlp->env = options->env;
    otlp->loop = options->loop;
    otlp->ring = malloc(QUEUE_SPANS * sizeof *otlp->ring);
    ASSERT(otlp->ring != NULL && pthread_mutex_init(&otlp->lock, NULL) == 0);
    set_up_curl(otlp);
    otlp->worker = worker_start(options->env, "traces", step, otlp);
    otlp->clock.run = on_clock;
    timer_start(otlp->loop, &otlp->clock, SEND_EACH_US);
    span_collect(take, otlp);
    return otlp;
}

void otlp_stop(struct otlp *otlp)
{
    if (otlp == NULL)
        return;
    span_collect(NULL, NULL);
    timer_stop(otlp->loop, &otlp->clock);
    atomic_store(&otlp->stopping, true);
    worker_stop(otlp->worker);
    curl_easy_cleanup(otlp->curl);
    curl_slist_free_all(otlp->headers);
    pthread_mutex_destroy(&otlp->lock);
    free(otlp->ring);
    free(otlp);
}

struct otlp_counts otlp_counts(const struct otlp *otlp)
{
    return (struct otlp_counts){
        .exported = atomic_load(&otlp->exported),
        .dropped = atomic_load(&otlp->dropped),
        .refused = atomic_load(&otlp->refused),
    };
}
