/* Made by protoc-gen-souk from souk/stock/v1/stock.proto. Edit that, not this. */
#include "souk/stock/v1/stock.souk.h"


static const struct field_declaration souk__stock__v1__batch_get_stock_request__fields[] = {
    {
        .json_name = "skus",
        .comment = "",
        .always = true,
    },
    {
        .json_name = "limit",
        .comment = "",
        .always = true,
    },
};
static const unsigned souk__stock__v1__batch_get_stock_request__written_order[] = {0, 1};
const struct message_declaration souk__stock__v1__batch_get_stock_request__declaration = {
    .descriptor = &souk__stock__v1__batch_get_stock_request__descriptor,
    .comment = "",
    .fields = souk__stock__v1__batch_get_stock_request__fields,
    .written_order = souk__stock__v1__batch_get_stock_request__written_order,
};

static const struct field_declaration souk__stock__v1__levels__fields[] = {
    {
        .json_name = "items",
        .comment = "",
        .message = &souk__stock__v1__levels__level__declaration,
        .always = true,
    },
};
static const unsigned souk__stock__v1__levels__written_order[] = {0};
const struct message_declaration souk__stock__v1__levels__declaration = {
    .descriptor = &souk__stock__v1__levels__descriptor,
    .comment = "",
    .fields = souk__stock__v1__levels__fields,
    .written_order = souk__stock__v1__levels__written_order,
};

static const struct field_declaration souk__stock__v1__levels__level__fields[] = {
    {
        .json_name = "sku",
        .comment = "",
        .always = true,
    },
    {
        .json_name = "available",
        .comment = "",
        .always = true,
    },
};
static const unsigned souk__stock__v1__levels__level__written_order[] = {0, 1};
const struct message_declaration souk__stock__v1__levels__level__declaration = {
    .descriptor = &souk__stock__v1__levels__level__descriptor,
    .comment = "",
    .fields = souk__stock__v1__levels__level__fields,
    .written_order = souk__stock__v1__levels__level__written_order,
};

const struct method_declaration souk__stock__v1__stock__batch_get_stock__method = {
    .name = "BatchGetStock",
    .full_name = "souk.stock.v1.Stock.BatchGetStock",
    .service = "stock",
    .comment = "",
    .kind = METHOD_QUERY,
    .input = &souk__stock__v1__batch_get_stock_request__declaration,
    .output = &souk__stock__v1__levels__declaration,
    .internal = true,
    .success = 200,
};
