/* Made by protoc-gen-souk from souk/shop/v1/events.proto. Edit that, not this. */
#ifndef SOUK_SHOP_V1_EVENTS_SOUK_H
#define SOUK_SHOP_V1_EVENTS_SOUK_H

#include "souk/shop/v1/events.pb-c.h"

#include "platform/rpc/declaration.h"
#include "platform/rpc/result.h"

extern const struct message_declaration shop__product_created__declaration;
extern const struct message_declaration shop__price_changed__declaration;

/* --- events: emit is the generator's, apply is written by the service --- */

/* A product is there. */
extern const struct event_declaration shop__product_created__event;
void shop_emit_product_created(struct context *context, const char *key, const Shop__ProductCreated *data);
void shop_apply_product_created(struct tx *tx, const struct event *event, const Shop__ProductCreated *data);

/* Its price is another. */
extern const struct event_declaration shop__price_changed__event;
void shop_emit_price_changed(struct context *context, const char *key, const Shop__PriceChanged *data);
void shop_apply_price_changed(struct tx *tx, const struct event *event, const Shop__PriceChanged *data);

#endif
