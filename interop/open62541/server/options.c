#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

enum { PORT = 1, PKI, CERTIFICATE, KEY, TRUTH, VARIABLES, PERIOD, USER, PASSWORD, SECS, NONE, ANONYMOUS, SIGN, MIXED, HISTORY, TREE,
       NOTIFICATIONS };

static const struct option NAMES[] = {
    {"port", required_argument, NULL, PORT},
    {"pki", required_argument, NULL, PKI},
    {"certificate", required_argument, NULL, CERTIFICATE},
    {"key", required_argument, NULL, KEY},
    {"truth", required_argument, NULL, TRUTH},
    {"variables", required_argument, NULL, VARIABLES},
    {"period-ms", required_argument, NULL, PERIOD},
    {"user", required_argument, NULL, USER},
    {"password", required_argument, NULL, PASSWORD},
    {"secs", required_argument, NULL, SECS},
    {"danger-none", no_argument, NULL, NONE},
    {"anonymous", no_argument, NULL, ANONYMOUS},
    // what the other servers must be asked for
    {"sign", no_argument, NULL, SIGN},
    {"mixed", no_argument, NULL, MIXED},
    {"history", required_argument, NULL, HISTORY},
    {"tree", required_argument, NULL, TREE},
    {"notifications-per-publish", required_argument, NULL, NOTIFICATIONS},
    {NULL, 0, NULL, 0},
};

static unsigned number(const char *text) {
    char *end = NULL;
    unsigned long value = strtoul(text, &end, 10);
    if(*text == '\0' || *end != '\0' || value > 100000000) {
        fprintf(stderr, "'%s' is no number that fits\n", text);
        exit(2);
    }
    return (unsigned)value;
}

static void needed(const char *name, const char *value) {
    if(value)
        return;
    fprintf(stderr, "--%s is needed\n", name);
    exit(2);
}

Options read_options(int count, char **words) {
    Options options = {.variables = 1000, .period_ms = 100, .user = "reader", .secs = 900, .notifications_per_publish = 1000};
    for(int name; (name = getopt_long(count, words, "", NAMES, NULL)) != -1;) {
        switch(name) {
        case PORT: options.port = (unsigned short)number(optarg); break;
        case PKI: options.pki = optarg; break;
        case CERTIFICATE: options.certificate = optarg; break;
        case KEY: options.key = optarg; break;
        case TRUTH: options.truth = optarg; break;
        case VARIABLES: options.variables = number(optarg); break;
        case PERIOD: options.period_ms = number(optarg); break;
        case USER: options.user = optarg; break;
        case PASSWORD: options.password = optarg; break;
        case SECS: options.secs = atof(optarg); break;
        case NONE: options.none = 1; break;
        case ANONYMOUS: options.anonymous = 1; break;
        case SIGN: break;
        case MIXED: options.mixed = 1; break;
        case HISTORY: options.history = number(optarg); break;
        case TREE: options.tree = number(optarg); break;
        case NOTIFICATIONS: options.notifications_per_publish = number(optarg); break;
        default: exit(2);
        }
    }
    needed("pki", options.pki);
    needed("certificate", options.certificate);
    needed("key", options.key);
    needed("password", options.password);
    if(options.port == 0)
        needed("port", NULL);
    return options;
}
