/*
 * One connection: nghttp2's client session between a socket and requests, with TLS between session and socket where there is an identity.
 *
 *     grpc_connection_send --> session --flush, once a round--> (TLS) --> socket
 *     socket --> (TLS) --> session --> headers, data of a stream --> its request --> answered | lost
 *
 * Requests are written at the end of the loop's round, so that all that one round brings goes out together.
 */
#include "platform/rpc/grpc_client_internal.h"

#include "base/assert.h"
#include "base/limits.h"
#include "platform/tls/tls_client.h"

#include <stdio.h>
#include <stdlib.h>

#define WINDOW_BYTES (16 << 20)
#define FLUSH_BYTES 65536
#define RECORD_BYTES 16384

struct grpc_connection {
    struct loop *loop;
    const char *address;
    const struct grpc_connection_events *events;
    void *data;
    struct socket *socket;
    struct tls_client *tls; /* NULL: in the clear */
    nghttp2_session *session;
    struct grpc_request *requests; /* under way */
    struct timer timer;            /* connecting takes too long; then: nothing came, or no answer to a ping */
    struct task flush;
    bool flush_posted;
    bool writable;                 /* bytes may go out */
    bool open;                     /* its settings have come: requests may */
    bool heard, pinging;           /* since the timer looked last; a ping is on its way */
    bool going;
    bool freed; /* by its user, while its flush is on its way */
};

/* --- requests under way ------------------------------------------------------------------------------------------ */

static void add(struct grpc_connection *connection, struct grpc_request *request)
{
    request->connection = connection;
    request->before = NULL;
    request->next = connection->requests;
    if (request->next != NULL)
        request->next->before = request;
    connection->requests = request;
}

static void take_out(struct grpc_request *request)
{
    if (request->before != NULL)
        request->before->next = request->next;
    else
        request->connection->requests = request->next;
    if (request->next != NULL)
        request->next->before = request->before;
    request->connection = NULL;
    request->next = request->before = NULL;
}

bool grpc_connection_is_idle(const struct grpc_connection *connection)
{
    return connection->requests == NULL;
}

/* --- sending ----------------------------------------------------------------------------------------------------- */

/* What TLS has to say by itself, too. */
static void send_sealed(struct grpc_connection *connection)
{
    struct buffer sealed;
    buffer_init(&sealed, SIZE_MAX);
    tls_client_take(connection->tls, &sealed);
    socket_send(connection->socket, sealed.at, sealed.length);
    buffer_release(&sealed);
}

static void send_out(struct grpc_connection *connection, const struct buffer *out)
{
    if (connection->tls == NULL) {
        socket_send(connection->socket, out->at, out->length);
        return;
    }
    tls_client_write(connection->tls, out->at, out->length);
    send_sealed(connection);
}

static void flush(struct grpc_connection *connection)
{
    struct buffer out;
    const uint8_t *piece;
    ssize_t length;
    buffer_init(&out, SIZE_MAX);
    while ((length = nghttp2_session_mem_send(connection->session, &piece)) > 0) {
        buffer_add(&out, piece, (size_t)length);
        if (out.length < FLUSH_BYTES)
            continue;
        send_out(connection, &out);
        buffer_empty(&out);
    }
    send_out(connection, &out);
    buffer_release(&out);
    if (length < 0)
        grpc_connection_end(connection, nghttp2_strerror((int)length));
    else if (!nghttp2_session_want_read(connection->session) && !nghttp2_session_want_write(connection->session))
        grpc_connection_end(connection, "The connection has come to its end.");
}

static void on_flush(struct task *task)
{
    struct grpc_connection *connection = (struct grpc_connection *)((char *)task - offsetof(struct grpc_connection, flush));
    connection->flush_posted = false;
    if (connection->freed)
        free(connection);
    else if (connection->writable)
        flush(connection);
}

static void flush_soon(struct grpc_connection *connection)
{
    if (connection->flush_posted || !connection->writable)
        return;
    connection->flush_posted = true;
    connection->flush.run = on_flush;
    loop_post(connection->loop, &connection->flush);
}

static ssize_t give_body(nghttp2_session *session, int32_t stream, uint8_t *room, size_t length, uint32_t *flags,
                         nghttp2_data_source *source, void *data)
{
    (void)session, (void)stream, (void)data;
    struct grpc_request *request = source->ptr;
    size_t left = request->frame.length - request->sent, given = left < length ? left : length;
    memcpy(room, request->frame.at + request->sent, given);
    request->sent += given;
    if (given == left)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)given;
}

bool grpc_connection_send(struct grpc_connection *connection, struct grpc_request *request)
{
    nghttp2_nv headers[GRPC_REQUEST_HEADERS_MAX];
    size_t count = grpc_request_headers(request, connection->address, connection->tls != NULL, headers);
    nghttp2_data_provider body = {.source.ptr = request, .read_callback = give_body};
    if (!connection->open || connection->going)
        return false;
    request->sent = 0;
    request->stream = nghttp2_submit_request(connection->session, NULL, headers, count, &body, request);
    if (request->stream < 0)
        return false;
    add(connection, request);
    flush_soon(connection);
    return true;
}

void grpc_connection_cancel(struct grpc_connection *connection, struct grpc_request *request)
{
    take_out(request);
    nghttp2_session_set_stream_user_data(connection->session, request->stream, NULL);
    nghttp2_submit_rst_stream(connection->session, NGHTTP2_FLAG_NONE, request->stream, NGHTTP2_CANCEL);
    flush_soon(connection);
}

/* --- keeping it alive -------------------------------------------------------------------------------------------- */

static void look_again(struct grpc_connection *connection, int64_t after_ms)
{
    connection->heard = false;
    timer_start(connection->loop, &connection->timer, INT64_C(1000) * after_ms);
}

/* --- what the session tells -------------------------------------------------------------------------------------- */

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_length, const uint8_t *value,
                     size_t value_length, uint8_t flags, void *data)
{
    (void)flags, (void)data;
    struct grpc_request *request = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    if (request != NULL)
        grpc_request_take_header(request, (struct text){(const char *)name, name_length}, (struct text){(const char *)value, value_length});
    return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t stream, const uint8_t *bytes, size_t length, void *data)
{
    (void)flags, (void)data;
    struct grpc_request *request = nghttp2_session_get_stream_user_data(session, stream);
    if (request != NULL)
        buffer_add(&request->body, bytes, length);
    return 0;
}

static int on_stream_close(nghttp2_session *session, int32_t stream, uint32_t error, void *data)
{
    struct grpc_connection *connection = data;
    struct grpc_request *request = nghttp2_session_get_stream_user_data(session, stream);
    if (request == NULL)
        return 0;
    take_out(request);
    /* NO_ERROR after an answer also resets what the server did not want to read. */
    if (error == NGHTTP2_NO_ERROR || request->has_status)
        connection->events->answered(connection->data, request);
    else
        connection->events->lost(connection->data, request, error == NGHTTP2_REFUSED_STREAM);
    return 0;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *data)
{
    (void)session;
    struct grpc_connection *connection = data;
    if (frame->hd.type == NGHTTP2_SETTINGS && !connection->open) {
        connection->open = true;
        look_again(connection, LIMIT_GRPC_PING_MS);
        connection->events->opened(connection->data);
    }
    if (frame->hd.type == NGHTTP2_GOAWAY && !connection->going) {
        connection->going = true;
        connection->events->going(connection->data);
    }
    return 0;
}

static nghttp2_session *session_new(struct grpc_connection *connection)
{
    nghttp2_session_callbacks *callbacks;
    nghttp2_session *session;
    ASSERT(nghttp2_session_callbacks_new(&callbacks) == 0);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    ASSERT(nghttp2_session_client_new(&session, callbacks, connection) == 0);
    nghttp2_session_callbacks_del(callbacks);

    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, WINDOW_BYTES},
    };
    ASSERT(nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings, 2) == 0);
    ASSERT(nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0, WINDOW_BYTES) == 0);
    return session;
}

/* --- whether it is still there ----------------------------------------------------------------------------------- */

/* Whatever comes shows that it is there; when nothing has come, it is asked. */
static void on_timer(struct timer *timer)
{
    struct grpc_connection *connection = (struct grpc_connection *)((char *)timer - offsetof(struct grpc_connection, timer));
    if (!connection->open) {
        grpc_connection_end(connection, "It took too long to connect.");
    } else if (connection->heard) {
        connection->pinging = false;
        look_again(connection, LIMIT_GRPC_PING_MS);
    } else if (connection->pinging) {
        grpc_connection_end(connection, "The other side does not answer pings.");
    } else {
        connection->pinging = true;
        nghttp2_submit_ping(connection->session, NGHTTP2_FLAG_NONE, NULL);
        look_again(connection, LIMIT_GRPC_SILENCE_MS);
        flush_soon(connection);
    }
}

/* --- the socket's side ------------------------------------------------------------------------------------------- */

/* Somebody listens; whether a process is behind it shows when its settings come. */
static void on_opened(void *data)
{
    struct grpc_connection *connection = data;
    if (connection->tls != NULL) {
        send_sealed(connection);
        return;
    }
    connection->writable = true;
    flush_soon(connection);
}

/* False when that was the end of it. */
static bool take_bytes(struct grpc_connection *connection, const void *bytes, size_t count)
{
    ssize_t taken = nghttp2_session_mem_recv(connection->session, bytes, count);
    if (taken < 0) {
        grpc_connection_end(connection, nghttp2_strerror((int)taken));
        return false;
    }
    flush_soon(connection);
    return true;
}

static void take_sealed(struct grpc_connection *connection, const void *bytes, size_t count)
{
    char plain[RECORD_BYTES];
    size_t length;
    tls_client_feed(connection->tls, bytes, count);
    if (tls_client_is_open(connection->tls) && !connection->writable) {
        connection->writable = true;
        flush_soon(connection);
    }
    while ((length = tls_client_read(connection->tls, plain, sizeof plain)) > 0)
        if (!take_bytes(connection, plain, length))
            return;
    send_sealed(connection);
    if (tls_client_fault(connection->tls) != NULL)
        grpc_connection_end(connection, tls_client_fault(connection->tls));
}

static void on_received(void *data, const void *bytes, size_t count)
{
    struct grpc_connection *connection = data;
    connection->heard = true;
    if (connection->tls != NULL)
        take_sealed(connection, bytes, count);
    else
        take_bytes(connection, bytes, count);
}

static void on_closed(void *data, const char *why)
{
    struct grpc_connection *connection = data;
    bool was_turned_away = connection->tls == NULL && connection->writable && !connection->heard && !connection->open;
    grpc_connection_end(connection, was_turned_away ? "It closes the connection without a word: if it wants TLS, its address is to be written "
                                                      "grpcs://host:port."
                                                    : why);
}

/* --- beginning and end ------------------------------------------------------------------------------------------- */

struct grpc_connection *grpc_connection_open(struct loop *loop, const char *address, struct tls_identity *identity,
                                             const struct grpc_connection_events *events, void *data)
{
    static const struct socket_events socket_events = {.opened = on_opened, .received = on_received, .closed = on_closed};
    struct grpc_connection *connection = calloc(1, sizeof *connection);
    ASSERT(connection != NULL);
    connection->loop = loop;
    connection->address = address;
    connection->events = events;
    connection->data = data;
    connection->timer.run = on_timer;
    connection->session = session_new(connection);
    connection->tls = identity != NULL ? tls_client_new(identity, address) : NULL;
    connection->socket = socket_open(loop, address, &socket_events, connection);
    timer_start(loop, &connection->timer, INT64_C(1000) * LIMIT_GRPC_CONNECT_MS);
    return connection;
}

/* Every request under way is lost, and the user told; the user frees. */
void grpc_connection_end(struct grpc_connection *connection, const char *why)
{
    connection->open = connection->writable = false;
    timer_stop(connection->loop, &connection->timer);
    while (connection->requests != NULL) {
        struct grpc_request *request = connection->requests;
        bool unsent = request->sent == 0 && request->frame.length > 0;
        take_out(request);
        connection->events->lost(connection->data, request, unsent);
    }
    connection->events->closed(connection->data, why);
}

void grpc_connection_free(struct grpc_connection *connection)
{
    ASSERT(connection->requests == NULL);
    timer_stop(connection->loop, &connection->timer);
    socket_close(connection->socket);
    nghttp2_session_del(connection->session);
    tls_client_free(connection->tls);
    connection->tls = NULL;
    connection->freed = true;
    if (!connection->flush_posted)
        free(connection);
}
