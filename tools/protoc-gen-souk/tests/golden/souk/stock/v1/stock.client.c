/* Made by protoc-gen-souk from souk/stock/v1/stock.proto. Edit that, not this. */
#include "souk/stock/v1/stock.client.h"

#include "souk/stock/v1/stock.souk.h"
#include "platform/saga/saga.h"

static void deliver_batch_get_stock(struct saga_run *run, saga_then then, const ProtobufCMessage *answer)
{
    ((void (*)(struct saga_run *, const Souk__Stock__V1__Levels *))then)(run, (const Souk__Stock__V1__Levels *)answer);
}
void call_stock_batch_get(struct saga_run *run, const Souk__Stock__V1__BatchGetStockRequest *request,
                          void (*then)(struct saga_run *run, const Souk__Stock__V1__Levels *answer))
{
    saga_call(run, &souk__stock__v1__stock__batch_get_stock__method, &request->base, (saga_then)then, deliver_batch_get_stock);
}
