/*
 * Commands on the store alone, beside a running server or not: each visits the services it is told to.
 */
#ifndef SOUK_CLI_STORED_H
#define SOUK_CLI_STORED_H

#include "cli/config.h"
#include "cli/shop.h"

/* What a command does with one service; false with a sentence in `error` when it failed. */
typedef bool (*stored_visit)(const struct config *config, const struct service *service, void *data, char error[512]);

/* Read the configuration and visit the service called `name`, or all of them when it is NULL; one line each on standard output. The exit
 * code. */
int stored_visit_services(const char *config_file, const char *name, stored_visit visit, void *data);

#endif
