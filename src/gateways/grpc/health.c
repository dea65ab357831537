/*
 * grpc.health.v1: how a service is, asked once or watched. A service answers to its full name ("souk.catalog.v1.Catalog") and, as our
 * configuration calls it, to "catalog".
 */
#include "base/assert.h"
#include "gateways/grpc/visit.h"
#include "grpc/health/v1/health.pb-c.h"

#include <stdatomic.h>

/* A watched state is looked at so often: nothing tells when a service comes or goes. */
#define LOOK_US INT64_C(1000000)

typedef GrpcHealth__HealthCheckResponse__ServingStatus Status;
#define STATUS(name) GRPC_HEALTH__HEALTH_CHECK_RESPONSE__SERVING_STATUS__##name

/* The service's name in the directory, "" for all together; NULL when there is none that is called so. */
static const char *service_called(const struct grpc *grpc, const char *name)
{
    const struct grpc_options *options = &grpc->options;
    if (*name == '\0')
        return name;
    for (size_t i = 0; i < options->service_count; i++) {
        const struct service_declaration *service = options->services[i];
        bool called_so = strcmp(service->full_name, name) == 0 || strcmp(service->name, name) == 0;
        if (called_so && directory_find(options->directory, service->name) != NULL)
            return service->name;
    }
    return NULL;
}

static Status status_of(const struct grpc *grpc, const char *service)
{
    const struct grpc_options *options = &grpc->options;
    if (service == NULL)
        return STATUS(SERVICE_UNKNOWN);
    bool serves = options->serving == NULL || options->serving(options->data, *service != '\0' ? service : NULL);
    return serves ? STATUS(SERVING) : STATUS(NOT_SERVING);
}

static const GrpcHealth__HealthCheckRequest *read_request(struct grpc_visit *visit)
{
    return (const void *)grpc_read_request(visit, &grpc_health__health_check_request__descriptor);
}

void grpc_health_check(struct grpc_visit *visit)
{
    const GrpcHealth__HealthCheckRequest *request = read_request(visit);
    const char *service = request != NULL ? service_called(visit->grpc, request->service) : NULL;
    if (request != NULL && service == NULL)
        call_refuse(visit->call, RESULT_NOT_FOUND, "There is no service of that name.");
    if (service == NULL) {
        grpc_answer_end(visit);
        return;
    }
    GrpcHealth__HealthCheckResponse answer = GRPC_HEALTH__HEALTH_CHECK_RESPONSE__INIT;
    answer.status = status_of(visit->grpc, service);
    grpc_answer_message(visit, &answer.base);
}

/* --- watching -------------------------------------------------------------------------------------------------------------- */

struct watch {
    struct timer timer;
    struct grpc_visit *visit;
    const char *service;
    Status told;
};

static void end_watch(struct watch *watch)
{
    timer_stop(watch->visit->exchange->loop, &watch->timer);
    grpc_answer_end(watch->visit);
}

/* Messages are few and small: the arena of a watch grows by some bytes at each change. */
static bool tell(struct watch *watch)
{
    GrpcHealth__HealthCheckResponse answer = GRPC_HEALTH__HEALTH_CHECK_RESPONSE__INIT;
    answer.status = watch->told = status_of(watch->visit->grpc, watch->service);
    return grpc_answer_part(watch->visit, watch->visit->arena, &answer.base);
}

/* Until whoever asked stops waiting. */
static int64_t left_of(const struct grpc_visit *visit)
{
    return visit->until_us == INT64_MAX ? INT64_MAX : visit->until_us - env_monotonic_us(visit->exchange->loop->env);
}

static void look(struct timer *timer)
{
    struct watch *watch = (struct watch *)timer;
    int64_t left_us = left_of(watch->visit);
    bool stops = atomic_load(&watch->visit->grpc->stopping) || left_us <= 0;
    if (left_us <= 0)
        call_refuse(watch->visit->call, RESULT_DEADLINE_EXCEEDED, "The time for this stream is over.");
    else if (stops)
        call_refuse(watch->visit->call, RESULT_SHUTTING_DOWN, NULL);
    if (stops || (status_of(watch->visit->grpc, watch->service) != watch->told && !tell(watch)))
        end_watch(watch);
    else
        timer_start(watch->visit->exchange->loop, &watch->timer, left_us < LOOK_US ? left_us : LOOK_US);
}

static void on_gone(struct http_exchange *exchange)
{
    struct grpc_visit *visit = exchange->handler_data;
    end_watch(visit->serving);
}

void grpc_health_watch(struct grpc_visit *visit)
{
    const GrpcHealth__HealthCheckRequest *request = read_request(visit);
    if (request == NULL) {
        grpc_answer_end(visit);
        return;
    }
    struct watch *watch = ARENA_NEW(visit->arena, struct watch);
    *watch = (struct watch){.timer = {.run = look}, .visit = visit, .service = service_called(visit->grpc, request->service)};
    visit->serving = watch;
    visit->exchange->on_gone = on_gone;
    if (tell(watch))
        timer_start(visit->exchange->loop, &watch->timer, left_of(visit) < LOOK_US ? left_of(visit) : LOOK_US);
    else
        end_watch(watch);
}
