/* The ferry: carries what the daemon lets through, and understands none of it. Its doors are listening sockets of the
 * sandbox's own loopback, made by I and handed out: the ferry itself stays on the host, so that nothing of it is inside
 * the run's reach. The daemon is the head at the other end of the channel: it reads a visitor's first words, decides, and
 * names the address. Connections are lanes.c's; here are the channel and the visitors.
 *
 * Frames, both ways: u32 little-endian length of the rest, u8 verb, u32 little-endian visitor, then the verb's own.
 *   to the daemon: n port(u16)  d bytes  e (the client says no more)  s (sent)  k (connected)  x errno(u32)  f up(u64) down(u64)
 *   to the ferry:  r (read)  w bytes (to the client)  u bytes (to the upstream)  o port(u16 big-endian) address(4 or 16 bytes)
 *                  c most(u64: so many bytes up, then no more)  z (close)
 * A visitor has at most one of r, w, u, o open; its answer comes before the next is asked. The last about each is f. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include "launch-ferry.h"

enum { VISITORS_MAX = 1024, SLOT_BITS = 10, FRAME_MAX = 64 * 1024, HEAD = 9, READ_MOST = 16 * 1024, EVENTS = 64 };

/* What an epoll event is about: the channel, a door, or one side of a visitor. */
enum about { CHANNEL, DOOR, CLIENT, UPSTREAM };

struct visitor {
  uint32_t id; /* slot and turn; 0: the slot is free */
  int client, upstream; /* -1: none */
  bool wants_read, is_connecting, is_carrying, is_due;
  char *sending; /* what of w or u has not gone yet */
  size_t sent, to_send;
  int sending_to;
  struct lane up, down;
};

struct ferry {
  int poll, channel;
  const struct door *doors;
  size_t door_count, count;
  bool is_shut; /* no slot is free: who knocks waits outside */
  uint32_t turn;
  size_t due; /* visitors with more to move than one turn gave them */
  struct visitor visitors[VISITORS_MAX];
  size_t have;
  unsigned char frame[4 + FRAME_MAX];
};

static void watch(struct ferry *ferry, int fd, uint32_t events, enum about about, uint32_t detail);
static void hear_channel(struct ferry *ferry);
static void obey(struct ferry *ferry, unsigned char verb, struct visitor *visitor, const unsigned char *rest, size_t length);
static void let_in(struct ferry *ferry, size_t door);
static void doors_watch(struct ferry *ferry, bool is_open);
static void connect_to(struct ferry *ferry, struct visitor *visitor, const unsigned char *where, size_t length);
static void move_on(struct ferry *ferry, struct visitor *visitor);
static void say(struct ferry *ferry, unsigned char verb, uint32_t id, const void *rest, size_t length);
static void say_errno(struct ferry *ferry, uint32_t id, int number);
static void leave(struct ferry *ferry, struct visitor *visitor);
static struct visitor *find(struct ferry *ferry, uint32_t id);

_Noreturn void ferry_main(const struct door *doors, size_t count, int channel) {
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  prctl(PR_SET_NAME, "nexus-ferry");
  struct rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }
  static struct ferry ferry;
  ferry = (struct ferry){.poll = epoll_create1(EPOLL_CLOEXEC), .channel = channel, .doors = doors, .door_count = count};
  if (ferry.poll < 0) _exit(1);
  fcntl(channel, F_SETFL, fcntl(channel, F_GETFL) | O_NONBLOCK);
  watch(&ferry, channel, EPOLLIN, CHANNEL, 0);
  for (size_t i = 0; i < count; i++) watch(&ferry, doors[i].socket, EPOLLIN, DOOR, (uint32_t)i);
  for (;;) {
    struct epoll_event events[EVENTS];
    int ready = epoll_wait(ferry.poll, events, EVENTS, ferry.due ? 0 : -1);
    if (ready < 0 && errno != EINTR) _exit(1);
    for (int i = 0; i < ready; i++) {
      enum about about = (enum about)(events[i].data.u64 >> 32);
      uint32_t detail = (uint32_t)events[i].data.u64;
      if (about == CHANNEL) hear_channel(&ferry);
      else if (about == DOOR) let_in(&ferry, detail);
      else {
        struct visitor *visitor = find(&ferry, detail);
        if (visitor) move_on(&ferry, visitor);
      }
    }
    for (size_t i = 0; i < VISITORS_MAX && ferry.due; i++) if (ferry.visitors[i].id && ferry.visitors[i].is_due) move_on(&ferry, &ferry.visitors[i]);
  }
}

static void watch(struct ferry *ferry, int fd, uint32_t events, enum about about, uint32_t detail) {
  struct epoll_event event = {.events = events, .data.u64 = (uint64_t)about << 32 | detail};
  if (epoll_ctl(ferry->poll, EPOLL_CTL_ADD, fd, &event) != 0) _exit(1);
}

/* When the daemon is gone, nobody decides any more. */
static void hear_channel(struct ferry *ferry) {
  ssize_t got = read(ferry->channel, ferry->frame + ferry->have, sizeof ferry->frame - ferry->have);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) _exit(0);
  ferry->have += (size_t)got;
  size_t at = 0;
  while (ferry->have - at >= 4) {
    const unsigned char *frame = ferry->frame + at;
    size_t length = frame[0] | (size_t)frame[1] << 8 | (size_t)frame[2] << 16 | (size_t)frame[3] << 24;
    if (length < HEAD - 4 || length > FRAME_MAX) _exit(1);
    if (ferry->have - at < 4 + length) break;
    uint32_t id = frame[5] | (uint32_t)frame[6] << 8 | (uint32_t)frame[7] << 16 | (uint32_t)frame[8] << 24;
    struct visitor *visitor = find(ferry, id);
    /* One that has left meanwhile hears nothing more. */
    if (visitor) obey(ferry, frame[4], visitor, frame + HEAD, length - (HEAD - 4));
    at += 4 + length;
  }
  ferry->have -= at;
  memmove(ferry->frame, ferry->frame + at, ferry->have);
}

static void obey(struct ferry *ferry, unsigned char verb, struct visitor *visitor, const unsigned char *rest, size_t length) {
  switch (verb) {
  case 'r':
    visitor->wants_read = true;
    break;
  case 'w':
  case 'u':
    free(visitor->sending);
    visitor->sending = malloc(length ? length : 1);
    if (!visitor->sending) return leave(ferry, visitor);
    memcpy(visitor->sending, rest, length);
    visitor->sent = 0;
    visitor->to_send = length;
    visitor->sending_to = verb == 'w' ? visitor->client : visitor->upstream;
    break;
  case 'o':
    connect_to(ferry, visitor, rest, length);
    return;
  case 'c': {
    uint64_t most = 0;
    for (size_t i = 0; i < 8 && i < length; i++) most |= (uint64_t)rest[i] << (8 * i);
    visitor->is_carrying = true;
    lane_open(&visitor->up, visitor->client, visitor->upstream, most);
    lane_open(&visitor->down, visitor->upstream, visitor->client, LANE_NO_END);
    break;
  }
  default:
    return leave(ferry, visitor);
  }
  move_on(ferry, visitor);
}

static void let_in(struct ferry *ferry, size_t door) {
  while (ferry->count < VISITORS_MAX) {
    int client = accept4(ferry->doors[door].socket, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (client < 0 && (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)) return;
    if (client < 0) break; /* no descriptor, no memory: until somebody leaves */
    uint32_t slot = 0;
    while (ferry->visitors[slot].id) slot++;
    /* Never 0, and not soon the same again: a late word about the one before must not reach this one. */
    ferry->turn = (ferry->turn + 1) & (UINT32_MAX >> SLOT_BITS);
    if (!ferry->turn) ferry->turn = 1;
    struct visitor *visitor = &ferry->visitors[slot];
    *visitor = (struct visitor){.id = ferry->turn << SLOT_BITS | slot, .client = client, .upstream = -1};
    ferry->count++;
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    watch(ferry, client, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, CLIENT, visitor->id);
    uint16_t port = ferry->doors[door].port;
    say(ferry, 'n', visitor->id, (unsigned char[]){port & 0xff, port >> 8}, 2);
  }
  doors_watch(ferry, false);
}

static void doors_watch(struct ferry *ferry, bool is_open) {
  if (ferry->is_shut != is_open) return;
  ferry->is_shut = !is_open;
  for (size_t i = 0; i < ferry->door_count; i++) {
    struct epoll_event event = {.events = is_open ? EPOLLIN : 0, .data.u64 = (uint64_t)DOOR << 32 | i};
    epoll_ctl(ferry->poll, EPOLL_CTL_MOD, ferry->doors[i].socket, &event);
  }
}

static void connect_to(struct ferry *ferry, struct visitor *visitor, const unsigned char *where, size_t length) {
  struct sockaddr_in four = {.sin_family = AF_INET};
  struct sockaddr_in6 six = {.sin6_family = AF_INET6};
  bool is_four = length == 2 + 4;
  if (!is_four && length != 2 + 16) return say_errno(ferry, visitor->id, EINVAL);
  memcpy(is_four ? (void *)&four.sin_port : (void *)&six.sin6_port, where, 2);
  memcpy(is_four ? (void *)&four.sin_addr : (void *)&six.sin6_addr, where + 2, length - 2);
  if (visitor->upstream >= 0) close(visitor->upstream);
  visitor->upstream = socket(is_four ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (visitor->upstream < 0) return say_errno(ferry, visitor->id, errno);
  setsockopt(visitor->upstream, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
  setsockopt(visitor->upstream, SOL_SOCKET, SO_KEEPALIVE, &(int){1}, sizeof(int));
  int done = connect(visitor->upstream, is_four ? (struct sockaddr *)&four : (struct sockaddr *)&six, is_four ? sizeof four : sizeof six);
  if (done != 0 && errno != EINPROGRESS) return say_errno(ferry, visitor->id, errno);
  visitor->is_connecting = true;
  watch(ferry, visitor->upstream, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, UPSTREAM, visitor->id);
}

/* Something about this visitor may have changed: does what waits for it, as far as it goes without waiting. */
static void move_on(struct ferry *ferry, struct visitor *visitor) {
  if (visitor->is_due) {
    visitor->is_due = false;
    ferry->due--;
  }
  if (visitor->is_connecting) {
    int number = 0;
    socklen_t size = sizeof number;
    struct pollfd ready = {.fd = visitor->upstream, .events = POLLOUT};
    if (poll(&ready, 1, 0) > 0 && getsockopt(visitor->upstream, SOL_SOCKET, SO_ERROR, &number, &size) == 0) {
      visitor->is_connecting = false;
      if (number) say_errno(ferry, visitor->id, number);
      else say(ferry, 'k', visitor->id, NULL, 0);
    }
  }
  if (visitor->sending) {
    while (visitor->sent < visitor->to_send) {
      ssize_t put = send(visitor->sending_to, visitor->sending + visitor->sent, visitor->to_send - visitor->sent, MSG_NOSIGNAL);
      if (put < 0 && errno == EAGAIN) break;
      if (put < 0) return leave(ferry, visitor);
      visitor->sent += (size_t)put;
    }
    if (visitor->sent == visitor->to_send) {
      free(visitor->sending);
      visitor->sending = NULL;
      say(ferry, 's', visitor->id, NULL, 0);
    }
  }
  if (visitor->wants_read) {
    char bytes[READ_MOST];
    ssize_t got = recv(visitor->client, bytes, sizeof bytes, 0);
    if (got >= 0 || errno != EAGAIN) {
      visitor->wants_read = false;
      say(ferry, got > 0 ? 'd' : 'e', visitor->id, bytes, got > 0 ? (size_t)got : 0);
    }
  }
  if (!visitor->is_carrying) return;
  bool more_up = lane_move(&visitor->up), more_down = lane_move(&visitor->down);
  if (visitor->up.has_failed || visitor->down.has_failed || (visitor->down.is_done && (visitor->up.is_done || visitor->up.most != LANE_NO_END))) return leave(ferry, visitor);
  if (more_up || more_down) {
    visitor->is_due = true;
    ferry->due++;
  }
}

/* The daemon takes what it is told as it comes; the ferry waits for it rather than to keep it. */
static void say(struct ferry *ferry, unsigned char verb, uint32_t id, const void *rest, size_t length) {
  unsigned char frame[HEAD + READ_MOST];
  uint32_t whole = (uint32_t)(HEAD - 4 + length);
  for (int i = 0; i < 4; i++) frame[i] = (unsigned char)(whole >> (8 * i));
  frame[4] = verb;
  for (int i = 0; i < 4; i++) frame[5 + i] = (unsigned char)(id >> (8 * i));
  if (length) memcpy(frame + HEAD, rest, length);
  for (size_t told = 0; told < HEAD + length;) {
    ssize_t put = send(ferry->channel, frame + told, HEAD + length - told, MSG_NOSIGNAL);
    if (put > 0) told += (size_t)put;
    else if (errno == EAGAIN) poll(&(struct pollfd){.fd = ferry->channel, .events = POLLOUT}, 1, -1);
    else if (errno != EINTR) _exit(0);
  }
}

static void say_errno(struct ferry *ferry, uint32_t id, int number) {
  say(ferry, 'x', id, (unsigned char[]){number & 0xff, number >> 8 & 0xff, 0, 0}, 4);
}

/* For good; the daemon hears how much was carried. */
static void leave(struct ferry *ferry, struct visitor *visitor) {
  unsigned char amounts[16];
  for (int i = 0; i < 8; i++) amounts[i] = (unsigned char)(visitor->up.moved >> (8 * i)), amounts[8 + i] = (unsigned char)(visitor->down.moved >> (8 * i));
  uint32_t id = visitor->id;
  if (visitor->is_due) ferry->due--;
  /* Bytes that nobody has read would turn this end into a reset, and that could overtake the answer. */
  shutdown(visitor->client, SHUT_WR);
  char unread[READ_MOST];
  for (int i = 0; i < 64 && recv(visitor->client, unread, sizeof unread, 0) > 0; i++) continue;
  close(visitor->client);
  if (visitor->upstream >= 0) close(visitor->upstream);
  free(visitor->sending);
  *visitor = (struct visitor){.id = 0};
  ferry->count--;
  say(ferry, 'f', id, amounts, sizeof amounts);
  doors_watch(ferry, true);
}

static struct visitor *find(struct ferry *ferry, uint32_t id) {
  struct visitor *visitor = &ferry->visitors[id & (VISITORS_MAX - 1)];
  return id && visitor->id == id ? visitor : NULL;
}
