/*
 * What becomes of a call to another process.
 *
 *     invoke --> sent --------answered--> the call's answer
 *       |         ^ \---lost, harmless to repeat, budget left--> waiting
 *       v         |  \--lost otherwise--> away
 *     waiting ----+ the connection is there
 *       \--- no connection after a few tries, deadline, cancelled --> refused
 *
 * Before that a guarded service's breaker and bulkhead are asked (dependency.h), and told afterwards what became of it. Once a connection could
 * not be made a few times, nobody waits for one: calls are refused at once, and the line tries by itself, at least once a second.
 *
 * An answer that knows of changes this process's caches have not heard of yet is held for them, for a moment.
 *
 * A line is one loop's way to one address. What it has belongs to that loop's thread; the list of lines of a target has a lock.
 *
 *     idle --a call--> connecting --> open --lost--> idle
 *                          \--failed--> resting --time--> connecting
 *
 * A connection that announces its end (GOAWAY) is let go: it lives until its last answer has come, while the line makes a new one.
 */
#include "platform/rpc/grpc_client_internal.h"

#include "base/assert.h"
#include "base/limits.h"
#include "base/log.h"
#include "platform/rpc/grpc_frame.h"

#include <stdio.h>
#include <stdlib.h>

#define SECURE_SCHEME "grpcs://"
#define ATTEMPTS_MAX 4
/* After so many failures in a row nobody waits for a connection any more; one where nothing came at all says as much. */
#define FAILURES_PATIENT 3
#define REST_FIRST_US INT64_C(20000)
/* Who comes back is used within a second. */
#define REST_MAX_US INT64_C(1000000)
/* A caller who has waited less has not waited long enough for the silence to say anything. */
#define SILENCE_MEANS_US INT64_C(1000000)

struct remote {
    ProtobufCService base;
    struct remote *next;
    struct target *target;
    const struct service_declaration *declaration;
    const char **paths; /* by method */
    bool guarded;
    struct dependency dependency;
};

struct target {
    struct target *next;
    struct grpc_client *client;
    const char *address;  /* as it was given */
    const char *place;    /* "host:port" */
    struct tls_identity *identity; /* NULL: in the clear */
    pthread_mutex_t lock; /* of the list of lines, and of what was told */
    char told[256];       /* why it could not be reached, as the log has it already; "" nothing since it was reached */
    struct grpc_line *lines;
    atomic_bool reached, was_reached; /* now; ever */
    atomic_int_fast64_t seen; /* of what has changed there; -1: nobody looks */
};

/* A connection that is going, or the present one. */
struct link {
    struct grpc_line *line;
    struct link *next;
    struct grpc_connection *connection;
    int64_t began_us;
};

struct grpc_line {
    struct target *target;
    struct grpc_line *next;
    struct loop *loop;
    struct link *current; /* NULL: idle or resting */
    struct link *leaving;
    bool open, resting, closed;
    unsigned failures; /* in a row */
    struct timer rest;
    struct grpc_request *waiting, **waiting_end;
    struct grpc_request *held; /* answered, but not told yet */
    struct task look;          /* whether some need be held no longer, and whether another loop has reached it */
    atomic_bool look_posted;
};

struct grpc_client {
    struct env *env;
    struct tls_identity *identity; /* NULL: there is none */
    struct arena *arena;
    struct target *targets;
    struct remote *remotes;
};

static void connect_line(struct grpc_line *line);

/* --- answering --------------------------------------------------------------------------------------------------- */

static int64_t monotonic_us(const struct grpc_request *request)
{
    return env_monotonic_us(request->call->home->env);
}

/* What became of it, for the breaker. Said once: refusals are said before they come home. */
static void leave(struct grpc_request *request, enum breaker_outcome outcome)
{
    if (!request->entered)
        return;
    request->entered = false;
    dependency_leave(request->dependency, request->admission, outcome, monotonic_us(request));
}

/* A process that can't answer, not one that says no. Callers who wait only for a moment say nothing of it. */
static enum breaker_outcome outcome_of(const struct grpc_request *request)
{
    switch (request->call->problem.result) {
    case RESULT_UNAVAILABLE:
    case RESULT_SHUTTING_DOWN:
        return BREAKER_FAILED;
    case RESULT_DEADLINE_EXCEEDED:
        return monotonic_us(request) - request->began_us >= SILENCE_MEANS_US ? BREAKER_FAILED : BREAKER_SILENT;
    case RESULT_CANCELLED:
        return BREAKER_SILENT;
    default:
        return BREAKER_SUCCEEDED;
    }
}

/* One span for all tries: the other side hears of it by whichever arrives. */
static void begin_span(struct grpc_request *request)
{
    const struct call *call = request->call;
    struct env *env = call->home->env;
    request->trace_parent = call->trace_parent;
    request->span.own[0] = '\0';
    if (!span_is_wanted(call->trace_parent))
        return;
    request->trace_parent = trace_parent_child(call->arena, env, call->trace_parent);
    span_begin(&request->span, SPAN_CLIENT, request->method->full_name, request->trace_parent, call->trace_parent, env_now_us(env));
    span_text(&request->span, "server.address", text_of(request->line->target->address));
}

static void end_span(struct grpc_request *request)
{
    const struct result_row *row = result_row(request->call->problem.result);
    if (request->span.own[0] == '\0')
        return;
    span_text(&request->span, "souk.result", text_of(row->wire));
    span_number(&request->span, "souk.retries", request->attempts);
    request->span.failed = row->http_status >= 500;
    span_end(&request->span, env_now_us(request->call->home->env));
}

static void finish(struct grpc_request *request, const ProtobufCMessage *answer)
{
    struct call *call = request->call;
    leave(request, outcome_of(request));
    end_span(request);
    timer_stop(call->home, &request->deadline);
    buffer_release(&request->body);
    call->cancel = NULL;
    call_answer(call, answer);
}

static void on_refusal(struct delivery *delivery)
{
    struct grpc_request *request = (struct grpc_request *)((char *)delivery - offsetof(struct grpc_request, refusal));
    finish(request, NULL);
}

/* Not from within the invocation, nor from within something that the caller calls: later. The problem is in the call. */
static void refuse_later(struct grpc_request *request)
{
    timer_stop(request->call->home, &request->deadline);
    request->call->cancel = NULL;
    request->refusal = (struct delivery){.arrive = on_refusal, .home = request->call->home};
    delivery_post(&request->refusal);
}

/* The process itself does not answer: which service that is, and whether it may have heard of it. */
static void tell_away(struct grpc_request *request, const char *detail)
{
    request->call->is_away = true;
    request->call->not_begun = !request->begun;
    call_refuse(request->call, request->dependency->away, "%s", detail);
}

static void refuse_away(struct grpc_request *request, enum breaker_outcome outcome, const char *detail)
{
    leave(request, outcome);
    tell_away(request, detail);
    refuse_later(request);
}

static void refuse_unavailable(struct grpc_request *request, const char *detail)
{
    refuse_away(request, BREAKER_FAILED, detail);
}

/* --- waiting ----------------------------------------------------------------------------------------------------- */

static void wait_in(struct grpc_line *line, struct grpc_request *request)
{
    request->next = NULL;
    *line->waiting_end = request;
    line->waiting_end = &request->next;
}

static struct grpc_request *first_waiting(struct grpc_line *line)
{
    struct grpc_request *request = line->waiting;
    if (request == NULL)
        return NULL;
    line->waiting = request->next;
    if (line->waiting == NULL)
        line->waiting_end = &line->waiting;
    request->next = NULL;
    return request;
}

static void leave_waiting(struct grpc_line *line, const struct grpc_request *request)
{
    struct grpc_request **at = &line->waiting;
    while (*at != NULL && *at != request)
        at = &(*at)->next;
    if (*at == NULL)
        return;
    *at = request->next;
    if (*at == NULL)
        line->waiting_end = at;
}

static bool send_on(struct grpc_line *line, struct grpc_request *request)
{
    bool sent = grpc_connection_send(line->current->connection, request);
    request->begun |= sent;
    return sent;
}

static void send_waiting(struct grpc_line *line)
{
    struct grpc_request *request;
    while (line->open && (request = first_waiting(line)) != NULL)
        if (!send_on(line, request))
            refuse_unavailable(request, "The connection takes no more calls.");
}

static void refuse_waiting(struct grpc_line *line, enum breaker_outcome outcome, const char *why)
{
    struct grpc_request *request;
    while ((request = first_waiting(line)) != NULL)
        refuse_away(request, outcome, why);
}

/* --- stopping to wait -------------------------------------------------------------------------------------------- */

static void take_back(struct grpc_request *request)
{
    if (request->connection != NULL)
        grpc_connection_cancel(request->connection, request);
    else
        leave_waiting(request->line, request);
}

static bool reads(const struct grpc_request *request)
{
    const struct method_declaration *method = request->method;
    return method->kind == METHOD_QUERY || (method->http_count > 0 && strcmp(method->http[0].verb, "GET") == 0);
}

/* Doing it twice is doing it once. */
static bool is_harmless(const struct grpc_request *request)
{
    return reads(request) || *request->call->idempotency_key != '\0';
}

/* The caller's patience is at its end, or ours with this service. Whoever can ask again without harm is told who does not answer; of the
 * others nobody knows what was done. */
static void on_deadline(struct timer *timer)
{
    struct grpc_request *request = (struct grpc_request *)((char *)timer - offsetof(struct grpc_request, deadline));
    bool callers = request->deadline_us == request->call->deadline_us;
    take_back(request);
    dependency_note_timeout(request->dependency);
    tell_away(request, "It did not answer in time.");
    if (callers || (request->begun && !is_harmless(request)))
        call_refuse(request->call, RESULT_DEADLINE_EXCEEDED, "The other process did not answer in time.");
    leave(request, monotonic_us(request) - request->began_us >= SILENCE_MEANS_US ? BREAKER_FAILED : BREAKER_SILENT);
    finish(request, NULL);
}

static void on_cancel(struct call *call)
{
    struct grpc_request *request = call->inside;
    take_back(request);
    leave(request, BREAKER_SILENT);
    call_refuse(call, RESULT_CANCELLED, NULL);
    refuse_later(request);
}

/* --- trying again ------------------------------------------------------------------------------------------------ */

static void forget_answer(struct grpc_request *request)
{
    buffer_empty(&request->body);
    request->http_status = 0;
    request->has_status = false;
    request->status = (struct grpc_status){.message = TEXT(""), .details = TEXT("")};
    request->call->replayed = false;
    request->call->accepted_location = NULL;
}

static void on_lost(void *data, struct grpc_request *request, bool undone)
{
    struct link *link = data;
    struct grpc_line *line = link->line;
    bool may = undone || is_harmless(request);
    if (undone && request->attempts == 0)
        request->begun = false;
    if (line->closed || !may || ++request->attempts >= ATTEMPTS_MAX || !dependency_may_retry(request->dependency)) {
        refuse_unavailable(request, may ? "The other process can't be reached." : "The connection was lost; whether it was done is not known.");
        return;
    }
    forget_answer(request);
    wait_in(line, request);
}

/* A process that takes calls no more, or says no more than that it can't: that is ours to put in words. */
static void name_who_is_away(struct grpc_request *request)
{
    struct call *call = request->call;
    if (call->problem.result != RESULT_UNAVAILABLE && call->problem.result != RESULT_SHUTTING_DOWN)
        return;
    leave(request, BREAKER_FAILED);
    call->is_away = true;
    call->problem.result = request->dependency->away;
}

/* What only reads changes nothing that a cache would have to hear of. */
static bool is_seen(struct target *target, const struct grpc_request *request)
{
    int64_t seen = atomic_load(&target->seen);
    return seen < 0 || request->touched <= seen || reads(request);
}

static void tell(struct grpc_request *request)
{
    const ProtobufCMessage *answer = grpc_request_answer(request);
    if (answer == NULL && request->guarded)
        name_who_is_away(request);
    finish(request, answer);
}

/* Those that are seen now; with `all`, every one. Telling one may bring new ones. */
static void tell_held(struct grpc_line *line, bool all)
{
    struct grpc_request *held = line->held, *next;
    line->held = NULL;
    for (; held != NULL; held = next) {
        next = held->next;
        if (all || is_seen(line->target, held)) {
            tell(held);
            continue;
        }
        held->next = line->held;
        line->held = held;
    }
}

/* Another loop has reached it: so shall we. */
static void end_rest(struct grpc_line *line)
{
    timer_stop(line->loop, &line->rest);
    line->resting = false;
    line->failures = 0;
    connect_line(line);
}

static void on_look(struct task *task)
{
    struct grpc_line *line = (struct grpc_line *)((char *)task - offsetof(struct grpc_line, look));
    atomic_store(&line->look_posted, false);
    tell_held(line, false);
    if (line->resting && !line->closed && atomic_load(&line->target->reached))
        end_rest(line);
}

static void on_held_long(struct timer *timer)
{
    struct grpc_request *request = (struct grpc_request *)((char *)timer - offsetof(struct grpc_request, deadline));
    struct grpc_request **at = &request->line->held;
    while (*at != request)
        at = &(*at)->next;
    *at = request->next;
    tell(request);
}

static void hold(struct grpc_request *request)
{
    struct grpc_line *line = request->line;
    request->call->cancel = NULL;
    request->next = line->held;
    line->held = request;
    timer_stop(line->loop, &request->deadline);
    request->deadline.run = on_held_long;
    timer_start(line->loop, &request->deadline, INT64_C(1000) * LIMIT_TOUCH_WAIT_MS);
}

static void on_answered(void *data, struct grpc_request *request)
{
    struct link *link = data;
    if (is_seen(link->line->target, request))
        tell(request);
    else
        hold(request);
}

static void look_at_lines(struct target *target)
{
    pthread_mutex_lock(&target->lock);
    for (struct grpc_line *line = target->lines; line != NULL; line = line->next)
        if (!atomic_exchange(&line->look_posted, true))
            loop_post(line->loop, &line->look);
    pthread_mutex_unlock(&target->lock);
}

void grpc_client_has_seen(struct grpc_client *client, const char *address, int64_t number)
{
    for (struct target *target = client->targets; target != NULL; target = target->next)
        if (strcmp(target->address, address) == 0 && atomic_exchange(&target->seen, number) != number)
            look_at_lines(target);
}

/* --- connections ------------------------------------------------------------------------------------------------- */

/* Once, until the reason is another or it was reached: it is tried again and again. */
static void tell_unreachable(struct target *target, const char *why)
{
    pthread_mutex_lock(&target->lock);
    bool is_news = strncmp(target->told, why, sizeof target->told - 1) != 0;
    if (is_news)
        snprintf(target->told, sizeof target->told, "%s", why);
    pthread_mutex_unlock(&target->lock);
    if (is_news)
        LOG_WARNING("another process can't be reached", log_text("address", target->address), log_text("why", why));
}

static void forget_told(struct target *target)
{
    pthread_mutex_lock(&target->lock);
    target->told[0] = '\0';
    pthread_mutex_unlock(&target->lock);
}

/* Its services may answer again. */
static void hope(struct target *target)
{
    atomic_store(&target->was_reached, true);
    for (struct remote *remote = target->client->remotes; remote != NULL; remote = remote->next)
        if (remote->target == target)
            dependency_hope(&remote->dependency);
    look_at_lines(target);
}

static void on_opened(void *data)
{
    struct link *link = data;
    struct grpc_line *line = link->line;
    if (!atomic_exchange(&line->target->reached, true)) {
        LOG_INFO("connected", log_text("address", line->target->address));
        forget_told(line->target);
        hope(line->target);
    }
    line->open = true;
    line->failures = 0;
    send_waiting(line);
}

static void let_go(struct grpc_line *line)
{
    line->current->next = line->leaving;
    line->leaving = line->current;
    line->current = NULL;
    line->open = false;
}

static void on_going(void *data)
{
    struct link *link = data;
    if (link->line->current == link)
        let_go(link->line);
}

static void forget_link(struct link *link)
{
    struct grpc_line *line = link->line;
    if (line->current == link) {
        line->current = NULL;
        line->open = false;
    } else {
        struct link **at = &line->leaving;
        while (*at != link)
            at = &(*at)->next;
        *at = link->next;
    }
    grpc_connection_free(link->connection);
    free(link);
}

static void on_rested(struct timer *timer)
{
    struct grpc_line *line = (struct grpc_line *)((char *)timer - offsetof(struct grpc_line, rest));
    line->resting = false;
    connect_line(line); /* whether anybody asks or not, so that nobody waits for who is away, and who is back is found */
}

/* Later and later, and not all at once when everybody has lost the same process. */
static void rest(struct grpc_line *line)
{
    int64_t most = REST_FIRST_US << (line->failures < 10 ? line->failures : 10);
    uint32_t random;
    env_random(line->loop->env, &random, sizeof random);
    most = most < REST_MAX_US ? most : REST_MAX_US;
    line->resting = true;
    line->rest.run = on_rested;
    timer_start(line->loop, &line->rest, most / 2 + (int64_t)(random % (uint32_t)(most / 2)));
}

static void on_closed(void *data, const char *why)
{
    struct link *link = data;
    struct grpc_line *line = link->line;
    bool was_current = line->current == link, was_open = line->open;
    bool was_silent = env_monotonic_us(line->loop->env) - link->began_us >= INT64_C(1000) * LIMIT_GRPC_CONNECT_MS;
    if (was_current && atomic_exchange(&line->target->reached, false))
        LOG_WARNING("a connection was lost", log_text("address", line->target->address), log_text("why", why));
    else if (was_current && !was_open && !line->closed)
        tell_unreachable(line->target, why);
    forget_link(link);
    if (!was_current || line->closed)
        return;
    if (was_open) { /* it served: try again at once */
        if (line->waiting != NULL)
            connect_line(line);
        return;
    }
    line->failures += was_silent ? FAILURES_PATIENT : 1;
    if (line->failures >= FAILURES_PATIENT)
        refuse_waiting(line, BREAKER_FAILED, "The other process can't be reached.");
    rest(line);
}

static void connect_line(struct grpc_line *line)
{
    static const struct grpc_connection_events events = {
        .opened = on_opened, .answered = on_answered, .lost = on_lost, .going = on_going, .closed = on_closed};
    struct link *link = calloc(1, sizeof *link);
    ASSERT(link != NULL && line->current == NULL);
    link->line = line;
    link->began_us = env_monotonic_us(line->loop->env);
    line->current = link;
    link->connection = grpc_connection_open(line->loop, line->target->place, line->target->identity, &events, link);
}

/* --- lines ------------------------------------------------------------------------------------------------------- */

static struct grpc_line *line_of(struct target *target, struct loop *loop)
{
    pthread_mutex_lock(&target->lock);
    struct grpc_line *line = target->lines;
    while (line != NULL && line->loop != loop)
        line = line->next;
    if (line == NULL) {
        line = calloc(1, sizeof *line);
        ASSERT(line != NULL);
        line->target = target;
        line->loop = loop;
        line->waiting_end = &line->waiting;
        line->look.run = on_look;
        line->next = target->lines;
        target->lines = line;
    }
    pthread_mutex_unlock(&target->lock);
    return line;
}

/* --- the table --------------------------------------------------------------------------------------------------- */

static void send(struct grpc_line *line, struct grpc_request *request)
{
    if (line->closed)
        refuse_away(request, BREAKER_SILENT, "This process is stopping.");
    else if (line->open && send_on(line, request))
        return;
    else if (line->failures >= FAILURES_PATIENT)
        refuse_unavailable(request, "The other process can't be reached.");
    else {
        wait_in(line, request);
        if (line->current == NULL && !line->resting)
            connect_line(line);
    }
}

/* Until when an answer is waited for. What takes its time by nature (a saga, a file, a question for news) is its caller's to limit. */
static int64_t deadline_of(const struct remote *remote, const struct grpc_request *request)
{
    int64_t limit_us = request->began_us + INT64_C(1000) * LIMIT_GRPC_CALL_MS;
    bool is_short = remote->guarded && request->method->kind != METHOD_SAGA && !request->method->bulk;
    return is_short && limit_us < request->call->deadline_us ? limit_us : request->call->deadline_us;
}

static void enter(struct grpc_request *request)
{
    struct dependency *dependency = request->dependency;
    if (!request->guarded) {
        retry_budget_earn(&dependency->retries);
        send(request->line, request);
        return;
    }
    enum result result = dependency_enter(dependency, request->began_us, &request->admission);
    request->entered = result == RESULT_OK;
    if (request->entered) {
        send(request->line, request);
    } else if (result == RESULT_OVERLOADED) {
        request->call->not_begun = true;
        call_refuse(request->call, result, "Too many calls to the %s service are under way.", dependency->name);
        refuse_later(request);
    } else {
        refuse_away(request, BREAKER_SILENT, "It has failed most of the time lately, and is asked again in a second.");
    }
}

static void invoke(ProtobufCService *service, unsigned index, const ProtobufCMessage *message, ProtobufCClosure closure, void *data)
{
    struct remote *remote = (struct remote *)service;
    struct call *call = data;
    ASSERT(closure == call_closure && index < remote->declaration->method_count);
    struct grpc_request *request = ARENA_NEW(call->arena, struct grpc_request);
    *request = (struct grpc_request){
        .call = call,
        .method = remote->declaration->methods[index],
        .path = remote->paths[index],
        .frame = grpc_frame_make(call->arena, message, false),
        .line = line_of(remote->target, call->home),
        .dependency = &remote->dependency,
        .guarded = remote->guarded,
        .began_us = env_monotonic_us(call->home->env),
        .status = {.message = TEXT(""), .details = TEXT("")},
        .deadline = {.run = on_deadline},
    };
    buffer_init(&request->body, LIMIT_GRPC_ANSWER);
    call->inside = request;
    call->cancel = on_cancel;
    request->deadline_us = deadline_of(remote, request);
    begin_span(request);
    if (request->deadline_us != INT64_MAX)
        timer_start(call->home, &request->deadline, request->deadline_us - request->began_us);
    enter(request);
}

static void destroy(ProtobufCService *service)
{
    (void)service; /* it is part of the client */
}

static struct target *target_at(struct grpc_client *client, const char *address)
{
    for (struct target *target = client->targets; target != NULL; target = target->next)
        if (strcmp(target->address, address) == 0)
            return target;
    struct target *target = ARENA_NEW(client->arena, struct target);
    target->client = client;
    target->address = arena_strdup(client->arena, address);
    bool secure = strncmp(address, SECURE_SCHEME, strlen(SECURE_SCHEME)) == 0;
    ASSERT(!secure || client->identity != NULL);
    target->place = target->address + (secure ? strlen(SECURE_SCHEME) : 0);
    target->identity = secure ? client->identity : NULL;
    pthread_mutex_init(&target->lock, NULL);
    atomic_init(&target->seen, -1);
    target->next = client->targets;
    client->targets = target;
    return target;
}

/* "souk.catalog.v1.Catalog.GetProduct" to "/souk.catalog.v1.Catalog/GetProduct". */
static const char *path_of(struct arena *arena, const char *full_name)
{
    const char *dot = strrchr(full_name, '.');
    return arena_printf(arena, "/%.*s/%s", (int)(dot - full_name), full_name, dot + 1);
}

ProtobufCService *grpc_client_service(struct grpc_client *client, const char *address, const struct service_declaration *declaration)
{
    struct remote *remote = ARENA_NEW(client->arena, struct remote);
    remote->base = (ProtobufCService){.descriptor = declaration->descriptor, .invoke = invoke, .destroy = destroy};
    remote->target = target_at(client, address);
    remote->declaration = declaration;
    remote->guarded = false;
    dependency_init(&remote->dependency, declaration->name, LIMIT_GRPC_CALLS);
    remote->next = client->remotes;
    client->remotes = remote;
    remote->paths = ARENA_ARRAY(client->arena, const char *, declaration->method_count);
    for (size_t i = 0; i < declaration->method_count; i++)
        remote->paths[i] = path_of(client->arena, declaration->methods[i]->full_name);
    return &remote->base;
}

struct dependency *grpc_client_guard(ProtobufCService *service)
{
    struct remote *remote = (struct remote *)service;
    remote->guarded = true;
    return &remote->dependency;
}

/* --- beginning and end ------------------------------------------------------------------------------------------- */

struct grpc_client *grpc_client_new(struct env *env)
{
    struct grpc_client *client = calloc(1, sizeof *client);
    ASSERT(client != NULL);
    client->env = env;
    client->arena = arena_new(LIMIT_CALL_ARENA);
    return client;
}

void grpc_client_use_identity(struct grpc_client *client, struct tls_identity *identity)
{
    ASSERT(client->targets == NULL);
    client->identity = identity;
}

bool grpc_client_reaches(const struct grpc_client *client, const char *address)
{
    for (struct target *target = client->targets; target != NULL; target = target->next)
        if (strcmp(target->address, address) == 0)
            return atomic_load(&target->reached);
    return false;
}

bool grpc_client_has_reached(const struct grpc_client *client, const char *address)
{
    for (struct target *target = client->targets; target != NULL; target = target->next)
        if (strcmp(target->address, address) == 0)
            return atomic_load(&target->was_reached);
    return false;
}

static void close_line(struct grpc_line *line)
{
    line->closed = true;
    timer_stop(line->loop, &line->rest);
    refuse_waiting(line, BREAKER_SILENT, "This process is stopping.");
    tell_held(line, true);
    if (line->current != NULL)
        let_go(line);
    while (line->leaving != NULL)
        grpc_connection_end(line->leaving->connection, "This process is stopping.");
}

void grpc_client_close(struct grpc_client *client, struct loop *loop)
{
    for (struct target *target = client->targets; target != NULL; target = target->next)
        close_line(line_of(target, loop));
}

void grpc_client_free(struct grpc_client *client)
{
    if (client == NULL)
        return;
    for (struct target *target = client->targets; target != NULL; target = target->next) {
        while (target->lines != NULL) {
            struct grpc_line *line = target->lines;
            ASSERT(line->current == NULL && line->leaving == NULL && line->waiting == NULL && line->held == NULL);
            target->lines = line->next;
            free(line);
        }
        pthread_mutex_destroy(&target->lock);
    }
    for (struct remote *remote = client->remotes; remote != NULL; remote = remote->next)
        dependency_release(&remote->dependency);
    arena_free(client->arena);
    free(client);
}
