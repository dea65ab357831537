/*
 * Deliveries: many finished things on their way to few loops.
 *
 * A writer that commits 256 commands at once has 256 answers for, mostly, one loop. They travel as one task: one lock, one wakeup.
 */
#ifndef SOUK_PLATFORM_DELIVERY_H
#define SOUK_PLATFORM_DELIVERY_H

#include "platform/env/env.h"

/* Embed it in what is to arrive. */
struct delivery {
    void (*arrive)(struct delivery *delivery); /* on `home`; may free the delivery */
    struct loop *home;
    struct task task;
    struct delivery *next; /* travels in the same task */
};

/* A delivery that travels alone. */
void delivery_post(struct delivery *delivery);
/* Make delivery->task arrive when somebody else posts it. */
void delivery_prepare(struct delivery *delivery);

#define DELIVERIES_HOMES_MAX 16
/* Collect, then post. All zero is empty. */
struct deliveries {
    struct {
        struct loop *home;
        struct delivery *first, *last;
    } homes[DELIVERIES_HOMES_MAX];
    unsigned home_count;
};
void deliveries_add(struct deliveries *deliveries, struct delivery *delivery);
void deliveries_post(struct deliveries *deliveries);

#endif
