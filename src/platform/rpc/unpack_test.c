/*
 * What unpack.c makes of bytes is what protobuf-c makes of them.
 */
#include "platform/rpc/message.h"
#include "souk/catalog/v1/catalog.pb-c.h"

#include <google/protobuf/descriptor.pb-c.h>
#include <google/protobuf/timestamp.pb-c.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>

/* None with booleans, which protobuf-c takes in any form, and ours only as numbers. */
static const ProtobufCMessageDescriptor *const types[] = {
    &google__protobuf__source_code_info__descriptor,
    &google__protobuf__source_code_info__location__descriptor,
    &google__protobuf__enum_descriptor_proto__enum_reserved_range__descriptor,
    &google__protobuf__timestamp__descriptor,
    &catalog__image__descriptor,
    &catalog__rating__descriptor,
    &catalog__product_option__descriptor,
    &catalog__bundle_component__descriptor,
};
#define TYPE_COUNT (sizeof types / sizeof types[0])

/* Both refuse, or both make the same: what comes out is packed again and compared. Fields unknown to the type are left out by ours. */
static void compare(struct text packed, const ProtobufCMessageDescriptor *type)
{
    struct arena *arena = arena_new(64 << 20);
    ProtobufCMessage *theirs = protobuf_c_message_unpack(type, NULL, packed.length, (const uint8_t *)packed.at);
    ProtobufCMessage *ours = message_unpack(arena, type, packed);
    if (theirs != NULL && theirs->n_unknown_fields == 0) {
        assert_non_null(ours);
        struct text expected = message_pack(arena, theirs), found = message_pack(arena, ours);
        assert_int_equal(found.length, expected.length);
        assert_memory_equal(found.at, expected.at, expected.length);
    }
    if (theirs != NULL)
        protobuf_c_message_free_unpacked(theirs, NULL);
    arena_free(arena);
}

static Catalog__Product *a_product(struct arena *arena)
{
    Catalog__Product *product = (Catalog__Product *)message_new(arena, &catalog__product__descriptor);
    product->id = "01m8300teqpm34cqh8v29hh43s";
    product->title = "ein schönes Hemd";
    product->version = -7;
    product->status = CATALOG__PRODUCT_STATUS__PRODUCT_STATUS_PUBLISHED;
    product->rating = ARENA_NEW(arena, Catalog__Rating);
    catalog__rating__init(product->rating);
    product->rating->average = 4.5;
    product->rating->count = 1234567890123;
    product->n_variants = 21; /* lists grow twice on the way */
    product->variants = ARENA_ARRAY(arena, Catalog__Variant *, product->n_variants);
    for (size_t i = 0; i < product->n_variants; i++) {
        product->variants[i] = (Catalog__Variant *)message_new(arena, &catalog__variant__descriptor);
        product->variants[i]->sku = arena_printf(arena, "SKU-%zu", i);
        product->variants[i]->digital = i % 2 == 0;
        product->variants[i]->weight_grams = (int64_t)(i * 1000);
    }
    return product;
}

static void makes_the_same_of_a_product(void **state)
{
    (void)state;
    struct arena *arena = arena_new(1 << 20);
    Catalog__Product *product = a_product(arena);
    struct text packed = message_pack(arena, &product->base);
    compare(packed, &catalog__product__descriptor);
    Catalog__Product *again = (Catalog__Product *)message_unpack(arena, &catalog__product__descriptor, packed);
    assert_int_equal(again->n_variants, 21);
    assert_string_equal(again->variants[20]->sku, "SKU-20");
    assert_int_equal(again->version, -7);
    assert_true(again->rating->average > 4.4 && again->rating->average < 4.6);
    assert_string_equal(again->slug, "");
    for (size_t length = 0; length < packed.length; length++) /* cut short anywhere */
        compare((struct text){packed.at, length}, &catalog__product__descriptor);
    arena_free(arena);
}

static void leaves_unknown_fields_out(void **state)
{
    (void)state;
    struct arena *arena = arena_new(1 << 20);
    static const char bytes[] = "\xa0\x3f\x05\xa2\x3f\x02xy\xa1\x3f" "12345678" "\xa5\x3f" "1234" "\x22\x02Hi";
    Catalog__Product *product =
        (Catalog__Product *)message_unpack(arena, &catalog__product__descriptor, (struct text){bytes, sizeof bytes - 1});
    assert_non_null(product);
    assert_string_equal(product->title, "Hi");
    assert_int_equal(product->base.n_unknown_fields, 0);
    arena_free(arena);
}

static void refuses_what_is_no_message(void **state)
{
    (void)state;
    static const struct text wrong[] = {
        TEXT("\x22"), TEXT("\x22\x05Hi"), TEXT("\x0b"), TEXT("\x02"), TEXT("\x20\x05"), TEXT("\x12\x01x"), TEXT("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"),
    };
    struct arena *arena = arena_new(1 << 20);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_null(message_unpack(arena, &catalog__product__descriptor, wrong[i]));
    arena_free(arena);
}

static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

/* Mostly tags of small numbers and short lengths, so that much of it is well-formed. */
static void makes_the_same_of_random_bytes(void **state)
{
    (void)state;
    uint64_t seed = 20261123;
    for (int round = 0; round < 200000; round++) {
        char bytes[24];
        size_t length = next_random(&seed) % sizeof bytes;
        for (size_t i = 0; i < length; i++) {
            uint64_t random = next_random(&seed);
            bytes[i] = (char)(random % 4 == 0 ? random >> 8 : (random >> 8) % 4 == 0 ? (random >> 16) % 4 : (random >> 16) % 128);
        }
        compare((struct text){bytes, length}, types[next_random(&seed) % TYPE_COUNT]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_the_same_of_a_product),
        cmocka_unit_test(leaves_unknown_fields_out),
        cmocka_unit_test(refuses_what_is_no_message),
        cmocka_unit_test(makes_the_same_of_random_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
