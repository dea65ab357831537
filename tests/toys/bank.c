/*
 * The bank.
 */
#include "toys/bank.h"

#include "base/assert.h"
#include "platform/env/delivery.h"
#include "platform/rpc/message.h"

#include "toy/bank.pb-c.h"

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

static void act(struct bank *bank, unsigned method, const struct call *call, const ProtobufCMessage *request)
{
    ASSERT(*call->idempotency_key != '\0');
    for (unsigned i = 0; i < bank->deed_count; i++)
        if (strcmp(bank->deeds[i].key, call->idempotency_key) == 0)
            return;
    ASSERT(bank->deed_count < BANK_DEEDS_MAX);
    struct bank_deed *deed = &bank->deeds[bank->deed_count++];
    deed->deposit = method == BANK_DEPOSIT;
    strcpy(deed->key, call->idempotency_key);
    strcpy(deed->purpose, ((const Bank__DepositRequest *)request)->purpose);
}

static enum bank_mood mood_now(struct bank *bank, unsigned method)
{
    enum bank_mood mood = bank->moods[method];
    if (bank->moods_left[method] > 0 && --bank->moods_left[method] == 0)
        bank->moods[method] = BANK_OPEN;
    return mood;
}

static enum result serve(struct bank *bank, unsigned method, struct call *call, const ProtobufCMessage *request)
{
    enum bank_mood mood = mood_now(bank, method);
    if (mood == BANK_REFUSES)
        return call_refuse(call, RESULT_STATE_FORBIDS, "The bank is closed.");
    if (mood == BANK_IS_AWAY)
        return call_refuse(call, RESULT_UNAVAILABLE, "Nobody answers.");
    if (method != BANK_LOOK_IN)
        act(bank, method, call, request);
    if (mood == BANK_LOSES_ANSWERS)
        return call_refuse(call, RESULT_DEADLINE_EXCEEDED, NULL);
    return RESULT_OK;
}

static void invoke(ProtobufCService *service, unsigned method, const ProtobufCMessage *request, ProtobufCClosure closure,
                   void *closure_data)
{
    (void)closure;
    struct bank *bank = (struct bank *)service;
    struct call *call = closure_data;
    bank->calls[method]++;

    struct answer *answer = ARENA_NEW(call->arena, struct answer);
    *answer = (struct answer){.delivery = {.arrive = on_home, .home = call->home}, .call = call};
    if (serve(bank, method, call, request) == RESULT_OK) {
        Bank__Receipt *receipt = ARENA_NEW(call->arena, Bank__Receipt);
        bank__receipt__init(receipt);
        receipt->number = method == BANK_LOOK_IN
                              ? "none"
                              : arena_strdup(call->arena, ((const Bank__DepositRequest *)request)->purpose);
        answer->message = &receipt->base;
    }
    delivery_post(&answer->delivery);
}

void bank_init(struct bank *bank, struct env *env)
{
    *bank = (struct bank){.base = {.descriptor = &bank__bank__descriptor, .invoke = invoke}, .env = env};
}

void bank_is(struct bank *bank, unsigned method, enum bank_mood mood, unsigned calls)
{
    bank->moods[method] = mood;
    bank->moods_left[method] = calls;
}

static unsigned count_deeds(const struct bank *bank, bool deposit, const char *purpose)
{
    unsigned count = 0;
    for (unsigned i = 0; i < bank->deed_count; i++)
        count += bank->deeds[i].deposit == deposit && strcmp(bank->deeds[i].purpose, purpose) == 0;
    return count;
}

unsigned bank_deposits(const struct bank *bank, const char *purpose)
{
    return count_deeds(bank, true, purpose);
}

unsigned bank_withdrawals(const struct bank *bank, const char *purpose)
{
    return count_deeds(bank, false, purpose);
}
