// From options to a session.
#pragma once

#include <open62541/client.h>

#include "options.h"

// Connected and logged in, or the process ends with a word.
UA_Client *open_session(const Options *options);
// The number of the namespace that the server's variables are in.
UA_UInt16 namespace_of(UA_Client *client);
// The process ends with a word unless the code is good.
void must(const char *what, UA_StatusCode code);
