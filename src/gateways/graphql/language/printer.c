/*
 * From document to text: two blanks of indent, a line for each selection, strings in double quotes (block strings too: they mean the same).
 */
#include "gateways/graphql/language/printer.h"

struct printer {
    struct buffer *out;
    unsigned indent;
};

static void print(struct printer *printer, const char *string)
{
    buffer_add_string(printer->out, string);
}

static void print_text(struct printer *printer, struct text text)
{
    buffer_add_text(printer->out, text);
}

static void print_line_break(struct printer *printer)
{
    buffer_add_char(printer->out, '\n');
    for (unsigned i = 0; i < printer->indent; i++)
        print(printer, "  ");
}

static void open_block(struct printer *printer)
{
    print(printer, " {");
    printer->indent++;
}

static void close_block(struct printer *printer)
{
    printer->indent--;
    print_line_break(printer);
    buffer_add_char(printer->out, '}');
}

/* --- values, types, directives ------------------------------------------------------------------------------------------- */

static void print_string(struct printer *printer, struct text text)
{
    static const char letters[128] = {
        ['"'] = '"', ['\\'] = '\\', ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't',
    };
    buffer_add_char(printer->out, '"');
    for (size_t i = 0; i < text.length; i++) {
        uint8_t byte = (uint8_t)text.at[i];
        if (byte < sizeof letters && letters[byte])
            buffer_printf(printer->out, "\\%c", letters[byte]);
        else if (byte < ' ' || byte == 0x7f)
            buffer_printf(printer->out, "\\u%04X", byte);
        else
            buffer_add_char(printer->out, (char)byte);
    }
    buffer_add_char(printer->out, '"');
}

static void print_value(struct printer *printer, const struct document_value *value);

static void print_argument(struct printer *printer, const struct document_argument *argument)
{
    print_text(printer, argument->name);
    print(printer, ": ");
    print_value(printer, &argument->value);
}

static void print_list(struct printer *printer, const struct document_value *list)
{
    buffer_add_char(printer->out, '[');
    for (const struct document_value *item = list->items; item; item = item->next) {
        print_value(printer, item);
        if (item->next)
            print(printer, ", ");
    }
    buffer_add_char(printer->out, ']');
}

static void print_object(struct printer *printer, const struct document_value *object)
{
    buffer_add_char(printer->out, '{');
    for (const struct document_argument *field = object->fields; field; field = field->next) {
        print_argument(printer, field);
        if (field->next)
            print(printer, ", ");
    }
    buffer_add_char(printer->out, '}');
}

static void print_value(struct printer *printer, const struct document_value *value)
{
    switch (value->kind) {
    case DOCUMENT_VARIABLE:
        buffer_add_char(printer->out, '$');
        print_text(printer, value->text);
        break;
    case DOCUMENT_INT:
    case DOCUMENT_FLOAT:
    case DOCUMENT_ENUM:
        print_text(printer, value->text);
        break;
    case DOCUMENT_STRING:
        print_string(printer, value->text);
        break;
    case DOCUMENT_BOOLEAN:
        print(printer, value->boolean ? "true" : "false");
        break;
    case DOCUMENT_NULL:
        print(printer, "null");
        break;
    case DOCUMENT_LIST:
        print_list(printer, value);
        break;
    case DOCUMENT_OBJECT:
        print_object(printer, value);
        break;
    }
}

static void print_default(struct printer *printer, const struct document_value *value)
{
    if (!value)
        return;
    print(printer, " = ");
    print_value(printer, value);
}

static void print_type(struct printer *printer, const struct document_type *type)
{
    if (type->kind == DOCUMENT_TYPE_LIST) {
        buffer_add_char(printer->out, '[');
        print_type(printer, type->of);
        buffer_add_char(printer->out, ']');
    } else {
        print_text(printer, type->name);
    }
    if (type->is_required)
        buffer_add_char(printer->out, '!');
}

static void print_arguments(struct printer *printer, const struct document_argument *arguments)
{
    if (!arguments)
        return;
    buffer_add_char(printer->out, '(');
    for (const struct document_argument *argument = arguments; argument; argument = argument->next) {
        print_argument(printer, argument);
        if (argument->next)
            print(printer, ", ");
    }
    buffer_add_char(printer->out, ')');
}

static void print_directives(struct printer *printer, const struct document_directive *directives)
{
    for (const struct document_directive *directive = directives; directive; directive = directive->next) {
        print(printer, " @");
        print_text(printer, directive->name);
        print_arguments(printer, directive->arguments);
    }
}

/* On a line of its own, before what it describes. */
static void print_description(struct printer *printer, const struct document_value *description)
{
    if (!description)
        return;
    print_string(printer, description->text);
    print_line_break(printer);
}

/* --- what is executed ---------------------------------------------------------------------------------------------------- */

static void print_selections(struct printer *printer, const struct document_selection *selections);

static void print_field(struct printer *printer, const struct document_selection *field)
{
    print_text(printer, field->key);
    if (document_has_alias(field)) {
        print(printer, ": ");
        print_text(printer, field->name);
    }
    print_arguments(printer, field->arguments);
}

static void print_fragment_spread(struct printer *printer, const struct document_selection *selection)
{
    print(printer, "...");
    if (selection->kind == DOCUMENT_INLINE && selection->name.length > 0)
        print(printer, " on ");
    print_text(printer, selection->name);
}

static void print_selections(struct printer *printer, const struct document_selection *selections)
{
    if (!selections)
        return;
    open_block(printer);
    for (const struct document_selection *selection = selections; selection; selection = selection->next) {
        print_line_break(printer);
        if (selection->kind == DOCUMENT_FIELD)
            print_field(printer, selection);
        else
            print_fragment_spread(printer, selection);
        print_directives(printer, selection->directives);
        print_selections(printer, selection->selections);
    }
    close_block(printer);
}

static void print_variables(struct printer *printer, const struct document_variable *variables)
{
    if (!variables)
        return;
    buffer_add_char(printer->out, '(');
    for (const struct document_variable *variable = variables; variable; variable = variable->next) {
        if (variable->description) {
            print_string(printer, variable->description->text);
            buffer_add_char(printer->out, ' ');
        }
        buffer_add_char(printer->out, '$');
        print_text(printer, variable->name);
        print(printer, ": ");
        print_type(printer, variable->type);
        print_default(printer, variable->default_value);
        print_directives(printer, variable->directives);
        if (variable->next)
            print(printer, ", ");
    }
    buffer_add_char(printer->out, ')');
}

static void print_operation(struct printer *printer, const struct document_operation *operation)
{
    static const char *const keywords[] = {"query", "mutation", "subscription"};
    print_description(printer, operation->description);
    print(printer, keywords[operation->kind]);
    if (operation->name.length > 0)
        buffer_add_char(printer->out, ' ');
    print_text(printer, operation->name);
    print_variables(printer, operation->variables);
    print_directives(printer, operation->directives);
    print_selections(printer, operation->selections);
}

static void print_fragment(struct printer *printer, const struct document_fragment *fragment)
{
    print_description(printer, fragment->description);
    print(printer, "fragment ");
    print_text(printer, fragment->name);
    print(printer, " on ");
    print_text(printer, fragment->type_condition);
    print_directives(printer, fragment->directives);
    print_selections(printer, fragment->selections);
}

/* --- type systems -------------------------------------------------------------------------------------------------------- */

static void print_input(struct printer *printer, const struct document_input_definition *input)
{
    print_text(printer, input->name);
    print(printer, ": ");
    print_type(printer, input->type);
    print_default(printer, input->default_value);
    print_directives(printer, input->directives);
}

static void print_argument_definitions(struct printer *printer, const struct document_input_definition *arguments)
{
    if (!arguments)
        return;
    buffer_add_char(printer->out, '(');
    for (const struct document_input_definition *argument = arguments; argument; argument = argument->next) {
        if (argument->description) {
            print_string(printer, argument->description->text);
            buffer_add_char(printer->out, ' ');
        }
        print_input(printer, argument);
        if (argument->next)
            print(printer, ", ");
    }
    buffer_add_char(printer->out, ')');
}

static void print_input_fields(struct printer *printer, const struct document_input_definition *fields)
{
    if (!fields)
        return;
    open_block(printer);
    for (const struct document_input_definition *field = fields; field; field = field->next) {
        print_line_break(printer);
        print_description(printer, field->description);
        print_input(printer, field);
    }
    close_block(printer);
}

static void print_fields(struct printer *printer, const struct document_field_definition *fields)
{
    if (!fields)
        return;
    open_block(printer);
    for (const struct document_field_definition *field = fields; field; field = field->next) {
        print_line_break(printer);
        print_description(printer, field->description);
        print_text(printer, field->name);
        print_argument_definitions(printer, field->arguments);
        print(printer, ": ");
        print_type(printer, field->type);
        print_directives(printer, field->directives);
    }
    close_block(printer);
}

static void print_enum_values(struct printer *printer, const struct document_enum_value_definition *values)
{
    if (!values)
        return;
    open_block(printer);
    for (const struct document_enum_value_definition *value = values; value; value = value->next) {
        print_line_break(printer);
        print_description(printer, value->description);
        print_text(printer, value->name);
        print_directives(printer, value->directives);
    }
    close_block(printer);
}

static void print_names(struct printer *printer, const char *before, const char *between, const struct document_name *names)
{
    for (const struct document_name *name = names; name; name = name->next) {
        print(printer, name == names ? before : between);
        print_text(printer, name->name);
    }
}

static void print_roots(struct printer *printer, const struct document_definition *schema)
{
    static const char *const kinds[] = {"query: ", "mutation: ", "subscription: "};
    bool opened = false;
    for (enum document_operation_kind kind = DOCUMENT_QUERY; kind <= DOCUMENT_SUBSCRIPTION; kind++) {
        if (schema->roots[kind].length == 0)
            continue;
        if (!opened)
            open_block(printer);
        opened = true;
        print_line_break(printer);
        print(printer, kinds[kind]);
        print_text(printer, schema->roots[kind]);
    }
    if (opened)
        close_block(printer);
}

static void print_directive_definition(struct printer *printer, const struct document_definition *directive)
{
    print(printer, "directive @");
    print_text(printer, directive->name);
    print_argument_definitions(printer, directive->inputs);
    if (directive->is_repeatable)
        print(printer, " repeatable");
    const char *before = " on ";
    for (int location = 0; location < DOCUMENT_DIRECTIVE_LOCATION_COUNT; location++) {
        if (!(directive->locations & UINT32_C(1) << location))
            continue;
        print(printer, before);
        print(printer, document_directive_location_names[location]);
        before = " | ";
    }
}

static void print_definition(struct printer *printer, const struct document_definition *definition)
{
    static const char *const keywords[] = {
        [DOCUMENT_DEFINE_SCHEMA] = "schema", [DOCUMENT_DEFINE_SCALAR] = "scalar ",
        [DOCUMENT_DEFINE_OBJECT] = "type ",  [DOCUMENT_DEFINE_INTERFACE] = "interface ",
        [DOCUMENT_DEFINE_UNION] = "union ",  [DOCUMENT_DEFINE_ENUM] = "enum ",
        [DOCUMENT_DEFINE_INPUT] = "input ",
    };
    print_description(printer, definition->description);
    if (definition->kind == DOCUMENT_DEFINE_DIRECTIVE) {
        print_directive_definition(printer, definition);
        return;
    }
    if (definition->is_extension)
        print(printer, "extend ");
    print(printer, keywords[definition->kind]);
    print_text(printer, definition->name);
    print_names(printer, " implements ", " & ", definition->interfaces);
    print_directives(printer, definition->directives);
    print_roots(printer, definition);
    print_fields(printer, definition->fields);
    print_names(printer, " = ", " | ", definition->members);
    print_enum_values(printer, definition->values);
    print_input_fields(printer, definition->inputs);
}

/* --- the whole ----------------------------------------------------------------------------------------------------------- */

/* Whether `at` comes before both others; nothing comes before what is not there. */
static bool comes_first(const uint32_t *at, const uint32_t *a, const uint32_t *b)
{
    return at && (!a || *at < *a) && (!b || *at < *b);
}

void graphql_print(const struct document *document, struct buffer *out)
{
    struct printer printer = {.out = out};
    const struct document_operation *operation = document->operations;
    const struct document_fragment *fragment = document->fragments;
    const struct document_definition *definition = document->definitions;
    for (bool is_first = true; operation || fragment || definition; is_first = false) {
        const uint32_t *operation_at = operation ? &operation->at : NULL, *fragment_at = fragment ? &fragment->at : NULL,
                       *definition_at = definition ? &definition->at : NULL;
        if (!is_first)
            print(&printer, "\n");
        if (comes_first(operation_at, fragment_at, definition_at)) {
            print_operation(&printer, operation);
            operation = operation->next;
        } else if (comes_first(fragment_at, operation_at, definition_at)) {
            print_fragment(&printer, fragment);
            fragment = fragment->next;
        } else {
            print_definition(&printer, definition);
            definition = definition->next;
        }
        print(&printer, "\n");
    }
}

void graphql_print_value(const struct document_value *value, struct buffer *out)
{
    print_value(&(struct printer){.out = out}, value);
}

void graphql_print_type(const struct document_type *type, struct buffer *out)
{
    print_type(&(struct printer){.out = out}, type);
}
