/*
 * One query: its handler on the tables as they are, or as they were.
 *
 * For ?asOf= the method's `history` names the streams that the answer is made of. They are replayed into scratch tables
 * (temporal.h) and the same handler runs on those; and once more, where what it answers names more of them than today's answer. Where the method shows copies of what other services own, that first answer tells of
 * which of their streams; the copies of then are projected beside it, and the handler runs once more.
 */
#include "base/assert.h"
#include "base/id.h"
#include "platform/rpc/message.h"
#include "platform/service/host_internal.h"
#include "platform/service/temporal.h"

static enum result run_handler(struct query *query, struct tx *tx, int64_t now_us)
{
    struct call *call = query->call;
    struct host *host = query->host;
    method_handler handler = host_handler(host, query->method);
    if (handler == NULL)
        return call_refuse(call, RESULT_UNIMPLEMENTED, NULL);

    tx->arena = call->arena;
    struct context context = {.call = call, .tx = tx, .arena = call->arena, .now_us = now_us, .host = host};
    query->answer = message_new(call->arena, query->method->output->descriptor);
    return (enum result)handler(&context, query->request, query->answer);
}

/* --- as of a time ------------------------------------------------------------------------------------------------ */

struct streams {
    struct arena *arena;
    struct text kind; /* "product/" */
    const char **names;
    size_t count;
};

static void add_stream(void *data, const char *key)
{
    struct streams *streams = data;
    const char *name = arena_printf(streams->arena, "%.*s%s", (int)streams->kind.length, streams->kind.at, key);
    for (size_t i = 0; i < streams->count; i++)
        if (strcmp(streams->names[i], name) == 0)
            return;
    ARENA_ROOM(streams->arena, streams->names, streams->count);
    streams->names[streams->count++] = name;
}

static void add_streams_of(struct streams *streams, const ProtobufCMessage *message, struct text field)
{
    message_each_text(message, field, streams->arena, add_stream, streams);
}

/* What nothing answers to now, by its id; or by a name that it had (a slug): any of the kind may have had it. */
static void add_stream_asked_for(void *data, const char *key)
{
    add_stream(data, id_is_valid(text_of(key)) ? key : "*");
}

/* The streams of one `history`: a star stays as it is, a field gives its values ("product/{id}"). What is now tells more than the request
 * does (an id where that has a slug); where there is nothing now, the request must do: what it asks for is its first field. */
static void add_streams(struct streams *streams, const char *history, const struct query *query, bool exists_now)
{
    size_t kind_length = (size_t)(strchr(history, '/') + 1 - history);
    streams->kind = (struct text){history, kind_length};
    const char *key = history + kind_length;
    if (*key != '{') {
        add_stream(streams, key);
        return;
    }
    struct text field = {key + 1, strcspn(key + 1, "}")};
    size_t before = streams->count;
    if (exists_now)
        add_streams_of(streams, query->answer, field);
    if (streams->count == before)
        add_streams_of(streams, query->request, field);
    if (streams->count == before && !exists_now && memchr(field.at, '.', field.length) == NULL)
        message_each_text(query->request, text_of(query->request->descriptor->fields[0].name), streams->arena,
                          add_stream_asked_for, streams);
}

/* "inventory:stock/{variants.sku}": what inventory said last, until then, of the stock of every variant in the answer. */
static bool project_copy(const struct query *query, struct temporal *temporal, const char *copy)
{
    struct host *host = query->host;
    struct arena *arena = query->call->arena;
    const char *kind = strchr(copy, ':') + 1, *key = strchr(kind, '/') + 1;
    const char *producer = arena_strndup(arena, copy, (size_t)(kind - 1 - copy));
    struct streams streams = {.arena = arena, .kind = {kind, (size_t)(key - kind)}};
    add_streams_of(&streams, query->answer, (struct text){key + 1, strcspn(key + 1, "}")});
    return temporal_project(temporal, host->service, host->options.bus, producer, streams.names, streams.count,
                            query->call->as_of_us);
}

static enum result add_copies(struct query *query, struct temporal *temporal)
{
    for (const char *const *copy = query->method->copies; *copy != NULL; copy++)
        if (!project_copy(query, temporal, *copy))
            return call_refuse(query->call, RESULT_UNAVAILABLE, "Another service can't be asked for that past now.");
    return run_handler(query, temporal->tx, query->call->as_of_us);
}

static void add_history(struct streams *streams, const struct query *query, bool answered)
{
    for (const char *const *history = query->method->history; *history != NULL; history++)
        add_streams(streams, *history, query, answered);
}

/* Replay the streams, and run the handler on them. Close it also after a failure. */
static struct temporal look_back(struct query *query, struct tx *live, const struct streams *streams, enum result *result)
{
    struct call *call = query->call;
    struct temporal temporal = temporal_open(query->host->service, live, streams->names, streams->count, call->as_of_us, call->arena);
    *result = temporal.result == RESULT_OK ? run_handler(query, temporal.tx, call->as_of_us) : temporal.result;
    return temporal;
}

/* Run the handler on the tables as they were at call->as_of_us. */
static enum result run_in_the_past(struct query *query, struct tx *live)
{
    struct call *call = query->call;
    struct streams streams = {.arena = call->arena};
    bool exists_now = run_handler(query, live, env_now_us(query->host->env)) == RESULT_OK;
    call->problem = (struct problem){0};
    add_history(&streams, query, exists_now);

    enum result result;
    struct temporal temporal = look_back(query, live, &streams, &result);
    if (result == RESULT_OK) {
        /* The answer of then may name streams that today's does not: a bundle was of other parts, or is no more. */
        size_t known = streams.count;
        add_history(&streams, query, true);
        if (streams.count > known) {
            temporal_close(&temporal);
            temporal = look_back(query, live, &streams, &result);
        }
    }
    if (temporal.result == RESULT_OK) {
        if (result == RESULT_OK && query->method->copies != NULL)
            result = add_copies(query, &temporal);
        if (temporal.tx->failed)
            live->failed = true;
    } else {
        result = call_refuse(call, temporal.result, "That past can't be computed now.");
    }
    temporal_close(&temporal);
    return result;
}

enum result query_run(struct query *query, struct tx *tx)
{
    enum result result = query->call->as_of_us != 0 ? run_in_the_past(query, tx)
                                                    : run_handler(query, tx, env_now_us(query->host->env));
    if (tx->failed) {
        query->call->problem = (struct problem){0};
        result = call_refuse(query->call, RESULT_STORAGE_UNAVAILABLE, NULL);
    }
    return result;
}
