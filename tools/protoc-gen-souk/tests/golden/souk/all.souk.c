/* Made by protoc-gen-souk from all contracts. Edit that, not this. */
#include "souk/all.souk.h"

extern const struct service_declaration shop_declaration;
extern const struct service_declaration stock_declaration;

const struct service_declaration *const every_service_declaration[] = {
    &shop_declaration,
    &stock_declaration,
    NULL,
};
const size_t every_service_count = 2;
