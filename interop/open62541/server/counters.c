#include "counters.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "variables.h"

enum { GROUPS = 10 };

static struct {
    const Options *options;
    UA_UInt16 ns;
    UA_NodeId *ids;
    FILE *truth;
    int stopped;
    long long start_ns;
    unsigned long first_turn, turn;
} state;

static long long now_ns(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static unsigned long turns_before(const char *path) {
    FILE *file = fopen(path, "r");
    unsigned long turns = 0;
    char line[256];
    while(file && fgets(line, sizeof line, file))
        turns += strstr(line, "\"group\":") != NULL;
    if(file)
        fclose(file);
    return turns;
}

UA_StatusCode add_counters(UA_Server *server, UA_UInt16 ns, const Options *options) {
    state.options = options;
    state.ns = ns;
    state.ids = (UA_NodeId *)UA_Array_new(options->variables, &UA_TYPES[UA_TYPES_NODEID]);
    UA_NodeId folder;
    UA_StatusCode result = add_folder(server, ns, "Counters", UA_NS0ID(OBJECTSFOLDER), &folder);
    for(unsigned index = 0; index < options->variables && result == UA_STATUSCODE_GOOD; index++) {
        char name[32];
        snprintf(name, sizeof name, "Counter%04u", index);
        Sample sample = make_sample(options->mixed ? index % KINDS : COUNTER, 0);
        result = add_variable(server, ns, name, folder, &sample.variant, 0, &state.ids[index]);
    }
    if(result == UA_STATUSCODE_GOOD && options->truth) {
        state.first_turn = state.turn = turns_before(options->truth);
        state.truth = fopen(options->truth, "a");
        if(!state.truth)
            return UA_STATUSCODE_BADNOTWRITABLE;
        fprintf(state.truth, "{\"variables\": %u, \"groups\": %d, \"period_ms\": %u, \"started_ms\": %lld}\n", options->variables,
                GROUPS, options->period_ms, now_ns(CLOCK_REALTIME) / 1000000);
    }
    return result;
}

static void take_turn(UA_Server *server) {
    unsigned group = (unsigned)(state.turn % GROUPS);
    UA_UInt32 value = (UA_UInt32)(state.turn / GROUPS + 1);
    long long now_ms = now_ns(CLOCK_REALTIME) / 1000000;
    UA_DataValue change;
    UA_DataValue_init(&change);
    change.hasValue = change.hasSourceTimestamp = true;
    change.sourceTimestamp = UA_DATETIME_UNIX_EPOCH + now_ms * UA_DATETIME_MSEC;
    for(unsigned index = group; index < state.options->variables; index += GROUPS) {
        Sample sample = make_sample(state.options->mixed ? index % KINDS : COUNTER, value);
        change.value = sample.variant;
        UA_Server_writeDataValue(server, state.ids[index], change);
    }
    if(state.truth) {
        fprintf(state.truth, "{\"group\": %u, \"value\": %u, \"time_ms\": %lld}\n", group, value, now_ms);
        fflush(state.truth);
    }
    state.turn++;
}

void count(UA_Server *server) {
    if(state.stopped)
        return;
    long long now = now_ns(CLOCK_MONOTONIC), step = state.options->period_ms * 1000000LL / GROUPS;
    if(!state.start_ns)
        state.start_ns = now;
    unsigned long due = state.first_turn + (unsigned long)((now - state.start_ns) / (step ? step : 1));
    // a server that cannot keep up must still answer its clients in between
    for(int turns = 0; state.turn < due && turns < GROUPS; turns++)
        take_turn(server);
}

void stop_counting(void) {
    if(state.stopped)
        return;
    state.stopped = 1;
    if(!state.truth)
        return;
    fprintf(state.truth, "{\"stopped_ms\": %lld}\n", now_ns(CLOCK_REALTIME) / 1000000);
    fflush(state.truth);
    fsync(fileno(state.truth));
}
