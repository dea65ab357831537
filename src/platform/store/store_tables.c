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
#include "platform/store/table_scan.h"

#include <stdlib.h>

/* A service has one to two dozen tables. */
#define TABLES_MAX 256

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
    struct table_scan scan;
    struct digest row;
    struct digest whole;
    uint8_t hash[DIGEST_BYTES];
    uint64_t sum[4] = {0};
    digest_init(&row);
    digest_init(&whole);
    table_scan_begin(&scan, tx, table->name);
    digest_add_text(&whole, text_of(table->name));
    for (int i = 0; i < scan.columns; i++)
        digest_add_text(&whole, text_of(scan.back->column_name(scan.statement, i)));
    while (table_scan_next(&scan)) {
        for (int i = 0; i < scan.columns; i++)
            add_value(&row, scan.back, scan.statement, i);
        digest_next(&row, hash);
        sum_add(sum, hash);
        table->row_count++;
    }
    table_scan_end(&scan);
    digest_add_int64(&whole, table->row_count);
    digest_add(&whole, sum, sizeof sum);
    digest_end(&row, hash);
    digest_end(&whole, hash);
    digest_format(hash, table->digest);
}

/* --- tables --- */

static bool is_computed(struct text name)
{
    static const char *const records[] = {"souk_dead_letter", "souk_event", "souk_idempotency", "souk_inbox",
                                          "souk_instance", "souk_leader", "souk_migration"};
    for (size_t i = 0; i < sizeof records / sizeof *records; i++)
        if (text_is(name, records[i]))
            return false;
    return true;
}

/* All tables but the database's own, by name. */
static size_t tables_find(struct tx *tx, bool (*is_wanted)(struct text name), struct table **tables)
{
    const struct store_back *back = tx->connection->store->back;
    struct table *found = ARENA_ARRAY(tx->arena, struct table, TABLES_MAX);
    size_t count = 0;
    struct statement *statement = tx->failed ? NULL : back->prepare(tx, back->table_names);
    *tables = found;
    if (!statement)
        return 0;
    back->start(tx, statement, NULL, 0);
    back->fetch(tx, statement);
    while (!tx->failed && back->step(tx, statement)) {
        struct text name = back->column_text(statement, 0);
        if (is_wanted && !is_wanted(name))
            continue;
        ASSERT(count < TABLES_MAX);
        found[count++].name = arena_strndup(tx->arena, name.at, name.length);
    }
    back->finish(statement);
    back->discard(statement);
    return count;
}

static size_t tables_read(struct tx *tx, bool (*is_wanted)(struct text name), bool digests, struct table **tables)
{
    size_t count = tables_find(tx, is_wanted, tables);
    for (size_t i = 0; digests && i < count; i++)
        table_digest(tx, &(*tables)[i]);
    return count;
}

size_t store_tables(struct tx *tx, bool digests, struct table **tables)
{
    return tables_read(tx, is_computed, digests, tables);
}

size_t store_every_table(struct tx *tx, bool digests, struct table **tables)
{
    return tables_read(tx, NULL, digests, tables);
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
