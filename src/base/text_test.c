#include "base/text.h"
#include "base/assert_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void slices_compare(void **state)
{
    (void)state;
    assert_true(text_equal(TEXT(""), text_of(NULL)));
    assert_true(text_equal(TEXT("a\0b"), TEXT("a\0b")));
    assert_false(text_equal(TEXT("a\0b"), TEXT("a\0c")));
    assert_true(text_equal_ignoring_case(TEXT("Content-TYPE"), TEXT("content-type")));
    assert_false(text_equal_ignoring_case(TEXT("@["), TEXT("`{"))); /* neighbours of the letters */
    assert_true(text_is(TEXT("EUR"), "EUR"));
    assert_false(text_is(TEXT("EUR"), "EU"));
    assert_true(text_starts_with(TEXT("postgres://db"), "postgres:"));
    assert_false(text_starts_with(TEXT("post"), "postgres:"));
    assert_true(text_starts_with(TEXT(""), ""));
}

static void blanks_are_trimmed(void **state)
{
    (void)state;
    assert_true(text_is(text_trim(TEXT(" \t\r\nred shirt\n ")), "red shirt"));
    assert_int_equal(text_trim(TEXT(" \t ")).length, 0);
    assert_int_equal(text_trim(text_of(NULL)).length, 0);
}

static void numbers_are_whole_and_fit(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool valid;
        int64_t number;
    } rows[] = {
        {"0", true, 0},
        {"-0", true, 0},
        {"007", true, 7},
        {"9223372036854775807", true, INT64_MAX},
        {"-9223372036854775808", true, INT64_MIN},
        {"9223372036854775808", false, 0},
        {"-9223372036854775809", false, 0},
        {"99999999999999999999", false, 0},
        {"", false, 0},
        {"-", false, 0},
        {"+1", false, 0},
        {" 1", false, 0},
        {"1 ", false, 0},
        {"1.0", false, 0},
        {"--1", false, 0},
        {"0x1", false, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t number = 77;
        assert_int_equal(text_to_int64(text_of(rows[i].text), &number), rows[i].valid);
        assert_int_equal(number, rows[i].valid ? rows[i].number : 77);
    }
}

static void utf8_is_well_formed_or_refused(void **state)
{
    (void)state;
    static const struct {
        struct text bytes;
        bool valid;
    } rows[] = {
        {{"", 0}, true},
        {{"plain ascii that is longer than eight", 37}, true},
        {{"\x7F", 1}, true},
        {{"\xC2\x80", 2}, true},                  /* U+0080, the first of two bytes */
        {{"\xDF\xBF", 2}, true},                  /* U+07FF */
        {{"\xE0\xA0\x80", 3}, true},             /* U+0800 */
        {{"\xED\x9F\xBF", 3}, true},             /* U+D7FF, before the surrogates */
        {{"\xEE\x80\x80", 3}, true},             /* U+E000, behind them */
        {{"\xEF\xBF\xBF", 3}, true},             /* U+FFFF */
        {{"\xF0\x90\x80\x80", 4}, true},        /* U+10000 */
        {{"\xF4\x8F\xBF\xBF", 4}, true},        /* U+10FFFF */
        {{"1234567\xC3\xA9 and 8 more", 20}, true}, /* across the border of eight */
        {{"\0", 1}, false},
        {{"12345678\0" "1234567", 16}, false},
        {{"\x80", 1}, false},
        {{"\xBF", 1}, false},
        {{"\xC0\x80", 2}, false},                 /* an overlong NUL */
        {{"\xC1\xBF", 2}, false},
        {{"\xE0\x9F\xBF", 3}, false},            /* overlong */
        {{"\xF0\x8F\xBF\xBF", 4}, false},       /* overlong */
        {{"\xED\xA0\x80", 3}, false},            /* U+D800 */
        {{"\xED\xBF\xBF", 3}, false},            /* U+DFFF */
        {{"\xF4\x90\x80\x80", 4}, false},       /* U+110000 */
        {{"\xF5\x80\x80\x80", 4}, false},
        {{"\xF8\x88\x80\x80\x80", 5}, false},
        {{"\xFE", 1}, false},
        {{"\xFF", 1}, false},
        {{"\xC3", 1}, false},                      /* cut off */
        {{"\xE2\x82", 2}, false},
        {{"\xF0\x9F\x91", 3}, false},
        {{"\xC3(", 2}, false},                     /* not continued */
        {{"\xE2\x82(", 3}, false},
        {{"12345678\xC3", 9}, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(text_is_utf8(rows[i].bytes), rows[i].valid);
}

static void code_points_are_taken_one_by_one(void **state)
{
    (void)state;
    struct text text = TEXT("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x91\x95\xFF");
    const uint32_t expected[] = {'a', 0xE9, 0x20AC, 0x1F455};
    uint32_t code_point = 0;
    for (size_t i = 0; i < 4; i++) {
        assert_true(text_utf8_next(&text, &code_point));
        assert_int_equal(code_point, expected[i]);
    }
    assert_false(text_utf8_next(&text, &code_point));
    assert_int_equal(text.length, 1);
    assert_int_equal(text_utf8_length(TEXT("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x91\x95")), 4);
    assert_int_equal(text_utf8_length(TEXT("")), 0);
}

static void hashes_are_stable_and_spread(void **state)
{
    (void)state;
    assert_int_equal(text_hash(TEXT("product/1")), text_hash(text_of("product/1")));
    /* 4096 keys that differ little, in 4096 slots: with a good hash about 37 % of the slots stay empty. */
    static unsigned char taken[4096];
    size_t empty = 4096;
    for (int i = 0; i < 4096; i++) {
        char key[32];
        snprintf(key, sizeof key, "sku-%d", i);
        size_t slot = text_hash(text_of(key)) & 4095;
        empty -= taken[slot] == 0;
        taken[slot] = 1;
    }
    assert_in_range(empty, 1350, 1650);
    /* The length counts too. */
    assert_int_not_equal(text_hash(TEXT("a")), text_hash(TEXT("a\0")));
    assert_int_not_equal(text_hash(TEXT("")), text_hash(TEXT("\0")));
}

static void tables_differ_from_process_to_process(void **state)
{
    (void)state;
    const uint64_t key[2] = {1, 2}, none[2] = {0, 0};
    uint64_t hash = text_hash(TEXT("product/1")), checksum = text_checksum(TEXT("product/1"));
    text_hash_seed(key);
    assert_true(text_hash(TEXT("product/1")) != hash);
    assert_true(text_checksum(TEXT("product/1")) == checksum);
    text_hash_seed(none);
    assert_true(text_hash(TEXT("product/1")) == hash);
    assert_true(text_checksum(TEXT("a")) != text_checksum(TEXT("a\0")));
    assert_true(text_checksum(TEXT("12345678")) != text_checksum(TEXT("12345679")));
}

static void the_keyed_hash_is_siphash(void **state)
{
    (void)state;
    /* The vectors of the paper's reference implementation: the key 00 01 … 0f, the text 00 01 … of each length. */
    const uint64_t key[2] = {UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)};
    const char bytes[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14};
    assert_true(text_hash_keyed((struct text){bytes, 0}, key) == UINT64_C(0x726fdb47dd0e0e31));
    assert_true(text_hash_keyed((struct text){bytes, 1}, key) == UINT64_C(0x74f839c593dc67fd));
    assert_true(text_hash_keyed((struct text){bytes, 15}, key) == UINT64_C(0xa129ca6149be45e5));
}

static void buffers_grow_to_their_maximum(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 1000);
    for (int i = 0; i < 1000; i++)
        buffer_add_char(&buffer, 'x');
    assert_false(buffer.overflowed);
    assert_int_equal(buffer.length, 1000);
    buffer_add_char(&buffer, 'y');
    assert_true(buffer.overflowed);
    assert_int_equal(buffer.length, 1000);

    buffer_empty(&buffer);
    assert_false(buffer.overflowed);
    buffer_add_string(&buffer, "kept");
    buffer_printf(&buffer, "%2000d", 1); /* refused as a whole */
    assert_true(buffer.overflowed);
    assert_true(text_is(buffer_text(&buffer), "kept"));
    buffer_release(&buffer);
    assert_null(buffer.at);
    buffer_add_string(&buffer, "again");
    assert_true(text_is(buffer_text(&buffer), "again"));
    buffer_release(&buffer);
}

static void a_printed_text_may_fill_the_buffer_exactly(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 600);
    buffer_printf(&buffer, "%600s", "end");
    assert_false(buffer.overflowed);
    assert_int_equal(buffer.length, 600);
    buffer_release(&buffer);
}

static void room_is_reserved_and_consumed(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 8);
    assert_true(text_is(buffer_text(&buffer), ""));
    memcpy(buffer_reserve(&buffer, 8), "12345678", 8);
    buffer_grew(&buffer, 6);
    assert_true(text_is(buffer_text(&buffer), "123456"));
    buffer_consume(&buffer, 2);
    assert_true(text_is(buffer_text(&buffer), "3456"));
    assert_non_null(buffer_reserve(&buffer, 4));
    assert_null(buffer_reserve(&buffer, 5));
    assert_null(buffer_reserve(&buffer, SIZE_MAX));
    assert_true(buffer.overflowed);
    buffer_consume(&buffer, 4);
    assert_int_equal(buffer.length, 0);
    buffer_release(&buffer);
}

static void whole_numbers_are_written(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 100);
    buffer_add_int64(&buffer, INT64_MIN);
    buffer_add_char(&buffer, ' ');
    buffer_add_int64(&buffer, INT64_MAX);
    buffer_add_char(&buffer, ' ');
    buffer_add_int64(&buffer, 0);
    buffer_add_int64(&buffer, -10);
    assert_true(text_is(buffer_text(&buffer), "-9223372036854775808 9223372036854775807 0-10"));
    buffer_release(&buffer);
}

static void claim_more_than_reserved(void)
{
    struct buffer buffer;
    buffer_init(&buffer, 10);
    buffer_reserve(&buffer, 10);
    buffer_grew(&buffer, 11);
}

static void wrong_use_is_asserted(void **state)
{
    (void)state;
    assert_true(ends_in_assertion(claim_more_than_reserved));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slices_compare),
        cmocka_unit_test(blanks_are_trimmed),
        cmocka_unit_test(numbers_are_whole_and_fit),
        cmocka_unit_test(utf8_is_well_formed_or_refused),
        cmocka_unit_test(code_points_are_taken_one_by_one),
        cmocka_unit_test(hashes_are_stable_and_spread),
        cmocka_unit_test(tables_differ_from_process_to_process),
        cmocka_unit_test(the_keyed_hash_is_siphash),
        cmocka_unit_test(buffers_grow_to_their_maximum),
        cmocka_unit_test(a_printed_text_may_fill_the_buffer_exactly),
        cmocka_unit_test(room_is_reserved_and_consumed),
        cmocka_unit_test(whole_numbers_are_written),
        cmocka_unit_test(wrong_use_is_asserted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
