#include "gateways/graphql/validate/names.h"

#include <stdlib.h>

void names_init(struct names *names, struct arena *arena)
{
    *names = (struct names){.arena = arena};
}

static void grow(struct names *names)
{
    size_t capacity = names->capacity ? 2 * names->capacity : 16;
    struct named *larger = ARENA_ARRAY(names->arena, struct named, capacity);
    if (names->count)
        memcpy(larger, names->at, names->count * sizeof *larger);
    names->at = larger;
    names->capacity = capacity;
}

void names_add(struct names *names, struct text name, const void *what)
{
    if (names->count == names->capacity)
        grow(names);
    names->at[names->count++] = (struct named){.head = name_head(name), .name = name, .what = what};
}

static int compare(const struct named *a, const struct named *b)
{
    return name_compare(a->head, a->name, b->head, b->name);
}

/* Names of a document stand in one text, so that of two equal ones the first has the lower address. */
static int compare_for_qsort(const void *a, const void *b)
{
    const struct named *left = a, *right = b;
    int order = compare(left, right);
    return order ? order : (left->name.at > right->name.at) - (left->name.at < right->name.at);
}

static void insertion_sort(struct names *names)
{
    for (size_t i = 1; i < names->count; i++) {
        struct named moving = names->at[i];
        size_t to = i;
        for (; to > 0 && compare(&names->at[to - 1], &moving) > 0; to--)
            names->at[to] = names->at[to - 1];
        names->at[to] = moving;
    }
}

void names_sort(struct names *names)
{
    if (names->count <= 16)
        insertion_sort(names);
    else
        qsort(names->at, names->count, sizeof *names->at, compare_for_qsort);
}

const struct named *names_find(const struct names *names, struct text name)
{
    uint64_t head = name_head(name);
    size_t low = 0, high = names->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (name_compare(names->at[middle].head, names->at[middle].name, head, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    bool found = low < names->count && name_compare(names->at[low].head, names->at[low].name, head, name) == 0;
    return found ? &names->at[low] : NULL;
}

size_t names_run(const struct names *names, size_t begin)
{
    size_t end = begin + 1;
    while (end < names->count && compare(&names->at[begin], &names->at[end]) == 0)
        end++;
    return end;
}
