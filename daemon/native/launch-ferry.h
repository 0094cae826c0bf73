/* The ferry and its lanes: see launch-ferry.c for what they are for. */
#ifndef NEXUS_LAUNCH_FERRY_H
#define NEXUS_LAUNCH_FERRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A listening socket of the sandbox's own loopback. */
struct door {
  int socket;
  uint16_t port;
};

enum { DOORS_MAX = 128 }; /* asked for; each is one socket for IPv4 and one for IPv6 */

struct doors {
  struct door all[DOORS_MAX * 2];
  size_t count;
  pid_t ferry; /* 0: none */
};

/* What L does with them (launch-doors.c): collects them, starts the ferry, ends it with the run. */
bool doors_add(struct doors *doors, int socket, int port);
void doors_open(struct doors *doors);
void doors_close(struct doors *doors);

_Noreturn void ferry_main(const struct door *doors, size_t count, int channel);

/* One direction of a carried connection (launch-lane.c). */
struct lane {
  int from, to;
  size_t look; /* bytes to look at next */
  uint64_t most, moved; /* bytes that may pass at all, and that have */
  bool is_done, has_failed;
};

#define LANE_NO_END UINT64_MAX

void lane_open(struct lane *lane, int from, int to, uint64_t most);
/* Moves what can be moved without waiting; true when it stopped early for the others' sake. */
bool lane_move(struct lane *lane);

#endif
