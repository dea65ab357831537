/*
 * The log: one event a line, on standard error.
 *
 * JSON lines where a program reads, short coloured lines on a terminal. A message is a short fact; fields carry the
 * detail. Personal data and secrets are never logged. Any thread may log.
 *
 *     LOG_INFO("listening", log_text("address", address), log_int("port", port));
 */
#ifndef SOUK_BASE_LOG_H
#define SOUK_BASE_LOG_H

#include "base/text.h"

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR };

struct log_field {
    const char *name;
    enum { LOG_FIELD_TEXT, LOG_FIELD_INT } kind;
    struct text text;
    int64_t integer;
};

static inline struct log_field log_text(const char *name, const char *value)
{
    return (struct log_field){.name = name, .kind = LOG_FIELD_TEXT, .text = text_of(value)};
}
static inline struct log_field log_int(const char *name, int64_t value)
{
    return (struct log_field){.name = name, .kind = LOG_FIELD_INT, .integer = value};
}

/* Lines below `level` are dropped. `json`: 1 yes, 0 no, -1 unless standard error is a terminal. */
void log_setup(enum log_level level, int json);
/* Where lines go instead of standard error (tests, the simulator); NULL puts it back. */
void log_capture(void (*sink)(void *data, struct text line), void *data);
/* Where the time of a line comes from instead of the machine's clock (the simulator); NULL puts it back. */
void log_clock(int64_t (*now_us)(void *data), void *data);
void log_write(enum log_level level, const char *fact, const struct log_field *fields, size_t count);

#define LOG_AT(level, fact, ...)                                                                         \
    log_write((level), (fact), (const struct log_field[]){{0}, ##__VA_ARGS__} + 1,                       \
              sizeof((const struct log_field[]){{0}, ##__VA_ARGS__}) / sizeof(struct log_field) - 1)
#define LOG_DEBUG(...) LOG_AT(LOG_LEVEL_DEBUG, __VA_ARGS__)
#define LOG_INFO(...) LOG_AT(LOG_LEVEL_INFO, __VA_ARGS__)
#define LOG_WARNING(...) LOG_AT(LOG_LEVEL_WARNING, __VA_ARGS__)
#define LOG_ERROR(...) LOG_AT(LOG_LEVEL_ERROR, __VA_ARGS__)

#endif
