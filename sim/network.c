/*
 * An exchange is a request and its answer; it is never freed, as a late answer may still come, and a run is short.
 */
#include "sim/network.h"

#include "base/assert.h"
#include "base/limits.h"
#include "platform/rpc/message.h"

#include <stdlib.h>
#include <string.h>

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
    struct text packed;
    struct reply reply;
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

/* On the shop's loop, which may have crashed within this piece: then nothing leaves it. */
static void on_answered(struct call *call, const ProtobufCMessage *answer)
{
    struct exchange *exchange = call->data;
    struct network *network = exchange->network;
    bool dead = machine_is_dead(exchange->machine);
    if (!dead && !exchange->over) {
        fill_reply(exchange, call, answer);
        world_note(network->world, "answer %lu: %s%s", (unsigned long)exchange->number,
                   result_row(exchange->reply.result)->wire, exchange->reply.location ? ", accepted" : "");
        if (!happens(network, network->temper.answer_lost_per_million))
            world_after(network->loop, travel_us(network), arrive_back, exchange);
    }
    arena_free(call->arena);
}

/* --- the request --- */

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
    exchange->task.run = serve;
    loop_post(exchange->home, &exchange->task);
}

void network_send(struct network *network, const struct request *request)
{
    struct arena *arena = arena_new(LIMIT_CALL_ARENA);
    struct exchange *exchange = ARENA_NEW(arena, struct exchange);
    *exchange = (struct exchange){.network = network, .request = *request, .number = ++network->requests, .arena = arena};
    exchange->request.key = arena_strdup(arena, request->key);
    exchange->request.message = NULL;
    exchange->packed = message_pack(arena, request->message);
    world_note(network->world, "request %lu: %s with key \"%s\"", (unsigned long)exchange->number, request->method->full_name,
               request->key);
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
