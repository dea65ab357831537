/*
 * Services: what a capability is made of, and the host that runs it.
 *
 * A capability (src/services/catalog, say) declares its operations and events in its .proto, writes one handler per
 * operation, one apply function per event, its tables as migrations, and one `struct service` that binds them. The host
 * gives it a store, one writer, readers, timers, and a place in the directory. The rules, kept by the host:
 *
 *   - A query reads one consistent state. A command decides and emits; it never writes a table.
 *   - Only apply functions write tables. They can't fail and see no clock: the same events give the same tables.
 *   - The writer runs each command as if in a savepoint, many commands in one transaction, commits once, and only then answers.
 *   - One transaction holds the events, what apply wrote, the idempotency record and the inbox mark.
 *   - No call ever leaves a transaction.
 */
#ifndef SOUK_PLATFORM_SERVICE_H
#define SOUK_PLATFORM_SERVICE_H

#include "platform/bus/bus.h"
#include "platform/env/delivery.h"
#include "platform/rpc/call.h"
#include "platform/rpc/declaration.h"
#include "platform/store/event_log.h"

/* --- inside a handler --- */

/* What a handler may touch. */
struct context {
    struct call *call; /* who asks; where refusals go; its arena holds everything the handler makes */
    struct tx *tx;     /* what may be read */
    struct arena *arena; /* call->arena */
    int64_t now_us;    /* the time of this command or query; its events bear it. Under ?asOf= the time asked for */
    /* the host's own */
    struct host *host;
    struct batch *batch; /* NULL in a query */
    const char *cause;
    struct parts *parts; /* of a bulk command; NULL in any other */
};

/* Emit an event to the stream "{event->stream}/{key}": it is stored and applied before this returns, so that what follows in the
 * same command reads its effect. Commands, timers and reactions only. Use the typed emitters that the generator writes. */
void context_emit(struct context *context, const struct event_declaration *event, const char *key,
                  const ProtobufCMessage *data);
/* This command is going to emit about so many events: for whoever watches it (host_counts). */
void context_expect(struct context *context, uint64_t events);

/* The handler of a bulk command (its request is a file) runs beside the writer, as a query, and emits nothing itself. What it has worked out
 * (`work`, in the call's arena) it has done on the writer: `take` runs there, each time as a command of its own with a commit of its own, until it sets *more
 * to false; between two times others have their turn. A part whose commit failed runs again: it begins from what the parts before have left in `work`, which
 * it knows by their number (context_part). A handler that does not say so is answered at once. What `take` finds may have changed since, and after
 * a crash the rest never comes: the service sees to both (bulk.c). */
void context_in_parts(struct context *context, enum result (*take)(struct context *context, void *work, bool *more), void *work);
/* How many parts are in the store. */
unsigned context_part(const struct context *context);
/* Whether the present part has held the writer for as long as others should wait (LIMIT_PART_MS): time to leave the rest to the next. */
bool context_part_is_over(const struct context *context);
/* A fresh id in the context's arena. */
const char *context_new_id(struct context *context);
/* Whether the caller's If-Match, if any, fits. Refuses with VERSION_MISMATCH otherwise. */
enum result context_check_version(struct context *context, int64_t version);

/* --- inside apply and project --- */

/* The answers that show this resource ("product", "01jd…") are old from this commit on: caches drop them. Events touch the
 * resource of their own stream by themselves; projections touch what they change. */
void tx_touch(struct tx *tx, const char *resource, const char *key);
/* A timer: at `due_us` (wall clock), once, the service's timer handler of that kind runs as a command with `key`. Setting it again moves
 * it. A handler looks at the state before it acts: after a rebuild a timer may come once more whose handler emitted nothing. One that
 * refuses is logged and comes again a minute later. */
void tx_timer_set(struct tx *tx, const char *kind, const char *key, int64_t due_us);
void tx_timer_clear(struct tx *tx, const char *kind, const char *key);

/* --- a capability --- */

struct timer_handler {
    const char *kind;
    enum result (*due)(struct context *context, const char *key);
};

/* What a service does with another's event. Exactly one of both:
 *   react    decides and emits events of its own, once per event, as a command. An event whose reaction refuses is logged, counted,
 *            kept as a dead letter and passed over: it would be refused again, and what comes behind it must not wait. So a reaction refuses only what it
 *            can do without; what must not be lost is a saga's step.
 *   project  writes tables computed from the event alone, like apply; needs no event of its own */
struct subscription {
    const char *producer; /* "catalog" */
    const struct message_declaration *event;
    enum result (*react)(struct context *context, const struct event *event, const ProtobufCMessage *data);
    void (*project)(struct tx *tx, const struct event *event, const ProtobufCMessage *data);
    bool whole; /* of a projection: the newest such event of a stream says all that is kept of it. So a past is projected from one
                   event a stream; what a method's `copies` name must be whole */
};

struct service {
    const struct service_declaration *declaration;
    const struct migration *migrations; /* generated from src/services/NAME/migrations/NNNN_name.sql */
    size_t migration_count;
    const struct timer_handler *timers;
    size_t timer_count;
    const struct subscription *subscriptions;
    size_t subscription_count;
    /* The other services that its sagas call, by name; NULL-terminated, NULL: none. A call of any other is an assertion. */
    const char *const *calls;
    /* Rewrite an event stored with an older schema version to the present message, in `arena`; NULL while there is only one. */
    ProtobufCMessage *(*upcast)(struct arena *arena, const struct event *event);
    /* What must always hold in the tables; a sentence in `error` and false when it does not. `souk verify` and the simulator ask. NULL: none. */
    bool (*check)(struct tx *tx, char error[512]);
};

/* --- the host --- */

/* The threads that run queries, of all services of the process: each keeps a connection to every store it was asked for. */
struct readers;
struct readers *readers_start(struct env *env, unsigned count);
/* Answer what is queued, end the threads and close their connections. From then on queries get SHUTTING_DOWN. */
void readers_stop(struct readers *readers);
/* After the last host has stopped. */
void readers_free(struct readers *readers);

struct host;

struct host_options {
    struct env *env;
    const char *store_url; /* "sqlite:./data" */
    struct directory *directory; /* the host adds its service; sagas call through it */
    struct bus *bus;
    struct loop *loop; /* where durable sagas go on after a restart, and the clock of timers ticks */
    struct readers *readers;
    int64_t writer_wait_ms; /* how long to wait for another process that writes to the store to stop; 0: not at all */
    /* Whether this program knows the producer's events of that name; a newer producer may emit others. They are kept as dead letters, to be tried
     * again by a version that does. NULL: it knows all. */
    bool (*event_is_known)(const char *producer, const char *name);
    /* Told after each commit, before anybody is answered, which resources have changed ("product", "01jd…"), and when there are new events
     * ("events", the service's name); on the writer's thread. NULL: nobody asks. */
    void (*touched)(void *data, const char *resource, const char *key);
    /* Anything may have, as not all is known that other processes on the same database did. Any thread. */
    void (*everything_touched)(void *data);
    void *touched_data; /* of both */
};

/* Open the store, migrate, start the writer, subscribe, and take up timers and open sagas. Catching up with other services' events
 * goes on behind its back: host_counts().behind. NULL with a sentence in `error`. */
struct host *host_start(const struct service *service, const struct host_options *options, char error[512]);

/* The end comes in three steps, because what is under way needs the loops, and ending threads would block them:
 *   host_drain     of every host: no new calls (they get SHUTTING_DOWN); what is queued is answered; sagas stop between two steps, and the
 *                  durable ones go on at the next start. `drained` runs on `loop` when all that has happened. Any thread, once.
 *   readers_stop   when the loops have stopped, or on a thread that is none of them
 *   host_stop      of every host: ends the writer and closes the store */
void host_drain(struct host *host, struct loop *loop, struct task *drained);
void host_stop(struct host *host);
const struct service *host_service(const struct host *host);

/* Run a closure on the writer, as a command of the platform's own: savepoint, commit, then `done` on call->home. For sagas, imports, tests. Never
 * refused; `result` is what `run` gave, or STORAGE_UNAVAILABLE. `run` may see its call only; the job and the call belong to the writer until
 * `done`. Any thread. */
struct writer_job {
    enum result (*run)(struct writer_job *job, struct context *context);
    void (*done)(struct writer_job *job, enum result result);
    struct call *call;
    const struct idempotency_key *key; /* whose answer it will ask for, if any: several are looked for at once */
    /* the host's own from here */
    struct host *host;
    struct delivery delivery;
    struct writer_job *next;
    int64_t queued_us, ran_us; /* monotonic */
    const char *cause; /* of its events */
    struct span *span; /* of a command, from its queue to its commit; NULL: nobody notes it */
    enum result result;
    int64_t last_event; /* the last one it emitted; 0 none */
    bool is_command;
    bool seeks; /* it has not run: what it needs is being fetched */
};
void host_write(struct host *host, struct writer_job *job);

/* Whether this process does what one of several must do: timers, others' events, the relay. Any thread. Where it writes for that, it does so in a
 * transaction that is the leader's (instances.c). */
bool host_leads(const struct host *host);
/* The number of the newest committed event. Any thread. */
int64_t host_last_event(const struct host *host);

struct host_counts {
    uint64_t queries, commands, commits, events;
    uint64_t refused;           /* calls not answered with OK */
    uint64_t shed[URGENCY_COUNT]; /* of those: as there was too much to do */
    uint64_t reactions_refused; /* events passed over */
    uint64_t timers_refused;
    uint64_t writer_queue, reader_queue;
    uint64_t sagas_open; /* under way here */
    uint64_t behind;     /* events of other services not yet handled */
    uint64_t under_way;  /* events of the commands that run now: not yet committed, or of a bulk command's earlier parts */
    bool store_fails;    /* the last commit was not taken, so it can't serve: a full disk, say. Until one is */
    uint64_t instances;  /* processes that run this service on this store, this one included */
    bool leads;          /* it does what one of them does: timers, others' events */
    uint64_t redone;     /* batches that were run once more, since the store failed in a way that passes */
    uint64_t expected;   /* how many these will be, where a command has said so; 0 otherwise */
};
struct host_counts host_counts(const struct host *host);

/* --- from the store alone, whether or not a host runs beside (rebuild.c, temporal.c) --- */

/* Compute all tables again from the events, and from those of the producers it projects, which must be among `services`. With `replace`, in
 * place of the live ones, in one transaction: no host may run. Without, in a scratch store, and compare: false with a sentence in
 * `error` that names the first table that differs. False as well when it fails. */
bool service_rebuild(const struct service *const *services, size_t service_count, const struct service *service,
                     struct env *env, const char *store_url, bool replace, char error[512]);
/* Hash chain, dense numbers, service->check. */
bool service_verify(const struct service *service, struct env *env, const char *store_url, char error[512]);

/* Whether it emits events of this name, or the platform does for it. */
bool service_knows_event(const struct service *service, const char *name);
/* Apply one stored event through the service's declarations (unpack, upcast, apply). */
void service_apply(const struct service *service, struct tx *tx, struct arena *arena, const struct event *event);

#endif
