/*
 * Links: tables made at start, and what is written from them.
 */
#include "gateways/rest/links.h"

#include "base/assert.h"
#include "gateways/rest/query.h"

#include <stdio.h>
#include <stdlib.h>

#define RESOURCE_SLOTS 256 /* far more than there are resources, so that looking up ends at once */
#define RESOURCE_TABLE_BYTES_MAX (16 << 20)

struct resource_table {
    struct arena *arena;
    const struct directory *directory;
    size_t count;
    struct resource slots[RESOURCE_SLOTS]; /* open addressing by the message's address */
};

/* --- looking up -------------------------------------------------------------------------------------------------- */

static size_t slot_of(const struct message_declaration *message)
{
    return (size_t)((uintptr_t)message / sizeof(void *) * UINT64_C(0x9E3779B97F4A7C15) >> 56) % RESOURCE_SLOTS;
}

static const struct resource *slot_find(const struct resource_table *table, const struct message_declaration *message)
{
    size_t slot = slot_of(message);
    while (table->slots[slot].message != NULL && table->slots[slot].message != message)
        slot = (slot + 1) % RESOURCE_SLOTS;
    return &table->slots[slot];
}

const struct resource *resource_find(const struct resource_table *table, const struct message_declaration *message)
{
    if (message->resource == NULL)
        return NULL;
    const struct resource *found = slot_find(table, message);
    return found->message != NULL ? found : NULL;
}

/* --- bindings ---------------------------------------------------------------------------------------------------- */

/* Take "left=right" off the front of a list "left=right,left=right". */
static bool next_pair(struct text *list, struct text *left, struct text *right)
{
    if (list->length == 0)
        return false;
    const char *comma = memchr(list->at, ',', list->length);
    struct text pair = {list->at, comma ? (size_t)(comma - list->at) : list->length};
    size_t step = pair.length + (comma ? 1 : 0);
    *list = (struct text){list->at + step, list->length - step};
    const char *equals = memchr(pair.at, '=', pair.length);
    ASSERT(equals != NULL); /* the generator saw to it */
    *left = text_trim((struct text){pair.at, (size_t)(equals - pair.at)});
    *right = text_trim((struct text){equals + 1, (size_t)(pair.at + pair.length - equals - 1)});
    return true;
}

static void read_bindings(struct resource_link *link, const struct message_declaration *message)
{
    struct text list = text_of(link->declaration->bind), left, right;
    while (next_pair(&list, &left, &right)) {
        ASSERT(link->binding_count < LIMIT_LINK_BINDINGS);
        link->bindings[link->binding_count++] = (struct link_binding){
            .to = message_field(link->declaration->method->input, left),
            .from = message_path(message, right),
        };
    }
}

static const struct link_binding *binding_of(const struct resource_link *link, const ProtobufCFieldDescriptor *field)
{
    for (size_t i = 0; i < link->binding_count; i++)
        if (link->bindings[i].to.descriptor == field)
            return &link->bindings[i];
    return NULL;
}

static void read_match(struct resource_link *link, const struct message_declaration *message)
{
    const struct method_declaration *method = link->declaration->method;
    struct field items = message_field(method->output, TEXT("items"));
    if (items.descriptor != NULL && field_is_list(items) && field_is_message(items))
        link->items = items;
    struct text list = text_of(link->declaration->match), left, right;
    if (link->items.descriptor == NULL || list.at == NULL || !next_pair(&list, &left, &right))
        return;
    link->match_item = message_path(items.declaration->message, left);
    link->match_resource = message_path(message, right);
}

/* --- hrefs ------------------------------------------------------------------------------------------------------- */

/* Where a resource keeps what a variable of its own path stands for: a field of that name, or its id. */
static struct message_path self_source(const struct message_declaration *message, struct text variable)
{
    struct message_path path = message_path(message, variable);
    return path.depth > 0 ? path : message_path(message, TEXT("id"));
}

static struct message_path link_source(const struct resource_link *link, struct text variable)
{
    struct field to = message_field(link->declaration->method->input, variable);
    const struct link_binding *binding = to.descriptor ? binding_of(link, to.descriptor) : NULL;
    return binding != NULL ? binding->from : (struct message_path){0};
}

/* A template's literals and variables; `link` NULL: of the resource's own path. */
static struct href href_of(const char *template, const struct message_declaration *message, const struct resource_link *link)
{
    struct href href = {0};
    while (*template != '\0') {
        ASSERT(href.part_count < LIMIT_ROUTE_VARIABLES + 1);
        struct href_part *part = &href.parts[href.part_count++];
        part->before = (struct text){template, strcspn(template, "{")};
        template += part->before.length;
        if (*template == '\0')
            break;
        struct text variable = {template + 1, strcspn(template, "}") - 1};
        part->from = link != NULL ? link_source(link, variable) : self_source(message, variable);
        ASSERT(part->from.depth > 0);
        template += variable.length + 2;
    }
    return href;
}

static bool path_is_single(const struct message_path *path)
{
    for (size_t i = 0; i < path->depth; i++)
        if (field_is_list(path->fields[i]))
            return false;
    return path->depth > 0;
}

static bool template_has(const char *template, const char *variable)
{
    size_t length = strlen(variable);
    for (const char *at = strchr(template, '{'); at != NULL; at = strchr(at + 1, '{'))
        if (strncmp(at + 1, variable, length) == 0 && at[1 + length] == '}')
            return true;
    return false;
}

static void add_query(struct href *href, struct field to, struct message_path from)
{
    ASSERT(href->query_count < LIMIT_ROUTE_VARIABLES);
    href->query[href->query_count++] = (struct href_query){.name = to.declaration->json_name, .from = from};
}

/* What the path has no place for: further bindings, and capabilities. A capability is a secret of the request that the resource
 * carries under the same name, such as an order's token; without it the address would lead nowhere for whoever got it. */
static void add_queries(struct href *href, const char *template, const struct message_declaration *message,
                        const struct method_declaration *method, const struct resource_link *link)
{
    for (unsigned i = 0; i < method->input->descriptor->n_fields; i++) {
        struct field to = message_field_at(method->input, i);
        if (template_has(template, to.descriptor->name))
            continue;
        const struct link_binding *binding = link ? binding_of(link, to.descriptor) : NULL;
        struct message_path from = {0};
        if (binding != NULL)
            from = binding->from;
        else if (to.declaration->secret)
            from = message_path(message, text_of(to.descriptor->name));
        if (path_is_single(&from))
            add_query(href, to, from);
    }
}

struct value_writer {
    struct buffer *out;
    const char *before; /* of a query: "?name=" */
};

static void write_value(void *data, struct field field, const void *value)
{
    struct value_writer *writer = data;
    if (writer->before != NULL)
        buffer_add_string(writer->out, writer->before);
    if (field.descriptor->type == PROTOBUF_C_TYPE_STRING)
        percent_encode(text_of(*(const char *const *)value), writer->out);
    else if (field.descriptor->type == PROTOBUF_C_TYPE_ENUM || field.descriptor->type == PROTOBUF_C_TYPE_BOOL)
        buffer_add_text(writer->out, field_value_text(field, value, NULL)); /* a constant: nothing is allocated */
    else
        buffer_add_int64(writer->out, field_integer(field, value));
}

void href_write(const struct href *href, const ProtobufCMessage *message, struct buffer *out)
{
    for (size_t i = 0; i < href->part_count; i++) {
        const struct href_part *part = &href->parts[i];
        buffer_add_text(out, part->before);
        if (part->from.depth > 0)
            message_path_each(&part->from, message, write_value, &(struct value_writer){.out = out});
    }
    char separator = '?';
    for (size_t i = 0; i < href->query_count; i++) {
        char before[64];
        int length = snprintf(before, sizeof before, "%c%s=", separator, href->query[i].name);
        ASSERT(length > 0 && (size_t)length < sizeof before);
        size_t had = out->length;
        message_path_each(&href->query[i].from, message, write_value, &(struct value_writer){.out = out, .before = before});
        if (out->length > had)
            separator = '&';
    }
}

/* --- making the table ---------------------------------------------------------------------------------------------- */

static size_t count_variables(const char *template)
{
    size_t count = 0;
    for (const char *at = strchr(template, '{'); at != NULL; at = strchr(at + 1, '{'))
        count++;
    return count;
}

static bool binds_all(const struct resource_link *link, const char *template)
{
    for (const char *at = strchr(template, '{'); at != NULL; at = strchr(at + 1, '{'))
        if (link_source(link, (struct text){at + 1, strcspn(at, "}") - 1}).depth == 0)
            return false;
    return true;
}

/* Of several routes the one whose path says the most: "/v1/categories/{category}/products" rather than "/v1/products". */
static const struct http_declaration *best_route(const struct resource_link *link)
{
    const struct method_declaration *method = link->declaration->method;
    const struct http_declaration *best = NULL;
    for (size_t i = 0; i < method->http_count; i++) {
        const struct http_declaration *http = &method->http[i];
        if (binds_all(link, http->path) && (best == NULL || count_variables(http->path) > count_variables(best->path)))
            best = http;
    }
    return best;
}

static void read_when(struct resource_link *link, const struct message_declaration *message)
{
    if (link->declaration->when == NULL)
        return;
    struct text list = text_of(link->declaration->when), path, values;
    while (next_pair(&list, &path, &values)) {
        ASSERT(link->condition_count < LIMIT_LINK_CONDITIONS);
        struct link_condition *condition = &link->conditions[link->condition_count++];
        *condition = (struct link_condition){.path = message_path(message, path), .values = values};
        ASSERT(condition->path.depth > 0);
    }
}

/* False when nothing outside could follow it. */
static bool find_href(struct resource_table *table, struct resource_link *link, const struct message_declaration *message)
{
    const struct method_declaration *method = link->declaration->method;
    const struct http_declaration *http = best_route(link);
    if (http != NULL) {
        link->href = href_of(http->path, message, link);
        add_queries(&link->href, http->path, message, method, link);
        link->verb = strcmp(http->verb, "GET") == 0 ? NULL : http->verb; /* a saga may read, too: a cart's shipping methods */
        return true;
    }
    if (link->declaration->action || method->http_count > 0 || message->get == NULL)
        return false;
    const char *template = arena_printf(table->arena, "%s/%s", message->get->http[0].path, link->declaration->rel);
    link->href = href_of(template, message, NULL);
    return true;
}

static void add_resource_link(struct resource_table *table, struct resource *resource, const struct link_declaration *declaration)
{
    const struct method_declaration *method = declaration->method;
    struct resource_link *link = &resource->links[resource->link_count];
    *link = (struct resource_link){
        .declaration = declaration,
        .service = directory_find(table->directory, method->service),
        .scope = method->scope ? scope_named(text_of(method->scope)) : 0,
    };
    if (link->service == NULL || method->internal)
        return;
    read_bindings(link, resource->message);
    read_match(link, resource->message);
    read_when(link, resource->message);
    if (find_href(table, link, resource->message))
        resource->link_count++;
}

static void add_resource(struct resource_table *table, const struct message_declaration *message)
{
    if (slot_find(table, message)->message != NULL)
        return;
    table->count++;
    ASSERT(table->count <= RESOURCE_SLOTS / 2);
    struct resource *resource = &table->slots[slot_find(table, message) - table->slots];
    *resource = (struct resource){
        .message = message,
        .version = message_field(message, TEXT("version")),
        .key = message_path(message, TEXT("id")),
        .links = ARENA_ARRAY(table->arena, struct resource_link, message->link_count),
    };
    if (message->get != NULL && message->get->http_count > 0) {
        resource->has_self = true;
        resource->self = href_of(message->get->http[0].path, message, NULL);
        resource->key = resource->self.parts[0].from;
        add_queries(&resource->self, message->get->http[0].path, message, message->get, NULL);
    }
    for (size_t i = 0; i < message->link_count; i++)
        add_resource_link(table, resource, &message->links[i]);
}

/* A message never contains itself: the generator saw to it. */
static void add_resources_in(struct resource_table *table, const struct message_declaration *message)
{
    if (message->resource != NULL)
        add_resource(table, message);
    for (unsigned i = 0; i < message->descriptor->n_fields; i++)
        if (message->fields[i].message != NULL)
            add_resources_in(table, message->fields[i].message);
}

struct resource_table *resource_table_new(const struct service_declaration *const *services, size_t service_count,
                                          const struct directory *directory)
{
    struct arena *arena = arena_new(RESOURCE_TABLE_BYTES_MAX);
    struct resource_table *table = ARENA_NEW(arena, struct resource_table);
    table->arena = arena;
    table->directory = directory;
    for (size_t i = 0; i < service_count; i++)
        for (size_t j = 0; j < services[i]->method_count; j++)
            add_resources_in(table, services[i]->methods[j]->output);
    return table;
}

void resource_table_free(struct resource_table *table)
{
    if (table != NULL)
        arena_free(table->arena);
}

/* --- writing ------------------------------------------------------------------------------------------------------- */

static bool list_has(struct text list, struct text word)
{
    while (list.length > 0) {
        const char *bar = memchr(list.at, '|', list.length);
        struct text value = {list.at, bar ? (size_t)(bar - list.at) : list.length};
        if (text_equal(value, word))
            return true;
        size_t step = value.length + (bar ? 1 : 0);
        list = (struct text){list.at + step, list.length - step};
    }
    return false;
}

struct condition_check {
    struct text values;
    bool has_value, has_one_of_them;
};

static void check_value(void *data, struct field field, const void *value)
{
    struct condition_check *check = data;
    check->has_value = true;
    if (list_has(check->values, field_value_text(field, value, NULL))) /* enum, string or boolean: no arena */
        check->has_one_of_them = true;
}

static bool condition_holds(const struct link_condition *condition, const ProtobufCMessage *message)
{
    struct condition_check check = {.values = condition->values};
    message_path_each(&condition->path, message, check_value, &check);
    if (condition->values.length == 0)
        return !check.has_value;
    /* A boolean that is false counts as no value, and yet has one to compare. */
    if (!check.has_value && message_path_end(&condition->path).descriptor->type == PROTOBUF_C_TYPE_BOOL)
        return list_has(condition->values, TEXT("false"));
    return check.has_one_of_them;
}

static bool when_holds(const struct resource_link *link, const ProtobufCMessage *message)
{
    for (size_t i = 0; i < link->condition_count; i++)
        if (!condition_holds(&link->conditions[i], message))
            return false;
    return true;
}

bool link_is_open(const struct resource_link *link, const ProtobufCMessage *message, const struct actor *actor)
{
    return (link->scope & ~actor->scopes) == 0 && when_holds(link, message);
}

static void write_href(const struct href *href, const ProtobufCMessage *message, const char *verb, struct json_writer *json)
{
    json_write_object_open(json);
    json_write_key(json, "href");
    buffer_add_char(json->out, '"');
    href_write(href, message, json->out);
    buffer_add_char(json->out, '"');
    json->needs_comma = true;
    if (verb != NULL) {
        json_write_key(json, "method");
        json_write_string(json, verb);
    }
    json_write_object_close(json);
}

static void note_value(void *data, struct field field, const void *value)
{
    (void)field;
    (void)value;
    *(bool *)data = true;
}

/* What was never kept, such as the report of a dry run, has no key and no address. */
static bool has_key(const struct resource *resource, const ProtobufCMessage *message)
{
    bool found = false;
    message_path_each(&resource->key, message, note_value, &found);
    return found;
}

void links_write(const struct resource *resource, const ProtobufCMessage *message, const struct actor *actor,
                 struct json_writer *json)
{
    json_write_key(json, "_links");
    json_write_object_open(json);
    if (resource->has_self && has_key(resource, message)) {
        json_write_key(json, "self");
        write_href(&resource->self, message, NULL, json);
    }
    for (size_t i = 0; i < resource->link_count; i++) {
        const struct resource_link *link = &resource->links[i];
        if (!link_is_open(link, message, actor))
            continue;
        json_write_key(json, link->declaration->rel);
        write_href(&link->href, message, link->verb, json);
    }
    json_write_object_close(json);
}
