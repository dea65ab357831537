/*
 * X.souk.c: the tables of messages, enums and methods.
 */
#include "check.h"
#include "emit.h"
#include "words.h"

#define INDENT "    "
#define DEEPER "        "

/* --- enums ------------------------------------------------------------------------------------------------------------- */

static void emit_enum(FILE *out, const struct enumeration *enumeration)
{
    fprintf(out, "\nstatic const struct enum_value_declaration %s__values[] = {\n", enumeration->c_name);
    for (size_t i = 0; i < enumeration->value_count; i++) {
        const struct enum_value *value = &enumeration->values[i];
        fprintf(out, INDENT "{\n" DEEPER ".number = %d,\n", value->number);
        emit_string_member(out, DEEPER, "json_name", value->json_name);
        emit_string_member(out, DEEPER, "comment", value->is.comment);
        fputs(INDENT "},\n", out);
    }
    fprintf(out, "};\nconst struct enum_declaration %s__declaration = {\n", enumeration->c_name);
    fprintf(out, INDENT ".descriptor = &%s__descriptor,\n", enumeration->c_name);
    fprintf(out, INDENT ".values = %s__values,\n", enumeration->c_name);
    emit_number_member(out, INDENT, "value_count", (int64_t)enumeration->value_count);
    emit_string_member(out, INDENT, "comment", enumeration->is.comment);
    fputs("};\n", out);
}

/* --- fields ------------------------------------------------------------------------------------------------------------ */

static const char *format_name(Souk__FieldRule__Format format)
{
    static const char *const names[] = {
        [SOUK__FIELD_RULE__FORMAT__NONE] = NULL,
        [SOUK__FIELD_RULE__FORMAT__EMAIL] = "FORMAT_EMAIL",
        [SOUK__FIELD_RULE__FORMAT__CURRENCY] = "FORMAT_CURRENCY",
        [SOUK__FIELD_RULE__FORMAT__COUNTRY] = "FORMAT_COUNTRY",
        [SOUK__FIELD_RULE__FORMAT__URL] = "FORMAT_URL",
        [SOUK__FIELD_RULE__FORMAT__SLUG] = "FORMAT_SLUG",
        [SOUK__FIELD_RULE__FORMAT__SKU] = "FORMAT_SKU",
        [SOUK__FIELD_RULE__FORMAT__ID] = "FORMAT_ID",
        [SOUK__FIELD_RULE__FORMAT__LANGUAGE] = "FORMAT_LANGUAGE",
        [SOUK__FIELD_RULE__FORMAT__JSON] = "FORMAT_JSON",
    };
    return names[format];
}

static void emit_number_limit(FILE *out, const char *name, const char *limit)
{
    int64_t number;
    if (!*limit || !check_int64(limit, &number))
        return;
    fprintf(out, DEEPER ".has_%s = true,\n", name);
    emit_number_member(out, DEEPER, name, number);
}

static void emit_field(FILE *out, const struct field *field)
{
    const Souk__FieldRule *rule = field->rule;
    const char *format = format_name(rule->format);
    bool always = !rule->omit_empty && !field->in_oneof && (field->repeated || !field->message);

    fputs(INDENT "{\n", out);
    emit_string_member(out, DEEPER, "json_name", field->proto->json_name);
    emit_string_member(out, DEEPER, "comment", field->is.comment);
    if (field->message)
        fprintf(out, DEEPER ".message = &%s__declaration,\n", field->message->c_name);
    if (field->enumeration)
        fprintf(out, DEEPER ".enumeration = &%s__declaration,\n", field->enumeration->c_name);
    if (format)
        fprintf(out, DEEPER ".format = %s,\n", format);
    emit_flag_member(out, DEEPER, "required", rule->required);
    emit_flag_member(out, DEEPER, "output_only", rule->output_only);
    emit_flag_member(out, DEEPER, "input_only", rule->input_only);
    emit_flag_member(out, DEEPER, "immutable", rule->immutable);
    emit_flag_member(out, DEEPER, "is_map", field->is_map);
    emit_flag_member(out, DEEPER, "personal", rule->personal);
    emit_flag_member(out, DEEPER, "secret", rule->secret);
    emit_flag_member(out, DEEPER, "always", always);
    emit_string_member(out, DEEPER, "scope", given(rule->scope));
    emit_number_member(out, DEEPER, "min_length", rule->min_length);
    emit_number_member(out, DEEPER, "max_length", rule->max_length);
    emit_number_limit(out, "minimum", rule->minimum);
    emit_number_limit(out, "maximum", rule->maximum);
    emit_number_member(out, DEEPER, "min_items", rule->min_items);
    emit_number_member(out, DEEPER, "max_items", rule->max_items);
    emit_string_member(out, DEEPER, "pattern", given(rule->pattern));
    fputs(INDENT "},\n", out);
}

static void emit_fields(FILE *out, const struct message *message)
{
    fprintf(out, "static const struct field_declaration %s__fields[] = {\n", message->c_name);
    for (size_t i = 0; i < message->field_count; i++)
        emit_field(out, message->by_number[i]);
    fputs("};\n", out);

    fprintf(out, "static const unsigned %s__written_order[] = {", message->c_name);
    for (size_t i = 0; i < message->field_count; i++) {
        size_t place = 0;
        while (message->by_number[place] != &message->fields[i])
            place++;
        fprintf(out, "%s%zu", i ? ", " : "", place);
    }
    fputs("};\n", out);
}

/* --- messages ---------------------------------------------------------------------------------------------------------- */

/* Names and values hold none, so whoever reads the tables need not look for them. */
static const char *without_blanks(const char *text)
{
    char *out = ALLOCATE(char, strlen(text) + 1), *at = out;
    for (; *text; text++) {
        if (*text != ' ')
            *at++ = *text;
    }
    return out;
}

static void emit_links(FILE *out, const struct message *message)
{
    fprintf(out, "static const struct link_declaration %s__links[] = {\n", message->c_name);
    for (size_t i = 0; i < message->link_count; i++) {
        const struct link *link = &message->links[i];
        fputs(INDENT "{\n", out);
        emit_string_member(out, DEEPER, "rel", link->rule->rel);
        emit_string_member(out, DEEPER, "comment", link->rule->description);
        fprintf(out, DEEPER ".method = &%s__method,\n", link->method->c_name);
        emit_string_member(out, DEEPER, "bind", without_blanks(link->rule->bind));
        emit_string_member(out, DEEPER, "match", given(without_blanks(link->rule->match)));
        emit_string_member(out, DEEPER, "when", given(without_blanks(link->rule->when)));
        emit_flag_member(out, DEEPER, "action", link->action);
        emit_flag_member(out, DEEPER, "single", link->rule->single);
        fputs(INDENT "},\n", out);
    }
    fputs("};\n", out);
}

static void emit_message(FILE *out, const struct message *message)
{
    fputc('\n', out);
    if (message->field_count)
        emit_fields(out, message);
    if (message->link_count)
        emit_links(out, message);
    fprintf(out, "const struct message_declaration %s__declaration = {\n", message->c_name);
    fprintf(out, INDENT ".descriptor = &%s__descriptor,\n", message->c_name);
    emit_string_member(out, INDENT, "comment", message->is.comment);
    if (message->field_count) {
        fprintf(out, INDENT ".fields = %s__fields,\n", message->c_name);
        fprintf(out, INDENT ".written_order = %s__written_order,\n", message->c_name);
    }
    emit_string_member(out, INDENT, "resource", given(message->rule->resource));
    if (message->get)
        fprintf(out, INDENT ".get = &%s__method,\n", message->get->c_name);
    if (message->link_count) {
        fprintf(out, INDENT ".links = %s__links,\n", message->c_name);
        emit_number_member(out, INDENT, "link_count", (int64_t)message->link_count);
    }
    fputs("};\n", out);
}

/* --- methods ----------------------------------------------------------------------------------------------------------- */

static const char *kind_name(Souk__MethodRule__Kind kind)
{
    switch (kind) {
    case SOUK__METHOD_RULE__KIND__COMMAND:
        return "METHOD_COMMAND";
    case SOUK__METHOD_RULE__KIND__SAGA:
        return "METHOD_SAGA";
    default:
        return "METHOD_QUERY";
    }
}

static void emit_routes(FILE *out, const struct method *method)
{
    fprintf(out, "static const struct http_declaration %s__http[] = {\n", method->c_name);
    for (size_t i = 0; i < method->route_count; i++) {
        const struct route *route = &method->routes[i];
        fputs(INDENT "{\n", out);
        emit_string_member(out, DEEPER, "verb", route->verb);
        emit_string_member(out, DEEPER, "path", route->path);
        emit_string_member(out, DEEPER, "body", route->body);
        emit_string_member(out, DEEPER, "response_body", route->response_body);
        fputs(INDENT "},\n", out);
    }
    fputs("};\n", out);
}

static void emit_streams(FILE *out, const struct method *method, const char *what, char *const *streams, size_t count)
{
    fprintf(out, "static const char *const %s__%s[] = {", method->c_name, what);
    for (size_t i = 0; i < count; i++) {
        emit_string(out, streams[i]);
        fputs(", ", out);
    }
    fputs("NULL};\n", out);
}

static const char *urgency_name(Souk__MethodRule__Urgency urgency)
{
    switch (urgency) {
    case SOUK__METHOD_RULE__URGENCY__REPORT:
        return "URGENCY_REPORT";
    case SOUK__METHOD_RULE__URGENCY__BROWSE:
        return "URGENCY_BROWSE";
    case SOUK__METHOD_RULE__URGENCY__CART:
        return "URGENCY_CART";
    case SOUK__METHOD_RULE__URGENCY__PAY:
        return "URGENCY_PAY";
    default:
        return "URGENCY_BY_KIND";
    }
}

static int success_of(const struct method *method)
{
    if (method->rule->success)
        return method->rule->success;
    return message_is_empty(method->output) ? 204 : 200;
}

static void emit_method(FILE *out, const struct method *method)
{
    const Souk__MethodRule *rule = method->rule;
    fputc('\n', out);
    if (method->route_count)
        emit_routes(out, method);
    if (rule->n_history)
        emit_streams(out, method, "history", rule->history, rule->n_history);
    if (rule->n_tags)
        emit_streams(out, method, "tags", rule->tags, rule->n_tags);
    if (rule->n_copies)
        emit_streams(out, method, "copies", rule->copies, rule->n_copies);
    fprintf(out, "const struct method_declaration %s__method = {\n", method->c_name);
    emit_string_member(out, INDENT, "name", method->is.name);
    emit_string_member(out, INDENT, "full_name", method->is.full_name);
    emit_string_member(out, INDENT, "service", method->service->rule->name);
    emit_number_member(out, INDENT, "index", method->index);
    emit_string_member(out, INDENT, "comment", method->is.comment);
    fprintf(out, INDENT ".kind = %s,\n", kind_name(rule->kind));
    if (rule->urgency)
        fprintf(out, INDENT ".urgency = %s,\n", urgency_name(rule->urgency));
    fprintf(out, INDENT ".input = &%s__declaration,\n", method->input->c_name);
    fprintf(out, INDENT ".output = &%s__declaration,\n", method->output->c_name);
    if (method->route_count)
        fprintf(out, INDENT ".http = %s__http,\n", method->c_name);
    emit_number_member(out, INDENT, "http_count", (int64_t)method->route_count);
    emit_flag_member(out, INDENT, "internal", rule->internal);
    emit_string_member(out, INDENT, "scope", given(rule->scope));
    emit_number_member(out, INDENT, "success", success_of(method));
    emit_flag_member(out, INDENT, "key_required", rule->key_required);
    emit_flag_member(out, INDENT, "settled", rule->settled);
    emit_flag_member(out, INDENT, "bulk", *rule->media_type);
    emit_string_member(out, INDENT, "media_type", given(rule->media_type));
    emit_string_member(out, INDENT, "follow", given(rule->follow));
    emit_number_member(out, INDENT, "cache_seconds", rule->cache_seconds);
    if (rule->n_history)
        fprintf(out, INDENT ".history = %s__history,\n", method->c_name);
    if (rule->n_tags)
        fprintf(out, INDENT ".tags = %s__tags,\n", method->c_name);
    if (rule->n_copies)
        fprintf(out, INDENT ".copies = %s__copies,\n", method->c_name);
    if (method->progress)
        fprintf(out, INDENT ".progress = &%s__method,\n", method->progress->c_name);
    if (method->streams)
        fprintf(out, INDENT ".streams = &%s__method,\n", method->streams->c_name);
    fputs("};\n", out);
}

/* --- what they refer to elsewhere -------------------------------------------------------------------------------------- */

static void emit_include(FILE *out, const struct file *file, const struct message *message, const char **seen,
                         size_t *seen_count)
{
    const char *header = header_of(message);
    if (message->is.file == file)
        return;
    for (size_t i = 0; i < *seen_count; i++) {
        if (same(seen[i], header))
            return;
    }
    seen[(*seen_count)++] = header;
    fprintf(out, "#include \"%s\"\n", header);
}

static void emit_enum_include(FILE *out, const struct file *file, const struct enumeration *enumeration, const char **seen,
                              size_t *seen_count)
{
    struct message stand_in = {.is = enumeration->is};
    emit_include(out, file, &stand_in, seen, seen_count);
}

static void emit_includes(FILE *out, const struct model *model, const struct file *file)
{
    size_t file_count = 0, seen_count = 0;
    for (const struct file *each = model->files; each; each = each->next)
        file_count++;
    const char **seen = ALLOCATE(const char *, file_count);

    for (const struct message *message = model->messages; message; message = message->next) {
        for (size_t i = 0; message->is.file == file && i < message->field_count; i++) {
            if (message->fields[i].message)
                emit_include(out, file, message->fields[i].message, seen, &seen_count);
            if (message->fields[i].enumeration)
                emit_enum_include(out, file, message->fields[i].enumeration, seen, &seen_count);
        }
    }
    for (const struct service *service = model->services; service; service = service->next) {
        for (size_t i = 0; service->is.file == file && i < service->method_count; i++) {
            emit_include(out, file, service->methods[i].input, seen, &seen_count);
            emit_include(out, file, service->methods[i].output, seen, &seen_count);
        }
    }
}

/* A method of another file is declared here by hand: including that file's header would show this service its functions. */
static void emit_method_reference(FILE *out, const struct file *file, const struct method *method)
{
    if (method && method->is.file != file)
        fprintf(out, "extern const struct method_declaration %s__method;\n", method->c_name);
}

static void emit_method_references(FILE *out, const struct model *model, const struct file *file)
{
    for (const struct message *message = model->messages; message; message = message->next) {
        if (message->is.file != file)
            continue;
        emit_method_reference(out, file, message->get);
        for (size_t i = 0; i < message->link_count; i++)
            emit_method_reference(out, file, message->links[i].method);
    }
}

void emit_declarations(FILE *out, const struct model *model, const struct file *file)
{
    emit_origin(out, file->name);
    fprintf(out, "#include \"%s.souk.h\"\n\n", file->stem);
    emit_includes(out, model, file);
    emit_method_references(out, model, file);
    for (const struct enumeration *enumeration = model->enums; enumeration; enumeration = enumeration->next) {
        if (enumeration->is.file == file)
            emit_enum(out, enumeration);
    }
    for (const struct message *message = model->messages; message; message = message->next) {
        if (message->is.file == file)
            emit_message(out, message);
    }
    for (const struct service *service = model->services; service; service = service->next) {
        for (size_t i = 0; service->is.file == file && i < service->method_count; i++)
            emit_method(out, &service->methods[i]);
    }
}
