/* What I tells L: records over a SOCK_SEQPACKET pair, one of them with the terminal's master descriptor. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "launch.h"

/* I is one process with one life and one listener; every step of its building may have to end it. */
static int listener = -1;

void report_to(int socket) {
  listener = socket;
}

bool report_send(const struct report *report, int passed_fd) {
  return descriptor_send(listener, report, sizeof *report, passed_fd);
}

int report_receive(int socket, struct report *report, int *passed_fd) {
  ssize_t got = descriptor_receive(socket, report, sizeof *report, MSG_DONTWAIT, passed_fd);
  if (got < 0) return errno == EAGAIN || errno == EINTR ? -1 : 0;
  bool is_whole = got == (ssize_t)sizeof *report;
  /* Only these bring a descriptor along, and only whole. */
  if (*passed_fd >= 0 && (!is_whole || (report->kind != REPORT_TERMINAL && report->kind != REPORT_DOOR))) {
    close(*passed_fd);
    *passed_fd = -1;
  }
  if (!is_whole) return 0;
  /* Whoever sent it is on the other side of a wall. */
  report->step[sizeof report->step - 1] = report->text[sizeof report->text - 1] = '\0';
  return 1;
}

bool descriptor_send(int socket, const void *bytes, size_t length, int passed_fd) {
  char control[CMSG_SPACE(sizeof(int))] = {0};
  struct iovec body = {.iov_base = (void *)bytes, .iov_len = length};
  struct msghdr message = {.msg_iov = &body, .msg_iovlen = 1};
  if (passed_fd >= 0) {
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &passed_fd, sizeof passed_fd);
  }
  return sendmsg(socket, &message, MSG_NOSIGNAL) == (ssize_t)length;
}

ssize_t descriptor_receive(int socket, void *bytes, size_t length, int flags, int *passed_fd) {
  char control[CMSG_SPACE(sizeof(int))];
  struct iovec body = {.iov_base = bytes, .iov_len = length};
  struct msghdr message = {.msg_iov = &body, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  ssize_t got = recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC);
  *passed_fd = -1;
  if (got < 0) return got;
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) memcpy(passed_fd, CMSG_DATA(header), sizeof *passed_fd);
  return got;
}

/* Unsigned on the way: what I reports may be any number. */
long long microseconds(struct timeval spent) {
  return (long long)((unsigned long long)spent.tv_sec * 1000000 + (unsigned long long)spent.tv_usec);
}

_Noreturn void fail(const char *step, const char *detail) {
  struct report report = {.kind = REPORT_FAILED, .number = errno};
  snprintf(report.step, sizeof report.step, "%s", step);
  if (detail) snprintf(report.text, sizeof report.text, "%s: %s", strerror(report.number), detail);
  else snprintf(report.text, sizeof report.text, "%s", strerror(report.number));
  report_send(&report, -1);
  _exit(1);
}
