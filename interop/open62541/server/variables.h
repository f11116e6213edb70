// Folders and variables, and the values they hold.
#pragma once

#include <open62541/server.h>

enum { DOUBLE, INT32, STRING, BOOLEAN, KINDS, COUNTER };

// Points into buffers that the next call reuses.
typedef struct {
    UA_Variant variant;
} Sample;

Sample make_sample(int kind, UA_UInt32 value);
UA_StatusCode add_folder(UA_Server *server, UA_UInt16 ns, const char *name, UA_NodeId parent, UA_NodeId *id);
// `more_access` is added to reading the present value.
UA_StatusCode add_variable(UA_Server *server, UA_UInt16 ns, const char *name, UA_NodeId parent, const UA_Variant *value,
                           UA_Byte more_access, UA_NodeId *id);
