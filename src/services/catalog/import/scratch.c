/*
 * Scratch: an arena for a few products at a time.
 */
#include "services/catalog/import/merge.h"

#include "base/limits.h"
#include "platform/store/event_log.h"

#define PRODUCTS_PER_ARENA 32

void scratch_begin(struct scratch *scratch, struct context *context)
{
    *scratch = (struct scratch){.context = context, .call_arena = context->arena};
}

static void set_arena(struct scratch *scratch, struct arena *arena)
{
    struct context *context = scratch->context;
    if (context->arena != scratch->call_arena) {
        event_log_store_waiting(context->tx); /* they are in that arena */
        arena_free(context->arena);
    }
    context->arena = context->tx->arena = arena;
}

void scratch_renew(struct scratch *scratch)
{
    if (scratch->uses++ % PRODUCTS_PER_ARENA == 0)
        set_arena(scratch, arena_new(LIMIT_BULK_ARENA));
}

void scratch_end(struct scratch *scratch)
{
    set_arena(scratch, scratch->call_arena);
}
