// OpenSSL's TLS for Swift: what the library offers as macros or with variable arguments stands here as functions and
// constants. Decides nothing.
#ifndef COPENSSL_TLS_H
#define COPENSSL_TLS_H
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

static const uint64_t live_ssl_op_no_compression = SSL_OP_NO_COMPRESSION;
static const uint64_t live_ssl_op_no_renegotiation = SSL_OP_NO_RENEGOTIATION;
static const uint64_t live_ssl_op_server_preference = SSL_OP_CIPHER_SERVER_PREFERENCE;
static const uint64_t live_ssl_op_prioritize_chacha = SSL_OP_PRIORITIZE_CHACHA;

static inline long live_ssl_ctx_min_version(SSL_CTX *context, int version) {
    return SSL_CTX_set_min_proto_version(context, version);
}
static inline long live_ssl_ctx_mode(SSL_CTX *context, long mode) { return SSL_CTX_set_mode(context, mode); }
static inline long live_ssl_ctx_cache_mode(SSL_CTX *context, long mode) {
    return SSL_CTX_set_session_cache_mode(context, mode);
}
static inline long live_ssl_ctx_groups(SSL_CTX *context, const char *list) {
    return SSL_CTX_set1_groups_list(context, list);
}
static inline long live_ssl_host_name(SSL *ssl, const char *name) {
    return SSL_set_tlsext_host_name(ssl, (char *)name);
}

// Whether the peer's key share is known, that is whether the key exchange of TLS 1.3 took place.
static inline int live_ssl_has_peer_share(SSL *ssl) {
    EVP_PKEY *key = NULL;
    if (SSL_get_peer_tmp_key(ssl, &key) != 1) return 0;
    EVP_PKEY_free(key);
    return 1;
}

static inline void live_bio_retry_read(BIO *bio) { BIO_set_retry_read(bio); }
static inline void live_bio_clear_retry(BIO *bio) { BIO_clear_retry_flags(bio); }
static inline long live_bio_memory(BIO *bio, char **bytes) { return BIO_get_mem_data(bio, bytes); }

// Keys a MAC context as HMAC-SHA256. Parameters hold pointers to their names, so they live and end here.
static inline int live_mac_start(EVP_MAC_CTX *mac, const unsigned char *key, size_t count) {
    OSSL_PARAM parameters[3];
    parameters[0] = OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, (void *)key, count);
    parameters[1] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0);
    parameters[2] = OSSL_PARAM_construct_end();
    return EVP_MAC_CTX_set_params(mac, parameters);
}

static inline EVP_PKEY *live_ec_key(const char *curve) {
    return EVP_PKEY_Q_keygen(NULL, NULL, "EC", (char *)curve);
}
#endif
