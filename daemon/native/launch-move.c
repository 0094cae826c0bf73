/* Renames a folder of an overlay that answers EXDEV. The new folder is filled next to its final place with further names
 * (hard links) of the very same files, put there in one step, and only then do the old names go. So whatever a file is
 * or holds, nothing of it is read or written here: modes, times, attributes, holes, links among them, and what is open
 * for writing stays as it is; only the folders themselves are made anew. Any obstacle is found before the step that shows:
 * then everything is as it was, and the answer is EXDEV, as without us. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>
#include "launch-renames.h"

/* The survey of changes leaves out what has the first name, should everything end in the middle (changes/hidden.ts).
 * The second is for exchanges, where for a moment it may be all there is. */
#define STAGE "nexus-rename"
#define STAGE_OF_EXCHANGE "nexus-exchange"
#define LATE_ROUNDS_MAX 50

/* What was found at a name of the old tree, and is at the same name of the new one. */
struct entry {
  char *name;
  ino_t before, after; /* the number of a file with several names changes when it is copied up */
  struct tree *tree;   /* of a folder */
};

struct tree {
  struct entry *entries;
  size_t count;
};

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

static int move_over(struct place from, struct place to, unsigned flags);
static int exchange(struct place one, struct place other);
static void name_stage(char name[static 64], const char *kind);
static struct tree *stage(struct place from, struct place to);
static struct tree *stage_folder(struct staging *staging, struct place from, struct place to, size_t depth);
static bool stage_entry(struct staging *staging, int from, int to, struct entry *entry, size_t depth);
static bool stage_file(struct staging *staging, int from, int to, struct entry *entry, const struct stat *found, bool is_named);
static bool resemble(int from, int to);
static bool resemble_attributes(int from, int to);
static void clear(struct place from, int to, struct tree *tree);
static void clear_entry(int from, int to, const struct entry *entry);
static void move_late(int from, int to, const char *name);
static void remove_stage(struct place place);
static bool list(int folder, struct tree *tree);
static void forget(struct tree *tree);
static int open_folder(struct place place, mode_t *mode);
static struct twin *find_twin(struct twins *twins, const struct stat *found);
static int as_without_us(int number);

int move_folder(struct place from, struct place to, unsigned flags) {
  /* Now nobody else moves: perhaps it has become easy. */
  if (renameat2(from.folder, from.name, to.folder, to.name, flags) == 0) return 0;
  if (errno != EXDEV) return errno;
  return flags & RENAME_EXCHANGE ? exchange(from, to) : move_over(from, to, flags);
}

static int move_over(struct place from, struct place to, unsigned flags) {
  /* The one thing that the kernel looks at only after it has said EXDEV. */
  struct tree there = {0};
  int target = openat(to.folder, to.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  bool is_taken = target >= 0 && (!list(target, &there) || there.count > 0);
  if (target >= 0) close(target);
  for (size_t i = 0; i < there.count; i++) free(there.entries[i].name);
  free(there.entries);
  if (is_taken) return ENOTEMPTY;
  char name[64];
  name_stage(name, STAGE);
  struct place staged = {.folder = to.folder, .name = name};
  struct tree *tree = stage(from, staged);
  if (!tree) return as_without_us(errno);
  if (renameat2(to.folder, name, to.folder, to.name, flags) != 0) {
    int cause = errno;
    remove_stage(staged);
    return cause;
  }
  int moved = openat(to.folder, to.name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  clear(from, moved, tree);
  forget(tree);
  return 0;
}

/* Each of the two may also be a file. From the first clearing on it must succeed; nothing that is looked at can refuse it. */
static int exchange(struct place one, struct place other) {
  char names[2][64];
  struct place old[2] = {one, other}, staged[2] = {{.folder = other.folder, .name = names[0]}, {.folder = one.folder, .name = names[1]}};
  struct tree *trees[2] = {NULL, NULL};
  for (int i = 0; i < 2; i++) {
    name_stage(names[i], STAGE_OF_EXCHANGE);
    struct stat found;
    bool done = fstatat(old[i].folder, old[i].name, &found, AT_SYMLINK_NOFOLLOW) == 0;
    if (done && S_ISDIR(found.st_mode)) done = (trees[i] = stage(old[i], staged[i])) != NULL;
    else if (done) done = linkat(old[i].folder, old[i].name, staged[i].folder, names[i], 0) == 0;
    if (done) continue;
    int cause = errno;
    while (i-- > 0) remove_stage(staged[i]);
    forget(trees[0]);
    return as_without_us(cause);
  }
  for (int i = 0; i < 2; i++) {
    int kept = openat(staged[i].folder, names[i], O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (trees[i]) clear(old[i], kept, trees[i]);
    else unlinkat(old[i].folder, old[i].name, 0);
    if (kept >= 0) close(kept);
    forget(trees[i]);
    if (i == 0 && renameat(staged[1].folder, names[1], one.folder, one.name) != 0) return errno;
  }
  return renameat(staged[0].folder, names[0], other.folder, other.name) == 0 ? 0 : errno;
}

static void name_stage(char name[static 64], const char *kind) {
  uint64_t random = 0;
  if (getrandom(&random, sizeof random, 0) != sizeof random) random = (uint64_t)getpid();
  snprintf(name, 64, ".%s-%016llx", kind, (unsigned long long)random);
}

/* NULL and errno, with nothing left behind. */
static struct tree *stage(struct place from, struct place to) {
  struct stat found;
  if (fstatat(from.folder, from.name, &found, AT_SYMLINK_NOFOLLOW) != 0) return NULL;
  struct staging staging = {.device = found.st_dev, .top = -1};
  struct tree *tree = stage_folder(&staging, from, to, 0);
  int cause = errno;
  if (!tree) remove_stage(to);
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
  int old = open_folder(from, &mode), made = -1;
  if (old < 0) return NULL;
  struct tree *tree = calloc(1, sizeof *tree);
  bool done = tree && fstat(old, &found) == 0;
  /* Another file system is mounted there; a rename would take it along. */
  if (done && found.st_dev != staging->device) errno = EXDEV, done = false;
  done = done && mkdirat(to.folder, to.name, 0700) == 0 && (made = openat(to.folder, to.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) >= 0;
  if (done && staging->top < 0) done = (staging->top = fcntl(made, F_DUPFD_CLOEXEC, 0)) >= 0;
  done = done && list(old, tree);
  for (size_t i = 0; done && i < tree->count; i++) done = stage_entry(staging, old, made, &tree->entries[i], depth);
  if ((mode & 0700) != 0700) done = fchmod(old, mode) == 0 && done;
  done = done && resemble(old, made);
  int cause = errno;
  if (made >= 0) close(made);
  close(old);
  if (!done) forget(tree), tree = NULL;
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

/* The old names go. What came to the old place meanwhile, or was replaced there, belongs to the new one. */
static void clear(struct place from, int to, struct tree *tree) {
  mode_t mode;
  int old = open_folder(from, &mode);
  if (old < 0) return;
  for (size_t i = 0; i < tree->count; i++) clear_entry(old, to, &tree->entries[i]);
  for (int round = 0; round < LATE_ROUNDS_MAX && unlinkat(from.folder, from.name, AT_REMOVEDIR) != 0 && (errno == ENOTEMPTY || errno == EEXIST); round++) {
    struct tree late = {0};
    if (!list(old, &late)) break;
    for (size_t i = 0; i < late.count; i++) {
      move_late(old, to, late.entries[i].name);
      free(late.entries[i].name);
    }
    free(late.entries);
  }
  close(old);
}

static void clear_entry(int from, int to, const struct entry *entry) {
  if (entry->tree) {
    int below = openat(to, entry->name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    clear((struct place){from, entry->name}, below, entry->tree);
    if (below >= 0) close(below);
    return;
  }
  struct stat found;
  bool is_there = fstatat(from, entry->name, &found, AT_SYMLINK_NOFOLLOW) == 0;
  if (is_there && (found.st_ino == entry->before || found.st_ino == entry->after)) unlinkat(from, entry->name, 0);
  /* Deleted meanwhile, under its old name. */
  else if (!is_there && errno == ENOENT && fstatat(to, entry->name, &found, AT_SYMLINK_NOFOLLOW) == 0 && found.st_ino == entry->after) unlinkat(to, entry->name, 0);
}

static void move_late(int from, int to, const char *name) {
  if (renameat(from, name, to, name) == 0) return;
  /* A folder that exists there, too: only what is in it can be late. */
  struct tree nothing = {0};
  int below = openat(to, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (below < 0) return;
  clear((struct place){from, name}, below, &nothing);
  close(below);
}

static void remove_stage(struct place place) {
  if (unlinkat(place.folder, place.name, 0) == 0) return;
  mode_t mode;
  struct tree inside = {0};
  int folder = open_folder(place, &mode);
  if (folder < 0) return;
  list(folder, &inside);
  for (size_t i = 0; i < inside.count; i++) {
    remove_stage((struct place){folder, inside.entries[i].name});
    free(inside.entries[i].name);
  }
  free(inside.entries);
  close(folder);
  unlinkat(place.folder, place.name, AT_REMOVEDIR);
}

static bool list(int folder, struct tree *tree) {
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

static void forget(struct tree *tree) {
  if (!tree) return;
  for (size_t i = 0; i < tree->count; i++) {
    forget(tree->entries[i].tree);
    free(tree->entries[i].name);
  }
  free(tree->entries);
  free(tree);
}

/* An owner may look into a folder that is shut even to them, and shut it again. Tells the mode it had. */
static int open_folder(struct place place, mode_t *mode) {
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

/* A full disk is told; with anything else the caller shall do what it does where folders cannot be renamed. */
static int as_without_us(int number) {
  return number == ENOSPC || number == EDQUOT || number == EROFS || number == EIO ? number : EXDEV;
}
