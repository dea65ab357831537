/*
 * From the message that an operation answered to JSON, in the order of the .proto.
 *
 * Enums are their names in lower case, times RFC 3339 with milliseconds, maps objects, 64-bit numbers numbers. What is not set is left
 * out, unless its declaration says `always`; secrets and input_only fields never appear, fields with a scope only for those who have it.
 * Resources get their `_links`, and each is noted as a cache tag.
 */
#ifndef SOUK_REST_TRANSCODE_OUT_H
#define SOUK_REST_TRANSCODE_OUT_H

#include "gateways/rest/fields.h"
#include "gateways/rest/form.h"
#include "gateways/rest/tags.h"

struct rendering {
    struct json_writer json;
    const struct form_table *forms;
    const struct actor *actor;
    struct tags *tags; /* NULL: nobody asks */
};

/* Write a message as an object. */
void render_message(struct rendering *rendering, const struct message_declaration *declaration, const ProtobufCMessage *message,
                    const struct field_choice *choice);
/* The same, where its form is known already. */
void render_form(struct rendering *rendering, const struct form *form, const ProtobufCMessage *message, const struct field_choice *choice);
/* The same, without the closing brace, so that more members can follow; close with json_write_object_close(). */
void render_open(struct rendering *rendering, const struct form *form, const ProtobufCMessage *message, const struct field_choice *choice);
/* A member, with its name, if it is set or always written. */
void render_member(struct rendering *rendering, const struct form_member *member, const ProtobufCMessage *message,
                   const struct field_choice *choice);

#endif
