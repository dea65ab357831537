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
 * Backs: store_sqlite.c. A URL names it: "sqlite:./data" (a folder), "sqlite::memory:" (scratch, one connection).
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
    bool may_write;
    struct touched *touched; /* resources whose answers change (service.h) */
};

/* Open or create the database of `service`. NULL with a sentence and a hint in `error` when it can't be. */
struct store *store_open(struct env *env, const char *url, const char *service, char error[512]);
void store_close(struct store *store); /* all connections are closed */

enum connection_kind {
    CONNECTION_WRITER, /* one per store */
    CONNECTION_READER, /* reads a consistent state per transaction, beside the writer */
};
struct connection *connection_open(struct store *store, enum connection_kind kind, char error[512]);
void connection_close(struct connection *connection);

/* Begin (BEGIN IMMEDIATE for a writer, a snapshot for a reader) and end. Commit is durable when it returns true; after false
 * nothing of the transaction happened. */
struct tx *tx_begin(struct connection *connection);
bool tx_commit(struct tx *tx);
void tx_rollback(struct tx *tx);
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

/* Run a statement that returns no rows. The number of rows it changed. */
#define SQL_DO(tx, sql, ...) sql_do((tx), (sql), SQL_VALUES(__VA_ARGS__))
int64_t sql_do(struct tx *tx, const char *sql, const struct sql_value *values, size_t count);

struct sql_rows {
    struct tx *tx;
    void *statement; /* NULL after the last row, or when the transaction failed */
};
/* Run a query. Step with sql_next() until false, or sql_stop() early: one of both, always. */
#define SQL_SELECT(tx, sql, ...) sql_select((tx), (sql), SQL_VALUES(__VA_ARGS__))
struct sql_rows sql_select(struct tx *tx, const char *sql, const struct sql_value *values, size_t count);
bool sql_next(struct sql_rows *rows);
void sql_stop(struct sql_rows *rows);
bool sql_is_null(const struct sql_rows *rows, int column);
int64_t sql_get_int(const struct sql_rows *rows, int column);        /* 0 for NULL */
const char *sql_get_string(const struct sql_rows *rows, int column); /* in tx->arena; "" for NULL */
struct text sql_get_text(const struct sql_rows *rows, int column);   /* borrowed until the next step */
struct text sql_get_bytes(const struct sql_rows *rows, int column);  /* borrowed until the next step */

/* The first column of the first row as a number, or `otherwise` when there is none. */
#define SQL_INT(tx, otherwise, sql, ...) sql_select_int((tx), (otherwise), (sql), SQL_VALUES(__VA_ARGS__))
int64_t sql_select_int(struct tx *tx, int64_t otherwise, const char *sql, const struct sql_value *values, size_t count);
/* The first column of the first row as a string in tx->arena, or NULL when there is none. */
#define SQL_STRING(tx, sql, ...) sql_select_string((tx), (sql), SQL_VALUES(__VA_ARGS__))
const char *sql_select_string(struct tx *tx, const char *sql, const struct sql_value *values, size_t count);

/* Several statements, separated by semicolons, without values: migrations. */
void sql_script(struct tx *tx, const char *sql);

/* A digest of every row of every table that holds no platform record (see event_log.h), in the order of its columns. For
 * comparing a rebuilt store with a live one. 64 hexadecimal characters. */
void store_digest(struct tx *tx, char out[65]);

#endif
