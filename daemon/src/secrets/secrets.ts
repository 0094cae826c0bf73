/**
 * Secrets: knows what they look like. Used where something is about to be kept or shown that a command has said.
 * Always true here: a value is never kept longer than the run it was handed to, and never written anywhere, but for those that
 * a person has given to Nexus to keep (kept.ts).
 */
import { isSecretFile, secretFilesIn } from './files.ts'
import { Redactor, type KnownSecret } from './redactor.ts'

export { SHORTEST, type KnownSecret } from './redactor.ts'

type Stream = 'stdout' | 'stderr'

/** So long may the first half of a secret wait for the second. */
const HOLD_MS = 250

/** Both streams of one run on their way to `pass`. */
class OutputFilter {
  readonly #streams: Readonly<Record<Stream, Redactor>>
  readonly #pass: (stream: Stream, bytes: Buffer) => void
  readonly #timers: Partial<Record<Stream, NodeJS.Timeout>> = {}

  constructor(known: readonly KnownSecret[], isTerminal: boolean, pass: (stream: Stream, bytes: Buffer) => void) {
    this.#streams = { stdout: new Redactor(known, { isTerminal }), stderr: new Redactor(known, { isTerminal }) }
    this.#pass = pass
  }

  get count(): number {
    return this.#streams.stdout.count + this.#streams.stderr.count
  }

  take(stream: Stream, chunk: Buffer): void {
    clearTimeout(this.#timers[stream])
    const redactor = this.#streams[stream]
    this.#hand(stream, redactor.take(chunk))
    if (redactor.isHolding) this.#timers[stream] = setTimeout(() => this.#hand(stream, redactor.flush()), HOLD_MS)
  }

  /** Nothing more comes. */
  end(): void {
    for (const stream of ['stdout', 'stderr'] as const) {
      clearTimeout(this.#timers[stream])
      this.#hand(stream, this.#streams[stream].flush())
    }
  }

  #hand(stream: Stream, bytes: Buffer): void {
    if (bytes.length > 0) this.#pass(stream, bytes)
  }
}

/** What other rooms are handed. */
export interface Secrets {
  filter(known: readonly KnownSecret[], isTerminal: boolean, pass: (stream: Stream, bytes: Buffer) => void): OutputFilter
  redacted(text: Buffer, known: readonly KnownSecret[]): { readonly bytes: Buffer; readonly count: number }
  /** Files like .env in a project, as paths in there. */
  filesIn(project: string): Promise<string[]>
  /** By its name. */
  isFile(path: string): boolean
}

export const secrets: Secrets = { filter: (known, isTerminal, pass) => new OutputFilter(known, isTerminal, pass), redacted, filesIn: secretFilesIn, isFile: isSecretFile }

/** A text that is whole. */
export function redacted(text: Buffer, known: readonly KnownSecret[]): { readonly bytes: Buffer; readonly count: number } {
  const redactor = new Redactor(known)
  const bytes = Buffer.concat([redactor.take(text), redactor.flush()])
  return { bytes, count: redactor.count }
}
