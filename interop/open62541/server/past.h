// What does not change while the server runs: a past to be read, and a tree to be browsed.
#pragma once

#include <open62541/server.h>

#include "options.h"

// Ten variables History00 to History09 of Double, each with values 0, 1, 2 … one a second, the last one now.
UA_StatusCode add_history(UA_Server *server, UA_UInt16 ns, const Options *options);
UA_StatusCode add_tree(UA_Server *server, UA_UInt16 ns, const Options *options);
