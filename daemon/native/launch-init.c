/* I: pid 1 of the sandbox. Builds it from inside its new namespaces, starts the command, reaps what is orphaned,
 * reports the end and ends itself; the kernel then ends whatever the command left running. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "launch.h"
#include "launch-renames.h"

static void die_with_launcher(int report_socket);
static void let_go_of_host(struct cell *cell);
static void map_own_identity(const struct cell *cell);
static pid_t start_command(const struct cell *cell, const int standard[3], bool is_terminal, int *mistakes);
static void map_all_identities(pid_t command);
static void write_file(const char *path, const char *text, const char *step);
static int await_exec(int mistakes);
static _Noreturn void reap(pid_t command, const struct cell *cell, struct renames *renames);

void init_main(struct cell *cell) {
  report_to(cell->report_socket);
  /* Later, -1 means everybody: outside of a pid namespace of our own that would be the whole machine. */
  if (getpid() != 1) fail("pid-namespace", NULL);
  die_with_launcher(cell->report_socket);
  prctl(PR_SET_NAME, "nexus-init");
  if (cell->own_user_namespace) map_own_identity(cell);
  umask(022); /* for the folders made on the way; the command has the caller's */
  if (strcmp(cell->request->net, "off") == 0) network_prepare(&cell->request->doors);
  mounts_build(cell);
  let_go_of_host(cell);

  int slave = -1;
  if (cell->request->rows) {
    int master;
    terminal_open(cell->request, &master, &slave);
    if (!report_send(&(struct report){.kind = REPORT_TERMINAL}, master)) fail("terminal", NULL);
    close(master);
  }
  /* Here and not in the command: who shall look at others (launch-mover.c) must be in one domain with them. */
  const char *missing;
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) fail("no-new-privileges", NULL);
  if (strcmp(cell->request->landlock, "off") != 0 && landlock_enter(cell->request, &missing) != 0) fail(missing, NULL);
  int terminal[3] = {slave, slave, slave}, mistakes;
  pid_t command = start_command(cell, slave >= 0 ? terminal : cell->standard, slave >= 0, &mistakes);
  for (int i = 0; i < 3; i++) close(cell->standard[i]);
  /* The command shares our uid: without this it could trace us, or read us in /proc/1. */
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  if (caps_keep(0) != 0) fail("capabilities", NULL);
  static struct renames renames;
  renames_watch(&renames, cell, command, await_exec(mistakes));
  report_send(&(struct report){.kind = REPORT_STARTED}, -1);
  reap(command, cell, &renames);
}

static void die_with_launcher(int report_socket) {
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  struct pollfd launcher = {.fd = report_socket, .events = POLLIN};
  /* It may have died before the line above; its end of the socket is closed then. */
  if (poll(&launcher, 1, 0) > 0 && (launcher.revents & POLLHUP)) _exit(1);
}

/* Every layer, and the daemon's own ends of the streams, are still open: a hole in each wall. Five descriptors stay. */
static void let_go_of_host(struct cell *cell) {
  enum { FIRST = 3, KEPT = 5, ASIDE = 64 };
  int *kept[KEPT] = {&cell->report_socket, &cell->standard[0], &cell->standard[1], &cell->standard[2], &cell->harbour};
  for (int i = 0; i < KEPT; i++) if (*kept[i] >= 0 && (*kept[i] = fcntl(*kept[i], F_DUPFD_CLOEXEC, ASIDE)) < 0) fail("descriptors", NULL);
  for (int i = 0; i < KEPT; i++) {
    if (*kept[i] < 0) close(FIRST + i);
    else if ((*kept[i] = dup3(*kept[i], FIRST + i, O_CLOEXEC)) < 0) _exit(1);
  }
  report_to(cell->report_socket);
  if (syscall(SYS_close_range, FIRST + KEPT, ~0U, 0) != 0) fail("descriptors", "close_range");
  int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int i = 0; i < FIRST; i++) if (nothing < 0 || dup2(nothing, i) < 0) fail("descriptors", "/dev/null");
  close(nothing);
}

/* The same uid and gid inside as outside: npm and tar must not behave as root. */
static void map_own_identity(const struct cell *cell) {
  char line[64];
  write_file("/proc/self/setgroups", "deny", "identity");
  snprintf(line, sizeof line, "%u %u 1\n", cell->uid, cell->uid);
  write_file("/proc/self/uid_map", line, "identity");
  snprintf(line, sizeof line, "%u %u 1\n", cell->gid, cell->gid);
  write_file("/proc/self/gid_map", line, "identity");
}

static pid_t start_command(const struct cell *cell, const int standard[3], bool is_terminal, int *mistakes) {
  int mistake_pair[2], go_pipe[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, mistake_pair) != 0 || pipe2(go_pipe, O_CLOEXEC) != 0) fail("pipes", NULL);
  bool contains_root = !cell->own_user_namespace;
  /* Mounts first, user namespace second: the overlay keeps the rights of real root, the command does not. */
  pid_t command = (pid_t)syscall(SYS_clone, SIGCHLD | (contains_root ? CLONE_NEWUSER : 0), 0, 0, 0, 0);
  if (command < 0) fail(contains_root ? "command-namespace" : "fork", NULL);
  if (command == 0) {
    close(go_pipe[1]);
    close(cell->report_socket);
    close(cell->harbour);
    struct start start = {
      .standard = {standard[0], standard[1], standard[2]}, .is_terminal = is_terminal, .keeps_root = contains_root,
      .go = contains_root ? go_pipe[0] : -1, .mistakes = mistake_pair[1],
    };
    command_main(cell->request, &start);
  }
  if (contains_root) map_all_identities(command);
  if (write(go_pipe[1], "g", 1) != 1) fail("pipes", NULL);
  close(go_pipe[0]);
  close(go_pipe[1]);
  close(mistake_pair[1]);
  *mistakes = mistake_pair[0];
  return command;
}

/* Every uid and gid that exists here keeps its number: chown, apt and su work as usual on the layer. */
static void map_all_identities(pid_t command) {
  static const char *const kinds[] = {"uid_map", "gid_map"};
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    char path[64], text[4096];
    size_t used = 0;
    snprintf(path, sizeof path, "/proc/self/%s", kinds[i]);
    FILE *own = fopen(path, "re");
    if (!own) fail("identities", path);
    unsigned inside, outside, count;
    while (used < sizeof text - 40 && fscanf(own, "%u %u %u", &inside, &outside, &count) == 3) {
      used += (size_t)snprintf(text + used, sizeof text - used, "%u %u %u\n", inside, inside, count);
    }
    fclose(own);
    snprintf(path, sizeof path, "/proc/%d/%s", (int)command, kinds[i]);
    write_file(path, text, "identities");
  }
}

static void write_file(const char *path, const char *text, const char *step) {
  int file = open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0 || write(file, text, strlen(text)) < 0) fail(step, path);
  close(file);
}

/* Silence means that the command runs: its end of the socket closed on exec. Returns what it sent before, or -1. */
static int await_exec(int mistakes) {
  struct mistake mistake;
  int listener = -1, passed;
  ssize_t got;
  do {
    got = descriptor_receive(mistakes, &mistake, sizeof mistake, 0, &passed);
    if (passed >= 0) listener = passed;
  } while (got < 0 ? errno == EINTR : passed >= 0);
  close(mistakes);
  if (got != (ssize_t)sizeof mistake) return listener;
  errno = mistake.number;
  if (!mistake.is_exec) fail(mistake.step, NULL);
  struct report report = {.kind = REPORT_NOT_FOUND, .number = mistake.number};
  report_send(&report, -1);
  _exit(1);
}

static void reap(pid_t command, const struct cell *cell, struct renames *renames) {
  int report_socket = cell->report_socket, harbour = cell->harbour;
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  sigprocmask(SIG_BLOCK, &child, NULL);
  int bell = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
  if (bell < 0) fail("reaper", NULL);
  for (;;) {
    struct report end = {.kind = REPORT_ENDED};
    for (pid_t ended; (ended = wait4(-1, &end.number, WNOHANG, &end.usage)) > 0;) {
      renames_reaped(renames, ended);
      if (ended != command) continue;
      report_send(&end, -1);
      _exit(0);
    }
    struct pollfd waiting[4] = {{.fd = bell, .events = POLLIN}, {.fd = report_socket, .events = POLLIN}, {.fd = renames->listener, .events = POLLIN}, {.fd = harbour, .events = POLLIN}};
    if (poll(waiting, 4, -1) < 0) continue;
    if (waiting[3].revents && !harbour_serve(harbour)) harbour = -1;
    if (waiting[2].revents) renames_hear(renames, waiting[2].revents);
    struct signalfd_siginfo rung;
    while (read(bell, &rung, sizeof rung) > 0) continue;
    char word;
    /* L says only one thing: ask everybody to end. When L is gone, so are we. */
    if (waiting[1].revents && recv(report_socket, &word, 1, MSG_DONTWAIT) <= 0 && errno != EAGAIN) _exit(1);
    else if (waiting[1].revents) kill(-1, SIGTERM);
  }
}
