#include "platform/rpc/grpc_frame.h"

#include "base/assert.h"
#include "base/limits.h"
#include "platform/rpc/gzip.h"
#include "platform/rpc/message.h"

/* --- compression -------------------------------------------------------------------------------------------------- */

enum grpc_encoding grpc_encoding_named(struct text name)
{
    if (name.length == 0 || text_is(name, "identity"))
        return GRPC_IDENTITY;
    return text_is(name, "gzip") ? GRPC_GZIP : GRPC_OTHER;
}

bool grpc_accepts_gzip(struct text list)
{
    while (list.length > 0) {
        const char *comma = memchr(list.at, ',', list.length);
        size_t length = comma != NULL ? (size_t)(comma - list.at) : list.length;
        if (text_is(text_trim((struct text){list.at, length}), "gzip"))
            return true;
        length += comma != NULL;
        list = (struct text){list.at + length, list.length - length};
    }
    return false;
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

static uint32_t length_of(struct text head)
{
    const uint8_t *at = (const uint8_t *)head.at + 1;
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static enum grpc_frame bad(struct grpc_fault *fault, enum result result, const char *detail)
{
    *fault = (struct grpc_fault){result, detail};
    return GRPC_FRAME_BAD;
}

static enum grpc_frame unpack(struct text packed, enum grpc_encoding encoding, size_t maximum, struct arena *arena, struct text *message,
                              struct grpc_fault *fault)
{
    if (encoding == GRPC_IDENTITY)
        return bad(fault, RESULT_INTERNAL, "A message says it is compressed, and no grpc-encoding says how.");
    if (encoding == GRPC_OTHER)
        return bad(fault, RESULT_UNIMPLEMENTED, "That grpc-encoding is not one of ours; we take gzip.");
    switch (gzip_unpack(arena, packed, maximum, message)) {
    case GZIP_FINE:
        return GRPC_FRAME_WHOLE;
    case GZIP_BROKEN:
        return bad(fault, RESULT_INTERNAL, "A message says it is gzip, and is not.");
    case GZIP_TOO_LARGE:
        return bad(fault, RESULT_PAYLOAD_TOO_LARGE, "Unpacked, the message is too large.");
    }
    ASSERT(!"a result of gzip_unpack()");
}

enum grpc_frame grpc_frame_take(struct text *bytes, enum grpc_encoding encoding, size_t maximum, struct arena *arena,
                                struct text *message, struct grpc_fault *fault)
{
    if (bytes->length < GRPC_FRAME_HEAD)
        return GRPC_FRAME_PART;
    uint8_t flag = (uint8_t)bytes->at[0];
    size_t length = length_of(*bytes);
    if (flag > 1)
        return bad(fault, RESULT_INTERNAL, "The body is not made of gRPC's frames.");
    if (length > maximum)
        return bad(fault, RESULT_PAYLOAD_TOO_LARGE, "The message is too large.");
    if (bytes->length - GRPC_FRAME_HEAD < length)
        return GRPC_FRAME_PART;
    struct text inside = {bytes->at + GRPC_FRAME_HEAD, length};
    *bytes = (struct text){inside.at + length, bytes->length - GRPC_FRAME_HEAD - length};
    if (flag == 1)
        return unpack(inside, encoding, maximum, arena, message, fault);
    *message = inside;
    return GRPC_FRAME_WHOLE;
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

static void write_head(char *at, bool compressed, size_t length)
{
    ASSERT(length <= UINT32_MAX);
    at[0] = compressed;
    at[1] = (char)(length >> 24);
    at[2] = (char)(length >> 16);
    at[3] = (char)(length >> 8);
    at[4] = (char)length;
}

static struct text frame(struct arena *arena, struct text packed, bool compressed)
{
    char *whole = arena_alloc(arena, GRPC_FRAME_HEAD + packed.length);
    write_head(whole, compressed, packed.length);
    memcpy(whole + GRPC_FRAME_HEAD, packed.at, packed.length);
    return (struct text){whole, GRPC_FRAME_HEAD + packed.length};
}

struct text grpc_frame_of(struct arena *arena, struct text packed)
{
    return frame(arena, packed, false);
}

struct text grpc_frame_make(struct arena *arena, const ProtobufCMessage *message, bool gzip)
{
    size_t length = protobuf_c_message_get_packed_size(message);
    if (gzip && length >= LIMIT_GRPC_PLAIN_BYTES)
        return frame(arena, gzip_pack(arena, message_pack(arena, message)), true);
    char *whole = arena_alloc(arena, GRPC_FRAME_HEAD + length);
    write_head(whole, false, length);
    protobuf_c_message_pack(message, (uint8_t *)whole + GRPC_FRAME_HEAD);
    return (struct text){whole, GRPC_FRAME_HEAD + length};
}
