/*
 * A watch: what the processes that share a database know of each other.
 *
 *     say       lines to all others (NOTIFY), soon, off the commit's way: nothing is said while there is nobody else
 *     heard     what others have said
 *     tick      every second, and when somebody arrives: who leads, who has gone, how far the log is: for what was not heard
 *
 * A watch has a session and a thread of its own. As long as the session lasts it holds a lock for its instance, by which others see that it
 * lives, and the leader's, where it got that first. A process that is stopped keeps its session; so whoever has not ticked for STORE_WATCH_GONE_S
 * has its session ended by the others. It will find out when it wakes, and until then whatever it writes is checked (instances.c).
 *
 * Where the store is not shared there is no watch.
 */
#ifndef SOUK_PLATFORM_STORE_WATCH_H
#define SOUK_PLATFORM_STORE_WATCH_H

#include "platform/store/store.h"

struct store_watch;

struct store_tick {
    bool connected;    /* false: nothing else is known */
    bool fresh;        /* the first of its session: anything may have been said before */
    bool holds_lead;   /* the leader's lock */
    unsigned others;   /* instances beside this one */
    unsigned gone;     /* instances that have left, or have been missing for a second: they are to be adopted */
    int64_t head;      /* the newest event's number */
    const char *inbox; /* "catalog 17 pricing 4": what is stored of each producer */
};

struct store_watch_options {
    int64_t instance; /* its number, from 1 to 2^31 - 1 */
    /* Both on the watch's thread. */
    void (*heard)(void *data, const char *line);
    void (*ticked)(void *data, const struct store_tick *tick);
    void *data;
};
/* A line that says: you have missed something. */
#define STORE_WATCH_MISSED "*"
/* A line that says: somebody has arrived. */
#define STORE_WATCH_HELLO "?"
#define STORE_WATCH_LINE_BYTES 256

/* What a session may be silent for before the others end it. */
#define STORE_WATCH_GONE_S "8"
/* And what a process may believe of itself meanwhile. */
#define STORE_WATCH_SURE_US INT64_C(5000000)

/* SQL: whether somebody holds the lock of the instance with that number; an expression. */
#define STORE_INSTANCE_LOCKS "1936684398"
#define STORE_INSTANCE_LIVES(number)                                                                                              \
    "EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND classid = " STORE_INSTANCE_LOCKS " AND objsubid = 2 AND granted"      \
    " AND objid::BIGINT = " number " AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"

/* For a store with a shared writer. Ticks once before it returns, if the database can be reached. */
struct store_watch *store_watch_start(struct store *store, const struct store_watch_options *options);
/* The instance has another number from now on. Any thread. */
void store_watch_renumber(struct store_watch *watch, int64_t instance);
/* At most STORE_WATCH_LINE_BYTES, without the line's end. Any thread. */
void store_watch_say(struct store_watch *watch, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Whether nobody can have taken this process for gone. Any thread. */
bool store_watch_is_sure(const struct store_watch *watch);
/* How many others there are. Any thread. */
unsigned store_watch_others(const struct store_watch *watch);
/* What was said before is still sent. Nothing is heard any more when this returns. */
void store_watch_stop(struct store_watch *watch);

#endif
