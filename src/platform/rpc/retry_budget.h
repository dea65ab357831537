/*
 * A retry budget: one retry for ten calls, so that a process in trouble is not asked twice as much. Ten retries are saved up for a quiet
 * start. Any thread.
 */
#ifndef SOUK_PLATFORM_RETRY_BUDGET_H
#define SOUK_PLATFORM_RETRY_BUDGET_H

#include <stdatomic.h>
#include <stdbool.h>

#define RETRY_BUDGET_CALLS 10   /* that a retry costs */
#define RETRY_BUDGET_RETRIES 10 /* that it holds */

struct retry_budget {
    atomic_int calls;
};

void retry_budget_init(struct retry_budget *budget);
void retry_budget_earn(struct retry_budget *budget); /* with every call */
bool retry_budget_spend(struct retry_budget *budget);

#endif
