/*
 * For tests: two services that need no contract of their own. Their events are google.protobuf.Timestamp, whose two numbers serve for whatever
 * is needed.
 *
 *     mill   event "google.protobuf.Timestamp", streams sack/KEY: so many kilograms were milled
 *     jar    event "jar.Filled", streams jar/KEY: `seconds` more in the jar, to be emptied at `nanos`
 *            schema version 1 counted in dozens
 *            projects the mill's events into its table `sack`
 */
#ifndef SOUK_PLATFORM_SERVICE_TOY_TEST_H
#define SOUK_PLATFORM_SERVICE_TOY_TEST_H

#include "google/protobuf/timestamp.pb-c.h"
#include "platform/rpc/message.h"
#include "platform/service/service.h"
#include "platform/store/world_test.h"

static const struct message_declaration toy_message = {.descriptor = &google__protobuf__timestamp__descriptor};

static inline void toy_apply_filled(struct tx *tx, const struct event *event, const ProtobufCMessage *data)
{
    const Google__Protobuf__Timestamp *filled = (const Google__Protobuf__Timestamp *)data;
    SQL_DO(tx,
           "INSERT INTO jar (key, count, version) VALUES (?1, ?2, ?3)"
           " ON CONFLICT (key) DO UPDATE SET count = jar.count + excluded.count, version = excluded.version",
           sql_string(event->key), sql_int(filled->seconds), sql_int(event->stream_version));
    if (filled->nanos > 0)
        tx_timer_set(tx, "empty", event->key, filled->nanos);
}

static inline ProtobufCMessage *toy_upcast(struct arena *arena, const struct event *event)
{
    Google__Protobuf__Timestamp *filled =
        (Google__Protobuf__Timestamp *)message_unpack(arena, &google__protobuf__timestamp__descriptor, event->data);
    filled->seconds *= 12;
    return &filled->base;
}

static inline void toy_apply_milled(struct tx *tx, const struct event *event, const ProtobufCMessage *data)
{
    SQL_DO(tx, "INSERT INTO milled (number, weight) VALUES (?1, ?2)", sql_int(event->number),
           sql_int(((const Google__Protobuf__Timestamp *)data)->seconds));
}

static inline void toy_project_milled(struct tx *tx, const struct event *event, const ProtobufCMessage *data)
{
    SQL_DO(tx,
           "INSERT INTO sack (key, weight) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET weight = sack.weight + excluded.weight",
           sql_string(event->key), sql_int(((const Google__Protobuf__Timestamp *)data)->seconds));
}

static inline bool toy_check(struct tx *tx, char error[512])
{
    if (SQL_INT(tx, 0, "SELECT COUNT(*) FROM jar WHERE count < 0") == 0)
        return true;
    snprintf(error, 512, "A jar holds less than nothing.");
    return false;
}

static const struct event_declaration toy_filled = {
    .name = "jar.Filled", .stream = "jar", .version = 2, .message = &toy_message, .apply = toy_apply_filled};
static const struct event_declaration toy_milled = {
    .name = "google.protobuf.Timestamp", .stream = "sack", .version = 1, .message = &toy_message, .apply = toy_apply_milled};

static const struct migration jar_migrations[] = {
    {1, "jar", "CREATE TABLE jar (key TEXT PRIMARY KEY, count BIGINT NOT NULL, version BIGINT NOT NULL);"
               "CREATE TABLE sack (key TEXT PRIMARY KEY, weight BIGINT NOT NULL);", true},
    {2, "label", "ALTER TABLE jar ADD COLUMN label TEXT; CREATE INDEX jar_count ON jar (count);", true},
};
static const struct migration mill_migrations[] = {
    {1, "milled", "CREATE TABLE milled (number BIGINT PRIMARY KEY, weight BIGINT NOT NULL);", true},
};

static const struct event_declaration *const jar_events[] = {&toy_filled};
static const struct event_declaration *const mill_events[] = {&toy_milled};
static const struct service_declaration jar_declaration = {.name = "jar", .events = jar_events, .event_count = 1};
static const struct service_declaration mill_declaration = {.name = "mill", .events = mill_events, .event_count = 1};
static const struct subscription jar_subscriptions[] = {
    {.producer = "mill", .event = &toy_message, .project = toy_project_milled}};

static const struct service toy_jar = {
    .declaration = &jar_declaration,
    .migrations = jar_migrations,
    .migration_count = 2,
    .subscriptions = jar_subscriptions,
    .subscription_count = 1,
    .upcast = toy_upcast,
    .check = toy_check,
};
static const struct service toy_mill = {
    .declaration = &mill_declaration, .migrations = mill_migrations, .migration_count = 1};

/* Emit as a host does: append and apply. `stream` is "jar/KEY" or "sack/KEY". */
static inline void toy_emit(struct test_store *test, struct tx *tx, const struct service *service, const char *stream,
                            unsigned schema_version, int64_t seconds, int32_t nanos)
{
    Google__Protobuf__Timestamp data = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    data.seconds = seconds;
    data.nanos = nanos;
    struct event event = {
        .stream = stream,
        .name = service->declaration->events[0]->name,
        .schema_version = schema_version,
        .at_us = test->world->now_us,
        .actor = "anonymous",
        .request_id = "",
        .cause = "call",
        .data = message_pack(test->arena, &data.base),
    };
    event_log_append(tx, &test->head, &event);
    service_apply(service, tx, test->arena, &event);
}

#endif
