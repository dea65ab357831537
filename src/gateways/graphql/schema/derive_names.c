/*
 * Names. They are the same in every schema, whatever the caller may see, so they are chosen among all contracts.
 *
 * Types bear the last part of their name, nested ones with the outer name before it (ProblemNumber). Where several packages
 * have one of a name, each of them bears its package before it (PricingRate, CatalogRate); so do those that would bear one of ours.
 *
 * Queries bear what they answer: GetProduct is `product`, ListProducts `products`, BatchGetAvailability `availability`. Where two come to
 * one name, Get has it; List becomes `stockList`, BatchGet `pricesBySkus`; and if that is taken too, the service stands before
 * it. Everything else is called as its method.
 */
#include "base/assert.h"
#include "gateways/graphql/schema/derive_internal.h"
#include "souk/common/v1/types.souk.h"

#include <ctype.h>

const char *derive_lower(struct arena *arena, const char *name)
{
    char *lower = arena_strdup(arena, name), *out = lower;
    bool up = false;
    for (const char *at = lower; *at != '\0'; at++) {
        if (*at == '-' || *at == '_') {
            up = true;
            continue;
        }
        *out++ = (char)(up ? toupper((unsigned char)*at) : *at);
        up = false;
    }
    *out = '\0';
    lower[0] = (char)tolower((unsigned char)lower[0]);
    return lower;
}

const char *derive_upper(struct arena *arena, const char *name)
{
    char *upper = arena_strdup(arena, name);
    for (char *at = upper; *at != '\0'; at++)
        *at = (char)toupper((unsigned char)*at);
    return upper;
}

static const char *capitalized(struct arena *arena, const char *name)
{
    char *copy = arena_strdup(arena, name);
    copy[0] = (char)toupper((unsigned char)copy[0]);
    return copy;
}

/* --- types ------------------------------------------------------------------------------------------------------------------ */

/* "ProblemNumber" for souk.common.v1.Problem.Number. */
static const char *short_name(struct arena *arena, const char *name, const char *package)
{
    char *copy = arena_strdup(arena, name + strlen(package) + 1), *out = copy;
    for (const char *at = copy; *at != '\0'; at++)
        if (*at != '.')
            *out++ = *at;
    *out = '\0';
    return copy;
}

/* "Pricing" for souk.pricing.v1. */
static const char *package_word(struct arena *arena, const char *package)
{
    char *copy = arena_strdup(arena, package);
    char *version = strrchr(copy, '.');
    if (version != NULL)
        *version = '\0';
    const char *dot = strrchr(copy, '.');
    return capitalized(arena, dot != NULL ? dot + 1 : copy);
}

static const char *type_name(const struct derivation *derivation, const char *name, const char *package)
{
    struct arena *arena = derivation->arena;
    const char *shorter = short_name(arena, name, package);
    const size_t *bearers = lookup_find(&derivation->bearers, text_of(shorter));
    ASSERT(bearers != NULL);
    return *bearers == 1 ? shorter : arena_printf(arena, "%s%s", package_word(arena, package), shorter);
}

const char *derive_message_name(const struct derivation *derivation, const struct message_declaration *message)
{
    return type_name(derivation, message->descriptor->name, message->descriptor->package_name);
}

const char *derive_enum_name(const struct derivation *derivation, const struct enum_declaration *enumeration)
{
    return type_name(derivation, enumeration->descriptor->name, enumeration->descriptor->package_name);
}

/* Names that are ours in every schema: as if some message had them already. */
static const char *const reserved[] = {"Query",   "Mutation", "Subscription", "Node", "PageInfo", "UserError", "NameValue",
                                       "Boolean", "DateTime", "Float",        "ID",   "Int",      "Long",      "String"};

static bool count_bearer(struct derivation *derivation, struct lookup *seen, const char *name, const char *package)
{
    if (lookup_find(seen, text_of(name)) != NULL)
        return false;
    lookup_put(seen, text_of(name), 0);
    const char *shorter = short_name(derivation->arena, name, package);
    size_t *bearers = lookup_find(&derivation->bearers, text_of(shorter));
    if (bearers != NULL)
        ++*bearers;
    else
        lookup_put(&derivation->bearers, text_of(shorter), 1);
    return true;
}

/* Whatever is reached from a message. */
static void count_bearers(struct derivation *derivation, struct lookup *seen, const struct message_declaration *message)
{
    if (!count_bearer(derivation, seen, message->descriptor->name, message->descriptor->package_name))
        return;
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        struct field field = message_field_at(message, i);
        const struct enum_declaration *enumeration = field.declaration->enumeration;
        if (enumeration != NULL)
            count_bearer(derivation, seen, enumeration->descriptor->name, enumeration->descriptor->package_name);
        if (field.declaration->message != NULL && !field_is_time(field) && !field_is_mask(field))
            count_bearers(derivation, seen, field.declaration->message);
    }
}

/* --- operations ---------------------------------------------------------------------------------------------------------------- */

static const char *const verbs[] = {"Get", "List", "BatchGet", ""};
enum verb_of { GETS, LISTS, GETS_MANY, OTHER };

static enum verb_of verb_of(const struct method_declaration *method)
{
    if (!derive_is_read(method))
        return OTHER;
    enum verb_of verb = GETS;
    while (strncmp(method->name, verbs[verb], strlen(verbs[verb])) != 0)
        verb++;
    return verb;
}

/* "Skus" for BatchGetPrices: what it is asked by. */
static const char *asked_by(const struct derivation *derivation, const struct method_declaration *method)
{
    ASSERT(method->input->descriptor->n_fields > 0);
    return capitalized(derivation->arena, message_field_at(method->input, method->input->written_order[0]).declaration->json_name);
}

static bool is_free(const struct derivation *derivation, const char *name)
{
    return lookup_find(&derivation->operation_owners, text_of(name)) == NULL;
}

static const char *free_name(const struct derivation *derivation, const struct method_declaration *method, enum verb_of verb)
{
    struct arena *arena = derivation->arena;
    const char *name = derive_lower(arena, method->name + strlen(verbs[verb]));
    if (!is_free(derivation, name) && verb == LISTS)
        name = arena_printf(arena, "%sList", name);
    if (!is_free(derivation, name) && verb == GETS_MANY)
        name = arena_printf(arena, "%sBy%s", name, asked_by(derivation, method));
    if (!is_free(derivation, name))
        name = arena_printf(arena, "%s%s", method->service, capitalized(arena, name));
    ASSERT(is_free(derivation, name));
    return name;
}

static void name_operations(struct derivation *derivation, enum verb_of verb)
{
    for (size_t s = 0; s < derivation->service_count; s++)
        for (size_t m = 0; m < derivation->services[s]->method_count; m++) {
            const struct method_declaration *method = derivation->services[s]->methods[m];
            if (!derive_is_shown(method) || verb_of(method) != verb)
                continue;
            const char *name = free_name(derivation, method, verb);
            lookup_put(&derivation->operation_owners, text_of(name), derivation->name_count);
            lookup_put(&derivation->operation_names, text_of(method->full_name), derivation->name_count);
            ARENA_ROOM(derivation->arena, derivation->names, derivation->name_count);
            derivation->names[derivation->name_count++] = name;
        }
}

const char *derive_operation_name(const struct derivation *derivation, const struct method_declaration *method)
{
    const size_t *index = lookup_find(&derivation->operation_names, text_of(method->full_name));
    ASSERT(index != NULL);
    return derivation->names[*index];
}

/* --- together -------------------------------------------------------------------------------------------------------------------- */

void derive_names(struct derivation *derivation)
{
    struct lookup seen;
    lookup_init(&seen, derivation->arena);
    lookup_init(&derivation->bearers, derivation->arena);
    lookup_init(&derivation->operation_owners, derivation->arena);
    lookup_init(&derivation->operation_names, derivation->arena);

    for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
        lookup_put(&derivation->bearers, text_of(reserved[i]), 1);
    count_bearers(derivation, &seen, &common__problem__number__declaration); /* of each UserError */
    for (size_t s = 0; s < derivation->service_count; s++)
        for (size_t m = 0; m < derivation->services[s]->method_count; m++) {
            const struct method_declaration *method = derivation->services[s]->methods[m];
            if (!derive_is_shown(method))
                continue;
            count_bearers(derivation, &seen, method->input);
            count_bearers(derivation, &seen, method->output);
        }
    for (enum verb_of verb = GETS; verb <= OTHER; verb++)
        name_operations(derivation, verb);
}
