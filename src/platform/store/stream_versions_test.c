#include "platform/store/stream_versions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void what_was_put_last_is_found(void **state)
{
    (void)state;
    struct stream_versions *versions = stream_versions_new();
    assert_int_equal(stream_versions_find(versions, "cart/a"), 0);
    stream_versions_put(versions, "cart/a", 1);
    stream_versions_put(versions, "cart/a", 2);
    assert_int_equal(stream_versions_find(versions, "cart/a"), 2);
    assert_int_equal(stream_versions_find(versions, "cart/"), 0);
    assert_int_equal(stream_versions_find(versions, "cart/ab"), 0);
    stream_versions_free(versions);
}

static void no_stream_is_taken_for_another(void **state)
{
    (void)state;
    struct stream_versions *versions = stream_versions_new();
    char name[32];
    int found = 0;
    for (int i = 1; i <= 5000; i++) {
        snprintf(name, sizeof name, "cart/%d", i);
        stream_versions_put(versions, name, i);
    }
    for (int i = 1; i <= 5000; i++) {
        snprintf(name, sizeof name, "cart/%d", i);
        int64_t version = stream_versions_find(versions, name);
        assert_true(version == 0 || version == i);
        found += version != 0;
    }
    assert_in_range(found, 400, 512);
    stream_versions_free(versions);
}

static void what_is_forgotten_is_not_found(void **state)
{
    (void)state;
    struct stream_versions *versions = stream_versions_new();
    stream_versions_put(versions, "cart/a", 7);
    stream_versions_forget(versions);
    assert_int_equal(stream_versions_find(versions, "cart/a"), 0);
    stream_versions_put(versions, "cart/a", 8);
    assert_int_equal(stream_versions_find(versions, "cart/a"), 8);
    stream_versions_free(versions);
}

static void long_names_are_not_kept(void **state)
{
    (void)state;
    struct stream_versions *versions = stream_versions_new();
    char name[300];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    stream_versions_put(versions, name, 7);
    assert_int_equal(stream_versions_find(versions, name), 0);
    stream_versions_free(versions);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_put_last_is_found),
        cmocka_unit_test(no_stream_is_taken_for_another),
        cmocka_unit_test(what_is_forgotten_is_not_found),
        cmocka_unit_test(long_names_are_not_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
