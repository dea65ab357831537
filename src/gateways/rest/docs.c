#include "gateways/rest/docs.h"

#include "base/limits.h"
#include "gateways/rest/openapi.h"

/* --- HTML ------------------------------------------------------------------------------------------------------------------ */

static void add_escaped(struct buffer *out, struct text text)
{
    for (size_t i = 0; i < text.length; i++) {
        switch (text.at[i]) {
        case '&':
            buffer_add_string(out, "&amp;");
            break;
        case '<':
            buffer_add_string(out, "&lt;");
            break;
        case '>':
            buffer_add_string(out, "&gt;");
            break;
        case '"':
            buffer_add_string(out, "&quot;");
            break;
        default:
            buffer_add_char(out, text.at[i]);
        }
    }
}

static void add_element(struct buffer *out, const char *element, const char *content)
{
    buffer_printf(out, "<%s>", element);
    add_escaped(out, text_of(content));
    buffer_printf(out, "</%s>", element);
}

static void add_head(struct buffer *out, const char *title)
{
    buffer_printf(out,
                  "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                  "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>%s</title>\n<style>\n"
                  ":root{color-scheme:light dark}\n"
                  "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}\n"
                  "code{font-family:ui-monospace,monospace;font-size:.9em}\n"
                  "section{border-top:1px solid #8884;padding:.5rem 0}\n"
                  "h2{margin-top:2.5rem}\nh3{margin:.5rem 0;font-size:1rem}\n"
                  "h3 b{display:inline-block;min-width:4.5rem}\n"
                  "table{border-collapse:collapse;width:100%%}\n"
                  "td,th{text-align:left;vertical-align:top;padding:.15rem .75rem .15rem 0}\n"
                  "td:first-child{white-space:nowrap}\n"
                  "small{opacity:.7}\n:target{background:#fc03}\n"
                  "nav a{display:inline-block;margin-right:1rem}\n"
                  "</style></head><body>\n<h1>%s</h1>\n",
                  title, title);
}

static void add_end(struct buffer *out)
{
    buffer_add_string(out, "</body></html>\n");
}

/* --- fields ------------------------------------------------------------------------------------------------------------------ */

static const char *type_word(struct field field)
{
    switch (field.descriptor->type) {
    case PROTOBUF_C_TYPE_STRING:
        return "string";
    case PROTOBUF_C_TYPE_BOOL:
        return "boolean";
    case PROTOBUF_C_TYPE_ENUM:
        return "one of";
    case PROTOBUF_C_TYPE_MESSAGE:
        return field_is_time(field) ? "time" : field.declaration->message->descriptor->short_name;
    case PROTOBUF_C_TYPE_DOUBLE:
    case PROTOBUF_C_TYPE_FLOAT:
        return "number";
    default:
        return "integer";
    }
}

static void add_enum(struct buffer *out, const struct enum_declaration *enumeration)
{
    for (size_t i = 0; i < enumeration->value_count; i++) {
        if (enumeration->values[i].number == 0)
            continue;
        buffer_add_char(out, ' ');
        add_element(out, "code", enumeration->values[i].json_name);
    }
}

static void add_range(struct buffer *out, const char *what, bool has_least, int64_t least, bool has_most, int64_t most)
{
    if (has_least && has_most)
        buffer_printf(out, ", %lld to %lld%s", (long long)least, (long long)most, what);
    else if (has_least)
        buffer_printf(out, ", at least %lld%s", (long long)least, what);
    else if (has_most)
        buffer_printf(out, ", at most %lld%s", (long long)most, what);
}

static void add_type(struct buffer *out, struct field field)
{
    const struct field_declaration *rule = field.declaration;
    if (rule->is_map)
        buffer_add_string(out, "object");
    else
        buffer_printf(out, "%s%s", field_is_list(field) ? "list of " : "", type_word(field));
    if (rule->enumeration != NULL)
        add_enum(out, rule->enumeration);
    add_range(out, " items", rule->min_items > 0, rule->min_items, rule->max_items > 0, rule->max_items);
    add_range(out, " characters", rule->min_length > 0, rule->min_length, rule->max_length > 0, rule->max_length);
    add_range(out, "", rule->has_minimum, rule->minimum, rule->has_maximum, rule->maximum);
}

static void add_field_row(struct buffer *out, struct field field, const char *suffix, const char *note)
{
    buffer_add_string(out, "<tr><td><code>");
    buffer_add_string(out, field.declaration->json_name);
    buffer_add_string(out, suffix);
    buffer_add_string(out, "</code></td><td><small>");
    add_type(out, field);
    if (*note != '\0')
        buffer_printf(out, ", %s", note);
    buffer_add_string(out, "</small></td><td>");
    add_escaped(out, text_of(field.declaration->comment));
    buffer_add_string(out, "</td></tr>\n");
}

/* --- operations --------------------------------------------------------------------------------------------------------------- */

static bool has_parameters(const struct route *route)
{
    for (unsigned i = 0; i < route->method->input->descriptor->n_fields; i++)
        if (route_has_parameter(route, message_field_at(route->method->input, i)))
            return true;
    return false;
}

static void add_parameters(struct buffer *out, const struct route *route)
{
    if (route->body_is_whole || !has_parameters(route))
        return;
    buffer_add_string(out, "<table>\n");
    for (unsigned i = 0; i < route->method->input->descriptor->n_fields; i++) {
        struct field field = message_field_at(route->method->input, route->method->input->written_order[i]);
        if (route_has_parameter(route, field))
            add_field_row(out, field, field.declaration->is_map ? ".NAME" : "", "in the query");
    }
    buffer_add_string(out, "</table>\n");
}

static void add_body_fields(struct buffer *out, const struct message_declaration *message, uint64_t fields)
{
    buffer_add_string(out, "<table>\n");
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        unsigned index = message->written_order[i];
        struct field field = message_field_at(message, index);
        if ((fields & UINT64_C(1) << index) != 0 && !field.declaration->output_only && !field_is_mask(field))
            add_field_row(out, field, "", field.declaration->required ? "required" : "");
    }
    buffer_add_string(out, "</table>\n");
}

static void add_body(struct buffer *out, const struct route *route)
{
    if (route->method->bulk)
        buffer_printf(out, "<p>The body is a file: <code>%s</code>.</p>\n", route->method->media_type);
    else if (route->body_is_whole)
        add_body_fields(out, route->method->input, route_body_fields(route));
    else if (route->body.descriptor != NULL)
        add_body_fields(out, route->body.declaration->message, UINT64_MAX);
}

static void add_answer(struct buffer *out, const struct method_declaration *method)
{
    if (message_is_empty_type(method->output))
        buffer_printf(out, "<p><small>Answers %d.</small></p>\n", method->success);
    else
        buffer_printf(out, "<p><small>Answers %d with <a href=\"#%s\">%s</a>.</small></p>\n", method->success,
                      method->output->descriptor->short_name, method->output->descriptor->short_name);
}

static void add_operation(struct buffer *out, const struct route *route)
{
    const struct method_declaration *method = route->method;
    buffer_printf(out, "<section><h3><b>%s</b><code>%s</code></h3>\n", verb_name(route->verb), route->path);
    add_element(out, "p", route_comment(route));
    if (method->scope != NULL)
        buffer_printf(out, "<p><small>Needs the scope <code>%s</code>.</small></p>\n", method->scope);
    if (method->key_required)
        buffer_add_string(out, "<p><small>Needs an <code>Idempotency-Key</code>.</small></p>\n");
    add_parameters(out, route);
    add_body(out, route);
    add_answer(out, method);
    buffer_add_string(out, "</section>\n");
}

static bool belongs_to(const struct route *route, const char *service)
{
    const struct method_declaration *method = route->parent ? route->parent->method : route->method;
    return method != NULL && strcmp(method->service, service) == 0;
}

static void add_service(struct buffer *out, const struct rest *rest, const struct service_declaration *service)
{
    buffer_printf(out, "<h2 id=\"%s\">%s</h2>\n", service->name, service->name);
    add_element(out, "p", service->comment ? service->comment : "");
    for (const struct route *route = route_first(rest->routes); route != NULL; route = route->next)
        if (belongs_to(route, service->name))
            add_operation(out, route);
}

/* --- types ----------------------------------------------------------------------------------------------------------------------- */

#define TYPES_MAX 512

struct types {
    const struct message_declaration *seen[TYPES_MAX];
    size_t count;
};

static void add_type_section(struct buffer *out, const struct message_declaration *message)
{
    buffer_printf(out, "<section id=\"%s\"><h3>%s</h3>\n", message->descriptor->short_name, message->descriptor->short_name);
    add_element(out, "p", message->comment);
    buffer_add_string(out, "<table>\n");
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        struct field field = message_field_at(message, message->written_order[i]);
        if (!field.declaration->input_only && !field.declaration->secret && strcmp(field.declaration->json_name, "nextCursor") != 0)
            add_field_row(out, field, "", "");
    }
    buffer_add_string(out, "</table></section>\n");
}

/* A type and, after it, those of its members that have not been told of yet. */
static void add_types(struct buffer *out, struct types *types, const struct message_declaration *message)
{
    for (size_t i = 0; i < types->count; i++)
        if (types->seen[i] == message)
            return;
    if (types->count == TYPES_MAX || message->descriptor->n_fields == 0)
        return;
    types->seen[types->count++] = message;
    add_type_section(out, message);
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        struct field field = message_field_at(message, message->written_order[i]);
        if (field_is_message(field) && !field_is_time(field) && !field_is_mask(field) && !field.declaration->is_map)
            add_types(out, types, field.declaration->message);
    }
}

void docs_write(const struct rest *rest, struct buffer *out)
{
    add_head(out, "Souk");
    buffer_add_string(out, "<p>A headless commerce engine. <a href=\"/openapi.json\">/openapi.json</a> says the same to programs, "
                           "<a href=\"/v1\">/v1</a> is where to begin, <a href=\"/docs/problems\">problems</a> are listed apart.</p>\n<nav>");
    for (size_t i = 0; i < rest->options.service_count; i++)
        if (directory_find(rest->options.directory, rest->options.services[i]->name) != NULL)
            buffer_printf(out, "<a href=\"#%s\">%s</a>", rest->options.services[i]->name, rest->options.services[i]->name);
    buffer_add_string(out, "<a href=\"#types\">types</a></nav>\n");
    for (size_t i = 0; i < rest->options.service_count; i++)
        if (directory_find(rest->options.directory, rest->options.services[i]->name) != NULL)
            add_service(out, rest, rest->options.services[i]);
    buffer_add_string(out, "<h2 id=\"types\">types</h2>\n");
    struct types types = {.count = 0};
    for (const struct route *route = route_first(rest->routes); route != NULL; route = route->next)
        if (route->method != NULL)
            add_types(out, &types, route->method->output);
    add_end(out);
}

/* --- problems --------------------------------------------------------------------------------------------------------------------- */

void docs_write_problems(struct buffer *out)
{
    add_head(out, "Problems");
    buffer_add_string(out, "<p>Every answer that is not a success is <code>application/problem+json</code> (RFC 9457) with one of these "
                           "codes; codes are stable.</p>\n<table>\n<tr><th>code</th><th>status</th><th>title</th></tr>\n");
    for (int result = RESULT_OK + 1; result < RESULT_COUNT; result++) {
        const struct result_row *row = result_row((enum result)result);
        buffer_printf(out, "<tr id=\"%s\"><td><code>%s</code></td><td>%d</td><td>%s</td></tr>\n", row->wire, row->wire,
                      row->http_status, row->title);
    }
    buffer_add_string(out, "</table>\n");
    add_end(out);
}
