/* Covers one file or folder with emptiness, or with what nobody can open. Which ones, the daemon says. Always true here: what is
 * hidden stays so. */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <linux/mount.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "launch.h"

static void cover(int root, const char *path, int folder, int file, unsigned long long attributes);

/* The empties are read-only already, and a copy of their mount is, too. */
void hide(int root, const char *path, int empty_folder, int empty_file) {
  cover(root, path, empty_folder, empty_file, 0);
}

/* A device where devices do not count: opening it is EACCES for everybody, also for root, whom no mode holds. */
void deny(int root, const char *path, int device) {
  cover(root, path, -1, device, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
}

/* Absent is fine; a link covers what it leads to. */
static void cover(int root, const char *path, int folder, int file, unsigned long long attributes) {
  int place = inside_open(root, path);
  struct stat found;
  if (place < 0) {
    /* Anything but a clear "nobody gets there" must not end in a secret that stays visible. */
    if (errno != ENOENT && errno != ENOTDIR && errno != EACCES && errno != ELOOP) fail("hide", path);
    return;
  }
  if (fstat(place, &found) != 0) fail("hide", path);
  int with = S_ISDIR(found.st_mode) ? folder : file;
  if (with >= 0) inside_bind(with, place, attributes, "hide");
  close(place);
}

/* The kernel lets a folder be renamed together with what is mounted in it, and under its new name the next run would find
 * what was hidden. Mount points are not renamed, so those on the way from the project to a hidden folder become some. */
void pin_above(int root, const char *project, const char *path) {
  size_t length = strlen(project);
  if (strncmp(path, project, length) != 0 || path[length] != '/') return;
  int hidden = inside_open(root, path);
  struct stat found;
  bool is_folder = hidden >= 0 && fstat(hidden, &found) == 0 && S_ISDIR(found.st_mode);
  if (hidden >= 0) close(hidden);
  if (!is_folder) return;
  for (const char *slash = strchr(path + length + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
    char above[PATH_MAX];
    if (snprintf(above, sizeof above, "%.*s", (int)(slash - path), path) >= (int)sizeof above) fail("hide", path);
    int place = inside_open(root, above);
    if (place < 0) fail("hide", above);
    inside_bind(place, place, 0, "hide");
    close(place);
  }
}
