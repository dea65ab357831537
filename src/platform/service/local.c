/*
 * The local transport: a service table whose methods are queues.
 *
 *     query   --> readers          --.
 *     command --> the writer       --+--> the answer, on call->home      (one with a file: bulk.c, then the writer)
 *     saga    --> runs on call->home-'
 *
 * An answer never comes before the invocation has returned, a refusal neither: callers need not be ready for that.
 */
#include "base/assert.h"
#include "base/limits.h"
#include "platform/rpc/message.h"
#include "platform/service/host_internal.h"

#include "souk/operations/v1/operations.souk.h"

/* --- refusals ---------------------------------------------------------------------------------------------------- */

struct refusal {
    struct delivery delivery;
    struct call *call;
};

static void on_refusal(struct delivery *delivery)
{
    struct refusal *refusal = (struct refusal *)delivery;
    call_answer(refusal->call, NULL);
}

void refusal_post(struct call *call)
{
    struct refusal *refusal = ARENA_NEW(call->arena, struct refusal);
    *refusal = (struct refusal){.delivery = {.arrive = on_refusal, .home = call->home}, .call = call};
    delivery_post(&refusal->delivery);
}

void count_refusal(struct host *host)
{
    count(&host->refused);
}

/* --- the last gate ----------------------------------------------------------------------------------------------- */

static enum result check_scope(struct call *call, const struct method_declaration *method)
{
    if (method->scope == NULL || call->actor.kind == ACTOR_SYSTEM)
        return RESULT_OK;
    if (call->actor.scopes & scope_named(text_of(method->scope)))
        return RESULT_OK;
    if (call->actor.kind == ACTOR_ANONYMOUS)
        return call_refuse(call, RESULT_UNAUTHENTICATED, "This needs the scope \"%s\".", method->scope);
    return call_refuse(call, RESULT_PERMISSION_DENIED, "This needs the scope \"%s\".", method->scope);
}

static enum result check_as_of(struct host *host, struct call *call, const struct method_declaration *method)
{
    if (call->as_of_us == 0)
        return RESULT_OK;
    if (method->kind == METHOD_COMMAND || method->history == NULL)
        return call_violation(call, "?asOf", "not_supported", "This can't be asked for as of another time.");
    if (call->as_of_us > env_now_us(host->env))
        return call_violation(call, "?asOf", "in_future", "That time has not come yet.");
    return RESULT_OK;
}

static enum result check(struct host *host, struct call *call, const struct method_declaration *method)
{
    if (atomic_load(&host->draining))
        return call_refuse(call, RESULT_SHUTTING_DOWN, NULL);
    enum result result = check_scope(call, method);
    if (result != RESULT_OK)
        return result;
    if (method->key_required && *call->idempotency_key == '\0')
        return call_refuse(call, RESULT_IDEMPOTENCY_KEY_REQUIRED, NULL);
    return check_as_of(host, call, method);
}

/* --- too much to do ---------------------------------------------------------------------------------------------- */

/* A saga's calls will go through both queues. */
static int64_t queue_age_for(const struct host *host, enum method_kind kind, enum method_urgency urgency)
{
    int64_t readers_us = kind != METHOD_COMMAND ? readers_age_us(host->options.readers, urgency) : 0;
    int64_t writer_us = kind != METHOD_QUERY ? queue_age_us(&host->queue_age, host->env) : 0;
    return readers_us > writer_us ? readers_us : writer_us;
}

enum result refuse_shed(struct host *host, struct call *call, const struct method_declaration *method)
{
    count(&host->shed[call_urgency(call, method)]);
    return call_refuse(call, RESULT_OVERLOADED, "There is too much to do; what is more urgent goes first.");
}

static enum result check_load(struct host *host, struct call *call, const struct method_declaration *method)
{
    enum method_urgency urgency = call_urgency(call, method);
    return shed_refuses(urgency, queue_age_for(host, method->kind, urgency)) ? refuse_shed(host, call, method) : RESULT_OK;
}

/* --- commands ---------------------------------------------------------------------------------------------------- */

static void on_command_done(struct writer_job *job, enum result result)
{
    struct command *command = (struct command *)job;
    call_answer(job->call, result == RESULT_OK ? command->answer : NULL);
}

static enum result take_command(struct host *host, const struct method_declaration *method,
                                const ProtobufCMessage *request, struct call *call)
{
    if (atomic_load_explicit(&host->queued, memory_order_relaxed) >= LIMIT_WRITER_QUEUE)
        return call_refuse(call, RESULT_OVERLOADED, NULL);
    struct command *command = ARENA_NEW(call->arena, struct command);
    *command = (struct command){
        .job = {.call = call, .done = on_command_done, .is_command = true},
        .method = method,
        .request = request,
    };
    /* Hashing here spares the writer, of which there is only one. */
    command->has_key = idempotency_key_of(call, method, request, &command->key);
    command->job.key = command->has_key ? &command->key : NULL;
    if (is_bulk_command(method)) {
        bulk_take(host, command);
        return RESULT_OK;
    }
    host_write(host, &command->job);
    host_close(host); /* the job counts by itself */
    return RESULT_OK;
}

/* --- the table --------------------------------------------------------------------------------------------------- */

/* Hand it over, or refuse it. */
static enum result take(struct host *host, struct call *call, const struct method_declaration *method,
                        const ProtobufCMessage *request)
{
    switch (method->kind) {
    case METHOD_QUERY:
        return readers_take(host->options.readers, host, method, request, call);
    case METHOD_COMMAND:
        return take_command(host, method, request, call);
    case METHOD_SAGA:
        return saga_begin(host, method, request, call);
    }
    ASSERT(!"a kind of method");
}

method_handler host_handler(const struct host *host, const struct method_declaration *method)
{
    const struct service_declaration *own = host->declaration;
    bool is_own = method->index < own->method_count && own->methods[method->index] == method;
    return (is_own ? own : &operations_declaration)->handlers[method->index];
}

void host_invoke(struct host *host, const struct method_declaration *method, const ProtobufCMessage *request, struct call *call)
{
    host_open(host); /* before the gate is looked at, so that a drain waits for whoever has passed it */
    enum result result = check(host, call, method);
    if (result == RESULT_OK)
        result = check_load(host, call, method);
    if (result == RESULT_OK)
        result = take(host, call, method, request);
    if (result != RESULT_OK) {
        count_refusal(host);
        host_close(host); /* nothing of the host is needed to bring it home */
        refusal_post(call);
    }
}

static void invoke(ProtobufCService *service, unsigned index, const ProtobufCMessage *request, ProtobufCClosure closure,
                   void *closure_data)
{
    struct host *host = ((struct transport *)service)->host;
    ASSERT(closure == call_closure);
    ASSERT(index < host->declaration->method_count);
    host_invoke(host, host->declaration->methods[index], request, closure_data);
}

static void destroy(ProtobufCService *service)
{
    (void)service; /* it is part of the host */
}

void transport_init(struct transport *transport, struct host *host)
{
    *transport = (struct transport){
        .base = {.descriptor = host->declaration->descriptor, .invoke = invoke, .destroy = destroy},
        .host = host,
    };
}
