/** Stands beside a run until nothing moves any more: its output, its input, Ctrl-C. */
import { fstatSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { EXIT } from '@nexus/protocol/exit-code'
import { Problem } from '@nexus/protocol/problem'
import type { Run } from '@nexus/protocol/runs'
import type { AskOne } from './asking.ts'
import type { AskingBeside } from './asking-beside.ts'
import type { Invocation } from './command.ts'
import { outlets, takeOutput } from './output.ts'
import { Progress } from './screen/progress.ts'

export interface FollowOptions {
  /** False with --json: nothing but the JSON is printed. */
  readonly streams: boolean
  readonly sendsInput: boolean
  /** The command has a terminal of its own, and ours stands in front of it. */
  readonly relays?: boolean
  /** A person is there: what the run wants to know is asked on the terminal. */
  readonly asks?: boolean
}

const LEAVING_MS = 100
/** SIGPIPE: whoever read our output has gone; SIGHUP: so has the terminal. */
const ENDING: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGPIPE']

/**
 * Starts a run (or lets one start) and follows it to the end. Ctrl-C interrupts the run, a second one leaves at once; on
 * a terminal of its own the command gets that key like any other. Resolves with a run that still runs when a person left it.
 */
export async function follow(invocation: Invocation, begin: () => Promise<Run>, options: FollowOptions): Promise<Run> {
  const { client, interruption } = invocation
  let id: string | undefined
  const interrupt = (signal: NodeJS.Signals) => {
    if (interruption.signal.aborted) {
      // A moment, so that the request to end the run is on its way.
      if (signal === 'SIGINT') setTimeout(() => process.exit(EXIT.interrupted), LEAVING_MS)
      return
    }
    interruption.abort()
    // Without an id nothing runs yet, or the answer that names it is on its way.
    if (id !== undefined) void stop(invocation, id)
  }
  for (const signal of ENDING) process.on(signal, interrupt)
  try {
    const begun = await begin()
    id = begun.id
    if (interruption.signal.aborted) void stop(invocation, id)
    else if (begun.status === 'waiting') return begun
    const lines = new OpenLine()
    const asking = options.asks && options.relays ? new (await import('./asking-beside.ts')).AskingBeside() : undefined
    await using _questions = options.asks ? await attendQuestions(invocation, id, asking ?? lines) : undefined
    using _input = options.sendsInput ? sendInput(invocation, id) : undefined
    if (options.relays) {
      if ((await (await import('./relaying.ts')).relay(invocation, id, asking ? { asking } : {})) === 'left') return (await client.runs.get.query({ run: id })).run
    } else if (options.streams) await stream(invocation, id, lines)
    using _progress = new Progress(options.streams ? 'looking at what changed' : 'running')
    const { run } = await client.runs.wait.query({ run: id })
    return run
  } finally {
    for (const signal of ENDING) process.off(signal, interrupt)
  }
}

/** Until disposed of. That nobody could be asked is no reason to give the run up: its questions end as a no. */
export async function attendQuestions(invocation: Invocation, run: string, by: OpenLine | AskingBeside): Promise<AsyncDisposable> {
  const { answerQuestions, askOne } = await import('./asking.ts')
  const ask: AskOne = by instanceof OpenLine ? (question, signal) => askOne(invocation, question, { freshLine: () => by.fresh(), signal }) : (question, signal) => by.ask(question, signal)
  const attention = new AbortController()
  const answering = answerQuestions(invocation, run, ask, attention.signal).catch((error: unknown) => {
    if (!attention.signal.aborted && !(error instanceof Problem)) invocation.tell(`nexus: questions of the run cannot be asked: ${String(error)}`)
  })
  return {
    async [Symbol.asyncDispose]() {
      attention.abort()
      // The keyboard is somebody else's right after this.
      await Promise.race([answering, pause(LEAVING_MS)])
    },
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
    // `wrong-status`: it ended by itself a moment before, and that is what was wanted.
    if (!(error instanceof Problem)) throw error
    if (error.code !== 'wrong-status') tell(`nexus: ${error.message}`)
  }
}

async function stream(invocation: Invocation, run: string, lines: OpenLine): Promise<void> {
  using progress = new Progress('running')
  const { take, end } = outlets()
  await takeOutput(invocation, run, {
    setsPace: true,
    take: (name, bytes) => {
      progress.stop()
      lines.wrote(process[name], bytes)
      return take(name, bytes)
    },
  })
  await end()
  lines.close()
}

/** Knows whether the cursor stands behind unfinished output, so that our own lines begin on a line of their own. */
class OpenLine {
  #isOpen = false

  wrote(target: NodeJS.WriteStream, bytes: Buffer): void {
    if (target.isTTY) this.#isOpen = bytes.at(-1) !== 0x0a
  }

  close(): void {
    if (this.#isOpen && process.stderr.isTTY) process.stderr.write('\n')
    this.#isOpen = false
  }

  /** The same, and a line of our own that tells how long it takes goes. */
  fresh(): void {
    if (this.#isOpen) this.close()
    else process.stderr.write('\r\u001B[K')
  }
}

/** Chunk by chunk: the next is read when the command has taken the last one. */
function sendInput({ client, tell }: Invocation, run: string): Disposable {
  const { stdin } = process
  let stopped = false
  const send = async () => {
    for await (const chunk of stdin) {
      if (stopped) return
      await client.runs.input.mutate({ run, base64: (chunk as Buffer).toString('base64'), end: false })
    }
    if (!stopped) await client.runs.input.mutate({ run, base64: '', end: true })
  }
  send().catch((error: unknown) => {
    // A command that ended without reading all of its input is no error.
    if (!stopped && !(error instanceof Problem && error.code === 'wrong-status')) tell(`nexus: standard input broke off: ${error instanceof Error ? error.message : String(error)}`)
  })
  return {
    [Symbol.dispose]() {
      stopped = true
      stdin.destroy()
    },
  }
}
