/*
 * What not everybody may see of an answer: fields for a scope, and those that are never answered. REST leaves them out as it writes;
 * a packed message takes what is there, so here they are emptied before it is packed.
 */
#include "gateways/grpc/visit.h"

#include "platform/rpc/reflect.h"

static bool is_hidden(const struct field_declaration *field, const struct actor *actor)
{
    if (field->input_only || field->secret)
        return true;
    return field->scope != NULL && (actor->scopes & scope_named(text_of(field->scope))) == 0;
}

bool grpc_hides_something(const struct message_declaration *declaration)
{
    static const struct actor nobody = {.kind = ACTOR_ANONYMOUS, .id = ""};
    for (unsigned i = 0; i < declaration->descriptor->n_fields; i++) {
        const struct field_declaration *field = &declaration->fields[i];
        if (is_hidden(field, &nobody) || (field->message != NULL && grpc_hides_something(field->message)))
            return true; /* types do not nest in themselves (protoc-gen-souk refuses it), so this ends */
    }
    return false;
}

static void empty(struct field field, ProtobufCMessage *message)
{
    if (field_is_list(field))
        field_set_count(field, message, 0);
    else
        memcpy(field_fill(field, message), field.descriptor->type == PROTOBUF_C_TYPE_STRING ? &(const char *){""} : (const void *)&(uint64_t[2]){0},
               field_value_size(field));
}

void grpc_hide(const struct message_declaration *declaration, ProtobufCMessage *message, const struct actor *actor)
{
    for (unsigned i = 0; i < declaration->descriptor->n_fields; i++) {
        struct field field = message_field_at(declaration, i);
        size_t count = field_count(field, message);
        if (count == 0)
            continue;
        if (is_hidden(field.declaration, actor))
            empty(field, message);
        else if (field.declaration->message != NULL)
            for (size_t item = 0; item < count; item++)
                grpc_hide(field.declaration->message, *(ProtobufCMessage *const *)field_value(field, message, item), actor);
    }
}
