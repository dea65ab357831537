/* Made by protoc-gen-souk from souk/common/v1/money.proto. Edit that, not this. */
#include "souk/common/v1/money.souk.h"


static const struct field_declaration common__money__fields[] = {
    {
        .json_name = "amount",
        .comment = "Cents, for a currency that has them.",
        .always = true,
    },
    {
        .json_name = "currency",
        .comment = "ISO 4217.",
        .format = FORMAT_CURRENCY,
        .required = true,
        .always = true,
    },
};
static const unsigned common__money__written_order[] = {0, 1};
const struct message_declaration common__money__declaration = {
    .descriptor = &common__money__descriptor,
    .comment = "Whole minor units and their currency.",
    .fields = common__money__fields,
    .written_order = common__money__written_order,
};
