/*
 * Shopify's product CSV: which column is what.
 *
 * Shopify has had two sets of headers (48 columns until 2024, 57 since), and its older tools a third; all of them are known here by
 * whatever name they had. What has no place in our product is an attribute, by its header.
 */
#include "services/catalog/import/readers.h"

static const struct table_column_name columns[] = {
    {"handle", IMPORT_SLUG, NULL},
    {"url handle", IMPORT_SLUG, NULL},
    {"title", IMPORT_TITLE, NULL},
    {"body html", IMPORT_DESCRIPTION, NULL},
    {"body", IMPORT_DESCRIPTION, NULL},
    {"description", IMPORT_DESCRIPTION, NULL},
    {"status", IMPORT_STATUS, NULL},
    {"published", IMPORT_PUBLISHED, NULL},
    {"published on online store", IMPORT_PUBLISHED, NULL},
    {"product category", IMPORT_CATEGORY, NULL},
    {"standardized product type", IMPORT_CATEGORY, NULL},
    {"categories", IMPORT_CATEGORIES, NULL},
    {"type", IMPORT_TYPE, "type"},
    {"custom product type", IMPORT_TYPE, "type"},
    {"vendor", IMPORT_OTHER, "vendor"},
    {"tags", IMPORT_OTHER, "tags"},
    {"seo title", IMPORT_OTHER, "seo_title"},
    {"seo description", IMPORT_OTHER, "seo_description"},
    {"metafields global title tag", IMPORT_OTHER, "seo_title"},
    {"metafields global description tag", IMPORT_OTHER, "seo_description"},

    {"option1 name", IMPORT_OPTION_NAME_1, NULL},
    {"option1 value", IMPORT_OPTION_VALUE_1, NULL},
    {"option2 name", IMPORT_OPTION_NAME_2, NULL},
    {"option2 value", IMPORT_OPTION_VALUE_2, NULL},
    {"option3 name", IMPORT_OPTION_NAME_3, NULL},
    {"option3 value", IMPORT_OPTION_VALUE_3, NULL},
    {"variant sku", IMPORT_SKU, NULL},
    {"sku", IMPORT_SKU, NULL},
    {"variant barcode", IMPORT_BARCODE, NULL},
    {"barcode", IMPORT_BARCODE, NULL},
    {"variant grams", IMPORT_GRAMS, NULL},
    {"weight value grams", IMPORT_GRAMS, NULL},
    {"variant weight", IMPORT_WEIGHT, NULL},
    {"variant weight unit", IMPORT_WEIGHT_UNIT, NULL},
    {"weight unit for display", IMPORT_WEIGHT_UNIT, NULL},
    {"variant inventory qty", IMPORT_QUANTITY, NULL},
    {"variant inventory quantity", IMPORT_QUANTITY, NULL},
    {"inventory quantity", IMPORT_QUANTITY, NULL},
    {"variant price", IMPORT_PRICE, NULL},
    {"price", IMPORT_PRICE, NULL},
    {"variant compare at price", IMPORT_COMPARE_AT, NULL},
    {"compare at price", IMPORT_COMPARE_AT, NULL},
    {"variant requires shipping", IMPORT_REQUIRES_SHIPPING, NULL},
    {"requires shipping", IMPORT_REQUIRES_SHIPPING, NULL},
    {"variant tax code", IMPORT_TAX_CATEGORY, NULL},
    {"tax code", IMPORT_TAX_CATEGORY, NULL},

    {"image src", IMPORT_IMAGE, NULL},
    {"product image url", IMPORT_IMAGE, NULL},
    {"image position", IMPORT_IMAGE_POSITION, NULL},
    {"image alt text", IMPORT_IMAGE_ALT, NULL},
    {"variant image", IMPORT_VARIANT_IMAGE, NULL},
    {"variant image url", IMPORT_VARIANT_IMAGE, NULL},

    {"metafield namespace", IMPORT_METAFIELD_NAMESPACE, NULL},
    {"metafield key", IMPORT_METAFIELD_KEY, NULL},
    {"metafield value", IMPORT_METAFIELD_VALUE, NULL},
};

static bool is_shopify(const struct lookup *headers)
{
    return lookup_find(headers, TEXT("handle")) != NULL || lookup_find(headers, TEXT("url handle")) != NULL ||
           lookup_find(headers, TEXT("title")) != NULL;
}

const struct table_dialect shopify_dialect = {
    .format = "shopify",
    .is = is_shopify,
    .columns = columns,
    .column_count = sizeof columns / sizeof *columns,
    .path_separator = ">",
    .has_price_columns = true,
};
