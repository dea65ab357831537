/*
 * The server through real sockets, in HTTP/1.1.
 */
#include "platform/http/http_server_test.h"

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
    struct http_patience patience = {200, 200, 200, 200, 200, 200, 20, 100, 20, 0};
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
    struct http_patience patience = {5000, 5000, 5000, 5000, 200, 5000, 50, 3, 20, 0};
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

/* Nobody who keeps a connection has it closed under a request that is on its way, and nobody new is turned away meanwhile. */
static void who_keeps_a_connection_is_told(void **state)
{
    (void)state;
    struct world world;
    start(&world);
    int kept = dial(&world);
    EVENTUALLY(http_server_counts(world.server).connections == 1);
    ask_to_stop(&world);
    usleep(150000); /* several sweeps, less than the farewell takes */
    int late = dial(&world);
    say(late, "GET / HTTP/1.1\r\n" HOST END);
    assert_non_null(strstr(hear_all(late)->text, "Connection: close"));
    say(kept, "GET / HTTP/1.1\r\n" HOST END);
    assert_non_null(strstr(hear_all(kept)->text, "Connection: close"));
    wait_until_stopped(&world);
    assert_int_equal(dial(&world), -1);
}

static void stopping_does_not_wait_for_ever(void **state)
{
    (void)state;
    struct http_patience patience = {5000, 5000, 5000, 5000, 200, 200, 50, 10, 20, 0};
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
    struct http_handler handler = {.body_maximum = body_maximum, .handle = handle, .refuse = refuse};
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
    struct http_handler handler = {.body_maximum = body_maximum, .handle = handle, .refuse = refuse, .data = &world};
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
        cmocka_unit_test(who_keeps_a_connection_is_told),
        cmocka_unit_test(stopping_does_not_wait_for_ever),
        cmocka_unit_test(wild_clients_do_no_harm),
        cmocka_unit_test(addresses_that_cant_be_had_are_told),
        cmocka_unit_test(loops_share_a_port_and_strangers_see_that_it_is_taken),
        cmocka_unit_test(shared_bytes_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
