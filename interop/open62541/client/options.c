#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { URL = 1, POLICY, CERTIFICATE, KEY, SERVER_CERTIFICATE, USER, PASSWORD, ITEMS, SECS };

static const struct option NAMES[] = {
    {"url", required_argument, NULL, URL},
    {"policy", required_argument, NULL, POLICY},
    {"certificate", required_argument, NULL, CERTIFICATE},
    {"key", required_argument, NULL, KEY},
    {"server-certificate", required_argument, NULL, SERVER_CERTIFICATE},
    {"user", required_argument, NULL, USER},
    {"password", required_argument, NULL, PASSWORD},
    {"items", required_argument, NULL, ITEMS},
    {"secs", required_argument, NULL, SECS},
    {NULL, 0, NULL, 0},
};

static Work work_named(const char *name) {
    static const char *const works[] = {"subscribe", "read", "browse", "history"};
    for(int work = 0; work < 4; work++) {
        if(name && strcmp(name, works[work]) == 0)
            return (Work)work;
    }
    fprintf(stderr, "subscribe, read, browse or history?\n");
    exit(2);
}

Options read_options(int count, char **words) {
    Options options = {.items = 10000, .secs = 5};
    for(int name; (name = getopt_long(count, words, "", NAMES, NULL)) != -1;) {
        switch(name) {
        case URL: options.url = optarg; break;
        case POLICY: options.policy = optarg; break;
        case CERTIFICATE: options.certificate = optarg; break;
        case KEY: options.key = optarg; break;
        case SERVER_CERTIFICATE: options.server_certificate = optarg; break;
        case USER: options.user = optarg; break;
        case PASSWORD: options.password = optarg; break;
        case ITEMS: options.items = (unsigned)atoi(optarg); break;
        case SECS: options.secs = atof(optarg); break;
        default: exit(2);
        }
    }
    options.work = work_named(words[optind]);
    if(!options.url || (options.policy && (!options.certificate || !options.key || !options.server_certificate))) {
        fprintf(stderr, "--url is needed; with --policy also --certificate, --key and --server-certificate\n");
        exit(2);
    }
    return options;
}
