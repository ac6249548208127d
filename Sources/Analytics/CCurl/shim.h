// libcurl for Swift: its setters are variadic, which Swift can't call, so each kind of argument has a function here.
// Owns nothing, decides nothing.
#ifndef LIVE_CCURL_SHIM_H
#define LIVE_CCURL_SHIM_H

#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
#include <sys/socket.h>

typedef size_t (*live_curl_bytes)(char *bytes, size_t size, size_t count, void *context);
typedef curl_socket_t (*live_curl_socket_opener)(
    void *context, curlsocktype purpose, struct curl_sockaddr *address);
typedef int (*live_curl_progress)(
    void *context, curl_off_t down_all, curl_off_t down, curl_off_t up_all, curl_off_t up);

static inline CURLcode live_curl_set_long(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode live_curl_set_text(CURL *handle, CURLoption option, const char *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode live_curl_set_pointer(CURL *handle, CURLoption option, void *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode live_curl_set_bytes(CURL *handle, CURLoption option, live_curl_bytes value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode live_curl_set_opener(CURL *handle, live_curl_socket_opener value) {
    return curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, value);
}

static inline CURLcode live_curl_set_progress(CURL *handle, live_curl_progress value) {
    return curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, value);
}

static inline long live_curl_status(CURL *handle) {
    long status = 0;
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

static inline const struct sockaddr *live_curl_address(const struct curl_sockaddr *address) {
    return &address->addr;
}

// The socket that libcurl would have opened, and that no child process inherits.
static inline curl_socket_t live_curl_open(const struct curl_sockaddr *address) {
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

#endif
