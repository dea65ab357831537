/*
 * The stand.
 */
#include "toys/stand.h"

#include "base/assert.h"
#include "platform/env/delivery.h"
#include "platform/rpc/message.h"

#include <stdlib.h>
#include <string.h>

struct answer {
    struct delivery delivery;
    struct call *call;
    ProtobufCMessage *message;
};

static void on_home(struct delivery *delivery)
{
    struct answer *answer = (struct answer *)delivery;
    call_answer(answer->call, answer->message);
}

static enum stand_mood mood_now(struct stand *stand, unsigned method)
{
    enum stand_mood mood = stand->moods[method];
    if (stand->moods_left[method] > 0 && --stand->moods_left[method] == 0)
        stand->moods[method] = STAND_OPEN;
    return mood;
}

/* Only answers are remembered: a refusal had no effect, and may be another the next time. */
static void remember(struct stand *stand, const struct call *call, const ProtobufCMessage *answer)
{
    if (*call->idempotency_key == '\0')
        return;
    ASSERT(stand->answer_count < STAND_KEYS_MAX);
    struct stand_answer *remembered = &stand->answers[stand->answer_count++];
    ASSERT(strlen(call->idempotency_key) < sizeof remembered->key);
    strcpy(remembered->key, call->idempotency_key);
    remembered->length = protobuf_c_message_get_packed_size(answer);
    remembered->packed = malloc(remembered->length + 1);
    ASSERT(remembered->packed != NULL);
    protobuf_c_message_pack(answer, remembered->packed);
}

static ProtobufCMessage *recall(const struct stand *stand, const struct call *call,
                                const ProtobufCMessageDescriptor *descriptor)
{
    if (*call->idempotency_key == '\0')
        return NULL;
    for (unsigned i = 0; i < stand->answer_count; i++)
        if (strcmp(stand->answers[i].key, call->idempotency_key) == 0)
            return message_unpack(call->arena, descriptor,
                                  (struct text){stand->answers[i].packed, stand->answers[i].length});
    return NULL;
}

static ProtobufCMessage *serve(struct stand *stand, unsigned method, struct call *call, const ProtobufCMessage *request)
{
    const ProtobufCMessageDescriptor *descriptor = stand->base.descriptor->methods[method].output;
    enum stand_mood mood = mood_now(stand, method);
    if (mood == STAND_REFUSES)
        call_refuse(call, RESULT_STATE_FORBIDS, "The stand refuses.");
    if (mood == STAND_IS_AWAY)
        call_refuse(call, RESULT_UNAVAILABLE, "Nobody answers.");
    if (mood == STAND_REFUSES || mood == STAND_IS_AWAY)
        return NULL;

    ProtobufCMessage *answer = recall(stand, call, descriptor);
    call->replayed = answer != NULL;
    if (answer == NULL) {
        answer = message_new(call->arena, descriptor);
        if (stand->serve(stand, method, call, request, answer) != RESULT_OK)
            return NULL;
        remember(stand, call, answer);
    }
    if (mood != STAND_LOSES_ANSWERS)
        return answer;
    call_refuse(call, RESULT_DEADLINE_EXCEEDED, NULL);
    return NULL;
}

static void invoke(ProtobufCService *service, unsigned method, const ProtobufCMessage *request, ProtobufCClosure closure,
                   void *closure_data)
{
    (void)closure;
    struct stand *stand = (struct stand *)service;
    struct call *call = closure_data;
    ASSERT(method < STAND_METHODS_MAX);
    stand->calls[method]++;

    struct answer *answer = ARENA_NEW(call->arena, struct answer);
    *answer = (struct answer){.delivery = {.arrive = on_home, .home = call->home}, .call = call};
    answer->message = serve(stand, method, call, request);
    delivery_post(&answer->delivery);
}

void stand_init(struct stand *stand, const ProtobufCServiceDescriptor *descriptor,
                enum result (*act)(struct stand *stand, unsigned method, struct call *call,
                                   const ProtobufCMessage *request, ProtobufCMessage *answer),
                void *data)
{
    *stand = (struct stand){.base = {.descriptor = descriptor, .invoke = invoke}, .serve = act, .data = data};
}

void stand_release(struct stand *stand)
{
    for (unsigned i = 0; i < stand->answer_count; i++)
        free(stand->answers[i].packed);
    stand->answer_count = 0;
}

void stand_is(struct stand *stand, unsigned method, enum stand_mood mood, unsigned calls)
{
    stand->moods[method] = mood;
    stand->moods_left[method] = calls;
}
