/*
 * Completing: from what was loaded to JSON (specification, "CompleteValue", "Handling Execution Errors").
 *
 * The answer is written from front to back. Where a value is missing that must not be, writing goes back to the nearest place that may
 * be null and writes null there: each function that writes a value gives false when its caller has to.
 */
#include "gateways/graphql/execute/execution.h"

#include "base/assert.h"
#include "base/limits.h"
#include "base/timestamp.h"
#include "gateways/graphql/execute/coerce.h"
#include "google/protobuf/timestamp.pb-c.h"
#include "souk/common/v1/types.pb-c.h"

#include <math.h>

/* Where a value is, as a chain on the stack. */
struct path {
    const struct path *up;
    struct text key; /* at NULL: an item of a list */
    size_t index;
};

/* --- values of connections ------------------------------------------------------------------------------------------------ */

/* Behind an item: the service's own cursor for what follows its answer, or our count into it. */
static const char *cursor_after(const struct page *page, size_t index, struct arena *arena)
{
    bool is_last = index + 1 == page->count && !page->has_more_items;
    if (is_last && page->next_cursor[0] != '\0')
        return arena_printf(arena, "%s.0", page->next_cursor);
    return arena_printf(arena, "%s.%zu", page->after, page->skipped + index + 1);
}

static struct value edges_of(struct execution *execution, const struct page *page)
{
    struct page *filled = (struct page *)(uintptr_t)page;
    if (page->edges == NULL) {
        filled->edges = ARENA_ARRAY(execution->arena, struct edge, page->count);
        filled->edge_list = ARENA_ARRAY(execution->arena, const void *, page->count);
        for (size_t i = 0; i < page->count; i++) {
            filled->edges[i] = (struct edge){.page = page, .index = i};
            filled->edge_list[i] = &filled->edges[i];
        }
    }
    return (struct value){.kind = VALUE_OBJECTS, .objects = page->edge_list, .count = page->count};
}

static struct value value_text(const char *text)
{
    return (struct value){.kind = text != NULL ? VALUE_TEXT : VALUE_NULL, .text = text};
}

static struct value value_boolean(bool boolean)
{
    return (struct value){.kind = VALUE_BOOLEAN, .number = boolean};
}

static struct value value_object(const void *object)
{
    return (struct value){.kind = object != NULL ? VALUE_OBJECT : VALUE_NULL, .object = object};
}

static struct value value_of_page(struct execution *execution, enum graphql_resolver resolver, const struct page *page)
{
    switch (resolver) {
    case GRAPHQL_FROM_EDGES:
        return edges_of(execution, page);
    case GRAPHQL_FROM_NODES:
        return (struct value){.kind = VALUE_OBJECTS, .objects = (const void *const *)page->items, .count = page->count};
    case GRAPHQL_FROM_PAGE_INFO:
        return value_object(page);
    case GRAPHQL_FROM_HAS_NEXT:
        return value_boolean(page->has_more_items || page->next_cursor[0] != '\0');
    case GRAPHQL_FROM_HAS_PREVIOUS:
        return value_boolean(page->is_after);
    case GRAPHQL_FROM_START_CURSOR:
        return value_text(page->count > 0 ? cursor_after(page, 0, execution->arena) : NULL);
    default:
        return value_text(page->count > 0 ? cursor_after(page, page->count - 1, execution->arena) : NULL);
    }
}

/* --- values of payloads ----------------------------------------------------------------------------------------------------- */

static struct value value_of_field(struct field field, const ProtobufCMessage *message)
{
    if (!field_is_message(field) || field_is_time(field))
        return (struct value){.kind = VALUE_FIELD, .field = field, .message = message};
    size_t count = field_count(field, message);
    if (field_is_list(field))
        return (struct value){.kind = VALUE_OBJECTS, .objects = count > 0 ? field_value(field, message, 0) : NULL, .count = count};
    return value_object(count > 0 ? field_value_message(field, message, 0) : NULL);
}

static struct value value_of_payload(const struct graphql_binding *binding, const struct payload *payload)
{
    if (binding->resolver == GRAPHQL_FROM_USER_ERRORS)
        return (struct value){.kind = VALUE_OBJECTS, .objects = payload->error_list, .count = payload->error_count};
    if (binding->resolver == GRAPHQL_FROM_PAYLOAD_REPLAYED)
        return value_boolean(payload->call->replayed);
    /* What goes on without us has no resource yet. */
    if (payload->answer == NULL || payload->call->accepted_location != NULL)
        return (struct value){.kind = VALUE_NULL};
    if (binding->resolver == GRAPHQL_FROM_PAYLOAD_REQUEST)
        return value_of_field(binding->field, payload->request);
    if (binding->resolver == GRAPHQL_FROM_PAYLOAD_FIELD)
        return value_of_field(binding->field, payload->answer);
    return value_object(payload->answer);
}

static struct value numbers_of(struct execution *execution, const struct user_error *error)
{
    struct value value = {.kind = VALUE_OBJECTS};
    const void **list = NULL;
    for (const struct problem_number *number = error->numbers; number != NULL; number = number->next) {
        Common__Problem__Number *message = (void *)message_new(execution->arena, &common__problem__number__descriptor);
        message->name = (char *)(uintptr_t)number->name;
        message->value = number->value;
        ARENA_ROOM(execution->arena, list, value.count);
        list[value.count++] = message;
    }
    value.objects = list;
    return value;
}

static struct value value_of_error(struct execution *execution, enum graphql_resolver resolver, const struct user_error *error)
{
    switch (resolver) {
    case GRAPHQL_FROM_ERROR_FIELD:
        return (struct value){.kind = error->field_count > 0 ? VALUE_TEXTS : VALUE_NULL,
                              .texts = error->field,
                              .count = error->field_count};
    case GRAPHQL_FROM_ERROR_CODE:
        return value_text(error->code);
    case GRAPHQL_FROM_ERROR_MESSAGE:
        return value_text(error->message);
    default:
        return numbers_of(execution, error);
    }
}

/* --- values of loads and of introspection ------------------------------------------------------------------------------------- */

static struct value value_of_outcome(const struct outcome *outcome)
{
    switch (outcome->kind) {
    case OUTCOME_ONE:
        return value_object(outcome->one);
    case OUTCOME_LIST:
        return (struct value){.kind = VALUE_OBJECTS, .objects = outcome->list, .count = outcome->count};
    case OUTCOME_FAILED:
        return (struct value){.kind = VALUE_FAILED, .problem = outcome->problem};
    case OUTCOME_NULL:
        break;
    }
    return (struct value){.kind = VALUE_NULL};
}

static struct value value_of_meta(const struct graphql_meta_value *meta)
{
    switch (meta->kind) {
    case GRAPHQL_META_STRING:
        return value_text(meta->string);
    case GRAPHQL_META_BOOLEAN:
        return value_boolean(meta->boolean);
    case GRAPHQL_META_OBJECT:
        return value_object(meta->object);
    case GRAPHQL_META_LIST:
        return (struct value){
            .kind = VALUE_OBJECTS, .objects = meta->list.items, .texts = (const char *const *)meta->list.items, .count = meta->list.count};
    case GRAPHQL_META_NULL:
        break;
    }
    return (struct value){.kind = VALUE_NULL};
}

static struct value introspected(struct execution *execution, const struct plan_field *field, const void *source)
{
    bool deprecated = field->arguments != NULL && json_is_true(json_object_get(field->arguments, "includeDeprecated"));
    struct graphql_meta_value meta = graphql_introspect(field->field, source, deprecated, execution->arena);
    struct value value = value_of_meta(&meta);
    if (value.kind == VALUE_OBJECTS && graphql_type_is_leaf(field->field->type))
        value.kind = VALUE_TEXTS;
    return value;
}

static struct value type_named(const struct execution *execution, const struct plan_field *field)
{
    const json_t *name = json_object_get(field->arguments, "name");
    return value_object(graphql_schema_type(execution->options.schema, text_of(json_string_value(name))));
}

struct value value_of(struct execution *execution, const struct plan_field *field, const void *source)
{
    const struct graphql_binding *binding = field->field->binding;
    if (field->load != NULL)
        return value_of_outcome(load_outcome(field->load, source));
    switch (binding->resolver) {
    case GRAPHQL_FROM_FIELD:
        return value_of_field(binding->field, field->is_of_page ? ((const struct page *)source)->answer : source);
    case GRAPHQL_FROM_EDGE_CURSOR: {
        const struct edge *edge = source;
        return value_text(cursor_after(edge->page, edge->index, execution->arena));
    }
    case GRAPHQL_FROM_EDGE_NODE: {
        const struct edge *edge = source;
        return value_object(edge->page->items[edge->index]);
    }
    case GRAPHQL_FROM_META:
        return introspected(execution, field, source);
    case GRAPHQL_FROM_SCHEMA:
        return value_object(execution->options.schema);
    case GRAPHQL_FROM_TYPE:
        return type_named(execution, field);
    case GRAPHQL_FROM_ERROR_FIELD:
    case GRAPHQL_FROM_ERROR_CODE:
    case GRAPHQL_FROM_ERROR_MESSAGE:
    case GRAPHQL_FROM_ERROR_NUMBERS:
        return value_of_error(execution, binding->resolver, source);
    case GRAPHQL_FROM_PAYLOAD:
    case GRAPHQL_FROM_PAYLOAD_FIELD:
    case GRAPHQL_FROM_PAYLOAD_REQUEST:
    case GRAPHQL_FROM_PAYLOAD_REPLAYED:
    case GRAPHQL_FROM_USER_ERRORS:
        return value_of_payload(binding, source);
    default:
        return value_of_page(execution, binding->resolver, source);
    }
}

const struct plan *plan_for(const struct plan_field *field, const void *object)
{
    const struct plan *plan = field->plans;
    if (plan->next == NULL)
        return plan;
    /* Of an interface only messages come. */
    const ProtobufCMessage *message = object;
    while (plan->type->message->descriptor != message->descriptor)
        plan = plan->next;
    return plan;
}

/* --- errors -------------------------------------------------------------------------------------------------------------- */

static void write_path(struct json_writer *json, const struct path *path)
{
    if (path == NULL)
        return;
    write_path(json, path->up);
    if (path->key.at != NULL)
        json_write_text(json, path->key);
    else
        json_write_int(json, (int64_t)path->index);
}

static void write_locations(const struct execution *execution, struct json_writer *json, const struct plan_field *field)
{
    json_write_key(json, "locations");
    json_write_array_open(json);
    for (size_t i = 0; i < field->node_count; i++) {
        struct graphql_location location = document_locate(execution->options.document, field->nodes[i]->at);
        json_write_object_open(json);
        json_write_key(json, "line");
        json_write_int(json, location.line);
        json_write_key(json, "column");
        json_write_int(json, location.column);
        json_write_object_close(json);
    }
    json_write_array_close(json);
}

static void write_violations(struct json_writer *json, const struct violation *violations)
{
    json_write_key(json, "errors");
    json_write_array_open(json);
    for (const struct violation *violation = violations; violation != NULL; violation = violation->next) {
        json_write_object_open(json);
        json_write_key(json, "pointer");
        json_write_string(json, violation->pointer);
        json_write_key(json, "code");
        json_write_string(json, violation->code);
        json_write_key(json, "detail");
        json_write_string(json, violation->detail);
        json_write_object_close(json);
    }
    json_write_array_close(json);
}

static void write_extensions(struct json_writer *json, const struct problem *problem)
{
    json_write_key(json, "extensions");
    json_write_object_open(json);
    json_write_key(json, "code");
    json_write_string(json, result_row(problem->result)->wire);
    for (const struct problem_number *number = problem->numbers; number != NULL; number = number->next) {
        json_write_key(json, number->name);
        json_write_int(json, number->value);
    }
    if (problem->violations != NULL)
        write_violations(json, problem->violations);
    json_write_object_close(json);
}

/* An error of a field. Gives false, as the value is missing then. */
static bool fail(struct execution *execution, const struct plan_field *field, const struct path *path, const struct problem *problem)
{
    struct json_writer *json = &execution->errors;
    const char *title = result_row(problem->result)->title, *detail = problem->detail;
    execution->error_count++;
    json_write_object_open(json);
    json_write_key(json, "message");
    json_write_string(json, detail != NULL && text_is_utf8(text_of(detail)) ? detail : title);
    write_locations(execution, json, field);
    json_write_key(json, "path");
    json_write_array_open(json);
    write_path(json, path);
    json_write_array_close(json);
    write_extensions(json, problem);
    json_write_object_close(json);
    return false;
}

static bool fail_missing(struct execution *execution, const struct plan_field *field, const struct path *path)
{
    static const struct problem missing = {.result = RESULT_NOT_FOUND, .detail = "What must be there is missing."};
    return fail(execution, field, path, &missing);
}

/* --- leaves ---------------------------------------------------------------------------------------------------------------- */

static void write_time(struct json_writer *json, const ProtobufCMessage *message)
{
    const Google__Protobuf__Timestamp *time = (const void *)message;
    char text[TIMESTAMP_LENGTH + 1];
    timestamp_format(time->seconds * 1000000 + time->nanos / 1000, text);
    json_write_text(json, (struct text){text, TIMESTAMP_LENGTH});
}

/* False for what is null. `may_be_null`: text that is empty is. */
static bool write_leaf(struct json_writer *json, const struct graphql_type *type, struct field field, const void *value, bool may_be_null)
{
    switch (field.descriptor->type) {
    case PROTOBUF_C_TYPE_STRING: {
        const char *string = *(const char *const *)value;
        if (may_be_null && string[0] == '\0')
            return false;
        json_write_string(json, string);
        return true;
    }
    case PROTOBUF_C_TYPE_BOOL:
        json_write_bool(json, *(const protobuf_c_boolean *)value);
        return true;
    case PROTOBUF_C_TYPE_ENUM: {
        const struct graphql_enum_value *name = graphql_type_value_numbered(type, *(const int *)value);
        if (name != NULL)
            json_write_string(json, name->name);
        return name != NULL;
    }
    case PROTOBUF_C_TYPE_DOUBLE:
    case PROTOBUF_C_TYPE_FLOAT: {
        double real = field.descriptor->type == PROTOBUF_C_TYPE_FLOAT ? (double)*(const float *)value : *(const double *)value;
        if (isfinite(real))
            json_write_double(json, real);
        return isfinite(real);
    }
    case PROTOBUF_C_TYPE_MESSAGE:
        write_time(json, *(const ProtobufCMessage *const *)value);
        return true;
    case PROTOBUF_C_TYPE_BYTES:
        return false;
    default:
        json_write_int(json, field_integer(field, value));
        return true;
    }
}

/* --- values ---------------------------------------------------------------------------------------------------------------- */

struct mark {
    size_t length;
    bool needs_comma;
};

static struct mark mark_of(const struct json_writer *json)
{
    return (struct mark){json->out->length, json->needs_comma};
}

static void go_back(struct json_writer *json, struct mark mark)
{
    json->out->length = mark.length;
    json->needs_comma = mark.needs_comma;
}

static bool write_fields(struct execution *execution, struct json_writer *json, const struct plan *plan, const void *source,
                         const struct path *path);

/* Whether it goes on. Only what the schema tells of itself has no end: its objects are not counted before. */
static bool may_go_on(struct execution *execution, const struct json_writer *json, const struct plan_field *field)
{
    bool is_of_schema = strncmp(graphql_type_named(field->field->type)->name, "__", 2) == 0;
    execution->introspected += is_of_schema;
    return !json->out->overflowed && execution->introspected <= LIMIT_GRAPHQL_INTROSPECTED;
}

static bool write_object(struct execution *execution, struct json_writer *json, const struct plan_field *field, const void *object,
                         const struct path *path)
{
    if (!may_go_on(execution, json, field))
        return false;
    execution->cost_actual += field->field->cost;
    return write_fields(execution, json, plan_for(field, object), object, path);
}

/* One item of a list, whose type may itself be null. */
static bool write_item(struct execution *execution, struct json_writer *json, const struct plan_field *field,
                       const struct graphql_type *type, const struct value *value, size_t index, const struct path *path)
{
    bool may_be_null = !graphql_type_is_non_null(type);
    struct mark mark = mark_of(json);
    bool written = true, failed = false;
    if (value->kind == VALUE_OBJECTS) {
        written = write_object(execution, json, field, value->objects[index], path);
        failed = !written;
    } else if (value->kind == VALUE_TEXTS) {
        json_write_string(json, value->texts[index]);
    } else {
        written = write_leaf(json, graphql_type_named(type), value->field, field_value(value->field, value->message, index), false);
    }
    if (written)
        return true;
    if (!may_be_null)
        return failed ? false : fail_missing(execution, field, path);
    go_back(json, mark);
    json_write_null(json);
    return true;
}

static bool write_list(struct execution *execution, struct json_writer *json, const struct plan_field *field,
                       const struct graphql_type *type, const struct value *value, const struct path *path)
{
    size_t count = value->kind == VALUE_FIELD ? field_count(value->field, value->message) : value->count;
    json_write_array_open(json);
    for (size_t i = 0; i < count; i++) {
        struct path item = {.up = path, .index = i};
        if (!write_item(execution, json, field, type->of, value, i, &item))
            return false;
    }
    json_write_array_close(json);
    return true;
}

/* Whether a single field of a message has a value to write. Where it may be null, text that is empty and a number that is 0 are. */
static bool write_single(struct json_writer *json, const struct graphql_type *type, bool may_be_null, const struct value *value)
{
    bool is_flag = value->field.descriptor->type == PROTOBUF_C_TYPE_BOOL;
    if (field_count(value->field, value->message) == 0 && (field_is_message(value->field) || (may_be_null && !is_flag)))
        return false;
    return write_leaf(json, type, value->field, field_value(value->field, value->message, 0), may_be_null);
}

/* Write a value of a type that is not non-null. False: it is null; `failed` when that has been told already. */
static bool write_nullable(struct execution *execution, struct json_writer *json, const struct plan_field *field,
                           const struct value *value, const struct path *path, bool *failed)
{
    const struct graphql_type *type = graphql_type_nullable(field->field->type);
    bool may_be_null = type == field->field->type;
    if (value->kind != VALUE_NULL && value->kind != VALUE_FAILED && type->kind == GRAPHQL_LIST) {
        *failed = !write_list(execution, json, field, type, value, path);
        return !*failed;
    }
    switch (value->kind) {
    case VALUE_FIELD:
        return write_single(json, type, may_be_null, value);
    case VALUE_TEXT:
        json_write_string(json, value->text);
        return true;
    case VALUE_BOOLEAN:
        json_write_bool(json, value->number != 0);
        return true;
    case VALUE_NUMBER:
        json_write_int(json, value->number);
        return true;
    case VALUE_OBJECT:
        *failed = !write_object(execution, json, field, value->object, path);
        return !*failed;
    case VALUE_FAILED:
        *failed = true;
        return fail(execution, field, path, value->problem);
    default:
        return false;
    }
}

static bool write_field(struct execution *execution, struct json_writer *json, const struct plan *plan, const struct plan_field *field,
                        const void *source, const struct path *up)
{
    json_write_key_text(json, field->key);
    if (field->field->binding->resolver == GRAPHQL_FROM_TYPENAME) {
        json_write_string(json, plan->type->name);
        return true;
    }
    struct path path = {.up = up, .key = field->key};
    struct mark mark = mark_of(json);
    struct value value = value_of(execution, field, source);
    bool failed = false;
    if (write_nullable(execution, json, field, &value, &path, &failed))
        return true;
    if (graphql_type_is_non_null(field->field->type)) {
        if (!failed)
            fail_missing(execution, field, &path);
        return false;
    }
    go_back(json, mark);
    json_write_null(json);
    return true;
}

/* What the answer is made of. */
static void note_tag(struct execution *execution, const struct graphql_type *type, const void *source)
{
    if ((execution->cache_seconds <= 0 && !execution->options.notes_tags) || type->message == NULL || type->message->resource == NULL || source == NULL)
        return;
    const struct resource *resource = resource_find(execution->options.resources, type->message);
    if (resource == NULL || resource->key.depth != 1)
        return;
    tags_add(&execution->tags, type->message->resource, text_of(field_value_string(resource->key.fields[0], source, 0)));
}

static bool write_fields(struct execution *execution, struct json_writer *json, const struct plan *plan, const void *source,
                         const struct path *path)
{
    note_tag(execution, plan->type, source);
    json_write_object_open(json);
    for (const struct plan_field *field = plan->fields; field != NULL; field = field->next)
        if (!write_field(execution, json, plan, field, source, path))
            return false;
    json_write_object_close(json);
    return true;
}

/* --- the whole --------------------------------------------------------------------------------------------------------------- */

static void release_buffer(void *buffer)
{
    buffer_release(buffer);
}

struct execution *execution_new(const struct execution_options *options, struct graphql_error *error)
{
    struct arena *arena = options->call->arena;
    struct execution *execution = ARENA_NEW(arena, struct execution);
    execution->options = *options;
    execution->arena = arena;
    execution->pending_end = &execution->pending;
    execution->cache_seconds = execution->cache_seconds_planned = -1;
    execution->tags.arena = arena;
    buffer_init(&execution->errors_text, LIMIT_GRAPHQL_ANSWER);
    arena_cleanup(arena, release_buffer, &execution->errors_text);
    json_write_init(&execution->errors, &execution->errors_text);
    execution->variables =
        coerce_variables(options->schema, options->document, options->operation, options->variables, arena, error);
    return execution->variables != NULL && plan_make(execution, error) ? execution : NULL;
}

void execution_write(struct execution *execution, struct json_writer *json)
{
    json_write_key(json, "data");
    struct mark mark = mark_of(json);
    if (!write_fields(execution, json, execution->root, NULL, NULL)) {
        go_back(json, mark);
        json_write_null(json);
    }
    if (execution->error_count == 0)
        return;
    json_write_key(json, "errors");
    json_write_array_open(json);
    json_write_raw(json, buffer_text(&execution->errors_text));
    json_write_array_close(json);
}

int64_t execution_cost_requested(const struct execution *execution)
{
    return execution->cost_requested;
}

int64_t execution_cost_actual(const struct execution *execution)
{
    return execution->cost_actual < execution->cost_requested ? execution->cost_actual : execution->cost_requested;
}

bool execution_has_errors(const struct execution *execution)
{
    return execution->error_count > 0;
}

bool execution_is_too_long(const struct execution *execution)
{
    return execution->introspected > LIMIT_GRAPHQL_INTROSPECTED;
}

bool execution_introspects(const struct execution *execution)
{
    for (const struct plan_field *field = execution->root->fields; field != NULL; field = field->next)
        if (field->field->binding->resolver == GRAPHQL_FROM_SCHEMA || field->field->binding->resolver == GRAPHQL_FROM_TYPE)
            return true;
    return false;
}

int execution_cache_seconds_planned(const struct execution *execution)
{
    return execution->cache_seconds_planned > 0 ? execution->cache_seconds_planned : 0;
}

int execution_cache_seconds(const struct execution *execution)
{
    return execution->error_count == 0 && execution->cache_seconds > 0 && execution->tags.count > 0 ? execution->cache_seconds : 0;
}

const struct tags *execution_tags(const struct execution *execution)
{
    return &execution->tags;
}
