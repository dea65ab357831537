/*
 * Making forms.
 */
#include "gateways/rest/form.h"

#include "base/assert.h"

#define FORM_SLOTS 2048 /* far more than there are messages, so that looking up ends at once */
#define FORM_TABLE_BYTES_MAX (16 << 20)

struct form_table {
    struct arena *arena;
    const struct resource_table *resources;
    size_t count;
    struct form *slots[FORM_SLOTS]; /* open addressing by the message's address */
};

static size_t slot_of(const struct form_table *table, const struct message_declaration *message)
{
    size_t slot = (size_t)((uintptr_t)message / sizeof(void *) * UINT64_C(0x9E3779B97F4A7C15) >> 53) % FORM_SLOTS;
    while (table->slots[slot] != NULL && table->slots[slot]->message != message)
        slot = (slot + 1) % FORM_SLOTS;
    return slot;
}

const struct form *form_find(const struct form_table *table, const struct message_declaration *message)
{
    const struct form *form = table->slots[slot_of(table, message)];
    ASSERT(form != NULL);
    return form;
}

/* --- making -------------------------------------------------------------------------------------------------------------- */

static const struct form *form_of(struct form_table *table, const struct message_declaration *message);

static bool is_ever_answered(struct field field)
{
    return !field.declaration->input_only && !field.declaration->secret && field.descriptor->type != PROTOBUF_C_TYPE_BYTES;
}

static enum form_kind kind_of(struct field field)
{
    if (field.declaration->is_map)
        return FORM_MAP;
    if (field_is_list(field))
        return FORM_LIST;
    if ((field.descriptor->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0 || field_is_time(field) || field.declaration->format == FORMAT_JSON)
        return FORM_OTHER;
    switch (field.descriptor->type) {
    case PROTOBUF_C_TYPE_STRING:
        return FORM_STRING;
    case PROTOBUF_C_TYPE_INT64:
        return FORM_INT64;
    case PROTOBUF_C_TYPE_MESSAGE:
        return FORM_MESSAGE;
    default:
        return FORM_OTHER;
    }
}

/* The message in a field; of a map, in its values. */
static const struct form *form_within(struct form_table *table, struct field field)
{
    if (field.declaration->is_map)
        field = message_field_at(field.declaration->message, 1);
    return field_is_message(field) && !field_is_time(field) ? form_of(table, field.declaration->message) : NULL;
}

static void add_member(struct form_table *table, struct form *form, unsigned index)
{
    struct field field = message_field_at(form->message, index);
    struct form_member *member = &form->members[form->member_count++];
    *member = (struct form_member){
        .key = text_of(arena_printf(table->arena, ",\"%s\":", field.declaration->json_name)),
        .kind = kind_of(field),
        .always = field.declaration->always,
        .offset = field.descriptor->offset,
        .quantifier = field.descriptor->quantifier_offset,
        .index = index,
        .form = form_within(table, field),
        .field = field,
    };
    if (field.declaration->scope == NULL)
        return;
    member->scope = scope_named(text_of(field.declaration->scope));
    ASSERT(member->scope != 0);
}

/* A message never contains itself: the generator saw to it. */
static const struct form *form_of(struct form_table *table, const struct message_declaration *message)
{
    const struct form *known = table->slots[slot_of(table, message)];
    if (known != NULL)
        return known;
    struct form *form = ARENA_NEW(table->arena, struct form);
    *form = (struct form){
        .message = message,
        .resource = resource_find(table->resources, message),
        .members = ARENA_ARRAY(table->arena, struct form_member, message->descriptor->n_fields),
    };
    for (unsigned i = 0; i < message->descriptor->n_fields; i++)
        if (is_ever_answered(message_field_at(message, message->written_order[i])))
            add_member(table, form, message->written_order[i]);
    ASSERT(++table->count <= FORM_SLOTS / 2);
    table->slots[slot_of(table, message)] = form; /* looked for again, after those within it have taken theirs */
    return form;
}

struct form_table *form_table_new(const struct service_declaration *const *services, size_t service_count,
                                  const struct resource_table *resources)
{
    struct arena *arena = arena_new(FORM_TABLE_BYTES_MAX);
    struct form_table *table = ARENA_NEW(arena, struct form_table);
    table->arena = arena;
    table->resources = resources;
    for (size_t i = 0; i < service_count; i++)
        for (size_t j = 0; j < services[i]->method_count; j++)
            form_of(table, services[i]->methods[j]->output);
    return table;
}

void form_table_free(struct form_table *table)
{
    if (table != NULL)
        arena_free(table->arena);
}
