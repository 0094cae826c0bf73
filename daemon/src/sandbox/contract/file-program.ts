/** A program that does to files whatever the system lets it do, and says how each went: `name: answer`, one to a line. */
export const FILE_PROGRAM = String.raw`
import ctypes, errno, fcntl, mmap, os, struct, subprocess, sys
libc = ctypes.CDLL(None, use_errno=True)
def say(name, call):
    try: print('%s: %s' % (name, call()))
    except OSError as error: print('%s: %s' % (name, errno.errorcode.get(error.errno, error.errno)))
def checked(result):
    if result: raise OSError(ctypes.get_errno(), '')
def put(path, data=b'x'):
    file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o644); os.write(file, data); os.close(file)
def get(path):
    with open(path, 'rb') as file: return file.read(1 << 20)
EVERYBODY = 0xffffffff
ACL = struct.pack('<I', 2) + b''.join(struct.pack('<HHI', *entry) for entry in ((1, 6, EVERYBODY), (2, 7, os.getuid()), (4, 4, EVERYBODY), (16, 7, EVERYBODY), (32, 0, EVERYBODY)))

def prepare():
    for name, data in dict(lower=b'lower text', early=b'early__', early2=b'early__', locked=b'', source=b'source', big=b'b' * 200000, dated=b'', single=b'1', pair=b'1', inode=b'i', open=b'o', noted=b'', listed=b'').items(): put(name, data)
    os.symlink('nowhere', 'link'); os.symlink('loop', 'loop'); os.mkdir('folder'); os.link('pair', 'pair2')
    put('sparse', b'')
    os.truncate('sparse', 20 << 20)
    file = os.open('sparse', os.O_WRONLY); os.pwrite(file, b'x', 10 << 20); os.close(file)
    os.setxattr('noted', 'user.note', b'kept'); os.setxattr('listed', 'system.posix_acl_access', ACL)

def shared_maps():
    one, two = (mmap.mmap(os.open('lower', os.O_RDWR), 0) for _ in range(2))
    one[:4] = b'MMAP'; found = bytes(two[:4]); one.flush(); return found, get('lower')[:4]
def early_reader():
    early = os.open('early', os.O_RDONLY); put('early', b'written'); return os.pread(early, 20, 0)
def early_map():
    early = mmap.mmap(os.open('early2', os.O_RDONLY), 0, prot=mmap.PROT_READ); os.pwrite(os.open('early2', os.O_RDWR), b'written', 0); return bytes(early[:7])
def lock(kind):
    mine = os.open('lower', os.O_RDWR); getattr(fcntl, kind)(mine, fcntl.LOCK_EX)
    other = "import os, fcntl\nfile = os.open('lower', os.O_RDWR)\ntry: fcntl.%s(file, fcntl.LOCK_EX | fcntl.LOCK_NB); print('taken twice')\nexcept OSError: print('held')" % kind
    answer = subprocess.run([sys.executable, '-c', other], capture_output=True, text=True).stdout.strip(); os.close(mine); return answer
def lock_before_writing():
    mine = os.open('locked', os.O_RDONLY); fcntl.flock(mine, fcntl.LOCK_EX)
    try: fcntl.flock(os.open('locked', os.O_RDWR), fcntl.LOCK_EX | fcntl.LOCK_NB); return 'taken twice'
    except OSError: return 'held'
def unnamed():
    file = os.open('.', os.O_TMPFILE | os.O_RDWR, 0o600); os.write(file, b'unnamed')
    checked(libc.linkat(-100, b'/proc/self/fd/%d' % file, -100, b'named', 0x400)); return get('named'), os.fstat(file).st_nlink
def direct():
    file = os.open('direct', os.O_CREAT | os.O_RDWR | os.O_DIRECT, 0o600); page, back = mmap.mmap(-1, 4096), mmap.mmap(-1, 4096)
    page[:5] = b'block'; os.write(file, page); os.lseek(file, 0, 0); os.readv(file, [back]); return bytes(back[:5])
def punch():
    file = os.open('big', os.O_RDWR); checked(libc.fallocate(file, 3, ctypes.c_long(0), ctypes.c_long(65536)))
    return os.fstat(file).st_size, os.pread(file, 2, 65534) + os.pread(file, 2, 65536)
def reserve():
    file = os.open('grown', os.O_CREAT | os.O_RDWR, 0o600); os.posix_fallocate(file, 0, 1 << 20); return os.fstat(file).st_size, os.fstat(file).st_blocks * 512 >= 1 << 20
def copied(call, name):
    file = os.open(name, os.O_CREAT | os.O_RDWR, 0o600); return call(os.open('source', os.O_RDONLY), file), get(name)
def holes():
    file = os.open('sparse', os.O_RDONLY); return os.lseek(file, 0, os.SEEK_DATA), os.lseek(file, 10 << 20, os.SEEK_HOLE) < 11 << 20
def append():
    file = os.open('sparse', os.O_WRONLY | os.O_APPEND); os.write(file, b'end'); return os.stat('sparse').st_size, os.stat('sparse').st_blocks * 512 < 4 << 20
def exchange(one, other, flags):
    checked(libc.renameat2(-100, one, -100, other, flags)); return get(other)
def times(path, ns):
    os.utime(path, ns=(ns, ns), follow_symlinks=False); return os.lstat(path).st_mtime_ns, os.lstat(path).st_atime_ns
def mode(path, bits):
    os.chmod(path, bits); return oct(os.stat(path).st_mode)
def attribute(path, name, value):
    os.setxattr(path, name, value); return os.getxattr(path, name) == value, sorted(name for name in os.listxattr(path) if not name.startswith('security.'))
def heir():
    put('folder/heir'); return oct(os.stat('folder/heir').st_mode), len(os.getxattr('folder/heir', 'system.posix_acl_access'))
def linked(path, name):
    os.link(path, name, follow_symlinks=False); return os.lstat(path).st_ino == os.lstat(name).st_ino, os.lstat(path).st_nlink
def one_of_two():
    put('pair', b'changed'); return get('pair2')
def same_number():
    before = os.stat('inode').st_ino; put('inode'); return os.stat('inode').st_ino == before
def deep():
    top = os.open('.', os.O_RDONLY)
    for _ in range(30): os.mkdir('d' * 200); os.chdir('d' * 200)
    put('end', b'deep'); answer = get('end'); os.fchdir(top); return answer
def many():
    for number in range(50): put('folder/f%d' % number)
    made = len(os.listdir('folder'))
    for number in range(50): os.unlink('folder/f%d' % number)
    return made, len(os.listdir('folder'))
def gone_but_open():
    file = os.open('open', os.O_RDWR); os.unlink('open'); os.write(file, b'still'); return os.pread(file, 9, 0), os.fstat(file).st_nlink
def pipe():
    os.mkfifo('pipe'); file = os.open('pipe', os.O_RDWR | os.O_NONBLOCK); os.write(file, b'p'); return os.read(file, 9)
def figures():
    found = os.statvfs('.'); return found.f_namemax, found.f_bfree > 0, found.f_files > 0

def probe():
    say('two shared maps', shared_maps); say('a reader from before the first write', early_reader); say('a map made before the first write', early_map)
    say('flock between processes', lambda: lock('flock')); say('fcntl locks between processes', lambda: lock('lockf')); say('a lock taken before the first write', lock_before_writing)
    say('a file without a name gets one', unnamed); say('direct input and output', direct); say('a hole is punched', punch); say('space is reserved', reserve)
    say('copy_file_range', lambda: copied(lambda one, other: os.copy_file_range(one, other, 100), 'ranged')); say('sendfile', lambda: copied(lambda one, other: os.sendfile(other, one, 0, 100), 'sent'))
    say('holes of a file from before', holes); say('holes stay when something is appended', append)
    put('one', b'1'); put('two', b'2')
    say('rename without replacing', lambda: exchange(b'one', b'two', 1)); say('rename without replacing, where nothing is', lambda: exchange(b'one', b'three', 1))
    say('exchange', lambda: exchange(b'three', b'two', 2)); say('exchange with a file from before', lambda: exchange(b'three', b'source', 2))
    for ns in (-1234567890123456789, 4102444800123456789, 1): say('time %d' % ns, lambda: times('dated', ns))
    say('time of a link', lambda: times('link', 123456789)); say('time of a folder', lambda: times('folder', 123456789))
    for path, bits in (('dated', 0o640), ('dated', 0o4755), ('dated', 0o2755), ('folder', 0o1777), ('folder', 0o2755)): say('mode %o of %s' % (bits, path), lambda: mode(path, bits))
    mode('dated', 0o4755); say('owner, which takes setuid away', lambda: (os.chown('dated', os.getuid(), os.getgid()), oct(os.stat('dated').st_mode)))
    say('a loop of links opened', lambda: get('loop')); say('a loop of links looked at', lambda: os.stat('loop')); say('a loop of links read', lambda: os.readlink('loop'))
    say('a name of 255 bytes', lambda: put('n' * 255)); say('a name of 256 bytes', lambda: put('n' * 256)); say('a name that is no UTF-8', lambda: (put(b'n\xff'), b'n\xff' in os.listdir(b'.')))
    say('a path of 5000 bytes', lambda: put('folder/../' * 500 + 'x')); say('deeper than a path may be long', deep)
    say('an attribute', lambda: attribute('dated', 'user.note', b'text')); say('an attribute from before', lambda: os.getxattr('noted', 'user.note')); say('an attribute that needs rights', lambda: os.setxattr('dated', 'security.nexus', b'x') if os.getuid() else 1)
    say('an access list', lambda: attribute('dated', 'system.posix_acl_access', ACL)); say('an access list of a folder', lambda: attribute('folder', 'system.posix_acl_default', ACL)); say('an access list inherited', heir)
    say('an access list from before', lambda: len(os.getxattr('listed', 'system.posix_acl_access')))
    say('a link to a file from before', lambda: linked('single', 'second')); say('a link to a new file', lambda: linked('sent', 'sent2')); say('a link to a link', lambda: linked('link', 'link2'))
    say('writing to one of two hard links', one_of_two); say('names of a hard link', lambda: os.stat('pair2').st_nlink)
    say('the number stays with the first write', same_number); say('one device', lambda: len({os.lstat(name).st_dev for name in ('lower', 'folder', 'pair2', 'two')}))
    say('figures of the file system', figures); say('a pipe', pipe); say('made and removed', many)
    say('a full folder removed', lambda: os.rmdir('folder')); say('a folder unlinked', lambda: os.unlink('folder')); say('a file over a folder', lambda: os.rename('dated', 'folder')); say('a folder over a file', lambda: os.rename('folder', 'dated'))
    say('a file renamed', lambda: (os.rename('noted', 'renamed'), os.path.exists('noted'), os.getxattr('renamed', 'user.note'))); say('a link renamed', lambda: (os.rename('link', 'moved'), os.readlink('moved')))
    say('a file that is gone but open', gone_but_open); say('cut and grown', lambda: (os.truncate('early', 3), os.truncate('early', 5), get('early')))

prepare() if sys.argv[1] == 'prepare' else probe()
`
