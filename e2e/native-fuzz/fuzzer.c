/* Arguments: seed, inputs, an empty folder. Started as pid 1 of a pid and a mount namespace of its own (and, by whoever is
 * not root, a user namespace): it mounts a tmpfs over the folder and makes it its root, so that no request, however it is
 * damaged, names anything of the machine. The same seed gives the same inputs. Ends with 0 and a line of counts; the
 * sanitizers end it otherwise, a hang with 3, descriptors that are left open with 4. */
#define _GNU_SOURCE
#include "fuzzer.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sanitizer/lsan_interface.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define CORPUS_MAX 4096
#define EDGES 65536
#define HANG_SECONDS 20
#define LEAKS_EVERY 5000
#define STREAM_MAX (FRAMES_MAX * (FRAME_MAX + 4))

static struct input *corpus[CORPUS_MAX];
static size_t corpus_count;
static unsigned char hit[EDGES], seen[EDGES];
static uint64_t chance;
static unsigned long at;
static int messages;

/* ---- Coverage: gcc calls this at every edge of what is compiled with -fsanitize-coverage=trace-pc ---- */

void __sanitizer_cov_trace_pc(void);
void __sanitizer_cov_trace_pc(void) {
  /* Relative, so that a seed means the same wherever the program is loaded. */
  static uintptr_t previous;
  uintptr_t here = ((uintptr_t)__builtin_return_address(0) - (uintptr_t)&target_take) & 0xffffff;
  hit[(here ^ previous) % EDGES] = 1;
  previous = here >> 1;
}

static bool is_new(void) {
  bool found = false;
  for (size_t i = 0; i < EDGES; i++) {
    if (hit[i] && !seen[i]) seen[i] = 1, found = true;
    hit[i] = 0;
  }
  return found;
}

/* ---- Chance (splitmix64) ---- */

static uint64_t draw(void) {
  uint64_t mixed = (chance += 0x9e3779b97f4a7c15u);
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
  return mixed ^ (mixed >> 31);
}

static size_t below(size_t end) { return end ? draw() % end : 0; }

/* ---- Mutation ---- */

void add_frame(struct input *input, const void *bytes, size_t length) {
  if (input->count == FRAMES_MAX || length > FRAME_MAX) return;
  struct frame *frame = &input->frames[input->count++];
  frame->length = length;
  memcpy(frame->bytes, bytes, length);
}

static void replace(struct frame *frame, size_t from, size_t gone, const void *bytes, size_t length) {
  if (frame->length - gone + length > FRAME_MAX) return;
  memmove(frame->bytes + from + length, frame->bytes + from + gone, frame->length - from - gone);
  memcpy(frame->bytes + from, bytes, length);
  frame->length += length - gone;
}

static void put_token(struct frame *frame) {
  size_t count = 0;
  while (TARGET_TOKENS[count].bytes) count++;
  const struct token *token = &TARGET_TOKENS[below(count)];
  size_t from = below(frame->length + 1), left = frame->length - from;
  replace(frame, from, below(2) ? 0 : token->length < left ? token->length : left, token->bytes, token->length);
}

static void put_number(struct frame *frame) {
  static const uint32_t numbers[] = {0, 1, 2, 4, 5, 127, 128, 255, 256, 4095, 4096, 65535, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff};
  uint32_t number = below(3) ? numbers[below(sizeof numbers / sizeof *numbers)] : (uint32_t)below(300);
  if (frame->length >= 4) memcpy(frame->bytes + below(frame->length - 3), &number, 4);
}

static void mutate_frame(struct frame *frame) {
  unsigned char bytes[64];
  size_t from = below(frame->length + 1), left = frame->length - from, run = below(sizeof bytes) + 1;
  switch (below(8)) {
  case 0:
    if (frame->length) frame->bytes[below(frame->length)] ^= (unsigned char)(1u << below(8));
    break;
  case 1:
    if (frame->length) frame->bytes[below(frame->length)] = (unsigned char)draw();
    break;
  case 2:
    replace(frame, from, run < left ? run : left, "", 0);
    break;
  case 3:
    memset(bytes, below(2) ? (int)draw() & 255 : 0, run);
    replace(frame, from, 0, bytes, run);
    break;
  case 4: {
    /* Again and again: lists, deep paths. */
    size_t length = run < left ? run : left;
    memcpy(bytes, frame->bytes + from, length);
    for (size_t times = below(60) + 1; times > 0; times--) replace(frame, from, 0, bytes, length);
    break;
  }
  case 5:
    put_number(frame);
    break;
  default:
    put_token(frame);
  }
}

static void mutate(struct input *input) {
  for (size_t rounds = below(4) + 1; rounds > 0; rounds--) {
    const struct input *other = corpus[below(corpus_count)];
    switch (below(8)) {
    case 0:
      if (other->count) {
        const struct frame *frame = &other->frames[below(other->count)];
        add_frame(input, frame->bytes, frame->length);
      }
      break;
    case 1:
      if (input->count > 1) {
        size_t gone = below(input->count);
        memmove(&input->frames[gone], &input->frames[gone + 1], (--input->count - gone) * sizeof *input->frames);
      }
      break;
    case 2:
      if (input->count > 1) {
        struct frame *one = &input->frames[below(input->count)], *two = &input->frames[below(input->count)], kept = *one;
        *one = *two;
        *two = kept;
      }
      break;
    default:
      if (input->count) mutate_frame(&input->frames[below(input->count)]);
    }
  }
}

/* Lengths are right most of the time; the stream may also end in the middle. */
static size_t stream_of(const struct input *input, unsigned char *stream) {
  size_t length = 0;
  for (size_t i = 0; i < input->count; i++) {
    uint32_t told = (uint32_t)input->frames[i].length;
    if (below(200) == 0) told = (uint32_t)draw() >> below(32);
    memcpy(stream + length, &told, 4);
    memcpy(stream + length + 4, input->frames[i].bytes, input->frames[i].length);
    length += 4 + input->frames[i].length;
  }
  return below(100) == 0 ? below(length + 1) : length;
}

/* ---- The place ---- */

static void must(bool done, const char *what) {
  if (done) return;
  dprintf(messages, "fuzzer: %s: %s\n", what, strerror(errno));
  _exit(2);
}

static void leave_machine(const char *folder) {
  must(getpid() == 1, "a pid namespace of its own");
  must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0, "private mounts");
  must(mount("fuzz", folder, "tmpfs", 0, "size=64m,mode=0777") == 0 && chdir(folder) == 0, "tmpfs");
  /* The helper names its own descriptors by it, and so does the search for leaks. */
  must(mkdir("proc", 0755) == 0 && mount("proc", "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) == 0, "proc");
  must(chroot(".") == 0 && chdir("/") == 0, "root");
  if (setgroups(0, NULL) == 0) must(setresgid(65534, 65534, 65534) == 0 && setresuid(65534, 65534, 65534) == 0, "nobody");
  must(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0, "dumpable");
}

static size_t open_descriptors(void) {
  DIR *folder = opendir("/proc/self/fd");
  must(folder != NULL, "descriptors");
  size_t count = 0;
  while (readdir(folder)) count++;
  closedir(folder);
  return count;
}

static void hang(int number) {
  (void)number;
  dprintf(messages, "fuzzer: input %lu takes more than %d seconds\n", at, HANG_SECONDS);
  _exit(3);
}

static void look_for_leaks(size_t descriptors) {
  if (__lsan_do_recoverable_leak_check()) {
    dprintf(messages, "fuzzer: leaked by one of the inputs before %lu\n", at);
    _exit(5);
  }
  size_t now = open_descriptors();
  if (now == descriptors) return;
  dprintf(messages, "fuzzer: %zu descriptors instead of %zu after input %lu\n", now, descriptors, at);
  _exit(4);
}

int main(int argc, char **argv) {
  /* Out of the way of the numbers that the programs take for theirs. */
  messages = fcntl(2, F_DUPFD_CLOEXEC, 200);
  must(argc == 4, "arguments");
  chance = strtoull(argv[1], NULL, 10);
  unsigned long inputs = strtoul(argv[2], NULL, 10);
  leave_machine(argv[3]);
  target_prepare();
  signal(SIGALRM, hang);
  static struct input next;
  static unsigned char stream[STREAM_MAX];
  for (size_t number = 0; next.count = 0, target_seed(number, &next); number++) {
    corpus[corpus_count] = malloc(sizeof next);
    must(corpus[corpus_count] != NULL, "memory");
    *corpus[corpus_count++] = next;
  }
  size_t seeds = corpus_count, descriptors = 0;
  for (at = 0; at < inputs; at++) {
    next = *corpus[at < seeds ? at : below(corpus_count)];
    if (at >= seeds) mutate(&next);
    size_t length = stream_of(&next, stream);
    unsigned char *exact = malloc(length ? length : 1);
    must(exact != NULL, "memory");
    memcpy(exact, stream, length);
    alarm(HANG_SECONDS);
    target_take(exact, length);
    alarm(0);
    free(exact);
    if (at == seeds) descriptors = open_descriptors();
    if (is_new() && at >= seeds && corpus_count < CORPUS_MAX && (corpus[corpus_count] = malloc(sizeof next))) *corpus[corpus_count++] = next;
    if (at > seeds && at % LEAKS_EVERY == 0) look_for_leaks(descriptors);
  }
  look_for_leaks(descriptors);
  size_t edges = 0;
  for (size_t i = 0; i < EDGES; i++) edges += seen[i];
  dprintf(messages, "%lu inputs, %zu kept, %zu edges\n", at, corpus_count - seeds, edges);
  /* What the corpus holds is no leak. */
  _exit(0);
}
