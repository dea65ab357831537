/*
 * gRPC's frames: how messages lie in the body of a request or an answer. A byte that says whether it is compressed, four for its length, the message.
 */
#ifndef SOUK_PLATFORM_GRPC_FRAME_H
#define SOUK_PLATFORM_GRPC_FRAME_H

#include "base/arena.h"
#include "platform/rpc/result.h"
#include "base/text.h"

#define GRPC_FRAME_HEAD 5

enum grpc_encoding {
    GRPC_IDENTITY,
    GRPC_GZIP,
    GRPC_OTHER /* one that we don't know */
};
/* By its name in `grpc-encoding`; without a name it is identity. */
enum grpc_encoding grpc_encoding_named(struct text name);
/* Whether a list as in `grpc-accept-encoding` has gzip. */
bool grpc_accepts_gzip(struct text list);
#define GRPC_ACCEPT_ENCODING "identity,gzip"

/* Take the first message off the bytes that have arrived, unpacked if it was packed (then in the arena). */
enum grpc_frame {
    GRPC_FRAME_WHOLE,
    GRPC_FRAME_PART, /* more is to come: nothing was taken */
    GRPC_FRAME_BAD,  /* it can't be read; `result` and `detail` say why */
};
struct grpc_fault {
    enum result result;
    const char *detail;
};
enum grpc_frame grpc_frame_take(struct text *bytes, enum grpc_encoding encoding, size_t maximum, struct arena *arena,
                                struct text *message, struct grpc_fault *fault);

/* A message as a frame, in the arena; with `gzip` compressed where it is large enough to be worth it. */
struct text grpc_frame_make(struct arena *arena, const ProtobufCMessage *message, bool gzip);
/* The same of one that is packed already. */
struct text grpc_frame_of(struct arena *arena, struct text packed);

#endif
