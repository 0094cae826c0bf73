/* The system calls that a command has no business with, answered as a kernel or a machine without them would answer, so
 * that programs fall back instead of failing. The filter is a list of classic BPF instructions built here by hand; the
 * kernel remembers which calls it always lets through (5.11), so the length of the list costs nothing while it runs. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "launch.h"

/* The other numbers of a machine are another table of calls (i386, x32): nothing below would match them. */
#if defined(__x86_64__)
#define OWN_ARCH AUDIT_ARCH_X86_64
#define FOREIGN_BIT 0x40000000u
#elif defined(__aarch64__)
#define OWN_ARCH AUDIT_ARCH_AARCH64
#define FOREIGN_BIT 0u
#else
#define OWN_ARCH 0u
#define FOREIGN_BIT 0u
#endif

/* Calls that are younger than this file (Linux 6.18) are not there: nobody has looked at them yet. */
#define NEWEST_KNOWN 469
/* Younger than many headers. */
enum { QUOTACTL_FD = 443, LANDLOCK_RESTRICT_SELF = 446, OPEN_TREE_ATTR = 467, NEWTIME = 0x80 };
#define WAIT_KILLABLE_RECV (1UL << 5)

#define NAMESPACES (CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP | NEWTIME)

struct refusal {
  int number, answer;
};

static const struct refusal REFUSALS[] = {
  /* What the command sees of the file system is decided. */
  {SYS_mount, EPERM}, {SYS_umount2, EPERM}, {SYS_pivot_root, EPERM}, {SYS_move_mount, EPERM}, {SYS_open_tree, EPERM}, {SYS_fsopen, EPERM},
  {SYS_fsconfig, EPERM}, {SYS_fsmount, EPERM}, {SYS_fspick, EPERM}, {SYS_mount_setattr, EPERM}, {OPEN_TREE_ATTR, EPERM},
  {SYS_open_by_handle_at, EPERM}, {SYS_swapon, EPERM}, {SYS_swapoff, EPERM}, {SYS_quotactl, EPERM}, {QUOTACTL_FD, EPERM}, {SYS_setns, EPERM},
  /* Keys belong to users, not to namespaces, and asking for one starts a program of the host's root. */
  {SYS_add_key, ENOSYS}, {SYS_request_key, ENOSYS}, {SYS_keyctl, ENOSYS},
  /* Large, young parts of the kernel; libuv, liburing and the JVM do without them. */
  {SYS_io_uring_setup, ENOSYS}, {SYS_io_uring_enter, ENOSYS}, {SYS_io_uring_register, ENOSYS},
  {SYS_bpf, EPERM}, {SYS_perf_event_open, EACCES}, {SYS_userfaultfd, EPERM},
  /* It names files by handles, which an overlay does not give: watchers that are refused take inotify instead. */
  {SYS_fanotify_init, EPERM},
  /* The machine itself. */
  {SYS_kexec_load, EPERM}, {SYS_kexec_file_load, EPERM}, {SYS_init_module, EPERM}, {SYS_finit_module, EPERM}, {SYS_delete_module, EPERM},
  {SYS_reboot, EPERM}, {SYS_syslog, EPERM}, {SYS_acct, EPERM}, {SYS_settimeofday, EPERM}, {SYS_clock_settime, EPERM}, {SYS_vhangup, EPERM},
#ifdef SYS_iopl
  {SYS_iopl, EPERM}, {SYS_ioperm, EPERM}, {SYS_uselib, ENOSYS}, {SYS_sysfs, ENOSYS}, {SYS__sysctl, ENOSYS}, {SYS_ustat, ENOSYS}, {SYS_create_module, ENOSYS},
#endif
#ifdef SYS_lookup_dcookie
  {SYS_lookup_dcookie, ENOSYS},
#endif
#ifdef SYS_nfsservctl
  {SYS_nfsservctl, ENOSYS},
#endif
};

/* What I wants to hear of (launch-renames.c). */
static const int WATCHED[] = {
#ifdef SYS_rename
  SYS_rename,
#endif
  SYS_renameat, SYS_renameat2, LANDLOCK_RESTRICT_SELF,
};

/* gdb switches randomisation off for what it starts; the rest is what uname and 32-bit build tools ask for. */
static const uint32_t PERSONALITIES[] = {PER_LINUX, ADDR_NO_RANDOMIZE, PER_LINUX32, PER_LINUX32 | ADDR_NO_RANDOMIZE, UNAME26, UNAME26 | PER_LINUX32, 0xffffffff};
/* Characters typed into a terminal, the console's own, and line disciplines, which load modules. */
static const uint32_t TERMINAL_TRICKS[] = {TIOCSTI, 0x541C /* TIOCLINUX */, TIOCSETD};
static const uint32_t FAMILIES[] = {AF_UNIX, AF_INET, AF_INET6};

enum { INSTRUCTIONS_MAX = 256 };

struct program {
  struct sock_filter instructions[INSTRUCTIONS_MAX];
  unsigned short length;
};

static void add(struct program *program, struct sock_filter instruction);
static void load(struct program *program, size_t offset);
static void load_argument(struct program *program, int number);
static void load_number(struct program *program);
static void answer(struct program *program, uint32_t action);
static void answer_when(struct program *program, uint16_t comparison, uint32_t value, uint32_t action);
static unsigned short enter_call(struct program *program, int number);
static void leave_call(struct program *program, unsigned short entered);
static void guard_arguments(struct program *program, bool allows_namespaces);

#define ERROR(number) (SECCOMP_RET_ERRNO | (number))

int filter_install(bool allows_namespaces, int *listener) {
  if (OWN_ARCH == 0) return errno = ENOTSUP, -1;
  struct program program = {.length = 0};
  load(&program, offsetof(struct seccomp_data, arch));
  add(&program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OWN_ARCH, 1, 0));
  answer(&program, SECCOMP_RET_KILL_PROCESS);
  load_number(&program);
  if (FOREIGN_BIT) answer_when(&program, BPF_JGE, FOREIGN_BIT, ERROR(ENOSYS));
  answer_when(&program, BPF_JGT, NEWEST_KNOWN, ERROR(ENOSYS));
  guard_arguments(&program, allows_namespaces);
  for (size_t i = 0; listener && i < sizeof WATCHED / sizeof *WATCHED; i++) answer_when(&program, BPF_JEQ, (uint32_t)WATCHED[i], SECCOMP_RET_USER_NOTIF);
  for (size_t i = 0; i < sizeof REFUSALS / sizeof *REFUSALS; i++) answer_when(&program, BPF_JEQ, (uint32_t)REFUSALS[i].number, ERROR((uint32_t)REFUSALS[i].answer));
  answer(&program, SECCOMP_RET_ALLOW);
  if (program.length >= INSTRUCTIONS_MAX) return errno = ENOBUFS, -1;
  struct sock_fprog whole = {.len = program.length, .filter = program.instructions};
  if (listener) {
    /* Killable: a rename that has begun must not begin again because a signal came in between, as Go sends them all the time. */
    *listener = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW | SECCOMP_FILTER_FLAG_NEW_LISTENER | WAIT_KILLABLE_RECV, &whole);
    return *listener < 0 ? -1 : 0;
  }
  /* Older kernels slow down everything that is filtered, unless told that nothing is guessed from timing here. */
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &whole) == 0) return 0;
  return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &whole);
}

/* Calls where one argument decides. The kernel reads the lower half of these arguments only, and so does this. */
static void guard_arguments(struct program *program, bool allows_namespaces) {
  unsigned short call = enter_call(program, SYS_ioctl);
  load_argument(program, 1);
  for (size_t i = 0; i < sizeof TERMINAL_TRICKS / sizeof *TERMINAL_TRICKS; i++) answer_when(program, BPF_JEQ, TERMINAL_TRICKS[i], ERROR(EPERM));
  leave_call(program, call);

  call = enter_call(program, SYS_socket);
  load_argument(program, 0);
  for (size_t i = 0; i < sizeof FAMILIES / sizeof *FAMILIES; i++) answer_when(program, BPF_JEQ, FAMILIES[i], SECCOMP_RET_ALLOW);
  add(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 1, 0));
  answer(program, ERROR(EAFNOSUPPORT));
  /* Of netlink: what interfaces and addresses there are, which every run time asks. */
  load_argument(program, 2);
  answer_when(program, BPF_JEQ, NETLINK_ROUTE, SECCOMP_RET_ALLOW);
  answer(program, ERROR(EPROTONOSUPPORT));
  leave_call(program, call);

  call = enter_call(program, SYS_personality);
  load_argument(program, 0);
  for (size_t i = 0; i < sizeof PERSONALITIES / sizeof *PERSONALITIES; i++) answer_when(program, BPF_JEQ, PERSONALITIES[i], SECCOMP_RET_ALLOW);
  answer(program, ERROR(EPERM));
  leave_call(program, call);

  if (allows_namespaces) return;
  for (int i = 0; i < 2; i++) {
    call = enter_call(program, i == 0 ? SYS_clone : SYS_unshare);
    load_argument(program, 0);
    answer_when(program, BPF_JSET, NAMESPACES, ERROR(EPERM));
    leave_call(program, call);
  }
  /* Its flags are in memory, out of a filter's sight; libc takes clone then. */
  answer_when(program, BPF_JEQ, SYS_clone3, ERROR(ENOSYS));
}

/* Everything until leave_call is for this call only. */
static unsigned short enter_call(struct program *program, int number) {
  add(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, 0));
  return program->length;
}

static void leave_call(struct program *program, unsigned short entered) {
  load_number(program);
  if (program->length < INSTRUCTIONS_MAX) program->instructions[entered - 1].jf = (uint8_t)(program->length - entered);
}

static void answer_when(struct program *program, uint16_t comparison, uint32_t value, uint32_t action) {
  add(program, (struct sock_filter)BPF_JUMP((uint16_t)(BPF_JMP | comparison | BPF_K), value, 0, 1));
  answer(program, action);
}

static void answer(struct program *program, uint32_t action) {
  add(program, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

static void load_number(struct program *program) {
  load(program, offsetof(struct seccomp_data, nr));
}

/* The lower half comes first on both of our machines. */
static void load_argument(struct program *program, int number) {
  load(program, offsetof(struct seccomp_data, args) + (size_t)number * sizeof(uint64_t));
}

static void load(struct program *program, size_t offset) {
  add(program, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

/* One too many is noticed by filter_install. */
static void add(struct program *program, struct sock_filter instruction) {
  if (program->length < INSTRUCTIONS_MAX) program->instructions[program->length++] = instruction;
}
