/* Made by protoc-gen-souk from souk/shop/v1/shop.proto. Edit that, not this. */
#ifndef SOUK_SHOP_V1_SHOP_SOUK_H
#define SOUK_SHOP_V1_SHOP_SOUK_H

#include "souk/shop/v1/shop.pb-c.h"

#include "platform/rpc/declaration.h"
#include "platform/rpc/result.h"

extern const struct message_declaration shop__list_sales_request__declaration;
extern const struct message_declaration shop__sale_list__declaration;
extern const struct message_declaration shop__sale__declaration;
extern const struct message_declaration shop__product__declaration;
extern const struct message_declaration shop__product__rating__declaration;
extern const struct message_declaration shop__product__variant__declaration;
extern const struct message_declaration shop__product__variant__options_entry__declaration;
extern const struct message_declaration shop__get_product_request__declaration;
extern const struct message_declaration shop__list_products_request__declaration;
extern const struct message_declaration shop__product_list__declaration;
extern const struct message_declaration shop__create_product_request__declaration;
extern const struct message_declaration shop__buy_request__declaration;
extern const struct message_declaration shop__import_request__declaration;
extern const struct message_declaration shop__prices_of_request__declaration;
extern const struct enum_declaration shop__product__rating__source__declaration;
extern const struct enum_declaration shop__product_status__declaration;

/* --- operations --- */

extern const struct method_declaration shop__shop__get_product__method;
extern const struct method_declaration shop__shop__list_products__method;
extern const struct method_declaration shop__shop__create_product__method;
extern const struct method_declaration shop__shop__delete_product__method;
extern const struct method_declaration shop__shop__buy_shop__method;
extern const struct method_declaration shop__shop__import_products__method;
extern const struct method_declaration shop__shop__list_sales__method;
extern const struct method_declaration shop__shop__watch_sales__method;
extern const struct method_declaration shop__shop__shop_prices__method;
extern const struct service_declaration shop_declaration;

/* --- handlers, written by the service --- */

/* One product. */
enum result shop_get_product(struct context *context, const Shop__GetProductRequest *request,
                             Shop__Product *answer);

/* Products, newest first. */
enum result shop_list_products(struct context *context, const Shop__ListProductsRequest *request,
                               Shop__ProductList *answer);

/* A new product. */
enum result shop_create_product(struct context *context, const Shop__CreateProductRequest *request,
                                Shop__Product *answer);

/* Gone for good. */
enum result shop_delete_product(struct context *context, const Shop__GetProductRequest *request,
                                Google__Protobuf__Empty *answer);

/* Buy everything. */
extern const struct saga shop_buy;

/* A file of products. */
enum result shop_import_products(struct context *context, const Shop__ImportRequest *request,
                                 Google__Protobuf__Empty *answer);

/* What was sold, oldest first. */
enum result shop_list_sales(struct context *context, const Shop__ListSalesRequest *request,
                            Shop__SaleList *answer);

enum result shop_prices(struct context *context, const Shop__PricesOfRequest *request,
                        Shop__ProductList *answer);

#endif
