/*
 * The relay: committed events of a service here, to its subject.
 *
 *     number   acknowledged          sent              last (bus)
 *       ────────────┼──── window ─────┼──── to be read ────┤
 *
 * The event table is the outbox; nothing else is stored. Where to go on after a restart the stream itself says: its newest message bears
 * a number. Each publication has its own timer: what was not acknowledged in time is read again and published under the same id
 * ("catalog:17"), which JetStream passes over when it had taken the first. Payloads are not kept. After a connection was lost the stream is
 * asked again where to go on: a server that was killed may have lost what it had acknowledged.
 *
 * A stream that has nothing of a producer begins with its newest events; whoever needs older ones reads its feed.
 */
#include "platform/bus/nats_internal.h"

#include "base/assert.h"
#include "base/log.h"
#include "platform/rpc/message.h"
#include "platform/trace/trace_context.h"
#include "souk/platform/v1/feed.pb-c.h"

#include <inttypes.h>
#include <stdlib.h>

#define READ_EVENTS 512
#define BEGIN_WITH 1000
#define ANSWER_US INT64_C(2000000)
#define PACKED_BYTES (8 << 20)

/* --- answers ----------------------------------------------------------------------------------------------------- */

/* "relay" and "number" at the end of the subject that an answer comes to. */
static bool read_token(const char *subject, size_t *index, int64_t *number)
{
    const char *last = strrchr(subject, '.'), *before = last;
    while (before != NULL && before > subject && before[-1] != '.')
        before--;
    return before != NULL && before > subject && sscanf(before, "%zu.%" SCNd64, index, number) == 2;
}

/* No responders: nobody keeps the stream. Otherwise the answer is JSON, with an "error" where there is one. */
static bool says_stored(natsMsg *message)
{
    const char *data = natsMsg_GetData(message);
    size_t length = (size_t)natsMsg_GetDataLength(message);
    return data != NULL && length > 0 && memmem(data, length, "\"error\"", 7) == NULL;
}

static void acknowledge(struct relay *relay, int64_t number)
{
    pthread_mutex_lock(&relay->lock);
    bool was_full = relay->sent - relay->acknowledged >= RELAY_WINDOW / 2;
    if (number > relay->acknowledged && number <= relay->acknowledged + RELAY_WINDOW)
        relay->window[number % RELAY_WINDOW].acknowledged = true;
    while (relay->acknowledged >= 0 && relay->window[(relay->acknowledged + 1) % RELAY_WINDOW].acknowledged)
        relay->window[++relay->acknowledged % RELAY_WINDOW].acknowledged = false;
    bool has_room = relay->sent - relay->acknowledged < RELAY_WINDOW / 2;
    pthread_mutex_unlock(&relay->lock);
    if (was_full && has_room)
        nats_wake(relay->nats);
}

void relays_answered(natsConnection *connection, natsSubscription *subscription, natsMsg *message, void *data)
{
    struct nats_bus *nats = data;
    size_t index;
    int64_t number;
    (void)connection;
    (void)subscription;
    if (!says_stored(message)) {
        atomic_store(&nats->renew, true);
    } else if (read_token(natsMsg_GetSubject(message), &index, &number) && index < NATS_PRODUCERS_MAX && nats->relays[index] != NULL) {
        atomic_fetch_add(&nats->relayed, 1);
        acknowledge(nats->relays[index], number);
    }
    natsMsg_Destroy(message);
}

/* --- publishing -------------------------------------------------------------------------------------------------- */

static Platform__FeedEvent message_of(const struct event *event)
{
    Platform__FeedEvent message = PLATFORM__FEED_EVENT__INIT;
    message.number = event->number;
    message.stream = event->stream;
    message.stream_version = event->stream_version;
    message.name = event->name;
    message.schema_version = event->schema_version;
    message.at_us = event->at_us;
    message.actor = event->actor;
    message.request_id = event->request_id;
    message.cause = event->cause;
    message.data.data = (uint8_t *)(uintptr_t)event->data.at; /* it is only read */
    message.data.len = event->data.length;
    return message;
}

struct publishing {
    struct relay *relay;
    struct arena *arena;
    int64_t now_us, to;
    bool failed;
};

/* What others see of it: whose and which it is, and for tracing tools what it belongs to. */
static natsStatus add_headers(natsMsg *message, const char *producer, const struct event *event)
{
    char id[NATS_NAME_BYTES];
    const char *trace = trace_of_cause(event->cause);
    snprintf(id, sizeof id, "%s:%" PRId64, producer, event->number);
    natsStatus status = natsMsgHeader_Set(message, "Nats-Msg-Id", id);
    return status != NATS_OK || *trace == '\0' ? status : natsMsgHeader_Set(message, "traceparent", trace);
}

static natsStatus publish_message(struct relay *relay, struct text packed, const struct event *event)
{
    char answer_to[2 * NATS_NAME_BYTES];
    natsMsg *message = NULL;
    snprintf(answer_to, sizeof answer_to, "%s.%zu.%" PRId64, relay->nats->inbox, relay->index, event->number);
    natsStatus status = natsMsg_Create(&message, relay->subject, answer_to, packed.at, (int)packed.length);
    if (status == NATS_OK)
        status = add_headers(message, relay->producer, event);
    if (status == NATS_OK)
        status = natsConnection_PublishMsg(relay->nats->connection, message);
    natsMsg_Destroy(message);
    return status;
}

/* Whether it is to be published now; then it counts as sent at this moment. */
static bool is_due(struct relay *relay, int64_t number, int64_t now_us)
{
    pthread_mutex_lock(&relay->lock);
    bool is_new = number > relay->sent;
    int64_t *sent_us = &relay->window[number % RELAY_WINDOW].sent_us;
    bool due = number > relay->acknowledged &&
               (is_new || (!relay->window[number % RELAY_WINDOW].acknowledged && now_us - *sent_us >= ANSWER_US));
    if (due)
        *sent_us = now_us;
    if (is_new)
        relay->sent = number;
    pthread_mutex_unlock(&relay->lock);
    if (due && !is_new)
        atomic_fetch_add(&relay->nats->repeated, 1);
    return due;
}

static void pass_over(struct relay *relay, const struct event *event)
{
    if (atomic_fetch_add(&relay->nats->too_large, 1) == 0)
        LOG_WARNING("an event is larger than the NATS server carries (max_payload): such are read from the producer's feed",
                    log_text("producer", relay->producer), log_int("number", event->number), log_int("bytes", (int64_t)event->data.length));
    acknowledge(relay, event->number);
}

static bool on_event(void *data, const struct event *event)
{
    struct publishing *publishing = data;
    struct relay *relay = publishing->relay;
    if (event->number > publishing->to)
        return false;
    if (!is_due(relay, event->number, publishing->now_us))
        return true;
    Platform__FeedEvent message = message_of(event);
    natsStatus status = publish_message(relay, message_pack(publishing->arena, &message.base), event);
    if (status == NATS_MAX_PAYLOAD) /* too large to travel: its readers see the gap, and read the feed */
        pass_over(relay, event);
    else
        publishing->failed = status != NATS_OK; /* its timer brings it again */
    return !publishing->failed;
}

/* Publish what is due of the events after `after` up to `to`. Whether all could be. */
static bool publish(struct relay *relay, int64_t after, int64_t to)
{
    struct publishing publishing = {
        .relay = relay, .arena = arena_new(PACKED_BYTES), .now_us = env_monotonic_us(relay->nats->env), .to = to};
    int64_t read = bus_read(relay->nats->bus, relay->producer, after, to - after, on_event, &publishing);
    arena_free(publishing.arena);
    return read > after && !publishing.failed;
}

/* The first publication whose timer has run out, if there is one: those behind it are looked at with it. */
static bool find_late(struct relay *relay, int64_t *first)
{
    int64_t before_us = env_monotonic_us(relay->nats->env) - ANSWER_US;
    bool found = false;
    pthread_mutex_lock(&relay->lock);
    for (int64_t number = relay->acknowledged + 1; !found && number <= relay->sent; number++)
        if (!relay->window[number % RELAY_WINDOW].acknowledged && relay->window[number % RELAY_WINDOW].sent_us <= before_us) {
            *first = number;
            found = true;
        }
    pthread_mutex_unlock(&relay->lock);
    return found;
}

void relay_reset(struct relay *relay)
{
    pthread_mutex_lock(&relay->lock);
    relay->acknowledged = -1;
    pthread_mutex_unlock(&relay->lock);
}

bool relay_step(struct relay *relay)
{
    if (relay->leads != NULL && !relay->leads(relay->data)) {
        relay_reset(relay); /* another process relays meanwhile */
        return false;
    }
    if (!relay_ready(relay))
        return false;
    int64_t late, last = bus_last(relay->nats->bus, relay->producer);
    if (find_late(relay, &late))
        return publish(relay, late - 1, late - 1 + READ_EVENTS < relay->sent ? late - 1 + READ_EVENTS : relay->sent);

    pthread_mutex_lock(&relay->lock);
    int64_t room = relay->acknowledged + RELAY_WINDOW - relay->sent;
    pthread_mutex_unlock(&relay->lock);
    int64_t count = last - relay->sent;
    count = count < room ? count : room;
    count = count < READ_EVENTS ? count : READ_EVENTS;
    return count > 0 && publish(relay, relay->sent, relay->sent + count);
}

/* --- where to go on ---------------------------------------------------------------------------------------------- */

struct comparing {
    struct arena *arena;
    struct text theirs;
    bool same;
};

static bool compare(void *data, const struct event *event)
{
    struct comparing *comparing = data;
    Platform__FeedEvent message = message_of(event);
    comparing->same = text_equal(message_pack(comparing->arena, &message.base), comparing->theirs);
    return false;
}

/* Whether the stream's newest message is our own event of that number. It is not when our store was put back to an older state. False
 * when our events can't be read. */
static bool check_ours(struct relay *relay, struct text packed, bool *ours, int64_t *number)
{
    struct comparing comparing = {.arena = arena_new(PACKED_BYTES), .theirs = packed};
    const Platform__FeedEvent *event = (const void *)message_unpack(comparing.arena, &platform__feed_event__descriptor, packed);
    int64_t read = 0;
    if (event != NULL && event->number > 0) {
        *number = event->number;
        read = bus_read(relay->nats->bus, relay->producer, event->number - 1, 1, compare, &comparing);
    }
    arena_free(comparing.arena);
    *ours = comparing.same;
    return read >= 0;
}

static void begin_after(struct relay *relay, int64_t number)
{
    pthread_mutex_lock(&relay->lock);
    memset(relay->window, 0, sizeof relay->window);
    relay->acknowledged = relay->sent = number;
    pthread_mutex_unlock(&relay->lock);
}

/* The whole stream, since it also remembers the ids of what it had. Everybody makes it anew, and reads the feeds for what it had. */
static void drop_stream(struct relay *relay)
{
    jsOptions options;
    LOG_WARNING("the stream has events that the store does not: it is made anew", log_text("producer", relay->producer));
    jsOptions_Init(&options);
    options.Wait = NATS_WAIT_MS;
    js_DeleteStream(relay->nats->jetstream, relay->nats->address.shop, &options, NULL);
}

/* The number of the newest event that the stream has of this producer; 0 for none. False when that can't be said now. */
static bool find_position(struct relay *relay, int64_t *number)
{
    jsOptions options;
    natsMsg *message = NULL;
    bool ours = false;
    jsOptions_Init(&options);
    options.Wait = NATS_WAIT_MS;
    natsStatus status = js_GetLastMsg(&message, relay->nats->jetstream, relay->nats->address.shop, relay->subject, &options, NULL);
    if (status != NATS_OK)
        return status == NATS_NOT_FOUND;
    bool read = check_ours(relay, (struct text){natsMsg_GetData(message), (size_t)natsMsg_GetDataLength(message)}, &ours, number);
    natsMsg_Destroy(message);
    if (read && !ours)
        drop_stream(relay);
    return ours;
}

static bool knows_position(struct relay *relay)
{
    pthread_mutex_lock(&relay->lock);
    bool knows = relay->acknowledged >= 0;
    pthread_mutex_unlock(&relay->lock);
    return knows;
}

bool relay_ready(struct relay *relay)
{
    int64_t number = 0, last = bus_last(relay->nats->bus, relay->producer);
    if (knows_position(relay))
        return true;
    if (!find_position(relay, &number))
        return false;
    begin_after(relay, number > 0 ? number : last > BEGIN_WITH ? last - BEGIN_WITH : 0);
    return true;
}

int64_t relay_behind(struct relay *relay)
{
    int64_t last = bus_last(relay->nats->bus, relay->producer);
    bool leads = relay->leads == NULL || relay->leads(relay->data);
    pthread_mutex_lock(&relay->lock);
    int64_t behind = leads && relay->acknowledged >= 0 ? last - relay->acknowledged : 0;
    pthread_mutex_unlock(&relay->lock);
    return behind > 0 ? behind : 0;
}

/* --- beginning and end ------------------------------------------------------------------------------------------- */

static void on_more(void *data)
{
    struct relay *relay = data;
    nats_wake(relay->nats);
}

void nats_bus_relay_while(struct nats_bus *nats, const char *producer, bool (*leads)(void *data), void *data)
{
    struct relay *relay = calloc(1, sizeof *relay);
    ASSERT(relay != NULL && nats->relay_count < NATS_PRODUCERS_MAX);
    relay->nats = nats;
    relay->producer = producer;
    relay->leads = leads;
    relay->data = data;
    relay->acknowledged = -1;
    snprintf(relay->subject, sizeof relay->subject, "%s.%s", nats->address.shop, producer);
    pthread_mutex_init(&relay->lock, NULL);
    relay->index = nats->relay_count;
    nats->relays[nats->relay_count++] = relay;
}

void nats_bus_relay(struct nats_bus *nats, const char *producer)
{
    nats_bus_relay_while(nats, producer, NULL, NULL);
}

void relay_start(struct relay *relay)
{
    relay->listener = bus_overhear(relay->nats->bus, relay->producer, on_more, relay);
}

void relay_free(struct relay *relay)
{
    bus_unlisten(relay->listener);
    pthread_mutex_destroy(&relay->lock);
    free(relay);
}
