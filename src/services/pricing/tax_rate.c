/*
 * Tax rates: what a state takes of a sale. A quote looks at those of the country that it ships to. There may be several of one place and
 * category: they add up.
 */
#include "services/pricing/pricing_internal.h"

static const char *found_by(struct arena *arena, const ProtobufCMessage *rule)
{
    (void)arena;
    return ((const Pricing__TaxRate *)rule)->country;
}

const struct rule_kind tax_rate_kind = {
    .name = "tax-rate",
    .words = "tax rate",
    .message = &pricing__tax_rate__declaration,
    .id_at = offsetof(Pricing__TaxRate, id),
    .version_at = offsetof(Pricing__TaxRate, version),
    .found_by = found_by,
    .saved = &pricing__tax_rate_saved__event,
    .saved_rule_at = offsetof(Pricing__TaxRateSaved, tax_rate),
    .deleted = &pricing__tax_rate_deleted__event,
};

/* --- operations --- */

enum result pricing_list_tax_rates(struct context *context, const Pricing__ListTaxRatesRequest *request,
                                  Pricing__ListTaxRatesResponse *answer)
{
    struct rules rules = {0};
    enum result result = rule_list(context, &tax_rate_kind, request->limit, request->cursor, &rules, &answer->next_cursor);
    answer->items = (Pricing__TaxRate **)rules.items;
    answer->n_items = rules.count;
    return result;
}

enum result pricing_get_tax_rate(struct context *context, const Pricing__GetTaxRateRequest *request, Pricing__TaxRate *answer)
{
    return rule_get(context, &tax_rate_kind, request->id, &answer->base);
}

enum result pricing_create_tax_rate(struct context *context, const Pricing__CreateTaxRateRequest *request,
                                   Pricing__TaxRate *answer)
{
    return rule_create(context, &tax_rate_kind, &request->tax_rate->base, &answer->base);
}

enum result pricing_update_tax_rate(struct context *context, const Pricing__UpdateTaxRateRequest *request,
                                   Pricing__TaxRate *answer)
{
    return rule_update(context, &tax_rate_kind, request->id, &request->tax_rate->base, request->update_mask, &answer->base);
}

enum result pricing_delete_tax_rate(struct context *context, const Pricing__DeleteTaxRateRequest *request,
                                   Google__Protobuf__Empty *answer)
{
    (void)answer;
    return rule_delete(context, &tax_rate_kind, request->id);
}

/* --- events --- */

void pricing_apply_tax_rate_saved(struct tx *tx, const struct event *event, const Pricing__TaxRateSaved *data)
{
    rule_apply_saved(tx, &tax_rate_kind, event, &data->tax_rate->base);
}

void pricing_apply_tax_rate_deleted(struct tx *tx, const struct event *event, const Pricing__TaxRateDeleted *data)
{
    (void)data;
    rule_apply_deleted(tx, &tax_rate_kind, event);
}
