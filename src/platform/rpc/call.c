/*
 * Calls: making them, answering them, and saying why not.
 */
#include "platform/rpc/call.h"

#include "base/assert.h"
#include "base/id.h"
#include "base/limits.h"

#include <stdatomic.h>

/* --- scopes ------------------------------------------------------------------------------------------------------ */

static const char *const scope_names[SCOPE_BIT_COUNT] = {
#define SCOPE_NAME(name, wire) [SCOPE_BIT_##name] = wire,
    SCOPE_TABLE(SCOPE_NAME)
#undef SCOPE_NAME
};

unsigned scope_named(struct text name)
{
    for (unsigned bit = 0; bit < SCOPE_BIT_COUNT; bit++)
        if (text_is(name, scope_names[bit]))
            return 1u << bit;
    return 0;
}

const char *scope_name(unsigned scope)
{
    for (unsigned bit = 0; bit < SCOPE_BIT_COUNT; bit++)
        if (scope == 1u << bit)
            return scope_names[bit];
    ASSERT(!"one scope of the table");
}

/* --- making ------------------------------------------------------------------------------------------------------ */

struct call *call_new(struct arena *arena, struct loop *home)
{
    char *request_id = arena_alloc(arena, ID_LENGTH + 1);
    env_new_id(home->env, request_id);

    struct call *call = ARENA_NEW(arena, struct call);
    *call = (struct call){
        .arena = arena,
        .home = home,
        .actor = {.kind = ACTOR_ANONYMOUS, .id = ""},
        .from = "",
        .request_id = request_id,
        .trace_parent = "",
        .trace_state = "",
        .idempotency_key = "",
        .deadline_us = env_monotonic_us(home->env) + INT64_C(1000) * LIMIT_CALL_MS,
        .if_version = -1,
    };
    return call;
}

struct call *call_child(const struct call *parent, struct arena *arena)
{
    struct call *call = ARENA_NEW(arena, struct call);
    /* The texts are copied: a child may outlive its parent. */
    *call = (struct call){
        .arena = arena,
        .home = parent->home,
        .actor = parent->actor,
        .from = arena_strdup(arena, parent->from),
        .request_id = arena_strdup(arena, parent->request_id),
        .trace_parent = arena_strdup(arena, parent->trace_parent),
        .trace_state = arena_strdup(arena, parent->trace_state),
        .idempotency_key = "",
        .deadline_us = parent->deadline_us,
        .as_of_us = parent->as_of_us,
        .if_version = -1,
    };
    call->actor.id = arena_strdup(arena, parent->actor.id);
    return call;
}

/* --- answering --------------------------------------------------------------------------------------------------- */

void call_ask_as_of(struct call *call, int64_t time_us, int64_t now_us)
{
    int64_t until_us = time_us % 1000 == 0 ? time_us + 999 : time_us;
    call->as_of_us = until_us > now_us && time_us <= now_us ? now_us : until_us;
}

void call_closure(const ProtobufCMessage *answer, void *call)
{
    call_answer(call, answer);
}

void call_answer(struct call *call, const ProtobufCMessage *answer)
{
    ASSERT((answer != NULL) == (call->problem.result == RESULT_OK));
    /* Taken away, so that a second answer is an assertion instead of a callback into memory that is gone. */
    void (*done)(struct call *call, const ProtobufCMessage *answer) = call->done;
    ASSERT(done != NULL);
    call->done = NULL;
    done(call, answer);
}

void call_cancel(struct call *call)
{
    atomic_store(&call->cancelled, true);
    if (call->cancel != NULL)
        call->cancel(call);
}

/* --- saying why not ---------------------------------------------------------------------------------------------- */

enum result call_refuse(struct call *call, enum result result, const char *detail, ...)
{
    ASSERT(result != RESULT_OK);
    call->problem.result = result;
    call->problem.detail = NULL;
    if (detail != NULL) {
        va_list arguments;
        va_start(arguments, detail);
        call->problem.detail = arena_vprintf(call->arena, detail, arguments);
        va_end(arguments);
    }
    return result;
}

enum result call_violation(struct call *call, const char *pointer, const char *code, const char *detail, ...)
{
    va_list arguments;
    va_start(arguments, detail);
    struct violation *violation = ARENA_NEW(call->arena, struct violation);
    *violation = (struct violation){
        .pointer = arena_strdup(call->arena, pointer),
        .code = arena_strdup(call->arena, code),
        .detail = arena_vprintf(call->arena, detail, arguments),
    };
    va_end(arguments);

    struct violation **end = &call->problem.violations; /* in the order they were found */
    while (*end != NULL)
        end = &(*end)->next;
    *end = violation;
    call->problem.result = RESULT_VALIDATION_FAILED;
    return RESULT_VALIDATION_FAILED;
}

void call_problem_number(struct call *call, const char *name, int64_t value)
{
    struct problem_number *number = ARENA_NEW(call->arena, struct problem_number);
    *number = (struct problem_number){.name = arena_strdup(call->arena, name), .value = value};

    struct problem_number **end = &call->problem.numbers;
    while (*end != NULL)
        end = &(*end)->next;
    *end = number;
}
