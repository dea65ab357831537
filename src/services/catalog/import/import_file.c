/*
 * What all readers share: the file being gathered, and values as merchants write them.
 */
#include "services/catalog/import/import_file.h"

#include "base/id.h"
#include "base/limits.h"
#include "base/money.h"
#include "services/catalog/import/readers.h"

#include <stdio.h>

/* --- problems ------------------------------------------------------------------------------------------------------ */

void import_problem_add(struct import_problems *problems, int64_t line, const char *column, const char *code,
                        const char *detail, ...)
{
    va_list arguments;
    if (problems->count++ >= LIMIT_IMPORT_PROBLEMS)
        return;
    Catalog__ImportProblem *problem = ARENA_NEW(problems->arena, Catalog__ImportProblem);
    catalog__import_problem__init(problem);
    problem->line = line;
    problem->column = arena_strdup(problems->arena, column);
    problem->code = code;
    va_start(arguments, detail);
    problem->detail = arena_vprintf(problems->arena, detail, arguments);
    va_end(arguments);
    ARENA_ROOM(problems->arena, problems->items, problems->kept);
    problems->items[problems->kept++] = problem;
}

/* Most are in order already. */
void import_problems_sort(struct import_problems *problems)
{
    for (size_t i = 1; i < problems->kept; i++) {
        Catalog__ImportProblem *problem = problems->items[i];
        size_t at = i;
        for (; at > 0 && problems->items[at - 1]->line > problem->line; at--)
            problems->items[at] = problems->items[at - 1];
        problems->items[at] = problem;
    }
}

/* --- gathering ----------------------------------------------------------------------------------------------------- */

struct imported_product *import_product_of(struct import_file *file, struct text slug, int64_t line)
{
    const size_t *known = lookup_find(&file->by_slug, slug);
    if (known != NULL)
        return file->products[*known];

    struct imported_product *imported = ARENA_NEW(file->arena, struct imported_product);
    imported->line = line;
    imported->product = ARENA_NEW(file->arena, Catalog__Product);
    catalog__product__init(imported->product);
    imported->product->slug = arena_strndup(file->arena, slug.at, slug.length);
    lookup_put(&file->by_slug, text_of(imported->product->slug), file->product_count);
    ARENA_ROOM(file->arena, file->products, file->product_count);
    file->products[file->product_count++] = imported;
    return imported;
}

Catalog__Variant *import_variant_add(struct import_file *file, struct imported_product *imported, int64_t line)
{
    Catalog__Product *product = imported->product;
    Catalog__Variant *variant = ARENA_NEW(file->arena, Catalog__Variant);
    catalog__variant__init(variant);
    ARENA_ROOM(file->arena, imported->variant_lines, product->n_variants);
    imported->variant_lines[product->n_variants] = line;
    ARENA_ROOM(file->arena, product->variants, product->n_variants);
    product->variants[product->n_variants++] = variant;
    file->variants++;
    return variant;
}

void import_price_add(struct import_file *file, Catalog__Variant *variant, const char *currency, int64_t amount,
                      int64_t compare_at_amount)
{
    Catalog__InitialPrice *price = ARENA_NEW(file->arena, Catalog__InitialPrice);
    catalog__initial_price__init(price);
    price->currency = currency;
    price->amount = amount;
    price->compare_at_amount = compare_at_amount;
    ARENA_ROOM(file->arena, variant->prices, variant->n_prices);
    variant->prices[variant->n_prices++] = price;
}

/* Keeps the positions in order; those without one come last, as they come. */
void import_image_add(struct import_file *file, struct imported_product *imported, const char *url, const char *alt,
                      int64_t position)
{
    Catalog__Product *product = imported->product;
    Catalog__Image *image = ARENA_NEW(file->arena, Catalog__Image);
    size_t at = product->n_images;
    catalog__image__init(image);
    image->url = url;
    image->alt = alt;
    ARENA_ROOM(file->arena, product->images, product->n_images);
    ARENA_ROOM(file->arena, imported->image_positions, product->n_images);
    while (position > 0 && at > 0 &&
           (imported->image_positions[at - 1] == 0 || imported->image_positions[at - 1] > position)) {
        product->images[at] = product->images[at - 1];
        imported->image_positions[at] = imported->image_positions[at - 1];
        at--;
    }
    product->images[at] = image;
    imported->image_positions[at] = position;
    product->n_images++;
}

static bool same_path(const struct category_path *a, const struct category_path *b)
{
    if (a->depth != b->depth)
        return false;
    for (size_t i = 0; i < a->depth; i++)
        if (strcmp(a->names[i], b->names[i]) != 0)
            return false;
    return true;
}

void import_path_add(struct import_file *file, struct imported_product *imported, struct text path, const char *separator)
{
    struct category_path added = {0};
    size_t separator_length = strlen(separator);
    while (path.length > 0) {
        const char *end = memmem(path.at, path.length, separator, separator_length);
        size_t length = end != NULL ? (size_t)(end - path.at) : path.length;
        size_t passed = end != NULL ? length + separator_length : length;
        struct text name = text_trim((struct text){path.at, length});
        if (name.length > 0) {
            ARENA_ROOM(file->arena, added.names, added.depth);
            added.names[added.depth++] = arena_strndup(file->arena, name.at, name.length);
        }
        path = (struct text){path.at + passed, path.length - passed};
    }
    for (size_t i = 0; i < imported->path_count; i++)
        if (same_path(&imported->paths[i], &added))
            return;
    if (added.depth == 0)
        return;
    ARENA_ROOM(file->arena, imported->paths, imported->path_count);
    imported->paths[imported->path_count++] = added;
}

static Catalog__Product__AttributesEntry *find_attribute(const Catalog__Product *product, const char *name)
{
    for (size_t i = 0; i < product->n_attributes; i++)
        if (strcmp(product->attributes[i]->key, name) == 0)
            return product->attributes[i];
    return NULL;
}

const char *import_attribute(const Catalog__Product *product, const char *name)
{
    const Catalog__Product__AttributesEntry *entry = find_attribute(product, name);
    return entry != NULL ? entry->value : NULL;
}

void import_attribute_set(struct import_file *file, Catalog__Product *product, const char *name, const char *value)
{
    Catalog__Product__AttributesEntry *entry = find_attribute(product, name);
    if (entry == NULL) {
        entry = ARENA_NEW(file->arena, Catalog__Product__AttributesEntry);
        catalog__product__attributes_entry__init(entry);
        entry->key = name;
        ARENA_ROOM(file->arena, product->attributes, product->n_attributes);
        product->attributes[product->n_attributes++] = entry;
    }
    entry->value = value;
}

const char *import_sku_make(struct arena *arena, const char *slug, const Catalog__Variant *variant)
{
    const char *sku = slug;
    char word[81];
    for (size_t i = 0; i < variant->n_options; i++) {
        slug_from_title(text_of(variant->options[i]->value), word);
        if (*word != '\0')
            sku = arena_printf(arena, "%s-%s", sku, word);
    }
    return sku;
}

/* --- values -------------------------------------------------------------------------------------------------------- */

bool import_amount(struct text text, const char *currency, int64_t *amount)
{
    return money_parse(text, currency_exponent(text_of(currency)), amount) && *amount >= 0 && *amount <= MONEY_MAX;
}

/* A decimal number as millionths, so that any unit of weight is exact enough. */
static bool millionths(struct text text, int64_t *value)
{
    const char *dot = memchr(text.at, '.', text.length);
    size_t whole = dot != NULL ? (size_t)(dot - text.at) : text.length;
    if (text.length > whole + 7)
        text.length = whole + 7; /* what is finer than a millionth */
    return money_parse(text, 6, value) && *value >= 0;
}

bool import_grams(struct text text, struct text unit, int64_t *grams)
{
    static const struct {
        const char *unit;
        int64_t micrograms;
    } units[] = {{"", 1000000}, {"g", 1000000}, {"kg", 1000000000}, {"lb", 453592370}, {"lbs", 453592370}, {"oz", 28349523}};
    int64_t value;
    if (!millionths(text, &value))
        return false;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (text_equal_ignoring_case(unit, text_of(units[i].unit)))
            return money_scale(value, units[i].micrograms, INT64_C(1000000000000), grams);
    return false;
}

bool import_bool(struct text text, bool *value)
{
    static const char *const yes[] = {"true", "yes", "1"}, *const no[] = {"false", "no", "0"};
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
        *value = text_equal_ignoring_case(text, text_of(yes[i]));
        if (*value || text_equal_ignoring_case(text, text_of(no[i])))
            return true;
    }
    return false;
}

/* --- the whole file ------------------------------------------------------------------------------------------------ */

/* Another format than was asked for: nothing of it is taken. */
static void refuse_format(struct import_file *file, const char *format)
{
    import_problem_add(&file->problems, 1, "", "unexpected_format", "This is a file of the format `%s`, not `%s`.", file->format, format);
    file->product_count = 0;
}

struct import_file *import_file_read(struct arena *arena, struct arena *report, struct text bytes, const char *format,
                                     const char *currency)
{
    struct import_file *file = ARENA_NEW(arena, struct import_file);
    file->arena = arena;
    file->problems.arena = report;
    file->currency = currency;
    lookup_init(&file->by_slug, arena);
    lookup_init(&file->sku_lines, arena);
    if (souk_is(bytes))
        souk_read(file, bytes);
    else if (dummyjson_is(bytes))
        dummyjson_read(file, bytes);
    else
        table_read(file, bytes);
    if (*format != '\0' && file->format != NULL && strcmp(format, file->format) != 0)
        refuse_format(file, format);
    return file;
}
