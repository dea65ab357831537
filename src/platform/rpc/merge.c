/*
 * Merging messages by protobuf-c's descriptors.
 */
#include "platform/rpc/merge.h"

#include "base/assert.h"
#include "platform/rpc/message.h"
#include "platform/rpc/validate.h"

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

/* What a path names within the field ("city" of "shipping_address.city"); "" for the field itself, NULL when it is about another one. */
static const char *path_within(const char *path, const char *field)
{
    size_t length = strlen(field);

    if (strncmp(path, field, length) != 0 || (path[length] != '\0' && path[length] != '.'))
        return NULL;
    return path[length] == '.' ? path + length + 1 : "";
}

bool mask_has(const Google__Protobuf__FieldMask *mask, const char *field)
{
    if (!mask)
        return false;
    for (size_t i = 0; i < mask->n_paths; i++)
        if (strcmp(mask->paths[i], "*") == 0 || path_within(mask->paths[i], field))
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

/* --- inside ------------------------------------------------------------------------------------------------------ */

static void patch_path(struct arena *arena, const struct message_declaration *declaration, ProtobufCMessage *into,
                       const ProtobufCMessage *from, const char *path);

/* The message in a field, for changing: a copy of it, or a new one. */
static ProtobufCMessage *own_inside(struct arena *arena, struct field field, ProtobufCMessage *into)
{
    ProtobufCMessage *own = message_new(arena, field.declaration->message->descriptor);

    if (field_count(field, into) > 0)
        memcpy(own, field_value_message(field, into, 0), own->descriptor->sizeof_message);
    *(ProtobufCMessage **)field_fill(field, into) = own;
    return own;
}

static void patch_inside(struct arena *arena, struct field field, ProtobufCMessage *into, const ProtobufCMessage *from, const char *path)
{
    ProtobufCMessage *empty = message_new(arena, field.declaration->message->descriptor);
    const ProtobufCMessage *given = field_count(field, from) > 0 ? field_value_message(field, from, 0) : empty;

    patch_path(arena, field.declaration->message, own_inside(arena, field, into), given, path);
}

static const char *unquoted(struct arena *arena, const char *key)
{
    size_t length = strlen(key);
    bool is_quoted = length >= 2 && key[0] == '`' && key[length - 1] == '`';

    return is_quoted ? arena_strndup(arena, key + 1, length - 2) : key;
}

static const ProtobufCMessage *entry_of(struct field map, const ProtobufCMessage *message, const char *key, size_t *index)
{
    struct field name = message_field_at(map.declaration->message, 0);

    for (*index = 0; *index < field_count(map, message); ++*index) {
        const ProtobufCMessage *entry = field_value_message(map, message, *index);

        if (strcmp(field_value_string(name, entry, 0), key) == 0)
            return entry;
    }
    return NULL;
}

/* Put, replace or remove the entry of a key; the order of the others stays. */
static void patch_entry(struct arena *arena, struct field map, ProtobufCMessage *into, const ProtobufCMessage *from, const char *key)
{
    size_t at, ignored, count = field_count(map, into), kept = 0;
    const ProtobufCMessage *before = entry_of(map, into, key, &at), *after = entry_of(map, from, key, &ignored);
    const ProtobufCMessage **entries = ARENA_ARRAY(arena, const ProtobufCMessage *, count + 1);

    for (size_t i = 0; i < count; i++) {
        const ProtobufCMessage *entry = before && i == at ? after : field_value_message(map, into, i);

        if (entry)
            entries[kept++] = entry;
    }
    if (!before && after)
        entries[kept++] = after;
    const ProtobufCMessage **list = (void *)field_fill_list(map, into, arena, kept);
    for (size_t i = 0; i < kept; i++)
        list[i] = entries[i];
}

/* A name that the message does not have is left out, as in message_merge(). */
static void patch_path(struct arena *arena, const struct message_declaration *declaration, ProtobufCMessage *into,
                       const ProtobufCMessage *from, const char *path)
{
    size_t length = strcspn(path, ".");
    struct field field = message_field(declaration, (struct text){path, length});

    if (!field.descriptor)
        return;
    if (path[length] == '\0')
        copy_field(into, from, field.descriptor);
    else if (field.declaration->is_map)
        patch_entry(arena, field, into, from, unquoted(arena, path + length + 1));
    else if (field_is_message(field) && !field_is_list(field) && !field_is_time(field))
        patch_inside(arena, field, into, from, path + length + 1);
}

/* What was changed inside must be whole. */
static void check_inside(struct validation *validation, struct field field, const ProtobufCMessage *into)
{
    struct pointer at = {.name = text_of(field.declaration->json_name)};

    if (field_is_list(field))
        validate_item_count(validation, field, field_count(field, into), &at);
    else if (field_count(field, into) > 0)
        validate_message(validation, field.declaration->message, field_value_message(field, into, 0), &at);
}

static bool has_changed_inside(const Google__Protobuf__FieldMask *mask, const char *field)
{
    for (size_t i = 0; i < mask->n_paths; i++) {
        const char *within = path_within(mask->paths[i], field);

        if (within && *within)
            return true;
    }
    return false;
}

enum result message_patch(struct call *call, const struct message_declaration *declaration, ProtobufCMessage *into,
                          const ProtobufCMessage *from, const Google__Protobuf__FieldMask *mask)
{
    struct validation validation = {.call = call};

    if (!mask || mask_has(mask, "*")) {
        message_merge(into, from, mask);
        return RESULT_OK;
    }
    ASSERT(into->descriptor == from->descriptor);
    for (size_t i = 0; i < mask->n_paths; i++)
        patch_path(call->arena, declaration, into, from, mask->paths[i]);
    for (unsigned i = 0; i < declaration->descriptor->n_fields; i++)
        if (has_changed_inside(mask, declaration->descriptor->fields[i].name))
            check_inside(&validation, message_field_at(declaration, i), into);
    return validation.count > 0 ? RESULT_VALIDATION_FAILED : RESULT_OK;
}

/* --- comparing --------------------------------------------------------------------------------------------------- */

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
