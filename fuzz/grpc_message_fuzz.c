/*
 * Any bytes at all, as the body of a gRPC call. What passes the look over the wire must unpack, within the memory that was allowed, and be
 * the same when it is packed and read again; the first byte chooses the type, since some nest and some do not.
 */
#include "base/assert.h"
#include "base/limits.h"
#include "platform/rpc/grpc_frame.h"
#include "platform/rpc/grpc_status.h"
#include "platform/rpc/message.h"
#include "platform/rpc/wire.h"
#include "souk/catalog/v1/catalog.pb-c.h"
#include "souk/order/v1/order.pb-c.h"

#include <google/protobuf/descriptor.pb-c.h>

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

static const ProtobufCMessageDescriptor *const types[] = {
    &catalog__create_product_request__descriptor,
    &order__order__descriptor,
    &google__protobuf__file_descriptor_proto__descriptor,
};

static void read_message(struct arena *arena, const ProtobufCMessageDescriptor *type, struct text packed)
{
    if (wire_check(type, packed, LIMIT_CALL_ARENA / 2) != WIRE_FINE)
        return;
    size_t before = arena_used(arena);
    ProtobufCMessage *message = message_unpack(arena, type, packed);
    ASSERT(arena_used(arena) - before <= LIMIT_CALL_ARENA / 2);
    if (message == NULL)
        return; /* a field of proto2 that must be there */
    struct text again = message_pack(arena, message);
    ASSERT(wire_check(type, again, LIMIT_CALL_ARENA / 2) == WIRE_FINE);
    ASSERT(message_unpack(arena, type, again) != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
    if (size == 0)
        return 0;
    struct arena *arena = arena_new((size_t)1 << 30);
    struct text body = {(const char *)input + 1, size - 1}, message;
    const ProtobufCMessageDescriptor *type = types[input[0] % 3];
    struct grpc_fault fault;
    read_message(arena, type, body);
    enum grpc_encoding encoding = input[0] & 4 ? GRPC_GZIP : GRPC_IDENTITY;
    while (grpc_frame_take(&body, encoding, LIMIT_HTTP_BODY, arena, &message, &fault) == GRPC_FRAME_WHOLE)
        read_message(arena, type, message);
    struct text whole = {(const char *)input, size};
    grpc_problem_of(arena, &(struct grpc_status){.code = input[0], .message = whole, .details = whole});
    arena_free(arena);
    return 0;
}
