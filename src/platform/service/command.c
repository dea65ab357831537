/*
 * One command in a batch: its idempotency record and its handler.
 *
 * The record is stored outside the command's savepoint but in its transaction, so that a refusal is remembered while its effects are
 * undone, and an answer is remembered exactly when its effects are. What is remembered: success, and refusals that say something about the
 * state of things (it is sold out, it has changed). What would be otherwise the next time or with another body is not.
 */
#include "base/assert.h"
#include "base/id.h"
#include "base/plants.h"
#include "base/text.h"
#include "platform/rpc/message.h"
#include "platform/service/host_internal.h"
#include "platform/store/digest.h"

/* --- keys -------------------------------------------------------------------------------------------------------- */

static void add_value(void *digest, const char *value)
{
    digest_add_text(digest, text_of(value));
}

/* The values of the route's variables ("/v1/carts/{cart}/lines"): the same key for another cart is another request. */
static void add_path_variables(struct digest *digest, const struct call *call, const struct method_declaration *method,
                               const ProtobufCMessage *request)
{
    if (method->http_count == 0)
        return;
    const char *at = method->http[0].path;
    while ((at = strchr(at, '{')) != NULL) {
        size_t length = strcspn(++at, "=}");
        message_each_text(request, (struct text){at, length}, call->arena, add_value, digest);
    }
}

/* Whoever is nobody is known by what they alone know, such as a cart's id in the route. Where the route has nothing of the kind, two strangers
 * with the same simple key must not get each other's cart: there the key is the address's, too. Not elsewhere, as buyers who lose
 * an answer on their way ask again from another network. */
static void add_stranger(struct digest *digest, const struct call *call, const struct method_declaration *method)
{
    bool names_something = method->http_count > 0 && strchr(method->http[0].path, '{') != NULL;
    if (call->actor.kind == ACTOR_ANONYMOUS && *call->from != '\0' && !names_something)
        digest_add_text(digest, text_of(call->from));
}

/* Keys of sagas begin with the saga's id: theirs then lie beside each other in the store, by the time that is in the id, and many share a
 * page. Other keys lie anywhere. */
#define KEY_TIME_BYTES 6

static void put_time_first(uint8_t key[IDEMPOTENCY_HASH_BYTES], const char *idempotency_key)
{
    struct text id = {idempotency_key, strnlen(idempotency_key, ID_LENGTH)};
    if (!id_is_valid(id))
        return;
    int64_t time_ms = id_time_ms(id);
    for (int i = 0; i < KEY_TIME_BYTES; i++)
        key[i] = (uint8_t)(time_ms >> 8 * (KEY_TIME_BYTES - 1 - i));
}

static void take_hash(struct digest *digest, uint8_t hash[IDEMPOTENCY_HASH_BYTES])
{
    uint8_t whole[DIGEST_BYTES];
    digest_end(digest, whole);
    memcpy(hash, whole, IDEMPOTENCY_HASH_BYTES);
}

bool idempotency_key_of(const struct call *call, const struct method_declaration *method,
                        const ProtobufCMessage *request, struct idempotency_key *key)
{
    if (*call->idempotency_key == '\0')
        return false;

    struct digest digest;
    digest_init(&digest);
    digest_add_int64(&digest, (int64_t)call->actor.kind);
    digest_add_text(&digest, text_of(call->actor.id));
    digest_add_text(&digest, text_of(method->full_name));
    digest_add_text(&digest, text_of(call->idempotency_key));
    add_path_variables(&digest, call, method, request);
    add_stranger(&digest, call, method);
    take_hash(&digest, key->key);
    put_time_first(key->key, call->idempotency_key);

    digest_init(&digest);
    if (!call->key_alone)
        digest_add_text(&digest, message_pack(call->arena, request));
    take_hash(&digest, key->request);
    return true;
}

/* --- records ----------------------------------------------------------------------------------------------------- */

bool result_is_definitive(enum result result)
{
    switch (result) {
    case RESULT_REQUEST_IN_PROGRESS:
    case RESULT_IDEMPOTENCY_KEY_REUSED:
        return false;
    default:
        break;
    }
    switch (result_row(result)->http_status) {
    case 200: /* done */
    case 402:
    case 404:
    case 409:
    case 412:
        return true;
    default:
        return false;
    }
}

enum result idempotency_replay(const struct idempotency_record *record, struct call *call,
                               const ProtobufCMessageDescriptor *answer_type, ProtobufCMessage **answer)
{
    if (!record->same_request)
        return call_refuse(call, RESULT_IDEMPOTENCY_KEY_REUSED, "A new request needs a new Idempotency-Key.");
    if (record->running)
        return call_refuse(call, RESULT_REQUEST_IN_PROGRESS, "Ask again in a moment, with the same key.");

    call->replayed = true;
    if (record->refused) {
        call->problem = problem_unpack(call->arena, record->problem);
        return call->problem.result;
    }
    *answer = message_unpack(call->arena, answer_type, record->answer);
    ASSERT(*answer != NULL);
    return RESULT_OK;
}

void command_remember(struct batch *batch, const struct command *command)
{
    const struct writer_job *job = &command->job;
    bool done = job->result == RESULT_OK;
    struct arena *arena = job->call->arena;
    idempotency_store(batch->tx, &command->key, done ? message_pack(arena, command->answer) : TEXT(""),
                      done ? TEXT("") : problem_pack(arena, &job->call->problem), batch->now_us);
}

/* --- the handler ------------------------------------------------------------------------------------------------- */

static enum result run_handler(struct context *context, void *data)
{
    struct command *command = data;
    method_handler handler = host_handler(context->host, command->method);
    if (handler == NULL)
        return call_refuse(context->call, RESULT_UNIMPLEMENTED, NULL);
    return (enum result)handler(context, command->request, command->answer);
}

bool command_was_answered(struct host *host, struct tx *tx, struct command *command)
{
    struct writer_job *job = &command->job;
    if (!command->has_key)
        return false;
    struct idempotency_record record = idempotency_find(tx, &command->key);
    if ((!record.found || record.same_request) && settling_has(host, &command->key))
        job->result = call_refuse(job->call, RESULT_REQUEST_IN_PROGRESS, "Ask again in a moment, with the same key.");
    else if (record.found)
        job->result = idempotency_replay(&record, job->call, command->method->output->descriptor, &command->answer);
    else
        return false;
    return true;
}

void command_run(struct batch *batch, struct command *command)
{
    struct writer_job *job = &command->job;

    batch->tx->arena = job->call->arena;
    if (command->parts.take != NULL) {
        bulk_take_part(batch, command);
        return;
    }
    if (command_was_answered(batch->host, batch->tx, command))
        return;
    command->answer = message_new(job->call->arena, command->method->output->descriptor);
    job->result = batch_run(batch, job->call, job->cause, run_handler, command);
    if (command->has_key && result_is_definitive(job->result) && !PLANTED(NO_IDEMPOTENCY_RECORD))
        command_remember(batch, command);
}
