/*
 * Tables of products: CSV whose rows are variants, pictures and prices, bound together by the product's slug.
 *
 * A row is first read as a whole, value by value; if anything in it is wrong it is reported and left out as a whole. Then it is added to its
 * product, which may have begun anywhere above. What is said of the product itself counts where it is said first; a row is a variant if it
 * has anything that only variants have.
 *
 * A column that is not known is an attribute of the product. If a variant's row says otherwise than the product's, it is that
 * variant's alone; other rows add to what is there.
 */
#include "base/assert.h"
#include "base/id.h"
#include "base/limits.h"
#include "base/money.h"
#include "services/catalog/import/csv.h"
#include "services/catalog/import/readers.h"

#include <inttypes.h>

struct column {
    const char *name; /* as the file has it */
    enum import_field field;
    const char *attribute; /* its name, for those that are attributes */
    const char *currency;  /* of a column of prices in another currency; NULL for the row's */
};

struct table {
    struct import_file *file;
    const struct table_dialect *dialect; /* NULL until the header was read */
    bool is_hopeless;                    /* the header can't be read: nothing more is said of the rows */
    struct column *columns;
    size_t column_count;
    int first_column[IMPORT_FIELD_COUNT]; /* of each field; -1: none */
    struct price *prices;                 /* of the present row; there are no more than columns */
};

struct price {
    const char *currency;
    int64_t amount, compare_at_amount;
    bool has_amount;
};
/* A row with its values. Texts are borrowed from the file's cells. */
struct row {
    const struct csv_row *csv;
    char slug[256];
    struct text title;
    Catalog__ProductStatus status; /* unspecified: not said */
    bool is_variant;
    struct text option_values[IMPORT_OPTIONS_MAX];
    struct text sku;
    int64_t grams, stock, image_position;
    bool digital;
    struct price *prices;
    size_t price_count;
    bool is_bad;
};

/* --- the header ---------------------------------------------------------------------------------------------------- */

/* "Body (HTML)" as "body html". */
static struct text plain_name(struct arena *arena, struct text name)
{
    char *plain = arena_strndup(arena, name.at, name.length);
    size_t length = 0;
    for (size_t i = 0; i < name.length; i++) {
        char c = name.at[i];
        bool is_capital = c >= 'A' && c <= 'Z';
        bool is_word = is_capital || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (unsigned char)c >= 0x80;
        if (is_word)
            plain[length++] = is_capital ? (char)(c - 'A' + 'a') : c;
        else if (length > 0 && plain[length - 1] != ' ')
            plain[length++] = ' ';
    }
    while (length > 0 && plain[length - 1] == ' ')
        length--;
    plain[length] = '\0';
    return (struct text){plain, length};
}

/* "price usd", "variant compare at price usd": the currency at the end, or NULL. */
static const char *currency_of_column(struct arena *arena, struct text name, enum import_field *field)
{
    static const struct {
        const char *prefix;
        enum import_field field;
    } prefixes[] = {{"price ", IMPORT_PRICE},
                    {"variant price ", IMPORT_PRICE},
                    {"compare at price ", IMPORT_COMPARE_AT},
                    {"variant compare at price ", IMPORT_COMPARE_AT}};
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        size_t length = strlen(prefixes[i].prefix);
        if (name.length != length + 3 || !text_starts_with(name, prefixes[i].prefix))
            continue;
        char code[4] = "";
        for (int c = 0; c < 3; c++)
            code[c] = (char)(name.at[length + (size_t)c] & ~0x20);
        *field = prefixes[i].field;
        return currency_exponent(text_of(code)) >= 0 ? arena_strdup(arena, code) : NULL;
    }
    return NULL;
}

static const char *own_attribute_name(const struct table *table, const char *name)
{
    const char *prefix = table->dialect->attribute_prefix;
    return prefix != NULL && text_starts_with(text_of(name), prefix) ? name + strlen(prefix) : name;
}

static void column_init(struct table *table, size_t index, struct text name, struct text plain)
{
    struct arena *arena = table->file->arena;
    struct column *column = &table->columns[index];
    column->name = name.length > 0 ? arena_strndup(arena, name.at, name.length) : arena_printf(arena, "Column %zu", index + 1);
    for (size_t i = 0; i < table->dialect->column_count; i++) {
        const struct table_column_name *known = &table->dialect->columns[i];
        if (!text_is(plain, known->header))
            continue;
        column->field = known->field;
        column->attribute = known->attribute;
    }
    if (column->field == IMPORT_OTHER && table->dialect->has_price_columns) {
        enum import_field field = IMPORT_OTHER;
        column->currency = currency_of_column(arena, plain, &field);
        if (column->currency != NULL)
            column->field = field;
    }
    if (column->field == IMPORT_OTHER && column->attribute == NULL)
        column->attribute = own_attribute_name(table, column->name);
    if (table->first_column[column->field] < 0 && column->currency == NULL) {
        table->first_column[column->field] = (int)index;
        table->file->column_names[column->field] = column->name;
    }
}

static void hopeless(struct table *table, int64_t line, const char *column, const char *code, const char *sentence)
{
    table->is_hopeless = true;
    import_problem_add(&table->file->problems, line, column, code, "%s", sentence);
}

static const struct table_dialect *dialect_of(const struct lookup *headers)
{
    const struct table_dialect *const dialects[] = {&spree_dialect, &shopify_dialect};
    for (size_t i = 0; i < sizeof dialects / sizeof *dialects; i++)
        if (dialects[i]->is(headers))
            return dialects[i];
    return NULL;
}

/* Columns that we know may be written in many ways, but come once; attributes may differ by a letter's case. */
static void check_columns(struct table *table, int64_t line, const struct text *plain)
{
    struct lookup seen;
    lookup_init(&seen, table->file->arena);
    for (size_t i = 0; i < table->column_count; i++) {
        const struct column *column = &table->columns[i];
        struct text name = column->field == IMPORT_OTHER ? text_of(column->attribute) : plain[i];
        if (lookup_find(&seen, name) != NULL) {
            hopeless(table, line, column->name, "duplicate_column", "Two columns have this name.");
            return;
        }
        lookup_put(&seen, name, i);
    }
}

static void take_header(struct table *table, const struct csv_row *row)
{
    struct arena *arena = table->file->arena;
    struct text *plain = ARENA_ARRAY(arena, struct text, row->count);
    struct lookup headers;
    lookup_init(&headers, arena);
    for (size_t i = 0; i < row->count; i++) {
        if (!text_is_utf8(row->cells[i].text)) {
            hopeless(table, row->line, arena_printf(arena, "%zu", i + 1), "encoding", "The header is not UTF-8.");
            return;
        }
        plain[i] = plain_name(arena, text_trim(row->cells[i].text));
        if (plain[i].length > 0 && lookup_find(&headers, plain[i]) == NULL)
            lookup_put(&headers, plain[i], i);
    }
    table->dialect = dialect_of(&headers);
    if (table->dialect == NULL) {
        hopeless(table, row->line, "", "unknown_format",
                 "The first line has no column that we know: neither Shopify's `Handle` or `Title` nor Spree's `slug` and `name`.");
        return;
    }
    table->file->format = table->dialect->format;
    table->column_count = row->count;
    table->columns = ARENA_ARRAY(arena, struct column, row->count);
    table->prices = ARENA_ARRAY(arena, struct price, row->count);
    for (size_t i = 0; i < row->count; i++)
        column_init(table, i, text_trim(row->cells[i].text), plain[i]);
    check_columns(table, row->line, plain);
}

/* --- a row's values ------------------------------------------------------------------------------------------------ */

static struct text cell(const struct table *table, const struct row *row, enum import_field field)
{
    int column = table->first_column[field];
    bool is_there = column >= 0 && (size_t)column < row->csv->count; /* the row may be ragged */
    return is_there ? text_trim(row->csv->cells[column].text) : TEXT("");
}

static bool has(const struct table *table, const struct row *row, enum import_field field)
{
    return cell(table, row, field).length > 0;
}

static const char *keep(const struct table *table, struct text text)
{
    return text.length > 0 ? arena_strndup(table->file->arena, text.at, text.length) : "";
}

/* The detail is a format. */
static void wrong(struct table *table, struct row *row, size_t column, const char *code, const char *detail, ...)
    __attribute__((format(printf, 5, 6)));
static void wrong(struct table *table, struct row *row, size_t column, const char *code, const char *detail, ...)
{
    struct arena *arena = table->file->arena;
    va_list arguments;
    row->is_bad = true;
    va_start(arguments, detail);
    const char *sentence = arena_vprintf(arena, detail, arguments);
    va_end(arguments);
    import_problem_add(&table->file->problems, row->csv->cells[column].line, table->columns[column].name, code, "%s",
                       sentence);
}

static size_t column_of(const struct table *table, enum import_field field)
{
    ASSERT(table->first_column[field] >= 0);
    return (size_t)table->first_column[field];
}

/* As much of a cell as a message shows. */
#define SHOWN(text) (int)((text).length < 60 ? (text).length : 60), (text).at

static void read_bool(struct table *table, struct row *row, enum import_field field, bool *value)
{
    struct text text = cell(table, row, field);
    if (text.length > 0 && !import_bool(text, value))
        wrong(table, row, column_of(table, field), "format", "`%.*s` is neither TRUE nor FALSE.", SHOWN(text));
}

/* Spreadsheets mark a number that is to be taken as text by an apostrophe in front. */
static struct text without_apostrophe(struct text text)
{
    return text_starts_with(text, "'") ? (struct text){text.at + 1, text.length - 1} : text;
}

/* Which product it is about: what its handle says, else its title. */
static void find_slug(const struct table *table, struct row *row)
{
    struct text slug = cell(table, row, IMPORT_SLUG);
    row->title = cell(table, row, IMPORT_TITLE);
    if (slug.length == 0) {
        slug_from_title(row->title, row->slug);
        return;
    }
    if (slug.length >= sizeof row->slug)
        return;
    for (size_t i = 0; i < slug.length; i++)
        row->slug[i] = slug.at[i] >= 'A' && slug.at[i] <= 'Z' ? (char)(slug.at[i] - 'A' + 'a') : slug.at[i];
    row->slug[slug.length] = '\0';
}

static void read_slug(struct table *table, struct row *row)
{
    find_slug(table, row);
    if (*row->slug != '\0')
        return;
    if (has(table, row, IMPORT_SLUG))
        wrong(table, row, column_of(table, IMPORT_SLUG), "too_long", "This must have at most 200 characters.");
    else
        wrong(table, row, 0, "required", "This row names neither a handle nor a title, so nobody knows which product it is about.");
}

static void read_status(struct table *table, struct row *row)
{
    static const struct {
        const char *word;
        Catalog__ProductStatus status;
    } words[] = {{"active", CATALOG__PRODUCT_STATUS__PRODUCT_STATUS_PUBLISHED},
                 {"published", CATALOG__PRODUCT_STATUS__PRODUCT_STATUS_PUBLISHED},
                 {"draft", CATALOG__PRODUCT_STATUS__PRODUCT_STATUS_DRAFT},
                 {"unlisted", CATALOG__PRODUCT_STATUS__PRODUCT_STATUS_DRAFT},
                 {"archived", CATALOG__PRODUCT_STATUS__PRODUCT_STATUS_ARCHIVED}};
    struct text text = cell(table, row, IMPORT_STATUS);
    bool published = true;

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (text_equal_ignoring_case(text, text_of(words[i].word)))
            row->status = words[i].status;
    if (text.length > 0 && !row->status)
        wrong(table, row, column_of(table, IMPORT_STATUS), "unknown_value",
              "`%.*s` is no status: it can be active, draft or archived.", SHOWN(text));
    read_bool(table, row, IMPORT_PUBLISHED, &published);
    if (!row->status && has(table, row, IMPORT_PUBLISHED))
        row->status = CATALOG__PRODUCT_STATUS__PRODUCT_STATUS_PUBLISHED;
    if (!published && row->status == CATALOG__PRODUCT_STATUS__PRODUCT_STATUS_PUBLISHED)
        row->status = CATALOG__PRODUCT_STATUS__PRODUCT_STATUS_DRAFT;
}

static struct price *price_in(struct row *row, const char *currency)
{
    for (size_t i = 0; i < row->price_count; i++)
        if (strcmp(row->prices[i].currency, currency) == 0)
            return &row->prices[i];
    row->prices[row->price_count] = (struct price){.currency = currency};
    return &row->prices[row->price_count++];
}

static const char *currency_of_row(struct table *table, struct row *row)
{
    struct text text = cell(table, row, IMPORT_CURRENCY);
    if (text.length == 0)
        return table->file->currency;
    char code[4] = "";
    for (size_t i = 0; i < text.length && i < 3; i++)
        code[i] = text.at[i] >= 'a' && text.at[i] <= 'z' ? (char)(text.at[i] - 'a' + 'A') : text.at[i];
    if (text.length != 3 || currency_exponent(text_of(code)) < 0) {
        wrong(table, row, column_of(table, IMPORT_CURRENCY), "unknown_currency", "`%.*s` is not a currency of ISO 4217.",
              SHOWN(text));
        return table->file->currency;
    }
    return strcmp(code, table->file->currency) == 0 ? table->file->currency : keep(table, text_of(code));
}

static void read_prices(struct table *table, struct row *row)
{
    const char *currency = currency_of_row(table, row);
    row->price_count = 0;
    for (size_t i = 0; i < table->column_count; i++) {
        const struct column *column = &table->columns[i];
        struct text text = text_trim(row->csv->cells[i].text);
        int64_t amount;
        if ((column->field != IMPORT_PRICE && column->field != IMPORT_COMPARE_AT) || text.length == 0)
            continue;
        const char *in = column->currency != NULL ? column->currency : currency;
        if (!import_amount(text, in, &amount)) {
            wrong(table, row, i, "bad_number", "`%.*s` is no amount in %s: digits, and a point before at most %d more.",
                  SHOWN(text), in, currency_exponent(text_of(in)));
            continue;
        }
        struct price *price = price_in(row, in);
        if (column->field == IMPORT_PRICE) {
            price->amount = amount;
            price->has_amount = true;
        } else {
            price->compare_at_amount = amount;
        }
    }
}

static void read_weight(struct table *table, struct row *row)
{
    struct text grams = cell(table, row, IMPORT_GRAMS), weight = cell(table, row, IMPORT_WEIGHT);
    struct text unit = cell(table, row, IMPORT_WEIGHT_UNIT);
    if (grams.length > 0 && !import_grams(grams, TEXT("g"), &row->grams))
        wrong(table, row, column_of(table, IMPORT_GRAMS), "bad_number", "`%.*s` is no weight in grams.", SHOWN(grams));
    if (grams.length == 0 && weight.length > 0 && !import_grams(weight, unit, &row->grams))
        wrong(table, row, column_of(table, IMPORT_WEIGHT), "bad_number", "`%.*s` `%.*s` is no weight: units are g, kg, lb and oz.",
              SHOWN(weight), SHOWN(unit));
}

/* A shop that has sold more than it has says so by a number below 0: there is nothing on hand. */
static void read_stock(struct table *table, struct row *row)
{
    struct text text = cell(table, row, IMPORT_QUANTITY);
    if (text.length > 0 && !text_to_int64(text, &row->stock))
        wrong(table, row, column_of(table, IMPORT_QUANTITY), "bad_number", "`%.*s` is no whole number.", SHOWN(text));
    if (row->stock < 0)
        row->stock = 0;
}

static void read_image_position(struct table *table, struct row *row)
{
    struct text text = cell(table, row, IMPORT_IMAGE_POSITION);
    if (text.length > 0 && (!text_to_int64(text, &row->image_position) || row->image_position < 0))
        wrong(table, row, column_of(table, IMPORT_IMAGE_POSITION), "bad_number", "`%.*s` is no whole number from 1.",
              SHOWN(text));
}

/* Whether it has anything that only variants have. */
static bool describes_variant(const struct table *table, const struct row *row)
{
    static const enum import_field fields[] = {IMPORT_SKU,    IMPORT_BARCODE,  IMPORT_GRAMS,         IMPORT_WEIGHT,
                                               IMPORT_PRICE,  IMPORT_QUANTITY, IMPORT_OPTION_VALUE_1, IMPORT_OPTION_VALUE_2,
                                               IMPORT_OPTION_VALUE_3};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (has(table, row, fields[i]))
            return true;
    return row->price_count > 0;
}

static bool is_default_title(struct text value)
{
    return text_equal_ignoring_case(value, TEXT("Default Title"));
}

static void read_variant(struct table *table, struct row *row)
{
    bool requires_shipping = true;
    for (int i = 0; i < IMPORT_OPTIONS_MAX; i++) {
        row->option_values[i] = cell(table, row, (enum import_field)(IMPORT_OPTION_VALUE_1 + i));
        if (is_default_title(row->option_values[i]))
            row->option_values[i] = TEXT("");
    }
    row->sku = without_apostrophe(cell(table, row, IMPORT_SKU));
    read_weight(table, row);
    read_stock(table, row);
    read_prices(table, row);
    read_bool(table, row, IMPORT_REQUIRES_SHIPPING, &requires_shipping);
    row->digital = !requires_shipping;
    read_bool(table, row, IMPORT_DIGITAL, &row->digital);
    row->is_variant = describes_variant(table, row);
}

static bool check_row(struct table *table, struct row *row)
{
    struct import_problems *problems = &table->file->problems;
    if (row->csv->count != table->column_count) {
        import_problem_add(problems, row->csv->line, "", "ragged_row", "This row has %zu cells, but there are %zu columns.",
                           row->csv->count, table->column_count);
        return false;
    }
    for (size_t i = 0; i < row->csv->count; i++)
        if (!text_is_utf8(row->csv->cells[i].text))
            wrong(table, row, i, "encoding", "This is not UTF-8 text.");
    return !row->is_bad;
}

static void read_row(struct table *table, struct row *row)
{
    read_slug(table, row);
    read_status(table, row);
    read_image_position(table, row);
    read_variant(table, row);
}

/* --- adding it to its product -------------------------------------------------------------------------------------- */

static const char *variant_option(const Catalog__Variant *variant, const char *name)
{
    for (size_t i = 0; i < variant->n_options; i++)
        if (strcmp(variant->options[i]->key, name) == 0)
            return variant->options[i]->value;
    return NULL;
}

/* Mostly the first row names them all. */
static void name_options(struct table *table, const struct row *row, Catalog__Product *product)
{
    for (int i = (int)product->n_options; i < IMPORT_OPTIONS_MAX; i++) {
        struct text name = cell(table, row, (enum import_field)(IMPORT_OPTION_NAME_1 + i));
        if (name.length == 0 || is_default_title(cell(table, row, (enum import_field)(IMPORT_OPTION_VALUE_1 + i))))
            return;
        Catalog__ProductOption *option = ARENA_NEW(table->file->arena, Catalog__ProductOption);
        catalog__product_option__init(option);
        option->name = keep(table, name);
        ARENA_ROOM(table->file->arena, product->options, product->n_options);
        product->options[product->n_options++] = option;
    }
}

static void set_options(struct table *table, struct row *row, const Catalog__Product *product, Catalog__Variant *variant)
{
    for (size_t i = 0; i < IMPORT_OPTIONS_MAX; i++) {
        if (row->option_values[i].length == 0)
            continue;
        if (i >= product->n_options) {
            enum import_field field = (enum import_field)(IMPORT_OPTION_VALUE_1 + (int)i);
            wrong(table, row, column_of(table, field), "required", "This product has no name for its option %zu.", i + 1);
            return;
        }
        if (variant_option(variant, product->options[i]->name) != NULL)
            continue;
        Catalog__Variant__OptionsEntry *entry = ARENA_NEW(table->file->arena, Catalog__Variant__OptionsEntry);
        catalog__variant__options_entry__init(entry);
        entry->key = product->options[i]->name;
        entry->value = keep(table, row->option_values[i]);
        ARENA_ROOM(table->file->arena, variant->options, variant->n_options);
        variant->options[variant->n_options++] = entry;
    }
}

/* A price before the sale that is not above the one now says nothing. */
static void add_prices(struct table *table, const struct row *row, Catalog__Variant *variant)
{
    for (size_t i = 0; i < row->price_count; i++) {
        const struct price *price = &row->prices[i];
        bool on_sale = price->compare_at_amount > price->amount;
        if (price->has_amount)
            import_price_add(table->file, variant, price->currency, price->amount, on_sale ? price->compare_at_amount : 0);
    }
}

#define NO_VARIANT SIZE_MAX

static size_t find_variant(const Catalog__Product *product, const char *sku)
{
    for (size_t i = 0; i < product->n_variants; i++)
        if (strcmp(product->variants[i]->sku, sku) == 0)
            return i;
    return NO_VARIANT;
}

static bool same_options(const Catalog__Variant *a, const Catalog__Variant *b)
{
    if (a->n_options != b->n_options)
        return false;
    for (size_t i = 0; i < a->n_options; i++) {
        const char *other = variant_option(b, a->options[i]->key);
        if (other == NULL || strcmp(other, a->options[i]->value) != 0)
            return false;
    }
    return true;
}

/* The variant that a buyer could not tell from this one. */
static size_t find_twin(const Catalog__Product *product, const Catalog__Variant *variant)
{
    for (size_t i = 0; i < product->n_variants; i++)
        if (same_options(product->variants[i], variant))
            return i;
    return NO_VARIANT;
}

static bool has_price_in(const Catalog__Variant *variant, const char *currency)
{
    for (size_t i = 0; i < variant->n_prices; i++)
        if (strcmp(variant->prices[i]->currency, currency) == 0)
            return true;
    return false;
}

/* Whether this row is another price of a SKU that is known, and was taken as that. */
static bool take_price_row(struct table *table, const struct row *row, Catalog__Variant *known)
{
    if (!table->dialect->has_price_rows || row->price_count == 0 || has_price_in(known, row->prices[0].currency))
        return false;
    add_prices(table, row, known);
    return true;
}

/* Whether it may turn out not to be a variant: drop_master(). */
static bool is_master(const struct table *table, const Catalog__Variant *variant)
{
    return table->dialect->has_master_rows && variant->n_options == 0;
}

static void refuse_known_sku(struct table *table, struct row *row, const Catalog__Variant *variant, int64_t line)
{
    bool is_given = row->sku.length > 0;
    enum import_field field = is_given ? IMPORT_SKU : IMPORT_OPTION_VALUE_1;
    size_t column = table->first_column[field] < 0 ? 0 : column_of(table, field);
    if (is_given)
        wrong(table, row, column, "duplicate_sku", "The SKU `%s` is in line %" PRId64 " already.", variant->sku, line);
    else
        wrong(table, row, column, "duplicate_sku",
              "This row has no SKU, and the one made from its handle and options, `%s`, is that of line %" PRId64 " already.",
              variant->sku, line);
}

static void refuse_twin(struct table *table, struct row *row, int64_t line)
{
    size_t column = table->first_column[IMPORT_OPTION_VALUE_1] < 0 ? 0 : column_of(table, IMPORT_OPTION_VALUE_1);
    wrong(table, row, column, "duplicate_options", "The variant in line %" PRId64 " has the same options.", line);
}

/* Whether it may be added: not if a variant is known by its SKU or looks the same. */
static bool check_variant(struct table *table, struct row *row, const struct imported_product *imported,
                          const Catalog__Variant *variant)
{
    size_t known = find_variant(imported->product, variant->sku), twin = find_twin(imported->product, variant);
    const size_t *seen = is_master(table, variant) ? NULL : lookup_find(&table->file->sku_lines, text_of(variant->sku));
    if (known != NO_VARIANT)
        refuse_known_sku(table, row, variant, imported->variant_lines[known]);
    else if (seen != NULL)
        refuse_known_sku(table, row, variant, (int64_t)*seen);
    else if (twin != NO_VARIANT)
        refuse_twin(table, row, imported->variant_lines[twin]);
    return !row->is_bad;
}

/* A variant ready to be added, or NULL: the row is bad, or no variant after all. */
static Catalog__Variant *make_variant(struct table *table, struct row *row, const struct imported_product *imported)
{
    struct import_file *file = table->file;
    const Catalog__Product *product = imported->product;
    Catalog__Variant *variant = ARENA_NEW(file->arena, Catalog__Variant);
    catalog__variant__init(variant);
    set_options(table, row, product, variant);
    if (row->is_bad)
        return NULL;
    variant->sku = row->sku.length > 0 ? keep(table, row->sku) : import_sku_make(file->arena, product->slug, variant);
    size_t known = find_variant(product, variant->sku);
    if (known != NO_VARIANT && take_price_row(table, row, product->variants[known]))
        return NULL;
    if (!check_variant(table, row, imported, variant))
        return NULL;
    variant->barcode = keep(table, without_apostrophe(cell(table, row, IMPORT_BARCODE)));
    variant->weight_grams = row->grams;
    variant->initial_stock = row->stock;
    variant->digital = row->digital;
    variant->image_url = keep(table, cell(table, row, IMPORT_VARIANT_IMAGE));
    struct text tax_category = cell(table, row, IMPORT_TAX_CATEGORY);
    if (!text_equal_ignoring_case(tax_category, TEXT("default")))
        variant->tax_category = keep(table, tax_category);
    add_prices(table, row, variant);
    return variant;
}

static void take_product(struct table *table, const struct row *row, Catalog__Product *product)
{
    int description = table->first_column[IMPORT_DESCRIPTION];
    if (*product->title == '\0')
        product->title = keep(table, row->title);
    if (*product->description == '\0' && description >= 0)
        product->description = keep(table, row->csv->cells[description].text);
    if (!product->status)
        product->status = row->status;
}

static void take_categories(struct table *table, const struct row *row, struct imported_product *imported)
{
    struct text several = cell(table, row, IMPORT_CATEGORIES);
    while (several.length > 0) {
        const char *end = memchr(several.at, ';', several.length);
        size_t length = end != NULL ? (size_t)(end - several.at) : several.length;
        import_path_add(table->file, imported, (struct text){several.at, length}, table->dialect->path_separator);
        length += end != NULL;
        several = (struct text){several.at + length, several.length - length};
    }
    for (size_t i = 0; i < table->column_count && imported->path_count < LIMIT_PRODUCT_CATEGORIES; i++)
        if (table->columns[i].field == IMPORT_CATEGORY && !has(table, row, IMPORT_CATEGORIES))
            import_path_add(table->file, imported, text_trim(row->csv->cells[i].text), table->dialect->path_separator);
    if (imported->path_count == 0 && has(table, row, IMPORT_TYPE))
        import_path_add(table->file, imported, cell(table, row, IMPORT_TYPE), "\n"); /* one name, whatever it contains */
}

static bool has_image(const Catalog__Product *product, const char *url, const char *alt)
{
    for (size_t i = 0; i < product->n_images; i++)
        if (strcmp(product->images[i]->url, url) == 0 && strcmp(product->images[i]->alt, alt) == 0)
            return true;
    return false;
}

static void take_images(struct table *table, const struct row *row, struct imported_product *imported,
                        Catalog__Variant *variant)
{
    const char *alt = keep(table, cell(table, row, IMPORT_IMAGE_ALT));
    for (size_t i = 0; i < table->column_count; i++) {
        struct text url = text_trim(row->csv->cells[i].text);
        if (table->columns[i].field != IMPORT_IMAGE || url.length == 0)
            continue;
        const char *kept = keep(table, url);
        if (!has_image(imported->product, kept, alt))
            import_image_add(table->file, imported, kept, alt, row->image_position);
        if (variant != NULL && variant->n_options > 0 && *variant->image_url == '\0' && table->dialect->has_variant_images)
            variant->image_url = kept;
    }
}

static void variant_attribute_add(struct table *table, Catalog__Variant *variant, const char *name, const char *value)
{
    Catalog__Variant__AttributesEntry *entry = ARENA_NEW(table->file->arena, Catalog__Variant__AttributesEntry);
    catalog__variant__attributes_entry__init(entry);
    entry->key = name;
    entry->value = value;
    ARENA_ROOM(table->file->arena, variant->attributes, variant->n_attributes);
    variant->attributes[variant->n_attributes++] = entry;
}

/* Whether `list`, of values separated by ", ", has this one. */
static bool lists(const char *list, const char *value)
{
    size_t length = strlen(value);
    for (const char *at = strstr(list, value); at != NULL; at = strstr(at + 1, value))
        if ((at == list || strncmp(at - 2, ", ", 2) == 0) && (at[length] == '\0' || strncmp(at + length, ", ", 2) == 0))
            return true;
    return false;
}

static void take_attribute(struct table *table, Catalog__Product *product, Catalog__Variant *variant, const char *name,
                           const char *value)
{
    const char *before = import_attribute(product, name);
    if (before == NULL)
        import_attribute_set(table->file, product, name, value);
    else if (variant != NULL && strcmp(before, value) != 0)
        variant_attribute_add(table, variant, name, value);
    else if (variant == NULL && !lists(before, value))
        import_attribute_set(table->file, product, name, arena_printf(table->file->arena, "%s, %s", before, value));
}

/* Older tools have one row per metafield. */
static void take_metafield(struct table *table, const struct row *row, Catalog__Product *product, Catalog__Variant *variant)
{
    struct text key = cell(table, row, IMPORT_METAFIELD_KEY), value = cell(table, row, IMPORT_METAFIELD_VALUE);
    struct text namespace = cell(table, row, IMPORT_METAFIELD_NAMESPACE);
    if (key.length == 0 || value.length == 0)
        return;
    const char *name = namespace.length == 0 ? keep(table, key)
                                             : arena_printf(table->file->arena, "%.*s.%.*s", (int)namespace.length,
                                                            namespace.at, (int)key.length, key.at);
    take_attribute(table, product, variant, name, keep(table, value));
}

static void take_attributes(struct table *table, const struct row *row, Catalog__Product *product, Catalog__Variant *variant)
{
    for (size_t i = 0; i < table->column_count; i++) {
        struct text value = text_trim(row->csv->cells[i].text);
        if (table->columns[i].attribute != NULL && value.length > 0)
            take_attribute(table, product, variant, table->columns[i].attribute, keep(table, value));
    }
    take_metafield(table, row, product, variant);
}

/* Another title under the same handle is another product, or a slip. */
static void check_title(struct table *table, struct row *row, const Catalog__Product *product)
{
    if (*product->title != '\0' && row->title.length > 0 && !text_is(row->title, product->title))
        wrong(table, row, column_of(table, IMPORT_TITLE), "conflict", "The product `%s` is called `%s` above.", product->slug,
              product->title);
}

static void add_row(struct table *table, struct row *row)
{
    struct import_file *file = table->file;
    struct imported_product *imported = import_product_of(file, text_of(row->slug), row->csv->line);
    Catalog__Product *product = imported->product;
    Catalog__Variant *variant = NULL;
    if (imported->is_bad) {
        row->is_bad = true; /* said already */
        return;
    }
    size_t options_before = product->n_options;

    check_title(table, row, product);
    name_options(table, row, product);
    if (row->is_variant)
        variant = make_variant(table, row, imported);
    if (row->is_bad) {
        product->n_options = options_before;
        return;
    }
    imported->rows++;
    take_product(table, row, product);
    take_categories(table, row, imported);
    take_images(table, row, imported, variant);
    if (!row->is_variant || variant != NULL)
        take_attributes(table, row, product, variant);
    if (variant != NULL) {
        *import_variant_add(file, imported, row->csv->line) = *variant;
        if (!is_master(table, variant))
            lookup_put(&file->sku_lines, text_of(variant->sku), (size_t)row->csv->line);
    }
}

/* --- translations -------------------------------------------------------------------------------------------------- */

/* "de", "pt-BR", "zh-Hant-TW": what an attribute's name may end in. */
static bool is_locale(struct text text)
{
    size_t letters = 0;
    if (text.length > 35)
        return false;
    while (letters < text.length && ((text.at[letters] | 0x20) >= 'a' && (text.at[letters] | 0x20) <= 'z'))
        letters++;
    if (letters != 2 && letters != 3)
        return false;
    for (size_t i = letters; i < text.length; i++) {
        char c = (char)(text.at[i] | 0x20);
        bool follows_hyphen = text.at[i - 1] == '-' || text.at[i - 1] == '_';
        bool is_hyphen = text.at[i] == '-' || text.at[i] == '_';
        if (is_hyphen ? follows_hyphen || i + 1 == text.length : !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9'))
            return false;
    }
    return letters == text.length || text.at[letters] == '-' || text.at[letters] == '_';
}

/* What a column's translations are called, but for the locale; NULL for what is the same in every language. */
static const char *translated_name(const struct column *column)
{
    switch (column->field) {
    case IMPORT_TITLE:
        return "title";
    case IMPORT_DESCRIPTION:
        return "description";
    case IMPORT_OTHER:
        return column->attribute;
    default:
        return NULL;
    }
}

static void check_translation(struct table *table, struct row *row)
{
    struct text locale = cell(table, row, IMPORT_LOCALE);
    read_slug(table, row);
    if (!is_locale(locale))
        wrong(table, row, column_of(table, IMPORT_LOCALE), "format", "`%.*s` is no locale, such as `de` or `pt-BR`.", SHOWN(locale));
    for (size_t i = 0; i < table->column_count; i++) {
        const struct column *column = &table->columns[i];
        bool says_which = column->field == IMPORT_SLUG || column->field == IMPORT_LOCALE;
        if (!says_which && translated_name(column) == NULL && text_trim(row->csv->cells[i].text).length > 0)
            wrong(table, row, i, "not_translated", "This is the same in every language: a row with a locale can't say it.");
    }
}

/* A product has one title and one description; in other languages they are attributes, such as "title.de". */
static void add_translation(struct table *table, const struct row *row)
{
    struct arena *arena = table->file->arena;
    struct imported_product *imported = import_product_of(table->file, text_of(row->slug), row->csv->line);
    const char *locale = keep(table, cell(table, row, IMPORT_LOCALE));
    imported->rows++;
    for (size_t i = 0; i < table->column_count; i++) {
        const char *name = translated_name(&table->columns[i]);
        struct text value = text_trim(row->csv->cells[i].text);
        if (name != NULL && value.length > 0)
            import_attribute_set(table->file, imported->product, arena_printf(arena, "%s.%s", name, locale), keep(table, value));
    }
}

/* --- the file ------------------------------------------------------------------------------------------------------ */

/* Without its own row, which bears the title, a product's others say too little: it is left out as a whole. */
static void leave_product_out(struct table *table, struct row *row)
{
    find_slug(table, row);
    if (*row->slug == '\0' || row->title.length == 0)
        return;
    struct imported_product *imported = import_product_of(table->file, text_of(row->slug), row->csv->line);
    imported->is_bad |= *imported->product->title == '\0';
}

/* It says nothing that other rows need, so without it the others stand. */
static void take_translation(struct table *table, struct row *row)
{
    check_translation(table, row);
    if (!row->is_bad)
        add_translation(table, row);
    table->file->skipped += row->is_bad;
}

static void on_row(void *data, const struct csv_row *csv)
{
    struct table *table = data;
    struct row row = {.csv = csv, .prices = table->prices};
    if (table->is_hopeless)
        return;
    if (table->dialect == NULL) {
        take_header(table, csv);
        return;
    }
    bool is_readable = check_row(table, &row);
    if (is_readable && has(table, &row, IMPORT_LOCALE)) {
        take_translation(table, &row);
        return;
    }
    if (is_readable)
        read_row(table, &row);
    else
        row.is_bad = true;
    if (!row.is_bad)
        add_row(table, &row);
    if (row.is_bad)
        leave_product_out(table, &row);
    table->file->skipped += row.is_bad;
}

static void on_broken(void *data, int64_t line, size_t cell_number, const char *sentence)
{
    struct table *table = data;
    struct arena *arena = table->file->arena;
    bool is_known = cell_number <= table->column_count;
    if (table->is_hopeless)
        return;
    import_problem_add(&table->file->problems, line,
                       is_known ? table->columns[cell_number - 1].name : arena_printf(arena, "%zu", cell_number), "quotes",
                       "%s", sentence);
    table->is_hopeless = table->dialect == NULL;
    table->file->skipped++;
}

/* A product's own row is no variant where there are real ones; only now its SKU is known to count. */
static void drop_master(struct import_file *file, struct imported_product *imported)
{
    Catalog__Product *product = imported->product;
    bool has_others = false;
    size_t kept = 0;
    for (size_t i = 0; i < product->n_variants; i++)
        has_others |= product->variants[i]->n_options > 0;
    for (size_t i = 0; i < product->n_variants; i++) {
        Catalog__Variant *variant = product->variants[i];
        int64_t line = imported->variant_lines[i];
        const size_t *seen = lookup_find(&file->sku_lines, text_of(variant->sku));
        bool is_second = variant->n_options == 0 && seen != NULL;
        if (is_second && !has_others)
            import_problem_add(&file->problems, line, import_says(file, IMPORT_SKU) ? file->column_names[IMPORT_SKU] : "", "duplicate_sku",
                               "The SKU `%s` is in line %zu already.", variant->sku, *seen);
        if (is_second || (has_others && variant->n_options == 0)) {
            file->variants--;
            continue;
        }
        if (seen == NULL)
            lookup_put(&file->sku_lines, text_of(variant->sku), (size_t)line);
        imported->variant_lines[kept] = line;
        product->variants[kept++] = variant;
    }
    product->n_variants = kept;
}

/* What bad rows have left without anything good, or without what is needed. */
static void drop_bad(struct import_file *file)
{
    size_t kept = 0;
    for (size_t i = 0; i < file->product_count; i++) {
        struct imported_product *imported = file->products[i];
        if (imported->is_bad) {
            file->skipped += imported->rows;
            file->variants -= (int64_t)imported->product->n_variants;
        } else if (imported->rows > 0) {
            file->products[kept++] = imported;
        }
    }
    file->product_count = kept;
}

void table_read(struct import_file *file, struct text bytes)
{
    struct table table = {.file = file};
    struct csv_reader reader = {.row = on_row, .broken = on_broken, .data = &table};
    for (int i = 0; i < IMPORT_FIELD_COUNT; i++)
        table.first_column[i] = -1;
    csv_read(bytes, &reader);
    if (table.dialect == NULL && !table.is_hopeless)
        hopeless(&table, 1, "", "empty", "The file is empty.");
    if (table.dialect != NULL && table.dialect->has_master_rows)
        for (size_t i = 0; i < file->product_count; i++)
            drop_master(file, file->products[i]);
    drop_bad(file);
}
