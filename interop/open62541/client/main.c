// An open62541 client that does one kind of work for a while, and prints what it cost: processor time of this process alone.
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

#include "options.h"
#include "session.h"
#include "work.h"

Instant instant(void) {
    struct timespec cpu, wall;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
    clock_gettime(CLOCK_MONOTONIC, &wall);
    Instant now = {(unsigned long long)cpu.tv_sec * 1000000000ULL + (unsigned long long)cpu.tv_nsec,
                   (unsigned long long)wall.tv_sec * 1000000000ULL + (unsigned long long)wall.tv_nsec};
    return now;
}

Measured since(Instant start, unsigned long long values) {
    Instant now = instant();
    Measured measured = {values, now.cpu_ns - start.cpu_ns, now.wall_ns - start.wall_ns};
    return measured;
}

int main(int argc, char **argv) {
    Options options = read_options(argc, argv);
    UA_Client *client = open_session(&options);
    Measured (*const works[])(UA_Client *, const Options *) = {subscribe, read_values, browse_tree, read_history};
    Measured measured = works[options.work](client, &options);
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("{\"values\": %llu, \"cpu_ns\": %llu, \"wall_ns\": %llu, \"peak_kib\": %ld}\n", measured.values, measured.cpu_ns,
           measured.wall_ns, usage.ru_maxrss);
    UA_Client_disconnect(client);
    UA_Client_delete(client);
    return 0;
}
