#include "base/timestamp.h"
#include "base/assert_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <time.h>

#define SECOND INT64_C(1000000)

static void date_times_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t time_us;
    } rows[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"1970-01-01t00:00:00z", 0},
        {"1970-01-01T00:00:00.000001Z", 1},
        {"1970-01-01T00:00:00.0000019999Z", 1}, /* past the microsecond: dropped */
        {"1970-01-01T00:00:00.5Z", 500000},
        {"1969-12-31T23:59:59.999999Z", -1},
        {"1985-04-12T23:20:50.52Z", 482196050 * SECOND + 520000}, /* the examples of RFC 3339 */
        {"1996-12-19T16:39:57-08:00", 851042397 * SECOND},
        {"1990-12-31T23:59:60Z", 662687999 * SECOND},             /* a leap second: the second before */
        {"1990-12-31T15:59:60-08:00", 662687999 * SECOND},
        {"1990-12-31T23:59:60.25Z", 662687999 * SECOND + 250000},
        {"1937-01-01T12:00:27.87+00:20", -1041337172 * SECOND - 130000},
        {"2026-11-22T17:19:04-00:00", 1795367944 * SECOND},
        {"2000-02-29T00:00:00Z", 951782400 * SECOND},
        {"0001-01-01T00:00:00Z", -62135596800 * SECOND},
        {"9999-12-31T23:59:59.999999Z", 253402300800 * SECOND - 1},
        {"0000-12-31T23:00:00-01:00", -62135596800 * SECOND},     /* written in year 0, but it is year 1 in UTC */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t time_us = 77;
        assert_true(timestamp_parse(text_of(rows[i].text), &time_us));
        assert_int_equal(time_us, rows[i].time_us);
    }
}

static void other_texts_are_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "", "2026", "2026-11-22", "2026-11-22T17:19:04", "2026-11-22 17:19:04Z", "2026-11-22T17:19Z", "2026-11-22T17:19:04.Z",
        "2026-11-22T17:19:04,5Z", "2026-11-22T24:00:00Z", "2026-11-22T17:60:00Z", "2026-11-22T17:19:61Z",
        "2026-11-22T17:19:60Z",      /* no leap second in the middle of a day */
        "2026-11-22T23:59:60Z",      /* nor in the middle of a month */
        "2026-00-22T00:00:00Z", "2026-13-22T00:00:00Z", "2026-11-00T00:00:00Z", "2026-11-31T00:00:00Z", "2025-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z", "2026-11-22T17:19:04+0100", "2026-11-22T17:19:04+01", "2026-11-22T17:19:04+24:00",
        "2026-11-22T17:19:04+01:60", "2026-11-22T17:19:04ZZ", " 2026-11-22T17:19:04Z", "2026-11-22T17:19:04Z ",
        "26-11-22T17:19:04Z", "+026-11-22T17:19:04Z", "02026-11-22T17:19:04Z",
        "0000-12-31T23:59:59Z",      /* before the first year */
        "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01",
        "9999-12-31T23:59:60-01:00",
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t time_us = 77;
        assert_false(timestamp_parse(text_of(rows[i]), &time_us));
        assert_int_equal(time_us, 77);
    }
    int64_t time_us;
    assert_false(timestamp_parse(TEXT("2026-11-22T17:19:04\0"), &time_us));
    assert_false(timestamp_parse(TEXT("2026-11-22\0" "17:19:04Z"), &time_us));
}

static void times_are_written_in_milliseconds(void **state)
{
    (void)state;
    char text[TIMESTAMP_LENGTH + 1];
    timestamp_format(0, text);
    assert_string_equal(text, "1970-01-01T00:00:00.000Z");
    timestamp_format(-1, text);
    assert_string_equal(text, "1969-12-31T23:59:59.999Z");
    timestamp_format(1795367944 * SECOND + 123999, text);
    assert_string_equal(text, "2026-11-22T17:19:04.123Z");
    timestamp_format(-62135596800 * SECOND, text);
    assert_string_equal(text, "0001-01-01T00:00:00.000Z");
    timestamp_format(253402300800 * SECOND - 1, text);
    assert_string_equal(text, "9999-12-31T23:59:59.999Z");
}

/* Every few days of 9998 years, against the C library, and back. */
static void every_day_goes_both_ways(void **state)
{
    (void)state;
    for (int64_t seconds = -62135596800; seconds < 253402300800; seconds += 86400 * 5 + 7919) {
        char text[TIMESTAMP_LENGTH + 1], expected[64];
        time_t time = (time_t)seconds;
        struct tm tm;
        assert_non_null(gmtime_r(&time, &tm));
        snprintf(expected, sizeof expected, "%04d-%02d-%02dT%02d:%02d:%02d.000Z", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
                 tm.tm_hour, tm.tm_min, tm.tm_sec);
        timestamp_format(seconds * SECOND, text);
        assert_string_equal(text, expected);
        int64_t read_us;
        assert_true(timestamp_parse(text_of(text), &read_us));
        assert_int_equal(read_us, seconds * SECOND);
    }
}

static void format_year_0(void)
{
    char text[TIMESTAMP_LENGTH + 1];
    timestamp_format(-62135596800 * SECOND - 1, text);
}

static void format_year_10000(void)
{
    char text[TIMESTAMP_LENGTH + 1];
    timestamp_format(253402300800 * SECOND, text);
}

static void other_years_are_asserted(void **state)
{
    (void)state;
    assert_true(ends_in_assertion(format_year_0));
    assert_true(ends_in_assertion(format_year_10000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(date_times_are_read),
        cmocka_unit_test(other_texts_are_refused),
        cmocka_unit_test(times_are_written_in_milliseconds),
        cmocka_unit_test(every_day_goes_both_ways),
        cmocka_unit_test(other_years_are_asserted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
