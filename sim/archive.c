/*
 * The newest event's stream ("stock/tea") says what has changed, and a query's `history` ("stock/{sku}") which queries are made of it. So every
 * such query of every service is looked at, without a list of them here: its first field is the stream's key.
 *
 * A moment is a time of the shop's clock. What is committed later may bear an earlier one, as a batch's events have the time at which it began.
 * About such a moment the past is another one than was seen, and rightly; those notes say nothing, and are passed over.
 */
#include "sim/archive.h"

#include "base/limits.h"
#include "platform/rpc/message.h"
#include "platform/service/host_internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define NOTES_MAX 60
#define MOMENTS_APART 5

struct archived {
    struct archived *next;
    struct arena *arena;
    unsigned service;
    const struct method_declaration *method;
    const char *key;
    int64_t at_us;
    int64_t heads[SERVICE_COUNT];
    enum result result;
    struct text answer;
};

/* --- asking --- */

/* A request about one thing: its first field is the thing's name. NULL when that field holds something else. */
static ProtobufCMessage *request_about(struct arena *arena, const struct method_declaration *method, const char *key)
{
    ProtobufCMessage *request = message_new(arena, method->input->descriptor);
    const ProtobufCFieldDescriptor *field = &method->input->descriptor->fields[0];
    char *at = (char *)request + field->offset;
    if (field->type != PROTOBUF_C_TYPE_STRING)
        return NULL;
    char *value = arena_strdup(arena, key);
    if (field->label != PROTOBUF_C_LABEL_REPEATED) {
        memcpy(at, &value, sizeof value);
        return request;
    }
    char **values = ARENA_ARRAY(arena, char *, 1);
    size_t count = 1;
    values[0] = value;
    memcpy(at, &values, sizeof values);
    memcpy((char *)request + field->quantifier_offset, &count, sizeof count);
    return request;
}

static enum result ask(struct views *views, struct view *view, const struct archived *note, int64_t as_of_us, struct text *answer)
{
    struct call *call = call_new(view->arena, site_loop(views->site, 0));
    call->actor = (struct actor){ACTOR_STAFF, "historian", SCOPE_EVERY};
    call->as_of_us = as_of_us;
    struct query query = {
        .host = shop_host(site_shop(views->site), note->service),
        .method = note->method,
        .request = request_about(view->arena, note->method, note->key),
        .call = call,
    };
    enum result result = query_run(&query, view->tx);
    *answer = result == RESULT_OK ? message_pack(view->arena, query.answer) : (struct text){0};
    return result;
}

/* --- noting --- */

/* Where the logs of all services end. False when the disk does not let us look, or while the clock, set back, shows a time that was before. */
static bool read_heads(struct views *views, int64_t now_us, int64_t heads[SERVICE_COUNT])
{
    for (unsigned i = 0; i < SERVICE_COUNT; i++) {
        struct view view;
        if (!view_begin(views, i, &view))
            return false;
        heads[i] = SQL_INT(view.tx, 0, "SELECT number FROM souk_event ORDER BY number DESC LIMIT 1");
        bool fine = SQL_INT(view.tx, 0, "SELECT at_us FROM souk_event ORDER BY number DESC LIMIT 1") <= now_us && !view.tx->failed;
        view_end(&view);
        if (!fine)
            return false;
    }
    return true;
}

static bool has_heard_all(const struct site *site, unsigned service)
{
    return host_counts(shop_host(site_shop(site), service)).behind == 0;
}

/* The first of a query's streams is of the kind of this one, and has its key. */
static bool is_about(const struct method_declaration *method, const char *stream)
{
    const char *slash = strchr(stream, '/');
    if (slash == NULL || method->kind != METHOD_QUERY || method->history == NULL)
        return false;
    size_t kind_length = (size_t)(slash + 1 - stream);
    return strncmp(method->history[0], stream, kind_length) == 0 && method->history[0][kind_length] == '{';
}

static void note_answer(struct archive *archive, struct views *views, struct view *view, const struct archived *like)
{
    struct text answer;
    enum result result = ask(views, view, like, 0, &answer);
    if (view->tx->failed)
        return;
    struct arena *arena = arena_new(answer.length + LIMIT_CALL_ARENA);
    struct archived *note = ARENA_NEW(arena, struct archived);
    *note = *like;
    note->arena = arena;
    note->key = arena_strdup(arena, like->key);
    note->result = result;
    note->answer = (struct text){arena_strndup(arena, answer.at, answer.length), answer.length};
    note->next = archive->notes;
    archive->notes = note;
    archive->count++;
}

void archive_note(struct archive *archive, struct views *views, unsigned service)
{
    if (archive->count >= NOTES_MAX || archive->moments++ % MOMENTS_APART != 0)
        return;
    struct archived note = {.service = service, .at_us = env_now_us(machine_env(site_machine(views->site)))};
    struct view view;
    if (!read_heads(views, note.at_us, note.heads) || !view_begin(views, service, &view))
        return;
    const char *stream = SQL_STRING(view.tx, "SELECT stream FROM souk_event ORDER BY number DESC LIMIT 1");
    const struct service_declaration *declaration = every_service[service]->declaration;
    for (size_t i = 0; stream != NULL && i < declaration->method_count; i++) {
        note.method = declaration->methods[i];
        if (!is_about(note.method, stream) || (note.method->copies != NULL && !has_heard_all(views->site, service)))
            continue;
        note.key = strchr(stream, '/') + 1;
        if (request_about(view.arena, note.method, note.key) != NULL)
            note_answer(archive, views, &view, &note);
    }
    view_end(&view);
}

/* --- comparing --- */

/* Whether something that was committed after the note bears a time before it. */
static bool was_overtaken(struct views *views, const struct archived *note)
{
    for (unsigned i = 0; i < SERVICE_COUNT; i++) {
        struct view view;
        if (!view_begin(views, i, &view))
            return true;
        bool overtaken = SQL_INT(view.tx, 0, "SELECT 1 FROM souk_event WHERE number > ?1 AND at_us <= ?2 LIMIT 1",
                                 sql_int(note->heads[i]), sql_int(note->at_us));
        view_end(&view);
        if (overtaken)
            return true;
    }
    return false;
}

static void check_note(struct views *views, struct verdict *verdict, const struct archived *note)
{
    struct view view;
    if (was_overtaken(views, note) || !view_begin(views, note->service, &view))
        return;
    struct text answer;
    enum result result = ask(views, &view, note, note->at_us, &answer);
    if (!view.tx->failed && (result != note->result || answer.length != note->answer.length ||
                             memcmp(answer.at, note->answer.at, answer.length) != 0))
        verdict_broken(verdict, "%s of \"%s\" as of %" PRId64 " is not what was answered then (%s and %zu octets; now %s and %zu)",
                       note->method->full_name, note->key, note->at_us, result_row(note->result)->wire, note->answer.length,
                       result_row(result)->wire, answer.length);
    view_end(&view);
}

void archive_check(struct archive *archive, struct views *views, struct verdict *verdict)
{
    for (struct archived *note = archive->notes; note != NULL; note = archive->notes) {
        check_note(views, verdict, note);
        archive->notes = note->next;
        arena_free(note->arena);
    }
}
