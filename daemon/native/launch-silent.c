/* A folder of the host as an overlay of nothing: its files are read through it, but a socket, a pipe or a lock in it is
 * another one than the host's, since those belong to the file system that they were made on. */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include "launch.h"

/* False where overlayfs does not take this file system; the caller shows it as it is. What is mounted below does not show through. */
bool mount_silent(int source, int target, int empty_folder) {
  char path[32], options[96];
  struct statvfs found;
  if (fstatvfs(source, &found) != 0) return false;
  unsigned long flags = MS_RDONLY | MS_NOSUID | MS_NODEV | (found.f_flag & ST_NOEXEC ? MS_NOEXEC : 0);
  snprintf(path, sizeof path, "/proc/self/fd/%d", target);
  /* Two lowers, because an overlay without an upper needs two; mode and owner are those of the first. */
  snprintf(options, sizeof options, "lowerdir=/proc/self/fd/%d:/proc/self/fd/%d", source, empty_folder);
  return mount("overlay", path, "overlay", flags, options) == 0;
}
