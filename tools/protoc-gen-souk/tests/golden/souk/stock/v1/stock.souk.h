/* Made by protoc-gen-souk from souk/stock/v1/stock.proto. Edit that, not this. */
#ifndef SOUK_STOCK_V1_STOCK_SOUK_H
#define SOUK_STOCK_V1_STOCK_SOUK_H

#include "souk/stock/v1/stock.pb-c.h"

#include "platform/rpc/declaration.h"
#include "platform/rpc/result.h"

extern const struct message_declaration souk__stock__v1__batch_get_stock_request__declaration;
extern const struct message_declaration souk__stock__v1__levels__declaration;
extern const struct message_declaration souk__stock__v1__levels__level__declaration;

/* --- operations --- */

extern const struct method_declaration souk__stock__v1__stock__batch_get_stock__method;
extern const struct service_declaration stock_declaration;

/* --- handlers, written by the service --- */

enum result stock_batch_get(struct context *context, const Souk__Stock__V1__BatchGetStockRequest *request,
                            Souk__Stock__V1__Levels *answer);

#endif
