#include "model.h"

#include "names.h"
#include "words.h"

#include <stdlib.h>

/* --- comments and lines ------------------------------------------------------------------------------------------------ */

/* Where in a file something is: field numbers of descriptor.proto and indices in turn, as source_code_info has it. */
struct path {
    int32_t at[64];
    size_t length;
};

/* Field numbers in descriptor.proto. */
enum {
    FILE_MESSAGE = 4,
    FILE_ENUM = 5,
    FILE_SERVICE = 6,
    MESSAGE_FIELD = 2,
    MESSAGE_MESSAGE = 3,
    MESSAGE_ENUM = 4,
    ENUM_VALUE = 2,
    SERVICE_METHOD = 2,
};

static struct path path_down(struct path path, int32_t number, size_t index)
{
    if (path.length + 2 > sizeof(path.at) / sizeof(path.at[0]))
        return path; /* 31 messages deep: lines and comments will be those of the message around */
    path.at[path.length++] = number;
    path.at[path.length++] = (int32_t)index;
    return path;
}

static const Google__Protobuf__SourceCodeInfo__Location *location_at(const struct file *file,
                                                                     const struct path *path)
{
    const Google__Protobuf__SourceCodeInfo *info = file->proto->source_code_info;
    for (size_t i = 0; info && i < info->n_location; i++) {
        const Google__Protobuf__SourceCodeInfo__Location *location = info->location[i];
        if (location->n_path == path->length &&
            memcmp(location->path, path->at, path->length * sizeof(path->at[0])) == 0)
            return location;
    }
    return NULL;
}

/* Lines become one, paragraphs stay apart. */
static const char *comment_text(const char *raw)
{
    char *out = copied("", 0);
    bool paragraph_ended = false;
    for (char *line; (line = next_part(&raw, '\n'));) {
        if (!*line) {
            paragraph_ended = true;
            continue;
        }
        out = formatted("%s%s%s", out, !*out ? "" : paragraph_ended ? "\n\n" : " ", line);
        paragraph_ended = false;
    }
    return out;
}

static struct declared declare(const struct file *file, const struct path *path, const char *scope, const char *name)
{
    const Google__Protobuf__SourceCodeInfo__Location *location = location_at(file, path);
    const char *comment = !location                              ? NULL
                          : given(location->leading_comments) ? location->leading_comments
                                                                : location->trailing_comments;
    return (struct declared){
        .file = file,
        .line = location && location->n_span ? location->span[0] + 1 : 1,
        .name = name,
        .full_name = *scope ? formatted("%s.%s", scope, name) : name,
        .comment = comment_text(comment),
    };
}

/* --- reading, first pass: what there is --------------------------------------------------------------------------------- */

#define APPEND(list, item)                                                                               \
    do {                                                                                                 \
        __typeof__(&(list)) end_ = &(list);                                                              \
        while (*end_)                                                                                    \
            end_ = &(*end_)->next;                                                                       \
        *end_ = (item);                                                                                  \
    } while (0)

static void read_enum(struct model *model, struct file *file, struct path path, const char *scope,
                      const Google__Protobuf__EnumDescriptorProto *proto)
{
    struct enumeration *enumeration = ALLOCATE(struct enumeration, 1);
    enumeration->is = declare(file, &path, scope, proto->name);
    enumeration->c_name = name_c(enumeration->is.full_name, file->package, file->c_package);
    enumeration->value_count = proto->n_value;
    enumeration->values = ALLOCATE(struct enum_value, proto->n_value);
    const char *within_package = enumeration->is.full_name + strlen(file->package) + (*file->package ? 1 : 0);
    for (size_t i = 0; i < proto->n_value; i++) {
        struct path value_path = path_down(path, ENUM_VALUE, i);
        enumeration->values[i] = (struct enum_value){
            .is = declare(file, &value_path, scope, proto->value[i]->name),
            .number = proto->value[i]->number,
            .json_name = name_enum_json(within_package, proto->value[i]->name),
        };
    }
    APPEND(model->enums, enumeration);
}

static void read_fields(struct message *message, const struct path *path)
{
    message->field_count = message->proto->n_field;
    message->fields = ALLOCATE(struct field, message->field_count);
    for (size_t i = 0; i < message->field_count; i++) {
        const Google__Protobuf__FieldDescriptorProto *proto = message->proto->field[i];
        struct path field_path = path_down(*path, MESSAGE_FIELD, i);
        message->fields[i] = (struct field){
            .is = declare(message->is.file, &field_path, message->is.full_name, proto->name),
            .proto = proto,
            .rule = options_field(proto->options),
            .repeated = proto->label == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_REPEATED,
            .in_oneof = proto->has_oneof_index,
        };
    }
}

static int compare_numbers(const void *a, const void *b)
{
    return (*(struct field *const *)a)->proto->number - (*(struct field *const *)b)->proto->number;
}

static void order_fields(struct message *message)
{
    message->by_number = ALLOCATE(struct field *, message->field_count);
    for (size_t i = 0; i < message->field_count; i++)
        message->by_number[i] = &message->fields[i];
    qsort(message->by_number, message->field_count, sizeof(struct field *), compare_numbers);
}

static void read_message(struct model *model, struct file *file, struct path path, const char *scope,
                         const Google__Protobuf__DescriptorProto *proto)
{
    struct message *message = ALLOCATE(struct message, 1);
    message->is = declare(file, &path, scope, proto->name);
    message->proto = proto;
    message->rule = options_message(proto->options);
    message->c_type = name_c_type(message->is.full_name, file->package, file->c_package);
    message->c_name = name_c(message->is.full_name, file->package, file->c_package);
    message->is_map_entry = proto->options && proto->options->map_entry;
    read_fields(message, &path);
    order_fields(message);
    APPEND(model->messages, message);
    for (size_t i = 0; i < proto->n_nested_type; i++)
        read_message(model, file, path_down(path, MESSAGE_MESSAGE, i), message->is.full_name, proto->nested_type[i]);
    for (size_t i = 0; i < proto->n_enum_type; i++)
        read_enum(model, file, path_down(path, MESSAGE_ENUM, i), message->is.full_name, proto->enum_type[i]);
}

static void read_service(struct model *model, struct file *file, struct path path,
                         const Google__Protobuf__ServiceDescriptorProto *proto)
{
    struct service *service = ALLOCATE(struct service, 1);
    service->is = declare(file, &path, file->package, proto->name);
    service->proto = proto;
    service->rule = options_service(proto->options);
    service->c_name = name_c(service->is.full_name, file->package, file->c_package);
    service->method_count = proto->n_method;
    service->methods = ALLOCATE(struct method, proto->n_method);
    for (size_t i = 0; i < proto->n_method; i++) {
        struct method *method = &service->methods[i];
        struct path method_path = path_down(path, SERVICE_METHOD, i);
        method->is = declare(file, &method_path, service->is.full_name, proto->method[i]->name);
        method->service = service;
        method->proto = proto->method[i];
        method->rule = options_method(proto->method[i]->options);
        method->c_name = formatted("%s__%s", service->c_name, name_lower(method->is.name));
        method->handler = name_handler(service->rule->name, method->is.name);
        method->index = (unsigned)i;
    }
    APPEND(model->services, service);
}

static bool is_wanted(const Google__Protobuf__Compiler__CodeGeneratorRequest *request, const char *name)
{
    for (size_t i = 0; i < request->n_file_to_generate; i++) {
        if (same(request->file_to_generate[i], name))
            return true;
    }
    return false;
}

static void read_file(struct model *model, const Google__Protobuf__Compiler__CodeGeneratorRequest *request,
                      const Google__Protobuf__FileDescriptorProto *proto)
{
    struct file *file = ALLOCATE(struct file, 1);
    file->top = (struct declared){.file = file, .line = 1};
    file->proto = proto;
    file->name = proto->name;
    file->stem = copied(proto->name, strlen(proto->name) - (ends_with(proto->name, ".proto") ? 6 : 0));
    file->package = proto->package ? proto->package : "";
    file->c_package = options_c_package(proto->options);
    file->wanted = is_wanted(request, proto->name);
    APPEND(model->files, file);

    struct path top = {0};
    for (size_t i = 0; i < proto->n_message_type; i++)
        read_message(model, file, path_down(top, FILE_MESSAGE, i), file->package, proto->message_type[i]);
    for (size_t i = 0; i < proto->n_enum_type; i++)
        read_enum(model, file, path_down(top, FILE_ENUM, i), file->package, proto->enum_type[i]);
    for (size_t i = 0; i < proto->n_service; i++)
        read_service(model, file, path_down(top, FILE_SERVICE, i), proto->service[i]);
}

/* --- second pass: what they mean by their names ------------------------------------------------------------------------- */

static const char *without_dot(const char *type_name)
{
    return type_name && *type_name == '.' ? type_name + 1 : type_name;
}

struct message *model_message(const struct model *model, const char *full_name)
{
    for (struct message *message = model->messages; message; message = message->next) {
        if (same(message->is.full_name, full_name))
            return message;
    }
    return NULL;
}

static struct enumeration *model_enum(const struct model *model, const char *full_name)
{
    for (struct enumeration *enumeration = model->enums; enumeration; enumeration = enumeration->next) {
        if (same(enumeration->is.full_name, full_name))
            return enumeration;
    }
    return NULL;
}

struct service *model_package_service(const struct model *model, const char *package)
{
    for (struct service *service = model->services; service; service = service->next) {
        if (same(service->is.file->package, package))
            return service;
    }
    return NULL;
}

static struct method *model_method(const struct model *model, const char *full_name)
{
    for (struct service *service = model->services; service; service = service->next) {
        for (size_t i = 0; i < service->method_count; i++) {
            if (same(service->methods[i].is.full_name, full_name))
                return &service->methods[i];
        }
    }
    return NULL;
}

static void resolve_fields(const struct model *model, struct message *message)
{
    for (size_t i = 0; i < message->field_count; i++) {
        struct field *field = &message->fields[i];
        const char *type = without_dot(field->proto->type_name);
        if (!type)
            continue;
        field->message = model_message(model, type);
        field->enumeration = model_enum(model, type);
        field->is_map = field->message && field->message->is_map_entry;
    }
}

static struct binding *read_bindings(const char *text, size_t *count)
{
    size_t most = 1;
    for (const char *at = text; *at; at++)
        most += *at == ',';
    struct binding *bindings = ALLOCATE(struct binding, most);
    *count = 0;
    const char *rest = given(text);
    for (char *part; (part = next_part(&rest, ','));) {
        const char *right = part;
        const char *left = next_part(&right, '=');
        bindings[(*count)++] = (struct binding){left, right ? right : ""};
    }
    return bindings;
}

static void resolve_links(const struct model *model, struct message *message)
{
    const struct service *own = model_package_service(model, message->is.file->package);
    message->link_count = message->rule->n_links;
    message->links = ALLOCATE(struct link, message->link_count);
    for (size_t i = 0; i < message->link_count; i++) {
        struct link *link = &message->links[i];
        link->rule = message->rule->links[i];
        const char *name = link->rule->method;
        if (!strchr(name, '.') && own)
            name = formatted("%s.%s", own->is.full_name, name);
        link->method = model_method(model, name);
        link->bindings = read_bindings(link->rule->bind, &link->binding_count);
        link->matches = read_bindings(link->rule->match, &link->match_count);
    }
}

static struct method *method_named(const struct service *service, const char *name)
{
    for (size_t i = 0; i < service->method_count; i++)
        if (same(service->methods[i].is.name, name))
            return &service->methods[i];
    return NULL;
}

static void resolve_methods(struct service *service)
{
    for (size_t i = 0; i < service->method_count; i++) {
        service->methods[i].progress = method_named(service, service->methods[i].rule->progress);
        service->methods[i].streams = method_named(service, service->methods[i].rule->streams);
    }
}

static void read_variables(struct route *route)
{
    route->variables = ALLOCATE(const char *, strlen(route->path));
    for (const char *at = strchr(route->path, '{'); at; at = strchr(at, '{')) {
        const char *end = strchr(at, '}');
        if (!end)
            return;
        route->variables[route->variable_count++] = copied(at + 1, (size_t)(end - at - 1));
        at = end;
    }
}

static struct route read_route(const Google__Api__HttpRule *rule)
{
    struct route route = {.verb = "", .path = ""};
    switch (rule->pattern_case) {
    case GOOGLE__API__HTTP_RULE__PATTERN_GET:
        route.verb = "GET", route.path = rule->get;
        break;
    case GOOGLE__API__HTTP_RULE__PATTERN_PUT:
        route.verb = "PUT", route.path = rule->put;
        break;
    case GOOGLE__API__HTTP_RULE__PATTERN_POST:
        route.verb = "POST", route.path = rule->post;
        break;
    case GOOGLE__API__HTTP_RULE__PATTERN_DELETE:
        route.verb = "DELETE", route.path = rule->delete_;
        break;
    case GOOGLE__API__HTTP_RULE__PATTERN_PATCH:
        route.verb = "PATCH", route.path = rule->patch;
        break;
    default: /* none, or custom: check.c refuses an empty verb */
        break;
    }
    route.body = given(rule->body);
    route.response_body = given(rule->response_body);
    read_variables(&route);
    return route;
}

static void resolve_method(const struct model *model, struct method *method)
{
    method->input = model_message(model, without_dot(method->proto->input_type));
    method->output = model_message(model, without_dot(method->proto->output_type));
    const Google__Api__HttpRule *rule = options_http(method->proto->options);
    if (!rule)
        return;
    method->route_count = 1 + rule->n_additional_bindings;
    method->routes = ALLOCATE(struct route, method->route_count);
    method->routes[0] = read_route(rule);
    for (size_t i = 0; i < rule->n_additional_bindings; i++)
        method->routes[i + 1] = read_route(rule->additional_bindings[i]);
}

/* The method behind a resource's self link: its canonical route is a GET of one variable that answers the resource to the world. */
static void resolve_get(struct method *method)
{
    if (method->rule->internal || !method->route_count || !method->output || method->output->get)
        return;
    const struct route *route = &method->routes[0];
    if (same(route->verb, "GET") && route->variable_count == 1 && !route->response_body && *method->output->rule->resource)
        method->output->get = method;
}

static void make_public(struct message *message)
{
    if (!message || message->is_public)
        return;
    message->is_public = true;
    for (size_t i = 0; i < message->field_count; i++)
        make_public(message->fields[i].message);
}

static int compare_file_names(const void *a, const void *b)
{
    const Google__Protobuf__FileDescriptorProto *const *one = a, *const *other = b;
    return strcmp((*one)->name, (*other)->name);
}

/* What changes something. A saga behind a GET only puts together what it reads. */
static bool is_action(const struct method *method)
{
    if (method->rule->kind == SOUK__METHOD_RULE__KIND__QUERY)
        return false;
    return method->route_count == 0 || !same(method->routes[0].verb, "GET");
}

static void resolve_actions(struct message *message)
{
    for (size_t i = 0; i < message->link_count; i++) {
        struct link *link = &message->links[i];
        link->action = link->method && is_action(link->method);
    }
}

struct model *model_read(const Google__Protobuf__Compiler__CodeGeneratorRequest *request)
{
    struct model *model = ALLOCATE(struct model, 1);
    const Google__Protobuf__FileDescriptorProto **protos =
        ALLOCATE(const Google__Protobuf__FileDescriptorProto *, request->n_proto_file);
    memcpy(protos, request->proto_file, request->n_proto_file * sizeof(protos[0]));
    qsort(protos, request->n_proto_file, sizeof(protos[0]), compare_file_names);
    for (size_t i = 0; i < request->n_proto_file; i++)
        read_file(model, request, protos[i]);

    for (struct message *message = model->messages; message; message = message->next) {
        resolve_fields(model, message);
        resolve_links(model, message);
    }
    for (struct service *service = model->services; service; service = service->next) {
        for (size_t i = 0; i < service->method_count; i++) {
            struct method *method = &service->methods[i];
            resolve_method(model, method);
            resolve_get(method);
            if (!method->rule->internal) {
                make_public(method->input);
                make_public(method->output);
            }
        }
    }
    for (struct service *service = model->services; service; service = service->next)
        resolve_methods(service);
    for (struct message *message = model->messages; message; message = message->next)
        resolve_actions(message);
    return model;
}

/* --- questions ---------------------------------------------------------------------------------------------------------- */

struct field *message_field(const struct message *message, const char *name)
{
    for (size_t i = 0; i < message->field_count; i++) {
        if (same(message->fields[i].is.name, name))
            return &message->fields[i];
    }
    return NULL;
}

struct field *message_path(const struct message *message, const char *path, bool *repeated)
{
    struct field *field = NULL;
    *repeated = false;
    for (char *part; (part = next_part(&path, '.'));) {
        field = message ? message_field(message, part) : NULL;
        if (!field)
            return NULL;
        *repeated = *repeated || field->repeated;
        message = field->message;
    }
    return field;
}

struct message *method_item(const struct method *method)
{
    const struct field *items = message_field(method->output, "items");
    return items && items->repeated && items->message ? items->message : method->output;
}

bool message_is_well_known(const struct message *message)
{
    static const char *const names[] = {"google.protobuf.Empty", "google.protobuf.Timestamp",
                                        "google.protobuf.FieldMask"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (same(message->is.full_name, names[i]))
            return true;
    }
    return false;
}
