/* One direction of bytes between the daemon and the command: reads only when the last bytes are gone, so a slow
 * reader slows the writer and nothing piles up here. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>
#include "launch.h"

static void end_of_input(struct stream *stream);
static void end_of_output(struct stream *stream);
static void close_end(int *fd);

void stream_open(struct stream *stream, int from, int to) {
  stream->from = from;
  stream->to = to;
  stream->start = stream->length = 0;
  stream->is_terminal_input = false;
  fcntl(from, F_SETFL, fcntl(from, F_GETFL) | O_NONBLOCK);
  fcntl(to, F_SETFL, fcntl(to, F_GETFL) | O_NONBLOCK);
}

void stream_wants(const struct stream *stream, struct pollfd *wanted) {
  wanted->fd = stream->length > 0 ? stream->to : stream->from;
  wanted->events = stream->length > 0 ? POLLOUT : POLLIN;
  wanted->revents = 0;
}

bool stream_move(struct stream *stream) {
  if (stream->length == 0 && stream->from >= 0) {
    ssize_t got = read(stream->from, stream->buffer, sizeof stream->buffer);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    /* EIO: every descriptor of the terminal's other side is closed. */
    if (got <= 0) {
      end_of_input(stream);
      return true;
    }
    stream->start = 0;
    stream->length = (size_t)got;
  }
  if (stream->length == 0 || stream->to < 0) return false;
  ssize_t put = write(stream->to, stream->buffer + stream->start, stream->length);
  if (put < 0) {
    if (errno == EAGAIN || errno == EINTR) return false;
    end_of_output(stream);
    return true;
  }
  stream->start += (size_t)put;
  stream->length -= (size_t)put;
  return true;
}

bool stream_is_done(const struct stream *stream) {
  return stream->from < 0;
}

static void end_of_input(struct stream *stream) {
  close_end(&stream->from);
  if (!stream->is_terminal_input) {
    close_end(&stream->to);
    return;
  }
  /* A terminal has no end of file; its end-of-file character says the same to a program that reads lines. */
  struct termios mode;
  if (tcgetattr(stream->to, &mode) != 0 || !(mode.c_lflag & ICANON)) return;
  unsigned char character = mode.c_cc[VEOF];
  if (write(stream->to, &character, 1) < 0) return; /* a full terminal buffer: nobody is reading lines */
}

/* The reader is gone: the writer must learn it (SIGPIPE), not fill a buffer for nobody. */
static void end_of_output(struct stream *stream) {
  stream->length = 0;
  close_end(&stream->from);
  close_end(&stream->to);
}

static void close_end(int *fd) {
  if (*fd >= 0) close(*fd);
  *fd = -1;
}
