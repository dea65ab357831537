#include "gateways/json_read.h"

#include "base/limits.h"

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

json_t *json_read(struct call *call, struct text text)
{
    if (is_too_deep(text)) {
        call_refuse(call, RESULT_INVALID_JSON, "It is nested more than %d levels deep.", LIMIT_JSON_DEPTH);
        return NULL;
    }
    json_error_t error;
    json_t *json = json_loadb(text.at, text.length, JSON_REJECT_DUPLICATES, &error);
    if (json == NULL) {
        const char *why = text_is_utf8(text_of(error.text)) ? error.text : "it is not UTF-8";
        call_refuse(call, RESULT_INVALID_JSON, "At line %d, column %d: %s.", error.line, error.column, why);
        return NULL;
    }
    return json_keep(call->arena, json);
}
