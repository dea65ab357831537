/*
 * A lane is a loop's connection. Everything of it happens on its loop; only the counts, and whether it is ready, are seen by others.
 *
 *     asked:  pending -> pending -> …      in the order in which replies will come; `request` NULL: nobody waits (any more)
 *
 * Of hiredis only the protocol is used. Its own asynchronous connections resolve names by blocking, and would be a second kind of socket beside the env's.
 *
 * All impatient requests wait equally long, so they become overdue in the order of the queue, and one timer serves all.
 */
#include "platform/redis/redis.h"

#include "base/assert.h"
#include "base/log.h"

#include <hiredis/hiredis.h>
#include <openssl/sha.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define SCRIPTS_MAX 8
#define LANES_MAX 64
#define PENDING_MAX 10000 /* and no more is asked: somebody would wait too long */
#define ARGUMENTS_MAX 1100
#define GREETING_US 1000000
#define STALL_US 1000000
#define RELOAD_US 1000000
#define RETRY_FIRST_US 100000
#define RETRY_MAX_US 5000000

struct redis_script {
    const char *lua;
    char sha[2 * SHA_DIGEST_LENGTH + 1];
};

struct pending {
    struct pending *next;
    struct redis_request *request;
    int64_t sent_us;
    bool overdue; /* somebody has waited for it in vain */
};

enum lane_state { LANE_AWAY, LANE_CONNECTING, LANE_GREETING, LANE_READY, LANE_ENDING /* the timer will */, LANE_CLOSED };

struct lane {
    struct redis *redis;
    struct loop *loop;
    enum lane_state state;
    struct socket *socket;
    redisReader *reader;
    struct pending *first, **last;
    size_t pending_count, overdue_count, greeting_count;
    bool is_authenticating;
    struct timer timer;
    bool timed;
    int64_t retry_us;
    int64_t loaded_us; /* when scripts were last sent again */
    struct task start;
    atomic_bool ready;
};

enum told { TOLD_NOTHING, TOLD_USED, TOLD_AWAY };

struct redis {
    struct env *env;
    struct redis_address address;
    struct redis_script scripts[SCRIPTS_MAX];
    size_t script_count;
    void (*on_ready)(void *data, struct loop *loop);
    void *on_ready_data;
    _Atomic enum told told; /* in the log, last */
    _Atomic uint64_t asked, errors, late, connects, losses;
    size_t lane_count;
    struct lane lanes[LANES_MAX];
};

static void connect_lane(struct lane *lane);

/* --- what is pending ---------------------------------------------------------------------------------------------------- */

static void push(struct lane *lane, struct redis_request *request)
{
    struct pending *pending = malloc(sizeof *pending);
    ASSERT(pending != NULL);
    *pending = (struct pending){.request = request, .sent_us = env_monotonic_us(lane->redis->env)};
    *lane->last = pending;
    lane->last = &pending->next;
    lane->pending_count++;
}

/* Its request; NULL when nobody waits. */
static struct redis_request *pop(struct lane *lane)
{
    struct pending *pending = lane->first;
    struct redis_request *request = pending->request;
    lane->first = pending->next;
    if (lane->first == NULL)
        lane->last = &lane->first;
    lane->pending_count--;
    lane->overdue_count -= pending->overdue;
    free(pending);
    return request;
}

static void answer(struct redis_request *request, const redisReply *reply)
{
    if (request != NULL)
        request->answered(request, reply);
}

static void answer_all_with_nothing(struct lane *lane)
{
    while (lane->first != NULL)
        answer(pop(lane), NULL);
}

/* --- ending ------------------------------------------------------------------------------------------------------------- */

/* Once for all lanes: what happens to one happens to the others. */
static void tell_away(struct lane *lane, const char *why)
{
    if (atomic_exchange(&lane->redis->told, TOLD_AWAY) == TOLD_AWAY)
        return;
    LOG_WARNING("Redis can't be used; this process goes on with its own limits and cache", log_text("server", lane->redis->address.server),
                log_text("reason", why));
}

static void lane_release(struct lane *lane, enum lane_state state)
{
    if (lane->socket != NULL)
        socket_close(lane->socket);
    if (lane->reader != NULL)
        redisReaderFree(lane->reader);
    lane->socket = NULL;
    lane->reader = NULL;
    lane->state = state;
    atomic_store(&lane->ready, false);
    timer_stop(lane->loop, &lane->timer);
    lane->timed = false;
    answer_all_with_nothing(lane);
}

static void set_timer(struct lane *lane, int64_t after_us)
{
    lane->timed = true;
    timer_start(lane->loop, &lane->timer, after_us);
}

/* Away, until the next attempt: after a while that doubles, less a part by chance, so that not everybody comes at once. */
static void lane_end(struct lane *lane, const char *why)
{
    uint16_t chance;
    tell_away(lane, why);
    atomic_fetch_add(&lane->redis->losses, atomic_load(&lane->ready));
    lane_release(lane, LANE_AWAY);
    env_random(lane->redis->env, &chance, sizeof chance);
    set_timer(lane, lane->retry_us - lane->retry_us / 4 * chance / UINT16_MAX);
    lane->retry_us = lane->retry_us * 2 < RETRY_MAX_US ? lane->retry_us * 2 : RETRY_MAX_US;
}

static void on_closed(void *data, const char *why)
{
    struct lane *lane = data;
    lane_end(lane, lane->state == LANE_CONNECTING ? why : "The connection was lost.");
}

/* --- sending ------------------------------------------------------------------------------------------------------------ */

static void send_command(struct lane *lane, struct redis_request *request, int count, const char **arguments, const size_t *lengths)
{
    char *bytes;
    int length = (int)redisFormatCommandArgv(&bytes, count, arguments, lengths);
    ASSERT(length > 0);
    push(lane, request);
    socket_send(lane->socket, bytes, (size_t)length);
    free(bytes);
    if (!lane->timed)
        set_timer(lane, lane->redis->address.wait_us);
}

static struct lane *lane_of(const struct redis *redis, const struct loop *loop)
{
    for (size_t i = 0; i < redis->lane_count; i++)
        if (redis->lanes[i].loop == loop)
            return (struct lane *)(uintptr_t)&redis->lanes[i];
    return NULL;
}

bool redis_ask(struct redis *redis, struct loop *loop, struct redis_request *request, const struct redis_script *script,
               const struct text *keys, size_t key_count, const struct text *arguments, size_t argument_count)
{
    struct lane *lane = lane_of(redis, loop);
    const char *parts[ARGUMENTS_MAX] = {"EVALSHA", script->sha};
    size_t lengths[ARGUMENTS_MAX] = {strlen("EVALSHA"), sizeof script->sha - 1};
    char number[24];
    int count = 2;
    bool patient = request != NULL && request->patient;
    if (lane == NULL || lane->state != LANE_READY || (!patient && (lane->overdue_count > 0 || lane->pending_count >= PENDING_MAX)))
        return false;
    ASSERT(key_count + argument_count + 3 <= ARGUMENTS_MAX);
    lengths[count] = (size_t)snprintf(number, sizeof number, "%zu", key_count);
    parts[count++] = number;
    for (size_t i = 0; i < key_count + argument_count; i++) {
        struct text part = i < key_count ? keys[i] : arguments[i - key_count];
        lengths[count] = part.length;
        parts[count++] = part.at;
    }
    atomic_fetch_add(&redis->asked, 1);
    send_command(lane, request, count, parts, lengths);
    return true;
}

void redis_reconnect(struct redis *redis, struct loop *loop)
{
    struct lane *lane = lane_of(redis, loop);
    if (lane == NULL || lane->state != LANE_READY)
        return;
    lane->state = LANE_ENDING;
    set_timer(lane, 0);
}

/* --- waiting ------------------------------------------------------------------------------------------------------------ */

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void give_up_waiting(struct lane *lane, struct pending *pending)
{
    struct redis_request *request = pending->request;
    pending->request = NULL;
    pending->overdue = true;
    lane->overdue_count++;
    atomic_fetch_add(&lane->redis->late, 1);
    request->answered(request, NULL);
}

/* Whoever has waited long enough waits no more; the rest of them, and a connection that stands still, are looked at again later. */
static void look_at_pending(struct lane *lane)
{
    int64_t now_us = env_monotonic_us(lane->redis->env), wait_us = lane->redis->address.wait_us, next_us = INT64_MAX;
    int64_t stall_us = wait_us + STALL_US;
    if (lane->first != NULL && now_us - lane->first->sent_us >= stall_us) {
        lane_end(lane, "It does not answer.");
        return;
    }
    for (struct pending *pending = lane->first; pending != NULL; pending = pending->next) {
        bool waits = pending->request != NULL && !pending->request->patient;
        if (waits && now_us - pending->sent_us >= wait_us)
            give_up_waiting(lane, pending);
        else
            next_us = earlier(next_us, pending->sent_us + (waits ? wait_us : stall_us));
    }
    if (lane->first != NULL)
        set_timer(lane, earlier(next_us, lane->first->sent_us + stall_us) - now_us);
}

static void on_timer(struct timer *timer)
{
    struct lane *lane = (struct lane *)((char *)timer - offsetof(struct lane, timer));
    lane->timed = false;
    switch (lane->state) {
    case LANE_AWAY:
        connect_lane(lane);
        return;
    case LANE_CONNECTING:
    case LANE_GREETING:
        lane_end(lane, "It does not answer.");
        return;
    case LANE_READY:
        look_at_pending(lane);
        return;
    case LANE_ENDING:
        lane_end(lane, "It refuses what the cache needs; is it a read-only replica, or its memory full (maxmemory-policy allkeys-lru)?");
        return;
    case LANE_CLOSED:
        return;
    }
}

/* --- greeting ----------------------------------------------------------------------------------------------------------- */

static void greet(struct lane *lane, int count, const char **parts)
{
    size_t lengths[3];
    for (int i = 0; i < count; i++)
        lengths[i] = strlen(parts[i]);
    lane->greeting_count += lane->state == LANE_GREETING;
    send_command(lane, NULL, count, parts, lengths);
}

static void load_scripts(struct lane *lane)
{
    for (size_t i = 0; i < lane->redis->script_count; i++)
        greet(lane, 3, (const char *[]){"SCRIPT", "LOAD", lane->redis->scripts[i].lua});
}

static void on_opened(void *data)
{
    struct lane *lane = data;
    const struct redis_address *address = &lane->redis->address;
    char database[16];
    lane->state = LANE_GREETING;
    lane->is_authenticating = *address->password != '\0';
    if (*address->user != '\0')
        greet(lane, 3, (const char *[]){"AUTH", address->user, address->password});
    else if (*address->password != '\0')
        greet(lane, 2, (const char *[]){"AUTH", address->password});
    if (address->database != 0) {
        snprintf(database, sizeof database, "%d", address->database);
        greet(lane, 2, (const char *[]){"SELECT", database});
    }
    greet(lane, 1, (const char *[]){"PING"});
    load_scripts(lane);
}

static bool begins(const redisReply *reply, const char *word)
{
    return text_starts_with((struct text){reply->str, reply->len}, word);
}

/* Of the password Redis may say anything, even what it is; so that is not repeated. */
static void refuse_greeting(struct lane *lane, const redisReply *reply)
{
    char said[160];
    snprintf(said, sizeof said, "It says: %.140s", reply->str);
    lane_end(lane, lane->is_authenticating   ? "It refuses the name and password of SOUK_CACHE."
                   : begins(reply, "NOAUTH") ? "It wants a password: SOUK_CACHE=redis://:PASSWORD@host:port."
                   : begins(reply, "NOPERM") ? "Its user may not do what Souk needs: allow `~{souk}:* +@scripting +@hash +@string +@keyspace +select +ping +time`."
                                             : said);
}

/* It does what is asked of it, as the first reply has shown: until then it may be one that greets and refuses all else (full, a replica). */
static void prove(struct lane *lane)
{
    lane->retry_us = RETRY_FIRST_US;
    atomic_fetch_add(&lane->redis->connects, 1);
    atomic_store(&lane->ready, true);
    if (redis_is_ready(lane->redis) && atomic_exchange(&lane->redis->told, TOLD_USED) != TOLD_USED)
        LOG_INFO("Redis is used, for limits and cache", log_text("server", lane->redis->address.server));
}

static void greeted(struct lane *lane, const redisReply *reply)
{
    struct redis *redis = lane->redis;
    lane->greeting_count--;
    if (reply->type == REDIS_REPLY_ERROR) {
        refuse_greeting(lane, reply);
        return;
    }
    lane->is_authenticating = false;
    if (lane->greeting_count > 0)
        return;
    lane->state = LANE_READY;
    if (redis->on_ready != NULL)
        redis->on_ready(redis->on_ready_data, lane->loop);
    else
        prove(lane);
}

/* --- receiving ---------------------------------------------------------------------------------------------------------- */

/* Scripts may be flushed by an operator; who asked goes without this once. */
static void note_error(struct lane *lane, const redisReply *reply)
{
    int64_t now_us = env_monotonic_us(lane->redis->env);
    atomic_fetch_add(&lane->redis->errors, 1);
    if (!begins(reply, "NOSCRIPT") || now_us - lane->loaded_us < RELOAD_US)
        return;
    lane->loaded_us = now_us;
    load_scripts(lane);
}

static void take_reply(struct lane *lane, const redisReply *reply)
{
    bool is_error = reply->type == REDIS_REPLY_ERROR;
    if (lane->first == NULL) { /* nobody asked: it sends us away, as when there are too many clients */
        lane_end(lane, is_error ? reply->str : "What answers there is not Redis.");
        return;
    }
    struct redis_request *request = pop(lane);
    if (request == NULL && lane->state == LANE_GREETING) {
        greeted(lane, reply);
        return;
    }
    if (is_error)
        note_error(lane, reply);
    else if (lane->state == LANE_READY && !atomic_load(&lane->ready))
        prove(lane);
    answer(request, is_error || lane->state != LANE_READY ? NULL : reply);
}

static void on_received(void *data, const void *bytes, size_t count)
{
    struct lane *lane = data;
    void *reply;
    if (redisReaderFeed(lane->reader, bytes, count) != REDIS_OK) {
        lane_end(lane, "There is no memory for its answer.");
        return;
    }
    while (lane->reader != NULL) {
        if (redisReaderGetReply(lane->reader, &reply) != REDIS_OK) {
            lane_end(lane, "What answers there is not Redis.");
            return;
        }
        if (reply == NULL)
            return;
        take_reply(lane, reply);
        freeReplyObject(reply);
    }
}

static const struct socket_events socket_events = {.opened = on_opened, .received = on_received, .closed = on_closed};

static void connect_lane(struct lane *lane)
{
    lane->state = LANE_CONNECTING;
    lane->greeting_count = 0;
    lane->reader = redisReaderCreate();
    ASSERT(lane->reader != NULL);
    set_timer(lane, GREETING_US);
    lane->socket = socket_open(lane->loop, lane->redis->address.server, &socket_events, lane);
}

/* --- the whole ---------------------------------------------------------------------------------------------------------- */

struct redis *redis_new(struct env *env, const struct redis_address *address, struct loop *const *loops, size_t loop_count)
{
    struct redis *redis = calloc(1, sizeof *redis);
    ASSERT(redis != NULL && loop_count <= LANES_MAX);
    redis->env = env;
    redis->address = *address;
    redis->lane_count = loop_count;
    for (size_t i = 0; i < loop_count; i++) {
        struct lane *lane = &redis->lanes[i];
        *lane = (struct lane){.redis = redis, .loop = loops[i], .last = &lane->first, .timer.run = on_timer, .retry_us = RETRY_FIRST_US};
    }
    return redis;
}

const struct redis_script *redis_script_add(struct redis *redis, const char *lua)
{
    unsigned char digest[SHA_DIGEST_LENGTH];
    ASSERT(redis->script_count < SCRIPTS_MAX);
    struct redis_script *script = &redis->scripts[redis->script_count++];
    script->lua = lua;
    SHA1((const unsigned char *)lua, strlen(lua), digest);
    for (size_t i = 0; i < SHA_DIGEST_LENGTH; i++)
        snprintf(script->sha + 2 * i, 3, "%02x", digest[i]);
    return script;
}

void redis_on_ready(struct redis *redis, void (*ready)(void *data, struct loop *loop), void *data)
{
    redis->on_ready = ready;
    redis->on_ready_data = data;
}

static void run_start(struct task *task)
{
    struct lane *lane = (struct lane *)((char *)task - offsetof(struct lane, start));
    if (lane->state == LANE_AWAY)
        connect_lane(lane);
}

void redis_start(struct redis *redis)
{
    for (size_t i = 0; i < redis->lane_count; i++) {
        redis->lanes[i].start.run = run_start;
        loop_post(redis->lanes[i].loop, &redis->lanes[i].start);
    }
}

void redis_close(struct redis *redis, struct loop *loop)
{
    struct lane *lane = lane_of(redis, loop);
    ASSERT(lane != NULL);
    if (lane->state != LANE_CLOSED)
        lane_release(lane, LANE_CLOSED);
}

void redis_free(struct redis *redis)
{
    free(redis);
}

struct redis_counts redis_counts(const struct redis *redis)
{
    return (struct redis_counts){
        .asked = atomic_load(&redis->asked),
        .errors = atomic_load(&redis->errors),
        .late = atomic_load(&redis->late),
        .connects = atomic_load(&redis->connects),
        .losses = atomic_load(&redis->losses),
    };
}

bool redis_is_ready(const struct redis *redis)
{
    for (size_t i = 0; i < redis->lane_count; i++)
        if (!atomic_load(&redis->lanes[i].ready))
            return false;
    return true;
}
