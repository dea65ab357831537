/*
 * Bytes that no honest client sends.
 */
#include "platform/rpc/wire.h"

#include "base/assert.h"
#include "base/limits.h"
#include "platform/rpc/message.h"
#include "souk/catalog/v1/catalog.pb-c.h"

#include <google/protobuf/descriptor.pb-c.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static const ProtobufCMessageDescriptor *const nested = &google__protobuf__descriptor_proto__descriptor;

static enum wire_fault check(const ProtobufCMessageDescriptor *descriptor, const void *bytes, size_t length)
{
    return wire_check(descriptor, (struct text){bytes, length}, LIMIT_CALL_ARENA / 2);
}

static void takes_what_protobuf_packs(void **state)
{
    (void)state;
    struct arena *arena = arena_new(1 << 20);
    Catalog__Product product = CATALOG__PRODUCT__INIT;
    Catalog__Variant variant = CATALOG__VARIANT__INIT, *variants[] = {&variant, &variant};
    product.title = "ein schönes Hemd";
    variant.sku = "S";
    product.variants = variants;
    product.n_variants = 2;
    struct text packed = message_pack(arena, &product.base);
    assert_int_equal(wire_check(&catalog__product__descriptor, packed, 4096), WIRE_FINE);
    for (size_t length = 1; length < packed.length; length++) /* cut short anywhere: what passes unpacks */
        if (check(&catalog__product__descriptor, packed.at, length) == WIRE_FINE)
            assert_non_null(message_unpack(arena, &catalog__product__descriptor, (struct text){packed.at, length}));
    assert_int_equal(check(&catalog__product__descriptor, packed.at, 3), WIRE_MALFORMED);
    arena_free(arena);
}

/* A DescriptorProto in a DescriptorProto (field 3) and so on. */
static struct text nest(struct arena *arena, unsigned depth)
{
    struct text inside = TEXT("");
    for (unsigned i = 0; i < depth; i++) {
        char *outside = arena_alloc(arena, inside.length + 4);
        size_t head = 0;
        outside[head++] = 3 << 3 | 2;
        outside[head++] = (char)(inside.length < 128 ? inside.length : 128 | (inside.length & 127));
        if (inside.length >= 128)
            outside[head++] = (char)(inside.length >> 7);
        memcpy(outside + head, inside.at, inside.length);
        inside = (struct text){outside, head + inside.length};
    }
    return inside;
}

static void refuses_what_nests_too_deep(void **state)
{
    (void)state;
    struct arena *arena = arena_new(16 << 20);
    assert_int_equal(wire_check(nested, nest(arena, LIMIT_MESSAGE_DEPTH - 1), 1 << 20), WIRE_FINE);
    assert_int_equal(wire_check(nested, nest(arena, LIMIT_MESSAGE_DEPTH), 1 << 20), WIRE_TOO_DEEP);
    assert_int_equal(wire_check(nested, nest(arena, 1000), 1 << 20), WIRE_TOO_DEEP);
    arena_free(arena);
}

static void refuses_strings_that_are_none(void **state)
{
    (void)state;
    assert_int_equal(check(nested, "\x0a\x02" "ab", 4), WIRE_FINE);
    assert_int_equal(check(nested, "\x0a\x02" "a\xff", 4), WIRE_NOT_UTF8);
    assert_int_equal(check(nested, "\x0a\x02" "a\0", 4), WIRE_NOT_UTF8);
    assert_int_equal(check(nested, "\x0a\x02\xc0\x80", 4), WIRE_NOT_UTF8);
}

static void refuses_what_is_no_message(void **state)
{
    (void)state;
    assert_int_equal(check(nested, "\x0a", 1), WIRE_MALFORMED);                  /* no length */
    assert_int_equal(check(nested, "\x0a\x05" "a", 3), WIRE_MALFORMED);          /* longer than what there is */
    assert_int_equal(check(nested, "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 11), WIRE_MALFORMED);
    assert_int_equal(check(nested, "\x0b\x0c", 2), WIRE_MALFORMED);              /* a group */
    assert_int_equal(check(nested, "\x02\x00", 2), WIRE_MALFORMED);              /* field 0 */
    assert_int_equal(check(nested, "\x08\x01", 2), WIRE_MALFORMED);              /* a string as a number */
    assert_int_equal(check(nested, "\x3a\x00\x3a\x00", 4), WIRE_REPEATED);       /* `options` twice */
    assert_int_equal(check(nested, "\xf8\xff\xff\xff\x0f\x01", 6), WIRE_FINE);   /* a field of a newer version */
}

static void bounds_what_small_bytes_become(void **state)
{
    (void)state;
    size_t length = 1 << 20;
    char *bytes = malloc(length);
    ASSERT(bytes != NULL);
    for (size_t i = 0; i < length; i += 2)
        memcpy(bytes + i, "\x1a\x00", 2); /* half a million empty messages */
    assert_int_equal(check(nested, bytes, length), WIRE_TOO_LARGE);
    struct arena *arena = arena_new(LIMIT_CALL_ARENA);
    size_t passes = 2;
    while (wire_check(nested, (struct text){bytes, 2 * passes}, LIMIT_CALL_ARENA / 2) == WIRE_FINE)
        passes *= 2;
    assert_non_null(message_unpack(arena, nested, (struct text){bytes, passes})); /* half of what did not pass */
    assert_true(arena_used(arena) < LIMIT_CALL_ARENA / 2);
    arena_free(arena);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_what_protobuf_packs),     cmocka_unit_test(refuses_what_nests_too_deep),
        cmocka_unit_test(refuses_strings_that_are_none), cmocka_unit_test(refuses_what_is_no_message),
        cmocka_unit_test(bounds_what_small_bytes_become),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
