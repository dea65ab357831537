/*
 * How fast is the store? A command here is what a small service's command is: a savepoint, one event with its hash, one row updated and one
 * inserted; so three row writes, durable when its batch is committed. Reads are point reads by a text key among 100,000 rows, each in a
 * transaction of its own.
 *
 *     make bench-store        build/release/bench/store_bench [FOLDER]
 *
 * The folder decides what is measured: a commit waits for the disk beneath it.
 */
#include "base/arena.h"
#include "base/limits.h"
#include "platform/env/env.h"
#include "platform/store/event_log.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROWS 100000
#define MEASURE_US 1000000
#define READERS_MAX 2

static const struct migration migrations[] = {
    {1, "bench", "CREATE TABLE stock (sku TEXT PRIMARY KEY, reserved BIGINT NOT NULL);"
                 "CREATE TABLE reservation (id TEXT PRIMARY KEY, sku TEXT NOT NULL, quantity BIGINT NOT NULL);", true},
};

static char url[512];
static struct connection *writer;
static struct event_log_head head;
static int64_t next_id;

static int64_t now_us(void)
{
    return env_monotonic_us(env_machine());
}

static _Noreturn void give_up(const char *error)
{
    fprintf(stderr, "store_bench: %s\n", error);
    exit(1);
}

static const char *sku_of(struct arena *arena, int64_t number)
{
    return arena_printf(arena, "sku-%06lld", (long long)(number * 7919 % ROWS));
}

static void fill(void)
{
    struct arena *arena = arena_new(LIMIT_CALL_ARENA);
    struct tx *tx = tx_begin(writer);
    tx->may_write = true;
    for (int i = 0; i < ROWS; i++)
        SQL_DO(tx, "INSERT INTO stock (sku, reserved) VALUES (?1, 0)", sql_string(sku_of(arena, i)));
    if (!tx_commit(tx))
        give_up("the store can't be filled");
    arena_free(arena);
}

/* --- commands --- */

static void command(struct tx *tx)
{
    const char *sku = sku_of(tx->arena, ++next_id);
    /* sortable by time and otherwise random, as our ids are */
    const char *id = arena_printf(tx->arena, "01jd%08llx%08lx%06lx", (long long)next_id / 64, random(), random() & 0xffffff);
    struct event event = {
        .stream = arena_printf(tx->arena, "stock/%s", sku),
        .name = "souk.inventory.v1.StockReserved",
        .schema_version = 1,
        .at_us = env_now_us(env_machine()),
        .actor = "anonymous",
        .request_id = id,
        .cause = "call",
        .data = text_of(arena_printf(tx->arena, "%s %s and sixty bytes or so of a packed protobuf message", id, sku)),
    };
    tx_savepoint(tx);
    event_log_append(tx, &head, &event);
    tx->may_write = true;
    SQL_DO(tx, "UPDATE stock SET reserved = reserved + 1 WHERE sku = ?1", sql_string(sku));
    SQL_DO(tx, "INSERT INTO reservation (id, sku, quantity) VALUES (?1, ?2, 1)", sql_string(id), sql_string(sku));
    tx->may_write = false;
    tx_savepoint_keep(tx);
}

static int by_value(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

static void bench_commands(int batch)
{
    static int64_t waited[100000];
    size_t commits = 0;
    int64_t begin = now_us();
    int64_t end = begin;
    while (end - begin < MEASURE_US && commits < sizeof waited / sizeof waited[0]) {
        struct arena *arena = arena_new(LIMIT_CALL_ARENA);
        struct tx *tx = tx_begin(writer);
        tx->arena = arena;
        for (int i = 0; i < batch; i++)
            command(tx);
        if (!tx_commit(tx))
            give_up("a commit fails");
        arena_free(arena);
        int64_t now = now_us();
        waited[commits++] = now - end;
        end = now;
    }
    qsort(waited, commits, sizeof waited[0], by_value);
    printf("commands, %3d a commit   %8.0f /s   commit p50 %6.2f ms   p99 %6.2f ms   max %6.2f ms\n", batch,
           (double)commits * batch * 1e6 / (double)(end - begin), (double)waited[commits / 2] / 1e3,
           (double)waited[commits * 99 / 100] / 1e3, (double)waited[commits - 1] / 1e3);
}

/* --- reads --- */

static void *read_points(void *data)
{
    int64_t *count = data;
    char error[512];
    struct store *store = store_open(env_machine(), url, "bench", error);
    struct connection *reader = store ? connection_open(store, CONNECTION_READER, error) : NULL;
    if (!reader)
        give_up(error);
    for (int64_t end = now_us() + MEASURE_US; now_us() < end;) {
        struct arena *arena = arena_new(LIMIT_CALL_ARENA);
        for (int i = 0; i < 100; i++) {
            struct tx *tx = tx_begin(reader);
            tx->arena = arena;
            SQL_INT(tx, 0, "SELECT reserved FROM stock WHERE sku = ?1", sql_string(sku_of(arena, *count)));
            tx_commit(tx);
            ++*count;
        }
        arena_free(arena);
    }
    connection_close(reader);
    store_close(store);
    return NULL;
}

static void bench_reads(int readers, bool beside_writer)
{
    pthread_t threads[READERS_MAX];
    int64_t counts[READERS_MAX] = {0};
    for (int i = 0; i < readers; i++)
        pthread_create(&threads[i], NULL, read_points, &counts[i]);
    if (beside_writer)
        bench_commands(16);
    int64_t total = 0;
    for (int i = 0; i < readers; i++) {
        pthread_join(threads[i], NULL);
        total += counts[i];
    }
    printf("point reads, %d thread%s  %9lld /s%s\n", readers, readers == 1 ? " " : "s", (long long)(total * 1000000 / MEASURE_US),
           beside_writer ? "   beside the writer above" : "");
}

/* --- the past --- */

static void bench_scratch(void)
{
    char error[512];
    bool fresh;
    int64_t begin = now_us();
    struct connection *scratch = connection_scratch(writer, &fresh, error);
    if (!scratch || !event_log_migrate(scratch, migrations, 1, error))
        give_up(error);
    printf("scratch database, made   %8.1f us", (double)(now_us() - begin));
    begin = now_us();
    for (int i = 0; i < 1000; i++) {
        struct tx *tx = tx_begin(scratch);
        tx->may_write = true;
        SQL_DO(tx, "INSERT INTO stock (sku, reserved) VALUES ('a', 0)");
        tx_rollback(tx);
    }
    printf("   used again %6.1f us\n", (double)(now_us() - begin) / 1000);
}

static bool count_event(void *data, const struct event *event)
{
    (void)event;
    ++*(int64_t *)data;
    return true;
}

static void bench_log(void)
{
    char error[512];
    int64_t count = 0;
    struct tx *tx = tx_begin(writer);
    int64_t begin = now_us();
    event_log_read(tx, NULL, 0, 0, INT64_MAX, count_event, &count);
    printf("events read              %8.0f /s", (double)count * 1e6 / (double)(now_us() - begin + 1));
    begin = now_us();
    if (event_log_verify(tx, error) != 0)
        give_up(error);
    printf("   verified %8.0f /s   (%lld events)\n", (double)count * 1e6 / (double)(now_us() - begin + 1), (long long)count);
    tx_rollback(tx);
}

int main(int argc, char **argv)
{
    char error[512] = "";
    char folder[256];
    snprintf(folder, sizeof folder, "%s/souk-bench-XXXXXX", argc > 1 ? argv[1] : "/tmp");
    if (!mkdtemp(folder))
        give_up("the folder can't be made");
    snprintf(url, sizeof url, "sqlite:%s", folder);

    struct store *store = store_open(env_machine(), url, "bench", error);
    writer = store ? connection_open(store, CONNECTION_WRITER, error) : NULL;
    if (!writer || !event_log_migrate(writer, migrations, 1, error))
        give_up(error);
    fill();
    static const int batches[] = {1, 16, 64, 256};
    for (size_t i = 0; i < sizeof batches / sizeof batches[0]; i++)
        bench_commands(batches[i]);
    bench_reads(1, false);
    bench_reads(READERS_MAX, false);
    bench_reads(1, true);
    bench_log();
    bench_scratch();
    connection_close(writer);
    store_close(store);

    static const char *const files[] = {"bench.db", "bench.lock"};
    for (size_t i = 0; i < 2; i++) {
        char path[300];
        snprintf(path, sizeof path, "%s/%s", folder, files[i]);
        unlink(path);
    }
    rmdir(folder);
    return 0;
}
