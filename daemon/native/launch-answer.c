/* What L tells the daemon: lines on the control socket. */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include "launch.h"

/* Paths may hold anything, a line may not hold a line break. */
void tell_daemon(const char *format, ...) {
  char line[512];
  va_list values;
  va_start(values, format);
  vsnprintf(line, sizeof line - 1, format, values);
  va_end(values);
  size_t length = strlen(line);
  for (size_t i = 0; i < length; i++) if ((unsigned char)line[i] < ' ') line[i] = '?';
  line[length++] = '\n';
  send(CONTROL, line, length, MSG_NOSIGNAL);
}
