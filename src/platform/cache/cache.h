/*
 * The cache of rendered answers: bytes ready to send, by address, until something in them changes.
 *
 * Each entry bears tags ("product/01jd…", "product"), and a purge of a tag drops every entry that bears it. Purging is exact even while
 * answers are being made: a flight (the making of one answer) notes the cache's purge count when it begins, each purge notes its own
 * count under its tag, and cache_fill() refuses an answer with a tag that was purged after its flight began. So what was read
 * before a change never comes in after it, however late.
 *
 * While a flight is under way the others who want the same answer wait for it (one flight per key). An entry that will soon expire
 * lets one request through to make it anew, while the others still get the old one.
 *
 * Everything may be called from any thread.
 */
#ifndef SOUK_PLATFORM_CACHE_H
#define SOUK_PLATFORM_CACHE_H

#include "platform/env/env.h"
#include "platform/http/http.h"

struct cache;
/* Answers, with all that is kept beside them, take at most so many bytes; past it those that nobody asked for lately go. */
struct cache *cache_new(size_t bytes_max);
void cache_free(struct cache *cache);

/* What is kept of an answer. */
struct cache_answer {
    struct http_shared *shared; /* whole, as in http_response.prepared */
    struct text etag;           /* within it */
    const void *label;          /* whatever the filler wants to find with it; must outlive the cache */
    int seconds;                /* how long it may be kept */
};

/* Look an answer up; its `shared` has one count more, which is the caller's. One hash, no allocation. */
bool cache_find(struct cache *cache, struct text key, int64_t now_us, struct cache_answer *answer);

/* Somebody who waits for another's flight. The caller's memory, until `resume` is called, on `loop`. */
struct cache_waiter {
    struct loop *loop;
    void (*resume)(struct cache_waiter *waiter);
    struct cache_answer answer; /* with one count; `shared` NULL: nothing came of the flight, ask for yourself */
    struct task task;           /* the cache's own from here */
    struct cache_waiter *next;
};
struct cache_flight;
enum cache_turn {
    CACHE_FOUND, /* `answer`, with one count */
    CACHE_WAIT,  /* waiter->resume will be called */
    CACHE_LEAD,  /* make it, and end `flight` by cache_fill() or cache_give_up() */
};
enum cache_turn cache_take(struct cache *cache, struct text key, int64_t now_us, struct cache_answer *answer,
                           struct cache_waiter *waiter, struct cache_flight **flight);
/* Keep the answer, unless it is old already; takes one count over. */
void cache_fill(struct cache_flight *flight, const struct cache_answer *answer, const struct text *tags, size_t tag_count,
                int64_t now_us);
void cache_give_up(struct cache_flight *flight);

/* Drop every answer with this tag. */
void cache_purge(struct cache *cache, struct text tag);
/* Drop every answer. */
void cache_purge_all(struct cache *cache);

struct cache_counts {
    uint64_t hits, misses, fills, refused /* were old when they came */, purged, evicted;
    size_t entries, bytes;
};
struct cache_counts cache_counts(struct cache *cache);

#endif
