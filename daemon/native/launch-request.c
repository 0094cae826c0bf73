/* The daemon's request: a table of keys, and a parser that refuses whatever is not in it.
 * Bytes: u32 little-endian length, then NUL-ended keys and values in turn; the first pair is protocol. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "launch.h"
#include "launch-ferry.h"
#include "nexus-native.h"

enum kind { TEXT, PATH, NUMBER, TEXTS, PATHS };

struct key {
  const char *name;
  enum kind kind;
  size_t offset;
  const char *allowed; /* TEXT: the words, between spaces */
  long most;           /* NUMBER: largest value; lists: most entries */
};

#define AT(field) offsetof(struct launch_request, field)

static const struct key KEYS[] = {
  {"argv", TEXTS, AT(argv), NULL, 1 << 16},
  {"env", TEXTS, AT(env), NULL, 1 << 14},
  {"cwd", PATH, AT(cwd), NULL, 0},
  {"umask", NUMBER, AT(umask), NULL, 0777},
  {"timeout_ms", NUMBER, AT(timeout_ms), NULL, 31L * 24 * 3600 * 1000},
  {"processes", NUMBER, AT(processes), NULL, 1L << 22},
  {"cpus", NUMBER, AT(cpus), NULL, 1L << 16},
  {"rows", NUMBER, AT(rows), NULL, 0xffff},
  {"cols", NUMBER, AT(cols), NULL, 0xffff},
  {"net", TEXT, AT(net), " off on ", 0},
  {"door", TEXTS, AT(doors), NULL, DOORS_MAX},
  {"stdin", TEXT, AT(stdin_from), " null pipe ", 0},
  {"backend", TEXT, AT(backend), " overlay copy ", 0},
  {"xattrs", TEXT, AT(xattrs), " trusted user ", 0},
  {"project", PATH, AT(project), NULL, 0},
  {"upper", PATH, AT(upper), NULL, 0},
  {"work", PATH, AT(work), NULL, 0},
  {"parent", PATHS, AT(parents), NULL, 64},
  {"home", PATH, AT(home), NULL, 0},
  {"home_from", PATH, AT(home_from), NULL, 0},
  {"tmp_from", PATH, AT(tmp_from), NULL, 0},
  {"vartmp_from", PATH, AT(vartmp_from), NULL, 0},
  {"readonly", PATHS, AT(readonly), NULL, 256},
  {"silent", PATHS, AT(silent), NULL, 512},
  {"bind_from", PATHS, AT(bind_from), NULL, 64},
  {"bind_to", PATHS, AT(bind_to), NULL, 64},
  {"hide", PATHS, AT(hide), NULL, 1024},
  {"mask", PATHS, AT(mask), NULL, 1024},
  {"deny", PATHS, AT(deny), NULL, 1024},
  {"calls", TEXT, AT(calls), " filtered nested all ", 0},
  {"landlock", TEXT, AT(landlock), " scoped on off ", 0},
  {"renames", TEXT, AT(renames), " plain watched ", 0},
};

static const char *read_exactly(int fd, void *into, size_t length);
static const char *next_pair(char **cursor, char *end, char **key, char **value);
static const char *store(struct launch_request *request, const struct key *key, char *value);
static const char *add(struct text_list *list, char *text, long most);
static const char *number_in(const char *text, long most, long *number);
static const char *complete(const struct launch_request *request);

const char *request_read(int fd, struct launch_request *request) {
  memset(request, 0, sizeof *request);
  unsigned char header[4];
  const char *refusal = read_exactly(fd, header, sizeof header);
  if (refusal) return refusal;
  size_t length = header[0] | (size_t)header[1] << 8 | (size_t)header[2] << 16 | (size_t)header[3] << 24;
  if (length == 0) return "empty";
  if (length > REQUEST_BYTES_MAX) return "oversized";
  char *bytes = malloc(length);
  if (!bytes) return "out-of-memory";
  refusal = read_exactly(fd, bytes, length);
  if (!refusal) return request_parse(bytes, length, request);
  free(bytes);
  return refusal;
}

/* Takes over `bytes`, which must come from malloc. */
const char *request_parse(char *bytes, size_t length, struct launch_request *request) {
  memset(request, 0, sizeof *request);
  request->bytes = bytes;
  request->umask = -1;
  if (length == 0 || bytes[length - 1] != '\0') return "unterminated";
  char *cursor = bytes, *end = bytes + length, *name, *value;
  const char *refusal = next_pair(&cursor, end, &name, &value);
  if (refusal) return refusal;
  long protocol;
  if (strcmp(name, "protocol") != 0) return "no-protocol";
  if (number_in(value, 1 << 20, &protocol) || protocol != NEXUS_NATIVE_PROTOCOL) return "wrong-protocol";
  uint64_t seen = 0;
  while (cursor < end) {
    if ((refusal = next_pair(&cursor, end, &name, &value))) return refusal;
    const struct key *key = NULL;
    for (size_t i = 0; i < sizeof KEYS / sizeof *KEYS && !key; i++) if (strcmp(KEYS[i].name, name) == 0) key = &KEYS[i];
    if (!key) return "unknown-key";
    uint64_t bit = 1ull << (key - KEYS);
    if ((seen & bit) && key->kind != TEXTS && key->kind != PATHS) return "repeated-key";
    seen |= bit;
    if ((refusal = store(request, key, value))) return refusal;
  }
  return complete(request);
}

void request_free(struct launch_request *request) {
  for (size_t i = 0; i < sizeof KEYS / sizeof *KEYS; i++) {
    if (KEYS[i].kind == TEXTS || KEYS[i].kind == PATHS) free(((struct text_list *)((char *)request + KEYS[i].offset))->items);
  }
  free(request->bytes);
  memset(request, 0, sizeof *request);
}

const char *frame_parse(char *bytes, size_t length, struct launch_frame *frame) {
  memset(frame, 0, sizeof *frame);
  if (length == 0 || bytes[length - 1] != '\0') return "unterminated";
  char *cursor = bytes, *end = bytes + length, *name, *value;
  const char *refusal = next_pair(&cursor, end, &name, &value);
  if (refusal) return refusal;
  if (strcmp(name, "do") != 0) return "no-verb";
  if (strcmp(value, "kill") == 0) frame->kind = FRAME_KILL;
  else if (strcmp(value, "term") == 0) frame->kind = FRAME_TERM;
  else if (strcmp(value, "resize") == 0) frame->kind = FRAME_RESIZE;
  else if (strcmp(value, "publish") == 0) frame->kind = FRAME_PUBLISH;
  else if (strcmp(value, "withdraw") == 0) frame->kind = FRAME_WITHDRAW;
  else return "unknown-verb";
  const struct { const char *name; long *into; bool is_wanted; } numbers[] = {
    {"rows", &frame->rows, frame->kind == FRAME_RESIZE},
    {"cols", &frame->cols, frame->kind == FRAME_RESIZE},
    {"host", &frame->host, frame->kind == FRAME_PUBLISH || frame->kind == FRAME_WITHDRAW},
    {"inside", &frame->inside, frame->kind == FRAME_PUBLISH},
  };
  enum { NUMBERS = sizeof numbers / sizeof *numbers };
  while (cursor < end) {
    if ((refusal = next_pair(&cursor, end, &name, &value))) return refusal;
    long *into = NULL;
    for (int i = 0; i < NUMBERS; i++) if (numbers[i].is_wanted && strcmp(name, numbers[i].name) == 0) into = numbers[i].into;
    if (!into) return "unknown-key";
    if (*into) return "repeated-key";
    if (number_in(value, 0xffff, into) || *into == 0) return "bad-number";
  }
  for (int i = 0; i < NUMBERS; i++) if (numbers[i].is_wanted && *numbers[i].into == 0) return "missing-key";
  return NULL;
}

static const char *read_exactly(int fd, void *into, size_t length) {
  for (size_t have = 0; have < length;) {
    ssize_t got = read(fd, (char *)into + have, length - have);
    if (got == 0) return "truncated";
    if (got > 0) have += (size_t)got;
    else if (errno == EAGAIN) poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, -1);
    else if (errno != EINTR) return "unreadable";
  }
  return NULL;
}

/* The caller has checked that the last byte before `end` is NUL, so strlen stays inside. */
static const char *next_pair(char **cursor, char *end, char **key, char **value) {
  *key = *cursor;
  *value = *key + strlen(*key) + 1;
  if (*value >= end) return "key-without-value";
  *cursor = *value + strlen(*value) + 1;
  return NULL;
}

static const char *store(struct launch_request *request, const struct key *key, char *value) {
  void *field = (char *)request + key->offset;
  if ((key->kind == PATH || key->kind == PATHS) && value[0] != '/') return "path-not-absolute";
  switch (key->kind) {
  case TEXTS:
  case PATHS:
    return add(field, value, key->most);
  case NUMBER:
    return number_in(value, key->most, field);
  case TEXT: {
    const char *found = value[0] && !strchr(value, ' ') ? strstr(key->allowed, value) : NULL;
    if (!found || found[-1] != ' ' || found[strlen(value)] != ' ') return "unknown-word";
    break;
  }
  case PATH:
    break;
  }
  *(char **)field = value;
  return NULL;
}

static const char *add(struct text_list *list, char *text, long most) {
  if (list->count >= (size_t)most) return "too-many";
  /* Room is doubled whenever the count (with its closing NULL) reaches a power of two. */
  if ((list->count & (list->count + 1)) == 0) {
    char **larger = realloc(list->items, 2 * (list->count + 1) * sizeof *larger);
    if (!larger) return "out-of-memory";
    list->items = larger;
  }
  list->items[list->count++] = text;
  list->items[list->count] = NULL;
  return NULL;
}

static const char *number_in(const char *text, long most, long *number) {
  long sum = 0;
  if (!*text) return "bad-number";
  for (; *text; text++) {
    if (*text < '0' || *text > '9') return "bad-number";
    sum = sum * 10 + (*text - '0');
    if (sum > most) return "number-too-large";
  }
  *number = sum;
  return NULL;
}

static const char *complete(const struct launch_request *request) {
  bool is_overlay = request->backend && strcmp(request->backend, "overlay") == 0;
  if (!request->argv.count || !request->cwd || request->umask < 0 || !request->net || !request->stdin_from || !request->calls || !request->landlock || !request->renames) return "missing-key";
  if (!request->backend || !request->project || !request->upper || !request->tmp_from || !request->vartmp_from) return "missing-key";
  if (is_overlay && (!request->work || !request->xattrs)) return "missing-key";
  if (!is_overlay && (request->work || request->xattrs || request->parents.count)) return "key-of-overlay";
  if (strcmp(request->renames, "watched") == 0 && (!is_overlay || strcmp(request->calls, "all") == 0)) return "renames-unfiltered";
  if (!request->home != !request->home_from || !request->rows != !request->cols) return "half-a-pair";
  if (request->bind_from.count != request->bind_to.count) return "half-a-pair";
  if (request->doors.count && strcmp(request->net, "off") != 0) return "door-of-the-host";
  for (size_t i = 0; i < request->doors.count; i++) {
    long port;
    const char *refusal = number_in(request->doors.items[i], 0xffff, &port);
    if (refusal || port == 0) return refusal ? refusal : "bad-number";
  }
  return NULL;
}
