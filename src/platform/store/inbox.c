/*
 * How far this service has handled each producer's events (event_log.h): a number per producer is enough, since they are handled in the
 * order of their dense numbers.
 */
#include "base/assert.h"
#include "platform/store/event_log.h"

int64_t inbox_position(struct tx *tx, const char *producer)
{
    return SQL_INT(tx, 0, "SELECT number FROM souk_inbox WHERE producer = ?1", sql_string(producer));
}

void inbox_move(struct tx *tx, const char *producer, int64_t number)
{
    bool may_write = tx->may_write;
    tx->may_write = true;
    int64_t moved = SQL_COUNT(tx,
                           "INSERT INTO souk_inbox (producer, number) VALUES (?1, ?2)"
                           " ON CONFLICT (producer) DO UPDATE SET number = excluded.number"
                           " WHERE souk_inbox.number <= excluded.number",
                           sql_string(producer), sql_int(number));
    tx->may_write = may_write;
    ASSERT(moved == 1 || tx->failed);
}
