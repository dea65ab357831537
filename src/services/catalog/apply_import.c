/*
 * What an import's own events do to the tables. Its products' events did the rest.
 */
#include "services/catalog/catalog_internal.h"

#include "base/assert.h"
#include "base/limits.h"
#include "platform/rpc/message.h"

static void store(struct tx *tx, const struct event *event, const Catalog__Import *import)
{
    struct text stored = message_pack(tx->arena, &import->base);

    SQL_DO(tx,
           "INSERT INTO import (id, version, data) VALUES (?1, ?2, ?3)"
           " ON CONFLICT (id) DO UPDATE SET version = excluded.version, data = excluded.data",
           sql_string(event->key), sql_int(event->stream_version), sql_bytes(stored.at, stored.length));
}

/* Every part says anew when the import is to be taken for dead. */
static void give_time(struct tx *tx, const struct event *event)
{
    tx_timer_set(tx, IMPORT_TIMER, event->key, event->at_us + INT64_C(1000) * LIMIT_IMPORT_STANDSTILL_MS);
}

void catalog_apply_import_begun(struct tx *tx, const struct event *event, const Catalog__ImportBegun *data)
{
    store(tx, event, data->import);
    give_time(tx, event);
}

void catalog_apply_import_went_on(struct tx *tx, const struct event *event, const Catalog__ImportWentOn *data)
{
    (void)data;
    SQL_DO(tx, "UPDATE import SET version = ?2 WHERE id = ?1", sql_string(event->key), sql_int(event->stream_version));
    give_time(tx, event);
}

void catalog_apply_import_done(struct tx *tx, const struct event *event, const Catalog__ImportDone *data)
{
    store(tx, event, data->import);
    if (event->stream_version > 1) /* it came in parts */
        tx_timer_clear(tx, IMPORT_TIMER, event->key);
}

void catalog_apply_import_undone(struct tx *tx, const struct event *event, const Catalog__ImportUndone *data)
{
    Catalog__Import import = CATALOG__IMPORT__INIT;

    ASSERT(import_load(tx, event->key, &import) || tx->failed);
    import.version = 0; /* a column */
    import.status = CATALOG__IMPORT_STATUS__IMPORT_STATUS_UNDONE;
    if (data->n_problems > 0) {
        import.n_problems = data->n_problems;
        import.problems = data->problems;
    }
    store(tx, event, &import);
}
