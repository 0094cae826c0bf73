/**
 * The same file operations with nothing but Node: the rung without a compiled helper.
 * Weaker, and said so in `exact`: times are cut to microseconds, extended attributes are not seen, and between the
 * check of a path's directories and its use a moment passes in which somebody could swap one for a link.
 */
import fs from 'node:fs'
import { FileError, typeOfMode, type Files, type FileStat, type Guard, type Marks, type Meta, type Place, type Root } from '../base/files.ts'
import { nodeTime } from '../base/node-time.ts'
import { codeOf } from './code-of.ts'
import { fsPath, nameOf, parentOf, type BytePath } from './byte-path.ts'
import { readMarksWithTar } from './tar-marks.ts'

export class NodeFiles implements Files {
  readonly exact = { times: false, attributes: false, anchored: false }
  readonly flushesWhole = false
  isClosed = false

  async open(path: string): Promise<Root> {
    if (!attempt('root', path, () => fs.statSync(fsPath(path))).isDirectory()) throw new FileError('ENOTDIR', 'root', path)
    return { path, handle: 0, [Symbol.asyncDispose]: async () => {} }
  }

  /** Node has no flock: only the daemon's own lock on its state folder keeps two from working at once. */
  async lock(): Promise<void> {}

  async stat(place: Place): Promise<FileStat | null> {
    try {
      return lookAt('stat', resolve('stat', place))
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return null
      throw error
    }
  }

  async list(place: Place): Promise<string[]> {
    const path = resolve('list', place)
    if (attempt('list', place.path, () => fs.lstatSync(fsPath(path))).isSymbolicLink()) throw new FileError('ELOOP', 'list', place.path)
    return attempt('list', place.path, () => fs.readdirSync(fsPath(path), { encoding: 'latin1' }))
  }

  async mkdir(place: Place, mode: number): Promise<void> {
    const path = fsPath(resolve('mkdir', place))
    attempt('mkdir', place.path, () => { fs.mkdirSync(path); fs.chmodSync(path, mode) })
  }

  async symlink(place: Place, target: string): Promise<void> {
    attempt('symlink', place.path, () => fs.symlinkSync(fsPath(target), fsPath(resolve('symlink', place))))
  }

  async link(from: Place, to: Place): Promise<void> {
    attempt('link', to.path, () => fs.linkSync(fsPath(resolve('link', from)), fsPath(resolve('link', to))))
  }

  async copy(from: Place, to: Place, lend: boolean): Promise<void> {
    const source = openLent(resolve('copy', from), lend)
    try {
      if (!fs.fstatSync(source).isFile()) throw new FileError('EINVAL', 'copy', from.path)
      // Node copies by path only; the descriptor's own entry in /proc is the very file that was opened.
      const target = fsPath(resolve('copy', to))
      attempt('copy', to.path, () => copyOpen(source, target))
    } finally {
      fs.closeSync(source)
    }
  }

  async rename(from: Place, to: Place, how: { mode: 'replace' | 'no-replace' | 'exchange'; guard?: Guard }): Promise<void> {
    const source = resolve('rename', from)
    const target = resolve('rename', to)
    check('rename', target, how.guard)
    attempt('rename', to.path, () => {
      switch (how.mode) {
        case 'replace': return fs.renameSync(fsPath(source), fsPath(target))
        case 'no-replace': return renameWithoutReplacing(source, target)
        case 'exchange': return exchange(source, target)
      }
    })
  }

  async unlink(place: Place, guard?: Guard): Promise<void> {
    const path = resolve('unlink', place)
    check('unlink', path, guard)
    attempt('unlink', place.path, () => fs.unlinkSync(fsPath(path)))
  }

  async rmdir(place: Place): Promise<void> {
    attempt('rmdir', place.path, () => fs.rmdirSync(fsPath(resolve('rmdir', place))))
  }

  async setMeta(place: Place, { mode, owner, mtimeNs }: Meta): Promise<void> {
    const path = fsPath(resolve('meta', place))
    attempt('meta', place.path, () => {
      const now = fs.lstatSync(path)
      if (owner && (now.uid !== owner.uid || now.gid !== owner.gid)) {
        try {
          fs.lchownSync(path, owner.uid, owner.gid)
        } catch (error) {
          if (owner.required) throw error
          // The caller's rights do not allow it: the new file stays the caller's own.
        }
      }
      if (mode !== undefined && !now.isSymbolicLink()) fs.chmodSync(path, mode)
      if (mtimeNs !== undefined) fs.lutimesSync(path, nodeTime(now.atimeMs), nodeTime(Number(mtimeNs / 1000n) / 1e3))
    })
  }

  async marks(places: readonly Place[], xattrs: 'trusted' | 'user'): Promise<Marks[]> {
    return await readMarksWithTar(places, xattrs)
  }

  async mark(place: Place): Promise<void> {
    throw new FileError('ENOTSUP', 'mark', place.path)
  }

  async attributes(_root: Root, paths: readonly string[]): Promise<string[]> {
    return paths.map(() => '')
  }

  async hashes(_root: Root, paths: readonly string[]): Promise<null[]> {
    return paths.map(() => null)
  }

  async looks(_root: Root, paths: readonly string[]): Promise<null[]> {
    return paths.map(() => null)
  }

  async copyAttributes(): Promise<void> {}

  async fsync(place: Place): Promise<void> {
    const path = fsPath(resolve('fsync', place))
    attempt('fsync', place.path, () => {
      const descriptor = openToFlush(path)
      try { fs.fsyncSync(descriptor) } finally { fs.closeSync(descriptor) }
    })
  }

  /** Node has no syncfs: every file is flushed by itself. Staged folders are flat. */
  async syncfs(folder: Place): Promise<void> {
    for (const name of await this.list(folder)) {
      const place = { root: folder.root, path: folder.path === '' ? name : `${folder.path}/${name}` }
      if ((await this.stat(place))?.type === 'file') attempt('syncfs', place.path, () => flush(openLent(resolve('syncfs', place), true)))
    }
    await this.fsync(folder)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.isClosed = true
  }
}

/** An own file that its mode makes unreadable is made readable for the moment of opening. */
function openToFlush(path: string | Buffer): number {
  const open = () => fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK)
  try {
    return open()
  } catch (error) {
    const stat = fs.lstatSync(path)
    if ((error as NodeJS.ErrnoException).code !== 'EACCES' || !stat.isFile()) throw error
    fs.chmodSync(path, 0o600)
    try { return open() } finally { fs.chmodSync(path, stat.mode & 0o7777) }
  }
}

/** The absolute path, once every directory above is found to be a directory and no link. */
function resolve(operation: string, { root, path }: Place): string {
  if (path === '') return root.path
  const names = path.split('/')
  if (names.some((name) => name === '' || name === '.' || name === '..' || name.includes('\0'))) throw new FileError('EINVAL', operation, path)
  let at = root.path
  for (const name of names.slice(0, -1)) {
    at = `${at}/${name}`
    const stat = attempt(operation, path, () => fs.lstatSync(fsPath(at)))
    if (stat.isSymbolicLink()) throw new FileError('ELOOP', operation, path)
    if (!stat.isDirectory()) throw new FileError('ENOTDIR', operation, path)
  }
  return `${at}/${names.at(-1)}`
}

function lookAt(operation: string, path: string): FileStat | null {
  const stat = attempt(operation, path, () => fs.lstatSync(fsPath(path), { bigint: true, throwIfNoEntry: false }))
  if (!stat) return null
  const mode = Number(stat.mode)
  const type = typeOfMode(mode)
  return {
    type, mode: mode & 0o7777, uid: Number(stat.uid), gid: Number(stat.gid), nlink: Number(stat.nlink), dev: stat.dev, ino: stat.ino, size: stat.size,
    mtimeNs: stat.mtimeNs, ctimeNs: stat.ctimeNs, linkTarget: type === 'symlink' ? fs.readlinkSync(fsPath(path), 'latin1') : '',
  }
}

function check(operation: string, path: string, guard: Guard | undefined): void {
  if (!guard) return
  const now = lookAt(operation, path)
  const same = now && now.dev === guard.dev && now.ino === guard.ino && now.size === guard.size && now.mtimeNs === guard.mtimeNs
  if (!same) throw new FileError('ESTALE', operation, path)
}

function renameWithoutReplacing(source: string, target: string): void {
  const stat = fs.lstatSync(fsPath(source))
  if (stat.isDirectory()) {
    // rename(2) of a directory replaces an empty one, so it has to be looked for.
    if (lookAt('rename', target)) throw new FileError('EEXIST', 'rename', target)
    return fs.renameSync(fsPath(source), fsPath(target))
  }
  fs.linkSync(fsPath(source), fsPath(target))
  fs.unlinkSync(fsPath(source))
}

/** In two steps with a moment of absence between them, which recovery knows. */
function exchange(source: string, target: string): void {
  const aside = `${parentOf(source as BytePath)}/aside-${nameOf(source as BytePath)}`
  fs.renameSync(fsPath(target), fsPath(aside))
  fs.renameSync(fsPath(source), fsPath(target))
  fs.renameSync(fsPath(aside), fsPath(source))
}

/** Opens a file; with `lend` an own file that its mode makes unreadable is made readable for the moment of opening. */
export function openLent(path: string, lend: boolean): number {
  const flags = fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK
  try {
    return fs.openSync(fsPath(path), flags)
  } catch (error) {
    if (!lend || codeOf(error) !== 'EACCES') throw asFileError('open', path, error)
  }
  return attempt('open', path, () => {
    const { mode } = fs.lstatSync(fsPath(path))
    if (typeOfMode(mode) !== 'file') throw new FileError('EACCES', 'open', path)
    fs.chmodSync(fsPath(path), (mode & 0o7777) | 0o400)
    try { return fs.openSync(fsPath(path), flags) } finally { fs.chmodSync(fsPath(path), mode & 0o7777) }
  })
}

function flush(descriptor: number): void {
  try { fs.fsyncSync(descriptor) } finally { fs.closeSync(descriptor) }
}

function copyOpen(source: number, target: string | Buffer): void {
  try {
    fs.copyFileSync(`/proc/self/fd/${source}`, target, fs.constants.COPYFILE_EXCL | fs.constants.COPYFILE_FICLONE)
    fs.chmodSync(target, 0o600)
  } catch (error) {
    // Opened while its mode was lent: the mode is back, and the file cannot be opened again, only read.
    if (codeOf(error) !== 'EACCES') throw error
    const written = fs.openSync(target, fs.constants.O_WRONLY | fs.constants.O_CREAT | fs.constants.O_EXCL | fs.constants.O_NOFOLLOW, 0o600)
    try {
      const chunk = Buffer.allocUnsafe(256 * 1024)
      for (let got = fs.readSync(source, chunk); got > 0; got = fs.readSync(source, chunk)) fs.writeFileSync(written, chunk.subarray(0, got))
    } finally {
      fs.closeSync(written)
    }
  }
}

function attempt<Result>(operation: string, path: string, work: () => Result): Result {
  try {
    return work()
  } catch (error) {
    throw asFileError(operation, path, error)
  }
}

function asFileError(operation: string, path: string, error: unknown): FileError {
  return error instanceof FileError ? error : new FileError(codeOf(error), operation, path, { cause: error })
}
