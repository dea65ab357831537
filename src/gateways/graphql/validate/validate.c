/*
 * The order of the rules, and how they report.
 */
#include "gateways/graphql/validate/validate_internal.h"

/* --- errors -------------------------------------------------------------------------------------------------------------- */

static void add_error(struct validation *validation, struct graphql_error error, const uint32_t *places, size_t place_count)
{
    size_t count = place_count < LIMIT_GRAPHQL_ERROR_PLACES ? place_count : LIMIT_GRAPHQL_ERROR_PLACES;
    struct graphql_location *locations = ARENA_ARRAY(validation->arena, struct graphql_location, count);
    for (size_t i = 0; i < count; i++) {
        ARENA_ROOM(validation->arena, validation->places, validation->place_count);
        validation->places[validation->place_count++] = (struct document_place){.at = places[i], .location = &locations[i]};
    }
    struct graphql_error *kept = ARENA_NEW(validation->arena, struct graphql_error);
    *kept = error;
    kept->locations = locations;
    kept->location_count = count;
    *validation->errors_tail = kept;
    validation->errors_tail = &kept->next;
    validation->error_count++;
}

void validation_report(struct validation *validation, const char *rule, const uint32_t *places, size_t place_count,
                       const char *format, ...)
{
    if (validation->error_count >= validation->errors_max)
        return;
    va_list arguments;
    va_start(arguments, format);
    const char *message = arena_vprintf(validation->arena, format, arguments);
    va_end(arguments);
    enum result code = rule ? RESULT_GRAPHQL_INVALID : RESULT_GRAPHQL_LIMIT;
    add_error(validation, (struct graphql_error){.code = code, .rule = rule, .message = message}, places, place_count);
}

bool validation_step(struct validation *validation)
{
    if (validation->steps < LIMIT_GRAPHQL_STEPS) {
        validation->steps++;
        return true;
    }
    if (validation->steps++ == LIMIT_GRAPHQL_STEPS)
        add_error(validation,
                  (struct graphql_error){.code = RESULT_GRAPHQL_LIMIT,
                                         .message = "The document puts its fields and fragments together in too many ways."},
                  NULL, 0);
    return false;
}

/* The places of names[begin..end), as many as an error keeps. */
static size_t places_of(const struct validation *validation, size_t begin, size_t end, uint32_t places[LIMIT_GRAPHQL_ERROR_PLACES])
{
    size_t count = 0;
    for (size_t i = begin; i < end && count < LIMIT_GRAPHQL_ERROR_PLACES; i++)
        places[count++] = place_of(validation, validation->scratch.at[i].name);
    return count;
}

void validation_report_doubles(struct validation *validation, const char *rule, const char *what)
{
    const struct names *names = &validation->scratch;
    names_sort(&validation->scratch);
    for (size_t begin = 0, end; begin < names->count; begin = end) {
        end = names_run(names, begin);
        if (end - begin < 2)
            continue;
        uint32_t places[LIMIT_GRAPHQL_ERROR_PLACES];
        size_t count = places_of(validation, begin, end, places);
        validation_report(validation, rule, places, count, "There is more than one %s \"%.*s\".", what,
                          SHOWN(names->at[begin].name));
    }
}

void validation_report_pairs(struct validation *validation, const char *rule, const char *what)
{
    const struct names *names = &validation->scratch;
    names_sort(&validation->scratch);
    for (size_t begin = 0, end; begin < names->count; begin = end) {
        end = names_run(names, begin);
        for (size_t i = begin + 1; i < end && validation->error_count < validation->errors_max; i++)
            validation_report(validation, rule,
                              PLACES(place_of(validation, names->at[begin].name), place_of(validation, names->at[i].name)),
                              "There is more than one %s \"%.*s\".", what, SHOWN(names->at[i].name));
    }
}

/* --- the order ----------------------------------------------------------------------------------------------------------- */

static struct scope *scopes_new(struct arena *arena, size_t count)
{
    struct scope *scopes = ARENA_ARRAY(arena, struct scope, count);
    for (size_t i = 0; i < count; i++) {
        scopes[i].spreads_tail = &scopes[i].spreads;
        scopes[i].usages_tail = &scopes[i].usages;
    }
    return scopes;
}

struct graphql_validation graphql_validate(const struct graphql_schema *schema, struct document *document, size_t errors_max,
                                           struct arena *arena)
{
    struct validation validation = {
        .schema = schema,
        .document = document,
        .arena = arena,
        .errors_tail = &validation.errors,
        .errors_max = errors_max,
        .fragment_scopes = scopes_new(arena, document->fragment_count),
        .operation_scopes = scopes_new(arena, document->operation_count),
    };
    names_init(&validation.fragments, arena);
    names_init(&validation.scratch, arena);

    validate_operation_names(&validation);
    validate_fragment_names(&validation);
    validate_selections(&validation);
    validate_fragment_graph(&validation);
    validate_variable_uses(&validation);
    validate_subscriptions(&validation);
    validate_merging(&validation);

    document_locate_all(document, validation.places, validation.place_count);
    return (struct graphql_validation){.errors = validation.errors, .error_count = validation.error_count};
}
