/*
 * What a back of the store is: store.c keeps the rules that all of them share, a back keeps one kind of database.
 *
 *     store.c              URLs, transactions, who may write, statements by the address of their text
 *     store_tables.c       computed tables and their digests
 *     store_sqlite*.c      a file a service
 *     store_postgres*.c    a PostgreSQL database a service
 *
 * A back embeds these structures as the first member of its own. When the database breaks, a back calls store_broke(); when our SQL is wrong,
 * sql_is_wrong(), which does not return.
 */
#ifndef SOUK_PLATFORM_STORE_BACK_H
#define SOUK_PLATFORM_STORE_BACK_H

#include "platform/store/store.h"

#include <stdatomic.h>

struct store_back;

struct store {
    const struct store_back *back;
    struct env *env;
    char *service;
    char *path; /* for people, and without a password */
    atomic_int connection_count;
    atomic_bool writer_elsewhere; /* another process writes: why the last writer was refused */
};

/* A prepared statement, found by the address of its text. */
struct statement {
    const char *sql;
    const char *text; /* a copy: it must not have changed */
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
    struct tx tx;
    bool in_transaction;
    bool in_savepoint;
    int statements_in_use;
    struct statement_cache statements;
    struct connection *scratch;
};

enum sql_kind { SQL_KIND_NULL, SQL_KIND_INTEGER, SQL_KIND_TEXT, SQL_KIND_BYTES };

struct store_back {
    const char *scheme; /* "sqlite:" */
    bool is_shared;     /* several processes may write, in turns */

    /* The store is given to store_init() first. NULL with a sentence in `error`. */
    struct store *(*store_open)(struct env *env, const char *url, const char *service, char error[512]);
    void (*store_close)(struct store *store);
    /* The connection is given to connection_init() first; closing frees it. */
    struct connection *(*connection_open)(struct store *store, enum connection_kind kind, char error[512]);
    void (*connection_close)(struct connection *connection);
    void (*expect_much)(struct connection *writer, bool much);

    /* Those without a result set tx->failed. After commit and rollback nothing of the transaction is left, whatever happened. */
    void (*begin)(struct tx *tx);
    void (*commit)(struct tx *tx);
    void (*rollback)(struct tx *tx);
    void (*savepoint)(struct tx *tx);
    void (*savepoint_keep)(struct tx *tx);
    void (*savepoint_undo)(struct tx *tx);
    void (*checkpoint)(struct connection *writer);

    /* NULL when the transaction failed over it. */
    struct statement *(*prepare)(struct tx *tx, const char *sql);
    void (*discard)(struct statement *statement);
    /* Run it to its end. The rows changed, if `counted`; otherwise a back may put it off until somebody reads. */
    int64_t (*execute)(struct tx *tx, struct statement *statement, const struct sql_value *values, size_t count, bool counted);
    /* Begin a query (the values are copied; its rows may wait for the first step), step to its next row, forget it. */
    void (*start)(struct tx *tx, struct statement *statement, const struct sql_value *values, size_t count);
    void (*fetch)(struct tx *tx, struct statement *statement); /* wait for its rows no longer */
    bool (*step)(struct tx *tx, struct statement *statement);
    void (*finish)(struct statement *statement);
    int (*column_count)(const struct statement *statement);
    const char *(*column_name)(const struct statement *statement, int column);
    enum sql_kind (*column_kind)(const struct statement *statement, int column);
    int64_t (*column_int)(const struct statement *statement, int column);  /* 0 for NULL */
    struct text (*column_text)(const struct statement *statement, int column); /* "" for NULL; a NUL follows */
    struct text (*column_bytes)(const struct statement *statement, int column);

    bool (*script)(struct tx *tx, const char *sql, char error[512]);
    const char *table_names; /* a query: all tables but the database's own, by name */
    bool (*copy)(struct tx *tx, const char *path, char error[512]);

    /* Scripts are about to run in this transaction; with `alone`, only if nobody else writes before its end: false when somebody may. NULL:
     * nobody ever does. */
    bool (*migrate_begin)(struct tx *tx, bool alone);

    bool gives_rows_at_once; /* all rows of a query: whoever wants them in lots declares a cursor */
    /* Many rows into a table, faster than statements do it: a head, rows, an end. Between them nothing else is asked. NULL: statements do it
     * well. False with a sentence in `error`, and the transaction has failed. */
    bool (*load_begin)(struct tx *tx, const char *table, char error[512]);
    bool (*load_row)(struct tx *tx, const struct sql_value *values, size_t count, char error[512]);
    bool (*load_end)(struct tx *tx, char error[512]);
    /* After the last of them: numbers that the database gives out go on behind those that are there. NULL: they do so anyway. */
    void (*loaded)(struct tx *tx, const char *table);
};

extern const struct store_back store_back_sqlite;
extern const struct store_back store_back_postgres;

void store_init(struct store *store, const struct store_back *back, struct env *env, const char *service);
void connection_init(struct connection *connection, struct store *store, enum connection_kind kind);

/* The database broke while this ran: the transaction has failed, with one line in the log. */
void store_broke(struct tx *tx, const char *reason, int64_t code, const char *sql);
_Noreturn void sql_is_wrong(const char *why, const char *sql);

/* A formatted copy on the heap. */
char *store_text(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
