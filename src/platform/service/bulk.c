/*
 * Bulk commands: those whose request is a file (`bulk` in declaration.h).
 *
 *     bulk_take -> read and checked, beside the writer -> part -> part -> … -> the answer
 *                          |                                |
 *                      answered, refused                 between two of them others have their turn
 *
 * To read a file of 100,000 rows and to hold them against the tables takes seconds, and so does writing them; whoever waits for the same
 * writer must not wait for that. So a bulk command's handler runs as a query does, on one state of the tables, on a worker of its own, where one
 * file waits for another and no reader is held up. It emits nothing: it says context_in_parts(), and what it has worked out is done on the
 * writer part by part. Each part is a command like any other, in a savepoint, and goes to the end of the queue again until nothing is left.
 * While there are events of other services to handle, they and the parts take turns, a batch each: neither waits for all of the other, and no batch is long.
 *
 * So what it has worked out may be old when its part is done, and a crash may come between two parts. Both are the service's: it looks again
 * at what a part changes, and takes a command that stands still for dead (a timer that every part sets anew) and undoes it.
 *
 * Under an Idempotency-Key the answer is kept with the last part. Until then whoever comes with the same key is told that it is running; that is known
 * in memory only, so that after a crash the key is free.
 */
#include "base/assert.h"
#include "base/log.h"
#include "platform/rpc/message.h"
#include "platform/service/host_internal.h"

/* --- the worker -------------------------------------------------------------------------------------------------- */

static struct command *take_first(struct bulk *bulk)
{
    pthread_mutex_lock(&bulk->lock);
    struct command *command = bulk->first;
    if (command != NULL && (bulk->first = command->next_bulk) == NULL)
        bulk->end = &bulk->first;
    pthread_mutex_unlock(&bulk->lock);
    return command;
}

static bool is_connected(struct host *host)
{
    char error[512];
    struct bulk *bulk = &host->bulk;
    if (bulk->connection == NULL && (bulk->connection = connection_open(host->store, CONNECTION_READER, error)) == NULL)
        LOG_ERROR("the store can't be read", log_text("service", host->declaration->name), log_text("why", error));
    return bulk->connection != NULL;
}

static enum result run_handler(struct host *host, struct command *command, struct tx *tx)
{
    struct call *call = command->job.call;
    struct context context = {
        .call = call,
        .tx = tx,
        .arena = call->arena,
        .now_us = env_now_us(host->env),
        .host = host,
        .parts = &command->parts,
    };
    tx->arena = call->arena;
    if (command_was_answered(host, tx, command))
        return command->job.result;
    command->answer = message_new(call->arena, command->method->output->descriptor);
    return (enum result)host_handler(host, command->method)(&context, command->request, command->answer);
}

static enum result prepare(struct host *host, struct command *command)
{
    struct call *call = command->job.call;
    if (env_monotonic_us(host->env) > call->deadline_us)
        return call_refuse(call, RESULT_DEADLINE_EXCEEDED, "It waited too long for its turn.");
    if (!is_connected(host))
        return call_refuse(call, RESULT_STORAGE_UNAVAILABLE, NULL);
    struct tx *tx = tx_begin(host->bulk.connection);
    enum result result = run_handler(host, command, tx);
    if (tx->failed) {
        call->problem = (struct problem){0};
        result = call_refuse(call, RESULT_STORAGE_UNAVAILABLE, NULL);
    }
    tx_rollback(tx);
    if (result != RESULT_OK && call->problem.result == RESULT_OK)
        call_refuse(call, result, NULL);
    return result;
}

static void on_home(struct delivery *delivery)
{
    struct writer_job *job = (struct writer_job *)((char *)delivery - offsetof(struct writer_job, delivery));
    struct host *host = job->host;
    job->done(job, job->result);
    host_close(host);
}

static void answer(struct host *host, struct command *command, enum result result)
{
    struct writer_job *job = &command->job;
    if (result != RESULT_OK)
        count_refusal(host);
    job->host = host;
    job->result = result;
    job->delivery = (struct delivery){.arrive = on_home, .home = job->call->home};
    delivery_post(&job->delivery);
}

static bool bulk_step(void *data)
{
    struct host *host = data;
    struct command *command = take_first(&host->bulk);
    if (command == NULL)
        return false;
    enum result result = prepare(host, command);
    if (result != RESULT_OK || command->parts.take == NULL) {
        answer(host, command, result);
        return true;
    }
    host_write(host, &command->job);
    host_close(host); /* the job counts by itself */
    return true;
}

static bool has_bulk_commands(const struct service_declaration *declaration)
{
    for (size_t i = 0; i < declaration->method_count; i++)
        if (is_bulk_command(declaration->methods[i]))
            return true;
    return false;
}

void bulk_start(struct host *host)
{
    struct bulk *bulk = &host->bulk;
    if (!has_bulk_commands(host->declaration))
        return;
    pthread_mutex_init(&bulk->lock, NULL);
    bulk->end = &bulk->first;
    bulk->worker = worker_start(host->env, "bulk", bulk_step, host);
}

void bulk_stop(struct host *host)
{
    struct bulk *bulk = &host->bulk;
    if (bulk->worker == NULL)
        return;
    worker_stop(bulk->worker);
    ASSERT(bulk->first == NULL);
    if (bulk->connection != NULL)
        connection_close(bulk->connection);
    pthread_mutex_destroy(&bulk->lock);
}

void bulk_take(struct host *host, struct command *command)
{
    struct bulk *bulk = &host->bulk;
    pthread_mutex_lock(&bulk->lock);
    *bulk->end = command;
    bulk->end = &command->next_bulk;
    pthread_mutex_unlock(&bulk->lock);
    worker_wake(bulk->worker);
}

/* --- parts, on the writer ---------------------------------------------------------------------------------------- */

static enum result take_part(struct context *context, void *data)
{
    struct command *command = data;
    struct parts *parts = &command->parts;
    context->parts = parts;
    parts->began_us = env_monotonic_us(context->host->env);
    return parts->take(context, parts->work, &parts->more);
}

/* Whoever has begun goes on, whether or not its caller still waits: half of it is done. */
static enum result check_turn(const struct command *command)
{
    struct call *call = command->job.call;
    if (command->parts.number == 0 && atomic_load(&call->cancelled))
        return call_refuse(call, RESULT_CANCELLED, NULL);
    return RESULT_OK;
}

void bulk_take_part(struct batch *batch, struct command *command)
{
    struct host *host = batch->host;
    struct writer_job *job = &command->job;
    struct parts *parts = &command->parts;
    uint64_t events_before = batch->events;

    job->result = check_turn(command);
    if (job->result != RESULT_OK || (parts->number == 0 && command_was_answered(host, batch->tx, command)))
        return;
    parts->more = false;
    job->result = batch_run(batch, job->call, job->cause, take_part, command);
    bool goes_on = job->result == RESULT_OK && parts->more;
    if (goes_on && parts->number == 0)
        settling_begin(host, command);
    parts->present = batch->events - events_before;
    if (!goes_on && command->has_key && result_is_definitive(job->result))
        command_remember(batch, command);
}

bool bulk_is_part(const struct writer_job *job)
{
    return job->is_command && ((const struct command *)job)->parts.take != NULL;
}

bool bulk_is_among(const struct writer_job *jobs)
{
    for (; jobs != NULL; jobs = jobs->next)
        if (bulk_is_part(jobs))
            return true;
    return false;
}

bool bulk_goes_on(const struct writer_job *job)
{
    return job->is_command && job->result == RESULT_OK && ((const struct command *)job)->parts.more;
}

void bulk_part_done(struct host *host, struct command *command)
{
    struct parts *parts = &command->parts;
    parts->number++;
    parts->done += parts->present;
    atomic_fetch_add(&host->parts_done, parts->present);
}

void bulk_end(struct host *host, struct command *command)
{
    struct parts *parts = &command->parts;
    atomic_fetch_sub(&host->parts_done, parts->done);
    atomic_fetch_sub(&host->parts_expected, parts->expected);
    if (parts->expected > 0)
        connection_expect_much(host->connection, false);
    parts->done = parts->expected = 0;
    parts->more = false;
}
