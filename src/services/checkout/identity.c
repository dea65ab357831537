/*
 * The ids that belong to a checkout: one way from the checkout's own, so that whatever a crash makes us forget, the same step asks for the same
 * thing again. Who knows the checkout's id, 80 random bits, is its buyer; from an order's id nobody comes to its token.
 */
#include "services/checkout/checkout_internal.h"

#include "base/id.h"
#include "platform/store/digest.h"

#include <string.h>

/* An id starts with its time; the rest is random. */
#define TIME_LENGTH 10

static void derive(const char *checkout_id, const char *what, uint8_t hash[DIGEST_BYTES])
{
    struct digest digest;

    digest_init(&digest);
    digest_add_text(&digest, text_of(what));
    digest_add_text(&digest, text_of(checkout_id));
    digest_end(&digest, hash);
}

static const char *derive_id(struct arena *arena, const char *checkout_id, const char *what)
{
    uint8_t hash[DIGEST_BYTES];
    char *id = ARENA_ARRAY(arena, char, ID_LENGTH + 1);

    derive(checkout_id, what, hash);
    id_format(0, hash, id);
    memcpy(id, checkout_id, TIME_LENGTH);
    return id;
}

const char *checkout_order_id(struct arena *arena, const char *checkout_id)
{
    return derive_id(arena, checkout_id, "order");
}

const char *checkout_payment_id(struct arena *arena, const char *checkout_id)
{
    return derive_id(arena, checkout_id, "payment");
}

const char *checkout_order_token(struct arena *arena, const char *checkout_id)
{
    uint8_t hash[DIGEST_BYTES];
    char *token = ARENA_ARRAY(arena, char, 2 * DIGEST_BYTES + 1);

    derive(checkout_id, "order token", hash);
    digest_format(hash, token);
    return token;
}

const char *checkout_location(struct arena *arena, const char *checkout_id)
{
    return arena_printf(arena, "/v1/checkouts/%s", checkout_id);
}
