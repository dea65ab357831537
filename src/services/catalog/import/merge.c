/*
 * Merging what a file says into what the catalogue has.
 *
 * The order of things is the file's where it names them, then that of before, so that the same file again gives the same product.
 */
#include "services/catalog/import/merge.h"

#include <string.h>

static const char *or_before(const char *given, const char *before)
{
    return *given != '\0' ? given : before;
}

/* --- variants ------------------------------------------------------------------------------------------------------ */

static Catalog__Variant *find_variant(const Catalog__Product *product, const char *sku)
{
    for (size_t i = 0; product != NULL && i < product->n_variants; i++)
        if (strcmp(product->variants[i]->sku, sku) == 0)
            return product->variants[i];
    return NULL;
}

static bool has_option(const Catalog__Variant *variant, const Catalog__Variant__OptionsEntry *option)
{
    for (size_t i = 0; i < variant->n_options; i++)
        if (strcmp(variant->options[i]->key, option->key) == 0 && strcmp(variant->options[i]->value, option->value) == 0)
            return true;
    return false;
}

static bool same_options(const Catalog__Variant *a, const Catalog__Variant *b)
{
    if (a->n_options != b->n_options)
        return false;
    for (size_t i = 0; i < a->n_options; i++)
        if (!has_option(b, a->options[i]))
            return false;
    return true;
}

static void merge_variant_attributes(struct arena *arena, const Catalog__Variant *given, Catalog__Variant *merged)
{
    const Catalog__Variant before = *merged;
    merged->attributes =
        ARENA_ARRAY(arena, Catalog__Variant__AttributesEntry *, before.n_attributes + given->n_attributes);
    merged->n_attributes = 0;
    for (size_t i = 0; i < before.n_attributes; i++)
        merged->attributes[merged->n_attributes++] = before.attributes[i];
    for (size_t i = 0; i < given->n_attributes; i++) {
        size_t at = 0;
        while (at < before.n_attributes && strcmp(before.attributes[at]->key, given->attributes[i]->key) != 0)
            at++;
        merged->attributes[at < before.n_attributes ? at : merged->n_attributes++] = given->attributes[i];
    }
}

static Catalog__Variant *merge_variant(struct arena *arena, const struct import_file *file, const Catalog__Variant *given,
                                       const Catalog__Variant *before)
{
    Catalog__Variant *merged = ARENA_NEW(arena, Catalog__Variant);
    *merged = *before;
    if (given->n_options > 0 && !same_options(given, before)) {
        merged->options = given->options;
        merged->n_options = given->n_options;
        merged->title = "";
    }
    if (merged->n_options == 0)
        merged->title = ""; /* the product's own, whatever it is now */
    if (*given->title != '\0')
        merged->title = given->title;
    if (given->n_components > 0) {
        merged->components = given->components;
        merged->n_components = given->n_components;
    }
    merged->barcode = or_before(given->barcode, before->barcode);
    merged->image_url = or_before(given->image_url, before->image_url);
    merged->tax_category = or_before(given->tax_category, before->tax_category);
    if (given->weight_grams > 0)
        merged->weight_grams = given->weight_grams;
    if (import_says(file, IMPORT_REQUIRES_SHIPPING) || import_says(file, IMPORT_DIGITAL))
        merged->digital = given->digital;
    merge_variant_attributes(arena, given, merged);
    return merged;
}

static void merge_variants(struct arena *arena, const struct import_file *file, const Catalog__Product *from,
                           const Catalog__Product *before, Catalog__Product *given)
{
    size_t before_count = before != NULL ? before->n_variants : 0;
    given->variants = ARENA_ARRAY(arena, Catalog__Variant *, from->n_variants + before_count + 1);
    given->n_variants = 0;
    for (size_t i = 0; i < from->n_variants; i++) {
        const Catalog__Variant *known = find_variant(before, from->variants[i]->sku);
        given->variants[given->n_variants++] =
            known != NULL ? merge_variant(arena, file, from->variants[i], known) : from->variants[i];
    }
    for (size_t i = 0; i < before_count; i++)
        if (find_variant(from, before->variants[i]->sku) == NULL)
            given->variants[given->n_variants++] = before->variants[i];
    if (given->n_variants > 0)
        return;
    Catalog__Variant *only = ARENA_NEW(arena, Catalog__Variant);
    catalog__variant__init(only);
    only->sku = from->slug;
    given->variants[given->n_variants++] = only;
}

/* --- the rest ------------------------------------------------------------------------------------------------------ */

static bool names_options_alike(const Catalog__Product *a, const Catalog__Product *b)
{
    if (a->n_options != b->n_options)
        return false;
    for (size_t i = 0; i < a->n_options; i++)
        if (strcmp(a->options[i]->name, b->options[i]->name) != 0)
            return false;
    return true;
}

/* Pixels are not in most files: a picture that was there keeps them. */
static void merge_images(const Catalog__Product *before, Catalog__Product *given)
{
    for (size_t i = 0; i < given->n_images; i++)
        for (size_t j = 0; j < before->n_images; j++)
            if (given->images[i]->width == 0 && strcmp(given->images[i]->url, before->images[j]->url) == 0) {
                given->images[i]->width = before->images[j]->width;
                given->images[i]->height = before->images[j]->height;
            }
    if (given->n_images == 0) {
        given->images = before->images;
        given->n_images = before->n_images;
    }
}

static void merge_attributes(struct arena *arena, const Catalog__Product *before, Catalog__Product *given)
{
    const Catalog__Product from = *given;
    given->attributes = ARENA_ARRAY(arena, Catalog__Product__AttributesEntry *, before->n_attributes + from.n_attributes);
    given->n_attributes = 0;
    for (size_t i = 0; i < before->n_attributes; i++)
        given->attributes[given->n_attributes++] = before->attributes[i];
    for (size_t i = 0; i < from.n_attributes; i++) {
        size_t at = 0;
        while (at < before->n_attributes && strcmp(before->attributes[at]->key, from.attributes[i]->key) != 0)
            at++;
        given->attributes[at < before->n_attributes ? at : given->n_attributes++] = from.attributes[i];
    }
}

static void merge_product(struct arena *arena, const Catalog__Product *before, Catalog__Product *given)
{
    given->title = or_before(given->title, before->title);
    given->description = or_before(given->description, before->description);
    if (!given->status)
        given->status = before->status;
    if (given->n_options == 0 || names_options_alike(given, before)) {
        given->options = before->options;
        given->n_options = before->n_options;
    }
    merge_images(before, given);
    merge_attributes(arena, before, given);
}

void import_merge(struct arena *arena, const struct import_file *file, const struct imported_product *imported,
                  const Catalog__Product *before, Catalog__Product *given)
{
    *given = *imported->product;
    if (before != NULL)
        merge_product(arena, before, given);
    else if (!given->status)
        given->status = CATALOG__PRODUCT_STATUS__PRODUCT_STATUS_PUBLISHED;
    merge_variants(arena, file, imported->product, before, given);
}
