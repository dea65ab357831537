/*
 * Planted bugs: mistakes that are easily made in an engine like this, each one compile-time switch, to show that the simulator finds them.
 *
 * None is in any program that is shipped: all are 0, and the compiler leaves them out. tools/find-planted-bugs compiles one file with one of
 * them, and runs souk-sim until it tells.
 *
 *     if (!PLANTED(NO_IDEMPOTENCY_RECORD))
 *         remember(…);
 */
#ifndef SOUK_BASE_PLANTS_H
#define SOUK_BASE_PLANTS_H

#define PLANTED(bug) PLANT_##bug

/* A commit returns before it is durable. */
#ifndef PLANT_COMMIT_WITHOUT_SYNC
#define PLANT_COMMIT_WITHOUT_SYNC 0
#endif
/* Callers hear of success before the commit, which may fail. */
#ifndef PLANT_ANSWER_BEFORE_COMMIT
#define PLANT_ANSWER_BEFORE_COMMIT 0
#endif
/* Units are reserved without looking whether they are there. */
#ifndef PLANT_UNGUARDED_DECREMENT
#define PLANT_UNGUARDED_DECREMENT 0
#endif
/* The provider is asked again under another key. */
#ifndef PLANT_NEW_KEY_ON_RETRY
#define PLANT_NEW_KEY_ON_RETRY 0
#endif
/* All refunds of a payment share a key, so that the second is taken for the first. */
#ifndef PLANT_REFUND_WITHOUT_KEY
#define PLANT_REFUND_WITHOUT_KEY 0
#endif
/* The answer to a key is not kept. */
#ifndef PLANT_NO_IDEMPOTENCY_RECORD
#define PLANT_NO_IDEMPOTENCY_RECORD 0
#endif
/* Events count as handled although the transaction that handled them failed. */
#ifndef PLANT_INBOX_MARK_WITHOUT_TRANSACTION
#define PLANT_INBOX_MARK_WITHOUT_TRANSACTION 0
#endif
/* A step whose outcome nobody knows is not undone. */
#ifndef PLANT_UNKNOWN_STEP_NOT_UNDONE
#define PLANT_UNKNOWN_STEP_NOT_UNDONE 0
#endif
/* A provider that does not answer in time is taken to have done nothing. */
#ifndef PLANT_SILENCE_TAKEN_FOR_NO
#define PLANT_SILENCE_TAKEN_FOR_NO 0
#endif
/* A checkout can fail after there is an order. */
#ifndef PLANT_NO_WAY_FORWARD_ONLY
#define PLANT_NO_WAY_FORWARD_ONLY 0
#endif
/* A checkout takes a cart that another one holds. */
#ifndef PLANT_LOCK_WITHOUT_LOOKING
#define PLANT_LOCK_WITHOUT_LOOKING 0
#endif
/* A coupon is redeemed without looking how often it was. */
#ifndef PLANT_COUPON_WITHOUT_LIMIT
#define PLANT_COUPON_WITHOUT_LIMIT 0
#endif
/* A checkout that fails unlocks the cart even when another one holds it. */
#ifndef PLANT_UNLOCK_WITHOUT_OWNERSHIP
#define PLANT_UNLOCK_WITHOUT_OWNERSHIP 0
#endif
/* After a commit that failed the log goes on with the numbers it would have had. */
#ifndef PLANT_HEAD_NOT_READ_AGAIN
#define PLANT_HEAD_NOT_READ_AGAIN 0
#endif

/* Nothing tells the cache that a resource has changed. */
#ifndef PLANT_CACHE_NOT_PURGED
#define PLANT_CACHE_NOT_PURGED 0
#endif
/* A parcel is noted without looking how much is left to ship. */
#ifndef PLANT_PARCEL_WITHOUT_COUNTING
#define PLANT_PARCEL_WITHOUT_COUNTING 0
#endif
/* A coupon that was used up meanwhile is left out, and the buyer charged more. */
#ifndef PLANT_COUPON_DROPPED_IN_SILENCE
#define PLANT_COUPON_DROPPED_IN_SILENCE 0
#endif

/* The past shows stock and prices of others as they are today. */
#ifndef PLANT_COPIES_OF_TODAY
#define PLANT_COPIES_OF_TODAY 0
#endif

#endif
