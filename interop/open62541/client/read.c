#include <open62541/client_highlevel.h>
#include <stdio.h>
#include <stdlib.h>

#include "session.h"
#include "work.h"

enum { NODES_PER_CALL = 1000, HISTORIES = 10, VALUES_PER_CALL = 10000 };

static int go_on(Instant start, const Options *options) {
    return (double)since(start, 0).wall_ns < options->secs * 1e9;
}

Measured read_values(UA_Client *client, const Options *options) {
    UA_UInt16 ns = namespace_of(client);
    unsigned calls = options->items / NODES_PER_CALL;
    char(*names)[32] = (char(*)[32])calloc(options->items, sizeof *names);
    UA_ReadValueId *nodes = (UA_ReadValueId *)calloc(options->items, sizeof *nodes);
    for(unsigned index = 0; index < options->items; index++) {
        snprintf(names[index], sizeof names[index], "Counter%04u", index);
        nodes[index].nodeId = UA_NODEID_STRING(ns, names[index]);
        nodes[index].attributeId = UA_ATTRIBUTEID_VALUE;
    }
    unsigned long long values = 0;
    Instant start = instant();
    for(unsigned call = 0; go_on(start, options); call = (call + 1) % calls) {
        UA_ReadRequest request;
        UA_ReadRequest_init(&request);
        request.timestampsToReturn = UA_TIMESTAMPSTORETURN_BOTH;
        request.nodesToRead = &nodes[call * NODES_PER_CALL];
        request.nodesToReadSize = NODES_PER_CALL;
        UA_ReadResponse response = UA_Client_Service_read(client, request);
        must("read", response.responseHeader.serviceResult);
        values += response.resultsSize;
        UA_ReadResponse_clear(&response);
    }
    Measured measured = since(start, values);
    free(nodes);
    free(names);
    return measured;
}

static UA_Boolean take(UA_Client *client, const UA_NodeId *node, UA_Boolean more, const UA_ExtensionObject *data, void *context) {
    (void)client, (void)node, (void)more;
    if(data->content.decoded.type != &UA_TYPES[UA_TYPES_HISTORYDATA])
        return false;
    *(unsigned long long *)context += ((UA_HistoryData *)data->content.decoded.data)->dataValuesSize;
    return true;
}

Measured read_history(UA_Client *client, const Options *options) {
    UA_UInt16 ns = namespace_of(client);
    unsigned long long values = 0;
    UA_DateTime end = UA_DateTime_now() + UA_DATETIME_SEC;
    Instant start = instant();
    for(unsigned index = 0; go_on(start, options); index = (index + 1) % HISTORIES) {
        char name[32];
        snprintf(name, sizeof name, "History%02u", index);
        UA_NodeId id = UA_NODEID_STRING(ns, name);
        must("history", UA_Client_HistoryRead_raw(client, &id, take, UA_DATETIME_UNIX_EPOCH, end, UA_STRING_NULL, false,
                                                  VALUES_PER_CALL, UA_TIMESTAMPSTORETURN_BOTH, &values));
    }
    return since(start, values);
}
