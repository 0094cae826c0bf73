/** The change set, the diff of what is under the cursor, the conflicts, and below them the decision. */
import { useMemo, useState } from 'react'
import type { Run } from '@nexus/protocol/runs'
import { firstChoice, openChanges, type Choice } from './choice.ts'
import { ChangeTree } from './change-tree.tsx'
import { Conflicts } from './conflicts.tsx'
import { Decision } from './decision.tsx'
import { Diff } from './diff.tsx'
import { treeOf } from './tree.ts'

export function Review({ run, above, isShown }: { readonly run: Run; readonly above: number; readonly isShown: boolean }) {
  const tree = useMemo(() => treeOf(run.changes), [run.changes])
  const applied = run.appliedPaths.length + (run.keptPaths?.length ?? 0)
  const [chosen, setChosen] = useState<{ readonly applied: number; readonly choice: Choice }>(() => ({ applied, choice: firstChoice(run) }))
  // After a partial apply what is on the host can be chosen no more, the rest begins anew.
  const choice = chosen.applied === applied ? chosen.choice : firstChoice(run)
  const [at, setAt] = useState<number>()
  const shown = at ?? run.changes.findIndex(({ after, before }) => (after ?? before)?.type !== 'directory')
  const isChoosable = ['kept', 'rolled-back', 'applied'].includes(run.status) && openChanges(run).length > 0
  const change = run.changes[shown]
  return (
    <>
      {isShown && (
        <div className="review">
          <Conflicts run={run} choice={choice} />
          <div className="split">
            <ChangeTree run={run} tree={tree} choice={isChoosable ? choice : undefined} shown={shown} onShow={setAt} onChoose={(next) => setChosen({ applied, choice: next })} />
            {change ? <Diff key={`${run.digest}:${shown}`} run={run} change={change} /> : <p className="quiet pad">Only folders change.</p>}
          </div>
        </div>
      )}
      <Decision run={run} above={above} choice={choice} onChoose={(next) => setChosen({ applied, choice: next })} />
    </>
  )
}
