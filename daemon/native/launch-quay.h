/* Published ports: see launch-quay.c for what they are. */
#ifndef NEXUS_LAUNCH_QUAY_H
#define NEXUS_LAUNCH_QUAY_H

#include <stdint.h>
#include <sys/types.h>
#include "launch.h"

enum { BERTHS_MAX = 64 };

/* What L says to the quay: with a listening socket, a berth for guests of that port inside; without, an end of it. */
struct quay_order {
  uint16_t host, inside;
};

/* Published ports in L's hands (launch-harbour.c). */
struct harbour {
  int cell;   /* L's end of the socket over which I hands out sockets; 0: there is none, the run has the host's network */
  int orders; /* to the quay */
  pid_t quay; /* 0: not yet */
  uint16_t berths[BERTHS_MAX]; /* ports of the host, 0: free */
};

/* 0, or why not. */
int harbour_publish(struct harbour *harbour, const struct launch_request *request, long host, long inside);
int harbour_withdraw(struct harbour *harbour, long host);
void harbour_close(struct harbour *harbour);

_Noreturn void quay_main(int orders, int cell);

#endif
