/*
 * souk serve: the shop, until it is told to stop.
 *
 *     main thread    loop 0: HTTP, sagas that go on after a restart, timers, signals
 *     loop threads   one more loop per further core: HTTP
 *     workers        one writer per service and the readers, started by the hosts
 *
 * Every loop has an HTTP server of its own on the same port; the kernel shares connections out among them. SIGTERM and SIGINT stop
 * it gracefully: clients are sent away, open requests are answered, then the services finish what is queued and close their stores.
 * The next process may have been started before: it waits for the stores, and accepts nobody until it has them. With sockets that were
 * handed over to both (LISTEN_FDS) a restart fails no request; docs/operate.md says how, tests/restart/check that.
 * SIGHUP reads the certificates again; clients' connections that are open keep the one they began with, other processes connect anew.
 */
#include "cli/command.h"

#include "base/arena.h"
#include "base/assert.h"
#include "base/limits.h"
#include "base/log.h"
#include "cli/config.h"
#include "cli/identities.h"
#include "cli/shop.h"
#include "cli/supervisor.h"
#include "demo/demo.h"
#include "gateways/gateways.h"
#include "gateways/grpc/grpc.h"
#include "platform/feed/feed_service.h"
#include "platform/http/http.h"
#include "platform/service/shed.h"
#include "platform/trace/otlp.h"
#include "platform/trace/trace_context.h"
#include "souk/all.souk.h"
#include "souk/operations/v1/operations.souk.h"

#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#define LOOPS_MAX 64
#define READERS 2
#define CACHE_BYTES (8 << 20)

struct server;

/* A loop with its HTTP server. */
struct lane {
    struct server *server;
    struct loop *loop;
    struct http_server *http, *private_http; /* the second for other processes of this shop; NULL: none */
    pthread_t thread;                        /* of every lane but the first */
    struct task stop, close, renew;
    atomic_bool renewing;
};

struct server {
    struct config config;
    struct nats_address nats; /* filled when SOUK_BUS names it */
    bool demo;
    struct env *env;
    struct shop *shop;
    struct budget *budget;
    struct redis *redis;               /* NULL: this process keeps its limits and cache to itself */
    struct shared_cache *shared_cache; /* goes with it */
    struct trusted *trusted;
    struct gateways *_Atomic gateways; /* asked by writers, which run before they are there */
    struct http_handler handler;
    const struct service_declaration *private_declarations[SERVICE_COUNT + 2]; /* and the feed's and operations' */
    struct grpc *private_grpc;
    struct lane lanes[LOOPS_MAX];
    size_t lane_count;
    atomic_size_t http_running, lanes_closed;
    struct task drain;
    atomic_bool stopping;
    struct identities identities;
    struct otlp *otlp; /* NULL: nobody collects traces */
    uv_signal_t signals[3];
};

/* --- what the gateways ask --- */

static void touched(void *data, const char *resource, const char *key)
{
    struct server *server = data;
    struct gateways *gateways = atomic_load(&server->gateways);

    if (gateways)
        gateways_touched(gateways, resource, key);
}

static void everything_touched(void *data)
{
    struct server *server = data;
    struct gateways *gateways = atomic_load(&server->gateways);

    if (gateways)
        gateways_everything_touched(gateways);
}

static const char *address_of(void *data, const char *service)
{
    const struct server *server = data;

    return config_address_of(&server->config, service);
}

/* A service that can't be reached is not served; the whole is, from the moment that it has been complete: it says what it can't do. */
static bool serving(void *data, const char *service)
{
    struct server *server = data;

    return !atomic_load(&server->stopping) &&
           (service ? shop_reaches(server->shop, service) : shop_has_reached_all(server->shop));
}

static int64_t last_touch(void *data)
{
    const struct server *server = data;

    return feed_service_last_touch(shop_feed(server->shop));
}

/* Those that run in other processes. While one is away we are ready nevertheless: what does not need it goes on, and what does is told. */
static void write_dependencies(const struct server *server, struct json_writer *checks)
{
    for (size_t i = 0; i < SERVICE_COUNT; i++) {
        const char *name = every_service[i]->declaration->name;
        struct dependency *dependency = shop_dependency(server->shop, i);

        if (!dependency)
            continue;
        json_write_key(checks, name);
        json_write_bool(checks, shop_reaches(server->shop, name) && dependency_state(dependency) != BREAKER_OPEN);
    }
}

static bool ready(void *data, struct json_writer *checks)
{
    struct server *server = data;
    const char *reason = atomic_load(&server->stopping) ? "This server is stopping." : NULL;

    for (size_t i = 0; i < shop_host_count(server->shop); i++) {
        bool writes = !host_counts(shop_host(server->shop, i)).store_fails;

        if (!writes && !reason)
            reason = "The store takes no commits: the disk is full, or fails. The log says which.";
        json_write_key(checks, host_service(shop_host(server->shop, i))->declaration->name);
        json_write_bool(checks, writes && !atomic_load(&server->stopping));
    }
    write_dependencies(server, checks);
    if (!shop_has_reached_all(server->shop) && !reason)
        reason = "A service that runs in another process has not been reached since the start.";
    if (shop_nats(server->shop)) { /* the shop goes on without it */
        json_write_key(checks, "bus");
        json_write_bool(checks, nats_bus_counts(shop_nats(server->shop)).ready);
    }
    if (server->redis) { /* likewise */
        json_write_key(checks, "cache");
        json_write_bool(checks, redis_is_ready(server->redis));
    }
    if (reason) {
        json_write_key(checks, "reason");
        json_write_string(checks, reason);
    }
    return !reason;
}

static void count(struct buffer *out, const char *name, const char *service, uint64_t value)
{
    buffer_printf(out, "souk_%s{service=\"%s\"} %llu\n", name, service, (unsigned long long)value);
}

static void nats_metrics(const struct shop *shop, struct buffer *out)
{
    struct nats_counts counts;

    if (!shop_nats(shop))
        return;
    counts = nats_bus_counts(shop_nats(shop));
    buffer_printf(out, "souk_nats_ready %d\n", counts.ready);
    buffer_printf(out, "souk_nats_relayed_total %llu\n", (unsigned long long)counts.relayed);
    buffer_printf(out, "souk_nats_repeated_total %llu\n", (unsigned long long)counts.repeated);
    buffer_printf(out, "souk_nats_too_large_total %llu\n", (unsigned long long)counts.too_large);
    buffer_printf(out, "souk_nats_unrelayed %llu\n", (unsigned long long)counts.unrelayed);
    buffer_printf(out, "souk_nats_pulled_total %llu\n", (unsigned long long)counts.pulled);
    buffer_printf(out, "souk_nats_refused_total %llu\n", (unsigned long long)counts.refused);
    buffer_printf(out, "souk_nats_gaps_total %llu\n", (unsigned long long)counts.gaps);
    buffer_printf(out, "souk_nats_unhandled %llu\n", (unsigned long long)counts.unhandled);
}

static void measure_dependency(struct buffer *out, const char *service, struct dependency *dependency)
{
    struct dependency_counts counts = dependency_counts(dependency);

    count(out, "dependency_calls_total", service, counts.calls);
    count(out, "dependency_failed_total", service, counts.failed);
    count(out, "dependency_timed_out_total", service, counts.timed_out);
    count(out, "dependency_retried_total", service, counts.retried);
    count(out, "dependency_refused_open_total", service, counts.refused_open);
    count(out, "dependency_refused_full_total", service, counts.refused_full);
    count(out, "dependency_under_way", service, counts.under_way);
    count(out, "dependency_breaker", service, (uint64_t)dependency_state(dependency)); /* 0 closed, 1 open, 2 half-open */
}

static void otlp_metrics(const struct otlp *otlp, struct buffer *out)
{
    struct otlp_counts counts;

    if (!otlp)
        return;
    counts = otlp_counts(otlp);
    buffer_printf(out, "souk_spans_exported_total %llu\n", (unsigned long long)counts.exported);
    buffer_printf(out, "souk_spans_dropped_total %llu\n", (unsigned long long)counts.dropped);
    buffer_printf(out, "souk_spans_refused_total %llu\n", (unsigned long long)counts.refused);
}

static void redis_metrics(const struct server *server, struct buffer *out)
{
    if (!server->redis)
        return;
    struct redis_counts redis = redis_counts(server->redis);
    struct shared_cache_counts cache = shared_cache_counts(server->shared_cache);
    struct budget_counts budget = budget_counts(server->budget);
    const struct {
        const char *name;
        uint64_t value;
    } rows[] = {
        {"redis_ready", redis_is_ready(server->redis)},
        {"redis_asked_total", redis.asked},
        {"redis_errors_total", redis.errors},
        {"redis_late_total", redis.late},
        {"redis_connects_total", redis.connects},
        {"redis_losses_total", redis.losses},
        {"shared_cache_hits_total", cache.hits},
        {"shared_cache_misses_total", cache.misses},
        {"shared_cache_fallbacks_total", cache.unasked},
        {"shared_cache_refused_total", cache.refused},
        {"shared_cache_fills_total", cache.fills},
        {"shared_cache_purges_total", cache.purges},
        {"shared_cache_renewals_total", cache.renewals},
        {"shared_limits_decided_total", budget.shared},
        {"shared_limits_fallbacks_total", budget.alone},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        buffer_printf(out, "souk_%s %llu\n", rows[i].name, (unsigned long long)rows[i].value);
}

static void metrics(void *data, struct buffer *out)
{
    struct server *server = data;

    for (size_t i = 0; i < shop_host_count(server->shop); i++) {
        const char *service = host_service(shop_host(server->shop, i))->declaration->name;
        struct host_counts counts = host_counts(shop_host(server->shop, i));

        count(out, "queries_total", service, counts.queries);
        count(out, "commands_total", service, counts.commands);
        count(out, "commits_total", service, counts.commits);
        count(out, "events_total", service, counts.events);
        count(out, "refused_total", service, counts.refused);
        for (unsigned urgency = URGENCY_REPORT; urgency < URGENCY_COUNT; urgency++)
            buffer_printf(out, "souk_shed_total{service=\"%s\",urgency=\"%s\"} %llu\n", service, urgency_name(urgency),
                          (unsigned long long)counts.shed[urgency]);
        count(out, "writer_queue", service, counts.writer_queue);
        count(out, "reader_queue", service, counts.reader_queue);
        count(out, "events_behind", service, counts.behind);
        count(out, "events_under_way", service, counts.under_way);
        count(out, "events_expected", service, counts.expected);
        count(out, "instances", service, counts.instances);
        count(out, "leads", service, counts.leads);
        count(out, "batches_redone_total", service, counts.redone);
    }
    for (size_t i = 0; i < SERVICE_COUNT; i++)
        if (shop_dependency(server->shop, i))
            measure_dependency(out, every_service[i]->declaration->name, shop_dependency(server->shop, i));
    nats_metrics(server->shop, out);
    otlp_metrics(server->otlp, out);
    redis_metrics(server, out);
    for (size_t i = 0; i < server->lane_count; i++) {
        struct http_counts counts = http_server_counts(server->lanes[i].http);

        buffer_printf(out, "souk_http_connections{loop=\"%zu\"} %llu\n", i, (unsigned long long)counts.connections);
        buffer_printf(out, "souk_http_answered_total{loop=\"%zu\"} %llu\n", i, (unsigned long long)counts.answered);
        buffer_printf(out, "souk_http_refused_total{loop=\"%zu\"} %llu\n", i, (unsigned long long)counts.refused);
    }
}

/* --- stopping --- */

static void close_lane(struct task *task)
{
    struct lane *lane = (struct lane *)(void *)((char *)task - offsetof(struct lane, close));
    struct server *server = lane->server;

    shop_close_connections(server->shop, lane->loop);
    if (server->redis)
        redis_close(server->redis, lane->loop);
    if (atomic_fetch_add(&server->lanes_closed, 1) + 1 == server->lane_count)
        for (size_t i = 0; i < server->lane_count; i++)
            machine_loop_stop(server->lanes[i].loop);
}

/* The services have stopped: nobody calls other processes any more. */
static void close_lanes(void *data)
{
    struct server *server = data;

    for (size_t i = 0; i < server->lane_count; i++) {
        server->lanes[i].close.run = close_lane;
        loop_post(server->lanes[i].loop, &server->lanes[i].close);
    }
}

static void drain(struct task *task)
{
    struct server *server = (struct server *)(void *)((char *)task - offsetof(struct server, drain));

    shop_drain(server->shop, server->lanes[0].loop, close_lanes, server);
}

static void http_stopped(void *data)
{
    struct server *server = data;

    if (atomic_fetch_sub(&server->http_running, 1) > 1)
        return;
    server->drain.run = drain;
    loop_post(server->lanes[0].loop, &server->drain);
}

static void stop_lane(struct task *task)
{
    struct lane *lane = (struct lane *)(void *)((char *)task - offsetof(struct lane, stop));

    if (lane->http)
        http_server_stop(lane->http, http_stopped, lane->server);
    if (lane->private_http)
        http_server_stop(lane->private_http, http_stopped, lane->server);
}

static void stop(struct server *server)
{
    gateways_stop(server->gateways);
    if (server->private_grpc)
        grpc_stop(server->private_grpc);
    feed_service_drain(shop_feed(server->shop)); /* who waits there would keep us */
    for (size_t i = 0; i < server->lane_count; i++) {
        server->lanes[i].stop.run = stop_lane;
        loop_post(server->lanes[i].loop, &server->lanes[i].stop);
    }
}

static void on_signal(uv_signal_t *signal, int number)
{
    struct server *server = signal->data;

    if (atomic_exchange(&server->stopping, true))
        return;
    LOG_INFO("stopping", log_int("signal", number));
    supervisor_tell("STOPPING=1");
    stop(server);
}

/* --- new certificates --- */

static void renew_lane(struct task *task)
{
    struct lane *lane = (struct lane *)(void *)((char *)task - offsetof(struct lane, renew));

    atomic_store(&lane->renewing, false);
    if (lane->private_http && !atomic_load(&lane->server->stopping))
        http_server_renew(lane->private_http);
}

/* The other processes come again, call by call, so that nobody is believed for what they once have shown. */
static void on_hangup(uv_signal_t *signal, int number)
{
    struct server *server = signal->data;

    (void)number;
    if (!identities_reload(&server->identities))
        return;
    for (size_t i = 0; i < server->lane_count; i++)
        if (!atomic_exchange(&server->lanes[i].renewing, true)) {
            server->lanes[i].renew.run = renew_lane;
            loop_post(server->lanes[i].loop, &server->lanes[i].renew);
        }
}

/* --- starting --- */

/* One for each core, and for each socket that was handed over. */
static size_t loops_wanted(const struct config *config)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    size_t wanted = cores < 1 ? 1 : (size_t)cores;
    size_t of_public = http_sockets_at(config->listen);
    size_t of_private = *config->grpc_listen ? http_sockets_at(config->grpc_listen) : 0;

    wanted = wanted < of_public ? of_public : wanted;
    wanted = wanted < of_private ? of_private : wanted;
    return wanted > LOOPS_MAX ? LOOPS_MAX : wanted;
}

/* Before anything that may have to tell. */
static void start_traces(struct server *server)
{
    char name[128], error[256];
    struct otlp_options options = {
        .env = server->env,
        .loop = server->lanes[0].loop,
        .address = server->config.otlp,
        .service = name,
        .version = SOUK_VERSION,
    };

    if (!*server->config.otlp)
        return;
    snprintf(name, sizeof name, strcmp(server->config.services, "all") == 0 ? "souk" : "souk-%s", server->config.services);
    trace_sample(config_otlp_millionths(&server->config));
    server->otlp = otlp_start(&options, error);
    ASSERT(server->otlp); /* as config_read() checked */
}

/* What processes of different versions render may differ, so they don't share that; limits they do. */
static void start_redis(struct server *server)
{
    struct redis_address address;
    struct loop *loops[LOOPS_MAX];
    char error[512];

    if (!redis_address_is(server->config.cache))
        return;
    ASSERT(redis_address_read(&address, server->config.cache, error)); /* as config_read() checked */
    for (size_t i = 0; i < server->lane_count; i++)
        loops[i] = server->lanes[i].loop;
    server->redis = redis_new(server->env, &address, loops, server->lane_count);
    server->shared_cache = shared_cache_new(server->redis, server->env, "{souk}:cache:" SOUK_VERSION);
    budget_share(server->budget, server->redis, "{souk}:limit");
    redis_start(server->redis);
}

static bool start_shop(struct server *server, char error[512])
{
    bool uses_nats = strcmp(server->config.bus, "embedded:") != 0;
    struct shop_options options = {
        .env = server->env,
        .loop = server->lanes[0].loop,
        .store_url = server->config.store,
        .nats = uses_nats ? &server->nats : NULL,
        .services = server->config.services,
        .identity = server->identities.peer_client,
        .reader_count = READERS,
        .writer_wait_ms = LIMIT_WRITER_WAIT_MS,
        .address_of = address_of,
        .touched = touched,
        .everything_touched = everything_touched,
        .touched_data = server,
    };

    if (uses_nats && !config_nats_address(&server->config, &server->nats, error))
        return false;
    server->shop = shop_start(&options, error);
    return server->shop;
}

static void handle_with_pictures(void *gateways, struct http_exchange *exchange)
{
    if (!demo_media_respond(exchange))
        gateways_handle(gateways, exchange);
}

static void demo_loaded(void *data, const char *error)
{
    (void)data;
    if (error)
        LOG_ERROR("the demo shop is not complete", log_text("reason", error));
}

/* A rate of `none` is one that nobody reaches. */
static struct budget_rate rate_of(const char *setting)
{
    struct budget_rate rate = {BUDGET_MAXIMUM_MAX, BUDGET_MAXIMUM_MAX};

    ASSERT(strcmp(setting, "none") == 0 || budget_rate_read(&rate, text_of(setting))); /* as config_read() checked */
    return rate;
}

static void start_gateways(struct server *server)
{
    struct gateways_options options = {
        .services = every_service_declaration,
        .service_count = every_service_count,
        .directory = shop_directory(server->shop),
        .admin_token = *server->config.admin_token ? server->config.admin_token : NULL,
        .version = SOUK_VERSION,
        .budget = server->budget,
        .trusted_documents = server->trusted,
        .no_introspection = strcmp(server->config.graphql_introspection, "off") == 0,
        .graphiql = strcmp(server->config.graphiql, "on") == 0,
        .cache_bytes = strcmp(server->config.cache, "none") == 0 ? 0 : CACHE_BYTES,
        .shared_cache = server->shared_cache,
        .ready = ready,
        .serving = serving,
        .metrics = metrics,
        .data = server,
    };

    server->gateways = gateways_new(&options);
    server->handler = gateways_handler(server->gateways);
    server->handler.handle = handle_with_pictures; /* a shop that was once loaded with the demo keeps its pictures */
}

/* What other processes of this shop see. */
static void start_private_grpc(struct server *server)
{
    struct grpc_options options = {
        .services = server->private_declarations,
        .service_count = SERVICE_COUNT + 2,
        .directory = shop_directory(server->shop),
        .admin_token = *server->config.admin_token ? server->config.admin_token : NULL,
        .is_private = true,
        .serving = serving,
        .last_touch = last_touch,
        .data = server,
    };

    for (size_t i = 0; i < SERVICE_COUNT; i++)
        server->private_declarations[i] = every_service[i]->declaration;
    server->private_declarations[SERVICE_COUNT] = &feed_declaration;
    server->private_declarations[SERVICE_COUNT + 1] = &operations_declaration;
    server->private_grpc = grpc_new(&options);
}

static bool start_private_http(struct server *server, char error[512])
{
    struct http_handler handler;
    char reason[256];

    if (!*server->config.grpc_listen)
        return true;
    start_private_grpc(server);
    handler = grpc_handler(server->private_grpc);
    for (size_t i = 0; i < server->lane_count; i++) {
        server->lanes[i].private_http = http_server_start(server->lanes[i].loop, server->config.grpc_listen, &handler, reason);
        if (!server->lanes[i].private_http) {
            snprintf(error, 512, "%s", reason);
            return false;
        }
        atomic_fetch_add(&server->http_running, 1);
        if (server->identities.peer_server)
            http_server_use_tls(server->lanes[i].private_http, server->identities.peer_server);
    }
    LOG_INFO("listening for other processes of this shop", log_text("address", server->config.grpc_listen),
             log_text("believes", server->identities.peer_server ? server->config.grpc_callers : "whoever comes"));
    return true;
}

static bool start_http(struct server *server, char error[512])
{
    char reason[256];

    for (size_t i = 0; i < server->lane_count; i++) {
        struct lane *lane = &server->lanes[i];

        lane->http = http_server_start(lane->loop, server->config.listen, &server->handler, reason);
        if (!lane->http) {
            snprintf(error, 512, "%s", reason);
            return false;
        }
        atomic_fetch_add(&server->http_running, 1);
        if (server->identities.website)
            http_server_use_tls(lane->http, server->identities.website);
    }
    return true;
}

static void *run_lane(void *data)
{
    struct lane *lane = data;

    machine_loop_run(lane->loop);
    return NULL;
}

static void watch_signals(struct server *server)
{
    static const int numbers[] = {SIGTERM, SIGINT};
    uv_loop_t *uv = machine_loop_uv(server->lanes[0].loop);

    signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < 2; i++) {
        ASSERT(uv_signal_init(uv, &server->signals[i]) == 0);
        server->signals[i].data = server;
        ASSERT(uv_signal_start(&server->signals[i], on_signal, numbers[i]) == 0);
    }
    if (!identities_are_any(&server->identities))
        return; /* nothing to read again: a terminal that hangs up ends the server, as ever */
    ASSERT(uv_signal_init(uv, &server->signals[2]) == 0);
    server->signals[2].data = server;
    ASSERT(uv_signal_start(&server->signals[2], on_hangup, SIGHUP) == 0);
}

/* Until they are stopped. */
static void run_lanes(struct server *server)
{
    for (size_t i = 1; i < server->lane_count; i++)
        ASSERT(pthread_create(&server->lanes[i].thread, NULL, run_lane, &server->lanes[i]) == 0);
    machine_loop_run(server->lanes[0].loop);
    for (size_t i = 1; i < server->lane_count; i++)
        ASSERT(pthread_join(server->lanes[i].thread, NULL) == 0);
}

/* Not all of it listens. Sagas may be going on already, so it ends as after a signal: what has begun is drained. */
static void give_up(struct server *server)
{
    atomic_store(&server->stopping, true);
    atomic_fetch_add(&server->http_running, 1); /* until all are told, as perhaps nothing listens at all */
    stop(server);
    http_stopped(server);
    run_lanes(server);
}

static void run(struct server *server)
{
    watch_signals(server);
    if (server->demo)
        demo_load(shop_directory(server->shop), server->lanes[0].loop, demo_loaded, NULL);
    LOG_INFO("listening", log_text("address", server->config.listen), log_text("scheme", server->identities.website ? "https" : "http"),
             log_int("loops", (int64_t)server->lane_count));
    supervisor_tell("READY=1");
    run_lanes(server);
}

static void free_loops(struct server *server)
{
    uv_loop_t *uv = machine_loop_uv(server->lanes[0].loop);

    for (size_t i = 0; i < 3; i++)
        if (server->signals[i].data)
            uv_close((uv_handle_t *)&server->signals[i], NULL);
    uv_run(uv, UV_RUN_NOWAIT);
    for (size_t i = 0; i < server->lane_count; i++)
        machine_loop_free(server->lanes[i].loop);
}

/* Our own loops share the port, and a second server on it would silently take half of the clients. So that is looked at first, before the
 * store is opened and sagas go on. */
static int serve(struct server *server)
{
    char error[512];
    int code = EXIT_FAILED;

    if (!identities_load(&server->identities, &server->config, error)) {
        fprintf(stderr, "souk: %s\n", error);
        return EXIT_CONFIGURATION;
    }
    if (*server->config.graphql_documents) {
        server->trusted = trusted_load(server->config.graphql_documents, error);
        if (!server->trusted) {
            fprintf(stderr, "souk: %s\n", error);
            return EXIT_CONFIGURATION;
        }
    }
    if (!http_sockets_take((const char *const[]){server->config.listen, server->config.grpc_listen}, 2, error)) {
        fprintf(stderr, "souk: %s\n", error);
        return EXIT_CONFIGURATION;
    }
    server->env = env_machine();
    server->budget = budget_new(server->env, rate_of(server->config.client_rate), rate_of(server->config.staff_rate));
    server->lane_count = loops_wanted(&server->config);
    for (size_t i = 0; i < server->lane_count; i++)
        server->lanes[i] = (struct lane){.server = server, .loop = machine_loop_new(server->env)};
    start_traces(server);
    start_redis(server);
    if (http_address_is_free(server->config.listen, error) &&
        (!*server->config.grpc_listen || http_address_is_free(server->config.grpc_listen, error)) && start_shop(server, error)) {
        start_gateways(server);
        if (start_http(server, error) && start_private_http(server, error)) {
            run(server);
            code = EXIT_DONE;
        } else {
            give_up(server);
        }
        shop_stop(server->shop);
        grpc_free(server->private_grpc);
        gateways_free(server->gateways);
    }
    otlp_stop(server->otlp);
    shared_cache_free(server->shared_cache);
    redis_free(server->redis);
    budget_free(server->budget);
    trusted_free(server->trusted);
    if (code != EXIT_DONE)
        fprintf(stderr, "souk: %s\n", error);
    else
        LOG_INFO("stopped");
    free_loops(server);
    identities_free(&server->identities);
    return code;
}

static void set_up_log(const struct config *config)
{
    static const char *const names[] = {"debug", "info", "warning", "error"};
    enum log_level level = LOG_LEVEL_INFO;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(config->log_level, names[i]) == 0)
            level = (enum log_level)i;
    log_setup(level, -1);
}

/* glibc gives the top of a heap back as soon as 128 KB of it are free, and asks for it again with the next request: a tenth of what a page
 * costs. What a big import used is given back when it is done (store_sqlite.c). */
static void set_up_malloc(void)
{
    mallopt(M_TRIM_THRESHOLD, 4 << 20);
    mallopt(M_TOP_PAD, 256 << 10);
    mallopt(M_MMAP_THRESHOLD, 1 << 20);
}

int command_serve(int count, char **arguments)
{
    const char *file = option_value_take(&count, arguments, "config");
    const char *services = option_value_take(&count, arguments, "services");
    bool demo = option_take(&count, arguments, "demo");
    struct arena *arena = arena_new(1 << 20);
    struct server *server = arena_alloc(arena, sizeof *server);
    int code = EXIT_USAGE;

    if (!option_left(count, arguments) && count == 0) {
        if (!command_config_read(&server->config, arena, file))
            code = EXIT_CONFIGURATION;
        else {
            if (services)
                server->config.services = services;
            server->demo = demo;
            set_up_log(&server->config);
            set_up_malloc();
            code = serve(server);
        }
    } else
        fprintf(stderr, "usage: souk serve [--config FILE] [--services a,b] [--demo]\n");
    arena_free(arena);
    return code;
}
