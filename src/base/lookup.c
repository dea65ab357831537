/*
 * Lookup: open addressing with linear probing, at most half full.
 */
#include "base/lookup.h"

#include "base/assert.h"

#define FIRST_CAPACITY 64

void lookup_init(struct lookup *lookup, struct arena *arena)
{
    *lookup = (struct lookup){.arena = arena};
}

/* The slot of a key, or the free one where it belongs. */
static struct lookup_slot *slot_of(const struct lookup *lookup, struct text key, uint64_t hash)
{
    size_t at = hash & (lookup->capacity - 1);
    while (lookup->slots[at].key.at != NULL &&
           !(lookup->slots[at].hash == hash && text_equal(lookup->slots[at].key, key)))
        at = (at + 1) & (lookup->capacity - 1);
    return &lookup->slots[at];
}

size_t *lookup_find(const struct lookup *lookup, struct text key)
{
    if (lookup->count == 0)
        return NULL;
    struct lookup_slot *slot = slot_of(lookup, key, text_hash(key));
    return slot->key.at != NULL ? &slot->value : NULL;
}

static void grow(struct lookup *lookup)
{
    struct lookup larger = *lookup;
    larger.capacity = lookup->capacity > 0 ? 2 * lookup->capacity : FIRST_CAPACITY;
    larger.slots = ARENA_ARRAY(lookup->arena, struct lookup_slot, larger.capacity);
    for (size_t i = 0; i < lookup->capacity; i++)
        if (lookup->slots[i].key.at != NULL)
            *slot_of(&larger, lookup->slots[i].key, lookup->slots[i].hash) = lookup->slots[i];
    *lookup = larger;
}

void lookup_put(struct lookup *lookup, struct text key, size_t value)
{
    ASSERT(key.at != NULL);
    if (2 * (lookup->count + 1) > lookup->capacity)
        grow(lookup);
    uint64_t hash = text_hash(key);
    struct lookup_slot *slot = slot_of(lookup, key, hash);
    ASSERT(slot->key.at == NULL);
    *slot = (struct lookup_slot){.key = key, .hash = hash, .value = value};
    lookup->count++;
}
