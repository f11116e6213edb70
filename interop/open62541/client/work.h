// What is measured. Each does its work for options.secs and says how much it was.
#pragma once

#include <open62541/client.h>

#include "options.h"

typedef struct {
    unsigned long long values;
    unsigned long long cpu_ns;
    unsigned long long wall_ns;
} Measured;

Measured subscribe(UA_Client *client, const Options *options);
Measured read_values(UA_Client *client, const Options *options);
Measured browse_tree(UA_Client *client, const Options *options);
Measured read_history(UA_Client *client, const Options *options);

// A window of time: what this process alone spent in it.
typedef struct {
    unsigned long long cpu_ns, wall_ns;
} Instant;
Instant instant(void);
Measured since(Instant start, unsigned long long values);
