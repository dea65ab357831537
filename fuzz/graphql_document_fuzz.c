/*
 * Any bytes at all, as a GraphQL document: parsed, validated, printed. What is printed parses again, says the same when it is printed again, and
 * is as valid as before.
 */
#include "base/assert.h"
#include "base/limits.h"
#include "gateways/graphql/language/parser.h"
#include "gateways/graphql/language/printer.h"
#include "gateways/graphql/schema/build.h"
#include "gateways/graphql/validate/validate.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

static const char sdl[] =
    "directive @d(a: Int) repeatable on FIELD | QUERY | FRAGMENT_SPREAD | INLINE_FRAGMENT | FRAGMENT_DEFINITION | VARIABLE_DEFINITION "
    "directive @o on FIELD enum E { A B } scalar J interface N { a: Int n: N } "
    "type T implements N { a: Int b(i: I, k: K, l: [[Int!]!], e: E = A): T n: N u: U s: String! } "
    "type V implements N { a: Int n: N b: String } union U = T | V "
    "input I { a: Int! b: [I!] = [] s: String j: J } input K @oneOf { a: ID b: I } "
    "type Query { a: Int t(i: Int! = 1): T n: N u: U q: Query f(f: Float, s: String, b: Boolean, i: ID!): [Query!]! } "
    "type Subscription { a: Int t: T }";

static struct graphql_schema *schema;
static struct arena *schema_arena; /* lives as long as the fuzzer */

static void open_schema(void)
{
    struct document *document;
    struct graphql_error error;
    schema_arena = arena_new(LIMIT_CALL_ARENA);
    ASSERT(graphql_parse(schema_arena, text_of(sdl), &graphql_limits_trusted, &document, &error));
    schema = graphql_schema_from_document(document, schema_arena, &error);
    ASSERT(schema);
}

static void check_error(const struct graphql_error *error, const struct text *text)
{
    ASSERT(error->message && error->code != RESULT_OK && text_is_utf8(text_of(error->message)));
    for (size_t i = 0; i < error->location_count; i++)
        ASSERT(error->locations[i].line >= 1 && error->locations[i].column >= 1 && error->locations[i].line <= text->length + 1);
}

/* Errors of a document, which all stand in it. */
static size_t validate(struct document *document, struct arena *arena)
{
    struct graphql_validation validation = graphql_validate(schema, document, LIMIT_GRAPHQL_ERRORS, arena);
    size_t count = 0;
    for (const struct graphql_error *error = validation.errors; error; error = error->next, count++)
        check_error(error, &document->source);
    ASSERT(count == validation.error_count);
    return count;
}

static void check_round_trip(struct document *document, struct arena *arena)
{
    struct buffer first, second;
    struct document *again;
    struct graphql_error error;
    buffer_init(&first, 16 << 20);
    buffer_init(&second, 16 << 20);
    graphql_print(document, &first);
    ASSERT(!first.overflowed);
    ASSERT(graphql_parse(arena, buffer_text(&first), &graphql_limits_trusted, &again, &error));
    graphql_print(again, &second);
    ASSERT(text_equal(buffer_text(&first), buffer_text(&second)));
    ASSERT((validate(document, arena) == 0) == (validate(again, arena) == 0));
    buffer_release(&first);
    buffer_release(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
    if (!schema)
        open_schema();
    struct arena *arena = arena_new(4 * (size_t)LIMIT_CALL_ARENA);
    char *bytes = malloc(size ? size : 1); /* exactly as long, so that a step too far is seen */
    ASSERT(bytes);
    if (size)
        memcpy(bytes, input, size);
    struct text text = {bytes, size};
    struct document *document;
    struct graphql_error error;
    if (graphql_parse(arena, text, &graphql_limits_public, &document, &error))
        check_round_trip(document, arena);
    else
        check_error(&error, &text);
    free(bytes);
    arena_free(arena);
    return 0;
}
