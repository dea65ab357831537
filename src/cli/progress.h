/*
 * How far something is, on standard error: a bar on a terminal, a line now and then elsewhere.
 */
#ifndef SOUK_CLI_PROGRESS_H
#define SOUK_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    const char *what;  /* "products.csv" */
    const char *stage; /* shown last */
    bool is_terminal;
    int64_t shown_us;  /* when a line was last written, not on a terminal */
    unsigned turn;
};

void progress_init(struct progress *progress, const char *what);
/* `done` of `total`; a total of 0 is not known. The stage is a constant. */
void progress_show(struct progress *progress, const char *stage, uint64_t done, uint64_t total);
/* Take the bar away. */
void progress_clear(struct progress *progress);

#endif
