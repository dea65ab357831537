#include "gateways/rest/fields.h"

#include "base/limits.h"

const struct field_choice field_choice_whole = {.chosen = NULL};

struct fields_reading {
    struct validation *validation;
    struct arena *arena;
    struct text path; /* the one being read, for violations */
};

static void refuse_unknown(struct fields_reading *reading)
{
    struct pointer at = {.name = TEXT("fields"), .query = true};
    violation_add(reading->validation, &at, "unknown", "There is no field %.*s.", (int)reading->path.length, reading->path.at);
}

static struct field_choice *choice_new(const struct message_declaration *declaration, struct arena *arena)
{
    struct field_choice *choice = ARENA_NEW(arena, struct field_choice);
    choice->chosen = ARENA_ARRAY(arena, const struct field_choice *, declaration->descriptor->n_fields);
    return choice;
}

static bool has_members(struct field field)
{
    return field_is_message(field) && !field.declaration->is_map && !field_is_time(field);
}

/* Choose "variants.sku" in the tree that begins at `choice`. */
static void choose(struct fields_reading *reading, const struct message_declaration *declaration, struct field_choice *choice,
                   struct text path)
{
    const char *dot = memchr(path.at, '.', path.length);
    struct text name = {path.at, dot ? (size_t)(dot - path.at) : path.length};
    struct field field = message_field_json(declaration, name);
    if (field.descriptor == NULL || (dot != NULL && !has_members(field))) {
        refuse_unknown(reading);
        return;
    }
    const struct field_choice **chosen = &choice->chosen[field_index(declaration, field)];
    if (*chosen == &field_choice_whole)
        return;
    if (dot == NULL) {
        *chosen = &field_choice_whole;
        return;
    }
    const struct message_declaration *type = field.declaration->message;
    struct field_choice *inner = choice_new(type, reading->arena);
    if (*chosen != NULL)
        memcpy(inner->chosen, (*chosen)->chosen, type->descriptor->n_fields * sizeof inner->chosen[0]);
    *chosen = inner;
    choose(reading, type, inner, (struct text){dot + 1, path.length - name.length - 1});
}

const struct field_choice *fields_read(struct validation *validation, const struct message_declaration *declaration,
                                       struct text list, struct arena *arena)
{
    struct fields_reading reading = {.validation = validation, .arena = arena};
    struct field_choice *choice = choice_new(declaration, arena);
    size_t before = validation->count;
    while (list.length > 0 && validation->count < LIMIT_VIOLATIONS) {
        const char *comma = memchr(list.at, ',', list.length);
        reading.path = (struct text){list.at, comma ? (size_t)(comma - list.at) : list.length};
        size_t step = reading.path.length + (comma ? 1 : 0);
        list = (struct text){list.at + step, list.length - step};
        choose(&reading, declaration, choice, reading.path);
    }
    return validation->count == before ? choice : NULL;
}
