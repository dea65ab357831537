#include "gateways/rest/query.h"

#include "base/limits.h"
#include "gateways/rest/route.h"

#include <stdlib.h>

static bool read_parameter(struct query_parameter *parameter, struct text pair, struct arena *arena)
{
    const char *equals = memchr(pair.at, '=', pair.length);
    size_t name_length = equals ? (size_t)(equals - pair.at) : pair.length;
    struct text name = {pair.at, name_length};
    struct text value = equals ? (struct text){equals + 1, pair.length - name_length - 1} : TEXT("");
    parameter->name = percent_decode(name, true, arena);
    parameter->value = percent_decode(value, true, arena);
    return parameter->name != NULL && parameter->value != NULL;
}

bool query_read(struct query *query, struct text text, struct arena *arena)
{
    *query = (struct query){0};
    if (text.length == 0)
        return true;
    size_t pairs = 1;
    for (size_t i = 0; i < text.length; i++)
        pairs += text.at[i] == '&';
    if (pairs > LIMIT_QUERY_PARAMETERS)
        return false;
    query->parameters = ARENA_ARRAY(arena, struct query_parameter, pairs);
    while (text.length > 0) {
        const char *ampersand = memchr(text.at, '&', text.length);
        struct text pair = {text.at, ampersand ? (size_t)(ampersand - text.at) : text.length};
        if (pair.length > 0 && !read_parameter(&query->parameters[query->count++], pair, arena))
            return false;
        size_t step = pair.length + (ampersand ? 1 : 0);
        text = (struct text){text.at + step, text.length - step};
    }
    return true;
}

const char *query_take(struct query *query, const char *name)
{
    for (size_t i = 0; i < query->count; i++) {
        if (strcmp(query->parameters[i].name, name) == 0) {
            query->parameters[i].taken = true;
            return query->parameters[i].value;
        }
    }
    return NULL;
}

/* --- writing --------------------------------------------------------------------------------------------------------- */

/* RFC 3986, by octet: every id in every link is looked at. */
static const bool is_unreserved[256] = {
    ['a' ... 'z'] = true, ['A' ... 'Z'] = true, ['0' ... '9'] = true, ['-'] = true, ['.'] = true, ['_'] = true, ['~'] = true,
};

void percent_encode(struct text text, struct buffer *out)
{
    static const char hex[] = "0123456789ABCDEF";
    while (text.length > 0) {
        size_t plain = 0;
        while (plain < text.length && is_unreserved[(unsigned char)text.at[plain]])
            plain++;
        buffer_add(out, text.at, plain);
        if (plain == text.length)
            return;
        unsigned char c = (unsigned char)text.at[plain];
        buffer_add(out, (const char[]){'%', hex[c >> 4], hex[c & 15]}, 3);
        text = (struct text){text.at + plain + 1, text.length - plain - 1};
    }
}

/* By name; those of one name keep their order, which may mean something. */
static int compare_parameters(const void *a, const void *b)
{
    const struct query_parameter *const *one = a, *const *other = b;
    int order = strcmp((*one)->name, (*other)->name);
    return order != 0 ? order : (*one > *other) - (*one < *other);
}

void query_write(const struct query *query, const char *without, struct buffer *out)
{
    const struct query_parameter *sorted[LIMIT_QUERY_PARAMETERS];
    for (size_t i = 0; i < query->count; i++)
        sorted[i] = &query->parameters[i];
    if (query->count > 1)
        qsort(sorted, query->count, sizeof sorted[0], compare_parameters);

    char separator = '?';
    for (size_t i = 0; i < query->count; i++) {
        if (without != NULL && strcmp(sorted[i]->name, without) == 0)
            continue;
        buffer_add_char(out, separator);
        percent_encode(text_of(sorted[i]->name), out);
        buffer_add_char(out, '=');
        percent_encode(text_of(sorted[i]->value), out);
        separator = '&';
    }
}
