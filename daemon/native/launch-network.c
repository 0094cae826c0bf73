/* What a new network namespace lacks: test suites listen on 127.0.0.1, but lo is down; and root, whose capabilities reach
 * only over its files inside, expects to listen on port 80. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "launch.h"

/* Comes before the mounts: afterwards /proc/sys is read-only. */
void network_prepare(void) {
  int any = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (any < 0) fail("loopback", NULL);
  struct ifreq request = {.ifr_flags = IFF_UP | IFF_RUNNING};
  strcpy(request.ifr_name, "lo");
  if (ioctl(any, SIOCSIFFLAGS, &request) != 0) fail("loopback", NULL);
  close(any);
  int ports = geteuid() == 0 ? open("/proc/sys/net/ipv4/ip_unprivileged_port_start", O_WRONLY | O_CLOEXEC) : -1;
  if (ports >= 0 && write(ports, "0", 1) < 0) fail("ports", NULL);
  close(ports);
}
