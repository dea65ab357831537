/*
 * What the files of the SQLite back share: store_sqlite.c (databases, connections, transactions), store_sqlite_statement.c (statements
 * and values).
 */
#ifndef SOUK_PLATFORM_STORE_SQLITE_INTERNAL_H
#define SOUK_PLATFORM_STORE_SQLITE_INTERNAL_H

#include "platform/store/store_back.h"

#include <sqlite3.h>

struct sqlite_store {
    struct store store; /* its path is what sqlite3_open_v2() gets */
    enum { STORE_FOLDER, STORE_MEMORY, STORE_TEMPORARY } place;
    char *lock_path; /* held by the writer; NULL for scratch, and in a simulated world, which is one process */
};

struct sqlite_connection {
    struct connection connection;
    sqlite3 *database;
    sqlite3_stmt *control[6];  /* begin, commit and so on, prepared when first run */
    int lock;                  /* file descriptor of store->lock_path, or -1 */
    int journal_pages;         /* in the WAL after the last commit */
    int journal_pages_settled; /* of them, how many the last checkpoint found there */
};

static inline struct sqlite_connection *sqlite_of(struct connection *connection)
{
    return (struct sqlite_connection *)connection;
}

/* What SQLite answered, other than OK, ROW and DONE: either the store broke (tx->failed, and a line in the log), or our SQL is wrong (does not
 * return). */
void sqlite_went_wrong(struct tx *tx, int code, const char *sql);

/* The back's functions that store_sqlite_statement.c has. */
struct statement *sqlite_prepare(struct tx *tx, const char *sql);
void sqlite_discard(struct statement *statement);
int64_t sqlite_execute(struct tx *tx, struct statement *statement, const struct sql_value *values, size_t count, bool counted);
void sqlite_start(struct tx *tx, struct statement *statement, const struct sql_value *values, size_t count);
void sqlite_fetch(struct tx *tx, struct statement *statement);
bool sqlite_step(struct tx *tx, struct statement *statement);
void sqlite_finish(struct statement *statement);
int sqlite_column_count(const struct statement *statement);
const char *sqlite_column_name(const struct statement *statement, int column);
enum sql_kind sqlite_column_kind(const struct statement *statement, int column);
int64_t sqlite_column_integer(const struct statement *statement, int column);
struct text sqlite_column_string(const struct statement *statement, int column);
struct text sqlite_column_octets(const struct statement *statement, int column);
bool sqlite_script(struct tx *tx, const char *sql, char error[512]);

#endif
