/*
 * Loading the demo shop: look whether there is any product, then ask for one thing after the other.
 *
 * Every request has an idempotency key of its own, so that a shop whose loading was cut short is completed at the next start instead of getting
 * its taxes twice. Stock follows the catalogue's events, so a SKU may not be known yet: then it is asked for again a moment later.
 */
#include "base/assert.h"
#include "base/limits.h"
#include "base/log.h"
#include "demo/contents.h"
#include "demo/demo.h"
#include "souk/catalog/v1/catalog.souk.h"

#define PATIENCE_MS 50
#define PATIENCE_TIMES 200

struct loading {
    struct directory *directory;
    struct loop *loop;
    struct arena *arena;
    struct demo_request *requests;
    size_t count, next;
    unsigned waited;
    struct timer timer;
    void (*done)(void *data, const char *error);
    void *data;
};

static void end(struct loading *loading, const char *error)
{
    loading->done(loading->data, error);
    arena_free(loading->arena);
}

static void ask(struct loading *loading, const struct demo_request *request, const char *key,
                void (*done)(struct call *call, const ProtobufCMessage *answer))
{
    ProtobufCService *service = directory_find(loading->directory, request->method->service);
    struct call *call = call_new(loading->arena, loading->loop);
    if (service == NULL) {
        end(loading, arena_printf(loading->arena, "The demo shop needs the service `%s`, which does not run here.",
                                  request->method->service));
        return;
    }
    call->actor.kind = ACTOR_SYSTEM;
    call->actor.id = "demo";
    call->actor.scopes = SCOPE_EVERY;
    call->idempotency_key = key;
    call->done = done;
    call->data = loading;
    service->invoke(service, request->method->index, request->message, call_closure, call);
}

static void ask_next(struct loading *loading);

static void on_timer(struct timer *timer)
{
    ask_next((struct loading *)(void *)((char *)timer - offsetof(struct loading, timer)));
}

static void on_answer(struct call *call, const ProtobufCMessage *answer)
{
    struct loading *loading = call->data;
    const struct problem *problem = &call->problem;
    if (answer != NULL) {
        loading->next++;
        ask_next(loading);
    } else if (problem->result == RESULT_NOT_FOUND && loading->waited++ < PATIENCE_TIMES) {
        timer_start(loading->loop, &loading->timer, INT64_C(1000) * PATIENCE_MS);
    } else {
        const struct violation *violation = problem->violations;
        end(loading, arena_printf(loading->arena, "%s: %s %s", loading->requests[loading->next].method->name,
                                  problem->detail != NULL ? problem->detail : result_row(problem->result)->title,
                                  violation != NULL ? violation->detail : ""));
    }
}

static void ask_next(struct loading *loading)
{
    if (loading->next == loading->count) {
        LOG_INFO("the demo shop is loaded", log_int("requests", (int64_t)loading->count));
        end(loading, NULL);
        return;
    }
    ask(loading, &loading->requests[loading->next], arena_printf(loading->arena, "demo/%zu/%u", loading->next, loading->waited),
        on_answer);
}

static void on_products(struct call *call, const ProtobufCMessage *answer)
{
    struct loading *loading = call->data;
    if (answer == NULL)
        end(loading, result_row(call->problem.result)->title);
    else if (((const Catalog__ListProductsResponse *)answer)->n_items > 0)
        end(loading, NULL); /* somebody's shop already */
    else
        ask_next(loading);
}

void demo_load(struct directory *directory, struct loop *loop, void (*done)(void *data, const char *error), void *data)
{
    struct arena *arena = arena_new(LIMIT_BULK_ARENA);
    struct loading *loading = ARENA_NEW(arena, struct loading);
    Catalog__ListProductsRequest *list = ARENA_NEW(arena, Catalog__ListProductsRequest);
    *loading = (struct loading){
        .directory = directory,
        .loop = loop,
        .arena = arena,
        .timer = {.run = on_timer},
        .done = done,
        .data = data,
    };
    loading->requests = demo_contents(arena, &loading->count);
    catalog__list_products_request__init(list);
    list->limit = 1;
    ask(loading, &(struct demo_request){&catalog__catalog_service__list_products__method, &list->base}, "", on_products);
}
