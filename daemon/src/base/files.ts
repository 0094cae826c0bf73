/**
 * File operations below directories that are opened once: what every way to do them promises. Every path is (root,
 * relative) and is resolved without following a symbolic link, so that a directory swapped for one is an error. Paths are
 * latin1: one character per byte.
 */

/** A directory opened once; every path below is taken from it. */
export interface Root extends AsyncDisposable {
  readonly path: string
  readonly handle: number
}

export interface Place {
  readonly root: Root
  /** Relative; '' is the root itself. */
  readonly path: string
}

export type FileType = 'file' | 'directory' | 'symlink' | 'fifo' | 'socket' | 'character-device' | 'block-device'

export interface FileStat {
  readonly type: FileType
  /** Permission bits with setuid, setgid and sticky. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly nlink: number
  readonly dev: bigint
  readonly ino: bigint
  readonly size: bigint
  readonly mtimeNs: bigint
  readonly ctimeNs: bigint
  /** Of a symbolic link, latin1; else ''. */
  readonly linkTarget: string
}

/** All that the file system tells about a path without reading it. */
export interface Seen extends Omit<FileStat, 'linkTarget'> {
  readonly rdev: bigint
  /** Of 512 bytes. */
  readonly blocks: bigint
  readonly birthtimeNs: bigint
}

/** What a path must still be at the moment it is replaced or removed; otherwise the operation fails with ESTALE. */
export type Guard = Pick<FileStat, 'dev' | 'ino' | 'size' | 'mtimeNs'>

export interface Meta {
  readonly mode?: number
  /** `required`: false takes what the caller's rights allow (the group alone, or nothing). */
  readonly owner?: { readonly uid: number; readonly gid: number; readonly required: boolean }
  readonly mtimeNs?: bigint
}

/** What overlayfs wrote on a directory of an upper layer. */
export interface Marks {
  readonly opaque: boolean
  /** The place in the lower layers that is merged here instead of the same path; latin1. */
  readonly redirect: string | null
}

export interface Hashed {
  readonly sha256: string
  /** As `attributes` gives them. */
  readonly attributes: string
}

export interface Look {
  /** Null where nothing stands. */
  readonly seen: Seen | null
  /** Null as in `hashes`. */
  readonly content: Hashed | null
}

/** The operations; failures are FileErrors with the code of the system call. */
export interface Files extends AsyncDisposable {
  /** What is exact: without the helper times are cut to microseconds and attributes are not seen. */
  readonly exact: { readonly times: boolean; readonly attributes: boolean; readonly anchored: boolean }
  readonly isClosed: boolean
  /** `syncfs` flushes all of the file system, not only what lies in that folder. */
  readonly flushesWhole: boolean
  open(path: string): Promise<Root>
  /** Advisory lock on the root until it is closed; EWOULDBLOCK when another process holds it. */
  lock(root: Root): Promise<void>
  /** Null when there is nothing at that path. */
  stat(place: Place): Promise<FileStat | null>
  list(place: Place): Promise<string[]>
  mkdir(place: Place, mode: number): Promise<void>
  symlink(place: Place, target: string): Promise<void>
  link(from: Place, to: Place): Promise<void>
  /** New file, mode 0600, with the content and extended attributes of another. `lend`: see copy_file in files.h. */
  copy(from: Place, to: Place, lend: boolean): Promise<void>
  rename(from: Place, to: Place, how: { mode: 'replace' | 'no-replace' | 'exchange'; guard?: Guard }): Promise<void>
  unlink(place: Place, guard?: Guard): Promise<void>
  rmdir(place: Place): Promise<void>
  setMeta(place: Place, meta: Meta): Promise<void>
  marks(places: readonly Place[], xattrs: 'trusted' | 'user'): Promise<Marks[]>
  /** Puts them on a directory. Only the helper can: ENOTSUP without it. */
  mark(place: Place, marks: Marks, xattrs: 'trusted' | 'user'): Promise<void>
  /** Of each path the extended attributes in one comparable string; '' for none and for what cannot be read. */
  attributes(root: Root, paths: readonly string[]): Promise<string[]>
  /**
   * Of each path the hash of its content, and its extended attributes; null where the caller has to read it: large
   * files, what cannot be opened, and every file where this way has no faster means than Node.
   */
  hashes(root: Root, paths: readonly string[]): Promise<(Hashed | null)[]>
  /** Both in one: of each path what stands there, and its content; null where the caller has to look by itself. */
  looks(root: Root, paths: readonly string[]): Promise<(Look | null)[]>
  copyAttributes(from: Place, to: Place): Promise<void>
  fsync(place: Place): Promise<void>
  /** Flushes what lies below a directory: the whole file system with the helper, its files one by one without. */
  syncfs(folder: Place): Promise<void>
}

export class FileError extends Error {
  readonly code: string
  readonly path: string

  constructor(code: string, operation: string, path: string, options?: { cause?: unknown }) {
    super(`${operation} ${JSON.stringify(path)}: ${code}`, options)
    this.name = 'FileError'
    this.code = code
    this.path = path
  }
}

export function typeOfMode(mode: number): FileType {
  switch (mode & 0o170000) {
    case 0o040000: return 'directory'
    case 0o120000: return 'symlink'
    case 0o010000: return 'fifo'
    case 0o140000: return 'socket'
    case 0o020000: return 'character-device'
    case 0o060000: return 'block-device'
  }
  return 'file'
}
