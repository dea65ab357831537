/*
 * A client without a server: the services run in this process, and requests go to the gateway without a socket.
 *
 * The loop runs only while something is asked.
 */
#include "cli/client_internal.h"

#include "base/assert.h"
#include "base/limits.h"
#include "cli/command.h"
#include "cli/shop.h"
#include "gateways/rest/rest.h"
#include "souk/all.souk.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define READERS 1
#define TOKEN_BYTES 24

struct client_store {
    struct client base;
    struct loop *loop;
    struct shop *shop;
    struct rest *rest;
    char token[2 * TOKEN_BYTES + 1];
    struct buffer body; /* of the last answer */
    struct timer timer;
};

/* A request under way. */
struct exchange {
    struct http_exchange base;
    struct client_store *store;
    struct http_header headers[3];
    char authorization[sizeof "Bearer " + 2 * TOKEN_BYTES];
    struct task begin;
    int status;
};

/* --- one exchange -------------------------------------------------------------------------------------------------- */

static void end(struct exchange *exchange)
{
    timer_stop(exchange->store->loop, &exchange->store->timer);
    machine_loop_stop(exchange->store->loop);
}

static void respond(struct http_exchange *base, const struct http_response *response)
{
    struct exchange *exchange = (struct exchange *)base;
    struct client_store *store = exchange->store;
    ASSERT(response->prepared == NULL); /* this gateway has no cache */
    exchange->status = response->status;
    buffer_add_text(&store->body, response->body);
    end(exchange);
}

static void stream_begin(struct http_exchange *base, const struct http_response *head)
{
    ((struct exchange *)base)->status = head->status;
}

static bool stream_write(struct http_exchange *base, struct text bytes)
{
    struct client_store *store = ((struct exchange *)base)->store;
    buffer_add_text(&store->body, bytes);
    return !store->body.overflowed;
}

static void stream_end(struct http_exchange *base, bool whole, const struct http_header *trailers, size_t trailer_count)
{
    (void)trailers, (void)trailer_count;
    struct exchange *exchange = (struct exchange *)base;
    exchange->status = whole ? exchange->status : 500;
    end(exchange);
}

static size_t stream_unsent(const struct http_exchange *base)
{
    (void)base;
    return 0; /* it is here as soon as it is written */
}

static const struct http_exchange_operations exchange_operations = {
    .respond = respond,
    .stream_begin = stream_begin,
    .stream_write = stream_write,
    .stream_end = stream_end,
    .stream_unsent = stream_unsent,
};

static void on_tick(struct timer *timer)
{
    struct client_store *store = (struct client_store *)(void *)((char *)timer - offsetof(struct client_store, timer));
    client_tick(&store->base);
    timer_start(store->loop, &store->timer, INT64_C(1000) * CLIENT_WATCH_MS);
}

static void begin(struct task *task)
{
    struct exchange *exchange = (struct exchange *)(void *)((char *)task - offsetof(struct exchange, begin));
    struct client_store *store = exchange->store;
    timer_start(store->loop, &store->timer, INT64_C(1000) * CLIENT_WATCH_MS);
    rest_handle(exchange->store->rest, &exchange->base);
}

static void exchange_init(struct exchange *exchange, struct client_store *store, const struct client_request *request)
{
    struct http_request *http = &exchange->base.request;
    const char *question = strchr(request->target, '?');
    *exchange = (struct exchange){.store = store, .begin = {.run = begin}};
    exchange->base.arena = arena_new(LIMIT_BULK_ARENA);
    exchange->base.loop = store->loop;
    exchange->base.operations = &exchange_operations;
    http->method = text_of(request->method);
    http->target = http->path = text_of(request->target);
    http->query = TEXT("");
    if (question != NULL) {
        http->path.length = (size_t)(question - request->target);
        http->query = text_of(question + 1);
    }
    snprintf(exchange->authorization, sizeof exchange->authorization, "Bearer %s", store->token);
    exchange->headers[http->header_count++] = (struct http_header){TEXT("authorization"), text_of(exchange->authorization)};
    if (request->content_type != NULL)
        exchange->headers[http->header_count++] = (struct http_header){TEXT("content-type"), text_of(request->content_type)};
    http->headers = exchange->headers;
    http->body = request->body;
    http->peer = TEXT("127.0.0.1");
    http->started_us = env_monotonic_us(store->loop->env);
}

/* --- how far it is ------------------------------------------------------------------------------------------------- */

static void measure(struct client *client, struct client_progress *progress)
{
    const struct client_store *store = (struct client_store *)client;
    *progress = (struct client_progress){0};
    for (size_t i = 0; i < shop_host_count(store->shop); i++) {
        struct host_counts counts = host_counts(shop_host(store->shop, i));
        progress->under_way += counts.under_way;
        progress->expected += counts.expected;
        progress->behind += counts.behind;
    }
}

/* The services work on threads of their own. */
static void rest(struct client *client)
{
    (void)client;
    usleep(1000 * CLIENT_WATCH_MS);
}

/* --- asking -------------------------------------------------------------------------------------------------------- */

static bool ask(struct client *client, const struct client_request *request, struct client_answer *answer, char error[512])
{
    struct client_store *store = (struct client_store *)client;
    struct exchange exchange;
    (void)error;

    buffer_empty(&store->body);
    exchange_init(&exchange, store, request);
    loop_post(store->loop, &exchange.begin);
    machine_loop_run(store->loop);
    arena_free(exchange.base.arena);
    buffer_add_char(&store->body, '\0');
    *answer = (struct client_answer){.status = exchange.status, .body = {store->body.at, store->body.length - 1}};
    return true;
}

/* --- opening ------------------------------------------------------------------------------------------------------- */

static void on_drained(void *data)
{
    machine_loop_stop(((struct client_store *)data)->loop);
}

static void close_store(struct client *client)
{
    struct client_store *store = (struct client_store *)client;
    shop_drain(store->shop, store->loop, on_drained, store);
    machine_loop_run(store->loop);
    shop_stop(store->shop);
    rest_free(store->rest);
    machine_loop_free(store->loop);
    buffer_release(&store->body);
    free(store);
}

static const struct client_operations operations = {ask, measure, rest, close_store, false, NULL};

/* Nobody else ever sees it: it only opens the gateway to ourselves. */
static void make_token(struct client_store *store)
{
    uint8_t bytes[TOKEN_BYTES];
    env_random(store->loop->env, bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(store->token + 2 * i, 3, "%02x", bytes[i]);
}

static void start_gateway(struct client_store *store)
{
    make_token(store);
    store->rest = rest_new(&(struct rest_options){
        .services = every_service_declaration,
        .service_count = every_service_count,
        .directory = shop_directory(store->shop),
        .admin_token = store->token,
        .version = SOUK_VERSION,
    });
}

struct client *client_store_open(const struct config *config, int *code, char error[512])
{
    struct client_store *store = calloc(1, sizeof *store);
    ASSERT(store != NULL);
    store->base.operations = &operations;
    store->loop = machine_loop_new(env_machine());
    store->timer.run = on_tick;
    buffer_init(&store->body, LIMIT_ANSWER_BYTES);
    store->shop = shop_start(
        &(struct shop_options){
            .env = env_machine(),
            .loop = store->loop,
            .store_url = config->store,
            .services = "all",
            .reader_count = READERS,
        },
        error);
    if (store->shop != NULL) {
        start_gateway(store);
        return &store->base;
    }
    *code = EXIT_FAILED;
    machine_loop_free(store->loop);
    free(store);
    return NULL;
}
