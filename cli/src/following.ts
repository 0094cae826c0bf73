/** Stands beside a run until nothing moves any more: its output, its input, Ctrl-C. */
import { fstatSync } from 'node:fs'
import type { Output, Run } from '@nexus/protocol/runs'
import type { Invocation } from './command.ts'
import { isAbsent, problemOf } from './daemon/client.ts'
import { subscribe } from './daemon/stream.ts'
import { Progress } from './screen/progress.ts'

export interface FollowOptions {
  /** False with --json: nothing but the JSON is printed. */
  readonly streams: boolean
  readonly sendsInput: boolean
}

/** Starts a run (or lets one start) and follows it to the end. Ctrl-C interrupts the run, a second one leaves at once. */
export async function follow(invocation: Invocation, begin: () => Promise<Run>, options: FollowOptions): Promise<Run> {
  let id: string | undefined
  let interrupts = 0
  const interrupt = () => {
    interrupts += 1
    if (interrupts > 1) process.exit(130)
    if (id !== undefined) void stop(invocation, id)
  }
  process.on('SIGINT', interrupt)
  const progress = new Progress('running')
  try {
    const begun = await begin()
    id = begun.id
    if (interrupts > 0) void stop(invocation, id)
    if (begun.status === 'waiting') return begun
    const input = options.sendsInput ? sendInput(invocation, id) : undefined
    if (options.streams) await stream(invocation, id, progress)
    const { run } = await invocation.client.runs.wait.query({ run: id })
    input?.stop()
    return run
  } finally {
    progress.stop()
    process.off('SIGINT', interrupt)
  }
}

/** Only a pipe, a file or a socket has something to say; a terminal is never handed in, /dev/null reads as nothing. */
export function hasInput(): boolean {
  try {
    const stat = fstatSync(0)
    return stat.isFIFO() || stat.isFile() || stat.isSocket()
  } catch {
    // stdin is closed.
    return false
  }
}

async function stop({ client, tell }: Invocation, run: string): Promise<void> {
  try {
    await client.runs.kill.mutate({ run, reason: 'interrupted' })
  } catch (error) {
    // It ended by itself a moment before: that is what was wanted.
    const problem = problemOf(error)
    if (problem?.code !== 'wrong-status') tell(`nexus: ${problem?.message ?? String(error)}`)
  }
}

/** Byte-exact, in order; after a broken connection it goes on where it was. */
async function stream({ client, home }: Invocation, run: string, progress: Progress): Promise<void> {
  let after = 0
  for (;;) {
    try {
      for await (const piece of subscribe<Output>(home.socket, 'runs.output', { run, after })) {
        if (piece.type === 'end') return
        progress.stop()
        await write(piece.stream === 'stdout' ? process.stdout : process.stderr, Buffer.from(piece.base64, 'base64'))
        after = piece.at
      }
    } catch (error) {
      const code = (error as { code?: string }).code
      if (!isAbsent(error) && code !== 'ECONNRESET' && code !== 'daemon-unreachable') throw error
      // The daemon went away: asking for the run starts it again, and recovery has settled the run.
      await client.runs.get.query({ run })
    }
  }
}

function sendInput({ client }: Invocation, run: string): { stop: () => void } {
  const { stdin } = process
  let stopped = false
  const send = async () => {
    for await (const chunk of stdin) {
      if (stopped) return
      await client.runs.input.mutate({ run, base64: (chunk as Buffer).toString('base64'), end: false })
    }
    if (!stopped) await client.runs.input.mutate({ run, base64: '', end: true })
  }
  // A command that ended without reading all of its input is no error.
  send().catch(() => undefined)
  return { stop: () => { stopped = true; stdin.destroy() } }
}

function write(target: NodeJS.WriteStream, bytes: Buffer): Promise<void> | undefined {
  if (target.write(bytes)) return undefined
  return new Promise((resolve) => target.once('drain', resolve))
}
