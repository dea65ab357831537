#include "platform/rpc/call.h"
#include "base/assert_test.h"
#include "base/id.h"
#include "base/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <google/protobuf/empty.pb-c.h>

static struct arena *arena;
static struct loop *loop;
static int answers;
static const ProtobufCMessage *last_answer;

static int open_call(void **state)
{
    arena = arena_new(LIMIT_CALL_ARENA);
    loop = machine_loop_new(env_machine());
    answers = 0;
    *state = call_new(arena, loop);
    return 0;
}

static int close_call(void **state)
{
    (void)state;
    machine_loop_free(loop);
    arena_free(arena);
    return 0;
}

static void note_answer(struct call *call, const ProtobufCMessage *answer)
{
    (void)call;
    answers++;
    last_answer = answer;
}

static void scopes_have_names(void **state)
{
    (void)state;
    assert_int_equal(scope_named(TEXT("catalog")), SCOPE_CATALOG);
    assert_int_equal(scope_named(TEXT("customers")), SCOPE_CUSTOMERS);
    assert_int_equal(scope_named(TEXT("Catalog")), 0);
    assert_int_equal(scope_named(TEXT("")), 0);
    assert_string_equal(scope_name(SCOPE_AUDIT), "audit");
    assert_int_equal(SCOPE_EVERY, (1 << SCOPE_BIT_COUNT) - 1);
}

static void a_new_call_is_anonymous_and_in_time(void **state)
{
    struct call *call = *state, *other = call_new(arena, loop);
    int64_t left_us = call->deadline_us - env_monotonic_us(env_machine());
    assert_true(left_us > (LIMIT_CALL_MS - 5000) * 1000 && left_us <= LIMIT_CALL_MS * 1000);
    assert_true(id_is_valid(text_of(call->request_id)));
    assert_string_not_equal(call->request_id, other->request_id);
    assert_int_equal(call->actor.kind, ACTOR_ANONYMOUS);
    assert_int_equal(call->actor.scopes, 0);
    assert_string_equal(call->actor.id, "");
    assert_string_equal(call->trace_parent, "");
    assert_string_equal(call->idempotency_key, "");
    assert_int_equal(call->if_version, -1);
    assert_int_equal(call->problem.result, RESULT_OK);
    assert_ptr_equal(call->home, loop);
}

static void a_child_acts_for_its_parent(void **state)
{
    struct call *call = *state;
    call->actor = (struct actor){ACTOR_STAFF, "ann", SCOPE_ORDERS};
    call->trace_parent = "00-1-2-01";
    call->idempotency_key = "k1";
    call->as_of_us = 42;
    call->if_version = 7;
    call->deadline_us = 4711;
    call_refuse(call, RESULT_CONFLICT, NULL);
    struct arena *of_child = arena_new(LIMIT_CALL_ARENA);
    struct call *child = call_child(call, of_child);
    assert_int_equal(child->actor.kind, ACTOR_STAFF);
    assert_int_equal(child->actor.scopes, SCOPE_ORDERS);
    assert_string_equal(child->actor.id, "ann");
    assert_string_equal(child->request_id, call->request_id);
    assert_ptr_not_equal(child->request_id, call->request_id);
    assert_string_equal(child->trace_parent, "00-1-2-01");
    assert_string_equal(child->idempotency_key, "");
    assert_int_equal(child->as_of_us, 42);
    assert_int_equal(child->deadline_us, 4711);
    assert_int_equal(child->if_version, -1);
    assert_int_equal(child->problem.result, RESULT_OK);
    assert_ptr_equal(child->arena, of_child);
    assert_ptr_equal(child->home, loop);
    arena_free(of_child);
}

static void answers_arrive(void **state)
{
    struct call *call = *state;
    Google__Protobuf__Empty empty = GOOGLE__PROTOBUF__EMPTY__INIT;
    call->done = note_answer;
    call_closure(&empty.base, call);
    assert_int_equal(answers, 1);
    assert_ptr_equal(last_answer, &empty.base);

    struct call *refused = call_new(arena, loop);
    refused->done = note_answer;
    call_refuse(refused, RESULT_NOT_FOUND, NULL);
    call_answer(refused, NULL);
    assert_int_equal(answers, 2);
    assert_null(last_answer);
}

static void refusals_say_why(void **state)
{
    struct call *call = *state;
    assert_int_equal(call_refuse(call, RESULT_OUT_OF_STOCK, "Only %d of %s left.", 3, "shirt"), RESULT_OUT_OF_STOCK);
    call_problem_number(call, "available", 3);
    call_problem_number(call, "wanted", 5);
    assert_string_equal(call->problem.detail, "Only 3 of shirt left.");
    assert_string_equal(call->problem.numbers->name, "available");
    assert_int_equal(call->problem.numbers->value, 3);
    assert_string_equal(call->problem.numbers->next->name, "wanted");
    assert_null(call->problem.numbers->next->next);
    assert_int_equal(call_refuse(call, RESULT_CONFLICT, NULL), RESULT_CONFLICT);
    assert_null(call->problem.detail);
}

static void violations_keep_their_order(void **state)
{
    struct call *call = *state;
    assert_int_equal(call_violation(call, "/lines/0/quantity", "too_small", "At least %d.", 1), RESULT_VALIDATION_FAILED);
    call_violation(call, "/currency", "unknown", "There is no currency %s.", "EUX");
    struct violation *first = call->problem.violations;
    assert_int_equal(call->problem.result, RESULT_VALIDATION_FAILED);
    assert_string_equal(first->pointer, "/lines/0/quantity");
    assert_string_equal(first->code, "too_small");
    assert_string_equal(first->detail, "At least 1.");
    assert_string_equal(first->next->detail, "There is no currency EUX.");
    assert_null(first->next->next);
}

static void answer_twice(void)
{
    struct call call = {.done = note_answer, .problem.result = RESULT_NOT_FOUND};
    call_answer(&call, NULL);
    call_answer(&call, NULL);
}

static void answer_without_reason(void)
{
    struct call call = {.done = note_answer};
    call_answer(&call, NULL);
}

static void answer_and_refuse(void)
{
    Google__Protobuf__Empty empty = GOOGLE__PROTOBUF__EMPTY__INIT;
    struct call call = {.done = note_answer, .problem.result = RESULT_NOT_FOUND};
    call_answer(&call, &empty.base);
}

static void a_moment_is_all_of_its_millisecond(void **state)
{
    (void)state;
    static const struct {
        int64_t asked_us, now_us, as_of_us;
    } rows[] = {
        {5000000, 9000000, 5000999}, {5000001, 9000000, 5000001}, {5000000, 5000400, 5000400},
        {0, 9000000, 999},           {9001000, 9000000, 9001999},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct call call = {0};
        call_ask_as_of(&call, rows[i].asked_us, rows[i].now_us);
        assert_int_equal(call.as_of_us, rows[i].as_of_us);
    }
}

static void wrong_answers_are_asserted(void **state)
{
    (void)state;
    assert_true(ends_in_assertion(answer_twice));
    assert_true(ends_in_assertion(answer_without_reason));
    assert_true(ends_in_assertion(answer_and_refuse));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scopes_have_names),
        cmocka_unit_test_setup_teardown(a_new_call_is_anonymous_and_in_time, open_call, close_call),
        cmocka_unit_test_setup_teardown(a_child_acts_for_its_parent, open_call, close_call),
        cmocka_unit_test_setup_teardown(answers_arrive, open_call, close_call),
        cmocka_unit_test_setup_teardown(refusals_say_why, open_call, close_call),
        cmocka_unit_test_setup_teardown(violations_keep_their_order, open_call, close_call),
        cmocka_unit_test(a_moment_is_all_of_its_millisecond),
        cmocka_unit_test(wrong_answers_are_asserted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
