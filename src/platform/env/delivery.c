/*
 * Deliveries: a list per home loop, hung on the task of its first.
 */
#include "platform/env/delivery.h"

static void on_task(struct task *task)
{
    struct delivery *delivery = (struct delivery *)((char *)task - offsetof(struct delivery, task));
    while (delivery != NULL) {
        struct delivery *next = delivery->next; /* arriving may end its memory */
        delivery->arrive(delivery);
        delivery = next;
    }
}

void delivery_prepare(struct delivery *delivery)
{
    delivery->next = NULL;
    delivery->task.run = on_task;
}

void delivery_post(struct delivery *delivery)
{
    delivery_prepare(delivery);
    loop_post(delivery->home, &delivery->task);
}

void deliveries_add(struct deliveries *deliveries, struct delivery *delivery)
{
    delivery_prepare(delivery);
    unsigned i = 0;
    while (i < deliveries->home_count && deliveries->homes[i].home != delivery->home)
        i++;
    if (i == DELIVERIES_HOMES_MAX) {
        loop_post(delivery->home, &delivery->task);
        return;
    }
    if (i == deliveries->home_count) {
        deliveries->home_count++;
        deliveries->homes[i].home = delivery->home;
        deliveries->homes[i].first = delivery;
    } else {
        deliveries->homes[i].last->next = delivery;
    }
    deliveries->homes[i].last = delivery;
}

void deliveries_post(struct deliveries *deliveries)
{
    for (unsigned i = 0; i < deliveries->home_count; i++)
        loop_post(deliveries->homes[i].home, &deliveries->homes[i].first->task);
    deliveries->home_count = 0;
}
