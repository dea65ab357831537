/*
 * Shedding load: when the machine is full, what matters least is refused first, at once, so that the rest is still done in time.
 *
 *     pay      checking out, and how it is going; whatever a saga calls, as that has begun     waits longest
 *     cart     commands and sagas of shoppers
 *     browse   queries of shoppers
 *     report   what needs a scope: lists, exports, the back office                             is refused first
 *
 * A method may say otherwise in its .proto (`urgency`). Full means: many wait in the queue (LIMIT_SHED_QUEUE), and the first of them has
 * waited longer than who asks would like to. Queries wait in lanes, the most urgent ones first (readers.c), and only those that go before one
 * are counted for it: however many look, who pays does not wait for them. So nothing is shed for a single slow request, and looking costs a load and a comparison.
 */
#ifndef SOUK_PLATFORM_SHED_H
#define SOUK_PLATFORM_SHED_H

#include "platform/rpc/call.h"
#include "platform/rpc/declaration.h"

#include <stdatomic.h>

/* Since when the first one of a queue waits; 0: the queue is short. Set by whoever has the queue's lock, read by anybody. */
struct queue_age {
    atomic_int_fast64_t since_us; /* monotonic */
};

/* The first of `length` that wait came at `first_us`. */
void queue_age_set(struct queue_age *age, size_t length, int64_t first_us);
int64_t queue_age_us(const struct queue_age *age, struct env *env);

enum method_urgency call_urgency(const struct call *call, const struct method_declaration *method);
/* Whether a queue of that age is too long for it. */
bool shed_refuses(enum method_urgency urgency, int64_t age_us);
/* Whether one of many that wait has waited for so long that it had better be told to come again. */
bool shed_gives_up(enum method_urgency urgency, int64_t waited_us);
const char *urgency_name(enum method_urgency urgency);

#endif
