/*
 * The event log: the truth of a service, and the few tables beside it that are not computed from it.
 *
 *     event          everything that ever happened: dense numbers from 1, per-stream versions from 1, a hash chain
 *     idempotency    what was answered to which key
 *     inbox          how far this service has handled each producer's events
 *     migration      what has been done to the tables
 *
 * Their names begin with `souk_`. All other tables of a service are computed from events by its apply functions (and by its
 * projections of other services' events), and can be dropped and computed again. Platform tables that are computed, too:
 * `timer` and `saga` (service.h, saga.h).
 *
 * The functions that write here ask nobody's permission (tx->may_write): the tables are the platform's own. When the transaction fails,
 * what they return means nothing; look at tx->failed before it leaves the transaction.
 */
#ifndef SOUK_PLATFORM_EVENT_LOG_H
#define SOUK_PLATFORM_EVENT_LOG_H

#include "platform/rpc/result.h"
#include "platform/store/store.h"
#include "platform/store/stream_versions.h"

#define EVENT_HASH_BYTES 32

struct event {
    int64_t number;         /* dense per service, from 1 */
    const char *stream;     /* "product/01jd…": kind and key; the kind is lower case letters, digits and _ */
    const char *key;        /* what follows the slash */
    int64_t stream_version; /* from 1, dense per stream */
    const char *name;       /* "souk.catalog.v1.ProductCreated" */
    unsigned schema_version;
    int64_t at_us;     /* never before that of the event before it */
    const char *actor; /* "staff:admin", "customer:01jd…", "system:checkout/01jd…", "anonymous" */
    const char *request_id;
    const char *cause; /* the event or call that led to it: "catalog/17", "call", "timer/…" */
    struct text data;  /* the packed message */
    uint8_t hash[EVENT_HASH_BYTES]; /* SHA-256 over the hash before it and everything above */
};

/* Create the platform's tables and run the migrations not yet run, each in order, in one transaction. False with a sentence in
 * `error` when a script fails, one that ran before has been changed since, or the store is newer than this program in a way that it can't go
 * on beside: what ran in it and is not known here must be additive. One that is not additive runs only while nobody else writes. */
struct migration {
    int number; /* from 1, dense */
    const char *name;
    const char *sql;
    bool additive; /* programs of the version before go on with these tables */
};
bool event_log_migrate(struct connection *writer, const struct migration *migrations, size_t count, char error[512]);
/* The same for a store that is being moved into (store_move.h): others refuse it until that has ended. */
bool event_log_make_tables(struct connection *writer, const struct migration *migrations, size_t count, char error[512]);
/* Whether exactly these have run: what reads a store without migrating it asks first. False with a sentence in `error`. */
bool event_log_is_current(struct tx *tx, const struct migration *migrations, size_t count, char error[512]);
/* Make the computed tables anew, empty, with all migrations. False with a sentence in `error`, and the transaction has failed. */
bool event_log_reset(struct tx *tx, const struct migration *migrations, size_t count, char error[512]);

/* The end of the log, kept by the writer between transactions. */
struct event_log_head {
    int64_t number;
    int64_t at_us;
    uint8_t hash[EVENT_HASH_BYTES];
    struct stream_versions *streams; /* where it left the streams, or NULL; event_log_head() sets NULL */
};
void event_log_head(struct tx *tx, struct event_log_head *head);
/* The same in two parts: asked with what comes next, and read. */
struct sql_rows event_log_ask_head(struct tx *tx);
void event_log_read_head(struct sql_rows *rows, struct event_log_head *head);
/* Whether the event that `head` ends with is in the log: what a commit that was not answered came to. */
bool event_log_has(struct tx *tx, const struct event_log_head *head);
/* Fill number, key, stream_version and hash of `event` and store it; moves the head. Where the clock was set back, at_us becomes that of
 * the event before, so that "until then" is a prefix of the log. A caller that undoes a savepoint or a transaction puts its own
 * copy of the head back, and forgets the streams' versions. */
void event_log_append(struct tx *tx, struct event_log_head *head, struct event *event);
/* The version of the newest event of a stream; 0 for none. */
int64_t event_log_stream_version(struct tx *tx, const char *stream);

/* What the commands of one transaction write and look for together, in tx->log, as every statement has its price, and a server elsewhere its round
 * trip, too. Events wait here until somebody reads the log, and answers, at most, until event_log_flush(), which comes before the commit. What
 * they point to lives until then. */
#define EVENTS_TOGETHER 16
#define ANSWERS_TOGETHER 8
struct idempotency_key;
struct event_log_batch {
    struct event events[EVENTS_TOGETHER];
    size_t event_count;
    size_t before_savepoint;   /* so many of them are older than the savepoint, and stay when it is undone; */
    bool before_are_stored;    /* they were stored within it, which will be undone with it */
    const struct idempotency_key **absent; /* keys that were looked for, and are not there */
    size_t absent_count;
    struct idempotency_answer {
        const struct idempotency_key *key;
        struct text answer, problem;
        int64_t at_us;
    } answers[ANSWERS_TOGETHER];
    size_t answer_count;
};
void event_log_flush(struct tx *tx);
/* Store the events that wait, for who frees what they point to before the transaction is over. */
void event_log_store_waiting(struct tx *tx);
/* Around tx_savepoint() and its end: before, and after. */
void event_log_savepoint(struct tx *tx);
void event_log_savepoint_keep(struct tx *tx);
void event_log_savepoint_undo(struct tx *tx);

/* Read events with number > after, oldest first, at most `limit`: of every stream (NULL), of one ("product/01jd…"), of one kind (a
 * star for the key); and not later than until_us unless that is 0. Calls back with events that live during the
 * callback; false from the callback stops. The number of the last event read, or `after`. */
int64_t event_log_read(struct tx *tx, const char *stream, int64_t after, int64_t until_us, int64_t limit,
                       bool (*each)(void *data, const struct event *event), void *data);
/* Read all events of several streams (each as above, but NULL), oldest first, each once. False, having read none, when there are more than
 * LIMIT_TEMPORAL_EVENTS. */
bool event_log_read_streams(struct tx *tx, const char *const *streams, size_t count, int64_t until_us,
                            bool (*each)(void *data, const struct event *event), void *data);

/* Read the newest event of a stream that has one of these names and is not later than until_us, if there is one. */
void event_log_read_newest(struct tx *tx, const char *stream, const char *const *names, size_t name_count, int64_t until_us,
                           bool (*each)(void *data, const struct event *event), void *data);

/* Check the chain: dense numbers, dense stream versions, hashes. The first bad number, or 0; `error` says what is wrong with it. */
int64_t event_log_verify(struct tx *tx, char error[512]);

/* --- idempotency --- */

struct idempotency_record {
    bool found;
    bool running;        /* claimed by a saga that has not ended */
    bool left_behind;    /* claimed by a saga that went with its process: whoever asks again may take it over */
    const char *worker;  /* who claimed it, in tx->arena */
    bool same_request;   /* the hash fits */
    bool refused;        /* by the problem, which says why by its name on the wire: numbers of results change with the table */
    struct text answer;  /* packed, in tx->arena; empty when it was refused */
    struct text problem; /* packed souk.common.v1.Problem, in tx->arena; empty when it was not */
};
#define IDEMPOTENCY_HASH_BYTES 16
/* The key is a hash over who, which operation, which resource and the client's key; the request is hashed alike. */
struct idempotency_key {
    uint8_t key[IDEMPOTENCY_HASH_BYTES];
    uint8_t request[IDEMPOTENCY_HASH_BYTES];
};
/* Find out at once which of these are not there, for those who will ask: tx->log remembers it. The keys live as long. */
void idempotency_look_ahead(struct tx *tx, const struct idempotency_key *const *keys, size_t count);
struct idempotency_record idempotency_find(struct tx *tx, const struct idempotency_key *key);
/* The request has begun and will be answered later, by that worker. A key that is known already, not left behind and not by that
 * worker, is an assertion: find first. `instance` is the process (0 where there is one only), of which it is known later whether it has ended. */
void idempotency_claim(struct tx *tx, const struct idempotency_key *key, const char *worker, int64_t instance, int64_t at_us);
/* Whoever takes a claim over, should it be left behind, goes on as that worker. */
void idempotency_hand_over(struct tx *tx, const struct idempotency_key *key, const char *worker);
/* The answer, whether or not the key was claimed; a problem that is not empty makes it a refusal. One that was looked for ahead is answered outside of savepoints. */
void idempotency_store(struct tx *tx, const struct idempotency_key *key, struct text answer, struct text problem, int64_t at_us);
void idempotency_forget(struct tx *tx, const struct idempotency_key *key);
/* Forget answers, and claims that were left behind, older than that, oldest first; other claims stay, as what they wait for may still happen. A thousand at a time, so that the
 * writer is not held up: the number forgotten, and 1000 means call again. */
#define IDEMPOTENCY_FORGET_MAX 1000
int64_t idempotency_forget_older(struct tx *tx, int64_t than_us);
/* At the start, nobody is at work on what was claimed: every claim is left behind until somebody claims it again. */
void idempotency_leave_claims(struct tx *tx);

/* --- inbox --- */

/* The number of the last event of `producer` that this service has handled. */
int64_t inbox_position(struct tx *tx, const char *producer);
/* Note that it has handled them up to `number`. Going back is an assertion. */
void inbox_move(struct tx *tx, const char *producer, int64_t number);

#endif
