/*
 * Rules about fragments as a whole: UniqueFragmentNames, NoUnusedFragments, NoFragmentCycles, and how deep they nest in each other.
 *
 * The graph of fragments may be as long as the document, so it is gone through with a stack of our own. A fragment is left after all that it
 * spreads: then those know their depths with everything in them, and its own follows. So a tower of fragments that each
 * spread the next one twice takes no longer than it takes to read.
 */
#include "gateways/graphql/validate/validate_internal.h"

void validate_fragment_names(struct validation *validation)
{
    names_empty(&validation->scratch);
    for (const struct document_fragment *fragment = validation->document->fragments; fragment; fragment = fragment->next) {
        names_add(&validation->scratch, fragment->name, fragment);
        names_add(&validation->fragments, fragment->name, fragment);
    }
    validation_report_pairs(validation, "UniqueFragmentNames", "fragment");
    names_sort(&validation->fragments);
}

const struct document_fragment *validation_fragment(const struct validation *validation, struct text name)
{
    const struct named *found = names_find(&validation->fragments, name);
    return found ? found->what : NULL;
}

/* --- cycles and depth ---------------------------------------------------------------------------------------------------- */

/* A fragment that is being gone through, and the spread of it that we are in. */
struct step {
    const struct document_fragment *fragment;
    const struct spread *spread;
};

enum state {
    UNSEEN,
    OPEN, /* on the path */
    DONE,
};

struct graph {
    struct validation *validation;
    uint8_t *states; /* by the index of the fragment */
    struct step *path;
    size_t length;
};

static void enter_fragment(struct graph *graph, const struct document_fragment *fragment)
{
    graph->states[fragment->index] = OPEN;
    graph->path[graph->length++] =
        (struct step){.fragment = fragment, .spread = graph->validation->fragment_scopes[fragment->index].spreads};
}

/* The path comes back to a fragment that is on it. */
static void report_cycle(struct graph *graph, const struct document_fragment *fragment)
{
    uint32_t places[LIMIT_GRAPHQL_ERROR_PLACES];
    size_t count = 0, begin = 0;
    while (graph->path[begin].fragment != fragment)
        begin++;
    for (size_t i = begin; i < graph->length && count < LIMIT_GRAPHQL_ERROR_PLACES; i++)
        places[count++] = graph->path[i].spread->selection->at;
    graph->validation->is_unbounded = true;
    validation_report(graph->validation, "NoFragmentCycles", places, count, "The fragment \"%.*s\" contains itself.",
                      SHOWN(fragment->name));
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* How deep a scope is with its spreads put in. Sums stay far below SIZE_MAX: there are fewer fragments than bytes, each less deep than
 * the parser's limit. */
static void add_spreads(struct validation *validation, struct scope *scope)
{
    for (const struct spread *spread = scope->spreads; spread; spread = spread->next) {
        const struct document_fragment *fragment = spread->selection->resolved.fragment;
        if (!fragment)
            continue;
        const struct scope *target = &validation->fragment_scopes[fragment->index];
        scope->field_depth = larger(scope->field_depth, spread->field_depth + target->field_depth);
        scope->nesting = larger(scope->nesting, spread->nesting + target->nesting);
    }
}

static void leave_fragment(struct graph *graph, const struct document_fragment *fragment)
{
    add_spreads(graph->validation, &graph->validation->fragment_scopes[fragment->index]);
    graph->states[fragment->index] = DONE;
    graph->length--;
    if (graph->length > 0)
        graph->path[graph->length - 1].spread = graph->path[graph->length - 1].spread->next;
}

static void follow_spread(struct graph *graph, struct step *step)
{
    const struct document_fragment *target = step->spread->selection->resolved.fragment;
    if (target && graph->states[target->index] == UNSEEN) {
        enter_fragment(graph, target);
        return;
    }
    if (target && graph->states[target->index] == OPEN)
        report_cycle(graph, target);
    step->spread = step->spread->next;
}

static void go_through(struct graph *graph, const struct document_fragment *fragment)
{
    if (graph->states[fragment->index] != UNSEEN)
        return;
    enter_fragment(graph, fragment);
    while (graph->length > 0) {
        struct step *step = &graph->path[graph->length - 1];
        if (step->spread)
            follow_spread(graph, step);
        else
            leave_fragment(graph, step->fragment);
    }
}

static void limit_depth(struct validation *validation)
{
    size_t depth_max = validation->document->limits->depth;
    struct scope *scope = validation->operation_scopes;
    for (const struct document_operation *operation = validation->document->operations; operation; operation = operation->next) {
        add_spreads(validation, scope);
        if (scope->field_depth > depth_max || scope->nesting > NESTING_TO_DEPTH * depth_max) {
            validation->is_unbounded = true;
            validation_report(validation, NULL, PLACES(operation->at), "The operation nests deeper than %zu with its fragments.", depth_max);
        }
        scope++;
    }
}

/* --- use ----------------------------------------------------------------------------------------------------------------- */

static void stack_used(struct validation *validation, const struct scope *scope, struct scope **stack, size_t *count)
{
    for (const struct spread *spread = scope->spreads; spread; spread = spread->next) {
        const struct document_fragment *fragment = spread->selection->resolved.fragment;
        struct scope *target = fragment ? &validation->fragment_scopes[fragment->index] : NULL;
        if (!target || target->is_used)
            continue;
        target->is_used = true;
        stack[(*count)++] = target;
    }
}

static void mark_used(struct validation *validation)
{
    struct scope **stack = ARENA_ARRAY(validation->arena, struct scope *, validation->document->fragment_count);
    for (size_t i = 0; i < validation->document->operation_count; i++) {
        size_t count = 0;
        stack_used(validation, &validation->operation_scopes[i], stack, &count);
        while (count > 0) {
            const struct scope *scope = stack[--count];
            stack_used(validation, scope, stack, &count);
        }
    }
}

static void report_unused(struct validation *validation)
{
    for (const struct document_fragment *fragment = validation->document->fragments; fragment; fragment = fragment->next) {
        /* Of two by one name the first is meant; the error about the second is another. */
        const struct document_fragment *meant = validation_fragment(validation, fragment->name);
        if (!validation->fragment_scopes[meant->index].is_used)
            validation_report(validation, "NoUnusedFragments", PLACES(fragment->at), "The fragment \"%.*s\" is never used.",
                              SHOWN(fragment->name));
    }
}

void validate_fragment_graph(struct validation *validation)
{
    size_t count = validation->document->fragment_count;
    struct graph graph = {
        .validation = validation,
        .states = ARENA_ARRAY(validation->arena, uint8_t, count),
        .path = ARENA_ARRAY(validation->arena, struct step, count),
    };
    for (const struct document_fragment *fragment = validation->document->fragments; fragment; fragment = fragment->next)
        go_through(&graph, fragment);
    limit_depth(validation);
    mark_used(validation);
    report_unused(validation);
}
