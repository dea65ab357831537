/*
 * Following: another process's events and changes, here.
 *
 * For each producer that runs there the local bus gets a feed of copies, and hears of every commit; so consumers do as they do with a
 * producer next door. Copies are kept a page at a time in memory, a few pages each: who is far behind has them fetched. The inbox
 * makes it durable; nothing here has to be.
 *
 *     there: commit --> feed service --long poll--> page --bus_publish--> consumers here --settled here--> "handled", there
 *
 * Where there is NATS the pages come from its stream, and the long poll only tells that we are here, and how far the producer is: what the
 * stream has lost shows by that. Without it, or while it can't be reached, the long poll brings them.
 *
 * What changed there is told to this process's caches, and an answer of a call to there waits (for a moment) until they know of
 * everything that had changed when it was given: whoever reads after his answer reads what he wrote.
 */
#ifndef SOUK_PLATFORM_FOLLOW_H
#define SOUK_PLATFORM_FOLLOW_H

#include "platform/bus/bus.h"
#include "platform/bus/nats.h"
#include "platform/rpc/grpc_client.h"

struct follow;

struct follow_options {
    struct env *env;
    struct bus *bus;
    struct loop *loop; /* where it asks */
    struct grpc_client *client;
    const char *address;
    const char *const *producers; /* the services there that somebody here listens to; array and strings outlive it */
    size_t producer_count;
    const char *const *own; /* the services here, likewise */
    size_t own_count;
    struct nats_bus *nats; /* brings the events while it can; NULL: there is none */
    bool (*reads)(void *data); /* whether this process is the one that reads from it, of several with the same services; NULL: always */
    void *reads_data;
    /* A resource has changed there; on the loop. */
    void (*touched)(void *data, const char *resource, const char *key);
    /* Anything may have; on the loop. */
    void (*everything_touched)(void *data);
    void *data;
};

/* Before the loop runs, or on it. Fails never: who can't be reached is asked again. */
struct follow *follow_start(const struct follow_options *options);
/* Whether every producer there has answered once: from then on answers there wait for the services here. Any thread. */
bool follow_is_heard(const struct follow *follow);
/* Ask no more, on the loop; `stopped` runs there when no answer is awaited any more. */
void follow_stop(struct follow *follow, void (*stopped)(void *data), void *data);
/* After that, when no consumer reads any more, before the bus goes. */
void follow_free(struct follow *follow);

#endif
