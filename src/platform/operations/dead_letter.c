/*
 * ListDeadLetters, GetDeadLetter, RetryDeadLetter, DropDeadLetter. A letter's id says who refused and what: "inventory:catalog:17".
 */
#include "platform/operations/operations_internal.h"

#include "base/limits.h"
#include "platform/service/dead_letters.h"
#include "platform/service/host_internal.h"
#include "platform/service/page.h"

#include <inttypes.h>
#include <stdlib.h>

static const char list_name[] = "dead_letter";

/* "inventory:catalog:17"; false when it is none. The producer lives in the arena. */
static bool read_id(struct arena *arena, const char *id, const char **producer, int64_t *number)
{
    const char *first = strchr(id, ':'), *second = first != NULL ? strchr(first + 1, ':') : NULL;
    if (second == NULL || !text_to_int64(text_of(second + 1), number) || *number < 1)
        return false;
    *producer = arena_strndup(arena, first + 1, (size_t)(second - first - 1));
    return true;
}

static void fill(struct context *context, Operations__DeadLetter *item, const struct dead_letter *letter)
{
    struct arena *arena = context->arena;
    operations__dead_letter__init(item);
    item->service = context->host->declaration->name;
    item->event = arena_printf(arena, "%s:%" PRId64, letter->producer, letter->number);
    item->id = arena_printf(arena, "%s:%s", item->service, item->event);
    item->type = letter->name;
    item->stream = letter->stream;
    item->problem = problem_message(arena, letter->problem);
    item->attempts = (int32_t)letter->attempts;
    item->first_tried_at = timestamp_new(arena, letter->first_us);
    item->last_tried_at = timestamp_new(arena, letter->last_us);
}

enum result operations_get_dead_letter(struct context *context, const Operations__GetDeadLetterRequest *request,
                                       Operations__DeadLetter *answer)
{
    struct dead_letter letter;
    const char *producer;
    int64_t number;
    if (!read_id(context->arena, request->id, &producer, &number) || !dead_letter_find(context->tx, producer, number, &letter))
        return call_refuse(context->call, RESULT_NOT_FOUND, NULL);
    fill(context, answer, &letter);
    return RESULT_OK;
}

enum result operations_retry_dead_letter(struct context *context, const Operations__RetryDeadLetterRequest *request,
                                         Google__Protobuf__Empty *answer)
{
    (void)answer;
    const char *producer;
    int64_t number;
    if (!read_id(context->arena, request->id, &producer, &number))
        return call_refuse(context->call, RESULT_NOT_FOUND, NULL);
    return dead_letter_retry(context, producer, number);
}

enum result operations_drop_dead_letter(struct context *context, const Operations__DropDeadLetterRequest *request,
                                        Google__Protobuf__Empty *answer)
{
    (void)answer;
    const char *producer;
    int64_t number;
    if (read_id(context->arena, request->id, &producer, &number))
        dead_letter_drop(context->tx, producer, number);
    return RESULT_OK;
}

/* --- lists --------------------------------------------------------------------------------------------------------------- */

struct page_of_letters {
    struct context *context;
    Operations__ListDeadLettersResponse *answer;
    size_t limit;
    bool more;
};

static void on_letter(void *data, const struct dead_letter *letter)
{
    struct page_of_letters *page = data;
    page->more = page->answer->n_items == page->limit;
    if (page->more)
        return;
    Operations__DeadLetter *item = ARENA_NEW(page->context->arena, Operations__DeadLetter);
    fill(page->context, item, letter);
    page->answer->items[page->answer->n_items++] = item;
}

static int64_t first_us(const Operations__DeadLetter *letter)
{
    return letter->first_tried_at->seconds * 1000000 + letter->first_tried_at->nanos / 1000;
}

static const char *cursor_behind(struct arena *arena, const Operations__ListDeadLettersResponse *answer)
{
    const Operations__DeadLetter *last = answer->items[answer->n_items - 1];
    return page_cursor_number(arena, list_name, first_us(last), last->id);
}

/* Of another service's letter at the same time, those come next whose service comes later in the alphabet. */
static struct dead_letter behind_of(struct context *context, const struct page *page)
{
    struct dead_letter behind = {.producer = "", .first_us = page->first ? 0 : page->sort_number};
    const char *own = context->host->declaration->name;
    size_t length = strcspn(page->id, ":");
    int order = strcmp(own, arena_strndup(context->arena, page->id, length));
    if (order < 0)
        behind.producer = "\x7f"; /* behind every name: of that time nothing more */
    else if (order == 0)
        read_id(context->arena, page->id, &behind.producer, &behind.number);
    return behind;
}

enum result operations_list_dead_letters(struct context *context, const Operations__ListDeadLettersRequest *request,
                                         Operations__ListDeadLettersResponse *answer)
{
    struct page page;
    enum result result = page_begin(context->call, list_name, request->limit, request->cursor, &page);
    if (result != RESULT_OK)
        return result;
    struct page_of_letters letters = {.context = context, .answer = answer, .limit = (size_t)page.limit};
    struct dead_letter behind = behind_of(context, &page);
    answer->items = ARENA_ARRAY(context->arena, Operations__DeadLetter *, letters.limit);
    dead_letters_each(context->tx, &behind, page.limit + 1, on_letter, &letters);
    if (letters.more)
        answer->next_cursor = cursor_behind(context->arena, answer);
    return RESULT_OK;
}

struct sortable {
    Operations__DeadLetter *letter;
    size_t place; /* in the order of its service */
};

static int newest_first(const void *a, const void *b)
{
    const struct sortable *one = a, *other = b;
    int64_t difference = first_us(other->letter) - first_us(one->letter);
    if (difference != 0)
        return difference < 0 ? -1 : 1;
    int by_service = strcmp(one->letter->service, other->letter->service);
    return by_service != 0 ? by_service : one->place < other->place ? -1 : 1;
}

ProtobufCMessage *dead_letters_merge(struct arena *arena, const ProtobufCMessage *base, ProtobufCMessage **answers, size_t count)
{
    size_t limit = limit_of(((const Operations__ListDeadLettersRequest *)(const void *)base)->limit), total = 0;
    struct sortable *all = ARENA_ARRAY(arena, struct sortable, limit * count + 1);
    bool more = false;
    for (size_t i = 0; i < count; i++) {
        const Operations__ListDeadLettersResponse *part = (const void *)answers[i];
        for (size_t j = 0; j < part->n_items; j++, total++)
            all[total] = (struct sortable){part->items[j], j};
        more = more || *part->next_cursor != '\0';
    }
    qsort(all, total, sizeof *all, newest_first);

    Operations__ListDeadLettersResponse *merged = ARENA_NEW(arena, Operations__ListDeadLettersResponse);
    operations__list_dead_letters_response__init(merged);
    merged->items = ARENA_ARRAY(arena, Operations__DeadLetter *, limit);
    for (; merged->n_items < total && merged->n_items < limit; merged->n_items++)
        merged->items[merged->n_items] = all[merged->n_items].letter;
    if (more || total > limit)
        merged->next_cursor = cursor_behind(arena, merged);
    return &merged->base;
}
