/*
 * Rules: price lists, promotions, tax rates, shipping methods.
 *
 * Four resources that a merchant edits, each listed, read, added, changed and removed in the same way. A `struct rule_kind` says what is
 * particular to one (price_list.c, promotion.c, tax_rate.c, shipping_method.c); what they have in common is here, over message
 * descriptors. A rule is stored as its packed message: a new field needs no new column.
 */
#ifndef SOUK_SERVICES_PRICING_RULE_H
#define SOUK_SERVICES_PRICING_RULE_H

#include "google/protobuf/field_mask.pb-c.h"
#include "google/protobuf/timestamp.pb-c.h"
#include "platform/service/service.h"

struct rule_kind {
    const char *name;  /* "price-list": of its rows, its streams and its resource */
    const char *words; /* "price list": in sentences */
    const struct message_declaration *message;
    size_t id_at, version_at; /* where the message has them */
    /* What a quote finds it by, in the arena. NULL: a quote looks at all of them. */
    const char *(*found_by)(struct arena *arena, const ProtobufCMessage *rule);
    /* Refuse what the field rules of the contract can't; `id` is empty for a new one. NULL: they say it all. */
    enum result (*check)(struct context *context, const char *id, const ProtobufCMessage *rule);
    const struct event_declaration *saved; /* it was added, or is now this */
    size_t saved_rule_at;                  /* where that event has the rule */
    const struct event_declaration *deleted;
};

extern const struct rule_kind price_list_kind, promotion_kind, tax_rate_kind, shipping_method_kind;

/* --- the operations: `answer` is an initialised message of the kind --- */

enum result rule_get(struct context *context, const struct rule_kind *kind, const char *id, ProtobufCMessage *answer);
enum result rule_create(struct context *context, const struct rule_kind *kind, const ProtobufCMessage *given,
                        ProtobufCMessage *answer);
enum result rule_update(struct context *context, const struct rule_kind *kind, const char *id, const ProtobufCMessage *given,
                        const Google__Protobuf__FieldMask *mask, ProtobufCMessage *answer);
enum result rule_delete(struct context *context, const struct rule_kind *kind, const char *id);

/* Rules of one kind, oldest first; in tx->arena. */
struct rules {
    ProtobufCMessage **items;
    size_t count;
};
enum result rule_list(struct context *context, const struct rule_kind *kind, int64_t limit, const char *cursor,
                      struct rules *rules, const char **next_cursor);

/* --- reading --- */

/* NULL when there is none. In tx->arena. */
ProtobufCMessage *rule_load(struct tx *tx, const struct rule_kind *kind, const char *id);
/* Those that a quote finds by this; "" for kinds of which it looks at all. */
struct rules rules_found_by(struct tx *tx, const struct rule_kind *kind, const char *found_by);
/* The same in two steps, for who asks for several things at once. */
struct sql_rows rules_ask(struct tx *tx, const struct rule_kind *kind, const char *found_by);
struct rules rules_read(struct sql_rows rows, const struct rule_kind *kind);

/* --- for checks --- */

/* Refuse an end that does not come after its start, with the pointer `/endsAt`. */
enum result rule_check_period(struct context *context, const Google__Protobuf__Timestamp *starts,
                              const Google__Protobuf__Timestamp *ends);

/* --- applying --- */

void rule_apply_saved(struct tx *tx, const struct rule_kind *kind, const struct event *event, const ProtobufCMessage *rule);
void rule_apply_deleted(struct tx *tx, const struct rule_kind *kind, const struct event *event);

#endif
