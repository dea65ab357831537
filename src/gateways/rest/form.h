/*
 * Forms: how each message is written as JSON, worked out once, at start.
 *
 * A page has two hundred fields. Asking the descriptor and the declaration of each, a few hundred bytes apart, cost more than the writing itself; a form has
 * what the writer needs of them side by side, in the order of writing, and only of fields that are ever answered.
 */
#ifndef SOUK_REST_FORM_H
#define SOUK_REST_FORM_H

#include "gateways/rest/links.h"

enum form_kind {
    FORM_STRING,
    FORM_INT64,
    FORM_MESSAGE,
    FORM_LIST,
    FORM_MAP,
    FORM_OTHER, /* what is rare, or has rules of its own: by reflection */
};

struct form_member {
    struct text key; /* ,"name": */
    enum form_kind kind;
    bool always;                /* written even when it is not set */
    unsigned offset, quantifier; /* in the message: the value, and the count of a list */
    unsigned index;             /* among the message's fields, for choices */
    unsigned scope;             /* 0: everyone */
    const struct form *form;    /* of a message, or of those in a list or map; NULL: no message, or a time */
    struct field field;
};

struct form {
    const struct message_declaration *message;
    const struct resource *resource; /* NULL: none */
    struct form_member *members;
    size_t member_count;
};

/* Of everything that the services answer. */
struct form_table;
struct form_table *form_table_new(const struct service_declaration *const *services, size_t service_count,
                                  const struct resource_table *resources);
void form_table_free(struct form_table *table);
const struct form *form_find(const struct form_table *table, const struct message_declaration *message);

#endif
