#include "gateways/rest/transcode_out.h"

#include "platform/rpc/message_json.h"

/* --- lists and maps --------------------------------------------------------------------------------------------------- */

/* One value of a list or a map. */
static void render_value(struct rendering *rendering, const struct form *form, struct field field, const void *value,
                         const struct field_choice *choice)
{
    if (form != NULL)
        render_form(rendering, form, *(const ProtobufCMessage *const *)value, choice);
    else if (field.descriptor->type == PROTOBUF_C_TYPE_STRING && field.declaration->format != FORMAT_JSON)
        json_write_string(&rendering->json, *(const char *const *)value);
    else
        json_write_field_value(&rendering->json, field, value);
}

static void render_list(struct rendering *rendering, const struct form_member *member, const ProtobufCMessage *message, size_t count,
                        const struct field_choice *choice)
{
    json_write_array_open(&rendering->json);
    for (size_t i = 0; i < count; i++)
        render_value(rendering, member->form, member->field, field_value(member->field, message, i), choice);
    json_write_array_close(&rendering->json);
}

static void render_map(struct rendering *rendering, const struct form_member *member, const ProtobufCMessage *message, size_t count)
{
    struct field map = member->field;
    struct field key = message_field_at(map.declaration->message, 0), value = message_field_at(map.declaration->message, 1);
    json_write_object_open(&rendering->json);
    for (size_t i = 0; i < count; i++) {
        const ProtobufCMessage *entry = field_value_message(map, message, i);
        json_write_key_text(&rendering->json, text_of(field_value_string(key, entry, 0)));
        if (field_is_message(value) && field_count(value, entry) == 0)
            json_write_null(&rendering->json);
        else
            render_value(rendering, member->form, value, field_value(value, entry, 0), &field_choice_whole);
    }
    json_write_object_close(&rendering->json);
}

/* --- members ------------------------------------------------------------------------------------------------------------ */

static void render_other(struct rendering *rendering, const struct form_member *member, const ProtobufCMessage *message,
                         const struct field_choice *choice)
{
    size_t count = field_count(member->field, message);
    if ((count == 0 && !member->always) || !field_has_json(member->field, count))
        return;
    json_write_prepared_key(&rendering->json, member->key);
    render_value(rendering, member->form, member->field, field_value(member->field, message, 0), choice);
}

static inline const void *place_of(const struct form_member *member, const ProtobufCMessage *message)
{
    return (const char *)message + member->offset;
}

static inline size_t count_of(const struct form_member *member, const ProtobufCMessage *message)
{
    return *(const size_t *)(const void *)((const char *)message + member->quantifier);
}

/* Most members of most messages are not: that is to be found out fast. */
static inline bool is_written(const struct rendering *rendering, const struct form_member *member, const ProtobufCMessage *message)
{
    if (member->scope != 0 && (rendering->actor->scopes & member->scope) == 0)
        return false;
    const void *place = place_of(member, message);
    switch (member->kind) {
    case FORM_STRING: {
        const char *string = *(const char *const *)place;
        return member->always || (string != NULL && *string != '\0');
    }
    case FORM_INT64:
        return member->always || *(const int64_t *)place != 0;
    case FORM_MESSAGE:
        return *(const ProtobufCMessage *const *)place != NULL;
    case FORM_LIST:
    case FORM_MAP:
        return member->always || count_of(member, message) > 0;
    case FORM_OTHER:
        return true; /* render_other() looks for itself */
    }
    return true;
}

static void write_member(struct rendering *rendering, const struct form_member *member, const ProtobufCMessage *message,
                         const struct field_choice *choice)
{
    struct json_writer *json = &rendering->json;
    const void *place = place_of(member, message);
    switch (member->kind) {
    case FORM_STRING:
        json_write_prepared_string(json, member->key, *(const char *const *)place);
        return;
    case FORM_INT64:
        json_write_prepared_int(json, member->key, *(const int64_t *)place);
        return;
    case FORM_MESSAGE:
        json_write_prepared_key(json, member->key);
        render_form(rendering, member->form, *(const ProtobufCMessage *const *)place, choice);
        return;
    case FORM_LIST:
        json_write_prepared_key(json, member->key);
        render_list(rendering, member, message, count_of(member, message), choice);
        return;
    case FORM_MAP:
        json_write_prepared_key(json, member->key);
        render_map(rendering, member, message, count_of(member, message));
        return;
    case FORM_OTHER:
        render_other(rendering, member, message, choice);
    }
}

void render_member(struct rendering *rendering, const struct form_member *member, const ProtobufCMessage *message,
                   const struct field_choice *choice)
{
    if (is_written(rendering, member, message))
        write_member(rendering, member, message, choice);
}

/* --- messages ----------------------------------------------------------------------------------------------------------- */

static void note_tag(struct rendering *rendering, const struct resource *resource, const ProtobufCMessage *message)
{
    if (rendering->tags == NULL || resource->key.depth != 1)
        return;
    struct field key = resource->key.fields[0];
    tags_add(rendering->tags, resource->message->resource, text_of(field_value_string(key, message, 0)));
}

void render_open(struct rendering *rendering, const struct form *form, const ProtobufCMessage *message, const struct field_choice *choice)
{
    json_write_object_open(&rendering->json);
    for (size_t i = 0; i < form->member_count; i++) {
        const struct form_member *member = &form->members[i];
        const struct field_choice *inner = field_chosen(choice, member->index);
        if (inner != NULL && is_written(rendering, member, message))
            write_member(rendering, member, message, inner);
    }
    if (form->resource == NULL)
        return;
    note_tag(rendering, form->resource, message);
    links_write(form->resource, message, rendering->actor, &rendering->json);
}

void render_form(struct rendering *rendering, const struct form *form, const ProtobufCMessage *message, const struct field_choice *choice)
{
    render_open(rendering, form, message, choice);
    json_write_object_close(&rendering->json);
}

void render_message(struct rendering *rendering, const struct message_declaration *declaration, const ProtobufCMessage *message,
                    const struct field_choice *choice)
{
    render_form(rendering, form_find(rendering->forms, declaration), message, choice);
}
