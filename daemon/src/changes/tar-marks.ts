/** Reads overlayfs' marks with GNU tar where the helper is missing: Node has no call for extended attributes. */
import { spawn } from 'node:child_process'
import { buffer } from 'node:stream/consumers'
import { Problem } from '@nexus/protocol/problem'
import type { Marks, Place } from '../base/files.ts'
import { Tree } from './tree.ts'

/** tar takes no path longer than the system does in one call: below such a folder it starts anew. */
const ANCHOR_BYTES = 2000

/** The daemon's own may lead into a project, where a command has left a `tar` of its own. */
const SYSTEM_PATH = '/usr/bin:/bin:/usr/local/bin:/run/current-system/sw/bin'

/** All places lie in one tree. */
export async function readMarksWithTar(places: readonly Place[], xattrs: 'trusted' | 'user'): Promise<Marks[]> {
  const found = new Map<string, Marks>()
  using tree = new Tree()
  for (const [anchor, below] of Map.groupBy(places, ({ path }) => anchorOf(path))) {
    const [first] = below
    if (!first) continue
    // The descriptors of a deep path are ours, not tar's.
    const folder = tree.at(first.root.path, anchor).replace(/^\/proc\/self\//, `/proc/${process.pid}/`)
    const start = anchor === '' ? 0 : anchor.length + 1
    const marks = await readBelow(folder, below.map(({ path }) => path.slice(start)), xattrs)
    for (const [path, mark] of marks) found.set(anchor === '' ? path : `${anchor}/${path}`, mark)
  }
  return places.map(({ path }) => found.get(path) ?? { opaque: false, redirect: null })
}

function anchorOf(path: string): string {
  let anchor = 0
  for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) if (slash - anchor > ANCHOR_BYTES) anchor = slash
  return path.slice(0, anchor)
}

async function readBelow(folder: string, paths: readonly string[], xattrs: 'trusted' | 'user'): Promise<Map<string, Marks>> {
  const tar = spawn('tar', [
    '-c', '--format=pax', '--xattrs', `--xattrs-include=${xattrs}.overlay.*`, '--no-recursion', '-C', folder, '--null', '-T', '-',
  ], { stdio: ['pipe', 'pipe', 'ignore'], env: { LC_ALL: 'C', PATH: SYSTEM_PATH }, cwd: '/' })
  const ended = new Promise<number | null>((resolve, reject) => tar.once('error', reject).once('close', resolve))
  // A tar that ends early is told by its exit code.
  tar.stdin.on('error', () => {})
  tar.stdin.end(Buffer.from(paths.map((path) => `./${path}\0`).join(''), 'latin1'))
  try {
    const [archive, code] = await Promise.all([buffer(tar.stdout), ended])
    if (code !== 0) throw new Error(`tar ended with ${code}`)
    return parse(archive, `${xattrs}.overlay.`)
  } catch (error) {
    throw new Problem('io', { what: 'the marks of the layer could not be read', cause: error instanceof Error ? error.message : String(error), fix: 'install GNU tar, or a C compiler and run `npm run build`' }, { cause: error })
  }
}

const BLOCK = 512

/** Entry by entry: an `x` header holds the attributes (and a long name) of the entry that follows. */
function parse(archive: Buffer, prefix: string): Map<string, Marks> {
  const found = new Map<string, Marks>()
  let records = new Map<string, string>()
  for (let at = 0; at + BLOCK <= archive.length && archive[at] !== 0;) {
    const header = archive.subarray(at, at + BLOCK)
    const size = Number.parseInt(text(header, 124, 12), 8) || 0
    const kind = text(header, 156, 1)
    const body = archive.subarray(at + BLOCK, at + BLOCK + size)
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK
    if (kind === 'x') {
      records = recordsOf(body)
      continue
    }
    const folder = text(header, 345, 155)
    const name = records.get('path') ?? (folder ? `${folder}/${text(header, 0, 100)}` : text(header, 0, 100))
    const mark = (key: string) => records.get(`SCHILY.xattr.${prefix}${key}`)
    found.set(name.replace(/^\.\//, '').replace(/\/$/, ''), { opaque: mark('opaque') === 'y', redirect: mark('redirect') ?? null })
    records = new Map()
  }
  return found
}

/** `length key=value\n`, where the length counts itself. */
function recordsOf(body: Buffer): Map<string, string> {
  const records = new Map<string, string>()
  for (let at = 0; at < body.length;) {
    const space = body.indexOf(0x20, at)
    const length = Number.parseInt(body.toString('latin1', at, space), 10)
    if (space < 0 || !(length > 0)) break
    const record = body.toString('latin1', space + 1, at + length - 1)
    const equals = record.indexOf('=')
    records.set(record.slice(0, equals), record.slice(equals + 1))
    at += length
  }
  return records
}

function text(header: Buffer, start: number, length: number): string {
  const field = header.toString('latin1', start, start + length)
  const end = field.indexOf('\0')
  return end < 0 ? field : field.slice(0, end)
}
