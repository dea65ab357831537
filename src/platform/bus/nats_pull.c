/*
 * A pull: the events of one producer elsewhere, by a durable consumer of the stream.
 *
 * One request at a time asks for a batch; what it brings arrives on a thread of the library, is put down, and wakes the worker, which makes
 * pages without gaps of it. No more is asked for than the follower keeps and the services here have room for. What they have
 * handled is acknowledged, so that after a restart the stream goes on there; what comes twice, late or never does no harm (bus.h).
 *
 *     RESTS <──another process reads── READS ──doubt: is it ahead of its stream? then it is made anew──> READS
 *
 * A server that was killed may know better how far its consumers are than what its stream had: such a consumer would pass over as many of the
 * next messages. It is held against its stream whenever a connection comes back, and when nothing comes though the producer has more.
 *
 * A message is taken for an event of the producer if it can be read and its Nats-Msg-Id says the same; any other is counted, and passed over.
 */
#include "platform/bus/nats_internal.h"

#include "base/assert.h"
#include "base/limits.h"
#include "base/log.h"
#include "platform/rpc/message.h"
#include "souk/platform/v1/feed.pb-c.h"

#include <inttypes.h>
#include <stdlib.h>

#define REQUEST_US INT64_C(10000000)
/* A consumer that nobody has used for so long goes: another split of the shop has others. */
#define UNUSED_NS (INT64_C(7) * 24 * 3600 * 1000000000)

/* --- arrival ----------------------------------------------------------------------------------------------------- */

static void on_message(natsConnection *connection, natsSubscription *subscription, natsMsg *message, void *data)
{
    struct nats_pull *pull = data;
    (void)connection;
    (void)subscription;
    pthread_mutex_lock(&pull->lock);
    bool fits = pull->arrived_count < PULL_ARRIVED_MAX;
    if (fits)
        pull->arrived[pull->arrived_count++] = message;
    pthread_mutex_unlock(&pull->lock);
    if (!fits)
        natsMsg_Destroy(message); /* more than was asked for; the feed has it */
    nats_wake(pull->nats);
}

/* At most a page of them, oldest first. */
static size_t take_arrived(struct nats_pull *pull, natsMsg *taken[PULL_BATCH])
{
    pthread_mutex_lock(&pull->lock);
    size_t count = pull->arrived_count < PULL_BATCH ? pull->arrived_count : PULL_BATCH;
    memcpy(taken, pull->arrived, count * sizeof taken[0]);
    pull->arrived_count -= count;
    memmove(pull->arrived, pull->arrived + count, pull->arrived_count * sizeof pull->arrived[0]);
    pthread_mutex_unlock(&pull->lock);
    return count;
}

/* --- pages ------------------------------------------------------------------------------------------------------- */

struct page_making {
    struct nats_pull *pull;
    int64_t handled;
    struct arena *arena; /* NULL: no page has begun */
    Platform__ReadEventsAnswer *answer;
    struct pull_mark end;
};

static void begin_page(struct page_making *making)
{
    making->arena = arena_new(LIMIT_CALL_ARENA);
    making->answer = (void *)message_new(making->arena, &platform__read_events_answer__descriptor);
    making->answer->events = ARENA_ARRAY(making->arena, Platform__FeedEvent *, PULL_BATCH);
}

static void end_page(struct page_making *making)
{
    struct nats_pull *pull = making->pull;
    size_t count = making->arena != NULL ? making->answer->n_events : 0;
    if (count > 0) {
        int64_t last = making->answer->events[count - 1]->number;
        if (last > atomic_load(&pull->newest))
            atomic_store(&pull->newest, last);
        making->answer->last = last;
        atomic_fetch_add(&pull->nats->pulled, count);
        pull->page(pull->data, making->arena, making->answer);
    } else {
        arena_free(making->arena);
    }
    making->arena = NULL;
}

/* Whether its publisher meant it as this event of this producer: whoever may publish may err. */
static bool bears_id_of(const struct nats_pull *pull, natsMsg *message, int64_t number)
{
    char id[NATS_NAME_BYTES];
    const char *said;
    snprintf(id, sizeof id, "%s:%" PRId64, pull->producer, number);
    return natsMsgHeader_Get(message, "Nats-Msg-Id", &said) == NATS_OK && strcmp(said, id) == 0;
}

/* In the arena of the present page. NULL when it is none. */
static Platform__FeedEvent *unpack(struct page_making *making, natsMsg *message)
{
    struct text packed = {natsMsg_GetData(message), (size_t)natsMsg_GetDataLength(message)};
    if (making->arena == NULL)
        begin_page(making);
    Platform__FeedEvent *event = (void *)message_unpack(making->arena, &platform__feed_event__descriptor, packed);
    bool right = event != NULL && event->number > 0 && strchr(event->stream, '/') != NULL && bears_id_of(making->pull, message, event->number);
    return right ? event : NULL;
}

static void note_end(struct page_making *making, int64_t number, const char *reply)
{
    if (reply == NULL || strlen(reply) >= sizeof making->end.reply)
        return;
    making->end.number = number;
    strcpy(making->end.reply, reply);
}

/* Said once; the count says how many. */
static void refuse(struct nats_pull *pull)
{
    if (atomic_fetch_add(&pull->nats->refused_messages, 1) == 0)
        LOG_WARNING("a message on the bus is no event of its producer's: somebody else publishes there; events that lack are read from the producer's feed",
                    log_text("subject", pull->subject));
}

static void count_gap(struct nats_pull *pull, int64_t number)
{
    int64_t newest = atomic_load(&pull->newest);
    if (newest > 0 && number > newest + 1)
        atomic_fetch_add(&pull->nats->gaps, 1);
}

static void add_event(struct page_making *making, natsMsg *message)
{
    Platform__FeedEvent *event = unpack(making, message);
    if (event == NULL) {
        refuse(making->pull);
        return;
    }
    note_end(making, event->number, natsMsg_GetReply(message));
    if (event->number <= making->handled)
        return;
    size_t count = making->answer->n_events;
    if (count == 0)
        count_gap(making->pull, event->number);
    if (count > 0 && event->number != making->answer->events[count - 1]->number + 1) {
        end_page(making); /* and it is unpacked once more, into the next page's arena */
        event = unpack(making, message);
        ASSERT(event != NULL);
        count_gap(making->pull, event->number);
    }
    making->answer->events[making->answer->n_events++] = event;
}

/* --- acknowledging ----------------------------------------------------------------------------------------------- */

/* Where there are too many, the newest is moved. */
static void keep_mark(struct nats_pull *pull, const struct pull_mark *mark)
{
    if (mark->number > 0)
        pull->marks[pull->mark_count < PULL_MARKS ? pull->mark_count++ : PULL_MARKS - 1] = *mark;
}

static void acknowledge(struct nats_pull *pull, int64_t handled)
{
    size_t done = 0;
    while (done < pull->mark_count && pull->marks[done].number <= handled)
        done++;
    if (done == 0)
        return;
    natsConnection_PublishString(pull->nats->connection, pull->marks[done - 1].reply, "+ACK");
    pull->mark_count -= done;
    memmove(pull->marks, pull->marks + done, pull->mark_count * sizeof pull->marks[0]);
}

/* --- asking ------------------------------------------------------------------------------------------------------ */

static void ask(struct nats_pull *pull, int64_t handled)
{
    int64_t now_us = env_monotonic_us(pull->nats->env);
    char request[128];
    if ((pull->wanted > 0 && now_us < pull->wanted_us) || atomic_load(&pull->newest) - handled > PULL_WINDOW)
        return;
    snprintf(request, sizeof request, "{\"batch\":%d,\"expires\":%" PRId64 "}", PULL_BATCH, 1000 * REQUEST_US);
    natsStatus status = natsConnection_PublishRequestString(pull->nats->connection, pull->request_subject, pull->inbox, request);
    pull->wanted = status == NATS_OK ? PULL_BATCH : 0;
    pull->wanted_us = now_us + REQUEST_US + INT64_C(1000) * NATS_WAIT_MS;
}

/* What the server says of our request: that its time is over, or that its consumer has gone. */
static void take_status(struct nats_pull *pull, const char *status)
{
    pull->wanted = 0;
    if (strcmp(status, "404") != 0 && strcmp(status, "408") != 0) {
        atomic_store(&pull->carries, false);
        atomic_store(&pull->nats->renew, true);
    }
}

static void take_message(struct page_making *making, natsMsg *message)
{
    const char *status;
    struct nats_pull *pull = making->pull;
    if (natsMsg_GetDataLength(message) == 0 && natsMsgHeader_Get(message, "Status", &status) == NATS_OK) {
        take_status(pull, status);
        return;
    }
    pull->wanted -= pull->wanted > 0;
    add_event(making, message);
}

static bool reads(const struct nats_pull *pull)
{
    return pull->reads == NULL || pull->reads(pull->reads_data);
}

/* Whether it is read here and can be: this process may have become the one that does, or another one. */
static bool take_role(struct nats_pull *pull)
{
    if (!reads(pull)) {
        if (pull->subscription != NULL)
            pull_reset(pull, true); /* a request that waits at the server ends with its subscription */
        return false;
    }
    if (atomic_exchange(&pull->doubted, false))
        pull->exists = false;
    if (!pull_ready(pull))
        atomic_store(&pull->nats->renew, true);
    return pull->exists;
}

bool pull_step(struct nats_pull *pull)
{
    natsMsg *taken[PULL_BATCH];
    if (!take_role(pull))
        return false;
    size_t count = take_arrived(pull, taken);
    struct page_making making = {.pull = pull, .handled = bus_handled_here(pull->nats->bus, pull->producer)};
    for (size_t i = 0; i < count; i++) {
        take_message(&making, taken[i]);
        natsMsg_Destroy(taken[i]);
    }
    end_page(&making);
    keep_mark(pull, &making.end);
    acknowledge(pull, making.handled);
    if (!atomic_load(&pull->nats->renew))
        ask(pull, making.handled);
    return count == PULL_BATCH;
}

/* --- beginning and end ------------------------------------------------------------------------------------------- */

/* What arrived by a consumer that has gone, and how that was acknowledged. */
static void drop_arrived(struct nats_pull *pull)
{
    pthread_mutex_lock(&pull->lock);
    for (size_t i = 0; i < pull->arrived_count; i++)
        natsMsg_Destroy(pull->arrived[i]);
    pull->arrived_count = 0;
    pthread_mutex_unlock(&pull->lock);
    pull->mark_count = 0;
}

static bool make_consumer(struct nats_pull *pull, jsOptions *options, uint64_t first)
{
    jsConsumerConfig config;
    jsConsumerConfig_Init(&config);
    config.Durable = pull->consumer;
    config.FilterSubject = pull->subject;
    config.DeliverPolicy = js_DeliverByStartSequence;
    config.OptStartSeq = first;
    config.AckPolicy = js_AckAll;
    config.MaxAckPending = 4 * PULL_WINDOW;
    config.InactiveThreshold = UNUSED_NS;
    return js_AddConsumer(NULL, pull->nats->jetstream, pull->nats->address.shop, &config, options, NULL) == NATS_OK;
}

/* The consumer was given what its stream does not have any more. It goes on behind what the services here had handled and the stream still has. */
static bool mend_consumer(struct nats_pull *pull, jsOptions *options, const jsConsumerInfo *consumer)
{
    struct nats_bus *nats = pull->nats;
    jsStreamInfo *stream = NULL;
    if (js_GetStreamInfo(&stream, nats->jetstream, nats->address.shop, options, NULL) != NATS_OK)
        return false;
    uint64_t last = stream->State.LastSeq, handled = consumer->AckFloor.Stream;
    jsStreamInfo_Destroy(stream);
    if (consumer->Delivered.Stream <= last)
        return true;
    LOG_WARNING("the stream has lost messages that were read: its consumer is made anew", log_text("consumer", pull->consumer));
    drop_arrived(pull);
    return js_DeleteConsumer(nats->jetstream, nats->address.shop, pull->consumer, options, NULL) == NATS_OK &&
           make_consumer(pull, options, 1 + (handled < last ? handled : last));
}

/* One that is there stays as it is, if it is not ahead of its stream. */
static bool have_consumer(struct nats_pull *pull)
{
    jsOptions options;
    jsConsumerInfo *consumer = NULL;
    jsOptions_Init(&options);
    options.Wait = NATS_WAIT_MS;
    natsStatus status = js_GetConsumerInfo(&consumer, pull->nats->jetstream, pull->nats->address.shop, pull->consumer, &options, NULL);
    if (status == NATS_NOT_FOUND)
        return make_consumer(pull, &options, 1);
    bool fine = status == NATS_OK && mend_consumer(pull, &options, consumer);
    jsConsumerInfo_Destroy(consumer);
    return fine;
}

static bool subscribe(struct nats_pull *pull)
{
    natsInbox *inbox = NULL;
    if (pull->subscription != NULL)
        return true;
    if (natsInbox_Create(&inbox) != NATS_OK)
        return false;
    snprintf(pull->inbox, sizeof pull->inbox, "%s", (const char *)inbox);
    natsInbox_Destroy(inbox);
    return natsConnection_Subscribe(&pull->subscription, pull->nats->connection, pull->inbox, on_message, pull) == NATS_OK;
}

bool pull_ready(struct nats_pull *pull)
{
    if (pull->exists || !reads(pull))
        return true;
    pull->exists = subscribe(pull) && have_consumer(pull);
    pull->wanted = 0;
    atomic_store(&pull->carries, pull->exists);
    return pull->exists;
}

void pull_reset(struct nats_pull *pull, bool connection_goes)
{
    pull->exists = false;
    pull->mark_count = 0; /* they may be of a stream that has gone */
    atomic_store(&pull->carries, false);
    if (connection_goes) {
        natsSubscription_Destroy(pull->subscription);
        pull->subscription = NULL;
    }
}

struct nats_pull *nats_bus_pull(struct nats_bus *nats, const char *producer, const char *consumer, nats_page *page, void *data)
{
    struct nats_pull *pull = calloc(1, sizeof *pull);
    ASSERT(pull != NULL);
    pull->nats = nats;
    pull->producer = producer;
    pull->page = page;
    pull->data = data;
    snprintf(pull->consumer, sizeof pull->consumer, "%s", consumer);
    snprintf(pull->subject, sizeof pull->subject, "%s.%s", nats->address.shop, producer);
    snprintf(pull->request_subject, sizeof pull->request_subject, "$JS.API.CONSUMER.MSG.NEXT.%s.%s", nats->address.shop, consumer);
    pthread_mutex_init(&pull->lock, NULL);
    ASSERT(nats->pull_count < NATS_PRODUCERS_MAX);
    nats->pulls[nats->pull_count++] = pull;
    return pull;
}

void nats_pull_while(struct nats_pull *pull, bool (*leads)(void *data), void *data)
{
    pull->reads = leads;
    pull->reads_data = data;
}

bool nats_pull_carries(const struct nats_pull *pull)
{
    return atomic_load(&pull->carries) && atomic_load(&pull->nats->connected);
}

void nats_pull_handled(struct nats_pull *pull)
{
    nats_wake(pull->nats);
}

void nats_pull_doubt(struct nats_pull *pull)
{
    atomic_store(&pull->doubted, true);
    nats_wake(pull->nats);
}

int64_t pull_behind(struct nats_pull *pull)
{
    int64_t handled = bus_handled_here(pull->nats->bus, pull->producer), newest = atomic_load(&pull->newest);
    return newest > handled ? newest - handled : 0;
}

void pull_free(struct nats_pull *pull)
{
    drop_arrived(pull);
    pthread_mutex_destroy(&pull->lock);
    free(pull);
}
