/*
 * Migrations: what makes a service's tables, run once each, in order (event_log_migrate).
 *
 * Two series share the table souk_migration: the platform's own (src/platform/store/migrations) and the service's. A script that has
 * run is never changed: its digest is kept, and another text under the same number is refused, since the tables of two
 * stores would differ for ever. Everything runs in one transaction, so a start that fails has changed nothing, and two processes that start at
 * once follow each other.
 *
 * Two versions of a program run side by side on one database (README.md). An additive script runs while the older version does; any other
 * waits until that has gone. What an older version finds in the table and does not know may be additive, or it is refused.
 */
#include "base/assert.h"
#include "base/limits.h"
#include "platform/store/digest.h"
#include "platform/store/event_log.h"
#include "platform/store/migrations.h"
#include "platform/store/store_back.h"
#include "platform/store/store_move.h"

#include <stdio.h>

struct series {
    const char *owner; /* "platform", "service" */
    const struct migration *migrations;
    size_t count;
};

static void script_digest(const struct migration *migration, char out[2 * DIGEST_BYTES + 1])
{
    struct digest digest;
    uint8_t hash[DIGEST_BYTES];
    digest_init(&digest);
    digest_add_text(&digest, text_of(migration->sql));
    digest_end(&digest, hash);
    digest_format(hash, out);
}

/* What has run beyond those that are known here. */
static bool check_newer(struct tx *tx, const struct series *series, char error[512])
{
    bool fits = true;
    struct sql_rows rows = SQL_SELECT(tx,
                                      "SELECT number, name FROM souk_migration WHERE owner = ?1 AND number > ?2 AND additive = 0"
                                      " ORDER BY number LIMIT 1",
                                      sql_string(series->owner), sql_int((int64_t)series->count));
    if (sql_next(&rows)) {
        fits = false;
        snprintf(error, 512,
                 "The store was written by a newer souk: its %s's migration %04d_%.100s is not known here, and this version can't go on"
                 " beside it. Run that version, or restore a backup made by this one.",
                 series->owner, (int)sql_get_int(&rows, 0), sql_get_text(&rows, 1).at);
    }
    sql_stop(&rows);
    return fits;
}

/* Of those that ran before: are they ours, unchanged? The number of the last one, or -1. */
static int check_past(struct tx *tx, const struct series *series, char error[512])
{
    int last = 0;
    struct sql_rows rows = SQL_SELECT(tx, "SELECT number, name, digest FROM souk_migration WHERE owner = ?1 ORDER BY number",
                                      sql_string(series->owner));
    while (last >= 0 && sql_next(&rows)) {
        int number = (int)sql_get_int(&rows, 0);
        char digest[2 * DIGEST_BYTES + 1];
        if (number > (int)series->count) {
            last = number;
            break;
        }
        script_digest(&series->migrations[number - 1], digest);
        last = number;
        if (text_is(sql_get_text(&rows, 2), digest))
            continue;
        snprintf(error, 512,
                 "The %s's migration %04d_%.100s has been changed since it ran on this store. Write a new migration instead; a store"
                 " without orders can be removed and made anew.",
                 series->owner, number, sql_get_text(&rows, 1).at);
        last = -1;
    }
    sql_stop(&rows);
    return last;
}

static bool run_one(struct tx *tx, const struct series *series, const struct migration *migration, char error[512])
{
    char why[512];
    if (!sql_try_script(tx, migration->sql, why)) {
        snprintf(error, 512, "The %s's migration %04d_%.100s fails: %.300s.", series->owner, migration->number,
                 migration->name, why);
        return false;
    }
    char digest[2 * DIGEST_BYTES + 1];
    script_digest(migration, digest);
    SQL_DO(tx, "INSERT INTO souk_migration (owner, number, name, digest, at_us) VALUES (?1, ?2, ?3, ?4, ?5)",
           sql_string(series->owner), sql_int(migration->number), sql_string(migration->name), sql_string(digest),
           sql_int(env_now_us(connection_env(tx->connection))));
    return true;
}

/* What is not additive needs the store alone; whatever it is, it does not wait long for those who read. */
static bool make_ready(struct tx *tx, const struct series *series, size_t first, char error[512])
{
    const struct store_back *back = tx->connection->store->back;
    const struct migration *breaking = NULL;
    for (size_t i = first; first > 0 && !breaking && i < series->count; i++) /* nobody goes on with what is just being made */
        breaking = series->migrations[i].additive ? NULL : &series->migrations[i];
    if (first >= series->count || !back->migrate_begin || back->migrate_begin(tx, breaking != NULL))
        return true;
    snprintf(error, 512, "Another souk writes to this store, and the %s's migration %04d_%.100s changes what it goes on with. Stop every"
                         " instance of the older version, then start this one.",
             series->owner, breaking ? breaking->number : 0, breaking ? breaking->name : "");
    return false;
}

static bool run_series(struct tx *tx, const struct series *series, char error[512])
{
    int last = check_past(tx, series, error);
    if (last < 0 || (last > (int)series->count && !check_newer(tx, series, error)))
        return false;
    if (!make_ready(tx, series, (size_t)last, error))
        return false;
    for (size_t i = (size_t)last; i < series->count; i++) {
        ASSERT(series->migrations[i].number == (int)i + 1);
        if (!run_one(tx, series, &series->migrations[i], error))
            return false;
    }
    return true;
}

/* After the platform's have run: one of them makes the column. */
static void note_additive(struct tx *tx, const struct series *series)
{
    struct sql_rows rows = SQL_SELECT(tx, "SELECT number FROM souk_migration WHERE owner = ?1 AND additive = 0 AND number <= ?2"
                                      " ORDER BY number", sql_string(series->owner), sql_int((int64_t)series->count));
    while (sql_next(&rows)) {
        const struct migration *migration = &series->migrations[sql_get_int(&rows, 0) - 1];
        if (migration->additive)
            SQL_DO(tx, "UPDATE souk_migration SET additive = 1 WHERE owner = ?1 AND number = ?2", sql_string(series->owner),
                   sql_int(migration->number));
    }
    sql_stop(&rows);
}

bool event_log_make_tables(struct connection *writer, const struct migration *migrations, size_t count, char error[512])
{
    const struct series platform = {"platform", platform_migrations, platform_migration_count};
    const struct series service = {"service", migrations, count};

    snprintf(error, 512, "The store can't be written.");
    struct tx *tx = tx_begin(writer);
    tx->may_write = true;
    sql_script(tx, "CREATE TABLE IF NOT EXISTS souk_migration (owner TEXT NOT NULL, number BIGINT NOT NULL, name TEXT NOT NULL,"
                   " digest TEXT NOT NULL, at_us BIGINT NOT NULL, PRIMARY KEY (owner, number))");
    if (!run_series(tx, &platform, error) || !run_series(tx, &service, error)) {
        tx_rollback(tx);
        return false;
    }
    note_additive(tx, &platform);
    note_additive(tx, &service);
    return tx_commit(tx);
}

/* What an interrupted move has left is no shop. */
static bool is_whole(struct tx *tx, char error[512])
{
    struct arena *arena = tx->arena;
    tx->arena = arena_new(LIMIT_CALL_ARENA);
    bool is_whole = !move_is_unfinished(tx);
    arena_free(tx->arena);
    tx->arena = arena;
    if (!is_whole)
        snprintf(error, 512, "A move into this store was interrupted, so it is not whole. Run the same `souk move` again; the store that"
                             " it came from is as it was.");
    return is_whole;
}

bool event_log_migrate(struct connection *writer, const struct migration *migrations, size_t count, char error[512])
{
    struct tx *tx = tx_begin(writer);
    bool whole = is_whole(tx, error);
    if (tx->failed)
        snprintf(error, 512, "The store can't be read.");
    whole = whole && !tx->failed;
    tx_rollback(tx);
    return whole && event_log_make_tables(writer, migrations, count, error);
}

bool event_log_is_current(struct tx *tx, const struct migration *migrations, size_t count, char error[512])
{
    const struct series all[] = {{"platform", platform_migrations, platform_migration_count}, {"service", migrations, count}};
    if (!is_whole(tx, error))
        return false;
    for (size_t i = 0; i < 2; i++) {
        int last = check_past(tx, &all[i], error);
        if (last > (int)all[i].count) {
            snprintf(error, 512, "The store was written by a newer souk. Ask that version.");
            last = -1;
        }
        if (last >= 0 && last < (int)all[i].count) {
            snprintf(error, 512, "The store was written by an older souk. `souk serve` brings it up to date.");
            last = -1;
        }
        if (last < 0)
            return false;
    }
    return true;
}

bool event_log_reset(struct tx *tx, const struct migration *migrations, size_t count, char error[512])
{
    const struct series service = {"service", migrations, count};
    bool may_write = tx->may_write;
    tx->may_write = true;
    store_drop_tables(tx);
    SQL_DO(tx, "DELETE FROM souk_migration WHERE owner = 'service'");
    bool done = run_series(tx, &service, error) && !tx->failed;
    if (done)
        note_additive(tx, &service);
    tx->failed = !done;
    tx->may_write = may_write;
    return done;
}
