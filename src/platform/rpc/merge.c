/*
 * Merging messages by protobuf-c's descriptors.
 */
#include "platform/rpc/merge.h"

#include "base/assert.h"
#include "platform/rpc/message.h"

#include <stdbool.h>
#include <string.h>

/* What the field holds: a pointer to the array for repeated ones, and their count or a oneof's case beside it. */
static void copy_field(ProtobufCMessage *into, const ProtobufCMessage *from, const ProtobufCFieldDescriptor *field)
{
    bool repeated = field->label == PROTOBUF_C_LABEL_REPEATED;
    size_t size = repeated ? sizeof(void *) : message_value_size(field->type);

    memcpy((char *)into + field->offset, (const char *)from + field->offset, size);
    if (repeated)
        memcpy((char *)into + field->quantifier_offset, (const char *)from + field->quantifier_offset, sizeof(size_t));
    else if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
        memcpy((char *)into + field->quantifier_offset, (const char *)from + field->quantifier_offset, sizeof(uint32_t));
}

static bool is_set(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    static const char zeros[sizeof(ProtobufCBinaryData)];
    const char *at = (const char *)message + field->offset;

    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        return *(const size_t *)(const void *)((const char *)message + field->quantifier_offset) > 0;
    if (field->type == PROTOBUF_C_TYPE_STRING)
        return **(const char *const *)(const void *)at != '\0';
    return memcmp(at, zeros, message_value_size(field->type)) != 0;
}

bool mask_has(const Google__Protobuf__FieldMask *mask, const char *field)
{
    if (!mask)
        return false;
    for (size_t i = 0; i < mask->n_paths; i++)
        if (strcmp(mask->paths[i], "*") == 0 || strcmp(mask->paths[i], field) == 0)
            return true;
    return false;
}

void message_merge(ProtobufCMessage *into, const ProtobufCMessage *from, const Google__Protobuf__FieldMask *mask)
{
    ASSERT(into->descriptor == from->descriptor);
    for (unsigned i = 0; i < into->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &into->descriptor->fields[i];

        if (mask ? mask_has(mask, field->name) : is_set(from, field))
            copy_field(into, from, field);
    }
}

bool message_equal(struct arena *arena, const ProtobufCMessage *a, const ProtobufCMessage *b)
{
    size_t length = protobuf_c_message_get_packed_size(a);
    uint8_t *packed_a, *packed_b;

    ASSERT(a->descriptor == b->descriptor);
    if (length != protobuf_c_message_get_packed_size(b))
        return false;
    packed_a = arena_alloc(arena, length);
    packed_b = arena_alloc(arena, length);
    protobuf_c_message_pack(a, packed_a);
    protobuf_c_message_pack(b, packed_b);
    return memcmp(packed_a, packed_b, length) == 0;
}
