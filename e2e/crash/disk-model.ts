/**
 * A disk that forgets: replays the recorded changes of files as separate effects (bytes, attributes, names) and keeps,
 * for a power failure at any moment, only what had been flushed by then and a part of the rest.
 *
 * Flushed is what POSIX promises and no more: fsync keeps a file's bytes and attributes, or a directory's names; syncfs
 * keeps everything. Of the rest, bytes and attributes are kept or lost one by one in any combination; names up to some
 * moment, in the order in which they were made, as the journals of file systems do it. A rename is one effect.
 */
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import type { Moment } from './faults.ts'

interface Node {
  readonly type: 'file' | 'directory' | 'symlink' | 'other'
  /** Where it was when recording began; undefined for what was made since. */
  readonly first: string | undefined
  readonly made: { readonly mode: number; readonly target: string }
}

interface Attributes {
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly seconds: number
  readonly nanoseconds: number
}

type Effect =
  | { readonly type: 'bytes'; readonly node: Node; readonly at: number; readonly bytes: Buffer }
  | { readonly type: 'size'; readonly node: Node; readonly size: number }
  | { readonly type: 'attributes'; readonly node: Node; readonly change: Partial<Attributes> }
  | { readonly type: 'names'; readonly names: readonly { readonly folder: Node; readonly name: string; readonly node: Node | null }[] }

interface Recorded {
  readonly effect: Effect
  /** The number of the moment that made it, and of the one that flushed it. */
  readonly at: number
  durableAt: number
}

const DAEMON_UMASK = 0o077

export class DiskModel {
  readonly #tops: ReadonlyMap<string, Node>
  readonly #known = new Map<string, Node>()
  readonly #recorded: Recorded[] = []

  /** `watched`: for each folder its copy as it was when recording began. */
  constructor(trace: readonly Moment[], watched: ReadonlyMap<string, string>) {
    this.#tops = new Map([...watched].map(([path, copy]) => [path, this.#initial(copy)]))
    const now = new World(this)
    for (const moment of trace) this.#replay(moment, now)
  }

  /** What a power failure after the moment `until` leaves. Of what was not flushed, names up to `namesUntil` and what `isLucky`. */
  after(until: number, namesUntil: number, isLucky: () => boolean): World {
    const world = new World(this)
    for (const { effect, at, durableAt } of this.#recorded) {
      if (at <= until && (durableAt <= until || (effect.type === 'names' ? at <= namesUntil : isLucky()))) world.take(effect)
    }
    return world
  }

  /** How many effects nothing had flushed by then. */
  unflushed(until: number): number {
    return this.#recorded.filter(({ at, durableAt }) => at <= until && durableAt > until).length
  }

  /** Writes a world to where the folders were, which must be gone. What `isAside` is taken from the copy, unchanged. */
  materialise(world: World, isAside: (path: string) => boolean): void {
    const written = new Map<Node, string>()
    const touches: string[] = []
    for (const [path, node] of this.#tops) write({ world, written, touches, isAside }, node, path)
    execFileSync('bash', { input: touches.join('\n') })
  }

  childrenOf(node: Node): Map<string, Node> {
    const { first } = node
    if (first === undefined) return new Map()
    return new Map(fs.readdirSync(latin1(first), { encoding: 'buffer' }).map((name) => {
      const text = name.toString('latin1')
      return [text, this.#initial(`${first}/${text}`)]
    }))
  }

  #initial(path: string): Node {
    const stat = fs.lstatSync(latin1(path))
    const key = stat.nlink > 1 && stat.isFile() ? `inode ${stat.ino}` : path
    const known = this.#known.get(key)
    if (known) return known
    const type = stat.isDirectory() ? 'directory' : stat.isFile() ? 'file' : stat.isSymbolicLink() ? 'symlink' : 'other'
    const node: Node = { type, first: path, made: { mode: 0, target: type === 'symlink' ? fs.readlinkSync(latin1(path), 'buffer').toString('latin1') : '' } }
    this.#known.set(key, node)
    return node
  }

  #replay({ number, by, call, path, other, result, a, b, data }: Moment, now: World): void {
    if (result < 0 || !this.#isWatched(path) || path.endsWith(' (deleted)')) return
    const effect = ((): Effect | undefined => {
      const place = () => this.#placeOf(path, now)
      const node = () => this.#nodeAt(path, now)
      const fresh = (type: Node['type']): Effect => ({ type: 'names', names: [{ ...place(), node: { type, first: undefined, made: { mode: type === 'symlink' ? 0o777 : by === 'daemon' ? a & ~DAEMON_UMASK : a, target: Buffer.from(data, 'hex').toString('latin1') } } }] })
      switch (call) {
        case 'create': return fresh('file')
        case 'mkdir': return fresh('directory')
        case 'symlink': return fresh('symlink')
        case 'empty': return { type: 'size', node: node(), size: 0 }
        case 'truncate': return { type: 'size', node: node(), size: a }
        case 'write': return { type: 'bytes', node: node(), at: a, bytes: Buffer.from(data, 'hex') }
        case 'chmod': return { type: 'attributes', node: node(), change: { mode: a & 0o7777 } }
        case 'chown': return { type: 'attributes', node: node(), change: { ...(a === -1 ? {} : { uid: a }), ...(b === -1 ? {} : { gid: b }) } }
        case 'utime': return { type: 'attributes', node: node(), change: { seconds: a, nanoseconds: b } }
        case 'link': return { type: 'names', names: [{ ...this.#placeOf(other, now), node: node() }] }
        case 'unlink':
        case 'rmdir': return { type: 'names', names: [{ ...place(), node: null }] }
        case 'rename': {
          const given = a & 2 ? this.#nodeAt(other, now) : null
          return { type: 'names', names: [{ ...place(), node: given }, { ...this.#placeOf(other, now), node: node() }] }
        }
        case 'fsync': this.#flush(number, node()); return undefined
        case 'syncfs': this.#flush(number, null); return undefined
      }
      return undefined
    })()
    if (!effect) return
    this.#recorded.push({ effect, at: number, durableAt: Infinity })
    now.take(effect)
  }

  #flush(number: number, node: Node | null): void {
    for (const recorded of this.#recorded) {
      const { effect } = recorded
      const isMeant = node === null || (effect.type === 'names' ? effect.names.some(({ folder }) => folder === node) : effect.node === node)
      if (!isMeant || recorded.durableAt <= number) continue
      recorded.durableAt = number
    }
    // Names are kept in their order: with one of them all that were before it.
    const last = this.#recorded.findLast(({ effect, durableAt }) => effect.type === 'names' && durableAt <= number)
    for (const recorded of this.#recorded) if (last && recorded.effect.type === 'names' && recorded.at < last.at) recorded.durableAt = Math.min(recorded.durableAt, number)
  }

  #isWatched(path: string): boolean {
    return [...this.#tops.keys()].some((top) => path === top || path.startsWith(`${top}/`))
  }

  #nodeAt(path: string, now: World): Node {
    const top = [...this.#tops].find(([each]) => path === each || path.startsWith(`${each}/`))
    if (!top) throw new Error(`${path} is not watched`)
    let [, node] = top
    for (const name of path.slice(top[0].length).split('/').filter((part) => part !== '')) {
      const child = now.children(node).get(name)
      if (!child) throw new Error(`the record changes ${path}, which is not there`)
      node = child
    }
    return node
  }

  #placeOf(path: string, now: World): { folder: Node; name: string } {
    const slash = path.lastIndexOf('/')
    return { folder: this.#nodeAt(path.slice(0, slash), now), name: path.slice(slash + 1) }
  }
}

/** One state of the disk. */
export class World {
  readonly #model: DiskModel
  readonly #children = new Map<Node, Map<string, Node>>()
  readonly #bytes = new Map<Node, Buffer>()
  readonly #attributes = new Map<Node, Attributes>()

  constructor(model: DiskModel) {
    this.#model = model
  }

  take(effect: Effect): void {
    switch (effect.type) {
      case 'bytes': {
        const old = this.bytes(effect.node)
        const grown = Buffer.alloc(Math.max(old.length, effect.at + effect.bytes.length))
        old.copy(grown)
        effect.bytes.copy(grown, effect.at)
        this.#bytes.set(effect.node, grown)
        break
      }
      case 'size': {
        const cut = Buffer.alloc(effect.size)
        this.bytes(effect.node).copy(cut)
        this.#bytes.set(effect.node, cut)
        break
      }
      case 'attributes':
        this.#attributes.set(effect.node, { ...this.attributes(effect.node), ...effect.change })
        break
      case 'names':
        for (const { folder, name, node } of effect.names) node ? this.children(folder).set(name, node) : this.children(folder).delete(name)
    }
  }

  children(folder: Node): Map<string, Node> {
    const known = this.#children.get(folder) ?? this.#model.childrenOf(folder)
    this.#children.set(folder, known)
    return known
  }

  bytes(node: Node): Buffer {
    return this.#bytes.get(node) ?? (node.first === undefined ? Buffer.alloc(0) : fs.readFileSync(latin1(node.first)))
  }

  attributes(node: Node): Attributes {
    const known = this.#attributes.get(node)
    if (known) return known
    if (node.first === undefined) return { mode: node.made.mode & 0o7777, uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0, seconds: 0, nanoseconds: 0 }
    const { mode, uid, gid, mtimeNs } = fs.lstatSync(latin1(node.first), { bigint: true })
    return { mode: Number(mode) & 0o7777, uid: Number(uid), gid: Number(gid), seconds: Number(mtimeNs / 1_000_000_000n), nanoseconds: Number(mtimeNs % 1_000_000_000n) }
  }
}

interface Writing {
  readonly world: World
  readonly written: Map<Node, string>
  readonly touches: string[]
  readonly isAside: (path: string) => boolean
}

function write(writing: Writing, node: Node, path: string): void {
  const { world, written, touches, isAside } = writing
  const place = latin1(path)
  if (isAside(path)) {
    if (node.first !== undefined) execFileSync('cp', ['-a', node.first, path])
    return
  }
  const twin = written.get(node)
  if (twin !== undefined && node.type === 'file') return fs.linkSync(latin1(twin), place)
  written.set(node, path)
  const { mode, uid, gid, seconds, nanoseconds } = world.attributes(node)
  if (node.type === 'other') throw new Error(`${path} is of a kind that this disk does not know`)
  if (node.type === 'symlink') fs.symlinkSync(latin1(node.made.target), place)
  else if (node.type === 'file') fs.writeFileSync(place, world.bytes(node), { mode: 0o600 })
  else {
    fs.mkdirSync(place, { mode: 0o700 })
    for (const [name, child] of world.children(node)) write(writing, child, `${path}/${name}`)
  }
  fs.lchownSync(place, uid, gid)
  if (node.type !== 'symlink') fs.chmodSync(place, mode)
  touches.push(`touch -h -d @${seconds}.${String(nanoseconds).padStart(9, '0')} -- $'${quoted(path)}'`)
}

function latin1(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}

/** For bash's `$'…'`: every byte that is not plain as \xHH. */
function quoted(text: string): string {
  return text.replace(/[^\w/.-]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`)
}
