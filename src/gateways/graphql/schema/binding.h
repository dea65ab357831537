/*
 * Bindings: what a field of a derived schema is answered from, and where an argument goes.
 *
 * Every object in execution has a source, by its type:
 *   - types with `message` (Product, Cart): that protobuf message;
 *   - connections: the list operation's answer, and what was asked; edges: an item of it and its place;
 *   - PageInfo: the same as its connection; payloads: what became of the mutation; UserError: one violation, or the problem as a whole;
 *   - types of introspection (__Type …): the struct of schema.h.
 */
#ifndef SOUK_GRAPHQL_BINDING_H
#define SOUK_GRAPHQL_BINDING_H

#include "gateways/graphql/schema/schema.h"
#include "platform/rpc/reflect.h"

enum graphql_resolver {
    /* --- fields --- */

    /* `field` of the source message. Lists give lists; an unset message, an enum at 0, and text that is empty where the type may be null, give
     * null. Times and enums by the type. Entries of a map are messages with `key` and `value`: fields of their own (name, value). */
    GRAPHQL_FROM_FIELD,
    /* `method` is called with what the arguments say, and its answer is the value. On the roots, and as the end of a link. */
    GRAPHQL_FROM_OPERATION,
    /* `link` of the source message: its bind fills the request from (all) the sources, the arguments the rest; one call for all sources when the
     * link has `match`. Null when its `when` does not hold. */
    GRAPHQL_FROM_LINK,
    GRAPHQL_FROM_NODE, /* node(id:): see graphql_binding.method */

    /* Connections. Cursors: see below. */
    GRAPHQL_FROM_EDGES,
    GRAPHQL_FROM_NODES, /* `items` of the answer */
    GRAPHQL_FROM_PAGE_INFO,
    GRAPHQL_FROM_EDGE_CURSOR,
    GRAPHQL_FROM_EDGE_NODE,
    GRAPHQL_FROM_HAS_NEXT,
    GRAPHQL_FROM_HAS_PREVIOUS, /* something was asked to come `after` */
    GRAPHQL_FROM_START_CURSOR,
    GRAPHQL_FROM_END_CURSOR,

    /* Payloads of mutations. All but the errors are null when there are errors. */
    GRAPHQL_FROM_PAYLOAD,          /* the whole answer: the resource */
    GRAPHQL_FROM_PAYLOAD_FIELD,    /* `field` of the answer, which is no resource */
    GRAPHQL_FROM_PAYLOAD_REQUEST,  /* `field` of the request: deletedId */
    GRAPHQL_FROM_PAYLOAD_PROGRESS, /* the answer has an accepted_location: `method` called with its last segment; else null */
    GRAPHQL_FROM_PAYLOAD_REPLAYED, /* it was answered before under the same idempotencyKey */
    GRAPHQL_FROM_USER_ERRORS,
    GRAPHQL_FROM_ERROR_FIELD,   /* the way into the arguments, from the violation's pointer: ["input", "quantity"]; null */
    GRAPHQL_FROM_ERROR_CODE,
    GRAPHQL_FROM_ERROR_MESSAGE,
    GRAPHQL_FROM_ERROR_NUMBERS, /* the problem's numbers, as common.v1.Problem.Number */

    /* Introspection: graphql_introspect() answers. */
    GRAPHQL_FROM_META,
    GRAPHQL_FROM_TYPENAME,
    GRAPHQL_FROM_SCHEMA, /* __schema: the schema itself */
    GRAPHQL_FROM_TYPE,   /* __type(name:): graphql_schema_type() */

    /* --- arguments and fields of input objects --- */

    GRAPHQL_TO_FIELD,           /* `field` of the request, or of the message that the input object is. Maps are lists of {name value}.
                                 * Two arguments may lead to one field (id and slug): exactly one of them is given. */
    GRAPHQL_TO_PATCH,           /* the same, and its given members (null too, which takes a value back) are the request's `mask` */
    GRAPHQL_TO_FIRST,           /* `field`: the request's limit */
    GRAPHQL_TO_AFTER,           /* `field`: the request's cursor */
    GRAPHQL_TO_AS_OF,           /* call->as_of_us */
    GRAPHQL_TO_IDEMPOTENCY_KEY, /* call->idempotency_key */
    GRAPHQL_TO_IF_VERSION,      /* call->if_version */
    GRAPHQL_TO_INPUT,           /* `input` of a mutation: its fields have bindings of their own */
    GRAPHQL_TO_NODE_ID,         /* id of node() */
};

/*
 * Cursors. Our lists go forward only, and a service gives one cursor a page, for what follows the whole page. A cursor in the
 * middle of a page is the page's own cursor and a number of items to skip: the executor makes and reads them.
 *
 * Node ids. `id` is the same text in REST, GraphQL and everywhere. It does not say of which type it is: node() asks each
 * type that implements Node (schema type "Node", `possible`; message->get with `id` in its key) at once, and takes the one
 * whose answer has that very id.
 */

/* A value of introspection, for the executor to complete by the field's type. */
struct graphql_meta_value {
    enum { GRAPHQL_META_NULL, GRAPHQL_META_STRING, GRAPHQL_META_BOOLEAN, GRAPHQL_META_OBJECT, GRAPHQL_META_LIST } kind;
    union {
        const char *string; /* STRING; names of enum values too */
        bool boolean;
        const void *object;                   /* OBJECT: the source of its fields */
        struct {
            const void *const *items;         /* LIST: objects, or (of enum values) strings */
            size_t count;
        } list;
    };
};
/* What a field with the resolver FROM_META answers. `include_deprecated` is its argument, false where it has none. */
struct graphql_meta_value graphql_introspect(const struct graphql_field *field, const void *source, bool include_deprecated,
                                             struct arena *arena);

struct graphql_binding {
    enum graphql_resolver resolver;
    struct field field;
    struct field items;       /* of an answer that is a list: the value is that list (OPERATION, LINK) or a connection of it */
    struct field next_cursor; /* of an answer that comes in pages: the type is a connection */
    struct field body, mask;  /* TO_PATCH, and OPERATION where the method has them: `mask` is the request's FieldMask */
    const struct method_declaration *method;
    const struct link_declaration *link;
    const char *scope; /* what a caller must have: they who have it not get a schema without the field */
    int meta; /* FROM_META: introspection.c's own */
};

#endif
