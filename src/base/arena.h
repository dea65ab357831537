/*
 * Arenas: memory that is given back all at once.
 *
 * A request owns one arena. Whatever the request makes lives there, and goes with it; what is not
 * memory (a statement, a file) hangs on it as a cleanup. An arena belongs to one thread at a time:
 * handing a call to another thread hands its arena over too.
 */
#ifndef SOUK_BASE_ARENA_H
#define SOUK_BASE_ARENA_H

#include <protobuf-c/protobuf-c.h>
#include <stdarg.h>
#include <stddef.h>

struct arena;

/* A new arena that may grow to `bytes_max`. Never NULL: running out of memory ends the process. */
struct arena *arena_new(size_t bytes_max);

/* It may grow to `bytes_max` from now on, if that is more. */
void arena_allow(struct arena *arena, size_t bytes_max);

/* Run the cleanups, newest first, and give all memory back. NULL is fine. */
void arena_free(struct arena *arena);

/* Zeroed memory, aligned for any type, until arena_free(). Growing past the maximum is our own mistake
 * (the edges refuse large input first) and an assertion. A count of 0 gives a valid pointer. */
void *arena_alloc(struct arena *arena, size_t bytes);

/* An array of `count` zeroed elements; the product is checked for overflow. */
#define ARENA_ARRAY(arena, type, count) ((type *)arena_alloc_array((arena), (count), sizeof(type)))
#define ARENA_NEW(arena, type) ((type *)arena_alloc((arena), sizeof(type)))
void *arena_alloc_array(struct arena *arena, size_t count, size_t size);

/* Room for one more at the end of an array of `count` elements that all came this way; it starts as NULL and may move. */
#define ARENA_ROOM(arena, array, count) ((array) = arena_room((arena), (array), (count), sizeof *(array)))
void *arena_room(struct arena *arena, void *array, size_t count, size_t size);

/* Copies, always terminated by NUL. */
char *arena_strdup(struct arena *arena, const char *string);
char *arena_strndup(struct arena *arena, const char *bytes, size_t length);
char *arena_printf(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *arena, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

/* Call `function(data)` when the arena is freed. */
void arena_cleanup(struct arena *arena, void (*function)(void *data), void *data);

/* An allocator for protobuf-c's unpack: frees nothing, lives as long as the arena. */
ProtobufCAllocator *arena_protobuf(struct arena *arena);

/* Bytes handed out so far; for tests and metrics. */
size_t arena_used(const struct arena *arena);

#endif
