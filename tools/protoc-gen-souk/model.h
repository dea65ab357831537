/*
 * The model: what the contracts say, with every name resolved.
 *
 * protoc hands over descriptors full of strings; here a field points at its message, a link at its method, and everything knows its
 * file, line and comment. model_read() only reads: what makes no sense stays NULL, and check.c says why and refuses.
 * Lists are in the order of the files' names, and within a file in its order, so the output is the same every time.
 */
#ifndef SOUK_GENERATOR_MODEL_H
#define SOUK_GENERATOR_MODEL_H

#include "options.h"
#include "google/protobuf/compiler/plugin.pb-c.h"

#include <stdbool.h>
#include <string.h>

struct message;
struct method;

struct file;

/* What everything declared has; the first member of most of the following. */
struct declared {
    const struct file *file;
    int line;              /* from 1 */
    const char *name;      /* "Product" */
    const char *full_name; /* "souk.catalog.v1.Product" */
    const char *comment;   /* paragraphs apart by an empty line; "" when there is none */
};

struct file {
    struct file *next;
    struct declared top; /* the first line */
    const Google__Protobuf__FileDescriptorProto *proto;
    const char *name;      /* "souk/catalog/v1/catalog.proto" */
    const char *stem;      /* "souk/catalog/v1/catalog" */
    const char *package;   /* "souk.catalog.v1" */
    const char *c_package; /* "catalog"; NULL when the package counts */
    bool wanted;           /* asked for on protoc's command line */
};

struct enum_value {
    struct declared is;
    int number;
    const char *json_name;
};
struct enumeration {
    struct declared is;
    struct enumeration *next;
    const char *c_name; /* "catalog__product_status" */
    struct enum_value *values;
    size_t value_count;
};

struct field {
    struct declared is;
    const Google__Protobuf__FieldDescriptorProto *proto;
    const Souk__FieldRule *rule;
    bool repeated; /* a map too */
    bool is_map;
    bool in_oneof;
    struct message *message; /* of message type; NULL otherwise */
    struct enumeration *enumeration;
};

struct binding {
    const char *left, *right; /* "left=right"; an empty right when there is no '=' */
};
struct link {
    const Souk__Link *rule;
    struct method *method; /* NULL when there is no such method */
    bool action;
    struct binding *bindings, *matches;
    size_t binding_count, match_count;
};

struct message {
    struct declared is;
    struct message *next;
    const Google__Protobuf__DescriptorProto *proto;
    const Souk__MessageRule *rule;
    const char *c_type; /* "Catalog__Product" */
    const char *c_name; /* "catalog__product" */
    bool is_map_entry;
    struct field *fields; /* in the order of the .proto */
    size_t field_count;
    struct field **by_number; /* in the order of protobuf-c's descriptor */
    struct link *links;
    size_t link_count;
    struct method *get; /* behind the self link */
    bool is_public;     /* an operation open to the world takes or answers it */
    int mark;           /* for check.c: how far its search for recursion came */
};

struct route {
    const char *verb, *path;
    const char *body, *response_body; /* NULL: none */
    const char **variables;           /* "product" of "/v1/products/{product}" */
    size_t variable_count;
};

struct method {
    struct declared is;
    struct service *service;
    const Google__Protobuf__MethodDescriptorProto *proto;
    const Souk__MethodRule *rule;
    struct message *input, *output;
    struct method *progress; /* NULL when there is none of the name in rule->progress */
    struct method *streams;  /* likewise */
    const char *c_name;  /* "catalog__catalog__get_product" */
    const char *handler; /* "catalog_get_product" */
    unsigned index;
    struct route *routes;
    size_t route_count;
};

struct service {
    struct declared is;
    struct service *next;
    const Google__Protobuf__ServiceDescriptorProto *proto;
    const Souk__ServiceRule *rule; /* rule->name: "catalog" */
    const char *c_name;            /* "catalog__catalog" */
    struct method *methods;
    size_t method_count;
};

struct model {
    struct file *files;
    struct message *messages; /* nested ones after the one around them */
    struct enumeration *enums;
    struct service *services;
};

struct model *model_read(const Google__Protobuf__Compiler__CodeGeneratorRequest *request);

/* NULL when there is none of that name. */
struct message *model_message(const struct model *model, const char *full_name);
struct service *model_package_service(const struct model *model, const char *package);
struct field *message_field(const struct message *message, const char *name);
/* The field that a path like "variants.sku" ends at; NULL when there is no such path. `repeated` tells whether it went through, or
 * ends in, a repeated field. */
struct field *message_path(const struct message *message, const char *path, bool *repeated);
/* What the method answers: the type of its `items` when that is a list, otherwise the answer itself. */
struct message *method_item(const struct method *method);

/* A stream is made of the pages of a list, by the gateways: no handler, no client. */
static inline bool method_is_stream(const struct method *method)
{
    return method->proto->server_streaming;
}

static inline bool message_is_event(const struct message *message)
{
    return *message->rule->stream != '\0';
}
static inline bool message_is_empty(const struct message *message)
{
    return strcmp(message->is.full_name, "google.protobuf.Empty") == 0;
}
/* Types of Google's that have declarations by hand (src/platform/rpc/well_known.h). */
bool message_is_well_known(const struct message *message);

#endif
