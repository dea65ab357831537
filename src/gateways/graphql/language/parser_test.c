#include "base/limits.h"
#include "gateways/graphql/language/parser.h"
#include "gateways/graphql/language/printer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static struct arena *arena;

static int open_arena(void **state)
{
    (void)state;
    arena = arena_new(LIMIT_CALL_ARENA);
    return 0;
}

static int close_arena(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static const char *printed(const struct document *document)
{
    struct buffer out;
    buffer_init(&out, 16 << 20);
    graphql_print(document, &out);
    assert_false(out.overflowed);
    const char *copy = arena_strndup(arena, buffer_text(&out).at, out.length);
    buffer_release(&out);
    return copy;
}

static const char *print_of(const char *text)
{
    struct document *document;
    struct graphql_error error;
    if (!graphql_parse(arena, text_of(text), &graphql_limits_public, &document, &error))
        fail_msg("%s: %s", text, error.message);
    return printed(document);
}

/* --- what it means ------------------------------------------------------------------------------------------------------- */

static void documents_print_in_one_form(void **state)
{
    (void)state;
    static const struct {
        const char *text, *printed;
    } rows[] = {
        {"{a}", "query {\n  a\n}\n"},
        {"\xef\xbb\xbf,,,query,{a,b ,}#end", "query {\n  a\n  b\n}\n"},
        {"query Q($a:Int=1@d $b:[[ID!]]!){x:y(a:$a,b:[1 2.5e3 \"s\" E true null {k:$b}])@skip(if:false){z}}",
         "query Q($a: Int = 1 @d, $b: [[ID!]]!) {\n"
         "  x: y(a: $a, b: [1, 2.5e3, \"s\", E, true, null, {k: $b}]) @skip(if: false) {\n    z\n  }\n}\n"},
        {"{...f ...on T@d{a} ...{b} ... @d {c} ...onward}fragment f on on{d}",
         "query {\n  ...f\n  ... on T @d {\n    a\n  }\n  ... {\n    b\n  }\n  ... @d {\n    c\n  }\n  ...onward\n}\n\n"
         "fragment f on on {\n  d\n}\n"},
        {"mutation{query fragment on true}subscription S{null}", "mutation {\n  query\n  fragment\n  on\n  true\n}\n\n"
                                                                 "subscription S {\n  null\n}\n"},
        {"\"what\" query Q(\"which\" $a:Int){a} \"\"\"of\"\"\" fragment F on T{a}",
         "\"what\"\nquery Q(\"which\" $a: Int) {\n  a\n}\n\n\"of\"\nfragment F on T {\n  a\n}\n"},
        {"{a}type T implements&A&B@d{\"f\"a(\"x\" x:Int=1 y:[E]):T!@d}extend type T{b:T}",
         "query {\n  a\n}\n\ntype T implements A & B @d {\n  \"f\"\n  a(\"x\" x: Int = 1, y: [E]): T! @d\n}\n\n"
         "extend type T {\n  b: T\n}\n"},
        {"schema@d{query:Q mutation:M}extend schema{subscription:S}extend schema@d",
         "schema @d {\n  query: Q\n  mutation: M\n}\n\nextend schema {\n  subscription: S\n}\n\nextend schema @d\n"},
        {"scalar S@specifiedBy(url:\"u\")union U=|A|B extend union U=C union V enum E{A B@d}input I@oneOf{\"a\" a:Int b:Int=1}",
         "scalar S @specifiedBy(url: \"u\")\n\nunion U = A | B\n\nextend union U = C\n\nunion V\n\nenum E {\n  A\n  B @d\n}\n\n"
         "input I @oneOf {\n  \"a\"\n  a: Int\n  b: Int = 1\n}\n"},
        {"directive@d(a:Int)repeatable on|FIELD|QUERY interface I implements J{a:Int}",
         "directive @d(a: Int) repeatable on QUERY | FIELD\n\ninterface I implements J {\n  a: Int\n}\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *once = print_of(rows[i].text);
        assert_string_equal(once, rows[i].printed);
        assert_string_equal(print_of(once), once);
    }
}

static void strings_mean_what_they_say(void **state)
{
    (void)state;
    static const struct {
        struct text written, meant;
    } rows[] = {
        {TEXT("\"\""), TEXT("")},
        {TEXT("\"a # b, c\""), TEXT("a # b, c")},
        {TEXT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), TEXT("\"\\/\b\f\n\r\t")},
        {TEXT("\"\\u0041\\u00e9\\u20AC\""), TEXT("A\xc3\xa9\xe2\x82\xac")},
        {TEXT("\"\\u{41}\\u{1F600}\\u{00000041}\""), TEXT("A\xf0\x9f\x98\x80\x41")},
        {TEXT("\"\\uD83D\\uDE00\""), TEXT("\xf0\x9f\x98\x80")},
        {TEXT("\"\xf0\x9f\x98\x80\""), TEXT("\xf0\x9f\x98\x80")},
        {TEXT("\"\t\""), TEXT("\t")},
        {TEXT("\"a\0b\""), TEXT("a\0b")},
        {TEXT("\"\"\"\"\"\""), TEXT("")},
        {TEXT("\"\"\"a\"\"\""), TEXT("a")},
        {TEXT("\"\"\" a \"b\" \\\"\"\" \\n \"\"\""), TEXT(" a \"b\" \"\"\" \\n ")},
        {TEXT("\"\"\"\n    Hello,\n      World!\n\n    Yours,\n      GraphQL.\n  \"\"\""),
         TEXT("Hello,\n  World!\n\nYours,\n  GraphQL.")},
        {TEXT("\"\"\"first\r\n  second\r\tthird\n\"\"\""), TEXT("first\n second\nthird")},
        {TEXT("\"\"\"\n\n   \n  a\n \n  b\n   \n\"\"\""), TEXT("a\n\nb")},
        {TEXT("\"\"\"   \n \t \n\"\"\""), TEXT("")},
        {TEXT("\"\"\"\n  a\n     \n  b\"\"\""), TEXT("a\n   \nb")},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct document_value *value;
        struct graphql_error error;
        if (!graphql_parse_value(arena, rows[i].written, &value, &error))
            fail_msg("%s: %s", rows[i].written.at, error.message);
        assert_int_equal(value->kind, DOCUMENT_STRING);
        assert_int_equal(value->text.length, rows[i].meant.length);
        assert_memory_equal(value->text.at, rows[i].meant.at, rows[i].meant.length);
    }
}

static void numbers_keep_their_kind(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum document_value_kind kind;
    } rows[] = {
        {"0", DOCUMENT_INT},      {"-0", DOCUMENT_INT},    {"4", DOCUMENT_INT},        {"-123456789012345678901234567890", DOCUMENT_INT},
        {"0.5", DOCUMENT_FLOAT},  {"-1.0", DOCUMENT_FLOAT}, {"1e9", DOCUMENT_FLOAT},   {"1E+9", DOCUMENT_FLOAT},
        {"1.5e-9", DOCUMENT_FLOAT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct document_value *value;
        struct graphql_error error;
        assert_true(graphql_parse_value(arena, text_of(rows[i].text), &value, &error));
        assert_int_equal(value->kind, rows[i].kind);
        assert_true(text_is(value->text, rows[i].text));
    }
}

/* --- what is refused ----------------------------------------------------------------------------------------------------- */

struct refusal {
    struct text text;
    uint32_t line, column;
    const char *message;
};

static void assert_refused(const struct refusal *row, const struct graphql_limits *limits, enum result code)
{
    struct document *document;
    struct graphql_error error;
    if (graphql_parse(arena, row->text, limits, &document, &error))
        fail_msg("parsed: %s", row->text.at);
    assert_int_equal(error.code, code);
    assert_string_equal(error.message, row->message);
    assert_int_equal(error.location_count, 1);
    assert_int_equal(error.locations[0].line, row->line);
    assert_int_equal(error.locations[0].column, row->column);
}

static void wrong_text_is_told_where(void **state)
{
    (void)state;
    static const struct refusal rows[] = {
        {TEXT(""), 1, 1, "Expected a definition, found the end of the document."},
        {TEXT("# nothing\n"), 2, 1, "Expected a definition, found the end of the document."},
        {TEXT("{"), 1, 2, "Expected a name, found the end of the document."},
        {TEXT("{}"), 1, 2, "Expected a name, found \"}\"."},
        {TEXT("{a\r\n  ?}"), 2, 3, "\"?\" can't stand here."},
        {TEXT("{a\r\r ..b}"), 3, 2, "\".\" can't stand here."},
        {TEXT("{a(\"\xf0\x9f\x98\x80\":1)}"), 1, 4, "Expected a name, found a string."},
        {TEXT("{\"\xf0\x9f\x98\x80\xc3\xa9\" ?}"), 1, 2, "Expected a name, found a string."},
        {TEXT("{a(b:\"\xf0\x9f\x98\x80\xc3\xa9\" ?)}"), 1, 11, "\"?\" can't stand here."},
        {TEXT("{a \0}"), 1, 4, "U+0000 can't stand here."},
        {TEXT("{a \xe2\x82\xac}"), 1, 4, "U+20AC can't stand here."},
        {TEXT("query Q() {a}"), 1, 9, "Expected \"$\", found \")\"."},
        {TEXT("{a()}"), 1, 4, "Expected a name, found \")\"."},
        {TEXT("{a(b:)}"), 1, 6, "Expected a value, found \")\"."},
        {TEXT("query Q($a:Int=$b){a}"), 1, 16, "A variable can't stand in a constant value."},
        {TEXT("query Q($a:){a}"), 1, 12, "Expected a type, found \")\"."},
        {TEXT("query Q($a:[Int){a}"), 1, 16, "Expected \"]\", found \")\"."},
        {TEXT("fragment on on T {a}"), 1, 10, "Expected the name of a fragment, found \"on\"."},
        {TEXT("fragment a T {a}"), 1, 12, "Expected \"on\", found \"T\"."},
        {TEXT("{...on}"), 1, 7, "Expected a name, found \"}\"."},
        {TEXT("\"d\" {a}"), 1, 1, "An operation without a keyword can't have a description."},
        {TEXT("\"d\" extend type T {a:Int}"), 1, 5, "Expected a definition, found \"extend\"."},
        {TEXT("notes {a}"), 1, 1, "Expected a definition, found \"notes\"."},
        {TEXT("type T {}"), 1, 9, "Expected a name, found \"}\"."},
        {TEXT("extend type T"), 1, 14, "Expected what the extension adds, found the end of the document."},
        {TEXT("enum E {true}"), 1, 9, "Expected the name of an enum value, found \"true\"."},
        {TEXT("directive @d on NOWHERE"), 1, 17, "Expected a place where directives can stand, found \"NOWHERE\"."},
        {TEXT("schema {query: A query: B}"), 1, 25, "There is only one query type in a schema."},
        {TEXT("schema {other: A}"), 1, 9, "Expected \"query\", \"mutation\" or \"subscription\", found \"other\"."},
        /* numbers */
        {TEXT("{a(b:01)}"), 1, 7, "A number has no digits behind a leading 0."},
        {TEXT("{a(b:-)}"), 1, 7, "A number goes on with a digit, not with \")\"."},
        {TEXT("{a(b:1.)}"), 1, 8, "A number goes on with a digit, not with \")\"."},
        {TEXT("{a(b:1e)}"), 1, 8, "A number goes on with a digit, not with \")\"."},
        {TEXT("{a(b:1x)}"), 1, 7, "A number can't go on with \"x\"."},
        {TEXT("{a(b:0x1)}"), 1, 7, "A number can't go on with \"x\"."},
        {TEXT("{a(b:1.5.2)}"), 1, 9, "A number can't go on with \".\"."},
        {TEXT("{a(b:1_0)}"), 1, 7, "A number can't go on with \"_\"."},
        {TEXT("{a(b:.5)}"), 1, 6, "\".\" can't stand here."},
        {TEXT("{a(b:+5)}"), 1, 6, "\"+\" can't stand here."},
        /* strings */
        {TEXT("{a(b:\"x)}"), 1, 6, "The string has no end: it needs a '\"' on the same line."},
        {TEXT("{a(b:\"x\n\")}"), 1, 6, "The string has no end: it needs a '\"' on the same line."},
        {TEXT("{a(b:\"x\\\")}"), 1, 6, "The string has no end: it needs a '\"' on the same line."},
        {TEXT("{a(b:\"\"\"x\"\")}"), 1, 6, "The block string has no end: it needs three '\"'."},
        {TEXT("{a(b:\"\"\"x\\\"\"\")}"), 1, 6, "The block string has no end: it needs three '\"'."},
        {TEXT("{a(b:\"\\x\")}"), 1, 7, "There is no such escape as \"\\x\"."},
        {TEXT("{a(b:\"\\u00g0\")}"), 1, 7, "There is no such escape as \"\\u00g0\"."},
        {TEXT("{a(b:\"\\u0\")}"), 1, 7, "There is no such escape as \"\\u0\"."},
        {TEXT("{a(b:\"\\uD83D\")}"), 1, 7, "There is no such escape as \"\\uD83D\"."},
        {TEXT("{a(b:\"\\uD83D\\u0041\")}"), 1, 7, "There is no such escape as \"\\uD83D\"."},
        {TEXT("{a(b:\"\\uDE00\")}"), 1, 7, "There is no such escape as \"\\uDE00\"."},
        {TEXT("{a(b:\"\\u{}\")}"), 1, 7, "There is no such escape as \"\\u{}\"."},
        {TEXT("{a(b:\"\\u{110000}\")}"), 1, 7, "There is no such escape as \"\\u{110\"."},
        {TEXT("{a(b:\"\\u{D800}\")}"), 1, 7, "There is no such escape as \"\\u{D80\"."},
        {TEXT("{a(b:\"\\\xe2\x82\xac\")}"), 1, 7, "There is no such escape."},
        /* UTF-8: before anything else */
        {TEXT("? \xff"), 1, 3, "The document is not UTF-8: this byte is no part of a character."},
        {TEXT("{a} # \xc3"), 1, 7, "The document is not UTF-8: this byte is no part of a character."},
        {TEXT("{a(b:\"\xed\xa0\x80\")}"), 1, 7, "The document is not UTF-8: this byte is no part of a character."},
        {TEXT("{a(b:\"\xc0\x80\")}"), 1, 7, "The document is not UTF-8: this byte is no part of a character."},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_refused(&rows[i], &graphql_limits_public, RESULT_GRAPHQL_SYNTAX);
}

static void wrong_values_are_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {"", "$a", "[1", "{a 1}", "1 2", "}", "[$a]"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct document_value *value;
        struct graphql_error error;
        assert_false(graphql_parse_value(arena, text_of(rows[i]), &value, &error));
        assert_null(value);
    }
}

static void limits_hold_to_the_last_one(void **state)
{
    (void)state;
    static const struct graphql_limits limits = {.bytes = 40, .tokens = 16, .depth = 3, .aliases = 2, .directives = 2};
    static const char *const within[] = {
        "{a(b:{c:[1]})}", "{a{b{c}}}", "query($a:[[[I]]]){a}", "{a:b c:d}", "{a@a@b}", "                                     {a}",
    };
    for (size_t i = 0; i < sizeof within / sizeof *within; i++) {
        struct document *document;
        struct graphql_error error;
        if (!graphql_parse(arena, text_of(within[i]), &limits, &document, &error))
            fail_msg("%s: %s", within[i], error.message);
    }
    static const struct refusal rows[] = {
        {TEXT("{a b c d e f g h i j k l m n o}"), 1, 31, "The document has more than 16 tokens."},
        {TEXT("{a(b:{c:[[1]]})}"), 1, 10, "The document nests deeper than 3."},
        {TEXT("{a{b{c{d}}}}"), 1, 7, "The document nests deeper than 3."},
        {TEXT("query($a:[[[[I]]]]){a}"), 1, 13, "The document nests deeper than 3."},
        {TEXT("{a:b c:d e:f}"), 1, 12, "The document has more than 2 aliases."},
        {TEXT("{a@a@b@c}"), 1, 7, "The document has more than 2 directives."},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_refused(&rows[i], &limits, RESULT_GRAPHQL_LIMIT);

    struct document *document;
    struct graphql_error error;
    assert_false(graphql_parse(arena, TEXT("                                      {a}"), &limits, &document, &error));
    assert_int_equal(error.code, RESULT_GRAPHQL_LIMIT);
    assert_string_equal(error.message, "The document has 41 bytes, more than 40.");
    assert_int_equal(error.location_count, 0);
}

/* --- nasty text ---------------------------------------------------------------------------------------------------------- */

/* A megabyte, less than it: head, then `unit` again and again, then tail. */
static struct text megabyte_of(const char *head, struct text unit, const char *tail)
{
    struct buffer out;
    buffer_init(&out, 1 << 20);
    buffer_add_string(&out, head);
    while (out.length + unit.length + strlen(tail) <= 1 << 20)
        buffer_add_text(&out, unit);
    buffer_add_string(&out, tail);
    struct text text = {arena_strndup(arena, out.at, out.length), out.length};
    buffer_release(&out);
    return text;
}

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

static void a_megabyte_of_anything_is_bounded(void **state)
{
    (void)state;
    static const struct graphql_limits open_limits = {
        .bytes = 1 << 20, .tokens = 1 << 20, .depth = LIMIT_GRAPHQL_TRUSTED_DEPTH, .aliases = 1 << 20, .directives = 1 << 20};
    static const struct {
        const char *head;
        struct text unit;
        const char *tail;
        bool parses;
    } rows[] = {
        {"{", TEXT("{"), "", false},
        {"", TEXT("{a"), "", false},
        {"{a(b:", TEXT("["), "", false},
        {"{a(b:", TEXT("{a:"), "", false},
        {"query($a:", TEXT("["), "", false},
        {"{", TEXT("...{"), "", false},
        {"{", TEXT("\"\"\""), "", false},
        {"", TEXT("\xff"), "", false},
        {"{a(b:\"", TEXT("\\u{0041}"), "", false},
        {"{", TEXT("a "), "}", true},
        {"", TEXT("{a}"), "", true},
        {"{a(b:[", TEXT("1 "), "])}", true},
        {"{a(b:\"", TEXT("\\u{41}"), "\")}", true},
        {"{a(b:\"\"\"", TEXT("\n "), "\"\"\")}", true},
        {"{a(b:\"\"\"", TEXT("\n a"), "\"\"\")}", true},
        {"{a", TEXT("@a"), "}", true},
        {"{", TEXT("a:a "), "}", true},
        {"{a} #", TEXT("\xf0\x9f\x98\x80"), "", true},
        {"{a}", TEXT(","), "", true},
        {"query(", TEXT("$a:A "), "){a}", true},
        {"type A{", TEXT("a:A "), "}", true},
        {"enum A{", TEXT("a "), "}", true},
        {"union A=A", TEXT("|A"), "", true},
        {"", TEXT("scalar A "), "", true},
        {"directive @d on QUERY", TEXT("|QUERY"), "", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct text text = megabyte_of(rows[i].head, rows[i].unit, rows[i].tail);
        struct arena *own = arena_new(LIMIT_CALL_ARENA);
        struct document *document;
        struct graphql_error error;
        double began = processor_ms();
        bool parses = graphql_parse(own, text, &open_limits, &document, &error);
        double took = processor_ms() - began;
        if (parses != rows[i].parses || took > 50 * slower)
            fail_msg("%s%s...: %s, %.1f ms", rows[i].head, rows[i].unit.at, parses ? "parsed" : error.message, took);
        assert_true(arena_used(own) <= 60 * text.length + 1000);
        arena_free(own);

        own = arena_new(LIMIT_CALL_ARENA);
        assert_false(graphql_parse(own, text, &graphql_limits_public, &document, &error));
        assert_int_equal(error.code, RESULT_GRAPHQL_LIMIT);
        assert_true(arena_used(own) < 4096);
        arena_free(own);
    }
}

/* Every beginning of a document ends without harm. */
static void cut_documents_end(void **state)
{
    (void)state;
    static const char whole[] = "\"d\" query Q($a:[Int!]=[1]@d){a:b(c:{d:\"\\u{41}\\uD83D\\uDE00\" e:-1.5e3})@f{...g ...on T{h}}}"
                                "fragment g on T{a(b:\"\"\"\n x \\\"\"\" \n\"\"\")}type T implements A&B{a(b:Int=1):[T!]!}";
    for (size_t length = 0; length < sizeof whole; length++) {
        struct arena *own = arena_new(LIMIT_CALL_ARENA);
        struct document *document;
        struct graphql_error error;
        char *copy = malloc(length ? length : 1); /* exactly as long, so that a step too far is seen */
        memcpy(copy, whole, length);
        graphql_parse(own, (struct text){copy, length}, &graphql_limits_public, &document, &error);
        free(copy);
        arena_free(own);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(documents_print_in_one_form, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(strings_mean_what_they_say, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(numbers_keep_their_kind, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(wrong_text_is_told_where, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(wrong_values_are_refused, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(limits_hold_to_the_last_one, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(a_megabyte_of_anything_is_bounded, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(cut_documents_end, open_arena, close_arena),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
