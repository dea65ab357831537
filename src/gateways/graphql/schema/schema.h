/*
 * A GraphQL type system: what a document is validated against and executed by.
 *
 * The structs say what the specification of September 2025 says in its chapter "Type System", and nothing of protobuf: what a field is
 * answered from is behind `binding` (binding.h), which only the executor reads. A schema is made once, in an arena of its own,
 * by build.h: from our contracts (derive.h), or from SDL (build.h). Afterwards nothing changes it, so any
 * thread may read it without a lock.
 *
 * Types are the same exactly when their pointers are: wrappers are made once for each type they wrap. Names are terminated strings
 * that live as long as the schema. Lists are arrays with a count beside.
 */
#ifndef SOUK_GRAPHQL_SCHEMA_H
#define SOUK_GRAPHQL_SCHEMA_H

#include "base/lookup.h"
#include "gateways/graphql/language/document.h"

struct graphql_binding;
struct message_declaration;
struct enum_declaration;

enum graphql_type_kind {
    GRAPHQL_SCALAR,
    GRAPHQL_OBJECT,
    GRAPHQL_INTERFACE,
    GRAPHQL_UNION,
    GRAPHQL_ENUM,
    GRAPHQL_INPUT_OBJECT,
    GRAPHQL_LIST,
    GRAPHQL_NON_NULL,
};

/* The scalars whose values we know how to read and write. Others, of schemas from SDL, take every value. */
enum graphql_scalar {
    GRAPHQL_CUSTOM,
    GRAPHQL_INT,
    GRAPHQL_FLOAT,
    GRAPHQL_STRING,
    GRAPHQL_BOOLEAN,
    GRAPHQL_ID,
    GRAPHQL_LONG,      /* a whole number of 64 bits */
    GRAPHQL_DATE_TIME, /* RFC 3339; microseconds since 1970 in a google.protobuf.Timestamp */
};

/* An argument of a field or directive, or a field of an input object. */
struct graphql_input {
    const char *name;
    const char *description; /* NULL when there is none, here and everywhere */
    const struct graphql_type *type;
    const struct document_value *default_value; /* NULL when there is none */
    const char *deprecation;                    /* the reason; NULL when it is not deprecated */
    const struct graphql_binding *binding;      /* NULL in schemas from SDL */
};

#define GRAPHQL_SIZE_OF_CONNECTION 0

struct graphql_field {
    const char *name;
    const char *description;
    const struct graphql_input *arguments;
    size_t argument_count;
    const struct graphql_type *type;
    const char *deprecation;
    const struct graphql_binding *binding; /* NULL in schemas from SDL */

    /* What it costs before its selections are counted: 0 a scalar or enum, 1 an object (each of a list), 10 a mutation. */
    unsigned cost;
    /* For a list or connection: how many objects to count when no argument says so; 1 for a single object; GRAPHQL_SIZE_OF_CONNECTION
     * for the items within a connection, which are as many as it. */
    unsigned size_assumed;
    /* For a list or connection: the argument that says how many ("first"), or what by (a list: "skus"); NULL when none does. */
    const struct graphql_input *size_argument;
};

struct graphql_enum_value {
    const char *name;
    const char *description;
    const char *deprecation;
    int number; /* in protobuf */
};

struct graphql_type {
    enum graphql_type_kind kind;
    const char *name;        /* NULL for LIST and NON_NULL */
    const char *description;

    enum graphql_scalar scalar;       /* SCALAR */
    const char *specified_by_url;     /* SCALAR; NULL when nobody has specified it */
    const struct graphql_type *of;    /* LIST, NON_NULL */
    const struct graphql_field *fields; /* OBJECT, INTERFACE; without the meta fields (__typename) */
    size_t field_count;
    const struct graphql_type *const *interfaces; /* OBJECT, INTERFACE: which it implements */
    size_t interface_count;
    const struct graphql_type *const *possible; /* INTERFACE, UNION: objects that it may be; OBJECT: itself */
    size_t possible_count;
    const struct graphql_enum_value *values; /* ENUM */
    size_t value_count;
    const struct graphql_input *inputs; /* INPUT_OBJECT */
    size_t input_count;
    bool is_one_of; /* INPUT_OBJECT: exactly one field is given */

    /* What it is in protobuf; NULL where it is nothing there. */
    const struct message_declaration *message;   /* OBJECT, INPUT_OBJECT */
    const struct enum_declaration *enumeration;  /* ENUM */

    /* schema.c's own: members by name, and the wrappers of this type. */
    struct lookup members;
    struct graphql_type *list_of, *non_null_of;
    size_t index; /* among schema->types */
};

struct graphql_directive {
    const char *name; /* without @ */
    const char *description;
    const struct graphql_input *arguments;
    size_t argument_count;
    bool is_repeatable;
    uint32_t locations; /* 1 << DOCUMENT_ON_FIELD, … */
};

struct graphql_schema {
    struct arena *arena;
    const char *description;
    const struct graphql_type *query;
    const struct graphql_type *mutation;     /* NULL when it has none */
    const struct graphql_type *subscription; /* NULL when it has none */
    const struct graphql_type *const *types; /* every named type, those of introspection too, by name */
    size_t type_count;
    const struct graphql_directive *directives;
    size_t directive_count;

    /* The meta fields: on every composite type, and on the query type. They are no members of any type's `fields`. */
    const struct graphql_field *typename_field; /* __typename: String! */
    const struct graphql_field *schema_field;   /* __schema: __Schema! */
    const struct graphql_field *type_field;     /* __type(name: String!): __Type */

    /* The built-in scalars; there even if no field has them. */
    const struct graphql_type *int_type, *float_type, *string_type, *boolean_type, *id_type;
    struct lookup types_by_name;
    struct lookup directives_by_name;
};

/* The schema and everything in it. NULL is fine. */
void graphql_schema_free(struct graphql_schema *schema);

/* --- by name: NULL when there is none ------------------------------------------------------------------------------------ */

const struct graphql_type *graphql_schema_type(const struct graphql_schema *schema, struct text name);
const struct graphql_directive *graphql_schema_directive(const struct graphql_schema *schema, struct text name);
/* The type that operations of that kind begin at. */
const struct graphql_type *graphql_schema_root(const struct graphql_schema *schema, enum document_operation_kind kind);
/* A field of an object or interface; a meta field too, where the specification has it. `type` may be a union (__typename). */
const struct graphql_field *graphql_type_field(const struct graphql_schema *schema, const struct graphql_type *type,
                                               struct text name);
const struct graphql_input *graphql_type_input(const struct graphql_type *type, struct text name);
const struct graphql_enum_value *graphql_type_value(const struct graphql_type *type, struct text name);
/* By its number in protobuf; NULL for 0, "not said". */
const struct graphql_enum_value *graphql_type_value_numbered(const struct graphql_type *type, int number);
const struct graphql_input *graphql_field_argument(const struct graphql_field *field, struct text name);
const struct graphql_input *graphql_directive_argument(const struct graphql_directive *directive, struct text name);

/* The schema's own type of a type as it stands in a document: "[ID!]!"; NULL when there is no such named type, or no field of the schema
 * is of a wrapper like it. (Such a wrapper is then made in `arena`: it is like the schema's, but of its own address.) */
const struct graphql_type *graphql_schema_resolve(const struct graphql_schema *schema, const struct document_type *type,
                                                  struct arena *arena);

/* --- about types -------------------------------------------------------------------------------------------------------- */

static inline bool graphql_type_is_non_null(const struct graphql_type *type)
{
    return type->kind == GRAPHQL_NON_NULL;
}
/* Without its outer "!". */
static inline const struct graphql_type *graphql_type_nullable(const struct graphql_type *type)
{
    return type->kind == GRAPHQL_NON_NULL ? type->of : type;
}
/* Without all of its "!" and "[ ]". */
static inline const struct graphql_type *graphql_type_named(const struct graphql_type *type)
{
    while (type->kind == GRAPHQL_LIST || type->kind == GRAPHQL_NON_NULL)
        type = type->of;
    return type;
}
/* These three look through wrappers. */
bool graphql_type_is_leaf(const struct graphql_type *type);      /* scalar or enum */
bool graphql_type_is_composite(const struct graphql_type *type); /* object, interface or union: needs selections */
bool graphql_type_is_input(const struct graphql_type *type);     /* scalar, enum or input object */
/* Whether an object of type `object` may stand where `type` (object, interface or union) is expected. */
bool graphql_type_may_be(const struct graphql_type *type, const struct graphql_type *object);
/* Whether some object is of both (composite) types: a fragment on one can apply to the other. */
bool graphql_types_overlap(const struct graphql_type *a, const struct graphql_type *b);
/* The same type, wrappers compared by what they wrap. */
bool graphql_types_equal(const struct graphql_type *a, const struct graphql_type *b);
/* IsSubType of the specification: a value of `sub` is always right where `super` is expected. */
bool graphql_type_is_sub_type(const struct graphql_type *sub, const struct graphql_type *super);
/* Required arguments and input fields: non-null without a default. */
static inline bool graphql_input_is_required(const struct graphql_input *input)
{
    return graphql_type_is_non_null(input->type) && input->default_value == NULL;
}
/* "[Product!]!" */
const char *graphql_type_text(const struct graphql_type *type, struct arena *arena);

#endif
