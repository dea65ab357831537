/*
 * What the files of the HTTP server share.
 *
 *     http_server.c      listening, the list of connections, time-outs, stopping
 *     http_sockets.c     listening sockets that were handed over to us
 *     http_connection.c  one socket: reading, writing, lingering, closing; which framing it is
 *     http_tls.c         between socket and framing, where there is a certificate
 *     http1.c            HTTP/1.1 on a connection: requests out of bytes, answers into bytes
 *     http1_parse.c      its framing itself, pure
 *     http2.c            HTTP/2 on a connection: nghttp2's session, what a client may not do to it, its end
 *     http2_stream.c     one request and its answer on an HTTP/2 stream
 *     http_answer.c      what answers have in common, whatever the framing
 *
 * A connection knows nothing of HTTP: it gives bytes to its framing and asks it for bytes to send.
 *
 * All of it runs on the loop's thread, but for the counts.
 */
#ifndef SOUK_PLATFORM_HTTP_INTERNAL_H
#define SOUK_PLATFORM_HTTP_INTERNAL_H

#include "platform/http/http.h"
#include "platform/http/http1_parse.h"
#include "platform/tls/tls_identity.h"

#include <stdatomic.h>
#include <sys/queue.h>
#include <uv.h>

struct connection;

/* --- what a framing does (http1.c, http2.c) --- */

struct framing {
    /* Bytes came, in memory that is only lent (and may be written to). */
    void (*receive)(struct connection *connection, char *bytes, size_t length);
    /* The client will send no more. */
    void (*receive_end)(struct connection *connection);
    /* There may be room for requests that came earlier. True when some were read. */
    bool (*resume)(struct connection *connection);
    /* The next bytes to send, at most `maximum` pieces, `*total` bytes; they stay in place until `sent`. */
    unsigned (*output)(struct connection *connection, uv_buf_t *pieces, unsigned maximum, size_t *total);
    void (*sent)(struct connection *connection, size_t bytes);
    bool (*wants_bytes)(const struct connection *connection);
    /* All is answered and sent, and no request will follow. */
    bool (*is_finished)(const struct connection *connection);
    /* The client must see the connection break: it would take a part for all, or deserves no better. */
    bool (*is_broken)(const struct connection *connection);
    /* Nothing is asked, nothing half read. */
    bool (*is_idle)(const struct connection *connection);
    /* Refuse whom the client sends or takes too slowly. */
    void (*check_time)(struct connection *connection, uint64_t now_ms);
    /* Take no further requests, and end when the open ones are answered; asked again and again, until it has ended. `at_once`: nothing
     * is open, and what may be on its way shall not be waited for. */
    void (*stop)(struct connection *connection, bool at_once);
    /* Assert what holds whenever the loop sleeps. */
    void (*check)(const struct connection *connection);
    /* The connection is gone: free what is answered, tell the others. */
    void (*release)(struct connection *connection);
};
extern const struct framing http1_framing, http2_framing;

/* --- HTTP/1.1 on a connection (http1.c) --- */

struct http1_exchange;

struct http1 {
    struct http1_exchange *first, *last; /* requests in the order they came; answers leave in that order */
    unsigned open;                       /* how many */
    struct http1_exchange *receiving;    /* the last one, while its body is on the way */
    bool over;                           /* no further request will be read */
    uint64_t since_ms;                   /* when the head or body being read began */
    uint64_t body_left;                  /* of a body with Content-Length */
    struct buffer input;                 /* what came and could not be taken yet: part of a head, or requests past the pipeline */
    struct http1_chunked chunked;
    struct http1_head head;
};

void http1_init(struct http1 *http1);

/* --- HTTP/2 on a connection (http2.c, see http2.h) --- */

#define HTTP2_PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define HTTP2_PREFACE_LENGTH (sizeof HTTP2_PREFACE - 1)

struct http2;
/* The client speaks HTTP/2: make it the connection's framing. The preface itself is still to be received. */
void http2_begin(struct connection *connection);

/* --- TLS on a connection (http_tls.c, see http_tls.h) --- */

struct tls;

/* --- answers (http_answer.c) --- */

/* A header value is often made of what somebody else sent. A line end in it would let them write headers, or a whole answer; such an
 * answer is not sent. */
bool http_response_is_clean(const struct http_response *response);
/* RFC 9110: some have none, whatever the handler gave. */
bool http_status_has_body(int status);
/* Half a year, for this host alone: its siblings may be somebody else's. */
#define HTTP_TRANSPORT_SECURITY "max-age=15768000"
/* What the handler says of a refusal, in the arena; with the header that names its type. */
struct http_response http_problem(const struct http_handler *handler, struct arena *arena, int status, const char *detail);

/* --- a connection (http_connection.c) --- */

struct connection {
    uv_tcp_t tcp;
    struct http_server *server;
    TAILQ_ENTRY(connection) in_all;
    TAILQ_ENTRY(connection) in_awake;
    bool awake;      /* in the server's list of those to be looked at before the loop sleeps */
    bool reading;
    bool writing;    /* libuv holds bytes of ours */
    bool heard_end;  /* the client closed its side */
    bool lingering;  /* all is sent, our side is closed; we wait for the client to close its own */
    bool closing;
    bool came_late;  /* when the server was stopping already */
    bool is_old;     /* to end when what is open is answered: its client shall connect anew */
    uint64_t moved_ms;         /* when bytes last came or left */
    uint64_t lingering_since_ms;
    uint64_t writing_since_ms;
    size_t writing_bytes;
    uv_write_t write;
    uv_shutdown_t shutdown;
    char peer[INET6_ADDRSTRLEN];
    struct tls *tls;              /* NULL: in the clear */
    const struct framing *framing;
    char preface[HTTP2_PREFACE_LENGTH]; /* the first bytes, while they may still become HTTP/2's preface */
    size_t preface_length;
    bool framing_is_known;
    struct http1 http1;   /* while the framing is HTTP/1.1's */
    struct http2 *http2;  /* when it is HTTP/2's; owned */
};
TAILQ_HEAD(connection_list, connection);

/* Take an accepted socket, or with -1 the connection that the listener has ready. */
void connection_accept(struct http_server *server, int fd);
/* Look at it again before the loop sleeps: there is something to send, or room to read. */
void connection_wake(struct connection *connection);
/* Send what is ready, read what waited, and see whether it is over. */
void connection_advance(struct connection *connection);
void http_connection_close(struct connection *connection);
void connection_check_time(struct connection *connection, uint64_t now_ms);
/* The server is stopping, and has been kind to a connection that nobody uses for long enough. */
bool connection_may_be_closed(const struct connection *connection);
/* The server is stopping, or wants to be rid of this one; called at each sweep. */
void connection_stop(struct connection *connection);
/* Bytes of HTTP came, decrypted where there is TLS. */
void connection_receive(struct connection *connection, char *bytes, size_t length);
bool connection_is_idle(const struct connection *connection);

/* --- the server (http_server.c) --- */

#define HTTP_READ_BYTES 65536
/* A record of TLS with all that may be around it. */
#define TLS_RECORD_BYTES (16384 + 2048)
#define HTTP_DATE_LINE "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
/* Where the date itself is in that line. */
#define HTTP_DATE_AT (sizeof "Date: " - 1)
#define HTTP_DATE_LENGTH (sizeof HTTP_DATE_LINE - 1 - HTTP_DATE_AT - 2)

/* From base/limits.h; a test may be less patient. */
struct http_patience {
    uint64_t head_ms, body_ms, idle_ms, write_ms, linger_ms, drain_ms, sweep_ms;
    unsigned connections_max;
    uint64_t farewell_ms;
    uint64_t silence_ms; /* 0: nobody is asked whether he is there */
};

struct http_server {
    struct loop *loop;
    uv_loop_t *uv;
    struct http_handler handler;
    struct http_patience patience;
    struct tls_identity *tls; /* NULL: in the clear */
    uint64_t refusal_told_ms; /* when the log last heard of a peer that was not let in; 0 never */
    int port;
    uv_tcp_t listener;
    uv_prepare_t before_sleep;
    uv_timer_t sweep; /* runs while there are connections */
    struct connection_list connections; /* roughly, the one silent for longest first */
    struct connection_list awake;
    char date[sizeof HTTP_DATE_LINE];   /* the header line, not older than a second or so */
    char read_into[HTTP_READ_BYTES];    /* by whichever connection is being read */
    char plain[TLS_RECORD_BYTES];       /* decrypted, or to be encrypted, on the way through http_tls.c */
    bool handed_over;                   /* the listening socket is somebody else's, too */
    size_t guests;                      /* connections from before the server was told to stop */
    uint64_t accept_failures;           /* since the last sweep */

    /* Written by the loop's thread, read by any. */
    atomic_uint_least64_t open, answered, refused;

    bool stopping;
    uint64_t stopping_since_ms;
    unsigned handles; /* not closed yet */
    void (*stopped)(void *data);
    void *stopped_data;
};

/* One more, or less. Only one thread writes, so no atomic addition is needed. */
static inline void http_count(atomic_uint_least64_t *count, int64_t more)
{
    atomic_store_explicit(count, atomic_load_explicit(count, memory_order_relaxed) + (uint64_t)more, memory_order_relaxed);
}

/* Room for one more? Past the maximum the one that has been idle for longest makes it, if there is one. */
bool server_make_room(struct http_server *server);
void server_add_connection(struct http_server *server, struct connection *connection);
/* It is closed and its memory about to go. */
void server_remove_connection(struct http_server *server, bool came_late);

/* What an address means; freeaddrinfo(). NULL with a sentence. */
struct addrinfo;
struct addrinfo *http_resolve(const char *address, char error[256]);
/* A duplicate of a socket that was handed over and listens there; -1: there is none. */
int http_socket_duplicate(const char *address);

#endif
