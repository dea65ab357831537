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
#include <malloc.h>
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

/* What every transaction runs. */
enum control { BEGIN_WRITING, BEGIN_READING, COMMIT, SAVEPOINT, RELEASE, ROLLBACK_TO, CONTROL_COUNT };

/* --- stores --- */

static void setup_sqlite(void)
{
    /* Counting every allocation takes a mutex that all threads share. Refused (and then left as it is) when somebody has used SQLite
     * before us, as a simulator that registered its VFS. */
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    ASSERT(sqlite3_initialize() == SQLITE_OK);
}

/* Make a folder and those above it, readable by nobody else: customers' addresses will be in there. */
static bool folder_make(const char *path, char error[512])
{
    char *partial = store_text("%s", path);
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

static bool place_in_folder(struct sqlite_store *sqlite, const char *folder, char error[512])
{
    struct store *store = &sqlite->store;
    sqlite->place = STORE_FOLDER;
    store->path = store_text("%s/%s.db", folder, store->service);
    if (store->env->vfs)
        return true;
    sqlite->lock_path = store_text("%s/%s.lock", folder, store->service);
    return folder_make(folder, error);
}

static bool place(struct sqlite_store *sqlite, const char *folder, char error[512])
{
    if (*folder == '\0') {
        snprintf(error, 512, "The store's URL names no folder. Write sqlite:FOLDER, such as sqlite:./data.");
        return false;
    }
    if (strcmp(folder, ":memory:") == 0) {
        sqlite->place = STORE_MEMORY;
        sqlite->store.path = store_text(":memory:");
        return true;
    }
    if (strcmp(folder, ":temporary:") == 0) {
        sqlite->place = STORE_TEMPORARY;
        sqlite->store.path = store_text("%s", ""); /* SQLite's name for a file that it makes and removes itself */
        return true;
    }
    return place_in_folder(sqlite, folder, error);
}

static void sqlite_store_close(struct store *store)
{
    struct sqlite_store *sqlite = (struct sqlite_store *)store;
    free(sqlite->lock_path);
    free(sqlite);
}

static struct store *sqlite_store_open(struct env *env, const char *url, const char *service, char error[512])
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, setup_sqlite);

    struct sqlite_store *sqlite = calloc(1, sizeof *sqlite);
    ASSERT(sqlite);
    store_init(&sqlite->store, &store_back_sqlite, env, service);
    if (place(sqlite, url + strlen(store_back_sqlite.scheme), error))
        return &sqlite->store;
    store_close(&sqlite->store);
    return NULL;
}

/* --- connections --- */

/* SQLite lets writers of several processes take turns, but the end of the event log is kept in one writer's memory: so one at a time. The lock
 * goes with the process, however that ends. */
static bool writer_lock(struct sqlite_connection *connection, char error[512])
{
    struct sqlite_store *store = (struct sqlite_store *)connection->connection.store;
    if (!store->lock_path)
        return true;
    connection->lock = open(store->lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (connection->lock < 0) {
        snprintf(error, 512, "The file %s can't be opened: %s.", store->lock_path, strerror(errno));
        return false;
    }
    if (flock(connection->lock, LOCK_EX | LOCK_NB) == 0)
        return true;
    atomic_store(&store->store.writer_elsewhere, true);
    snprintf(error, 512, "Another souk writes to %s. Stop it first, or ask it through its API.",
             store->store.path);
    return false;
}

static bool database_open(struct sqlite_connection *connection, char error[512])
{
    const struct store *store = connection->connection.store;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    if (connection->connection.kind == CONNECTION_WRITER)
        flags |= SQLITE_OPEN_CREATE;
    int code = sqlite3_open_v2(store->path, &connection->database, flags, store->env->vfs);
    if (code == SQLITE_OK)
        return true;
    if (connection->connection.kind == CONNECTION_READER && (code & 0xff) == SQLITE_CANTOPEN)
        snprintf(error, 512, "There is no store of %s at %s. `souk serve` makes it.", store->service, store->path);
    else
        snprintf(error, 512, "The store %s can't be opened: %s.", store->path, sqlite3_errstr(code));
    return false;
}

static int on_commit(void *data, sqlite3 *database, const char *name, int pages)
{
    (void)database, (void)name;
    struct sqlite_connection *connection = data;
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

/* A process that was killed between writing a commit and syncing it, or to which syncing failed, leaves a commit that can be read, and that a
 * power cut could still take away: nobody may be answered from it before it is durable. A checkpoint brings it into the database. But where
 * a sync had failed the disk may have an older journal than we read, which a power cut would lay over the newer database; so a commit of
 * nothing begins the journal anew. */
static int settle_what_was_left(struct sqlite_connection *connection)
{
    int frames = 0;
    int code = sqlite3_wal_checkpoint_v2(connection->database, NULL, SQLITE_CHECKPOINT_PASSIVE, &frames, NULL);
    if (code == SQLITE_OK && frames > 0)
        code = sqlite3_exec(connection->database, "PRAGMA user_version = 0", NULL, NULL, NULL);
    return code == SQLITE_FULL ? SQLITE_OK : code; /* a shop on a full disk can still be looked at */
}

static int setup_writer(struct sqlite_connection *connection, char error[512])
{
    int code = sqlite3_exec(connection->database, writer_setup, NULL, NULL, NULL);
    if (code != SQLITE_OK)
        return code;
    bool wal = false;
    code = sqlite3_exec(connection->database, "PRAGMA journal_mode = WAL", on_journal_mode, &wal, NULL);
    if (code == SQLITE_OK && !wal) {
        snprintf(error, 512, "The store %s can't have a write-ahead log. Put it on a local disk.",
                 connection->connection.store->path);
        return SQLITE_ERROR;
    }
    if (PLANTED(COMMIT_WITHOUT_SYNC))
        sqlite3_exec(connection->database, "PRAGMA synchronous = NORMAL", NULL, NULL, NULL);
    sqlite3_wal_hook(connection->database, on_commit, connection); /* also turns automatic checkpoints off */
    if (code == SQLITE_OK)
        code = settle_what_was_left(connection);
    return code;
}

static bool database_setup(struct sqlite_connection *connection, char error[512])
{
    const struct sqlite_store *store = (const struct sqlite_store *)connection->connection.store;
    sqlite3 *database = connection->database;
    sqlite3_db_config(database, SQLITE_DBCONFIG_LOOKASIDE, NULL, LOOKASIDE_SLOT_BYTES, LOOKASIDE_SLOTS);
    sqlite3_db_config(database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    /* "double" quotes are for names only, as in PostgreSQL */
    sqlite3_db_config(database, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    sqlite3_db_config(database, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    sqlite3_busy_timeout(database, BUSY_TIMEOUT_MS);

    error[0] = '\0';
    int code;
    if (store->place == STORE_MEMORY)
        code = sqlite3_exec(database, memory_setup, NULL, NULL, NULL);
    else if (store->place == STORE_TEMPORARY)
        code = sqlite3_exec(database, temporary_setup, NULL, NULL, NULL);
    else if (connection->connection.kind == CONNECTION_READER)
        code = sqlite3_exec(database, reader_setup, NULL, NULL, NULL);
    else
        code = setup_writer(connection, error);
    if (code != SQLITE_OK && error[0] == '\0')
        snprintf(error, 512, "The store %s can't be used: %s.", store->store.path, sqlite3_errmsg(database));
    return code == SQLITE_OK;
}

static struct connection *sqlite_connection_open(struct store *store, enum connection_kind kind, char error[512])
{
    struct sqlite_connection *connection = calloc(1, sizeof *connection);
    ASSERT(connection);
    connection_init(&connection->connection, store, kind);
    connection->lock = -1;

    bool is_scratch = ((const struct sqlite_store *)store)->place != STORE_FOLDER;
    if (is_scratch && (store->connection_count > 1 || kind != CONNECTION_WRITER)) {
        snprintf(error, 512, "A scratch store has one connection, its writer. Write sqlite:FOLDER for a store to share.");
        goto refuse;
    }
    if (kind == CONNECTION_WRITER && !writer_lock(connection, error))
        goto refuse;
    if (!database_open(connection, error) || !database_setup(connection, error))
        goto refuse;
    return &connection->connection;

refuse:
    connection_close(&connection->connection);
    return NULL;
}

/* What is freed in the middle of a heap stays with the process until malloc_trim() finds it: after an import, 150 MB; and before it, what it took to read
 * the file. */
static void sqlite_expect_much(struct connection *writer, bool much)
{
    if (((const struct sqlite_store *)writer->store)->place == STORE_FOLDER)
        sqlite3_exec(sqlite_of(writer)->database,
                     much ? "PRAGMA cache_size = -65536" : "PRAGMA cache_size = -2048; PRAGMA shrink_memory", NULL, NULL, NULL);
    malloc_trim(0);
}

static void sqlite_connection_close(struct connection *connection)
{
    struct sqlite_connection *sqlite = sqlite_of(connection);
    for (size_t i = 0; i < CONTROL_COUNT; i++)
        sqlite3_finalize(sqlite->control[i]);
    ASSERT(sqlite3_close(sqlite->database) == SQLITE_OK);
    if (sqlite->lock >= 0)
        close(sqlite->lock);
    free(sqlite);
}

/* --- transactions --- */

static void run(struct tx *tx, enum control control)
{
    static const char *const texts[CONTROL_COUNT] = {
        [BEGIN_WRITING] = "BEGIN IMMEDIATE",
        [BEGIN_READING] = "BEGIN",
        [COMMIT] = "COMMIT",
        [SAVEPOINT] = "SAVEPOINT command",
        [RELEASE] = "RELEASE command",
        [ROLLBACK_TO] = "ROLLBACK TO command",
    };
    struct sqlite_connection *connection = sqlite_of(tx->connection);
    sqlite3_stmt **handle = &connection->control[control];
    int code = SQLITE_OK;
    if (!*handle)
        code = sqlite3_prepare_v3(connection->database, texts[control], -1, SQLITE_PREPARE_PERSISTENT, handle, NULL);
    if (code == SQLITE_OK) {
        code = sqlite3_step(*handle);
        sqlite3_reset(*handle);
    }
    if (code != SQLITE_DONE)
        sqlite_went_wrong(tx, code, texts[control]);
}

static void checkpoint(struct sqlite_connection *connection)
{
    int pages = 0;
    int settled = 0;
    int code = sqlite3_wal_checkpoint_v2(connection->database, NULL, SQLITE_CHECKPOINT_PASSIVE, &pages, &settled);
    /* What could not be copied is still in the journal: nothing is lost, and the next attempt takes it along. Readers of an old state hold
     * pages back in the same way; either way there is nothing more to gain before the journal has grown again. */
    if (code != SQLITE_OK)
        LOG_WARNING("checkpoint failed", log_text("store", connection->connection.store->path), log_text("reason", sqlite3_errstr(code)));
    connection->journal_pages_settled = connection->journal_pages;
}

static void sqlite_checkpoint(struct connection *writer)
{
    struct sqlite_connection *connection = sqlite_of(writer);
    if (connection->journal_pages - connection->journal_pages_settled >= JOURNAL_PAGES_IDLE)
        checkpoint(connection);
}

static void sqlite_begin(struct tx *tx)
{
    struct sqlite_connection *connection = sqlite_of(tx->connection);
    if (connection->journal_pages - connection->journal_pages_settled >= JOURNAL_PAGES_BUSY)
        checkpoint(connection);
    run(tx, tx->connection->kind == CONNECTION_WRITER ? BEGIN_WRITING : BEGIN_READING);
}

/* SQLite has ended the transaction by itself after some failures; then there is nothing to roll back. Readers have written nothing, so committing,
 * which is prepared, does the same and takes less time. */
static void sqlite_rollback(struct tx *tx)
{
    sqlite3 *database = sqlite_of(tx->connection)->database;
    if (tx->connection->kind == CONNECTION_READER && !tx->failed)
        run(tx, COMMIT);
    if (!sqlite3_get_autocommit(database))
        sqlite3_exec(database, "ROLLBACK", NULL, NULL, NULL);
    ASSERT(sqlite3_get_autocommit(database));
}

static void sqlite_commit(struct tx *tx)
{
    run(tx, COMMIT);
    if (tx->failed)
        sqlite_rollback(tx);
}

static void sqlite_savepoint(struct tx *tx)
{
    run(tx, SAVEPOINT);
}

static void sqlite_savepoint_keep(struct tx *tx)
{
    run(tx, RELEASE);
}

static void sqlite_savepoint_undo(struct tx *tx)
{
    run(tx, ROLLBACK_TO);
    if (!tx->failed)
        run(tx, RELEASE);
}

static bool sqlite_copy(struct tx *tx, const char *path, char error[512])
{
    sqlite3 *copy = NULL;
    sqlite3_backup *backup = NULL;
    int code = sqlite3_open_v2(path, &copy, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_EXCLUSIVE, NULL);

    if (code == SQLITE_OK)
        backup = sqlite3_backup_init(copy, "main", sqlite_of(tx->connection)->database, "main");
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

const struct store_back store_back_sqlite = {
    .scheme = "sqlite:",
    .store_open = sqlite_store_open,
    .store_close = sqlite_store_close,
    .connection_open = sqlite_connection_open,
    .connection_close = sqlite_connection_close,
    .expect_much = sqlite_expect_much,
    .begin = sqlite_begin,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .savepoint = sqlite_savepoint,
    .savepoint_keep = sqlite_savepoint_keep,
    .savepoint_undo = sqlite_savepoint_undo,
    .checkpoint = sqlite_checkpoint,
    .prepare = sqlite_prepare,
    .discard = sqlite_discard,
    .execute = sqlite_execute,
    .start = sqlite_start,
    .fetch = sqlite_fetch,
    .step = sqlite_step,
    .finish = sqlite_finish,
    .column_count = sqlite_column_count,
    .column_name = sqlite_column_name,
    .column_kind = sqlite_column_kind,
    .column_int = sqlite_column_integer,
    .column_text = sqlite_column_string,
    .column_bytes = sqlite_column_octets,
    .script = sqlite_script,
    .table_names = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
    .copy = sqlite_copy,
};
