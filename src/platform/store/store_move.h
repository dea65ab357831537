/*
 * Moving a service's store: all that is in it, into another one of whatever kind (`souk move`).
 *
 *     move_begin      the target holds nothing but a mark: it is not whole
 *     move_copy       all tables, events and records, a few thousand rows a transaction
 *     move_compare    the same tables, rows and hash chain on both sides, read again
 *     move_finish     the mark goes
 *
 * A store with the mark is refused by whoever would serve or read it (event_log_migrate, event_log_is_current). So a move may end anywhere: done
 * again, it begins anew. Whoever moves several services marks all before the first is copied, and finishes them after the last has been
 * compared. The source is read within one transaction, by somebody who also holds its writer, so that nobody writes meanwhile.
 */
#ifndef SOUK_PLATFORM_STORE_MOVE_H
#define SOUK_PLATFORM_STORE_MOVE_H

#include "platform/store/event_log.h"

/* Whether a move into this store has begun and not ended. */
bool move_is_unfinished(struct tx *tx);
/* Whether there is no row in it, but of what made its tables. */
bool move_is_empty(struct tx *tx);

/* Remove whatever is in the target, and mark it. */
bool move_begin(struct connection *target, char error[512]);

/* The rows there are, and those that are copied or compared, for whoever shows how far it is. */
struct move_progress {
    void (*show)(void *data, int64_t rows, int64_t total);
    void *data;
    int64_t rows, total;
};
bool move_copy(struct tx *source, struct connection *target, const struct migration *migrations, size_t count,
               struct move_progress *progress, char error[512]);

struct move_summary {
    int64_t events, rows;
    size_t tables;
    char digest[65]; /* over all tables */
};
bool move_compare(struct tx *source, struct tx *target, struct move_summary *summary, char error[512]);
bool move_finish(struct connection *target, char error[512]);

#endif
