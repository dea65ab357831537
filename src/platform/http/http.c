/*
 * HTTP: what needs no connection. See http.h.
 */
#include "platform/http/http.h"

#include "base/assert.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

struct text http_header(const struct http_request *request, const char *name)
{
    size_t length = strlen(name);
    for (size_t i = 0; i < request->header_count; i++) {
        const struct http_header *header = &request->headers[i];
        if (header->name.length == length && memcmp(header->name.at, name, length) == 0)
            return header->value;
    }
    return (struct text){NULL, 0};
}

bool http_media_type_is(struct text content_type, const char *wanted)
{
    size_t length = 0;
    while (length < content_type.length && content_type.at[length] != ';')
        length++;
    return text_equal_ignoring_case(text_trim((struct text){content_type.at, length}), text_of(wanted));
}

struct text http_media_type_parameter(struct text content_type, const char *name)
{
    const char *end = content_type.at + content_type.length, *semicolon = content_type.at;
    while (semicolon != NULL && (semicolon = memchr(semicolon, ';', (size_t)(end - semicolon))) != NULL) {
        const char *begin = ++semicolon, *stop = memchr(begin, ';', (size_t)(end - begin));
        struct text part = {begin, (size_t)((stop ? stop : end) - begin)};
        const char *equals = memchr(part.at, '=', part.length);
        if (equals == NULL || !text_equal_ignoring_case(text_trim((struct text){part.at, (size_t)(equals - part.at)}), text_of(name)))
            continue;
        struct text value = text_trim((struct text){equals + 1, (size_t)(part.at + part.length - equals - 1)});
        if (value.length >= 2 && value.at[0] == '"' && value.at[value.length - 1] == '"')
            value = (struct text){value.at + 1, value.length - 2};
        return value;
    }
    return (struct text){NULL, 0};
}

/* --- shared bytes --- */

struct http_shared {
    atomic_size_t count;
    size_t length;
    const char *bytes;   /* behind the headers, in the same piece of memory */
    size_t header_count; /* of a prepared answer; 0 for plain bytes */
    size_t body_at;
    struct http_header headers[];
};

static struct http_shared *allocate(size_t header_count, size_t length, char **bytes)
{
    struct http_shared *shared = calloc(1, sizeof *shared + header_count * sizeof *shared->headers + length);
    ASSERT(shared);
    atomic_init(&shared->count, 1);
    shared->header_count = header_count;
    shared->length = length;
    shared->bytes = *bytes = (char *)(shared->headers + header_count);
    return shared;
}

struct http_shared *http_shared_new(struct text bytes)
{
    char *copy;
    struct http_shared *shared = allocate(0, bytes.length, &copy);
    if (bytes.length)
        memcpy(copy, bytes.at, bytes.length);
    return shared;
}

static char *append(char *at, struct text text)
{
    if (text.length)
        memcpy(at, text.at, text.length);
    return at + text.length;
}

static char *append_lower(char *at, struct text name)
{
    for (size_t i = 0; i < name.length; i++)
        at[i] = name.at[i] >= 'A' && name.at[i] <= 'Z' ? (char)(name.at[i] | 0x20) : name.at[i];
    return at + name.length;
}

static char *append_header(char *at, const struct http_header *header, struct http_header *found)
{
    found->name = (struct text){at, header->name.length};
    at = append(append_lower(at, header->name), TEXT(": "));
    found->value = (struct text){at, header->value.length};
    return append(append(at, header->value), TEXT("\r\n"));
}

struct http_shared *http_shared_prepare(const struct http_header *headers, size_t header_count, struct text body)
{
    char digits[24];
    int digit_count = snprintf(digits, sizeof digits, "%zu", body.length);
    const struct http_header content_length = {TEXT("content-length"), {digits, (size_t)digit_count}};
    const struct text status_line = TEXT("HTTP/1.1 200 OK\r\n"), end = TEXT("\r\n");
    size_t length = status_line.length + end.length + body.length + content_length.name.length + content_length.value.length + 4;
    for (size_t i = 0; i < header_count; i++)
        length += headers[i].name.length + headers[i].value.length + sizeof ": \r\n" - 1;

    char *at;
    struct http_shared *shared = allocate(header_count + 1, length, &at);
    at = append(at, status_line);
    for (size_t i = 0; i < header_count; i++)
        at = append_header(at, &headers[i], &shared->headers[i]);
    at = append(append_header(at, &content_length, &shared->headers[header_count]), end);
    shared->body_at = (size_t)(at - shared->bytes);
    ASSERT(append(at, body) == shared->bytes + length);
    return shared;
}

const struct http_header *http_shared_headers(const struct http_shared *shared, size_t *count)
{
    *count = shared->header_count;
    return shared->headers;
}

struct text http_shared_body(const struct http_shared *shared)
{
    return (struct text){shared->bytes + shared->body_at, shared->length - shared->body_at};
}

size_t http_shared_bytes(const struct http_shared *shared)
{
    return sizeof *shared + shared->header_count * sizeof *shared->headers + shared->length;
}

struct http_shared *http_shared_hold(struct http_shared *shared)
{
    atomic_fetch_add_explicit(&shared->count, 1, memory_order_relaxed);
    return shared;
}

void http_shared_drop(struct http_shared *shared)
{
    /* Whoever drops the last count must see all that the others did before they dropped theirs. */
    if (shared && atomic_fetch_sub_explicit(&shared->count, 1, memory_order_acq_rel) == 1)
        free(shared);
}

struct text http_shared_text(const struct http_shared *shared)
{
    return (struct text){shared->bytes, shared->length};
}
