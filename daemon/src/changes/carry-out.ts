/** One apply or rollback from its plan to its end: journal, stage, change, done; and back again when a step fails. */
import type { Conflict } from '@nexus/protocol/changes'
import { showBytes } from '@nexus/protocol/bytes'
import { Problem } from '@nexus/protocol/problem'
import { pathOf } from './byte-path.ts'
import { conflictOf } from './conflicts.ts'
import { Engine } from './engine.ts'
import type { Host } from './host.ts'
import type { Journal, Journals } from './journal.ts'
import type { Plan, Source } from './plan.ts'
import type { FileStat } from '../base/files.ts'
import { codeOf } from './code-of.ts'
import { settle } from './settle.ts'
import { StepError, type Site } from './site.ts'

/** Empty when the whole plan was carried out; otherwise nothing of it stands. Throws Problem `io` for a full disk. */
export async function carryOut(site: Site, host: Host, journals: Journals, plan: Plan, stats: readonly (FileStat | null)[], source: Source): Promise<Conflict[]> {
  await site.fault?.('plan')
  const journal = journals.write(plan)
  const engine = new Engine(site, journal)
  try {
    await site.fault?.('open stage')
    await engine.staging.open()
    await engine.staging.backUp(plan.steps, stats)
    await engine.staging.fill(plan.steps, source)
    await site.fault?.('mark staged')
  } catch (error) {
    // A helper that died cannot tidy up: recovery does, with another.
    if (site.files.isClosed) throw error
    await abandon(site, engine, plan)
    await journals.forsake(journal)
    const conflict = conflictOf(error)
    if (conflict && conflict.reason !== 'io') return [conflict]
    throw unstaged(plan, error)
  }
  journals.mark(journal.name, 'staged')
  const staged: Journal = { ...journal, marks: new Set([...journal.marks, 'staged']) }
  try {
    await engine.carryOut(plan.steps.map((step, index) => ({ step, index, stat: stats[index] ?? null })), plan.steps, plan.folders)
  } catch (error) {
    if (site.files.isClosed) throw error
    const settled = await settle(site, host, journals, staged)
    if (settled.ended === 'finished') return []
    const conflict = conflictOf(error)
    const isTold = settled.conflicts.some(({ path }) => conflict && pathOf(path) === pathOf(conflict.path))
    const conflicts = [...(conflict && !isTold ? [conflict] : []), ...settled.conflicts]
    // Recovery tries again; until then nobody may believe that nothing was written.
    if (settled.ended === 'stuck') throw stuck(plan, conflicts, error)
    if (conflicts.length === 0) throw undone(plan, error)
    return conflicts
  }
  await site.fault?.('mark done')
  await journals.finish(staged)
  return []
}

/** What went wrong has no path (a full disk, a dying disk): nothing of the plan stands, and that is no success. */
function undone(plan: Plan, error: unknown): Problem {
  return new Problem('io', { what: `${plan.project} is as it was: the change was taken back`, cause: error instanceof Error ? error.message : String(error), fix: 'mend the cause, then try again' }, { cause: error })
}

function stuck(plan: Plan, conflicts: readonly Conflict[], error: unknown): Problem {
  const cause = conflicts.map(({ path, reason, detail }) => `${showBytes(path)} (${detail ?? reason})`).join(', ')
  return new Problem('io', { what: `${plan.project} is changed half-way, and neither way is open`, cause, fix: 'mend the cause, then run any command of nexus' }, { cause: error })
}

function unstaged(plan: Plan, error: unknown): Problem {
  const what = `nothing was written to ${plan.project}: its staging failed`
  if (plan.direction === 'rollback' && error instanceof StepError && codeOf(error.cause) === 'EBADMSG') {
    // The pre-image is the file that gave way, and who had it open can still write to it.
    const fix = 'undo it by hand: nexus diff shows what the run did, and the folder `backups` of the state holds that file'
    return new Problem('io', { what, cause: `the old ${JSON.stringify(error.path)} was written to after the apply, by a program that still had it open`, fix }, { cause: error })
  }
  return new Problem('io', { what, cause: error instanceof Error ? error.message : String(error), fix: 'mend the cause, then try again' }, { cause: error })
}

/** Takes the staging folder away and leaves the project's root as it was. */
async function abandon(site: Site, engine: Engine, plan: Plan): Promise<void> {
  await engine.staging.drop()
  const top = plan.folders.find(({ path }) => path === '')
  if (top) await site.files.setMeta({ root: site.project, path: '' }, top.before)
}
