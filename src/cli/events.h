/*
 * What `souk events` is asked for, and its two ways to it.
 */
#ifndef SOUK_CLI_EVENTS_H
#define SOUK_CLI_EVENTS_H

#include "cli/config.h"

/* "" where nothing was said. */
struct events_wanted {
    const char *service, *stream, *after;
    bool follow;
};
/* Print them, a JSON line each. The exit code. */
int events_from_store(const struct config *config, const struct events_wanted *wanted);

#endif
