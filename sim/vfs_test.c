/*
 * The disk under the real store: what was committed is there after any crash, whole, and nothing else is.
 */
#include "sim/vfs.h"

#include "base/limits.h"
#include "base/log.h"
#include "platform/store/store.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>

/* A store that counts: each commit adds one row and one to the sum of all, in two tables. */
struct counting {
    struct world *world;
    struct disk *disk;
    struct machine *machine;
    struct arena *arena;
    int64_t acknowledged;
    int64_t attempted;
    enum disk_crash how;
    bool crashed;
};

static void on_crash(void *data)
{
    struct counting *counting = data;
    counting->crashed = true;
    machine_crash(counting->machine);
    disk_crash(counting->disk, counting->how);
}

static void count_one(struct counting *counting, struct connection *writer)
{
    world_pass(counting->world, 100);
    struct tx *tx = tx_begin(writer);
    tx->arena = counting->arena;
    tx->may_write = true;
    int64_t number = counting->acknowledged + 1;
    SQL_DO(tx, "INSERT INTO entry (number, filler) VALUES (?1, zeroblob(3000))", sql_int(number));
    SQL_DO(tx, "UPDATE total SET sum = sum + ?1", sql_int(number));
    if (tx->failed)
        tx_rollback(tx);
    else if (tx_commit(tx) && !counting->crashed)
        counting->acknowledged = number;
}

/* The entries are 1 to n, the total is their sum, and n is what was acknowledged, or one more. False when the disk would not say. */
static bool check(struct counting *counting, struct connection *writer)
{
    struct tx *tx = tx_begin(writer);
    tx->arena = counting->arena;
    int64_t entries = SQL_INT(tx, -1, "SELECT COUNT(*) FROM entry");
    int64_t last = SQL_INT(tx, 0, "SELECT MAX(number) FROM entry");
    int64_t sum = SQL_INT(tx, -1, "SELECT sum FROM total");
    bool failed = tx->failed;
    tx_rollback(tx);
    if (failed)
        return false;
    assert_int_equal(entries, last);
    assert_int_equal(sum, last * (last + 1) / 2);
    assert_in_range(last, counting->acknowledged, counting->acknowledged + 1);
    counting->acknowledged = last;
    return true;
}

static struct store *open_store(struct counting *counting, struct connection **writer)
{
    char error[512] = "";
    world_pass(counting->world, 100); /* a full disk is not full for ever */
    struct store *store = store_open(machine_env(counting->machine), "sqlite:disk", "counting", error);
    assert_non_null(store);
    *writer = connection_open(store, CONNECTION_WRITER, error);
    if (!*writer) {
        store_close(store);
        return NULL;
    }
    struct tx *tx = tx_begin(*writer);
    tx->arena = counting->arena;
    tx->may_write = true;
    sql_try_script(tx,
                   "CREATE TABLE IF NOT EXISTS entry (number BIGINT PRIMARY KEY, filler BYTEA);"
                   "CREATE TABLE IF NOT EXISTS total (sum BIGINT);"
                   "INSERT INTO total (sum) SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM total)",
                   error);
    bool failed = tx->failed;
    if (failed)
        tx_rollback(tx);
    else
        failed = !tx_commit(tx);
    if (!failed)
        return store;
    if (!counting->crashed) {
        connection_close(*writer);
        store_close(store);
    }
    return NULL;
}

/* One life, until the crash at the nth change. */
static void live(struct counting *counting, uint64_t crash_at)
{
    struct connection *writer = NULL;
    counting->machine = machine_new(counting->world, "counter", disk_vfs(counting->disk));
    counting->crashed = false;
    counting->how = random_chance(world_random(counting->world), 800000) ? DISK_LOSES : DISK_KEEPS;
    disk_crash_at(counting->disk, crash_at, on_crash, counting);
    while (!counting->crashed && !open_store(counting, &writer))
        continue;
    while (!counting->crashed && !check(counting, writer))
        continue;
    while (!counting->crashed) {
        count_one(counting, writer);
        if (random_chance(world_random(counting->world), 100000))
            store_checkpoint(writer);
    }
    /* Its memory is left as a crash leaves it. */
}

static void run(uint64_t seed, const struct disk_temper *temper)
{
    struct counting counting = {.world = world_new(seed), .arena = arena_new(LIMIT_CALL_ARENA)};
    counting.disk = disk_new(counting.world);
    disk_be(counting.disk, temper);
    for (unsigned life = 0; life < 8; life++)
        live(&counting, 1 + (uint64_t)random_skewed(world_random(counting.world), 300));
    disk_be(counting.disk, &(struct disk_temper){.sync_us_max = 100});
    counting.crashed = false;
    counting.machine = machine_new(counting.world, "counter", disk_vfs(counting.disk));
    struct connection *writer;
    struct store *store = open_store(&counting, &writer);
    assert_true(check(&counting, writer));
    connection_close(writer);
    store_close(store);
    arena_free(counting.arena);
    disk_free(counting.disk);
    world_free(counting.world);
}

static void test_commits_survive_crashes(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 150; seed++)
        run(seed, &(struct disk_temper){.sync_us_max = 100});
}

static void test_commits_survive_faults_and_crashes(void **state)
{
    (void)state;
    static const struct disk_temper bad = {
        .read_fails_per_million = 300,
        .write_fails_per_million = 3000,
        .sync_fails_per_million = 30000,
        .fills_per_million = 1000,
        .full_us_max = 1000,
        .sync_us_max = 100,
    };
    for (uint64_t seed = 1; seed <= 150; seed++)
        run(seed, &bad);
}

static void test_same_seed_same_trace(void **state)
{
    (void)state;
    uint64_t traces[2];
    for (unsigned i = 0; i < 2; i++) {
        struct world *world = world_new(7);
        struct counting counting = {.world = world, .arena = arena_new(LIMIT_CALL_ARENA)};
        counting.disk = disk_new(world);
        live(&counting, 200);
        traces[i] = world_trace(world);
        arena_free(counting.arena);
        disk_free(counting.disk);
        world_free(world);
    }
    assert_int_equal(traces[0], traces[1]);
}

int main(void)
{
    log_setup(LOG_LEVEL_ERROR + 1, 1); /* the store rightly complains of dead disks */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_commits_survive_crashes),
        cmocka_unit_test(test_commits_survive_faults_and_crashes),
        cmocka_unit_test(test_same_seed_same_trace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
