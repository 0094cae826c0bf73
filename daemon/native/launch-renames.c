/* Renames of folders, as I sees them. An overlay that belongs to a user answers EXDEV when a folder of a lower layer is
 * renamed. So the kernel asks here before any rename of the command's, and waits: the words are read from the caller's
 * memory, which only an ancestor may do everywhere (Yama), and handed to the mover (launch-mover.c), a process with the
 * rights of the command and no more. It is started at the first rename, and again should somebody inside have killed it.
 *
 * `Go on` (SECCOMP_USER_NOTIF_FLAG_CONTINUE) is the answer to everything that is doubtful: the kernel then does what it
 * would have done without us, with its own reading of the caller's memory. Nothing is ever allowed by that answer. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include "launch.h"
#include "launch-renames.h"

#define LANDLOCK_RESTRICT_SELF 446
/* A mover that dies that often has a fault of its own; the rest of the run goes on without. */
#define MOVERS_MAX 20

static bool receive(struct renames *renames, struct seccomp_notif *asked);
static void hand_over(struct renames *renames, const struct handed *asked);
static bool read_words(const struct handed *asked, struct rename_order *order);
static bool read_word(pid_t pid, uint64_t address, char *into);
static bool is_still_asked(const struct renames *renames, uint64_t id);
static bool start_mover(struct renames *renames);
static void remember_confined(struct renames *renames, pid_t pid);
static bool may_be_confined(const struct renames *renames, pid_t pid);
static bool read_parent(pid_t pid, pid_t *group, pid_t *parent);

void renames_watch(struct renames *renames, const struct cell *cell, pid_t command, int listener) {
  *renames = (struct renames){.cell = cell, .command = command, .listener = listener, .channel = -1, .user_namespace = -1};
  if (listener < 0 || cell->own_user_namespace) return;
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/ns/user", (int)command);
  renames->user_namespace = open(path, O_RDONLY | O_CLOEXEC); /* -1: the command has already ended */
}

void renames_hear(struct renames *renames, short events) {
  struct seccomp_notif *asked = events & POLLIN ? calloc(1, sizeof(struct seccomp_notif) + RENAME_SPARE_BYTES) : NULL;
  if (!asked) {
    /* Nobody is left who could ask. */
    if (events & (POLLHUP | POLLERR)) close(renames->listener), renames->listener = -1;
    return;
  }
  if (receive(renames, asked)) {
    struct handed question = {.id = asked->id, .question = {.pid = (pid_t)asked->pid, .call = asked->data.nr}};
    for (int i = 0; i < 5; i++) question.question.arguments[i] = asked->data.args[i];
    if (asked->data.nr == LANDLOCK_RESTRICT_SELF) {
      remember_confined(renames, (pid_t)asked->pid);
      rename_go_on(renames->listener, asked->id);
    } else if (may_be_confined(renames, (pid_t)asked->pid)) {
      rename_go_on(renames->listener, asked->id);
    } else {
      hand_over(renames, &question);
    }
  }
  free(asked);
}

/* What it had begun is neither done nor undone; the rest is for the next one. */
void renames_reaped(struct renames *renames, pid_t ended) {
  if (!renames->mover || ended != renames->mover) return;
  static struct handed left[RENAMES_REMEMBERED];
  memcpy(left, renames->handed, sizeof left);
  memset(renames->handed, 0, sizeof renames->handed);
  renames->mover = 0;
  close(renames->channel);
  renames->channel = -1;
  for (size_t i = 0; i < RENAMES_REMEMBERED; i++) {
    if (!left[i].id || !is_still_asked(renames, left[i].id)) continue;
    bool was_begun = false;
    for (size_t j = 0; j < RENAMES_REMEMBERED && !was_begun; j++) was_begun = renames->begun->ids[j] == left[i].id;
    if (was_begun) rename_answer(renames->listener, left[i].id, EIO);
    else hand_over(renames, &left[i]);
  }
}

void rename_go_on(int listener, uint64_t id) {
  struct seccomp_notif_resp answer = {.id = id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
  ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer); /* ENOENT: the caller has been killed, nobody waits */
}

void rename_answer(int listener, uint64_t id, int number) {
  struct seccomp_notif_resp answer = {.id = id, .error = -number};
  ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer); /* as above */
}

static bool receive(struct renames *renames, struct seccomp_notif *asked) {
  int done;
  do done = ioctl(renames->listener, SECCOMP_IOCTL_NOTIF_RECV, asked);
  while (done != 0 && errno == EINTR);
  return done == 0; /* ENOENT: it was killed between poll and here */
}

static void hand_over(struct renames *renames, const struct handed *asked) {
  static struct rename_order order;
  bool is_understood = read_words(asked, &order);
  /* A pid says something only as long as its caller waits: afterwards it may be somebody else's. */
  if (!is_still_asked(renames, asked->id)) return;
  if (!is_understood || (!renames->mover && !start_mover(renames))) return rename_go_on(renames->listener, asked->id);
  renames->handed[renames->next_handed++ % RENAMES_REMEMBERED] = *asked;
  ssize_t sent = send(renames->channel, &order, sizeof order, MSG_DONTWAIT | MSG_NOSIGNAL);
  /* EPIPE: it has just died, and is reaped in a moment. EAGAIN: it was stopped, or there are hundreds of renames at once. */
  if (sent != (ssize_t)sizeof order && errno != EPIPE) rename_go_on(renames->listener, asked->id);
}

static bool read_words(const struct handed *asked, struct rename_order *order) {
  const uint64_t *given = asked->question.arguments;
  order->id = asked->id;
  order->pid = asked->question.pid;
  order->flags = 0;
#ifdef SYS_rename
  if (asked->question.call == SYS_rename) {
    order->from_folder = order->to_folder = AT_FDCWD;
    return read_word(order->pid, given[0], order->from) && read_word(order->pid, given[1], order->to);
  }
#endif
  order->from_folder = (int)given[0];
  order->to_folder = (int)given[2];
  if (asked->question.call == SYS_renameat2) order->flags = (unsigned)given[4];
  return read_word(order->pid, given[1], order->from) && read_word(order->pid, given[3], order->to);
}

/* False for what is no path: the kernel says why. A page that is not there ends the reading, not the one before it. */
static bool read_word(pid_t pid, uint64_t address, char *into) {
  uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), first = page - address % page;
  if (first > PATH_MAX) first = PATH_MAX;
  struct iovec local = {.iov_base = into, .iov_len = PATH_MAX};
  struct iovec there[2] = {{.iov_base = (void *)(uintptr_t)address, .iov_len = first}, {.iov_base = (void *)(uintptr_t)(address + first), .iov_len = PATH_MAX - first}};
  ssize_t got = process_vm_readv(pid, &local, 1, there, 2, 0);
  return got > 0 && memchr(into, '\0', (size_t)got);
}

static bool is_still_asked(const struct renames *renames, uint64_t id) {
  return ioctl(renames->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

static bool start_mover(struct renames *renames) {
  int pair[2];
  if (!renames->begun) {
    void *shared = mmap(NULL, sizeof *renames->begun, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) return false;
    renames->begun = shared;
  }
  if (renames->movers >= MOVERS_MAX || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) return false;
  pid_t mover = fork();
  if (mover == 0) {
    struct mover_start start = {.request = renames->cell->request, .user_namespace = renames->user_namespace, .listener = renames->listener, .channel = pair[1], .begun = renames->begun};
    mover_main(&start);
  }
  close(pair[1]);
  if (mover < 0) return close(pair[0]), false; /* the limit of processes */
  renames->movers++;
  renames->mover = mover;
  renames->channel = pair[0];
  return true;
}

/* Who confined itself with Landlock may not get from the mover what its own walls refuse, nor may its children. */
static void remember_confined(struct renames *renames, pid_t pid) {
  pid_t group, parent;
  if (renames->confined_count == RENAMES_CONFINED_MAX || !read_parent(pid, &group, &parent)) renames->are_all_confined = true;
  else renames->confined[renames->confined_count++] = group;
}

/* Unless the line of parents leads to the command without meeting one of them: an orphan may be anybody's child. */
static bool may_be_confined(const struct renames *renames, pid_t pid) {
  if (renames->are_all_confined) return true;
  for (pid_t group, parent; renames->confined_count > 0; pid = parent) {
    if (!read_parent(pid, &group, &parent)) return true;
    for (size_t i = 0; i < renames->confined_count; i++) if (renames->confined[i] == group) return true;
    if (group == renames->command) return false;
  }
  return false;
}

static bool read_parent(pid_t pid, pid_t *group, pid_t *parent) {
  char path[64], text[1024];
  snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
  int file = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t got = file < 0 ? -1 : read(file, text, sizeof text - 1);
  close(file);
  if (got <= 0) return false;
  text[got] = '\0';
  const char *group_line = strstr(text, "\nTgid:"), *parent_line = strstr(text, "\nPPid:");
  return group_line && parent_line && sscanf(group_line, "\nTgid: %d", group) == 1 && sscanf(parent_line, "\nPPid: %d", parent) == 1 && *parent > 0;
}
