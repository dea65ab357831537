/*
 * Any frames at all, as a client of HTTP/2 sends them: received in pieces of any size, answered at once, later, in pieces, with trailers or
 * not at all, and what is to be sent taken in pieces of any size. What the connection asserts must hold after each.
 *
 * The preface and empty SETTINGS come before the input, unless its first byte is odd: then the input is all there is, and ends up as
 * HTTP/1.1 mostly.
 */
#include "base/assert.h"
#include "platform/http/http_internal.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

#define HELD_MAX 1024

static struct http_server *server;
static struct http_exchange *held[HELD_MAX];
static size_t held_count;
static struct http_shared *page;

static const struct http_header headers[] = {{TEXT("Content-Type"), TEXT("text/plain")}, {TEXT("X-Souk"), TEXT("fuzz")}};

/* --- the handler --- */

static void on_gone(struct http_exchange *exchange)
{
    ASSERT(exchange->gone);
}

static void on_drained(struct http_exchange *exchange)
{
    http_stream_write(exchange, TEXT("more"));
    exchange->on_drained = NULL;
}

static void stream(struct http_exchange *exchange)
{
    http_stream_begin(exchange, &(struct http_response){.status = 200, .headers = headers, .header_count = 2});
    http_stream_write(exchange, exchange->request.path);
    exchange->on_drained = on_drained;
}

static void on_body(struct http_exchange *exchange)
{
    http_stream_write(exchange, exchange->request.body);
    http_body_take(exchange, (exchange->request.body.length + 1) / 2);
}

static bool streams_body(void *data, const struct http_request *request)
{
    (void)data;
    return request->path.length > 2 && request->path.at[1] == 's';
}

static void handle(void *data, struct http_exchange *exchange)
{
    (void)data;
    const struct http_request *request = &exchange->request;
    ASSERT(request->method.length > 0 && (request->target.at[0] == '/' || text_is(request->target, "*")));
    ASSERT(!request->http2 || http_header(request, "host").at);
    for (size_t i = 0; i < request->header_count; i++)
        ASSERT(request->headers[i].name.length > 0 && http1_is_field_value(request->headers[i].value));
    exchange->on_gone = on_gone;
    char kind = request->path.length > 1 ? request->path.at[1] : 'r';
    bool is_head = text_is(request->method, "HEAD");
    if (kind == 'h' && held_count < HELD_MAX) {
        held[held_count++] = exchange;
    } else if (kind == 's' && held_count < HELD_MAX) {
        stream(exchange);
        exchange->on_body = on_body;
        held[held_count++] = exchange;
    } else if (kind == 't') {
        stream(exchange);
        http_stream_end_with(exchange, headers, 2);
    } else if (kind == 'c') {
        stream(exchange);
        http_stream_end(exchange, false);
    } else if (kind == 'p' && !is_head) {
        http_respond(exchange, &(struct http_response){.prepared = http_shared_hold(page)});
    } else {
        http_respond(exchange, &(struct http_response){.status = 200, .headers = headers, .header_count = 2, .body = request->body});
    }
}

static void let_go(void)
{
    for (size_t i = 0; i < held_count; i++) {
        if (held[i]->on_drained || (held[i]->request.path.length > 1 && held[i]->request.path.at[1] == 's'))
            http_stream_end_with(held[i], headers, i % 3);
        else
            http_respond(held[i], &(struct http_response){.status = 200, .body = TEXT("held")});
    }
    held_count = 0;
}

static size_t body_maximum(void *data, const struct http_request *request)
{
    (void)data;
    return text_is(request->path, "/import") ? LIMIT_HTTP_BODY + 1 : 1000;
}

static void refuse(void *data, int status, const char *detail, struct buffer *body)
{
    (void)data;
    buffer_printf(body, "%d %s", status, detail);
}

/* --- a connection without a socket --- */

static void make_server(void)
{
    struct loop *loop = machine_loop_new(env_machine());
    server = calloc(1, sizeof *server);
    ASSERT(server);
    server->loop = loop;
    server->uv = machine_loop_uv(loop);
    server->handler = (struct http_handler){.body_maximum = body_maximum, .streams_body = streams_body, .handle = handle, .refuse = refuse};
    server->patience = (struct http_patience){10, 10, 10, 10, 10, 10, 10, 10};
    memcpy(server->date, HTTP_DATE_LINE, sizeof server->date);
    TAILQ_INIT(&server->connections);
    TAILQ_INIT(&server->awake);
    page = http_shared_prepare(headers, 2, TEXT("a page"));
}

/* What is to be sent, taken in pieces of at most so many bytes. */
static void take_output(struct connection *connection, size_t piece)
{
    uv_buf_t pieces[4];
    size_t total;
    for (int rounds = 0; rounds < 10000 && !connection->framing->is_broken(connection); rounds++) {
        if (connection->framing->output(connection, pieces, 4, &total) == 0)
            return;
        connection->framing->sent(connection, total < piece ? total : piece);
    }
}

static void receive(struct connection *connection, const uint8_t *bytes, size_t length, size_t piece)
{
    for (size_t at = 0; at < length && !connection->framing->is_finished(connection); at += piece) {
        size_t here = length - at < piece ? length - at : piece;
        char *lent = malloc(here);
        ASSERT(lent);
        memcpy(lent, bytes + at, here);
        connection_receive(connection, lent, here);
        free(lent);
        take_output(connection, piece * 7);
        if (connection->framing->is_broken(connection))
            return;
        connection->framing->resume(connection);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
    if (!server)
        make_server();
    if (size < 2)
        return 0;
    struct connection *connection = calloc(1, sizeof *connection);
    ASSERT(connection);
    connection->server = server;
    connection->framing = &http1_framing;
    http1_init(&connection->http1);

    size_t piece = (size_t)input[1] * 4 + 1;
    if (!(input[0] & 1))
        receive(connection, (const uint8_t *)HTTP2_PREFACE "\0\0\0\4\0\0\0\0\0", HTTP2_PREFACE_LENGTH + 9, HTTP2_PREFACE_LENGTH + 9);
    receive(connection, input + 2, size - 2, piece);
    if (input[0] & 2)
        let_go();
    if (!connection->framing->is_broken(connection)) {
        take_output(connection, 4096);
        connection->framing->check_time(connection, uv_now(server->uv) + 60000);
        if (connection->framing == &http2_framing)
            connection->framing->stop(connection, false);
        take_output(connection, 4096);
        if (!connection->framing->is_broken(connection))
            connection->framing->check(connection);
    }
    if (connection->awake)
        TAILQ_REMOVE(&server->awake, connection, in_awake);
    connection->closing = true;
    connection->framing->release(connection);
    let_go();
    free(connection);
    return 0;
}
