/* Made by protoc-gen-souk from souk/shop/v1/shop.proto. Edit that, not this. */
#ifndef SOUK_SHOP_V1_SHOP_CLIENT_H
#define SOUK_SHOP_V1_SHOP_CLIENT_H

#include "souk/shop/v1/shop.pb-c.h"

struct saga_run;

/* One product. */
void call_shop_get_product(struct saga_run *run, const Shop__GetProductRequest *request,
                           void (*then)(struct saga_run *run, const Shop__Product *answer));

/* Products, newest first. */
void call_shop_list_products(struct saga_run *run, const Shop__ListProductsRequest *request,
                             void (*then)(struct saga_run *run, const Shop__ProductList *answer));

/* A new product. */
void call_shop_create_product(struct saga_run *run, const Shop__CreateProductRequest *request,
                              void (*then)(struct saga_run *run, const Shop__Product *answer));

/* Gone for good. */
void call_shop_delete_product(struct saga_run *run, const Shop__GetProductRequest *request,
                              void (*then)(struct saga_run *run, const Google__Protobuf__Empty *answer));

/* Buy everything. */
void call_shop_buy(struct saga_run *run, const Shop__BuyRequest *request,
                   void (*then)(struct saga_run *run, const Shop__Product *answer));

/* A file of products. */
void call_shop_import_products(struct saga_run *run, const Shop__ImportRequest *request,
                               void (*then)(struct saga_run *run, const Google__Protobuf__Empty *answer));

/* What was sold, oldest first. */
void call_shop_list_sales(struct saga_run *run, const Shop__ListSalesRequest *request,
                          void (*then)(struct saga_run *run, const Shop__SaleList *answer));

void call_shop_prices(struct saga_run *run, const Shop__PricesOfRequest *request,
                      void (*then)(struct saga_run *run, const Shop__ProductList *answer));

#endif
