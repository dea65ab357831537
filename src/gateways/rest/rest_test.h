/*
 * For tests, the fuzzer and the bench: a gateway without sockets. A world of one loop with a clock that stands still, exchanges that
 * keep their answer, and services that are one function.
 */
#ifndef SOUK_REST_TEST_H
#define SOUK_REST_TEST_H

#include "base/assert.h"
#include "base/limits.h"
#include "gateways/rest/rest.h"

#include <stdio.h>
#include <stdlib.h>

/* --- a world ------------------------------------------------------------------------------------------------------------ */

static int64_t fake_now(struct env *env)
{
    (void)env;
    return INT64_C(1795370344123456); /* 2026-11-22T17:59:04.123456Z */
}
static int64_t fake_monotonic(struct env *env)
{
    (void)env;
    return 1000000;
}
static void fake_random(struct env *env, void *bytes, size_t count)
{
    (void)env;
    static uint8_t next = 1;
    for (size_t i = 0; i < count; i++)
        ((uint8_t *)bytes)[i] = next++;
}

/* Posted tasks wait here until fake_loop_run(). */
static struct task *fake_tasks;
static void fake_loop_post(struct loop *loop, struct task *task)
{
    (void)loop;
    struct task **end = &fake_tasks;
    while (*end != NULL)
        end = &(*end)->next;
    task->next = NULL;
    *end = task;
}
static inline void fake_loop_run(void)
{
    while (fake_tasks != NULL) {
        struct task *task = fake_tasks;
        fake_tasks = task->next;
        task->run(task);
    }
}

/* The one timer that runs, if any: a test lets its time come. */
static struct timer *fake_timer;
static void fake_timer_start(struct loop *loop, struct timer *timer, int64_t after_us)
{
    (void)loop, (void)after_us;
    fake_timer = timer;
}
static void fake_timer_stop(struct loop *loop, struct timer *timer)
{
    (void)loop;
    if (fake_timer == timer)
        fake_timer = NULL;
}

static const struct env_operations fake_env_operations = {.now_us = fake_now,
                                                          .monotonic_us = fake_monotonic,
                                                          .random = fake_random,
                                                          .loop_post = fake_loop_post,
                                                          .timer_start = fake_timer_start,
                                                          .timer_stop = fake_timer_stop};
static struct env fake_env = {.operations = &fake_env_operations};
static struct loop fake_loop = {.env = &fake_env};

/* --- exchanges ------------------------------------------------------------------------------------------------------------ */

#define FAKE_HEADERS_MAX 8

struct fake_exchange {
    struct http_exchange base;
    struct http_header request_headers[FAKE_HEADERS_MAX];
    int status; /* 0: not answered yet */
    char head[8192]; /* "name: value\n" each; of a prepared answer all of it */
    char *body;
    bool streaming, ended; /* a stream: `body` grows, and stays when it has ended */
    size_t unsent;         /* what the client is said to have not taken */
};

/* Behind what is there already. */
static void fake_write_head(struct fake_exchange *exchange, const struct http_response *response)
{
    exchange->status = response->status;
    size_t length = strlen(exchange->head);
    for (size_t i = 0; i < response->header_count; i++) {
        const struct http_header *header = &response->headers[i];
        length += (size_t)snprintf(exchange->head + length, sizeof exchange->head - length, "%.*s: %.*s\n",
                                   (int)header->name.length, header->name.at, (int)header->value.length, header->value.at);
        ASSERT(length < sizeof exchange->head);
    }
}

static void fake_respond(struct http_exchange *base, const struct http_response *response)
{
    struct fake_exchange *exchange = (struct fake_exchange *)base;
    ASSERT(exchange->status == 0);
    if (response->prepared != NULL) {
        struct text whole = http_shared_text(response->prepared);
        const char *blank = memmem(whole.at, whole.length, "\r\n\r\n", 4);
        snprintf(exchange->head, sizeof exchange->head, "%.*s\r\n", (int)(blank - whole.at), whole.at);
        fake_write_head(exchange, response);
        exchange->body = strndup(blank + 4, whole.length - (size_t)(blank + 4 - whole.at));
        http_shared_drop(response->prepared);
        return;
    }
    fake_write_head(exchange, response);
    exchange->body = strndup(response->body.at, response->body.length);
}

static void fake_stream_begin(struct http_exchange *base, const struct http_response *head)
{
    struct fake_exchange *exchange = (struct fake_exchange *)base;
    fake_write_head(exchange, head);
    exchange->streaming = true;
    exchange->body = strdup("");
}
static bool fake_stream_write(struct http_exchange *base, struct text bytes)
{
    struct fake_exchange *exchange = (struct fake_exchange *)base;
    ASSERT(exchange->streaming && !exchange->ended);
    size_t length = strlen(exchange->body);
    exchange->body = realloc(exchange->body, length + bytes.length + 1);
    memcpy(exchange->body + length, bytes.at, bytes.length);
    exchange->body[length + bytes.length] = '\0';
    return true;
}
static void fake_stream_end(struct http_exchange *base, bool whole, const struct http_header *trailers, size_t trailer_count)
{
    struct fake_exchange *exchange = (struct fake_exchange *)base;
    (void)trailers, (void)trailer_count;
    ASSERT(whole && exchange->streaming && !exchange->ended);
    exchange->ended = true;
}
static size_t fake_stream_unsent(const struct http_exchange *base)
{
    return ((const struct fake_exchange *)base)->unsent;
}
static const struct http_exchange_operations fake_exchange_operations = {.respond = fake_respond,
                                                                                  .stream_begin = fake_stream_begin,
                                                                                  .stream_write = fake_stream_write,
                                                                                  .stream_end = fake_stream_end,
                                                                                  .stream_unsent = fake_stream_unsent};

/* A request to be handed over. `headers` are "name: value\n" each, names in lower case. Free it with fake_exchange_free(). */
static inline struct fake_exchange *fake_exchange_new(const char *method, const char *target, const char *headers, struct text body)
{
    struct fake_exchange *exchange = calloc(1, sizeof *exchange);
    ASSERT(exchange != NULL);
    exchange->base.arena = arena_new(LIMIT_CALL_ARENA);
    exchange->base.loop = &fake_loop;
    exchange->base.operations = &fake_exchange_operations;

    struct http_request *request = &exchange->base.request;
    request->method = text_of(method);
    request->target = text_of(target);
    request->path = (struct text){target, strcspn(target, "?")};
    request->query = (struct text){target + request->path.length, strlen(target) - request->path.length};
    if (request->query.length > 0)
        request->query = (struct text){request->query.at + 1, request->query.length - 1};
    request->headers = exchange->request_headers;
    while (*headers != '\0') {
        ASSERT(request->header_count < FAKE_HEADERS_MAX);
        size_t name = strcspn(headers, ":"), line = strcspn(headers, "\n");
        exchange->request_headers[request->header_count++] =
            (struct http_header){{headers, name}, text_trim((struct text){headers + name + 1, line - name - 1})};
        headers += line + 1;
    }
    request->body = body;
    request->peer = TEXT("203.0.113.7");
    request->started_us = fake_monotonic(&fake_env) - 1000;
    return exchange;
}
static inline struct fake_exchange *fake_request(struct rest *rest, const char *method, const char *target, const char *headers,
                                                 struct text body)
{
    struct fake_exchange *exchange = fake_exchange_new(method, target, headers, body);
    rest_handle(rest, &exchange->base);
    return exchange;
}

static void fake_exchange_free(struct fake_exchange *exchange)
{
    arena_free(exchange->base.arena);
    free(exchange->body);
    free(exchange);
}

#endif
