/*
 * Questions lie in one list. Whatever may answer one wakes the worker, which looks at each: a commit (by the bus), a touch, somebody
 * who hung up, and a clock, which is set to the first moment at which something is over: a question's wait, or the patience with somebody who
 * asks nothing any more. While nothing happens everybody sleeps.
 *
 * Another process is a listener of each producer that it follows (bus_listen_process), as long as it asks. It is told apart by the name
 * it gives itself; one that has not asked for FORGET_US is gone, and nobody waits for it any more.
 */
#include "platform/feed/feed_service.h"

#include "base/assert.h"
#include "base/id.h"
#include "base/limits.h"
#include "platform/env/delivery.h"
#include "platform/rpc/message.h"
#include "platform/rpc/well_known.h"
#include "souk/platform/v1/feed.souk.h"

#include <google/protobuf/empty.pb-c.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#define FORGET_US INT64_C(2000000)
#define READ_BYTES (1 << 20)
#define TOUCHES 8192
#define TOUCHES_ANSWERED 1000
#define RESOURCE_BYTES 32
#define KEY_BYTES 96
#define WAIT_MS_MAX 25000

/* --- the declaration --------------------------------------------------------------------------------------------- */

#define METHOD(position, method, in, out)                                                                                   \
    static const struct method_declaration method##_declaration = {.name = #method,                                         \
                                                                   .full_name = "souk.platform.v1.Feed." #method,           \
                                                                   .service = "feed",                                       \
                                                                   .index = position,                                       \
                                                                   .comment = "",                                           \
                                                                   .kind = METHOD_QUERY,                                    \
                                                                   .input = &in,                                            \
                                                                   .output = &out,                                          \
                                                                   .internal = true}
METHOD(FEED_READ_EVENTS, ReadEvents, platform__read_events_request__declaration, platform__read_events_answer__declaration);
METHOD(FEED_READ_PAST, ReadPast, platform__read_past_request__declaration, platform__read_events_answer__declaration);
METHOD(FEED_REPORT_HANDLED, ReportHandled, platform__report_handled_request__declaration, google__protobuf__empty__declaration);
METHOD(FEED_READ_TOUCHES, ReadTouches, platform__read_touches_request__declaration, platform__read_touches_answer__declaration);

static const struct method_declaration *const methods[] = {&ReadEvents_declaration, &ReadPast_declaration, &ReportHandled_declaration,
                                                           &ReadTouches_declaration};
const struct service_declaration feed_declaration = {
    .name = "feed", .full_name = "souk.platform.v1.Feed", .comment = "", .methods = methods, .method_count = 4};

/* --- what there is ----------------------------------------------------------------------------------------------- */

struct question {
    struct delivery delivery;
    struct question *next;
    struct call *call;
    unsigned method;
    const ProtobufCMessage *request;
    ProtobufCMessage *answer; /* NULL: the problem is in the call */
    int64_t until_us;
};

/* Another process, as a listener of one producer. */
struct follower {
    struct follower *next;
    char *name, *producer;
    struct bus_listener *listener;
    int64_t seen_us;
    bool asking; /* a question of his waits for an answer */
};

struct touch {
    char resource[RESOURCE_BYTES], key[KEY_BYTES];
};

struct feed_service {
    ProtobufCService base;
    struct env *env;
    struct bus *bus;
    struct loop *loop;
    struct worker *worker;
    struct timer clock;
    struct task arm;
    atomic_bool arm_posted;
    atomic_int_fast64_t due_us; /* what the clock is to be set to, monotonic; INT64_MAX: nothing */
    char process[ID_LENGTH + 1];
    atomic_bool draining;

    pthread_mutex_t lock; /* of the questions */
    struct question *questions;

    struct follower *followers; /* the worker's */

    pthread_mutex_t touch_lock;
    atomic_int_fast64_t last_touch;
    struct touch touches[TOUCHES]; /* number n is at n % TOUCHES */
};

/* --- touches ----------------------------------------------------------------------------------------------------- */

void feed_service_touched(struct feed_service *service, const char *resource, const char *key)
{
    pthread_mutex_lock(&service->touch_lock);
    struct touch *touch = &service->touches[(service->last_touch + 1) % TOUCHES];
    strncpy(touch->resource, resource, RESOURCE_BYTES - 1);
    strncpy(touch->key, key, KEY_BYTES - 1); /* a longer one is no tag of any answer (tags.h) */
    service->last_touch++;
    pthread_mutex_unlock(&service->touch_lock);
    worker_wake(service->worker);
}

/* They are told that they missed some. */
void feed_service_everything_touched(struct feed_service *service)
{
    pthread_mutex_lock(&service->touch_lock);
    service->last_touch += TOUCHES;
    pthread_mutex_unlock(&service->touch_lock);
    worker_wake(service->worker);
}

int64_t feed_service_last_touch(const struct feed_service *service)
{
    return atomic_load(&service->last_touch);
}

static void add_touch(Platform__ReadTouchesAnswer *answer, struct arena *arena, const struct touch *touch)
{
    Platform__ReadTouchesAnswer__Touch *copy = (void *)message_new(arena, &platform__read_touches_answer__touch__descriptor);
    copy->resource = arena_strdup(arena, touch->resource);
    copy->key = arena_strdup(arena, touch->key);
    answer->touches[answer->n_touches++] = copy;
}

/* False when there is nothing new. */
static bool answer_touches(struct feed_service *service, struct question *question)
{
    const Platform__ReadTouchesRequest *request = (const void *)question->request;
    struct arena *arena = question->call->arena;
    Platform__ReadTouchesAnswer *answer = (void *)message_new(arena, &platform__read_touches_answer__descriptor);
    pthread_mutex_lock(&service->touch_lock);
    int64_t last = service->last_touch, after = request->after;
    answer->process = service->process;
    answer->everything = strcmp(request->process, service->process) != 0 || after < last - TOUCHES + 1 || after > last;
    if (answer->everything)
        after = last;
    int64_t count = last - after < TOUCHES_ANSWERED ? last - after : TOUCHES_ANSWERED;
    answer->touches = ARENA_ARRAY(arena, Platform__ReadTouchesAnswer__Touch *, (size_t)count);
    for (int64_t i = 1; i <= count; i++)
        add_touch(answer, arena, &service->touches[(after + i) % TOUCHES]);
    answer->last = after + count;
    pthread_mutex_unlock(&service->touch_lock);
    question->answer = &answer->base;
    return answer->everything || count > 0;
}

/* --- followers --------------------------------------------------------------------------------------------------- */

static void on_more(void *data)
{
    struct feed_service *service = data;
    worker_wake(service->worker);
}

static struct follower *follower_of(struct feed_service *service, const char *name, const char *producer)
{
    struct follower *follower = service->followers;
    while (follower != NULL && (strcmp(follower->name, name) != 0 || strcmp(follower->producer, producer) != 0))
        follower = follower->next;
    if (follower == NULL) {
        follower = calloc(1, sizeof *follower);
        ASSERT(follower != NULL);
        follower->name = strdup(name);
        follower->producer = strdup(producer);
        ASSERT(follower->name != NULL && follower->producer != NULL);
        follower->listener = bus_listen_process(service->bus, producer, on_more, service);
        follower->next = service->followers;
        service->followers = follower;
    }
    follower->seen_us = env_monotonic_us(service->env);
    return follower;
}

static void forget(struct follower *follower)
{
    bus_unlisten(follower->listener);
    free(follower->name);
    free(follower->producer);
    free(follower);
}

static void forget_gone(struct feed_service *service)
{
    int64_t before_us = env_monotonic_us(service->env) - FORGET_US;
    for (struct follower **at = &service->followers; *at != NULL;) {
        struct follower *follower = *at;
        if (follower->asking || follower->seen_us >= before_us) {
            at = &follower->next;
            continue;
        }
        *at = follower->next;
        forget(follower);
    }
}

static void answer_handled(struct feed_service *service, struct question *question)
{
    const Platform__ReportHandledRequest *request = (const void *)question->request;
    for (size_t i = 0; i < request->n_positions; i++)
        bus_publish(service->bus, request->positions[i]->producer, request->positions[i]->last);
    bus_handled(follower_of(service, request->follower, request->producer)->listener, request->number);
    question->answer = message_new(question->call->arena, &google__protobuf__empty__descriptor);
}

/* --- events ------------------------------------------------------------------------------------------------------ */

struct reading {
    struct arena *arena;
    Platform__ReadEventsAnswer *answer;
    size_t bytes;
};

static bool add_event(void *data, const struct event *event)
{
    struct reading *reading = data;
    struct arena *arena = reading->arena;
    Platform__FeedEvent *copy = (void *)message_new(arena, &platform__feed_event__descriptor);
    copy->number = event->number;
    copy->stream = arena_strdup(arena, event->stream);
    copy->stream_version = event->stream_version;
    copy->name = arena_strdup(arena, event->name);
    copy->schema_version = event->schema_version;
    copy->at_us = event->at_us;
    copy->actor = arena_strdup(arena, event->actor);
    copy->request_id = arena_strdup(arena, event->request_id);
    copy->cause = arena_strdup(arena, event->cause);
    copy->data.data = (uint8_t *)arena_strndup(arena, event->data.at, event->data.length);
    copy->data.len = event->data.length;
    ARENA_ROOM(arena, reading->answer->events, reading->answer->n_events);
    reading->answer->events[reading->answer->n_events++] = copy;
    reading->bytes += event->data.length + 256;
    return reading->bytes < READ_BYTES;
}

static struct reading begin_reading(struct question *question)
{
    struct arena *arena = question->call->arena;
    return (struct reading){.arena = arena, .answer = (void *)message_new(arena, &platform__read_events_answer__descriptor)};
}

static void refuse(struct question *question)
{
    call_refuse(question->call, RESULT_UNAVAILABLE, "The producer's events can't be read now.");
    question->answer = NULL;
}

/* False when there is nothing new. */
static bool answer_events(struct feed_service *service, struct question *question)
{
    const Platform__ReadEventsRequest *request = (const void *)question->request;
    struct follower *follower = follower_of(service, request->follower, request->producer);
    struct reading reading = begin_reading(question);
    reading.answer->last = bus_last(service->bus, request->producer);
    question->answer = &reading.answer->base;
    if (request->after < 0)
        return true;
    if (reading.answer->last <= request->after) {
        follower->asking = true;
        return false;
    }
    int64_t limit = request->limit > 0 && request->limit < LIMIT_FEED_EVENTS ? request->limit : LIMIT_FEED_EVENTS;
    if (bus_read(service->bus, request->producer, request->after, limit, add_event, &reading) < 0)
        refuse(question);
    return true;
}

static void answer_past(struct feed_service *service, struct question *question)
{
    const Platform__ReadPastRequest *request = (const void *)question->request;
    struct reading reading = begin_reading(question);
    const struct past past = {
        .streams = request->streams,
        .stream_count = request->n_streams,
        .names = request->names,
        .name_count = request->n_names,
        .until_us = request->until_us,
    };
    question->answer = &reading.answer->base;
    if (!bus_read_past(service->bus, request->producer, &past, add_event, &reading))
        refuse(question);
}

/* --- questions --------------------------------------------------------------------------------------------------- */

static bool try_to_answer(struct feed_service *service, struct question *question)
{
    switch (question->method) {
    case FEED_READ_EVENTS:
        return answer_events(service, question);
    case FEED_READ_PAST:
        answer_past(service, question);
        return true;
    case FEED_REPORT_HANDLED:
        answer_handled(service, question);
        return true;
    default:
        return answer_touches(service, question);
    }
}

static void on_answered(struct delivery *delivery)
{
    struct question *question = (struct question *)delivery;
    call_answer(question->call, question->call->problem.result == RESULT_OK ? question->answer : NULL);
}

static struct question *take_questions(struct feed_service *service)
{
    pthread_mutex_lock(&service->lock);
    struct question *questions = service->questions;
    service->questions = NULL;
    pthread_mutex_unlock(&service->lock);
    return questions;
}

static void put_back(struct feed_service *service, struct question *question)
{
    pthread_mutex_lock(&service->lock);
    question->next = service->questions;
    service->questions = question;
    pthread_mutex_unlock(&service->lock);
}

static void earlier(int64_t *due_us, int64_t at_us)
{
    *due_us = at_us < *due_us ? at_us : *due_us;
}

/* Have the clock wake the worker then. */
static void arm_clock(struct feed_service *service, int64_t due_us)
{
    if (atomic_exchange(&service->due_us, due_us) != due_us && !atomic_exchange(&service->arm_posted, true))
        loop_post(service->loop, &service->arm);
}

static bool step(void *data)
{
    struct feed_service *service = data;
    int64_t due_us = INT64_MAX;
    for (struct follower *follower = service->followers; follower != NULL; follower = follower->next)
        follower->asking = false; /* until its question is looked at */
    for (struct question *question = take_questions(service), *next; question != NULL; question = next) {
        next = question->next;
        if (atomic_load(&service->draining) || atomic_load(&question->call->cancelled))
            call_refuse(question->call, RESULT_SHUTTING_DOWN, NULL);
        else if (!try_to_answer(service, question) && env_monotonic_us(service->env) < question->until_us) {
            earlier(&due_us, question->until_us);
            put_back(service, question);
            continue;
        }
        delivery_post(&question->delivery);
    }
    forget_gone(service);
    for (const struct follower *follower = service->followers; follower != NULL; follower = follower->next)
        if (!follower->asking)
            earlier(&due_us, follower->seen_us + FORGET_US + 1);
    if (!atomic_load(&service->draining))
        arm_clock(service, due_us);
    return false;
}

static void on_cancel(struct call *call)
{
    struct feed_service *service = call->inside;
    worker_wake(service->worker);
}

static int64_t wait_ms_of(unsigned method, const ProtobufCMessage *request)
{
    int64_t wait_ms = method == FEED_READ_EVENTS    ? ((const Platform__ReadEventsRequest *)(const void *)request)->wait_ms
                      : method == FEED_READ_TOUCHES ? ((const Platform__ReadTouchesRequest *)(const void *)request)->wait_ms
                                                    : 0;
    return wait_ms < WAIT_MS_MAX ? wait_ms : WAIT_MS_MAX;
}

static void invoke(ProtobufCService *base, unsigned index, const ProtobufCMessage *request, ProtobufCClosure closure, void *data)
{
    struct feed_service *service = (struct feed_service *)base;
    struct call *call = data;
    ASSERT(closure == call_closure && index < feed_declaration.method_count);
    struct question *question = ARENA_NEW(call->arena, struct question);
    *question = (struct question){
        .delivery = {.arrive = on_answered, .home = call->home},
        .call = call,
        .method = index,
        .request = request,
        .until_us = env_monotonic_us(service->env) + INT64_C(1000) * wait_ms_of(index, request),
    };
    call->inside = service;
    call->cancel = on_cancel;
    put_back(service, question);
    worker_wake(service->worker);
}

/* --- beginning and end ------------------------------------------------------------------------------------------- */

static void on_clock(struct timer *timer)
{
    struct feed_service *service = (struct feed_service *)((char *)timer - offsetof(struct feed_service, clock));
    atomic_store(&service->due_us, INT64_MAX); /* it has gone off: the worker sets it again, also to the same moment */
    worker_wake(service->worker);
}

/* On the loop. */
static void on_arm(struct task *task)
{
    struct feed_service *service = (struct feed_service *)((char *)task - offsetof(struct feed_service, arm));
    atomic_store(&service->arm_posted, false);
    int64_t due_us = atomic_load(&service->due_us), after_us = due_us - env_monotonic_us(service->env);
    if (due_us == INT64_MAX || atomic_load(&service->draining))
        timer_stop(service->loop, &service->clock);
    else
        timer_start(service->loop, &service->clock, after_us > 0 ? after_us : 0);
}

static void destroy(ProtobufCService *service)
{
    (void)service; /* it is part of the feed service */
}

struct feed_service *feed_service_start(struct env *env, struct bus *bus, struct loop *loop)
{
    struct feed_service *service = calloc(1, sizeof *service);
    ASSERT(service != NULL);
    service->base = (ProtobufCService){.invoke = invoke, .destroy = destroy};
    service->env = env;
    service->bus = bus;
    service->loop = loop;
    env_new_id(env, service->process);
    pthread_mutex_init(&service->lock, NULL);
    pthread_mutex_init(&service->touch_lock, NULL);
    service->clock.run = on_clock;
    service->arm.run = on_arm;
    service->due_us = INT64_MAX;
    service->worker = worker_start(env, "feed", step, service);
    return service;
}

ProtobufCService *feed_service_table(struct feed_service *service)
{
    return &service->base;
}

void feed_service_drain(struct feed_service *service)
{
    atomic_store(&service->draining, true);
    timer_stop(service->loop, &service->clock);
    worker_wake(service->worker);
}

void feed_service_stop(struct feed_service *service)
{
    worker_stop(service->worker);
    ASSERT(service->questions == NULL);
    while (service->followers != NULL) {
        struct follower *follower = service->followers;
        service->followers = follower->next;
        forget(follower);
    }
    pthread_mutex_destroy(&service->touch_lock);
    pthread_mutex_destroy(&service->lock);
    free(service);
}
