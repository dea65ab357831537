/*
 * How sagas go, as events: what the writer notes for saga.c, and the table souk_saga that it comes to.
 *
 *     SagaStarted -> SagaAdvanced* -> [ SagaTurned -> SagaAdvanced* ] -> SagaEnded
 *
 * A record is a job with an arena of its own, into which everything it says was copied: the saga and its writer share no
 * memory. The claim of the caller's Idempotency-Key goes with the start, its answer with the end, in one transaction each.
 */
#include "base/assert.h"
#include "base/limits.h"
#include "base/log.h"
#include "platform/rpc/message.h"
#include "platform/saga/saga_internal.h"
#include "platform/service/page.h"
#include "platform/service/host_internal.h"

#include "souk/platform/v1/saga.souk.h"

/* --- events ------------------------------------------------------------------------------------------------------ */

static struct sql_value sql_data(ProtobufCBinaryData data)
{
    return sql_bytes(data.data != NULL ? (const void *)data.data : "", data.len);
}

static void apply_started(struct tx *tx, const struct event *event, const ProtobufCMessage *data)
{
    const Platform__SagaStarted *started = (const Platform__SagaStarted *)data;
    SQL_DO(tx,
           "INSERT INTO souk_saga (id, method, status, step, attempt, request, state, problem, key, key_request,"
           " actor_kind, actor_id, scopes, request_id, trace_parent, deadline_us, started_us, changed_us, instance)"
           " VALUES (?1, ?2, ?3, 0, 0, ?4, ?5, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?14, ?15)",
           sql_string(event->key), sql_string(started->method), sql_int(SAGA_RUNNING), sql_data(started->request),
           sql_bytes("", 0), sql_data(started->key), sql_data(started->key_request), sql_int(started->actor_kind),
           sql_string(started->actor_id), sql_int(started->scopes), sql_string(event->request_id),
           sql_string(started->trace_parent), sql_int(started->deadline_us), sql_int(event->at_us), sql_int(started->instance));
}

static void apply_advanced(struct tx *tx, const struct event *event, const ProtobufCMessage *data)
{
    const Platform__SagaAdvanced *advanced = (const Platform__SagaAdvanced *)data;
    SQL_DO(tx, "UPDATE souk_saga SET step = ?2, attempt = ?3, state = ?4, changed_us = ?5 WHERE id = ?1",
           sql_string(event->key), sql_int(advanced->step), sql_int(advanced->attempt), sql_data(advanced->state),
           sql_int(event->at_us));
}

static void apply_turned(struct tx *tx, const struct event *event, const ProtobufCMessage *data)
{
    const Platform__SagaTurned *turned = (const Platform__SagaTurned *)data;
    SQL_DO(tx,
           "UPDATE souk_saga SET status = ?2, step = ?3, attempt = 0, state = ?4, problem = ?5, changed_us = ?6"
           " WHERE id = ?1",
           sql_string(event->key), sql_int(SAGA_UNDOING), sql_int(turned->step), sql_data(turned->state),
           sql_data(turned->problem), sql_int(event->at_us));
}

static void apply_ended(struct tx *tx, const struct event *event, const ProtobufCMessage *data)
{
    const Platform__SagaEnded *ended = (const Platform__SagaEnded *)data;
    bool done = ended->problem.len == 0;
    /* The request is in the events; nothing will be made of it any more. */
    SQL_DO(tx,
           "UPDATE souk_saga SET status = ?2, request = NULL, state = ?3, problem = ?4, changed_us = ?5 WHERE id = ?1",
           sql_string(event->key), sql_int(done ? SAGA_DONE : SAGA_UNDONE), sql_data(ended->state),
           sql_data(ended->problem), sql_int(event->at_us));
}

#define SAGA_EVENT(lower, Camel)                                                                         \
    static const struct event_declaration saga_##lower = {                                               \
        .name = "souk.platform.v1.Saga" #Camel,                                                          \
        .comment = "",                                                                                   \
        .stream = "saga",                                                                                \
        .version = 1,                                                                                    \
        .message = &platform__saga_##lower##__declaration,                                               \
        .apply = apply_##lower,                                                                          \
    };
SAGA_EVENT(started, Started)
SAGA_EVENT(advanced, Advanced)
SAGA_EVENT(turned, Turned)
SAGA_EVENT(ended, Ended)
#undef SAGA_EVENT

const struct event_declaration *saga_event_find(const char *name)
{
    static const struct event_declaration *const events[] = {&saga_started, &saga_advanced, &saga_turned, &saga_ended};
    for (size_t i = 0; i < sizeof events / sizeof *events; i++)
        if (strcmp(events[i]->name, name) == 0)
            return events[i];
    return NULL;
}

/* --- records ----------------------------------------------------------------------------------------------------- */

/* One record on its way through the writer, in its own arena. */
struct record {
    struct writer_job job;
    struct arena *arena;
    struct saga_under_way *saga; /* not to be looked at on the writer */
    const char *id;
    int64_t instance;
    const struct event_declaration *event; /* NULL: a saga that is not durable leaves none */
    const ProtobufCMessage *data;

    bool has_key;
    struct idempotency_key key;
    const ProtobufCMessageDescriptor *answer_type;
    ProtobufCMessage *replayed; /* by a start */
    const char *taken_over;     /* by a start: the id that it goes on under; NULL for its own */
    enum result result;         /* for an end */
    struct text answer, problem;

    void (*started)(struct saga_under_way *saga, enum saga_start start);
    void (*written)(struct saga_under_way *saga, bool written);
};

static ProtobufCBinaryData data_of(struct text text)
{
    return (ProtobufCBinaryData){.len = text.length, .data = (uint8_t *)(uintptr_t)text.at};
}

static ProtobufCBinaryData data_of_hash(struct arena *arena, const uint8_t hash[IDEMPOTENCY_HASH_BYTES])
{
    const char *copy = arena_strndup(arena, (const char *)hash, IDEMPOTENCY_HASH_BYTES);
    return data_of((struct text){copy, IDEMPOTENCY_HASH_BYTES});
}

static struct record *record_new(struct saga_under_way *saga)
{
    struct arena *arena = arena_new(LIMIT_CALL_ARENA);
    struct record *record = ARENA_NEW(arena, struct record);
    *record = (struct record){
        .arena = arena,
        .saga = saga,
        .id = arena_strdup(arena, saga->run.id),
        .instance = saga->instance,
        .has_key = saga->has_key,
        .key = saga->key,
        .answer_type = saga->run.method->output->descriptor,
    };
    /* The call by which the writer knows it: what its events say of who and why. */
    struct call *call = call_child(saga->run.call, arena);
    call->actor.kind = ACTOR_SYSTEM;
    call->actor.id = arena_printf(arena, "%s/%s", saga->run.method->service, saga->run.id);
    call->as_of_us = 0;
    record->job.call = call;
    return record;
}

/* When this process was taken for gone, another one goes on with the saga, and what is said of it here counts no more. */
static enum result check_ours(const struct record *record, struct context *context)
{
    if (record->instance == atomic_load(&context->host->instance))
        return RESULT_OK;
    return call_refuse(context->call, RESULT_SHUTTING_DOWN, "Another process goes on with it.");
}

static void emit(struct record *record, struct context *context)
{
    if (record->event != NULL)
        context_emit(context, record->event, record->id, record->data);
}

static struct text state_of(const struct saga_under_way *saga, struct arena *arena)
{
    return saga->run.state != NULL ? message_pack(arena, saga->run.state) : TEXT("");
}

/* --- progress ---------------------------------------------------------------------------------------------------- */

static enum result write_event(struct writer_job *job, struct context *context)
{
    struct record *record = (struct record *)job;
    enum result result = check_ours(record, context);
    if (result == RESULT_OK)
        emit(record, context);
    return result;
}

static void on_written(struct writer_job *job, enum result result)
{
    struct record *record = (struct record *)job;
    struct saga_under_way *saga = record->saga;
    void (*written)(struct saga_under_way *, bool) = record->written;
    arena_free(record->arena);
    /* Progress that was not waited for and is lost costs a crash some repeated calls, nothing else. */
    if (written != NULL)
        written(saga, result == RESULT_OK);
}

static void post(struct record *record, void (*written)(struct saga_under_way *saga, bool written))
{
    record->job.run = record->job.run != NULL ? record->job.run : write_event;
    record->job.done = on_written;
    record->written = written;
    host_write(record->saga->host, &record->job);
}

static void record_step(struct saga_under_way *saga, void (*written)(struct saga_under_way *saga, bool written))
{
    struct record *record = record_new(saga);
    Platform__SagaAdvanced *advanced = ARENA_NEW(record->arena, Platform__SagaAdvanced);
    platform__saga_advanced__init(advanced);
    advanced->step = (uint32_t)saga->step;
    advanced->attempt = saga->run.attempt;
    advanced->state = data_of(state_of(saga, record->arena));
    record->event = &saga_advanced;
    record->data = &advanced->base;
    post(record, written);
}

void saga_record_progress(struct saga_under_way *saga)
{
    record_step(saga, NULL);
}

void saga_record_step(struct saga_under_way *saga, void (*then)(struct saga_under_way *saga, bool written))
{
    record_step(saga, then);
}

void saga_record_turn(struct saga_under_way *saga, void (*then)(struct saga_under_way *saga, bool written))
{
    struct record *record = record_new(saga);
    Platform__SagaTurned *turned = ARENA_NEW(record->arena, Platform__SagaTurned);
    platform__saga_turned__init(turned);
    turned->step = (uint32_t)saga->step;
    turned->problem = data_of(problem_pack(record->arena, &saga->problem));
    turned->state = data_of(state_of(saga, record->arena));
    record->event = &saga_turned;
    record->data = &turned->base;
    post(record, then);
}

/* What was done is being undone: under the same id its calls would be given the answers of before, and do nothing. */
static enum result write_turn_of_key(struct writer_job *job, struct context *context)
{
    const struct record *record = (const struct record *)job;
    enum result result = check_ours(record, context);
    if (result == RESULT_OK)
        idempotency_hand_over(context->tx, &record->key, context_new_id(context));
    return result;
}

void saga_record_turn_of_key(struct saga_under_way *saga, void (*then)(struct saga_under_way *saga, bool written))
{
    struct record *record = record_new(saga);
    record->job.run = write_turn_of_key;
    post(record, then);
}

/* --- start ------------------------------------------------------------------------------------------------------- */

static enum result write_start(struct writer_job *job, struct context *context)
{
    struct record *record = (struct record *)job;
    record->replayed = NULL;
    record->taken_over = NULL;
    enum result result = check_ours(record, context);
    if (result != RESULT_OK)
        return result;
    if (record->has_key) {
        struct idempotency_record stored = idempotency_find(context->tx, &record->key);
        bool is_own = stored.running && strcmp(stored.worker, record->id) == 0; /* by a commit that was not answered */
        if (stored.found && !is_own && !(stored.left_behind && stored.same_request))
            return idempotency_replay(&stored, context->call, record->answer_type, &record->replayed);
        /* Nobody knows how far it came: under its id the calls that it made are the same calls. A durable one has gone on by itself. */
        if (stored.found && !is_own && record->event == NULL)
            record->taken_over = arena_strdup(record->arena, stored.worker);
        idempotency_claim(context->tx, &record->key, record->taken_over ? record->taken_over : record->id, record->instance,
                          context->now_us);
    }
    emit(record, context);
    return RESULT_OK;
}

/* What was answered before goes to the caller, in his arena. */
static void hand_to_caller(struct saga_under_way *saga, const struct record *record)
{
    const struct call *call = record->job.call;
    saga->caller->replayed = call->replayed;
    if (record->replayed != NULL)
        saga->run.answer = message_unpack(saga->life, record->answer_type, message_pack(saga->life, record->replayed));
    else
        saga->problem = problem_copy(saga->life, &call->problem);
}

/* Go on as that one, of whom nobody knows how far it came. */
static void take_over(struct saga_under_way *saga, const char *id)
{
    pthread_mutex_lock(&saga->host->lock);
    strcpy(saga->run.id, id);
    pthread_mutex_unlock(&saga->host->lock);
    saga->may_have_acted = true;
}

static void on_started(struct writer_job *job, enum result result)
{
    struct record *record = (struct record *)job;
    struct saga_under_way *saga = record->saga;
    void (*started)(struct saga_under_way *, enum saga_start) = record->started;
    enum saga_start start = result == RESULT_OK ? SAGA_GOES_ON : SAGA_NOT_STARTED;
    if (result == RESULT_OK && record->replayed != NULL)
        start = SAGA_REPLAYED;
    if (start != SAGA_GOES_ON)
        hand_to_caller(saga, record);
    else if (record->taken_over != NULL)
        take_over(saga, record->taken_over);
    arena_free(record->arena);
    started(saga, start);
}

void saga_record_start(struct saga_under_way *saga, void (*then)(struct saga_under_way *saga, enum saga_start start))
{
    struct record *record = record_new(saga);
    struct arena *arena = record->arena;
    const struct call *call = saga->run.call;
    record->job.call->actor = (struct actor){call->actor.kind, arena_strdup(arena, call->actor.id), call->actor.scopes};
    if (saga->run.saga->durable) {
        struct env *env = call->home->env;
        Platform__SagaStarted *started = ARENA_NEW(arena, Platform__SagaStarted);
        platform__saga_started__init(started);
        started->method = saga->run.method->full_name;
        started->request = data_of(message_pack(arena, saga->run.request));
        if (saga->has_key) {
            started->key = data_of_hash(arena, saga->key.key);
            started->key_request = data_of_hash(arena, saga->key.request);
        }
        started->actor_kind = (int32_t)call->actor.kind;
        started->actor_id = record->job.call->actor.id;
        started->scopes = call->actor.scopes;
        started->instance = saga->instance;
        started->trace_parent = arena_strdup(arena, call->trace_parent);
        started->deadline_us = env_now_us(env) + saga->deadline_us - env_monotonic_us(env);
        record->event = &saga_started;
        record->data = &started->base;
    }
    record->job.run = write_start;
    record->job.key = record->has_key ? &record->key : NULL;
    record->job.done = on_started;
    record->started = then;
    host_write(saga->host, &record->job);
}

/* --- end --------------------------------------------------------------------------------------------------------- */

/* An answer that would be the same the next time is kept for the key; otherwise the key is free again. */
static enum result write_end(struct writer_job *job, struct context *context)
{
    struct record *record = (struct record *)job;
    enum result result = check_ours(record, context);
    if (result != RESULT_OK)
        return result;
    emit(record, context);
    if (!record->has_key)
        return RESULT_OK;
    if (result_is_definitive(record->result))
        idempotency_store(context->tx, &record->key, record->answer, record->problem, context->now_us);
    else
        idempotency_forget(context->tx, &record->key);
    return RESULT_OK;
}

void saga_record_end(struct saga_under_way *saga, void (*then)(struct saga_under_way *saga, bool written))
{
    struct record *record = record_new(saga);
    record->result = saga->problem.result;
    if (record->result == RESULT_OK)
        record->answer = message_pack(record->arena, saga->run.answer);
    else
        record->problem = problem_pack(record->arena, &saga->problem);

    if (saga->run.saga->durable) {
        Platform__SagaEnded *ended = ARENA_NEW(record->arena, Platform__SagaEnded);
        platform__saga_ended__init(ended);
        ended->problem = data_of(record->problem);
        ended->state = data_of(state_of(saga, record->arena));
        record->event = &saga_ended;
        record->data = &ended->base;
    }
    record->job.run = write_end;
    post(record, then);
}

/* --- reading ----------------------------------------------------------------------------------------------------- */

static struct text column_bytes(const struct sql_rows *rows, int column)
{
    struct text bytes = sql_get_bytes(rows, column);
    return (struct text){arena_strndup(rows->tx->arena, bytes.at, bytes.length), bytes.length};
}

static bool column_hash(const struct sql_rows *rows, int column, uint8_t hash[IDEMPOTENCY_HASH_BYTES])
{
    struct text bytes = sql_get_bytes(rows, column);
    if (bytes.length != IDEMPOTENCY_HASH_BYTES)
        return false;
    memcpy(hash, bytes.at, IDEMPOTENCY_HASH_BYTES);
    return true;
}

#define RESTORED_COLUMNS                                                                                                      \
    "id, method, status, step, attempt, request, state, problem, key, key_request, actor_kind, actor_id, scopes, request_id," \
    " trace_parent, deadline_us"

static void each_restored(struct sql_rows rows, void (*each)(void *data, const struct saga_restored *restored), void *data)
{
    while (sql_next(&rows)) {
        struct saga_restored restored = {
            .id = sql_get_string(&rows, 0),
            .method = sql_get_string(&rows, 1),
            .status = (enum saga_status)sql_get_int(&rows, 2),
            .step = (size_t)sql_get_int(&rows, 3),
            .attempt = (unsigned)sql_get_int(&rows, 4),
            .request = column_bytes(&rows, 5),
            .state = column_bytes(&rows, 6),
            .problem = column_bytes(&rows, 7),
            .actor = {.id = sql_get_string(&rows, 11), .scopes = (unsigned)sql_get_int(&rows, 12)},
            .request_id = sql_get_string(&rows, 13),
            .trace_parent = sql_get_string(&rows, 14),
            .deadline_us = sql_get_int(&rows, 15),
        };
        restored.actor.kind = (int)sql_get_int(&rows, 10);
        restored.has_key = column_hash(&rows, 8, restored.key.key) && column_hash(&rows, 9, restored.key.request);
        each(data, &restored);
    }
}

void saga_each_open(struct tx *tx, void (*each)(void *data, const struct saga_restored *restored), void *data)
{
    each_restored(SQL_SELECT(tx, "SELECT " RESTORED_COLUMNS " FROM souk_saga WHERE status < 2 ORDER BY id"), each, data);
}

void saga_each_inherited(struct tx *tx, int64_t instance, void (*each)(void *data, const struct saga_restored *restored), void *data)
{
    each_restored(SQL_SELECT(tx,
                             "SELECT " RESTORED_COLUMNS " FROM souk_saga WHERE status < 2"
                             " AND instance IN (SELECT number FROM souk_instance WHERE heir = ?1) ORDER BY id",
                             sql_int(instance)),
                  each, data);
}

#define RECORD_COLUMNS "id, method, status, step, state, problem, started_us, changed_us"

const struct saga *saga_of_method(const struct service_declaration *service, const char *full_name)
{
    for (size_t i = 0; i < service->method_count; i++)
        if (service->sagas[i] != NULL && strcmp(service->methods[i]->full_name, full_name) == 0)
            return service->sagas[i];
    return NULL;
}

static const char *name_of_step(const struct service_declaration *service, const char *method, size_t step)
{
    const struct saga *saga = saga_of_method(service, method);
    return saga != NULL && step < saga->step_count ? saga->steps[step].name : "";
}

static struct saga_record record_of_row(const struct sql_rows *rows, const struct service_declaration *service)
{
    struct saga_record record = {
        .id = sql_get_string(rows, 0),
        .method = sql_get_string(rows, 1),
        .status = (enum saga_status)sql_get_int(rows, 2),
        .step = (unsigned)sql_get_int(rows, 3),
        .state = column_bytes(rows, 4),
        .problem = column_bytes(rows, 5),
        .started_us = sql_get_int(rows, 6),
        .changed_us = sql_get_int(rows, 7),
    };
    record.step_name = name_of_step(service, record.method, record.step);
    return record;
}

bool saga_find(struct tx *tx, const struct service_declaration *service, const char *id, struct saga_record *record)
{
    struct sql_rows rows = SQL_SELECT(tx, "SELECT " RECORD_COLUMNS " FROM souk_saga WHERE id = ?1", sql_string(id));
    bool found = sql_next(&rows);
    if (found)
        *record = record_of_row(&rows, service);
    sql_stop(&rows);
    return found;
}

void saga_each(struct tx *tx, const struct service_declaration *service, bool open, const char *before, int64_t limit,
               bool (*each)(void *data, const struct saga_record *record), void *data)
{
    if (*before == '\0')
        before = PAGE_PAST_EVERY_ID;
    struct sql_rows rows =
        open ? SQL_SELECT(tx,
                          "SELECT " RECORD_COLUMNS " FROM souk_saga WHERE status < 2 AND id < ?1"
                          " ORDER BY id DESC LIMIT ?2",
                          sql_string(before), sql_int(limit))
             : SQL_SELECT(tx,
                          "SELECT " RECORD_COLUMNS " FROM souk_saga WHERE id < ?1 ORDER BY id DESC LIMIT ?2",
                          sql_string(before), sql_int(limit));
    while (sql_next(&rows)) {
        struct saga_record record = record_of_row(&rows, service);
        if (!each(data, &record)) {
            sql_stop(&rows);
            return;
        }
    }
}
