/** The ways out that others had, each after the hole that it once was: runc, Docker, the kernel's copy-on-write, overlayfs. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { family, type Attack } from './attack.ts'
import { root } from '../nexus.ts'

const shell = (name: string, says: Attack['says'], sh: (bait: Parameters<Attack['program']>[0]) => string): Attack => ({ name, says, program: (bait) => ({ sh: sh(bait) }) })
const DEVICES = [
  'mem', 'kmem', 'port', 'kmsg', 'kvm', 'fuse', 'vhost-net', 'vhost-vsock', 'vsock', 'net/tun', 'loop-control', 'loop0', 'mapper/control', 'btrfs-control', 'uinput', 'input/event0', 'input/mice', 'snd/timer',
  'dri/card0', 'dri/renderD128', 'nvidia0', 'nvidiactl', 'kfd', 'vfio/vfio', 'hpet', 'watchdog', 'rtc0', 'ptp0', 'cuse', 'userfaultfd', 'udmabuf', 'autofs', 'rfkill', 'cpu/0/msr', 'nvme0', 'sda', 'vda', 'tty0', 'tty1', 'ttyS0', 'console',
  'hwrng', 'tpm0', 'bus/usb/001/001', 'ppp', 'mqueue', 'hugepages', 'initctl', 'log', 'binderfs', 'ashmem', 'i2c-0', 'nbd0', 'ram0', 'raw/rawctl', 'sg0', 'zram0', 'vcs', 'vcsa1',
]

family('ways out', [
  { name: 'overwrites the program that started it (runc, 2019)', says: /^first (EACCES|EROFS|ETXTBSY|EPERM)\nhelper (EROFS|EACCES|ETXTBSY|ENOENT)\nby number (EROFS|EACCES|ETXTBSY|ENOENT|EPERM)\nclient (EROFS|EACCES|ENOENT)$/, program: () => ({ c: `
    TRY("first", open("/proc/1/exe", O_WRONLY | O_TRUNC));
    TRY("helper", open("${join(root, 'daemon/dist/nexus-native')}", O_WRONLY));
    int held = open("/proc/1/exe", O_PATH);
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", held);
    TRY("by number", open(path, O_WRONLY | O_TRUNC));
    TRY("client", open("${join(root, 'cli/dist/nexus.mjs')}", O_WRONLY | O_APPEND));` }) },
  { name: 'leaves by a folder that a descriptor still holds (runc, 2024)', says: '0 folders\n0 of others', program: () => ({ c: `
    int own = 0, others = 0;
    char path[96];
    for (int number = 3; number < 1024; number++) {
      snprintf(path, sizeof path, "/proc/self/fd/%d/.", number);
      if (chdir(path) == 0) own++;
    }
    for (int process = 1; process < 30; process++) {
      if (process == getpid()) continue;
      for (int number = 0; number < 64; number++) {
        snprintf(path, sizeof path, "/proc/%d/fd/%d/../../../../../../etc/passwd", process, number);
        if (open(path, O_RDONLY) >= 0) others++;
      }
    }
    printf("%d folders\\n%d of others\\n", own, others);` }) },
  shell('has the kernel start a program of its choice at the end of a group (Docker, 2022)', '', () => `
    unshare -UrmC sh -c 'mkdir -p /tmp/group; for kind in rdma misc memory pids; do mount -t cgroup -o $kind x /tmp/group && echo "$PWD/attack" >/tmp/group/release_agent && echo "agent of $kind"; umount /tmp/group; done' 2>/dev/null
    for file in /sys/fs/cgroup/*/release_agent /sys/fs/cgroup/release_agent; do { echo "$PWD/attack" >"$file"; } 2>/dev/null && echo "$file"; done; :`),
  { name: 'writes to a file of the host through a pipe\'s page (Dirty Pipe)', says: 'unchanged', program: () => ({ c: `
    char before[64] = {0}, after[64] = {0}, block[4096] = {0};
    int file = open("/etc/passwd", O_RDONLY), ends[2];
    pread(file, before, 40, 0);
    pipe(ends);
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    while (write(ends[1], block, sizeof block) > 0) {}
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    while (read(ends[0], block, sizeof block) > 0) {}
    loff_t from = 3;
    if (splice(file, &from, ends[1], NULL, 1, 0) == 1) write(ends[1], "nexus-was-here", 14);
    pread(open("/etc/passwd", O_RDONLY), after, 40, 0);
    puts(memcmp(before, after, 40) == 0 ? "unchanged" : "CHANGED");` }) },
  { name: 'writes to a mapped file of the host through its own memory (Dirty COW)', says: 'unchanged', program: () => ({ c: `
    char before[64] = {0}, after[64] = {0};
    int file = open("/etc/passwd", O_RDONLY), memory = open("/proc/self/mem", O_RDWR);
    pread(file, before, 40, 0);
    char *map = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, file, 0);
    for (int turn = 0; turn < 1000; turn++) {
      madvise(map, 4096, MADV_DONTNEED);
      pwrite(memory, "nexus-was-here", 14, (off_t)(uintptr_t)map);
    }
    pread(open("/etc/passwd", O_RDONLY), after, 40, 0);
    puts(memcmp(before, after, 40) == 0 ? "unchanged" : "CHANGED");` }) },
  { name: 'maps a file of the host for writing', says: /^shared (EACCES|EROFS)\nprotect EACCES$/, program: () => ({ c: `
    int file = open("/etc/passwd", O_RDONLY);
    TRY("shared", (long)mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, file, 0));
    void *map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, file, 0);
    TRY("protect", mprotect(map, 4096, PROT_READ | PROT_WRITE));` }) },
  { name: 'gives a file rights of its own (overlayfs, 2021)', says: /^two (EPERM|EINVAL|EOPNOTSUPP)\nthree (EPERM|EINVAL|EOPNOTSUPP)\nsetuid kept off$/, program: () => ({ python: `
import errno, os, shutil, struct
shutil.copy('/usr/bin/id', 'own')
def attempt(name, value):
    try: os.setxattr('own', 'security.capability', value); print(name, 'DONE')
    except OSError as error: print(name, errno.errorcode[error.errno])
attempt('two', struct.pack('<IIIII', 0x02000001, 0xffffffff, 0, 0x1ff, 0))
attempt('three', struct.pack('<IIIIII', 0x03000001, 0xffffffff, 0, 0x1ff, 0, 0))
print('setuid kept off' if os.stat('own').st_mode & 0o6000 == 0 else 'SETUID')
` }) },
  { name: 'maps itself to other users', says: /^uid_map (EPERM|EACCES|EROFS)\ngid_map (EPERM|EACCES|EROFS)\nsetgroups (EPERM|EACCES|EROFS)$/, program: () => ({ python: `
import errno
for name, text in (('uid_map', '0 0 1'), ('gid_map', '0 0 1'), ('setgroups', 'deny')):
    try:
        with open('/proc/self/' + name, 'w') as file: file.write(text)
        print(name, 'DONE')
    except OSError as error: print(name, errno.errorcode[error.errno])
` }), wall: 'user-namespace' },
  { name: 'climbs out of a root within the root', who: 'root', says: /^(etc (EROFS|EACCES)\nhome ENOENT|chroot EPERM)$/, program: ({ nexus }) => ({ c: `
    mkdir("inner", 0755);
    int above = open("/", O_RDONLY | O_DIRECTORY);
    if (chroot("inner") != 0) { puts("chroot EPERM"); return 0; }
    fchdir(above);
    for (int step = 0; step < 60; step++) chdir("..");
    chroot(".");
    TRY("etc", open("/etc/nexus-was-here", O_CREAT | O_WRONLY, 0644));
    TRY("home", open("${nexus.userHome}/.netrc", O_RDONLY));` }) },
  { name: 'opens every door that a device may be', says: 'ENOENT', program: () => ({ python: `
import errno, os
said = set()
for name in ${JSON.stringify(DEVICES)}:
    for flags in (os.O_RDONLY, os.O_RDWR):
        try: os.open('/dev/' + name, flags | os.O_NONBLOCK); said.add('OPENED ' + name)
        except OSError as error: said.add(errno.errorcode[error.errno] if error.errno == errno.ENOENT else name + ' ' + errno.errorcode[error.errno])
print('\\n'.join(sorted(said)))
` }) },
  { name: 'listens to its own calls to let them through', wall: 'seccomp', says: /^listener (DONE|EBUSY)\nunshare EPERM$/, program: () => ({ c: `
    struct { unsigned short code; unsigned char jt, jf; unsigned int k; } program[] = {{0x20, 0, 0, 0}, {0x15, 0, 1, SYS_unshare}, {0x06, 0, 0, 0x7fc00000u}, {0x06, 0, 0, 0x7fff0000u}};
    struct { unsigned short length; void *filter; } whole = {4, program};
    TRY("listener", syscall(SYS_seccomp, 1, 8 /* NEW_LISTENER */, &whole));
    TRY("unshare", unshare(CLONE_NEWUSER));` }) },
  { name: 'runs a program that lies in no file', says: 'held', program: () => ({ python: `
import os
memory = os.memfd_create('hidden')
with open('/usr/bin/touch', 'rb') as file: os.write(memory, file.read())
child = os.fork()
if child == 0:
    os.dup2(os.open('/dev/null', os.O_WRONLY), 2)
    try: os.execve('/proc/self/fd/%d' % memory, ['touch', '/etc/nexus-was-here', '/usr/nexus-was-here'], {})
    except OSError: os._exit(1)
print('held' if os.waitpid(child, 0)[1] != 0 else 'WROTE')
` }) },
  { name: 'takes the linker and the interpreter for a way around execution', says: 'held', program: () => ({ sh: `
    for linker in /lib64/ld-linux-x86-64.so.2 /lib/ld-linux-aarch64.so.1; do [ -x "$linker" ] && "$linker" /usr/bin/touch /etc/nexus-was-here 2>/dev/null && echo WROTE; done
    printf 'int x;' >preload.c; LD_PRELOAD="$PWD/none.so" LD_AUDIT="$PWD/none.so" touch /etc/nexus-was-here 2>/dev/null && echo WROTE; echo held` }) },
  { name: 'follows a magic link of another process to the host', says: 'held', program: ({ victim, secret }) => ({ python: `
import os
for process in ['1', 'self', 'thread-self', str(${victim}), str(${process.pid})] + [name for name in os.listdir('/proc') if name.isdigit()]:
    for name in ('root', 'cwd', 'exe', 'task/' + process + '/root', 'task/' + process + '/cwd', 'ns/mnt', 'map_files'):
        base = '/proc/%s/%s' % (process, name)
        for end in ('/etc/shadow', '${'/../'.repeat(12)}etc/shadow', '/root/.ssh'):
            try:
                text = open(base + end).read()
                if text: print('READ', base + end)
            except OSError: pass
        try:
            if ${JSON.stringify(secret)} in open('/proc/%s/environ' % process).read(): print('environment of', process)
        except OSError: pass
print('held')
` }) },
  { name: 'looks below the mounts by the numbers of their files', says: /^name \w+\nopen EPERM\nmount id EPERM$/, program: () => ({ c: `
    struct { unsigned int bytes; int type; unsigned char handle[128]; } one = {.bytes = 128};
    int id = 0;
    TRY("name", syscall(SYS_name_to_handle_at, AT_FDCWD, "/etc", &one, &id, 0));
    int root = open("/", O_RDONLY | O_DIRECTORY);
    TRY("open", syscall(SYS_open_by_handle_at, root, &one, O_RDONLY));
    one.bytes = 8, one.type = 1;
    memcpy(one.handle, "\\2\\0\\0\\0\\0\\0\\0\\0", 8);
    TRY("mount id", syscall(SYS_open_by_handle_at, AT_FDCWD, &one, O_RDONLY | O_DIRECTORY));` }), wall: 'seccomp' },
  { name: 'mounts by the pieces of the new calls', says: 'move EPERM\nconfig EPERM\nmount EPERM\nclone EPERM\npivot EPERM', wall: 'seccomp', program: () => ({ c: `
    int here = open(".", O_PATH | O_DIRECTORY);
    TRY("move", syscall(SYS_move_mount, here, "", AT_FDCWD, "/mnt", 4));
    TRY("config", syscall(SYS_fsconfig, here, 1, "source", "x", 0));
    TRY("mount", syscall(SYS_fsmount, here, 0, 0));
    TRY("clone", syscall(467, AT_FDCWD, "/", 1, NULL, 0));
    TRY("pivot", syscall(SYS_pivot_root, "/", "/proc"));` }) },
  { name: 'starves the first process and those who watch', says: /^((files|memory|priority|cpus|class|oom) \w+\n?)+$/, program: () => ({ python: `
import ctypes, errno, os, resource
def attempt(name, call):
    try: call(); print(name, 'DONE', flush=True)
    except OSError as error: print(name, errno.errorcode[error.errno], flush=True)
attempt('files', lambda: resource.prlimit(1, resource.RLIMIT_NOFILE, (0, 0)))
attempt('memory', lambda: resource.prlimit(1, resource.RLIMIT_MEMLOCK, (0, 0)))
attempt('priority', lambda: os.setpriority(os.PRIO_PROCESS, 1, 19))
attempt('cpus', lambda: os.sched_setaffinity(1, [max(os.sched_getaffinity(0))]))
attempt('class', lambda: os.sched_setscheduler(1, os.SCHED_IDLE, os.sched_param(0)))
def oom():
    with open('/proc/1/oom_score_adj', 'w') as file: file.write('1000')
attempt('oom', oom)
os._exit(7)
` }), also: (run) => { expect([run.exitCode, run.status]).toEqual([7, 'discarded']) } },
  { name: 'says that it has ended well, in the words of the launcher', says: /^exited 0 0 0 0\n\{"type":"exited"\}$/, program: () => ({ python: `
import os, sys
words = b'exited 0 0 0 0\\n'
for process in os.listdir('/proc'):
    if not process.isdigit(): continue
    for number in range(3, 80):
        try: os.write(os.open('/proc/%s/fd/%d' % (process, number), os.O_WRONLY | os.O_NONBLOCK), words)
        except OSError: pass
for number in range(3, 1024):
    try: os.write(number, words)
    except OSError: pass
print('exited 0 0 0 0\\n{"type":"exited"}', flush=True)
os._exit(7)
` }), also: (run) => { expect([run.exitCode, run.status]).toEqual([7, 'discarded']) } },
  { name: 'takes every watch on files that the user may have', says: /^\d+ watches$/, program: () => ({ python: `
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
count = 0
while count < 5000 and libc.inotify_init1(0) >= 0: count += 1
print(count, 'watches')
` }), also: () => { expect(readFileSync('/proc/sys/fs/inotify/max_user_instances', 'utf8')).toMatch(/^\d+\n$/) } },
  { name: 'leaves somebody behind whose folder is the layer', says: 'left', program: () => ({ python: `
import os, signal
for number in range(20):
    if os.fork() == 0:
        os.setsid()
        os.makedirs('deep/%d' % number, exist_ok=True)
        os.chdir('deep/%d' % number)
        held = os.open('held', os.O_CREAT | os.O_RDWR)
        for signalled in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT): signal.signal(signalled, signal.SIG_IGN)
        while True: signal.pause()
print('left', flush=True)
` }), also: (_run, { nexus }) => {
    const users = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/mountinfo`, 'utf8').includes(`${nexus.base}/state/layers/`) || readFileSync(`/proc/${pid}/comm`, 'utf8') === 'python3\n' && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('attack-')
      } catch {
        return false // it has just ended
      }
    })
    expect(users).toEqual([])
  } },
  { name: 'makes children that share its memory until no more can be made', says: /^\d+ children$/, program: () => ({ c: `
    int made = 0;
    int idle(void *nothing) { for (;;) pause(); }
    while (made < 3000 && clone(idle, (char *)mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) + 65536, CLONE_VM | SIGCHLD, NULL) > 0) made++;
    printf("%d children\\n", made);
    fflush(stdout);` }) },
])
