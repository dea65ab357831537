/*
 * The walk through all selections, and the rules about a field or fragment where it stands: FieldsOnCorrectType, ScalarLeafs,
 * KnownTypeNames, FragmentsOnCompositeTypes, KnownFragmentNames, PossibleFragmentSpreads.
 *
 * Types are followed down from the root of the operation, or from the type condition. Where something is unknown the type is NULL, and
 * nothing that needs it is asked below.
 */
#include "gateways/graphql/validate/validate_internal.h"

static void walk_selections(struct validation *validation, struct document_selection *selections, const struct graphql_type *parent);

/* The type that a fragment is for; NULL when there is none that can be selected from. */
static const struct graphql_type *resolve_condition(struct validation *validation, struct text name)
{
    const struct graphql_type *type = graphql_schema_type(validation->schema, name);
    if (!type) {
        validation_report(validation, "KnownTypeNames", PLACES(place_of(validation, name)), "There is no type \"%.*s\".",
                          SHOWN(name));
        return NULL;
    }
    if (!graphql_type_is_composite(type)) {
        validation_report(validation, "FragmentsOnCompositeTypes", PLACES(place_of(validation, name)),
                          "A fragment can't be on \"%s\", which has no fields.", type->name);
        return NULL;
    }
    return type;
}

/* --- fields -------------------------------------------------------------------------------------------------------------- */

static void validate_leaf(struct validation *validation, const struct document_selection *selection, const struct graphql_field *field)
{
    bool is_leaf = graphql_type_is_leaf(field->type);
    if (is_leaf && selection->selections)
        validation_report(validation, "ScalarLeafs", PLACES(selection->selections_at),
                          "The field \"%s\" of type \"%s\" has nothing to select from.", field->name,
                          graphql_type_text(field->type, validation->arena));
    else if (!is_leaf && !selection->selections)
        validation_report(validation, "ScalarLeafs", PLACES(selection->at),
                          "The field \"%s\" of type \"%s\" needs a selection: \"%s { … }\".", field->name,
                          graphql_type_text(field->type, validation->arena), field->name);
}

static const struct graphql_field *resolve_field(struct validation *validation, const struct document_selection *selection,
                                                 const struct graphql_type *parent)
{
    const struct graphql_field *field = parent ? graphql_type_field(validation->schema, parent, selection->name) : NULL;
    if (field)
        validate_leaf(validation, selection, field);
    else if (parent)
        validation_report(validation, "FieldsOnCorrectType", PLACES(selection->at), "The type \"%s\" has no field \"%.*s\".",
                          parent->name, SHOWN(selection->name));
    return field;
}

static const struct graphql_type *composite_of(const struct graphql_type *type)
{
    return graphql_type_is_composite(type) ? graphql_type_named(type) : NULL;
}

static void walk_field(struct validation *validation, struct document_selection *selection, const struct graphql_type *parent)
{
    const struct graphql_field *field = resolve_field(validation, selection, parent);
    selection->resolved.field = field;
    selection->is_merged = false;
    struct input_list list = {0};
    if (field)
        list = (struct input_list){field->name, parent->name, field->arguments, field->argument_count, true};
    validate_arguments(validation, selection->arguments, &list, selection->at);
    validate_directives(validation, selection->directives, DOCUMENT_ON_FIELD);

    if (++validation->field_depth > validation->scope->field_depth)
        validation->scope->field_depth = validation->field_depth;
    if (selection->selections)
        walk_selections(validation, selection->selections, field ? composite_of(field->type) : NULL);
    validation->field_depth--;
}

/* --- fragments ----------------------------------------------------------------------------------------------------------- */

static void note_spread(struct validation *validation, const struct document_selection *selection)
{
    struct spread *spread = ARENA_NEW(validation->arena, struct spread);
    *spread = (struct spread){.selection = selection, .field_depth = validation->field_depth, .nesting = validation->nesting};
    *validation->scope->spreads_tail = spread;
    validation->scope->spreads_tail = &spread->next;
}

static void validate_possible(struct validation *validation, const struct document_selection *selection,
                              const struct graphql_type *condition, const struct graphql_type *parent)
{
    if (!condition || !parent || condition == parent || graphql_types_overlap(condition, parent))
        return;
    validation_report(validation, "PossibleFragmentSpreads", PLACES(selection->at),
                      "Nothing of type \"%s\" can be a \"%s\", which the fragment is for.", parent->name, condition->name);
}

static void walk_spread(struct validation *validation, struct document_selection *selection, const struct graphql_type *parent)
{
    const struct document_fragment *fragment = validation_fragment(validation, selection->name);
    selection->resolved.fragment = fragment;
    if (!fragment)
        validation_report(validation, "KnownFragmentNames", PLACES(place_of(validation, selection->name)),
                          "There is no fragment \"%.*s\".", SHOWN(selection->name));
    else
        validate_possible(validation, selection, fragment->resolved, parent);
    validate_directives(validation, selection->directives, DOCUMENT_ON_FRAGMENT_SPREAD);
    note_spread(validation, selection);
}

static void walk_inline(struct validation *validation, struct document_selection *selection, const struct graphql_type *parent)
{
    const struct graphql_type *condition = parent;
    selection->resolved.condition = NULL;
    if (selection->name.length > 0) {
        condition = resolve_condition(validation, selection->name);
        selection->resolved.condition = condition;
        validate_possible(validation, selection, condition, parent);
    }
    validate_directives(validation, selection->directives, DOCUMENT_ON_INLINE_FRAGMENT);
    walk_selections(validation, selection->selections, condition);
}

/* --- the walk ------------------------------------------------------------------------------------------------------------ */

static void walk_selections(struct validation *validation, struct document_selection *selections, const struct graphql_type *parent)
{
    if (++validation->nesting > validation->scope->nesting)
        validation->scope->nesting = validation->nesting;
    for (struct document_selection *selection = selections; selection; selection = selection->next) {
        switch (selection->kind) {
        case DOCUMENT_FIELD:
            walk_field(validation, selection, parent);
            break;
        case DOCUMENT_SPREAD:
            walk_spread(validation, selection, parent);
            break;
        case DOCUMENT_INLINE:
            walk_inline(validation, selection, parent);
            break;
        }
    }
    validation->nesting--;
}

static void walk_operation(struct validation *validation, struct document_operation *operation)
{
    static const enum document_directive_location locations[] = {DOCUMENT_ON_QUERY, DOCUMENT_ON_MUTATION, DOCUMENT_ON_SUBSCRIPTION};
    validate_variable_definitions(validation, operation);
    validate_directives(validation, operation->directives, locations[operation->kind]);
    walk_selections(validation, operation->selections, graphql_schema_root(validation->schema, operation->kind));
}

void validate_selections(struct validation *validation)
{
    struct document *document = validation->document;
    /* Spreads ask what their fragments are for, wherever those stand. */
    for (struct document_fragment *fragment = document->fragments; fragment; fragment = fragment->next)
        fragment->resolved = resolve_condition(validation, fragment->type_condition);

    validation->scope = validation->operation_scopes;
    for (struct document_operation *operation = document->operations; operation; operation = operation->next) {
        walk_operation(validation, operation);
        validation->scope++;
    }
    validation->scope = validation->fragment_scopes;
    for (struct document_fragment *fragment = document->fragments; fragment; fragment = fragment->next) {
        validate_directives(validation, fragment->directives, DOCUMENT_ON_FRAGMENT_DEFINITION);
        walk_selections(validation, fragment->selections, fragment->resolved);
        validation->scope++;
    }
}
