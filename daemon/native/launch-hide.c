/* Covers one file or folder with emptiness, or with what nobody can open. Which ones, the daemon says. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/mount.h>
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
