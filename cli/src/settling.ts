/** After an apply met conflicts on a terminal: path by path what to do, the result to look at, then the apply. */
import { EXIT } from '@nexus/protocol/exit-code'
import type { Bytes } from '@nexus/protocol/bytes'
import type { Run } from '@nexus/protocol/runs'
import { carryOut } from './carrying-out.ts'
import type { Invocation } from './command.ts'
import type { Confirmed } from './critical.ts'
import { agreesToMerged } from './merging.ts'
import { rerun } from './rerunning.ts'
import { conflictBlock } from './screen/conflicts.ts'
import { tellOutcome } from './screen/outcome.ts'
import { page } from './screen/pager.ts'
import { plural } from '@nexus/protocol/words'

export interface Settling {
  readonly paths: readonly Bytes[]
  /** The apply that met the conflicts was one of the run and of those below it, as one. */
  readonly withParents: boolean
  /** What was said for the apply that met these conflicts. */
  readonly word: Confirmed
}

/** Null: nothing was decided. */
export async function settleConflicts(invocation: Invocation, run: Run, { paths, withParents, word }: Settling): Promise<number | null> {
  const { client, tell, env, errorTheme } = invocation
  const { askConflicts } = await import('./screen/conflict-list.tsx')
  const { conflicts } = await client.runs.conflicts.query({ run: run.id, paths: [...paths], patches: false, withParents })
  tell(`${errorTheme.bad(`✗ ${plural(conflicts.length, 'conflict')}`)}: the host is not what the run saw; nothing was written`)
  let answer = undefined
  for (;;) {
    answer = await askConflicts(conflicts, answer)
    if (answer.type === 'back') return null
    if (answer.type === 'rerun') return rerun(invocation, { run: run.id }, undefined)
    if (answer.type === 'diff') {
      const shown = await client.runs.conflicts.query({ run: run.id, paths: [conflicts[answer.at]?.path ?? ''], patches: true, withParents })
      await page(shown.conflicts.flatMap((conflict) => conflictBlock(conflict, errorTheme)).join('\n'), env)
      continue
    }
    // Several runs are applied as a whole: there, what was left for later stays a conflict.
    const choices = withParents ? answer.choices.filter(({ choice }) => choice !== 'skip') : answer.choices
    const merged = await client.runs.merge.mutate({ run: run.id, paths: [...paths], choices, merges: false, skipRest: !withParents, withParents })
    const { digest } = merged
    if (digest === null) {
      if (withParents) tell('several runs are applied as a whole: every conflict of theirs is decided, none is left for later')
      for (const conflict of merged.conflicts) for (const line of conflictBlock({ ...conflict, patches: undefined }, errorTheme)) tell(line)
      continue
    }
    if (merged.changes.length === 0 && merged.resolved.every(({ choice }) => choice === 'skip')) {
      tell('nothing would be written: every path is left for later')
      continue
    }
    if (!(await agreesToMerged(invocation, merged))) continue
    const result = await carryOut(invocation, 'applying', { run: run.id }, () => client.runs.applyChanges.mutate({ run: run.id, paths: [], digest, ...word }))
    tellOutcome(invocation, 'applied', result, run.needs)
    return result.conflicts.length > 0 ? EXIT.conflict : EXIT.ok
  }
}
