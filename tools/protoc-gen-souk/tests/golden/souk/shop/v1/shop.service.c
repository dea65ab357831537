/* Made by protoc-gen-souk from souk/shop/v1/shop.proto. Edit that, not this. */
#include "souk/shop/v1/shop.souk.h"

#include "souk/shop/v1/events.souk.h"
#include "platform/service/service.h"

static int handle_get_product(struct context *context, const ProtobufCMessage *request, ProtobufCMessage *answer)
{
    return shop_get_product(context, (const Shop__GetProductRequest *)request, (Shop__Product *)answer);
}

static int handle_list_products(struct context *context, const ProtobufCMessage *request, ProtobufCMessage *answer)
{
    return shop_list_products(context, (const Shop__ListProductsRequest *)request, (Shop__ProductList *)answer);
}

static int handle_create_product(struct context *context, const ProtobufCMessage *request, ProtobufCMessage *answer)
{
    return shop_create_product(context, (const Shop__CreateProductRequest *)request, (Shop__Product *)answer);
}

static int handle_delete_product(struct context *context, const ProtobufCMessage *request, ProtobufCMessage *answer)
{
    return shop_delete_product(context, (const Shop__GetProductRequest *)request, (Google__Protobuf__Empty *)answer);
}

static int handle_import_products(struct context *context, const ProtobufCMessage *request, ProtobufCMessage *answer)
{
    return shop_import_products(context, (const Shop__ImportRequest *)request, (Google__Protobuf__Empty *)answer);
}

static int handle_list_sales(struct context *context, const ProtobufCMessage *request, ProtobufCMessage *answer)
{
    return shop_list_sales(context, (const Shop__ListSalesRequest *)request, (Shop__SaleList *)answer);
}

static int handle_shop_prices(struct context *context, const ProtobufCMessage *request, ProtobufCMessage *answer)
{
    return shop_prices(context, (const Shop__PricesOfRequest *)request, (Shop__ProductList *)answer);
}

static void apply_product_created(struct tx *tx, const struct event *event, const ProtobufCMessage *data)
{
    shop_apply_product_created(tx, event, (const Shop__ProductCreated *)data);
}
const struct event_declaration shop__product_created__event = {
    .name = "souk.shop.v1.ProductCreated",
    .comment = "A product is there.",
    .stream = "product",
    .version = 1,
    .message = &shop__product_created__declaration,
    .apply = apply_product_created,
};
void shop_emit_product_created(struct context *context, const char *key, const Shop__ProductCreated *data)
{
    context_emit(context, &shop__product_created__event, key, &data->base);
}

static void apply_price_changed(struct tx *tx, const struct event *event, const ProtobufCMessage *data)
{
    shop_apply_price_changed(tx, event, (const Shop__PriceChanged *)data);
}
const struct event_declaration shop__price_changed__event = {
    .name = "souk.shop.v1.PriceChanged",
    .comment = "Its price is another.",
    .stream = "price",
    .version = 2,
    .message = &shop__price_changed__declaration,
    .apply = apply_price_changed,
};
void shop_emit_price_changed(struct context *context, const char *key, const Shop__PriceChanged *data)
{
    context_emit(context, &shop__price_changed__event, key, &data->base);
}

static const struct method_declaration *const methods[] = {
    &shop__shop__get_product__method,
    &shop__shop__list_products__method,
    &shop__shop__create_product__method,
    &shop__shop__delete_product__method,
    &shop__shop__buy_shop__method,
    &shop__shop__import_products__method,
    &shop__shop__list_sales__method,
    &shop__shop__watch_sales__method,
    &shop__shop__shop_prices__method,
};
static const method_handler handlers[] = {
    handle_get_product,
    handle_list_products,
    handle_create_product,
    handle_delete_product,
    NULL,
    handle_import_products,
    handle_list_sales,
    NULL,
    handle_shop_prices,
};
static const struct saga *const sagas[] = {
    NULL,
    NULL,
    NULL,
    NULL,
    &shop_buy,
    NULL,
    NULL,
    NULL,
    NULL,
};
static const struct event_declaration *const events[] = {
    &shop__product_created__event,
    &shop__price_changed__event,
};
const struct service_declaration shop_declaration = {
    .name = "shop",
    .full_name = "souk.shop.v1.Shop",
    .comment = "What is for sale: \"products\" and their pictures.\n\nA second paragraph, with a \\ in it and an end of comment */ too.",
    .descriptor = &shop__shop__descriptor,
    .methods = methods,
    .handlers = handlers,
    .sagas = sagas,
    .method_count = 9,
    .events = events,
    .event_count = 2,
};
