/*
 * The past, as ?asOf= tells it: what queries answered at a moment is noted, and is what they answer about that moment for ever after.
 */
#ifndef SOUK_SIM_ARCHIVE_H
#define SOUK_SIM_ARCHIVE_H

#include "sim/verdict.h"
#include "sim/view.h"

struct archived;

struct archive {
    struct archived *notes;
    unsigned count;
    uint64_t moments; /* commits that could have been noted */
};

/* A service has just committed: now and then, ask what can be asked about the stream that it changed, and note the answers. */
void archive_note(struct archive *archive, struct views *views, unsigned service);
/* At rest: ask about those moments. */
void archive_check(struct archive *archive, struct views *views, struct verdict *verdict);

#endif
