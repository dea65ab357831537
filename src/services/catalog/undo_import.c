/*
 * catalog.undo_import: put every product back as it was before the import.
 *
 * What it was is in the products' streams: the event before the import's. A product that the import made is taken out again, and then the categories
 * that it made, where nothing is in them and nobody has changed them. Refused as a whole where a product, or a price that the import has set, has changed
 * since.
 *
 * An import that came in parts and stood still, because its process ended, is taken back in the same way, by a timer. Nobody is there to be refused
 * then: what has changed since is left as it is, and reported.
 */
#include "base/assert.h"
#include "base/limits.h"
#include "platform/rpc/message.h"
#include "services/catalog/import/merge.h"

#include <string.h>

/* What an import did to one product. */
struct touched_product {
    const char *id;
    int64_t version; /* of the import's event */
};

static struct touched_product *touched_by(struct context *context, const char *import_id, size_t *count)
{
    struct touched_product *products = NULL;
    struct sql_rows rows = SQL_SELECT(
        context->tx, "SELECT product_id, version FROM import_product WHERE import_id = ?1 ORDER BY product_id", sql_string(import_id));
    *count = 0;
    while (sql_next(&rows)) {
        ARENA_ROOM(context->arena, products, *count);
        products[(*count)++] = (struct touched_product){sql_get_string(&rows, 0), sql_get_int(&rows, 1)};
    }
    return products;
}

/* --- what the streams say ------------------------------------------------------------------------------------------ */

struct history {
    struct arena *arena;
    int64_t version;
    Catalog__Product *before;        /* the import; NULL when it made the product */
    Catalog__ProductUpdated *update; /* the import's own */
};

static Catalog__Product *product_of(struct arena *arena, const struct event *event)
{
    if (strcmp(event->name, catalog__product_created__event.name) == 0)
        return ((Catalog__ProductCreated *)message_unpack(arena, &catalog__product_created__descriptor, event->data))->product;
    return ((Catalog__ProductUpdated *)message_unpack(arena, &catalog__product_updated__descriptor, event->data))->product;
}

static bool look_at_event(void *data, const struct event *event)
{
    struct history *history = data;
    if (event->stream_version == history->version - 1)
        history->before = product_of(history->arena, event);
    if (event->stream_version == history->version && history->version > 1)
        history->update = (Catalog__ProductUpdated *)message_unpack(history->arena, &catalog__product_updated__descriptor, event->data);
    return event->stream_version < history->version;
}

static struct history history_of(struct context *context, const struct touched_product *touched)
{
    struct history history = {.arena = context->arena, .version = touched->version};
    event_log_read(context->tx, arena_printf(context->arena, "product/%s", touched->id), 0, 0, INT64_MAX, look_at_event, &history);
    ASSERT(touched->version == 1 || (history.before && history.update) || context->tx->failed);
    return history;
}

/* --- whether it can be undone -------------------------------------------------------------------------------------- */

static bool price_is(struct tx *tx, const Catalog__PriceChange *change)
{
    int64_t amount = SQL_INT(tx, -1, "SELECT amount FROM variant_price WHERE sku = ?1 AND currency = ?2", sql_string(change->sku),
                             sql_string(change->currency));
    return amount == (change->after != NULL ? change->after->amount : -1);
}

static const char *slug_of(struct tx *tx, const char *product_id)
{
    const char *slug = SQL_STRING(tx, "SELECT slug FROM product WHERE id = ?1", sql_string(product_id));
    return slug != NULL ? slug : product_id;
}

struct check {
    struct context *context;
    size_t refused;
};

/* The first ones are named. */
static void refuse_product(struct check *check, const char *product_id, const char *why)
{
    if (check->refused++ < LIMIT_VIOLATIONS)
        call_violation(check->context->call, "/id", "changed_since", "The product `%s` %s since the import.",
                       slug_of(check->context->tx, product_id), why);
}

static void check_product(struct check *check, const struct touched_product *touched)
{
    struct context *context = check->context;
    int64_t version = SQL_INT(context->tx, 0, "SELECT version FROM product WHERE id = ?1", sql_string(touched->id));
    struct history history;

    if (version == 0 && touched->version == 1)
        return; /* made by the import and gone already */
    if (version != touched->version) {
        refuse_product(check, touched->id, version == 0 ? "was deleted" : "has changed");
        return;
    }
    if (touched->version == 1)
        return;
    history = history_of(context, touched);
    for (size_t i = 0; history.update && i < history.update->n_price_changes; i++)
        if (!price_is(context->tx, history.update->price_changes[i]))
            refuse_product(check, touched->id, "has got another price");
}

/* --- undoing it ---------------------------------------------------------------------------------------------------- */

static void take_out(struct context *context, const char *product_id, const char *import_id)
{
    Catalog__ProductDeleted deleted = CATALOG__PRODUCT_DELETED__INIT;
    const Catalog__Product *product = product_stored(context->tx, product_id);

    if (product == NULL)
        return;
    deleted.import_id = import_id;
    deleted.n_skus = product->n_variants;
    deleted.skus = ARENA_ARRAY(context->arena, const char *, product->n_variants);
    for (size_t i = 0; i < product->n_variants; i++)
        deleted.skus[i] = product->variants[i]->sku;
    catalog_emit_product_deleted(context, product_id, &deleted);
}

static void put_back(struct context *context, const struct touched_product *touched)
{
    Catalog__ProductUpdated updated = CATALOG__PRODUCT_UPDATED__INIT;
    struct history history = history_of(context, touched);

    if (!history.before)
        return; /* the store has failed */
    updated.product = history.before;
    for (size_t i = 0; i < history.before->n_variants; i++) {
        history.before->variants[i]->n_prices = 0;
        history.before->variants[i]->initial_stock = 0;
    }
    updated.price_changes = history.update->price_changes;
    updated.n_price_changes = history.update->n_price_changes;
    for (size_t i = 0; i < updated.n_price_changes; i++) {
        Catalog__PriceChange *change = updated.price_changes[i];
        Catalog__InitialPrice *before = change->before;

        change->before = change->after;
        change->after = before;
    }
    catalog_emit_product_updated(context, touched->id, &updated);
}

static void put_all_back(struct context *context, const char *import_id, const struct touched_product *products, size_t count)
{
    struct scratch scratch;

    scratch_begin(&scratch, context);
    for (size_t i = 0; i < count; i++) {
        scratch_renew(&scratch);
        if (products[i].version == 1)
            take_out(context, products[i].id, import_id);
        else
            put_back(context, &products[i]);
    }
    scratch_end(&scratch);
}

static bool is_empty(struct tx *tx, const char *category_id)
{
    return !SQL_INT(tx, 0, "SELECT 1 FROM product_category WHERE category_id = ?1 LIMIT 1", sql_string(category_id)) &&
           !SQL_INT(tx, 0, "SELECT 1 FROM category WHERE parent_id = ?1 LIMIT 1", sql_string(category_id));
}

/* The import has numbered them by their positions, each after the one that it is in: backwards, a category's own are gone before it. */
static void take_out_categories(struct context *context, const char *import_id)
{
    Catalog__CategoryDeleted deleted = CATALOG__CATEGORY_DELETED__INIT;
    const char **ids = NULL;
    size_t count = 0;
    struct sql_rows rows = SQL_SELECT(context->tx,
                                      "SELECT category.id FROM import_category JOIN category ON category.id = category_id"
                                      " WHERE import_id = ?1 AND category.version = 1 ORDER BY category.position DESC",
                                      sql_string(import_id));

    while (sql_next(&rows)) {
        ARENA_ROOM(context->arena, ids, count);
        ids[count++] = sql_get_string(&rows, 0);
    }
    for (size_t i = 0; i < count; i++)
        if (is_empty(context->tx, ids[i]))
            catalog_emit_category_deleted(context, ids[i], &deleted);
}

/* --- what has stood still ------------------------------------------------------------------------------------------ */

/* Whether it is still as the import has left it, or was there at all. */
static bool can_be_taken_back(struct context *context, const struct touched_product *touched)
{
    struct check check = {.context = context};

    check_product(&check, touched);
    context->call->problem = (struct problem){0};
    return check.refused == 0;
}

static void report_left(struct context *context, const struct touched_product *touched, Catalog__ImportUndone *undone)
{
    Catalog__ImportProblem *problem;

    if (undone->n_problems >= LIMIT_IMPORT_PROBLEMS)
        return;
    problem = ARENA_NEW(context->arena, Catalog__ImportProblem);
    catalog__import_problem__init(problem);
    problem->code = "changed_since";
    problem->column = "";
    problem->detail = arena_printf(context->arena, "The product `%s` has changed since, and was left as it is.", slug_of(context->tx, touched->id));
    ARENA_ROOM(context->arena, undone->problems, undone->n_problems);
    undone->problems[undone->n_problems++] = problem;
}

enum result catalog_take_back_import(struct context *context, const char *id)
{
    Catalog__ImportUndone undone = CATALOG__IMPORT_UNDONE__INIT;
    Catalog__Import import = CATALOG__IMPORT__INIT;
    struct touched_product *products;
    size_t count, unchanged = 0;

    if (!import_load(context->tx, id, &import) || import.status != CATALOG__IMPORT_STATUS__IMPORT_STATUS_RUNNING)
        return RESULT_OK;
    products = touched_by(context, id, &count);
    for (size_t i = 0; i < count; i++)
        if (can_be_taken_back(context, &products[i]))
            products[unchanged++] = products[i];
        else
            report_left(context, &products[i], &undone);
    put_all_back(context, id, products, unchanged);
    take_out_categories(context, id);
    catalog_emit_import_undone(context, id, &undone);
    return RESULT_OK;
}

/* --- undoing it as asked ------------------------------------------------------------------------------------------- */

static enum result check_all(struct context *context, const struct touched_product *products, size_t count)
{
    struct check check = {.context = context};
    struct scratch scratch;

    scratch_begin(&scratch, context);
    for (size_t i = 0; i < count; i++) {
        scratch_renew(&scratch);
        check_product(&check, &products[i]);
    }
    scratch_end(&scratch);
    if (!check.refused)
        return RESULT_OK;
    return call_refuse(context->call, RESULT_CONFLICT, "Nothing was undone: %zu of its products have changed since.",
                       check.refused);
}

enum result catalog_undo_import(struct context *context, const Catalog__UndoImportRequest *request, Catalog__Import *answer)
{
    Catalog__ImportUndone undone = CATALOG__IMPORT_UNDONE__INIT;
    struct touched_product *products;
    enum result result;
    size_t count;

    if (!import_load(context->tx, request->id, answer))
        return call_refuse(context->call, RESULT_NOT_FOUND, "There is no import `%s`.", request->id);
    if (answer->status == CATALOG__IMPORT_STATUS__IMPORT_STATUS_UNDONE)
        return RESULT_OK; /* asking twice is fine */
    if (answer->status == CATALOG__IMPORT_STATUS__IMPORT_STATUS_RUNNING)
        return call_refuse(context->call, RESULT_CONFLICT, "It is still being taken over. Ask again when it is done.");
    result = context_check_version(context, answer->version);
    if (result)
        return result;
    products = touched_by(context, request->id, &count);
    result = check_all(context, products, count);
    if (result)
        return result;

    put_all_back(context, request->id, products, count);
    take_out_categories(context, request->id);
    catalog_emit_import_undone(context, request->id, &undone);
    import_load(context->tx, request->id, answer);
    return RESULT_OK;
}
