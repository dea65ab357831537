/*
 * Sparse fields: "?fields=id,variants.sku" as a tree of what to write.
 */
#ifndef SOUK_REST_FIELDS_H
#define SOUK_REST_FIELDS_H

#include "platform/rpc/validate.h"

/* What of a message to write. NULL stands for all of it. */
struct field_choice {
    const struct field_choice **chosen; /* by field: NULL is not chosen, &field_choice_whole is all of it */
};
extern const struct field_choice field_choice_whole;

/* Read the list; unknown names are violations at "?fields". NULL when there were any. */
const struct field_choice *fields_read(struct validation *validation, const struct message_declaration *declaration,
                                       struct text list, struct arena *arena);

/* What of a field to write: NULL when it is not chosen. */
static inline const struct field_choice *field_chosen(const struct field_choice *choice, unsigned index)
{
    return choice->chosen == NULL ? &field_choice_whole : choice->chosen[index];
}

#endif
