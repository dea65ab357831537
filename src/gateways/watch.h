/*
 * Watches: "call me, on my loop, when this resource has changed". For what gateways stream: server-sent events, subscriptions.
 *
 *     watch_start() ── changed() ── changed() ── … ── watch_stop()
 *
 * They are fed by the same hook that drops cached answers (`touched` of struct host_options): after each commit, before anybody is
 * answered. Changes that come before `changed` has run are told once, so whoever is slow is not told more often than they look; and
 * what they read then is as new as the last change. What has changed must be read: a watch only says that it has.
 *
 * Beside resources ("product", "01jd…") there is "events" with a service's name as key: that service has committed events.
 */
#ifndef SOUK_GATEWAYS_WATCH_H
#define SOUK_GATEWAYS_WATCH_H

#include "platform/env/env.h"

/* One for all loops of the process. Free it when every watch has stopped and nothing is touched any more. */
struct watches;
struct watches *watches_new(void);
void watches_free(struct watches *watches);

/* On the thread of `loop`. With a key of NULL: when any resource of that kind has changed. NULL when LIMIT_WATCHES are under way: refuse with
 * OVERLOADED. Start watching first and read then, or what happens in between is missed. */
struct watch;
struct watch *watch_start(struct watches *watches, struct loop *loop, const char *resource, const char *key,
                          void (*changed)(void *data), void *data);
/* On the same thread, also from within `changed`, which is not called again. */
void watch_stop(struct watch *watch);

/* A resource has changed. From any thread; costs next to nothing while nobody watches. */
void watches_touched(struct watches *watches, const char *resource, const char *key);

/* The server stops: every watch is told once more, and who is told looks whether to end its stream. From any thread. */
void watches_end(struct watches *watches);
bool watches_are_ending(const struct watches *watches);

#endif
