/** A started launcher process seen as a Launch: its streams, its input, and one end that comes exactly once. */
import type { ChildProcess } from 'node:child_process'
import { constants } from 'node:os'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Launch, LaunchEnd } from '../launch.ts'

/** How long output may still come after the end was told; only a jammed pipe takes that long. */
const LAST_OUTPUT_MS = 900
/** While held, a chunk is taken this often: well within the patience of a launcher that waits for its pipes to drain. */
const SIP_MS = 2000

type Stream = 'stdout' | 'stderr'

/** What differs between launchers. */
export interface Reins {
  resize(rows: number, cols: number): void
  terminate(): void
  kill(): void
  /** Left out by launchers with the gap `ports`. */
  publish?: Launch['publish']
  withdraw?: Launch['withdraw']
  /** Settles with the end as soon as it is known; `ended` follows when the output is complete. */
  readonly told: Promise<LaunchEnd>
}

export function launchOf(child: ChildProcess, reins: Reins): Launch {
  const output = new OutputTap()
  const complete = Promise.withResolvers<void>()
  // An 'error' before 'spawn' means there is no process and no 'close' either.
  child.once('close', () => complete.resolve()).once('error', () => complete.resolve())
  output.attach('stdout', child.stdout)
  output.attach('stderr', child.stderr)
  // The command may end without reading its input; that is no error.
  child.stdin?.on('error', () => {})
  const ended = reins.told.then(async (end) => {
    // What is still in the pipes is little; nobody has to wait for it.
    output.letGo()
    const patience = new AbortController()
    await Promise.race([complete.promise, sleep(LAST_OUTPUT_MS, undefined, { signal: patience.signal }).catch(() => undefined)])
    patience.abort()
    return end
  })
  return {
    pid: child.pid ?? 0,
    onOutput: (listener) => output.listen(listener),
    hold: (isHeld) => output.hold(isHeld),
    write: (chunk) => handOver(child.stdin, chunk),
    endInput: () => { child.stdin?.end() },
    resize: reins.resize,
    publish: reins.publish ?? unable,
    withdraw: reins.withdraw ?? unable,
    terminate: reins.terminate,
    kill: () => {
      output.letGo()
      reins.kill()
    },
    ended,
  }
}

/** A launch that ended before anything was started. */
export function stillborn(step: string, cause: string): Launch {
  const end: LaunchEnd = { type: 'failed', step, cause, durationMs: 0, usage: null }
  return { pid: 0, onOutput() {}, hold() {}, write: () => Promise.resolve(), endInput() {}, resize() {}, publish: unable, withdraw: unable, terminate() {}, kill() {}, ended: Promise.resolve(end) }
}

async function unable(): Promise<number> {
  return constants.errno.ENOTCONN
}

function handOver(input: Writable | null, chunk: Uint8Array): Promise<void> {
  if (!input?.writable) return Promise.resolve()
  const { promise, resolve } = Promise.withResolvers<void>()
  // Resolves on error, too: a closed pipe drops what is written.
  input.write(chunk, () => resolve())
  return promise
}

/** Reads at once and keeps what nobody has asked for yet, so no chunk is lost to a listener that comes later. */
class OutputTap {
  #kept: [Stream, Buffer][] = []
  #listener: ((stream: Stream, chunk: Buffer) => void) | undefined
  readonly #sources: Readable[] = []
  /** Set while held. */
  #sips: NodeJS.Timeout | undefined
  #isLetGo = false

  attach(stream: Stream, readable: Readable | null): void {
    if (readable) this.#sources.push(readable)
    readable?.on('data', (chunk: Buffer) => {
      if (this.#sips) readable.pause()
      if (this.#listener) this.#listener(stream, chunk)
      else this.#kept.push([stream, chunk])
    })
    // A reset pipe ends the stream; the launcher's own end tells the story.
    readable?.on('error', () => {})
  }

  hold(isHeld: boolean): void {
    clearInterval(this.#sips)
    this.#sips = undefined
    if (isHeld && !this.#isLetGo) {
      for (const source of this.#sources) source.pause()
      this.#sips = setInterval(() => this.#resume(), SIP_MS).unref()
    } else this.#resume()
  }

  /** From now on everything is read at once, whoever is behind. */
  letGo(): void {
    this.#isLetGo = true
    this.hold(false)
  }

  #resume(): void {
    for (const source of this.#sources) source.resume()
  }

  listen(listener: (stream: Stream, chunk: Buffer) => void): void {
    this.#listener = listener
    for (const [stream, chunk] of this.#kept.splice(0)) listener(stream, chunk)
  }
}
