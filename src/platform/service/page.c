/*
 * Cursors: base64url (RFC 4648, without padding) of list NUL sort NUL id. A NUL can't occur in any of them.
 *
 * A client may send anything, so what comes out of the base64 is looked at like any other input: it must have exactly the three
 * parts, in UTF-8, and belong to the list that was asked for.
 */
#include "platform/service/page.h"

#include "base/limits.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static char *base64url_encode(struct arena *arena, const char *bytes, size_t length)
{
    char *text = arena_alloc(arena, (length * 4 + 2) / 3 + 1), *end = text;
    unsigned waiting = 0, bits = 0;
    for (size_t i = 0; i < length; i++) {
        waiting = waiting << 8 | (unsigned char)bytes[i];
        for (bits += 8; bits >= 6; bits -= 6)
            *end++ = alphabet[waiting >> (bits - 6) & 63];
    }
    if (bits > 0)
        *end++ = alphabet[waiting << (6 - bits) & 63];
    return text;
}

/* An `at` of NULL: not base64url, or not the shortest form of it. */
static struct text base64url_decode(struct arena *arena, const char *encoded)
{
    size_t length = strlen(encoded);
    char *bytes = arena_alloc(arena, length + 1), *end = bytes;
    unsigned waiting = 0, bits = 0;
    for (size_t i = 0; i < length; i++) {
        const char *found = strchr(alphabet, encoded[i]);
        if (found == NULL)
            return (struct text){0};
        waiting = waiting << 6 | (unsigned)(found - alphabet);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            *end++ = (char)(waiting >> bits);
        }
    }
    if (bits >= 6 || (waiting & ((1u << bits) - 1)) != 0)
        return (struct text){0};
    return (struct text){bytes, (size_t)(end - bytes)};
}

/* The bytes up to the next NUL, or to the end; false when there is nothing left to take. */
static bool part_take(struct text *rest, struct text *part)
{
    if (rest->at == NULL)
        return false;
    const char *nul = memchr(rest->at, 0, rest->length);
    size_t length = nul ? (size_t)(nul - rest->at) : rest->length;
    *part = (struct text){rest->at, length};
    *rest = nul ? (struct text){nul + 1, rest->length - length - 1} : (struct text){0};
    return text_is_utf8(*part);
}

static bool cursor_read(struct arena *arena, const char *list, const char *cursor, struct page *page)
{
    struct text rest = base64url_decode(arena, cursor), its_list, sort, id;
    if (!part_take(&rest, &its_list) || !part_take(&rest, &sort) || !part_take(&rest, &id) || rest.at != NULL)
        return false;
    if (!text_is(its_list, list))
        return false;
    page->first = false;
    page->sort = arena_strndup(arena, sort.at, sort.length);
    page->id = arena_strndup(arena, id.at, id.length);
    text_to_int64(sort, &page->sort_number);
    return true;
}

enum result page_begin(struct call *call, const char *list, int64_t limit, const char *cursor, struct page *page)
{
    /* The gateway has refused other limits; a caller inside gets what is nearest. */
    if (limit <= 0)
        limit = LIMIT_PAGE_DEFAULT;
    else if (limit > LIMIT_PAGE_MAX)
        limit = LIMIT_PAGE_MAX;
    *page = (struct page){.limit = limit, .first = true, .sort = "", .sort_number = INT64_MIN, .id = ""};
    if (*cursor == '\0' || cursor_read(call->arena, list, cursor, page))
        return RESULT_OK;
    return call_refuse(call, RESULT_CURSOR_INVALID,
                       "Take the cursor from `next` of the page before, for the same list, or leave it out for the first page.");
}

const char *page_cursor(struct arena *arena, const char *list, const char *sort, const char *id)
{
    size_t list_length = strlen(list), sort_length = strlen(sort), id_length = strlen(id);
    size_t length = list_length + 1 + sort_length + 1 + id_length;
    char *bytes = arena_alloc(arena, length + 1); /* zeroed: the NULs are there already */
    memcpy(bytes, list, list_length);
    memcpy(bytes + list_length + 1, sort, sort_length);
    memcpy(bytes + list_length + 1 + sort_length + 1, id, id_length);
    return base64url_encode(arena, bytes, length);
}

const char *page_cursor_number(struct arena *arena, const char *list, int64_t sort, const char *id)
{
    return page_cursor(arena, list, arena_printf(arena, "%lld", (long long)sort), id);
}
