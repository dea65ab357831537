/*
 * From our client to our gateway and back, over a socket: what a remote service tells its caller is what a local one would have.
 */
#include "base/assert.h"
#include "base/limits.h"
#include "gateways/grpc/grpc.h"
#include "platform/http/http.h"
#include "platform/rpc/grpc_client.h"
#include "souk/all.souk.h"
#include "souk/catalog/v1/catalog.pb-c.h"
#include "souk/catalog/v1/catalog.souk.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

/* --- the other process: a service that does as it is told -------------------------------------------------------------------- */

static struct {
    enum { ANSWER, REFUSE, ACCEPT, REPLAY, KEEP, FAIL } deed;
    unsigned calls;
    struct call *call; /* of the last one */
    struct actor actor;
    char actor_id[64], request_id[64], key[64];
    bool key_alone;
    int64_t as_of_us, if_version, patience_us;
    bool was_cancelled;
} there;

static void note(struct call *call)
{
    there.calls++;
    there.call = call;
    there.actor = call->actor;
    snprintf(there.actor_id, sizeof there.actor_id, "%s", call->actor.id);
    snprintf(there.request_id, sizeof there.request_id, "%s", call->request_id);
    snprintf(there.key, sizeof there.key, "%s", call->idempotency_key);
    there.key_alone = call->key_alone;
    there.as_of_us = call->as_of_us;
    there.if_version = call->if_version;
    there.patience_us = call->deadline_us - env_monotonic_us(call->home->env);
}

static void on_cancelled(struct call *call)
{
    there.was_cancelled = true;
    call_refuse(call, RESULT_CANCELLED, NULL);
    call_answer(call, NULL);
}

static void refuse(struct call *call)
{
    call_refuse(call, RESULT_OUT_OF_STOCK, "Nur noch 3 übrig.");
    call_problem_number(call, "available", 3);
    call_answer(call, NULL);
}

static void invoke(ProtobufCService *service, unsigned index, const ProtobufCMessage *request, ProtobufCClosure closure, void *data)
{
    (void)service, (void)index, (void)closure;
    struct call *call = data;
    const Catalog__GetProductRequest *asked = (const void *)request;
    Catalog__Product product = CATALOG__PRODUCT__INIT;
    product.title = asked->product;
    note(call);
    call->accepted_location = there.deed == ACCEPT ? "/v1/checkouts/1" : NULL;
    call->replayed = there.deed == REPLAY;
    if (there.deed == KEEP)
        call->cancel = on_cancelled;
    else if (there.deed == REFUSE)
        refuse(call);
    else if (there.deed == FAIL) {
        call_refuse(call, RESULT_UNAVAILABLE, NULL);
        call_answer(call, NULL);
    } else
        call_answer(call, &product.base);
}

/* --- both processes, on one loop ------------------------------------------------------------------------------------------------ */

static ProtobufCService service = {.invoke = invoke};
static struct loop *loop;
static struct directory *directory;
static struct grpc *grpc;
static struct http_server *server;
static struct grpc_client *client;
static ProtobufCService *remote;
static char address[64];
static struct arena *arena;

static void start_server(const char *at)
{
    char error[256];
    struct http_handler handler = grpc_handler(grpc);
    server = http_server_start(loop, at, &handler, error);
    ASSERT(server != NULL);
    snprintf(address, sizeof address, "127.0.0.1:%d", http_server_port(server));
}

static void stop_running(void *data)
{
    (void)data;
    machine_loop_stop(loop);
}

static void stop_server(void)
{
    http_server_stop(server, stop_running, NULL);
    machine_loop_run(loop);
    server = NULL;
}

static int set_up(void **state)
{
    (void)state;
    memset(&there, 0, sizeof there);
    loop = machine_loop_new(env_machine());
    directory = directory_new();
    directory_add(directory, "catalog", &service);
    grpc = grpc_new(&(struct grpc_options){
        .services = every_service_declaration, .service_count = every_service_count, .directory = directory, .is_private = true});
    start_server("127.0.0.1:0");
    client = grpc_client_new(env_machine());
    remote = grpc_client_service(client, address, &catalog_declaration);
    arena = arena_new(LIMIT_CALL_ARENA);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    grpc_client_close(client, loop);
    if (server != NULL)
        stop_server();
    grpc_client_free(client);
    machine_loop_free(loop);
    grpc_free(grpc);
    directory_free(directory);
    arena_free(arena);
    return 0;
}

/* --- calls ---------------------------------------------------------------------------------------------------------------------- */

static const Catalog__Product *answered;
static unsigned open_calls;

static void on_done(struct call *call, const ProtobufCMessage *answer)
{
    (void)call;
    answered = (const void *)answer;
    if (--open_calls == 0)
        machine_loop_stop(loop);
}

static struct call *new_call(void)
{
    struct call *call = call_new(arena, loop);
    call->done = on_done;
    open_calls++;
    return call;
}

static void go(struct call *call)
{
    static Catalog__GetProductRequest request = CATALOG__GET_PRODUCT_REQUEST__INIT;
    request.product = "hemd";
    remote->invoke(remote, catalog__catalog_service__get_product__method.index, &request.base, call_closure, call);
}

static struct call *ask(void)
{
    struct call *call = new_call();
    go(call);
    machine_loop_run(loop);
    return call;
}

static void answers_come_back(void **state)
{
    (void)state;
    assert_int_equal(ask()->problem.result, RESULT_OK);
    assert_string_equal(answered->title, "hemd");
    assert_true(grpc_client_reaches(client, address));
}

static void problems_come_back(void **state)
{
    (void)state;
    there.deed = REFUSE;
    struct call *call = ask();
    assert_null(answered);
    assert_int_equal(call->problem.result, RESULT_OUT_OF_STOCK);
    assert_string_equal(call->problem.detail, "Nur noch 3 übrig.");
    assert_int_equal(call->problem.numbers->value, 3);
}

static void what_a_call_bears_arrives(void **state)
{
    (void)state;
    struct call *call = new_call();
    call->actor = (struct actor){.kind = ACTOR_SYSTEM, .id = "checkout/01jd", .scopes = SCOPE_ORDERS | SCOPE_AUDIT};
    call->request_id = "request-7";
    call->key_alone = true;
    call->as_of_us = 17;
    call->if_version = 0;
    call->deadline_us = env_monotonic_us(loop->env) + 3000000;
    call->idempotency_key = "key-7/2";
    go(call);
    machine_loop_run(loop);
    assert_non_null(answered);
    assert_int_equal(there.actor.kind, ACTOR_SYSTEM);
    assert_string_equal(there.actor_id, "checkout/01jd");
    assert_int_equal(there.actor.scopes, SCOPE_ORDERS | SCOPE_AUDIT);
    assert_string_equal(there.request_id, "request-7");
    assert_string_equal(there.key, "key-7/2");
    assert_true(there.key_alone);
    assert_int_equal(there.as_of_us, 17);
    assert_int_equal(there.if_version, 0);
    assert_true(there.patience_us > 1000000 && there.patience_us <= 3000000);
}

static void where_to_look_and_whether_it_is_a_repeat_come_back(void **state)
{
    (void)state;
    there.deed = ACCEPT;
    assert_string_equal(ask()->accepted_location, "/v1/checkouts/1");
    there.deed = REPLAY;
    assert_true(ask()->replayed);
}

static void many_calls_share_a_connection(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 300; i++)
        go(new_call());
    machine_loop_run(loop);
    assert_int_equal(there.calls, 300);
    assert_int_equal(http_server_counts(server).connections, 1);
}

static void a_deadline_ends_the_waiting_and_the_work(void **state)
{
    (void)state;
    there.deed = KEEP;
    for (int64_t patience_us = 30000; there.calls == 0; patience_us *= 2) { /* on a busy machine it may end before the other side has begun */
        struct call *call = new_call();
        call->deadline_us = env_monotonic_us(loop->env) + patience_us;
        go(call);
        machine_loop_run(loop);
        assert_int_equal(call->problem.result, RESULT_DEADLINE_EXCEEDED);
    }
    there.deed = ANSWER;
    assert_int_equal(ask()->problem.result, RESULT_OK);
    assert_true(there.was_cancelled);
}

static struct call *to_cancel;
static void cancel_it(struct timer *timer)
{
    (void)timer;
    call_cancel(to_cancel);
}

static void who_gives_up_is_told_so(void **state)
{
    (void)state;
    struct timer timer = {.run = cancel_it};
    there.deed = KEEP;
    to_cancel = new_call();
    go(to_cancel);
    timer_start(loop, &timer, 20000);
    machine_loop_run(loop);
    assert_int_equal(to_cancel->problem.result, RESULT_CANCELLED);
    there.deed = ANSWER;
    ask();
    assert_true(there.was_cancelled);
}

static void nobody_there_is_unavailable(void **state)
{
    (void)state;
    stop_server();
    struct call *call = ask();
    assert_int_equal(call->problem.result, RESULT_CATALOG_UNAVAILABLE); /* after a few tries */
    assert_true(call->is_away && call->not_begun);
    int64_t before_us = env_monotonic_us(loop->env);
    assert_int_equal(ask()->problem.result, RESULT_CATALOG_UNAVAILABLE); /* and from then on at once */
    assert_true(env_monotonic_us(loop->env) - before_us < 15000);
    assert_false(grpc_client_reaches(client, address));
    assert_false(grpc_client_has_reached(client, address));
}

static void who_fails_mostly_is_left_in_peace(void **state)
{
    (void)state;
    struct dependency *dependency = grpc_client_guard(remote);
    there.deed = FAIL;
    for (int i = 0; i < BREAKER_CALLS_MIN; i++) {
        struct call *call = ask();
        assert_int_equal(call->problem.result, RESULT_CATALOG_UNAVAILABLE);
        assert_true(call->is_away && !call->not_begun); /* it has heard of it */
    }
    struct call *call = ask();
    assert_int_equal(call->problem.result, RESULT_CATALOG_UNAVAILABLE);
    assert_true(call->not_begun);
    assert_int_equal(there.calls, BREAKER_CALLS_MIN);
    assert_int_equal(dependency_state(dependency), BREAKER_OPEN);
    assert_int_equal(dependency_counts(dependency).under_way, 0);

    there.deed = ANSWER;
    dependency_hope(dependency);
    assert_int_equal(ask()->problem.result, RESULT_OK);
    assert_int_equal(dependency_state(dependency), BREAKER_CLOSED);
}

static void refusals_for_good_reasons_open_no_breaker(void **state)
{
    (void)state;
    struct dependency *dependency = grpc_client_guard(remote);
    there.deed = REFUSE;
    for (int i = 0; i < 2 * BREAKER_CALLS_MIN; i++)
        assert_int_equal(ask()->problem.result, RESULT_OUT_OF_STOCK);
    assert_int_equal(dependency_state(dependency), BREAKER_CLOSED);
    assert_int_equal(dependency_counts(dependency).failed, 0);
}

static void impatient_callers_open_no_breaker(void **state)
{
    (void)state;
    struct dependency *dependency = grpc_client_guard(remote);
    there.deed = KEEP;
    for (int i = 0; i < 2 * BREAKER_CALLS_MIN; i++) {
        struct call *call = new_call();
        call->deadline_us = env_monotonic_us(loop->env) + 2000;
        go(call);
        machine_loop_run(loop);
        assert_int_equal(call->problem.result, RESULT_DEADLINE_EXCEEDED);
    }
    assert_int_equal(dependency_state(dependency), BREAKER_CLOSED);
    assert_int_equal(dependency_counts(dependency).under_way, 0);
    assert_int_equal(dependency_counts(dependency).timed_out, 2 * BREAKER_CALLS_MIN);
}

static void only_so_many_calls_are_under_way(void **state)
{
    (void)state;
    struct dependency *dependency = grpc_client_guard(remote);
    dependency->under_way_max = 10;
    for (unsigned i = 0; i < 11; i++)
        go(new_call());
    machine_loop_run(loop);
    assert_int_equal(there.calls, 10);
    assert_int_equal(dependency_counts(dependency).refused_full, 1);
    assert_int_equal(dependency_counts(dependency).under_way, 0);
}

static void who_comes_back_is_found(void **state)
{
    (void)state;
    char before[64];
    ask();
    snprintf(before, sizeof before, "%s", address);
    stop_server();
    start_server(before);
    assert_int_equal(ask()->problem.result, RESULT_OK);
    assert_int_equal(there.calls, 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(answers_come_back),
        TEST(problems_come_back),
        TEST(what_a_call_bears_arrives),
        TEST(where_to_look_and_whether_it_is_a_repeat_come_back),
        TEST(many_calls_share_a_connection),
        TEST(a_deadline_ends_the_waiting_and_the_work),
        TEST(who_gives_up_is_told_so),
        TEST(nobody_there_is_unavailable),
        TEST(who_comes_back_is_found),
        TEST(who_fails_mostly_is_left_in_peace),
        TEST(refusals_for_good_reasons_open_no_breaker),
        TEST(impatient_callers_open_no_breaker),
        TEST(only_so_many_calls_are_under_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
