/*
 * catalog.import_products: take over a file of products, whole or not at all.
 *
 *     read ---> plan: every product checked against the catalogue ---> refuse | only say | make categories, emit products, ImportDone
 *     '----------- beside the writer, on one state ---------------'                     '------ on the writer, in parts -------'
 *
 * Nothing is emitted before everything is checked, so the plan is also the dry run. What was planned is kept packed, a tenth of what the file takes as
 * it was read; that has an arena of its own and is given back before the first event, so that the store's cache takes its place and not more memory.
 *
 * A small file is one part: in the catalogue at once, or not at all. A large one is many, so that others have their turn (docs/decisions/0008):
 *
 *     ImportBegun, categories, products | products, ImportWentOn | … | products, ImportDone          running ---> done
 *                                       '--- nothing more comes: its process has ended               running ---> undone, by a timer
 *
 * Its products are seen as they come. Somebody else may have changed something since it was planned; so each product is looked at once more before it is
 * emitted (conflict_of), and is left out, and reported, where it is not what the plan was made for.
 *
 * A problem is reported as a violation whose pointer is "/LINE/COLUMN" of the file.
 */
#include "base/id.h"
#include "base/limits.h"
#include "base/money.h"
#include "platform/rpc/common_types.h"
#include "platform/rpc/merge.h"
#include "platform/rpc/message.h"
#include "platform/rpc/validate.h"
#include "services/catalog/import/merge.h"
#include "services/shop_defaults.h"

#include <inttypes.h>
#include <stdlib.h>

/* A product that the import makes or changes: its event, packed. */
struct planned_product {
    const char *id;
    int64_t version; /* that it was planned for; 0: it is new */
    int64_t line, rows;
    struct text event;
};

struct import {
    struct context *context;
    struct arena *arena; /* the call's: what lives until the end */
    struct import_file *file; /* until it is planned */
    struct arena *file_arena;
    const char *id;
    struct lookup bundles; /* SKUs of the file that are bundles */
    struct category_plan categories;
    struct planned_product *planned;
    size_t planned_count;
    size_t taken; /* of them, in this part and those before */
    struct import_problems problems;
    Catalog__Import *report;
    /* As it was before the present part, which may have to run once more. */
    unsigned part;
    size_t taken_before;
    struct import_problems problems_before;
    Catalog__Import report_before;
};

/* --- problems ------------------------------------------------------------------------------------------------------ */

/* Which of the file's columns a member of our product came from. */
static const char *column_of_member(const struct import_file *file, struct text pointer)
{
    static const struct {
        const char *member;
        enum import_field field;
    } members[] = {{"slug", IMPORT_SLUG},
                   {"title", IMPORT_TITLE},
                   {"description", IMPORT_DESCRIPTION},
                   {"sku", IMPORT_SKU},
                   {"barcode", IMPORT_BARCODE},
                   {"weightGrams", IMPORT_GRAMS},
                   {"imageUrl", IMPORT_VARIANT_IMAGE},
                   {"taxCategory", IMPORT_TAX_CATEGORY},
                   {"initialStock", IMPORT_QUANTITY},
                   {"prices", IMPORT_PRICE},
                   {"url", IMPORT_IMAGE},
                   {"images", IMPORT_IMAGE},
                   {"alt", IMPORT_IMAGE_ALT},
                   {"options", IMPORT_OPTION_VALUE_1}};
    const char *column = NULL;
    size_t at = 0;
    while (at < pointer.length) { /* the innermost member that came from a column */
        size_t begin = ++at;
        while (at < pointer.length && pointer.at[at] != '/')
            at++;
        struct text member = {pointer.at + begin, at - begin};
        for (size_t i = 0; i < sizeof members / sizeof *members; i++)
            if (text_is(member, members[i].member) && import_says(file, members[i].field))
                column = file->column_names[members[i].field];
    }
    return column != NULL ? column : "";
}

static int64_t line_of_member(const struct imported_product *imported, const char *pointer)
{
    const char prefix[] = "/variants/";
    if (strncmp(pointer, prefix, sizeof prefix - 1) == 0) {
        size_t index = (size_t)strtoll(pointer + sizeof prefix - 1, NULL, 10);
        if (index < imported->product->n_variants)
            return imported->variant_lines[index];
    }
    return imported->line;
}

/* A product that can't be: what the call was told of it becomes the file's problem. */
static void leave_out(struct import *import, const struct imported_product *imported)
{
    struct problem *problem = &import->context->call->problem;
    struct import_file *file = import->file;
    for (const struct violation *violation = problem->violations; violation != NULL; violation = violation->next)
        import_problem_add(&file->problems, line_of_member(imported, violation->pointer),
                           column_of_member(file, text_of(violation->pointer)), violation->code, "%s", violation->detail);
    if (problem->violations == NULL)
        import_problem_add(&file->problems, imported->line, "", result_row(problem->result)->wire, "%s",
                           problem->detail != NULL ? problem->detail : result_row(problem->result)->title);
    *problem = (struct problem){0};
    file->skipped += imported->rows;
    file->variants -= (int64_t)imported->product->n_variants;
}

/* --- checking one product ------------------------------------------------------------------------------------------ */

/* Ids are looked up before slugs, so a slug that looks like one would never be found. */
static bool check_slug(struct import *import, const struct imported_product *imported)
{
    if (!id_is_valid(text_of(imported->product->slug)))
        return true;
    call_violation(import->context->call, "/slug", "format", "This looks like an id of ours, so it can't be a slug.");
    return false;
}

/* Limits and formats are those of the contract, as for every other way in. */
static bool check_contents(struct import *import, const Catalog__Product *before, const struct imported_product *imported)
{
    struct validation validation = {.call = import->context->call};
    Catalog__Product said = *imported->product;
    Catalog__Variant placeholder = CATALOG__VARIANT__INIT, *variants[] = {&placeholder};
    if (before != NULL && *said.title == '\0')
        said.title = before->title;
    if (said.n_variants == 0) { /* one will be made */
        placeholder.sku = said.slug;
        said.variants = variants;
        said.n_variants = 1;
    }
    validate_message(&validation, &catalog__product__declaration, &said.base, NULL);
    return validation.count == 0;
}

static bool has_sku(const Catalog__Product *product, const char *sku)
{
    for (size_t i = 0; product != NULL && i < product->n_variants; i++)
        if (strcmp(product->variants[i]->sku, sku) == 0)
            return true;
    return false;
}

static void count_stock_left_out(struct import *import, const Catalog__Product *said, const Catalog__Product *before)
{
    for (size_t i = 0; before != NULL && i < said->n_variants; i++)
        import->report->stock_left_out += said->variants[i]->initial_stock > 0 && has_sku(before, said->variants[i]->sku);
}

/* First prices and stock are for new variants. */
static void strip_known_variants(struct arena *arena, const Catalog__Product *before, Catalog__Product *given)
{
    for (size_t i = 0; before != NULL && i < given->n_variants; i++) {
        Catalog__Variant *variant = given->variants[i];
        for (size_t j = 0; j < before->n_variants; j++)
            if (strcmp(before->variants[j]->sku, variant->sku) == 0 && (variant->n_prices > 0 || variant->initial_stock > 0)) {
                given->variants[i] = ARENA_NEW(arena, Catalog__Variant);
                *given->variants[i] = *variant;
                given->variants[i]->n_prices = 0;
                given->variants[i]->initial_stock = 0;
            }
    }
}

static bool prepare(struct import *import, const struct imported_product *imported, const Catalog__Product *before,
                    Catalog__Product *after)
{
    struct context *context = import->context;
    Catalog__Product given;
    if (!check_slug(import, imported) || !check_contents(import, before, imported))
        return false;
    import_merge(context->arena, import->file, imported, before, &given);
    strip_known_variants(context->arena, before, &given);
    count_stock_left_out(import, imported->product, before);
    given.n_categories = 0; /* the plan knows them, and also those yet to be made */
    const struct coming_skus coming = {&import->file->sku_lines, &import->bundles};
    if (product_prepare(context, &given, before, after) != RESULT_OK ||
        product_check_components(context, after, &coming) != RESULT_OK)
        return false;
    category_plan_refer(&import->categories, context, imported, before, after);
    return true;
}

/* --- what changes -------------------------------------------------------------------------------------------------- */

static bool field_differs(struct arena *arena, const Catalog__Product *a, const Catalog__Product *b, const char *field)
{
    char *paths[] = {arena_strdup(arena, field)};
    Google__Protobuf__FieldMask mask = GOOGLE__PROTOBUF__FIELD_MASK__INIT;
    Catalog__Product only_a = CATALOG__PRODUCT__INIT, only_b = CATALOG__PRODUCT__INIT;
    mask.n_paths = 1;
    mask.paths = paths;
    message_merge(&only_a.base, &a->base, &mask);
    message_merge(&only_b.base, &b->base, &mask);
    return !message_equal(arena, &only_a.base, &only_b.base);
}

static Catalog__ImportChange *change_new(struct import *import, const char *slug, const char *action)
{
    struct arena *arena = import->arena;
    Catalog__ImportChange *change = ARENA_NEW(arena, Catalog__ImportChange);
    catalog__import_change__init(change);
    change->slug = arena_strdup(arena, slug);
    change->action = action;
    ARENA_ROOM(arena, import->report->changes, import->report->n_changes);
    import->report->changes[import->report->n_changes++] = change;
    return change;
}

static void change_add_field(struct import *import, Catalog__ImportChange *change, const char *field)
{
    ARENA_ROOM(import->arena, change->fields, change->n_fields);
    change->fields[change->n_fields++] = field;
}

static void note_update(struct import *import, const Catalog__Product *before, const Catalog__ProductUpdated *updated)
{
    static const struct {
        const char *field, *name;
    } fields[] = {{"title", "title"},     {"description", "description"}, {"status", "status"}, {"categories", "categories"},
                  {"options", "options"}, {"images", "images"},           {"attributes", "attributes"}, {"variants", "variants"}};
    if (import->report->n_changes >= LIMIT_IMPORT_CHANGES)
        return;
    Catalog__ImportChange *change = change_new(import, before->slug, "update");
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (field_differs(import->context->arena, before, updated->product, fields[i].field))
            change_add_field(import, change, fields[i].name);
    if (updated->n_price_changes > 0)
        change_add_field(import, change, "prices");
}

/* --- planning ------------------------------------------------------------------------------------------------------ */

static void plan_event(struct import *import, const struct imported_product *imported, const char *id, int64_t version,
                       const ProtobufCMessage *event)
{
    ARENA_ROOM(import->arena, import->planned, import->planned_count);
    import->planned[import->planned_count++] = (struct planned_product){
        .id = arena_strdup(import->arena, id),
        .version = version,
        .line = imported->line,
        .rows = imported->rows,
        .event = message_pack(import->arena, event),
    };
}

static void plan_new(struct import *import, const struct imported_product *imported, Catalog__Product *after)
{
    Catalog__ProductCreated created = CATALOG__PRODUCT_CREATED__INIT;
    created.product = after;
    created.import_id = import->id;
    plan_event(import, imported, after->id, 0, &created.base);
    import->report->created++;
    if (import->report->n_changes < LIMIT_IMPORT_CHANGES)
        change_new(import, after->slug, "create");
}

static void plan_update(struct import *import, const struct imported_product *imported, const Catalog__Product *before,
                        Catalog__Product *after)
{
    Catalog__ProductUpdated updated = CATALOG__PRODUCT_UPDATED__INIT;
    updated.product = after;
    updated.import_id = import->id;
    import_price_changes(import->context, imported, before, &updated);
    if (updated.n_price_changes == 0 && message_equal(import->context->arena, &after->base, &before->base)) {
        import->report->unchanged++;
        return;
    }
    plan_event(import, imported, before->id, before->version, &updated.base);
    import->report->updated++;
    note_update(import, before, &updated);
}

static void plan_product(struct import *import, const struct imported_product *imported)
{
    struct tx *tx = import->context->tx;
    const char *id = SQL_STRING(tx, "SELECT id FROM product WHERE slug = ?1", sql_string(imported->product->slug));
    const Catalog__Product *before = id != NULL ? product_stored(tx, id) : NULL;
    Catalog__Product after;

    if (!prepare(import, imported, before, &after))
        leave_out(import, imported);
    else if (before == NULL)
        plan_new(import, imported, &after);
    else
        plan_update(import, imported, before, &after);
}

static void note_bundles(struct import *import)
{
    lookup_init(&import->bundles, import->arena);
    for (size_t i = 0; i < import->file->product_count; i++) {
        const Catalog__Product *product = import->file->products[i]->product;
        for (size_t v = 0; v < product->n_variants; v++)
            if (product->variants[v]->n_components > 0 && lookup_find(&import->bundles, text_of(product->variants[v]->sku)) == NULL)
                lookup_put(&import->bundles, text_of(product->variants[v]->sku), i);
    }
}

static void plan(struct import *import)
{
    note_bundles(import);
    struct scratch scratch;
    scratch_begin(&scratch, import->context);
    for (size_t i = 0; i < import->file->product_count; i++) {
        scratch_renew(&scratch);
        plan_product(import, import->file->products[i]);
    }
    scratch_end(&scratch);
}

/* --- what has changed since it was planned ------------------------------------------------------------------------- */

/* Its parts may have become bundles; that they are there at all was seen by the plan, or they come with the same file. */
static bool has_bundle_trouble(struct tx *tx, const Catalog__Variant *variant)
{
    if (variant->n_components > 0 && SQL_INT(tx, 0, "SELECT 1 FROM variant_component WHERE sku = ?1 LIMIT 1", sql_string(variant->sku)))
        return true;
    for (size_t i = 0; i < variant->n_components; i++)
        if (SQL_INT(tx, 0, "SELECT 1 FROM variant_component WHERE bundle = ?1 LIMIT 1", sql_string(variant->components[i]->sku)))
            return true;
    return false;
}

/* Why the product can't be taken as it was planned; NULL when it can. In the context's arena. */
static const char *conflict_of(struct context *context, const struct planned_product *planned, const Catalog__Product *product)
{
    struct tx *tx = context->tx;
    const char *owner = SQL_STRING(tx, "SELECT id FROM product WHERE slug = ?1", sql_string(product->slug));
    if (owner != NULL && strcmp(owner, planned->id) != 0)
        return arena_printf(context->arena, "Another product has got the slug `%s` meanwhile.", product->slug);
    if (planned->version != 0 &&
        SQL_INT(tx, 0, "SELECT version FROM product WHERE id = ?1", sql_string(planned->id)) != planned->version)
        return arena_printf(context->arena, "The product `%s` was changed or deleted meanwhile.", product->slug);
    for (size_t i = 0; i < product->n_variants; i++) {
        const char *sku = product->variants[i]->sku;
        owner = SQL_STRING(tx, "SELECT product_id FROM variant WHERE sku = ?1", sql_string(sku));
        if (owner != NULL && strcmp(owner, planned->id) != 0)
            return arena_printf(context->arena, "Another product has got the SKU `%s` meanwhile.", sku);
        if (has_bundle_trouble(tx, product->variants[i]))
            return arena_printf(context->arena, "What the bundle `%s` is made of has changed meanwhile.", sku);
    }
    return NULL;
}

/* In a list of its own, as the part may run again with what was before. */
static void drop_change(struct import *import, const char *slug)
{
    Catalog__Import *report = import->report;
    Catalog__ImportChange **changes = ARENA_ARRAY(import->arena, Catalog__ImportChange *, report->n_changes);
    size_t kept = 0;
    for (size_t i = 0; i < report->n_changes; i++)
        if (strcmp(report->changes[i]->slug, slug) != 0)
            changes[kept++] = report->changes[i];
    report->changes = changes;
    report->n_changes = kept;
}

static void report_conflict(struct import *import, const struct planned_product *planned, const Catalog__Product *product,
                            const char *conflict)
{
    Catalog__Import *report = import->report;
    import_problem_add(&import->problems, planned->line, "", "conflict", "%s", conflict);
    report->problems = import->problems.items;
    report->n_problems = import->problems.kept;
    report->skipped += planned->rows;
    report->variants -= (int64_t)product->n_variants;
    *(planned->version == 0 ? &report->created : &report->updated) -= 1;
    drop_change(import, product->slug);
}

/* What others have made since must not have the slugs of the categories that this makes: then nothing is taken. */
static enum result check_categories(struct import *import)
{
    for (size_t i = 0; i < import->categories.made_count; i++)
        if (SQL_INT(import->context->tx, 0, "SELECT 1 FROM category WHERE slug = ?1", sql_string(import->categories.made[i]->slug)))
            return call_refuse(import->context->call, RESULT_CONFLICT,
                               "Nothing was imported: somebody else has made the category `%s` meanwhile. Try again.",
                               import->categories.made[i]->slug);
    return RESULT_OK;
}

/* --- doing it ------------------------------------------------------------------------------------------------------ */

static void emit_categories(struct import *import)
{
    for (size_t i = 0; i < import->categories.made_count; i++) {
        Catalog__CategoryCreated created = CATALOG__CATEGORY_CREATED__INIT;
        created.category = import->categories.made[i];
        created.import_id = import->id;
        catalog_emit_category_created(import->context, created.category->id, &created);
    }
}

static void take_new(struct import *import, const struct planned_product *planned, size_t *variants)
{
    struct context *context = import->context;
    const Catalog__ProductCreated *created = (const Catalog__ProductCreated *)message_unpack(
        context->arena, &catalog__product_created__descriptor, planned->event);
    const char *conflict = conflict_of(context, planned, created->product);
    if (conflict != NULL)
        report_conflict(import, planned, created->product, conflict);
    else
        catalog_emit_product_created(context, planned->id, created);
    *variants += created->product->n_variants;
}

static void take_update(struct import *import, const struct planned_product *planned, size_t *variants)
{
    struct context *context = import->context;
    const Catalog__ProductUpdated *updated = (const Catalog__ProductUpdated *)message_unpack(
        context->arena, &catalog__product_updated__descriptor, planned->event);
    const char *conflict = conflict_of(context, planned, updated->product);
    if (conflict != NULL)
        report_conflict(import, planned, updated->product, conflict);
    else
        catalog_emit_product_updated(context, planned->id, updated);
    *variants += updated->product->n_variants;
}

static bool part_is_full(const struct import *import, size_t variants)
{
    return variants >= LIMIT_IMPORT_PART_VARIANTS ||
           (variants >= LIMIT_IMPORT_PART_VARIANTS_MIN && context_part_is_over(import->context));
}

static void take_products(struct import *import)
{
    struct scratch scratch;
    size_t variants = 0;
    scratch_begin(&scratch, import->context);
    while (import->taken < import->planned_count && !part_is_full(import, variants)) {
        const struct planned_product *planned = &import->planned[import->taken++];
        scratch_renew(&scratch);
        if (planned->version == 0)
            take_new(import, planned, &variants);
        else
            take_update(import, planned, &variants);
    }
    scratch_end(&scratch);
}

static void emit_begun(struct import *import)
{
    Catalog__ImportBegun begun = CATALOG__IMPORT_BEGUN__INIT;
    import->report->status = CATALOG__IMPORT_STATUS__IMPORT_STATUS_RUNNING;
    begun.import = import->report;
    catalog_emit_import_begun(import->context, import->id, &begun);
}

static void emit_went_on(struct import *import)
{
    Catalog__ImportWentOn went_on = CATALOG__IMPORT_WENT_ON__INIT;
    went_on.products = (int64_t)import->taken;
    catalog_emit_import_went_on(import->context, import->id, &went_on);
}

static void emit_done(struct import *import)
{
    Catalog__ImportDone done = CATALOG__IMPORT_DONE__INIT;
    import->report->status = CATALOG__IMPORT_STATUS__IMPORT_STATUS_DONE;
    done.import = import->report;
    catalog_emit_import_done(import->context, import->id, &done);
}

static bool is_running(struct tx *tx, const char *id)
{
    Catalog__Import import = CATALOG__IMPORT__INIT;
    return import_load(tx, id, &import) && import.status == CATALOG__IMPORT_STATUS__IMPORT_STATUS_RUNNING;
}

static enum result begin(struct import *import)
{
    enum result result = check_categories(import);
    if (result != RESULT_OK)
        return result;
    context_expect(import->context, import->categories.made_count + import->planned_count + 1);
    emit_categories(import);
    return RESULT_OK;
}

/* Go back to where the parts that are in the store have left it. What came to be known of the changes is known again. */
static void begin_part(struct import *import, struct context *context)
{
    import->context = context;
    if (import->taken > 0 && context_part(context) == import->part) {
        import->taken = import->taken_before;
        import->problems = import->problems_before;
        *import->report = import->report_before;
        return;
    }
    import->part = context_part(context);
    import->taken_before = import->taken;
    import->problems_before = import->problems;
    import->report_before = *import->report;
}

static enum result take_part(struct context *context, void *work, bool *more)
{
    struct import *import = work;
    bool is_first = context_part(context) == 0;
    begin_part(import, context);
    if (!is_first && !is_running(context->tx, import->id))
        return call_refuse(context->call, RESULT_CONFLICT, "It stood still for too long, and was taken back. Try again.");
    enum result result = is_first ? begin(import) : RESULT_OK;
    if (result != RESULT_OK)
        return result;

    take_products(import);
    *more = import->taken < import->planned_count;
    if (*more && is_first)
        emit_begun(import);
    else if (*more)
        emit_went_on(import);
    else
        emit_done(import);
    if (!*more)
        import_load(context->tx, import->id, import->report);
    return RESULT_OK;
}

/* --- the answer ---------------------------------------------------------------------------------------------------- */

static void complete_report(struct import *import, bool refused, bool dry_run)
{
    const struct import_file *file = import->file;
    Catalog__Import *report = import->report;
    report->status = refused ? CATALOG__IMPORT_STATUS__IMPORT_STATUS_REFUSED
                             : (dry_run ? CATALOG__IMPORT_STATUS__IMPORT_STATUS_DRY_RUN
                                        : CATALOG__IMPORT_STATUS__IMPORT_STATUS_DONE);
    report->format = file->format != NULL ? file->format : "";
    report->variants = file->variants;
    report->skipped = file->skipped;
    report->problems = file->problems.items;
    report->n_problems = file->problems.kept;
    report->created_at = timestamp_message(import->arena, import->context->now_us);
}

static const char *problem_pointer(struct arena *arena, const Catalog__ImportProblem *problem)
{
    struct text column = text_of(problem->column);
    struct pointer line = {.index = (size_t)problem->line}, at = {.up = &line, .name = column};
    return pointer_text(column.length > 0 ? &at : &line, arena);
}

static enum result refuse(struct import *import)
{
    struct call *call = import->context->call;
    const struct import_problems *problems = &import->file->problems;
    for (size_t i = 0; i < problems->kept; i++)
        call_violation(call, problem_pointer(call->arena, problems->items[i]), problems->items[i]->code, "%s",
                       problems->items[i]->detail);
    return call_refuse(call, RESULT_VALIDATION_FAILED, "Nothing was imported: the file has %" PRId64 " problem%s.",
                       problems->count, problems->count == 1 ? "" : "s");
}

static void read_file(struct import *import, const Catalog__ImportProductsRequest *request, const char *currency)
{
    struct text bytes = {(const char *)request->file.data, request->file.len};
    import->file_arena = arena_new(LIMIT_BULK_ARENA);
    import->file = import_file_read(import->file_arena, import->arena, bytes, request->format, currency);
}

static void file_free(struct import *import)
{
    arena_free(import->file_arena);
    import->file_arena = NULL;
    import->file = NULL;
}

/* Read and check everything; what comes of it is in the report. */
static enum result prepare_all(struct import *import, const Catalog__ImportProductsRequest *request)
{
    const struct import_file *file = import->file;
    plan(import);
    import_problems_sort(&import->file->problems);

    bool refused = file->problems.count > 0 && (!request->skip_bad_rows || file->product_count == 0);
    if (refused && !request->dry_run)
        return refuse(import);
    if (!request->dry_run)
        import->report->id = import->id;
    complete_report(import, refused, request->dry_run);
    return RESULT_OK;
}

enum result catalog_import_products(struct context *context, const Catalog__ImportProductsRequest *request,
                                    Catalog__Import *answer)
{
    const char *currency = *request->currency != '\0' ? request->currency : SHOP_DEFAULT_CURRENCY;
    struct import *import = ARENA_NEW(context->arena, struct import);
    *import = (struct import){.context = context, .arena = context->arena, .report = answer};

    if (currency_exponent(text_of(currency)) < 0)
        return call_violation(context->call, "?currency", "format", "`%s` is not a currency of ISO 4217.", currency);
    import->id = context_new_id(context);
    category_plan_init(&import->categories, context->arena);
    read_file(import, request, currency);
    enum result result = prepare_all(import, request);
    import->problems = import->file->problems; /* they live as long as the call */
    file_free(import);
    if (result == RESULT_OK && !request->dry_run)
        context_in_parts(context, take_part, import);
    return result;
}
