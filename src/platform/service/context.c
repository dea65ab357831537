/*
 * What handlers and apply functions call.
 *
 * Emitting is one act: the event is packed, appended, and applied to the tables, and the resource it speaks of is touched. A
 * transaction may write only during that.
 */
#include "base/assert.h"
#include "base/id.h"
#include "base/limits.h"
#include "platform/rpc/message.h"
#include "platform/saga/saga_internal.h"
#include "platform/service/host_internal.h"

struct context context_of(struct batch *batch, struct call *call, const char *cause)
{
    return (struct context){
        .call = call,
        .tx = batch->tx,
        .arena = call->arena,
        .now_us = batch->now_us,
        .host = batch->host,
        .batch = batch,
        .cause = cause,
    };
}

struct call *system_call(struct host *host, struct arena *arena, const char *actor, const char *request_id)
{
    struct call *call = ARENA_NEW(arena, struct call);
    *call = (struct call){
        .arena = arena,
        .home = host->options.loop,
        .actor = {.kind = ACTOR_SYSTEM, .id = actor, .scopes = SCOPE_EVERY},
        .from = "",
        .request_id = request_id,
        .trace_parent = "",
        .trace_state = "",
        .idempotency_key = "",
        .deadline_us = INT64_MAX,
        .if_version = -1,
    };
    return call;
}

/* --- in a handler ------------------------------------------------------------------------------------------------ */

static const char *actor_text(const struct actor *actor, struct arena *arena)
{
    switch (actor->kind) {
    case ACTOR_ANONYMOUS:
        return "anonymous";
    case ACTOR_CUSTOMER:
        return arena_printf(arena, "customer:%s", actor->id);
    case ACTOR_STAFF:
        return arena_printf(arena, "staff:%s", actor->id);
    case ACTOR_SYSTEM:
        return arena_printf(arena, "system:%s", actor->id);
    }
    ASSERT(!"a kind of actor");
}

void context_emit(struct context *context, const struct event_declaration *declaration, const char *key,
                  const ProtobufCMessage *data)
{
    struct batch *batch = context->batch;
    ASSERT(batch != NULL); /* a query emits nothing */
    ASSERT(data->descriptor == declaration->message->descriptor);
    if (context->tx->failed)
        return;

    struct event event = {
        .stream = arena_printf(context->arena, "%s/%s", declaration->stream, key),
        .name = declaration->name,
        .schema_version = declaration->version,
        .at_us = context->now_us,
        .actor = actor_text(&context->call->actor, context->arena),
        .request_id = context->call->request_id,
        .cause = context->cause,
        .data = message_pack(context->arena, data),
    };
    event_log_append(context->tx, &batch->host->head, &event);

    context->tx->may_write = true;
    declaration->apply(context->tx, &event, data);
    context->tx->may_write = false;

    tx_touch(context->tx, declaration->stream, key);
    batch->events++;
    atomic_store_explicit(&batch->host->under_way, batch->events, memory_order_relaxed);
}

/* From so many events on a command is a bulk of its own to the store. */
#define BULK_EVENTS 1000

void context_expect(struct context *context, uint64_t events)
{
    if (context->parts != NULL && context->parts->expected > 0)
        return; /* it runs once more */
    if (events >= BULK_EVENTS)
        connection_expect_much(context->tx->connection, true);
    if (context->parts != NULL) {
        context->parts->expected += events;
        atomic_fetch_add(&context->host->parts_expected, events);
        return;
    }
    atomic_store_explicit(&context->host->expected, context->batch->events + events, memory_order_relaxed);
}

void context_in_parts(struct context *context, enum result (*take)(struct context *context, void *work, bool *more), void *work)
{
    ASSERT(context->parts != NULL && context->parts->take == NULL); /* a bulk command's handler, once */
    context->parts->take = take;
    context->parts->work = work;
}

const char *context_new_id(struct context *context)
{
    uint8_t random[ID_RANDOM_BYTES];
    env_random(context->host->env, random, sizeof random);
    char *id = arena_alloc(context->arena, ID_LENGTH + 1);
    id_format(context->now_us, random, id);
    return id;
}

enum result context_check_version(struct context *context, int64_t version)
{
    int64_t wanted = context->call->if_version;
    if (wanted < 0 || wanted == version)
        return RESULT_OK;
    return call_refuse(context->call, RESULT_VERSION_MISMATCH,
                       "It is at version %lld now, not %lld. Read it again and decide anew.", (long long)version,
                       (long long)wanted);
}

unsigned context_part(const struct context *context)
{
    return context->parts->number;
}

bool context_part_is_over(const struct context *context)
{
    return env_monotonic_us(context->host->env) - context->parts->began_us >= INT64_C(1000) * LIMIT_PART_MS;
}

/* --- in apply and project ---------------------------------------------------------------------------------------- */

#define TOUCHES_LOOKED_AT 16

void tx_touch(struct tx *tx, const char *resource, const char *key)
{
    struct touched *touched = tx->touched;
    if (touched == NULL)
        return;
    /* Several events of one command mostly speak of the same few resources. */
    const struct touched_resource *known = touched->newest;
    for (int i = 0; known != NULL && i < TOUCHES_LOOKED_AT; i++, known = known->before)
        if (strcmp(known->key, key) == 0 && strcmp(known->resource, resource) == 0)
            return;

    struct touched_resource *entry = ARENA_NEW(touched->arena, struct touched_resource);
    *entry = (struct touched_resource){
        .resource = arena_strdup(touched->arena, resource),
        .key = arena_strdup(touched->arena, key),
        .before = touched->newest,
    };
    touched->newest = entry;
}

static void timers_changed(struct tx *tx)
{
    if (tx->touched != NULL)
        tx->touched->timers = true;
}

void tx_timer_set(struct tx *tx, const char *kind, const char *key, int64_t due_us)
{
    SQL_DO(tx,
           "INSERT INTO souk_timer (kind, key, due_us) VALUES (?1, ?2, ?3)"
           " ON CONFLICT (kind, key) DO UPDATE SET due_us = excluded.due_us",
           sql_string(kind), sql_string(key), sql_int(due_us));
    timers_changed(tx);
}

void tx_timer_clear(struct tx *tx, const char *kind, const char *key)
{
    SQL_DO(tx, "DELETE FROM souk_timer WHERE kind = ?1 AND key = ?2", sql_string(kind), sql_string(key));
    timers_changed(tx);
}

/* --- stored events ----------------------------------------------------------------------------------------------- */

const struct event_declaration *event_declaration_find(const struct service *service, const char *name)
{
    const struct service_declaration *declaration = service->declaration;
    for (size_t i = 0; i < declaration->event_count; i++)
        if (strcmp(declaration->events[i]->name, name) == 0)
            return declaration->events[i];
    return saga_event_find(name);
}

bool service_knows_event(const struct service *service, const char *name)
{
    return event_declaration_find(service, name) != NULL;
}

/* A timer was taken out before its handler emitted this: "timer/expire/01jd…" (timers.c). One that the handler has set anew is due later. */
static void take_out_timer(struct tx *tx, struct arena *arena, const struct event *event)
{
    const char prefix[] = "timer/";
    if (strncmp(event->cause, prefix, sizeof prefix - 1) != 0)
        return;
    const char *kind = event->cause + sizeof prefix - 1;
    const char *slash = strchr(kind, '/');
    ASSERT(slash != NULL);
    SQL_DO(tx, "DELETE FROM souk_timer WHERE kind = ?1 AND key = ?2 AND due_us <= ?3",
           sql_string(arena_strndup(arena, kind, (size_t)(slash - kind))), sql_string(slash + 1), sql_int(event->at_us));
}

void service_apply(const struct service *service, struct tx *tx, struct arena *arena, const struct event *event)
{
    const struct event_declaration *declaration = event_declaration_find(service, event->name);
    ASSERT(declaration != NULL);

    bool is_old = event->schema_version < declaration->version && service->upcast != NULL;
    const ProtobufCMessage *data = is_old ? service->upcast(arena, event)
                                          : message_unpack(arena, declaration->message->descriptor, event->data);
    ASSERT(data != NULL);

    bool may_write = tx->may_write;
    tx->may_write = true;
    take_out_timer(tx, arena, event);
    declaration->apply(tx, event, data);
    tx->may_write = may_write;
}
