/*
 * The SKUs of which inventory has lately said that they need no holding in a cart, for when it can't be asked.
 *
 * A table with one place for each hash, of which the last one stays: what is not known costs a shopper a refusal, and only while inventory is
 * away. Sagas of all loops look and write here, each a word at once.
 */
#include "services/cart/cart_internal.h"

#include "base/text.h"

#include <stdatomic.h>

#define PLACES (1 << 16)

static atomic_uint_fast64_t places[PLACES];

void optimistic_note(const char *sku, bool is_optimistic)
{
    uint64_t hash = text_checksum(text_of(sku));
    atomic_uint_fast64_t *place = &places[hash % PLACES];

    if (is_optimistic)
        atomic_store_explicit(place, hash, memory_order_relaxed);
    else if (atomic_load_explicit(place, memory_order_relaxed) == hash)
        atomic_store_explicit(place, 0, memory_order_relaxed);
}

bool optimistic_is_known(const char *sku)
{
    uint64_t hash = text_checksum(text_of(sku));

    return hash != 0 && atomic_load_explicit(&places[hash % PLACES], memory_order_relaxed) == hash;
}
