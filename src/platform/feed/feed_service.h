/*
 * The feed service: what this process tells others of the same shop, on the private port.
 *
 *     events     each producer's, after a number: what `bus` readers of another process are given (follow.h)
 *     handled    another process says how far its services are, so that answers here can wait for them ("settled")
 *     touches    the resources that have changed here, for the caches there
 *
 * A question that has no answer yet waits for one (long poll). All questions are looked after by one worker: there are as many as there
 * are other processes, times their producers.
 */
#ifndef SOUK_PLATFORM_FEED_SERVICE_H
#define SOUK_PLATFORM_FEED_SERVICE_H

#include "platform/bus/bus.h"
#include "platform/rpc/call.h"
#include "platform/rpc/declaration.h"

extern const struct service_declaration feed_declaration;
enum { FEED_READ_EVENTS, FEED_READ_PAST, FEED_REPORT_HANDLED, FEED_READ_TOUCHES };

struct feed_service;
/* `loop` has the clock by which questions stop waiting. */
struct feed_service *feed_service_start(struct env *env, struct bus *bus, struct loop *loop);
/* The table, for the directory ("feed"). */
ProtobufCService *feed_service_table(struct feed_service *service);

/* A resource has changed. Any thread. */
void feed_service_touched(struct feed_service *service, const char *resource, const char *key);
/* Anything here may have. Any thread. */
void feed_service_everything_touched(struct feed_service *service);
/* The number of the newest change. Any thread. */
int64_t feed_service_last_touch(const struct feed_service *service);

/* Answer everybody who waits, now and from now on. On the loop of the clock. */
void feed_service_drain(struct feed_service *service);
/* When nobody calls any more, before the bus goes. */
void feed_service_stop(struct feed_service *service);

#endif
