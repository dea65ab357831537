/*
 * The gateway without sockets: calls as an HTTP/2 server would hand them over, and a service that is one function.
 */
#include "gateways/grpc/grpc.h"

#include "base/assert.h"
#include "base/limits.h"
#include "gateways/watch.h"
#include "grpc/health/v1/health.pb-c.h"
#include "grpc/reflection/v1/reflection.pb-c.h"
#include "platform/rpc/grpc_frame.h"
#include "platform/rpc/grpc_status.h"
#include "platform/rpc/gzip.h"
#include "platform/rpc/message.h"
#include "souk/all.souk.h"
#include "souk/catalog/v1/catalog.pb-c.h"
#include "souk/inventory/v1/inventory.pb-c.h"
#include "souk/operations/v1/operations.pb-c.h"
#include "souk/platform/v1/call.pb-c.h"

#include <google/protobuf/descriptor.pb-c.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define TOKEN "a-token-of-at-least-thirty-two-characters"

/* --- a world ------------------------------------------------------------------------------------------------------------ */

static int64_t now_us = 1000000;
static struct timer *started;

static int64_t fake_now(struct env *env)
{
    (void)env;
    return now_us;
}
static void fake_random(struct env *env, void *bytes, size_t count)
{
    (void)env;
    memset(bytes, 7, count);
}
static void fake_timer_start(struct loop *loop, struct timer *timer, int64_t after_us)
{
    (void)loop, (void)after_us;
    started = timer;
}
static void fake_timer_stop(struct loop *loop, struct timer *timer)
{
    (void)loop;
    if (started == timer)
        started = NULL;
}
static struct task *posted; /* one at most */
static void fake_post(struct loop *loop, struct task *task)
{
    (void)loop;
    ASSERT(posted == NULL);
    posted = task;
}
static const struct env_operations env_operations = {.now_us = fake_now,
                                                     .monotonic_us = fake_now,
                                                     .random = fake_random,
                                                     .loop_post = fake_post,
                                                     .timer_start = fake_timer_start,
                                                     .timer_stop = fake_timer_stop};
static struct env env = {.operations = &env_operations};
static struct loop loop = {.env = &env};

/* --- a service ------------------------------------------------------------------------------------------------------------ */

static struct {
    struct call *call; /* gone with its exchange */
    int64_t if_version;
    unsigned index;
    const ProtobufCMessage *request;
    enum result refuse_with;
    const ProtobufCMessage *answer;
    bool later;
} asked;

static void invoke(ProtobufCService *service, unsigned index, const ProtobufCMessage *request, ProtobufCClosure closure, void *data)
{
    (void)service, (void)closure;
    asked.call = data;
    asked.if_version = asked.call->if_version;
    asked.index = index;
    asked.request = request;
    if (asked.later)
        return;
    if (asked.refuse_with != RESULT_OK)
        call_refuse(data, asked.refuse_with, "Nur noch 3 übrig.");
    call_answer(data, asked.refuse_with == RESULT_OK ? asked.answer : NULL);
}

static ProtobufCService service = {.invoke = invoke};

/* Events 1 to `last_event`, two on a page. */
static int last_event;

static void invoke_events(ProtobufCService *events, unsigned index, const ProtobufCMessage *base, ProtobufCClosure closure, void *data)
{
    (void)events, (void)closure;
    const Operations__ListEventsRequest *request = (const void *)base;
    struct call *call = data;
    ASSERT(index == 0); /* ListEvents */
    if (strcmp(request->cursor, "wrong") == 0) {
        call_refuse(call, RESULT_CURSOR_INVALID, NULL);
        call_answer(call, NULL);
        return;
    }
    Operations__ListEventsResponse *answer = ARENA_NEW(call->arena, Operations__ListEventsResponse);
    operations__list_events_response__init(answer);
    int after = *request->cursor != '\0' ? atoi(request->cursor) : 0;
    answer->items = ARENA_ARRAY(call->arena, Operations__Event *, 2);
    while (answer->n_items < 2 && after < last_event) {
        Operations__Event *event = answer->items[answer->n_items++] = ARENA_NEW(call->arena, Operations__Event);
        operations__event__init(event);
        event->number = ++after;
        event->cursor = arena_printf(call->arena, "%d", after);
    }
    answer->position = arena_printf(call->arena, "%d", after);
    answer->next_cursor = after < last_event ? answer->position : "";
    call_answer(call, &answer->base);
}

static ProtobufCService events_service = {.invoke = invoke_events};
static struct watches *watches;
static struct directory *directory;
static struct grpc *public_port, *private_port;
static struct arena *arena;
static bool serves;

static bool serving(void *data, const char *name)
{
    (void)data, (void)name;
    return serves;
}

static int set_up(void **state)
{
    (void)state;
    directory = directory_new();
    directory_add(directory, "catalog", &service);
    directory_add(directory, "inventory", &service);
    directory_add(directory, "operations", &events_service);
    watches = watches_new();
    struct grpc_options options = {
        .services = every_service_declaration,
        .service_count = every_service_count,
        .directory = directory,
        .admin_token = TOKEN,
        .serving = serving,
        .watches = watches,
    };
    public_port = grpc_new(&options);
    options.watches = NULL;
    options.is_private = true;
    private_port = grpc_new(&options);
    arena = arena_new(LIMIT_CALL_ARENA);
    memset(&asked, 0, sizeof asked);
    serves = true;
    started = NULL;
    posted = NULL;
    last_event = 3;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    grpc_free(public_port);
    grpc_free(private_port);
    watches_free(watches); /* asserts that no stream has left its watch behind */
    directory_free(directory);
    arena_free(arena);
    return 0;
}

/* --- exchanges ------------------------------------------------------------------------------------------------------------ */

#define HEADERS_MAX 16

struct exchange {
    struct http_exchange base;
    struct http_header headers[HEADERS_MAX];
    int http_status;
    char head[8192]; /* "name: value\n" each, trailers too */
    char *body;
    size_t body_length;
    bool ended, deaf;
    size_t unsent;
};

static void note_headers(struct exchange *exchange, const struct http_header *headers, size_t count)
{
    size_t length = strlen(exchange->head);
    for (size_t i = 0; i < count; i++)
        length += (size_t)snprintf(exchange->head + length, sizeof exchange->head - length, "%.*s: %.*s\n", (int)headers[i].name.length,
                                   headers[i].name.at, (int)headers[i].value.length, headers[i].value.at);
    ASSERT(length < sizeof exchange->head);
}
static void stream_begin(struct http_exchange *base, const struct http_response *head)
{
    struct exchange *exchange = (struct exchange *)base;
    ASSERT(exchange->http_status == 0);
    exchange->http_status = head->status;
    note_headers(exchange, head->headers, head->header_count);
}
static bool stream_write(struct http_exchange *base, struct text bytes)
{
    struct exchange *exchange = (struct exchange *)base;
    ASSERT(exchange->http_status != 0 && !exchange->ended);
    exchange->body = realloc(exchange->body, exchange->body_length + bytes.length + 1);
    ASSERT(exchange->body != NULL);
    memcpy(exchange->body + exchange->body_length, bytes.at, bytes.length);
    exchange->body_length += bytes.length;
    return !exchange->deaf;
}
static void stream_end(struct http_exchange *base, bool whole, const struct http_header *trailers, size_t count)
{
    struct exchange *exchange = (struct exchange *)base;
    ASSERT(whole && !exchange->ended);
    exchange->ended = true;
    note_headers(exchange, trailers, count);
}
static void respond(struct http_exchange *base, const struct http_response *response)
{
    stream_begin(base, response);
    stream_write(base, response->body);
    stream_end(base, true, NULL, 0);
}
static size_t stream_unsent(const struct http_exchange *base)
{
    return ((const struct exchange *)base)->unsent;
}
static const struct http_exchange_operations exchange_operations = {.respond = respond,
                                                                    .stream_begin = stream_begin,
                                                                    .stream_write = stream_write,
                                                                    .stream_end = stream_end,
                                                                    .stream_unsent = stream_unsent};

/* `headers` are "name: value\n" each; a content-type is added where there is none. */
static struct exchange *exchange_with(const char *path, const char *headers, struct text body)
{
    struct exchange *exchange = calloc(1, sizeof *exchange);
    ASSERT(exchange != NULL);
    exchange->base.arena = arena_new(LIMIT_CALL_ARENA);
    exchange->base.loop = &loop;
    exchange->base.operations = &exchange_operations;
    struct http_request *request = &exchange->base.request;
    request->method = TEXT("POST");
    request->path = request->target = text_of(path);
    request->http2 = true;
    request->headers = exchange->headers;
    request->body = body;
    if (strstr(headers, "content-type") == NULL)
        exchange->headers[request->header_count++] = (struct http_header){TEXT("content-type"), TEXT("application/grpc")};
    while (*headers != '\0') {
        ASSERT(request->header_count < HEADERS_MAX);
        size_t name = strcspn(headers, ":"), line = strcspn(headers, "\n");
        exchange->headers[request->header_count++] =
            (struct http_header){{headers, name}, text_trim((struct text){headers + name + 1, line - name - 1})};
        headers += line + 1;
    }
    return exchange;
}

static struct exchange *send_to(struct grpc *grpc, const char *path, const char *headers, struct text body)
{
    struct exchange *exchange = exchange_with(path, headers, body);
    grpc_handle(grpc, &exchange->base);
    return exchange;
}

static void free_exchange(struct exchange *exchange)
{
    arena_free(exchange->base.arena);
    free(exchange->body);
    free(exchange);
}

static struct text header_of(const struct exchange *exchange, const char *name)
{
    char line[64];
    snprintf(line, sizeof line, "%s: ", name);
    const char *at = strstr(exchange->head, line);
    return at != NULL ? (struct text){at + strlen(line), strcspn(at + strlen(line), "\n")} : (struct text){NULL, 0};
}

static int status_of(const struct exchange *exchange)
{
    int64_t status = -1;
    assert_int_equal(exchange->http_status, 200);
    assert_true(exchange->ended);
    assert_true(text_to_int64(header_of(exchange, "grpc-status"), &status));
    return (int)status;
}

/* The status of a call, and nothing more of it. */
static int ask(struct grpc *grpc, const char *path, const char *headers, struct text body)
{
    struct exchange *exchange = send_to(grpc, path, headers, body);
    int status = status_of(exchange);
    free_exchange(exchange);
    return status;
}

static struct text frame(const ProtobufCMessage *message)
{
    return grpc_frame_make(arena, message, false);
}

static ProtobufCMessage *answer_of(const struct exchange *exchange, const ProtobufCMessageDescriptor *type)
{
    struct text body = {exchange->body, exchange->body_length}, message;
    struct grpc_fault fault;
    assert_int_equal(grpc_frame_take(&body, GRPC_GZIP, 1 << 24, arena, &message, &fault), GRPC_FRAME_WHOLE);
    ProtobufCMessage *answer = message_unpack(arena, type, message);
    assert_non_null(answer);
    return answer;
}

#define GET_PRODUCT "/souk.catalog.v1.CatalogService/GetProduct"
#define CREATE_PRODUCT "/souk.catalog.v1.CatalogService/CreateProduct"
#define UPDATE_PRODUCT "/souk.catalog.v1.CatalogService/UpdateProduct"
#define STAFF "authorization: Bearer " TOKEN "\n"

static struct text get_product(const char *name)
{
    Catalog__GetProductRequest request = CATALOG__GET_PRODUCT_REQUEST__INIT;
    request.product = name;
    return frame(&request.base);
}

/* --- calls ------------------------------------------------------------------------------------------------------------------ */

static void answers_with_a_message_and_trailers(void **state)
{
    (void)state;
    Catalog__Product product = CATALOG__PRODUCT__INIT;
    product.title = "Hemd";
    asked.answer = &product.base;
    struct exchange *exchange = send_to(public_port, GET_PRODUCT,
                                        "x-request-id: r-17\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\n"
                                        "grpc-timeout: 2S\n", get_product("hemd"));
    assert_int_equal(status_of(exchange), 0);
    assert_string_equal(((Catalog__Product *)answer_of(exchange, &catalog__product__descriptor))->title, "Hemd");
    assert_string_equal(((const Catalog__GetProductRequest *)asked.request)->product, "hemd");
    assert_string_equal(asked.call->request_id, "r-17");
    assert_int_equal(asked.call->deadline_us, now_us + 2000000);
    assert_memory_equal(asked.call->trace_parent, "00-0af7651916cd43dd8448eb211c80319c", 35);
    assert_true(text_is(header_of(exchange, "x-request-id"), "r-17"));
    assert_null(header_of(exchange, "grpc-encoding").at);
    free_exchange(exchange);
}

static void problems_are_statuses_with_details(void **state)
{
    (void)state;
    asked.refuse_with = RESULT_OUT_OF_STOCK;
    struct exchange *exchange = send_to(public_port, GET_PRODUCT, "", get_product("hemd"));
    assert_int_equal(status_of(exchange), 9);
    assert_int_equal(exchange->body_length, 0);
    assert_true(text_is(header_of(exchange, "grpc-message"), "Nur noch 3 %C3%BCbrig."));
    struct problem problem =
        grpc_problem_of(arena, &(struct grpc_status){9, header_of(exchange, "grpc-message"), header_of(exchange, "grpc-status-details-bin")});
    assert_int_equal(problem.result, RESULT_OUT_OF_STOCK);
    free_exchange(exchange);
}

static void what_is_not_grpc_is_told_in_http(void **state)
{
    (void)state;
    static const struct {
        const char *headers;
        int status;
    } rows[] = {{"content-type: application/grpc+json\n", 415}, {"content-type: application/grpc-web\n", 415}};
    for (size_t i = 0; i < 2; i++) {
        struct exchange *exchange = send_to(public_port, GET_PRODUCT, rows[i].headers, get_product("x"));
        assert_int_equal(exchange->http_status, rows[i].status);
        free_exchange(exchange);
    }
    assert_null(asked.call);
}

static void what_there_is_not_is_unimplemented(void **state)
{
    (void)state;
    assert_int_equal(ask(public_port, "/souk.catalog.v1.CatalogService/Nothing", "", TEXT("")), 12);
    assert_int_equal(ask(public_port, "/souk.order.v1.OrderService/GetOrder", "", TEXT("")), 12); /* not in this directory */
    assert_int_equal(ask(public_port, "/souk.inventory.v1.InventoryService/Reserve", STAFF, TEXT("")), 12); /* internal */
    struct exchange *exchange = send_to(public_port, GET_PRODUCT, "grpc-encoding: snappy\n", get_product("x"));
    assert_int_equal(status_of(exchange), 12);
    assert_true(text_is(header_of(exchange, "grpc-accept-encoding"), "identity,gzip"));
    free_exchange(exchange);
}

static void broken_requests_have_their_status(void **state)
{
    (void)state;
    char *large = arena_alloc(arena, LIMIT_HTTP_BODY + 6);
    memcpy(large, "\0\0\x10\0\1", 5);
    assert_int_equal(ask(public_port, GET_PRODUCT, "", TEXT("")), 13);
    assert_int_equal(ask(public_port, GET_PRODUCT, "", TEXT("\0\0\0\0\5\x0a\3ab")), 13);
    assert_int_equal(ask(public_port, GET_PRODUCT, "", TEXT("\0\0\0\0\4\x0a\2ab\0\0\0\0\0")), 13);
    assert_int_equal(ask(public_port, GET_PRODUCT, "", TEXT("\0\0\0\0\4\x0a\2a\xff")), 3);
    assert_int_equal(ask(public_port, GET_PRODUCT, "", TEXT("\0\0\0\0\2\x0b\x0c")), 3);
    assert_int_equal(ask(public_port, GET_PRODUCT, "", TEXT("\1\0\0\0\2ab")), 13);
    assert_int_equal(ask(public_port, GET_PRODUCT, "", (struct text){large, LIMIT_HTTP_BODY + 6}), 8);
    assert_int_equal(ask(public_port, GET_PRODUCT, "grpc-timeout: soon\n", get_product("x")), 3);
    assert_int_equal(ask(public_port, GET_PRODUCT, "idempotency-key: two words\n", get_product("x")), 3);
    assert_null(asked.call);
}

static void bombs_stay_small(void **state)
{
    (void)state;
    size_t length = 20 << 20;
    char *zeros = arena_alloc(arena, length);
    struct text packed = grpc_frame_of(arena, gzip_pack(arena, (struct text){zeros, length}));
    *(char *)(uintptr_t)packed.at = 1;
    assert_int_equal(ask(public_port, GET_PRODUCT, "grpc-encoding: gzip\n", packed), 8);
}

static void fields_are_checked_as_declared(void **state)
{
    (void)state;
    Catalog__CreateProductRequest request = CATALOG__CREATE_PRODUCT_REQUEST__INIT;
    Catalog__Product product = CATALOG__PRODUCT__INIT;
    request.product = &product;
    struct exchange *exchange = send_to(public_port, CREATE_PRODUCT, STAFF, frame(&request.base));
    assert_int_equal(status_of(exchange), 3);
    struct problem problem =
        grpc_problem_of(arena, &(struct grpc_status){3, TEXT(""), header_of(exchange, "grpc-status-details-bin")});
    assert_int_equal(problem.result, RESULT_VALIDATION_FAILED);
    assert_string_equal(problem.violations->pointer, "/product/title");
    assert_null(asked.call);
    free_exchange(exchange);
}

static void updates_are_checked_by_their_mask(void **state)
{
    (void)state;
    Catalog__UpdateProductRequest request = CATALOG__UPDATE_PRODUCT_REQUEST__INIT;
    Catalog__Product product = CATALOG__PRODUCT__INIT;
    Google__Protobuf__FieldMask mask = GOOGLE__PROTOBUF__FIELD_MASK__INIT;
    char description[] = "description", title[] = "title", nothing[] = "nothing", *paths[] = {description};
    request.id = "01abc";
    request.product = &product;
    request.update_mask = &mask;
    mask.n_paths = 1;
    mask.paths = paths;
    asked.answer = &product.base;
    assert_int_equal(ask(public_port, UPDATE_PRODUCT, STAFF, frame(&request.base)), 0); /* a title is needed, but not asked to change */
    paths[0] = title;
    assert_int_equal(ask(public_port, UPDATE_PRODUCT, STAFF, frame(&request.base)), 3);
    paths[0] = nothing;
    assert_int_equal(ask(public_port, UPDATE_PRODUCT, STAFF, frame(&request.base)), 3);
    request.update_mask = NULL;
    assert_int_equal(ask(public_port, UPDATE_PRODUCT, STAFF "if-match: \"7\"\nidempotency-key: k\n", frame(&request.base)), 0);
    assert_int_equal(asked.if_version, 7);
}

static void who_asks_is_looked_at(void **state)
{
    (void)state;
    Catalog__CreateProductRequest request = CATALOG__CREATE_PRODUCT_REQUEST__INIT;
    assert_int_equal(ask(public_port, CREATE_PRODUCT, "", frame(&request.base)), 16);
    assert_int_equal(ask(public_port, GET_PRODUCT, "authorization: Bearer wrong\n", get_product("x")), 16);
    assert_int_equal(ask(public_port, GET_PRODUCT, "souk-as-of: 2026-01-01T00:00:00Z\n", get_product("x")), 16);
    assert_null(asked.call);
}

static void only_the_private_port_believes_who_calls(void **state)
{
    (void)state;
    Platform__Caller caller = PLATFORM__CALLER__INIT;
    caller.kind = ACTOR_SYSTEM;
    caller.id = "checkout/01jd";
    caller.scopes = SCOPE_EVERY;
    caller.if_version_plus_one = 4;
    struct text packed = grpc_binary_encode(arena, message_pack(arena, &caller.base));
    const char *header = arena_printf(arena, "souk-caller-bin: %.*s\n", (int)packed.length, packed.at);
    Catalog__CreateProductRequest request = CATALOG__CREATE_PRODUCT_REQUEST__INIT;
    Catalog__Product product = CATALOG__PRODUCT__INIT;
    asked.answer = &product.base;
    assert_int_equal(ask(public_port, CREATE_PRODUCT, header, frame(&request.base)), 16);
    assert_null(asked.call);
    struct exchange *exchange = send_to(private_port, CREATE_PRODUCT, header, frame(&request.base));
    assert_int_equal(status_of(exchange), 0);
    assert_int_equal(asked.call->actor.kind, ACTOR_SYSTEM);
    assert_string_equal(asked.call->actor.id, "checkout/01jd");
    assert_int_equal(asked.call->if_version, 3);
    free_exchange(exchange);
    assert_int_equal(ask(private_port, GET_PRODUCT, "souk-caller-bin: ????\n", get_product("x")), 3);
}

static void large_answers_are_packed(void **state)
{
    (void)state;
    Catalog__Product product = CATALOG__PRODUCT__INIT;
    char *text = arena_alloc(arena, 50001);
    memset(text, 'x', 50000);
    product.description = text;
    asked.answer = &product.base;
    struct exchange *exchange = send_to(public_port, GET_PRODUCT, "grpc-accept-encoding: identity,gzip\n", get_product("x"));
    assert_int_equal(status_of(exchange), 0);
    assert_true(text_is(header_of(exchange, "grpc-encoding"), "gzip"));
    assert_true(exchange->body_length < 1000);
    assert_int_equal(strlen(((Catalog__Product *)answer_of(exchange, &catalog__product__descriptor))->description), 50000);
    free_exchange(exchange);
}

static void too_late_is_too_late(void **state)
{
    (void)state;
    Catalog__Product product = CATALOG__PRODUCT__INIT;
    asked.later = true;
    struct exchange *exchange = send_to(public_port, GET_PRODUCT, "grpc-timeout: 5m\n", get_product("x"));
    assert_false(exchange->ended);
    now_us += 5001;
    call_answer(asked.call, &product.base);
    assert_int_equal(status_of(exchange), 4);
    free_exchange(exchange);
}

static void who_goes_is_not_worked_for(void **state)
{
    (void)state;
    asked.later = true;
    struct exchange *exchange = send_to(public_port, GET_PRODUCT, "", get_product("x"));
    exchange->base.gone = true;
    exchange->base.on_gone(&exchange->base);
    assert_true(asked.call->cancelled);
    call_refuse(asked.call, RESULT_CANCELLED, NULL);
    call_answer(asked.call, NULL);
    assert_int_equal(status_of(exchange), 1);
    free_exchange(exchange);
}

/* --- gRPC's own ------------------------------------------------------------------------------------------------------------- */

#define CHECK "/grpc.health.v1.Health/Check"
#define WATCH "/grpc.health.v1.Health/Watch"

static struct text health_of(const char *name)
{
    GrpcHealth__HealthCheckRequest request = GRPC_HEALTH__HEALTH_CHECK_REQUEST__INIT;
    request.service = name;
    return frame(&request.base);
}

static int health_in(const struct exchange *exchange)
{
    return (int)((GrpcHealth__HealthCheckResponse *)answer_of(exchange, &grpc_health__health_check_response__descriptor))->status;
}

static void health_is_told_per_service(void **state)
{
    (void)state;
    static const char *const names[] = {"", "catalog", "souk.catalog.v1.CatalogService"};
    for (size_t i = 0; i < 3; i++) {
        struct exchange *exchange = send_to(public_port, CHECK, "", health_of(names[i]));
        assert_int_equal(status_of(exchange), 0);
        assert_int_equal(health_in(exchange), 1);
        free_exchange(exchange);
    }
    assert_int_equal(ask(public_port, CHECK, "", health_of("order")), 5);
}

static void a_watch_tells_of_changes_and_ends_with_its_client(void **state)
{
    (void)state;
    struct exchange *exchange = send_to(public_port, WATCH, "", health_of("catalog"));
    assert_false(exchange->ended);
    assert_int_equal(health_in(exchange), 1);
    size_t first = exchange->body_length;
    started->run(started);
    assert_int_equal(exchange->body_length, first);
    serves = false;
    started->run(started);
    assert_true(exchange->body_length > first);
    exchange->base.on_gone(&exchange->base);
    assert_true(exchange->ended);
    assert_null(started);
    free_exchange(exchange);
}

static void a_watch_ends_when_its_time_is_over(void **state)
{
    (void)state;
    struct exchange *exchange = send_to(public_port, WATCH, "grpc-timeout: 1500m\n", health_of("catalog"));
    now_us += 1000000;
    started->run(started);
    assert_false(exchange->ended);
    now_us += 500000;
    started->run(started);
    assert_int_equal(status_of(exchange), 4);
    assert_null(started);
    free_exchange(exchange);
}

static void a_watch_ends_with_the_server(void **state)
{
    (void)state;
    struct exchange *exchange = send_to(public_port, WATCH, "", health_of("nobody"));
    assert_int_equal(health_in(exchange), 3);
    grpc_stop(public_port);
    started->run(started);
    assert_int_equal(status_of(exchange), 14);
    free_exchange(exchange);
}

static GrpcReflection__ServerReflectionResponse *reflect(const char *path, GrpcReflection__ServerReflectionRequest *request)
{
    struct exchange *exchange = send_to(public_port, path, "", frame(&request->base));
    assert_int_equal(status_of(exchange), 0);
    void *answer = answer_of(exchange, &grpc_reflection__server_reflection_response__descriptor);
    free_exchange(exchange);
    return answer;
}

#define REFLECT "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"
#define REFLECT_ALPHA "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"

static void reflection_tells_what_there_is(void **state)
{
    (void)state;
    GrpcReflection__ServerReflectionRequest request = GRPC_REFLECTION__SERVER_REFLECTION_REQUEST__INIT;
    request.message_request_case = GRPC_REFLECTION__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_LIST_SERVICES;
    request.list_services = "*";
    GrpcReflection__ServerReflectionResponse *answer = reflect(REFLECT_ALPHA, &request);
    bool has_catalog = false, has_order = false;
    for (size_t i = 0; i < answer->list_services_response->n_service; i++) {
        has_catalog |= strcmp(answer->list_services_response->service[i]->name, "souk.catalog.v1.CatalogService") == 0;
        has_order |= strcmp(answer->list_services_response->service[i]->name, "souk.order.v1.OrderService") == 0;
    }
    assert_true(has_catalog && !has_order);
}

static void reflection_hands_out_files_with_what_they_import(void **state)
{
    (void)state;
    static const char *const symbols[] = {"souk.catalog.v1.CatalogService", "souk.catalog.v1.CatalogService.GetProduct", "souk.catalog.v1.Product",
                                          "souk.catalog.v1.Product.title"};
    GrpcReflection__ServerReflectionRequest request = GRPC_REFLECTION__SERVER_REFLECTION_REQUEST__INIT;
    request.message_request_case = GRPC_REFLECTION__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_CONTAINING_SYMBOL;
    for (size_t i = 0; i < sizeof symbols / sizeof symbols[0]; i++) {
        request.file_containing_symbol = symbols[i];
        GrpcReflection__FileDescriptorResponse *files = reflect(REFLECT, &request)->file_descriptor_response;
        assert_non_null(files);
        assert_true(files->n_file_descriptor_proto > 3);
        struct text packed = {(const char *)files->file_descriptor_proto[0].data, files->file_descriptor_proto[0].len};
        Google__Protobuf__FileDescriptorProto *file = (void *)message_unpack(arena, &google__protobuf__file_descriptor_proto__descriptor, packed);
        assert_string_equal(file->name, "souk/catalog/v1/catalog.proto");
    }
    request.file_containing_symbol = "souk.Nothing";
    assert_int_equal(reflect(REFLECT, &request)->error_response->error_code, 5);
}

static void reflection_knows_our_options(void **state)
{
    (void)state;
    GrpcReflection__ServerReflectionRequest request = GRPC_REFLECTION__SERVER_REFLECTION_REQUEST__INIT;
    request.message_request_case = GRPC_REFLECTION__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_ALL_EXTENSION_NUMBERS_OF_TYPE;
    request.all_extension_numbers_of_type = "google.protobuf.MethodOptions";
    assert_true(reflect(REFLECT, &request)->all_extension_numbers_response->n_extension_number >= 2); /* ours and google.api.http */
    GrpcReflection__ExtensionRequest extension = GRPC_REFLECTION__EXTENSION_REQUEST__INIT;
    extension.containing_type = "google.protobuf.MethodOptions";
    extension.extension_number = 50001;
    request.message_request_case = GRPC_REFLECTION__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_CONTAINING_EXTENSION;
    request.file_containing_extension = &extension;
    assert_non_null(reflect(REFLECT, &request)->file_descriptor_response);
}

/* --- a conversation ------------------------------------------------------------------------------------------------------- */

static struct exchange *converse(void)
{
    struct exchange *exchange = exchange_with(REFLECT, "", TEXT(""));
    exchange->base.body_is_open = true;
    grpc_handle(public_port, &exchange->base);
    return exchange;
}

static struct text question(const char *symbol)
{
    GrpcReflection__ServerReflectionRequest request = GRPC_REFLECTION__SERVER_REFLECTION_REQUEST__INIT;
    request.message_request_case = GRPC_REFLECTION__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_CONTAINING_SYMBOL;
    request.file_containing_symbol = symbol;
    return frame(&request.base);
}

/* Bytes come; what was not taken of earlier ones is before them. */
static void say(struct exchange *exchange, struct text bytes)
{
    struct text waiting = exchange->base.request.body;
    char *both = arena_alloc(arena, waiting.length + bytes.length);
    memcpy(both, waiting.at, waiting.length);
    memcpy(both + waiting.length, bytes.at, bytes.length);
    exchange->base.request.body = (struct text){both, waiting.length + bytes.length};
    exchange->base.on_body(&exchange->base);
}

static void hang_up(struct exchange *exchange)
{
    exchange->base.body_is_open = false;
    exchange->base.on_body(&exchange->base);
}

static void questions_are_answered_as_they_come(void **state)
{
    (void)state;
    struct exchange *exchange = converse();
    assert_int_equal(exchange->body_length, 0);
    struct text words = question("souk.Nothing");
    say(exchange, (struct text){words.at, 4});
    assert_int_equal(exchange->body_length, 0);
    say(exchange, (struct text){words.at + 4, words.length - 4});
    size_t once = exchange->body_length;
    assert_true(once > 0 && !exchange->ended);
    say(exchange, words);
    assert_int_equal(exchange->body_length, 2 * once);
    assert_int_equal(exchange->base.request.body.length, 0);
    hang_up(exchange);
    assert_int_equal(status_of(exchange), 0);
    assert_null(started);
    free_exchange(exchange);
}

static void who_reads_no_answers_is_not_listened_to(void **state)
{
    (void)state;
    struct exchange *exchange = converse();
    exchange->unsent = LIMIT_FOLLOW_UNSENT + 1;
    say(exchange, question("souk.Nothing"));
    assert_int_equal(exchange->body_length, 0);
    assert_true(exchange->base.request.body.length > 0); /* it was not taken, so no more may come */
    exchange->unsent = 0;
    exchange->base.on_drained(&exchange->base);
    assert_true(exchange->body_length > 0);
    hang_up(exchange);
    free_exchange(exchange);
}

static void a_conversation_has_limits(void **state)
{
    (void)state;
    struct exchange *exchange = converse();
    struct text words = question("souk.Nothing");
    for (unsigned i = 0; i < LIMIT_GRPC_QUESTIONS; i++)
        say(exchange, words);
    assert_false(exchange->ended);
    say(exchange, words);
    assert_int_equal(status_of(exchange), 8);
    free_exchange(exchange);

    exchange = converse();
    say(exchange, TEXT("\0\1\0\0\0"));
    assert_int_equal(status_of(exchange), 8);
    free_exchange(exchange);

    exchange = converse();
    say(exchange, TEXT("\0\0"));
    hang_up(exchange);
    assert_int_equal(status_of(exchange), 13);
    free_exchange(exchange);
}

static void a_conversation_ends_with_either_side(void **state)
{
    (void)state;
    struct exchange *exchange = converse();
    exchange->base.gone = true;
    exchange->base.on_gone(&exchange->base);
    assert_true(exchange->ended);
    assert_null(started);
    free_exchange(exchange);

    exchange = converse();
    started->run(started);
    assert_false(exchange->ended);
    grpc_stop(public_port);
    started->run(started);
    assert_int_equal(status_of(exchange), 14);
    free_exchange(exchange);
}

/* --- a stream ------------------------------------------------------------------------------------------------------------- */

#define WATCH_EVENTS "/souk.operations.v1.OperationsService/WatchEvents"
#define AS_ADMIN "authorization: Bearer " TOKEN "\n"

static struct exchange *watch_events(const char *headers, const char *after)
{
    Operations__ListEventsRequest request = OPERATIONS__LIST_EVENTS_REQUEST__INIT;
    request.cursor = after;
    return send_to(public_port, WATCH_EVENTS, headers, frame(&request.base));
}

/* The numbers of the events that came. */
static const char *numbers_in(const struct exchange *exchange)
{
    struct text body = {exchange->body, exchange->body_length}, message;
    struct grpc_fault fault;
    const char *numbers = "";
    while (body.length > 0 && grpc_frame_take(&body, GRPC_IDENTITY, 1 << 20, arena, &message, &fault) == GRPC_FRAME_WHOLE) {
        const Operations__Event *event = (const void *)message_unpack(arena, &operations__event__descriptor, message);
        numbers = arena_printf(arena, "%s%d", numbers, (int)event->number);
    }
    return numbers;
}

static void something_happens(void)
{
    last_event++;
    watches_touched(watches, "events", "till");
    struct task *task = posted;
    posted = NULL;
    if (task != NULL)
        task->run(task);
}

static void client_goes(struct exchange *exchange)
{
    exchange->base.gone = true;
    exchange->base.on_gone(&exchange->base);
    assert_true(exchange->ended);
    assert_null(started);
    free_exchange(exchange);
}

static void a_stream_has_what_there_is_and_what_comes(void **state)
{
    (void)state;
    struct exchange *exchange = watch_events(AS_ADMIN, "");
    assert_string_equal(numbers_in(exchange), "123");
    something_happens();
    assert_string_equal(numbers_in(exchange), "1234");
    assert_false(exchange->ended);
    client_goes(exchange);

    exchange = watch_events(AS_ADMIN, "3");
    assert_string_equal(numbers_in(exchange), "4");
    client_goes(exchange);
}

static void a_stream_is_refused_before_it_begins(void **state)
{
    (void)state;
    struct exchange *exchange = watch_events("", "");
    assert_int_equal(status_of(exchange), 16);
    free_exchange(exchange);
    exchange = watch_events(AS_ADMIN, "wrong");
    assert_int_equal(status_of(exchange), 3);
    free_exchange(exchange);
    exchange = send_to(private_port, WATCH_EVENTS, "", TEXT(""));
    assert_int_equal(status_of(exchange), 12); /* there is nothing to watch with */
    free_exchange(exchange);
}

static void a_stream_is_no_faster_than_its_reader(void **state)
{
    (void)state;
    struct exchange *exchange = watch_events(AS_ADMIN, "");
    exchange->unsent = LIMIT_FOLLOW_UNSENT + 1;
    something_happens();
    something_happens();
    assert_string_equal(numbers_in(exchange), "123");
    exchange->unsent = 0;
    exchange->base.on_drained(&exchange->base);
    assert_string_equal(numbers_in(exchange), "12345"); /* later, not fewer */
    client_goes(exchange);
}

static void a_stream_ends_when_its_time_is_over(void **state)
{
    (void)state;
    struct exchange *exchange = watch_events(AS_ADMIN "grpc-timeout: 2M\n", ""); /* longer than any call may take */
    now_us += INT64_C(119000000);
    something_happens();
    assert_string_equal(numbers_in(exchange), "1234");
    assert_false(exchange->ended);
    now_us += 1000000;
    started->run(started);
    assert_true(exchange->ended);
    assert_int_equal(status_of(exchange), 4);
    assert_null(started);
    free_exchange(exchange);

    exchange = watch_events(AS_ADMIN "grpc-timeout: 1S\n", "");
    now_us += 1000000;
    something_happens(); /* before the timer goes off */
    assert_int_equal(status_of(exchange), 4);
    free_exchange(exchange);

    exchange = watch_events(AS_ADMIN, "5"); /* no end was asked for */
    now_us += INT64_C(86400000000);
    something_happens();
    assert_string_equal(numbers_in(exchange), "6");
    client_goes(exchange);
}

static void a_stream_ends_with_the_server(void **state)
{
    (void)state;
    struct exchange *exchange = watch_events(AS_ADMIN, "");
    watches_end(watches);
    struct task *task = posted;
    posted = NULL;
    task->run(task);
    assert_int_equal(status_of(exchange), 14); /* come back, with the last cursor */
    assert_null(started);
    free_exchange(exchange);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(answers_with_a_message_and_trailers),
        TEST(problems_are_statuses_with_details),
        TEST(what_is_not_grpc_is_told_in_http),
        TEST(what_there_is_not_is_unimplemented),
        TEST(broken_requests_have_their_status),
        TEST(bombs_stay_small),
        TEST(fields_are_checked_as_declared),
        TEST(updates_are_checked_by_their_mask),
        TEST(who_asks_is_looked_at),
        TEST(only_the_private_port_believes_who_calls),
        TEST(large_answers_are_packed),
        TEST(too_late_is_too_late),
        TEST(who_goes_is_not_worked_for),
        TEST(health_is_told_per_service),
        TEST(a_watch_tells_of_changes_and_ends_with_its_client),
        TEST(a_watch_ends_when_its_time_is_over),
        TEST(a_watch_ends_with_the_server),
        TEST(reflection_tells_what_there_is),
        TEST(reflection_hands_out_files_with_what_they_import),
        TEST(reflection_knows_our_options),
        TEST(questions_are_answered_as_they_come),
        TEST(who_reads_no_answers_is_not_listened_to),
        TEST(a_conversation_has_limits),
        TEST(a_conversation_ends_with_either_side),
        TEST(a_stream_has_what_there_is_and_what_comes),
        TEST(a_stream_is_refused_before_it_begins),
        TEST(a_stream_is_no_faster_than_its_reader),
        TEST(a_stream_ends_when_its_time_is_over),
        TEST(a_stream_ends_with_the_server),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
