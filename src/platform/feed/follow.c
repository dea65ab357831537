/*
 * Who asks what, all on one loop:
 *
 *     producer   tail: a long poll for what comes after the last    gap: what a consumer far behind asked for
 *                report: handled up to here                         past: what a reader (?asOf=) waits for
 *     process    touches: a long poll
 *
 * Consumers read on their own threads, from the pages, under a lock; a page that is not there is asked for, and the consumer looks again
 * when it has come. Only readers of the past block: they run on threads that may.
 */
#include "platform/feed/follow.h"

#include "base/assert.h"
#include "base/id.h"
#include "base/limits.h"
#include "platform/feed/feed_service.h"
#include "platform/rpc/message.h"
#include "souk/platform/v1/feed.pb-c.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#define PAGES_MAX 32
#define WAIT_MS 20000
/* A question may take so much longer than what it waits for. */
#define SLACK_US INT64_C(5000000)
#define AGAIN_US INT64_C(200000)
/* While NATS carries the events: how often the producer is asked how far it is, and how long a page that a consumer misses may take. */
#define CARRIED_WAIT_MS 1000
#define CARRIED_AFTER (INT64_MAX / 2) /* no event comes after that */
#define CARRIED_PATIENCE_US INT64_C(20000)
#define PAST_SECONDS_MAX 10
#define CONSUMER_BYTES_MAX 200

/* Events `after` + 1 to `last`, without gaps. */
struct page {
    struct arena *arena; /* NULL: no page */
    const Platform__ReadEventsAnswer *events;
    int64_t after, last;
    uint64_t used; /* when, by a counter */
};

/* A question that is asked again and again. */
struct asking {
    struct call *call; /* under way; NULL: it rests */
    struct timer again;
    int64_t after;
};

struct producer {
    struct follow *follow;
    const char *name;
    struct asking tail, gap;
    struct task ask_gap;
    struct task settled;
    bool settling;
    int64_t settling_to, reported;
    struct nats_pull *pull; /* NULL: no NATS */
    int64_t asked_after;    /* by the present long poll */
    bool tail_is_carried;   /* it brings no events */
    int64_t behind_at;      /* where we were when the producer was last seen to be further */
    struct task carried;

    pthread_mutex_t lock; /* of what follows */
    struct page pages[PAGES_MAX];
    uint64_t uses;
    int64_t last;     /* -1: not known yet */
    int64_t gap_from; /* somebody wants what comes after this */
    bool gap_posted;
    int64_t brought;     /* by NATS, up to here */
    bool carried_posted;
};

struct follow {
    struct follow_options options;
    ProtobufCService *feed;
    char name[ID_LENGTH + 1];
    char process[ID_LENGTH + 1]; /* the other one's */
    struct producer *producers;
    struct asking touches;
    atomic_bool stopping;
    atomic_size_t heard; /* producers that have answered */
    unsigned under_way;
    void (*stopped)(void *data);
    void *stopped_data;
};

/* --- calls ------------------------------------------------------------------------------------------------------- */

static struct call *new_call(struct follow *follow, int64_t wait_us)
{
    struct loop *loop = follow->options.loop;
    struct call *call = call_new(arena_new(LIMIT_CALL_ARENA), loop);
    call->actor = (struct actor){.kind = ACTOR_SYSTEM, .id = "feed", .scopes = SCOPE_EVERY};
    call->deadline_us = env_monotonic_us(loop->env) + wait_us + SLACK_US;
    return call;
}

static void ask(struct follow *follow, struct call *call, unsigned method, const ProtobufCMessage *request,
                void (*done)(struct call *call, const ProtobufCMessage *answer))
{
    call->done = done;
    follow->under_way++;
    follow->feed->invoke(follow->feed, method, request, call_closure, call);
}

/* Every answer ends here. */
static void answered(struct follow *follow)
{
    follow->under_way--;
    if (atomic_load(&follow->stopping) && follow->under_way == 0)
        follow->stopped(follow->stopped_data);
}

/* --- pages ------------------------------------------------------------------------------------------------------- */

static struct page *page_with(struct producer *producer, int64_t number)
{
    for (size_t i = 0; i < PAGES_MAX; i++) {
        struct page *page = &producer->pages[i];
        if (page->arena != NULL && page->after < number && number <= page->last)
            return page;
    }
    return NULL;
}

/* Keep events, and the arena that they are in. */
static void keep_page(struct producer *producer, struct arena *arena, const Platform__ReadEventsAnswer *answer, int64_t after)
{
    struct page *oldest = &producer->pages[0];
    pthread_mutex_lock(&producer->lock);
    for (size_t i = 1; i < PAGES_MAX; i++)
        if (producer->pages[i].used < oldest->used)
            oldest = &producer->pages[i];
    arena_free(oldest->arena);
    *oldest = (struct page){
        .arena = arena,
        .events = answer,
        .after = after,
        .last = answer->events[answer->n_events - 1]->number,
        .used = ++producer->uses,
    };
    pthread_mutex_unlock(&producer->lock);
}

static struct event event_of(const Platform__FeedEvent *event)
{
    return (struct event){
        .number = event->number,
        .stream = event->stream,
        .key = strchr(event->stream, '/') + 1,
        .stream_version = event->stream_version,
        .name = event->name,
        .schema_version = event->schema_version,
        .at_us = event->at_us,
        .actor = event->actor,
        .request_id = event->request_id,
        .cause = event->cause,
        .data = {event->data.data != NULL ? (const char *)event->data.data : "", event->data.len},
    };
}

static bool are_right(const Platform__ReadEventsAnswer *answer, int64_t after)
{
    for (size_t i = 0; i < answer->n_events; i++)
        if (answer->events[i]->number != after + 1 + (int64_t)i || strchr(answer->events[i]->stream, '/') == NULL)
            return false;
    return true;
}

/* --- what consumers read ------------------------------------------------------------------------------------------ */

static void want_gap(struct producer *producer, int64_t after)
{
    producer->gap_from = after;
    if (producer->gap_posted || atomic_load(&producer->follow->stopping))
        return;
    producer->gap_posted = true;
    loop_post(producer->follow->options.loop, &producer->ask_gap);
}

static int64_t read_page(const struct page *page, int64_t after, int64_t limit, bool (*each)(void *data, const struct event *event),
                         void *data)
{
    int64_t number = after;
    for (size_t i = (size_t)(after - page->after); i < page->events->n_events && number - after < limit; i++) {
        struct event event = event_of(page->events->events[i]);
        number = event.number;
        if (!each(data, &event))
            break;
    }
    return number;
}

static int64_t read_copies(void *data, int64_t after, int64_t limit, bool (*each)(void *data, const struct event *event), void *each_data)
{
    struct producer *producer = data;
    int64_t number = -1;
    pthread_mutex_lock(&producer->lock);
    struct page *page = page_with(producer, after + 1);
    if (page != NULL) {
        page->used = ++producer->uses;
        number = read_page(page, after, limit, each, each_data);
    } else if (producer->last >= 0 && after >= producer->last) {
        number = after;
    } else {
        want_gap(producer, after);
    }
    pthread_mutex_unlock(&producer->lock);
    return number;
}

/* --- handled ----------------------------------------------------------------------------------------------------- */

static void settle(struct producer *producer);

static void on_reported(struct call *call, const ProtobufCMessage *answer)
{
    (void)answer; /* one that was lost costs who waits for it LIMIT_SETTLE_MS; the next says the same and more */
    struct producer *producer = call->data;
    arena_free(call->arena);
    answered(producer->follow);
}

static void report(struct producer *producer, int64_t number)
{
    struct follow *follow = producer->follow;
    const struct follow_options *options = &follow->options;
    struct call *call = new_call(follow, 0);
    Platform__ReportHandledRequest *request = (void *)message_new(call->arena, &platform__report_handled_request__descriptor);
    request->follower = follow->name;
    request->producer = producer->name;
    request->number = number;
    request->positions = ARENA_ARRAY(call->arena, Platform__ReportHandledRequest__Position *, options->own_count);
    for (size_t i = 0; i < options->own_count; i++) {
        Platform__ReportHandledRequest__Position *position =
            (void *)message_new(call->arena, &platform__report_handled_request__position__descriptor);
        position->producer = options->own[i];
        position->last = bus_last(options->bus, options->own[i]);
        request->positions[request->n_positions++] = position;
    }
    call->data = producer;
    ask(follow, call, FEED_REPORT_HANDLED, &request->base, on_reported);
}

static void on_settled(struct task *task)
{
    struct producer *producer = (struct producer *)((char *)task - offsetof(struct producer, settled));
    producer->settling = false;
    if (!atomic_load(&producer->follow->stopping)) {
        producer->reported = producer->settling_to;
        if (producer->pull != NULL)
            nats_pull_handled(producer->pull);
        report(producer, producer->reported);
        settle(producer);
    }
    answered(producer->follow);
}

/* Wait until the services here have handled what has come, then say so. One wait at a time. */
static void settle(struct producer *producer)
{
    struct follow *follow = producer->follow;
    if (producer->settling || producer->tail.after <= producer->reported)
        return;
    producer->settling = true;
    producer->settling_to = producer->tail.after;
    producer->settled.run = on_settled;
    follow->under_way++; /* the bus owes an answer, too */
    bus_when_settled_here(follow->options.bus, producer->name, producer->settling_to, follow->options.loop, &producer->settled,
                          INT64_C(1000) * LIMIT_SETTLE_MS);
}

/* --- the tail ---------------------------------------------------------------------------------------------------- */

static void ask_tail(struct producer *producer);

static void on_tail_again(struct timer *timer)
{
    ask_tail((struct producer *)((char *)timer - offsetof(struct producer, tail.again)));
}

static void move_tail(struct producer *producer, int64_t last)
{
    producer->tail.after = last;
    pthread_mutex_lock(&producer->lock);
    producer->last = last;
    pthread_mutex_unlock(&producer->lock);
    bus_publish(producer->follow->options.bus, producer->name, last);
    bus_look_again(producer->follow->options.bus, producer->name); /* a report may have published the number before the page came */
    settle(producer);
}

/* NATS brings the events, and the answer says how far they go. Where nothing more came between two answers the stream lacks some: consumers
 * look for them, and ask for the gap. */
static void take_carried(struct producer *producer, const Platform__ReadEventsAnswer *answer)
{
    bool behind = answer->last > producer->tail.after;
    if (behind && producer->behind_at == producer->tail.after) {
        nats_pull_doubt(producer->pull);
        move_tail(producer, answer->last);
    }
    producer->behind_at = behind ? producer->tail.after : -1;
}

/* Whether the events were kept, and with them the call's arena. */
static bool take_tail(struct producer *producer, struct call *call, const Platform__ReadEventsAnswer *answer)
{
    if (producer->tail_is_carried) {
        take_carried(producer, answer);
        return false;
    }
    int64_t last = producer->tail.after;
    if (last < 0) {
        last = answer->last;
        atomic_fetch_add(&producer->follow->heard, 1);
    }
    if (answer->n_events > 0) {
        int64_t newest = answer->events[answer->n_events - 1]->number;
        last = newest > last ? newest : last; /* NATS may have brought more meanwhile */
        keep_page(producer, call->arena, answer, producer->asked_after);
    }
    move_tail(producer, last);
    return answer->n_events > 0;
}

static void on_tail(struct call *call, const ProtobufCMessage *message)
{
    struct producer *producer = call->data;
    struct follow *follow = producer->follow;
    const Platform__ReadEventsAnswer *answer = (const void *)message;
    bool stopping = atomic_load(&follow->stopping);
    bool fine = answer != NULL && !stopping && are_right(answer, producer->asked_after);
    producer->tail.call = NULL;
    if (!fine || !take_tail(producer, call, answer))
        arena_free(call->arena);
    if (fine)
        ask_tail(producer);
    else if (!stopping)
        timer_start(follow->options.loop, &producer->tail.again, AGAIN_US);
    answered(follow);
}

static Platform__ReadEventsRequest *events_request(struct producer *producer, struct call *call, int64_t after)
{
    Platform__ReadEventsRequest *request = (void *)message_new(call->arena, &platform__read_events_request__descriptor);
    request->follower = producer->follow->name;
    request->producer = producer->name;
    request->after = after;
    request->limit = LIMIT_FEED_EVENTS;
    call->data = producer;
    return request;
}

static void ask_tail(struct producer *producer)
{
    struct follow *follow = producer->follow;
    producer->tail_is_carried = producer->tail.after >= 0 && producer->pull != NULL && nats_pull_carries(producer->pull);
    producer->asked_after = producer->tail_is_carried ? CARRIED_AFTER : producer->tail.after;
    int64_t wait_ms = producer->tail_is_carried ? CARRIED_WAIT_MS : WAIT_MS;
    struct call *call = new_call(follow, INT64_C(1000) * wait_ms);
    Platform__ReadEventsRequest *request = events_request(producer, call, producer->asked_after);
    request->wait_ms = wait_ms;
    producer->tail.call = call;
    ask(follow, call, FEED_READ_EVENTS, &request->base, on_tail);
}

/* --- gaps -------------------------------------------------------------------------------------------------------- */

static void on_gap(struct call *call, const ProtobufCMessage *message)
{
    struct producer *producer = call->data;
    struct follow *follow = producer->follow;
    const Platform__ReadEventsAnswer *answer = (const void *)message;
    bool kept = answer != NULL && answer->n_events > 0 && are_right(answer, producer->gap.after);
    producer->gap.call = NULL;
    if (kept) {
        keep_page(producer, call->arena, answer, producer->gap.after);
        bus_look_again(follow->options.bus, producer->name);
    } else {
        arena_free(call->arena); /* who wanted it asks again after a second */
    }
    answered(follow);
}

static void ask_gap(struct producer *producer)
{
    struct follow *follow = producer->follow;
    pthread_mutex_lock(&producer->lock);
    int64_t after = producer->gap_from;
    bool has_come = page_with(producer, after + 1) != NULL;
    producer->gap_posted = false;
    pthread_mutex_unlock(&producer->lock);
    if (has_come || producer->gap.call != NULL || atomic_load(&follow->stopping))
        return;
    struct call *call = new_call(follow, 0);
    producer->gap.call = call;
    producer->gap.after = after;
    ask(follow, call, FEED_READ_EVENTS, &events_request(producer, call, after)->base, on_gap);
}

static void on_gap_patience(struct timer *timer)
{
    ask_gap((struct producer *)((char *)timer - offsetof(struct producer, gap.again)));
}

/* NATS may be about to bring it. */
static void on_ask_gap(struct task *task)
{
    struct producer *producer = (struct producer *)((char *)task - offsetof(struct producer, ask_gap));
    if (producer->tail_is_carried && !atomic_load(&producer->follow->stopping))
        timer_start(producer->follow->options.loop, &producer->gap.again, CARRIED_PATIENCE_US);
    else
        ask_gap(producer);
}

/* --- what NATS brings -------------------------------------------------------------------------------------------- */

static void on_carried(struct task *task)
{
    struct producer *producer = (struct producer *)((char *)task - offsetof(struct producer, carried));
    pthread_mutex_lock(&producer->lock);
    int64_t brought = producer->brought;
    producer->carried_posted = false;
    pthread_mutex_unlock(&producer->lock);
    if (atomic_load(&producer->follow->stopping) || producer->tail.after < 0)
        return;
    if (brought > producer->tail.after)
        move_tail(producer, brought);
    else
        bus_look_again(producer->follow->options.bus, producer->name);
}

/* On NATS's worker. */
static void on_page(void *data, struct arena *arena, const Platform__ReadEventsAnswer *page)
{
    struct producer *producer = data;
    struct follow *follow = producer->follow;
    keep_page(producer, arena, page, page->events[0]->number - 1);
    pthread_mutex_lock(&producer->lock);
    producer->brought = page->last > producer->brought ? page->last : producer->brought;
    bool post = !producer->carried_posted && !atomic_load(&follow->stopping);
    producer->carried_posted |= post;
    pthread_mutex_unlock(&producer->lock);
    if (post)
        loop_post(follow->options.loop, &producer->carried);
}

/* --- the past ---------------------------------------------------------------------------------------------------- */

/* A reader's question; the reader waits for it. Whoever of both is last frees it. */
struct past_question {
    struct task task;
    struct producer *producer;
    struct call *call;
    Platform__ReadPastRequest request;
    pthread_mutex_t lock;
    pthread_cond_t done;
    bool over, abandoned;
    const Platform__ReadEventsAnswer *answer;
};

static void free_past(struct past_question *question)
{
    pthread_cond_destroy(&question->done);
    pthread_mutex_destroy(&question->lock);
    arena_free(question->call->arena); /* the question is in it */
}

static void on_past(struct call *call, const ProtobufCMessage *message)
{
    struct past_question *question = call->data;
    struct follow *follow = question->producer->follow;
    pthread_mutex_lock(&question->lock);
    question->over = true;
    question->answer = (const void *)message;
    bool abandoned = question->abandoned;
    pthread_cond_signal(&question->done);
    pthread_mutex_unlock(&question->lock);
    if (abandoned)
        free_past(question);
    answered(follow);
}

static void on_ask_past(struct task *task)
{
    struct past_question *question = (struct past_question *)task;
    ask(question->producer->follow, question->call, FEED_READ_PAST, &question->request.base, on_past);
}

static const char **copy_strings(struct arena *arena, const char *const *strings, size_t count)
{
    const char **copies = ARENA_ARRAY(arena, const char *, count);
    for (size_t i = 0; i < count; i++)
        copies[i] = arena_strdup(arena, strings[i]);
    return copies;
}

static struct past_question *new_past(struct producer *producer, const struct past *past)
{
    struct call *call = new_call(producer->follow, 0);
    struct past_question *question = ARENA_NEW(call->arena, struct past_question);
    *question = (struct past_question){
        .task = {.run = on_ask_past}, .producer = producer, .call = call, .request = PLATFORM__READ_PAST_REQUEST__INIT};
    call->data = question;
    pthread_mutex_init(&question->lock, NULL);
    pthread_cond_init(&question->done, NULL);
    question->request.producer = producer->name;
    question->request.until_us = past->until_us;
    question->request.streams = copy_strings(call->arena, past->streams, past->stream_count);
    question->request.n_streams = past->stream_count;
    question->request.names = copy_strings(call->arena, past->names, past->name_count);
    question->request.n_names = past->name_count;
    return question;
}

/* Whether the answer has come in time; otherwise whoever brings it frees the question. */
static bool wait_for_past(struct past_question *question)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PAST_SECONDS_MAX;
    pthread_mutex_lock(&question->lock);
    while (!question->over && pthread_cond_timedwait(&question->done, &question->lock, &until) == 0)
        continue;
    bool over = question->over;
    question->abandoned = !over;
    pthread_mutex_unlock(&question->lock);
    return over;
}

static bool read_past(void *data, const struct past *past, bool (*each)(void *data, const struct event *event), void *each_data)
{
    struct producer *producer = data;
    if (atomic_load(&producer->follow->stopping))
        return false;
    struct past_question *question = new_past(producer, past);
    loop_post(producer->follow->options.loop, &question->task);
    if (!wait_for_past(question))
        return false;
    bool fine = question->answer != NULL;
    for (size_t i = 0; fine && i < question->answer->n_events; i++) {
        struct event event = event_of(question->answer->events[i]);
        if (!each(each_data, &event))
            break;
    }
    free_past(question);
    return fine;
}

/* --- touches ----------------------------------------------------------------------------------------------------- */

static void ask_touches(struct follow *follow);

static void on_touches_again(struct timer *timer)
{
    ask_touches((struct follow *)((char *)timer - offsetof(struct follow, touches.again)));
}

static void tell_touches(struct follow *follow, const Platform__ReadTouchesAnswer *answer)
{
    const struct follow_options *options = &follow->options;
    if (answer->everything)
        options->everything_touched(options->data);
    for (size_t i = 0; i < answer->n_touches; i++)
        options->touched(options->data, answer->touches[i]->resource, answer->touches[i]->key);
    strncpy(follow->process, answer->process, sizeof follow->process - 1);
    follow->touches.after = answer->last;
    grpc_client_has_seen(options->client, options->address, answer->last);
}

static void on_touches(struct call *call, const ProtobufCMessage *message)
{
    struct follow *follow = call->data;
    bool stopping = atomic_load(&follow->stopping), fine = message != NULL;
    follow->touches.call = NULL;
    if (fine)
        tell_touches(follow, (const void *)message);
    arena_free(call->arena);
    if (fine && !stopping)
        ask_touches(follow);
    else if (!stopping)
        timer_start(follow->options.loop, &follow->touches.again, AGAIN_US);
    answered(follow);
}

static void ask_touches(struct follow *follow)
{
    struct call *call = new_call(follow, INT64_C(1000) * WAIT_MS);
    Platform__ReadTouchesRequest *request = (void *)message_new(call->arena, &platform__read_touches_request__descriptor);
    request->process = arena_strdup(call->arena, follow->process);
    request->after = follow->touches.after;
    request->wait_ms = WAIT_MS;
    call->data = follow;
    follow->touches.call = call;
    ask(follow, call, FEED_READ_TOUCHES, &request->base, on_touches);
}

/* --- beginning and end ------------------------------------------------------------------------------------------- */

/* One durable consumer for each set of services that follows from one process: "cart_checkout-catalog". */
static void start_pull(struct producer *producer)
{
    const struct follow_options *options = &producer->follow->options;
    struct buffer consumer;
    buffer_init(&consumer, CONSUMER_BYTES_MAX);
    for (size_t i = 0; i < options->own_count; i++)
        buffer_printf(&consumer, "%s%s", i > 0 ? "_" : "", options->own[i]);
    buffer_printf(&consumer, "-%s", producer->name);
    buffer_add_char(&consumer, '\0');
    ASSERT(!consumer.overflowed);
    producer->pull = nats_bus_pull(options->nats, producer->name, consumer.at, on_page, producer);
    nats_pull_while(producer->pull, options->reads, options->reads_data);
    buffer_release(&consumer);
}

static void start_producer(struct follow *follow, struct producer *producer, const char *name)
{
    const struct feed feed = {.read = read_copies, .read_past = read_past, .data = producer, .elsewhere = true};
    producer->follow = follow;
    producer->name = name;
    producer->last = -1;
    producer->tail = (struct asking){.again = {.run = on_tail_again}, .after = -1};
    producer->gap.again.run = on_gap_patience;
    producer->behind_at = -1;
    producer->ask_gap.run = on_ask_gap;
    producer->carried.run = on_carried;
    pthread_mutex_init(&producer->lock, NULL);
    bus_add_producer(follow->options.bus, name, &feed);
    if (follow->options.nats != NULL)
        start_pull(producer);
    ask_tail(producer);
}

struct follow *follow_start(const struct follow_options *options)
{
    struct follow *follow = calloc(1, sizeof *follow);
    ASSERT(follow != NULL);
    follow->options = *options;
    follow->feed = grpc_client_service(options->client, options->address, &feed_declaration);
    env_new_id(options->env, follow->name);
    follow->producers = calloc(options->producer_count + 1, sizeof *follow->producers);
    ASSERT(follow->producers != NULL);
    for (size_t i = 0; i < options->producer_count; i++)
        start_producer(follow, &follow->producers[i], options->producers[i]);
    follow->touches.again.run = on_touches_again;
    ask_touches(follow);
    return follow;
}

bool follow_is_heard(const struct follow *follow)
{
    return atomic_load(&follow->heard) == follow->options.producer_count;
}

static void stop_asking(struct follow *follow, struct asking *asking)
{
    timer_stop(follow->options.loop, &asking->again);
    if (asking->call != NULL)
        call_cancel(asking->call);
}

void follow_stop(struct follow *follow, void (*stopped)(void *data), void *data)
{
    follow->stopped = stopped;
    follow->stopped_data = data;
    follow->under_way++; /* this one, so that it is told once and last */
    atomic_store(&follow->stopping, true);
    for (size_t i = 0; i < follow->options.producer_count; i++) {
        stop_asking(follow, &follow->producers[i].tail);
        stop_asking(follow, &follow->producers[i].gap);
    }
    stop_asking(follow, &follow->touches);
    answered(follow);
}

void follow_free(struct follow *follow)
{
    for (size_t i = 0; i < follow->options.producer_count; i++) {
        struct producer *producer = &follow->producers[i];
        bus_remove_producer(follow->options.bus, producer->name);
        for (size_t page = 0; page < PAGES_MAX; page++)
            arena_free(producer->pages[page].arena);
        pthread_mutex_destroy(&producer->lock);
    }
    free(follow->producers);
    free(follow);
}
