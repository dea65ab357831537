/*
 * Spree's product CSV: which column is what.
 *
 * A product has a row of its own, then one per variant, and then, anywhere, one per further price of a SKU in another currency. Translations are files of
 * their own, with a row for each product and locale.
 */
#include "services/catalog/import/readers.h"

static const struct table_column_name columns[] = {
    {"slug", IMPORT_SLUG, NULL},
    {"locale", IMPORT_LOCALE, NULL},
    {"name", IMPORT_TITLE, NULL},
    {"description", IMPORT_DESCRIPTION, NULL},
    {"status", IMPORT_STATUS, NULL},
    {"category1", IMPORT_CATEGORY, NULL},
    {"category2", IMPORT_CATEGORY, NULL},
    {"category3", IMPORT_CATEGORY, NULL},
    {"product type", IMPORT_TYPE, "type"},
    {"brand name", IMPORT_OTHER, "vendor"},
    {"tags", IMPORT_OTHER, "tags"},
    {"meta title", IMPORT_OTHER, "seo_title"},
    {"meta description", IMPORT_OTHER, "seo_description"},

    {"option1 name", IMPORT_OPTION_NAME_1, NULL},
    {"option1 value", IMPORT_OPTION_VALUE_1, NULL},
    {"option2 name", IMPORT_OPTION_NAME_2, NULL},
    {"option2 value", IMPORT_OPTION_VALUE_2, NULL},
    {"option3 name", IMPORT_OPTION_NAME_3, NULL},
    {"option3 value", IMPORT_OPTION_VALUE_3, NULL},
    {"sku", IMPORT_SKU, NULL},
    {"barcode", IMPORT_BARCODE, NULL},
    {"weight", IMPORT_WEIGHT, NULL},
    {"weight unit", IMPORT_WEIGHT_UNIT, NULL},
    {"inventory count", IMPORT_QUANTITY, NULL},
    {"price", IMPORT_PRICE, NULL},
    {"compare at price", IMPORT_COMPARE_AT, NULL},
    {"currency", IMPORT_CURRENCY, NULL},
    {"digital", IMPORT_DIGITAL, NULL},
    {"tax category", IMPORT_TAX_CATEGORY, NULL},

    {"image1 src", IMPORT_IMAGE, NULL},
    {"image2 src", IMPORT_IMAGE, NULL},
    {"image3 src", IMPORT_IMAGE, NULL},
};

static bool is_spree(const struct lookup *headers)
{
    return lookup_find(headers, TEXT("slug")) != NULL && lookup_find(headers, TEXT("name")) != NULL;
}

const struct table_dialect spree_dialect = {
    .format = "spree",
    .is = is_spree,
    .columns = columns,
    .column_count = sizeof columns / sizeof *columns,
    .path_separator = "->",
    .has_price_rows = true,
    .has_master_rows = true,
    .has_variant_images = true,
    .attribute_prefix = "custom_field.",
};
