/* C: the last steps before the command itself runs; from here on nothing is allowed that the command is not. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "launch.h"

extern char **environ;

static void take_standard(const struct launch_request *request, const struct start *start);
static void limit(const struct launch_request *request);
static void reset_signals(void);
static _Noreturn void give_up(const struct start *start, const char *step, bool is_exec);

void command_main(const struct launch_request *request, const struct start *start) {
  char go;
  if (start->go >= 0 && read(start->go, &go, 1) != 1) _exit(1);
  setsid();
  take_standard(request, start);
  /* The daemon's keys stay the daemon's; a kernel without keyrings has none to leak. */
  syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
  /* One byte: neither a core file in the layer nor a crash handler on the host, which ignores zero. */
  setrlimit(RLIMIT_CORE, &(struct rlimit){1, 1});
  limit(request);
  if (caps_keep(start->keeps_root ? caps_of_contained_root() : 0) != 0) give_up(start, "capabilities", false);
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) give_up(start, "no-new-privileges", false);
  umask((mode_t)request->umask);
  if (chdir(request->cwd) != 0) give_up(start, "chdir", false);
  reset_signals();
  /* The pipe for mistakes must last until exec, and closes itself there with everything else. */
  if (syscall(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC) != 0) give_up(start, "descriptors", false);
  bool is_watched = strcmp(request->renames, "watched") == 0;
  int listener = -1;
  if (strcmp(request->calls, "all") != 0 && filter_install(strcmp(request->calls, "nested") == 0, is_watched ? &listener : NULL) != 0) give_up(start, is_watched ? "folder-renames" : "seccomp", false);
  if (listener >= 0 && !descriptor_send(start->mistakes, &listener, 1, listener)) give_up(start, "folder-renames", false);
  environ = request->env.items ? request->env.items : (char *[]){NULL};
  execvp(request->argv.items[0], request->argv.items);
  give_up(start, "exec", true);
}

static void take_standard(const struct launch_request *request, const struct start *start) {
  bool reads_nothing = !start->is_terminal && strcmp(request->stdin_from, "null") == 0;
  int input = reads_nothing ? open("/dev/null", O_RDONLY | O_CLOEXEC) : start->standard[0];
  if (input < 0) give_up(start, "stdin", false);
  if (start->is_terminal && ioctl(input, TIOCSCTTY, 0) != 0) give_up(start, "terminal", false);
  if (dup2(input, 0) < 0 || dup2(start->standard[1], 1) < 0 || dup2(start->standard[2], 2) < 0) give_up(start, "stdio", false);
}

/* Where no control group counts. The kernel counts processes per user namespace, so those of the host are not in it. */
static void limit(const struct launch_request *request) {
  if (request->processes) setrlimit(RLIMIT_NPROC, &(struct rlimit){(rlim_t)request->processes, (rlim_t)request->processes});
  cpu_set_t allowed;
  if (!request->cpus || sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
  long left = request->cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) if (CPU_ISSET(cpu, &allowed) && left-- <= 0) CPU_CLR(cpu, &allowed);
  sched_setaffinity(0, sizeof allowed, &allowed);
}

/* Node ignores some signals, and ignored stays ignored across exec. */
static void reset_signals(void) {
  for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL); /* KILL, STOP and libc's own refuse; rightly */
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
}

static void give_up(const struct start *start, const char *step, bool is_exec) {
  struct mistake mistake = {.number = errno, .is_exec = is_exec};
  snprintf(mistake.step, sizeof mistake.step, "%s", step);
  if (write(start->mistakes, &mistake, sizeof mistake) < 0) _exit(126); /* I has gone: nobody is left to tell */
  _exit(127);
}
