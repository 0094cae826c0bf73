/* The terminal of a run comes from the sandbox's own devpts; the user's own terminal is never handed in. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "launch.h"

/* I keeps `slave` open as long as it lives, so that the master never reports a hang-up in between. */
void terminal_open(const struct launch_request *request, int *master, int *slave) {
  *master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (*master < 0 || unlockpt(*master) != 0) fail("terminal", NULL);
  *slave = ioctl(*master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (*slave < 0) fail("terminal", NULL);
  terminal_resize(*master, request->rows, request->cols);
}

void terminal_resize(int master, long rows, long cols) {
  struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols};
  ioctl(master, TIOCSWINSZ, &size); /* fails only when the terminal is gone, and then nobody looks at its size */
}
