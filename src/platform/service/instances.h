/*
 * Several processes that run the same service on one database: turns, lives, who leads, and what they tell each other. instances.c says how.
 *
 * Where the store is not shared (SQLite), this process is the only one, and leads.
 */
#ifndef SOUK_PLATFORM_INSTANCES_H
#define SOUK_PLATFORM_INSTANCES_H

#include "platform/store/event_log.h"
#include "platform/store/store_watch.h"

struct host;
struct batch;

/* Whether nobody can have taken this process for gone: before its sagas call others. Any thread. */
bool host_is_sure(const struct host *host);

/* At the beginning of a writer's transaction: asked for, and taken with whatever is read first. */
struct turn {
    bool asked;
    struct sql_rows head, standing;
};
struct turn turn_ask(struct host *host, struct tx *tx);
/* Bring up to date what the writer remembers. Whether this transaction is the leader's. */
bool turn_take(struct host *host, struct turn *turn);

/* After a commit, to the others. */
void instances_tell_touched(struct host *host, const char *resource, const char *key);
void instances_tell_commit(const struct batch *batch);
void instances_tell_handled(struct host *host, const char *producer, int64_t number);

/* On the writer: take the lead, take over from those that have gone. */
bool leader_has_work(const struct host *host);
void leader_step(struct host *host, struct arena *arena);

/* In the transaction in which the host takes up its store; when everything else is there to be woken; when the writer has stopped. */
void instances_begin(struct host *host, struct tx *tx);
void instances_start(struct host *host);
void instances_stop(struct host *host);

#endif
