/* Bytes from one socket to another. They are looked at where the kernel keeps them, sent on, and let go only by as many
 * as were taken: so nothing is ever held here, a slow reader slows its writer, and a connection that stands still costs
 * no memory. Copying beats splice(2) here: a pipe hands pages on one by one, and its reader pays for each of them. */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/socket.h>
#include "launch-ferry.h"

/* So much in one turn, then the others. */
enum { TURNS = 8, LOOK_LEAST = 16 * 1024, LOOK_FIRST = 64 * 1024, LOOK_MOST = 512 * 1024 };

static bool let_go(int from, size_t count);
static void finish(struct lane *lane);

void lane_open(struct lane *lane, int from, int to, uint64_t most) {
  *lane = (struct lane){.from = from, .to = to, .look = LOOK_FIRST, .most = most, .is_done = most == 0};
}

bool lane_move(struct lane *lane) {
  /* One process, one loop: nobody else looks meanwhile. */
  static char bytes[LOOK_MOST];
  for (int turn = 0; turn < TURNS; turn++) {
    if (lane->is_done || lane->has_failed) return false;
    uint64_t left = lane->most - lane->moved;
    if (left == 0) return finish(lane), false;
    ssize_t seen = recv(lane->from, bytes, left < lane->look ? (size_t)left : lane->look, MSG_PEEK);
    if (seen < 0) return lane->has_failed = errno != EAGAIN && errno != EINTR, false;
    if (seen == 0) return finish(lane), false;
    ssize_t put = send(lane->to, bytes, (size_t)seen, MSG_NOSIGNAL);
    if (put < 0) return lane->has_failed = errno != EAGAIN && errno != EINTR, false;
    if (!let_go(lane->from, (size_t)put)) return lane->has_failed = true, false;
    lane->moved += (uint64_t)put;
    /* What a slow reader does not take would only be looked at again. */
    size_t look = (size_t)put * 2;
    lane->look = look < LOOK_LEAST ? LOOK_LEAST : look > LOOK_MOST ? LOOK_MOST : look;
  }
  return true;
}

/* TCP alone lets bytes go without a place to copy them to (tcp(7), MSG_TRUNC). */
static bool let_go(int from, size_t count) {
  while (count > 0) {
    ssize_t gone = recv(from, NULL, count, MSG_TRUNC | MSG_DONTWAIT);
    if (gone <= 0) return false;
    count -= (size_t)gone;
  }
  return true;
}

/* Nothing more comes: the other side is told so, unless it only had its share (some servers take that for an abort). */
static void finish(struct lane *lane) {
  lane->is_done = true;
  if (lane->most == LANE_NO_END) shutdown(lane->to, SHUT_WR);
}
