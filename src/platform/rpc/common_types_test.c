#include "platform/rpc/common_types.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void times_come_back(void **state)
{
    static const int64_t times[] = {0, 1, 1795000000123456, -1, -1000000, -1000001, INT64_C(253402300799999999)};
    struct arena *arena = arena_new(1 << 16);

    (void)state;
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        Google__Protobuf__Timestamp *timestamp = timestamp_message(arena, times[i]);

        assert_in_range(timestamp->nanos, 0, 999999999);
        assert_int_equal(timestamp_message_us(timestamp), times[i]);
    }
    assert_int_equal(timestamp_message_us(NULL), 0);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(times_come_back)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
