/*
 * All rows of a table, one after the other, in whatever order they are stored, and in bounded memory: PostgreSQL gives the rows of a query
 * all at once, so there a cursor gives them in lots. One scan at a time in a transaction. For the files of the store.
 */
#ifndef SOUK_PLATFORM_TABLE_SCAN_H
#define SOUK_PLATFORM_TABLE_SCAN_H

#include "platform/store/store_back.h"

struct table_scan {
    struct tx *tx;
    const struct store_back *back;
    char *select;
    struct statement *statement; /* at a row after table_scan_next() was true; NULL when the transaction has failed */
    int64_t row;                 /* of this lot */
    int columns;                 /* 0 when the transaction has failed */
    bool is_started;
};

/* `table` is the name of one that exists. */
void table_scan_begin(struct table_scan *scan, struct tx *tx, const char *table);
bool table_scan_next(struct table_scan *scan);
void table_scan_end(struct table_scan *scan);

#endif
