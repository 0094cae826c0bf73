/* The quay: lets programs of this machine reach a port inside a run that somebody has published. It stands on the host: it
 * accepts on 127.0.0.1, asks I for a socket of the sandbox's own network, connects that to the sandbox's lo, and moves
 * bytes (launch-lane.c). It understands none of them. No connection begins inside, and nothing of the quay is
 * within the run's reach. A port where nobody listens yet is a reset, at once: what a refusal looks like behind a listener. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include "launch-ferry.h"
#include "launch-quay.h"

enum { GUESTS_MAX = 1024, SLOT_BITS = 10, EVENTS = 64, SOCKET_MS = 2000 };

/* What an epoll event is about: L's orders, a berth, or one side of a guest. */
enum about { ORDERS, BERTH, GUEST };

struct berth {
  int listening; /* -1: free */
  uint16_t host, inside;
};

struct guest {
  uint32_t id; /* slot and turn; 0: the slot is free */
  int client, upstream; /* upstream -1: none */
  uint16_t port;
  bool is_connecting, has_tried_both, is_due;
  struct lane up, down;
};

struct quay {
  int poll, orders, cell;
  struct berth berths[BERTHS_MAX];
  size_t count, due;
  bool is_shut; /* no slot is free: who comes waits outside */
  uint32_t turn;
  struct guest guests[GUESTS_MAX];
};

static void watch(struct quay *quay, int fd, uint32_t events, enum about about, uint32_t detail);
static void hear_orders(struct quay *quay);
static void let_in(struct quay *quay, struct berth *berth);
static void berths_watch(struct quay *quay, bool is_open);
static void reach(struct quay *quay, struct guest *guest, int family);
static int socket_inside(struct quay *quay, int family);
static void move_on(struct quay *quay, struct guest *guest);
static bool is_gone(int socket);
static void leave(struct quay *quay, struct guest *guest, bool is_broken);
static struct guest *find(struct quay *quay, uint32_t id);

_Noreturn void quay_main(int orders, int cell) {
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  prctl(PR_SET_NAME, "nexus-quay");
  signal(SIGPIPE, SIG_IGN); /* splice knows no MSG_NOSIGNAL */
  struct rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }
  static struct quay quay;
  quay = (struct quay){.poll = epoll_create1(EPOLL_CLOEXEC), .orders = orders, .cell = cell};
  for (size_t i = 0; i < BERTHS_MAX; i++) quay.berths[i].listening = -1;
  if (quay.poll < 0) _exit(1);
  watch(&quay, orders, EPOLLIN, ORDERS, 0);
  for (;;) {
    struct epoll_event events[EVENTS];
    int ready = epoll_wait(quay.poll, events, EVENTS, quay.due ? 0 : -1);
    if (ready < 0 && errno != EINTR) _exit(1);
    for (int i = 0; i < ready; i++) {
      enum about about = (enum about)(events[i].data.u64 >> 32);
      uint32_t detail = (uint32_t)events[i].data.u64;
      if (about == ORDERS) hear_orders(&quay);
      else if (about == BERTH) let_in(&quay, &quay.berths[detail]);
      else {
        struct guest *guest = find(&quay, detail);
        if (guest) move_on(&quay, guest);
      }
    }
    for (size_t i = 0; i < GUESTS_MAX && quay.due; i++) if (quay.guests[i].id && quay.guests[i].is_due) move_on(&quay, &quay.guests[i]);
  }
}

static void watch(struct quay *quay, int fd, uint32_t events, enum about about, uint32_t detail) {
  struct epoll_event event = {.events = events, .data.u64 = (uint64_t)about << 32 | detail};
  if (epoll_ctl(quay->poll, EPOLL_CTL_ADD, fd, &event) != 0) _exit(1);
}

/* When L is gone, so is the run. */
static void hear_orders(struct quay *quay) {
  struct quay_order order;
  int listening;
  ssize_t got = descriptor_receive(quay->orders, &order, sizeof order, MSG_DONTWAIT, &listening);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got != (ssize_t)sizeof order) _exit(0);
  for (size_t i = 0; i < BERTHS_MAX; i++) {
    struct berth *berth = &quay->berths[i];
    if (listening >= 0 && berth->listening < 0) {
      *berth = (struct berth){.listening = listening, .host = order.host, .inside = order.inside};
      watch(quay, listening, quay->is_shut ? 0 : EPOLLIN, BERTH, (uint32_t)i);
      return;
    }
    if (listening < 0 && berth->listening >= 0 && berth->host == order.host) {
      close(berth->listening);
      berth->listening = -1;
      return;
    }
  }
  if (listening >= 0) close(listening);
}

static void let_in(struct quay *quay, struct berth *berth) {
  while (berth->listening >= 0 && quay->count < GUESTS_MAX) {
    int client = accept4(berth->listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (client < 0 && (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)) return;
    if (client < 0) break; /* no descriptor, no memory: until somebody leaves */
    uint32_t slot = 0;
    while (quay->guests[slot].id) slot++;
    /* Never 0, and not soon the same again: a late event of the one before must not reach this one. */
    quay->turn = (quay->turn + 1) & (UINT32_MAX >> SLOT_BITS);
    if (!quay->turn) quay->turn = 1;
    struct guest *guest = &quay->guests[slot];
    *guest = (struct guest){.id = quay->turn << SLOT_BITS | slot, .client = client, .upstream = -1, .port = berth->inside};
    quay->count++;
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    reach(quay, guest, AF_INET);
  }
  if (berth->listening >= 0) berths_watch(quay, false);
}

static void berths_watch(struct quay *quay, bool is_open) {
  if (quay->is_shut != is_open) return;
  quay->is_shut = !is_open;
  for (size_t i = 0; i < BERTHS_MAX; i++) {
    struct epoll_event event = {.events = is_open ? EPOLLIN : 0, .data.u64 = (uint64_t)BERTH << 32 | i};
    if (quay->berths[i].listening >= 0) epoll_ctl(quay->poll, EPOLL_CTL_MOD, quay->berths[i].listening, &event);
  }
}

/* A server may listen on 127.0.0.1, on ::1, or on all addresses of either family. */
static void reach(struct quay *quay, struct guest *guest, int family) {
  struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(guest->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(guest->port), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
  guest->has_tried_both = family == AF_INET6;
  if (guest->upstream >= 0) close(guest->upstream);
  guest->upstream = socket_inside(quay, family);
  bool is_four = family == AF_INET;
  int done = guest->upstream < 0 ? -1 : connect(guest->upstream, is_four ? (struct sockaddr *)&four : (struct sockaddr *)&six, is_four ? sizeof four : sizeof six);
  if (done != 0 && (guest->upstream < 0 || errno != EINPROGRESS)) {
    if (guest->has_tried_both) leave(quay, guest, true);
    else reach(quay, guest, AF_INET6);
    return;
  }
  setsockopt(guest->upstream, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
  guest->is_connecting = true;
  watch(quay, guest->upstream, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, GUEST, guest->id);
}

/* From I, which answers at once unless the whole run stands still; -1 then. */
static int socket_inside(struct quay *quay, int family) {
  char wanted = family == AF_INET6 ? '6' : '4', given;
  int passed;
  if (send(quay->cell, &wanted, 1, MSG_NOSIGNAL | MSG_DONTWAIT) != 1) return -1;
  /* What came too late for the one before comes first. */
  while (poll(&(struct pollfd){.fd = quay->cell, .events = POLLIN}, 1, SOCKET_MS) > 0 && descriptor_receive(quay->cell, &given, 1, MSG_DONTWAIT, &passed) == 1) {
    if (given == wanted) {
      if (passed >= 0) fcntl(passed, F_SETFL, fcntl(passed, F_GETFL) | O_NONBLOCK);
      return passed;
    }
    if (passed >= 0) close(passed);
  }
  return -1;
}

/* Something about this guest may have changed: does what waits for it, as far as it goes without waiting. */
static void move_on(struct quay *quay, struct guest *guest) {
  if (guest->is_due) {
    guest->is_due = false;
    quay->due--;
  }
  if (guest->is_connecting) {
    int number = 0;
    socklen_t size = sizeof number;
    struct pollfd ready = {.fd = guest->upstream, .events = POLLOUT};
    if (poll(&ready, 1, 0) <= 0) return;
    if (getsockopt(guest->upstream, SOL_SOCKET, SO_ERROR, &number, &size) != 0 || number) {
      if (guest->has_tried_both) leave(quay, guest, true);
      else reach(quay, guest, AF_INET6);
      return;
    }
    guest->is_connecting = false;
    lane_open(&guest->up, guest->client, guest->upstream, LANE_NO_END);
    lane_open(&guest->down, guest->upstream, guest->client, LANE_NO_END);
    watch(quay, guest->client, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, GUEST, guest->id);
  }
  bool more_up = lane_move(&guest->up), more_down = lane_move(&guest->down);
  /* A server that has heard enough still answers; a guest who is gone hears nothing more. */
  bool is_broken = guest->down.has_failed || (guest->up.has_failed && is_gone(guest->client));
  if (is_broken || (guest->down.is_done && (guest->up.is_done || guest->up.has_failed))) return leave(quay, guest, is_broken);
  if (more_up || more_down) {
    guest->is_due = true;
    quay->due++;
  }
}

static bool is_gone(int socket) {
  struct pollfd state = {.fd = socket};
  return poll(&state, 1, 0) > 0 && (state.revents & (POLLERR | POLLHUP));
}

/* What broke off must not look like an end. */
static void leave(struct quay *quay, struct guest *guest, bool is_broken) {
  if (guest->is_due) quay->due--;
  if (is_broken) setsockopt(guest->client, SOL_SOCKET, SO_LINGER, &(struct linger){.l_onoff = 1}, sizeof(struct linger));
  if (is_broken && guest->upstream >= 0) setsockopt(guest->upstream, SOL_SOCKET, SO_LINGER, &(struct linger){.l_onoff = 1}, sizeof(struct linger));
  close(guest->client);
  if (guest->upstream >= 0) close(guest->upstream);
  *guest = (struct guest){.id = 0};
  quay->count--;
  berths_watch(quay, true);
}

static struct guest *find(struct quay *quay, uint32_t id) {
  struct guest *guest = &quay->guests[id & (GUESTS_MAX - 1)];
  return id && guest->id == id ? guest : NULL;
}
