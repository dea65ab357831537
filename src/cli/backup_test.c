/*
 * Restoring: what this version has backed up, and what an older one has.
 */
#include "cli/command.h"
#include "cli/shop.h"

#include "platform/store/world_test.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>

static struct test_world *world;
static char copies[80], *restoring[] = {copies};

static int setup(void **state)
{
    (void)state;
    world = test_world_new();
    snprintf(copies, sizeof copies, "%s/backup", world->folder);
    assert_int_equal(mkdir(copies, 0700), 0);
    char url[96];
    snprintf(url, sizeof url, "%s/restored", world->url);
    assert_int_equal(setenv("SOUK_STORE", url, 1), 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    test_world_free(world);
    return 0;
}

/* A backup as a version wrote it that had so many of a service's migrations fewer. */
static void write_backup(const char *older_service, size_t fewer)
{
    char url[96], error[512] = "";
    snprintf(url, sizeof url, "sqlite:%s", copies);
    for (size_t i = 0; i < SERVICE_COUNT; i++) {
        const struct service *service = every_service[i];
        const char *name = service->declaration->name;
        size_t count = service->migration_count - (strcmp(name, older_service) == 0 ? fewer : 0);
        struct store *store = store_open(env_machine(), url, name, error);
        struct connection *writer = connection_open(store, CONNECTION_WRITER, error);
        assert_non_null(writer);
        assert_true(event_log_migrate(writer, service->migrations, count, error));
        connection_close(writer);
        store_close(store);
    }
}

static void assert_all_are_right(void)
{
    char error[512] = "";
    for (size_t i = 0; i < SERVICE_COUNT; i++)
        assert_true(service_verify(every_service[i], env_machine(), getenv("SOUK_STORE"), error));
}

static void what_was_backed_up_is_restored(void **state)
{
    (void)state;
    write_backup("", 0);
    assert_int_equal(command_restore(1, restoring), EXIT_DONE);
    assert_all_are_right();
    assert_int_equal(command_restore(1, restoring), EXIT_FAILED); /* it is there already */
}

static void an_older_version_s_backup_is_migrated(void **state)
{
    (void)state;
    write_backup("catalog", 1);
    assert_int_equal(command_restore(1, restoring), EXIT_DONE);
    assert_all_are_right();
}

static void a_missing_file_is_told(void **state)
{
    (void)state;
    write_backup("", 0);
    char path[128];
    snprintf(path, sizeof path, "%s/order.db", copies);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(command_restore(1, restoring), EXIT_FAILED);
}

int main(void)
{
#define TEST_OF(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST_OF(what_was_backed_up_is_restored),
        TEST_OF(an_older_version_s_backup_is_migrated),
        TEST_OF(a_missing_file_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
