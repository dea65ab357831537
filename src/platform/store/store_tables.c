/*
 * Computed tables: which there are, what is in them, and away with them.
 *
 * The digest of a table is a hash over its name, its columns and the sum (modulo 2^256) of the hashes of its rows. A sum, because
 * the same rows may be stored in another order after a rebuild, and sorting a million rows to compare them would take
 * memory that a small machine does not have.
 */
#include "platform/store/store_back.h"

#include "base/assert.h"
#include "platform/store/digest.h"

#include <stdlib.h>

/* A service has one to two dozen tables. */
#define TABLES_MAX 256

/* --- statements whose text is made here: not for the cache --- */

static const struct store_back *back_of(const struct tx *tx)
{
    return tx->connection->store->back;
}

static struct statement *begin(struct tx *tx, const char *sql)
{
    struct statement *statement = tx->failed ? NULL : back_of(tx)->prepare(tx, sql);
    if (statement) {
        back_of(tx)->start(tx, statement, NULL, 0);
        back_of(tx)->fetch(tx, statement);
    }
    return statement;
}

static bool step(struct tx *tx, struct statement *statement)
{
    return statement && !tx->failed && back_of(tx)->step(tx, statement);
}

static void end(struct tx *tx, struct statement *statement)
{
    if (!statement)
        return;
    back_of(tx)->finish(statement);
    back_of(tx)->discard(statement);
}

/* --- rows --- */

/* Each value with its kind, so that the number 1 and the text "1" differ. */
static void add_value(struct digest *digest, const struct store_back *back, const struct statement *statement, int column)
{
    enum sql_kind kind = back->column_kind(statement, column);
    digest_add_int64(digest, (int64_t)kind);
    switch (kind) {
    case SQL_KIND_NULL:
        break;
    case SQL_KIND_INTEGER:
        digest_add_int64(digest, back->column_int(statement, column));
        break;
    case SQL_KIND_TEXT:
        digest_add_text(digest, back->column_text(statement, column));
        break;
    case SQL_KIND_BYTES:
        digest_add_text(digest, back->column_bytes(statement, column));
        break;
    }
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
    const struct store_back *back = back_of(tx);
    struct statement *statement = begin(tx, arena_printf(tx->arena, "SELECT * FROM \"%s\"", table->name));
    struct digest row;
    struct digest whole;
    uint8_t hash[DIGEST_BYTES];
    uint64_t sum[4] = {0};
    digest_init(&row);
    digest_init(&whole);
    int columns = statement && !tx->failed ? back->column_count(statement) : 0;
    while (step(tx, statement)) {
        for (int i = 0; i < columns; i++)
            add_value(&row, back, statement, i);
        digest_next(&row, hash);
        sum_add(sum, hash);
        table->row_count++;
    }
    digest_add_text(&whole, text_of(table->name));
    for (int i = 0; i < columns; i++)
        digest_add_text(&whole, text_of(back->column_name(statement, i)));
    digest_add_int64(&whole, table->row_count);
    digest_add(&whole, sum, sizeof sum);
    end(tx, statement);
    digest_end(&row, hash);
    digest_end(&whole, hash);
    digest_format(hash, table->digest);
}

/* --- tables --- */

static bool is_computed(struct text name)
{
    static const char *const records[] = {"souk_dead_letter", "souk_event", "souk_idempotency", "souk_inbox", "souk_migration"};
    for (size_t i = 0; i < sizeof records / sizeof *records; i++)
        if (text_is(name, records[i]))
            return false;
    return true;
}

size_t store_tables(struct tx *tx, bool digests, struct table **tables)
{
    struct table *found = ARENA_ARRAY(tx->arena, struct table, TABLES_MAX);
    size_t count = 0;
    struct statement *statement = begin(tx, back_of(tx)->table_names);
    while (step(tx, statement)) {
        struct text name = back_of(tx)->column_text(statement, 0);
        if (!is_computed(name))
            continue;
        ASSERT(count < TABLES_MAX);
        found[count++].name = arena_strndup(tx->arena, name.at, name.length);
    }
    end(tx, statement);
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
