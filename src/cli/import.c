/*
 * souk import: take over files of products.
 *
 * What is wrong with a file is said as compilers say it, file:line: column: sentence, so that editors can go there.
 */
#include "cli/client.h"
#include "cli/command.h"
#include "cli/progress.h"

#include "base/assert.h"
#include "base/limits.h"
#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a report lists at most; the rest is counted. */
#define CHANGES_SHOWN 100

struct import {
    struct client *client;
    const char *file; /* as it is called in messages */
    bool dry_run, skip_bad_rows;
    const char *currency, *format;
    struct progress progress;
    bool is_checked; /* and being taken over */
    uint64_t most_behind;
};

/* --- progress ------------------------------------------------------------------------------------------------------ */

static void on_progress(void *data, const struct client_progress *progress)
{
    struct import *import = data;
    if (progress->sent < progress->to_send)
        progress_show(&import->progress, "sending", progress->sent, progress->to_send);
    else if (progress->expected > 0)
        progress_show(&import->progress, "taking over", progress->under_way, progress->expected);
    else
        progress_show(&import->progress, import->is_checked ? "completing" : "checking", 0, 0);
    import->is_checked |= progress->expected > 0;
}

static void on_settling(void *data, const struct client_progress *progress)
{
    struct import *import = data;
    if (progress->behind > import->most_behind)
        import->most_behind = progress->behind;
    if (progress->behind > 0)
        progress_show(&import->progress, "prices and stock", import->most_behind - progress->behind, import->most_behind);
}

/* --- reading a file ------------------------------------------------------------------------------------------------ */

static bool read_stream(struct import *import, FILE *stream, struct buffer *bytes)
{
    char block[65536];
    size_t length;
    while ((length = fread(block, 1, sizeof block, stream)) > 0)
        buffer_add(bytes, block, length);
    if (ferror(stream)) {
        fprintf(stderr, "souk: %s can't be read: %s\n", import->file, strerror(errno));
        return false;
    }
    if (bytes->overflowed) {
        fprintf(stderr, "souk: %s has more than %d MB. Split it.\n", import->file, LIMIT_HTTP_IMPORT_BODY >> 20);
        return false;
    }
    return true;
}

static bool read_file(struct import *import, const char *path, struct buffer *bytes)
{
    import->file = strcmp(path, "-") == 0 ? "standard input" : path;
    if (strcmp(path, "-") == 0)
        return read_stream(import, stdin, bytes);
    FILE *stream = fopen(path, "rb");
    if (stream == NULL) {
        fprintf(stderr, "souk: %s can't be opened: %s\n", path, strerror(errno));
        return false;
    }
    bool whole = read_stream(import, stream, bytes);
    fclose(stream);
    return whole;
}

/* --- the report ---------------------------------------------------------------------------------------------------- */

static int64_t number(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static const char *string(const json_t *object, const char *name)
{
    const char *value = json_string_value(json_object_get(object, name));
    return value != NULL ? value : "";
}

static void print_problem(const struct import *import, int64_t line, const char *column, const char *detail)
{
    fprintf(stderr, "%s:%" PRId64 ": %s%s%s\n", import->file, line, column, *column != '\0' ? ": " : "", detail);
}

static void print_problems(const struct import *import, const json_t *problems)
{
    const json_t *problem;
    size_t i;
    json_array_foreach(problems, i, problem)
        print_problem(import, number(problem, "line"), string(problem, "column"), string(problem, "detail"));
}

/* "/12/Variant Price": in a refusal a problem's place is a pointer. */
static void print_violation(const struct import *import, const json_t *violation)
{
    const char *pointer = string(violation, "pointer");
    char *end, column[300];
    int64_t line = *pointer == '/' ? strtoll(pointer + 1, &end, 10) : 0;
    size_t length = 0;
    if (line == 0) {
        fprintf(stderr, "%s: %s %s\n", import->file, pointer, string(violation, "detail"));
        return;
    }
    for (const char *at = *end == '/' ? end + 1 : end; *at != '\0' && length + 1 < sizeof column; at++) {
        bool is_escape = *at == '~' && (at[1] == '0' || at[1] == '1');
        column[length++] = is_escape ? (at[1] == '0' ? '~' : '/') : *at;
        at += is_escape;
    }
    column[length] = '\0';
    print_problem(import, line, column, string(violation, "detail"));
}

static void print_refusal(const struct import *import, const json_t *problem, int status)
{
    const json_t *violation;
    size_t i;
    json_array_foreach(json_object_get(problem, "errors"), i, violation)
        print_violation(import, violation);
    const char *detail = string(problem, "detail");
    if (*detail == '\0')
        detail = string(problem, "title");
    if (status == 413) /* read_stream() has measured it: the server takes as much, but not from strangers */
        detail = "The server takes a file of this size only with a token that it knows and that has the scope `catalog`. SOUK_ADMIN_TOKEN is "
                 "another one.";
    if (*detail != '\0')
        fprintf(stderr, "%s: %s\n", import->file, detail);
    else
        fprintf(stderr, "%s: the server answered with status %d.\n", import->file, status);
}

static void print_changes(const json_t *report)
{
    const json_t *changes = json_object_get(report, "changes"), *change, *field;
    int64_t count = number(report, "created") + number(report, "updated");
    size_t i, f;
    json_array_foreach(changes, i, change) {
        if (i == CHANGES_SHOWN)
            break;
        printf("  %s %s", string(change, "action"), string(change, "slug"));
        json_array_foreach(json_object_get(change, "fields"), f, field)
            printf("%s %s", f > 0 ? "," : ":", json_string_value(field));
        printf("\n");
    }
    if (count > CHANGES_SHOWN)
        printf("  … and %" PRId64 " more\n", count - CHANGES_SHOWN);
}

static void print_counts(const struct import *import, const json_t *report)
{
    printf("%s: %s%" PRId64 " products created, %" PRId64 " updated, %" PRId64 " unchanged; %" PRId64 " variants (%s)\n",
           import->file, import->dry_run ? "dry run: " : "", number(report, "created"), number(report, "updated"),
           number(report, "unchanged"), number(report, "variants"), string(report, "format"));
    if (number(report, "skipped") > 0)
        printf("%s: %" PRId64 " rows left out\n", import->file, number(report, "skipped"));
    if (number(report, "stockLeftOut") > 0)
        printf("%s: the stock of %" PRId64 " SKUs that are known stays as it is; adjustments change it\n", import->file,
               number(report, "stockLeftOut"));
}

/* The exit code. */
static int print_report(const struct import *import, const struct client_answer *answer)
{
    json_t *report = json_loadb(answer->body.at, answer->body.length, 0, NULL);
    bool taken = answer->status == 201 && report != NULL;
    if (!taken) {
        print_refusal(import, report, answer->status);
        json_decref(report);
        return EXIT_FAILED;
    }
    print_problems(import, json_object_get(report, "problems"));
    if (strcmp(string(report, "status"), "refused") == 0) {
        fprintf(stderr, "%s: it would be refused as a whole; --skip-bad-rows leaves out only what is wrong.\n", import->file);
        json_decref(report);
        return EXIT_FAILED;
    }
    print_counts(import, report);
    if (import->dry_run)
        print_changes(report);
    else
        printf("%s: import %s; `souk import --undo %s` takes it back\n", import->file, string(report, "id"), string(report, "id"));
    json_decref(report);
    return EXIT_DONE;
}

/* --- the command --------------------------------------------------------------------------------------------------- */

static int ask(struct import *import, const char *target, struct text body)
{
    struct client_request request = {.method = "POST", .target = target, .content_type = "text/csv", .body = body};
    struct client_answer answer;
    char error[512];
    progress_init(&import->progress, import->file);
    import->is_checked = false;
    import->most_behind = 0;
    client_watch(import->client, on_progress, import);
    bool answered = client_ask(import->client, &request, &answer, error);
    if (answered && answer.status == 201 && !import->dry_run) {
        client_watch(import->client, on_settling, import);
        client_settle(import->client);
    }
    progress_clear(&import->progress);
    if (answered)
        return print_report(import, &answer);
    fprintf(stderr, "souk: %s\n", error);
    return EXIT_FAILED;
}

static int import_file(struct import *import, const char *path)
{
    struct buffer bytes;
    char target[128];
    int code = EXIT_FAILED;
    snprintf(target, sizeof target, "/v1/imports?dryRun=%s&skipBadRows=%s%s%.3s%s%.16s", import->dry_run ? "true" : "false",
             import->skip_bad_rows ? "true" : "false", import->currency ? "&currency=" : "",
             import->currency ? import->currency : "", import->format ? "&format=" : "", import->format ? import->format : "");
    buffer_init(&bytes, LIMIT_HTTP_IMPORT_BODY);
    bool is_read = read_file(import, path, &bytes);
    if (is_read && buffer_text(&bytes).length > 0)
        code = ask(import, target, buffer_text(&bytes));
    else if (is_read)
        fprintf(stderr, "%s:1: The file is empty.\n", import->file);
    buffer_release(&bytes);
    return code;
}

static int undo(struct import *import, const char *id)
{
    struct client_answer answer;
    struct client_request request = {.method = "POST", .content_type = "application/json", .body = TEXT("{}")};
    char error[512], target[128];
    snprintf(target, sizeof target, "/v1/imports/%.64s/undo", id);
    request.target = target;
    import->file = id;
    if (!client_ask(import->client, &request, &answer, error)) {
        fprintf(stderr, "souk: %s\n", error);
        return EXIT_FAILED;
    }
    if (answer.status == 200) {
        client_settle(import->client);
        printf("%s: undone\n", id);
        return EXIT_DONE;
    }
    json_t *problem = json_loadb(answer.body.at, answer.body.length, 0, NULL);
    print_refusal(import, problem, answer.status);
    json_decref(problem);
    return EXIT_FAILED;
}

static int run(struct import *import, const char *undone, int count, char **files)
{
    int code = EXIT_DONE;
    if (undone != NULL)
        return undo(import, undone);
    for (int i = 0; i < count; i++) {
        int one = import_file(import, files[i]);
        code = one != EXIT_DONE ? one : code;
    }
    return code;
}

static bool is_format(const char *format)
{
    static const char *const formats[] = {"shopify", "souk", "spree", "dummyjson"};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (strcmp(format, formats[i]) == 0)
            return true;
    return false;
}

int command_import(int count, char **arguments)
{
    const char *config_file = option_value_take(&count, arguments, "config");
    const char *undone = option_value_take(&count, arguments, "undo");
    struct import import = {
        .dry_run = option_take(&count, arguments, "dry-run"),
        .skip_bad_rows = option_take(&count, arguments, "skip-bad-rows"),
        .currency = option_value_take(&count, arguments, "currency"),
        .format = option_value_take(&count, arguments, "format"),
    };
    bool is_usage = (count > 0) != (undone != NULL) && (import.format == NULL || is_format(import.format)) &&
                    (import.currency == NULL || strlen(import.currency) == 3);
    if (option_left(count, arguments) || !is_usage) {
        fprintf(stderr, "usage: souk import FILE... [--format shopify|souk|spree|dummyjson] [--dry-run] [--skip-bad-rows]"
                        " [--currency EUR]\n       souk import --undo ID\n");
        return EXIT_USAGE;
    }

    struct arena *arena = arena_new(1 << 20);
    struct config config;
    char error[512];
    int code = EXIT_CONFIGURATION;
    if (command_config_read(&config, arena, config_file)) {
        log_setup(LOG_LEVEL_WARNING, -1); /* what the services have to say of themselves is for servers */
        import.client = client_open(&config, &code, error);
        if (import.client != NULL)
            code = run(&import, undone, count, arguments);
        else
            fprintf(stderr, "souk: %s\n", error);
        client_close(import.client);
    }
    arena_free(arena);
    return code;
}
