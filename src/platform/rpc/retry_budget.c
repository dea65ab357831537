#include "platform/rpc/retry_budget.h"

#define CALLS_MAX (RETRY_BUDGET_RETRIES * RETRY_BUDGET_CALLS)

void retry_budget_init(struct retry_budget *budget)
{
    atomic_init(&budget->calls, CALLS_MAX);
}

/* Full nearly always, and then nothing is written. One that is lost to a race with another thread does not matter. */
void retry_budget_earn(struct retry_budget *budget)
{
    int calls = atomic_load_explicit(&budget->calls, memory_order_relaxed);
    if (calls < CALLS_MAX)
        atomic_compare_exchange_strong(&budget->calls, &calls, calls + 1);
}

bool retry_budget_spend(struct retry_budget *budget)
{
    int calls = atomic_load(&budget->calls);
    while (calls >= RETRY_BUDGET_CALLS)
        if (atomic_compare_exchange_weak(&budget->calls, &calls, calls - RETRY_BUDGET_CALLS))
            return true;
    return false;
}
