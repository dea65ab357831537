/*
 * Following a list, before a service that has as many events as the test says.
 */
#include "gateways/rest/rest_test.h"

#include "gateways/watch.h"
#include "souk/operations/v1/operations.souk.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka needs what is above it. */
#include <cmocka.h>

#define ADMIN_TOKEN "0123456789abcdef0123456789abcdef"
#define AS_ADMIN "authorization: Bearer " ADMIN_TOKEN "\n"
#define AS_STREAM "accept: text/event-stream\n"
#define PAGE 2

/* --- a service with events ----------------------------------------------------------------------------------------------- */

static int last_event;        /* there are 1 to last_event */
static enum result refusal;   /* of every call */
static bool later;            /* keep the call, for answer_kept() */
static struct call *kept;
static int kept_after;

static void answer_after(struct call *call, int after)
{
    Operations__ListEventsResponse *answer = ARENA_NEW(call->arena, Operations__ListEventsResponse);
    operations__list_events_response__init(answer);
    answer->items = ARENA_ARRAY(call->arena, Operations__Event *, PAGE);
    for (; answer->n_items < PAGE && after < last_event; answer->n_items++) {
        Operations__Event *event = ARENA_NEW(call->arena, Operations__Event);
        operations__event__init(event);
        event->cursor = event->id = arena_printf(call->arena, "till:%d", ++after);
        answer->items[answer->n_items] = event;
    }
    answer->position = arena_printf(call->arena, "till:%d", after);
    answer->next_cursor = after < last_event ? answer->position : "";
    call_answer(call, &answer->base);
}

static void serve(ProtobufCService *service, unsigned index, const ProtobufCMessage *base, ProtobufCClosure closure, void *data)
{
    (void)service, (void)index, (void)closure;
    const Operations__ListEventsRequest *request = (const void *)base;
    struct call *call = data;
    int after = strncmp(request->cursor, "till:", 5) == 0 ? atoi(request->cursor + 5) : 0;
    if (refusal != RESULT_OK) {
        call_refuse(call, refusal, NULL);
        call_answer(call, NULL);
    } else if (later) {
        kept = call;
        kept_after = after;
    } else {
        answer_after(call, after);
    }
}

/* --- a gateway before it ------------------------------------------------------------------------------------------------- */

static struct directory *directory;
static struct watches *watches;
static struct rest *rest;
static struct fake_exchange *stream;

static int set_up(void **state)
{
    (void)state;
    static ProtobufCService service;
    static const struct service_declaration *declarations[] = {&operations_declaration};
    service = (ProtobufCService){.descriptor = operations_declaration.descriptor, .invoke = serve};
    directory = directory_new();
    directory_add(directory, "operations", &service);
    watches = watches_new();
    rest = rest_new(&(struct rest_options){.services = declarations,
                                           .service_count = 1,
                                           .directory = directory,
                                           .admin_token = ADMIN_TOKEN,
                                           .version = "0.1",
                                           .watches = watches});
    last_event = 3;
    refusal = RESULT_OK;
    later = false;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    if (stream != NULL)
        fake_exchange_free(stream);
    stream = NULL;
    rest_free(rest);
    watches_free(watches); /* asserts that no stream has left its watch behind */
    directory_free(directory);
    return 0;
}

static void follow(const char *target, const char *headers)
{
    stream = fake_request(rest, "GET", target, headers, TEXT(""));
}

static void something_happens(void)
{
    last_event++;
    watches_touched(watches, "events", "till");
    fake_loop_run();
}

static void client_goes(void)
{
    stream->base.gone = true;
    if (stream->base.on_gone != NULL)
        stream->base.on_gone(&stream->base);
}

static void assert_ids(const char *wanted)
{
    char ids[256] = "";
    for (const char *at = strstr(stream->body, "id: till:"); at != NULL; at = strstr(at + 1, "\nid: till:")) {
        at = strchr(at, ':') + 1;
        strncat(ids, strchr(at, ':') + 1, 1);
    }
    assert_string_equal(ids, wanted);
}

/* --- tests --------------------------------------------------------------------------------------------------------------- */

static void tells_what_there_is_and_what_comes(void **state)
{
    (void)state;
    follow("/v1/events", AS_ADMIN AS_STREAM);
    assert_int_equal(stream->status, 200);
    assert_non_null(strstr(stream->head, "Content-Type: text/event-stream\n"));
    assert_non_null(strstr(stream->head, "Cache-Control: private, no-store\n"));
    assert_non_null(strstr(stream->body, "id: till:1\ndata: {\"id\":\"till:1\""));
    assert_ids("123");
    something_happens();
    assert_ids("1234");
    watches_touched(watches, "events", "bakery"); /* nothing new, and nothing told */
    fake_loop_run();
    assert_ids("1234");
    assert_false(stream->ended);
    client_goes();
    assert_true(stream->ended);
    something_happens();
}

static void watches_only_the_service_asked_for(void **state)
{
    (void)state;
    follow("/v1/events?service=bakery", AS_ADMIN AS_STREAM);
    last_event++;
    watches_touched(watches, "events", "till");
    fake_loop_run();
    assert_ids("123"); /* nobody looked */
    watches_touched(watches, "events", "bakery");
    fake_loop_run();
    assert_ids("1234");
    client_goes();
}

static void goes_on_where_the_client_was(void **state)
{
    (void)state;
    follow("/v1/events?after=till%3A1", AS_ADMIN AS_STREAM "last-event-id: till:2\n");
    assert_ids("3");
    client_goes();
}

static void lists_for_those_who_want_a_list(void **state)
{
    (void)state;
    const char *accepts[] = {"", "accept: application/json\n", "accept: text/event-stream;q=0, */*\n", "accept: */*\n"};
    for (size_t i = 0; i < sizeof accepts / sizeof accepts[0]; i++) {
        char headers[256];
        snprintf(headers, sizeof headers, "%s%s", AS_ADMIN, accepts[i]);
        follow("/v1/events", headers);
        assert_false(stream->streaming);
        assert_non_null(strstr(stream->body, "\"items\""));
        fake_exchange_free(stream);
    }
    stream = fake_request(rest, "HEAD", "/v1/events", AS_ADMIN AS_STREAM, TEXT(""));
    assert_false(stream->streaming);
}

static void refuses_before_it_begins(void **state)
{
    (void)state;
    follow("/v1/events", AS_STREAM);
    assert_int_equal(stream->status, 401);
    fake_exchange_free(stream);
    refusal = RESULT_CURSOR_INVALID;
    follow("/v1/events?after=x", AS_ADMIN AS_STREAM);
    assert_int_equal(stream->status, 400);
    assert_non_null(strstr(stream->body, "cursor_invalid"));
    assert_false(stream->streaming);
}

static void waits_for_slow_clients(void **state)
{
    (void)state;
    follow("/v1/events", AS_ADMIN AS_STREAM);
    stream->unsent = 2 << 20;
    something_happens();
    something_happens();
    assert_ids("123");
    stream->unsent = 0;
    stream->base.on_drained(&stream->base);
    assert_ids("12345"); /* later, not fewer */
    client_goes();
}

static void is_silent_but_alive(void **state)
{
    (void)state;
    follow("/v1/events", AS_ADMIN AS_STREAM);
    assert_non_null(fake_timer);
    fake_timer->run(fake_timer);
    assert_non_null(strstr(stream->body, "\n\n:\n\n"));
    refusal = RESULT_STORAGE_UNAVAILABLE; /* a while of trouble ends no stream */
    something_happens();
    assert_ids("123");
    assert_false(stream->ended);
    refusal = RESULT_OK;
    fake_timer->run(fake_timer);
    assert_ids("1234");
    client_goes();
    assert_null(fake_timer);
}

static void hears_what_changes_while_it_asks(void **state)
{
    (void)state;
    later = true;
    follow("/v1/events", AS_ADMIN AS_STREAM);
    assert_int_equal(stream->status, 0);
    something_happens();
    later = false;
    answer_after(kept, kept_after);
    assert_ids("1234");
    client_goes();
}

static void lets_a_call_end_when_the_client_goes(void **state)
{
    (void)state;
    follow("/v1/events", AS_ADMIN AS_STREAM);
    later = true;
    something_happens();
    client_goes();
    assert_false(stream->ended);
    answer_after(kept, kept_after);
    assert_true(stream->ended);
    assert_ids("123");
}

static void ends_when_the_server_stops(void **state)
{
    (void)state;
    follow("/v1/events", AS_ADMIN AS_STREAM);
    watches_end(watches);
    fake_loop_run();
    assert_true(stream->ended);
    fake_exchange_free(stream);
    follow("/v1/events", AS_ADMIN AS_STREAM); /* who comes too late gets an end, not a wait */
    fake_loop_run();
    assert_true(stream->ended);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(tells_what_there_is_and_what_comes), TEST(watches_only_the_service_asked_for),
        TEST(goes_on_where_the_client_was),       TEST(lists_for_those_who_want_a_list),
        TEST(refuses_before_it_begins),           TEST(waits_for_slow_clients),
        TEST(is_silent_but_alive),                TEST(hears_what_changes_while_it_asks),
        TEST(lets_a_call_end_when_the_client_goes), TEST(ends_when_the_server_stops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
