#include "platform/service/toy_test.h"
#include "toys/stall.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct test_store *jar; /* owns the world */
static struct test_store *mill; /* lives in the jar's folder */
static const struct service *const services[] = {&toy_jar, &toy_mill};

static struct test_store *store_beside(const struct test_store *first, const char *service, const struct migration *migrations,
                                       size_t count)
{
    char error[512];
    struct test_store *beside = calloc(1, sizeof *beside);
    *beside = (struct test_store){.world = first->world, .arena = first->arena};
    beside->store = store_open(&first->world->env, first->world->url, service, error);
    beside->writer = connection_open(beside->store, CONNECTION_WRITER, error);
    assert_true(event_log_migrate(beside->writer, migrations, count, error));
    return beside;
}

/* Three jars, two of them to be emptied at seconds 50 and 500; three sacks milled, of which the jar has heard of two. */
static int setup(void **state)
{
    (void)state;
    jar = test_store_new("jar", jar_migrations, 2);
    mill = store_beside(jar, "mill", mill_migrations, 1);
    jar->world->now_us = 100000000;

    struct tx *tx = test_store_begin(mill);
    toy_emit(mill, tx, &toy_mill, "sack/rye", 1, 30, 0);
    toy_emit(mill, tx, &toy_mill, "sack/rye", 1, 20, 0);
    toy_emit(mill, tx, &toy_mill, "sack/oat", 1, 10, 0);
    assert_true(tx_commit(tx));

    tx = test_store_begin(jar);
    toy_emit(jar, tx, &toy_jar, "jar/a", 2, 5, 50000000);
    toy_emit(jar, tx, &toy_jar, "jar/b", 1, 1, 0);
    toy_emit(jar, tx, &toy_jar, "jar/a", 2, 2, 0);
    toy_emit(jar, tx, &toy_jar, "jar/c", 2, 1, 500000000);
    tx->may_write = true;
    SQL_DO(tx, "INSERT INTO sack (key, weight) VALUES ('rye', 50)");
    inbox_move(tx, "mill", 2);
    assert_true(tx_commit(tx));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    connection_close(mill->writer);
    store_close(mill->store);
    free(mill);
    test_store_free(jar);
    return 0;
}

static bool compares(char error[512])
{
    return service_rebuild(services, 2, &toy_jar, &jar->world->env, jar->world->url, false, error);
}

static void spoil(const char *sql)
{
    struct tx *tx = test_store_begin(jar);
    tx->may_write = true;
    sql_script(tx, sql);
    assert_true(tx_commit(tx));
}

static void live_tables_are_what_the_events_say(void **state)
{
    (void)state;
    char error[512] = "";
    bool same = compares(error);
    if (!same)
        print_error("%s\n", error);
    assert_true(same);
    assert_true(service_rebuild(services, 2, &toy_mill, &jar->world->env, jar->world->url, false, error));
}

static void each_difference_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *spoil, *word, *mend;
    } rows[] = {
        {"UPDATE jar SET count = count + 1 WHERE key = 'a'", "table jar", "UPDATE jar SET count = count - 1 WHERE key = 'a'"},
        {"UPDATE sack SET weight = 60", "table sack", "UPDATE sack SET weight = 50"},
        {"INSERT INTO sack (key, weight) VALUES ('oat', 10)", "2 rows, rebuilt 1", "DELETE FROM sack WHERE key = 'oat'"},
        {"CREATE TABLE more (x BIGINT)", "tables that its migrations make", "DROP TABLE more"},
        {"UPDATE souk_timer SET due_us = 7 WHERE key = 'c'", "timer empty of c", "UPDATE souk_timer SET due_us = 500000000 WHERE key = 'c'"},
        {"DELETE FROM souk_timer WHERE key = 'c'", "timer empty of c",
         "INSERT INTO souk_timer (kind, key, due_us) VALUES ('empty', 'c', 500000000)"},
        {"INSERT INTO souk_timer (kind, key, due_us) VALUES ('empty', 'b', 1)", "timer empty of b",
         "DELETE FROM souk_timer WHERE key = 'b'"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char error[512] = "";
        spoil(rows[i].spoil);
        assert_false(compares(error));
        if (!strstr(error, rows[i].word))
            print_error("%s\n", error);
        assert_non_null(strstr(error, rows[i].word));
        spoil(rows[i].mend);
        assert_true(compares(error));
    }
}

/* A timer that was due is taken out, or put off, and no event may say so. */
static void timers_that_were_due_may_differ(void **state)
{
    (void)state;
    char error[512] = "";
    spoil("UPDATE souk_timer SET due_us = 160000000 WHERE key = 'a'");
    assert_true(compares(error));
    spoil("DELETE FROM souk_timer WHERE key = 'a'");
    assert_true(compares(error));
}

static void replacing_mends_the_tables(void **state)
{
    (void)state;
    char error[512] = "";
    spoil("UPDATE jar SET count = 77; DELETE FROM sack; INSERT INTO sack (key, weight) VALUES ('straw', 1); DELETE FROM souk_timer;"
          " CREATE TABLE more (x BIGINT)");
    connection_close(jar->writer);
    bool done = service_rebuild(services, 2, &toy_jar, &jar->world->env, jar->world->url, true, error);
    jar->writer = connection_open(jar->store, CONNECTION_WRITER, error);
    assert_true(done);
    assert_true(compares(error));
    struct tx *tx = test_store_begin(jar);
    assert_int_equal(SQL_INT(tx, -1, "SELECT count FROM jar WHERE key = 'b'"), 12);
    assert_int_equal(SQL_INT(tx, -1, "SELECT weight FROM sack"), 50);
    assert_int_equal(SQL_INT(tx, -1, "SELECT COUNT(*) FROM souk_timer"), 2);
    assert_int_equal(inbox_position(tx, "mill"), 2);
    tx_rollback(tx);
}

static void replacing_is_refused_while_a_host_runs(void **state)
{
    (void)state;
    char error[512] = "";
    assert_false(service_rebuild(services, 2, &toy_jar, &jar->world->env, jar->world->url, true, error));
    assert_non_null(strstr(error, "Another souk writes"));
}

static void comparing_sees_one_moment(void **state)
{
    (void)state;
    char error[512] = "";
    struct tx *tx = test_store_begin(jar);
    toy_emit(jar, tx, &toy_jar, "jar/a", 2, 1, 0);
    assert_true(compares(error));
    assert_true(tx_commit(tx));
    assert_true(compares(error));
}

static void what_only_a_newer_version_knows_is_not_skipped(void **state)
{
    (void)state;
    char error[512] = "";
    struct tx *tx = test_store_begin(jar);
    test_store_append(jar, tx, "jar/a", "toy.FromTheFuture", TEXT(""));
    assert_true(tx_commit(tx));
    assert_false(compares(error));
    assert_non_null(strstr(error, "does not know"));
}

static void producers_must_be_at_hand(void **state)
{
    (void)state;
    char error[512] = "";
    assert_false(service_rebuild(services, 1, &toy_jar, &jar->world->env, jar->world->url, false, error));
    assert_non_null(strstr(error, "needs the events of mill"));
    spoil("UPDATE souk_inbox SET number = 9");
    assert_false(compares(error));
    assert_non_null(strstr(error, "ends with 3"));
}

static void a_store_that_is_not_there_is_said_so(void **state)
{
    (void)state;
    char error[512] = "";
    assert_false(service_rebuild(services, 2, &toy_jar, &jar->world->env, "sqlite:/tmp", false, error));
    assert_non_null(strstr(error, "There is no store of jar"));
    assert_false(service_verify(&toy_jar, &jar->world->env, "sqlite:/tmp", error));
    assert_non_null(strstr(error, "There is no store of jar"));
}

static void verifying_looks_at_chain_rules_and_version(void **state)
{
    (void)state;
    char error[512] = "";
    assert_true(service_verify(&toy_jar, &jar->world->env, jar->world->url, error));
    spoil("UPDATE jar SET count = -1 WHERE key = 'a'");
    assert_false(service_verify(&toy_jar, &jar->world->env, jar->world->url, error));
    assert_non_null(strstr(error, "less than nothing"));
    spoil("UPDATE jar SET count = 7 WHERE key = 'a'; UPDATE souk_event SET actor = 'staff:x' WHERE number = 2");
    assert_false(service_verify(&toy_jar, &jar->world->env, jar->world->url, error));
    assert_non_null(strstr(error, "Event 2 does not follow"));
    spoil("DELETE FROM souk_migration WHERE owner = 'service' AND number = 2");
    assert_false(service_verify(&toy_jar, &jar->world->env, jar->world->url, error));
    assert_non_null(strstr(error, "older souk"));
    assert_false(compares(error));
    assert_non_null(strstr(error, "older souk"));
}

/* --- with hosts at work --- */

static void assert_tables_are_what_the_events_say(struct stall *stall)
{
    const struct service *const both[] = {&till, &tally};
    for (int i = 0; i < 2; i++) {
        char error[512] = "";
        bool same = service_rebuild(both, 2, both[i], stall->env, stall->url, false, error) &&
                    service_verify(both[i], stall->env, stall->url, error);
        if (!same)
            print_error("%s\n", error);
        assert_true(same);
    }
}

static void wind_jar(struct stall *stall, const char *name, int64_t after_ms)
{
    Till__WindJarRequest request = TILL__WIND_JAR_REQUEST__INIT;
    request.jar = name;
    request.after_ms = after_ms;
    struct asked *asked = ask(stall);
    assert_int_equal(asked_wait(asked, &till__till__wind_jar__method, &request.base), RESULT_OK);
    asked_free(asked);
}

static void spread_coins(struct stall *stall)
{
    Till__SpreadCoinsRequest request = TILL__SPREAD_COINS_REQUEST__INIT;
    request.from = "blue";
    request.coins = 3;
    struct asked *asked = ask(stall);
    asked_wait(asked, &till__till__spread_coins__method, &request.base);
    asked_free(asked);
}

/* Commands, projections and reactions, timers that fire and that are refused, sagas that end, turn, and are under way. */
static void hosts_write_what_a_rebuild_writes(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 5; seed++) {
        struct stall *stall = stall_open(seed, true);
        put_coins(stall, "blue", 150, "key");
        put_coins(stall, "blue", 2000, NULL);
        wind_jar(stall, "blue", 100);
        wind_jar(stall, "red", 100000);
        assert_tables_are_what_the_events_say(stall);
        world_run_for(stall->world, 30000000);
        assert_tables_are_what_the_events_say(stall);
        spread_coins(stall);
        bank_is(stall->bank, BANK_DEPOSIT, BANK_REFUSES, 0);
        spread_coins(stall);
        assert_tables_are_what_the_events_say(stall);
        bank_is(stall->bank, BANK_DEPOSIT, BANK_LOSES_ANSWERS, 1);
        stall = stall_crash(stall, seed + 100, true);
        put_coins(stall, "green", 1, NULL);
        world_run_for(stall->world, 200000000);
        assert_tables_are_what_the_events_say(stall);
        stall_close(stall);
        stall_free(stall);
    }
}

int main(void)
{
#define TEST_OF(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST_OF(live_tables_are_what_the_events_say),
        TEST_OF(each_difference_is_named),
        TEST_OF(timers_that_were_due_may_differ),
        TEST_OF(replacing_mends_the_tables),
        TEST_OF(replacing_is_refused_while_a_host_runs),
        TEST_OF(comparing_sees_one_moment),
        TEST_OF(what_only_a_newer_version_knows_is_not_skipped),
        TEST_OF(producers_must_be_at_hand),
        TEST_OF(a_store_that_is_not_there_is_said_so),
        TEST_OF(verifying_looks_at_chain_rules_and_version),
        cmocka_unit_test(hosts_write_what_a_rebuild_writes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
