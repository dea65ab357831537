/*
 * What the files of the machine share: env_machine.c (time, threads, loops) and env_machine_socket.c.
 */
#ifndef SOUK_PLATFORM_ENV_MACHINE_INTERNAL_H
#define SOUK_PLATFORM_ENV_MACHINE_INTERNAL_H

#include "platform/env/env.h"

struct socket *machine_socket_open(struct loop *loop, const char *address, const struct socket_events *events, void *data);
void machine_socket_send(struct socket *socket, const void *bytes, size_t count);
void machine_socket_close(struct socket *socket);

#endif
