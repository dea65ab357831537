/*
 * Rules about arguments, of fields and of directives: KnownArgumentNames, UniqueArgumentNames, ProvidedRequiredArguments.
 */
#include "gateways/graphql/validate/validate_internal.h"

/* A handful, as schemas have them: no table is worth it. */
static const struct graphql_input *find_input(const struct input_list *list, struct text name)
{
    for (size_t i = 0; i < list->count; i++)
        if (text_is(name, list->inputs[i].name))
            return &list->inputs[i];
    return NULL;
}

/* "Product.variants" or "@include". */
static const char *owner_of(const struct validation *validation, const struct input_list *list)
{
    return list->owner_type ? arena_printf(validation->arena, "%s.%s", list->owner_type, list->owner)
                            : arena_printf(validation->arena, "@%s", list->owner);
}

static void validate_unique(struct validation *validation, const struct document_argument *arguments)
{
    if (!arguments || !arguments->next)
        return;
    names_empty(&validation->scratch);
    for (const struct document_argument *argument = arguments; argument; argument = argument->next)
        names_add(&validation->scratch, argument->name, argument);
    validation_report_doubles(validation, "UniqueArgumentNames", "argument");
}

static bool is_given(const struct document_argument *arguments, const char *name)
{
    for (const struct document_argument *argument = arguments; argument; argument = argument->next)
        if (text_is(argument->name, name))
            return true;
    return false;
}

static void validate_required(struct validation *validation, const struct document_argument *arguments,
                              const struct input_list *list, uint32_t at)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct graphql_input *input = &list->inputs[i];
        if (graphql_input_is_required(input) && !is_given(arguments, input->name))
            validation_report(validation, "ProvidedRequiredArguments", PLACES(at),
                              "\"%s\" needs its argument \"%s\" of type \"%s\".", owner_of(validation, list), input->name,
                              graphql_type_text(input->type, validation->arena));
    }
}

void validate_arguments(struct validation *validation, const struct document_argument *arguments, const struct input_list *list,
                        uint32_t at)
{
    validate_unique(validation, arguments);
    for (const struct document_argument *argument = arguments; argument; argument = argument->next) {
        const struct graphql_input *input = find_input(list, argument->name);
        if (!input && list->is_known)
            validation_report(validation, "KnownArgumentNames", PLACES(place_of(validation, argument->name)),
                              "\"%s\" has no argument \"%.*s\".", owner_of(validation, list), SHOWN(argument->name));
        struct value_place place = {0};
        if (input)
            place = (struct value_place){.type = input->type, .has_default = input->default_value != NULL};
        validate_literal(validation, &argument->value, place);
    }
    validate_required(validation, arguments, list, at);
}
