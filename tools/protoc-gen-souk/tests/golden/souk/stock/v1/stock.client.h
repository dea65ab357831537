/* Made by protoc-gen-souk from souk/stock/v1/stock.proto. Edit that, not this. */
#ifndef SOUK_STOCK_V1_STOCK_CLIENT_H
#define SOUK_STOCK_V1_STOCK_CLIENT_H

#include "souk/stock/v1/stock.pb-c.h"

struct saga_run;

void call_stock_batch_get(struct saga_run *run, const Souk__Stock__V1__BatchGetStockRequest *request,
                          void (*then)(struct saga_run *run, const Souk__Stock__V1__Levels *answer));

#endif
