#include "check.h"

#include "names.h"
#include "platform/rpc/call.h"
#include "words.h"

#include <ctype.h>
#include <errno.h>
#include <regex.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct refusal {
    struct refusal *next;
    const struct declared *at;
    const char *sentence;
};
/* In the order of the files, and of the lines in each, so that an author can go through them from the top. */
static struct refusal *refusals;

static bool is_after(const struct declared *a, const struct declared *b)
{
    int order = strcmp(a->file->name, b->file->name);
    return order ? order > 0 : a->line > b->line;
}

static void refuse(const struct declared *at, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void refuse(const struct declared *at, const char *format, ...)
{
    char *sentence = NULL;
    va_list arguments;
    va_start(arguments, format);
    if (vasprintf(&sentence, format, arguments) < 0)
        abort();
    va_end(arguments);

    struct refusal **place = &refusals;
    while (*place && !is_after((*place)->at, at))
        place = &(*place)->next;
    struct refusal *refusal = ALLOCATE(struct refusal, 1);
    *refusal = (struct refusal){.next = *place, .at = at, .sentence = sentence};
    *place = refusal;
}

static const char *every_refusal(void)
{
    char *lines = NULL;
    for (const struct refusal *refusal = refusals; refusal; refusal = refusal->next)
        lines = formatted("%s%s%s:%d: %s", lines ? lines : "", lines ? "\n" : "", refusal->at->file->name, refusal->at->line,
                          refusal->sentence);
    return lines;
}

/* --- values ------------------------------------------------------------------------------------------------------------ */

bool check_int64(const char *text, int64_t *number)
{
    const char *digits = *text == '-' ? text + 1 : text;
    char *end;
    errno = 0;
    *number = strtoll(text, &end, 10);
    return *digits >= '0' && *digits <= '9' && !*end && errno == 0;
}

static bool is_scope(const char *name)
{
#define SCOPE_CASE(bit, wire)                                                                            \
    if (same(name, wire))                                                                                \
        return true;
    SCOPE_TABLE(SCOPE_CASE)
#undef SCOPE_CASE
    return false;
}

static const char *every_scope(void)
{
#define SCOPE_WORD(bit, wire) " " wire
    return SCOPE_TABLE(SCOPE_WORD);
#undef SCOPE_WORD
}

static void check_scope_name(const struct declared *at, const char *name)
{
    if (*name && !is_scope(name))
        refuse(at, "there is no scope \"%s\". Take one of SCOPE_TABLE in src/platform/rpc/call.h:%s.", name, every_scope());
}

static void check_documented(const struct declared *at, const char *what)
{
    if (!*at->comment)
        refuse(at, "%s %s has no comment. Say in a sentence above it what it is; the reference is made of these.", what,
               at->name);
}

/* --- fields ------------------------------------------------------------------------------------------------------------ */

static bool is_type(const struct field *field, Google__Protobuf__FieldDescriptorProto__Type type)
{
    return field->proto->type == type;
}
#define IS_TYPE(field, name) is_type((field), GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_##name)

static bool is_number(const struct field *field)
{
    return !field->message && !field->enumeration && !IS_TYPE(field, STRING) && !IS_TYPE(field, BYTES) &&
           !IS_TYPE(field, BOOL);
}

static void check_number_limits(const struct field *field)
{
    const Souk__FieldRule *rule = field->rule;
    const char *limits[] = {rule->minimum, rule->maximum};
    int64_t numbers[2] = {INT64_MIN, INT64_MAX};
    for (int i = 0; i < 2; i++) {
        if (!*limits[i])
            continue;
        if (!is_number(field))
            refuse(&field->is, "%s has a %s, but is not a number. Texts have max_length, lists max_items.", field->is.name,
                   i ? "maximum" : "minimum");
        if (!check_int64(limits[i], &numbers[i]))
            refuse(&field->is, "the %s of %s, \"%s\", is not a whole number of 64 bits. Write it as digits: \"100\".",
                   i ? "maximum" : "minimum", field->is.name, limits[i]);
    }
    if (numbers[0] > numbers[1])
        refuse(&field->is, "the minimum of %s is above its maximum.", field->is.name);
}

static void check_size_limits(const struct field *field, const char *what, int64_t least, int64_t most, bool applies,
                              const char *applies_to)
{
    if ((least || most) && !applies)
        refuse(&field->is, "%s has limits of its %s, but those are for %s.", field->is.name, what, applies_to);
    if (least < 0 || most < 0 || (most && least > most))
        refuse(&field->is, "the limits of the %s of %s leave nothing: give 0 <= minimum <= maximum.", what, field->is.name);
}

/* OpenAPI's readers take the pattern for ECMAScript's, so it may hold only what both understand alike. */
static void check_pattern_portable(const struct field *field)
{
    const char *pattern = field->rule->pattern;
    for (const char *at = pattern; *at; at++) {
        if (*at == '\\' && (isalnum((unsigned char)at[1]) || !at[1])) {
            refuse(&field->is, "the pattern of %s says \\%c, which is not the same in every dialect. Write a class: \"[0-9]\".",
                   field->is.name, at[1]);
            return;
        }
        if (*at == '\\')
            at++;
    }
    if (strstr(pattern, "[:") || strstr(pattern, "[.") || strstr(pattern, "[="))
        refuse(&field->is, "the pattern of %s names a class as only POSIX does. Write its ranges: \"[A-Za-z]\".",
               field->is.name);
}

static void check_pattern(const struct field *field)
{
    const char *pattern = field->rule->pattern;
    if (!*pattern)
        return;
    check_pattern_portable(field);
    regex_t compiled;
    int status = regcomp(&compiled, formatted("^(%s)$", pattern), REG_EXTENDED | REG_NOSUB);
    if (status == 0) {
        regfree(&compiled);
        return;
    }
    char why[128];
    regerror(status, &compiled, why, sizeof why);
    refuse(&field->is, "the pattern of %s does not compile (%s). Write a POSIX extended regular expression: \"%s\".",
           field->is.name, why, pattern);
}

static void check_field_type(const struct field *field)
{
    if (field->proto->proto3_optional)
        refuse(&field->is,
               "%s is `optional`, which protobuf-c can't read. Use a message type, or a oneof with this one member.",
               field->is.name);
    if (field->message && !field->message->is.file->wanted && !message_is_well_known(field->message))
        refuse(&field->is, "%s is a %s, which has no JSON form here. Take a type of Souk's own, google.protobuf.Timestamp, "
                           "or one more in src/platform/rpc/well_known.c.",
               field->is.name, field->message->is.full_name);
    if (IS_TYPE(field, GROUP))
        refuse(&field->is, "%s is a group. Use a message.", field->is.name);
    if (field->is_map && !IS_TYPE(&field->message->fields[0], STRING))
        refuse(&field->is, "%s is a map whose keys are not strings, but names in JSON are. Use map<string, …>.",
               field->is.name);
}

static void check_field(const struct field *field)
{
    const Souk__FieldRule *rule = field->rule;
    check_field_type(field);
    check_number_limits(field);
    const struct field *text = field->is_map ? &field->message->fields[1] : field; /* a map's limits are its values' */
    check_size_limits(field, "length", rule->min_length, rule->max_length, IS_TYPE(text, STRING) || IS_TYPE(text, BYTES),
                      "strings and bytes");
    check_size_limits(field, "items", rule->min_items, rule->max_items, field->repeated, "repeated fields and maps");
    check_pattern(field);
    check_scope_name(&field->is, rule->scope);
    if ((*rule->pattern || rule->format) && !IS_TYPE(text, STRING))
        refuse(&field->is, "%s has a pattern or format, but is not a string.", field->is.name);
    if (rule->output_only && (rule->required || rule->input_only))
        refuse(&field->is, "%s is output_only, so it can't be required or input_only too. Drop one.", field->is.name);
}

/* --- messages ---------------------------------------------------------------------------------------------------------- */

enum { MARK_UNSEEN, MARK_OPEN, MARK_CLOSED };

static void check_recursion(struct message *message)
{
    message->mark = MARK_OPEN;
    for (size_t i = 0; i < message->field_count; i++) {
        struct field *field = &message->fields[i];
        if (!field->message || field->message->mark == MARK_CLOSED)
            continue;
        if (field->message->mark == MARK_UNSEEN)
            check_recursion(field->message);
        else
            refuse(&field->is, "%s makes %s contain itself, and protobuf-c reads such a message without end until the "
                               "process crashes. Refer to it by its id.",
                   field->is.name, field->message->is.name);
    }
    message->mark = MARK_CLOSED;
}

static void check_resource(const struct message *message)
{
    const char *resource = message->rule->resource;
    if (!*resource)
        return;
    const struct field *version = message_field(message, "version");
    if (version && (version->repeated || !IS_TYPE(version, INT64)))
        refuse(&version->is, "the version of a resource counts its changes, for ETag and If-Match. Make it an int64.");
    if (message_is_event(message))
        refuse(&message->is, "%s is a resource and an event. Make the event a message of its own.", message->is.name);
    if (!message->get)
        return;
    const char *variable = message->get->routes[0].variables[0];
    if (!message_field(message, variable) && !message_field(message, "id"))
        refuse(&message->is, "the self link of \"%s\" is \"%s\", but the resource has no field to fill it. Give it `id`.",
               resource, message->get->routes[0].path);
}

static void check_event(const struct model *model, const struct message *message)
{
    if (!message_is_event(message))
        return;
    if (strchr(message->is.full_name + strlen(message->is.file->package) + 1, '.'))
        refuse(&message->is, "%s is an event within a message. Move it out: its functions bear its name alone.",
               message->is.name);
    if (!model_package_service(model, message->is.file->package))
        refuse(&message->is, "%s is an event, but package %s has no service to apply it. Move it beside its service.",
               message->is.name, message->is.file->package);
}

/* Packages that share a c_package share a namespace in C. */
static void check_c_name(const struct model *model, const struct message *message)
{
    for (const struct message *other = model->messages; other != message; other = other->next) {
        if (other->is.file->wanted && same(other->c_name, message->c_name))
            refuse(&message->is, "%s and %s would both be %s in C. Rename one, or give its file another c_package.",
                   other->is.full_name, message->is.full_name, message->c_name);
    }
}

static void check_message(const struct model *model, struct message *message)
{
    if (!message->is_map_entry) {
        for (size_t i = 0; i < message->field_count; i++)
            check_field(&message->fields[i]);
    }
    if (message->mark == MARK_UNSEEN)
        check_recursion(message);
    check_c_name(model, message);
    check_resource(message);
    check_event(model, message);
    if (!message->is_public || message->is_map_entry)
        return;
    check_documented(&message->is, "message");
    for (size_t i = 0; i < message->field_count; i++)
        check_documented(&message->fields[i].is, formatted("field %s's", message->is.name));
}

/* --- links ------------------------------------------------------------------------------------------------------------- */

static bool same_type(const struct field *a, const struct field *b)
{
    return a->proto->type == b->proto->type && a->message == b->message && a->enumeration == b->enumeration;
}

static bool link_binds(const struct link *link, const char *variable)
{
    for (size_t i = 0; i < link->binding_count; i++) {
        if (same(link->bindings[i].left, variable))
            return true;
    }
    return false;
}

static void check_binding(const struct message *message, const struct link *link, const struct binding *binding)
{
    const char *rel = link->rule->rel;
    bool repeated;
    struct field *to = message_field(link->method->input, binding->left);
    struct field *from = message_path(message, binding->right, &repeated);
    if (!*binding->right)
        refuse(&message->is, "link \"%s\" binds \"%s\" to nothing. Write field=path: \"product=id\".", rel, binding->left);
    else if (!to)
        refuse(&message->is, "link \"%s\" binds \"%s\", which is no field of %s.", rel, binding->left,
               link->method->input->is.name);
    else if (!from)
        refuse(&message->is, "link \"%s\" takes \"%s\", which is no field of %s.", rel, binding->right, message->is.name);
    else if (repeated && !to->repeated)
        refuse(&message->is, "link \"%s\" takes \"%s\", which is a list, for %s.%s, which is not.", rel, binding->right,
               link->method->input->is.name, binding->left);
    else if (!same_type(from, to))
        refuse(&message->is, "link \"%s\" binds %s to %s, but their types differ.", rel, binding->left, binding->right);
}

static void check_match(const struct message *message, const struct link *link, const struct binding *match)
{
    bool repeated;
    const struct message *item = method_item(link->method);
    struct field *left = message_path(item, match->left, &repeated);
    struct field *right = *match->right ? message_path(message, match->right, &repeated) : NULL;
    if (!left)
        refuse(&message->is, "link \"%s\" matches \"%s\", which is no field of %s.", link->rule->rel, match->left,
               item->is.name);
    else if (!right)
        refuse(&message->is, "link \"%s\" matches with \"%s\", which is no field of %s. Write field=path: \"sku=variants.sku\".",
               link->rule->rel, match->right, message->is.name);
    else if (!same_type(left, right))
        refuse(&message->is, "link \"%s\" matches %s with %s, but their types differ.", link->rule->rel, match->left,
               match->right);
}

static bool enum_has(const struct enumeration *enumeration, const char *json_name)
{
    for (size_t i = 0; i < enumeration->value_count; i++) {
        if (same(enumeration->values[i].json_name, json_name))
            return true;
    }
    return false;
}

static void check_condition(const struct message *message, const struct link *link, const char *rest)
{
    bool repeated; /* then one of the values has to be among those named */
    const char *path = next_part(&rest, '=');
    struct field *field = message_path(message, path, &repeated);
    if (!field || !rest) {
        refuse(&message->is, "link \"%s\" looks at \"%s\", which is no field of %s. Write field=value|value: "
                             "\"status=placed|paid\".",
               link->rule->rel, path, message->is.name);
        return;
    }
    if (!field->enumeration && !IS_TYPE(field, STRING) && !IS_TYPE(field, BOOL))
        refuse(&message->is, "link \"%s\" looks at %s, which is neither an enum nor a string nor a bool.", link->rule->rel, path);
    rest = given(rest);
    for (char *value; (value = next_part(&rest, '|'));) {
        if (field->enumeration && !enum_has(field->enumeration, value))
            refuse(&message->is, "link \"%s\" waits for %s=%s, but %s has no such value. Write it as in JSON, in lower case.",
                   link->rule->rel, path, value, field->enumeration->is.name);
    }
}

static void check_when(const struct message *message, const struct link *link)
{
    const char *rest = given(link->rule->when);
    for (char *condition; (condition = next_part(&rest, ','));)
        check_condition(message, link, condition);
}

static void check_link(const struct message *message, const struct link *link)
{
    const char *rel = link->rule->rel;
    if (!*rel)
        refuse(&message->is, "a link of %s has no `rel`. Give it the name it shall have in _links.", message->is.name);
    for (const struct link *other = message->links; other < link; other++) {
        if (same(other->rule->rel, rel))
            refuse(&message->is, "%s has two links \"%s\". Rename one.", message->is.name, rel);
    }
    if (!link->method) {
        refuse(&message->is, "link \"%s\" leads to %s, which there is not. Name a method of the same service, or in full: "
                             "\"souk.inventory.v1.Inventory.GetStock\".",
               rel, *link->rule->method ? link->rule->method : "no method");
        return;
    }
    for (size_t i = 0; i < link->binding_count; i++)
        check_binding(message, link, &link->bindings[i]);
    for (size_t i = 0; i < link->match_count; i++)
        check_match(message, link, &link->matches[i]);
    check_when(message, link);
    const struct route *route = link->method->route_count ? &link->method->routes[0] : NULL;
    if (link->action && !route)
        refuse(&message->is, "link \"%s\" is an action without a route, so nobody could follow it. Give %s a google.api.http.", rel,
               link->method->is.name);
    for (size_t i = 0; route && i < route->variable_count; i++) {
        if (!link_binds(link, route->variables[i]))
            refuse(&message->is, "link \"%s\" does not bind {%s} of %s \"%s\". Add \"%s=…\" to its `bind`.", rel,
                   route->variables[i], route->verb, route->path, route->variables[i]);
    }
}

/* --- enums ------------------------------------------------------------------------------------------------------------- */

static void check_enum(const struct enumeration *enumeration)
{
    const struct enum_value *first = &enumeration->values[0]; /* protoc sees to it that there is one, and that it is 0 */
    if (!ends_with(first->is.name, "UNSPECIFIED"))
        refuse(&first->is, "the value 0 of %s is %s. Name it %s_UNSPECIFIED: it stands for \"not given\" and is never sent.",
               enumeration->is.name, first->is.name, name_upper(enumeration->is.name));
    for (size_t i = 0; i < enumeration->value_count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (same(enumeration->values[i].json_name, enumeration->values[j].json_name))
                refuse(&enumeration->values[i].is, "%s and %s are both \"%s\" in JSON. Rename one.",
                       enumeration->values[i].is.name, enumeration->values[j].is.name, enumeration->values[i].json_name);
        }
    }
}

/* --- methods ----------------------------------------------------------------------------------------------------------- */

static void check_variables(const struct method *method, const struct route *route)
{
    for (size_t i = 0; i < route->variable_count; i++) {
        const char *variable = route->variables[i];
        const struct field *field = message_field(method->input, variable);
        if (!field)
            refuse(&method->is, "{%s} of \"%s\" is no field of %s. Name the field that the path fills.", variable, route->path,
                   method->input->is.name);
        else if (field->repeated || field->message || IS_TYPE(field, BYTES))
            refuse(&method->is, "{%s} of \"%s\" is a list, a message or bytes; a path has room for one plain value.", variable,
                   route->path);
        for (size_t j = 0; j < i; j++) {
            if (same(route->variables[j], variable))
                refuse(&method->is, "{%s} comes twice in \"%s\".", variable, route->path);
        }
    }
}

static void check_body(const struct method *method, const struct route *route)
{
    const bool file = *method->rule->media_type;
    if (route->body && same(route->verb, "GET"))
        refuse(&method->is, "GET \"%s\" has a body. Drop the body, or take POST.", route->path);
    if (route->response_body && !message_field(method->output, route->response_body))
        refuse(&method->is, "the response_body \"%s\" is no field of %s.", route->response_body, method->output->is.name);
    if (!route->body || same(route->body, "*")) {
        if (file)
            refuse(&method->is, "the body of \"%s\" is a file (media_type), so `body` must name the bytes field that takes it.",
                   route->path);
        return;
    }
    const struct field *field = message_field(method->input, route->body);
    if (!field)
        refuse(&method->is, "the body \"%s\" is no field of %s. Name one, or \"*\" for all that the path does not fill.",
               route->body, method->input->is.name);
    else if (file ? !IS_TYPE(field, BYTES) || field->repeated : !field->message || field->repeated)
        refuse(&method->is, file ? "the body \"%s\" takes a file, so it must be of type bytes."
                                 : "the body \"%s\" must be a message, or be given as \"*\".",
               route->body);
}

/* What the path and the body leave of the request comes in the query, as ?name=value, or ?name.key=value for a map. */
static void check_query(const struct method *method, const struct route *route)
{
    for (size_t i = 0; i < method->input->field_count && !(route->body && same(route->body, "*")); i++) {
        const struct field *field = &method->input->fields[i];
        bool travels = field->is_map ? !field->message->fields[1].message
                                     : !field->message || message_is_well_known(field->message);
        if (!travels && !(route->body && same(route->body, field->is.name)))
            refuse(&method->is, "%s of %s would have to come in the query of %s \"%s\", but is a message. Name it as the body.",
                   field->is.name, method->input->is.name, route->verb, route->path);
    }
}

static void check_path(const struct method *method, const struct route *route)
{
    if (*route->path != '/')
        refuse(&method->is, "the path \"%s\" does not begin with \"/\".", route->path);
    for (const char *at = route->path; *at; at++) {
        if (strchr("*=:?#%", *at)) {
            refuse(&method->is, "the path \"%s\" has a '%c'. Paths are words and {fields} between slashes.", route->path, *at);
            return;
        }
    }
    const char *rest = route->path;
    for (char *segment; (segment = next_part(&rest, '/'));) {
        const char *open = strpbrk(segment, "{}");
        if (open && (open != segment || *segment != '{' || strpbrk(segment + 1, "{}") != segment + strlen(segment) - 1 ||
                     !ends_with(segment, "}")))
            refuse(&method->is, "the segment \"%s\" of \"%s\" is neither a word nor one {field}.", segment, route->path);
    }
}

static void check_route(const struct method *method, const struct route *route)
{
    if (!*route->verb) {
        refuse(&method->is, "%s has a google.api.http without get, put, post, delete or patch. Give it one.", method->is.name);
        return;
    }
    check_path(method, route);
    check_variables(method, route);
    check_body(method, route);
    check_query(method, route);
    if (same(route->verb, "GET") && method->rule->kind == SOUK__METHOD_RULE__KIND__COMMAND)
        refuse(&method->is, "GET \"%s\" is a command, but a GET must change nothing. Make it a QUERY, or take POST.", route->path);
}

static bool is_stream(const struct model *model, const char *package, const char *stream)
{
    for (const struct message *message = model->messages; message; message = message->next) {
        if (same(message->is.file->package, package) && same(message->rule->stream, stream))
            return true;
    }
    return false;
}

/* The package of the service of that name; NULL when there is none. */
static const char *package_of(const struct model *model, const char *service_name)
{
    for (const struct service *service = model->services; service; service = service->next)
        if (same(service->rule->name, service_name))
            return service->is.file->package;
    return NULL;
}

/* "inventory:stock/{variants.sku}" */
static void check_copy(const struct model *model, const struct method *method, const char *copy)
{
    const char *rest = copy;
    const char *service = next_part(&rest, ':');
    const char *package = rest ? package_of(model, service) : NULL;
    const char *key = rest;
    const char *stream = rest ? next_part(&key, '/') : "";
    size_t length = key ? strlen(key) : 0;
    bool repeated;
    if (!method->rule->n_history)
        refuse(&method->is, "%s has copies, but no history that they would belong to.", method->is.name);
    if (!package || !is_stream(model, package, stream))
        refuse(&method->is, "the copy \"%s\" is of no service's streams. Write \"service:stream/{field}\".", copy);
    else if (length < 3 || key[0] != '{' || key[length - 1] != '}' ||
             !message_path(method->output, copied(key + 1, length - 2), &repeated))
        refuse(&method->is, "the copy \"%s\" has no key that is a {field} of %s.", copy, method->output->is.name);
}

/* "products/{category}" */
static void check_tag(const struct method *method, const char *tag)
{
    const char *key = tag;
    const char *kind = next_part(&key, '/');
    size_t length = key ? strlen(key) : 0;
    bool repeated;
    if (!method->rule->cache_seconds)
        refuse(&method->is, "%s has tags, but no cache_seconds that they would be of use to.", method->is.name);
    if (!*kind || length == 0 ||
        (!same(key, "*") && (length < 3 || key[0] != '{' || key[length - 1] != '}' ||
                             !message_path(method->input, copied(key + 1, length - 2), &repeated))))
        refuse(&method->is, "the tag \"%s\" is neither \"kind/*\" nor \"kind/{field}\" with a field of %s.", tag, method->input->is.name);
}

static void check_history(const struct model *model, const struct method *method, const char *history)
{
    const char *key = history;
    const char *stream = next_part(&key, '/');
    if (!is_stream(model, method->is.file->package, stream))
        refuse(&method->is, "the history \"%s\" is of streams \"%s\", but no event of package %s has that stream.", history, stream,
               method->is.file->package);
    if (method->rule->kind == SOUK__METHOD_RULE__KIND__COMMAND)
        refuse(&method->is, "%s has a history, but a command can't be given as of a time.", method->is.name);
    if (key && same(key, "*"))
        return;
    size_t length = key ? strlen(key) : 0;
    if (length < 3 || key[0] != '{' || key[length - 1] != '}') {
        refuse(&method->is, "the history \"%s\" has no key. Write \"%s/{id}\", with a field of the answer or the request, or \"%s/*\".",
               history, stream, stream);
        return;
    }
    bool repeated;
    const char *field = copied(key + 1, length - 2);
    if (!message_path(method->output, field, &repeated) && !message_path(method->input, field, &repeated))
        refuse(&method->is, "{%s} of the history \"%s\" is a field of neither %s nor %s.", field, history,
               method->output->is.name, method->input->is.name);
}

/* "GetCheckout" */
static void check_progress(const struct method *method)
{
    const char *name = method->rule->progress;
    const struct method *progress = method->progress;
    if (!*name)
        return;
    if (method->rule->kind != SOUK__METHOD_RULE__KIND__SAGA)
        refuse(&method->is, "%s has a progress, but only a saga goes on after its answer.", method->is.name);
    if (!progress)
        refuse(&method->is, "the progress \"%s\" is no method of the same service.", name);
    else if (progress->route_count == 0 || !same(progress->routes[0].verb, "GET") || progress->routes[0].variable_count != 1 ||
             !*progress->output->rule->resource)
        refuse(&method->is, "the progress %s is no GET of a resource by one {field}.", name);
}

/* A list that is streamed goes on from where it is. */
static void check_follow(const struct method *method)
{
    const struct field *items = message_field(method->output, "items");
    const struct field *places[] = {message_field(method->input, "cursor"), message_field(method->output, "position"),
                                    items && items->message ? message_field(items->message, "cursor") : NULL};
    for (size_t i = 0; i < 3; i++) {
        if (places[i] && IS_TYPE(places[i], STRING) && !places[i]->repeated)
            continue;
        refuse(&method->is, "%s can be followed, so its request and its items need a `cursor`, and its answer a `position`: strings.",
               method->is.name);
        return;
    }
}

/* One request; and as answers, if there are several, what a list has. */
static void check_streaming(const struct method *method)
{
    const struct method *list = method->streams;
    const struct field *items = list ? message_field(list->output, "items") : NULL;
    if (method->proto->client_streaming)
        refuse(&method->is, "%s takes a stream. Every call has one request here.", method->is.name);
    else if (!method_is_stream(method) && !*method->rule->streams)
        return;
    else if (!method_is_stream(method))
        refuse(&method->is, "%s says what it streams, and returns no stream.", method->is.name);
    else if (!list || !*list->rule->follow || !items || !items->message)
        refuse(&method->is, "%s streams, so it needs a list of the same service that can be followed: streams: \"ListThings\".", method->is.name);
    else if (method->input != list->input || method->output != items->message)
        refuse(&method->is, "%s streams %s, so it takes what that takes and returns what its items are.", method->is.name, list->is.name);
    else if (!same(method->rule->scope, list->rule->scope) || method->rule->internal != list->rule->internal)
        refuse(&method->is, "%s streams %s, so it is for the same people: scope and internal as there.", method->is.name, list->is.name);
    else if (method->route_count || method->rule->kind != SOUK__METHOD_RULE__KIND__QUERY || *method->rule->follow)
        refuse(&method->is, "%s streams, so it is a query without a route: REST streams where the list is.", method->is.name);
}

static void check_method(const struct model *model, const struct method *method)
{
    const Souk__MethodRule *rule = method->rule;
    check_streaming(method);
    if (rule->internal && method->route_count)
        refuse(&method->is, "%s is internal and has a route. Drop one.", method->is.name);
    if (rule->success && (rule->success < 200 || rule->success > 299))
        refuse(&method->is, "the success of %s is %d; a status of success is 200 to 299.", method->is.name, rule->success);
    if (rule->cache_seconds && (rule->cache_seconds < 0 || *rule->scope || rule->kind != SOUK__METHOD_RULE__KIND__QUERY))
        refuse(&method->is, "%s has cache_seconds, but shared caches may only keep the answers of queries open to everyone.",
               method->is.name);
    if (*rule->follow)
        check_follow(method);
    check_scope_name(&method->is, rule->scope);
    for (size_t i = 0; i < method->route_count; i++)
        check_route(method, &method->routes[i]);
    for (size_t i = 0; i < rule->n_history; i++)
        check_history(model, method, rule->history[i]);
    for (size_t i = 0; i < rule->n_tags; i++)
        check_tag(method, rule->tags[i]);
    for (size_t i = 0; i < rule->n_copies; i++)
        check_copy(model, method, rule->copies[i]);
    check_progress(method);
    if (!rule->internal)
        check_documented(&method->is, "method");
}

/* --- services ---------------------------------------------------------------------------------------------------------- */

static bool is_name(const char *name)
{
    return *name >= 'a' && *name <= 'z' && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(name);
}

static void check_service_name(const struct model *model, const struct service *service)
{
    const char *name = service->rule->name;
    if (!is_name(name)) {
        refuse(&service->is, "service %s needs a name in lower case: option (souk.service).name = \"%s\".", service->is.name,
               name_lower(service->is.name));
        return;
    }
    for (const struct service *other = model->services; other != service; other = other->next) {
        if (same(other->rule->name, name))
            refuse(&service->is, "the name \"%s\" is already %s's. Take another.", name, other->is.full_name);
        else if (same(other->is.file->package, service->is.file->package))
            refuse(&service->is, "package %s has two services, %s and %s. A package is one service: give each its own.",
                   service->is.file->package, other->is.name, service->is.name);
    }
}

/* The functions that a service's author writes, and those the generator writes for them, must all have different names. */
static void check_functions(const struct model *model, const struct service *service)
{
    for (size_t i = 0; i < service->method_count; i++) {
        const struct method *method = &service->methods[i];
        for (size_t j = 0; j < i; j++) {
            if (same(method->handler, service->methods[j].handler))
                refuse(&method->is, "%s and %s would both be the function %s(). Rename one.", service->methods[j].is.name,
                       method->is.name, method->handler);
        }
        for (const struct message *event = model->messages; event; event = event->next) {
            const char *event_name = name_lower(event->is.name), *name = service->rule->name;
            if (message_is_event(event) && same(event->is.file->package, service->is.file->package) &&
                (same(method->handler, formatted("%s_apply_%s", name, event_name)) ||
                 same(method->handler, formatted("%s_emit_%s", name, event_name))))
                refuse(&method->is, "the handler of %s and a function of event %s would both be %s(). Rename one.",
                       method->is.name, event->is.name, method->handler);
        }
    }
}

/* "/v1/products/{}" for "/v1/products/{product}": names of variables don't tell routes apart. */
static const char *route_shape(const char *path)
{
    char *shape = ALLOCATE(char, strlen(path) + 1), *at = shape;
    bool within = false;
    for (; *path; path++) {
        if (*path == '}')
            within = false;
        if (!within)
            *at++ = *path;
        if (*path == '{')
            within = true;
    }
    return shape;
}

static void check_route_is_first(const struct model *model, const struct method *method, const struct route *route)
{
    for (const struct service *service = model->services; service; service = service->next) {
        for (size_t i = 0; i < service->method_count; i++) {
            const struct method *other = &service->methods[i];
            for (size_t j = 0; j < other->route_count; j++) {
                if (&other->routes[j] == route)
                    return;
                if (same(other->routes[j].verb, route->verb) &&
                    same(route_shape(other->routes[j].path), route_shape(route->path))) {
                    refuse(&method->is, "%s \"%s\" is already the way to %s. Change one of the paths.", route->verb, route->path,
                           other->is.full_name);
                    return;
                }
            }
        }
    }
}

static void check_service(const struct model *model, const struct service *service)
{
    check_documented(&service->is, "service");
    check_service_name(model, service);
    check_functions(model, service);
    for (size_t i = 0; i < service->method_count; i++) {
        const struct method *method = &service->methods[i];
        check_method(model, method);
        for (size_t j = 0; j < method->route_count; j++)
            check_route_is_first(model, method, &method->routes[j]);
    }
}

/* ----------------------------------------------------------------------------------------------------------------------- */

const char *check_model(const struct model *model)
{
    for (const struct file *file = model->files; file; file = file->next) {
        if (file->wanted && (!file->proto->syntax || !same(file->proto->syntax, "proto3")))
            refuse(&file->top, "this is not proto3. Begin with: syntax = \"proto3\";");
    }
    for (struct message *message = model->messages; message; message = message->next) {
        if (!message->is.file->wanted)
            continue;
        check_message(model, message);
        for (size_t i = 0; i < message->link_count; i++)
            check_link(message, &message->links[i]);
    }
    for (const struct enumeration *enumeration = model->enums; enumeration; enumeration = enumeration->next) {
        if (enumeration->is.file->wanted)
            check_enum(enumeration);
    }
    for (const struct service *service = model->services; service; service = service->next) {
        if (service->is.file->wanted)
            check_service(model, service);
    }
    return every_refusal();
}
