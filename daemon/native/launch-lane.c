/* Bytes from one socket to another through a pipe, inside the kernel: they are never copied into this process. A slow
 * reader slows the writer; what is held in between is a pipe's worth. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "launch-ferry.h"

/* So much in one turn, then the others. */
enum { TURNS = 8, PIPE_BYTES = 512 * 1024, SPARE_MAX = 16 };

/* One process, one loop: pipes that nobody uses now wait here. */
static int spare[SPARE_MAX][2];
static size_t spares;

static bool borrow_pipe(struct lane *lane);
static void return_pipe(struct lane *lane);
static void finish(struct lane *lane);

void lane_open(struct lane *lane, int from, int to, uint64_t most) {
  *lane = (struct lane){.from = from, .to = to, .pipe = {-1, -1}, .most = most, .is_done = most == 0};
}

bool lane_move(struct lane *lane) {
  for (int turn = 0; turn < TURNS; turn++) {
    if (lane->is_done || lane->has_failed) return false;
    if (lane->held == 0 && !lane->is_at_end) {
      uint64_t left = lane->most - lane->moved;
      if (left == 0) return finish(lane), false;
      if (!borrow_pipe(lane)) return lane->has_failed = true, false;
      ssize_t got = splice(lane->from, NULL, lane->pipe[1], NULL, left < PIPE_BYTES ? (size_t)left : PIPE_BYTES, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
      if (got < 0) {
        bool is_empty = errno == EAGAIN || errno == EINTR;
        return_pipe(lane);
        return lane->has_failed = !is_empty, false;
      }
      lane->is_at_end = got == 0;
      lane->held = (size_t)got;
      lane->moved += (uint64_t)got;
    }
    if (lane->held == 0) return finish(lane), false;
    ssize_t put = splice(lane->pipe[0], NULL, lane->to, NULL, lane->held, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    if (put < 0) return lane->has_failed = errno != EAGAIN && errno != EINTR, false;
    lane->held -= (size_t)put;
  }
  return true;
}

void lane_close(struct lane *lane) {
  if (lane->pipe[0] < 0) return;
  /* What is in it would go to the next one. */
  if (lane->held) {
    close(lane->pipe[0]);
    close(lane->pipe[1]);
  } else return_pipe(lane);
  lane->pipe[0] = lane->pipe[1] = -1;
}

/* Nothing more comes: the other side is told so, unless it only had its share (some servers take that for an abort). */
static void finish(struct lane *lane) {
  lane->is_done = true;
  return_pipe(lane);
  if (lane->most == LANE_NO_END) shutdown(lane->to, SHUT_WR);
}

static bool borrow_pipe(struct lane *lane) {
  if (lane->pipe[0] >= 0) return true;
  if (spares > 0) {
    spares--;
    lane->pipe[0] = spare[spares][0];
    lane->pipe[1] = spare[spares][1];
    return true;
  }
  if (pipe2(lane->pipe, O_CLOEXEC | O_NONBLOCK) != 0) return lane->pipe[0] = lane->pipe[1] = -1, false;
  /* A user has a share of these; with the usual size it is only slower. */
  fcntl(lane->pipe[1], F_SETPIPE_SZ, PIPE_BYTES);
  return true;
}

static void return_pipe(struct lane *lane) {
  if (lane->pipe[0] < 0) return;
  if (spares < SPARE_MAX) {
    spare[spares][0] = lane->pipe[0];
    spare[spares][1] = lane->pipe[1];
    spares++;
  } else {
    close(lane->pipe[0]);
    close(lane->pipe[1]);
  }
  lane->pipe[0] = lane->pipe[1] = -1;
}
