/** What an agent said and did. It may have written anything: text is only ever set as text, what could deceive is shown. */
import { Fragment, memo, useEffect, useState } from 'react'
import { ENTRY_SIGNS, entryTitle } from '@nexus/protocol/entry-words'
import { safe } from '@nexus/protocol/readable'
import type { AgentWork, Entry } from '@nexus/protocol/transcripts'
import { problemOf } from '../daemon/calls.ts'
import { useNexus } from '../page/nexus.ts'
import { Pieces } from '../page/pieces.tsx'

const AT_ONCE = 200
/** A tool may answer with a book. */
const LINES_SHOWN = 24

export function TranscriptView({ run, agent }: { readonly run: string; readonly agent: AgentWork }) {
  const { calls, say } = useNexus()
  const [shown, setShown] = useState<{ entries: readonly Entry[]; next?: number | undefined }>({ entries: [], next: 0 })
  const [isAsking, setAsking] = useState(false)
  const more = async (after: number, isWanted: () => boolean = () => true) => {
    setAsking(true)
    try {
      const { entries, next } = await calls.transcripts.read.query({ run, after, limit: AT_ONCE })
      if (isWanted()) setShown((before) => ({ entries: after === 0 ? entries : [...before.entries, ...entries], next }))
    } catch (error) {
      say(problemOf(error).message, 'bad')
    } finally {
      setAsking(false)
    }
  }
  useEffect(() => {
    let isThere = true
    void more(0, () => isThere)
    return () => { isThere = false }
    // Asked once per run: it does not change any more.
  }, [run])
  const { next } = shown
  if (shown.entries.length === 0) return <p className="quiet pad">{isAsking ? 'Asking for the transcript…' : 'There is no transcript.'}</p>
  return (
    <div className="transcript" role="region" aria-label="Transcript" tabIndex={0}>
      {agent.transcript?.mixed && <p className="careful-words">Another {safe(agent.name)} worked in this project at the same time: some of this may be its.</p>}
      <ol>{shown.entries.map((entry, at) => <EntryRow key={at} entry={entry} />)}</ol>
      {next !== undefined && <p><button type="button" disabled={isAsking} onClick={() => void more(next)}>Show more</button></p>}
      {next === undefined && agent.transcript?.cut && <p className="quiet">It was longer: the end is not kept.</p>}
    </div>
  )
}

const EntryRow = memo(function EntryRow({ entry }: { readonly entry: Entry }) {
  const { kind, at, text, leftOut, failed } = entry
  const lines = text.split('\n')
  const [isWhole, setWhole] = useState(lines.length <= LINES_SHOWN)
  return (
    <li className="entry" data-kind={kind}>
      <p className="who">
        <span className={failed ? 'bad-words' : undefined}><span aria-hidden="true" className="mono">{ENTRY_SIGNS[kind]} </span>{safe(entryTitle(entry))}</span>
        {at !== undefined && <time dateTime={new Date(at).toISOString()}>{new Date(at).toLocaleTimeString()}</time>}
      </p>
      <div className={kind === 'asked' || kind === 'said' ? 'text' : 'text mono'}>
        {(isWhole ? lines : lines.slice(0, LINES_SHOWN)).map((line, number) => <Fragment key={number}>{number > 0 && '\n'}<Pieces text={line} /></Fragment>)}
      </div>
      {!isWhole && <button type="button" className="link" onClick={() => setWhole(true)}>{lines.length - LINES_SHOWN} more lines</button>}
      {leftOut !== undefined && isWhole && <p className="quiet">… and {leftOut.toLocaleString('en-US')} more characters that are not kept</p>}
    </li>
  )
})
