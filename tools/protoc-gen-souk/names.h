/*
 * Names: how protobuf-c calls things in C, and how we do.
 */
#ifndef SOUK_GENERATOR_NAMES_H
#define SOUK_GENERATOR_NAMES_H

/* As protobuf-c does it: "GetProduct" is "get_product" or "GET_PRODUCT"; letters already upper-case in a row stay together. */
char *name_lower(const char *camel);
char *name_upper(const char *camel);

/* The C type, "Catalog__Product__Image", and the stem of functions and tables, "catalog__product__image", of a full proto
 * name. The package is replaced by c_package where the file has one. */
char *name_c_type(const char *full_name, const char *package, const char *c_package);
char *name_c(const char *full_name, const char *package, const char *c_package);

/* The handler of a method: "catalog_get_product". The service's own noun goes from the end ("cart_create" for CreateCart,
 * "order_list" for ListOrders) and is not said twice at the start ("checkout_cart" for CheckoutCart). */
char *name_handler(const char *service, const char *method);

/* "draft" for PRODUCT_STATUS_DRAFT of the enum Product.Status or ProductStatus. `scope` is the full name without the
 * package, "Product.Status". */
char *name_enum_json(const char *scope, const char *value);

/* "SOUK_CATALOG_V1_CATALOG_SOUK_H" */
char *name_guard(const char *path);

#endif
