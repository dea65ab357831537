/*
 * Rules about values: ValuesOfCorrectType (with the fields that input objects need, and @oneOf), UniqueInputFieldNames.
 *
 * What a scalar takes is here what its literals can be; the executor reads them by the same rules. The recursion goes as deep as
 * the parser let values nest.
 */
#include "base/timestamp.h"
#include "gateways/graphql/validate/validate_internal.h"

#include <math.h>
#include <stdlib.h>

static const char rule[] = "ValuesOfCorrectType";

static const char *type_text(const struct validation *validation, const struct graphql_type *type)
{
    return graphql_type_text(type, validation->arena);
}

/* --- scalars and enums --------------------------------------------------------------------------------------------------- */

static bool is_int32(struct text text)
{
    int64_t number;
    return text_to_int64(text, &number) && number >= INT32_MIN && number <= INT32_MAX;
}

static bool is_finite(const struct validation *validation, struct text text)
{
    return isfinite(strtod(arena_strndup(validation->arena, text.at, text.length), NULL));
}

static bool takes_literal(const struct validation *validation, enum graphql_scalar scalar, const struct document_value *value)
{
    /* A string with NUL in it can't be told from a shorter one where strings are terminated: in all of our messages. */
    bool is_string = value->kind == DOCUMENT_STRING && !memchr(value->text.at, '\0', value->text.length);
    switch (scalar) {
    case GRAPHQL_INT:
        return value->kind == DOCUMENT_INT && is_int32(value->text);
    case GRAPHQL_LONG:
        return value->kind == DOCUMENT_INT && text_to_int64(value->text, &(int64_t){0});
    case GRAPHQL_FLOAT:
        return (value->kind == DOCUMENT_INT || value->kind == DOCUMENT_FLOAT) && is_finite(validation, value->text);
    case GRAPHQL_STRING:
        return is_string;
    case GRAPHQL_ID:
        return is_string || value->kind == DOCUMENT_INT;
    case GRAPHQL_BOOLEAN:
        return value->kind == DOCUMENT_BOOLEAN;
    case GRAPHQL_DATE_TIME:
        return is_string && timestamp_parse(value->text, &(int64_t){0});
    case GRAPHQL_CUSTOM:
        return true;
    }
    return false;
}

static void validate_leaf(struct validation *validation, const struct document_value *value, const struct graphql_type *named)
{
    if (named->kind == GRAPHQL_ENUM) {
        if (value->kind != DOCUMENT_ENUM)
            validation_report(validation, rule, PLACES(value->at), "The enum \"%s\" takes one of its values, by name.", named->name);
        else if (!graphql_type_value(named, value->text))
            validation_report(validation, rule, PLACES(value->at), "The enum \"%s\" has no value \"%.*s\".", named->name,
                              SHOWN(value->text));
    } else if (!takes_literal(validation, named->scalar, value)) {
        validation_report(validation, rule, PLACES(value->at), "That is no \"%s\".", named->name);
    }
}

/* --- input objects ------------------------------------------------------------------------------------------------------- */

static void validate_unique_fields(struct validation *validation, const struct document_value *object)
{
    if (object->count < 2)
        return;
    names_empty(&validation->scratch);
    for (const struct document_argument *field = object->fields; field; field = field->next)
        names_add(&validation->scratch, field->name, field);
    validation_report_pairs(validation, "UniqueInputFieldNames", "input field");
}

static bool has_field(const struct document_value *object, const char *name)
{
    for (const struct document_argument *field = object->fields; field; field = field->next)
        if (text_is(field->name, name))
            return true;
    return false;
}

static void validate_required_fields(struct validation *validation, const struct document_value *object,
                                     const struct graphql_type *type)
{
    for (size_t i = 0; i < type->input_count; i++) {
        const struct graphql_input *input = &type->inputs[i];
        if (graphql_input_is_required(input) && !has_field(object, input->name))
            validation_report(validation, rule, PLACES(object->at), "\"%s\" needs its field \"%s\" of type \"%s\".", type->name,
                              input->name, type_text(validation, input->type));
    }
}

/* Exactly one field, and that not null; whether a variable may be is for the rules of variables. */
static void validate_one_of(struct validation *validation, const struct document_value *object, const struct graphql_type *type)
{
    if (object->count != 1)
        validation_report(validation, rule, PLACES(object->at), "\"%s\" takes exactly one of its fields.", type->name);
    else if (object->fields->value.kind == DOCUMENT_NULL)
        validation_report(validation, rule, PLACES(object->at), "The one field that \"%s\" takes can't be null.", type->name);
}

static void validate_object(struct validation *validation, const struct document_value *object, const struct graphql_type *type)
{
    if (type) {
        validate_required_fields(validation, object, type);
        if (type->is_one_of)
            validate_one_of(validation, object, type);
    }
    validate_unique_fields(validation, object);
    for (const struct document_argument *field = object->fields; field; field = field->next) {
        const struct graphql_input *input = type ? graphql_type_input(type, field->name) : NULL;
        struct value_place place = {0};
        if (input)
            place = (struct value_place){input->type, input->default_value != NULL, type->is_one_of};
        else if (type)
            validation_report(validation, rule, PLACES(place_of(validation, field->name)), "\"%s\" has no field \"%.*s\".",
                              type->name, SHOWN(field->name));
        validate_literal(validation, &field->value, place);
    }
}

/* --- values -------------------------------------------------------------------------------------------------------------- */

static void note_usage(struct validation *validation, const struct document_value *variable, struct value_place place)
{
    struct usage *usage = ARENA_NEW(validation->arena, struct usage);
    *usage = (struct usage){variable, place.type, place.has_default, place.is_one_of, NULL};
    *validation->scope->usages_tail = usage;
    validation->scope->usages_tail = &usage->next;
}

static bool takes_anything(const struct graphql_type *type)
{
    return type->kind == GRAPHQL_SCALAR && type->scalar == GRAPHQL_CUSTOM;
}

static void validate_list(struct validation *validation, const struct document_value *list, const struct graphql_type *type)
{
    struct value_place item_place = {0};
    if (type && type->kind == GRAPHQL_LIST)
        item_place.type = type->of;
    else if (type && !takes_anything(type))
        validation_report(validation, rule, PLACES(list->at), "A list can't be where \"%s\" is wanted.", type_text(validation, type));
    for (const struct document_value *item = list->items; item; item = item->next)
        validate_literal(validation, item, item_place);
}

/* An object, or one item where a list is wanted: that stands for a list of one. */
static void validate_single(struct validation *validation, const struct document_value *value, const struct graphql_type *type)
{
    const struct graphql_type *named = type ? graphql_type_named(type) : NULL;
    if (value->kind == DOCUMENT_OBJECT) {
        bool is_input = named && named->kind == GRAPHQL_INPUT_OBJECT;
        if (named && !is_input)
            validate_leaf(validation, value, named);
        validate_object(validation, value, is_input ? named : NULL);
    } else if (named && named->kind == GRAPHQL_INPUT_OBJECT) {
        validation_report(validation, rule, PLACES(value->at), "\"%s\" takes an object: { … }.", named->name);
    } else if (named) {
        validate_leaf(validation, value, named);
    }
}

void validate_literal(struct validation *validation, const struct document_value *value, struct value_place place)
{
    const struct graphql_type *nullable = place.type ? graphql_type_nullable(place.type) : NULL;
    switch (value->kind) {
    case DOCUMENT_VARIABLE:
        note_usage(validation, value, place);
        break;
    case DOCUMENT_NULL:
        if (place.type && graphql_type_is_non_null(place.type))
            validation_report(validation, rule, PLACES(value->at), "Null can't be where \"%s\" is wanted.",
                              type_text(validation, place.type));
        break;
    case DOCUMENT_LIST:
        validate_list(validation, value, nullable);
        break;
    default:
        validate_single(validation, value, nullable);
    }
}
