/*
 * What the files of the NATS bus share.
 *
 *     nats_address.c  the URL
 *     nats_connect.c  options of a connection: names, TLS, and what to say when it fails
 *     nats.c          the connection, the stream, the worker, start and stop
 *     nats_relay.c    out: events of services here
 *     nats_pull.c     in: events of services elsewhere
 *
 * The worker owns everything that says nothing else. The client library's threads touch what is under a lock, and atomics.
 */
#ifndef SOUK_PLATFORM_BUS_NATS_INTERNAL_H
#define SOUK_PLATFORM_BUS_NATS_INTERNAL_H

#include "platform/bus/nats.h"

#include <nats/nats.h>
#include <pthread.h>
#include <stdatomic.h>

#define NATS_PRODUCERS_MAX 32
#define NATS_NAME_BYTES 256
#define NATS_WHY_BYTES 384
/* How long a request to JetStream may take. */
#define NATS_WAIT_MS 2000

/* Published and not yet acknowledged, at most; a power of two. */
#define RELAY_WINDOW 8192

struct relay {
    struct nats_bus *nats;
    const char *producer;
    char subject[NATS_NAME_BYTES];
    size_t index;
    struct bus_listener *listener;
    bool (*leads)(void *data); /* NULL: always */
    void *data;
    int64_t sent; /* published up to here at least once */

    pthread_mutex_t lock; /* of what follows */
    int64_t acknowledged; /* all up to here; -1: the stream has not been asked yet */
    struct {
        int64_t sent_us; /* monotonic */
        bool acknowledged;
    } window[RELAY_WINDOW]; /* event number n is at n % RELAY_WINDOW */
};

/* Asked for and not yet handled by the services here, at most. */
#define PULL_WINDOW 4096
#define PULL_BATCH 512
#define PULL_ARRIVED_MAX (PULL_WINDOW * 2)
#define PULL_MARKS 64

struct nats_pull {
    struct nats_bus *nats;
    const char *producer;
    char consumer[NATS_NAME_BYTES], subject[NATS_NAME_BYTES], inbox[NATS_NAME_BYTES], request_subject[NATS_NAME_BYTES];
    nats_page *page;
    void *data;
    natsSubscription *subscription;
    bool (*reads)(void *data); /* NULL: always */
    void *reads_data;
    bool exists; /* the durable consumer, as far as we know */
    size_t wanted;  /* messages that our request may still bring */
    int64_t wanted_us; /* monotonic: when it ends */
    /* Where the newest pages ended, and how their last messages are acknowledged: that answers for all before. */
    struct pull_mark {
        int64_t number;
        char reply[NATS_NAME_BYTES];
    } marks[PULL_MARKS];
    size_t mark_count;

    atomic_bool carries;
    atomic_bool doubted;          /* it may be ahead of its stream */
    atomic_int_fast64_t newest; /* given to the follower; the worker writes it */
    pthread_mutex_t lock;         /* of what follows */
    natsMsg *arrived[PULL_ARRIVED_MAX];
    size_t arrived_count;
};

struct nats_bus {
    struct env *env;
    struct bus *bus;
    struct loop *loop;
    struct nats_address address;
    pthread_mutex_t lock; /* of the worker's end */
    bool deaf;            /* nothing wakes it any more */
    struct worker *worker;
    struct timer tick;
    int64_t again_us; /* monotonic: when to try again what failed */
    natsConnection *connection;
    jsCtx *jetstream;
    natsSubscription *answers;
    char inbox[NATS_NAME_BYTES]; /* answers to publishing come to INBOX.<relay>.<number> */
    char why[NATS_WHY_BYTES];    /* it can't be used; "" before an attempt */
    char told[NATS_WHY_BYTES];   /* what the log has of it; "" while it can */
    bool refused;                /* and not just unreachable */
    unsigned failures;           /* in a row */

    atomic_bool connected, closed, stopping;
    atomic_bool forbidden; /* something was, since the last attempt began */
    atomic_bool ready; /* connected, and the stream and all consumers exist; the worker writes it */
    atomic_bool renew; /* the stream or a consumer may have gone */
    atomic_uint_fast64_t relayed, repeated, too_large, pulled, refused_messages, gaps;

    /* fixed when the worker starts */
    struct relay *relays[NATS_PRODUCERS_MAX];
    size_t relay_count;
    struct nats_pull *pulls[NATS_PRODUCERS_MAX];
    size_t pull_count;
};

/* nats.c: from any thread, until the end. */
void nats_wake(struct nats_bus *nats);

/* nats_connect.c: nats_options_new() writes to `why` what is wrong with a setting; nats_explain() adds the rest. The caller destroys the options, also after a failure. */
natsStatus nats_options_new(const struct nats_address *address, natsOptions **options, char why[NATS_WHY_BYTES]);
void nats_explain(const struct nats_address *address, natsStatus status, char why[NATS_WHY_BYTES]);
bool nats_is_refusal(natsStatus status);

/* nats_relay.c. From the start on it hears of commits. Steps return whether there is more to do at once; false from _ready: JetStream did not answer. */
void relay_start(struct relay *relay);
bool relay_ready(struct relay *relay);
bool relay_step(struct relay *relay);
/* The stream may have lost what it had acknowledged: where to go on is asked again. */
void relay_reset(struct relay *relay);
/* Committed, and not yet acknowledged; 0 while that is not known. Any thread. */
int64_t relay_behind(struct relay *relay);
/* JetStream's answer to one publication; on a thread of the library. */
void relays_answered(natsConnection *connection, natsSubscription *subscription, natsMsg *message, void *nats);
void relay_free(struct relay *relay);

/* nats_pull.c */
bool pull_ready(struct nats_pull *pull);
bool pull_step(struct nats_pull *pull);
/* The connection has gone, or what was asked of it. */
void pull_reset(struct nats_pull *pull, bool connection_goes);
/* Taken, and not yet handled by the services here. Any thread. */
int64_t pull_behind(struct nats_pull *pull);
void pull_free(struct nats_pull *pull);

#endif
