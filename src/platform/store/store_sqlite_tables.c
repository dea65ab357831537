/*
 * Computed tables of the SQLite back: which there are, what is in them, and away with them.
 *
 * The digest of a table is a hash over its name, its columns and the sum (modulo 2^256) of the hashes of its rows. A sum, because
 * the same rows may be stored in another order after a rebuild, and sorting a million rows to compare them would take
 * memory that a small machine does not have.
 */
#include "platform/store/store_sqlite_internal.h"

#include "base/assert.h"
#include "platform/store/digest.h"

#include <stdlib.h>

/* A service has one to two dozen tables. */
#define TABLES_MAX 256

/* --- statements whose text is made here: not for the cache --- */

static sqlite3_stmt *prepare(struct tx *tx, const char *sql)
{
    sqlite3_stmt *handle = NULL;
    if (tx->failed)
        return NULL;
    int code = sqlite3_prepare_v2(tx->connection->database, sql, -1, &handle, NULL);
    if (code != SQLITE_OK)
        sqlite_went_wrong(tx, code, sql);
    return handle;
}

static bool step(struct tx *tx, sqlite3_stmt *handle)
{
    if (!handle || tx->failed)
        return false;
    int code = sqlite3_step(handle);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        sqlite_went_wrong(tx, code, sqlite3_sql(handle));
    return code == SQLITE_ROW;
}

/* --- rows --- */

/* Each value with its type, so that the number 1 and the text "1" differ. */
static void add_value(struct digest *digest, sqlite3_stmt *handle, int column)
{
    int type = sqlite3_column_type(handle, column);
    digest_add_int64(digest, type);
    if (type == SQLITE_NULL)
        return;
    if (type == SQLITE_INTEGER) {
        digest_add_int64(digest, sqlite3_column_int64(handle, column));
        return;
    }
    /* text and bytes; a real number, which no table of ours should have, as its text */
    const void *at = type == SQLITE_BLOB ? sqlite3_column_blob(handle, column) : sqlite3_column_text(handle, column);
    size_t length = (size_t)sqlite3_column_bytes(handle, column);
    digest_add_text(digest, (struct text){at ? at : "", length});
}

/* 256-bit addition, least significant word first. */
static void sum_add(uint64_t sum[4], const uint8_t hash[DIGEST_BYTES])
{
    uint64_t carry = 0;
    for (int i = 0; i < 4; i++) {
        uint64_t word;
        memcpy(&word, hash + 8 * i, sizeof word);
        uint64_t with_carry = word + carry;
        carry = with_carry < word;
        sum[i] += with_carry;
        carry += sum[i] < with_carry;
    }
}

static void table_digest(struct tx *tx, struct table *table)
{
    sqlite3_stmt *handle = prepare(tx, arena_printf(tx->arena, "SELECT * FROM \"%s\"", table->name));
    struct digest row;
    struct digest whole;
    uint8_t hash[DIGEST_BYTES];
    uint64_t sum[4] = {0};
    digest_init(&row);
    digest_init(&whole);
    int columns = handle ? sqlite3_column_count(handle) : 0;
    while (step(tx, handle)) {
        for (int i = 0; i < columns; i++)
            add_value(&row, handle, i);
        digest_next(&row, hash);
        sum_add(sum, hash);
        table->row_count++;
    }
    digest_add_text(&whole, text_of(table->name));
    for (int i = 0; i < columns; i++)
        digest_add_text(&whole, text_of(sqlite3_column_name(handle, i)));
    digest_add_int64(&whole, table->row_count);
    digest_add(&whole, sum, sizeof sum);
    sqlite3_finalize(handle);
    digest_end(&row, hash);
    digest_end(&whole, hash);
    digest_format(hash, table->digest);
}

/* --- tables --- */

size_t store_tables(struct tx *tx, bool digests, struct table **tables)
{
    struct table *found = ARENA_ARRAY(tx->arena, struct table, TABLES_MAX);
    size_t count = 0;
    sqlite3_stmt *handle = prepare(tx, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
                                       " AND name NOT IN ('souk_event', 'souk_idempotency', 'souk_inbox', 'souk_migration')"
                                       " ORDER BY name");
    while (step(tx, handle)) {
        ASSERT(count < TABLES_MAX);
        found[count++].name = arena_strdup(tx->arena, (const char *)sqlite3_column_text(handle, 0));
    }
    sqlite3_finalize(handle);
    for (size_t i = 0; digests && i < count; i++)
        table_digest(tx, &found[i]);
    *tables = found;
    return count;
}

void store_digest(struct tx *tx, char out[65])
{
    struct table *tables;
    size_t count = store_tables(tx, true, &tables);
    struct digest digest;
    uint8_t hash[DIGEST_BYTES];
    digest_init(&digest);
    for (size_t i = 0; i < count; i++)
        digest_add_text(&digest, text_of(tables[i].digest));
    digest_end(&digest, hash);
    digest_format(hash, out);
}

void store_drop_tables(struct tx *tx)
{
    struct table *tables;
    size_t count = store_tables(tx, false, &tables);
    for (size_t i = 0; i < count; i++) {
        bool is_platform = strncmp(tables[i].name, "souk_", 5) == 0;
        sql_script(tx, arena_printf(tx->arena, is_platform ? "DELETE FROM \"%s\"" : "DROP TABLE \"%s\"", tables[i].name));
    }
}
