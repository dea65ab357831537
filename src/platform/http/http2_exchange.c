/*
 * One request and its answer on an HTTP/2 stream.
 *
 *     RECEIVING --END_STREAM--> HANDLING --respond----------------> ANSWERED
 *         |                        |                                   ^
 *         +--refused---------------|---------------------------------->|
 *                                  +--stream_begin--> STREAMING --end--+
 *                                                      |               |
 *                                        can't go on --+--> BROKEN ----+
 *
 * A request whose body is streamed is handed over with its head, not with its end: its body comes while it is handled.
 *
 * The exchange is freed when its handler is done with it (RECEIVING, ANSWERED) and its stream is closed, in either order. When the
 * stream closes first, by the client or with the connection, the exchange is `gone`: it lives on without it (`id` is 0, or `http2` NULL).
 *
 * As in http1.c a request lives in its arena, and an answer's body stays where the handler made it until nghttp2 asks for it.
 */
#include "base/assert.h"
#include "platform/http/http2.h"

#include <stdio.h>

static const struct http_exchange_operations operations;

static struct http2_exchange *of(struct http_exchange *exchange)
{
    ASSERT(exchange->operations == &operations);
    return (struct http2_exchange *)exchange;
}

/* --- its life --- */

static void release_buffer(void *buffer)
{
    buffer_release(buffer);
}

/* A buffer of the exchange's, released with its arena. */
static void init_buffer(struct http2_exchange *exchange, struct buffer *buffer, size_t maximum)
{
    buffer_init(buffer, maximum);
    arena_cleanup(exchange->exchange.arena, release_buffer, buffer);
}

struct http2_exchange *http2_exchange_new(struct http2 *http2, int32_t id)
{
    struct arena *arena = arena_new(LIMIT_CALL_ARENA);
    struct http2_exchange *exchange = ARENA_NEW(arena, struct http2_exchange);
    struct connection *connection = http2->connection;
    exchange->exchange.arena = arena;
    exchange->exchange.loop = connection->server->loop;
    exchange->exchange.operations = &operations;
    exchange->exchange.request.http2 = true;
    exchange->exchange.request.secure = connection->tls != NULL;
    exchange->http2 = http2;
    exchange->id = id;
    TAILQ_INSERT_TAIL(&http2->exchanges, exchange, in_all);
    http2->open++;
    return exchange;
}

/* This many bytes of its body are among those that the connection may have. */
static void count_body(struct http2_exchange *exchange, size_t length)
{
    if (exchange->http2)
        exchange->http2->body_bytes += length - exchange->counted;
    exchange->counted = length;
}

static void stop_receiving(struct http2_exchange *exchange)
{
    count_body(exchange, 0);
}

static void exchange_free(struct http2_exchange *exchange)
{
    if (exchange->http2)
        TAILQ_REMOVE(&exchange->http2->exchanges, exchange, in_all);
    http_shared_drop(exchange->prepared);
    arena_free(exchange->exchange.arena); /* the exchange itself is in it */
}

static bool is_in_a_handlers_hands(const struct http2_exchange *exchange)
{
    return exchange->state == HTTP2_HANDLING || exchange->state == HTTP2_STREAMING || exchange->state == HTTP2_BROKEN;
}

static void forget_drained(struct http2_exchange *exchange)
{
    if (exchange->is_drained)
        exchange->http2->drained--;
    exchange->is_drained = false;
}

static void tell_gone(struct http2_exchange *exchange)
{
    buffer_release(&exchange->sending);
    buffer_release(&exchange->pending);
    exchange->out = TEXT("");
    exchange->exchange.gone = true;
    if (exchange->exchange.on_gone)
        exchange->exchange.on_gone(&exchange->exchange);
}

void http2_exchange_close(struct http2_exchange *exchange)
{
    struct http2 *http2 = exchange->http2;
    bool connection_is_lost = http2->session == NULL;
    forget_drained(exchange);
    stop_receiving(exchange);
    if (exchange->id != 0)
        http2->open--;
    exchange->id = 0;
    exchange->exchange.body_is_open = false;
    if (!is_in_a_handlers_hands(exchange)) {
        exchange_free(exchange);
        return;
    }
    if (connection_is_lost) {
        TAILQ_REMOVE(&http2->exchanges, exchange, in_all);
        exchange->http2 = NULL;
    } else {
        http2->cancelled++;
    }
    if (!exchange->exchange.gone && !exchange->is_complete)
        tell_gone(exchange);
}

/* The handler is done. True when the stream was before it, and with that all is. */
static bool ends_a_closed_one(struct http2_exchange *exchange)
{
    if (exchange->id != 0)
        return false;
    if (exchange->http2)
        exchange->http2->cancelled--;
    exchange_free(exchange);
    return true;
}

/* --- answers --- */

static nghttp2_nv field(struct text name, struct text value, uint8_t flags)
{
    return (nghttp2_nv){.name = (uint8_t *)(uintptr_t)name.at,
                        .namelen = name.length,
                        .value = (uint8_t *)(uintptr_t)value.at,
                        .valuelen = value.length,
                        .flags = flags};
}

/* They stay in place, and the name is in lower case. */
#define AS_IT_IS (NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE)

/* Status, what the server itself says, what the handler says, perhaps the length. */
static void submit(struct http2_exchange *exchange, int status, const struct http_header *headers, size_t count, uint8_t flags,
                   const struct text *length, bool with_body)
{
    struct http2 *http2 = exchange->http2;
    nghttp2_nv *fields = arena_alloc_array(exchange->exchange.arena, count + 4, sizeof *fields);
    char digits[12];
    size_t at = 0;
    if (status == 200)
        fields[at++] = field(TEXT(":status"), TEXT("200"), AS_IT_IS);
    else
        fields[at++] = field(TEXT(":status"), (struct text){digits, (size_t)snprintf(digits, sizeof digits, "%d", status)},
                             NGHTTP2_NV_FLAG_NO_COPY_NAME);
    fields[at++] = field(TEXT("date"), (struct text){http2->connection->server->date + HTTP_DATE_AT, HTTP_DATE_LENGTH}, AS_IT_IS);
    if (exchange->exchange.request.secure)
        fields[at++] = field(TEXT("strict-transport-security"), TEXT(HTTP_TRANSPORT_SECURITY), AS_IT_IS);
    for (size_t i = 0; i < count; i++)
        fields[at++] = field(headers[i].name, headers[i].value, flags);
    if (length)
        fields[at++] = field(TEXT("content-length"), *length, NGHTTP2_NV_FLAG_NO_COPY_NAME);

    nghttp2_data_provider body = {.source.ptr = exchange, .read_callback = http2_exchange_offer};
    int failure = nghttp2_submit_response(http2->session, exchange->id, fields, at, with_body ? &body : NULL);
    ASSERT(failure == 0); /* all that it refuses is out of memory and id 0 */
    exchange->flow = (struct http2_flow){.since_ms = http2_now_ms(http2)};
    http2_wake(http2);
}

static void answer(struct http2_exchange *exchange, const struct http_response *response)
{
    ASSERT(response->status >= 200 && response->status <= 599);
    bool has_body = http_status_has_body(response->status);
    char digits[24];
    struct text length = {digits, (size_t)snprintf(digits, sizeof digits, "%zu", response->body.length)};
    if (has_body && !exchange->head_only)
        exchange->out = response->body;
    exchange->state = HTTP2_ANSWERED;
    exchange->is_complete = true;
    submit(exchange, response->status, response->headers, response->header_count, NGHTTP2_NV_FLAG_NONE, has_body ? &length : NULL,
           exchange->out.length > 0);
}

/* The prepared ones, and those that are this exchange's own. */
static const struct http_header *headers_together(struct arena *arena, const struct http_response *response, size_t *count)
{
    const struct http_header *prepared = http_shared_headers(response->prepared, count);
    if (response->header_count == 0)
        return prepared;
    struct http_header *all = ARENA_ARRAY(arena, struct http_header, *count + response->header_count);
    memcpy(all, prepared, *count * sizeof *all);
    memcpy(all + *count, response->headers, response->header_count * sizeof *all);
    *count += response->header_count;
    return all;
}

static void answer_prepared(struct http2_exchange *exchange, const struct http_response *response)
{
    size_t count;
    struct http_shared *prepared = response->prepared;
    const struct http_header *headers = headers_together(exchange->exchange.arena, response, &count);
    ASSERT(count > 0 && !exchange->head_only);
    exchange->prepared = prepared;
    exchange->out = http_shared_body(prepared);
    exchange->state = HTTP2_ANSWERED;
    exchange->is_complete = true;
    submit(exchange, 200, headers, count, AS_IT_IS, NULL, exchange->out.length > 0);
}

static void answer_problem(struct http2_exchange *exchange, int status, const char *detail)
{
    const struct http_handler *handler = &exchange->http2->connection->server->handler;
    struct http_response problem = http_problem(handler, exchange->exchange.arena, status, detail);
    answer(exchange, &problem);
}

static void respond(struct http_exchange *base, const struct http_response *response)
{
    struct http2_exchange *exchange = of(base);
    ASSERT(exchange->state == HTTP2_HANDLING);
    if (ends_a_closed_one(exchange))
        http_shared_drop(response->prepared);
    else if (response->prepared)
        answer_prepared(exchange, response);
    else if (http_response_is_clean(response))
        answer(exchange, response);
    else
        answer_problem(exchange, 500, "The answer could not be written.");
}

/* --- answers in pieces --- */

static void break_stream(struct http2_exchange *exchange)
{
    exchange->state = HTTP2_BROKEN;
    http2_reset(exchange->http2, exchange->id, NGHTTP2_INTERNAL_ERROR);
}

static void stream_begin(struct http_exchange *base, const struct http_response *head)
{
    struct http2_exchange *exchange = of(base);
    ASSERT(exchange->state == HTTP2_HANDLING && head->status >= 200 && head->status <= 599);
    exchange->state = HTTP2_STREAMING;
    if (exchange->id == 0)
        return;
    if (!http_response_is_clean(head)) {
        break_stream(exchange);
        return;
    }
    exchange->writes_body = http_status_has_body(head->status) && !exchange->head_only;
    exchange->is_complete = !exchange->writes_body;
    init_buffer(exchange, &exchange->sending, LIMIT_ANSWER_BYTES);
    init_buffer(exchange, &exchange->pending, LIMIT_ANSWER_BYTES);
    submit(exchange, head->status, head->headers, head->header_count, NGHTTP2_NV_FLAG_NONE, NULL, exchange->writes_body);
}

static void go_on(struct http2_exchange *exchange)
{
    if (exchange->is_deferred)
        nghttp2_session_resume_data(exchange->http2->session, exchange->id);
    exchange->is_deferred = false;
    http2_wake(exchange->http2);
}

static bool stream_write(struct http_exchange *base, struct text bytes)
{
    struct http2_exchange *exchange = of(base);
    if (base->gone || exchange->state == HTTP2_BROKEN)
        return false;
    ASSERT(exchange->state == HTTP2_STREAMING);
    if (!exchange->writes_body || bytes.length == 0)
        return true;
    if (http2_exchange_unsent(exchange) == 0)
        exchange->flow = (struct http2_flow){.since_ms = http2_now_ms(exchange->http2)};
    if (bytes.length + http2_exchange_unsent(exchange) > LIMIT_ANSWER_BYTES) {
        break_stream(exchange);
        return false;
    }
    buffer_add_text(&exchange->pending, bytes);
    forget_drained(exchange);
    go_on(exchange);
    return true;
}

static void keep_trailers(struct http2_exchange *exchange, const struct http_header *trailers, size_t count)
{
    struct arena *arena = exchange->exchange.arena;
    exchange->trailers = arena_alloc_array(arena, count, sizeof *exchange->trailers);
    exchange->trailer_count = count;
    for (size_t i = 0; i < count; i++) {
        struct text name = {arena_strndup(arena, trailers[i].name.at, trailers[i].name.length), trailers[i].name.length};
        struct text value = {arena_strndup(arena, trailers[i].value.at, trailers[i].value.length), trailers[i].value.length};
        exchange->trailers[i] = field(name, value, NGHTTP2_NV_FLAG_NO_COPY_VALUE);
    }
}

static void stream_end(struct http_exchange *base, bool whole, const struct http_header *trailers, size_t trailer_count)
{
    struct http2_exchange *exchange = of(base);
    ASSERT(exchange->state == HTTP2_STREAMING || exchange->state == HTTP2_BROKEN);
    if (ends_a_closed_one(exchange))
        return;
    bool is_clean = http_response_is_clean(&(struct http_response){.headers = trailers, .header_count = trailer_count});
    forget_drained(exchange);
    if (exchange->state == HTTP2_STREAMING && (!whole || !is_clean))
        break_stream(exchange);
    if (exchange->state == HTTP2_STREAMING && !exchange->is_complete) {
        if (trailer_count > 0)
            keep_trailers(exchange, trailers, trailer_count);
        exchange->is_complete = true;
        go_on(exchange);
    }
    exchange->state = HTTP2_ANSWERED;
}

size_t http2_exchange_unsent(const struct http2_exchange *exchange)
{
    return exchange->out.length + exchange->pending.length;
}

static void body_take(struct http_exchange *base, size_t length)
{
    struct http2_exchange *exchange = of(base);
    ASSERT(length <= exchange->body.length);
    buffer_consume(&exchange->body, length);
    base->request.body = buffer_text(&exchange->body);
    if (!base->body_is_open || base->gone)
        return;
    count_body(exchange, exchange->body.length);
    nghttp2_session_consume_stream(exchange->http2->session, exchange->id, length);
    http2_wake(exchange->http2);
}

static size_t stream_unsent(const struct http_exchange *base)
{
    ASSERT(base->operations == &operations);
    return http2_exchange_unsent((const struct http2_exchange *)base);
}

static const struct http_exchange_operations operations = {
    .respond = respond,
    .stream_begin = stream_begin,
    .stream_write = stream_write,
    .stream_end = stream_end,
    .stream_unsent = stream_unsent,
    .body_take = body_take,
};

void http2_exchange_tell_drained(struct http2_exchange *exchange)
{
    forget_drained(exchange);
    if (exchange->state == HTTP2_STREAMING && exchange->exchange.on_drained)
        exchange->exchange.on_drained(&exchange->exchange);
}

/* --- the body of the answer, as nghttp2 asks for it --- */

/* What a stream wrote since the last time becomes what is sent. */
static void turn_over(struct http2_exchange *exchange)
{
    if (exchange->out.length > 0 || exchange->pending.length == 0)
        return;
    struct buffer empty = exchange->sending;
    exchange->sending = exchange->pending;
    exchange->pending = empty;
    buffer_empty(&exchange->pending);
    exchange->out = buffer_text(&exchange->sending);
}

ssize_t http2_exchange_offer(nghttp2_session *session, int32_t id, uint8_t *room, size_t length, uint32_t *flags,
                             nghttp2_data_source *source, void *data)
{
    (void)room, (void)data;
    struct http2_exchange *exchange = source->ptr;
    turn_over(exchange);
    size_t here = length < exchange->out.length ? length : exchange->out.length;
    if (here == 0 && !exchange->is_complete) {
        exchange->is_deferred = true;
        return NGHTTP2_ERR_DEFERRED;
    }
    if (here > 0)
        *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (exchange->is_complete && here == http2_exchange_unsent(exchange)) {
        *flags |= NGHTTP2_DATA_FLAG_EOF;
        if (exchange->trailer_count > 0) {
            *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
            nghttp2_submit_trailer(session, id, exchange->trailers, exchange->trailer_count);
        }
    }
    return (ssize_t)here;
}

void http2_exchange_take(struct http2_exchange *exchange, struct buffer *output, size_t length)
{
    ASSERT(length <= exchange->out.length);
    buffer_add(output, exchange->out.at, length);
    exchange->out.at += length;
    exchange->out.length -= length;
    exchange->flow.bytes += length;
    exchange->http2->flow.bytes += length;
    if (exchange->state == HTTP2_STREAMING && http2_exchange_unsent(exchange) == 0 && !exchange->is_drained) {
        exchange->is_drained = true;
        exchange->http2->drained++;
    }
}

/* --- the head of a request --- */

static struct text copy_of(struct http2_exchange *exchange, nghttp2_rcbuf *bytes)
{
    nghttp2_vec vec = nghttp2_rcbuf_get_buf(bytes);
    return (struct text){arena_strndup(exchange->exchange.arena, (const char *)vec.base, vec.len), vec.len};
}

/* The first thing wrong is the one told. */
static void note_refusal(struct http2_exchange *exchange, int status, const char *detail)
{
    if (exchange->refusal.status == 0)
        exchange->refusal = (struct http1_refusal){status, detail};
}

static void take_pseudo_field(struct http2_exchange *exchange, struct text name, struct text value)
{
    struct http_request *request = &exchange->exchange.request;
    if (text_is(name, ":method"))
        request->method = value;
    else if (text_is(name, ":path"))
        request->target = value;
    else if (text_is(name, ":authority"))
        exchange->authority = value;
}

/* Those that matter here. The name is in lower case, nghttp2 refuses others. */
static void take_known_field(struct http2_exchange *exchange, struct text name, struct text value)
{
    if (text_is(name, "host")) {
        exchange->host_count++;
        if (exchange->authority.at && !text_equal_ignoring_case(exchange->authority, value))
            note_refusal(exchange, 400, "Host and :authority name two hosts.");
        exchange->authority = value;
    } else if (text_is(name, "cookie")) {
        exchange->cookie_count++;
    } else if (text_is(name, "expect")) {
        exchange->expect = value;
    } else if (text_is(name, "content-length")) {
        exchange->content_length = value;
    }
}

/* Past what we answer, there is a limit to what we listen to: a few bytes may name a large field again and again. */
#define FIELDS_PATIENCE 4

bool http2_exchange_take_field(struct http2_exchange *exchange, nghttp2_rcbuf *name_bytes, nghttp2_rcbuf *value_bytes)
{
    nghttp2_vec name_vec = nghttp2_rcbuf_get_buf(name_bytes), value_vec = nghttp2_rcbuf_get_buf(value_bytes);
    exchange->header_bytes += name_vec.len + value_vec.len;
    if (exchange->header_bytes > FIELDS_PATIENCE * (LIMIT_HTTP_HEADER_BYTES + LIMIT_HTTP_REQUEST_LINE))
        return false;
    if (value_vec.len > LIMIT_HTTP_REQUEST_LINE && name_vec.len > 0 && name_vec.base[0] == ':') {
        note_refusal(exchange, 414, "The target is too long.");
        return true;
    }
    bool is_pseudo = name_vec.len > 0 && name_vec.base[0] == ':';
    if (!is_pseudo && exchange->header_count == LIMIT_HTTP_HEADERS)
        note_refusal(exchange, 431, "There are too many header fields.");
    if (exchange->header_bytes > LIMIT_HTTP_HEADER_BYTES + LIMIT_HTTP_REQUEST_LINE)
        note_refusal(exchange, 431, "The header fields are too large.");
    if (exchange->refusal.status == 414 || exchange->refusal.status == 431)
        return true;

    struct text name = copy_of(exchange, name_bytes), value = copy_of(exchange, value_bytes);
    if (is_pseudo) {
        take_pseudo_field(exchange, name, value);
        return true;
    }
    ARENA_ROOM(exchange->exchange.arena, exchange->headers, exchange->header_count);
    exchange->headers[exchange->header_count++] = (struct http_header){name, value};
    take_known_field(exchange, name, value);
    return true;
}

static void add_field(struct http2_exchange *exchange, struct text name, struct text value)
{
    ARENA_ROOM(exchange->exchange.arena, exchange->headers, exchange->header_count);
    exchange->headers[exchange->header_count++] = (struct http_header){name, value};
}

/* A cookie may come in crumbs, so that they compress better; the rest of the world wants one field (RFC 9113 section 8.2.3). */
static void join_cookies(struct http2_exchange *exchange)
{
    char *whole = arena_alloc(exchange->exchange.arena, exchange->header_bytes + 2 * exchange->cookie_count);
    size_t length = 0, kept = 0;
    for (size_t i = 0; i < exchange->header_count; i++) {
        struct http_header header = exchange->headers[i];
        if (!text_is(header.name, "cookie")) {
            exchange->headers[kept++] = header;
            continue;
        }
        if (length > 0) {
            memcpy(whole + length, "; ", 2);
            length += 2;
        }
        memcpy(whole + length, header.value.at, header.value.length);
        length += header.value.length;
    }
    exchange->header_count = kept;
    add_field(exchange, TEXT("cookie"), (struct text){whole, length});
}

static bool is_target(const struct http_request *request)
{
    return http1_is_target(request->target) || (text_is(request->target, "*") && text_is(request->method, "OPTIONS"));
}

/* What nghttp2 lets pass and we don't; the same as in HTTP/1.1, in the same words. */
static void check_head(struct http2_exchange *exchange)
{
    const struct http_request *request = &exchange->exchange.request;
    if (text_is(request->method, "CONNECT"))
        note_refusal(exchange, 501, "This is not a proxy.");
    else if (!is_target(request))
        note_refusal(exchange, 400, "The target is not a path, or holds a character that a URL can't.");
    if (exchange->host_count > 1)
        note_refusal(exchange, 400, "There is more than one Host.");
    if (!http1_is_host(exchange->authority))
        note_refusal(exchange, 400, "The host is not one.");
    if (exchange->expect.at && !text_equal_ignoring_case(exchange->expect, TEXT("100-continue")))
        note_refusal(exchange, 417, "The only expectation met here is 100-continue.");
}

static void bind_request(struct http2_exchange *exchange)
{
    struct connection *connection = exchange->http2->connection;
    struct http_request *request = &exchange->exchange.request;
    if (exchange->host_count == 0)
        add_field(exchange, TEXT("host"), exchange->authority);
    if (exchange->cookie_count > 1)
        join_cookies(exchange);
    request->headers = exchange->headers;
    request->header_count = exchange->header_count;
    request->body = TEXT("");
    request->peer = text_of(arena_strdup(exchange->exchange.arena, connection->peer));
    request->started_us = env_monotonic_us(connection->server->loop->env);
    exchange->head_only = text_is(request->method, "HEAD");
    http1_split_target(request);
}

/* --- the body of a request, and its end --- */

void http2_exchange_refuse(struct http2_exchange *exchange, int status, const char *detail)
{
    stop_receiving(exchange);
    http_count(&exchange->http2->connection->server->refused, 1);
    answer_problem(exchange, status, detail);
}

static void hand_over(struct http2_exchange *exchange)
{
    const struct http_handler *handler = &exchange->http2->connection->server->handler;
    exchange->exchange.request.body = buffer_text(&exchange->body);
    exchange->state = HTTP2_HANDLING;
    handler->handle(handler->data, &exchange->exchange);
}

static void say_continue(struct http2_exchange *exchange)
{
    nghttp2_nv status = field(TEXT(":status"), TEXT("100"), AS_IT_IS);
    nghttp2_submit_headers(exchange->http2->session, NGHTTP2_FLAG_NONE, exchange->id, NULL, &status, 1, NULL);
    http2_wake(exchange->http2);
}

/* There is no maximum: the stream's window is as large as what was taken leaves room for. */
static void begin_streamed_body(struct http2_exchange *exchange)
{
    init_buffer(exchange, &exchange->body, LIMIT_HTTP2_STREAM_WINDOW);
    if (exchange->expect.at)
        say_continue(exchange);
    exchange->exchange.body_is_open = true;
    hand_over(exchange);
}

static void begin_whole_body(struct http2_exchange *exchange)
{
    const struct http_handler *handler = &exchange->http2->connection->server->handler;
    size_t maximum = handler->body_maximum(handler->data, &exchange->exchange.request);
    exchange->is_bulk = maximum > LIMIT_HTTP_BODY;
    if (exchange->is_bulk)
        arena_allow(exchange->exchange.arena, LIMIT_BULK_ARENA);
    init_buffer(exchange, &exchange->body, maximum);
    exchange->since_ms = http2_now_ms(exchange->http2);

    int64_t announced = 0;
    if (exchange->content_length.at && (!text_to_int64(exchange->content_length, &announced) || (uint64_t)announced > maximum))
        http2_exchange_refuse(exchange, 413, "The body is larger than this operation takes.");
    else if (exchange->expect.at)
        say_continue(exchange);
}

static void begin_body(struct http2_exchange *exchange)
{
    const struct http_handler *handler = &exchange->http2->connection->server->handler;
    if (handler->streams_body && handler->streams_body(handler->data, &exchange->exchange.request))
        begin_streamed_body(exchange);
    else
        begin_whole_body(exchange);
}

void http2_exchange_take_head(struct http2_exchange *exchange, bool ends)
{
    if (exchange->state != HTTP2_RECEIVING)
        return;
    if (exchange->refusal.status == 0)
        check_head(exchange);
    exchange->head_only = text_is(exchange->exchange.request.method, "HEAD");
    if (exchange->refusal.status != 0) {
        http2_exchange_refuse(exchange, exchange->refusal.status, exchange->refusal.detail);
        return;
    }
    bind_request(exchange);
    if (ends)
        hand_over(exchange);
    else
        begin_body(exchange);
}

/* What the connection's other bodies leave no room for. */
static bool has_no_room(const struct http2_exchange *exchange, size_t length)
{
    return !exchange->is_bulk && exchange->http2->body_bytes + length > LIMIT_HTTP2_BODIES;
}

static void add_to_body(struct http2_exchange *exchange, const uint8_t *bytes, size_t length)
{
    buffer_add(&exchange->body, bytes, length);
    if (!exchange->is_bulk)
        count_body(exchange, exchange->body.length);
}

static void receive_whole(struct http2_exchange *exchange, const uint8_t *bytes, size_t length)
{
    if (has_no_room(exchange, length)) {
        stop_receiving(exchange);
        exchange->state = HTTP2_ANSWERED;
        http2_reset(exchange->http2, exchange->id, NGHTTP2_REFUSED_STREAM); /* nothing was done: it may come again */
        return;
    }
    add_to_body(exchange, bytes, length);
    if (exchange->body.overflowed)
        http2_exchange_refuse(exchange, 413, "The body is larger than this operation takes.");
}

static bool is_streamed(const struct http2_exchange *exchange)
{
    return exchange->exchange.body_is_open && (exchange->state == HTTP2_HANDLING || exchange->state == HTTP2_STREAMING);
}

static void show_body(struct http2_exchange *exchange)
{
    exchange->exchange.request.body = buffer_text(&exchange->body);
    if (exchange->exchange.on_body)
        exchange->exchange.on_body(&exchange->exchange);
}

static bool receive_streamed(struct http2_exchange *exchange, const uint8_t *bytes, size_t length)
{
    if (has_no_room(exchange, length)) {
        http2_reset(exchange->http2, exchange->id, NGHTTP2_ENHANCE_YOUR_CALM);
        return false;
    }
    add_to_body(exchange, bytes, length);
    ASSERT(!exchange->body.overflowed); /* nghttp2 holds the client to the window */
    show_body(exchange);
    return true;
}

bool http2_exchange_take_body(struct http2_exchange *exchange, const uint8_t *bytes, size_t length)
{
    if (is_streamed(exchange))
        return receive_streamed(exchange, bytes, length);
    if (exchange->state == HTTP2_RECEIVING)
        receive_whole(exchange, bytes, length);
    return false; /* refused, or answered before its end; the client will hear */
}

void http2_exchange_take_end(struct http2_exchange *exchange)
{
    bool streamed = is_streamed(exchange);
    stop_receiving(exchange);
    exchange->exchange.body_is_open = false;
    if (streamed)
        show_body(exchange);
    else if (exchange->state == HTTP2_RECEIVING)
        hand_over(exchange);
}
