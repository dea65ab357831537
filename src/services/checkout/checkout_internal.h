/*
 * What the files of checkout share.
 *
 *     place_order.c   the saga: its drawing, its steps, its answer
 *     price.c         what the cart costs, and whether it can be bought as it is; coupons
 *     stock.c         reserving, and promising to the order
 *     pay.c           authorising and capturing
 *     record.c        the order
 *     identity.c      the ids that belong to a checkout
 *     get.c           how a checkout is going
 */
#ifndef SOUK_CHECKOUT_INTERNAL_H
#define SOUK_CHECKOUT_INTERNAL_H

#include "platform/saga/saga.h"
#include "platform/service/service.h"
#include "souk/checkout/v1/checkout.souk.h"

/* --- ids (identity.c), in the arena --- */

const char *checkout_order_id(struct arena *arena, const char *checkout_id);
const char *checkout_payment_id(struct arena *arena, const char *checkout_id);
/* What proves that somebody is the order's buyer. */
const char *checkout_order_token(struct arena *arena, const char *checkout_id);
/* Where to look how it goes. */
const char *checkout_location(struct arena *arena, const char *checkout_id);

/* --- the saga (place_order.c) --- */

Checkout__CheckoutState *checkout_state(const struct saga_run *run);
const Checkout__PlaceOrderRequest *checkout_request(const struct saga_run *run);

/* --- its steps, each with its undo --- */

/* price.c */
void checkout_agree_on_price(struct saga_run *run);
void checkout_redeem_coupons(struct saga_run *run);
void checkout_return_coupons(struct saga_run *run);
/* stock.c */
void checkout_reserve_stock(struct saga_run *run);
void checkout_release_stock(struct saga_run *run);
void checkout_allocate_stock(struct saga_run *run);
/* pay.c */
void checkout_authorise_payment(struct saga_run *run);
void checkout_void_payment(struct saga_run *run);
void checkout_capture_payment(struct saga_run *run);
/* record.c */
void checkout_record_order(struct saga_run *run);
/* A payment as an order shows it. */
Order__OrderPayment *checkout_order_payment(struct arena *arena, const Payment__Payment *payment);
/* Note the order as it is now. */
void checkout_note_order(struct saga_run *run, const Order__Order *order);

#endif
