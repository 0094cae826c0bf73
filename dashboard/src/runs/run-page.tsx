/** One run: what it was, how it ended, what it printed, what it would change, and the decision. */
import { useEffect, useState } from 'react'
import { safe } from '@nexus/protocol/readable'
import type { LayerNode } from '@nexus/protocol/layers'
import type { Run } from '@nexus/protocol/runs'
import { commandLine } from '@nexus/protocol/words'
import { Review } from '../changes/review.tsx'
import { Output } from '../output/output.tsx'
import { useKeys } from '../page/keys.ts'
import { useNexus, usePicture } from '../page/nexus.ts'
import { Denials } from './denials.tsx'
import { Facts } from './facts.tsx'
import { Questions } from './question.tsx'
import { Stack, useStack } from './stack.tsx'
import { StatusMark } from './status.tsx'
import { Tabs } from './tabs.tsx'
import { TranscriptView } from './transcript.tsx'

export type Part = 'changes' | 'output' | 'transcript' | 'stack'

export function RunPage({ id }: { readonly id: string }) {
  const { mirror } = useNexus()
  const { runs, view } = usePicture()
  useEffect(() => mirror.watch(id), [mirror, id])
  const run = runs.get(id)
  const line = view?.runs.find((one) => one.id === id)
  if (!run) return <p className="quiet pad">{view && !line ? `Run ${id} is not in the list; asking for it…` : 'Asking for the run…'}</p>
  return <Shown key={id} run={line ? { ...run, status: line.status } : run} />
}

/** A script may be long: three lines of it, and all of it on request. */
function Command({ text }: { readonly text: string }) {
  const [isWhole, setWhole] = useState(text.length < LONG_COMMAND)
  return (
    <>
      <h1 className={isWhole ? 'mono' : 'mono cut'}>{text}</h1>
      {text.length >= LONG_COMMAND && <button type="button" className="link" aria-expanded={isWhole} onClick={() => setWhole(!isWhole)}>{isWhole ? 'less' : 'the whole command'}</button>}
    </>
  )
}

const LONG_COMMAND = 240

function Shown({ run }: { readonly run: Run }) {
  const isOver = run.digest !== null || !['queued', 'waiting', 'running'].includes(run.status)
  const [asked, setAsked] = useState<Part>()
  const layers = useStack(run)
  const isStacked = layers.length > 1
  const above = layers.length === 0 ? 0 : countAbove(layers, run.id)
  const transcript = run.agent?.transcript
  const isThere = { changes: true, output: true, transcript: transcript !== undefined, stack: isStacked }
  const part = (asked !== undefined && !isThere[asked] ? undefined : asked) ?? (isOver && run.changes.length > 0 ? 'changes' : 'output')
  useKeys({ 'c': () => setAsked('changes'), 'o': () => setAsked('output'), ...(transcript ? { 'w': () => setAsked('transcript') } : {}), ...(isStacked ? { 't': () => setAsked('stack') } : {}) })
  return (
    <article className="run-page" aria-label={`Run ${run.id}`}>
      <header>
        <Command text={safe(commandLine(run.command))} />
        <p className="facts"><StatusMark status={run.status} /> <Facts run={run} /></p>
        <Denials run={run} />
        <Questions run={run} />
      </header>
      <Tabs label="Parts of this run" selected={part} onSelect={setAsked} tabs={[{ id: 'changes', words: 'Changes', count: run.changes.length }, { id: 'output', words: 'Output' }, ...(transcript ? [{ id: 'transcript' as const, words: 'Transcript', count: transcript.entries }] : []), ...(isStacked ? [{ id: 'stack' as const, words: 'Stack', count: layers.length }] : [])]} />
      <section role="tabpanel" id={`panel-${part}`} aria-labelledby={`tab-${part}`} className={`panel ${part}`}>
        {part === 'output' ? <Output key={String(run.status === 'running')} run={run.id} isRunning={run.status === 'running'} /> : null}
        {part === 'transcript' && run.agent ? <TranscriptView run={run.id} agent={run.agent} /> : null}
        {part === 'stack' ? <Stack run={run} layers={layers} /> : null}
        {part === 'changes' && run.changes.length === 0 ? <p className="quiet pad">{isOver ? 'It would change nothing in the project.' : 'What it changes is known when it has ended.'}</p> : null}
      </section>
      {/* Review holds what was chosen, so it stays when the output is looked at. */}
      <Review key={run.digest ?? ''} run={run} above={above} isShown={part === 'changes' && run.changes.length > 0} />
    </article>
  )
}

/** Each stands before what stands on it, which is deeper. */
function countAbove(layers: readonly LayerNode[], id: string): number {
  const at = layers.findIndex((layer) => layer.id === id)
  const rest = layers.slice(at + 1)
  const end = rest.findIndex(({ depth }) => depth <= (layers[at]?.depth ?? 0))
  return at < 0 ? 0 : end < 0 ? rest.length : end
}
