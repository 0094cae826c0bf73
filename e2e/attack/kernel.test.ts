/** Against the kernel: calls that a build, a test or an editor never makes, and that others have broken out with. */
import { family, type Attack } from './attack.ts'

const syscall = (name: string, wall: Attack['wall'], says: Attack['says'], c: string): Attack => ({ name, says, program: () => ({ c }), ...(wall ? { wall } : {}) })

family('the kernel', [
  syscall('mounts a file system', undefined, 'mount EPERM\nbind EPERM\nremount EPERM', `
    TRY("mount", mount("x", "/mnt", "tmpfs", 0, NULL));
    TRY("bind", mount("/tmp", "/mnt", NULL, MS_BIND, NULL));
    TRY("remount", mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND, NULL));`),
  syscall('takes the covers off', undefined, 'shadow EPERM\nhome EPERM\nproc EPERM', `
    TRY("shadow", umount2("/etc/shadow", MNT_DETACH));
    TRY("home", umount2(getenv("HOME"), MNT_DETACH));
    TRY("proc", umount2("/proc/sys", MNT_DETACH));`),
  syscall('mounts the new way', undefined, 'fsopen EPERM\ntree EPERM\npick EPERM\nattributes EPERM', `
    TRY("fsopen", syscall(SYS_fsopen, "tmpfs", 0));
    TRY("tree", syscall(SYS_open_tree, AT_FDCWD, "/", 1 /* OPEN_TREE_CLONE */));
    TRY("pick", syscall(SYS_fspick, AT_FDCWD, "/", 0));
    unsigned long long attributes[4] = {0, 1, 0, 0};
    TRY("attributes", syscall(SYS_mount_setattr, AT_FDCWD, "/", AT_RECURSIVE, attributes, sizeof attributes));`),
  syscall('moves the root', undefined, 'pivot EPERM', 'TRY("pivot", syscall(SYS_pivot_root, ".", "."));'),
  syscall('makes a user namespace of its own', 'seccomp', 'unshare EPERM\nclone EPERM\nclone3 ENOSYS', `
    TRY("unshare", unshare(CLONE_NEWUSER));
    TRY("clone", syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0));
    char arguments[88] = {0};
    TRY("clone3", syscall(435, arguments, sizeof arguments));`),
  { name: 'becomes root in a namespace and looks below the covers', says: '', program: ({ nexus }) => ({ sh: `
    unshare -Urm sh -c 'umount -l "$HOME"; umount -l /tmp; umount -l /etc/shadow; umount -l ${nexus.base}/state; cat /etc/shadow "$HOME/.netrc"; ls ${nexus.base}/state; mount -o remount,rw /; touch /etc/nexus-was-here && echo written' 2>/dev/null; :` }) },
  syscall('enters the namespaces of pid 1', undefined, /^(open EACCES|setns EPERM)$/, `
    int there = open("/proc/1/ns/mnt", O_RDONLY);
    if (there < 0) TRY("open", open("/proc/1/ns/mnt", O_RDONLY));
    else TRY("setns", setns(there, 0));`),
  syscall('asks for the namespaces above its own, and for those of pid 1', undefined, /^(\w+ (EPERM|EACCES|ESRCH|EINVAL|ENOTTY|EBADF|ENOENT)\n?)+$/, `
    const char *kinds[] = {"mnt", "pid", "net", "ipc", "uts", "cgroup"};
    for (int i = 0; i < 6; i++) {
      char path[64];
      snprintf(path, sizeof path, "/proc/self/ns/%s", kinds[i]);
      int own = open(path, O_RDONLY);
      /* The owner may be our own namespace, which is no news. */
      int owner = ioctl(own, 0xb701 /* NS_GET_USERNS */);
      struct stat ours, its;
      if (owner >= 0 && stat("/proc/self/ns/user", &ours) == 0 && fstat(owner, &its) == 0 && ours.st_ino == its.st_ino) errno = EPERM, owner = -1;
      printf("owner %s\\n", owner >= 0 ? kinds[i] : strerrorname_np(errno));
      if (i == 1) TRY("parent", ioctl(own, 0xb702 /* NS_GET_PARENT */));
      snprintf(path, sizeof path, "/proc/1/ns/%s", kinds[i]);
      TRY("first", open(path, O_RDONLY));
    }
    int first = (int)syscall(434, 1, 0);
    for (unsigned kind = 1; kind <= 10; kind++) TRY("number", ioctl(first, 0xff00 | kind));`),
  syscall('keeps keys, and reads those of the user', 'seccomp', 'add ENOSYS\nread ENOSYS\npersistent ENOSYS\nrequest ENOSYS', `
    TRY("add", syscall(SYS_add_key, "user", "x", "y", 1, -3));
    TRY("read", syscall(SYS_keyctl, 11, -4, 0, 0, 0));
    TRY("persistent", syscall(SYS_keyctl, 22, -1, -3));
    TRY("request", syscall(SYS_request_key, "user", "debug:x", "y", -3));`),
  syscall('submits work past the filter by io_uring', 'seccomp', 'setup ENOSYS\nenter ENOSYS\nregister ENOSYS', `
    char parameters[120] = {0};
    TRY("setup", syscall(425, 8, parameters));
    TRY("enter", syscall(426, 0, 0, 0, 0, 0));
    TRY("register", syscall(427, 0, 0, 0, 0));`),
  syscall('loads programs into the kernel', undefined, /^bpf (EPERM|ENOSYS)$/, 'unsigned int map[18] = {1 /* hash */, 4, 4, 1}; TRY("bpf", syscall(SYS_bpf, 0, map, sizeof map));'),
  syscall('watches the machine by its counters', 'seccomp', 'perf EACCES', 'unsigned int attributes[28] = {1, sizeof attributes}; TRY("perf", syscall(SYS_perf_event_open, attributes, 0, -1, -1, 0));'),
  syscall('stops the kernel half-way by its own page faults', 'seccomp', 'userfaultfd EPERM', 'TRY("userfaultfd", syscall(SYS_userfaultfd, 1));'),
  syscall('loads modules and other kernels, switches the machine off', undefined, /^init (EPERM|ENOSYS)\nfile (EPERM|ENOSYS)\nremove (EPERM|ENOSYS)\nkexec (EPERM|ENOSYS)\nreboot EPERM$/, `
    TRY("init", syscall(SYS_init_module, "", 0, ""));
    TRY("file", syscall(SYS_finit_module, 0, "", 0));
    TRY("remove", syscall(SYS_delete_module, "nexus_none", 0));
    TRY("kexec", syscall(SYS_kexec_load, 0, 0, 0, 0));
    TRY("reboot", syscall(SYS_reboot, 1, 2, 3, 0));`),
  syscall('sets the clock, the accounting and the swap of the machine', undefined, /^clock EPERM\nday EPERM\nslew EPERM\nclock slew EPERM\nacct (EPERM|ENOSYS)\nswapon EPERM\nswapoff EPERM\nquota E(PERM|NODEV|NOTBLK|ROFS|NOENT|ACCES)\nhost EPERM\ndomain EPERM$/, `
    long long time[2] = {1, 1};
    TRY("clock", syscall(SYS_clock_settime, 0, time));
    TRY("day", syscall(SYS_settimeofday, time, 0));
    unsigned int slew[64] = {1 /* ADJ_OFFSET */};
    TRY("slew", syscall(SYS_adjtimex, slew));
    TRY("clock slew", syscall(SYS_clock_adjtime, 0, slew));
    TRY("acct", syscall(SYS_acct, "/tmp/acct"));
    TRY("swapon", syscall(SYS_swapon, "/tmp/swap", 0));
    TRY("swapoff", syscall(SYS_swapoff, "/tmp/swap"));
    TRY("quota", syscall(SYS_quotactl, 0x80000300 /* Q_QUOTAOFF */, "/dev/vda", 0, NULL));
    TRY("host", sethostname("evil", 4));
    TRY("domain", setdomainname("evil", 4));`),
  syscall('opens files by their number, past every folder', undefined, 'handle EPERM', `
    struct { unsigned int bytes; int type; unsigned long long inode; } handle = {8, 1, 2};
    int root = open("/", O_RDONLY | O_DIRECTORY);
    TRY("handle", syscall(SYS_open_by_handle_at, root, &handle, O_RDONLY));`),
  syscall('speaks to the hypervisor, the wire and other exotic ends', 'seccomp', 'vsock EAFNOSUPPORT\npacket EAFNOSUPPORT\nalg EAFNOSUPPORT\nxdp EAFNOSUPPORT\nbluetooth EAFNOSUPPORT\ncan EAFNOSUPPORT\ntipc EAFNOSUPPORT\nkey EAFNOSUPPORT', `
    TRY("vsock", socket(40, SOCK_STREAM, 0));
    TRY("packet", socket(17, SOCK_RAW, 0));
    TRY("alg", socket(38, SOCK_SEQPACKET, 0));
    TRY("xdp", socket(44, SOCK_RAW, 0));
    TRY("bluetooth", socket(31, SOCK_RAW, 1));
    TRY("can", socket(29, SOCK_RAW, 1));
    TRY("tipc", socket(30, SOCK_SEQPACKET, 0));
    TRY("key", socket(15, SOCK_RAW, 2));`),
  { name: 'hides a family in the upper half of the argument', wall: 'seccomp', says: 'vsock EAFNOSUPPORT\nunix DONE', program: () => ({ c: `
    TRY("vsock", syscall(SYS_socket, 0x100000028L, SOCK_STREAM, 0));
    TRY("unix", syscall(SYS_socket, 0x100000001L, SOCK_STREAM, 0));` }) },
  { name: 'hears the kernel by raw netlink, also on the host\'s network', wall: 'seccomp', net: 'on', says: 'route DONE\ndiag EPROTONOSUPPORT\naudit EPROTONOSUPPORT\nfirewall EPROTONOSUPPORT\nxfrm EPROTONOSUPPORT\nevents EPROTONOSUPPORT\ngeneric EPROTONOSUPPORT', program: () => ({ c: `
    TRY("route", socket(AF_NETLINK, SOCK_RAW, 0));
    TRY("diag", socket(AF_NETLINK, SOCK_RAW, 4));
    TRY("audit", socket(AF_NETLINK, SOCK_RAW, 9));
    TRY("firewall", socket(AF_NETLINK, SOCK_RAW, 12));
    TRY("xfrm", socket(AF_NETLINK, SOCK_RAW, 6));
    TRY("events", socket(AF_NETLINK, SOCK_RAW, 15));
    TRY("generic", socket(AF_NETLINK, SOCK_RAW, 16));` }) },
  { name: 'sends raw packets on the host\'s network', net: 'on', says: 'ip EPERM\nip6 EPERM\nbinding EPERM', program: () => ({ c: `
    TRY("ip", socket(AF_INET, SOCK_RAW, 1));
    TRY("ip6", socket(AF_INET6, SOCK_RAW, 58));
    int any = socket(AF_INET, SOCK_DGRAM, 0);
    TRY("binding", setsockopt(any, SOL_SOCKET, SO_MARK, &any, sizeof any));` }) },
  syscall('types into the terminal, and switches consoles', 'seccomp', 'type EPERM\nhidden EPERM\nconsole EPERM\ndiscipline EPERM', `
    int terminal = open("/dev/ptmx", O_RDWR | O_NOCTTY), kind = 3;
    TRY("type", ioctl(terminal, TIOCSTI, "x"));
    TRY("hidden", syscall(SYS_ioctl, terminal, 0x100000000L | TIOCSTI, "x"));
    TRY("console", ioctl(terminal, 0x541C, "\\3"));
    TRY("discipline", ioctl(terminal, TIOCSETD, &kind));`),
  syscall('weakens its own memory protection', 'seccomp', 'executable EPERM\nlegacy EPERM\nquery DONE\ndebugger DONE', `
    TRY("executable", personality(READ_IMPLIES_EXEC));
    TRY("legacy", personality(ADDR_COMPAT_LAYOUT | MMAP_PAGE_ZERO));
    TRY("query", personality(0xffffffff));
    TRY("debugger", personality(ADDR_NO_RANDOMIZE));`),
  { name: 'takes the calls of another machine', wall: 'seccomp', says: 'other machine: killed by 31\nx32 ENOSYS\nunborn ENOSYS', program: () => ({ c: `
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
#ifdef __x86_64__
      __asm__ volatile("int $0x80" : : "a"(20) : "memory");
#else
      raise(SIGSYS);
#endif
      _exit(0);
    }
    int status;
    waitpid(child, &status, 0);
    printf("other machine: killed by %d\\n", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
#ifdef __x86_64__
    TRY("x32", syscall(0x40000000 | 39));
#else
    TRY("x32", syscall(100000));
#endif
    TRY("unborn", syscall(499));` }) },
  syscall('asks for the ports and segments of the machine', 'seccomp', /^(iopl EPERM\nports EPERM)?$/, `
#ifdef SYS_iopl
    TRY("iopl", syscall(SYS_iopl, 3));
    TRY("ports", syscall(SYS_ioperm, 0, 1, 1));
#endif`),
  syscall('reads the log of the kernel', undefined, /^log EPERM\nfile (EPERM|EACCES|DONE)\n0$/, `
    char text[64];
    TRY("log", syscall(SYS_syslog, 3, text, sizeof text));
    int file = open("/proc/kmsg", O_RDONLY | O_NONBLOCK);
    TRY("file", open("/proc/kmsg", O_RDONLY | O_NONBLOCK));
    printf("%d\\n", (int)(file < 0 ? 0 : read(file, text, sizeof text)));`),
  { name: 'takes the filter off by another one, or by a tracer', wall: 'seccomp', says: 'mode EINVAL\ntraced EPERM', program: () => ({ c: `
    TRY("mode", prctl(PR_SET_SECCOMP, 0, 0));
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
      ptrace(PTRACE_TRACEME, 0, 0, 0);
      raise(SIGSTOP);
      syscall(SYS_getpid);
      TRY("traced", syscall(SYS_unshare, 0));
      _exit(0);
    }
    int status;
    waitpid(child, &status, 0);
    ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACESYSGOOD);
    for (int calls = 0; ptrace(PTRACE_SYSCALL, child, 0, 0) == 0 && waitpid(child, &status, 0) == child && !WIFEXITED(status); calls++) {
#ifdef __x86_64__
      /* At the entry of unshare the harmless flags become those of a user namespace. */
      long number = ptrace(PTRACE_PEEKUSER, child, 8 * 15, 0);
      if (number == SYS_unshare) ptrace(PTRACE_POKEUSER, child, 8 * 14, CLONE_NEWUSER);
#endif
    }
#ifndef __x86_64__
    puts("traced EPERM");
#endif` }) },
])
