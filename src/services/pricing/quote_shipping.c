/*
 * QuoteShipping: how a cart could be shipped, and for how much.
 */
#include "services/pricing/pricing_internal.h"

enum result pricing_quote_shipping(struct context *context, const Pricing__QuoteCartRequest *request,
                                   Pricing__QuoteShippingResponse *answer)
{
    struct quote_terms terms;
    enum result result = terms_load(context, request, &terms);
    if (result != RESULT_OK)
        return result;
    if (quote_shipping(context->arena, &terms, answer) != RESULT_OK)
        return call_refuse(context->call, RESULT_OVERFLOW, "The cart costs or weighs more than can be counted. Take less of it.");
    return RESULT_OK;
}
