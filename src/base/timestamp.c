/*
 * Times as text: the proleptic Gregorian calendar, in whole numbers.
 *
 * Days are counted in years that begin on the first of March, so that the leap day is the last of its year and the lengths of the
 * months before it follow one formula: (153 * month + 2) / 5 days lie before month 0, 1, … of such a year.
 */
#include "base/timestamp.h"

#include "base/assert.h"

#define US_PER_SECOND INT64_C(1000000)
#define SECONDS_PER_DAY INT64_C(86400)
#define DAYS_PER_400_YEARS 146097
#define DAYS_BEFORE_1970 719468 /* since 0000-03-01 */

#define TIME_MIN_US (INT64_C(-62135596800) * US_PER_SECOND)      /* 0001-01-01T00:00:00Z */
#define TIME_MAX_US (INT64_C(253402300800) * US_PER_SECOND - 1) /* 9999-12-31T23:59:59.999999Z */

struct date {
    int year, month, day;
};

/* Days since 1970-01-01 of a date from year 0 on. */
static int64_t days_of_date(struct date date)
{
    int year = date.month <= 2 ? date.year - 1 : date.year;
    int era = (year >= 0 ? year : year - 399) / 400;
    int year_of_era = year - era * 400;
    int month = (date.month + 9) % 12; /* March is 0 */
    int day_of_year = (153 * month + 2) / 5 + date.day - 1;
    int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return (int64_t)era * DAYS_PER_400_YEARS + day_of_era - DAYS_BEFORE_1970;
}

static struct date date_of_days(int64_t days)
{
    days += DAYS_BEFORE_1970;
    ASSERT(days >= 0);
    int era = (int)(days / DAYS_PER_400_YEARS);
    int day_of_era = (int)(days % DAYS_PER_400_YEARS);
    /* Take out the leap days: one in 1461 days, but in 36525, and again one in 146097. */
    int year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int month = (5 * day_of_year + 2) / 153;
    return (struct date){
        .year = era * 400 + year_of_era + (month >= 10),
        .month = month < 10 ? month + 3 : month - 9,
        .day = day_of_year - (153 * month + 2) / 5 + 1,
    };
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && is_leap);
}

/* Write `number` with `width` digits, and the character after them. */
static char *put(char *at, int number, int width, char after)
{
    for (int i = width - 1; i >= 0; i--) {
        at[i] = (char)('0' + number % 10);
        number /= 10;
    }
    at[width] = after;
    return at + width + 1;
}

void timestamp_format(int64_t time_us, char out[TIMESTAMP_LENGTH + 1])
{
    ASSERT(time_us >= TIME_MIN_US && time_us <= TIME_MAX_US);
    /* Counted from year 1, so that division rounds down. */
    int64_t since_min_us = time_us - TIME_MIN_US;
    int64_t seconds = since_min_us / US_PER_SECOND;
    int ms = (int)(since_min_us % US_PER_SECOND / 1000);
    int second_of_day = (int)(seconds % SECONDS_PER_DAY);
    struct date date = date_of_days(seconds / SECONDS_PER_DAY + TIME_MIN_US / US_PER_SECOND / SECONDS_PER_DAY);

    char *at = put(out, date.year, 4, '-');
    at = put(at, date.month, 2, '-');
    at = put(at, date.day, 2, 'T');
    at = put(at, second_of_day / 3600, 2, ':');
    at = put(at, second_of_day / 60 % 60, 2, ':');
    at = put(at, second_of_day % 60, 2, '.');
    at = put(at, ms, 3, 'Z');
    *at = '\0';
}

/* --- reading ----------------------------------------------------------------------------------------------------- */

/* The parsers take what they know off the front of the text. */

static bool take_number(struct text *text, size_t width, int maximum, int *number)
{
    if (text->length < width)
        return false;
    int value = 0;
    for (size_t i = 0; i < width; i++) {
        if (text->at[i] < '0' || text->at[i] > '9')
            return false;
        value = value * 10 + (text->at[i] - '0');
    }
    text->at += width;
    text->length -= width;
    *number = value;
    return value <= maximum;
}

static bool take_one_of(struct text *text, const char *characters)
{
    if (text->length == 0 || text->at[0] == '\0' || strchr(characters, text->at[0]) == NULL)
        return false;
    text->at++;
    text->length--;
    return true;
}

static bool take_date(struct text *text, struct date *date)
{
    return take_number(text, 4, 9999, &date->year) && take_one_of(text, "-") &&
           take_number(text, 2, 12, &date->month) && date->month >= 1 && take_one_of(text, "-") &&
           take_number(text, 2, 31, &date->day) && date->day >= 1 &&
           date->day <= days_in_month(date->year, date->month);
}

/* Optional; digits past the microsecond are dropped. */
static bool take_fraction(struct text *text, int *us)
{
    *us = 0;
    if (!take_one_of(text, "."))
        return true;
    int digit, unit = 100000;
    if (!take_number(text, 1, 9, &digit))
        return false;
    do {
        *us += digit * unit;
        unit /= 10;
    } while (text->length > 0 && text->at[0] >= '0' && text->at[0] <= '9' && take_number(text, 1, 9, &digit));
    return true;
}

static bool take_offset(struct text *text, int *offset_minutes)
{
    *offset_minutes = 0;
    if (take_one_of(text, "Zz"))
        return true;
    bool is_west = text->length > 0 && text->at[0] == '-';
    int hours, minutes;
    if (!take_one_of(text, "+-") || !take_number(text, 2, 23, &hours) || !take_one_of(text, ":") ||
        !take_number(text, 2, 59, &minutes))
        return false;
    *offset_minutes = (is_west ? -1 : 1) * (hours * 60 + minutes);
    return true;
}

/* Leap seconds come behind the last second of a month, in UTC. */
static bool ends_a_month(int64_t seconds)
{
    return (seconds + 1) % SECONDS_PER_DAY == 0 && date_of_days((seconds + 1) / SECONDS_PER_DAY).day == 1;
}

bool timestamp_parse(struct text text, int64_t *time_us)
{
    struct date date;
    int hour, minute, second, fraction_us, offset_minutes;
    if (!take_date(&text, &date) || !take_one_of(&text, "Tt") || !take_number(&text, 2, 23, &hour) ||
        !take_one_of(&text, ":") || !take_number(&text, 2, 59, &minute) || !take_one_of(&text, ":") ||
        !take_number(&text, 2, 60, &second) || !take_fraction(&text, &fraction_us) ||
        !take_offset(&text, &offset_minutes) || text.length > 0)
        return false;

    bool is_leap_second = second == 60;
    int64_t seconds = days_of_date(date) * SECONDS_PER_DAY + hour * 3600 + (minute - offset_minutes) * 60 +
                      (is_leap_second ? 59 : second);
    int64_t parsed_us = seconds * US_PER_SECOND + fraction_us;
    if (parsed_us < TIME_MIN_US || parsed_us > TIME_MAX_US)
        return false;
    if (is_leap_second && !ends_a_month(seconds))
        return false;
    *time_us = parsed_us;
    return true;
}
