/*
 * HTTP/2 on a connection: nghttp2's session, what a client may not do to it, and its end.
 *
 * Bytes that came go to nghttp2 at once, which calls us for each head, piece of body and end; handlers run in there, and may answer.
 * Before the loop sleeps nghttp2 is asked for frames, until there are none or 64 KB wait for the socket: all answers of a round leave
 * together. A client that doesn't take them is not read from, so it can't make us queue more.
 *
 * What a client may do wrong, and who stops it:
 *
 *     malformed requests (RFC 9113 section 8)       nghttp2: RST_STREAM; counted here as nuisances
 *     CONTINUATION without end (CVE-2024-27983 …)   nghttp2, LIMIT_HTTP2_CONTINUATIONS
 *     a head that is too large, or grows in HPACK   nghttp2's limits, LIMIT_HTTP_HEADER_BYTES, 431
 *     rapid reset (CVE-2023-44487), and having us   nuisances; LIMIT_HTTP2_CANCELLED bounds what is worked on for nobody
 *       reset by frames that are wrong (CVE-2025-8671)
 *     PING, SETTINGS, PRIORITY, empty DATA          nuisances
 *     WINDOW_UPDATE                                 an allowance of its own, as readers of large answers send many
 *     acknowledgements that are never read          nghttp2, LIMIT_HTTP2_ACKNOWLEDGEMENTS
 *     too many streams                              nghttp2, LIMIT_HTTP2_STREAMS
 *     bodies of many streams at once                LIMIT_HTTP2_BODIES; streamed ones their windows, too
 *     heads and bodies that come slowly             check_time: LIMIT_HTTP_HEAD_MS, LIMIT_HTTP_BODY_MS
 *     nothing at all, while it has open requests    check_presence: LIMIT_HTTP2_SILENCE_MS
 *     windows that are never opened, or by bytes    check_time: LIMIT_HTTP_WRITE_MS, LIMIT_HTTP_OCTETS_PER_SECOND
 *
 * Stopping: GOAWAY that names no last stream, so that the client sends no more; a second later, or when it has answered a PING that went
 * along, GOAWAY that names the last stream we know. What came in between is answered; then the connection ends.
 */
#include "platform/http/http2.h"

#include "base/assert.h"

#include <pthread.h>
#include <stdlib.h>

#define OUTPUT_BYTES 65536
/* A frame that begins before OUTPUT_BYTES are full may end behind them; no peer can make us send larger ones. */
#define OUTPUT_BYTES_MAX (OUTPUT_BYTES + (1 << 17))
#define TOLD_MS 1000

/* --- frames that ask for nothing --- */

static void allow(struct http2_allowance *allowance, int64_t more)
{
    allowance->left = allowance->left + more > LIMIT_HTTP2_NUISANCES ? LIMIT_HTTP2_NUISANCES : allowance->left + more;
}

static bool take_allowance(struct http2_allowance *allowance, uint64_t now_ms)
{
    int64_t earned = (int64_t)(now_ms - allowance->since_ms) * LIMIT_HTTP2_NUISANCES_PER_SECOND / 1000;
    if (earned > 0) {
        allow(allowance, earned);
        allowance->since_ms = now_ms;
    }
    return allowance->left-- > 0;
}

static void send_away(struct http2 *http2, uint32_t error)
{
    if (http2->is_sent_away)
        return;
    http2->is_sent_away = true;
    http_count(&http2->connection->server->refused, 1);
    nghttp2_session_terminate_session(http2->session, error);
    http2_wake(http2);
}

static void count_nuisance(struct http2 *http2)
{
    if (!take_allowance(&http2->nuisances, http2_now_ms(http2)))
        send_away(http2, NGHTTP2_ENHANCE_YOUR_CALM);
}

static void count_update(struct http2 *http2)
{
    if (!take_allowance(&http2->updates, http2_now_ms(http2)))
        send_away(http2, NGHTTP2_ENHANCE_YOUR_CALM);
}

/* --- what nghttp2 tells us --- */

static struct http2_exchange *exchange_of(struct http2 *http2, int32_t id)
{
    return nghttp2_session_get_stream_user_data(http2->session, id);
}

static int on_begin_frame(nghttp2_session *session, const nghttp2_frame_hd *head, void *data)
{
    (void)session;
    struct http2 *http2 = data;
    switch (head->type) {
    case NGHTTP2_DATA:
        if (head->length > 0 || (head->flags & NGHTTP2_FLAG_END_STREAM))
            return 0;
        break;
    case NGHTTP2_HEADERS:
        return 0;
    case NGHTTP2_WINDOW_UPDATE:
        count_update(http2);
        return 0;
    default:
        break;
    }
    count_nuisance(http2);
    return 0;
}

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *data)
{
    struct http2 *http2 = data;
    int32_t id = frame->hd.stream_id;
    http2->in_head = true;
    http2->head_since_ms = http2_now_ms(http2);
    if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST || http2->is_sent_away)
        return 0;
    if (http2->cancelled >= LIMIT_HTTP2_CANCELLED) {
        http2_reset(http2, id, NGHTTP2_REFUSED_STREAM);
        return 0;
    }
    nghttp2_session_set_stream_user_data(session, id, http2_exchange_new(http2, id));
    return 0;
}

/* Trailers are checked and dropped, as in HTTP/1.1. */
static bool take_trailer(struct http2_exchange *exchange, nghttp2_rcbuf *name, nghttp2_rcbuf *value)
{
    exchange->trailer_bytes += nghttp2_rcbuf_get_buf(name).len + nghttp2_rcbuf_get_buf(value).len;
    return exchange->trailer_bytes <= LIMIT_HTTP_TRAILERS;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, nghttp2_rcbuf *name, nghttp2_rcbuf *value,
                     uint8_t flags, void *data)
{
    (void)session, (void)flags;
    struct http2_exchange *exchange = exchange_of(data, frame->hd.stream_id);
    if (!exchange)
        return 0;
    bool fine = frame->headers.cat == NGHTTP2_HCAT_REQUEST ? http2_exchange_take_field(exchange, name, value)
                                                           : take_trailer(exchange, name, value);
    return fine ? 0 : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE; /* which resets the stream and skips the rest of its head */
}

/* The connection's window opens at once, so that a stream that is not taken from stops no other one. */
static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *bytes, size_t length, void *data)
{
    (void)flags;
    struct http2_exchange *exchange = exchange_of(data, id);
    bool waits = exchange && http2_exchange_take_body(exchange, bytes, length);
    nghttp2_session_consume_connection(session, length);
    if (!waits)
        nghttp2_session_consume_stream(session, id, length);
    return 0;
}

/* What a PING says, by which its answer is told from others'. */
static const uint8_t farewell[8] = "farewell";
static const uint8_t are_you_there[8] = "are you?";

static void stop_finally(struct http2 *http2);

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *data)
{
    (void)session;
    struct http2 *http2 = data;
    bool ends = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
    if (frame->hd.type == NGHTTP2_PING && (frame->hd.flags & NGHTTP2_FLAG_ACK) && http2->stopping == HTTP2_TOLD &&
        memcmp(frame->ping.opaque_data, farewell, sizeof farewell) == 0)
        stop_finally(http2);
    if (frame->hd.type == NGHTTP2_HEADERS)
        http2->in_head = false;
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA)
        return 0;
    struct http2_exchange *exchange = exchange_of(http2, frame->hd.stream_id);
    if (!exchange || http2->is_sent_away)
        return 0;
    if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST)
        http2_exchange_take_head(exchange, ends);
    else if (ends)
        http2_exchange_take_end(exchange);
    return 0;
}

static int on_invalid_frame(nghttp2_session *session, const nghttp2_frame *frame, int error, void *data)
{
    (void)session, (void)error;
    struct http2 *http2 = data;
    http_count(&http2->connection->server->refused, 1);
    if (frame->hd.type == NGHTTP2_HEADERS)
        http2->in_head = false;
    count_nuisance(http2);
    return 0;
}

static int on_stream_close(nghttp2_session *session, int32_t id, uint32_t error, void *data)
{
    (void)session;
    struct http2 *http2 = data;
    struct http2_exchange *exchange = exchange_of(http2, id);
    http2->in_head = false;
    if (!exchange)
        return 0;
    if (error == NGHTTP2_NO_ERROR && exchange->is_complete) {
        http_count(&http2->connection->server->answered, 1);
        allow(&http2->nuisances, 1);
    }
    http2_exchange_close(exchange);
    return 0;
}

/* The answer is sent, and the client is still sending: it may stop (RFC 9113 section 8.1). */
static void end_request(struct http2 *http2, const nghttp2_frame *frame)
{
    if (nghttp2_session_get_stream_remote_close(http2->session, frame->hd.stream_id) == 0)
        http2_reset(http2, frame->hd.stream_id, NGHTTP2_NO_ERROR);
}

static int on_frame_sent(nghttp2_session *session, const nghttp2_frame *frame, void *data)
{
    (void)session;
    struct http2 *http2 = data;
    if (frame->hd.type == NGHTTP2_DATA)
        allow(&http2->updates, LIMIT_HTTP2_UPDATES_PER_DATA);
    if (frame->hd.type == NGHTTP2_RST_STREAM && frame->rst_stream.error_code != NGHTTP2_NO_ERROR)
        count_nuisance(http2);
    if ((frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS) && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
        end_request(http2, frame);
    return 0;
}

/* A head that can't be sent, being too large: the client must not wait for it. */
static int on_frame_not_sent(nghttp2_session *session, const nghttp2_frame *frame, int error, void *data)
{
    (void)session, (void)error;
    if (frame->hd.type == NGHTTP2_HEADERS && exchange_of(data, frame->hd.stream_id))
        http2_reset(data, frame->hd.stream_id, NGHTTP2_INTERNAL_ERROR);
    return 0;
}

#define FRAME_HEAD_BYTES 9

/* As it would all be asked for in one go, here is where it stops when enough waits for the socket. */
static int send_data(nghttp2_session *session, nghttp2_frame *frame, const uint8_t *head, size_t length,
                     nghttp2_data_source *source, void *data)
{
    (void)session;
    struct http2 *http2 = data;
    ASSERT(frame->data.padlen == 0); /* we never ask for any */
    if (http2->output.length >= OUTPUT_BYTES)
        return NGHTTP2_ERR_WOULDBLOCK;
    buffer_add(&http2->output, head, FRAME_HEAD_BYTES);
    http2_exchange_take(source->ptr, &http2->output, length);
    return 0;
}

/* --- a session --- */

static nghttp2_session_callbacks *callbacks;
static nghttp2_option *options;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* The same for all, for ever. */
static void make_callbacks_and_options(void)
{
    ASSERT(nghttp2_session_callbacks_new(&callbacks) == 0 && nghttp2_option_new(&options) == 0);
    nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, on_begin_frame);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback2(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, on_invalid_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_frame_sent);
    nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks, on_frame_not_sent);
    nghttp2_session_callbacks_set_send_data_callback(callbacks, send_data);

    nghttp2_option_set_no_closed_streams(options, 1);
    nghttp2_option_set_no_auto_window_update(options, 1);
    nghttp2_option_set_max_outbound_ack(options, LIMIT_HTTP2_ACKNOWLEDGEMENTS);
    nghttp2_option_set_max_settings(options, LIMIT_HTTP2_SETTINGS);
    nghttp2_option_set_max_continuations(options, LIMIT_HTTP2_CONTINUATIONS);
    nghttp2_option_set_stream_reset_rate_limit(options, LIMIT_HTTP2_NUISANCES, LIMIT_HTTP2_NUISANCES_PER_SECOND);
}

static void say_settings(nghttp2_session *session)
{
    static const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, LIMIT_HTTP2_STREAMS},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, LIMIT_HTTP2_STREAM_WINDOW},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, LIMIT_HTTP_HEADER_BYTES},
        {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
    };
    ASSERT(nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings, sizeof settings / sizeof *settings) == 0);
    ASSERT(nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0, LIMIT_HTTP2_WINDOW) == 0);
}

void http2_begin(struct connection *connection)
{
    pthread_once(&once, make_callbacks_and_options);
    struct http2 *http2 = calloc(1, sizeof *http2);
    ASSERT(http2);
    http2->connection = connection;
    TAILQ_INIT(&http2->exchanges);
    http2->nuisances.left = http2->updates.left = LIMIT_HTTP2_NUISANCES;
    http2->nuisances.since_ms = http2->updates.since_ms = http2->flow.since_ms = http2->heard_ms = http2_now_ms(http2);
    buffer_init(&http2->output, OUTPUT_BYTES_MAX);
    ASSERT(nghttp2_session_server_new2(&http2->session, callbacks, http2, options) == 0);
    say_settings(http2->session);
    connection->framing->release(connection);
    connection->http2 = http2;
    connection->framing = &http2_framing;
    http2_wake(http2);
}

void http2_wake(struct http2 *http2)
{
    connection_wake(http2->connection);
}

void http2_reset(struct http2 *http2, int32_t id, uint32_t error)
{
    ASSERT(nghttp2_submit_rst_stream(http2->session, NGHTTP2_FLAG_NONE, id, error) == 0);
    http2_wake(http2);
}

static void release(struct connection *connection)
{
    struct http2 *http2 = connection->http2;
    struct http2_exchange *exchange;
    nghttp2_session_del(http2->session);
    http2->session = NULL;
    while ((exchange = TAILQ_FIRST(&http2->exchanges)) != NULL)
        http2_exchange_close(exchange);
    buffer_release(&http2->output);
    free(http2);
    connection->http2 = NULL;
}

/* --- bytes in --- */

static void receive(struct connection *connection, char *bytes, size_t length)
{
    struct http2 *http2 = connection->http2;
    if (http2->is_sent_away || http2->is_broken)
        return;
    http2->heard_ms = http2_now_ms(http2);
    http2->is_asked = false;
    ssize_t taken = nghttp2_session_mem_recv(http2->session, (const uint8_t *)bytes, length);
    if (taken < 0 && !http2->is_sent_away)
        http2->is_broken = true; /* not HTTP/2, or a flood that nghttp2 has had enough of */
}

/* Without its side the client can open no windows and cancel nothing: unlike in HTTP/1.1 it has gone. */
static void receive_end(struct connection *connection)
{
    struct http2 *http2 = connection->http2;
    http2->is_over = true;
    if (http2->open > 0)
        http2->is_broken = true;
}

/* nghttp2 takes all it is given. */
static bool resume(struct connection *connection)
{
    (void)connection;
    return false;
}

static size_t unsent(const struct http2 *http2)
{
    return http2->output.length - http2->output_sent;
}

static bool wants_bytes(const struct connection *connection)
{
    const struct http2 *http2 = connection->http2;
    return !http2->is_over && !http2->is_broken && unsent(http2) < OUTPUT_BYTES;
}

/* --- bytes out --- */

static void fill_output(struct http2 *http2)
{
    http2->output_sent = 0;
    buffer_empty(&http2->output);
    const uint8_t *frames;
    ssize_t length = 0;
    while (http2->output.length < OUTPUT_BYTES && (length = nghttp2_session_mem_send(http2->session, &frames)) > 0)
        buffer_add(&http2->output, frames, (size_t)length);
    ASSERT(!http2->output.overflowed);
    if (length < 0)
        http2->is_broken = true;
}

static unsigned output(struct connection *connection, uv_buf_t *pieces, unsigned maximum, size_t *total)
{
    struct http2 *http2 = connection->http2;
    (void)maximum;
    if (unsent(http2) == 0 && !http2->is_broken)
        fill_output(http2);
    *total = unsent(http2);
    if (*total == 0)
        return 0;
    *pieces = (uv_buf_t){.base = http2->output.at + http2->output_sent, .len = *total};
    return 1;
}

/* Handlers may write, or end, in there; no exchange is freed by that, as all their streams are open. */
static void tell_drained(struct http2 *http2)
{
    struct http2_exchange *exchange;
    TAILQ_FOREACH(exchange, &http2->exchanges, in_all)
        if (exchange->is_drained)
            http2_exchange_tell_drained(exchange);
}

static void sent(struct connection *connection, size_t bytes)
{
    struct http2 *http2 = connection->http2;
    http2->output_sent += bytes;
    if (unsent(http2) == 0 && http2->drained > 0)
        tell_drained(http2);
}

/* --- its end --- */

static bool is_finished(const struct connection *connection)
{
    const struct http2 *http2 = connection->http2;
    if (unsent(http2) > 0 || nghttp2_session_want_write(http2->session))
        return false;
    if (http2->stopping == HTTP2_TOLD && !http2->is_sent_away && !http2->is_over)
        return false; /* there may be a request on its way */
    return http2->is_over || !nghttp2_session_want_read(http2->session);
}

static bool is_broken(const struct connection *connection)
{
    return connection->http2->is_broken;
}

static bool is_idle(const struct connection *connection)
{
    const struct http2 *http2 = connection->http2;
    return http2->open == 0 && http2->cancelled == 0 && !http2->in_head;
}

static void stop_finally(struct http2 *http2)
{
    http2->stopping = HTTP2_STOPPED;
    nghttp2_submit_goaway(http2->session, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(http2->session), NGHTTP2_NO_ERROR,
                          NULL, 0);
    http2_wake(http2);
}

static void stop(struct connection *connection, bool at_once)
{
    struct http2 *http2 = connection->http2;
    if (at_once) {
        nghttp2_session_terminate_session(http2->session, NGHTTP2_NO_ERROR);
    } else if (http2->stopping == HTTP2_GOING_ON) {
        http2->stopping = HTTP2_TOLD;
        http2->stopping_since_ms = http2_now_ms(http2);
        nghttp2_submit_shutdown_notice(http2->session);
        nghttp2_submit_ping(http2->session, NGHTTP2_FLAG_NONE, farewell);
    } else if (http2->stopping == HTTP2_TOLD && http2_now_ms(http2) - http2->stopping_since_ms > TOLD_MS) {
        stop_finally(http2);
    }
    http2_wake(http2);
}

static void check(const struct connection *connection)
{
    const struct http2 *http2 = connection->http2;
    ASSERT(http2->drained == 0 || unsent(http2) > 0);
    ASSERT(http2->cancelled <= LIMIT_HTTP2_CANCELLED + LIMIT_HTTP2_STREAMS);
    ASSERT((http2->open == 0 && http2->cancelled == 0) == TAILQ_EMPTY(&http2->exchanges));
}

/* --- time --- */

/* Has too little been taken for too long? Counts anew after each while in which it was enough, or while the client is not to blame. */
static bool is_stalled(struct http2_flow *flow, bool waits_for_client, uint64_t now_ms, uint64_t patience_ms)
{
    uint64_t passed = now_ms - flow->since_ms;
    if (waits_for_client && passed <= patience_ms)
        return false;
    bool stalled = waits_for_client && flow->bytes < passed * LIMIT_HTTP_OCTETS_PER_SECOND / 1000;
    *flow = (struct http2_flow){.since_ms = now_ms};
    return stalled;
}

/* The body took too long: as in http1.c. */
static void check_receiving(struct http2_exchange *exchange, uint64_t now_ms, uint64_t patience_ms)
{
    uint64_t at_least_ms = exchange->body.length * 1000 / LIMIT_HTTP_OCTETS_PER_SECOND;
    if (now_ms - exchange->since_ms > patience_ms + at_least_ms)
        http2_exchange_refuse(exchange, 408, "The body took too long to come.");
}

static void check_sending(struct http2_exchange *exchange, uint64_t now_ms, uint64_t patience_ms)
{
    struct http2 *http2 = exchange->http2;
    bool waits = http2_exchange_unsent(exchange) > 0 && nghttp2_session_get_stream_remote_window_size(http2->session, exchange->id) <= 0;
    if (is_stalled(&exchange->flow, waits, now_ms, patience_ms))
        http2_reset(http2, exchange->id, NGHTTP2_CANCEL);
}

static bool has_unsent(const struct http2 *http2)
{
    const struct http2_exchange *exchange;
    TAILQ_FOREACH(exchange, &http2->exchanges, in_all)
        if (exchange->id != 0 && http2_exchange_unsent(exchange) > 0)
            return true;
    return false;
}

/* Streams may be silent for hours, and TCP tells nobody that the other machine has lost its power. */
static void check_presence(struct http2 *http2, uint64_t now_ms, uint64_t silence_ms)
{
    if (silence_ms == 0 || is_idle(http2->connection) || now_ms - http2->heard_ms <= silence_ms)
        return;
    if (!http2->is_asked) {
        http2->is_asked = true;
        http2->asked_ms = now_ms;
        nghttp2_submit_ping(http2->session, NGHTTP2_FLAG_NONE, are_you_there);
        http2_wake(http2);
    } else if (now_ms - http2->asked_ms > silence_ms) {
        http2->is_broken = true;
        http2_wake(http2);
    }
}

static void check_time(struct connection *connection, uint64_t now_ms)
{
    struct http2 *http2 = connection->http2;
    const struct http_patience *patience = &connection->server->patience;
    struct http2_exchange *exchange;
    if (http2->in_head && now_ms - http2->head_since_ms > patience->head_ms) {
        send_away(http2, NGHTTP2_ENHANCE_YOUR_CALM);
        return;
    }
    bool waits = nghttp2_session_get_remote_window_size(http2->session) <= 0 && has_unsent(http2);
    if (is_stalled(&http2->flow, waits, now_ms, patience->write_ms))
        send_away(http2, NGHTTP2_ENHANCE_YOUR_CALM);
    check_presence(http2, now_ms, patience->silence_ms);
    TAILQ_FOREACH(exchange, &http2->exchanges, in_all) {
        if (exchange->id != 0 && exchange->state == HTTP2_RECEIVING && exchange->since_ms > 0)
            check_receiving(exchange, now_ms, patience->body_ms);
        else if (exchange->id != 0)
            check_sending(exchange, now_ms, patience->write_ms);
    }
    if (is_idle(connection) && unsent(http2) == 0)
        buffer_release(&http2->output), http2->output_sent = 0; /* an idle connection holds no buffer */
}

const struct framing http2_framing = {
    .receive = receive,
    .receive_end = receive_end,
    .resume = resume,
    .output = output,
    .sent = sent,
    .wants_bytes = wants_bytes,
    .is_finished = is_finished,
    .is_broken = is_broken,
    .is_idle = is_idle,
    .check_time = check_time,
    .stop = stop,
    .check = check,
    .release = release,
};
