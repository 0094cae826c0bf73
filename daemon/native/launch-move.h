/* A tree that is being renamed: launch-move.c carries the rename out, launch-stage.c makes the new tree. */
#ifndef NEXUS_LAUNCH_MOVE_H
#define NEXUS_LAUNCH_MOVE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct place {
  int folder;
  const char *name;
};

/* Renames a folder that the kernel will not: 0, or the errno that rename(2) would give. */
int move_folder(struct place from, struct place to, unsigned flags);

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

/* A twin of the folder at another place of the same file system; NULL and errno, with nothing left behind. */
struct tree *tree_stage(struct place from, struct place to);
void tree_forget(struct tree *tree);
/* A file, or a folder with everything below it. */
void tree_remove(struct place place);
/* The names in a folder. */
bool tree_list(int folder, struct tree *tree);
/* Opened for its owner even when it is shut; `mode` is what it had. -1 and errno. */
int tree_open(struct place place, mode_t *mode);

#endif
