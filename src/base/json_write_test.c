#include "base/json_write.h"
#include "base/assert_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static struct buffer buffer;
static struct json_writer json;

static int open_writer(void **state)
{
    (void)state;
    buffer_init(&buffer, 1 << 20);
    json_write_init(&json, &buffer);
    return 0;
}

static int close_writer(void **state)
{
    (void)state;
    buffer_release(&buffer);
    return 0;
}

#define assert_written(expected) assert_true(text_is(buffer_text(&buffer), (expected)))

static void commas_come_by_themselves(void **state)
{
    (void)state;
    json_write_object_open(&json);
    json_write_key(&json, "id");
    json_write_string(&json, "p1");
    json_write_key(&json, "price");
    json_write_object_open(&json);
    json_write_key(&json, "amount");
    json_write_int(&json, 1990);
    json_write_object_close(&json);
    json_write_key(&json, "tags");
    json_write_array_open(&json);
    json_write_array_close(&json);
    json_write_key_text(&json, TEXT("a\"b"));
    json_write_array_open(&json);
    json_write_array_open(&json);
    json_write_array_close(&json);
    json_write_object_open(&json);
    json_write_object_close(&json);
    json_write_bool(&json, true);
    json_write_bool(&json, false);
    json_write_null(&json);
    json_write_raw(&json, TEXT("{\"raw\":1}"));
    json_write_array_close(&json);
    json_write_object_close(&json);
    assert_written("{\"id\":\"p1\",\"price\":{\"amount\":1990},\"tags\":[],\"a\\\"b\":[[],{},true,false,null,{\"raw\":1}]}");
}

static void escapes_are_those_of_the_rfc(void **state)
{
    (void)state;
    json_write_text(&json, TEXT("\"\\/\b\f\n\r\t\x01\x1f\x7f\0end"));
    assert_written("\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\\u0000end\"");
}

/* Every byte that may stand in text, at every place of a word of eight, reads back the same. */
static void any_text_reads_back(void **state)
{
    (void)state;
    for (unsigned character = 1; character < 0x80; character++) {
        for (size_t place = 0; place < 24; place++) {
            char text[] = "caf\xC3\xA9 12345678901234567890";
            size_t at = place < 3 ? place : place + 2; /* leave the two bytes of the accent whole */
            text[at] = (char)character;
            buffer_empty(&buffer);
            json_write_init(&json, &buffer);
            json_write_array_open(&json);
            json_write_string(&json, text);
            json_write_array_close(&json);
            json_t *read = json_loadb(buffer.at, buffer.length, 0, NULL);
            assert_non_null(read);
            assert_string_equal(json_string_value(json_array_get(read, 0)), text);
            json_decref(read);
        }
    }
}

static void doubles_are_short_and_exact(void **state)
{
    (void)state;
    static const struct {
        double number;
        const char *text;
    } rows[] = {
        {0, "0"}, {-0.0, "-0"}, {1, "1"}, {0.1, "0.1"}, {-2.5, "-2.5"}, {1e21, "1e+21"}, {1.0 / 3, "0.3333333333333333"},
        {0.1 + 0.2, "0.30000000000000004"}, {5e-324, "4.94065645841247e-324"}, {1.7976931348623157e308, "1.7976931348623157e+308"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        buffer_empty(&buffer);
        json_write_init(&json, &buffer);
        json_write_double(&json, rows[i].number);
        assert_written(rows[i].text);
        buffer_add_char(&buffer, '\0');
        assert_true(strtod(buffer.at, NULL) == rows[i].number);
    }
}

static void too_much_is_seen_at_the_end(void **state)
{
    (void)state;
    struct buffer small;
    struct json_writer writer;
    buffer_init(&small, 10);
    json_write_init(&writer, &small);
    json_write_array_open(&writer);
    json_write_string(&writer, "too long for ten bytes");
    json_write_array_close(&writer);
    assert_true(small.overflowed);
    buffer_release(&small);
}

static void write_not_a_number(void)
{
    json_write_double(&json, NAN);
}

static void only_finite_numbers_are_json(void **state)
{
    (void)state;
    assert_true(ends_in_assertion(write_not_a_number));
}

/* Texts are copied in eights, in fours, and with what came before once more: wherever the one character is that needs escaping, nothing else changes. */
static void an_escape_is_found_at_every_place(void **state)
{
    (void)state;
    for (size_t length = 0; length <= 40; length++) {
        for (size_t place = 0; place <= length; place++) {
            char text[41] = {0};
            char expected[64];
            memset(text, 'x', length);
            if (place < length)
                text[place] = '"';
            snprintf(expected, sizeof expected, place < length ? "\"%.*s\\%s\"" : "\"%.*s%s\"", (int)place, text, text + place);
            buffer_empty(&buffer);
            json_write_init(&json, &buffer);
            json_write_text(&json, (struct text){text, length});
            assert_written(expected);
        }
    }
}

static void prepared_members_are_as_those_written_by_name(void **state)
{
    (void)state;
    json_write_object_open(&json);
    json_write_prepared_string(&json, TEXT(",\"id\":"), "p\"1");
    json_write_prepared_int(&json, TEXT(",\"aLongerKeyThanMost\":"), INT64_MIN);
    json_write_prepared_key(&json, TEXT(",\"none\":"));
    json_write_null(&json);
    json_write_prepared_string(&json, TEXT(",\"empty\":"), "");
    json_write_prepared_int(&json, TEXT(",\"n\":"), 0);
    json_write_object_close(&json);
    assert_written("{\"id\":\"p\\\"1\",\"aLongerKeyThanMost\":-9223372036854775808,\"none\":null,\"empty\":\"\",\"n\":0}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(commas_come_by_themselves, open_writer, close_writer),
        cmocka_unit_test_setup_teardown(escapes_are_those_of_the_rfc, open_writer, close_writer),
        cmocka_unit_test_setup_teardown(any_text_reads_back, open_writer, close_writer),
        cmocka_unit_test_setup_teardown(an_escape_is_found_at_every_place, open_writer, close_writer),
        cmocka_unit_test_setup_teardown(prepared_members_are_as_those_written_by_name, open_writer, close_writer),
        cmocka_unit_test_setup_teardown(doubles_are_short_and_exact, open_writer, close_writer),
        cmocka_unit_test(too_much_is_seen_at_the_end),
        cmocka_unit_test_setup_teardown(only_finite_numbers_are_json, open_writer, close_writer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
