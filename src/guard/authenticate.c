#include "guard/authenticate.h"

#include <openssl/crypto.h>

/* The token of "Bearer TOKEN"; the scheme in any case (RFC 9110, 11.1). Without text when it is something else. */
static struct text bearer_token(struct text authorization)
{
    const size_t scheme_length = sizeof "Bearer " - 1;
    if (authorization.length <= scheme_length ||
        !text_equal_ignoring_case((struct text){authorization.at, scheme_length}, TEXT("Bearer ")))
        return (struct text){NULL, 0};
    return text_trim((struct text){authorization.at + scheme_length, authorization.length - scheme_length});
}

/* In a time that tells nothing about where they differ. */
static bool token_is(struct text token, const char *wanted)
{
    return wanted != NULL && token.length == strlen(wanted) && CRYPTO_memcmp(token.at, wanted, token.length) == 0;
}

bool authenticate(struct call *call, struct text authorization, const char *admin_token)
{
    if (authorization.at == NULL)
        return true;
    struct text token = bearer_token(authorization);
    if (token.at == NULL) {
        call_refuse(call, RESULT_UNAUTHENTICATED, "Send Authorization: Bearer and a token, or leave it out.");
        return false;
    }
    if (!token_is(token, admin_token)) {
        call_refuse(call, RESULT_UNAUTHENTICATED, "That token is not one of ours.");
        return false;
    }
    call->actor = (struct actor){.kind = ACTOR_STAFF, .id = "admin", .scopes = SCOPE_EVERY};
    return true;
}

bool authorize(struct call *call, const char *scope)
{
    if (scope == NULL || (call->actor.scopes & scope_named(text_of(scope))) != 0)
        return true;
    if (call->actor.kind == ACTOR_ANONYMOUS)
        call_refuse(call, RESULT_UNAUTHENTICATED, "This needs a token with the scope \"%s\".", scope);
    else
        call_refuse(call, RESULT_PERMISSION_DENIED, "This needs the scope \"%s\".", scope);
    return false;
}
