/*
 * Budgets that several processes share, in Redis.
 *
 * A bucket is a key "NAME:" and the client's digest, with the millionths of points that were left and the time, by Redis's clock, so that all count
 * alike. A full bucket needs no key, and so each key lives until it would be full. One script pays, and refills before it does:
 *
 *     budget_pay()          asks; what it says is what happens, and the bucket of this process is made to follow
 *     budget_take(), budget_give_back()     have happened here already; the script is told, and takes in any case
 */
#include "guard/budget_internal.h"

#include "base/assert.h"

#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define NAME_BYTES 64

/* ARGV: maximum, restored per microsecond, cost, all in millionths; 1 to take in any case. Numbers stay below 2^53, so they are exact in Lua. */
static const char take_lua[] =
    "local maximum, restore, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]) "
    "local time = redis.call('TIME') "
    "local now = time[1] * 1000000 + time[2] "
    "local left = maximum "
    "local bucket = redis.call('GET', KEYS[1]) "
    "if bucket then "
    "  local was, at = string.match(bucket, '^(%d+) (%d+)$') "
    "  left = math.min(maximum, tonumber(was) + math.max(0, now - at) * restore) "
    "end "
    "local paid = ARGV[4] == '1' or left >= cost "
    "if paid then left = math.max(0, math.min(maximum, left - cost)) end "
    "if left >= maximum then redis.call('DEL', KEYS[1]) "
    "else redis.call('SET', KEYS[1], string.format('%.0f %.0f', left, now), "
    "                'PX', string.format('%.0f', math.ceil((maximum - left) / restore / 1000) + 1)) end "
    "return {paid and 1 or 0, string.format('%.0f', left)} ";

struct budget_share {
    struct redis *redis;
    const struct redis_script *take;
    char name[NAME_BYTES];
    _Atomic uint64_t shared, alone;
};

void budget_share(struct budget *budget, struct redis *redis, const char *name)
{
    struct budget_share *share = calloc(1, sizeof *share);
    ASSERT(share != NULL && budget->share == NULL && strlen(name) + 2 < NAME_BYTES);
    share->redis = redis;
    share->take = redis_script_add(redis, take_lua);
    snprintf(share->name, sizeof share->name, "%s", name);
    budget->share = share;
}

void budget_share_free(struct budget_share *share)
{
    free(share);
}

static bool ask(struct budget *budget, const struct budget_client *client, int64_t cost, bool in_any_case, struct redis_request *request)
{
    struct budget_share *share = budget->share;
    const struct budget_rate *rate = &budget->rates[client->staff];
    char key[NAME_BYTES + BUDGET_NAME_BYTES], maximum[24], restore[24], millionths[24];
    size_t length = (size_t)snprintf(key, NAME_BYTES, "%s:", share->name);
    memcpy(key + length, client->name, BUDGET_NAME_BYTES);
    snprintf(maximum, sizeof maximum, "%" PRId64, rate->maximum * BUDGET_MILLION);
    snprintf(restore, sizeof restore, "%" PRId64, rate->restore_per_second);
    snprintf(millionths, sizeof millionths, "%" PRId64, cost * BUDGET_MILLION);
    struct text keys[] = {{key, length + BUDGET_NAME_BYTES}};
    struct text arguments[] = {text_of(maximum), text_of(restore), text_of(millionths), in_any_case ? TEXT("1") : TEXT("0")};
    return redis_ask(share->redis, client->loop, request, share->take, keys, 1, arguments, 4);
}

/* A rate that nobody reaches needs nobody to be asked. */
static bool is_shared(const struct budget *budget, const struct budget_client *client)
{
    return budget->share != NULL && client->loop != NULL && budget->rates[client->staff].restore_per_second < BUDGET_MAXIMUM_MAX;
}

void budget_tell_taken(struct budget *budget, struct budget_client client, int64_t cost)
{
    if (is_shared(budget, &client) && cost != 0)
        ask(budget, &client, cost, true, NULL);
}

static void pay_here(struct budget_payment *payment)
{
    payment->paid = budget_take_here(payment->budget, payment->client, payment->cost, &payment->state);
}

static void pay_as_told(struct budget_payment *payment, bool paid, int64_t left)
{
    const struct budget_rate *rate = &payment->budget->rates[payment->client.staff];
    int64_t missing = payment->cost * BUDGET_MILLION - left;
    payment->paid = paid;
    payment->state = budget_follow(payment->budget, payment->client, left);
    payment->state.wait_us = paid || missing <= 0 ? 0 : budget_time_to_restore(rate, missing);
}

static void on_answered(struct redis_request *request, const struct redisReply *reply)
{
    struct budget_payment *payment = (struct budget_payment *)((char *)request - offsetof(struct budget_payment, request));
    struct budget_share *share = payment->budget->share;
    int64_t left;
    bool is_answer = reply != NULL && reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 && reply->element[1]->type == REDIS_REPLY_STRING &&
                     text_to_int64((struct text){reply->element[1]->str, reply->element[1]->len}, &left);
    atomic_fetch_add(is_answer ? &share->shared : &share->alone, 1);
    if (is_answer)
        pay_as_told(payment, reply->element[0]->integer == 1, left);
    else
        pay_here(payment);
    payment->done(payment);
}

bool budget_pay(struct budget *budget, struct budget_payment *payment)
{
    payment->budget = budget;
    const struct budget_rate *rate = &budget->rates[payment->client.staff];
    bool ever = payment->cost <= rate->maximum; /* and so it is no overflow */
    if (is_shared(budget, &payment->client) && ever) {
        payment->request = (struct redis_request){.answered = on_answered};
        if (ask(budget, &payment->client, payment->cost, false, &payment->request))
            return false;
        atomic_fetch_add(&budget->share->alone, 1);
    }
    pay_here(payment);
    return true;
}

struct budget_counts budget_counts(const struct budget *budget)
{
    if (budget->share == NULL)
        return (struct budget_counts){0};
    return (struct budget_counts){.shared = atomic_load(&budget->share->shared), .alone = atomic_load(&budget->share->alone)};
}
