/** What a command cannot reach: the host's files, secrets, network, sockets and processes. */
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Ground, type Rung } from './ground.ts'

export function walls(rung: Rung): void {
  const isRoot = process.geteuid?.() === 0

  test('who the command is: the caller, without the means to be anybody else', async () => {
    await using ground = new Ground(rung)
    const { stdout } = await ground.run('id -u; id -g; grep -E "^(CapInh|CapPrm|CapEff|CapBnd|CapAmb|NoNewPrivs)" /proc/self/status')
    // chown, dac_override, fowner, fsetid, kill, setgid, setuid, setpcap, net_bind_service, sys_chroot
    const held = isRoot ? '00000000000405fb' : '0000000000000000'
    expect(stdout.replaceAll('\t', ' ').trim().split('\n')).toEqual([
      String(process.geteuid?.()), String(process.getegid?.()), 'CapInh: 0000000000000000', `CapPrm: ${held}`, `CapEff: ${held}`, `CapBnd: ${held}`, 'CapAmb: 0000000000000000', 'NoNewPrivs: 1',
    ])
  })

  test('the host cannot be written', async () => {
    await using ground = new Ground(rung)
    const before = ground.fingerprint()
    const places = ['/', '/etc', '/usr', '/usr/bin', '/var', '/srv', '/opt', '/boot', '/sys/kernel', '/proc/sys/kernel', ...(ground.isInOpen ? [ground.folder] : [])].filter((path) => existsSync(path))
    const { stdout } = await ground.run(`for place in ${places.join(' ')}; do if ( : > "$place/nexus-was-here" ) 2>/dev/null; then echo "$place"; fi; done`)
    expect(stdout).toBe('')
    expect(ground.fingerprint()).toEqual(before)
  })

  test('kernel settings cannot be changed', async () => {
    await using ground = new Ground(rung)
    const before = readFileSync('/proc/sys/kernel/printk', 'utf8')
    const { stdout } = await ground.run('if echo 7 > /proc/sys/kernel/printk; then echo changed; fi; if echo x > /proc/sysrq-trigger; then echo triggered; fi; if echo 1 > /sys/kernel/mm/ksm/run; then echo ksm; fi')
    expect(stdout).toBe('')
    expect(readFileSync('/proc/sys/kernel/printk', 'utf8')).toBe(before)
  })

  test('nothing can be mounted, unmounted or made a device', async () => {
    await using ground = new Ground(rung)
    const { stdout } = await ground.run('mount -t tmpfs x /mnt && echo mounted; umount -l /etc/shadow && echo unmounted; umount -l "$HOME" && echo home; mknod dev b 254 0 && echo device; mount -o remount,rw / && echo remounted; exit 0')
    expect(stdout).toBe('')
  })

  test('a user namespace of its own does not lift the covers', async () => {
    await using ground = new Ground(rung)
    writeFileSync(join(ground.home, 'secret'), 'secret')
    const { stdout } = await ground.run(`unshare -Urm sh -c 'umount -l "$HOME"; umount -l /tmp; umount -l ${ground.state}; cat ${ground.home}/secret; ls ${ground.state}; mount -o remount,rw / && echo rw; : > /etc/nexus-was-here && echo written' 2>/dev/null`)
    expect(stdout).toBe('')
  })

  test('the state folder and what else is named is empty, also inside the project', async () => {
    await using ground = new Ground(rung)
    const config = join(ground.folder, 'config')
    const token = join(ground.project, 'token')
    mkdirSync(config)
    for (const file of [join(ground.state, 'database'), join(config, 'config.yaml'), token]) writeFileSync(file, 'secret')
    const { stdout, stderr, layer } = await ground.run(`find ${ground.state} ${config} -mindepth 1 2>/dev/null; cat ${token} 2>/dev/null; echo end`, { hidden: [config, token] })
    expect([stdout, stderr]).toEqual(['end\n', ''])
    expect(existsSync(join(layer.upper, 'token'))).toBe(rung.backend === 'copy')
    expect(readFileSync(token, 'utf8')).toBe('secret')
  })

  test('who may enter the machine stays unknown', async () => {
    await using ground = new Ground(rung)
    const { stdout } = await ground.run('cat /etc/shadow /etc/shadow- /etc/gshadow /etc/ssh/ssh_host_*_key 2>/dev/null')
    expect(stdout).toBe('')
  })

  test('home is private: the host\'s is not seen, what is written is not on the host', async () => {
    await using ground = new Ground(rung)
    writeFileSync(join(ground.home, '.netrc'), 'password')
    mkdirSync(join(ground.home, '.ssh'))
    writeFileSync(join(ground.home, '.ssh/id_ed25519'), 'key')
    const before = ground.fingerprint()
    const { stdout, layer } = await ground.run('find "$HOME" -xdev -type f; cat ~/.netrc ~/.ssh/id_ed25519 2>/dev/null; echo mine > ~/mine; find /home /root -xdev -type f')
    expect(stdout).toBe('')
    expect(readFileSync(join(layer.folder, 'home/mine'), 'utf8')).toBe('mine\n')
    expect(ground.fingerprint()).toEqual(before)
  })

  test('scratch folders are private', async () => {
    await using ground = new Ground(rung)
    const { stdout, layer } = await ground.run('find /tmp -mindepth 1 -type f; for place in /tmp /var/tmp /dev/shm /run; do echo x > $place/nexus-scratch || echo "no $place"; done; stat -c %a /tmp /var/tmp')
    expect(stdout).toBe('1777\n1777\n')
    expect(readFileSync(join(layer.folder, 'tmp/nexus-scratch'), 'utf8')).toBe('x\n')
    expect(readFileSync(join(layer.folder, 'vartmp/nexus-scratch'), 'utf8')).toBe('x\n')
    expect(['/tmp', '/var/tmp', '/dev/shm', '/run'].filter((place) => existsSync(`${place}/nexus-scratch`))).toEqual([])
  })

  test('/dev holds the harmless devices and nothing else', async () => {
    await using ground = new Ground(rung)
    const { stdout } = await ground.run('ls /dev; head -c 4 /dev/urandom | wc -c; echo x > /dev/null && echo ok; df --output=fstype /dev/shm | tail -1')
    expect(stdout.split('\n').map((text) => text.trim()).filter(Boolean)).toEqual(['fd', 'full', 'null', 'ptmx', 'pts', 'random', 'shm', 'stderr', 'stdin', 'stdout', 'tty', 'urandom', 'zero', '4', 'ok', 'tmpfs'])
  })

  test('only processes of the run are seen, and pid 1 cannot be read or hurt', async () => {
    await using ground = new Ground(rung)
    const { stdout, end } = await ground.run('ls /proc | grep -c "^[0-9]"; cat /proc/1/environ /proc/1/mem 2>/dev/null | head -c 1; readlink /proc/1/root /proc/1/cwd /proc/1/exe /proc/1/fd/*; kill -KILL 1; sleep 0.1; echo alive')
    expect(Number(stdout.split('\n')[0])).toBeLessThan(10)
    expect(stdout.split('\n').slice(1)).toEqual(['alive', ''])
    expect(end).toMatchObject({ type: 'exited', exitCode: 0 })
  })

  test('no descriptor of the launcher reaches the command', async () => {
    await using ground = new Ground(rung)
    // The shell's own glob holds one descriptor open on the listing.
    expect((await ground.run('for fd in /proc/self/fd/*; do echo ${fd##*/}; done')).stdout.split('\n').filter(Boolean).map(Number).filter((fd) => fd > 2 && fd !== 3)).toEqual([])
    expect((await ground.run('readlink /proc/$$/fd/3')).stdout).toBe('')
  })

  test('with the network off, the host is not reached, and its own lo works', async () => {
    await using ground = new Ground(rung)
    const server = await listening(createServer((socket) => socket.end('host')), { port: 0, host: '127.0.0.1' })
    const { port } = server.address() as { port: number } // listens on TCP
    const connect = `require('net').connect(${port}, '127.0.0.1').on('data', (d) => console.log('reached ' + d)).on('error', (e) => console.log(e.code))`
    const own = `const s = require('net').createServer((c) => c.end('own')).listen(0, '127.0.0.1', () => require('net').connect(s.address().port, '127.0.0.1').on('data', (d) => { console.log(String(d)); s.close() }))`
    try {
      expect((await nodeInside(ground, connect)).trim()).toBe('ECONNREFUSED')
      expect((await nodeInside(ground, own)).trim()).toBe('own')
      expect((await nodeInside(ground, connect, 'on')).trim()).toBe('reached host')
    } finally {
      server.close()
    }
  })

  test('root may listen on a low port of its own network', async ({ skip }) => {
    if (!isRoot) return skip('needs root')
    await using ground = new Ground(rung)
    expect((await nodeInside(ground, `const s = require('net').createServer().listen(80, () => { console.log('listens'); s.close() }).on('error', (e) => console.log(e.code))`)).trim()).toBe('listens')
  })

  test('sockets of the host in its scratch and run folders and in the home are out of reach', async () => {
    await using ground = new Ground(rung)
    const places = ['/tmp', ...(isRoot ? ['/run'] : []), ground.home]
    for (const place of places) {
      const path = join(place, `nexus-contract-${process.pid}.sock`)
      const server = await listening(createServer((socket) => socket.end('host')), { path })
      try {
        for (const net of ['off', 'on'] as const) {
          const answer = await nodeInside(ground, `require('net').connect(${JSON.stringify(path)}).on('data', (d) => console.log('reached')).on('error', (e) => console.log(e.code))`, net)
          expect([place, answer.trim()]).toEqual([place, 'ENOENT'])
        }
      } finally {
        server.close()
        rmSync(path, { force: true })
      }
    }
  })

  test('a set-user-id program gives nothing', async () => {
    await using ground = new Ground(rung)
    const { stdout } = await ground.run('cp /usr/bin/id idcopy && chmod 4755 idcopy && ./idcopy -u; grep -c nosuid /proc/self/mountinfo >/dev/null && awk \'$5 == "/" || $5 == "/tmp" { print $6 }\' /proc/self/mountinfo | grep -vc nosuid')
    expect(stdout).toBe(`${process.geteuid?.()}\n0\n`)
  })
}

/** Node is the one program that is surely there, but perhaps in a home that is hidden: it is copied into the project. */
async function nodeInside(ground: Ground, script: string, net: 'off' | 'on' = 'off'): Promise<string> {
  const node = join(ground.project, 'node')
  if (!existsSync(node)) copyFileSync(process.execPath, node)
  const { stdout, stderr, end } = await ground.run([node, '-e', script], { net })
  if (end.type !== 'exited') throw new Error(`${JSON.stringify(end)} ${stderr}`)
  return stdout
}

function listening(server: Server, where: { port: number; host: string } | { path: string }): Promise<Server> {
  const { promise, resolve, reject } = Promise.withResolvers<Server>()
  server.once('error', reject).listen(where, () => resolve(server))
  return promise
}
