/*
 * Categories as they are kept.
 */
#include "services/catalog/catalog_internal.h"

#include "base/id.h"

/* A shop with more categories under one than this is walked no further. */
#define DESCENDANTS_MAX 10000

const char *category_find(struct tx *tx, const char *id_or_slug)
{
    if (id_is_valid(text_of(id_or_slug)))
        return SQL_STRING(tx, "SELECT id FROM category WHERE id = ?1", sql_string(id_or_slug));
    return SQL_STRING(tx, "SELECT id FROM category WHERE slug = ?1", sql_string(id_or_slug));
}

bool category_load(struct tx *tx, const char *id, Catalog__Category *answer)
{
    struct sql_rows rows =
        SQL_SELECT(tx, "SELECT version, slug, name, description, parent_id, position FROM category WHERE id = ?1",
                   sql_string(id));

    if (!sql_next(&rows))
        return false;
    answer->id = id;
    answer->version = sql_get_int(&rows, 0);
    answer->slug = sql_get_string(&rows, 1);
    answer->name = sql_get_string(&rows, 2);
    answer->description = sql_get_string(&rows, 3);
    answer->parent_id = sql_get_string(&rows, 4);
    answer->position = (int32_t)sql_get_int(&rows, 5);
    sql_stop(&rows);
    return true;
}

size_t category_descendants(struct tx *tx, const char *id, const char ***ids)
{
    const char **found = ARENA_ARRAY(tx->arena, const char *, DESCENDANTS_MAX);
    size_t count = 0;

    found[count++] = id;
    for (size_t next = 0; next < count; next++) {
        struct sql_rows rows = SQL_SELECT(tx, "SELECT id FROM category WHERE parent_id = ?1 ORDER BY position, id",
                                          sql_string(found[next]));

        while (sql_next(&rows))
            if (count < DESCENDANTS_MAX)
                found[count++] = sql_get_string(&rows, 0);
    }
    *ids = found;
    return count;
}
