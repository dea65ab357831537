/*
 * HTTP/2 through real sockets: what a client gets, and what a hostile one does not.
 */
#include "platform/http/http2_client_test.h"

/* --- requests and answers --- */

static void answers_are_exact(void **state)
{
    (void)state;
    struct world world;
    start(&world);
    struct client *client = client_dial(&world);
    struct answer *answer = client_get(client, "/a?b");
    assert_int_equal(answer->status, 200);
    assert_string_equal(answer->head, "content-type: text/plain\ncontent-length: 4\n");
    assert_string_equal(answer->body, "/a?b");
    assert_int_equal(answer->error, NGHTTP2_NO_ERROR);

    answer = client_get(client, "/page");
    assert_string_equal(answer->head, "content-type: text/plain\ncontent-length: 4\n");
    assert_string_equal(answer->body, "page");

    answer = client_get(client, "/nothing");
    assert_int_equal(answer->status, 204);
    assert_string_equal(answer->head, "content-type: text/plain\n");
    assert_int_equal(answer->body_length, 0);

    int32_t id = client_ask(client, "HEAD", "/a?b", "", NULL);
    TALK_UNTIL(client, answer_of(client, id)->closed);
    assert_string_equal(answer_of(client, id)->head, "content-type: text/plain\ncontent-length: 4\n");
    assert_int_equal(answer_of(client, id)->body_length, 0);

    assert_string_equal(client_get(client, "/peer")->body, "127.0.0.1");
    assert_int_equal(client_get(client, "/split")->status, 500); /* as a line end in a header would split it in HTTP/1.1 */
    assert_int_equal(http_server_counts(world.server).answered, 6);
    assert_int_equal(http_server_counts(world.server).refused, 0);
    client_close(client);
    EVENTUALLY(http_server_counts(world.server).connections == 0);
    stop(&world);
}

static void the_preface_may_come_byte_by_byte(void **state)
{
    (void)state;
    struct world world;
    start(&world);
    static const char bytes[] = HTTP2_PREFACE "\0\0\0\4\0\0\0\0\0";
    int fd = dial(&world);
    for (size_t i = 0; i < sizeof bytes - 1; i++) {
        say_bytes(fd, bytes + i, 1);
        usleep(500);
    }
    char settings[9];
    assert_int_equal(recv(fd, settings, sizeof settings, MSG_WAITALL), sizeof settings);
    assert_int_equal(settings[3], NGHTTP2_SETTINGS);
    close(fd);

    /* What only began like it is HTTP/1.1, and whole. */
    fd = dial(&world);
    say(fd, "P");
    usleep(20000);
    say(fd, "OST /body HTTP/1.1\r\n" HOST CLOSE "Content-Length: 2\r\n" END "ok");
    assert_non_null(strstr(hear_all(fd)->text, "\r\n\r\nok"));
    fd = dial(&world);
    say(fd, "PRI");
    shutdown(fd, SHUT_WR);
    assert_string_equal(hear_all(fd)->text, "");
    stop(&world);
}

static void streams_are_answered_in_any_order(void **state)
{
    (void)state;
    struct world world;
    start(&world);
    struct client *client = client_dial(&world);
    int32_t ids[LIMIT_HTTP2_STREAMS - 1];
    for (size_t i = 0; i < LIMIT_HTTP2_STREAMS - 1; i++)
        ids[i] = client_ask(client, "GET", i % 2 ? "/hold?odd" : "/hold?even", "", NULL);
    client_say(client);
    EVENTUALLY(atomic_load(&world.handled) == LIMIT_HTTP2_STREAMS - 1);
    assert_string_equal(client_get(client, "/let-go")->body, "let go");
    for (size_t i = 0; i < LIMIT_HTTP2_STREAMS - 1; i++) {
        TALK_UNTIL(client, answer_of(client, ids[i])->closed);
        assert_string_equal(answer_of(client, ids[i])->body, i % 2 ? "odd" : "even");
    }
    client_close(client);
    stop(&world);
}

static void headers_are_those_of_http1(void **state)
{
    (void)state;
    struct world world;
    start(&world);
    struct client *client = client_dial(&world);
    int32_t id = client_ask(client, "GET", "/headers", "cookie: a=1\nx-one: 1\ncookie: b=2\nte: trailers\ncookie: c=3\n", NULL);
    TALK_UNTIL(client, answer_of(client, id)->closed);
    assert_string_equal(answer_of(client, id)->body, "x-one: 1\nte: trailers\nhost: shop.example\ncookie: a=1; b=2; c=3\n");

    /* A gateway in front may translate HTTP/1.1, with its Host. */
    id = client_ask_exactly(client, ":method: GET\n:scheme: http\n:path: /headers\nhost: shop.example:81\n", NULL);
    TALK_UNTIL(client, answer_of(client, id)->closed);
    assert_string_equal(answer_of(client, id)->body, "host: shop.example:81\n");
    id = client_ask(client, "GET", "/headers", "host: SHOP.example\n", NULL);
    TALK_UNTIL(client, answer_of(client, id)->closed);
    assert_string_equal(answer_of(client, id)->body, "host: SHOP.example\n");
    client_close(client);
    stop(&world);
}

static void answers_may_leave_in_pieces(void **state)
{
    (void)state;
    struct world world;
    start(&world);
    struct client *client = client_dial(&world);
    struct answer *answer = client_get(client, "/stream");
    assert_string_equal(answer->head, "content-type: text/plain\n");
    assert_string_equal(answer->body, "one and two");

    int32_t id = client_ask(client, "HEAD", "/stream", "", NULL);
    TALK_UNTIL(client, answer_of(client, id)->closed);
    assert_int_equal(answer_of(client, id)->body_length, 0);

    /* A part is never taken for the whole, and the connection goes on. */
    answer = client_get(client, "/cut");
    assert_int_equal(answer->error, NGHTTP2_INTERNAL_ERROR);
    assert_string_equal(client_get(client, "/after")->body, "/after");
    client_close(client);
    stop(&world);
}

static void streams_may_end_with_trailers(void **state)
{
    (void)state;
    struct world world;
    start(&world);
    struct client *client = client_dial(&world);
    int32_t empty = client_ask(client, "POST", "/hold-stream", "", NULL);
    int32_t head = client_ask(client, "HEAD", "/hold-stream", "", NULL);
    TALK_UNTIL(client, answer_of(client, empty)->status == 200 && answer_of(client, head)->closed);
    client_get(client, "/let-go-stream");
    TALK_UNTIL(client, answer_of(client, empty)->closed);
    assert_string_equal(answer_of(client, empty)->head, "grpc-status: 0\n");
    assert_int_equal(answer_of(client, empty)->error, NGHTTP2_NO_ERROR);
    assert_string_equal(answer_of(client, head)->head, "");
    client_close(client);
    stop(&world);
}

static void large_answers_flow_as_the_client_reads(void **state)
{
    (void)state;
    struct world world;
    start(&world);
    struct client *client = client_dial(&world);
    int32_t large_id = client_ask(client, "GET", "/large", "", NULL);
    int32_t drip_id = client_ask(client, "GET", "/drip", "", NULL);
    int32_t stream_id = client_ask(client, "GET", "/stream-large", "", NULL);
    TALK_UNTIL(client, answer_of(client, large_id)->closed && answer_of(client, drip_id)->closed && answer_of(client, stream_id)->closed);
    assert_int_equal(answer_of(client, large_id)->body_in_order, LARGE_BYTES);
    assert_int_equal(answer_of(client, drip_id)->body_length, LARGE_BYTES);
    assert_int_equal(answer_of(client, stream_id)->body_length, LARGE_BYTES);
    assert_int_equal(http_server_counts(world.server).refused, 0);
    client_close(client);
    stop(&world);
}

static void bodies_are_taken_whole(void **state)
{
    (void)state;
    struct world world;
    start(&world);
    struct client *client = client_dial(&world);
    struct upload small = {.left = 5, .ends = true}, large_one = {.left = 5 << 20, .ends = true}, expecting = {.left = 3, .ends = true};
    int32_t id = client_ask(client, "POST", "/body", "", &small);
    TALK_UNTIL(client, answer_of(client, id)->closed);
    assert_string_equal(answer_of(client, id)->body, "bbbbb");
    id = client_ask(client, "POST", "/import", "content-length: 5242880\n", &large_one);
    TALK_UNTIL(client, answer_of(client, id)->closed);
    assert_int_equal(answer_of(client, id)->body_length, 5 << 20);
    id = client_ask(client, "POST", "/body", "expect: 100-continue\n", &expecting);
    TALK_UNTIL(client, answer_of(client, id)->closed);
    assert_string_equal(answer_of(client, id)->body, "bbb");
    assert_int_equal(answer_of(client, id)->status, 200);
    client_close(client);
    stop(&world);
}

static void say_more(struct client *client, int32_t id, struct upload *upload, size_t length, bool ends)
{
    upload->left = length;
    upload->ends = ends;
    nghttp2_session_resume_data(client->session, id);
}

static void a_streamed_body_is_handled_as_it_comes(void **state)
{
    (void)state;
    struct world world;
    start(&world);
    struct client *client = client_dial(&world);
    struct upload upload = {.left = 3};
    int32_t id = client_ask(client, "POST", "/talk", "", &upload);
    TALK_UNTIL(client, answer_of(client, id)->body_length == 3);
    say_more(client, id, &upload, 4, false);
    TALK_UNTIL(client, answer_of(client, id)->body_length == 7);
    say_more(client, id, &upload, 5 << 20, false); /* more than any window: it opens as it is taken */
    TALK_UNTIL(client, answer_of(client, id)->body_length == 7 + (5 << 20));
    assert_false(answer_of(client, id)->closed);
    say_more(client, id, &upload, 0, true);
    TALK_UNTIL(client, answer_of(client, id)->closed);
    assert_int_equal(answer_of(client, id)->error, NGHTTP2_NO_ERROR);
    client_close(client);
    stop(&world);
}

static void nobody_sends_more_than_is_taken(void **state)
{
    (void)state;
    struct world world;
    start(&world);
    struct client *client = client_dial(&world);
    struct upload upload = {.left = 3 << 20, .ends = true}, other = {.left = 5 << 19, .ends = true};
    int32_t id = client_ask(client, "POST", "/talk-late", "", &upload);
    TALK_UNTIL(client, upload.left == (3 << 20) - LIMIT_HTTP2_STREAM_WINDOW);
    while (client_hear(client, 50))
        client_say(client);
    assert_int_equal(upload.left, (3 << 20) - LIMIT_HTTP2_STREAM_WINDOW);

    int32_t beside = client_ask(client, "POST", "/import", "", &other); /* the connection goes on */
    TALK_UNTIL(client, answer_of(client, beside)->closed);
    assert_int_equal(answer_of(client, beside)->body_length, 5 << 19);

    client_get(client, "/listen");
    TALK_UNTIL(client, answer_of(client, id)->closed);
    assert_int_equal(answer_of(client, id)->body_length, 3 << 20);
    client_close(client);
    stop(&world);
}

static unsigned count_ended(struct client *client, const int32_t *ids, size_t count, uint32_t error)
{
    unsigned ended = 0;
    for (size_t i = 0; i < count; i++)
        ended += answer_of(client, ids[i])->closed && answer_of(client, ids[i])->error == error;
    return ended;
}

static void streamed_bodies_have_a_limit_together(void **state)
{
    (void)state;
    struct world world;
    start(&world);
    struct client *client = client_dial(&world);
    struct upload uploads[12];
    int32_t ids[12];
    for (size_t i = 0; i < 12; i++) {
        uploads[i] = (struct upload){.left = LIMIT_HTTP2_STREAM_WINDOW};
        ids[i] = client_ask(client, "POST", "/talk-late", "", &uploads[i]);
    }
    TALK_UNTIL(client, count_ended(client, ids, 12, NGHTTP2_ENHANCE_YOUR_CALM) >= 12 - LIMIT_HTTP2_BODIES / LIMIT_HTTP2_STREAM_WINDOW);
    assert_int_equal(client_get(client, "/page")->status, 200);
    client_close(client);
    stop(&world);
}

static void a_talk_may_end_before_its_client_does(void **state)
{
    (void)state;
    struct world world;
    start(&world);
    struct client *client = client_dial(&world);
    struct upload upload = {.left = 100}, silent = {.left = 0};
    int32_t id = client_ask(client, "POST", "/talk-refused", "", &upload);
    TALK_UNTIL(client, answer_of(client, id)->closed);
    assert_string_equal(answer_of(client, id)->body, "no");
    id = client_ask(client, "POST", "/talk", "", &silent);
    client_say(client);
    assert_int_equal(client_get(client, "/page")->status, 200);
    nghttp2_submit_rst_stream(client->session, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
    TALK_UNTIL(client, answer_of(client, id)->closed);
    client_close(client);
    stop(&world);
}

static void bodies_that_are_too_large_are_refused(void **state)
{
    (void)state;
    struct world world;
    start(&world);
    struct client *client = client_dial(&world);
    struct upload announced = {.left = 2000}, silent = {.left = 20000}, further[12];
    int32_t id = client_ask(client, "POST", "/", "content-length: 2000\n", &announced);
    TALK_UNTIL(client, answer_of(client, id)->closed);
    assert_int_equal(answer_of(client, id)->status, 413);
    assert_int_equal(answer_of(client, id)->error, NGHTTP2_NO_ERROR);
    id = client_ask(client, "POST", "/", "", &silent);
    TALK_UNTIL(client, answer_of(client, id)->closed);
    assert_int_equal(answer_of(client, id)->status, 413);

    /* Each is small enough, all together are not. */
    int32_t ids[12];
    for (size_t i = 0; i < 12; i++) {
        further[i] = (struct upload){.left = 1000000};
        ids[i] = client_ask(client, "POST", "/body", "", &further[i]);
    }
    TALK_UNTIL(client, count_ended(client, ids, 12, NGHTTP2_REFUSED_STREAM) == 12 - LIMIT_HTTP2_BODIES / 1000000);
    client_close(client);
    assert_int_equal(atomic_load(&world.handled), 0);
    stop(&world);
}

/* --- what is no request --- */

#define HEAD_OF(method, path) ":method: " method "\n:scheme: http\n:authority: shop.example\n:path: " path "\n"

/* A status, or with 0 a reset for PROTOCOL_ERROR, as RFC 9113 section 8.1.1 has it for what is malformed. */
static const struct {
    const char *fields;
    int status;
} wrong[] = {
    {HEAD_OF("GET", "/") "connection: close\n", 0},
    {HEAD_OF("GET", "/") "keep-alive: timeout=5\n", 0},
    {HEAD_OF("GET", "/") "proxy-connection: close\n", 0},
    {HEAD_OF("GET", "/") "transfer-encoding: chunked\n", 0},
    {HEAD_OF("GET", "/") "upgrade: h2c\n", 0},
    {HEAD_OF("GET", "/") "te: gzip\n", 0},
    {HEAD_OF("GET", "/") "X-Upper: case\n", 0},
    {HEAD_OF("GET", "/") "x-split: a\r\n", 0},
    {HEAD_OF("GET", "/") ":path: /again\n", 0},
    {HEAD_OF("GET", "/") ":status: 200\n", 0},
    {HEAD_OF("GET", "/") "content-length: 5\n", 0},
    {HEAD_OF("GET", "/") "content-length: -1\n", 0},
    {":method: GET\nx-first: 1\n:scheme: http\n:authority: shop.example\n:path: /\n", 0},
    {":method: GET\n:scheme: http\n:authority: shop.example\n", 0},
    {":method: GET\n:authority: shop.example\n:path: /\n", 0},
    {":scheme: http\n:authority: shop.example\n:path: /\n", 0},
    {":method: GET\n:scheme: http\n:path: /\n", 0},
    {HEAD_OF("GET", ""), 0},
    {HEAD_OF("GET", "relative"), 0},
    {HEAD_OF("GET", "*"), 0},
    {HEAD_OF("GET", "/a b"), 0},
    {HEAD_OF("GET", "/a#b"), 400},
    {HEAD_OF("GET", "/a\"b"), 400},
    {HEAD_OF("GET", "/") "host: other.example\n", 400},
    {HEAD_OF("GET", "/") "host: shop.example\nhost: shop.example\n", 0},
    {":method: GET\n:scheme: http\n:authority: user@shop.example\n:path: /\n", 400},
    {":method: GET\n:scheme: http\n:authority: shop.example:70000\n:path: /\n", 400},
    {":method: CONNECT\n:authority: shop.example:443\n", 501},
    {HEAD_OF("GET", "/") "expect: the-unexpected\n", 417},
};

static void what_is_no_request_is_refused_alone(void **state)
{
    (void)state;
    struct world world;
    start(&world);
    struct client *client = client_dial(&world);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        int32_t id = client_ask_exactly(client, wrong[i].fields, NULL);
        TALK_UNTIL(client, answer_of(client, id)->closed);
        const struct answer *answer = answer_of(client, id);
        if (answer->status != wrong[i].status || (answer->status == 0) != (answer->error == NGHTTP2_PROTOCOL_ERROR))
            fail_msg("status %d, error %u for\n%s", answer->status, answer->error, wrong[i].fields);
    }
    struct upload longer = {.left = 8, .ends = true}, shorter = {.left = 2, .ends = true};
    int32_t id = client_ask(client, "POST", "/", "content-length: 4\n", &longer);
    TALK_UNTIL(client, answer_of(client, id)->closed);
    assert_int_equal(answer_of(client, id)->error, NGHTTP2_PROTOCOL_ERROR);
    id = client_ask(client, "POST", "/", "content-length: 4\n", &shorter);
    TALK_UNTIL(client, answer_of(client, id)->closed);
    assert_int_equal(answer_of(client, id)->error, NGHTTP2_PROTOCOL_ERROR);

    assert_int_equal(atomic_load(&world.handled), 0);
    assert_string_equal(client_get(client, "/fine")->body, "/fine");
    client_close(client);
    stop(&world);
}

static void heads_have_limits(void **state)
{
    (void)state;
    struct world world;
    start(&world);
    struct client *client = client_dial(&world);
    static char fields[1 << 17], path[LIMIT_HTTP_REQUEST_LINE + 2];
    size_t length = 0;
    for (int i = 0; i <= LIMIT_HTTP_HEADERS; i++)
        length += (size_t)snprintf(fields + length, sizeof fields - length, "x-%d: 1\n", i);
    int32_t id = client_ask(client, "GET", "/", fields, NULL);
    TALK_UNTIL(client, answer_of(client, id)->closed);
    assert_int_equal(answer_of(client, id)->status, 431);

    memset(path, 'a', sizeof path - 1);
    path[0] = '/';
    assert_int_equal(client_get(client, path)->status, 414);

    length = 0;
    for (int i = 0; i < 15; i++) { /* 60 KB, which we listen to and refuse */
        length += (size_t)snprintf(fields + length, sizeof fields - length, "x-%d: ", i);
        memset(fields + length, 'v', 4000);
        length += 4000;
        fields[length++] = '\n';
    }
    fields[length] = '\0';
    id = client_ask(client, "GET", "/", fields, NULL);
    TALK_UNTIL(client, answer_of(client, id)->closed);
    assert_int_equal(answer_of(client, id)->status, 431);
    assert_int_equal(atomic_load(&world.handled), 0);
    assert_string_equal(client_get(client, "/fine")->body, "/fine");
    client_close(client);
    stop(&world);
}

/* --- clients that go --- */

static void a_handler_is_told_that_its_client_has_gone(void **state)
{
    (void)state;
    struct world world;
    start(&world);
    struct client *client = client_dial(&world);
    int32_t id = client_ask(client, "GET", "/watch", "", NULL);
    TALK_UNTIL(client, answer_of(client, id)->body_length == 4);
    nghttp2_submit_rst_stream(client->session, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
    client_say(client);
    EVENTUALLY(atomic_load(&world.told) == 1);

    id = client_ask(client, "GET", "/watch", "", NULL);
    TALK_UNTIL(client, answer_of(client, id)->body_length == 4);
    id = client_ask(client, "GET", "/hold", "", NULL);
    client_say(client);
    EVENTUALLY(atomic_load(&world.handled) == 3);
    client_close(client);
    EVENTUALLY(atomic_load(&world.told) == 2);
    stop(&world);
    assert_int_equal(atomic_load(&world.gone), 1);
}

static void work_for_nobody_has_a_limit(void **state)
{
    (void)state;
    struct world world;
    start(&world);
    struct client *client = client_dial(&world);
    for (unsigned i = 0; i < LIMIT_HTTP2_CANCELLED; i++) {
        int32_t id = client_ask(client, "GET", "/hold", "", NULL);
        client_say(client);
        nghttp2_submit_rst_stream(client->session, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
        client_say(client);
    }
    EVENTUALLY(atomic_load(&world.handled) == LIMIT_HTTP2_CANCELLED);
    assert_int_equal(client_get(client, "/more")->error, NGHTTP2_REFUSED_STREAM);

    struct client *other = client_dial(&world);
    client_get(other, "/let-go");
    client_close(other);
    assert_int_equal(atomic_load(&world.gone), LIMIT_HTTP2_CANCELLED);
    assert_string_equal(client_get(client, "/more")->body, "/more");
    client_close(client);
    stop(&world);
}

/* --- floods, in frames of our own making --- */

struct frame {
    uint8_t type, flags;
    uint32_t stream;
    const char *payload;
    size_t length;
};

static size_t write_frame(char *at, struct frame frame)
{
    const uint8_t head[9] = {(uint8_t)(frame.length >> 16), (uint8_t)(frame.length >> 8), (uint8_t)frame.length, frame.type, frame.flags,
                             (uint8_t)(frame.stream >> 24), (uint8_t)(frame.stream >> 16), (uint8_t)(frame.stream >> 8),
                             (uint8_t)frame.stream};
    memcpy(at, head, sizeof head);
    if (frame.length)
        memcpy(at + sizeof head, frame.payload, frame.length);
    return sizeof head + frame.length;
}

/* GET /hold in HPACK without any table of ours: :method GET, :scheme http, :path and :authority as literals. */
#define HOLD_HEAD "\x82\x86\x04\x05/hold\x01\x04shop"
#define HOLD_HEAD_LENGTH (sizeof HOLD_HEAD - 1)

static int dial_raw(const struct world *world)
{
    int fd = dial(world);
    say_bytes(fd, HTTP2_PREFACE "\0\0\0\4\0\0\0\0\0", HTTP2_PREFACE_LENGTH + 9);
    return fd;
}

/* Read until GOAWAY: its error; -1 when the connection ends without. */
static int hear_goaway(int fd)
{
    uint8_t head[9];
    static uint8_t payload[1 << 17];
    while (recv(fd, head, sizeof head, MSG_WAITALL) == sizeof head) {
        size_t length = (size_t)head[0] << 16 | (size_t)head[1] << 8 | head[2];
        if (length > 0 && recv(fd, payload, length, MSG_WAITALL) != (ssize_t)length)
            return -1;
        if (head[3] == NGHTTP2_GOAWAY)
            return payload[7];
    }
    return -1;
}

/* Send the frames (up to three) again and again; `stream` of those that have one goes up by two each time. What comes meanwhile is
 * read, or the server would just stop listening. */
static void flood(const char *name, const struct frame *frames, size_t count, uint32_t expected)
{
    struct world world;
    start(&world);
    int fd = dial_raw(&world), told = -1;
    for (uint32_t round = 0; round < 40 && told < 0; round++) {
        static char bytes[1 << 17];
        size_t length = 0;
        for (uint32_t i = 0; i < 100; i++)
            for (size_t j = 0; j < count; j++) {
                struct frame frame = frames[j];
                frame.stream += frame.stream ? 2 * (round * 100 + i) : 0;
                length += write_frame(bytes + length, frame);
            }
        say_bytes(fd, bytes, length);
    }
    told = hear_goaway(fd);
    if (told != (int)expected)
        fail_msg("%s: GOAWAY %d", name, told);
    close(fd);
    EVENTUALLY(http_server_counts(world.server).connections == 0);
    assert_true(http_server_counts(world.server).refused > 0);
    struct client *client = client_dial(&world);
    assert_string_equal(client_get(client, "/fine")->body, "/fine");
    client_close(client);
    assert_true(atomic_load(&world.handled) <= LIMIT_HTTP2_NUISANCES + LIMIT_HTTP2_STREAMS);
    stop(&world);
}

static void floods_are_sent_away(void **state)
{
    (void)state;
    const struct frame ping[] = {{NGHTTP2_PING, 0, 0, "12345678", 8}};
    const struct frame settings[] = {{NGHTTP2_SETTINGS, 0, 0, "\0\4\0\0\xff\xff", 6}};
    const struct frame empty_settings[] = {{NGHTTP2_SETTINGS, 0, 0, "", 0}};
    const struct frame priority[] = {{NGHTTP2_PRIORITY, 0, 1, "\0\0\0\0\1", 5}};
    const struct frame window[] = {{NGHTTP2_WINDOW_UPDATE, 0, 0, "\0\0\0\1", 4}};
    const struct frame reset[] = {{NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, 1, HOLD_HEAD, HOLD_HEAD_LENGTH},
                                  {NGHTTP2_RST_STREAM, 0, 1, "\0\0\0\10", 4}};
    /* The server is made to reset, by a window that gets too large. */
    const struct frame have_reset[] = {{NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, 1, HOLD_HEAD, HOLD_HEAD_LENGTH},
                                       {NGHTTP2_WINDOW_UPDATE, 0, 1, "\x7f\xff\xff\xff", 4}};
    const struct frame malformed[] = {{NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, 1, "\x82", 1}};
    flood("PING", ping, 1, NGHTTP2_ENHANCE_YOUR_CALM);
    flood("SETTINGS", settings, 1, NGHTTP2_ENHANCE_YOUR_CALM);
    flood("empty SETTINGS", empty_settings, 1, NGHTTP2_ENHANCE_YOUR_CALM);
    flood("PRIORITY", priority, 1, NGHTTP2_ENHANCE_YOUR_CALM);
    flood("WINDOW_UPDATE", window, 1, NGHTTP2_ENHANCE_YOUR_CALM);
    flood("rapid reset", reset, 2, NGHTTP2_ENHANCE_YOUR_CALM);
    flood("made to reset", have_reset, 2, NGHTTP2_ENHANCE_YOUR_CALM);
    flood("malformed requests", malformed, 1, NGHTTP2_ENHANCE_YOUR_CALM);
}

static void empty_frames_are_a_flood(void **state)
{
    (void)state;
    struct world world;
    start(&world);
    int fd = dial_raw(&world);
    static char bytes[1 << 16];
    size_t length = write_frame(bytes, (struct frame){NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1, HOLD_HEAD, HOLD_HEAD_LENGTH});
    for (int i = 0; i < 2 * LIMIT_HTTP2_NUISANCES; i++)
        length += write_frame(bytes + length, (struct frame){NGHTTP2_DATA, 0, 1, "", 0});
    say_bytes(fd, bytes, length);
    assert_int_equal(hear_goaway(fd), NGHTTP2_ENHANCE_YOUR_CALM);
    close(fd);
    stop(&world);
}

static void continuations_have_an_end(void **state)
{
    (void)state;
    struct world world;
    start(&world);
    int fd = dial_raw(&world);
    static char bytes[1 << 16];
    size_t length = write_frame(bytes, (struct frame){NGHTTP2_HEADERS, 0, 1, HOLD_HEAD, HOLD_HEAD_LENGTH});
    for (int i = 0; i < 1000; i++)
        length += write_frame(bytes + length, (struct frame){NGHTTP2_CONTINUATION, 0, 1, "\0\1x\1y", 5});
    say_bytes(fd, bytes, length);
    hear_goaway(fd); /* by a GOAWAY or by a reset, nghttp2's choice */
    close(fd);
    EVENTUALLY(http_server_counts(world.server).connections == 0);
    assert_int_equal(atomic_load(&world.handled), 0);
    stop(&world);
}

/* A field of 4 KB in the table, named by one byte again and again: 16 KB become 64 MB. */
static void heads_that_grow_in_the_table_are_cut(void **state)
{
    (void)state;
    struct world world;
    start(&world);
    int fd = dial_raw(&world);
    static char bytes[1 << 16], head[16384];
    char *at = head;
    memcpy(at, HOLD_HEAD, HOLD_HEAD_LENGTH);
    at += HOLD_HEAD_LENGTH;
    memcpy(at, "\x40\1x\x7f\x81\x1e", 6); /* a literal with 4,000 bytes, to be kept */
    at += 6;
    memset(at, 'v', 4000);
    at += 4000;
    memset(at, 0xbe, (size_t)(head + sizeof head - at)); /* 62: the newest entry */
    size_t length = write_frame(bytes, (struct frame){NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, 1, head, sizeof head});
    length += write_frame(bytes + length, (struct frame){NGHTTP2_PING, 0, 0, "12345678", 8});
    say_bytes(fd, bytes, length);
    uint8_t frame[9] = {0}, payload[256];
    while (recv(fd, frame, sizeof frame, MSG_WAITALL) == sizeof frame && frame[3] != NGHTTP2_RST_STREAM)
        recv(fd, payload, frame[2], MSG_WAITALL);
    assert_int_equal(frame[3], NGHTTP2_RST_STREAM);
    assert_int_equal(atomic_load(&world.handled), 0);
    close(fd);
    stop(&world);
}

static void streams_have_a_limit(void **state)
{
    (void)state;
    struct world world;
    start(&world);
    int fd = dial_raw(&world);
    static char bytes[1 << 16];
    size_t length = write_frame(bytes, (struct frame){NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, "", 0});
    for (uint32_t i = 0; i < 2 * LIMIT_HTTP2_STREAMS; i++)
        length += write_frame(bytes + length, (struct frame){NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, 2 * i + 1,
                                                             HOLD_HEAD, HOLD_HEAD_LENGTH});
    say_bytes(fd, bytes, length);
    assert_int_equal(hear_goaway(fd), NGHTTP2_PROTOCOL_ERROR);
    assert_int_equal(atomic_load(&world.handled), LIMIT_HTTP2_STREAMS);
    close(fd);
    stop(&world);
}

/* Who asks, and never reads, is not read from: what waits for them has a bound. */
static void who_takes_no_answers_can_ask_no_more(void **state)
{
    (void)state;
    struct world world;
    struct http_patience patience = {5000, 5000, 5000, 300, 5000, 5000, 20, 100, 20, 0};
    start_with(&world, &patience);
    int fd = dial_raw(&world), small = 4096;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    struct timeval soon = {.tv_sec = 1};
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &soon, sizeof soon);
    char frame[64], large_windows[64];
    size_t length = write_frame(frame, (struct frame){NGHTTP2_PING, 0, 0, "12345678", 8});
    size_t windows_length = write_frame(large_windows, (struct frame){NGHTTP2_SETTINGS, 0, 0, "\0\4\x7f\xff\xff\xff", 6});
    windows_length += write_frame(large_windows + windows_length, (struct frame){NGHTTP2_WINDOW_UPDATE, 0, 0, "\x3f\xff\xff\xff", 4});
    say_bytes(fd, large_windows, windows_length);
    char ask[64];
    say_bytes(fd, ask, write_frame(ask, (struct frame){NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, 1,
                                                       "\x82\x86\x04\x06/large\x01\x04shop", 16}));
    for (int i = 0; i < 500; i++)
        say_bytes(fd, frame, length);
    EVENTUALLY(http_server_counts(world.server).connections == 0); /* having broken it off */
    close(fd);
    stop(&world);
}

/* --- silence --- */

/* A client that has gone without a word, such as one whose machine lost its power: its open stream is noticed. One that answers PING may be silent
 * for as long as it likes. */
static void who_is_silent_is_asked_whether_he_is_there(void **state)
{
    (void)state;
    struct http_patience patience = {60000, 60000, 60000, 60000, 60000, 60000, 20, 100, 20, 300};
    struct world world;
    start_with(&world, &patience);
    struct client *client = client_dial(&world);
    int32_t held = client_ask(client, "GET", "/hold?silence", "", NULL);
    TALK_UNTIL(client, atomic_load(&world.handled) == 1);
    int gone = dial_raw(&world);
    char bytes[64];
    say_bytes(gone, bytes, write_frame(bytes, (struct frame){NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, 1,
                                                             HOLD_HEAD, HOLD_HEAD_LENGTH}));
    TALK_UNTIL(client, atomic_load(&world.handled) == 2);
    TALK_UNTIL(client, http_server_counts(world.server).connections == 1);
    client_get(client, "/let-go");
    TALK_UNTIL(client, answer_of(client, held)->closed);
    assert_string_equal(answer_of(client, held)->body, "silence");
    client_close(client);
    close(gone);
    stop(&world);
}

/* --- slowness --- */

static void slow_clients_are_sent_away(void **state)
{
    (void)state;
    struct http_patience patience = {200, 200, 60000, 200, 200, 60000, 20, 100, 20, 0};
    struct world world;
    start_with(&world, &patience);

    int head = dial_raw(&world);
    char bytes[64];
    say_bytes(head, bytes, write_frame(bytes, (struct frame){NGHTTP2_HEADERS, 0, 1, HOLD_HEAD, HOLD_HEAD_LENGTH}));
    assert_int_equal(hear_goaway(head), NGHTTP2_ENHANCE_YOUR_CALM);
    close(head);

    struct client *client = client_dial(&world);
    struct upload never_whole = {.left = 2};
    int32_t body = client_ask(client, "POST", "/body", "content-length: 5\n", &never_whole);
    int32_t held = client_ask(client, "GET", "/hold?patience", "", NULL); /* waits for us, so it may */
    TALK_UNTIL(client, answer_of(client, body)->closed);
    assert_int_equal(answer_of(client, body)->status, 408);
    client_get(client, "/let-go");
    TALK_UNTIL(client, answer_of(client, held)->closed);
    assert_string_equal(answer_of(client, held)->body, "patience");

    /* A window of the stream that is never opened, then the connection's. */
    client->reads_no_data = true;
    int32_t reader = client_ask(client, "GET", "/large", "", NULL);
    nghttp2_session_set_local_window_size(client->session, NGHTTP2_FLAG_NONE, 0, 1 << 20);
    TALK_UNTIL(client, answer_of(client, reader)->closed);
    assert_int_equal(answer_of(client, reader)->error, NGHTTP2_CANCEL);
    assert_false(client->goaway);
    nghttp2_session_set_local_window_size(client->session, NGHTTP2_FLAG_NONE, 0, 65535);
    client_close(client);

    client = client_dial(&world);
    client->reads_no_data = true;
    client_ask(client, "GET", "/large", "", NULL);
    client_ask(client, "GET", "/large", "", NULL);
    client_say(client);
    nghttp2_settings_entry windows = {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1 << 20};
    nghttp2_submit_settings(client->session, NGHTTP2_FLAG_NONE, &windows, 1);
    TALK_UNTIL(client, client->goaway);
    assert_int_equal(client->goaway_error, NGHTTP2_ENHANCE_YOUR_CALM);
    client_close(client);
    stop(&world);
}

static void who_reads_slowly_but_steadily_gets_all_of_it(void **state)
{
    (void)state;
    struct http_patience patience = {200, 200, 60000, 200, 200, 60000, 20, 100, 20, 0};
    struct world world;
    start_with(&world, &patience);
    struct client *client = client_dial(&world);
    int32_t id = client_ask(client, "GET", "/large", "", NULL);
    client_say(client);
    for (int i = 0; i < 20; i++) { /* a window in each 50 ms, for a second */
        usleep(50000);
        client_hear(client, 0);
        client_say(client);
    }
    TALK_UNTIL(client, answer_of(client, id)->closed);
    assert_int_equal(answer_of(client, id)->body_in_order, LARGE_BYTES);
    client_close(client);
    stop(&world);
}

static void idle_connections_are_told(void **state)
{
    (void)state;
    struct http_patience patience = {5000, 5000, 200, 5000, 200, 5000, 20, 100, 20, 0};
    struct world world;
    start_with(&world, &patience);
    struct client *idle = client_dial(&world), *watching = client_dial(&world);
    int32_t id = client_ask(watching, "GET", "/watch", "", NULL);
    client_say(watching);
    TALK_UNTIL(idle, idle->ended);
    assert_true(idle->goaway);
    assert_int_equal(idle->goaway_error, NGHTTP2_NO_ERROR);
    TALK_UNTIL(watching, answer_of(watching, id)->body_length == 4);
    usleep(400000); /* a stream may be silent for long */
    client_get(watching, "/still");
    assert_int_equal(atomic_load(&world.told), 0);
    client_close(idle);
    client_close(watching);
    stop(&world);
}

/* --- the end --- */

/* A request that is written, and not sent yet. */
struct late {
    char bytes[256];
    size_t length;
    int32_t id;
};

static struct late ask_late(struct client *client, const char *path)
{
    struct late late = {.id = client_ask(client, "GET", path, "", NULL)};
    const uint8_t *bytes;
    late.length = (size_t)nghttp2_session_mem_send(client->session, &bytes);
    assert_true(late.length <= sizeof late.bytes);
    memcpy(late.bytes, bytes, late.length);
    return late;
}

static void stopping_drops_no_request(void **state)
{
    (void)state;
    struct world world;
    start(&world);
    struct client *idle = client_dial(&world), *quiet = client_dial(&world), *busy = client_dial(&world);
    int32_t held = client_ask(busy, "GET", "/hold?held", "", NULL);
    client_say(busy);
    EVENTUALLY(atomic_load(&world.handled) == 1);
    struct late of_quiet = ask_late(quiet, "/hold?late"), of_busy = ask_late(busy, "/let-go");
    ask_to_stop(&world);

    /* The first notice comes while requests are on their way. */
    struct client *all[] = {idle, quiet, busy};
    for (size_t i = 0; i < 3; i++) {
        while (!all[i]->goaway)
            client_hear(all[i], 50);
        assert_int_equal(all[i]->goaway_last, INT32_MAX);
    }
    say_bytes(quiet->fd, of_quiet.bytes, of_quiet.length);
    EVENTUALLY(atomic_load(&world.handled) == 2);
    say_bytes(busy->fd, of_busy.bytes, of_busy.length);
    TALK_UNTIL(busy, answer_of(busy, held)->closed && answer_of(busy, of_busy.id)->closed);
    assert_string_equal(answer_of(busy, held)->body, "held");
    assert_string_equal(answer_of(busy, of_busy.id)->body, "let go");
    TALK_UNTIL(quiet, answer_of(quiet, of_quiet.id)->closed);
    assert_string_equal(answer_of(quiet, of_quiet.id)->body, "late");
    for (size_t i = 0; i < 3; i++) {
        TALK_UNTIL(all[i], all[i]->ended);
        assert_int_equal(all[i]->goaway_error, NGHTTP2_NO_ERROR);
        client_close(all[i]);
    }
    wait_until_stopped(&world);
    assert_int_equal(atomic_load(&world.gone), 0);
}

static void stopping_does_not_wait_for_ever(void **state)
{
    (void)state;
    struct http_patience patience = {5000, 5000, 5000, 5000, 200, 200, 50, 10, 20, 0};
    struct world world;
    start_with(&world, &patience);
    struct client *client = client_dial(&world);
    client_ask(client, "GET", "/hold", "", NULL);
    client_say(client);
    EVENTUALLY(atomic_load(&world.handled) == 1);
    stop(&world); /* the handler's exchange outlives the server */
    assert_int_equal(atomic_load(&world.gone), 1);
    client_close(client);
}

/* Frames of every kind with any content, after requests that are fine: for the sanitizers, and for the counts. */
static void wild_clients_do_no_harm(void **state)
{
    (void)state;
    struct world world;
    start(&world);
    unsigned seed = 1;
    for (int i = 0; i < 300; i++) {
        char bytes[4096];
        int fd = dial_raw(&world);
        size_t length = write_frame(bytes, (struct frame){NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | (i & 1), 1, HOLD_HEAD, HOLD_HEAD_LENGTH});
        for (int j = 0; j < 20; j++) {
            char payload[64];
            for (size_t k = 0; k < sizeof payload; k++)
                payload[k] = (char)rand_r(&seed);
            length += write_frame(bytes + length, (struct frame){(uint8_t)(rand_r(&seed) % 12), (uint8_t)rand_r(&seed),
                                                                 (uint32_t)rand_r(&seed) % 8, payload, (size_t)rand_r(&seed) % sizeof payload});
        }
        say_bytes(fd, bytes, length);
        close(fd);
        if (i % 20 == 19)
            talk(&world, "GET /let-go HTTP/1.1\r\n" HOST CLOSE END);
    }
    EVENTUALLY(http_server_counts(world.server).connections == 0);
    stop(&world);
}

int main(void)
{
    fill_large();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_exact),
        cmocka_unit_test(the_preface_may_come_byte_by_byte),
        cmocka_unit_test(streams_are_answered_in_any_order),
        cmocka_unit_test(headers_are_those_of_http1),
        cmocka_unit_test(answers_may_leave_in_pieces),
        cmocka_unit_test(streams_may_end_with_trailers),
        cmocka_unit_test(large_answers_flow_as_the_client_reads),
        cmocka_unit_test(bodies_are_taken_whole),
        cmocka_unit_test(a_streamed_body_is_handled_as_it_comes),
        cmocka_unit_test(nobody_sends_more_than_is_taken),
        cmocka_unit_test(streamed_bodies_have_a_limit_together),
        cmocka_unit_test(a_talk_may_end_before_its_client_does),
        cmocka_unit_test(bodies_that_are_too_large_are_refused),
        cmocka_unit_test(what_is_no_request_is_refused_alone),
        cmocka_unit_test(heads_have_limits),
        cmocka_unit_test(a_handler_is_told_that_its_client_has_gone),
        cmocka_unit_test(work_for_nobody_has_a_limit),
        cmocka_unit_test(floods_are_sent_away),
        cmocka_unit_test(empty_frames_are_a_flood),
        cmocka_unit_test(continuations_have_an_end),
        cmocka_unit_test(heads_that_grow_in_the_table_are_cut),
        cmocka_unit_test(streams_have_a_limit),
        cmocka_unit_test(who_takes_no_answers_can_ask_no_more),
        cmocka_unit_test(who_is_silent_is_asked_whether_he_is_there),
        cmocka_unit_test(slow_clients_are_sent_away),
        cmocka_unit_test(who_reads_slowly_but_steadily_gets_all_of_it),
        cmocka_unit_test(idle_connections_are_told),
        cmocka_unit_test(stopping_drops_no_request),
        cmocka_unit_test(stopping_does_not_wait_for_ever),
        cmocka_unit_test(wild_clients_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
