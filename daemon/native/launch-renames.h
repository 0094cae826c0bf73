/* What I and the mover say to each other about renames of folders (launch-renames.c, launch-mover.c). */
#ifndef NEXUS_LAUNCH_RENAMES_H
#define NEXUS_LAUNCH_RENAMES_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "launch.h"

/* More than can wait for an answer at a time: each is a thread that does nothing else. */
#define RENAMES_REMEMBERED 512
#define RENAMES_CONFINED_MAX 64
/* The kernel's record may be longer than that of our headers. */
#define RENAME_SPARE_BYTES 256

/* One rename that the kernel holds up until it is answered. */
struct rename_order {
  uint64_t id;
  pid_t pid; /* the thread that asked */
  int from_folder, to_folder;
  unsigned flags;
  char from[PATH_MAX], to[PATH_MAX];
};

/* What the mover notes before it touches anything: an order it had begun when it died is neither done nor undone. */
struct begun {
  size_t next;
  uint64_t ids[RENAMES_REMEMBERED];
};

/* I's side. */
struct renames {
  const struct cell *cell;
  pid_t command;
  int listener;       /* the kernel's questions; -1: nobody asks */
  int user_namespace; /* the command's, where it is not our own */
  int channel;        /* to the mover */
  pid_t mover;        /* 0: none */
  unsigned movers;
  struct handed {
    uint64_t id; /* 0: none */
    struct question {
      pid_t pid;
      int call;
      uint64_t arguments[5];
    } question;
  } handed[RENAMES_REMEMBERED];
  size_t next_handed;
  struct begun *begun; /* shared with the mover */
  pid_t confined[RENAMES_CONFINED_MAX];
  size_t confined_count;
  bool are_all_confined;
};

void renames_watch(struct renames *renames, const struct cell *cell, pid_t command, int listener);
void renames_hear(struct renames *renames, short events);
void renames_reaped(struct renames *renames, pid_t ended);

/* Each rename gets exactly one of these; 0 is success. */
void rename_go_on(int listener, uint64_t id);
void rename_answer(int listener, uint64_t id, int number);

struct mover_start {
  const struct launch_request *request;
  int user_namespace, listener, channel;
  struct begun *begun;
};

_Noreturn void mover_main(const struct mover_start *start);

#endif
