/*
 * What the files of the PostgreSQL back share: store_postgres.c (databases, connections, transactions), store_postgres_pipeline.c (what is
 * on its way to the server and back), store_postgres_statement.c (statements, values, rows).
 */
#ifndef SOUK_PLATFORM_STORE_POSTGRES_INTERNAL_H
#define SOUK_PLATFORM_STORE_POSTGRES_INTERNAL_H

#include "base/text.h"
#include "platform/store/store_back.h"

#include <libpq-fe.h>

/* Advisory locks of a database. Any numbers will do, as long as nobody else takes them: "souk". */
#define WRITER_LOCK "1936684395"   /* of a writer's session, mostly shared */
#define TURN_LOCK "1936684396"     /* of a transaction: who writes now */
#define LEADER_LOCK "1936684397"   /* of a watch's session: who leads */

struct postgres_store {
    struct store store;
    char *url;
    char *database; /* "souk_catalog" */
};

/* What was sent and not answered yet, oldest first. More is answered before more is sent: answers to that many fit the buffers of a
 * socket, so neither side waits for the other to read. */
#define PIPELINE_MAX 128

struct sent {
    const char *sql;   /* for whoever is told that it failed */
    PGresult **result; /* where its answer goes, if anybody wants it: the caller clears it */
    int64_t *prepared; /* of the preparation of a statement: the session in which it is prepared, 0 should it not be done */
    bool is_sync;
};

/* An order without values, prepared when it is first given: BEGIN, SAVEPOINT and their like. */
#define ORDERS_MAX 16
struct order {
    const char *sql; /* found by its address */
    int64_t session; /* in which it is prepared; 0 in none */
};

struct postgres_connection {
    struct connection connection;
    struct buffer load; /* rows on their way into a table */
    PGconn *server; /* NULL, or broken: the next transaction connects again */
    int64_t session; /* counts the connections made: statements are prepared in each anew */
    int64_t retry_us; /* when to try again */
    int64_t told_us;  /* when it was said last that it can't be reached */
    bool misplaced;   /* the server takes no writes any more: another one does */
    uint64_t prepared; /* statements so far, for their names */
    struct sent sent[PIPELINE_MAX];
    size_t sent_count;
    size_t first_sent;
    struct order orders[ORDERS_MAX];
    bool in_server_transaction;
};

static inline struct postgres_connection *postgres_of(struct connection *connection)
{
    return (struct postgres_connection *)connection;
}

/* Connect, or connect again. False with a sentence in `error`. */
bool postgres_connect(struct postgres_connection *connection, char error[512]);
/* A session on the service's database, or NULL with a sentence in `error`. */
PGconn *postgres_session(const struct postgres_store *store, char error[512]);

/* --- pipeline --- */

/* Make room for one more, send it without waiting. False when the transaction has failed. */
bool pipeline_send(struct tx *tx, const char *sql);
/* *prepared becomes 0 should the server not do it. */
bool pipeline_send_prepare(struct tx *tx, const char *name, const char *sql, size_t count, const Oid *types, int64_t *prepared);
bool pipeline_send_execute(struct tx *tx, const char *name, const char *sql, size_t count, const char *const *values, const int *lengths,
                           const int *formats, PGresult **result);
/* Read the answers to all that was sent. */
void pipeline_receive(struct tx *tx);
/* End what the server sees as one unit: after an error it takes new orders only then. */
void pipeline_sync(struct tx *tx);
/* The same, but nobody waits for its end: that is read with the next answers. */
void pipeline_sync_later(struct tx *tx);

/* --- the back's functions that store_postgres_statement.c has --- */

struct statement *postgres_prepare(struct tx *tx, const char *sql);
void postgres_discard(struct statement *statement);
int64_t postgres_execute(struct tx *tx, struct statement *statement, const struct sql_value *values, size_t count, bool counted);
void postgres_start(struct tx *tx, struct statement *statement, const struct sql_value *values, size_t count);
void postgres_fetch(struct tx *tx, struct statement *statement);
bool postgres_step(struct tx *tx, struct statement *statement);
void postgres_finish(struct statement *statement);
int postgres_column_count(const struct statement *statement);
const char *postgres_column_name(const struct statement *statement, int column);
enum sql_kind postgres_column_kind(const struct statement *statement, int column);
int64_t postgres_column_int(const struct statement *statement, int column);
struct text postgres_column_text(const struct statement *statement, int column);
bool postgres_script(struct tx *tx, const char *sql, char error[512]);

/* --- and those that store_postgres_load.c has --- */

bool postgres_load_begin(struct tx *tx, const char *table, char error[512]);
bool postgres_load_row(struct tx *tx, const struct sql_value *values, size_t count, char error[512]);
bool postgres_load_end(struct tx *tx, char error[512]);
void postgres_loaded(struct tx *tx, const char *table);

#endif
