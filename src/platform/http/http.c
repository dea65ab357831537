/*
 * HTTP: what needs no connection. See http.h.
 */
#include "platform/http/http.h"

#include "base/assert.h"

#include <stdatomic.h>
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

struct http_shared {
    atomic_size_t count;
    size_t length;
    char bytes[];
};

struct http_shared *http_shared_new(struct text bytes)
{
    struct http_shared *shared = malloc(sizeof *shared + bytes.length);
    ASSERT(shared);
    atomic_init(&shared->count, 1);
    shared->length = bytes.length;
    if (bytes.length)
        memcpy(shared->bytes, bytes.at, bytes.length);
    return shared;
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
