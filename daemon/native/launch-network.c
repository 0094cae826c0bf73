/* Test suites listen on 127.0.0.1: in a new network namespace lo exists, but is down. */
#define _GNU_SOURCE
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "launch.h"

void network_loopback_up(void) {
  int any = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (any < 0) fail("loopback", NULL);
  struct ifreq request = {.ifr_flags = IFF_UP | IFF_RUNNING};
  strcpy(request.ifr_name, "lo");
  if (ioctl(any, SIOCSIFFLAGS, &request) != 0) fail("loopback", NULL);
  close(any);
}
