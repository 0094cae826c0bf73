/**
 * File operations that Node has no call for, done in order by a long-lived `nexus-native files`. Requests are pipelined;
 * each answers in turn.
 */
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { constants } from 'node:os'
import type { Socket } from 'node:net'
import type { Readable, Writable } from 'node:stream'
import { FileError, type FileStat, type Files, type Guard, type Hashed, type Look, type Marks, type Meta, type Place, type Root } from './files.ts'
import { Answer, Request } from './native-frames.ts'

/** Starts the helper. Throws when it does not start or speaks another protocol. */
export async function openNativeFiles(nativePath: string): Promise<Files> {
  const child = spawn(nativePath, ['files'], { stdio: ['pipe', 'pipe', 'ignore'], env: {} })
  const files = new NativeFiles(child)
  try {
    await files.greet()
    return files
  } catch (error) {
    await files[Symbol.asyncDispose]()
    throw error
  }
}

const MAGIC = 0x3146584e
const PROTOCOL = 7
const MAX_UINT32 = 0xffffffff

const OPERATIONS = {
  hello: 1, root: 2, close: 3, stat: 4, mkdir: 5, symlink: 6, link: 7, copy: 8, rename: 9, unlink: 10, rmdir: 11, meta: 12, marks: 13,
  attributes: 14, copyAttributes: 15, fsync: 16, syncfs: 17, list: 18, lock: 19, hash: 20, mark: 21, look: 22,
} as const
type Operation = keyof typeof OPERATIONS

const CODES = new Map(Object.entries(constants.errno).map(([name, number]) => [number, name]))

interface Waiting {
  readonly operation: Operation
  readonly path: string
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: Error) => void
}

class NativeFiles implements Files {
  readonly exact = { times: true, attributes: true, anchored: true }
  readonly flushesWhole = true
  readonly #child: ChildProcessByStdio<Writable, Readable, null>
  readonly #ended: Promise<void>
  #waiting: Waiting[] = []
  #answered = 0
  #outgoing: Buffer[] = []
  #incoming: Buffer[] = []
  #arrived = 0
  /** Of the answer that has begun to arrive, with its length. */
  #expected = 4
  #nextId = 0
  /** The processor has instructions for SHA-256, and the helper uses them. */
  #hashes = false
  #end: Error | undefined

  constructor(child: ChildProcessByStdio<Writable, Readable, null>) {
    this.#child = child
    this.#ended = new Promise((resolve) => {
      child.once('error', (error) => { this.#fail(error); resolve() })
      child.once('close', () => { this.#fail(new Error('nexus-native files ended')); resolve() })
    })
    // The close event tells the same; without a listener a broken pipe would end the daemon.
    child.stdin.on('error', (error) => this.#fail(error))
    child.stdout.on('data', (chunk: Buffer) => this.#receive(chunk))
    this.#keepAlive(false)
  }

  get isClosed(): boolean {
    return this.#end !== undefined
  }

  async greet(): Promise<void> {
    const answer = await this.#ask('hello', '', new Request().u32(MAGIC).u32(PROTOCOL))
    const protocol = answer.u32()
    if (protocol !== PROTOCOL) throw new Error(`nexus-native speaks protocol ${protocol}, not ${PROTOCOL}`)
    this.#hashes = answer.u8() === 1
  }

  async open(path: string): Promise<Root> {
    const handle = (await this.#ask('root', path, new Request().text(path))).u32()
    let closed: Promise<unknown> | undefined
    const close = async () => {
      if (this.isClosed) return
      await (closed ??= this.#ask('close', path, new Request().u32(handle)))
    }
    return { path, handle, [Symbol.asyncDispose]: close }
  }

  async lock(root: Root): Promise<void> {
    await this.#ask('lock', root.path, new Request().u32(root.handle))
  }

  async stat(place: Place): Promise<FileStat | null> {
    try {
      return (await this.#ask('stat', place.path, new Request().place(place))).stat()
    } catch (error) {
      if (error instanceof FileError && error.code === 'ENOENT') return null
      throw error
    }
  }

  async list(place: Place): Promise<string[]> {
    const names = (await this.#ask('list', place.path, new Request().place(place))).text()
    return names === '' ? [] : names.slice(0, -1).split('\0')
  }

  async mkdir(place: Place, mode: number): Promise<void> {
    await this.#ask('mkdir', place.path, new Request().place(place).u32(mode))
  }

  async symlink(place: Place, target: string): Promise<void> {
    await this.#ask('symlink', place.path, new Request().place(place).text(target))
  }

  async link(from: Place, to: Place): Promise<void> {
    await this.#ask('link', to.path, new Request().place(from).place(to))
  }

  async copy(from: Place, to: Place, lend: boolean): Promise<void> {
    await this.#ask('copy', from.path, new Request().place(from).place(to).u8(lend ? 1 : 0))
  }

  async rename(from: Place, to: Place, how: { mode: 'replace' | 'no-replace' | 'exchange'; guard?: Guard }): Promise<void> {
    const flags = { 'replace': 0, 'no-replace': 1, 'exchange': 2 }[how.mode]
    await this.#ask('rename', to.path, new Request().place(from).place(to).u8(flags).guard(how.guard))
  }

  async unlink(place: Place, guard?: Guard): Promise<void> {
    await this.#ask('unlink', place.path, new Request().place(place).guard(guard))
  }

  async rmdir(place: Place): Promise<void> {
    await this.#ask('rmdir', place.path, new Request().place(place))
  }

  async setMeta(place: Place, { mode, owner, mtimeNs }: Meta): Promise<void> {
    const what = (mode === undefined ? 0 : 1) | (owner ? 2 : 0) | (mtimeNs === undefined ? 0 : 4) | (owner && !owner.required ? 8 : 0)
    await this.#ask('meta', place.path, new Request().place(place).u8(what).u32(mode ?? 0).u32(owner?.uid ?? 0).u32(owner?.gid ?? 0).time(mtimeNs ?? 0n))
  }

  async marks(places: readonly Place[], xattrs: 'trusted' | 'user'): Promise<Marks[]> {
    return await Promise.all(places.map(async (place) => {
      const answer = await this.#ask('marks', place.path, new Request().place(place).u8(xattrs === 'user' ? 1 : 0))
      return { opaque: answer.u8() === 1, redirect: answer.text() || null }
    }))
  }

  async mark(place: Place, { opaque, redirect }: Marks, xattrs: 'trusted' | 'user'): Promise<void> {
    await this.#ask('mark', place.path, new Request().place(place).u8(xattrs === 'user' ? 1 : 0).u8(opaque ? 1 : 0).text(redirect ?? ''))
  }

  async attributes(root: Root, paths: readonly string[]): Promise<string[]> {
    return await this.#askMany('attributes', root, paths, (answer) => answer.text())
  }

  async hashes(root: Root, paths: readonly string[]): Promise<(Hashed | null)[]> {
    if (!this.#hashes) return paths.map(() => null)
    return await this.#askMany('hash', root, paths, (answer) => (answer.u8() === 1 ? hashedOf(answer) : null))
  }

  async looks(root: Root, paths: readonly string[]): Promise<(Look | null)[]> {
    return await this.#askMany('look', root, paths, lookOf)
  }

  async copyAttributes(from: Place, to: Place): Promise<void> {
    await this.#ask('copyAttributes', to.path, new Request().place(from).place(to))
  }

  async fsync(place: Place): Promise<void> {
    await this.#ask('fsync', place.path, new Request().place(place))
  }

  async syncfs(folder: Place): Promise<void> {
    await this.#ask('syncfs', folder.path, new Request().place(folder))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#keepAlive(true)
    this.#child.stdin.end()
    await this.#ended
  }

  #ask(operation: Operation, path: string, request: Request): Promise<Answer> {
    if (this.#end) return Promise.reject(this.#end)
    return new Promise((resolve, reject) => {
      if (this.#waiting.length === 0) this.#keepAlive(true)
      this.#waiting.push({ operation, path, resolve, reject })
      // Small requests of one turn of the loop go out in one write; large ones at once, so that the helper begins.
      if (this.#outgoing.length === 0) queueMicrotask(() => this.#send())
      this.#nextId = (this.#nextId + 1) % MAX_UINT32
      const frame = request.frame(this.#nextId, OPERATIONS[operation])
      this.#outgoing.push(frame)
      if (frame.length >= LARGE_BYTES) this.#send()
    })
  }

  /** Some hundred paths in one request: asking costs more than answering. */
  async #askMany<Result>(operation: Operation, root: Root, paths: readonly string[], read: (answer: Answer) => Result): Promise<Result[]> {
    const asked = []
    for (let start = 0; start < paths.length; ) {
      const count = fitting(paths, start)
      const request = new Request().u32(root.handle).u32(count)
      for (const path of paths.slice(start, start + count)) request.text(path)
      asked.push(this.#ask(operation, root.path, request).then((answer) => Array.from({ length: count }, () => read(answer))))
      start += count
    }
    return (await Promise.all(asked)).flat()
  }

  #send(): void {
    const frames = this.#outgoing
    if (frames.length === 0) return
    this.#outgoing = []
    if (!this.#end) this.#child.stdin.write(Buffer.concat(frames))
  }

  #receive(chunk: Buffer): void {
    this.#incoming.push(chunk)
    this.#arrived += chunk.length
    // An answer of many pieces is put together once, when the last is there.
    if (this.#arrived < this.#expected) return
    let bytes = this.#incoming.length === 1 ? chunk : Buffer.concat(this.#incoming)
    this.#expected = 4
    while (bytes.length >= this.#expected) {
      const length = bytes.readUInt32LE(0)
      this.#expected = 4 + length
      if (bytes.length < this.#expected) break
      this.#settle(bytes.subarray(4, this.#expected))
      bytes = bytes.subarray(this.#expected)
      this.#expected = 4
    }
    this.#incoming = bytes.length === 0 ? [] : [bytes]
    this.#arrived = bytes.length
  }

  /** Answers come in the order of the requests. */
  #settle(frame: Buffer): void {
    const waiting = this.#waiting[this.#answered++]
    if (!waiting) return this.#fail(new Error('nexus-native files answered without being asked'))
    if (this.#answered === this.#waiting.length) {
      this.#waiting = []
      this.#answered = 0
      this.#keepAlive(false)
    } else if (this.#answered > 4096) {
      this.#waiting = this.#waiting.slice(this.#answered)
      this.#answered = 0
    }
    const errno = frame.readUInt32LE(4)
    if (errno === 0) waiting.resolve(new Answer(frame.subarray(8)))
    else waiting.reject(new FileError(CODES.get(errno) ?? `errno ${errno}`, waiting.operation, waiting.path))
  }

  #fail(error: Error): void {
    if (this.#end) return
    this.#end = error
    const left = this.#waiting.slice(this.#answered)
    this.#waiting = []
    for (const waiting of left) waiting.reject(error)
    this.#child.kill()
  }

  /** An idle helper does not keep the process alive. */
  #keepAlive(on: boolean): void {
    for (const part of [this.#child, this.#child.stdin as Socket, this.#child.stdout as Socket]) on ? part.ref() : part.unref()
  }
}

function hashedOf(answer: Answer): Hashed {
  return { sha256: answer.digest(), attributes: answer.text() }
}

/** The states of daemon/native/files-hash.c. */
function lookOf(answer: Answer): Look | null {
  const state = answer.u8()
  if (state === 0) return null
  return state === 1 ? { seen: null, content: null } : { seen: answer.seen(), content: state === 3 ? hashedOf(answer) : null }
}

const LARGE_BYTES = 4096
const REQUEST_BYTES = 512 * 1024
const REQUEST_PATHS = 250

/** How many paths, from one on, go into one request. */
function fitting(paths: readonly string[], start: number): number {
  let bytes = 0
  let count = 0
  for (const path of paths.slice(start, start + REQUEST_PATHS)) {
    bytes += path.length + 4
    if (count > 0 && bytes > REQUEST_BYTES) break
    count += 1
  }
  return count
}
