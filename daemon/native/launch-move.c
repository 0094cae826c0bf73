/* Renames a folder of an overlay that answers EXDEV. The new folder is filled next to its final place with further names
 * (hard links) of the very same files, put there in one step, and only then do the old names go. So whatever a file is
 * or holds, nothing of it is read or written here: modes, times, attributes, holes, links among them, and what is open
 * for writing stays as it is; only the folders themselves are made anew. Any obstacle is found before the step that shows:
 * then everything is as it was, and the answer is EXDEV, as without us. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#include "launch-move.h"

/* The survey of changes leaves out what has the first name, should everything end in the middle (changes/hidden.ts).
 * The second is for exchanges, where for a moment it may be all there is. */
#define STAGE "nexus-rename"
#define STAGE_OF_EXCHANGE "nexus-exchange"
#define LATE_ROUNDS_MAX 50

static int move_over(struct place from, struct place to, unsigned flags);
static int exchange(struct place one, struct place other);
static void name_stage(char name[static 64], const char *kind);
static void clear(struct place from, int to, struct tree *tree);
static void clear_entry(int from, int to, const struct entry *entry);
static void move_late(int from, int to, const char *name);
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
  bool is_taken = target >= 0 && (!tree_list(target, &there) || there.count > 0);
  if (target >= 0) close(target);
  for (size_t i = 0; i < there.count; i++) free(there.entries[i].name);
  free(there.entries);
  if (is_taken) return ENOTEMPTY;
  char name[64];
  name_stage(name, STAGE);
  struct place staged = {.folder = to.folder, .name = name};
  struct tree *tree = tree_stage(from, staged);
  if (!tree) return as_without_us(errno);
  if (renameat2(to.folder, name, to.folder, to.name, flags) != 0) {
    int cause = errno;
    tree_remove(staged);
    return cause;
  }
  int moved = openat(to.folder, to.name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  clear(from, moved, tree);
  tree_forget(tree);
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
    if (done && S_ISDIR(found.st_mode)) done = (trees[i] = tree_stage(old[i], staged[i])) != NULL;
    else if (done) done = linkat(old[i].folder, old[i].name, staged[i].folder, names[i], 0) == 0;
    if (done) continue;
    int cause = errno;
    while (i-- > 0) tree_remove(staged[i]);
    tree_forget(trees[0]);
    return as_without_us(cause);
  }
  for (int i = 0; i < 2; i++) {
    int kept = openat(staged[i].folder, names[i], O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (trees[i]) clear(old[i], kept, trees[i]);
    else unlinkat(old[i].folder, old[i].name, 0);
    if (kept >= 0) close(kept);
    tree_forget(trees[i]);
    if (i == 0 && renameat(staged[1].folder, names[1], one.folder, one.name) != 0) return errno;
  }
  return renameat(staged[0].folder, names[0], other.folder, other.name) == 0 ? 0 : errno;
}

static void name_stage(char name[static 64], const char *kind) {
  uint64_t random = 0;
  if (getrandom(&random, sizeof random, 0) != sizeof random) random = (uint64_t)getpid();
  snprintf(name, 64, ".%s-%016llx", kind, (unsigned long long)random);
}

/* The old names go. What came to the old place meanwhile, or was replaced there, belongs to the new one. */
static void clear(struct place from, int to, struct tree *tree) {
  mode_t mode;
  int old = tree_open(from, &mode);
  if (old < 0) return;
  for (size_t i = 0; i < tree->count; i++) clear_entry(old, to, &tree->entries[i]);
  for (int round = 0; round < LATE_ROUNDS_MAX && unlinkat(from.folder, from.name, AT_REMOVEDIR) != 0 && (errno == ENOTEMPTY || errno == EEXIST); round++) {
    struct tree late = {0};
    if (!tree_list(old, &late)) break;
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

/* A full disk is told; with anything else the caller shall do what it does where folders cannot be renamed. */
static int as_without_us(int number) {
  return number == ENOSPC || number == EDQUOT || number == EROFS || number == EIO ? number : EXDEV;
}
