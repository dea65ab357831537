/*
 * The PostgreSQL back of the store: databases, connections, transactions.
 *
 * One database per service, made under the server that the URL names: postgres://user@host/shop has shop_catalog, shop_inventory and so on, in
 * UTF-8 with the order of bytes (C), as SQLite compares.
 *
 * Writers of several processes share a database by turns: a transaction begins with an advisory lock (TURN_LOCK) that it holds to its end. Those
 * who wait are served in the order in which they came. So what a transaction reads stays as it is until its commit, numbers stay dense, and no
 * transaction comes in another's way. Waiting for the turn travels with the first query, as the beginning does: whoever is alone pays nothing.
 * A session holds WRITER_LOCK as long as it lasts, shared, or alone when it must be (a rebuild).
 *
 * A process that is stopped within its turn would keep the others waiting: the server ends its session after IDLE_MS_MAX. Whoever gets the
 * turn after a lost session can rely on that session's transaction being over, one way or the other.
 *
 * Plans are kept as long as a session, and the first are made while the tables are empty: a scan of all rows looks cheap then, and is not a day later.
 * So our sessions have the planner take an index wherever there is one. Nothing of ours is worth compiling (jit), which a plan that has to scan would
 * seem to be then: it took 0.8 s.
 *
 * A commit is acknowledged when the server has synced it: where somebody has turned synchronous_commit off, our sessions turn it on.
 *
 * A session that breaks fails its transaction. The next one connects again, at most ten times a second, and prepares its statements anew.
 */
#include "platform/store/store_postgres_internal.h"

#include "base/assert.h"
#include "base/log.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#define RECONNECT_US INT64_C(100000)
#define TELL_AGAIN_US INT64_C(10000000)
/* Within a transaction: no handler computes for so long between two statements. */
#define IDLE_MS_MAX "10000"

/* --- URLs --- */

/* The URL's options with others in the place of some, for PQconnectdbParams(). */
#define OPTIONS_MAX 64
struct options {
    const char *names[OPTIONS_MAX + 1];
    const char *values[OPTIONS_MAX + 1];
    int count;
    PQconninfoOption *parsed;
};

static void options_set(struct options *options, const char *name, const char *value)
{
    int i = 0;
    while (i < options->count && strcmp(options->names[i], name) != 0)
        i++;
    ASSERT(i < OPTIONS_MAX);
    options->names[i] = name;
    options->values[i] = value;
    options->count = i == options->count ? i + 1 : options->count;
}

static const char *options_get(const struct options *options, const char *name)
{
    for (int i = 0; i < options->count; i++)
        if (strcmp(options->names[i], name) == 0)
            return options->values[i];
    return NULL;
}

static bool options_parse(struct options *options, const char *url, char error[512])
{
    char *why = NULL;
    *options = (struct options){.parsed = PQconninfoParse(url, &why)};
    if (!options->parsed) {
        /* What it quotes may be the password. */
        snprintf(error, 512, "The store's URL can't be read: %.*s. Write postgres://USER:PASSWORD@HOST:PORT/NAME, and %%40 for a @ in a password.",
                 why ? (int)strcspn(why, "\"\n:") : 0, why ? why : "");
        PQfreemem(why);
        return false;
    }
    /* What the URL does not say. A server that is not there is noticed soon, one that vanishes within half a minute. */
    options_set(options, "connect_timeout", "5");
    options_set(options, "tcp_user_timeout", "10000");
    options_set(options, "keepalives_idle", "10");
    options_set(options, "keepalives_interval", "5");
    options_set(options, "keepalives_count", "3");
    options_set(options, "application_name", "souk");
    options_set(options, "client_encoding", "UTF8");
    /* Of several hosts the one that is no replica: after a fail-over that is another. */
    options_set(options, "target_session_attrs", "read-write");
    for (const PQconninfoOption *option = options->parsed; option->keyword; option++)
        if (option->val && *option->val)
            options_set(options, option->keyword, option->val);
    return true;
}

static void options_release(struct options *options)
{
    PQconninfoFree(options->parsed);
}

static bool is_database_name(const char *name)
{
    size_t length = strlen(name);
    for (size_t i = 0; i < length; i++)
        if (!islower((unsigned char)name[i]) && !isdigit((unsigned char)name[i]) && name[i] != '_')
            return false;
    return length > 0 && length <= 40; /* PostgreSQL keeps 63, and the service's name follows */
}

static bool place(struct postgres_store *store, const struct options *options, char error[512])
{
    const char *shop = options_get(options, "dbname");
    const char *host = options_get(options, "host");
    const char *port = options_get(options, "port");
    if (!shop)
        shop = "souk";
    if (!is_database_name(shop)) {
        snprintf(error, 512, "The store's URL names the database `%.100s`. Use lower case letters, digits and _, at most 40.", shop);
        return false;
    }
    store->database = store_text("%s_%s", shop, store->store.service);
    store->store.path = store_text("postgres://%s:%s/%s", host ? host : "localhost", port ? port : "5432", store->database);
    return true;
}

static void postgres_store_close(struct store *store)
{
    struct postgres_store *postgres = (struct postgres_store *)store;
    free(postgres->url);
    free(postgres->database);
    free(postgres);
}

static struct store *postgres_store_open(struct env *env, const char *url, const char *service, char error[512])
{
    struct options options;
    if (!options_parse(&options, url, error))
        return NULL;
    struct postgres_store *store = calloc(1, sizeof *store);
    ASSERT(store);
    store_init(&store->store, &store_back_postgres, env, service);
    store->url = store_text("%s", url);
    bool placed = place(store, &options, error);
    options_release(&options);
    if (placed)
        return &store->store;
    store_close(&store->store);
    return NULL;
}

/* --- sessions --- */

/* In the server's words, without the line's end, and what to do about it. */
static void say_why(const struct postgres_store *store, PGconn *server, char error[512])
{
    const char *message = PQerrorMessage(server);
    const char *hint = "Is it running, and may this machine connect?";
    if (strstr(message, "does not exist"))
        hint = "Look at the database's name; `souk serve` makes it.";
    else if (strstr(message, "password") || strstr(message, "authentication"))
        hint = "Look at the user and the password of its URL, or in ~/.pgpass.";
    snprintf(error, 512, "%.100s can't be reached: %.*s. %s", store->store.path, (int)strcspn(message, "\n"), message, hint);
}

/* That a table is there already, say: nobody has to know. */
static void pass_over_notice(void *data, const char *notice)
{
    (void)data, (void)notice;
}

static PGconn *connect_to(const struct postgres_store *store, const char *database, char error[512])
{
    struct options options;
    if (!options_parse(&options, store->url, error))
        return NULL;
    options_set(&options, "dbname", database);
    PGconn *server = PQconnectdbParams(options.names, options.values, 0);
    options_release(&options);
    PQsetNoticeProcessor(server, pass_over_notice, NULL);
    if (PQstatus(server) == CONNECTION_OK)
        return server;
    say_why(store, server, error);
    PQfinish(server);
    return NULL;
}

PGconn *postgres_session(const struct postgres_store *store, char error[512])
{
    return connect_to(store, store->database, error);
}

/* The first column of the first row, or "" where there is none. False when it fails. */
static bool ask(PGconn *server, const char *sql, char answer[64])
{
    PGresult *result = PQexec(server, sql);
    bool done = PQresultStatus(result) == PGRES_TUPLES_OK || PQresultStatus(result) == PGRES_COMMAND_OK;
    bool has_value = done && PQntuples(result) > 0 && !PQgetisnull(result, 0, 0);
    snprintf(answer, 64, "%s", has_value ? PQgetvalue(result, 0, 0) : "");
    PQclear(result);
    return done;
}

static bool database_exists(PGconn *server, const char *name, bool *exists)
{
    char *sql = store_text("SELECT 1 FROM pg_database WHERE datname = '%s'", name);
    char answer[64];
    bool done = ask(server, sql, answer);
    free(sql);
    *exists = answer[0] == '1';
    return done;
}

/* Of the server's own database, which every server has. Two services may start at once: whoever is second finds it made. */
static bool database_make(const struct postgres_store *store, char error[512])
{
    PGconn *server = connect_to(store, "postgres", error);
    if (!server)
        return false;
    bool exists = false;
    char answer[64];
    char *sql = store_text("CREATE DATABASE %s TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'", store->database);
    bool made = database_exists(server, store->database, &exists) && (exists || ask(server, sql, answer));
    if (!made && !(database_exists(server, store->database, &exists) && exists))
        snprintf(error, 512, "The database %s can't be made: %.300s The user needs CREATEDB, or make it beforehand.", store->database,
                 PQerrorMessage(server));
    else
        made = true;
    free(sql);
    PQfinish(server);
    return made;
}

/* The order of texts is part of what queries promise. */
static bool compares_bytes(const struct postgres_store *store, PGconn *server, char error[512])
{
    char collation[64];
    if (ask(server, "SELECT datcollate FROM pg_database WHERE datname = current_database()", collation) &&
        (strcmp(collation, "C") == 0 || strcmp(collation, "POSIX") == 0))
        return true;
    snprintf(error, 512, "The database %s orders texts as `%s` does. Make it anew with LC_COLLATE 'C'.", store->database, collation);
    return false;
}

static bool lock_writing(struct postgres_store *store, PGconn *server, enum connection_kind kind, char error[512])
{
    char answer[64];
    const char *lock = kind == CONNECTION_SHARED_WRITER ? "SELECT pg_try_advisory_lock_shared(" WRITER_LOCK ")"
                                                        : "SELECT pg_try_advisory_lock(" WRITER_LOCK ")";
    if (ask(server, lock, answer) && answer[0] == 't')
        return true;
    atomic_store(&store->store.writer_elsewhere, true);
    snprintf(error, 512, "Another souk writes to %s. Stop it first, or ask it through its API.", store->store.path);
    return false;
}

static bool session_setup(struct postgres_connection *connection, char error[512])
{
    struct postgres_store *store = (struct postgres_store *)connection->connection.store;
    PGconn *server = connection->server;
    char answer[64];
    if (!compares_bytes(store, server, error))
        return false;
    enum connection_kind kind = connection->connection.kind;
    if (kind != CONNECTION_READER && !lock_writing(store, server, kind, error))
        return false;
    if (kind == CONNECTION_SHARED_WRITER &&
        !ask(server, "SELECT set_config('idle_in_transaction_session_timeout', '" IDLE_MS_MAX "', false),"
                     " set_config('client_connection_check_interval', '1000', false)", answer)) {
        say_why(store, server, error);
        return false;
    }
    if (ask(server, "SELECT set_config('enable_seqscan', 'off', false), set_config('jit', 'off', false)", answer) &&
        ask(server,
            "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') IN ('off', 'local')",
            answer) &&
        PQenterPipelineMode(server))
        return true;
    say_why(store, server, error);
    return false;
}

bool postgres_connect(struct postgres_connection *connection, char error[512])
{
    const struct postgres_store *store = (const struct postgres_store *)connection->connection.store;
    PQfinish(connection->server);
    connection->server = connect_to(store, store->database, error);
    connection->sent_count = 0;
    connection->in_server_transaction = false;
    connection->misplaced = false;
    connection->session++;
    if (connection->server && session_setup(connection, error))
        return true;
    PQfinish(connection->server);
    connection->server = NULL;
    return false;
}

static bool first_connect(struct postgres_connection *connection, char error[512])
{
    const struct postgres_store *store = (const struct postgres_store *)connection->connection.store;
    if (connection->connection.kind != CONNECTION_READER && !database_make(store, error))
        return false;
    return postgres_connect(connection, error);
}

static struct connection *postgres_connection_open(struct store *store, enum connection_kind kind, char error[512])
{
    struct postgres_connection *connection = calloc(1, sizeof *connection);
    ASSERT(connection);
    connection_init(&connection->connection, store, kind);
    if (first_connect(connection, error))
        return &connection->connection;
    connection_close(&connection->connection);
    return NULL;
}

static void postgres_connection_close(struct connection *connection)
{
    PQfinish(postgres_of(connection)->server);
    free(connection);
}

static void postgres_expect_much(struct connection *writer, bool much)
{
    (void)writer, (void)much; /* the server has its own cache */
}

/* --- transactions --- */

static bool is_connected(const struct postgres_connection *connection)
{
    return connection->server && PQstatus(connection->server) == CONNECTION_OK && !connection->misplaced;
}

static void connect_again(struct tx *tx)
{
    struct postgres_connection *connection = postgres_of(tx->connection);
    struct env *env = tx->connection->store->env;
    char error[512];
    bool tries = env_monotonic_us(env) >= connection->retry_us;
    if (tries && postgres_connect(connection, error)) {
        LOG_INFO("connected to the store again", log_text("store", tx->connection->store->path));
        connection->told_us = 0;
        return;
    }
    if (tries)
        connection->retry_us = env_monotonic_us(env) + RECONNECT_US;
    if (tries && env_monotonic_us(env) >= connection->told_us) {
        connection->told_us = env_monotonic_us(env) + TELL_AGAIN_US;
        store_broke(tx, error, 0, "connect");
    }
    tx->failed = tx->may_pass = true;
}

static void postgres_begin(struct tx *tx)
{
    struct postgres_connection *connection = postgres_of(tx->connection);
    if (!is_connected(connection))
        connect_again(tx);
    if (tx->failed)
        return;
    enum connection_kind kind = tx->connection->kind;
    connection->in_server_transaction =
        pipeline_send(tx, kind != CONNECTION_READER ? "BEGIN" : "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    if (kind == CONNECTION_SHARED_WRITER)
        pipeline_send(tx, "SELECT pg_advisory_xact_lock(" TURN_LOCK ")");
}

/* After an error the server skips everything up to a sync: only then it hears of the end. */
static void postgres_rollback(struct tx *tx)
{
    struct postgres_connection *connection = postgres_of(tx->connection);
    bool failed = tx->failed;
    if (connection->in_server_transaction && is_connected(connection)) {
        if (failed)
            pipeline_sync(tx);
        tx->failed = false; /* this order must go out */
        pipeline_send(tx, "ROLLBACK");
        if (!failed && tx->connection->kind == CONNECTION_READER)
            pipeline_sync_later(tx); /* what it read is known to be right already */
        else
            pipeline_sync(tx);
    }
    tx->failed = failed;
    connection->in_server_transaction = false;
}

static void postgres_commit(struct tx *tx)
{
    pipeline_send(tx, "COMMIT");
    pipeline_sync(tx);
    if (tx->failed)
        postgres_rollback(tx);
    postgres_of(tx->connection)->in_server_transaction = false;
}

static void postgres_savepoint(struct tx *tx)
{
    pipeline_send(tx, "SAVEPOINT command");
}

static void postgres_savepoint_keep(struct tx *tx)
{
    pipeline_send(tx, "RELEASE SAVEPOINT command");
}

static void postgres_savepoint_undo(struct tx *tx)
{
    pipeline_send(tx, "ROLLBACK TO SAVEPOINT command");
    pipeline_send(tx, "RELEASE SAVEPOINT command");
}

static void postgres_checkpoint(struct connection *writer)
{
    (void)writer; /* the server does that itself */
}

static bool postgres_copy(struct tx *tx, const char *path, char error[512])
{
    (void)path;
    snprintf(error, 512, "%.200s is backed up with PostgreSQL's own tools: pg_dump, or base backups and the archived log.",
             tx->connection->store->path);
    return false;
}

/* A table that changes is locked, and whoever comes behind a lock that is waited for waits, too: better to fail, and to try again. */
static bool postgres_migrate_begin(struct tx *tx, bool alone)
{
    SQL_INT(tx, 0, "SELECT length(set_config('lock_timeout', '3s', true))");
    return !alone || tx->connection->kind == CONNECTION_WRITER ||
           SQL_INT(tx, 0, "SELECT pg_try_advisory_xact_lock(" WRITER_LOCK ")") == 1;
}

const struct store_back store_back_postgres = {
    .scheme = "postgres://",
    .is_shared = true,
    .store_open = postgres_store_open,
    .store_close = postgres_store_close,
    .connection_open = postgres_connection_open,
    .connection_close = postgres_connection_close,
    .expect_much = postgres_expect_much,
    .begin = postgres_begin,
    .commit = postgres_commit,
    .rollback = postgres_rollback,
    .savepoint = postgres_savepoint,
    .savepoint_keep = postgres_savepoint_keep,
    .savepoint_undo = postgres_savepoint_undo,
    .checkpoint = postgres_checkpoint,
    .prepare = postgres_prepare,
    .discard = postgres_discard,
    .execute = postgres_execute,
    .start = postgres_start,
    .fetch = postgres_fetch,
    .step = postgres_step,
    .finish = postgres_finish,
    .column_count = postgres_column_count,
    .column_name = postgres_column_name,
    .column_kind = postgres_column_kind,
    .column_int = postgres_column_int,
    .column_text = postgres_column_text,
    .column_bytes = postgres_column_text,
    .script = postgres_script,
    .table_names = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename",
    .copy = postgres_copy,
    .migrate_begin = postgres_migrate_begin,
    .gives_rows_at_once = true,
    .load_begin = postgres_load_begin,
    .load_row = postgres_load_row,
    .load_end = postgres_load_end,
    .loaded = postgres_loaded,
};
