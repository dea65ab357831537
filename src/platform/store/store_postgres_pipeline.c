/*
 * What is on its way to PostgreSQL and back.
 *
 * A round trip costs more than most statements, so nothing is waited for before somebody reads: writes, savepoints and the beginning of the
 * transaction travel with the next query, in libpq's pipeline mode.
 *
 *     send, send, send, query + flush  ->  answers to all four, in order
 *
 * After an error the server skips everything up to the next sync. A transaction fails as a whole, so there is one sync at its end, and after a
 * failure nothing is sent but the way out.
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
    const char *sql = connection->sent[connection->first_sent].sql;
    PGresult **wanted = connection->sent[connection->first_sent].result;
    connection->first_sent = (connection->first_sent + 1) % PIPELINE_MAX;
    connection->sent_count--;

    PGresult *result = PQgetResult(connection->server);
    if (!result || PQstatus(connection->server) == CONNECTION_BAD) {
        PQclear(result);
        lose_connection(tx, sql);
        return;
    }
    look_at(tx, result, sql);
    if (wanted)
        *wanted = result;
    else
        PQclear(result);
    PQclear(PQgetResult(connection->server)); /* NULL ends each answer */
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

void pipeline_sync(struct tx *tx)
{
    struct postgres_connection *connection = postgres_of(tx->connection);
    if (PQstatus(connection->server) == CONNECTION_BAD)
        return;
    if (!PQpipelineSync(connection->server)) {
        lose_connection(tx, "sync");
        return;
    }
    while (connection->sent_count > 0)
        receive_one(tx);
    PGresult *result = PQgetResult(connection->server);
    if (!result)
        lose_connection(tx, "sync");
    PQclear(result);
}

/* --- what we say --- */

static bool make_room(struct tx *tx)
{
    if (postgres_of(tx->connection)->sent_count == PIPELINE_MAX)
        pipeline_receive(tx);
    return !tx->failed;
}

static bool was_sent(struct tx *tx, int sent, const char *sql, PGresult **result)
{
    struct postgres_connection *connection = postgres_of(tx->connection);
    if (!sent) {
        lose_connection(tx, sql);
        return false;
    }
    size_t place = (connection->first_sent + connection->sent_count++) % PIPELINE_MAX;
    connection->sent[place].sql = sql;
    connection->sent[place].result = result;
    return true;
}

bool pipeline_send(struct tx *tx, const char *sql)
{
    return make_room(tx) &&
           was_sent(tx, PQsendQueryParams(postgres_of(tx->connection)->server, sql, 0, NULL, NULL, NULL, NULL, 1), sql, NULL);
}

bool pipeline_send_prepare(struct tx *tx, const char *name, const char *sql, size_t count, const Oid *types)
{
    return make_room(tx) && was_sent(tx, PQsendPrepare(postgres_of(tx->connection)->server, name, sql, (int)count, types), sql, NULL);
}

bool pipeline_send_execute(struct tx *tx, const char *name, const char *sql, size_t count, const char *const *values, const int *lengths,
                           const int *formats, PGresult **result)
{
    return make_room(tx) && was_sent(tx,
                                     PQsendQueryPrepared(postgres_of(tx->connection)->server, name, (int)count, values, lengths,
                                                         formats, 1),
                                     sql, result);
}
