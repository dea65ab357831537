#include "gateways/rest/openapi.h"

#include "base/assert.h"
#include "base/limits.h"
#include "gateways/rest/schema.h"

#include <ctype.h>
#include <stdio.h>

/* --- names and words ------------------------------------------------------------------------------------------------------ */

struct text comment_summary(const char *comment)
{
    const char *end = strstr(comment, ". ");
    size_t length = end ? (size_t)(end - comment) + 1 : strcspn(comment, "\n");
    return (struct text){comment, length};
}

const char *route_comment(const struct route *route)
{
    if (route->page != NULL)
        return route->page_comment;
    return route->link != NULL && *route->link->comment ? route->link->comment : route->method->comment;
}

/* Further routes of one operation are told apart by a number. */
static size_t place_of(const struct route *route)
{
    return route->http ? (size_t)(route->http - route->method->http) : 0;
}

const char *route_operation_id(const struct route *route, struct arena *arena)
{
    char *id;
    if (route->link != NULL)
        id = arena_printf(arena, "%s%c%s", route->parent->method->name, toupper((unsigned char)route->link->rel[0]),
                          route->link->rel + 1);
    else if (place_of(route) > 0)
        id = arena_printf(arena, "%s%zu", route->method->name, place_of(route) + 1);
    else
        id = arena_strdup(arena, route->method->name);
    id[0] = (char)tolower((unsigned char)id[0]);
    return id;
}

static bool is_bound(const struct route *route, struct field field)
{
    for (size_t i = 0; i < route->variable_count && route->link == NULL; i++)
        if (route->variables[i].descriptor == field.descriptor)
            return true;
    if (route->link == NULL)
        return false;
    /* "skus=variants.sku": bound by the parent */
    size_t length = strlen(field.descriptor->name);
    for (const char *at = strstr(route->link->bind, field.descriptor->name); at != NULL; at = strstr(at + 1, field.descriptor->name))
        if ((at == route->link->bind || at[-1] == ',' || at[-1] == ' ') && at[length] == '=')
            return true;
    return false;
}

bool route_has_parameter(const struct route *route, struct field field)
{
    if (is_bound(route, field) || field_is_mask(field) || field.descriptor == route->body.descriptor ||
        field.descriptor->type == PROTOBUF_C_TYPE_BYTES)
        return false;
    return !field_is_message(field) || field_is_time(field) || field.declaration->is_map;
}

uint64_t route_body_fields(const struct route *route)
{
    uint64_t fields = 0;
    const struct message_declaration *input = route->method->input;
    for (unsigned i = 0; i < input->descriptor->n_fields; i++)
        if (!is_bound(route, message_field_at(input, i)))
            fields |= UINT64_C(1) << i;
    return fields;
}

static void write_member(struct json_writer *json, const char *name, const char *value)
{
    json_write_key(json, name);
    json_write_string(json, value);
}

/* --- parameters ------------------------------------------------------------------------------------------------------------- */

static void open_parameter(struct json_writer *json, const char *name, const char *where, const char *description, bool required)
{
    json_write_object_open(json);
    write_member(json, "name", name);
    write_member(json, "in", where);
    if (*description != '\0')
        write_member(json, "description", description);
    if (required) {
        json_write_key(json, "required");
        json_write_bool(json, true);
    }
    json_write_key(json, "schema");
}

static void write_path_parameter(struct schemas *schemas, struct field field, const char *name)
{
    struct json_writer *json = schemas->json;
    open_parameter(json, name, "path", field.declaration->comment, true);
    schema_write_field(schemas, field, SCHEMA_INPUT);
    json_write_object_close(json);
}

static void write_query_parameter(struct schemas *schemas, const struct route *route, struct field field)
{
    struct json_writer *json = schemas->json;
    bool is_required = field.declaration->required && !route->body_is_whole;
    if (field.declaration->is_map) {
        /* OpenAPI has no word for a family of parameters. */
        const char *name = arena_printf(schemas->arena, "%s.NAME", field.declaration->json_name);
        open_parameter(json, name, "query", field.declaration->comment, is_required);
        json_write_raw(json, TEXT("{\"type\":\"string\",\"description\":\"NAME stands for any name.\"}"));
    } else {
        open_parameter(json, field.declaration->json_name, "query", field.declaration->comment, is_required);
        schema_write_field(schemas, field, SCHEMA_INPUT);
    }
    json_write_object_close(json);
}

static void write_parameter_ref(struct json_writer *json, const char *name)
{
    char ref[64] = "#/components/parameters/";
    strncat(ref, name, sizeof ref - strlen(ref) - 1);
    json_write_object_open(json);
    write_member(json, "$ref", ref);
    json_write_object_close(json);
}

static const struct message_declaration *item_type(const struct route *route)
{
    return route->items.descriptor ? route->items.declaration->message : route->method->output;
}

static bool can_embed(const struct rest *rest, const struct route *route)
{
    const struct resource *resource = resource_find(rest->resources, item_type(route));
    for (size_t i = 0; resource != NULL && i < resource->link_count; i++)
        if (!resource->links[i].declaration->action && (route->items.descriptor == NULL || resource->links[i].match_item.depth > 0))
            return true;
    return false;
}

static void write_common_parameters(const struct rest *rest, struct json_writer *json, const struct route *route)
{
    if (route->verb == VERB_GET) {
        write_parameter_ref(json, "fields");
        if (can_embed(rest, route))
            write_parameter_ref(json, "embed");
        if (route->method->history != NULL)
            write_parameter_ref(json, "asOf");
        write_parameter_ref(json, "ifNoneMatch");
        return;
    }
    write_parameter_ref(json, route->method->key_required ? "idempotencyKeyRequired" : "idempotencyKey");
    if (route->verb != VERB_POST)
        write_parameter_ref(json, "ifMatch");
}

static void write_parameters(const struct rest *rest, struct schemas *schemas, const struct route *route, const char *const *names)
{
    struct json_writer *json = schemas->json;
    const struct message_declaration *input = route->method->input;
    json_write_key(json, "parameters");
    json_write_array_open(json);
    for (size_t i = 0; i < route->variable_count; i++)
        write_path_parameter(schemas, route->variables[i], names[i]);
    for (unsigned i = 0; i < input->descriptor->n_fields && !route->body_is_whole; i++) {
        struct field field = message_field_at(input, input->written_order[i]);
        if (route_has_parameter(route, field))
            write_query_parameter(schemas, route, field);
    }
    write_common_parameters(rest, json, route);
    json_write_array_close(json);
}

/* --- bodies ------------------------------------------------------------------------------------------------------------------ */

static void write_content_open(struct json_writer *json, const char *media_type)
{
    json_write_key(json, media_type);
    json_write_object_open(json);
    json_write_key(json, "schema");
}

static void write_json_body(struct schemas *schemas, const struct route *route)
{
    bool is_patch = route->verb == VERB_PATCH && route->mask.descriptor != NULL;
    if (route->body_is_whole)
        schema_write_some(schemas, route->method->input, route_body_fields(route));
    else
        schema_write_ref(schemas, route->body.declaration->message, is_patch ? SCHEMA_PATCH : SCHEMA_INPUT);
}

static bool needs_body(const struct route *route)
{
    if (!route->body_is_whole)
        return true;
    for (unsigned i = 0; i < route->method->input->descriptor->n_fields; i++)
        if ((route_body_fields(route) & UINT64_C(1) << i) && route->method->input->fields[i].required)
            return true;
    return false;
}

/* A file, of any of "text/csv, application/json". */
static void write_file_contents(struct schemas *schemas, const char *media_types)
{
    struct text rest = text_of(media_types);
    while (rest.length > 0) {
        size_t length = strcspn(rest.at, ",");
        write_content_open(schemas->json, arena_strndup(schemas->arena, rest.at, length));
        json_write_raw(schemas->json, TEXT("{\"description\":\"The file, as it is.\"}"));
        json_write_object_close(schemas->json);
        length += strspn(rest.at + length, ", ");
        rest = (struct text){rest.at + length, rest.length - length};
    }
}

static void write_body(struct schemas *schemas, const struct route *route)
{
    struct json_writer *json = schemas->json;
    if (!route->body_is_whole && route->body.descriptor == NULL)
        return;
    json_write_key(json, "requestBody");
    json_write_object_open(json);
    json_write_key(json, "required");
    json_write_bool(json, needs_body(route));
    json_write_key(json, "content");
    json_write_object_open(json);
    if (route->method->bulk) {
        write_file_contents(schemas, route->method->media_type);
    } else {
        write_content_open(json, "application/json");
        write_json_body(schemas, route);
        json_write_object_close(json);
    }
    if (route->verb == VERB_PATCH && !route->method->bulk) {
        write_content_open(json, "application/merge-patch+json");
        write_json_body(schemas, route);
        json_write_object_close(json);
    }
    json_write_object_close(json);
    json_write_object_close(json);
}

/* --- answers ------------------------------------------------------------------------------------------------------------------ */

static void write_header_ref(struct json_writer *json, const char *name, const char *ref)
{
    json_write_key(json, name);
    json_write_object_open(json);
    write_member(json, "$ref", ref);
    json_write_object_close(json);
}

static void write_success_headers(struct json_writer *json, const struct route *route)
{
    json_write_key(json, "headers");
    json_write_object_open(json);
    write_header_ref(json, "ETag", "#/components/headers/ETag");
    write_header_ref(json, "RateLimit", "#/components/headers/RateLimit");
    write_header_ref(json, "RateLimit-Policy", "#/components/headers/RateLimit-Policy");
    if (route->method->success == 201)
        write_header_ref(json, "Location", "#/components/headers/Location");
    if (route->next_cursor.descriptor != NULL)
        write_header_ref(json, "Link", "#/components/headers/Link");
    json_write_object_close(json);
}

static void write_event_stream(struct json_writer *json)
{
    write_content_open(json, "text/event-stream");
    json_write_object_open(json);
    write_member(json, "type", "string");
    write_member(json, "description", "Server-sent events: an item each, with its `cursor` as the id, and then what is new, as it happens. Last-Event-ID goes on.");
    json_write_object_close(json);
    json_write_object_close(json);
}

static void write_success(struct schemas *schemas, const struct route *route)
{
    struct json_writer *json = schemas->json;
    char status[8];
    snprintf(status, sizeof status, "%d", route->method->success);
    json_write_key(json, status);
    json_write_object_open(json);
    bool is_empty = message_is_empty_type(route->method->output);
    write_member(json, "description", is_empty ? "Done." : *route->method->output->comment ? route->method->output->comment : "Done.");
    if (!is_empty) {
        write_success_headers(json, route);
        json_write_key(json, "content");
        json_write_object_open(json);
        write_content_open(json, "application/json");
        bool is_single = route->link != NULL && route->link->single;
        schema_write_ref(schemas, is_single ? item_type(route) : route->method->output, SCHEMA_ANSWER);
        json_write_object_close(json);
        if (route->method->follow != NULL)
            write_event_stream(json);
        json_write_object_close(json);
    }
    json_write_object_close(json);
}

static void write_response_ref(struct json_writer *json, const char *status, const char *name)
{
    char ref[64] = "#/components/responses/";
    strncat(ref, name, sizeof ref - strlen(ref) - 1);
    write_header_ref(json, status, ref);
}

/* Every operation may answer with any problem: which ones is in its words and in the table of problems. */
static void write_responses(struct schemas *schemas, const struct route *route)
{
    struct json_writer *json = schemas->json;
    json_write_key(json, "responses");
    json_write_object_open(json);
    write_success(schemas, route);
    if (route->method->kind == METHOD_SAGA && route->verb != VERB_GET)
        write_response_ref(json, "202", "Accepted");
    if (route->verb == VERB_GET)
        write_response_ref(json, "304", "NotModified");
    write_response_ref(json, "4XX", "Problem");
    write_response_ref(json, "5XX", "Problem");
    json_write_object_close(json);
}

/* --- operations ---------------------------------------------------------------------------------------------------------------- */

/* Empty: everyone. With a token where a scope is needed; the scope is a role in OpenAPI's terms. */
static void write_security(struct json_writer *json, const struct route *route)
{
    json_write_key(json, "security");
    json_write_array_open(json);
    if (route->method->scope != NULL) {
        json_write_object_open(json);
        json_write_key(json, "token");
        json_write_array_open(json);
        json_write_string(json, route->method->scope);
        json_write_array_close(json);
        json_write_object_close(json);
    }
    json_write_array_close(json);
}

static void write_words(struct schemas *schemas, const struct route *route, const char *tag)
{
    struct json_writer *json = schemas->json;
    const char *comment = route_comment(route);
    json_write_key(json, "tags");
    json_write_array_open(json);
    json_write_string(json, tag);
    json_write_array_close(json);
    json_write_key(json, "summary");
    json_write_text(json, comment_summary(comment));
    write_member(json, "description", comment);
}

static void write_operation(const struct rest *rest, struct schemas *schemas, const struct route *route, const char *const *names)
{
    struct json_writer *json = schemas->json;
    write_words(schemas, route, route->parent ? route->parent->method->service : route->method->service);
    write_member(json, "operationId", route_operation_id(route, schemas->arena));
    write_security(json, route);
    write_parameters(rest, schemas, route, names);
    write_body(schemas, route);
    write_responses(schemas, route);
}

static void write_page(struct schemas *schemas, const struct route *route)
{
    struct json_writer *json = schemas->json;
    write_words(schemas, route, "gateway");
    const char *id = strcmp(route->path, "/") == 0 ? "root" : route->path + 1;
    char *name = arena_strdup(schemas->arena, id);
    for (char *c = name; *c != '\0'; c++)
        *c = *c == '/' || *c == '.' ? '_' : *c;
    write_member(json, "operationId", name);
    json_write_key(json, "security");
    json_write_array_open(json);
    json_write_array_close(json);
    json_write_key(json, "responses");
    json_write_object_open(json);
    json_write_key(json, "200");
    json_write_object_open(json);
    write_member(json, "description", route->page_comment);
    json_write_key(json, "content");
    json_write_object_open(json);
    json_write_key(json, route->page_type);
    bool is_object = strstr(route->page_type, "json") != NULL;
    json_write_raw(json, is_object ? TEXT("{\"schema\":{\"type\":\"object\"}}") : TEXT("{\"schema\":{\"type\":\"string\"}}"));
    json_write_object_close(json);
    json_write_object_close(json);
    write_response_ref(json, "4XX", "Problem");
    json_write_object_close(json);
}

/* --- paths ---------------------------------------------------------------------------------------------------------------------- */

/* "/v1/products/{product}" and "/v1/products/{id}" are one place, which OpenAPI wants under one name. */
static bool same_place(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b) {
        if (*a == '{') {
            a = strchr(a, '}');
            b = strchr(b, '}');
        }
        a++;
        b++;
    }
    return *a == *b;
}

static const struct route *first_at(const struct rest *rest, const char *path)
{
    const struct route *route = route_first(rest->routes);
    while (!same_place(route->path, path))
        route = route->next;
    return route;
}

static void variable_names(const char *path, struct arena *arena, const char *names[LIMIT_ROUTE_VARIABLES])
{
    size_t count = 0;
    for (const char *open = strchr(path, '{'); open != NULL; open = strchr(open + 1, '{'))
        names[count++] = arena_strndup(arena, open + 1, strcspn(open, "}") - 1);
}

static void write_path(const struct rest *rest, struct schemas *schemas, const struct route *first)
{
    struct json_writer *json = schemas->json;
    const char *names[LIMIT_ROUTE_VARIABLES] = {NULL};
    variable_names(first->path, schemas->arena, names);
    json_write_key(json, first->path);
    json_write_object_open(json);
    for (const struct route *route = first; route != NULL; route = route->next) {
        static const char *const verbs[VERB_COUNT] = {"get", "post", "put", "patch", "delete"};
        if (!same_place(route->path, first->path))
            continue;
        json_write_key(json, verbs[route->verb]);
        json_write_object_open(json);
        if (route->page != NULL)
            write_page(schemas, route);
        else
            write_operation(rest, schemas, route, names);
        json_write_object_close(json);
    }
    json_write_object_close(json);
}

/* --- together -------------------------------------------------------------------------------------------------------------------- */

static void write_tags(const struct rest *rest, struct json_writer *json)
{
    json_write_key(json, "tags");
    json_write_array_open(json);
    for (size_t i = 0; i < rest->options.service_count; i++) {
        const struct service_declaration *service = rest->options.services[i];
        if (directory_find(rest->options.directory, service->name) == NULL)
            continue;
        json_write_object_open(json);
        write_member(json, "name", service->name);
        write_member(json, "description", service->comment ? service->comment : service->name);
        json_write_object_close(json);
    }
    json_write_raw(json, TEXT("{\"name\":\"gateway\",\"description\":\"Where to begin, the reference, health and metrics.\"}"));
    json_write_array_close(json);
}

/* What is the same for every shop is written by hand, as JSON; the assembler takes the files in. */
#define FILE_IN_PROGRAM(name, path)                                                                       \
    __asm__(".pushsection .rodata\n" #name ": .incbin \"" path "\"\n.byte 0\n.popsection\n");              \
    extern const char name[] __attribute__((visibility("hidden")))
FILE_IN_PROGRAM(openapi_components, "src/gateways/rest/openapi_components.json");
FILE_IN_PROGRAM(openapi_schemas, "src/gateways/rest/openapi_schemas.json");

/* The members of an object, without its braces. */
static void write_members_of(struct json_writer *json, const char *object)
{
    const char *open = strchr(object, '{'), *close = strrchr(object, '}');
    json_write_raw(json, text_trim((struct text){open + 1, (size_t)(close - open - 1)}));
}

static void write_info(const struct rest *rest, struct json_writer *json)
{
    write_member(json, "openapi", "3.1.0");
    json_write_key(json, "info");
    json_write_object_open(json);
    write_member(json, "title", "Souk");
    write_member(json, "version", rest->options.version);
    write_member(json, "description", "A headless commerce engine. Every resource has links that say where to go on; GET /v1 is where to begin.");
    json_write_object_close(json);
    json_write_key(json, "servers");
    json_write_raw(json, TEXT("[{\"url\":\"/\",\"description\":\"This server.\"}]"));
}

void openapi_write(const struct rest *rest, struct buffer *out)
{
    struct json_writer json;
    json_write_init(&json, out);
    struct arena *arena = arena_new(LIMIT_CALL_ARENA);
    struct schemas *schemas = ARENA_NEW(arena, struct schemas);
    *schemas = (struct schemas){.json = &json, .arena = arena, .resources = rest->resources};

    json_write_object_open(&json);
    write_info(rest, &json);
    write_tags(rest, &json);
    json_write_key(&json, "paths");
    json_write_object_open(&json);
    for (const struct route *route = route_first(rest->routes); route != NULL; route = route->next)
        if (first_at(rest, route->path) == route)
            write_path(rest, schemas, route);
    json_write_object_close(&json);
    json_write_key(&json, "components");
    json_write_object_open(&json);
    write_members_of(&json, openapi_components);
    json_write_key(&json, "schemas");
    json_write_object_open(&json);
    write_members_of(&json, openapi_schemas);
    schema_write_wanted(schemas);
    json_write_object_close(&json);
    json_write_object_close(&json);
    json_write_object_close(&json);
    arena_free(arena);
}
