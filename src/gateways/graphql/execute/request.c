/*
 * Requests: the arguments of a field as the JSON object that REST would have got, which transcode_object() makes the message of.
 */
#include "gateways/graphql/execute/execution.h"

#include "base/assert.h"
#include "base/limits.h"
#include "base/timestamp.h"
#include "gateways/json_read.h"
#include "guard/authenticate.h"

/* --- values ------------------------------------------------------------------------------------------------------------- */

static void put_member(json_t *object, const struct graphql_input *input, const json_t *value);

static json_t *request_enum(const struct graphql_type *type, const json_t *name)
{
    const struct graphql_enum_value *value = graphql_type_value(type, text_of(json_string_value(name)));
    ASSERT(value != NULL); /* coerced */
    return json_string(enum_json_name(type->enumeration, value->number));
}

static json_t *request_object(const struct graphql_type *type, const json_t *value)
{
    json_t *object = json_object();
    for (size_t i = 0; i < type->input_count; i++) {
        const json_t *member = json_object_get(value, type->inputs[i].name);
        if (member != NULL)
            put_member(object, &type->inputs[i], member);
    }
    return object;
}

static json_t *request_value(const struct graphql_type *type, const json_t *value)
{
    type = graphql_type_nullable(type);
    if (json_is_null(value))
        return json_null();
    if (type->kind == GRAPHQL_ENUM)
        return request_enum(type, value);
    if (type->kind == GRAPHQL_INPUT_OBJECT)
        return request_object(type, value);
    if (type->kind != GRAPHQL_LIST)
        return json_incref((json_t *)(uintptr_t)value);
    json_t *list = json_array();
    for (size_t i = 0; i < json_array_size(value); i++)
        json_array_append_new(list, request_value(type->of, json_array_get(value, i)));
    return list;
}

/* GraphQL has no maps: they are lists of entries. */
static json_t *fold_entries(json_t *entries)
{
    if (!json_is_array(entries))
        return entries;
    json_t *map = json_object(), *entry;
    size_t index;
    json_array_foreach (entries, index, entry) {
        const char *key = json_string_value(json_object_get(entry, "key"));
        json_object_set(map, key != NULL ? key : "", json_object_get(entry, "value"));
    }
    json_decref(entries);
    return map;
}

static void put_member(json_t *object, const struct graphql_input *input, const json_t *value)
{
    const struct field_declaration *declaration = input->binding->field.declaration;
    json_t *member = request_value(input->type, value);
    if (declaration->is_map)
        member = fold_entries(member);
    json_object_set_new_nocheck(object, declaration->json_name, member);
}

/* --- arguments ---------------------------------------------------------------------------------------------------------- */

/* "eyJ…0.5": the page's own cursor, and how many of its items come before. */
static bool read_cursor(struct request_parts *parts, const struct call *call, const char *cursor)
{
    const char *dot = strrchr(cursor, '.');
    int64_t skip = 0;
    if (dot != NULL && (!text_to_int64(text_of(dot + 1), &skip) || skip < 0 || skip >= LIMIT_PAGE_MAX))
        return false;
    parts->after = dot != NULL ? arena_strndup(call->arena, cursor, (size_t)(dot - cursor)) : cursor;
    parts->skip = (size_t)skip;
    parts->is_after = true;
    return true;
}

static bool read_as_of(struct call *call, const char *time)
{
    if (!authorize(call, scope_name(SCOPE_AUDIT)))
        return false;
    int64_t now_us = env_now_us(call->home->env), as_of_us;
    if (timestamp_parse(text_of(time), &as_of_us) && as_of_us <= now_us) {
        call_ask_as_of(call, as_of_us, now_us);
        return true;
    }
    call_violation(call, "/asOf", "invalid", "This must be a time that has been, as in RFC 3339.");
    return false;
}

static bool read_key(struct call *call, const char *key)
{
    size_t length = strlen(key), visible = 0;
    while (visible < length && key[visible] > ' ' && key[visible] <= '~')
        visible++;
    if (length == 0 || length > LIMIT_IDEMPOTENCY_KEY || visible < length) {
        call_violation(call, "/idempotencyKey", "invalid", "An idempotency key is 1 to %d visible characters of ASCII.",
                       LIMIT_IDEMPOTENCY_KEY);
        return false;
    }
    call->idempotency_key = key;
    return true;
}

static bool put_first(struct request_parts *parts, const json_t *value, struct call *call)
{
    int64_t first = json_integer_value(value);
    if (first < 1 || first > LIMIT_PAGE_MAX) {
        call_violation(call, "/first", "out_of_range", "This must be 1 to %d.", LIMIT_PAGE_MAX);
        return false;
    }
    parts->first = (size_t)first;
    return true;
}

/* Two arguments may lead to the same field (an id, a slug). */
static bool put_field(struct request_parts *parts, const struct graphql_input *input, const json_t *value, struct call *call)
{
    const char *name = input->binding->field.declaration->json_name;
    const json_t *there = json_object_get(parts->object, name);
    if (there != NULL && !json_is_null(there)) {
        call_violation(call, arena_printf(call->arena, "/%s", name), "given_twice", "`%s` says this already. Give one of them.", name);
        return false;
    }
    put_member(parts->object, input, value);
    return true;
}

static bool read_inputs(struct request_parts *parts, const struct graphql_input *inputs, size_t count, const json_t *values,
                        struct call *call);

static bool read_input(struct request_parts *parts, const struct graphql_input *input, const json_t *value, struct call *call)
{
    enum graphql_resolver resolver = input->binding->resolver;
    if (json_is_null(value) && resolver != GRAPHQL_TO_FIELD && resolver != GRAPHQL_TO_PATCH)
        return true;
    switch (resolver) {
    case GRAPHQL_TO_FIRST:
        return put_first(parts, value, call);
    case GRAPHQL_TO_AFTER:
        if (read_cursor(parts, call, json_string_value(value)))
            return true;
        call_refuse(call, RESULT_CURSOR_INVALID, NULL);
        return false;
    case GRAPHQL_TO_AS_OF:
        return read_as_of(call, json_string_value(value));
    case GRAPHQL_TO_IDEMPOTENCY_KEY:
        return read_key(call, json_string_value(value));
    case GRAPHQL_TO_IF_VERSION:
        call->if_version = json_integer_value(value);
        return true;
    case GRAPHQL_TO_NODE_ID:
        parts->node_id = json_string_value(value);
        return true;
    case GRAPHQL_TO_INPUT: {
        const struct graphql_type *type = graphql_type_named(input->type);
        return read_inputs(parts, type->inputs, type->input_count, value, call);
    }
    default:
        return put_field(parts, input, value, call);
    }
}

static bool read_inputs(struct request_parts *parts, const struct graphql_input *inputs, size_t count, const json_t *values,
                        struct call *call)
{
    for (size_t i = 0; i < count; i++) {
        const json_t *value = json_object_get(values, inputs[i].name);
        if (value != NULL && inputs[i].binding != NULL && !read_input(parts, &inputs[i], value, call))
            return false;
    }
    return true;
}

static const struct graphql_input *input_bound(const struct graphql_field *field, enum graphql_resolver resolver)
{
    for (size_t i = 0; i < field->argument_count; i++)
        if (field->arguments[i].binding != NULL && field->arguments[i].binding->resolver == resolver)
            return &field->arguments[i];
    return NULL;
}

/* The page's size and place. Items at its front that are to be skipped are asked for, too. */
static void put_page(struct request_parts *parts, const struct graphql_field *field)
{
    const struct graphql_input *first = input_bound(field, GRAPHQL_TO_FIRST), *after = input_bound(field, GRAPHQL_TO_AFTER);
    if (first == NULL)
        return;
    if (parts->first == 0)
        parts->first = LIMIT_PAGE_DEFAULT;
    size_t limit = parts->first + parts->skip < LIMIT_PAGE_MAX ? parts->first + parts->skip : LIMIT_PAGE_MAX;
    json_object_set_new(parts->object, first->binding->field.declaration->json_name, json_integer((json_int_t)limit));
    if (after != NULL && parts->after[0] != '\0')
        json_object_set_new(parts->object, after->binding->field.declaration->json_name, json_string(parts->after));
}

bool request_read(struct request_parts *parts, const struct plan_field *field, struct call *call)
{
    *parts = (struct request_parts){.object = json_keep(call->arena, json_object()), .after = ""};
    if (field->argument_refusal != NULL) {
        call_refuse(call, RESULT_VALIDATION_FAILED, "%s", field->argument_refusal);
        return false;
    }
    if (!read_inputs(parts, field->field->arguments, field->field->argument_count, field->arguments, call))
        return false;
    put_page(parts, field->field);
    return true;
}

/* --- where a violation is ------------------------------------------------------------------------------------------------ */

/* The input that the next name of a pointer belongs to: itself by its binding, or one inside an `input`. */
static const struct graphql_input *input_named(const struct graphql_input *inputs, size_t count, struct text name,
                                               const struct graphql_input **around)
{
    for (size_t i = 0; i < count; i++) {
        const struct graphql_binding *binding = inputs[i].binding;
        if (binding == NULL)
            continue;
        if (binding->resolver == GRAPHQL_TO_INPUT) {
            const struct graphql_type *type = graphql_type_named(inputs[i].type);
            const struct graphql_input *inside = input_named(type->inputs, type->input_count, name, around);
            if (inside != NULL) {
                *around = &inputs[i];
                return inside;
            }
        } else if (text_is(name, inputs[i].name) ||
                   (binding->field.descriptor != NULL && text_is(name, binding->field.declaration->json_name))) {
            return &inputs[i];
        }
    }
    return NULL;
}

static void add_name(const char ***names, size_t *count, const char *name, struct arena *arena)
{
    ARENA_ROOM(arena, *names, *count);
    (*names)[(*count)++] = name;
}

/* The field of a mutation's `input` that is what REST sends as its body, when the pointer leads into it. */
static const struct graphql_input *input_of_body(const struct graphql_field *field, const char *pointer)
{
    struct field body = field->binding->body;
    if (body.descriptor == NULL || *pointer != '/')
        return NULL;
    const struct graphql_type *input = graphql_type_named(field->arguments[0].type);
    const struct graphql_input *within = graphql_type_input(input, text_of(body.declaration->json_name));
    struct text name = {pointer + 1, strcspn(pointer + 1, "/")};
    bool leads = within != NULL && graphql_type_input(graphql_type_named(within->type), name) != NULL;
    return leads ? within : NULL;
}

const char **request_path(const struct graphql_field *field, const char *pointer, size_t *count, struct arena *arena)
{
    const struct graphql_input *inputs = field->arguments;
    size_t input_count = field->argument_count;
    const char **names = NULL;
    *count = 0;
    const struct graphql_input *body = input_of_body(field, pointer);
    if (body != NULL) {
        add_name(&names, count, inputs[0].name, arena);
        add_name(&names, count, body->name, arena);
        inputs = graphql_type_named(body->type)->inputs;
        input_count = graphql_type_named(body->type)->input_count;
    }
    while (*pointer == '/') {
        struct text name = {pointer + 1, strcspn(pointer + 1, "/")};
        const struct graphql_input *around = NULL, *input = input_named(inputs, input_count, name, &around);
        if (around != NULL)
            add_name(&names, count, around->name, arena);
        add_name(&names, count, input != NULL ? input->name : arena_strndup(arena, name.at, name.length), arena);
        bool is_index = name.length > 0 && name.at[0] >= '0' && name.at[0] <= '9';
        const struct graphql_type *type = input != NULL ? graphql_type_named(input->type) : NULL;
        if (!is_index) { /* an index of a list stays among the inputs of its items */
            inputs = type != NULL ? type->inputs : NULL;
            input_count = type != NULL ? type->input_count : 0;
        }
        pointer += 1 + name.length;
    }
    return names;
}

/* --- one thing by its key -------------------------------------------------------------------------------------------------- */

ProtobufCMessage *request_by_key(const struct method_declaration *method, const char *key, struct arena *arena)
{
    const char *path = method->http_count > 0 ? method->http[0].path : "", *open = strchr(path, '{');
    if (open == NULL)
        return NULL;
    struct field field = message_field(method->input, (struct text){open + 1, strcspn(open + 1, "}")});
    if (field.descriptor == NULL || field.descriptor->type != PROTOBUF_C_TYPE_STRING)
        return NULL;
    ProtobufCMessage *request = message_new(arena, method->input->descriptor);
    *(const char **)field_fill(field, request) = key;
    return request;
}
