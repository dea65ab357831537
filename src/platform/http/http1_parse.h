/*
 * HTTP/1.1 framing, read strictly (RFC 9112): request heads, chunked bodies.
 *
 * Pure: no I/O, no clock, no allocation; the fuzzer and the tests drive it alone. Both readers are incremental: give them what has
 * arrived, in pieces of any size, and the outcome is the same. Whatever two servers could read in two ways is refused here, with a
 * status and a sentence; after a refusal nothing that follows on the connection can be trusted.
 *
 * Accepted more widely than the grammar: one empty line before a request (RFC 9112 section 2.2 asks for it), and in targets the
 * characters [ ] { } | ^ ` that browsers send as they are. Nothing else.
 */
#ifndef SOUK_PLATFORM_HTTP1_PARSE_H
#define SOUK_PLATFORM_HTTP1_PARSE_H

#include "base/limits.h"
#include "platform/http/http.h"

enum http1_progress {
    HTTP1_MORE,   /* everything given was fine, and more must come */
    HTTP1_DATA,   /* a piece of the body (chunked reader only) */
    HTTP1_DONE,   /* whole */
    HTTP1_REFUSED /* see `refusal` */
};

struct http1_refusal {
    int status;
    const char *detail; /* a sentence, constant */
};

/* Where something is, counted from the first byte of the head: it stays right when the bytes move. */
struct http1_span {
    uint16_t at;
    uint16_t length;
};
_Static_assert(LIMIT_HTTP_REQUEST_LINE + LIMIT_HTTP_HEADER_BYTES + 4 <= UINT16_MAX, "a span must reach all of a head");

/* --- request heads --- */

struct http1_head {
    /* For the server, when DONE. */
    size_t length;            /* of the head, with the empty line that ends it */
    uint64_t content_length;  /* when has_content_length */
    bool has_content_length;
    bool chunked;             /* never together with has_content_length */
    bool keep_alive;          /* the connection goes on after the answer: version and Connection taken together */
    bool expects_continue;    /* HTTP/1.1 with Expect: 100-continue */
    unsigned minor_version;   /* 0 or 1 */
    struct http1_refusal refusal;

    /* The reader's own. */
    size_t line;    /* where the line being read begins */
    size_t scanned; /* up to here that line has no LF */
    size_t fields_at; /* where the second line began; 0 while the request line is being read */
    bool has_host, has_transfer_encoding, says_close, says_keep_alive;
    struct http1_span method, target, authority, host;
    unsigned field_count;
    struct {
        struct http1_span name, value;
    } fields[LIMIT_HTTP_HEADERS];
};

void http1_head_init(struct http1_head *head);

/* Read on. `bytes` begins with the head's first byte each time (it may lie elsewhere than the last time) and `length` is never less
 * than before; complete lines are looked at once. Writes header names in lower case in place. What follows the head is not touched. */
enum http1_progress http1_head_read(struct http1_head *head, char *bytes, size_t length);

/* Nothing of a head has come yet, but for the empty line that may precede it. */
static inline bool http1_head_untouched(const struct http1_head *head)
{
    return head->fields_at == 0 && head->scanned == head->line;
}

/* The method as far as it is known, for refusals: an answer to HEAD has no body. */
bool http1_head_is_HEAD(const struct http1_head *head, const char *bytes);

/* Point method, target, path, query and headers of `request` into `bytes`, which hold a head that is DONE. `headers` has room for
 * `field_count`. */
void http1_head_bind(const struct http1_head *head, const char *bytes, struct http_header *headers, struct http_request *request);

/* May this be a path with a query, and this a host? For what HTTP/2 carries in fields of their own. */
bool http1_is_target(struct text text);
bool http1_is_host(struct text text);
/* Cut the target into path and query. */
void http1_split_target(struct http_request *request);

/* May this be a field's value? No line ends, no control characters; for what we send. */
bool http1_is_field_value(struct text text);

/* --- chunked bodies --- */

struct http1_chunked {
    struct http1_refusal refusal;
    /* The reader's own. */
    int state;
    unsigned digits;          /* of this chunk's size */
    uint64_t left;            /* of this chunk */
    size_t extension_bytes;   /* of all chunks */
    size_t trailer_bytes;
};

void http1_chunked_init(struct http1_chunked *chunked);

/* Read on from `bytes`: `*taken` of them were read. With HTTP1_DATA, `*data` is a piece of the body inside `bytes`, and the caller
 * comes back with the rest. Extensions and trailers are checked and dropped. */
enum http1_progress http1_chunked_read(struct http1_chunked *chunked, const char *bytes, size_t length, size_t *taken,
                                       struct text *data);

#endif
