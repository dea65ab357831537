#include "platform/store/table_scan.h"

#include <stdlib.h>

#define LOT "1000"
#define LOT_ROWS 1000
static const char fetch[] = "FETCH FORWARD " LOT " FROM souk_scan";

static bool begin_lots(struct table_scan *scan)
{
    char error[512];
    char *declare = store_text("DECLARE souk_scan NO SCROLL CURSOR FOR %s", scan->select);
    bool done = scan->back->script(scan->tx, declare, error);
    if (!done)
        store_broke(scan->tx, error, 0, declare);
    free(declare);
    return done;
}

static void start(struct table_scan *scan)
{
    scan->back->start(scan->tx, scan->statement, NULL, 0);
    scan->back->fetch(scan->tx, scan->statement);
    scan->is_started = true;
    scan->row = 0;
}

static void finish(struct table_scan *scan)
{
    if (scan->is_started)
        scan->back->finish(scan->statement);
    scan->is_started = false;
}

void table_scan_begin(struct table_scan *scan, struct tx *tx, const char *table)
{
    *scan = (struct table_scan){.tx = tx, .back = tx->connection->store->back};
    scan->select = store_text("SELECT * FROM \"%s\"", table);
    if (!tx->failed && (!scan->back->gives_rows_at_once || begin_lots(scan)))
        scan->statement = scan->back->prepare(tx, scan->back->gives_rows_at_once ? fetch : scan->select);
    if (!scan->statement)
        return;
    start(scan);
    scan->columns = tx->failed ? 0 : scan->back->column_count(scan->statement);
}

bool table_scan_next(struct table_scan *scan)
{
    if (!scan->statement || scan->tx->failed)
        return false;
    bool more = scan->back->step(scan->tx, scan->statement);
    if (!more && scan->back->gives_rows_at_once && scan->row == LOT_ROWS) {
        finish(scan);
        start(scan);
        more = !scan->tx->failed && scan->back->step(scan->tx, scan->statement);
    }
    scan->row += more;
    return more && !scan->tx->failed;
}

void table_scan_end(struct table_scan *scan)
{
    char error[512];
    if (scan->statement) {
        finish(scan);
        scan->back->discard(scan->statement);
    }
    free(scan->select);
    if (scan->statement && scan->back->gives_rows_at_once && !scan->tx->failed && !scan->back->script(scan->tx, "CLOSE souk_scan", error))
        store_broke(scan->tx, error, 0, "CLOSE souk_scan");
}
