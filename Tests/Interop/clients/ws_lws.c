// C, libwebsockets, without compression: see clients.py. Words in and out as in lines.py.
// One thread reads standard input and wakes the library's loop.
#include <libwebsockets.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINES_MAX = 64 };

static struct lws_context *context;
static struct lws *connection;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char *waiting[LINES_MAX];
static int waiting_count;
static char *outgoing[LINES_MAX];
static int outgoing_count;
static char token[4096], how[16], chosen[64];
static char *message;
static size_t message_length;
static int close_code, has_ended = 1;

static void keep(const void *data, size_t length) {
    message = realloc(message, message_length + length + 1);
    memcpy(message + message_length, data, length);
    message_length += length;
}

static void say_end(int code) {
    if (has_ended) return;
    has_ended = 1;
    connection = NULL;
    printf("closed %d\n", code);
}

/// Sends the oldest line that waits: a text, a ping or the close.
static int write_next(struct lws *wsi) {
    if (outgoing_count == 0) return 0;
    char *line = outgoing[0];
    outgoing_count--;
    memmove(outgoing, outgoing + 1, sizeof(char *) * (size_t)outgoing_count);
    int result = 0;
    if (strncmp(line, "close", 5) == 0) {
        lws_close_reason(wsi, LWS_CLOSE_STATUS_NORMAL, NULL, 0);
        close_code = 1000;
        result = -1;
    } else {
        int is_ping = strncmp(line, "ping", 4) == 0;
        const char *text = is_ping ? "are you there" : line + 5;
        size_t length = strlen(text);
        unsigned char *buffer = malloc(LWS_PRE + length);
        memcpy(buffer + LWS_PRE, text, length);
        lws_write(wsi, buffer + LWS_PRE, length, is_ping ? LWS_WRITE_PING : LWS_WRITE_TEXT);
        free(buffer);
    }
    free(line);
    if (outgoing_count > 0) lws_callback_on_writable(wsi);
    return result;
}

static int callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t length) {
    (void)user;
    switch (reason) {
    case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER:
        if (strcmp(how, "header") == 0) {
            char value[4200];
            int count = snprintf(value, sizeof value, "Bearer %s", token);
            unsigned char **at = in;
            if (lws_add_http_header_by_name(
                    wsi, (const unsigned char *)"Authorization:", (unsigned char *)value, count, at, *at + length))
                return -1;
        }
        break;
    // The last moment at which the answer's headers are there.
    case LWS_CALLBACK_CLIENT_FILTER_PRE_ESTABLISH:
        if (lws_hdr_copy(wsi, chosen, sizeof chosen, WSI_TOKEN_PROTOCOL) <= 0) strcpy(chosen, "-");
        break;
    case LWS_CALLBACK_CLIENT_ESTABLISHED: printf("open %s\n", chosen); break;
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
        printf("failed %s\n", in ? (const char *)in : "no reason");
        has_ended = 1;
        connection = NULL;
        break;
    case LWS_CALLBACK_CLIENT_RECEIVE:
        keep(in, length);
        if (lws_is_final_fragment(wsi) && lws_remaining_packet_payload(wsi) == 0) {
            message[message_length] = 0;
            printf("text %s\n", message);
            message_length = 0;
        }
        break;
    case LWS_CALLBACK_CLIENT_RECEIVE_PONG: printf("pong\n"); break;
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        if (length >= 2) close_code = ((unsigned char *)in)[0] << 8 | ((unsigned char *)in)[1];
        break;
    case LWS_CALLBACK_CLIENT_WRITEABLE: return write_next(wsi);
    case LWS_CALLBACK_CLIENT_CLOSED: say_end(close_code ? close_code : 1006); break;
    default: break;
    }
    return 0;
}

static void start(char *line) {
    char url[2048], subprotocols[4200] = "live.v1";
    if (sscanf(line, "connect %2047s %15s %4095s", url, how, token) != 3) return;
    if (strcmp(how, "header") != 0) snprintf(subprotocols, sizeof subprotocols, "live.v1, bearer.%s", token);
    const char *scheme, *host, *path;
    int port;
    if (lws_parse_uri(url, &scheme, &host, &port, &path)) return;
    char whole[2048], name[300];
    snprintf(whole, sizeof whole, "/%s", path);
    snprintf(name, sizeof name, "%s:%d", host, port);
    close_code = 0;
    has_ended = 0;
    message_length = 0;
    struct lws_client_connect_info info = {
        .context = context, .address = host, .port = port, .path = whole, .host = name, .origin = name,
        .protocol = subprotocols, .local_protocol_name = "live.v1", .pwsi = &connection,
        .ssl_connection = strcmp(scheme, "wss") == 0 ? LCCSCF_USE_SSL : 0,
    };
    if (!lws_client_connect_via_info(&info)) printf("failed to begin\n");
}

/// Standard input, on a thread of its own; its end is the program's.
static void *read_lines(void *nothing) {
    char *line = NULL;
    size_t size = 0;
    while (getline(&line, &size, stdin) > 0) {
        line[strcspn(line, "\n")] = 0;
        pthread_mutex_lock(&lock);
        if (waiting_count < LINES_MAX) waiting[waiting_count++] = strdup(line);
        pthread_mutex_unlock(&lock);
        lws_cancel_service(context);
    }
    exit(0);
    return nothing;
}

static void obey(void) {
    pthread_mutex_lock(&lock);
    for (int at = 0; at < waiting_count; at++) {
        if (strncmp(waiting[at], "connect ", 8) == 0) {
            start(waiting[at]);
            free(waiting[at]);
        } else if (connection && outgoing_count < LINES_MAX) {
            outgoing[outgoing_count++] = waiting[at];
            lws_callback_on_writable(connection);
        } else {
            free(waiting[at]);
        }
    }
    waiting_count = 0;
    pthread_mutex_unlock(&lock);
}

int main(void) {
    static const struct lws_protocols protocols[] = {{"live.v1", callback, 0, 65536, 0, NULL, 0}, {0}};
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN, .protocols = protocols, .options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT,
        .client_ssl_ca_filepath = getenv("SSL_CERT_FILE"),
    };
    setvbuf(stdout, NULL, _IOLBF, 0);
    lws_set_log_level(LLL_ERR, NULL);
    context = lws_create_context(&info);
    if (!context) return 1;
    pthread_t reader;
    pthread_create(&reader, NULL, read_lines, NULL);
    while (lws_service(context, 0) >= 0) obey();
    return 0;
}
