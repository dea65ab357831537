/*
 * What reads: queries, what links lead to, and subscriptions.
 *
 * An answer that is a list becomes a list, or, where it comes in pages, a connection by Relay's specification; what the answer has
 * beside its items (facets) is a field of the connection. Our lists go forward only, so there are `first` and `after`, but
 * neither `last` nor `before`.
 *
 * A subscription is a query that is asked once and answered again at each change: so every query has one whose answer says
 * which events change it.
 */
#include "base/assert.h"
#include "base/limits.h"
#include "gateways/graphql/schema/derive_internal.h"
#include "platform/rpc/call.h"

/* --- connections ---------------------------------------------------------------------------------------------------------------- */

static struct field items_of(const struct message_declaration *answer)
{
    struct field items = message_field(answer, TEXT("items"));
    bool is_list = items.descriptor != NULL && field_is_list(items) && field_is_message(items);
    return is_list ? items : (struct field){0};
}

static struct graphql_field *add_part(struct derivation *derivation, struct graphql_type *type, const char *name,
                                      const struct graphql_type *of, enum graphql_resolver resolver, const char *description)
{
    struct graphql_field *field = graphql_add_field(derivation->schema, type, name, of);
    field->description = description;
    field->binding = graphql_binding_new(derivation->schema, resolver);
    return field;
}

static const struct graphql_type *edge_type(struct derivation *derivation, const struct graphql_type *item)
{
    struct graphql_schema *schema = derivation->schema;
    const char *name = arena_printf(derivation->arena, "%sEdge", item->name);
    const struct graphql_type *known = graphql_schema_type(schema, text_of(name));
    if (known != NULL)
        return known;
    struct graphql_type *edge = graphql_add_type(schema, GRAPHQL_OBJECT, name);
    edge->description = arena_printf(derivation->arena, "One `%s`, in its place in a list.", item->name);
    add_part(derivation, edge, "cursor", graphql_non_null(schema, schema->string_type), GRAPHQL_FROM_EDGE_CURSOR,
             "For `after`: what follows this one.");
    add_part(derivation, edge, "node", graphql_non_null(schema, item), GRAPHQL_FROM_EDGE_NODE, "What is in this place.");
    return edge;
}

/* "ProductConnection". Where another answer has pages of the same items, but says other things beside, the second bears its own name. */
static const char *connection_name(const struct derivation *derivation, const struct message_declaration *answer,
                                   const struct graphql_type *item)
{
    const char *name = arena_printf(derivation->arena, "%sConnection", item->name);
    const struct graphql_type *taken = graphql_schema_type(derivation->schema, text_of(name));
    if (taken == NULL || taken->message == answer)
        return name;
    return arena_printf(derivation->arena, "%sConnection", derive_message_name(derivation, answer));
}

static bool is_list_part(const char *json_name)
{
    return strcmp(json_name, "items") == 0 || strcmp(json_name, "nextCursor") == 0;
}

static const struct graphql_type *connection_type(struct derivation *derivation, const struct message_declaration *answer)
{
    struct graphql_schema *schema = derivation->schema;
    const struct graphql_type *item = derive_object(derivation, items_of(answer).declaration->message);
    const char *name = connection_name(derivation, answer, item);
    const struct graphql_type *known = graphql_schema_type(schema, text_of(name));
    if (known != NULL)
        return known;
    struct graphql_type *connection = graphql_add_type(schema, GRAPHQL_OBJECT, name);
    connection->description = derive_describe(answer->comment);
    connection->message = answer;

    const struct graphql_type *edges = graphql_list_of(schema, graphql_non_null(schema, edge_type(derivation, item)));
    struct graphql_field *part = add_part(derivation, connection, "edges", graphql_non_null(schema, edges), GRAPHQL_FROM_EDGES,
                                          "The items, each with its place.");
    part->cost = 0; /* its node counts */
    part->size_assumed = GRAPHQL_SIZE_OF_CONNECTION;
    const struct graphql_type *nodes = graphql_list_of(schema, graphql_non_null(schema, item));
    part = add_part(derivation, connection, "nodes", graphql_non_null(schema, nodes), GRAPHQL_FROM_NODES, "The items alone.");
    part->size_assumed = GRAPHQL_SIZE_OF_CONNECTION;
    part = add_part(derivation, connection, "pageInfo", graphql_non_null(schema, derivation->page_info), GRAPHQL_FROM_PAGE_INFO,
                    "Where the page begins and ends, and whether there is more.");
    part->cost = 0;
    for (unsigned i = 0; i < answer->descriptor->n_fields; i++) {
        struct field field = message_field_at(answer, answer->written_order[i]);
        if (!is_list_part(field.declaration->json_name))
            derive_add_field(derivation, connection, field);
    }
    return connection;
}

/* The type of an answer, and in `binding` where in it the list is. */
static const struct graphql_type *answer_type(struct derivation *derivation, const struct method_declaration *method,
                                              struct graphql_binding *binding)
{
    const struct message_declaration *answer = method->output;
    struct field items = items_of(answer);
    if (items.descriptor == NULL)
        return derive_object(derivation, answer);
    binding->items = items;
    binding->next_cursor = message_field(answer, TEXT("next_cursor"));
    if (binding->next_cursor.descriptor != NULL)
        return connection_type(derivation, answer);
    const struct graphql_type *item = derive_object(derivation, items.declaration->message);
    return graphql_list_of(derivation->schema, graphql_non_null(derivation->schema, item));
}

/* --- arguments ------------------------------------------------------------------------------------------------------------------------ */

static struct graphql_input *add_argument(struct derivation *derivation, struct graphql_field *to, const char *name,
                                          const struct graphql_type *type, enum graphql_resolver resolver, struct field field)
{
    struct graphql_input *argument = graphql_add_argument(derivation->schema, to, name, type);
    derive_bind_input(derivation, argument, field, resolver);
    return argument;
}

static void add_first(struct derivation *derivation, struct graphql_field *to, struct field limit)
{
    struct graphql_input *first =
        add_argument(derivation, to, "first", derivation->schema->int_type, GRAPHQL_TO_FIRST, limit);
    first->default_value = graphql_literal_int(derivation->schema, LIMIT_PAGE_DEFAULT);
}

static void add_after(struct derivation *derivation, struct graphql_field *to, struct field cursor)
{
    struct graphql_input *after =
        add_argument(derivation, to, "after", derivation->schema->string_type, GRAPHQL_TO_AFTER, cursor);
    after->description = "Only what follows this cursor: an edge's `cursor`, or a page's `endCursor`.";
}

/* The key of a resource: `id`, whatever the request calls it; and where the request takes either, `slug` beside it. */
static void add_key(struct derivation *derivation, struct graphql_field *to, const struct method_declaration *method,
                    struct field key)
{
    struct graphql_schema *schema = derivation->schema;
    bool has_slug = message_field(method->output, TEXT("slug")).descriptor != NULL && key.declaration->format != FORMAT_ID;
    const struct graphql_type *id = has_slug ? schema->id_type : graphql_non_null(schema, schema->id_type);
    struct graphql_input *argument = add_argument(derivation, to, "id", id, GRAPHQL_TO_FIELD, key);
    if (!has_slug)
        return;
    argument->description = "Its id. Either this or `slug` must be given.";
    argument = add_argument(derivation, to, "slug", schema->string_type, GRAPHQL_TO_FIELD, key);
    argument->description = "Its word in URLs.";
}

/* Whether the field is the key of the resource that the method gives. */
static bool is_key(const struct method_declaration *method, struct field field)
{
    return method->output->get == method && message_field(method->output, TEXT("id")).descriptor != NULL &&
           derive_key(method).declaration == field.declaration;
}

/* What a batch is asked by must be said, though a link that finds nothing to ask by may leave it empty. */
static bool is_batch_key(const struct method_declaration *method, struct field field)
{
    return strncmp(method->name, "BatchGet", strlen("BatchGet")) == 0 && field_is_list(field) && !field.declaration->is_map;
}

/* A request may have a field of a name that pages need: events `after` one of them are asked for by `afterEvent`. */
static const char *plain_name(const struct derivation *derivation, const struct method_declaration *method, struct field field)
{
    static const char *const ours[] = {"first", "after", "asOf"};
    const char *name = field.declaration->json_name;
    for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
        if (strcmp(name, ours[i]) == 0) {
            struct field items = items_of(method->output);
            const struct message_declaration *item = items.descriptor != NULL ? items.declaration->message : method->output;
            return arena_printf(derivation->arena, "%s%s", name, derive_message_name(derivation, item));
        }
    return name;
}

static void add_plain(struct derivation *derivation, struct graphql_field *to, const struct method_declaration *method,
                      struct field field)
{
    const struct graphql_type *type = derive_input_type(derivation, field, DERIVE_INPUT);
    if (field.declaration->required || is_batch_key(method, field))
        type = graphql_non_null(derivation->schema, type);
    add_argument(derivation, to, plain_name(derivation, method, field), type, GRAPHQL_TO_FIELD, field);
}

/* Whether "skus=variants.sku,…" fills the field. */
static bool is_bound(const struct link_declaration *link, struct field field)
{
    const char *name = field.descriptor->name;
    size_t length = strlen(name);
    const char *at = link != NULL ? link->bind : NULL;
    while (at != NULL) {
        if (strncmp(at, name, length) == 0 && at[length] == '=')
            return true;
        at = strchr(at, ',');
        at = at != NULL ? at + 1 : NULL;
    }
    return false;
}

static void add_arguments(struct derivation *derivation, struct graphql_field *to, const struct method_declaration *method,
                          const struct link_declaration *link)
{
    bool has_pages = to->binding->next_cursor.descriptor != NULL;
    for (unsigned i = 0; i < method->input->descriptor->n_fields; i++) {
        struct field field = message_field_at(method->input, method->input->written_order[i]);
        if (is_bound(link, field) || field_is_mask(field))
            continue;
        if (has_pages && strcmp(field.descriptor->name, "limit") == 0)
            add_first(derivation, to, field);
        else if (has_pages && strcmp(field.descriptor->name, "cursor") == 0)
            add_after(derivation, to, field);
        else if (is_key(method, field))
            add_key(derivation, to, method, field);
        else
            add_plain(derivation, to, method, field);
    }
}

static void add_as_of(struct derivation *derivation, struct graphql_field *to)
{
    struct graphql_input *as_of = graphql_add_argument(derivation->schema, to, "asOf", derivation->date_time_type);
    as_of->description = "As it was then.";
    struct graphql_binding *binding = graphql_binding_new(derivation->schema, GRAPHQL_TO_AS_OF);
    binding->scope = scope_name(SCOPE_AUDIT);
    as_of->binding = binding;
}

/* The argument that says what each item is looked for by, which has a bound. */
static const struct graphql_input *argument_of_keys(const struct graphql_field *field)
{
    for (size_t i = 0; i < field->argument_count; i++) {
        const struct graphql_input *argument = &field->arguments[i];
        if (graphql_type_nullable(argument->type)->kind == GRAPHQL_LIST && argument->binding->field.declaration->max_items > 0)
            return argument;
    }
    return NULL;
}

/* How many objects to count before anything is known. */
static void assume_size(struct graphql_field *field)
{
    if (field->binding->items.descriptor == NULL)
        return;
    field->size_assumed = LIMIT_GRAPHQL_LIST_ASSUMED;
    field->size_argument = graphql_field_argument(field, TEXT("first"));
    if (field->size_argument != NULL)
        field->size_assumed = LIMIT_PAGE_DEFAULT;
    else
        field->size_argument = argument_of_keys(field);
}

/* --- fields --------------------------------------------------------------------------------------------------------------------------- */

static struct graphql_field *add_operation(struct derivation *derivation, struct graphql_type *type, const char *name,
                                           const struct method_declaration *method, const struct link_declaration *link,
                                           const char *description)
{
    struct graphql_binding *binding =
        graphql_binding_new(derivation->schema, link != NULL ? GRAPHQL_FROM_LINK : GRAPHQL_FROM_OPERATION);
    binding->method = method;
    binding->link = link;
    binding->scope = method->scope;
    const struct graphql_type *of = answer_type(derivation, method, binding);
    if (link != NULL && link->single && of->kind == GRAPHQL_LIST)
        of = graphql_type_nullable(of->of);
    struct graphql_field *field = graphql_add_field(derivation->schema, type, name, of);
    field->binding = binding;
    field->description = description;
    add_arguments(derivation, field, method, link);
    assume_size(field);
    return field;
}

/* Whether what is answered says which events change it, and is small enough to be sent again at each. */
static bool is_followed(const struct method_declaration *method)
{
    bool has_pages = message_field(method->output, TEXT("next_cursor")).descriptor != NULL;
    return !has_pages && (method->history != NULL || method->output->get == method);
}

void derive_add_query(struct derivation *derivation, const struct method_declaration *method)
{
    const char *name = derive_operation_name(derivation, method);
    struct graphql_field *field = add_operation(derivation, derivation->query, name, method, NULL,
                                                derive_describe_operation(derivation->arena, method, NULL));
    if (method->history != NULL && (derivation->scopes & SCOPE_AUDIT))
        add_as_of(derivation, field);
    if (!is_followed(method))
        return;
    const char *description =
        derive_describe_operation(derivation->arena, method, "Answers at once, and again whenever it changes.");
    add_operation(derivation, derive_subscription(derivation), name, method, NULL, description);
}

void derive_add_link(struct derivation *derivation, struct graphql_type *type, const struct message_declaration *message,
                     const struct link_declaration *link)
{
    const char *name = derive_lower(derivation->arena, link->rel);
    bool has_field = message_field_json(message, text_of(name)).descriptor != NULL; /* says the same already */
    if (link->action || has_field || !derive_is_shown(link->method) || !derive_is_allowed(derivation, link->method->scope))
        return;
    const char *comment = derive_describe(link->comment);
    if (comment == NULL)
        comment = derive_describe(link->method->comment);
    add_operation(derivation, type, name, link->method, link, comment);
}
