/*
 * QuoteCart: what a cart costs, line by line, with everything.
 */
#include "services/pricing/pricing_internal.h"

enum result pricing_quote_cart(struct context *context, const Pricing__QuoteCartRequest *request, Pricing__Quote *answer)
{
    struct quote_terms terms;
    enum result result = terms_load(context, request, &terms);
    if (result != RESULT_OK)
        return result;
    if (quote_cart(context->arena, &terms, answer) != RESULT_OK)
        return call_refuse(context->call, RESULT_OVERFLOW, "The cart costs more than can be counted. Take less of it.");
    return RESULT_OK;
}
