/*
 * Price lists: sets of prices for certain times and channels.
 *
 *               starts_at                      ends_at
 *     waiting ------------> holds ----------------------> over        each arrow: a timer, PriceListTurned
 *
 * Quotes look at the clock themselves. The event is for those who keep prices that were read before: caches drop them at the moment at
 * which they become old.
 */
#include "services/pricing/price.h"
#include "services/pricing/pricing_internal.h"

static enum result check(struct context *context, const char *id, const ProtobufCMessage *rule)
{
    const Pricing__PriceList *list = (const Pricing__PriceList *)rule;
    (void)id;
    return rule_check_period(context, list->starts_at, list->ends_at);
}

const struct rule_kind price_list_kind = {
    .name = "price-list",
    .words = "price list",
    .message = &pricing__price_list__declaration,
    .id_at = offsetof(Pricing__PriceList, id),
    .version_at = offsetof(Pricing__PriceList, version),
    .check = check,
    .saved = &pricing__price_list_saved__event,
    .saved_rule_at = offsetof(Pricing__PriceListSaved, price_list),
    .deleted = &pricing__price_list_deleted__event,
};

struct rules price_lists_load(struct tx *tx)
{
    return rules_found_by(tx, &price_list_kind, "");
}

/* --- operations --- */

enum result pricing_list_price_lists(struct context *context, const Pricing__ListPriceListsRequest *request,
                                     Pricing__ListPriceListsResponse *answer)
{
    struct rules rules = {0};
    enum result result = rule_list(context, &price_list_kind, request->limit, request->cursor, &rules, &answer->next_cursor);
    answer->items = (Pricing__PriceList **)rules.items;
    answer->n_items = rules.count;
    return result;
}

enum result pricing_get_price_list(struct context *context, const Pricing__GetPriceListRequest *request, Pricing__PriceList *answer)
{
    return rule_get(context, &price_list_kind, request->id, &answer->base);
}

enum result pricing_create_price_list(struct context *context, const Pricing__CreatePriceListRequest *request,
                                      Pricing__PriceList *answer)
{
    return rule_create(context, &price_list_kind, &request->price_list->base, &answer->base);
}

enum result pricing_update_price_list(struct context *context, const Pricing__UpdatePriceListRequest *request,
                                      Pricing__PriceList *answer)
{
    return rule_update(context, &price_list_kind, request->id, &request->price_list->base, request->update_mask, &answer->base);
}

enum result pricing_delete_price_list(struct context *context, const Pricing__DeletePriceListRequest *request,
                                      Google__Protobuf__Empty *answer)
{
    (void)answer;
    return rule_delete(context, &price_list_kind, request->id);
}

/* --- events --- */

/* Wait for the first moment after the event, if any, at which the list begins or ceases to hold. */
static void await_turn(struct tx *tx, const struct event *event, const Pricing__PriceList *list)
{
    const Google__Protobuf__Timestamp *moments[] = {list->starts_at, list->ends_at}; /* in their order */
    for (size_t i = 0; i < 2; i++) {
        if (moments[i] != NULL && moment_us(moments[i]) > event->at_us) {
            tx_timer_set(tx, PRICE_LIST_TURNS, event->key, moment_us(moments[i]));
            return;
        }
    }
    tx_timer_clear(tx, PRICE_LIST_TURNS, event->key);
}

enum result pricing_turn_price_list(struct context *context, const char *id)
{
    const Pricing__PriceListTurned turned = PRICING__PRICE_LIST_TURNED__INIT;
    pricing_emit_price_list_turned(context, id, &turned);
    return RESULT_OK;
}

void pricing_apply_price_list_saved(struct tx *tx, const struct event *event, const Pricing__PriceListSaved *data)
{
    rule_apply_saved(tx, &price_list_kind, event, &data->price_list->base);
    await_turn(tx, event, data->price_list);
}

void pricing_apply_price_list_turned(struct tx *tx, const struct event *event, const Pricing__PriceListTurned *data)
{
    (void)data;
    const Pricing__PriceList *list = (const Pricing__PriceList *)rule_load(tx, &price_list_kind, event->key);
    if (list == NULL)
        return; /* not part of the past that is being replayed */
    rule_apply_saved(tx, &price_list_kind, event, &list->base); /* another version of the same */
    await_turn(tx, event, list);
}

void pricing_apply_price_list_deleted(struct tx *tx, const struct event *event, const Pricing__PriceListDeleted *data)
{
    (void)data;
    rule_apply_deleted(tx, &price_list_kind, event);
    tx_timer_clear(tx, PRICE_LIST_TURNS, event->key);
}
