/*
 * From a call to the services and back.
 *
 *     invoke ── the request names a service ──────────────── that one answers
 *        ├───── a list of all ── each in turn ── merged
 *        └───── one of unknown whereabouts ── each in turn, until one has it
 *
 * A tour asks one after the other, as all of them share the call's arena. Another process is always asked for one service by name,
 * so that it does not ask us in turn.
 */
#include "platform/operations/operations_internal.h"

#include "base/assert.h"
#include "base/limits.h"
#include "platform/rpc/message.h"
#include "platform/rpc/reflect.h"
#include "platform/service/host_internal.h"

#include <stdlib.h>

#define PLACES_MAX 32

/* A service, and who answers for it. */
struct place {
    const char *service;
    struct host *host;       /* here, or NULL: */
    ProtobufCService *there; /* the operations of another process */
};

struct operations {
    ProtobufCService base; /* the first member: a service is its operations */
    struct place places[PLACES_MAX];
    size_t place_count;
};

/* --- small things the files share -------------------------------------------------------------------------------------- */

Google__Protobuf__Timestamp *timestamp_new(struct arena *arena, int64_t us)
{
    Google__Protobuf__Timestamp *timestamp = ARENA_NEW(arena, Google__Protobuf__Timestamp);
    google__protobuf__timestamp__init(timestamp);
    timestamp->seconds = us / 1000000;
    timestamp->nanos = (int32_t)(us % 1000000) * 1000;
    return timestamp;
}

Common__Problem *problem_message(struct arena *arena, struct text packed)
{
    if (packed.length == 0)
        return NULL;
    return (Common__Problem *)message_unpack(arena, &common__problem__descriptor, packed);
}

/* --- asking one ------------------------------------------------------------------------------------------------------------ */

/* The request with the service's name in it, where it has a field for that. */
static const ProtobufCMessage *for_service(struct arena *arena, const struct method_declaration *method, const ProtobufCMessage *request,
                                           const char *service)
{
    struct field field = message_field(method->input, TEXT("service"));
    if (field.descriptor == NULL)
        return request;
    ProtobufCMessage *named = arena_alloc(arena, request->descriptor->sizeof_message);
    memcpy(named, request, request->descriptor->sizeof_message);
    *(const char **)field_fill(field, named) = service;
    return named;
}

static void ask(const struct place *place, const struct method_declaration *method, const ProtobufCMessage *request, struct call *call)
{
    if (place->host != NULL)
        host_invoke(place->host, method, request, call);
    else
        place->there->invoke(place->there, method->index, for_service(call->arena, method, request, place->service), call_closure, call);
}

/* --- a tour of all --------------------------------------------------------------------------------------------------------- */

typedef ProtobufCMessage *(*merge_function)(struct arena *arena, const ProtobufCMessage *request, ProtobufCMessage **answers, size_t count);

struct tour {
    struct operations *operations;
    struct call *call;
    const struct method_declaration *method; /* what is asked of each */
    const ProtobufCMessage *request;
    merge_function merge; /* NULL: the first who has it answers */
    size_t next; /* place */
    ProtobufCMessage *answers[PLACES_MAX];
    size_t answer_count;
};

static void go_on(struct tour *tour);

static void on_answer(struct call *child, const ProtobufCMessage *answer)
{
    struct tour *tour = child->data;
    if (answer != NULL && tour->merge == NULL) {
        call_answer(tour->call, answer);
        return;
    }
    if (answer != NULL) {
        tour->answers[tour->answer_count++] = (ProtobufCMessage *)(uintptr_t)answer; /* made for us, in our arena */
    } else if (tour->merge != NULL || child->problem.result != RESULT_NOT_FOUND) {
        tour->call->problem = child->problem;
        call_answer(tour->call, NULL);
        return;
    }
    go_on(tour);
}

static void arrive(struct tour *tour)
{
    struct call *call = tour->call;
    if (tour->merge != NULL) {
        call_answer(call, tour->merge(call->arena, tour->request, tour->answers, tour->answer_count));
        return;
    }
    call_refuse(call, RESULT_NOT_FOUND, NULL);
    call_answer(call, NULL);
}

static void go_on(struct tour *tour)
{
    if (tour->next == tour->operations->place_count) {
        arrive(tour);
        return;
    }
    struct call *call = tour->call, *child = call_child(call, call->arena);
    child->data = tour;
    child->done = on_answer;
    child->idempotency_key = call->idempotency_key; /* only whoever has it will note it */
    ask(&tour->operations->places[tour->next++], tour->method, tour->request, child);
}

static void tour_begin(struct operations *operations, const struct method_declaration *method, const ProtobufCMessage *request,
                       struct call *call, merge_function merge)
{
    struct tour *tour = ARENA_NEW(call->arena, struct tour);
    *tour = (struct tour){.operations = operations, .call = call, .method = method, .request = request, .merge = merge};
    go_on(tour);
}

/* --- which one ------------------------------------------------------------------------------------------------------------- */

static const struct place *place_named(const struct operations *operations, struct text name)
{
    for (size_t i = 0; i < operations->place_count; i++)
        if (text_is(name, operations->places[i].service))
            return &operations->places[i];
    return NULL;
}

/* The service that the request names, in its field `service`, or at the beginning of a dead letter's id; empty when it names none. */
static struct text service_in(const struct method_declaration *method, const ProtobufCMessage *request)
{
    struct field service = message_field(method->input, TEXT("service")), id = message_field(method->input, TEXT("id"));
    if (service.descriptor != NULL)
        return text_of(field_value_string(service, request, 0));
    const char *text = field_value_string(id, request, 0), *colon = strchr(text, ':');
    return (struct text){text, colon != NULL ? (size_t)(colon - text) : 0};
}

static merge_function merge_of(const struct method_declaration *method)
{
    if (method == &operations__operations_service__list_events__method)
        return events_merge;
    if (method == &operations__operations_service__list_sagas__method)
        return sagas_merge;
    if (method == &operations__operations_service__list_dead_letters__method)
        return dead_letters_merge;
    return NULL;
}

static void invoke(ProtobufCService *service, unsigned index, const ProtobufCMessage *request, ProtobufCClosure closure,
                   void *closure_data)
{
    struct operations *operations = (struct operations *)service;
    struct call *call = closure_data;
    ASSERT(closure == call_closure && index < operations_declaration.method_count);
    const struct method_declaration *method = operations_declaration.methods[index];

    struct text name = service_in(method, request);
    if (name.length == 0) {
        tour_begin(operations, method, request, call, merge_of(method));
        return;
    }
    const struct place *place = place_named(operations, name);
    if (place != NULL) {
        ask(place, method, request, call);
        return;
    }
    call_refuse(call, RESULT_NOT_FOUND, "There is no service of that name.");
    refusal_post(call);
}

static void destroy(ProtobufCService *service)
{
    (void)service; /* operations_free() */
}

/* --- making -------------------------------------------------------------------------------------------------------------- */

struct operations *operations_new(void)
{
    struct operations *operations = calloc(1, sizeof *operations);
    ASSERT(operations != NULL);
    operations->base = (ProtobufCService){.descriptor = operations_declaration.descriptor, .invoke = invoke, .destroy = destroy};
    return operations;
}

void operations_free(struct operations *operations)
{
    free(operations);
}

static void add(struct operations *operations, struct place place)
{
    ASSERT(operations->place_count < PLACES_MAX && place_named(operations, text_of(place.service)) == NULL);
    operations->places[operations->place_count++] = place;
}

void operations_add(struct operations *operations, struct host *host)
{
    add(operations, (struct place){.service = host_service(host)->declaration->name, .host = host});
}

void operations_add_elsewhere(struct operations *operations, const char *service, ProtobufCService *there)
{
    add(operations, (struct place){.service = service, .there = there});
}

ProtobufCService *operations_service(struct operations *operations)
{
    return &operations->base;
}
