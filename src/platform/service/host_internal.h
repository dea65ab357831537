/*
 * What the files of the host share.
 *
 *     local.c      calls in: who may, which queue, what happens to those that can't wait
 *     shed.c       whom to refuse when there is too much to do
 *     readers.c    the queue of queries and who takes from it
 *     query.c      one query, now or as of a time
 *     writer.c     the queue of commands, the batch, the commit, and what follows it
 *     command.c    one command in a batch: its idempotency record and its handler
 *     bulk.c       commands whose request is a file: prepared beside the writer, done on it in parts
 *     settled.c    answers that wait for what other services make of them
 *     consumer.c   other services' events
 *     dead_letters.c  those of them that were refused
 *     feed.c       this service's events for others
 *     instances.c  other processes that run the same service on the same database
 *     timers.c     due timers, and the one clock that wakes the writer
 *     context.c    what handlers and apply functions call
 *     host.c       start, drain, stop
 *
 * Threads. `open`, `last_event`, the counts and the gate are atomic; the queue has its own lock; everything under "the writer's"
 * belongs to whoever runs the writer's step. What belongs to a loop says so.
 */
#ifndef SOUK_PLATFORM_HOST_INTERNAL_H
#define SOUK_PLATFORM_HOST_INTERNAL_H

#include "platform/env/delivery.h"
#include "platform/saga/saga.h"
#include "platform/service/instances.h"
#include "platform/service/service.h"
#include "platform/service/shed.h"

#include <pthread.h>
#include <stdatomic.h>

struct saga_under_way; /* saga/saga_internal.h */

/* --- what a transaction changed --- */

struct touched_resource {
    const char *resource, *key;
    struct touched_resource *before;
};
/* tx->touched points here; NULL where nobody listens (rebuild, temporal). */
struct touched {
    struct arena *arena; /* of the batch */
    struct touched_resource *newest;
    bool timers; /* some were set or cleared */
};

/* --- jobs --- */

/* What a bulk command's handler has said with context_in_parts(). */
struct parts {
    enum result (*take)(struct context *context, void *work, bool *more);
    void *work;
    unsigned number; /* of parts that are in the store */
    bool more;       /* its last part said so */
    int64_t began_us; /* monotonic: the present part */
    uint64_t expected, done, present; /* events: in all, of those parts, of the present one */
};

/* A call on its way through the writer. */
struct command {
    struct writer_job job;
    const struct method_declaration *method;
    const ProtobufCMessage *request;
    ProtobufCMessage *answer;
    struct idempotency_key key;
    bool has_key;
    /* settled.c's */
    ProtobufCMessage *before; /* the answer as it was before it was read again */
    bool is_settling;         /* in the host's list */
    struct command *next_settling;
    /* bulk.c's */
    struct parts parts;
    struct command *next_bulk;
};

/* Those that wait to be prepared. */
struct bulk {
    pthread_mutex_t lock;
    struct command *first, **end;
    struct worker *worker;         /* NULL: this service has none */
    struct connection *connection; /* the worker's */
};

/* A call on its way through the readers. */
struct query {
    struct delivery delivery;
    struct query *next;
    int64_t queued_us; /* monotonic */
    bool hopeless;     /* it has waited in vain, and is to be refused */
    struct host *host;
    const struct method_declaration *method;
    const ProtobufCMessage *request;
    struct call *call;
    ProtobufCMessage *answer; /* NULL: the problem is in the call */
};

/* --- the writer's batch --- */

/* One transaction: commands, timers and reactions, each in a savepoint, or as if it were (batch_run()). */
struct batch {
    struct host *host;
    struct writer_job *jobs;
    struct tx *tx;
    struct arena *arena; /* lives until the batch is over */
    struct touched touched;
    struct event_log_batch log;
    struct turn turn; /* where others write, too: to be taken before anything is decided */
    bool leads;       /* this transaction is the leader's */
    int64_t now_us;
    uint64_t events;
    int64_t timer_due_us; /* the earliest after this batch */
    struct event_log_head ended; /* its last event */
    struct dead_letter_noted *dead_letters; /* to be stored before the commit */
    bool seeks; /* the command that runs needs an event that is not at hand */
    bool savepoints; /* each command in one */
    bool spoilt;     /* it had none, and something is to be taken back: the batch runs again, with them */
};

/* --- an event that a command needs (sought.c) --- */

enum sought_state { SOUGHT_NOTHING, SOUGHT_READING, SOUGHT_FOUND, SOUGHT_GONE, SOUGHT_UNREACHABLE };
/* The writer's. */
struct sought {
    enum sought_state state;
    char producer[32];
    int64_t number;
    int64_t until_us; /* monotonic: when it is given up */
    int64_t again_us; /* when to look again; INT64_MAX: nothing is sought */
    struct arena *arena;
    struct event event; /* in the arena, when it is found */
    struct writer_job *jobs; /* who waits for it */
};
/* In a command: the event of that number, in the batch's arena. NOT_FOUND; UNAVAILABLE, which the caller returns: either the command runs again when it
 * is there, or the producer can't be reached. */
enum result sought_event(struct context *context, const char *producer, int64_t number, const struct event **event);
/* Between transactions: this job runs again after sought_read() has read its event, or given up. */
void sought_wait(struct host *host, struct writer_job *job);
void sought_read(struct host *host);
void sought_free(struct host *host);

/* Read the end of the log from the store, and forget what was known of its streams. */
void host_read_head(struct host *host, struct tx *tx);
/* Run `run` with a context of its own: keep what it did when it returns OK, undo it otherwise. Without savepoints the batch runs
 * again for that, with them. */
void batch_take_turn(struct batch *batch);
enum result batch_run(struct batch *batch, struct call *call, const char *cause,
                      enum result (*run)(struct context *context, void *data), void *data);

/* --- consumers --- */

/* An event of a producer, read and waiting for its transaction. */
struct consumed {
    struct event event;
    struct consumed *next;
};
struct consumer {
    struct host *host;
    const char *producer;
    struct bus_listener *listener;
    atomic_bool more;
    atomic_int_fast64_t seen; /* `position`, for others to read */
    /* the writer's */
    int64_t position; /* everything up to here is handled or of no interest */
    int64_t stored;   /* what the inbox says: never beyond `position`, and behind it only by events of no interest */
    bool told_ahead;
    /* of the present batch */
    bool moves; /* its inbox is to be moved to `read_to` */
    int64_t read_to;
    size_t work, bytes;
    struct consumed *first, **end;
    struct arena *arena;
};

/* --- the host --- */

struct transport {
    ProtobufCService base;
    struct host *host;
};

struct host {
    const struct service *service;
    const struct service_declaration *declaration;
    struct host_options options;
    struct env *env;
    struct store *store;
    struct transport transport;

    /* The gate. `open` counts what keeps the host from being drained: calls, jobs, sagas, the clock. */
    atomic_bool draining, drained;
    atomic_uint_fast64_t open;
    struct loop *drained_loop;
    struct task *drained_task;

    pthread_mutex_t lock; /* of the fields up to the blank line; taken last */
    bool deaf;            /* the bus wakes nobody any more */
    struct saga_under_way *sagas;
    struct feed_connection *feed_connections; /* idle ones */
    struct command *settling; /* done under a key, and not answered yet */

    atomic_uint_fast64_t queries, commands, commits, events, refused, reactions_refused, timers_refused;
    atomic_uint_fast64_t shed[URGENCY_COUNT];
    atomic_uint_fast64_t reading; /* queries waiting or running */
    atomic_uint_fast64_t under_way, expected;
    atomic_uint_fast64_t parts_done, parts_expected; /* of bulk commands */
    struct bulk bulk;
    atomic_int_fast64_t last_event;
    atomic_uint_fast64_t sagas_open;

    /* the writer's queue, under its lock */
    pthread_mutex_t queue_lock;
    struct writer_job *queue_first, **queue_end;
    atomic_uint_fast64_t queued;
    struct queue_age queue_age;

    /* instances.c's */
    struct store_watch *watch;      /* NULL: nobody else writes to this store */
    atomic_int_fast64_t instance;   /* this life's number; 0 where there is no other */
    atomic_int_fast64_t epoch;      /* > 0: it leads */
    atomic_bool holds_lead, some_are_gone;
    atomic_int_fast64_t heard_due_us; /* the earliest timer that others have set; INT64_MAX none */
    int64_t ticked_head;            /* the watch's */
    atomic_uint_fast64_t redone;

    atomic_bool started; /* the writer may look at what follows */

    /* the writer's */
    struct worker *worker;
    struct connection *connection;
    struct event_log_head head;
    struct stream_versions *streams;
    bool head_is_known;
    atomic_bool store_fails; /* since the last commit */
    int64_t rest_until_us;   /* monotonic: after a failure, timers and reactions wait */
    bool parts_had_turn;     /* in the last batch: then it is the turn of other services' events */
    int64_t forget_us;       /* when to drop old idempotency records next */
    int64_t timer_due_us;    /* the earliest timer; INT64_MAX none */
    int64_t feeds_again_us;  /* when to try feeds again that could not be read; INT64_MAX none */
    struct consumer *consumers;
    size_t consumer_count;
    struct sought sought;

    /* options.loop's */
    struct task arm;    /* set the clock to `armed_us` */
    struct timer clock; /* wakes the writer */
    struct task stop_clock;
    bool clock_stopped;
    atomic_bool arm_posted;
    atomic_int_fast64_t armed_us; /* what the clock is set to, wall clock; 0 nothing */
};

static inline void count(atomic_uint_fast64_t *counter)
{
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

/* host.c */
void host_open(struct host *host);   /* one more that will be answered */
void host_close(struct host *host);  /* it has been */

/* local.c */
void transport_init(struct transport *transport, struct host *host);
void count_refusal(struct host *host);
enum result refuse_shed(struct host *host, struct call *call, const struct method_declaration *method);
/* Take a call of a method of this service, or of the platform's own operations (platform/operations), whose handlers run on this service's
 * tables. */
void host_invoke(struct host *host, const struct method_declaration *method, const ProtobufCMessage *request, struct call *call);
method_handler host_handler(const struct host *host, const struct method_declaration *method);
/* Bring a refusal home, after whoever called has returned. The problem is in the call. */
void refusal_post(struct call *call);

/* readers.c */
/* Take a query, or refuse it: then the problem is in the call, and nothing else will happen to it. */
enum result readers_take(struct readers *readers, struct host *host, const struct method_declaration *method,
                         const ProtobufCMessage *request, struct call *call);

/* How long the first of their queue has waited, where that is long. */
int64_t readers_age_us(const struct readers *readers, enum method_urgency urgency);

/* query.c */
enum result query_run(struct query *query, struct tx *tx);

/* writer.c */
void writer_init(struct host *host);
/* A job that has run, and shall once more. On the writer. */
void writer_queue_again(struct host *host, struct writer_job *job);
bool writer_step(void *host);

/* command.c */
/* The key of a request under the caller's Idempotency-Key; false when the call bears none. */
bool idempotency_key_of(const struct call *call, const struct method_declaration *method,
                        const ProtobufCMessage *request, struct idempotency_key *key);
/* What a stored record says to whoever asks again: OK with *answer, or the call is refused. */
enum result idempotency_replay(const struct idempotency_record *record, struct call *call,
                               const ProtobufCMessageDescriptor *answer_type, ProtobufCMessage **answer);
/* Whether asking again would give the same, so that the answer is kept for the key. */
bool result_is_definitive(enum result result);
void command_run(struct batch *batch, struct command *command);
/* Whether its key is known or at work: then job.result says what there is to be said, and the answer is filled in. */
bool command_was_answered(struct host *host, struct tx *tx, struct command *command);
/* Keep what it answers under its key. */
void command_remember(struct batch *batch, const struct command *command);

/* bulk.c */
static inline bool is_bulk_command(const struct method_declaration *method)
{
    return method->bulk && method->kind == METHOD_COMMAND;
}
void bulk_start(struct host *host);
void bulk_stop(struct host *host);
void bulk_take(struct host *host, struct command *command);
void bulk_take_part(struct batch *batch, struct command *command);
bool bulk_is_part(const struct writer_job *job);
bool bulk_is_among(const struct writer_job *jobs);
/* Whether there is another part of it. */
bool bulk_goes_on(const struct writer_job *job);
/* The present one is in the store. */
void bulk_part_done(struct host *host, struct command *command);
/* There is none, for whatever reason. */
void bulk_end(struct host *host, struct command *command);

/* settled.c */
/* Whether the answer waits until the listeners have caught up. */
bool is_settling(const struct writer_job *job);
void answer_when_settled(struct host *host, struct command *command);
/* From its commit until its answer is what it will stay, whoever comes with its key is told that it is still running. */
void settling_begin(struct host *host, struct command *command);
void settling_end(struct host *host, struct command *command);
bool settling_has(struct host *host, const struct idempotency_key *key);

/* consumer.c */
void consumers_init(struct host *host, struct tx *tx);
void consumers_listen(struct host *host);
void consumers_unlisten(struct host *host);
/* Read what is new, outside of any transaction. False when there is nothing to do. */
bool consumers_read(struct host *host, struct arena *arena);
/* Whether there is something to be read, as far as is known. */
bool consumers_have_more(const struct host *host);
void consumers_handle(struct batch *batch);
void consumers_handled(struct host *host);
void consumers_failed(struct host *host);
/* In a command: what the reaction to this event does, as a system's own; what its projection does, too, if nothing was known of it then. Refuses the command as the reaction refuses. */
enum result consumer_react(struct context *context, const char *producer, const struct event *event, bool was_unknown);
struct event event_copy(struct arena *arena, const struct event *event);
/* Another process says how far it has handled them, since it leads. Whether that was news; any thread. */
bool consumers_hear(struct host *host, const char *producer, int64_t number);
/* Say so to others. */
void consumers_tell(struct host *host);
/* From here on it is this process that handles them: where to go on, and to look what there is. */
void consumers_take_up(struct host *host, struct tx *tx);
void consumers_look(struct host *host);
uint64_t consumers_behind(const struct host *host);

/* feed.c */
void feed_start(struct host *host);
void feed_stop(struct host *host);

/* timers.c */
void clock_init(struct host *host);
bool timers_are_due(const struct host *host);
void timers_run(struct batch *batch);
int64_t timers_earliest(struct tx *tx);
/* Have the clock wake the writer when it has something to do next; on the writer. */
void clock_arm(struct host *host);

/* context.c */
struct context context_of(struct batch *batch, struct call *call, const char *cause);
/* A call of the system's own, as which timers and reactions run. */
struct call *system_call(struct host *host, struct arena *arena, const char *actor, const char *request_id);
const struct event_declaration *event_declaration_find(const struct service *service, const char *name);

/* saga/saga.c */
/* Take a call, or refuse it as readers_take() does. */
enum result saga_begin(struct host *host, const struct method_declaration *method, const ProtobufCMessage *request,
                       struct call *call);
void sagas_resume(struct host *host, struct tx *tx); /* build those that are open */
void sagas_start(struct host *host);                 /* and let them run */
void sagas_discard(struct host *host);               /* or not, when the host does not start */
void sagas_drain(struct host *host);
/* Take over what those began that have gone: in the leader's transaction, and once it is committed. */
struct saga_adopted;
struct saga_adopted *sagas_adopt(struct host *host, struct tx *tx, struct arena *arena);
void sagas_adopted(struct host *host, const struct saga_adopted *sagas);

#endif
