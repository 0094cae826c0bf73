/** Looks at the project as it is now and compares it with what a run saw. */
import fs from 'node:fs'
import type { Signature } from '@nexus/protocol/changes'
import { FileError, type FileStat } from '../base/files.ts'
import type { BytePath } from './byte-path.ts'
import { openLent } from './node-files.ts'
import { Hasher, signatureOf } from './seen.ts'
import { sameTarget } from './survey.ts'
import { placeIn, type Site } from './site.ts'
import { Tree } from './tree.ts'

export class Host implements Disposable {
  readonly #site: Site
  readonly #hasher: Hasher
  readonly #tree = new Tree()
  readonly #hashes = new Map<BytePath, string>()

  constructor(site: Site) {
    this.#site = site
    this.#hasher = new Hasher(site.breath)
  }

  /** Null when nothing is there. Throws FileError when a directory above is a link or no directory. */
  stat(path: BytePath): Promise<FileStat | null> {
    return this.#site.files.stat(placeIn(this.#site, path))
  }

  /** The same, and null below what is not (or no longer) a directory. */
  async statBelow(path: BytePath): Promise<FileStat | null> {
    try {
      return await this.stat(path)
    } catch (error) {
      if (!(error instanceof FileError) || !['ENOTDIR', 'ELOOP'].includes(error.code)) throw error
      return null
    }
  }

  /** The whole signature; the content is read once. */
  async signature(path: BytePath, stat: FileStat): Promise<Signature> {
    const content = stat.type === 'file' ? { sha256: await this.hash(path, stat) } : stat.type === 'symlink' ? { linkTarget: stat.linkTarget } : {}
    return signatureOf(stat, content)
  }

  /**
   * Asks for the contents of many at once. Each must have been looked at before: what changes in between is noticed by
   * its guard, when it is replaced.
   */
  async ask(paths: readonly BytePath[]): Promise<void> {
    const hashes = await this.#site.files.hashes(this.#site.project, paths)
    for (const [index, path] of paths.entries()) if (hashes[index]) this.#hashes.set(path, hashes[index].sha256)
  }

  /** The whole content of the very file that `stat` describes, if it is not larger. */
  async read(path: BytePath, stat: FileStat, maxBytes: number): Promise<Buffer | null> {
    if (Number(stat.size) > maxBytes) return null
    const descriptor = this.#open(path, stat)
    try {
      return fs.readFileSync(descriptor)
    } finally {
      fs.closeSync(descriptor)
    }
  }

  #open(path: BytePath, stat: FileStat): number {
    const descriptor = openLent(this.#tree.at(this.#site.project.path, path), false)
    const opened = fs.fstatSync(descriptor, { bigint: true })
    if (opened.dev === stat.dev && opened.ino === stat.ino) return descriptor
    fs.closeSync(descriptor)
    throw new FileError('ESTALE', 'read', path)
  }

  /** Hex sha256 of the very file that `stat` describes. */
  async hash(path: BytePath, stat: FileStat): Promise<string> {
    const known = this.#hashes.get(path)
    if (known !== undefined) return known
    const descriptor = this.#open(path, stat)
    try {
      const sha256 = await this.#hasher.sha256Of(descriptor)
      this.#hashes.set(path, sha256)
      return sha256
    } finally {
      fs.closeSync(descriptor)
    }
  }

  /** Node alone sets times to the microsecond, give or take one. */
  isSameTime(a: bigint, b: bigint): boolean {
    const difference = a > b ? a - b : b - a
    return this.#site.files.exact.times ? difference === 0n : difference < 2_000n
  }

  /** The content may have changed since: it is read again. */
  forget(path: BytePath): void {
    this.#hashes.delete(path)
  }

  /** By type, mode, bytes or link target; never by times or owner. */
  async isSame(path: BytePath, stat: FileStat, signature: Signature): Promise<boolean> {
    return stat.type === signature.type && (stat.type === 'symlink' || isSameMode(stat, signature)) && (await this.hasContent(path, stat, signature))
  }

  async hasContent(path: BytePath, stat: FileStat, signature: Signature): Promise<boolean> {
    if (stat.type !== signature.type) return false
    if (stat.type === 'symlink') return sameTarget(signatureOf(stat, { linkTarget: stat.linkTarget }), signature)
    if (stat.type !== 'file') return true
    return Number(stat.size) === signature.size && signature.sha256 !== undefined && (await this.hash(path, stat)) === signature.sha256
  }

  [Symbol.dispose](): void {
    this.#tree[Symbol.dispose]()
  }
}

/** What was closed even to its owner may have been opened to them since: nobody could look at it otherwise. */
function isSameMode({ type, mode }: FileStat, signature: Signature): boolean {
  const expected = Number.parseInt(signature.mode, 8)
  const needed = type === 'directory' ? 0o500 : 0o400
  return mode === expected || ((expected & needed) !== needed && (mode & ~0o700) === (expected & ~0o700) && (mode & expected) === expected)
}
