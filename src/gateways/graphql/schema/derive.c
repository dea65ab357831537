/*
 * The schema of our contracts: first the names, among all contracts; then what every schema has; then each operation that the caller may use,
 * and with it whatever types it needs.
 */
#include "gateways/graphql/schema/derive_internal.h"

#include "base/assert.h"
#include "platform/rpc/call.h"
#include "souk/common/v1/types.souk.h"

bool derive_is_shown(const struct method_declaration *method)
{
    return !method->internal && !method->bulk && method->streams == NULL;
}

bool derive_is_allowed(const struct derivation *derivation, const char *scope)
{
    return scope == NULL || (scope_named(text_of(scope)) & derivation->scopes);
}

bool derive_is_read(const struct method_declaration *method)
{
    return method->kind == METHOD_QUERY || (method->http_count > 0 && strcmp(method->http[0].verb, "GET") == 0);
}

struct field derive_key(const struct method_declaration *method)
{
    const char *open = method->http_count > 0 ? strchr(method->http[0].path, '{') : NULL;
    if (open == NULL || strchr(open + 1, '{') != NULL)
        return (struct field){0};
    return message_field(method->input, (struct text){open + 1, strcspn(open + 1, "}")});
}

struct field graphql_node_key(const struct graphql_type *type)
{
    ASSERT(type->message != NULL && type->message->get != NULL);
    return derive_key(type->message->get);
}

/* --- what every schema has ------------------------------------------------------------------------------------------------------ */

static const struct graphql_type *add_scalar(struct derivation *derivation, const char *name, enum graphql_scalar scalar,
                                             const char *description)
{
    struct graphql_type *type = graphql_add_type(derivation->schema, GRAPHQL_SCALAR, name);
    type->scalar = scalar;
    type->description = description;
    return type;
}

static void add_scalars(struct derivation *derivation)
{
    derivation->long_type = add_scalar(derivation, "Long", GRAPHQL_LONG,
                                       "A whole number of 64 bits, written as a JSON number: amounts of money, counts. A client whose "
                                       "numbers are doubles reads it exactly up to 2^53.");
    struct graphql_type *date_time = graphql_add_type(derivation->schema, GRAPHQL_SCALAR, "DateTime");
    date_time->scalar = GRAPHQL_DATE_TIME;
    date_time->description = "A moment as in RFC 3339, such as 2026-11-22T17:19:04.123Z. Answers are in UTC, with milliseconds.";
    date_time->specified_by_url = "https://www.rfc-editor.org/rfc/rfc3339";
    derivation->date_time_type = date_time;
}

struct part {
    const char *name;
    const struct graphql_type *type;
    enum graphql_resolver resolver;
    const char *description;
};

static void add_parts(struct derivation *derivation, struct graphql_type *type, const struct part *parts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct graphql_field *field = graphql_add_field(derivation->schema, type, parts[i].name, parts[i].type);
        field->description = parts[i].description;
        field->binding = graphql_binding_new(derivation->schema, parts[i].resolver);
    }
}
#define ADD_PARTS(derivation, type, parts) add_parts(derivation, type, parts, sizeof(parts) / sizeof((parts)[0]))

static void add_page_info(struct derivation *derivation)
{
    struct graphql_schema *schema = derivation->schema;
    const struct graphql_type *flag = graphql_non_null(schema, schema->boolean_type);
    const struct part parts[] = {
        {"hasNextPage", flag, GRAPHQL_FROM_HAS_NEXT, "There is more after this page."},
        {"hasPreviousPage", flag, GRAPHQL_FROM_HAS_PREVIOUS,
         "Something came before this page, as it was asked for with `after`. Lists go forward only: keep the pages that you had."},
        {"startCursor", schema->string_type, GRAPHQL_FROM_START_CURSOR, "The cursor of the first item; null where there is none."},
        {"endCursor", schema->string_type, GRAPHQL_FROM_END_CURSOR,
         "The cursor of the last item, for `after`; null where there is none."},
    };
    derivation->page_info = graphql_add_type(schema, GRAPHQL_OBJECT, "PageInfo");
    derivation->page_info->description = "Where a page of a list begins and ends.";
    ADD_PARTS(derivation, derivation->page_info, parts);
}

static void add_user_error(struct derivation *derivation)
{
    struct graphql_schema *schema = derivation->schema;
    const struct graphql_type *text = graphql_non_null(schema, schema->string_type);
    const struct graphql_type *number = derive_object(derivation, &common__problem__number__declaration);
    const struct graphql_type *numbers = graphql_list_of(schema, graphql_non_null(schema, number));
    const struct part parts[] = {
        {"field", graphql_list_of(schema, text), GRAPHQL_FROM_ERROR_FIELD,
         "Which argument is not right: the names on the way to it. Null where it is no single one."},
        {"code", text, GRAPHQL_FROM_ERROR_CODE, "What is wrong: stable and snake_case, as in REST."},
        {"message", text, GRAPHQL_FROM_ERROR_MESSAGE, "What is wrong, in a sentence."},
        {"numbers", graphql_non_null(schema, numbers), GRAPHQL_FROM_ERROR_NUMBERS,
         "Numbers that a program needs to go on, such as `available`."},
    };
    derivation->user_error = graphql_add_type(schema, GRAPHQL_OBJECT, "UserError");
    derivation->user_error->description = "Why a mutation was refused.";
    ADD_PARTS(derivation, derivation->user_error, parts);
}

static void add_node(struct derivation *derivation)
{
    struct graphql_schema *schema = derivation->schema;
    const struct graphql_type *id = graphql_non_null(schema, schema->id_type);
    derivation->node = graphql_add_type(schema, GRAPHQL_INTERFACE, "Node");
    derivation->node->description = "Whatever has an id of its own, and can be asked for by it.";
    graphql_add_field(schema, derivation->node, "id", id)->description = "Opaque; the same as in REST.";

    struct graphql_field *field = graphql_add_field(schema, derivation->query, "node", derivation->node);
    field->description = "Anything, by its id. Null where there is nothing, or nothing for you.";
    field->binding = graphql_binding_new(schema, GRAPHQL_FROM_NODE);
    struct graphql_input *argument = graphql_add_argument(schema, field, "id", id);
    argument->description = "Its id.";
    argument->binding = graphql_binding_new(schema, GRAPHQL_TO_NODE_ID);
}

static struct graphql_type *add_root(struct derivation *derivation, const char *name, const char *description)
{
    struct graphql_type *root = graphql_add_type(derivation->schema, GRAPHQL_OBJECT, name);
    root->description = description;
    return root;
}

struct graphql_type *derive_mutation(struct derivation *derivation)
{
    if (derivation->mutation == NULL)
        derivation->mutation = add_root(derivation, "Mutation", "What can be done.");
    return derivation->mutation;
}

struct graphql_type *derive_subscription(struct derivation *derivation)
{
    if (derivation->subscription == NULL)
        derivation->subscription = add_root(derivation, "Subscription", "What can be followed, as server-sent events.");
    return derivation->subscription;
}

/* --- together ------------------------------------------------------------------------------------------------------------------------ */

static void add_operations(struct derivation *derivation)
{
    for (size_t s = 0; s < derivation->service_count; s++)
        for (size_t m = 0; m < derivation->services[s]->method_count; m++) {
            const struct method_declaration *method = derivation->services[s]->methods[m];
            if (!derive_is_shown(method) || !derive_is_allowed(derivation, method->scope))
                continue;
            if (derive_is_read(method))
                derive_add_query(derivation, method);
            else
                derive_add_mutation(derivation, method);
        }
}

struct graphql_schema *graphql_schema_derive(const struct service_declaration *const *services, size_t service_count,
                                             unsigned scopes)
{
    struct graphql_schema *schema = graphql_schema_new();
    struct derivation derivation = {
        .schema = schema,
        .arena = schema->arena,
        .services = services,
        .service_count = service_count,
        .scopes = scopes,
    };
    derive_names(&derivation);
    add_scalars(&derivation);
    derivation.query = add_root(&derivation, "Query", "What can be read.");
    add_page_info(&derivation);
    add_user_error(&derivation);
    add_node(&derivation);
    add_operations(&derivation);
    graphql_schema_finish(schema, derivation.query, derivation.mutation, derivation.subscription);
    return schema;
}
