/*
 * The store's front: what holds for every database.
 *
 * A transaction is the connection's one; statements are prepared once per connection and found by the address of their text; only apply
 * functions and projections write. Looking a statement up by address costs a few nanoseconds, and finds a text that is not a constant: its
 * address comes back with another text, which is an assertion. A statement that is asked for again while its rows are being read (a
 * query inside the loop of the same query) gets a second copy.
 */
#include "platform/store/store_back.h"

#include "base/assert.h"
#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A service has about a hundred statements; many more means that somebody makes SQL texts at run time. */
#define STATEMENTS_MAX 1024
#define STATEMENTS_AT_FIRST 64
/* How often whoever waits for another process to stop writing looks. */
#define WRITER_WAIT_US 10000

static const struct store_back *back_of(const struct tx *tx)
{
    return tx->connection->store->back;
}

/* --- stores --- */

char *store_text(const char *format, ...)
{
    char *copy = NULL;
    va_list arguments;
    va_start(arguments, format);
    ASSERT(vasprintf(&copy, format, arguments) >= 0);
    va_end(arguments);
    return copy;
}

void store_init(struct store *store, const struct store_back *back, struct env *env, const char *service)
{
    store->back = back;
    store->env = env;
    store->service = store_text("%s", service);
}

struct store *store_open(struct env *env, const char *url, const char *service, char error[512])
{
    static const struct store_back *const backs[] = {&store_back_sqlite, &store_back_postgres};
    for (size_t i = 0; i < sizeof backs / sizeof *backs; i++)
        if (strncmp(url, backs[i]->scheme, strlen(backs[i]->scheme)) == 0)
            return backs[i]->store_open(env, url, service, error);
    /* Not the whole of it: there may be a password in it. */
    snprintf(error, 512, "There is no store of the kind `%.*s`. Write sqlite:FOLDER, such as sqlite:./data, or"
                         " postgres://USER:PASSWORD@HOST/NAME.", (int)strnlen(url, strcspn(url, ":") < 40 ? strcspn(url, ":") : 40), url);
    return NULL;
}

void store_close(struct store *store)
{
    ASSERT(store->connection_count == 0);
    free(store->service);
    free(store->path);
    store->back->store_close(store);
}

/* --- connections --- */

void connection_init(struct connection *connection, struct store *store, enum connection_kind kind)
{
    connection->store = store;
    connection->kind = kind;
    connection->tx.connection = connection;
    atomic_fetch_add(&store->connection_count, 1);
}

struct connection *connection_open(struct store *store, enum connection_kind kind, char error[512])
{
    if (kind == CONNECTION_SHARED_WRITER && !store->back->is_shared)
        kind = CONNECTION_WRITER;
    return store->back->connection_open(store, kind, error);
}

bool connection_is_shared(const struct connection *connection)
{
    return connection->kind == CONNECTION_SHARED_WRITER;
}

/* Whoever stops lets go within milliseconds of its last commit; how long that takes is up to its clients. */
struct connection *connection_open_writer(struct store *store, int64_t wait_ms, char error[512])
{
    int64_t until_us = env_monotonic_us(store->env) + wait_ms * 1000;
    bool told = false;

    for (;;) {
        atomic_store(&store->writer_elsewhere, false);
        struct connection *connection = connection_open(store, CONNECTION_SHARED_WRITER, error);
        if (connection || !atomic_load(&store->writer_elsewhere) || env_monotonic_us(store->env) >= until_us)
            return connection;
        if (!told)
            LOG_INFO("waiting for another souk to stop writing", log_text("store", store->path));
        told = true;
        usleep(WRITER_WAIT_US);
    }
}

void connection_expect_much(struct connection *writer, bool much)
{
    ASSERT(writer->kind != CONNECTION_READER);
    writer->store->back->expect_much(writer, much);
}

static void statement_cache_release(struct connection *connection)
{
    struct statement_cache *cache = &connection->statements;
    for (size_t i = 0; i < cache->capacity; i++)
        if (cache->slots[i])
            connection->store->back->discard(cache->slots[i]);
    free(cache->slots);
    *cache = (struct statement_cache){0};
}

void connection_close(struct connection *connection)
{
    struct store *store = connection->store;
    ASSERT(!connection->in_transaction);
    if (connection->scratch) {
        struct store *scratch = connection->scratch->store;
        connection_close(connection->scratch);
        store_close(scratch);
    }
    statement_cache_release(connection);
    store->back->connection_close(connection);
    atomic_fetch_sub(&store->connection_count, 1);
}

struct env *connection_env(const struct connection *connection)
{
    return connection->store->env;
}

/* Whatever the store is, the past is computed in memory. */
struct connection *connection_scratch(struct connection *connection, bool *fresh, char error[512])
{
    *fresh = !connection->scratch;
    if (connection->scratch)
        return connection->scratch;
    struct store *store = store_open(connection->store->env, "sqlite::memory:", connection->store->service, error);
    if (!store)
        return NULL;
    connection->scratch = connection_open(store, CONNECTION_WRITER, error);
    if (!connection->scratch)
        store_close(store);
    return connection->scratch;
}

/* --- transactions --- */

void store_checkpoint(struct connection *writer)
{
    ASSERT(!writer->in_transaction);
    writer->store->back->checkpoint(writer);
}

struct tx *tx_begin(struct connection *connection)
{
    ASSERT(!connection->in_transaction);
    connection->in_transaction = true;
    connection->tx = (struct tx){.connection = connection};
    connection->store->back->begin(&connection->tx);
    return &connection->tx;
}

static void assert_nothing_open(const struct tx *tx)
{
    ASSERT(tx->connection->in_transaction);
    ASSERT(tx->connection->statements_in_use == 0);
}

static void tx_end(struct connection *connection)
{
    connection->in_transaction = false;
    connection->in_savepoint = false;
}

bool tx_commit(struct tx *tx)
{
    assert_nothing_open(tx);
    ASSERT(!tx->connection->in_savepoint);
    if (tx->failed)
        back_of(tx)->rollback(tx);
    else
        back_of(tx)->commit(tx);
    tx_end(tx->connection);
    return !tx->failed;
}

void tx_rollback(struct tx *tx)
{
    assert_nothing_open(tx);
    back_of(tx)->rollback(tx);
    tx_end(tx->connection);
}

void tx_savepoint(struct tx *tx)
{
    ASSERT(tx->connection->in_transaction && !tx->connection->in_savepoint);
    tx->connection->in_savepoint = true;
    if (!tx->failed)
        back_of(tx)->savepoint(tx);
}

static void savepoint_end(struct tx *tx)
{
    ASSERT(tx->connection->in_savepoint);
    assert_nothing_open(tx);
    tx->connection->in_savepoint = false;
}

void tx_savepoint_keep(struct tx *tx)
{
    savepoint_end(tx);
    if (!tx->failed)
        back_of(tx)->savepoint_keep(tx);
}

void tx_savepoint_undo(struct tx *tx)
{
    savepoint_end(tx);
    if (!tx->failed)
        back_of(tx)->savepoint_undo(tx);
}

bool store_copy(struct tx *tx, const char *path, char error[512])
{
    return back_of(tx)->copy(tx, path, error);
}

/* --- what goes wrong --- */

void sql_is_wrong(const char *why, const char *sql)
{
    char message[2048];
    snprintf(message, sizeof message, "%s: %s", why, sql);
    assertion_failed(message, __FILE__, __LINE__, "sql");
}

void store_broke(struct tx *tx, const char *reason, int64_t code, const char *sql)
{
    if (tx->failed)
        return;
    tx->failed = true;
    LOG_ERROR("the store failed", log_text("store", tx->connection->store->path), log_text("reason", reason), log_int("code", code),
              log_text("sql", sql));
}

/* --- statements --- */

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
        if (strcmp(statement->text, sql) != 0)
            sql_is_wrong("an SQL text must be a constant, this one has changed", sql);
        return statement;
    }
    return NULL;
}

static struct statement *cache_add(struct tx *tx, const char *sql)
{
    struct statement_cache *cache = &tx->connection->statements;
    if (cache->count == STATEMENTS_MAX)
        sql_is_wrong("too many different SQL texts on one connection", sql);
    struct statement *statement = back_of(tx)->prepare(tx, sql);
    if (!statement)
        return NULL;
    cache_make_room(cache);
    cache_put(cache, statement);
    cache->count++;
    return statement;
}

/* NULL when the transaction has failed. */
static struct statement *take(struct tx *tx, const char *sql, size_t value_count)
{
    ASSERT(tx->connection->in_transaction);
    if (tx->failed)
        return NULL;
    struct statement *statement = cache_find(&tx->connection->statements, sql);
    if (!statement)
        statement = cache_add(tx, sql);
    if (!statement)
        return NULL;
    if (statement->parameter_count != value_count)
        sql_is_wrong("the number of values does not match", sql);
    if (statement->writes && (!tx->may_write || tx->connection->kind == CONNECTION_READER))
        sql_is_wrong("only apply functions and projections may write", sql);
    tx->wrote |= statement->writes;
    statement->in_use = true;
    tx->connection->statements_in_use++;
    return statement;
}

static void give(struct tx *tx, struct statement *statement)
{
    statement->in_use = false;
    tx->connection->statements_in_use--;
}

static int64_t execute(struct tx *tx, const char *sql, const struct sql_value *values, size_t count, bool counted)
{
    struct statement *statement = take(tx, sql, count);
    if (!statement)
        return 0;
    int64_t changed = back_of(tx)->execute(tx, statement, values, count, counted);
    give(tx, statement);
    return tx->failed ? 0 : changed;
}

void sql_do(struct tx *tx, const char *sql, const struct sql_value *values, size_t count)
{
    execute(tx, sql, values, count, false);
}

int64_t sql_count(struct tx *tx, const char *sql, const struct sql_value *values, size_t count)
{
    return execute(tx, sql, values, count, true);
}

struct sql_rows sql_ask(struct tx *tx, const char *sql, const struct sql_value *values, size_t count)
{
    struct statement *statement = take(tx, sql, count);
    if (statement)
        back_of(tx)->start(tx, statement, values, count);
    return (struct sql_rows){.tx = tx, .statement = statement};
}

struct sql_rows sql_select(struct tx *tx, const char *sql, const struct sql_value *values, size_t count)
{
    struct sql_rows rows = sql_ask(tx, sql, values, count);
    if (rows.statement)
        back_of(tx)->fetch(tx, rows.statement);
    return rows;
}

bool sql_next(struct sql_rows *rows)
{
    struct statement *statement = rows->statement;
    if (statement && !rows->tx->failed && back_of(rows->tx)->step(rows->tx, statement))
        return true;
    sql_stop(rows);
    return false;
}

void sql_stop(struct sql_rows *rows)
{
    if (rows->statement) {
        if (!rows->tx->failed)
            back_of(rows->tx)->fetch(rows->tx, rows->statement); /* what is on its way must not come later */
        back_of(rows->tx)->finish(rows->statement);
        give(rows->tx, rows->statement);
    }
    rows->statement = NULL;
}

static const struct store_back *column(const struct sql_rows *rows, int column)
{
    const struct store_back *back = back_of(rows->tx);
    ASSERT(rows->statement);
    ASSERT(column >= 0 && column < back->column_count(rows->statement));
    return back;
}

bool sql_is_null(const struct sql_rows *rows, int at)
{
    return column(rows, at)->column_kind(rows->statement, at) == SQL_KIND_NULL;
}

int64_t sql_get_int(const struct sql_rows *rows, int at)
{
    return column(rows, at)->column_int(rows->statement, at);
}

struct text sql_get_text(const struct sql_rows *rows, int at)
{
    return column(rows, at)->column_text(rows->statement, at);
}

struct text sql_get_bytes(const struct sql_rows *rows, int at)
{
    return column(rows, at)->column_bytes(rows->statement, at);
}

const char *sql_get_string(const struct sql_rows *rows, int at)
{
    struct text text = sql_get_text(rows, at);
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

/* --- scripts --- */

bool sql_try_script(struct tx *tx, const char *sql, char error[512])
{
    ASSERT(tx->connection->in_transaction && tx->may_write);
    if (!tx->failed && back_of(tx)->script(tx, sql, error))
        return true;
    tx->failed = true;
    return false;
}

void sql_script(struct tx *tx, const char *sql)
{
    char error[512];
    ASSERT(tx->connection->in_transaction && tx->may_write);
    if (!tx->failed && !back_of(tx)->script(tx, sql, error) && !tx->failed)
        sql_is_wrong(error, sql);
}
