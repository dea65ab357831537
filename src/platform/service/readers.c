/*
 * Readers: a few threads that run the queries of all services of the process.
 *
 * One queue for all of them. A reader that finds it empty notes that it is idle and sleeps; whoever adds a query wakes one idle
 * reader. A busy reader takes its share of what waits, a few queries at once, and brings their answers home together.
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
    struct query *first, **end;
    size_t queued;
    struct queue_age age;
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
        *readers->end = query;
        readers->end = &query->next;
        readers->queued++;
        queue_age_set(&readers->age, readers->queued, readers->first->queued_us);
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

int64_t readers_age_us(const struct readers *readers)
{
    return queue_age_us(&readers->age, readers->env);
}

/* A share of the queue, as a list; NULL when it is empty, and the reader is idle then. */
static struct query *take_share(struct reader *reader)
{
    struct readers *readers = reader->readers;
    pthread_mutex_lock(&readers->lock);
    size_t share = 1 + readers->queued / readers->count;
    share = share < TAKE_MAX ? share : TAKE_MAX;

    struct query *first = readers->first;
    struct query **end = &readers->first;
    for (; *end != NULL && share > 0; share--) {
        end = &(*end)->next;
        readers->queued--;
    }
    readers->first = *end;
    if (readers->first == NULL)
        readers->end = &readers->first;
    queue_age_set(&readers->age, readers->queued, readers->first != NULL ? readers->first->queued_us : 0);
    if (first == NULL)
        readers->idle |= UINT64_C(1) << reader->index;
    else
        *end = NULL;
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

static bool reader_step(void *data)
{
    struct reader *reader = data;
    struct deliveries deliveries = {0};
    struct query *queries = take_share(reader);
    bool any = queries != NULL;
    for (struct query *query = queries, *next; query != NULL; query = next) {
        next = query->next;
        run_query(reader, query);
        deliveries_add(&deliveries, &query->delivery);
    }
    end_reading(reader);
    deliveries_post(&deliveries);
    return any;
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
    readers->end = &readers->first;
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
    ASSERT(readers->stopped && readers->first == NULL);
    pthread_mutex_destroy(&readers->lock);
    free(readers->all);
    free(readers);
}
