/*
 * DummyJSON's products: an array of them, or an object with the array as `products`.
 *
 * Each is one product with one variant. Its URL word is made from the title (and its number, where two have one title). What has no place in
 * our product is an attribute; ratings and reviews are left out, for nobody here has written them.
 */
#include "base/id.h"
#include "base/money.h"
#include "services/catalog/import/readers.h"

#include <jansson.h>

bool dummyjson_is(struct text bytes)
{
    struct text text = text_trim(bytes);
    return text.length > 0 && (*text.at == '[' || *text.at == '{');
}

/* --- places -------------------------------------------------------------------------------------------------------- */

/* The lines in which the items of the list begin: the parser does not say. `from` is where the list is, or its name. */
static int64_t *find_lines(struct arena *arena, struct text bytes, size_t from, size_t count)
{
    int64_t *lines = ARENA_ARRAY(arena, int64_t, count);
    int64_t line = 1;
    size_t found = 0;
    int depth = 0;
    bool quoted = false, begins = false;
    for (size_t i = 0; i < bytes.length && found < count; i++) {
        char c = bytes.at[i];
        line += c == '\n';
        if (i < from || (!quoted && strchr(" \t\r\n", c) != NULL))
            continue;
        bool closes = !quoted && (c == '}' || c == ']'), opens = !quoted && (c == '{' || c == '[');
        if (begins && !closes)
            lines[found++] = line;
        begins = (opens && depth == 0) || (!quoted && depth == 1 && c == ',');
        depth += opens - closes;
        if (quoted && c == '\\')
            i++;
        else if (c == '"')
            quoted = !quoted;
    }
    return lines;
}

/* --- values -------------------------------------------------------------------------------------------------------- */

/* A string in the file's arena; "" for anything else. */
static const char *string_of(struct import_file *file, const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return json_is_string(value) ? arena_strndup(file->arena, json_string_value(value), json_string_length(value)) : "";
}

/* A number as it would be written; "" for what is none. */
static struct text number_of(struct import_file *file, const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    if (json_is_integer(value))
        return text_of(arena_printf(file->arena, "%" JSON_INTEGER_FORMAT, json_integer_value(value)));
    if (json_is_real(value))
        return text_of(arena_printf(file->arena, "%.6f", json_real_value(value)));
    return TEXT("");
}

static bool read_amount(struct import_file *file, const json_t *object, int64_t line, int64_t *amount)
{
    struct text text = number_of(file, object, "price");
    if (text.length > 0 && import_amount(text, file->currency, amount))
        return true;
    import_problem_add(&file->problems, line, "price", "bad_number", "The price must be a number, in %s with at most %d decimals.",
                       file->currency, currency_exponent(text_of(file->currency)));
    return false;
}

static bool read_whole(struct import_file *file, const json_t *object, const char *name, int64_t line, int64_t *number)
{
    const json_t *value = json_object_get(object, name);
    if (value != NULL && (!json_is_integer(value) || json_integer_value(value) < 0)) {
        import_problem_add(&file->problems, line, name, "bad_number", "This must be a whole number from 0.");
        return false;
    }
    *number = value != NULL ? json_integer_value(value) : 0;
    return true;
}

/* --- one product --------------------------------------------------------------------------------------------------- */

static const char *slug_of(struct import_file *file, const json_t *object, const char *title)
{
    char slug[81];
    slug_from_title(text_of(title), slug);
    if (lookup_find(&file->by_slug, text_of(slug)) == NULL)
        return arena_strdup(file->arena, slug);
    return arena_printf(file->arena, "%s-%" JSON_INTEGER_FORMAT, slug, json_integer_value(json_object_get(object, "id")));
}

static void take_attribute(struct import_file *file, Catalog__Product *product, const char *name, const char *value)
{
    if (*value != '\0')
        import_attribute_set(file, product, name, value);
}

/* "4.5" for 4.500000. */
static const char *without_zeros(struct import_file *file, struct text number)
{
    if (memchr(number.at, '.', number.length) != NULL) {
        while (number.length > 0 && number.at[number.length - 1] == '0')
            number.length--;
        if (number.length > 0 && number.at[number.length - 1] == '.')
            number.length--;
    }
    return arena_strndup(file->arena, number.at, number.length);
}

static void take_attributes(struct import_file *file, const json_t *object, Catalog__Product *product)
{
    static const struct {
        const char *member, *attribute;
    } texts[] = {{"brand", "vendor"},
                 {"warrantyInformation", "warranty"},
                 {"shippingInformation", "shipping"},
                 {"returnPolicy", "returns"}};
    static const char *const numbers[] = {"discountPercentage", "minimumOrderQuantity"};
    static const char *const dimensions[] = {"width", "height", "depth"};
    const char *tags = "";
    const json_t *tag;
    size_t i;

    for (i = 0; i < sizeof texts / sizeof *texts; i++)
        take_attribute(file, product, texts[i].attribute, string_of(file, object, texts[i].member));
    for (i = 0; i < sizeof numbers / sizeof *numbers; i++)
        take_attribute(file, product, numbers[i], without_zeros(file, number_of(file, object, numbers[i])));
    for (i = 0; i < sizeof dimensions / sizeof *dimensions; i++)
        take_attribute(file, product, dimensions[i],
                       without_zeros(file, number_of(file, json_object_get(object, "dimensions"), dimensions[i])));
    json_array_foreach(json_object_get(object, "tags"), i, tag)
        if (json_is_string(tag))
            tags = arena_printf(file->arena, "%s%s%s", tags, *tags ? ", " : "", json_string_value(tag));
    take_attribute(file, product, "tags", tags);
}

/* "mens-shirts" as "Mens Shirts". */
static const char *category_name(struct import_file *file, const char *word)
{
    char *name = arena_strdup(file->arena, word);
    for (char *at = name; *at != '\0'; at++) {
        if (*at == '-')
            *at = ' ';
        if ((at == name || at[-1] == ' ') && *at >= 'a' && *at <= 'z')
            *at = (char)(*at - 'a' + 'A');
    }
    return name;
}

static void take_product(struct import_file *file, const json_t *object, struct imported_product *imported, const char *title)
{
    Catalog__Product *product = imported->product;
    const json_t *image;
    size_t i;
    product->title = title;
    product->description = string_of(file, object, "description");
    take_attributes(file, object, product);
    import_path_add(file, imported, text_of(category_name(file, string_of(file, object, "category"))), "\n");
    json_array_foreach(json_object_get(object, "images"), i, image)
        if (json_is_string(image))
            import_image_add(file, imported, arena_strdup(file->arena, json_string_value(image)), title, 0);
    imported->rows = 1;
}

/* False, with nothing of it taken, when something is wrong with it. */
static bool take_object(struct import_file *file, const json_t *object, int64_t line)
{
    struct import_problems *problems = &file->problems;
    const char *title = string_of(file, object, "title"), *sku = string_of(file, object, "sku");
    int64_t amount = 0, stock = 0, weight = 0;

    if (*title == '\0') {
        import_problem_add(problems, line, "title", "required", "This product has no title.");
        return false;
    }
    bool good = read_amount(file, object, line, &amount);
    good &= read_whole(file, object, "stock", line, &stock);
    good &= read_whole(file, object, "weight", line, &weight);
    const char *slug = slug_of(file, object, title);
    if (*sku == '\0')
        sku = slug;
    const size_t *seen = lookup_find(&file->sku_lines, text_of(sku));
    if (seen != NULL)
        import_problem_add(problems, line, "sku", "duplicate_sku", "The SKU `%s` is in line %zu already.", sku, *seen);
    if (*slug == '\0')
        import_problem_add(problems, line, "title", "format", "No word for URLs can be made from this title.");
    if (!good || seen != NULL || *slug == '\0')
        return false;

    struct imported_product *imported = import_product_of(file, text_of(slug), line);
    take_product(file, object, imported, title);
    Catalog__Variant *variant = import_variant_add(file, imported, line);
    variant->sku = sku;
    variant->weight_grams = weight;
    variant->initial_stock = stock;
    variant->barcode = string_of(file, json_object_get(object, "meta"), "barcode");
    import_price_add(file, variant, file->currency, amount, 0);
    lookup_put(&file->sku_lines, text_of(sku), (size_t)line);
    return true;
}

/* --- the file ------------------------------------------------------------------------------------------------------ */

/* Everything that these files speak of. */
static void say(struct import_file *file)
{
    static const struct {
        enum import_field field;
        const char *member;
    } members[] = {{IMPORT_TITLE, "title"},     {IMPORT_DESCRIPTION, "description"}, {IMPORT_CATEGORY, "category"},
                   {IMPORT_SKU, "sku"},         {IMPORT_PRICE, "price"},             {IMPORT_QUANTITY, "stock"},
                   {IMPORT_BARCODE, "barcode"}, {IMPORT_GRAMS, "weight"},            {IMPORT_IMAGE, "images"}};
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        file->column_names[members[i].field] = members[i].member;
}

static void take_list(struct import_file *file, const json_t *list, struct text bytes, size_t from)
{
    const int64_t *lines = find_lines(file->arena, bytes, from, json_array_size(list));
    const json_t *object;
    size_t i;
    file->format = "dummyjson";
    say(file);
    json_array_foreach(list, i, object) {
        if (json_is_object(object)) {
            file->skipped += !take_object(file, object, lines[i]);
            continue;
        }
        import_problem_add(&file->problems, lines[i], "", "format", "Item %zu is no object.", i + 1);
        file->skipped++;
    }
}

/* Where the name of the list ends, in an object. */
static size_t name_end(struct text bytes)
{
    const char name[] = "\"products\"";
    const char *at = memmem(bytes.at, bytes.length, name, sizeof name - 1);
    return at != NULL ? (size_t)(at - bytes.at) + sizeof name - 1 : 0;
}

void dummyjson_read(struct import_file *file, struct text bytes)
{
    json_error_t error;
    json_t *root = json_loadb(bytes.at, bytes.length, JSON_REJECT_DUPLICATES, &error);
    const json_t *list = json_is_array(root) ? root : json_object_get(root, "products");
    if (root == NULL)
        import_problem_add(&file->problems, error.line > 0 ? error.line : 1, arena_printf(file->arena, "%d", error.column), "json",
                           "This is no JSON: %s.", error.text);
    else if (!json_is_array(list))
        import_problem_add(&file->problems, 1, "", "unknown_format", "There is no array of products in this JSON.");
    else
        take_list(file, list, bytes, json_is_array(root) ? 0 : name_end(bytes));
    json_decref(root);
}
