/*
 * Times as text: RFC 3339, UTC, milliseconds. A time is int64 microseconds since 1970 everywhere inside.
 */
#ifndef SOUK_BASE_TIMESTAMP_H
#define SOUK_BASE_TIMESTAMP_H

#include "base/text.h"

#define TIMESTAMP_LENGTH 24 /* 2026-11-22T17:19:04.123Z */

/* Terminated by NUL. Times outside the years 0001 to 9999 are an assertion. */
void timestamp_format(int64_t time_us, char out[TIMESTAMP_LENGTH + 1]);

/* Any RFC 3339 date-time, with offset and fraction; a leap second is taken as the second before. False otherwise. */
bool timestamp_parse(struct text text, int64_t *time_us);

#endif
