#include "session.h"

#include <open62541/client_config_default.h>
#include <open62541/client_highlevel.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char APPLICATION_URI[] = "urn:localhost:interop:client";
static const char NAMESPACE[] = "urn:lockgate:interop:counters";

void must(const char *what, UA_StatusCode code) {
    if(code == UA_STATUSCODE_GOOD)
        return;
    fprintf(stderr, "%s: %s\n", what, UA_StatusCode_name(code));
    exit(1);
}

static void log_line(void *context, UA_LogLevel level, UA_LogCategory category, const char *text, va_list arguments) {
    (void)context, (void)category;
    if(level < UA_LOGLEVEL_ERROR)
        return;
    // its formats know more than those of the C library, such as %S for a UA_String
    UA_String line = UA_STRING_NULL;
    if(UA_String_vformat(&line, text, arguments) == UA_STATUSCODE_GOOD)
        fprintf(stderr, "%.*s\n", (int)line.length, (const char *)line.data);
    UA_String_clear(&line);
}

static UA_ByteString read_file(const char *path) {
    UA_ByteString content = UA_BYTESTRING_NULL;
    FILE *file = fopen(path, "rb");
    if(!file) {
        perror(path);
        exit(1);
    }
    UA_Byte buffer[65536];
    size_t length = fread(buffer, 1, sizeof buffer, file);
    fclose(file);
    must("memory", UA_ByteString_allocBuffer(&content, length));
    memcpy(content.data, buffer, length);
    return content;
}

static void secure(UA_ClientConfig *config, const Options *options) {
    UA_ByteString certificate = read_file(options->certificate), key = read_file(options->key);
    UA_ByteString server = read_file(options->server_certificate);
    must("encryption", UA_ClientConfig_setDefaultEncryption(config, certificate, key, &server, 1, NULL, 0));
    char uri[128];
    snprintf(uri, sizeof uri, "http://opcfoundation.org/UA/SecurityPolicy#%s", options->policy);
    config->securityPolicyUri = UA_STRING_ALLOC(uri);
    config->securityMode = UA_MESSAGESECURITYMODE_SIGNANDENCRYPT;
    UA_String_clear(&config->clientDescription.applicationUri);
    config->clientDescription.applicationUri = UA_STRING_ALLOC(APPLICATION_URI);
    UA_ByteString_clear(&certificate);
    UA_ByteString_clear(&key);
    UA_ByteString_clear(&server);
}

UA_Client *open_session(const Options *options) {
    static UA_Logger logger = {log_line, NULL, NULL};
    UA_ClientConfig config = {0};
    config.logging = &logger;
    must("configuration", UA_ClientConfig_setDefault(&config));
    config.timeout = 20000;
    if(options->policy)
        secure(&config, options);
    else
        config.securityMode = UA_MESSAGESECURITYMODE_NONE;
    UA_Client *client = UA_Client_newWithConfig(&config);
    must("connection", options->user ? UA_Client_connectUsername(client, options->url, options->user, options->password)
                                     : UA_Client_connect(client, options->url));
    return client;
}

UA_UInt16 namespace_of(UA_Client *client) {
    UA_UInt16 number = 0;
    must("namespace", UA_Client_getNamespaceIndex(client, UA_STRING((char *)(uintptr_t)NAMESPACE), &number));
    return number;
}
