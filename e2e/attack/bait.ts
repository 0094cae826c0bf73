/** What an attacker would like to have, laid out on the host; and the oracle that says whether any of it was touched. */
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { accessSync, chmodSync, chownSync, constants, existsSync, lstatSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { Nexus, root } from '../nexus.ts'
import { differences, snapshot, type Snapshot } from '../oracle.ts'
import type { Front } from './fronts.ts'

const DEVICES = ['/dev/null', '/dev/zero', '/dev/full', '/dev/tty', '/dev/random', '/dev/urandom']
/** The programs of Nexus itself are among them: who changes those acts outside of every sandbox later. */
const MACHINE_FILES = [...['daemon/dist/nexus-native', 'daemon/dist/nexusd.mjs', 'cli/dist/nexus.mjs', 'nexus'].map((path) => join(root, path)), '/etc/passwd', '/etc/hostname', '/etc/hosts', '/etc/crontab', '/proc/sys/kernel/core_pattern']

/** Deeper than anybody looks for sockets. */
export const DEEP = 'one/two/three/four/five/six'
const LATE = 'late/two/three/four/five/six'

export class Bait implements AsyncDisposable {
  readonly nexus: Nexus
  /** Never to be seen inside. */
  readonly secret = `secret-${process.pid}-${process.hrtime.bigint()}`
  /** A folder that is visible inside, outside of the project; undefined where we may make none. */
  readonly open: string | undefined
  /** A second name of the home and its surroundings, as a bind mount gives it; undefined where we may not mount. */
  alias: string | undefined
  /** Answers `host` on 127.0.0.1. */
  port = 0
  readonly abstract = `nexus-attack-${process.pid}-${process.hrtime.bigint()}`
  /** What host programs share by name: a queue, and memory and semaphores by a key. */
  readonly shared = { queue: `nexus-attack-${process.pid}`, key: 0x4e58_0000 + (process.pid & 0xffff) }
  readonly owner: { readonly uid: number; readonly gid: number }
  readonly #servers: Server[] = []
  #victim: ChildProcess | undefined
  #before: Snapshot[] = []
  #devices: string[] = []

  private constructor(front: Front) {
    this.owner = front.as ?? { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 }
    this.nexus = new Nexus({ ...(front.as ? { as: front.as } : {}), env: front.launcher === 'native' ? {} : { NEXUS_NATIVE: '/nonexistent/nexus-native' } })
    const place = ['/srv', '/opt'].find((path) => isWritable(path))
    this.open = place && mkdtempSync(join(place, 'nexus-attack-'))
    if (this.open) chmodSync(this.open, 0o755)
  }

  static async lay(front: Front): Promise<Bait> {
    const bait = new Bait(front)
    const { nexus, secret, open } = bait
    const own = (path: string) => chownSync(path, bait.owner.uid, bait.owner.gid)
    const put = (path: string, mode: number) => {
      writeFileSync(path, `${secret}\n`, { mode })
      chmodSync(path, mode)
      own(path)
    }
    for (const folder of ['.ssh', '.aws', '.config']) {
      mkdirSync(join(nexus.userHome, folder), { mode: 0o700 })
      own(join(nexus.userHome, folder))
    }
    for (const file of ['.ssh/id_ed25519', '.aws/credentials', '.netrc', '.bash_history']) put(join(nexus.userHome, file), 0o600)
    put(join(nexus.project, 'kept.txt'), 0o644)
    if (open) {
      put(join(open, 'world.txt'), 0o644)
      writeFileSync(join(open, 'shut.txt'), `${secret}\n`, { mode: 0o600 })
      mkdirSync(join(open, DEEP), { recursive: true })
      writeFileSync(join(open, DEEP, 'shut.txt'), `${secret}\n`, { mode: 0o600 })
      for (const folder of [LATE, 'inner']) mkdirSync(join(open, folder), { recursive: true })
      put(join(open, 'inner/world.txt'), 0o644)
      execFileSync('mkfifo', ['-m', '666', join(open, 'inner/orders')])
    }
    await bait.#listen()
    bait.#mountAgain()
    bait.#mountDisk()
    share(SHARE, bait.shared)
    bait.#victim = spawn('sleep', ['3600'], { env: { NEXUS_ATTACK_SECRET: secret, PATH: process.env.PATH }, stdio: 'ignore' })
    return bait
  }

  /** A pipe that anybody may write to, as of a program that waits for orders. */
  get pipe(): string | undefined {
    return this.open && join(this.open, 'inner/orders')
  }

  /** A process of the host, with the secret in its environment. */
  get victim(): number {
    return this.#victim?.pid ?? 0
  }

  /** Sockets that answer `host` to whoever connects. */
  get sockets(): string[] {
    return [join(this.nexus.base, 'tmp.sock'), join(this.nexus.userHome, 'home.sock'), join(this.nexus.project, 'project.sock'), ...(this.open ? [join(this.open, 'open.sock')] : [])]
  }

  /** Services that come up while a command runs: a new socket every fifth of a second, deep in the open. */
  latecomers(): Disposable & { readonly paths: readonly string[] } {
    const paths: string[] = []
    const servers: Server[] = []
    const folder = join(this.open ?? this.nexus.base, LATE)
    mkdirSync(folder, { recursive: true })
    const timer = setInterval(() => {
      const path = join(folder, `late-${paths.length}.sock`)
      servers.push(answer().listen({ path }, () => { chmodSync(path, 0o777) }))
      paths.push(path)
    }, 200)
    return { paths, [Symbol.dispose]: () => {
      clearInterval(timer)
      for (const server of servers) server.close()
    } }
  }

  async #listen(): Promise<void> {
    for (const path of [...this.sockets, `\0${this.abstract}`]) {
      const server = answer()
      await new Promise<void>((resolve, reject) => server.once('error', reject).listen({ path }, resolve))
      if (!path.startsWith('\0')) chmodSync(path, 0o777)
      if (!path.startsWith('\0')) chownSync(path, this.owner.uid, this.owner.gid)
      this.#servers.push(server)
    }
    const server = answer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    this.port = (server.address() as { port: number }).port // it listens on TCP
    this.#servers.push(server)
  }

  /** Another file system within the open folder. */
  get disk(): string | undefined {
    return this.open && join(this.open, 'disk')
  }

  #mountDisk(): void {
    if (process.geteuid?.() !== 0 || !this.disk) return
    mkdirSync(this.disk)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k,mode=755', 'nexus-attack', this.disk])
    mkdirSync(join(this.disk, 'data'))
    writeFileSync(join(this.disk, 'data/shut.txt'), `${this.secret}\n`, { mode: 0o600 })
  }

  #mountAgain(): void {
    if (process.geteuid?.() !== 0 || !this.open) return
    const point = join(this.open, 'again')
    mkdirSync(point)
    if (spawnSync('mount', ['--bind', this.nexus.base, point]).status === 0) this.alias = point
  }

  /** Everything is laid: from here on nothing may change. */
  look(): void {
    this.#before = this.#snapshots()
    this.#devices = this.#inodes()
  }

  /** One line for each difference to that moment. */
  changed(): string[] {
    const trees = this.#snapshots().flatMap((now, at) => differences(this.#before[at] ?? new Map(), now))
    const inodes = this.#inodes().filter((line, at) => line !== this.#devices[at])
    return [...trees, ...inodes, ...(this.#victim?.exitCode === null && this.#victim.signalCode === null ? [] : ['the victim has ended'])]
  }

  #snapshots(): Snapshot[] {
    return [this.nexus.project, this.nexus.userHome, ...(this.open ? [this.open] : [])].map((folder) => snapshot(folder, { skip: (path) => ['again', 'late', 'inner/orders'].includes(path) }))
  }

  #inodes(): string[] {
    return [...DEVICES, ...MACHINE_FILES].filter((path) => existsSync(path)).map((path) => {
      const { mode, uid, gid, mtimeNs, ctimeNs, size } = lstatSync(path, { bigint: true })
      // Reading and writing a device moves its times on some kernels; changing its mode, owner or times moves ctime.
      return `${path} ${mode.toString(8)} ${uid}:${gid} ${path.startsWith('/dev/') ? '' : `${mtimeNs} ${ctimeNs} ${size}`}`
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#victim?.kill('SIGKILL')
    share(UNSHARE, this.shared)
    for (const server of this.#servers) server.close()
    await this.nexus[Symbol.asyncDispose]()
    if (this.disk && existsSync(join(this.disk, 'data'))) execFileSync('umount', [this.disk])
    // Without this the removal below would go through it.
    if (this.alias && spawnSync('umount', [this.alias]).status !== 0) throw new Error(`${this.alias} is still mounted`)
    if (this.open) rmSync(this.open, { recursive: true, force: true })
  }
}

const LIBC = 'import ctypes, sys; libc = ctypes.CDLL(None); name, key = sys.argv[1].encode(), int(sys.argv[2])'
const SHARE = `${LIBC}; assert libc.mq_open(b'/' + name, 0o102, 0o666, None) >= 0 and libc.shmget(key, 4096, 0o1666) >= 0 and libc.semget(key, 1, 0o1666) >= 0`
const UNSHARE = `${LIBC}; libc.mq_unlink(b'/' + name); libc.shmctl(libc.shmget(key, 0, 0), 0, None); libc.semctl(libc.semget(key, 0, 0), 0, 0)`

function share(python: string, { queue, key }: Bait['shared']): void {
  execFileSync('python3', ['-c', python, queue, String(key)], { stdio: ['ignore', 'ignore', 'inherit'] })
}

function answer(): Server {
  return createServer((socket) => socket.on('error', () => {}).end('host'))
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK)
    return true
  } catch {
    return false // not there, or not ours
  }
}
