/** The lines a launcher answers with. A run's last line is exactly one that `endOf` understands. */
import { constants } from 'node:os'
import type { Readable } from 'node:stream'
import type { Usage } from '@nexus/protocol/runs'
import type { LaunchEnd } from '../launch.ts'

export interface Listener {
  /** The namespaces stand, and nothing goes on in them before the doors do. */
  doors?(): void
  /** The command itself runs. */
  started?(): void
  /** Something of the run cannot be ended; `init` is the pid 1 of its sandbox, seen from here. An end follows. */
  lingers?(init: number): void
  /** An order about a port was carried out, or not; they are answered one after the other. */
  port?(errno: number): void
  ended(end: LaunchEnd): void
}

export function answersOn(source: Readable | null, elapsedMs: () => number, listener: Listener): void {
  let text = ''
  source?.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (text += chunk).split('\n')
    text = lines.pop() ?? ''
    for (const line of lines) {
      const end = endOf(line, elapsedMs())
      if (end) listener.ended(end)
      else if (line.startsWith('started ')) listener.started?.()
      else if (line === 'doors') listener.doors?.()
      else if (line.startsWith('port ')) listener.port?.(Number(line.split(' ')[2]))
      else if (line.startsWith('lingering ')) listener.lingers?.(Number(line.slice('lingering '.length)))
    }
  })
  // A launcher that is ended resets the socket; the process' own end tells the story.
  source?.on('error', () => {})
}

/** Undefined for lines that are no end (`started PID`, `doors`, `port HOST ERRNO`, `lingering PID`, `refused NAME`). */
export function endOf(line: string, durationMs: number): LaunchEnd | undefined {
  const [word = '', ...rest] = line.split(' ')
  const number = Number(rest[0])
  switch (word) {
    case 'exited': return { type: 'exited', exitCode: number, durationMs, usage: usageOf(rest.slice(1)) }
    case 'signalled': return { type: 'signalled', signalNumber: number, signal: signalName(number), durationMs, usage: usageOf(rest.slice(1)) }
    case 'timedout': return { type: 'timed-out', durationMs, usage: usageOf(rest) }
    case 'killed': return { type: 'killed', durationMs, usage: usageOf(rest) }
    case 'notfound': return { type: 'not-found', exitCode: isAbsent(number) ? 127 : 126, cause: rest.slice(1).join(' '), durationMs, usage: null }
    case 'failed': return { type: 'failed', step: rest[0] ?? 'launcher', cause: rest.slice(2).join(' '), errno: Number(rest[1]), durationMs, usage: null }
    default: return undefined
  }
}

/** SIGRTMIN and later have no name of their own. */
function signalName(number: number): string {
  return Object.entries(constants.signals).find(([, value]) => value === number)?.[0] ?? `SIG${number}`
}

function isAbsent(errno: number): boolean {
  return errno === constants.errno.ENOENT || errno === constants.errno.ENOTDIR
}

function usageOf([user, system, maxRssKib]: readonly string[]): Usage | null {
  const usage = { userMs: Number(user) / 1000, systemMs: Number(system) / 1000, maxRssBytes: Number(maxRssKib) * 1024 }
  return Object.values(usage).every(Number.isFinite) ? usage : null
}
