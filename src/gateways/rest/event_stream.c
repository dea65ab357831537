#include "gateways/rest/event_stream.h"

#include "base/limits.h"
#include "gateways/follow.h"
#include "gateways/rest/transcode_out.h"

/* --- whether ------------------------------------------------------------------------------------------------------------ */

/* One of an Accept header's parts: its media type, and that it does not say q=0. */
static bool is_event_stream(struct text part)
{
    const char *semicolon = memchr(part.at, ';', part.length);
    struct text type = {part.at, semicolon != NULL ? (size_t)(semicolon - part.at) : part.length};
    bool refused = semicolon != NULL && memmem(part.at, part.length, "q=0", 3) != NULL && memmem(part.at, part.length, "q=0.", 4) == NULL;
    return text_equal_ignoring_case(text_trim(type), TEXT("text/event-stream")) && !refused;
}

static bool accepts_event_stream(struct text accept)
{
    while (accept.length > 0) {
        const char *comma = memchr(accept.at, ',', accept.length);
        struct text part = {accept.at, comma != NULL ? (size_t)(comma - accept.at) : accept.length};
        if (is_event_stream(part))
            return true;
        size_t taken = part.length + (comma != NULL ? 1 : 0);
        accept = (struct text){accept.at + taken, accept.length - taken};
    }
    return false;
}

bool event_stream_is_wanted(const struct visit *visit)
{
    const struct http_request *request = &visit->exchange->request;
    return visit->route->method->follow != NULL && visit->rest->options.watches != NULL && text_is(request->method, "GET") &&
           accepts_event_stream(http_header(request, "accept"));
}

/* --- writing ------------------------------------------------------------------------------------------------------------- */

struct event_stream {
    struct visit *visit;
    struct buffer page; /* as far as it is written */
};

static void begin(void *data)
{
    struct event_stream *stream = data;
    visit_header(stream->visit, "X-Accel-Buffering", TEXT("no")); /* nginx before us hands on what it gets */
    visit_stream_begin(stream->visit, "text/event-stream");
    http_stream_write(stream->visit->exchange, TEXT("retry: 1000\n\n"));
}

static void item(void *data, struct arena *arena, const ProtobufCMessage *item, const char *cursor)
{
    struct event_stream *stream = data;
    const struct visit *visit = stream->visit;
    struct rendering rendering = {.forms = visit->rest->forms, .actor = &visit->call->actor};
    (void)arena;
    buffer_printf(&stream->page, "id: %s\ndata: ", cursor);
    json_write_init(&rendering.json, &stream->page);
    render_message(&rendering, visit_item_type(visit), item, visit->fields);
    buffer_add_string(&stream->page, "\n\n");
}

static void written(void *data)
{
    struct event_stream *stream = data;
    http_stream_write(stream->visit->exchange, buffer_text(&stream->page));
    buffer_release(&stream->page); /* it may be long before the next one */
    buffer_init(&stream->page, LIMIT_ANSWER_BYTES);
}

static void idle(void *data)
{
    const struct event_stream *stream = data;
    http_stream_write(stream->visit->exchange, TEXT(":\n\n"));
}

static void refuse(void *data, const struct problem *problem)
{
    const struct event_stream *stream = data;
    stream->visit->call->problem = *problem;
    visit_refuse(stream->visit);
}

static void end(void *data, bool stopping)
{
    const struct event_stream *stream = data;
    (void)stopping; /* the client comes back by itself, to whoever answers then */
    http_stream_end(stream->visit->exchange, true);
}

static const struct follow_writer writer = {
    .begin = begin, .item = item, .written = written, .idle = idle, .refuse = refuse, .end = end};

/* Where the client was when it lost us. */
static struct text last_event_id(const struct visit *visit)
{
    struct text last = http_header(&visit->exchange->request, "last-event-id");
    return last.at != NULL && text_is_utf8(last) ? last : TEXT("");
}

void event_stream_begin(struct visit *visit)
{
    struct event_stream *stream = ARENA_NEW(visit->arena, struct event_stream);
    stream->visit = visit;
    buffer_init(&stream->page, LIMIT_ANSWER_BYTES);
    follow_begin(&(struct follow_options){
        .watches = visit->rest->options.watches,
        .exchange = visit->exchange,
        .call = visit->call,
        .service = visit->route->service,
        .method = visit->route->method,
        .request = visit->request,
        .after = last_event_id(visit),
        .writer = &writer,
        .data = stream,
    });
}
