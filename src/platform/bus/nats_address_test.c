#include "platform/bus/nats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void reads_what_it_should(void **state)
{
    struct nats_address address;
    char error[512];
    (void)state;
    assert_true(nats_address_read(&address, "nats://127.0.0.1:4222", error));
    assert_int_equal(address.server_count, 1);
    assert_string_equal(address.servers[0], "nats://127.0.0.1:4222");
    assert_string_equal(address.shop, "souk");

    assert_true(nats_address_read(&address, "nats://a:1,nats://b:2, c:65535/shop_7", error));
    assert_int_equal(address.server_count, 3);
    assert_string_equal(address.servers[1], "nats://b:2");
    assert_string_equal(address.servers[2], "nats://c:65535");
    assert_string_equal(address.shop, "shop_7");

}

static void keeps_secrets_beside_the_servers(void **state)
{
    struct nats_address address;
    char error[512];
    (void)state;
    assert_true(nats_address_read(&address, "nats://souk:se/cret@[::1]:4222/x", error));
    assert_string_equal(address.servers[0], "nats://[::1]:4222");
    assert_string_equal(address.user, "souk");
    assert_string_equal(address.password, "se/cret");
    assert_string_equal(address.shop, "x");
    assert_false(address.secure);

    assert_true(nats_address_read(&address, "tls://so%3auk:a%40b%2C%25@a:1,b:2,tls://so%3Auk:a%40b%2c%25@c:3", error));
    assert_true(address.secure);
    assert_string_equal(address.servers[2], "tls://c:3");
    assert_string_equal(address.user, "so:uk");
    assert_string_equal(address.password, "a@b,%");

    assert_true(nats_address_read(&address, "nats://to/ken@a:1,b:2/y", error));
    assert_string_equal(address.token, "to/ken");
    assert_string_equal(address.user, "");
    assert_string_equal(address.shop, "y");

    assert_false(nats_address_read(&address, "nats://a:secret@a:1,b:secret@b:1", error));
    assert_non_null(strstr(error, "share one name"));
    assert_false(nats_address_read(&address, "tls://a:1,nats://b:1", error));
    assert_non_null(strstr(error, "all `nats://`"));
}

static void refuses_nonsense_without_repeating_it(void **state)
{
    static const char *const urls[] = {"",
                                       "nats",
                                       "nats:",
                                       "nats://",
                                       "nats:///shop",
                                       "redis://h:1",
                                       "nats://secret",
                                       "nats://secret:",
                                       "nats://:4222",
                                       "nats://h:0",
                                       "nats://h:65536",
                                       "nats://h:port",
                                       "nats://a:1,,b:2",
                                       "nats://a:1,",
                                       "nats://a b:1",
                                       "nats://user:secret@:1",
                                       "nats://user:secret@h",
                                       "nats://@h:1",
                                       "nats://user:@h:1",
                                       "nats://user:%0asecret@h:1",
                                       "nats:///secret@h:1/",
                                       "tls://secret",
                                       "nats://h:1/",
                                       "nats://h:1/Shop",
                                       "nats://h:1/a.b",
                                       "nats://h:1/a/b",
                                       "nats://h:1/abcdefghijklmnopqrstuvwxyz0123456789",
                                       "nats://a:1,b:1,c:1,d:1,e:1,f:1,g:1,h:1,i:1,j:1"};
    struct nats_address address;
    (void)state;
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        char error[512] = "";
        if (nats_address_read(&address, urls[i], error))
            fail_msg("`%s` was taken", urls[i]);
        assert_non_null(strstr(error, "nats://"));
        assert_null(strstr(error, "secret"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_it_should),
        cmocka_unit_test(keeps_secrets_beside_the_servers),
        cmocka_unit_test(refuses_nonsense_without_repeating_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
