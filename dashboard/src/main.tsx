/** Builds the page: the session first, then the parts, handed in; nothing else here knows the window's own functions. */
import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'
import { createCalls } from './daemon/calls.ts'
import { Mirror } from './daemon/mirror.ts'
import { forgetSession, openSession } from './daemon/session.ts'
import { Stream } from './daemon/stream.ts'
import { Shut } from './page/shut.tsx'
import './style/page.css'

declare const __NEXUS_BUILD__: string

/** A hidden page gets no frames: it keeps up, four times a second. */
const HIDDEN_MS = 250

async function main(): Promise<void> {
  const element = document.getElementById('root')
  if (!element) throw new Error('there is no #root')
  const root = createRoot(element)
  const fetch_ = (path: string, init: RequestInit) => window.fetch(path, init)
  const session = await openSession({ location: window.location, history: window.history, storage: window.localStorage, fetch: fetch_ })
  // Another link in the same tab only changes the fragment.
  window.addEventListener('hashchange', () => { if (window.location.hash.startsWith('#login=')) window.location.reload() })
  if (session.type === 'shut') return root.render(<Shut problem={session.problem} />)

  const onDenied = () => {
    forgetSession(window.localStorage)
    stream.close()
    root.render(<Shut problem={{ code: 'access-denied', message: 'The daemon does not know this browser any more', next: '' }} />)
  }
  const nextFrame = (work: () => void) => { if (document.hidden) setTimeout(work, HIDDEN_MS); else requestAnimationFrame(work) }
  const calls = createCalls({ secret: session.secret, fetch: fetch_, onDenied })
  const mirror = new Mirror({ calls, build: __NEXUS_BUILD__, nextFrame })
  const stream = new Stream({
    url: `${window.location.protocol === 'https:' ? 'wss' : 'ws'}://${window.location.host}/trpc`, secret: session.secret, open: (url) => new WebSocket(url), now: () => Date.now(),
    onConnection: (connection) => mirror.connected(connection), onDenied,
  })
  stream.start()
  window.addEventListener('online', () => stream.hurry())
  document.addEventListener('visibilitychange', () => { if (!document.hidden) stream.hurry() })
  root.render(<App calls={calls} mirror={mirror} stream={stream} nextFrame={nextFrame} />)
  await mirror.start(stream)
}

await main()
