/* `nexus-native launch`: the request, the words that come later, and what the first process inside reports. Nothing is started. */
#define _GNU_SOURCE
#include "fuzzer.h"

#include "../../daemon/native/launch.c"

#include <fcntl.h>
#include <sys/mman.h>

static int requests;

#define TOKEN(text) {text, sizeof text - 1}
const struct token TARGET_TOKENS[] = {
  TOKEN("protocol\0"), TOKEN("argv\0/bin/true\0"), TOKEN("env\0A=b\0"), TOKEN("cwd\0/\0"), TOKEN("umask\0" "18\0"), TOKEN("timeout_ms\0" "5\0"), TOKEN("processes\0" "9\0"), TOKEN("cpus\0" "2\0"),
  TOKEN("rows\0" "24\0"), TOKEN("cols\0" "80\0"), TOKEN("net\0off\0"), TOKEN("net\0on\0"), TOKEN("stdin\0null\0"), TOKEN("stdin\0pipe\0"), TOKEN("backend\0overlay\0"), TOKEN("backend\0copy\0"),
  TOKEN("xattrs\0user\0"), TOKEN("project\0/p\0"), TOKEN("upper\0/u\0"), TOKEN("work\0/w\0"), TOKEN("parent\0/l\0"), TOKEN("home\0/h\0"), TOKEN("home_from\0/f\0"), TOKEN("tmp_from\0/t\0"),
  TOKEN("vartmp_from\0/v\0"), TOKEN("readonly\0/r\0"), TOKEN("bind_from\0/b\0"), TOKEN("bind_to\0/c\0"), TOKEN("hide\0/x\0"), TOKEN("mask\0/x\0"), TOKEN("deny\0/x\0"), TOKEN("calls\0filtered\0"), TOKEN("calls\0nested\0"), TOKEN("landlock\0scoped\0"),
  TOKEN("do\0kill\0"), TOKEN("do\0term\0"), TOKEN("do\0resize\0rows\0" "5\0cols\0" "6\0"), TOKEN("do\0publish\0host\0" "5\0inside\0" "6\0"), TOKEN("do\0withdraw\0host\0" "5\0"), TOKEN("\0"), TOKEN("99999999999999999999"), TOKEN(" "), TOKEN("of"), TOKEN("/"), {NULL, 0},
};

static const char PROTOCOL[] = {'p', 'r', 'o', 't', 'o', 'c', 'o', 'l', 0, '0' + NEXUS_NATIVE_PROTOCOL, 0};

/* The first frame is the request, the others are words. */
bool target_seed(size_t number, struct input *input) {
  static const char copy[] = "argv\0/bin/true\0env\0A=b\0cwd\0/\0umask\0" "18\0net\0off\0stdin\0null\0backend\0copy\0project\0/p\0upper\0/u\0tmp_from\0/t\0vartmp_from\0/v\0calls\0filtered\0landlock\0scoped";
  static const char overlay[] = "argv\0/bin/true\0argv\0x\0cwd\0/\0umask\0" "0\0timeout_ms\0" "5000\0rows\0" "24\0cols\0" "80\0net\0on\0stdin\0pipe\0backend\0overlay\0xattrs\0trusted\0project\0/p\0upper\0/u\0work\0/w\0"
    "parent\0/a\0parent\0/b\0home\0/h\0home_from\0/f\0tmp_from\0/t\0vartmp_from\0/v\0readonly\0/r\0bind_from\0/x\0bind_to\0/y\0hide\0/z\0processes\0" "9\0cpus\0" "2\0calls\0all\0landlock\0off";
  static const char *const bodies[] = {copy, overlay};
  static const size_t lengths[] = {sizeof copy, sizeof overlay};
  static const char resize[] = "do\0resize\0rows\0" "5\0cols\0" "6", term[] = "do\0term", end[] = "do\0kill";
  char request[2048];
  if (number > 1) return false;
  memcpy(request, PROTOCOL, sizeof PROTOCOL);
  memcpy(request + sizeof PROTOCOL, bodies[number], lengths[number]);
  add_frame(input, request, sizeof PROTOCOL + lengths[number]);
  add_frame(input, resize, sizeof resize);
  add_frame(input, term, sizeof term);
  if (number == 1) add_frame(input, end, sizeof end);
  return true;
}

void target_prepare(void) {
  int first = memfd_create("requests", 0);
  requests = fcntl(first, F_DUPFD, CONTROL + 100);
  close(first);
}

static void take_request(const unsigned char *stream, size_t length) {
  struct launch_request request;
  if (ftruncate(requests, 0) || pwrite(requests, stream, length, 0) != (ssize_t)length) abort();
  lseek(requests, 0, SEEK_SET);
  request_read(requests, &request);
  request_free(&request);
}

/* A run whose first process does not exist: signals reach nobody. */
static struct run *idle_run(void) {
  static struct run run;
  memset(&run, 0, sizeof run);
  run.init = 0x3ffffff;
  run.reports = run.master = run.init_ended = -1;
  for (int i = 0; i < STREAMS; i++) run.streams[i].from = run.streams[i].to = -1;
  run.request.stdin_from = (char *)"pipe";
  return &run;
}

static void take_words(const unsigned char *stream, size_t length) {
  struct run *run = idle_run();
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) || dup2(pair[0], CONTROL) != CONTROL) abort();
  if (pair[0] != CONTROL) close(pair[0]);
  if (send(pair[1], stream, length, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) length = 0;
  shutdown(pair[1], SHUT_WR);
  while (!run->is_orphan) hear_daemon(run);
  close(pair[1]);
  close(CONTROL);
}

static void take_reports(const unsigned char *stream, size_t length) {
  struct run *run = idle_run();
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair)) abort();
  run->reports = pair[0];
  for (size_t done = 0; done < length;) {
    struct report report = {0};
    size_t some = length - done < sizeof report ? length - done : sizeof report;
    memcpy(&report, stream + done, some);
    if (send(pair[1], &report, sizeof report, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) break;
    done += some;
  }
  close(pair[1]);
  while (run->reports >= 0) {
    hear_init(run);
    /* With doors in hand the start of a run would start a ferry. */
    run->doors.count = 0;
  }
  if (run->has_ended) report_end(run);
}

void target_take(const unsigned char *stream, size_t length) {
  uint32_t first = 0;
  if (length >= 4) memcpy(&first, stream, 4);
  take_request(stream, length);
  size_t rest = length >= 4 && first <= length - 4 ? 4 + first : 0;
  take_words(stream + rest, length - rest);
  take_reports(stream + rest, length - rest);
}
