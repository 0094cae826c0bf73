/* Covers one file or folder with emptiness. Which ones, the daemon says. */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>
#include "launch.h"

/* The empties are read-only already, and a copy of their mount is, too. Absent is fine; a link hides what it leads to. */
void hide(int root, const char *path, int empty_folder, int empty_file) {
  int place = inside_open(root, path);
  struct stat found;
  if (place < 0) {
    /* Anything but a clear "nobody gets there" must not end in a secret that stays visible. */
    if (errno != ENOENT && errno != ENOTDIR && errno != EACCES && errno != ELOOP) fail("hide", path);
    return;
  }
  if (fstat(place, &found) != 0) fail("hide", path);
  inside_bind(S_ISDIR(found.st_mode) ? empty_folder : empty_file, place, 0, "hide");
  close(place);
}
