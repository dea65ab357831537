#include "platform/service/page.h"

#include "base/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct arena *arena;
static struct call *call;

static int make_call(void **state)
{
    (void)state;
    arena = arena_new(1 << 20);
    call = ARENA_NEW(arena, struct call);
    call->arena = arena;
    return 0;
}

static int free_call(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static void the_first_page_needs_no_cursor(void **state)
{
    (void)state;
    struct page page;
    assert_int_equal(page_begin(call, "product", 0, "", &page), RESULT_OK);
    assert_int_equal(page.limit, LIMIT_PAGE_DEFAULT);
    assert_true(page.first);
    assert_string_equal(page.sort, "");
    assert_string_equal(page.id, "");
    assert_true(page.sort_number == INT64_MIN);
}

static void limits_are_kept(void **state)
{
    (void)state;
    struct page page;
    assert_int_equal(page_begin(call, "product", 7, "", &page), RESULT_OK);
    assert_int_equal(page.limit, 7);
    assert_int_equal(page_begin(call, "product", LIMIT_PAGE_MAX + 1, "", &page), RESULT_OK);
    assert_int_equal(page.limit, LIMIT_PAGE_MAX);
    assert_int_equal(page_begin(call, "product", -1, "", &page), RESULT_OK);
    assert_int_equal(page.limit, LIMIT_PAGE_DEFAULT);
}

static void a_cursor_gives_back_what_went_in(void **state)
{
    (void)state;
    /* All lengths modulo three, empty parts, and letters outside of ASCII. */
    static const struct {
        const char *sort, *id;
    } rows[] = {
        {"", ""}, {"", "1"}, {"", "12"}, {"", "123"}, {"shirt", "01jd"}, {"Größe \xF0\x9F\x91\x95 & more", "01jd"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *cursor = page_cursor(arena, "product:title", rows[i].sort, rows[i].id);
        assert_int_equal(strspn(cursor, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), strlen(cursor));
        struct page page;
        assert_int_equal(page_begin(call, "product:title", 3, cursor, &page), RESULT_OK);
        assert_false(page.first);
        assert_string_equal(page.sort, rows[i].sort);
        assert_string_equal(page.id, rows[i].id);
    }
}

static void numbers_sort_as_numbers(void **state)
{
    (void)state;
    static const int64_t numbers[] = {0, 1, -1, INT64_MAX, INT64_MIN + 1};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct page page;
        assert_int_equal(page_begin(call, "order", 1, page_cursor_number(arena, "order", numbers[i], "id"), &page), RESULT_OK);
        assert_true(page.sort_number == numbers[i]);
        assert_string_equal(page.id, "id");
    }
}

static void what_is_no_cursor_of_this_list_is_refused(void **state)
{
    (void)state;
    const char *other_list = page_cursor(arena, "product:price", "shirt", "01jd");
    const char *bad_utf8 = page_cursor(arena, "product:title", "\xFF\xFE", "01jd");
    const char *good = page_cursor(arena, "product:title", "shirt", "01jd");
    const char *padded = arena_printf(arena, "%s=", good);
    const char *longer = arena_printf(arena, "%sA", page_cursor(arena, "product:title", "", "1")); /* 64 bits in 11 letters: a 12th says nothing */
    const char *const rows[] = {
        "!", "A", "AA", "AB", "%00", "hello world", "product:title", other_list, bad_utf8, padded, longer,
        "cHJvZHVjdDp0aXRsZQ",                 /* the list alone */
        "cHJvZHVjdDp0aXRsZQBh",               /* list and sort */
        "cHJvZHVjdDp0aXRsZQBhAGIAYw",         /* list, sort, id and one more */
    };
    struct page page;
    assert_int_equal(page_begin(call, "product:title", 0, good, &page), RESULT_OK);
    assert_int_equal(page_begin(call, "product:title", 0, "cHJvZHVjdDp0aXRsZQBhAGI", &page), RESULT_OK); /* made by hand: a, b */
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        call->problem = (struct problem){0};
        assert_int_equal(page_begin(call, "product:title", 0, rows[i], &page), RESULT_CURSOR_INVALID);
        assert_int_equal(call->problem.result, RESULT_CURSOR_INVALID);
    }
}

static void no_cut_cursor_is_taken_for_a_whole_one(void **state)
{
    (void)state;
    /* Cutting letters off takes bytes off the id at most; what is left must never be read past its end. */
    const char *cursor = page_cursor(arena, "product:title", "shirt", "0");
    for (size_t length = 1; length < strlen(cursor) - 2; length++) {
        struct page page;
        const char *cut = arena_strndup(arena, cursor, length);
        assert_int_equal(page_begin(call, "product:title", 0, cut, &page), RESULT_CURSOR_INVALID);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_page_needs_no_cursor),
        cmocka_unit_test(limits_are_kept),
        cmocka_unit_test(a_cursor_gives_back_what_went_in),
        cmocka_unit_test(numbers_sort_as_numbers),
        cmocka_unit_test(what_is_no_cursor_of_this_list_is_refused),
        cmocka_unit_test(no_cut_cursor_is_taken_for_a_whole_one),
    };
    return cmocka_run_group_tests(tests, make_call, free_call);
}
