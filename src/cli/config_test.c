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
    unsetenv("SOUK_BUS");
    unsetenv("SOUK_BUS_CA");
    unsetenv("SOUK_BUS_KEY");
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

static void refuses_to_listen_nowhere(void **state)
{
    static const char *const files[] = {"SOUK_LISTEN = abc\n", "SOUK_LISTEN =\n", "SOUK_LISTEN = 127.0.0.1:99999\n", "SOUK_LISTEN = ::1:80\n",
                                        "SOUK_LISTEN = 127.0.0.1:http\n", "SOUK_GRPC_LISTEN = 7001\nSOUK_GRPC_PLAIN = anywhere\n"};
    struct config config;
    char error[512];

    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        write_file(files[i]);
        assert_false(config_read(&config, arena, path, error));
        assert_non_null(strstr(error, "it is an address and a port"));
    }
    write_file("SOUK_LISTEN = [::1]:0\n");
    assert_true(config_read(&config, arena, path, error));
}

/* Whoever reaches the private port is believed: in the clear that is nobody else's machine. */
static void refuses_a_private_port_in_the_open(void **state)
{
    static const struct {
        const char *file, *sentence; /* NULL: it is right */
    } cases[] = {
        {"SOUK_GRPC_LISTEN = 10.0.0.1:7001\n", "whoever reaches it there would be believed"},
        {"SOUK_GRPC_LISTEN = :7001\n", "whoever reaches it there would be believed"},
        {"SOUK_GRPC_LISTEN = 127.0.0.1:7001\n", NULL},
        {"SOUK_GRPC_LISTEN = [::1]:7001\n", NULL},
        {"SOUK_GRPC_LISTEN = 10.0.0.1:7001\nSOUK_GRPC_PLAIN = anywhere\n", NULL},
        {"SOUK_GRPC_PLAIN = yes\n", "it is `loopback` or `anywhere`"},
        {"SOUK_GRPC_CERT = a\nSOUK_GRPC_KEY = b\n", "SOUK_GRPC_CA is not set"},
        {"SOUK_GRPC_CERT = a\nSOUK_GRPC_KEY = b\nSOUK_GRPC_CA = c\nSOUK_GRPC_LISTEN = 10.0.0.1:7001\n", "SOUK_GRPC_CALLERS is not set"},
        {"SOUK_GRPC_CERT = a\nSOUK_GRPC_KEY = b\nSOUK_GRPC_CA = c\nSOUK_GRPC_LISTEN = 10.0.0.1:7001\nSOUK_GRPC_CALLERS = cart\n", NULL},
        {"SOUK_CATALOG = grpcs://10.0.0.2:7001\n", "is reached over TLS"},
        {"SOUK_CATALOG = grpcs:10.0.0.2\n", "is not where a service can be"},
    };
    struct config config;
    char error[512];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        write_file(cases[i].file);
        assert_int_equal(config_read(&config, arena, path, error), cases[i].sentence == NULL);
        if (cases[i].sentence != NULL)
            assert_non_null(strstr(error, cases[i].sentence));
    }
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

static void shows_urls_without_their_secrets(void **state)
{
    static const char *const cases[][2] = {
        {"sqlite:./data", "sqlite:./data"},
        {"postgres://souk@db/shop", "postgres://souk@db/shop"},
        {"postgres://souk:secret@db/shop", "postgres://souk:***@db/shop"},
        {"postgres://souk:sec/ret@db:1,souk:secret@other:2/shop", "postgres://souk:***@db:1,souk:***@other:2/shop"},
        {"nats://secret@a:1,b:2/x", "nats://***@a:1,b:2/x"},
        {"tls://souk:secret@a:1,tls://souk:secret@b:2", "tls://souk:***@a:1,tls://souk:***@b:2"},
        {"", ""},
    };
    char shown[CONFIG_SHOWN_BYTES], long_one[2 * CONFIG_SHOWN_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(config_shown(shown, cases[i][0]), cases[i][1]);
    memset(long_one, 'x', sizeof long_one);
    long_one[sizeof long_one - 1] = '\0';
    assert_true(strlen(config_shown(shown, long_one)) < CONFIG_SHOWN_BYTES);
}

static void checks_the_files_of_the_bus(void **state)
{
    struct config config;
    char error[512];

    (void)state;
    setenv("SOUK_BUS", "tls://token@127.0.0.1:4222", 1);
    setenv("SOUK_BUS_CA", path, 1);
    assert_true(config_read(&config, arena, NULL, error));
    setenv("SOUK_BUS_CA", "/nowhere.pem", 1);
    assert_false(config_read(&config, arena, NULL, error));
    assert_string_equal(error, "SOUK_BUS_CA: /nowhere.pem can't be read: No such file or directory");
    setenv("SOUK_BUS_CA", "", 1);
    setenv("SOUK_BUS_KEY", path, 1);
    assert_false(config_read(&config, arena, NULL, error));
    assert_non_null(strstr(error, "only SOUK_BUS_KEY is set"));
    setenv("SOUK_BUS", "nats://souk:secret@nowhere", 1);
    assert_false(config_read(&config, arena, NULL, error));
    assert_non_null(strstr(error, "host:port"));
    assert_null(strstr(error, "secret"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(has_defaults, clear),
        cmocka_unit_test_setup(the_environment_overrides_the_file, clear),
        cmocka_unit_test_setup(says_which_line_is_wrong, clear),
        cmocka_unit_test_setup(refuses_a_short_token, clear),
        cmocka_unit_test_setup(refuses_a_store_it_does_not_know, clear),
        cmocka_unit_test_setup(refuses_to_listen_nowhere, clear),
        cmocka_unit_test_setup(refuses_a_private_port_in_the_open, clear),
        cmocka_unit_test_setup(refuses_a_rate_that_is_none, clear),
        cmocka_unit_test_setup(shows_urls_without_their_secrets, clear),
        cmocka_unit_test_setup(checks_the_files_of_the_bus, clear),
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
