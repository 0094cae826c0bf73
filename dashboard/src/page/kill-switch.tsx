/**
 * The kill switch. Held for a moment, by pointer or by key, so that nobody stops everything by a slip; a plain call, so
 * that it works when the event stream does not.
 */
import { useEffect, useRef, useState } from 'react'
import { duration } from '@nexus/protocol/words'
import { problemOf } from '../daemon/calls.ts'
import { useNexus } from './nexus.ts'

export const HOLD_MS = 800

export function KillSwitch({ isKilled }: { readonly isKilled: boolean }) {
  const { calls, mirror, say } = useNexus()
  const [state, setState] = useState<'idle' | 'holding' | 'sending'>('idle')
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  useEffect(() => () => clearTimeout(timer.current), [])
  // Two buttons in one place, so that the key or finger that has just stopped everything cannot release it on its way up;
  // the second takes over the focus of the first.
  const hadFocus = useRef(false)
  useEffect(() => { if (hadFocus.current) document.getElementById('kill')?.focus() }, [isKilled])

  const press = async (release: boolean) => {
    if (state === 'sending') return
    hadFocus.current = document.activeElement?.id === 'kill'
    setState('sending')
    try {
      const { killed, stopped, discarded, tookMs, receipt } = await calls.system.kill.mutate({ release })
      mirror.killed(killed, receipt)
      say(release ? 'Released: runs may start again.' : `Everything stopped in ${duration(tookMs)}: ${stopped.length} running, ${discarded.length} queued.`, release ? 'good' : 'bad')
    } catch (error) {
      say(`Not ${release ? 'released' : 'stopped'}: ${problemOf(error).message}. In a terminal: nexus kill${release ? ' --release' : ''}`, 'bad')
    } finally {
      setState('idle')
    }
  }
  const hold = () => {
    if (state !== 'idle') return
    setState('holding')
    timer.current = setTimeout(() => void press(false), HOLD_MS)
  }
  const letGo = () => {
    if (state !== 'holding') return
    clearTimeout(timer.current)
    setState('idle')
    say('Hold it a little longer to stop everything.')
  }

  if (isKilled) return <button type="button" key="release" id="kill" className="kill on" onClick={() => void press(true)}>Release</button>
  return (
    <button
      type="button" key="stop" id="kill" className={`kill ${state}`} aria-description="Hold for a second: stops every run until it is released"
      onPointerDown={(event) => { if (event.button === 0) hold() }} onPointerUp={letGo} onPointerLeave={letGo} onPointerCancel={letGo}
      onKeyDown={(event) => { if (event.key === ' ' || event.key === 'Enter') { event.preventDefault(); if (!event.repeat) hold() } }}
      onKeyUp={(event) => { if (event.key === ' ' || event.key === 'Enter') letGo() }} onBlur={letGo} onContextMenu={(event) => event.preventDefault()}
    >
      <span className="fill" aria-hidden="true" />
      <span className="words">{state === 'sending' ? 'Stopping…' : state === 'holding' ? 'Keep holding…' : <><StopSign /> Stop <span className="wide">everything</span></>}</span>
    </button>
  )
}

function StopSign() {
  return <svg className="mark" viewBox="0 0 12 12" aria-hidden="true"><path d="M3.6.8h4.8l2.8 2.8v4.8l-2.8 2.8H3.6L.8 8.4V3.6z" fill="currentColor" /></svg>
}
