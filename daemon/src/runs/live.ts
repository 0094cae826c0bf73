/** The runs that have a process now: their output, their launch, and why somebody ended them. */
import type { Denial } from '@nexus/protocol/network'
import { Problem } from '@nexus/protocol/problem'
import type { Launch } from '../sandbox/launch.ts'
import type { Recorder } from './output.ts'
import type { Questions } from './questions.ts'

export interface LiveRun {
  readonly recorder: Recorder
  readonly abort: AbortController
  /** Undefined until the launcher has been spawned. */
  launch?: Launch
  /** Only of a run that somebody stands beside. */
  questions?: Questions
  /** How many secrets were taken out of the output so far. */
  redacted?: () => number
  /** What the network did not let through so far. */
  denials?: () => Denial[]
  endedBy?: 'killed' | 'interrupted' | 'daemon-died'
}

export class LiveRuns {
  readonly #runs = new Map<string, LiveRun>()
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
