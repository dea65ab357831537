/*
 * What the files of execute/ share.
 */
#ifndef SOUK_GRAPHQL_EXECUTION_H
#define SOUK_GRAPHQL_EXECUTION_H

#include "gateways/graphql/execute/execute.h"
#include "gateways/graphql/schema/binding.h"

/* --- plans (plan.c) ----------------------------------------------------------------------------------------------------- */

/* The collected fields of one object type at one place of the document. */
struct plan {
    const struct graphql_type *type;
    struct plan_field *fields;
    bool has_loads; /* here or below */
    struct plan *next; /* of the same field, another type */
};

struct plan_field {
    struct plan_field *next;
    const struct plan_field *within; /* whose object it is a field of; NULL at the root */
    struct text key; /* in the answer */
    const struct graphql_field *field;
    const struct document_selection **nodes; /* where it stands in the document, at least once */
    size_t node_count;
    const json_t *arguments;      /* coerced; NULL where there are none, and when … */
    const char *argument_refusal; /* … they do not fit */
    struct plan *plans;           /* by the object that it is; NULL of a leaf */
    struct load *load;            /* NULL: answered from the source alone */
    int64_t size;                 /* how many objects it may have */
    bool has_loads;               /* below */
    bool is_of_page;              /* the source is a struct page */
};

/* --- sources: what objects are answered from, beside messages ------------------------------------------------------------- */

/* A connection, and its page info. */
struct page {
    const ProtobufCMessage *answer;
    const struct graphql_binding *binding;
    const char *after; /* the cursor that the service was asked with; "" for the first page */
    size_t skipped;    /* items at the front that the client has seen */
    bool is_after;     /* the client gave a cursor */
    const ProtobufCMessage *const *items; /* that are shown */
    size_t count;
    const char *next_cursor; /* of the service, for what follows all items of the answer; "" at the end */
    bool has_more_items;     /* in the answer, that are not shown */
    struct edge *edges;
    const void **edge_list;
};
struct edge {
    const struct page *page;
    size_t index; /* among the items shown */
};

/* What became of a mutation. */
struct payload {
    const struct call *call;
    const ProtobufCMessage *request, *answer; /* answer NULL: refused */
    struct user_error *errors;
    const void **error_list;
    size_t error_count;
};
struct user_error {
    const char *code, *message;
    const char **field; /* names on the way to it; NULL: the request as a whole */
    size_t field_count;
    const struct problem_number *numbers;
};

/* --- requests (request.c) ------------------------------------------------------------------------------------------------ */

/* What the arguments of a field say. */
struct request_parts {
    json_t *object; /* the request, as REST's JSON has it */
    const char *after;
    size_t skip, first; /* first 0: not said */
    bool is_after;
    const char *node_id;
};
/* False with call->problem. What concerns the call itself is put there. */
bool request_read(struct request_parts *parts, const struct plan_field *field, struct call *call);
/* The way into the arguments that a violation's pointer points to; NULL: the request as a whole. */
const char **request_path(const struct graphql_field *field, const char *pointer, size_t *count, struct arena *arena);
/* The request of a method that gets one thing, by what its path wants first. NULL when it wants nothing. */
ProtobufCMessage *request_by_key(const struct method_declaration *method, const char *key, struct arena *arena);

/* --- loads (load.c) ------------------------------------------------------------------------------------------------------ */

struct outcome {
    enum {
        OUTCOME_NULL,
        OUTCOME_ONE,  /* a message, page or payload */
        OUTCOME_LIST, /* messages */
        OUTCOME_FAILED,
    } kind;
    const void *one;
    const void *const *list;
    size_t count;
    const struct problem *problem;
};

/* A field that is answered by calls: all its parents, then all its outcomes. */
struct load {
    struct execution *execution;
    struct plan_field *field;
    const struct graphql_type *parent_type;
    const void **parents;
    size_t parent_count;
    struct outcome *outcomes; /* by parent */
    size_t hint;              /* the parent that is probably asked for next */
    struct load_call *calls;
    size_t call_count;
    size_t open; /* calls without answer */
    struct load *next; /* to be started */
};

/* The load of a field of an object of `parent_type`; NULL when it needs none. */
struct load *load_new(struct execution *execution, struct plan_field *field, const struct graphql_type *parent_type);
const struct outcome *load_outcome(struct load *load, const void *parent);

/* --- values (complete.c) ------------------------------------------------------------------------------------------------- */

/* What a field is, before it is written. */
struct value {
    enum {
        VALUE_NULL,
        VALUE_FIELD, /* of a message: scalars, enums, times, and lists of them */
        VALUE_TEXT,
        VALUE_BOOLEAN,
        VALUE_NUMBER,
        VALUE_TEXTS,
        VALUE_OBJECT,
        VALUE_OBJECTS,
        VALUE_FAILED,
    } kind;
    struct field field;
    const ProtobufCMessage *message;
    const char *text;
    const char *const *texts;
    int64_t number;
    const void *object;
    const void *const *objects;
    size_t count;
    const struct problem *problem;
};
struct value value_of(struct execution *execution, const struct plan_field *field, const void *source);
/* The plan for an object that a field gave. */
const struct plan *plan_for(const struct plan_field *field, const void *object);

/* --- the whole ------------------------------------------------------------------------------------------------------------ */

struct execution {
    struct execution_options options;
    struct arena *arena;
    const json_t *variables; /* coerced */
    struct plan *root;
    size_t planned; /* fields in all plans */
    bool is_condition_null; /* of @skip or @include somewhere */
    size_t introspected; /* objects of the schema in the answer */

    /* load.c */
    struct load *pending, **pending_end;
    size_t open; /* loads under way */
    bool advancing;
    struct plan_field *next_mutation;
    void (*done)(void *data);
    void *data;

    /* complete.c */
    struct buffer errors_text;
    struct json_writer errors;
    size_t error_count;

    int64_t cost_requested, cost_actual;
    int cache_seconds_planned; /* the least of all operations; -1 before the first */
    int cache_seconds; /* the least of all operations; -1 before the first */
    struct tags tags;
};

/* Plan the operation. False with `error`: it is more than we plan, or a condition is null. */
bool plan_make(struct execution *execution, struct graphql_error *error);

#endif
