#include "platform/rpc/result.h"
#include "base/assert_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static void rows_are_whole_and_names_are_unique(void **state)
{
    (void)state;
    for (int i = 0; i < RESULT_COUNT; i++) {
        const struct result_row *row = result_row((enum result)i);
        assert_true(row->http_status == 200 || (row->http_status >= 400 && row->http_status < 600));
        assert_in_range(row->grpc_status, 0, 16);
        assert_true((row->grpc_status == 0) == (i == RESULT_OK));
        assert_true(strlen(row->title) > 0);
        assert_int_equal(strspn(row->wire, "abcdefghijklmnopqrstuvwxyz_"), strlen(row->wire));
        for (int before = 0; before < i; before++)
            assert_string_not_equal(row->wire, result_row((enum result)before)->wire);
    }
    assert_string_equal(result_row(RESULT_OUT_OF_STOCK)->wire, "out_of_stock");
    assert_int_equal(result_row(RESULT_OUT_OF_STOCK)->http_status, 409);
}

static void ask_for_no_row(void)
{
    result_row(RESULT_COUNT);
}

static void other_numbers_are_asserted(void **state)
{
    (void)state;
    assert_true(ends_in_assertion(ask_for_no_row));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_whole_and_names_are_unique),
        cmocka_unit_test(other_numbers_are_asserted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
