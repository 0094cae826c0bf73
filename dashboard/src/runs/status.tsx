/** The stations of a run as a person reads them: a word, a shape, and only then a colour. */
import type { RunStatus } from '@nexus/protocol/runs'

type Tone = 'quiet' | 'accent' | 'good' | 'careful' | 'bad'
interface Station { readonly words: string; readonly tone: Tone; readonly shape: keyof typeof SHAPES }

const SHAPES = {
  ring: <circle cx="6" cy="6" r="4" fill="none" stroke="currentColor" strokeWidth="1.6" />,
  disc: <circle cx="6" cy="6" r="4.4" fill="currentColor" />,
  busy: <path d="M6 1.8A4.2 4.2 0 1 1 1.8 6" fill="none" stroke="currentColor" strokeWidth="1.8" strokeLinecap="round" />,
  check: <path d="M2 6.4 4.8 9.2 10.2 3" fill="none" stroke="currentColor" strokeWidth="1.9" strokeLinecap="round" strokeLinejoin="round" />,
  cross: <path d="M2.6 2.6l6.8 6.8M9.4 2.6 2.6 9.4" fill="none" stroke="currentColor" strokeWidth="1.8" strokeLinecap="round" />,
  back: <path d="M4.6 2 2 4.6l2.6 2.6M2.2 4.6h4.6a3 3 0 0 1 0 6H4.4" fill="none" stroke="currentColor" strokeWidth="1.6" strokeLinecap="round" strokeLinejoin="round" />,
  pause: <path d="M4 2.2v7.6M8 2.2v7.6" fill="none" stroke="currentColor" strokeWidth="2" strokeLinecap="round" />,
  line: <path d="M2.4 6h7.2" fill="none" stroke="currentColor" strokeWidth="1.8" strokeLinecap="round" />,
} as const

const STATIONS: Readonly<Record<RunStatus, Station>> = {
  queued: { words: 'queued', tone: 'quiet', shape: 'ring' }, waiting: { words: 'waits for you', tone: 'careful', shape: 'pause' }, running: { words: 'running', tone: 'accent', shape: 'busy' },
  unchanged: { words: 'no changes', tone: 'quiet', shape: 'line' }, kept: { words: 'to decide', tone: 'accent', shape: 'disc' }, applying: { words: 'applying', tone: 'accent', shape: 'busy' },
  applied: { words: 'applied', tone: 'good', shape: 'check' }, 'rolling-back': { words: 'rolling back', tone: 'accent', shape: 'busy' }, 'rolled-back': { words: 'rolled back', tone: 'quiet', shape: 'back' },
  discarded: { words: 'discarded', tone: 'quiet', shape: 'cross' }, refused: { words: 'refused', tone: 'careful', shape: 'cross' }, stale: { words: 'stale', tone: 'careful', shape: 'line' }, failed: { words: 'failed', tone: 'bad', shape: 'cross' },
}

export function StatusMark({ status }: { readonly status: RunStatus }) {
  const { words, tone, shape } = STATIONS[status]
  return (
    <span className={`status ${tone}`}>
      <svg className={shape === 'busy' ? 'mark turning' : 'mark'} viewBox="0 0 12 12" aria-hidden="true">{SHAPES[shape]}</svg>
      {words}
    </span>
  )
}
