/*
 * The bus inside one process: who produces, who listens, and how far each is. Events never pass through it; a listener reads
 * them from the producer's feed.
 *
 * One mutex guards it all and is held for a few list steps only. `more` is called under it, so that bus_unlisten() returns to
 * nobody's surprise; feeds are read outside of it, counted, so that bus_remove_producer() can wait for the readers.
 *
 * Settling. A wait starts with one target: "catalog's listeners have handled up to 17". When they have, each of them
 * that produces events gets a target of its own, its newest number, because what it emitted while handling is not beyond that. A service's
 * target is raised at most RAISES_MAX times, so that circles of services end.
 */
#include "base/assert.h"
#include "platform/bus/bus.h"

#include <pthread.h>
#include <stdlib.h>

#define NAME_MAX_BYTES 32
#define PRODUCERS_MAX 32
#define RAISES_MAX 3

struct producer {
    char name[NAME_MAX_BYTES];
    struct feed feed;
    bool present; /* its feed can be read */
    int64_t last;
    unsigned reads; /* running now */
};

struct bus_listener {
    struct bus *bus;
    struct bus_listener *next;
    char name[NAME_MAX_BYTES];
    size_t producer; /* index */
    int64_t handled;
    bool process;  /* another one: it stands for all services there */
    bool overhears; /* nobody waits for it */
    void (*more)(void *data);
    void *data;
};

/* Somebody waits until a commit is seen everywhere. Lives until its task or its timer ran on the loop. */
struct wait {
    struct bus *bus;
    struct wait *next;
    struct loop *loop;
    struct task *task; /* of who waits */
    struct task begin, end;
    struct timer timer;
    int64_t until_us;
    bool here;         /* other processes don't count */
    bool over;         /* taken off the list: `end` is on its way */
    bool begun, ended; /* which of the two tasks has run; their order is not certain */
    struct {
        int64_t number; /* 0: none */
        bool reached;
        unsigned raises;
    } targets[PRODUCERS_MAX];
};

struct bus {
    struct env *env;
    struct bus_weather weather;
    pthread_mutex_t lock;
    pthread_cond_t read_ended;
    struct producer producers[PRODUCERS_MAX];
    size_t producer_count;
    struct bus_listener *listeners;
    struct wait *waits;
};

/* --- producers -------------------------------------------------------------------------------------------------- */

/* The producer of that name, made when it is new: a listener may come before it. */
static size_t producer_index(struct bus *bus, const char *name)
{
    for (size_t i = 0; i < bus->producer_count; i++)
        if (strcmp(bus->producers[i].name, name) == 0)
            return i;
    ASSERT(bus->producer_count < PRODUCERS_MAX && strlen(name) < NAME_MAX_BYTES);
    strcpy(bus->producers[bus->producer_count].name, name);
    return bus->producer_count++;
}

static void tell_listeners(struct bus *bus, size_t producer)
{
    for (struct bus_listener *listener = bus->listeners; listener != NULL; listener = listener->next) {
        if (listener->producer != producer)
            continue;
        unsigned times = bus->weather.carry != NULL ? bus->weather.carry(bus->weather.data) : 1;
        while (times-- > 0)
            listener->more(listener->data);
    }
}

void bus_embedded_weather(struct bus *bus, const struct bus_weather *weather)
{
    bus->weather = *weather;
}

void bus_embedded_tell_again(struct bus *bus)
{
    pthread_mutex_lock(&bus->lock);
    for (struct bus_listener *listener = bus->listeners; listener != NULL; listener = listener->next)
        if (!listener->overhears && listener->handled < bus->producers[listener->producer].last)
            listener->more(listener->data);
    pthread_mutex_unlock(&bus->lock);
}

struct bus *bus_embedded_new(struct env *env)
{
    struct bus *bus = calloc(1, sizeof *bus);
    ASSERT(bus != NULL);
    bus->env = env;
    pthread_mutex_init(&bus->lock, NULL);
    pthread_cond_init(&bus->read_ended, NULL);
    return bus;
}

void bus_free(struct bus *bus)
{
    if (bus == NULL)
        return;
    ASSERT(bus->listeners == NULL && bus->waits == NULL);
    pthread_cond_destroy(&bus->read_ended);
    pthread_mutex_destroy(&bus->lock);
    free(bus);
}

void bus_add_producer(struct bus *bus, const char *name, const struct feed *feed)
{
    pthread_mutex_lock(&bus->lock);
    size_t index = producer_index(bus, name);
    struct producer *producer = &bus->producers[index];
    ASSERT(!producer->present);
    producer->feed = *feed;
    producer->present = true;
    tell_listeners(bus, index);
    pthread_mutex_unlock(&bus->lock);
}

void bus_remove_producer(struct bus *bus, const char *name)
{
    pthread_mutex_lock(&bus->lock);
    struct producer *producer = &bus->producers[producer_index(bus, name)];
    producer->present = false;
    while (producer->reads > 0)
        pthread_cond_wait(&bus->read_ended, &bus->lock);
    pthread_mutex_unlock(&bus->lock);
}

/* The producer, which stays until read_end(); NULL when it is not there. */
static struct producer *read_begin(struct bus *bus, const char *name)
{
    pthread_mutex_lock(&bus->lock);
    struct producer *producer = &bus->producers[producer_index(bus, name)];
    bool present = producer->present && (bus->weather.reach == NULL || bus->weather.reach(bus->weather.data));
    if (present)
        producer->reads++;
    pthread_mutex_unlock(&bus->lock);
    return present ? producer : NULL;
}

static void read_end(struct bus *bus, struct producer *producer)
{
    pthread_mutex_lock(&bus->lock);
    if (--producer->reads == 0)
        pthread_cond_broadcast(&bus->read_ended);
    pthread_mutex_unlock(&bus->lock);
}

int64_t bus_read(struct bus *bus, const char *name, int64_t after, int64_t limit,
                 bool (*each)(void *data, const struct event *event), void *each_data)
{
    struct producer *producer = read_begin(bus, name);
    if (producer == NULL)
        return -1;
    int64_t last = producer->feed.read(producer->feed.data, after, limit, each, each_data);
    read_end(bus, producer);
    return last;
}

bool bus_read_past(struct bus *bus, const char *name, const struct past *past,
                   bool (*each)(void *data, const struct event *event), void *each_data)
{
    struct producer *producer = read_begin(bus, name);
    if (producer == NULL)
        return false;
    bool read = producer->feed.read_past(producer->feed.data, past, each, each_data);
    read_end(bus, producer);
    return read;
}

int64_t bus_last(struct bus *bus, const char *name)
{
    pthread_mutex_lock(&bus->lock);
    int64_t last = bus->producers[producer_index(bus, name)].last;
    pthread_mutex_unlock(&bus->lock);
    return last;
}

int64_t bus_handled_here(struct bus *bus, const char *name)
{
    int64_t handled = INT64_MAX;
    pthread_mutex_lock(&bus->lock);
    size_t index = producer_index(bus, name);
    for (const struct bus_listener *listener = bus->listeners; listener != NULL; listener = listener->next)
        if (listener->producer == index && !listener->process && !listener->overhears && listener->handled < handled)
            handled = listener->handled;
    pthread_mutex_unlock(&bus->lock);
    return handled;
}

/* --- settling --------------------------------------------------------------------------------------------------- */

static bool counts(const struct wait *wait, const struct bus_listener *listener, size_t producer)
{
    return listener->producer == producer && !listener->overhears && !(wait->here && listener->process);
}

static bool all_have_handled(const struct bus *bus, const struct wait *wait, size_t producer, int64_t number)
{
    for (const struct bus_listener *listener = bus->listeners; listener != NULL; listener = listener->next)
        if (counts(wait, listener, producer) && listener->handled < number)
            return false;
    return true;
}

static void raise_target(struct wait *wait, size_t producer, int64_t number)
{
    if (number <= wait->targets[producer].number || wait->targets[producer].raises == RAISES_MAX)
        return;
    wait->targets[producer].number = number;
    wait->targets[producer].reached = false;
    wait->targets[producer].raises++;
}

/* What services of other processes emitted until now, as far as those have said. */
static void follow_others(struct bus *bus, struct wait *wait)
{
    for (size_t i = 0; i < bus->producer_count; i++)
        if (bus->producers[i].feed.elsewhere)
            raise_target(wait, i, bus->producers[i].last);
}

/* What the listeners of a producer emitted until now is to be seen, too. */
static void follow_listeners(struct bus *bus, struct wait *wait, size_t producer)
{
    for (const struct bus_listener *listener = bus->listeners; listener != NULL; listener = listener->next) {
        if (!counts(wait, listener, producer))
            continue;
        if (listener->process) {
            follow_others(bus, wait);
            continue;
        }
        size_t own = producer_index(bus, listener->name);
        raise_target(wait, own, bus->producers[own].last);
    }
}

static bool is_settled(struct bus *bus, struct wait *wait)
{
    for (;;) {
        bool waiting = false, moved = false;
        for (size_t i = 0; i < bus->producer_count; i++) {
            if (wait->targets[i].number == 0 || wait->targets[i].reached)
                continue;
            if (!all_have_handled(bus, wait, i, wait->targets[i].number)) {
                waiting = true;
                continue;
            }
            wait->targets[i].reached = true;
            moved = true;
            follow_listeners(bus, wait, i);
        }
        if (!moved)
            return !waiting;
    }
}

/* Take every wait off the list that is settled now, and send its end to its loop. */
static void end_settled(struct bus *bus)
{
    for (struct wait **at = &bus->waits; *at != NULL;) {
        struct wait *wait = *at;
        if (!is_settled(bus, wait)) {
            at = &wait->next;
            continue;
        }
        *at = wait->next;
        wait->over = true;
        loop_post(wait->loop, &wait->end);
    }
}

static void wait_finish(struct wait *wait)
{
    struct task *task = wait->task;
    free(wait);
    task->run(task);
}

static void on_wait_begin(struct task *task)
{
    struct wait *wait = (struct wait *)((char *)task - offsetof(struct wait, begin));
    wait->begun = true;
    if (wait->ended)
        wait_finish(wait);
    else
        timer_start(wait->loop, &wait->timer, wait->until_us - env_monotonic_us(wait->bus->env));
}

static void on_wait_end(struct task *task)
{
    struct wait *wait = (struct wait *)((char *)task - offsetof(struct wait, end));
    wait->ended = true;
    timer_stop(wait->loop, &wait->timer);
    if (wait->begun)
        wait_finish(wait);
}

static void on_wait_timeout(struct timer *timer)
{
    struct wait *wait = (struct wait *)((char *)timer - offsetof(struct wait, timer));
    struct bus *bus = wait->bus;

    pthread_mutex_lock(&bus->lock);
    bool over = wait->over;
    for (struct wait **at = &bus->waits; *at != NULL; at = &(*at)->next) {
        if (*at == wait) {
            *at = wait->next;
            break;
        }
    }
    pthread_mutex_unlock(&bus->lock);
    if (!over)
        wait_finish(wait); /* otherwise its end is on its way to this loop */
}

static void wait_until_settled(struct bus *bus, const char *producer, int64_t number, struct loop *loop, struct task *task,
                               int64_t timeout_us, bool here)
{
    struct wait *wait = calloc(1, sizeof *wait);
    ASSERT(wait != NULL);
    wait->bus = bus;
    wait->loop = loop;
    wait->task = task;
    wait->here = here;
    wait->begin.run = on_wait_begin;
    wait->end.run = on_wait_end;
    wait->timer.run = on_wait_timeout;
    wait->until_us = env_monotonic_us(bus->env) + timeout_us;

    pthread_mutex_lock(&bus->lock);
    raise_target(wait, producer_index(bus, producer), number);
    bool settled = is_settled(bus, wait);
    if (!settled) {
        loop_post(loop, &wait->begin);
        wait->next = bus->waits;
        bus->waits = wait;
    }
    pthread_mutex_unlock(&bus->lock);

    if (settled) {
        free(wait);
        loop_post(loop, task);
    }
}

void bus_when_settled(struct bus *bus, const char *producer, int64_t number, struct loop *loop, struct task *task,
                      int64_t timeout_us)
{
    wait_until_settled(bus, producer, number, loop, task, timeout_us, false);
}

void bus_when_settled_here(struct bus *bus, const char *producer, int64_t number, struct loop *loop, struct task *task,
                           int64_t timeout_us)
{
    wait_until_settled(bus, producer, number, loop, task, timeout_us, true);
}

/* --- listeners -------------------------------------------------------------------------------------------------- */

void bus_publish(struct bus *bus, const char *name, int64_t last_number)
{
    pthread_mutex_lock(&bus->lock);
    size_t index = producer_index(bus, name);
    if (last_number > bus->producers[index].last) {
        bus->producers[index].last = last_number;
        tell_listeners(bus, index);
    }
    pthread_mutex_unlock(&bus->lock);
}

static struct bus_listener *listen_to(struct bus *bus, struct bus_listener who, const char *producer)
{
    struct bus_listener *listener = malloc(sizeof *listener);
    ASSERT(listener != NULL);
    *listener = who;
    listener->bus = bus;

    pthread_mutex_lock(&bus->lock);
    listener->producer = producer_index(bus, producer);
    listener->next = bus->listeners;
    bus->listeners = listener;
    listener->more(listener->data); /* what was committed before it listened */
    pthread_mutex_unlock(&bus->lock);
    return listener;
}

struct bus_listener *bus_listen(struct bus *bus, const char *name, const char *producer, void (*more)(void *data),
                                void *data)
{
    struct bus_listener who = {.more = more, .data = data};
    ASSERT(strlen(name) < NAME_MAX_BYTES);
    strcpy(who.name, name);
    return listen_to(bus, who, producer);
}

struct bus_listener *bus_listen_process(struct bus *bus, const char *producer, void (*more)(void *data), void *data)
{
    return listen_to(bus, (struct bus_listener){.process = true, .more = more, .data = data}, producer);
}

struct bus_listener *bus_overhear(struct bus *bus, const char *producer, void (*more)(void *data), void *data)
{
    return listen_to(bus, (struct bus_listener){.overhears = true, .more = more, .data = data}, producer);
}

void bus_look_again(struct bus *bus, const char *producer)
{
    pthread_mutex_lock(&bus->lock);
    tell_listeners(bus, producer_index(bus, producer));
    pthread_mutex_unlock(&bus->lock);
}

void bus_unlisten(struct bus_listener *listener)
{
    struct bus *bus = listener->bus;
    pthread_mutex_lock(&bus->lock);
    struct bus_listener **at = &bus->listeners;
    while (*at != listener)
        at = &(*at)->next;
    *at = listener->next;
    end_settled(bus); /* nobody waits for one that has gone */
    pthread_mutex_unlock(&bus->lock);
    free(listener);
}

void bus_handled(struct bus_listener *listener, int64_t number)
{
    struct bus *bus = listener->bus;
    pthread_mutex_lock(&bus->lock);
    if (number > listener->handled) {
        listener->handled = number;
        end_settled(bus);
    }
    pthread_mutex_unlock(&bus->lock);
}
