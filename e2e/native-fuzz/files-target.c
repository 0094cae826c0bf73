/* `nexus-native files`: streams of requests, from the greeting on. */
#define _GNU_SOURCE
#include "fuzzer.h"

#include "../../daemon/native/files.c"

#include <dirent.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>

static int requests, answers;

#define TOKEN(text) {text, sizeof text - 1}
const struct token TARGET_TOKENS[] = {
  TOKEN("a"), TOKEN("a/b"), TOKEN("a/b/c"), TOKEN("file"), TOKEN("link"), TOKEN("fifo"), TOKEN(".."), TOKEN("."), TOKEN("/"), TOKEN("//"), TOKEN("\0"), TOKEN("x"), TOKEN("a/"), TOKEN("/tree"),
  TOKEN("\0\0\0\0"), TOKEN("\1\0\0\0a"), TOKEN("\4\0\0\0file"), TOKEN("\3\0\0\0a/b"), TOKEN("\0\0\0\0\0\0\0\0"), TOKEN("\0\0\0\0\1\0\0\0x"), TOKEN("\xff\xff\xff\xff"), TOKEN("user.x"), {NULL, 0},
};

static size_t text(unsigned char *bytes, const char *value) {
  uint32_t length = (uint32_t)strlen(value);
  memcpy(bytes, &length, 4);
  memcpy(bytes + 4, value, length);
  return 4 + length;
}

/* id, operation, then `places` times root 0 and a path, then `zeros` bytes of nothing. */
static void ask(struct input *input, int operation, int places, const char *const paths[], size_t zeros) {
  unsigned char bytes[512] = {7, 0, 0, 0, (unsigned char)operation};
  size_t length = 5;
  for (int i = 0; i < places; i++) {
    length += 4;
    length += text(bytes + length, paths[i]);
  }
  add_frame(input, bytes, length + zeros);
}

static void greet_and_open(struct input *input) {
  unsigned char hello[] = {1, 0, 0, 0, OP_HELLO, 'N', 'X', 'F', '1', NEXUS_NATIVE_PROTOCOL, 0, 0, 0}, root[32] = {2, 0, 0, 0, OP_ROOT};
  add_frame(input, hello, sizeof hello);
  add_frame(input, root, 5 + text(root + 5, "/tree"));
}

bool target_seed(size_t number, struct input *input) {
  static const struct { int operation, places; const char *paths[2]; size_t zeros; } SEEDS[] = {
    {OP_STAT, 1, {"a/b"}, 0}, {OP_STAT, 1, {"link"}, 0}, {OP_MKDIR, 1, {"new"}, 4}, {OP_SYMLINK, 1, {"newlink"}, 4}, {OP_LINK, 2, {"file", "x"}, 0}, {OP_COPY, 2, {"file", "y"}, 1},
    {OP_COPY, 2, {"sparse", "z"}, 1}, {OP_RENAME, 2, {"file", "a/file"}, 2}, {OP_RENAME, 2, {"x", "y"}, 38}, {OP_UNLINK, 1, {"x"}, 1}, {OP_UNLINK, 1, {"y"}, 37}, {OP_RMDIR, 1, {"new"}, 0},
    {OP_META, 1, {"file"}, 25}, {OP_META, 1, {""}, 25}, {OP_MARKS, 1, {"a"}, 1}, {OP_COPY_ATTRIBUTES, 2, {"file", "a"}, 0}, {OP_FSYNC, 1, {"a"}, 0}, {OP_SYNCFS, 1, {""}, 0}, {OP_LIST, 1, {""}, 0},
    {OP_LIST, 1, {"a/b"}, 0}, {OP_LOCK, 0, {NULL}, 4}, {OP_CLOSE, 0, {NULL}, 4},
  };
  static const unsigned char many[] = {9, 0, 0, 0, OP_HASH, 0, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 'f', 'i', 'l', 'e', 1, 0, 0, 0, 'a', 4, 0, 0, 0, 'l', 'i', 'n', 'k'};
  size_t single = sizeof SEEDS / sizeof *SEEDS;
  if (number > single + 3) return false;
  greet_and_open(input);
  if (number < single) ask(input, SEEDS[number].operation, SEEDS[number].places, SEEDS[number].paths, SEEDS[number].zeros);
  else if (number < single + 3) {
    static const unsigned char WAYS[] = {OP_ATTRIBUTES, OP_HASH, OP_LOOK};
    add_frame(input, many, sizeof many);
    input->frames[input->count - 1].bytes[4] = WAYS[number - single];
  } else for (size_t i = 0; i < single && i < FRAMES_MAX - 2; i++) ask(input, SEEDS[i].operation, SEEDS[i].places, SEEDS[i].paths, SEEDS[i].zeros);
  return true;
}

/* Requests may do anything to it; what they took away is there again for the next. */
static void lay_tree(void) {
  mkdir("/tree", 0755);
  mkdir("/tree/a", 0755);
  mkdir("/tree/a/b", 0755);
  int file = open("/tree/file", O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0644);
  if (file >= 0 && write(file, "content\n", 8) == 8) fsetxattr(file, "user.x", "value", 5, 0);
  if (file >= 0) close(file);
  file = open("/tree/sparse", O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0644);
  if (file >= 0 && ftruncate(file, 100000) == 0 && pwrite(file, "x", 1, 50000) == 1) close(file);
  else if (file >= 0) close(file);
  if (symlink("a", "/tree/link")) return;
  mkfifo("/tree/fifo", 0644);
}

static void remove_tree(int folder, const char *name, int depth) {
  if (unlinkat(folder, name, 0) == 0 || depth > 3000) return;
  fchmodat(folder, name, 0700, 0);
  int inner = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  DIR *open = inner < 0 ? NULL : fdopendir(inner);
  if (open) {
    for (struct dirent *entry; (entry = readdir(open));) if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) remove_tree(inner, entry->d_name, depth + 1);
    closedir(open);
  }
  unlinkat(folder, name, AT_REMOVEDIR);
}

void target_prepare(void) {
  requests = memfd_create("requests", 0);
  answers = open("/dev/null", O_WRONLY);
  if (answers < 0) answers = memfd_create("answers", 0);
  lay_tree();
}

void target_take(const unsigned char *stream, size_t length) {
  static unsigned long taken;
  if (taken++ % 64 == 0) {
    remove_tree(AT_FDCWD, "/tree", 0);
    lay_tree();
  }
  if (ftruncate(requests, 0) || pwrite(requests, stream, length, 0) != (ssize_t)length) abort();
  lseek(requests, 0, SEEK_SET);
  if (ftruncate(answers, 0) == 0) lseek(answers, 0, SEEK_SET);
  dup2(requests, STDIN_FILENO);
  dup2(answers, STDOUT_FILENO);
  struct session session = {0};
  for (size_t i = 0; i < ROOTS_MAX; i++) session.roots[i] = (struct root){-1, -1};
  umask(0);
  answer_requests(&session);
  for (size_t i = 0; i < ROOTS_MAX; i++) if (session.roots[i].tree >= 0) close_root(&session.roots[i]);
  free(session.answers.bytes);
}
