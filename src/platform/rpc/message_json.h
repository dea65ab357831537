/*
 * Messages as JSON: enums are their names in lower case, times RFC 3339 with milliseconds, 64-bit numbers numbers, maps objects.
 *
 * Whole messages as records have them, without links or choice of fields; gateways that answer resources write those themselves, from
 * the values here.
 */
#ifndef SOUK_PLATFORM_MESSAGE_JSON_H
#define SOUK_PLATFORM_MESSAGE_JSON_H

#include "base/json_write.h"
#include "platform/rpc/call.h"
#include "platform/rpc/reflect.h"

/* Whether a field with so many values (field_count()) has anything to write: an enum that is not given has no name, and bytes have no
 * form in JSON. */
static inline bool field_has_json(struct field field, size_t count)
{
    if (field.descriptor->type == PROTOBUF_C_TYPE_BYTES)
        return false;
    if (field.declaration->format == FORMAT_JSON && count == 0)
        return false; /* no text is no JSON */
    return field_is_list(field) || count > 0 || field.descriptor->type != PROTOBUF_C_TYPE_ENUM;
}
/* One value that is no message, or a time. */
void json_write_field_value(struct json_writer *json, struct field field, const void *value);

/* The whole message, as an object, for whoever may see it: without secrets, without what needs a scope that they lack, and personal data
 * only for the scope `customers`. What is not set is left out, unless its declaration says `always`. */
void json_write_message(struct json_writer *json, const struct message_declaration *declaration, const ProtobufCMessage *message,
                        const struct actor *actor);

#endif
