/* Landlock, the second wall: should a mount be writable that must not be, nothing outside of the private places can be
 * written all the same; and neither a signal nor an abstract socket of the host's is within reach. It holds a command
 * by what it is, not by where it is: whoever finds a way out of the mounts is still inside this. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "launch.h"

/* All of it said here: the headers of many machines are older than their kernels. */
enum { CREATE_RULESET = 444, ADD_RULE = 445, RESTRICT_SELF = 446 };
enum { ASK_VERSION = 1, BELOW_A_PATH = 1 };
enum { ABI_RENAMES = 2, ABI_TRUNCATE = 3, ABI_DEVICES = 5, ABI_SCOPES = 6 };

struct ruleset {
  uint64_t files, network, scopes;
};

struct rule_below {
  uint64_t files;
  int32_t folder;
} __attribute__((packed));

enum {
  WRITE_FILE = 1 << 1, REMOVE_FOLDER = 1 << 4, REMOVE_FILE = 1 << 5, MAKE_CHARACTER_DEVICE = 1 << 6, MAKE_FOLDER = 1 << 7, MAKE_FILE = 1 << 8, MAKE_SOCKET = 1 << 9,
  MAKE_FIFO = 1 << 10, MAKE_BLOCK_DEVICE = 1 << 11, MAKE_LINK = 1 << 12, MOVE_BETWEEN_FOLDERS = 1 << 13, TRUNCATE = 1 << 14, CONTROL_DEVICE = 1 << 15,
};
enum { ABSTRACT_SOCKETS = 1 << 0, SIGNALS = 1 << 1 };

#define WRITING (WRITE_FILE | REMOVE_FOLDER | REMOVE_FILE | MAKE_CHARACTER_DEVICE | MAKE_FOLDER | MAKE_FILE | MAKE_SOCKET | MAKE_FIFO | MAKE_BLOCK_DEVICE | MAKE_LINK \
  | MOVE_BETWEEN_FOLDERS)

static int allow_below(int ruleset, const char *path, uint64_t rights);

/* 0, or -1 with errno; `missing` then names the wall that this kernel does not have. */
int landlock_enter(const struct launch_request *request, const char **missing) {
  *missing = "landlock";
  long abi = syscall(CREATE_RULESET, NULL, 0, ASK_VERSION);
  if (abi < 0) return -1;
  /* The first version forbade to move files between folders: a command would not behave as outside. */
  if (abi < ABI_RENAMES) return errno = EOPNOTSUPP, -1;
  bool holds_sockets = strcmp(request->landlock, "scoped") == 0;
  if (holds_sockets && abi < ABI_SCOPES) return *missing = "abstract-sockets", errno = EOPNOTSUPP, -1;
  struct ruleset wanted = {
    .files = WRITING | (abi >= ABI_TRUNCATE ? TRUNCATE : 0) | (abi >= ABI_DEVICES ? CONTROL_DEVICE : 0),
    .scopes = abi >= ABI_SCOPES ? ABSTRACT_SOCKETS | SIGNALS : 0,
  };
  /* Older kernels take the longer form as long as what they do not know is zero. */
  int ruleset = (int)syscall(CREATE_RULESET, &wanted, sizeof wanted, 0);
  if (ruleset < 0) return -1;
  const char *places[] = {request->project, request->home, "/tmp", "/var/tmp", "/run", "/dev", "/proc"};
  int done = 0;
  for (size_t i = 0; i < sizeof places / sizeof *places && done == 0; i++) if (places[i]) done = allow_below(ruleset, places[i], wanted.files);
  for (size_t i = 0; i < request->bind_to.count && done == 0; i++) done = allow_below(ruleset, request->bind_to.items[i], wanted.files);
  if (done == 0) done = (int)syscall(RESTRICT_SELF, ruleset, 0);
  int cause = errno;
  close(ruleset);
  errno = cause;
  return done;
}

static int allow_below(int ruleset, const char *path, uint64_t rights) {
  int place = open(path, O_PATH | O_CLOEXEC);
  /* What is not there cannot be written either. */
  if (place < 0) return errno == ENOENT || errno == ENOTDIR || errno == EACCES ? 0 : -1;
  struct rule_below rule = {.files = rights, .folder = place};
  struct stat found;
  int done = fstat(place, &found);
  if (done == 0 && S_ISDIR(found.st_mode)) done = (int)syscall(ADD_RULE, ruleset, BELOW_A_PATH, &rule, 0);
  int cause = errno;
  close(place);
  errno = cause;
  return done;
}
