/** Every run, newest first; one tab stop, walked with the arrow keys. */
import { memo, useRef, useState } from 'react'
import { safe } from '@nexus/protocol/readable'
import type { RunLine } from '@nexus/protocol/view'
import { isGrave, LEVEL_SIGNS } from '@nexus/protocol/verdict-words'
import { ago, commandLine, duration } from '@nexus/protocol/words'
import { problemOf } from '../daemon/calls.ts'
import { Copy } from '../page/copy.tsx'
import { useKeys } from '../page/keys.ts'
import { useNexus, usePicture } from '../page/nexus.ts'
import { useNow } from '../page/now.ts'
import { placeOfRun } from '../page/place.ts'
import { Counts } from './counts.tsx'
import { endOf } from './end.ts'
import { StatusMark } from './status.tsx'

export function RunList({ selected }: { readonly selected: string | undefined }) {
  const { mirror, say } = useNexus()
  const { view, hasOlder } = usePicture()
  const [sought, setSought] = useState('')
  const [focused, setFocused] = useState<string>()
  const list = useRef<HTMLUListElement>(null)
  const field = useRef<HTMLInputElement>(null)
  const now = useNow()
  const runs = sought === '' ? (view?.runs ?? []) : (view?.runs ?? []).filter((run) => matches(run, sought))
  const stop = runs.some(({ id }) => id === focused) ? focused : runs.some(({ id }) => id === selected) ? selected : runs[0]?.id

  useKeys({ '/': () => field.current?.focus(), 'g': () => list.current?.querySelector<HTMLElement>('[tabindex="0"]')?.focus() })
  const walk = (event: React.KeyboardEvent) => {
    const links = [...(list.current?.querySelectorAll<HTMLElement>('a') ?? [])]
    const at = links.indexOf(document.activeElement as HTMLElement)
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: links.length - 1, PageDown: at + 10, PageUp: at - 10 }[event.key]
    if (to === undefined || at < 0) return
    event.preventDefault()
    links[Math.max(0, Math.min(links.length - 1, to))]?.focus()
  }

  if (!view) return <p className="quiet pad">Asking the daemon…</p>
  if (view.runs.length === 0) return <Nothing />
  return (
    <>
      <div className="find">
        <input ref={field} type="search" placeholder="Find a run" aria-label="Find a run" value={sought} onChange={(event) => setSought(event.target.value)} onKeyDown={(event) => { if (event.key === 'Escape') { setSought(''); event.currentTarget.blur() } }} />
        <kbd aria-hidden="true">/</kbd>
      </div>
      <ul className="runs" ref={list} onKeyDown={walk} aria-label="Runs">
        {runs.map((run) => (
          <Row key={run.id} run={run} when={whenOf(run, now)} isSelected={run.id === selected} isStop={run.id === stop} onFocus={setFocused} />
        ))}
      </ul>
      {runs.length === 0 && <p className="quiet pad">No run matches “{sought}”.</p>}
      {hasOlder && <p className="pad"><button type="button" onClick={() => { mirror.older().catch((error: unknown) => say(problemOf(error).message, 'bad')) }}>Older runs</button></p>}
    </>
  )
}

interface RowProps { readonly run: RunLine; readonly when: string; readonly isSelected: boolean; readonly isStop: boolean; readonly onFocus: (id: string) => void }

const Row = memo(function Row({ run, when, isSelected, isStop, onFocus }: RowProps) {
  const end = endOf(run)
  return (
    <li>
      <a href={placeOfRun(run.id)} className="run" data-status={run.status} aria-current={isSelected ? 'true' : undefined} tabIndex={isStop ? 0 : -1} onFocus={() => onFocus(run.id)}>
        <span className="command mono">{safe(commandLine(run.command))}</span>
        <span className="when">{when}</span>
        <span className="facts">
          <StatusMark status={run.status} />
          <Counts counts={run.counts} />
          {run.verdict && isGrave(run.verdict.level) && <span className={`verdict ${run.verdict.level}`}>{LEVEL_SIGNS[run.verdict.level]} {run.verdict.level}</span>}
          {run.ports?.map(({ host }) => <span key={host} className="port">:{host}</span>)}
          {end?.isBad && <span className="bad-words">{end.words}</span>}
          {run.durationMs !== null && <span>{duration(run.durationMs)}</span>}
          <span className="where">{safe(run.project.split('/').at(-1) ?? '')}</span>
        </span>
      </a>
    </li>
  )
})

function Nothing() {
  return (
    <div className="empty">
      <h2>Nothing has run yet</h2>
      <p>Any command runs in a layer over your project first. Nothing on this machine changes until you say so. Try it in a project:</p>
      <Copy text="nexus run 'rm -rf docs && date > hello.txt'" />
      <p className="quiet">It appears here while it runs. You look at what it would change, then apply all of it, some of it, or nothing.</p>
    </div>
  )
}

function whenOf({ createdAt }: RunLine, now: number): string {
  return now - createdAt < JUST_NOW_MS ? 'now' : ago(createdAt, now)
}

const JUST_NOW_MS = 10_000

function matches({ command, project, id, status }: RunLine, sought: string): boolean {
  const words = sought.toLowerCase().split(/\s+/)
  const text = `${commandLine(command)} ${project} ${id} ${status}`.toLowerCase()
  return words.every((word) => text.includes(word))
}
