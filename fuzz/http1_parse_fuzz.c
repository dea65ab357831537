/*
 * Any bytes at all, as a request head and as a chunked body: read whole, and again in pieces whose sizes the input itself chooses.
 * Both must come out alike, and what is accepted must hold to what http1_parse.h promises.
 */
#include "base/assert.h"
#include "platform/http/http1_parse.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

/* Pieces: the low bits of a running hash, so that each input is split in its own way. */
static size_t next_stop(size_t at, size_t size, uint32_t *hash)
{
    *hash = *hash * 1664525 + 1013904223;
    size_t stop = at + 1 + (*hash >> 27);
    return stop < size ? stop : size;
}

static void check_head(const struct http1_head *head, const char *bytes, size_t size)
{
    struct http_header headers[LIMIT_HTTP_HEADERS];
    struct http_request request = {0};
    ASSERT(head->length <= size && memcmp(bytes + head->length - 4, "\r\n\r\n", 4) == 0);
    http1_head_bind(head, bytes, headers, &request);
    ASSERT(!(head->chunked && head->has_content_length));
    ASSERT(head->minor_version == 0 || http_header(&request, "host").at);
    ASSERT(request.target.at[0] == '/' || text_is(request.target, "*"));
    for (size_t i = 0; i < request.target.length; i++)
        ASSERT(request.target.at[i] > ' ' && request.target.at[i] < 0x7f && request.target.at[i] != '#');
    for (size_t i = 0; i < request.header_count; i++) {
        ASSERT(headers[i].name.length > 0);
        ASSERT(!memchr(headers[i].value.at, '\r', headers[i].value.length));
        ASSERT(!memchr(headers[i].value.at, '\n', headers[i].value.length));
        ASSERT(!memchr(headers[i].value.at, '\0', headers[i].value.length));
    }
}

/* A copy for each reading, since the reader writes; exactly as long, so that a step too far is seen. */
static enum http1_progress read_head(const uint8_t *input, size_t size, bool in_pieces, struct http1_head *head)
{
    char *bytes = malloc(size ? size : 1);
    ASSERT(bytes);
    if (size)
        memcpy(bytes, input, size);
    http1_head_init(head);
    uint32_t hash = (uint32_t)size;
    enum http1_progress progress = HTTP1_MORE;
    for (size_t at = 0; at < size && progress == HTTP1_MORE;) {
        at = in_pieces ? next_stop(at, size, &hash) : size;
        progress = http1_head_read(head, bytes, at);
    }
    if (progress == HTTP1_DONE)
        check_head(head, bytes, size);
    free(bytes);
    return progress;
}

struct body {
    enum http1_progress progress;
    size_t taken;
    size_t length;
    uint64_t hash;
};

static struct body read_chunked(const uint8_t *input, size_t size, bool in_pieces)
{
    struct http1_chunked chunked;
    http1_chunked_init(&chunked);
    struct body body = {.progress = HTTP1_MORE};
    uint32_t hash = (uint32_t)size;
    while (body.taken < size && (body.progress == HTTP1_MORE || body.progress == HTTP1_DATA)) {
        size_t stop = in_pieces ? next_stop(body.taken, size, &hash) : size, taken = 0;
        struct text data = {0};
        body.progress = http1_chunked_read(&chunked, (const char *)input + body.taken, stop - body.taken, &taken, &data);
        ASSERT(taken > 0 && taken <= stop - body.taken);
        body.taken += taken;
        for (size_t i = 0; body.progress == HTTP1_DATA && i < data.length; i++)
            body.hash = body.hash * 31 + (uint8_t)data.at[i];
        body.length += body.progress == HTTP1_DATA ? data.length : 0;
    }
    if (body.progress == HTTP1_DATA)
        body.progress = HTTP1_MORE;
    return body;
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
    static struct http1_head whole, pieces;
    enum http1_progress progress = read_head(input, size, false, &whole);
    ASSERT(read_head(input, size, true, &pieces) == progress);
    if (progress == HTTP1_REFUSED)
        ASSERT(whole.refusal.status == pieces.refusal.status);
    if (progress == HTTP1_DONE)
        ASSERT(whole.length == pieces.length && whole.content_length == pieces.content_length &&
               whole.chunked == pieces.chunked && whole.keep_alive == pieces.keep_alive);

    struct body at_once = read_chunked(input, size, false);
    struct body bit_by_bit = read_chunked(input, size, true);
    ASSERT(at_once.progress == bit_by_bit.progress && at_once.taken == bit_by_bit.taken);
    ASSERT(at_once.length == bit_by_bit.length && at_once.hash == bit_by_bit.hash);
    return 0;
}
