// An open62541 server whose variables count, and which writes down every change that it made.
//
// Encrypted endpoints, user name and password or an X.509 user for data, real trust in client certificates: an unknown
// one lands in PKI/ApplCerts/rejected, and is accepted once its file lies in PKI/ApplCerts/trusted/certs. Trust,
// validation, login and history are open62541's own; nothing here knows lockgate.
//
// SIGUSR1 stops the counting and leaves the server up, so that a client can collect the rest. SIGTERM, the end of the
// process that started it, and --secs end it. A server that is started again on its truth file goes on where it was.
#include <open62541/plugin/log_stdout.h>
#include <open62541/server_config_default.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "counters.h"
#include "options.h"
#include "past.h"
#include "security.h"

static const char APPLICATION_URI[] = "urn:localhost:interop:open62541";
static const char NAMESPACE[] = "urn:lockgate:interop:counters";
enum { LONGEST_QUEUE = 10000 };

static volatile sig_atomic_t ending, frozen;

static void end(int number) {
    (void)number;
    ending = 1;
}

static void freeze(int number) {
    (void)number;
    frozen = 1;
}

static void log_line(void *context, UA_LogLevel level, UA_LogCategory category, const char *text, va_list arguments) {
    (void)context, (void)category;
    if(level < UA_LOGLEVEL_WARNING)
        return;
    // its formats know more than those of the C library, such as %S for a UA_String
    UA_String line = UA_STRING_NULL;
    if(UA_String_vformat(&line, text, arguments) == UA_STATUSCODE_GOOD)
        fprintf(stderr, "%.*s\n", (int)line.length, (const char *)line.data);
    UA_String_clear(&line);
}

static UA_StatusCode configure(UA_ServerConfig *config, const Options *options, Thumbprint *thumbprint) {
    static UA_Logger logger = {log_line, NULL, NULL};
    config->logging = &logger;
    UA_StatusCode result = UA_ServerConfig_setBasics_withPort(config, options->port);
    result |= configure_security(config, options, thumbprint);
    char url[128];
    snprintf(url, sizeof url, "opc.tcp://localhost:%u", options->port);
    UA_String_clear(&config->serverUrls[0]);
    config->serverUrls[0] = UA_STRING_ALLOC(url);
    UA_String_clear(&config->applicationDescription.applicationUri);
    config->applicationDescription.applicationUri = UA_STRING_ALLOC(APPLICATION_URI);
    UA_LocalizedText_clear(&config->applicationDescription.applicationName);
    config->applicationDescription.applicationName = UA_LOCALIZEDTEXT_ALLOC("en", "Interop open62541");
    // a client that asks for every change gets every change
    config->samplingIntervalLimits.min = 5;
    config->publishingIntervalLimits.min = 10;
    config->queueSizeLimits = (UA_UInt32Range){1, LONGEST_QUEUE};
    // 0 would mean none
    config->maxNotificationsPerPublish = options->notifications_per_publish;
    return result;
}

static UA_StatusCode populate(UA_Server *server, const Options *options) {
    UA_UInt16 ns = UA_Server_addNamespace(server, NAMESPACE);
    UA_StatusCode result = add_counters(server, ns, options);
    result |= add_history(server, ns, options);
    return result | add_tree(server, ns, options);
}

static void serve(UA_Server *server, double seconds) {
    struct timespec start, now;
    clock_gettime(CLOCK_MONOTONIC, &start);
    pid_t parent = getppid();
    do {
        // the callback of `count` is due often enough to end the wait
        UA_Server_run_iterate(server, true);
        if(frozen)
            stop_counting();
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while(!ending && getppid() == parent && (double)(now.tv_sec - start.tv_sec) < seconds);
}

static void count_now(UA_Server *server, void *data) {
    (void)data;
    count(server);
}

static int fail(const char *what, UA_StatusCode code) {
    fprintf(stderr, "%s: %s\n", what, UA_StatusCode_name(code));
    return EXIT_FAILURE;
}

int main(int argc, char **argv) {
    Options options = read_options(argc, argv);
    signal(SIGTERM, end);
    signal(SIGINT, end);
    signal(SIGUSR1, freeze);
    UA_ServerConfig config = {0};
    Thumbprint thumbprint = {{0}};
    UA_StatusCode result = configure(&config, &options, &thumbprint);
    if(result != UA_STATUSCODE_GOOD)
        return fail("configuration", result);
    UA_Server *server = UA_Server_newWithConfig(&config);
    if(!server || (result = populate(server, &options)) != UA_STATUSCODE_GOOD)
        return fail("address space", result);
    double step_ms = options.period_ms / 20.0;
    UA_Server_addRepeatedCallback(server, count_now, NULL, step_ms < 1 ? 1 : step_ms, NULL);
    if((result = UA_Server_run_startup(server)) != UA_STATUSCODE_GOOD)
        return fail("start", result);
    printf("{\"ready\": true, \"url\": \"opc.tcp://localhost:%u/interop\", \"thumbprint\": \"%s\"}\n", options.port,
           thumbprint.digits);
    fflush(stdout);
    serve(server, options.secs);
    stop_counting();
    UA_Server_run_shutdown(server);
    UA_Server_delete(server);
    return EXIT_SUCCESS;
}
