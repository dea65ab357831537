/*
 * Schemas: what is found in them, how types relate, SDL there and back, and what introspection answers.
 */
#include "gateways/graphql/schema/build.h"
#include "gateways/graphql/schema/binding.h"
#include "gateways/graphql/schema/sdl.h"

#include "gateways/graphql/language/parser.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct arena *arena;
static struct graphql_schema *schema;

/* In the order and the form that printing gives. */
static const char zoo[] =
    "\"\"\"A zoo.\"\"\"\n"
    "schema {\n"
    "  query: Ask\n"
    "}\n"
    "\n"
    "\"\"\"Count it \\\"\"\"often\\\"\"\".\"\"\"\n"
    "directive @counted(\n"
    "  \"\"\"How often.\"\"\"\n"
    "  times: Int! = 2\n"
    "  by: [String!] = [\"a\", \"b\"]\n"
    ") repeatable on FIELD | OBJECT\n"
    "\n"
    "interface Animal {\n"
    "  name(long: Boolean = false): String!\n"
    "}\n"
    "\n"
    "type Ask {\n"
    "  animals(filter: Filter): [Animal!]!\n"
    "  pet: Pet\n"
    "}\n"
    "\n"
    "type Cat implements Animal & Named {\n"
    "  name(long: Boolean = false): String!\n"
    "\n"
    "  \"\"\"\n"
    "  How loud it is when it lies in the sun and somebody is stroking it behind the ears.\n"
    "  \"\"\"\n"
    "  purr: Int @deprecated(reason: \"Cats \\\"purr\\\" no more.\")\n"
    "  owner: String @deprecated\n"
    "}\n"
    "\n"
    "type Dog implements Animal {\n"
    "  name(long: Boolean = false): String!\n"
    "}\n"
    "\n"
    "input Filter @oneOf {\n"
    "  \"\"\"\n"
    "  Two\n"
    "  lines.\n"
    "  \"\"\"\n"
    "  name: String\n"
    "  size: Size\n"
    "}\n"
    "\n"
    "interface Named {\n"
    "  name(long: Boolean = false): String!\n"
    "}\n"
    "\n"
    "union Pet = Cat | Dog\n"
    "\n"
    "enum Size {\n"
    "  SMALL\n"
    "  LARGE @deprecated\n"
    "}\n"
    "\n"
    "scalar Time @specifiedBy(url: \"https://example.org/time\")\n";

static struct graphql_schema *schema_of(const char *sdl, const char **why)
{
    struct document *document;
    struct graphql_error error;
    assert_true(graphql_parse(arena, text_of(sdl), &graphql_limits_trusted, &document, &error));
    struct graphql_schema *made = graphql_schema_from_document(document, arena, &error);
    *why = made == NULL ? error.message : "";
    return made;
}

static int setup(void **state)
{
    (void)state;
    const char *why;
    arena = arena_new(64 << 20);
    schema = schema_of(zoo, &why);
    assert_string_equal(why, "");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    graphql_schema_free(schema);
    arena_free(arena);
    return 0;
}

static const struct graphql_type *type(const char *name)
{
    const struct graphql_type *found = graphql_schema_type(schema, text_of(name));
    assert_non_null(found);
    return found;
}

static void sdl_goes_there_and_back(void **state)
{
    (void)state;
    struct buffer out;
    buffer_init(&out, 1 << 20);
    graphql_schema_print(schema, &out);
    assert_string_equal(arena_strndup(arena, out.at, out.length), zoo);
    buffer_release(&out);
}

static void what_is_no_schema_is_refused(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"type Query { a: Nothing }", "There is no type `Nothing`."},
        {"type Query { a: Int } type Query { b: Int }", "There are two types `Query`."},
        {"type Query { a(b: Query): Int }", "It has a type that can't be given: `b`."},
        {"type Asked { a: Int }", "There is no type `Query`."},
        {"type Query { a: Int } extend type Query { b: Int }", "An extension can't be read: `Query`."},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *why;
        assert_null(schema_of(rows[i][0], &why));
        assert_string_equal(why, rows[i][1]);
    }
}

static void members_are_found_by_name(void **state)
{
    (void)state;
    const struct graphql_type *cat = type("Cat");
    assert_string_equal(graphql_type_field(schema, cat, TEXT("purr"))->deprecation, "Cats \"purr\" no more.");
    assert_null(graphql_type_field(schema, cat, TEXT("purrs")));
    assert_null(graphql_type_field(schema, cat, TEXT("pur")));
    assert_int_equal(graphql_type_value_numbered(type("Size"), 2)->number, graphql_type_value(type("Size"), TEXT("LARGE"))->number);
    assert_null(graphql_type_value_numbered(type("Size"), 0));
    assert_non_null(graphql_type_input(type("Filter"), TEXT("size")));
    assert_null(graphql_schema_type(schema, TEXT("Bird")));
    assert_true(graphql_schema_directive(schema, TEXT("counted"))->is_repeatable);
    assert_false(graphql_input_is_required(
        graphql_directive_argument(graphql_schema_directive(schema, TEXT("counted")), TEXT("times"))));
    assert_true(graphql_input_is_required(
        graphql_directive_argument(graphql_schema_directive(schema, TEXT("skip")), TEXT("if"))));
    assert_ptr_equal(graphql_schema_root(schema, DOCUMENT_QUERY), type("Ask"));
    assert_null(graphql_schema_root(schema, DOCUMENT_MUTATION));
}

static void meta_fields_are_where_they_belong(void **state)
{
    (void)state;
    assert_ptr_equal(graphql_type_field(schema, type("Pet"), TEXT("__typename")), schema->typename_field);
    assert_ptr_equal(graphql_type_field(schema, schema->query, TEXT("__schema")), schema->schema_field);
    assert_ptr_equal(graphql_type_field(schema, schema->query, TEXT("__type")), schema->type_field);
    assert_null(graphql_type_field(schema, type("Cat"), TEXT("__schema")));
    assert_null(graphql_type_field(schema, schema->query, TEXT("__other")));
}

static void types_relate(void **state)
{
    (void)state;
    const struct graphql_type *cat = type("Cat"), *dog = type("Dog"), *animal = type("Animal"), *pet = type("Pet"),
                              *named = type("Named");
    assert_true(graphql_type_may_be(animal, cat));
    assert_true(graphql_type_may_be(pet, dog));
    assert_true(graphql_type_may_be(cat, cat));
    assert_false(graphql_type_may_be(named, dog));
    assert_true(graphql_types_overlap(animal, pet));
    assert_true(graphql_types_overlap(named, pet));
    assert_false(graphql_types_overlap(named, dog));
    assert_true(graphql_type_is_sub_type(cat, animal));
    assert_true(graphql_type_is_sub_type(dog, pet));
    assert_false(graphql_type_is_sub_type(animal, cat));
    assert_true(graphql_type_is_composite(pet));
    assert_true(graphql_type_is_leaf(type("Size")));
    assert_true(graphql_type_is_input(type("Filter")));
    assert_false(graphql_type_is_input(cat));

    const struct graphql_type *animals = graphql_type_field(schema, schema->query, TEXT("animals"))->type; /* [Animal!]! */
    assert_string_equal(graphql_type_text(animals, arena), "[Animal!]!");
    assert_ptr_equal(graphql_type_named(animals), animal);
    assert_true(graphql_type_is_sub_type(animals, animals->of));
    assert_false(graphql_type_is_sub_type(animals->of, animals));
}

static const struct graphql_type *resolved(const char *written)
{
    struct document *document;
    struct graphql_error error;
    const char *text = arena_printf(arena, "query($a: %s) { pet }", written);
    assert_true(graphql_parse(arena, text_of(text), &graphql_limits_public, &document, &error));
    return graphql_schema_resolve(schema, document->operations->variables->type, arena);
}

static void types_of_documents_are_those_of_the_schema(void **state)
{
    (void)state;
    const struct graphql_type *animals = graphql_type_field(schema, schema->query, TEXT("animals"))->type;
    assert_ptr_equal(resolved("[Animal!]!"), animals);
    assert_null(resolved("[Bird!]"));
    assert_string_equal(graphql_type_text(resolved("[[Size]!]"), arena), "[[Size]!]");
    assert_true(graphql_types_equal(resolved("[[Size]!]"), resolved("[[Size]!]")));
    assert_false(graphql_types_equal(resolved("[[Size]!]"), resolved("[[Size!]]")));
}

/* --- introspection -------------------------------------------------------------------------------------------------------------- */

static struct graphql_meta_value ask(const char *type_name, const void *source, const char *field, bool deprecated)
{
    return graphql_introspect(graphql_type_field(schema, type(type_name), text_of(field)), source, deprecated, arena);
}

static void introspection_tells_of_types(void **state)
{
    (void)state;
    const struct graphql_type *cat = type("Cat");
    assert_string_equal(ask("__Type", cat, "kind", false).string, "OBJECT");
    assert_int_equal(ask("__Type", cat, "fields", false).list.count, 1);
    assert_int_equal(ask("__Type", cat, "fields", true).list.count, 3);
    assert_int_equal(ask("__Type", cat, "interfaces", false).list.count, 2);
    assert_int_equal(ask("__Type", cat, "possibleTypes", false).kind, GRAPHQL_META_NULL);
    assert_int_equal(ask("__Type", cat, "isOneOf", false).kind, GRAPHQL_META_NULL);
    assert_int_equal(ask("__Type", type("Pet"), "possibleTypes", false).list.count, 2);
    assert_int_equal(ask("__Type", type("Size"), "enumValues", false).list.count, 1);
    assert_true(ask("__Type", type("Filter"), "isOneOf", false).boolean);
    assert_string_equal(ask("__Type", type("Time"), "specifiedByURL", false).string, "https://example.org/time");
    const struct graphql_type *animals = graphql_type_field(schema, schema->query, TEXT("animals"))->type;
    assert_string_equal(ask("__Type", animals, "kind", false).string, "NON_NULL");
    assert_ptr_equal(ask("__Type", animals, "ofType", false).object, animals->of);
    assert_int_equal(ask("__Type", animals, "name", false).kind, GRAPHQL_META_NULL);
}

static void introspection_tells_of_the_rest(void **state)
{
    (void)state;
    const struct graphql_directive *counted = graphql_schema_directive(schema, TEXT("counted"));
    const struct graphql_input *by = graphql_directive_argument(counted, TEXT("by"));
    assert_string_equal(ask("__InputValue", by, "defaultValue", false).string, "[\"a\", \"b\"]");
    assert_int_equal(ask("__Directive", counted, "locations", false).list.count, 2);
    assert_string_equal(ask("__Directive", counted, "locations", false).list.items[1], "OBJECT");
    assert_int_equal(ask("__Directive", counted, "args", false).list.count, 2);
    const struct graphql_field *owner = graphql_type_field(schema, type("Cat"), TEXT("owner"));
    assert_true(ask("__Field", owner, "isDeprecated", false).boolean);
    assert_string_equal(ask("__Field", owner, "deprecationReason", false).string, "No longer supported");
    assert_ptr_equal(ask("__Schema", schema, "queryType", false).object, schema->query);
    assert_int_equal(ask("__Schema", schema, "subscriptionType", false).kind, GRAPHQL_META_NULL);
    assert_int_equal(ask("__Schema", schema, "directives", false).list.count, 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(sdl_goes_there_and_back, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_no_schema_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(members_are_found_by_name, setup, teardown),
        cmocka_unit_test_setup_teardown(meta_fields_are_where_they_belong, setup, teardown),
        cmocka_unit_test_setup_teardown(types_relate, setup, teardown),
        cmocka_unit_test_setup_teardown(types_of_documents_are_those_of_the_schema, setup, teardown),
        cmocka_unit_test_setup_teardown(introspection_tells_of_types, setup, teardown),
        cmocka_unit_test_setup_teardown(introspection_tells_of_the_rest, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
