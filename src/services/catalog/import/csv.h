/*
 * CSV as RFC 4180 has it, row by row, with the places of things.
 *
 * The parser is libcsv (strict); what is added here: lines as an editor counts them (CRLF, LF and CR, also inside quotes), a byte
 * order mark in front, and going on after a line that can't be read.
 */
#ifndef SOUK_CATALOG_IMPORT_CSV_H
#define SOUK_CATALOG_IMPORT_CSV_H

#include "base/text.h"

struct csv_cell {
    struct text text; /* as it was meant: without quotes. Lives during the callback; a NUL follows */
    int64_t line;     /* where it begins */
};
struct csv_row {
    int64_t line; /* where it begins, from 1 */
    const struct csv_cell *cells;
    size_t count;
};

struct csv_reader {
    /* Every row, the first one too; empty lines are left out. */
    void (*row)(void *data, const struct csv_row *row);
    /* The quotes of this line are wrong, in the cell of that number (from 1): the rest of the line is left out. */
    void (*broken)(void *data, int64_t line, size_t cell, const char *sentence);
    void *data;
};
void csv_read(struct text file, const struct csv_reader *reader);

#endif
