/*
 * Prices in the store, and the event that changes them.
 */
#include "services/pricing/pricing_internal.h"

#include "base/assert.h"
#include "platform/rpc/message.h"

Pricing__Prices *prices_load(struct tx *tx, const char *sku)
{
    Pricing__Prices *prices = NULL;
    struct sql_rows rows = SQL_SELECT(tx, "SELECT version, data FROM price WHERE sku = ?1", sql_string(sku));
    if (sql_next(&rows)) {
        prices = (Pricing__Prices *)message_unpack(tx->arena, &pricing__prices__descriptor, sql_get_bytes(&rows, 1));
        ASSERT(prices != NULL); /* we packed it */
        prices->version = sql_get_int(&rows, 0);
        sql_stop(&rows);
    }
    return prices;
}

void pricing_apply_prices_set(struct tx *tx, const struct event *event, const Pricing__PricesSet *data)
{
    Pricing__Prices prices = PRICING__PRICES__INIT;
    prices.sku = event->key;
    prices.prices = data->prices;
    prices.n_prices = data->n_prices;
    struct text packed = message_pack(tx->arena, &prices.base);
    SQL_DO(tx,
           "INSERT INTO price (sku, version, data) VALUES (?1, ?2, ?3)"
           " ON CONFLICT (sku) DO UPDATE SET version = excluded.version, data = excluded.data",
           sql_string(event->key), sql_int(event->stream_version), sql_bytes(packed.at, packed.length));
}
