/*
 * Rules about operations: ExecutableDefinitions, UniqueOperationNames, LoneAnonymousOperation, KnownOperationTypes,
 * SingleFieldSubscriptions.
 */
#include "gateways/graphql/validate/validate_internal.h"

static void refuse_definitions(struct validation *validation)
{
    for (const struct document_definition *definition = validation->document->definitions; definition; definition = definition->next)
        validation_report(validation, "ExecutableDefinitions", PLACES(definition->at),
                          "A definition of a type system can't be executed.");
}

static void validate_kind(struct validation *validation, const struct document_operation *operation)
{
    static const char *const kinds[] = {"queries", "mutations", "subscriptions"};
    if (!graphql_schema_root(validation->schema, operation->kind))
        validation_report(validation, "KnownOperationTypes", PLACES(operation->at), "The schema has no %s.", kinds[operation->kind]);
}

void validate_operation_names(struct validation *validation)
{
    const struct document *document = validation->document;
    refuse_definitions(validation);
    names_empty(&validation->scratch);
    for (const struct document_operation *operation = document->operations; operation; operation = operation->next) {
        validate_kind(validation, operation);
        if (operation->name.length > 0)
            names_add(&validation->scratch, operation->name, operation);
        else if (document->operation_count > 1)
            validation_report(validation, "LoneAnonymousOperation", PLACES(operation->at),
                              "An operation without a name must be the only one.");
    }
    validation_report_pairs(validation, "UniqueOperationNames", "operation");
}

/* --- subscriptions ------------------------------------------------------------------------------------------------------- */

/* The fields that a subscription begins with, through its fragments. */
struct root_fields {
    struct validation *validation;
    const struct graphql_type *type;
    struct text key; /* of the first field */
    uint32_t others[LIMIT_GRAPHQL_ERROR_PLACES];
    size_t other_count;
    uint32_t metas[LIMIT_GRAPHQL_ERROR_PLACES];
    size_t meta_count;
};

static void refuse_condition(struct validation *validation, const struct document_selection *selection)
{
    for (const struct document_directive *directive = selection->directives; directive; directive = directive->next)
        if (text_equal(directive->name, TEXT("skip")) || text_equal(directive->name, TEXT("include")))
            validation_report(validation, "SingleFieldSubscriptions", PLACES(directive->at),
                              "A subscription's own field can't depend on @%.*s.", SHOWN(directive->name));
}

static void take_root_field(struct root_fields *roots, const struct document_selection *field)
{
    if (!roots->key.at)
        roots->key = field->key;
    else if (!text_equal(roots->key, field->key) && roots->other_count < LIMIT_GRAPHQL_ERROR_PLACES)
        roots->others[roots->other_count++] = field->at;
    if (text_starts_with(field->name, "__") && roots->meta_count < LIMIT_GRAPHQL_ERROR_PLACES)
        roots->metas[roots->meta_count++] = field->at;
}

static bool applies(const struct graphql_type *condition, const struct graphql_type *type)
{
    return condition == type || (condition && graphql_type_may_be(condition, type));
}

static bool visit_fragment(struct validation *validation, const struct document_fragment *fragment)
{
    struct scope *scope = fragment ? &validation->fragment_scopes[fragment->index] : NULL;
    if (!scope || scope->visit == validation->visit)
        return false;
    scope->visit = validation->visit;
    return true;
}

/* Recursive as deep as the fragments nest, which has been found bounded. */
static void collect_root_fields(struct root_fields *roots, const struct document_selection *selections)
{
    for (const struct document_selection *selection = selections; selection; selection = selection->next) {
        if (!validation_step(roots->validation))
            return;
        refuse_condition(roots->validation, selection);
        const struct document_fragment *fragment = selection->kind == DOCUMENT_SPREAD ? selection->resolved.fragment : NULL;
        if (selection->kind == DOCUMENT_FIELD)
            take_root_field(roots, selection);
        else if (selection->kind == DOCUMENT_INLINE &&
                 (selection->name.length == 0 || applies(selection->resolved.condition, roots->type)))
            collect_root_fields(roots, selection->selections);
        else if (visit_fragment(roots->validation, fragment) && applies(fragment->resolved, roots->type))
            collect_root_fields(roots, fragment->selections);
    }
}

void validate_subscriptions(struct validation *validation)
{
    if (validation->is_unbounded)
        return;
    for (const struct document_operation *operation = validation->document->operations; operation; operation = operation->next) {
        struct root_fields roots = {.validation = validation, .type = validation->schema->subscription};
        if (operation->kind != DOCUMENT_SUBSCRIPTION || !roots.type)
            continue;
        validation->visit++;
        collect_root_fields(&roots, operation->selections);
        if (roots.other_count > 0)
            validation_report(validation, "SingleFieldSubscriptions", roots.others, roots.other_count,
                              "A subscription has one field only.");
        if (roots.meta_count > 0)
            validation_report(validation, "SingleFieldSubscriptions", roots.metas, roots.meta_count,
                              "A subscription's field can't be one of introspection.");
    }
}
