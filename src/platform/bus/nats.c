/*
 * The connection to NATS, the stream, and the worker that does everything.
 *
 *      APART ──connect──> CONNECTED ──stream, positions, consumers──> READY
 *        ^                  ^    └────────── retried, at least every second ─────┘ │
 *        └── closed ────────┴──────── lost, or the stream has gone ──────┘
 *
 * While it is not READY, events travel by the producers' feeds, as they would without NATS; that is said once, in the log and at /readyz.
 * The library reconnects by itself; a connection that it gives up (the server refused our password twice, say) is made anew.
 */
#include "platform/bus/nats_internal.h"

#include "base/assert.h"
#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TICK_US INT64_C(250000)
/* Between attempts, at most: when nobody answers, and when we are refused. */
#define AGAIN_FIRST_US INT64_C(200000)
#define AGAIN_US INT64_C(1000000)
#define AGAIN_REFUSED_US INT64_C(15000000)
/* How long a stream keeps events: for consumers that were away. Older ones are read from the feed. */
#define KEEP_NS (INT64_C(24) * 3600 * 1000000000)
#define CLUSTER_MIN 3
#define CLOSE_MS 5000

void nats_wake(struct nats_bus *nats)
{
    pthread_mutex_lock(&nats->lock);
    if (!nats->deaf)
        worker_wake(nats->worker);
    pthread_mutex_unlock(&nats->lock);
}

/* --- what the library tells, on its threads ---------------------------------------------------------------------- */

static void on_disconnected(natsConnection *connection, void *data)
{
    struct nats_bus *nats = data;
    (void)connection;
    atomic_store(&nats->connected, false);
    nats_wake(nats);
}

/* What there was may have gone meanwhile. */
static void on_reconnected(natsConnection *connection, void *data)
{
    struct nats_bus *nats = data;
    (void)connection;
    atomic_store(&nats->renew, true);
    atomic_store(&nats->connected, true);
    nats_wake(nats);
}

static void on_closed(natsConnection *connection, void *data)
{
    struct nats_bus *nats = data;
    (void)connection;
    atomic_store(&nats->connected, false);
    atomic_store(&nats->closed, true);
    nats_wake(nats);
}

/* Something was not allowed, or was too much; what we then do without shows by what does not come. */
static void on_error(natsConnection *connection, natsSubscription *subscription, natsStatus status, void *data)
{
    struct nats_bus *nats = data;
    (void)connection;
    (void)subscription;
    if (status == NATS_NOT_PERMITTED)
        atomic_store(&nats->forbidden, true);
}

/* --- said once --------------------------------------------------------------------------------------------------- */

/* Of an attempt the first thing counts; the rest comes of it. */
static void blame(struct nats_bus *nats, const char *why)
{
    if (*nats->why == '\0')
        snprintf(nats->why, sizeof nats->why, "%s", why);
}

/* Once, and again when it is something else. */
static void tell_apart(struct nats_bus *nats)
{
    if (strcmp(nats->told, nats->why) != 0)
        LOG_WARNING("NATS can't be used now: events travel from process to process, and it is tried again", log_text("why", nats->why));
    strcpy(nats->told, nats->why);
}

static void tell_ready(struct nats_bus *nats)
{
    LOG_INFO("events travel by NATS", log_text("stream", nats->address.shop), log_int("servers", (int64_t)nats->address.server_count));
    *nats->told = '\0';
}

/* --- connecting -------------------------------------------------------------------------------------------------- */

static natsStatus hear(struct nats_bus *nats, natsOptions *options)
{
    natsStatus status = natsOptions_SetDisconnectedCB(options, on_disconnected, nats);
    status = status != NATS_OK ? status : natsOptions_SetReconnectedCB(options, on_reconnected, nats);
    status = status != NATS_OK ? status : natsOptions_SetErrorHandler(options, on_error, nats);
    return status != NATS_OK ? status : natsOptions_SetClosedCB(options, on_closed, nats);
}

/* The answers to what relays publish. */
static natsStatus subscribe_answers(struct nats_bus *nats)
{
    char subject[NATS_NAME_BYTES + 4];
    natsInbox *inbox = NULL;
    natsStatus status = natsInbox_Create(&inbox);
    if (status != NATS_OK)
        return status;
    snprintf(nats->inbox, sizeof nats->inbox, "%s", (const char *)inbox);
    natsInbox_Destroy(inbox);
    snprintf(subject, sizeof subject, "%s.>", nats->inbox);
    return natsConnection_Subscribe(&nats->answers, nats->connection, subject, relays_answered, nats);
}

static void disconnect(struct nats_bus *nats)
{
    for (size_t i = 0; i < nats->pull_count; i++)
        pull_reset(nats->pulls[i], true);
    natsSubscription_Destroy(nats->answers);
    jsCtx_Destroy(nats->jetstream);
    natsConnection_Destroy(nats->connection);
    nats->answers = NULL;
    nats->jetstream = NULL;
    nats->connection = NULL;
    nats->ready = false;
    atomic_store(&nats->connected, false);
}

static bool connect(struct nats_bus *nats)
{
    natsOptions *options = NULL;
    natsStatus status = nats_options_new(&nats->address, &options, nats->why);
    status = status != NATS_OK ? status : hear(nats, options);
    status = status != NATS_OK ? status : natsConnection_Connect(&nats->connection, options);
    status = status != NATS_OK ? status : natsConnection_JetStream(&nats->jetstream, nats->connection, NULL);
    status = status != NATS_OK ? status : subscribe_answers(nats);
    natsOptions_Destroy(options);
    nats->refused = nats_is_refusal(status);
    if (status != NATS_OK) {
        nats_explain(&nats->address, status, nats->why);
        disconnect(nats);
        return false;
    }
    atomic_store(&nats->closed, false);
    atomic_store(&nats->connected, true);
    return true;
}

/* --- the stream -------------------------------------------------------------------------------------------------- */

static bool make_stream(struct nats_bus *nats, jsOptions *options)
{
    char subject[NATS_NAME_BYTES];
    const char *subjects[] = {subject};
    jsStreamConfig config;
    jsErrCode error = 0;
    jsStreamConfig_Init(&config);
    snprintf(subject, sizeof subject, "%s.*", nats->address.shop);
    config.Name = nats->address.shop;
    config.Subjects = subjects;
    config.SubjectsLen = 1;
    config.MaxAge = KEEP_NS;
    config.Replicas = nats->address.server_count >= CLUSTER_MIN ? CLUSTER_MIN : 1;
    natsStatus status = js_AddStream(NULL, nats->jetstream, &config, options, &error);
    if (status != NATS_OK)
        blame(nats, status == NATS_NO_RESPONDERS || error == JSNotEnabledErr || error == JSNotEnabledForAccountErr
                        ? "the server runs without JetStream, or our user may not use it: start it with -js"
                        : natsStatus_GetText(status));
    return status == NATS_OK;
}

/* One that is there stays as it is: an operator may have made it. */
static bool have_stream(struct nats_bus *nats)
{
    jsOptions options;
    jsOptions_Init(&options);
    options.Wait = NATS_WAIT_MS;
    natsStatus status = js_GetStreamInfo(NULL, nats->jetstream, nats->address.shop, &options, NULL);
    return status == NATS_OK || make_stream(nats, &options);
}

static bool everything_is_ready(struct nats_bus *nats)
{
    bool ready = have_stream(nats);
    for (size_t i = 0; ready && i < nats->relay_count; i++)
        ready = relay_ready(nats->relays[i]);
    for (size_t i = 0; ready && i < nats->pull_count; i++)
        ready = pull_ready(nats->pulls[i]);
    return ready;
}

/* --- the worker -------------------------------------------------------------------------------------------------- */

/* Sooner at first, and not all processes of the shop at once. */
static int64_t wait_again_us(struct nats_bus *nats)
{
    uint32_t random;
    int64_t most_us = nats->refused ? AGAIN_REFUSED_US : AGAIN_US, wait_us = AGAIN_FIRST_US << (nats->failures < 10 ? nats->failures : 10);
    env_random(nats->env, &random, sizeof random);
    wait_us = wait_us < most_us ? wait_us : most_us;
    nats->failures++;
    return wait_us / 2 + random % (wait_us / 2);
}

static void get_ready_now(struct nats_bus *nats)
{
    *nats->why = '\0';
    atomic_store(&nats->forbidden, false);
    nats->ready = (nats->connection != NULL || connect(nats)) && everything_is_ready(nats);
    if (nats->ready) {
        nats->failures = 0;
        nats->again_us = env_monotonic_us(nats->env) + AGAIN_US;
        tell_ready(nats);
        return;
    }
    if (atomic_load(&nats->forbidden))
        strcpy(nats->why, "the server does not let our user do what we need: publish and subscribe SHOP.*, $JS.> and _INBOX.>");
    blame(nats, "JetStream does not answer");
    tell_apart(nats);
    nats->again_us = env_monotonic_us(nats->env) + wait_again_us(nats);
}

/* Whether events can travel now; what fails is tried again after a while. */
static bool get_ready(struct nats_bus *nats)
{
    if (nats->connection != NULL && atomic_load(&nats->closed))
        disconnect(nats);
    if (nats->connection != NULL && !atomic_load(&nats->connected)) {
        nats->ready = false;
        strcpy(nats->why, "the connection is lost");
        tell_apart(nats);
        return false;
    }
    if (atomic_load(&nats->stopping) || env_monotonic_us(nats->env) < nats->again_us)
        return nats->ready && !atomic_load(&nats->renew);
    if (atomic_exchange(&nats->renew, false)) {
        nats->ready = false;
        for (size_t i = 0; i < nats->relay_count; i++)
            relay_reset(nats->relays[i]);
        for (size_t i = 0; i < nats->pull_count; i++)
            pull_reset(nats->pulls[i], false);
    }
    if (!nats->ready)
        get_ready_now(nats);
    return nats->ready;
}

static bool step(void *data)
{
    struct nats_bus *nats = data;
    bool more = false;
    if (get_ready(nats)) {
        for (size_t i = 0; i < nats->relay_count; i++)
            more |= relay_step(nats->relays[i]);
        for (size_t i = 0; i < nats->pull_count; i++)
            more |= pull_step(nats->pulls[i]);
    }
    return more && !atomic_load(&nats->stopping);
}

static void on_tick(struct timer *timer)
{
    struct nats_bus *nats = (struct nats_bus *)((char *)timer - offsetof(struct nats_bus, tick));
    nats_wake(nats);
    timer_start(nats->loop, &nats->tick, TICK_US);
}

/* --- beginning and end ------------------------------------------------------------------------------------------- */

struct nats_bus *nats_bus_new(struct env *env, struct bus *bus, struct loop *loop, const struct nats_address *address)
{
    struct nats_bus *nats = calloc(1, sizeof *nats);
    ASSERT(nats != NULL);
    nats->env = env;
    nats->bus = bus;
    nats->loop = loop;
    nats->address = *address;
    nats->deaf = true; /* until it starts */
    pthread_mutex_init(&nats->lock, NULL);
    nats->tick.run = on_tick;
    return nats;
}

void nats_bus_start(struct nats_bus *nats)
{
    pthread_mutex_lock(&nats->lock);
    nats->worker = worker_start(nats->env, "nats", step, nats);
    nats->deaf = false;
    pthread_mutex_unlock(&nats->lock);
    for (size_t i = 0; i < nats->relay_count; i++)
        relay_start(nats->relays[i]);
    timer_start(nats->loop, &nats->tick, TICK_US);
}

struct nats_counts nats_bus_counts(struct nats_bus *nats)
{
    struct nats_counts counts = {
        .ready = atomic_load(&nats->ready) && atomic_load(&nats->connected),
        .relayed = atomic_load(&nats->relayed),
        .repeated = atomic_load(&nats->repeated),
        .too_large = atomic_load(&nats->too_large),
        .pulled = atomic_load(&nats->pulled),
        .refused = atomic_load(&nats->refused_messages),
        .gaps = atomic_load(&nats->gaps),
    };
    for (size_t i = 0; i < nats->relay_count; i++)
        counts.unrelayed += (uint64_t)relay_behind(nats->relays[i]);
    for (size_t i = 0; i < nats->pull_count; i++)
        counts.unhandled += (uint64_t)pull_behind(nats->pulls[i]);
    return counts;
}

void nats_bus_drain(struct nats_bus *nats)
{
    timer_stop(nats->loop, &nats->tick);
    atomic_store(&nats->stopping, true);
}

void nats_bus_stop(struct nats_bus *nats)
{
    atomic_store(&nats->stopping, true);
    pthread_mutex_lock(&nats->lock);
    nats->deaf = true;
    pthread_mutex_unlock(&nats->lock);
    worker_stop(nats->worker);
    disconnect(nats);
    nats_CloseAndWait(CLOSE_MS); /* its threads know our memory */
    for (size_t i = 0; i < nats->relay_count; i++)
        relay_free(nats->relays[i]);
    for (size_t i = 0; i < nats->pull_count; i++)
        pull_free(nats->pulls[i]);
    pthread_mutex_destroy(&nats->lock);
    free(nats);
}
