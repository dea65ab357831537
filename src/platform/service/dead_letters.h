/*
 * Dead letters: events that this service refused to react to. It has gone on with what came behind them; the letter stays until somebody
 * who runs the shop has it tried again, with success, or drops it.
 *
 * The letter is a record of the platform's (souk_dead_letter), stored in the transaction that passed the event over, or in which trying
 * again failed. It keeps which event it was and why; the event itself is the producer's, and is read there, in its present form.
 */
#ifndef SOUK_PLATFORM_DEAD_LETTERS_H
#define SOUK_PLATFORM_DEAD_LETTERS_H

#include "platform/service/service.h"

struct dead_letter {
    const char *producer;
    int64_t number;
    const char *name, *stream; /* of the event */
    struct text problem;       /* packed souk.common.v1.Problem: of the last try */
    int64_t attempts, first_us, last_us;
};

bool dead_letter_find(struct tx *tx, const char *producer, int64_t number, struct dead_letter *letter);
/* From the one first refused last, at most `limit`: all (first_us 0), or those behind the one of that time, producer and number. */
void dead_letters_each(struct tx *tx, const struct dead_letter *behind, int64_t limit,
                       void (*each)(void *data, const struct dead_letter *letter), void *data);

/* A reaction refused: note it, in the transaction of the batch, whatever becomes of the savepoint. `event` and `problem` must live until the
 * batch is over. */
struct batch;
void dead_letter_note(struct batch *batch, const char *producer, const struct event *event, const struct problem *problem);
/* Write what was noted; by the writer, before it commits. */
void dead_letters_store(struct batch *batch);

/* In a command: react again. OK and the letter is gone; NOT_FOUND; UNAVAILABLE when the producer can't be asked; or as the reaction refuses,
 * which is noted. */
enum result dead_letter_retry(struct context *context, const char *producer, int64_t number);
void dead_letter_drop(struct tx *tx, const char *producer, int64_t number);

#endif
