/*
 * A document or two for each rule here; tests/graphql/validate_test.mjs holds hundreds of others beside graphql-js. And what must not take
 * long.
 */
#include "gateways/graphql/language/parser.h"
#include "gateways/graphql/schema/build.h"
#include "gateways/graphql/validate/validate.h"

#include "base/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <time.h>

static const char sdl[] =
    "directive @once on FIELD "
    "directive @many(name: String) repeatable on FIELD "
    "enum Sort { NAME PRICE } "
    "interface Node { id: ID! } "
    "type Product implements Node { id: ID! name: String price: Int! related(first: Int): [Product!] } "
    "type Order implements Node { id: ID! number: Int! product: Product } "
    "union Thing = Product | Order "
    "input Filter { text: String, most: Int!, and: [Filter!] } "
    "input Key @oneOf { id: ID, name: String } "
    "type Query { node: Node, thing: Thing, product(id: ID!): Product, search(filter: Filter, sort: Sort = NAME): [Thing!]!, "
    "  find(key: Key!): Node, self: Query, number(of: Int, at: Float, when: Boolean, named: String): Int } "
    "type Subscription { stock(sku: String!): Int, order: Order }";

static struct arena *schema_arena;
static struct graphql_schema *schema;

static int open_schema(void **state)
{
    (void)state;
    struct document *document;
    struct graphql_error error;
    schema_arena = arena_new(LIMIT_CALL_ARENA);
    assert_true(graphql_parse(schema_arena, text_of(sdl), &graphql_limits_trusted, &document, &error));
    schema = graphql_schema_from_document(document, schema_arena, &error);
    assert_non_null(schema);
    return 0;
}

static int close_schema(void **state)
{
    (void)state;
    graphql_schema_free(schema);
    arena_free(schema_arena);
    return 0;
}

/* "Rule 1:2 1:5; Rule 2:1": the errors of a document, as text. */
static const char *errors_of(struct arena *arena, const char *text)
{
    struct document *document;
    struct graphql_error error;
    if (!graphql_parse(arena, text_of(text), &graphql_limits_public, &document, &error))
        fail_msg("%s: %s", text, error.message);
    struct graphql_validation validation = graphql_validate(schema, document, LIMIT_GRAPHQL_ERRORS, arena);
    const char *all = "";
    for (const struct graphql_error *wrong = validation.errors; wrong; wrong = wrong->next) {
        assert_int_equal(wrong->code, wrong->rule ? RESULT_GRAPHQL_INVALID : RESULT_GRAPHQL_LIMIT);
        assert_true(strlen(wrong->message) > 10);
        all = arena_printf(arena, "%s%s%s", all, *all ? "; " : "", wrong->rule ? wrong->rule : wrong->message);
        for (size_t i = 0; i < wrong->location_count; i++)
            all = arena_printf(arena, "%s %u:%u", all, wrong->locations[i].line, wrong->locations[i].column);
    }
    return all;
}

static void every_rule_says_where(void **state)
{
    (void)state;
    static const struct {
        const char *text, *errors;
    } rows[] = {
        {"query Q($id: ID!, $f: Filter = {most: 1}) { product(id: $id) { ...P related { ...P } } search(filter: $f) { __typename } }\n"
         "fragment P on Product { id name @once @many @many(name: \"a\") ... on Node { id } }",
         ""},
        {"{node{id}} type A {a:Int}", "ExecutableDefinitions 1:12"},
        {"query A{node{id}} query A{node{id}}", "UniqueOperationNames 1:7 1:25"},
        {"{node{id}}\n{node{id}}", "LoneAnonymousOperation 1:1; LoneAnonymousOperation 2:1"},
        {"mutation {a}", "KnownOperationTypes 1:1"},
        {"subscription {stock(sku:\"a\") order{id}}", "SingleFieldSubscriptions 1:30"},
        {"subscription {__typename}", "SingleFieldSubscriptions 1:15"},
        {"subscription {stock(sku:\"a\") @skip(if:true)}", "SingleFieldSubscriptions 1:30"},
        {"{node{...on Nowhere{id}}}", "KnownTypeNames 1:13"},
        {"query($a:[Nowhere!]){number(of:$a)}", "KnownTypeNames 1:11"},
        {"{node{...on Sort{id}}}", "FragmentsOnCompositeTypes 1:13"},
        {"query($a:[Node]){number(of:$a)}", "VariablesAreInputTypes 1:10; VariablesInAllowedPosition 1:7 1:28"},
        {"{node}", "ScalarLeafs 1:2"},
        {"{node{id{a}}}", "ScalarLeafs 1:9"},
        {"{node{id a:b}}", "FieldsOnCorrectType 1:10"},
        {"{node{...F}} fragment F on Node{id} fragment F on Node{id}", "UniqueFragmentNames 1:23 1:46"},
        {"{node{...F}}", "KnownFragmentNames 1:10"},
        {"{node{id}} fragment F on Node{id}", "NoUnusedFragments 1:12"},
        {"{product(id:1){...on Order{id}}}", "PossibleFragmentSpreads 1:16"},
        {"{node{...F}} fragment F on Node{...G} fragment G on Node{...F}", "NoFragmentCycles 1:33 1:58"},
        {"query($a:Int $a:Int){number(of:$a)}", "UniqueVariableNames 1:8 1:15"},
        {"query Q{number(of:$a)}", "NoUndefinedVariables 1:19 1:1"},
        {"query($a:Int){node{id}}", "NoUnusedVariables 1:7"},
        {"{node{id @nowhere}}", "KnownDirectives 1:10"},
        {"query @once {node{id}}", "KnownDirectives 1:7"},
        {"{node{id @once @once}}", "UniqueDirectivesPerLocation 1:10 1:16"},
        {"{node(a:1){id @many(b:1)}}", "KnownArgumentNames 1:7; KnownArgumentNames 1:21"},
        {"{number(of:1 of:2 of:3)}", "UniqueArgumentNames 1:9 1:14 1:19"},
        {"{product{id @skip}}", "ProvidedRequiredArguments 1:2; ProvidedRequiredArguments 1:13"},
        {"{number(of:1.5 at:a when:1 named:1)}",
         "ValuesOfCorrectType 1:12; ValuesOfCorrectType 1:19; ValuesOfCorrectType 1:26; ValuesOfCorrectType 1:34"},
        {"{number(of:2147483648 at:1e999 named:\"\\u0000\")}",
         "ValuesOfCorrectType 1:12; ValuesOfCorrectType 1:26; ValuesOfCorrectType 1:38"},
        {"{search(sort:SIZE filter:{text:1 and:[{}] no:1}){__typename}}",
         "ValuesOfCorrectType 1:14; ValuesOfCorrectType 1:26; ValuesOfCorrectType 1:32; ValuesOfCorrectType 1:39; "
         "ValuesOfCorrectType 1:43"},
        {"{find(key:{}){id}}", "ValuesOfCorrectType 1:11"},
        {"{find(key:{id:null}){id}}", "ValuesOfCorrectType 1:11"},
        {"{find(key:{id:1 name:\"a\"}){id}}", "ValuesOfCorrectType 1:11"},
        {"query($a:ID){find(key:{id:$a}){id}}", "VariablesInAllowedPosition 1:7 1:27"},
        {"query($a:ID!){find(key:{id:$a}){id}}", ""},
        {"{search(filter:{most:1 most:2}){__typename}}", "UniqueInputFieldNames 1:17 1:24"},
        {"query($a:Int){product(id:$a){id}}", "VariablesInAllowedPosition 1:7 1:26"},
        {"{a:number a:node{id}}", "OverlappingFieldsCanBeMerged 1:2 1:11"},
        {"{number(of:1) number(of:2)}", "OverlappingFieldsCanBeMerged 1:2 1:15"},
        {"{self{self{number}} self{self{number:__typename}}}", "OverlappingFieldsCanBeMerged 1:12 1:31"},
        {"{thing{...on Product{a:name} ...on Order{a:number}}}", "OverlappingFieldsCanBeMerged 1:22 1:42"},
        {"{thing{...on Product{a:price} ...on Order{a:number}}}", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena *arena = arena_new(LIMIT_CALL_ARENA);
        const char *errors = errors_of(arena, rows[i].text);
        if (strcmp(errors, rows[i].errors) != 0)
            fail_msg("%s:\n  %s\nnot\n  %s", rows[i].text, errors, rows[i].errors);
        arena_free(arena);
    }
}

static void names_are_resolved(void **state)
{
    (void)state;
    struct arena *arena = arena_new(LIMIT_CALL_ARENA);
    struct document *document;
    struct graphql_error error;
    assert_true(graphql_parse(arena, TEXT("query($a:[Sort!]!){node{...F ...on Order{id @once}} search(sort:$b){__typename}} fragment F on Node{id}"),
                              &graphql_limits_public, &document, &error));
    graphql_validate(schema, document, LIMIT_GRAPHQL_ERRORS, arena);
    const struct document_selection *node = document->operations->selections;
    const struct graphql_type *interface = graphql_schema_type(schema, TEXT("Node")), *order = graphql_schema_type(schema, TEXT("Order"));
    assert_ptr_equal(node->resolved.field, graphql_type_field(schema, schema->query, TEXT("node")));
    assert_ptr_equal(node->selections->resolved.fragment, document->fragments);
    assert_ptr_equal(document->fragments->resolved, interface);
    assert_ptr_equal(node->selections->next->resolved.condition, order);
    const struct document_selection *id = node->selections->next->selections;
    assert_ptr_equal(id->resolved.field, graphql_type_field(schema, order, TEXT("id")));
    assert_ptr_equal(id->directives->resolved, graphql_schema_directive(schema, TEXT("once")));
    assert_string_equal(graphql_type_text(document->operations->variables->resolved, arena), "[Sort!]!");
    arena_free(arena);
}

static void errors_are_capped(void **state)
{
    (void)state;
    struct arena *arena = arena_new(LIMIT_CALL_ARENA);
    struct document *document;
    struct graphql_error error;
    struct buffer text;
    buffer_init(&text, 1 << 20);
    buffer_add_string(&text, "{");
    for (int i = 0; i < 1000; i++)
        buffer_add_string(&text, "nothing(a:$b)@nowhere ");
    buffer_add_string(&text, "}");
    assert_true(graphql_parse(arena, buffer_text(&text), &graphql_limits_trusted, &document, &error));
    struct graphql_validation validation = graphql_validate(schema, document, LIMIT_GRAPHQL_ERRORS, arena);
    assert_int_equal(validation.error_count, LIMIT_GRAPHQL_ERRORS);
    assert_int_equal(graphql_validate(schema, document, 1, arena).error_count, 1);
    buffer_release(&text);
    arena_free(arena);
}

/* --- what must not take long --------------------------------------------------------------------------------------------- */

static double processor_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* Under sanitizers everything takes several times as long. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
static const double slower = 20;
#else
static const double slower = 1;
#endif

/* Wide open but for the depth, so that it is validation that holds. */
static const struct graphql_limits open_limits = {.bytes = 1 << 20, .tokens = 1 << 20, .depth = 32, .aliases = 1 << 20, .directives = 1 << 20};

/* What nasty documents are made of: `unit` with "%1$d" for a number and "%2$d" for the next. */
struct nasty {
    const char *name, *head, *unit, *tail;
    int times;
    const char *first_error; /* the rule, or how the message begins; NULL when it is valid */
};

static struct buffer written;

static void write_nasty(const struct nasty *nasty)
{
    buffer_empty(&written);
    buffer_add_string(&written, nasty->head);
    for (int i = 0; i < nasty->times; i++) {
        for (const char *at = nasty->unit; *at; at++) {
            if (*at == '#')
                buffer_printf(&written, "%d", i);
            else if (*at == '+')
                buffer_printf(&written, "%d", i + 1);
            else
                buffer_add_char(&written, *at);
        }
    }
    buffer_add_string(&written, nasty->tail);
}

static void nothing_takes_long(void **state)
{
    (void)state;
    static const struct nasty rows[] = {
        {"10,000 aliases", "{", "a#:number ", "}", 10000, NULL},
        {"10,000 times one field", "{", "number ", "}", 10000, NULL},
        {"10,000 times one field with selections", "{", "self{number} ", "}", 10000, NULL},
        {"10,000 fields of one name that don't fit", "{", "a:number(of:#) ", "}", 10000, "OverlappingFieldsCanBeMerged"},
        {"10,000 unknown fields", "{", "nothing# ", "}", 10000, "FieldsOnCorrectType"},
        {"10,000 arguments", "{number(", "a#:1 ", ")}", 10000, "KnownArgumentNames"},
        {"10,000 times one argument", "{number(", "of:1 ", ")}", 10000, "UniqueArgumentNames"},
        {"two fields with 10,000 arguments in other orders", "{number(b:1 ", "a#:1 ", "c:1) number(c:1 b:1)}", 10000, "KnownArgumentNames"},
        {"10,000 input fields", "{search(filter:{", "a#:1 ", "}){__typename}}", 10000, "ValuesOfCorrectType"},
        {"10,000 directives", "{node{id", "@once ", "}}", 10000, "UniqueDirectivesPerLocation"},
        {"10,000 variables", "query(", "$a#:Int ", "){node{id}}", 10000, "NoUnusedVariables"},
        {"10,000 undefined variables", "{search(filter:{text:[", "$a# ", "]}){__typename}}", 10000, "ValuesOfCorrectType"},
        {"10,000 operations", "", "query Q#{node{id}} ", "", 10000, NULL},
        {"10,000 fragments", "{node{...F0}} ", "fragment F# on Node{...F+} ", "fragment F10000 on Node{id}", 10000, "The operation nests deeper"},
        {"10,000 unused fragments", "{node{id}} ", "fragment F# on Node{id} ", "", 10000, "NoUnusedFragments"},
        {"a cycle of 10,000 fragments", "{node{...F0}} ", "fragment F# on Node{...F+} ", "fragment F10000 on Node{...F0}", 10000,
         "NoFragmentCycles"},
        {"fragments that all contain themselves", "{node{...F0}} ", "fragment F# on Node{...F# ...F+} ", "fragment F5000 on Node{id}", 5000,
         "NoFragmentCycles"},
        {"a bomb of spreads", "{self{...F0}} ", "fragment F# on Query{...F+ ...F+ ...F+} ", "fragment F20 on Query{number}", 20, NULL},
        {"a bomb of fields", "{self{...F0}} ", "fragment F# on Query{a:self{...F+} b:self{...F+}} ", "fragment F28 on Query{number}", 28, NULL},
        {"a bomb of fields that come together", "{...F0 ...G0} ",
         "fragment F# on Query{a:self{...F+} b:self{...G+}} fragment G# on Query{a:self{...G+} b:self{...F+}} ",
         "fragment F28 on Query{number} fragment G28 on Query{number}", 28, NULL},
        {"a bomb with a conflict at its end", "{...F0 ...G0} ",
         "fragment F# on Query{a:self{...F+} b:self{...G+}} fragment G# on Query{a:self{...G+} b:self{...F+}} ",
         "fragment F28 on Query{number} fragment G28 on Query{number:__typename}", 28, "OverlappingFieldsCanBeMerged"},
        {"operations that share a tower of fragments", "fragment F on Query{...G} fragment G on Query{number} ", "query Q#{...F ...G} ", "",
         10000, NULL},
        {"fields above fields", "{", "self{self{self{self{self{self{self{self{number}}}}}}}} ", "}", 4000, NULL},
        {"spreads of one fragment", "{", "a#:self{...F} ", "} fragment F on Query{self{self{number}}}", 10000, NULL},
        {"spreads of one fragment in one place", "{", "self{...F} ", "} fragment F on Query{self{self{number}}}", 10000, NULL},
        {"a list of 10,000", "{search(filter:{most:1 and:[", "{most:#} ", "]}){__typename}}", 10000, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        write_nasty(&rows[i]);
        struct arena *arena = arena_new(LIMIT_CALL_ARENA);
        struct document *document;
        struct graphql_error error;
        double began = processor_ms();
        if (!graphql_parse(arena, buffer_text(&written), &open_limits, &document, &error))
            fail_msg("%s: %s", rows[i].name, error.message);
        struct graphql_validation validation = graphql_validate(schema, document, LIMIT_GRAPHQL_ERRORS, arena);
        double took = processor_ms() - began;
        const char *said = !validation.errors        ? NULL
                           : validation.errors->rule ? validation.errors->rule
                                                     : validation.errors->message;
        if ((said == NULL) != (rows[i].first_error == NULL) || (said && strncmp(said, rows[i].first_error, strlen(rows[i].first_error)) != 0))
            fail_msg("%s: %s", rows[i].name, said ? said : "valid");
        if (took > 50 * slower)
            fail_msg("%s: %.1f ms", rows[i].name, took);
        assert_true(arena_used(arena) < 16 << 20);
        arena_free(arena);
    }
}

/* Sets of fields as an automaton has sets of states: each name of the answer leads from a set of fragments to another, and there are 2^20
 * of those sets. Steps are what stops it. */
static void exponentially_many_sets_are_refused(void **state)
{
    (void)state;
    buffer_empty(&written);
    buffer_add_string(&written, "{...F0} ");
    const int states = 20;
    for (int i = 0; i < states; i++) {
        buffer_printf(&written, "fragment F%d on Query{a:self{...A%d} b:self{...B%d}} ", i, i, i);
        buffer_printf(&written, "fragment A%d on Query{...F%d ...F0} fragment B%d on Query{...F%d} ", i, (i + 1) % states, i, (i + 1) % states);
    }
    struct arena *arena = arena_new(LIMIT_CALL_ARENA);
    struct document *document;
    struct graphql_error error;
    double began = processor_ms();
    assert_true(graphql_parse(arena, buffer_text(&written), &open_limits, &document, &error));
    struct graphql_validation validation = graphql_validate(schema, document, 1000, arena);
    double took = processor_ms() - began;
    bool limited = false;
    for (const struct graphql_error *wrong = validation.errors; wrong; wrong = wrong->next)
        limited = limited || strncmp(wrong->message, "The document puts its fields", 28) == 0;
    assert_true(limited);
    if (took > 50 * slower)
        fail_msg("%.1f ms", took);
    assert_true(arena_used(arena) < LIMIT_CALL_ARENA / 2);
    arena_free(arena);
}

static void depth_counts_through_fragments(void **state)
{
    (void)state;
    static const struct graphql_limits limits = {.bytes = 1000, .tokens = 100, .depth = 3, .aliases = 1, .directives = 1};
    static const struct {
        const char *text;
        bool fits;
    } rows[] = {
        {"{self{...F}} fragment F on Query{self{number}}", true},
        {"{self{...F}} fragment F on Query{self{self{number}}}", false},
        {"{self{self{...F}}} fragment F on Query{...G} fragment G on Query{number}", true},
        {"{self{self{...F}}} fragment F on Query{...G} fragment G on Query{self{number}}", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena *arena = arena_new(LIMIT_CALL_ARENA);
        struct document *document;
        struct graphql_error error;
        assert_true(graphql_parse(arena, text_of(rows[i].text), &limits, &document, &error));
        struct graphql_validation validation = graphql_validate(schema, document, LIMIT_GRAPHQL_ERRORS, arena);
        if ((validation.errors == NULL) != rows[i].fits)
            fail_msg("%s: %s", rows[i].text, validation.errors ? validation.errors->message : "valid");
        if (validation.errors)
            assert_string_equal(validation.errors->message, "The operation nests deeper than 3 with its fragments.");
        arena_free(arena);
    }
}

static int open_all(void **state)
{
    buffer_init(&written, 1 << 20);
    return open_schema(state);
}

static int close_all(void **state)
{
    buffer_release(&written);
    return close_schema(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule_says_where),
        cmocka_unit_test(names_are_resolved),
        cmocka_unit_test(errors_are_capped),
        cmocka_unit_test(nothing_takes_long),
        cmocka_unit_test(exponentially_many_sets_are_refused),
        cmocka_unit_test(depth_counts_through_fragments),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
