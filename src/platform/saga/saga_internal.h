/*
 * What the two halves of the saga runtime share: saga.c runs sagas on their loops, saga_record.c has the writer note how they go.
 */
#ifndef SOUK_PLATFORM_SAGA_INTERNAL_H
#define SOUK_PLATFORM_SAGA_INTERNAL_H

#include "platform/saga/saga.h"
#include "platform/service/service.h"
#include "platform/trace/span.h"

/* What a step said when it returned. */
enum saga_said { SAID_NOTHING, SAID_CALL, SAID_NEXT, SAID_REFUSE, SAID_AGAIN };

/* A saga under way. Belongs to its home loop, except for what host->lock guards. */
struct saga_under_way {
    struct saga_run run; /* what its steps see; the first member */
    struct host *host;
    struct arena *life;  /* until the end; run.arena is renewed with every step */
    struct call *caller; /* waits for the answer; NULL: nobody does, or no longer */
    struct idempotency_key key;
    bool has_key;
    int64_t instance;    /* this process, as the store knows it: whose it is (service/instances.h) */
    int64_t deadline_us; /* monotonic */

    size_t step;          /* being done or undone */
    bool may_have_acted;  /* a call of this step had, or may have had, an effect */
    uint64_t noted_state; /* a hash of the state as it was recorded last */
    bool is_behind;       /* the record says an earlier step */
    struct problem problem; /* in `life`: why it is undone; OK while it is not */

    enum saga_said said;
    bool in_step;        /* a function of the step runs now */
    struct task conclude; /* when it says so later */
    int64_t again_after_us;

    const char *step_trace; /* what the step's calls bear; in run.arena */
    struct span step_span;  /* not begun where nobody notes it */

    /* the call that the step has made last */
    const struct method_declaration *called;
    struct text request; /* packed, in run.arena */
    saga_then then;
    void (*deliver)(struct saga_run *run, saga_then then, const ProtobufCMessage *answer);
    void (*otherwise)(struct saga_run *run, const struct problem *problem);
    void (*if_away)(struct saga_run *run);
    unsigned calls;      /* of this step so far, this one included */
    bool heard_news;     /* one of them was answered for the first time, not as it was before a crash */
    int64_t began_us;    /* monotonic: when it was made first */
    unsigned tries;      /* of this call that were not answered, in a row: the next one comes later */
    unsigned refusals;   /* of this call, where it can't fail: a new key each */

    struct timer timer; /* runs while it waits */
    void (*after)(struct saga_under_way *saga); /* NULL: it does not wait */
    struct timer patience; /* of the caller */
    const char *accept_location, *accept_action; /* what the caller is to be told once the step waits; NULL: nothing */

    /* host->lock */
    struct saga_waiting waiting; /* written by the home loop only, which may read it without */
    struct saga_under_way *next, *before;
    bool drain_posted, ended;
    struct task drain;

    struct task begin; /* at a restart */
};

/* --- saga_record.c --- */

/* The event of that name that the platform applies, or NULL. */
const struct event_declaration *saga_event_find(const char *name);

/* What the start of a saga led to. */
enum saga_start { SAGA_GOES_ON, SAGA_REPLAYED, SAGA_NOT_STARTED };
/* Each of these writes and then calls back on the saga's loop, except saga_record_progress(), which is not waited for. */
void saga_record_start(struct saga_under_way *saga,
                       void (*then)(struct saga_under_way *saga, enum saga_start start));
void saga_record_progress(struct saga_under_way *saga);
void saga_record_step(struct saga_under_way *saga, void (*then)(struct saga_under_way *saga, bool written));
void saga_record_turn(struct saga_under_way *saga, void (*then)(struct saga_under_way *saga, bool written));
/* The same of a saga that is not durable, and has a key: who takes that over from now on begins anew. */
void saga_record_turn_of_key(struct saga_under_way *saga, void (*then)(struct saga_under_way *saga, bool written));
void saga_record_end(struct saga_under_way *saga, void (*then)(struct saga_under_way *saga, bool written));

/* Build what is open in the tables, through saga_restore(). */
struct saga_restored {
    const char *id, *method;
    enum saga_status status;
    size_t step;
    unsigned attempt;
    struct text request, state, problem;
    struct idempotency_key key;
    bool has_key;
    struct actor actor;
    const char *request_id, *trace_parent;
    int64_t deadline_us; /* wall clock */
};
void saga_each_open(struct tx *tx, void (*each)(void *data, const struct saga_restored *restored), void *data);
/* Those that `instance` has inherited. */
void saga_each_inherited(struct tx *tx, int64_t instance, void (*each)(void *data, const struct saga_restored *restored), void *data);

#endif
