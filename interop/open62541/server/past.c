#include "past.h"

#include <open62541/plugin/historydata/history_data_backend_memory.h>
#include <open62541/plugin/historydata/history_data_gathering_default.h>
#include <open62541/plugin/historydata/history_database_default.h>
#include <stdio.h>

#include "variables.h"

enum { HISTORIES = 10, VALUES_PER_RESPONSE = 10000, LEAVES_PER_FOLDER = 100 };

static void remember(UA_Server *server, UA_HistoryDataBackend *backend, const UA_NodeId *id, unsigned values) {
    UA_DateTime end = UA_DateTime_now() / UA_DATETIME_SEC * UA_DATETIME_SEC;
    for(unsigned index = 0; index < values; index++) {
        UA_Double number = index;
        UA_DataValue value;
        UA_DataValue_init(&value);
        UA_Variant_setScalar(&value.value, &number, &UA_TYPES[UA_TYPES_DOUBLE]);
        value.hasValue = value.hasSourceTimestamp = value.hasServerTimestamp = true;
        value.sourceTimestamp = value.serverTimestamp = end - (values - 1 - index) * UA_DATETIME_SEC;
        backend->serverSetHistoryData(server, backend->context, NULL, NULL, id, true, &value);
    }
}

UA_StatusCode add_history(UA_Server *server, UA_UInt16 ns, const Options *options) {
    if(!options->history)
        return UA_STATUSCODE_GOOD;
    UA_HistoryDataGathering gathering = UA_HistoryDataGathering_Default(HISTORIES);
    UA_HistoryDataBackend backend = UA_HistoryDataBackend_Memory(HISTORIES, options->history);
    UA_ServerConfig *config = UA_Server_getConfig(server);
    config->historizingEnabled = true;
    config->accessHistoryDataCapability = true;
    config->maxReturnDataValues = VALUES_PER_RESPONSE;
    config->historyDatabase = UA_HistoryDatabase_default(gathering);
    UA_NodeId folder;
    UA_StatusCode result = add_folder(server, ns, "Histories", UA_NS0ID(OBJECTSFOLDER), &folder);
    for(int index = 0; index < HISTORIES && result == UA_STATUSCODE_GOOD; index++) {
        char name[32];
        snprintf(name, sizeof name, "History%02d", index);
        Sample sample = make_sample(DOUBLE, 0);
        UA_NodeId id;
        result = add_variable(server, ns, name, folder, &sample.variant, UA_ACCESSLEVELMASK_HISTORYREAD, &id);
        UA_HistorizingNodeIdSettings setting = {.historizingBackend = backend,
                                                .maxHistoryDataResponseSize = VALUES_PER_RESPONSE,
                                                .historizingUpdateStrategy = UA_HISTORIZINGUPDATESTRATEGY_USER};
        result |= gathering.registerNodeId(server, gathering.context, &id, setting);
        if(result == UA_STATUSCODE_GOOD)
            remember(server, &backend, &id, options->history);
    }
    return result;
}

UA_StatusCode add_tree(UA_Server *server, UA_UInt16 ns, const Options *options) {
    if(!options->tree)
        return UA_STATUSCODE_GOOD;
    UA_NodeId root, folder = UA_NODEID_NULL;
    UA_StatusCode result = add_folder(server, ns, "Tree", UA_NS0ID(OBJECTSFOLDER), &root);
    for(unsigned index = 0; index < options->tree && result == UA_STATUSCODE_GOOD; index++) {
        char name[32];
        if(index % LEAVES_PER_FOLDER == 0) {
            snprintf(name, sizeof name, "Branch%04u", index / LEAVES_PER_FOLDER);
            result = add_folder(server, ns, name, root, &folder);
        }
        snprintf(name, sizeof name, "Leaf%06u", index);
        Sample sample = make_sample(DOUBLE, index);
        result |= add_variable(server, ns, name, folder, &sample.variant, 0, NULL);
    }
    return result;
}
