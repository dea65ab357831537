/*
 * What was answered to which key, so that the same request asked twice is done once (event_log.h).
 *
 *     (nothing) --idempotency_claim--> claimed --idempotency_store--> answered
 *         |                               +----idempotency_forget---> (nothing)
 *         |                               |  +---idempotency_leave_claims---> left behind --older--> (nothing)
 *         |                               +<-----idempotency_claim----------------+
 *         +------------------------------------idempotency_store----> answered --older--> (nothing)
 *
 * A record's time is that of the first request under its key, and stays. So records are numbered in the order of their times, the old
 * ones are at the front, and no index by time is written with every command.
 */
#include "base/assert.h"
#include "platform/store/event_log.h"

static struct sql_value sql_hash(const uint8_t hash[IDEMPOTENCY_HASH_BYTES])
{
    return sql_bytes(hash, IDEMPOTENCY_HASH_BYTES);
}

/* In the arena. */
static struct text column_copy(const struct sql_rows *rows, int column)
{
    struct text bytes = sql_get_bytes(rows, column);
    return (struct text){arena_strndup(rows->tx->arena, bytes.at, bytes.length), bytes.length};
}

struct idempotency_record idempotency_find(struct tx *tx, const struct idempotency_key *key)
{
    struct idempotency_record record = {0};
    struct sql_rows rows = SQL_SELECT(tx, "SELECT request, result, answer, problem, worker, left_behind FROM souk_idempotency"
                                      " WHERE key = ?1", sql_hash(key->key));
    if (sql_next(&rows)) {
        record.found = true;
        record.left_behind = sql_is_null(&rows, 1) && sql_get_int(&rows, 5) == 1;
        record.running = sql_is_null(&rows, 1) && !record.left_behind;
        record.worker = sql_get_string(&rows, 4);
        record.same_request =
            text_equal(sql_get_bytes(&rows, 0), (struct text){(const char *)key->request, IDEMPOTENCY_HASH_BYTES});
        record.result = (enum result)sql_get_int(&rows, 1);
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

void idempotency_store(struct tx *tx, const struct idempotency_key *key, enum result result, struct text answer,
                       struct text problem, int64_t at_us)
{
    bool may_write = tx->may_write;
    tx->may_write = true;
    SQL_DO(tx,
           "INSERT INTO souk_idempotency (key, request, result, answer, problem, at_us) VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
           " ON CONFLICT (key) DO UPDATE SET result = excluded.result, answer = excluded.answer,"
           " problem = excluded.problem",
           sql_hash(key->key), sql_hash(key->request), sql_int(result), sql_bytes(answer.at, answer.length),
           sql_bytes(problem.at, problem.length), sql_int(at_us));
    tx->may_write = may_write;
}

void idempotency_forget(struct tx *tx, const struct idempotency_key *key)
{
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
