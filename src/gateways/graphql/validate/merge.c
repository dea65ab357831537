/*
 * The rule that fields of the same name in an answer are the same field: OverlappingFieldsCanBeMerged.
 *
 * The specification compares every two fields of a name, and every two of what is selected from those; documents of a few kilobytes make that
 * take minutes. We look at all fields of a name together instead:
 *
 *     set     all fields that are selected at one place of the answer, through all fragments
 *     group   those of a set that have the same name in the answer
 *
 * "Of the same shape" and "the same field with the same arguments" are both equivalences, so it is enough to compare each field of a
 * group with the first: steps in proportion to the group, not to its square. What is selected from the fields of a group makes the
 * next set, and so on down. A group whose fields are of different objects never comes together in one answer: there each object's
 * fields make a set of their own, and all of them together must only have the same shapes.
 *
 *     check_set(SAME) --> group of 1:                  check_set(SAME) of its selections, once for a field
 *                     --> group of one object:         check_set(SAME) of all selections of the group
 *                     --> group of several objects:    check_set(SAME) for each object, check_set(SHAPE) for all
 *
 * Sets come up again (a fragment in many places); those that were checked are remembered. There may still be exponentially many of them, as there
 * are states when a nondeterministic automaton is made deterministic: therefore all steps are counted (validation_step()).
 */
#include "gateways/graphql/validate/validate_internal.h"

#include <stdlib.h>

enum mode {
    SHAPE, /* only the types must fit */
    SAME,  /* it must be the same field */
};

/* A field of a set. */
struct entry {
    uint64_t key_head;
    struct document_selection *field;
    const struct graphql_type *parent; /* NULL when unknown */
};

/* Selections that are still to be collected. */
struct source {
    struct document_selection *selections;
    const struct graphql_type *parent;
};

/* A set that was checked: by the fields whose selections it is made of, in order. */
struct known_set {
    struct known_set *next;
    enum mode mode;
    size_t count;
    struct document_selection *fields[];
};
#define KNOWN_BUCKETS 256

struct merge {
    struct validation *validation;
    struct entry *entries; /* a stack: the sets that are being checked, one inside the other */
    size_t count, capacity;
    struct source *sources; /* a stack */
    size_t source_count, source_capacity;
    struct known_set **known;
    size_t depth;
};

static void check_set(struct merge *merge, size_t begin, enum mode mode);

/* --- collecting ---------------------------------------------------------------------------------------------------------- */

/* A stack of twice the capacity. */
static void *grown(struct merge *merge, const void *stack, size_t *capacity, size_t size)
{
    size_t before = *capacity;
    *capacity = before ? 2 * before : 64;
    void *larger = arena_alloc_array(merge->validation->arena, *capacity, size);
    if (before)
        memcpy(larger, stack, before * size);
    return larger;
}

static void push_entry(struct merge *merge, struct document_selection *field, const struct graphql_type *parent)
{
    if (merge->count == merge->capacity)
        merge->entries = grown(merge, merge->entries, &merge->capacity, sizeof *merge->entries);
    merge->entries[merge->count++] = (struct entry){name_head(field->key), field, parent};
}

static void push_source(struct merge *merge, struct document_selection *selections, const struct graphql_type *parent)
{
    if (merge->source_count == merge->source_capacity)
        merge->sources = grown(merge, merge->sources, &merge->source_capacity, sizeof *merge->sources);
    merge->sources[merge->source_count++] = (struct source){selections, parent};
}

static void push_fragment(struct merge *merge, const struct document_fragment *fragment)
{
    struct validation *validation = merge->validation;
    if (!fragment || validation->fragment_scopes[fragment->index].visit == validation->visit)
        return;
    validation->fragment_scopes[fragment->index].visit = validation->visit;
    push_source(merge, fragment->selections, fragment->resolved);
}

static void collect_source(struct merge *merge, struct source source)
{
    for (struct document_selection *selection = source.selections; selection; selection = selection->next) {
        if (!validation_step(merge->validation))
            return;
        switch (selection->kind) {
        case DOCUMENT_FIELD:
            push_entry(merge, selection, source.parent);
            break;
        case DOCUMENT_INLINE:
            push_source(merge, selection->selections, selection->name.length > 0 ? selection->resolved.condition : source.parent);
            break;
        case DOCUMENT_SPREAD:
            push_fragment(merge, selection->resolved.fragment);
            break;
        }
    }
}

/* Push the fields of selections, through their fragments. A fragment comes into one set once: validation->visit tells sets apart. */
static void collect(struct merge *merge, struct document_selection *selections, const struct graphql_type *parent)
{
    push_source(merge, selections, parent);
    while (merge->source_count > 0)
        collect_source(merge, merge->sources[--merge->source_count]);
}

static void collect_of_field(struct merge *merge, const struct document_selection *field)
{
    collect(merge, field->selections, field->resolved.field ? graphql_type_named(field->resolved.field->type) : NULL);
}

/* --- sets that were checked ---------------------------------------------------------------------------------------------- */

static size_t bucket_of(struct document_selection *const *fields, size_t count, enum mode mode)
{
    uint64_t hash = mode + 1;
    for (size_t i = 0; i < count; i++)
        hash = (hash ^ fields[i]->at) * UINT64_C(0x9e3779b97f4a7c15);
    return (size_t)(hash >> 32) % KNOWN_BUCKETS;
}

/* Whether the set made of these fields was checked before; from now on it was. */
static bool is_known(struct merge *merge, struct document_selection *const *fields, size_t count, enum mode mode)
{
    if (!merge->known)
        merge->known = ARENA_ARRAY(merge->validation->arena, struct known_set *, KNOWN_BUCKETS);
    struct known_set **bucket = &merge->known[bucket_of(fields, count, mode)];
    for (const struct known_set *known = *bucket; known; known = known->next) {
        if (!validation_step(merge->validation))
            return true;
        if (known->mode == mode && known->count == count && memcmp(known->fields, fields, count * sizeof *fields) == 0)
            return true;
    }
    struct known_set *added = arena_alloc(merge->validation->arena, sizeof *added + count * sizeof *fields);
    *added = (struct known_set){.next = *bucket, .mode = mode, .count = count};
    memcpy(added->fields, fields, count * sizeof *fields);
    *bucket = added;
    return false;
}

/* --- comparing ----------------------------------------------------------------------------------------------------------- */

static bool is_composite(const struct graphql_type *type)
{
    return type->kind == GRAPHQL_OBJECT || type->kind == GRAPHQL_INTERFACE || type->kind == GRAPHQL_UNION;
}

/* SameResponseShape of the specification, without what is selected from them. */
static bool have_same_shape(const struct graphql_type *a, const struct graphql_type *b)
{
    while (a->kind == GRAPHQL_LIST || a->kind == GRAPHQL_NON_NULL) {
        if (a->kind != b->kind)
            return false;
        a = a->of;
        b = b->of;
    }
    return a == b || (is_composite(a) && is_composite(b));
}

static bool arguments_equal(struct merge *merge, const struct document_argument *a, const struct document_argument *b);

static bool values_equal(struct merge *merge, const struct document_value *a, const struct document_value *b)
{
    if (!validation_step(merge->validation) || a->kind != b->kind)
        return false;
    switch (a->kind) {
    case DOCUMENT_BOOLEAN:
        return a->boolean == b->boolean;
    case DOCUMENT_NULL:
        return true;
    case DOCUMENT_LIST: {
        const struct document_value *left = a->items, *right = b->items;
        while (left && right && values_equal(merge, left, right)) {
            left = left->next;
            right = right->next;
        }
        return !left && !right;
    }
    case DOCUMENT_OBJECT:
        return a->count == b->count && arguments_equal(merge, a->fields, b->fields);
    default:
        return text_equal(a->text, b->text);
    }
}

static const struct document_argument *find_argument(struct merge *merge, const struct document_argument *arguments, struct text name)
{
    while (arguments && validation_step(merge->validation) && !text_equal(arguments->name, name))
        arguments = arguments->next;
    return arguments;
}

/* The same names with the same values, in any order. Most often the order is the same, so we look there first. */
static bool arguments_equal(struct merge *merge, const struct document_argument *a, const struct document_argument *b)
{
    const struct document_argument *beside = b;
    size_t count = 0;
    for (const struct document_argument *argument = a; argument; argument = argument->next, count++) {
        const struct document_argument *other =
            beside && text_equal(beside->name, argument->name) ? beside : find_argument(merge, b, argument->name);
        if (!other || !values_equal(merge, &argument->value, &other->value))
            return false;
        beside = beside ? beside->next : NULL;
    }
    for (; b; b = b->next)
        count--;
    return count == 0;
}

static bool report_conflict(struct merge *merge, const struct document_selection *a, const struct document_selection *b,
                            const char *why)
{
    validation_report(merge->validation, "OverlappingFieldsCanBeMerged", PLACES(a->at, b->at),
                      "Two fields can't both be \"%.*s\" in the answer: %s. Give one of them an alias.", SHOWN(a->key), why);
    return false;
}

static bool check_shape(struct merge *merge, const struct document_selection *a, const struct document_selection *b)
{
    const struct graphql_field *left = a->resolved.field, *right = b->resolved.field;
    if (!left || !right || have_same_shape(left->type, right->type))
        return true;
    struct arena *arena = merge->validation->arena;
    return report_conflict(merge, a, b,
                           arena_printf(arena, "one is of type \"%s\", the other of \"%s\"", graphql_type_text(left->type, arena),
                                        graphql_type_text(right->type, arena)));
}

static bool check_same(struct merge *merge, const struct document_selection *a, const struct document_selection *b)
{
    if (!text_equal(a->name, b->name))
        return report_conflict(merge, a, b,
                               arena_printf(merge->validation->arena, "\"%.*s\" and \"%.*s\" are different fields", SHOWN(a->name),
                                            SHOWN(b->name)));
    if (!arguments_equal(merge, a->arguments, b->arguments) && !validation_is_exhausted(merge->validation))
        return report_conflict(merge, a, b, "they have different arguments");
    return true;
}

/* --- groups -------------------------------------------------------------------------------------------------------------- */

static bool is_object(const struct graphql_type *type)
{
    return type && type->kind == GRAPHQL_OBJECT;
}

/* Check a set that was collected from `begin` on, and take it off the stack. */
static void check_collected(struct merge *merge, size_t begin, enum mode mode)
{
    if (merge->depth < NESTING_TO_DEPTH * merge->validation->document->limits->depth) {
        merge->depth++;
        check_set(merge, begin, mode);
        merge->depth--;
    }
    merge->count = begin;
}

/* What is selected from one field, once for each field. */
static void check_below_field(struct merge *merge, struct document_selection *field)
{
    if (!field->selections || field->is_merged)
        return;
    field->is_merged = true;
    merge->validation->visit++;
    size_t begin = merge->count;
    collect_of_field(merge, field);
    check_collected(merge, begin, SAME);
}

static int compare_places(const void *a, const void *b)
{
    const struct document_selection *left = *(const struct document_selection *const *)a,
                                    *right = *(const struct document_selection *const *)b;
    return (left->at > right->at) - (left->at < right->at);
}

/* Gather the fields of some entries that have selections. */
static size_t gather(struct merge *merge, size_t begin, size_t end, struct document_selection **fields)
{
    size_t count = 0;
    for (size_t i = begin; i < end; i++)
        if (validation_step(merge->validation) && merge->entries[i].field->selections)
            fields[count++] = merge->entries[i].field;
    return count;
}

/* What is selected from all fields of entries[first..first_end) and entries[second..second_end). */
static void check_below(struct merge *merge, size_t first, size_t first_end, size_t second, size_t second_end, enum mode mode)
{
    size_t room = first_end - first + second_end - second;
    struct document_selection **fields = ARENA_ARRAY(merge->validation->arena, struct document_selection *, room);
    size_t count = gather(merge, first, first_end, fields);
    count += gather(merge, second, second_end, fields + count);
    if (count == 0)
        return;
    if (count == 1) {
        check_below_field(merge, fields[0]);
        return;
    }
    qsort(fields, count, sizeof *fields, compare_places);
    if (is_known(merge, fields, count, mode))
        return;
    merge->validation->visit++;
    size_t begin = merge->count;
    for (size_t i = 0; i < count; i++) {
        collect_of_field(merge, fields[i]);
        if (mode == SAME)
            fields[i]->is_merged = true; /* as part of this set */
    }
    check_collected(merge, begin, mode);
}

/* Fields that are of objects come behind those that are of interfaces or unions, each object's together. */
static int compare_parents(const void *a, const void *b)
{
    const struct entry *left = a, *right = b;
    size_t left_rank = is_object(left->parent) ? left->parent->index + 1 : 0;
    size_t right_rank = is_object(right->parent) ? right->parent->index + 1 : 0;
    if (left_rank != right_rank)
        return left_rank < right_rank ? -1 : 1;
    return (left->field->at > right->field->at) - (left->field->at < right->field->at);
}

/* entries[begin..middle) may come together with every one of entries[middle..end), those of one object. */
static void check_object(struct merge *merge, size_t begin, size_t middle, size_t run, size_t end)
{
    bool is_fine = true;
    size_t first = begin < middle ? begin : run;
    for (size_t i = run; i < end && is_fine; i++)
        is_fine = validation_step(merge->validation) && (i == first || check_same(merge, merge->entries[first].field, merge->entries[i].field));
    if (is_fine)
        check_below(merge, begin, middle, run, end, SAME);
}

static void check_objects(struct merge *merge, size_t begin, size_t end)
{
    qsort(merge->entries + begin, end - begin, sizeof *merge->entries, compare_parents);
    size_t middle = begin;
    for (; middle < end && !is_object(merge->entries[middle].parent); middle++)
        if (middle > begin && !check_same(merge, merge->entries[begin].field, merge->entries[middle].field))
            return;
    if (middle == end)
        check_below(merge, begin, end, end, end, SAME);
    for (size_t run = middle, run_end; run < end; run = run_end) {
        const struct graphql_type *object = merge->entries[run].parent;
        run_end = run + 1;
        while (run_end < end && merge->entries[run_end].parent == object)
            run_end++;
        check_object(merge, begin, middle, run, run_end);
        if (run == middle && run_end < end)
            check_below(merge, begin, end, end, end, SHAPE);
    }
}

static void check_group(struct merge *merge, size_t begin, size_t end, enum mode mode)
{
    if (end - begin == 1) {
        if (mode == SAME)
            check_below_field(merge, merge->entries[begin].field);
        return;
    }
    bool is_fine = true;
    for (size_t i = begin + 1; i < end; i++)
        is_fine = check_shape(merge, merge->entries[begin].field, merge->entries[i].field) && is_fine;
    if (!is_fine)
        return;
    if (mode == SHAPE)
        check_below(merge, begin, end, end, end, SHAPE);
    else
        check_objects(merge, begin, end);
}

/* --- sets ---------------------------------------------------------------------------------------------------------------- */

static int compare_keys(const struct entry *a, const struct entry *b)
{
    return name_compare(a->key_head, a->field->key, b->key_head, b->field->key);
}

static int compare_entries(const void *a, const void *b)
{
    const struct entry *left = a, *right = b;
    int order = compare_keys(left, right);
    return order ? order : (left->field->at > right->field->at) - (left->field->at < right->field->at);
}

static void insertion_sort(struct entry *entries, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct entry moving = entries[i];
        size_t to = i;
        for (; to > 0 && compare_entries(&entries[to - 1], &moving) > 0; to--)
            entries[to] = entries[to - 1];
        entries[to] = moving;
    }
}

/* The entries from `begin` to the top of the stack. */
static void check_set(struct merge *merge, size_t begin, enum mode mode)
{
    size_t end = merge->count;
    if (end == begin)
        return; /* unknown fragments only */
    if (end - begin <= 16)
        insertion_sort(merge->entries + begin, end - begin);
    else
        qsort(merge->entries + begin, end - begin, sizeof *merge->entries, compare_entries);

    for (size_t group = begin, group_end; group < end; group = group_end) {
        group_end = group + 1;
        while (group_end < end && compare_keys(&merge->entries[group], &merge->entries[group_end]) == 0)
            group_end++;
        if (validation_is_exhausted(merge->validation))
            return;
        check_group(merge, group, group_end, mode);
    }
}

static void check_root(struct merge *merge, struct document_selection *selections, const struct graphql_type *type)
{
    merge->validation->visit++;
    collect(merge, selections, type);
    check_collected(merge, 0, SAME);
}

void validate_merging(struct validation *validation)
{
    const struct document *document = validation->document;
    struct merge merge = {.validation = validation};
    for (const struct document_operation *operation = document->operations; operation; operation = operation->next)
        check_root(&merge, operation->selections, graphql_schema_root(validation->schema, operation->kind));
    /* The others were part of an operation. */
    for (const struct document_fragment *fragment = document->fragments; fragment; fragment = fragment->next)
        if (!validation->fragment_scopes[fragment->index].is_used)
            check_root(&merge, fragment->selections, fragment->resolved);
}
