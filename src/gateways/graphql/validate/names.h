/*
 * Sets of names: which are there twice, and what has a name.
 *
 * Names come from whoever writes the document, so they are sorted, not hashed: no choice of names makes that slow.
 */
#ifndef SOUK_GRAPHQL_NAMES_H
#define SOUK_GRAPHQL_NAMES_H

#include "base/arena.h"
#include "base/text.h"

struct named {
    uint64_t head; /* of the name, for comparing fast */
    struct text name;
    const void *what;
};
struct names {
    struct arena *arena;
    struct named *at;
    size_t count;
    size_t capacity;
};

/* The first bytes of a name as a number. */
static inline uint64_t name_head(struct text name)
{
    uint64_t head = 0;
    memcpy(&head, name.at, name.length < sizeof head ? name.length : sizeof head);
    return head;
}
/* Some total order; 0 for the same name. */
static inline int name_compare(uint64_t a_head, struct text a, uint64_t b_head, struct text b)
{
    if (a_head != b_head)
        return a_head < b_head ? -1 : 1;
    if (a.length != b.length)
        return a.length < b.length ? -1 : 1;
    return a.length <= sizeof a_head ? 0 : memcmp(a.at, b.at, a.length);
}

void names_init(struct names *names, struct arena *arena);
/* Forget all of them; keeps the memory. */
static inline void names_empty(struct names *names)
{
    names->count = 0;
}
void names_add(struct names *names, struct text name, const void *what);
/* Before anything is asked. Those of the same name stay in the order they were added. */
void names_sort(struct names *names);
/* What was added first by that name; NULL when nothing was. */
const struct named *names_find(const struct names *names, struct text name);
/* The end of the run of equal names that begins at `begin`. */
size_t names_run(const struct names *names, size_t begin);

#endif
