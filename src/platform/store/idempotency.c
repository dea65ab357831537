/*
 * What was answered to which key, so that the same request asked twice is done once (event_log.h).
 *
 *     (nothing) --idempotency_claim--> claimed --idempotency_store--> answered
 *         |                               +----idempotency_forget---> (nothing)
 *         |                               |  +---idempotency_leave_claims---> left behind --older--> (nothing)
 *         |                               +<-----idempotency_claim----------------+
 *         +------------------------------------idempotency_store----> answered --older--> (nothing)
 *
 * The column `result` is NULL while nothing is answered, 0 for what was done, and anything else for what was refused; why is in the problem, by name.
 * (Versions before this wrote the number that the result had then, which no later one may trust.)
 *
 * A record's time is that of the first request under its key, and stays. So records are numbered in the order of their times, the old
 * ones are at the front, and no index by time is written with every command.
 */
#include "platform/store/event_log_internal.h"

#include "base/assert.h"

static struct sql_value sql_hash(const uint8_t hash[IDEMPOTENCY_HASH_BYTES])
{
    return sql_bytes(hash, IDEMPOTENCY_HASH_BYTES);
}

static struct sql_value sql_outcome(struct text problem)
{
    return sql_int(problem.length > 0);
}

/* In the arena. */
static struct text column_copy(const struct sql_rows *rows, int column)
{
    struct text bytes = sql_get_bytes(rows, column);
    return (struct text){arena_strndup(rows->tx->arena, bytes.at, bytes.length), bytes.length};
}

/* --- together ---------------------------------------------------------------------------------------------------- */

static bool same_key(const struct idempotency_key *left, const struct idempotency_key *right)
{
    return memcmp(left->key, right->key, IDEMPOTENCY_HASH_BYTES) == 0;
}

/* Where it is among those that are not there, or their count. */
static size_t find_absent(const struct event_log_batch *batch, const struct idempotency_key *key)
{
    size_t i = 0;
    while (i < batch->absent_count && !same_key(batch->absent[i], key))
        i++;
    return i;
}

static bool is_absent(const struct event_log_batch *batch, const struct idempotency_key *key)
{
    return batch && find_absent(batch, key) < batch->absent_count;
}

/* It is there from now on. Whether it was known not to be. */
static bool stop_being_absent(struct event_log_batch *batch, const struct idempotency_key *key)
{
    if (!is_absent(batch, key))
        return false;
    batch->absent[find_absent(batch, key)] = batch->absent[--batch->absent_count];
    return true;
}

#define KEYS_TOGETHER 16

/* A statement has a fixed number of values: the last key stands for those that are missing. */
static void look_for(struct tx *tx, const struct idempotency_key *const *keys, size_t count)
{
    struct event_log_batch *batch = tx->log;
    struct sql_value values[KEYS_TOGETHER];
    for (size_t i = 0; i < KEYS_TOGETHER; i++)
        values[i] = sql_hash(keys[i < count ? i : count - 1]->key);
    for (size_t i = 0; i < count; i++)
        if (!is_absent(batch, keys[i]))
            batch->absent[batch->absent_count++] = keys[i];
    struct sql_rows rows = sql_select(tx,
                                      "SELECT key FROM souk_idempotency WHERE key IN (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8,"
                                      " ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16) ORDER BY key",
                                      values, KEYS_TOGETHER);
    while (sql_next(&rows)) {
        struct idempotency_key found = {0};
        memcpy(found.key, sql_get_bytes(&rows, 0).at, IDEMPOTENCY_HASH_BYTES);
        stop_being_absent(batch, &found);
    }
}

void idempotency_look_ahead(struct tx *tx, const struct idempotency_key *const *keys, size_t count)
{
    struct event_log_batch *batch = tx->log;
    if (count < 2)
        return; /* who asks finds out himself */
    batch->absent = ARENA_ARRAY(tx->arena, const struct idempotency_key *, count);
    batch->absent_count = 0;
    for (size_t i = 0; i < count; i += KEYS_TOGETHER)
        look_for(tx, keys + i, count - i < KEYS_TOGETHER ? count - i : KEYS_TOGETHER);
    if (tx->failed)
        batch->absent_count = 0;
}

#define ANSWER_COLUMN_COUNT 6
#define INSERT_ANSWERS "INSERT INTO souk_idempotency (key, request, result, answer, problem, at_us) VALUES "
#define ROW_1 "(?1, ?2, ?3, ?4, ?5, ?6)"
#define ROW_2 "(?7, ?8, ?9, ?10, ?11, ?12)"
#define ROWS_3_AND_4 "(?13, ?14, ?15, ?16, ?17, ?18), (?19, ?20, ?21, ?22, ?23, ?24)"
#define ROWS_5_AND_6 "(?25, ?26, ?27, ?28, ?29, ?30), (?31, ?32, ?33, ?34, ?35, ?36)"
#define ROWS_7_AND_8 "(?37, ?38, ?39, ?40, ?41, ?42), (?43, ?44, ?45, ?46, ?47, ?48)"
static const struct {
    size_t count;
    const char *sql;
} inserts[] = {
    {8, INSERT_ANSWERS ROW_1 ", " ROW_2 ", " ROWS_3_AND_4 ", " ROWS_5_AND_6 ", " ROWS_7_AND_8},
    {4, INSERT_ANSWERS ROW_1 ", " ROW_2 ", " ROWS_3_AND_4},
    {2, INSERT_ANSWERS ROW_1 ", " ROW_2},
    {1, INSERT_ANSWERS ROW_1},
};

static void answer_values(const struct idempotency_answer *answer, struct sql_value values[ANSWER_COLUMN_COUNT])
{
    *values++ = sql_hash(answer->key->key);
    *values++ = sql_hash(answer->key->request);
    *values++ = sql_outcome(answer->problem);
    *values++ = sql_bytes(answer->answer.at, answer->answer.length);
    *values++ = sql_bytes(answer->problem.at, answer->problem.length);
    *values++ = sql_int(answer->at_us);
}

void idempotency_flush(struct tx *tx)
{
    struct event_log_batch *batch = tx->log;
    struct sql_value values[ANSWERS_TOGETHER * ANSWER_COLUMN_COUNT];
    const struct idempotency_answer *answer = batch ? batch->answers : NULL;
    size_t count = batch ? batch->answer_count : 0;
    bool may_write = tx->may_write;
    tx->may_write = true;
    for (size_t i = 0; i < sizeof inserts / sizeof *inserts; i++) {
        for (; count >= inserts[i].count; count -= inserts[i].count) {
            for (size_t row = 0; row < inserts[i].count; row++)
                answer_values(answer++, &values[row * ANSWER_COLUMN_COUNT]);
            sql_do(tx, inserts[i].sql, values, inserts[i].count * ANSWER_COLUMN_COUNT);
        }
    }
    tx->may_write = may_write;
    if (batch)
        batch->answer_count = 0;
}

static void store_with_others(struct tx *tx, const struct idempotency_answer *answer)
{
    struct event_log_batch *batch = tx->log;
    if (batch->answer_count == ANSWERS_TOGETHER)
        idempotency_flush(tx);
    batch->answers[batch->answer_count++] = *answer;
}

/* It is not stored yet, as a savepoint that is undone would take it along. */
static const struct idempotency_answer *find_waiting(const struct event_log_batch *batch, const struct idempotency_key *key)
{
    for (size_t i = 0; batch && i < batch->answer_count; i++)
        if (same_key(batch->answers[i].key, key))
            return &batch->answers[i];
    return NULL;
}

/* --- one --------------------------------------------------------------------------------------------------------- */

struct idempotency_record idempotency_find(struct tx *tx, const struct idempotency_key *key)
{
    struct idempotency_record record = {0};
    if (is_absent(tx->log, key))
        return record;
    const struct idempotency_answer *waiting = find_waiting(tx->log, key);
    if (waiting)
        return (struct idempotency_record){
            .found = true,
            .worker = "",
            .same_request = memcmp(waiting->key->request, key->request, IDEMPOTENCY_HASH_BYTES) == 0,
            .refused = waiting->problem.length > 0,
            .answer = waiting->answer,
            .problem = waiting->problem,
        };
    struct sql_rows rows = SQL_SELECT(tx, "SELECT request, result, answer, problem, worker, left_behind FROM souk_idempotency"
                                      " WHERE key = ?1", sql_hash(key->key));
    if (sql_next(&rows)) {
        record.found = true;
        record.left_behind = sql_is_null(&rows, 1) && sql_get_int(&rows, 5) == 1;
        record.running = sql_is_null(&rows, 1) && !record.left_behind;
        record.worker = sql_get_string(&rows, 4);
        record.same_request =
            text_equal(sql_get_bytes(&rows, 0), (struct text){(const char *)key->request, IDEMPOTENCY_HASH_BYTES});
        record.refused = sql_get_int(&rows, 1) != 0;
        record.answer = column_copy(&rows, 2);
        record.problem = column_copy(&rows, 3);
    }
    sql_stop(&rows);
    return record;
}

void idempotency_claim(struct tx *tx, const struct idempotency_key *key, const char *worker, int64_t instance, int64_t at_us)
{
    bool may_write = tx->may_write;
    tx->may_write = true;
    if (stop_being_absent(tx->log, key)) {
        SQL_DO(tx, "INSERT INTO souk_idempotency (key, request, worker, at_us, instance) VALUES (?1, ?2, ?3, ?4, ?5)",
               sql_hash(key->key), sql_hash(key->request), sql_string(worker), sql_int(at_us), sql_int(instance));
        tx->may_write = may_write;
        return;
    }
    int64_t claimed = SQL_COUNT(tx,
                             "INSERT INTO souk_idempotency (key, request, worker, at_us, instance) VALUES (?1, ?2, ?3, ?4, ?5)"
                             " ON CONFLICT (key) DO UPDATE SET worker = excluded.worker, instance = excluded.instance, left_behind = 0"
                             " WHERE souk_idempotency.left_behind = 1"
                             " OR (souk_idempotency.result IS NULL AND souk_idempotency.worker = excluded.worker)",
                             sql_hash(key->key), sql_hash(key->request), sql_string(worker), sql_int(at_us), sql_int(instance));
    ASSERT(claimed == 1 || tx->failed);
    tx->may_write = may_write;
}

void idempotency_hand_over(struct tx *tx, const struct idempotency_key *key, const char *worker)
{
    bool may_write = tx->may_write;
    tx->may_write = true;
    SQL_DO(tx, "UPDATE souk_idempotency SET worker = ?2 WHERE key = ?1 AND result IS NULL", sql_hash(key->key), sql_string(worker));
    tx->may_write = may_write;
}

void idempotency_store(struct tx *tx, const struct idempotency_key *key, struct text answer, struct text problem, int64_t at_us)
{
    if (stop_being_absent(tx->log, key)) {
        store_with_others(tx, &(struct idempotency_answer){key, answer, problem, at_us});
        return;
    }
    bool may_write = tx->may_write;
    tx->may_write = true;
    SQL_DO(tx,
           "INSERT INTO souk_idempotency (key, request, result, answer, problem, at_us) VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
           " ON CONFLICT (key) DO UPDATE SET result = excluded.result, answer = excluded.answer,"
           " problem = excluded.problem",
           sql_hash(key->key), sql_hash(key->request), sql_outcome(problem), sql_bytes(answer.at, answer.length),
           sql_bytes(problem.at, problem.length), sql_int(at_us));
    tx->may_write = may_write;
}

void idempotency_forget(struct tx *tx, const struct idempotency_key *key)
{
    ASSERT(!find_waiting(tx->log, key));
    bool may_write = tx->may_write;
    tx->may_write = true;
    SQL_DO(tx, "DELETE FROM souk_idempotency WHERE key = ?1", sql_hash(key->key));
    tx->may_write = may_write;
}

static int64_t time_at_or_after(struct tx *tx, int64_t number)
{
    return SQL_INT(tx, INT64_MAX, "SELECT at_us FROM souk_idempotency WHERE number >= ?1 ORDER BY number LIMIT 1", sql_int(number));
}

/* The first number that is not older; there are gaps. */
static int64_t first_not_older(struct tx *tx, int64_t than_us)
{
    int64_t older = 0;
    int64_t newer = SQL_INT(tx, 0, "SELECT MAX(number) FROM souk_idempotency") + 1;
    while (newer - older > 1) {
        int64_t middle = older + (newer - older) / 2;
        if (time_at_or_after(tx, middle) < than_us)
            older = middle;
        else
            newer = middle;
    }
    return newer;
}

int64_t idempotency_forget_older(struct tx *tx, int64_t than_us)
{
    int64_t end = first_not_older(tx, than_us);
    bool may_write = tx->may_write;
    tx->may_write = true;
    int64_t forgotten = SQL_COUNT(tx,
                               "DELETE FROM souk_idempotency WHERE number IN (SELECT number FROM souk_idempotency"
                               " WHERE number < ?1 AND (result IS NOT NULL OR left_behind = 1) ORDER BY number LIMIT ?2)",
                               sql_int(end), sql_int(IDEMPOTENCY_FORGET_MAX));
    tx->may_write = may_write;
    return forgotten;
}

void idempotency_leave_claims(struct tx *tx)
{
    bool may_write = tx->may_write;
    tx->may_write = true;
    SQL_DO(tx, "UPDATE souk_idempotency SET left_behind = 1 WHERE result IS NULL");
    tx->may_write = may_write;
}
