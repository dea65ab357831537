/*
 * Statements of the SQLite back: prepared once per connection, found by the address of their text, values bound, rows read.
 *
 * Looking a statement up by address costs a few nanoseconds, and finds a text that is not a constant: its address comes back with
 * another text, which is an assertion. A statement that is asked for again while its rows are being read (a query inside the
 * loop of the same query) gets a second copy.
 */
#include "platform/store/store_sqlite_internal.h"

#include "base/assert.h"
#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>

/* A service has about a hundred statements; many more means that somebody makes SQL texts at run time. */
#define STATEMENTS_MAX 1024
#define STATEMENTS_AT_FIRST 64

/* --- what goes wrong --- */

static _Noreturn void sql_is_wrong(const char *why, const char *sql)
{
    char message[2048];
    snprintf(message, sizeof message, "%s: %s", why, sql);
    assertion_failed(message, __FILE__, __LINE__, "sql");
}

void sqlite_went_wrong(struct tx *tx, int code, const char *sql)
{
    sqlite3 *database = tx->connection->database;
    switch (code & 0xff) {
    case SQLITE_ERROR:      /* no such table, a syntax error */
    case SQLITE_CONSTRAINT: /* a command checks before it emits, so that apply can't fail */
    case SQLITE_MISMATCH:
    case SQLITE_MISUSE:
    case SQLITE_RANGE:
    case SQLITE_TOOBIG:
        sql_is_wrong(sqlite3_errmsg(database), sql);
    default:
        break;
    }
    if (tx->failed)
        return;
    tx->failed = true;
    LOG_ERROR("the store failed", log_text("store", tx->connection->store->path), log_text("reason", sqlite3_errstr(code)),
              log_int("code", code), log_text("sql", sql));
}

/* --- the cache --- */

static size_t slot_of(const struct statement_cache *cache, const char *sql)
{
    uint64_t hash = (uint64_t)(uintptr_t)sql * 0x9e3779b97f4a7c15u; /* Fibonacci hashing: spreads neighbouring addresses */
    return (size_t)(hash >> 32) & (cache->capacity - 1);
}

static void cache_put(struct statement_cache *cache, struct statement *statement)
{
    size_t slot = slot_of(cache, statement->sql);
    while (cache->slots[slot])
        slot = (slot + 1) & (cache->capacity - 1);
    cache->slots[slot] = statement;
}

/* At most half full, so that a search is short and ends. */
static void cache_make_room(struct statement_cache *cache)
{
    if (cache->count < cache->capacity / 2)
        return;
    struct statement_cache larger = {.capacity = cache->capacity ? 2 * cache->capacity : STATEMENTS_AT_FIRST, .count = cache->count};
    larger.slots = calloc(larger.capacity, sizeof(struct statement *));
    ASSERT(larger.slots);
    for (size_t i = 0; i < cache->capacity; i++)
        if (cache->slots[i])
            cache_put(&larger, cache->slots[i]);
    free(cache->slots);
    *cache = larger;
}

static struct statement *cache_find(const struct statement_cache *cache, const char *sql)
{
    if (cache->capacity == 0)
        return NULL;
    for (size_t slot = slot_of(cache, sql); cache->slots[slot]; slot = (slot + 1) & (cache->capacity - 1)) {
        struct statement *statement = cache->slots[slot];
        if (statement->sql != sql || statement->in_use)
            continue;
        if (strcmp(sqlite3_sql(statement->handle), sql) != 0)
            sql_is_wrong("an SQL text must be a constant, this one has changed", sql);
        return statement;
    }
    return NULL;
}

static struct statement *statement_prepare(struct tx *tx, const char *sql)
{
    struct connection *connection = tx->connection;
    if (connection->statements.count == STATEMENTS_MAX)
        sql_is_wrong("too many different SQL texts on one connection", sql);

    sqlite3_stmt *handle = NULL;
    const char *rest = NULL;
    int code = sqlite3_prepare_v3(connection->database, sql, -1, SQLITE_PREPARE_PERSISTENT, &handle, &rest);
    if (code != SQLITE_OK) {
        sqlite_went_wrong(tx, code, sql);
        return NULL;
    }
    if (!handle || *rest != '\0')
        sql_is_wrong("not exactly one statement", sql);

    struct statement *statement = calloc(1, sizeof *statement);
    ASSERT(statement);
    *statement = (struct statement){.sql = sql,
                                    .handle = handle,
                                    .parameter_count = (size_t)sqlite3_bind_parameter_count(handle),
                                    .writes = !sqlite3_stmt_readonly(handle)};
    cache_make_room(&connection->statements);
    cache_put(&connection->statements, statement);
    connection->statements.count++;
    return statement;
}

struct statement *statement_take(struct tx *tx, const char *sql)
{
    if (tx->failed)
        return NULL;
    struct statement *statement = cache_find(&tx->connection->statements, sql);
    if (!statement)
        statement = statement_prepare(tx, sql);
    if (statement) {
        statement->in_use = true;
        tx->connection->statements_in_use++;
    }
    return statement;
}

void statement_give(struct connection *connection, struct statement *statement)
{
    sqlite3_reset(statement->handle); /* its code was looked at when it was stepped */
    if (statement->parameter_count > 0)
        sqlite3_clear_bindings(statement->handle); /* they may point to what is about to go */
    statement->in_use = false;
    connection->statements_in_use--;
}

void statement_cache_release(struct statement_cache *cache)
{
    for (size_t i = 0; i < cache->capacity; i++) {
        if (!cache->slots[i])
            continue;
        sqlite3_finalize(cache->slots[i]->handle);
        free(cache->slots[i]);
    }
    free(cache->slots);
    *cache = (struct statement_cache){0};
}

/* --- values --- */

static int bind(sqlite3_stmt *handle, int place, const struct sql_value *value, sqlite3_destructor_type lifetime)
{
    /* SQLite takes a NULL pointer for NULL, whatever the length */
    const char *at = value->text.at ? value->text.at : "";
    switch (value->kind) {
    case SQL_NULL:
        return sqlite3_bind_null(handle, place);
    case SQL_INTEGER:
        return sqlite3_bind_int64(handle, place, value->integer);
    case SQL_TEXT:
        return sqlite3_bind_text64(handle, place, at, value->text.length, lifetime, SQLITE_UTF8);
    case SQL_BYTES:
        return sqlite3_bind_blob64(handle, place, at, value->text.length, lifetime);
    }
    ASSERT(false);
}

static struct statement *statement_start(struct tx *tx, const char *sql, const struct sql_value *values, size_t count,
                                         sqlite3_destructor_type lifetime)
{
    ASSERT(tx->connection->in_transaction);
    struct statement *statement = statement_take(tx, sql);
    if (!statement)
        return NULL;
    if (statement->parameter_count != count)
        sql_is_wrong("the number of values does not match", sql);
    if (statement->writes && (!tx->may_write || tx->connection->kind != CONNECTION_WRITER))
        sql_is_wrong("only apply functions and projections may write", sql);

    for (size_t i = 0; i < count; i++) {
        int code = bind(statement->handle, (int)i + 1, &values[i], lifetime);
        if (code == SQLITE_OK)
            continue;
        sqlite_went_wrong(tx, code, sql);
        statement_give(tx->connection, statement);
        return NULL;
    }
    return statement;
}

/* --- running --- */

void sqlite_run(struct tx *tx, const char *sql)
{
    struct statement *statement = statement_take(tx, sql);
    if (!statement)
        return;
    int code = sqlite3_step(statement->handle);
    if (code != SQLITE_DONE)
        sqlite_went_wrong(tx, code, sql);
    statement_give(tx->connection, statement);
}

int64_t sql_do(struct tx *tx, const char *sql, const struct sql_value *values, size_t count)
{
    struct statement *statement = statement_start(tx, sql, values, count, SQLITE_STATIC);
    if (!statement)
        return 0;
    int code = sqlite3_step(statement->handle);
    if (code == SQLITE_ROW)
        sql_is_wrong("it gives rows: use SQL_SELECT", sql);
    if (code != SQLITE_DONE)
        sqlite_went_wrong(tx, code, sql);
    statement_give(tx->connection, statement);
    return tx->failed ? 0 : sqlite3_changes64(tx->connection->database);
}

struct sql_rows sql_select(struct tx *tx, const char *sql, const struct sql_value *values, size_t count)
{
    return (struct sql_rows){.tx = tx, .statement = statement_start(tx, sql, values, count, SQLITE_TRANSIENT)};
}

bool sql_next(struct sql_rows *rows)
{
    struct statement *statement = rows->statement;
    if (!statement)
        return false;
    if (!rows->tx->failed) {
        int code = sqlite3_step(statement->handle);
        if (code == SQLITE_ROW)
            return true;
        if (code != SQLITE_DONE)
            sqlite_went_wrong(rows->tx, code, statement->sql);
    }
    sql_stop(rows);
    return false;
}

void sql_stop(struct sql_rows *rows)
{
    if (rows->statement)
        statement_give(rows->tx->connection, rows->statement);
    rows->statement = NULL;
}

static sqlite3_stmt *row_of(const struct sql_rows *rows, int column)
{
    const struct statement *statement = rows->statement;
    ASSERT(statement);
    ASSERT(column >= 0 && column < sqlite3_data_count(statement->handle));
    return statement->handle;
}

bool sql_is_null(const struct sql_rows *rows, int column)
{
    return sqlite3_column_type(row_of(rows, column), column) == SQLITE_NULL;
}

int64_t sql_get_int(const struct sql_rows *rows, int column)
{
    return sqlite3_column_int64(row_of(rows, column), column);
}

struct text sql_get_text(const struct sql_rows *rows, int column)
{
    sqlite3_stmt *handle = row_of(rows, column);
    const char *at = (const char *)sqlite3_column_text(handle, column);
    return at ? (struct text){at, (size_t)sqlite3_column_bytes(handle, column)} : TEXT("");
}

struct text sql_get_bytes(const struct sql_rows *rows, int column)
{
    sqlite3_stmt *handle = row_of(rows, column);
    const char *at = sqlite3_column_blob(handle, column);
    return at ? (struct text){at, (size_t)sqlite3_column_bytes(handle, column)} : TEXT("");
}

const char *sql_get_string(const struct sql_rows *rows, int column)
{
    struct text text = sql_get_text(rows, column);
    return arena_strndup(rows->tx->arena, text.at, text.length);
}

int64_t sql_select_int(struct tx *tx, int64_t otherwise, const char *sql, const struct sql_value *values, size_t count)
{
    struct sql_rows rows = sql_select(tx, sql, values, count);
    int64_t number = otherwise;
    if (sql_next(&rows) && !sql_is_null(&rows, 0))
        number = sql_get_int(&rows, 0);
    sql_stop(&rows);
    return number;
}

const char *sql_select_string(struct tx *tx, const char *sql, const struct sql_value *values, size_t count)
{
    struct sql_rows rows = sql_select(tx, sql, values, count);
    const char *string = NULL;
    if (sql_next(&rows) && !sql_is_null(&rows, 0))
        string = sql_get_string(&rows, 0);
    sql_stop(&rows);
    return string;
}

static int script_run(struct tx *tx, const char *sql)
{
    ASSERT(tx->connection->in_transaction && tx->may_write);
    return sqlite3_exec(tx->connection->database, sql, NULL, NULL, NULL);
}

bool sql_try_script(struct tx *tx, const char *sql, char error[512])
{
    if (!tx->failed && script_run(tx, sql) == SQLITE_OK)
        return true;
    tx->failed = true;
    snprintf(error, 512, "%s", sqlite3_errmsg(tx->connection->database));
    return false;
}

void sql_script(struct tx *tx, const char *sql)
{
    if (tx->failed)
        return;
    int code = script_run(tx, sql);
    if (code != SQLITE_OK)
        sqlite_went_wrong(tx, code, sql);
}
