/*
 * HTTP/2 on a connection: what http2.c (the connection) and http2_exchange.c (one stream) share.
 *
 * nghttp2 does the framing, the header compression, the flow control, and refuses what RFC 9113 calls malformed. Ours is what a request
 * must be beyond that, the answers, and how much of everything a client may have.
 */
#ifndef SOUK_PLATFORM_HTTP2_H
#define SOUK_PLATFORM_HTTP2_H

#include "platform/http/http_internal.h"

#include <nghttp2/nghttp2.h>

/* Is the client taking what it is sent? Looked at now and then, while there is something that it doesn't take. */
struct http2_flow {
    uint64_t since_ms;
    uint64_t bytes;
};

/* Of frames: some at once, more with time and for good behaviour. */
struct http2_allowance {
    int64_t left;
    uint64_t since_ms;
};

enum http2_exchange_state { HTTP2_RECEIVING, HTTP2_HANDLING, HTTP2_STREAMING, HTTP2_BROKEN, HTTP2_ANSWERED };

struct http2_exchange {
    struct http_exchange exchange;
    struct http2 *http2; /* NULL: the connection is lost */
    TAILQ_ENTRY(http2_exchange) in_all;
    int32_t id; /* the stream's; 0 when that is closed */
    enum http2_exchange_state state;

    /* The request. */
    struct http_header *headers;
    size_t header_count, header_bytes, trailer_bytes;
    unsigned host_count, cookie_count;
    struct text authority;
    struct text expect, content_length;
    struct http1_refusal refusal; /* status 0: nothing is wrong so far */
    struct buffer body;
    bool is_bulk;      /* its body counts not among the connection's */
    size_t counted;    /* of its body, among the connection's */
    uint64_t since_ms; /* when its body began */

    /* The answer. */
    bool head_only;   /* the method is HEAD */
    bool writes_body; /* a stream's writes go out */
    bool is_complete; /* nghttp2 has, or will ask for, all of it */
    bool is_deferred; /* nghttp2 waits for more of a stream */
    bool is_drained;  /* of a stream; its handler is to be told */
    struct text out;  /* what is left of the body, or of `sending` */
    struct http_shared *prepared;
    struct buffer sending, pending; /* a stream: `out` points into the first, the second is written to */
    nghttp2_nv *trailers;
    size_t trailer_count;
    struct http2_flow flow;
};
TAILQ_HEAD(http2_exchange_list, http2_exchange);

enum http2_stopping { HTTP2_GOING_ON, HTTP2_TOLD, HTTP2_STOPPED };

struct http2 {
    nghttp2_session *session;
    struct connection *connection;
    struct http2_exchange_list exchanges; /* those whose stream is open, and those that a handler still has */
    unsigned open;      /* streams */
    unsigned cancelled; /* exchanges in a handler's hands whose stream is not open */
    unsigned drained;   /* exchanges whose handler is to be told */
    size_t body_bytes;  /* of bodies under way, and of streamed ones that nobody has taken */
    bool is_over;       /* the client will send no more */
    bool is_broken;
    bool is_sent_away;  /* with GOAWAY: nothing it sends matters any more */
    bool is_asked;      /* by PING, whether it is there, since: */
    uint64_t asked_ms;
    uint64_t heard_ms;  /* when anything last came */
    bool in_head;       /* a head has begun and not ended, */
    uint64_t head_since_ms; /* then */
    enum http2_stopping stopping;
    uint64_t stopping_since_ms;
    struct http2_allowance nuisances, updates;
    struct http2_flow flow;
    struct buffer output; /* what nghttp2 gave to be sent */
    size_t output_sent;
};

/* --- the connection (http2.c) --- */

/* Something is ready to be sent. */
void http2_wake(struct http2 *http2);
/* End the stream with an error; its exchange lives until nghttp2 has closed it. */
void http2_reset(struct http2 *http2, int32_t id, uint32_t error);
static inline uint64_t http2_now_ms(const struct http2 *http2)
{
    return uv_now(http2->connection->server->uv);
}

/* --- one stream (http2_exchange.c) --- */

/* For a stream whose request's head begins. */
struct http2_exchange *http2_exchange_new(struct http2 *http2, int32_t id);
/* A field of the head. False when it is too much to go on with. */
bool http2_exchange_take_field(struct http2_exchange *exchange, nghttp2_rcbuf *name, nghttp2_rcbuf *value);
/* The head is whole; `ends`: so is the request. */
void http2_exchange_take_head(struct http2_exchange *exchange, bool ends);
/* True when the bytes wait for the handler to take them, which then opens the stream's window. */
bool http2_exchange_take_body(struct http2_exchange *exchange, const uint8_t *bytes, size_t length);
void http2_exchange_take_end(struct http2_exchange *exchange);
/* Answer 408, 413, … instead of handing the request over. */
void http2_exchange_refuse(struct http2_exchange *exchange, int status, const char *detail);
/* The stream is closed, or the connection lost: free it, or tell its handler. */
void http2_exchange_close(struct http2_exchange *exchange);
/* Tell the handler of a stream that all it wrote has left. */
void http2_exchange_tell_drained(struct http2_exchange *exchange);
/* Bytes of the answer that nghttp2 has not taken yet. */
size_t http2_exchange_unsent(const struct http2_exchange *exchange);
/* nghttp2 takes what may be sent now: how much, and then the bytes themselves. */
ssize_t http2_exchange_offer(nghttp2_session *session, int32_t id, uint8_t *room, size_t length, uint32_t *flags,
                             nghttp2_data_source *source, void *data);
void http2_exchange_take(struct http2_exchange *exchange, struct buffer *output, size_t length);

#endif
