#include <open62541/client_subscriptions.h>
#include <stdio.h>
#include <stdlib.h>

#include "session.h"
#include "work.h"

enum { ITEMS_PER_CALL = 1000, QUEUE = 100, WARM_UP_NS = 1000000000 };

static unsigned long long received;
static UA_DateTime newest;

static void take(UA_Client *client, UA_UInt32 subscription, void *subscription_context, UA_UInt32 item, void *item_context,
                 UA_DataValue *value) {
    (void)client, (void)subscription, (void)subscription_context, (void)item, (void)item_context;
    received++;
    if(value->sourceTimestamp > newest)
        newest = value->sourceTimestamp;
}

static void create_items(UA_Client *client, UA_UInt32 subscription, UA_UInt16 ns, unsigned first, unsigned count) {
    static UA_MonitoredItemCreateRequest items[ITEMS_PER_CALL];
    static UA_Client_DataChangeNotificationCallback callbacks[ITEMS_PER_CALL];
    static char names[ITEMS_PER_CALL][32];
    for(unsigned index = 0; index < count; index++) {
        snprintf(names[index], sizeof names[index], "Counter%04u", first + index);
        items[index] = UA_MonitoredItemCreateRequest_default(UA_NODEID_STRING(ns, names[index]));
        items[index].requestedParameters.samplingInterval = 0;
        items[index].requestedParameters.queueSize = QUEUE;
        callbacks[index] = take;
    }
    UA_CreateMonitoredItemsRequest request;
    UA_CreateMonitoredItemsRequest_init(&request);
    request.subscriptionId = subscription;
    request.timestampsToReturn = UA_TIMESTAMPSTORETURN_BOTH;
    request.itemsToCreate = items;
    request.itemsToCreateSize = count;
    UA_CreateMonitoredItemsResponse response =
        UA_Client_MonitoredItems_createDataChanges(client, request, NULL, callbacks, NULL);
    must("items", response.responseHeader.serviceResult);
    for(size_t index = 0; index < response.resultsSize; index++)
        must("item", response.results[index].statusCode);
    UA_CreateMonitoredItemsResponse_clear(&response);
}

static void run_for(UA_Client *client, double nanoseconds) {
    Instant start = instant();
    while((double)since(start, 0).wall_ns < nanoseconds)
        must("receiving", UA_Client_run_iterate(client, 100));
}

Measured subscribe(UA_Client *client, const Options *options) {
    UA_UInt16 ns = namespace_of(client);
    UA_CreateSubscriptionRequest request = UA_CreateSubscriptionRequest_default();
    request.requestedPublishingInterval = 100;
    request.maxNotificationsPerPublish = 0;
    UA_CreateSubscriptionResponse made = UA_Client_Subscriptions_create(client, request, NULL, NULL, NULL);
    must("subscription", made.responseHeader.serviceResult);
    for(unsigned first = 0; first < options->items; first += ITEMS_PER_CALL) {
        unsigned rest = options->items - first;
        create_items(client, made.subscriptionId, ns, first, rest < ITEMS_PER_CALL ? rest : ITEMS_PER_CALL);
    }
    run_for(client, WARM_UP_NS);
    received = 0;
    Instant start = instant();
    run_for(client, options->secs * 1e9);
    return since(start, received);
}
