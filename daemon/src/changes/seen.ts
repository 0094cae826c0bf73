/** What a path is, as the file system tells it, and its content's hash. Nothing but plain files is ever opened. */
import { createHash, hash } from 'node:crypto'
import fs from 'node:fs'
import type { Signature } from '@nexus/protocol/changes'
import { toBytes } from '@nexus/protocol/bytes'
import { typeOfMode, type FileType, type Seen } from '../base/files.ts'
import type { Breath } from './breath.ts'
import { fsPath } from './byte-path.ts'
import { codeOf } from './code-of.ts'
import { openLent } from './node-files.ts'

/** Null when there is nothing; a directory that may not be entered counts as nothing. */
export function look(real: string): Seen | null {
  let stat
  try {
    stat = fs.lstatSync(fsPath(real), { bigint: true, throwIfNoEntry: false })
  } catch (error) {
    if (['ENOTDIR', 'EACCES', 'ELOOP'].includes(codeOf(error))) return null
    throw error
  }
  if (!stat) return null
  const mode = Number(stat.mode)
  return {
    type: typeOfMode(mode), mode: mode & 0o7777, uid: Number(stat.uid), gid: Number(stat.gid), nlink: Number(stat.nlink), dev: stat.dev, ino: stat.ino,
    rdev: stat.rdev, size: stat.size, blocks: stat.blocks, mtimeNs: stat.mtimeNs, ctimeNs: stat.ctimeNs, birthtimeNs: stat.birthtimeNs,
  }
}

export function isSpecial(type: FileType): boolean {
  return type !== 'file' && type !== 'directory' && type !== 'symlink'
}

/** overlayfs' mark of a deleted path. */
export function isWhiteout(seen: Seen): boolean {
  return seen.type === 'character-device' && seen.rdev === 0n
}

/** Octal, four digits. */
export function modeText(mode: number): string {
  return mode.toString(8).padStart(4, '0')
}

export function signatureOf(seen: Pick<Seen, 'type' | 'mode' | 'size' | 'mtimeNs' | 'uid' | 'gid'>, content: { sha256?: string; linkTarget?: string }): Signature {
  return {
    type: seen.type, mode: modeText(seen.mode), size: seen.type === 'file' ? Number(seen.size) : 0, mtimeNs: seen.mtimeNs.toString(),
    ...(content.sha256 === undefined ? {} : { sha256: content.sha256 }),
    ...(content.linkTarget === undefined ? {} : { linkTarget: toBytes(Buffer.from(content.linkTarget, 'latin1')) }),
    uid: seen.uid, gid: seen.gid,
  }
}

const CHUNK_BYTES = 1024 * 1024
/** Mostly holes: a terabyte of nothing would be hashed for an hour. */
export function isMostlyHoles(seen: Pick<Seen, 'size' | 'blocks'>): boolean {
  return seen.blocks * 512n < seen.size / 8n
}

/** Hashes files with one buffer; large ones in pieces, so that the daemon goes on answering. */
export class Hasher {
  readonly #breath: Breath
  readonly #chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES)

  constructor(breath: Breath) {
    this.#breath = breath
  }

  /** Hex sha256 of a file. Throws FileError; follows no link at the last name. `lend`: see openLent. */
  async sha256(real: string, lend = false): Promise<string> {
    const descriptor = openLent(real, lend)
    try {
      return await this.sha256Of(descriptor)
    } finally {
      fs.closeSync(descriptor)
    }
  }

  async sha256Of(descriptor: number): Promise<string> {
    const first = this.#fill(descriptor)
    if (first < CHUNK_BYTES) return hash('sha256', this.#chunk.subarray(0, first), 'hex')
    const whole = createHash('sha256')
    for (let length = first; length > 0;) {
      whole.update(this.#chunk.subarray(0, length))
      // The buffer is shared: it is filled again only after the pause.
      await this.#breath.take()
      length = length < CHUNK_BYTES ? 0 : this.#fill(descriptor)
    }
    return whole.digest('hex')
  }

  #fill(descriptor: number): number {
    let length = 0
    while (length < CHUNK_BYTES) {
      const got = fs.readSync(descriptor, this.#chunk, length, CHUNK_BYTES - length, null)
      if (got === 0) break
      length += got
    }
    return length
  }
}
