/*
 * The writer: the one thread of a service that changes its store.
 *
 * A step takes everything that waits, up to a batch: calls, due timers, events of other services. All of it goes into one
 * transaction, each as if in a savepoint of its own, and one commit makes it durable:
 *
 *     take, read feeds -> begin -> commands, timers, events -> commit -> touch, publish, answer, mark as handled
 *
 * Nobody hears of anything before the commit, and caches hear of it before the caller does, so that who reads after his answer
 * reads what he wrote. While one batch is being committed the next gathers: the more there is to do, the more a commit carries.
 *
 * Commands look before they write, so mostly a refusal has nothing to take back, and they have no savepoint at first. Where one has written, the whole
 * batch is run again with savepoints: nobody has been answered yet.
 *
 * A batch that fails over something that passes is run again, too (redo_batch). When the store fails, everybody in the batch is told so, nothing has happened, and timers and reactions rest for a second. Then, whether
 * or not anybody asks, a commit that changes nothing finds out how it is now: who sees us as not ready sends nobody who would.
 */
#include "base/assert.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/plants.h"
#include "platform/service/dead_letters.h"
#include "platform/service/host_internal.h"
#include "platform/trace/span.h"

#include <unistd.h>

#define REST_US INT64_C(1000000)
#define REDO_AFTER_US 20000

/* --- the queue --------------------------------------------------------------------------------------------------- */

void writer_init(struct host *host)
{
    pthread_mutex_init(&host->queue_lock, NULL);
    host->queue_end = &host->queue_first;
}

static void on_job_home(struct delivery *delivery)
{
    struct writer_job *job = (struct writer_job *)((char *)delivery - offsetof(struct writer_job, delivery));
    struct host *host = job->host;
    job->done(job, job->result);
    host_close(host);
}

/* At the end of the queue. */
static void queue_job(struct host *host, struct writer_job *job)
{
    pthread_mutex_lock(&host->queue_lock);
    job->next = NULL;
    *host->queue_end = job;
    host->queue_end = &job->next;
    size_t length = atomic_fetch_add(&host->queued, 1) + 1;
    queue_age_set(&host->queue_age, length, host->queue_first->queued_us);
    pthread_mutex_unlock(&host->queue_lock);
}

void writer_queue_again(struct host *host, struct writer_job *job)
{
    job->span = NULL; /* that of the run before has ended */
    job->queued_us = env_monotonic_us(host->env);
    queue_job(host, job);
}

void host_write(struct host *host, struct writer_job *job)
{
    host_open(host);
    job->host = host;
    job->delivery = (struct delivery){.arrive = on_job_home, .home = job->call->home};
    job->result = RESULT_OK;
    job->last_event = 0;
    job->span = NULL;
    job->seeks = false;
    job->queued_us = env_monotonic_us(host->env);
    queue_job(host, job);
    worker_wake(host->worker);
}

/* The first jobs of the queue, as a list; but parts of bulk commands stay when it is others' turn. */
static struct writer_job *take_jobs(struct host *host, bool parts_wait)
{
    struct writer_job *first = NULL, **taken_end = &first;
    unsigned taken = 0;
    pthread_mutex_lock(&host->queue_lock);
    struct writer_job **at = &host->queue_first;
    while (*at != NULL && taken < LIMIT_COMMIT_BATCH) {
        struct writer_job *job = *at;
        if (parts_wait && bulk_is_part(job)) {
            at = &job->next;
            continue;
        }
        *at = job->next;
        *taken_end = job;
        taken_end = &job->next;
        taken++;
    }
    *taken_end = NULL;
    if (*at == NULL)
        host->queue_end = at;
    size_t left = atomic_fetch_sub(&host->queued, taken) - taken;
    queue_age_set(&host->queue_age, left, left > 0 ? host->queue_first->queued_us : 0);
    pthread_mutex_unlock(&host->queue_lock);
    return taken > 0 ? first : NULL;
}

/* --- one job ----------------------------------------------------------------------------------------------------- */

/* What has been read by now has brought it along, or it is waited for here. */
void batch_take_turn(struct batch *batch)
{
    struct host *host = batch->host;
    if (!batch->turn.asked)
        return;
    batch->leads = turn_take(host, &batch->turn);
    batch->now_us = batch->now_us > host->head.at_us ? batch->now_us : host->head.at_us;
}

static void savepoint(struct batch *batch)
{
    event_log_savepoint(batch->tx);
    if (batch->savepoints)
        tx_savepoint(batch->tx);
    batch->tx->wrote = false;
}

static void savepoint_keep(struct batch *batch)
{
    if (batch->savepoints)
        tx_savepoint_keep(batch->tx);
    event_log_savepoint_keep(batch->tx);
}

static void savepoint_undo(struct batch *batch)
{
    struct tx *tx = batch->tx;
    if (batch->savepoints)
        tx_savepoint_undo(tx);
    else if (tx->wrote && !tx->failed)
        batch->spoilt = batch->savepoints = tx->failed = tx->may_pass = true;
    event_log_savepoint_undo(tx);
}

enum result batch_run(struct batch *batch, struct call *call, const char *cause,
                      enum result (*run)(struct context *context, void *data), void *data)
{
    struct tx *tx = batch->tx;
    batch_take_turn(batch);
    struct event_log_head head = batch->host->head;
    struct touched_resource *newest = batch->touched.newest;
    uint64_t events = batch->events;
    struct context context = context_of(batch, call, cause);

    tx->arena = call->arena;
    savepoint(batch);
    enum result result = run(&context, data);
    if (result == RESULT_OK) {
        ASSERT(call->problem.result == RESULT_OK);
        savepoint_keep(batch);
        return RESULT_OK;
    }
    if (call->problem.result == RESULT_OK)
        call_refuse(call, result, NULL);
    savepoint_undo(batch);
    if (batch->host->head.number != head.number)
        stream_versions_forget(batch->host->streams);
    batch->host->head = head;
    batch->touched.newest = newest;
    batch->events = events;
    return call->problem.result;
}

static enum result run_platform_job(struct context *context, void *data)
{
    struct writer_job *job = data;
    return job->run(job, context);
}

/* Of the platform's own jobs, which are parts of something, there is no span; whose trace they are of their events say as well. */
static void begin_span(struct host *host, struct writer_job *job)
{
    struct call *call = job->call;
    const char *parent = call->trace_parent;
    job->ran_us = env_monotonic_us(host->env);
    if (job->is_command && span_is_wanted(parent)) {
        const struct command *command = (const struct command *)job;
        job->span = ARENA_NEW(call->arena, struct span);
        parent = trace_parent_child(call->arena, host->env, parent);
        span_begin(job->span, SPAN_INTERNAL, command->method->full_name, parent, call->trace_parent,
                   env_now_us(host->env) - (job->ran_us - job->queued_us));
    }
    job->cause = trace_add_to_cause(call->arena, "call", parent);
}

static void end_span(struct host *host, struct writer_job *job)
{
    if (job->span == NULL)
        return;
    const struct result_row *row = result_row(job->result);
    span_number(job->span, "souk.queue_us", job->ran_us - job->queued_us);
    span_number(job->span, "souk.commit_us", env_monotonic_us(host->env) - job->ran_us);
    span_text(job->span, "souk.result", text_of(row->wire));
    job->span->failed = row->http_status >= 500;
    span_end(job->span, env_now_us(host->env));
}

static void run_job(struct batch *batch, struct writer_job *job)
{
    struct host *host = batch->host;
    uint64_t before = batch->events;
    begin_span(host, job);
    if (!job->is_command)
        job->result = batch_run(batch, job->call, job->cause, run_platform_job, job);
    else if (bulk_is_part(job))
        command_run(batch, (struct command *)job);
    else if (env_monotonic_us(host->env) > job->call->deadline_us)
        job->result = call_refuse(job->call, RESULT_DEADLINE_EXCEEDED, "It waited too long for its turn.");
    else if (atomic_load(&job->call->cancelled))
        job->result = call_refuse(job->call, RESULT_CANCELLED, NULL);
    else
        command_run(batch, (struct command *)job);
    job->seeks = batch->seeks;
    batch->seeks = false;
    if (batch->events > before)
        job->last_event = host->head.number;
    if (is_settling(job) && !bulk_goes_on(job))
        settling_begin(host, (struct command *)job);
}

/* --- after the commit -------------------------------------------------------------------------------------------- */

static void tell_touched(const struct batch *batch)
{
    const struct host_options *options = &batch->host->options;
    if (options->touched == NULL)
        return;
    for (const struct touched_resource *at = batch->touched.newest; at != NULL; at = at->before) {
        options->touched(options->touched_data, at->resource, at->key);
        instances_tell_touched(batch->host, at->resource, at->key);
    }
    if (batch->events > 0)
        options->touched(options->touched_data, "events", batch->host->declaration->name);
}

static void answer_jobs(struct host *host, struct writer_job *jobs)
{
    struct deliveries deliveries = {0};
    for (struct writer_job *job = jobs, *next; job != NULL; job = next) {
        next = job->next; /* posted, it may be gone */
        end_span(host, job); /* of a part, too */
        if (job->seeks) {
            sought_wait(host, job);
            continue;
        }
        if (bulk_goes_on(job)) {
            bulk_part_done(host, (struct command *)job);
            host_write(host, job);
            host_close(host); /* the job counts by itself */
            continue;
        }
        if (job->is_command) {
            count(&host->commands);
            bulk_end(host, (struct command *)job);
            if (!is_settling(job))
                settling_end(host, (struct command *)job);
        }
        if (job->result != RESULT_OK)
            count_refusal(host);
        if (is_settling(job)) {
            answer_when_settled(host, (struct command *)job);
            continue;
        }
        deliveries_add(&deliveries, &job->delivery);
    }
    deliveries_post(&deliveries);
}

static void batch_succeeded(struct batch *batch)
{
    struct host *host = batch->host;
    if (atomic_exchange(&host->store_fails, false))
        LOG_INFO("the store takes commits again", log_text("service", host->declaration->name));
    host->timer_due_us = batch->timer_due_us;
    count(&host->commits);
    atomic_fetch_add(&host->events, batch->events);
    if (host->head.number > atomic_load(&host->last_event)) /* of a later one others may have told */
        atomic_store(&host->last_event, host->head.number);

    tell_touched(batch);
    instances_tell_commit(batch);
    if (batch->events > 0)
        bus_publish(host->options.bus, host->declaration->name, host->head.number);
    answer_jobs(host, batch->jobs);
    consumers_handled(host);
}

static void batch_failed(struct batch *batch)
{
    struct host *host = batch->host;
    if (!atomic_exchange(&host->store_fails, true))
        LOG_ERROR("the store takes no commits", log_text("service", host->declaration->name));
    host->head_is_known = PLANTED(HEAD_NOT_READ_AGAIN);
    host->rest_until_us = env_monotonic_us(host->env) + REST_US;

    for (struct writer_job *job = batch->jobs; job != NULL; job = job->next) {
        if (job->is_command)
            settling_end(host, (struct command *)job);
        job->last_event = 0;
        job->seeks = false;
        if (job->result == RESULT_DEADLINE_EXCEEDED || job->result == RESULT_CANCELLED)
            continue; /* it did not run */
        job->call->problem = (struct problem){0};
        job->call->replayed = false;
        job->result = call_refuse(job->call, RESULT_STORAGE_UNAVAILABLE, NULL);
    }
    answer_jobs(host, batch->jobs);
    consumers_failed(host);
}

/* --- a batch ----------------------------------------------------------------------------------------------------- */

/* The keys that the jobs will ask for. */
static void look_ahead(struct batch *batch)
{
    const struct idempotency_key *keys[LIMIT_COMMIT_BATCH];
    size_t count = 0;
    for (const struct writer_job *job = batch->jobs; job != NULL; job = job->next)
        if (job->key != NULL)
            keys[count++] = job->key;
    idempotency_look_ahead(batch->tx, keys, count);
}

static void begin(struct batch *batch)
{
    struct host *host = batch->host;
    batch->tx = tx_begin(host->connection);
    batch->tx->arena = batch->arena;
    batch->tx->touched = &batch->touched;
    batch->tx->log = &batch->log;
    batch->leads = host->watch == NULL;
    if (host->watch != NULL) {
        batch->turn = turn_ask(host, batch->tx);
    } else if (!host->head_is_known) {
        host_read_head(host, batch->tx);
        host->head_is_known = true;
    }

    int64_t now_us = env_now_us(host->env), heard_due_us = atomic_load(&host->heard_due_us);
    batch->now_us = now_us > host->head.at_us ? now_us : host->head.at_us;
    batch->timer_due_us = host->timer_due_us;
    if (host->watch != NULL && heard_due_us < batch->timer_due_us)
        batch->timer_due_us = heard_due_us;
}

static bool end(struct batch *batch)
{
    struct tx *tx = batch->tx;
    tx->arena = batch->arena;
    if (batch->touched.timers)
        batch->timer_due_us = timers_earliest(tx);
    tx->touched = NULL;
    event_log_flush(tx);
    batch->ended = batch->host->head;
    if (!tx->failed)
        return tx_commit(tx);
    tx_rollback(tx);
    return false;
}

/* A row that comes and goes: enough to be written. */
static void probe(struct batch *batch)
{
    const struct idempotency_key nobodys = {0};
    idempotency_store(batch->tx, &nobodys, TEXT(""), TEXT(""), batch->now_us);
    idempotency_forget(batch->tx, &nobodys);
}

/* What only one process does. Somebody may have taken the lead since these events were read. */
static void lead_batch(struct batch *batch)
{
    batch_take_turn(batch);
    if (!batch->leads) {
        consumers_failed(batch->host);
        return;
    }
    batch->savepoints = true; /* others must not be run again over these, who tell of it themselves when they are refused */
    timers_run(batch);
    consumers_handle(batch);
}

static bool try_batch(struct batch *batch, bool rests)
{
    begin(batch);
    if (atomic_load(&batch->host->store_fails))
        probe(batch);
    look_ahead(batch);
    for (struct writer_job *job = batch->jobs; job != NULL && !batch->spoilt; job = job->next)
        run_job(batch, job);
    if (!rests && !batch->spoilt && host_leads(batch->host))
        lead_batch(batch);
    batch_take_turn(batch);
    if (PLANTED(ANSWER_BEFORE_COMMIT)) {
        event_log_flush(batch->tx); /* whoever has been answered takes his arena with him */
        answer_jobs(batch->host, batch->jobs);
        batch->jobs = NULL;
    }
    dead_letters_store(batch);
    return end(batch);
}

/* --- once more --------------------------------------------------------------------------------------------------- */

/* As it was before it ran. */
static void reset(struct batch *batch)
{
    struct host *host = batch->host;
    for (struct writer_job *job = batch->jobs; job != NULL; job = job->next) {
        if (is_settling(job))
            settling_end(host, (struct command *)job);
        job->result = RESULT_OK;
        job->last_event = 0;
        job->seeks = false;
        job->call->problem = (struct problem){0};
        job->call->replayed = false;
    }
    *batch = (struct batch){
        .host = host,
        .jobs = batch->jobs,
        .arena = batch->arena,
        .touched = {.arena = batch->arena},
        .savepoints = batch->savepoints,
    };
}

/* What became of a batch whose commit nobody answered. */
enum outcome { OUTCOME_UNKNOWN, OUTCOME_LOST, OUTCOME_COMMITTED };

/* Its last event tells. Whoever has the turn knows that the lost session's transaction is over. One without events may be written twice. */
static enum outcome await_outcome(const struct batch *batch)
{
    usleep(REDO_AFTER_US);
    struct tx *tx = tx_begin(batch->host->connection);
    bool committed = batch->events > 0 && event_log_has(tx, &batch->ended);
    bool known = !tx->failed;
    tx_rollback(tx);
    return !known ? OUTCOME_UNKNOWN : committed ? OUTCOME_COMMITTED : OUTCOME_LOST;
}

/* The store failed over something that passes, a session that was lost above all, or what a command wrote is to be taken back and was in no
 * savepoint. Nobody has been answered, so the whole batch can be run again, as often as there is time. */
static bool redo_batch(struct batch *batch, bool rests)
{
    struct host *host = batch->host;
    int64_t until_us = env_monotonic_us(host->env) + INT64_C(1000) * LIMIT_REDO_MS;
    if (atomic_load(&host->store_fails))
        return false; /* it has had its time */
    while (batch->tx->may_pass && env_monotonic_us(host->env) < until_us) {
        enum outcome outcome = batch->spoilt ? OUTCOME_LOST : await_outcome(batch);
        if (outcome == OUTCOME_COMMITTED)
            return true;
        if (outcome == OUTCOME_UNKNOWN)
            continue;
        if (!batch->spoilt)
            count(&host->redone);
        host->head_is_known = false;
        reset(batch);
        if (try_batch(batch, rests))
            return true;
    }
    return false;
}

/* A part of a bulk has moved on in its file when it has run, and a store that fails gets no second try. */
static bool needs_savepoints(const struct host *host, const struct writer_job *jobs)
{
    return bulk_is_among(jobs) || atomic_load(&host->store_fails);
}

static void run_batch(struct host *host, struct writer_job *jobs, bool rests, struct arena *arena)
{
    struct batch batch = {
        .host = host,
        .jobs = jobs,
        .arena = arena,
        .touched = {.arena = arena},
        .savepoints = needs_savepoints(host, jobs),
    };
    bool committed = try_batch(&batch, rests) || redo_batch(&batch, rests);
    atomic_store(&host->under_way, 0);
    if (atomic_exchange(&host->expected, 0) > 0)
        connection_expect_much(host->connection, false);
    if (committed)
        batch_succeeded(&batch);
    else
        batch_failed(&batch);
}

/* --- a step ------------------------------------------------------------------------------------------------------ */

/* A timer that others have set may be due. */
static void take_heard_timer(struct host *host)
{
    int64_t due_us = host->watch != NULL ? atomic_exchange(&host->heard_due_us, INT64_MAX) : INT64_MAX;
    if (due_us < host->timer_due_us)
        host->timer_due_us = due_us;
}

bool writer_step(void *data)
{
    struct host *host = data;
    if (!atomic_load(&host->started))
        return false;

    struct arena *arena = arena_new(LIMIT_BULK_ARENA);
    if (leader_has_work(host))
        leader_step(host, arena);
    take_heard_timer(host);
    bool rests = env_monotonic_us(host->env) < host->rest_until_us;
    bool consumes = !rests && host_leads(host);
    sought_read(host);
    struct writer_job *jobs = take_jobs(host, consumes && host->parts_had_turn && consumers_have_more(host));
    host->parts_had_turn = bulk_is_among(jobs);
    consumes = consumes && !host->parts_had_turn && consumers_read(host, arena);
    bool works = jobs != NULL || consumes || (!rests && (timers_are_due(host) || atomic_load(&host->store_fails)));
    if (works)
        run_batch(host, jobs, rests, arena);
    else
        store_checkpoint(host->connection);
    arena_free(arena);
    clock_arm(host);
    return works || atomic_load(&host->queued) > 0;
}
