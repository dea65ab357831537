/*
 * souk events: what happened, a JSON line each; with --follow, what happens. souk events dead: what services refused to react to.
 *
 * Asks the server, when one runs, and otherwise reads the store. Dead letters are tried again by the services, so without a server these
 * are started for it.
 */
#include "cli/events.h"

#include "base/arena.h"
#include "base/log.h"
#include "cli/client_internal.h"
#include "cli/command.h"
#include "cli/shop.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TARGET_BYTES_MAX 2048
#define REST_BETWEEN_FOLLOWS 1 /* seconds */

/* --- targets --------------------------------------------------------------------------------------------------------- */

static void add_parameter(struct buffer *target, const char *name, const char *value)
{
    if (!*value)
        return;
    buffer_printf(target, "%c%s=", memchr(target->at, '?', target->length) ? '&' : '?', name);
    for (; *value; value++)
        if (strchr("/:%&+# ,", *value))
            buffer_printf(target, "%%%02X", (unsigned char)*value);
        else
            buffer_add_char(target, *value);
}

static char *target_of(const struct events_wanted *wanted)
{
    struct buffer target;

    buffer_init(&target, TARGET_BYTES_MAX);
    buffer_add_string(&target, "/v1/events?limit=100");
    add_parameter(&target, "service", wanted->service);
    add_parameter(&target, "stream", wanted->stream);
    add_parameter(&target, "after", wanted->after);
    buffer_add_char(&target, '\0');
    return target.at;
}

/* --- asking ---------------------------------------------------------------------------------------------------------- */

static const char *or_nothing(const char *value)
{
    return value ? value : "";
}

static void print_problem(const json_t *problem)
{
    const json_t *violation;
    size_t i;

    fprintf(stderr, "souk: %s. %s\n", problem ? or_nothing(json_string_value(json_object_get(problem, "title"))) : "The server gave no answer",
            or_nothing(json_string_value(json_object_get(problem, "detail"))));
    json_array_foreach(json_object_get(problem, "errors"), i, violation)
        fprintf(stderr, "      %s: %s\n", or_nothing(json_string_value(json_object_get(violation, "pointer"))),
                or_nothing(json_string_value(json_object_get(violation, "detail"))));
}

/* The answer as JSON, or NULL, having said why; an answer without a body is an empty object. */
static json_t *ask(struct client *client, const char *method, const char *target)
{
    struct client_answer answer;
    char error[512];
    json_t *body;

    if (!client_ask(client, &(struct client_request){.method = method, .target = target}, &answer, error)) {
        fprintf(stderr, "souk: %s\n", error);
        return NULL;
    }
    body = answer.body.length ? json_loadb(answer.body.at, answer.body.length, 0, NULL) : json_object();
    if (body && answer.status >= 200 && answer.status < 300)
        return body;
    print_problem(body);
    json_decref(body);
    return NULL;
}

/* Every item of a list, a line each. */
static bool print_list(struct client *client, const char *first)
{
    char *target = strdup(first);

    while (target) {
        json_t *page = ask(client, "GET", target), *item;
        const char *next;
        size_t i;

        free(target);
        if (!page)
            return false;
        json_array_foreach(json_object_get(page, "items"), i, item) {
            json_object_del(item, "_links");
            json_dumpf(item, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER);
            putchar('\n');
        }
        next = json_string_value(json_object_get(json_object_get(json_object_get(page, "_links"), "next"), "href"));
        target = next ? strdup(next) : NULL;
        json_decref(page);
    }
    return true;
}

/* --- events ---------------------------------------------------------------------------------------------------------- */

static void print_event(void *data, struct text id, struct text event)
{
    char **last = data;

    free(*last);
    *last = strndup(id.at, id.length);
    printf("%.*s\n", (int)event.length, event.at);
    fflush(stdout);
}

/* Until it is interrupted; a server that restarts is asked again. */
static int follow(struct client *client, const char *target)
{
    char *last = NULL, error[512];

    while (client_follow(client, target, last, print_event, &last, error))
        sleep(REST_BETWEEN_FOLLOWS);
    fprintf(stderr, "souk: %s\n", error);
    free(last);
    return EXIT_FAILED;
}

static int events_from_server(struct client *client, const struct events_wanted *wanted)
{
    char *target = target_of(wanted);
    int code = wanted->follow ? follow(client, target) : print_list(client, target) ? EXIT_DONE : EXIT_FAILED;

    free(target);
    return code;
}

static int events(const struct config *config, const struct events_wanted *wanted)
{
    char error[512];
    int code = EXIT_DONE;
    struct client *client = client_server_open(config, &code, error);

    if (client) {
        code = events_from_server(client, wanted);
        client_close(client);
    } else if (code != EXIT_DONE)
        fprintf(stderr, "souk: %s\n", error);
    else
        code = events_from_store(config, wanted);
    return code;
}

/* --- dead letters ---------------------------------------------------------------------------------------------------- */

static bool act_on_letter(struct client *client, const char *deed, const char *id)
{
    char target[TARGET_BYTES_MAX];
    json_t *done;

    snprintf(target, sizeof target, "/v1/events/dead/%s%s", id, strcmp(deed, "retry") == 0 ? "/retry" : "");
    done = ask(client, strcmp(deed, "retry") == 0 ? "POST" : "DELETE", target);
    json_decref(done);
    return done;
}

static bool dead_is_usage(int count, char **arguments)
{
    const char *deed = count > 0 ? arguments[0] : "list";

    if (strcmp(deed, "list") == 0)
        return count <= 1;
    return count == 2 && (strcmp(deed, "retry") == 0 || strcmp(deed, "drop") == 0) && !strpbrk(arguments[1], "/?#% ");
}

static int dead(const struct config *config, int count, char **arguments)
{
    char error[512];
    int code;
    struct client *client;

    log_setup(LOG_LEVEL_WARNING, -1); /* what the services have to say of themselves is for servers */
    client = client_open(config, &code, error);
    if (!client) {
        fprintf(stderr, "souk: %s\n", error);
        return code;
    }
    code = (count < 2 ? print_list(client, "/v1/events/dead") : act_on_letter(client, arguments[0], arguments[1])) ? EXIT_DONE : EXIT_FAILED;
    client_close(client);
    return code;
}

/* --- the command ----------------------------------------------------------------------------------------------------- */

int command_events(int count, char **arguments)
{
    const char *file = option_value_take(&count, arguments, "config");
    struct events_wanted wanted = {
        .service = or_nothing(option_value_take(&count, arguments, "service")),
        .stream = or_nothing(option_value_take(&count, arguments, "stream")),
        .after = or_nothing(option_value_take(&count, arguments, "after")),
        .follow = option_take(&count, arguments, "follow"),
    };
    bool is_dead = count > 0 && strcmp(arguments[0], "dead") == 0;
    struct arena *arena = arena_new(1 << 20);
    struct config config;
    int code;

    if (option_left(count, arguments) || (is_dead ? !dead_is_usage(count - 1, arguments + 1) : count > 0) ||
        (*wanted.service && !service_named(text_of(wanted.service)))) {
        fprintf(stderr, "usage: souk events [--service S] [--stream K] [--after N] [--follow]\n"
                        "       souk events dead [list | retry ID | drop ID]\n");
        code = EXIT_USAGE;
    } else if (!command_config_read(&config, arena, file))
        code = EXIT_CONFIGURATION;
    else
        code = is_dead ? dead(&config, count - 1, arguments + 1) : events(&config, &wanted);
    arena_free(arena);
    return code;
}
