/*
 * ListSagas, GetSaga, RetrySaga: durable sagas, from the tables of the service that declares them, and what the host knows of those
 * under way.
 */
#include "platform/operations/operations_internal.h"

#include "base/limits.h"
#include "platform/saga/saga.h"
#include "platform/service/host_internal.h"
#include "platform/service/page.h"

#include <stdlib.h>

static const char list_name[] = "saga";

/* --- one saga ------------------------------------------------------------------------------------------------------------ */

/* How many of its steps are done and not undone; what comes after a pivot counts as soon as it is noted. */
static size_t done_count(const struct saga_record *record, const struct saga *saga)
{
    switch (record->status) {
    case SAGA_RUNNING:
    case SAGA_UNDOING:
        return record->step;
    case SAGA_DONE:
        return saga->step_count;
    case SAGA_UNDONE:
        return 0;
    }
    return 0;
}

static void fill_steps(struct arena *arena, Operations__Saga *item, const struct saga_record *record, const struct saga *saga)
{
    item->steps = ARENA_ARRAY(arena, const char *, saga->step_count);
    for (; item->n_steps < saga->step_count; item->n_steps++)
        item->steps[item->n_steps] = saga->steps[item->n_steps].name;
    item->steps_done = item->steps;
    item->n_steps_done = done_count(record, saga);
}

static void fill_waiting(struct context *context, Operations__Saga *item)
{
    struct saga_waiting waiting;
    if (!saga_is_waiting(context->host, item->id, &waiting))
        return;
    item->waiting_for = ARENA_NEW(context->arena, Common__Problem);
    common__problem__init(item->waiting_for);
    item->waiting_for->code = result_row(waiting.result)->wire;
    item->waiting_for->detail = arena_strdup(context->arena, waiting.detail);
    item->attempts = (int32_t)waiting.attempts;
    item->next_attempt_at = timestamp_new(context->arena, waiting.next_us);
}

static void fill(struct context *context, Operations__Saga *item, const struct saga_record *record)
{
    struct arena *arena = context->arena;
    const struct saga *saga = saga_of_method(context->host->declaration, record->method);
    operations__saga__init(item);
    item->id = record->id;
    item->service = context->host->declaration->name;
    item->operation = record->method;
    item->status = (Operations__SagaStatus)(record->status + 1); /* in the same order, after "not said" */
    item->step = record->step_name;
    if (saga != NULL)
        fill_steps(arena, item, record, saga);
    item->problem = problem_message(arena, record->problem);
    item->started_at = timestamp_new(arena, record->started_us);
    item->changed_at = timestamp_new(arena, record->changed_us);
    if (record->status < SAGA_DONE)
        fill_waiting(context, item);
}

static enum result load(struct context *context, const char *id, Operations__Saga *answer)
{
    struct saga_record record;
    if (!saga_find(context->tx, context->host->declaration, id, &record))
        return call_refuse(context->call, RESULT_NOT_FOUND, NULL);
    fill(context, answer, &record);
    return RESULT_OK;
}

enum result operations_get_saga(struct context *context, const Operations__GetSagaRequest *request, Operations__Saga *answer)
{
    return load(context, request->id, answer);
}

/* A saga that is not waiting needs no telling: asking twice is fine. */
enum result operations_retry_saga(struct context *context, const Operations__RetrySagaRequest *request, Operations__Saga *answer)
{
    enum result result = load(context, request->id, answer);
    if (result != RESULT_OK)
        return result;
    if (answer->status == OPERATIONS__SAGA_STATUS__SAGA_STATUS_DONE || answer->status == OPERATIONS__SAGA_STATUS__SAGA_STATUS_UNDONE)
        return call_refuse(context->call, RESULT_STATE_FORBIDS, "It is over.");
    if (!saga_retry(context->host, request->id))
        return call_refuse(context->call, RESULT_STATE_FORBIDS, "It is just ending, or this version does not know its operation.");
    return RESULT_OK;
}

/* --- lists --------------------------------------------------------------------------------------------------------------- */

struct page_of_sagas {
    struct context *context;
    Operations__ListSagasResponse *answer;
    Operations__SagaFilter filter;
    size_t limit;
    bool more;
};

static bool is_wanted(const Operations__Saga *saga, Operations__SagaFilter filter)
{
    switch (filter) {
    case OPERATIONS__SAGA_FILTER__SAGA_FILTER_STUCK:
        return saga->waiting_for != NULL;
    case OPERATIONS__SAGA_FILTER__SAGA_FILTER_RUNNING:
        return saga->status == OPERATIONS__SAGA_STATUS__SAGA_STATUS_RUNNING;
    case OPERATIONS__SAGA_FILTER__SAGA_FILTER_UNDOING:
        return saga->status == OPERATIONS__SAGA_STATUS__SAGA_STATUS_UNDOING;
    case OPERATIONS__SAGA_FILTER__SAGA_FILTER_DONE:
        return saga->status == OPERATIONS__SAGA_STATUS__SAGA_STATUS_DONE;
    case OPERATIONS__SAGA_FILTER__SAGA_FILTER_UNDONE:
        return saga->status == OPERATIONS__SAGA_STATUS__SAGA_STATUS_UNDONE;
    default:
        return true; /* all, or all that are open: those alone were read */
    }
}

static bool on_saga(void *data, const struct saga_record *record)
{
    struct page_of_sagas *page = data;
    Operations__Saga *item = ARENA_NEW(page->context->arena, Operations__Saga);
    fill(page->context, item, record);
    if (!is_wanted(item, page->filter))
        return true;
    page->more = page->answer->n_items == page->limit;
    if (!page->more)
        page->answer->items[page->answer->n_items++] = item;
    return !page->more;
}

static const char *cursor_behind(struct arena *arena, const Operations__ListSagasResponse *answer)
{
    return page_cursor(arena, list_name, "", answer->items[answer->n_items - 1]->id);
}

enum result operations_list_sagas(struct context *context, const Operations__ListSagasRequest *request,
                                  Operations__ListSagasResponse *answer)
{
    struct page page;
    enum result result = page_begin(context->call, list_name, request->limit, request->cursor, &page);
    if (result != RESULT_OK)
        return result;
    struct page_of_sagas sagas = {.context = context, .answer = answer, .filter = request->status, .limit = (size_t)page.limit};
    bool open = request->status >= OPERATIONS__SAGA_FILTER__SAGA_FILTER_OPEN && request->status <= OPERATIONS__SAGA_FILTER__SAGA_FILTER_UNDOING;
    answer->items = ARENA_ARRAY(context->arena, Operations__Saga *, sagas.limit);
    saga_each(context->tx, context->host->declaration, open, page.id, INT64_MAX, on_saga, &sagas);
    if (sagas.more)
        answer->next_cursor = cursor_behind(context->arena, answer);
    return RESULT_OK;
}

/* Ids are ordered by time, so the newest comes first. */
static int by_id(const void *a, const void *b)
{
    const Operations__Saga *const *one = a, *const *other = b;
    return strcmp((*other)->id, (*one)->id);
}

ProtobufCMessage *sagas_merge(struct arena *arena, const ProtobufCMessage *base, ProtobufCMessage **answers, size_t count)
{
    size_t limit = limit_of(((const Operations__ListSagasRequest *)(const void *)base)->limit);
    Operations__ListSagasResponse *merged = ARENA_NEW(arena, Operations__ListSagasResponse);
    operations__list_sagas_response__init(merged);
    merged->items = ARENA_ARRAY(arena, Operations__Saga *, limit * (count + 1));
    bool more = false;
    for (size_t i = 0; i < count; i++) {
        const Operations__ListSagasResponse *part = (const void *)answers[i];
        for (size_t j = 0; j < part->n_items; j++)
            merged->items[merged->n_items++] = part->items[j];
        more = more || *part->next_cursor != '\0';
    }
    qsort(merged->items, merged->n_items, sizeof *merged->items, by_id);
    more = more || merged->n_items > limit;
    if (merged->n_items > limit)
        merged->n_items = limit;
    if (more)
        merged->next_cursor = cursor_behind(arena, merged);
    return &merged->base;
}
