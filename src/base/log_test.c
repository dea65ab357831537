#include "base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct buffer lines;
static int line_count;

static void keep(void *data, struct text line)
{
    buffer_add_text(data, line);
    line_count++;
}

static int64_t fixed_time(void *data)
{
    (void)data;
    return INT64_C(1795367944123456);
}

static int capture(void **state)
{
    (void)state;
    line_count = 0;
    buffer_init(&lines, 1 << 20);
    log_capture(keep, &lines);
    log_clock(fixed_time, NULL);
    return 0;
}

static int put_back(void **state)
{
    (void)state;
    log_setup(LOG_LEVEL_INFO, -1);
    log_capture(NULL, NULL);
    log_clock(NULL, NULL);
    buffer_release(&lines);
    return 0;
}

#define assert_lines(expected) assert_true(text_is(buffer_text(&lines), (expected)))

static void json_lines_for_programs(void **state)
{
    (void)state;
    log_setup(LOG_LEVEL_INFO, 1);
    LOG_INFO("listening", log_text("address", "127.0.0.1:8080"), log_int("loops", 2));
    LOG_ERROR("bare");
    assert_lines("{\"time\":\"2026-11-22T17:19:04.123Z\",\"level\":\"info\",\"message\":\"listening\",\"address\":\"127.0.0.1:8080\","
                 "\"loops\":2}\n{\"time\":\"2026-11-22T17:19:04.123Z\",\"level\":\"error\",\"message\":\"bare\"}\n");
    assert_int_equal(line_count, 2);
}

static void short_lines_for_people(void **state)
{
    (void)state;
    log_setup(LOG_LEVEL_DEBUG, 0);
    LOG_WARNING("slow", log_int("ms", -5), log_text("route", "/v1/carts"), log_text("agent", "a b"), log_text("none", ""),
                log_text("null", NULL));
    assert_lines("17:19:04.123 WARN  slow  ms=-5 route=/v1/carts agent=\"a b\" none=\"\" null=\"\"\n");
}

static void lower_levels_are_dropped(void **state)
{
    (void)state;
    log_setup(LOG_LEVEL_WARNING, 1);
    LOG_DEBUG("no");
    LOG_INFO("no");
    assert_int_equal(line_count, 0);
    LOG_WARNING("yes");
    LOG_ERROR("yes");
    assert_int_equal(line_count, 2);
}

/* What clients send can neither forge lines nor steer the terminal nor break the JSON. */
static void hostile_values_stay_in_their_line(void **state)
{
    (void)state;
    for (int json = 0; json <= 1; json++) {
        buffer_empty(&lines);
        log_setup(LOG_LEVEL_INFO, json);
        LOG_INFO("odd", log_text("value", "a\n{\"level\":\"error\"}\x1b[2J\xC2\x9B\xFF\xC3\x7F end"));
        for (size_t i = 0; i + 1 < lines.length; i++) {
            assert_true((unsigned char)lines.at[i] >= ' ');
            assert_true((unsigned char)lines.at[i] < 0x7F);
        }
        assert_int_equal(lines.at[lines.length - 1], '\n');
    }
    json_t *read = json_loadb(lines.at, lines.length, 0, NULL);
    assert_string_equal(json_string_value(json_object_get(read, "value")), "a\n{\"level\":\"error\"}\x1b[2J???? end");
    json_decref(read);
}

static void long_values_are_cut_and_too_many_left_out(void **state)
{
    (void)state;
    static char value[5001];
    memset(value, 'x', 5000);
    memcpy(value + 2047, "\xC3\xA9", 2); /* the limit goes through this character */
    log_setup(LOG_LEVEL_INFO, 1);
    LOG_INFO("long", log_text("value", value));
    json_t *read = json_loadb(lines.at, lines.length, 0, NULL);
    assert_int_equal(json_string_length(json_object_get(read, "value")), 2047);
    json_decref(read);

    buffer_empty(&lines);
    struct log_field fields[20];
    for (int i = 0; i < 20; i++)
        fields[i] = log_text("value", value);
    log_write(LOG_LEVEL_INFO, "many", fields, 20);
    read = json_loadb(lines.at, lines.length, 0, NULL);
    assert_string_equal(json_string_value(json_object_get(read, "message")), "many");
    assert_int_equal(json_integer_value(json_object_get(read, "fieldsLeftOut")), 20);
    json_decref(read);
}

static void *log_much(void *letter)
{
    static const char text[] = "0123456789012345678901234567890123456789";
    for (int i = 0; i < 500; i++)
        LOG_INFO(letter, log_text("text", text), log_int("number", i));
    return NULL;
}

/* To a real file: threads do not mix their lines, and without a terminal they are JSON. */
static void lines_of_threads_stay_whole(void **state)
{
    (void)state;
    FILE *file = tmpfile();
    assert_non_null(file);
    int before = dup(STDERR_FILENO);
    dup2(fileno(file), STDERR_FILENO);
    static char one[] = "one", two[] = "two";
    pthread_t threads[2];
    int started = pthread_create(&threads[0], NULL, log_much, one) + pthread_create(&threads[1], NULL, log_much, two);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    dup2(before, STDERR_FILENO);
    close(before);
    assert_int_equal(started, 0);

    rewind(file);
    char line[500];
    int count = 0;
    for (; fgets(line, sizeof line, file) != NULL; count++) {
        json_t *read = json_loads(line, 0, NULL);
        assert_int_equal(json_string_length(json_object_get(read, "text")), 40);
        json_decref(read);
    }
    fclose(file);
    assert_int_equal(count, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(json_lines_for_programs, capture, put_back),
        cmocka_unit_test_setup_teardown(short_lines_for_people, capture, put_back),
        cmocka_unit_test_setup_teardown(lower_levels_are_dropped, capture, put_back),
        cmocka_unit_test_setup_teardown(hostile_values_stay_in_their_line, capture, put_back),
        cmocka_unit_test_setup_teardown(long_values_are_cut_and_too_many_left_out, capture, put_back),
        cmocka_unit_test(lines_of_threads_stay_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
