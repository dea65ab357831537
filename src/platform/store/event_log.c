/*
 * The event log in a service's store. The design is at the head of event_log.h.
 *
 * The hash of an event covers the hash before it and every column, each with its length, so that changing, removing or
 * inserting a row breaks the chain from there on. What the chain can't show is that its end was cut off.
 */
#include "platform/store/event_log_internal.h"

#include "base/assert.h"
#include "base/limits.h"
#include "platform/store/digest.h"

#include <stdio.h>
#include <stdlib.h>

/* Read at once, of the whole log. */
#define PAGE_EVENTS 4096

#define EVENT_COLUMNS                                                                                                  \
    "number, stream, stream_version, name, schema_version, at_us, actor, request_id, cause, data, hash"

/* --- rows --- */

static const char *key_of(const char *stream)
{
    const char *slash = strchr(stream, '/');
    ASSERT(slash);
    return slash + 1;
}

/* Its strings live until the next step: a row's texts are terminated. */
static struct event event_of_row(const struct sql_rows *rows)
{
    struct event event = {
        .number = sql_get_int(rows, 0),
        .stream = sql_get_text(rows, 1).at,
        .stream_version = sql_get_int(rows, 2),
        .name = sql_get_text(rows, 3).at,
        .schema_version = (unsigned)sql_get_int(rows, 4),
        .at_us = sql_get_int(rows, 5),
        .actor = sql_get_text(rows, 6).at,
        .request_id = sql_get_text(rows, 7).at,
        .cause = sql_get_text(rows, 8).at,
        .data = sql_get_bytes(rows, 9),
    };
    const char *slash = strchr(event.stream, '/');
    event.key = slash ? slash + 1 : ""; /* only a store that somebody has changed has no slash; the hash will tell */
    struct text hash = sql_get_bytes(rows, 10);
    if (hash.length == EVENT_HASH_BYTES)
        memcpy(event.hash, hash.at, EVENT_HASH_BYTES);
    return event;
}

static void event_hash(const uint8_t before[EVENT_HASH_BYTES], const struct event *event, uint8_t hash[EVENT_HASH_BYTES])
{
    struct digest digest;
    digest_init(&digest);
    digest_add(&digest, before, EVENT_HASH_BYTES);
    digest_add_int64(&digest, event->number);
    digest_add_text(&digest, text_of(event->stream));
    digest_add_int64(&digest, event->stream_version);
    digest_add_text(&digest, text_of(event->name));
    digest_add_int64(&digest, event->schema_version);
    digest_add_int64(&digest, event->at_us);
    digest_add_text(&digest, text_of(event->actor));
    digest_add_text(&digest, text_of(event->request_id));
    digest_add_text(&digest, text_of(event->cause));
    digest_add_text(&digest, event->data);
    digest_end(&digest, hash);
}

/* --- writing --- */

struct sql_rows event_log_ask_head(struct tx *tx)
{
    return SQL_ASK(tx, "SELECT " EVENT_COLUMNS " FROM souk_event ORDER BY number DESC LIMIT 1");
}

void event_log_read_head(struct sql_rows *rows, struct event_log_head *head)
{
    *head = (struct event_log_head){0};
    if (sql_next(rows)) {
        struct event last = event_of_row(rows);
        head->number = last.number;
        head->at_us = last.at_us;
        memcpy(head->hash, last.hash, EVENT_HASH_BYTES);
    }
    sql_stop(rows);
}

void event_log_head(struct tx *tx, struct event_log_head *head)
{
    struct sql_rows rows = event_log_ask_head(tx);
    event_log_read_head(&rows, head);
}

bool event_log_has(struct tx *tx, const struct event_log_head *head)
{
    return SQL_INT(tx, 0, "SELECT COUNT(*) FROM souk_event WHERE number = ?1 AND hash = ?2", sql_int(head->number),
                   sql_bytes(head->hash, EVENT_HASH_BYTES)) == 1;
}

static int64_t version_stored(struct tx *tx, const char *stream)
{
    return SQL_INT(tx, 0, "SELECT MAX(stream_version) FROM souk_event WHERE stream = ?1", sql_string(stream));
}

static size_t first_waiting(const struct event_log_batch *batch)
{
    return batch->before_are_stored ? batch->before_savepoint : 0;
}

/* Of the stream's newest event that waits to be stored; 0 for none. */
static int64_t version_waiting(const struct event_log_batch *batch, const char *stream)
{
    if (!batch)
        return 0;
    for (size_t i = batch->event_count; i > first_waiting(batch); i--)
        if (strcmp(batch->events[i - 1].stream, stream) == 0)
            return batch->events[i - 1].stream_version;
    return 0;
}

int64_t event_log_stream_version(struct tx *tx, const char *stream)
{
    int64_t version = version_waiting(tx->log, stream);
    return version ? version : version_stored(tx, stream);
}

/* Of the stream's newest event. */
static int64_t version_before(struct tx *tx, const struct event_log_head *head, const char *stream)
{
    int64_t version = head->streams ? stream_versions_find(head->streams, stream) : 0;
    return version ? version : event_log_stream_version(tx, stream);
}

#define EVENT_COLUMN_COUNT 11

static void event_values(const struct event *event, struct sql_value values[EVENT_COLUMN_COUNT])
{
    *values++ = sql_int(event->number);
    *values++ = sql_string(event->stream);
    *values++ = sql_int(event->stream_version);
    *values++ = sql_string(event->name);
    *values++ = sql_int(event->schema_version);
    *values++ = sql_int(event->at_us);
    *values++ = sql_string(event->actor);
    *values++ = sql_string(event->request_id);
    *values++ = sql_string(event->cause);
    *values++ = sql_bytes(event->data.at, event->data.length);
    *values++ = sql_bytes(event->hash, EVENT_HASH_BYTES);
}

/* A statement for each power of two: any number of events takes a few. */
#define INSERT_EVENTS "INSERT INTO souk_event (" EVENT_COLUMNS ") VALUES "
#define ROW_1 "(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"
#define ROW_2 "(?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22)"
#define ROW_3 "(?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32, ?33)"
#define ROW_4 "(?34, ?35, ?36, ?37, ?38, ?39, ?40, ?41, ?42, ?43, ?44)"
#define ROW_5 "(?45, ?46, ?47, ?48, ?49, ?50, ?51, ?52, ?53, ?54, ?55)"
#define ROW_6 "(?56, ?57, ?58, ?59, ?60, ?61, ?62, ?63, ?64, ?65, ?66)"
#define ROW_7 "(?67, ?68, ?69, ?70, ?71, ?72, ?73, ?74, ?75, ?76, ?77)"
#define ROW_8 "(?78, ?79, ?80, ?81, ?82, ?83, ?84, ?85, ?86, ?87, ?88)"
#define ROWS_2 ROW_1 ", " ROW_2
#define ROWS_4 ROWS_2 ", " ROW_3 ", " ROW_4
static const struct {
    size_t count;
    const char *sql;
} inserts[] = {
    {8, INSERT_EVENTS ROWS_4 ", " ROW_5 ", " ROW_6 ", " ROW_7 ", " ROW_8},
    {4, INSERT_EVENTS ROWS_4},
    {2, INSERT_EVENTS ROWS_2},
    {1, INSERT_EVENTS ROW_1},
};

static void store_events(struct tx *tx, const struct event *events, size_t count)
{
    struct sql_value values[8 * EVENT_COLUMN_COUNT];
    bool may_write = tx->may_write;
    tx->may_write = true;
    for (size_t i = 0; i < sizeof inserts / sizeof *inserts; i++) {
        for (; count >= inserts[i].count; count -= inserts[i].count) {
            for (size_t row = 0; row < inserts[i].count; row++)
                event_values(events++, &values[row * EVENT_COLUMN_COUNT]);
            sql_do(tx, inserts[i].sql, values, inserts[i].count * EVENT_COLUMN_COUNT);
        }
    }
    tx->may_write = may_write;
}

/* --- writing together --- */

/* Those that are older than the savepoint are kept until it is over. */
void event_log_store_waiting(struct tx *tx)
{
    struct event_log_batch *batch = tx->log;
    if (!batch)
        return;
    size_t first = first_waiting(batch);
    store_events(tx, batch->events + first, batch->event_count - first);
    batch->before_are_stored = batch->before_savepoint > 0;
    batch->event_count = batch->before_savepoint;
}

static void wait_for_others(struct tx *tx, const struct event *event)
{
    struct event_log_batch *batch = tx->log;
    if (batch->event_count == EVENTS_TOGETHER)
        event_log_store_waiting(tx);
    batch->events[batch->event_count++] = *event;
}

void event_log_savepoint(struct tx *tx)
{
    struct event_log_batch *batch = tx->log;
    if (!batch)
        return;
    if (batch->event_count >= EVENTS_TOGETHER / 2)
        event_log_store_waiting(tx); /* to have room within the savepoint */
    batch->before_savepoint = batch->event_count;
}

void event_log_savepoint_keep(struct tx *tx)
{
    struct event_log_batch *batch = tx->log;
    if (!batch)
        return;
    size_t stored = first_waiting(batch);
    batch->event_count -= stored;
    memmove(batch->events, batch->events + stored, batch->event_count * sizeof *batch->events);
    batch->before_savepoint = 0;
    batch->before_are_stored = false;
}

void event_log_savepoint_undo(struct tx *tx)
{
    struct event_log_batch *batch = tx->log;
    if (!batch)
        return;
    batch->event_count = batch->before_savepoint;
    batch->before_savepoint = 0;
    batch->before_are_stored = false;
}

void event_log_flush(struct tx *tx)
{
    event_log_store_waiting(tx);
    idempotency_flush(tx);
}

void event_log_append(struct tx *tx, struct event_log_head *head, struct event *event)
{
    event->number = head->number + 1;
    event->key = key_of(event->stream);
    event->stream_version = version_before(tx, head, event->stream) + 1;
    if (event->at_us < head->at_us)
        event->at_us = head->at_us;
    event_hash(head->hash, event, event->hash);

    if (tx->log)
        wait_for_others(tx, event);
    else
        store_events(tx, event, 1);

    head->number = event->number;
    head->at_us = event->at_us;
    memcpy(head->hash, event->hash, EVENT_HASH_BYTES);
    if (head->streams)
        stream_versions_put(head->streams, event->stream, event->stream_version);
}

/* --- reading --- */

static int64_t event_time(struct tx *tx, int64_t number)
{
    return SQL_INT(tx, 0, "SELECT at_us FROM souk_event WHERE number = ?1", sql_int(number));
}

/* The last number not later than a time. Times in the log never go back and numbers are dense, so halving finds it. */
static int64_t last_number_until(struct tx *tx, int64_t until_us)
{
    if (until_us == 0)
        return INT64_MAX;
    int64_t within = 0;
    int64_t beyond = SQL_INT(tx, 0, "SELECT MAX(number) FROM souk_event") + 1;
    while (beyond - within > 1) {
        int64_t middle = within + (beyond - within) / 2;
        if (event_time(tx, middle) <= until_us)
            within = middle;
        else
            beyond = middle;
    }
    return within;
}

/* Streams may be named by callers: one without a slash, or of a kind longer than any of ours, has no events and is no mistake. */
#define KIND_MAX 64

/* A key may hold slashes and stars: only a star alone is every key. */
static bool is_kind(const char *stream)
{
    const char *slash = strchr(stream, '/');
    return slash && slash - stream <= KIND_MAX && strcmp(slash + 1, "*") == 0;
}

/* The streams of a kind are those from "product/" to before "product0", as 0 follows the slash: a range of the index. */
struct kind_range {
    char from[KIND_MAX + 2];
    char to[KIND_MAX + 2];
};

static struct kind_range kind_range(const char *stream)
{
    struct kind_range range = {0};
    size_t length = strlen(stream) - 1; /* without the star */
    memcpy(range.from, stream, length);
    memcpy(range.to, stream, length);
    range.to[length - 1] = '/' + 1;
    return range;
}

static struct sql_rows select_all(struct tx *tx, int64_t after, int64_t last, int64_t limit)
{
    return SQL_SELECT(tx,
                      "SELECT " EVENT_COLUMNS " FROM souk_event WHERE number > ?1 AND number <= ?2 ORDER BY number LIMIT ?3",
                      sql_int(after), sql_int(last), sql_int(limit));
}

/* Within a stream the versions have the order of the numbers, and the index has it for nothing; the plus keeps the planner from
 * walking the whole log in the order of numbers instead. */
static struct sql_rows select_stream(struct tx *tx, const char *stream, int64_t after, int64_t last, int64_t limit)
{
    return SQL_SELECT(tx,
                      "SELECT " EVENT_COLUMNS " FROM souk_event WHERE stream = ?1 AND +number > ?2 AND +number <= ?3"
                      " ORDER BY stream_version LIMIT ?4",
                      sql_string(stream), sql_int(after), sql_int(last), sql_int(limit));
}

/* The numbers come from the index alone and are put in order; then each event is read once. */
static struct sql_rows select_kind(struct tx *tx, const char *stream, int64_t after, int64_t last, int64_t limit)
{
    struct kind_range range = kind_range(stream);
    return SQL_SELECT(tx,
                      "SELECT " EVENT_COLUMNS " FROM souk_event WHERE number IN"
                      " (SELECT number FROM souk_event WHERE stream >= ?1 AND stream < ?2 AND +number > ?3 AND +number <= ?4)"
                      " ORDER BY number LIMIT ?5",
                      sql_string(range.from), sql_string(range.to), sql_int(after), sql_int(last), sql_int(limit));
}

/* By pages, since PostgreSQL gives the rows of a query all at once. */
static int64_t read_all(struct tx *tx, int64_t after, int64_t last, int64_t limit, bool (*each)(void *data, const struct event *event),
                        void *data)
{
    bool more = true;
    while (more && limit > 0) {
        int64_t page = limit < PAGE_EVENTS ? limit : PAGE_EVENTS;
        int64_t read = 0;
        struct sql_rows rows = select_all(tx, after, last, page);
        for (; more && sql_next(&rows); read++) {
            struct event event = event_of_row(&rows);
            after = event.number;
            more = each(data, &event);
        }
        sql_stop(&rows);
        more = more && read == page;
        limit -= page;
    }
    return after;
}

int64_t event_log_read(struct tx *tx, const char *stream, int64_t after, int64_t until_us, int64_t limit,
                       bool (*each)(void *data, const struct event *event), void *data)
{
    event_log_store_waiting(tx);
    int64_t last = last_number_until(tx, until_us);
    struct sql_rows rows;
    if (!stream)
        return read_all(tx, after, last, limit, each, data);
    if (is_kind(stream))
        rows = select_kind(tx, stream, after, last, limit);
    else
        rows = select_stream(tx, stream, after, last, limit);

    bool more = true;
    while (more && sql_next(&rows)) {
        struct event event = event_of_row(&rows);
        after = event.number;
        more = each(data, &event);
    }
    sql_stop(&rows);
    return after;
}

static bool is_one_of(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

void event_log_read_newest(struct tx *tx, const char *stream, const char *const *names, size_t name_count, int64_t until_us,
                           bool (*each)(void *data, const struct event *event), void *data)
{
    event_log_store_waiting(tx);
    struct sql_rows rows = SQL_SELECT(tx,
                                      "SELECT " EVENT_COLUMNS " FROM souk_event WHERE stream = ?1 AND +number <= ?2"
                                      " ORDER BY stream_version DESC",
                                      sql_string(stream), sql_int(last_number_until(tx, until_us)));
    bool found = false;
    while (!found && sql_next(&rows)) {
        struct event event = event_of_row(&rows);
        found = is_one_of(event.name, names, name_count);
        if (found)
            each(data, &event);
    }
    sql_stop(&rows);
}

/* --- several streams --- */

struct number_list {
    int64_t *at; /* in tx->arena */
    size_t count;
};

static bool numbers_add(struct tx *tx, struct number_list *list, int64_t number)
{
    if (list->count == LIMIT_TEMPORAL_EVENTS)
        return false;
    ARENA_ROOM(tx->arena, list->at, list->count);
    list->at[list->count++] = number;
    return true;
}

static bool numbers_collect(struct tx *tx, struct number_list *list, const char *stream, int64_t last)
{
    struct sql_rows rows;
    if (is_kind(stream)) {
        struct kind_range range = kind_range(stream);
        rows = SQL_SELECT(tx, "SELECT number FROM souk_event WHERE stream >= ?1 AND stream < ?2 AND +number <= ?3",
                          sql_string(range.from), sql_string(range.to), sql_int(last));
    } else {
        rows = SQL_SELECT(tx, "SELECT number FROM souk_event WHERE stream = ?1 AND +number <= ?2", sql_string(stream),
                          sql_int(last));
    }
    bool fits = true;
    while (fits && sql_next(&rows))
        fits = numbers_add(tx, list, sql_get_int(&rows, 0));
    sql_stop(&rows);
    return fits;
}

static int by_number(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

static bool read_one(struct tx *tx, int64_t number, bool (*each)(void *data, const struct event *event), void *data)
{
    struct sql_rows rows = SQL_SELECT(tx, "SELECT " EVENT_COLUMNS " FROM souk_event WHERE number = ?1", sql_int(number));
    bool more = false;
    if (sql_next(&rows)) {
        struct event event = event_of_row(&rows);
        more = each(data, &event);
    }
    sql_stop(&rows);
    return more;
}

bool event_log_read_streams(struct tx *tx, const char *const *streams, size_t count, int64_t until_us,
                            bool (*each)(void *data, const struct event *event), void *data)
{
    event_log_store_waiting(tx);
    int64_t last = last_number_until(tx, until_us);
    struct number_list list = {0};
    for (size_t i = 0; i < count; i++)
        if (!numbers_collect(tx, &list, streams[i], last))
            return false;
    if (list.count > 0)
        qsort(list.at, list.count, sizeof *list.at, by_number);

    bool more = true;
    for (size_t i = 0; more && i < list.count; i++)
        if (i == 0 || list.at[i] != list.at[i - 1]) /* a stream may have been named twice: by itself and by its kind */
            more = read_one(tx, list.at[i], each, data);
    return true;
}

/* --- verifying --- */

struct verification {
    struct event_log_head head;
    int64_t bad;
    char *error; /* 512 bytes */
};

static const char *what_is_wrong(const struct event_log_head *head, const struct event *event)
{
    uint8_t hash[EVENT_HASH_BYTES];
    event_hash(head->hash, event, hash);
    if (event->number != head->number + 1)
        return "Some are missing between them.";
    if (memcmp(hash, event->hash, EVENT_HASH_BYTES) != 0)
        return "Its hash does not fit: one of them has been changed.";
    if (event->at_us < head->at_us)
        return "It is the older of the two.";
    return NULL;
}

static bool check_event(void *data, const struct event *event)
{
    struct verification *verification = data;
    struct event_log_head *head = &verification->head;
    const char *wrong = what_is_wrong(head, event);
    if (wrong) {
        verification->bad = event->number;
        snprintf(verification->error, 512, "Event %lld does not follow event %lld. %s", (long long)event->number,
                 (long long)head->number, wrong);
        return false;
    }
    head->number = event->number;
    head->at_us = event->at_us;
    memcpy(head->hash, event->hash, EVENT_HASH_BYTES);
    return true;
}

/* Per stream, versions count from 1 without gaps and in the order of the numbers. Read from the index alone, by pages. */
struct stream_verification {
    struct buffer stream;
    int64_t version, number;
    int64_t bad;
    char *error; /* 512 bytes */
};

static void check_version(struct stream_verification *verification, const struct sql_rows *row)
{
    struct text stream = sql_get_text(row, 0);
    int64_t version = sql_get_int(row, 1);
    int64_t number = sql_get_int(row, 2);
    if (!text_equal(buffer_text(&verification->stream), stream)) {
        buffer_empty(&verification->stream);
        buffer_add_text(&verification->stream, stream);
        verification->version = verification->number = 0;
    }
    if (version != verification->version + 1 || number <= verification->number) {
        verification->bad = number;
        snprintf(verification->error, 512, "Event %lld has version %lld of stream %.200s, where %lld should follow.", (long long)number,
                 (long long)version, stream.at, (long long)verification->version + 1);
    }
    verification->version = version;
    verification->number = number;
}

/* False when nothing is left, or something is wrong. */
static bool verify_page(struct tx *tx, struct stream_verification *verification)
{
    int64_t read = 0;
    struct sql_rows rows = SQL_SELECT(tx,
                                      "SELECT stream, stream_version, number FROM souk_event WHERE (stream, stream_version) > (?1, ?2)"
                                      " ORDER BY stream, stream_version LIMIT ?3",
                                      sql_text(buffer_text(&verification->stream)), sql_int(verification->version), sql_int(PAGE_EVENTS));
    for (; !verification->bad && sql_next(&rows); read++)
        check_version(verification, &rows);
    sql_stop(&rows);
    return !verification->bad && read == PAGE_EVENTS;
}

static int64_t verify_streams(struct tx *tx, char error[512])
{
    struct stream_verification verification = {.error = error};
    buffer_init(&verification.stream, LIMIT_CALL_ARENA);
    while (verify_page(tx, &verification))
        ;
    buffer_release(&verification.stream);
    return verification.bad;
}

int64_t event_log_verify(struct tx *tx, char error[512])
{
    event_log_store_waiting(tx);
    struct verification verification = {.error = error};
    event_log_read(tx, NULL, 0, 0, INT64_MAX, check_event, &verification);
    if (verification.bad)
        return verification.bad;
    return verify_streams(tx, error);
}
