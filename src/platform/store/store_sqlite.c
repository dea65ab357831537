/*
 * The SQLite back of the store: databases, connections, transactions.
 *
 * One file per service, in WAL mode: readers see the last commit while the writer makes the next one, and neither waits for the other.
 * synchronous=FULL syncs the journal at each commit, before it returns; NORMAL would not, and loses acknowledged commits in a power
 * cut. A connection belongs to one thread at a time, so SQLite's own mutexes are off (NOMUTEX).
 *
 * Checkpoints copy the journal into the database file. SQLite's own habit is to do that within whichever commit passes 1,000
 * pages, which delays the answers of that commit. Here the writer does it when it is idle (store_checkpoint), and under
 * lasting load at the beginning of a transaction, when the answers of the one before are out.
 *
 * Memory: pages are cached per connection, and the operating system's cache holds the file anyway, so the caches only save
 * system calls and are small: 13 services with a writer and two readers each must stay under 40 MB. Only a transaction that does not fit at
 * all (an import) would write its pages and read them again over and over: who begins one says so (connection_expect_much).
 *
 * Simulation: env->vfs names the VFS that files are opened with; it is used from one thread, by a writer and several readers at
 * once. It must offer
 *   - files by any name (folders are not made), xOpen of main databases and WALs, and of nameless temporary files
 *   - xShmMap, xShmLock, xShmBarrier, xShmUnmap in plain memory, shared by all open handles of one file and lost in a crash,
 *     as shared memory is (io methods of version 2; no xFetch: mmap is off)
 *   - xSync that makes what was written so far durable, and everything else of a plain file
 *   - xSleep that moves its clock: busy handlers call it
 * A journal's salt comes from sqlite3_randomness(), so a world that repeats itself seeds that with sqlite3_test_control().
 */
#include "platform/store/store_sqlite_internal.h"

#include "base/assert.h"
#include "base/log.h"
#include "base/plants.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Another process that checkpoints or recovers holds a lock for milliseconds; more than this is a fault. */
#define BUSY_TIMEOUT_MS 5000
/* An idle writer checkpoints a journal from this size on: 1 MB. Smaller ones are not worth two syncs. */
#define JOURNAL_PAGES_IDLE 250
/* A busy one from this size on: 16 MB, about 20 ms of work. */
#define JOURNAL_PAGES_BUSY 4000
/* Small allocations of statements, per connection; SQLite's default of 120 KB is meant for fewer connections. */
#define LOOKASIDE_SLOT_BYTES 256
#define LOOKASIDE_SLOTS 128

/* page_size is SQLite's default, spelled out because the cache sizes (in KiB, negative) and the limits above rest on it. */
static const char writer_setup[] = "PRAGMA page_size = 4096;"
                                   "PRAGMA synchronous = FULL;"
                                   "PRAGMA wal_autocheckpoint = 0;"
                                   "PRAGMA journal_size_limit = 33554432;"
                                   "PRAGMA temp_store = MEMORY;"
                                   "PRAGMA cache_size = -2048;";
static const char reader_setup[] = "PRAGMA query_only = ON;"
                                   "PRAGMA temp_store = MEMORY;"
                                   "PRAGMA cache_size = -512;";
/* Scratch has nothing to lose: its journal is only there for rollback, in memory. */
static const char memory_setup[] = "PRAGMA temp_store = MEMORY; PRAGMA journal_mode = MEMORY;";
static const char temporary_setup[] = "PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY; PRAGMA cache_size = -32768;";

/* --- stores --- */

static void setup_sqlite(void)
{
    /* Counting every allocation takes a mutex that all threads share. Refused (and then left as it is) when somebody has used SQLite
     * before us, as a simulator that registered its VFS. */
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    ASSERT(sqlite3_initialize() == SQLITE_OK);
}

static char *copy_of(const char *format, ...) __attribute__((format(printf, 1, 2)));
static char *copy_of(const char *format, ...)
{
    char *copy = NULL;
    va_list arguments;
    va_start(arguments, format);
    ASSERT(vasprintf(&copy, format, arguments) >= 0);
    va_end(arguments);
    return copy;
}

/* Make a folder and those above it, readable by nobody else: customers' addresses will be in there. */
static bool folder_make(const char *path, char error[512])
{
    char *partial = copy_of("%s", path);
    bool made = true;
    for (char *at = partial + 1; made && *at; at++) {
        if (*at != '/')
            continue;
        *at = '\0';
        made = mkdir(partial, 0700) == 0 || errno == EEXIST;
        *at = '/';
    }
    made = made && (mkdir(partial, 0700) == 0 || errno == EEXIST);
    if (!made)
        snprintf(error, 512, "The folder %s can't be made: %s. Name another one with SOUK_STORE=sqlite:FOLDER.", path,
                 strerror(errno));
    free(partial);
    return made;
}

static bool place_in_folder(struct store *store, const char *folder, char error[512])
{
    store->place = STORE_FOLDER;
    store->path = copy_of("%s/%s.db", folder, store->service);
    if (store->env->vfs)
        return true;
    store->lock_path = copy_of("%s/%s.lock", folder, store->service);
    return folder_make(folder, error);
}

static bool place(struct store *store, const char *url, char error[512])
{
    if (strncmp(url, "sqlite:", 7) != 0 || url[7] == '\0') {
        snprintf(error, 512, "There is no store of the kind %.200s. Write sqlite:FOLDER, such as sqlite:./data.", url);
        return false;
    }
    if (strcmp(url, "sqlite::memory:") == 0) {
        store->place = STORE_MEMORY;
        store->path = copy_of(":memory:");
        return true;
    }
    if (strcmp(url, "sqlite::temporary:") == 0) {
        store->place = STORE_TEMPORARY;
        store->path = copy_of("%s", ""); /* SQLite's name for a file that it makes and removes itself */
        return true;
    }
    return place_in_folder(store, url + 7, error);
}

static void store_free(struct store *store)
{
    free(store->service);
    free(store->path);
    free(store->lock_path);
    free(store);
}

struct store *store_open(struct env *env, const char *url, const char *service, char error[512])
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, setup_sqlite);

    struct store *store = calloc(1, sizeof *store);
    ASSERT(store);
    store->env = env;
    store->service = copy_of("%s", service);
    if (!place(store, url, error)) {
        store_free(store);
        return NULL;
    }
    return store;
}

void store_close(struct store *store)
{
    ASSERT(store->connection_count == 0);
    store_free(store);
}

/* --- connections --- */

/* SQLite lets writers of several processes take turns, but the end of the event log is kept in one writer's memory: so one at a time. The lock
 * goes with the process, however that ends. */
static bool writer_lock(struct connection *connection, char error[512])
{
    const struct store *store = connection->store;
    if (!store->lock_path)
        return true;
    connection->lock = open(store->lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (connection->lock < 0) {
        snprintf(error, 512, "The file %s can't be opened: %s.", store->lock_path, strerror(errno));
        return false;
    }
    if (flock(connection->lock, LOCK_EX | LOCK_NB) == 0)
        return true;
    snprintf(error, 512, "Another souk writes to %s. Stop it first, or ask it through its API.", store->path);
    return false;
}

static bool database_open(struct connection *connection, char error[512])
{
    const struct store *store = connection->store;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    if (connection->kind == CONNECTION_WRITER)
        flags |= SQLITE_OPEN_CREATE;
    int code = sqlite3_open_v2(store->path, &connection->database, flags, store->env->vfs);
    if (code == SQLITE_OK)
        return true;
    if (connection->kind == CONNECTION_READER && (code & 0xff) == SQLITE_CANTOPEN)
        snprintf(error, 512, "There is no store of %s at %s. `souk serve` makes it.", store->service, store->path);
    else
        snprintf(error, 512, "The store %s can't be opened: %s.", store->path, sqlite3_errstr(code));
    return false;
}

static int on_commit(void *data, sqlite3 *database, const char *name, int pages)
{
    (void)database, (void)name;
    struct connection *connection = data;
    connection->journal_pages = pages;
    if (pages < connection->journal_pages_settled)
        connection->journal_pages_settled = 0; /* all of it was settled, and SQLite began it anew */
    return SQLITE_OK;
}

static int on_journal_mode(void *data, int count, char **values, char **names)
{
    (void)names;
    *(bool *)data = count == 1 && strcmp(values[0], "wal") == 0;
    return 0;
}

/* A process that was killed between writing a commit and syncing it leaves a commit that can be read, and that a power cut could still
 * take away: nobody may be answered from it before it is durable. A checkpoint syncs the journal first. */
static int settle_what_was_left(struct connection *connection)
{
    return sqlite3_wal_checkpoint_v2(connection->database, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
}

static int setup_writer(struct connection *connection, char error[512])
{
    int code = sqlite3_exec(connection->database, writer_setup, NULL, NULL, NULL);
    if (code != SQLITE_OK)
        return code;
    bool wal = false;
    code = sqlite3_exec(connection->database, "PRAGMA journal_mode = WAL", on_journal_mode, &wal, NULL);
    if (code == SQLITE_OK && !wal) {
        snprintf(error, 512, "The store %s can't have a write-ahead log. Put it on a local disk.", connection->store->path);
        return SQLITE_ERROR;
    }
    if (PLANTED(COMMIT_WITHOUT_SYNC))
        sqlite3_exec(connection->database, "PRAGMA synchronous = NORMAL", NULL, NULL, NULL);
    sqlite3_wal_hook(connection->database, on_commit, connection); /* also turns automatic checkpoints off */
    if (code == SQLITE_OK)
        code = settle_what_was_left(connection);
    return code;
}

static bool database_setup(struct connection *connection, char error[512])
{
    sqlite3 *database = connection->database;
    sqlite3_db_config(database, SQLITE_DBCONFIG_LOOKASIDE, NULL, LOOKASIDE_SLOT_BYTES, LOOKASIDE_SLOTS);
    sqlite3_db_config(database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    /* "double" quotes are for names only, as in PostgreSQL */
    sqlite3_db_config(database, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    sqlite3_db_config(database, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    sqlite3_busy_timeout(database, BUSY_TIMEOUT_MS);

    error[0] = '\0';
    int code;
    if (connection->store->place == STORE_MEMORY)
        code = sqlite3_exec(database, memory_setup, NULL, NULL, NULL);
    else if (connection->store->place == STORE_TEMPORARY)
        code = sqlite3_exec(database, temporary_setup, NULL, NULL, NULL);
    else if (connection->kind == CONNECTION_READER)
        code = sqlite3_exec(database, reader_setup, NULL, NULL, NULL);
    else
        code = setup_writer(connection, error);
    if (code != SQLITE_OK && error[0] == '\0')
        snprintf(error, 512, "The store %s can't be used: %s.", connection->store->path, sqlite3_errmsg(database));
    return code == SQLITE_OK;
}

struct connection *connection_open(struct store *store, enum connection_kind kind, char error[512])
{
    struct connection *connection = calloc(1, sizeof *connection);
    ASSERT(connection);
    connection->store = store;
    connection->kind = kind;
    connection->lock = -1;
    connection->tx.connection = connection;
    int others = atomic_fetch_add(&store->connection_count, 1);

    if (store->place != STORE_FOLDER && (others > 0 || kind != CONNECTION_WRITER)) {
        snprintf(error, 512, "A scratch store has one connection, its writer. Write sqlite:FOLDER for a store to share.");
        goto refuse;
    }
    if (kind == CONNECTION_WRITER && !writer_lock(connection, error))
        goto refuse;
    if (!database_open(connection, error) || !database_setup(connection, error))
        goto refuse;
    return connection;

refuse:
    connection_close(connection);
    return NULL;
}

void connection_expect_much(struct connection *writer, bool much)
{
    ASSERT(writer->kind == CONNECTION_WRITER);
    if (writer->store->place == STORE_FOLDER)
        sqlite3_exec(writer->database,
                     much ? "PRAGMA cache_size = -65536" : "PRAGMA cache_size = -2048; PRAGMA shrink_memory", NULL, NULL, NULL);
}

void connection_close(struct connection *connection)
{
    ASSERT(!connection->in_transaction);
    if (connection->scratch) {
        struct store *scratch = connection->scratch->store;
        connection_close(connection->scratch);
        store_close(scratch);
    }
    statement_cache_release(&connection->statements);
    ASSERT(sqlite3_close(connection->database) == SQLITE_OK);
    if (connection->lock >= 0)
        close(connection->lock);
    atomic_fetch_sub(&connection->store->connection_count, 1);
    free(connection);
}

struct env *connection_env(const struct connection *connection)
{
    return connection->store->env;
}

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

static void checkpoint(struct connection *connection)
{
    int pages = 0;
    int settled = 0;
    int code = sqlite3_wal_checkpoint_v2(connection->database, NULL, SQLITE_CHECKPOINT_PASSIVE, &pages, &settled);
    /* What could not be copied is still in the journal: nothing is lost, and the next attempt takes it along. Readers of an old state hold
     * pages back in the same way; either way there is nothing more to gain before the journal has grown again. */
    if (code != SQLITE_OK)
        LOG_WARNING("checkpoint failed", log_text("store", connection->store->path), log_text("reason", sqlite3_errstr(code)));
    connection->journal_pages_settled = connection->journal_pages;
}

void store_checkpoint(struct connection *writer)
{
    ASSERT(!writer->in_transaction);
    if (writer->journal_pages - writer->journal_pages_settled >= JOURNAL_PAGES_IDLE)
        checkpoint(writer);
}

struct tx *tx_begin(struct connection *connection)
{
    ASSERT(!connection->in_transaction);
    if (connection->journal_pages - connection->journal_pages_settled >= JOURNAL_PAGES_BUSY)
        checkpoint(connection);

    connection->in_transaction = true;
    connection->tx = (struct tx){.connection = connection};
    sqlite_run(&connection->tx, connection->kind == CONNECTION_WRITER ? "BEGIN IMMEDIATE" : "BEGIN");
    return &connection->tx;
}

/* SQLite has ended the transaction by itself after some failures; then there is nothing to roll back. */
static void database_rollback(struct connection *connection)
{
    if (!sqlite3_get_autocommit(connection->database))
        sqlite3_exec(connection->database, "ROLLBACK", NULL, NULL, NULL);
    ASSERT(sqlite3_get_autocommit(connection->database));
}

static void tx_end(struct connection *connection)
{
    connection->in_transaction = false;
    connection->in_savepoint = false;
}

bool tx_commit(struct tx *tx)
{
    struct connection *connection = tx->connection;
    ASSERT(connection->in_transaction && !connection->in_savepoint);
    ASSERT(connection->statements_in_use == 0);
    sqlite_run(tx, "COMMIT");
    if (tx->failed)
        database_rollback(connection);
    tx_end(connection);
    return !tx->failed;
}

void tx_rollback(struct tx *tx)
{
    struct connection *connection = tx->connection;
    ASSERT(connection->in_transaction);
    ASSERT(connection->statements_in_use == 0);
    database_rollback(connection);
    tx_end(connection);
}

void tx_savepoint(struct tx *tx)
{
    ASSERT(tx->connection->in_transaction && !tx->connection->in_savepoint);
    tx->connection->in_savepoint = true;
    sqlite_run(tx, "SAVEPOINT command");
}

void tx_savepoint_keep(struct tx *tx)
{
    ASSERT(tx->connection->in_savepoint);
    ASSERT(tx->connection->statements_in_use == 0);
    tx->connection->in_savepoint = false;
    sqlite_run(tx, "RELEASE command");
}

void tx_savepoint_undo(struct tx *tx)
{
    ASSERT(tx->connection->in_savepoint);
    ASSERT(tx->connection->statements_in_use == 0);
    tx->connection->in_savepoint = false;
    sqlite_run(tx, "ROLLBACK TO command");
    sqlite_run(tx, "RELEASE command");
}

bool store_copy(struct tx *tx, const char *path, char error[512])
{
    sqlite3 *copy = NULL;
    sqlite3_backup *backup = NULL;
    int code = sqlite3_open_v2(path, &copy, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_EXCLUSIVE, NULL);

    if (code == SQLITE_OK)
        backup = sqlite3_backup_init(copy, "main", tx->connection->database, "main");
    code = backup ? sqlite3_backup_step(backup, -1) : sqlite3_errcode(copy);
    if (backup)
        sqlite3_backup_finish(backup);
    if (code != SQLITE_DONE)
        snprintf(error, 512, "%.300s can't be written: %s", path, sqlite3_errstr(code));
    sqlite3_close(copy);
    if (code != SQLITE_DONE)
        unlink(path);
    return code == SQLITE_DONE;
}
