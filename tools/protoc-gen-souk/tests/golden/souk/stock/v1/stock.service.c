/* Made by protoc-gen-souk from souk/stock/v1/stock.proto. Edit that, not this. */
#include "souk/stock/v1/stock.souk.h"

#include "platform/service/service.h"

static int handle_batch_get_stock(struct context *context, const ProtobufCMessage *request, ProtobufCMessage *answer)
{
    return stock_batch_get(context, (const Souk__Stock__V1__BatchGetStockRequest *)request, (Souk__Stock__V1__Levels *)answer);
}

static const struct method_declaration *const methods[] = {
    &souk__stock__v1__stock__batch_get_stock__method,
};
static const method_handler handlers[] = {
    handle_batch_get_stock,
};
static const struct saga *const sagas[] = {
    NULL,
};
const struct service_declaration stock_declaration = {
    .name = "stock",
    .full_name = "souk.stock.v1.Stock",
    .comment = "What is left.",
    .descriptor = &souk__stock__v1__stock__descriptor,
    .methods = methods,
    .handlers = handlers,
    .sagas = sagas,
    .method_count = 1,
};
