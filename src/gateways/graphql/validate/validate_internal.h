/*
 * What the rules share.
 *
 * One walk (selections.c) goes through the whole document once and asks the rules that look at one node. On the way it notes, for each
 * operation and fragment, its spreads and its uses of variables (struct scope); the rules that follow fragments go along those
 * notes afterwards:
 *
 *     operations.c  fragments.c      names of definitions
 *     selections.c  arguments.c  directives.c  values.c  variables.c      the walk
 *     fragments.c                    cycles, depth, what is never used
 *     variables.c                    what each operation uses, through its fragments
 *     operations.c                   subscriptions
 *     merge.c                        fields of the same name
 */
#ifndef SOUK_GRAPHQL_VALIDATE_INTERNAL_H
#define SOUK_GRAPHQL_VALIDATE_INTERNAL_H

#include "base/limits.h"
#include "gateways/graphql/language/parser.h"
#include "gateways/graphql/validate/names.h"
#include "gateways/graphql/validate/validate.h"

/* A fragment spread, and how deep it stands in its operation or fragment. */
struct spread {
    const struct document_selection *selection;
    size_t field_depth;
    size_t nesting;
    struct spread *next;
};

/* A variable where a value can stand. */
struct usage {
    const struct document_value *variable;
    const struct graphql_type *type; /* that is wanted there; NULL when we don't know */
    bool has_default;                /* of the argument or input field */
    bool is_one_of;                  /* the field of an input object that takes exactly one */
    struct usage *next;
};

/* What one operation or fragment holds. */
struct scope {
    struct spread *spreads, **spreads_tail;
    struct usage *usages, **usages_tail;
    size_t field_depth, nesting; /* of its fields, and of all of its selection sets; first without its spreads, then with them */
    uint32_t visit;              /* the last visit that came by */
    bool is_used;                /* a fragment that some operation spreads */
};

struct validation {
    const struct graphql_schema *schema;
    struct document *document;
    struct arena *arena; /* of the errors, and of our notes */

    struct graphql_error *errors, **errors_tail;
    size_t error_count, errors_max;
    struct document_place *places; /* to be located at the end */
    size_t place_count;

    struct names fragments;         /* by name */
    struct scope *fragment_scopes;  /* by the index of the fragment */
    struct scope *operation_scopes; /* in the order of the document */
    uint32_t visit;
    bool is_unbounded; /* fragments that contain themselves, or nest too deep */
    size_t steps;

    /* The walk is here. */
    struct scope *scope;
    size_t field_depth, nesting;
    struct names scratch;
};

/* An error of a rule, at places of the document; without a rule, that it goes beyond a limit. Beyond errors_max nothing is kept. */
void validation_report(struct validation *validation, const char *rule, const uint32_t *places, size_t place_count,
                       const char *format, ...) __attribute__((format(printf, 5, 6)));
#define PLACES(...) (const uint32_t[]){__VA_ARGS__}, sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t)
/* A name in a message. */
#define SHOWN(text) (int)((text).length > 100 ? 100 : (text).length), (text).at

/* Count a step of work that is not in proportion to the document. False when there were too many: then stop; the error is there. */
bool validation_step(struct validation *validation);
static inline bool validation_is_exhausted(const struct validation *validation)
{
    return validation->steps > LIMIT_GRAPHQL_STEPS;
}

/* Fragments stand in one another without adding a level to the answer: so many times more selection sets may nest than fields. */
#define NESTING_TO_DEPTH 4

static inline uint32_t place_of(const struct validation *validation, struct text name)
{
    return document_place_of(validation->document, name);
}
/* The names gathered in `scratch`, sorted here: an error for each that is there more than once, with all of its places. */
void validation_report_doubles(struct validation *validation, const char *rule, const char *what);
/* The same, with an error for each after the first, at that and at the first. */
void validation_report_pairs(struct validation *validation, const char *rule, const char *what);

/* --- the rules ----------------------------------------------------------------------------------------------------------- */

void validate_operation_names(struct validation *validation);
void validate_subscriptions(struct validation *validation);
void validate_fragment_names(struct validation *validation); /* fills in `fragments` */
void validate_fragment_graph(struct validation *validation); /* fills in is_used, is_unbounded */
void validate_selections(struct validation *validation); /* the walk */
void validate_variable_uses(struct validation *validation);
void validate_merging(struct validation *validation);

/* Asked by the walk. */
void validate_variable_definitions(struct validation *validation, struct document_operation *operation);
void validate_directives(struct validation *validation, struct document_directive *directives,
                         enum document_directive_location location);
/* Of a field or directive, which is at `at`. `inputs` NULL: unknown, then only what needs no types. */
struct input_list {
    const char *owner; /* "Product.variants", "@include": for messages */
    const char *owner_type; /* "Product"; NULL for a directive */
    const struct graphql_input *inputs;
    size_t count;
    bool is_known;
};
void validate_arguments(struct validation *validation, const struct document_argument *arguments, const struct input_list *list,
                        uint32_t at);
/* A value where `type` is wanted (NULL: unknown). */
struct value_place {
    const struct graphql_type *type;
    bool has_default;
    bool is_one_of;
};
void validate_literal(struct validation *validation, const struct document_value *value, struct value_place place);

/* The fragment of a name; NULL when there is none. */
const struct document_fragment *validation_fragment(const struct validation *validation, struct text name);

#endif
