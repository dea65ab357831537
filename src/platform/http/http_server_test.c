/*
 * The server through real sockets: it runs on a thread of its own, the tests are its clients. What the handler does is asked for by
 * the path (see `handle`).
 */
#include "base/assert.h"
#include "platform/http/http_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
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
    atomic_uint handled;
    atomic_uint gone; /* held ones that were found gone when they were let go */
    atomic_uint told; /* that their client has gone */
    struct task stop;
};

static void answer_text(struct http_exchange *exchange, int status, struct text body)
{
    struct http_header headers[] = {{TEXT("content-type"), TEXT("text/plain")}};
    http_respond(exchange, &(struct http_response){.status = status, .headers = headers, .header_count = 1, .body = body});
}

static void let_go(struct world *world)
{
    for (unsigned i = world->held_count; i > 0; i--) { /* the last first, to be out of order */
        struct http_exchange *exchange = world->held[i - 1];
        atomic_fetch_add(&world->gone, exchange->gone);
        answer_text(exchange, 200, exchange->request.query);
    }
    world->held_count = 0;
}

static void stream(struct http_exchange *exchange, bool whole)
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

static void fill_large(void)
{
    for (size_t i = 0; i < LARGE_BYTES; i++)
        large[i] = (char)(i % 251);
}

static void stream_large(struct http_exchange *exchange)
{
    static char piece[1 << 16];
    http_stream_begin(exchange, &(struct http_response){.status = 200});
    for (size_t sent = 0; sent < LARGE_BYTES; sent += sizeof piece)
        if (!http_stream_write(exchange, (struct text){piece, sizeof piece}))
            break;
    http_stream_end(exchange, true);
}

/* A stream that writes on when what it wrote has left. */
struct drip {
    unsigned left; /* pieces */
};

static void drip(struct http_exchange *exchange)
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
    assert_true(http_stream_unsent(exchange) <= sizeof piece + 16); /* one at a time, with its chunk's head */
}

static void on_drip_drained(struct http_exchange *exchange)
{
    assert_int_equal(http_stream_unsent(exchange), 0);
    drip(exchange);
}

static void begin_drip(struct http_exchange *exchange)
{
    struct drip *state = exchange->handler_data = ARENA_NEW(exchange->arena, struct drip);
    state->left = LARGE_BYTES >> 20;
    exchange->on_drained = on_drip_drained;
    http_stream_begin(exchange, &(struct http_response){.status = 200});
    drip(exchange);
}

/* A stream that says a word and then waits for its client to go. */
static void on_watched_gone(struct http_exchange *exchange)
{
    struct world *world = exchange->handler_data;
    assert_true(exchange->gone);
    assert_false(http_stream_write(exchange, TEXT("nobody hears")));
    http_stream_end(exchange, false);
    atomic_fetch_add(&world->told, 1);
}

static void watch(struct world *world, struct http_exchange *exchange)
{
    exchange->handler_data = world;
    exchange->on_gone = on_watched_gone;
    http_stream_begin(exchange, &(struct http_response){.status = 200});
    http_stream_write(exchange, TEXT("word"));
}

/* A stream that is ended by /let-go-stream. */
static void end_waiting(struct world *world)
{
    static const struct http_header trailers[] = {{TEXT("grpc-status"), TEXT("0")}};
    while (world->held_count > 0)
        http_stream_end_with(world->held[--world->held_count], trailers, 1);
}

static void handle(void *data, struct http_exchange *exchange)
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
    } else if (text_is(path, "/peer")) {
        answer_text(exchange, 200, exchange->request.peer);
    } else {
        answer_text(exchange, 200, exchange->request.body.length ? exchange->request.body : exchange->request.target);
    }
}

static size_t body_maximum(void *data, const struct http_request *request)
{
    (void)data;
    return text_is(request->path, "/import") ? 64 << 20 : 1000;
}

static void refuse(void *data, int status, const char *detail, struct buffer *body)
{
    (void)data;
    buffer_printf(body, "{\"status\":%d,\"detail\":\"%s\"}", status, detail);
}

static void *run(void *data)
{
    struct world *world = data;
    machine_loop_run(world->loop);
    return NULL;
}

static void start_with(struct world *world, struct http_patience *patience)
{
    static const struct http_header page_headers[] = {{TEXT("Content-Type"), TEXT("text/plain")}};
    char error[256];
    *world = (struct world){0};
    world->loop = machine_loop_new(env_machine());
    world->page = http_shared_prepare(page_headers, 1, TEXT("page"));
    struct http_handler handler = {body_maximum, handle, refuse, world};
    world->server = http_server_start(world->loop, "127.0.0.1:0", &handler, error);
    assert_non_null(world->server);
    world->server->patience.linger_ms = 300;
    world->server->patience.sweep_ms = 50;
    if (patience)
        world->server->patience = *patience;
    world->port = http_server_port(world->server);
    assert_int_equal(pthread_create(&world->thread, NULL, run, world), 0);
}

static void start(struct world *world)
{
    start_with(world, NULL);
}

static void on_stopped(void *data)
{
    struct world *world = data;
    let_go(world);
    machine_loop_stop(world->loop);
}

static void begin_stop(struct task *task)
{
    struct world *world = (struct world *)((char *)task - offsetof(struct world, stop));
    http_server_stop(world->server, on_stopped, world);
}

static void ask_to_stop(struct world *world)
{
    world->stop.run = begin_stop;
    loop_post(world->loop, &world->stop);
}

static void wait_until_stopped(struct world *world)
{
    pthread_join(world->thread, NULL);
    machine_loop_free(world->loop);
    http_shared_drop(world->page);
}

static void stop(struct world *world)
{
    ask_to_stop(world);
    wait_until_stopped(world);
}

/* --- the client's side --- */

static int dial(const struct world *world)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)world->port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval patience = {.tv_sec = 10};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    close(fd);
    return -1;
}

static void say_bytes(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
        if (sent <= 0)
            return; /* the server may have closed: what it said before is what counts */
        bytes += sent;
        length -= (size_t)sent;
    }
}

static void say(int fd, const char *text)
{
    say_bytes(fd, text, strlen(text));
}

/* The heard text without its Date lines, which no test can foretell. */
static void forget_dates(char *text)
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
static struct heard *hear_all(int fd)
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
static char *hear_until(int fd, const char *end)
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

static const char *talk(const struct world *world, const char *request)
{
    int fd = dial(world);
    assert_true(fd >= 0);
    say(fd, request);
    struct heard *heard = hear_all(fd);
    assert_int_equal(heard->failure, 0);
    return heard->text;
}

static unsigned occurrences(const char *text, const char *word)
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

/* --- tests --- */

static void answers_are_exact(void **state)
{
    (void)state;
    struct world world;
    start(&world);
    assert_string_equal(talk(&world, "GET /a?b HTTP/1.1\r\n" HOST CLOSE END),
                        "HTTP/1.1 200 OK\r\nConnection: close\r\ncontent-type: text/plain\r\nContent-Length: 4\r\n\r\n/a?b");
    assert_string_equal(talk(&world, "HEAD /a?b HTTP/1.1\r\n" HOST CLOSE END),
                        "HTTP/1.1 200 OK\r\nConnection: close\r\ncontent-type: text/plain\r\nContent-Length: 4\r\n\r\n");
    assert_string_equal(talk(&world, "GET /nothing HTTP/1.1\r\n" HOST CLOSE END),
                        "HTTP/1.1 204 No Content\r\nConnection: close\r\ncontent-type: text/plain\r\n\r\n");
    assert_string_equal(talk(&world, "GET / HTTP/1.0\r\n" END),
                        "HTTP/1.1 200 OK\r\nConnection: close\r\ncontent-type: text/plain\r\nContent-Length: 1\r\n\r\n/");
    assert_string_equal(talk(&world, "GET /page HTTP/1.1\r\n" HOST END "GET /page HTTP/1.1\r\n" HOST CLOSE END),
                        "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 4\r\n\r\npage"
                        "HTTP/1.1 200 OK\r\nConnection: close\r\ncontent-type: text/plain\r\ncontent-length: 4\r\n\r\npage");
    assert_non_null(strstr(talk(&world, "GET /peer HTTP/1.1\r\n" HOST CLOSE END), "\r\n\r\n127.0.0.1"));
    EVENTUALLY(http_server_counts(world.server).answered == 7);
    EVENTUALLY(http_server_counts(world.server).connections == 0);
    assert_int_equal(http_server_counts(world.server).refused, 0);
    stop(&world);
}

static void connections_are_kept(void **state)
{
    (void)state;
    struct world world;
    start(&world);
    int fd = dial(&world);
    for (int i = 0; i < 3; i++) {
        say(fd, "GET /again HTTP/1.1\r\n" HOST END);
        assert_null(strstr(hear_until(fd, "/again"), "Connection"));
    }
    close(fd);
    fd = dial(&world);
    for (int i = 0; i < 3; i++) {
        say(fd, "GET /again HTTP/1.0\r\nConnection: keep-alive\r\n" END);
        assert_non_null(strstr(hear_until(fd, "/again"), "Connection: keep-alive\r\n"));
    }
    close(fd);
    stop(&world);
}

static void pipelined_requests_are_answered_in_order(void **state)
{
    (void)state;
    struct world world;
    start(&world);
    char requests[1 << 14] = "";
    for (int i = 0; i < 100; i++)
        sprintf(requests + strlen(requests), "GET /number/%d HTTP/1.1\r\n" HOST "%s" END, i, i == 99 ? CLOSE : "");
    const char *answers = talk(&world, requests);
    for (int i = 0; i < 100; i++) {
        char body[32];
        sprintf(body, "\r\n\r\n/number/%d", i);
        answers = strstr(answers, body);
        assert_non_null(answers);
    }
    stop(&world);
}

static void answers_given_out_of_order_leave_in_order(void **state)
{
    (void)state;
    struct world world;
    start(&world);
    const char *answers = talk(&world, "GET /hold?1 HTTP/1.1\r\n" HOST END "GET /hold?2 HTTP/1.1\r\n" HOST END
                                       "GET /fast HTTP/1.1\r\n" HOST END "GET /let-go HTTP/1.1\r\n" HOST CLOSE END);
    const char *first = strstr(answers, "\r\n\r\n1"), *second = strstr(answers, "\r\n\r\n2");
    const char *third = strstr(answers, "\r\n\r\n/fast"), *fourth = strstr(answers, "\r\n\r\nlet go");
    assert_true(first && first < second && second < third && third < fourth);
    assert_int_equal(occurrences(answers, "Connection: close"), 1);
    stop(&world);
}

static void a_full_line_stops_the_reading(void **state)
{
    (void)state;
    struct world world;
    start(&world);
    int fd = dial(&world);
    for (int i = 0; i < LIMIT_HTTP_PIPELINE + 5; i++)
        say(fd, "GET /hold?held HTTP/1.1\r\n" HOST END);
    say(fd, "GET /let-go HTTP/1.1\r\n" HOST CLOSE END);
    EVENTUALLY(atomic_load(&world.handled) == LIMIT_HTTP_PIPELINE);
    usleep(50000);
    assert_int_equal(atomic_load(&world.handled), LIMIT_HTTP_PIPELINE);

    const char *let_go = talk(&world, "GET /let-go HTTP/1.1\r\n" HOST CLOSE END);
    assert_non_null(strstr(let_go, "let go"));
    const char *answers = hear_all(fd)->text;
    assert_int_equal(occurrences(answers, "\r\n\r\nheld"), LIMIT_HTTP_PIPELINE + 5);
    assert_int_equal(occurrences(answers, "\r\n\r\nlet go"), 1);
    stop(&world);
}

static void bodies_come_with_a_length_or_in_chunks(void **state)
{
    (void)state;
    struct world world;
    start(&world);
    assert_non_null(strstr(talk(&world, "POST / HTTP/1.1\r\n" HOST CLOSE "Content-Length: 5\r\n" END "hello"), "\r\n\r\nhello"));
    assert_non_null(strstr(talk(&world, "POST / HTTP/1.1\r\n" HOST CLOSE "Transfer-Encoding: chunked\r\n" END
                                        "3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nTrailer: x\r\n\r\n"),
                           "\r\n\r\nhello"));
    const char *two = talk(&world, "POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\n" END "one"
                                   "POST / HTTP/1.1\r\n" HOST CLOSE "Transfer-Encoding: chunked\r\n" END "3\r\ntwo\r\n0\r\n\r\n");
    assert_true(strstr(two, "\r\n\r\none") < strstr(two, "\r\n\r\ntwo"));
    stop(&world);
}

static void messages_may_come_byte_by_byte(void **state)
{
    (void)state;
    static const char requests[] = "POST /one HTTP/1.1\r\n" HOST "Content-Length: 5\r\n" END "hello"
                                   "POST /two HTTP/1.1\r\n" HOST CLOSE "Transfer-Encoding: chunked\r\n" END
                                   "3\r\ntwo\r\n0\r\n\r\n";
    struct world world;
    start(&world);
    int fd = dial(&world), yes = 1;
    setsockopt(fd, IPPROTO_TCP, 1 /* TCP_NODELAY */, &yes, sizeof yes);
    for (size_t i = 0; i < sizeof requests - 1; i++) {
        say_bytes(fd, requests + i, 1);
        usleep(200);
    }
    const char *answers = hear_all(fd)->text;
    assert_true(strstr(answers, "\r\n\r\nhello") < strstr(answers, "\r\n\r\ntwo"));
    stop(&world);
}

static void a_large_body_is_taken_where_it_may_be(void **state)
{
    (void)state;
    struct world world;
    start(&world);
    size_t length = 20 << 20;
    char *body = malloc(length);
    for (size_t i = 0; i < length; i++)
        body[i] = (char)('a' + i % 23);
    int fd = dial(&world);
    char head[256];
    sprintf(head, "POST /import HTTP/1.1\r\n" HOST "Content-Length: %zu\r\n" END, length);
    say(fd, head);
    say_bytes(fd, body, length);
    char *heard = malloc(length + 1000);
    size_t count = 0;
    while (count < length) {
        ssize_t here = recv(fd, heard + count, length + 1000 - count, 0);
        assert_true(here > 0);
        count += (size_t)here;
        heard[count < length ? count : length] = '\0';
        char *end = strstr(heard, "\r\n\r\n");
        if (end && count >= length + (size_t)(end + 4 - heard))
            break;
    }
    assert_memory_equal(strstr(heard, "\r\n\r\nabc") + 4, body, 1 << 20);
    close(fd);
    free(body);
    free(heard);
    stop(&world);
}

static void a_client_may_ask_before_it_sends_a_body(void **state)
{
    (void)state;
    struct world world;
    start(&world);
    int fd = dial(&world);
    say(fd, "POST / HTTP/1.1\r\n" HOST CLOSE "Expect: 100-continue\r\nContent-Length: 5\r\n" END);
    assert_string_equal(hear_until(fd, "\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    say(fd, "hello");
    assert_non_null(strstr(hear_all(fd)->text, "\r\n\r\nhello"));

    /* Behind another request the go-ahead waits its turn. */
    fd = dial(&world);
    say(fd, "GET /first HTTP/1.1\r\n" HOST END
            "POST / HTTP/1.1\r\n" HOST CLOSE "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n" END);
    const char *heard = hear_until(fd, "Continue\r\n\r\n");
    assert_true(strstr(heard, "/first") < strstr(heard, "HTTP/1.1 100"));
    say(fd, "5\r\nhello\r\n0\r\n\r\n");
    assert_non_null(strstr(hear_all(fd)->text, "\r\n\r\nhello"));

    /* Too large: no go-ahead at all. */
    fd = dial(&world);
    say(fd, "POST / HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 1001\r\n" END);
    assert_int_equal(strncmp(hear_all(fd)->text, "HTTP/1.1 413 ", 13), 0);
    stop(&world);
}

static void bodies_that_are_too_large_are_refused_and_the_client_hears_it(void **state)
{
    (void)state;
    struct world world;
    start(&world);
    static char megabyte[1 << 20];
    memset(megabyte, 'x', sizeof megabyte);

    int fd = dial(&world);
    say(fd, "POST / HTTP/1.1\r\n" HOST "Content-Length: 10485760\r\n" END);
    for (int i = 0; i < 10; i++)
        say_bytes(fd, megabyte, sizeof megabyte);
    struct heard *heard = hear_all(fd);
    assert_int_equal(heard->failure, 0);
    assert_string_equal(heard->text,
                        "HTTP/1.1 413 Content Too Large\r\nConnection: close\r\ncontent-type: application/problem+json\r\n"
                        "Content-Length: 71\r\n\r\n"
                        "{\"status\":413,\"detail\":\"The body is larger than this operation takes.\"}");
    fd = dial(&world);
    say(fd, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n" END "100000\r\n");
    for (int i = 0; i < 10; i++)
        say_bytes(fd, megabyte, sizeof megabyte);
    heard = hear_all(fd);
    assert_int_equal(heard->failure, 0);
    assert_int_equal(strncmp(heard->text, "HTTP/1.1 413 ", 13), 0);
    assert_int_equal(atomic_load(&world.handled), 0);
    stop(&world);
}

static void what_is_ambiguous_is_refused_after_what_was_not(void **state)
{
    (void)state;
    struct world world;
    start(&world);
    const char *answers = talk(&world, "GET /hold?first HTTP/1.1\r\n" HOST END "GET /let-go HTTP/1.1\r\n" HOST END
                                       "POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n" END
                                       "0\r\n\r\nGET /smuggled HTTP/1.1\r\n" HOST END);
    const char *refusal = strstr(answers, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n");
    assert_true(strstr(answers, "\r\n\r\nfirst") < refusal);
    assert_null(strstr(answers, "/smuggled"));
    assert_int_equal(atomic_load(&world.handled), 2);

    assert_int_equal(strncmp(talk(&world, "\x16\x03\x01"), "HTTP/1.1 400 ", 13), 0);
    assert_int_equal(strncmp(talk(&world, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r!"), "HTTP/1.1 505 ", 13), 0);
    assert_int_equal(strncmp(talk(&world, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n" END "x\r\n"), "HTTP/1.1 400 ", 13), 0);
    assert_null(strchr(strstr(talk(&world, "HEAD / HTTP/1.1\r\n" END), "\r\n\r\n"), '{'));
    assert_int_equal(http_server_counts(world.server).refused, 5);
    stop(&world);
}

static void answers_may_leave_in_pieces(void **state)
{
    (void)state;
    struct world world;
    start(&world);
    assert_string_equal(talk(&world, "GET /stream HTTP/1.1\r\n" HOST CLOSE END),
                        "HTTP/1.1 200 OK\r\nConnection: close\r\ncontent-type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
                        "4\r\none \r\n7\r\nand two\r\n0\r\n\r\n");
    assert_string_equal(talk(&world, "HEAD /stream HTTP/1.1\r\n" HOST CLOSE END),
                        "HTTP/1.1 200 OK\r\nConnection: close\r\ncontent-type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n");
    assert_string_equal(talk(&world, "GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n" END),
                        "HTTP/1.1 200 OK\r\nConnection: close\r\ncontent-type: text/plain\r\n\r\none and two");
    assert_non_null(strstr(talk(&world, "GET /stream HTTP/1.1\r\n" HOST END "GET /next HTTP/1.1\r\n" HOST CLOSE END), "/next"));
    stop(&world);
}

static void streams_that_end_later_with_nothing_more_end(void **state)
{
    (void)state;
    static const char *const requests[] = {
        "GET /hold-stream HTTP/1.0\r\n" END,
        "GET /hold-stream HTTP/1.1\r\n" HOST CLOSE END,
        "HEAD /hold-stream HTTP/1.1\r\n" HOST CLOSE END,
    };
    struct world world;
    start(&world);
    for (size_t i = 0; i < 3; i++) {
        int fd = dial(&world);
        say(fd, requests[i]);
        hear_until(fd, "\r\n\r\n");
        talk(&world, "GET /let-go-stream HTTP/1.1\r\n" HOST CLOSE END);
        assert_string_equal(hear_all(fd)->text, i == 1 ? "0\r\n\r\n" : "");
    }
    stop(&world);
}

static void a_stream_may_write_as_its_client_reads(void **state)
{
    (void)state;
    struct world world;
    start(&world);
    int fd = dial(&world);
    say(fd, "GET /drip HTTP/1.0\r\n" END);
    hear_until(fd, "\r\n\r\n");
    static char bytes[1 << 16];
    ssize_t count;
    size_t length = 0;
    while ((count = recv(fd, bytes, sizeof bytes, 0)) > 0)
        length += (size_t)count;
    assert_int_equal(count, 0);
    assert_true(length > LARGE_BYTES - (1 << 14) && length <= LARGE_BYTES); /* some came with the head */
    close(fd);
    stop(&world);
}

static void a_handler_is_told_that_its_client_has_gone(void **state)
{
    (void)state;
    struct world world;
    start(&world);
    for (unsigned i = 0; i < 3; i++) {
        int fd = dial(&world);
        say(fd, "GET /watch HTTP/1.1\r\n" HOST END);
        hear_until(fd, "word");
        struct linger now = {.l_onoff = 1};
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now); /* a reset */
        close(fd);
        EVENTUALLY(atomic_load(&world.told) == i + 1);
    }
    stop(&world);
}

static void a_part_is_never_taken_for_the_whole(void **state)
{
    (void)state;
    struct world world;
    start(&world);
    for (int version = 0; version < 2; version++) {
        int fd = dial(&world);
        say(fd, version ? "GET /cut HTTP/1.1\r\n" HOST END : "GET /cut HTTP/1.0\r\n" END);
        struct heard *heard = hear_all(fd);
        assert_int_equal(heard->failure, ECONNRESET);
        assert_null(strstr(heard->text, "0\r\n\r\n"));
    }
    /* Behind another answer, which is whole. */
    int fd = dial(&world);
    say(fd, "GET /first HTTP/1.1\r\n" HOST END "GET /cut HTTP/1.1\r\n" HOST END "GET /third HTTP/1.1\r\n" HOST END);
    struct heard *heard = hear_all(fd);
    assert_int_equal(heard->failure, ECONNRESET);
    assert_null(strstr(heard->text, "/third"));
    stop(&world);
}

static void no_answer_can_be_split(void **state)
{
    (void)state;
    struct world world;
    start(&world);
    const char *answer = talk(&world, "GET /split HTTP/1.1\r\n" HOST CLOSE END);
    assert_int_equal(strncmp(answer, "HTTP/1.1 500 ", 13), 0);
    assert_null(strstr(answer, "Set-Cookie"));
    stop(&world);
}

/* The client reads slowly, so that the socket fills and libuv takes over. */
static void slow_readers_get_all_of_it(void **state)
{
    (void)state;
    struct world world;
    start(&world);
    int fd = dial(&world);
    say(fd, "GET /large HTTP/1.1\r\n" HOST END "GET /large HTTP/1.1\r\n" HOST CLOSE END);
    usleep(100000);
    static char piece[1 << 20];
    char head[512];
    for (int round = 0; round < 2; round++) {
        size_t length = 0;
        do
            assert_int_equal(recv(fd, head + length, 1, 0), 1);
        while (++length < 4 || memcmp(head + length - 4, "\r\n\r\n", 4) != 0);
        for (size_t at = 0; at < LARGE_BYTES;) {
            size_t wanted = LARGE_BYTES - at < sizeof piece ? LARGE_BYTES - at : sizeof piece;
            ssize_t count = recv(fd, piece, wanted, 0);
            assert_true(count > 0);
            for (ssize_t i = 0; i < count; i += 97)
                assert_int_equal((unsigned char)piece[i], (at + (size_t)i) % 251);
            at += (size_t)count;
            usleep(500);
        }
    }
    close(fd);

    fd = dial(&world);
    say(fd, "GET /stream-large HTTP/1.1\r\n" HOST CLOSE END);
    usleep(50000);
    size_t total = 0;
    for (ssize_t count; (count = recv(fd, piece, sizeof piece, 0)) > 0;)
        total += (size_t)count;
    assert_true(total > LARGE_BYTES);
    close(fd);
    stop(&world);
}

static void clients_may_go_at_any_moment(void **state)
{
    (void)state;
    static const char *const beginnings[] = {"", "GET / HT", "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n" END "he",
                                             "GET /hold HTTP/1.1\r\n" HOST END "GET / HTTP/1.1\r\n" HOST END,
                                             "GET /large HTTP/1.1\r\n" HOST END, "GET /stream-large HTTP/1.1\r\n" HOST END};
    struct world world;
    start(&world);
    for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++) {
        for (int reset = 0; reset < 2; reset++) {
            int fd = dial(&world);
            say(fd, beginnings[i]);
            usleep(20000);
            struct linger at_once = {.l_onoff = reset};
            setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
            close(fd);
        }
    }
    EVENTUALLY(http_server_counts(world.server).connections <= 1); /* one that was closed politely waits for /hold */
    assert_non_null(strstr(talk(&world, "GET /let-go HTTP/1.1\r\n" HOST CLOSE END), "let go"));
    assert_int_equal(atomic_load(&world.gone), 1);
    EVENTUALLY(http_server_counts(world.server).connections == 0);
    stop(&world);
}

static void a_client_may_close_its_side_first(void **state)
{
    (void)state;
    struct world world;
    start(&world);
    int fd = dial(&world);
    say(fd, "GET /hold?waited HTTP/1.1\r\n" HOST END);
    shutdown(fd, SHUT_WR);
    EVENTUALLY(atomic_load(&world.handled) == 1);
    talk(&world, "GET /let-go HTTP/1.1\r\n" HOST CLOSE END);
    assert_non_null(strstr(hear_all(fd)->text, "\r\n\r\nwaited"));
    stop(&world);
}

static void slow_clients_are_sent_away(void **state)
{
    (void)state;
    struct http_patience patience = {200, 200, 200, 200, 200, 200, 20, 100};
    struct world world;
    start_with(&world, &patience);
    int idle = dial(&world), head = dial(&world), body = dial(&world), reader = dial(&world), waiting = dial(&world);
    say(head, "GET / HT");
    say(body, "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n" END "he");
    say(reader, "GET /large HTTP/1.1\r\n" HOST END);
    say(waiting, "GET /hold?patience HTTP/1.1\r\n" HOST END); /* waits for us, so it may */

    assert_string_equal(hear_all(idle)->text, "");
    assert_int_equal(strncmp(hear_all(head)->text, "HTTP/1.1 408 ", 13), 0);
    assert_int_equal(strncmp(hear_all(body)->text, "HTTP/1.1 408 ", 13), 0);
    EVENTUALLY(http_server_counts(world.server).connections == 1);
    talk(&world, "GET /let-go HTTP/1.1\r\n" HOST CLOSE END);
    hear_until(waiting, "\r\n\r\npatience");
    close(waiting);
    close(reader);
    stop(&world);
}

static void the_oldest_idle_connection_makes_room(void **state)
{
    (void)state;
    struct http_patience patience = {5000, 5000, 5000, 5000, 200, 5000, 50, 3};
    struct world world;
    start_with(&world, &patience);
    int first = dial(&world), second = dial(&world), third = dial(&world);
    say(first, "GET /one HTTP/1.1\r\n" HOST END);
    hear_until(first, "/one"); /* so the second has been silent for longest */
    say(third, "GET /hold?held HTTP/1.1\r\n" HOST END);
    EVENTUALLY(atomic_load(&world.handled) == 2);
    int fourth = dial(&world);
    assert_string_equal(hear_all(second)->text, "");
    say(fourth, "GET /let-go HTTP/1.1\r\n" HOST END);
    hear_until(fourth, "let go");
    hear_until(third, "held");

    /* With nobody idle the newcomer has to go. */
    say(first, "GET /hold HTTP/1.1\r\n" HOST END);
    say(third, "GET /hold HTTP/1.1\r\n" HOST END);
    say(fourth, "GET /hold HTTP/1.1\r\n" HOST END);
    EVENTUALLY(atomic_load(&world.handled) == 6);
    assert_string_equal(hear_all(dial(&world))->text, "");
    close(first);
    close(third);
    close(fourth);
    stop(&world);
}

static void stopping_drops_no_request(void **state)
{
    (void)state;
    struct world world;
    start(&world);
    int idle = dial(&world), busy = dial(&world), late = dial(&world);
    say(late, "GET /hold?late HTTP/1.1\r\n" HOST END "GET /hold?later HTTP/1.1\r\n" HOST END);
    say(busy, "GET /hold?busy HTTP/1.1\r\n" HOST END);
    EVENTUALLY(atomic_load(&world.handled) == 3);
    int unseen = dial(&world);
    ask_to_stop(&world);
    say(unseen, "GET /let-go HTTP/1.1\r\n" HOST END);

    const char *answers = hear_all(late)->text;
    assert_true(strstr(answers, "\r\n\r\nlate") < strstr(answers, "Connection: close"));
    assert_non_null(strstr(answers, "\r\n\r\nlater"));
    assert_int_equal(occurrences(answers, "Connection: close"), 1);
    assert_non_null(strstr(hear_all(busy)->text, "Connection: close\r\ncontent-type: text/plain\r\nContent-Length: 4\r\n\r\nbusy"));
    assert_non_null(strstr(hear_all(unseen)->text, "let go"));
    assert_string_equal(hear_all(idle)->text, "");
    wait_until_stopped(&world);
    assert_int_equal(dial(&world), -1);
}

static void stopping_does_not_wait_for_ever(void **state)
{
    (void)state;
    struct http_patience patience = {5000, 5000, 5000, 5000, 200, 200, 50, 10};
    struct world world;
    start_with(&world, &patience);
    int fd = dial(&world);
    say(fd, "GET /hold HTTP/1.1\r\n" HOST END);
    EVENTUALLY(atomic_load(&world.handled) == 1);
    stop(&world); /* the handler's exchange outlives the server */
    assert_int_equal(atomic_load(&world.gone), 1);
    close(fd);
}

/* Requests of every kind, in pieces of any size, read or not, ended in every way: for the sanitizers, and for the counts. */
static void *be_a_wild_client(void *data)
{
    static const char *const requests[] = {
        "GET /page HTTP/1.1\r\n" HOST END, "GET /hold HTTP/1.1\r\n" HOST END, "GET /let-go HTTP/1.1\r\n" HOST END,
        "GET /stream HTTP/1.1\r\n" HOST END, "GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n" END,
        "GET /large HTTP/1.1\r\n" HOST END, "GET /cut HTTP/1.1\r\n" HOST END, "GET /let-go HTTP/1.1\r\n" HOST CLOSE END,
        "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n" END "hello",
        "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n" END "5\r\nhello\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\n" HOST "Content-Length: 1001\r\n" END, "nonsense\r\n",
    };
    const struct world *world = data;
    static atomic_uint clients;
    unsigned seed = atomic_fetch_add(&clients, 1);
    for (int round = 0; round < 60; round++) {
        int fd = dial(world);
        char said[1 << 14] = "";
        for (int i = rand_r(&seed) % 20; i >= 0; i--)
            strcat(said, requests[(size_t)rand_r(&seed) % (sizeof requests / sizeof requests[0])]);
        size_t length = strlen(said);
        for (size_t at = 0, piece; at < length; at += piece) {
            piece = 1 + (size_t)rand_r(&seed) % 400;
            piece = piece < length - at ? piece : length - at;
            say_bytes(fd, said + at, piece);
            if (rand_r(&seed) % 40 == 0)
                break;
            usleep((unsigned)rand_r(&seed) % 500);
        }
        char heard[4096];
        for (int i = rand_r(&seed) % 8; i > 0; i--)
            (void)!recv(fd, heard, sizeof heard, MSG_DONTWAIT);
        struct linger at_once = {.l_onoff = rand_r(&seed) % 2};
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        close(fd);
    }
    return NULL;
}

static void wild_clients_do_no_harm(void **state)
{
    (void)state;
    struct world world;
    start(&world);
    pthread_t clients[4];
    for (int i = 0; i < 4; i++)
        pthread_create(&clients[i], NULL, be_a_wild_client, &world);
    for (int i = 0; i < 4; i++)
        pthread_join(clients[i], NULL);
    /* Behind what is let go, further requests may have waited to be held. */
    for (int i = 0; i < 10 && http_server_counts(world.server).connections > 0; i++) {
        talk(&world, "GET /let-go HTTP/1.1\r\n" HOST CLOSE END);
        usleep(50000);
    }
    EVENTUALLY(http_server_counts(world.server).connections == 0);
    assert_non_null(strstr(talk(&world, "GET /page HTTP/1.1\r\n" HOST CLOSE END), "page"));
    stop(&world);
}

static void addresses_that_cant_be_had_are_told(void **state)
{
    (void)state;
    struct loop *loop = machine_loop_new(env_machine());
    struct http_handler handler = {body_maximum, handle, refuse, NULL};
    static const char *const wrong[] = {"", "127.0.0.1", "127.0.0.1:", ":", "::1:80", "127.0.0.1:http",
                                        "127.0.0.1:65536", "127.0.0.1:-1", "192.0.2.1:80"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char error[256] = "";
        assert_null(http_server_start(loop, wrong[i], &handler, error));
        assert_true(strlen(error) > 10);
        assert_false(http_address_is_free(wrong[i], error));
    }
    machine_loop_free(loop);
}

static void loops_share_a_port_and_strangers_see_that_it_is_taken(void **state)
{
    (void)state;
    struct world world;
    start(&world);
    char address[32], error[256];
    sprintf(address, "127.0.0.1:%d", world.port);
    assert_false(http_address_is_free(address, error));
    struct loop *loop = machine_loop_new(env_machine());
    struct http_handler handler = {body_maximum, handle, refuse, &world};
    struct http_server *second = http_server_start(loop, address, &handler, error);
    assert_non_null(second);
    http_server_stop(second, NULL, NULL);
    machine_loop_free(loop);
    stop(&world);
    assert_true(http_address_is_free(address, error));
}

static void shared_bytes_are_counted(void **state)
{
    (void)state;
    struct http_shared *shared = http_shared_new(TEXT("bytes"));
    assert_ptr_equal(http_shared_hold(shared), shared);
    http_shared_drop(shared);
    assert_true(text_is(http_shared_text(shared), "bytes"));
    http_shared_drop(shared);
    http_shared_drop(NULL);
}

int main(void)
{
    fill_large();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_exact),
        cmocka_unit_test(connections_are_kept),
        cmocka_unit_test(pipelined_requests_are_answered_in_order),
        cmocka_unit_test(answers_given_out_of_order_leave_in_order),
        cmocka_unit_test(a_full_line_stops_the_reading),
        cmocka_unit_test(bodies_come_with_a_length_or_in_chunks),
        cmocka_unit_test(messages_may_come_byte_by_byte),
        cmocka_unit_test(a_large_body_is_taken_where_it_may_be),
        cmocka_unit_test(a_client_may_ask_before_it_sends_a_body),
        cmocka_unit_test(bodies_that_are_too_large_are_refused_and_the_client_hears_it),
        cmocka_unit_test(what_is_ambiguous_is_refused_after_what_was_not),
        cmocka_unit_test(answers_may_leave_in_pieces),
        cmocka_unit_test(streams_that_end_later_with_nothing_more_end),
        cmocka_unit_test(a_stream_may_write_as_its_client_reads),
        cmocka_unit_test(a_handler_is_told_that_its_client_has_gone),
        cmocka_unit_test(a_part_is_never_taken_for_the_whole),
        cmocka_unit_test(no_answer_can_be_split),
        cmocka_unit_test(slow_readers_get_all_of_it),
        cmocka_unit_test(clients_may_go_at_any_moment),
        cmocka_unit_test(a_client_may_close_its_side_first),
        cmocka_unit_test(slow_clients_are_sent_away),
        cmocka_unit_test(the_oldest_idle_connection_makes_room),
        cmocka_unit_test(stopping_drops_no_request),
        cmocka_unit_test(stopping_does_not_wait_for_ever),
        cmocka_unit_test(wild_clients_do_no_harm),
        cmocka_unit_test(addresses_that_cant_be_had_are_told),
        cmocka_unit_test(loops_share_a_port_and_strangers_see_that_it_is_taken),
        cmocka_unit_test(shared_bytes_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
