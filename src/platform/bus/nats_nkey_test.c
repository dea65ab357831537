#include "platform/bus/nats_nkey.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* The pair that the documentation of NATS gives as an example. */
#define SEED "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY"
#define PUBLIC "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4"

static void finds_the_public_key_of_a_seed(void **state)
{
    (void)state;
    char public_key[NKEY_PUBLIC_LENGTH + 1];
    assert_true(nkey_public_of(TEXT(SEED), public_key));
    assert_string_equal(public_key, PUBLIC);
}

static void refuses_what_is_no_seed_of_a_user(void **state)
{
    (void)state;
    char public_key[NKEY_PUBLIC_LENGTH + 1], damaged[] = SEED;
    assert_false(nkey_public_of(TEXT(""), public_key));
    assert_false(nkey_public_of(TEXT(PUBLIC), public_key));
    assert_false(nkey_public_of(TEXT(SEED "A"), public_key));
    for (size_t i = 0; i < NKEY_SEED_LENGTH; i++) {
        char right = damaged[i];
        damaged[i] = right == 'A' ? 'B' : 'A';
        assert_false(nkey_public_of(text_of(damaged), public_key));
        damaged[i] = '1';
        assert_false(nkey_public_of(text_of(damaged), public_key));
        damaged[i] = right;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_public_key_of_a_seed),
        cmocka_unit_test(refuses_what_is_no_seed_of_a_user),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
