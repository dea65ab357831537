/*
 * Events by NATS JetStream: the way for shops of many processes.
 *
 *     store ─ bus ─ relay ──> stream SHOP, subject SHOP.<service> ──> pull ─ follow (pages) ─ bus ─ consumers
 *
 * The relay publishes every committed event of the services here; a pull takes those of one producer elsewhere to its follower
 * (feed/follow.h). The stream is a convenience, never the record: JetStream acknowledges before its disk has anything, and may lose all of it.
 * What it loses shows as a gap in the dense numbers and is read from the producer's feed. README.md has the reasons.
 *
 * Everything that may block happens on one worker. What the client library's threads are told is put into lists and wakes it.
 */
#ifndef SOUK_PLATFORM_BUS_NATS_H
#define SOUK_PLATFORM_BUS_NATS_H

#include "base/arena.h"
#include "platform/bus/bus.h"

struct nats_bus;
struct nats_pull;

/* Where the servers are, who we are there, and which of the shops this one is. */
#define NATS_SERVERS_MAX 9
#define NATS_SERVER_BYTES 256
#define NATS_SHOP_BYTES 33
#define NATS_SECRET_BYTES 512
struct nats_address {
    char servers[NATS_SERVERS_MAX][NATS_SERVER_BYTES]; /* "nats://host:4222" */
    size_t server_count;
    char shop[NATS_SHOP_BYTES]; /* "souk" unless the URL names one */
    bool secure;                /* tls://: never in the clear */
    char user[NATS_SECRET_BYTES], password[NATS_SECRET_BYTES], token[NATS_SECRET_BYTES]; /* "" where there are none */
    /* Files, read at each attempt to connect; NULL or "": none. The strings outlive the bus. */
    const char *credentials;       /* a .creds file, or the seed of an nkey */
    const char *authorities;       /* PEM: who may certify servers, besides those that this machine trusts */
    const char *certificate, *key; /* PEM: ours, for servers that ask for one */
};
/* Read "nats://[user:password@]host:port,host:port[/shop]"; the files are not in there. False with a sentence in `error`, without secrets. */
bool nats_address_read(struct nats_address *address, const char *url, char error[512]);

/* `loop` has its clock. First what it is to carry is said, then it starts. */
struct nats_bus *nats_bus_new(struct env *env, struct bus *bus, struct loop *loop, const struct nats_address *address);
/* Publish a producer of this process; it is there already. The name outlives the bus. */
void nats_bus_relay(struct nats_bus *nats, const char *producer);
/* The same, but only while `leads` says so: of several processes that run the service, one does. */
void nats_bus_relay_while(struct nats_bus *nats, const char *producer, bool (*leads)(void *data), void *data);

/* A page of a producer's events, without gaps inside, in an arena that is the receiver's from now on. On the worker. */
struct Platform__ReadEventsAnswer;
typedef void nats_page(void *data, struct arena *arena, const struct Platform__ReadEventsAnswer *page);
/* Take a producer's events for the consumer of that (durable) name. Lives as long as the bus. */
struct nats_pull *nats_bus_pull(struct nats_bus *nats, const char *producer, const char *consumer, nats_page *page, void *data);
/* Only while `reads` says so: several processes that run the same services have one consumer, and one of them reads it. */
void nats_pull_while(struct nats_pull *pull, bool (*reads)(void *data), void *data);
/* Before the loop runs, or on it. Never fails: who can't be reached is tried again, every second. */
void nats_bus_start(struct nats_bus *nats);

/* Whether the producer's events come this way now. Any thread. */
bool nats_pull_carries(const struct nats_pull *pull);
/* The services here have handled some (bus_handled_here): these can be acknowledged, and there is room for more. Any thread. */
void nats_pull_handled(struct nats_pull *pull);
/* The producer has had more for a while, and none of it came: the consumer is held against its stream. Any thread. */
void nats_pull_doubt(struct nats_pull *pull);

struct nats_counts {
    bool ready;        /* events travel by it */
    uint64_t relayed;  /* acknowledged by JetStream */
    uint64_t repeated; /* published once more, as no answer came */
    uint64_t too_large; /* for the server to carry */
    uint64_t unrelayed; /* now: committed here, and not yet acknowledged; 0 while the stream has not been asked */
    uint64_t pulled;
    uint64_t refused;   /* messages that are no events of their producer's */
    uint64_t gaps;      /* in the numbers of what came */
    uint64_t unhandled; /* now: pulled, and not yet handled here */
};
struct nats_counts nats_bus_counts(struct nats_bus *nats);

/* On the loop: stop the clock. */
void nats_bus_drain(struct nats_bus *nats);
/* When the loop has stopped and the producers have gone, before the bus goes. */
void nats_bus_stop(struct nats_bus *nats);

#endif
