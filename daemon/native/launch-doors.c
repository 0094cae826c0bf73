/* The doors of a run in L's hands: I makes them inside, L starts a ferry that answers at them, and ends it with the run. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "launch-ferry.h"

/* Open only where there are doors. */
#define CHANNEL 4

static void keep_only(struct doors *doors);

/* False: there is no room for one more. */
bool doors_add(struct doors *doors, int socket, int port) {
  if (doors->count == sizeof doors->all / sizeof *doors->all) return false;
  doors->all[doors->count++] = (struct door){.socket = socket, .port = (uint16_t)port};
  return true;
}

/* Whoever was quicker waits in the doors' queues. */
void doors_open(struct doors *doors) {
  if (doors->count == 0) return;
  doors->ferry = fork();
  if (doors->ferry == 0) {
    keep_only(doors);
    ferry_main(doors->all, doors->count, CHANNEL);
  }
  for (size_t i = 0; i < doors->count; i++) close(doors->all[i].socket);
  close(CHANNEL);
}

void doors_close(struct doors *doors) {
  if (doors->ferry <= 0) return;
  kill(doors->ferry, SIGKILL);
  waitpid(doors->ferry, NULL, 0);
}

/* Neither the run's streams nor the daemon's control socket: an end that the ferry held would never close. */
static void keep_only(struct doors *doors) {
  int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int fd = 0; fd < CHANNEL; fd++) if (nothing < 0 || dup2(nothing, fd) < 0) _exit(1);
  int last = CHANNEL;
  for (size_t i = 0; i < doors->count; i++) if (doors->all[i].socket > last) last = doors->all[i].socket;
  for (int fd = CHANNEL + 1; fd < last; fd++) {
    bool is_door = false;
    for (size_t i = 0; i < doors->count; i++) is_door |= doors->all[i].socket == fd;
    if (!is_door) close(fd);
  }
  syscall(SYS_close_range, last + 1, ~0U, 0);
}
