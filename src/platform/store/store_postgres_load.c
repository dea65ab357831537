/*
 * Many rows into PostgreSQL, as COPY takes them in its binary form: some ten times as fast as statements.
 */
#include "platform/store/store_postgres_internal.h"

#include "base/limits.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>

/* Handed to libpq in pieces of this size. */
#define PIECE_BYTES 65536

static const char head[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0"; /* and no flags, and no extension */
#define HEAD_BYTES 19

/* --- what COPY reads --- */

static void add_16(struct buffer *out, int value)
{
    uint16_t number = htobe16((uint16_t)value);
    buffer_add(out, &number, sizeof number);
}

static void add_32(struct buffer *out, int32_t value)
{
    uint32_t number = htobe32((uint32_t)value);
    buffer_add(out, &number, sizeof number);
}

static void add_value(struct buffer *out, const struct sql_value *value)
{
    uint64_t number = htobe64((uint64_t)value->integer);
    switch (value->kind) {
    case SQL_NULL:
        add_32(out, -1);
        break;
    case SQL_INTEGER:
        add_32(out, sizeof number);
        buffer_add(out, &number, sizeof number);
        break;
    case SQL_TEXT:
    case SQL_BYTES:
        add_32(out, (int32_t)value->text.length);
        buffer_add(out, value->text.at, value->text.length);
        break;
    }
}

/* --- a load --- */

/* Nobody knows what the session is in the middle of: it ends, and its transaction with it. */
static bool refuse(struct tx *tx, char error[512])
{
    struct postgres_connection *connection = postgres_of(tx->connection);
    const char *message = PQerrorMessage(connection->server);
    snprintf(error, 512, "%.*s", (int)strcspn(message, "\n"), message);
    store_broke(tx, error, 0, "COPY");
    buffer_release(&connection->load);
    PQfinish(connection->server);
    connection->server = NULL;
    connection->in_server_transaction = false;
    return false;
}

bool postgres_load_begin(struct tx *tx, const char *table, char error[512])
{
    struct postgres_connection *connection = postgres_of(tx->connection);
    pipeline_sync(tx);
    if (tx->failed || !PQexitPipelineMode(connection->server))
        return refuse(tx, error);
    char *sql = store_text("COPY \"%s\" FROM STDIN (FORMAT binary)", table);
    PGresult *result = PQexec(connection->server, sql);
    bool taken = PQresultStatus(result) == PGRES_COPY_IN;
    PQclear(result);
    free(sql);
    buffer_init(&connection->load, LIMIT_BULK_ARENA);
    buffer_add(&connection->load, head, HEAD_BYTES);
    return taken || refuse(tx, error);
}

static bool hand_over(struct tx *tx, char error[512])
{
    struct postgres_connection *connection = postgres_of(tx->connection);
    if (PQputCopyData(connection->server, connection->load.at, (int)connection->load.length) != 1)
        return refuse(tx, error);
    buffer_empty(&connection->load);
    return true;
}

bool postgres_load_row(struct tx *tx, const struct sql_value *values, size_t count, char error[512])
{
    struct buffer *out = &postgres_of(tx->connection)->load;
    add_16(out, (int)count);
    for (size_t i = 0; i < count; i++)
        add_value(out, &values[i]);
    return out->length < PIECE_BYTES || hand_over(tx, error);
}

bool postgres_load_end(struct tx *tx, char error[512])
{
    struct postgres_connection *connection = postgres_of(tx->connection);
    PGconn *server = connection->server;
    add_16(&connection->load, -1);
    if (!hand_over(tx, error))
        return false;
    if (PQputCopyEnd(server, NULL) != 1)
        return refuse(tx, error);
    bool done = true;
    for (PGresult *result = PQgetResult(server); result; result = PQgetResult(server)) {
        done = done && PQresultStatus(result) == PGRES_COMMAND_OK;
        PQclear(result);
    }
    if (!done || !PQenterPipelineMode(server))
        return refuse(tx, error);
    buffer_release(&connection->load);
    return true;
}

/* --- after it --- */

void postgres_loaded(struct tx *tx, const char *table)
{
    char error[512];
    char *sql = store_text("ANALYZE \"%s\"; DO $$ DECLARE name text; BEGIN"
                           " FOR name IN SELECT attname FROM pg_attribute WHERE attrelid = '\"%s\"'::regclass AND attidentity <> '' LOOP"
                           "  EXECUTE format('SELECT setval(pg_get_serial_sequence(%%L, %%L), COALESCE(MAX(%%I), 0) + 1, false) FROM %%I',"
                           "   '\"%s\"', name, name, '%s');"
                           " END LOOP; END $$",
                           table, table, table, table);
    if (!tx->failed && !postgres_script(tx, sql, error))
        store_broke(tx, error, 0, sql);
    free(sql);
}
