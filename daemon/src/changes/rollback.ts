/** Takes an applied run back from its pre-images: the newest apply first, all of it or none. */
import { Problem } from '@nexus/protocol/problem'
import type { Bytes } from '@nexus/protocol/bytes'
import fs from 'node:fs'
import type { Root } from '../base/files.ts'
import { fromText, parentOf, pathOf, type BytePath } from './byte-path.ts'
import { carryOut } from './carry-out.ts'
import type { Outcome } from './changes.ts'
import { Host } from './host.ts'
import type { Journal, Journals } from './journal.ts'
import { howOf, isBackedUp, type Folder, type Step } from './plan.ts'
import { examine, type Examined, type Wish } from './preconditions.ts'
import type { Site } from './site.ts'

export async function rollback(site: Site, journals: Journals, run: string): Promise<Outcome> {
  const standing = standingApplies(journals.all(run))
  if (standing.length === 0) return { applied: [], conflicts: [] }
  const missing = standing.find((journal) => journal.plan.steps.some(isBackedUp) && !fs.existsSync(journal.backups))
  if (missing) throw new Problem('pre-images-gone', { run })

  const left = foldersLeft(standing)
  const ways = waysBack(standing, left)
  using host = new Host(site)
  const { examined, conflicts } = await examine(site, host, [...ways.values()].map(({ wish }) => wish))
  if (conflicts.length > 0) return { applied: [], conflicts }
  const open = examined.filter(({ isDone }) => !isDone)
  const paths = distinct(standing.flatMap(({ plan }) => plan.paths))
  const steps = stepsOf(open, ways)
  const folders = await foldersOf(site, host, left, steps)
  const plan = { run, direction: 'rollback' as const, project: site.project.path, digest: standing[0]?.plan.digest ?? '', paths, steps, folders, undoes: standing.map(({ name }) => name) }

  await using backups = new AsyncDisposableStack()
  const roots = new Map<Journal, Root>()
  for (const journal of standing) if (fs.existsSync(journal.backups)) roots.set(journal, backups.use(await site.files.open(fromText(journal.backups))))
  const failed = await carryOut(site, host, journals, plan, open.map(({ stat }) => stat), (step) => {
    const way = ways.get(step.path)
    const root = way && roots.get(way.journal)
    return root && isBackedUp(way.original) ? { place: { root, path: String(way.index) }, isPreImage: true } : null
  })
  return failed.length > 0 ? { applied: [], conflicts: failed } : { applied: paths, conflicts: [] }
}

/** Done applies that no done rollback has taken back, newest first. */
function standingApplies(journals: readonly Journal[]): Journal[] {
  const done = journals.filter(({ marks }) => marks.has('done'))
  const undone = new Set(done.flatMap(({ plan }) => plan.undoes))
  return done.filter(({ name, plan }) => plan.direction === 'apply' && !undone.has(name)).reverse()
}

interface WayBack {
  readonly wish: Wish
  /** The oldest journal that touched the path holds what it was in the beginning. */
  readonly journal: Journal
  readonly original: Step
  readonly index: number
}

/** From what the newest apply left to what the oldest found. */
function waysBack(standing: readonly Journal[], left: ReadonlyMap<BytePath, Folder>): Map<BytePath, WayBack> {
  const ways = new Map<BytePath, WayBack>()
  for (const journal of standing) {
    for (const [index, original] of journal.plan.steps.entries()) {
      const newer = ways.get(original.path)
      // A directory that an earlier apply had touched has an older time than the one its removal saw.
      const folder = original.before?.type === 'directory' ? left.get(original.path) : undefined
      const after = original.before && folder ? { ...original.before, mtimeNs: folder.before.mtimeNs.toString() } : original.before
      const wish = { path: original.path, before: newer ? newer.wish.before : original.after, after, flags: new Set<never>(), attributes: original.attributes || newer?.wish.attributes === true, mayBreakLink: true, entries: newer?.wish.entries ?? (() => original.entries ?? null) }
      ways.set(original.path, { wish, journal, original, index })
    }
  }
  return ways
}

function stepsOf(open: readonly Examined[], ways: ReadonlyMap<BytePath, WayBack>): Step[] {
  const first = new Map<string, number>()
  return open.map(({ wish, found, stat }, index): Step => {
    const { path, after, attributes } = wish
    const original = ways.get(path)?.original
    const how = howOf(found, after, { attributes, isLinked: original?.how === 'replace' })
    const step = { path, before: found, after, attributes, how, ...(stat?.type === 'file' && stat.nlink > 1 ? { inode: `${stat.dev}:${stat.ino}` } : {}) }
    const inode = original?.inode
    if (inode === undefined || how !== 'create') return step
    const twin = first.get(inode)
    if (twin === undefined) first.set(inode, index)
    return twin === undefined ? step : { ...step, twin }
  })
}

/** Every directory whose time the applies set: what the newest left and what the oldest had found. */
function foldersLeft(standing: readonly Journal[]): Map<BytePath, Folder> {
  const left = new Map<BytePath, Folder>()
  for (const { plan } of standing) {
    for (const folder of plan.folders) left.set(folder.path, { ...folder, after: left.get(folder.path)?.after ?? folder.after })
  }
  return left
}

/** A directory that still has the time that the apply left gets its old one back. */
async function foldersOf(site: Site, host: Host, left: ReadonlyMap<BytePath, Folder>, steps: readonly Step[]): Promise<Folder[]> {
  const touched = new Set(steps.filter(({ how }) => how !== 'meta').map(({ path }) => parentOf(path)))
  const goes = new Set(steps.filter(({ before, after }) => before?.type === 'directory' && after?.type !== 'directory').map(({ path }) => path))
  const folders: Folder[] = []
  for (const { path, before, after } of left.values()) {
    const stat = goes.has(path) ? null : await host.statBelow(path)
    if (stat?.type !== 'directory') continue
    const mtimeNs = host.isSameTime(stat.mtimeNs, after.mtimeNs) ? before.mtimeNs : touched.has(path) ? BigInt(site.now()) * 1_000_000n : stat.mtimeNs
    folders.push({ path, before: { mode: stat.mode, mtimeNs: stat.mtimeNs }, after: { mode: stat.mode, mtimeNs } })
  }
  return folders
}

function distinct(paths: readonly Bytes[]): Bytes[] {
  const seen = new Map(paths.map((path) => [pathOf(path), path]))
  return [...seen.values()]
}
