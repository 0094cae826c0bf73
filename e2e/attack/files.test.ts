/** Against the files of the host: links, odd paths, devices, the overlay's own marks. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { family, type Attack } from './attack.ts'
import type { Bait } from './bait.ts'

const shell = (name: string, says: Attack['says'], sh: (bait: Bait) => string): Attack => ({ name, says, program: (bait) => ({ sh: sh(bait) }) })
/** A folder that is visible inside and not ours to write. */
const outside = ({ open }: Bait) => open ?? '/usr/share'

family('files', [
  shell('writes wherever it can', '', () => `
    for folder in / /etc /usr /usr/bin /usr/lib /var /var/lib /var/log /srv /opt /boot /mnt /sys/fs/cgroup /sys/kernel /proc/sys/kernel; do
      { printf '' > "$folder/nexus-was-here"; } 2>/dev/null && echo "wrote $folder"
    done; :`),
  shell('climbs out of the project', 'link\nproc', (bait) => `
    ln -s ${outside(bait)} out; { printf '' > out/nexus-was-here; } 2>/dev/null && echo "through a link"
    { printf '' > /proc/self/root${outside(bait)}/nexus-was-here; } 2>/dev/null && echo "through proc"
    { printf '' > /proc/self/cwd/../../../../../../etc/nexus-was-here; } 2>/dev/null && echo "through cwd"
    echo link; { cat /proc/1/root/etc/passwd; } >/dev/null 2>&1 && echo "through pid 1"; echo proc`),
  { name: 'links a file of the host into the project and writes it there', says: /^(link (EXDEV|EPERM|ENOENT|EACCES)\n?)+$/, program: (bait) => ({ c: `
    TRY("link", link("/etc/hostname", "own"));
    TRY("link", link("${outside(bait)}/world.txt", "own2"));
    int file = open("/etc/hostname", O_RDONLY);
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    TRY("link", linkat(AT_FDCWD, path, AT_FDCWD, "own3", AT_SYMLINK_FOLLOW));` }) },
  shell('makes files of the host run, belong to others, or look older', '', (bait) => `
    for file in /etc/hostname /etc/passwd /bin/sh ${bait.open ? `${bait.open}/world.txt` : ''} /dev/null /dev/zero /dev/full /dev/tty /dev/urandom /tmp/..; do
      chmod 777 "$file" 2>/dev/null && echo "mode of $file"
      chown 1234 "$file" 2>/dev/null && echo "owner of $file"
      touch -d 2001-01-01 "$file" 2>/dev/null && echo "times of $file"
      rm -f "$file" 2>/dev/null && [ ! -e "$file" ] && echo "removed $file"
      truncate -s 0 "$file" 2>/dev/null && [ ! -c "$file" ] && echo "emptied $file"
    done; :`),
  { name: 'turns on the one who renames folders for it', says: ({ launcher }) => `${launcher === 'native' ? 'trace EPERM\nmemory EACCES\ndescriptor EACCES\nlistener EPERM' : 'nobody'}\nraced`, program: (bait) => ({ python: `
import ctypes, errno, mmap, os, random, signal, time
libc = ctypes.CDLL(None, use_errno=True)
def attempt(name, call):
    try: call(); print(name, 'DONE', flush=True)
    except OSError as error: print(name, errno.errorcode[error.errno], flush=True)
def checked(done):
    if done < 0: raise OSError(ctypes.get_errno(), '')
os.mkdir('f'); os.rename('f', 'g')
def named(pid):
    try: return open('/proc/%s/comm' % pid).read() == 'nexus-renames\\n'
    except OSError: return False
mover = next((int(pid) for pid in os.listdir('/proc') if pid.isdigit() and named(pid)), None)
if mover is None: print('nobody', flush=True)
else:
    attempt('trace', lambda: checked(libc.ptrace(16, mover, 0, 0)))
    attempt('memory', lambda: open('/proc/%d/mem' % mover, 'r+b'))
    attempt('descriptor', lambda: os.readlink('/proc/%d/fd/3' % mover))
    attempt('listener', lambda: checked(libc.syscall(438, os.pidfd_open(mover), 3, 0)))
names = [b'g', b'h', b'g/in', b'/etc', b'/usr/lib', b'/proc/self/root/etc', b'/proc/1/root/etc', b'../../../../../../../../etc', b'${outside(bait)}', b'/dev/fd/3', b'out', b'out/x', b'.', b'/']
os.symlink('${outside(bait)}', 'out'); os.makedirs('g/in', exist_ok=True)
shared = mmap.mmap(-1, 8192)
words = [ctypes.c_char.from_buffer(shared, at) for at in (0, 4096)]
def caller():
    here = os.open('/', os.O_RDONLY)
    while True:
        libc.renameat2(random.choice((-100, here)), ctypes.byref(words[0]), -100, ctypes.byref(words[1]), random.choice((0, 0, 1, 2)))
def spawned(work):
    pid = os.fork()
    if pid == 0: random.seed(); work(); os._exit(0)
    return pid
callers = [spawned(caller) for _ in range(3)]
until = time.time() + 0.7
while time.time() < until:
    for at in (0, 4096):
        name = random.choice(names); shared[at:at + len(name) + 1] = name + b'\\0'
    if random.random() < 0.01:
        one = random.randrange(3); os.kill(callers[one], signal.SIGKILL); os.waitpid(callers[one], 0); callers[one] = spawned(caller)
for pid in callers: os.kill(pid, signal.SIGKILL)
print('raced' if os.path.isdir('/etc') and os.path.isdir('${outside(bait)}') else 'a folder of the host is gone')
` }) },
  { name: 'changes files of the host by the youngest calls, and flags its own so that nobody can remove them', says: /^(host \w+ (EROFS|EPERM|EACCES|ENOSYS)\n){6}own immutable EPERM\nown append EPERM\nown folder EPERM$/, program: (bait) => ({ c: `
    const char *host = "${outside(bait)}/world.txt";
    char blank[64] = {0};
    long immutable = 0x10, append = 0x20, nodump = 0x40;
    if (access(host, F_OK) != 0) host = "/etc/passwd";
    TRY("host setxattrat", syscall(463, AT_FDCWD, host, 0, "user.nexus", blank, 16));
    TRY("host removexattrat", syscall(466, AT_FDCWD, host, 0, "user.nexus"));
    TRY("host fchmodat2", syscall(452, AT_FDCWD, host, 0666, 0));
    TRY("host file_setattr", syscall(469, AT_FDCWD, host, blank, 24, 0));
    TRY("host flags", ioctl(open(host, O_RDONLY), 0x40086602, &nodump));
    TRY("host times", utimensat(AT_FDCWD, host, NULL, 0));
    int own = open("flagged", O_CREAT | O_RDWR, 0644);
    TRY("own immutable", ioctl(own, 0x40086602, &immutable));
    TRY("own append", ioctl(own, 0x40086602, &append));
    TRY("own folder", ioctl(open(".", O_RDONLY | O_DIRECTORY), 0x40086602, &immutable));` }) },
  { name: 'touches a device that everybody may write', says: 'null EROFS\ntimes EROFS\nattribute EROFS\nwritten 1', program: () => ({ python: `
import os, errno
def attempt(name, call):
    try: call(); print(name, 'DONE')
    except OSError as error: print(name, errno.errorcode[error.errno])
attempt('null', lambda: os.chmod('/dev/null', 0o666))
attempt('times', lambda: os.utime('/dev/null'))
def attribute():
    try: os.setxattr('/dev/null', 'trusted.nexus', b'x')
    except PermissionError: raise OSError(errno.EROFS, '')
attempt('attribute', attribute)
print('written', os.write(os.open('/dev/null', os.O_WRONLY), b'x'))
` }) },
  { name: 'makes devices: the disk, the memory, the kernel\'s log', says: /^disk EPERM\nmemory EPERM\nconsole (EPERM|EROFS|EACCES)\nnull EPERM$/, program: () => ({ c: `
    TRY("disk", mknod("disk", S_IFBLK | 0600, (254UL << 8)));
    TRY("memory", mknod("/tmp/mem", S_IFCHR | 0600, (1 << 8) | 1));
    TRY("console", mknod("/dev/console", S_IFCHR | 0600, (5 << 8) | 1));
    TRY("null", mknod("/dev/shm/null", S_IFCHR | 0600, (1 << 8) | 3));` }) },
  { name: 'forges what overlayfs keeps: a whiteout, a redirect to /etc', says: /^whiteout (EPERM|DONE)\n/, program: () => ({ python: `
import os, stat, errno
def attempt(name, call):
    try: call(); print(name, 'DONE')
    except OSError as error: print(name, errno.errorcode[error.errno])
attempt('whiteout', lambda: os.mknod('gone', stat.S_IFCHR, 0))
os.makedirs('mine', exist_ok=True)
for space in ('trusted', 'user'):
    for mark in ('redirect', 'opaque', 'metacopy', 'origin'):
        attempt(space + ' ' + mark, lambda: os.setxattr('mine', space + '.overlay.' + mark, b'/etc' if mark == 'redirect' else b'y'))
print(os.listdir('mine'))
` }), also: (run) => { expect(run.changes.map(({ path }) => path).filter((path) => String(path).includes('passwd') || String(path).startsWith('etc'))).toEqual([]) } },
  shell('gives a program the rights of its owner', /^mode \d+\nno$/, () => `
    cp /usr/bin/id own && chmod 6755 own; echo "mode $(stat -c %a own)"
    for place in /tmp /var/tmp /dev/shm /run "$HOME"; do { cp /usr/bin/id "$place/own" && chmod 4755 "$place/own"; } 2>/dev/null; done
    awk '$5 == "/" || $5 == "/tmp" || $5 == "/run" || $5 == "/dev/shm" || $5 == ENVIRON["HOME"] || $5 == ENVIRON["PWD"] { options[$5] = $6 } END { for (place in options) if (options[place] !~ /nosuid/) print "suid on " place }' /proc/self/mountinfo; echo no`),
  shell('swaps the project folder for a link to the host', /^(kept|swapped)/, (bait) => `
    cd .. ; mv project elsewhere 2>/dev/null && ln -s ${outside(bait)} project && echo swapped; rmdir project 2>/dev/null; echo kept`),
  shell('leaves links and pipes where a later reader may stumble', 'left', () => `
    ln -s /etc/shadow shadow; ln -s /proc/self/environ environ; mkfifo pipe; ln -s loop loop; mkdir -p a/b; ln -s ../.. a/b/up; ln -s /dev/zero endless
    mkfifo /tmp/pipe; ln -s /etc/passwd "$HOME/passwd"; echo left`),
  shell('names files so that a terminal obeys them', 'named', () => `
    touch "$(printf '\\033]0;owned\\007')" "$(printf 'a\\nb')" -- '-rf' '--help' "$(printf '\\377\\376')" "$(printf '\\342\\200\\256gpj.exe')"; echo named`),
  { name: 'writes past the mounts through descriptors of folders', says: /^(\w+ (EROFS|EACCES|EPERM|EXDEV|ENOENT|EOPNOTSUPP)\n?)+$/, program: () => ({ c: `
    int etc = open("/etc", O_PATH | O_DIRECTORY), root = open("/", O_RDONLY | O_DIRECTORY);
    TRY("make", openat(etc, "nexus-was-here", O_CREAT | O_WRONLY, 0644));
    TRY("folder", mkdirat(root, "nexus-was-here", 0755));
    TRY("unnamed", openat(AT_FDCWD, "/usr", O_TMPFILE | O_RDWR, 0600));
    TRY("reopen", open("/proc/self/fd/3/nexus-was-here", O_CREAT | O_WRONLY, 0644));
    TRY("symlink", symlinkat("x", etc, "nexus-was-here"));
    TRY("rename", renameat(AT_FDCWD, "kept.txt", etc, "nexus-was-here"));
    TRY("swap", syscall(SYS_renameat2, AT_FDCWD, "kept.txt", AT_FDCWD, "/etc/hostname", 2));
    TRY("unlink", unlinkat(etc, "hostname", 0));` }) },
  { name: 'fills the folders that only hold mount points', says: /^(\/\S+ \w+\n?)*$/, program: ({ nexus }) => ({ python: `
import os, errno
for folder in ('/home', '/root', '/run', '/dev', '/dev/pts', ${JSON.stringify(nexus.base)}):
    try: open(folder + '/nexus-was-here', 'w').close(); print(folder, 'private')
    except OSError as error: print(folder, errno.errorcode[error.errno])
` }) },
  { name: 'makes folders in folders until nobody can name them', says: 'made', program: () => ({ python: `
import os
name = 'd' * 250
for depth in range(1100):
    os.mkdir(name)
    os.chdir(name)
open('end', 'w').write('x')
print('made', flush=True)
` }), also: async (run, { nexus }) => {
    expect({ status: run.status, endReason: run.endReason, told: String(run.stderr).includes('too much to review') }).toEqual({ status: 'failed', endReason: 'seal-failed', told: true })
    // Nothing else could take it away afterwards.
    expect((await nexus.call('discard', run.id)).code).toBe(0)
    expect(existsSync(join(nexus.base, 'state/layers', run.id))).toBe(false)
  } },
  { name: 'makes files of nothing that are read for hours', says: 'made', program: () => ({ sh: 'truncate -s 200M first-hole; for n in $(seq 60); do truncate -s 3950M "hole-$n"; done; truncate -s 8T most 2>/dev/null; echo made' }), also: (run) => {
    const holes = run.changes.filter(({ path }) => String(path).startsWith('hole-'))
    expect([holes.length, holes.filter(({ flags }) => flags.includes('unreadable')).length]).toEqual([60, 60])
    expect(run.changes.find(({ path }) => path === 'first-hole')?.flags).toEqual([])
  } },
  { name: 'leaves so many files that the review drowns', says: 'made', program: () => ({ python: `
import os
for folder in range(60):
    os.mkdir('f%d' % folder)
    for number in range(100): os.close(os.open('f%d/%d' % (folder, number), os.O_CREAT | os.O_WRONLY, 0o644))
print('made', flush=True)
` }), also: (run) => { expect(run.counts.added).toBe(60 * 101) } },
  shell('names files like what Nexus itself puts there', 'named', () => `
    mkdir .nexus-stage-r12345678 .nexus-stage-; echo x >.nexus-stage-r12345678/0; echo x >.nexus-stage-file; ln -s /etc .nexus-stage-link; touch .wh.kept.txt .wh..wh..opq '#1' work upper; echo named`),
  { name: 'sets times before and after all calendars', says: 'set', program: () => ({ python: `
import os
for number, when in enumerate((-2**31, -1, 2**31, 2**32, 2**33, 15032385535)):
    open('t%d' % number, 'w').close()
    try: os.utime('t%d' % number, ns=(when * 10**9 + 999999999, when * 10**9 + 999999999))
    except OSError: pass
os.utime('kept.txt', (4102444800, 4102444800))
print('set')
` }), also: (run) => { expect(run.changes.filter(({ path }) => /^t\d$/.test(String(path))).length).toBe(6) } },
])
