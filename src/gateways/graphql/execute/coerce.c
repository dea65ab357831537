/*
 * Every coercion gives a new reference, or NULL when the value does not fit; then `refusal` has the first reason.
 */
#include "gateways/graphql/execute/coerce.h"

#include "base/assert.h"
#include "base/limits.h"
#include "gateways/json_read.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

struct coercion {
    struct arena *arena;
    const json_t *variables; /* coerced; NULL while they are being made */
    const char *refusal;
};

static json_t *refuse(struct coercion *coercion, const char *wanted)
{
    if (coercion->refusal == NULL)
        coercion->refusal = wanted;
    return NULL;
}

static json_t *refuse_type(struct coercion *coercion, const struct graphql_type *type)
{
    return refuse(coercion, arena_printf(coercion->arena, "This is no value of the type %s.",
                                         graphql_type_text(type, coercion->arena)));
}

static json_t *hold(const json_t *value)
{
    return json_incref((json_t *)(uintptr_t)value);
}

static json_t *text_value(struct coercion *coercion, const struct graphql_type *type, struct text text)
{
    if (memchr(text.at, '\0', text.length) != NULL)
        return refuse(coercion, "A string must not have the character U+0000.");
    json_t *value = json_stringn(text.at, text.length);
    return value != NULL ? value : refuse_type(coercion, type);
}

/* --- scalars ------------------------------------------------------------------------------------------------------------ */

/* Whole numbers that JSON libraries of others write with a fraction of zero. */
static bool whole_number(const json_t *value, int64_t *number)
{
    if (json_is_integer(value)) {
        *number = json_integer_value(value);
        return true;
    }
    if (!json_is_real(value) || json_real_value(value) != floor(json_real_value(value)) || fabs(json_real_value(value)) > 1e15)
        return false;
    *number = (int64_t)json_real_value(value);
    return true;
}

static json_t *coerce_whole(struct coercion *coercion, const struct graphql_type *type, const json_t *value)
{
    int64_t number;
    /* JavaScript has no whole numbers past 2^53: those it sends as text. */
    bool is_text = type->scalar == GRAPHQL_LONG && json_is_string(value) &&
                   text_to_int64((struct text){json_string_value(value), json_string_length(value)}, &number);
    if (!is_text && !whole_number(value, &number))
        return refuse_type(coercion, type);
    if (type->scalar == GRAPHQL_INT && (number < INT32_MIN || number > INT32_MAX))
        return refuse_type(coercion, type);
    return json_integer(number);
}

static json_t *coerce_scalar(struct coercion *coercion, const struct graphql_type *type, const json_t *value)
{
    switch (type->scalar) {
    case GRAPHQL_INT:
    case GRAPHQL_LONG:
        return coerce_whole(coercion, type, value);
    case GRAPHQL_FLOAT:
        return json_is_number(value) ? json_real(json_number_value(value)) : refuse_type(coercion, type);
    case GRAPHQL_BOOLEAN:
        return json_is_boolean(value) ? hold(value) : refuse_type(coercion, type);
    case GRAPHQL_ID:
        if (json_is_integer(value))
            return json_sprintf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
        return json_is_string(value) ? hold(value) : refuse_type(coercion, type);
    case GRAPHQL_STRING:
    case GRAPHQL_DATE_TIME:
        return json_is_string(value) ? hold(value) : refuse_type(coercion, type);
    case GRAPHQL_CUSTOM:
        break;
    }
    return hold(value);
}

static json_t *coerce_enum(struct coercion *coercion, const struct graphql_type *type, struct text name)
{
    if (graphql_type_value(type, name) != NULL)
        return json_stringn(name.at, name.length);
    return refuse(coercion, arena_printf(coercion->arena, "%s has no value of that name.", type->name));
}

/* --- input objects ------------------------------------------------------------------------------------------------------ */

static json_t *coerce_literal(struct coercion *coercion, const struct graphql_type *type, const struct document_value *value);

/* Fill in what has a default, and see that what is required is there. Takes `object` over when it gives NULL. */
static json_t *complete_object(struct coercion *coercion, const struct graphql_input *inputs, size_t count, json_t *object)
{
    for (size_t i = 0; i < count; i++) {
        const struct graphql_input *input = &inputs[i];
        if (json_object_get(object, input->name) != NULL)
            continue;
        if (input->default_value != NULL) {
            json_object_set_new(object, input->name, coerce_literal(coercion, input->type, input->default_value));
        } else if (graphql_type_is_non_null(input->type)) {
            json_decref(object);
            return refuse(coercion, arena_printf(coercion->arena, "`%s` is needed.", input->name));
        }
    }
    return object;
}

static json_t *complete_input_object(struct coercion *coercion, const struct graphql_type *type, json_t *object)
{
    if (type->is_one_of &&
        (json_object_size(object) != 1 || json_is_null(json_object_iter_value(json_object_iter(object))))) {
        json_decref(object);
        return refuse(coercion, arena_printf(coercion->arena, "%s takes exactly one of its fields.", type->name));
    }
    return complete_object(coercion, type->inputs, type->input_count, object);
}

/* --- values of variables ------------------------------------------------------------------------------------------------ */

static json_t *coerce_json(struct coercion *coercion, const struct graphql_type *type, const json_t *value);

static json_t *coerce_json_object(struct coercion *coercion, const struct graphql_type *type, const json_t *value)
{
    if (!json_is_object(value))
        return refuse_type(coercion, type);
    json_t *object = json_object();
    for (void *member = json_object_iter((json_t *)(uintptr_t)value); member != NULL;
         member = json_object_iter_next((json_t *)(uintptr_t)value, member)) {
        const char *name = json_object_iter_key(member);
        const struct graphql_input *input = graphql_type_input(type, text_of(name));
        json_t *coerced = input == NULL ? refuse(coercion, arena_printf(coercion->arena, "%s has no field `%s`.", type->name, name))
                                        : coerce_json(coercion, input->type, json_object_iter_value(member));
        if (coerced == NULL || json_object_set_new(object, name, coerced) != 0) {
            json_decref(object);
            return NULL;
        }
    }
    return complete_input_object(coercion, type, object);
}

/* A single value where a list is wanted is a list of one. */
static json_t *coerce_json_list(struct coercion *coercion, const struct graphql_type *type, const json_t *value)
{
    json_t *list = json_array();
    size_t count = json_is_array(value) ? json_array_size(value) : 1;
    for (size_t i = 0; i < count; i++) {
        json_t *item = coerce_json(coercion, type->of, json_is_array(value) ? json_array_get(value, i) : value);
        if (item == NULL || json_array_append_new(list, item) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *coerce_json(struct coercion *coercion, const struct graphql_type *type, const json_t *value)
{
    if (graphql_type_is_non_null(type))
        return json_is_null(value) ? refuse_type(coercion, type) : coerce_json(coercion, type->of, value);
    if (json_is_null(value))
        return json_null();
    switch (type->kind) {
    case GRAPHQL_LIST:
        return coerce_json_list(coercion, type, value);
    case GRAPHQL_INPUT_OBJECT:
        return coerce_json_object(coercion, type, value);
    case GRAPHQL_ENUM:
        if (!json_is_string(value))
            return refuse_type(coercion, type);
        return coerce_enum(coercion, type, (struct text){json_string_value(value), json_string_length(value)});
    default:
        return coerce_scalar(coercion, type, value);
    }
}

/* --- values in documents ------------------------------------------------------------------------------------------------ */

static const json_t *variable_value(const struct coercion *coercion, struct text name)
{
    return coercion->variables == NULL ? NULL : json_object_getn(coercion->variables, name.at, name.length);
}

/* A variable without value: as if what it stands for had not been written. */
static bool is_absent(const struct coercion *coercion, const struct document_value *value)
{
    return value->kind == DOCUMENT_VARIABLE && variable_value(coercion, value->text) == NULL;
}

/* Arguments, or fields of an input object, by name. */
static json_t *coerce_members(struct coercion *coercion, const struct graphql_input *inputs, size_t count,
                              const struct document_argument *given)
{
    json_t *object = json_object();
    for (const struct document_argument *argument = given; argument != NULL; argument = argument->next) {
        const struct graphql_input *input = NULL;
        for (size_t i = 0; i < count && input == NULL; i++)
            if (text_is(argument->name, inputs[i].name))
                input = &inputs[i];
        ASSERT(input != NULL); /* validated */
        if (is_absent(coercion, &argument->value))
            continue;
        json_t *value = coerce_literal(coercion, input->type, &argument->value);
        if (value == NULL || json_object_set_new_nocheck(object, input->name, value) != 0) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

static json_t *coerce_literal_object(struct coercion *coercion, const struct graphql_type *type, const struct document_value *value)
{
    if (value->kind != DOCUMENT_OBJECT)
        return refuse_type(coercion, type);
    json_t *object = coerce_members(coercion, type->inputs, type->input_count, value->fields);
    return object == NULL ? NULL : complete_input_object(coercion, type, object);
}

static json_t *coerce_literal_list(struct coercion *coercion, const struct graphql_type *type, const struct document_value *value)
{
    json_t *list = json_array();
    const struct document_value *item = value->kind == DOCUMENT_LIST ? value->items : value;
    while (item != NULL) {
        json_t *coerced = is_absent(coercion, item) && !graphql_type_is_non_null(type->of)
                              ? json_null()
                              : coerce_literal(coercion, type->of, item);
        if (coerced == NULL || json_array_append_new(list, coerced) != 0) {
            json_decref(list);
            return NULL;
        }
        item = value->kind == DOCUMENT_LIST ? item->next : NULL;
    }
    return list;
}

/* What a scalar looks like in JSON. */
static json_t *literal_as_json(struct coercion *coercion, const struct graphql_type *type, const struct document_value *value)
{
    int64_t number;
    switch (value->kind) {
    case DOCUMENT_INT:
        if (text_to_int64(value->text, &number))
            return json_integer(number);
        /* fall through */
    case DOCUMENT_FLOAT: {
        double real = strtod(arena_strndup(coercion->arena, value->text.at, value->text.length), NULL);
        return isfinite(real) ? json_real(real) : refuse_type(coercion, type);
    }
    case DOCUMENT_STRING:
        return text_value(coercion, type, value->text);
    case DOCUMENT_BOOLEAN:
        return json_boolean(value->boolean);
    default:
        return refuse_type(coercion, type);
    }
}

static json_t *coerce_literal_scalar(struct coercion *coercion, const struct graphql_type *type, const struct document_value *value)
{
    json_t *plain = literal_as_json(coercion, type, value);
    if (plain == NULL)
        return NULL;
    json_t *coerced = coerce_scalar(coercion, type, plain);
    json_decref(plain);
    return coerced;
}

static json_t *coerce_literal(struct coercion *coercion, const struct graphql_type *type, const struct document_value *value)
{
    if (value->kind == DOCUMENT_VARIABLE) { /* coerced to its own type, which validation found to fit */
        const json_t *variable = variable_value(coercion, value->text);
        if (variable == NULL || (json_is_null(variable) && graphql_type_is_non_null(type)))
            return refuse_type(coercion, type);
        bool is_list = graphql_type_nullable(type)->kind == GRAPHQL_LIST;
        if (is_list && !json_is_array(variable) && !json_is_null(variable))
            return coerce_json_list(coercion, graphql_type_nullable(type), variable);
        return hold(variable);
    }
    if (graphql_type_is_non_null(type))
        return value->kind == DOCUMENT_NULL ? refuse_type(coercion, type) : coerce_literal(coercion, type->of, value);
    if (value->kind == DOCUMENT_NULL)
        return json_null();
    switch (type->kind) {
    case GRAPHQL_LIST:
        return coerce_literal_list(coercion, type, value);
    case GRAPHQL_INPUT_OBJECT:
        return coerce_literal_object(coercion, type, value);
    case GRAPHQL_ENUM:
        return value->kind == DOCUMENT_ENUM ? coerce_enum(coercion, type, value->text) : refuse_type(coercion, type);
    default:
        return coerce_literal_scalar(coercion, type, value);
    }
}

/* --- together ------------------------------------------------------------------------------------------------------------ */

const json_t *coerce_arguments(const struct graphql_input *inputs, size_t input_count, const struct document_argument *given,
                               const json_t *variables, struct arena *arena, const char **message)
{
    struct coercion coercion = {.arena = arena, .variables = variables};
    json_t *object = coerce_members(&coercion, inputs, input_count, given);
    if (object != NULL)
        object = complete_object(&coercion, inputs, input_count, object);
    *message = coercion.refusal;
    return object == NULL ? NULL : json_keep(arena, object);
}

static void refuse_variable(struct graphql_error *error, const struct document *document,
                            const struct document_variable *variable, const char *why, struct arena *arena)
{
    struct graphql_location *location = ARENA_NEW(arena, struct graphql_location);
    *location = document_locate(document, variable->at);
    *error = (struct graphql_error){
        .code = RESULT_VALIDATION_FAILED,
        .message = arena_printf(arena, "The variable $%.*s: %s", (int)variable->name.length, variable->name.at, why),
        .locations = location,
        .location_count = 1,
    };
}

/* Its value, or NULL: it has none, or `coercion` says why it can't. */
static json_t *coerce_variable(struct coercion *coercion, const struct graphql_type *type,
                               const struct document_variable *variable, const json_t *given)
{
    const json_t *value = given == NULL ? NULL : json_object_getn(given, variable->name.at, variable->name.length);
    if (value != NULL)
        return coerce_json(coercion, type, value);
    if (variable->default_value != NULL)
        return coerce_literal(coercion, type, variable->default_value);
    return graphql_type_is_non_null(type) ? refuse(coercion, "It is needed.") : NULL;
}

const json_t *coerce_variables(const struct graphql_schema *schema, const struct document *document,
                               const struct document_operation *operation, const json_t *given, struct arena *arena,
                               struct graphql_error *error)
{
    json_t *variables = json_keep(arena, json_object());
    for (const struct document_variable *variable = operation->variables; variable != NULL; variable = variable->next) {
        struct coercion coercion = {.arena = arena};
        const struct graphql_type *type = graphql_schema_resolve(schema, variable->type, arena);
        json_t *value = coerce_variable(&coercion, type, variable, given);
        if (value != NULL)
            json_object_setn_new_nocheck(variables, variable->name.at, variable->name.length, value);
        if (coercion.refusal != NULL) {
            refuse_variable(error, document, variable, coercion.refusal, arena);
            return NULL;
        }
    }
    return variables;
}
