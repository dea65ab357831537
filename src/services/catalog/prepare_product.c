/*
 * What a product is before it becomes an event: checked against the rest of the catalogue, and complete.
 *
 * In this order: slug, categories, options, variants. Only what needs the catalogue's state is checked here; lengths and formats are the
 * gate's work.
 */
#include "services/catalog/catalog_internal.h"

#include "base/assert.h"
#include "base/id.h"

#include <string.h>

/* A product's slugs end in -2, -3 … where titles are the same; past this many, whoever creates them must choose. */
#define SLUG_TRIES 1000

static bool slug_is_free(struct tx *tx, const char *slug, const char *own_id)
{
    const char *owner = SQL_STRING(tx, "SELECT id FROM product WHERE slug = ?1", sql_string(slug));

    return !owner || strcmp(owner, own_id) == 0;
}

static enum result choose_slug(struct context *context, Catalog__Product *product)
{
    char base[81];
    const char *slug;

    if (*product->slug) {
        if (slug_is_free(context->tx, product->slug, product->id))
            return RESULT_OK;
        call_violation(context->call, "/slug", "already_exists", "Another product has the slug `%s`.", product->slug);
        return call_refuse(context->call, RESULT_ALREADY_EXISTS, "Another product has the slug `%s`.", product->slug);
    }
    slug_from_title(text_of(product->title), base);
    if (!*base)
        strcpy(base, "product");
    slug = arena_strdup(context->arena, base);
    for (int n = 2; !slug_is_free(context->tx, slug, product->id); n++) {
        if (n > SLUG_TRIES)
            return call_violation(context->call, "/slug", "required",
                                  "Too many products are called `%s`: choose a slug.", product->title);
        slug = arena_printf(context->arena, "%s-%d", base, n);
    }
    product->slug = slug;
    return RESULT_OK;
}

static enum result resolve_categories(struct context *context, Catalog__Product *product)
{
    Catalog__CategoryReference **resolved =
        ARENA_ARRAY(context->arena, Catalog__CategoryReference *, product->n_categories);

    for (size_t i = 0; i < product->n_categories; i++) {
        const Catalog__CategoryReference *given = product->categories[i];
        const char *named = *given->id ? given->id : given->slug;
        const char *id = category_find(context->tx, named);

        if (!id)
            return call_violation(context->call,
                                  arena_printf(context->arena, "/categories/%zu/%s", i, *given->id ? "id" : "slug"),
                                  "not_found", "There is no category `%s`.", named);
        resolved[i] = ARENA_NEW(context->arena, Catalog__CategoryReference);
        catalog__category_reference__init(resolved[i]);
        resolved[i]->id = id;
    }
    product->categories = resolved;
    return RESULT_OK;
}

static const char *option_value(const Catalog__Variant *variant, const char *name)
{
    for (size_t i = 0; i < variant->n_options; i++)
        if (strcmp(variant->options[i]->key, name) == 0)
            return variant->options[i]->value;
    return NULL;
}

static Catalog__ProductOption *find_option(const Catalog__Product *product, const char *name)
{
    for (size_t i = 0; i < product->n_options; i++)
        if (strcmp(product->options[i]->name, name) == 0)
            return product->options[i];
    return NULL;
}

static void add_option_value(struct arena *arena, Catalog__ProductOption *option, const char *value)
{
    const char **values;

    for (size_t i = 0; i < option->n_values; i++)
        if (strcmp(option->values[i], value) == 0)
            return;
    values = ARENA_ARRAY(arena, const char *, option->n_values + 1);
    for (size_t i = 0; i < option->n_values; i++)
        values[i] = option->values[i];
    values[option->n_values] = value;
    option->values = values;
    option->n_values++;
}

/* Options keep the order they were given in; what only variants name comes after. */
static void complete_options(struct arena *arena, Catalog__Product *product)
{
    size_t most = product->n_options;
    Catalog__ProductOption **options;

    for (size_t v = 0; v < product->n_variants; v++)
        most += product->variants[v]->n_options;
    options = ARENA_ARRAY(arena, Catalog__ProductOption *, most);
    for (size_t i = 0; i < product->n_options; i++) {
        options[i] = ARENA_NEW(arena, Catalog__ProductOption);
        *options[i] = *product->options[i];
    }
    product->options = options;
    for (size_t v = 0; v < product->n_variants; v++)
        for (size_t o = 0; o < product->variants[v]->n_options; o++) {
            const Catalog__Variant__OptionsEntry *entry = product->variants[v]->options[o];
            Catalog__ProductOption *option = find_option(product, entry->key);

            if (!option) {
                option = ARENA_NEW(arena, Catalog__ProductOption);
                catalog__product_option__init(option);
                option->name = entry->key;
                product->options[product->n_options++] = option;
            }
            add_option_value(arena, option, entry->value);
        }
}

/* "Red / L", in the order of the product's options. */
static const char *variant_title(struct arena *arena, const Catalog__Product *product,
                                 const Catalog__Variant *variant)
{
    const char *title = "";

    for (size_t i = 0; i < product->n_options; i++) {
        const char *value = option_value(variant, product->options[i]->name);

        if (value)
            title = *title ? arena_printf(arena, "%s / %s", title, value) : value;
    }
    return *title ? title : product->title;
}

static bool same_options(const Catalog__Variant *a, const Catalog__Variant *b)
{
    if (a->n_options != b->n_options)
        return false;
    for (size_t i = 0; i < a->n_options; i++) {
        const char *other = option_value(b, a->options[i]->key);

        if (!other || strcmp(other, a->options[i]->value) != 0)
            return false;
    }
    return true;
}

/* One first price in each currency: of two, nobody could say which one counts. */
static enum result check_prices(struct context *context, size_t index, const Catalog__Variant *variant)
{
    for (size_t i = 0; i < variant->n_prices; i++)
        for (size_t j = 0; j < i; j++)
            if (strcmp(variant->prices[i]->currency, variant->prices[j]->currency) == 0)
                return call_violation(context->call, arena_printf(context->arena, "/variants/%zu/prices/%zu", index, i),
                                      "duplicate", "Price %zu has the same currency.", j);
    return RESULT_OK;
}

static enum result check_variants(struct context *context, const Catalog__Product *product)
{
    for (size_t i = 0; i < product->n_variants; i++) {
        const Catalog__Variant *variant = product->variants[i];
        const char *owner;

        for (size_t j = 0; j < i; j++) {
            if (strcmp(product->variants[j]->sku, variant->sku) == 0)
                return call_violation(context->call, arena_printf(context->arena, "/variants/%zu/sku", i), "duplicate",
                                      "`%s` is the SKU of variant %zu, too.", variant->sku, j);
            if (same_options(product->variants[j], variant))
                return call_violation(context->call, arena_printf(context->arena, "/variants/%zu/options", i),
                                      "duplicate", "Variant %zu has the same options.", j);
        }
        owner = SQL_STRING(context->tx, "SELECT product_id FROM variant WHERE sku = ?1", sql_string(variant->sku));
        if (owner && strcmp(owner, product->id) != 0) {
            call_violation(context->call, arena_printf(context->arena, "/variants/%zu/sku", i), "already_exists",
                           "Another product has the SKU `%s`.", variant->sku);
            return call_refuse(context->call, RESULT_ALREADY_EXISTS, "Another product has the SKU `%s`.", variant->sku);
        }
        enum result result = check_prices(context, i, variant);
        if (result)
            return result;
    }
    return RESULT_OK;
}

static const Catalog__Variant *variant_before(const Catalog__Product *before, const char *sku)
{
    for (size_t i = 0; before && i < before->n_variants; i++)
        if (strcmp(before->variants[i]->sku, sku) == 0)
            return before->variants[i];
    return NULL;
}

/* Fill in ids and titles; first prices stay with new variants only: later ones are pricing's. */
static enum result complete_variants(struct context *context, const Catalog__Product *before, Catalog__Product *product)
{
    Catalog__Variant **variants = ARENA_ARRAY(context->arena, Catalog__Variant *, product->n_variants);

    for (size_t i = 0; i < product->n_variants; i++) {
        const Catalog__Variant *known = variant_before(before, product->variants[i]->sku);
        Catalog__Variant *variant = variants[i] = ARENA_NEW(context->arena, Catalog__Variant);

        *variant = *product->variants[i];
        if (known && variant->n_prices)
            return call_violation(context->call, arena_printf(context->arena, "/variants/%zu/prices", i), "immutable",
                                  "Prices of a known SKU change with PUT /v1/prices/%s.", variant->sku);
        variant->id = known ? known->id : context_new_id(context);
        if (!*variant->title)
            variant->title = variant_title(context->arena, product, variant);
        variant->price = variant->compare_at_price = NULL;
        variant->available = 0;
    }
    product->variants = variants;
    return RESULT_OK;
}

enum result product_prepare(struct context *context, const Catalog__Product *given, const Catalog__Product *before,
                            Catalog__Product *after)
{
    enum result result;

    *after = *given;
    after->id = before ? before->id : context_new_id(context);
    after->version = before ? before->version : 0;
    after->created_at = before ? before->created_at : NULL;
    after->updated_at = before ? before->updated_at : NULL;
    after->rating = NULL;
    if (after->status == CATALOG__PRODUCT_STATUS__PRODUCT_STATUS_UNSPECIFIED)
        after->status = CATALOG__PRODUCT_STATUS__PRODUCT_STATUS_DRAFT;

    result = choose_slug(context, after);
    if (!result)
        result = resolve_categories(context, after);
    if (!result)
        result = check_variants(context, after);
    if (result)
        return result;
    complete_options(context->arena, after);
    return complete_variants(context, before, after);
}
