#include "platform/service/dead_letters.h"

#include "platform/rpc/message.h"
#include "platform/service/host_internal.h"

struct dead_letter_noted {
    const char *producer;
    const struct event *event;
    const struct problem *problem;
    struct dead_letter_noted *next;
};

/* --- the table --------------------------------------------------------------------------------------------------- */

#define COLUMNS "producer, number, name, stream, problem, attempts, first_us, last_us"

static struct dead_letter letter_of_row(const struct sql_rows *rows)
{
    struct text problem = sql_get_bytes(rows, 4);
    return (struct dead_letter){
        .producer = sql_get_string(rows, 0),
        .number = sql_get_int(rows, 1),
        .name = sql_get_string(rows, 2),
        .stream = sql_get_string(rows, 3),
        .problem = {arena_strndup(rows->tx->arena, problem.at, problem.length), problem.length},
        .attempts = sql_get_int(rows, 5),
        .first_us = sql_get_int(rows, 6),
        .last_us = sql_get_int(rows, 7),
    };
}

bool dead_letter_find(struct tx *tx, const char *producer, int64_t number, struct dead_letter *letter)
{
    struct sql_rows rows = SQL_SELECT(tx, "SELECT " COLUMNS " FROM souk_dead_letter WHERE producer = ?1 AND number = ?2",
                                      sql_string(producer), sql_int(number));
    bool found = sql_next(&rows);
    if (found)
        *letter = letter_of_row(&rows);
    sql_stop(&rows);
    return found;
}

void dead_letters_each(struct tx *tx, const struct dead_letter *behind, int64_t limit,
                       void (*each)(void *data, const struct dead_letter *letter), void *data)
{
    struct sql_rows rows = SQL_SELECT(tx,
                                      "SELECT " COLUMNS " FROM souk_dead_letter"
                                      " WHERE ?1 = 0 OR first_us < ?1 OR (first_us = ?1 AND (producer, number) > (?2, ?3))"
                                      " ORDER BY first_us DESC, producer, number LIMIT ?4",
                                      sql_int(behind->first_us), sql_string(behind->producer), sql_int(behind->number), sql_int(limit));
    while (sql_next(&rows)) {
        struct dead_letter letter = letter_of_row(&rows);
        each(data, &letter);
    }
}

static void write_row(struct batch *batch, const struct dead_letter_noted *noted)
{
    struct text problem = problem_pack(batch->arena, noted->problem);
    SQL_DO(batch->tx,
           "INSERT INTO souk_dead_letter (" COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6, ?6)"
           " ON CONFLICT (producer, number) DO UPDATE SET problem = excluded.problem, attempts = souk_dead_letter.attempts + 1,"
           " last_us = excluded.last_us",
           sql_string(noted->producer), sql_int(noted->event->number), sql_string(noted->event->name), sql_string(noted->event->stream),
           sql_bytes(problem.at, problem.length), sql_int(batch->now_us));
}

void dead_letter_drop(struct tx *tx, const char *producer, int64_t number)
{
    bool may_write = tx->may_write;
    tx->may_write = true;
    SQL_DO(tx, "DELETE FROM souk_dead_letter WHERE producer = ?1 AND number = ?2", sql_string(producer), sql_int(number));
    tx->may_write = may_write;
}

/* --- noting ------------------------------------------------------------------------------------------------------ */

void dead_letter_note(struct batch *batch, const char *producer, const struct event *event, const struct problem *problem)
{
    struct dead_letter_noted *noted = ARENA_NEW(batch->arena, struct dead_letter_noted);
    *noted = (struct dead_letter_noted){.producer = producer, .event = event, .problem = problem, .next = batch->dead_letters};
    batch->dead_letters = noted;
}

void dead_letters_store(struct batch *batch)
{
    struct tx *tx = batch->tx;
    if (batch->dead_letters == NULL)
        return;
    tx->arena = batch->arena;
    tx->may_write = true;
    for (const struct dead_letter_noted *noted = batch->dead_letters; noted != NULL; noted = noted->next)
        write_row(batch, noted);
    tx->may_write = false;
}

/* --- trying again ------------------------------------------------------------------------------------------------ */

enum result dead_letter_retry(struct context *context, const char *producer, int64_t number)
{
    struct dead_letter letter;
    const struct event *event;
    if (!dead_letter_find(context->tx, producer, number, &letter))
        return call_refuse(context->call, RESULT_NOT_FOUND, NULL);
    enum result result = sought_event(context, letter.producer, number, &event);
    if (result != RESULT_OK)
        return result;
    bool was_unknown = problem_unpack(context->arena, letter.problem).result == RESULT_UNIMPLEMENTED;
    result = consumer_react(context, letter.producer, event, was_unknown);
    if (result == RESULT_OK)
        dead_letter_drop(context->tx, producer, number);
    else
        dead_letter_note(context->batch, letter.producer, event, &context->call->problem);
    return result;
}
