/*
 * What the gateway counts, for /metrics in Prometheus's text format: requests by route and status, and how long they took.
 *
 * Any thread counts, without locks; the numbers are read while others write, so they are right one by one and only nearly together.
 */
#ifndef SOUK_REST_METRICS_H
#define SOUK_REST_METRICS_H

#include "base/text.h"

struct metrics;
struct metrics_route;

struct metrics *metrics_new(void);
void metrics_free(struct metrics *metrics);
/* The counters of one route, as long as `metrics`; at start only. The texts must live as long. */
struct metrics_route *metrics_route_new(struct metrics *metrics, const char *verb, const char *path);
void metrics_count(struct metrics_route *route, int status, int64_t took_us);
void metrics_write(const struct metrics *metrics, struct buffer *out);

#endif
