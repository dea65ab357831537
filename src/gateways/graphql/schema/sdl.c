#include "gateways/graphql/schema/sdl.h"

#include "gateways/graphql/language/printer.h"
#include "gateways/graphql/schema/schema_internal.h"

/* --- descriptions ---------------------------------------------------------------------------------------------------------------- */

/* A description of one line that is no longer stands in the line of its quotes. */
#define LINE_LENGTH_MAX 70

static bool ends_with(struct text text, const char *end)
{
    size_t length = strlen(end);
    return text.length >= length && memcmp(text.at + text.length - length, end, length) == 0;
}

static bool begins_blank(struct text line)
{
    return line.length == 0 || line.at[0] == ' ' || line.at[0] == '\t';
}

/* Whether every line but the first is indented or empty, so that reading would take the indentation away. */
static bool is_indented(struct text text)
{
    const char *end = text.at + text.length;
    for (const char *at = memchr(text.at, '\n', text.length); at != NULL; at = memchr(at + 1, '\n', (size_t)(end - at - 1))) {
        struct text line = {at + 1, (size_t)(end - at - 1)};
        if (!begins_blank(line) && line.at[0] != '\n')
            return false;
    }
    return true;
}

/* The lines of the text, each at its place; quotes in threes are escaped. */
static void print_lines(struct text text, const char *indentation, struct buffer *out)
{
    for (size_t i = 0; i < text.length; i++) {
        if (text.at[i] == '\n')
            buffer_printf(out, "\n%s", indentation);
        else if (text.length - i >= 3 && memcmp(text.at + i, "\"\"\"", 3) == 0) {
            buffer_add_string(out, "\\\"\"\"");
            i += 2;
        } else
            buffer_add_char(out, text.at[i]);
    }
}

static void print_block(struct text text, const char *indentation, struct buffer *out)
{
    bool is_one_line = memchr(text.at, '\n', text.length) == NULL;
    bool needs_end = (ends_with(text, "\"") && !ends_with(text, "\"\"\"")) || ends_with(text, "\\");
    bool needs_begin = !is_one_line && is_indented(text);
    bool has_lines = !is_one_line || text_utf8_length(text) > LINE_LENGTH_MAX || needs_end || ends_with(text, "\"\"\"");
    bool begins = (has_lines && !(is_one_line && begins_blank(text))) || needs_begin;

    buffer_add_string(out, "\"\"\"");
    if (begins)
        buffer_printf(out, "\n%s", indentation);
    print_lines(text, indentation, out);
    if (has_lines)
        buffer_printf(out, "\n%s", indentation);
    buffer_add_string(out, "\"\"\"");
}

/* Before what it describes; after a neighbour in the same block there is an empty line. */
static void print_description(const char *description, const char *indentation, bool is_first, struct buffer *out)
{
    if (description == NULL)
        return;
    if (!is_first)
        buffer_add_char(out, '\n');
    buffer_add_string(out, indentation);
    print_block(text_of(description), indentation, out);
    buffer_add_char(out, '\n');
}

/* --- parts ------------------------------------------------------------------------------------------------------------------------- */

static void print_string(const char *string, struct buffer *out)
{
    graphql_print_value(&(struct document_value){.kind = DOCUMENT_STRING, .text = text_of(string)}, out);
}

static void print_deprecation(const char *reason, struct buffer *out)
{
    if (reason == NULL)
        return;
    buffer_add_string(out, " @deprecated");
    if (strcmp(reason, GRAPHQL_DEPRECATED) == 0)
        return;
    buffer_add_string(out, "(reason: ");
    print_string(reason, out);
    buffer_add_char(out, ')');
}

static void print_type(const struct graphql_type *type, struct buffer *out)
{
    switch (type->kind) {
    case GRAPHQL_LIST:
        buffer_add_char(out, '[');
        print_type(type->of, out);
        buffer_add_char(out, ']');
        return;
    case GRAPHQL_NON_NULL:
        print_type(type->of, out);
        buffer_add_char(out, '!');
        return;
    default:
        buffer_add_string(out, type->name);
    }
}

static void print_input(const struct graphql_input *input, struct buffer *out)
{
    buffer_printf(out, "%s: ", input->name);
    print_type(input->type, out);
    if (input->default_value != NULL) {
        buffer_add_string(out, " = ");
        graphql_print_value(input->default_value, out);
    }
    print_deprecation(input->deprecation, out);
}

static void print_arguments_in_line(const struct graphql_input *arguments, size_t count, struct buffer *out)
{
    buffer_add_char(out, '(');
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buffer_add_string(out, ", ");
        print_input(&arguments[i], out);
    }
    buffer_add_char(out, ')');
}

static void print_arguments(const struct graphql_input *arguments, size_t count, const char *indentation, const char *deeper,
                            struct buffer *out)
{
    bool described = false;
    for (size_t i = 0; i < count; i++)
        described = described || arguments[i].description != NULL;
    if (count == 0)
        return;
    if (!described) {
        print_arguments_in_line(arguments, count, out);
        return;
    }
    buffer_add_string(out, "(\n");
    for (size_t i = 0; i < count; i++) {
        print_description(arguments[i].description, deeper, i == 0, out);
        buffer_add_string(out, deeper);
        print_input(&arguments[i], out);
        buffer_add_char(out, '\n');
    }
    buffer_printf(out, "%s)", indentation);
}

static void print_names(const char *before, const struct graphql_type *const *types, size_t count, const char *between,
                        struct buffer *out)
{
    for (size_t i = 0; i < count; i++)
        buffer_printf(out, "%s%s", i == 0 ? before : between, types[i]->name);
}

/* --- definitions --------------------------------------------------------------------------------------------------------------------- */

static void print_fields(const struct graphql_type *type, struct buffer *out)
{
    buffer_add_string(out, " {\n");
    for (size_t i = 0; i < type->field_count; i++) {
        const struct graphql_field *field = &type->fields[i];
        print_description(field->description, "  ", i == 0, out);
        buffer_printf(out, "  %s", field->name);
        print_arguments(field->arguments, field->argument_count, "  ", "    ", out);
        buffer_add_string(out, ": ");
        print_type(field->type, out);
        print_deprecation(field->deprecation, out);
        buffer_add_char(out, '\n');
    }
    buffer_add_char(out, '}');
}

static void print_values(const struct graphql_type *type, struct buffer *out)
{
    buffer_add_string(out, " {\n");
    for (size_t i = 0; i < type->value_count; i++) {
        print_description(type->values[i].description, "  ", i == 0, out);
        buffer_printf(out, "  %s", type->values[i].name);
        print_deprecation(type->values[i].deprecation, out);
        buffer_add_char(out, '\n');
    }
    buffer_add_char(out, '}');
}

static void print_input_fields(const struct graphql_type *type, struct buffer *out)
{
    buffer_printf(out, "%s {\n", type->is_one_of ? " @oneOf" : "");
    for (size_t i = 0; i < type->input_count; i++) {
        print_description(type->inputs[i].description, "  ", i == 0, out);
        buffer_add_string(out, "  ");
        print_input(&type->inputs[i], out);
        buffer_add_char(out, '\n');
    }
    buffer_add_char(out, '}');
}

static void print_definition(const struct graphql_type *type, struct buffer *out)
{
    static const char *const keywords[] = {
        [GRAPHQL_SCALAR] = "scalar", [GRAPHQL_OBJECT] = "type", [GRAPHQL_INTERFACE] = "interface",
        [GRAPHQL_UNION] = "union",   [GRAPHQL_ENUM] = "enum",   [GRAPHQL_INPUT_OBJECT] = "input",
    };
    print_description(type->description, "", true, out);
    buffer_printf(out, "%s %s", keywords[type->kind], type->name);
    switch (type->kind) {
    case GRAPHQL_SCALAR:
        if (type->specified_by_url != NULL) {
            buffer_add_string(out, " @specifiedBy(url: ");
            print_string(type->specified_by_url, out);
            buffer_add_char(out, ')');
        }
        return;
    case GRAPHQL_OBJECT:
    case GRAPHQL_INTERFACE:
        print_names(" implements ", type->interfaces, type->interface_count, " & ", out);
        print_fields(type, out);
        return;
    case GRAPHQL_UNION:
        print_names(" = ", type->possible, type->possible_count, " | ", out);
        return;
    case GRAPHQL_ENUM:
        print_values(type, out);
        return;
    default:
        print_input_fields(type, out);
    }
}

static void print_directive(const struct graphql_directive *directive, struct buffer *out)
{
    print_description(directive->description, "", true, out);
    buffer_printf(out, "directive @%s", directive->name);
    print_arguments(directive->arguments, directive->argument_count, "", "  ", out);
    buffer_add_string(out, directive->is_repeatable ? " repeatable" : "");
    const char *before = " on ";
    for (unsigned i = 0; i < DOCUMENT_DIRECTIVE_LOCATION_COUNT; i++) {
        if (!(directive->locations & 1u << i))
            continue;
        buffer_printf(out, "%s%s", before, document_directive_location_names[i]);
        before = " | ";
    }
}

/* --- the whole --------------------------------------------------------------------------------------------------------------------------- */

static bool is_common(const struct graphql_type *root, const char *name)
{
    return root == NULL || strcmp(root->name, name) == 0;
}

/* Needed only where it says more than the names of the roots do. */
static bool print_schema_definition(const struct graphql_schema *schema, struct buffer *out)
{
    if (schema->description == NULL && is_common(schema->query, "Query") && is_common(schema->mutation, "Mutation") &&
        is_common(schema->subscription, "Subscription"))
        return false;
    print_description(schema->description, "", true, out);
    buffer_printf(out, "schema {\n  query: %s\n", schema->query->name);
    if (schema->mutation != NULL)
        buffer_printf(out, "  mutation: %s\n", schema->mutation->name);
    if (schema->subscription != NULL)
        buffer_printf(out, "  subscription: %s\n", schema->subscription->name);
    buffer_add_char(out, '}');
    return true;
}

static bool is_built_in(const struct graphql_type *type)
{
    bool is_scalar = type->kind == GRAPHQL_SCALAR && type->scalar >= GRAPHQL_INT && type->scalar <= GRAPHQL_ID;
    return is_scalar || strncmp(type->name, "__", 2) == 0;
}

void graphql_schema_print(const struct graphql_schema *schema, struct buffer *out)
{
    bool is_first = !print_schema_definition(schema, out);
    for (size_t i = GRAPHQL_BUILT_IN_DIRECTIVES; i < schema->directive_count; i++) {
        buffer_add_string(out, is_first ? "" : "\n\n");
        print_directive(&schema->directives[i], out);
        is_first = false;
    }
    for (size_t i = 0; i < schema->type_count; i++) {
        if (is_built_in(schema->types[i]))
            continue;
        buffer_add_string(out, is_first ? "" : "\n\n");
        print_definition(schema->types[i], out);
        is_first = false;
    }
    buffer_add_char(out, '\n');
}
