/** Against what listens on the host: services answer whoever reaches their socket, with rights of their own. */
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
  { name: 'its own sockets work: by path, abstract, and in pairs', says: 'own\nown\nown', program: () => ({ python: `
import socket, threading
for path in ('own.sock', '\\0own', '/tmp/own.sock'):
    one = socket.socket(socket.AF_UNIX); one.bind(path); one.listen(1)
    threading.Thread(target=lambda: one.accept()[0].send(b'own')).start()
    other = socket.socket(socket.AF_UNIX); other.connect(path); print(other.recv(9).decode())
` }) },
])
