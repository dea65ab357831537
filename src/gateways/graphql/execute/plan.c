/*
 * Plans: what a document asks for, sorted out before anything is called (specification, "CollectFields").
 *
 * The whole tree is planned at once, for every type that an interface may turn out to be, since what it may cost must be known first.
 * Fragments that use each other twice at each level make a tree that grows with the power of its depth; so the number of planned
 * fields has a bound.
 */
#include "gateways/graphql/execute/execution.h"

#include "base/assert.h"
#include "base/limits.h"
#include "gateways/graphql/execute/coerce.h"

struct planning {
    struct execution *execution;
    struct plan *plan;
    const struct plan_field *within;
    struct plan_field **end; /* where the next new field goes */
    struct visited {
        const struct document_fragment *fragment;
        struct visited *next;
    } *visited;
};

static struct arena *arena_of(const struct planning *planning)
{
    return planning->execution->arena;
}

static bool is_too_much(const struct execution *execution)
{
    return execution->planned > LIMIT_GRAPHQL_FIELDS;
}

/* --- directives --------------------------------------------------------------------------------------------------------- */

/* `if`, which is a Boolean! and so is there; but a variable that has a default may be given as null. */
static bool condition_of(const struct planning *planning, const struct document_directive *directive)
{
    const struct document_value *value = &directive->arguments->value;
    if (value->kind == DOCUMENT_BOOLEAN)
        return value->boolean;
    const json_t *condition = json_object_getn(planning->execution->variables, value->text.at, value->text.length);
    if (!json_is_boolean(condition))
        planning->execution->is_condition_null = true;
    return json_is_true(condition);
}

static bool is_included(const struct planning *planning, const struct document_directive *directives)
{
    for (const struct document_directive *directive = directives; directive != NULL; directive = directive->next) {
        if (text_is(directive->name, "skip") && condition_of(planning, directive))
            return false;
        if (text_is(directive->name, "include") && !condition_of(planning, directive))
            return false;
    }
    return true;
}

/* --- collecting --------------------------------------------------------------------------------------------------------- */

static struct plan_field *field_of_key(const struct plan *plan, struct text key)
{
    for (struct plan_field *field = plan->fields; field != NULL; field = field->next)
        if (text_equal(field->key, key))
            return field;
    return NULL;
}

static void read_arguments(struct planning *planning, struct plan_field *field)
{
    if (field->field->argument_count > 0)
        field->arguments = coerce_arguments(field->field->arguments, field->field->argument_count, field->nodes[0]->arguments,
                                            planning->execution->variables, arena_of(planning), &field->argument_refusal);
}

static struct plan_field *add_field(struct planning *planning, const struct document_selection *node)
{
    struct plan_field *field = ARENA_NEW(arena_of(planning), struct plan_field);
    field->key = node->key;
    field->within = planning->within;
    /* What the document means by the name may be an interface's field; bindings are those of the object. */
    field->field = graphql_type_field(planning->execution->options.schema, planning->plan->type, node->name);
    ASSERT(field->field != NULL);
    *planning->end = field;
    planning->end = &field->next;
    return field;
}

static void collect_field(struct planning *planning, const struct document_selection *node)
{
    struct plan_field *field = field_of_key(planning->plan, node->key);
    if (field == NULL)
        field = add_field(planning, node);
    ARENA_ROOM(arena_of(planning), field->nodes, field->node_count);
    field->nodes[field->node_count++] = node;
    planning->execution->planned++;
    if (field->node_count == 1)
        read_arguments(planning, field);
}

static void collect(struct planning *planning, const struct document_selection *selections);

static void collect_fragment(struct planning *planning, const struct document_fragment *fragment)
{
    for (const struct visited *visited = planning->visited; visited != NULL; visited = visited->next)
        if (visited->fragment == fragment)
            return;
    struct visited *visited = ARENA_NEW(arena_of(planning), struct visited);
    *visited = (struct visited){.fragment = fragment, .next = planning->visited};
    planning->visited = visited;
    if (graphql_type_may_be(fragment->resolved, planning->plan->type))
        collect(planning, fragment->selections);
}

static void collect(struct planning *planning, const struct document_selection *selections)
{
    for (const struct document_selection *node = selections; node != NULL && !is_too_much(planning->execution); node = node->next) {
        if (!is_included(planning, node->directives))
            continue;
        if (node->kind == DOCUMENT_FIELD)
            collect_field(planning, node);
        else if (node->kind == DOCUMENT_SPREAD)
            collect_fragment(planning, node->resolved.fragment);
        else if (node->resolved.condition == NULL || graphql_type_may_be(node->resolved.condition, planning->plan->type))
            collect(planning, node->selections);
    }
}

/* --- the tree ----------------------------------------------------------------------------------------------------------- */

static int64_t finish_plan(struct execution *execution, struct plan *plan, int64_t page_size);

static struct plan *plan_type(struct execution *execution, const struct plan_field *field, const struct graphql_type *type)
{
    struct plan *plan = ARENA_NEW(execution->arena, struct plan);
    plan->type = type;
    struct planning planning = {.execution = execution, .plan = plan, .within = field, .end = &plan->fields};
    for (size_t i = 0; i < field->node_count; i++)
        collect(&planning, field->nodes[i]->selections);
    return plan;
}

/* Plan what is selected of the field's objects. What one of them costs; of several types the dearest. */
static int64_t plan_objects(struct execution *execution, struct plan_field *field, int64_t size)
{
    const struct graphql_type *type = graphql_type_named(field->field->type);
    int64_t dearest = 0;
    for (size_t i = 0; i < type->possible_count && !is_too_much(execution); i++) {
        struct plan *plan = plan_type(execution, field, type->possible[i]);
        int64_t cost = finish_plan(execution, plan, size);
        dearest = cost > dearest ? cost : dearest;
        field->has_loads = field->has_loads || plan->has_loads;
        plan->next = field->plans;
        field->plans = plan;
    }
    return dearest;
}

/* Whether objects of the type are connections: answered from a struct page. */
static bool is_page_type(const struct execution *execution, const struct graphql_type *type)
{
    const struct graphql_field *info = graphql_type_field(execution->options.schema, type, TEXT("pageInfo"));
    return info != NULL && info->binding->resolver == GRAPHQL_FROM_PAGE_INFO;
}

static int64_t at_most(int64_t number, int64_t most)
{
    return number < most ? number : most;
}

/* How many objects a list may have: as many as the number that was asked for, or as there are keys in the list of them. What asks for
 * more than there may be is refused. */
static int64_t size_of(const struct plan_field *field)
{
    const struct graphql_input *argument = field->field->size_argument;
    const json_t *size = argument != NULL && field->arguments != NULL ? json_object_get(field->arguments, argument->name) : NULL;
    if (json_is_array(size))
        return at_most((int64_t)json_array_size(size), argument->binding->field.declaration->max_items);
    if (json_is_integer(size))
        return json_integer_value(size) < 0 ? 0 : at_most(json_integer_value(size), LIMIT_BATCH_GET);
    return field->field->size_assumed;
}

/* What its object costs by itself. An id doesn't say of which type it is: each that it may be of is asked. */
static int64_t own_cost(const struct plan_field *field)
{
    if (field->field->binding->resolver == GRAPHQL_FROM_NODE)
        return (int64_t)graphql_type_named(field->field->type)->possible_count;
    return field->field->cost;
}

/* Costs add up past any budget long before they overflow. */
#define COST_MAX (INT64_C(1) << 40)

/* The size of a connection is that of the lists in it. */
static int64_t plan_field_cost(struct execution *execution, struct plan_field *field, const struct graphql_type *parent_type,
                               int64_t page_size)
{
    bool is_page = field->field->binding->next_cursor.descriptor != NULL;
    int64_t size = field->field->size_assumed == GRAPHQL_SIZE_OF_CONNECTION ? page_size : size_of(field);
    field->size = size;
    int64_t below = graphql_type_is_composite(field->field->type) ? plan_objects(execution, field, size) : 0;
    field->load = load_new(execution, field, parent_type);
    field->is_of_page = is_page_type(execution, parent_type);
    int64_t cost = (is_page ? 1 : size) * (own_cost(field) + below);
    return cost > COST_MAX ? COST_MAX : cost;
}

static int64_t finish_plan(struct execution *execution, struct plan *plan, int64_t page_size)
{
    int64_t cost = 0;
    for (struct plan_field *field = plan->fields; field != NULL && !is_too_much(execution); field = field->next) {
        cost += plan_field_cost(execution, field, plan->type, page_size);
        plan->has_loads = plan->has_loads || field->load != NULL || field->has_loads;
    }
    return cost > COST_MAX ? COST_MAX : cost;
}

bool plan_make(struct execution *execution, struct graphql_error *error)
{
    const struct document_operation *operation = execution->options.operation;
    execution->root = ARENA_NEW(execution->arena, struct plan);
    execution->root->type = graphql_schema_root(execution->options.schema, operation->kind);
    struct planning planning = {.execution = execution, .plan = execution->root, .end = &execution->root->fields};
    collect(&planning, operation->selections);
    execution->cost_requested = finish_plan(execution, execution->root, 1);
    if (execution->is_condition_null) {
        *error = (struct graphql_error){.code = RESULT_VALIDATION_FAILED, .message = "The `if` of @skip and @include can't be null."};
        return false;
    }
    if (!is_too_much(execution))
        return true;
    *error = (struct graphql_error){
        .code = RESULT_GRAPHQL_LIMIT,
        .message = arena_printf(execution->arena, "With its fragments put in, the document selects more than %d fields.",
                                LIMIT_GRAPHQL_FIELDS),
    };
    return false;
}
