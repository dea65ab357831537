/*
 * Statements of the SQLite back: prepared, values bound, rows read.
 */
#include "platform/store/store_sqlite_internal.h"

#include "base/assert.h"

#include <stdio.h>
#include <stdlib.h>

struct sqlite_statement {
    struct statement statement;
    sqlite3_stmt *handle;
};

static sqlite3_stmt *handle_of(const struct statement *statement)
{
    return ((const struct sqlite_statement *)statement)->handle;
}

static sqlite3 *database_of(const struct tx *tx)
{
    return sqlite_of(tx->connection)->database;
}

/* --- what goes wrong --- */

static bool is_our_mistake(int code)
{
    switch (code & 0xff) {
    case SQLITE_ERROR:      /* no such table, a syntax error */
    case SQLITE_CONSTRAINT: /* a command checks before it emits, so that apply can't fail */
    case SQLITE_MISMATCH:
    case SQLITE_MISUSE:
    case SQLITE_RANGE:
    case SQLITE_TOOBIG:
        return true;
    default:
        return false;
    }
}

void sqlite_went_wrong(struct tx *tx, int code, const char *sql)
{
    if (is_our_mistake(code))
        sql_is_wrong(sqlite3_errmsg(database_of(tx)), sql);
    store_broke(tx, sqlite3_errstr(code), code, sql);
}

/* --- statements --- */

struct statement *sqlite_prepare(struct tx *tx, const char *sql)
{
    sqlite3_stmt *handle = NULL;
    const char *rest = NULL;
    int code = sqlite3_prepare_v3(database_of(tx), sql, -1, SQLITE_PREPARE_PERSISTENT, &handle, &rest);
    if (code != SQLITE_OK) {
        sqlite_went_wrong(tx, code, sql);
        return NULL;
    }
    if (!handle || *rest != '\0')
        sql_is_wrong("not exactly one statement", sql);

    struct sqlite_statement *prepared = calloc(1, sizeof *prepared);
    ASSERT(prepared);
    prepared->handle = handle;
    prepared->statement = (struct statement){.sql = sql,
                                             .text = sqlite3_sql(handle),
                                             .parameter_count = (size_t)sqlite3_bind_parameter_count(handle),
                                             .writes = !sqlite3_stmt_readonly(handle)};
    return &prepared->statement;
}

void sqlite_discard(struct statement *statement)
{
    sqlite3_finalize(handle_of(statement));
    free(statement);
}

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

static void bind_all(struct tx *tx, struct statement *statement, const struct sql_value *values, size_t count,
                     sqlite3_destructor_type lifetime)
{
    for (size_t i = 0; i < count && !tx->failed; i++) {
        int code = bind(handle_of(statement), (int)i + 1, &values[i], lifetime);
        if (code != SQLITE_OK)
            sqlite_went_wrong(tx, code, statement->sql);
    }
}

int64_t sqlite_execute(struct tx *tx, struct statement *statement, const struct sql_value *values, size_t count, bool counted)
{
    bind_all(tx, statement, values, count, SQLITE_STATIC);
    int code = tx->failed ? SQLITE_DONE : sqlite3_step(handle_of(statement));
    if (code == SQLITE_ROW)
        sql_is_wrong("it gives rows: use SQL_SELECT", statement->sql);
    if (code != SQLITE_DONE)
        sqlite_went_wrong(tx, code, statement->sql);
    sqlite_finish(statement);
    return counted ? sqlite3_changes64(database_of(tx)) : 0;
}

void sqlite_start(struct tx *tx, struct statement *statement, const struct sql_value *values, size_t count)
{
    bind_all(tx, statement, values, count, SQLITE_TRANSIENT);
}

void sqlite_fetch(struct tx *tx, struct statement *statement)
{
    (void)tx, (void)statement; /* rows come as they are stepped to */
}

bool sqlite_step(struct tx *tx, struct statement *statement)
{
    int code = sqlite3_step(handle_of(statement));
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        sqlite_went_wrong(tx, code, statement->sql);
    return code == SQLITE_ROW;
}

void sqlite_finish(struct statement *statement)
{
    sqlite3_reset(handle_of(statement)); /* its code was looked at when it was stepped */
    if (statement->parameter_count > 0)
        sqlite3_clear_bindings(handle_of(statement)); /* they may point to what is about to go */
}

/* --- columns --- */

int sqlite_column_count(const struct statement *statement)
{
    return sqlite3_column_count(handle_of(statement));
}

const char *sqlite_column_name(const struct statement *statement, int column)
{
    return sqlite3_column_name(handle_of(statement), column);
}

enum sql_kind sqlite_column_kind(const struct statement *statement, int column)
{
    switch (sqlite3_column_type(handle_of(statement), column)) {
    case SQLITE_NULL:
        return SQL_KIND_NULL;
    case SQLITE_INTEGER:
        return SQL_KIND_INTEGER;
    case SQLITE_BLOB:
        return SQL_KIND_BYTES;
    default: /* a real number, which no table of ours should have, counts as its text */
        return SQL_KIND_TEXT;
    }
}

int64_t sqlite_column_integer(const struct statement *statement, int column)
{
    return sqlite3_column_int64(handle_of(statement), column);
}

struct text sqlite_column_string(const struct statement *statement, int column)
{
    sqlite3_stmt *handle = handle_of(statement);
    const char *at = (const char *)sqlite3_column_text(handle, column);
    return at ? (struct text){at, (size_t)sqlite3_column_bytes(handle, column)} : TEXT("");
}

struct text sqlite_column_octets(const struct statement *statement, int column)
{
    sqlite3_stmt *handle = handle_of(statement);
    const char *at = sqlite3_column_blob(handle, column);
    return at ? (struct text){at, (size_t)sqlite3_column_bytes(handle, column)} : TEXT("");
}

/* --- scripts --- */

bool sqlite_script(struct tx *tx, const char *sql, char error[512])
{
    int code = sqlite3_exec(database_of(tx), sql, NULL, NULL, NULL);
    if (code == SQLITE_OK)
        return true;
    snprintf(error, 512, "%s", sqlite3_errmsg(database_of(tx)));
    if (!is_our_mistake(code))
        store_broke(tx, sqlite3_errstr(code), code, sql);
    return false;
}
