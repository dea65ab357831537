/*
 * What rules of all kinds have in common.
 */
#include "services/pricing/rule.h"

#include "base/assert.h"
#include "platform/rpc/merge.h"
#include "platform/rpc/message.h"
#include "platform/service/page.h"

#include <string.h>

/* --- reading ----------------------------------------------------------------------------------------------------- */

/* The rule of a row of (version, data). */
static ProtobufCMessage *rule_of_row(const struct sql_rows *rows, const struct rule_kind *kind)
{
    ProtobufCMessage *rule = message_unpack(rows->tx->arena, kind->message->descriptor, sql_get_bytes(rows, 1));
    ASSERT(rule != NULL); /* we packed it */
    int64_t version = sql_get_int(rows, 0);
    memcpy((char *)rule + kind->version_at, &version, sizeof version);
    return rule;
}

ProtobufCMessage *rule_load(struct tx *tx, const struct rule_kind *kind, const char *id)
{
    ProtobufCMessage *rule = NULL;
    struct sql_rows rows = SQL_SELECT(tx, "SELECT version, data FROM rule WHERE kind = ?1 AND id = ?2", sql_string(kind->name),
                                      sql_string(id));
    if (sql_next(&rows)) {
        rule = rule_of_row(&rows, kind);
        sql_stop(&rows);
    }
    return rule;
}

struct sql_rows rules_ask(struct tx *tx, const struct rule_kind *kind, const char *found_by)
{
    return SQL_ASK(tx, "SELECT version, data FROM rule WHERE kind = ?1 AND found_by = ?2 ORDER BY id", sql_string(kind->name),
                   sql_string(found_by));
}

struct rules rules_read(struct sql_rows rows, const struct rule_kind *kind)
{
    struct rules rules = {0};
    while (sql_next(&rows)) {
        ARENA_ROOM(rows.tx->arena, rules.items, rules.count);
        rules.items[rules.count++] = rule_of_row(&rows, kind);
    }
    return rules;
}

struct rules rules_found_by(struct tx *tx, const struct rule_kind *kind, const char *found_by)
{
    return rules_read(rules_ask(tx, kind, found_by), kind);
}

static void answer_with(ProtobufCMessage *answer, const ProtobufCMessage *rule)
{
    memcpy(answer, rule, rule->descriptor->sizeof_message);
}

static enum result refuse_unknown(struct context *context, const struct rule_kind *kind, const char *id)
{
    return call_refuse(context->call, RESULT_NOT_FOUND, "There is no %s with the id %s.", kind->words, id);
}

enum result rule_get(struct context *context, const struct rule_kind *kind, const char *id, ProtobufCMessage *answer)
{
    const ProtobufCMessage *rule = rule_load(context->tx, kind, id);
    if (rule == NULL)
        return refuse_unknown(context, kind, id);
    answer_with(answer, rule);
    return RESULT_OK;
}

enum result rule_list(struct context *context, const struct rule_kind *kind, int64_t limit, const char *cursor,
                      struct rules *rules, const char **next_cursor)
{
    struct page page;
    enum result result = page_begin(context->call, kind->name, limit, cursor, &page);
    if (result != RESULT_OK)
        return result;

    *rules = (struct rules){.items = ARENA_ARRAY(context->arena, ProtobufCMessage *, (size_t)page.limit)};
    const char *last = "";
    struct sql_rows rows = SQL_SELECT(context->tx,
                                      "SELECT version, data, id FROM rule WHERE kind = ?1 AND id > ?2 ORDER BY id LIMIT ?3",
                                      sql_string(kind->name), sql_string(page.id), sql_int(page.limit + 1));
    while (sql_next(&rows)) {
        if (rules->count == (size_t)page.limit) {
            *next_cursor = page_cursor(context->arena, kind->name, "", last);
            sql_stop(&rows);
            break;
        }
        rules->items[rules->count++] = rule_of_row(&rows, kind);
        last = sql_get_string(&rows, 2);
    }
    return RESULT_OK;
}

/* --- deciding ---------------------------------------------------------------------------------------------------- */

/* Give `rule` what is not the client's to say as `from` has it. */
static void take_output_only(struct arena *arena, const struct rule_kind *kind, ProtobufCMessage *rule,
                             const ProtobufCMessage *from)
{
    const ProtobufCMessageDescriptor *descriptor = kind->message->descriptor;
    Google__Protobuf__FieldMask mask = GOOGLE__PROTOBUF__FIELD_MASK__INIT;
    mask.paths = ARENA_ARRAY(arena, char *, descriptor->n_fields);
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        if (kind->message->fields[i].output_only)
            mask.paths[mask.n_paths++] = arena_strdup(arena, descriptor->fields[i].name);
    }
    message_merge(rule, from, &mask);
}

static ProtobufCMessage *rule_copy(struct arena *arena, const ProtobufCMessage *rule)
{
    ProtobufCMessage *copy = message_new(arena, rule->descriptor);
    answer_with(copy, rule);
    return copy;
}

static enum result check(struct context *context, const struct rule_kind *kind, const char *id, const ProtobufCMessage *rule)
{
    return kind->check ? kind->check(context, id, rule) : RESULT_OK;
}

static void emit_saved(struct context *context, const struct rule_kind *kind, const char *id, ProtobufCMessage *rule)
{
    ProtobufCMessage *saved = message_new(context->arena, kind->saved->message->descriptor);
    memcpy((char *)saved + kind->saved_rule_at, &rule, sizeof rule);
    context_emit(context, kind->saved, id, saved);
}

enum result rule_check_period(struct context *context, const Google__Protobuf__Timestamp *starts,
                              const Google__Protobuf__Timestamp *ends)
{
    if (starts == NULL || ends == NULL || starts->seconds < ends->seconds ||
        (starts->seconds == ends->seconds && starts->nanos < ends->nanos))
        return RESULT_OK;
    return call_violation(context->call, "/endsAt", "too_early", "The end must come after the start.");
}

enum result rule_create(struct context *context, const struct rule_kind *kind, const ProtobufCMessage *given,
                        ProtobufCMessage *answer)
{
    ProtobufCMessage *rule = rule_copy(context->arena, given);
    take_output_only(context->arena, kind, rule, message_new(context->arena, given->descriptor));
    enum result result = check(context, kind, "", rule);
    if (result != RESULT_OK)
        return result;

    const char *id = context_new_id(context);
    memcpy((char *)rule + kind->id_at, &id, sizeof id);
    emit_saved(context, kind, id, rule);
    return rule_get(context, kind, id, answer);
}

enum result rule_update(struct context *context, const struct rule_kind *kind, const char *id, const ProtobufCMessage *given,
                        const Google__Protobuf__FieldMask *mask, ProtobufCMessage *answer)
{
    const ProtobufCMessage *stored = rule_load(context->tx, kind, id);
    if (stored == NULL)
        return refuse_unknown(context, kind, id);
    int64_t version;
    memcpy(&version, (const char *)stored + kind->version_at, sizeof version);
    enum result result = context_check_version(context, version);
    if (result != RESULT_OK)
        return result;

    ProtobufCMessage *rule = rule_copy(context->arena, stored);
    if ((result = message_patch(context->call, kind->message, rule, given, mask)) != RESULT_OK)
        return result;
    take_output_only(context->arena, kind, rule, stored);
    if ((result = check(context, kind, id, rule)) != RESULT_OK)
        return result;
    if (!message_equal(context->arena, stored, rule))
        emit_saved(context, kind, id, rule);
    return rule_get(context, kind, id, answer);
}

enum result rule_delete(struct context *context, const struct rule_kind *kind, const char *id)
{
    int64_t version = SQL_INT(context->tx, 0, "SELECT version FROM rule WHERE kind = ?1 AND id = ?2", sql_string(kind->name),
                              sql_string(id));
    if (version == 0)
        return RESULT_OK; /* asking twice is fine */
    enum result result = context_check_version(context, version);
    if (result == RESULT_OK)
        context_emit(context, kind->deleted, id, message_new(context->arena, kind->deleted->message->descriptor));
    return result;
}

/* --- applying ---------------------------------------------------------------------------------------------------- */

void rule_apply_saved(struct tx *tx, const struct rule_kind *kind, const struct event *event, const ProtobufCMessage *rule)
{
    const char *found_by = kind->found_by ? kind->found_by(tx->arena, rule) : "";
    struct text data = message_pack(tx->arena, rule);
    SQL_DO(tx,
           "INSERT INTO rule (kind, id, version, found_by, data) VALUES (?1, ?2, ?3, ?4, ?5)"
           " ON CONFLICT (kind, id) DO UPDATE SET version = excluded.version, found_by = excluded.found_by, data = excluded.data",
           sql_string(kind->name), sql_string(event->key), sql_int(event->stream_version), sql_string(found_by),
           sql_bytes(data.at, data.length));
}

void rule_apply_deleted(struct tx *tx, const struct rule_kind *kind, const struct event *event)
{
    SQL_DO(tx, "DELETE FROM rule WHERE kind = ?1 AND id = ?2", sql_string(kind->name), sql_string(event->key));
}
