/*
 * The bus: committed events on their way from the service that made them to those that listen.
 *
 * The event table is the outbox, and event numbers are dense: a listener knows what it has handled (its inbox), sees a gap, and
 * asks the producer's feed for what is missing. So the bus may lose, repeat and reorder, as long as who is behind hears of it in the end, and only
 * ever says "there is more, up to number N". bus_embedded.c does that inside one process.
 */
#ifndef SOUK_PLATFORM_BUS_H
#define SOUK_PLATFORM_BUS_H

#include "platform/env/env.h"
#include "platform/store/event_log.h"

struct bus;
struct bus_listener;

/* What somebody wants to know of a producer's past: of each of these streams ("stock/shirt") the newest event that has one of these names and
 * is not later than until_us. */
struct past {
    const char *const *streams;
    size_t stream_count;
    const char *const *names;
    size_t name_count;
    int64_t until_us;
};

/* A producer's feed: events after `after`, oldest first, at most `limit`; events live during the callback. Runs on the calling thread
 * (a worker). The number of the last event read. */
struct feed {
    int64_t (*read)(void *data, int64_t after, int64_t limit, bool (*each)(void *data, const struct event *event),
                    void *each_data);
    /* Stream by stream; streams without such an event are passed over. False when they can't be read. */
    bool (*read_past)(void *data, const struct past *past, bool (*each)(void *data, const struct event *event), void *each_data);
    void *data;
    bool elsewhere; /* the producer runs in another process: what is read are copies (feed/follow.h) */
};

struct bus *bus_embedded_new(struct env *env);
void bus_free(struct bus *bus);

/* For the simulator: how word of commits travels in an embedded bus. Without one every word arrives at once. */
struct bus_weather {
    /* How often a listener hears of this commit now: 0 the word is lost, 2 it comes twice. */
    unsigned (*carry)(void *data);
    /* Whether a producer's feed can be read now. */
    bool (*reach)(void *data);
    void *data;
};
void bus_embedded_weather(struct bus *bus, const struct bus_weather *weather);
/* Tell every listener that is behind once more, as a broker does whose word was not acknowledged. */
void bus_embedded_tell_again(struct bus *bus);

/* A producer says where its events can be read, and after each commit how far they go. Any thread. */
void bus_add_producer(struct bus *bus, const char *producer, const struct feed *feed);
void bus_publish(struct bus *bus, const char *producer, int64_t last_number);
/* Before a producer's store closes: no read runs any more when this returns. */
void bus_remove_producer(struct bus *bus, const char *producer);

/* Hear about a producer's commits: `more` is called from any thread, soon, maybe more often than needed, and must not block. The producer may
 * come later. */
struct bus_listener *bus_listen(struct bus *bus, const char *listener, const char *producer, void (*more)(void *data),
                                void *data);
/* Another process listens: it says how far its services have handled the events (bus_handled), and how far its own producers are then
 * (bus_publish). */
struct bus_listener *bus_listen_process(struct bus *bus, const char *producer, void (*more)(void *data), void *data);
/* Hear the same without being one that anybody waits for. */
struct bus_listener *bus_overhear(struct bus *bus, const char *producer, void (*more)(void *data), void *data);
void bus_unlisten(struct bus_listener *listener);
/* A feed that could not be read can be now: those that listen look again. Any thread. */
void bus_look_again(struct bus *bus, const char *producer);
/* Read what comes after `after`. -1 when the producer can't be reached now. */
int64_t bus_read(struct bus *bus, const char *producer, int64_t after, int64_t limit,
                 bool (*each)(void *data, const struct event *event), void *each_data);
/* Read its past. False when the producer can't be reached now. */
bool bus_read_past(struct bus *bus, const char *producer, const struct past *past,
                   bool (*each)(void *data, const struct event *event), void *each_data);
/* A listener has handled the producer's events up to `number` (its inbox, committed). Any thread. */
void bus_handled(struct bus_listener *listener, int64_t number);
/* How far every listener of this process has handled them; INT64_MAX without any. */
int64_t bus_handled_here(struct bus *bus, const char *producer);
/* The newest published number of a producer; 0 for none. */
int64_t bus_last(struct bus *bus, const char *producer);

/* Run `task` on `loop` when every listener of `producer`, and in turn every listener of what those emitted meanwhile, has handled
 * everything published up to now, or after `timeout_us`. */
void bus_when_settled(struct bus *bus, const char *producer, int64_t number, struct loop *loop, struct task *task,
                      int64_t timeout_us);
/* The same with listeners of this process alone: what it answers for when another one waits. */
void bus_when_settled_here(struct bus *bus, const char *producer, int64_t number, struct loop *loop, struct task *task,
                           int64_t timeout_us);

#endif
