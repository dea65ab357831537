#include "platform/trace/trace_context.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define TRACE "0af7651916cd43dd8448eb211c80319c"
#define SPAN "b7ad6b7169203331"
#define GIVEN "00-" TRACE "-" SPAN "-01"

static void knows_a_trace_parent(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool valid;
    } cases[] = {
        {GIVEN, true},
        {"00-" TRACE "-" SPAN "-00", true},
        {"00-" TRACE "-" SPAN "-ff", true},
        {"cc-" TRACE "-" SPAN "-01", true},
        {"cc-" TRACE "-" SPAN "-01-what-will-be", true},
        {"", false},
        {"cc-" TRACE "-" SPAN "-01.what-will-be", false},
        {GIVEN "-more", false},
        {"ff-" TRACE "-" SPAN "-01", false},
        {"0-" TRACE "-" SPAN "-01", false},
        {"0x-" TRACE "-" SPAN "-01", false},
        {"00-" TRACE "-" SPAN "-0", false},
        {"00-" TRACE "-" SPAN "-zz", false},
        {"00-" TRACE "-" SPAN "-0A", false},
        {"00_" TRACE "-" SPAN "-01", false},
        {"00-0AF7651916CD43DD8448EB211C80319C-" SPAN "-01", false},
        {"00-00000000000000000000000000000000-" SPAN "-01", false},
        {"00-" TRACE "-0000000000000000-01", false},
        {"00-" TRACE "-" SPAN, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(trace_parent_is_valid(text_of(cases[i].text)), cases[i].valid);
}

static void goes_on_in_a_trace_or_begins_one(void **state)
{
    (void)state;
    char own[TRACE_PARENT_BYTES], other[TRACE_PARENT_BYTES];
    trace_parent_begin(env_machine(), TEXT(GIVEN), own);
    assert_true(trace_parent_is_valid(text_of(own)) && trace_is_sampled(own));
    assert_true(text_is(trace_id_of(own), TRACE));
    assert_false(text_is(span_id_of(own), SPAN));

    trace_parent_begin(env_machine(), TEXT("cc-" TRACE "-" SPAN "-02-more"), own); /* of a flag that we don't know nothing goes on */
    assert_true(trace_parent_is_valid(text_of(own)));
    assert_memory_equal(own, "00-" TRACE "-", 36);
    assert_string_equal(own + TRACE_PARENT_LENGTH - 2, "00");

    trace_parent_begin(env_machine(), TEXT("nonsense"), own);
    trace_parent_begin(env_machine(), TEXT(""), other);
    assert_true(trace_parent_is_valid(text_of(own)) && trace_parent_is_valid(text_of(other)));
    assert_memory_not_equal(own, other, 35);
    assert_false(trace_is_sampled(own));
}

static void samples_a_share_of_new_traces(void **state)
{
    (void)state;
    static const struct {
        int64_t millionths;
        int least, most;
    } cases[] = {{0, 0, 0}, {1000000, 2000, 2000}, {500000, 800, 1200}};
    for (size_t i = 0; i < 3; i++) {
        char own[TRACE_PARENT_BYTES];
        int sampled = 0;
        trace_sample(cases[i].millionths);
        for (int n = 0; n < 2000; n++) {
            trace_parent_begin(env_machine(), TEXT(""), own);
            sampled += trace_is_sampled(own);
        }
        assert_in_range(sampled, cases[i].least, cases[i].most);
    }
    trace_sample(0);
}

static void knows_a_trace_state(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool valid;
    } cases[] = {
        {"a=1", true},
        {"rojo=00f067aa0ba902b7,congo=t61rcWkgMzE", true},
        {"a=1 , , b=2,", true},
        {"tenant@system=x y", true},
        {"", false},
        {"a", false},
        {"A=1", false},
        {"a=", false},
        {"=1", false},
        {"a=1=2", false},
        {"a=\x01", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(trace_state_is_valid(text_of(cases[i].text)), cases[i].valid);
    char many[200] = "a=1";
    for (int n = 1; n < 33; n++)
        strcat(many, ",a=1");
    assert_false(trace_state_is_valid(text_of(many)));
    many[strlen(many) - 4] = '\0';
    assert_true(trace_state_is_valid(text_of(many)));
}

static void a_cause_bears_a_trace(void **state)
{
    (void)state;
    struct arena *arena = arena_new(4096);
    const char *cause = trace_add_to_cause(arena, "catalog/17", GIVEN);
    assert_string_equal(cause, "catalog/17 " GIVEN);
    assert_string_equal(trace_of_cause(cause), GIVEN);
    assert_string_equal(trace_add_to_cause(arena, "call", ""), "call");
    assert_string_equal(trace_of_cause("call"), "");
    assert_string_equal(trace_of_cause("timer/expire/a key with words that is as long as the text of a trace is, and more"), "");
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_a_trace_parent),
        cmocka_unit_test(goes_on_in_a_trace_or_begins_one),
        cmocka_unit_test(samples_a_share_of_new_traces),
        cmocka_unit_test(knows_a_trace_state),
        cmocka_unit_test(a_cause_bears_a_trace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
