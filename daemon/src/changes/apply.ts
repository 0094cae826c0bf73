/** Carries selected changes of a sealed layer over to the host: all of them or none. */
import type { FileStat, Place } from '../base/files.ts'
import { parentOf, pathOf, TOP, type BytePath } from './byte-path.ts'
import type { ApplyOrder, Ground, Outcome } from './changes.ts'
import { carryOut } from './carry-out.ts'
import { entriesOf, INDEX_MAX_BYTES, isIndexPath } from './git-index.ts'
import { Host } from './host.ts'
import type { Journals } from './journal.ts'
import { howOf, isStaged, type Folder, type Step } from './plan.ts'
import { examine, type Examined } from './preconditions.ts'
import { look } from './seen.ts'
import { completeSelection } from './selection.ts'
import type { Site } from './site.ts'
import { findSources } from './sources.ts'
import { readSmall } from './texts.ts'
import { Tree } from './tree.ts'
import { sawStart, type Found, type View } from './view.ts'
import { wishesOf } from './wishes.ts'

export async function apply(site: Site, journals: Journals, view: View, order: ApplyOrder, archive: (sha256: string) => Buffer | null): Promise<Outcome> {
  const selected = completeSelection(order.changeSet.changes, order.selected)
  const paths = selected.map(({ path }) => path)
  const taken = new Set(order.resolution?.taken.map(pathOf))
  using host = new Host(site)
  const { examined, conflicts, parents } = await examine(site, host, selected.flatMap((change) => wishesOf(change, order.named || taken.has(pathOf(change.path)), archive)))
  if (conflicts.length > 0) return { applied: [], conflicts }
  const open = examined.filter(({ isDone }) => !isDone)
  if (open.length === 0) return { applied: paths, conflicts: [] }

  await using sources = await findSources({ site, journals, view, project: order.ground.project, examined, merged: order.resolution })
  if (sources.conflicts.length > 0) return { applied: [], conflicts: sources.conflicts }
  const steps = withEntries(stepsOf(open, sources.found, view), sources.places)
  const folders = await foldersOf({ site, host, view, order, steps, parents })
  const plan = { run: order.run, direction: 'apply' as const, project: order.ground.project, digest: order.changeSet.digest, paths, steps, folders, undoes: [] }
  const failed = await carryOut(site, host, journals, plan, open.map(({ stat }) => stat), (step) => {
    const place = sources.places.get(step.path)
    return place ? { place, isPreImage: false } : null
  })
  return failed.length > 0 ? { applied: [], conflicts: failed } : { applied: paths, conflicts: [] }
}

function stepsOf(open: readonly Examined[], sources: ReadonlyMap<BytePath, Found>, view: View): Step[] {
  const first = new Map<string, number>()
  return open.map(({ wish, stat, found }, index): Step => {
    const { path, after, attributes } = wish
    const isLinked = stat?.type === 'file' && stat.nlink > 1
    const step = { path, before: found, after, attributes, how: howOf(found, after, { attributes, isLinked }), ...(isLinked ? { inode: `${stat.dev}:${stat.ino}` } : {}) }
    const source = sources.get(path)
    if (!source || source.seen.type !== 'file' || source.seen.nlink < 2 || !view.isOwn(source.layer) || !isStaged(step)) return step
    const key = `${source.seen.dev}:${source.seen.ino}`
    const twin = first.get(key)
    if (twin === undefined) first.set(key, index)
    return twin === undefined ? step : { ...step, twin }
  })
}

/** What a git index that is written says, for the rollback. */
function withEntries(steps: readonly Step[], places: ReadonlyMap<BytePath, Place>): Step[] {
  return steps.map((step) => {
    const place = isIndexPath(step.path) && step.after?.type === 'file' ? places.get(step.path) : undefined
    using tree = new Tree()
    const index = place ? readSmall(tree.at(place.root.path, place.path), true, INDEX_MAX_BYTES) : null
    const entries = index && entriesOf(index)
    return entries ? { ...step, entries } : step
  })
}

interface FolderParts {
  readonly site: Site
  readonly host: Host
  readonly view: View
  readonly order: ApplyOrder
  readonly steps: readonly Step[]
  readonly parents: ReadonlyMap<BytePath, FileStat>
}

/** Directories that stay get the time that they have in the layer, unless the host was at work there since. */
async function foldersOf({ site, host, view, order: { ground, changeSet }, steps, parents }: FolderParts): Promise<Folder[]> {
  const goes = new Set(steps.filter(({ before, after }) => before?.type === 'directory' && after?.type !== 'directory').map(({ path }) => path))
  const touched = new Set(steps.filter(({ how }) => how !== 'meta').map(({ path }) => parentOf(path)))
  const reviewed = new Map(changeSet.changes.flatMap(({ path, before }) => (before?.type === 'directory' ? [[pathOf(path), before.mtimeNs] as const] : [])))
  const folders: Folder[] = []
  for (const [path, stat] of parents) {
    if (goes.has(path) || path === TOP || !touched.has(path)) continue
    folders.push(folderOf(site, ground, path, stat, { ...(await timesOf(view, path)), reviewed: reviewed.get(path) }))
  }
  const top = await host.stat(TOP)
  // The staging folder comes and goes in the root, so its time is always set.
  if (top) folders.push(touched.has(TOP) ? folderOf(site, ground, TOP, top, await timesOf(view, TOP)) : { path: TOP, before: top, after: { mode: top.mode, mtimeNs: top.mtimeNs } })
  return folders.map(({ path, before, after }) => ({ path, before: { mode: before.mode, mtimeNs: before.mtimeNs }, after }))
}

interface Times {
  /** What the run left; null where it never touched the directory. */
  readonly left: bigint | null
  /** What it found, as far as a sealed layer below knows it for certain. */
  readonly found: bigint | null
  /** What the host had when the run was reviewed, of a directory that is itself in the change set. */
  readonly reviewed?: string | undefined
}

async function timesOf(view: View, path: BytePath): Promise<Times> {
  const [before, after] = path === TOP ? topsOf(view) : [await view.before(path), await view.after(path)]
  return {
    left: after && view.isOwn(after.layer) ? after.seen.mtimeNs : null,
    found: before && before.layer < view.layers - 1 ? before.seen.mtimeNs : null,
  }
}

function folderOf(site: Site, ground: Ground, path: BytePath, stat: FileStat, { left, found, reviewed }: Times): Folder {
  if (left !== null && isSameTime(left, stat.mtimeNs)) return { path, before: stat, after: { mode: stat.mode, mtimeNs: stat.mtimeNs } }
  const start = sawStart(ground)
  const now = BigInt(site.now()) * 1_000_000n
  // A time of the future says nothing, hence the ctime; an earlier apply of ours moves that, hence the others: whoever adds
  // or removes something here leaves a time that is not of the future, so one that still is was there before.
  const isUndisturbed = stat.mtimeNs === found || stat.mtimeNs < start || stat.ctimeNs < start || (stat.mtimeNs > now && String(stat.mtimeNs) === reviewed)
  const mtimeNs = left !== null && isUndisturbed ? left : now
  return { path, before: stat, after: { mode: stat.mode, mtimeNs } }
}

/** A layer is given the times of the project through Node, which rounds them: to a fraction of a microsecond, before 1970 to milliseconds. */
function isSameTime(one: bigint, other: bigint): boolean {
  const most = one < 0n ? 1_000_000n : 2000n
  return one - other < most && other - one < most
}

function topsOf(view: View): (Pick<Found, 'layer' | 'seen'> | null)[] {
  return [view.tops.before, view.tops.after].map(({ layer, real }) => {
    const seen = look(real)
    return seen ? { layer, seen } : null
  })
}
