/*
 * Lookup: numbers by text, as a hash table in an arena. It only grows; nothing is taken out.
 */
#ifndef SOUK_BASE_LOOKUP_H
#define SOUK_BASE_LOOKUP_H

#include "base/arena.h"
#include "base/text.h"

struct lookup_slot {
    struct text key; /* at NULL: free */
    uint64_t hash;
    size_t value;
};
struct lookup {
    struct arena *arena;
    struct lookup_slot *slots;
    size_t capacity; /* a power of two, or 0 */
    size_t count;
};

void lookup_init(struct lookup *lookup, struct arena *arena);
/* The value of a key, for reading and changing, until the next lookup_put(); NULL when it is not there. */
size_t *lookup_find(const struct lookup *lookup, struct text key);
/* Put a key that is not there. Its bytes are borrowed for as long as the lookup is used. */
void lookup_put(struct lookup *lookup, struct text key, size_t value);

#endif
