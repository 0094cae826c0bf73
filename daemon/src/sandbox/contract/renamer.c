/* Says what the system answers to file operations, one line each: 0, or the name of the error. Each argument is one operation
 * (words between spaces); names are relative to the working directory. The same words are given to it inside and outside. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int held = -1;

static int rename_with(const char *from, const char *to, unsigned flags) {
  return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags);
}

/* Relative to the descriptor of a folder. */
static int rename_at(const char *folder, const char *from, const char *to) {
  int at = open(folder, O_RDONLY | O_DIRECTORY);
  int done = at < 0 ? -1 : renameat(at, from, at, to), cause = errno;
  if (at >= 0) close(at);
  return errno = cause, done;
}

static int rename_absolute(const char *from, const char *to) {
  char here[4096], one[9000], other[9000];
  if (!getcwd(here, sizeof here)) return -1;
  snprintf(one, sizeof one, "%s/%s", here, from);
  snprintf(other, sizeof other, "%s/../%s/%s", here, strrchr(here, '/') + 1, to);
  return rename(one, other);
}

static int put(const char *path, const char *text, int flags, mode_t mode) {
  int file = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | flags, mode);
  int done = file < 0 || write(file, text, strlen(text)) < 0 ? -1 : fchmod(file, mode), cause = errno;
  if (file >= 0) close(file);
  return errno = cause, done;
}

static int remove_tree(const char *path) {
  pid_t child = fork();
  if (child == 0) execlp("rm", "rm", "-r", "--", path, (char *)NULL);
  int status;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : (errno = ENOENT, -1);
}

static void *swing(void *names) {
  char **name = names;
  for (int i = 0; i < 20; i++) if (rename(name[0], name[1]) == 0) rename(name[1], name[0]);
  return NULL;
}

/* Two threads push two folders to and fro between the same two names; at the end both are somewhere. */
static int swing_two(char *one, char *other, char *third) {
  pthread_t first, second;
  char *a[] = {one, third}, *b[] = {other, third};
  if ((errno = pthread_create(&first, NULL, swing, a)) || (errno = pthread_create(&second, NULL, swing, b))) return -1;
  pthread_join(first, NULL);
  pthread_join(second, NULL);
  return 0;
}

/* Tells how long a rename takes, in nanoseconds: there and back, as often as said. */
static int time_renames(const char *one, const char *other, long times) {
  struct timespec began, ended;
  clock_gettime(CLOCK_MONOTONIC, &began);
  for (long i = 0; i < times; i++) if (rename(i % 2 ? other : one, i % 2 ? one : other) != 0) return -1;
  clock_gettime(CLOCK_MONOTONIC, &ended);
  printf("%lld ", ((ended.tv_sec - began.tv_sec) * 1000000000LL + ended.tv_nsec - began.tv_nsec) / times);
  return 0;
}

static void no_more(int number) {
  (void)number;
}

/* A signal every 200 us, as some run times send them, must neither fail nor repeat a rename. */
static int rename_under_fire(const char *from, const char *to) {
  struct sigaction action = {.sa_handler = no_more, .sa_flags = SA_RESTART};
  sigaction(SIGALRM, &action, NULL);
  struct itimerspec often = {.it_interval = {0, 200000}, .it_value = {0, 200000}};
  timer_t timer;
  if (timer_create(CLOCK_MONOTONIC, &(struct sigevent){.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM}, &timer) != 0) return -1;
  timer_settime(timer, 0, &often, NULL);
  int done = rename(from, to), cause = errno;
  timer_delete(timer);
  return errno = cause, done;
}

static int do_one(char *words) {
  char *saved, *verb = strtok_r(words, " ", &saved), *a = strtok_r(NULL, " ", &saved), *b = strtok_r(NULL, " ", &saved), *c = strtok_r(NULL, " ", &saved);
  if (!verb || !a) return errno = EINVAL, -1;
  if (strcmp(verb, "mkdir") == 0) return mkdir(a, 0755);
  if (strcmp(verb, "rmdir") == 0) return rmdir(a);
  if (strcmp(verb, "unlink") == 0) return unlink(a);
  if (strcmp(verb, "rm") == 0) return remove_tree(a);
  if (strcmp(verb, "cd") == 0) return chdir(a);
  if (strcmp(verb, "say") == 0) return held < 0 || write(held, a, strlen(a)) < 0 ? -1 : 0;
  if (strcmp(verb, "hold") == 0) return (held = open(a, O_RDWR | O_APPEND)) < 0 ? -1 : 0;
  if (!b) return errno = EINVAL, -1;
  if (strcmp(verb, "rename") == 0) return rename(a, b);
  if (strcmp(verb, "absolute") == 0) return rename_absolute(a, b);
  if (strcmp(verb, "exchange") == 0) return rename_with(a, b, RENAME_EXCHANGE);
  if (strcmp(verb, "noreplace") == 0) return rename_with(a, b, RENAME_NOREPLACE);
  if (strcmp(verb, "unknown-flag") == 0) return rename_with(a, b, 1u << 20);
  if (strcmp(verb, "both-flags") == 0) return rename_with(a, b, RENAME_NOREPLACE | RENAME_EXCHANGE);
  if (strcmp(verb, "fire") == 0) return rename_under_fire(a, b);
  if (strcmp(verb, "write") == 0) return put(a, b, O_TRUNC, 0644);
  if (strcmp(verb, "append") == 0) return put(a, b, O_APPEND, 0644);
  if (strcmp(verb, "link") == 0) return link(a, b);
  if (strcmp(verb, "symlink") == 0) return symlink(a, b);
  if (strcmp(verb, "chmod") == 0) return chmod(b, (mode_t)strtol(a, NULL, 8));
  if (!c) return errno = EINVAL, -1;
  if (strcmp(verb, "at") == 0) return rename_at(a, b, c);
  if (strcmp(verb, "time") == 0) return time_renames(a, b, strtol(c, NULL, 10));
  if (strcmp(verb, "swing") == 0) return swing_two(a, b, c);
  return errno = EINVAL, -1;
}

int main(int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    errno = 0;
    puts(do_one(argv[i]) == 0 ? "0" : strerrorname_np(errno));
    fflush(stdout);
  }
  return 0;
}
