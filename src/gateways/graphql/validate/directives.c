/*
 * Rules about directives: KnownDirectives (which, and where), UniqueDirectivesPerLocation.
 */
#include "gateways/graphql/validate/validate_internal.h"

static const struct graphql_directive *resolve(struct validation *validation, const struct document_directive *directive,
                                               enum document_directive_location location)
{
    const struct graphql_directive *known = graphql_schema_directive(validation->schema, directive->name);
    if (!known)
        validation_report(validation, "KnownDirectives", PLACES(directive->at), "There is no directive \"@%.*s\".",
                          SHOWN(directive->name));
    else if (!(known->locations & UINT32_C(1) << location))
        validation_report(validation, "KnownDirectives", PLACES(directive->at), "The directive \"@%s\" can't stand on %s.",
                          known->name, document_directive_location_names[location]);
    return known;
}

static void report_repeated(struct validation *validation)
{
    const struct names *names = &validation->scratch;
    names_sort(&validation->scratch);
    for (size_t begin = 0, end; begin < names->count; begin = end) {
        end = names_run(names, begin);
        const struct document_directive *first = names->at[begin].what;
        for (size_t i = begin + 1; i < end && validation->error_count < validation->errors_max; i++) {
            const struct document_directive *again = names->at[i].what;
            validation_report(validation, "UniqueDirectivesPerLocation", PLACES(first->at, again->at),
                              "The directive \"@%s\" can stand only once in one place.", first->resolved->name);
        }
    }
}

static void validate_unique(struct validation *validation, const struct document_directive *directives)
{
    names_empty(&validation->scratch);
    for (const struct document_directive *directive = directives; directive; directive = directive->next)
        if (directive->resolved && !directive->resolved->is_repeatable)
            names_add(&validation->scratch, directive->name, directive);
    report_repeated(validation);
}

void validate_directives(struct validation *validation, struct document_directive *directives,
                         enum document_directive_location location)
{
    for (struct document_directive *directive = directives; directive; directive = directive->next) {
        const struct graphql_directive *known = resolve(validation, directive, location);
        directive->resolved = known;
        struct input_list list = {0};
        if (known)
            list = (struct input_list){known->name, NULL, known->arguments, known->argument_count, true};
        validate_arguments(validation, directive->arguments, &list, directive->at);
    }
    if (directives && directives->next)
        validate_unique(validation, directives);
}
