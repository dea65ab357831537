/*
 * The log.
 *
 *     {"time":"2026-11-22T17:19:04.123Z","level":"info","message":"listening","address":"127.0.0.1","port":8080}
 *     17:19:04.123 INFO  listening  address=127.0.0.1 port=8080
 *
 * A line is made in a buffer and written with one write(2), so that lines of several threads and processes never mix. What a
 * client sent may be in a field: it is escaped in both forms, and cut, so that it can forge no line and fill no disk.
 */
#include "base/log.h"

#include "base/json_write.h"
#include "base/timestamp.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#define LOG_LINE_MAX 16384
#define LOG_VALUE_MAX 2048

static const struct {
    const char *name; /* in JSON */
    const char *word; /* on a terminal */
    const char *colour;
} levels[] = {
    [LOG_LEVEL_DEBUG] = {"debug", "DEBUG", "\x1b[2m"},
    [LOG_LEVEL_INFO] = {"info", "INFO", "\x1b[32m"},
    [LOG_LEVEL_WARNING] = {"warning", "WARN", "\x1b[33m"},
    [LOG_LEVEL_ERROR] = {"error", "ERROR", "\x1b[31m"},
};

static atomic_int lowest_level = LOG_LEVEL_INFO;
static atomic_int json_or_auto = -1;

/* The lock keeps sink and clock from being changed while they are called. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void (*sink)(void *data, struct text line);
static void *sink_data;
static int64_t (*clock_us)(void *data);
static void *clock_data;

void log_setup(enum log_level level, int json)
{
    atomic_store(&lowest_level, (int)level);
    atomic_store(&json_or_auto, json);
}

void log_capture(void (*new_sink)(void *data, struct text line), void *data)
{
    pthread_mutex_lock(&lock);
    sink = new_sink;
    sink_data = data;
    pthread_mutex_unlock(&lock);
}

void log_clock(int64_t (*new_clock_us)(void *data), void *data)
{
    pthread_mutex_lock(&lock);
    clock_us = new_clock_us;
    clock_data = data;
    pthread_mutex_unlock(&lock);
}

static bool is_json(void)
{
    int json = atomic_load(&json_or_auto);
    if (json < 0) {
        json = !isatty(STDERR_FILENO);
        atomic_store(&json_or_auto, json);
    }
    return json != 0;
}

static int64_t now_us(void)
{
    if (clock_us != NULL)
        return clock_us(clock_data);
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    return time.tv_sec * INT64_C(1000000) + time.tv_nsec / 1000;
}

/* --- a line ------------------------------------------------------------------------------------------------------ */

/* DEL and U+0080 to U+009F steer terminals, and JSON does not escape them. */
static bool is_unescaped_control(uint32_t code_point)
{
    return code_point >= 0x7F && code_point < 0xA0;
}

/* The value, no longer than allowed, not cut within a character, and with ? for what is not UTF-8 or steers a terminal. */
static struct text presentable(struct text value, char copy[LOG_VALUE_MAX])
{
    size_t length = 0;
    while (value.length > 0) {
        struct text rest = value;
        uint32_t code_point;
        bool valid = text_utf8_next(&rest, &code_point);
        struct text character = {value.at, valid ? (size_t)(rest.at - value.at) : 1};
        value.at += character.length;
        value.length -= character.length;
        if (!valid || is_unescaped_control(code_point))
            character = TEXT("?");
        if (length + character.length > LOG_VALUE_MAX)
            break;
        memcpy(copy + length, character.at, character.length);
        length += character.length;
    }
    return (struct text){copy, length};
}

static void write_json(struct buffer *line, enum log_level level, const char *time, const char *fact,
                       const struct log_field *fields, size_t count)
{
    struct json_writer json;
    char copy[LOG_VALUE_MAX];
    json_write_init(&json, line);
    json_write_object_open(&json);
    json_write_key(&json, "time");
    json_write_string(&json, time);
    json_write_key(&json, "level");
    json_write_string(&json, levels[level].name);
    json_write_key(&json, "message");
    json_write_text(&json, presentable(text_of(fact), copy));
    for (size_t i = 0; i < count; i++) {
        json_write_key(&json, fields[i].name);
        if (fields[i].kind == LOG_FIELD_INT)
            json_write_int(&json, fields[i].integer);
        else
            json_write_text(&json, presentable(fields[i].text, copy));
    }
    json_write_object_close(&json);
    buffer_add_char(line, '\n');
}

static bool is_one_word(struct text value)
{
    for (size_t i = 0; i < value.length; i++)
        if ((unsigned char)value.at[i] <= ' ' || value.at[i] == '"' || value.at[i] == '\\')
            return false;
    return value.length > 0;
}

/* As it is when it reads as one word, else quoted and escaped as in JSON. */
static void add_word(struct buffer *line, struct text value)
{
    if (is_one_word(value)) {
        buffer_add_text(line, value);
        return;
    }
    struct json_writer json;
    json_write_init(&json, line);
    json_write_text(&json, value);
}

static void write_pretty(struct buffer *line, enum log_level level, const char *time, const char *fact,
                         const struct log_field *fields, size_t count)
{
    bool coloured = sink == NULL && isatty(STDERR_FILENO);
    const char *plain = coloured ? "\x1b[0m" : "";
    const char *dim = coloured ? "\x1b[2m" : "";
    const char *time_of_day = time + sizeof "2026-11-22T" - 1;
    char copy[LOG_VALUE_MAX];
    buffer_printf(line, "%.12s %s%-5s%s ", time_of_day, coloured ? levels[level].colour : "", levels[level].word, plain);
    buffer_add_text(line, presentable(text_of(fact), copy));
    for (size_t i = 0; i < count; i++) {
        buffer_printf(line, "%s%s%s=%s", i == 0 ? "  " : " ", dim, fields[i].name, plain);
        if (fields[i].kind == LOG_FIELD_INT)
            buffer_add_int64(line, fields[i].integer);
        else
            add_word(line, presentable(fields[i].text, copy));
    }
    buffer_add_char(line, '\n');
}

static void hand_over(struct text line)
{
    if (sink != NULL) {
        sink(sink_data, line);
        return;
    }
    /* A log that can't be written is no reason to stop; a signal is one to try again. */
    while (write(STDERR_FILENO, line.at, line.length) < 0 && errno == EINTR)
        continue;
}

void log_write(enum log_level level, const char *fact, const struct log_field *fields, size_t count)
{
    if ((int)level < atomic_load(&lowest_level))
        return;

    void (*write_line)(struct buffer *, enum log_level, const char *, const char *, const struct log_field *, size_t) =
        is_json() ? write_json : write_pretty;
    struct buffer line;
    buffer_init(&line, LOG_LINE_MAX);

    pthread_mutex_lock(&lock);
    char time[TIMESTAMP_LENGTH + 1];
    timestamp_format(now_us(), time);
    write_line(&line, level, time, fact, fields, count);
    if (line.overflowed) {
        buffer_empty(&line);
        struct log_field why = log_int("fieldsLeftOut", (int64_t)count);
        write_line(&line, level, time, fact, &why, 1);
    }
    hand_over(buffer_text(&line));
    pthread_mutex_unlock(&lock);
    buffer_release(&line);
}
