// What the server was asked for on its command line.
#pragma once

typedef struct {
    unsigned short port;
    const char *pki;
    const char *certificate;
    const char *key;
    const char *truth; // none: nothing is written down
    unsigned variables;
    unsigned period_ms;
    const char *user;
    const char *password;
    double secs;
    // beside the three policies, also the endpoint without security
    int none;
    int anonymous;
    // variables of four types in turn, in place of UInt32 only
    int mixed;
    // values in the past of each history variable, one a second
    unsigned history;
    // variables that only stand there to be browsed, a hundred to a folder
    unsigned tree;
    unsigned notifications_per_publish;
} Options;

// Ends the process with 2 and a word when something is missing or unknown.
Options read_options(int count, char **words);
