/*
 * HTTP/1.1 on a connection.
 *
 * Requests stand in a line, in the order they came:
 *
 *     RECEIVING --body whole--> HANDLING --respond---------------------> ANSWERED --sent--> (freed)
 *         |                        |                                        ^
 *         |                        |                                       |
 *         +--refused---------------|--------------------------------------->+
 *                                  |                                       |
 *                                  +--stream_begin--> STREAMING --end------+
 *                                                      |     |
 *                                        can't go on --+     +--end, not whole
 *                                                      v     v
 *                                                 BROKEN --> CUT
 *
 * Only the last one can be RECEIVING. Handlers answer in any order; bytes leave in the order of the line: what is sent is the
 * ANSWERED ones at its front and, behind them, as much as there is of the first that is not. When the first is BROKEN or CUT, the
 * connection ends there, so that nobody takes the part for all.
 *
 * A request lives in its arena: the head is copied there from the connection's bytes, the answer's head is written there, the
 * answer's body stays where the handler made it. So nothing is copied twice, and all goes at once when the last byte is sent.
 *
 * When the connection is lost, requests in a handler's hands live on without it (`connection` is NULL, `gone` is true)
 * until the handler has answered.
 */
#include "base/assert.h"
#include "platform/http/http_internal.h"

enum exchange_state { RECEIVING, HANDLING, STREAMING, BROKEN, ANSWERED, CUT };

/* What is to be sent, in this order. */
enum { OUT_CONTINUE, OUT_HEAD, OUT_BODY, OUT_COUNT };

struct http1_exchange {
    struct http_exchange exchange;
    struct connection *connection; /* NULL when it is lost */
    struct http1_exchange *next;
    enum exchange_state state;
    bool head_only;           /* the method is HEAD */
    bool http_1_0;
    bool writes_body;         /* a stream's writes go out, */
    bool writes_chunks;       /* as chunks */
    struct text out[OUT_COUNT]; /* what is left of each */
    struct http_shared *prepared;
    struct buffer body;       /* of the request */
    struct buffer sending;    /* a stream: OUT_BODY points into this one, */
    struct buffer pending;    /* and this one is written to */
};

static const struct http_exchange_operations operations;

static struct http1_exchange *of(struct http_exchange *exchange)
{
    ASSERT(exchange->operations == &operations);
    return (struct http1_exchange *)exchange;
}

static void release_buffer(void *buffer)
{
    buffer_release(buffer);
}

/* A buffer of the exchange's, released with its arena. */
static void init_buffer(struct http1_exchange *exchange, struct buffer *buffer, size_t maximum)
{
    buffer_init(buffer, maximum);
    arena_cleanup(exchange->exchange.arena, release_buffer, buffer);
}

static struct http1_exchange *exchange_new(struct connection *connection)
{
    struct arena *arena = arena_new(LIMIT_CALL_ARENA);
    struct http1_exchange *exchange = ARENA_NEW(arena, struct http1_exchange);
    exchange->exchange.arena = arena;
    exchange->exchange.loop = connection->server->loop;
    exchange->exchange.operations = &operations;
    exchange->connection = connection;
    exchange->state = RECEIVING;
    return exchange;
}

static void exchange_free(struct http1_exchange *exchange)
{
    http_shared_drop(exchange->prepared);
    arena_free(exchange->exchange.arena); /* the exchange itself is in it */
}

/* --- the line of requests --- */

static void line_append(struct http1 *http1, struct http1_exchange *exchange)
{
    if (http1->last)
        http1->last->next = exchange;
    else
        http1->first = exchange;
    http1->last = exchange;
    http1->open++;
}

static void line_drop_first(struct http1 *http1)
{
    struct http1_exchange *exchange = http1->first;
    http1->first = exchange->next;
    if (!http1->first)
        http1->last = NULL;
    http1->open--;
    exchange_free(exchange);
}

static void line_drop_last(struct http1 *http1)
{
    struct http1_exchange *before = NULL;
    for (struct http1_exchange *exchange = http1->first; exchange != http1->last; exchange = exchange->next)
        before = exchange;
    exchange_free(http1->last);
    http1->last = before;
    if (before)
        before->next = NULL;
    else
        http1->first = NULL;
    http1->open--;
}

/* May another request join the line? HTTP/1.0 has no pipelining: there a next one waits for the answer, which may have no end but
 * the connection's. */
static bool has_room(const struct http1 *http1)
{
    return http1->open < LIMIT_HTTP_PIPELINE && !(http1->last && http1->last->http_1_0);
}

void http1_init(struct http1 *http1)
{
    memset(http1, 0, offsetof(struct http1, head));
    /* Part of a head, and one read behind it; the parser refuses before a head is larger. */
    buffer_init(&http1->input, LIMIT_HTTP_REQUEST_LINE + LIMIT_HTTP_HEADER_BYTES + HTTP_READ_BYTES);
    http1_head_init(&http1->head);
}

static bool is_in_a_handlers_hands(const struct http1_exchange *exchange)
{
    return exchange->state == HANDLING || exchange->state == STREAMING || exchange->state == BROKEN;
}

static void release(struct connection *connection)
{
    struct http1 *http1 = &connection->http1;
    buffer_release(&http1->input);
    while (http1->first) {
        struct http1_exchange *exchange = http1->first;
        http1->first = exchange->next;
        if (is_in_a_handlers_hands(exchange)) {
            exchange->connection = NULL;
            exchange->exchange.gone = true;
            buffer_release(&exchange->sending);
            buffer_release(&exchange->pending);
            if (exchange->exchange.on_gone)
                exchange->exchange.on_gone(&exchange->exchange);
        } else {
            exchange_free(exchange);
        }
    }
    http1->last = http1->receiving = NULL;
    http1->open = 0;
}

static bool wants_bytes(const struct connection *connection)
{
    const struct http1 *http1 = &connection->http1;
    return http1->receiving || (!http1->over && has_room(http1));
}

static bool is_finished(const struct connection *connection)
{
    return connection->http1.over && !connection->http1.first;
}

static bool must_break(const struct http1_exchange *exchange)
{
    return exchange->state == BROKEN || exchange->state == CUT;
}

static bool is_broken(const struct connection *connection)
{
    return connection->http1.first && must_break(connection->http1.first);
}

static bool is_idle(const struct connection *connection)
{
    return !connection->http1.first && http1_head_untouched(&connection->http1.head);
}

/* Who keeps a connection has its next answer, which ends the line (connection_line); who doesn't ask is closed at last. */
static void stop(struct connection *connection, bool at_once)
{
    if (is_idle(connection) && (at_once || connection_may_be_closed(connection)))
        http_connection_close(connection);
}

static void check(const struct connection *connection)
{
    const struct http1 *http1 = &connection->http1;
    ASSERT(!connection->writing || connection->tls || http1->first);
    ASSERT(http1->open <= LIMIT_HTTP_PIPELINE + 1); /* a refusal may stand behind a full line */
    ASSERT((http1->open == 0) == (http1->first == NULL));
    ASSERT(!http1->receiving || http1->receiving == http1->last);
}

/* --- the heads of answers --- */

static const char *reason(int status)
{
    switch (status) {
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 206: return "Partial Content";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 402: return "Payment Required";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 422: return "Unprocessable Content";
    case 428: return "Precondition Required";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    default: return "Unnamed"; /* the phrase may be anything, RFC 9112 section 4 */
    }
}

/* How the client finds the end of the answer. */
enum ending { WITH_LENGTH, WITH_CHUNKS, UNTIL_CLOSE, WITHOUT_BODY };

/* Appends to memory that was measured beforehand. */
struct pen {
    char *at;
    const char *end;
};

static void pen_write(struct pen *pen, struct text text)
{
    ASSERT(text.length <= (size_t)(pen->end - pen->at));
    memcpy(pen->at, text.at, text.length);
    pen->at += text.length;
}

static void pen_write_number(struct pen *pen, size_t number)
{
    char digits[20];
    char *first = digits + sizeof digits;
    do {
        *--first = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    pen_write(pen, (struct text){first, (size_t)(digits + sizeof digits - first)});
}

static struct text date_line(const struct http1_exchange *exchange)
{
    return (struct text){exchange->connection->server->date, sizeof HTTP_DATE_LINE - 1};
}

/* What came over TLS once shall come so for as long as browsers remember it (RFC 6797). */
static struct text security_line(const struct http1_exchange *exchange)
{
    return exchange->exchange.request.secure ? TEXT("Strict-Transport-Security: " HTTP_TRANSPORT_SECURITY "\r\n") : TEXT("");
}

/* Only the last answer of a connection says that it is: what stands behind it in the line is still to be answered. When the server
 * is stopping, the last of now becomes the last for ever. */
static struct text connection_line(struct http1_exchange *exchange)
{
    struct http1 *http1 = &exchange->connection->http1;
    if (exchange == http1->last && exchange->connection->server->stopping)
        http1->over = true;
    if (exchange == http1->last && http1->over)
        return TEXT("Connection: close\r\n");
    return exchange->http_1_0 ? TEXT("Connection: keep-alive\r\n") : TEXT("");
}

static size_t lines_length(const struct http_response *response)
{
    size_t length = 0;
    for (size_t i = 0; i < response->header_count; i++)
        length += response->headers[i].name.length + response->headers[i].value.length + sizeof ": \r\n" - 1;
    return length;
}

static void pen_write_lines(struct pen *pen, const struct http_response *response)
{
    for (size_t i = 0; i < response->header_count; i++) {
        pen_write(pen, response->headers[i].name);
        pen_write(pen, TEXT(": "));
        pen_write(pen, response->headers[i].value);
        pen_write(pen, TEXT("\r\n"));
    }
}

/* More than the status line, the server's own header lines and the empty line need. */
#define OWN_LINES_BYTES 256

static struct text write_head(struct http1_exchange *exchange, const struct http_response *response, enum ending ending)
{
    size_t length = OWN_LINES_BYTES + lines_length(response);
    char *head = arena_alloc(exchange->exchange.arena, length);
    struct pen pen = {head, head + length};

    pen_write(&pen, TEXT("HTTP/1.1 "));
    pen_write_number(&pen, (size_t)response->status);
    pen_write(&pen, TEXT(" "));
    pen_write(&pen, text_of(reason(response->status)));
    pen_write(&pen, TEXT("\r\n"));
    pen_write(&pen, date_line(exchange));
    pen_write(&pen, security_line(exchange));
    pen_write(&pen, connection_line(exchange));
    pen_write_lines(&pen, response);
    if (ending == WITH_LENGTH) {
        pen_write(&pen, TEXT("Content-Length: "));
        pen_write_number(&pen, response->body.length);
        pen_write(&pen, TEXT("\r\n"));
    } else if (ending == WITH_CHUNKS) {
        pen_write(&pen, TEXT("Transfer-Encoding: chunked\r\n"));
    }
    pen_write(&pen, TEXT("\r\n"));
    return (struct text){head, (size_t)(pen.at - head)};
}

/* --- answers --- */

static void answer(struct http1_exchange *exchange, const struct http_response *response)
{
    ASSERT(response->status >= 200 && response->status <= 599);
    bool has_body = http_status_has_body(response->status);
    exchange->out[OUT_HEAD] = write_head(exchange, response, has_body ? WITH_LENGTH : WITHOUT_BODY);
    if (has_body && !exchange->head_only)
        exchange->out[OUT_BODY] = response->body;
    exchange->state = ANSWERED;
    connection_wake(exchange->connection);
}

/* The status line is the prepared one's; date, connection and what is this exchange's own come behind it, the rest is sent from where it
 * is. */
static void answer_prepared(struct http1_exchange *exchange, const struct http_response *response)
{
    struct http_shared *prepared = response->prepared;
    struct text whole = http_shared_text(prepared);
    const char *lf = memchr(whole.at, '\n', whole.length);
    ASSERT(lf && !exchange->head_only);
    struct text status_line = {whole.at, (size_t)(lf + 1 - whole.at)};
    struct text close = connection_line(exchange), security = security_line(exchange);

    size_t length = status_line.length + sizeof HTTP_DATE_LINE - 1 + security.length + close.length + lines_length(response);
    char *head = arena_alloc(exchange->exchange.arena, length);
    struct pen pen = {head, head + length};
    pen_write(&pen, status_line);
    pen_write(&pen, date_line(exchange));
    pen_write(&pen, security);
    pen_write(&pen, close);
    pen_write_lines(&pen, response);

    exchange->prepared = prepared;
    exchange->out[OUT_HEAD] = (struct text){head, length};
    exchange->out[OUT_BODY] = (struct text){lf + 1, whole.length - status_line.length};
    exchange->state = ANSWERED;
    connection_wake(exchange->connection);
}

static void answer_problem(struct http1_exchange *exchange, int status, const char *detail)
{
    struct http_response problem =
        http_problem(&exchange->connection->server->handler, exchange->exchange.arena, status, detail);
    answer(exchange, &problem);
}

static void respond(struct http_exchange *base, const struct http_response *response)
{
    struct http1_exchange *exchange = of(base);
    ASSERT(exchange->state == HANDLING);
    if (!exchange->connection) {
        http_shared_drop(response->prepared);
        exchange_free(exchange);
    } else if (response->prepared) {
        answer_prepared(exchange, response);
    } else if (http_response_is_clean(response)) {
        answer(exchange, response);
    } else {
        answer_problem(exchange, 500, "The answer could not be written.");
    }
}

/* --- answers in pieces --- */

static void stream_begin(struct http_exchange *base, const struct http_response *head)
{
    struct http1_exchange *exchange = of(base);
    ASSERT(exchange->state == HANDLING && head->status >= 200 && head->status <= 599);
    exchange->state = STREAMING;
    if (!exchange->connection)
        return;
    if (!http_response_is_clean(head)) {
        exchange->state = BROKEN;
        connection_wake(exchange->connection);
        return;
    }
    enum ending ending = !http_status_has_body(head->status) ? WITHOUT_BODY : exchange->http_1_0 ? UNTIL_CLOSE : WITH_CHUNKS;
    if (ending == UNTIL_CLOSE)
        exchange->connection->http1.over = true; /* it is the last: HTTP/1.0 is not pipelined */
    exchange->writes_body = ending != WITHOUT_BODY && !exchange->head_only;
    exchange->writes_chunks = ending == WITH_CHUNKS;
    exchange->out[OUT_HEAD] = write_head(exchange, head, ending);
    init_buffer(exchange, &exchange->sending, LIMIT_ANSWER_BYTES);
    init_buffer(exchange, &exchange->pending, LIMIT_ANSWER_BYTES);
    connection_wake(exchange->connection);
}

static bool stream_write(struct http_exchange *base, struct text bytes)
{
    struct http1_exchange *exchange = of(base);
    if (!exchange->connection || exchange->state == BROKEN)
        return false;
    ASSERT(exchange->state == STREAMING);
    if (!exchange->writes_body || bytes.length == 0)
        return true; /* an empty chunk would end the answer */

    size_t waiting = exchange->out[OUT_BODY].length + exchange->pending.length;
    if (bytes.length + waiting > LIMIT_ANSWER_BYTES - OWN_LINES_BYTES) {
        exchange->state = BROKEN;
        connection_wake(exchange->connection);
        return false;
    }
    if (exchange->writes_chunks)
        buffer_printf(&exchange->pending, "%zx\r\n", bytes.length);
    buffer_add_text(&exchange->pending, bytes);
    if (exchange->writes_chunks)
        buffer_add_string(&exchange->pending, "\r\n");
    connection_wake(exchange->connection);
    return true;
}

/* Trailers stay here: see http.h. */
static void stream_end(struct http_exchange *base, bool whole, const struct http_header *trailers, size_t trailer_count)
{
    (void)trailers, (void)trailer_count;
    struct http1_exchange *exchange = of(base);
    ASSERT(exchange->state == STREAMING || exchange->state == BROKEN);
    if (!exchange->connection) {
        exchange_free(exchange);
        return;
    }
    if (exchange->state == STREAMING && whole) {
        if (exchange->writes_body && exchange->writes_chunks)
            buffer_add_string(&exchange->pending, "0\r\n\r\n");
        exchange->state = ANSWERED;
    } else {
        exchange->state = CUT;
    }
    connection_wake(exchange->connection);
}

static size_t stream_unsent(const struct http_exchange *base)
{
    ASSERT(base->operations == &operations);
    const struct http1_exchange *exchange = (const struct http1_exchange *)base;
    return exchange->connection ? exchange->out[OUT_BODY].length + exchange->pending.length : 0;
}

static const struct http_exchange_operations operations = {
    .respond = respond,
    .stream_begin = stream_begin,
    .stream_write = stream_write,
    .stream_end = stream_end,
    .stream_unsent = stream_unsent,
};

/* --- requests out of bytes --- */

/* Nothing that follows can be trusted: answer, and read no more. The request being received is the one refused; without one, the
 * refusal takes a place in the line of its own. */
static void refuse(struct connection *connection, int status, const char *detail, bool head_only)
{
    struct http1 *http1 = &connection->http1;
    struct http1_exchange *exchange = http1->receiving;
    if (!exchange) {
        exchange = exchange_new(connection);
        exchange->head_only = head_only;
        line_append(http1, exchange);
    }
    http1->receiving = NULL;
    http1->over = true;
    http_count(&connection->server->refused, 1);
    answer_problem(exchange, status, detail);
}

/* The whole request is there. */
static void hand_over(struct connection *connection, struct http1_exchange *exchange)
{
    const struct http_handler *handler = &connection->server->handler;
    exchange->exchange.request.body = buffer_text(&exchange->body);
    exchange->state = HANDLING;
    connection->http1.receiving = NULL;
    connection->http1.since_ms = uv_now(connection->server->uv);
    handler->handle(handler->data, &exchange->exchange);
}

/* An exchange with its request, but for the body, out of the head that is DONE at `bytes`. */
static struct http1_exchange *exchange_of_head(struct connection *connection, const char *bytes)
{
    const struct http1_head *head = &connection->http1.head;
    struct http1_exchange *exchange = exchange_new(connection);
    struct arena *arena = exchange->exchange.arena;
    struct http_request *request = &exchange->exchange.request;
    http1_head_bind(head, arena_strndup(arena, bytes, head->length), ARENA_ARRAY(arena, struct http_header, head->field_count),
                    request);
    request->body = TEXT("");
    request->peer = text_of(arena_strdup(arena, connection->peer));
    request->secure = connection->tls != NULL;
    request->started_us = env_monotonic_us(connection->server->loop->env);
    exchange->head_only = text_is(request->method, "HEAD");
    exchange->http_1_0 = head->minor_version == 0;
    return exchange;
}

/* The head announces a body; `follows` says that some of it has come already. */
static void begin_body(struct connection *connection, struct http1_exchange *exchange, bool follows)
{
    const struct http_handler *handler = &connection->server->handler;
    struct http1 *http1 = &connection->http1;
    size_t maximum = handler->body_maximum(handler->data, &exchange->exchange.request);
    if (maximum > LIMIT_HTTP_BODY)
        arena_allow(exchange->exchange.arena, LIMIT_BULK_ARENA);
    line_append(http1, exchange);
    http1->receiving = exchange;
    http1->since_ms = uv_now(connection->server->uv);
    http1->body_left = http1->head.content_length;
    http1_chunked_init(&http1->chunked);
    init_buffer(exchange, &exchange->body, maximum);

    if (http1->head.content_length > maximum) {
        refuse(connection, 413, "The body is larger than this operation takes.", false);
    } else if (http1->head.expects_continue && !follows) {
        exchange->out[OUT_CONTINUE] = TEXT("HTTP/1.1 100 Continue\r\n\r\n");
        connection_wake(connection);
    }
}

/* Read on in a head. How many bytes were taken: all of it, or none while it is not whole. */
static size_t take_head(struct connection *connection, char *bytes, size_t length)
{
    struct http1 *http1 = &connection->http1;
    struct http1_head *head = &http1->head;
    switch (http1_head_read(head, bytes, length)) {
    case HTTP1_MORE:
        return 0;
    case HTTP1_DONE:
        break;
    default:
        refuse(connection, head->refusal.status, head->refusal.detail, http1_head_is_HEAD(head, bytes));
        return length;
    }

    size_t taken = head->length;
    http1->over = !head->keep_alive;
    struct http1_exchange *exchange = exchange_of_head(connection, bytes);
    if (head->chunked || head->content_length > 0) {
        begin_body(connection, exchange, length > taken);
    } else {
        line_append(http1, exchange);
        hand_over(connection, exchange);
    }
    if (!http1->receiving)
        http1_head_init(head);
    return taken;
}

static size_t take_sized_body(struct connection *connection, const char *bytes, size_t length)
{
    struct http1 *http1 = &connection->http1;
    size_t taken = length < http1->body_left ? length : (size_t)http1->body_left;
    buffer_add(&http1->receiving->body, bytes, taken);
    http1->body_left -= taken;
    if (http1->body_left == 0)
        hand_over(connection, http1->receiving);
    return taken;
}

static size_t take_chunked_body(struct connection *connection, const char *bytes, size_t length)
{
    struct http1 *http1 = &connection->http1;
    struct buffer *body = &http1->receiving->body;
    size_t taken;
    struct text data;
    switch (http1_chunked_read(&http1->chunked, bytes, length, &taken, &data)) {
    case HTTP1_MORE:
        break;
    case HTTP1_DATA:
        buffer_add_text(body, data);
        if (body->overflowed)
            refuse(connection, 413, "The body is larger than this operation takes.", false);
        break;
    case HTTP1_DONE:
        hand_over(connection, http1->receiving);
        break;
    case HTTP1_REFUSED:
        refuse(connection, http1->chunked.refusal.status, http1->chunked.refusal.detail, false);
        break;
    }
    return taken;
}

static size_t take_body(struct connection *connection, const char *bytes, size_t length)
{
    struct http1 *http1 = &connection->http1;
    size_t taken = http1->head.chunked ? take_chunked_body(connection, bytes, length)
                                       : take_sized_body(connection, bytes, length);
    if (!http1->receiving)
        http1_head_init(&http1->head);
    return taken;
}

/* Take what can be taken of `bytes`. Handlers run in here, and may answer. */
static size_t take(struct connection *connection, char *bytes, size_t length)
{
    struct http1 *http1 = &connection->http1;
    size_t at = 0;
    while (at < length) {
        size_t taken = 0;
        if (http1->receiving)
            taken = take_body(connection, bytes + at, length - at);
        else if (http1->over)
            taken = length - at; /* nobody will look at it */
        else if (has_room(http1))
            taken = take_head(connection, bytes + at, length - at);
        if (taken == 0)
            break;
        at += taken;
    }
    return at;
}

static bool resume(struct connection *connection)
{
    struct http1 *http1 = &connection->http1;
    if (http1->input.length == 0 || !wants_bytes(connection))
        return false;
    size_t taken = take(connection, http1->input.at, http1->input.length);
    buffer_consume(&http1->input, taken);
    if (http1->input.length == 0)
        buffer_release(&http1->input); /* an idle connection holds no memory for what it may say */
    return taken > 0;
}

static void receive(struct connection *connection, char *bytes, size_t length)
{
    struct http1 *http1 = &connection->http1;
    if (http1->input.length > 0) {
        buffer_add(&http1->input, bytes, length);
        ASSERT(!http1->input.overflowed);
        resume(connection);
        return;
    }
    size_t taken = take(connection, bytes, length);
    if (taken < length) {
        buffer_add(&http1->input, bytes + taken, length - taken);
        http1->since_ms = uv_now(connection->server->uv);
    }
}

static void receive_end(struct connection *connection)
{
    struct http1 *http1 = &connection->http1;
    http1->over = true;
    buffer_release(&http1->input);
    if (http1->receiving) {
        http1->receiving = NULL;
        line_drop_last(http1);
    }
}

static void check_time(struct connection *connection, uint64_t now_ms)
{
    struct http1 *http1 = &connection->http1;
    const struct http_patience *patience = &connection->server->patience;
    uint64_t passed = now_ms - http1->since_ms;
    if (http1->receiving) {
        uint64_t at_least_ms = http1->receiving->body.length * 1000 / LIMIT_HTTP_OCTETS_PER_SECOND;
        if (passed > patience->body_ms + at_least_ms)
            refuse(connection, 408, "The body took too long to come.", false);
    } else if (!http1->over && !http1_head_untouched(&http1->head) && passed > patience->head_ms) {
        refuse(connection, 408, "The head of the request took too long to come.", false);
    }
}

/* --- answers into bytes --- */

/* Of the exchange's bytes, `*bytes` at most are sent. True when none are left. */
static bool sent_of(struct http1_exchange *exchange, size_t *bytes)
{
    for (int i = 0; i < OUT_COUNT; i++) {
        struct text *out = &exchange->out[i];
        if (out->length == 0)
            continue;
        size_t here = *bytes < out->length ? *bytes : out->length;
        out->at += here;
        out->length -= here;
        *bytes -= here;
        if (out->length > 0)
            return false;
    }
    return exchange->pending.length == 0;
}

/* What a stream wrote since the last time becomes what is sent. */
static void turn_over(struct http1_exchange *exchange)
{
    if (exchange->out[OUT_BODY].length > 0 || exchange->pending.length == 0)
        return;
    struct buffer empty = exchange->sending;
    exchange->sending = exchange->pending;
    exchange->pending = empty;
    buffer_empty(&exchange->pending);
    exchange->out[OUT_BODY] = buffer_text(&exchange->sending);
}

/* The first in the line is answered, and all of that is sent. */
static void finish_first(struct connection *connection)
{
    struct http1 *http1 = &connection->http1;
    if (!has_room(http1))
        http1->since_ms = uv_now(connection->server->uv); /* what waited behind a full line was not slow */
    line_drop_first(http1);
    http_count(&connection->server->answered, 1);
}

/* Streams whose end brought nothing more to send. */
static void finish_sent(struct connection *connection)
{
    size_t none = 0;
    while (connection->http1.first && connection->http1.first->state == ANSWERED && sent_of(connection->http1.first, &none))
        finish_first(connection);
}

static unsigned output(struct connection *connection, uv_buf_t *pieces, unsigned maximum, size_t *total)
{
    struct http1 *http1 = &connection->http1;
    unsigned count = 0;
    *total = 0;
    finish_sent(connection);
    for (struct http1_exchange *exchange = http1->first; exchange && count < maximum; exchange = exchange->next) {
        if (must_break(exchange))
            break;
        turn_over(exchange);
        for (int i = 0; i < OUT_COUNT && count < maximum; i++) {
            struct text out = exchange->out[i];
            if (out.length == 0)
                continue;
            /* libuv does not write to what it sends, but says char *. */
            pieces[count++] = (uv_buf_t){.base = (char *)(uintptr_t)out.at, .len = out.length};
            *total += out.length;
        }
        if (exchange->state != ANSWERED || exchange->pending.length > 0)
            break;
    }
    return count;
}

/* The stream at the front of the line may have waited for its bytes to leave. */
static void tell_drained(struct http1_exchange *exchange)
{
    if (exchange->state == STREAMING && exchange->exchange.on_drained && exchange->out[OUT_BODY].length == 0 &&
        exchange->pending.length == 0)
        exchange->exchange.on_drained(&exchange->exchange);
}

static void sent(struct connection *connection, size_t bytes)
{
    struct http1 *http1 = &connection->http1;
    bool streamed = false;
    while (http1->first) {
        size_t before = http1->first->out[OUT_BODY].length;
        bool all = sent_of(http1->first, &bytes);
        streamed = all && before > 0;
        if (!all || http1->first->state != ANSWERED)
            break;
        finish_first(connection);
    }
    ASSERT(bytes == 0);
    if (http1->first && streamed)
        tell_drained(http1->first);
}

const struct framing http1_framing = {
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
