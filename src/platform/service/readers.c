/*
 * Readers: a few threads that run the queries of all services of the process.
 *
 * One queue for all of them, in lanes: what is more urgent goes first (shed.h), and within a lane who came first. A reader that finds all empty
 * notes that it is idle and sleeps; whoever adds a query wakes one idle reader. A busy reader takes its share of what waits, a few queries at once, and
 * brings their answers home together. Whoever waits long, since others are more urgent, is served at last when few wait, and refused when many do.
 *
 * A query runs in a read transaction on the reader's own connection to that service's store. Queries of one share that ask the same
 * service follow each other in one transaction: all of them were asked before it began, so what it sees is new enough for each.
 */
#include "base/assert.h"
#include "base/limits.h"
#include "base/log.h"
#include "platform/service/host_internal.h"

#include <stdlib.h>

#define READERS_MAX 64
#define HOSTS_MAX 32
/* More would make the first wait for the last. */
#define TAKE_MAX 16
/* Slow queries had better be taken one by one: after so long, what is left of a share goes back to the queue. */
#define SHARE_US INT64_C(10000)

struct reader {
    struct readers *readers;
    unsigned index;
    struct worker *worker;
    struct {
        const struct host *host;
        struct connection *connection;
    } connections[HOSTS_MAX];
    size_t connection_count;
    const struct host *reading; /* whose transaction is open, or NULL */
    struct tx *tx;
};

struct readers {
    struct env *env;
    unsigned count;
    struct reader *all;

    pthread_mutex_t lock;
    struct lane {
        struct query *first, **end;
        size_t queued;
        struct queue_age age; /* of those who go before its next one: its own, and more urgent ones */
    } lanes[URGENCY_COUNT];
    size_t queued; /* in all lanes */
    uint64_t idle; /* a bit per reader */
    bool stopped;
};

/* --- the queue --------------------------------------------------------------------------------------------------- */

static void on_query_home(struct delivery *delivery)
{
    struct query *query = (struct query *)delivery;
    struct host *host = query->host;
    atomic_fetch_sub_explicit(&host->reading, 1, memory_order_relaxed);
    call_answer(query->call, query->answer);
    host_close(host);
}

/* What is in a lane, and in those before it, has changed. Under the lock. */
static void note_ages(struct readers *readers)
{
    int64_t oldest_us = INT64_MAX;
    size_t queued = 0;
    for (unsigned urgency = URGENCY_COUNT; urgency-- > 0;) {
        struct lane *lane = &readers->lanes[urgency];
        queued += lane->queued;
        if (lane->first != NULL && lane->first->queued_us < oldest_us)
            oldest_us = lane->first->queued_us;
        queue_age_set(&lane->age, queued, oldest_us);
    }
}

static void lane_add(struct lane *lane, struct query *query)
{
    *lane->end = query;
    lane->end = &query->next;
    lane->queued++;
}

static struct query *lane_take(struct lane *lane)
{
    struct query *query = lane->first;
    lane->first = query->next;
    if (lane->first == NULL)
        lane->end = &lane->first;
    lane->queued--;
    query->next = NULL;
    return query;
}

/* Take one idle reader off the list; NULL when all are at work. Under the lock. */
static struct reader *take_idle(struct readers *readers)
{
    if (readers->idle == 0)
        return NULL;
    unsigned index = (unsigned)__builtin_ctzll(readers->idle);
    readers->idle &= readers->idle - 1;
    return &readers->all[index];
}

enum result readers_take(struct readers *readers, struct host *host, const struct method_declaration *method,
                         const ProtobufCMessage *request, struct call *call)
{
    struct query *query = ARENA_NEW(call->arena, struct query);
    *query = (struct query){
        .delivery = {.arrive = on_query_home, .home = call->home},
        .host = host,
        .method = method,
        .request = request,
        .call = call,
        .queued_us = env_monotonic_us(readers->env),
    };

    pthread_mutex_lock(&readers->lock);
    bool stopped = readers->stopped;
    bool full = readers->queued >= LIMIT_READER_QUEUE;
    struct reader *idle = NULL;
    if (!stopped && !full) {
        atomic_fetch_add_explicit(&host->reading, 1, memory_order_relaxed);
        lane_add(&readers->lanes[call_urgency(call, method)], query);
        readers->queued++;
        note_ages(readers);
        idle = take_idle(readers);
    }
    pthread_mutex_unlock(&readers->lock);

    if (stopped)
        return call_refuse(call, RESULT_SHUTTING_DOWN, NULL);
    if (full)
        return call_refuse(call, RESULT_OVERLOADED, NULL);
    if (idle != NULL)
        worker_wake(idle->worker);
    return RESULT_OK;
}

int64_t readers_age_us(const struct readers *readers, enum method_urgency urgency)
{
    return queue_age_us(&readers->lanes[urgency].age, readers->env);
}

/* Take from this lane who has waited too long: to be served at last when few wait, else to be refused by the reader, outside of the lock. */
static struct query **take_late(struct readers *readers, enum method_urgency urgency, struct query **end)
{
    struct lane *lane = &readers->lanes[urgency];
    int64_t now_us = lane->first != NULL ? env_monotonic_us(readers->env) : 0;
    while (lane->first != NULL && shed_gives_up(urgency, now_us - lane->first->queued_us)) {
        bool many = readers->queued >= LIMIT_SHED_QUEUE;
        *end = lane_take(lane);
        (*end)->hopeless = many;
        end = &(*end)->next;
        readers->queued--;
        if (!many)
            break;
    }
    return end;
}

/* A share of the queue, as a list; NULL when it is empty, and the reader is idle then. */
static struct query *take_share(struct reader *reader)
{
    struct readers *readers = reader->readers;
    struct query *first = NULL, **end = &first;
    pthread_mutex_lock(&readers->lock);
    size_t share = 1 + readers->queued / readers->count;
    share = share < TAKE_MAX ? share : TAKE_MAX;

    for (unsigned urgency = URGENCY_COUNT; urgency-- > 0;)
        end = take_late(readers, urgency, end);
    for (unsigned urgency = URGENCY_COUNT; urgency-- > 0;) {
        for (struct lane *lane = &readers->lanes[urgency]; lane->first != NULL && share > 0; share--) {
            *end = lane_take(lane);
            end = &(*end)->next;
            readers->queued--;
        }
    }
    note_ages(readers);
    if (first == NULL)
        readers->idle |= UINT64_C(1) << reader->index;
    pthread_mutex_unlock(&readers->lock);
    return first;
}

/* --- one query --------------------------------------------------------------------------------------------------- */

static struct connection *connection_to(struct reader *reader, struct host *host)
{
    for (size_t i = 0; i < reader->connection_count; i++)
        if (reader->connections[i].host == host)
            return reader->connections[i].connection;

    char error[512];
    ASSERT(reader->connection_count < HOSTS_MAX);
    struct connection *connection = connection_open(host->store, CONNECTION_READER, error);
    if (connection == NULL) {
        LOG_ERROR("the store can't be read", log_text("service", host->declaration->name), log_text("why", error));
        return NULL;
    }
    reader->connections[reader->connection_count].host = host;
    reader->connections[reader->connection_count++].connection = connection;
    return connection;
}

static void end_reading(struct reader *reader)
{
    if (reader->reading != NULL)
        tx_rollback(reader->tx);
    reader->reading = NULL;
}

static bool begin_reading(struct reader *reader, struct host *host)
{
    if (reader->reading == host)
        return true;
    end_reading(reader);
    struct connection *connection = connection_to(reader, host);
    if (connection == NULL)
        return false;
    reader->reading = host;
    reader->tx = tx_begin(connection);
    return true;
}

/* Its session was lost, say, and there is another one to be had. */
static enum result run_again(struct reader *reader, struct query *query)
{
    query->call->problem = (struct problem){0};
    end_reading(reader);
    (void)begin_reading(reader, query->host); /* it has a connection */
    return query_run(query, reader->tx);
}

static enum result run(struct reader *reader, struct query *query)
{
    struct call *call = query->call;
    if (query->hopeless)
        return refuse_shed(query->host, call, query->method);
    if (env_monotonic_us(query->host->env) > call->deadline_us)
        return call_refuse(call, RESULT_DEADLINE_EXCEEDED, "It waited too long for its turn.");
    if (atomic_load(&call->cancelled))
        return call_refuse(call, RESULT_CANCELLED, NULL);
    if (!begin_reading(reader, query->host))
        return call_refuse(call, RESULT_STORAGE_UNAVAILABLE, NULL);
    enum result result = query_run(query, reader->tx);
    if (reader->tx->failed && reader->tx->may_pass)
        result = run_again(reader, query);
    if (reader->tx->failed)
        end_reading(reader);
    return result;
}

static void run_query(struct reader *reader, struct query *query)
{
    enum result result = run(reader, query);
    count(&query->host->queries);
    if (result == RESULT_OK) {
        ASSERT(query->call->problem.result == RESULT_OK);
        return;
    }
    if (query->call->problem.result == RESULT_OK)
        call_refuse(query->call, result, NULL);
    query->answer = NULL;
    count_refusal(query->host);
}

/* The rest of a share, to where it was: before those that came meanwhile. */
static void give_back(struct readers *readers, struct query *rest)
{
    struct lane given[URGENCY_COUNT] = {0};
    for (unsigned urgency = 0; urgency < URGENCY_COUNT; urgency++)
        given[urgency].end = &given[urgency].first;
    for (struct query *query = rest, *next; query != NULL; query = next) {
        next = query->next;
        query->next = NULL;
        lane_add(&given[call_urgency(query->call, query->method)], query);
    }

    pthread_mutex_lock(&readers->lock);
    for (unsigned urgency = 0; urgency < URGENCY_COUNT; urgency++) {
        struct lane *lane = &readers->lanes[urgency];
        if (given[urgency].first == NULL)
            continue;
        *given[urgency].end = lane->first;
        if (lane->first == NULL)
            lane->end = given[urgency].end;
        lane->first = given[urgency].first;
        lane->queued += given[urgency].queued;
        readers->queued += given[urgency].queued;
    }
    note_ages(readers);
    struct reader *idle = take_idle(readers);
    pthread_mutex_unlock(&readers->lock);
    if (idle != NULL)
        worker_wake(idle->worker);
}

static bool reader_step(void *data)
{
    struct reader *reader = data;
    struct env *env = reader->readers->env;
    struct deliveries deliveries = {0};
    struct query *query = take_share(reader);
    if (query == NULL)
        return false;
    int64_t until_us = env_monotonic_us(env) + SHARE_US;
    while (query != NULL && (query->hopeless || env_monotonic_us(env) <= until_us)) {
        struct query *next = query->next;
        run_query(reader, query);
        deliveries_add(&deliveries, &query->delivery);
        query = next;
    }
    end_reading(reader);
    deliveries_post(&deliveries);
    if (query != NULL)
        give_back(reader->readers, query);
    return true;
}

/* --- start and stop ---------------------------------------------------------------------------------------------- */

struct readers *readers_start(struct env *env, unsigned reader_count)
{
    ASSERT(reader_count > 0 && reader_count <= READERS_MAX);
    struct readers *readers = calloc(1, sizeof *readers);
    ASSERT(readers != NULL);
    readers->all = calloc(reader_count, sizeof *readers->all);
    ASSERT(readers->all != NULL);
    readers->env = env;
    readers->count = reader_count;
    for (unsigned urgency = 0; urgency < URGENCY_COUNT; urgency++)
        readers->lanes[urgency].end = &readers->lanes[urgency].first;
    pthread_mutex_init(&readers->lock, NULL);

    /* Nobody finds a reader idle before it has said so itself, and then it has its worker. */
    pthread_mutex_lock(&readers->lock);
    for (unsigned i = 0; i < reader_count; i++) {
        struct reader *reader = &readers->all[i];
        reader->readers = readers;
        reader->index = i;
        reader->worker = worker_start(env, "reader", reader_step, reader);
    }
    pthread_mutex_unlock(&readers->lock);
    return readers;
}

void readers_stop(struct readers *readers)
{
    pthread_mutex_lock(&readers->lock);
    readers->stopped = true;
    pthread_mutex_unlock(&readers->lock);

    for (unsigned i = 0; i < readers->count; i++) {
        struct reader *reader = &readers->all[i];
        worker_stop(reader->worker);
        for (size_t j = 0; j < reader->connection_count; j++)
            connection_close(reader->connections[j].connection);
        reader->connection_count = 0;
    }
}

void readers_free(struct readers *readers)
{
    if (readers == NULL)
        return;
    ASSERT(readers->stopped && readers->queued == 0);
    pthread_mutex_destroy(&readers->lock);
    free(readers->all);
    free(readers);
}
