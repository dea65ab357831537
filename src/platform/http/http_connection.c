/*
 * One connection: the socket under a framing, with TLS between them where the server has a certificate.
 *
 * Which framing it is, ALPN says, or in the clear the first bytes: HTTP/2 begins with a preface that no request of HTTP/1.1 can begin
 * with (RFC 9113 section 3.3, "prior knowledge"). Until the bytes differ from it they are kept here. `Upgrade: h2c` is ignored, as
 * that RFC asks.
 *
 *     open --framing is finished--> lingering --client closes, or LIMIT_HTTP_LINGER_MS--> closed
 *       |                                                                                   ^
 *       +--error, time-out, broken answer, client closed and all is sent--------------------+
 *
 * Reading puts bytes into the server's one read buffer and hands them to the framing at once: an idle connection holds no buffer.
 * Writing happens once in a round of the loop, before it sleeps (connection_advance): all answers that are ready leave in one
 * writev, straight from where they lie (or through TLS's buffer). Only what the socket does not take is left to libuv, by reference, and until libuv is
 * done with it nothing else is sent. When the framing has no room for more requests we stop reading, and TCP slows the client.
 */
#include "base/assert.h"
#include "platform/http/http_internal.h"
#include "platform/http/http_tls.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>

/* A pipeline of answers, of two pieces each, and some to spare; more go with the next call. */
#define PIECES_MAX 48

static struct connection *of(void *handle)
{
    return (struct connection *)((uv_handle_t *)handle)->data;
}

static uint64_t now_ms(const struct connection *connection)
{
    return uv_now(connection->server->uv);
}

static uv_stream_t *stream_of(struct connection *connection)
{
    return (uv_stream_t *)&connection->tcp;
}

/* --- closing --- */

static void on_closed(uv_handle_t *handle)
{
    struct connection *connection = of(handle);
    struct http_server *server = connection->server;
    bool came_late = connection->came_late;
    free(connection);
    server_remove_connection(server, came_late);
}

/* Out of the server's lists and of the framing's hands; the memory goes when libuv has let go. */
static void retire(struct connection *connection)
{
    connection->closing = true;
    TAILQ_REMOVE(&connection->server->connections, connection, in_all);
    if (connection->awake)
        TAILQ_REMOVE(&connection->server->awake, connection, in_awake);
    connection->framing->release(connection);
    tls_free(connection->tls);
    connection->tls = NULL;
}

void http_connection_close(struct connection *connection)
{
    if (connection->closing)
        return;
    retire(connection);
    uv_close((uv_handle_t *)&connection->tcp, on_closed);
}

/* With a reset, so that nobody takes the end of the bytes for the end of the answer. */
static void break_off(struct connection *connection)
{
    retire(connection);
    if (uv_tcp_close_reset(&connection->tcp, on_closed) != 0)
        uv_close((uv_handle_t *)&connection->tcp, on_closed);
}

static void on_shutdown(uv_shutdown_t *shutdown, int status)
{
    struct connection *connection = of(shutdown->handle);
    if (status < 0 && !connection->closing)
        http_connection_close(connection);
}

/* All is sent. Closing now, with bytes of the client unread, would send a reset that may overtake the answer (RFC 9112 section
 * 9.6): say that we are done, and read into nothing until the client is, too. */
static void linger(struct connection *connection)
{
    if (connection->heard_end || uv_shutdown(&connection->shutdown, stream_of(connection), on_shutdown) != 0) {
        http_connection_close(connection);
        return;
    }
    connection->lingering = true;
    connection->lingering_since_ms = now_ms(connection);
}

/* --- reading --- */

static void on_room_wanted(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    (void)suggested;
    struct connection *connection = of(handle);
    struct http_server *server = connection->server;
    /* TLS may hold back part of a record, and give it with the next read: the framing must never get more than one read at once. */
    size_t length = connection->tls ? sizeof server->read_into - TLS_RECORD_BYTES : sizeof server->read_into;
    *buffer = (uv_buf_t){.base = server->read_into, .len = length};
}

/* Silence is counted from now; the list stays in the order of it. */
static void heard(struct connection *connection)
{
    struct connection_list *all = &connection->server->connections;
    connection->moved_ms = now_ms(connection);
    if (connection != TAILQ_LAST(all, connection_list)) {
        TAILQ_REMOVE(all, connection, in_all);
        TAILQ_INSERT_TAIL(all, connection, in_all);
    }
}

/* What came before the framing was known is received first. */
static void know_framing(struct connection *connection)
{
    connection->framing_is_known = true;
    if (connection->preface_length > 0)
        connection->framing->receive(connection, connection->preface, connection->preface_length);
}

/* How many of the bytes belong to HTTP/2's preface, as far as has come of it. */
static size_t take_preface(struct connection *connection, const char *bytes, size_t length)
{
    size_t left = HTTP2_PREFACE_LENGTH - connection->preface_length;
    size_t here = length < left ? length : left;
    if (memcmp(bytes, HTTP2_PREFACE + connection->preface_length, here) != 0) {
        know_framing(connection);
        return 0;
    }
    memcpy(connection->preface + connection->preface_length, bytes, here);
    connection->preface_length += here;
    if (connection->preface_length == HTTP2_PREFACE_LENGTH) {
        http2_begin(connection);
        know_framing(connection);
    }
    return here;
}

void connection_receive(struct connection *connection, char *bytes, size_t length)
{
    size_t taken = connection->framing_is_known ? 0 : take_preface(connection, bytes, length);
    if (taken < length)
        connection->framing->receive(connection, bytes + taken, length - taken);
}

/* The client has said its last word: by closing its side, or within TLS. */
static void receive_end(struct connection *connection)
{
    connection->heard_end = true;
    if (!connection->framing_is_known)
        know_framing(connection);
    connection->framing->receive_end(connection);
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
    struct connection *connection = of(stream);
    if (count == 0)
        return;
    if (count < 0 && (count != UV_EOF || connection->lingering)) {
        http_connection_close(connection);
        return;
    }
    if (connection->lingering)
        return;

    if (count == UV_EOF) {
        receive_end(connection);
    } else {
        heard(connection);
        if (!connection->tls)
            connection_receive(connection, buffer->base, (size_t)count);
        else if (tls_receive(connection, buffer->base, (size_t)count))
            receive_end(connection);
    }
    connection_wake(connection);
}

static void set_reading(struct connection *connection, bool wanted)
{
    if (wanted == connection->reading)
        return;
    connection->reading = wanted;
    if (!wanted)
        uv_read_stop(stream_of(connection));
    else if (uv_read_start(stream_of(connection), on_room_wanted, on_read) != 0)
        http_connection_close(connection);
}

/* --- writing --- */

static unsigned output(struct connection *connection, uv_buf_t *pieces, size_t *total)
{
    return connection->tls ? tls_output(connection, pieces, total)
                           : connection->framing->output(connection, pieces, PIECES_MAX, total);
}

static void sent(struct connection *connection, size_t bytes)
{
    connection->moved_ms = now_ms(connection);
    if (connection->tls)
        tls_sent(connection, bytes);
    else
        connection->framing->sent(connection, bytes);
}

static bool is_finished(const struct connection *connection)
{
    return connection->tls ? tls_is_finished(connection) : connection->framing->is_finished(connection);
}

static bool wants_bytes(const struct connection *connection)
{
    return connection->tls ? tls_wants_bytes(connection) : connection->framing->wants_bytes(connection);
}

static void on_written(uv_write_t *write, int status)
{
    struct connection *connection = of(write->handle);
    connection->writing = false;
    if (connection->closing)
        return;
    if (status < 0) {
        http_connection_close(connection);
        return;
    }
    sent(connection, connection->writing_bytes);
    connection_wake(connection);
}

/* The socket is full: libuv sends the rest when it can. */
static void write_later(struct connection *connection)
{
    uv_buf_t pieces[PIECES_MAX];
    unsigned count = output(connection, pieces, &connection->writing_bytes);
    connection->writing = true;
    connection->writing_since_ms = now_ms(connection);
    if (uv_write(&connection->write, stream_of(connection), pieces, count, on_written) != 0)
        http_connection_close(connection);
}

static void write_now(struct connection *connection)
{
    while (!connection->writing && !connection->closing) {
        uv_buf_t pieces[PIECES_MAX];
        size_t total;
        unsigned count = output(connection, pieces, &total);
        if (count == 0)
            return;
        int result = uv_try_write(stream_of(connection), pieces, count);
        if (result < 0 && result != UV_EAGAIN) {
            http_connection_close(connection);
            return;
        }
        size_t taken = result < 0 ? 0 : (size_t)result;
        sent(connection, taken);
        if (taken < total)
            write_later(connection);
    }
}

/* --- the life of it --- */

void connection_wake(struct connection *connection)
{
    if (connection->awake || connection->closing)
        return;
    connection->awake = true;
    TAILQ_INSERT_TAIL(&connection->server->awake, connection, in_awake);
}

/* What holds whenever the loop sleeps. */
static void check(const struct connection *connection)
{
    ASSERT(!connection->lingering || is_finished(connection));
    ASSERT((connection->framing == &http2_framing) == (connection->http2 != NULL));
    connection->framing->check(connection);
}

void connection_advance(struct connection *connection)
{
    if (connection->lingering)
        return;
    do {
        write_now(connection);
        if (!connection->closing && connection->framing->is_broken(connection))
            break_off(connection);
    } while (!connection->closing && connection->framing->resume(connection));

    if (!connection->closing && !connection->writing && is_finished(connection))
        linger(connection);
    if (connection->closing)
        return;
    set_reading(connection, connection->lingering || (!connection->heard_end && wants_bytes(connection)));
    check(connection);
}

static void read_peer(struct connection *connection)
{
    struct sockaddr_storage address;
    int length = sizeof address;
    if (uv_tcp_getpeername(&connection->tcp, (struct sockaddr *)&address, &length) != 0)
        return;
    uv_ip_name((struct sockaddr *)&address, connection->peer, sizeof connection->peer);
    /* An IPv4 client of an IPv6 socket. */
    static const char mapped[] = "::ffff:";
    if (strncmp(connection->peer, mapped, sizeof mapped - 1) == 0 && strchr(connection->peer, '.'))
        memmove(connection->peer, connection->peer + sizeof mapped - 1, strlen(connection->peer + sizeof mapped - 1) + 1);
}

void connection_accept(struct http_server *server, int fd)
{
    struct connection *connection = calloc(1, sizeof *connection);
    ASSERT(connection);
    connection->server = server;
    ASSERT(uv_tcp_init(server->uv, &connection->tcp) == 0);
    connection->tcp.data = connection;
    connection->framing = &http1_framing;
    http1_init(&connection->http1);
    connection->moved_ms = now_ms(connection);
    if (server->tls)
        connection->tls = tls_new(server->tls, connection->moved_ms);

    bool has_room = server_make_room(server);
    server_add_connection(server, connection);
    int failure = fd >= 0 ? uv_tcp_open(&connection->tcp, fd) : uv_accept((uv_stream_t *)&server->listener, stream_of(connection));
    if (failure != 0 && fd >= 0)
        close(fd);
    if (failure != 0 || !has_room) {
        http_connection_close(connection);
        return;
    }
    uv_tcp_nodelay(&connection->tcp, 1);
    read_peer(connection);
    set_reading(connection, true);
}

bool connection_is_idle(const struct connection *connection)
{
    return !connection->lingering && connection->framing->is_idle(connection);
}

/* How long libuv may take over what it has been given: the more it has sent, the longer. */
static uint64_t writing_ms_max(const struct connection *connection)
{
    size_t left = uv_stream_get_write_queue_size((const uv_stream_t *)&connection->tcp);
    size_t done = connection->writing_bytes > left ? connection->writing_bytes - left : 0;
    return connection->server->patience.write_ms + done * 1000 / LIMIT_HTTP_OCTETS_PER_SECOND;
}

void connection_check_time(struct connection *connection, uint64_t now)
{
    const struct http_patience *patience = &connection->server->patience;
    uint64_t silent_ms = now - connection->moved_ms;
    if (connection->lingering) {
        if (now - connection->lingering_since_ms > patience->linger_ms)
            http_connection_close(connection);
    } else if (connection->writing && now - connection->writing_since_ms > writing_ms_max(connection)) {
        break_off(connection);
    } else if (connection->tls && !tls_is_established(connection) && now - tls_since_ms(connection) > patience->head_ms) {
        http_connection_close(connection);
    } else if (connection->heard_end && silent_ms > patience->idle_ms) {
        /* The client said its last word a while ago and a stream has had nothing for it since: it is gone. */
        http_connection_close(connection);
    } else if (connection_is_idle(connection) && silent_ms > patience->idle_ms) {
        connection->framing->stop(connection, true);
    } else {
        connection->framing->check_time(connection, now);
    }
}

bool connection_may_be_closed(const struct connection *connection)
{
    const struct http_server *server = connection->server;
    uint64_t since_ms = connection->moved_ms > server->stopping_since_ms ? connection->moved_ms : server->stopping_since_ms;
    return now_ms(connection) - since_ms >= server->patience.farewell_ms;
}

void connection_stop(struct connection *connection)
{
    if (!connection->lingering)
        connection->framing->stop(connection, false);
}
