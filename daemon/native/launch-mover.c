/* The mover: carries out renames of folders that the overlay will not. A process with the rights of the command (its user
 * namespace, mounts, capabilities, Landlock, filter of system calls), so that nothing becomes possible through it.
 * What it looks at may change while it looks. That is harmless: it either says `go on`, and the kernel decides everything
 * anew, or it makes the call itself, where the kernel checks it for a process that may do no more than the caller. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>
#include "launch-move.h"
#include "launch-renames.h"

#define OVERLAY_MAGIC 0x794c7630
#define AT_ONCE_MAX 64

enum { LISTENER = 3, CHANNEL, BELL, LOCK, KEPT };

/* Long moves are made by children, one after the other: renames of files must not wait for them. */
struct move {
  pid_t worker; /* 0: free */
  uint64_t id;
};

struct mover {
  bool compares_identity; /* there is more than one identity inside */
  char mounts[64];        /* name of our mount namespace */
  char identity[512];
  struct begun *begun;
  struct move moves[AT_ONCE_MAX];
};

struct resolved {
  struct place place;
  char name[NAME_MAX + 1];
};

static void become_command(const struct mover_start *start);
static void keep_descriptors(const struct mover_start *start);
static void consider(struct mover *mover, const struct rename_order *order);
static void begin_move(struct mover *mover, const struct rename_order *order, struct place from, struct place to);
static void end_moves(struct mover *mover);
static bool sees_what_we_see(const struct mover *mover, pid_t pid);
static bool resolve(pid_t pid, int folder, const char *path, struct resolved *resolved);
static bool read_link(pid_t pid, const char *name, char *into, size_t room);
static bool read_identity(const char *process, char into[static 512]);
static bool is_folder(struct place place);
static bool is_on_overlay(int folder);
static bool is_one_mount(int one, int other);

void mover_main(const struct mover_start *start) {
  static struct mover mover;
  become_command(start);
  keep_descriptors(start);
  mover.begun = start->begun;
  mover.compares_identity = start->user_namespace >= 0;
  if (!read_link(getpid(), "ns/mnt", mover.mounts, sizeof mover.mounts) || !read_identity("self", mover.identity)) _exit(1);
  static struct rename_order order;
  for (;;) {
    struct pollfd waiting[] = {{.fd = CHANNEL, .events = POLLIN}, {.fd = BELL, .events = POLLIN}};
    if (poll(waiting, 2, -1) < 0 && errno != EINTR) _exit(1);
    if (waiting[1].revents) end_moves(&mover);
    if (!waiting[0].revents) continue;
    ssize_t got = recv(CHANNEL, &order, sizeof order, MSG_DONTWAIT);
    if (got == (ssize_t)sizeof order) consider(&mover, &order);
    else if (got == 0) _exit(0);
  }
}

static void become_command(const struct mover_start *start) {
  prctl(PR_SET_NAME, "nexus-renames");
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  setsid();
  /* Signals to everybody are meant for the command's processes. */
  for (int number = 1; number < NSIG; number++) signal(number, number == SIGCHLD ? SIG_DFL : SIG_IGN); /* KILL and STOP refuse; rightly */
  if (start->user_namespace >= 0 && (setns(start->user_namespace, CLONE_NEWUSER) != 0 || caps_keep(caps_of_contained_root()) != 0)) _exit(1);
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) _exit(1);
  umask(0);
}

/* The last of it: afterwards the filter holds, too. */
static void keep_descriptors(const struct mover_start *start) {
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  sigprocmask(SIG_SETMASK, &child, NULL);
  enum { ASIDE = 64 };
  int kept[] = {start->listener, start->channel, signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK), memfd_create("nexus-renames", MFD_CLOEXEC)};
  for (int i = 0; i < KEPT - LISTENER; i++) if ((kept[i] = fcntl(kept[i], F_DUPFD_CLOEXEC, ASIDE)) < 0) _exit(1);
  for (int i = 0; i < KEPT - LISTENER; i++) if (dup3(kept[i], LISTENER + i, O_CLOEXEC) < 0) _exit(1);
  if (syscall(SYS_close_range, KEPT, ~0U, 0) != 0) _exit(1);
  /* A move holds two for every level of the tree. */
  struct rlimit open_files;
  if (getrlimit(RLIMIT_NOFILE, &open_files) == 0) setrlimit(RLIMIT_NOFILE, &(struct rlimit){open_files.rlim_max, open_files.rlim_max});
  if (filter_install(strcmp(start->request->calls, "nested") == 0, NULL) != 0) _exit(1);
}

static void consider(struct mover *mover, const struct rename_order *order) {
  struct resolved from = {.place.folder = -1}, to = {.place.folder = -1};
  bool exchanges = order->flags & RENAME_EXCHANGE, is_ours = false;
  int answer = 0;
  if (sees_what_we_see(mover, order->pid) && resolve(order->pid, order->from_folder, order->from, &from) && (is_folder(from.place) || exchanges)) {
    is_ours = resolve(order->pid, order->to_folder, order->to, &to) && (is_folder(from.place) || is_folder(to.place)) && is_on_overlay(from.place.folder);
  }
  uint64_t id = order->id;
  if (!is_ours) {
    rename_go_on(LISTENER, id);
  } else if (ioctl(LISTENER, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0) {
    mover->begun->ids[mover->begun->next++ % RENAMES_REMEMBERED] = id;
    if (renameat2(from.place.folder, from.name, to.place.folder, to.name, order->flags) != 0) answer = errno;
    /* Between two mounts it is the right answer. */
    if (answer == EXDEV && is_one_mount(from.place.folder, to.place.folder)) begin_move(mover, order, from.place, to.place);
    else rename_answer(LISTENER, id, answer);
  }
  if (from.place.folder >= 0) close(from.place.folder);
  if (to.place.folder >= 0) close(to.place.folder);
}

static void begin_move(struct mover *mover, const struct rename_order *order, struct place from, struct place to) {
  struct move *free_one = NULL;
  for (int i = 0; i < AT_ONCE_MAX && !free_one; i++) if (!mover->moves[i].worker) free_one = &mover->moves[i];
  pid_t worker = free_one ? fork() : -1;
  if (worker == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    /* A record lock belongs to the process, and goes with it. */
    while (fcntl(LOCK, F_SETLKW, &(struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET}) != 0) if (errno != EINTR) _exit(EIO);
    _exit(move_folder(from, to, order->flags));
  }
  if (worker < 0) rename_answer(LISTENER, order->id, EXDEV);
  else *free_one = (struct move){.worker = worker, .id = order->id};
}

static void end_moves(struct mover *mover) {
  struct signalfd_siginfo rung;
  while (read(BELL, &rung, sizeof rung) > 0) continue;
  int status;
  for (pid_t ended; (ended = waitpid(-1, &status, WNOHANG)) > 0;) {
    for (int i = 0; i < AT_ONCE_MAX; i++) {
      if (mover->moves[i].worker != ended) continue;
      rename_answer(LISTENER, mover->moves[i].id, WIFEXITED(status) ? WEXITSTATUS(status) : EIO);
      mover->moves[i].worker = 0;
    }
  }
}

/* The same root and mounts, and, where that can differ, nobody with fewer rights than we have. */
static bool sees_what_we_see(const struct mover *mover, pid_t pid) {
  char text[64], process[16], identity[sizeof mover->identity];
  if (!read_link(pid, "root", text, sizeof text) || strcmp(text, "/") != 0) return false;
  if (!read_link(pid, "ns/mnt", text, sizeof text) || strcmp(text, mover->mounts) != 0) return false;
  if (!mover->compares_identity) return true;
  snprintf(process, sizeof process, "%d", (int)pid);
  return read_identity(process, identity) && strcmp(identity, mover->identity) == 0;
}

/* The folder that holds the last name of a path, as the caller sees it. False: the kernel shall look for itself. */
static bool resolve(pid_t pid, int folder, const char *path, struct resolved *resolved) {
  char parent[PATH_MAX], start[64];
  size_t length = strlen(path);
  while (length > 1 && path[length - 1] == '/') length--;
  size_t name = length;
  while (name > 0 && path[name - 1] != '/') name--;
  if (length == name || length - name > NAME_MAX) return false;
  memcpy(resolved->name, path + name, length - name);
  resolved->name[length - name] = '\0';
  if (strcmp(resolved->name, ".") == 0 || strcmp(resolved->name, "..") == 0) return false;
  memcpy(parent, path, name);
  parent[name] = '\0';
  if (folder == AT_FDCWD) snprintf(start, sizeof start, "/proc/%d/cwd", (int)pid);
  else snprintf(start, sizeof start, "/proc/%d/fd/%d", (int)pid, folder);
  int from = open(path[0] == '/' ? "/" : start, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (from < 0) return false;
  /* /proc/self is somebody else for us. */
  struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC, .resolve = RESOLVE_NO_MAGICLINKS};
  int found = name == 0 ? from : (int)syscall(SYS_openat2, from, parent, &how, sizeof how);
  if (found != from) close(from);
  resolved->place = (struct place){.folder = found, .name = resolved->name};
  return found >= 0;
}

static bool read_link(pid_t pid, const char *name, char *into, size_t room) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
  ssize_t got = readlink(path, into, room - 1);
  if (got < 0 || (size_t)got >= room - 1) return false;
  into[got] = '\0';
  return true;
}

/* Ids and capabilities as the kernel tells them. */
static bool read_identity(const char *process, char into[static 512]) {
  char path[64], line[1024];
  snprintf(path, sizeof path, "/proc/%s/status", process);
  FILE *file = fopen(path, "re");
  size_t used = 0;
  while (file && fgets(line, sizeof line, file)) {
    bool counts = strncmp(line, "Uid:", 4) == 0 || strncmp(line, "Gid:", 4) == 0 || strncmp(line, "Groups:", 7) == 0 || strncmp(line, "CapEff:", 7) == 0;
    if (counts && used + strlen(line) < 512) used += (size_t)snprintf(into + used, 512 - used, "%s", line);
  }
  if (file) fclose(file);
  return used > 0;
}

static bool is_folder(struct place place) {
  struct stat found;
  return place.folder >= 0 && fstatat(place.folder, place.name, &found, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(found.st_mode);
}

static bool is_on_overlay(int folder) {
  struct statfs found;
  return fstatfs(folder, &found) == 0 && found.f_type == OVERLAY_MAGIC;
}

static bool is_one_mount(int one, int other) {
  struct statx a, b;
  if (statx(one, "", AT_EMPTY_PATH, STATX_MNT_ID, &a) != 0 || statx(other, "", AT_EMPTY_PATH, STATX_MNT_ID, &b) != 0) return false;
  return (a.stx_mask & b.stx_mask & STATX_MNT_ID) && a.stx_mnt_id == b.stx_mnt_id && a.stx_dev_minor == b.stx_dev_minor && a.stx_dev_major == b.stx_dev_major;
}
