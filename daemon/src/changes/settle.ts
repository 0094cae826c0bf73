/**
 * Ends an interrupted journal. Each path is judged from the host itself: it is new, old, or a stranger: something that
 * neither the plan nor the run knows, which is never touched. Forward if everything left can still be done, else back,
 * else nothing is done: strangers stand on both sides. Once the way back was taken it is the only way.
 */
import fs from 'node:fs'
import type { Conflict } from '@nexus/protocol/changes'
import type { FileStat } from '../base/files.ts'
import { fromText } from './byte-path.ts'
import type { Recovered } from './changes.ts'
import { conflict, conflictOf } from './conflicts.ts'
import { Engine } from './engine.ts'
import type { Host } from './host.ts'
import type { Journal, Journals } from './journal.ts'
import { isBackedUp, isStaged, reversed, type Folder, type Plan, type Step } from './plan.ts'
import { modeText } from './seen.ts'
import { placeIn, type Site } from './site.ts'

/** `between`: both ways are open, as for a path whose two sides differ in times only. */
type State = 'before' | 'after' | 'between' | 'other'

interface Judged {
  readonly step: Step
  readonly index: number
  readonly state: State
  readonly stat: FileStat | null
}

export async function settle(site: Site, host: Host, journals: Journals, journal: Journal): Promise<Recovered> {
  const { plan } = journal
  const engine = new Engine(site, journal)
  const result = (ended: Recovered['ended'], conflicts: Conflict[] = []): Recovered => ({ run: plan.run, direction: plan.direction, ended, paths: plan.paths, conflicts })

  if (!journal.marks.has('staged')) {
    if (await engine.staging.drop()) await restoreTop(site, plan.folders)
    await journals.forsake(journal)
    return result('undone')
  }

  const judged = await judgeAll(host, engine, plan.steps)
  const strangers = judged.filter(isStrange)
  const conflicts = strangers.map(({ step, stat }) => conflict(step.path, stat ? 'changed' : 'vanished', { expected: step.before, detail: 'it changed on the host while this was under way' }))
  const isGoingBack = journal.marks.has('undoing')
  // Without a staging folder everything had been taken; somebody worked on the result before we came back.
  if (!isGoingBack && strangers.length > 0 && !(await engine.staging.exists()) && isAllNew(judged)) return await finished()
  if (!isGoingBack && (await isForwardOpen(engine, judged))) {
    const failed = await goForward(site, engine, { ...plan, folders: await standingFolders(host, plan.folders) }, judged)
    if (failed === null) return await finished()
    conflicts.push(...failed)
  }
  try {
    const again = await judgeAll(host, engine, plan.steps)
    if (!isGoingBack && !(await isWayBackOpen(engine, again))) return result('stuck', conflicts)
    if (!isGoingBack) journals.mark(journal.name, 'undoing')
    await undo(site, engine, { ...journal, plan: { ...plan, folders: await standingFolders(host, plan.folders) } }, again)
    await journals.forsake(journal)
    return result('undone', conflicts)
  } catch (error) {
    const failed = conflictOf(error)
    if (!failed || site.files.isClosed) throw error
    return result('stuck', [...conflicts, failed])
  }

  async function finished(): Promise<Recovered> {
    await journals.finish(journal)
    return result('finished')
  }
}

/** Null when every step was taken; else what stood in the way, as far as it has a path. */
async function goForward(site: Site, engine: Engine, plan: Plan, judged: readonly Judged[]): Promise<Conflict[] | null> {
  try {
    const standing = judged.filter((entry) => !isStrange(entry)).map(({ step }) => step)
    await engine.carryOut(judged.filter(({ state }) => state !== 'after' && state !== 'other'), reindexed(plan.steps, standing), plan.folders)
    return null
  } catch (error) {
    if (site.files.isClosed) throw error
    const failed = conflictOf(error)
    return failed ? [failed] : []
  }
}

async function judgeAll(host: Host, engine: Engine, steps: readonly Step[]): Promise<Judged[]> {
  const judged: Judged[] = []
  for (const [index, step] of steps.entries()) {
    const { state, stat } = await judge(host, step)
    // A replacement that looks the same on both sides was made if its staged file is no longer waiting.
    const isMade = state === 'between' && step.how === 'replace' && !(await engine.staging.has(index))
    judged.push({ step, index, stat, state: isMade ? 'after' : state })
  }
  return judged
}

function isAllNew(judged: readonly Judged[]): boolean {
  const known = judged.filter(({ state }) => state !== 'other')
  return known.length > 0 && known.every(({ state }) => state === 'after' || state === 'between')
}

async function judge(host: Host, step: Step): Promise<{ state: State; stat: FileStat | null }> {
  const { path, before, after, how } = step
  const stat = await host.statBelow(path)
  if (!stat) return { stat, state: after === null ? 'after' : before === null ? 'before' : how === 'exchange' ? 'between' : 'other' }
  host.forget(path)
  const isAfter = after !== null && (await host.hasContent(path, stat, after))
  const isBefore = before !== null && (await host.hasContent(path, stat, before))
  if (isAfter && isBefore) {
    const exact = (side: Step['before']) => side !== null && modeText(stat.mode) === side.mode && host.isSameTime(stat.mtimeNs, BigInt(side.mtimeNs))
    return { stat, state: step.attributes || stat.type === 'directory' ? 'between' : exact(after) ? 'after' : exact(before) ? 'before' : 'between' }
  }
  return { stat, state: isAfter ? 'after' : isBefore ? 'before' : 'other' }
}

/** Every step that is left still has its staged object. What somebody changed after its step was taken is an edit of the new. */
async function isForwardOpen(engine: Engine, judged: readonly Judged[]): Promise<boolean> {
  for (const entry of judged) {
    const { step, index, state } = entry
    if (isStrange(entry) ? !(await isTaken(engine, entry)) : state !== 'after' && isStaged(step) && !(await engine.staging.has(index))) return false
  }
  return true
}

/** What somebody changed before its step was taken is an edit of the old, and is left alone. */
async function isWayBackOpen(engine: Engine, judged: readonly Judged[]): Promise<boolean> {
  for (const entry of judged) if (isStrange(entry) && (await isTaken(engine, entry))) return false
  return true
}

/** A step that puts something in its place has taken it out of the staging folder; in an exchange the old lies there now. */
async function isTaken(engine: Engine, { step, index }: Judged): Promise<boolean> {
  return step.how !== 'remove' && step.how !== 'meta' && (await engine.staging.typeOf(index)) !== step.after?.type
}

function isStrange({ state }: Judged): boolean {
  return state === 'other'
}

async function undo(site: Site, engine: Engine, journal: Journal, judged: readonly Judged[]): Promise<void> {
  const steps = judged.map(({ step }) => reversed(step))
  const taken = new Set(judged.filter(({ state }) => state === 'after' || state === 'between').map(({ index }) => index))
  const shared = sharedAgain(judged, taken)
  const back = steps.map((step, index): Step => {
    const twin = shared.get(index)
    if (!taken.has(index)) return { ...step, how: 'meta', attributes: false }
    return twin !== undefined && taken.has(twin) ? { ...step, twin } : step
  })
  await engine.staging.open()
  await using backups = fs.existsSync(journal.backups) ? await site.files.open(fromText(journal.backups)) : null
  await engine.staging.fill(back, (_, index) => {
    const original = journal.plan.steps[index]
    const standing = judged[shared.get(index) ?? -1]
    if (standing) return { place: placeIn(site, standing.step.path), isPreImage: true }
    return backups && original && isBackedUp(original) ? { place: { root: backups, path: String(index) }, isPreImage: true } : null
  }, 'u')
  const ready = judged.filter(({ index }) => taken.has(index)).map(({ index, stat }) => ({ step: steps[index] as Step, index, stat }))
  // Directories that stand as before get their mode and time back, too; what is a stranger's keeps its own.
  const standing = steps.filter((_, index) => judged[index]?.state !== 'other')
  await engine.carryOut(ready, reindexed(steps, standing), journal.plan.folders.map(swapped), 'u')
}

/** For each path that shared its file with another one: which one has it, on the host still or from the pre-images before. */
function sharedAgain(judged: readonly Judged[], taken: ReadonlySet<number>): Map<number, number> {
  const holders = new Map<string, number>()
  for (const { step, index, state } of judged) if (step.inode !== undefined && state === 'before' && !holders.has(step.inode)) holders.set(step.inode, index)
  const shared = new Map<number, number>()
  for (const { step: { inode, how }, index } of judged) {
    if (inode === undefined || how === 'meta' || !taken.has(index)) continue
    const holder = holders.get(inode)
    if (holder === undefined) holders.set(inode, index)
    else shared.set(index, holder)
  }
  return shared
}

/** Keeps positions, so that names in the staging folder fit; a stranger's step becomes one that sets nothing. */
function reindexed(steps: readonly Step[], standing: readonly Step[]): Step[] {
  const kept = new Set(standing)
  return steps.map((step) => (kept.has(step) ? step : { ...step, after: null, how: 'meta' }))
}

/** What somebody put in a folder's place keeps its own mode and time. */
async function standingFolders(host: Host, folders: readonly Folder[]): Promise<Folder[]> {
  const standing: Folder[] = []
  for (const folder of folders) if ((await host.statBelow(folder.path))?.type === 'directory') standing.push(folder)
  return standing
}

function swapped({ path, before, after }: Folder): Folder {
  return { path, before: after, after: before }
}

async function restoreTop(site: Site, folders: readonly Folder[]): Promise<void> {
  const top = folders.find(({ path }) => path === '')
  if (top) await site.files.setMeta({ root: site.project, path: '' }, top.before)
}
