/*
 * Arenas: chunks that are filled from front to back.
 *
 *     arena -> chunk (current, being filled) -> chunk (older, full) -> ... -> first chunk
 *                                                                        the arena itself is its first bytes
 *
 * The first chunk is small, because most requests are; each further one is four times as large, up to a bound. What does not fit
 * a chunk of the largest size gets one of its own, behind the current one, so that the room left there is not lost.
 *
 * Chunks of the usual sizes come from a cache of the thread and go back to it, so that a request costs no malloc. An answer is made by a reader and freed by
 * a loop, so one's cache runs empty while the other's is full: what is too much for one goes to a depot of all threads, several chunks at once, and
 * is taken from there as it was brought. Both have bounds. Under AddressSanitizer they stay empty, so that a use after arena_free() is seen.
 */
#include "base/arena.h"

#include "base/assert.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct chunk {
    struct chunk *next;
    size_t size; /* the whole of it, this header too */
    _Alignas(max_align_t) char bytes[];
};

struct cleanup {
    struct cleanup *next;
    void (*function)(void *data);
    void *data;
};

struct arena {
    ProtobufCAllocator protobuf;
    struct chunk *current;
    char *at;    /* the first free byte of the current chunk */
    char *limit; /* the end of the current chunk */
    size_t used;
    size_t maximum;
    struct cleanup *cleanups;
};

/* --- chunks ------------------------------------------------------------------------------------------------------ */

#define SIZE_CLASSES 4
static const size_t chunk_sizes[SIZE_CLASSES] = {4 << 10, 16 << 10, 64 << 10, 256 << 10};

/* What one thread keeps: enough for the open requests of a busy loop, little beside the 40 MB a shop may take. */
#define CACHE_BYTES_MAX (1 << 20)

/* What lies in the depot, of each size at most. */
#define DEPOT_BYTES_MAX (1 << 20)
/* What is brought at once; of the largest chunks one by one. */
#define LOAD_BYTES (1 << 18)

/* Several chunks of a size, in the first of them. */
struct load {
    struct load *next;
    struct chunk *chunks;
    size_t bytes;
};

static struct {
    pthread_mutex_t lock;
    struct load *loads[SIZE_CLASSES];
    size_t bytes[SIZE_CLASSES];
} depot = {.lock = PTHREAD_MUTEX_INITIALIZER};

static __thread struct chunk *cache[SIZE_CLASSES];
static __thread size_t cache_bytes;

static pthread_key_t cache_key;
static pthread_once_t cache_key_once = PTHREAD_ONCE_INIT;

#ifdef __SANITIZE_ADDRESS__
static const bool cache_is_on = false;
#else
static const bool cache_is_on = true;
#endif

static void cache_release(void *unused)
{
    (void)unused;
    for (int class = 0; class < SIZE_CLASSES; class++) {
        while (cache[class] != NULL) {
            struct chunk *chunk = cache[class];
            cache[class] = chunk->next;
            free(chunk);
        }
    }
    cache_bytes = 0;
}

static void cache_key_create(void)
{
    ASSERT(pthread_key_create(&cache_key, cache_release) == 0);
}

/* Have cache_release() called when this thread ends. */
static void cache_release_at_thread_end(void)
{
    pthread_once(&cache_key_once, cache_key_create);
    pthread_setspecific(cache_key, cache);
}

static int class_of(size_t size)
{
    for (int class = 0; class < SIZE_CLASSES; class++)
        if (chunk_sizes[class] == size)
            return class;
    return -1;
}

/* Fill this thread's cache from the depot. */
static void load_take(int class)
{
    pthread_mutex_lock(&depot.lock);
    struct load *load = depot.loads[class];
    if (load != NULL) {
        depot.loads[class] = load->next;
        depot.bytes[class] -= load->bytes;
    }
    pthread_mutex_unlock(&depot.lock);
    if (load == NULL)
        return;
    if (cache_bytes == 0)
        cache_release_at_thread_end();
    cache_bytes += load->bytes;
    cache[class] = load->chunks;
}

/* Bring chunks of this size from the cache to the depot; false when it has enough, or the cache none. */
static bool load_give(int class)
{
    struct chunk *first = cache[class], *last = first;
    if (first == NULL)
        return false;
    size_t bytes = first->size;
    for (; last->next != NULL && bytes < LOAD_BYTES; last = last->next)
        bytes += first->size;
    struct chunk *rest = last->next;

    pthread_mutex_lock(&depot.lock);
    bool has_room = depot.bytes[class] + bytes <= DEPOT_BYTES_MAX;
    if (has_room) {
        struct load *load = (struct load *)first->bytes;
        last->next = NULL;
        *load = (struct load){.next = depot.loads[class], .chunks = first, .bytes = bytes};
        depot.loads[class] = load;
        depot.bytes[class] += bytes;
        cache[class] = rest;
        cache_bytes -= bytes;
    }
    pthread_mutex_unlock(&depot.lock);
    return has_room;
}

static struct chunk *chunk_take(size_t size)
{
    int class = class_of(size);
    if (class >= 0 && cache[class] == NULL)
        load_take(class);
    if (class >= 0 && cache[class] != NULL) {
        struct chunk *chunk = cache[class];
        cache[class] = chunk->next;
        cache_bytes -= size;
        return chunk;
    }
    struct chunk *chunk = malloc(size);
    ASSERT(chunk != NULL);
    chunk->size = size;
    return chunk;
}

static void chunk_give(struct chunk *chunk)
{
    int class = class_of(chunk->size);
    if (!cache_is_on || class < 0 || (cache_bytes + chunk->size > CACHE_BYTES_MAX && !load_give(class))) {
        free(chunk);
        return;
    }
    if (cache_bytes == 0)
        cache_release_at_thread_end();
    chunk->next = cache[class];
    cache[class] = chunk;
    cache_bytes += chunk->size;
}

/* --- the arena --------------------------------------------------------------------------------------------------- */

static void *protobuf_alloc(void *arena, size_t bytes);
static void protobuf_free(void *arena, void *pointer);

static void fill_from(struct arena *arena, struct chunk *chunk, char *at)
{
    arena->current = chunk;
    arena->at = at;
    arena->limit = (char *)chunk + chunk->size;
}

static size_t aligned(size_t bytes)
{
    const size_t mask = _Alignof(max_align_t) - 1;
    return (bytes + mask) & ~mask;
}

struct arena *arena_new(size_t bytes_max)
{
    struct chunk *first = chunk_take(chunk_sizes[0]);
    first->next = NULL;
    struct arena *arena = (struct arena *)first->bytes;
    *arena = (struct arena){
        .protobuf = {.alloc = protobuf_alloc, .free = protobuf_free, .allocator_data = arena},
        .maximum = bytes_max,
    };
    fill_from(arena, first, first->bytes + aligned(sizeof *arena));
    return arena;
}

void arena_allow(struct arena *arena, size_t bytes_max)
{
    if (arena->maximum < bytes_max)
        arena->maximum = bytes_max;
}

void arena_free(struct arena *arena)
{
    if (arena == NULL)
        return;

    while (arena->cleanups != NULL) {
        struct cleanup *cleanup = arena->cleanups;
        arena->cleanups = cleanup->next;
        cleanup->function(cleanup->data);
    }
    /* The arena lives in the last chunk of the list: look at nothing of it while going through. */
    for (struct chunk *chunk = arena->current, *next; chunk != NULL; chunk = next) {
        next = chunk->next;
        chunk_give(chunk);
    }
}

static void *take_own_chunk(struct arena *arena, size_t bytes)
{
    struct chunk *chunk = chunk_take(sizeof *chunk + bytes);
    chunk->next = arena->current->next;
    arena->current->next = chunk;
    return chunk->bytes;
}

/* The size of the chunk after one of `size`. */
static size_t size_after(size_t size)
{
    for (int class = 0; class < SIZE_CLASSES; class++)
        if (chunk_sizes[class] > size)
            return chunk_sizes[class];
    return chunk_sizes[SIZE_CLASSES - 1];
}

static __attribute__((noinline)) void *take_in_new_chunk(struct arena *arena, size_t bytes)
{
    size_t size = size_after(arena->current->size);
    while (size < sizeof(struct chunk) + bytes && size < chunk_sizes[SIZE_CLASSES - 1])
        size = size_after(size);
    if (size < sizeof(struct chunk) + bytes)
        return take_own_chunk(arena, bytes);

    struct chunk *chunk = chunk_take(size);
    chunk->next = arena->current;
    fill_from(arena, chunk, chunk->bytes + bytes);
    return chunk->bytes;
}

/* Memory with whatever it holds from before. */
static inline __attribute__((always_inline)) void *take(struct arena *arena, size_t bytes)
{
    ASSERT(bytes <= arena->maximum - arena->used);
    bytes = bytes == 0 ? 1 : bytes; /* so that two allocations never share an address */
    bytes = aligned(bytes);
    /* Rounding may step over the maximum by some bytes; the difference above must not wrap the next time. */
    arena->used = arena->maximum - arena->used < bytes ? arena->maximum : arena->used + bytes;

    if (bytes > (size_t)(arena->limit - arena->at))
        return take_in_new_chunk(arena, bytes);
    void *taken = arena->at;
    arena->at += bytes;
    return taken;
}

void *arena_alloc(struct arena *arena, size_t bytes)
{
    return memset(take(arena, bytes), 0, bytes);
}

void *arena_alloc_array(struct arena *arena, size_t count, size_t size)
{
    size_t bytes;
    ASSERT(!__builtin_mul_overflow(count, size, &bytes));
    return arena_alloc(arena, bytes);
}

void *arena_room(struct arena *arena, void *array, size_t count, size_t size)
{
    const size_t first = 8;
    if (count == 0)
        return array != NULL ? array : arena_alloc_array(arena, first, size);
    /* The capacity needs no keeping: it is the next power of two. */
    if (count < first || (count & (count - 1)) != 0)
        return array;
    void *larger = arena_alloc_array(arena, 2 * count, size);
    memcpy(larger, array, count * size);
    return larger;
}

char *arena_strdup(struct arena *arena, const char *string)
{
    return arena_strndup(arena, string, strlen(string));
}

char *arena_strndup(struct arena *arena, const char *bytes, size_t length)
{
    ASSERT(length < SIZE_MAX);
    char *copy = take(arena, length + 1);
    if (length > 0)
        memcpy(copy, bytes, length);
    copy[length] = '\0';
    return copy;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *string = arena_vprintf(arena, format, arguments);
    va_end(arguments);
    return string;
}

char *arena_vprintf(struct arena *arena, const char *format, va_list arguments)
{
    /* Most texts fit the room that is left: print there first, then take it. */
    size_t room = (size_t)(arena->limit - arena->at);
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(arena->at, room, format, arguments);
    ASSERT(length >= 0);

    size_t bytes = (size_t)length + 1;
    bool printed = aligned(bytes) <= room;
    char *string = take(arena, bytes);
    if (!printed)
        vsnprintf(string, bytes, format, again);
    va_end(again);
    return string;
}

void arena_cleanup(struct arena *arena, void (*function)(void *data), void *data)
{
    struct cleanup *cleanup = take(arena, sizeof *cleanup);
    *cleanup = (struct cleanup){.next = arena->cleanups, .function = function, .data = data};
    arena->cleanups = cleanup;
}

static void *protobuf_alloc(void *arena, size_t bytes)
{
    return take(arena, bytes);
}

static void protobuf_free(void *arena, void *pointer)
{
    (void)arena;
    (void)pointer;
}

ProtobufCAllocator *arena_protobuf(struct arena *arena)
{
    return &arena->protobuf;
}

size_t arena_used(const struct arena *arena)
{
    return arena->used;
}
