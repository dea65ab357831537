/*
 * HTTP: requests in, answers out, on a loop.
 *
 * The server (http_server.c) speaks strict HTTP/1.1 (RFC 9112): keep-alive, pipelining in order, chunked both ways; whatever is
 * ambiguous is refused and the connection closed. HTTP/2 (RFC 9113) is a second framing under the same exchange: a stream is one. A
 * handler gets an exchange when the whole request is there, or if it likes with the head, and responds once, then or later, on the same loop.
 *
 * An exchange is an interface: the simulator and the unit tests have their own.
 */
#ifndef SOUK_PLATFORM_HTTP_H
#define SOUK_PLATFORM_HTTP_H

#include "base/arena.h"
#include "base/text.h"
#include "platform/env/env.h"

struct http_header {
    struct text name; /* lower case in requests */
    struct text value;
};

struct http_request {
    struct text method; /* "GET"; case matters */
    struct text target; /* as sent, origin-form */
    struct text path;   /* the target up to '?', still percent-encoded */
    struct text query;  /* after '?', or empty */
    const struct http_header *headers;
    size_t header_count;
    struct text body;   /* whole, with any chunking undone; of one that is streamed, what has come and is not taken */
    struct text peer;   /* the client's address, without port */
    int64_t started_us; /* env_monotonic_us() when the head was complete */
    bool secure;        /* came over TLS */
    bool http2;         /* came over HTTP/2, where streams may end with trailers */
};

/* The value of a header that may come once; {NULL, 0} when absent. The name is lower case. */
struct text http_header(const struct http_request *request, const char *name);

/* Whether a Content-Type, without its parameters, is that one. False when it is absent. */
bool http_media_type_is(struct text content_type, const char *wanted);
/* What a Content-Type says of itself, such as its charset, without quotes; {NULL, 0} when it does not say. */
struct text http_media_type_parameter(struct text content_type, const char *name);

/* Bytes that many answers share, such as a cached page. Counted, from any thread. */
struct http_shared;
struct http_shared *http_shared_new(struct text bytes); /* copies; count 1 */
struct http_shared *http_shared_hold(struct http_shared *shared);
void http_shared_drop(struct http_shared *shared);
struct text http_shared_text(const struct http_shared *shared);
/* A whole answer of 200 as both framings send it: its text is that of HTTP/1.1 (but for date and connection), and its headers, in lower
 * case and with content-length, are found once, for HTTP/2. */
struct http_shared *http_shared_prepare(const struct http_header *headers, size_t header_count, struct text body);
const struct http_header *http_shared_headers(const struct http_shared *shared, size_t *count);
struct text http_shared_body(const struct http_shared *shared);
/* All the memory it takes. */
size_t http_shared_bytes(const struct http_shared *shared);

struct http_response {
    int status;
    const struct http_header *headers; /* without content-length, date, connection: the server writes those */
    size_t header_count;
    struct text body;            /* in the exchange's arena, or constant */
    struct http_shared *prepared; /* instead of status and body: a 200 from http_shared_prepare(), which has its headers; those above, with
                                     names in lower case, come with them. The server takes one count over. Not for a HEAD or
                                     conditional request */
};

/* One request and its answer. Embedded as the first member by whoever implements it. */
struct http_exchange {
    struct http_request request;
    struct arena *arena; /* of the request; ends after the answer is sent */
    struct loop *loop;
    bool gone;           /* the client went away: responding is still right, and does nothing */
    bool body_is_open;   /* the request is streamed, and more of its body may come */
    const struct http_exchange_operations *operations;

    /* The handler's own, from the moment it gets the exchange; all NULL at first. The functions are called on the loop, never from
     * within a call of the handler's, and may respond, write and end. */
    void *handler_data;
    /* The client has gone (the connection is lost, or it cancelled this request) before the answer ended. Once. The exchange still
     * lives until the handler responds or ends its stream, in here or later. Until then nothing more is called. */
    void (*on_gone)(struct http_exchange *exchange);
    /* All that was written to the stream has left, after http_stream_unsent() was more than 0: there is room for more. */
    void (*on_drained)(struct http_exchange *exchange);
    /* Of a request that is streamed: `request.body` has grown, or `body_is_open` has become false. Not after the answer has ended. */
    void (*on_body)(struct http_exchange *exchange);
};
struct http_exchange_operations {
    void (*respond)(struct http_exchange *exchange, const struct http_response *response);
    void (*stream_begin)(struct http_exchange *exchange, const struct http_response *head);
    bool (*stream_write)(struct http_exchange *exchange, struct text bytes);
    void (*stream_end)(struct http_exchange *exchange, bool whole, const struct http_header *trailers, size_t trailer_count);
    size_t (*stream_unsent)(const struct http_exchange *exchange);
    void (*body_take)(struct http_exchange *exchange, size_t length); /* NULL where all bodies are whole */
};

/* Answer. Once. The body must live in the exchange's arena or for ever. HEAD gets the headers only. */
static inline void http_respond(struct http_exchange *exchange, const struct http_response *response)
{
    exchange->operations->respond(exchange, response);
}
/* Answer piece by piece: begin with status and headers, write (bytes are copied), end. `write` gives false when the client is
 * gone or too slow (LIMIT_ANSWER_BYTES unsent). Ending with `whole` false cuts the connection (HTTP/2: the stream), so that nobody takes
 * the part for all. A stream may last for hours; no time-out ends it, unless the client doesn't take what is written. */
static inline void http_stream_begin(struct http_exchange *exchange, const struct http_response *head)
{
    exchange->operations->stream_begin(exchange, head);
}
static inline bool http_stream_write(struct http_exchange *exchange, struct text bytes)
{
    return exchange->operations->stream_write(exchange, bytes);
}
static inline void http_stream_end(struct http_exchange *exchange, bool whole)
{
    exchange->operations->stream_end(exchange, whole, NULL, 0);
}
/* End whole, with trailers. HTTP/1.1 leaves them out: a recipient may drop or merge them there (RFC 9110 section 6.5), so nothing
 * that matters can rest on them, and the one who needs them, gRPC, speaks HTTP/2 only. They are copied. */
static inline void http_stream_end_with(struct http_exchange *exchange, const struct http_header *trailers, size_t trailer_count)
{
    exchange->operations->stream_end(exchange, true, trailers, trailer_count);
}
/* Bytes written that have not left: a handler that has more than a client may ever read writes on when this is small, and otherwise
 * waits for `on_drained`. */
static inline size_t http_stream_unsent(const struct http_exchange *exchange)
{
    return exchange->operations->stream_unsent(exchange);
}
/* So many bytes at the beginning of a streamed body are done with: the client may send as many more. What pointed into the body
 * points nowhere now. */
static inline void http_body_take(struct http_exchange *exchange, size_t length)
{
    if (exchange->operations->body_take != NULL) {
        exchange->operations->body_take(exchange, length);
        return;
    }
    exchange->request.body.at += length;
    exchange->request.body.length -= length;
}

/* What stands behind the server. */
struct http_handler {
    /* The largest body this request may have; asked when the head is complete, if it announces a body. More than LIMIT_HTTP_BODY
     * gives the request an arena of LIMIT_BULK_ARENA. */
    size_t (*body_maximum)(void *data, const struct http_request *request);
    /* Is this request to be handed over with its head, and its body as it comes? Asked when the head is complete and a body follows. At
     * most LIMIT_HTTP2_STREAM_WINDOW wait to be taken; the body may have any length and take any time. Only over HTTP/2: HTTP/1.1
     * hands over whole requests. NULL: none is. */
    bool (*streams_body)(void *data, const struct http_request *request);
    void (*handle)(void *data, struct http_exchange *exchange);
    /* Write the problem document for a request that the framing refused (RFC 9457), with `status`, into `body`. `detail` is a sentence. */
    void (*refuse)(void *data, int status, const char *detail, struct buffer *body);
    void *data;
};

/* Is it written as an address and a port: "127.0.0.1:8080", "[::1]:8080", "localhost:8080", ":8080"? Nobody is asked whether it exists. */
bool http_address_is_valid(const char *address);
/* Take over the sockets that whoever started us has opened (LISTEN_FDS; see http_sockets.c); servers on their addresses then use them. False with
 * a sentence for one that listens on none of these addresses: its clients would wait for ever. An address may be empty. Once, before the first
 * server starts. */
bool http_sockets_take(const char *const *addresses, size_t address_count, char error[256]);
/* How many there are on an address: at least so many servers are needed there. */
size_t http_sockets_at(const char *address);

/* Is nobody listening there? A sentence in `error` if somebody is, or the address is none. Servers share their port, so a second Souk
 * would silently take half of the first one's clients: ask once, before the first server starts. */
bool http_address_is_free(const char *address, char error[256]);

/* Listen on `address` ("127.0.0.1:8080", "[::1]:8080") with SO_REUSEPORT, so that each loop thread has a server of its own on the
 * same port. NULL with a sentence in `error` when that fails. The server lives on `loop` (a machine loop); create and stop it on
 * the loop's thread or before it runs. */
struct http_server;
struct tls_identity;
struct http_server *http_server_start(struct loop *loop, const char *address, const struct http_handler *handler,
                                      char error[256]);
/* Every connection of this server is encrypted (platform/tls). Before the loop runs; the identity must outlive the server. */
void http_server_use_tls(struct http_server *server, struct tls_identity *identity);
/* Have clients connect anew, as they are to show and see other certificates: what is open is answered, and each connection then ends as when
 * the server stops. On the loop's thread. */
void http_server_renew(struct http_server *server);

/* The port it got ("…:0" takes any). */
int http_server_port(const struct http_server *server);
/* Send clients away (answers say `Connection: close`), let open requests finish, cut what is left after LIMIT_DRAIN_MS; then
 * the server is freed and `stopped` called. Once. Exchanges that a handler still holds are `gone` and stay good. */
void http_server_stop(struct http_server *server, void (*stopped)(void *data), void *data);
/* For /metrics, while the server is there: connections open, requests answered, requests refused by the framing. Any thread. */
struct http_counts {
    uint64_t connections, answered, refused;
};
struct http_counts http_server_counts(const struct http_server *server);

#endif
