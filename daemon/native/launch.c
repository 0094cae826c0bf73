/* L: reads the daemon's request, starts the sandbox, carries its streams, watches the clock and the lifeline, and
 * reports the end when nothing of the run is alive any more. Runs on the host with no more rights than the daemon. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "launch.h"
#include "launch-ferry.h"
#include "launch-quay.h"
#include "nexus-native.h"

#define GRACE_MS 2000
/* A process that waits inside the kernel (a dead network share, a frozen group) does not end even when it is killed, and
 * its pid namespace waits for it. The result does not. */
#define GOING_MS 700
/* How long the daemon may take no byte of what is left in the pipes after the end. */
#define DRAIN_MS 5000

enum { INPUT, OUTPUT, ERRORS, STREAMS };

struct run {
  struct launch_request request;
  pid_t init;
  int init_ended; /* pidfd of I, readable when it has ended */
  int reports;    /* socket to I */
  int master;     /* of the terminal, or -1 */
  struct doors doors;
  struct harbour harbour;
  struct stream streams[STREAMS];
  long long deadline_ms, kill_at_ms, gone_by_ms; /* 0: none */
  bool has_timed_out, is_killed, is_orphan, is_stuck;
  struct report last; /* what I said at the end */
  bool has_ended;
  struct rusage usage;
  unsigned char frame[4 + FRAME_BYTES_MAX];
  size_t frame_length;
};

static bool start(struct run *run);
static _Noreturn void become_init(const struct run *run, struct cell *cell, const int *pipes);
static void carry(struct run *run);
static void hear_init(struct run *run);
static void attach_terminal(struct run *run, int master);
static void hear_daemon(struct run *run);
static void obey(struct run *run, const struct launch_frame *frame);
static void keep_time(struct run *run);
static int patience_ms(const struct run *run);
static void end_all(struct run *run);
static void report_end(struct run *run);
static void drain(struct run *run);
static long long now_ms(void);

int launch_main(void) {
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  setsid(); /* Ctrl-C in the daemon's terminal is not meant for its runs */
  signal(SIGPIPE, SIG_IGN);
  static struct run run; /* its buffers are large for a stack */
  const char *refusal = request_read(CONTROL, &run.request);
  if (refusal) tell_daemon("failed request %d %s", EINVAL, refusal);
  else if (start(&run)) {
    carry(&run);
    doors_close(&run.doors);
    harbour_close(&run.harbour);
    report_end(&run);
    drain(&run);
  }
  request_free(&run.request);
  return 0;
}

static bool start(struct run *run) {
  bool own_user_namespace = !caps_has_sys_admin();
  bool is_offline = strcmp(run->request.net, "off") == 0;
  int pair[2], cells[2] = {0, -1}, pipes[6] = {-1, -1, -1, -1, -1, -1};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) return tell_daemon("failed pipes %d %s", errno, strerror(errno)), false;
  if (is_offline && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, cells) != 0) return tell_daemon("failed pipes %d %s", errno, strerror(errno)), false;
  for (int i = 0; i < 3 && !run->request.rows; i++) if (pipe2(pipes + 2 * i, O_CLOEXEC) != 0) return tell_daemon("failed pipes %d %s", errno, strerror(errno)), false;
  struct cell cell = {
    .request = &run->request, .own_user_namespace = own_user_namespace, .uid = geteuid(), .gid = getegid(),
    .report_socket = pair[1], .harbour = cells[1], .standard = {pipes[0], pipes[3], pipes[5]},
  };
  /* Not fork: the new namespaces begin with the child, and L keeps its own. */
  int flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP | (is_offline ? CLONE_NEWNET : 0) | (own_user_namespace ? CLONE_NEWUSER : 0);
  run->init = (pid_t)syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
  if (run->init == 0) {
    close(pair[0]);
    if (is_offline) close(cells[0]);
    become_init(run, &cell, pipes);
  }
  if (run->init < 0) return tell_daemon("failed %s %d %s", own_user_namespace ? "user-namespace" : "namespaces", errno, strerror(errno)), false;
  close(pair[1]);
  run->reports = pair[0];
  if (is_offline) close(cells[1]);
  run->harbour.cell = cells[0];
  run->init_ended = (int)syscall(SYS_pidfd_open, run->init, 0);
  if (run->init_ended < 0) {
    tell_daemon("failed pidfd %d %s", errno, strerror(errno));
    end_all(run);
    return false;
  }
  run->master = -1;
  for (int i = 0; i < STREAMS; i++) run->streams[i].from = run->streams[i].to = -1;
  if (!run->request.rows) {
    bool has_input = strcmp(run->request.stdin_from, "pipe") == 0;
    if (has_input) stream_open(&run->streams[INPUT], 0, pipes[1]);
    else close(pipes[1]);
    stream_open(&run->streams[OUTPUT], pipes[2], 1);
    stream_open(&run->streams[ERRORS], pipes[4], 2);
    close(pipes[0]);
    close(pipes[3]);
    close(pipes[5]);
  }
  if (run->request.timeout_ms) run->deadline_ms = now_ms() + run->request.timeout_ms;
  return true;
}

static void become_init(const struct run *run, struct cell *cell, const int *pipes) {
  close(CONTROL);
  if (!run->request.rows) {
    close(pipes[1]);
    close(pipes[2]);
    close(pipes[4]);
  }
  init_main(cell);
}

/* Until I is gone, and with it everything in its pid namespace. */
static void carry(struct run *run) {
  for (;;) {
    struct pollfd waiting[STREAMS + 3];
    for (int i = 0; i < STREAMS; i++) stream_wants(&run->streams[i], &waiting[i]);
    waiting[STREAMS] = (struct pollfd){.fd = run->is_orphan ? -1 : CONTROL, .events = POLLIN};
    waiting[STREAMS + 1] = (struct pollfd){.fd = run->reports, .events = POLLIN};
    waiting[STREAMS + 2] = (struct pollfd){.fd = run->init_ended, .events = POLLIN};
    if (poll(waiting, STREAMS + 3, patience_ms(run)) < 0 && errno != EINTR) end_all(run);
    for (int i = 0; i < STREAMS; i++) if (waiting[i].revents) stream_move(&run->streams[i]);
    if (waiting[STREAMS].revents) hear_daemon(run);
    if (waiting[STREAMS + 1].revents) hear_init(run);
    keep_time(run);
    int status;
    if (wait4(run->init, &status, WNOHANG, &run->usage) == run->init) {
      while (run->reports >= 0) hear_init(run);
      return;
    }
    run->is_stuck = run->gone_by_ms && now_ms() >= run->gone_by_ms;
    if (run->is_stuck) return;
  }
}

static void hear_init(struct run *run) {
  struct report report;
  int passed;
  int heard = report_receive(run->reports, &report, &passed);
  if (heard < 0) return;
  if (heard == 0) {
    close(run->reports);
    run->reports = -1;
    return;
  }
  /* Once, and only where one was asked for. */
  if (report.kind == REPORT_TERMINAL && passed >= 0 && run->master < 0 && run->request.rows) attach_terminal(run, passed);
  else if (report.kind == REPORT_DOOR && passed >= 0 && doors_add(&run->doors, passed, report.number)) return;
  else if (report.kind == REPORT_TERMINAL || report.kind == REPORT_DOOR) close(passed);
  else if (report.kind == REPORT_STARTED) doors_open(&run->doors), tell_daemon("started %d", (int)run->init);
  else {
    run->last = report;
    run->has_ended = true;
    run->gone_by_ms = now_ms() + GOING_MS;
  }
}

static void attach_terminal(struct run *run, int master) {
  run->master = master;
  /* The streams close their ends one by one; the terminal itself stays open for both and for resize. */
  if (strcmp(run->request.stdin_from, "pipe") == 0) {
    stream_open(&run->streams[INPUT], 0, fcntl(master, F_DUPFD_CLOEXEC, 4));
    run->streams[INPUT].is_terminal_input = true;
  }
  stream_open(&run->streams[OUTPUT], fcntl(master, F_DUPFD_CLOEXEC, 4), 1);
}

static void hear_daemon(struct run *run) {
  ssize_t got = recv(CONTROL, run->frame + run->frame_length, sizeof run->frame - run->frame_length, MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) {
    /* The lifeline broke: nobody is left to answer for this run. */
    run->is_orphan = true;
    end_all(run);
    return;
  }
  run->frame_length += (size_t)got;
  while (run->frame_length >= 4) {
    size_t length = run->frame[0] | (size_t)run->frame[1] << 8 | (size_t)run->frame[2] << 16 | (size_t)run->frame[3] << 24;
    struct launch_frame frame;
    const char *refusal = length > FRAME_BYTES_MAX ? "oversized" : NULL;
    if (!refusal && run->frame_length < 4 + length) return;
    if (!refusal) refusal = frame_parse((char *)run->frame + 4, length, &frame);
    if (refusal) {
      tell_daemon("refused %s", refusal);
      run->is_orphan = true;
      run->is_killed = true;
      end_all(run);
      return;
    }
    obey(run, &frame);
    run->frame_length -= 4 + length;
    memmove(run->frame, run->frame + 4 + length, run->frame_length);
  }
}

static void obey(struct run *run, const struct launch_frame *frame) {
  switch (frame->kind) {
  case FRAME_RESIZE:
    if (run->master >= 0) terminal_resize(run->master, frame->rows, frame->cols);
    break;
  case FRAME_TERM:
    send(run->reports, "t", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    break;
  case FRAME_PUBLISH:
    tell_daemon("port %ld %d", frame->host, harbour_publish(&run->harbour, &run->request, frame->host, frame->inside));
    break;
  case FRAME_WITHDRAW:
    tell_daemon("port %ld %d", frame->host, harbour_withdraw(&run->harbour, frame->host));
    break;
  case FRAME_KILL:
    run->is_killed = true;
    end_all(run);
    break;
  }
}

/* First everybody is asked to end, then, two seconds later, ended. */
static void keep_time(struct run *run) {
  long long now = now_ms();
  if (run->kill_at_ms && now >= run->kill_at_ms) end_all(run);
  if (run->has_timed_out || !run->deadline_ms || now < run->deadline_ms) return;
  run->has_timed_out = true;
  run->kill_at_ms = now + GRACE_MS;
  send(run->reports, "t", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static int patience_ms(const struct run *run) {
  long long next = run->gone_by_ms ? run->gone_by_ms : run->has_timed_out ? run->kill_at_ms : run->deadline_ms;
  if (!next) return -1;
  long long left = next - now_ms();
  return left < 0 ? 0 : left > 3600000 ? 3600000 : (int)left;
}

static void end_all(struct run *run) {
  kill(run->init, SIGKILL);
  if (!run->gone_by_ms) run->gone_by_ms = now_ms() + GOING_MS;
}

static void report_end(struct run *run) {
  const struct report *last = &run->last;
  const struct rusage *usage = run->has_ended && last->kind == REPORT_ENDED ? &last->usage : &run->usage;
  char spent[80];
  snprintf(spent, sizeof spent, "%lld %lld %ld", microseconds(usage->ru_utime), microseconds(usage->ru_stime), usage->ru_maxrss);
  if (run->is_stuck) tell_daemon("lingering %d", (int)run->init);
  if (run->has_timed_out) tell_daemon("timedout %s", spent);
  else if (run->is_killed) tell_daemon("killed %s", spent);
  else if (!run->has_ended) tell_daemon("signalled %d %s", SIGKILL, spent); /* somebody on the host ended I */
  else if (last->kind == REPORT_FAILED) tell_daemon("failed %s %d %s", last->step, last->number, last->text);
  else if (last->kind == REPORT_NOT_FOUND) tell_daemon("notfound %d %s", last->number, strerror(last->number));
  else if (WIFSIGNALED(last->number)) tell_daemon("signalled %d %s", WTERMSIG(last->number), spent);
  else tell_daemon("exited %d %s", WEXITSTATUS(last->number), spent);
}

/* Nobody writes any more; what is in the pipes still belongs to the run. */
static void drain(struct run *run) {
  while (!run->is_orphan && (!stream_is_done(&run->streams[OUTPUT]) || !stream_is_done(&run->streams[ERRORS]))) {
    struct pollfd waiting[2];
    stream_wants(&run->streams[OUTPUT], &waiting[0]);
    stream_wants(&run->streams[ERRORS], &waiting[1]);
    /* What still lingers may hold a pipe open, but says nothing any more. */
    if (poll(waiting, 2, run->is_stuck ? 0 : DRAIN_MS) == 0) return;
    if (waiting[0].revents) stream_move(&run->streams[OUTPUT]);
    if (waiting[1].revents) stream_move(&run->streams[ERRORS]);
  }
}

static long long now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}
