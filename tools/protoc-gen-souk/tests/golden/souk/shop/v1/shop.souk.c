/* Made by protoc-gen-souk from souk/shop/v1/shop.proto. Edit that, not this. */
#include "souk/shop/v1/shop.souk.h"

#include "platform/rpc/well_known.h"
#include "souk/common/v1/money.souk.h"
extern const struct method_declaration souk__stock__v1__stock__batch_get_stock__method;

static const struct enum_value_declaration shop__product__rating__source__values[] = {
    {
        .number = 0,
        .json_name = "unspecified",
        .comment = "",
    },
    {
        .number = 1,
        .json_name = "buyers",
        .comment = "",
    },
};
const struct enum_declaration shop__product__rating__source__declaration = {
    .descriptor = &shop__product__rating__source__descriptor,
    .values = shop__product__rating__source__values,
    .value_count = 2,
    .comment = "",
};

static const struct enum_value_declaration shop__product_status__values[] = {
    {
        .number = 0,
        .json_name = "unspecified",
        .comment = "",
    },
    {
        .number = 1,
        .json_name = "draft",
        .comment = "Being written.",
    },
    {
        .number = 2,
        .json_name = "published",
        .comment = "In the shop.",
    },
};
const struct enum_declaration shop__product_status__declaration = {
    .descriptor = &shop__product_status__descriptor,
    .values = shop__product_status__values,
    .value_count = 3,
    .comment = "What a product's page may be.",
};

static const struct field_declaration shop__list_sales_request__fields[] = {
    {
        .json_name = "cursor",
        .comment = "After which.",
        .always = true,
    },
};
static const unsigned shop__list_sales_request__written_order[] = {0};
const struct message_declaration shop__list_sales_request__declaration = {
    .descriptor = &shop__list_sales_request__descriptor,
    .comment = "Which sales.",
    .fields = shop__list_sales_request__fields,
    .written_order = shop__list_sales_request__written_order,
};

static const struct field_declaration shop__sale_list__fields[] = {
    {
        .json_name = "items",
        .comment = "Oldest first.",
        .message = &shop__sale__declaration,
        .always = true,
    },
    {
        .json_name = "position",
        .comment = "Where it ends.",
        .always = true,
    },
};
static const unsigned shop__sale_list__written_order[] = {0, 1};
const struct message_declaration shop__sale_list__declaration = {
    .descriptor = &shop__sale_list__descriptor,
    .comment = "A page of sales.",
    .fields = shop__sale_list__fields,
    .written_order = shop__sale_list__written_order,
};

static const struct field_declaration shop__sale__fields[] = {
    {
        .json_name = "cursor",
        .comment = "Where it is.",
        .always = true,
    },
};
static const unsigned shop__sale__written_order[] = {0};
const struct message_declaration shop__sale__declaration = {
    .descriptor = &shop__sale__descriptor,
    .comment = "One sale.",
    .fields = shop__sale__fields,
    .written_order = shop__sale__written_order,
};

static const struct field_declaration shop__product__fields[] = {
    {
        .json_name = "version",
        .comment = "Counts its changes.",
        .output_only = true,
        .always = true,
    },
    {
        .json_name = "title",
        .comment = "What it is called.",
        .required = true,
        .always = true,
        .min_length = 1,
        .max_length = 200,
    },
    {
        .json_name = "slug",
        .comment = "For the address.",
        .format = FORMAT_SLUG,
        .pattern = "[a-z0-9]+(-[a-z0-9]+)*",
    },
    {
        .json_name = "status",
        .comment = "Where it stands.",
        .enumeration = &shop__product_status__declaration,
        .always = true,
    },
    {
        .json_name = "variants",
        .comment = "All of them.",
        .message = &shop__product__variant__declaration,
        .always = true,
        .min_items = 1,
        .max_items = 100,
    },
    {
        .json_name = "rating",
        .comment = "What buyers say.",
        .message = &shop__product__rating__declaration,
    },
    {
        .json_name = "createdAt",
        .comment = "Since when.",
        .message = &google__protobuf__timestamp__declaration,
        .output_only = true,
    },
    {
        .json_name = "price",
        .comment = "From.",
        .message = &common__money__declaration,
    },
    {
        .json_name = "id",
        .comment = "Opaque.",
        .output_only = true,
        .always = true,
    },
    {
        .json_name = "factory",
        .comment = "From us.",
    },
    {
        .json_name = "supplier",
        .comment = "From others.",
        .scope = "procurement",
    },
};
static const unsigned shop__product__written_order[] = {8, 0, 1, 2, 3, 4, 5, 6, 7, 9, 10};
static const struct link_declaration shop__product__links[] = {
    {
        .rel = "reviews",
        .comment = "",
        .method = &shop__shop__list_products__method,
        .bind = "products=variants.sku",
        .match = "variants.sku=variants.sku",
    },
    {
        .rel = "stock",
        .comment = "What is left.",
        .method = &souk__stock__v1__stock__batch_get_stock__method,
        .bind = "skus=variants.sku,limit=rating.count",
        .match = "sku=variants.sku",
        .single = true,
    },
    {
        .rel = "delete",
        .comment = "",
        .method = &shop__shop__delete_product__method,
        .bind = "product=id",
        .when = "status=draft|published",
        .action = true,
    },
};
const struct message_declaration shop__product__declaration = {
    .descriptor = &shop__product__descriptor,
    .comment = "A thing for sale.",
    .fields = shop__product__fields,
    .written_order = shop__product__written_order,
    .resource = "product",
    .get = &shop__shop__get_product__method,
    .links = shop__product__links,
    .link_count = 3,
};

static const struct field_declaration shop__product__rating__fields[] = {
    {
        .json_name = "count",
        .comment = "How many said so.",
        .always = true,
        .has_minimum = true,
    },
    {
        .json_name = "average",
        .comment = "From 1 to 5.",
        .always = true,
        .has_minimum = true,
        .minimum = 1,
        .has_maximum = true,
        .maximum = 5,
    },
    {
        .json_name = "source",
        .comment = "Who said so.",
        .enumeration = &shop__product__rating__source__declaration,
        .always = true,
    },
};
static const unsigned shop__product__rating__written_order[] = {1, 0, 2};
const struct message_declaration shop__product__rating__declaration = {
    .descriptor = &shop__product__rating__descriptor,
    .comment = "Whether it is any good.",
    .fields = shop__product__rating__fields,
    .written_order = shop__product__rating__written_order,
};

static const struct field_declaration shop__product__variant__fields[] = {
    {
        .json_name = "sku",
        .comment = "The stock keeping unit.",
        .format = FORMAT_SKU,
        .required = true,
        .always = true,
        .max_length = 64,
    },
    {
        .json_name = "title",
        .comment = "As on the label.",
        .always = true,
    },
    {
        .json_name = "options",
        .comment = "Options: size, colour.",
        .message = &shop__product__variant__options_entry__declaration,
        .is_map = true,
        .always = true,
        .max_items = 8,
    },
};
static const unsigned shop__product__variant__written_order[] = {0, 1, 2};
const struct message_declaration shop__product__variant__declaration = {
    .descriptor = &shop__product__variant__descriptor,
    .comment = "What it can be had as.",
    .fields = shop__product__variant__fields,
    .written_order = shop__product__variant__written_order,
};

static const struct field_declaration shop__product__variant__options_entry__fields[] = {
    {
        .json_name = "key",
        .comment = "",
        .always = true,
    },
    {
        .json_name = "value",
        .comment = "",
        .always = true,
    },
};
static const unsigned shop__product__variant__options_entry__written_order[] = {0, 1};
const struct message_declaration shop__product__variant__options_entry__declaration = {
    .descriptor = &shop__product__variant__options_entry__descriptor,
    .comment = "",
    .fields = shop__product__variant__options_entry__fields,
    .written_order = shop__product__variant__options_entry__written_order,
};

static const struct field_declaration shop__get_product_request__fields[] = {
    {
        .json_name = "product",
        .comment = "Its id or slug.",
        .always = true,
    },
};
static const unsigned shop__get_product_request__written_order[] = {0};
const struct message_declaration shop__get_product_request__declaration = {
    .descriptor = &shop__get_product_request__descriptor,
    .comment = "Which product.",
    .fields = shop__get_product_request__fields,
    .written_order = shop__get_product_request__written_order,
};

static const struct field_declaration shop__list_products_request__fields[] = {
    {
        .json_name = "products",
        .comment = "SKUs.",
        .always = true,
    },
};
static const unsigned shop__list_products_request__written_order[] = {0};
const struct message_declaration shop__list_products_request__declaration = {
    .descriptor = &shop__list_products_request__descriptor,
    .comment = "Which products.",
    .fields = shop__list_products_request__fields,
    .written_order = shop__list_products_request__written_order,
};

static const struct field_declaration shop__product_list__fields[] = {
    {
        .json_name = "items",
        .comment = "On this page.",
        .message = &shop__product__declaration,
        .always = true,
    },
};
static const unsigned shop__product_list__written_order[] = {0};
const struct message_declaration shop__product_list__declaration = {
    .descriptor = &shop__product_list__descriptor,
    .comment = "Some products.",
    .fields = shop__product_list__fields,
    .written_order = shop__product_list__written_order,
};

static const struct field_declaration shop__create_product_request__fields[] = {
    {
        .json_name = "product",
        .comment = "As it shall be.",
        .message = &shop__product__declaration,
        .required = true,
    },
};
static const unsigned shop__create_product_request__written_order[] = {0};
const struct message_declaration shop__create_product_request__declaration = {
    .descriptor = &shop__create_product_request__descriptor,
    .comment = "A new one.",
    .fields = shop__create_product_request__fields,
    .written_order = shop__create_product_request__written_order,
};

static const struct field_declaration shop__buy_request__fields[] = {
    {
        .json_name = "paymentToken",
        .comment = "A token.",
        .input_only = true,
        .secret = true,
        .always = true,
    },
};
static const unsigned shop__buy_request__written_order[] = {0};
const struct message_declaration shop__buy_request__declaration = {
    .descriptor = &shop__buy_request__descriptor,
    .comment = "How to pay.",
    .fields = shop__buy_request__fields,
    .written_order = shop__buy_request__written_order,
};

static const struct field_declaration shop__import_request__fields[] = {
    {
        .json_name = "content",
        .comment = "The file.",
        .always = true,
    },
};
static const unsigned shop__import_request__written_order[] = {0};
const struct message_declaration shop__import_request__declaration = {
    .descriptor = &shop__import_request__descriptor,
    .comment = "What to import.",
    .fields = shop__import_request__fields,
    .written_order = shop__import_request__written_order,
};

static const struct field_declaration shop__prices_of_request__fields[] = {
    {
        .json_name = "skus",
        .comment = "",
        .always = true,
    },
};
static const unsigned shop__prices_of_request__written_order[] = {0};
const struct message_declaration shop__prices_of_request__declaration = {
    .descriptor = &shop__prices_of_request__descriptor,
    .comment = "",
    .fields = shop__prices_of_request__fields,
    .written_order = shop__prices_of_request__written_order,
};

static const struct http_declaration shop__shop__get_product__http[] = {
    {
        .verb = "GET",
        .path = "/v1/products/{product}",
    },
    {
        .verb = "GET",
        .path = "/v1/shop/products/{product}",
    },
};
static const char *const shop__shop__get_product__history[] = {"product/{id}", "price/*", NULL};
const struct method_declaration shop__shop__get_product__method = {
    .name = "GetProduct",
    .full_name = "souk.shop.v1.Shop.GetProduct",
    .service = "shop",
    .comment = "One product.",
    .kind = METHOD_QUERY,
    .input = &shop__get_product_request__declaration,
    .output = &shop__product__declaration,
    .http = shop__shop__get_product__http,
    .http_count = 2,
    .success = 200,
    .cache_seconds = 60,
    .history = shop__shop__get_product__history,
};

static const struct http_declaration shop__shop__list_products__http[] = {
    {
        .verb = "GET",
        .path = "/v1/products",
    },
};
const struct method_declaration shop__shop__list_products__method = {
    .name = "ListProducts",
    .full_name = "souk.shop.v1.Shop.ListProducts",
    .service = "shop",
    .index = 1,
    .comment = "Products, newest first.",
    .kind = METHOD_QUERY,
    .input = &shop__list_products_request__declaration,
    .output = &shop__product_list__declaration,
    .http = shop__shop__list_products__http,
    .http_count = 1,
    .success = 200,
};

static const struct http_declaration shop__shop__create_product__http[] = {
    {
        .verb = "POST",
        .path = "/v1/products",
        .body = "product",
    },
};
const struct method_declaration shop__shop__create_product__method = {
    .name = "CreateProduct",
    .full_name = "souk.shop.v1.Shop.CreateProduct",
    .service = "shop",
    .index = 2,
    .comment = "A new product.",
    .kind = METHOD_COMMAND,
    .input = &shop__create_product_request__declaration,
    .output = &shop__product__declaration,
    .http = shop__shop__create_product__http,
    .http_count = 1,
    .scope = "catalog",
    .success = 201,
    .settled = true,
};

static const struct http_declaration shop__shop__delete_product__http[] = {
    {
        .verb = "DELETE",
        .path = "/v1/products/{product}",
    },
};
const struct method_declaration shop__shop__delete_product__method = {
    .name = "DeleteProduct",
    .full_name = "souk.shop.v1.Shop.DeleteProduct",
    .service = "shop",
    .index = 3,
    .comment = "Gone for good.",
    .kind = METHOD_COMMAND,
    .input = &shop__get_product_request__declaration,
    .output = &google__protobuf__empty__declaration,
    .http = shop__shop__delete_product__http,
    .http_count = 1,
    .scope = "catalog",
    .success = 204,
};

static const struct http_declaration shop__shop__buy_shop__http[] = {
    {
        .verb = "POST",
        .path = "/v1/purchases",
        .body = "*",
        .response_body = "price",
    },
};
const struct method_declaration shop__shop__buy_shop__method = {
    .name = "BuyShop",
    .full_name = "souk.shop.v1.Shop.BuyShop",
    .service = "shop",
    .index = 4,
    .comment = "Buy everything.",
    .kind = METHOD_SAGA,
    .input = &shop__buy_request__declaration,
    .output = &shop__product__declaration,
    .http = shop__shop__buy_shop__http,
    .http_count = 1,
    .success = 200,
    .key_required = true,
    .progress = &shop__shop__get_product__method,
};

static const struct http_declaration shop__shop__import_products__http[] = {
    {
        .verb = "POST",
        .path = "/v1/imports",
        .body = "content",
    },
};
const struct method_declaration shop__shop__import_products__method = {
    .name = "ImportProducts",
    .full_name = "souk.shop.v1.Shop.ImportProducts",
    .service = "shop",
    .index = 5,
    .comment = "A file of products.",
    .kind = METHOD_COMMAND,
    .input = &shop__import_request__declaration,
    .output = &google__protobuf__empty__declaration,
    .http = shop__shop__import_products__http,
    .http_count = 1,
    .scope = "catalog",
    .success = 202,
    .bulk = true,
    .media_type = "text/csv",
};

static const struct http_declaration shop__shop__list_sales__http[] = {
    {
        .verb = "GET",
        .path = "/v1/sales",
    },
};
const struct method_declaration shop__shop__list_sales__method = {
    .name = "ListSales",
    .full_name = "souk.shop.v1.Shop.ListSales",
    .service = "shop",
    .index = 6,
    .comment = "What was sold, oldest first.",
    .kind = METHOD_QUERY,
    .input = &shop__list_sales_request__declaration,
    .output = &shop__sale_list__declaration,
    .http = shop__shop__list_sales__http,
    .http_count = 1,
    .scope = "audit",
    .success = 200,
    .follow = "sale",
};

const struct method_declaration shop__shop__watch_sales__method = {
    .name = "WatchSales",
    .full_name = "souk.shop.v1.Shop.WatchSales",
    .service = "shop",
    .index = 7,
    .comment = "What was sold and what is sold.",
    .kind = METHOD_QUERY,
    .input = &shop__list_sales_request__declaration,
    .output = &shop__sale__declaration,
    .scope = "audit",
    .success = 200,
    .streams = &shop__shop__list_sales__method,
};

const struct method_declaration shop__shop__shop_prices__method = {
    .name = "ShopPrices",
    .full_name = "souk.shop.v1.Shop.ShopPrices",
    .service = "shop",
    .index = 8,
    .comment = "",
    .kind = METHOD_QUERY,
    .input = &shop__prices_of_request__declaration,
    .output = &shop__product_list__declaration,
    .internal = true,
    .success = 200,
};
