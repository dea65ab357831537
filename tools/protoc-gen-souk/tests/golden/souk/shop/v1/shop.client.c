/* Made by protoc-gen-souk from souk/shop/v1/shop.proto. Edit that, not this. */
#include "souk/shop/v1/shop.client.h"

#include "souk/shop/v1/shop.souk.h"
#include "platform/saga/saga.h"

static void deliver_get_product(struct saga_run *run, saga_then then, const ProtobufCMessage *answer)
{
    ((void (*)(struct saga_run *, const Shop__Product *))then)(run, (const Shop__Product *)answer);
}
void call_shop_get_product(struct saga_run *run, const Shop__GetProductRequest *request,
                           void (*then)(struct saga_run *run, const Shop__Product *answer))
{
    saga_call(run, &shop__shop__get_product__method, &request->base, (saga_then)then, deliver_get_product);
}

static void deliver_list_products(struct saga_run *run, saga_then then, const ProtobufCMessage *answer)
{
    ((void (*)(struct saga_run *, const Shop__ProductList *))then)(run, (const Shop__ProductList *)answer);
}
void call_shop_list_products(struct saga_run *run, const Shop__ListProductsRequest *request,
                             void (*then)(struct saga_run *run, const Shop__ProductList *answer))
{
    saga_call(run, &shop__shop__list_products__method, &request->base, (saga_then)then, deliver_list_products);
}

static void deliver_create_product(struct saga_run *run, saga_then then, const ProtobufCMessage *answer)
{
    ((void (*)(struct saga_run *, const Shop__Product *))then)(run, (const Shop__Product *)answer);
}
void call_shop_create_product(struct saga_run *run, const Shop__CreateProductRequest *request,
                              void (*then)(struct saga_run *run, const Shop__Product *answer))
{
    saga_call(run, &shop__shop__create_product__method, &request->base, (saga_then)then, deliver_create_product);
}

static void deliver_delete_product(struct saga_run *run, saga_then then, const ProtobufCMessage *answer)
{
    ((void (*)(struct saga_run *, const Google__Protobuf__Empty *))then)(run, (const Google__Protobuf__Empty *)answer);
}
void call_shop_delete_product(struct saga_run *run, const Shop__GetProductRequest *request,
                              void (*then)(struct saga_run *run, const Google__Protobuf__Empty *answer))
{
    saga_call(run, &shop__shop__delete_product__method, &request->base, (saga_then)then, deliver_delete_product);
}

static void deliver_buy_shop(struct saga_run *run, saga_then then, const ProtobufCMessage *answer)
{
    ((void (*)(struct saga_run *, const Shop__Product *))then)(run, (const Shop__Product *)answer);
}
void call_shop_buy(struct saga_run *run, const Shop__BuyRequest *request,
                   void (*then)(struct saga_run *run, const Shop__Product *answer))
{
    saga_call(run, &shop__shop__buy_shop__method, &request->base, (saga_then)then, deliver_buy_shop);
}

static void deliver_import_products(struct saga_run *run, saga_then then, const ProtobufCMessage *answer)
{
    ((void (*)(struct saga_run *, const Google__Protobuf__Empty *))then)(run, (const Google__Protobuf__Empty *)answer);
}
void call_shop_import_products(struct saga_run *run, const Shop__ImportRequest *request,
                               void (*then)(struct saga_run *run, const Google__Protobuf__Empty *answer))
{
    saga_call(run, &shop__shop__import_products__method, &request->base, (saga_then)then, deliver_import_products);
}

static void deliver_list_sales(struct saga_run *run, saga_then then, const ProtobufCMessage *answer)
{
    ((void (*)(struct saga_run *, const Shop__SaleList *))then)(run, (const Shop__SaleList *)answer);
}
void call_shop_list_sales(struct saga_run *run, const Shop__ListSalesRequest *request,
                          void (*then)(struct saga_run *run, const Shop__SaleList *answer))
{
    saga_call(run, &shop__shop__list_sales__method, &request->base, (saga_then)then, deliver_list_sales);
}

static void deliver_shop_prices(struct saga_run *run, saga_then then, const ProtobufCMessage *answer)
{
    ((void (*)(struct saga_run *, const Shop__ProductList *))then)(run, (const Shop__ProductList *)answer);
}
void call_shop_prices(struct saga_run *run, const Shop__PricesOfRequest *request,
                      void (*then)(struct saga_run *run, const Shop__ProductList *answer))
{
    saga_call(run, &shop__shop__shop_prices__method, &request->base, (saga_then)then, deliver_shop_prices);
}
