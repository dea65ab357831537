/*
 * What operators ask, of two toys: a till, and a tally that listens to it.
 */
#include "platform/operations/operations.h"

#include "platform/saga/saga.h"
#include "souk/operations/v1/operations.souk.h"
#include "toys/stall.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* cmocka needs what is above it. */
#include <cmocka.h>

static const struct actor operator_of_all = {.kind = ACTOR_STAFF, .id = "admin", .scopes = SCOPE_EVERY};

static void end(struct stall *stall)
{
    tally_fears_thirteen = true;
    stall_close(stall);
    stall_free(stall);
}

static struct asked *ask_as_operator(struct stall *stall)
{
    struct asked *asked = ask(stall);
    asked->call->actor = operator_of_all;
    return asked;
}

/* --- events -------------------------------------------------------------------------------------------------------------- */

struct listed {
    struct asked *asked;
    const Operations__ListEventsResponse *page;
};

static struct listed list(struct stall *stall, const char *service, const char *stream, const char *after, int limit)
{
    Operations__ListEventsRequest request = OPERATIONS__LIST_EVENTS_REQUEST__INIT;
    request.service = service;
    request.stream = stream;
    request.after = after;
    request.limit = limit;
    struct asked *asked = ask_as_operator(stall);
    assert_int_equal(asked_wait(asked, &operations__operations_service__list_events__method, &request.base), RESULT_OK);
    return (struct listed){asked, (const void *)asked->answer};
}

static enum result list_refused(struct stall *stall, const char *service, const char *stream, const char *after)
{
    Operations__ListEventsRequest request = OPERATIONS__LIST_EVENTS_REQUEST__INIT;
    request.service = service;
    request.stream = stream;
    request.after = after;
    struct asked *asked = ask_as_operator(stall);
    enum result result = asked_wait(asked, &operations__operations_service__list_events__method, &request.base);
    asked_free(asked);
    return result;
}

static void events_of_one_service_come_by_their_numbers(void **state)
{
    (void)state;
    struct stall *stall = stall_open(1, true);
    for (int i = 1; i <= 5; i++)
        put_coins(stall, "blue", i, NULL);
    struct listed listed = list(stall, "till", "", "", 2);
    assert_int_equal(listed.page->n_items, 2);
    assert_string_equal(listed.page->items[0]->id, "till:1");
    assert_string_equal(listed.page->items[0]->type, "toy.till.v1.CoinsPut");
    assert_string_equal(listed.page->items[0]->stream, "jar/blue");
    assert_non_null(strstr(listed.page->items[0]->data, "\"coins\":1"));
    assert_string_equal(listed.page->next_cursor, "till:2");
    asked_free(listed.asked);

    listed = list(stall, "till", "", "till:2", 24);
    assert_int_equal(listed.page->n_items, 3);
    assert_string_equal(listed.page->items[2]->cursor, "till:5");
    assert_string_equal(listed.page->next_cursor, "");
    assert_string_equal(listed.page->position, "till:5");
    asked_free(listed.asked);

    listed = list(stall, "till", "", "3", 24);
    assert_int_equal(listed.page->n_items, 2);
    asked_free(listed.asked);
    listed = list(stall, "till", "", "latest", 24);
    assert_int_equal(listed.page->n_items, 0);
    assert_string_equal(listed.page->position, "till:5");
    asked_free(listed.asked);
    listed = list(stall, "till", "jar/red", "", 24);
    assert_int_equal(listed.page->n_items, 0);
    asked_free(listed.asked);
    end(stall);
}

/* Page by page, each event once, in the order of time; and a place holds while more happens. */
static void events_of_all_services_come_by_their_time(void **state)
{
    (void)state;
    struct stall *stall = stall_open(2, true);
    for (int i = 0; i < 4; i++) {
        put_coins(stall, "blue", 100 + i, NULL); /* the tally notes each */
        world_run_for(stall->world, 1000000);
    }
    char *place = strdup("");
    size_t of_till = 0, of_tally = 0;
    int64_t seconds_before = 0;
    for (;;) {
        struct listed listed = list(stall, "", "", place, 3);
        if (listed.page->n_items == 0) {
            asked_free(listed.asked);
            break;
        }
        for (size_t i = 0; i < listed.page->n_items; i++) {
            const Operations__Event *event = listed.page->items[i];
            of_till += strcmp(event->service, "till") == 0;
            of_tally += strcmp(event->service, "tally") == 0;
            assert_int_equal(event->number, strcmp(event->service, "till") == 0 ? of_till : of_tally);
            assert_true(event->at->seconds >= seconds_before);
            seconds_before = event->at->seconds;
        }
        free(place);
        place = strdup(listed.page->items[listed.page->n_items - 1]->cursor);
        asked_free(listed.asked);
    }
    assert_int_equal(of_till, 4);
    assert_int_equal(of_tally, 4);
    put_coins(stall, "blue", 7, NULL);
    struct listed listed = list(stall, "", "", place, 3);
    assert_int_equal(listed.page->n_items, 1);
    assert_string_equal(listed.page->items[0]->id, "till:5");
    asked_free(listed.asked);
    free(place);
    end(stall);
}

static void what_can_be_no_place_is_refused(void **state)
{
    (void)state;
    struct stall *stall = stall_open(3, true);
    assert_int_equal(list_refused(stall, "", "", "17"), RESULT_CURSOR_INVALID); /* of which service? */
    assert_int_equal(list_refused(stall, "till", "", "-1"), RESULT_CURSOR_INVALID);
    assert_int_equal(list_refused(stall, "till", "", "till:x"), RESULT_CURSOR_INVALID);
    assert_int_equal(list_refused(stall, "till", "", "last"), RESULT_CURSOR_INVALID);
    assert_int_equal(list_refused(stall, "till", "jar", ""), RESULT_VALIDATION_FAILED);
    assert_int_equal(list_refused(stall, "bakery", "", ""), RESULT_NOT_FOUND);
    struct asked *asked = ask(stall);
    Operations__ListEventsRequest request = OPERATIONS__LIST_EVENTS_REQUEST__INIT;
    assert_int_equal(asked_wait(asked, &operations__operations_service__list_events__method, &request.base), RESULT_UNAUTHENTICATED);
    asked_free(asked);
    end(stall);
}

/* --- dead letters -------------------------------------------------------------------------------------------------------- */

static size_t count_letters(struct stall *stall, int *attempts, char id[64])
{
    Operations__ListDeadLettersRequest request = OPERATIONS__LIST_DEAD_LETTERS_REQUEST__INIT;
    struct asked *asked = ask_as_operator(stall);
    assert_int_equal(asked_wait(asked, &operations__operations_service__list_dead_letters__method, &request.base), RESULT_OK);
    const Operations__ListDeadLettersResponse *page = (const void *)asked->answer;
    size_t count = page->n_items;
    if (count > 0) {
        *attempts = page->items[0]->attempts;
        strcpy(id, page->items[0]->id);
        assert_string_equal(page->items[0]->problem->code, "state_forbids");
        assert_string_equal(page->items[0]->problem->detail, "Bad luck.");
    }
    asked_free(asked);
    return count;
}

static enum result retry(struct stall *stall, const char *id)
{
    Operations__RetryDeadLetterRequest request = OPERATIONS__RETRY_DEAD_LETTER_REQUEST__INIT;
    request.id = id;
    struct asked *asked = ask_as_operator(stall);
    enum result result = asked_wait(asked, &operations__operations_service__retry_dead_letter__method, &request.base);
    asked_free(asked);
    return result;
}

static enum result drop(struct stall *stall, const char *id)
{
    Operations__DropDeadLetterRequest request = OPERATIONS__DROP_DEAD_LETTER_REQUEST__INIT;
    request.id = id;
    struct asked *asked = ask_as_operator(stall);
    enum result result = asked_wait(asked, &operations__operations_service__drop_dead_letter__method, &request.base);
    asked_free(asked);
    return result;
}

static void a_refused_event_is_kept_until_it_is_reacted_to(void **state)
{
    (void)state;
    struct stall *stall = stall_open(4, true);
    int attempts;
    char id[64];
    put_coins(stall, "blue", 13, NULL);
    put_coins(stall, "blue", 100, NULL);
    world_run_for(stall->world, 1000000);
    assert_int_equal(count_letters(stall, &attempts, id), 1);
    assert_string_equal(id, "tally:till:1");
    assert_int_equal(attempts, 1);

    stall = stall_reopen(stall, true); /* it is kept */
    assert_int_equal(retry(stall, id), RESULT_STATE_FORBIDS);
    assert_int_equal(retry(stall, id), RESULT_STATE_FORBIDS);
    assert_int_equal(count_letters(stall, &attempts, id), 1);
    assert_int_equal(attempts, 3);
    assert_int_equal(tally_now(stall).big, 1);

    tally_fears_thirteen = false;
    assert_int_equal(retry(stall, id), RESULT_OK);
    assert_int_equal(count_letters(stall, &attempts, id), 0);
    assert_int_equal(tally_now(stall).big, 2);
    assert_int_equal(tally_now(stall).seen, 2); /* what it projects was seen the first time */
    assert_int_equal(retry(stall, id), RESULT_NOT_FOUND);

    /* The event that came of it says what led to it, as if it had been reacted to at once. */
    struct listed listed = list(stall, "tally", "", "1", 24);
    assert_string_equal(listed.page->items[0]->cause, "till/1");
    assert_string_equal(listed.page->items[0]->actor, "system:tally");
    asked_free(listed.asked);
    end(stall);
}

static bool knows_no_coins(const char *producer, const char *name)
{
    (void)producer;
    return strcmp(name, "toy.till.v1.CoinsPut") != 0;
}

static void what_only_a_newer_version_knows_is_kept_for_it(void **state)
{
    (void)state;
    struct stall *stall = stall_open(8, false);
    stall->event_is_known = knows_no_coins;
    stall = stall_reopen(stall, true);
    put_coins(stall, "blue", 100, NULL);
    world_run_for(stall->world, 1000000);
    assert_int_equal(host_counts(stall->tally).behind, 0); /* nobody waits for it */
    struct asked *asked = ask_as_operator(stall);
    Operations__ListDeadLettersRequest request = OPERATIONS__LIST_DEAD_LETTERS_REQUEST__INIT;
    assert_int_equal(asked_wait(asked, &operations__operations_service__list_dead_letters__method, &request.base), RESULT_OK);
    const Operations__ListDeadLettersResponse *page = (const void *)asked->answer;
    assert_int_equal(page->n_items, 1);
    assert_string_equal(page->items[0]->id, "tally:till:1");
    assert_string_equal(page->items[0]->problem->code, "unimplemented");
    asked_free(asked);

    stall->event_is_known = NULL; /* the newer one */
    stall = stall_reopen(stall, true);
    assert_int_equal(retry(stall, "tally:till:1"), RESULT_OK);
    assert_int_equal(tally_now(stall).seen, 1); /* projected and reacted to, once */
    assert_int_equal(tally_now(stall).big, 1);
    assert_int_equal(retry(stall, "tally:till:1"), RESULT_NOT_FOUND);
    end(stall);
}

/* How the producer's feed can be reached. */
struct weather {
    unsigned failures;
    unsigned reads;
};

static unsigned carry(void *data)
{
    (void)data;
    return 1;
}

static bool reach(void *data)
{
    struct weather *weather = data;
    weather->reads++;
    if (weather->failures == 0)
        return true;
    weather->failures--;
    return false;
}

static void a_retry_waits_for_a_feed_that_is_out_of_reach(void **state)
{
    (void)state;
    struct stall *stall = stall_open(4, true);
    struct weather weather = {0};
    int attempts;
    char id[64];
    put_coins(stall, "blue", 13, NULL);
    world_run_for(stall->world, 1000000);
    assert_int_equal(count_letters(stall, &attempts, id), 1);

    bus_embedded_weather(stall->bus, &(struct bus_weather){carry, reach, &weather});
    weather.failures = 5;
    assert_int_equal(retry(stall, id), RESULT_STATE_FORBIDS);
    assert_int_equal(weather.reads, 6);
    assert_int_equal(count_letters(stall, &attempts, id), 1);
    assert_int_equal(attempts, 2);

    weather.failures = UINT_MAX;
    assert_int_equal(retry(stall, id), RESULT_UNAVAILABLE);
    assert_int_equal(count_letters(stall, &attempts, id), 1);
    assert_int_equal(attempts, 2); /* nothing was tried */

    weather.failures = 0;
    tally_fears_thirteen = false;
    assert_int_equal(retry(stall, id), RESULT_OK);
    assert_int_equal(count_letters(stall, &attempts, id), 0);
    end(stall);
}

/* Several at once are fetched one after the other. */
static void letters_tried_again_together(void **state)
{
    (void)state;
    struct stall *stall = stall_open(7, true);
    static const char *const ids[] = {"tally:till:1", "tally:till:2", "tally:till:3"};
    Operations__RetryDeadLetterRequest requests[3];
    struct asked *asked[3];
    int attempts;
    char id[64];
    for (int i = 0; i < 3; i++)
        put_coins(stall, "blue", 13, NULL);
    world_run_for(stall->world, 1000000);
    assert_int_equal(count_letters(stall, &attempts, id), 3);
    tally_fears_thirteen = false;
    for (int i = 0; i < 3; i++) {
        requests[i] = (Operations__RetryDeadLetterRequest)OPERATIONS__RETRY_DEAD_LETTER_REQUEST__INIT;
        requests[i].id = ids[i];
        asked[i] = ask_as_operator(stall);
        asked_send(asked[i], &operations__operations_service__retry_dead_letter__method, &requests[i].base);
    }
    for (int i = 0; i < 3; i++) {
        assert_true(world_run_until(stall->world, &asked[i]->answered, 10000000));
        assert_int_equal(asked[i]->call->problem.result, RESULT_OK);
        asked_free(asked[i]);
    }
    assert_int_equal(count_letters(stall, &attempts, id), 0);
    end(stall);
}

/* Who stops does not wait for a service that can't be reached. */
static void a_retry_ends_when_the_service_stops(void **state)
{
    (void)state;
    struct stall *stall = stall_open(10, true);
    struct weather weather = {.failures = UINT_MAX};
    put_coins(stall, "blue", 13, NULL);
    world_run_for(stall->world, 1000000);
    bus_embedded_weather(stall->bus, &(struct bus_weather){carry, reach, &weather});
    Operations__RetryDeadLetterRequest request = OPERATIONS__RETRY_DEAD_LETTER_REQUEST__INIT;
    request.id = "tally:till:1";
    struct asked *asked = ask_as_operator(stall);
    asked_send(asked, &operations__operations_service__retry_dead_letter__method, &request.base);
    world_run_for(stall->world, 500000);
    assert_false(asked->answered);
    stall_close(stall);
    assert_true(asked->answered);
    assert_int_equal(asked->call->problem.result, RESULT_UNAVAILABLE);
    asked_free(asked);
    stall_free(stall);
}

static void a_letter_can_be_dropped(void **state)
{
    (void)state;
    struct stall *stall = stall_open(5, true);
    int attempts;
    char id[64];
    put_coins(stall, "blue", 13, NULL);
    world_run_for(stall->world, 1000000);
    assert_int_equal(count_letters(stall, &attempts, id), 1);
    assert_int_equal(drop(stall, id), RESULT_OK);
    assert_int_equal(drop(stall, id), RESULT_OK); /* asking twice is fine */
    assert_int_equal(count_letters(stall, &attempts, id), 0);
    assert_int_equal(drop(stall, "nonsense"), RESULT_OK);
    assert_int_equal(retry(stall, "tally:till:99"), RESULT_NOT_FOUND);
    end(stall);
}

static void letters_come_page_by_page(void **state)
{
    (void)state;
    struct stall *stall = stall_open(6, true);
    for (int i = 0; i < 5; i++)
        put_coins(stall, "blue", 13, NULL); /* more than one in a transaction: at the same time */
    world_run_for(stall->world, 1000000);
    char *cursor = strdup("");
    char seen[5][64];
    size_t count = 0;
    do {
        Operations__ListDeadLettersRequest request = OPERATIONS__LIST_DEAD_LETTERS_REQUEST__INIT;
        request.limit = 2;
        request.cursor = cursor;
        struct asked *asked = ask_as_operator(stall);
        assert_int_equal(asked_wait(asked, &operations__operations_service__list_dead_letters__method, &request.base), RESULT_OK);
        const Operations__ListDeadLettersResponse *page = (const void *)asked->answer;
        for (size_t i = 0; i < page->n_items; i++) {
            assert_true(count < 5);
            strcpy(seen[count], page->items[i]->id);
            for (size_t j = 0; j < count; j++)
                assert_string_not_equal(seen[j], seen[count]);
            count++;
        }
        free(cursor);
        cursor = strdup(page->next_cursor);
        asked_free(asked);
    } while (*cursor != '\0');
    free(cursor);
    assert_int_equal(count, 5);
    end(stall);
}

/* --- sagas --------------------------------------------------------------------------------------------------------------- */

static const Operations__Saga *only_saga(struct stall *stall, Operations__SagaFilter filter, struct asked **asked)
{
    Operations__ListSagasRequest request = OPERATIONS__LIST_SAGAS_REQUEST__INIT;
    request.status = filter;
    *asked = ask_as_operator(stall);
    assert_int_equal(asked_wait(*asked, &operations__operations_service__list_sagas__method, &request.base), RESULT_OK);
    const Operations__ListSagasResponse *page = (const void *)(*asked)->answer;
    assert_true(page->n_items <= 1);
    return page->n_items == 1 ? page->items[0] : NULL;
}

static bool there_is(struct stall *stall, Operations__SagaFilter filter)
{
    struct asked *asked;
    bool is = only_saga(stall, filter, &asked) != NULL;
    asked_free(asked);
    return is;
}

static enum result retry_saga(struct stall *stall, const char *id)
{
    Operations__RetrySagaRequest request = OPERATIONS__RETRY_SAGA_REQUEST__INIT;
    request.id = id;
    struct asked *asked = ask_as_operator(stall);
    enum result result = asked_wait(asked, &operations__operations_service__retry_saga__method, &request.base);
    asked_free(asked);
    return result;
}

static void a_stuck_saga_is_found_and_helped(void **state)
{
    (void)state;
    struct stall *stall = stall_open(9, true);
    Till__SpreadCoinsRequest request = TILL__SPREAD_COINS_REQUEST__INIT;
    request.from = "blue";
    request.coins = 4;
    bank_is(stall->bank, BANK_DEPOSIT, BANK_IS_AWAY, 0);
    struct asked *spread = ask(stall), *asked;
    asked_send(spread, &till__till__spread_coins__method, &request.base);
    world_run_for(stall->world, 3000000);

    const Operations__Saga *saga = only_saga(stall, OPERATIONS__SAGA_FILTER__SAGA_FILTER_STUCK, &asked);
    assert_non_null(saga);
    assert_string_equal(saga->service, "till");
    assert_int_equal(saga->status, OPERATIONS__SAGA_STATUS__SAGA_STATUS_RUNNING);
    assert_string_equal(saga->waiting_for->code, "unavailable");
    assert_true(saga->attempts > 2);
    assert_true(saga->next_attempt_at->seconds * 1000000 > env_now_us(stall->env) - 2000000);
    assert_int_equal(saga->n_steps_done, 0);
    assert_true(saga->n_steps > 3);
    char id[27];
    strcpy(id, saga->id);
    asked_free(asked);
    assert_true(there_is(stall, OPERATIONS__SAGA_FILTER__SAGA_FILTER_OPEN));
    assert_false(there_is(stall, OPERATIONS__SAGA_FILTER__SAGA_FILTER_DONE));

    bank_is(stall->bank, BANK_DEPOSIT, BANK_OPEN, 0);
    assert_int_equal(retry_saga(stall, id), RESULT_OK);
    world_run_for(stall->world, 60000000);
    assert_false(there_is(stall, OPERATIONS__SAGA_FILTER__SAGA_FILTER_OPEN));
    saga = only_saga(stall, OPERATIONS__SAGA_FILTER__SAGA_FILTER_DONE, &asked);
    assert_non_null(saga);
    assert_int_equal(saga->n_steps_done, saga->n_steps);
    assert_null(saga->waiting_for);
    asked_free(asked);
    assert_int_equal(retry_saga(stall, id), RESULT_STATE_FORBIDS);
    assert_int_equal(retry_saga(stall, "00000000000000000000000000"), RESULT_NOT_FOUND);
    asked_free(spread);
    end(stall);
}

/* --- of several processes ------------------------------------------------------------------------------------------------ */

/* The tally is in another process: its operations are asked for it, and for nothing else. */
static void services_elsewhere_are_asked_there(void **state)
{
    (void)state;
    struct stall *stall = stall_open(11, true);
    struct operations *here = operations_new(), *there = operations_new();
    operations_add(here, stall->till);
    operations_add_elsewhere(here, "tally", operations_service(there));
    operations_add(there, stall->tally);
    operations_add_elsewhere(there, "till", operations_service(here));
    struct directory *usual = stall->directory;
    stall->directory = directory_new();
    directory_add(stall->directory, "till", directory_find(usual, "till"));
    directory_add(stall->directory, "operations", operations_service(here));

    int attempts;
    char id[64];
    put_coins(stall, "blue", 13, NULL);
    put_coins(stall, "blue", 100, NULL);
    world_run_for(stall->world, 1000000);
    struct listed listed = list(stall, "", "", "", 24);
    assert_int_equal(listed.page->n_items, 3); /* two of the till, one of the tally */
    asked_free(listed.asked);
    listed = list(stall, "tally", "", "", 24);
    assert_int_equal(listed.page->n_items, 1);
    asked_free(listed.asked);
    assert_int_equal(count_letters(stall, &attempts, id), 1);
    tally_fears_thirteen = false;
    assert_int_equal(retry(stall, id), RESULT_OK);
    assert_int_equal(retry_saga(stall, "00000000000000000000000000"), RESULT_NOT_FOUND); /* and nobody asks in circles */

    directory_free(stall->directory);
    stall->directory = usual;
    operations_free(here);
    operations_free(there);
    end(stall);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_of_one_service_come_by_their_numbers),
        cmocka_unit_test(events_of_all_services_come_by_their_time),
        cmocka_unit_test(what_can_be_no_place_is_refused),
        cmocka_unit_test(a_refused_event_is_kept_until_it_is_reacted_to),
        cmocka_unit_test(what_only_a_newer_version_knows_is_kept_for_it),
        cmocka_unit_test(a_retry_waits_for_a_feed_that_is_out_of_reach),
        cmocka_unit_test(letters_tried_again_together),
        cmocka_unit_test(a_retry_ends_when_the_service_stops),
        cmocka_unit_test(a_letter_can_be_dropped),
        cmocka_unit_test(letters_come_page_by_page),
        cmocka_unit_test(a_stuck_saga_is_found_and_helped),
        cmocka_unit_test(services_elsewhere_are_asked_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
