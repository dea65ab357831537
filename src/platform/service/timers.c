/*
 * Timers: rows of souk_timer, and one clock.
 *
 * The writer knows when the earliest is due and has the clock, a timer of options.loop, wake it then. A due timer runs as a command:
 * in one savepoint its row goes and its handler emits. If the handler refuses, the row comes back a minute later.
 *
 *     writer --clock_arm--> arm (task) --> clock (timer) --worker_wake--> writer
 *
 * The clock never sleeps longer than SLEEP_US_MAX, so that a wall clock that is set forward is noticed.
 */
#include "base/assert.h"
#include "base/limits.h"
#include "base/log.h"
#include "platform/service/host_internal.h"

#define SLEEP_US_MAX INT64_C(60000000)
#define AGAIN_US INT64_C(60000000)
#define FORGET_EVERY_US INT64_C(3600000000)

/* --- the clock --------------------------------------------------------------------------------------------------- */

/* On options.loop. */
static void clock_set(struct host *host)
{
    int64_t at_us = atomic_load(&host->armed_us);
    int64_t after_us = at_us - env_now_us(host->env);
    if (at_us == 0)
        return; /* it has just gone off: the writer will set it */
    after_us = after_us < 0 ? 0 : after_us;
    timer_start(host->options.loop, &host->clock, after_us < SLEEP_US_MAX ? after_us : SLEEP_US_MAX);
}

static void on_clock(struct timer *timer)
{
    struct host *host = (struct host *)((char *)timer - offsetof(struct host, clock));
    if (env_now_us(host->env) < atomic_load(&host->armed_us)) {
        clock_set(host);
        return;
    }
    atomic_store(&host->armed_us, 0);
    worker_wake(host->worker);
}

static void on_arm(struct task *task)
{
    struct host *host = (struct host *)((char *)task - offsetof(struct host, arm));
    atomic_store(&host->arm_posted, false);
    if (!host->clock_stopped)
        clock_set(host);
    host_close(host);
}

static void on_stop_clock(struct task *task)
{
    struct host *host = (struct host *)((char *)task - offsetof(struct host, stop_clock));
    timer_stop(host->options.loop, &host->clock);
    host->clock_stopped = true;
    worker_wake(host->worker); /* who waits for something waits no longer */
    host_close(host); /* the clock itself was open since the start */
}

void clock_init(struct host *host)
{
    host->arm.run = on_arm;
    host->stop_clock.run = on_stop_clock;
    host->clock.run = on_clock;
    host->forget_us = env_now_us(host->env) + FORGET_EVERY_US;
}

/* When feeds are read again that could not be. */
static int64_t feeds_again_us(const struct host *host)
{
    return host->feeds_again_us < host->sought.again_us ? host->feeds_again_us : host->sought.again_us;
}

static int64_t wake_us(const struct host *host)
{
    int64_t rest_us = host->rest_until_us - env_monotonic_us(host->env);
    if (rest_us > 0)
        return env_now_us(host->env) + rest_us;
    if (!host_leads(host))
        return host->sought.again_us;
    int64_t at_us = host->timer_due_us < host->forget_us ? host->timer_due_us : host->forget_us;
    return feeds_again_us(host) < at_us ? feeds_again_us(host) : at_us;
}

void clock_arm(struct host *host)
{
    int64_t at_us = wake_us(host);
    if (atomic_load(&host->armed_us) == at_us)
        return;
    atomic_store(&host->armed_us, at_us);

    host_open(host); /* first, so that a drain that has not begun by the next line waits for the task */
    if (atomic_load(&host->draining) || atomic_exchange(&host->arm_posted, true))
        host_close(host);
    else
        loop_post(host->options.loop, &host->arm);
}

/* --- due timers -------------------------------------------------------------------------------------------------- */

struct due_timer {
    const struct timer_handler *handler;
    const char *kind, *key;
    int64_t due_us;
};

static const struct timer_handler *handler_of(const struct service *service, const char *kind)
{
    for (size_t i = 0; i < service->timer_count; i++)
        if (strcmp(service->timers[i].kind, kind) == 0)
            return &service->timers[i];
    return NULL;
}

bool timers_are_due(const struct host *host)
{
    int64_t now_us = env_now_us(host->env);
    if (!host_leads(host))
        return false;
    return host->timer_due_us <= now_us || host->forget_us <= now_us;
}

int64_t timers_earliest(struct tx *tx)
{
    return SQL_INT(tx, INT64_MAX, "SELECT due_us FROM souk_timer ORDER BY due_us LIMIT 1");
}

static enum result run_timer(struct context *context, void *data)
{
    const struct due_timer *timer = data;
    context->tx->may_write = true;
    int64_t taken = SQL_COUNT(context->tx, "DELETE FROM souk_timer WHERE kind = ?1 AND key = ?2 AND due_us = ?3",
                           sql_string(timer->kind), sql_string(timer->key), sql_int(timer->due_us));
    context->tx->may_write = false;
    if (taken == 0)
        return RESULT_OK; /* one that ran before it has cleared or moved it */
    if (timer->handler == NULL) {
        LOG_WARNING("a timer that nobody handles any more", log_text("kind", timer->kind), log_text("key", timer->key));
        return RESULT_OK;
    }
    return timer->handler->due(context, timer->key);
}

/* Outside the savepoint that was undone. */
static void set_again(struct batch *batch, const struct due_timer *timer, const struct call *call)
{
    count(&batch->host->timers_refused);
    LOG_ERROR("a timer was refused", log_text("service", batch->host->declaration->name), log_text("kind", timer->kind),
              log_text("key", timer->key), log_text("result", result_row(call->problem.result)->wire));
    batch->tx->may_write = true;
    tx_timer_set(batch->tx, timer->kind, timer->key, batch->now_us + AGAIN_US);
    batch->tx->may_write = false;
}

static void run_due_timers(struct batch *batch)
{
    struct host *host = batch->host;
    struct due_timer *timers = ARENA_ARRAY(batch->arena, struct due_timer, LIMIT_COMMIT_BATCH);
    size_t timer_count = 0;

    batch->tx->arena = batch->arena;
    struct sql_rows rows = SQL_SELECT(batch->tx,
                                      "SELECT kind, key, due_us FROM souk_timer WHERE due_us <= ?1"
                                      " ORDER BY due_us, kind, key LIMIT ?2",
                                      sql_int(batch->now_us), sql_int(LIMIT_COMMIT_BATCH));
    while (sql_next(&rows)) {
        struct due_timer *timer = &timers[timer_count++];
        timer->kind = sql_get_string(&rows, 0);
        timer->key = sql_get_string(&rows, 1);
        timer->due_us = sql_get_int(&rows, 2);
        timer->handler = handler_of(host->service, timer->kind);
    }

    for (size_t i = 0; i < timer_count; i++) {
        char id[27];
        env_new_id(host->env, id);
        struct call *call = system_call(host, batch->arena, timers[i].kind, arena_strdup(batch->arena, id));
        const char *cause = arena_printf(batch->arena, "timer/%s/%s", timers[i].kind, timers[i].key);
        if (batch_run(batch, call, cause, run_timer, &timers[i]) != RESULT_OK)
            set_again(batch, &timers[i], call);
    }
    batch->touched.timers = true;
}

static void forget_old_answers(struct batch *batch)
{
    int64_t older_than_us = batch->now_us - LIMIT_IDEMPOTENCY_HOURS * INT64_C(3600000000);
    bool all = idempotency_forget_older(batch->tx, older_than_us) < IDEMPOTENCY_FORGET_MAX;
    batch->host->forget_us = all ? batch->now_us + FORGET_EVERY_US : batch->now_us;
}

void timers_run(struct batch *batch)
{
    if (batch->host->timer_due_us <= batch->now_us)
        run_due_timers(batch);
    if (batch->host->forget_us <= batch->now_us)
        forget_old_answers(batch);
}
