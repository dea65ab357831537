/*
 * The cache is cut into shards by key, each with a lock of its own that is held for the time of a look-up.
 *
 *     shard: keys -> entry -> entry …       by the key's hash
 *            tags -> use -> use …           by the tag's hash; a use belongs to an entry
 *            flights                        few at a time: a list
 *            queue: entry, entry …          for eviction: who was used since the hand last came by goes to the end (second chance)
 *
 * Tags are known by their 64-bit hash alone. Two tags of one hash would be purged together, which costs an answer and harms nobody.
 *
 * The purge counts (`purged_at`) are one table for all shards, by the tag's hash, and never forgotten. A purge writes its count there first
 * and then visits the shards; a fill looks there under the shard's lock. So either the fill sees the count, or the purge finds the entry.
 *
 * Most purges find nothing: after an import there are hundreds of thousands, of what nobody has asked for. So `bearers` counts the entries that bear a
 * tag of that slot, and a purge of none takes no lock. A fill adds itself there before it looks at the purge counts, and a purge writes its count before
 * it looks at the bearers, so of the two at least one sees the other.
 */
#include "platform/cache/cache.h"

#include "base/assert.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/queue.h>

#define SHARDS 16
#define PURGE_SLOTS 16384
/* What an answer takes, as a guess for the number of buckets. */
#define ENTRY_BYTES_GUESS 4096
/* Made anew when this part of its time is left. */
#define REFRESH_PART 8
/* An answer larger than this part of a shard is not kept: it would push out too many others. */
#define LARGEST_PART 4

struct entry;

/* That an entry bears a tag. */
struct use {
    struct entry *entry;
    uint64_t tag;
    LIST_ENTRY(use) in_bucket;
};
LIST_HEAD(use_list, use);

struct entry {
    struct entry *next_in_bucket;
    TAILQ_ENTRY(entry) in_queue;
    uint64_t hash;
    struct cache_answer answer;
    int64_t expires_us, refresh_us;
    bool in_flight; /* somebody makes it anew */
    bool used;      /* since the hand last came by */
    size_t bytes;
    size_t key_length;
    char *key;
    size_t use_count;
    struct use uses[];
};
TAILQ_HEAD(entry_queue, entry);

struct cache_flight {
    LIST_ENTRY(cache_flight) in_shard;
    struct cache *cache;
    uint64_t hash;
    uint64_t began; /* the purge count when it began */
    struct cache_waiter *waiters;
    size_t key_length;
    char key[];
};
LIST_HEAD(flight_list, cache_flight);

struct shard {
    pthread_mutex_t lock;
    struct entry **keys;
    struct use_list *tags;
    struct flight_list flights;
    struct entry_queue queue;
    struct cache_counts counts;
};

struct cache {
    size_t shard_bytes_max;
    size_t bucket_mask;
    _Atomic uint64_t purge_count;
    _Atomic uint64_t purged_at[PURGE_SLOTS];
    _Atomic uint32_t bearers[PURGE_SLOTS];
    struct shard shards[SHARDS];
};

/* --- making ------------------------------------------------------------------------------------------------------------- */

static void *allocate(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    ASSERT(memory != NULL);
    return memory;
}

struct cache *cache_new(size_t bytes_max)
{
    struct cache *cache = allocate(1, sizeof *cache);
    size_t buckets = 64;
    cache->shard_bytes_max = bytes_max / SHARDS;
    while (buckets < cache->shard_bytes_max / ENTRY_BYTES_GUESS)
        buckets *= 2;
    cache->bucket_mask = buckets - 1;
    for (size_t i = 0; i < SHARDS; i++) {
        struct shard *shard = &cache->shards[i];
        ASSERT(pthread_mutex_init(&shard->lock, NULL) == 0);
        shard->keys = allocate(buckets, sizeof(struct entry *));
        shard->tags = allocate(buckets, sizeof(struct use_list));
        LIST_INIT(&shard->flights);
        TAILQ_INIT(&shard->queue);
    }
    return cache;
}

static struct shard *shard_of(struct cache *cache, uint64_t hash)
{
    return &cache->shards[hash >> 60]; /* the high bits: the low ones choose the bucket */
}

static struct entry **key_bucket(struct cache *cache, uint64_t hash)
{
    return &shard_of(cache, hash)->keys[hash & cache->bucket_mask];
}

static void entry_remove(struct cache *cache, struct entry *entry)
{
    struct shard *shard = shard_of(cache, entry->hash);
    struct entry **place = key_bucket(cache, entry->hash);
    while (*place != entry)
        place = &(*place)->next_in_bucket;
    *place = entry->next_in_bucket;
    TAILQ_REMOVE(&shard->queue, entry, in_queue);
    for (size_t i = 0; i < entry->use_count; i++) {
        LIST_REMOVE(&entry->uses[i], in_bucket);
        atomic_fetch_sub(&cache->bearers[entry->uses[i].tag % PURGE_SLOTS], 1);
    }
    shard->counts.entries--;
    shard->counts.bytes -= entry->bytes;
    http_shared_drop(entry->answer.shared);
    free(entry);
}

void cache_free(struct cache *cache)
{
    if (cache == NULL)
        return;
    for (size_t i = 0; i < SHARDS; i++) {
        struct shard *shard = &cache->shards[i];
        ASSERT(LIST_EMPTY(&shard->flights));
        while (!TAILQ_EMPTY(&shard->queue))
            entry_remove(cache, TAILQ_FIRST(&shard->queue));
        pthread_mutex_destroy(&shard->lock);
        free(shard->keys);
        free(shard->tags);
    }
    free(cache);
}

/* --- looking up ---------------------------------------------------------------------------------------------------------- */

static struct entry *entry_find(struct cache *cache, struct text key, uint64_t hash)
{
    struct entry *entry = *key_bucket(cache, hash);
    while (entry != NULL && (entry->hash != hash || entry->key_length != key.length || memcmp(entry->key, key.at, key.length) != 0))
        entry = entry->next_in_bucket;
    return entry;
}

/* Whether to answer with it; otherwise somebody has to make it anew. */
static bool is_good(const struct entry *entry, int64_t now_us)
{
    return now_us < entry->refresh_us || (entry->in_flight && now_us < entry->expires_us);
}

static struct cache_answer entry_use(struct entry *entry)
{
    entry->used = true;
    http_shared_hold(entry->answer.shared);
    return entry->answer;
}

bool cache_find(struct cache *cache, struct text key, int64_t now_us, struct cache_answer *answer)
{
    uint64_t hash = text_hash(key);
    struct shard *shard = shard_of(cache, hash);
    pthread_mutex_lock(&shard->lock);
    struct entry *entry = entry_find(cache, key, hash);
    bool found = entry != NULL && is_good(entry, now_us);
    if (found) {
        shard->counts.hits++;
        *answer = entry_use(entry);
    }
    pthread_mutex_unlock(&shard->lock);
    return found;
}

/* --- flights ------------------------------------------------------------------------------------------------------------- */

static struct cache_flight *flight_find(struct shard *shard, struct text key, uint64_t hash)
{
    struct cache_flight *flight;
    LIST_FOREACH(flight, &shard->flights, in_shard)
        if (flight->hash == hash && flight->key_length == key.length && memcmp(flight->key, key.at, key.length) == 0)
            return flight;
    return NULL;
}

static struct cache_flight *flight_begin(struct cache *cache, struct text key, uint64_t hash)
{
    struct cache_flight *flight = allocate(1, sizeof *flight + key.length);
    flight->cache = cache;
    flight->hash = hash;
    flight->began = atomic_load(&cache->purge_count);
    flight->key_length = key.length;
    memcpy(flight->key, key.at, key.length);
    LIST_INSERT_HEAD(&shard_of(cache, hash)->flights, flight, in_shard);
    return flight;
}

enum cache_turn cache_take(struct cache *cache, struct text key, int64_t now_us, struct cache_answer *answer,
                           struct cache_waiter *waiter, struct cache_flight **flight)
{
    uint64_t hash = text_hash(key);
    struct shard *shard = shard_of(cache, hash);
    enum cache_turn turn;
    pthread_mutex_lock(&shard->lock);
    struct entry *entry = entry_find(cache, key, hash);
    struct cache_flight *under_way = flight_find(shard, key, hash);
    if (entry != NULL && is_good(entry, now_us)) {
        shard->counts.hits++;
        *answer = entry_use(entry);
        turn = CACHE_FOUND;
    } else if (under_way != NULL) {
        waiter->next = under_way->waiters;
        under_way->waiters = waiter;
        turn = CACHE_WAIT;
    } else {
        shard->counts.misses++;
        if (entry != NULL)
            entry->in_flight = true;
        *flight = flight_begin(cache, key, hash);
        turn = CACHE_LEAD;
    }
    pthread_mutex_unlock(&shard->lock);
    return turn;
}

static void run_resume(struct task *task)
{
    struct cache_waiter *waiter = (struct cache_waiter *)((char *)task - offsetof(struct cache_waiter, task));
    waiter->resume(waiter);
}

/* Outside of the lock: a loop may run the task at once. */
static void resume_waiters(struct cache_waiter *waiters, const struct cache_answer *answer)
{
    while (waiters != NULL) {
        struct cache_waiter *waiter = waiters;
        waiters = waiter->next;
        waiter->answer = answer ? *answer : (struct cache_answer){0};
        if (answer != NULL)
            http_shared_hold(answer->shared);
        waiter->task.run = run_resume;
        loop_post(waiter->loop, &waiter->task);
    }
}

/* The flight is over; its entry, if there still is one, may be made anew by another. */
static void flight_end(struct cache_flight *flight)
{
    struct entry *entry = entry_find(flight->cache, (struct text){flight->key, flight->key_length}, flight->hash);
    if (entry != NULL)
        entry->in_flight = false;
    LIST_REMOVE(flight, in_shard);
}

void cache_give_up(struct cache_flight *flight)
{
    struct shard *shard = shard_of(flight->cache, flight->hash);
    pthread_mutex_lock(&shard->lock);
    flight_end(flight);
    pthread_mutex_unlock(&shard->lock);
    resume_waiters(flight->waiters, NULL);
    free(flight);
}

/* --- filling ------------------------------------------------------------------------------------------------------------- */

static _Atomic uint64_t *purge_slot(struct cache *cache, uint64_t tag)
{
    return &cache->purged_at[tag % PURGE_SLOTS];
}

static void bearers_add(struct cache *cache, const struct text *tags, size_t tag_count)
{
    for (size_t i = 0; i < tag_count; i++)
        atomic_fetch_add(&cache->bearers[text_hash(tags[i]) % PURGE_SLOTS], 1);
}

static void bearers_subtract(struct cache *cache, const struct text *tags, size_t tag_count)
{
    for (size_t i = 0; i < tag_count; i++)
        atomic_fetch_sub(&cache->bearers[text_hash(tags[i]) % PURGE_SLOTS], 1);
}

static bool was_purged(const struct cache_flight *flight, const struct text *tags, size_t tag_count)
{
    for (size_t i = 0; i < tag_count; i++)
        if (atomic_load(purge_slot(flight->cache, text_hash(tags[i]))) > flight->began)
            return true;
    return false;
}

static struct entry *entry_new(const struct cache_flight *flight, const struct cache_answer *answer, size_t tag_count,
                               int64_t now_us)
{
    size_t size = sizeof(struct entry) + tag_count * sizeof(struct use) + flight->key_length;
    struct entry *entry = allocate(1, size);
    entry->hash = flight->hash;
    entry->answer = *answer;
    entry->expires_us = now_us + (int64_t)answer->seconds * 1000000;
    entry->refresh_us = entry->expires_us - (int64_t)answer->seconds * 1000000 / REFRESH_PART;
    entry->bytes = size + http_shared_bytes(answer->shared);
    entry->use_count = tag_count;
    entry->key_length = flight->key_length;
    entry->key = (char *)(entry->uses + tag_count);
    memcpy(entry->key, flight->key, flight->key_length);
    return entry;
}

static void entry_add(struct cache *cache, struct entry *entry, const struct text *tags)
{
    struct shard *shard = shard_of(cache, entry->hash);
    struct entry **bucket = key_bucket(cache, entry->hash);
    entry->next_in_bucket = *bucket;
    *bucket = entry;
    TAILQ_INSERT_TAIL(&shard->queue, entry, in_queue);
    for (size_t i = 0; i < entry->use_count; i++) {
        struct use *use = &entry->uses[i];
        *use = (struct use){.entry = entry, .tag = text_hash(tags[i])};
        LIST_INSERT_HEAD(&shard->tags[use->tag & cache->bucket_mask], use, in_bucket);
    }
    shard->counts.entries++;
    shard->counts.bytes += entry->bytes;
}

/* Second chance: whoever was used since the hand last came by goes to the end once. */
static void make_room(struct cache *cache, struct shard *shard)
{
    while (shard->counts.bytes > cache->shard_bytes_max) {
        struct entry *entry = TAILQ_FIRST(&shard->queue);
        if (entry->used) {
            entry->used = false;
            TAILQ_REMOVE(&shard->queue, entry, in_queue);
            TAILQ_INSERT_TAIL(&shard->queue, entry, in_queue);
        } else {
            shard->counts.evicted++;
            entry_remove(cache, entry);
        }
    }
}

/* Whether it is kept. */
static bool store(struct cache_flight *flight, const struct cache_answer *answer, const struct text *tags, size_t tag_count,
                  int64_t now_us)
{
    struct cache *cache = flight->cache;
    struct entry *old = entry_find(cache, (struct text){flight->key, flight->key_length}, flight->hash);
    if (old != NULL)
        entry_remove(cache, old);
    if (http_shared_bytes(answer->shared) > cache->shard_bytes_max / LARGEST_PART)
        return false;
    http_shared_hold(answer->shared);
    entry_add(cache, entry_new(flight, answer, tag_count, now_us), tags);
    shard_of(cache, flight->hash)->counts.fills++;
    make_room(cache, shard_of(cache, flight->hash));
    return true;
}

void cache_fill(struct cache_flight *flight, const struct cache_answer *answer, const struct text *tags, size_t tag_count,
                int64_t now_us)
{
    struct shard *shard = shard_of(flight->cache, flight->hash);
    pthread_mutex_lock(&shard->lock);
    bearers_add(flight->cache, tags, tag_count);
    bool old = was_purged(flight, tags, tag_count);
    flight_end(flight);
    if (old)
        shard->counts.refused++;
    if (old || !store(flight, answer, tags, tag_count, now_us))
        bearers_subtract(flight->cache, tags, tag_count);
    pthread_mutex_unlock(&shard->lock);
    /* Who came after the purge must not get what was read before it. */
    resume_waiters(flight->waiters, old ? NULL : answer);
    http_shared_drop(answer->shared);
    free(flight);
}

/* --- purging ------------------------------------------------------------------------------------------------------------- */

static void note_in(_Atomic uint64_t *slot, uint64_t count)
{
    uint64_t before = atomic_load(slot);
    while (before < count && !atomic_compare_exchange_weak(slot, &before, count))
        continue;
}

static void note_purge(struct cache *cache, uint64_t tag)
{
    uint64_t count = atomic_fetch_add(&cache->purge_count, 1) + 1;
    note_in(purge_slot(cache, tag), count);
}

static void shard_purge(struct cache *cache, struct shard *shard, uint64_t tag)
{
    struct use *use = LIST_FIRST(&shard->tags[tag & cache->bucket_mask]);
    while (use != NULL) {
        struct entry *entry = use->entry;
        bool bears = use->tag == tag;
        do /* past all uses of an entry that is about to go: one may follow the other */
            use = LIST_NEXT(use, in_bucket);
        while (bears && use != NULL && use->entry == entry);
        if (bears) {
            shard->counts.purged++;
            entry_remove(cache, entry);
        }
    }
}

void cache_purge(struct cache *cache, struct text tag)
{
    uint64_t hash = text_hash(tag);
    note_purge(cache, hash);
    if (atomic_load(&cache->bearers[hash % PURGE_SLOTS]) == 0)
        return;
    for (size_t i = 0; i < SHARDS; i++) {
        struct shard *shard = &cache->shards[i];
        pthread_mutex_lock(&shard->lock);
        shard_purge(cache, shard, hash);
        pthread_mutex_unlock(&shard->lock);
    }
}

static void shard_purge_all(struct cache *cache, struct shard *shard)
{
    for (uint64_t bucket = 0; bucket <= cache->bucket_mask; bucket++)
        while (!LIST_EMPTY(&shard->tags[bucket])) {
            shard->counts.purged++;
            entry_remove(cache, LIST_FIRST(&shard->tags[bucket])->entry);
        }
}

void cache_purge_all(struct cache *cache)
{
    uint64_t count = atomic_fetch_add(&cache->purge_count, 1) + 1;
    for (size_t i = 0; i < PURGE_SLOTS; i++)
        note_in(&cache->purged_at[i], count);
    for (size_t i = 0; i < SHARDS; i++) {
        struct shard *shard = &cache->shards[i];
        pthread_mutex_lock(&shard->lock);
        shard_purge_all(cache, shard);
        pthread_mutex_unlock(&shard->lock);
    }
}

/* --- counting ------------------------------------------------------------------------------------------------------------ */

struct cache_counts cache_counts(struct cache *cache)
{
    struct cache_counts sum = {0};
    for (size_t i = 0; i < SHARDS; i++) {
        struct shard *shard = &cache->shards[i];
        pthread_mutex_lock(&shard->lock);
        const struct cache_counts *counts = &shard->counts;
        sum.hits += counts->hits;
        sum.misses += counts->misses;
        sum.fills += counts->fills;
        sum.refused += counts->refused;
        sum.purged += counts->purged;
        sum.evicted += counts->evicted;
        sum.entries += counts->entries;
        sum.bytes += counts->bytes;
        pthread_mutex_unlock(&shard->lock);
    }
    return sum;
}
