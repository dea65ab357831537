/*
 * The store: one database per service, and transactions on it.
 *
 * SQL is written once, in the subset that SQLite and PostgreSQL share, with ?1, ?2 … for values. Statements are prepared
 * once per connection and found again by the address of their text, so the text must be a constant.
 *
 *     SQL_DO(tx, "UPDATE stock SET on_hand = on_hand + ?1 WHERE sku = ?2", sql_int(delta), sql_string(sku));
 *
 *     struct sql_rows rows = SQL_SELECT(tx, "SELECT id, title FROM product WHERE slug = ?1", sql_string(slug));
 *     while (sql_next(&rows))
 *         title = sql_get_string(&rows, 1);
 *
 * A transaction fails as a whole: when the disk is full or broken, `tx->failed` is set, everything after it does
 * nothing, and whoever opened it rolls back and answers `storage_unavailable`. So handlers and apply functions need no
 * error paths for the store. SQL that is wrong is our own mistake, and an assertion.
 *
 * Backs: store_sqlite.c and others as it (store_back.h). A URL names it: "sqlite:./data" (a folder, a file per service in it), "sqlite::memory:" (scratch in
 * memory), "sqlite::temporary:" (scratch that may outgrow memory: a file that nobody else sees). Scratch is gone with its one
 * connection, a writer.
 */
#ifndef SOUK_PLATFORM_STORE_H
#define SOUK_PLATFORM_STORE_H

#include "base/arena.h"
#include "base/text.h"
#include "platform/env/env.h"

struct store;      /* a service's database; any thread may connect */
struct connection; /* one thread at a time */

/* A transaction on a connection: one at a time. */
struct tx {
    struct connection *connection;
    struct arena *arena; /* what sql_get_* copies into; set it per command or query */
    bool failed;         /* the store broke: nothing more happens, roll back */
    bool may_pass;       /* it failed over something that passes (a lost session, a conflict): the same may succeed when it is done again */
    bool may_write;      /* set around apply functions and projections, on a writer: a write without it is an assertion */
    bool wrote;          /* since somebody set it to false */
    struct touched *touched; /* resources whose answers change (service.h) */
    struct event_log_batch *log; /* what is written with others (event_log.h); NULL: each at once */
};

/* Open or create the database of `service`. NULL with a sentence and a hint in `error` when it can't be. */
struct store *store_open(struct env *env, const char *url, const char *service, char error[512]);
void store_close(struct store *store); /* all connections are closed */

enum connection_kind {
    CONNECTION_WRITER, /* alone, on the whole machine: a second one is refused. Makes the database when there is none */
    CONNECTION_SHARED_WRITER, /* the same; but where the store can (PostgreSQL), others may write, too: they take turns, a transaction each */
    CONNECTION_READER, /* reads a consistent state per transaction, beside the writer; refused when there is no database */
};
struct connection *connection_open(struct store *store, enum connection_kind kind, char error[512]);
/* A shared writer; while another process does not share, ask again for up to `wait_ms`. */
struct connection *connection_open_writer(struct store *store, int64_t wait_ms, char error[512]);
void connection_close(struct connection *connection);
/* A writer beside which others may write, so that what is remembered between two transactions may be old. */
bool connection_is_shared(const struct connection *connection);
/* A writer whose next transactions change much, in many places, caches 64 MB of pages instead of 2, until told otherwise. Within a transaction or
 * outside. */
void connection_expect_much(struct connection *writer, bool much);
struct env *connection_env(const struct connection *connection);
/* A scratch database in memory beside this connection, for temporal queries: made when first asked for, closed with the
 * connection, used by the same thread. `fresh` tells whether it was made now, that is, has no tables yet. NULL with `error`. */
struct connection *connection_scratch(struct connection *connection, bool *fresh, char error[512]);

/* Begin and end. A writer holds the write lock from the beginning; a reader sees the state at its first read. The transaction is the
 * connection's, and gone after its end. tx_begin() never gives NULL: a store that can't begin gives a transaction that has failed.
 * What is committed when tx_commit() returns true survives a power cut. After false nothing of the transaction can be read;
 * only if the machine stops before the next commit may it be found done at the next start (a sync whose outcome is unknown). */
struct tx *tx_begin(struct connection *connection);
bool tx_commit(struct tx *tx);
void tx_rollback(struct tx *tx);

/* Move what was committed from the journal to the database file, if there is enough to be worth it. The writer calls it outside of
 * transactions when it has nothing else to do; when it never has, tx_begin() does it once the journal is large. */
void store_checkpoint(struct connection *writer);

/* Within a transaction: what follows can be undone alone. One level. */
void tx_savepoint(struct tx *tx);
void tx_savepoint_keep(struct tx *tx);
void tx_savepoint_undo(struct tx *tx);

/* --- values --- */

struct sql_value {
    enum { SQL_NULL, SQL_INTEGER, SQL_TEXT, SQL_BYTES } kind;
    int64_t integer;
    struct text text;
};
static inline struct sql_value sql_int(int64_t value)
{
    return (struct sql_value){.kind = SQL_INTEGER, .integer = value};
}
static inline struct sql_value sql_text(struct text value)
{
    return (struct sql_value){.kind = SQL_TEXT, .text = value};
}
static inline struct sql_value sql_string(const char *value) /* NULL pointer is NULL */
{
    return value ? sql_text(text_of(value)) : (struct sql_value){.kind = SQL_NULL};
}
static inline struct sql_value sql_bytes(const void *at, size_t length)
{
    return (struct sql_value){.kind = SQL_BYTES, .text = {at, length}};
}
static inline struct sql_value sql_null(void) { return (struct sql_value){.kind = SQL_NULL}; }

/* --- statements --- */

#define SQL_VALUES(...)                                                                                  \
    ((const struct sql_value[]){{0}, ##__VA_ARGS__}) + 1,                                                \
        sizeof((const struct sql_value[]){{0}, ##__VA_ARGS__}) / sizeof(struct sql_value) - 1

/* Run a statement that returns no rows. It may wait until something is read. */
#define SQL_DO(tx, sql, ...) sql_do((tx), (sql), SQL_VALUES(__VA_ARGS__))
void sql_do(struct tx *tx, const char *sql, const struct sql_value *values, size_t count);
/* The same, at once. The number of rows it changed; 0 when the transaction has failed. */
#define SQL_COUNT(tx, sql, ...) sql_count((tx), (sql), SQL_VALUES(__VA_ARGS__))
int64_t sql_count(struct tx *tx, const char *sql, const struct sql_value *values, size_t count);

struct sql_rows {
    struct tx *tx;
    void *statement; /* NULL after the last row, or when the transaction failed */
};
/* Run a query, or a write with RETURNING. Step with sql_next() until false, or sql_stop() early: one of both, always, before the
 * transaction or savepoint ends. The values are copied. Columns count from 0. */
#define SQL_SELECT(tx, sql, ...) sql_select((tx), (sql), SQL_VALUES(__VA_ARGS__))
struct sql_rows sql_select(struct tx *tx, const char *sql, const struct sql_value *values, size_t count);
/* The same, but it may wait until something is read: then its rows come along. For what is asked before it is needed. */
#define SQL_ASK(tx, sql, ...) sql_ask((tx), (sql), SQL_VALUES(__VA_ARGS__))
struct sql_rows sql_ask(struct tx *tx, const char *sql, const struct sql_value *values, size_t count);
bool sql_next(struct sql_rows *rows);
void sql_stop(struct sql_rows *rows);
bool sql_is_null(const struct sql_rows *rows, int column);
int64_t sql_get_int(const struct sql_rows *rows, int column);        /* 0 for NULL */
const char *sql_get_string(const struct sql_rows *rows, int column); /* in tx->arena; "" for NULL */
struct text sql_get_text(const struct sql_rows *rows, int column);   /* borrowed until the next step; a NUL follows */
struct text sql_get_bytes(const struct sql_rows *rows, int column);  /* borrowed until the next step */

/* The first column of the first row as a number, or `otherwise` when there is none or it is NULL. */
#define SQL_INT(tx, otherwise, sql, ...) sql_select_int((tx), (otherwise), (sql), SQL_VALUES(__VA_ARGS__))
int64_t sql_select_int(struct tx *tx, int64_t otherwise, const char *sql, const struct sql_value *values, size_t count);
/* The first column of the first row as a string in tx->arena, or NULL when there is none or it is NULL. */
#define SQL_STRING(tx, sql, ...) sql_select_string((tx), (sql), SQL_VALUES(__VA_ARGS__))
const char *sql_select_string(struct tx *tx, const char *sql, const struct sql_value *values, size_t count);

/* Several statements, separated by semicolons, without values, for tables and indices. The first says why not when it fails. */
bool sql_try_script(struct tx *tx, const char *sql, char error[512]);
void sql_script(struct tx *tx, const char *sql);

/* --- computed tables --- */

/* The tables that hold no platform record (see event_log.h), by name: those of the service, and souk_timer and souk_saga. */
struct table {
    const char *name; /* in tx->arena, as the array is */
    int64_t row_count;
    char digest[65]; /* of all rows, in whatever order they are stored; 64 hexadecimal characters */
};
/* With `digests`, reads every row; else only the names are filled in. The number of tables. */
size_t store_tables(struct tx *tx, bool digests, struct table **tables);
/* The same of all tables, the platform's records too. */
size_t store_every_table(struct tx *tx, bool digests, struct table **tables);
/* One digest over the computed ones, for comparing a rebuilt store with a live one. 64 hexadecimal characters. */
void store_digest(struct tx *tx, char out[65]);
/* Remove the service's, with their indices, and empty the platform's: for event_log_reset(). */
void store_drop_tables(struct tx *tx);

/* Copy the whole database, as this transaction sees it, into a new file; the writer goes on meanwhile. False with a sentence in `error`, and
 * no file. */
bool store_copy(struct tx *tx, const char *path, char error[512]);

#endif
