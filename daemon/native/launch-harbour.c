/* Published ports in L's hands: L listens on the host's 127.0.0.1 and starts a quay that serves it, and ends it with the
 * run. In I: a socket of the sandbox's own network for each guest, made on demand and handed out. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "launch-quay.h"

enum { ORDERS = 3, CELL, OPEN };

static bool leads_out(const struct launch_request *request, long inside);
static int listen_on_host(long host);
static int start_quay(struct harbour *harbour);

int harbour_publish(struct harbour *harbour, const struct launch_request *request, long host, long inside) {
  if (harbour->cell <= 0) return ENOTCONN;
  /* Behind a door is the host's side again, perhaps with a key: that is the run's alone. */
  if (leads_out(request, inside)) return EPERM;
  size_t slot = 0;
  while (slot < BERTHS_MAX && harbour->berths[slot]) slot++;
  if (slot == BERTHS_MAX) return ENOSPC;
  int refusal = harbour->quay ? 0 : start_quay(harbour);
  if (refusal) return refusal;
  int listening = listen_on_host(host);
  if (listening < 0) return errno;
  struct quay_order order = {.host = (uint16_t)host, .inside = (uint16_t)inside};
  if (!descriptor_send(harbour->orders, &order, sizeof order, listening)) refusal = errno;
  close(listening);
  if (!refusal) harbour->berths[slot] = (uint16_t)host;
  return refusal;
}

int harbour_withdraw(struct harbour *harbour, long host) {
  for (size_t slot = 0; slot < BERTHS_MAX; slot++) {
    if (!harbour->berths[slot] || harbour->berths[slot] != host) continue;
    struct quay_order order = {.host = (uint16_t)host};
    harbour->berths[slot] = 0;
    return descriptor_send(harbour->orders, &order, sizeof order, -1) ? 0 : errno;
  }
  return ENOENT;
}

void harbour_close(struct harbour *harbour) {
  if (harbour->quay <= 0) return;
  kill(harbour->quay, SIGKILL);
  waitpid(harbour->quay, NULL, 0);
}

/* In I, whenever the quay asks: a byte says for which family. False when nobody will ask any more. */
bool harbour_serve(int cell) {
  char family;
  int passed;
  ssize_t got = descriptor_receive(cell, &family, 1, MSG_DONTWAIT, &passed);
  if (passed >= 0) close(passed);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return true;
  if (got != 1) return false;
  int made = socket(family == '6' ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  descriptor_send(cell, &family, 1, made);
  if (made >= 0) close(made);
  return true;
}

static bool leads_out(const struct launch_request *request, long inside) {
  for (size_t i = 0; i < request->doors.count; i++) if (atol(request->doors.items[i]) == inside) return true;
  return false;
}

/* -1 and errno. Loopback alone: nobody beyond this machine shall reach what a run serves. */
static int listen_on_host(long host) {
  int listening = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (listening < 0) return -1;
  struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons((uint16_t)host), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  /* A run that takes the place of another need not wait for connections of before. */
  setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
  if (bind(listening, (struct sockaddr *)&here, sizeof here) == 0 && listen(listening, 1024) == 0) return listening;
  int cause = errno;
  close(listening);
  errno = cause;
  return -1;
}

/* Of all that L holds it keeps two sockets: an end of a stream that it held would never close. */
static int start_quay(struct harbour *harbour) {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) return errno;
  pid_t quay = fork();
  if (quay == 0) {
    enum { ASIDE = 64 };
    int orders = fcntl(pair[1], F_DUPFD_CLOEXEC, ASIDE), cell = fcntl(harbour->cell, F_DUPFD_CLOEXEC, ASIDE), nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (orders < 0 || cell < 0 || nothing < 0 || dup2(orders, ORDERS) < 0 || dup2(cell, CELL) < 0) _exit(1);
    for (int fd = 0; fd < ORDERS; fd++) if (dup2(nothing, fd) < 0) _exit(1);
    if (syscall(SYS_close_range, OPEN, ~0U, 0) != 0) _exit(1);
    quay_main(ORDERS, CELL);
  }
  int cause = errno;
  close(pair[1]);
  if (quay < 0) {
    close(pair[0]);
    return cause;
  }
  harbour->orders = pair[0];
  harbour->quay = quay;
  return 0;
}
