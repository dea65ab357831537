#include "gateways/json_read.h"

#include "base/limits.h"
#include "platform/rpc/validate.h"

static void forget_json(void *json)
{
    json_decref(json);
}

json_t *json_keep(struct arena *arena, json_t *json)
{
    arena_cleanup(arena, forget_json, json);
    return json;
}

/* jansson itself allows 2,048 levels. */
static bool is_too_deep(struct text text)
{
    int depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < text.length; i++) {
        char c = text.at[i];
        if (in_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > LIMIT_JSON_DEPTH)
                return true;
        } else if (c == '}' || c == ']') {
            depth--;
        }
    }
    return false;
}

/* --- numbers that are JSON, but not ours ------------------------------------------------------------------------------- */

#define INTEGER_LIMIT 9223372036854775808.0 /* 2^63: no whole number of ours reaches it */

static void refuse_large_numbers(struct validation *validation, const json_t *value, const struct pointer *at)
{
    const char *name;
    size_t index;
    json_t *member;
    if (json_is_real(value) && (json_real_value(value) >= INTEGER_LIMIT || json_real_value(value) <= -INTEGER_LIMIT))
        violation_add(validation, at, "out_of_range", "This number is too large for us.");
    json_object_foreach((json_t *)(uintptr_t)value, name, member) {
        struct pointer inside = {.up = at, .name = text_of(name)};
        refuse_large_numbers(validation, member, &inside);
    }
    json_array_foreach(value, index, member) {
        struct pointer inside = {.up = at, .index = index};
        refuse_large_numbers(validation, member, &inside);
    }
}

/* A whole number beyond 64 bits is well-formed JSON, so whoever sent it is told which it is. Read once more as fractions, which have
 * room for it, the numbers can be looked at. */
static bool refused_large_numbers(struct call *call, struct text text)
{
    struct validation validation = {.call = call};
    json_error_t error;
    json_t *json = json_loadb(text.at, text.length, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, &error);
    if (json != NULL)
        refuse_large_numbers(&validation, json, NULL);
    json_decref(json);
    return validation.count > 0;
}

json_t *json_read(struct call *call, struct text text)
{
    if (is_too_deep(text)) {
        call_refuse(call, RESULT_INVALID_JSON, "It is nested more than %d levels deep.", LIMIT_JSON_DEPTH);
        return NULL;
    }
    json_error_t error;
    json_t *json = json_loadb(text.at, text.length, JSON_REJECT_DUPLICATES, &error);
    if (json == NULL) {
        if (json_error_code(&error) == json_error_numeric_overflow && refused_large_numbers(call, text))
            return NULL;
        const char *why = text_is_utf8(text_of(error.text)) ? error.text : "it is not UTF-8";
        if (json_error_code(&error) == json_error_null_character)
            why = "texts have no U+0000 here";
        call_refuse(call, RESULT_INVALID_JSON, "At line %d, column %d: %s.", error.line, error.column, why);
        return NULL;
    }
    return json_keep(call->arena, json);
}
