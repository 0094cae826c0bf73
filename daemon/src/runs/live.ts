/** The runs that have a process now: their output, their launch, and why somebody ended them. */
import type { Denial, Net } from '@nexus/protocol/network'
import { Problem } from '@nexus/protocol/problem'
import type { Launch } from '../sandbox/launch.ts'
import type { Recorder } from './output.ts'
import type { Questions } from './questions.ts'

export interface LiveRun {
  readonly recorder: Recorder
  readonly abort: AbortController
  /** Undefined until the launcher has been spawned. */
  launch?: Launch
  /** Absent where the machine's settings have the last word. */
  questions?: Questions
  /** How many secrets were taken out of the output so far. */
  redacted?: () => number
  /** What the network did not let through so far. */
  denials?: () => Denial[]
  /** What it may reach. */
  net?: Net
  endedBy?: 'killed' | 'interrupted' | 'daemon-died'
}

/** Work beside a run, with a process of its own: its check, a look around. */
interface Beside {
  /** Null: beside none in particular. */
  readonly of: string | null
  readonly abort: AbortController
  readonly done: Promise<unknown>
}

export class LiveRuns {
  readonly #runs = new Map<string, LiveRun>()
  readonly #beside = new Set<Beside>()
  #closed = false

  /** From now on nothing starts: the daemon is stopping. */
  close(): void {
    this.#closed = true
  }

  /** Throws Problem `daemon-stopping`. */
  requireOpen(): void {
    if (this.#closed) throw new Problem('daemon-stopping')
  }

  add(id: string, recorder: Recorder): LiveRun {
    const live: LiveRun = { recorder, abort: new AbortController() }
    this.#runs.set(id, live)
    return live
  }

  get(id: string): LiveRun | undefined {
    return this.#runs.get(id)
  }

  /** Throws Problem `wrong-status` when nothing of the run can take input. */
  launchOf(id: string, status: string, action: string): Launch {
    const launch = this.#runs.get(id)?.launch
    if (!launch) throw new Problem('wrong-status', { run: id, status, action })
    return launch
  }

  remove(id: string): void {
    const live = this.#runs.get(id)
    live?.recorder.forget()
    live?.questions?.end()
    this.#runs.delete(id)
  }

  ids(): string[] {
    return [...this.#runs.keys()]
  }

  /** Does work beside a run; the signal says that somebody ended it. */
  async beside<Result>(of: string | null, work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    const abort = new AbortController()
    const done = work(abort.signal)
    const entry = { of, abort, done }
    this.#beside.add(entry)
    try {
      return await done
    } finally {
      this.#beside.delete(entry)
    }
  }

  /** Ends what goes on beside that run, or beside any. Tells beside which, and when it is over. */
  endBeside(of?: string): { readonly of: string | null; readonly done: Promise<unknown> }[] {
    const ended = [...this.#beside].filter((one) => of === undefined || one.of === of)
    for (const { abort } of ended) abort.abort()
    return ended
  }

  /** Ends one run now; what it wrote stays in its layer. False when it has no process. */
  end(id: string, reason: NonNullable<LiveRun['endedBy']>): boolean {
    const live = this.#runs.get(id)
    if (!live) return false
    live.endedBy ??= reason
    live.abort.abort()
    live.launch?.kill()
    return true
  }
}
