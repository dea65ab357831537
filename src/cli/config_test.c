#include "cli/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

static struct arena *arena;
static char path[] = "/tmp/souk-config-test-XXXXXX";

static void write_file(const char *content)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fputs(content, file);
    fclose(file);
}

static int clear(void **state)
{
    (void)state;
    unsetenv("SOUK_LISTEN");
    unsetenv("SOUK_ADMIN_TOKEN");
    unsetenv("SOUK_STORE");
    unsetenv("SOUK_CLIENT_RATE");
    return 0;
}

static void has_defaults(void **state)
{
    struct config config;
    char error[512];

    (void)state;
    assert_true(config_read(&config, arena, NULL, error));
    assert_string_equal(config.listen, "127.0.0.1:8080");
    assert_string_equal(config.store, "sqlite:./data");
}

static void the_environment_overrides_the_file(void **state)
{
    struct config config;
    char error[512];

    (void)state;
    write_file("# a comment\nSOUK_LISTEN = 127.0.0.1:1 # why\n\nSOUK_STORE=sqlite:/x\n");
    setenv("SOUK_LISTEN", "127.0.0.1:2", 1);
    assert_true(config_read(&config, arena, path, error));
    assert_string_equal(config.listen, "127.0.0.1:2");
    assert_string_equal(config.store, "sqlite:/x");
}

static void says_which_line_is_wrong(void **state)
{
    struct config config;
    char error[512];

    (void)state;
    write_file("SOUK_LISTEN = 127.0.0.1:1\nSOUK_LISSEN = 2\n");
    assert_false(config_read(&config, arena, path, error));
    assert_non_null(strstr(error, "line 2"));
    assert_non_null(strstr(error, "SOUK_LISSEN"));
}

static void refuses_a_short_token(void **state)
{
    struct config config;
    char error[512];

    (void)state;
    setenv("SOUK_ADMIN_TOKEN", "secret", 1);
    assert_false(config_read(&config, arena, NULL, error));
    assert_null(strstr(error, "secret"));
}

static void refuses_a_store_it_does_not_know(void **state)
{
    struct config config;
    char error[512];

    (void)state;
    setenv("SOUK_STORE", "mysql://x", 1);
    assert_false(config_read(&config, arena, NULL, error));
    assert_non_null(strstr(error, "mysql://x"));
}

static void refuses_a_rate_that_is_none(void **state)
{
    struct config config;
    char error[512];

    (void)state;
    setenv("SOUK_CLIENT_RATE", "fast", 1);
    assert_false(config_read(&config, arena, NULL, error));
    assert_non_null(strstr(error, "`fast`"));
    setenv("SOUK_CLIENT_RATE", "500:20", 1);
    assert_true(config_read(&config, arena, NULL, error));
    setenv("SOUK_CLIENT_RATE", "none", 1);
    assert_true(config_read(&config, arena, NULL, error));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(has_defaults, clear),
        cmocka_unit_test_setup(the_environment_overrides_the_file, clear),
        cmocka_unit_test_setup(says_which_line_is_wrong, clear),
        cmocka_unit_test_setup(refuses_a_short_token, clear),
        cmocka_unit_test_setup(refuses_a_store_it_does_not_know, clear),
        cmocka_unit_test_setup(refuses_a_rate_that_is_none, clear),
    };
    int file = mkstemp(path);
    int failed;

    close(file);
    arena = arena_new(1 << 16);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(arena);
    unlink(path);
    return failed;
}
