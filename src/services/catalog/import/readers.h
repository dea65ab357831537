/*
 * The formats that are read. A file's content says which it is.
 */
#ifndef SOUK_CATALOG_IMPORT_READERS_H
#define SOUK_CATALOG_IMPORT_READERS_H

#include "services/catalog/import/import_file.h"

/* --- tables (table.c): CSV with a header, one row per variant, picture or price --- */

struct table_column_name {
    const char *header; /* in small letters, each run of other characters than letters and digits as one blank */
    enum import_field field;
    const char *attribute; /* for IMPORT_OTHER and IMPORT_TYPE: its name; NULL for the header's own */
};
struct table_dialect {
    const char *format;
    /* Whether a file with these headers (in that form) is one of these. */
    bool (*is)(const struct lookup *headers);
    const struct table_column_name *columns;
    size_t column_count;
    const char *path_separator; /* between a category and the one below */
    bool has_price_columns;     /* "Price / USD" is the price in that currency */
    bool has_price_rows;        /* a known SKU again, in another currency, is another price */
    bool has_master_rows;       /* a product's own row is a variant only if it has no others */
    bool has_variant_images;    /* a picture in the row of a variant with options is that variant's, too */
    const char *attribute_prefix; /* taken off the names of attributes; NULL for none */
};
extern const struct table_dialect shopify_dialect, spree_dialect;

void table_read(struct import_file *file, struct text bytes);

/* --- our own, a JSON object in each line (souk.c) --- */

/* Whether its first line is one of ours. */
bool souk_is(struct text bytes);
void souk_read(struct import_file *file, struct text bytes);

/* --- JSON (dummyjson.c) --- */

/* Whether it looks like JSON at all: then it is either this or wrong. */
bool dummyjson_is(struct text bytes);
void dummyjson_read(struct import_file *file, struct text bytes);

#endif
