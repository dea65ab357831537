/*
 * Whoever started this process and wants to know how it is: systemd, with Type=notify (sd_notify(3)).
 */
#ifndef SOUK_CLI_SUPERVISOR_H
#define SOUK_CLI_SUPERVISOR_H

/* Send "READY=1" or "STOPPING=1" to where NOTIFY_SOCKET says; without it, nothing. */
void supervisor_tell(const char *state);

#endif
