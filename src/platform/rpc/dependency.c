#include "platform/rpc/dependency.h"

#include "base/log.h"

#include <string.h>

/* "inventory" to INVENTORY_UNAVAILABLE, where there is such a row. */
static enum result away_of(const char *name)
{
    size_t length = strlen(name);
    for (int i = 0; i < RESULT_COUNT; i++) {
        const char *wire = result_row((enum result)i)->wire;
        if (strncmp(wire, name, length) == 0 && strcmp(wire + length, "_unavailable") == 0)
            return (enum result)i;
    }
    return RESULT_UNAVAILABLE;
}

void dependency_init(struct dependency *dependency, const char *name, unsigned under_way_max)
{
    *dependency = (struct dependency){.name = name, .away = away_of(name), .under_way_max = under_way_max};
    retry_budget_init(&dependency->retries);
    pthread_mutex_init(&dependency->lock, NULL);
}

void dependency_release(struct dependency *dependency)
{
    pthread_mutex_destroy(&dependency->lock);
}

static enum result admit(struct dependency *dependency, int64_t now_us, enum breaker_admission *admission)
{
    if (dependency->counts.under_way >= dependency->under_way_max) {
        dependency->counts.refused_full++;
        return RESULT_OVERLOADED;
    }
    *admission = breaker_admit(&dependency->breaker, now_us);
    if (*admission == BREAKER_REFUSES) {
        dependency->counts.refused_open++;
        return dependency->away;
    }
    dependency->counts.calls++;
    dependency->counts.under_way++;
    return RESULT_OK;
}

enum result dependency_enter(struct dependency *dependency, int64_t now_us, enum breaker_admission *admission)
{
    pthread_mutex_lock(&dependency->lock);
    enum result result = admit(dependency, now_us, admission);
    pthread_mutex_unlock(&dependency->lock);
    if (result == RESULT_OK)
        retry_budget_earn(&dependency->retries);
    return result;
}

void dependency_leave(struct dependency *dependency, enum breaker_admission admission, enum breaker_outcome outcome, int64_t now_us)
{
    pthread_mutex_lock(&dependency->lock);
    enum breaker_state before = dependency->breaker.state;
    dependency->counts.under_way--;
    dependency->counts.failed += outcome == BREAKER_FAILED;
    breaker_note(&dependency->breaker, admission, outcome, now_us);
    enum breaker_state after = dependency->breaker.state;
    pthread_mutex_unlock(&dependency->lock);
    if (before == BREAKER_CLOSED && after == BREAKER_OPEN)
        LOG_WARNING("a service elsewhere fails, and is not asked for a while", log_text("service", dependency->name));
    if (before != BREAKER_CLOSED && after == BREAKER_CLOSED)
        LOG_INFO("a service elsewhere answers again", log_text("service", dependency->name));
}

bool dependency_may_retry(struct dependency *dependency)
{
    if (!retry_budget_spend(&dependency->retries))
        return false;
    pthread_mutex_lock(&dependency->lock);
    dependency->counts.retried++;
    pthread_mutex_unlock(&dependency->lock);
    return true;
}

void dependency_note_timeout(struct dependency *dependency)
{
    pthread_mutex_lock(&dependency->lock);
    dependency->counts.timed_out++;
    pthread_mutex_unlock(&dependency->lock);
}

void dependency_hope(struct dependency *dependency)
{
    pthread_mutex_lock(&dependency->lock);
    breaker_hope(&dependency->breaker);
    pthread_mutex_unlock(&dependency->lock);
}

struct dependency_counts dependency_counts(struct dependency *dependency)
{
    pthread_mutex_lock(&dependency->lock);
    struct dependency_counts counts = dependency->counts;
    pthread_mutex_unlock(&dependency->lock);
    return counts;
}

enum breaker_state dependency_state(struct dependency *dependency)
{
    pthread_mutex_lock(&dependency->lock);
    enum breaker_state state = dependency->breaker.state;
    pthread_mutex_unlock(&dependency->lock);
    return state;
}
