#include "platform/store/digest.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void the_hash_is_sha256(void **state)
{
    (void)state;
    struct digest digest;
    uint8_t hash[DIGEST_BYTES];
    char text[2 * DIGEST_BYTES + 1];
    digest_init(&digest);
    digest_add(&digest, "ab", 2);
    digest_add(&digest, "c", 1);
    digest_next(&digest, hash);
    digest_format(hash, text);
    assert_string_equal(text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    digest_end(&digest, hash);
    digest_format(hash, text);
    assert_string_equal(text, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void hash_two(const char *a, const char *b, uint8_t hash[DIGEST_BYTES])
{
    struct digest digest;
    digest_init(&digest);
    digest_add_text(&digest, text_of(a));
    digest_add_text(&digest, text_of(b));
    digest_end(&digest, hash);
}

static void lengths_keep_fields_apart(void **state)
{
    (void)state;
    uint8_t one[DIGEST_BYTES];
    uint8_t other[DIGEST_BYTES];
    hash_two("ab", "c", one);
    hash_two("a", "bc", other);
    assert_memory_not_equal(one, other, DIGEST_BYTES);
    hash_two("ab", "c", other);
    assert_memory_equal(one, other, DIGEST_BYTES);
}

static void numbers_are_big_endian(void **state)
{
    (void)state;
    struct digest digest;
    uint8_t number[DIGEST_BYTES];
    uint8_t bytes[DIGEST_BYTES];
    digest_init(&digest);
    digest_add_int64(&digest, -2);
    digest_next(&digest, number);
    digest_add(&digest, "\xff\xff\xff\xff\xff\xff\xff\xfe", 8);
    digest_end(&digest, bytes);
    assert_memory_equal(number, bytes, DIGEST_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_hash_is_sha256),
        cmocka_unit_test(lengths_keep_fields_apart),
        cmocka_unit_test(numbers_are_big_endian),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
