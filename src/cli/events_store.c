/*
 * souk events without a server: from the stores themselves, service by service.
 */
#include "cli/events.h"

#include "cli/command.h"
#include "cli/shop.h"

#include "base/json_write.h"
#include "base/limits.h"
#include "base/timestamp.h"
#include "platform/rpc/message.h"
#include "platform/rpc/message_json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_BYTES_MAX (64 << 20)
#define PAGE 1000
#define FOLLOW_US 100000

struct reader {
    const char *stream;
    int64_t after;
    bool follow;
    const struct service *service;
    struct arena *arena;
};

/* Whoever can open the store may see everything but secrets. */
static const struct actor everyone = {.kind = ACTOR_SYSTEM, .id = "souk events", .scopes = SCOPE_EVERY};

static void write_data(struct json_writer *json, const struct reader *reader, const struct event *event)
{
    const struct service_declaration *declaration = reader->service->declaration;

    for (size_t i = 0; i < declaration->event_count; i++)
        if (strcmp(declaration->events[i]->name, event->name) == 0) {
            const struct message_declaration *message = declaration->events[i]->message;
            ProtobufCMessage *data = message_unpack(reader->arena, message->descriptor, event->data);

            json_write_key(json, "data");
            if (data)
                json_write_message(json, message, data, &everyone);
            else
                json_write_null(json);
        }
}

static bool print_event(void *data, const struct event *event)
{
    struct reader *reader = data;
    char at[TIMESTAMP_LENGTH + 1], id[64];
    struct json_writer json;
    struct buffer line;

    buffer_init(&line, LINE_BYTES_MAX);
    json_write_init(&json, &line);
    timestamp_format(event->at_us, at);
    snprintf(id, sizeof id, "%s:%" PRId64, reader->service->declaration->name, event->number);
    json_write_object_open(&json);
    json_write_key(&json, "id");
    json_write_string(&json, id);
    json_write_key(&json, "service");
    json_write_string(&json, reader->service->declaration->name);
    json_write_key(&json, "number");
    json_write_int(&json, event->number);
    json_write_key(&json, "stream");
    json_write_string(&json, event->stream);
    json_write_key(&json, "version");
    json_write_int(&json, event->stream_version);
    json_write_key(&json, "type");
    json_write_string(&json, event->name);
    json_write_key(&json, "at");
    json_write_string(&json, at);
    json_write_key(&json, "actor");
    json_write_string(&json, event->actor);
    json_write_key(&json, "request");
    json_write_string(&json, event->request_id);
    json_write_key(&json, "cause");
    json_write_string(&json, event->cause);
    write_data(&json, reader, event);
    json_write_key(&json, "cursor");
    json_write_string(&json, id);
    json_write_object_close(&json);
    buffer_add_char(&line, '\n');
    fwrite(line.at, 1, line.length, stdout);
    buffer_release(&line);
    return true;
}

/* All that is there now; true when there may be more at once. */
static bool read_page(struct connection *connection, struct reader *reader)
{
    struct tx *tx = tx_begin(connection);
    int64_t before = reader->after;

    reader->arena = arena_new(LIMIT_CALL_ARENA);
    tx->arena = reader->arena;
    reader->after = event_log_read(tx, reader->stream, before, 0, PAGE, print_event, reader);
    tx_rollback(tx);
    arena_free(reader->arena);
    fflush(stdout);
    return reader->after > before;
}

static bool read_service(const struct config *config, const struct service *service, struct reader *reader)
{
    char error[512];
    struct store *store = store_open(env_machine(), config->store, service->declaration->name, error);
    struct connection *connection = store ? connection_open(store, CONNECTION_READER, error) : NULL;

    reader->service = service;
    if (connection)
        while (read_page(connection, reader) || reader->follow)
            if (reader->follow)
                usleep(FOLLOW_US);
    if (!connection)
        fprintf(stderr, "souk: %s\n", error);
    else
        connection_close(connection);
    if (store)
        store_close(store);
    return connection;
}

/* "17", or "catalog:17". */
static bool read_after(const struct events_wanted *wanted, int64_t *after)
{
    const char *colon = strchr(wanted->after, ':');

    return !*wanted->after || text_to_int64(text_of(colon ? colon + 1 : wanted->after), after);
}

int events_from_store(const struct config *config, const struct events_wanted *wanted)
{
    struct reader reader = {.stream = *wanted->stream ? wanted->stream : NULL, .follow = wanted->follow};
    int code = EXIT_DONE;

    if (!read_after(wanted, &reader.after) || (!*wanted->service && (wanted->follow || *wanted->after))) {
        fprintf(stderr, "souk: without a server, --follow and --after need a --service and a number: each counts its own events\n");
        return EXIT_USAGE;
    }
    for (size_t i = 0; i < SERVICE_COUNT; i++) {
        if (*wanted->service && strcmp(wanted->service, every_service[i]->declaration->name) != 0)
            continue;
        if (!read_service(config, every_service[i], &reader))
            code = EXIT_FAILED;
        reader.after = 0;
    }
    return code;
}
