/*
 * Redis, where several processes of a shop have one beside them: asked by scripts, on the loops, without anybody ever waiting long.
 *
 * One connection a loop, on the env's sockets; hiredis writes the commands and reads the replies. What is asked goes out at once, however much is under
 * way (a pipeline), and replies come in the order of the questions. Redis is optional: whoever asks it goes on by himself when it
 *
 *     is not there     redis_ask() says so at once; the connection comes back by itself, with back-off
 *     is slow          after the address's `wait_us` the request is answered with nothing; until Redis has caught up, redis_ask() refuses
 *     stands still     a second without the reply that is due ends the connection
 *     refuses          as above; what it says is told in the log, once, until it is better
 *
 *     AWAY --> CONNECTING --> GREETING (password, database, scripts) --> READY --> AWAY …
 */
#ifndef SOUK_PLATFORM_REDIS_H
#define SOUK_PLATFORM_REDIS_H

#include "base/text.h"
#include "platform/env/env.h"

#define REDIS_SECRET_BYTES 256

/* redis://[[user]:password@]host[:port][/database][?wait_ms=5] */
struct redis_address {
    char server[300]; /* "host:port" */
    char user[REDIS_SECRET_BYTES], password[REDIS_SECRET_BYTES];
    int database;
    int64_t wait_us; /* that anybody waits for a reply */
};
bool redis_address_is(const char *url);
/* False with a sentence that has nothing of the URL: there may be a password in it. */
bool redis_address_read(struct redis_address *address, const char *url, char error[512]);

struct redis;
struct redis_script;
struct redisReply; /* hiredis */

/* Loops must outlive it. */
struct redis *redis_new(struct env *env, const struct redis_address *address, struct loop *const *loops, size_t loop_count);
/* What may be asked. `lua` must outlive it. */
const struct redis_script *redis_script_add(struct redis *redis, const char *lua);
/* Called on the loop of each connection that is made, before anybody else can ask by it: asks something itself, and the connection counts as ready when
 * that was done. */
void redis_on_ready(struct redis *redis, void (*ready)(void *data, struct loop *loop), void *data);
/* When scripts are added, and before or while the loops run. */
void redis_start(struct redis *redis);
/* On each loop, when nobody asks there any more: it goes away for good. */
void redis_close(struct redis *redis, struct loop *loop);
/* When the loops have ended. NULL is fine. */
void redis_free(struct redis *redis);

/* A question under way: the asker's memory until `answered` was called, on the loop. */
struct redis_request {
    /* `reply` NULL: none came, or none in time, or an error. Otherwise it lives as long as the call. */
    void (*answered)(struct redis_request *request, const struct redisReply *reply);
    bool patient; /* waits as long as the connection lives, and asks though it is slow */
};
/* On the loop's thread: run the script. False: Redis is not there, and nothing will be answered. `request` NULL: whoever asks does not care. */
bool redis_ask(struct redis *redis, struct loop *loop, struct redis_request *request, const struct redis_script *script,
               const struct text *keys, size_t key_count, const struct text *arguments, size_t argument_count);
/* What was asked must not fail and did: begin anew with another connection. On the loop's thread. */
void redis_reconnect(struct redis *redis, struct loop *loop);

struct redis_counts {
    uint64_t asked, errors /* replies that were refusals */, late /* answered with nothing as it took too long */, connects, losses;
};
struct redis_counts redis_counts(const struct redis *redis);
/* Whether every loop has its connection. Any thread. */
bool redis_is_ready(const struct redis *redis);

#endif
