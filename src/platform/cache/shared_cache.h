/*
 * The second layer of the caches, in Redis: what one process of a shop has rendered, another need not. The first layer (cache.h) stays in front of it and
 * asks here only what it has not; this never answers what a change that this process knows of has made old. README.md has the reasoning.
 *
 * One of these serves all caches of a process; their keys begin differently.
 */
#ifndef SOUK_PLATFORM_SHARED_CACHE_H
#define SOUK_PLATFORM_SHARED_CACHE_H

#include "platform/cache/cache.h"
#include "platform/redis/redis.h"

struct shared_cache;
/* Before redis_start(). `name` is how all its keys in Redis begin: processes that name the same share, so it tells what must not be mixed. */
struct shared_cache *shared_cache_new(struct redis *redis, struct env *env, const char *name);
void shared_cache_free(struct shared_cache *cache); /* NULL is fine */

/* What was found. It lives as long as the call that tells it, but for `answer.shared`, of which one count is the hearer's. */
struct shared_found {
    struct cache_answer answer; /* without label */
    int64_t made_us;            /* monotonic, here: for cache_fill() */
    const struct text *tags;
    size_t tag_count;
};

/* A flight of a cache whose leader looks here before he makes the answer himself. The caller's memory, until it is filled, or for good. */
struct shared_lookup {
    void (*done)(struct shared_lookup *lookup, const struct shared_found *found); /* on the loop; NULL: make it yourself */
    struct loop *loop;
    struct text key; /* lives as long */
    /* Its own from here. */
    struct shared_cache *cache;
    struct redis_request request;
    uint64_t settled, noted;
    char epoch[40], began[24];
    bool may_fill;
};
/* On the lookup's loop. False: nobody can be asked, and `done` is not called. */
bool shared_cache_look(struct shared_cache *cache, struct shared_lookup *lookup);
/* Keep what was made after nothing was found; on the lookup's loop. Borrows all. */
void shared_cache_fill(struct shared_lookup *lookup, const struct cache_answer *answer, const struct text *tags, size_t tag_count);

/* Every answer with this tag is old. Any thread; before the first layer's own. */
void shared_cache_purge(struct shared_cache *cache, struct text tag);
void shared_cache_purge_all(struct shared_cache *cache);

struct shared_cache_counts {
    uint64_t hits, misses, unasked /* Redis was away or slow */, refused /* found, but not trusted */, fills, purges, renewals;
};
struct shared_cache_counts shared_cache_counts(const struct shared_cache *cache);

#endif
