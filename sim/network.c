/*
 * An exchange is a request and its answer; it is never freed, as a late answer may still come, and a run is short.
 */
#include "sim/network.h"

#include "base/assert.h"
#include "base/limits.h"
#include "platform/rpc/message.h"
#include "sim/wire.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct network {
    struct world *world;
    struct site *site;
    struct loop *loop;
    struct network_temper temper;
    uint64_t requests;
};

struct exchange {
    struct task task; /* on the shop's loop */
    struct network *network;
    struct request request;
    uint64_t number;
    struct machine *machine; /* where it arrived */
    struct loop *home;
    bool over;
    struct arena *arena; /* the client's */
    struct text packed;          /* of a direct call … */
    struct wire_request wire;    /* … or of one by HTTP */
    struct reply reply;
};

#define HEADERS_MAX 4

/* What the gateway gets: in an arena of the shop's. */
struct visit {
    struct http_exchange base;
    struct exchange *exchange;
    struct http_header headers[HEADERS_MAX];
};

static bool happens(const struct network *network, unsigned per_million)
{
    return per_million && random_chance(world_random(network->world), per_million);
}

static int64_t travel_us(const struct network *network)
{
    struct random *random = world_random(network->world);
    int64_t quick_us = random_between(random, 100, 5000);
    return happens(network, 50000) ? random_skewed(random, network->temper.travel_us_max) : quick_us;
}

/* --- the answer --- */

static void end(struct exchange *exchange)
{
    if (exchange->over)
        return;
    exchange->over = true;
    exchange->request.done(exchange->request.data, &exchange->reply);
}

static void on_impatience(void *data)
{
    struct exchange *exchange = data;
    if (!exchange->over)
        exchange->reply = (struct reply){.arrived = false};
    end(exchange);
}

static void arrive_back(void *data)
{
    struct exchange *exchange = data;
    if (!exchange->over)
        exchange->reply.arrived = true;
    end(exchange);
}

/* The answer is on its way, unless it gets lost. */
static void send_back(struct exchange *exchange)
{
    struct network *network = exchange->network;
    world_note(network->world, "answer %lu: %s%s", (unsigned long)exchange->number, result_row(exchange->reply.result)->wire,
               exchange->reply.location ? ", accepted" : "");
    if (!happens(network, network->temper.answer_lost_per_million))
        world_after(network->loop, travel_us(network), arrive_back, exchange);
}

/* Whether somebody waits for what is said now, on the shop's loop, which may have crashed within this piece: then nothing leaves it. */
static bool is_heard(const struct exchange *exchange)
{
    return !machine_is_dead(exchange->machine) && !exchange->over;
}

/* --- … of a direct call --- */

static void fill_reply(struct exchange *exchange, const struct call *call, const ProtobufCMessage *answer)
{
    struct reply *reply = &exchange->reply;
    reply->result = answer ? RESULT_OK : call->problem.result;
    if (answer && call->accepted_location)
        reply->location = arena_strdup(exchange->arena, call->accepted_location);
    reply->packed = answer ? message_pack(exchange->arena, answer) : problem_pack(exchange->arena, &call->problem);
    if (answer)
        reply->answer = message_unpack(exchange->arena, answer->descriptor, reply->packed);
}

static void on_answered(struct call *call, const ProtobufCMessage *answer)
{
    struct exchange *exchange = call->data;
    if (is_heard(exchange)) {
        fill_reply(exchange, call, answer);
        send_back(exchange);
    }
    arena_free(call->arena);
}

/* --- … by HTTP --- */

static struct text header_of(const struct http_header *headers, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (headers[i].name.length == strlen(name) && strncasecmp(headers[i].name.at, name, headers[i].name.length) == 0)
            return headers[i].value;
    return (struct text){NULL, 0};
}

static void read_response(struct exchange *exchange, int status, const struct http_header *headers, size_t count, struct text body)
{
    struct reply *reply = &exchange->reply;
    struct text location = header_of(headers, count, "Location");
    reply->result = wire_result(status, body);
    reply->replayed = header_of(headers, count, "Idempotent-Replayed").at != NULL;
    reply->packed = (struct text){arena_strndup(exchange->arena, body.at, body.length), body.length};
    if (status == 202)
        reply->location = arena_strndup(exchange->arena, location.at, location.length);
    if (reply->result == RESULT_OK)
        reply->answer = wire_read(exchange->arena, exchange->request.method->output, reply->packed);
    ASSERT(reply->result != RESULT_OK || reply->answer);
}

static void forget_visit(void *arena)
{
    arena_free(arena);
}

static void respond(struct http_exchange *base, const struct http_response *response)
{
    struct exchange *exchange = ((struct visit *)base)->exchange;
    if (is_heard(exchange)) {
        if (response->prepared) {
            size_t count;
            const struct http_header *headers = http_shared_headers(response->prepared, &count);
            read_response(exchange, 200, headers, count, http_shared_body(response->prepared));
        } else {
            read_response(exchange, response->status, response->headers, response->header_count, response->body);
        }
        send_back(exchange);
    }
    if (response->prepared)
        http_shared_drop(response->prepared);
    world_after(exchange->network->loop, 0, forget_visit, base->arena); /* the gateway is still in it */
}

static const struct http_exchange_operations visit_operations = {.respond = respond};

static void add_header(struct visit *visit, const char *name, const char *value)
{
    ASSERT(visit->base.request.header_count < HEADERS_MAX);
    visit->headers[visit->base.request.header_count++] = (struct http_header){text_of(name), text_of(value)};
}

static struct visit *visit_new(struct exchange *exchange)
{
    const struct request *request = &exchange->request;
    struct arena *arena = arena_new(request->method->bulk ? LIMIT_BULK_ARENA : LIMIT_CALL_ARENA);
    struct visit *visit = ARENA_NEW(arena, struct visit);
    *visit = (struct visit){.exchange = exchange};
    visit->base = (struct http_exchange){.arena = arena, .loop = exchange->home, .operations = &visit_operations};
    struct text target = text_of(arena_strdup(arena, exchange->wire.target));
    const char *question = memchr(target.at, '?', target.length);
    visit->base.request = (struct http_request){
        .method = text_of(exchange->wire.verb),
        .target = target,
        .path = {target.at, question ? (size_t)(question - target.at) : target.length},
        .query = question ? text_of(question + 1) : TEXT(""),
        .headers = visit->headers,
        .body = {arena_strndup(arena, exchange->wire.body.at, exchange->wire.body.length), exchange->wire.body.length},
        .peer = TEXT("203.0.113.7"),
        .started_us = env_monotonic_us(exchange->home->env),
    };
    if (exchange->wire.content_type)
        add_header(visit, "content-type", exchange->wire.content_type);
    if (*request->key)
        add_header(visit, "idempotency-key", arena_strdup(arena, request->key));
    if (request->staff)
        add_header(visit, "authorization", "Bearer " SITE_ADMIN_TOKEN);
    return visit;
}

/* --- the request --- */

static void serve_http(struct task *task)
{
    struct exchange *exchange = (struct exchange *)task;
    struct gateways *gateways = site_gateways(exchange->network->site);
    if (gateways)
        gateways_handle(gateways, &visit_new(exchange)->base);
}

static void serve(struct task *task)
{
    struct exchange *exchange = (struct exchange *)task;
    const struct request *request = &exchange->request;
    struct arena *arena = arena_new(LIMIT_CALL_ARENA);
    struct call *call = call_new(arena, exchange->home);
    call->done = on_answered;
    call->data = exchange;
    call->request_id = arena_printf(arena, "request-%lu", (unsigned long)exchange->number);
    call->idempotency_key = arena_strdup(arena, request->key);
    if (request->staff)
        call->actor = (struct actor){ACTOR_STAFF, "admin", SCOPE_EVERY};
    const ProtobufCMessage *message = message_unpack(arena, request->method->input->descriptor, exchange->packed);
    ProtobufCService *service = directory_find(shop_directory(site_shop(exchange->network->site)), request->method->service);
    ASSERT(service && message);
    service->invoke(service, request->method->index, message, call_closure, call);
}

static void arrive(void *data)
{
    struct exchange *exchange = data;
    struct network *network = exchange->network;
    if (!site_shop(network->site)) {
        world_after(network->loop, travel_us(network), on_impatience, exchange); /* connection refused */
        return;
    }
    exchange->machine = site_machine(network->site);
    exchange->home = site_loop(network->site, (unsigned)random_below(world_random(network->world), SITE_LOOPS));
    exchange->task.run = exchange->request.by_http ? serve_http : serve;
    loop_post(exchange->home, &exchange->task);
}

void network_send(struct network *network, const struct request *request)
{
    struct arena *arena = arena_new(LIMIT_CALL_ARENA);
    struct exchange *exchange = ARENA_NEW(arena, struct exchange);
    *exchange = (struct exchange){.network = network, .request = *request, .number = ++network->requests, .arena = arena};
    exchange->request.key = arena_strdup(arena, request->key);
    exchange->request.message = NULL;
    if (request->by_http)
        exchange->wire = wire_write(arena, request->method, request->message);
    else
        exchange->packed = message_pack(arena, request->message);
    world_note(network->world, "request %lu: %s with key \"%s\" %s", (unsigned long)exchange->number, request->method->full_name,
               request->key, request->by_http ? exchange->wire.target : "");
    world_after(network->loop, request->patience_us, on_impatience, exchange);
    if (!happens(network, network->temper.request_lost_per_million))
        world_after(network->loop, travel_us(network), arrive, exchange);
}

struct network *network_new(struct world *world, struct site *site, struct loop *loop)
{
    struct network *network = calloc(1, sizeof *network);
    ASSERT(network);
    *network = (struct network){.world = world, .site = site, .loop = loop, .temper.travel_us_max = 1000};
    return network;
}

void network_be(struct network *network, const struct network_temper *temper)
{
    network->temper = *temper;
}
