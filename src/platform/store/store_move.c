#include "platform/store/store_move.h"

#include "base/assert.h"
#include "base/limits.h"
#include "platform/store/digest.h"
#include "platform/store/table_scan.h"

#include <stdio.h>
#include <string.h>

#define MARK "souk_move"
/* A transaction of the target: what it holds in memory, and what is lost when it breaks. */
#define BATCH_ROWS 5000
#define BATCH_BYTES (8 << 20)
#define COLUMNS_MAX 64

/* --- what is there --- */

static bool has_table(struct tx *tx, const char *name)
{
    struct table *tables;
    size_t count = store_every_table(tx, false, &tables);
    for (size_t i = 0; i < count; i++)
        if (strcmp(tables[i].name, name) == 0)
            return true;
    return false;
}

bool move_is_unfinished(struct tx *tx)
{
    return has_table(tx, MARK);
}

static bool has_row(struct tx *tx, const char *table)
{
    struct table_scan scan;
    table_scan_begin(&scan, tx, table);
    bool found = table_scan_next(&scan);
    table_scan_end(&scan);
    return found;
}

bool move_is_empty(struct tx *tx)
{
    struct table *tables;
    size_t count = store_every_table(tx, false, &tables);
    for (size_t i = 0; i < count; i++)
        if (strcmp(tables[i].name, "souk_migration") != 0 && has_row(tx, tables[i].name))
            return false;
    return !tx->failed;
}

/* --- transactions of the target --- */

static struct tx *begin(struct connection *target)
{
    struct tx *tx = tx_begin(target);
    tx->arena = arena_new(LIMIT_BULK_ARENA);
    tx->may_write = true;
    return tx;
}

static bool end(struct tx *tx, char error[512])
{
    arena_free(tx->arena);
    tx->arena = NULL;
    if (tx_commit(tx))
        return true;
    if (*error == '\0')
        snprintf(error, 512, "The store that is moved to can't be written; the log says why.");
    return false;
}

bool move_begin(struct connection *target, char error[512])
{
    struct table *tables;
    *error = '\0';
    struct tx *tx = begin(target);
    size_t count = store_every_table(tx, false, &tables);
    for (size_t i = 0; i < count; i++)
        sql_script(tx, arena_printf(tx->arena, "DROP TABLE \"%s\"", tables[i].name));
    sql_script(tx, "CREATE TABLE " MARK " (at_us BIGINT NOT NULL)");
    return end(tx, error);
}

bool move_finish(struct connection *target, char error[512])
{
    *error = '\0';
    struct tx *tx = begin(target);
    sql_script(tx, "DROP TABLE IF EXISTS " MARK);
    return end(tx, error);
}

/* What migrations have put into the tables is in the source's, too. */
static bool empty_tables(struct connection *target, char error[512])
{
    struct table *tables;
    *error = '\0';
    struct tx *tx = begin(target);
    size_t count = store_every_table(tx, false, &tables);
    for (size_t i = 0; i < count; i++)
        sql_script(tx, arena_printf(tx->arena, "DELETE FROM \"%s\"", tables[i].name));
    return end(tx, error);
}

/* --- copying --- */

static struct sql_value value_of(const struct table_scan *scan, int column)
{
    const struct store_back *back = scan->back;
    struct text bytes;
    switch (back->column_kind(scan->statement, column)) {
    case SQL_KIND_NULL:
        return sql_null();
    case SQL_KIND_INTEGER:
        return sql_int(back->column_int(scan->statement, column));
    case SQL_KIND_TEXT:
        return sql_text(back->column_text(scan->statement, column));
    case SQL_KIND_BYTES:
        bytes = back->column_bytes(scan->statement, column);
        return sql_bytes(bytes.at, bytes.length);
    }
    ASSERT(false);
}

struct load {
    const struct store_back *back;
    struct tx *tx;
    struct statement *insert; /* where the back has nothing faster */
};

static const char *insert_text(struct arena *arena, const char *table, int columns)
{
    struct buffer sql;
    buffer_init(&sql, 4096);
    buffer_printf(&sql, "INSERT INTO \"%s\" VALUES (?1", table);
    for (int i = 2; i <= columns; i++)
        buffer_printf(&sql, ", ?%d", i);
    buffer_add_char(&sql, ')');
    const char *text = arena_strndup(arena, sql.at, sql.length);
    buffer_release(&sql);
    return text;
}

static bool load_begin(struct load *load, struct connection *target, const char *table, int columns, char error[512])
{
    *load = (struct load){.back = target->store->back, .tx = begin(target)};
    if (load->back->load_begin)
        return !load->tx->failed && load->back->load_begin(load->tx, table, error);
    if (!load->tx->failed)
        load->insert = load->back->prepare(load->tx, insert_text(load->tx->arena, table, columns));
    return load->insert;
}

static bool load_row(struct load *load, const struct sql_value *values, size_t count, char error[512])
{
    if (!load->insert)
        return load->back->load_row(load->tx, values, count, error);
    load->back->execute(load->tx, load->insert, values, count, false);
    return !load->tx->failed;
}

/* However it went on: the transaction ends. */
static bool load_end(struct load *load, bool done, const char *table, bool is_last, char error[512])
{
    if (load->insert)
        load->back->discard(load->insert);
    else if (done)
        done = load->back->load_end(load->tx, error);
    if (done && is_last && load->back->loaded)
        load->back->loaded(load->tx, table);
    load->tx->failed = load->tx->failed || !done;
    return end(load->tx, error);
}

/* One transaction of the target. False in `more` when the table has no more rows. */
static bool copy_batch(struct table_scan *scan, struct connection *target, const char *table, bool *more, int64_t *rows, char error[512])
{
    struct load load;
    struct sql_value values[COLUMNS_MAX];
    size_t bytes = 0;
    int64_t before = *rows;
    bool done = load_begin(&load, target, table, scan->columns, error);
    *more = true;
    while (done && bytes < BATCH_BYTES && *rows - before < BATCH_ROWS) {
        *more = table_scan_next(scan);
        if (!*more)
            break;
        for (int i = 0; i < scan->columns; i++) {
            values[i] = value_of(scan, i);
            bytes += values[i].text.length;
        }
        done = load_row(&load, values, (size_t)scan->columns, error);
        ++*rows;
    }
    return load_end(&load, done, table, !*more, error);
}

static bool copy_table(struct tx *source, struct connection *target, const char *table, struct move_progress *progress, char error[512])
{
    struct table_scan scan;
    bool more = true;
    bool done = true;
    table_scan_begin(&scan, source, table);
    ASSERT(scan.columns <= COLUMNS_MAX);
    while (done && more && !source->failed) {
        done = copy_batch(&scan, target, table, &more, &progress->rows, error);
        if (progress->show)
            progress->show(progress->data, progress->rows, progress->total);
    }
    table_scan_end(&scan);
    if (done && source->failed)
        snprintf(error, 512, "The store that is moved from can't be read; the log says why.");
    return done && !source->failed;
}

static int64_t count_rows(struct tx *tx, const struct table *tables, size_t count)
{
    int64_t rows = 0;
    for (size_t i = 0; i < count && !tx->failed; i++) {
        const struct store_back *back = tx->connection->store->back;
        struct statement *statement = back->prepare(tx, arena_printf(tx->arena, "SELECT COUNT(*) FROM \"%s\"", tables[i].name));
        if (!statement)
            break;
        back->start(tx, statement, NULL, 0);
        back->fetch(tx, statement);
        if (!tx->failed && back->step(tx, statement))
            rows += back->column_int(statement, 0);
        back->finish(statement);
        back->discard(statement);
    }
    return rows;
}

bool move_copy(struct tx *source, struct connection *target, const struct migration *migrations, size_t count,
               struct move_progress *progress, char error[512])
{
    struct table *tables;
    *error = '\0';
    if (!event_log_make_tables(target, migrations, count, error) || !empty_tables(target, error))
        return false;
    size_t table_count = store_every_table(source, false, &tables);
    progress->rows = 0;
    progress->total = count_rows(source, tables, table_count);
    for (size_t i = 0; i < table_count; i++)
        if (!copy_table(source, target, tables[i].name, progress, error))
            return false;
    return true;
}

/* --- comparing --- */

static bool same_table(const struct table *from, const struct table *to, char error[512])
{
    if (strcmp(from->name, to->name) == 0 && strcmp(from->digest, to->digest) == 0)
        return true;
    snprintf(error, 512, "The table %.100s is not what it was: %lld rows, where %lld were read.", from->name, (long long)to->row_count,
             (long long)from->row_count);
    return false;
}

/* Without the mark. */
static size_t tables_of(struct tx *tx, struct table **tables)
{
    size_t count = store_every_table(tx, true, tables);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (strcmp((*tables)[i].name, MARK) != 0)
            (*tables)[kept++] = (*tables)[i];
    return kept;
}

bool move_compare(struct tx *source, struct tx *target, struct move_summary *summary, char error[512])
{
    struct table *from, *to;
    struct digest digest;
    uint8_t hash[DIGEST_BYTES];
    struct event_log_head head;
    *summary = (struct move_summary){.tables = tables_of(source, &from)};
    bool same = summary->tables == tables_of(target, &to);
    snprintf(error, 512, "The stores have different tables, or can't be read.");
    for (size_t i = 0; same && i < summary->tables; i++)
        same = same_table(&from[i], &to[i], error);
    if (!same || event_log_verify(source, error) != 0 || event_log_verify(target, error) != 0 || source->failed || target->failed)
        return false;

    event_log_head(target, &head);
    summary->events = head.number;
    digest_init(&digest);
    for (size_t i = 0; i < summary->tables; i++) {
        summary->rows += to[i].row_count;
        digest_add_text(&digest, text_of(to[i].digest));
    }
    digest_end(&digest, hash);
    digest_format(hash, summary->digest);
    return true;
}
