/*
 * What an import's own events do to the tables. Its products' events did the rest.
 */
#include "services/catalog/catalog_internal.h"

#include "base/assert.h"
#include "platform/rpc/message.h"

void catalog_apply_import_done(struct tx *tx, const struct event *event, const Catalog__ImportDone *data)
{
    struct text stored = message_pack(tx->arena, &data->import->base);

    SQL_DO(tx, "INSERT INTO import (id, version, data) VALUES (?1, ?2, ?3)", sql_string(event->key),
           sql_int(event->stream_version), sql_bytes(stored.at, stored.length));
}

void catalog_apply_import_undone(struct tx *tx, const struct event *event, const Catalog__ImportUndone *data)
{
    Catalog__Import import = CATALOG__IMPORT__INIT;
    struct text stored;

    (void)data;
    ASSERT(import_load(tx, event->key, &import) || tx->failed);
    import.version = 0; /* a column */
    import.status = CATALOG__IMPORT_STATUS__IMPORT_STATUS_UNDONE;
    stored = message_pack(tx->arena, &import.base);
    SQL_DO(tx, "UPDATE import SET version = ?2, data = ?3 WHERE id = ?1", sql_string(event->key),
           sql_int(event->stream_version), sql_bytes(stored.at, stored.length));
}
