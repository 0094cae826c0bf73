/**
 * What a git index says, without what git refreshes by itself: `git status` writes new times and inodes of unchanged
 * files into it, and its caches. Two indexes with the same entries (mode, object, flags, path) mean the same.
 */
import { createHash, hash } from 'node:crypto'

/** Git's index, wherever its repository lies. */
export function isIndexPath(path: string): boolean {
  return path === '.git/index' || path.endsWith('/.git/index')
}

/** Larger ones are compared byte by byte, like any file. */
export const INDEX_MAX_BYTES = 64 * 1024 * 1024

/** Hex sha256 over the entries; null for what this does not know for certain: then only equal bytes are the same. */
export function entriesOf(index: Buffer): string | null {
  // Which hash a repository uses stands in its config, but the trailer tells as well.
  for (const [name, length] of [['sha1', 20], ['sha256', 32]] as const) {
    const body = index.subarray(0, Math.max(0, index.length - length))
    const trailer = index.subarray(body.length)
    // index.skipHash writes zeros.
    if (trailer.every((byte) => byte === 0) || hash(name, body, 'buffer').equals(trailer)) {
      const read = readEntries(body, length)
      if (read !== null) return read
    }
  }
  return null
}

/** Version 4 says a long name in few bytes, again and again: an index of megabytes could hold names of terabytes. As many times its own size no real one has. */
const NAMES_MOST = 16
const STAT_BYTES = 40
const MODE_AT = 24
const EXTENDED = 0x4000
const NAME_LENGTH = 0x0fff

function readEntries(body: Buffer, hashBytes: number): string | null {
  if (body.length < 12 || body.toString('latin1', 0, 4) !== 'DIRC') return null
  const version = body.readUInt32BE(4)
  if (version < 2 || version > 4) return null
  const meaning = createHash('sha256')
  let at = 12
  let path = Buffer.alloc(0)
  let namesBytes = 0
  for (let left = body.readUInt32BE(8); left > 0; left -= 1) {
    const begin = at
    const flagsAt = at + STAT_BYTES + hashBytes
    if (flagsAt + 2 > body.length) return null
    const flags = body.readUInt16BE(flagsAt)
    at = flagsAt + 2
    const extended = (flags & EXTENDED) !== 0 && version >= 3 ? body.subarray(at, at + 2) : Buffer.alloc(0)
    at += extended.length
    const kept = version === 4 ? keptOf(body, at, path.length) : { length: 0, at }
    if (!kept) return null
    const end = body.indexOf(0, kept.at)
    if (end < 0) return null
    namesBytes += kept.length + end - kept.at
    if (namesBytes > NAMES_MOST * body.length) return null
    path = Buffer.concat([path.subarray(0, kept.length), body.subarray(kept.at, end)])
    // Older versions fill up with NULs to eight bytes, one at least.
    at = version === 4 ? end + 1 : begin + ((end - begin + 8) & ~7)
    const own = Buffer.alloc(2)
    own.writeUInt16BE(flags & ~NAME_LENGTH)
    meaning.update(body.subarray(begin + MODE_AT, begin + MODE_AT + 4)).update(body.subarray(begin + STAT_BYTES, flagsAt)).update(own).update(extended).update(path).update('\0')
  }
  const extensions = readExtensions(body, at)
  return extensions === null ? null : meaning.update('\0').update(extensions).digest('hex')
}

/** Version 4 names by what differs from the name before: how many bytes of it stay. */
function keptOf(body: Buffer, at: number, length: number): { length: number; at: number } | null {
  let drop = 0
  for (let more = true; more; at += 1) {
    const byte = body[at]
    if (byte === undefined || drop > length) return null
    drop = drop * 128 + (byte & 0x7f)
    more = (byte & 0x80) !== 0
    if (more) drop += 1
  }
  return drop > length ? null : { length: length - drop, at }
}

/** Caches that git makes again when it likes: trees, untracked files, the file system monitor, offsets for threads. */
const CACHES = ['TREE', 'UNTR', 'FSMN', 'EOIE', 'IEOT']

/** What else stands in it counts, byte by byte. Null for an extension that changes how entries are read. */
function readExtensions(body: Buffer, from: number): Buffer | null {
  const counted: Buffer[] = []
  let at = from
  while (at < body.length) {
    if (at + 8 > body.length) return null
    const name = body.toString('latin1', at, at + 4)
    const end = at + 8 + body.readUInt32BE(at + 4)
    if (end > body.length || !/^[A-Z]/.test(name)) return null
    if (!CACHES.includes(name)) counted.push(body.subarray(at, end))
    at = end
  }
  return at === body.length ? Buffer.concat(counted) : null
}
