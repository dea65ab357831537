/*
 * Frames whole, in parts, packed, and broken.
 */
#include "platform/rpc/grpc_frame.h"

#include "base/assert.h"
#include "platform/rpc/gzip.h"
#include "souk/common/v1/types.pb-c.h"

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

static struct grpc_fault fault;

static enum grpc_frame take(struct text bytes, enum grpc_encoding encoding, size_t maximum, struct text *message)
{
    return grpc_frame_take(&bytes, encoding, maximum, arena, message, &fault);
}

static struct text packed_frame(struct text plain)
{
    struct text packed = gzip_pack(arena, plain);
    struct text whole = grpc_frame_of(arena, packed);
    *(char *)(uintptr_t)whole.at = 1;
    return whole;
}

static void messages_come_one_after_the_other(void **state)
{
    (void)state;
    struct text bytes = TEXT("\0\0\0\0\3abc\0\0\0\0\0\0\0"), message;
    assert_int_equal(grpc_frame_take(&bytes, GRPC_IDENTITY, 3, arena, &message, &fault), GRPC_FRAME_WHOLE);
    assert_true(text_is(message, "abc"));
    assert_int_equal(grpc_frame_take(&bytes, GRPC_IDENTITY, 3, arena, &message, &fault), GRPC_FRAME_WHOLE);
    assert_int_equal(message.length, 0);
    assert_int_equal(grpc_frame_take(&bytes, GRPC_IDENTITY, 3, arena, &message, &fault), GRPC_FRAME_PART);
    assert_int_equal(bytes.length, 2);
}

static void what_is_wrong_has_its_status(void **state)
{
    (void)state;
    struct text message;
    assert_int_equal(take(TEXT("\0\0\0\0\4abc"), GRPC_IDENTITY, 8, &message), GRPC_FRAME_PART);
    assert_int_equal(take(TEXT("\0\0\0\0\11"), GRPC_IDENTITY, 8, &message), GRPC_FRAME_BAD); /* before it has come */
    assert_int_equal(fault.result, RESULT_PAYLOAD_TOO_LARGE);
    assert_int_equal(take(TEXT("\0\xff\xff\xff\xff"), GRPC_IDENTITY, 8, &message), GRPC_FRAME_BAD);
    assert_int_equal(take(TEXT("\2\0\0\0\0"), GRPC_IDENTITY, 8, &message), GRPC_FRAME_BAD);
    assert_int_equal(fault.result, RESULT_INTERNAL);
    assert_int_equal(take(TEXT("\1\0\0\0\1a"), GRPC_IDENTITY, 8, &message), GRPC_FRAME_BAD);
    assert_int_equal(take(TEXT("\1\0\0\0\1a"), GRPC_OTHER, 8, &message), GRPC_FRAME_BAD);
    assert_int_equal(fault.result, RESULT_UNIMPLEMENTED);
    assert_int_equal(take(TEXT("\1\0\0\0\1a"), GRPC_GZIP, 8, &message), GRPC_FRAME_BAD);
    assert_int_equal(fault.result, RESULT_INTERNAL);
}

static void packed_messages_are_bounded(void **state)
{
    (void)state;
    size_t length = 1 << 20;
    char *zeros = arena_alloc(arena, length);
    struct text bomb = packed_frame((struct text){zeros, length}), message;
    assert_true(bomb.length < 8192);
    assert_int_equal(take(bomb, GRPC_GZIP, length, &message), GRPC_FRAME_WHOLE);
    assert_int_equal(message.length, length);
    assert_int_equal(take(bomb, GRPC_GZIP, length - 1, &message), GRPC_FRAME_BAD);
    assert_int_equal(fault.result, RESULT_PAYLOAD_TOO_LARGE);
    assert_int_equal(take(packed_frame(TEXT("")), GRPC_GZIP, 100, &message), GRPC_FRAME_WHOLE);
    assert_int_equal(message.length, 0);
}

static void packed_messages_cut_short_are_refused(void **state)
{
    (void)state;
    struct text packed = gzip_pack(arena, TEXT("hello, hello, hello")), plain;
    for (size_t length = 0; length < packed.length; length++)
        assert_int_equal(gzip_unpack(arena, (struct text){packed.at, length}, 100, &plain), GZIP_BROKEN);
    assert_int_equal(gzip_unpack(arena, packed, 19, &plain), GZIP_FINE);
    assert_true(text_is(plain, "hello, hello, hello"));
    char *longer = arena_alloc(arena, packed.length + 1);
    memcpy(longer, packed.at, packed.length);
    assert_int_equal(gzip_unpack(arena, (struct text){longer, packed.length + 1}, 100, &plain), GZIP_BROKEN);
}

static void large_answers_are_packed_for_those_who_take_it(void **state)
{
    (void)state;
    Common__Problem problem = COMMON__PROBLEM__INIT;
    char *text = arena_alloc(arena, 20001);
    memset(text, 'x', 20000);
    problem.detail = text;
    struct text plain = grpc_frame_make(arena, &problem.base, false), packed = grpc_frame_make(arena, &problem.base, true), message, again;
    assert_int_equal(plain.at[0], 0);
    assert_int_equal(packed.at[0], 1);
    assert_true(packed.length < 500);
    assert_int_equal(take(plain, GRPC_IDENTITY, 1 << 20, &message), GRPC_FRAME_WHOLE);
    assert_int_equal(take(packed, GRPC_GZIP, 1 << 20, &again), GRPC_FRAME_WHOLE);
    assert_true(text_equal(message, again));
    problem.detail = "short";
    assert_int_equal(grpc_frame_make(arena, &problem.base, true).at[0], 0);
    assert_true(grpc_accepts_gzip(TEXT("identity, deflate ,gzip")));
    assert_false(grpc_accepts_gzip(TEXT("identity,gzipx")));
    assert_false(grpc_accepts_gzip((struct text){NULL, 0}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(messages_come_one_after_the_other, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_wrong_has_its_status, set_up, tear_down),
        cmocka_unit_test_setup_teardown(packed_messages_are_bounded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(packed_messages_cut_short_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(large_answers_are_packed_for_those_who_take_it, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
