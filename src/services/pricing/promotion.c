/*
 * Promotions: what is taken off, with a coupon or for everyone.
 *
 * How often a coupon was used is part of the stored promotion and changes with CouponRedeemed and CouponReturned; which checkout used it
 * stands in the table `redemption`.
 */
#include "services/pricing/pricing_internal.h"

#include <ctype.h>
#include <string.h>

/* --- codes --- */

/* Codes are ASCII by contract, so that lower case is the same everywhere. */
static const char *code_folded(struct arena *arena, const char *code)
{
    char *folded = arena_strdup(arena, code);
    for (char *at = folded; *at != '\0'; at++)
        *at = (char)tolower((unsigned char)*at);
    return folded;
}

static const char *found_by(struct arena *arena, const ProtobufCMessage *rule)
{
    return code_folded(arena, ((const Pricing__Promotion *)rule)->code);
}

Pricing__Promotion *promotion_find(struct tx *tx, const char *code)
{
    if (*code == '\0')
        return NULL; /* what everyone gets has no code, too */
    struct rules rules = rules_found_by(tx, &promotion_kind, code_folded(tx->arena, code));
    return rules.count > 0 ? (Pricing__Promotion *)rules.items[0] : NULL;
}

bool promotion_is_redeemed(struct tx *tx, const char *promotion, const char *checkout)
{
    return SQL_INT(tx, 0, "SELECT 1 FROM redemption WHERE promotion = ?1 AND checkout = ?2", sql_string(promotion),
                   sql_string(checkout)) == 1;
}

/* --- checks --- */

static enum result check_currencies_differ(struct context *context, Common__Money *const *amounts, size_t count,
                                           const char *pointer)
{
    enum result result = RESULT_OK;
    for (size_t i = 1; i < count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (strcmp(amounts[i]->currency, amounts[k]->currency) != 0)
                continue;
            result = call_violation(context->call, arena_printf(context->arena, "%s/%zu/currency", pointer, i), "duplicate",
                                    "There is an amount in %s already.", amounts[i]->currency);
            break;
        }
    }
    return result;
}

static enum result check_not_negative(struct context *context, Common__Money *const *amounts, size_t count, const char *pointer)
{
    enum result result = RESULT_OK;
    for (size_t i = 0; i < count; i++) {
        if (amounts[i]->amount < 0)
            result = call_violation(context->call, arena_printf(context->arena, "%s/%zu/amount", pointer, i), "too_small",
                                    "An amount is not negative.");
    }
    return result;
}

static enum result check_worth(struct context *context, const Pricing__Promotion *promotion)
{
    switch (promotion->kind) {
    case PRICING__PROMOTION_KIND__PROMOTION_KIND_PERCENT:
        if (promotion->percent_ppm > 0)
            return RESULT_OK;
        return call_violation(context->call, "/percentPpm", "required",
                              "Say how much is taken off, in parts of a million: 10 %% is 100000.");
    case PRICING__PROMOTION_KIND__PROMOTION_KIND_AMOUNT:
        if (promotion->n_amounts > 0)
            return RESULT_OK;
        return call_violation(context->call, "/amounts", "required", "Say how much is taken off, once for each currency.");
    case PRICING__PROMOTION_KIND__PROMOTION_KIND_FREE_SHIPPING:
        return RESULT_OK;
    default:
        return call_violation(context->call, "/kind", "required", "Say what is taken off.");
    }
}

static enum result check_code_is_free(struct context *context, const char *id, const char *code)
{
    const Pricing__Promotion *other = promotion_find(context->tx, code);
    if (other == NULL || strcmp(other->id, id) == 0)
        return RESULT_OK;
    call_violation(context->call, "/code", "duplicate", "Another promotion has this code.");
    return call_refuse(context->call, RESULT_ALREADY_EXISTS, "The promotion %s has the code %s already.", other->id, other->code);
}

/* All of the fields are looked at, so that a client learns everything at once; the code at last. */
static enum result check(struct context *context, const char *id, const ProtobufCMessage *rule)
{
    const Pricing__Promotion *promotion = (const Pricing__Promotion *)rule;
    check_worth(context, promotion);
    check_currencies_differ(context, promotion->amounts, promotion->n_amounts, "/amounts");
    check_not_negative(context, promotion->amounts, promotion->n_amounts, "/amounts");
    check_currencies_differ(context, promotion->minimum_subtotals, promotion->n_minimum_subtotals, "/minimumSubtotals");
    check_not_negative(context, promotion->minimum_subtotals, promotion->n_minimum_subtotals, "/minimumSubtotals");
    rule_check_period(context, promotion->starts_at, promotion->ends_at);
    if (promotion->usage_limit > 0 && *promotion->code == '\0')
        call_violation(context->call, "/usageLimit", "needs_code", "Only the use of a code is counted: give it one.");
    if (context->call->problem.result != RESULT_OK)
        return context->call->problem.result;
    return check_code_is_free(context, id, promotion->code);
}

/* --- the kind --- */

const struct rule_kind promotion_kind = {
    .name = "promotion",
    .words = "promotion",
    .message = &pricing__promotion__declaration,
    .id_at = offsetof(Pricing__Promotion, id),
    .version_at = offsetof(Pricing__Promotion, version),
    .found_by = found_by,
    .check = check,
    .saved = &pricing__promotion_saved__event,
    .saved_rule_at = offsetof(Pricing__PromotionSaved, promotion),
    .deleted = &pricing__promotion_deleted__event,
};

/* --- operations --- */

enum result pricing_list_promotions(struct context *context, const Pricing__ListPromotionsRequest *request,
                                    Pricing__ListPromotionsResponse *answer)
{
    struct rules rules = {0};
    enum result result = rule_list(context, &promotion_kind, request->limit, request->cursor, &rules, &answer->next_cursor);
    answer->items = (Pricing__Promotion **)rules.items;
    answer->n_items = rules.count;
    return result;
}

enum result pricing_get_promotion(struct context *context, const Pricing__GetPromotionRequest *request, Pricing__Promotion *answer)
{
    return rule_get(context, &promotion_kind, request->id, &answer->base);
}

enum result pricing_create_promotion(struct context *context, const Pricing__CreatePromotionRequest *request,
                                     Pricing__Promotion *answer)
{
    return rule_create(context, &promotion_kind, &request->promotion->base, &answer->base);
}

enum result pricing_update_promotion(struct context *context, const Pricing__UpdatePromotionRequest *request,
                                     Pricing__Promotion *answer)
{
    return rule_update(context, &promotion_kind, request->id, &request->promotion->base, request->update_mask, &answer->base);
}

enum result pricing_delete_promotion(struct context *context, const Pricing__DeletePromotionRequest *request,
                                     Google__Protobuf__Empty *answer)
{
    (void)answer;
    return rule_delete(context, &promotion_kind, request->id);
}

/* --- events --- */

void pricing_apply_promotion_saved(struct tx *tx, const struct event *event, const Pricing__PromotionSaved *data)
{
    rule_apply_saved(tx, &promotion_kind, event, &data->promotion->base);
}

void pricing_apply_promotion_deleted(struct tx *tx, const struct event *event, const Pricing__PromotionDeleted *data)
{
    (void)data;
    rule_apply_deleted(tx, &promotion_kind, event);
    SQL_DO(tx, "DELETE FROM redemption WHERE promotion = ?1", sql_string(event->key));
}

/* One more use, or one less. A promotion that is not there is none of the past that is being replayed. */
static void count_use(struct tx *tx, const struct event *event, int64_t uses)
{
    Pricing__Promotion *promotion = (Pricing__Promotion *)rule_load(tx, &promotion_kind, event->key);
    if (promotion == NULL)
        return;
    promotion->used += uses;
    rule_apply_saved(tx, &promotion_kind, event, &promotion->base);
}

void pricing_apply_coupon_redeemed(struct tx *tx, const struct event *event, const Pricing__CouponRedeemed *data)
{
    SQL_DO(tx, "INSERT INTO redemption (promotion, checkout) VALUES (?1, ?2)", sql_string(event->key),
           sql_string(data->checkout_id));
    count_use(tx, event, 1);
}

void pricing_apply_coupon_returned(struct tx *tx, const struct event *event, const Pricing__CouponReturned *data)
{
    SQL_DO(tx, "DELETE FROM redemption WHERE promotion = ?1 AND checkout = ?2", sql_string(event->key),
           sql_string(data->checkout_id));
    count_use(tx, event, -1);
}
