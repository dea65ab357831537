/*
 * Our own format: a product in each line, as a JSON object.
 *
 *     {"slug":"shirt","title":"Shirt","description":"…","status":"published","categories":["Clothing > Shirts"],
 *      "options":["Color"],"images":[{"url":"/a.svg","alt":"…"}],"attributes":{"vendor":"Loom"},
 *      "variants":[{"sku":"S-RED","options":{"Color":"Red"},"prices":[{"amount":1990,"currency":"EUR"}],"stock":5}]}
 *
 * Members have the names and meanings of the REST interface's, but for categories, which are paths, options, which are names, and a variant's
 * `prices` and `stock`. One that is not known is refused, as everywhere. It keeps what a table can't: any number of options, bundles, and
 * what is known of each variant.
 */
#include "services/catalog/import/readers.h"

#include <jansson.h>

/* The line being read. */
struct line {
    struct import_file *file;
    int64_t number;
    bool is_bad;
};

bool souk_is(struct text bytes)
{
    struct text text = text_trim(bytes);
    const char *end = text.length > 0 ? memchr(text.at, '\n', text.length) : NULL;
    size_t length = end != NULL ? (size_t)(end - text.at) : text.length;
    return length > 0 && *text.at == '{' && memmem(text.at, length, "\"variants\"", sizeof "\"variants\"" - 1) != NULL;
}

/* --- values -------------------------------------------------------------------------------------------------------- */

static void wrong(struct line *line, const char *member, const char *code, const char *sentence)
{
    line->is_bad = true;
    import_problem_add(&line->file->problems, line->number, member, code, "%s", sentence);
}

static const char *text_value(struct line *line, const char *member, json_t *value)
{
    if (!json_is_string(value)) {
        wrong(line, member, "type", "This must be a string.");
        return "";
    }
    return arena_strndup(line->file->arena, json_string_value(value), json_string_length(value));
}

static int64_t whole_value(struct line *line, const char *member, json_t *value)
{
    if (!json_is_integer(value) || json_integer_value(value) < 0) {
        wrong(line, member, "bad_number", "This must be a whole number from 0.");
        return 0;
    }
    return json_integer_value(value);
}

static bool truth_value(struct line *line, const char *member, json_t *value)
{
    if (!json_is_boolean(value))
        wrong(line, member, "type", "This must be true or false.");
    return json_is_true(value);
}

static Catalog__ProductStatus status_value(struct line *line, json_t *value)
{
    static const char *const words[] = {"", "draft", "published", "archived"};
    const char *word = text_value(line, "status", value);
    for (size_t i = 1; i < sizeof words / sizeof *words; i++)
        if (strcmp(word, words[i]) == 0)
            return (Catalog__ProductStatus)i;
    wrong(line, "status", "unknown_value", "A status is draft, published or archived.");
    return CATALOG__PRODUCT_STATUS__PRODUCT_STATUS_UNSPECIFIED;
}

/* Go through an object's members; what is not one of these has no place. */
struct member {
    const char *name;
    void (*take)(struct line *line, void *into, json_t *value);
};

static void take_members(struct line *line, const char *what, json_t *object, const struct member *members, size_t count,
                         void *into)
{
    const char *name;
    json_t *value;
    if (!json_is_object(object)) {
        wrong(line, what, "type", "This must be an object.");
        return;
    }
    json_object_foreach(object, name, value) {
        size_t i = 0;
        while (i < count && strcmp(members[i].name, name) != 0)
            i++;
        if (i < count)
            members[i].take(line, into, value);
        else
            wrong(line, name, "unknown_field", "There is no such member.");
    }
}
#define MEMBERS(list) list, sizeof list / sizeof *list

/* Call for every item of what must be a list. */
static void take_items(struct line *line, void *into, const char *member, json_t *list,
                       void (*take)(struct line *line, void *into, json_t *item))
{
    json_t *item;
    size_t i;
    if (!json_is_array(list))
        wrong(line, member, "type", "This must be a list.");
    json_array_foreach(list, i, item)
        take(line, into, item);
}

/* --- variants ------------------------------------------------------------------------------------------------------ */

static void take_amount(struct line *line, void *into, json_t *value)
{
    ((Catalog__InitialPrice *)into)->amount = whole_value(line, "amount", value);
}
static void take_currency(struct line *line, void *into, json_t *value)
{
    ((Catalog__InitialPrice *)into)->currency = text_value(line, "currency", value);
}
static void take_compare_at(struct line *line, void *into, json_t *value)
{
    ((Catalog__InitialPrice *)into)->compare_at_amount = whole_value(line, "compareAtAmount", value);
}

static void take_price(struct line *line, void *into, json_t *item)
{
    static const struct member members[] = {
        {"amount", take_amount}, {"currency", take_currency}, {"compareAtAmount", take_compare_at}};
    Catalog__InitialPrice price = CATALOG__INITIAL_PRICE__INIT;
    price.currency = line->file->currency;
    take_members(line, "prices", item, MEMBERS(members), &price);
    bool on_sale = price.compare_at_amount > price.amount;
    import_price_add(line->file, into, price.currency, price.amount, on_sale ? price.compare_at_amount : 0);
}

static void take_component_sku(struct line *line, void *into, json_t *value)
{
    ((Catalog__BundleComponent *)into)->sku = text_value(line, "components", value);
}
static void take_component_quantity(struct line *line, void *into, json_t *value)
{
    ((Catalog__BundleComponent *)into)->quantity = whole_value(line, "components", value);
}

static void take_component(struct line *line, void *into, json_t *item)
{
    static const struct member members[] = {{"sku", take_component_sku}, {"quantity", take_component_quantity}};
    Catalog__Variant *variant = into;
    Catalog__BundleComponent *component = ARENA_NEW(line->file->arena, Catalog__BundleComponent);
    catalog__bundle_component__init(component);
    take_members(line, "components", item, MEMBERS(members), component);
    ARENA_ROOM(line->file->arena, variant->components, variant->n_components);
    variant->components[variant->n_components++] = component;
}

static void take_sku(struct line *line, void *into, json_t *value)
{
    ((Catalog__Variant *)into)->sku = text_value(line, "sku", value);
}
static void take_variant_title(struct line *line, void *into, json_t *value)
{
    ((Catalog__Variant *)into)->title = text_value(line, "title", value);
}
static void take_variant_options(struct line *line, void *into, json_t *value)
{
    Catalog__Variant *variant = into;
    const char *name;
    json_t *member;
    if (!json_is_object(value))
        wrong(line, "options", "type", "A variant's options must be an object.");
    json_object_foreach(value, name, member) {
        Catalog__Variant__OptionsEntry *entry = ARENA_NEW(line->file->arena, Catalog__Variant__OptionsEntry);
        catalog__variant__options_entry__init(entry);
        entry->key = arena_strdup(line->file->arena, name);
        entry->value = text_value(line, "options", member);
        ARENA_ROOM(line->file->arena, variant->options, variant->n_options);
        variant->options[variant->n_options++] = entry;
    }
}
static void take_prices(struct line *line, void *into, json_t *value)
{
    take_items(line, into, "prices", value, take_price);
}
static void take_stock(struct line *line, void *into, json_t *value)
{
    ((Catalog__Variant *)into)->initial_stock = whole_value(line, "stock", value);
}
static void take_weight(struct line *line, void *into, json_t *value)
{
    ((Catalog__Variant *)into)->weight_grams = whole_value(line, "weightGrams", value);
}
static void take_barcode(struct line *line, void *into, json_t *value)
{
    ((Catalog__Variant *)into)->barcode = text_value(line, "barcode", value);
}
static void take_image_url(struct line *line, void *into, json_t *value)
{
    ((Catalog__Variant *)into)->image_url = text_value(line, "imageUrl", value);
}
static void take_digital(struct line *line, void *into, json_t *value)
{
    ((Catalog__Variant *)into)->digital = truth_value(line, "digital", value);
}
static void take_tax_category(struct line *line, void *into, json_t *value)
{
    ((Catalog__Variant *)into)->tax_category = text_value(line, "taxCategory", value);
}
static void take_components(struct line *line, void *into, json_t *value)
{
    take_items(line, into, "components", value, take_component);
}
static void take_variant_attributes(struct line *line, void *into, json_t *value)
{
    Catalog__Variant *variant = into;
    const char *name;
    json_t *member;
    if (!json_is_object(value))
        wrong(line, "attributes", "type", "Attributes must be an object.");
    json_object_foreach(value, name, member) {
        Catalog__Variant__AttributesEntry *entry = ARENA_NEW(line->file->arena, Catalog__Variant__AttributesEntry);
        catalog__variant__attributes_entry__init(entry);
        entry->key = arena_strdup(line->file->arena, name);
        entry->value = text_value(line, "attributes", member);
        ARENA_ROOM(line->file->arena, variant->attributes, variant->n_attributes);
        variant->attributes[variant->n_attributes++] = entry;
    }
}

static void take_variant(struct line *line, void *into, json_t *item)
{
    static const struct member members[] = {
        {"sku", take_sku},         {"title", take_variant_title},      {"options", take_variant_options},
        {"prices", take_prices},   {"stock", take_stock},              {"weightGrams", take_weight},
        {"barcode", take_barcode}, {"imageUrl", take_image_url},       {"digital", take_digital},
        {"taxCategory", take_tax_category}, {"components", take_components}, {"attributes", take_variant_attributes}};
    struct import_file *file = line->file;
    Catalog__Variant *variant = import_variant_add(file, into, line->number);
    take_members(line, "variants", item, MEMBERS(members), variant);
    if (*variant->sku == '\0') {
        wrong(line, "sku", "required", "A variant needs a SKU.");
        return;
    }
    const size_t *seen = lookup_find(&file->sku_lines, text_of(variant->sku));
    if (seen != NULL) {
        line->is_bad = true;
        import_problem_add(&file->problems, line->number, "sku", "duplicate_sku", "The SKU `%s` is in line %zu already.",
                           variant->sku, *seen);
    }
}

/* --- products ------------------------------------------------------------------------------------------------------ */

static Catalog__Product *product_in(void *into)
{
    return ((struct imported_product *)into)->product;
}

static void take_slug(struct line *line, void *into, json_t *value)
{
    product_in(into)->slug = text_value(line, "slug", value);
}
static void take_title(struct line *line, void *into, json_t *value)
{
    product_in(into)->title = text_value(line, "title", value);
}
static void take_description(struct line *line, void *into, json_t *value)
{
    product_in(into)->description = text_value(line, "description", value);
}
static void take_status(struct line *line, void *into, json_t *value)
{
    product_in(into)->status = status_value(line, value);
}
static void take_category(struct line *line, void *into, json_t *item)
{
    import_path_add(line->file, into, text_of(text_value(line, "categories", item)), ">");
}
static void take_categories(struct line *line, void *into, json_t *value)
{
    take_items(line, into, "categories", value, take_category);
}
static void take_option(struct line *line, void *into, json_t *item)
{
    Catalog__Product *product = product_in(into);
    Catalog__ProductOption *option = ARENA_NEW(line->file->arena, Catalog__ProductOption);
    catalog__product_option__init(option);
    option->name = text_value(line, "options", item);
    ARENA_ROOM(line->file->arena, product->options, product->n_options);
    product->options[product->n_options++] = option;
}
static void take_options(struct line *line, void *into, json_t *value)
{
    take_items(line, into, "options", value, take_option);
}

static void take_url(struct line *line, void *into, json_t *value)
{
    ((Catalog__Image *)into)->url = text_value(line, "url", value);
}
static void take_alt(struct line *line, void *into, json_t *value)
{
    ((Catalog__Image *)into)->alt = text_value(line, "alt", value);
}
static void take_width(struct line *line, void *into, json_t *value)
{
    ((Catalog__Image *)into)->width = (int32_t)whole_value(line, "width", value);
}
static void take_height(struct line *line, void *into, json_t *value)
{
    ((Catalog__Image *)into)->height = (int32_t)whole_value(line, "height", value);
}
static void take_image(struct line *line, void *into, json_t *item)
{
    static const struct member members[] = {{"url", take_url}, {"alt", take_alt}, {"width", take_width}, {"height", take_height}};
    Catalog__Product *product = product_in(into);
    Catalog__Image image = CATALOG__IMAGE__INIT;
    take_members(line, "images", item, MEMBERS(members), &image);
    import_image_add(line->file, into, image.url, image.alt, 0);
    product->images[product->n_images - 1]->width = image.width;
    product->images[product->n_images - 1]->height = image.height;
}
static void take_images(struct line *line, void *into, json_t *value)
{
    take_items(line, into, "images", value, take_image);
}
static void take_attributes(struct line *line, void *into, json_t *value)
{
    const char *name;
    json_t *member;
    if (!json_is_object(value))
        wrong(line, "attributes", "type", "Attributes must be an object.");
    json_object_foreach(value, name, member)
        import_attribute_set(line->file, product_in(into), arena_strdup(line->file->arena, name),
                             text_value(line, "attributes", member));
}
static void take_variants(struct line *line, void *into, json_t *value)
{
    take_items(line, into, "variants", value, take_variant);
}

/* --- lines --------------------------------------------------------------------------------------------------------- */

/* Add what was read as a whole, and only then let its slug and SKUs count. */
static void keep(struct line *line, const struct imported_product *read, int64_t variants_before)
{
    struct import_file *file = line->file;
    const char *slug = read->product->slug;
    if (!line->is_bad && *slug == '\0')
        wrong(line, "slug", "required", "A product needs a slug.");
    if (!line->is_bad && lookup_find(&file->by_slug, text_of(slug)) != NULL)
        wrong(line, "slug", "duplicate", "Another line has this slug.");
    if (line->is_bad) {
        file->variants = variants_before;
        file->skipped++;
        return;
    }
    struct imported_product *imported = import_product_of(file, text_of(slug), line->number);
    *imported = *read;
    imported->line = line->number;
    imported->rows = 1;
    for (size_t i = 0; i < read->product->n_variants; i++)
        lookup_put(&file->sku_lines, text_of(read->product->variants[i]->sku), (size_t)line->number);
}

/* A SKU twice in one product: it does not count yet when it comes again. */
static void check_skus(struct line *line, const Catalog__Product *product)
{
    struct lookup seen;
    lookup_init(&seen, line->file->arena);
    for (size_t i = 0; i < product->n_variants && !line->is_bad; i++) {
        struct text sku = text_of(product->variants[i]->sku);
        if (lookup_find(&seen, sku) != NULL)
            wrong(line, "sku", "duplicate_sku", "Two variants have this SKU.");
        else
            lookup_put(&seen, sku, i);
    }
}

static void take_object(struct line *line, json_t *object)
{
    static const struct member members[] = {
        {"slug", take_slug},       {"title", take_title},     {"description", take_description}, {"status", take_status},
        {"categories", take_categories}, {"options", take_options}, {"images", take_images},   {"attributes", take_attributes},
        {"variants", take_variants}};
    struct imported_product read = {.product = ARENA_NEW(line->file->arena, Catalog__Product)};
    int64_t variants_before = line->file->variants;
    catalog__product__init(read.product);
    take_members(line, "", object, MEMBERS(members), &read);
    check_skus(line, read.product);
    keep(line, &read, variants_before);
}

static void take_line(struct import_file *file, int64_t number, struct text text)
{
    struct line line = {.file = file, .number = number};
    json_error_t error;
    json_t *object = json_loadb(text.at, text.length, JSON_REJECT_DUPLICATES, &error);
    if (object != NULL) {
        take_object(&line, object);
        json_decref(object);
        return;
    }
    import_problem_add(&file->problems, number, arena_printf(file->arena, "%d", error.column), "json", "This is no JSON: %s.",
                       error.text);
    file->skipped++;
}

/* Members are named as they are; these are for what the catalogue finds wrong. */
static void say(struct import_file *file)
{
    static const struct {
        enum import_field field;
        const char *member;
    } members[] = {{IMPORT_SLUG, "slug"},         {IMPORT_TITLE, "title"},         {IMPORT_DESCRIPTION, "description"},
                   {IMPORT_STATUS, "status"},     {IMPORT_CATEGORIES, "categories"}, {IMPORT_SKU, "sku"},
                   {IMPORT_BARCODE, "barcode"},   {IMPORT_GRAMS, "weightGrams"},   {IMPORT_QUANTITY, "stock"},
                   {IMPORT_PRICE, "prices"},      {IMPORT_DIGITAL, "digital"},     {IMPORT_TAX_CATEGORY, "taxCategory"},
                   {IMPORT_IMAGE, "images"},      {IMPORT_IMAGE_ALT, "alt"},       {IMPORT_VARIANT_IMAGE, "imageUrl"},
                   {IMPORT_OPTION_VALUE_1, "options"}};
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        file->column_names[members[i].field] = members[i].member;
}

void souk_read(struct import_file *file, struct text bytes)
{
    file->format = "souk";
    say(file);
    if (text_starts_with(bytes, "\xEF\xBB\xBF"))
        bytes = (struct text){bytes.at + 3, bytes.length - 3};
    for (int64_t number = 1; bytes.length > 0; number++) {
        const char *end = memchr(bytes.at, '\n', bytes.length);
        size_t length = end != NULL ? (size_t)(end - bytes.at) : bytes.length;
        struct text text = text_trim((struct text){bytes.at, length});
        length += end != NULL;
        bytes = (struct text){bytes.at + length, bytes.length - length};
        if (text.length > 0)
            take_line(file, number, text);
    }
}
