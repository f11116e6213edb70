// What the client was asked for on its command line.
#pragma once

typedef enum { SUBSCRIBE, READ, BROWSE, HISTORY } Work;

typedef struct {
    Work work;
    const char *url;
    // none: no security
    const char *policy;
    const char *certificate;
    const char *key;
    const char *server_certificate;
    const char *user;
    const char *password;
    unsigned items;
    double secs;
} Options;

// Ends the process with 2 and a word when something is missing or unknown.
Options read_options(int count, char **words);
