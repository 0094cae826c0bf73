/** The output of one run, live or stored, in the order the daemon saw it; picked up by byte position where it broke. */
import { memo, useEffect, useRef, useState, type CSSProperties } from 'react'
import type { Output as Piece } from '@nexus/protocol/run-output'
import { bytes } from '@nexus/protocol/words'
import { useNexus } from '../page/nexus.ts'
import { Screen, type OutputLine, type Span } from './screen.ts'

/** Asked for at a time: a WebSocket cannot be slowed down, so we ask for the next stretch when this one is shown. */
const STRETCH_BYTES = 256 * 1024
/** Afterwards only on request: a page is no place for gigabytes. */
const PATIENCE_BYTES = 4 * 1024 * 1024

export function Output({ run, isRunning }: { readonly run: string; readonly isRunning: boolean }) {
  const { stream, nextFrame } = useNexus()
  const [shown, setShown] = useState<{ lines: readonly OutputLine[]; dropped: number; at: number; isEnded: boolean }>({ lines: [], dropped: 0, at: 0, isEnded: false })
  const [limit, setLimit] = useState(PATIENCE_BYTES)
  const state = useRef({ screen: new Screen(), at: 0 })
  const end = useRef<HTMLDivElement>(null)
  const isPaused = shown.at >= limit

  useEffect(() => {
    let isGone = false
    let isDrawing = false
    let stop: (() => void) | undefined
    const { current } = state
    const draw = (isEnded: boolean) => {
      if (isDrawing && !isEnded) return
      isDrawing = true
      nextFrame(() => {
        isDrawing = false
        if (!isGone) setShown({ lines: current.screen.lines(), dropped: current.screen.dropped, at: current.at, isEnded })
      })
    }
    const follow = () => {
      let isOver = false
      stop = stream.follow({
        procedure: 'runs.output',
        input: () => ({ run, after: current.at, limit: STRETCH_BYTES }),
        onData: (data) => {
          const piece = data as Piece
          if (piece.type === 'end') { isOver = true; return draw(true) }
          if (piece.at <= current.at) return
          if (piece.type === 'gap') current.screen.write('stderr', new TextEncoder().encode(`\n[${bytes(piece.bytes)} are missing here: the middle of a very long output is not stored]\n`))
          else current.screen.write(piece.stream, Uint8Array.from(atob(piece.base64), (character) => character.charCodeAt(0)))
          current.at = piece.at
          draw(false)
        },
        onEnd: () => { if (!isOver && !isGone && current.at < limit) nextFrame(follow) },
        onProblem: () => draw(true),
      })
    }
    follow()
    return () => {
      isGone = true
      stop?.()
    }
  }, [run, isRunning, limit, stream, nextFrame])

  // Follows the end for as long as the end is in sight.
  const wasAtEnd = useRef(true)
  const box = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (wasAtEnd.current && isRunning) end.current?.scrollIntoView({ block: 'nearest' })
  }, [shown, isRunning])
  const watchEnd = () => {
    const { current } = box
    if (current) wasAtEnd.current = current.scrollHeight - current.scrollTop - current.clientHeight < 40
  }

  if (shown.lines.length === 0) return <p className="quiet pad">{shown.isEnded || !isRunning ? 'It printed nothing.' : 'Nothing printed yet.'}</p>
  return (
    <div className="output" ref={box} onScroll={watchEnd} role="log" aria-label="Output" aria-live="off" tabIndex={0}>
      {shown.dropped > 0 && <p className="quiet">{shown.dropped} earlier lines are not shown here: <code>nexus show {run} --output</code></p>}
      <div className="lines">{shown.lines.map((line) => <LineRow key={line.number} line={line} />)}</div>
      {isPaused && <p className="quiet">{bytes(shown.at)} so far. <button type="button" className="link" onClick={() => setLimit(shown.at + PATIENCE_BYTES)}>Show more</button> or <code>nexus show {run} --output</code></p>}
      <div ref={end} />
    </div>
  )
}

const LineRow = memo(function LineRow({ line }: { readonly line: OutputLine }) {
  return (
    <div className={line.isError ? 'line error' : 'line'}>
      {line.spans.map((span, at) => <Styled key={at} span={span} />)}
      {line.spans.length === 0 && ' '}
    </div>
  )
}, ({ line: a }, { line: b }) => a === b || (a.number === b.number && sameText(a, b)))

/** The daemon's text never becomes anything but text: React sets it as such, and colours are numbers. */
function Styled({ span: { text, style } }: { readonly span: Span }) {
  const [ink, paper] = style.inverse ? [style.paper ?? 'paper', style.ink ?? 'ink'] : [style.ink, style.paper]
  const names = [
    ...(typeof ink === 'number' ? [`ink-${ink}`] : ink === 'paper' ? ['ink-paper'] : ink ? ['ink-rgb'] : []),
    ...(typeof paper === 'number' ? [`paper-${paper}`] : paper === 'ink' ? ['paper-ink'] : paper ? ['paper-rgb'] : []),
    ...(['bold', 'dim', 'italic', 'underline', 'struck'] as const).filter((name) => style[name]),
  ]
  const colours = { ...(Array.isArray(ink) ? { '--ink-rgb': `rgb(${ink.join(' ')})` } : {}), ...(Array.isArray(paper) ? { '--paper-rgb': `rgb(${paper.join(' ')})` } : {}) }
  // CSSProperties knows no variables of our own.
  return <span className={names.join(' ') || undefined} style={colours as CSSProperties}>{text}</span>
}

function sameText(a: OutputLine, b: OutputLine): boolean {
  return a.spans.length === b.spans.length && a.spans.every((span, at) => span.text === b.spans[at]?.text && span.style === b.spans[at].style)
}
