/*
 * A table of watches by the hash of what they watch, under one lock. A watch that is to be told is posted to its loop, and stays
 * posted until its callback begins; stopping a posted one leaves its memory to the task on its way.
 */
#include "gateways/watch.h"

#include "base/assert.h"
#include "base/limits.h"
#include "base/text.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define SLOTS 1024 /* a power of two */
#define NAME_BYTES_MAX 160

struct watch {
    struct task task; /* first: a task is its watch */
    struct watches *watches;
    struct watch *next, **before; /* in its slot */
    struct loop *loop;
    void (*changed)(void *data);
    void *data;
    bool posted, stopped; /* under the lock */
    char name[];          /* "product/01jd…", or "product" for all of them */
};

struct watches {
    atomic_size_t count;
    atomic_bool ending;
    pthread_mutex_t lock; /* of the slots and what is in them */
    struct watch *slots[SLOTS];
};

struct watches *watches_new(void)
{
    struct watches *watches = calloc(1, sizeof *watches);
    ASSERT(watches != NULL);
    pthread_mutex_init(&watches->lock, NULL);
    return watches;
}

void watches_free(struct watches *watches)
{
    if (watches == NULL)
        return;
    ASSERT(atomic_load(&watches->count) == 0);
    pthread_mutex_destroy(&watches->lock);
    free(watches);
}

/* --- telling ------------------------------------------------------------------------------------------------------------- */

static void on_posted(struct task *task)
{
    struct watch *watch = (struct watch *)task;
    struct watches *watches = watch->watches;
    pthread_mutex_lock(&watches->lock);
    watch->posted = false;
    bool stopped = watch->stopped;
    pthread_mutex_unlock(&watches->lock);
    if (stopped)
        free(watch);
    else
        watch->changed(watch->data);
}

/* Under the lock. */
static void tell(struct watch *watch)
{
    if (watch->posted)
        return;
    watch->posted = true;
    loop_post(watch->loop, &watch->task);
}

static struct watch **slot_of(struct watches *watches, struct text name)
{
    return &watches->slots[text_hash(name) & (SLOTS - 1)];
}

static void tell_all(struct watches *watches, struct text name)
{
    for (struct watch *watch = *slot_of(watches, name); watch != NULL; watch = watch->next)
        if (text_is(name, watch->name))
            tell(watch);
}

/* Its length; 0 when it is too long. */
static size_t write_name(char name[NAME_BYTES_MAX], const char *resource, const char *key)
{
    int length = snprintf(name, NAME_BYTES_MAX, "%s%s%s", resource, key != NULL ? "/" : "", key != NULL ? key : "");
    return length >= 0 && length < NAME_BYTES_MAX ? (size_t)length : 0;
}

void watches_touched(struct watches *watches, const char *resource, const char *key)
{
    char name[NAME_BYTES_MAX];
    if (atomic_load(&watches->count) == 0)
        return;
    size_t length = write_name(name, resource, key);
    pthread_mutex_lock(&watches->lock);
    if (length > 0) /* a longer one nobody can watch */
        tell_all(watches, (struct text){name, length});
    tell_all(watches, text_of(resource));
    pthread_mutex_unlock(&watches->lock);
}

/* --- watching ------------------------------------------------------------------------------------------------------------ */

struct watch *watch_start(struct watches *watches, struct loop *loop, const char *resource, const char *key,
                          void (*changed)(void *data), void *data)
{
    char name[NAME_BYTES_MAX];
    size_t length = write_name(name, resource, key);
    if (length == 0 || atomic_load(&watches->count) >= LIMIT_WATCHES)
        return NULL;
    struct watch *watch = calloc(1, sizeof *watch + length + 1);
    ASSERT(watch != NULL);
    watch->task.run = on_posted;
    watch->watches = watches;
    watch->loop = loop;
    watch->changed = changed;
    watch->data = data;
    memcpy(watch->name, name, length + 1);

    struct watch **slot = slot_of(watches, (struct text){name, length});
    pthread_mutex_lock(&watches->lock);
    watch->next = *slot;
    watch->before = slot;
    if (watch->next != NULL)
        watch->next->before = &watch->next;
    *slot = watch;
    if (atomic_load(&watches->ending))
        tell(watch);
    pthread_mutex_unlock(&watches->lock);
    atomic_fetch_add(&watches->count, 1);
    return watch;
}

void watch_stop(struct watch *watch)
{
    struct watches *watches = watch->watches;
    pthread_mutex_lock(&watches->lock);
    *watch->before = watch->next;
    if (watch->next != NULL)
        watch->next->before = watch->before;
    watch->stopped = true;
    bool posted = watch->posted;
    pthread_mutex_unlock(&watches->lock);
    atomic_fetch_sub(&watches->count, 1);
    if (!posted)
        free(watch);
}

/* --- the end ------------------------------------------------------------------------------------------------------------- */

void watches_end(struct watches *watches)
{
    pthread_mutex_lock(&watches->lock);
    atomic_store(&watches->ending, true);
    for (size_t i = 0; i < SLOTS; i++)
        for (struct watch *watch = watches->slots[i]; watch != NULL; watch = watch->next)
            tell(watch);
    pthread_mutex_unlock(&watches->lock);
}

bool watches_are_ending(const struct watches *watches)
{
    return atomic_load(&watches->ending);
}
