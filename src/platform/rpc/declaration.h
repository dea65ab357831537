/*
 * Declarations: what the .proto files say beyond protobuf-c's descriptors.
 *
 * tools/protoc-gen-souk writes them as constant tables at build time, beside protobuf-c's own output; the gateways read them.
 * Nothing interprets .proto text at run time. The meaning of each option is documented in proto/souk/options.proto.
 */
#ifndef SOUK_PLATFORM_DECLARATION_H
#define SOUK_PLATFORM_DECLARATION_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct message_declaration;
struct method_declaration;

enum field_format {
    FORMAT_NONE,
    FORMAT_EMAIL,
    FORMAT_CURRENCY, /* ISO 4217, three capitals */
    FORMAT_COUNTRY,  /* ISO 3166-1 alpha-2, two capitals */
    FORMAT_URL,      /* absolute http or https, or a path of ours that starts with / */
    FORMAT_SLUG,
    FORMAT_SKU,
    FORMAT_ID,
    FORMAT_LANGUAGE, /* BCP 47 */
    FORMAT_JSON,     /* an object in JSON; in answers only */
};

struct enum_value_declaration {
    int number;
    const char *json_name; /* "draft" for PRODUCT_STATUS_DRAFT of enum ProductStatus */
    const char *comment;
};
struct enum_declaration {
    const ProtobufCEnumDescriptor *descriptor;
    const struct enum_value_declaration *values; /* in the order of the .proto; number 0 is "unspecified": never
                                                    written, refused in requests */
    size_t value_count;
    const char *comment;
};

struct field_declaration {
    const char *json_name; /* lowerCamelCase */
    const char *comment;   /* "" when there is none */
    const struct message_declaration *message;  /* of a field of message type */
    const struct enum_declaration *enumeration; /* of a field of enum type */
    enum field_format format;
    bool required;    /* google.api.field_behavior */
    bool output_only; /* refused in requests */
    bool input_only;  /* never answered */
    bool immutable;   /* only when creating */
    bool is_map;      /* map<string, …>: an object in JSON */
    bool personal, secret;
    bool always;   /* written even when zero or empty: every scalar, list and map that is not marked `omit_empty` and is
                      not one choice of a oneof */
    const char *scope; /* only answered to actors with this scope; NULL for everyone */
    int64_t min_length, max_length; /* code points of a string, octets of bytes, or of a map's values; max 0: none */
    bool has_minimum, has_maximum;
    int64_t minimum, maximum; /* of a number */
    int64_t min_items, max_items; /* of a repeated field or map; max 0: none */
    const char *pattern; /* ECMAScript and POSIX extended at once; the whole text matches; NULL for none */
};

struct link_declaration {
    const char *rel;
    const char *comment;
    const struct method_declaration *method; /* what the link calls; may belong to another service */
    /* "product=id": the request's field, and the path in this message whose value it gets. A path through a repeated field
     * gives a list, for a repeated field of the request: "skus=variants.sku". More than one binding: separated by commas. */
    const char *bind;
    /* For lists of this message: the field of an answered item that says whose it is, as "sku=variants.sku"; NULL when the method
     * can't be asked for many at once. */
    const char *match; /* an item is one of the answer's `items`, or the answer itself where it has none */
    /* Only while the state allows it: "status=placed|paid"; NULL for always. */
    const char *when;
    bool action; /* changes something: appears in _links with its "method", is not followed by ?embed= */
    bool single; /* the embedded answer is the one matching item, not the list */
};

struct message_declaration {
    const ProtobufCMessageDescriptor *descriptor;
    const char *comment;
    const struct field_declaration *fields; /* in the order of descriptor->fields (by number) */
    const unsigned *written_order;          /* indices of fields in the order of the .proto: the order of our JSON */
    const char *resource; /* "product": has a self link, an ETag from `version`, a cache tag; NULL otherwise */
    const struct method_declaration *get; /* the method behind its self link; NULL when it has none */
    const struct link_declaration *links;
    size_t link_count;
};

enum method_kind {
    METHOD_QUERY,   /* reads; runs on a reader */
    METHOD_COMMAND, /* decides and emits; runs on the service's writer */
    METHOD_SAGA     /* a sequence of calls; runs on the caller's loop */
};

/* What goes on longest when there is too much to do comes last. */
enum method_urgency {
    URGENCY_BY_KIND, /* as platform/service/shed.h says */
    URGENCY_REPORT,
    URGENCY_BROWSE,
    URGENCY_CART,
    URGENCY_PAY,
    URGENCY_COUNT
};

struct http_declaration {
    const char *verb;          /* "GET" … */
    const char *path;          /* "/v1/products/{product}/reviews" */
    const char *body;          /* "*", a field's name, or NULL for none */
    const char *response_body; /* a field's name, or NULL for the whole answer */
};

struct method_declaration {
    const char *name;         /* "GetProduct" */
    const char *full_name;    /* "souk.catalog.v1.Catalog.GetProduct" */
    const char *service;      /* "catalog", as in the directory */
    unsigned index;           /* into the service table */
    const char *comment;
    enum method_kind kind;
    enum method_urgency urgency;
    const struct message_declaration *input;
    const struct message_declaration *output; /* google.protobuf.Empty is 204 */
    const struct http_declaration *http; /* the first is the canonical one */
    size_t http_count;        /* 0: no way in from REST */
    bool internal;            /* for other services only: no gateway shows it */
    const char *scope;        /* NULL: public */
    int success;              /* the HTTP status of success */
    bool key_required;        /* Idempotency-Key */
    bool settled;             /* answer when the listening services have caught up */
    bool bulk;                /* the body is a file: LIMIT_HTTP_IMPORT_BODY, LIMIT_BULK_ARENA, media type `media_type` */
    const char *media_type;   /* what a bulk body is sent as, "text/csv, application/json"; NULL for JSON */
    const char *follow;       /* a list that can be streamed: the resource whose changes make it longer; NULL: it can't */
    int cache_seconds;        /* shared caches may keep the answer so long; 0: private, no-store */
    const char *const *history; /* the streams to replay for ?asOf=: "product/{id}"; NULL-terminated, NULL: no ?asOf= */
    const char *const *tags;    /* what makes a list old beside its items: "products/{category}"; NULL-terminated or NULL */
    const char *const *copies;  /* what it shows of others, for ?asOf=: "inventory:stock/{variants.sku}"; NULL-terminated or NULL */
    const struct method_declaration *progress; /* tells how it goes on when its answer takes long (202), by the last segment of the Location;
                                                  NULL when nothing does */
    const struct method_declaration *streams; /* it has no handler and is never invoked: gateways answer with the items of this list, those
                                                 that are there and those to come; NULL: a method like any other */
};

struct context;
struct saga;
struct tx;
struct event;

/* A handler of a query or a command, typed by the generated wrapper. */
typedef int (*method_handler)(struct context *context, const ProtobufCMessage *request, ProtobufCMessage *answer);

struct event_declaration {
    const char *name;      /* "souk.catalog.v1.ProductCreated" */
    const char *comment;
    const char *stream;    /* "product": its streams are product/{key} */
    unsigned version;      /* of the event's schema */
    const struct message_declaration *message;
    /* Write the tables; can't fail, sees no clock. */
    void (*apply)(struct tx *tx, const struct event *event, const ProtobufCMessage *data);
};

struct service_declaration {
    const char *name;      /* "catalog" */
    const char *full_name; /* "souk.catalog.v1.Catalog" */
    const char *comment;
    const ProtobufCServiceDescriptor *descriptor;
    const struct method_declaration *const *methods; /* in the order of the .proto, as in the service table */
    size_t method_count;
    const struct event_declaration *const *events; /* of the whole package */
    size_t event_count;
    const method_handler *handlers;   /* by method; NULL for sagas */
    const struct saga *const *sagas;  /* by method; NULL for the rest */
};

#endif
