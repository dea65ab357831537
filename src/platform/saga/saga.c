/*
 * Running sagas: a machine per saga, on its home loop.
 *
 *     saga_begin -> start recorded -> step_begin -> the step's function -> conclude
 *                                        ^                                   |
 *                                        |      said: call  -> launch -> on_answer -> `then` -> conclude
 *                                        |      said: again -> wait -------------------> step_begin
 *                                        '----- said: next  -> the step after, or end
 *                                               said: refuse -> turn -> undo from here back, or end
 *
 * A step's function only says what is to happen (saga_call, saga_next …); it happens when the function has returned, in
 * conclude(). So nothing of a step is on the stack while its answer is under way, and steps that end at once need no care. A step
 * that has said nothing waits for something of its own, and says so later.
 *
 * What is recorded, and whether it is waited for:
 *
 *     the start                     yes: the claim of the key and the saga are there before anything happens
 *     a step                        no: repeated calls bear the same keys, so an old step may be done again; and only when the saga
 *                                   says so (`noted`), in an undo, or when it does not get on, so that it shows where
 *     the pivot                     yes: once it may have happened, a deadline must not turn the saga back after a crash
 *     turning                       yes: a saga that has undone something must not go forward after a crash; of one that is not durable,
 *                                   that whoever asks again with its key begins under an id of their own
 *     the end                       yes: then the caller is answered
 *
 * Memory: `life` holds what lasts (request, caller's details, the problem). Each step, each time, gets a fresh arena, into which
 * state and answer are copied; a call has its own, kept with the step when it succeeded. So a saga that asks a provider every
 * few seconds for days does not grow.
 */
#include "base/assert.h"
#include "base/id.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/plants.h"
#include "platform/rpc/message.h"
#include "platform/saga/saga_internal.h"
#include "platform/service/host_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define BACK_OFF_FIRST_US INT64_C(50000)
#define BACK_OFF_MAX_US INT64_C(5000000)
/* The least that a call gets, however late it is. */
#define CALL_LEAST_US INT64_C(1000000)

static void step_begin(struct saga_under_way *saga);
static void launch(struct saga_under_way *saga);
static void turn(struct saga_under_way *saga);
static void conclude(struct saga_under_way *saga);

static struct env *env_of(const struct saga_under_way *saga)
{
    return saga->host->env;
}

static bool is_draining(const struct saga_under_way *saga)
{
    return atomic_load(&saga->host->draining);
}

/* This process was taken for gone, and another one goes on with it (service/instances.h). What leaves no record is nobody else's. */
static bool is_lost(const struct saga_under_way *saga)
{
    return (saga->run.saga->durable || saga->has_key) && saga->instance != atomic_load(&saga->host->instance);
}

/* There is no way back: only forward, however long it takes. */
static bool is_past_pivot(const struct saga_under_way *saga)
{
    size_t pivot = saga->run.saga->pivot;
    return pivot != 0 && saga->step >= pivot;
}

static bool may_fail(const struct saga_under_way *saga)
{
    return !saga->run.undoing && !is_past_pivot(saga);
}

static uint64_t hash_of_state(const struct saga_under_way *saga)
{
    return saga->run.state != NULL ? text_checksum(message_pack(saga->run.arena, saga->run.state)) : 0;
}

/* --- being ------------------------------------------------------------------------------------------------------- */

static void on_timer(struct timer *timer)
{
    struct saga_under_way *saga = (struct saga_under_way *)((char *)timer - offsetof(struct saga_under_way, timer));
    void (*after)(struct saga_under_way *) = saga->after;
    saga->after = NULL;
    after(saga);
}

static void give_up_answering(struct saga_under_way *saga);
static void answer_caller(struct saga_under_way *saga);
static void answer_accepted(struct saga_under_way *saga, const char *location, const char *action);

/* Where to look how it goes; NULL when there is no such place. */
static const char *location_of(struct saga_under_way *saga)
{
    return saga->run.saga->location != NULL ? saga->run.saga->location(&saga->run) : NULL;
}

/* Undone because a service can't be asked. What is left of the undoing may wait for that very service, and changes nothing of what the caller
 * is to be told. */
static bool is_given_up(const struct saga_under_way *saga)
{
    return saga->run.undoing && result_row(saga->problem.result)->http_status == 503;
}

/* The caller has waited long enough; the saga goes on. */
static void on_patience(struct timer *timer)
{
    struct saga_under_way *saga = (struct saga_under_way *)((char *)timer - offsetof(struct saga_under_way, patience));
    const char *location = location_of(saga);
    if (is_given_up(saga))
        answer_caller(saga);
    else if (location != NULL)
        answer_accepted(saga, location, NULL);
    else
        give_up_answering(saga);
}

static void on_drain(struct task *task);

/* The caller's call is copied, as the saga may outlive it. */
static struct saga_under_way *saga_new(struct host *host, const struct method_declaration *method, const char *id,
                                       const struct call *like)
{
    struct saga_under_way *saga = calloc(1, sizeof *saga);
    ASSERT(saga != NULL);
    saga->host = host;
    saga->life = arena_new(LIMIT_CALL_ARENA);
    saga->timer.run = on_timer;
    saga->patience.run = on_patience;
    saga->drain.run = on_drain;
    saga->deadline_us = like->deadline_us;
    saga->instance = atomic_load(&host->instance);

    struct saga_run *run = &saga->run;
    run->saga = host->declaration->sagas[method->index];
    run->method = method;
    strcpy(run->id, id);
    run->call = call_child(like, saga->life);
    run->call->idempotency_key = arena_strdup(saga->life, like->idempotency_key);
    run->call->if_version = like->if_version;
    run->arena = arena_new(LIMIT_CALL_ARENA);
    if (run->saga->state != NULL)
        run->state = message_new(run->arena, run->saga->state);
    run->answer = message_new(run->arena, method->output->descriptor);
    saga->noted_state = hash_of_state(saga);

    host_open(host);
    atomic_fetch_add(&host->sagas_open, 1);
    pthread_mutex_lock(&host->lock);
    saga->next = host->sagas;
    if (saga->next != NULL)
        saga->next->before = saga;
    host->sagas = saga;
    pthread_mutex_unlock(&host->lock);
    return saga;
}

static void saga_free(struct saga_under_way *saga)
{
    struct host *host = saga->host;
    arena_free(saga->run.arena);
    arena_free(saga->life);
    free(saga);
    host_close(host);
}

/* Off the list. Whether a drain is still on its way to it. */
static bool saga_unlink(struct saga_under_way *saga)
{
    struct host *host = saga->host;
    pthread_mutex_lock(&host->lock);
    if (saga->before != NULL)
        saga->before->next = saga->next;
    else
        host->sagas = saga->next;
    if (saga->next != NULL)
        saga->next->before = saga->before;
    saga->ended = true;
    bool awaited = saga->drain_posted;
    pthread_mutex_unlock(&host->lock);
    return awaited;
}

static void saga_end(struct saga_under_way *saga)
{
    struct loop *home = saga->run.call->home;
    timer_stop(home, &saga->timer);
    timer_stop(home, &saga->patience);
    atomic_fetch_sub(&saga->host->sagas_open, 1);
    if (!saga_unlink(saga))
        saga_free(saga);
}

/* --- answering --------------------------------------------------------------------------------------------------- */

/* Answer whoever still waits: with the answer, or with the problem. */
static void answer_caller(struct saga_under_way *saga)
{
    struct call *caller = saga->caller;
    saga->caller = NULL;
    if (caller == NULL)
        return;
    if (saga->problem.result != RESULT_OK) {
        count_refusal(saga->host);
        caller->problem = problem_copy(caller->arena, &saga->problem);
        call_answer(caller, NULL);
        return;
    }
    struct text packed = message_pack(saga->life, saga->run.answer);
    call_answer(caller, message_unpack(caller->arena, saga->run.answer->descriptor, packed));
}

/* Nobody waits for ever: not even for a step that is past the pivot and must be waited out. */
static void give_up_answering(struct saga_under_way *saga)
{
    struct call *caller = saga->caller;
    saga->caller = NULL;
    if (caller == NULL)
        return;
    count_refusal(saga->host);
    (void)call_refuse(caller, RESULT_DEADLINE_EXCEEDED, "It has begun, and goes on by itself. Look again in a while.");
    call_answer(caller, NULL);
}

/* Leave it as it is: a durable one goes on at the next start. */
static void park(struct saga_under_way *saga)
{
    saga->problem = (struct problem){.result = RESULT_SHUTTING_DOWN};
    if (is_lost(saga))
        saga->problem.detail = "It goes on elsewhere. Ask again with the same Idempotency-Key.";
    else if (saga->run.saga->durable)
        saga->problem.detail = "It goes on when this server is back. Ask again with the same Idempotency-Key.";
    answer_caller(saga);
    saga_end(saga);
}

static void answer_accepted(struct saga_under_way *saga, const char *location, const char *action)
{
    struct call *caller = saga->caller;
    saga->caller = NULL;
    saga->accept_location = saga->accept_action = NULL;
    if (caller == NULL)
        return;
    caller->accepted_location = arena_strdup(caller->arena, location);
    caller->accepted_action = action != NULL ? arena_strdup(caller->arena, action) : NULL;
    call_answer(caller, message_new(caller->arena, saga->run.answer->descriptor));
}

/* What the step has asked for, if anything. */
static void accept_if_said(struct saga_under_way *saga)
{
    if (saga->accept_location != NULL)
        answer_accepted(saga, saga->accept_location, saga->accept_action);
}

void saga_accept(struct saga_run *run, const char *location, const char *action)
{
    struct saga_under_way *saga = (struct saga_under_way *)run;
    ASSERT(run->saga->durable);
    if (saga->caller == NULL)
        return;
    saga->accept_location = arena_strdup(saga->life, location);
    saga->accept_action = action != NULL ? arena_strdup(saga->life, action) : NULL;
}

/* --- waiting ----------------------------------------------------------------------------------------------------- */

static void wait_for(struct saga_under_way *saga, int64_t time_us, void (*after)(struct saga_under_way *saga))
{
    if (is_draining(saga) || is_lost(saga)) {
        park(saga);
        return;
    }
    saga->after = after;
    timer_start(saga->run.call->home, &saga->timer, time_us);
}

/* 50 ms, 100 ms … 5 s; the upper half of it by chance, so that those who failed together don't come back together. */
static int64_t back_off_us(struct saga_under_way *saga)
{
    int64_t time_us = BACK_OFF_MAX_US;
    if (saga->tries < 7)
        time_us = BACK_OFF_FIRST_US << saga->tries;
    if (time_us > BACK_OFF_MAX_US)
        time_us = BACK_OFF_MAX_US;
    saga->tries++;
    uint32_t chance;
    env_random(env_of(saga), &chance, sizeof chance);
    return time_us / 2 + (time_us / 2) * (chance % 1024) / 1024;
}

static void on_drain(struct task *task)
{
    struct saga_under_way *saga = (struct saga_under_way *)((char *)task - offsetof(struct saga_under_way, drain));
    pthread_mutex_lock(&saga->host->lock);
    saga->drain_posted = false;
    bool ended = saga->ended;
    pthread_mutex_unlock(&saga->host->lock);
    if (ended)
        saga_free(saga);
    else if (saga->after != NULL)
        park(saga);
    /* otherwise an answer is on its way, and what follows it will see that we drain */
}

void sagas_drain(struct host *host)
{
    pthread_mutex_lock(&host->lock);
    for (struct saga_under_way *saga = host->sagas; saga != NULL; saga = saga->next) {
        saga->drain_posted = true;
        loop_post(saga->run.call->home, &saga->drain);
    }
    pthread_mutex_unlock(&host->lock);
}

/* --- the end ----------------------------------------------------------------------------------------------------- */

static void on_end_recorded(struct saga_under_way *saga, bool written);

static void record_end(struct saga_under_way *saga)
{
    saga_record_end(saga, on_end_recorded);
}

static void on_end_recorded(struct saga_under_way *saga, bool written)
{
    if (!written) {
        wait_for(saga, back_off_us(saga), record_end);
        return;
    }
    answer_caller(saga);
    saga_end(saga);
}

static void end(struct saga_under_way *saga)
{
    saga->tries = 0;
    if (!saga->run.undoing && saga->problem.result == RESULT_OK && saga->run.saga->answer != NULL)
        saga->run.saga->answer(&saga->run);
    if (saga->run.saga->durable || saga->has_key) {
        record_end(saga);
        return;
    }
    answer_caller(saga);
    saga_end(saga);
}

/* --- steps ------------------------------------------------------------------------------------------------------- */

static ProtobufCMessage *message_copy(struct arena *arena, const ProtobufCMessage *message)
{
    return message_unpack(arena, message->descriptor, message_pack(arena, message));
}

static void renew_arena(struct saga_under_way *saga)
{
    struct saga_run *run = &saga->run;
    struct arena *old = run->arena;
    run->arena = arena_new(LIMIT_CALL_ARENA);
    if (run->state != NULL)
        run->state = message_copy(run->arena, run->state);
    run->answer = message_copy(run->arena, run->answer);
    arena_free(old);
}

/* Of the trace that the saga was begun in, also after a crash. */
static void begin_span(struct saga_under_way *saga)
{
    const char *parent = saga->run.call->trace_parent;
    struct arena *arena = saga->run.arena;
    saga->step_trace = parent;
    if (!span_is_wanted(parent))
        return;
    const struct saga_step *step = &saga->run.saga->steps[saga->step];
    saga->step_trace = trace_parent_child(arena, env_of(saga), parent);
    span_begin(&saga->step_span, SPAN_INTERNAL, arena_printf(arena, "%s%s", saga->run.undoing ? "undo: " : "", step->name), saga->step_trace,
               parent, saga->run.now_us);
    span_text(&saga->step_span, "souk.saga", text_of(saga->run.id));
}

static void end_span(struct saga_under_way *saga, bool failed)
{
    saga->step_span.failed = failed;
    span_end(&saga->step_span, env_now_us(env_of(saga)));
}

static void step_begin(struct saga_under_way *saga)
{
    end_span(saga, false); /* of the step that waited, and begins anew */
    if (is_draining(saga) || is_lost(saga)) {
        park(saga);
        return;
    }
    const struct saga_step *step = &saga->run.saga->steps[saga->step];
    renew_arena(saga);
    saga->calls = 0;
    saga->heard_news = false;
    saga->otherwise = NULL;
    saga->if_away = NULL;
    saga->run.now_us = env_now_us(env_of(saga));
    begin_span(saga);
    saga->in_step = true;
    (saga->run.undoing ? step->undo : step->act)(&saga->run);
    conclude(saga);
}

static void will_be_noted(struct saga_under_way *saga)
{
    saga->is_behind = false;
    saga->noted_state = hash_of_state(saga);
}

/* Record where it is, without waiting. */
static void note(struct saga_under_way *saga)
{
    will_be_noted(saga);
    saga_record_progress(saga);
}

static void note_if_worth_it(struct saga_under_way *saga)
{
    if (saga->run.undoing || (saga->run.saga->noted >> saga->step & 1))
        note(saga);
    else
        saga->is_behind = true;
}

/* A step that only waits longer says nothing new, and nothing of it is noted: after a crash it hears the answers of before again, one after
 * the other and without waiting in between, until one is news (saga_again_anew). */
static bool says_something_new(const struct saga_under_way *saga)
{
    return saga->is_behind || hash_of_state(saga) != saga->noted_state;
}

/* Only while the step has learnt nothing: it begins anew with what is recorded. */
static void note_that_it_waits(struct saga_under_way *saga)
{
    if (saga->is_behind && saga->calls == 1)
        note(saga);
}

static void on_step_recorded(struct saga_under_way *saga, bool written);

static void record_step(struct saga_under_way *saga)
{
    will_be_noted(saga);
    saga_record_step(saga, on_step_recorded);
}

static void on_step_recorded(struct saga_under_way *saga, bool written)
{
    if (!written) {
        wait_for(saga, back_off_us(saga), record_step);
        return;
    }
    saga->tries = 0;
    step_begin(saga);
}

/* The last step before `step` that has an undo, or -1. */
static int64_t step_to_undo_before(const struct saga_under_way *saga, size_t step)
{
    while (step-- > 0)
        if (saga->run.saga->steps[step].undo != NULL)
            return (int64_t)step;
    return -1;
}

static void go_on(struct saga_under_way *saga, size_t step)
{
    saga->step = step;
    saga->run.attempt = 0;
    saga->may_have_acted = false;
    saga->tries = 0;
    if (!saga->run.saga->durable) {
        step_begin(saga);
        return;
    }
    bool is_pivot = !saga->run.undoing && step > 0 && step == saga->run.saga->pivot;
    if (is_pivot) {
        record_step(saga);
        return;
    }
    note_if_worth_it(saga);
    step_begin(saga);
}

static void step_done(struct saga_under_way *saga)
{
    end_span(saga, false);
    if (!saga->run.undoing) {
        if (saga->step + 1 == saga->run.saga->step_count)
            end(saga);
        else
            go_on(saga, saga->step + 1);
        return;
    }
    int64_t next = step_to_undo_before(saga, saga->step);
    if (next < 0)
        end(saga);
    else
        go_on(saga, (size_t)next);
}

static void wait_for_again(struct saga_under_way *saga)
{
    accept_if_said(saga);
    wait_for(saga, saga->again_after_us, step_begin);
}

static void on_waiting_recorded(struct saga_under_way *saga, bool written)
{
    (void)written; /* if not, the next time it waits */
    saga->is_behind = !written;
    wait_for_again(saga);
}

/* Who is told to look how it goes must find there what is to be done: so that is noted first. */
static void do_again(struct saga_under_way *saga)
{
    bool is_new = saga->run.saga->durable && says_something_new(saga);
    if (is_new && saga->accept_location != NULL) {
        will_be_noted(saga);
        saga_record_step(saga, on_waiting_recorded);
        return;
    }
    if (is_new)
        note(saga);
    wait_for_again(saga);
}

/* Do what the step has said. */
static void conclude(struct saga_under_way *saga)
{
    enum saga_said said = saga->said;
    saga->said = SAID_NOTHING;
    saga->in_step = false;
    if (said == SAID_NEXT || said == SAID_REFUSE)
        accept_if_said(saga);
    switch (said) {
    case SAID_NOTHING:
        break;
    case SAID_CALL:
        saga->tries = saga->refusals = 0;
        saga->began_us = env_monotonic_us(env_of(saga));
        launch(saga);
        break;
    case SAID_NEXT:
        step_done(saga);
        break;
    case SAID_REFUSE:
        turn(saga);
        break;
    case SAID_AGAIN:
        do_again(saga);
        break;
    }
}

/* --- turning ----------------------------------------------------------------------------------------------------- */

static void on_turn_recorded(struct saga_under_way *saga, bool written);

static void record_turn(struct saga_under_way *saga)
{
    will_be_noted(saga);
    if (saga->run.saga->durable)
        saga_record_turn(saga, on_turn_recorded);
    else
        saga_record_turn_of_key(saga, on_turn_recorded);
}

static void on_turn_recorded(struct saga_under_way *saga, bool written)
{
    if (!written) {
        wait_for(saga, back_off_us(saga), record_turn);
        return;
    }
    saga->tries = 0;
    step_begin(saga);
}

/* Undo what is done: this step, too, if it may have had an effect, then those before. */
static void turn(struct saga_under_way *saga)
{
    end_span(saga, true);
    int64_t first = step_to_undo_before(saga, saga->step + (saga->may_have_acted && !PLANTED(UNKNOWN_STEP_NOT_UNDONE) ? 1 : 0));
    saga->tries = 0;
    if (first < 0) {
        end(saga);
        return;
    }
    saga->run.undoing = true;
    saga->run.attempt = 0;
    saga->step = (size_t)first;
    if (saga->run.saga->durable || saga->has_key)
        record_turn(saga);
    else
        step_begin(saga);
}

/* --- calls ------------------------------------------------------------------------------------------------------- */

/* It did not happen now, or nobody knows whether it did: the same call again will tell. */
static bool is_passing(enum result result)
{
    switch (result) {
    case RESULT_REQUEST_IN_PROGRESS:
    case RESULT_TOO_MANY_REQUESTS:
    case RESULT_CANCELLED:
        return true;
    case RESULT_UNIMPLEMENTED:
        return false;
    default:
        return result_row(result)->http_status >= 500;
    }
}

static const char *key_of_call(const struct saga_under_way *saga, struct arena *arena)
{
    const char *again = saga->refusals > 0 ? arena_printf(arena, "/%u", saga->refusals) : "";
    return arena_printf(arena, "%s/%zu%s/%u/%u%s", saga->run.id, saga->step, saga->run.undoing ? "/undo" : "",
                        saga->run.attempt, saga->calls, again);
}

static int64_t deadline_of_call(const struct saga_under_way *saga)
{
    int64_t now_us = env_monotonic_us(env_of(saga));
    int64_t deadline_us = now_us + INT64_C(1000) * LIMIT_CALL_MS;
    if (!may_fail(saga) || saga->deadline_us >= deadline_us)
        return deadline_us;
    return saga->deadline_us > now_us + CALL_LEAST_US ? saga->deadline_us : now_us + CALL_LEAST_US;
}

static void log_stuck(const struct saga_under_way *saga, const struct problem *problem)
{
    LOG_ERROR("a saga is stuck: a call that must not fail is refused", log_text("saga", saga->run.id),
              log_text("method", saga->run.method->full_name), log_text("step", saga->run.saga->steps[saga->step].name),
              log_text("call", saga->called->full_name), log_text("result", result_row(problem->result)->wire),
              log_text("detail", problem->detail != NULL ? problem->detail : ""),
              log_text("trace", saga->run.call->trace_parent));
}

/* Say so to whoever asks how sagas go. */
static void tell_waiting(struct saga_under_way *saga, const struct problem *problem, int64_t after_us)
{
    struct host *host = saga->host;
    pthread_mutex_lock(&host->lock);
    saga->waiting.waits = true;
    saga->waiting.result = problem->result;
    snprintf(saga->waiting.detail, sizeof saga->waiting.detail, "%s", problem->detail != NULL ? problem->detail : "");
    saga->waiting.attempts++;
    saga->waiting.next_us = env_now_us(host->env) + after_us;
    pthread_mutex_unlock(&host->lock);
}

static void tell_going_on(struct saga_under_way *saga)
{
    if (!saga->waiting.waits)
        return;
    pthread_mutex_lock(&saga->host->lock);
    saga->waiting = (struct saga_waiting){.waits = false};
    pthread_mutex_unlock(&saga->host->lock);
}

static void fail(struct saga_under_way *saga, const struct problem *problem)
{
    tell_going_on(saga);
    saga->problem = problem_copy(saga->life, problem);
    turn(saga);
}

/* Whoever waits for an answer is told soon that a service is away: a moment is enough for one that is being restarted. A saga that nobody
 * waits for, as its caller was told to look later, has until its deadline. */
static int64_t patience_until_us(const struct saga_under_way *saga, bool is_away)
{
    int64_t until_us = saga->began_us + INT64_C(1000) * LIMIT_AWAY_MS;
    return is_away && saga->caller != NULL && until_us < saga->deadline_us ? until_us : saga->deadline_us;
}

static void on_passing(struct saga_under_way *saga, const struct problem *problem, bool is_away)
{
    int64_t after_us = back_off_us(saga);
    bool late = env_monotonic_us(env_of(saga)) + after_us >= patience_until_us(saga, is_away);
    if (is_given_up(saga) && is_away)
        answer_caller(saga);
    if (may_fail(saga) && !saga->run.saga->patient && late && !is_draining(saga)) {
        fail(saga, problem);
    } else {
        note_that_it_waits(saga);
        tell_waiting(saga, problem, after_us);
        wait_for(saga, after_us, launch);
    }
}

static void on_refused(struct saga_under_way *saga, const struct problem *problem)
{
    void (*otherwise)(struct saga_run *, const struct problem *) = saga->otherwise;
    if (otherwise != NULL) {
        saga->otherwise = NULL;
        saga->in_step = true;
        otherwise(&saga->run, problem);
        conclude(saga);
    } else if (may_fail(saga)) {
        fail(saga, problem);
    } else {
        log_stuck(saga, problem);
        note_that_it_waits(saga);
        saga->refusals++; /* a refusal has no effect, so the next try may bear another key */
        int64_t after_us = back_off_us(saga);
        tell_waiting(saga, problem, after_us);
        wait_for(saga, after_us, launch);
    }
}

static void do_without(struct saga_under_way *saga)
{
    void (*if_away)(struct saga_run *) = saga->if_away;
    saga->if_away = NULL;
    saga->otherwise = NULL;
    saga->in_step = true;
    if_away(&saga->run);
    conclude(saga);
}

static void free_arena(void *arena)
{
    arena_free(arena);
}

static void on_answer(struct call *call, const ProtobufCMessage *answer)
{
    struct saga_under_way *saga = call->data;
    struct arena *arena = call->arena;
    bool acts = saga->called->kind != METHOD_QUERY;
    saga->heard_news |= !call->replayed;
    if (answer != NULL) {
        tell_going_on(saga);
        saga->may_have_acted |= acts;
        saga->otherwise = NULL;
        saga->if_away = NULL;
        arena_cleanup(saga->run.arena, free_arena, arena); /* the state may point into the answer until the step is over */
        saga->in_step = true;
        saga->deliver(&saga->run, saga->then, answer);
        conclude(saga);
        return;
    }
    struct problem problem = problem_copy(saga->run.arena, &call->problem);
    bool is_away = call->is_away, not_begun = call->not_begun;
    arena_free(arena);
    if (is_away && saga->if_away != NULL) {
        do_without(saga);
    } else if (is_passing(problem.result)) {
        saga->may_have_acted |= acts && !not_begun;
        on_passing(saga, &problem, is_away);
    } else {
        on_refused(saga, &problem);
    }
}

/* Make the call that the step has said, for the first time or again. Not while somebody else may be going on with it. */
static void launch(struct saga_under_way *saga)
{
    if (is_lost(saga) || !host_is_sure(saga->host)) {
        wait_for(saga, BACK_OFF_FIRST_US, launch);
        return;
    }
    const struct method_declaration *method = saga->called;
    ProtobufCService *service = directory_find(saga->host->options.directory, method->service);
    if (service == NULL) {
        on_passing(saga, &(struct problem){.result = RESULT_UNAVAILABLE}, false);
        return;
    }
    struct arena *arena = arena_new(LIMIT_CALL_ARENA);
    struct call *call = call_child(saga->run.call, arena);
    call->actor = (struct actor){
        .kind = ACTOR_SYSTEM,
        .id = arena_printf(arena, "%s/%s", saga->run.method->service, saga->run.id),
        .scopes = SCOPE_EVERY,
    };
    call->trace_parent = arena_strdup(arena, saga->step_trace);
    if (method->kind != METHOD_QUERY)
        call->idempotency_key = key_of_call(saga, arena);
    /* A durable saga goes on from what it has noted, and says the same; one that is not begins anew. */
    call->key_alone = !saga->run.saga->durable;
    call->deadline_us = deadline_of_call(saga);
    call->done = on_answer;
    call->data = saga;

    const ProtobufCMessage *request = message_unpack(arena, method->input->descriptor, saga->request);
    service->invoke(service, method->index, request, call_closure, call);
}

static void on_conclude(struct task *task)
{
    conclude((struct saga_under_way *)((char *)task - offsetof(struct saga_under_way, conclude)));
}

static void say(struct saga_under_way *saga, enum saga_said said)
{
    ASSERT(saga->said == SAID_NOTHING);
    saga->said = said;
    if (saga->in_step)
        return;
    saga->conclude.run = on_conclude;
    loop_post(saga->run.call->home, &saga->conclude);
}

/* Whom a service calls is declared, so that whoever takes it apart knows. */
static bool may_call(const struct host *host, const char *service)
{
    if (strcmp(host->declaration->name, service) == 0)
        return true;
    for (const char *const *name = host->service->calls; name != NULL && *name != NULL; name++)
        if (strcmp(*name, service) == 0)
            return true;
    return false;
}

void saga_call(struct saga_run *run, const struct method_declaration *method, const ProtobufCMessage *request, saga_then then,
               void (*deliver)(struct saga_run *run, saga_then then, const ProtobufCMessage *answer))
{
    struct saga_under_way *saga = (struct saga_under_way *)run;
    ASSERT(may_call(saga->host, method->service));
    saga->called = method;
    saga->request = message_pack(run->arena, request);
    saga->then = then;
    saga->deliver = deliver;
    saga->calls++;
    say(saga, SAID_CALL);
}

/* --- what a step says -------------------------------------------------------------------------------------------- */

void saga_otherwise(struct saga_run *run, void (*otherwise)(struct saga_run *run, const struct problem *problem))
{
    ((struct saga_under_way *)run)->otherwise = otherwise;
}

void saga_if_away(struct saga_run *run, void (*if_away)(struct saga_run *run))
{
    ((struct saga_under_way *)run)->if_away = if_away;
}

void saga_next(struct saga_run *run)
{
    say((struct saga_under_way *)run, SAID_NEXT);
}

void saga_refuse(struct saga_run *run, enum result result, const char *detail, ...)
{
    va_list arguments;
    va_start(arguments, detail);
    struct problem problem = {.result = result};
    problem.detail = detail != NULL ? arena_vprintf(run->arena, detail, arguments) : NULL;
    va_end(arguments);
    saga_refuse_as(run, &problem);
}

void saga_refuse_as(struct saga_run *run, const struct problem *problem)
{
    struct saga_under_way *saga = (struct saga_under_way *)run;
    ASSERT(may_fail(saga) && problem->result != RESULT_OK);
    saga->problem = problem_copy(saga->life, problem);
    say(saga, SAID_REFUSE);
}

void saga_again(struct saga_run *run, int64_t after_us)
{
    struct saga_under_way *saga = (struct saga_under_way *)run;
    saga->again_after_us = after_us;
    say(saga, SAID_AGAIN);
}

void saga_again_anew(struct saga_run *run, int64_t after_us)
{
    const struct saga_under_way *saga = (const struct saga_under_way *)run;
    run->attempt++;
    saga_again(run, saga->calls > 0 && !saga->heard_news ? 0 : after_us);
}

void saga_grant(struct saga_run *run, int64_t time_us)
{
    struct saga_under_way *saga = (struct saga_under_way *)run;
    int64_t until_us = env_monotonic_us(env_of(saga)) + time_us;
    if (saga->deadline_us < until_us)
        saga->deadline_us = until_us;
}

/* --- beginning --------------------------------------------------------------------------------------------------- */

static void begin_first_step(struct saga_under_way *saga)
{
    if (saga->caller != NULL && saga->run.saga->durable)
        timer_start(saga->run.call->home, &saga->patience,
                    INT64_C(1000) * (location_of(saga) != NULL ? LIMIT_CHECKOUT_WAIT_MS : LIMIT_CALL_MS));
    step_begin(saga);
}

static void on_start_recorded(struct saga_under_way *saga, enum saga_start start)
{
    if (start == SAGA_GOES_ON) {
        begin_first_step(saga);
        return;
    }
    answer_caller(saga);
    saga_end(saga);
}

static void on_begin(struct task *task)
{
    begin_first_step((struct saga_under_way *)((char *)task - offsetof(struct saga_under_way, begin)));
}

enum result saga_begin(struct host *host, const struct method_declaration *method, const ProtobufCMessage *request,
                       struct call *call)
{
    if (atomic_load(&host->sagas_open) >= LIMIT_SAGAS)
        return call_refuse(call, RESULT_OVERLOADED, NULL);

    char id[ID_LENGTH + 1];
    env_new_id(host->env, id);
    struct saga_under_way *saga = saga_new(host, method, id, call);
    saga->caller = call;
    saga->run.request = message_copy(saga->life, request);
    saga->has_key = idempotency_key_of(call, method, request, &saga->key);
    host_close(host); /* the saga counts by itself */

    if (saga->run.saga->durable || saga->has_key) {
        saga_record_start(saga, on_start_recorded);
    } else {
        saga->begin.run = on_begin; /* not now: no answer comes before the invocation has returned */
        loop_post(call->home, &saga->begin);
    }
    return RESULT_OK;
}

/* --- after a restart --------------------------------------------------------------------------------------------- */

static const struct method_declaration *method_named(const struct host *host, const char *full_name)
{
    for (size_t i = 0; i < host->declaration->method_count; i++)
        if (strcmp(host->declaration->methods[i]->full_name, full_name) == 0)
            return host->declaration->methods[i];
    return NULL;
}

/* NULL where this version does not know it. */
static struct saga_under_way *restore_one(struct host *host, const struct saga_restored *restored)
{
    const struct method_declaration *method = method_named(host, restored->method);
    if (method == NULL || method->kind != METHOD_SAGA) {
        LOG_ERROR("an open saga that this version does not know", log_text("saga", restored->id),
                  log_text("method", restored->method));
        return NULL;
    }
    int64_t left_us = restored->deadline_us - env_now_us(host->env);
    struct call like = {
        .home = host->options.loop,
        .actor = restored->actor,
        .from = "",
        .request_id = restored->request_id,
        .trace_parent = restored->trace_parent,
        .trace_state = "",
        .idempotency_key = "",
        .deadline_us = env_monotonic_us(host->env) + left_us,
        .if_version = -1,
    };
    struct saga_under_way *saga = saga_new(host, method, restored->id, &like);
    struct saga_run *run = &saga->run;
    run->request = message_unpack(saga->life, method->input->descriptor, restored->request);
    if (run->state != NULL)
        run->state = message_unpack(run->arena, run->saga->state, restored->state);
    ASSERT(run->request != NULL && restored->step < run->saga->step_count);
    ASSERT(run->saga->state == NULL || run->state != NULL);
    run->undoing = restored->status == SAGA_UNDOING;
    run->attempt = restored->attempt;
    saga->step = restored->step;
    will_be_noted(saga);
    saga->may_have_acted = true; /* nobody knows how far it came */
    saga->has_key = restored->has_key;
    saga->key = restored->key;
    if (restored->problem.length > 0)
        saga->problem = problem_unpack(saga->life, restored->problem);
    saga->begin.run = on_begin;
    return saga;
}

static void restore(void *host, const struct saga_restored *restored)
{
    (void)restore_one(host, restored);
}

void sagas_resume(struct host *host, struct tx *tx)
{
    /* Whoever worked on what was claimed went with the process; those that are durable claim again, the others when they are asked again. */
    idempotency_leave_claims(tx);
    saga_each_open(tx, restore, host);
    for (struct saga_under_way *saga = host->sagas; saga != NULL; saga = saga->next)
        if (saga->has_key)
            idempotency_claim(tx, &saga->key, saga->run.id, saga->instance, env_now_us(host->env));
}

void sagas_start(struct host *host)
{
    pthread_mutex_lock(&host->lock);
    for (struct saga_under_way *saga = host->sagas; saga != NULL; saga = saga->next)
        loop_post(saga->run.call->home, &saga->begin);
    pthread_mutex_unlock(&host->lock);
}

/* --- of those that have gone -------------------------------------------------------------------------------------- */

struct saga_adopted {
    struct saga_restored restored; /* in the leader's arena */
    struct saga_adopted *next;
};

struct adopting {
    struct host *host;
    struct arena *arena;
    struct saga_adopted *first;
};

static struct saga_under_way *find(struct host *host, const char *id);

static void adopt(void *data, const struct saga_restored *restored)
{
    struct adopting *adopting = data;
    pthread_mutex_lock(&adopting->host->lock);
    bool runs_here = find(adopting->host, restored->id) != NULL;
    pthread_mutex_unlock(&adopting->host->lock);
    if (runs_here)
        return;
    struct saga_adopted *saga = ARENA_NEW(adopting->arena, struct saga_adopted);
    *saga = (struct saga_adopted){.restored = *restored, .next = adopting->first};
    adopting->first = saga;
}

struct saga_adopted *sagas_adopt(struct host *host, struct tx *tx, struct arena *arena)
{
    struct adopting adopting = {.host = host, .arena = arena};
    int64_t instance = atomic_load(&host->instance);
    saga_each_inherited(tx, instance, adopt, &adopting);
    for (const struct saga_adopted *saga = adopting.first; saga != NULL; saga = saga->next)
        if (saga->restored.has_key)
            idempotency_claim(tx, &saga->restored.key, saga->restored.id, instance, env_now_us(host->env));
    return adopting.first;
}

void sagas_adopted(struct host *host, const struct saga_adopted *sagas)
{
    for (; sagas != NULL; sagas = sagas->next) {
        LOG_INFO("goes on with a saga of another instance", log_text("saga", sagas->restored.id),
                 log_text("method", sagas->restored.method));
        struct saga_under_way *saga = restore_one(host, &sagas->restored);
        if (saga != NULL)
            loop_post(saga->run.call->home, &saga->begin);
    }
}

void sagas_discard(struct host *host)
{
    while (host->sagas != NULL) {
        struct saga_under_way *saga = host->sagas;
        saga_unlink(saga);
        saga_free(saga);
    }
}

/* --- retrying ---------------------------------------------------------------------------------------------------- */

struct retry {
    struct task task;
    struct host *host;
    char id[ID_LENGTH + 1];
};

static struct saga_under_way *find(struct host *host, const char *id)
{
    struct saga_under_way *saga = host->sagas;
    while (saga != NULL && strcmp(saga->run.id, id) != 0)
        saga = saga->next;
    return saga;
}

static void on_retry(struct task *task)
{
    struct retry *retry = (struct retry *)task;
    struct host *host = retry->host;
    pthread_mutex_lock(&host->lock);
    struct saga_under_way *saga = find(host, retry->id);
    pthread_mutex_unlock(&host->lock);
    /* It runs on this loop, so it is still there; it may have gone on meanwhile. */
    if (saga != NULL && saga->after != NULL) {
        timer_stop(saga->run.call->home, &saga->timer);
        on_timer(&saga->timer);
    }
    free(retry);
    host_close(host);
}

bool saga_is_waiting(struct host *host, const char *id, struct saga_waiting *waiting)
{
    pthread_mutex_lock(&host->lock);
    const struct saga_under_way *saga = find(host, id);
    bool waits = saga != NULL && saga->waiting.waits;
    if (waits)
        *waiting = saga->waiting;
    pthread_mutex_unlock(&host->lock);
    return waits;
}

bool saga_retry(struct host *host, const char *id)
{
    pthread_mutex_lock(&host->lock);
    const struct saga_under_way *saga = find(host, id);
    struct loop *home = saga != NULL ? saga->run.call->home : NULL;
    pthread_mutex_unlock(&host->lock);
    if (home == NULL)
        return false;

    struct retry *retry = calloc(1, sizeof *retry);
    ASSERT(retry != NULL);
    retry->task.run = on_retry;
    retry->host = host;
    strcpy(retry->id, id);
    host_open(host);
    loop_post(home, &retry->task);
    return true;
}
