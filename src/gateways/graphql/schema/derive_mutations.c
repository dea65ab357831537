/*
 * What changes something: a field that takes one `input` and answers with a payload.
 *
 *     addLine(input: AddLineInput!): AddLinePayload     input AddLineInput   { cart sku quantity idempotencyKey }
 *                                                       type AddLinePayload  { cart userErrors { field code message numbers } replayed }
 *
 * What the caller could have known or can mend (what is not valid, a state that does not allow it, out of stock) is in `userErrors`, and
 * then the rest of the payload is null. What nobody can mend by asking otherwise is an error of the field.
 */
#include "base/assert.h"
#include "gateways/graphql/schema/derive_internal.h"

#define KEY_DESCRIPTION "Chosen by you. The same request with the same key again is answered as the first time, and changes nothing."
#define VERSION_DESCRIPTION "Refuse unless it has this `version`."

/* --- the input ---------------------------------------------------------------------------------------------------------------------- */

static struct field mask_of(const struct message_declaration *request)
{
    for (unsigned i = 0; i < request->descriptor->n_fields; i++)
        if (field_is_mask(message_field_at(request, i)))
            return message_field_at(request, i);
    return (struct field){0};
}

/* The resource in the request of a method that has a mask. */
static struct field body_of(const struct method_declaration *method)
{
    if (method->http_count == 0 || method->http[0].body == NULL)
        return (struct field){0};
    return message_field(method->input, text_of(method->http[0].body));
}

static void add_patch(struct derivation *derivation, struct graphql_type *input, struct field body, struct field mask)
{
    const struct graphql_type *type = derive_input_object(derivation, body.declaration->message, DERIVE_PATCH);
    struct graphql_input *patch = graphql_add_input(derivation->schema, input, body.declaration->json_name,
                                                    graphql_non_null(derivation->schema, type));
    patch->description = derive_describe(body.declaration->comment);
    struct graphql_binding *binding = graphql_binding_new(derivation->schema, GRAPHQL_TO_PATCH);
    binding->field = body;
    binding->mask = mask;
    patch->binding = binding;
}

static void add_value(struct derivation *derivation, struct graphql_type *input, struct field field)
{
    const struct graphql_type *type = derive_input_type(derivation, field, DERIVE_INPUT);
    if (field.declaration->required)
        type = graphql_non_null(derivation->schema, type);
    derive_bind_input(derivation, graphql_add_input(derivation->schema, input, field.declaration->json_name, type), field,
                      GRAPHQL_TO_FIELD);
}

static void add_aside(struct derivation *derivation, struct graphql_type *input, const char *name,
                      const struct graphql_type *type, enum graphql_resolver resolver, const char *description)
{
    struct graphql_input *aside = graphql_add_input(derivation->schema, input, name, type);
    aside->description = description;
    aside->binding = graphql_binding_new(derivation->schema, resolver);
}

static bool is_verb(const struct method_declaration *method, const char *verb)
{
    return method->http_count > 0 && strcmp(method->http[0].verb, verb) == 0;
}

/* The same path, whatever its variables are called. */
static bool is_same_path(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b) {
        if (*a == '{') {
            a += strcspn(a, "}");
            b += strcspn(b, "}");
        }
        a++;
        b++;
    }
    return *a == *b;
}

static bool answers_versions(const struct method_declaration *method)
{
    return message_field(method->output, TEXT("version")).descriptor != NULL;
}

/* Whether what is at the path has a version: GET says so. */
static bool is_of_versioned(const struct derivation *derivation, const char *path)
{
    for (size_t s = 0; s < derivation->service_count; s++)
        for (size_t m = 0; m < derivation->services[s]->method_count; m++) {
            const struct method_declaration *method = derivation->services[s]->methods[m];
            if (is_verb(method, "GET") && is_same_path(method->http[0].path, path))
                return answers_versions(method);
        }
    return false;
}

/* As with If-Match: what changes or removes something that is there, and has a version. */
static bool has_version(const struct derivation *derivation, const struct method_declaration *method)
{
    bool is_change = is_verb(method, "PATCH") || is_verb(method, "PUT") || is_verb(method, "DELETE");
    return is_change && (answers_versions(method) || is_of_versioned(derivation, method->http[0].path));
}

static const struct graphql_type *input_type(struct derivation *derivation, const struct method_declaration *method)
{
    struct graphql_schema *schema = derivation->schema;
    struct graphql_type *input =
        graphql_add_type(schema, GRAPHQL_INPUT_OBJECT, arena_printf(derivation->arena, "%sInput", method->name));
    input->description = derive_describe(method->input->comment);
    input->message = method->input;
    struct field mask = mask_of(method->input), body = body_of(method);
    for (unsigned i = 0; i < method->input->descriptor->n_fields; i++) {
        struct field field = message_field_at(method->input, method->input->written_order[i]);
        if (mask.declaration == field.declaration)
            continue;
        if (mask.declaration != NULL && body.declaration == field.declaration)
            add_patch(derivation, input, body, mask);
        else
            add_value(derivation, input, field);
    }
    add_aside(derivation, input, "idempotencyKey",
              method->key_required ? graphql_non_null(schema, schema->string_type) : schema->string_type,
              GRAPHQL_TO_IDEMPOTENCY_KEY, KEY_DESCRIPTION);
    if (has_version(derivation, method))
        add_aside(derivation, input, "ifVersion", derivation->long_type, GRAPHQL_TO_IF_VERSION, VERSION_DESCRIPTION);
    return input;
}

/* --- the payload ---------------------------------------------------------------------------------------------------------------------- */

static struct graphql_binding *add_payload_field(struct derivation *derivation, struct graphql_type *payload, const char *name,
                                                 const struct graphql_type *type, enum graphql_resolver resolver,
                                                 const char *description)
{
    struct graphql_field *field = graphql_add_field(derivation->schema, payload, name, type);
    struct graphql_binding *binding = graphql_binding_new(derivation->schema, resolver);
    field->description = description;
    field->binding = binding;
    return binding;
}

static void add_deleted_id(struct derivation *derivation, struct graphql_type *payload, const struct method_declaration *method)
{
    struct field key = derive_key(method);
    if (key.descriptor != NULL)
        add_payload_field(derivation, payload, "deletedId", derivation->schema->id_type, GRAPHQL_FROM_PAYLOAD_REQUEST,
                          "What is gone now.")
            ->field = key;
}

static void add_resource(struct derivation *derivation, struct graphql_type *payload, const struct message_declaration *resource)
{
    const struct graphql_type *type = derive_object(derivation, resource);
    add_payload_field(derivation, payload, derive_lower(derivation->arena, type->name), type, GRAPHQL_FROM_PAYLOAD,
                      "As it is afterwards.");
}

/* What is answered is no resource: its fields stand in the payload, all of which may be null. */
static void add_answer(struct derivation *derivation, struct graphql_type *payload, const struct message_declaration *answer)
{
    for (unsigned i = 0; i < answer->descriptor->n_fields; i++) {
        struct field field = message_field_at(answer, answer->written_order[i]);
        derive_add_field(derivation, payload, field);
    }
    for (size_t i = 0; i < payload->field_count; i++) {
        struct graphql_field *field = (struct graphql_field *)(uintptr_t)&payload->fields[i];
        struct graphql_binding *binding = (struct graphql_binding *)(uintptr_t)field->binding;
        binding->resolver = GRAPHQL_FROM_PAYLOAD_FIELD;
        field->type = graphql_type_nullable(field->type);
    }
}

static void add_progress(struct derivation *derivation, struct graphql_type *payload, const struct method_declaration *method)
{
    if (method->progress == NULL)
        return;
    const struct message_declaration *progress = method->progress->output;
    add_payload_field(derivation, payload, derive_lower(derivation->arena, progress->resource),
                      derive_object(derivation, progress), GRAPHQL_FROM_PAYLOAD_PROGRESS,
                      "How it goes on, when it takes longer or needs the buyer; otherwise null.")
        ->method = method->progress;
}

static const struct graphql_type *payload_type(struct derivation *derivation, const struct method_declaration *method)
{
    struct graphql_schema *schema = derivation->schema;
    struct graphql_type *payload =
        graphql_add_type(schema, GRAPHQL_OBJECT, arena_printf(derivation->arena, "%sPayload", method->name));
    payload->description = arena_printf(derivation->arena, "What became of `%s`.", derive_operation_name(derivation, method));

    if (message_is_empty_type(method->output))
        add_deleted_id(derivation, payload, method);
    else if (method->output->resource != NULL)
        add_resource(derivation, payload, method->output);
    else
        add_answer(derivation, payload, method->output);
    add_progress(derivation, payload, method);

    const struct graphql_type *errors = graphql_list_of(schema, graphql_non_null(schema, derivation->user_error));
    add_payload_field(derivation, payload, "userErrors", graphql_non_null(schema, errors), GRAPHQL_FROM_USER_ERRORS,
                      "Why it was refused; empty when it was not.");
    add_payload_field(derivation, payload, "replayed", graphql_non_null(schema, schema->boolean_type),
                      GRAPHQL_FROM_PAYLOAD_REPLAYED, "Answered before, under the same `idempotencyKey`: nothing changed this time.");
    return payload;
}

/* --- the field -------------------------------------------------------------------------------------------------------------------------- */

#define MUTATION_COST 10 /* CONTRACT.md */

void derive_add_mutation(struct derivation *derivation, const struct method_declaration *method)
{
    struct graphql_schema *schema = derivation->schema;
    const struct graphql_type *payload = payload_type(derivation, method), *input = input_type(derivation, method);
    struct graphql_field *field =
        graphql_add_field(schema, derive_mutation(derivation), derive_operation_name(derivation, method), payload);
    field->description = derive_describe_operation(derivation->arena, method, NULL);
    field->cost = MUTATION_COST;

    struct graphql_binding *binding = graphql_binding_new(schema, GRAPHQL_FROM_OPERATION);
    binding->method = method;
    binding->scope = method->scope;
    binding->body = body_of(method);
    binding->mask = mask_of(method->input);
    field->binding = binding;

    struct graphql_input *argument = graphql_add_argument(schema, field, "input", graphql_non_null(schema, input));
    argument->description = "What is asked for.";
    argument->binding = graphql_binding_new(schema, GRAPHQL_TO_INPUT);
}
