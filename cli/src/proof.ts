/**
 * What a tree on the host is, in one number, so that two moments can be compared. Read by the client itself, without the
 * daemon and without any code that writes: a mistake there must not hide itself here. One line for each entry, a
 * folder before what is in it, names in the order of their bytes; the digest is the sha256 of these lines, so that
 * `nexus proof --list | sha256sum` is the same.
 *
 *   TYPE MODE UID:GID MTIME LINKS SIZE SHA256 PATH [-> TARGET]
 *   ? PATH (in a folder that lists its names and lets nobody look at them)
 */
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import { setImmediate as breath } from 'node:timers/promises'
import type { Home } from '@nexus/protocol/home'
import type { Proof } from '@nexus/protocol/proof'
import { Reach } from './reach.ts'

const BREATH_MS = 50
const CHUNK_BYTES = 256 * 1024
const NOTHING = '-'

export async function proofOf(project: string, home: Pick<Home, 'state' | 'config' | 'runtime'>, onLine: (line: Buffer) => void = () => undefined): Promise<Proof> {
  const beganAt = performance.now()
  const digest = createHash('sha256')
  const seen = { entries: 0, bytes: 0, unread: 0 }
  let breathedAt = beganAt
  for (const { line, size, isUnread } of entriesOf(project, new Set([home.state, home.config, home.runtime].map(latin1)))) {
    const bytes = Buffer.from(line, 'latin1')
    digest.update(bytes)
    onLine(bytes)
    seen.entries += 1
    seen.bytes += size
    seen.unread += isUnread ? 1 : 0
    // So that Ctrl-C is heard.
    if (performance.now() - breathedAt > BREATH_MS) {
      await breath()
      breathedAt = performance.now()
    }
  }
  return { project, digest: digest.digest('hex'), ...seen, durationMs: Math.round(performance.now() - beganAt) }
}

interface Entry {
  readonly line: string
  readonly size: number
  readonly isUnread: boolean
}

/** Paths are held as one character per byte: they sort by bytes and hold every name. */
function* entriesOf(project: string, own: ReadonlySet<string>): Generator<Entry> {
  const top = latin1(project)
  using reach = new Reach(top)
  const { dev } = fs.lstatSync(project)
  const waiting = ['']
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    // The folders of Nexus change by themselves.
    if (own.has(path === '' ? top : `${top}/${path}`)) continue
    const found = orUnread(() => ({ stat: fs.lstatSync(reach.at(path), { bigint: true, throwIfNoEntry: false }) }))
    if (!found) yield { line: `? ${escaped(path)}\n`, size: 0, isUnread: true }
    // Gone since its folder was read.
    if (!found?.stat) continue
    const { stat } = found
    const real = reach.at(path)
    const names = stat.isDirectory() && Number(stat.dev) === dev ? namesIn(real) : null
    const sha256 = stat.isFile() ? contentHash(real) : null
    const target = stat.isSymbolicLink() ? (orUnread(() => fs.readlinkSync(real, 'buffer').toString('latin1')) ?? '') : undefined
    const isUnread = (stat.isDirectory() && names === null) || (stat.isFile() && sha256 === null)
    yield { line: lineOf(path, stat, { sha256, target, isUnread }), size: stat.isFile() ? Number(stat.size) : 0, isUnread }
    for (const name of (names ?? []).sort(compare).reverse()) waiting.push(path === '' ? name : `${path}/${name}`)
  }
}

function lineOf(path: string, stat: fs.BigIntStats, { sha256, target, isUnread }: { sha256: string | null; target: string | undefined; isUnread: boolean }): string {
  const isFile = stat.isFile()
  const content = isUnread ? 'unread' : (sha256 ?? NOTHING)
  const mtime = `${stat.mtimeNs / 1_000_000_000n}.${String(stat.mtimeNs % 1_000_000_000n).padStart(9, '0')}`
  const facts = [typeOf(stat), (Number(stat.mode) & 0o7777).toString(8).padStart(4, '0'), `${stat.uid}:${stat.gid}`, mtime, isFile ? stat.nlink : NOTHING, isFile ? stat.size : NOTHING, content]
  return `${facts.join(' ')} ${escaped(path === '' ? '.' : path)}${target === undefined ? '' : ` -> ${escaped(target)}`}\n`
}

function typeOf(stat: fs.BigIntStats): string {
  if (stat.isFile()) return 'f'
  if (stat.isDirectory()) return 'd'
  if (stat.isSymbolicLink()) return 'l'
  if (stat.isFIFO()) return 'p'
  return stat.isSocket() ? 's' : stat.isBlockDevice() ? 'b' : 'c'
}

/** One line stays one line, and no name can be read as another name with a target. */
function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('>', '\\>')
}

/** Null where it may not be read. */
function namesIn(folder: Buffer): string[] | null {
  return orUnread(() => fs.readdirSync(folder, { encoding: 'buffer' }).map((name) => name.toString('latin1')))
}

function contentHash(path: Buffer): string | null {
  return orUnread(() => {
    const descriptor = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK)
    try {
      const digest = createHash('sha256')
      const chunk = Buffer.alloc(CHUNK_BYTES)
      for (let got = fs.readSync(descriptor, chunk); got > 0; got = fs.readSync(descriptor, chunk)) digest.update(chunk.subarray(0, got))
      return digest.digest('hex')
    } finally {
      fs.closeSync(descriptor)
    }
  })
}

/** What may not be read, or went away or became something else meanwhile, is said and does not end the rest. */
function orUnread<Result>(read: () => Result): Result | null {
  try {
    return read()
  } catch (error) {
    if (error instanceof Error && 'code' in error && ['EACCES', 'EPERM', 'ENOENT', 'ENOTDIR', 'ELOOP', 'EIO', 'ESTALE', 'ENXIO'].includes(String(error.code))) return null
    throw error
  }
}

function latin1(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
