#include "platform/redis/redis.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void reads_what_it_should(void **state)
{
    struct redis_address address;
    char error[512];
    (void)state;
    assert_true(redis_address_read(&address, "redis://127.0.0.1", error));
    assert_string_equal(address.server, "127.0.0.1:6379");
    assert_string_equal(address.password, "");
    assert_int_equal(address.database, 0);
    assert_int_equal(address.wait_us, 5000);

    assert_true(redis_address_read(&address, "redis://cache.example:7000/3?wait_ms=20", error));
    assert_string_equal(address.server, "cache.example:7000");
    assert_int_equal(address.database, 3);
    assert_int_equal(address.wait_us, 20000);

    assert_true(redis_address_read(&address, "redis://[::1]:6380/", error));
    assert_string_equal(address.server, "[::1]:6380");
    assert_true(redis_address_read(&address, "redis://[::1]", error));
    assert_string_equal(address.server, "[::1]:6379");
}

static void reads_names_and_passwords(void **state)
{
    struct redis_address address;
    char error[512];
    (void)state;
    assert_true(redis_address_read(&address, "redis://:a%40b/c@d@h:1/2", error));
    assert_string_equal(address.user, "");
    assert_string_equal(address.password, "a@b/c@d");
    assert_string_equal(address.server, "h:1");
    assert_int_equal(address.database, 2);
    assert_true(redis_address_read(&address, "redis://souk:p:q%25@h", error));
    assert_string_equal(address.user, "souk");
    assert_string_equal(address.password, "p:q%");
}

static void refuses_nonsense_without_repeating_it(void **state)
{
    static const char *const urls[] = {
        "redis://",          "redis://h:0",         "redis://h:port",           "redis://h:65536",         "redis://h/x",
        "redis://h/-1",      "redis://secret@h:1",  "redis://user:@h:1",        "redis://h:1?wait_ms=0",   "redis://h:1?secret=1",
        "rediss://:secret@h", "http://:secret@h:1", "redis://:secret@h:1?w=%20", "redis://:secret@::1:6379", "redis://:secret%00x@h:1",
    };
    struct redis_address address;
    char error[512];
    (void)state;
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        error[0] = '\0';
        if (redis_address_read(&address, urls[i], error))
            fail_msg("%s is no address of Redis", urls[i]);
        assert_true(strlen(error) > 20);
        assert_null(strstr(error, "secret"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_it_should),
        cmocka_unit_test(reads_names_and_passwords),
        cmocka_unit_test(refuses_nonsense_without_repeating_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
