/** The verdict of a run as a word that opens: why, part by part with its place in the command, what stays done, what is gentler. */
import { useCallback, useEffect, useRef, useState, type ReactNode } from 'react'
import type { ProblemShape } from '@nexus/protocol/problem'
import { safe, safeLines } from '@nexus/protocol/readable'
import type { RunVerdict } from '@nexus/protocol/run-verdict'
import type { Run } from '@nexus/protocol/runs'
import type { Explanation, Level } from '@nexus/protocol/safety'
import { LEVEL_MEANINGS, LEVEL_SIGNS, rankOf } from '@nexus/protocol/verdict-words'
import { commandLine } from '@nexus/protocol/words'
import { problemOf } from '../daemon/calls.ts'
import { Dialog } from '../page/dialog.tsx'
import { useKeys } from '../page/keys.ts'
import { useNexus } from '../page/nexus.ts'

export interface VerdictProps { readonly run: Run; readonly verdict: RunVerdict }

export function Verdict({ run, verdict }: VerdictProps) {
  const [isOpen, setOpen] = useState(false)
  const close = useCallback(() => setOpen(false), [])
  useKeys({ 'v': () => setOpen(true) })
  return (
    <>
      <button type="button" className={`link verdict ${verdict.level}`} aria-haspopup="dialog" title="why this verdict (v)" onClick={() => setOpen(true)}>
        {LEVEL_SIGNS[verdict.level]} {verdict.level}{verdict.before ? ` (${verdict.before} by its text)` : ''}
      </button>
      {isOpen && <Dialog title="Why this verdict" onClose={close}><Card run={run} verdict={verdict} onClose={close} /></Dialog>}
    </>
  )
}

function Card({ run, verdict, onClose }: VerdictProps & { readonly onClose: () => void }) {
  const told = useExplanation(run)
  return (
    <div className="explanation">
      <p><Word level={verdict.level} /> {LEVEL_MEANINGS[verdict.level]}{verdict.before ? `. By its text it was ${verdict.before}; what it was seen to do raised it.` : ''}</p>
      <List title="Why" texts={verdict.reasons} />
      {run.agent !== undefined && <p className="quiet">Its words are a task for an agent: what the agent did is judged, not what it was told.</p>}
      {told === undefined && <p className="quiet" role="status">Reading the command…</p>}
      {told && 'message' in told && <p className="careful-words">It cannot be explained: {told.message}. {told.next}</p>}
      {told && 'stages' in told && <Parts explanation={told} />}
      <p className="actions"><button type="button" autoFocus onClick={onClose}>Close</button></p>
    </div>
  )
}

/** Undefined: not known yet. An agent's words are no command. */
function useExplanation({ command, cwd, project, agent }: Run): Explanation | ProblemShape | null | undefined {
  const { calls } = useNexus()
  const [told, setTold] = useState<Explanation | ProblemShape | null>()
  const line = commandLine(command)
  useEffect(() => {
    let isWanted = true
    const tell = (answer: Explanation | ProblemShape | null) => { if (isWanted) setTold(answer) }
    if (agent !== undefined) tell(null)
    else calls.safety.explain.query({ command: line, cwd, project }).then(tell, (error: unknown) => tell(problemOf(error)))
    return () => { isWanted = false }
  }, [calls, line, cwd, project, agent])
  return told
}

function Parts({ explanation: { command, stages, final, layer, safer } }: { readonly explanation: Explanation }) {
  const [selected, setSelected] = useState(() => gravest(stages.map(({ level }) => level)))
  return (
    <>
      {stages.length > 0 && <Source command={command} stage={stages[selected]} />}
      {stages.length > 0 && (
        <section>
          <h3>What it does</h3>
          <ol className="stages">
            {stages.map(({ text, what, level, does, depth }, at) => (
              <li key={`${at} ${text}`} className={`depth-${Math.min(depth, 4)}`}>
                <button type="button" aria-pressed={at === selected} onClick={() => setSelected(at)} onFocus={() => setSelected(at)}>
                  <span><Word level={level} /> <code>{safe(text)}</code></span>
                  {what !== '' && <span className="quiet">{depth > 0 ? 'inside: ' : ''}{safe(what)}</span>}
                  {does.map((one) => <span key={one}>{safe(one)}</span>)}
                </button>
              </li>
            ))}
          </ol>
        </section>
      )}
      <List title="Cannot be taken back" texts={final} />
      <List title="A run in a layer shows" texts={layer.shows} />
      <List title="It cannot show" texts={layer.cannot} />
      <List title="Gentler" texts={safer} />
    </>
  )
}

/** The command as it was typed, with the part that is looked at. */
function Source({ command, stage }: { readonly command: string; readonly stage: Explanation['stages'][number] | undefined }) {
  const mark = useRef<HTMLElement>(null)
  useEffect(() => { void mark.current?.scrollIntoView({ block: 'nearest' }) }, [stage])
  const [from, to] = stage?.span ?? [0, 0]
  const level: Level = stage?.level ?? 'safe'
  // What is shown for a character that could deceive never reaches over the edge of a part.
  return <pre className="source" tabIndex={0} role="group" aria-label="The command">{safeLines(command.slice(0, from))}<mark ref={mark} className={level}>{safeLines(command.slice(from, to))}</mark>{safeLines(command.slice(to))}</pre>
}

function List({ title, texts }: { readonly title: string; readonly texts: readonly string[] }) {
  return texts.length === 0 ? null : <section><h3>{title}</h3><ul>{texts.map((text): ReactNode => <li key={text}>{safe(text)}</li>)}</ul></section>
}

function Word({ level }: { readonly level: Level }) {
  return <strong className={`verdict ${level}`}>{LEVEL_SIGNS[level]} {level}</strong>
}

function gravest(levels: readonly Level[]): number {
  const ranks = levels.map(rankOf)
  return Math.max(0, ranks.indexOf(Math.max(...ranks)))
}
