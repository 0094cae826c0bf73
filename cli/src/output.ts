/** The output of a run, live or stored, byte-exact and in order; a broken connection is picked up where it broke. */
import { setTimeout as pause } from 'node:timers/promises'
import { Problem } from '@nexus/protocol/problem'
import type { Output } from '@nexus/protocol/runs'
import type { Invocation } from './command.ts'
import { subscribe } from './daemon/stream.ts'

/** This often in a row without a byte in between. */
const ATTEMPTS = 5

type Take = (stream: 'stdout' | 'stderr', bytes: Buffer) => Promise<void> | void

/** Resolves when the run has ended and all of its output was taken. Throws Problem. */
export async function takeOutput({ client, home }: Pick<Invocation, 'client' | 'home'>, run: string, take: Take): Promise<void> {
  let after = 0
  for (let failures = 0; failures < ATTEMPTS; failures += 1) {
    try {
      for await (const piece of subscribe<Output>(home.socket, 'runs.output', { run, after })) {
        if (piece.type === 'end') return
        await take(piece.stream, Buffer.from(piece.base64, 'base64'))
        after = piece.at
        failures = 0
      }
    } catch (error) {
      if (!(error instanceof Problem) || !['daemon-unreachable', 'daemon-outdated'].includes(error.code)) throw error
    }
    await pause(50 * failures)
    // The daemon may have gone away: asking for the run starts it again, and its recovery has settled the run.
    await client.runs.get.query({ run })
  }
  throw new Problem('daemon-unreachable', { cause: `the output of ${run} breaks off again and again` })
}

/** Waits when the target is full; what a reader that has gone does not take goes nowhere. */
export function write(target: NodeJS.WriteStream, bytes: Buffer): Promise<void> | void {
  if (target.destroyed || target.write(bytes)) return undefined
  return new Promise((resolve) => {
    const go = () => {
      target.off('drain', go).off('close', go)
      resolve()
    }
    target.once('drain', go).once('close', go)
  })
}
