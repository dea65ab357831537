#include "gateways/rest/transcode_out.h"

#include "platform/rpc/message_json.h"

/* --- values ---------------------------------------------------------------------------------------------------------- */

static void render_value(struct rendering *rendering, struct field field, const void *value, const struct field_choice *choice)
{
    if (field_is_message(field) && !field_is_time(field))
        render_message(rendering, field.declaration->message, *(const ProtobufCMessage *const *)value, choice);
    else
        json_write_field_value(&rendering->json, field, value);
}

/* --- lists and maps --------------------------------------------------------------------------------------------------- */

static void render_list(struct rendering *rendering, struct field field, const ProtobufCMessage *message,
                        const struct field_choice *choice)
{
    size_t count = field_count(field, message);
    json_write_array_open(&rendering->json);
    for (size_t i = 0; i < count; i++)
        render_value(rendering, field, field_value(field, message, i), choice);
    json_write_array_close(&rendering->json);
}

static void render_map(struct rendering *rendering, struct field map, const ProtobufCMessage *message)
{
    struct field key = message_field_at(map.declaration->message, 0), value = message_field_at(map.declaration->message, 1);
    size_t count = field_count(map, message);
    json_write_object_open(&rendering->json);
    for (size_t i = 0; i < count; i++) {
        const ProtobufCMessage *entry = field_value_message(map, message, i);
        json_write_key_text(&rendering->json, text_of(field_value_string(key, entry, 0)));
        if (field_is_message(value) && field_count(value, entry) == 0)
            json_write_null(&rendering->json);
        else
            render_value(rendering, value, field_value(value, entry, 0), &field_choice_whole);
    }
    json_write_object_close(&rendering->json);
}

/* --- fields ------------------------------------------------------------------------------------------------------------ */

static bool may_see(const struct rendering *rendering, const struct field_declaration *declaration)
{
    if (declaration->input_only || declaration->secret)
        return false;
    return declaration->scope == NULL || (rendering->actor->scopes & scope_named(text_of(declaration->scope))) != 0;
}

void render_field(struct rendering *rendering, struct field field, const ProtobufCMessage *message,
                  const struct field_choice *choice)
{
    size_t count = field_count(field, message);
    if ((count == 0 && !field.declaration->always) || !field_has_json(field, count) || !may_see(rendering, field.declaration))
        return;
    json_write_key(&rendering->json, field.declaration->json_name);
    if (field.declaration->is_map)
        render_map(rendering, field, message);
    else if (field_is_list(field))
        render_list(rendering, field, message, choice);
    else
        render_value(rendering, field, field_value(field, message, 0), choice);
}

/* --- messages ----------------------------------------------------------------------------------------------------------- */

static void note_tag(struct rendering *rendering, const struct resource *resource, const ProtobufCMessage *message)
{
    if (rendering->tags == NULL || resource->key.depth != 1)
        return;
    struct field key = resource->key.fields[0];
    tags_add(rendering->tags, resource->message->resource, text_of(field_value_string(key, message, 0)));
}

void render_open(struct rendering *rendering, const struct message_declaration *declaration,
                 const ProtobufCMessage *message, const struct field_choice *choice)
{
    json_write_object_open(&rendering->json);
    for (unsigned i = 0; i < declaration->descriptor->n_fields; i++) {
        unsigned index = declaration->written_order[i];
        const struct field_choice *inner = field_chosen(choice, index);
        if (inner != NULL)
            render_field(rendering, message_field_at(declaration, index), message, inner);
    }
    const struct resource *resource = rendering->resources ? resource_find(rendering->resources, declaration) : NULL;
    if (resource == NULL)
        return;
    note_tag(rendering, resource, message);
    links_write(resource, message, rendering->actor, &rendering->json);
}

void render_message(struct rendering *rendering, const struct message_declaration *declaration,
                    const ProtobufCMessage *message, const struct field_choice *choice)
{
    render_open(rendering, declaration, message, choice);
    json_write_object_close(&rendering->json);
}
