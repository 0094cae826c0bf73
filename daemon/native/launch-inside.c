/* Places below the new root, and the two ways to mount something there.
 * Links are resolved inside the new root only: an absolute link in the tree must not lead a mount to the old one. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "launch.h"

static void at_descriptor(char text[static 32], int fd);

int inside_open(int root, const char *path) {
  struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
  /* EAGAIN: a rename elsewhere made the kernel unsure about `..`; it asks to try again. */
  for (int attempt = 0; attempt < 100; attempt++) {
    int found = (int)syscall(SYS_openat2, root, path, &how, sizeof how);
    if (found >= 0 || errno != EAGAIN) return found;
  }
  return -1;
}

/* Missing folders can only be made inside the private places (home, /tmp, /run …): all else is read-only by then. */
int inside_make(int root, const char *path) {
  int found = inside_open(root, path);
  if (found >= 0 || errno != ENOENT) return found;
  char parent[PATH_MAX];
  if (strlen(path) >= sizeof parent) return errno = ENAMETOOLONG, -1;
  strcpy(parent, path);
  char *slash = strrchr(parent, '/');
  if (!slash || slash[1] == '\0') return errno = ENOENT, -1;
  const char *name = path + (slash - parent) + 1;
  *(slash == parent ? slash + 1 : slash) = '\0';
  int above = inside_make(root, parent);
  if (above < 0) return -1;
  int made = mkdirat(above, name, 0755);
  int cause = errno;
  close(above);
  if (made != 0 && cause != EEXIST) return errno = cause, -1;
  return inside_open(root, path);
}

int host_open(const char *path, const char *step) {
  int found = open(path, O_PATH | O_CLOEXEC);
  if (found < 0) fail(step, path);
  return found;
}

void inside_bind(int source, int target, unsigned long long attributes, const char *step) {
  int tree = (int)syscall(SYS_open_tree, source, "", AT_EMPTY_PATH | AT_RECURSIVE | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
  if (tree < 0) fail(step, "open_tree");
  struct mount_attr set = {.attr_set = attributes};
  if (attributes && syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &set, sizeof set) != 0) fail(step, "mount_setattr");
  if (syscall(SYS_move_mount, tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) != 0) fail(step, "move_mount");
  close(tree);
}

void inside_mount(int target, const char *type, unsigned long flags, const char *options, const char *step) {
  char path[32];
  at_descriptor(path, target);
  if (mount(type, path, type, flags, options) != 0) fail(step, NULL);
}

static void at_descriptor(char text[static 32], int fd) {
  snprintf(text, 32, "/proc/self/fd/%d", fd);
}
