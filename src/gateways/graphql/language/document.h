/*
 * A GraphQL document, as parsed: the tree that validation looks at and execution walks.
 *
 * Everything of a document lives in one arena, its source too, so that it can be kept (a cache of documents) and shared between
 * threads once it is validated. Nodes of a kind hang together by `next`, in the order of the text. Names are slices of
 * the source, so a name knows its place; other nodes say in `at` where they begin. Places are offsets; lines and columns are
 * counted only when somebody asks (document_locate()), as only errors need them.
 *
 * What does not stand in the text is NULL, and a name that is not there has the length 0. What names mean in a schema is in the
 * members called `resolved`: graphql_validate() fills them in, and in a valid document they are never NULL where the name is there.
 */
#ifndef SOUK_GRAPHQL_DOCUMENT_H
#define SOUK_GRAPHQL_DOCUMENT_H

#include "base/arena.h"
#include "base/text.h"
#include "gateways/graphql/language/error.h"

struct graphql_type;
struct graphql_field;
struct graphql_directive;
struct graphql_limits;
struct document_fragment;

/* --- values and types as they are written ------------------------------------------------------------------------------- */

enum document_value_kind {
    DOCUMENT_VARIABLE,
    DOCUMENT_INT,
    DOCUMENT_FLOAT,
    DOCUMENT_STRING,
    DOCUMENT_BOOLEAN,
    DOCUMENT_NULL,
    DOCUMENT_ENUM,
    DOCUMENT_LIST,
    DOCUMENT_OBJECT,
};

struct document_value {
    enum document_value_kind kind;
    uint32_t at;
    struct document_value *next; /* the next item, in a list */
    uint32_t count;              /* items of a list, fields of an object */
    union {
        struct text text; /* VARIABLE: its name, without $; INT, FLOAT: as written; STRING: what it means; ENUM: its name */
        bool boolean;
        struct document_value *items;      /* LIST */
        struct document_argument *fields; /* OBJECT */
    };
};

/* A name and its value: an argument, or a field of an input object. */
struct document_argument {
    struct text name;
    struct document_value value;
    struct document_argument *next;
};

enum document_type_kind {
    DOCUMENT_TYPE_NAMED,
    DOCUMENT_TYPE_LIST,
};
struct document_type {
    enum document_type_kind kind;
    uint32_t at;
    bool is_required;         /* with a ! behind it */
    struct text name;         /* NAMED */
    struct document_type *of; /* LIST: what it is a list of */
};

struct document_directive {
    uint32_t at;
    struct text name; /* without @ */
    struct document_argument *arguments;
    const struct graphql_directive *resolved;
    struct document_directive *next;
};

/* --- what is executed --------------------------------------------------------------------------------------------------- */

enum document_selection_kind {
    DOCUMENT_FIELD,  /* alias: name(arguments) @directives { selections } */
    DOCUMENT_SPREAD, /* ...name @directives */
    DOCUMENT_INLINE, /* ... on type_condition @directives { selections } */
};

struct document_selection {
    enum document_selection_kind kind;
    uint32_t at;
    uint32_t selections_at; /* of the brace */
    bool is_merged;         /* validation's own (merge.c) */
    struct document_selection *next;
    struct document_directive *directives;
    struct text name; /* FIELD: of the field; SPREAD: of the fragment; INLINE: the type condition, which may be missing */
    struct text key;  /* FIELD: its name in the answer, the alias if it has one */
    struct document_argument *arguments;   /* FIELD */
    struct document_selection *selections; /* FIELD, INLINE: never empty, or NULL */
    union {
        const struct graphql_field *field;        /* FIELD: as its parent type (an interface, maybe) has it */
        const struct document_fragment *fragment; /* SPREAD */
        const struct graphql_type *condition;     /* INLINE; NULL without a type condition */
    } resolved;
};
static inline bool document_has_alias(const struct document_selection *field)
{
    return field->key.at != field->name.at;
}

struct document_variable {
    uint32_t at;
    uint32_t variable_at; /* of the $, behind the description */
    struct text name;     /* without $ */
    struct document_type *type;
    struct document_value *default_value;
    struct document_directive *directives;
    struct document_value *description;
    const struct graphql_type *resolved; /* its type */
    struct document_variable *next;
};

enum document_operation_kind {
    DOCUMENT_QUERY,
    DOCUMENT_MUTATION,
    DOCUMENT_SUBSCRIPTION,
};

struct document_operation {
    enum document_operation_kind kind;
    uint32_t at;
    uint32_t selections_at;
    uint32_t variable_count;
    struct text name;
    struct document_variable *variables;
    struct document_directive *directives;
    struct document_selection *selections;
    struct document_value *description;
    struct document_operation *next;
};

struct document_fragment {
    uint32_t at;
    uint32_t selections_at;
    struct text name;
    struct text type_condition;
    struct document_directive *directives;
    struct document_selection *selections;
    struct document_value *description;
    const struct graphql_type *resolved; /* its type condition */
    uint32_t index;                      /* among the fragments of the document, from 0 */
    struct document_fragment *next;
};

/* --- type systems: SDL -------------------------------------------------------------------------------------------------- */

/* A name in a list of names: interfaces, members of a union. */
struct document_name {
    struct text name;
    struct document_name *next;
};

/* An argument of a field or directive, or a field of an input object. */
struct document_input_definition {
    uint32_t at;
    struct text name;
    struct document_type *type;
    struct document_value *default_value;
    struct document_directive *directives;
    struct document_value *description;
    struct document_input_definition *next;
};

struct document_field_definition {
    uint32_t at;
    struct text name;
    struct document_input_definition *arguments;
    struct document_type *type;
    struct document_directive *directives;
    struct document_value *description;
    struct document_field_definition *next;
};

struct document_enum_value_definition {
    uint32_t at;
    struct text name;
    struct document_directive *directives;
    struct document_value *description;
    struct document_enum_value_definition *next;
};

#define DOCUMENT_DIRECTIVE_LOCATIONS(ROW)                                                                                \
    ROW(QUERY) ROW(MUTATION) ROW(SUBSCRIPTION) ROW(FIELD) ROW(FRAGMENT_DEFINITION) ROW(FRAGMENT_SPREAD)                  \
    ROW(INLINE_FRAGMENT) ROW(VARIABLE_DEFINITION) ROW(SCHEMA) ROW(SCALAR) ROW(OBJECT) ROW(FIELD_DEFINITION)              \
    ROW(ARGUMENT_DEFINITION) ROW(INTERFACE) ROW(UNION) ROW(ENUM) ROW(ENUM_VALUE) ROW(INPUT_OBJECT)                       \
    ROW(INPUT_FIELD_DEFINITION)
enum document_directive_location {
#define DOCUMENT_LOCATION_ENUM(name) DOCUMENT_ON_##name,
    DOCUMENT_DIRECTIVE_LOCATIONS(DOCUMENT_LOCATION_ENUM)
#undef DOCUMENT_LOCATION_ENUM
        DOCUMENT_DIRECTIVE_LOCATION_COUNT
};
/* "FIELD" and the like. */
extern const char *const document_directive_location_names[DOCUMENT_DIRECTIVE_LOCATION_COUNT];

enum document_definition_kind {
    DOCUMENT_DEFINE_SCHEMA,
    DOCUMENT_DEFINE_SCALAR,
    DOCUMENT_DEFINE_OBJECT,
    DOCUMENT_DEFINE_INTERFACE,
    DOCUMENT_DEFINE_UNION,
    DOCUMENT_DEFINE_ENUM,
    DOCUMENT_DEFINE_INPUT,
    DOCUMENT_DEFINE_DIRECTIVE,
};

struct document_definition {
    enum document_definition_kind kind;
    bool is_extension; /* extend … */
    uint32_t at;
    struct text name; /* none for SCHEMA */
    struct document_directive *directives;
    struct document_value *description;
    struct text roots[DOCUMENT_SUBSCRIPTION + 1];           /* SCHEMA, by enum document_operation_kind */
    struct document_name *interfaces;                       /* OBJECT, INTERFACE */
    struct document_field_definition *fields;               /* OBJECT, INTERFACE */
    struct document_name *members;                          /* UNION */
    struct document_enum_value_definition *values;          /* ENUM */
    struct document_input_definition *inputs;               /* INPUT: its fields; DIRECTIVE: its arguments */
    bool is_repeatable;                                     /* DIRECTIVE */
    uint32_t locations;                                     /* DIRECTIVE: 1 << DOCUMENT_ON_FIELD, … */
    struct document_definition *next;
};

/* --- the whole ---------------------------------------------------------------------------------------------------------- */

struct document {
    struct arena *arena;
    const struct graphql_limits *limits; /* which it was parsed by */
    struct text source;                  /* a copy, in the arena */
    struct document_operation *operations;
    struct document_fragment *fragments;
    struct document_definition *definitions;
    uint32_t operation_count;
    uint32_t fragment_count;
    uint32_t token_count;
};

/* Where a place is: an `at`, or the place of a name. */
struct graphql_location document_locate(const struct document *document, uint32_t at);
uint32_t document_place_of(const struct document *document, struct text name);

/* Many places at once, in time proportional to the source. */
struct document_place {
    uint32_t at;
    struct graphql_location *location; /* to be filled */
};
void document_locate_all(const struct document *document, struct document_place *places, size_t count); /* sorts them */

#endif
