/* Made by protoc-gen-souk from souk/shop/v1/events.proto. Edit that, not this. */
#include "souk/shop/v1/events.souk.h"

#include "souk/shop/v1/shop.souk.h"
#include "souk/common/v1/money.souk.h"

static const struct field_declaration shop__product_created__fields[] = {
    {
        .json_name = "product",
        .comment = "",
        .message = &shop__product__declaration,
    },
};
static const unsigned shop__product_created__written_order[] = {0};
const struct message_declaration shop__product_created__declaration = {
    .descriptor = &shop__product_created__descriptor,
    .comment = "A product is there.",
    .fields = shop__product_created__fields,
    .written_order = shop__product_created__written_order,
};

static const struct field_declaration shop__price_changed__fields[] = {
    {
        .json_name = "price",
        .comment = "",
        .message = &common__money__declaration,
        .personal = true,
    },
};
static const unsigned shop__price_changed__written_order[] = {0};
const struct message_declaration shop__price_changed__declaration = {
    .descriptor = &shop__price_changed__descriptor,
    .comment = "Its price is another.",
    .fields = shop__price_changed__fields,
    .written_order = shop__price_changed__written_order,
};
