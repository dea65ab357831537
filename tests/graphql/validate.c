/*
 * Our engine, for check.mjs to hold beside graphql-js: validate SCHEMA.graphql, then a document on each line of the input, as a JSON
 * string; for each a line of JSON:
 *
 *     {"syntax": {"message", "locations"}}                                    it can't be parsed
 *     {"errors": [{"rule", "message", "locations": [[line, column], …]}, …], "printed": "…"}
 *
 * With a number behind the schema's name: parse and validate each document so many times, and print the microseconds that once took.
 */
#include "base/json_write.h"
#include "base/limits.h"
#include "gateways/graphql/language/parser.h"
#include "gateways/graphql/language/printer.h"
#include "gateways/graphql/schema/build.h"
#include "gateways/graphql/validate/validate.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static struct graphql_schema *schema_read(const char *path, struct arena *arena)
{
    char *sdl = NULL;
    size_t size = 0;
    FILE *file = fopen(path, "r");
    ssize_t length = file ? getdelim(&sdl, &size, '\0', file) : -1;
    if (file)
        fclose(file);
    struct document *document;
    struct graphql_error error = {.message = "it can't be read"};
    struct graphql_schema *schema = NULL;
    if (length >= 0 && graphql_parse(arena, (struct text){sdl, (size_t)length}, &graphql_limits_trusted, &document, &error))
        schema = graphql_schema_from_document(document, arena, &error);
    if (!schema)
        fprintf(stderr, "%s: %s\n", path, error.message);
    free(sdl);
    return schema;
}

/* --- what is wrong with a document --------------------------------------------------------------------------------------- */

static void write_locations(struct json_writer *json, const struct graphql_error *error)
{
    json_write_key(json, "locations");
    json_write_array_open(json);
    for (size_t i = 0; i < error->location_count; i++) {
        json_write_array_open(json);
        json_write_int(json, error->locations[i].line);
        json_write_int(json, error->locations[i].column);
        json_write_array_close(json);
    }
    json_write_array_close(json);
}

static void write_error(struct json_writer *json, const struct graphql_error *error)
{
    json_write_object_open(json);
    if (error->rule) {
        json_write_key(json, "rule");
        json_write_string(json, error->rule);
    }
    json_write_key(json, "message");
    json_write_string(json, error->message);
    write_locations(json, error);
    json_write_object_close(json);
}

static void write_verdict(struct json_writer *json, const struct graphql_schema *schema, struct document *document, struct arena *arena)
{
    struct graphql_validation validation = graphql_validate(schema, document, 1000, arena);
    json_write_key(json, "errors");
    json_write_array_open(json);
    for (const struct graphql_error *error = validation.errors; error; error = error->next)
        write_error(json, error);
    json_write_array_close(json);

    struct buffer printed;
    buffer_init(&printed, 16 << 20);
    graphql_print(document, &printed);
    json_write_key(json, "printed");
    json_write_text(json, buffer_text(&printed));
    buffer_release(&printed);
}

static void judge(const struct graphql_schema *schema, struct text text)
{
    struct arena *arena = arena_new(2 * LIMIT_CALL_ARENA);
    struct buffer out;
    struct json_writer json;
    buffer_init(&out, 64 << 20);
    json_write_init(&json, &out);
    json_write_object_open(&json);
    struct document *document;
    struct graphql_error error;
    if (graphql_parse(arena, text, &graphql_limits_trusted, &document, &error)) {
        write_verdict(&json, schema, document, arena);
    } else {
        json_write_key(&json, "syntax");
        write_error(&json, &error);
    }
    json_write_object_close(&json);
    printf("%.*s\n", (int)out.length, out.at);
    buffer_release(&out);
    arena_free(arena);
}

/* --- how long it takes --------------------------------------------------------------------------------------------------- */

static double now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static bool parse_and_validate(const struct graphql_schema *schema, struct text text)
{
    struct arena *arena = arena_new(LIMIT_CALL_ARENA);
    struct document *document;
    struct graphql_error error;
    bool valid = graphql_parse(arena, text, &graphql_limits_public, &document, &error) &&
                 graphql_validate(schema, document, LIMIT_GRAPHQL_ERRORS, arena).error_count == 0;
    arena_free(arena);
    return valid;
}

static void measure(const struct graphql_schema *schema, struct text text, long times)
{
    bool valid = true;
    for (long i = 0; i < times / 10; i++)
        valid = parse_and_validate(schema, text) && valid;
    double began = now_us();
    for (long i = 0; i < times; i++)
        valid = parse_and_validate(schema, text) && valid;
    printf("%.2f %zu %s\n", (now_us() - began) / (double)times, text.length, valid ? "valid" : "not valid");
}

int main(int argc, char **argv)
{
    if (argc < 2 || argc > 3) {
        fprintf(stderr, "validate SCHEMA.graphql [TIMES] <DOCUMENTS\n");
        return 2;
    }
    struct arena *arena = arena_new(LIMIT_CALL_ARENA);
    struct graphql_schema *schema = schema_read(argv[1], arena);
    char *line = NULL;
    size_t size = 0;
    for (ssize_t length; schema && (length = getline(&line, &size, stdin)) > 0;) {
        json_t *text = json_loadb(line, (size_t)length, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
        struct text document = {json_string_value(text), json_string_length(text)};
        if (argc == 3)
            measure(schema, document, atol(argv[2]));
        else if (document.at)
            judge(schema, document);
        json_decref(text);
    }
    free(line);
    int status = schema ? 0 : 1;
    graphql_schema_free(schema);
    arena_free(arena);
    return status;
}
