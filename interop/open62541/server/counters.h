// Variables that count, and the file that tells what they did.
//
// Variable i belongs to group i % GROUPS. Every period each group takes its turn: its variables all go up by exactly
// one, with one source time, and one line goes to the truth file: {"group":g,"value":n,"time_ms":t}.
#pragma once

#include <open62541/server.h>

#include "options.h"

// Adds the variables to a server that does not run yet, and takes up the count where the truth file ends.
UA_StatusCode add_counters(UA_Server *server, UA_UInt16 ns, const Options *options);
// Makes every change that is due by now.
void count(UA_Server *server);
// No more changes; closes the truth file.
void stop_counting(void);
