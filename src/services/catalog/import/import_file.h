/*
 * A file of products, read: what it says, before it meets the catalogue.
 *
 *     bytes --detect--> table.c (shopify.c, spree.c say which column is what) --.
 *                       dummyjson.c, souk.c ------------------------------------+--> struct import_file --merge.c--> products
 *
 * A reader knows the file only. What it can't read it reports, and leaves out. What it leaves empty stays as it is in the catalogue.
 */
#ifndef SOUK_CATALOG_IMPORT_FILE_H
#define SOUK_CATALOG_IMPORT_FILE_H

#include "base/lookup.h"
#include "souk/catalog/v1/events.pb-c.h"

/* What a column or member of a file may be. */
enum import_field {
    IMPORT_OTHER, /* an attribute, by its own name */
    IMPORT_SLUG,
    IMPORT_LOCALE, /* of a row that only translates */
    IMPORT_TITLE,
    IMPORT_DESCRIPTION,
    IMPORT_STATUS,
    IMPORT_PUBLISHED,
    IMPORT_CATEGORY,   /* one path: "Kitchen > Kettles" */
    IMPORT_CATEGORIES, /* several, separated by semicolons */
    IMPORT_TYPE,       /* an attribute, and the category where there is no other */
    IMPORT_OPTION_NAME_1,
    IMPORT_OPTION_NAME_2,
    IMPORT_OPTION_NAME_3,
    IMPORT_OPTION_VALUE_1,
    IMPORT_OPTION_VALUE_2,
    IMPORT_OPTION_VALUE_3,
    IMPORT_SKU,
    IMPORT_BARCODE,
    IMPORT_GRAMS,
    IMPORT_WEIGHT,
    IMPORT_WEIGHT_UNIT,
    IMPORT_QUANTITY,
    IMPORT_PRICE,
    IMPORT_COMPARE_AT,
    IMPORT_CURRENCY,
    IMPORT_REQUIRES_SHIPPING,
    IMPORT_DIGITAL,
    IMPORT_TAX_CATEGORY,
    IMPORT_IMAGE,
    IMPORT_IMAGE_POSITION,
    IMPORT_IMAGE_ALT,
    IMPORT_VARIANT_IMAGE,
    IMPORT_METAFIELD_NAMESPACE,
    IMPORT_METAFIELD_KEY,
    IMPORT_METAFIELD_VALUE,
    IMPORT_FIELD_COUNT
};
#define IMPORT_OPTIONS_MAX 3

/* "Kitchen", "Kettles": from the top. */
struct category_path {
    const char **names;
    size_t depth;
};

struct imported_product {
    Catalog__Product *product; /* without ids and categories; variants bear first prices and stock */
    struct category_path *paths;
    size_t path_count;
    int64_t line;     /* its first row */
    int64_t rows;     /* that belong to it */
    bool is_bad;      /* for the reader: it is left out */
    int64_t *variant_lines; /* of each variant of `product` */
    int64_t *image_positions; /* of each image; 0 when the file does not say */
};

/* What is wrong, as it was found. */
struct import_problems {
    struct arena *arena;
    Catalog__ImportProblem **items; /* the first LIMIT_IMPORT_PROBLEMS */
    size_t kept;
    int64_t count;
};
/* The detail is a format. */
void import_problem_add(struct import_problems *problems, int64_t line, const char *column, const char *code,
                        const char *detail, ...) __attribute__((format(printf, 5, 6)));
/* By line; those of one line stay as they are. */
void import_problems_sort(struct import_problems *problems);

struct import_file {
    struct arena *arena;
    const char *format;   /* "shopify", "spree", "dummyjson", "souk"; NULL when it is none of them */
    const char *currency; /* of prices that name none */
    struct imported_product **products; /* in the order they first appear */
    size_t product_count;
    struct lookup by_slug; /* into products */
    struct lookup sku_lines; /* where each SKU was first seen */
    const char *column_names[IMPORT_FIELD_COUNT]; /* as the file calls it; NULL: it says nothing of it */
    int64_t variants;
    int64_t skipped; /* rows left out */
    struct import_problems problems;
};

/* Read a whole file, of this format ("" for any). Everything lives in `arena`, a kilobyte for each variant; what is wrong with the file lives in
 * `report`, to be told when the file is given back. */
struct import_file *import_file_read(struct arena *arena, struct arena *report, struct text bytes, const char *format,
                                     const char *currency);

/* Whether the file has such a column. */
static inline bool import_says(const struct import_file *file, enum import_field field)
{
    return file->column_names[field] != NULL;
}

/* --- for the readers (import_file.c) --- */

/* The product of that slug, made when the file has not named it before. */
struct imported_product *import_product_of(struct import_file *file, struct text slug, int64_t line);
/* Room for one more variant; the caller fills it. */
Catalog__Variant *import_variant_add(struct import_file *file, struct imported_product *imported, int64_t line);
void import_price_add(struct import_file *file, Catalog__Variant *variant, const char *currency, int64_t amount,
                      int64_t compare_at_amount);
void import_image_add(struct import_file *file, struct imported_product *imported, const char *url, const char *alt,
                      int64_t position);
/* Split "A > B" at `separator`, and add it unless it is there already. */
void import_path_add(struct import_file *file, struct imported_product *imported, struct text path, const char *separator);
/* The value of an attribute, or NULL. */
const char *import_attribute(const Catalog__Product *product, const char *name);
void import_attribute_set(struct import_file *file, Catalog__Product *product, const char *name, const char *value);
/* "handle-red-xl": a SKU for a variant that has none. */
const char *import_sku_make(struct arena *arena, const char *slug, const Catalog__Variant *variant);

/* --- values --- */

/* "19.90" in the currency; false for what is no amount, or below 0. */
bool import_amount(struct text text, const char *currency, int64_t *amount);
/* A weight in any of g, kg, lb, oz ("" is g), rounded to grams. */
bool import_grams(struct text text, struct text unit, int64_t *grams);
bool import_bool(struct text text, bool *value);

#endif
