/*
 * gRPC's words for what became of a call: status, message and details, and the small encodings of its metadata.
 *
 * A problem travels three times in `grpc-status-details-bin` (google.rpc.Status): as ErrorInfo and BadRequest, which every client's library knows,
 * and as souk.common.v1.Problem, which says all of it, so that a remote problem is the local one again.
 */
#ifndef SOUK_PLATFORM_GRPC_STATUS_H
#define SOUK_PLATFORM_GRPC_STATUS_H

#include "platform/rpc/call.h"

/* As they go into the trailers. */
struct grpc_status {
    int code;
    struct text message; /* percent-encoded; empty for OK */
    struct text details; /* base64; empty for OK */
};
struct grpc_status grpc_status_of(struct arena *arena, const struct problem *problem);
/* And back. Where nobody said more than a number (a proxy, another's service) the problem is the nearest of ours. */
struct problem grpc_problem_of(struct arena *arena, const struct grpc_status *status);

/* `grpc-message`: printable ASCII, everything else as %XX. */
struct text grpc_message_encode(struct arena *arena, struct text message);
struct text grpc_message_decode(struct arena *arena, struct text encoded);

/* Values of `-bin` metadata. Decoding takes them with and without padding; {NULL, 0} when it is no base64. */
struct text grpc_binary_encode(struct arena *arena, struct text bytes);
struct text grpc_binary_decode(struct arena *arena, struct text encoded);

/* `grpc-timeout` ("250m"), in microseconds. False when it is none. */
bool grpc_timeout_read(struct text timeout, int64_t *microseconds);
const char *grpc_timeout_write(struct arena *arena, int64_t microseconds);

#endif
