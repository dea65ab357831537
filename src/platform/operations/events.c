/*
 * ListEvents. A place in the events is a list of services and numbers: "catalog:17", or "cart:3,catalog:17" where several are read together.
 * Each service looks for its own number in it; one that is not in it begins at the beginning.
 */
#include "platform/operations/operations_internal.h"

#include "base/limits.h"
#include "platform/rpc/message.h"
#include "platform/rpc/message_json.h"
#include "platform/service/host_internal.h"

#include <inttypes.h>
#include <stdlib.h>

/* --- places -------------------------------------------------------------------------------------------------------------- */

static struct text next_part(struct text *list)
{
    const char *comma = memchr(list->at, ',', list->length);
    size_t length = comma != NULL ? (size_t)(comma - list->at) : list->length, taken = comma != NULL ? length + 1 : length;
    struct text part = {list->at, length};
    *list = (struct text){list->at + taken, list->length - taken};
    return part;
}

/* "catalog:17" */
static bool read_part(struct text part, const char *service, int64_t *number)
{
    const char *colon = memchr(part.at, ':', part.length);
    int64_t value;
    if (colon == NULL || !text_to_int64((struct text){colon + 1, (size_t)(part.at + part.length - colon - 1)}, &value) || value < 0)
        return false;
    if (text_is((struct text){part.at, (size_t)(colon - part.at)}, service))
        *number = value;
    return true;
}

static enum result read_place(struct context *context, const Operations__ListEventsRequest *request, int64_t *number)
{
    struct text place = text_of(*request->cursor != '\0' ? request->cursor : request->after);
    const char *service = context->host->declaration->name;
    *number = 0;
    if (text_is(place, "latest")) {
        *number = host_last_event(context->host);
        return RESULT_OK;
    }
    if (*request->service != '\0' && text_to_int64(place, number) && *number >= 0)
        return RESULT_OK;
    while (place.length > 0)
        if (!read_part(next_part(&place), service, number))
            return call_refuse(context->call, RESULT_CURSOR_INVALID,
                               "After which event? Send its cursor, with `service` its number, or latest.");
    return RESULT_OK;
}

static const char *place_of(struct arena *arena, const char *service, int64_t number)
{
    return arena_printf(arena, "%s:%" PRId64, service, number);
}

/* --- the handler --------------------------------------------------------------------------------------------------------- */

struct page_of_events {
    struct context *context;
    Operations__ListEventsResponse *answer;
    size_t limit;
    bool more;
};

static ProtobufCMessage *unpack(struct context *context, const struct event_declaration *declaration, const struct event *event)
{
    const struct service *service = context->host->service;
    if (service->upcast != NULL && event->schema_version < declaration->version)
        return service->upcast(context->arena, event);
    return message_unpack(context->arena, declaration->message->descriptor, event->data);
}

static void drop_buffer(void *buffer)
{
    buffer_release(buffer);
}

/* The event as JSON, for whoever asks; "" where this version does not know it any more. */
static char *data_of(struct context *context, const struct event *event)
{
    const struct event_declaration *declaration = event_declaration_find(context->host->service, event->name);
    ProtobufCMessage *message = declaration != NULL ? unpack(context, declaration, event) : NULL;
    if (message == NULL)
        return arena_strdup(context->arena, "");
    struct buffer *text = ARENA_NEW(context->arena, struct buffer);
    struct json_writer json;
    buffer_init(text, LIMIT_ANSWER_BYTES);
    arena_cleanup(context->arena, drop_buffer, text);
    json_write_init(&json, text);
    json_write_message(&json, declaration->message, message, &context->call->actor);
    buffer_add_char(text, '\0');
    return text->overflowed ? arena_strdup(context->arena, "") : text->at;
}

static Operations__Event *event_new(struct context *context, const struct event *event)
{
    struct arena *arena = context->arena;
    const char *service = context->host->declaration->name;
    Operations__Event *item = ARENA_NEW(arena, Operations__Event);
    operations__event__init(item);
    item->id = place_of(arena, service, event->number);
    item->cursor = item->id;
    item->service = service;
    item->number = event->number;
    item->stream = arena_strdup(arena, event->stream);
    item->version = event->stream_version;
    item->type = arena_strdup(arena, event->name);
    item->at = timestamp_new(arena, event->at_us);
    item->actor = arena_strdup(arena, event->actor);
    item->request = arena_strdup(arena, event->request_id);
    item->cause = arena_strdup(arena, event->cause);
    item->data = data_of(context, event);
    return item;
}

static bool on_event(void *data, const struct event *event)
{
    struct page_of_events *page = data;
    page->more = page->answer->n_items == page->limit;
    if (!page->more)
        page->answer->items[page->answer->n_items++] = event_new(page->context, event);
    return !page->more;
}

/* "product/01jd…" or "product/ *" */
static enum result check_stream(struct call *call, const char *stream)
{
    const char *slash = strchr(stream, '/');
    size_t kind = strspn(stream, "abcdefghijklmnopqrstuvwxyz0123456789_-");
    if (*stream == '\0' || (slash != NULL && kind > 0 && stream + kind == slash && slash[1] != '\0'))
        return RESULT_OK;
    return call_violation(call, "?stream", "invalid", "A stream is a kind and a key, such as order/01jd… or order/*.");
}

enum result operations_list_events(struct context *context, const Operations__ListEventsRequest *request,
                                   Operations__ListEventsResponse *answer)
{
    struct arena *arena = context->arena;
    const char *service = context->host->declaration->name;
    struct page_of_events page = {.context = context, .answer = answer, .limit = limit_of(request->limit)};
    int64_t after;
    enum result result = check_stream(context->call, request->stream);
    if (result == RESULT_OK)
        result = read_place(context, request, &after);
    if (result != RESULT_OK)
        return result;

    struct event_log_head head;
    event_log_head(context->tx, &head);
    answer->items = ARENA_ARRAY(arena, Operations__Event *, page.limit);
    event_log_read(context->tx, *request->stream != '\0' ? request->stream : NULL, after, 0, (int64_t)page.limit + 1, on_event, &page);
    if (page.more)
        answer->position = answer->next_cursor = answer->items[page.limit - 1]->id;
    else
        answer->position = place_of(arena, service, head.number > after ? head.number : after);
    return RESULT_OK;
}

/* --- of several services ------------------------------------------------------------------------------------------------- */

/* How far each service is, in the order of its answers. */
struct places {
    size_t count;
    const char **services;
    int64_t *numbers;
    size_t *taken; /* items of the answer */
};

static const char *places_text(struct arena *arena, const struct places *places)
{
    const char *text = "";
    for (size_t i = 0; i < places->count; i++)
        text = arena_printf(arena, "%s%s%s:%" PRId64, text, i > 0 ? "," : "", places->services[i], places->numbers[i]);
    return text;
}

static void read_position(struct arena *arena, const char *position, const char **service, int64_t *number)
{
    const char *colon = strchr(position, ':');
    *service = arena_strndup(arena, position, (size_t)(colon - position));
    *number = strtoll(colon + 1, NULL, 10);
}

static bool is_earlier(const Operations__Event *a, const Operations__Event *b)
{
    if (a->at->seconds != b->at->seconds)
        return a->at->seconds < b->at->seconds;
    return a->at->nanos < b->at->nanos;
}

/* The answer whose next item is the oldest; `count` when none has one left. */
static size_t oldest(ProtobufCMessage **answers, const struct places *places)
{
    size_t chosen = places->count;
    const Operations__Event *chosen_event = NULL;
    for (size_t i = 0; i < places->count; i++) {
        const Operations__ListEventsResponse *part = (const void *)answers[i];
        if (places->taken[i] == part->n_items)
            continue;
        const Operations__Event *event = part->items[places->taken[i]];
        if (chosen_event == NULL || is_earlier(event, chosen_event)) {
            chosen = i;
            chosen_event = event;
        }
    }
    return chosen;
}

ProtobufCMessage *events_merge(struct arena *arena, const ProtobufCMessage *base, ProtobufCMessage **answers, size_t count)
{
    const Operations__ListEventsRequest *request = (const void *)base;
    Operations__ListEventsResponse *merged = ARENA_NEW(arena, Operations__ListEventsResponse);
    operations__list_events_response__init(merged);
    size_t limit = limit_of(request->limit);
    merged->items = ARENA_ARRAY(arena, Operations__Event *, limit);

    struct places places = {count, ARENA_ARRAY(arena, const char *, count), ARENA_ARRAY(arena, int64_t, count), ARENA_ARRAY(arena, size_t, count)};
    bool more = false;
    for (size_t i = 0; i < count; i++) {
        const Operations__ListEventsResponse *part = (const void *)answers[i];
        read_position(arena, part->position, &places.services[i], &places.numbers[i]);
        if (part->n_items > 0)
            places.numbers[i] = part->items[0]->number - 1; /* nothing that was asked for lies before it */
        more = more || *part->next_cursor != '\0';
    }
    size_t next = oldest(answers, &places);
    for (; next < count && merged->n_items < limit; next = oldest(answers, &places)) {
        Operations__Event *event = ((const Operations__ListEventsResponse *)(const void *)answers[next])->items[places.taken[next]++];
        places.numbers[next] = event->number;
        event->cursor = places_text(arena, &places);
        merged->items[merged->n_items++] = event;
    }
    for (size_t i = 0; i < count && next == count; i++) { /* all were taken: as far as each has looked */
        const Operations__ListEventsResponse *part = (const void *)answers[i];
        read_position(arena, part->position, &places.services[i], &places.numbers[i]);
    }
    merged->position = places_text(arena, &places);
    if (next < count || more)
        merged->next_cursor = merged->position;
    return &merged->base;
}
