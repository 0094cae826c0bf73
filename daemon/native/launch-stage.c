/* The new folder of a rename, filled with further names of the files of the old one (launch-move.c). Nothing of a file is
 * read or written here, so whatever it is or holds stays as it is; only the folders are made anew, and look the same. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>
#include "launch-move.h"

/* Files with several names: the first new one of each. */
struct twins {
  struct twin {
    ino_t inode;
    dev_t device;
    char *path; /* below the new folder; NULL: free */
  } *slots;
  size_t room, count;
};

struct staging {
  dev_t device;
  int top;             /* the new folder */
  char path[PATH_MAX]; /* of what is being staged, below it */
  struct twins twins;
};

static struct tree *stage_folder(struct staging *staging, struct place from, struct place to, size_t depth);
static bool stage_entry(struct staging *staging, int from, int to, struct entry *entry, size_t depth);
static bool stage_file(struct staging *staging, int from, int to, struct entry *entry, const struct stat *found, bool is_named);
static bool resemble(int from, int to);
static bool resemble_attributes(int from, int to);
static struct twin *find_twin(struct twins *twins, const struct stat *found);

struct tree *tree_stage(struct place from, struct place to) {
  struct stat found;
  if (fstatat(from.folder, from.name, &found, AT_SYMLINK_NOFOLLOW) != 0) return NULL;
  struct staging staging = {.device = found.st_dev, .top = -1};
  struct tree *tree = stage_folder(&staging, from, to, 0);
  int cause = errno;
  if (!tree) tree_remove(to);
  if (staging.top >= 0) close(staging.top);
  for (size_t i = 0; i < staging.twins.room; i++) free(staging.twins.slots[i].path);
  free(staging.twins.slots);
  errno = cause;
  return tree;
}

/* `depth`: length of the folder's path below the new top. */
static struct tree *stage_folder(struct staging *staging, struct place from, struct place to, size_t depth) {
  mode_t mode;
  struct stat found;
  int old = tree_open(from, &mode), made = -1;
  if (old < 0) return NULL;
  struct tree *tree = calloc(1, sizeof *tree);
  bool done = tree && fstat(old, &found) == 0;
  /* Another file system is mounted there; a rename would take it along. */
  if (done && found.st_dev != staging->device) errno = EXDEV, done = false;
  done = done && mkdirat(to.folder, to.name, 0700) == 0 && (made = openat(to.folder, to.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) >= 0;
  if (done && staging->top < 0) done = (staging->top = fcntl(made, F_DUPFD_CLOEXEC, 0)) >= 0;
  done = done && tree_list(old, tree);
  for (size_t i = 0; done && i < tree->count; i++) done = stage_entry(staging, old, made, &tree->entries[i], depth);
  if ((mode & 0700) != 0700) done = fchmod(old, mode) == 0 && done;
  done = done && resemble(old, made);
  int cause = errno;
  if (made >= 0) close(made);
  close(old);
  if (!done) tree_forget(tree), tree = NULL;
  errno = cause;
  return tree;
}

static bool stage_entry(struct staging *staging, int from, int to, struct entry *entry, size_t depth) {
  struct stat found;
  if (fstatat(from, entry->name, &found, AT_SYMLINK_NOFOLLOW) != 0) return false;
  if (depth < PATH_MAX) depth += (size_t)snprintf(staging->path + depth, PATH_MAX - depth, "/%s", entry->name);
  if (!S_ISDIR(found.st_mode)) return stage_file(staging, from, to, entry, &found, depth < PATH_MAX);
  entry->tree = stage_folder(staging, (struct place){from, entry->name}, (struct place){to, entry->name}, depth);
  return entry->tree != NULL;
}

/* `is_named`: its whole path is known. Deeper down, each name of a file becomes a file of its own. */
static bool stage_file(struct staging *staging, int from, int to, struct entry *entry, const struct stat *found, bool is_named) {
  entry->before = entry->after = found->st_ino;
  if (found->st_nlink < 2) return linkat(from, entry->name, to, entry->name, 0) == 0;
  struct twin *twin = find_twin(&staging->twins, found);
  if (!twin) return false;
  bool is_first = !twin->path;
  if (linkat(is_first ? from : staging->top, is_first ? entry->name : twin->path, to, entry->name, 0) != 0) return false;
  if (is_first && is_named) {
    *twin = (struct twin){.inode = found->st_ino, .device = found->st_dev, .path = strdup(staging->path + 1)};
    if (!twin->path) return false;
    staging->twins.count++;
  }
  struct stat linked;
  if (fstatat(to, entry->name, &linked, AT_SYMLINK_NOFOLLOW) == 0) entry->after = linked.st_ino;
  return true;
}

/* Last, when nothing more is written into it. */
static bool resemble(int from, int to) {
  struct stat found, made;
  if (fstat(from, &found) != 0 || fstat(to, &made) != 0) return false;
  if ((found.st_uid != made.st_uid || found.st_gid != made.st_gid) && fchown(to, found.st_uid, found.st_gid) != 0) return false;
  return resemble_attributes(from, to) && fchmod(to, found.st_mode & 07777) == 0 && futimens(to, (struct timespec[]){found.st_atim, found.st_mtim}) == 0;
}

static bool resemble_attributes(int from, int to) {
  char names[8192], value[65536];
  /* What a parent passes on to new folders is not the old one's. */
  ssize_t length = flistxattr(to, names, sizeof names);
  for (char *name = names; length > 0 && name < names + length; name += strlen(name) + 1) if (fgetxattr(from, name, NULL, 0) < 0 && errno == ENODATA && fremovexattr(to, name) != 0) return false;
  length = flistxattr(from, names, sizeof names);
  if (length < 0) return errno == ENOTSUP;
  for (char *name = names; name < names + length; name += strlen(name) + 1) {
    ssize_t size = fgetxattr(from, name, value, sizeof value);
    if (size < 0) return false;
    /* Labels of a security module are its own affair: new folders get theirs. */
    if (fsetxattr(to, name, value, (size_t)size, 0) != 0 && strncmp(name, "security.", 9) != 0) return false;
  }
  return true;
}

void tree_remove(struct place place) {
  if (unlinkat(place.folder, place.name, 0) == 0) return;
  mode_t mode;
  struct tree inside = {0};
  int folder = tree_open(place, &mode);
  if (folder < 0) return;
  tree_list(folder, &inside);
  for (size_t i = 0; i < inside.count; i++) {
    tree_remove((struct place){folder, inside.entries[i].name});
    free(inside.entries[i].name);
  }
  free(inside.entries);
  close(folder);
  unlinkat(place.folder, place.name, AT_REMOVEDIR);
}

bool tree_list(int folder, struct tree *tree) {
  int again = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *names = again < 0 ? NULL : fdopendir(again);
  if (!names) return false;
  bool done = true;
  errno = 0;
  for (struct dirent *found; done && (found = readdir(names));) {
    if (strcmp(found->d_name, ".") == 0 || strcmp(found->d_name, "..") == 0) continue;
    if ((tree->count & (tree->count + 1)) == 0) {
      struct entry *larger = realloc(tree->entries, 2 * (tree->count + 1) * sizeof *larger);
      if (larger) tree->entries = larger;
      done = larger != NULL;
    }
    if (done) tree->entries[tree->count] = (struct entry){.name = strdup(found->d_name)};
    done = done && tree->entries[tree->count++].name;
    errno = done ? 0 : ENOMEM;
  }
  done = done && errno == 0;
  int cause = errno;
  closedir(names);
  errno = cause;
  return done;
}

void tree_forget(struct tree *tree) {
  if (!tree) return;
  for (size_t i = 0; i < tree->count; i++) {
    tree_forget(tree->entries[i].tree);
    free(tree->entries[i].name);
  }
  free(tree->entries);
  free(tree);
}

int tree_open(struct place place, mode_t *mode) {
  struct stat found;
  if (fstatat(place.folder, place.name, &found, AT_SYMLINK_NOFOLLOW) != 0) return -1;
  if (!S_ISDIR(found.st_mode)) return errno = ENOTDIR, -1;
  *mode = found.st_mode & 07777;
  if ((*mode & 0700) != 0700 && fchmodat(place.folder, place.name, *mode | 0700, 0) != 0) return -1;
  return openat(place.folder, place.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* The slot of a file, or the free one for it; NULL without memory. */
static struct twin *find_twin(struct twins *twins, const struct stat *found) {
  if (2 * (twins->count + 1) > twins->room) {
    struct twins larger = {.room = twins->room ? 2 * twins->room : 64, .count = twins->count};
    larger.slots = calloc(larger.room, sizeof *larger.slots);
    if (!larger.slots) return NULL;
    for (size_t i = 0; i < twins->room; i++) {
      if (!twins->slots[i].path) continue;
      size_t at = (size_t)twins->slots[i].inode % larger.room;
      while (larger.slots[at].path) at = (at + 1) % larger.room;
      larger.slots[at] = twins->slots[i];
    }
    free(twins->slots);
    *twins = larger;
  }
  size_t at = (size_t)found->st_ino % twins->room;
  while (twins->slots[at].path && (twins->slots[at].inode != found->st_ino || twins->slots[at].device != found->st_dev)) at = (at + 1) % twins->room;
  return &twins->slots[at];
}
