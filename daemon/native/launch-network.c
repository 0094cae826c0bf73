/* What a new network namespace lacks: test suites listen on 127.0.0.1, but lo is down; and root, whose capabilities reach
 * only over its files inside, expects to listen on port 80. And the doors, where the run may leave it: sockets listen in
 * the namespace they were made in, whoever holds them. So nothing that serves them needs to be inside. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "launch.h"
#include "launch-ferry.h"

static void open_door(uint16_t port, int family);

/* Comes before the mounts: afterwards /proc/sys is read-only. */
void network_prepare(const struct text_list *doors) {
  int any = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (any < 0) fail("loopback", NULL);
  struct ifreq request = {.ifr_flags = IFF_UP | IFF_RUNNING};
  strcpy(request.ifr_name, "lo");
  if (ioctl(any, SIOCSIFFLAGS, &request) != 0) fail("loopback", NULL);
  close(any);
  int ports = geteuid() == 0 ? open("/proc/sys/net/ipv4/ip_unprivileged_port_start", O_WRONLY | O_CLOEXEC) : -1;
  if (ports >= 0 && write(ports, "0", 1) < 0) fail("ports", NULL);
  close(ports);
  for (size_t i = 0; i < doors->count; i++) {
    uint16_t port = (uint16_t)atoi(doors->items[i]); /* launch-request.c has looked at it */
    open_door(port, AF_INET);
    open_door(port, AF_INET6);
  }
}

/* Handed to L, which hands it to the ferry. */
static void open_door(uint16_t port, int family) {
  int door = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
  if (family == AF_INET6 && door >= 0) setsockopt(door, IPPROTO_IPV6, IPV6_V6ONLY, &(int){1}, sizeof(int));
  bool is_open = door >= 0 && bind(door, family == AF_INET ? (struct sockaddr *)&four : (struct sockaddr *)&six, family == AF_INET ? sizeof four : sizeof six) == 0
    && listen(door, 1024) == 0;
  /* Machines without IPv6 have no ::1 either. */
  if (!is_open && family == AF_INET) fail("door", NULL);
  if (is_open && !report_send(&(struct report){.kind = REPORT_DOOR, .number = port}, door)) fail("door", NULL);
  if (door >= 0) close(door);
}
