#include "variables.h"

#include <stdio.h>

Sample make_sample(int kind, UA_UInt32 value) {
    static UA_Double number;
    static UA_Int32 integer;
    static UA_Boolean truth;
    static UA_UInt32 counter;
    static char text[32];
    static UA_String string;
    Sample sample;
    switch(kind) {
    case DOUBLE:
        number = value * 1.5;
        UA_Variant_setScalar(&sample.variant, &number, &UA_TYPES[UA_TYPES_DOUBLE]);
        break;
    case INT32:
        integer = (UA_Int32)value;
        UA_Variant_setScalar(&sample.variant, &integer, &UA_TYPES[UA_TYPES_INT32]);
        break;
    case STRING:
        snprintf(text, sizeof text, "batch %08u", value);
        string = UA_STRING(text);
        UA_Variant_setScalar(&sample.variant, &string, &UA_TYPES[UA_TYPES_STRING]);
        break;
    case BOOLEAN:
        truth = value % 2;
        UA_Variant_setScalar(&sample.variant, &truth, &UA_TYPES[UA_TYPES_BOOLEAN]);
        break;
    default:
        counter = value;
        UA_Variant_setScalar(&sample.variant, &counter, &UA_TYPES[UA_TYPES_UINT32]);
    }
    return sample;
}

UA_StatusCode add_folder(UA_Server *server, UA_UInt16 ns, const char *name, UA_NodeId parent, UA_NodeId *id) {
    UA_ObjectAttributes attributes = UA_ObjectAttributes_default;
    attributes.displayName = UA_LOCALIZEDTEXT("", (char *)(uintptr_t)name);
    return UA_Server_addObjectNode(server, UA_NODEID_STRING(ns, (char *)(uintptr_t)name), parent, UA_NS0ID(ORGANIZES),
                                   UA_QUALIFIEDNAME(ns, (char *)(uintptr_t)name), UA_NS0ID(FOLDERTYPE), attributes, NULL, id);
}

UA_StatusCode add_variable(UA_Server *server, UA_UInt16 ns, const char *name, UA_NodeId parent, const UA_Variant *value,
                           UA_Byte more_access, UA_NodeId *id) {
    UA_VariableAttributes attributes = UA_VariableAttributes_default;
    attributes.displayName = UA_LOCALIZEDTEXT("", (char *)(uintptr_t)name);
    attributes.value = *value;
    attributes.dataType = value->type->typeId;
    attributes.valueRank = UA_VALUERANK_SCALAR;
    attributes.accessLevel = (UA_Byte)(UA_ACCESSLEVELMASK_READ | more_access);
    attributes.historizing = (more_access & UA_ACCESSLEVELMASK_HISTORYREAD) != 0;
    return UA_Server_addVariableNode(server, UA_NODEID_STRING(ns, (char *)(uintptr_t)name), parent, UA_NS0ID(ORGANIZES),
                                     UA_QUALIFIEDNAME(ns, (char *)(uintptr_t)name), UA_NS0ID(BASEDATAVARIABLETYPE), attributes,
                                     NULL, id);
}
