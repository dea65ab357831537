#include "platform/service/shed.h"

#include "base/limits.h"

void queue_age_set(struct queue_age *age, size_t length, int64_t first_us)
{
    atomic_store_explicit(&age->since_us, length >= LIMIT_SHED_QUEUE ? first_us : 0, memory_order_relaxed);
}

int64_t queue_age_us(const struct queue_age *age, struct env *env)
{
    int64_t since_us = atomic_load_explicit(&age->since_us, memory_order_relaxed);
    return since_us != 0 ? env_monotonic_us(env) - since_us : 0;
}

enum method_urgency call_urgency(const struct call *call, const struct method_declaration *method)
{
    if (call->actor.kind == ACTOR_SYSTEM)
        return URGENCY_PAY;
    if (method->urgency != URGENCY_BY_KIND)
        return method->urgency;
    if (method->scope != NULL)
        return URGENCY_REPORT;
    return method->kind == METHOD_QUERY ? URGENCY_BROWSE : URGENCY_CART;
}

static const int64_t patience_ms[URGENCY_COUNT] = {
    [URGENCY_REPORT] = LIMIT_SHED_REPORT_MS,
    [URGENCY_BROWSE] = LIMIT_SHED_BROWSE_MS,
    [URGENCY_CART] = LIMIT_SHED_CART_MS,
    [URGENCY_PAY] = LIMIT_SHED_PAY_MS,
};

bool shed_refuses(enum method_urgency urgency, int64_t age_us)
{
    return age_us > INT64_C(1000) * patience_ms[urgency];
}

bool shed_gives_up(enum method_urgency urgency, int64_t waited_us)
{
    return urgency != URGENCY_PAY && waited_us > INT64_C(1000) * LIMIT_SHED_GIVE_UP * patience_ms[urgency];
}

const char *urgency_name(enum method_urgency urgency)
{
    static const char *const names[URGENCY_COUNT] = {
        [URGENCY_BY_KIND] = "", [URGENCY_REPORT] = "report", [URGENCY_BROWSE] = "browse", [URGENCY_CART] = "cart", [URGENCY_PAY] = "pay"};
    return names[urgency];
}
