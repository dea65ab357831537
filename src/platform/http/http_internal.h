/*
 * What the files of the HTTP server share.
 *
 *     http_server.c      listening, the list of connections, time-outs, stopping
 *     http_connection.c  one socket: reading, writing, lingering, closing
 *     http1.c            HTTP/1.1 on a connection: requests out of bytes, answers into bytes
 *     http1_parse.c      the framing itself, pure
 *
 * A connection knows nothing of HTTP: it gives bytes to its framing and asks it for bytes to send. HTTP/2 will be a second framing
 * with the same five functions, chosen by the first bytes (http_connection.c, on_read).
 *
 * All of it runs on the loop's thread, but for the counts.
 */
#ifndef SOUK_PLATFORM_HTTP_INTERNAL_H
#define SOUK_PLATFORM_HTTP_INTERNAL_H

#include "platform/http/http.h"
#include "platform/http/http1_parse.h"

#include <stdatomic.h>
#include <sys/queue.h>
#include <uv.h>

/* --- HTTP/1.1 on a connection (http1.c) --- */

struct connection;
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
/* The connection is gone: free what is answered, tell the others. */
void http1_release(struct http1 *http1);
/* Bytes came, in memory that is only lent (and may be written to). */
void http1_receive(struct connection *connection, char *bytes, size_t length);
/* The client will send no more. */
void http1_receive_end(struct connection *connection);
/* There may be room for requests that came earlier. True when some were read. */
bool http1_resume(struct connection *connection);
/* The next bytes to send, at most `maximum` pieces, `*total` bytes; they stay in place until http1_sent(). */
unsigned http1_output(struct connection *connection, uv_buf_t *pieces, unsigned maximum, size_t *total);
void http1_sent(struct connection *connection, size_t bytes);
bool http1_wants_bytes(const struct http1 *http1);
/* All is answered and sent, and no request will follow. */
bool http1_is_finished(const struct http1 *http1);
/* An answer was begun that can't be ended: the client must see the connection break. */
bool http1_is_broken(const struct http1 *http1);
/* Nothing is asked, nothing half read. */
bool http1_is_idle(const struct http1 *http1);
/* Refuse whom the client sends too slowly. */
void http1_check_time(struct connection *connection, uint64_t now_ms);

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
    uint64_t moved_ms;         /* when bytes last came or left */
    uint64_t lingering_since_ms;
    uint64_t writing_since_ms;
    size_t writing_bytes;
    uv_write_t write;
    uv_shutdown_t shutdown;
    char peer[INET6_ADDRSTRLEN];
    struct http1 http1;
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
bool connection_is_idle(const struct connection *connection);

/* --- the server (http_server.c) --- */

#define HTTP_READ_BYTES 65536
#define HTTP_DATE_LINE "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"

/* From base/limits.h; a test may be less patient. */
struct http_patience {
    uint64_t head_ms, body_ms, idle_ms, write_ms, linger_ms, drain_ms, sweep_ms;
    unsigned connections_max;
};

struct http_server {
    struct loop *loop;
    uv_loop_t *uv;
    struct http_handler handler;
    struct http_patience patience;
    int port;
    uv_tcp_t listener;
    uv_prepare_t before_sleep;
    uv_timer_t sweep; /* runs while there are connections */
    struct connection_list connections; /* roughly, the one silent for longest first */
    struct connection_list awake;
    char date[sizeof HTTP_DATE_LINE];   /* the header line, not older than a second or so */
    char read_into[HTTP_READ_BYTES];    /* by whichever connection is being read */
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
void server_remove_connection(struct http_server *server);

#endif
