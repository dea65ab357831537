#include "base/assert_test.h"
#include "platform/rpc/call.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void services_are_found_by_name(void **state)
{
    (void)state;
    ProtobufCService catalog = {0}, order = {0};
    struct directory *directory = directory_new();
    assert_null(directory_find(directory, "catalog"));
    char name[] = "catalog";
    directory_add(directory, name, &catalog);
    name[0] = 'x'; /* the name was copied */
    directory_add(directory, "order", &order);
    assert_ptr_equal(directory_find(directory, "catalog"), &catalog);
    assert_ptr_equal(directory_find(directory, "order"), &order);
    assert_null(directory_find(directory, "orde"));
    directory_free(directory);
    directory_free(NULL);
}

static void add_twice(void)
{
    ProtobufCService service = {0};
    struct directory *directory = directory_new();
    directory_add(directory, "order", &service);
    directory_add(directory, "order", &service);
}

static void a_name_is_given_once(void **state)
{
    (void)state;
    assert_true(ends_in_assertion(add_twice));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(services_are_found_by_name),
        cmocka_unit_test(a_name_is_given_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
