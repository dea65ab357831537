#include "gateways/rest/metrics.h"

#include "base/assert.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>

/* Every status we answer with; the last stands for any other. */
static const int statuses[] = {200, 201, 202, 204, 304, 400, 401, 402, 403, 404, 405, 409, 412, 413,
                               415, 422, 429, 499, 500, 501, 503, 504, 0};
#define STATUS_COUNT (sizeof statuses / sizeof statuses[0])

/* Upper ends of the histogram's buckets, in microseconds: from an answer out of the cache to a checkout that waits for its provider. */
static const int64_t buckets_us[] = {50,    100,   250,    500,    1000,   2500,    5000,    10000,
                                     25000, 50000, 100000, 250000, 500000, 1000000, 5000000, INT64_MAX};
#define BUCKET_COUNT (sizeof buckets_us / sizeof buckets_us[0])

struct metrics_route {
    struct metrics_route *next;
    const char *verb, *path;
    atomic_uint_least64_t by_status[STATUS_COUNT];
    atomic_uint_least64_t by_bucket[BUCKET_COUNT];
    atomic_uint_least64_t took_us;
};

struct metrics {
    struct metrics_route *first, **end;
};

struct metrics *metrics_new(void)
{
    struct metrics *metrics = calloc(1, sizeof *metrics);
    ASSERT(metrics != NULL);
    metrics->end = &metrics->first;
    return metrics;
}

void metrics_free(struct metrics *metrics)
{
    if (metrics == NULL)
        return;
    while (metrics->first != NULL) {
        struct metrics_route *route = metrics->first;
        metrics->first = route->next;
        free(route);
    }
    free(metrics);
}

struct metrics_route *metrics_route_new(struct metrics *metrics, const char *verb, const char *path)
{
    struct metrics_route *route = calloc(1, sizeof *route);
    ASSERT(route != NULL);
    route->verb = verb;
    route->path = path;
    *metrics->end = route;
    metrics->end = &route->next;
    return route;
}

static void add(atomic_uint_least64_t *counter, uint64_t number)
{
    atomic_fetch_add_explicit(counter, number, memory_order_relaxed);
}

static uint64_t read_counter(const atomic_uint_least64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

void metrics_count(struct metrics_route *route, int status, int64_t took_us)
{
    size_t place = 0, bucket = 0;
    while (statuses[place] != status && place + 1 < STATUS_COUNT)
        place++;
    while (took_us > buckets_us[bucket])
        bucket++;
    add(&route->by_status[place], 1);
    add(&route->by_bucket[bucket], 1);
    add(&route->took_us, took_us > 0 ? (uint64_t)took_us : 0);
}

/* --- writing --------------------------------------------------------------------------------------------------------- */

static void write_statuses(const struct metrics_route *route, struct buffer *out)
{
    for (size_t i = 0; i < STATUS_COUNT; i++) {
        uint64_t count = read_counter(&route->by_status[i]);
        if (count > 0)
            buffer_printf(out, "souk_http_requests_total{method=\"%s\",route=\"%s\",status=\"%d\"} %" PRIu64 "\n", route->verb,
                          route->path, statuses[i], count);
    }
}

static void write_histogram(const struct metrics_route *route, struct buffer *out)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < BUCKET_COUNT; i++)
        sum += read_counter(&route->by_bucket[i]);
    if (sum == 0)
        return;
    uint64_t below = 0;
    for (size_t i = 0; i < BUCKET_COUNT; i++) {
        below += read_counter(&route->by_bucket[i]);
        buffer_printf(out, "souk_http_request_seconds_bucket{method=\"%s\",route=\"%s\",le=\"", route->verb, route->path);
        if (buckets_us[i] == INT64_MAX)
            buffer_add_string(out, "+Inf");
        else
            buffer_printf(out, "%g", (double)buckets_us[i] / 1e6);
        buffer_printf(out, "\"} %" PRIu64 "\n", below);
    }
    buffer_printf(out, "souk_http_request_seconds_sum{method=\"%s\",route=\"%s\"} %g\n", route->verb, route->path,
                  (double)read_counter(&route->took_us) / 1e6);
    buffer_printf(out, "souk_http_request_seconds_count{method=\"%s\",route=\"%s\"} %" PRIu64 "\n", route->verb, route->path,
                  below);
}

void metrics_write(const struct metrics *metrics, struct buffer *out)
{
    buffer_add_string(out, "# HELP souk_http_requests_total Requests answered, by route and status.\n"
                           "# TYPE souk_http_requests_total counter\n");
    for (const struct metrics_route *route = metrics->first; route != NULL; route = route->next)
        write_statuses(route, out);
    buffer_add_string(out, "# HELP souk_http_request_seconds From the request's head to its answer.\n"
                           "# TYPE souk_http_request_seconds histogram\n");
    for (const struct metrics_route *route = metrics->first; route != NULL; route = route->next)
        write_histogram(route, out);
}
