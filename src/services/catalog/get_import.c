/*
 * catalog.get_import: what became of an import.
 */
#include "services/catalog/catalog_internal.h"

#include "base/assert.h"
#include "platform/rpc/message.h"

bool import_load(struct tx *tx, const char *id, Catalog__Import *answer)
{
    struct sql_rows rows = SQL_SELECT(tx, "SELECT version, data FROM import WHERE id = ?1", sql_string(id));
    Catalog__Import *import;

    if (!sql_next(&rows))
        return false;
    import = (Catalog__Import *)message_unpack(tx->arena, &catalog__import__descriptor, sql_get_bytes(&rows, 1));
    ASSERT(import);
    *answer = *import;
    answer->version = sql_get_int(&rows, 0);
    sql_stop(&rows);
    return true;
}

enum result catalog_get_import(struct context *context, const Catalog__GetImportRequest *request,
                               Catalog__Import *answer)
{
    if (!import_load(context->tx, request->id, answer))
        return call_refuse(context->call, RESULT_NOT_FOUND, "There is no import `%s`.", request->id);
    return RESULT_OK;
}
