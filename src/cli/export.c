/*
 * souk export: products as a file that `souk import` takes, orders and events as a JSON line each.
 *
 * Products come page by page. Which columns a table needs (attributes, currencies) is known when all have come, so they wait in a temporary
 * file until then.
 */
#include "cli/client.h"
#include "cli/command.h"
#include "cli/progress.h"

#include "base/assert.h"
#include "base/log.h"
#include "base/money.h"
#include "services/shop_defaults.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPTIONS_IN_TABLE 3

struct export {
    struct client *client;
    struct progress progress;
    uint64_t count;
    const char *currency;
    bool is_table;
    json_t *categories; /* by id: {"name", "parentId"} */
    FILE *waiting;      /* the products, a line each */
    json_t *attributes; /* names of columns, in the order they first came */
    json_t *currencies; /* all but `currency` */
    size_t left_out;    /* options and attributes that a table has no place for */
};

/* --- asking -------------------------------------------------------------------------------------------------------- */

/* NULL, having said why. */
static json_t *get(struct export *export, const char *target)
{
    struct client_answer answer;
    char error[512];
    if (!client_ask(export->client, &(struct client_request){.method = "GET", .target = target}, &answer, error)) {
        fprintf(stderr, "souk: %s\n", error);
        return NULL;
    }
    json_t *body = json_loadb(answer.body.at, answer.body.length, 0, NULL);
    if (answer.status == 200 && body != NULL)
        return body;
    const char *detail = json_string_value(json_object_get(body, "detail"));
    fprintf(stderr, "souk: GET %s: status %d. %s\n", target, answer.status, detail != NULL ? detail : "");
    json_decref(body);
    return NULL;
}

/* Every item of a list, page after page. False when it could not be had to its end. */
static bool each_item(struct export *export, const char *first, void (*take)(struct export *export, json_t *item))
{
    char *target = strdup(first);
    while (target != NULL) {
        json_t *page = get(export, target), *item;
        size_t i;
        free(target);
        if (page == NULL)
            return false;
        json_array_foreach(json_object_get(page, "items"), i, item)
            take(export, item);
        const char *next =
            json_string_value(json_object_get(json_object_get(json_object_get(page, "_links"), "next"), "href"));
        target = next != NULL ? strdup(next) : NULL;
        json_decref(page);
        if (export->progress.is_terminal)
            progress_show(&export->progress, "reading", 0, 0);
    }
    return true;
}

/* A line of JSON. */
static void write_line(FILE *out, const json_t *value)
{
    json_dumpf(value, out, JSON_COMPACT);
    fputc('\n', out);
}

static const char *string(const json_t *object, const char *name)
{
    const char *value = json_string_value(json_object_get(object, name));
    return value != NULL ? value : "";
}

/* --- categories ---------------------------------------------------------------------------------------------------- */

static void take_category(struct export *export, json_t *category)
{
    json_object_set(export->categories, string(category, "id"), category);
}

/* "Kitchen > Kettles". */
static void add_path(const struct export *export, const char *id, struct buffer *path)
{
    const json_t *category = json_object_get(export->categories, id);
    if (category == NULL)
        return;
    add_path(export, string(category, "parentId"), path);
    if (path->length > 0)
        buffer_add_string(path, " > ");
    buffer_add_string(path, string(category, "name"));
}

static json_t *paths_of(const struct export *export, const json_t *product)
{
    json_t *paths = json_array();
    const json_t *category;
    size_t i;
    json_array_foreach(json_object_get(product, "categories"), i, category) {
        struct buffer path;
        buffer_init(&path, 4096);
        add_path(export, string(category, "id"), &path);
        json_array_append_new(paths, json_stringn(buffer_text(&path).at, path.length));
        buffer_release(&path);
    }
    return paths;
}

/* --- our own format ------------------------------------------------------------------------------------------------ */

static void copy_members(json_t *to, const json_t *from, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        json_t *value = json_object_get(from, names[i]);
        bool is_empty = value == NULL || (json_is_string(value) && json_string_length(value) == 0) ||
                        (json_is_object(value) && json_object_size(value) == 0) ||
                        (json_is_array(value) && json_array_size(value) == 0) || json_is_false(value);
        if (!is_empty)
            json_object_set(to, names[i], value);
    }
}

static json_t *prices_of(const json_t *variant)
{
    json_t *prices = json_array(), *price;
    size_t i;
    json_array_foreach(json_object_get(variant, "allPrices"), i, price) {
        if (json_integer_value(json_object_get(price, "compareAtAmount")) == 0)
            json_object_del(price, "compareAtAmount");
        json_array_append(prices, price);
    }
    return prices;
}

static json_t *own_variant(const json_t *variant)
{
    static const char *const names[] = {"sku",      "title",   "options",     "weightGrams", "barcode",
                                        "imageUrl", "digital", "taxCategory", "components",  "attributes"};
    json_t *own = json_object();
    copy_members(own, variant, names, sizeof names / sizeof *names);
    json_object_set_new(own, "prices", prices_of(variant));
    if (json_object_get(own, "components") == NULL)
        json_object_set(own, "stock", json_object_get(variant, "available"));
    return own;
}

static json_t *own_product(const struct export *export, const json_t *product)
{
    static const char *const names[] = {"slug", "title", "description", "status", "images", "attributes"};
    json_t *own = json_object(), *options = json_array(), *variants = json_array();
    const json_t *item;
    size_t i;
    copy_members(own, product, names, sizeof names / sizeof *names);
    json_object_set_new(own, "categories", paths_of(export, product));
    json_array_foreach(json_object_get(product, "options"), i, item)
        json_array_append(options, json_object_get(item, "name"));
    json_object_set_new(own, "options", options);
    json_array_foreach(json_object_get(product, "variants"), i, item)
        json_array_append_new(variants, own_variant(item));
    json_object_set_new(own, "variants", variants);
    return own;
}

/* --- Shopify's table: columns -------------------------------------------------------------------------------------- */

/* What a column of a table shows. Those of the product are in its first row only. */
static const struct column {
    const char *header;
    const char *member; /* of the product, or of the variant, as text */
    enum {
        OF_PRODUCT, /* a member */
        OF_ATTRIBUTE,
        OF_VARIANT,
        CATEGORIES,
        PUBLISHED,
        STATUS,
        OPTION_NAME,
        OPTION_VALUE,
        STOCK,
        PRICE,
        COMPARE_AT,
        SHIPS,
        IMAGE_URL,
        IMAGE_POSITION,
        IMAGE_ALT,
    } kind;
    size_t index; /* of an option */
} columns[] = {
    {"Title", "title", OF_PRODUCT, 0},
    {"Body (HTML)", "description", OF_PRODUCT, 0},
    {"Vendor", "vendor", OF_ATTRIBUTE, 0},
    {"Type", "type", OF_ATTRIBUTE, 0},
    {"Tags", "tags", OF_ATTRIBUTE, 0},
    {"Categories", NULL, CATEGORIES, 0},
    {"Published", NULL, PUBLISHED, 0},
    {"Option1 Name", NULL, OPTION_NAME, 0},
    {"Option1 Value", NULL, OPTION_VALUE, 0},
    {"Option2 Name", NULL, OPTION_NAME, 1},
    {"Option2 Value", NULL, OPTION_VALUE, 1},
    {"Option3 Name", NULL, OPTION_NAME, 2},
    {"Option3 Value", NULL, OPTION_VALUE, 2},
    {"Variant SKU", "sku", OF_VARIANT, 0},
    {"Variant Grams", "weightGrams", OF_VARIANT, 0},
    {"Variant Inventory Qty", NULL, STOCK, 0},
    {"Variant Price", NULL, PRICE, 0},
    {"Variant Compare At Price", NULL, COMPARE_AT, 0},
    {"Variant Requires Shipping", NULL, SHIPS, 0},
    {"Variant Tax Code", "taxCategory", OF_VARIANT, 0},
    {"Variant Barcode", "barcode", OF_VARIANT, 0},
    {"Image Src", NULL, IMAGE_URL, 0},
    {"Image Position", NULL, IMAGE_POSITION, 0},
    {"Image Alt Text", NULL, IMAGE_ALT, 0},
    {"Variant Image", "imageUrl", OF_VARIANT, 0},
    {"SEO Title", "seo_title", OF_ATTRIBUTE, 0},
    {"SEO Description", "seo_description", OF_ATTRIBUTE, 0},
    {"Status", NULL, STATUS, 0},
};
#define COLUMN_COUNT (sizeof columns / sizeof *columns)

/* In letters, whatever the case, and digits alone: how the import compares headers. */
static bool same_header(const char *a, const char *b)
{
    for (;;) {
        while (*a != '\0' && !strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", *a) && !(*a & 0x80))
            a++;
        while (*b != '\0' && !strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", *b) && !(*b & 0x80))
            b++;
        if (strncasecmp(a, b, 1) != 0)
            return false;
        if (*a == '\0')
            return true;
        a++;
        b++;
    }
}

/* Whether an attribute has a column of its own name, or needs none as it is in one of ours. */
static bool is_plain_attribute(struct export *export, const char *name)
{
    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        if (columns[i].kind == OF_ATTRIBUTE && strcmp(columns[i].member, name) == 0)
            return false;
        if (same_header(columns[i].header, name)) {
            export->left_out++; /* it would be read as something else */
            return false;
        }
    }
    return true;
}

static void note_attributes(struct export *export, json_t *attributes)
{
    const char *name;
    json_t *value;
    json_object_foreach(attributes, name, value)
        if (json_object_get(export->attributes, name) == NULL && is_plain_attribute(export, name))
            json_object_set_new(export->attributes, name, json_true());
}

static void note_variant(struct export *export, const json_t *variant)
{
    const json_t *price;
    size_t i;
    note_attributes(export, json_object_get(variant, "attributes"));
    json_array_foreach(json_object_get(variant, "allPrices"), i, price)
        if (strcmp(string(price, "currency"), export->currency) != 0)
            json_object_set_new(export->currencies, string(price, "currency"), json_true());
    export->left_out += json_array_size(json_object_get(variant, "components")) > 0;
}

/* --- Shopify's table: cells ---------------------------------------------------------------------------------------- */

struct row {
    const struct export *export;
    const json_t *product;
    const json_t *variant; /* NULL: only a picture */
    const json_t *image;   /* NULL: none */
    size_t index;          /* of the row in its product */
};

static void write_cell(const char *text)
{
    size_t length = strlen(text);
    bool needs_quotes = strpbrk(text, ",\"\r\n") != NULL ||
                        (length > 0 && (strchr(" \t'", text[0]) != NULL || strchr(" \t", text[length - 1]) != NULL));
    if (!needs_quotes) {
        fputs(text, stdout);
        return;
    }
    putchar('"');
    for (; *text != '\0'; text++) {
        if (*text == '"')
            putchar('"');
        putchar(*text);
    }
    putchar('"');
}

/* A string, or a number as one. */
static void write_value(const json_t *value)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    write_cell(json_is_string(value) ? json_string_value(value) : json_is_integer(value) ? digits : "");
}

static const json_t *price_in(const json_t *variant, const char *currency)
{
    const json_t *price;
    size_t i;
    json_array_foreach(json_object_get(variant, "allPrices"), i, price)
        if (strcmp(string(price, "currency"), currency) == 0)
            return price;
    return NULL;
}

static void write_amount(const json_t *variant, const char *currency, const char *member)
{
    const json_t *amount = json_object_get(price_in(variant, currency), member);
    bool says_something = strcmp(member, "amount") == 0 || json_integer_value(amount) > 0;
    char text[32] = "";
    if (json_is_integer(amount) && says_something)
        money_format(json_integer_value(amount), currency_exponent(text_of(currency)), text);
    write_cell(text);
}

static void write_categories(const struct row *row)
{
    json_t *paths = paths_of(row->export, row->product);
    const json_t *path;
    struct buffer joined;
    size_t i;
    buffer_init(&joined, 1 << 16);
    json_array_foreach(paths, i, path)
        buffer_printf(&joined, "%s%s", i > 0 ? "; " : "", json_string_value(path));
    buffer_add_char(&joined, '\0');
    write_cell(joined.at);
    buffer_release(&joined);
    json_decref(paths);
}

static void write_option(const struct row *row, const struct column *column)
{
    const json_t *options = json_object_get(row->product, "options");
    const char *name = string(json_array_get(options, column->index), "name");
    bool is_default = json_array_size(options) == 0 && column->index == 0;
    if (column->kind == OPTION_NAME)
        write_cell(row->index > 0 ? "" : is_default ? "Title" : name);
    else if (row->variant != NULL)
        write_cell(is_default ? "Default Title" : string(json_object_get(row->variant, "options"), name));
}

static void write_status(const char *status)
{
    write_cell(strcmp(status, "published") == 0 ? "active" : status);
}

static void write_product_cell(const struct row *row, const struct column *column)
{
    if (row->index > 0)
        return;
    switch (column->kind) {
    case OF_PRODUCT:
        write_value(json_object_get(row->product, column->member));
        break;
    case OF_ATTRIBUTE:
        write_value(json_object_get(json_object_get(row->product, "attributes"), column->member));
        break;
    case CATEGORIES:
        write_categories(row);
        break;
    case PUBLISHED:
        write_cell(strcmp(string(row->product, "status"), "published") == 0 ? "TRUE" : "FALSE");
        break;
    default:
        write_status(string(row->product, "status"));
    }
}

static void write_variant_cell(const struct row *row, const struct column *column)
{
    const json_t *variant = row->variant;
    if (variant == NULL)
        return;
    switch (column->kind) {
    case OF_VARIANT:
        write_value(json_object_get(variant, column->member));
        break;
    case STOCK:
        write_value(json_object_get(variant, "available"));
        break;
    case PRICE:
        write_amount(variant, row->export->currency, "amount");
        break;
    case COMPARE_AT:
        write_amount(variant, row->export->currency, "compareAtAmount");
        break;
    default:
        write_cell(json_is_true(json_object_get(variant, "digital")) ? "FALSE" : "TRUE");
    }
}

static void write_image_cell(const struct row *row, const struct column *column)
{
    char position[24];
    if (row->image == NULL)
        return;
    snprintf(position, sizeof position, "%zu", row->index + 1);
    if (column->kind == IMAGE_POSITION)
        write_cell(position);
    else
        write_cell(string(row->image, column->kind == IMAGE_URL ? "url" : "alt"));
}

static void write_column(const struct row *row, const struct column *column)
{
    switch (column->kind) {
    case OF_PRODUCT:
    case OF_ATTRIBUTE:
    case CATEGORIES:
    case PUBLISHED:
    case STATUS:
        write_product_cell(row, column);
        break;
    case OPTION_NAME:
    case OPTION_VALUE:
        write_option(row, column);
        break;
    case OF_VARIANT:
    case STOCK:
    case PRICE:
    case COMPARE_AT:
    case SHIPS:
        write_variant_cell(row, column);
        break;
    case IMAGE_URL:
    case IMAGE_POSITION:
    case IMAGE_ALT:
        write_image_cell(row, column);
        break;
    }
}

/* The product's own in its first row; the variant's where it has one. */
static void write_attribute(const struct row *row, const char *name)
{
    const json_t *of_variant = json_object_get(json_object_get(row->variant, "attributes"), name);
    const json_t *of_product = json_object_get(json_object_get(row->product, "attributes"), name);
    if (row->index == 0 && of_product != NULL)
        write_value(of_product);
    else if (of_variant != NULL)
        write_value(of_variant);
}

static void write_row(const struct row *row)
{
    const char *name;
    json_t *value;
    write_cell(string(row->product, "slug"));
    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        putchar(',');
        write_column(row, &columns[i]);
    }
    json_object_foreach(row->export->currencies, name, value) {
        putchar(',');
        write_amount(row->variant, name, "amount");
        putchar(',');
        write_amount(row->variant, name, "compareAtAmount");
    }
    json_object_foreach(row->export->attributes, name, value) {
        putchar(',');
        write_attribute(row, name);
    }
    putchar('\n');
}

static void write_header(const struct export *export)
{
    const char *name;
    json_t *value;
    fputs("Handle", stdout);
    for (size_t i = 0; i < COLUMN_COUNT; i++)
        printf(",%s", columns[i].header);
    json_object_foreach(export->currencies, name, value)
        printf(",Price / %s,Compare At Price / %s", name, name);
    json_object_foreach(export->attributes, name, value) {
        putchar(',');
        write_cell(name);
    }
    putchar('\n');
}

/* As many rows as it has variants or pictures, whichever are more. */
static void write_rows(struct export *export, const json_t *product)
{
    const json_t *variants = json_object_get(product, "variants"), *images = json_object_get(product, "images");
    size_t variant_count = json_array_size(variants), image_count = json_array_size(images);
    for (size_t i = 0; i < variant_count || i < image_count; i++)
        write_row(&(struct row){
            .export = export,
            .product = product,
            .variant = i < variant_count ? json_array_get(variants, i) : NULL,
            .image = i < image_count ? json_array_get(images, i) : NULL,
            .index = i,
        });
}

/* --- products ------------------------------------------------------------------------------------------------------ */

static void take_product(struct export *export, json_t *product)
{
    const json_t *variant;
    size_t i;
    export->count++;
    if (!export->is_table) {
        json_t *own = own_product(export, product);
        write_line(stdout, own);
        json_decref(own);
        return;
    }
    note_attributes(export, json_object_get(product, "attributes"));
    export->left_out += json_array_size(json_object_get(product, "options")) > OPTIONS_IN_TABLE;
    json_array_foreach(json_object_get(product, "variants"), i, variant)
        note_variant(export, variant);
    write_line(export->waiting, product);
}

static void write_table(struct export *export)
{
    json_t *product;
    rewind(export->waiting);
    write_header(export);
    while ((product = json_loadf(export->waiting, JSON_DISABLE_EOF_CHECK, NULL)) != NULL) {
        write_rows(export, product);
        json_decref(product);
    }
    if (export->left_out > 0)
        fprintf(stderr, "souk: %zu things have no place in this table (bundles, a fourth option, attributes called as columns are);"
                        " --format souk keeps them.\n", export->left_out);
}

static bool export_products(struct export *export)
{
    export->categories = json_object();
    export->attributes = json_object();
    export->currencies = json_object();
    export->waiting = tmpfile();
    ASSERT(export->waiting != NULL);
    bool whole = each_item(export, "/v1/categories?limit=100", take_category) &&
                 each_item(export, "/v1/products?limit=100&sort=title", take_product);
    progress_clear(&export->progress);
    if (whole && export->is_table)
        write_table(export);
    fclose(export->waiting);
    json_decref(export->categories);
    json_decref(export->attributes);
    json_decref(export->currencies);
    return whole;
}

/* --- orders -------------------------------------------------------------------------------------------------------- */

static void take_order(struct export *export, json_t *order)
{
    export->count++;
    json_object_del(order, "_links");
    write_line(stdout, order);
}

static bool export_orders(struct export *export)
{
    bool whole = each_item(export, "/v1/orders?limit=100", take_order);
    progress_clear(&export->progress);
    return whole;
}

/* --- the command --------------------------------------------------------------------------------------------------- */

static int usage(void)
{
    fprintf(stderr, "usage: souk export products [--format shopify|souk] [--currency EUR]\n"
                    "       souk export orders\n"
                    "       souk export events [--service S] [--stream K] [--after N]\n");
    return EXIT_USAGE;
}

static int run(struct export *export, const char *config_file, bool (*what)(struct export *export), const char *called)
{
    struct arena *arena = arena_new(1 << 20);
    struct config config;
    char error[512];
    int code = EXIT_CONFIGURATION;
    if (command_config_read(&config, arena, config_file)) {
        log_setup(LOG_LEVEL_WARNING, -1);
        progress_init(&export->progress, called);
        export->client = client_open(&config, &code, error);
        if (export->client == NULL)
            fprintf(stderr, "souk: %s\n", error);
        else
            code = what(export) && fflush(stdout) == 0 && !ferror(stdout) ? EXIT_DONE : EXIT_FAILED;
        client_close(export->client);
    }
    arena_free(arena);
    return code;
}

int command_export(int count, char **arguments)
{
    const char *what = count > 0 ? arguments[0] : "";
    if (strcmp(what, "events") == 0)
        return command_events(count - 1, arguments + 1);

    const char *config_file = option_value_take(&count, arguments, "config");
    const char *format = option_value_take(&count, arguments, "format");
    const char *currency = option_value_take(&count, arguments, "currency");
    struct export export = {
        .currency = currency != NULL ? currency : SHOP_DEFAULT_CURRENCY,
        .is_table = format == NULL || strcmp(format, "shopify") == 0,
    };
    bool is_format = export.is_table || strcmp(format, "souk") == 0;
    if (option_left(count, arguments) || count != 1 || !is_format || currency_exponent(text_of(export.currency)) < 0)
        return usage();
    if (strcmp(what, "products") == 0)
        return run(&export, config_file, export_products, "products");
    if (strcmp(what, "orders") == 0 && format == NULL)
        return run(&export, config_file, export_orders, "orders");
    return usage();
}
