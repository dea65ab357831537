/*
 * Each message is read whole, byte by byte, and split in two at every position: the outcome must be the same.
 */
#include "platform/http/http1_parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define HOST "Host: shop.example\r\n"
#define END "\r\n"

struct head_row {
    const char *bytes;
    size_t length;
    int status;         /* of the refusal; 0: well-formed; MORE: not whole */
    const char *target; /* of a well-formed one */
};
#define MORE (-1)
/* sizeof, since some rows hold a NUL. */
#define GOOD(target_, literal) {literal, sizeof(literal) - 1, 0, target_}
#define BAD(status_, literal) {literal, sizeof(literal) - 1, status_, NULL}
#define PART(literal) {literal, sizeof(literal) - 1, MORE, NULL}

#define TEXT_16 "0123456789abcdef"
#define TEXT_256 TEXT_16 TEXT_16 TEXT_16 TEXT_16 TEXT_16 TEXT_16 TEXT_16 TEXT_16 \
                 TEXT_16 TEXT_16 TEXT_16 TEXT_16 TEXT_16 TEXT_16 TEXT_16 TEXT_16
#define TEXT_1K TEXT_256 TEXT_256 TEXT_256 TEXT_256
#define TEXT_4K TEXT_1K TEXT_1K TEXT_1K TEXT_1K
#define FIELDS_10 "a:1\r\nb:2\r\nc:3\r\nd:4\r\ne:5\r\nf:6\r\ng:7\r\nh:8\r\ni:9\r\nj:0\r\n"
#define FIELDS_100 FIELDS_10 FIELDS_10 FIELDS_10 FIELDS_10 FIELDS_10 FIELDS_10 FIELDS_10 FIELDS_10 FIELDS_10 FIELDS_10

static const struct head_row heads[] = {
    /* well-formed */
    GOOD("/", "GET / HTTP/1.1\r\n" HOST END),
    GOOD("/", "\r\nGET / HTTP/1.1\r\n" HOST END),
    GOOD("/", "GET / HTTP/1.0\r\n" END),
    GOOD("/", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n" END),
    GOOD("/", "GET / HTTP/1.1\r\nhost:shop.example\r\n" END),
    GOOD("/", "GET / HTTP/1.1\r\nHOST: \t shop.example \t \r\n" END),
    GOOD("/", "GET / HTTP/1.1\r\nHost: shop.example:8080\r\n" END),
    GOOD("/", "GET / HTTP/1.1\r\nHost: 127.0.0.1:65535\r\n" END),
    GOOD("/", "GET / HTTP/1.1\r\nHost: [::1]\r\n" END),
    GOOD("/", "GET / HTTP/1.1\r\nHost: [2001:db8::1]:8080\r\n" END),
    GOOD("/", "GET / HTTP/1.1\r\nHost: [::ffff:127.0.0.1]\r\n" END),
    GOOD("/", "GET / HTTP/1.1\r\nHost: a_b-c.d\r\n" END),
    GOOD("/a/b%2Fc?x=%00&y=%zz", "GET /a/b%2Fc?x=%00&y=%zz HTTP/1.1\r\n" HOST END),
    GOOD("/a//../b", "GET /a//../b HTTP/1.1\r\n" HOST END),
    GOOD("//evil", "GET //evil HTTP/1.1\r\n" HOST END),
    GOOD("/?", "GET /? HTTP/1.1\r\n" HOST END),
    GOOD("/graphql?query={a[0]|b^`}", "GET /graphql?query={a[0]|b^`} HTTP/1.1\r\n" HOST END),
    GOOD("/~!$&'()*+,;=:@-._", "GET /~!$&'()*+,;=:@-._ HTTP/1.1\r\n" HOST END),
    GOOD("*", "OPTIONS * HTTP/1.1\r\n" HOST END),
    GOOD("/x?y", "GET http://shop.example/x?y HTTP/1.1\r\n" HOST END),
    GOOD("/x", "GET HTTPS://SHOP.example/x HTTP/1.1\r\n" HOST END),
    GOOD("/", "GET http://shop.example HTTP/1.1\r\n" HOST END),
    GOOD("/?y", "GET http://shop.example?y HTTP/1.1\r\n" HOST END),
    GOOD("/", "GET http://shop.example/ HTTP/1.0\r\n" END),
    GOOD("/", "get / HTTP/1.1\r\n" HOST END),
    GOOD("/", "X-!#$%&'*+.^_`|~9 / HTTP/1.1\r\n" HOST END),
    GOOD("/", "GET / HTTP/1.1\r\n" HOST "Empty:\r\n" END),
    GOOD("/", "GET / HTTP/1.1\r\n" HOST "Empty:   \r\n" END),
    GOOD("/", "GET / HTTP/1.1\r\n" HOST "Tabs: a\tb\r\n" END),
    GOOD("/", "GET / HTTP/1.1\r\n" HOST "Name: gr\xc3\xbc\xc3\x9f" "e, a longer value with \xff octets above ASCII\r\n" END),
    GOOD("/", "GET / HTTP/1.1\r\n" HOST "Colons: a:b:c\r\n" END),
    GOOD("/", "GET / HTTP/1.1\r\n" HOST "Accept: a\r\nAccept: b\r\n" END),
    GOOD("/", "GET / HTTP/1.1\r\n" HOST "Connection: close\r\n" END),
    GOOD("/", "GET / HTTP/1.1\r\n" HOST "Connection: , TE,  Keep-Alive ,\r\nConnection: upgrade\r\n" END),
    GOOD("/", "GET / HTTP/1.1\r\n" HOST "Upgrade: h2c\r\n" END),
    GOOD("/", "POST / HTTP/1.1\r\n" HOST "Content-Length: 0\r\n" END),
    GOOD("/", "POST / HTTP/1.1\r\n" HOST "Content-Length: 0042\r\n" END),
    GOOD("/", "POST / HTTP/1.1\r\n" HOST "Content-Length:  42  \r\n" END),
    GOOD("/", "POST / HTTP/1.1\r\n" HOST "Content-Length: 9223372036854775799\r\n" END),
    GOOD("/", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n" END),
    GOOD("/", "POST / HTTP/1.1\r\n" HOST "transfer-encoding:CHUNKED\r\n" END),
    GOOD("/", "POST / HTTP/1.1\r\n" HOST "Expect: 100-Continue\r\nContent-Length: 1\r\n" END),
    GOOD("/" TEXT_4K, "GET /" TEXT_4K " HTTP/1.1\r\n" HOST END),
    GOOD("/", "GET / HTTP/1.1\r\n" HOST "Cookie: " TEXT_4K "\r\n" END),
    GOOD("/", "GET / HTTP/1.0\r\n" FIELDS_100 END),
    GOOD("/", "GET / HTTP/1.1\r\n" HOST "\r\nGET /the-next-one"),
    /* not whole, and nothing wrong so far */
    PART(""),
    PART("\r"),
    PART("\r\n"),
    PART("G"),
    PART("GET / HTTP/1.1"),
    PART("GET / HTTP/1.1\r"),
    PART("GET / HTTP/1.1\r\n"),
    PART("GET / HTTP/1.1\r\n" HOST),
    PART("GET / HTTP/1.1\r\n" HOST "\r"),
    /* the request line */
    BAD(400, "\n"),
    BAD(400, "\rG"),
    BAD(400, "\r\n\r\n"),
    BAD(400, " GET / HTTP/1.1\r\n" HOST END),
    BAD(400, "\tGET / HTTP/1.1\r\n" HOST END),
    BAD(400, "\0"),
    BAD(400, "\x16\x03\x01\x02\x00\x01\x00"), /* TLS */
    BAD(400, "GET / HTTP/1.1\n"),
    BAD(400, "GET / HTTP/1.1\nHost: shop.example\n\n"),
    BAD(400, "GET /\r\n"),
    BAD(400, "GET\r\n"),
    BAD(400, "GET \r\n"),
    BAD(400, "GET  / HTTP/1.1\r\n"),
    BAD(400, "GET /  HTTP/1.1\r\n"),
    BAD(400, "GET / HTTP/1.1 \r\n"),
    BAD(400, "GET\t/ HTTP/1.1\r\n"),
    BAD(400, "GET /\tHTTP/1.1\r\n"),
    BAD(400, "GET / x HTTP/1.1\r\n"),
    BAD(400, "G(T / HTTP/1.1\r\n"),
    BAD(400, "G\xc3\x89T / HTTP/1.1\r\n"),
    BAD(400, "GET: / HTTP/1.1\r\n"),
    BAD(400, "GET /\0 HTTP/1.1\r\n"),
    BAD(400, "GET /\r HTTP/1.1\r\n"),
    BAD(400, "GET /\x7f HTTP/1.1\r\n"),
    BAD(400, "GET /\x01 HTTP/1.1\r\n"),
    BAD(400, "GET /\xc3\xbc HTTP/1.1\r\n"),
    BAD(400, "GET /#top HTTP/1.1\r\n"),
    BAD(400, "GET /<script> HTTP/1.1\r\n"),
    BAD(400, "GET /\" HTTP/1.1\r\n"),
    BAD(400, "GET /\\ HTTP/1.1\r\n"),
    BAD(400, "GET path HTTP/1.1\r\n"),
    BAD(400, "GET * HTTP/1.1\r\n"),
    BAD(400, "OPTIONS *x HTTP/1.1\r\n"),
    BAD(400, "GET ?x HTTP/1.1\r\n"),
    BAD(400, "GET shop.example:80 HTTP/1.1\r\n"),
    BAD(501, "CONNECT shop.example:443 HTTP/1.1\r\n"),
    BAD(400, "GET ftp://shop.example/ HTTP/1.1\r\n"),
    BAD(400, "GET http:///path HTTP/1.1\r\n"),
    BAD(400, "GET http:// HTTP/1.1\r\n"),
    BAD(400, "GET http://user@shop.example/ HTTP/1.1\r\n"),
    BAD(400, "GET http://shop.example:x/ HTTP/1.1\r\n"),
    BAD(400, "GET http://other.example/ HTTP/1.1\r\n" HOST END),
    BAD(400, "GET / http/1.1\r\n"),
    BAD(400, "GET / HTTP/1\r\n"),
    BAD(400, "GET / HTTP/1.10\r\n"),
    BAD(400, "GET / HTTP/11\r\n"),
    BAD(400, "GET / HTTP/1,1\r\n"),
    BAD(400, "GET / HTTP/+1.1\r\n"),
    BAD(400, "GET / XTTP/1.1\r\n"),
    BAD(505, "GET / HTTP/0.9\r\n"),
    BAD(505, "GET / HTTP/1.2\r\n"),
    BAD(505, "GET / HTTP/2.0\r\n"),
    BAD(505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    BAD(414, "GET /" TEXT_4K TEXT_4K " HTTP/1.1\r\n" HOST END),
    BAD(414, "GET /" TEXT_4K TEXT_4K),
    BAD(414, TEXT_4K TEXT_4K "x"),
    /* header fields */
    BAD(400, "GET / HTTP/1.1\r\n " HOST END),
    BAD(400, "GET / HTTP/1.1\r\n\t" HOST END),
    BAD(400, "GET / HTTP/1.1\r\n" HOST "Folded: a\r\n b\r\n" END),
    BAD(400, "GET / HTTP/1.1\r\n" HOST "Folded: a\r\n\tb\r\n" END),
    BAD(400, "GET / HTTP/1.1\r\n" HOST " \r\n" END),
    BAD(400, "GET / HTTP/1.1\r\nHost : shop.example\r\n" END),
    BAD(400, "GET / HTTP/1.1\r\nHost\t: shop.example\r\n" END),
    BAD(400, "GET / HTTP/1.1\r\n" HOST ": nameless\r\n" END),
    BAD(400, "GET / HTTP/1.1\r\n" HOST "no colon\r\n" END),
    BAD(400, "GET / HTTP/1.1\r\n" HOST "nocolon\r\n" END),
    BAD(400, "GET / HTTP/1.1\r\n" HOST "Na(me: x\r\n" END),
    BAD(400, "GET / HTTP/1.1\r\n" HOST "N\xc3\xa4me: x\r\n" END),
    BAD(400, "GET / HTTP/1.1\r\n" HOST "Na\0me: x\r\n" END),
    BAD(400, "GET / HTTP/1.1\r\n" HOST "Name: a\0b\r\n" END),
    BAD(400, "GET / HTTP/1.1\r\n" HOST "Name: a long value with a NUL\0b\r\n" END),
    BAD(400, "GET / HTTP/1.1\r\n" HOST "Name: a\rb\r\n" END),
    BAD(400, "GET / HTTP/1.1\r\n" HOST "Name: a\r\r\n" END),
    BAD(400, "GET / HTTP/1.1\r\n" HOST "Name: a\x7f\r\n" END),
    BAD(400, "GET / HTTP/1.1\r\n" HOST "Name: a\x1b[31m\r\n" END),
    BAD(400, "GET / HTTP/1.1\r\n" HOST "Name: a\n" END),
    BAD(400, "GET / HTTP/1.1\r\n" HOST "\n"),
    BAD(400, "GET / HTTP/1.1\r\n" HOST "\r\r\n"),
    BAD(431, "GET / HTTP/1.1\r\n" HOST "Cookie: " TEXT_4K TEXT_4K TEXT_4K TEXT_4K "\r\n" END),
    BAD(431, "GET / HTTP/1.1\r\n" HOST "Cookie: " TEXT_4K TEXT_4K TEXT_4K TEXT_4K),
    BAD(431, "GET / HTTP/1.1\r\n" HOST FIELDS_100 END),
    /* Host */
    BAD(400, "GET / HTTP/1.1\r\n" END),
    BAD(400, "GET / HTTP/1.1\r\nHost:\r\n" END),
    BAD(400, "GET / HTTP/1.1\r\n" HOST HOST END),
    BAD(400, "GET / HTTP/1.1\r\n" HOST "Host: other.example\r\n" END),
    BAD(400, "GET / HTTP/1.0\r\n" HOST HOST END),
    BAD(400, "GET / HTTP/1.1\r\nHost: a b\r\n" END),
    BAD(400, "GET / HTTP/1.1\r\nHost: a,b\r\n" END),
    BAD(400, "GET / HTTP/1.1\r\nHost: a/b\r\n" END),
    BAD(400, "GET / HTTP/1.1\r\nHost: user@a\r\n" END),
    BAD(400, "GET / HTTP/1.1\r\nHost: a:\r\n" END),
    BAD(400, "GET / HTTP/1.1\r\nHost: :80\r\n" END),
    BAD(400, "GET / HTTP/1.1\r\nHost: a:65536\r\n" END),
    BAD(400, "GET / HTTP/1.1\r\nHost: a:99999999999999999999\r\n" END),
    BAD(400, "GET / HTTP/1.1\r\nHost: a:80:80\r\n" END),
    BAD(400, "GET / HTTP/1.1\r\nHost: ::1\r\n" END),
    BAD(400, "GET / HTTP/1.1\r\nHost: [::1\r\n" END),
    BAD(400, "GET / HTTP/1.1\r\nHost: []\r\n" END),
    BAD(400, "GET / HTTP/1.1\r\nHost: [::g]\r\n" END),
    BAD(400, "GET / HTTP/1.1\r\nHost: [::1]x\r\n" END),
    BAD(400, "GET / HTTP/1.1\r\nHost: " TEXT_256 "\r\n" END),
    /* the length of the body */
    BAD(400, "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n" END),
    BAD(400, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n" END),
    BAD(400, "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\nContent-Length: 5\r\n" END),
    BAD(400, "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\nContent-Length: 6\r\n" END),
    BAD(400, "POST / HTTP/1.1\r\n" HOST "Content-Length: 5, 5\r\n" END),
    BAD(400, "POST / HTTP/1.1\r\n" HOST "Content-Length:\r\n" END),
    BAD(400, "POST / HTTP/1.1\r\n" HOST "Content-Length: +5\r\n" END),
    BAD(400, "POST / HTTP/1.1\r\n" HOST "Content-Length: -5\r\n" END),
    BAD(400, "POST / HTTP/1.1\r\n" HOST "Content-Length: 0x5\r\n" END),
    BAD(400, "POST / HTTP/1.1\r\n" HOST "Content-Length: 5.0\r\n" END),
    BAD(400, "POST / HTTP/1.1\r\n" HOST "Content-Length: 5 5\r\n" END),
    BAD(400, "POST / HTTP/1.1\r\n" HOST "Content-Length: five\r\n" END),
    BAD(413, "POST / HTTP/1.1\r\n" HOST "Content-Length: 18446744073709551621\r\n" END),
    BAD(413, "POST / HTTP/1.1\r\n" HOST "Content-Length: 99999999999999999999999999\r\n" END),
    BAD(400, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding:\r\n" END),
    BAD(400, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n" END),
    BAD(400, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked, chunked\r\n" END),
    BAD(400, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked, identity\r\n" END),
    BAD(400, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: identity\r\n" END),
    BAD(400, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: xchunked\r\n" END),
    BAD(400, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: \"chunked\"\r\n" END),
    BAD(400, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: \x0b" "chunked\r\n" END),
    BAD(400, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked;q=1\r\n" END),
    BAD(400, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n" END),
    BAD(400, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n" END),
    BAD(400, "POST / HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n" END),
    BAD(417, "POST / HTTP/1.1\r\n" HOST "Expect: 200-ok\r\n" END),
};

struct head_outcome {
    enum http1_progress progress;
    int status;
    size_t length;
    char target[8192];
};

/* Feed `row` up to `first_stop`, then the rest at once or byte by byte. Each read has memory of its own, exactly as long as what has
 * come, so that AddressSanitizer sees a step too far and a stale pointer. */
static struct head_outcome read_head(const struct head_row *row, size_t first_stop, bool every_byte)
{
    struct http1_head head;
    struct head_outcome outcome = {.progress = HTTP1_MORE};
    memset(&head, 0xaa, sizeof head); /* init must not rely on zeroes */
    http1_head_init(&head);
    char *bytes = NULL;
    for (size_t came = 0, come = first_stop;; came = come, come = every_byte ? come + 1 : row->length) {
        char *moved = malloc(come ? come : 1);
        if (came)
            memcpy(moved, bytes, came);
        memcpy(moved + came, row->bytes + came, come - came);
        free(bytes);
        bytes = moved;
        outcome.progress = http1_head_read(&head, bytes, come);
        if (outcome.progress != HTTP1_MORE || come == row->length)
            break;
    }
    outcome.status = outcome.progress == HTTP1_REFUSED ? head.refusal.status : 0;
    if (outcome.progress == HTTP1_DONE) {
        struct http_header headers[LIMIT_HTTP_HEADERS];
        struct http_request request = {0};
        http1_head_bind(&head, bytes, headers, &request);
        outcome.length = head.length;
        memcpy(outcome.target, request.target.at, request.target.length);
    }
    free(bytes);
    return outcome;
}

static void explain(const struct head_row *row, const char *how)
{
    fprintf(stderr, "%s: %.*s\n", how, (int)(row->length < 300 ? row->length : 300), row->bytes);
}

static void assert_outcome(const struct head_row *row, const struct head_outcome *outcome, const char *how)
{
    enum http1_progress expected = row->status == 0 ? HTTP1_DONE : row->status == MORE ? HTTP1_MORE : HTTP1_REFUSED;
    if (outcome->progress != expected || (row->status > 0 && outcome->status != row->status))
        explain(row, how);
    assert_int_equal(outcome->progress, expected);
    if (row->status > 0)
        assert_int_equal(outcome->status, row->status);
    if (row->target)
        assert_string_equal(outcome->target, row->target);
}

static void heads_are_read_alike_however_they_are_split(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        const struct head_row *row = &heads[i];
        struct head_outcome whole = read_head(row, row->length, false);
        assert_outcome(row, &whole, "whole");
        struct head_outcome bytes = read_head(row, 0, true);
        assert_outcome(row, &bytes, "byte by byte");
        assert_int_equal(bytes.length, whole.length);
        for (size_t stop = 0; stop < row->length; stop++) {
            struct head_outcome split = read_head(row, stop, false);
            assert_outcome(row, &split, "split in two");
            assert_int_equal(split.length, whole.length);
        }
    }
}

static void a_head_tells_what_the_server_needs(void **state)
{
    (void)state;
    char bytes[] = "POST /a?b=c HTTP/1.1\r\nHOST: shop.example\r\nX-Two: \t two words \r\nContent-Length: 12\r\n"
                   "Expect: 100-continue\r\nConnection: x, Close\r\n\r\nbody";
    struct http1_head head;
    http1_head_init(&head);
    assert_true(http1_head_untouched(&head));
    assert_int_equal(http1_head_read(&head, bytes, sizeof bytes - 1), HTTP1_DONE);
    assert_false(http1_head_untouched(&head));
    assert_string_equal(bytes + head.length, "body");
    assert_true(head.has_content_length);
    assert_int_equal(head.content_length, 12);
    assert_true(head.expects_continue);
    assert_false(head.keep_alive);
    assert_false(head.chunked);
    assert_false(http1_head_is_HEAD(&head, bytes));

    struct http_header headers[LIMIT_HTTP_HEADERS];
    struct http_request request = {0};
    http1_head_bind(&head, bytes, headers, &request);
    assert_true(text_is(request.method, "POST"));
    assert_true(text_is(request.target, "/a?b=c"));
    assert_true(text_is(request.path, "/a"));
    assert_true(text_is(request.query, "b=c"));
    assert_int_equal(request.header_count, 5);
    assert_true(text_is(http_header(&request, "host"), "shop.example"));
    assert_true(text_is(http_header(&request, "x-two"), "two words"));
    assert_null(http_header(&request, "x-three").at);
}

static bool keeps_alive(const char *text)
{
    char bytes[256];
    struct http1_head head;
    strcpy(bytes, text);
    http1_head_init(&head);
    assert_int_equal(http1_head_read(&head, bytes, strlen(bytes)), HTTP1_DONE);
    return head.keep_alive;
}

static void connections_are_kept_as_the_version_and_the_client_say(void **state)
{
    (void)state;
    assert_true(keeps_alive("GET / HTTP/1.1\r\n" HOST END));
    assert_false(keeps_alive("GET / HTTP/1.1\r\n" HOST "Connection: close\r\n" END));
    assert_false(keeps_alive("GET / HTTP/1.1\r\n" HOST "Connection: keep-alive\r\nConnection: CLOSE\r\n" END));
    assert_false(keeps_alive("GET / HTTP/1.0\r\n" END));
    assert_true(keeps_alive("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n" END));
    assert_false(keeps_alive("GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n" END));
}

/* --- chunked bodies --- */

struct chunked_row {
    const char *bytes;
    size_t length;
    const char *body; /* NULL: refused */
    bool whole;
};
#define BODY(body_, literal) {literal, sizeof(literal) - 1, body_, true}
#define PIECE(body_, literal) {literal, sizeof(literal) - 1, body_, false}
#define WRONG(literal) {literal, sizeof(literal) - 1, NULL, false}

static const struct chunked_row chunked_rows[] = {
    BODY("", "0\r\n\r\n"),
    BODY("", "000\r\n\r\n"),
    BODY("hello", "5\r\nhello\r\n0\r\n\r\n"),
    BODY("hello", "5\r\nhello\r\n0\r\n\r\nGET / HTTP/1.1\r\n"),
    BODY("hello you", "5\r\nhello\r\n004\r\n you\r\n0\r\n\r\n"),
    BODY("0123456789abcdef", "10\r\n0123456789abcdef\r\n0\r\n\r\n"),
    BODY("0123456789", "a\r\n0123456789\r\n0\r\n\r\n"),
    BODY("0123456789", "A\r\n0123456789\r\n0\r\n\r\n"),
    BODY("\r\n0\r\n\r\n", "7\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n"),
    BODY("hello", "5;" TEXT_1K "\r\nhello\r\n0\r\n\r\n"),
    BODY("hello", "5;name=value;other=\"a b\"\r\nhello\r\n0;last\r\n\r\n"),
    BODY("hello", "5\r\nhello\r\n0\r\nTrailer: one\r\nOther:\t\xff\r\n\r\n"),
    BODY("hello", "000000000000005\r\nhello\r\n0\r\n\r\n"),
    PIECE("", "5"),
    PIECE("hel", "5\r\nhel"),
    PIECE("hello", "5\r\nhello\r\n0\r\n\r"),
    PIECE("", "fffffffffffffff\r\n"),
    WRONG("\r\n"),
    WRONG("\n"),
    WRONG(" 5\r\nhello\r\n0\r\n\r\n"),
    WRONG("5 \r\nhello\r\n0\r\n\r\n"),
    WRONG("5\t\r\nhello\r\n0\r\n\r\n"),
    WRONG("5 ;x\r\nhello\r\n0\r\n\r\n"),
    WRONG("+5\r\nhello\r\n0\r\n\r\n"),
    WRONG("-5\r\nhello\r\n0\r\n\r\n"),
    WRONG("0x5\r\nhello\r\n0\r\n\r\n"),
    WRONG("5_\r\nhello\r\n0\r\n\r\n"),
    WRONG("g\r\nhello\r\n0\r\n\r\n"),
    WRONG("5\nhello\r\n0\r\n\r\n"),
    WRONG("5\rhello\r\n0\r\n\r\n"),
    WRONG("5\r\nhello\n0\r\n\r\n"),
    WRONG("5\r\nhello0\r\n\r\n"),
    WRONG("5\r\nhello!\r\n0\r\n\r\n"),
    WRONG("5\r\nhello\r0\r\n\r\n"),
    WRONG("6\r\nhello\r\n0\r\n\r\n"),
    WRONG("5;a\nb\r\nhello\r\n0\r\n\r\n"),
    WRONG("5;a\rb\r\nhello\r\n0\r\n\r\n"),
    WRONG("5;a\0b\r\nhello\r\n0\r\n\r\n"),
    WRONG("5;" TEXT_1K "x\r\nhello\r\n0\r\n\r\n"),
    WRONG(";x\r\n\r\n"),
    WRONG("10000000000000000\r\n"),
    WRONG("0000000000000005\r\nhello\r\n0\r\n\r\n"),
    WRONG("5\r\nhello\r\n0\r\n\n"),
    WRONG("5\r\nhello\r\n0\r\n folded: x\r\n\r\n"),
    WRONG("5\r\nhello\r\n0\r\nNo colon\r\n\r\n"),
    WRONG("5\r\nhello\r\n0\r\n: x\r\n\r\n"),
    WRONG("5\r\nhello\r\n0\r\nName : x\r\n\r\n"),
    WRONG("5\r\nhello\r\n0\r\nName: a\0\r\n\r\n"),
    WRONG("5\r\nhello\r\n0\r\nName: a\n\r\n"),
    WRONG("5\r\nhello\r\n0\r\nName: " TEXT_4K "\r\n\r\n"),
};

static void assert_chunked(const struct chunked_row *row, size_t stop, size_t step)
{
    struct http1_chunked chunked;
    http1_chunked_init(&chunked);
    char body[64];
    size_t at = 0, length = 0;
    enum http1_progress progress = HTTP1_MORE;
    while (at < row->length && (progress == HTTP1_MORE || progress == HTTP1_DATA)) {
        size_t come = at < stop ? stop : at + step < row->length ? at + step : row->length;
        size_t taken = 0;
        struct text data = {0};
        progress = http1_chunked_read(&chunked, row->bytes + at, come - at, &taken, &data);
        at += taken;
        if (progress == HTTP1_DATA) {
            assert_true(length + data.length < sizeof body);
            memcpy(body + length, data.at, data.length);
            length += data.length;
        }
    }
    if (!row->body) {
        if (progress != HTTP1_REFUSED)
            fprintf(stderr, "taken: %.*s\n", (int)row->length, row->bytes);
        assert_int_equal(progress, HTTP1_REFUSED);
        assert_int_equal(chunked.refusal.status, 400);
        return;
    }
    assert_int_equal(progress == HTTP1_DONE, row->whole);
    assert_int_equal(length, strlen(row->body));
    assert_memory_equal(body, row->body, length);
    if (row->whole && strstr(row->bytes, "GET"))
        assert_memory_equal(row->bytes + at, "GET", 3);
}

static void chunked_bodies_are_read_alike_however_they_are_split(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof chunked_rows / sizeof chunked_rows[0]; i++) {
        const struct chunked_row *row = &chunked_rows[i];
        assert_chunked(row, 0, 1);
        for (size_t stop = 0; stop <= row->length; stop++)
            assert_chunked(row, stop, row->length);
    }
}

static void extensions_are_counted_over_all_chunks(void **state)
{
    (void)state;
    static const char chunk[] = "1;" TEXT_256 "\r\nx\r\n";
    struct http1_chunked chunked;
    http1_chunked_init(&chunked);
    enum http1_progress progress = HTTP1_DATA;
    unsigned chunks = 0;
    for (; chunks < 10 && progress != HTTP1_REFUSED; chunks++) {
        size_t taken = 0;
        struct text data;
        for (size_t at = 0; at < sizeof chunk - 1 && progress != HTTP1_REFUSED; at += taken)
            progress = http1_chunked_read(&chunked, chunk + at, sizeof chunk - 1 - at, &taken, &data);
    }
    assert_int_equal(progress, HTTP1_REFUSED);
    assert_int_equal(chunks, LIMIT_HTTP_CHUNK_EXTENSIONS / 256 + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heads_are_read_alike_however_they_are_split),
        cmocka_unit_test(a_head_tells_what_the_server_needs),
        cmocka_unit_test(connections_are_kept_as_the_version_and_the_client_say),
        cmocka_unit_test(chunked_bodies_are_read_alike_however_they_are_split),
        cmocka_unit_test(extensions_are_counted_over_all_chunks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
