/*
 * What the files of the cart share.
 *
 *     stored_cart.c   a cart as it is kept: reading it, and what may be done to it
 *     apply.c         the tables
 *     abandon.c       the end of a cart that nobody touches
 *     show.c          a cart as shoppers see it: stored cart + quote
 *     work.c          what all sagas of the cart do
 *     line_work.c     what those that change a line do
 *     …               the rest is an operation each
 */
#ifndef SOUK_CART_INTERNAL_H
#define SOUK_CART_INTERNAL_H

#include "platform/saga/saga.h"
#include "platform/service/service.h"
#include "souk/cart/v1/cart.souk.h"
#include "souk/cart/v1/events.souk.h"

/* --- a cart as it is kept (stored_cart.c) --- */

/* False when there is none. In tx->arena. */
bool stored_cart_find(struct tx *tx, const char *id, Cart__StoredCart *cart);
/* The same, refused with NOT_FOUND. */
enum result stored_cart_read(struct context *context, const char *id, Cart__StoredCart *cart);
/* Whether shoppers may change it, or why not: CART_LOCKED, CART_CLOSED. */
enum result stored_cart_changeable(const Cart__StoredCart *cart);
/* Read it for a change: NOT_FOUND, CART_LOCKED, CART_CLOSED, and VERSION_MISMATCH unless it is at `if_version` (0: any). */
enum result stored_cart_read_open(struct context *context, const char *id, int64_t if_version, Cart__StoredCart *cart);
Cart__StoredLine *stored_cart_line_of_sku(const Cart__StoredCart *cart, const char *sku);
Cart__StoredLine *stored_cart_line(const Cart__StoredCart *cart, const char *id);
/* Where a coupon is among the cart's, whatever its letter case; their number when it is not. */
size_t stored_cart_coupon(const Cart__StoredCart *cart, const char *code);

/* --- its end (abandon.c) --- */

#define CART_ABANDON_TIMER "abandon"
enum result cart_abandon(struct context *context, const char *cart_id);

/* --- as shoppers see it (show.c) --- */

/* Put the cart `after` and what is known of it together: what it costs (`quote` is NULL for a cart without lines) and what of it is not sold any
 * more. What the answer points to is in `arena` or shared with `work`. */
void cart_show(struct arena *arena, const Cart__CartWork *work, int64_t now_us, Cart__Cart *answer);

/* --- sagas (work.c) --- */

#define CART_SAGA(array)                                                                                               \
    {                                                                                                                  \
        SAGA_STEPS(array), .state = &cart__cart_work__descriptor, .answer = work_show                                  \
    }

Cart__CartWork *work_of(const struct saga_run *run);
/* Load the cart into `then`. */
void work_load(struct saga_run *run, const char *cart_id,
               void (*then)(struct saga_run *run, const Cart__StoredCart *cart));
/* Note the cart, to show it. */
void work_begin(struct saga_run *run, const Cart__StoredCart *cart);
/* Note the cart, to change it. Where it may not be changed, or the caller's If-Match does not fit, the saga is refused: false. */
bool work_begin_change(struct saga_run *run, const Cart__StoredCart *cart);
/* What to ask pricing for `after`. In run->arena. */
Pricing__QuoteCartRequest work_quote_request(struct saga_run *run);
/* Ask what `after` costs. A cart without lines costs nothing: `then` gets NULL at once. */
void work_quote(struct saga_run *run, void (*then)(struct saga_run *run, const Pricing__Quote *quote));
/* The quote in the step's arena, for what is to be asked before it is noted; NULL stays NULL. */
Pricing__Quote *work_keep_quote(struct saga_run *run, const Pricing__Quote *quote);
/* Note what it costs and, where it can be bought, what of it is not sold any more; and end the step. */
void work_quoted(struct saga_run *run, const Pricing__Quote *quote);
/* Note the cart as a command left it, and end the step. Where somebody else has changed it between our reading and our command, the quote is
 * of another cart: then it is made again. */
void work_changed(struct saga_run *run, const Cart__StoredCart *cart);
bool work_was_alone(const struct saga_run *run);
/* The version that the caller insists on; 0 for none. */
int64_t work_if_version(const struct saga_run *run);
/* The answer: the cart as shoppers see it. */
void work_show(struct saga_run *run);

/* --- changing a line (line_work.c) --- */

/* Say which line is to be how: `line` is complete, with the quantity that it will have. */
void line_work_begin(struct saga_run *run, const Cart__StoredLine *line);
/* How many `quantity` more come to. Where they, or the lines, are too many, the saga is refused: false. */
bool line_work_add(struct saga_run *run, const Cart__StoredLine *there, int64_t quantity, int64_t *sum);
/* Look whether there is enough and what the cart will cost, and end the step. */
void line_work_decide(struct saga_run *run);
/* The steps that follow; without line_work_begin() they do nothing. */
void line_work_hold(struct saga_run *run);
void line_work_give_back(struct saga_run *run);
void line_work_put(struct saga_run *run);
#define LINE_WORK_STEPS                                                                                                \
    {"hold its units", line_work_hold, line_work_give_back},                                                           \
    {                                                                                                                  \
        "put the line", line_work_put, NULL                                                                            \
    }

/* --- what inventory has said (optimistic.c) --- */

/* Whether a SKU needs no holding in a cart, by inventory's word. */
void optimistic_note(const char *sku, bool is_optimistic);
/* Whether it is known not to need it. */
bool optimistic_is_known(const char *sku);

#endif
