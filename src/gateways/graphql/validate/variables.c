/*
 * Rules about variables: UniqueVariableNames, VariablesAreInputTypes, KnownTypeNames (of variables), NoUndefinedVariables,
 * NoUnusedVariables, VariablesInAllowedPosition.
 *
 * The last three are about an operation with all fragments that it spreads, directly or not.
 */
#include "gateways/graphql/validate/validate_internal.h"

/* --- definitions --------------------------------------------------------------------------------------------------------- */

static struct text innermost_name(const struct document_type *type)
{
    while (type->kind == DOCUMENT_TYPE_LIST)
        type = type->of;
    return type->name;
}

static void resolve_variable(struct validation *validation, struct document_variable *variable)
{
    variable->resolved = graphql_schema_resolve(validation->schema, variable->type, validation->document->arena);
    struct text name = innermost_name(variable->type);
    if (!variable->resolved)
        validation_report(validation, "KnownTypeNames", PLACES(place_of(validation, name)), "There is no type \"%.*s\".",
                          SHOWN(name));
    else if (!graphql_type_is_input(variable->resolved))
        validation_report(validation, "VariablesAreInputTypes", PLACES(variable->type->at),
                          "The variable \"$%.*s\" can't be of type \"%s\", which is only for answers.", SHOWN(variable->name),
                          graphql_type_text(variable->resolved, validation->arena));
}

static void validate_default(struct validation *validation, const struct document_variable *variable)
{
    bool is_input = variable->resolved && graphql_type_is_input(variable->resolved);
    if (variable->default_value)
        validate_literal(validation, variable->default_value, (struct value_place){.type = is_input ? variable->resolved : NULL});
}

void validate_variable_definitions(struct validation *validation, struct document_operation *operation)
{
    names_empty(&validation->scratch);
    for (const struct document_variable *variable = operation->variables; variable; variable = variable->next)
        names_add(&validation->scratch, variable->name, variable);
    validation_report_doubles(validation, "UniqueVariableNames", "variable");

    for (struct document_variable *variable = operation->variables; variable; variable = variable->next) {
        resolve_variable(validation, variable);
        validate_default(validation, variable);
        validate_directives(validation, variable->directives, DOCUMENT_ON_VARIABLE_DEFINITION);
    }
}

/* --- uses ---------------------------------------------------------------------------------------------------------------- */

/* One operation, while its uses are gone through. */
struct operation_uses {
    struct validation *validation;
    const struct document_operation *operation;
    struct names variables;
    bool *is_used;         /* as `variables.at` */
    struct scope **stack;  /* scopes to go through */
    size_t stack_count;
};

/* IsVariableUsageAllowed of the specification. */
static bool is_allowed(const struct document_variable *variable, const struct usage *usage)
{
    const struct graphql_type *type = variable->resolved, *wanted = usage->type;
    if (graphql_type_is_non_null(wanted) && !graphql_type_is_non_null(type)) {
        bool has_default = variable->default_value && variable->default_value->kind != DOCUMENT_NULL;
        if (!has_default && !usage->has_default)
            return false;
        wanted = wanted->of;
    }
    return graphql_type_is_sub_type(type, wanted);
}

static void validate_position(struct validation *validation, const struct document_variable *variable, const struct usage *usage)
{
    static const char rule[] = "VariablesInAllowedPosition";
    if (!variable->resolved || !usage->type)
        return;
    if (usage->is_one_of && !graphql_type_is_non_null(variable->resolved))
        validation_report(validation, rule, PLACES(variable->at, usage->variable->at),
                          "The variable \"$%.*s\" may be null, which the one field of its input object can't be.",
                          SHOWN(variable->name));
    else if (!is_allowed(variable, usage))
        validation_report(validation, rule, PLACES(variable->at, usage->variable->at),
                          "The variable \"$%.*s\" of type \"%s\" stands where \"%s\" is wanted.", SHOWN(variable->name),
                          graphql_type_text(variable->resolved, validation->arena),
                          graphql_type_text(usage->type, validation->arena));
}

static void validate_usage(struct operation_uses *uses, const struct usage *usage)
{
    const struct document_operation *operation = uses->operation;
    const struct named *found = names_find(&uses->variables, usage->variable->text);
    if (found) {
        uses->is_used[found - uses->variables.at] = true;
        validate_position(uses->validation, found->what, usage);
    } else {
        validation_report(uses->validation, "NoUndefinedVariables", PLACES(usage->variable->at, operation->at),
                          "The operation does not define the variable \"$%.*s\".", SHOWN(usage->variable->text));
    }
}

/* Put the fragments of a scope's spreads on the stack, each once for an operation. */
static void stack_fragments(struct operation_uses *uses, const struct scope *scope)
{
    struct validation *validation = uses->validation;
    for (const struct spread *spread = scope->spreads; spread && validation_step(validation); spread = spread->next) {
        const struct document_fragment *fragment = spread->selection->resolved.fragment;
        struct scope *target = fragment ? &validation->fragment_scopes[fragment->index] : NULL;
        if (!target || target->visit == validation->visit)
            continue;
        target->visit = validation->visit;
        uses->stack[uses->stack_count++] = target;
    }
}

static void report_unused(struct operation_uses *uses)
{
    if (validation_is_exhausted(uses->validation))
        return; /* not all of them were seen */
    for (size_t i = 0; i < uses->variables.count; i++) {
        const struct document_variable *variable = uses->variables.at[i].what;
        /* Of two by one name, neither is used if the first is not, and both are if it is. */
        bool is_double = i > 0 && text_equal(uses->variables.at[i - 1].name, variable->name);
        if (is_double)
            uses->is_used[i] = uses->is_used[i - 1];
        if (!uses->is_used[i])
            validation_report(uses->validation, "NoUnusedVariables", PLACES(variable->at), "The variable \"$%.*s\" is never used.",
                              SHOWN(variable->name));
    }
}

static void validate_operation(struct operation_uses *uses, struct scope *scope)
{
    struct validation *validation = uses->validation;
    names_empty(&uses->variables);
    for (const struct document_variable *variable = uses->operation->variables; variable; variable = variable->next)
        names_add(&uses->variables, variable->name, variable);
    names_sort(&uses->variables);
    uses->is_used = ARENA_ARRAY(validation->arena, bool, uses->variables.count);

    validation->visit++;
    uses->stack[uses->stack_count++] = scope;
    while (uses->stack_count > 0) {
        const struct scope *next = uses->stack[--uses->stack_count];
        for (const struct usage *usage = next->usages; usage && validation_step(validation); usage = usage->next)
            validate_usage(uses, usage);
        stack_fragments(uses, next);
    }
    report_unused(uses);
}

void validate_variable_uses(struct validation *validation)
{
    const struct document *document = validation->document;
    struct operation_uses uses = {.validation = validation};
    names_init(&uses.variables, validation->arena);
    uses.stack = ARENA_ARRAY(validation->arena, struct scope *, document->fragment_count + 1);
    struct scope *scope = validation->operation_scopes;
    for (const struct document_operation *operation = document->operations; operation; operation = operation->next) {
        uses.operation = operation;
        validate_operation(&uses, scope++);
    }
}
