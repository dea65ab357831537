/*
 * In Redis, under the cache's name:
 *
 *     NAME:purges       a hash: "epoch", "count" (purges in this epoch), and by the number of a slot the count of its last purge
 *     NAME:KEY          a hash: the epoch and count when the making of it began, the slots of its tags, the answer; with its time to live
 *
 * Here, a purge gets a number when it is heard, and `settled` is the number up to which all are known to be in Redis.
 */
#include "platform/cache/shared_cache.h"

#include "base/assert.h"
#include "base/limits.h"

#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define SLOTS 16384
#define SLOTS_AT_ONCE 1000 /* in one command */
#define QUEUE_MAX 8192     /* purges on their way; of more, everything is purged */
#define NAME_BYTES 64
#define KEY_BYTES_MAX 2048
#define TAGS_MAX 500
#define HEADERS_MAX 64
#define ANSWER_BYTES_MAX (512 << 10)
#define FORMAT 1
/* As in the first layer: made anew when this part of its time is left. */
#define REFRESH_PART 8

/* Where Redis has no epoch (it is empty, or has evicted it) there is a new one, and so nothing of before is valid. */
#define EPOCH_OR_NEW                                                                                                \
    "local purges = KEYS[1] "                                                                                       \
    "local epoch = redis.call('HGET', purges, 'epoch') "                                                            \
    "if not epoch then "                                                                                            \
    "  local time = redis.call('TIME') "                                                                            \
    "  epoch = time[1] .. '.' .. time[2] "                                                                          \
    "  redis.call('HSET', purges, 'epoch', epoch, 'count', 0) "                                                     \
    "end "
#define WAS_PURGED                                                                                                  \
    "local function was_purged(slots, began) "                                                                      \
    "  local names = {} "                                                                                           \
    "  for slot in string.gmatch(slots, '%d+') do names[#names + 1] = slot end "                                    \
    "  if #names == 0 then return false end "                                                                       \
    "  for _, count in ipairs(redis.call('HMGET', purges, unpack(names))) do "                                      \
    "    if count and tonumber(count) > tonumber(began) then return true end "                                      \
    "  end "                                                                                                        \
    "  return false "                                                                                               \
    "end "

static const char look_lua[] =
    EPOCH_OR_NEW WAS_PURGED
    "local count = redis.call('HGET', purges, 'count') "
    "local found = redis.call('HMGET', KEYS[2], 'epoch', 'began', 'slots', 'answer') "
    "if not found[4] or found[1] ~= epoch or was_purged(found[3], found[2]) then return {epoch, count} end "
    "return {epoch, count, found[4], redis.call('PTTL', KEYS[2])} ";

/* ARGV: epoch, began, slots, milliseconds, answer */
static const char fill_lua[] =
    EPOCH_OR_NEW WAS_PURGED
    "if epoch ~= ARGV[1] or was_purged(ARGV[3], ARGV[2]) then return 0 end "
    "redis.call('HSET', KEYS[2], 'epoch', epoch, 'began', ARGV[2], 'slots', ARGV[3], 'answer', ARGV[5]) "
    "redis.call('PEXPIRE', KEYS[2], ARGV[4]) "
    "return 1 ";

/* ARGV: slots */
static const char purge_lua[] =
    EPOCH_OR_NEW
    "local count = redis.call('HINCRBY', purges, 'count', 1) "
    "for _, slot in ipairs(ARGV) do redis.call('HSET', purges, slot, count) end "
    "return count ";

/* ARGV: an epoch that never was */
static const char renew_lua[] =
    "redis.call('DEL', KEYS[1]) "
    "redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'count', 0) "
    "return 1 ";

struct shared_cache {
    struct redis *redis;
    struct env *env;
    const struct redis_script *look, *fill, *purge, *renew;
    struct loop *loop; /* purges go out by its connection; NULL until that is there for the first time */
    char name[NAME_BYTES];
    _Atomic uint64_t purged_at[SLOTS]; /* number of the last purge heard of */
    _Atomic uint64_t settled;
    pthread_mutex_t lock; /* of what follows */
    uint64_t noted;
    uint16_t queue[QUEUE_MAX];
    size_t queued;
    bool queued_all;
    bool posted;
    struct task flush;
    _Atomic uint64_t hits, misses, unasked, refused, fills, purges, renewals;
};

/* The same in every process, unlike text_hash(). Tags that share a slot are purged together. */
static uint16_t slot_of(struct text tag)
{
    static const uint64_t key[2] = {0x536f756b, 1};
    return (uint16_t)(text_hash_keyed(tag, key) % SLOTS);
}

/* --- purging ------------------------------------------------------------------------------------------------------------ */

/* What tells Redis that something is old. It must arrive: where it does not the connection ends, and the next begins with a new epoch. */
struct notice {
    struct redis_request request;
    struct shared_cache *cache;
    struct loop *loop;
    uint64_t up_to;
};

static void settle(struct shared_cache *cache, uint64_t up_to)
{
    uint64_t before = atomic_load(&cache->settled);
    while (before < up_to && !atomic_compare_exchange_weak(&cache->settled, &before, up_to))
        continue;
}

static void on_noticed(struct redis_request *request, const struct redisReply *reply)
{
    struct notice *notice = (struct notice *)((char *)request - offsetof(struct notice, request));
    if (reply != NULL)
        settle(notice->cache, notice->up_to);
    else
        redis_reconnect(notice->cache->redis, notice->loop);
    free(notice);
}

static void send_notice(struct shared_cache *cache, struct loop *loop, uint64_t up_to, const struct redis_script *script,
                        const struct text *arguments, size_t argument_count)
{
    char name[NAME_BYTES + 8];
    struct notice *notice = malloc(sizeof *notice);
    ASSERT(notice != NULL);
    *notice = (struct notice){.request = {.answered = on_noticed, .patient = true}, .cache = cache, .loop = loop, .up_to = up_to};
    snprintf(name, sizeof name, "%s:purges", cache->name);
    struct text key = text_of(name);
    if (!redis_ask(cache->redis, loop, &notice->request, script, &key, 1, arguments, argument_count))
        free(notice); /* it is not there: it will be renewed when it is */
}

static uint64_t noted(struct shared_cache *cache)
{
    pthread_mutex_lock(&cache->lock);
    uint64_t count = cache->noted;
    pthread_mutex_unlock(&cache->lock);
    return count;
}

static void renew(struct shared_cache *cache, struct loop *loop, uint64_t up_to)
{
    uint64_t chance[2];
    char epoch[40];
    env_random(cache->env, chance, sizeof chance);
    snprintf(epoch, sizeof epoch, "%016" PRIx64 "%016" PRIx64, chance[0], chance[1]);
    struct text argument = text_of(epoch);
    atomic_fetch_add(&cache->renewals, 1);
    send_notice(cache, loop, up_to, cache->renew, &argument, 1);
}

static void purge_slots(struct shared_cache *cache, const uint16_t *slots, size_t count, uint64_t up_to)
{
    static const size_t digits = 6;
    char numbers[SLOTS_AT_ONCE][6];
    struct text arguments[SLOTS_AT_ONCE];
    for (size_t i = 0; i < count; i++)
        arguments[i] = (struct text){numbers[i], (size_t)snprintf(numbers[i], digits, "%u", (unsigned)(slots[i] % SLOTS))};
    send_notice(cache, cache->loop, up_to, cache->purge, arguments, count);
}

/* Only with the last of them all are settled. */
static void purge_queued(struct shared_cache *cache, const uint16_t *slots, size_t count, uint64_t up_to)
{
    for (size_t done = 0; done < count; done += SLOTS_AT_ONCE) {
        bool last = count - done <= SLOTS_AT_ONCE;
        purge_slots(cache, slots + done, last ? count - done : SLOTS_AT_ONCE, last ? up_to : 0);
    }
}

static void run_flush(struct task *task)
{
    struct shared_cache *cache = (struct shared_cache *)((char *)task - offsetof(struct shared_cache, flush));
    uint16_t slots[QUEUE_MAX];
    pthread_mutex_lock(&cache->lock);
    cache->posted = false;
    size_t count = cache->queued;
    bool all = cache->queued_all;
    uint64_t up_to = cache->noted;
    memcpy(slots, cache->queue, count * sizeof *slots);
    cache->queued = 0;
    cache->queued_all = false;
    pthread_mutex_unlock(&cache->lock);
    if (all)
        renew(cache, cache->loop, up_to);
    else
        purge_queued(cache, slots, count, up_to);
}

/* Under the lock. */
static void post_flush(struct shared_cache *cache)
{
    if (cache->posted || cache->loop == NULL)
        return;
    cache->posted = true;
    loop_post(cache->loop, &cache->flush);
}

void shared_cache_purge(struct shared_cache *cache, struct text tag)
{
    uint16_t slot = slot_of(tag);
    atomic_fetch_add(&cache->purges, 1);
    pthread_mutex_lock(&cache->lock);
    atomic_store(&cache->purged_at[slot], ++cache->noted);
    if (cache->queued < QUEUE_MAX)
        cache->queue[cache->queued++] = slot;
    else
        cache->queued_all = true;
    post_flush(cache);
    pthread_mutex_unlock(&cache->lock);
}

void shared_cache_purge_all(struct shared_cache *cache)
{
    pthread_mutex_lock(&cache->lock);
    cache->noted++;
    for (size_t i = 0; i < SLOTS; i++)
        atomic_store(&cache->purged_at[i], cache->noted);
    cache->queued_all = true;
    post_flush(cache);
    pthread_mutex_unlock(&cache->lock);
}

/* A connection begins. Nobody knows what Redis has missed since the last one, or whether it is the same Redis, or an older state of it. */
static void on_ready(void *data, struct loop *loop)
{
    struct shared_cache *cache = data;
    pthread_mutex_lock(&cache->lock);
    if (cache->loop == NULL)
        cache->loop = loop;
    pthread_mutex_unlock(&cache->lock);
    renew(cache, loop, noted(cache));
}

/* --- answers as bytes --------------------------------------------------------------------------------------------------- */

static void put_number(struct buffer *out, size_t number)
{
    uint32_t small = (uint32_t)number;
    buffer_add(out, &small, sizeof small);
}

static void put_text(struct buffer *out, struct text text)
{
    put_number(out, text.length);
    buffer_add_text(out, text);
}

static bool take_number(struct text *in, size_t *number)
{
    uint32_t small;
    if (in->length < sizeof small)
        return false;
    memcpy(&small, in->at, sizeof small);
    *number = small;
    *in = (struct text){in->at + sizeof small, in->length - sizeof small};
    return true;
}

static bool take_text(struct text *in, struct text *text)
{
    size_t length;
    if (!take_number(in, &length) || length > in->length)
        return false;
    *text = (struct text){in->at, length};
    *in = (struct text){in->at + length, in->length - length};
    return true;
}

static void write_answer(struct buffer *out, struct text key, const struct cache_answer *answer, const struct text *tags, size_t tag_count)
{
    size_t header_count;
    const struct http_header *headers = http_shared_headers(answer->shared, &header_count);
    put_number(out, FORMAT);
    put_text(out, key);
    put_number(out, (size_t)answer->seconds);
    put_number(out, tag_count);
    for (size_t i = 0; i < tag_count; i++)
        put_text(out, tags[i]);
    ASSERT(header_count > 0 && text_is(headers[header_count - 1].name, "content-length"));
    header_count--; /* whoever prepares it adds that one */
    put_number(out, header_count);
    for (size_t i = 0; i < header_count; i++) {
        put_text(out, headers[i].name);
        put_text(out, headers[i].value);
    }
    put_text(out, http_shared_body(answer->shared));
}

struct read_answer {
    size_t seconds, tag_count, header_count;
    struct text key, body, tags[TAGS_MAX];
    struct http_header headers[HEADERS_MAX];
};

/* Of what others wrote, nothing is believed that does not fit. */
static bool read_answer(struct text in, struct read_answer *read)
{
    size_t format;
    if (!take_number(&in, &format) || format != FORMAT || !take_text(&in, &read->key) || !take_number(&in, &read->seconds) ||
        !take_number(&in, &read->tag_count) || read->tag_count > TAGS_MAX)
        return false;
    for (size_t i = 0; i < read->tag_count; i++)
        if (!take_text(&in, &read->tags[i]))
            return false;
    if (!take_number(&in, &read->header_count) || read->header_count < 1 || read->header_count > HEADERS_MAX)
        return false;
    for (size_t i = 0; i < read->header_count; i++)
        if (!take_text(&in, &read->headers[i].name) || !take_text(&in, &read->headers[i].value))
            return false;
    return take_text(&in, &read->body) && in.length == 0 && read->seconds > 0 && read->seconds < INT32_MAX;
}

/* --- looking ------------------------------------------------------------------------------------------------------------ */

static struct text entry_name(const struct shared_cache *cache, struct text key, char name[NAME_BYTES + KEY_BYTES_MAX + 1])
{
    size_t length = (size_t)snprintf(name, NAME_BYTES, "%s:", cache->name);
    memcpy(name + length, key.at, key.length);
    return (struct text){name, length + key.length};
}

/* Whether each purge of its tags that was heard of had arrived in Redis before Redis was asked: otherwise it can't have known better. */
static bool is_trusted(const struct shared_lookup *lookup, const struct read_answer *read)
{
    for (size_t i = 0; i < read->tag_count; i++)
        if (atomic_load(&lookup->cache->purged_at[slot_of(read->tags[i])]) > lookup->settled)
            return false;
    return true;
}

static void tell_found(struct shared_lookup *lookup, const struct read_answer *read, int64_t left_ms)
{
    int64_t age_us = (int64_t)read->seconds * 1000000 - left_ms * 1000;
    struct shared_found found = {
        .answer = {.shared = http_shared_prepare(read->headers, read->header_count, read->body), .seconds = (int)read->seconds},
        .made_us = env_monotonic_us(lookup->cache->env) - (age_us > 0 ? age_us : 0),
        .tags = read->tags,
        .tag_count = read->tag_count,
    };
    size_t header_count;
    found.answer.etag = http_shared_headers(found.answer.shared, &header_count)[0].value; /* it comes first */
    lookup->may_fill = false;
    atomic_fetch_add(&lookup->cache->hits, 1);
    lookup->done(lookup, &found);
}

static bool note_beginning(struct shared_lookup *lookup, const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements < 2 || reply->element[0]->type != REDIS_REPLY_STRING ||
        reply->element[1]->type != REDIS_REPLY_STRING || reply->element[0]->len >= sizeof lookup->epoch ||
        reply->element[1]->len >= sizeof lookup->began)
        return false;
    snprintf(lookup->epoch, sizeof lookup->epoch, "%s", reply->element[0]->str);
    snprintf(lookup->began, sizeof lookup->began, "%s", reply->element[1]->str);
    return true;
}

static void on_looked(struct redis_request *request, const struct redisReply *reply)
{
    struct shared_lookup *lookup = (struct shared_lookup *)((char *)request - offsetof(struct shared_lookup, request));
    struct shared_cache *cache = lookup->cache;
    struct read_answer read;
    lookup->may_fill = reply != NULL && note_beginning(lookup, reply);
    bool found = lookup->may_fill && reply->elements == 4 && reply->element[2]->type == REDIS_REPLY_STRING &&
                 read_answer((struct text){reply->element[2]->str, reply->element[2]->len}, &read) && text_equal(read.key, lookup->key);
    int64_t left_ms = found ? reply->element[3]->integer : 0;
    if (found && !is_trusted(lookup, &read)) {
        atomic_fetch_add(&cache->refused, 1);
        found = false;
    }
    if (found && left_ms > (int64_t)read.seconds * 1000 / REFRESH_PART) {
        tell_found(lookup, &read, left_ms);
        return;
    }
    atomic_fetch_add(reply != NULL ? &cache->misses : &cache->unasked, 1);
    lookup->done(lookup, NULL);
}

bool shared_cache_look(struct shared_cache *cache, struct shared_lookup *lookup)
{
    char purges[NAME_BYTES + 8], entry[NAME_BYTES + KEY_BYTES_MAX + 1];
    lookup->cache = cache;
    lookup->may_fill = false;
    if (lookup->key.length > KEY_BYTES_MAX)
        return false;
    lookup->request = (struct redis_request){.answered = on_looked};
    lookup->settled = atomic_load(&cache->settled);
    lookup->noted = noted(cache);
    snprintf(purges, sizeof purges, "%s:purges", cache->name);
    struct text keys[] = {text_of(purges), entry_name(cache, lookup->key, entry)};
    bool asked = redis_ask(cache->redis, lookup->loop, &lookup->request, cache->look, keys, 2, NULL, 0);
    atomic_fetch_add(&cache->unasked, !asked);
    return asked;
}

/* --- filling ------------------------------------------------------------------------------------------------------------ */

static bool was_purged_since(const struct shared_lookup *lookup, const struct text *tags, size_t tag_count)
{
    for (size_t i = 0; i < tag_count; i++)
        if (atomic_load(&lookup->cache->purged_at[slot_of(tags[i])]) > lookup->noted)
            return true;
    return false;
}

void shared_cache_fill(struct shared_lookup *lookup, const struct cache_answer *answer, const struct text *tags, size_t tag_count)
{
    struct shared_cache *cache = lookup->cache;
    char purges[NAME_BYTES + 8], entry[NAME_BYTES + KEY_BYTES_MAX + 1], milliseconds[24], slots[8 * TAGS_MAX] = "";
    size_t length = 0;
    if (!lookup->may_fill || tag_count > TAGS_MAX || was_purged_since(lookup, tags, tag_count))
        return;
    struct buffer bytes;
    buffer_init(&bytes, ANSWER_BYTES_MAX);
    write_answer(&bytes, lookup->key, answer, tags, tag_count);
    for (size_t i = 0; i < tag_count; i++)
        length += (size_t)snprintf(slots + length, sizeof slots - length, "%u ", slot_of(tags[i]));
    snprintf(purges, sizeof purges, "%s:purges", cache->name);
    snprintf(milliseconds, sizeof milliseconds, "%lld", 1000LL * answer->seconds);
    struct text keys[] = {text_of(purges), entry_name(cache, lookup->key, entry)};
    struct text arguments[] = {text_of(lookup->epoch), text_of(lookup->began), text_of(slots), text_of(milliseconds), buffer_text(&bytes)};
    if (!bytes.overflowed && redis_ask(cache->redis, lookup->loop, NULL, cache->fill, keys, 2, arguments, 5))
        atomic_fetch_add(&cache->fills, 1);
    buffer_release(&bytes);
}

/* --- the whole ---------------------------------------------------------------------------------------------------------- */

struct shared_cache *shared_cache_new(struct redis *redis, struct env *env, const char *name)
{
    struct shared_cache *cache = calloc(1, sizeof *cache);
    ASSERT(cache != NULL && strlen(name) + 2 < NAME_BYTES);
    cache->redis = redis;
    cache->env = env;
    snprintf(cache->name, sizeof cache->name, "%s", name);
    cache->flush.run = run_flush;
    ASSERT(pthread_mutex_init(&cache->lock, NULL) == 0);
    cache->look = redis_script_add(redis, look_lua);
    cache->fill = redis_script_add(redis, fill_lua);
    cache->purge = redis_script_add(redis, purge_lua);
    cache->renew = redis_script_add(redis, renew_lua);
    redis_on_ready(redis, on_ready, cache);
    return cache;
}

void shared_cache_free(struct shared_cache *cache)
{
    if (cache == NULL)
        return;
    pthread_mutex_destroy(&cache->lock);
    free(cache);
}

struct shared_cache_counts shared_cache_counts(const struct shared_cache *cache)
{
    return (struct shared_cache_counts){
        .hits = atomic_load(&cache->hits),
        .misses = atomic_load(&cache->misses),
        .unasked = atomic_load(&cache->unasked),
        .refused = atomic_load(&cache->refused),
        .fills = atomic_load(&cache->fills),
        .purges = atomic_load(&cache->purges),
        .renewals = atomic_load(&cache->renewals),
    };
}
