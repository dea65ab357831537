/*
 * The table has SETS sets of WAYS buckets; a client's bucket is in the set that its hash names. Each set is guarded by one of LOCKS
 * mutexes, held for a few comparisons. A bucket notes how many millionths of points were left at a time, and is worked out when it is
 * looked at: nothing runs in between.
 */
#include "guard/budget_internal.h"

#include "base/assert.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>

#define MILLION BUDGET_MILLION

/* --- making -------------------------------------------------------------------------------------------------------------- */

static bool is_rate(const struct budget_rate *rate)
{
    return rate->maximum >= BUDGET_MAXIMUM_MIN && rate->maximum <= BUDGET_MAXIMUM_MAX && rate->restore_per_second >= 1 &&
           rate->restore_per_second <= rate->maximum;
}

bool budget_rate_read(struct budget_rate *rate, struct text text)
{
    const char *colon = memchr(text.at, ':', text.length);
    if (colon == NULL)
        return false;
    size_t length = (size_t)(colon - text.at);
    return text_to_int64((struct text){text.at, length}, &rate->maximum) &&
           text_to_int64((struct text){colon + 1, text.length - length - 1}, &rate->restore_per_second) && is_rate(rate);
}

struct budget *budget_new(struct env *env, struct budget_rate clients, struct budget_rate staff)
{
    ASSERT(is_rate(&clients) && is_rate(&staff));
    struct budget *budget = calloc(1, sizeof *budget);
    ASSERT(budget != NULL);
    budget->env = env;
    budget->rates[false] = clients;
    budget->rates[true] = staff;
    env_random(env, budget->key, sizeof budget->key);
    for (size_t i = 0; i < LOCKS; i++)
        pthread_mutex_init(&budget->locks[i], NULL);
    return budget;
}

void budget_free(struct budget *budget)
{
    if (budget == NULL)
        return;
    for (size_t i = 0; i < LOCKS; i++)
        pthread_mutex_destroy(&budget->locks[i]);
    budget_share_free(budget->share);
    free(budget);
}

/* --- who pays ------------------------------------------------------------------------------------------------------------ */

/* An address in its one binary form: IPv4 as 4 octets, also where it came inside of IPv6; of IPv6 the first 8. */
struct address {
    uint8_t octets[8];
    size_t length; /* 0: it is none */
    bool loopback;
};

static struct address address_of_6(const struct in6_addr *six)
{
    struct address address = {.length = 8, .loopback = IN6_IS_ADDR_LOOPBACK(six)};
    if (IN6_IS_ADDR_V4MAPPED(six)) {
        address.length = 4;
        memcpy(address.octets, six->s6_addr + 12, 4);
        address.loopback = address.octets[0] == 127;
    } else {
        memcpy(address.octets, six->s6_addr, 8);
    }
    return address;
}

static struct address address_read(struct text text)
{
    char string[INET6_ADDRSTRLEN];
    struct in6_addr six;
    struct address address = {.length = 0};
    if (text.length >= 2 && text.at[0] == '[' && text.at[text.length - 1] == ']')
        text = (struct text){text.at + 1, text.length - 2};
    if (text.length == 0 || text.length >= sizeof string)
        return address;
    memcpy(string, text.at, text.length);
    string[text.length] = '\0';
    if (inet_pton(AF_INET, string, address.octets) == 1) {
        address.length = 4;
        address.loopback = address.octets[0] == 127;
    } else if (inet_pton(AF_INET6, string, &six) == 1) {
        address = address_of_6(&six);
    }
    return address;
}

/* What the nearest proxy added: the last one of the list. What stands before it, anybody may have made up. */
static struct text last_of_list(struct text list)
{
    const char *comma = memrchr(list.at, ',', list.length);
    if (comma != NULL)
        list = (struct text){comma + 1, (size_t)(list.at + list.length - comma - 1)};
    return text_trim(list);
}

static struct budget_client client_named(const struct budget *budget, char kind, struct text name, bool staff)
{
    char bytes[256] = {kind};
    size_t length = name.length < sizeof bytes - 1 ? name.length : sizeof bytes - 1;
    memcpy(bytes + 1, name.at, length);
    uint64_t id = text_hash_keyed((struct text){bytes, length + 1}, budget->key);
    struct budget_client client = {.id = id != 0 ? id : 1, .staff = staff};
    if (budget->share != NULL) {
        unsigned char digest[SHA256_DIGEST_LENGTH];
        SHA256((const unsigned char *)bytes, length + 1, digest);
        memcpy(client.name, digest, sizeof client.name);
    }
    return client;
}

static struct address client_of(struct text peer, struct text forwarded_for)
{
    struct address address = address_read(peer);
    if (address.loopback && forwarded_for.at != NULL) {
        struct address client = address_read(last_of_list(forwarded_for));
        if (client.length > 0)
            address = client;
    }
    return address;
}

static struct budget_client client_at(const struct budget *budget, struct text peer, struct text forwarded_for)
{
    struct address address = client_of(peer, forwarded_for);
    return client_named(budget, 'a', (struct text){(const char *)address.octets, address.length}, address.loopback);
}

const char *client_address(struct arena *arena, struct text peer, struct text forwarded_for)
{
    struct address address = client_of(peer, forwarded_for);
    char string[INET6_ADDRSTRLEN] = "";
    if (address.length == 4)
        inet_ntop(AF_INET, address.octets, string, sizeof string);
    for (size_t i = 0; address.length > 4 && i < address.length; i++)
        snprintf(string + 2 * i, 3, "%02x", address.octets[i]);
    return arena_strdup(arena, string);
}

struct budget_client budget_client_of(const struct budget *budget, const struct actor *actor, struct text peer,
                                      struct text forwarded_for)
{
    switch (actor->kind) {
    case ACTOR_STAFF:
    case ACTOR_SYSTEM:
        return client_named(budget, 's', text_of(actor->id), true);
    case ACTOR_CUSTOMER:
        return client_named(budget, 'c', text_of(actor->id), false);
    case ACTOR_ANONYMOUS:
        break;
    }
    return client_at(budget, peer, forwarded_for);
}

/* --- buckets ------------------------------------------------------------------------------------------------------------- */

int64_t budget_time_to_restore(const struct budget_rate *rate, int64_t millionths)
{
    return (millionths + rate->restore_per_second - 1) / rate->restore_per_second;
}

static void refill(struct bucket *bucket, const struct budget_rate *rate, int64_t now_us)
{
    int64_t full = rate->maximum * MILLION, missing = full - bucket->left, passed = now_us - bucket->at_us;
    if (passed >= budget_time_to_restore(rate, missing))
        bucket->left = full;
    else if (passed > 0)
        bucket->left += passed * rate->restore_per_second;
    if (passed > 0)
        bucket->at_us = now_us;
}

/* The client's bucket. Where there is no room for a new one, the one goes that has most: its owner loses least. */
static struct bucket *bucket_of(struct budget *budget, struct budget_client client, int64_t now_us)
{
    struct bucket *set = budget->sets[client.id & (SETS - 1)], *chosen = &set[0];
    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].id == client.id)
            return &set[i];
        if (chosen->id != 0 && (set[i].id == 0 || set[i].left > chosen->left))
            chosen = &set[i];
    }
    *chosen = (struct bucket){.id = client.id, .left = budget->rates[client.staff].maximum * MILLION, .at_us = now_us};
    return chosen;
}

static struct budget_state state_of(const struct bucket *bucket, const struct budget_rate *rate, bool staff)
{
    return (struct budget_state){
        .maximum = rate->maximum,
        .available = bucket->left / MILLION,
        .restore_per_second = rate->restore_per_second,
        .full_us = budget_time_to_restore(rate, rate->maximum * MILLION - bucket->left),
        .staff = staff,
    };
}

static pthread_mutex_t *lock_of(struct budget *budget, struct budget_client client)
{
    return &budget->locks[client.id & (LOCKS - 1)]; /* the low bits of the set: a set has one lock */
}

bool budget_take_here(struct budget *budget, struct budget_client client, int64_t cost, struct budget_state *state)
{
    ASSERT(cost >= 0);
    const struct budget_rate *rate = &budget->rates[client.staff];
    int64_t now_us = env_monotonic_us(budget->env);
    bool ever = cost <= rate->maximum; /* and so `cost * MILLION` is no overflow */

    pthread_mutex_lock(lock_of(budget, client));
    struct bucket *bucket = bucket_of(budget, client, now_us);
    refill(bucket, rate, now_us);
    int64_t missing = ever ? cost * MILLION - bucket->left : 0;
    bool taken = ever && missing <= 0;
    if (taken)
        bucket->left -= cost * MILLION;
    *state = state_of(bucket, rate, client.staff);
    pthread_mutex_unlock(lock_of(budget, client));

    state->wait_us = taken ? 0 : ever ? budget_time_to_restore(rate, missing) : -1;
    return taken;
}

bool budget_take(struct budget *budget, struct budget_client client, int64_t cost, struct budget_state *state)
{
    bool taken = budget_take_here(budget, client, cost, state);
    if (taken && cost > 0)
        budget_tell_taken(budget, client, cost);
    return taken;
}

struct budget_state budget_follow(struct budget *budget, struct budget_client client, int64_t left)
{
    const struct budget_rate *rate = &budget->rates[client.staff];
    int64_t now_us = env_monotonic_us(budget->env), full = rate->maximum * MILLION;

    pthread_mutex_lock(lock_of(budget, client));
    struct bucket *bucket = bucket_of(budget, client, now_us);
    bucket->left = left < 0 ? 0 : left > full ? full : left;
    bucket->at_us = now_us;
    struct budget_state state = state_of(bucket, rate, client.staff);
    pthread_mutex_unlock(lock_of(budget, client));
    return state;
}

void budget_give_back(struct budget *budget, struct budget_client client, int64_t cost, struct budget_state *state)
{
    const struct budget_rate *rate = &budget->rates[client.staff];
    int64_t now_us = env_monotonic_us(budget->env);
    ASSERT(cost >= 0 && cost <= rate->maximum);

    pthread_mutex_lock(lock_of(budget, client));
    struct bucket *bucket = bucket_of(budget, client, now_us);
    refill(bucket, rate, now_us);
    bucket->left += cost * MILLION;
    if (bucket->left > rate->maximum * MILLION)
        bucket->left = rate->maximum * MILLION;
    *state = state_of(bucket, rate, client.staff);
    pthread_mutex_unlock(lock_of(budget, client));
    budget_tell_taken(budget, client, -cost);
}

/* --- what it costs, and how that is said ----------------------------------------------------------------------------------- */

int64_t budget_cost_of(const struct method_declaration *method)
{
    bool reads = method->kind == METHOD_QUERY ||
                 (method->kind == METHOD_SAGA && method->http_count > 0 && strcmp(method->http[0].verb, "GET") == 0);
    return reads ? BUDGET_COST_QUERY : BUDGET_COST_CHANGE;
}

static const char *policy_of(const struct budget_state *state)
{
    return state->staff ? "staff" : "client";
}

static int64_t whole_seconds(int64_t us)
{
    return (us + MILLION - 1) / MILLION;
}

void budget_write_policy(const struct budget_state *state, char out[BUDGET_FIELD_BYTES])
{
    snprintf(out, BUDGET_FIELD_BYTES, "\"%s\";q=%" PRId64 ";w=%" PRId64, policy_of(state), state->maximum,
             (state->maximum + state->restore_per_second - 1) / state->restore_per_second);
}

void budget_write_left(const struct budget_state *state, char out[BUDGET_FIELD_BYTES])
{
    snprintf(out, BUDGET_FIELD_BYTES, "\"%s\";r=%" PRId64 ";t=%" PRId64, policy_of(state), state->available,
             whole_seconds(state->full_us));
}

int64_t budget_retry_seconds(const struct budget_state *state)
{
    return state->wait_us <= MILLION ? 1 : whole_seconds(state->wait_us);
}
