/*
 * A problem that goes over gRPC is the same problem on the other side, and clients that know nothing of us understand it, too.
 */
#include "platform/rpc/grpc_status.h"

#include "base/assert.h"
#include "base/limits.h"
#include "platform/rpc/message.h"

#include "google/rpc/error_details.pb-c.h"
#include "google/rpc/status.pb-c.h"

#include <setjmp.h>
#include <stdio.h>
#include <cmocka.h>

static struct arena *arena;

static int set_up(void **state)
{
    (void)state;
    arena = arena_new(16 << 20);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static void problems_come_back_whole(void **state)
{
    (void)state;
    struct violation second = {"/lines/3", "too_long", "Das ist zu lang: ä.", NULL}, first = {"/title", "required", "This is needed.", &second};
    struct problem_number available = {"available", 3, NULL};
    struct problem sent = {RESULT_OUT_OF_STOCK, "Only 3 are left.", &first, &available};
    struct grpc_status status = grpc_status_of(arena, &sent);
    assert_int_equal(status.code, 9);
    struct problem got = grpc_problem_of(arena, &status);
    assert_int_equal(got.result, RESULT_OUT_OF_STOCK);
    assert_string_equal(got.detail, sent.detail);
    assert_string_equal(got.violations->next->detail, second.detail);
    assert_null(got.violations->next->next);
    assert_string_equal(got.numbers->name, "available");
    assert_int_equal(got.numbers->value, 3);
}

static void details_are_what_every_client_knows(void **state)
{
    (void)state;
    struct violation violation = {"/title", "required", "This is needed.", NULL};
    struct grpc_status status = grpc_status_of(arena, &(struct problem){.result = RESULT_VALIDATION_FAILED, .violations = &violation});
    assert_int_equal(status.code, 3);
    struct text packed = grpc_binary_decode(arena, status.details);
    Google__Rpc__Status *details = (void *)message_unpack(arena, &google__rpc__status__descriptor, packed);
    assert_non_null(details);
    assert_int_equal(details->n_details, 3);
    assert_string_equal(details->details[0]->type_url, "type.googleapis.com/google.rpc.ErrorInfo");
    struct text info = {(const char *)details->details[0]->value.data, details->details[0]->value.len};
    Google__Rpc__ErrorInfo *error = (void *)message_unpack(arena, &google__rpc__error_info__descriptor, info);
    assert_string_equal(error->reason, "validation_failed");
    assert_string_equal(error->domain, "souk");
    struct text bad = {(const char *)details->details[1]->value.data, details->details[1]->value.len};
    Google__Rpc__BadRequest *request = (void *)message_unpack(arena, &google__rpc__bad_request__descriptor, bad);
    assert_string_equal(request->field_violations[0]->field, "/title");
}

static void a_bare_status_is_the_nearest_problem(void **state)
{
    (void)state;
    struct problem problem = grpc_problem_of(arena, &(struct grpc_status){14, TEXT("no%20route%"), TEXT("not base64!")});
    assert_int_equal(problem.result, RESULT_UNAVAILABLE);
    assert_string_equal(problem.detail, "no route%");
    assert_int_equal(grpc_problem_of(arena, &(struct grpc_status){77, TEXT(""), TEXT("")}).result, RESULT_INTERNAL);
    assert_int_equal(grpc_problem_of(arena, &(struct grpc_status){4, TEXT(""), TEXT("AAAA")}).result, RESULT_DEADLINE_EXCEEDED);
}

static void binary_values_come_with_and_without_padding(void **state)
{
    (void)state;
    for (size_t length = 0; length < 7; length++) {
        struct text encoded = grpc_binary_encode(arena, (struct text){"\xff\x00\x81xyz", length});
        struct text decoded = grpc_binary_decode(arena, encoded);
        assert_int_equal(decoded.length, length);
        assert_memory_equal(decoded.at, "\xff\x00\x81xyz", length);
    }
    assert_int_equal(grpc_binary_decode(arena, TEXT("YQ==")).length, 1);
    assert_int_equal(grpc_binary_decode(arena, TEXT("YQ")).length, 1);
    assert_null(grpc_binary_decode(arena, TEXT("Y")).at);
    assert_null(grpc_binary_decode(arena, TEXT("Y-_Q")).at);
}

static void messages_are_printable(void **state)
{
    (void)state;
    struct text encoded = grpc_message_encode(arena, TEXT("50% für\nalle"));
    assert_true(text_is(encoded, "50%25 f%C3%BCr%0Aalle"));
    assert_true(text_is(grpc_message_decode(arena, encoded), "50% für\nalle"));
}

static void timeouts_have_units(void **state)
{
    (void)state;
    int64_t us;
    assert_true(grpc_timeout_read(TEXT("250m"), &us));
    assert_int_equal(us, 250000);
    assert_true(grpc_timeout_read(TEXT("99999999H"), &us));
    assert_true(us > 0);
    assert_true(grpc_timeout_read(TEXT("1500n"), &us));
    assert_int_equal(us, 1);
    assert_false(grpc_timeout_read(TEXT("123456789S"), &us));
    assert_false(grpc_timeout_read(TEXT("-1S"), &us));
    assert_false(grpc_timeout_read(TEXT("S"), &us));
    assert_false(grpc_timeout_read(TEXT("5x"), &us));
    assert_string_equal(grpc_timeout_write(arena, 1500), "1500u");
    assert_string_equal(grpc_timeout_write(arena, INT64_C(3600000000)), "3600000m");
    assert_string_equal(grpc_timeout_write(arena, -5), "0u");
    assert_string_equal(grpc_timeout_write(arena, INT64_MAX), "99999999m");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(problems_come_back_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(details_are_what_every_client_knows, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_bare_status_is_the_nearest_problem, set_up, tear_down),
        cmocka_unit_test_setup_teardown(binary_values_come_with_and_without_padding, set_up, tear_down),
        cmocka_unit_test_setup_teardown(messages_are_printable, set_up, tear_down),
        cmocka_unit_test_setup_teardown(timeouts_have_units, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
