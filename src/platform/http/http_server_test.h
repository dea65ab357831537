/*
 * For tests of the server through real sockets: it runs on a thread of its own, the tests are its clients. What the handler does is
 * asked for by the path (see `handle`).
 */
#ifndef SOUK_PLATFORM_HTTP_SERVER_TEST_H
#define SOUK_PLATFORM_HTTP_SERVER_TEST_H

#include "base/assert.h"
#include "platform/http/http_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <unistd.h>

#define HOST "Host: shop.example\r\n"
#define CLOSE "Connection: close\r\n"
#define END "\r\n"
#define LARGE_BYTES (16 << 20)

/* --- the server's side --- */

struct world {
    struct loop *loop;
    struct http_server *server;
    pthread_t thread;
    int port;
    struct http_shared *page;
    struct http_exchange *held[256]; /* by /hold; the loop's */
    unsigned held_count;
    struct http_exchange *talk;      /* by /talk-late, for /listen */
    atomic_uint handled;
    atomic_uint gone; /* held ones that were found gone when they were let go */
    atomic_uint told; /* that their client has gone */
    struct task stop;
};

static inline void answer_text(struct http_exchange *exchange, int status, struct text body)
{
    struct http_header headers[] = {{TEXT("content-type"), TEXT("text/plain")}};
    http_respond(exchange, &(struct http_response){.status = status, .headers = headers, .header_count = 1, .body = body});
}

static inline void let_go(struct world *world)
{
    for (unsigned i = world->held_count; i > 0; i--) { /* the last first, to be out of order */
        struct http_exchange *exchange = world->held[i - 1];
        atomic_fetch_add(&world->gone, exchange->gone);
        answer_text(exchange, 200, exchange->request.query);
    }
    world->held_count = 0;
}

static inline void stream(struct http_exchange *exchange, bool whole)
{
    struct http_header headers[] = {{TEXT("content-type"), TEXT("text/plain")}};
    http_stream_begin(exchange, &(struct http_response){.status = 200, .headers = headers, .header_count = 1});
    http_stream_write(exchange, TEXT("one "));
    http_stream_write(exchange, TEXT(""));
    http_stream_write(exchange, TEXT("and two"));
    http_stream_end(exchange, whole);
}

/* An answer larger than any socket's buffer, as a pattern that shows a byte out of place. */
static char large[LARGE_BYTES];

static inline void fill_large(void)
{
    for (size_t i = 0; i < LARGE_BYTES; i++)
        large[i] = (char)(i % 251);
}

static inline void stream_large(struct http_exchange *exchange)
{
    static char piece[1 << 16];
    http_stream_begin(exchange, &(struct http_response){.status = 200});
    for (size_t sent = 0; sent < LARGE_BYTES; sent += sizeof piece)
        if (!http_stream_write(exchange, (struct text){piece, sizeof piece}))
            break;
    http_stream_end(exchange, true);
}

/* "name: value\n" for each header of the request. */
static inline void answer_headers(struct http_exchange *exchange)
{
    static struct buffer text;
    buffer_init(&text, 1 << 20);
    for (size_t i = 0; i < exchange->request.header_count; i++) {
        buffer_add_text(&text, exchange->request.headers[i].name);
        buffer_add_string(&text, ": ");
        buffer_add_text(&text, exchange->request.headers[i].value);
        buffer_add_string(&text, "\n");
    }
    answer_text(exchange, 200, (struct text){arena_strndup(exchange->arena, text.at, text.length), text.length});
    buffer_release(&text);
}

/* A stream that writes on when what it wrote has left. */
struct drip {
    unsigned left; /* pieces */
};

static inline void drip(struct http_exchange *exchange)
{
    static char piece[1 << 20];
    struct drip *drip = exchange->handler_data;
    do {
        if (drip->left-- == 0) {
            http_stream_end(exchange, true);
            return;
        }
        http_stream_write(exchange, (struct text){piece, sizeof piece});
    } while (http_stream_unsent(exchange) == 0);
    ASSERT(http_stream_unsent(exchange) <= sizeof piece + 16); /* one at a time, with its chunk's head */
}

static inline void on_drip_drained(struct http_exchange *exchange)
{
    ASSERT(http_stream_unsent(exchange) == 0);
    drip(exchange);
}

static inline void begin_drip(struct http_exchange *exchange)
{
    struct drip *state = exchange->handler_data = ARENA_NEW(exchange->arena, struct drip);
    state->left = LARGE_BYTES >> 20;
    exchange->on_drained = on_drip_drained;
    http_stream_begin(exchange, &(struct http_response){.status = 200});
    drip(exchange);
}

/* A stream that says a word and then waits for its client to go. */
static inline void on_watched_gone(struct http_exchange *exchange)
{
    struct world *world = exchange->handler_data;
    ASSERT(exchange->gone);
    ASSERT(!http_stream_write(exchange, TEXT("nobody hears")));
    http_stream_end(exchange, false);
    atomic_fetch_add(&world->told, 1);
}

static inline void watch(struct world *world, struct http_exchange *exchange)
{
    exchange->handler_data = world;
    exchange->on_gone = on_watched_gone;
    http_stream_begin(exchange, &(struct http_response){.status = 200});
    http_stream_write(exchange, TEXT("word"));
}

/* A stream that is ended by /let-go-stream. */
static inline void end_waiting(struct world *world)
{
    static const struct http_header trailers[] = {{TEXT("grpc-status"), TEXT("0")}};
    while (world->held_count > 0)
        http_stream_end_with(world->held[--world->held_count], trailers, 1);
}

/* A talk: what the client says is said back, as it comes. */
static inline void say_back(struct http_exchange *exchange)
{
    struct text said = exchange->request.body;
    http_stream_write(exchange, said);
    http_body_take(exchange, said.length);
    if (!exchange->body_is_open)
        http_stream_end(exchange, true);
}

static inline void end_talk(struct http_exchange *exchange)
{
    http_stream_end(exchange, false);
}

static inline void begin_talk(struct http_exchange *exchange)
{
    exchange->on_body = say_back;
    exchange->on_gone = end_talk;
    http_stream_begin(exchange, &(struct http_response){.status = 200});
}

/* A talk that nobody listens to before /listen. */
static inline void begin_late_talk(struct world *world, struct http_exchange *exchange)
{
    world->talk = exchange;
    exchange->on_gone = end_talk;
    http_stream_begin(exchange, &(struct http_response){.status = 200});
}

static inline void listen_at_last(struct world *world)
{
    world->talk->on_body = say_back;
    say_back(world->talk);
}

static inline void handle(void *data, struct http_exchange *exchange)
{
    struct world *world = data;
    struct text path = exchange->request.path;
    atomic_fetch_add(&world->handled, 1);
    if (text_is(path, "/hold")) {
        world->held[world->held_count++] = exchange;
    } else if (text_is(path, "/let-go")) {
        let_go(world);
        answer_text(exchange, 200, TEXT("let go"));
    } else if (text_is(path, "/page")) {
        http_respond(exchange, &(struct http_response){.prepared = http_shared_hold(world->page)});
    } else if (text_is(path, "/stream")) {
        stream(exchange, true);
    } else if (text_is(path, "/cut")) {
        stream(exchange, false);
    } else if (text_is(path, "/large")) {
        answer_text(exchange, 200, (struct text){large, LARGE_BYTES});
    } else if (text_is(path, "/stream-large")) {
        stream_large(exchange);
    } else if (text_is(path, "/drip")) {
        begin_drip(exchange);
    } else if (text_is(path, "/talk")) {
        begin_talk(exchange);
    } else if (text_is(path, "/talk-late")) {
        begin_late_talk(world, exchange);
    } else if (text_is(path, "/talk-refused")) {
        answer_text(exchange, 200, TEXT("no"));
    } else if (text_is(path, "/listen")) {
        listen_at_last(world);
        answer_text(exchange, 200, TEXT(""));
    } else if (text_is(path, "/watch")) {
        watch(world, exchange);
    } else if (text_is(path, "/hold-stream")) {
        http_stream_begin(exchange, &(struct http_response){.status = 200});
        world->held[world->held_count++] = exchange;
    } else if (text_is(path, "/let-go-stream")) {
        end_waiting(world);
        answer_text(exchange, 200, TEXT("let go"));
    } else if (text_is(path, "/nothing")) {
        answer_text(exchange, 204, TEXT("not to be sent"));
    } else if (text_is(path, "/split")) {
        struct http_header headers[] = {{TEXT("location"), TEXT("/a\r\nSet-Cookie: x=y")}};
        http_respond(exchange, &(struct http_response){.status = 303, .headers = headers, .header_count = 1});
    } else if (text_is(path, "/headers")) {
        answer_headers(exchange);
    } else if (text_is(path, "/peer")) {
        answer_text(exchange, 200, exchange->request.peer);
    } else {
        answer_text(exchange, 200, exchange->request.body.length ? exchange->request.body : exchange->request.target);
    }
}

static inline size_t body_maximum(void *data, const struct http_request *request)
{
    (void)data;
    return text_is(request->path, "/import") ? 64 << 20 : text_is(request->path, "/body") ? LIMIT_HTTP_BODY : 1000;
}

static inline bool streams_body(void *data, const struct http_request *request)
{
    (void)data;
    return text_starts_with(request->path, "/talk");
}

static inline void refuse(void *data, int status, const char *detail, struct buffer *body)
{
    (void)data;
    buffer_printf(body, "{\"status\":%d,\"detail\":\"%s\"}", status, detail);
}

static inline void *run(void *data)
{
    struct world *world = data;
    machine_loop_run(world->loop);
    return NULL;
}

/* `patience` and `tls` may be NULL. */
static inline void start_world(struct world *world, const struct http_patience *patience, struct tls_identity *tls)
{
    static const struct http_header page_headers[] = {{TEXT("Content-Type"), TEXT("text/plain")}};
    char error[256];
    *world = (struct world){0};
    world->loop = machine_loop_new(env_machine());
    world->page = http_shared_prepare(page_headers, 1, TEXT("page"));
    struct http_handler handler = {
        .body_maximum = body_maximum, .streams_body = streams_body, .handle = handle, .refuse = refuse, .data = world};
    world->server = http_server_start(world->loop, "127.0.0.1:0", &handler, error);
    assert_non_null(world->server);
    world->server->patience.linger_ms = 300;
    world->server->patience.sweep_ms = 50;
    world->server->patience.farewell_ms = 300;
    if (patience)
        world->server->patience = *patience;
    if (tls)
        http_server_use_tls(world->server, tls);
    world->port = http_server_port(world->server);
    assert_int_equal(pthread_create(&world->thread, NULL, run, world), 0);
}

static inline void start_with(struct world *world, const struct http_patience *patience)
{
    start_world(world, patience, NULL);
}

static inline void start(struct world *world)
{
    start_world(world, NULL, NULL);
}

static inline void on_stopped(void *data)
{
    struct world *world = data;
    let_go(world);
    machine_loop_stop(world->loop);
}

static inline void begin_stop(struct task *task)
{
    struct world *world = (struct world *)((char *)task - offsetof(struct world, stop));
    http_server_stop(world->server, on_stopped, world);
}

static inline void ask_to_stop(struct world *world)
{
    world->stop.run = begin_stop;
    loop_post(world->loop, &world->stop);
}

static inline void wait_until_stopped(struct world *world)
{
    pthread_join(world->thread, NULL);
    machine_loop_free(world->loop);
    http_shared_drop(world->page);
}

static inline void stop(struct world *world)
{
    ask_to_stop(world);
    wait_until_stopped(world);
}

/* --- the client's side --- */

static inline int dial(const struct world *world)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)world->port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval patience = {.tv_sec = 10};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    int at_once = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    close(fd);
    return -1;
}

static inline void say_bytes(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
        if (sent <= 0)
            return; /* the server may have closed: what it said before is what counts */
        bytes += sent;
        length -= (size_t)sent;
    }
}

static inline void say(int fd, const char *text)
{
    say_bytes(fd, text, strlen(text));
}

/* The heard text without its Date lines, which no test can foretell. */
static inline void forget_dates(char *text)
{
    for (char *date; (date = strstr(text, "Date: ")) != NULL;) {
        assert_non_null(strstr(date, " GMT\r\n"));
        assert_int_equal(strstr(date, " GMT\r\n") - date, sizeof HTTP_DATE_LINE - 1 - strlen(" GMT\r\n"));
        memmove(date, date + sizeof HTTP_DATE_LINE - 1, strlen(date + sizeof HTTP_DATE_LINE - 1) + 1);
    }
}

struct heard {
    char text[1 << 14];
    int failure; /* errno when the connection broke; 0 when it ended */
};

/* Everything until the server closes. */
static inline struct heard *hear_all(int fd)
{
    static struct heard heard;
    size_t length = 0;
    ssize_t count;
    while ((count = recv(fd, heard.text + length, sizeof heard.text - 1 - length, 0)) > 0)
        length += (size_t)count;
    heard.failure = count < 0 ? errno : 0;
    heard.text[length] = '\0';
    forget_dates(heard.text);
    close(fd);
    return &heard;
}

/* Until `end` has come. The connection stays. */
static inline char *hear_until(int fd, const char *end)
{
    static char text[1 << 14];
    size_t length = 0;
    text[0] = '\0';
    while (!strstr(text, end)) {
        ssize_t count = recv(fd, text + length, sizeof text - 1 - length, 0);
        if (count <= 0)
            fail_msg("the connection ended or said nothing more before \"%s\"; it said \"%s\"", end, text);
        length += (size_t)count;
        text[length] = '\0';
    }
    forget_dates(text);
    return text;
}

static inline const char *talk(const struct world *world, const char *request)
{
    int fd = dial(world);
    assert_true(fd >= 0);
    say(fd, request);
    struct heard *heard = hear_all(fd);
    assert_int_equal(heard->failure, 0);
    return heard->text;
}

static inline unsigned occurrences(const char *text, const char *word)
{
    unsigned count = 0;
    for (const char *at = text; (at = strstr(at, word)) != NULL; at++)
        count++;
    return count;
}

/* Wait for something the server does by itself. */
#define EVENTUALLY(condition)                                                                            \
    do {                                                                                                 \
        for (int tries = 0; tries < 1000 && !(condition); tries++)                                       \
            usleep(5000);                                                                                \
        assert_true(condition);                                                                          \
    } while (0)

#endif
