/*
 * Lookup: what was put is found, through every growth, and nothing else.
 */
#include "base/lookup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void what_was_put_is_found(void **state)
{
    (void)state;
    struct arena *arena = arena_new(1 << 24);
    struct lookup lookup;
    lookup_init(&lookup, arena);
    assert_null(lookup_find(&lookup, TEXT("key 0")));

    for (size_t i = 0; i < 10000; i++)
        lookup_put(&lookup, text_of(arena_printf(arena, "key %zu", i)), i);
    for (size_t i = 0; i < 10000; i++) {
        size_t *value = lookup_find(&lookup, text_of(arena_printf(arena, "key %zu", i)));
        assert_non_null(value);
        assert_int_equal(*value, i);
    }
    assert_null(lookup_find(&lookup, TEXT("key 10000")));
    assert_null(lookup_find(&lookup, TEXT("")));
    assert_int_equal(lookup.count, 10000);
    arena_free(arena);
}

static void a_value_can_be_changed(void **state)
{
    (void)state;
    struct arena *arena = arena_new(1 << 20);
    struct lookup lookup;
    lookup_init(&lookup, arena);
    lookup_put(&lookup, TEXT(""), 1);
    *lookup_find(&lookup, TEXT("")) = 7;
    assert_int_equal(*lookup_find(&lookup, TEXT("")), 7);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_put_is_found),
        cmocka_unit_test(a_value_can_be_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
