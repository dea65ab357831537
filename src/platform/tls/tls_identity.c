/*
 * The files behind an OpenSSL context, and OpenSSL's reasons in words that say what to do.
 *
 * The context is behind a mutex that is taken once a connection; a connection counts on the one it began with.
 */
#include "platform/tls/tls_identity.h"

#include "base/assert.h"
#include "base/text.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tls_identity {
    pthread_mutex_t lock; /* of the context alone */
    SSL_CTX *context;
    enum tls_role role;
    char *certificate_file, *key_file, *authority_file, *callers; /* the last two NULL where there are none */
};

/* For TLS 1.2, what RFC 9113 does not forbid: with forward secrecy, authenticated. 1.3 has no others. */
#define CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20"

/* --- protocols ----------------------------------------------------------------------------------------------------- */

static const unsigned char website_protocols[] = "\x02h2\x08http/1.1", peer_protocols[] = "\x02h2";

static int choose_protocol(SSL *ssl, const unsigned char **chosen, unsigned char *chosen_length, const unsigned char *offered,
                           unsigned offered_length, void *data)
{
    (void)ssl;
    bool for_peers = tls_identity_is_for_peers(data);
    const unsigned char *ours = for_peers ? peer_protocols : website_protocols;
    unsigned length = for_peers ? sizeof peer_protocols - 1 : sizeof website_protocols - 1;
    unsigned char *found;
    if (SSL_select_next_proto(&found, chosen_length, ours, length, offered, offered_length) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL; /* RFC 7301 section 3.2: no_application_protocol */
    *chosen = found;
    return SSL_TLSEXT_ERR_OK;
}

/* --- who may call -------------------------------------------------------------------------------------------------- */

/* Whether a list of names, separated by commas, has this one. */
static bool list_has(const char *list, struct text name)
{
    for (const char *at = list; at != NULL; at = strchr(at, ',') != NULL ? strchr(at, ',') + 1 : NULL)
        if (text_equal_ignoring_case(text_trim((struct text){at, strcspn(at, ",")}), name))
            return true;
    return false;
}

/* Names are in the certificate's alternatives, as a host's (DNS) or as SPIFFE has them (URI); never its subject, and no wildcards. */
static bool bears_name_of(const char *callers, X509 *certificate)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    bool found = false;
    for (int i = 0; !found && i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        if (name->type == GEN_DNS || name->type == GEN_URI)
            found = list_has(callers, (struct text){(const char *)ASN1_STRING_get0_data(name->d.ia5), (size_t)ASN1_STRING_length(name->d.ia5)});
    }
    GENERAL_NAMES_free(names);
    return found;
}

/* Asked for each certificate of the chain, the caller's own last. */
static int check_caller(int is_fine, X509_STORE_CTX *chain)
{
    const SSL *ssl = X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx());
    const struct tls_identity *identity = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    if (!is_fine || X509_STORE_CTX_get_error_depth(chain) > 0 || strcmp(identity->callers, "*") == 0)
        return is_fine;
    if (bears_name_of(identity->callers, X509_STORE_CTX_get_current_cert(chain)))
        return 1;
    X509_STORE_CTX_set_error(chain, X509_V_ERR_APPLICATION_VERIFICATION);
    return 0;
}

/* --- the files ----------------------------------------------------------------------------------------------------- */

/* Nobody is there to type one. */
static int refuse_passphrase(char *buffer, int size, int writing, void *data)
{
    (void)buffer, (void)size, (void)writing, (void)data;
    return -1;
}

static SSL_CTX *context_new(struct tls_identity *identity)
{
    bool serves = identity->role != TLS_PEER_CLIENT, for_peers = tls_identity_is_for_peers(identity);
    SSL_CTX *context = SSL_CTX_new(serves ? TLS_server_method() : TLS_client_method());
    ASSERT(context);
    ASSERT(SSL_CTX_set_min_proto_version(context, for_peers ? TLS1_3_VERSION : TLS1_2_VERSION) == 1);
    ASSERT(SSL_CTX_set_cipher_list(context, CIPHERS) == 1);
    SSL_CTX_set_app_data(context, identity);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_default_passwd_cb(context, refuse_passphrase);
    if (serves)
        SSL_CTX_set_alpn_select_cb(context, choose_protocol, identity);
    else
        ASSERT(SSL_CTX_set_alpn_protos(context, peer_protocols, sizeof peer_protocols - 1) == 0);
    if (!for_peers)
        return context;
    /* Who comes again shows a certificate again: a session would outlive it, and the list of callers. */
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(context, 0);
    SSL_CTX_set_verify(context, serves ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT : SSL_VERIFY_PEER, serves ? check_caller : NULL);
    return context;
}

/* Why OpenSSL refused, in its own words: the last error is the one nearest to the cause. */
static const char *reason_of_refusal(void)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    ERR_clear_error();
    return reason ? reason : "it is not in PEM form";
}

static bool check_readable(const char *file, const char *what, char error[512])
{
    FILE *opened = fopen(file, "r");
    if (opened)
        fclose(opened);
    else
        snprintf(error, 512, "The TLS %s %.300s can't be read: %m.", what, file);
    return opened != NULL;
}

static bool load(const struct tls_identity *identity, SSL_CTX *context, char error[512])
{
    const char *certificate = identity->certificate_file, *key = identity->key_file, *authority = identity->authority_file;
    ERR_clear_error();
    if (!check_readable(certificate, "certificate", error) || !check_readable(key, "key", error) ||
        (authority != NULL && !check_readable(authority, "authority", error)))
        return false;
    if (SSL_CTX_use_certificate_chain_file(context, certificate) != 1)
        snprintf(error, 512, "%.300s is no certificate in PEM form: %s.", certificate, reason_of_refusal());
    else if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1)
        snprintf(error, 512, "%.200s is no key in PEM form that belongs to the certificate %.200s: %s.", key, certificate,
                 reason_of_refusal());
    else if (authority != NULL && SSL_CTX_load_verify_file(context, authority) != 1)
        snprintf(error, 512, "%.300s has no certificate of an authority in PEM form: %s.", authority, reason_of_refusal());
    else
        return true;
    return false;
}

/* NULL with a sentence in `error`. */
static SSL_CTX *context_load(struct tls_identity *identity, char error[512])
{
    SSL_CTX *context = context_new(identity);
    if (load(identity, context, error))
        return context;
    SSL_CTX_free(context);
    return NULL;
}

/* --- an identity --------------------------------------------------------------------------------------------------- */

static char *copy(const char *string)
{
    char *copied = string != NULL ? strdup(string) : NULL;
    ASSERT(copied != NULL || string == NULL);
    return copied;
}

struct tls_identity *tls_identity_new(const struct tls_identity_options *options, char error[512])
{
    ASSERT((options->role == TLS_WEBSITE) == (options->authority_file == NULL));
    ASSERT((options->role == TLS_PEER_SERVER) == (options->callers != NULL));
    struct tls_identity *identity = calloc(1, sizeof *identity);
    ASSERT(identity != NULL && pthread_mutex_init(&identity->lock, NULL) == 0);
    identity->role = options->role;
    identity->certificate_file = copy(options->certificate_file);
    identity->key_file = copy(options->key_file);
    identity->authority_file = copy(options->authority_file);
    identity->callers = copy(options->callers);
    identity->context = context_load(identity, error);
    if (identity->context != NULL)
        return identity;
    tls_identity_free(identity);
    return NULL;
}

bool tls_identity_reload(struct tls_identity *identity, char error[512])
{
    SSL_CTX *context = context_load(identity, error);
    if (!context)
        return false;
    pthread_mutex_lock(&identity->lock);
    SSL_CTX *old = identity->context;
    identity->context = context;
    pthread_mutex_unlock(&identity->lock);
    SSL_CTX_free(old); /* open connections count on it, too */
    return true;
}

void tls_identity_free(struct tls_identity *identity)
{
    if (!identity)
        return;
    SSL_CTX_free(identity->context);
    pthread_mutex_destroy(&identity->lock);
    free(identity->certificate_file);
    free(identity->key_file);
    free(identity->authority_file);
    free(identity->callers);
    free(identity);
}

bool tls_identity_is_for_peers(const struct tls_identity *identity)
{
    return identity->role != TLS_WEBSITE;
}

SSL *tls_identity_ssl(struct tls_identity *identity)
{
    pthread_mutex_lock(&identity->lock);
    SSL *ssl = SSL_new(identity->context);
    pthread_mutex_unlock(&identity->lock);
    ASSERT(ssl);
    if (identity->role == TLS_PEER_CLIENT)
        SSL_set_connect_state(ssl);
    else
        SSL_set_accept_state(ssl);
    return ssl;
}

/* --- why not ------------------------------------------------------------------------------------------------------- */

/* What is wrong with the certificate that the other side has shown; NULL: nothing is known to be. */
static const char *fault_of_certificate(long verified)
{
    switch (verified) {
    case X509_V_OK:
        return NULL;
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return "Its certificate has expired: give it a new one.";
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return "Its certificate is not valid yet: perhaps a clock is wrong.";
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return "Its certificate is not for the name it was called by: put that name into its subjectAltName.";
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
        return "Its certificate is not signed by the authority that we know: compare the files of SOUK_GRPC_CA.";
    case X509_V_ERR_INVALID_PURPOSE:
        return "Its certificate is for something else: it must be for serverAuth and clientAuth.";
    case X509_V_ERR_APPLICATION_VERIFICATION:
        return "Its certificate bears no name that SOUK_GRPC_CALLERS has.";
    default:
        return X509_verify_cert_error_string(verified);
    }
}

/* What it said, or did, instead of shaking hands. */
static const char *fault_of_handshake(int reason)
{
    switch (reason) {
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
        return "It shows no certificate.";
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST:
        return "It does not speak TLS: with certificates at one side, the other needs them, too (grpcs:// and SOUK_GRPC_CERT).";
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
        return "It does not speak TLS 1.3.";
    case SSL_R_NO_APPLICATION_PROTOCOL:
        return "It does not speak HTTP/2.";
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
        return "It does not know the authority that has signed our certificate: compare the files of SOUK_GRPC_CA.";
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
        return "It says that our certificate has expired: give us a new one.";
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
        return "It does not let us in: its SOUK_GRPC_CALLERS has no name that our certificate bears.";
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
        return "It says that our certificate is not for it, or not for this use.";
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
        return "It demands a certificate, and we have shown none.";
    default:
        return NULL;
    }
}

void tls_explain(const SSL *ssl, char why[256])
{
    unsigned long error = ERR_peek_last_error();
    const char *fault = fault_of_handshake(ERR_GET_REASON(error));
    if (fault == NULL)
        fault = fault_of_certificate(SSL_get_verify_result(ssl));
    if (fault == NULL)
        fault = ERR_reason_error_string(error);
    snprintf(why, 256, "%s", fault != NULL ? fault : "It has broken off.");
    ERR_clear_error();
}
