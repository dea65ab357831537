/*
 * What the files of the SQLite back share: store_sqlite.c (databases, connections, transactions), store_sqlite_statement.c (statements
 * and values), store_sqlite_tables.c (computed tables and their digests).
 */
#ifndef SOUK_PLATFORM_STORE_SQLITE_INTERNAL_H
#define SOUK_PLATFORM_STORE_SQLITE_INTERNAL_H

#include "platform/store/store.h"

#include <sqlite3.h>
#include <stdatomic.h>

struct store {
    struct env *env;
    enum { STORE_FOLDER, STORE_MEMORY, STORE_TEMPORARY } place;
    char *service;
    char *path;       /* what sqlite3_open_v2() gets */
    char *lock_path;  /* held by the writer; NULL for scratch, and in a simulated world, which is one process */
    atomic_int connection_count;
};

/* A prepared statement, found by the address of its text. */
struct statement {
    const char *sql;
    sqlite3_stmt *handle;
    size_t parameter_count;
    bool writes;
    bool in_use; /* between sql_select() and the end of its rows */
};

struct statement_cache {
    struct statement **slots; /* open addressing; `capacity` is a power of two */
    size_t capacity;
    size_t count;
};

struct connection {
    struct store *store;
    enum connection_kind kind;
    sqlite3 *database;
    int lock; /* file descriptor of store->lock_path, or -1 */
    struct tx tx;
    bool in_transaction;
    bool in_savepoint;
    int statements_in_use;
    struct statement_cache statements;
    int journal_pages;         /* in the WAL after the last commit */
    int journal_pages_settled; /* of them, how many the last checkpoint found there */
    struct connection *scratch;
};

/* What SQLite answered, other than OK, ROW and DONE: either the store broke (tx->failed, and a line in the log), or our SQL is wrong (does not
 * return). */
void sqlite_went_wrong(struct tx *tx, int code, const char *sql);

/* Run a statement of the back's own: no values, no rows, no question of permission. */
void sqlite_run(struct tx *tx, const char *sql);

/* Take a statement out of the cache, or prepare it; NULL when the transaction failed over it. Give it back. */
struct statement *statement_take(struct tx *tx, const char *sql);
void statement_give(struct connection *connection, struct statement *statement);
void statement_cache_release(struct statement_cache *cache);

#endif
