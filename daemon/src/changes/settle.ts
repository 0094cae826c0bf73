/**
 * Ends an interrupted journal. Each path is judged from the host itself: it is new, old, or something that neither
 * the plan nor the run knows. Forward if everything left can still be done, else back, else nothing is touched.
 */
import fs from 'node:fs'
import type { Conflict } from '@nexus/protocol/changes'
import { FileError, type FileStat } from '../base/native-files.ts'
import { fromText } from './byte-path.ts'
import type { Recovered } from './changes.ts'
import { conflict, conflictOf } from './conflicts.ts'
import { Engine, isBackedUp } from './engine.ts'
import type { Host } from './host.ts'
import type { Journal, Journals } from './journal.ts'
import { isStaged, orderOf, reversed, type Folder, type Step } from './plan.ts'
import { modeText } from './seen.ts'
import type { Site } from './site.ts'

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
    if (await engine.dropStage()) await restoreTop(site, plan.folders)
    await journals.forsake(journal)
    return result('undone')
  }

  const judged = await judgeAll(host, engine, plan.steps)
  const strangers = judged.filter(({ state }) => state === 'other')
  const conflicts = strangers.map(({ step, stat }) => conflict(step.path, stat ? 'changed' : 'vanished', { expected: step.before, detail: 'it changed on the host while this was interrupted' }))
  if (strangers.length === 0 && (await isForwardOpen(engine, judged))) {
    try {
      await engine.carryOut(judged.filter(({ state }) => state !== 'after'), plan.steps, plan.folders)
      await journals.finish(journal)
      return result('finished')
    } catch (error) {
      if (site.files.isClosed) throw error
      const failed = conflictOf(error)
      if (failed) conflicts.push(failed)
    }
  }
  if (strangers.length > 0 && !(await engine.hasStage()) && isAllNew(judged)) {
    // Everything had been taken; somebody worked on the result before we came back.
    await journals.finish(journal)
    return result('finished')
  }
  try {
    const again = await judgeAll(host, engine, plan.steps)
    if (!isWayBackOpen(again)) return result('stuck', conflicts)
    await undo(site, engine, journal, again)
    await journals.forsake(journal)
    return result('undone', conflicts)
  } catch (error) {
    const failed = conflictOf(error)
    if (!failed || site.files.isClosed) throw error
    return result('stuck', [...conflicts, failed])
  }
}

async function judgeAll(host: Host, engine: Engine, steps: readonly Step[]): Promise<Judged[]> {
  const judged: Judged[] = []
  for (const [index, step] of steps.entries()) {
    const { state, stat } = await judge(host, step)
    // A replacement that looks the same on both sides was made if its staged file is no longer waiting.
    const isMade = state === 'between' && step.how === 'replace' && !(await engine.isStagedYet(index))
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
  let stat: FileStat | null
  try {
    stat = await host.stat(path)
  } catch (error) {
    // Below what is not (or no longer) a directory there is nothing.
    if (!(error instanceof FileError) || !['ENOTDIR', 'ELOOP'].includes(error.code)) throw error
    stat = null
  }
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

/** Every step that is left still has its staged object. */
async function isForwardOpen(engine: Engine, judged: readonly Judged[]): Promise<boolean> {
  for (const { step, index, state } of judged) {
    if (state !== 'after' && isStaged(step) && !(await engine.isStagedYet(index))) return false
  }
  return true
}

/**
 * A path that somebody else changed meanwhile is left alone. That is a way back only if the plan never got that far:
 * if any step after it in order was taken, this one was, and its old content cannot be put over the new.
 */
function isWayBackOpen(judged: readonly Judged[]): boolean {
  const byIndex = new Map(judged.map((entry) => [entry.index, entry]))
  let isStrange = false
  for (const { index } of orderOf(judged.map(({ step }) => step))) {
    const state = byIndex.get(index)?.state
    if (state === 'other') isStrange = true
    else if (state === 'after' && isStrange) return false
  }
  return true
}

async function undo(site: Site, engine: Engine, journal: Journal, judged: readonly Judged[]): Promise<void> {
  const steps = judged.map(({ step }) => reversed(step))
  const taken = new Set(judged.filter(({ state }) => state === 'after' || state === 'between').map(({ index }) => index))
  const back = steps.map((step, index) => (taken.has(index) ? step : { ...step, how: 'meta' as const, attributes: false }))
  await engine.openStage()
  await using backups = fs.existsSync(journal.backups) ? await site.files.open(fromText(journal.backups)) : null
  await engine.stage(back, (_, index) => {
    const original = journal.plan.steps[index]
    return backups && original && isBackedUp(original) ? { place: { root: backups, path: String(index) }, isPreImage: true } : null
  }, 'u')
  const ready = judged.filter(({ index }) => taken.has(index)).map(({ index, stat }) => ({ step: steps[index] as Step, index, stat }))
  // Directories that stand as before get their mode and time back, too; what is a stranger's keeps its own.
  const standing = steps.filter((_, index) => judged[index]?.state !== 'other')
  await engine.carryOut(ready, reindexed(steps, standing), journal.plan.folders.map(swapped), 'u')
}

/** Keeps positions, so that names in the staging folder fit; a stranger's step becomes one that sets nothing. */
function reindexed(steps: readonly Step[], standing: readonly Step[]): Step[] {
  const kept = new Set(standing)
  return steps.map((step) => (kept.has(step) ? step : { ...step, after: null, how: 'meta' }))
}

function swapped({ path, before, after }: Folder): Folder {
  return { path, before: after, after: before }
}

async function restoreTop(site: Site, folders: readonly Folder[]): Promise<void> {
  const top = folders.find(({ path }) => path === '')
  if (top) await site.files.setMeta({ root: site.project, path: '' }, top.before)
}
