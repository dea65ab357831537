/*
 * GetPrices: all prices of one SKU.
 */
#include "services/pricing/pricing_internal.h"

enum result pricing_get_prices(struct context *context, const Pricing__GetPricesRequest *request, Pricing__Prices *answer)
{
    const Pricing__Prices *prices = prices_load(context->tx, request->sku);
    if (prices == NULL)
        return call_refuse(context->call, RESULT_NOT_FOUND, "The SKU %s never had a price.", request->sku);
    *answer = *prices;
    return RESULT_OK;
}
