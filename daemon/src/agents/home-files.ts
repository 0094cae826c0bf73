/**
 * Reads what an agent has left in its home. The agent may have put anything there: a link that leads to the person's own
 * files, a pipe that never ends, a file without bounds. So every step goes from an open directory, through no link, and
 * only files that are nothing but files are read.
 */
import fs from 'node:fs'
import { parsed, type Json } from './record.ts'

/** An agent that was at work for months has thousands of files; those of one run are few. */
const FOLDERS_MAX = 20_000
const FILE_BYTES_MAX = 1024 * 1024 * 1024
/** Of one line, and of a file that is one value: all of it is in memory at once. */
const VALUE_BYTES_MAX = 32 * 1024 * 1024
const CHUNK_BYTES = 1024 * 1024
const { O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = fs.constants

export interface Wanted {
  /** Path in the home. */
  readonly folder: string
  readonly name: RegExp
  /** How many folders deep. */
  readonly depth: number
  /** Written since then, in milliseconds. */
  readonly since: number
  /** A long session is mostly what nobody asked for: only these are held. */
  readonly keeps?: (record: Json) => boolean
}

/** The records of every wanted file, one list per file: a JSON value per line, or one for the whole file. */
export function recordsIn(home: string, wanted: Wanted): (readonly Json[])[] {
  const found: Json[][] = []
  let folders = 0
  const look = (descriptor: number, depth: number) => {
    for (const entry of fs.readdirSync(`/proc/self/fd/${descriptor}`, { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      if (entry.isDirectory() && depth < wanted.depth && ++folders <= FOLDERS_MAX) inFolder(descriptor, entry.name, (below) => look(below, depth + 1))
      if (!entry.isFile() || !wanted.name.test(entry.name)) continue
      const records = readIn(descriptor, entry.name, wanted)
      if (records) found.push(records)
    }
  }
  inFolder(undefined, home, (top) => inPath(top, wanted.folder, (folder) => look(folder, 0)))
  return found
}

/** Calls back with the path of a file that is nothing but a file, good for as long as the call lasts. */
export function withFile<Value>(home: string, folder: string, name: string, use: (path: string) => Value): Value | undefined {
  return inFolder(undefined, home, (top) => inPath(top, folder, (descriptor) => {
    const path = `/proc/self/fd/${descriptor}/${name}`
    const stat = fs.lstatSync(path, { throwIfNoEntry: false })
    return stat?.isFile() && stat.nlink === 1 ? use(path) : undefined
  }))
}

function inPath<Value>(descriptor: number, path: string, use: (descriptor: number) => Value): Value | undefined {
  const [first = '', ...rest] = path.split('/')
  return inFolder(descriptor, first, (below) => (rest.length === 0 ? use(below) : inPath(below, rest.join('/'), use)))
}

/** Undefined where there is no such folder. */
function inFolder<Value>(above: number | undefined, name: string, use: (descriptor: number) => Value): Value | undefined {
  let descriptor: number
  try {
    descriptor = fs.openSync(above === undefined ? name : `/proc/self/fd/${above}/${name}`, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
  } catch {
    return undefined // not there, a link, or closed to us: nothing to read
  }
  try {
    return use(descriptor)
  } finally {
    fs.closeSync(descriptor)
  }
}

/** Undefined: older, no plain file, or beyond all measure. */
function readIn(folder: number, name: string, { since, keeps = () => true }: Wanted): Json[] | undefined {
  let descriptor: number
  try {
    descriptor = fs.openSync(`/proc/self/fd/${folder}/${name}`, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
  } catch {
    return undefined // gone meanwhile, or closed to us
  }
  try {
    const stat = fs.fstatSync(descriptor)
    if (!stat.isFile() || stat.mtimeMs < since || stat.size > FILE_BYTES_MAX) return undefined
    const records: Json[] = []
    for (const record of recordsOf(descriptor, stat.size, name.endsWith('.json') ? undefined : 0x0a)) if (keeps(record)) records.push(record)
    return records
  } finally {
    fs.closeSync(descriptor)
  }
}

/** A JSON value per line, or one for the whole file; what is none, or too long for one, is left out. */
function* recordsOf(descriptor: number, size: number, end: number | undefined): Generator<Json> {
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES)
  let held: Buffer[] = []
  let heldBytes = 0
  const value = () => (heldBytes > VALUE_BYTES_MAX ? undefined : parsed(Buffer.concat(held).toString()))
  // What grows meanwhile is not followed.
  for (let read = -1, left = size; read !== 0; left -= read) {
    read = fs.readSync(descriptor, chunk, 0, Math.min(CHUNK_BYTES, left), null)
    for (let from = 0; from < read; ) {
      const at = end === undefined ? -1 : chunk.subarray(0, read).indexOf(end, from)
      const piece = chunk.subarray(from, at < 0 ? read : at)
      heldBytes += piece.length
      if (heldBytes <= VALUE_BYTES_MAX) held.push(Buffer.from(piece))
      from += piece.length + 1
      if (at < 0) continue
      const record = value()
      if (record !== undefined) yield record
      held = []
      heldBytes = 0
    }
  }
  const record = heldBytes > 0 ? value() : undefined
  if (record !== undefined) yield record
}
