/**
 * The host oracle: says what a tree is, byte by byte, and what differs between two moments.
 * It shares no code with the product on purpose: a mistake there must not hide itself here.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import fs from 'node:fs'

export interface Entry {
  readonly type: 'file' | 'directory' | 'symlink' | 'fifo' | 'socket' | 'device'
  /** Octal, with setuid, setgid and sticky. */
  readonly mode: string
  readonly mtimeNs: bigint
  readonly uid: number
  readonly gid: number
  /** Of files only: directories count their children. */
  readonly links?: number
  readonly size?: number
  readonly sha256?: string
  /** One character per byte. */
  readonly target?: string
  /** name -> base64; left out when there are none. */
  readonly xattrs?: Readonly<Record<string, string>>
}

/** Paths below the root, '.' being the root itself; one character per byte. */
export type Snapshot = ReadonlyMap<string, Entry>

export interface Reading {
  /** Paths (with everything below them) to leave out. */
  readonly skip?: (path: string) => boolean
  /** Read extended attributes with python3, where there is one. */
  readonly xattrs?: boolean
}

export function snapshot(root: string, { skip = () => false, xattrs = true }: Reading = {}): Snapshot {
  const entries = new Map<string, Entry>()
  const attributes = xattrs ? xattrsBelow(root) : new Map<string, Record<string, string>>()
  const top = fs.openSync(root, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY)
  try {
    record(entries, attributes, '.', `/proc/self/fd/${top}/.`)
    walk(top, '', entries, attributes, skip)
  } finally {
    fs.closeSync(top)
  }
  return new Map([...entries].sort(([a], [b]) => (a < b ? -1 : 1)))
}

export interface Comparison {
  /** Fields that do not matter for a path. */
  readonly ignore?: (path: string) => readonly (keyof Entry)[]
}

/** One line per difference, empty when the two are the same. */
export function differences(expected: Snapshot, found: Snapshot, { ignore = () => [] }: Comparison = {}): string[] {
  const lines: string[] = []
  for (const path of new Set([...expected.keys(), ...found.keys()])) {
    const a = expected.get(path)
    const b = found.get(path)
    const name = JSON.stringify(path)
    if (!a || !b) {
      lines.push(a ? `${name}: missing (was ${a.type})` : `${name}: appeared (${b?.type})`)
      continue
    }
    const ignored = ignore(path)
    for (const field of ['type', 'mode', 'mtimeNs', 'uid', 'gid', 'links', 'size', 'sha256', 'target', 'xattrs'] as const) {
      if (ignored.includes(field)) continue
      const [one, other] = [show(a[field]), show(b[field])]
      if (one !== other) lines.push(`${name}: ${field} is ${other}, expected ${one}`)
    }
  }
  return lines
}

function show(value: Entry[keyof Entry]): string {
  return typeof value === 'object' ? JSON.stringify(Object.entries(value).sort()) : String(value)
}

function walk(folder: number, prefix: string, entries: Map<string, Entry>, attributes: ReadonlyMap<string, Record<string, string>>, skip: (path: string) => boolean): void {
  // Through the descriptor, so that trees deeper than PATH_MAX are read as well.
  for (const name of fs.readdirSync(`/proc/self/fd/${folder}/.`, { encoding: 'buffer' })) {
    const path = prefix + name.toString('latin1')
    if (skip(path)) continue
    const real = Buffer.concat([Buffer.from(`/proc/self/fd/${folder}/`), name])
    const entry = record(entries, attributes, path, real)
    if (entry.type !== 'directory') continue
    let child
    try {
      child = fs.openSync(real, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY | fs.constants.O_NOFOLLOW)
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'EACCES') continue
      throw error
    }
    try {
      walk(child, `${path}/`, entries, attributes, skip)
    } finally {
      fs.closeSync(child)
    }
  }
}

function record(entries: Map<string, Entry>, attributes: ReadonlyMap<string, Record<string, string>>, path: string, real: string | Buffer): Entry {
  const stat = fs.lstatSync(real, { bigint: true })
  const type = stat.isFile() ? 'file' : stat.isDirectory() ? 'directory' : stat.isSymbolicLink() ? 'symlink' : stat.isFIFO() ? 'fifo' : stat.isSocket() ? 'socket' : 'device'
  const xattrs = attributes.get(path)
  const entry: Entry = {
    type, mode: (Number(stat.mode) & 0o7777).toString(8), mtimeNs: stat.mtimeNs, uid: Number(stat.uid), gid: Number(stat.gid),
    ...(type === 'file' ? { links: Number(stat.nlink), size: Number(stat.size), sha256: contentHash(real) } : {}),
    ...(type === 'symlink' ? { target: fs.readlinkSync(real, 'buffer').toString('latin1') } : {}),
    ...(xattrs ? { xattrs } : {}),
  }
  entries.set(path, entry)
  return entry
}

function contentHash(real: string | Buffer): string {
  let descriptor
  try {
    descriptor = fs.openSync(real, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EACCES') return 'unreadable'
    throw error
  }
  try {
    const digest = createHash('sha256')
    const chunk = Buffer.alloc(256 * 1024)
    for (let got = fs.readSync(descriptor, chunk); got > 0; got = fs.readSync(descriptor, chunk)) digest.update(chunk.subarray(0, got))
    return digest.digest('hex')
  } finally {
    fs.closeSync(descriptor)
  }
}

const PYTHON = `
import os, sys, json, base64
found = {}
def take(path, key):
    try:
        names = os.listxattr(path, follow_symlinks=False)
        own = {n: base64.b64encode(os.getxattr(path, n, follow_symlinks=False)).decode() for n in sorted(names) if not n.startswith(('trusted.', 'security.', 'user.overlay.'))}
    except OSError:
        return
    if own: found[key.decode('latin1')] = own
os.chdir(os.fsencode(sys.argv[1]))
take(b'.', b'.')
for folder, folders, files in os.walk(b'.'):
    for name in folders + files:
        path = os.path.join(folder, name)
        take(path, path[2:])
print(json.dumps(found))
`

/** By getfattr, which starts quicker, or by python3. Empty where both are missing: then extended attributes are not compared. */
function xattrsBelow(root: string): Map<string, Record<string, string>> {
  const listed = spawnSync('getfattr', ['-R', '-P', '-h', '-d', '-m', '-', '-e', 'base64', '--', '.'], { cwd: root, encoding: 'latin1', maxBuffer: 256 * 1024 * 1024 })
  if (!listed.error) return attributesIn(listed.stdout)
  const python = spawnSync('python3', ['-c', PYTHON, root], { encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 })
  return python.status === 0 ? new Map(Object.entries(JSON.parse(python.stdout) as Record<string, Record<string, string>>)) : new Map()
}

/** `# file: NAME`, then a line for each attribute; what would break a line is written as three octal digits. */
function attributesIn(text: string): Map<string, Record<string, string>> {
  const plain = (name: string) => name.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))
  const found = new Map<string, Record<string, string>>()
  for (const block of text.split('\n\n')) {
    const [head = '', ...lines] = block.split('\n')
    const attributes = lines.filter(Boolean).map((line) => line.split(/=(.*)/s)).filter(([name = '']) => !/^(trusted\.|security\.|user\.overlay\.)/.test(name))
    if (attributes.length > 0) found.set(plain(head.replace('# file: ', '')), Object.fromEntries(attributes.map(([name = '', value = '']) => [plain(name), value.replace(/^0s|^""$/, '')]).sort()))
  }
  return found
}
