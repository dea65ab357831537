#include "base/arena.h"
#include "base/assert_test.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdalign.h>
#include <stdlib.h>

static void memory_is_zeroed_aligned_and_apart(void **state)
{
    (void)state;
    for (int round = 0; round < 3; round++) { /* later rounds get used chunks back */
        struct arena *arena = arena_new(64 << 20);
        unsigned char *before = NULL;
        for (size_t bytes = 0; bytes < 3000; bytes += 7) {
            unsigned char *memory = arena_alloc(arena, bytes);
            assert_int_equal((uintptr_t)memory % alignof(max_align_t), 0);
            for (size_t i = 0; i < bytes; i++)
                assert_int_equal(memory[i], 0);
            memset(memory, 0xAA, bytes);
            assert_ptr_not_equal(memory, before);
            before = memory;
        }
        arena_free(arena);
    }
}

static void large_allocations_leave_the_small_ones_alone(void **state)
{
    (void)state;
    struct arena *arena = arena_new(64 << 20);
    char *small = arena_strdup(arena, "small");
    char *large = arena_alloc(arena, 1 << 20);
    memset(large, 0xFF, 1 << 20);
    char *next = arena_strdup(arena, "next");
    assert_string_equal(small, "small");
    assert_string_equal(next, "next");
    assert_true(next > small && next < small + 4096); /* the room behind `small` was not lost */
    assert_true(arena_used(arena) >= (1 << 20) + 11);
    arena_free(arena);
    arena_free(NULL);
}

static char letters[] = "abcde";
static char order[8];
static size_t order_length;

static void note(void *data)
{
    order[order_length++] = *(const char *)data;
}

static void note_and_add_another(void *data)
{
    note(letters + 3);
    arena_cleanup(data, note, letters + 4);
}

static void cleanups_run_newest_first(void **state)
{
    (void)state;
    struct arena *arena = arena_new(1 << 20);
    order_length = 0;
    arena_cleanup(arena, note, letters);
    arena_cleanup(arena, note_and_add_another, arena);
    arena_cleanup(arena, note, letters + 1);
    arena_cleanup(arena, note, arena_strdup(arena, "c")); /* may live in the arena itself */
    arena_free(arena);
    assert_int_equal(order_length, 5);
    assert_memory_equal(order, "cbdea", 5);
}

static void texts_are_copied(void **state)
{
    (void)state;
    struct arena *arena = arena_new(1 << 20);
    assert_string_equal(arena_strdup(arena, ""), "");
    assert_string_equal(arena_strndup(arena, "shirt", 3), "shi");
    assert_string_equal(arena_strndup(arena, NULL, 0), "");
    assert_string_equal(arena_printf(arena, "%s/%d", "cart", 7), "cart/7");
    for (int width = 1; width < 20000; width += 97) { /* some fit the room that is left, some do not */
        const char *printed = arena_printf(arena, "%*d", width, 42);
        assert_int_equal(strlen(printed), width < 2 ? 2 : width);
        assert_string_equal(printed + strlen(printed) - 2, "42");
        if (arena_used(arena) > 900000)
            break;
    }
    arena_free(arena);
}

static void arrays_are_typed(void **state)
{
    (void)state;
    struct arena *arena = arena_new(1 << 20);
    int64_t *numbers = ARENA_ARRAY(arena, int64_t, 100);
    for (int i = 0; i < 100; i++)
        assert_int_equal(numbers[i], 0);
    struct text *text = ARENA_NEW(arena, struct text);
    assert_int_equal(text->length, 0);
    assert_non_null(ARENA_ARRAY(arena, int64_t, 0));
    arena_free(arena);
}

static void arrays_make_room(void **state)
{
    (void)state;
    struct arena *arena = arena_new(1 << 20);
    int *numbers = NULL;
    for (int i = 0; i < 1000; i++) {
        ARENA_ROOM(arena, numbers, (size_t)i);
        numbers[i] = i;
    }
    for (int i = 0; i < 1000; i++)
        assert_int_equal(numbers[i], i);
    assert_true(arena_used(arena) < 3 * 1024 * sizeof(int)); /* it doubles */
    arena_free(arena);
}

static void the_protobuf_allocator_is_the_arena(void **state)
{
    (void)state;
    struct arena *arena = arena_new(1 << 20);
    ProtobufCAllocator *allocator = arena_protobuf(arena);
    size_t before = arena_used(arena);
    void *memory = allocator->alloc(allocator->allocator_data, 100);
    memset(memory, 1, 100);
    allocator->free(allocator->allocator_data, memory);
    assert_true(arena_used(arena) >= before + 100);
    arena_free(arena);
}

static void grow_past_the_maximum(void)
{
    struct arena *arena = arena_new(1000);
    for (int i = 0; i < 11; i++)
        arena_alloc(arena, 100);
}

static void grow_to_the_maximum(void)
{
    struct arena *arena = arena_new(1000);
    for (int i = 0; i < 8; i++)
        arena_alloc(arena, 100);
}

static void allocate_more_than_there_is(void)
{
    arena_alloc(arena_new(1000), SIZE_MAX);
}

static void overflow_an_array(void)
{
    arena_alloc_array(arena_new(SIZE_MAX), SIZE_MAX / 2, 3);
}

static void the_maximum_is_asserted(void **state)
{
    (void)state;
    assert_true(ends_in_assertion(grow_past_the_maximum));
    assert_false(ends_in_assertion(grow_to_the_maximum));
    assert_true(ends_in_assertion(allocate_more_than_there_is));
    assert_true(ends_in_assertion(overflow_an_array));
}

static void *use_many_arenas(void *unused)
{
    struct arena *open[300];
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < 300; i++) {
            open[i] = arena_new(64 << 20);
            memset(arena_alloc(open[i], (size_t)i * 500), 1, (size_t)i * 500);
        }
        for (int i = 0; i < 300; i++)
            arena_free(open[i]);
    }
    return unused;
}

/* An arena made by one thread and freed by another; and what ended threads kept goes with them (LeakSanitizer looks). */
static void threads_hand_arenas_over(void **state)
{
    (void)state;
    struct arena *arena = arena_new(1 << 20);
    arena_strdup(arena, "handed over");
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, use_many_arenas, NULL), 0);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    arena_free(arena);
}

#define MADE_AT_ONCE 300

static void *make_arenas(void *made)
{
    for (int i = 0; i < MADE_AT_ONCE; i++) {
        ((struct arena **)made)[i] = arena_new(64 << 20);
        memset(arena_alloc(((struct arena **)made)[i], 20000), i, 20000);
    }
    return NULL;
}

static void *check_and_free_arenas(void *made)
{
    for (int i = 0; i < MADE_AT_ONCE; i++) {
        char *text = arena_strdup(((struct arena **)made)[i], "still mine");
        assert_string_equal(text, "still mine");
        arena_free(((struct arena **)made)[i]);
    }
    return NULL;
}

/* Some threads only make them and others only free them, as readers and loops do: what goes through the depot is nobody else's meanwhile. */
static void chunks_travel_between_threads(void **state)
{
    static struct arena *made[2][2][MADE_AT_ONCE]; /* by pair and by turn: what is made in a round is freed in the next */
    (void)state;
    for (int round = 0; round < 8; round++) {
        pthread_t threads[4];
        for (int pair = 0; pair < 2; pair++) {
            pthread_create(&threads[2 * pair], NULL, make_arenas, made[pair][round % 2]);
            pthread_create(&threads[2 * pair + 1], NULL, round > 0 ? check_and_free_arenas : use_many_arenas, made[pair][1 - round % 2]);
        }
        for (int i = 0; i < 4; i++)
            pthread_join(threads[i], NULL);
    }
    for (int pair = 0; pair < 2; pair++)
        check_and_free_arenas(made[pair][1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_zeroed_aligned_and_apart),
        cmocka_unit_test(large_allocations_leave_the_small_ones_alone),
        cmocka_unit_test(cleanups_run_newest_first),
        cmocka_unit_test(texts_are_copied),
        cmocka_unit_test(arrays_are_typed),
        cmocka_unit_test(arrays_make_room),
        cmocka_unit_test(the_protobuf_allocator_is_the_arena),
        cmocka_unit_test(the_maximum_is_asserted),
        cmocka_unit_test(threads_hand_arenas_over),
        cmocka_unit_test(chunks_travel_between_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
