/*
 * Descriptions: the comments of the contracts, and what the contracts demand of values, in words.
 */
#include "gateways/graphql/schema/derive_internal.h"

#include <inttypes.h>

/* A description is a few sentences; comments in contracts have at most some hundred octets. */
#define DESCRIPTION_BYTES_MAX 8192

const char *derive_describe(const char *comment)
{
    return comment != NULL && *comment != '\0' ? comment : NULL;
}

static const char *kept(struct arena *arena, struct buffer *text)
{
    const char *copy = text->length > 0 ? arena_strndup(arena, text->at, text->length) : NULL;
    buffer_release(text);
    return copy;
}

const char *derive_describe_operation(struct arena *arena, const struct method_declaration *method, const char *further)
{
    struct buffer text;
    buffer_init(&text, DESCRIPTION_BYTES_MAX);
    buffer_add_string(&text, method->comment);
    if (further != NULL)
        buffer_printf(&text, "%s%s", text.length > 0 ? " " : "", further);
    if (method->scope != NULL)
        buffer_printf(&text, "\n\nNeeds the scope `%s`.", method->scope);
    return kept(arena, &text);
}

/* --- limits -------------------------------------------------------------------------------------------------------------------- */

static void add_range(struct buffer *text, int64_t least, int64_t most, const char *unit)
{
    if (least > 0 && most > 0)
        buffer_printf(text, " %" PRId64 " to %" PRId64 " %s.", least, most, unit);
    else if (most > 0)
        buffer_printf(text, " At most %" PRId64 " %s.", most, unit);
    else if (least > 0)
        buffer_printf(text, " At least %" PRId64 " %s.", least, unit);
}

static void add_number_range(struct buffer *text, const struct field_declaration *field)
{
    if (field->has_minimum && field->has_maximum)
        buffer_printf(text, " %" PRId64 " to %" PRId64 ".", field->minimum, field->maximum);
    else if (field->has_maximum)
        buffer_printf(text, " At most %" PRId64 ".", field->maximum);
    else if (field->has_minimum)
        buffer_printf(text, " At least %" PRId64 ".", field->minimum);
}

const char *derive_describe_input(struct arena *arena, struct field field)
{
    const struct field_declaration *rule = field.declaration;
    struct buffer text;
    buffer_init(&text, DESCRIPTION_BYTES_MAX);
    buffer_add_string(&text, rule->comment);

    struct buffer limits;
    buffer_init(&limits, DESCRIPTION_BYTES_MAX);
    add_range(&limits, rule->min_items, rule->max_items, "items");
    add_range(&limits, rule->min_length, rule->max_length, rule->is_map || field_is_list(field) ? "characters each" : "characters");
    add_number_range(&limits, rule);
    if (rule->pattern != NULL)
        buffer_printf(&limits, " As `%s`.", rule->pattern);
    if (rule->immutable)
        buffer_add_string(&limits, " Only when it is made.");
    if (limits.length > 0)
        buffer_printf(&text, "%s%.*s", text.length > 0 ? "\n\n" : "", (int)limits.length - 1, limits.at + 1);
    buffer_release(&limits);
    return kept(arena, &text);
}
