/** The decision: apply all or what is chosen, keep, discard, roll back; stop what runs, answer what waits. */
import { useCallback, useMemo, useState } from 'react'
import { FLAG_WORDS } from '@nexus/protocol/change-words'
import { safe, safePath } from '@nexus/protocol/readable'
import { companionsOf } from '@nexus/protocol/repository'
import type { ApplyResult, Run } from '@nexus/protocol/runs'
import { plural } from '@nexus/protocol/words'
import { problemOf } from '../daemon/calls.ts'
import { Dialog } from '../page/dialog.tsx'
import { useKeys } from '../page/keys.ts'
import { useNexus } from '../page/nexus.ts'
import { go, placeOfRun } from '../page/place.ts'
import { TogetherDialog, type Agreed } from './together.tsx'
import { CriticalWord, isSaid, saidIn } from './critical-word.tsx'
import { UnderWay } from './under-way.tsx'
import { flaggedIn, firstChoice, namedPaths, openChanges, type Choice } from './choice.ts'

/** `above`: how many layers stand on it. */
export interface DecisionProps { readonly run: Run; readonly above: number; readonly choice: Choice; readonly onChoose: (choice: Choice) => void }

const FLAGGED_SHOWN = 30

export function Decision({ run, above, choice, onChoose }: DecisionProps) {
  const { calls, mirror, say } = useNexus()
  const [asked, setAsked] = useState<'flagged' | 'discard' | 'together'>()
  const [busy, setBusy] = useState<string>()
  const [word, setWord] = useState('')
  const open = openChanges(run)
  const can = abilitiesOf(run)
  const companions = useMemo(() => { const left = new Set(openChanges(run)); return companionsOf(run.changes, choice).filter((at) => left.has(at)) }, [run, choice])
  const whole = useMemo(() => new Set([...choice, ...companions]), [choice, companions])
  const flagged = flaggedIn(run, choice)
  const second = [...flagged, ...companions]
  const { needs = [] } = run
  const closeDialog = useCallback(() => setAsked(undefined), [])

  /** Whatever comes of it, the page shows the run as it is afterwards. */
  const carryOut = async (what: string, work: () => Promise<string>) => {
    if (busy !== undefined) return
    setAsked(undefined)
    setBusy(what)
    try {
      say(await work(), 'good')
    } catch (error) {
      const { message, next } = problemOf(error)
      say(`${message}. ${next}`, 'bad')
    } finally {
      setBusy(undefined)
      void mirror.refresh(run.id)
    }
  }
  // The digest is the one that was on the screen: if the layer was sealed anew meanwhile, the daemon refuses.
  const apply = () => carryOut('Applying…', async () => outcome(await calls.runs.applyChanges.mutate({ run: run.id, paths: namedPaths(run, whole), ...saidIn(run), ...(run.digest === null ? {} : { digest: run.digest }) }), 'applied'))
  const together = (agreed: Agreed) => carryOut('Applying…', async () => outcome(await calls.runs.applyChanges.mutate({ run: run.id, withParents: true, ...agreed }), 'applied'))
  const rerun = () => carryOut('Starting…', async () => {
    const { run: again } = await calls.runs.rerun.mutate({ run: run.id })
    go(placeOfRun(again.id))
    return 'It runs again, on what is there now.'
  })
  const askToApply = () => (needs.length > 0 ? setAsked('together') : choice.size === 0 ? say('Choose a path first: Space in the tree.') : second.length > 0 || run.verdict?.confirm ? setAsked('flagged') : void apply())
  const rollback = () => carryOut('Rolling back…', async () => outcome(await calls.runs.rollback.mutate({ run: run.id }), 'rolled back'))
  const discard = () => carryOut('Discarding…', async () => { await calls.runs.discard.mutate({ run: run.id, cascade: above > 0 }); return 'Discarded: nothing of it is left.' })
  const approve = (deny: boolean) => carryOut(deny ? 'Denying…' : 'Starting…', async () => { await calls.runs.approve.mutate({ run: run.id, deny }); return deny ? 'Denied: it never ran.' : 'It runs.' })
  const stop = () => carryOut('Stopping…', async () => { await calls.runs.kill.mutate({ run: run.id }); return 'Stopped. Its layer is kept for a look.' })
  const keep = () => { say('Kept as it is. Nothing on the host changed.'); go('#/') }

  useKeys({
    ...(can.apply ? { 'a': askToApply } : {}), ...(can.keep ? { 'k': keep } : {}), ...(can.discard ? { 'x': () => setAsked('discard') } : {}), ...(can.rollback ? { 'r': () => void rollback() } : {}), ...(can.rerun ? { 'e': () => void rerun() } : {}),
    ...(can.stop ? { 's': () => void stop() } : can.approve ? { 's': () => void approve(false) } : {}),
  })
  if (run.status === 'applying' || run.status === 'rolling-back') return <UnderWay run={run} />
  if (!Object.values(can).some(Boolean)) return null
  return (
    <footer className="decision" aria-label="Decision" role="group">
      {can.approve && <p className="careful-words">{run.verdict?.leaves ? <>This leaves the layer, and no rollback takes it back: {run.verdict.leaves.map(safe).join('; ')}. Run it?</> : <>It could only run with strength “{run.strength}” ({run.backend} back end). Run it so?</>}</p>}
      {can.approve && <button type="button" className="primary" disabled={busy !== undefined} onClick={() => void approve(false)}>Run it</button>}
      {can.approve && <button type="button" disabled={busy !== undefined} onClick={() => void approve(true)}>Deny</button>}
      {can.stop && <button type="button" disabled={busy !== undefined} onClick={() => void stop()}>Stop this run <kbd aria-hidden="true">s</kbd></button>}
      {can.rerun && <button type="button" className="primary" disabled={busy !== undefined} onClick={() => void rerun()}>Run again <kbd aria-hidden="true">e</kbd></button>}
      {can.apply && <button type="button" className="primary" disabled={busy !== undefined || (choice.size === 0 && needs.length === 0)} onClick={askToApply}>{busy ?? (needs.length > 0 ? `Apply with the ${needs.length} below` : choice.size === run.changes.length ? `Apply all ${choice.size}` : `Apply ${choice.size} of ${open.length}`)} <kbd aria-hidden="true">a</kbd></button>}
      {can.rollback && <button type="button" disabled={busy !== undefined} onClick={() => void rollback()}>Roll back <kbd aria-hidden="true">r</kbd></button>}
      {can.keep && <button type="button" disabled={busy !== undefined} onClick={keep}>Keep <kbd aria-hidden="true">k</kbd></button>}
      {can.discard && <button type="button" disabled={busy !== undefined} onClick={() => setAsked('discard')}>Discard <kbd aria-hidden="true">x</kbd></button>}
      {can.apply && needs.length === 0 && <span className="choosing">
        <button type="button" className="link" onClick={() => onChoose(new Set(open))}>all</button>
        <button type="button" className="link" onClick={() => onChoose(firstChoice(run))}>unflagged</button>
        <button type="button" className="link" onClick={() => onChoose(new Set())}>none</button>
      </span>}
      {asked === 'flagged' && (
        <Dialog title={second.length === 0 ? 'The verdict is critical' : `${plural(second.length, 'path')} ${second.length === 1 ? 'needs' : 'need'} a second look`} onClose={() => setAsked(undefined)}>
          <SecondLook run={run} paths={flagged} />
          {companions.length > 0 && <p>{companions.length === 1 ? 'This one comes' : 'These come'} along, because a repository moves as one:</p>}
          <SecondLook run={run} paths={companions} />
          <CriticalWord run={run} word={word} onWord={setWord} />
          <p className="actions">
            <button type="button" autoFocus onClick={() => setAsked(undefined)}>Not yet</button>
            <button type="button" className="primary" disabled={!isSaid(run, word)} onClick={() => void apply()}>Apply {plural(whole.size, 'path')}{second.length > 0 ? ', these too' : ''}</button>
          </p>
        </Dialog>
      )}
      {asked === 'together' && <TogetherDialog run={run} onAgreed={(agreed) => void together(agreed)} onClose={closeDialog} />}
      {asked === 'discard' && (
        <Dialog title={above > 0 ? `Throw away ${above + 1} layers?` : 'Throw this layer away?'} onClose={() => setAsked(undefined)}>
          {above > 0 && <p>{above === 1 ? 'One layer stands' : `${above} layers stand`} on it and would go along.</p>}
          <p>{run.changes.length === 0 ? 'It holds no changes.' : `Its ${plural(run.changes.length, 'change')} cannot be brought back.`} The host stays as it is.</p>
          <p className="actions">
            <button type="button" autoFocus onClick={() => setAsked(undefined)}>Keep it</button>
            <button type="button" className="danger" onClick={() => void discard()}>Discard</button>
          </p>
        </Dialog>
      )}
    </footer>
  )
}

function SecondLook({ run, paths }: { readonly run: Run; readonly paths: readonly number[] }) {
  if (paths.length === 0) return null
  return (
    <ul className="flagged">
      {paths.slice(0, FLAGGED_SHOWN).map((at) => run.changes[at]).map((change) => change && <li key={safePath(change.path)}><bdi className="mono">{safePath(change.path)}</bdi> <span className="careful-words">{change.flags.map((flag) => FLAG_WORDS[flag]).join(', ')}</span></li>)}
      {paths.length > FLAGGED_SHOWN && <li>… and {paths.length - FLAGGED_SHOWN} more</li>}
    </ul>
  )
}

function abilitiesOf(run: Run) {
  const hasOpen = openChanges(run).length > 0
  return {
    apply: hasOpen && ['kept', 'rolled-back', 'applied'].includes(run.status), keep: run.status === 'kept', rollback: run.status === 'applied' && run.appliedWith === undefined, rerun: run.status === 'stale' && !run.next?.startsWith('nexus show'),
    discard: ['kept', 'unchanged', 'rolled-back', 'failed', 'stale'].includes(run.status), approve: run.status === 'waiting', stop: run.status === 'running' || run.status === 'queued',
  }
}

function outcome({ applied, conflicts }: ApplyResult, verb: 'applied' | 'rolled back'): string {
  if (conflicts.length > 0) return `Nothing was ${verb}: ${plural(conflicts.length, 'conflict')}. See above.`
  return applied.length === 0 ? `Nothing was left to be ${verb}.` : `${verb === 'applied' ? 'Applied' : 'Rolled back'} ${plural(applied.length, 'path')}.`
}
