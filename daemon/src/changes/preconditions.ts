/**
 * Before the first byte is written: is every path of the host still what the run saw? All conflicts are told at once,
 * and one is enough for nothing to be written.
 */
import type { ChangeFlag, Conflict, Signature } from '@nexus/protocol/changes'
import { FileError, type FileStat } from '../base/files.ts'
import { below, parentOf, pathOf, TOP, type BytePath } from './byte-path.ts'
import { conflict } from './conflicts.ts'
import { entriesOf, INDEX_MAX_BYTES } from './git-index.ts'
import type { Host } from './host.ts'
import { modeText, isSpecial, signatureOf } from './seen.ts'
import { sameTarget } from './survey.ts'
import { placeIn, type Site } from './site.ts'

/** What one path of the host is expected to be and what it shall become. */
export interface Wish {
  readonly path: BytePath
  readonly before: Signature | null
  readonly after: Signature | null
  readonly flags: ReadonlySet<ChangeFlag>
  readonly attributes: boolean
  /** A hard link may be broken here: a person named the path, or nothing of a link is at stake. */
  readonly mayBreakLink: boolean
  /** Of a git index: what `before` says, null when that is not known. The same entries are the same index. */
  readonly entries?: () => string | null
}

/** A wish with what the host has for it. */
export interface Examined {
  readonly wish: Wish
  readonly stat: FileStat | null
  /** The host's own signature. */
  readonly found: Signature | null
  /** The host is already as wished: nothing is written. */
  readonly isDone: boolean
}

export interface Examination {
  readonly examined: readonly Examined[]
  readonly conflicts: readonly Conflict[]
  /** Directories that stay and hold something that will change. */
  readonly parents: ReadonlyMap<BytePath, FileStat>
}

export async function examine(site: Site, host: Host, wishes: readonly Wish[]): Promise<Examination> {
  const plan = new Map(wishes.map((wish) => [wish.path, wish]))
  const conflicts: Conflict[] = []
  const examined: Examined[] = []
  const stats = await statAll(host, wishes, plan)
  await host.ask(wishes.flatMap(({ path, before, after }, index) => {
    const stat = stats[index]
    return stat && typeof stat === 'object' && stat.type === 'file' && (Number(stat.size) === before?.size || Number(stat.size) === after?.size) ? [path] : []
  }))
  for (const [index, wish] of wishes.entries()) {
    const result = await judge(site, host, wish, stats[index] ?? null)
    if ('reason' in result) conflicts.push(result)
    else examined.push(result)
    if (site.breath.isDue) await site.breath.take()
  }
  const open = examined.filter(({ isDone }) => !isDone)
  const { parents, conflicts: misplaced } = await checkParents(host, open)
  conflicts.push(...misplaced, ...(await checkEmptied(site, open, plan)))
  return { examined, conflicts: conflicts.map((one) => whole(one, plan)), parents }
}

/** With what was expected and what would be written, also where only the way there is blocked. */
function whole(conflict: Conflict, plan: ReadonlyMap<BytePath, Wish>): Conflict {
  const wish = plan.get(pathOf(conflict.path))
  return { ...(wish?.before ? { expected: wish.before } : {}), ...conflict, ...(wish?.after ? { after: wish.after } : {}) }
}

const BATCH = 256

/** `shut`: a directory above may not be entered. */
type Looked = FileStat | 'parent' | 'shut' | null

async function statAll(host: Host, wishes: readonly Wish[], plan: ReadonlyMap<BytePath, Wish>): Promise<Looked[]> {
  const stats: Looked[] = []
  for (let start = 0; start < wishes.length; start += BATCH) {
    stats.push(...(await Promise.all(wishes.slice(start, start + BATCH).map((wish) => lookAt(host, wish, plan)))))
  }
  return stats
}

async function lookAt(host: Host, { path }: Wish, plan: ReadonlyMap<BytePath, Wish>): Promise<Looked> {
  try {
    return await host.stat(path)
  } catch (error) {
    if (error instanceof FileError && error.code === 'EACCES') return 'shut'
    if (!isMisplaced(error)) throw error
    // Below a file that this very plan turns into a directory there is nothing yet.
    return hasAbove(path, (above) => { const wish = plan.get(above); return wish?.after?.type === 'directory' && wish.before?.type !== 'directory' }) ? null : 'parent'
  }
}

async function judge(site: Site, host: Host, wish: Wish, looked: Looked): Promise<Examined | Conflict> {
  const { path, before, after, flags } = wish
  if (looked === 'parent') return conflict(path, 'parent', { expected: before, detail: 'a directory above it is now a link or a file' })
  if (looked === 'shut') return conflict(path, 'io', { expected: before, detail: 'a directory above it is closed: open it to yourself (chmod u+rwx), then try again' })
  const stat = looked
  try {
    if (stat === null && after === null) return { wish, stat, found: null, isDone: true }
    const isAfter = stat !== null && after !== null && (await host.isSame(path, stat, after))
    if (isAfter && !(await isOnlyMeta(site, host, wish, stat))) return { wish, stat, found: await host.signature(path, stat), isDone: true }
    if ((before && isSpecial(before.type)) || (after && isSpecial(after.type))) return conflict(path, 'special', { expected: before, detail: 'pipes, sockets and devices are never applied' })
    if (stat && isSpecial(stat.type)) return conflict(path, before ? 'changed' : 'appeared', { expected: before, found: signatureOf(stat, {}) })
    if (flags.has('unreadable')) return conflict(path, 'io', { expected: before, detail: 'its content was not read when the run was sealed: it may not be, or it is gigabytes of mostly holes' })
    const found = stat && (await host.signature(path, stat))
    if (flags.has('base-moved')) return conflict(path, 'base-moved', { expected: before, found, detail: 'it changed on the host while the command ran' })
    if (!before) return stat === null ? { wish, stat, found, isDone: false } : conflict(path, 'appeared', { found })
    if (!stat) return conflict(path, 'vanished', { expected: before })
    if (isAfter && !(await host.isSame(path, stat, before))) return { wish, stat, found, isDone: true }
    if (!(await host.isSame(path, stat, before)) && !(await isSameIndex(host, wish, stat))) return conflict(path, 'changed', { expected: before, found })
    if (stat.type === 'file' && stat.nlink > 1 && !wish.mayBreakLink) return conflict(path, 'hardlink', { expected: before, found, detail: `it has ${stat.nlink} names; name the path to break the link` })
    return { wish, stat, found, isDone: false }
  } catch (error) {
    if (error instanceof FileError && error.code === 'EACCES') return conflict(path, 'io', { expected: before, detail: 'it is closed even to you: open it to yourself (chmod u+rwx), then try again' })
    if (error instanceof FileError) return conflict(path, error.code === 'ESTALE' ? 'changed' : 'io', { expected: before, detail: error.message })
    throw error
  }
}

/** Git writes its index anew whenever it looks at the files; only other entries are another index. */
async function isSameIndex(host: Host, { path, before, entries }: Wish, stat: FileStat): Promise<boolean> {
  if (!before || !entries || stat.type !== 'file' || before.type !== 'file' || modeText(stat.mode) !== before.mode) return false
  const expected = entries()
  const index = expected === null ? null : await host.read(path, stat, INDEX_MAX_BYTES)
  return index !== null && entriesOf(index) === expected
}

/** True while mode, owner or time still have to be set: equal content alone does not make such a wish come true. */
async function isOnlyMeta(site: Site, host: Host, { path, before, after, attributes }: Wish, stat: FileStat): Promise<boolean> {
  if (!before || !after || before.type !== after.type || before.sha256 !== after.sha256 || before.size !== after.size || !sameTarget(before, after)) return false
  if (!(await host.hasContent(path, stat, after))) return false
  const sameMode = after.type === 'symlink' || modeText(stat.mode) === after.mode
  const sameTime = after.type === 'directory' || host.isSameTime(stat.mtimeNs, BigInt(after.mtimeNs))
  const sameOwner = !site.isRoot || (stat.uid === after.uid && stat.gid === after.gid)
  return attributes || !sameMode || !sameTime || !sameOwner
}

/** Every new name needs a real directory above it, on the project's own file system. */
async function checkParents(host: Host, open: readonly Examined[]): Promise<{ parents: Map<BytePath, FileStat>; conflicts: Conflict[] }> {
  const parents = new Map<BytePath, FileStat>()
  const conflicts: Conflict[] = []
  const top = await host.stat(TOP)
  const coming = new Set(open.flatMap(({ wish, stat }) => (wish.after?.type === 'directory' && stat?.type !== 'directory' ? wish.path : [])))
  for (const { wish } of open) {
    const folder = parentOf(wish.path)
    if (parents.has(folder) || coming.has(folder)) continue
    const stat = await statQuietly(host, folder)
    if (stat?.type !== 'directory') conflicts.push(conflict(wish.path, 'parent', { detail: 'the directory above it is gone' }))
    else if (stat.dev !== top?.dev) conflicts.push(conflict(wish.path, 'io', { detail: 'it lies on another file system than the project' }))
    else parents.set(folder, stat)
  }
  return { parents, conflicts }
}

/** A directory that goes must hold nothing but what goes with it. */
async function checkEmptied(site: Site, open: readonly Examined[], plan: ReadonlyMap<BytePath, Wish>): Promise<Conflict[]> {
  const conflicts: Conflict[] = []
  for (const { wish, stat } of open) {
    if (stat?.type !== 'directory' || wish.after?.type === 'directory') continue
    try {
      const left = (await site.files.list(placeIn(site, wish.path))).filter((name) => {
        const child = plan.get(below(wish.path, name))
        return !child || child.after !== null
      })
      if (left.length > 0) conflicts.push(conflict(wish.path, 'not-empty', { expected: wish.before, detail: `it holds ${Buffer.from(left[0] ?? '', 'latin1').toString()}${left.length > 1 ? ` and ${left.length - 1} more` : ''}` }))
    } catch (error) {
      if (!(error instanceof FileError)) throw error
      conflicts.push(conflict(wish.path, 'io', { detail: error.message }))
    }
  }
  return conflicts
}

async function statQuietly(host: Host, path: BytePath): Promise<FileStat | null> {
  try {
    return await host.stat(path)
  } catch (error) {
    if (isMisplaced(error)) return null
    throw error
  }
}

function isMisplaced(error: unknown): boolean {
  return error instanceof FileError && ['ELOOP', 'ENOTDIR', 'EXDEV'].includes(error.code)
}

function hasAbove(path: BytePath, test: (above: BytePath) => boolean): boolean {
  for (let folder = parentOf(path); folder !== TOP; folder = parentOf(folder)) if (test(folder)) return true
  return false
}
