/** The output of a run, live or stored, byte-exact and in order; a broken connection is picked up where it broke. */
import { setTimeout as pause } from 'node:timers/promises'
import { Problem } from '@nexus/protocol/problem'
import type { Output } from '@nexus/protocol/run-output'
import { bytes as amount } from '@nexus/protocol/words'
import type { Invocation } from './command.ts'
import { subscribe } from './daemon/stream.ts'
import { TerminalText } from './screen/terminal-text.ts'

/** This often in a row without a byte in between. */
const ATTEMPTS = 5

type Stream = 'stdout' | 'stderr'
type Take = (stream: Stream, bytes: Buffer) => Promise<void> | void

export interface Taking {
  readonly take: Take
  /** The command waits for us, as it would for a pipe; for whoever stands beside a run. */
  readonly setsPace: boolean
  /** Begins so many bytes before the end of what is there, at a line's beginning; without it at the beginning. */
  readonly tailBytes?: number
  /** Aborted: we have seen enough. */
  readonly signal?: AbortSignal
  /** From this position on. */
  readonly after?: number
  /** False: only what was printed by now. */
  readonly follow?: boolean
}

/** Resolves with the position behind what was taken, when the run has ended and all of it was, or `signal` says so. Throws Problem. */
export async function takeOutput({ client, home, tell }: Pick<Invocation, 'client' | 'home' | 'tell'>, run: string, { take, setsPace, tailBytes, signal, after: from = 0, follow = true }: Taking): Promise<number> {
  let after = from
  for (let failures = 0; failures < ATTEMPTS; failures += 1) {
    try {
      for await (const piece of subscribe<Output>(home.socket, 'runs.output', { run, after, setsPace, follow, ...(tailBytes !== undefined && after === from ? { tailBytes } : {}) }, signal)) {
        if (piece.type === 'end') return after
        if (piece.type === 'gap') tell(`nexus: ${amount(piece.bytes)} are missing here: the middle of a very long output is not stored`)
        else await take(piece.stream, Buffer.from(piece.base64, 'base64'))
        after = piece.at
        failures = 0
      }
      if (!follow) return after
    } catch (error) {
      if (signal?.aborted) return after
      if (!(error instanceof Problem) || !['daemon-unreachable', 'daemon-outdated'].includes(error.code)) throw error
    }
    await pause(50 * failures)
    // The daemon may have gone away: asking for the run starts it again, and its recovery has settled the run.
    await client.runs.get.query({ run })
  }
  throw new Problem('daemon-unreachable', { cause: `the output of ${run} breaks off again and again` })
}

/** Our own stdout and stderr as targets of a run's: a pipe gets every byte as it is, a terminal what may command nothing. */
export function outlets(): { readonly take: Take; readonly end: () => Promise<void> } {
  const texts = { stdout: process.stdout.isTTY ? new TerminalText({ colours: true }) : undefined, stderr: process.stderr.isTTY ? new TerminalText({ colours: true }) : undefined }
  return {
    take: (stream, bytes) => write(process[stream], texts[stream] ? Buffer.from(texts[stream].take(bytes)) : bytes),
    end: async () => {
      for (const stream of ['stdout', 'stderr'] as const) await write(process[stream], Buffer.from(texts[stream]?.end() ?? ''))
    },
  }
}

/** Waits when the target is full; what a reader that has gone does not take goes nowhere. */
export function write(target: NodeJS.WriteStream, bytes: Buffer): Promise<void> | void {
  if (bytes.length === 0 || target.destroyed || target.write(bytes)) return undefined
  return new Promise((resolve) => {
    const go = () => {
      target.off('drain', go).off('close', go)
      resolve()
    }
    target.once('drain', go).once('close', go)
  })
}
