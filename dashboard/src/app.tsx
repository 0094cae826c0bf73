/** The page: the bar with the kill switch, the runs, one run. On a narrow screen one of the two at a time. */
import { useEffect, useMemo, useRef, useState } from 'react'
import { ConnectionState } from './page/connection.tsx'
import { KeysHelp } from './page/keys-help.tsx'
import { useKeys } from './page/keys.ts'
import { KillSwitch } from './page/kill-switch.tsx'
import { NexusContext, usePicture, type Nexus } from './page/nexus.ts'
import { go, usePlace } from './page/place.ts'
import { Stopped } from './page/receipt.tsx'
import { RunList } from './runs/run-list.tsx'
import { RunPage } from './runs/run-page.tsx'

const SAID_MS = 8000

export function App(parts: Omit<Nexus, 'say'>) {
  const [said, setSaid] = useState<{ words: string; tone?: 'good' | 'bad' | undefined }>()
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const { calls, mirror, stream, nextFrame } = parts
  const nexus = useMemo<Nexus>(() => ({
    calls, mirror, stream, nextFrame,
    say(words, tone) {
      setSaid({ words, tone })
      clearTimeout(timer.current)
      timer.current = setTimeout(() => setSaid(undefined), SAID_MS)
    },
  }), [calls, mirror, stream, nextFrame])
  return (
    <NexusContext value={nexus}>
      <Page />
      <p className={`said ${said?.tone ?? ''} ${said ? 'shown' : ''}`} role="status">{said?.words}</p>
    </NexusContext>
  )
}

function Page() {
  const { run } = usePlace()
  const { view, receipt } = usePicture()
  const [isHelp, setHelp] = useState(false)
  const isKilled = view?.killed ?? false
  useKeys({
    '?': () => setHelp(true), '!': () => document.getElementById('kill')?.focus(),
    'Escape': () => { if (run !== undefined) { go('#/'); requestAnimationFrame(() => document.querySelector<HTMLElement>('.runs [tabindex="0"]')?.focus()) } },
  })
  const undecided = view?.runs.filter(({ status }) => status === 'kept' || status === 'waiting').length ?? 0
  useEffect(() => { document.title = undecided > 0 ? `(${undecided}) Nexus` : 'Nexus' }, [undecided])
  return (
    <div className={`page ${run !== undefined ? 'at-run' : view?.runs.length === 0 ? 'at-nothing' : 'at-list'}`}>
      <header className="bar">
        <a className="brand" href="#/" aria-label="Nexus: all runs"><img src="/favicon.svg" alt="" width="20" height="20" /><span>Nexus</span></a>
        <ConnectionState />
        <span className="grow" />
        <button type="button" className="quiet-button wide" onClick={() => setHelp(true)}>keys <kbd>?</kbd></button>
        <KillSwitch isKilled={isKilled} />
      </header>
      {isKilled && <Stopped receipt={receipt} />}
      <main>
        {run === undefined && <h1 className="spoken">Runs</h1>}
        <section className="list" aria-label="Every run"><RunList selected={run} /></section>
        <section className="detail" aria-label="The run">
          {run === undefined ? <Choose hasRuns={(view?.runs.length ?? 0) > 0} /> : <><a className="back" href="#/">← all runs</a><RunPage id={run} /></>}
        </section>
      </main>
      {isHelp && <KeysHelp onClose={() => setHelp(false)} />}
    </div>
  )
}

function Choose({ hasRuns }: { readonly hasRuns: boolean }) {
  if (!hasRuns) return null
  return (
    <div className="empty">
      <h2>Choose a run</h2>
      <p className="quiet"><kbd>↑</kbd> <kbd>↓</kbd> and <kbd>Enter</kbd>, or click. New runs appear by themselves; <kbd>?</kbd> shows every key.</p>
    </div>
  )
}
