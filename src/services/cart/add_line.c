/*
 * cart.add_line: put something into the cart. A SKU that is there already gets more of it.
 */
#include "services/cart/cart_internal.h"

#include "base/id.h"
#include "souk/catalog/v1/catalog.client.h"

static const Cart__AddLineRequest *request_of(const struct saga_run *run)
{
    return (const Cart__AddLineRequest *)run->request;
}

static void refuse_unknown(struct saga_run *run)
{
    struct violation violation = {.pointer = "/sku", .code = "not_found", .detail = "The shop has no such SKU."};
    struct problem problem = {.result = RESULT_NOT_FOUND, .violations = &violation};

    problem.detail = arena_printf(run->arena, "The shop has no `%s`.", request_of(run)->sku);
    saga_refuse_as(run, &problem);
}

/* A line of the variant, as an invoice will name it. */
static Cart__StoredLine line_of(struct saga_run *run, const Catalog__SellableVariant *variant)
{
    Cart__StoredLine line = CART__STORED_LINE__INIT;
    char *id = ARENA_ARRAY(run->arena, char, ID_LENGTH + 1);

    env_new_id(run->call->home->env, id);
    line.id = id;
    line.sku = request_of(run)->sku;
    line.product_id = variant->product_id;
    line.title = variant->title;
    line.image_url = variant->image_url;
    line.weight_grams = variant->weight_grams;
    line.digital = variant->digital;
    line.tax_category = variant->tax_category;
    return line;
}

static void on_variants(struct saga_run *run, const Catalog__BatchGetVariantsResponse *variants)
{
    const Cart__StoredLine *there = stored_cart_line_of_sku(work_of(run)->before, request_of(run)->sku);
    Cart__StoredLine line;

    if (variants->n_items == 0) {
        refuse_unknown(run);
        return;
    }
    line = line_of(run, variants->items[0]);
    if (there)
        line.id = there->id;
    if (!line_work_add(run, there, request_of(run)->quantity, &line.quantity))
        return;
    line_work_begin(run, &line);
    work_of(run)->put->add = true;
    line_work_decide(run);
}

static void on_loaded(struct saga_run *run, const Cart__StoredCart *cart)
{
    Catalog__BatchGetVariantsRequest request = CATALOG__BATCH_GET_VARIANTS_REQUEST__INIT;
    const char *sku = request_of(run)->sku;

    if (!work_begin_change(run, cart))
        return;
    request.n_skus = 1;
    request.skus = &sku;
    call_catalog_batch_get_variants(run, &request, on_variants);
}

static void decide(struct saga_run *run)
{
    work_load(run, request_of(run)->cart, on_loaded);
}

static const struct saga_step steps[] = {
    {"look it up", decide, NULL},
    LINE_WORK_STEPS,
};
const struct saga cart_add_line = CART_SAGA(steps);
