/** Paths where the host is not what the run saw: three sides, and what a person decides about each. Nothing is overwritten unseen. */
import { useEffect, useState } from 'react'
import { CHOICE_WORDS, CONFLICT_WORDS } from '@nexus/protocol/change-words'
import type { Choice as Settlement, Conflict, OpenConflict } from '@nexus/protocol/changes'
import { safe, safePath } from '@nexus/protocol/readable'
import type { Merged, Run } from '@nexus/protocol/runs'
import { plural } from '@nexus/protocol/words'
import { problemOf } from '../daemon/calls.ts'
import { useNexus } from '../page/nexus.ts'
import { go, placeOfRun } from '../page/place.ts'
import { namedPaths, type Choice } from './choice.ts'
import { criticalAmong } from './critical-among.ts'
import { DiffTable } from './diff-table.tsx'
import { MergedDialog } from './merged-dialog.tsx'
import { linesOf } from './patch.ts'
import { keyOf } from '@nexus/protocol/path-key'
import { Seen } from './seen.tsx'

export function Conflicts({ run, choice }: { readonly run: Run; readonly choice: Choice }) {
  const { calls, say } = useNexus()
  const [open, setOpen] = useState<readonly OpenConflict[]>()
  const [settled, setSettled] = useState<ReadonlyMap<string, Settlement>>(new Map())
  const [merged, setMerged] = useState<{ readonly result: Merged; readonly critical: Pick<Run, 'verdict'> }>()
  const isSettleable = ['kept', 'applied', 'rolled-back'].includes(run.status)
  const hasConflicts = run.conflicts.length > 0
  // What stands on runs not applied yet is applied with them, and so are its conflicts settled.
  const withParents = (run.needs ?? []).length > 0
  // Asked for all paths: what is chosen for an apply may change while somebody reads this.
  useEffect(() => {
    let isLeft = false
    if (!hasConflicts || !isSettleable) return undefined
    calls.runs.conflicts.query({ run: run.id, patches: true, withParents }).then(({ conflicts }) => { if (!isLeft) setOpen(conflicts) }, () => undefined)
    return () => { isLeft = true }
  }, [calls, run.id, run.conflicts, hasConflicts, isSettleable, withParents])
  if (!hasConflicts) return null

  const attempt = async (work: () => Promise<void>) => work().catch((error: unknown) => say(`${problemOf(error).message}. ${problemOf(error).next}`, 'bad'))
  const settle = () => attempt(async () => {
    const chosen = new Set(open?.map(({ path }) => keyOf(path)))
    // The paths in conflict that are decided on, and of the others those that are chosen in the tree.
    const others = new Set([...choice].filter((at) => run.changes[at] !== undefined && !chosen.has(keyOf(run.changes[at].path))))
    const choices = (open ?? []).map((conflict) => ({ path: conflict.path, choice: settled.get(keyOf(conflict.path)) ?? firstOf(conflict) }))
    const paths = withParents ? [] : [...choices.filter((one) => one.choice !== 'skip').map(({ path }) => path), ...namedEach(run, others)]
    if (paths.length === 0 && !withParents) return say('Every path is left for later: nothing would be written.')
    const result = await calls.runs.merge.mutate({ run: run.id, paths, choices: choices.filter((one) => one.choice !== 'skip'), merges: false, skipRest: !withParents, withParents })
    if (result.digest === null) return say(`${plural(result.conflicts.length, 'conflict')} left to decide.`, 'bad')
    setMerged({ result, critical: await criticalAmong(calls, run) })
  })
  const rerun = () => attempt(async () => {
    const { run: again } = await calls.runs.rerun.mutate({ run: run.id })
    go(placeOfRun(again.id))
  })
  const shown: readonly (Conflict & Partial<OpenConflict>)[] = open !== undefined && open.length > 0 ? open : run.conflicts
  return (
    <section className="conflicts" aria-label="Conflicts">
      <h2>{shown.length === 1 ? 'One path has' : `${shown.length} paths have`} moved on: nothing was written</h2>
      <p>The host is not what the run saw. Decide by path, leave {shown.length === 1 ? 'it' : 'them'} out, or run the command again on what is there now.</p>
      <ul>
        {shown.map((conflict) => (
          <li key={keyOf(conflict.path)}>
            <p><bdi className="mono">{safePath(conflict.path)}</bdi> <span className="bad-words">{CONFLICT_WORDS[conflict.reason]}</span>{conflict.detail !== undefined && <span className="quiet"> {safe(conflict.detail)}</span>}</p>
            <dl className="seen">
              <dt>the run saw</dt><dd className="mono"><Seen signature={conflict.expected} /></dd>
              <dt>the host has</dt><dd className="mono"><Seen signature={conflict.found} /></dd>
              <dt>would be written</dt><dd className="mono"><Seen signature={conflict.after} /></dd>
            </dl>
            {conflict.choices && conflict.merge && <Settle conflict={{ ...conflict, choices: conflict.choices, merge: conflict.merge }} value={settled.get(keyOf(conflict.path))} onChange={(value) => setSettled(new Map([...settled, [keyOf(conflict.path), value]]))} />}
          </li>
        ))}
      </ul>
      <p className="actions">
        <button type="button" onClick={() => void rerun()}>Run it again on what is there now</button>
        {open !== undefined && open.length > 0 && isSettleable && <button type="button" className="primary" onClick={() => void settle()}>Look at the result…</button>}
      </p>
      {merged && <MergedDialog run={run.id} merged={merged.result} critical={merged.critical} onClose={() => setMerged(undefined)} />}
    </section>
  )
}

interface SettleProps { readonly conflict: OpenConflict; readonly value: Settlement | undefined; readonly onChange: (value: Settlement) => void }

function Settle({ conflict, value = firstOf(conflict), onChange }: SettleProps) {
  const { merge, overlaps = 0, why, choices, patches } = conflict
  const parts: readonly (readonly [string, string | undefined])[] = [['what the host changed', patches?.host], ['what the run changed', patches?.run], ['the merge, from the host', patches?.merged]]
  return (
    <>
      <fieldset className="settle">
        <legend className="spoken">What is written to {safePath(conflict.path)}</legend>
        {choices.map((one) => (
          <label key={one}><input type="radio" name={keyOf(conflict.path)} checked={value === one} onChange={() => onChange(one)} /> {CHOICE_WORDS[one]}</label>
        ))}
        <span className={merge === 'clean' ? 'good-words' : merge === 'overlaps' ? 'careful-words' : 'quiet'}>{merge === 'clean' ? 'both sides merge cleanly' : merge === 'overlaps' ? `${plural(overlaps, 'place')} where both changed the same lines` : safe(why ?? 'there are no lines to join')}</span>
      </fieldset>
      {parts.map(([title, patch]) => patch !== undefined && patch !== '' && (
        <details key={title} className="diff"><summary>{title}</summary><DiffTable lines={linesOf(patch)} isBeside={false} /></details>
      ))}
    </>
  )
}

/** A clean merge loses nothing of either side; everything else waits for a person. */
function firstOf({ merge, choices }: OpenConflict): Settlement {
  return merge === 'clean' && choices.includes('merge') ? 'merge' : 'skip'
}

/** One by one: here nothing must never mean all. */
function namedEach(run: Run, choice: Choice) {
  return choice.size === run.changes.length ? run.changes.map(({ path }) => path) : choice.size === 0 ? [] : namedPaths(run, choice)
}
