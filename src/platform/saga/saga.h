/*
 * Sagas: a sequence of calls to services, each with its undo.
 *
 *     static const struct saga_step steps[] = {
 *         { "reserve stock",     reserve_stock,     release_stock },
 *         { "authorise payment", authorise_payment, void_payment  },
 *         { "place order",       place_order,       NULL },
 *     };
 *     const struct saga checkout_cart = { SAGA_STEPS(steps), .durable = true, .pivot = 2, … };
 *
 * A step's function fills a request from the state, calls a service with a generated stub (call_inventory_reserve(run, &request,
 * then)), and `then` notes what came back in the state and says saga_next(). Steps run on one loop, one after the other, and
 * never block.
 *
 * Every call bears an idempotency key made of the saga's id, the step and the attempt's place in it, so a repeat is the same call, and
 * an undo undoes only its own. What becomes of a call that did not succeed:
 *
 *   - refused (a result that will stay so): the saga fails, and the steps before are undone, last first
 *   - unknown or not now (unavailable, overloaded, timed out): the same call again, later and later; before the pivot until the
 *     deadline (LIMIT_AWAY_MS, where the service's process is away and somebody waits for the answer), then the saga fails and this step
 *     too is undone, unless the service never heard of it; from the pivot on, for every undo, and in a patient saga, without end
 *
 * From the pivot on, and in an undo, there is no failing: a refused call is logged as an error and made again, with a new key, until
 * somebody has seen to it (saga_each(), saga_retry()).
 *
 * When a step fails after one of its calls had, or may have had, an effect, its own undo runs too. So an undo is fine with finding
 * nothing to undo, and finds it by what the step would have made (ids from the saga's id), not only by what came back.
 *
 * A durable saga's progress is events of its service: it is started before the first step and goes on by itself after a crash, from
 * what was noted last, with the state of then. Noted are the pivot, the steps that say so, every undo, and every step that has to
 * wait. The steps since then are done again, and as their calls bear the same keys, that is a matter of asking for the answers of
 * before; only a query may answer otherwise. So what a query says is to be noted before a step acts on it.
 *
 * A saga that is not durable must leave nothing that does not go away by itself (a reservation with a time limit does).
 *
 * A saga that declares a history may be asked for as of another time (run->call->as_of_us): then its calls are, too, and must be
 * queries with a history.
 *
 *     running --step done--> running --last step done--> done
 *        |                                                  (answers)
 *        +--refused, before the pivot--> undoing --first step undone--> undone
 */
#ifndef SOUK_PLATFORM_SAGA_H
#define SOUK_PLATFORM_SAGA_H

#include "base/text.h"
#include "platform/rpc/call.h"
#include "platform/rpc/declaration.h"

struct saga_run;

struct saga_step {
    const char *name;
    void (*act)(struct saga_run *run);
    void (*undo)(struct saga_run *run); /* NULL: nothing to undo */
};

struct saga {
    const struct saga_step *steps;
    size_t step_count;
    /* The message that carries what steps learn; packed into the events of a durable saga. NULL: no state. */
    const ProtobufCMessageDescriptor *state;
    bool durable;
    size_t pivot; /* from this step on there is no way back; 0: there is always */
    /* Steps may be refused, but what one of them may have done can't be undone: a call that is not answered is made again without end,
     * before the pivot, too. */
    bool patient;
    /* Durable sagas: a bit (1 << step) for each step before which what was learnt so far is noted. */
    unsigned noted;
    /* Fill the answer, after the last step. NULL when steps have filled run->answer themselves; a durable saga's must make it from the
     * state alone, as the steps may have run before a crash. */
    void (*answer)(struct saga_run *run);
    /* Durable sagas: where to look how it goes ("/v1/checkouts/01jd…", in run->arena). When the answer takes longer than
     * LIMIT_CHECKOUT_WAIT_MS the caller is told 202 with it. NULL, or NULL from it: callers wait, and after LIMIT_CALL_MS are told that it
     * goes on without them. */
    const char *(*location)(struct saga_run *run);
};
#define SAGA_STEPS(array) .steps = (array), .step_count = sizeof(array) / sizeof((array)[0])

struct saga_run {
    const struct saga *saga;
    const struct method_declaration *method;
    char id[27];                     /* the saga's: fresh, or after a crash the same */
    struct call *call;               /* the caller's; after a restart one of the system's, with nobody waiting */
    struct arena *arena;             /* for everything a step makes; each step has a fresh one, with a copy of state and answer */
    const ProtobufCMessage *request; /* of the operation */
    ProtobufCMessage *state;         /* initialised; pointers in it live in the arena */
    ProtobufCMessage *answer;        /* initialised; to be filled */
    int64_t now_us;                  /* the time the present step began */
    unsigned attempt;                /* how often this step began anew with new calls */
    bool undoing;
};

/* A continuation while it waits for its answer; only the stub that took it knows its type. */
typedef void (*saga_then)(void);
/* Call a service; use the generated stubs. One call at a time; the request is copied. With the answer there comes deliver(run, then, answer), which calls `then` with its type. */
void saga_call(struct saga_run *run, const struct method_declaration *method, const ProtobufCMessage *request,
               saga_then then,
               void (*deliver)(struct saga_run *run, saga_then then, const ProtobufCMessage *answer));
/* Before a stub: a refusal of the next call goes to `otherwise` instead of failing the saga. */
void saga_otherwise(struct saga_run *run, void (*otherwise)(struct saga_run *run, const struct problem *problem));
/* Before a stub: when the service's process is away, the step does without it at once, instead of asking until it is back. */
void saga_if_away(struct saga_run *run, void (*if_away)(struct saga_run *run));

/* How a step ends; exactly one of these: before its function returns, in a `then`, or later on the same loop, when it waits for something of
 * its own (a provider's answer). That must come: a drain waits for it. */
void saga_next(struct saga_run *run); /* done (or undone) */
/* The saga fails: undo what is done. The detail is a format. Not from the pivot on. */
void saga_refuse(struct saga_run *run, enum result result, const char *detail, ...)
    __attribute__((format(printf, 3, 4)));
/* As above, with the problem of a call. */
void saga_refuse_as(struct saga_run *run, const struct problem *problem);
/* Not yet: run this step again after a time (a buyer at their bank's page, a provider to be asked again). Its calls bear the same keys as
 * before, so commands give their first answers again; after saga_again_anew() they bear new ones. Waiting is not noted, so that
 * a log does not grow by it; answers that were given before a crash come again, and are not waited for. */
void saga_again(struct saga_run *run, int64_t after_us);
void saga_again_anew(struct saga_run *run, int64_t after_us);
/* What waits for something that takes longer than its caller would: calls that are not answered are made again for so long from now at
 * least. Not noted: to be said again by the step that waits. */
void saga_grant(struct saga_run *run, int64_t time_us);
/* The caller need not wait longer: when this step ends or waits, and what it has learnt is noted, it is told 202 with `location`, and where
 * it must go meanwhile (`action`, a bank's page; NULL: nowhere). The saga goes on. Durable sagas only; more than once is fine. */
void saga_accept(struct saga_run *run, const char *location, const char *action);

/* --- for operators: durable sagas in the tables of the service that declares them --- */

enum saga_status { SAGA_RUNNING, SAGA_UNDOING, SAGA_DONE, SAGA_UNDONE };
struct saga_record {
    const char *id;
    const char *method; /* full name */
    enum saga_status status;
    unsigned step;       /* the one that comes next, or came last */
    const char *step_name;
    struct text state;   /* packed */
    struct text problem; /* packed souk.common.v1.Problem: why it is or was undone; empty: it is not */
    int64_t started_us, changed_us;
};
struct service_declaration;
struct tx;
/* One saga, in tx->arena; false when there is none. */
bool saga_find(struct tx *tx, const struct service_declaration *service, const char *id, struct saga_record *record);
/* Sagas, newest first, those before the id `before` ("" all), at most `limit`; only those not ended when `open`. */
void saga_each(struct tx *tx, const struct service_declaration *service, bool open, const char *before, int64_t limit,
               bool (*each)(void *data, const struct saga_record *record), void *data);

struct host;
/* Why a saga that is under way in this host does not go on. */
struct saga_waiting {
    bool waits;
    enum result result; /* of the call that did not succeed */
    char detail[200];
    unsigned attempts;  /* of this step's calls that did not succeed */
    int64_t next_us;    /* wall clock: the next one */
};
/* False when it waits for no call to be tried again, or is not under way in this host. Any thread. */
bool saga_is_waiting(struct host *host, const char *id, struct saga_waiting *waiting);
/* The saga of a method, for its steps; NULL when this service declares none of that name. */
const struct saga *saga_of_method(const struct service_declaration *service, const char *full_name);
/* Have a saga that waits to make a call again make it now. False when none of that id is under way in this host. Any thread. */
bool saga_retry(struct host *host, const char *id);

#endif
