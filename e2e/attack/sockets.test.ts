/** Against what listens on the host: services answer whoever reaches their socket, with rights of their own. */
import { spawnSync } from 'node:child_process'
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { expect } from 'vitest'
import { family, type Attack } from './attack.ts'
import type { Bait } from './bait.ts'

const CONNECT = `
import socket, sys, errno
def attempt(path, kind=socket.SOCK_STREAM):
    one = socket.socket(socket.AF_UNIX, kind)
    try:
        one.connect(path)
        return 'REACHED ' + one.recv(9).decode()
    except OSError as error:
        return 'held'
`
const HELD = (count: number) => Array.from({ length: count }, () => 'held').join('\n')
const each = (paths: readonly string[]) => `${CONNECT}\nfor path in ${JSON.stringify(paths)}: print(attempt(path))\n`
const nets = ['off', 'on'] as const

family('sockets', [
  ...nets.map((net): Attack => ({
    name: `connects to sockets that lie about, network ${net}`, says: (_front, bait) => HELD(bait.sockets.length),
    ...(net === 'on' ? { net } : {}), program: (bait) => ({ python: each(bait.sockets) }),
  })),
  { name: 'connects to the abstract socket of a host program', says: 'held', program: ({ abstract }) => ({ python: each([`\0${abstract}`]) }) },
  { name: 'connects to it with the host\'s network', wall: 'landlock', net: 'on', says: 'held', program: ({ abstract }) => ({ python: each([`\0${abstract}`]) }) },
  {
    name: 'looks for the usual ones: docker, the bus, ssh-agent, the terminal multiplexer, the display', net: 'on', says: 'held', program: ({ nexus }) => ({ python: `${CONNECT}
import glob, os
found = [path for pattern in ('/run/**/*', '/var/run/**/*', '/tmp/**/*', '/var/lib/*/*', '/var/spool/*/*/*', ${JSON.stringify(nexus.base)} + '/**/*') for path in glob.glob(pattern, recursive=True) if os.path.exists(path)]
found += ['/var/run/docker.sock', '/run/docker.sock', '/run/containerd/containerd.sock', '/run/dbus/system_bus_socket', '/run/user/%d/bus' % os.getuid(), '/tmp/.X11-unix/X0', '/run/systemd/private', '/run/systemd/journal/socket', '/dev/log', os.environ.get('SSH_AUTH_SOCK', '/none')]
print('\\n'.join(sorted({attempt(path) for path in found})))
` }),
  },
  { name: 'sends a datagram to one', says: 'held', program: (bait) => ({ python: `
import socket
said = set()
for path in ${JSON.stringify(bait.sockets)} + ['/dev/log', '/run/systemd/journal/dev-log', '/run/systemd/notify']:
    one = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try: one.sendto(b'x', path); said.add('SENT ' + path)
    except OSError: said.add('held')
print('\\n'.join(sorted(said)))
` }) },
  { name: 'reaches one by a link, by a relative path, by a descriptor of its folder', says: HELD(3), program: (bait) => ({ python: `${CONNECT}
import os
target = ${JSON.stringify(bait.sockets.at(-1))}
os.symlink(target, 'link.sock')
print(attempt('link.sock'))
os.chdir(os.path.dirname(target) if os.path.isdir(os.path.dirname(target)) else '/')
print(attempt(os.path.basename(target)))
folder = os.open('.', os.O_PATH)
print(attempt('/proc/self/fd/%d/%s' % (folder, os.path.basename(target))))
` }) },
  { name: 'talks to the host over the loopback interface', says: 'ECONNREFUSED', program: ({ port }) => ({ node: `require('net').connect(${port}, '127.0.0.1').on('data', (data) => console.log('REACHED ' + data)).on('error', (error) => console.log(error.code))` }) },
  { name: 'leaves the machine', says: /^(ENETUNREACH|EAI_AGAIN|ECONNREFUSED|ENETUNREACH\n)+$/, program: () => ({ node: `require('net').connect({ host: '192.0.2.1', port: 80, timeout: 3000 }).on('connect', () => console.log('REACHED')).on('timeout', () => process.exit(1)).on('error', (error) => console.log(error.code))` }) },
  { name: 'reaches the daemon that holds it', net: 'on', says: 'held', program: ({ nexus }: Bait) => ({ python: `${CONNECT}
import glob
print('\\n'.join(sorted({attempt(path) for path in glob.glob(${JSON.stringify(nexus.base)} + '/state/**/*', recursive=True) + [${JSON.stringify(nexus.base)} + '/state/run/daemon.sock']})))
` }) },
  ...nets.map((net): Attack => ({
    name: `waits for a socket that comes up while it runs, deep in the open, network ${net}`, says: 'held', ...(net === 'on' ? { net } : {}), meanwhile: (bait) => bait.latecomers(),
    program: ({ open, nexus }) => ({ python: `${CONNECT}
import os, time
time.sleep(1.2)
folder = ${JSON.stringify(open ?? nexus.base)} + '/late/two/three/four/five/six/'
found = [folder + name for name in (os.listdir(folder) if os.path.isdir(folder) else [])] + [folder + 'late-%d.sock' % number for number in range(40)]
print('\\n'.join(sorted({attempt(path, kind) for path in found for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM)})))
` }),
  })),
  {
    name: 'gives orders by a pipe of the host, and steals what others write there', says: /^(written E\w+|written DONE)\nread (nothing|E\w+)$/, program: ({ pipe }) => ({ python: `
import errno, os
path = ${JSON.stringify(pipe ?? '/nonexistent')}
# Both ends: a pipe of one's own takes the words and keeps them.
try:
    own = os.open(path, os.O_RDWR | os.O_NONBLOCK); os.write(own, b'orders\\n'); print('written DONE')
except OSError as error: print('written', errno.errorcode[error.errno])
try:
    one = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    text = os.read(one, 99)
    print('read', 'nothing' if text in (b'', b'orders\\n') else text)
except OSError as error: print('read', errno.errorcode[error.errno] if error.errno != errno.EAGAIN else 'nothing')
` }),
    meanwhile: ({ pipe }) => {
      if (pipe === undefined) return new DisposableStack()
      const end = openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK)
      writeSync(end, 'for others\n')
      const around = new DisposableStack()
      around.defer(() => {
        try {
          expect(readSync(end, Buffer.alloc(99))).toBe('for others\n'.length)
        } finally {
          closeSync(end)
        }
      })
      return around
    },
  },
  {
    name: 'locks a file of the host, and holds a lease on it', says: 'locked\nleased', program: ({ open }) => ({ python: `
import fcntl, time
file = open(${JSON.stringify(open ? `${open}/inner/world.txt` : '/etc/hostname')})
try: fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
except OSError: pass
print('locked', flush=True)
try: fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)
except OSError: pass
print('leased', flush=True)
time.sleep(1)
` }),
    meanwhile: ({ open }) => {
      const around = new DisposableStack()
      if (!open) return around
      const file = `${open}/inner/world.txt`
      const refusals: string[] = []
      const timer = setInterval(() => {
        if (spawnSync('flock', ['-n', file, 'true']).status !== 0) refusals.push('locked')
        try {
          closeSync(openSync(file, constants.O_WRONLY | constants.O_NONBLOCK))
        } catch (error) {
          refusals.push(String(error))
        }
      }, 150)
      around.defer(() => {
        clearInterval(timer)
        expect(refusals).toEqual([])
      })
      return around
    },
  },
  {
    name: 'asks for names, and sends what it knows by datagrams', says: /^((ENETUNREACH|EADDRNOTAVAIL|EHOSTUNREACH|EACCES|EPERM|ECONNREFUSED)\n?)+$/, program: () => ({ python: `
import errno, re, socket
said = set()
servers = re.findall(r'^nameserver\\s+(\\S+)', open('/etc/resolv.conf').read(), re.M) if __import__('os').path.exists('/etc/resolv.conf') else []
own = ${JSON.stringify(Object.values(networkInterfaces()).flatMap((all) => all ?? []).filter(({ internal }) => !internal).map(({ address }) => address))}
for address in servers + own + ['192.0.2.1', '8.8.8.8', '169.254.169.254', '224.0.0.251', '255.255.255.255', '10.0.0.1', '2001:db8::1', 'ff02::fb']:
    if address.startswith('127.'): continue
    one = socket.socket(socket.AF_INET6 if ':' in address else socket.AF_INET, socket.SOCK_DGRAM)
    try:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        one.sendto(b'\\0\\1\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0\\4nexus\\0\\0\\1\\0\\1', (address, 53))
        said.add('SENT to ' + address)
    except OSError as error: said.add(errno.errorcode[error.errno])
print('\\n'.join(sorted(said)))
` }),
  },
  { name: 'makes interfaces, and with them modules of the kernel, by netlink', says: 'dummy EPERM\nbridge EPERM\nwireguard EPERM\nroute EPERM', program: () => ({ python: `
import errno, socket, struct
def ask(kind, flags, body):
    one = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    one.settimeout(5)
    one.send(struct.pack('=LHHLL', 16 + len(body), kind, flags, 1, 0) + body)
    answer = one.recv(4096)
    code = struct.unpack_from('=i', answer, 16)[0]
    return errno.errorcode[-code] if code < 0 else 'DONE'
def attribute(kind, value):
    return struct.pack('=HH', 4 + len(value), kind) + value + b'\\0' * (-len(value) % 4)
for name in ('dummy', 'bridge', 'wireguard'):
    print(name, ask(16, 0x605, struct.pack('=BxHiII', 0, 0, 0, 0, 0) + attribute(18, attribute(1, name.encode()))))
print('route', ask(24, 0x605, struct.pack('=BBBBBBBBI', 2, 0, 0, 0, 254, 4, 0, 1, 0) + attribute(4, struct.pack('=i', 1))))
` }) },
  { name: 'finds the queues and the memory that host programs share', says: 'queue ENOENT\nmemory ENOENT\nsemaphores ENOENT', program: ({ shared }) => ({ python: `
import ctypes, errno
libc = ctypes.CDLL(None, use_errno=True)
def attempt(name, result): print(name, 'FOUND' if result >= 0 else errno.errorcode[ctypes.get_errno()])
attempt('queue', libc.mq_open(b'/${shared.queue}', 2))
attempt('memory', libc.shmget(${shared.key}, 0, 0))
attempt('semaphores', libc.semget(${shared.key}, 0, 0))
` }) },
  { name: 'its own sockets work: by path, abstract, and in pairs', says: 'own\nown\nown', program: () => ({ python: `
import socket, threading
for path in ('own.sock', '\\0own', '/tmp/own.sock'):
    one = socket.socket(socket.AF_UNIX); one.bind(path); one.listen(1)
    threading.Thread(target=lambda: one.accept()[0].send(b'own')).start()
    other = socket.socket(socket.AF_UNIX); other.connect(path); print(other.recv(9).decode())
` }) },
])
