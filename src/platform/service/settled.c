/*
 * Settled answers: what a command says of a resource that other services have a part in.
 *
 * A product's price is pricing's, and comes back into the catalogue as a copy, a moment after the command that said it first. An operation
 * that is `settled` waits for that moment; then its resource is read once more, by the handler that a GET would run, and that is the
 * answer, and what the same Idempotency-Key gets from now on. It is read on the writer, so that reading it and keeping it are one. Who
 * asks again with the key before that moment is told that it is still running: the same key has one answer. After a crash in between, when
 * nobody has been answered, that is the one from before.
 *
 * Only services that keep copies need this: what others answer is their own from the first moment.
 */
#include "base/assert.h"
#include "base/limits.h"
#include "platform/rpc/message.h"
#include "platform/service/host_internal.h"

#include <string.h>

static bool keeps_copies(const struct service *service)
{
    for (size_t i = 0; i < service->subscription_count; i++)
        if (service->subscriptions[i].project != NULL)
            return true;
    return false;
}

/* The method that a GET of this answer runs; NULL where it is no resource of this service, or one without an id, of which nobody else has a part. */
static const struct method_declaration *get_of(const struct host *host, const struct command *command)
{
    const struct method_declaration *get = command->method->output->get;
    bool is_own = get != NULL && strcmp(get->service, host->declaration->name) == 0 && get->kind == METHOD_QUERY &&
                  protobuf_c_message_descriptor_get_field_by_name(command->method->output->descriptor, "id") != NULL;
    return is_own && keeps_copies(host->service) ? get : NULL;
}

static void note_id(void *data, const char *id)
{
    *(const char **)data = id;
}

/* "What it asks for is its first field", as everywhere. NULL when the answer has no id. */
static ProtobufCMessage *request_of(struct arena *arena, const struct method_declaration *get, const ProtobufCMessage *answer)
{
    const char *id = NULL;
    const ProtobufCMessageDescriptor *type = get->input->descriptor;
    message_each_text(answer, TEXT("id"), arena, note_id, &id);
    if (id == NULL)
        return NULL;
    ASSERT(type->fields[0].type == PROTOBUF_C_TYPE_STRING);
    ProtobufCMessage *request = message_new(arena, type);
    *(const char **)(void *)((char *)request + type->fields[0].offset) = id;
    return request;
}

/* A resource that is gone again, or can't be read now, is answered as it was. */
static enum result read_again(struct writer_job *job, struct context *context)
{
    struct command *command = (struct command *)job;
    const struct method_declaration *get = get_of(context->host, command);
    const ProtobufCMessage *request = request_of(context->arena, get, command->answer);
    if (request == NULL)
        return RESULT_OK;
    ProtobufCMessage *answer = message_new(context->arena, get->output->descriptor);
    if (context->host->declaration->handlers[get->index](context, request, answer) != RESULT_OK || context->tx->failed) {
        context->call->problem = (struct problem){0};
        return RESULT_OK;
    }
    command->answer = answer;
    if (command->has_key)
        command_remember(context->batch, command);
    return RESULT_OK;
}

/* The command is done and durable, whatever became of reading it again; what was not kept is not said. */
static void on_read_again(struct writer_job *job, enum result result)
{
    struct command *command = (struct command *)job;
    settling_end(job->host, command);
    job->call->problem = (struct problem){0};
    call_answer(job->call, result == RESULT_OK ? command->answer : command->before);
}

static void on_settled(struct delivery *delivery)
{
    struct command *command = (struct command *)((char *)delivery - offsetof(struct command, job.delivery));
    struct host *host = command->job.host;
    command->before = command->answer;
    command->job.is_command = false;
    command->job.key = NULL;
    command->job.run = read_again;
    command->job.done = on_read_again;
    host_write(host, &command->job);
    host_close(host); /* the job counts by itself */
}

/* --- keys whose answers are not final yet --- */

void settling_begin(struct host *host, struct command *command)
{
    if (command->is_settling || !command->has_key || command->job.result != RESULT_OK || get_of(host, command) == NULL)
        return;
    pthread_mutex_lock(&host->lock);
    command->is_settling = true;
    command->next_settling = host->settling;
    host->settling = command;
    pthread_mutex_unlock(&host->lock);
}

void settling_end(struct host *host, struct command *command)
{
    if (!command->is_settling)
        return;
    pthread_mutex_lock(&host->lock);
    struct command **at = &host->settling;
    while (*at != command)
        at = &(*at)->next_settling;
    *at = command->next_settling;
    command->is_settling = false;
    pthread_mutex_unlock(&host->lock);
}

bool settling_has(struct host *host, const struct idempotency_key *key)
{
    pthread_mutex_lock(&host->lock);
    const struct command *at = host->settling;
    while (at != NULL && memcmp(at->key.key, key->key, sizeof key->key) != 0)
        at = at->next_settling;
    pthread_mutex_unlock(&host->lock);
    return at != NULL;
}

/* --- waiting --- */

bool is_settling(const struct writer_job *job)
{
    return job->is_command && job->last_event > 0 && ((const struct command *)job)->method->settled;
}

void answer_when_settled(struct host *host, struct command *command)
{
    struct delivery *delivery = &command->job.delivery;
    if (command->job.result == RESULT_OK && get_of(host, command) != NULL)
        delivery->arrive = on_settled;
    delivery_prepare(delivery);
    bus_when_settled(host->options.bus, host->declaration->name, command->job.last_event, delivery->home, &delivery->task,
                     INT64_C(1000) * LIMIT_SETTLE_MS);
}
