#include "platform/rpc/well_known.h"

#include "google/protobuf/empty.pb-c.h"
#include "google/protobuf/field_mask.pb-c.h"
#include "google/protobuf/timestamp.pb-c.h"

const struct message_declaration google__protobuf__empty__declaration = {
    .descriptor = &google__protobuf__empty__descriptor,
    .comment = "Nothing.",
};

static const struct field_declaration timestamp_fields[] = {
    {.json_name = "seconds", .comment = "Since 1970, UTC.", .always = true},
    {.json_name = "nanos", .comment = "Of the second.", .always = true},
};
static const unsigned timestamp_order[] = {0, 1};
const struct message_declaration google__protobuf__timestamp__declaration = {
    .descriptor = &google__protobuf__timestamp__descriptor,
    .comment = "A moment.",
    .fields = timestamp_fields,
    .written_order = timestamp_order,
};

static const struct field_declaration field_mask_fields[] = {
    {.json_name = "paths", .comment = "Which fields.", .always = true},
};
static const unsigned field_mask_order[] = {0};
const struct message_declaration google__protobuf__field_mask__declaration = {
    .descriptor = &google__protobuf__field_mask__descriptor,
    .comment = "Some of a message's fields.",
    .fields = field_mask_fields,
    .written_order = field_mask_order,
};
