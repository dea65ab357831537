/*
 * What is on its way to PostgreSQL and back.
 *
 * A round trip costs more than most statements, so nothing is waited for before somebody reads: writes, savepoints and the beginning of the
 * transaction travel with the next query, in libpq's pipeline mode.
 *
 *     send, send, send, query + flush  ->  answers to all four, in order
 *
 * After an error the server skips everything up to the next sync, the preparing of statements as well. A transaction fails as a whole, so there is
 * one sync at its end, and after a failure nothing is sent but the way out. The end of a reader's transaction is not waited for: its answer is
 * read with the first of the next.
 */
#include "platform/store/store_postgres_internal.h"

#include "base/assert.h"

#include <stdio.h>
#include <stdlib.h>

static void lose_connection(struct tx *tx, const char *sql)
{
    struct postgres_connection *connection = postgres_of(tx->connection);
    store_broke(tx, PQerrorMessage(connection->server), 0, sql);
    tx->may_pass = true;
    connection->sent_count = 0;
    connection->in_server_transaction = false;
}

/* --- what the server says --- */

/* The classes of SQLSTATE that say that our SQL is wrong: data, constraints, syntax and names, features (PostgreSQL, appendix A). */
static bool is_our_mistake(const char *state)
{
    static const char *const classes[] = {"0A", "21", "22", "23", "26", "34", "42"};
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        if (strncmp(state, classes[i], 2) == 0)
            return true;
    return false;
}

/* What another try may be spared: transactions that came in each other's way (40, 55), a server that stops, starts or can't be reached (57, 08),
 * one that takes no writes any more (25006). */
static bool is_passing(const char *state)
{
    static const char *const beginnings[] = {"08", "25006", "40", "55P03", "57"};
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++)
        if (strncmp(state, beginnings[i], strlen(beginnings[i])) == 0)
            return true;
    return false;
}

static void look_at(struct tx *tx, const PGresult *result, const char *sql)
{
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_FATAL_ERROR || tx->failed)
        return;
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorMessage(result);
    if (state && is_our_mistake(state))
        sql_is_wrong(message, sql);
    store_broke(tx, message, state ? strtol(state, NULL, 36) : 0, sql);
    tx->may_pass = state && is_passing(state);
    postgres_of(tx->connection)->misplaced = state && strcmp(state, "25006") == 0;
}

/* The answer to the oldest. */
static void receive_one(struct tx *tx)
{
    struct postgres_connection *connection = postgres_of(tx->connection);
    ASSERT(connection->sent_count > 0);
    const struct sent sent = connection->sent[connection->first_sent];
    connection->first_sent = (connection->first_sent + 1) % PIPELINE_MAX;
    connection->sent_count--;

    PGresult *result = PQgetResult(connection->server);
    if (!result || PQstatus(connection->server) == CONNECTION_BAD) {
        PQclear(result);
        lose_connection(tx, sent.sql);
        return;
    }
    look_at(tx, result, sent.sql);
    if (sent.prepared && PQresultStatus(result) != PGRES_COMMAND_OK)
        *sent.prepared = 0;
    if (sent.result)
        *sent.result = result;
    else
        PQclear(result);
    if (!sent.is_sync)
        PQclear(PQgetResult(connection->server)); /* NULL ends each answer but that to a sync */
}

void pipeline_receive(struct tx *tx)
{
    struct postgres_connection *connection = postgres_of(tx->connection);
    if (connection->sent_count == 0)
        return;
    if (!PQsendFlushRequest(connection->server) || PQflush(connection->server) < 0) {
        lose_connection(tx, connection->sent[connection->first_sent].sql);
        return;
    }
    while (connection->sent_count > 0)
        receive_one(tx);
}

/* --- what we say --- */

static bool make_room(struct tx *tx)
{
    if (postgres_of(tx->connection)->sent_count == PIPELINE_MAX)
        pipeline_receive(tx);
    return !tx->failed;
}

static bool was_sent(struct tx *tx, int done, struct sent sent)
{
    struct postgres_connection *connection = postgres_of(tx->connection);
    if (!done) {
        lose_connection(tx, sent.sql);
        return false;
    }
    connection->sent[(connection->first_sent + connection->sent_count++) % PIPELINE_MAX] = sent;
    return true;
}

bool pipeline_send_prepare(struct tx *tx, const char *name, const char *sql, size_t count, const Oid *types, int64_t *prepared)
{
    return make_room(tx) && was_sent(tx, PQsendPrepare(postgres_of(tx->connection)->server, name, sql, (int)count, types),
                                     (struct sent){.sql = sql, .prepared = prepared});
}

bool pipeline_send_execute(struct tx *tx, const char *name, const char *sql, size_t count, const char *const *values, const int *lengths,
                           const int *formats, PGresult **result)
{
    return make_room(tx) && was_sent(tx,
                                     PQsendQueryPrepared(postgres_of(tx->connection)->server, name, (int)count, values, lengths,
                                                         formats, 1),
                                     (struct sent){.sql = sql, .result = result});
}

static struct order *order_of(struct postgres_connection *connection, const char *sql)
{
    struct order *order = connection->orders;
    while (order->sql && order->sql != sql)
        order++;
    ASSERT(order < connection->orders + ORDERS_MAX - 1); /* the last one stays empty */
    order->sql = sql;
    return order;
}

bool pipeline_send(struct tx *tx, const char *sql)
{
    struct postgres_connection *connection = postgres_of(tx->connection);
    struct order *order = order_of(connection, sql);
    char name[16];
    snprintf(name, sizeof name, "o%d", (int)(order - connection->orders));
    if (order->session != connection->session) {
        order->session = connection->session;
        if (!pipeline_send_prepare(tx, name, sql, 0, NULL, &order->session))
            return false;
    }
    return pipeline_send_execute(tx, name, sql, 0, NULL, NULL, NULL, NULL);
}

/* --- ends --- */

static bool send_sync(struct tx *tx)
{
    PGconn *server = postgres_of(tx->connection)->server;
    make_room(tx);
    return PQstatus(server) != CONNECTION_BAD && was_sent(tx, PQpipelineSync(server), (struct sent){.sql = "sync", .is_sync = true});
}

void pipeline_sync(struct tx *tx)
{
    if (!send_sync(tx))
        return;
    while (postgres_of(tx->connection)->sent_count > 0)
        receive_one(tx);
}

void pipeline_sync_later(struct tx *tx)
{
    if (send_sync(tx) && PQflush(postgres_of(tx->connection)->server) < 0)
        lose_connection(tx, "sync");
}
