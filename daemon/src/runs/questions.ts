/** What a run wants to know of whoever stands beside it; no answer in time is a no. */
import type { NetAnswer, Question } from '@nexus/protocol/network'
import { Bell, untilRung } from '../base/bell.ts'
import type { Ledger } from './ledger.ts'
import type { LiveRuns } from './live.ts'

const PATIENCE_MS = 45_000
/** A command that asks and asks must not make a yes the shortest way. */
const QUESTIONS_MAX = 25

interface Open {
  readonly question: Question
  readonly answer: (given: NetAnswer) => void
}

export class Questions {
  readonly #now: () => number
  readonly #bell = new Bell()
  readonly #open = new Map<number, Open>()
  #count = 0
  #isOver = false

  constructor(now: () => number) {
    this.#now = now
  }

  async ask(host: string, port: number): Promise<NetAnswer> {
    if (this.#isOver || this.#count >= QUESTIONS_MAX) return 'deny'
    const id = ++this.#count
    const { promise, resolve } = Promise.withResolvers<NetAnswer>()
    const patience = setTimeout(() => this.answer(id, 'deny'), PATIENCE_MS)
    this.#open.set(id, { question: { id, host, port, until: this.#now() + PATIENCE_MS }, answer: resolve })
    this.#bell.ring()
    try {
      return await promise
    } finally {
      clearTimeout(patience)
    }
  }

  /** False: it is not open any more. */
  answer(id: number, given: NetAnswer): boolean {
    const open = this.#open.get(id)
    this.#open.delete(id)
    open?.answer(given)
    return open !== undefined
  }

  question(id: number): Question | undefined {
    return this.#open.get(id)?.question
  }

  /** Those that are open, then each as it comes. */
  async *follow(signal: AbortSignal | undefined): AsyncGenerator<Question> {
    for (let told = 0; !this.#isOver && !signal?.aborted; ) {
      const rung = this.#bell.next()
      for (const [id, { question }] of this.#open) {
        if (id <= told) continue
        told = id
        yield question
      }
      if (!this.#isOver) await untilRung(rung, signal)
    }
  }

  /** The run has ended: nobody waits for an answer. */
  end(): void {
    this.#isOver = true
    for (const id of this.#open.keys()) this.answer(id, 'deny')
    this.#bell.ring()
  }
}

interface Parts {
  readonly ledger: Ledger
  readonly live: LiveRuns
}

export async function* questionsOf({ ledger, live }: Parts, id: string, signal: AbortSignal | undefined): AsyncGenerator<Question> {
  // A run in the queue asks nothing yet.
  while (live.get(id) && !live.get(id)?.launch && !signal?.aborted) await untilRung(ledger.changed(), signal)
  const questions = live.get(id)?.questions
  if (questions) yield* questions.follow(signal)
}

/** False: it is not open any more. */
export function answerQuestion({ ledger, live }: Parts, id: string, { question, given }: { question: number; given: NetAnswer }, actor: string): boolean {
  const questions = live.get(id)?.questions
  const asked = questions?.question(question)
  if (!asked || !questions?.answer(question, given)) return false
  ledger.note(id, 'run.network-answered', actor, {}, { host: asked.host, port: asked.port, answer: given })
  return true
}
