#include "base/id.h"
#include "base/assert_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void ids_are_time_and_randomness(void **state)
{
    (void)state;
    char id[ID_LENGTH + 1];
    id_format(0, (const uint8_t[ID_RANDOM_BYTES]){0}, id);
    assert_string_equal(id, "00000000000000000000000000");
    id_format(((INT64_C(1) << 48) - 1) * 1000, (const uint8_t[ID_RANDOM_BYTES]){255, 255, 255, 255, 255, 255, 255, 255, 255, 255},
              id);
    assert_string_equal(id, "7zzzzzzzzzzzzzzzzzzzzzzzzz");
    /* The example of the ULID specification: 1469918176385 ms. */
    id_format(INT64_C(1469918176385) * 1000, (const uint8_t[ID_RANDOM_BYTES]){0x08, 0x86, 0x42, 0x98, 0xE8, 0x4A, 0x96, 0xC6, 0xB9, 0xF0},
              id);
    assert_string_equal(id, "01aryz6s41123456789abcdefg");
    assert_true(id_is_valid(text_of(id)));
}

static void ids_sort_by_time(void **state)
{
    (void)state;
    char before[ID_LENGTH + 1], after[ID_LENGTH + 1];
    for (int64_t time_us = 1; time_us < INT64_C(1) << 57; time_us *= 3) {
        id_format(time_us, (const uint8_t[ID_RANDOM_BYTES]){255, 255}, before);
        id_format(time_us + 1000, (const uint8_t[ID_RANDOM_BYTES]){0}, after);
        assert_true(strcmp(before, after) < 0);
        assert_int_equal(id_time_ms(text_of(before)), time_us / 1000);
    }
    assert_int_equal(id_time_ms(text_of("7zzzzzzzzzzzzzzzzzzzzzzzzz")), (INT64_C(1) << 48) - 1);
}

static void other_texts_are_no_ids(void **state)
{
    (void)state;
    assert_true(id_is_valid(TEXT("01arz3ndektsv4rrffq69g5fav")));
    assert_false(id_is_valid(TEXT("01ARZ3NDEKTSV4RRFFQ69G5FAV")));
    assert_false(id_is_valid(TEXT("81arz3ndektsv4rrffq69g5fav"))); /* more than 48 bits of time */
    assert_false(id_is_valid(TEXT("01arz3ndektsv4rrffq69g5fa")));
    assert_false(id_is_valid(TEXT("01arz3ndektsv4rrffq69g5fav1")));
    assert_false(id_is_valid(TEXT("01arz3ndektsv4rrffq69g5fai"))); /* i, l, o, u are not digits */
    assert_false(id_is_valid(TEXT("01arz3ndektsv4rrffq69g5fa\0")));
    assert_false(id_is_valid(TEXT("")));
}

static void make_an_id_before_1970(void)
{
    char id[ID_LENGTH + 1];
    id_format(-1, (const uint8_t[ID_RANDOM_BYTES]){0}, id);
}

static void time_before_1970_is_asserted(void **state)
{
    (void)state;
    assert_true(ends_in_assertion(make_an_id_before_1970));
}

static void slugs_are_words_for_urls(void **state)
{
    (void)state;
    static const struct {
        const char *title, *slug;
    } rows[] = {
        {"Red Shirt", "red-shirt"},
        {"  -- Red   &  Blue! -- ", "red-blue"},
        {"Caf\xC3\xA9 cr\xC3\xA8me", "cafe-creme"},
        {"Cafe\xCC\x81", "cafe"},                             /* the accent as a combining mark */
        {"Stra\xC3\x9F" "e \xC3\x86ON", "strasse-aeon"},
        {"\xC5\x81\xC3\xB3" "d\xC5\xBA", "lodz"},
        {"\xC8\x98osete", "sosete"},
        {"2\xC3\x97" "4", "2-4"},                             /* the multiplication sign amid the letters */
        {"\xE6\x97\xA5\xE6\x9C\xAC", ""},                 /* nothing of ASCII remains */
        {"\xFF\xC3(bad)\xE2\x82", "bad"},                   /* not UTF-8 */
        {"", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char slug[81];
        slug_from_title(text_of(rows[i].title), slug);
        assert_string_equal(slug, rows[i].slug);
    }
}

static void long_titles_are_cut_without_a_dash(void **state)
{
    (void)state;
    char title[200], slug[81];
    memset(title, 'a', sizeof title);
    slug_from_title((struct text){title, sizeof title}, slug);
    assert_int_equal(strlen(slug), 80);
    title[79] = ' ';
    slug_from_title((struct text){title, sizeof title}, slug);
    assert_int_equal(strlen(slug), 79);
    assert_int_equal(slug[78], 'a');
    title[79] = 'a';
    memcpy(title + 79, "\xC3\x9F", 2); /* two letters where one has room */
    slug_from_title((struct text){title, 81}, slug);
    assert_int_equal(strlen(slug), 79);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_are_time_and_randomness),
        cmocka_unit_test(ids_sort_by_time),
        cmocka_unit_test(other_texts_are_no_ids),
        cmocka_unit_test(time_before_1970_is_asserted),
        cmocka_unit_test(slugs_are_words_for_urls),
        cmocka_unit_test(long_titles_are_cut_without_a_dash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
