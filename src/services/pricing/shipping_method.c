/*
 * Shipping methods, with their zones and rates.
 */
#include "services/pricing/pricing_internal.h"

#include <string.h>

/* The first zone that names a country counts, so that a second one would never be asked. */
static bool is_named_above(const Pricing__ShippingMethod *method, size_t zone, const char *country)
{
    for (size_t i = 0; i < zone; i++) {
        for (size_t k = 0; k < method->zones[i]->n_countries; k++) {
            if (strcmp(method->zones[i]->countries[k], country) == 0)
                return true;
        }
    }
    return false;
}

static enum result check(struct context *context, const char *id, const ProtobufCMessage *rule)
{
    const Pricing__ShippingMethod *method = (const Pricing__ShippingMethod *)rule;
    enum result result = RESULT_OK;
    (void)id;
    for (size_t i = 0; i < method->n_zones; i++) {
        const Pricing__ShippingZone *zone = method->zones[i];
        for (size_t k = 0; k < zone->n_countries; k++) {
            if (is_named_above(method, i, zone->countries[k]))
                result = call_violation(context->call, arena_printf(context->arena, "/zones/%zu/countries/%zu", i, k), "duplicate",
                                        "%s is in a zone above already.", zone->countries[k]);
        }
    }
    return result;
}

const struct rule_kind shipping_method_kind = {
    .name = "shipping-method",
    .words = "shipping method",
    .message = &pricing__shipping_method__declaration,
    .id_at = offsetof(Pricing__ShippingMethod, id),
    .version_at = offsetof(Pricing__ShippingMethod, version),
    .check = check,
    .saved = &pricing__shipping_method_saved__event,
    .saved_rule_at = offsetof(Pricing__ShippingMethodSaved, shipping_method),
    .deleted = &pricing__shipping_method_deleted__event,
};

/* --- operations --- */

enum result pricing_list_shipping_methods(struct context *context, const Pricing__ListShippingMethodsRequest *request,
                                  Pricing__ListShippingMethodsResponse *answer)
{
    struct rules rules = {0};
    enum result result = rule_list(context, &shipping_method_kind, request->limit, request->cursor, &rules, &answer->next_cursor);
    answer->items = (Pricing__ShippingMethod **)rules.items;
    answer->n_items = rules.count;
    return result;
}

enum result pricing_get_shipping_method(struct context *context, const Pricing__GetShippingMethodRequest *request, Pricing__ShippingMethod *answer)
{
    return rule_get(context, &shipping_method_kind, request->id, &answer->base);
}

enum result pricing_create_shipping_method(struct context *context, const Pricing__CreateShippingMethodRequest *request,
                                   Pricing__ShippingMethod *answer)
{
    return rule_create(context, &shipping_method_kind, &request->shipping_method->base, &answer->base);
}

enum result pricing_update_shipping_method(struct context *context, const Pricing__UpdateShippingMethodRequest *request,
                                   Pricing__ShippingMethod *answer)
{
    return rule_update(context, &shipping_method_kind, request->id, &request->shipping_method->base, request->update_mask, &answer->base);
}

enum result pricing_delete_shipping_method(struct context *context, const Pricing__DeleteShippingMethodRequest *request,
                                   Google__Protobuf__Empty *answer)
{
    (void)answer;
    return rule_delete(context, &shipping_method_kind, request->id);
}

/* --- events --- */

void pricing_apply_shipping_method_saved(struct tx *tx, const struct event *event, const Pricing__ShippingMethodSaved *data)
{
    rule_apply_saved(tx, &shipping_method_kind, event, &data->shipping_method->base);
}

void pricing_apply_shipping_method_deleted(struct tx *tx, const struct event *event, const Pricing__ShippingMethodDeleted *data)
{
    (void)data;
    rule_apply_deleted(tx, &shipping_method_kind, event);
}
