/*
 * Who asks: from a request's credentials to an actor.
 *
 * Today there is one credential, the bootstrap token of the configuration (SOUK_ADMIN_TOKEN), which has every scope. Whoever brings none
 * is anonymous; whoever brings a wrong one is refused, rather than being served as a stranger without noticing. Nothing is taken from
 * cookies, so another site's page can't make a browser act in somebody's name, and no CSRF token is needed.
 */
#ifndef SOUK_GUARD_AUTHENTICATE_H
#define SOUK_GUARD_AUTHENTICATE_H

#include "platform/rpc/call.h"

/* Set call->actor from the Authorization header ({NULL, 0}: there is none). `admin_token` may be NULL: then no token is right.
 * False with call->problem. */
bool authenticate(struct call *call, struct text authorization, const char *admin_token);

/* Whether the actor has the scope that an operation needs (NULL: none). False with call->problem: who is nobody may sign in. */
bool authorize(struct call *call, const char *scope);

#endif
