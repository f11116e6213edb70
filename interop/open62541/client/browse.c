#include <open62541/client_highlevel.h>
#include <stdlib.h>

#include "session.h"
#include "work.h"

enum { NODES_PER_CALL = 1000 };

typedef struct {
    UA_NodeId *ids;
    size_t count, room;
} Nodes;

static void add(Nodes *nodes, UA_NodeId *id) {
    if(nodes->count == nodes->room) {
        nodes->room = nodes->room ? nodes->room * 2 : 1024;
        nodes->ids = (UA_NodeId *)realloc(nodes->ids, nodes->room * sizeof *nodes->ids);
    }
    // taken over, not copied
    nodes->ids[nodes->count++] = *id;
    UA_NodeId_init(id);
}

static void take(Nodes *next, UA_BrowseResult *result) {
    must("browse", result->statusCode);
    if(result->continuationPoint.length)
        must("browse: too many references for one answer", UA_STATUSCODE_BADRESPONSETOOLARGE);
    for(size_t index = 0; index < result->referencesSize; index++)
        add(next, &result->references[index].nodeId.nodeId);
}

// The children of every node, NODES_PER_CALL nodes at a time.
static Nodes level_below(UA_Client *client, const Nodes *nodes) {
    static UA_BrowseDescription asked[NODES_PER_CALL];
    Nodes next = {NULL, 0, 0};
    for(size_t first = 0; first < nodes->count; first += NODES_PER_CALL) {
        size_t count = nodes->count - first < NODES_PER_CALL ? nodes->count - first : NODES_PER_CALL;
        for(size_t index = 0; index < count; index++) {
            UA_BrowseDescription_init(&asked[index]);
            asked[index].nodeId = nodes->ids[first + index];
            asked[index].browseDirection = UA_BROWSEDIRECTION_FORWARD;
            asked[index].referenceTypeId = UA_NS0ID(HIERARCHICALREFERENCES);
            asked[index].includeSubtypes = true;
            asked[index].resultMask = UA_BROWSERESULTMASK_ALL;
        }
        UA_BrowseRequest request;
        UA_BrowseRequest_init(&request);
        request.nodesToBrowse = asked;
        request.nodesToBrowseSize = count;
        UA_BrowseResponse response = UA_Client_Service_browse(client, request);
        must("browse", response.responseHeader.serviceResult);
        for(size_t index = 0; index < response.resultsSize; index++)
            take(&next, &response.results[index]);
        UA_BrowseResponse_clear(&response);
    }
    return next;
}

static void forget(Nodes *nodes) {
    for(size_t index = 0; index < nodes->count; index++)
        UA_NodeId_clear(&nodes->ids[index]);
    free(nodes->ids);
}

// The server's tree has no loops: every node is met once.
Measured browse_tree(UA_Client *client, const Options *options) {
    UA_UInt16 ns = namespace_of(client);
    unsigned long long references = 0;
    Instant start = instant();
    do {
        Nodes level = {NULL, 0, 0};
        UA_NodeId root = UA_NODEID_STRING_ALLOC(ns, "Tree");
        add(&level, &root);
        while(level.count) {
            Nodes next = level_below(client, &level);
            references += next.count;
            forget(&level);
            level = next;
        }
        forget(&level);
    } while((double)since(start, 0).wall_ns < options->secs * 1e9);
    return since(start, references);
}
