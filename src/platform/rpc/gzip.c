#include "platform/rpc/gzip.h"

#include "base/assert.h"

#include <limits.h>
#include <zlib.h>

#define GZIP_WINDOW (15 + 16) /* zlib's way to say: gzip, with the largest window */
#define FAST 1                /* the level: messages are small and asked for often */
#define PIECE_BYTES 16384

struct text gzip_pack(struct arena *arena, struct text plain)
{
    z_stream stream = {0};
    ASSERT(plain.length <= UINT_MAX / 2);
    ASSERT(deflateInit2(&stream, FAST, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    size_t bound = deflateBound(&stream, plain.length);
    char *packed = arena_alloc(arena, bound);
    stream.next_in = (Bytef *)(uintptr_t)plain.at; /* zlib only reads it */
    stream.avail_in = (uInt)plain.length;
    stream.next_out = (Bytef *)packed;
    stream.avail_out = (uInt)bound;
    ASSERT(deflate(&stream, Z_FINISH) == Z_STREAM_END);
    size_t length = stream.total_out;
    deflateEnd(&stream);
    return (struct text){packed, length};
}

static void forget_buffer(void *buffer)
{
    buffer_release(buffer);
}

/* A run of inflate() into `out`, piece by piece. */
static enum gzip_result inflate_all(z_stream *stream, struct buffer *out)
{
    for (;;) {
        size_t room = out->maximum - out->length < PIECE_BYTES ? out->maximum - out->length : PIECE_BYTES;
        char last; /* where all is filled but the end of the stream is still to be read */
        char *at = room > 0 ? buffer_reserve(out, room) : &last;
        stream->next_out = (Bytef *)at;
        stream->avail_out = room > 0 ? (uInt)room : 1;
        uInt before = stream->avail_out;
        int status = inflate(stream, Z_NO_FLUSH);
        size_t made = before - stream->avail_out;
        if (room == 0 && made > 0)
            return GZIP_TOO_LARGE;
        buffer_grew(out, made);
        if (status == Z_STREAM_END)
            return stream->avail_in == 0 ? GZIP_FINE : GZIP_BROKEN;
        if (status != Z_OK)
            return GZIP_BROKEN; /* Z_BUF_ERROR too: it is cut short */
    }
}

enum gzip_result gzip_unpack(struct arena *arena, struct text packed, size_t maximum, struct text *plain)
{
    ASSERT(packed.length <= UINT_MAX);
    struct buffer *out = ARENA_NEW(arena, struct buffer);
    buffer_init(out, maximum);
    arena_cleanup(arena, forget_buffer, out);

    z_stream stream = {.next_in = (Bytef *)(uintptr_t)packed.at, .avail_in = (uInt)packed.length};
    ASSERT(inflateInit2(&stream, GZIP_WINDOW) == Z_OK);
    enum gzip_result result = inflate_all(&stream, out);
    inflateEnd(&stream);
    *plain = buffer_text(out);
    return result;
}
